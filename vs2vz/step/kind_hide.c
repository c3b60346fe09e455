/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hide: something of a guest is put out of the way until commit: a regular file, link,
 * node, FIFO, socket or empty directory.
 *
 *	before/N		flags, synced		only where the thing is locked
 *	AT  --rename-->  .NAME.vs2vz-TOKEN-old	parent flushed by run/
 *
 * The plan knows the thing by its identity (base/identity.h); where that is not known yet
 * (a copy), by its mtime. So a cut leaves one of two states, each recognised, perhaps with
 * the locks lifted, which undo sets again. A later step may put something else at AT;
 * what follows in the same directory reaches the disk after the rename or not at all.
 *
 * Undo renames the thing back. What then stands at AT (the container put it there, or a
 * step before could not take it back) is renamed to ".NAME.vs2vz-TOKEN-kept" and listed.
 */
#include "step/kinds.h"

#include <errno.h>
#include <string.h>

#include "base/compat.h"
#include "base/meta.h"
#include "step/beside.h"
#include "step/saved.h"

struct hiding {
	struct found f;
	struct beside hold;
	bool at_ours, hold_ours;
};
#define HIDING_INIT { .f = FOUND_INIT }
#define CLEANUP_HIDING __attribute__((cleanup(hiding_release)))

static void hiding_release(struct hiding *h)
{
	found_release(&h->f);
}

/* Is this the thing of the plan? 1, 0, -1. */
static int is_ours(const struct step *s, const struct place *at, const struct stat *st,
		   const struct work *w, struct err *err)
{
	struct timespec t;

	if (step_get(s, "id"))
		return place_is(at, st, s, NULL, err);
	if (!step_get(s, "mtime"))
		return 0;
	t = step_time(s, "mtime");
	return times_agree(&t, &st->st_mtim, st->st_mode, w->coarse);
}

int hidden_is_back(const struct step *s, const struct found *f, const struct work *w,
		   struct err *err)
{
	int is = 0;

	for (size_t i = 0; f->there && is == 0 && i < w->nr_steps && i < s->nr; i++)
		if (w->steps[i].kind == &kind_hide &&
		    strcmp(step_get(&w->steps[i], "at"), step_get(s, "at")) == 0)
			is = is_ours(&w->steps[i], &f->spot.at, &f->st, w, err);
	return is;
}

struct question {
	const struct step *s;
	const struct work *w;
};

static int is_hold(const struct place *at, const struct stat *st, void *ctx, struct err *err)
{
	const struct question *q = ctx;

	return is_ours(q->s, at, st, q->w, err);
}

static int hide_find(struct hiding *h, const struct step *s, const struct work *w,
		     struct err *err)
{
	struct question q = { s, w };
	struct beside_search search = {
		.token = w->token, .word = BESIDE_OLD, .ours = is_hold, .ctx = &q,
	};
	int is;

	if (step_find(&h->f, s, "at", w, err) < 0 ||
	    names_least(&search.least, w, s->nr, err) < 0)
		return -1;
	if (h->f.parent && beside_find(&h->hold, &h->f.spot.at, &search, err) < 0)
		return -1;
	h->hold_ours = h->hold.there;
	/* What took its place may have the same time; the thing itself is in one place. */
	is = h->f.there && (step_get(s, "id") || !h->hold_ours) ?
	     is_ours(s, &h->f.spot.at, &h->f.st, w, err) : 0;
	h->at_ours = is > 0;
	return is < 0 ? -1 : 0;
}

static int odd(const struct hiding *h, const struct step *s, struct err *err)
{
	const char *path = show(step_get(s, "at"));

	if (h->at_ours)
		return fail_code(err, ERR_FOREIGN, "'%s' beside '%s' is not ours",
				 show(h->hold.name), path);
	if (h->f.there)
		return fail_code(err, ERR_FOREIGN, "'%s' has changed since the plan was made",
				 path);
	return fail_code(err, ERR_FOREIGN, "'%s' has gone since the plan was made", path);
}

static int hide_guard(const struct step *s, struct work *w, enum standing *now, struct err *err)
{
	struct hiding CLEANUP_HIDING h = HIDING_INIT;

	if (hide_find(&h, s, w, err) < 0)
		return -1;
	if (found_barred(&h.f, s, "at", now, err))
		return 0;
	if (!h.f.parent || (h.at_ours && !h.hold.there))
		*now = STANDS_BEFORE;
	else
		*now = h.hold_ours && !h.at_ours ? STANDS_AFTER : STANDS_FOREIGN;
	if (*now == STANDS_FOREIGN)
		odd(&h, s, err);
	return 0;
}

/* An empty directory of the same file system; others hold something of their own. */
static int check_empty(const struct hiding *h, const struct step *s, struct err *err)
{
	const char *path = step_get(s, "at");
	int CLEANUP_FD fd = found_opendir(&h->f, path, err);
	struct root dir = { fd, path };
	struct pool pool = POOL_INIT;
	struct names names = { 0 };
	struct stat parent;
	int rc;

	if (fd < 0)
		return -1;
	if (fstat(h->f.spot.at.dirfd, &parent) < 0)
		return fail_errno(err, "cannot look at the directory of '%s'", show(path));
	if (parent.st_dev != h->f.st.st_dev)
		return fail_code(err, ERR_FOREIGN, "'%s' is a mount point", show(path));
	rc = root_names(&dir, "/", &pool, &names, err);
	if (rc == 0 && names.nr)
		rc = fail_code(err, ERR_FOREIGN, "'%s' is not empty", show(path));
	pool_release(&pool);
	return rc;
}

