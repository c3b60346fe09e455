/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A chain of blocks, each filled from the front; large requests get a block of
 * their own. Nothing is freed singly.
 */
#include "base/pool.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE (16 * 1024)

struct pool_block {
	struct pool_block *older;
	size_t used;
	size_t size;
	alignas(max_align_t) char bytes[];
};

void pool_release(struct pool *pool)
{
	while (pool->last) {
		struct pool_block *older = pool->last->older;

		free(pool->last);
		pool->last = older;
	}
}

void *pool_alloc(struct pool *pool, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct pool_block *b = pool->last;
	void *out;

	if (size > SIZE_MAX / 2)
		die("%zu bytes asked for", size);
	size = (size + align - 1) / align * align;
	if (!b || b->size - b->used < size) {
		size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;

		b = xmalloc(sizeof(*b) + room);
		b->older = pool->last;
		b->used = 0;
		b->size = room;
		pool->last = b;
	}
	out = b->bytes + b->used;
	b->used += size;
	return memset(out, 0, size);
}

void *pool_array(struct pool *pool, size_t nr, size_t size)
{
	if (size && nr > SIZE_MAX / size)
		die("%zu elements asked for", nr);
	return pool_alloc(pool, nr * size);
}

char *pool_memdup(struct pool *pool, const void *bytes, size_t len)
{
	char *out = pool_alloc(pool, len + 1);

	if (len)
		memcpy(out, bytes, len);
	return out;
}

char *pool_strdup(struct pool *pool, const char *text)
{
	return pool_memdup(pool, text, strlen(text));
}

char *pool_printf(struct pool *pool, const char *fmt, ...)
{
	va_list ap, again;
	char *out;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		die("bad format");
	out = pool_alloc(pool, (size_t)len + 1);
	vsnprintf(out, (size_t)len + 1, fmt, again);
	va_end(again);
	return out;
}

void *pool_grow(struct pool *pool, void *v, size_t *nr, size_t *cap, size_t size)
{
	void **where = v;

	if (*nr == *cap) {
		size_t room = *cap ? *cap * 2 : 8;
		void *bigger = pool_array(pool, room, size);

		if (*nr)
			memcpy(bigger, *where, *nr * size);
		*where = bigger;
		*cap = room;
	}
	return (char *)*where + (*nr)++ * size;
}

void *xmalloc(size_t size)
{
	void *out = malloc(size ? size : 1);

	if (!out)
		die("no memory for %zu bytes", size);
	return out;
}

void *xcalloc(size_t nr, size_t size)
{
	void *out = calloc(nr ? nr : 1, size ? size : 1);

	if (!out)
		die("no memory for %zu times %zu bytes", nr, size);
	return out;
}

void *xrealloc(void *old, size_t size)
{
	void *out = realloc(old, size ? size : 1);

	if (!out)
		die("no memory for %zu bytes", size);
	return out;
}

char *xstrdup(const char *text)
{
	size_t len = strlen(text) + 1;

	return memcpy(xmalloc(len), text, len);
}
