/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bring: a directory of the host is copied into a tree, where nothing stands at its name.
 *
 *	FROM   .NAME.vs2vz-TOKEN-part beside TO   made; its identity into bring.N, synced
 *	FROM   the part                     filled, settled, compared
 *	FROM   TO                           renamed, parent flushed
 *
 * bring.N in the journal's folder is the evidence that what stands at TO or at the part's
 * name was made here: nothing else is ever removed. Dying while the part is filled leaves
 * a part; forwards it is completed, backwards removed. Undo renames TO to the part's name
 * before it empties it. FROM is only read, and stays after commit.
 *
 * What the container made of TO since: with changed=keep (the tree itself goes back as
 * it is) TO is renamed to .NAME.vs2vz-TOKEN-kept beside it and listed. Without (the tree is a
 * copy and goes) undo is refused as for the tree; where changes are brought back, FROM
 * gets them.
 */
#include "step/kinds.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/units.h"
#include "step/beside.h"
#include "step/saved.h"
#include "step/source.h"
#include "step/tree.h"

struct bring {
	const struct step *s;
	struct found to;
	char part_name[NAME_MAX + 1], kept_name[NAME_MAX + 1];
	unsigned part_nr, kept_nr;	/* see beside.h */
	struct place part, kept;	/* beside TO */
	struct stat part_st, kept_st;
	bool part_there, kept_ours;	/* kept_name is a free one where it is not ours */
	struct identity made;		/* in bring.N; inode 0: none */
	bool to_made, part_made;
};
#define BRING_INIT { .to = FOUND_INIT }
#define CLEANUP_BRING __attribute__((cleanup(bring_release)))

static void bring_release(struct bring *b)
{
	found_release(&b->to);
}

static const char *path_to(const struct bring *b)
{
	return show(step_get(b->s, "to"));
}

static struct place record_at(const struct step *s, const struct work *w, char name[static 32])
{
	snprintf(name, 32, "bring.%u", s->nr);
	return (struct place){ w->folder, name };
}

static int is_made(const struct place *at, const struct stat *st, void *ctx, struct err *err)
{
	const struct bring *b = ctx;

	return made_is(&b->made, at, st, err);
}

/* The name under which changed contents were put aside before, or a free one. */
static int find_kept(struct bring *b, const struct work *w, struct err *err)
{
	struct beside_search search = {
		.token = w->token, .word = BESIDE_KEPT, .ours = is_made, .ctx = b,
	};
	struct beside kept;

	if (names_least(&search.least, w, b->s->nr, err) < 0 ||
	    beside_find(&kept, &b->to.spot.at, &search, err) < 0)
		return -1;
	memcpy(b->kept_name, kept.name, sizeof(b->kept_name));
	b->kept = (struct place){ b->to.spot.at.dirfd, b->kept_name };
	b->kept_nr = kept.nr;
	b->kept_ours = kept.there;
	return 0;
}

static int bring_find(struct bring *b, const struct step *s, const struct work *w,
		      struct err *err)
{
	struct beside part;
	unsigned least;
	int to, is;

	b->s = s;
	if (step_find(&b->to, s, "to", w, err) < 0 || made_read(&b->made, s, w, err) < 0)
		return -1;
	if (!b->to.parent)
		return 0;
	if (names_least(&least, w, s->nr, err) < 0 ||
	    beside_find_part(&part, &b->to.spot.at, w->token, least, b->made.inode, err) < 0)
		return -1;
	memcpy(b->part_name, part.name, sizeof(b->part_name));
	b->part = (struct place){ b->to.spot.at.dirfd, b->part_name };
	b->part_nr = part.nr;
	b->part_there = part.there;
	b->part_st = part.st;
	to = b->to.there ? made_is(&b->made, &b->to.spot.at, &b->to.st, err) : 0;
	is = to >= 0 && part.there ? made_is(&b->made, &b->part, &b->part_st, err) : 0;
	b->to_made = to > 0;
	b->part_made = is > 0;
	return to < 0 || is < 0 ? -1 : find_kept(b, w, err);
}

