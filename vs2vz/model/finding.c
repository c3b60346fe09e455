/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of findings: adding, lifting, asking, sorting. Knows the table of kinds
 * by its header only; prints nothing (report_text.c does).
 */
#include "model/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/shown.h"
#include "base/units.h"

const struct finding_kind *finding_kind(unsigned id)
{
	size_t low = 0, high = nr_finding_kinds;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (finding_kinds[mid].id == id)
			return &finding_kinds[mid];
		if (finding_kinds[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

const struct finding_kind *finding_by_word(const char *word)
{
	uint64_t id;

	if ((word[0] == 'V' || word[0] == 'v') && (word[1] == 'S' || word[1] == 's') &&
	    parse_u64(word + 2, 999, &id))
		return finding_kind((unsigned)id);
	for (size_t i = 0; i < nr_finding_kinds; i++)
		if (strcmp(finding_kinds[i].name, word) == 0)
			return &finding_kinds[i];
	return NULL;
}

/*
 * Chains of the findings of each guest in a hash table. What was added since the last
 * question is taken in with the next one; a list that was cut or sorted begins anew.
 */
struct finding_index {
	size_t nr;		/* findings that are in it */
	size_t cap;
	size_t *next;		/* of a finding, the next one of its guest */
	size_t used, slots;	/* slots: a power of two */
	struct chain {
		size_t first, last;	/* FINDING_NONE: a free slot */
	} *slot;
};

static uint32_t hash_of(const char *guest)
{
	uint32_t hash = 2166136261u;

	for (; guest && *guest; guest++)
		hash = (hash ^ (unsigned char)*guest) * 16777619u;
	return hash;
}

static bool is_about(const struct finding *finding, const char *guest)
{
	if (!guest || !finding->guest)
		return guest == finding->guest;
	return strcmp(finding->guest, guest) == 0;
}

/* The chain of a guest, or the free slot for it; the table is never full. */
static struct chain *chain_of(const struct findings *f, const char *guest)
{
	const struct finding_index *x = f->index;
	size_t i = hash_of(guest) & (x->slots - 1);

	while (x->slot[i].first != FINDING_NONE && !is_about(&f->v[x->slot[i].first], guest))
		i = (i + 1) & (x->slots - 1);
	return &x->slot[i];
}

static void make_slots(const struct findings *f, size_t slots)
{
	struct finding_index *x = f->index;

	x->slots = slots;
	x->used = 0;
	x->slot = pool_array(f->pool, slots, sizeof(*x->slot));
	for (size_t i = 0; i < slots; i++)
		x->slot[i].first = FINDING_NONE;
	for (size_t i = 0; i < x->cap; i++)
		x->next[i] = FINDING_NONE;
	x->nr = 0;
}

static void chain_in(const struct findings *f, size_t nr)
{
	struct finding_index *x = f->index;
	struct chain *chain = chain_of(f, f->v[nr].guest);

	x->next[nr] = FINDING_NONE;
	if (chain->first == FINDING_NONE) {
		chain->first = nr;
		x->used++;
	} else {
		x->next[chain->last] = nr;
	}
	chain->last = nr;
	x->nr = nr + 1;
}

static void bring_up(const struct findings *f)
{
	struct finding_index *x = f->index;

	while (x->cap < f->nr) {
		size_t used = x->cap;

		pool_grow(f->pool, &x->next, &used, &x->cap, sizeof(*x->next));
	}
	while (x->nr < f->nr) {
		if (x->used * 2 >= x->slots)
			make_slots(f, x->slots ? x->slots * 4 : 64);
		chain_in(f, x->nr);
	}
}

static void forget(struct findings *f)
{
	if (f->index)
		*f->index = (struct finding_index){ .cap = f->index->cap, .next = f->index->next };
}

size_t finding_first(const struct findings *f, const char *guest)
{
	if (!f->nr)
		return FINDING_NONE;
	if (!f->index)	/* the list itself stays as it is */
		((struct findings *)(uintptr_t)f)->index = pool_alloc(f->pool, sizeof(*f->index));
	bring_up(f);
	return chain_of(f, guest)->first;
}

size_t finding_next(const struct findings *f, size_t nr)
{
	return f->index->next[nr];
}

void finding_cut(struct findings *f, size_t nr)
{
	f->nr = nr;
	forget(f);
}

void finding_add(struct findings *f, enum finding_id id, const char *guest,
		 const char *object, const char *fmt, ...)
{
	const struct finding_kind *kind = finding_kind(id);
	struct finding *new;
	char *seen = NULL;
	va_list ap;

	if (!kind)
		die("finding %d has no row", (int)id);
	va_start(ap, fmt);
	if (vasprintf(&seen, fmt, ap) < 0)
		die("out of memory");
	va_end(ap);
	new = pool_grow(f->pool, &f->v, &f->nr, &f->cap, sizeof(*f->v));
	new->kind = kind;
	new->guest = shown_dup(f->pool, guest);
	new->object = shown_dup(f->pool, object);
	new->seen = shown_dup(f->pool, seen);
	free(seen);
}

bool finding_override(struct findings *f, unsigned id, const char *guest, const char *reason)
{
	const struct finding_kind *kind = finding_kind(id);
	const char *who, *why;

	if (!kind || !kind->overridable)
		return false;
	who = shown_dup(f->pool, guest);
	why = shown_dup(f->pool, reason ? reason : "");
	for (size_t i = 0; i < f->nr; i++) {
		struct finding *finding = &f->v[i];

		if (finding->kind == kind && (!guest || is_about(finding, who)))
			finding->override_reason = why;
	}
	return true;
}

bool finding_blocks(const struct findings *f, const char *guest)
{
	CLEANUP_BUF struct buf who = BUF_INIT;

	if (guest)
		shown_add(&who, guest);
	for (size_t i = finding_first(f, guest ? who.data : NULL); i != FINDING_NONE;
	     i = finding_next(f, i))
		if (f->v[i].kind->level == LEVEL_INHIBITOR && !f->v[i].override_reason)
			return true;
	return false;
}

static int compare_text(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

/* The order of the list breaks ties: objects are told apart by address only. */
static int compare(const void *left, const void *right)
{
	const struct finding *a = left, *b = right;
	int order = compare_text(a->guest, b->guest);

	if (order == 0)
		order = (int)b->kind->level - (int)a->kind->level;
	if (order == 0)
		order = (int)a->kind->id - (int)b->kind->id;
	if (order == 0)
		order = compare_text(a->object, b->object);
	if (order == 0)
		order = compare_text(a->seen, b->seen);
	return order;
}

void finding_sort(struct findings *f)
{
	if (f->nr > 1)
		qsort(f->v, f->nr, sizeof(*f->v), compare);
	forget(f);
}
