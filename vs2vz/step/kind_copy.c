/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * copy: a guest's tree is copied to another file system; the source is not touched.
 *
 *	FROM   .TO.vs2vz-TOKEN-part   made; its identity into copy.N, synced
 *	FROM   .TO.vs2vz-TOKEN-part   filled, settled, verified
 *	FROM   TO              renamed, parent flushed
 *
 * copy.N in the journal's folder is the evidence that what stands at TO or at the
 * part's name was made here: nothing else is ever removed. Dying while the part is
 * filled leaves a part; both directions know it: forwards it is completed (equal
 * objects are skipped), backwards removed. Undo renames TO to the part's name first,
 * so that a half removed tree never stands at TO.
 *
 * What VServer left on the inodes (marks.h) is taken off on the way: the copy has true
 * owners, and files that can be changed.
 *
 * Where the container changed the copy, undo asks may_undo() first: refuse, discard,
 * or bring the changes back into the source, which converges as well.
 */
#include "step/kinds.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/fsinfo.h"
#include "step/beside.h"
#include "step/changes.h"
#include "step/last_copy.h"
#include "step/locks.h"
#include "step/manifest.h"
#include "step/saved.h"
#include "step/source.h"
#include "step/trace.h"

struct copy {
	struct found to;
	struct place part;	/* beside TO */
	char part_name[NAME_MAX + 1];
	unsigned part_nr;	/* see beside.h */
	bool part_there;
	struct stat part_st;
	struct identity made;	/* in copy.N; inode 0: none */
	bool to_made, part_made; /* that is it */
};
#define COPY_INIT { .to = FOUND_INIT }
#define CLEANUP_COPY __attribute__((cleanup(copy_release)))

static void copy_release(struct copy *c)
{
	found_release(&c->to);
}

static int copy_find(struct copy *c, const struct step *s, const struct work *w, struct err *err)
{
	struct beside part;
	unsigned least;
	int to, is;

	if (step_find(&c->to, s, "to", w, err) < 0 ||
	    made_read(&c->made, s, w, err) < 0)
		return -1;
	if (!c->to.parent)
		return 0;
	if (names_least(&least, w, s->nr, err) < 0 ||
	    beside_find_part(&part, &c->to.spot.at, w->token, least, c->made.inode, err) < 0)
		return -1;
	memcpy(c->part_name, part.name, sizeof(c->part_name));
	c->part = (struct place){ c->to.spot.at.dirfd, c->part_name };
	c->part_nr = part.nr;
	c->part_there = part.there;
	c->part_st = part.st;
	to = c->to.there ? made_is(&c->made, &c->to.spot.at, &c->to.st, err) : 0;
	is = to >= 0 && part.there ? made_is(&c->made, &c->part, &c->part_st, err) : 0;
	c->to_made = to > 0;
	c->part_made = is > 0;
	return to < 0 || is < 0 ? -1 : 0;
}

static bool to_ours(const struct copy *c)
{
	return c->to_made;
}

static int copy_guard(const struct step *s, struct work *w, enum standing *now, struct err *err)
{
	struct copy CLEANUP_COPY c = COPY_INIT;
	struct marks marks;

	if (marks_parse(&marks, s, err) < 0 || copy_find(&c, s, w, err) < 0)
		return -1;
	*now = !c.to.there ? STANDS_BEFORE : to_ours(&c) ? STANDS_AFTER : STANDS_FOREIGN;
	if (*now == STANDS_FOREIGN)
		fail_code(err, ERR_FOREIGN, "'%s' was not made by this step",
			  show(step_get(s, "to")));
	return 0;
}

static bool part_ours(const struct copy *c)
{
	return c->part_there && c->part_made;
}