static bool is_ours(const struct bring *b)
{
	return b->to_made;
}

static int bring_guard(const struct step *s, struct work *w, enum standing *now, struct err *err)
{
	struct bring CLEANUP_BRING b = BRING_INIT;

	if (bring_find(&b, s, w, err) < 0)
		return -1;
	if (found_barred(&b.to, s, "to", now, err))
		return 0;
	*now = !b.to.there ? STANDS_BEFORE : is_ours(&b) ? STANDS_AFTER : STANDS_FOREIGN;
	if (*now == STANDS_FOREIGN)
		fail_code(err, ERR_FOREIGN, "'%s' was not made by this step", path_to(&b));
	return 0;
}

/* The source, the directory that was planned. */
static int open_from(const struct step *s, const struct work *w, struct err *err)
{
	struct found CLEANUP_FOUND from = FOUND_INIT;
	const char *path = step_get(s, "from");
	char why[IDENTITY_WHY] = "it is not there";
	int is;

	if (step_find(&from, s, "from", w, err) < 0)
		return -1;
	is = step_is(&from, s, why, err);
	if (is <= 0)
		return is < 0 ? -1 : fail_code(err, ERR_FOREIGN, "'%s' is not what was planned: %s",
					       show(path), why);
	return found_opendir(&from, path, err);
}

static int open_part(const struct bring *b, struct err *err)
{
	int fd = -1;

	if (!S_ISDIR(b->part_st.st_mode))
		return fail_code(err, ERR_FOREIGN, "'%s' is no directory", show(b->part_name));
	fd = below_open(b->part.dirfd, b->part.name, &b->part_st);
	return fd < 0 ? fail_errno(err, "cannot open '%s'", show(b->part_name)) : fd;
}

/* The part, made or found again, with its record on the disk; its descriptor. */
static int take_part(struct bring *b, const struct work *w, struct err *err)
{
	int fd = -1, empty;

	if (!b->part_there && names_note(w, b->s->nr, b->part_nr, err) < 0)
		return -1;
	if (!b->part_there && sys_mkdir(&b->part, 0700) < 0)
		return fail_errno(err, "cannot make '%s'", show(b->part_name));
	if (below_stat(b->part.dirfd, b->part.name, &b->part_st) < 0)
		return fail_errno(err, "cannot look at '%s'", show(b->part_name));
	fd = open_part(b, err);
	if (fd < 0 || b->part_made)
		return fd;
	empty = dir_is_empty(fd, err);
	if (empty == 0)
		fail_code(err, ERR_FOREIGN, "'%s' exists and is not ours", show(b->part_name));
	else if (empty > 0 && made_write(b->s, w, fd, err) == 0)
		return fd;
	close_fd(&fd);
	return -1;
}

static void first_difference(void *ctx, const char *path, const char *what)
{
	struct buf *first = ctx;

	buf_addf(first, "'%s' (%s)", show(path), what);
}

/* 1: they differ, *first says in what; 0: they do not. */
static int differ(int from, int to, bool full, bool back, const struct work *w, struct buf *first,
		  struct err *err)
{
	struct tree_options opt = { .threads = w->threads, .coarse = w->coarse, .back = back };
	int64_t nr = tree_diff(from, to, full, 1, first_difference, first, &opt, err);

	return nr < 0 ? -1 : nr > 0;
}

/* back: FROM is the copy, which may hold less of times and flags. */
static int fill(int from, int to, bool back, const struct work *w, struct err *err)
{
	struct tree_options opt = { .threads = w->threads, .coarse = w->coarse, .back = back,
				    .token = w->token };
	struct buf CLEANUP_BUF first = BUF_INIT;
	struct tree_counts counts = { 0 };
	int differs;

	if (tree_copy(from, to, -1, &opt, &counts, err) < 0 || tree_settle(to, err) < 0)
		return -1;
	differs = differ(from, to, w->verify == VERIFY_FULL, back, w, &first, err);
	return differs > 0 ? fail_code(err, ERR_FOREIGN, "the copy differs in %s", first.data)
			   : differs;
}

