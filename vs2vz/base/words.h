/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one line grammar of plan, log and recipes:
 *
 *	line  = word { blank word }
 *	word  = text | key "=" text
 *
 * Bytes outside 0x21..0x7e, and '%', stand as %HH. A line starts with bare words
 * and goes on with pairs; the order of pairs is kept, keys do not repeat.
 *
 *	struct words w;
 *	if (words_parse(&w, line, err) < 0) ...
 *	path = words_get(&w, "at");
 *	words_release(&w);
 *
 * Values are decoded and NUL-terminated; a value with %00 is refused.
 */
#ifndef VS2VZ_BASE_WORDS_H
#define VS2VZ_BASE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define WORDS_BARE_MAX 4
#define WORDS_PAIR_MAX 24

struct words {
	size_t nr_bare;
	const char *bare[WORDS_BARE_MAX];
	size_t nr_pairs;
	struct {
		const char *key;
		const char *value;
	} pair[WORDS_PAIR_MAX];
	char *store;	/* owns the text */
};

int words_parse(struct words *w, const char *line, struct err *err) MUST_CHECK;
void words_release(struct words *w);
/* NULL where the key is missing. */
const char *words_get(const struct words *w, const char *key);
/* Missing or malformed: an error that names the key. */
int words_u64(const struct words *w, const char *key, uint64_t *out, struct err *err) MUST_CHECK;

/* Append " key=value" with escapes; words_bare appends " text" (no blank at line start). */
void words_bare(struct buf *line, const char *text);
void words_pair(struct buf *line, const char *key, const char *value);
void words_pairf(struct buf *line, const char *key, const char *fmt, ...) PRINTF_LIKE(3, 4);

/*
 * Text content inside a plan: like words, but blanks, and tabs as %09, stay
 * readable: bytes 0x20..0x7e except '%' stand for themselves.
 */
void words_escape_line(struct buf *out, const char *bytes, size_t len);
/* The reverse; false on a malformed escape. */
bool words_unescape(struct buf *out, const char *text);

#endif
