/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The evidence of a guest's plan: what it was decided on, and what must be absent. A
 * plan whose evidence changed is stale and does not run.
 */
#include <string.h>

#include "decide/inside.h"
#include "vserver/scan.h"

/*
 * What cannot be had as evidence (behind a link, unreadable) is left out: it could
 * not be checked later either.
 */
static bool add_evidence(struct deciding *d, struct plan *plan, enum input_type type,
			 const char *path)
{
	const char *evidence;
	struct err err;

	if (input_evidence(&evidence, d->root, type, path, d->pool, &err) < 0 || !evidence)
		return false;
	plan_input(plan, d->pool, type, path, evidence);
	return true;
}

/* Present things are not expected to be absent: the findings speak of them. */
static void add_absent(struct deciding *d, struct plan *plan, const char *path)
{
	if (path && !path_exists(d->root, path))
		plan_input(plan, d->pool, INPUT_ABSENT, path, NULL);
}

static void add_item(struct deciding *d, struct plan *plan, const char *dir,
		     const struct item *item)
{
	static const enum input_type types[] = {
		[ITEM_FILE] = INPUT_FILE,
		[ITEM_DIR] = INPUT_NAMES,
		[ITEM_LINK] = INPUT_LINK,
	};

	if (item->type == ITEM_OTHER)
		return;
	add_evidence(d, plan, types[item->type], pool_printf(d->pool, "%s/%s", dir, item->path));
}

/* Of what is inherited, only what the decision depends on. */
static void add_inherited(struct deciding *d, struct decision *decision)
{
	const struct ledger *ledger = &decision->ledger;

	for (size_t i = decision->guest->items.nr; i < ledger->nr; i++)
		if (ledger->v[i].verdict != VERDICT_NOT_NEEDED)
			add_item(d, &decision->plan, decision->guest->install, ledger->v[i].item);
}

static void add_guest_items(struct deciding *d, struct decision *decision)
{
	const struct guest *guest = decision->guest;
	struct plan *plan = &decision->plan;

	if (guest->style == STYLE_LEGACY) {
		add_evidence(d, plan, INPUT_FILE, guest->conf);
		add_absent(d, plan, pool_printf(d->pool, "%s%s", guest->conf,
						VSERVER_LEGACY_SUFFIX));
		return;
	}
	add_evidence(d, plan, INPUT_NAMES, guest->conf);
	for (size_t i = 0; i < guest->items.nr; i++)
		add_item(d, plan, guest->conf, &guest->items.v[i]);
	add_inherited(d, decision);
	add_absent(d, plan, pool_printf(d->pool, "%s/%s", guest->conf, VSERVER_MARK));
	add_absent(d, plan, pool_printf(d->pool, "%s/disabled", guest->conf));
}

int build_inputs(struct deciding *d, struct decision *decision, struct err *err)
{
	const struct guest *guest = decision->guest;
	struct plan *plan = &decision->plan;
	const struct ct *ct = &decision->ct;
	const char *evidence;

	add_guest_items(d, decision);
	if (d->host->vz_conf)
		add_evidence(d, plan, INPUT_FILE, d->host->vz_conf);
	if (ct->sample_path)
		add_evidence(d, plan, INPUT_FILE, ct->sample_path);
	if (input_evidence(&evidence, d->root, INPUT_DIR, guest->tree, d->pool, err) < 0)
		return -1;
	if (!evidence)
		return fail(err, "the tree '%s' is gone", show(guest->tree));
	plan_input(plan, d->pool, INPUT_DIR, guest->tree, evidence);
	add_absent(d, plan, ct->private);
	if (path_exists(d->root, ct->root))
		add_evidence(d, plan, INPUT_DIR, ct->root);
	else
		add_absent(d, plan, ct->root);
	add_absent(d, plan, ct->conf);
	add_absent(d, plan, ct->name_link);
	add_absent(d, plan, retire_path(d, decision));
	return 0;
}
