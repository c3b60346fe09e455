/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the reader of recipes. Whatever it accepts has a head, groups and edits,
 * and every pattern in it can be used.
 */
#include "decide/recipe.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "decide/fix_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct statements *list)
{
	for (size_t i = 0; i < list->nr; i++) {
		struct patterns CLEANUP_PATTERNS p;

		patterns_make(&p, &list->v[i]);
		for (size_t n = 0; n < list->v[i].nr_lines; n++)
			if (list->v[i].line[n].mark != '>')
				pattern_match(&p, n, "a line", 6);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct pool pool = POOL_INIT;
	struct err err = { 0 };
	struct recipe r;

	if (memchr(data, 0, size))
		return 0;
	buf_add(&text, data, size);
	if (recipe_parse(&r, "fuzz", NULL, text.data, &pool, &err) == 0) {
		if (!r.about || !r.reason || !r.nr_groups || !r.order)
			abort();
		use(&r.needs);
		for (size_t i = 0; i < r.nr_groups; i++) {
			if (!r.group[i].edits.nr || !r.group[i].nr_sets)
				abort();
			for (size_t n = 0; n < r.group[i].nr_sets; n++)
				use(&r.group[i].set[n]);
		}
	} else if (!*err.text) {
		abort();
	}
	pool_release(&pool);
	return 0;
}
