/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mountpoint: the bare directory that a container's file system will be mounted on:
 * empty, 0755, immutable where its file system keeps the flag, so that nothing can be
 * written there while the file system is not mounted. unmountpoint: the other way.
 *
 *	made 0700; owner, mode; immutable		flushed by run/
 *	immutable goes; removed				flushed by run/
 *
 * A cut leaves an empty directory with or without the flag; both directions lead on. One
 * that something is mounted on is not touched: what would be changed then is the root of
 * that file system.
 */
#include "step/kinds.h"

#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/fsinfo.h"
#include "step/saved.h"

static bool holds_nothing(const struct work *w, const char *path)
{
	struct pool pool = POOL_INIT;
	struct names names = { 0 };
	struct root dir;
	struct err unread;
	bool empty = false;

	if (root_inside(&dir, w->root, path, &unread) == 0) {
		empty = root_names(&dir, "/", &pool, &names, &unread) == 0 && names.nr == 0;
		root_release(&dir);
	}
	pool_release(&pool);
	return empty;
}

static int is_mounted(bool *yes, const struct work *w, const char *path, struct err *err)
{
	struct pool pool = POOL_INIT;
	struct mounts mounts;
	int rc = mounts_below(&mounts, w->root, path, &pool, err);

	*yes = rc == 0 && mounts.nr > 0;
	pool_release(&pool);
	return rc;
}

struct point {
	const char *path;
	struct found f;
	bool dir, mounted, empty;
};
#define POINT_INIT { .f = FOUND_INIT }
#define CLEANUP_POINT __attribute__((cleanup(point_release)))

static void point_release(struct point *p)
{
	found_release(&p->f);
}

static int look(struct point *p, const struct step *s, const struct work *w, struct err *err)
{
	p->path = step_get(s, "at");
	if (step_find(&p->f, s, "at", w, err) < 0)
		return -1;
	p->dir = p->f.there && S_ISDIR(p->f.st.st_mode);
	if (p->dir && is_mounted(&p->mounted, w, p->path, err) < 0)
		return -1;
	p->empty = p->dir && !p->mounted && holds_nothing(w, p->path);
	return 0;
}

static int refuse(const struct point *p, struct err *err)
{
	if (p->mounted)
		return fail_code(err, EBUSY, "something is mounted on '%s'", show(p->path));
	return fail_code(err, ERR_FOREIGN, "'%s' is not an empty directory", show(p->path));
}

static int point_guard(const struct step *s, struct work *w, enum standing *now, struct err *err)
{
	struct point CLEANUP_POINT p = POINT_INIT;

	if (look(&p, s, w, err) < 0)
		return -1;
	if (found_barred(&p.f, s, "at", now, err))
		return 0;
	*now = !p.f.there ? STANDS_BEFORE : p.mounted || p.empty ? STANDS_AFTER : STANDS_FOREIGN;
	if (*now == STANDS_FOREIGN)
		refuse(&p, err);
	return 0;
}

/* The tree that a later step brings to this name. */
static bool has_new_tree(const struct step *s, const struct work *w)
{
	for (size_t i = s->nr + 1; i < w->nr_steps; i++)
		if (w->steps[i].kind == &kind_copy &&
		    strcmp(step_get(&w->steps[i], "to"), step_get(s, "at")) == 0)
			return true;
	return false;
}

static int unpoint_guard(const struct step *s, struct work *w, enum standing *now,
			 struct err *err)
{
	struct point CLEANUP_POINT p = POINT_INIT;

	if (look(&p, s, w, err) < 0)
		return -1;
	if (found_barred(&p.f, s, "at", now, err))
		return 0;
	if (p.f.there && p.dir && !p.empty && has_new_tree(s, w)) {
		*now = STANDS_AFTER;
		return 0;
	}
	*now = !p.f.there ? STANDS_AFTER : p.empty ? STANDS_BEFORE : STANDS_FOREIGN;
	if (*now == STANDS_FOREIGN)
		refuse(&p, err);
	return 0;
}

static int point_found(const struct step *s, struct work *w, bool *there, struct err *err)
{
	struct point CLEANUP_POINT p = POINT_INIT;

	if (look(&p, s, w, err) < 0)
		return -1;
	*there = p.dir;
	return 0;
}

/* File systems without flags: nothing to do. 0 or -1. */
static int set_immutable(int fd, bool on)
{
	int word;
	uint32_t flags;

	if (ioctl(fd, FS_IOC_GETFLAGS, &word) < 0)
		return 0;
	flags = on ? (uint32_t)word | FS_IMMUTABLE_FL : (uint32_t)word & ~(uint32_t)FS_IMMUTABLE_FL;
	if (flags == (uint32_t)word || sys_setflags(fd, flags) == 0)
		return 0;
	return on && (errno == EOPNOTSUPP || errno == ENOTTY || errno == EINVAL || errno == EPERM) ?
	       0 : -1;
}

