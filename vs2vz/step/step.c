/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arguments of a step, and what the verbs share: looking at a place, the set of
 * directories and staged files to flush, the list of what undo kept. Knows no kind.
 *
 * Flushing: write-back of all is begun, then each is waited for in the order in which
 * it was handed over. On a journalling file system the first wait commits them all. No
 * syncfs() for so few: it would wait for everything that running containers wrote.
 */
#include "step/step.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/identity.h"
#include "base/units.h"
#include "base/unseen.h"
#include "step/kinds.h"
#include "step/view.h"

#define SYNC_EACH_MAX 256

struct sync_dir {
	int fd;
	dev_t dev;
	ino_t ino;
};
struct sync_set {
	size_t nr, cap;
	struct sync_dir *v;
};

const char *step_get_or_null(const struct step *s, const char *name)
{
	for (unsigned i = 0; s->kind->args[i].name; i++)
		if (strcmp(s->kind->args[i].name, name) == 0)
			return s->value[i];
	return NULL;
}

const char *step_get(const struct step *s, const char *name)
{
	for (unsigned i = 0; s->kind->args[i].name; i++)
		if (strcmp(s->kind->args[i].name, name) == 0)
			return s->value[i];
	die("step %s has no argument '%s'", s->kind->name, name);
}

uint64_t step_number(const struct step *s, const char *name)
{
	const char *text = step_get(s, name);
	uint64_t n = 0;

	if (!text || !parse_u64(text, UINT64_MAX, &n))
		die("step %s: '%s' is no number", s->kind->name, name);
	return n;
}

mode_t step_mode(const struct step *s, const char *name)
{
	return (mode_t)strtoul(step_get(s, name), NULL, 8);
}

void step_owner(const struct step *s, const char *name, uid_t *uid, gid_t *gid)
{
	char *rest;

	*uid = (uid_t)strtoul(step_get(s, name), &rest, 10);
	*gid = (gid_t)strtoul(rest + 1, NULL, 10);
}

struct timespec step_time(const struct step *s, const char *name)
{
	struct timespec t;
	char *rest;

	t.tv_sec = (time_t)strtoll(step_get(s, name), &rest, 10);
	t.tv_nsec = strtol(rest + 1, NULL, 10);
	return t;
}

/* What keeps a path from its directory: the first component that is none. */
static int find_bar(struct found *f, const struct root *root, const char *path, struct err *err)
{
	int CLEANUP_FD at = dup_cloexec(root->fd, 3);
	size_t start = strspn(path, "/"), len;
	char name[NAME_MAX + 1];
	struct stat st;

	for (; at >= 0 && strchr(path + start, '/'); start += len + strspn(path + start + len, "/")) {
		int next;

		len = strcspn(path + start, "/");
		f->bar_len = start + len;
		if (len >= sizeof(name))
			return 0;
		memcpy(name, path + start, len);
		name[len] = '\0';
		if (below_stat(at, name, &st) < 0)
			return errno == ENOENT ? 0 :
			       fail_errno(err, "cannot look at '%.*s'", (int)f->bar_len, path);
		if (!S_ISDIR(st.st_mode)) {
			f->bar = st.st_mode & S_IFMT;
			return 0;
		}
		next = below_open(at, name, &st);
		close_fd(&at);
		at = next;
	}
	return at < 0 ? fail_errno(err, "cannot open '%.*s'", (int)f->bar_len, path) : 0;
}

/* The root itself has no name: it is "." in itself. Its times are all that a step may change. */
static int root_find(struct found *f, const struct root *root, struct err *err)
{
	f->spot.at.dirfd = dup_cloexec(root->fd, 3);
	f->spot.at.name = f->spot.name_store = xstrdup(".");
	if (f->spot.at.dirfd < 0 || fstat(root->fd, &f->st) < 0)
		return fail_errno(err, "cannot look at the root");
	f->parent = f->there = true;
	return 0;
}

int spot_find(struct found *f, const struct root *root, const char *path, struct err *err)
{
	*f = (struct found)FOUND_INIT;
	if (!path[strspn(path, "/")])
		return root_find(f, root, err);
	if (strict_spot(root, path, &f->spot, err) < 0) {
		/* ELOOP: without following links there is no other reason for it. */
		if (!err_is_absent(err) && err->code != ELOOP)
			return -1;
		err_clear(err);
		return find_bar(f, root, path, err);
	}
	f->parent = true;
	f->there = below_stat(f->spot.at.dirfd, f->spot.at.name, &f->st) == 0;
	if (!f->there && errno != ENOENT) {
		unseen_note(root->path, path, errno);
		return fail_errno(err, "cannot look at '%s'", show(path));
	}
	return 0;
}

