/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answers of doctor as text: a line for what is there, three for what is not.
 */
#include "doctor.h"

#include <string.h>
#include <unistd.h>

#include "report_parts.h"

static enum paint answer_paint(const struct doctor_line *l)
{
	if (l->answer == DOCTOR_YES)
		return PAINT_GOOD;
	if (l->answer == DOCTOR_UNKNOWN)
		return PAINT_INFO;
	return l->needed ? PAINT_BAD : PAINT_WARN;
}

static const char *commands_text(const struct doctor *d, const struct doctor_line *l)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	for (const char *at = l->commands; *at;) {
		size_t len = strcspn(at, " ");

		buf_addf(&text, "%s%.*s", text.len ? ", " : "", (int)len, at);
		at += len + (at[len] == ' ');
	}
	if (text.len)
		buf_adds(&text, ": ");
	buf_adds(&text, l->lacks);
	return pool_memdup(&d->s->pool, text.data, text.len);
}

static void add_line(struct buf *out, const struct doctor *d, const struct doctor_line *l,
		     const struct text_style *style)
{
	const char *word = doctor_answer_word(l->answer);
	struct buf rest CLEANUP_BUF = BUF_INIT;

	buf_adds(out, "  ");
	paint(out, style->color, answer_paint(l), word);
	add_padded(out, "", 9 - strlen(word));
	/* The word, which may be coloured, stands in the place of the label's first blanks. */
	add_wrapped(&rest, pool_printf(&d->s->pool, "           %-22s ", l->name), l->seen);
	buf_adds(out, rest.data + 11);
	if (l->answer == DOCTOR_YES)
		return;
	if (l->lacks)
		add_wrapped(out, "           without: ", commands_text(d, l));
	if (l->cure)
		add_wrapped(out, "           cure:    ", l->cure);
}

static void add_heading(struct buf *out, const struct doctor *d, const char *area)
{
	static const struct {
		const char *area, *live, *offline;
	} rows[] = {
		{ "kernel", "kernel", "kernel of this machine, which is not the host's" },
		{ "openvz", "OpenVZ on this host", "OpenVZ on the host below --root" },
		{ "places", "directories", "directories of the host below --root" },
		{ "programs", "programs that vs2vz calls", "programs that vs2vz calls, of this machine" },
		{ "libraries", "vs2vz " VERSION " and its libraries", "vs2vz " VERSION " and its libraries" },
		{ "limits", "this process", "this process" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].area, area) == 0)
			buf_addf(out, "%s%s\n", out->len ? "\n" : "",
				 d->s->live ? rows[i].live : rows[i].offline);
}

static void add_end(struct buf *out, const struct doctor *d)
{
	size_t nr[3] = { 0 };
	struct buf why CLEANUP_BUF = BUF_INIT;

	for (size_t i = 0; i < d->nr; i++) {
		nr[d->line[i].answer]++;
		if (d->line[i].needed && d->line[i].answer == DOCTOR_NO)
			buf_addf(&why, "%s%s", why.len ? ", " : "", d->line[i].name);
	}
	buf_addf(out, "\n%zu yes, %zu no, %zu unknown\n", nr[DOCTOR_YES], nr[DOCTOR_NO],
		 nr[DOCTOR_UNKNOWN]);
	if (why.len)
		buf_addf(out, "convert would be refused here: %s\n", why.data);
	else
		buf_addf(out, "convert can work here%s; next: `%s check`\n",
			 geteuid() ? ", as root" : "", report_program(&d->s->report));
}

void report_doctor(struct buf *out, const struct doctor *d, const struct text_style *style)
{
	const char *area = "";

	for (size_t i = 0; i < d->nr; i++) {
		if (strcmp(area, d->line[i].area) != 0)
			add_heading(out, d, d->line[i].area);
		area = d->line[i].area;
		add_line(out, d, &d->line[i], style);
	}
	add_end(out, d);
}
