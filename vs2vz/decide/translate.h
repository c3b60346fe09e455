/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of the translation: what the map functions of rules.c work on. Nobody
 * outside decide/ needs it.
 */
#ifndef VS2VZ_DECIDE_TRANSLATE_H
#define VS2VZ_DECIDE_TRANSLATE_H

#include "decide/rules.h"

struct translation {
	const struct guest *guest;
	const struct host *host;
	struct ct *ct;
	struct pool *pool;
	struct findings *findings;
	struct fate **later;	/* fates for the administrator, in the order of the items */
	size_t nr_later;
};

/* settings.c: what the guest's nouns say, in the order of CTID.conf. */
void set_onboot(struct ct *ct, const struct guest *guest, struct pool *pool);
void set_hostname(struct ct *ct, const struct guest *guest, struct pool *pool,
		  struct findings *findings);
void set_addresses(struct ct *ct, const struct guest *guest, const struct host *host,
		   struct pool *pool, struct findings *findings);

/* An item's text in one line, printable and short. */
const char *item_value(const struct item *item, struct pool *pool);

/* maps.c: a directory, claimed as one. */
void map_folder(struct translation *t, const struct item *item, struct fate *fate);
/* Known, and left to the administrator: one VS_ITEM_LATER per group of items. */
void map_later(struct translation *t, const struct item *item, struct fate *fate);
void map_mark(struct translation *t, const struct item *item, struct fate *fate);
void map_hostname(struct translation *t, const struct item *item, struct fate *fate);
void map_address(struct translation *t, const struct item *item, struct fate *fate);
void map_shared_address(struct translation *t, const struct item *item, struct fate *fate);
void map_network(struct translation *t, const struct item *item, struct fate *fate);
void map_packages(struct translation *t, const struct item *item, struct fate *fate);
void map_script(struct translation *t, const struct item *item, struct fate *fate);
void map_start(struct translation *t, const struct item *item, struct fate *fate);
void map_style(struct translation *t, const struct item *item, struct fate *fate);
void map_flags_old(struct translation *t, const struct item *item, struct fate *fate);
void map_legacy_flags(struct translation *t, const struct item *item, struct fate *fate);
/* maps_fstab.c */
void map_fstab(struct translation *t, const struct item *item, struct fate *fate);
/* maps_inherited.c: items of .defaults, void where the guest has its own. */
void map_inherited(struct translation *t, const struct item *item, struct fate *fate);
void map_inherited_cgroup(struct translation *t, const struct item *item, struct fate *fate);
void map_inherited_network(struct translation *t, const struct item *item, struct fate *fate);
void map_inherited_script(struct translation *t, const struct item *item, struct fate *fate);

#endif
