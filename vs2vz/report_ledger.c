/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger: every configuration item with its value, what became of it, and why; and
 * the text of every hook script, since whoever replaces a script has to read it. Texts
 * are made printable here, line by line, and bounded.
 */
#include "report_parts.h"

#include <string.h>

#include "base/shown.h"

#define VALUE_MAX	200	/* bytes of a value in one line */
#define CELL_MAX	36	/* bytes of a cell on a screen */
#define SCRIPT_LINES	400

static const char *text_of(const struct report *r, const char *bytes)
{
	return bytes && *bytes ? shown_dup(r->pool, bytes) : NULL;
}

static bool starts(const char *path, const char *with)
{
	return strncmp(path, with, strlen(with)) == 0;
}

static bool is_script(const struct item *item)
{
	return item->type == ITEM_FILE &&
	       (starts(item->path, "scripts/") || starts(item->path, ".defaults/scripts/") ||
		strcmp(item->path, "NAME.sh") == 0);
}

/* Printable, in one line: newlines and tabs are blanks, a NUL is seen. */
static const char *one_line(const struct report *r, const char *bytes, size_t len)
{
	struct buf out CLEANUP_BUF = BUF_INIT;
	char *text = pool_memdup(r->pool, bytes, len);
	size_t part;

	for (size_t i = 0; i < len; i++)
		if (text[i] == '\n' || text[i] == '\t')
			text[i] = ' ';
	for (size_t at = 0; at < len; at += part) {
		part = strlen(text + at);
		shown_add(&out, text + at);
		if (at + part < len) {
			buf_adds(&out, "\\x00");
			part++;
		}
	}
	return pool_memdup(r->pool, out.data, out.len);
}

/* Lines side by side; NULL: an item without a text. */
static const char *value_of(const struct report *r, const struct item *item)
{
	size_t len = item->len;

	if ((item->type != ITEM_FILE && item->type != ITEM_LINK) || !item->text)
		return NULL;
	while (len && (item->text[len - 1] == '\n' || item->text[len - 1] == '\r'))
		len--;
	if (!len)
		return NULL;
	bool cut = len > VALUE_MAX;
	return pool_printf(r->pool, "%s%s%s", item->type == ITEM_LINK ? "-> " : "",
			   one_line(r, item->text, cut ? VALUE_MAX : len), cut ? "..." : "");
}

static void add_script(struct report_guest *g, const struct report *r, const struct item *item)
{
	struct report_script *script = pool_grow(r->pool, &g->scripts, &g->nr_scripts,
						 &g->cap_scripts, sizeof(*script));
	const char *end = item->text + item->len;
	size_t len;

	*script = (struct report_script){
		.item = shown_dup(r->pool, item->path), .cut = item->cut,
		.lines = pool_array(r->pool, SCRIPT_LINES, sizeof(*script->lines)),
	};
	for (const char *at = item->text; at < end; at += len + 1) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		len = (size_t)((newline ? newline : end) - at);
		if (script->nr_lines == SCRIPT_LINES) {
			script->cut = true;
			return;
		}
		script->lines[script->nr_lines++] = one_line(r, at, len);
	}
}

void report_fates(struct report_guest *g, const struct report *r, const struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->nr; i++) {
		const struct fate *fate = &ledger->v[i];
		struct report_item *item = pool_grow(r->pool, &g->items, &g->nr_items,
						     &g->cap_items, sizeof(*item));

		item->item = shown_dup(r->pool, fate->item->path);
		item->value = value_of(r, fate->item);
		item->fate = verdict_word(fate->verdict);
		item->result = text_of(r, fate->result);
		item->reason = text_of(r, fate->reason);
		/* An inherited one that the guest's own replaces does not run. */
		if (is_script(fate->item) && fate->verdict != VERDICT_NOT_NEEDED)
			add_script(g, r, fate->item);
	}
}

static void add_scripts(struct buf *out, const struct report_guest *g)
{
	for (size_t i = 0; i < g->nr_scripts; i++) {
		const struct report_script *s = &g->scripts[i];

		buf_addf(out, "    script %s:\n", s->item);
		for (size_t n = 0; n < s->nr_lines; n++)
			buf_addf(out, "      | %s\n", s->lines[n]);
		if (s->cut)
			buf_adds(out, "      (the rest is left out)\n");
	}
}

/* A cell of the screen's table: no wider than max bytes, whole characters. Files get all of it. */
static const char *narrow(struct pool *pool, const char *text, size_t max,
			  const struct text_style *style)
{
	size_t len = text ? strlen(text) : 0;

	if (style->worst_first || len <= max)
		return text;
	for (len = max - 3; len && (text[len] & 0xc0) == 0x80; len--)
		;
	return pool_printf(pool, "%.*s...", (int)len, text);
}

void report_ledger(struct buf *out, const struct report_guest *g, const struct text_style *style)
{
	static const char *const heading[] = { "    ITEM", "VALUE", "FATE", "RESULT", "REASON" };
	struct pool pool = POOL_INIT;
	struct table t = { .columns = sizeof(heading) / sizeof(heading[0]), .pool = &pool };

	table_row(&t, heading);
	for (size_t i = 0; i < g->nr_items; i++) {
		const struct report_item *item = &g->items[i];
		const char *cells[] = {
			pool_printf(&pool, "    %s", item->item),
			narrow(&pool, item->value, CELL_MAX, style), item->fate,
			narrow(&pool, item->result, CELL_MAX, style), item->reason,
		};

		table_row(&t, cells);
	}
	table_print(out, &t, NULL, NULL);
	add_scripts(out, g);
	pool_release(&pool);
}

void report_ledger_file(struct buf *out, const struct report *r, const struct report_guest *g)
{
	static const struct text_style style = { .verbose = true, .worst_first = true };

	buf_addf(out, "guest %s, container %u, decided %s by vs2vz %s\n\n", g->name, g->ctid,
		 time_text(r->pool, r->started), r->version);
	report_ledger(out, g, &style);
}
