/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a run did, its truthful last line, and the whole report as one text. Also the
 * only code that writes to stdout.
 */
#include "report_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "exits.h"

#define PATHS_SHOWN 20

static void add_took(struct buf *out, const struct report_guest *g)
{
	if (g->seconds)
		buf_addf(out, " in %llu s", (unsigned long long)g->seconds);
}

static void add_result(struct buf *out, const struct report_guest *g, bool color)
{
	static const enum paint paints[] = {
		[OUTCOME_NONE] = PAINT_NONE, [OUTCOME_DONE] = PAINT_GOOD,
		[OUTCOME_ALREADY] = PAINT_GOOD, [OUTCOME_BLOCKED] = PAINT_BAD,
		[OUTCOME_SKIPPED] = PAINT_WARN, [OUTCOME_FAILED] = PAINT_BAD,
		[OUTCOME_DIFFERS] = PAINT_BAD,
	};

	buf_addf(out, "%s: ", g->name);
	paint(out, color, paints[g->outcome], outcome_word(g->outcome));
	if (g->state != STATE_BLOCKED)	/* the outcome says it already */
		buf_addf(out, ", %s", state_word(g->state));
	if (g->ctid)
		buf_addf(out, ", CT %u", g->ctid);
	add_took(out, g);
	buf_addch(out, '\n');
	if (g->error)
		buf_addf(out, "  %s\n", g->error);
}

/* "8,273": three digits a group. */
static const char *grouped(struct pool *pool, uint64_t nr)
{
	return nr < 1000 ? pool_printf(pool, "%llu", (unsigned long long)nr) :
	       pool_printf(pool, "%s,%03llu", grouped(pool, nr / 1000),
			   (unsigned long long)(nr % 1000));
}

static void add_compared(struct buf *out, const struct report *r, const struct report_guest *g)
{
	if (!g->compared)
		return;
	buf_addf(out, "  compared: %s objects", grouped(r->pool, g->objects));
	if (g->keys)
		buf_addf(out, ", %s keys", grouped(r->pool, g->keys));
	buf_addf(out, ", contents of %s file%s\n", grouped(r->pool, g->contents),
		 g->contents == 1 ? "" : "s");
}

static void add_paths(struct buf *out, const struct report_guest *g, bool all)
{
	size_t shown = all || g->nr_paths <= PATHS_SHOWN + 1 ? g->nr_paths : PATHS_SHOWN;

	for (size_t i = 0; i < shown; i++)
		buf_addf(out, "  %s: %s\n", g->paths[i].path, g->paths[i].why);
	if (shown < g->nr_paths)
		buf_addf(out, "  ... and %zu more; -v lists them\n", g->nr_paths - shown);
}

void report_summary(struct buf *out, const struct report *r, const struct text_style *style)
{
	for (size_t i = 0; i < r->nr_guests; i++) {
		const struct report_guest *g = &r->guests[i];

		if (g->outcome == OUTCOME_NONE && !g->nr_paths && !g->error)
			continue;
		if (g->is_host && g->outcome == OUTCOME_NONE)
			buf_addf(out, "host:\n%s%s%s", g->error ? "  " : "",
				 g->error ? g->error : "", g->error ? "\n" : "");
		else
			add_result(out, g, style->color);
		add_compared(out, r, g);
		add_paths(out, g, style->verbose || style->worst_first);
		buf_drain(out);
	}
}

static bool is_between(enum report_state s)
{
	return s == STATE_INTERRUPTED || s == STATE_UNDO_INTERRUPTED ||
	       s == STATE_COMMIT_INTERRUPTED || s == STATE_DAMAGED;
}

/* Did this run leave anything other than it was? */
static bool is_changed(const struct report_guest *g)
{
	return g->outcome == OUTCOME_DONE ||
	       (g->outcome == OUTCOME_FAILED && is_between(g->state));
}

