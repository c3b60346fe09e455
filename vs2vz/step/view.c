/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One view at a time: of the one file system that a plan makes. Writable as soon as a
 * verb that changes something asks; a verb that only looks does not replay a journal.
 */
#include "step/view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"
#include "step/kinds.h"
#include "step/mounted.h"

#define UNMOUNT_PATIENCE 100	/* twentieths of a second */

struct view {
	int fd;			/* root directory of the file system, -1: not open */
	bool writable;
};

struct view *view_new(void)
{
	struct view *v = xcalloc(1, sizeof(*v));

	v->fd = -1;
	return v;
}

void view_free(struct view *v)
{
	if (v)
		close_fd(&v->fd);
	free(v);
}

int view_dup(const struct work *w)
{
	return w->view->fd < 0 ? -1 : dup(w->view->fd);
}

void view_close(const struct work *w)
{
	close_fd(&w->view->fd);
}

/* "/etc/fstab" of "/vz/private/345/etc/fstab"; NULL: not inside. */
static const char *inside(const char *path, const char *area)
{
	size_t len = strlen(area);

	return strncmp(path, area, len) == 0 && path[len] == '/' && path[len + 1] ? path + len : NULL;
}

static const struct step *find_maker(const char **rest, const char *path, const struct work *w)
{
	for (size_t i = 0; i < w->nr_steps; i++) {
		if (w->steps[i].kind != &kind_makefs)
			continue;
		*rest = inside(path, step_get(&w->steps[i], "to"));
		if (*rest)
			return &w->steps[i];
	}
	return NULL;
}

/* By somebody else: the container is up, and can be looked at. */
bool view_is_mounted(const struct work *w, const char *area)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	struct stat above;
	struct err err;

	return spot_find(&f, w->root, area, &err) == 0 && f.there &&
	       fstat(f.spot.at.dirfd, &above) == 0 && above.st_dev != f.st.st_dev;
}

int view_mount(const struct work *w, const char *volume, const char *uuid, struct err *err)
{
	int fd = mounted_open(w->root, volume, uuid, VOLUME_READ, err);

	if (fd >= 0 || err->code != EUCLEAN || !w->replays)
		return fd;
	fd = mounted_open(w->root, volume, uuid, VOLUME_WRITE, err);
	if (fd < 0)
		return -1;
	close_fd(&fd);
	return mounted_open(w->root, volume, uuid, VOLUME_READ, err);
}

/* The volume, by the UUID of its file system. */
static const char *at_now(const struct step *maker, const struct work *w)
{
	return volume_now(step_get(maker, "at"), step_get(maker, "uuid"), w->pool);
}

static int open_view(const struct step *maker, const struct work *w, struct err *err)
{
	struct work look = *w;
	enum standing now;
	const char *at;

	if (kind_makefs.guard(maker, &look, &now, err) < 0)
		return -1;
	if (now == STANDS_FOREIGN)
		return -1;
	if (now == STANDS_BEFORE)
		return fail_code(err, ENOENT, "'%s' holds no file system yet",
				 show(step_get(maker, "at")));
	at = at_now(maker, w);
	w->view->fd = w->writes ? mounted_open(w->root, at, step_get(maker, "uuid"), VOLUME_WRITE, err) :
				  view_mount(w, at, step_get(maker, "uuid"), err);
	w->view->writable = w->writes;
	return w->view->fd < 0 ? -1 : 0;
}

/*
 * On the way back a file system that cannot be had is as good as none: it goes as a
 * whole, or is left as a whole (kind makefs). Not where the user wants what is in it.
 */
static int no_view(const struct work *w, struct err *err)
{
	if (w->back && w->changed != CHANGED_BRING_BACK &&
	    (err->code == ERR_FOREIGN || volume_fails(err)))
		err->code = ENOENT;
	return -1;
}

