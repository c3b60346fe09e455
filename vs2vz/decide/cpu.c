/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processor and disk time. Formulas, also in docs/mapping.md:
 *
 *	token bucket, hard	CPULIMIT = ceil(100 fill-rate / interval) %, of each CPU
 *	token bucket, soft	CPUUNITS = sample * 4 fill-rate / interval (kernel's own: 1/4)
 *	cpu.shares		CPUUNITS = sample * shares / 1024
 *	nice			CPUUNITS = sample * 1.25 ^ -level
 *	cfs quota		CPULIMIT = ceil(100 quota / period), of one CPU
 *	ionice			IOPRIO = 7 real time, 7 - level best effort, 0 idle
 *	blkio.weight		IOPRIO = weight * 7 / 1000
 *
 * A kernel with groups did not look at the bucket, so the group's files win.
 */
#include <string.h>

#include "base/units.h"
#include "decide/translate.h"
#include "vserver/flags.h"
#include "vserver/number.h"
#include "vserver/value.h"

#define UNITS_LEAST 8u
#define UNITS_MOST  500000u

static uint64_t sample_units(const struct translation *t)
{
	const char *text = conf_get(t->sample, "CPUUNITS");
	uint64_t units;

	return text && parse_u64(text, UNITS_MOST, &units) && units ? units : 1000;
}

/* units * by / of, rounded, within what vzctl takes. */
static void set_units(struct translation *t, uint64_t by, uint64_t of, const char *from)
{
	uint64_t units = add_u64(mul_u64(sample_units(t), by), of / 2) / of;

	if (units < UNITS_LEAST)
		units = UNITS_LEAST;
	if (units > UNITS_MOST)
		units = UNITS_MOST;
	set_param(t, "CPUUNITS", pool_printf(t->pool, "%llu", (unsigned long long)units), from);
}

static uint64_t percent_up(uint64_t part, uint64_t whole)
{
	return mul_u64(part, 100) / whole + (mul_u64(part, 100) % whole != 0);
}

/* ---- nice */

/* NICE_0 times 1.25 to the power of -level. */
#define NICE_0 1000000000u
static uint64_t weight_of(int level)
{
	uint64_t weight = NICE_0;

	for (; level > 0; level--)
		weight = weight * 4 / 5;
	for (; level < 0; level++)
		weight = weight * 5 / 4;
	return weight;
}

static bool nice_level(const char *text, int *level)
{
	struct number n = number_of(*text == '-' || *text == '+' ? text + 1 : text);

	if (!n.ok || n.negative)
		return false;
	*level = n.value > 20 ? 20 : (int)n.value;
	if (*text == '-')
		*level = -*level;
	if (*level == 20)
		*level = 19;
	return true;
}

static void set_nice(struct translation *t, const struct item *item, bool void_now)
{
	struct value value;
	int level;

	if (!item)
		return;
	value = value_line(item, t->pool);
	if (t->guest->style == STYLE_LEGACY)
		value = (struct value){ true, item->text, item->text, NULL };
	if (!*value.liberal) {
		claim_item(t, item, VERDICT_NOT_NEEDED, NULL, "empty");
	} else if (!nice_level(value.liberal, &level)) {
		finding_add(t->findings, VS_LIMIT_UNREADABLE, t->guest->name, item->path,
			    "'%s' is no nice level; it is left out", show(value.liberal));
		claim_item(t, item, VERDICT_NOT_NEEDED, NULL, "no number: it had no effect");
	} else if (void_now) {
		claim_item(t, item, VERDICT_NEAR, NULL, "cgroup/cpu.shares gives the share");
	} else {
		set_units(t, weight_of(level), NICE_0, item->path);
		claim_item(t, item, VERDICT_NEAR, "CPUUNITS", NULL);
	}
}

/* ---- token bucket */

struct bucket {
	uint64_t fill, interval;
	bool known, idle;	/* idle: refilled when the processor has nothing to do */
	const char *from;
};

static const char *const bucket_files[] = {
	"fill-rate", "interval", "tokens", "tokens-min", "tokens-max", "prio-bias",
	"priority-bias", "fill-rate2", "interval2", "cpu-id", "bucket-id", "idle-time",
};

static void claim_bucket(struct translation *t, enum verdict verdict, const char *params,
			 const char *reason)
{
	size_t nr = sizeof(bucket_files) / sizeof(bucket_files[0]);

	for (size_t i = 0; i < nr; i++)
		claim_path(t, pool_printf(t->pool, "sched/%s", bucket_files[i]), verdict, params,
			   reason);
	claim_path(t, "schedule", verdict, params, reason);
}

static struct bucket from_folder(struct translation *t)
{
	struct bucket b = { .interval = 4, .fill = 1, .from = "sched" };
	const struct item *fill = own_item(t, "sched/fill-rate");
	const struct item *interval = own_item(t, "sched/interval");
	struct number f = number_int(fill, t->pool), i = number_int(interval, t->pool);

	if (number_usable(t, fill, &f)) {
		b.fill = f.value;
		b.known = true;
	}
	if (number_usable(t, interval, &i) && i.value)
		b.interval = i.value;
	b.idle = own_item(t, "sched/idle-time") || own_item(t, "sched/fill-rate2") ||
		 own_item(t, "sched/interval2");
	return b;
}

/* Six lines; with fewer VServer does not start the guest. */
static struct bucket from_schedule(struct translation *t, const struct item *item)
{
	struct bucket b = { .from = "schedule" };
	uint64_t values[2] = { 0, 0 };
	size_t lines = 0;
	const char *p = item->text;

	for (; *p && lines < 6; lines++) {
		size_t len = strcspn(p, "\n");
		struct number n = number_of(pool_memdup(t->pool, p, len));

		if (p[len] != '\n' || !n.ok)
			break;
		if (lines < 2)
			values[lines] = n.value;
		p += len + 1;
	}
	if (lines < 6)
		finding_add(t->findings, VS_LIMIT_UNREADABLE, t->guest->name, item->path,
			    "%zu of six lines with numbers: VServer did not start the guest", lines);
	b.fill = values[0];
	b.interval = values[1];
	b.known = lines == 6 && values[1];
	return b;
}

static bool has_item_below(const struct translation *t, const char *folder)
{
	size_t len = strlen(folder);

	for (size_t i = 0; i < t->guest->items.nr; i++)
		if (strncmp(t->guest->items.v[i].path, folder, len) == 0 &&
		    t->guest->items.v[i].type == ITEM_FILE)
			return true;
	return false;
}

static void set_bucket(struct translation *t, const struct bucket *b)
{
	bool hard = guest_flags(t).set & CFLAG_SCHED_HARD;
	uint64_t percent = b->fill == LIMIT_NONE_SET ? 101 : percent_up(b->fill, b->interval);

	if (percent > 100) {
		claim_bucket(t, VERDICT_NOT_NEEDED, NULL, "more than all processors: no limit");
	} else if (hard && !b->idle && b->fill) {
		set_param(t, "CPULIMIT", pool_printf(t->pool, "%llu%%",
			  (unsigned long long)percent), b->from);
		claim_bucket(t, VERDICT_NEAR, "CPULIMIT",
			     "hard bucket: so much of every processor, without bursts");
	} else {
		set_units(t, mul_u64(b->fill, 4), b->interval, b->from);
		claim_bucket(t, VERDICT_NEAR, "CPUUNITS",
			     hard ? "idle time was given away: a share, not a limit"
				  : "a soft bucket steers the priority: a share, not a limit");
	}
}

static void set_schedule(struct translation *t, bool grouped)
{
	const struct item *schedule = own_item(t, "schedule"), *folder = own_item(t, "sched");
	struct bucket b = { 0 };

	if (grouped) {
		claim_bucket(t, VERDICT_NOT_NEEDED, NULL,
			     "cgroup/cpu.* was in force: kernels with groups do not look here");
		return;
	}
	if (has_item_below(t, "sched/"))
		b = from_folder(t);
	else if (schedule && schedule->type == ITEM_FILE && !folder)
		b = from_schedule(t, schedule);
	else
		return;
	if (b.known)
		set_bucket(t, &b);
	else
		claim_bucket(t, VERDICT_NEAR, NULL,
			     "no fill rate: the kernel's own bucket, which is no limit");
	if (folder)
		claim_path(t, "schedule", VERDICT_NOT_NEEDED, NULL, "sched takes its place");
}

/* ---- groups */

static bool set_shares(struct translation *t)
{
	const struct item *item = cgroup_item(t, "cpu.shares");
	struct number n = number_bytes(item, t->pool);

	if (!number_usable(t, item, &n))
		return false;
	set_units(t, n.value, 1024, "cgroup/cpu.shares");
	claim_item(t, item, VERDICT_NEAR, "CPUUNITS", NULL);
	return true;
}

static bool set_quota(struct translation *t)
{
	const struct item *quota = cgroup_item(t, "cpu.cfs_quota_us");
	const struct item *period = cgroup_item(t, "cpu.cfs_period_us");
	struct number q = number_bytes(quota, t->pool), p = number_bytes(period, t->pool);
	uint64_t length = number_usable(t, period, &p) && p.value && !p.negative ? p.value : 100000;

	if (!number_usable(t, quota, &q) || q.negative || !q.value) {
		claim_item(t, period, VERDICT_NOT_NEEDED, NULL, "no quota: no limit");
		if (q.meant)
			claim_item(t, quota, VERDICT_NOT_NEEDED, NULL, "no quota: no limit");
		return quota != NULL;
	}
	set_param(t, "CPULIMIT", pool_printf(t->pool, "%llu",
		  (unsigned long long)percent_up(q.value, length)), "cgroup/cpu.cfs_quota_us");
	claim_item(t, quota, mul_u64(q.value, 100) % length ? VERDICT_NEAR : VERDICT_SAME,
		   "CPULIMIT", NULL);
	claim_item(t, period, VERDICT_SAME, "CPULIMIT", NULL);
	return true;
}

/* ---- disk time */

static void set_ionice(struct translation *t)
{
	const struct item *class = own_item(t, "ionice/class");
	const struct item *priority = own_item(t, "ionice/priority");
	struct number c = number_of(value_line(class, t->pool).liberal);
	struct number p = number_of(value_line(priority, t->pool).liberal);
	uint64_t level = priority && p.ok && p.value <= 7 ? p.value : 4;
	uint64_t kind = class && c.ok ? c.value : 2;
	uint64_t ioprio = kind == 1 ? 7 : kind == 3 ? 0 : 7 - level;

	if (!class && !priority)
		return;
	if ((class && (!c.ok || kind < 1 || kind > 3)) || (priority && (!p.ok || p.value > 7)))
		finding_add(t->findings, VS_LIMIT_UNREADABLE, t->guest->name, "ionice",
			    "class or priority is no number that ionice takes");
	if (!priority && kind == 2)
		ioprio = 4;
	set_param(t, "IOPRIO", pool_printf(t->pool, "%llu", (unsigned long long)ioprio), "ionice");
	claim_item(t, class, VERDICT_NEAR, "IOPRIO", NULL);
	claim_item(t, priority, VERDICT_NEAR, "IOPRIO", NULL);
}

static void set_weight(struct translation *t)
{
	const struct item *item = cgroup_item(t, "blkio.weight");
	struct number n = number_bytes(item, t->pool);
	uint64_t weight = n.value > 1000 ? 1000 : n.value;

	if (!number_usable(t, item, &n))
		return;
	set_param(t, "IOPRIO", pool_printf(t->pool, "%llu",
		  (unsigned long long)((weight * 7 + 500) / 1000)), "cgroup/blkio.weight");
	claim_item(t, item, VERDICT_NEAR, "IOPRIO", NULL);
	claim_path(t, "ionice/class", VERDICT_NEAR, "IOPRIO", "cgroup/blkio.weight gives the weight");
	claim_path(t, "ionice/priority", VERDICT_NEAR, "IOPRIO",
		   "cgroup/blkio.weight gives the weight");
}

/* The bucket's subdirectories are for one processor each. */
static void claim_per_cpu(struct translation *t)
{
	for (size_t i = 0; i < t->guest->items.nr; i++) {
		const struct item *item = &t->guest->items.v[i];

		if (item->type == ITEM_FILE && strncmp(item->path, "sched/", 6) == 0 &&
		    strchr(item->path + 6, '/'))
			claim_item(t, item, VERDICT_MANUAL, NULL,
				   "a bucket for one processor: CPULIMIT is for the whole container");
	}
}

void set_processor(struct translation *t)
{
	bool legacy = t->guest->style == STYLE_LEGACY;
	bool shares = set_shares(t), quota = set_quota(t);

	set_schedule(t, shares || quota);
	claim_per_cpu(t);
	set_nice(t, own_item(t, legacy ? "S_NICE" : "nice"), shares);
	set_ionice(t);
	set_weight(t);
	set_binding(t);
}
