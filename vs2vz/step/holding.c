/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * link(2) in, link(2) or rename(2) out. The last name of a new inode leaves by
 * rename, so an inode never has more links than its source has. A cut leaves the
 * folder; the next try removes it (links only: every inode has its names elsewhere,
 * or belongs to a copy that is made again).
 */
#include "step/holding.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/inroot.h"
#include "base/meta.h"
#include "step/beside.h"
#include "step/treeutil.h"

/* Ours holds names of inodes and nothing else: 1, 0, -1. A directory is in none of ours. */
static int is_left_over(int fd, struct err *err)
{
	DIR *list = fdopendir(dup(fd));
	struct dirent *d;
	int is = 1;

	if (!list)
		return fail_errno(err, "cannot read a directory");
	while (is > 0 && (errno = 0, d = readdir(list))) {
		struct stat st;

		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (!d->d_name[0] || strspn(d->d_name, "0123456789abcdef") != strlen(d->d_name))
			is = 0;
		else if (below_stat(fd, d->d_name, &st) < 0)
			is = fail_errno(err, "cannot look at '%s'", d->d_name);
		else if (S_ISDIR(st.st_mode))
			is = 0;
	}
	if (is > 0 && errno)
		is = fail_errno(err, "cannot read a directory");
	closedir(list);
	return is;
}

/* What stands at the name: 1 nothing, or ours, which goes; 0 somebody else's; -1. */
static int clear_name(int to, const char *name, struct err *err)
{
	int CLEANUP_FD fd = -1;
	struct meta meta;
	int is;

	if (meta_at(&meta, to, name) < 0)
		return errno == ENOENT ? 1 : fail_errno(err, "cannot look at '%s'", name);
	if (!S_ISDIR(meta.st.st_mode) || meta.st.st_uid != geteuid())
		return 0;
	fd = below_open(to, name, &meta.st);
	is = fd < 0 ? fail_errno(err, "cannot open") : is_left_over(fd, err);
	if (is > 0 && remove_whole(to, name, &meta, err) < 0)
		is = -1;
	if (is < 0)
		err_add(err, "'%s'", name);
	return is;
}

int holding_begin(struct holding *h, int from, int to, const char *token, struct err *err)
{
	struct stat st;
	int is = 0;

	*h = (struct holding){ .to = to, .fd = -1 };
	pthread_mutex_init(&h->lock, NULL);
	for (unsigned nr = 1; is == 0; nr++) {
		beside_own(h->name, "copy", token, BESIDE_LINKS, nr);
		if (below_stat(from, h->name, &st) == 0)
			continue;
		is = errno == ENOENT ? clear_name(to, h->name, err) :
		     fail_errno(err, "cannot look at '%s'", h->name);
	}
	return is < 0 ? -1 : 0;
}

void holding_release(struct holding *h)
{
	close_fd(&h->fd);
	pthread_mutex_destroy(&h->lock);
}

/* Its descriptor; made when it is first needed. */
static int folder(struct holding *h)
{
	const struct place at = { h->to, h->name };
	struct meta meta;
	int fd;

	pthread_mutex_lock(&h->lock);
	if (h->fd < 0 && sys_mkdir(&at, 0700) == 0 && meta_at(&meta, h->to, h->name) == 0)
		h->fd = below_open(h->to, h->name, &meta.st);
	fd = h->fd;
	pthread_mutex_unlock(&h->lock);
	return fd;
}

#define INO_TEXT 24

static struct place place_in(int fd, uint64_t ino, char text[static INO_TEXT])
{
	snprintf(text, INO_TEXT, "%" PRIx64, ino);
	return (struct place){ fd, text };
}

int holding_add(struct holding *h, const struct place *at, uint64_t ino)
{
	char text[INO_TEXT];
	int fd = folder(h);
	struct place held = place_in(fd, ino, text);

	return fd < 0 ? -1 : sys_link(at, &held);
}

int holding_link(struct holding *h, uint64_t ino, const struct place *at, bool last)
{
	char text[INO_TEXT];
	struct place held = place_in(folder(h), ino, text);

	return last ? sys_rename(&held, at) : sys_link(&held, at);
}

int holding_drop(struct holding *h, uint64_t ino)
{
	char text[INO_TEXT];
	struct place held = place_in(folder(h), ino, text);

	return sys_unlink(&held);
}

static int drop_one(struct holding *h, const char *name,
		    int (*locks)(void *ctx, int fd, uint64_t ino), void *ctx)
{
	const struct place held = { h->fd, name };
	int CLEANUP_FD fd = -1;
	struct meta meta;

	if (meta_at(&meta, h->fd, name) < 0)
		return -1;
	if (S_ISREG(meta.st.st_mode)) {
		fd = below_open(h->fd, name, &meta.st);
		if (fd < 0)
			return -1;
	}
	if (sys_unlink(&held) < 0)
		return -1;
	return fd < 0 ? 0 : locks(ctx, fd, strtoull(name, NULL, 16));
}

/* One reading of the folder; how many names went, or -1 with errno. */
static int64_t drop_round(struct holding *h, DIR *list,
			  int (*locks)(void *ctx, int fd, uint64_t ino), void *ctx)
{
	int64_t dropped = 0;
	struct dirent *d;

	rewinddir(list);
	while ((d = readdir(list))) {
		if (d->d_name[0] == '.')
			continue;
		if (drop_one(h, d->d_name, locks, ctx) < 0)
			return -1;
		dropped++;
	}
	return dropped;
}

int holding_end(struct holding *h, int (*locks)(void *ctx, int fd, uint64_t ino), void *ctx,
		struct err *err)
{
	const struct place at = { h->to, h->name };
	int64_t dropped;
	DIR *list;

	if (h->fd < 0)
		return 0;
	list = fdopendir(dup(h->fd));
	if (!list)
		return fail_errno(err, "cannot read '%s'", h->name);
	do	/* again: reading while names go may have skipped some */
		dropped = drop_round(h, list, locks, ctx);
	while (dropped > 0);
	if (dropped < 0)
		fail_errno(err, "cannot empty '%s'", h->name);
	closedir(list);
	if (dropped < 0)
		return -1;
	close_fd(&h->fd);
	return sys_rmdir(&at) < 0 ? fail_errno(err, "cannot remove '%s'", h->name) : 0;
}
