/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The choice of container numbers. Looks at the disk through openvz/layout.h only: a
 * number is in use when a configuration, a private or a root area has it, or another
 * guest of the plan. What a person asked for is kept and complained about; what was
 * derived gives way.
 */
#include "decide/ctid.h"

#include <string.h>

#include "base/units.h"

#define CONTEXT_HIGHEST 49151	/* static contexts end here */

struct assignment {
	const struct ctid_request *request;
	struct ctid_pick *picks;
	struct pool *pool;
	struct findings *findings;
	struct known_cts known;
	bool *selected;		/* of all guests */
	size_t *holder;		/* slots of a table by number: guest + 1, 0: free */
	size_t *other;		/* guests: the next one with the same number + 1; 0: none */
	size_t slots;
};

static bool is_selected(const struct assignment *a, const struct guest *guest)
{
	return a->selected[guest - a->request->all->v];
}

static bool is_valid(uint32_t ctid)
{
	return ctid >= CTID_LOWEST && ctid <= CTID_HIGHEST;
}

static bool is_known(const struct assignment *a, uint32_t ctid)
{
	return layout_container(&a->known, ctid) != NULL;
}

static size_t *holder_of(const struct assignment *a, uint32_t ctid)
{
	size_t i = ctid * 2654435761u & (a->slots - 1);

	while (a->holder[i] && a->picks[a->holder[i] - 1].ctid != ctid)
		i = (i + 1) & (a->slots - 1);
	return &a->holder[i];
}

/* A guest gets a number, once. Who has the same one follows in the order of the guests. */
static void pick(struct assignment *a, size_t guest, uint32_t ctid, const char *from)
{
	size_t *at = holder_of(a, ctid);

	a->picks[guest] = (struct ctid_pick){ ctid, from };
	if (!ctid)
		return;
	while (*at && *at - 1 < guest)
		at = &a->other[*at - 1];
	a->other[guest] = *at;
	*at = guest + 1;
}

/* The first guest that has the number already; NULL: none. */
static const struct guest *picked_by(const struct assignment *a, uint32_t ctid, size_t except)
{
	size_t at = ctid ? *holder_of(a, ctid) : 0;

	if (at && at - 1 == except)
		at = a->other[except];
	return at ? &a->request->all->v[at - 1] : NULL;
}

/* *who: NULL where the number is free on the disk, else what has it. */
static int find_owner(const char **who, const struct assignment *a, uint32_t ctid,
		      struct err *err)
{
	struct remains remains;

	*who = NULL;
	if (layout_remains(&remains, a->request->host, a->request->root, ctid, a->pool, err) < 0)
		return -1;
	*who = remains.conf ? remains.conf : remains.private ? remains.private : remains.root;
	return 0;
}

static const struct ctid_choice *find_choice(const struct ctid_choice *v, size_t nr,
					     const char *guest)
{
	for (size_t i = 0; i < nr; i++)
		if (strcmp(v[i].guest, guest) == 0)
			return &v[i];
	return NULL;
}

static void pick_chosen(struct assignment *a, const struct ctid_choice *v, size_t nr,
			const char *from)
{
	const struct guests *all = a->request->all;

	for (size_t i = 0; i < all->nr; i++) {
		const struct ctid_choice *choice = find_choice(v, nr, all->v[i].name);

		if (choice && !all->v[i].barred && !a->picks[i].from)
			pick(a, i, choice->ctid, from);
	}
}

/* Everything that was asked for, once all of it is known. */
static int judge_chosen(struct assignment *a, size_t nr, struct err *err)
{
	const struct guest *guest = &a->request->all->v[nr], *other;
	const struct ctid_pick *pick = &a->picks[nr];
	const char *who;

	if (!pick->from || guest->state == GUEST_CONVERTED || !is_selected(a, guest))
		return 0;
	if (!is_valid(pick->ctid)) {
		finding_add(a->findings, VS_CTID_INVALID, guest->name, guest->conf,
			    "%u, from the %s", pick->ctid, pick->from);
		return 0;
	}
	if (find_owner(&who, a, pick->ctid, err) < 0)
		return -1;
	if (who)
		finding_add(a->findings, VS_CTID_TAKEN, guest->name, who,
			    "%u, from the %s", pick->ctid, pick->from);
	other = picked_by(a, pick->ctid, nr);
	if (other && other->state != GUEST_CONVERTED)
		finding_add(a->findings, VS_CTID_DUPLICATE, guest->name, guest->conf,
			    "%u is asked for guest '%s' as well", pick->ctid, show(other->name));
	return 0;
}

/* 0: the name suggests none. */
static uint32_t from_digits(const struct guest *guest)
{
	const char *digits = guest->name + strlen(guest->name);
	uint64_t nr;

	while (digits > guest->name && digits[-1] >= '0' && digits[-1] <= '9')
		digits--;
	if (!*digits || !parse_u64(digits, CTID_HIGHEST, &nr))
		return 0;
	return nr >= CTID_LOWEST ? (uint32_t)nr : 0;
}

