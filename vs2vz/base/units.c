/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Strict numbers, saturating sums.
 */
#include "base/units.h"

#include <stdio.h>

bool parse_u64(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned digit = (unsigned)(*text - '0');

		if (digit > 9 || digit > max || n > (max - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*out = n;
	return true;
}

uint64_t add_u64(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

uint64_t mul_u64(uint64_t a, uint64_t b)
{
	return a && b > UINT64_MAX / a ? UINT64_MAX : a * b;
}

uint64_t kib_up(uint64_t bytes)
{
	return bytes / 1024 + (bytes % 1024 != 0);
}

const char *show_size(uint64_t bytes)
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	static __thread char ring[4][24];
	static __thread unsigned turn;
	char *out = ring[turn++ % 4];
	double n = (double)bytes;
	unsigned u = 0;

	while (n >= 1023.95 && u + 1 < sizeof(unit) / sizeof(unit[0])) {
		n /= 1024;
		u++;
	}
	snprintf(out, sizeof(ring[0]), u && n < 9.95 ? "%.1f %s" : "%.0f %s", n, unit[u]);
	return out;
}
