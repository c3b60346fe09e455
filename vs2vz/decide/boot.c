/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Start order and stop time of one container. The numbers of BOOTORDER come from
 * bootorder.c, which looks at all guests; here the items get their fate.
 */
#include <string.h>

#include "base/units.h"
#include "decide/translate.h"
#include "vserver/number.h"
#include "vserver/value.h"

#define STOP_USUAL 120u		/* seconds, built into vzctl */

static void set_order(struct translation *t)
{
	bool legacy = t->guest->style == STYLE_LEGACY;
	const struct item *item = own_item(t, legacy ? "PRIORITY" : "apps/init/depends");
	const char **lines, *differs;

	if (t->bootorder)
		set_param(t, "BOOTORDER", pool_printf(t->pool, "%u", t->bootorder),
			  item ? item->path : "others depend on it");
	if (!item)
		return;
	if (legacy ? !item->len : !value_list(item, t->pool, &lines, &differs))
		claim_item(t, item, VERDICT_NOT_NEEDED, NULL, "empty");
	else if (legacy && !t->bootorder)
		claim_item(t, item, VERDICT_MANUAL, NULL, "no number that tells an order");
	else
		claim_item(t, item, VERDICT_SAME, t->bootorder ? "BOOTORDER" : NULL,
			   t->bootorder ? NULL : "starts last, as a guest without BOOTORDER does");
}

/* "15\n5\n9\n": signal, seconds, signal; the seconds are every second line. */
static void set_stop(struct translation *t)
{
	const struct item *item = own_item(t, "apps/init/killseq");
	const char **lines, *differs;
	size_t nr = value_list(item, t->pool, &lines, &differs);
	uint64_t seconds = 0;

	if (!item)
		return;
	for (size_t i = 1; i < nr; i += 2) {
		struct number n = number_of(lines[i]);

		if (n.ok && !n.negative)
			seconds = add_u64(seconds, n.value);
	}
	if (seconds > STOP_USUAL && seconds <= INT32_MAX) {
		set_param(t, "STOP_TIMEOUT", pool_printf(t->pool, "%llu",
			  (unsigned long long)seconds), "apps/init/killseq");
		claim_item(t, item, VERDICT_NEAR, "STOP_TIMEOUT", NULL);
	} else {
		claim_item(t, item, VERDICT_NOT_NEEDED, NULL,
			   "vzctl halts the guest and waits 120 seconds");
	}
}

void set_boot(struct translation *t)
{
	set_order(t);
	set_stop(t);
}