int path_find(struct found *f, const char *path, const struct work *w, struct err *err)
{
	const char *rest;
	struct root own;
	int in_view = view_root(&own, &rest, path, w, err);

	if (in_view == 0)
		return spot_find(f, w->root, path, err);
	*f = (struct found)FOUND_INIT;
	if (in_view > 0) {
		int rc = spot_find(f, &own, rest, err);

		f->bar_len += (size_t)(rest - path);
		return rc;
	}
	if (!err_is_absent(err))
		return -1;
	err_clear(err);
	f->bar_len = strlen(path);
	return 0;
}

int step_find(struct found *f, const struct step *s, const char *arg, const struct work *w,
	      struct err *err)
{
	return path_find(f, step_get(s, arg), w, err);
}

static const char *type_word(mode_t type)
{
	static const struct {
		mode_t type;
		const char *word;
	} words[] = {
		{ S_IFLNK, "a symbolic link" }, { S_IFREG, "a file" }, { S_IFDIR, "a directory" },
		{ S_IFIFO, "a FIFO" }, { S_IFSOCK, "a socket" }, { S_IFCHR, "a device" },
		{ S_IFBLK, "a device" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].type == type)
			return words[i].word;
	return "something unknown";
}

const char *found_why(const struct found *f, const char *path, char text[static FOUND_WHY])
{
	char *bar = strndup(path, f->bar_len);

	if (!bar)
		die("no memory");
	if (f->bar)
		snprintf(text, FOUND_WHY, "'%s' is %s", show(bar), type_word(f->bar));
	else
		snprintf(text, FOUND_WHY, "'%s' is not there", show(bar));
	free(bar);
	return text;
}

bool found_barred(const struct found *f, const struct step *s, const char *arg,
		  enum standing *now, struct err *err)
{
	char why[FOUND_WHY];

	if (f->parent || !f->bar)
		return false;
	*now = STANDS_FOREIGN;
	fail_code(err, ERR_FOREIGN, "'%s' cannot be reached: %s", show(step_get(s, arg)),
		  found_why(f, step_get(s, arg), why));
	return true;
}

int found_no_parent(const struct found *f, const struct step *s, const char *arg, struct err *err)
{
	const char *path = step_get(s, arg);
	char why[FOUND_WHY];

	return fail_code(err, f->bar ? ERR_FOREIGN : ENOENT, "'%s' cannot be made: %s", show(path),
			 found_why(f, path, why));
}

/* Did a step before this one make the directory that is not there now? Then its undo was it. */
static bool made_before(const struct found *f, const struct step *s, const char *path,
			const struct work *w)
{
	for (size_t i = 0; i < w->nr_steps && i < s->nr; i++) {
		const struct step *m = &w->steps[i];

		const char *made = m->kind == &kind_mkdir ? step_get(m, "at") :
				   m->kind->moves || m->kind == &kind_bring ? step_get(m, "to") : NULL;

		if (made && strlen(made) == f->bar_len && strncmp(made, path, f->bar_len) == 0)
			return true;
	}
	return false;
}

void found_away(const struct found *f, const struct step *s, const char *arg, struct work *w,
		const char *why)
{
	const char *path = step_get(s, arg);
	char text[FOUND_WHY];

	if (!w->ran || (!f->bar && made_before(f, s, path, w)))
		return;
	work_kept(w, path, "%s: %s", found_why(f, path, text), why);
}

int step_opendir(const struct step *s, const char *arg, const struct work *w, struct err *err)
{
	const char *path = step_get(s, arg), *rest;
	struct root own;
	int in_view = view_root(&own, &rest, path, w, err);

	if (in_view < 0)
		return -1;
	return in_view ? strict_opendir(&own, rest, err) : strict_opendir(w->root, path, err);
}

int step_is(const struct found *f, const struct step *s, char *why, struct err *err)
{
	return f->there ? place_is(&f->spot.at, &f->st, s, why, err) : 0;
}

int place_is(const struct place *at, const struct stat *st, const struct step *s, char *why,
	     struct err *err)
{
	struct identity was, now = { .inode = st->st_ino };
	char unsaid[IDENTITY_WHY];

	if (!identity_parse(&was, step_get(s, "id")))
		die("step %s: 'id' is none", s->kind->name);
	if (was.inode == now.inode && identity_at(&now, at->dirfd, at->name, st, err) < 0)
		return -1;
	if (was.inode != now.inode)
		was.fs[0] = '\0', was.has_subvolume = false;	/* what was not asked */
	return identity_same(&was, &now, why ? why : unsaid);
}

void found_release(struct found *f)
{
	spot_release(&f->spot);
}

int found_opendir(const struct found *f, const char *path, struct err *err)
{
	int fd;

	if (!f->there || !S_ISDIR(f->st.st_mode))
		return fail_code(err, ERR_FOREIGN, "'%s' is no directory", show(path));
	fd = below_open(f->spot.at.dirfd, f->spot.at.name, &f->st);
	return fd < 0 ? fail_errno(err, "cannot open '%s'", show(path)) : fd;
}

