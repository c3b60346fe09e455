/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers from text, and arithmetic that cannot wrap. Sizes are uint64_t bytes
 * unless the name says _kib or _pages.
 */
#ifndef VS2VZ_BASE_UNITS_H
#define VS2VZ_BASE_UNITS_H

#include <stdbool.h>
#include <stdint.h>

/* Decimal digits only, whole text, no sign, no blank. False: not a number or > max. */
bool parse_u64(const char *text, uint64_t max, uint64_t *out);

/* Saturating: the largest value instead of a wrap. */
uint64_t add_u64(uint64_t a, uint64_t b);
uint64_t mul_u64(uint64_t a, uint64_t b);
uint64_t kib_up(uint64_t bytes);

/* "3.1 GiB", "96 MiB", "812 B": for people. In one of four buffers of the thread. */
const char *show_size(uint64_t bytes);

#endif