int view_root(struct root *out, const char **rest, const char *path, const struct work *w,
	      struct err *err)
{
	const struct step *maker = find_maker(rest, path, w);

	if (!maker || view_is_mounted(w, step_get(maker, "to")))
		return 0;
	if (w->view->fd >= 0 && w->writes && !w->view->writable)
		view_close(w);
	if (w->view->fd < 0 && open_view(maker, w, err) < 0)
		return no_view(w, err);
	*out = (struct root){ w->view->fd, "" };
	return 1;
}

static const struct step *maker_of(const struct work *w)
{
	for (size_t i = 0; i < w->nr_steps; i++)
		if (w->steps[i].kind == &kind_makefs)
			return &w->steps[i];
	return NULL;
}

static const char *volume_of(const struct work *w)
{
	const struct step *maker = maker_of(w);

	return maker ? at_now(maker, w) : NULL;
}

const char *view_volume(const struct work *w, dev_t dev)
{
	struct stat st;
	int code = errno;
	bool same = w->view->fd >= 0 && fstat(w->view->fd, &st) == 0 && st.st_dev == dev;

	errno = code;
	return same ? volume_of(w) : NULL;
}

/*
 * A run that was cut after its last change in the view, and went on with steps elsewhere,
 * never opened it again: its journal is to be replayed.
 */
static int is_left_unclean(const struct step *maker, const struct work *w, const char *at,
			   struct err *err)
{
	int CLEANUP_FD fd = -1;
	struct ext_super super;

	if (view_is_mounted(w, step_get(maker, "to")))
		return 0;
	fd = volume_open(w->root, at, VOLUME_READ, err);
	return fd < 0 || ext_super_read(&super, fd, err) < 0 ? -1 : super.unclean;
}

/*
 * The last close of a view is not always the end of its mount: whoever looks at the machine's
 * mounts or loop devices at that moment holds it as well. A flush before would come too early.
 */
static int wait_clean(int fd, struct ext_super *super, struct err *err)
{
	const struct timespec moment = { .tv_nsec = 50 * 1000 * 1000 };

	for (unsigned i = 0; ; i++) {
		if (ext_super_read(super, fd, err) < 0)
			return -1;
		if (!super->unclean || i == UNMOUNT_PATIENCE)
			return 0;
		nanosleep(&moment, NULL);
	}
}

int view_settle(const struct work *w, bool unopened, struct err *err)
{
	const struct step *maker = maker_of(w);
	const char *at = maker ? at_now(maker, w) : NULL;
	struct ext_super super;
	int CLEANUP_FD fd = -1;
	int left;

	if (!at)
		return 0;
	if (w->view->fd < 0 || !w->view->writable) {
		left = unopened ? is_left_unclean(maker, w, at, err) : 0;
		if (left <= 0)
			return left;
		view_close(w);
		w->view->fd = mounted_open(w->root, at, step_get(maker, "uuid"), VOLUME_WRITE, err);
		if (w->view->fd < 0)
			return -1;
	}
	view_close(w);
	fd = volume_open(w->root, at, VOLUME_READ, err);
	if (fd < 0 || wait_clean(fd, &super, err) < 0)
		return -1;
	/* What the kernel could not write when it unmounted; and what is there, not in memory. */
	if (sys_fsync(fd) < 0)
		return fail_errno(err, "cannot write back the file system on '%s'", show(at));
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	if (ext_super_read(&super, fd, err) < 0)
		return -1;
	return !super.unclean ? 0 : fail_code(err, EIO, "the file system on '%s' cannot be "
					      "unmounted cleanly: look at `dmesg`", show(at));
}

int view_tree(const struct work *w, const struct step *maker, struct err *err)
{
	const char *area = step_get(maker, "to");

	if (view_is_mounted(w, area))
		return strict_opendir(w->root, area, err);
	return mounted_open(w->root, at_now(maker, w), step_get(maker, "uuid"), VOLUME_READ, err);
}
