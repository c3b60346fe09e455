/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The start tests of a run as text: a paragraph for each container.
 */
#include "report_parts.h"

#include <string.h>

static void add_ports(struct buf *out, const struct report_start *st)
{
	struct buf CLEANUP_BUF list = BUF_INIT;

	for (size_t i = 0; i < st->nr_ports; i++)
		buf_addf(&list, "%s%s %s:%u (%s)", i ? ", " : "", st->ports[i].protocol,
			 st->ports[i].address, st->ports[i].port, st->ports[i].program);
	if (list.len)
		add_wrapped(out, "  ports:    ", list.data);
}

static void add_programs(struct buf *out, const struct report_start *st)
{
	struct buf CLEANUP_BUF list = BUF_INIT;

	for (size_t i = 0; i < st->nr_programs; i++) {
		buf_addf(&list, "%s%s", i ? ", " : "", st->programs[i].program);
		if (st->programs[i].count > 1)
			buf_addf(&list, " (%u)", st->programs[i].count);
	}
	if (list.len)
		add_wrapped(out, "  programs: ", list.data);
}

static void add_start(struct buf *out, const struct report_guest *g, bool color)
{
	const struct report_start *st = g->start;
	bool up = strcmp(st->result, "up") == 0;

	buf_addf(out, "%s, %s: ", g->name, st->way);
	paint(out, color, up ? PAINT_GOOD : PAINT_BAD, st->result);
	if (st->level)
		buf_addf(out, ", %s", st->level);
	buf_addf(out, ", %u s", st->seconds);
	if (up)
		buf_addf(out, st->stopped ? "; went down in %u s" : "; did not go down in %u s",
			 st->stop_seconds);
	buf_addch(out, '\n');
	add_ports(out, st);
	add_programs(out, st);
	if (st->console)
		buf_addf(out, "  console:  %s\n", st->console);
}

void report_starts(struct buf *out, const struct report *r, const struct text_style *style)
{
	for (size_t i = 0; i < r->nr_guests; i++)
		if (r->guests[i].start)
			add_start(out, &r->guests[i], style->color);
}
