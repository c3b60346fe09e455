/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inventory, findings, status and explanations as text. Lines keep within 80 columns
 * where names and paths let them.
 */
#include "report_parts.h"

#include <string.h>

#include "base/units.h"

#define ENTRIES_SHOWN 5

static const char *number_text(struct pool *pool, uint64_t nr)
{
	return nr ? pool_printf(pool, "%llu", (unsigned long long)nr) : NULL;
}

static const char *boot_text(const struct report_guest *g)
{
	if (g->disabled)
		return "disabled";
	if (!g->on_boot)
		return "no";
	return g->marks ? g->marks : "yes";
}

/* The second line of a guest in the inventory: what is too long for a column. */
static void add_details(struct buf *out, const void *ctx, size_t row)
{
	const struct report *r = ctx;
	const struct report_guest *g = &r->guests[row];	/* the host's entry is the last one */

	buf_addf(out, "    %s", g->hostname ? g->hostname : "(no host name)");
	for (size_t i = 0; i < g->nr_addresses; i++)
		buf_addf(out, "  %s", g->addresses[i]);
	buf_addf(out, "\n    %s", g->tree ? g->tree : "(no tree)");
	if (g->file_system)
		buf_addf(out, " on %s", g->file_system);
	if (g->ctid_from)
		buf_addf(out, "; CTID: %s", g->ctid_from);
	buf_addch(out, '\n');
}

static void scan_row(struct table *t, const struct report_guest *g)
{
	const char *cells[] = {
		g->name, number_text(t->pool, g->ctid),
		g->xid < 0 ? NULL : number_text(t->pool, (uint64_t)g->xid),
		state_word(g->state), boot_text(g), system_text(t->pool, g), g->init,
		g->surveyed ? pool_strdup(t->pool, show_size(g->bytes)) : NULL,
		g->surveyed ? number_text(t->pool, g->inodes) : NULL,
	};

	table_row(t, cells);
}

void report_scan(struct buf *out, const struct report *r, const struct text_style *style)
{
	static const char *const heading[] = {
		"NAME", "CTID", "XID", "STATE", "BOOT", "SYSTEM", "INIT", "SIZE", "INODES",
	};
	struct table t = { .columns = sizeof(heading) / sizeof(heading[0]), .pool = r->pool };

	(void)style;
	table_row(&t, heading);
	for (size_t i = 0; i < r->nr_guests; i++)
		if (!r->guests[i].is_host)
			scan_row(&t, &r->guests[i]);
	if (t.nr > t.columns)
		table_print(out, &t, add_details, r);
	else
		buf_addf(out, "%s\n", report_nobody(r));
}

static void add_entry(struct buf *out, const struct finding *f)
{
	buf_addf(out, "  %s", f->guest ? f->guest : "host");
	if (f->object)
		buf_addf(out, ": %s", f->object);
	if (f->seen && *f->seen)
		buf_addf(out, ": %s", f->seen);
	buf_addch(out, '\n');
	if (f->override_reason && *f->override_reason)
		buf_addf(out, "    overridden: %s\n", f->override_reason);
}

static void add_group(struct buf *out, const struct finding_group *g, struct pool *pool,
		      const struct text_style *style)
{
	bool all = style->verbose || style->worst_first || g->nr <= ENTRIES_SHOWN + 1;
	size_t shown = all ? g->nr : ENTRIES_SHOWN;
	const char *name = pool_printf(pool, "VS%u", g->kind->id);

	paint(out, style->color, level_paint(g), level_word(g));
	buf_addf(out, " %s %s: %s", name, g->kind->name, g->kind->title);
	if (g->nr_guests > 1)
		buf_addf(out, " (%s)", counted(pool, g->nr_guests, "guest"));
	buf_addch(out, '\n');
	for (size_t i = 0; i < shown; i++) {
		add_entry(out, g->v[i]);
		buf_drain(out);
	}
	if (shown < g->nr)
		buf_addf(out, "  ... and %zu more; -v lists them\n", g->nr - shown);
	if (g->kind->level == LEVEL_INFO && !style->verbose)
		return;
	add_wrapped(out, "  cause:  ", g->kind->cause);
	add_wrapped(out, "  effect: ", g->kind->effect);
	add_wrapped(out, "  cure:   ", g->kind->cure);
}

