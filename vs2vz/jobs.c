/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plans on their way to the disk; see jobs.h. The order: the host's own steps, the action
 * scripts where a container needs them, all journals at once, then one plan after the other,
 * each looked at again just before: somebody may have started something since it was made.
 */
#include "jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/stop.h"
#include "carry.h"
#include "container.h"
#include "decide/hooks.h"
#include "exits.h"

#define PLAN_MAX (1u << 30)

struct job *jobs_new(struct session *s, struct jobs *jobs)
{
	return pool_grow(&s->pool, &jobs->v, &jobs->nr, &jobs->cap, sizeof(*jobs->v));
}

void jobs_add(struct session *s, struct jobs *jobs, const struct plan *plan, bool recorded)
{
	struct job *job = jobs_new(s, jobs);

	plan_printed(&job->plan, plan, &s->pool);
	job->plan.recorded = recorded;
	job->makes_own = carry_makes_own(plan);
	job->drops_hooks = carry_drops_hooks(s, plan);
}

void jobs_take_decisions(struct session *s, struct jobs *jobs)
{
	jobs->host = s->decisions.host;
	jobs->hooks = s->decisions.hooks;
	jobs->v = pool_array(&s->pool, s->decided.nr, sizeof(*jobs->v));
	for (size_t i = 0; i < s->decided.nr; i++)
		if (!finding_blocks(&s->findings, s->decided.v[i].plan.guest))
			jobs->v[jobs->nr++] = s->decided.v[i];
}

/* ---- saved */

/* Which command runs plans like this one. */
static const char *command_of(const struct plan *plan)
{
	return strcmp(plan->scope, "container") == 0 ? plan_note_get(plan, "method") : "convert";
}

/* Approval was the saving; so the disk must still be what was approved. */
static int take_saved(struct session *s, struct jobs *jobs, const struct plan *plan)
{
	const char *stale, *command = plan->guest ? command_of(plan) : NULL;
	size_t line;

	if (command && strcmp(command, s->opt.command->name) != 0)
		return session_fail(s, EXIT_USAGE, "'%s' is a plan of %s: vs2vz %s --plan %s",
				    show(s->opt.plan_file), show(command), show(command),
				    show(s->opt.plan_file));
	if (plan_fresh(plan, &s->root, &s->pool, &stale, &s->err) < 0)
		return -1;
	if (stale)
		return session_fail(s, EXIT_STALE, "the plan in '%s' is stale: %s; nothing was "
				    "changed; make a new one", show(s->opt.plan_file), stale);
	if (!plan->guest) {
		*(plan_note_get(plan, HOOKS_NOTE) ? &jobs->hooks : &jobs->host) = *plan;
		return 0;
	}
	line = carry_line(s, plan->guest);
	s->report.guests[line].ctid = plan->ctid;
	report_steps(&s->report.guests[line], &s->report, plan);
	jobs_add(s, jobs, plan, false);
	return 0;
}

int jobs_read(struct session *s, struct jobs *jobs)
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

/* The host's steps first, then every guest that nothing blocks. */
static void print_plans(struct buf *out, const void *ctx)
{
	const struct jobs *jobs = ctx;

	if (jobs->host.nr_steps)
		plan_print(out, &jobs->host);
	if (jobs->hooks.nr_steps)
		plan_print(out, &jobs->hooks);
	for (size_t i = 0; i < jobs->nr; i++) {
		buf_add(out, jobs->v[i].plan.text, jobs->v[i].plan.len);
		buf_drain(out);
	}
}

int jobs_save(struct session *s, const struct jobs *jobs)
{
	if (!jobs->nr || finding_blocks(&s->findings, NULL))
		return session_fail(s, EXIT_BLOCKED, "nothing can be done, so '%s' was not written",
				    show(s->opt.out_file));
	return session_write_file(s, s->opt.out_file, print_plans, jobs);
}

void jobs_say_saved(const struct session *s, struct buf *out)
{
	const char *command = s->opt.command->name;

	if (s->opt.out_file && s->status == 0)
		buf_addf(out, "saved in %s; run it with: %s %s --plan %s\n", show(s->opt.out_file),
			 report_program(&s->report), strcmp(command, "plan") == 0 ? "convert" : command,
			 show(s->opt.out_file));
}

/* ---- is it free? */

static int guest_free(struct session *s, const struct job *job)
{
	const struct guest *g = session_guest(s, job->plan.guest);

	if (session_users(s) < 0)
		return -1;
	if (!g)
		return fail(&s->err, "the guest is no longer configured");
	vserver_busy(g, &s->users, &s->findings);
	return 0;
}

