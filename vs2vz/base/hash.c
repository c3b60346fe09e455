/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XXH3 from libxxhash, with the text form that plans and logs carry.
 */
#include "base/hash.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

struct hash128 hash_bytes(const void *bytes, size_t len)
{
	XXH128_hash_t h = XXH3_128bits(bytes, len);

	return (struct hash128){ .low = h.low64, .high = h.high64 };
}

void hash_text(struct hash128 h, char text[HASH_TEXT])
{
	snprintf(text, HASH_TEXT, "%016llx%016llx", (unsigned long long)h.high,
		 (unsigned long long)h.low);
}

static bool parse_half(const char *text, uint64_t *out)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < 16; i++) {
		const char *digits = "0123456789abcdef";
		const char *d = text[i] ? strchr(digits, text[i]) : NULL;

		if (!d)
			return false;
		n = n << 4 | (uint64_t)(d - digits);
	}
	*out = n;
	return true;
}

bool hash_parse(const char *text, struct hash128 *out)
{
	return strlen(text) == 32 && parse_half(text, &out->high) &&
	       parse_half(text + 16, &out->low);
}

bool hash_equal(struct hash128 a, struct hash128 b)
{
	return a.low == b.low && a.high == b.high;
}

void hash_add(struct hash128 *sum, struct hash128 h)
{
	sum->low += h.low;
	sum->high += h.high + (sum->low < h.low);
}

void hash_subtract(struct hash128 *sum, struct hash128 h)
{
	sum->high -= h.high + (sum->low < h.low);
	sum->low -= h.low;
}

uint32_t hash_check(const void *bytes, size_t len)
{
	return (uint32_t)XXH3_64bits(bytes, len);
}

unsigned hash_library(void)
{
	return XXH_versionNumber();
}
