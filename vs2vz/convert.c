/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * convert: decide (or read a saved plan), ask once, then carry every guest that
 * nothing blocks. A guest that fails goes back by itself and stops no other one.
 */
#include "commands.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/stop.h"
#include "carry.h"
#include "decide/hooks.h"
#include "exits.h"
#include "session.h"

#define PLAN_MAX (1u << 30)

/* What will be run. */
struct jobs {
	size_t nr, cap;
	struct plan *plan;	/* one per guest */
	struct plan host, hooks;
};

static void add_job(struct session *s, struct jobs *jobs, const struct plan *plan)
{
	*(struct plan *)pool_grow(&s->pool, &jobs->plan, &jobs->nr, &jobs->cap,
				  sizeof(*jobs->plan)) = *plan;
}

static int jobs_from_decisions(struct session *s, struct jobs *jobs)
{
	if (session_select(s) < 0 || session_inspect(s, true) < 0 || session_decide(s) < 0)
		return -1;
	jobs->host = s->decisions.host;
	jobs->hooks = s->decisions.hooks;
	for (size_t i = 0; i < s->decisions.nr; i++) {
		const struct decision *d = &s->decisions.v[i];

		if (d->plan.nr_steps && !finding_blocks(&s->findings, d->guest->name))
			add_job(s, jobs, &d->plan);
	}
	return 0;
}

/* Approval was the saving; so the disk must still be what was approved. */
static int take_saved(struct session *s, struct jobs *jobs, const struct plan *plan)
{
	const char *stale;
	size_t line;

	if (plan_fresh(plan, &s->root, &s->pool, &stale, &s->err) < 0)
		return -1;
	if (stale)
		return session_fail(s, EXIT_STALE, "the plan in '%s' is stale: %s; nothing was "
				    "changed; make a new one with `vs2vz plan -o`",
				    show(s->opt.plan_file), stale);
	if (!plan->guest) {
		*(plan_note_get(plan, HOOKS_NOTE) ? &jobs->hooks : &jobs->host) = *plan;
		return 0;
	}
	line = carry_line(s, plan->guest);
	report_steps(&s->report.guests[line], &s->report, plan);
	add_job(s, jobs, plan);
	return 0;
}

static int jobs_from_file(struct session *s, struct jobs *jobs)
{
	struct buf text = BUF_INIT;
	const char *at;

	if (session_read_file(s, s->opt.plan_file, PLAN_MAX, &text) < 0) {
		s->status = EXIT_USAGE;
		return -1;
	}
	at = pool_memdup(&s->pool, text.data, text.len);
	buf_release(&text);
	while (*at) {
		struct plan plan = { 0 };

		if (plan_parse(&plan, &at, &s->pool, &s->err) < 0) {
			err_add(&s->err, "'%s'", show(s->opt.plan_file));
			s->status = EXIT_STALE;
			return -1;
		}
		if (take_saved(s, jobs, &plan) < 0)
			return -1;
	}
	s->report.findings = &s->findings;
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
	struct buf CLEANUP_BUF text = BUF_INIT;
	const char *question = pool_printf(&s->pool, "convert %zu guest%s now? (undo is possible "
					   "until commit)", jobs->nr, jobs->nr == 1 ? "" : "s");

	if (s->opt.plan_file)
		return 0;
	if (!s->opt.json && !s->opt.quiet) {
		if (s->opt.yes)
			show_findings(s, &text);
		else
			show_plan(s, &text);
		report_write(&text);
	}
	return session_ask(s, question) ? 0 : -1;
}

static const struct guest *guest_of(const struct session *s, const struct plan *plan)
{
	for (size_t i = 0; i < s->guests.nr; i++)
		if (strcmp(s->guests.v[i].name, plan->guest) == 0)
			return &s->guests.v[i];
	return NULL;
}

/* Somebody may have started something since the plan was made. */
static bool is_free(struct session *s, const struct plan *plan)
{
	const struct guest *g = guest_of(s, plan);
	size_t line = carry_line(s, plan->guest), before = s->findings.nr;
	int known = session_users(s);

	if (known == 0 && g)
		vserver_busy(g, &s->users, &s->findings);
	if (s->findings.nr != before)
		fail(&s->err, "the tree is in use: %s", s->findings.v[before].seen);
	else if (known == 0 && !g)
		fail(&s->err, "the guest is no longer configured");
	else if (known == 0)
		return true;
	s->report.guests[line].outcome = OUTCOME_BLOCKED;
	report_error(&s->report.guests[line], &s->report, &s->err);
	return false;
}

/* A journal that was never begun: close it, so that it asks for nothing later. */
static void leave_out(struct session *s, const struct plan *plan)
{
	size_t line = carry_line(s, plan->guest);
	const char *why = s->report.guests[line].error;
	enum outcome outcome = why ? OUTCOME_BLOCKED : OUTCOME_SKIPPED;

	carry_guest(s, plan->guest, WAY_BACK, false);
	s->report.guests[line].outcome = outcome;
	s->report.guests[line].error = why;
}

static bool goes_on(const struct session *s)
{
	if (stop_signal())
		return false;
	if (s->opt.keep_going)
		return true;
	for (size_t i = 0; i < s->report.nr_guests; i++)
		if (s->report.guests[i].outcome == OUTCOME_FAILED)
			return false;
	return true;
}

/* The action scripts are there before a container that needs them. */
static int run_hooks(struct session *s, const struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->nr; i++)
		if (carry_makes_own(&jobs->plan[i]))
			return carry_host(s, &jobs->hooks);
	return 0;
}

static int run_jobs(struct session *s, struct jobs *jobs)
{
	if (carry_host(s, &jobs->host) < 0 || run_hooks(s, jobs) < 0 ||
	    journal_create(s->state, jobs->plan, jobs->nr, &s->err) < 0)
		return -1;
	for (size_t i = 0; i < jobs->nr; i++) {
		const struct plan *plan = &jobs->plan[i];

		if (goes_on(s) && is_free(s, plan)) {
			carry_guest(s, plan->guest, WAY_FORWARD, true);
		} else {
			stop_clear();
			leave_out(s, plan);
		}
	}
	return carry_host_after(s);
}

int command_convert(struct session *s)
{
	struct jobs jobs = { 0 };
	int status;

	if (s->opt.dry_run)
		return command_plan(s);
	if (session_may_change(s) < 0 || session_look(s) < 0)
		return session_failed(s);
	if ((s->opt.plan_file ? jobs_from_file(s, &jobs) : jobs_from_decisions(s, &jobs)) < 0)
		return session_failed(s);
	if (finding_blocks(&s->findings, NULL))
		return session_end(s, show_blocked, session_blocked(s));
	if (!jobs.nr) {
		status = carry_status(s);
		return session_end(s, status == EXIT_DONE ? show_result : show_blocked, status);
	}
	if (ask(s, &jobs) < 0)
		return session_failed(s);
	if (run_jobs(s, &jobs) < 0) {
		s->status = EXIT_BROKEN;
		return session_failed(s);
	}
	return session_end(s, show_result, carry_status(s));
}
