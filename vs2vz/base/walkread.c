/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * getdents64 into a large buffer. The position behind the last name taken is kept
 * in the directory's node, so that reading can go on through another descriptor.
 */
#include "base/walkread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/pool.h"

#define RAW_SIZE (256 * 1024)

/* As the kernel writes it. */
struct kernel_dirent {
	uint64_t d_ino;
	int64_t d_off;
	unsigned short d_reclen;
	unsigned char d_type;
	char d_name[];
};

int window_start(struct window *win, struct walk_dir *dir, struct err *err)
{
	if (!win->raw)
		win->raw = xmalloc(RAW_SIZE);
	win->raw_len = win->raw_at = 0;
	/* A descriptor of our own stands at the start; the root's is the caller's. */
	if ((dir->offset || !dir->parent) && lseek(dir->fd, dir->offset, SEEK_SET) < 0)
		return walk_fail(err, dir, NULL, "cannot go on reading the directory");
	return 0;
}

static void add_name(struct window *win, uint64_t ino, const char *name)
{
	size_t len = strlen(name) + 1;

	if (win->nr == win->cap) {
		win->cap = win->cap ? 2 * win->cap : 256;
		win->v = xrealloc(win->v, win->cap * sizeof(*win->v));
	}
	if (win->text_len + len > win->text_cap) {
		win->text_cap = win->text_cap ? 2 * win->text_cap : 8192;
		win->text = xrealloc(win->text, win->text_cap);
	}
	memcpy(win->text + win->text_len, name, len);
	win->v[win->nr++] = (struct walk_name){ .ino = ino, .at = (uint32_t)win->text_len };
	win->text_len += len;
}

static int by_ino(const void *a, const void *b)
{
	const struct walk_name *x = a, *y = b;

	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static void sort(struct window *win)
{
	for (size_t i = 1; i < win->nr; i++)
		if (win->v[i].ino < win->v[i - 1].ino) {
			qsort(win->v, win->nr, sizeof(*win->v), by_ino);
			return;
		}
}

static int read_raw(struct window *win, struct walk_dir *dir, struct err *err)
{
	long got;

	do
		got = syscall(SYS_getdents64, dir->fd, win->raw, RAW_SIZE);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == ENOENT)
		got = 0;	/* it was removed while it is open */
	if (got < 0)
		return walk_fail(err, dir, NULL, "cannot read the directory");
	win->raw_len = (size_t)got;
	win->raw_at = 0;
	return 0;
}

int window_fill(struct window *win, struct walk_dir *dir, size_t most, bool *end, struct err *err)
{
	win->nr = win->text_len = 0;
	*end = false;
	while (win->nr < most && win->text_len < WINDOW_TEXT) {
		const struct kernel_dirent *d;

		if (win->raw_at == win->raw_len && read_raw(win, dir, err) < 0)
			return -1;
		if (!win->raw_len) {
			*end = true;
			break;
		}
		d = (const void *)(win->raw + win->raw_at);
		win->raw_at += d->d_reclen;
		dir->offset = d->d_off;
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		/* Only a damaged file system has such; a mutator would refuse it as a bug. */
		if (!*d->d_name || strchr(d->d_name, '/')) {
			errno = EUCLEAN;
			return walk_fail(err, dir, NULL, "impossible name in the directory");
		}
		add_name(win, d->d_ino, d->d_name);
	}
	sort(win);
	return 0;
}

void window_release(struct window *win)
{
	free(win->v);
	free(win->text);
	free(win->raw);
}