static int bring_apply(const struct step *s, struct work *w, struct err *err)
{
	struct bring CLEANUP_BRING b = BRING_INIT;
	int CLEANUP_FD from = -1;
	int CLEANUP_FD part = -1;

	if (bring_find(&b, s, w, err) < 0)
		return -1;
	if (!b.to.parent)
		return found_no_parent(&b.to, s, "to", err);
	if (b.to.there && !is_ours(&b))
		return fail_code(err, ERR_FOREIGN, "'%s' exists already", path_to(&b));
	if (!b.to.there) {
		from = open_from(s, w, err);
		part = from < 0 ? -1 : take_part(&b, w, err);
		if (part < 0 || fill(from, part, false, w, err) < 0)
			return -1;
		if (sys_rename_new(&b.part, &b.to.spot.at) < 0)
			return fail_errno(err, "cannot rename '%s'", show(b.part_name));
	}
	work_sync_later(w, b.to.spot.at.dirfd);
	return 0;
}

/* Did somebody change TO since? A source that is gone cannot tell: then it counts as changed. */
static int changed(const struct bring *b, const struct work *w, struct buf *first,
		   struct err *err)
{
	int CLEANUP_FD from = open_from(b->s, w, err);
	int CLEANUP_FD to = -1;

	if (from < 0) {
		buf_adds(first, err->text);
		err_clear(err);
		return 1;
	}
	to = found_opendir(&b->to, step_get(b->s, "to"), err);
	return to < 0 ? -1 : differ(from, to, false, false, w, first, err);
}

struct giving_up {
	const struct bring *b;
	struct work *w;
};

static void note_given_up(void *ctx, const char *path, const char *what)
{
	const struct giving_up *g = ctx;
	struct buf CLEANUP_BUF whole = BUF_INIT;

	buf_addf(&whole, "%s/%s", step_get(g->b->s, "to"), path);
	work_late(g->w, whole.data, "given up with the copy: %s", what);
}

static int name_given_up(const struct bring *b, struct work *w, int from, struct err *err)
{
	const struct tree_options opt = { .threads = w->threads, .coarse = w->coarse };
	struct giving_up g = { b, w };
	int CLEANUP_FD to = -1;

	if (!w->complete)
		return 0;
	to = found_opendir(&b->to, step_get(b->s, "to"), err);
	return to < 0 || tree_diff(from, to, false, SIZE_MAX, note_given_up, &g, &opt, err) < 0 ?
	       -1 : 0;
}

static int bring_may_undo(const struct step *s, struct work *w, struct err *err)
{
	struct bring CLEANUP_BRING b = BRING_INIT;
	struct buf CLEANUP_BUF first = BUF_INIT;
	int rc;

	if (bring_find(&b, s, w, err) < 0)
		return -1;
	/* What is given up has its other copy at FROM, or nowhere. */
	if (is_ours(&b) && w->changed == CHANGED_DISCARD) {
		int CLEANUP_FD from = open_from(s, w, err);

		if (from < 0)
			err_add(err, "'%s' is the only copy, and is not deleted", path_to(&b));
		return from < 0 ? -1 : name_given_up(&b, w, from, err);
	}
	if (!is_ours(&b) || step_get(s, "changed") || w->changed != CHANGED_REFUSE)
		return 0;
	rc = changed(&b, w, &first, err);
	return rc > 0 ? fail_code(err, ERR_FOREIGN, "'%s' changed since it was copied: %s",
				  path_to(&b), first.data) : rc;
}

/* FROM gets what was made of TO. */
static int bring_back(const struct bring *b, const struct work *w, struct err *err)
{
	int CLEANUP_FD from = open_from(b->s, w, err);
	int CLEANUP_FD to = -1;

	if (from < 0)
		return -1;
	to = found_opendir(&b->to, step_get(b->s, "to"), err);
	return to < 0 ? -1 : fill(to, from, true, w, err);
}