int copy_open(const struct step *s, const struct work *w, struct err *err)
{
	struct copy CLEANUP_COPY c = COPY_INIT;
	const char *to = step_get(s, "to");

	if (copy_find(&c, s, w, err) < 0)
		return -1;
	if (!c.to.there)
		return fail_code(err, ERR_FOREIGN, "'%s' is not there", show(to));
	if (!to_ours(&c))
		return fail_code(err, ERR_FOREIGN, "'%s' was not made by this step", show(to));
	return found_opendir(&c.to, to, err);
}

/* Is the file system that the copy lies on marked with errors, and the source to go? */
static int is_marked(const struct step *s, const struct work *w, int fd, struct err *err)
{
	struct pool pool = POOL_INIT;
	struct fsinfo fs;
	int rc = 0;

	if (w->source == SOURCE_STAYS || !last_copy_retire(s, w))
		return 0;
	rc = fsinfo_of_fd(&fs, fd, &pool, err);
	if (rc == 0 && fs.facts.errors)
		rc = fail_code(err, ERR_FOREIGN, "the copy '%s' lies on %s, which has errors: %s; its "
			       "source is kept: check that file system and commit again, or undo; "
			       "--keep-source commits and leaves the source", show(step_get(s, "to")),
			       show(fs.source), fs.facts.errors);
	pool_release(&pool);
	return rc;
}

static int copy_may_finish(const struct step *s, struct work *w, struct err *err)
{
	int CLEANUP_FD fd = last_copy_open(s, w, err);

	if (fd < 0)
		err_add(err, "the copy cannot be seen, and what it was copied from is kept (mount what "
			"the copy lies on, or undo)");
	return fd < 0 ? -1 : is_marked(s, w, fd, err);
}

static int open_part(const struct copy *c, struct err *err)
{
	int fd;

	if (!S_ISDIR(c->part_st.st_mode))
		return fail_code(err, ERR_FOREIGN, "'%s' is no directory", show(c->part_name));
	fd = below_open(c->part.dirfd, c->part.name, &c->part_st);
	return fd < 0 ? fail_errno(err, "cannot open '%s'", show(c->part_name)) : fd;
}

/* The part, made or found again, with its record on the disk; its descriptor. */
static int take_part(struct copy *c, const struct step *s, struct work *w, struct err *err)
{
	int CLEANUP_FD fd = -1;
	int out;

	if (!c->part_there && names_note(w, s->nr, c->part_nr, err) < 0)
		return -1;
	if (!c->part_there && sys_mkdir(&c->part, 0700) < 0)
		return fail_errno(err, "cannot make '%s'", show(c->part_name));
	if (below_stat(c->part.dirfd, c->part.name, &c->part_st) < 0)
		return fail_errno(err, "cannot look at '%s'", show(c->part_name));
	fd = open_part(c, err);
	if (fd < 0)
		return -1;
	if (!c->part_made) {
		int empty = dir_is_empty(fd, err);

		if (empty < 0)
			return -1;
		if (!empty)
			return fail_code(err, ERR_FOREIGN, "'%s' exists and is not ours",
					 show(c->part_name));
		if (made_write(s, w, fd, err) < 0)
			return -1;
	}
	out = fd;
	fd = -1;
	return out;
}

/*
 * Records of an earlier try may be torn: each try makes its own. made: the step that makes
 * the target, whose objects are written down; NULL: changes go back.
 */
static int fill(int from, int to, const struct tree_options *opt, const struct step *made,
		const struct work *w, struct err *err)
{
	struct tree_counts counts = { 0 };
	int CLEANUP_FD sums = sums_open(w, err);
	int use;

	if (sums < 0 || tree_copy(from, to, sums, opt, &counts, err) < 0 ||
	    tree_settle(to, err) < 0)
		return -1;
	use = w->verify == VERIFY_QUICK ? -1 : sums;
	return made ? source_verify(from, to, use, opt, made, w, err) :
		      tree_verify(from, to, use, opt, &counts, err);
}

