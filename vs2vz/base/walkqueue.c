/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Order: breadth first, by inode number within a level. Directories deeper than
 * DEEP come before all others and deepest first, so that the descriptors of a very
 * deep branch are still open when it goes on; when too many directories wait, all
 * are taken deepest first.
 */
#include "base/walkqueue.h"

#include <stdlib.h>

#include "base/pool.h"

#define QUEUE_MOST 65536
#define DEEP 32

static bool comes_first(const struct walkqueue *q, const struct walk_dir *a,
			const struct walk_dir *b)
{
	bool deep = q->crowded || a->depth > DEEP || b->depth > DEEP;

	if (a->depth != b->depth)
		return deep ? a->depth > b->depth : a->depth < b->depth;
	return a->ino < b->ino;
}

static void sift_up(struct walkqueue *q, size_t i)
{
	struct walk_dir *dir = q->v[i];

	for (; i && comes_first(q, dir, q->v[(i - 1) / 2]); i = (i - 1) / 2)
		q->v[i] = q->v[(i - 1) / 2];
	q->v[i] = dir;
}

static void sift_down(struct walkqueue *q, size_t i)
{
	struct walk_dir *dir = q->v[i];
	size_t kid;

	while ((kid = 2 * i + 1) < q->nr) {
		if (kid + 1 < q->nr && comes_first(q, q->v[kid + 1], q->v[kid]))
			kid++;
		if (!comes_first(q, q->v[kid], dir))
			break;
		q->v[i] = q->v[kid];
		i = kid;
	}
	q->v[i] = dir;
}

static void set_crowded(struct walkqueue *q, bool crowded)
{
	q->crowded = crowded;
	for (size_t i = q->nr / 2; i-- > 0;)
		sift_down(q, i);
}

void queue_push(struct walkqueue *q, struct walk_dir *dir)
{
	if (q->nr == q->cap) {
		q->cap = q->cap ? 2 * q->cap : 64;
		q->v = xrealloc(q->v, q->cap * sizeof(*q->v));
	}
	q->v[q->nr++] = dir;
	sift_up(q, q->nr - 1);
	if (!q->crowded && q->nr > QUEUE_MOST)
		set_crowded(q, true);
}

struct walk_dir *queue_pop(struct walkqueue *q)
{
	struct walk_dir *first;

	if (!q->nr)
		return NULL;
	first = q->v[0];
	q->v[0] = q->v[--q->nr];
	if (q->nr)
		sift_down(q, 0);
	if (q->crowded && q->nr < QUEUE_MOST / 2)
		set_crowded(q, false);
	return first;
}

void queue_release(struct walkqueue *q)
{
	free(q->v);
	*q = (struct walkqueue){ NULL, 0, 0, false };
}
