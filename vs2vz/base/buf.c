/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Growable bytes; doubles, always keeps room for the final NUL.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"

char buf_empty[1];

void buf_release(struct buf *b)
{
	if (b->cap)
		free(b->data);
	*b = (struct buf)BUF_INIT;
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->cap)
		b->data[0] = '\0';
}

#define DRAIN (32 * 1024)

void buf_flush(struct buf *b)
{
	if (!b->sink || !b->len)
		return;
	b->sink->write(b->sink->ctx, b->data, b->len);
	buf_clear(b);
}

void buf_drain(struct buf *b)
{
	if (b->len >= DRAIN)
		buf_flush(b);
}

char *buf_room(struct buf *b, size_t len)
{
	size_t want = b->len + len + 1;

	if (want < len)
		die("%zu bytes asked for", len);
	if (want > b->cap) {
		size_t cap = b->cap ? b->cap : 64;

		while (cap < want)
			cap = cap > SIZE_MAX / 2 ? want : cap * 2;
		b->data = xrealloc(b->cap ? b->data : NULL, cap);
		b->cap = cap;
		b->data[b->len] = '\0';
	}
	return b->data + b->len;
}

void buf_used(struct buf *b, size_t len)
{
	b->len += len;
	if (b->cap)
		b->data[b->len] = '\0';
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (!len)
		return;
	memcpy(buf_room(b, len), bytes, len);
	buf_used(b, len);
}

void buf_addch(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_adds(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		die("bad format");
	vsnprintf(buf_room(b, (size_t)len), (size_t)len + 1, fmt, again);
	va_end(again);
	buf_used(b, (size_t)len);
}