/* The flags of a locked thing are on the disk before they are lifted. */
static int unlock(const struct hiding *h, const struct step *s, struct work *w, struct err *err)
{
	struct file_image CLEANUP_IMAGE image = IMAGE_INIT;

	if (file_flags(&image.meta.flags, &h->f.spot.at, &h->f.st, err) < 0)
		return -1;
	if (!(image.meta.flags & META_LOCKS))
		return 0;
	image.inode = h->f.st.st_ino;
	if (saved_write(w, s->nr, &image, err) < 0 || work_sync_now(w, err) < 0)
		return -1;
	return file_lift(&h->f.spot.at, &h->f.st, err);
}

static int hide_apply(const struct step *s, struct work *w, struct err *err)
{
	struct hiding CLEANUP_HIDING h = HIDING_INIT;

	if (hide_find(&h, s, w, err) < 0)
		return -1;
	if (!h.f.parent)
		return found_no_parent(&h.f, s, "at", err);
	work_sync_later(w, h.f.spot.at.dirfd);
	if (h.hold_ours && !h.at_ours)
		return 0;
	if (!h.at_ours || h.hold.there)
		return odd(&h, s, err);
	if (S_ISDIR(h.f.st.st_mode) && check_empty(&h, s, err) < 0)
		return -1;
	if (unlock(&h, s, w, err) < 0 || names_note(w, s->nr, h.hold.nr, err) < 0)
		return -1;
	work_sync_later(w, h.f.spot.at.dirfd);
	if (sys_rename_new(&h.f.spot.at, &h.hold.at) < 0)
		return fail_errno(err, "cannot put '%s' aside", show(step_get(s, "at")));
	return 0;
}

/* The locks that were lifted, of the thing that is back at AT. */
static int lock_again(const struct hiding *h, const struct step *s, struct work *w,
		      struct err *err)
{
	struct file_image CLEANUP_IMAGE image = IMAGE_INIT;
	const struct stat *st = h->at_ours ? &h->f.st : &h->hold.st;
	enum saved saved;

	if (saved_read(&image, &saved, w, s->nr, err) < 0)
		return -1;
	if (saved != SAVED_WHOLE || image.inode != st->st_ino)
		return 0;
	return file_set_flags(&h->f.spot.at, st, image.meta.flags, err);
}

static int bring_back(const struct hiding *h, const struct step *s, struct work *w,
		      struct err *err)
{
	const struct place *at = &h->f.spot.at;
	char kept[NAME_MAX + 1];

	if (h->f.there) {
		if (beside_keep(kept, at, &h->f.st, w->token, err) < 0)
			return -1;
		work_kept(w, step_get(s, "at"), "something new stood there: it is '%s' now",
			  show(kept));
	}
	if (file_lift(&h->hold.at, &h->hold.st, err) < 0)
		return -1;
	if (sys_rename_new(&h->hold.at, at) < 0)
		return fail_errno(err, "cannot put '%s' back", show(step_get(s, "at")));
	return lock_again(h, s, w, err);
}

static int hide_undo(const struct step *s, struct work *w, struct err *err)
{
	struct hiding CLEANUP_HIDING h = HIDING_INIT;

	if (hide_find(&h, s, w, err) < 0)
		return -1;
	if (!h.f.parent) {
		found_away(&h.f, s, "at", w, "what was hidden there was not put back");
		return 0;
	}
	work_sync_later(w, h.f.spot.at.dirfd);
	if (h.at_ours)
		return lock_again(&h, s, w, err);
	if (h.hold_ours)
		return bring_back(&h, s, w, err);
	if (w->ran)
		work_kept(w, step_get(s, "at"), "what was hidden as '%s' has been removed since",
			  show(h.hold.name));
	return 0;
}

static int hide_finish(const struct step *s, struct work *w, struct err *err)
{
	struct hiding CLEANUP_HIDING h = HIDING_INIT;
	int rc = 0;

	if (hide_find(&h, s, w, err) < 0)
		return -1;
	if (!h.f.parent)
		found_away(&h.f, s, "at", w, "what was hidden there was not removed");
	if (h.hold_ours && !h.at_ours) {
		if (file_lift(&h.hold.at, &h.hold.st, err) < 0)
			return -1;
		rc = S_ISDIR(h.hold.st.st_mode) ? sys_rmdir(&h.hold.at) : sys_unlink(&h.hold.at);
		/* A directory that somebody filled since is the container's. */
		if (rc < 0 && errno != ENOTEMPTY && errno != EEXIST && errno != EBUSY)
			return fail_errno(err, "cannot remove '%s'", show(h.hold.name));
		if (rc < 0)
			work_kept(w, step_get(s, "at"), "was hidden as '%s', and something was put "
				  "into it since: left as it is", show(h.hold.name));
		work_sync_later(w, h.hold.at.dirfd);
	}
	return saved_drop(w, s->nr, err);
}

static void hide_describe(const struct step *s, char *mark, const char **word, struct buf *rest)
{
	*mark = '-';
	*word = "hide";
	buf_addf(rest, "%s until commit", show(step_get(s, "at")));
}

static const struct arg hide_args[] = {
	{ .name = "at", .type = ARG_PATH },
	{ .name = "id", .type = ARG_ID, .optional = true },
	{ .name = "mtime", .type = ARG_TIME, .optional = true },
	{ .name = NULL },
};

const struct kind kind_hide = {
	.name = "hide",
	.args = hide_args,
	.finish_erases = true,
	.telling = true,
	.guard = hide_guard,
	.apply = hide_apply,
	.undo = hide_undo,
	.finish = hide_finish,
	.describe = hide_describe,
};
