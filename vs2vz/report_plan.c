/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dry run's text: a block per guest, one line per fact, a prefix to grep for:
 * '+' new, '~' changed, '-' removed, '!' somebody must decide or look.
 */
#include "report_parts.h"

#include <string.h>

#include "base/units.h"

#define LABEL 8

static void add_fact(struct buf *out, char mark, const char *label, const char *text)
{
	buf_addf(out, "  %c ", mark);
	add_padded(out, label, LABEL);
	buf_addf(out, " %s\n", text);
}

static void add_brackets(struct buf *out, const struct report_guest *g, struct pool *pool)
{
	buf_addf(out, "   (%s", g->tree ? g->tree : "no tree");
	if (g->distro)
		buf_addf(out, ", %s", system_text(pool, g));
	if (g->init)
		buf_addf(out, ", %s", g->init);
	if (g->surveyed)
		buf_addf(out, ", %s, %llu inodes", show_size(g->bytes),
			 (unsigned long long)g->inodes);
	buf_addch(out, ')');
}

static bool is_blocked(const struct report_guest *g)
{
	return g->state == STATE_BLOCKED || g->state == STATE_ABSENT ||
	       g->state == STATE_UNREAD ||
	       g->outcome == OUTCOME_BLOCKED;
}

static void add_heading(struct buf *out, const struct report_guest *g, struct pool *pool,
			const struct text_style *style)
{
	if (g->is_host) {
		buf_adds(out, "host   (steps that all guests share)\n");
		return;
	}
	if (strchr(g->name, '/'))
		buf_addf(out, "container %u", g->ctid);
	else
		buf_addf(out, "guest %s", g->name);
	if (g->ctid && !strchr(g->name, '/'))
		buf_addf(out, "  ->  CT %u", g->ctid);
	if (g->found)
		add_brackets(out, g, pool);
	if (is_blocked(g)) {
		buf_adds(out, "  ");
		paint(out, style->color, PAINT_BAD, "blocked");
	} else if (!g->planned) {
		buf_addf(out, "  %s already", state_word(g->state));
	}
	buf_addch(out, '\n');
}

static void add_actions(struct buf *out, const struct report_guest *g,
			const struct text_style *style)
{
	for (size_t i = 0; i < g->nr_actions; i++) {
		const struct report_action *a = &g->actions[i];

		if (a->mark != ' ' || style->verbose)
			add_fact(out, a->mark, a->word, a->text);
	}
}

static void add_marks(struct buf *out, const struct report *r, const struct report_guest *g,
		      const struct text_style *style)
{
	const char *who = g->is_host ? NULL : g->name;

	if (!r->findings)
		return;
	for (size_t i = finding_first(r->findings, who); i != FINDING_NONE;
	     i = finding_next(r->findings, i)) {
		const struct finding *f = &r->findings->v[i];
		const struct finding_group one = { .kind = f->kind,
						   .lifted = f->override_reason != NULL };

		if (f->kind->level == LEVEL_INFO && !style->verbose)
			continue;
		buf_adds(out, "  ! ");
		add_padded(out, pool_printf(r->pool, "VS%u", f->kind->id), LABEL);
		buf_addch(out, ' ');
		paint(out, style->color, level_paint(&one), level_word(&one));
		if (f->object)
			buf_addf(out, ": %s", f->object);
		buf_addf(out, ": %s\n", f->seen && *f->seen ? f->seen : f->kind->title);
	}
}

/* "14 carried over, 2 approximated, ...": the ledger in one line. */
static void add_fates(struct buf *out, const struct report_guest *g)
{
	struct buf line CLEANUP_BUF = BUF_INIT;

	for (int v = VERDICT_SAME; v <= VERDICT_UNKNOWN; v++) {
		const char *word = verdict_word((enum verdict)v);
		size_t nr = 0;

		for (size_t i = 0; i < g->nr_items; i++)
			nr += strcmp(g->items[i].fate, word) == 0;
		if (nr)
			buf_addf(&line, "%s%zu %s", line.len ? ", " : "", nr, word);
	}
	if (line.len)
		add_fact(out, ' ', "items", line.data);
}

/* The dry runs of undo and commit have the same layout and another direction. */
static bool is_dry_run_of(const struct report *r, const char *command)
{
	return strcmp(r->command, command) == 0;
}

static void add_facts(struct buf *out, const struct report *r, const struct report_guest *g,
		      const struct text_style *style)
{
	if (g->planned && g->ctid_from)
		add_fact(out, ' ', "number", g->ctid_from);
	if (g->planned && g->method)
		add_fact(out, ' ', "method", g->method_reason ?
			 pool_printf(r->pool, "%s: %s", g->method, g->method_reason) : g->method);
	if (g->planned && g->sample)
		add_fact(out, ' ', "sample", g->sample);
	add_actions(out, g, style);
	add_marks(out, r, g, style);
	add_fates(out, g);
	if (style->verbose && g->nr_items)
		report_ledger(out, g, style);
	if (g->planned && !g->is_host && !is_blocked(g) && !is_dry_run_of(r, "undo") &&
	    !is_dry_run_of(r, "commit"))
		add_fact(out, ' ', "undo", "possible until commit");
}

/* Of the host there may be nothing to say: its steps are hidden without -v. */
static void add_guest(struct buf *out, const struct report *r, const struct report_guest *g,
		      const struct text_style *style)
{
	struct buf facts CLEANUP_BUF = BUF_INIT;

	add_facts(&facts, r, g, style);
	if (g->is_host && !facts.len)
		return;
	add_heading(out, g, r->pool, style);
	buf_add(out, facts.data, facts.len);
	buf_drain(out);
}

/* What the lines of a plan are of. */
static const char *noun_of(const struct report *r)
{
	for (size_t i = 0; i < r->nr_guests; i++)
		if (!r->guests[i].is_host && !strchr(r->guests[i].name, '/'))
			return "guest";
	return r->nr_guests ? "container" : "guest";
}

void report_plan(struct buf *out, const struct report *r, const struct text_style *style)
{
	struct report_counts c = report_count(r);

	for (size_t i = 0; i < r->nr_guests; i++)
		add_guest(out, r, &r->guests[i], style);
	if (is_dry_run_of(r, "commit")) {
		buf_addf(out, "commit: %s would be committed, %zu refused; %s freed\n",
			 counted(r->pool, c.convert, noun_of(r)), c.blocked, show_size(r->bytes_freed));
		return;
	}
	if (is_dry_run_of(r, "undo")) {
		buf_addf(out, "undo: %s would go back, %zu refused\n",
			 counted(r->pool, c.convert, noun_of(r)), c.blocked);
		return;
	}
	buf_addf(out, "plan: %s %s%s, %zu blocked, %zu skipped; %s written; %s needed\n",
		 counted(r->pool, c.convert, noun_of(r)), *noun_of(r) == 'g' ? "convert" : "change",
		 c.convert == 1 ? "s" : "", c.blocked,
		 c.skipped, counted(r->pool, c.files_written, "file"), show_size(r->bytes_needed));
}
