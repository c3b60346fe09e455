/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disk quota of a container: dlimits/ of the file system that holds the guest's
 * tree, carried exactly; a sample made for new containers may allow less than the
 * guest uses already, and then it could not write a byte, so never below 1.1 times
 * the use. DISKSPACE is in KiB, as space_total is; both are "SOFT:HARD" (vzctl:
 * src/lib/config.c). The share reserved for the guest's root is what lies between.
 */
#include <ctype.h>
#include <string.h>

#include "base/units.h"
#include "decide/translate.h"
#include "openvz/ubc.h"
#include "vserver/number.h"
#include "vserver/value.h"

#define ALL_ONES 4294967295u	/* -1 in 32 bits: no limit */

struct quota {
	const char *key;
	uint64_t plain;		/* bytes, or inodes, that a number without suffix counts */
	uint64_t used;
	uint64_t soft, hard;	/* 0: not limited by the guest */
	const char *from;
};

/* 1.1 and 1.2 times, rounded up. */
static uint64_t tenths(uint64_t value, uint64_t nr)
{
	return add_u64(mul_u64(value / 10, nr), (value % 10 * nr + 9) / 10);
}

/* Multiplier of a suffix in units of one, 0: not a suffix. */
static uint64_t suffix_factor(char c)
{
	static const struct {
		char letter;
		uint64_t factor;
	} rows[] = {
		{ 'B', 1 }, { 'K', 1ULL << 10 }, { 'M', 1ULL << 20 }, { 'G', 1ULL << 30 },
		{ 'T', 1ULL << 40 }, { 'P', 4096 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (toupper((unsigned char)c) == rows[i].letter)
			return rows[i].factor;
	return 0;
}

/* "1.5G" -> units of one; plain: what a number without suffix counts. False: no number. */
static bool parse_amount(const char *text, uint64_t plain, uint64_t *out)
{
	uint64_t whole = 0, part = 0, scale = 1, factor = plain;
	const char *p = text;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++)
		whole = add_u64(mul_u64(whole, 10), (uint64_t)(*p - '0'));
	if (*p == '.')
		for (p++; isdigit((unsigned char)*p); p++) {
			if (scale >= 1000)
				continue;
			part = part * 10 + (uint64_t)(*p - '0');
			scale *= 10;
		}
	if (*p) {
		factor = suffix_factor(*p);
		p++;
	}
	if (*p || !factor)
		return false;
	*out = add_u64(mul_u64(whole, factor), mul_u64(part, factor) / scale);
	return true;
}

/* The hard limit of a sample's value in units of one; 0 where it gives none. */
static uint64_t hard_limit(const struct conf *conf, const char *key, uint64_t plain)
{
	const char *value = conf_get(conf, key);
	const char *colon = value ? strchr(value, ':') : NULL;
	uint64_t out;

	if (!value || !parse_amount(colon ? colon + 1 : value, plain, &out))
		return 0;
	return out;
}

/* The value of a file without final newline never reached VServer. */
static bool dlimit_value(struct translation *t, const char *folder, const char *file,
			 struct number *out, const char **why)
{
	const struct item *item = own_item(t, pool_printf(t->pool, "%s/%s", folder, file));

	if (!item || item->type != ITEM_FILE) {
		*why = pool_printf(t->pool, "'%s' is missing: VServer did not start the guest", file);
		return false;
	}
	*out = number_of(value_line(item, t->pool).liberal);
	if (!out->ok) {
		*why = pool_printf(t->pool, "'%s' has no number", file);
		return false;
	}
	if (!item->len || item->text[item->len - 1] != '\n')
		finding_add(t->findings, VS_READ_DIFFERS, t->guest->name, item->path,
			    "no newline at its end: VServer passed over this limit");
	return true;
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/')
		len--;
	return len && strncmp(path, dir, len) == 0 &&
	       (path[len] == '\0' || path[len] == '/' || len == 1);
}

static bool holds_tree(const struct translation *t, const char *dir)
{
	const struct guest *g = t->guest;

	return (g->tree && is_below(g->tree, dir)) || (g->tree_link && is_below(g->tree_link, dir));
}

static void claim_folder(struct translation *t, const char *folder, enum verdict verdict,
			 const char *params, const char *reason)
{
	static const char *const files[] = {
		"directory", "space_total", "inodes_total", "reserved", "disabled",
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		claim_path(t, pool_printf(t->pool, "%s/%s", folder, files[i]), verdict, params,
			   reason);
}

static void take(struct quota *q, struct number n, uint64_t reserved, const char *from)
{
	if (n.negative || n.value >= ALL_ONES)
		return;
	q->hard = n.value;
	q->soft = n.value - mul_u64(n.value, reserved) / 100;
	q->from = from;
}

/* One directory of dlimits/. */
static void read_folder(struct translation *t, const char *folder, struct quota quota[2])
{
	struct number space, inodes, reserved;
	const struct item *where = own_item(t, pool_printf(t->pool, "%s/directory", folder));
	const char *why = "'directory' is missing: VServer did not start the guest";
	const char *dir;

	if (own_item(t, pool_printf(t->pool, "%s/disabled", folder))) {
		claim_folder(t, folder, VERDICT_NOT_NEEDED, NULL, "disabled");
		return;
	}
	if (!where || !dlimit_value(t, folder, "space_total", &space, &why) ||
	    !dlimit_value(t, folder, "inodes_total", &inodes, &why) ||
	    !dlimit_value(t, folder, "reserved", &reserved, &why)) {
		claim_folder(t, folder, VERDICT_MANUAL, NULL, why);
		return;
	}
	dir = value_line(where, t->pool).liberal;
	if (!holds_tree(t, dir)) {
		claim_folder(t, folder, VERDICT_MANUAL, NULL,
			     pool_printf(t->pool, "'%s' does not hold the guest's tree: no counterpart",
					 show(dir)));
		return;
	}
	if (reserved.negative || reserved.value > 100)
		reserved.value = 0;
	take(&quota[0], space, reserved.value, folder);
	take(&quota[1], inodes, reserved.value, folder);
	claim_folder(t, folder, VERDICT_SAME, "DISKSPACE DISKINODES", NULL);
}

static void apply(struct translation *t, struct quota *q)
{
	uint64_t least = tenths(q->used, 11), room = tenths(q->used, 12);
	uint64_t most = t->host->vzctl_32 ? UBC_UNLIMITED_32 : UBC_UNLIMITED;
	uint64_t sample = hard_limit(t->sample, q->key, q->plain) / q->plain;
	const char *from = q->from;

	if (!from && (!t->guest->surveyed || sample >= least))
		return;
	if (!from || q->hard < least) {
		q->soft = least;
		q->hard = room;
		from = from ? "the guest uses more than its limit leaves room for"
			    : "the sample allows less than 1.1 times the use of the guest";
	}
	if (q->soft < least)
		q->soft = least;
	if (q->hard > most)
		q->hard = most;
	if (q->soft > q->hard)
		q->soft = q->hard;
	set_param(t, q->key, pool_printf(t->pool, "%llu:%llu", (unsigned long long)q->soft,
					 (unsigned long long)q->hard), from);
}

void set_disk(struct translation *t)
{
	const struct survey *survey = &t->guest->survey;
	bool known = t->guest->surveyed;
	struct quota quota[2] = {
		{ .key = "DISKSPACE", .plain = 1024, .used = known ? kib_up(survey->bytes_used) : 0 },
		{ .key = "DISKINODES", .plain = 1, .used = known ? survey->inodes : 0 },
	};

	const char *last = "";

	for (size_t i = 0; i < t->guest->items.nr; i++) {
		const char *path = t->guest->items.v[i].path, *folder;

		if (strncmp(path, "dlimits/", 8) != 0 || !strchr(path + 8, '/'))
			continue;
		folder = pool_memdup(t->pool, path, 8 + strcspn(path + 8, "/"));
		if (strcmp(folder, last) != 0)
			read_folder(t, folder, quota);
		last = folder;
	}
	apply(t, &quota[0]);
	apply(t, &quota[1]);
}
