/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Start order over all guests of the host: apps/init/depends names guests that run
 * first, PRIORITY of the legacy style ascends in the order of starts. BOOTORDER
 * descends: larger starts first, and a container without it comes last.
 *
 *	own number	1000 - PRIORITY (100 where unset, if any guest sets it), else 0
 *	number		own, but above that of every guest that depends on this one
 *
 * All guests count, converted in this run or not, so that numbers stay when further
 * ones follow. Guests that wait for one another get no number from that circle.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/units.h"
#include "decide/inside.h"
#include "vserver/value.h"

#define PRIORITY_TOP 1000u
#define PRIORITY_UNSET 100u

enum mark { FRESH, OPEN, DONE };

struct order {
	const struct guests *all;
	struct pool *pool;
	unsigned *number;	/* of all->v, in that order */
	enum mark *mark;
	bool *circle;
	const char ***needs;	/* names that each guest depends on */
	size_t *nr_needs;
	size_t nr_pairs;	/* the same the other way, by name */
	struct need {
		const char *name;
		size_t guest;	/* who depends on it */
	} *pair;
};

/* The first guest of a name (they are sorted); all->nr: none. */
static size_t index_of(const struct guests *all, const char *name)
{
	size_t low = 0, high = all->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(all->v[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < all->nr && strcmp(all->v[low].name, name) == 0 ? low : all->nr;
}

static int by_need(const void *left, const void *right)
{
	const struct need *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order ? order : (a->guest > b->guest) - (a->guest < b->guest);
}

/* The first pair of a name, or where it would be. */
static size_t first_need(const struct order *o, const char *name)
{
	size_t low = 0, high = o->nr_pairs;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(o->pair[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The number of a guest after those that depend on it have theirs. */
static void number_guest(struct order *o, size_t guest)
{
	const char *name = o->all->v[guest].name;

	o->mark[guest] = OPEN;
	for (size_t k = first_need(o, name);
	     k < o->nr_pairs && strcmp(o->pair[k].name, name) == 0; k++) {
		size_t i = o->pair[k].guest;

		if (o->mark[i] == FRESH)
			number_guest(o, i);
		if (o->mark[i] == OPEN) {
			o->circle[i] = o->circle[guest] = true;
			continue;
		}
		if (o->number[guest] <= o->number[i])
			o->number[guest] = o->number[i] + 1;
	}
	o->mark[guest] = DONE;
}

static bool priority_of(const struct guest *g, unsigned *out)
{
	const struct item *item = items_find(&g->items, "PRIORITY");
	uint64_t n;

	if (g->style != STYLE_LEGACY || !item || !parse_u64(item->text, PRIORITY_TOP - 1, &n))
		return false;
	*out = (unsigned)n;
	return true;
}

static void own_numbers(struct order *o)
{
	bool any = false;
	unsigned priority;

	for (size_t i = 0; i < o->all->nr; i++)
		any = any || priority_of(&o->all->v[i], &priority);
	for (size_t i = 0; i < o->all->nr && any; i++) {
		if (o->all->v[i].style != STYLE_LEGACY)
			continue;
		if (!priority_of(&o->all->v[i], &priority))
			priority = PRIORITY_UNSET;
		o->number[i] = PRIORITY_TOP - priority;
	}
}

static void read_needs(struct order *o)
{
	for (size_t i = 0; i < o->all->nr; i++) {
		const struct guest *g = &o->all->v[i];
		const char *differs;

		if (g->style == STYLE_RECENT)
			o->nr_needs[i] = value_list(items_find(&g->items, "apps/init/depends"),
						    o->pool, &o->needs[i], &differs);
		o->nr_pairs += o->nr_needs[i];
	}
	o->pair = pool_array(o->pool, o->nr_pairs + 1, sizeof(*o->pair));
	o->nr_pairs = 0;
	for (size_t i = 0; i < o->all->nr; i++)
		for (size_t k = 0; k < o->nr_needs[i]; k++)
			o->pair[o->nr_pairs++] = (struct need){ o->needs[i][k], i };
	if (o->nr_pairs > 1)
		qsort(o->pair, o->nr_pairs, sizeof(*o->pair), by_need);
}

static void report(struct deciding *d, const struct order *o, size_t guest)
{
	const struct guest *g = &o->all->v[guest];

	if (o->circle[guest])
		finding_add(d->findings, VS_START_ORDER, g->name, "apps/init/depends",
			    "guests depend on one another in a circle");
	for (size_t i = 0; i < o->nr_needs[guest]; i++) {
		const char *name = o->needs[guest][i];
		size_t other = index_of(o->all, name);

		if (other == o->all->nr)
			finding_add(d->findings, VS_START_ORDER, g->name, "apps/init/depends",
				    "depends on '%s', which is no guest here", show(name));
		else if (g->on_boot && !o->all->v[other].on_boot)
			finding_add(d->findings, VS_START_ORDER, g->name, "apps/init/depends",
				    "depends on '%s', which does not start at boot: VServer started "
				    "it for this one", show(name));
	}
}

void bootorder_assign(struct deciding *d)
{
	size_t nr = d->all->nr + 1;
	struct order o = {
		.all = d->all, .pool = d->pool,
		.number = pool_array(d->pool, nr, sizeof(*o.number)),
		.mark = pool_array(d->pool, nr, sizeof(*o.mark)),
		.circle = pool_array(d->pool, nr, sizeof(*o.circle)),
		.needs = pool_array(d->pool, nr, sizeof(*o.needs)),
		.nr_needs = pool_array(d->pool, nr, sizeof(*o.nr_needs)),
	};

	own_numbers(&o);
	read_needs(&o);
	for (size_t i = 0; i < o.all->nr; i++)
		if (o.mark[i] == FRESH)
			number_guest(&o, i);
	for (size_t i = 0; i < d->out->nr; i++) {
		size_t guest = (size_t)(d->out->v[i].guest - o.all->v);

		d->out->v[i].bootorder = o.number[guest];
		report(d, &o, guest);
	}
}
