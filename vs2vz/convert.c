/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * convert: decide (or read a saved plan), ask once, then have every guest carried that
 * nothing blocks.
 */
#include "commands.h"

#include "carry.h"
#include "exits.h"
#include "jobs.h"
#include "session.h"

static int jobs_from_decisions(struct session *s, struct jobs *jobs)
{
	s->keeps_plans = true;
	if (session_select(s) < 0 || session_inspect(s, true) < 0 || session_decide(s) < 0)
		return -1;
	jobs_take_decisions(s, jobs);
	return 0;
}

static void show_plan(struct session *s, struct buf *out)
{
	struct text_style style = session_style(s);

	report_plan(out, &s->report, &style);
	report_findings(out, &s->report, &style);
}

static void show_findings(struct session *s, struct buf *out)
{
	struct text_style style = session_style(s);

	report_findings(out, &s->report, &style);
}

static void show_result(struct session *s, struct buf *out)
{
	struct text_style style = session_style(s);

	report_summary(out, &s->report, &style);
	report_closing(out, &s->report);
}

static void show_blocked(struct session *s, struct buf *out)
{
	show_plan(s, out);
	report_closing(out, &s->report);
}

static int ask(struct session *s, const struct jobs *jobs)
{
	struct buf CLEANUP_BUF text = BUF_INTO(&report_stdout);
	const char *question = pool_printf(&s->pool, "convert %zu guest%s now? (undo is possible "
					   "until commit)", jobs->nr, jobs->nr == 1 ? "" : "s");

	if (s->opt.plan_file)
		return 0;
	if (!s->opt.json && !s->opt.quiet) {
		if (s->opt.yes)
			show_findings(s, &text);
		else
			show_plan(s, &text);
		buf_flush(&text);
	}
	return session_ask(s, question) ? 0 : -1;
}

static int convert(struct session *s)
{
	struct jobs jobs = { 0 };
	int status;

	if (session_may_change(s) < 0 || session_look(s) < 0)
		return session_failed(s);
	if ((s->opt.plan_file ? jobs_read(s, &jobs) : jobs_from_decisions(s, &jobs)) < 0)
		return session_failed(s);
	if (finding_blocks(&s->findings, NULL))
		return session_end(s, show_blocked, session_blocked(s));
	if (!jobs.nr) {
		status = carry_status(s);
		return session_end(s, status == EXIT_DONE ? show_result : show_blocked, status);
	}
	if (ask(s, &jobs) < 0)
		return session_failed(s);
	if (jobs_run(s, &jobs) < 0)
		return session_failed(s);
	return session_end(s, show_result, carry_status(s));
}

int command_convert(struct session *s)
{
	int status;

	if (s->opt.dry_run)
		return command_plan(s);
	status = convert(s);
	if (s->changing)
		state_clear(s->state);
	return status;
}
