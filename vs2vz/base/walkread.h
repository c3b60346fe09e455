/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of a directory, a window at a time, sorted by inode number. Part of walk.c;
 * nobody else includes it.
 */
#ifndef VS2VZ_BASE_WALKREAD_H
#define VS2VZ_BASE_WALKREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/walk.h"

#define WINDOW_MOST 16384
#define WINDOW_TEXT (1024 * 1024)

struct walk_name {
	uint64_t ino;
	uint32_t at;		/* in text */
};

struct window {
	struct walk_name *v;
	size_t nr, cap;
	char *text;
	size_t text_len, text_cap;
	char *raw;		/* what getdents64 gave */
	size_t raw_len, raw_at;
};

/* Set up for a directory whose reading begins or goes on at dir->offset. */
int window_start(struct window *win, struct walk_dir *dir, struct err *err) MUST_CHECK;
/* The next up to most names; *end: there are no more. Moves dir->offset. */
int window_fill(struct window *win, struct walk_dir *dir, size_t most, bool *end,
		struct err *err) MUST_CHECK;
void window_release(struct window *win);

#endif