static int copy_apply(const struct step *s, struct work *w, struct err *err)
{
	struct copy CLEANUP_COPY c = COPY_INIT;
	struct source CLEANUP_SOURCE from = SOURCE_INIT;
	int CLEANUP_FD part = -1;

	if (copy_find(&c, s, w, err) < 0)
		return -1;
	if (!c.to.parent)
		return found_no_parent(&c.to, s, "to", err);
	if (c.to.there && !to_ours(&c))
		return fail_code(err, ERR_FOREIGN, "'%s' exists already", show(step_get(s, "to")));
	if (!c.to.there) {
		if (source_open(&from, s, w, err) < 0 || manifest_ensure(w, s, from.fd, err) < 0)
			return -1;
		part = take_part(&c, s, w, err);
		if (part < 0 || fill(from.fd, part, &from.opt, s, w, err) < 0 ||
		    locks_lift_fd(part, step_get(s, "to"), w, err) < 0)
			return -1;
		if (sys_rename_new(&c.part, &c.to.spot.at) < 0)
			return fail_errno(err, "cannot rename '%s'", show(c.part_name));
	}
	work_sync_later(w, c.to.spot.at.dirfd);
	return 0;
}

static int count_changes(struct changes *c, const struct copy *found, struct err *err)
{
	struct source CLEANUP_SOURCE from = SOURCE_INIT;
	int CLEANUP_FD to = -1;

	if (source_find(&from, c->s, c->w, err) < 0)
		return -1;
	to = found_opendir(&found->to, step_get(c->s, "to"), err);
	if (to < 0)
		return -1;
	return changes_count(c, from.fd, to, &from.opt, err);
}

static int not_there(const struct copy *c, const struct step *s, struct err *err)
{
	return fail_code(err, ERR_FOREIGN, "%s '%s': what the container wrote would be left behind; "
			 "mount what the copy lies on, or say --discard-changes", c->to.there ?
			 "something else is at" : "the copy is not at", show(step_get(s, "to")));
}

static int copy_may_undo(const struct step *s, struct work *w, struct err *err)
{
	struct copy CLEANUP_COPY c = COPY_INIT;
	struct changes changes = { s, w, 0, BUF_INIT };
	int rc;

	if (copy_find(&c, s, w, err) < 0)
		return -1;
	if (!to_ours(&c) && w->complete && w->changed != CHANGED_DISCARD)
		return not_there(&c, s, err);
	/* It goes: not before the tree that it was made from has been seen. */
	if ((to_ours(&c) || part_ours(&c)) && last_copy_source(s, w, to_ours(&c), err) < 0)
		return -1;
	if (to_ours(&c) && w->complete && w->changed == CHANGED_BRING_BACK)
		return last_copy_overwritten(s, w, err);
	/* What is given up is named; without a container there is nothing to name. */
	if (!to_ours(&c) || w->changed == CHANGED_BRING_BACK ||
	    (w->changed == CHANGED_DISCARD && !w->complete))
		return 0;
	rc = count_changes(&changes, &c, err);
	if (rc == 0 && changes.nr && w->changed == CHANGED_REFUSE)
		rc = fail_code(err, ERR_FOREIGN, "'%s' changed since it was copied (" CHANGES_CURE
			       "), %zu difference%s: %s", show(step_get(s, "to")), changes.nr,
			       changes.nr == 1 ? "" : "s", changes.first.data);
	buf_release(&changes.first);
	return rc;
}

/*
 * Make the source equal to the copy, so that the copy can go. What is the same but for
 * VServer's marks stays as it is; what changed becomes a new inode, as the old one may
 * be that of other guests as well.
 */
static int bring_back(const struct copy *c, const struct step *s, struct work *w, struct err *err)
{
	struct source CLEANUP_SOURCE from = SOURCE_INIT;
	int CLEANUP_FD to = -1;

	if (source_find(&from, s, w, err) < 0)
		return -1;
	from.opt.back = true;
	to = found_opendir(&c->to, step_get(s, "to"), err);
	if (to < 0 || trace_leave_behind(w, to, from.fd, err) < 0)
		return -1;
	return fill(to, from.fd, &from.opt, NULL, w, err);
}