/* mtime NULL: as it comes. */
static int make(struct point *p, const struct step *s, struct work *w,
		const struct timespec *mtime, struct err *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
	int CLEANUP_FD fd = -1;

	if (!p->f.parent)
		return found_no_parent(&p->f, s, "at", err);
	if (p->f.there && !p->empty)
		return refuse(p, err);
	if (!p->f.there && sys_mkdir(&p->f.spot.at, 0700) < 0)
		return fail_errno(err, "cannot make '%s'", show(p->path));
	fd = strict_opendir(w->root, p->path, err);
	if (fd < 0)
		return -1;
	if (set_immutable(fd, false) < 0 || sys_fchown(fd, 0, 0) < 0 || sys_fchmod(fd, 0755) < 0)
		return fail_errno(err, "cannot set owner and mode of '%s'", show(p->path));
	if (mtime) {
		times[1] = *mtime;
		if (sys_futimens(fd, times) < 0)
			return fail_errno(err, "cannot set the time of '%s'", show(p->path));
	}
	if (set_immutable(fd, true) < 0)
		return fail_errno(err, "cannot lock '%s'", show(p->path));
	work_sync_later(w, fd);
	work_sync_later(w, p->f.spot.at.dirfd);
	return 0;
}

static int take_away(struct point *p, struct work *w, struct err *err)
{
	int CLEANUP_FD fd = -1;

	if (!p->f.parent)
		return 0;
	if (p->empty) {
		fd = strict_opendir(w->root, p->path, err);
		if (fd < 0)
			return -1;
		if (set_immutable(fd, false) < 0 || sys_rmdir(&p->f.spot.at) < 0)
			return fail_errno(err, "cannot remove '%s'", show(p->path));
	}
	work_sync_later(w, p->f.spot.at.dirfd);
	return 0;
}

static int point_apply(const struct step *s, struct work *w, struct err *err)
{
	struct point CLEANUP_POINT p = POINT_INIT;

	int noted = found_noted(w, s->nr, err);

	if (noted < 0 || look(&p, s, w, err) < 0)
		return -1;
	if (p.dir && (p.mounted || noted))
		return 0;
	return make(&p, s, w, NULL, err);
}

static int point_undo(const struct step *s, struct work *w, struct err *err)
{
	struct point CLEANUP_POINT p = POINT_INIT;

	int noted = found_noted(w, s->nr, err);

	if (noted < 0 || look(&p, s, w, err) < 0)
		return -1;
	if (noted)
		return 0;
	if (p.mounted && w->ran)
		return refuse(&p, err);
	if (!p.f.parent)
		found_away(&p.f, s, "at", w, "our mount point was not taken away");
	if (p.f.there && !p.empty && w->ran)
		work_kept(w, p.path, "is not an empty directory: left as it is");
	return take_away(&p, w, err);
}

static int point_may_undo(const struct step *s, struct work *w, struct err *err)
{
	struct point CLEANUP_POINT p = POINT_INIT;

	if (look(&p, s, w, err) < 0)
		return -1;
	return p.mounted && w->ran ? refuse(&p, err) : 0;
}

static int unpoint_apply(const struct step *s, struct work *w, struct err *err)
{
	struct point CLEANUP_POINT p = POINT_INIT;

	if (look(&p, s, w, err) < 0)
		return -1;
	return p.f.there && !p.empty ? refuse(&p, err) : take_away(&p, w, err);
}

static int unpoint_undo(const struct step *s, struct work *w, struct err *err)
{
	struct point CLEANUP_POINT p = POINT_INIT;
	const struct timespec mtime = step_time(s, "mtime");

	if (look(&p, s, w, err) < 0)
		return -1;
	if (p.mounted)
		return 0;
	if (p.f.there && !p.empty) {
		if (w->ran)
			work_kept(w, p.path, "is not an empty directory: left as it is");
		return 0;
	}
	if (!p.f.parent)
		found_away(&p.f, s, "at", w, "the mount point was not made again");
	return p.f.parent ? make(&p, s, w, &mtime, err) : 0;
}

static void point_describe(const struct step *s, char *mark, const char **word, struct buf *rest)
{
	*mark = '+';
	*word = "mountpoint";
	buf_adds(rest, show(step_get(s, "at")));
}

static void unpoint_describe(const struct step *s, char *mark, const char **word,
			     struct buf *rest)
{
	*mark = '-';
	*word = "mountpoint";
	buf_adds(rest, show(step_get(s, "at")));
}

static const struct arg point_args[] = {
	{ .name = "at", .type = ARG_PATH },
	{ .name = NULL },
};

const struct kind kind_mountpoint = {
	.name = "mountpoint",
	.args = point_args,
	.guard = point_guard,
	.found = point_found,
	.apply = point_apply,
	.undo = point_undo,
	.may_undo = point_may_undo,
	.describe = point_describe,
};

static const struct arg unpoint_args[] = {
	{ .name = "at", .type = ARG_PATH },
	{ .name = "mtime", .type = ARG_TIME },
	{ .name = NULL },
};

const struct kind kind_unmountpoint = {
	.name = "unmountpoint",
	.args = unpoint_args,
	.guard = unpoint_guard,
	.apply = unpoint_apply,
	.undo = unpoint_undo,
	.describe = unpoint_describe,
};