/* TO takes the name of what is kept, or of the part that goes. */
static int step_back(struct bring *b, const struct work *w, struct err *err)
{
	struct buf CLEANUP_BUF first = BUF_INIT;
	int differs = w->changed == CHANGED_DISCARD ? 0 : changed(b, w, &first, err);
	bool keep = differs > 0 && w->changed == CHANGED_REFUSE;

	if (differs < 0)
		return -1;
	if (differs && w->changed == CHANGED_BRING_BACK && bring_back(b, w, err) < 0)
		return -1;
	if (!keep && b->part_there && sys_rmdir(&b->part) < 0)	/* empty: what a cut left */
		return fail_errno(err, "cannot remove '%s'", show(b->part_name));
	if (names_note(w, b->s->nr, keep ? b->kept_nr : b->part_nr, err) < 0)
		return -1;
	if (sys_rename_new(&b->to.spot.at, keep ? &b->kept : &b->part) < 0)
		return fail_errno(err, "cannot rename '%s'", path_to(b));
	b->kept_ours = keep;
	b->part_there = !keep;
	b->part_st = b->to.st;
	b->part_made = true;
	return sync_dir(b->part.dirfd, err);
}

static int drop_part(const struct bring *b, struct work *w, struct err *err)
{
	struct tree_options opt = { .threads = w->threads, .coarse = w->coarse };
	struct tree_counts counts = { 0 };
	int CLEANUP_FD fd = -1;

	if (!b->part_made) {
		if (sys_rmdir(&b->part) == 0)
			return 0;
		if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
			return fail_errno(err, "cannot remove '%s'", show(b->part_name));
		work_kept(w, step_get(b->s, "to"), "'%s' beside it was not made by this step: "
			  "left as it is", show(b->part_name));
		return 0;
	}
	fd = open_part(b, err);
	if (fd < 0 || tree_remove(fd, &opt, &counts, err) < 0)
		return -1;
	if (sys_rmdir(&b->part) < 0)
		return fail_errno(err, "cannot remove '%s'", show(b->part_name));
	return 0;
}

/* The record goes last: without it nothing is ours. What is kept needs it to be listed. */
static int drop_record(const struct bring *b, const struct work *w, struct err *err)
{
	char name[32];
	struct place at = record_at(b->s, w, name);

	if (sync_dir(b->part.dirfd, err) < 0)
		return -1;
	if (!b->kept_ours && sys_unlink(&at) < 0 && errno != ENOENT)
		return fail_errno(err, "cannot remove the record '%s'", name);
	return 0;
}

static int bring_undo(const struct step *s, struct work *w, struct err *err)
{
	struct bring CLEANUP_BRING b = BRING_INIT;

	if (bring_find(&b, s, w, err) < 0)
		return -1;
	if (!b.to.parent) {
		found_away(&b.to, s, "to", w, "what was brought there was not taken away");
		return 0;
	}
	if (b.to.there && !is_ours(&b) && w->ran)
		work_kept(w, step_get(s, "to"), "was not made by this step: left as it is");
	if (is_ours(&b) && step_back(&b, w, err) < 0)
		return -1;
	if (b.part_there && drop_part(&b, w, err) < 0)
		return -1;
	if (b.kept_ours)
		work_kept(w, step_get(s, "to"), "was changed in the container: its present state "
			  "is in '%s' beside it", show(b.kept_name));
	return drop_record(&b, w, err);
}

static void bring_describe(const struct step *s, char *mark, const char **word, struct buf *rest)
{
	*mark = '+';
	*word = "bring";
	buf_addf(rest, "%s -> %s", show(step_get(s, "from")), show(step_get(s, "to")));
}

static const struct arg bring_args[] = {
	{ .name = "from", .type = ARG_PATH },
	{ .name = "to", .type = ARG_PATH },
	{ .name = "id", .type = ARG_ID },
	{ .name = "changed", .type = ARG_TEXT, .optional = true },
	{ .name = NULL },
};

const struct kind kind_bring = {
	.name = "bring",
	.args = bring_args,
	.alone = true,
	.guard = bring_guard,
	.apply = bring_apply,
	.undo = bring_undo,
	.may_undo = bring_may_undo,
	.describe = bring_describe,
};
