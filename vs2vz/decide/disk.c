/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disk quota of a container: a sample made for new containers may allow less than
 * the guest uses already, and then it could not write a byte. DISKSPACE is in KiB,
 * both are "SOFT:HARD" (vzctl: src/lib/config.c).
 */
#include <ctype.h>
#include <string.h>

#include "base/units.h"
#include "decide/inside.h"

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

void disk_limits(struct deciding *d, struct decision *decision)
{
	const struct survey *survey = &decision->guest->survey;
	uint64_t kib = kib_up(survey->bytes_used);

	if (!decision->guest->surveyed)
		return;
	if (hard_limit(&d->sample_conf, "DISKSPACE", 1024) / 1024 < tenths(kib, 11))
		ct_set(&decision->ct, d->pool, "DISKSPACE",
		       pool_printf(d->pool, "%llu:%llu", (unsigned long long)tenths(kib, 11),
				   (unsigned long long)tenths(kib, 12)),
		       "the sample allows less than 1.1 times the use of the guest");
	if (hard_limit(&d->sample_conf, "DISKINODES", 1) < tenths(survey->inodes, 11))
		ct_set(&decision->ct, d->pool, "DISKINODES",
		       pool_printf(d->pool, "%llu:%llu",
				   (unsigned long long)tenths(survey->inodes, 11),
				   (unsigned long long)tenths(survey->inodes, 12)),
		       "the sample allows less than 1.1 times the use of the guest");
}
