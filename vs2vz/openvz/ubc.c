/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of beancounters: reading them as vzctl does, writing them in the form that
 * every version takes. The rules between them are in ubc_rules.c.
 */
#include "openvz/ubc.h"

#include <ctype.h>
#include <string.h>

#include "base/units.h"

enum unit { ITEMS, BYTES, PAGES };

static const struct {
	const char *name;
	enum unit unit;
	bool optional;
} keys[NR_UBC] = {
	[UBC_KMEMSIZE] = { "KMEMSIZE", BYTES, false },
	[UBC_LOCKEDPAGES] = { "LOCKEDPAGES", PAGES, false },
	[UBC_PRIVVMPAGES] = { "PRIVVMPAGES", PAGES, false },
	[UBC_SHMPAGES] = { "SHMPAGES", PAGES, false },
	[UBC_NUMPROC] = { "NUMPROC", ITEMS, false },
	[UBC_PHYSPAGES] = { "PHYSPAGES", PAGES, false },
	[UBC_VMGUARPAGES] = { "VMGUARPAGES", PAGES, false },
	[UBC_OOMGUARPAGES] = { "OOMGUARPAGES", PAGES, false },
	[UBC_NUMTCPSOCK] = { "NUMTCPSOCK", ITEMS, false },
	[UBC_NUMFLOCK] = { "NUMFLOCK", ITEMS, false },
	[UBC_NUMPTY] = { "NUMPTY", ITEMS, false },
	[UBC_NUMSIGINFO] = { "NUMSIGINFO", ITEMS, false },
	[UBC_TCPSNDBUF] = { "TCPSNDBUF", BYTES, false },
	[UBC_TCPRCVBUF] = { "TCPRCVBUF", BYTES, false },
	[UBC_OTHERSOCKBUF] = { "OTHERSOCKBUF", BYTES, false },
	[UBC_DGRAMRCVBUF] = { "DGRAMRCVBUF", BYTES, false },
	[UBC_NUMOTHERSOCK] = { "NUMOTHERSOCK", ITEMS, false },
	[UBC_NUMFILE] = { "NUMFILE", ITEMS, false },
	[UBC_DCACHESIZE] = { "DCACHESIZE", BYTES, false },
	[UBC_NUMIPTENT] = { "NUMIPTENT", ITEMS, false },
	[UBC_AVNUMPROC] = { "AVNUMPROC", ITEMS, true },
	[UBC_SWAPPAGES] = { "SWAPPAGES", PAGES, true },
};

const char *ubc_name(enum ubc_key key)
{
	return keys[key].name;
}

bool ubc_required(enum ubc_key key)
{
	return !keys[key].optional;
}

static enum ubc_key key_of(const char *name)
{
	enum ubc_key key = 0;

	if (strcmp(name, "DCACHE") == 0)
		return UBC_DCACHESIZE;
	if (strcmp(name, "IPTENTRIES") == 0)
		return UBC_NUMIPTENT;
	while (key < NR_UBC && strcmp(keys[key].name, name) != 0)
		key++;
	return key;
}

/* Bytes that a suffix stands for; 0: none such. */
static uint64_t suffix_bytes(char c)
{
	static const char letters[] = "BKMGT";
	const char *at = c ? strchr(letters, toupper((unsigned char)c)) : NULL;

	if (toupper((unsigned char)c) == 'P')
		return UBC_PAGE;
	return at ? 1ULL << (10 * (at - letters)) : 0;
}

/* Fraction of a number with up to three digits: the rest is below any unit. */
static const char *parse_decimal(const char *p, uint64_t *whole, uint64_t *thousandths)
{
	uint64_t scale = 100;

	*whole = *thousandths = 0;
	for (; isdigit((unsigned char)*p); p++)
		*whole = add_u64(mul_u64(*whole, 10), (uint64_t)(*p - '0'));
	if (*p != '.')
		return p;
	for (p++; isdigit((unsigned char)*p); p++, scale /= 10)
		*thousandths += (uint64_t)(*p - '0') * scale;
	return p;
}

static bool parse_one(uint64_t *out, enum unit unit, const char *text, size_t len)
{
	uint64_t whole, part, bytes;
	const char *end = text + len, *p;

	if (len == 0) {
		*out = 0;
		return true;
	}
	*out = UBC_UNLIMITED;
	if (len == strlen("unlimited") && strncmp(text, "unlimited", len) == 0)
		return true;
	if (!isdigit((unsigned char)*text))
		return false;
	p = parse_decimal(text, &whole, &part);
	if (p < end) {
		bytes = suffix_bytes(*p++);
		if (!bytes || unit == ITEMS || p != end)
			return false;
		whole = add_u64(mul_u64(whole, bytes), mul_u64(part, bytes) / 1000);
		if (unit == PAGES)
			whole /= UBC_PAGE;
	}
	if (whole < UBC_UNLIMITED)
		*out = whole;
	return true;
}

bool ubc_parse(struct ubc *out, enum ubc_key key, const char *text)
{
	const char *colon = strchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : strlen(text);

	if (!parse_one(&out->bar, keys[key].unit, text, len))
		return false;
	out->lim = out->bar;
	return !colon || parse_one(&out->lim, keys[key].unit, colon + 1, strlen(colon + 1));
}

static const char *one_text(struct pool *pool, uint64_t n)
{
	if (n >= UBC_UNLIMITED)
		return "unlimited";
	return pool_printf(pool, "%llu", (unsigned long long)n);
}

/* Always both: a reader that takes only pairs takes it as well. */
const char *ubc_text(struct pool *pool, struct ubc value)
{
	return pool_printf(pool, "%s:%s", one_text(pool, value.bar), one_text(pool, value.lim));
}

uint64_t ubc_most(const struct ubc_set *set)
{
	return set->most ? set->most : UBC_UNLIMITED;
}

static struct ubc capped(struct ubc v, uint64_t most)
{
	return (struct ubc){ v.bar < most ? v.bar : most, v.lim < most ? v.lim : most };
}

void ubc_read(struct ubc_set *out, const struct conf *conf, uint64_t most)
{
	*out = (struct ubc_set){ .most = most };
	for (size_t i = 0; i < conf->nr; i++) {
		enum ubc_key key = key_of(conf->v[i].key);
		struct ubc value;

		if (key == NR_UBC || !ubc_parse(&value, key, conf->v[i].cut))
			continue;
		out->v[key] = capped(value, ubc_most(out));
		out->has[key] = true;
		out->changed[key] = value.bar > ubc_most(out) || value.lim > ubc_most(out);
		out->why[key] = out->changed[key] ? "the largest number of a 32-bit vzctl" : NULL;
	}
}

void ubc_put(struct ubc_set *set, enum ubc_key key, struct ubc value, const char *why)
{
	value = capped(value, ubc_most(set));
	if (set->has[key] && set->v[key].bar == value.bar && set->v[key].lim == value.lim)
		return;
	set->v[key] = value;
	set->has[key] = set->changed[key] = true;
	set->why[key] = why;
}

/* Both of the numbers that stand for "unlimited" in samples of either word size. */
bool ubc_is_vswap(const struct ubc_set *set)
{
	uint64_t lim = set->v[UBC_PHYSPAGES].lim;

	return set->has[UBC_PHYSPAGES] && lim != ubc_most(set) && lim != UBC_UNLIMITED_32;
}