static void add_totals(struct buf *out, const struct report *r)
{
	struct report_counts c = report_count(r);

	buf_addf(out, "findings: %s, %s, %zu fixed, %zu info",
		 counted(r->pool, c.inhibitor, "inhibitor"),
		 counted(r->pool, c.warning, "warning"), c.fixed, c.info);
	if (c.lifted)
		buf_addf(out, "; %zu overridden", c.lifted);
	buf_addch(out, '\n');
}

void report_findings(struct buf *out, const struct report *r, const struct text_style *style)
{
	struct finding_groups groups;

	if (!r->findings)
		return;
	findings_group(&groups, r->findings, style->worst_first, r->pool);
	if (style->worst_first)
		add_totals(out, r);
	for (size_t i = 0; i < groups.nr; i++)
		add_group(out, &groups.v[i], r->pool, style);
	if (!style->worst_first)
		add_totals(out, r);
}

/* The guest of a row: what is the host's has none. */
static const struct report_guest *guest_of_row(const struct report *r, size_t row)
{
	const struct report_guest *g = r->guests;

	while (g->is_host || row--)
		g++;
	return g;
}

/* Where an insulated container has its file system. */
static void add_volume(struct buf *out, const void *ctx, size_t row)
{
	const struct report_container *c = guest_of_row(ctx, row)->container;

	if (!c || !c->device)
		return;
	if (c->why)
		buf_addf(out, "    VE_DEVICE: %s\n", c->why);
	else
		buf_addf(out, "    %s  UUID %s\n", c->volume, c->uuid);
}

static void add_next(struct buf *out, const void *ctx, size_t row)
{
	const char *next = report_next_brief(ctx, guest_of_row(ctx, row));

	add_volume(out, ctx, row);
	if (*next)
		buf_addf(out, "    %s\n", next);
}

static void status_rows(struct table *t, const struct report *r)
{
	static const char *const heading[] = { "NAME", "CTID", "STATE", "KIND", "NEXT" };

	table_row(t, heading);
	for (size_t i = 0; i < r->nr_guests; i++) {
		const struct report_guest *g = &r->guests[i];
		const char *cells[] = {
			g->name, number_text(r->pool, g->ctid), state_word(g->state),
			g->container ? g->container->kind : "-", report_next_brief(r, g),
		};

		if (!g->is_host)
			table_row(t, cells);
	}
}

/* Commands that are too long for a column stand below their rows, a line each. */
void report_status(struct buf *out, const struct report *r, const struct text_style *style)
{
	struct table t = { .columns = 5, .pool = r->pool };
	struct table narrow = { .columns = 4, .pool = r->pool };

	(void)style;
	status_rows(&t, r);
	if (t.nr <= t.columns) {
		buf_addf(out, "%s\n", report_nobody(r));
	} else if (table_width(&t) <= 80) {
		table_print(out, &t, add_volume, r);
	} else {
		status_rows(&narrow, r);
		table_print(out, &narrow, add_next, r);
	}
	for (size_t i = 0; r->findings && i < r->findings->nr; i++)
		if (r->findings->v[i].kind->id == VS_JOURNAL_LOST ||
		    r->findings->v[i].kind->id == VS_JOURNAL_ABSENT)
			buf_addf(out, "%s: %s\n", r->findings->v[i].object, r->findings->v[i].seen);
}

void report_explain(struct buf *out, const struct finding_kind *kind)
{
	const struct finding_group one = { .kind = kind };

	buf_addf(out, "VS%u %s: %s\n\n", kind->id, kind->name, kind->title);
	buf_addf(out, "level:  %s", level_word(&one));
	if (kind->level == LEVEL_INHIBITOR)
		buf_adds(out, kind->overridable ? ", can be overridden" : ", cannot be overridden");
	buf_addch(out, '\n');
	add_wrapped(out, "cause:  ", kind->cause);
	add_wrapped(out, "effect: ", kind->effect);
	add_wrapped(out, "cure:   ", kind->cure);
	if (kind->overridable)
		buf_addf(out, "\nTo go on in spite of it, once: vs2vz convert ... --override VS%u\n"
			 "For good, in /etc/vs2vz.conf:\n"
			 "  override \"VS%u\" { guests = {\"GUEST\"} reason = \"...\" }\n",
			 kind->id, kind->id);
}
