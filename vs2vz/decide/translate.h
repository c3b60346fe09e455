/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of the translation: what the map functions of rules.c work on. Nobody
 * outside decide/ needs it.
 */
#ifndef VS2VZ_DECIDE_TRANSLATE_H
#define VS2VZ_DECIDE_TRANSLATE_H

#include "base/inroot.h"
#include "decide/rules.h"
#include "vserver/flags.h"
#include "vserver/number.h"

/* What is known of an item before the items are judged one by one. */
struct claim {
	const struct item *item;
	enum verdict verdict;
	const char *params;	/* "PRIVVMPAGES VMGUARPAGES": what it went into; NULL: nothing */
	const char *reason;
};

struct translation {
	const struct guest *guest;
	const struct host *host;
	const struct root *root;	/* NULL: no files to look at */
	const struct conf *sample;	/* NULL: limits are not looked at */
	enum rights rights;
	enum limits_from limits;
	unsigned bootorder;
	const char *packages;	/* see struct rules_input */
	enum verdict packages_verdict;
	struct ct *ct;
	struct pool *pool;
	struct findings *findings;
	struct fate **later;	/* fates for the administrator, in the order of the items */
	size_t nr_later;
	struct claim *claims;
	size_t nr_claims, cap_claims;
};

/* claims.c. params and reason may be NULL: nothing set; the row's own reason. */
void claim_item(struct translation *t, const struct item *item, enum verdict verdict,
		const char *params, const char *reason);
/* The same by path; without effect where the guest has no such item. */
void claim_path(struct translation *t, const char *path, enum verdict verdict,
		const char *params, const char *reason);
/*
 * Is there a number to go on with? For one that VServer refused a finding says so,
 * and what has no meaning at all is claimed as void.
 */
bool number_usable(struct translation *t, const struct item *item, const struct number *n);
/* The fate that a claim gives; without one the item is for the administrator. */
void map_claimed(struct translation *t, const struct item *item, struct fate *fate);
/* Set a parameter that vzctl takes; otherwise a finding, and false. */
bool set_param(struct translation *t, const char *key, const char *value, const char *from);
/* Add a blank separated token to a list that the sample may have begun: "nfs:on". */
void add_token(struct translation *t, const char *key, const char *token, const char *from);
/* What the container gets: set, else of the sample; NULL: neither. */
const char *param_value(const struct translation *t, const char *key);
/* An item of the guest, NULL: none; of its cgroup/ or the inherited one. */
const struct item *own_item(const struct translation *t, const char *path);
const struct item *cgroup_item(const struct translation *t, const char *name);
/* rights_flags.c: cflags, flags where that is absent, or S_FLAGS. */
struct flags guest_flags(const struct translation *t);

/* settings.c: what the guest's nouns say, in the order of CTID.conf. */
void set_onboot(struct ct *ct, const struct guest *guest, struct pool *pool);
void set_hostname(struct ct *ct, const struct guest *guest, struct pool *pool,
		  struct findings *findings);
void set_addresses(struct ct *ct, const struct guest *guest, const struct host *host,
		   struct pool *pool, struct findings *findings);
/* limits*.c, cpu.c, disk.c, rights*.c, devices.c, system.c: claim items, set parameters. */
void set_limits(struct translation *t);
void set_processor(struct translation *t);
/* cpuset.c */
void set_binding(struct translation *t);
void set_disk(struct translation *t);
void set_rights(struct translation *t);
void set_devices(struct translation *t);
void set_kernel(struct translation *t);
void set_boot(struct translation *t);

/* An item's text in one line, printable and short. */
const char *item_value(const struct item *item, struct pool *pool);

/* maps.c: a directory, claimed as one. */
void map_folder(struct translation *t, const struct item *item, struct fate *fate);
/* Known, and left to the administrator: one finding per row's kind and group of items. */
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
void map_nis(struct translation *t, const struct item *item, struct fate *fate);
/* maps_fstab.c */
void map_fstab(struct translation *t, const struct item *item, struct fate *fate);
/* maps_inherited.c: items of .defaults, void where the guest has its own. */
void map_inherited(struct translation *t, const struct item *item, struct fate *fate);
void map_inherited_cgroup(struct translation *t, const struct item *item, struct fate *fate);
void map_inherited_network(struct translation *t, const struct item *item, struct fate *fate);
void map_inherited_script(struct translation *t, const struct item *item, struct fate *fate);

#endif
