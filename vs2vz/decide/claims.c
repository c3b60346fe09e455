/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the set_ functions leave for the judge: a parameter such as PRIVVMPAGES comes
 * from several items, so it is computed once, and each of those items gets a claim
 * that says what became of it. Also the small things that all of them need: the
 * sample's values, lists that grow, values held against vzctl's table.
 */
#include <string.h>

#include "decide/translate.h"
#include "openvz/param.h"
#include "vserver/value.h"

void claim_item(struct translation *t, const struct item *item, enum verdict verdict,
		const char *params, const char *reason)
{
	struct claim *claim = NULL;

	if (!item)
		return;
	for (size_t i = 0; i < t->nr_claims && !claim; i++)
		if (t->claims[i].item == item)
			claim = &t->claims[i];
	if (!claim)
		claim = pool_grow(t->pool, &t->claims, &t->nr_claims, &t->cap_claims,
				  sizeof(*claim));
	*claim = (struct claim){ item, verdict, params, reason };
}

void claim_path(struct translation *t, const char *path, enum verdict verdict,
		const char *params, const char *reason)
{
	claim_item(t, own_item(t, path), verdict, params, reason);
}

bool number_usable(struct translation *t, const struct item *item, const struct number *n)
{
	if (!n->present || n->ok)
		return n->present;
	finding_add(t->findings, VS_LIMIT_UNREADABLE, t->guest->name, item->path,
		    n->meant ? "'%s': %s; it is taken for what it seems to say"
			     : "'%s': %s; it is left out", item_value(item, t->pool), n->differs);
	if (!n->meant)
		claim_item(t, item, VERDICT_NOT_NEEDED, NULL,
			   "no number: VServer did not start the guest with it");
	return n->meant;
}

void map_claimed(struct translation *t, const struct item *item, struct fate *fate)
{
	for (size_t i = 0; i < t->nr_claims; i++) {
		const struct claim *claim = &t->claims[i];

		if (claim->item != item)
			continue;
		fate->verdict = claim->verdict;
		if (claim->reason)
			fate->reason = claim->reason;
		fate->params = claim->params;
		if (claim->verdict == VERDICT_MANUAL)
			map_later(t, item, fate);
		return;
	}
	fate->verdict = VERDICT_MANUAL;
	map_later(t, item, fate);
}

bool set_param(struct translation *t, const char *key, const char *value, const char *from)
{
	const char *fault = param_fault(key, value);

	if (fault) {
		finding_add(t->findings, VS_VALUE_UNSAFE, t->guest->name, from,
			    "%s='%s' %s; it is not set", key, show(value), fault);
		return false;
	}
	ct_set(t->ct, t->pool, key, value, from);
	return true;
}

const char *param_value(const struct translation *t, const char *key)
{
	const char *value = ct_get(t->ct, key);

	if (!value && t->sample)
		value = conf_get(t->sample, key);
	return value;
}

static bool has_token(const char *list, const char *token)
{
	size_t len = strlen(token);

	for (list += strspn(list, " \t"); *list; list += strspn(list, " \t")) {
		size_t here = strcspn(list, " \t");

		if (here == len && strncmp(list, token, len) == 0)
			return true;
		list += here;
	}
	return false;
}

void add_token(struct translation *t, const char *key, const char *token, const char *from)
{
	const char *old = param_value(t, key);

	if (old && has_token(old, token))
		return;
	set_param(t, key, old && *old ? pool_printf(t->pool, "%s %s", old, token) : token, from);
}

const struct item *own_item(const struct translation *t, const char *path)
{
	return items_find(&t->guest->items, path);
}

/* The guest's directory takes the place of the inherited one as a whole. */
const struct item *cgroup_item(const struct translation *t, const char *name)
{
	if (t->guest->style == STYLE_LEGACY)
		return NULL;
	if (own_item(t, "cgroup"))
		return own_item(t, pool_printf(t->pool, "cgroup/%s", name));
	if (own_item(t, "nocgroup"))
		return NULL;
	return items_find(&t->guest->defaults, pool_printf(t->pool, ".defaults/cgroup/%s", name));
}
