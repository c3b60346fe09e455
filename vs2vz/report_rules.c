/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translation table as a document: `vs2vz rules`, docs/mapping.md.
 */
#include "report_parts.h"

#include <string.h>

/* '|' and '*' would be taken for markup. */
static void add_cell(struct buf *out, const char *text)
{
	buf_adds(out, "| ");
	for (; *text; text++) {
		if (strchr("|*_<", *text))
			buf_addch(out, '\\');
		buf_addch(out, *text);
	}
	buf_addch(out, ' ');
}

static const char *style_word(enum guest_style style)
{
	return style == STYLE_RECENT ? "directory" : "NAME.conf";
}

static void add_markdown(struct buf *out, const struct rule *rule)
{
	add_cell(out, style_word(rule->style));
	add_cell(out, rule->pattern);
	add_cell(out, rule->param ? rule->param : "");
	add_cell(out, verdict_word(rule->verdict));
	add_cell(out, rule->reason ? rule->reason : "");
	buf_adds(out, "|\n");
}

void report_rules(struct buf *out, bool markdown)
{
	static const char *const heading[] = { "STYLE", "ITEM", "PARAMETER", "FATE", "REMARK" };
	struct pool pool = POOL_INIT;
	struct table t = { .columns = sizeof(heading) / sizeof(heading[0]), .pool = &pool };

	if (markdown)
		buf_adds(out, "# What becomes of each VServer item\n\n"
			 "Made by `vs2vz rules --markdown`.\n\n"
			 "| style | item | OpenVZ parameter | fate | remark |\n"
			 "|---|---|---|---|---|\n");
	table_row(&t, heading);
	for (size_t i = 0; i < nr_rules; i++) {
		const char *cells[] = {
			style_word(rules[i].style), rules[i].pattern, rules[i].param,
			verdict_word(rules[i].verdict), rules[i].reason,
		};

		if (markdown)
			add_markdown(out, &rules[i]);
		else
			table_row(&t, cells);
	}
	if (!markdown)
		table_print(out, &t, NULL, NULL);
	pool_release(&pool);
}
