/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory. Kernels with memory groups enforced cgroup/memory.* and not rlimits/, so
 * where both are there the group's file is the one that was in force.
 *
 *		     vSwap sample		 beancounters
 *	RAM	     PHYSPAGES=0:RAM		 VMGUARPAGES, OOMGUARPAGES at least
 *	RAM + swap   SWAPPAGES=0:difference	 PRIVVMPAGES at least
 *	as, anon     PHYSPAGES at least		 PRIVVMPAGES at least
 *
 * Beancounters count what is allocated, VServer counted what is resident: near, and
 * therefore never below the sample. vSwap counts the same as VServer: exact.
 */
#include <string.h>

#include "base/units.h"
#include "decide/limits.h"
#include "vserver/flags.h"

#define MOST (1ULL << 40)

struct memory {
	bool known;
	uint64_t ram, total;	/* pages; LIMIT_NONE_SET: unlimited */
	bool has_total;
	const char *why;
};

static uint64_t pages_of(uint64_t bytes)
{
	if (bytes >= (uint64_t)INT64_MAX / 2)	/* what a group shows for "no limit" */
		return LIMIT_NONE_SET;
	return bytes / UBC_PAGE + (bytes % UBC_PAGE != 0);
}

/* In pages; false: no such file, or none that means a number. */
static bool group_pages(struct limits *l, const char *name, uint64_t *out)
{
	const struct item *item = cgroup_item(l->t, name);
	struct number n = number_bytes(item, l->t->pool);

	if (!number_usable(l->t, item, &n))
		return false;
	*out = n.negative ? LIMIT_NONE_SET : pages_of(n.value);
	return true;
}

static struct memory from_group(struct limits *l)
{
	struct memory m = { .ram = LIMIT_NONE_SET, .total = LIMIT_NONE_SET };
	bool has_ram = group_pages(l, "memory.limit_in_bytes", &m.ram);

	m.has_total = group_pages(l, "memory.memsw.limit_in_bytes", &m.total);
	m.known = has_ram || m.has_total;
	m.why = has_ram ? "cgroup/memory.limit_in_bytes" : "cgroup/memory.memsw.limit_in_bytes";
	if (m.has_total && (!has_ram || m.ram > m.total))
		m.ram = m.total;
	return m;
}

static struct memory from_rlimit(struct limits *l, const struct rlimit *rss)
{
	struct memory m = { .known = rss->has_hard, .ram = rss->hard, .total = rss->hard };
	bool shown = guest_flags(l->t).set & CFLAG_VIRT_MEM;

	m.why = rss->path;
	if (shown && rss->has_soft && rss->soft <= rss->hard) {
		m.has_total = rss->has_hard;
		m.ram = rss->soft;
	}
	return m;
}

static uint64_t finite(const struct limits *l, uint64_t pages)
{
	if (pages >= ubc_most(&l->set))
		return VSWAP_BOUNDLESS;
	if (pages > MOST)
		return MOST;
	/* That number means "none" to each vzctl. */
	return pages == UBC_UNLIMITED_32 ? pages + 1 : pages;
}

static void put_vswap(struct limits *l, const struct memory *m)
{
	uint64_t ram = finite(l, m->ram), total = finite(l, m->total);
	uint64_t swap = total > ram ? total - ram : 0;

	if (m->total == LIMIT_NONE_SET)
		swap = VSWAP_BOUNDLESS;
	ubc_put(&l->set, UBC_PHYSPAGES, (struct ubc){ 0, ram }, m->why);
	if (m->has_total)
		ubc_put(&l->set, UBC_SWAPPAGES, (struct ubc){ 0, swap }, m->why);
	l->limited[UBC_PHYSPAGES] = m->ram != LIMIT_NONE_SET;
	l->limited[UBC_SWAPPAGES] = m->has_total && m->total != LIMIT_NONE_SET;
}

static void put_private(struct limits *l, uint64_t pages, const char *why)
{
	struct ubc v = l->set.v[UBC_PRIVVMPAGES];

	if (!l->set.has[UBC_PRIVVMPAGES] || v.bar >= pages)
		return;
	v.bar = pages;
	if (v.lim < add_u64(pages, pages / 16))
		v.lim = add_u64(pages, pages / 16);
	ubc_put(&l->set, UBC_PRIVVMPAGES, v, why);
}

static void put_counters(struct limits *l, const struct memory *m)
{
	uint64_t pages = m->total == LIMIT_NONE_SET ? m->ram : m->total;

	put_private(l, pages, m->why);
	l->limited[UBC_PRIVVMPAGES] = pages != LIMIT_NONE_SET;
	if (m->ram == LIMIT_NONE_SET)
		return;
	limit_least(l, UBC_VMGUARPAGES, m->ram, m->why);
	limit_least(l, UBC_OOMGUARPAGES, m->ram, m->why);
}

