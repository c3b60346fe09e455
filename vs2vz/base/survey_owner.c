/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners: how often each pair of upper halves occurs, which is what tells a tagged
 * tree from one with large ids, and ids that VServer could not keep.
 *
 * A host has some contexts, and each is one pair, or a few: a table of fixed size
 * serves. A tree with more pairs than that carries no tags, whatever their order.
 */
#include "base/survey_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/pool.h"

#define OWNER_MOST (OWNER_SLOTS / 4 * 3)

/* The slot of a pair, or the free one where it belongs; the table is never full. */
static struct owner_half *slot_of(struct owner_table *t, uint16_t uid, uint16_t gid)
{
	uint32_t key = (uint32_t)uid << 16 | gid;
	uint32_t i = (key * UINT32_C(0x9E3779B1)) >> 22;

	while (t->slot[i].inodes && (t->slot[i].uid != uid || t->slot[i].gid != gid))
		i = (i + 1) % OWNER_SLOTS;
	return &t->slot[i];
}

static void add(struct owner_table *t, const struct owner_half *pair, uint64_t *more)
{
	struct owner_half *slot = slot_of(t, pair->uid, pair->gid);

	if (!slot->inodes && t->nr == OWNER_MOST) {
		*more += pair->inodes;
		return;
	}
	t->nr += !slot->inodes;
	slot->uid = pair->uid;
	slot->gid = pair->gid;
	slot->inodes += pair->inodes;
}

/*
 * An id above the limit of the method was replaced by -2 cut to the limit (kernel patch:
 * include/linux/vserver/tag.h). Cut to 16 bits that is nobody's number as well, which
 * under ID24 is no loss: the caller knows the method.
 */
static void count_lost(struct survey *s, uint32_t uid, uint32_t gid)
{
	bool tag24 = uid >> 24 || gid >> 24;
	bool lost24 = tag24 && ((uid & 0xFFFFFF) == 0xFFFFFE || (gid & 0xFFFFFF) == 0xFFFFFE);
	bool low16 = (uid >> 16 && (uid & 0xFFFF) == 0xFFFE) ||
		     (gid >> 16 && (gid & 0xFFFF) == 0xFFFE);

	s->lost_ids += lost24;
	s->nobody_ids += low16 && !lost24;
}

void owner_count(struct survey *s, struct owner_table *t, const struct stat *st)
{
	const struct owner_half pair = {
		(uint16_t)(st->st_uid >> 16), (uint16_t)(st->st_gid >> 16), 1,
	};

	if (st->st_uid > s->max_uid)
		s->max_uid = st->st_uid;
	if (st->st_gid > s->max_gid)
		s->max_gid = st->st_gid;
	if (pair.uid || pair.gid) {
		s->high_ids++;
		count_lost(s, st->st_uid, st->st_gid);
	}
	add(t, &pair, &s->halves_more);
}

void owner_merge(struct owner_table *into, const struct owner_table *from, uint64_t *more)
{
	for (unsigned i = 0; i < OWNER_SLOTS; i++)
		if (from->slot[i].inodes)
			add(into, &from->slot[i], more);
}

/* The most frequent first; equals by value, so that two walks say the same. */
static int by_frequency(const void *left, const void *right)
{
	const struct owner_half *a = left, *b = right;

	if (a->inodes != b->inodes)
		return a->inodes < b->inodes ? 1 : -1;
	if (a->uid != b->uid)
		return a->uid < b->uid ? -1 : 1;
	return a->gid < b->gid ? -1 : a->gid > b->gid;
}

static unsigned sorted(struct owner_half all[OWNER_MOST], const struct owner_table *t)
{
	unsigned nr = 0;

	for (unsigned i = 0; i < OWNER_SLOTS; i++)
		if (t->slot[i].inodes)
			all[nr++] = t->slot[i];
	qsort(all, nr, sizeof(*all), by_frequency);
	return nr;
}

void owner_finish(struct survey *s, const struct owner_table *t)
{
	struct owner_half all[OWNER_MOST];
	unsigned nr = sorted(all, t);

	s->nr_halves = nr < OWNER_HALVES ? nr : OWNER_HALVES;
	s->half = xmalloc(s->nr_halves * sizeof(*all));
	memcpy(s->half, all, s->nr_halves * sizeof(*all));
	for (unsigned i = s->nr_halves; i < nr; i++)
		s->halves_more += all[i].inodes;
}

/* Words that find no room are in the sum alone. */
void cookie_count(struct survey *s, struct owner_table *t, uint32_t word)
{
	const struct owner_half pair = { (uint16_t)(word >> 16), (uint16_t)word, 1 };
	uint64_t more = 0;

	s->cookies++;
	add(t, &pair, &more);
}

void cookie_finish(struct survey *s, const struct owner_table *t)
{
	struct owner_half all[OWNER_MOST];
	unsigned nr = sorted(all, t);

	s->nr_cookies = nr < COOKIE_WORDS ? nr : COOKIE_WORDS;
	for (unsigned i = 0; i < s->nr_cookies; i++)
		s->cookie[i] = (struct cookie_word){
			(uint32_t)all[i].uid << 16 | all[i].gid, all[i].inodes,
		};
}