static int remove_part(struct copy *c, const struct work *w, struct err *err)
{
	struct tree_options opt = { .threads = w->threads };
	struct tree_counts counts = { 0 };
	int CLEANUP_FD fd = open_part(c, err);

	if (fd < 0 || tree_remove(fd, &opt, &counts, err) < 0)
		return -1;
	if (sys_rmdir(&c->part) < 0)
		return fail_errno(err, "cannot remove '%s'", show(c->part_name));
	return 0;
}

/* TO becomes the part again; on the disk before anything in it goes. */
static int step_back(struct copy *c, const struct step *s, struct work *w, struct err *err)
{
	if (w->changed == CHANGED_BRING_BACK && bring_back(c, s, w, err) < 0)
		return -1;
	/* An empty directory there is what a cut left; nothing replaces it by renaming. */
	if (c->part_there && sys_rmdir(&c->part) < 0)
		return fail_errno(err, "cannot remove '%s'", show(c->part_name));
	if (names_note(w, s->nr, c->part_nr, err) < 0)
		return -1;
	if (sys_rename_new(&c->to.spot.at, &c->part) < 0)
		return fail_errno(err, "cannot rename '%s'", show(step_get(s, "to")));
	c->part_st = c->to.st;
	c->part_made = true;
	c->part_there = true;
	return sync_dir(c->part.dirfd, err);
}

/* The records go last: without them nothing is ours. */
static int drop_records(const struct copy *c, const struct step *s, const struct work *w,
			struct err *err)
{
	return sync_dir(c->part.dirfd, err) < 0 ? -1 : made_drop(s, w, err);
}

static int copy_undo(const struct step *s, struct work *w, struct err *err)
{
	struct copy CLEANUP_COPY c = COPY_INIT;

	if (copy_find(&c, s, w, err) < 0)
		return -1;
	if (c.made.inode && w->ran && w->changed == CHANGED_DISCARD && !to_ours(&c) && !part_ours(&c))
		work_kept(w, step_get(s, "to"), "the copy is not there: where it is, if anywhere, it is "
			  "left");
	if (!c.to.parent) {
		found_away(&c.to, s, "to", w, "the copy was not removed");
		return 0;
	}
	if (c.to.there && !to_ours(&c) && w->ran)
		work_kept(w, step_get(s, "to"), "was not made by this step: left as it is");
	if (to_ours(&c) && step_back(&c, s, w, err) < 0)
		return -1;
	if (part_ours(&c)) {
		if (remove_part(&c, w, err) < 0)
			return -1;
	} else if (c.part_there && sys_rmdir(&c.part) < 0) {
		if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
			return fail_errno(err, "cannot remove '%s'", show(c.part_name));
		work_kept(w, step_get(s, "to"), "'%s' beside it was not made by this step: "
			  "left as it is", show(c.part_name));
	}
	return drop_records(&c, s, w, err);
}

static void copy_describe(const struct step *s, char *mark, const char **word, struct buf *rest)
{
	*mark = '+';
	*word = "copy";
	buf_addf(rest, "%s -> %s", show(step_get(s, "from")), show(step_get(s, "to")));
	marks_remark(s, rest);
}

static const struct arg copy_args[] = {
	{ .name = "from", .type = ARG_PATH },
	{ .name = "to", .type = ARG_PATH },
	{ .name = "id", .type = ARG_ID },
	{ .name = "volume", .type = ARG_TEXT, .optional = true },
	MARKS_ARGS,
	{ .name = NULL },
};

const struct kind kind_copy = {
	.name = "copy",
	.args = copy_args,
	.alone = true,
	.moves = true,
	.guard = copy_guard,
	.apply = copy_apply,
	.undo = copy_undo,
	.may_undo = copy_may_undo,
	.may_finish = copy_may_finish,
	.describe = copy_describe,
};
