/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits of the whole guest (rlimits/) as beancounters. What VServer enforced as one
 * number for the guest and OpenVZ does too is carried exactly, also below the sample;
 * what is only near is never below the sample. At the end everything that depends on
 * a changed number is raised (openvz/ubc.h), and what changed is written.
 *
 * A soft limit alone was never enforced by VServer: the container gets at least that.
 * What else the sample limits and the guest's configuration did not: limits_guest.c.
 */
#include "decide/limits.h"

#include <string.h>

#include "base/buf.h"
#include "base/units.h"
#include "openvz/layout.h"

struct rlimit rlimit_read(struct translation *t, const char *resource)
{
	struct rlimit out = { .soft = LIMIT_NONE_SET, .hard = LIMIT_NONE_SET };
	static const char *const suffix[] = { "", ".soft", ".hard" };

	out.path = pool_printf(t->pool, "rlimits/%s", resource);
	for (size_t i = 0; i < 3; i++) {
		const char *path = pool_printf(t->pool, "%s%s", out.path, suffix[i]);
		const struct item *item = own_item(t, path);
		struct number n = number_limit(item, t->pool);

		if (!number_usable(t, item, &n))
			continue;
		out.any = true;
		if (i != 2) {
			out.soft = n.value;
			out.has_soft = true;
		}
		if (i != 1) {
			out.hard = n.value;
			out.has_hard = true;
		}
	}
	return out;
}

void rlimit_claim(struct translation *t, const struct rlimit *limit, enum verdict verdict,
		  const char *params, const char *reason)
{
	static const char *const suffix[] = { "", ".soft", ".hard" };

	for (size_t i = 0; i < 3; i++) {
		const struct item *item =
			own_item(t, pool_printf(t->pool, "%s%s", limit->path, suffix[i]));

		if (item && number_limit(item, t->pool).meant)
			claim_item(t, item, verdict, params, reason);
	}
	claim_path(t, pool_printf(t->pool, "%s.min", limit->path), VERDICT_NOT_NEEDED, NULL,
		   "a minimum, which VServer never enforced");
}

void limit_exact(struct limits *l, enum ubc_key key, uint64_t n, const char *why)
{
	if (n == LIMIT_NONE_SET && !l->set.has[key])
		return;
	ubc_put(&l->set, key, (struct ubc){ n, n }, why);
}

void limit_least(struct limits *l, enum ubc_key key, uint64_t n, const char *why)
{
	struct ubc v = l->set.v[key];

	if (!l->set.has[key])
		return;
	v.bar = v.bar > n ? v.bar : n;
	v.lim = v.lim > n ? v.lim : n;
	ubc_put(&l->set, key, v, why);
}

void limit_more(struct limits *l, enum ubc_key key, uint64_t n, const char *why)
{
	struct ubc v = l->set.v[key];

	if (!l->set.has[key])
		return;
	v.bar = v.bar == ubc_most(&l->set) ? v.bar : add_u64(v.bar, n);
	v.lim = v.lim == ubc_most(&l->set) ? v.lim : add_u64(v.lim, n);
	ubc_put(&l->set, key, v, why);
}

/* The average follows, for the other limits are reckoned from it. */
void limits_processes(struct limits *l, uint64_t nr, const char *why)
{
	uint64_t half = l->set.v[UBC_NUMPROC].bar / 2, average = half;

	if (l->set.has[UBC_AVNUMPROC])
		average = l->set.v[UBC_AVNUMPROC].bar;
	if (nr != LIMIT_NONE_SET && average < nr / 2)
		average = nr / 2;
	if (average > nr)
		average = nr;
	limit_exact(l, UBC_NUMPROC, nr, why);
	if (l->set.has[UBC_AVNUMPROC] || (nr == LIMIT_NONE_SET && l->set.has[UBC_NUMPROC]))
		ubc_put(&l->set, UBC_AVNUMPROC, (struct ubc){ average, average },
			"half of NUMPROC, or that of the sample");
	l->processes_known = true;
}

static void put_nproc(struct limits *l, const struct rlimit *r)
{
	if (r->has_hard && r->hard == 0) {
		rlimit_claim(l->t, r, VERDICT_MANUAL, NULL, "no process at all: nothing could start");
		return;
	}
	if (r->has_hard)
		limits_processes(l, r->hard, r->path);
	else
		limit_least(l, UBC_NUMPROC, r->soft, r->path);
}