/* "3 converted, 1 interrupted", of what this run looked at. */
static void add_states(struct buf *out, const struct report *r)
{
	bool first = true;

	for (int s = STATE_FOUND; s <= STATE_DAMAGED; s++) {
		size_t nr = 0;

		for (size_t i = 0; i < r->nr_guests; i++)
			nr += !r->guests[i].is_host && (int)r->guests[i].state == s;
		if (!nr)
			continue;
		buf_addf(out, "%s%zu %s", first ? "" : ", ", nr, state_word((enum report_state)s));
		first = false;
	}
	if (first)
		buf_adds(out, report_nobody(r));
}

static const struct report_guest *first_between(const struct report *r)
{
	for (size_t i = 0; i < r->nr_guests; i++)
		if (!r->guests[i].is_host && is_between(r->guests[i].state))
			return &r->guests[i];
	return NULL;
}

/* What can be done with converted guests: the harmless first. */
static void add_converted(struct buf *out, const struct report *r, bool changed)
{
	const struct report_guest *one = NULL;
	size_t nr = 0;

	for (size_t i = 0; i < r->nr_guests; i++) {
		const struct report_guest *g = &r->guests[i];

		if (g->is_host || g->state != STATE_CONVERTED)
			continue;
		one = g;
		nr++;
	}
	if (nr && changed)
		buf_addf(out, "; next: %s verify%s%s", report_program(r), nr == 1 ? " " : "",
			 nr == 1 ? report_operand(r, one) : "");
	if (nr)
		buf_adds(out, "; undo is possible until commit");
}

void report_closing(struct buf *out, const struct report *r)
{
	const struct report_guest *between = first_between(r);
	bool changed = false;

	for (size_t i = 0; i < r->nr_guests; i++)
		changed |= is_changed(&r->guests[i]);
	buf_adds(out, "result: ");
	if (!changed)
		buf_adds(out, "nothing was changed; ");
	add_states(out, r);
	if (between)
		buf_addf(out, "; next: %s", report_next(r, between));
	else
		add_converted(out, r, changed);
	buf_addch(out, '\n');
}

static void add_title(struct buf *out, const struct report *r)
{
	buf_addf(out, "vs2vz %s report\nhost:    %s\nrun:     %s\ncommand: vs2vz", r->version,
		 r->host_name, r->run);
	for (size_t i = 0; i < r->nr_arguments; i++)
		buf_addf(out, " %s", r->arguments[i]);
	buf_addf(out, "\nstarted: %s\nended:   %s\nstatus:  %d (%s)\n",
		 time_text(r->pool, r->started), time_text(r->pool, r->ended), r->status,
		 exit_word(r->status));
}

void report_full(struct buf *out, const struct report *r)
{
	static const struct text_style style = { .verbose = true, .worst_first = true };

	add_title(out, r);
	report_closing(out, r);
	if (r->findings) {
		buf_adds(out, "\nFINDINGS\n");
		report_findings(out, r, &style);
	}
	buf_adds(out, "\nGUESTS\n");
	report_plan(out, r, &style);
	buf_adds(out, "\nRESULTS\n");
	report_summary(out, r, &style);
	report_starts(out, r, &style);
	report_status(out, r, &style);
}

static int stdout_errno;	/* of the first write that failed */

static void to_stdout(void *ctx, const void *bytes, size_t len)
{
	(void)ctx;
	errno = 0;
	if (fwrite(bytes, 1, len, stdout) != len && !stdout_errno)
		stdout_errno = errno ? errno : EIO;
}

const struct buf_sink report_stdout = { to_stdout, NULL };

void report_write(const struct buf *text)
{
	to_stdout(NULL, text->data, text->len);
}

int report_finish(struct err *err)
{
	bool failed = ferror(stdout) || stdout_errno;

	errno = 0;
	if (fclose(stdout) != 0 && !failed)
		return fail_errno(err, "cannot write to stdout");
	if (!failed)
		return 0;
	errno = stdout_errno ? stdout_errno : EIO;
	return fail_errno(err, "cannot write all of the result to stdout");
}