static int container_free(struct session *s, const struct job *job)
{
	const struct printed_plan *plan = &job->plan;
	const struct known_ct *ct;
	struct known_cts known;

	if (layout_known(&known, &s->host, &s->root, &s->pool, &s->err) < 0)
		return -1;
	ct = layout_container(&known, plan->ctid);
	if (!ct)
		return fail(&s->err, "container %u is no longer configured", plan->ctid);
	for (size_t i = 0; job->drops_hooks && i < known.nr; i++)
		if (known.v[i].device && known.v[i].ctid != plan->ctid)
			return fail(&s->err, "container %u is insulated, and this plan would take "
				    "its action scripts away: make a new one", known.v[i].ctid);
	return container_judge_use(s, ct, plan->guest);
}

static bool is_free(struct session *s, const struct job *job)
{
	const struct printed_plan *plan = &job->plan;
	bool container = strcmp(plan->scope, "container") == 0;
	size_t line = carry_line(s, plan->guest), before = s->findings.nr;

	if ((container ? container_free(s, job) : guest_free(s, job)) == 0) {
		if (s->findings.nr == before)
			return true;
		fail(&s->err, "the tree is in use: %s", s->findings.v[before].seen);
	}
	s->report.guests[line].outcome = OUTCOME_BLOCKED;
	report_error(&s->report.guests[line], &s->report, &s->err);
	log_say(LOG_ERROR, "%s: %s", show(plan->guest), s->err.text);
	return false;
}

/* ---- onto the disk */

/* A journal that was never begun: close it, so that it asks for nothing later. */
static void leave_out(struct session *s, const char *guest)
{
	size_t line = carry_line(s, guest);
	const char *why = s->report.guests[line].error;
	enum outcome outcome = why ? OUTCOME_BLOCKED : OUTCOME_SKIPPED;

	carry_guest(s, guest, WAY_BACK, false);
	s->report.guests[line].outcome = outcome;
	s->report.guests[line].error = why;
}

static bool goes_on(const struct session *s, bool failed)
{
	return !stop_signal() && (s->opt.keep_going || !failed);
}

/* Has any guest of this run failed so far? */
static bool any_failed(const struct session *s)
{
	for (size_t i = 0; i < s->report.nr_guests; i++)
		if (s->report.guests[i].outcome == OUTCOME_FAILED)
			return true;
	return false;
}

/* The action scripts are there before a container that needs them. */
static int run_hooks(struct session *s, const struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->nr; i++)
		if (jobs->v[i].makes_own)
			return carry_host(s, &jobs->hooks);
	return 0;
}

/* All journals at once: the plans, as they are. */
static int create_journals(struct session *s, const struct jobs *jobs)
{
	struct printed_plan *plans = xmalloc(jobs->nr * sizeof(*plans));
	int rc;

	for (size_t i = 0; i < jobs->nr; i++)
		plans[i] = jobs->v[i].plan;
	rc = journal_create_printed(s->state, plans, jobs->nr, &s->err);
	free(plans);
	return rc;
}

/* Is there a journal of which nothing has begun? */
static bool is_planned(struct session *s, const char *name)
{
	struct journal j;
	struct err err;
	bool planned;

	if (journal_open(&j, s->state, journal_key(name, &s->pool), &err) < 0)
		return false;
	planned = j.phase == PHASE_PLANNED;
	journal_close(&j);
	return planned;
}

/*
 * The host's own steps or the journals could not be made: no guest was touched. What there
 * is of them goes back, and only where that fails as well is anything left.
 */
static int give_up(struct session *s, const struct jobs *jobs)
{
	const struct err why = s->err;
	bool left = false;
	size_t len;

	stop_clear();
	for (size_t i = 0; i < jobs->nr; i++) {
		const char *name = jobs->v[i].plan.guest;

		if (is_planned(s, name))
			carry_guest(s, name, WAY_BACK, false);
		left |= is_planned(s, name);
	}
	if (carry_host_after(s) < 0) {
		log_say(LOG_ERROR, "%s", s->err.text);
		left = true;
	}
	s->err = why;
	len = strlen(s->err.text);
	snprintf(s->err.text + len, sizeof(s->err.text) - len, left ? "; no guest was begun"
								    : "; nothing was changed");
	s->status = left ? EXIT_BROKEN : EXIT_FAILED;
	return -1;
}

int jobs_run(struct session *s, struct jobs *jobs)
{
	bool failed = any_failed(s);

	if (carry_host(s, &jobs->host) < 0 || run_hooks(s, jobs) < 0 || create_journals(s, jobs) < 0)
		return give_up(s, jobs);
	for (size_t i = 0; i < jobs->nr; i++) {
		const char *guest = jobs->v[i].plan.guest;

		if (goes_on(s, failed) && is_free(s, &jobs->v[i])) {
			carry_guest(s, guest, WAY_FORWARD, true);
		} else {
			stop_clear();
			leave_out(s, guest);
		}
		failed |= s->report.guests[carry_line(s, guest)].outcome == OUTCOME_FAILED;
	}
	if (carry_host_after(s) == 0)
		return 0;
	s->status = EXIT_BROKEN;
	return -1;
}
