/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moves inside one file system: rename (a guest's tree, a legacy configuration) and
 * retire (a source whose copy is complete, put aside until commit).
 *
 *	FROM (inode N)  --rename-->  TO (inode N)      flush TO's parent, FROM's parent
 *
 * A directory that TO needs and that this batch made is flushed before: a tree never
 * stands below a name that a power cut can take away.
 *
 * Its identity (base/identity.h) tells where the thing is, so a cut leaves one of two states, each
 * recognised. Only retire has a finish: it removes what was put aside. That is done
 * inside-out, so a cut leaves a smaller tree of the same inode, and goes on.
 */
#include "step/kinds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/identity.h"
#include "step/frozen.h"
#include "step/last_copy.h"
#include "step/manifest.h"
#include "step/tree.h"

struct move {
	struct found from, to;
	bool from_ours, to_ours;	/* the inode of the plan stands there */
	char why[IDENTITY_WHY];		/* not */
};
#define MOVE_INIT { .from = FOUND_INIT, .to = FOUND_INIT }
#define CLEANUP_MOVE __attribute__((cleanup(move_release)))

static void move_release(struct move *m)
{
	found_release(&m->from);
	found_release(&m->to);
}

static int move_find(struct move *m, const struct step *s, const struct work *w, struct err *err)
{
	int from, to;

	if (step_find(&m->from, s, "from", w, err) < 0 || step_find(&m->to, s, "to", w, err) < 0)
		return -1;
	from = step_is(&m->from, s, m->why, err);
	to = from < 0 ? -1 : step_is(&m->to, s, m->from.there ? NULL : m->why, err);
	m->from_ours = from > 0;
	m->to_ours = to > 0;
	return to < 0 ? -1 : 0;
}

/* Neither before nor after: say what stands there. */
static int odd(const struct step *s, const struct move *m, struct err *err)
{
	const char *from = show(step_get(s, "from")), *to = show(step_get(s, "to"));

	if (m->from_ours && m->to.there)
		return fail_code(err, ERR_FOREIGN, "'%s' exists already", to);
	if (m->to_ours && m->from.there)
		return fail_code(err, ERR_FOREIGN, "'%s' moved to '%s', but exists again",
				 from, to);
	if (m->from.there)
		return fail_code(err, ERR_FOREIGN,
				 "'%s' is not what was planned: %s", from, m->why);
	if (m->to.there)
		return fail_code(err, ERR_FOREIGN, "'%s' is not what was moved there: %s", to, m->why);
	return fail_code(err, ERR_FOREIGN, "neither '%s' nor '%s' is there", from, to);
}

/* A later step makes something at the old name: the bare directory of a mount point. */
static bool is_remade(const struct step *s, const struct work *w)
{
	for (size_t i = s->nr + 1; i < w->nr_steps; i++)
		if (w->steps[i].kind == &kind_mountpoint &&
		    strcmp(step_get(&w->steps[i], "at"), step_get(s, "from")) == 0)
			return true;
	return false;
}

static enum standing move_stands(const struct move *m)
{
	if (m->from_ours && !m->to.there)
		return STANDS_BEFORE;
	return m->to_ours && !m->from.there ? STANDS_AFTER : STANDS_FOREIGN;
}

static int move_guard(const struct step *s, struct work *w, enum standing *now, struct err *err)
{
	struct move CLEANUP_MOVE m = MOVE_INIT;

	if (move_find(&m, s, w, err) < 0)
		return -1;
	if (m.to_ours && !m.from_ours && is_remade(s, w)) {
		*now = STANDS_AFTER;
		return 0;
	}
	if ((!m.to_ours && found_barred(&m.from, s, "from", now, err)) ||
	    (!m.from_ours && found_barred(&m.to, s, "to", now, err)))
		return 0;
	*now = m.from.parent ? move_stands(&m) : m.to_ours ? STANDS_AFTER : STANDS_BEFORE;
	if (*now == STANDS_FOREIGN)
		odd(s, &m, err);
	return 0;
}

/* New name first: never lose both. */
static void flush_both(struct work *w, const struct found *now, const struct found *before)
{
	work_sync_later(w, now->spot.at.dirfd);
	if (before->parent)
		work_sync_later(w, before->spot.at.dirfd);
}

/* What a tree holds is written down before it moves; the survey may have done it. */
static int record_tree(const struct step *s, struct work *w, const struct found *from,
		       struct err *err)
{
	int CLEANUP_FD fd = -1;

	if (!S_ISDIR(from->st.st_mode))
		return 0;
	fd = found_opendir(from, step_get(s, "from"), err);
	return fd < 0 ? -1 : manifest_ensure(w, s, fd, err);
}

static int move_apply(const struct step *s, struct work *w, struct err *err)
{
	struct move CLEANUP_MOVE m = MOVE_INIT;

	if (move_find(&m, s, w, err) < 0)
		return -1;
	if (!m.to.parent)
		return found_no_parent(&m.to, s, "to", err);
	if (move_stands(&m) == STANDS_FOREIGN)
		return odd(s, &m, err);
	if (s->kind == &kind_rename && move_stands(&m) == STANDS_BEFORE &&
	    record_tree(s, w, &m.from, err) < 0)
		return -1;
	if (work_sync_pending(w, m.to.spot.at.dirfd) && work_sync_now(w, err) < 0)
		return -1;
	if (move_stands(&m) == STANDS_BEFORE && sys_rename_new(&m.from.spot.at, &m.to.spot.at) < 0)
		return fail_errno(err, "cannot rename '%s' to '%s'", show(step_get(s, "from")),
				  show(step_get(s, "to")));
	flush_both(w, &m.to, &m.from);
	return 0;
}

/* Somebody removed the directory that it came from: it is made again, with what is above it. */
static int make_place(struct move *m, const struct step *s, struct work *w, struct err *err)
{
	const char *path = step_get(s, "from");
	char *dir = strndup(path, (size_t)(strrchr(path, '/') - path));
	int rc;

	if (!dir)
		die("no memory");
	rc = make_dirs(w->root->fd, dir, 0755, err);
	if (rc < 0)
		err_add(err, "'%s'", show(dir));
	else
		work_kept(w, path, "'%s' had been removed: made again, without what else was there",
			  show(dir));
	free(dir);
	if (rc < 0)
		return -1;
	found_release(&m->from);
	return step_find(&m->from, s, "from", w, err);
}

/* Its old place cannot be reached. */
static int no_place(const struct move *m, const struct step *s, struct err *err)
{
	char why[FOUND_WHY];

	return fail_code(err, ERR_FOREIGN, "'%s' cannot go back to '%s': %s; put the directory "
			 "back in its place, then undo again", show(step_get(s, "to")),
			 show(step_get(s, "from")), found_why(&m->from, step_get(s, "from"), why));
}

static int move_undo(const struct step *s, struct work *w, struct err *err)
{
	struct move CLEANUP_MOVE m = MOVE_INIT;

	if (move_find(&m, s, w, err) < 0)
		return -1;
	if (!m.from_ours && !m.to_ours && !w->ran)
		return 0;	/* refused by apply: nothing here was ever moved */
	if (!m.from.parent && m.to_ours &&
	    (m.from.bar ? no_place(&m, s, err) : make_place(&m, s, w, err)) < 0)
		return -1;
	if (!m.from_ours && (!m.from.parent || move_stands(&m) == STANDS_FOREIGN))
		return odd(s, &m, err);
	if (!m.from_ours && sys_rename_new(&m.to.spot.at, &m.from.spot.at) < 0)
		return fail_errno(err, "cannot rename '%s' back to '%s'", show(step_get(s, "to")),
				  show(step_get(s, "from")));
	flush_both(w, &m.from, &m.to);
	return 0;
}

static int move_may_undo(const struct step *s, struct work *w, struct err *err)
{
	struct move CLEANUP_MOVE m = MOVE_INIT;

	if (move_find(&m, s, w, err) < 0)
		return -1;
	if (m.from_ours || !w->ran || (m.from.parent && move_stands(&m) == STANDS_AFTER) ||
	    (m.to_ours && is_remade(s, w)))
		return 0;
	if (m.to_ours && !m.from.parent)
		return m.from.bar ? no_place(&m, s, err) : 0;
	return odd(s, &m, err);
}

/* What was moved is at its new place: undo data may go. */
static int rename_may_finish(const struct step *s, struct work *w, struct err *err)
{
	struct move CLEANUP_MOVE m = MOVE_INIT;

	if (move_find(&m, s, w, err) < 0)
		return -1;
	return m.to_ours ? 0 : fail_code(err, ERR_FOREIGN, "%s '%s': mount what was moved there, or "
					 "undo", m.to.there ? "something else is at" :
					 "nothing is at", show(step_get(s, "to")));
}

/* Nothing is written into a source any more, from here on; what is newer is found by commit. */
static int retire_apply(const struct step *s, struct work *w, struct err *err)
{
	return move_apply(s, w, err) < 0 ? -1 : last_copy_settle(s, w, err);
}

static int retire_undo(const struct step *s, struct work *w, struct err *err)
{
	return move_undo(s, w, err) < 0 ? -1 : last_copy_forget(s, w, err);
}

static int retire_may_finish(const struct step *s, struct work *w, struct err *err)
{
	const char *to = step_get(s, "to");
	struct found CLEANUP_FOUND f = FOUND_INIT;
	char why[IDENTITY_WHY];
	int is;

	if (w->source == SOURCE_STAYS)
		return 0;
	if (step_find(&f, s, "to", w, err) < 0)
		return -1;
	is = step_is(&f, s, why, err);
	if (is < 0)
		return -1;
	if (f.there && !is)
		return fail_code(err, ERR_FOREIGN, "'%s' is not what was set aside: %s; see what it is; "
				 "--keep-source leaves it there", show(to), why);
	if (!f.there && !w->resumes)
		return fail_code(err, ERR_FOREIGN, "'%s' is not there: mount what it lies on; "
				 "--keep-source goes on without it", show(to));
	return f.there ? last_copy_look(s, w, err) : 0;
}

static int remove_tree(const struct step *s, struct work *w, const struct found *f,
		       struct err *err)
{
	struct tree_options opt = { .threads = w->threads };
	struct tree_counts counts = { 0 };
	struct frozen frozen;
	int CLEANUP_FD fd = -1;

	if (f->there && S_ISDIR(f->st.st_mode)) {
		fd = found_opendir(f, step_get(s, "to"), err);
		if (fd < 0)
			return -1;
	}
	if (frozen_begin(&frozen, s, w, fd, err) < 0 ||
	    (fd >= 0 && tree_remove(fd, &opt, &counts, err) < 0))
		return -1;
	if (f->there && (fd < 0 ? sys_unlink(&f->spot.at) : sys_rmdir(&f->spot.at)) < 0)
		return fail_errno(err, "cannot remove '%s'", show(step_get(s, "to")));
	return frozen_end(&frozen, s, w, f->spot.at.dirfd, err);
}

static int retire_finish(const struct step *s, struct work *w, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	char why[IDENTITY_WHY];
	int is;

	if (w->source == SOURCE_STAYS) {
		work_kept(w, step_get(s, "to"), "the source stays, as --keep-source asks");
		return last_copy_forget(s, w, err);
	}
	if (step_find(&f, s, "to", w, err) < 0)
		return -1;
	is = step_is(&f, s, why, err);
	if (is < 0)
		return -1;
	if (f.there && !is)
		return fail_code(err, ERR_FOREIGN, "'%s' is not what was set aside: %s; left as it is",
				 show(step_get(s, "to")), why);
	if (f.parent && remove_tree(s, w, &f, err) < 0)
		return -1;
	if (f.parent)
		work_sync_later(w, f.spot.at.dirfd);
	return last_copy_forget(s, w, err);
}

static void rename_describe(const struct step *s, char *mark, const char **word, struct buf *rest)
{
	*mark = '~';
	*word = "move";
	buf_addf(rest, "%s -> %s", show(step_get(s, "from")), show(step_get(s, "to")));
}

static void retire_describe(const struct step *s, char *mark, const char **word, struct buf *rest)
{
	*mark = '~';
	*word = "retire";
	buf_addf(rest, "%s -> %s until commit", show(step_get(s, "from")),
		 show(step_get(s, "to")));
}

static const struct arg move_args[] = {
	{ .name = "from", .type = ARG_PATH },
	{ .name = "to", .type = ARG_PATH },
	{ .name = "id", .type = ARG_ID },
	{ .name = NULL },
};

const struct kind kind_rename = {
	.name = "rename",
	.args = move_args,
	.moves = true,
	.guard = move_guard,
	.apply = move_apply,
	.undo = move_undo,
	.may_undo = move_may_undo,
	.may_finish = rename_may_finish,
	.describe = rename_describe,
};

const struct kind kind_retire = {
	.name = "retire",
	.args = move_args,
	.moves = true,
	.finish_erases = true,
	.guard = move_guard,
	.apply = retire_apply,
	.undo = retire_undo,
	.finish = retire_finish,
	.may_undo = move_may_undo,
	.may_finish = retire_may_finish,
	.describe = retire_describe,
};
