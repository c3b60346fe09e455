/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Open addressing with linear probing. Inode numbers are often consecutive, so a
 * multiplication spreads them; its high bits choose the part, lower ones the slot.
 * Growing one part of 64 at a time keeps the peak of old and new small.
 */
#include "base/links.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/pool.h"

#define PARTS 64
#define FIRST_CAP 16

struct part {
	pthread_mutex_t lock;
	size_t nr, cap;
	struct link_slot *slot;
};

struct links {
	struct part part[PARTS];
};

static uint64_t spread(uint64_t ino)
{
	return ino * UINT64_C(0x9E3779B97F4A7C15);
}

static struct part *part_of(struct links *links, uint64_t ino)
{
	return &links->part[spread(ino) >> 58];
}

struct links *links_new(void)
{
	struct links *links = xcalloc(1, sizeof(*links));

	for (unsigned i = 0; i < PARTS; i++)
		pthread_mutex_init(&links->part[i].lock, NULL);
	return links;
}

void links_free(struct links *links)
{
	if (!links)
		return;
	for (unsigned i = 0; i < PARTS; i++) {
		pthread_mutex_destroy(&links->part[i].lock);
		free(links->part[i].slot);
	}
	free(links);
}

/* The slot of ino, or the free one where it belongs (ino 0 is no inode). */
static struct link_slot *probe(const struct part *p, uint64_t ino)
{
	size_t i = (size_t)(spread(ino) >> 20) & (p->cap - 1);

	while (p->slot[i].ino && p->slot[i].ino != ino)
		i = (i + 1) & (p->cap - 1);
	return &p->slot[i];
}

static void grow(struct part *p)
{
	struct part bigger = { .cap = p->cap ? 2 * p->cap : FIRST_CAP };

	bigger.slot = xcalloc(bigger.cap, sizeof(*bigger.slot));
	for (size_t i = 0; i < p->cap; i++)
		if (p->slot[i].ino)
			*probe(&bigger, p->slot[i].ino) = p->slot[i];
	free(p->slot);
	p->cap = bigger.cap;
	p->slot = bigger.slot;
}

struct link_slot *links_hold(struct links *links, uint64_t ino)
{
	struct part *p = part_of(links, ino);
	struct link_slot *slot;

	pthread_mutex_lock(&p->lock);
	if (4 * (p->nr + 1) > 3 * p->cap)
		grow(p);
	slot = probe(p, ino);
	if (!slot->ino) {
		slot->ino = ino;
		p->nr++;
	}
	return slot;
}

void links_let_go(struct links *links, uint64_t ino)
{
	pthread_mutex_unlock(&part_of(links, ino)->lock);
}

uint64_t links_value(struct links *links, uint64_t ino)
{
	struct part *p = part_of(links, ino);
	uint64_t value = 0;

	pthread_mutex_lock(&p->lock);
	if (p->cap)
		value = probe(p, ino)->value;
	pthread_mutex_unlock(&p->lock);
	return value;
}

void links_each(struct links *links, void (*one)(void *ctx, const struct link_slot *slot), void *ctx)
{
	for (unsigned i = 0; i < PARTS; i++)
		for (size_t k = 0; k < links->part[i].cap; k++)
			if (links->part[i].slot[k].ino)
				one(ctx, &links->part[i].slot[k]);
}
