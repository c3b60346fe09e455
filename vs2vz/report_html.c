/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The document as one HTML page without scripts or anything fetched from elsewhere.
 * Every text is escaped here, once.
 */
#include "report_parts.h"

#include "base/units.h"
#include "exits.h"

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<title>vs2vz report</title>\n<style>\n"
	"body { font: 15px/1.4 sans-serif; margin: 2em; max-width: 75em; }\n"
	"table { border-collapse: collapse; margin: .5em 0 1.5em; }\n"
	"th, td { border: 1px solid #bbb; padding: .2em .6em; text-align: left;\n"
	"         vertical-align: top; }\n"
	"th { background: #eee; }\n"
	"code, pre, td.t { font-family: monospace; }\n"
	".inhibitor { color: #a00; } .warning, .overridden { color: #850; }\n"
	".fixed { color: #060; } .info { color: #047; }\n"
	"</style>\n</head>\n<body>\n";

static void add_text(struct buf *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&': buf_adds(out, "&amp;"); break;
		case '<': buf_adds(out, "&lt;"); break;
		case '>': buf_adds(out, "&gt;"); break;
		case '"': buf_adds(out, "&quot;"); break;
		case '\'': buf_adds(out, "&#39;"); break;
		default: buf_addch(out, *text);
		}
	}
}

static void add_cell(struct buf *out, const char *tag, const char *text)
{
	buf_addf(out, "<%s>", tag);
	add_text(out, text && *text ? text : "-");
	buf_addf(out, "</%.2s>", tag);
}

static void add_row(struct buf *out, const char *tag, const char *const *cells, size_t nr)
{
	buf_adds(out, "<tr>");
	for (size_t i = 0; i < nr; i++)
		add_cell(out, tag, cells[i]);
	buf_adds(out, "</tr>\n");
}

static void add_element(struct buf *out, const char *tag, const char *text)
{
	buf_addf(out, "<%s>", tag);
	add_text(out, text);
	buf_addf(out, "</%s>\n", tag);
}

static void add_run(struct buf *out, const struct report *r)
{
	struct buf line CLEANUP_BUF = BUF_INIT;
	struct buf closing CLEANUP_BUF = BUF_INIT;

	buf_adds(&line, "vs2vz");
	for (size_t i = 0; i < r->nr_arguments; i++)
		buf_addf(&line, " %s", r->arguments[i]);
	add_element(out, "h1", pool_printf(r->pool, "vs2vz on %s", r->host_name));
	add_element(out, "p", pool_printf(r->pool, "Run %s, %s to %s, status %d (%s).", r->run,
					  time_text(r->pool, r->started),
					  time_text(r->pool, r->ended), r->status,
					  exit_word(r->status)));
	add_element(out, "pre", line.data);
	report_closing(&closing, r);
	add_element(out, "p", closing.data);
}

static void add_guests(struct buf *out, const struct report *r)
{
	static const char *const heading[] = {
		"guest", "CT", "state", "outcome", "system", "size", "tree", "next",
	};
	const size_t columns = sizeof(heading) / sizeof(heading[0]);

	add_element(out, "h2", "Guests");
	buf_adds(out, "<table>\n");
	add_row(out, "th", heading, columns);
	for (size_t i = 0; i < r->nr_guests; i++) {
		const struct report_guest *g = &r->guests[i];
		const char *cells[] = {
			g->name, g->ctid ? pool_printf(r->pool, "%u", g->ctid) : NULL,
			state_word(g->state), outcome_word(g->outcome), system_text(r->pool, g),
			g->surveyed ? show_size(g->bytes) : NULL, g->tree, report_next(r, g),
		};

		if (!g->is_host)
			add_row(out, "td", cells, columns);
		buf_drain(out);
	}
	buf_adds(out, "</table>\n");
}

static void add_group(struct buf *out, const struct finding_group *g, struct pool *pool)
{
	static const char *const heading[] = { "guest", "object", "seen", "overridden" };

	buf_addf(out, "<h3 class=\"%s\">", level_word(g));
	add_text(out, pool_printf(pool, "%s VS%u: %s", level_word(g), g->kind->id,
				  g->kind->title));
	buf_adds(out, "</h3>\n");
	add_element(out, "p", pool_printf(pool, "Cause: %s. Effect: %s.", g->kind->cause,
					  g->kind->effect));
	add_element(out, "p", pool_printf(pool, "Cure: %s", g->kind->cure));
	buf_adds(out, "<table>\n");
	add_row(out, "th", heading, 4);
	for (size_t i = 0; i < g->nr; i++) {
		const struct finding *f = g->v[i];
		const char *cells[] = {
			f->guest ? f->guest : "host", f->object, f->seen, f->override_reason,
		};

		add_row(out, "td", cells, 4);
		buf_drain(out);
	}
	buf_adds(out, "</table>\n");
}

static void add_findings(struct buf *out, const struct report *r)
{
	struct finding_groups groups;

	if (!r->findings)
		return;
	add_element(out, "h2", "Findings");
	findings_group(&groups, r->findings, true, r->pool);
	for (size_t i = 0; i < groups.nr; i++)
		add_group(out, &groups.v[i], r->pool);
	if (!groups.nr)
		add_element(out, "p", "None.");
}

static void add_items(struct buf *out, const struct report_guest *g)
{
	static const char *const heading[] = { "item", "value", "fate", "result", "reason" };

	if (!g->nr_items)
		return;
	buf_adds(out, "<table>\n");
	add_row(out, "th", heading, 5);
	for (size_t i = 0; i < g->nr_items; i++) {
		const struct report_item *item = &g->items[i];
		const char *cells[] = {
			item->item, item->value, item->fate, item->result, item->reason,
		};

		add_row(out, "td", cells, 5);
	}
	buf_adds(out, "</table>\n");
}

static void add_scripts(struct buf *out, const struct report_guest *g)
{
	for (size_t i = 0; i < g->nr_scripts; i++) {
		add_element(out, "h4", g->scripts[i].item);
		buf_adds(out, "<pre>\n");
		for (size_t n = 0; n < g->scripts[i].nr_lines; n++) {
			add_text(out, g->scripts[i].lines[n]);
			buf_addch(out, '\n');
		}
		buf_adds(out, "</pre>\n");
	}
}

static void add_plan(struct buf *out, const struct report_guest *g)
{
	add_element(out, "h3", g->name);
	if (g->error)
		add_element(out, "p", g->error);
	buf_adds(out, "<pre>\n");
	for (size_t i = 0; i < g->nr_actions; i++) {
		buf_addf(out, "%c ", g->actions[i].mark);
		add_text(out, g->actions[i].word);
		buf_addch(out, ' ');
		add_text(out, g->actions[i].text);
		buf_addch(out, '\n');
	}
	for (size_t i = 0; i < g->nr_paths; i++) {
		add_text(out, g->paths[i].path);
		buf_adds(out, ": ");
		add_text(out, g->paths[i].why);
		buf_addch(out, '\n');
	}
	buf_adds(out, "</pre>\n");
	add_items(out, g);
	add_scripts(out, g);
	buf_drain(out);
}

void report_html(struct buf *out, const struct report *r)
{
	buf_adds(out, head);
	add_run(out, r);
	add_guests(out, r);
	add_findings(out, r);
	add_element(out, "h2", "Plans");
	for (size_t i = 0; i < r->nr_guests; i++)
		if (r->guests[i].nr_actions || r->guests[i].nr_paths || r->guests[i].error ||
		    r->guests[i].nr_items)
			add_plan(out, &r->guests[i]);
	buf_adds(out, "</body>\n</html>\n");
}
