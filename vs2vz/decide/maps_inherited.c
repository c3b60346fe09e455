/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Items of CONF/.defaults as one guest inherits them: each is void where the guest
 * has its own of the same name, or a file that switches the inheritance off
 * (util-vserver: scripts/vserver.functions).
 */
#include "decide/translate.h"

#include <string.h>

#include "vserver/value.h"

static bool guest_has(const struct translation *t, const char *path)
{
	return items_find(&t->guest->items, path) != NULL;
}

static bool void_where(struct fate *fate, bool own)
{
	if (own) {
		fate->verdict = VERDICT_NOT_NEEDED;
		fate->reason = "the guest has its own";
	}
	return own;
}

/* Path of the same item in the guest. */
static const char *own_path(const struct item *item)
{
	return item->path + strlen(".defaults/");
}

void map_inherited(struct translation *t, const struct item *item, struct fate *fate)
{
	if (!void_where(fate, guest_has(t, own_path(item))))
		map_later(t, item, fate);
}

/* The guest's directory replaces the default one as a whole. */
void map_inherited_cgroup(struct translation *t, const struct item *item, struct fate *fate)
{
	if (!void_where(fate, guest_has(t, "cgroup") || guest_has(t, "nocgroup")))
		map_claimed(t, item, fate);
}

void map_inherited_network(struct translation *t, const struct item *item, struct fate *fate)
{
	if (!void_where(fate, guest_has(t, "netns") || guest_has(t, "nonetns")))
		map_network(t, item, fate);
}

/* A default script runs only where the guest has none for that action. */
void map_inherited_script(struct translation *t, const struct item *item, struct fate *fate)
{
	const char *own = own_path(item);
	size_t len = strlen("scripts/") + strcspn(own + strlen("scripts/"), "/");

	if (len > 2 && strncmp(own + len - 2, ".d", 2) == 0)
		len -= 2;
	const char *plain = pool_memdup(t->pool, own, len);
	const char *folder = pool_printf(t->pool, "%s.d", plain);
	if (!void_where(fate, guest_has(t, plain) || guest_has(t, folder)))
		map_script(t, item, fate);
}
