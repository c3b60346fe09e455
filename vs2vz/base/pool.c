/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A chain of blocks, each filled from both ends: objects from the front, aligned; bytes
 * and texts from the back, where none is lost between them. Large requests get a block
 * of their own, behind the one in use, whose rest stays in use. Nothing is freed singly,
 * but an array that grows in a block of its own takes that along.
 */
#include "base/pool.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE (16 * 1024)
#define LARGE (BLOCK_SIZE / 4)

struct pool_block {
	struct pool_block *older, *newer;
	size_t used;		/* from the front */
	size_t left;		/* where the texts at the back begin */
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

static size_t aligned(size_t size)
{
	const size_t align = alignof(max_align_t);

	if (size > SIZE_MAX / 2)
		die("%zu bytes asked for", size);
	return (size + align - 1) / align * align;
}

/* A new block, last or (full from the beginning) behind the last. */
static struct pool_block *add_block(struct pool *pool, size_t size, bool full)
{
	struct pool_block *b = xmalloc(sizeof(*b) + size), *last = pool->last;

	*b = (struct pool_block){ .used = full ? size : 0, .left = size };
	if (full && last) {
		b->newer = last;
		b->older = last->older;
		last->older = b;
	} else {
		b->older = last;
		pool->last = b;
		if (last)
			last->newer = b;
	}
	if (b->older)
		b->older->newer = b;
	return b;
}

/* The block with room for so many bytes. */
static struct pool_block *room_for(struct pool *pool, size_t size)
{
	struct pool_block *b = pool->last;

	return b && b->left - b->used >= size ? b : add_block(pool, BLOCK_SIZE, false);
}

void *pool_alloc(struct pool *pool, size_t size)
{
	struct pool_block *b;
	void *out;

	size = aligned(size);
	if (size > LARGE)
		return memset(add_block(pool, size, true)->bytes, 0, size);
	b = room_for(pool, size);
	out = b->bytes + b->used;
	b->used += size;
	return memset(out, 0, size);
}

/* Bytes without alignment, not cleared. */
static char *text_alloc(struct pool *pool, size_t size)
{
	struct pool_block *b;

	if (size > LARGE)
		return add_block(pool, aligned(size), true)->bytes;
	b = room_for(pool, size);
	b->left -= size;
	return b->bytes + b->left;
}

void *pool_array(struct pool *pool, size_t nr, size_t size)
{
	if (size && nr > SIZE_MAX / size)
		die("%zu elements asked for", nr);
	return pool_alloc(pool, nr * size);
}

char *pool_memdup(struct pool *pool, const void *bytes, size_t len)
{
	char *out = text_alloc(pool, len + 1);

	if (len)
		memcpy(out, bytes, len);
	out[len] = '\0';
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
	out = text_alloc(pool, (size_t)len + 1);
	vsnprintf(out, (size_t)len + 1, fmt, again);
	va_end(again);
	return out;
}

/* An array in a block of its own; the block moves, or grows where it is. */
static void *grow_block(struct pool *pool, void *v, size_t old, size_t size)
{
	struct pool_block *b = (void *)((char *)v - offsetof(struct pool_block, bytes));
	struct pool_block *older = b->older, *newer = b->newer;

	b = xrealloc(b, sizeof(*b) + size);
	memset(b->bytes + old, 0, size - old);
	b->used = b->left = size;
	if (older)
		older->newer = b;
	if (newer)
		newer->older = b;
	else
		pool->last = b;
	return b->bytes;
}

void *pool_grow(struct pool *pool, void *v, size_t *nr, size_t *cap, size_t size)
{
	void **where = v;

	if (*nr == *cap) {
		size_t room = *cap ? *cap * 2 : 8, old = aligned(*cap * size);
		void *bigger;

		if (size && room > SIZE_MAX / 2 / size)
			die("%zu elements asked for", room);
		if (old > LARGE) {
			bigger = grow_block(pool, *where, old, aligned(room * size));
		} else {
			bigger = pool_array(pool, room, size);
			if (*nr)
				memcpy(bigger, *where, *nr * size);
		}
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
