/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sizes are those of what step/ and run/ write; what they write more later (a seal, a
 * found note) is in the margin of a few blocks.
 */
#include "decide/journal_room.h"

#include <string.h>

#include "base/units.h"

#define BLOCK 4096u
#define FOLDER_BLOCKS 6		/* the folder, before/, kept/, the log, its seal, the plan's end */
#define REPAIR_BLOCKS 4		/* marks.N.hold, .back, .drop, .print */
#define TOLD 4			/* as much again is in report.json and ledger.txt */
#define TOLD_BLOCKS 2
#define STEP_BYTES 320		/* its line in the plan beside texts, its part of the log */
#define OBJECT_BYTES 45		/* step/manifest.h */
#define SUM_BYTES 32		/* step/sums.h */
#define MARK_BYTES 64		/* struct mark_record */

static void add(struct marks_room *room, uint64_t bytes, uint64_t files)
{
	uint64_t blocks = bytes / BLOCK + files;

	room->bytes = add_u64(room->bytes, mul_u64(blocks, BLOCK));
	room->inodes = add_u64(room->inodes, files);
}

/* The plan and what tells of it; of each step an image of the file, and notes (step/saved.h). */
static void add_steps(struct marks_room *room, const struct plan *plan)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < plan->nr_steps; i++) {
		const struct step *s = &plan->step[i];

		bytes += STEP_BYTES + s->text_len;
		if (s->kind->has_text && strcmp(step_get(s, "old"), "absent") != 0)
			add(room, s->text_len, 2);
		else if (s->kind->found)
			room->inodes++;
	}
	add(room, mul_u64(TOLD, bytes) + TOLD_BLOCKS * BLOCK, 3);
}

/* Inodes that a repair may change, and the directories whose times it puts back. */
static uint64_t mended_inodes(const struct marks *m, const struct survey *tree)
{
	if (m->nr_tags)
		return add_u64(tree->inodes, tree->dirs);
	return add_u64(add_u64(tree->outside_inodes, tree->immutable), tree->dirs);
}

struct marks_room journal_room(const struct plan *plan, const struct survey *tree, bool copies,
			       bool recorded, const struct marks *mended)
{
	struct marks_room room = { 0, 0 };

	add(&room, 0, FOLDER_BLOCKS);
	add_steps(&room, plan);
	if (!recorded)
		add(&room, mul_u64(tree->names, OBJECT_BYTES), 1);
	if (copies) {
		add(&room, mul_u64(tree->names, OBJECT_BYTES), 1);
		add(&room, mul_u64(tree->files, SUM_BYTES), 1);
	}
	if (mended && marks_any(mended)) {
		add(&room, mul_u64(mended_inodes(mended, tree), MARK_BYTES), 1);
		add(&room, 0, REPAIR_BLOCKS);
	}
	return room;
}

struct marks_room journal_room_shared(void)
{
	struct marks_room room = { 0, 0 };

	add(&room, mul_u64(4, BLOCK), FOLDER_BLOCKS);
	return room;
}