static void put_file(struct limits *l, const struct rlimit *r)
{
	limit_least(l, UBC_NUMFILE, r->has_hard ? r->hard : r->soft, r->path);
}

static void put_lock(struct limits *l, const struct rlimit *r)
{
	if (r->has_hard)
		limit_exact(l, UBC_NUMFLOCK, r->hard, r->path);
	else
		limit_least(l, UBC_NUMFLOCK, r->soft, r->path);
}

static void put_locked(struct limits *l, const struct rlimit *r)
{
	if (r->has_hard)
		limit_exact(l, UBC_LOCKEDPAGES, r->hard, r->path);
	else
		limit_least(l, UBC_LOCKEDPAGES, r->soft, r->path);
}

static void put_shared(struct limits *l, const struct rlimit *r)
{
	if (r->has_hard)
		limit_exact(l, UBC_SHMPAGES, r->hard, r->path);
	else
		limit_least(l, UBC_SHMPAGES, r->soft, r->path);
}

static void put_socket(struct limits *l, const struct rlimit *r)
{
	uint64_t n = r->has_hard ? r->hard : r->soft;

	limit_least(l, UBC_NUMTCPSOCK, n, r->path);
	limit_least(l, UBC_NUMOTHERSOCK, n, r->path);
}

static void put_dentry(struct limits *l, const struct rlimit *r)
{
	limit_least(l, UBC_DCACHESIZE, mul_u64(r->has_hard ? r->hard : r->soft, 384), r->path);
}

static void put_kernel(struct limits *l, const struct rlimit *r, uint64_t bytes)
{
	uint64_t n = r->has_hard ? r->hard : r->soft;

	if (n != LIMIT_NONE_SET)
		limit_more(l, UBC_KMEMSIZE, mul_u64(n, bytes), r->path);
}

static void put_queue(struct limits *l, const struct rlimit *r)
{
	put_kernel(l, r, 1);
}

static void put_array(struct limits *l, const struct rlimit *r)
{
	put_kernel(l, r, 256);
}

static void put_semaphore(struct limits *l, const struct rlimit *r)
{
	put_kernel(l, r, 64);
}

#define BIT(key) (1u << (key))

/* nproc comes last of those that others are reckoned from. */
static const struct {
	const char *resource;
	void (*put)(struct limits *l, const struct rlimit *r);
	enum verdict verdict;	/* of a hard limit; a soft one alone is near */
	unsigned limits;	/* bits of enum ubc_key; what only adds to a number has none */
} resources[] = {
	{ "dentry", put_dentry, VERDICT_NEAR, BIT(UBC_DCACHESIZE) },
	{ "locks", put_lock, VERDICT_SAME, BIT(UBC_NUMFLOCK) },
	{ "memlock", put_locked, VERDICT_SAME, BIT(UBC_LOCKEDPAGES) },
	{ "msgqueue", put_queue, VERDICT_NEAR, 0 },
	{ "nofile", put_file, VERDICT_NEAR, BIT(UBC_NUMFILE) },
	{ "nproc", put_nproc, VERDICT_SAME, BIT(UBC_NUMPROC) },
	{ "nsems", put_semaphore, VERDICT_NEAR, 0 },
	{ "nsock", put_socket, VERDICT_NEAR, BIT(UBC_NUMTCPSOCK) | BIT(UBC_NUMOTHERSOCK) },
	{ "openfd", put_file, VERDICT_NEAR, BIT(UBC_NUMFILE) },
	{ "semary", put_array, VERDICT_NEAR, 0 },
	{ "shmem", put_shared, VERDICT_SAME, BIT(UBC_SHMPAGES) },
};

static void put_resources(struct limits *l)
{
	for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
		struct rlimit r = rlimit_read(l->t, resources[i].resource);

		rlimit_claim(l->t, &r, r.has_hard ? resources[i].verdict : VERDICT_NEAR, NULL,
			     r.has_hard ? NULL : "a soft limit alone was never enforced: at least "
						 "so much");
		if (r.any)
			resources[i].put(l, &r);
		for (enum ubc_key key = 0; rlimit_limits(&r) && key < NR_UBC; key++)
			l->limited[key] |= (resources[i].limits & BIT(key)) != 0;
	}
}

static uint64_t most_of(const struct host *host)
{
	return host->vzctl_32 ? UBC_UNLIMITED_32 : UBC_UNLIMITED;
}

