/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A path walk that cannot leave its root: one descriptor per component on a
 * stack, ".." takes the top off, links are spliced in by text. The kernel sees
 * single names only, so a rename under our feet can at worst lead to another
 * directory that is inside too.
 */
#include "base/walkpath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/inroot.h"
#include "base/pool.h"

#define LINKS_MAX 40

struct level {
	int fd;
	char *name;
};

struct path_walk {
	int rootfd;
	bool strict;
	unsigned links;
	char *rest;		/* what is still to be walked */
	struct level *level;
	size_t nr, cap;
};

static int top_fd(const struct path_walk *w)
{
	return w->nr ? w->level[w->nr - 1].fd : w->rootfd;
}

static void pop(struct path_walk *w)
{
	if (!w->nr)
		return;		/* ".." of the root is the root */
	w->nr--;
	close(w->level[w->nr].fd);
	free(w->level[w->nr].name);
}

static void push(struct path_walk *w, int fd, const char *name)
{
	if (w->nr == w->cap) {
		w->cap = w->cap ? w->cap * 2 : 16;
		w->level = xrealloc(w->level, w->cap * sizeof(*w->level));
	}
	w->level[w->nr].fd = fd;
	w->level[w->nr++].name = xstrdup(name);
}

/* Put the text of a link before the rest; an absolute one starts at the root again. */
static int splice_link(struct path_walk *w, const char *name)
{
	char text[PATH_MAX], *rest;
	ssize_t len = readlinkat(top_fd(w), name, text, sizeof(text));

	if (len < 0)
		return -1;
	if (w->strict || ++w->links > LINKS_MAX) {
		errno = ELOOP;
		return -1;
	}
	if (len == 0) {
		errno = ENOENT;
		return -1;
	}
	if (text[0] == '/')
		while (w->nr)
			pop(w);
	if (asprintf(&rest, "%.*s/%s", (int)len, text, w->rest) < 0)
		die("no memory");
	free(w->rest);
	w->rest = rest;
	return 0;
}

/*
 * Open a directory that is no link; ENOTDIR where it is something else. What was got is
 * compared with what the name is, so that not even a kernel that follows a link here
 * leads astray; a name that changes meanwhile is ESTALE.
 */
static int open_one(int dirfd, const char *name)
{
	struct stat got, named;
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0) {
		if (errno == ELOOP)
			errno = ENOTDIR;
		return -1;
	}
	if (fstat(fd, &got) == 0 && fstatat(dirfd, name, &named, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISDIR(got.st_mode) && named.st_dev == got.st_dev &&
		    named.st_ino == got.st_ino)
			return fd;
		errno = S_ISLNK(named.st_mode) || !S_ISDIR(got.st_mode) ? ENOTDIR : ESTALE;
	}
	close_fd(&fd);
	return -1;
}

static int step_into(struct path_walk *w, const char *name)
{
	struct stat st;
	int fd;

	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0) {
		pop(w);
		return 0;
	}
	fd = open_one(top_fd(w), name);
	if (fd >= 0) {
		push(w, fd, name);
		return 0;
	}
	if (errno != ENOTDIR)
		return -1;
	if (fstatat(top_fd(w), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (!S_ISLNK(st.st_mode)) {
		errno = ENOTDIR;
		return -1;
	}
	return splice_link(w, name);
}

/* Take the first component off the rest into a new string; NULL at the end. */
static char *next_name(struct path_walk *w)
{
	char *at = w->rest, *name;
	size_t len;

	while (*at == '/')
		at++;
	len = strcspn(at, "/");
	if (!len)
		return NULL;
	name = strndup(at, len);
	if (!name)
		die("no memory");
	memmove(w->rest, at + len, strlen(at + len) + 1);
	return name;
}

static void write_canonical(const struct path_walk *w, struct buf *out)
{
	for (size_t i = 0; i < w->nr; i++)
		buf_addf(out, "/%s", w->level[i].name);
}

int walkpath_dir(int rootfd, const char *path, bool strict, struct buf *canonical)
{
	struct path_walk w = { .rootfd = rootfd, .strict = strict, .rest = xstrdup(path) };
	char *name;
	int fd = -1, failed = 0, saved;

	while (!failed && (name = next_name(&w))) {
		failed = step_into(&w, name);
		free(name);
	}
	if (!failed)
		fd = openat(top_fd(&w), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	saved = errno;
	if (fd >= 0 && canonical)
		write_canonical(&w, canonical);
	while (w.nr)
		pop(&w);
	free(w.level);
	free(w.rest);
	errno = saved;
	return fd;
}
