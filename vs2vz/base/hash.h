/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Evidence: XXH3-128 of content, written as 32 hex digits. Against disk and
 * software faults and honest edits, not against forgery. (The only user of
 * libxxhash besides the copier's stream.)
 */
#ifndef VS2VZ_BASE_HASH_H
#define VS2VZ_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash128 {
	uint64_t low;
	uint64_t high;
};

#define HASH_TEXT 33	/* 32 hex digits and a NUL */

struct hash128 hash_bytes(const void *bytes, size_t len);
void hash_text(struct hash128 h, char text[HASH_TEXT]);
bool hash_parse(const char *text, struct hash128 *out);
bool hash_equal(struct hash128 a, struct hash128 b);
/* Sums of hashes, for sets without an order: modulo 2^128. */
void hash_add(struct hash128 *sum, struct hash128 h);
void hash_subtract(struct hash128 *sum, struct hash128 h);
/* Eight hex digits for one log line. */
uint32_t hash_check(const void *bytes, size_t len);

/* Version of libxxhash in use: 802 is 0.8.2. */
unsigned hash_library(void);

#endif