static void read_conf(struct ubc_set *out, const struct translation *t)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct conf conf = { 0, NULL };
	struct err err;

	if (t->root && t->host->vz_conf &&
	    root_read(t->root, t->host->vz_conf, 1024 * 1024, &text, &err) == 0)
		conf_parse(&conf, text.data, text.len, t->pool);
	ubc_read(out, &conf, most_of(t->host));
}

/*
 * What vz.conf says for all containers is in force as well. Without vSwap a start asks
 * for twenty beancounters; see VS_SAMPLE_INCOMPLETE.
 */
static void complete(struct limits *l)
{
	CLEANUP_BUF struct buf names = BUF_INIT;
	struct ubc_set common, builtin;
	struct conf conf;

	read_conf(&common, l->t);
	conf_parse(&conf, sample_builtin(), strlen(sample_builtin()), l->t->pool);
	ubc_read(&builtin, &conf, l->set.most);
	for (enum ubc_key key = 0; key < NR_UBC; key++) {
		if (l->set.has[key] || !ubc_required(key))
			continue;
		if (common.has[key]) {
			l->set.v[key] = common.v[key];
			l->set.has[key] = true;
			continue;
		}
		if (l->vswap)
			continue;
		ubc_put(&l->set, key, builtin.v[key], "the sample lacks it");
		buf_addf(&names, "%s%s", names.len ? ", " : "", ubc_name(key));
	}
	if (names.len)
		finding_add(l->t->findings, VS_SAMPLE_INCOMPLETE, l->t->guest->name,
			    l->t->ct->sample_path ? l->t->ct->sample_path : "sample", "%s", names.data);
}

static void write_set(struct limits *l)
{
	CLEANUP_BUF struct buf raised = BUF_INIT;
	struct translation *t = l->t;

	for (enum ubc_key key = 0; key < NR_UBC; key++) {
		const char *value = ubc_text(t->pool, l->set.v[key]);

		if (!l->set.changed[key])
			continue;
		set_param(t, ubc_name(key), value, l->set.why[key]);
		if (l->set.raised[key])
			buf_addf(&raised, "%s%s=%s (%s)", raised.len ? ", " : "", ubc_name(key),
				 value, l->set.why[key]);
	}
	if (raised.len)
		finding_add(t->findings, VS_LIMITS_RAISED, t->guest->name, "CTID.conf", "%s",
			    raised.data);
}

static void compare_with_sample(const struct limits *l)
{
	enum ubc_key memory = l->vswap ? UBC_PHYSPAGES : UBC_PRIVVMPAGES;
	const struct ubc *v = &l->set.v[memory];
	const struct translation *t = l->t;

	if (l->set.has[memory] && !l->memory_known && v->lim < ubc_most(&l->set))
		finding_add(t->findings, VS_SAMPLE_LIMITS, t->guest->name, ubc_name(memory),
			    "no memory limit was configured; the sample allows %s",
			    show_size(mul_u64(v->lim, UBC_PAGE)));
	if (l->set.has[UBC_NUMPROC] && !l->processes_known &&
	    l->set.v[UBC_NUMPROC].lim < ubc_most(&l->set))
		finding_add(t->findings, VS_SAMPLE_LIMITS, t->guest->name, ubc_name(UBC_NUMPROC),
			    "no number of processes was configured; the sample allows %llu",
			    (unsigned long long)l->set.v[UBC_NUMPROC].lim);
}

void set_limits(struct translation *t)
{
	struct limits l = { .t = t };
	bool changed = false;

	ubc_read(&l.set, t->sample, most_of(t->host));
	l.vswap = ubc_is_vswap(&l.set);
	complete(&l);
	put_resources(&l);
	limits_memory(&l);
	limits_process(&l);
	if (t->limits == LIMITS_GUEST)
		limits_free(&l);
	for (enum ubc_key key = 0; key < NR_UBC; key++)
		changed = changed || l.set.changed[key];
	if (changed)
		ubc_raise(&l.set, t->pool);
	write_set(&l);
	if (t->limits == LIMITS_SAMPLE)
		compare_with_sample(&l);
	if (l.vswap && t->host->kernel == KERNEL_OPENVZ && !t->host->vswap)
		finding_add(t->findings, VS_VSWAP_KERNEL, t->guest->name, "PHYSPAGES",
			    "the sample limits RAM, the running kernel cannot");
}
