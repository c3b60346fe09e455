/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System capabilities. What the guest had is VServer's secure set with bcapabilities
 * (or `capabilities`, S_CAPS) added and taken away; what a container has is OpenVZ's
 * default set. The least that keeps the guest working:
 *
 *	had, default		nothing to do
 *	had, not default	NAME:on, if it reaches no further than the container;
 *				NET_ADMIN and SYS_ADMIN: VE_ADMIN does for containers
 *				what they were needed for
 *	had, cannot be given	VS_RIGHTS_LOST
 *	never had, default	VS_RIGHTS_GAINED; NAME:off with RIGHTS_LEAST
 *
 * VE_ADMIN stays in any case: vzctl's own scripts need it to bring up the network.
 */
#include "decide/rights.h"

#include <string.h>

#include "base/buf.h"
#include "openvz/caps.h"
#include "vserver/value.h"

#define BIT(n) (1ULL << (n))
enum {
	NET_ADMIN = 12, NET_RAW = 13, SYS_MODULE = 16, SYS_RAWIO = 17, SYS_PACCT = 20,
	SYS_ADMIN = 21, SYS_TIME = 25, AUDIT_CONTROL = 30,
};

/* CHOWN to SETUID, NET_BIND_SERVICE, SYS_CHROOT, SYS_PTRACE, SYS_BOOT, ... */
static const uint64_t secure_set =
	0xff | BIT(10) | BIT(18) | BIT(19) | BIT(22) | BIT(26) | BIT(28) | BIT(29) | BIT(31);

/* They change the machine or its kernel, not the container: not given away unasked. */
static const uint64_t whole_machine = BIT(SYS_MODULE) | BIT(SYS_RAWIO);
static const uint64_t by_ve_admin = BIT(NET_ADMIN) | BIT(SYS_ADMIN);

static const char *const lists[] = { "bcapabilities", "capabilities", "S_CAPS" };

static void read_list(struct translation *t, const struct item *item, enum flag_kind kind,
		      struct flags *out)
{
	const char **lines, *differs;
	size_t nr;

	if (t->guest->style == STYLE_LEGACY) {
		flags_add(out, kind, item->text, t->pool);
		return;
	}
	nr = value_list(item, t->pool, &lines, &differs);
	for (size_t i = 0; i < nr; i++)
		flags_add(out, kind, lines[i], t->pool);
	if (differs)
		finding_add(t->findings, VS_READ_DIFFERS, t->guest->name, item->path, "%s", differs);
}

struct flags flags_of(struct translation *t, const char *path, enum flag_kind kind)
{
	const struct item *item = own_item(t, path);
	struct flags out = { 0 };

	if (!item || (item->type != ITEM_FILE && t->guest->style == STYLE_RECENT))
		return out;
	read_list(t, item, kind, &out);
	if (out.unknown)
		finding_add(t->findings, VS_FLAG_UNKNOWN, t->guest->name, path,
			    "'%s' is no name that VServer knows", show(out.unknown));
	return out;
}

const char *names_of(struct translation *t, enum flag_kind kind, uint64_t bits)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	for (unsigned i = 0; i < 64; i++) {
		const char *name = flag_name(kind, i);

		if (!(bits & BIT(i)))
			continue;
		if (name)
			buf_addf(&out, "%s%s", out.len ? " " : "", name);
		else
			buf_addf(&out, "%s^%u", out.len ? " " : "", i);
	}
	return pool_memdup(t->pool, out.data, out.len);
}

/* Bits of a container by their Linux numbers; the one that OpenVZ took is left out. */
static uint64_t default_set(void)
{
	uint64_t set = 0;

	for (unsigned i = 0; i < CAPS_NR; i++)
		if (i != CAPS_VE_ADMIN && caps_default(i))
			set |= BIT(i);
	return set;
}

static void switch_caps(struct translation *t, uint64_t bits, const char *to, const char *from)
{
	for (unsigned i = 0; i < CAPS_NR; i++)
		if (bits & BIT(i))
			add_token(t, "CAPABILITY",
				  pool_printf(t->pool, "%s:%s", caps_name(i), to), from);
}

static void claim_list(struct translation *t, const struct item *item, uint64_t asked,
		       uint64_t lost)
{
	const char *reason = NULL;

	if (lost & asked) {
		claim_item(t, item, VERDICT_MANUAL, NULL,
			   pool_printf(t->pool, "%s is not given to the container",
				       names_of(t, FLAG_SYSTEM, lost & asked)));
		return;
	}
	if (asked & by_ve_admin)
		reason = pool_printf(t->pool, "VE_ADMIN, which every container has, stands for %s",
				     names_of(t, FLAG_SYSTEM, asked & by_ve_admin));
	if (asked & (BIT(SYS_PACCT) | BIT(SYS_TIME)))
		claim_item(t, item, reason ? VERDICT_NEAR : VERDICT_SAME, "CAPABILITY", reason);
	else if (reason)
		claim_item(t, item, VERDICT_NEAR, NULL, reason);
	else
		claim_item(t, item, VERDICT_NOT_NEEDED, NULL,
			   "every container has what is listed here");
}

static void report_gains(struct translation *t, uint64_t gained)
{
	const char *names = names_of(t, FLAG_SYSTEM, gained);

	if (t->rights == RIGHTS_LEAST) {
		switch_caps(t, gained, "off", "rights");
		finding_add(t->findings, VS_RIGHTS_GAINED, t->guest->name, "CAPABILITY",
			    "switched off: %s; what is left: VE_ADMIN", names);
	} else {
		finding_add(t->findings, VS_RIGHTS_GAINED, t->guest->name, "CAPABILITY",
			    "%s VE_ADMIN", names);
	}
}

/* Also of the context: raw ICMP was given without NET_RAW. */
void set_capabilities(struct translation *t, bool raw_icmp)
{
	enum flag_kind kind = FLAG_SYSTEM;
	struct flags all = { 0 };
	uint64_t had, lost;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct flags one = flags_of(t, lists[i], i ? FLAG_LEGACY_SYSTEM : kind);

		all.set = (all.set & ~one.cleared) | one.set;
		all.cleared = (all.cleared & ~one.set) | one.cleared;
	}
	had = (secure_set | all.set) & ~all.cleared;
	lost = all.set & (whole_machine | ~(BIT(CAPS_NR) - 1) | BIT(AUDIT_CONTROL));
	switch_caps(t, had & ~default_set() & ~lost & ~by_ve_admin, "on", "bcapabilities");
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct item *item = own_item(t, lists[i]);

		if (item && item->type != ITEM_DIR && (item->len || t->guest->style == STYLE_RECENT))
			claim_list(t, item, all.set, lost);
	}
	report_gains(t, default_set() & ~had & ~(raw_icmp ? BIT(NET_RAW) : 0));
}
