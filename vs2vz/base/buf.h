/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Growable bytes. data always ends in a NUL that len does not count, so text can
 * be used as a string.
 *
 *	struct buf b = BUF_INIT;
 *	buf_addf(&b, "%s=", key);
 *	...
 *	buf_release(&b);
 */
#ifndef VS2VZ_BASE_BUF_H
#define VS2VZ_BASE_BUF_H

#include <stddef.h>

#include "base/err.h"

/* Where long texts go piece by piece while they are made. */
struct buf_sink {
	void (*write)(void *ctx, const void *bytes, size_t len);
	void *ctx;
};

struct buf {
	char *data;
	size_t len;
	size_t cap;
	const struct buf_sink *sink;	/* NULL: all of it stays here */
};

extern char buf_empty[1];
#define BUF_INIT { buf_empty, 0, 0, NULL }
#define BUF_INTO(sink) { buf_empty, 0, 0, sink }

void buf_release(struct buf *b);
void buf_clear(struct buf *b);
void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_addch(struct buf *b, char c);
void buf_adds(struct buf *b, const char *text);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Room for len more bytes; returns where they go. Follow with buf_used(). */
char *buf_room(struct buf *b, size_t len);
void buf_used(struct buf *b, size_t len);

/* Between two parts of a text: what has gathered goes to the sink, where there is one. */
void buf_drain(struct buf *b);
/* All of it, at the end. */
void buf_flush(struct buf *b);

#define CLEANUP_BUF __attribute__((cleanup(buf_release)))

#endif
