/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a repair in place (kind "marks") leaves in its journal for others.
 *
 *	marks.N		what every changed inode was (see marks_inside.h)
 *	marks.N.hold	identity of the holding folder, and whether it is complete
 *	marks.N.back	undo has begun; its mtime says when; not empty: the repair had been
 *			complete
 *	marks.N.drop	the holding folder is being emptied
 *	marks.N.print	the repair is complete: fingerprint of the mended tree (survey.bare
 *			less what later steps change, see touched.h), and how many immutable
 *			files were left; stays after commit
 */
#ifndef VS2VZ_STEP_MARKS_RECORD_H
#define VS2VZ_STEP_MARKS_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "step/step.h"

struct marks_done {
	struct hash128 print;	/* of the tree after the repair, less what steps change */
	uint64_t immutable;	/* immutable regular files that stayed on purpose */
	uint64_t owners;	/* inodes that lost a tag */
	uint64_t thawed;	/* files that lost the immutable flag */
	uint64_t shared;	/* inodes that became private */
};

/* Of step nr of the journal at w->folder. ENOENT: the repair is not complete. */
int marks_done_read(const struct work *w, unsigned nr, struct marks_done *out, struct err *err)
	MUST_CHECK;
/* Where its holding folder is, in w->pool; NULL: nowhere. s: of the kind "marks". */
int marks_hold_path(const struct step *s, const struct work *w, const char **out, struct err *err)
	MUST_CHECK;
/* Its fingerprint alone. */
int marks_print(const struct work *w, unsigned nr, struct hash128 *out, struct err *err)
	MUST_CHECK;

#endif
