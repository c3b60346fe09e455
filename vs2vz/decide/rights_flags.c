/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flags of context and network, and the capabilities that VServer added to those of
 * Linux. One row says what becomes of each bit: most of what a flag asked for is what
 * every container is; some have a parameter; some have nothing, and then the guest
 * loses a right. A negated flag asks for less isolation than a container has, and that
 * it cannot get; it is not lost, for nothing in a guest works only because of it.
 */
#include <string.h>

#include "base/buf.h"
#include "decide/rights.h"
#include "vserver/value.h"

#define QUOTA_IDS "5000"	/* users and groups that second-level quota is kept for */

struct flag_row {
	unsigned bit;
	enum verdict verdict;
	const char *reason;	/* NULL: so is every container */
};

static const struct flag_row context_rows[] = {
	{ 3, VERDICT_MANUAL, "private: the host's root may enter any container" },
	{ 8, VERDICT_NEAR, "sched_hard: see CPULIMIT" },
	{ 9, VERDICT_NEAR, "sched_prio: see CPUUNITS" },
	{ 10, VERDICT_MANUAL, "sched_pause: VServer kept the guest frozen" },
	{ 16, VERDICT_NEAR, "virt_mem: meminfo shows the limits of the container" },
	{ 20, VERDICT_MANUAL, "virt_time: a container has the host's clock" },
	{ 38, VERDICT_NEAR, "persistent: a container without processes is stopped" },
	{ 48, VERDICT_NEAR, "fork_rss: fork fails at the memory limit of the container" },
	{ 49, VERDICT_MANUAL, "prolific: a container cannot make others" },
	{ 52, VERDICT_NEAR, "igneg_nice: negative nice levels are allowed" },
	{ 53, VERDICT_NEAR, "igneg_ionice: negative levels are allowed" },
};
static const struct flag_row capability_rows[] = {
	{ 2, VERDICT_NEAR, "fs_security: as far as the host's file system allows" },
	{ 3, VERDICT_MANUAL, "fs_trusted: trusted attributes need SYS_ADMIN" },
	{ 18, VERDICT_NEAR, "binary_mount: FEATURES nfs:on" },
	{ 19, VERDICT_MANUAL, "dev_mount: device nodes on own mounts are not usable" },
	{ 20, VERDICT_NEAR, "quota_ctl: QUOTAUGIDLIMIT" },
	{ 21, VERDICT_MANUAL, "admin_mapper: no device mapper in a container" },
	{ 22, VERDICT_MANUAL, "admin_cloop: no loop devices in a container" },
	{ 24, VERDICT_NEAR, "kthread: FEATURES nfsd:on" },
	{ 25, VERDICT_MANUAL, "namespace: a container cannot make name spaces" },
};
static const struct flag_row network_rows[] = {
	{ 3, VERDICT_MANUAL, "private: the host's root may enter any container" },
};
static const struct flag_row net_capability_rows[] = {
	{ 0, VERDICT_NEAR, "tun_create: the host must have the device (modprobe tun)" },
};
#define ROWS(table) table, sizeof(table) / sizeof(table[0])

struct list {
	const char *path;
	enum flag_kind kind;
	const struct flag_row *rows;
	size_t nr;
	const char *params;
};

static const struct flag_row *row_of(const struct list *list, unsigned bit)
{
	for (size_t i = 0; i < list->nr; i++)
		if (list->rows[i].bit == bit)
			return &list->rows[i];
	return NULL;
}

/* Bits that have no name are those of a kernel that we do not know. */
static void claim_flags(struct translation *t, const struct list *list, struct flags flags)
{
	CLEANUP_BUF struct buf reason = BUF_INIT;
	enum verdict verdict = VERDICT_NOT_NEEDED;
	const struct item *item = own_item(t, list->path);
	uint64_t nameless = 0;

	if (!item || item->type == ITEM_DIR)
		return;
	for (unsigned i = 0; i < 64; i++) {
		const struct flag_row *row = row_of(list, i);

		if (!(flags.set >> i & 1))
			continue;
		if (!flag_name(list->kind, i))
			nameless |= 1ULL << i;
		if (!row)
			continue;
		buf_addf(&reason, "%s%s", reason.len ? "; " : "", row->reason);
		if (verdict != VERDICT_MANUAL)
			verdict = row->verdict;
	}
	if (nameless) {
		buf_addf(&reason, "%sbits without a name: %s", reason.len ? "; " : "",
			 names_of(t, list->kind, nameless));
		verdict = VERDICT_MANUAL;
	}
	claim_item(t, item, verdict, list->params,
		   reason.len ? pool_memdup(t->pool, reason.data, reason.len) : NULL);
}

/* Quietly: what is wrong with the list is said where it is claimed. */
struct flags guest_flags(const struct translation *t)
{
	const struct item *item = own_item(t, own_item(t, "cflags") ? "cflags" : "flags");
	struct flags out = { 0 };
	const char **lines, *differs;
	size_t nr;

	if (t->guest->style == STYLE_LEGACY) {
		item = own_item(t, "S_FLAGS");
		if (item)
			flags_add(&out, FLAG_LEGACY, item->text, t->pool);
		return out;
	}
	nr = value_list(item, t->pool, &lines, &differs);
	for (size_t i = 0; i < nr; i++)
		flags_add(&out, FLAG_CONTEXT, lines[i], t->pool);
	return out;
}

static void set_context(struct translation *t)
{
	struct list list = { "cflags", FLAG_CONTEXT, ROWS(context_rows), NULL };

	if (t->guest->style == STYLE_LEGACY) {
		list.path = "S_FLAGS";
		list.kind = FLAG_LEGACY;
	} else if (!own_item(t, "cflags")) {
		list.path = "flags";
	} else {
		claim_path(t, "flags", VERDICT_NOT_NEEDED, NULL, "cflags takes its place");
	}
	claim_flags(t, &list, flags_of(t, list.path, list.kind));
}

/* True: the guest could send raw ICMP, as the base set of VServer allows. */
static bool set_context_capabilities(struct translation *t)
{
	static const struct list list = {
		"ccapabilities", FLAG_CAPABILITY, ROWS(capability_rows),
		"FEATURES QUOTAUGIDLIMIT",
	};
	struct flags flags = flags_of(t, list.path, list.kind);

	if (flags.set & CCAP_BINARY_MOUNT)
		add_token(t, "FEATURES", "nfs:on", list.path);
	if (flags.set & CCAP_KTHREAD)
		add_token(t, "FEATURES", "nfsd:on", list.path);
	if (flags.set & CCAP_QUOTA_CTL)
		set_param(t, "QUOTAUGIDLIMIT", QUOTA_IDS, list.path);
	claim_flags(t, &list, flags);
	return !(flags.cleared & CCAP_RAW_ICMP);
}

void set_rights(struct translation *t)
{
	static const struct list network = { "nflags", FLAG_NETWORK, ROWS(network_rows), NULL };
	static const struct list net_capability = {
		"ncapabilities", FLAG_NET_CAPABILITY, ROWS(net_capability_rows), "DEVNODES",
	};
	struct flags flags = flags_of(t, "ncapabilities", FLAG_NET_CAPABILITY);
	bool raw_icmp;

	set_context(t);
	raw_icmp = set_context_capabilities(t);
	claim_flags(t, &network, flags_of(t, "nflags", FLAG_NETWORK));
	if (flags.set & NCAP_TUN_CREATE)
		add_token(t, "DEVNODES", "net/tun:rw", "ncapabilities");
	claim_flags(t, &net_capability, flags);
	set_capabilities(t, raw_icmp);
}
