/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory by lifetime: everything that is learnt about a host lives in one pool
 * and goes with it. No allocation ever returns NULL.
 *
 *	struct pool pool = POOL_INIT;
 *	name = pool_strdup(&pool, text);
 *	...
 *	pool_release(&pool);
 *
 * A pool belongs to one thread.
 */
#ifndef VS2VZ_BASE_POOL_H
#define VS2VZ_BASE_POOL_H

#include <stddef.h>

#include "base/err.h"

struct pool {
	struct pool_block *last;
};

#define POOL_INIT { NULL }

void pool_release(struct pool *pool);
/* Zeroed, aligned for any type. */
void *pool_alloc(struct pool *pool, size_t size);
/* nr * size with overflow checked. */
void *pool_array(struct pool *pool, size_t nr, size_t size);
char *pool_strdup(struct pool *pool, const char *text);
/* len bytes and a final NUL; not aligned: for texts. */
char *pool_memdup(struct pool *pool, const void *bytes, size_t len);
char *pool_printf(struct pool *pool, const char *fmt, ...) PRINTF_LIKE(2, 3);

/*
 * A growing array inside a pool: v is the address of the array's pointer, *nr elements
 * of the given size are used, *cap have room. Counts one more, moves the array where it
 * must, returns the new zeroed element. Pointers into the array are void then.
 *
 *	struct item *it = pool_grow(pool, &items->v, &items->nr, &items->cap, sizeof(*it));
 */
void *pool_grow(struct pool *pool, void *v, size_t *nr, size_t *cap, size_t size);

/* malloc and friends that die; for what a pool does not fit. */
void *xmalloc(size_t size);
void *xcalloc(size_t nr, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);

#endif
