/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of 32 bytes in parts by a hash of the inode number: each part locks, grows and
 * is sorted by itself, so that no operation needs room for a second copy of all. After
 * sorting, the rows of one inode stand together, and one pass over them counts.
 */
#include "base/sharing.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PARTS 64
#define FIRST_CAP 64

struct row {
	uint64_t dev, ino;
	uint64_t missing;	/* names that this tree does not have */
	uint32_t here;		/* names that it has */
	uint32_t tree;
};

struct part {
	pthread_mutex_t lock;
	size_t nr, cap;
	struct row *v;
};

struct tree {
	const char *name;
	bool is_store;
	uint64_t guests, stores, unknown;
	unsigned char *with;	/* a bit for each tree that it shares with */
};

struct sharing {
	struct part part[PARTS];
	unsigned nr;
	struct tree *tree;
};

struct sharing *sharing_new(void)
{
	struct sharing *s = xcalloc(1, sizeof(*s));

	for (unsigned i = 0; i < PARTS; i++)
		pthread_mutex_init(&s->part[i].lock, NULL);
	return s;
}

void sharing_free(struct sharing *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < PARTS; i++) {
		pthread_mutex_destroy(&s->part[i].lock);
		free(s->part[i].v);
	}
	for (unsigned i = 0; i < s->nr; i++)
		free(s->tree[i].with);
	free(s->tree);
	free(s);
}

unsigned sharing_tree(struct sharing *s, const char *name, int is_store)
{
	s->tree = xrealloc(s->tree, (s->nr + 1) * sizeof(*s->tree));
	s->tree[s->nr] = (struct tree){ .name = name, .is_store = is_store };
	return s->nr++;
}

static struct part *part_of(struct sharing *s, uint64_t ino)
{
	return &s->part[(ino * UINT64_C(0x9E3779B97F4A7C15)) >> 58];
}

void sharing_add(struct sharing *s, unsigned tree, dev_t dev, ino_t ino, uint64_t here,
		 uint64_t links)
{
	struct part *p = part_of(s, ino);

	pthread_mutex_lock(&p->lock);
	if (p->nr == p->cap) {
		p->cap = p->cap ? p->cap + p->cap / 2 : FIRST_CAP;
		p->v = xrealloc(p->v, p->cap * sizeof(*p->v));
	}
	p->v[p->nr++] = (struct row){
		.dev = dev,
		.ino = ino,
		.missing = links > here ? links - here : 0,
		.here = here > UINT32_MAX ? UINT32_MAX : (uint32_t)here,
		.tree = tree,
	};
	pthread_mutex_unlock(&p->lock);
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_inode(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	int order = compare(a->dev, b->dev);

	if (!order)
		order = compare(a->ino, b->ino);
	return order ? order : compare(a->tree, b->tree);
}

/* One tree's view of an inode whose rows are v[0..nr). */
static void count_row(struct sharing *s, const struct row *v, size_t nr, size_t mine)
{
	struct tree *t = &s->tree[v[mine].tree];
	bool guests = false, stores = false;
	uint64_t found = 0;

	for (size_t i = 0; i < nr; i++) {
		const struct tree *other = &s->tree[v[i].tree];

		if (other == t)
			continue;
		found += v[i].here;
		guests |= !other->is_store;
		stores |= other->is_store;
		t->with[v[i].tree / 8] |= (unsigned char)(1u << v[i].tree % 8);
	}
	t->guests += guests;
	t->stores += stores;
	t->unknown += found < v[mine].missing;
}

static void join_part(struct sharing *s, struct part *p)
{
	size_t end;

	if (p->nr > 1)
		qsort(p->v, p->nr, sizeof(*p->v), by_inode);
	for (size_t i = 0; i < p->nr; i = end) {
		for (end = i + 1; end < p->nr && p->v[end].ino == p->v[i].ino &&
				  p->v[end].dev == p->v[i].dev; end++)
			;
		for (size_t k = i; k < end; k++)
			count_row(s, p->v + i, end - i, k - i);
	}
}

void sharing_join(struct sharing *s)
{
	for (unsigned i = 0; i < s->nr; i++) {
		struct tree *t = &s->tree[i];

		t->guests = t->stores = t->unknown = 0;
		free(t->with);
		t->with = xcalloc(s->nr / 8 + 1, 1);
	}
	for (unsigned i = 0; i < PARTS; i++)
		join_part(s, &s->part[i]);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void sharing_of(const struct sharing *s, unsigned tree, struct sharers *out, struct pool *pool)
{
	const struct tree *t = &s->tree[tree];

	*out = (struct sharers){
		.guests = t->guests,
		.stores = t->stores,
		.unknown = t->unknown,
		.name = pool_array(pool, s->nr, sizeof(*out->name)),
	};
	for (unsigned i = 0; t->with && i < s->nr; i++)
		if (t->with[i / 8] & 1u << i % 8)
			out->name[out->nr++] = s->tree[i].name;
	if (out->nr > 1)
		qsort(out->name, out->nr, sizeof(*out->name), by_name);
}
