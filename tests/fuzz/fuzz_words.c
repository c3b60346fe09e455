/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the line grammar. What parses must print and parse to the same again.
 */
#include "base/words.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_again(const struct words *w)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	struct words again;
	struct err err = { 0 };

	for (size_t i = 0; i < w->nr_bare; i++)
		words_bare(&line, w->bare[i]);
	for (size_t i = 0; i < w->nr_pairs; i++)
		words_pair(&line, w->pair[i].key, w->pair[i].value);
	if (words_parse(&again, line.data, &err) < 0)
		abort();
	if (again.nr_bare != w->nr_bare || again.nr_pairs != w->nr_pairs)
		abort();
	for (size_t i = 0; i < w->nr_pairs; i++)
		if (strcmp(again.pair[i].value, w->pair[i].value) != 0)
			abort();
	words_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_BUF struct buf escaped = BUF_INIT;
	CLEANUP_BUF struct buf back = BUF_INIT;
	struct err err = { 0 };
	struct words w;

	buf_add(&text, data, size);
	if (words_parse(&w, text.data, &err) == 0) {
		same_again(&w);
		words_release(&w);
	}
	if (memchr(data, 0, size) || memchr(data, '\n', size))
		return 0;
	words_escape_line(&escaped, text.data, text.len);
	if (!words_unescape(&back, escaped.data) || back.len != text.len ||
	    memcmp(back.data, text.data, text.len) != 0)
		abort();
	return 0;
}