static uint32_t from_context(const struct guest *guest)
{
	bool fits = guest->xid >= (int64_t)CTID_LOWEST && guest->xid <= CONTEXT_HIGHEST;

	return fits ? (uint32_t)guest->xid : 0;
}

static void note_change(const struct assignment *a, const struct guest *guest, uint32_t ctid,
			const char *from, const char *who)
{
	if (is_selected(a, guest))
		finding_add(a->findings, VS_CTID_CHANGED, guest->name, guest->conf,
			    "the %s suggests %u, which %s has", from, ctid, show(who));
}

static int pick_derived(struct assignment *a, uint32_t (*derive)(const struct guest *),
			const char *from, struct err *err)
{
	const struct guests *all = a->request->all;

	for (size_t i = 0; i < all->nr; i++) {
		const struct guest *guest = &all->v[i], *other;
		const char *who = NULL;
		uint32_t ctid = a->picks[i].from || guest->barred ? 0 : derive(guest);

		if (!ctid)
			continue;
		other = picked_by(a, ctid, i);
		if (other)
			who = pool_printf(a->pool, "guest '%s'", other->name);
		else if (find_owner(&who, a, ctid, err) < 0)
			return -1;
		if (who)
			note_change(a, guest, ctid, from, who);
		else
			pick(a, i, ctid, from);
	}
	return 0;
}

/* Free in every respect: no hook, dump or quota file of an earlier container either. */
static int is_free(bool *out, const struct assignment *a, uint32_t ctid, struct err *err)
{
	struct remains r;

	*out = false;
	if (is_known(a, ctid) || picked_by(a, ctid, SIZE_MAX))
		return 0;
	if (layout_remains(&r, a->request->host, a->request->root, ctid, a->pool, err) < 0)
		return -1;
	*out = !r.conf && !r.private && !r.root && !r.dump && !r.quota && !r.nr_hooks;
	return 0;
}

static int pick_free(struct assignment *a, struct err *err)
{
	const struct guests *all = a->request->all;
	uint32_t next = a->request->choices->ctid_base;

	if (next < CTID_LOWEST)
		next = CTID_LOWEST;
	for (size_t i = 0; i < all->nr; i++) {
		bool is = all->v[i].barred;

		for (; !a->picks[i].from && next <= CTID_HIGHEST && !is; next++) {
			if (is_free(&is, a, next, err) < 0)
				return -1;
			if (is)
				pick(a, i, next, "lowest free number");
		}
	}
	return 0;
}

static void make_table(struct assignment *a)
{
	const struct ctid_request *request = a->request;
	size_t nr = request->all->nr;

	for (a->slots = 64; a->slots < nr * 4;)
		a->slots *= 2;
	a->holder = pool_array(a->pool, a->slots, sizeof(*a->holder));
	a->other = pool_array(a->pool, nr + 1, sizeof(*a->other));
	a->selected = pool_array(a->pool, nr + 1, sizeof(*a->selected));
	for (size_t i = 0; i < request->nr_selected; i++)
		a->selected[request->selected[i] - request->all->v] = true;
}

int ctid_assign(struct ctid_pick *picks, const struct ctid_request *request,
		struct pool *pool, struct findings *findings, struct err *err)
{
	struct assignment a = {
		.request = request, .picks = picks, .pool = pool, .findings = findings,
	};
	const struct choices *choices = request->choices;
	const struct guests *all = request->all;

	if (layout_known(&a.known, request->host, request->root, pool, err) < 0)
		return -1;
	make_table(&a);
	for (size_t i = 0; i < all->nr; i++) {
		bool converted = all->v[i].state == GUEST_CONVERTED;

		pick(&a, i, converted ? all->v[i].marker_ctid : 0,
		     converted ? "earlier conversion" : NULL);
	}
	pick_chosen(&a, choices->explicit, choices->nr_explicit, "command line");
	pick_chosen(&a, choices->map, choices->nr_map, "map file");
	for (size_t i = 0; i < all->nr; i++)
		if (judge_chosen(&a, i, err) < 0)
			return -1;
	if (pick_derived(&a, from_digits, "name's last digits", err) < 0 ||
	    pick_derived(&a, from_context, "static context", err) < 0)
		return -1;
	return pick_free(&a, err);
}

uint32_t decide_ctid(const struct guest *guest, const struct guests *all,
		     const struct host *host, const struct root *root,
		     const struct choices *choices, struct pool *pool, const char **from)
{
	struct ctid_request request = {
		.all = all, .host = host, .root = root, .choices = choices,
	};
	struct ctid_pick *picks = pool_array(pool, all->nr + 1, sizeof(*picks));
	struct findings none = { .pool = pool };
	struct err err;

	*from = NULL;
	if (ctid_assign(picks, &request, pool, &none, &err) < 0)
		return 0;
	for (size_t i = 0; i < all->nr; i++) {
		if (&all->v[i] != guest && strcmp(all->v[i].name, guest->name) != 0)
			continue;
		*from = picks[i].from;
		return picks[i].ctid;
	}
	return 0;
}