void work_init(struct work *w, const struct root *root, int folder, struct pool *pool)
{
	memset(w, 0, sizeof(*w));
	w->root = root;
	w->folder = folder;
	w->pool = pool;
	w->coarse = !kernel_can(CAN_SET_NANOSECONDS);
	w->syncs = xcalloc(1, sizeof(*w->syncs));
	w->view = view_new();
	w->token = "0000000000000000";	/* until plan_to_work() */
}

static void syncs_clear(struct sync_set *set)
{
	for (size_t i = 0; i < set->nr; i++)
		close_fd(&set->v[i].fd);
	set->nr = 0;
}

void work_release(struct work *w)
{
	if (w->syncs) {
		syncs_clear(w->syncs);
		free(w->syncs->v);
		free(w->syncs);
	}
	w->syncs = NULL;
	view_free(w->view);
	w->view = NULL;
}

bool work_sync_pending(const struct work *w, int dirfd)
{
	const struct sync_set *set = w->syncs;
	struct stat st;

	if (fstat(dirfd, &st) < 0)
		die("a directory that was open is not");
	for (size_t i = 0; i < set->nr; i++)
		if (set->v[i].ino == st.st_ino && set->v[i].dev == st.st_dev)
			return true;
	return false;
}

void work_sync_later(struct work *w, int dirfd)
{
	struct sync_set *set = w->syncs;
	struct stat st;
	int fd;

	if (work_sync_pending(w, dirfd))
		return;
	if (fstat(dirfd, &st) < 0)
		die("a directory that was open is not");
	fd = dup_cloexec(dirfd, 3);
	if (fd < 0)
		die("no descriptor left");
	if (set->nr == set->cap) {
		set->cap = set->cap ? set->cap * 2 : 8;
		set->v = xrealloc(set->v, set->cap * sizeof(*set->v));
	}
	set->v[set->nr++] = (struct sync_dir){ fd, st.st_dev, st.st_ino };
}

static size_t on_device(const struct sync_set *set, dev_t dev)
{
	size_t nr = 0;

	for (size_t i = 0; i < set->nr; i++)
		nr += set->v[i].dev == dev;
	return nr;
}

static bool is_first_of_device(const struct sync_set *set, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (set->v[i].dev == set->v[n].dev)
			return false;
	return true;
}

static int flush_failed(const struct work *w, dev_t dev, struct err *err)
{
	const char *volume = view_volume(w, dev);

	return volume ? fail_errno(err, "cannot flush the file system on '%s'", show(volume)) :
			fail_errno(err, "cannot flush directories to the disk");
}

int work_sync_now(struct work *w, struct err *err)
{
	struct sync_set *set = w->syncs;

	/* A wish, not a promise: directories and old kernels refuse it. */
	for (size_t i = 0; i < set->nr; i++)
		(void)sync_file_range(set->v[i].fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	for (size_t i = 0; i < set->nr; i++) {
		bool whole = on_device(set, set->v[i].dev) > SYNC_EACH_MAX;

		if (whole && !is_first_of_device(set, i))
			continue;
		if ((whole ? sys_syncfs(set->v[i].fd) : sys_fsync(set->v[i].fd)) < 0)
			return flush_failed(w, set->v[i].dev, err);
	}
	syncs_clear(set);
	return 0;
}

void work_sync_drop(struct work *w)
{
	struct err dropped;

	if (work_sync_now(w, &dropped) < 0)
		syncs_clear(w->syncs);
}

void work_kept(struct work *w, const char *path, const char *fmt, ...)
{
	struct kept *k = pool_grow(w->pool, &w->kept, &w->nr_kept, &w->cap_kept, sizeof(*k));
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	k->path = pool_strdup(w->pool, path);
	k->why = pool_strdup(w->pool, text);
}

void work_loss(struct work *w, struct loss loss)
{
	*(struct loss *)pool_grow(w->pool, &w->losses, &w->nr_losses, &w->cap_losses,
				  sizeof(loss)) = loss;
}

void work_other(struct work *w, const char *path, const char *what)
{
	struct kept *k;

	if (!w->lists || w->nr_others >= LATE_LISTED)
		return;
	k = pool_grow(w->pool, &w->others, &w->nr_others, &w->cap_others, sizeof(*k));
	k->path = pool_strdup(w->pool, path);
	k->why = pool_printf(w->pool, "not as it was made: %s", what);
}

void work_late(struct work *w, const char *path, const char *fmt, ...)
{
	struct kept *k;
	char text[512];
	va_list ap;

	if (w->nr_late++ >= LATE_LISTED)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	k = pool_grow(w->pool, &w->late, &w->nr_listed, &w->cap_late, sizeof(*k));
	k->path = pool_strdup(w->pool, path);
	k->why = pool_strdup(w->pool, text);
}