static void put_memory(struct limits *l, const struct memory *m)
{
	if (!m->known)
		return;
	l->memory_known = true;
	if (l->vswap)
		put_vswap(l, m);
	else
		put_counters(l, m);
}

/* Virtual and anonymous memory bound what can be resident, from above. */
static void put_bound(struct limits *l, const struct rlimit *r, bool has_ram)
{
	uint64_t n = r->has_hard ? r->hard : r->soft;
	struct ubc ram = l->set.v[UBC_PHYSPAGES];

	if (!r->any)
		return;
	l->memory_known = l->memory_known || r->has_hard;
	l->limited[l->vswap ? UBC_PHYSPAGES : UBC_PRIVVMPAGES] |= rlimit_limits(r) && !has_ram;
	if (!l->vswap) {
		put_private(l, n, r->path);
	} else if (!has_ram && finite(l, n) > ram.lim) {
		ubc_put(&l->set, UBC_PHYSPAGES, (struct ubc){ 0, finite(l, n) }, r->path);
	}
}

static const char *params_of(const struct limits *l)
{
	return l->vswap ? "PHYSPAGES SWAPPAGES" : "PRIVVMPAGES VMGUARPAGES OOMGUARPAGES";
}

static void claim_group(struct limits *l, const struct memory *m)
{
	static const char *const names[] = {
		"memory.limit_in_bytes", "memory.memsw.limit_in_bytes",
	};

	for (size_t i = 0; i < 2; i++) {
		const struct item *item = cgroup_item(l->t, names[i]);

		if (!number_bytes(item, l->t->pool).meant)
			continue;
		claim_item(l->t, item, l->vswap ? VERDICT_SAME : VERDICT_NEAR, params_of(l),
			   m->ram == LIMIT_NONE_SET && l->vswap
				   ? "no limit: vSwap wants one, a very large one is set"
				   : l->vswap ? NULL
					      : "resident memory: beancounters count what is allocated");
	}
}

static void soft_limit(struct limits *l)
{
	const struct item *item = cgroup_item(l->t, "memory.soft_limit_in_bytes");
	uint64_t pages;

	if (!group_pages(l, "memory.soft_limit_in_bytes", &pages))
		return;
	if (!l->vswap && pages != LIMIT_NONE_SET) {
		limit_least(l, UBC_VMGUARPAGES, pages, "cgroup/memory.soft_limit_in_bytes");
		limit_least(l, UBC_OOMGUARPAGES, pages, "cgroup/memory.soft_limit_in_bytes");
	}
	claim_item(l->t, item, VERDICT_NEAR, l->vswap ? "PHYSPAGES" : "OOMGUARPAGES VMGUARPAGES",
		   l->vswap ? "vSwap guarantees a container all of its RAM" : NULL);
}

static void claim_rss(struct limits *l, const struct rlimit *rss, bool grouped)
{
	if (grouped)
		rlimit_claim(l->t, rss, VERDICT_NOT_NEEDED, NULL,
			     "cgroup/memory.* was in force: kernels with groups do not look here");
	else if (!rss->has_hard)
		rlimit_claim(l->t, rss, VERDICT_NEAR, params_of(l),
			     l->t->limits == LIMITS_SAMPLE
				     ? "a soft limit alone was never enforced: the sample's stays"
				     : "a soft limit alone was never enforced: at least so much");
	else
		rlimit_claim(l->t, rss, l->vswap ? VERDICT_SAME : VERDICT_NEAR, params_of(l),
			     l->vswap ? NULL
				      : "resident memory: beancounters count what is allocated");
}

void limits_memory(struct limits *l)
{
	struct rlimit rss = rlimit_read(l->t, "rss");
	struct memory group = from_group(l);
	struct memory m = group.known ? group : from_rlimit(l, &rss);
	static const char *const bounds[] = { "as", "anon" };

	put_memory(l, &m);
	claim_group(l, &group);
	claim_rss(l, &rss, group.known);
	for (size_t i = 0; i < 2; i++) {
		struct rlimit r = rlimit_read(l->t, bounds[i]);

		if (group.known) {
			rlimit_claim(l->t, &r, VERDICT_NOT_NEEDED, NULL,
				     "cgroup/memory.* was in force: kernels with groups do not look here");
			continue;
		}
		put_bound(l, &r, m.known);
		rlimit_claim(l->t, &r, VERDICT_NEAR, l->vswap ? "PHYSPAGES" : "PRIVVMPAGES",
			     l->vswap ? "bounds what can be resident: RAM is at least that much"
				      : "allocated memory of the whole container, at least that much");
	}
	soft_limit(l);
}
