/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fix-up recipes for people: `vs2vz explain fixups`, `vs2vz explain NAME`.
 */
#include "report_parts.h"

#include <string.h>

#include "decide/recipe.h"

static const char *family_word(const struct recipe *r)
{
	return r->family == FAMILY_UN_BUILD ? "un-build" : "adapt";
}

static const char *confidence_word(const struct recipe *r)
{
	return r->confidence == CONFIDENCE_ACT ? "acts" : "proposes";
}

void report_recipes(struct buf *out, const struct recipes *recipes)
{
	static const char *const heading[] = { "ORDER", "NAME", "FAMILY", "DOES", "ABOUT" };
	struct pool pool = POOL_INIT;
	struct table t = { .columns = sizeof(heading) / sizeof(heading[0]), .pool = &pool };

	table_row(&t, heading);
	for (size_t i = 0; i < recipes->nr; i++) {
		const struct recipe *r = &recipes->v[i];
		const char *cells[] = {
			pool_printf(&pool, "%u", r->order), r->name, family_word(r),
			confidence_word(r), r->about,
		};

		table_row(&t, cells);
	}
	table_print(out, &t, NULL, NULL);
	pool_release(&pool);
}

void report_recipe(struct buf *out, const struct recipe *r)
{
	buf_addf(out, "%s: %s\n\n%s\n\n", r->name, r->about, r->reason);
	buf_addf(out, "family:     %s\norder:      %u\nby itself:  %s\nfrom:       %s\n\n",
		 family_word(r), r->order, confidence_word(r),
		 r->origin ? show(r->origin) : "the program");
	buf_adds(out, r->text);
}
