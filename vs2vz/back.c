/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resume, undo, commit, verify: the commands that start from the journals. Scan and
 * sample play no part here; what is done follows from the plans that were stored.
 */
#include "commands.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/stop.h"
#include "carry.h"
#include "commit_foresee.h"
#include "container.h"
#include "decide/contain.h"
#include "exits.h"
#include "openvz/layout.h"
#include "proof.h"
#include "run/run.h"
#include "session.h"
#include "start.h"
#include "stores.h"

static void show_result(struct session *s, struct buf *out)
{
	struct text_style style = session_style(s);

	report_summary(out, &s->report, &style);
	if (s->lock >= 0)
		report_closing(out, &s->report);
}

/* A commit has something to tell that no guest's line holds: the stores. */
static void show_commit(struct session *s, struct buf *out)
{
	struct text_style style = session_style(s);

	report_summary(out, &s->report, &style);
	if (s->findings.nr) {
		finding_sort(&s->findings);
		report_findings(out, &s->report, &style);
	}
	report_closing(out, &s->report);
}

/* One row per command: which phases it takes on, and what the others mean. */
struct duty {
	enum way way[PHASE_COMMITTED + 1];
	bool takes[PHASE_COMMITTED + 1];
	const char *refusal[PHASE_COMMITTED + 1]; /* NULL: nothing to do, no complaint */
};

static const struct duty resume_duty = {
	.takes = { [PHASE_PLANNED] = true, [PHASE_CONVERTING] = true, [PHASE_UNDOING] = true,
		   [PHASE_COMMITTING] = true },
	.way = { [PHASE_PLANNED] = WAY_FORWARD, [PHASE_CONVERTING] = WAY_FORWARD,
		 [PHASE_UNDOING] = WAY_BACK, [PHASE_COMMITTING] = WAY_FINISH },
};
static const struct duty undo_duty = {
	.takes = { [PHASE_PLANNED] = true, [PHASE_CONVERTING] = true, [PHASE_CONVERTED] = true,
		   [PHASE_UNDOING] = true },
	.way = { [PHASE_PLANNED] = WAY_BACK, [PHASE_CONVERTING] = WAY_BACK,
		 [PHASE_CONVERTED] = WAY_BACK, [PHASE_UNDOING] = WAY_BACK },
	.refusal = { [PHASE_COMMITTING] = "its commit has begun: there is no way back; finish it "
					  "with `vs2vz resume`",
		     [PHASE_COMMITTED] = "it was committed: there is no way back" },
};
static const struct duty commit_duty = {
	.takes = { [PHASE_CONVERTED] = true, [PHASE_COMMITTING] = true },
	.way = { [PHASE_CONVERTED] = WAY_FINISH, [PHASE_COMMITTING] = WAY_FINISH },
	.refusal = { [PHASE_PLANNED] = "it is not converted: `vs2vz resume` or `vs2vz undo` first",
		     [PHASE_CONVERTING] = "it is not converted: `vs2vz resume` or `vs2vz undo` first",
		     [PHASE_UNDOING] = "it is half-way back: `vs2vz resume` first" },
};

static void refuse(struct session *s, const char *name, const char *why)
{
	size_t line = carry_line(s, name);

	fail(&s->err, "%s", why);
	s->report.guests[line].outcome = OUTCOME_BLOCKED;
	report_error(&s->report.guests[line], &s->report, &s->err);
	log_say(LOG_ERROR, "%s: %s", show(name), why);
}

/*
 * The other tree of a step that copied: its source, set aside, or at its place where it
 * stays there. NULL: none that is a directory.
 */
static const char *other_tree(struct session *s, const struct step *step, struct guest *out)
{
	const char *kind = step->kind->name, *path = NULL;
	struct stat st;

	if (strcmp(kind, "retire") == 0)
		path = step_get(step, "to");
	else if (strcmp(kind, "copy") == 0 || strcmp(kind, "makefs") == 0)
		path = step_get(step, "from");
	if (!path || root_lstat(&s->root, path, &st, &s->err) < 0 || !S_ISDIR(st.st_mode))
		return NULL;
	out->tree = pool_strdup(&s->pool, path);
	out->tree_dev = st.st_dev;
	out->tree_ino = st.st_ino;
	return out->tree;
}

/* Nobody may be writing into the source of a copy when it goes or comes back. */
static bool source_in_use(struct session *s, const struct record *r)
{
	size_t before = s->findings.nr;
	struct journal j;

	if (journal_open(&j, s->state, journal_key(r->name, &s->pool), &s->err) < 0)
		return false;	/* carry_guest() says what is wrong */
	for (size_t i = 0; i < j.plan.nr_steps; i++) {
		struct guest other = { .name = r->name };

		if (other_tree(s, &j.plan.step[i], &other))
			vserver_busy(&other, &s->users, &s->findings);
	}
	journal_close(&j);
	if (s->findings.nr == before)
		return false;
	refuse(s, r->name, pool_printf(&s->pool, "its source is in use (%s: %s): end that first",
				       show(s->findings.v[before].object), s->findings.v[before].seen));
	return true;
}

/*
 * Nobody may be working in the tree, wherever it stands now, and the container must not
 * be mounted: a running one shows itself by the mount on its VE_ROOT.
 */
static bool in_use(struct session *s, const struct record *r)
{
	struct guest there = { .name = r->name };
	const char *ve_root = layout_expand(s->host.root_pattern, r->ctid, &s->pool);
	size_t before = s->findings.nr;

	if (proof_tree(s, r->name, &there.tree) < 0 || session_users(s) < 0) {
		refuse(s, r->name, pool_strdup(&s->pool, s->err.text));
		return true;
	}
	if (users_mount_at(&s->users, ve_root))
		finding_add(&s->findings, VS_GUEST_RUNNING, r->name, ve_root,
			    "something is mounted there: the container is running or mounted");
	vserver_busy(&there, &s->users, &s->findings);
	if (s->findings.nr == before)
		return source_in_use(s, r);
	refuse(s, r->name, pool_printf(&s->pool, "it is in use (%s); stop it first: vzctl stop %u, "
				       "or vzctl umount %u when it is only mounted",
				       s->findings.v[before].seen, r->ctid, r->ctid));
	return true;
}

/*
 * A commit says that the container stands: it has a configuration. False: it was refused.
 * The steps themselves look at everything else (may_finish).
 */
static bool is_configured(struct session *s, const struct record *r)
{
	struct known_cts known;

	if (layout_known(&known, &s->host, &s->root, &s->pool, &s->err) < 0) {
		refuse(s, r->name, pool_strdup(&s->pool, s->err.text));
		return false;
	}
	if (!r->ctid || layout_container(&known, r->ctid))
		return true;
	refuse(s, r->name, pool_printf(&s->pool, "container %u has no configuration %s/%u.conf any more: "
				       "put it back, or undo", r->ctid, s->host.conf_dir, r->ctid));
	return false;
}

/*
 * A container that gets its own file system back needs the action scripts. They are in
 * this journal, or there; or a later container's took them away, and they are written again.
 */
static int bring_hooks(struct session *s, const struct record *r)
{
	const char *method;
	struct plan hooks;
	struct journal j;
	bool needed;

	if (journal_open(&j, s->state, journal_key(r->name, &s->pool), &s->err) < 0)
		return 0;	/* carry_guest() says what is wrong */
	method = plan_note_get(&j.plan, "method");
	needed = method && strcmp(method, "uninsulate") == 0 && !carry_drops_hooks(s, &j.plan);
	journal_close(&j);
	if (!needed)
		return 0;
	if (contain_hooks(&hooks, &s->host, &s->root, &s->pool, &s->err) == 0 &&
	    carry_host(s, &hooks) == 0)
		return 0;
	refuse(s, r->name, pool_strdup(&s->pool, s->err.text));
	return -1;
}

bool commit_ready(struct session *s, const struct record *r)
{
	return !in_use(s, r) && is_configured(s, r);
}

bool undo_ready(struct session *s, const struct record *r)
{
	if (undo_duty.takes[r->phase])
		return !in_use(s, r);
	if (undo_duty.refusal[r->phase])
		refuse(s, r->name, undo_duty.refusal[r->phase]);
	return false;
}

static void do_duty(struct session *s, const struct duty *duty, const struct record *r)
{
	size_t line = carry_line(s, r->name);

	s->report.guests[line].ctid = r->ctid;
	s->report.guests[line].state = record_state(r);
	if (r->damaged) {
		s->report.guests[line].outcome = OUTCOME_FAILED;
		fail(&s->err, "%s", r->damage);
		report_error(&s->report.guests[line], &s->report, &s->err);
	} else if (stop_signal()) {
		s->report.guests[line].outcome = OUTCOME_SKIPPED;
	} else if (!duty->takes[r->phase]) {
		if (duty->refusal[r->phase])
			refuse(s, r->name, duty->refusal[r->phase]);
		else
			s->report.guests[line].outcome = OUTCOME_ALREADY;
	} else if (!in_use(s, r) && (duty->way[r->phase] != WAY_FINISH || is_configured(s, r)) &&
		   (duty != &undo_duty || bring_hooks(s, r) == 0)) {
		carry_guest(s, r->name, duty->way[r->phase], false);
	}
}

static int begin(struct session *s, const struct record ***records, size_t *nr)
{
	if (session_may_change(s) < 0 || session_look(s) < 0 || session_records(s, records, nr) < 0)
		return -1;
	s->report.findings = &s->findings;
	/* Of the old world only what concerns these guests is worth a word now. */
	finding_cut(&s->findings, 0);
	return 0;
}

static int finish(struct session *s)
{
	if (!stop_signal() && carry_host_after(s) < 0) {
		s->status = EXIT_BROKEN;
		return session_failed(s);
	}
	return session_end(s, show_result, carry_status(s));
}

int command_resume(struct session *s)
{
	const struct record **records;
	size_t nr;

	if (begin(s, &records, &nr) < 0)
		return session_failed(s);
	if (carry_host_on(s) < 0)
		return session_failed(s);
	for (size_t i = 0; i < nr; i++) {
		do_duty(s, &resume_duty, records[i]);
		proof_after_undo(s, records[i]->name);	/* where it was an undo that went on */
	}
	return finish(s);
}

/* Those that took the action scripts away bring them back first: others may need them. */
static bool is_first(struct session *s, const struct record *r)
{
	struct journal j;
	struct err err;
	bool first;

	if (r->damaged || journal_open(&j, s->state, journal_key(r->name, &s->pool), &err) < 0)
		return false;
	first = strcmp(j.plan.scope, "container") == 0 && carry_drops_hooks(s, &j.plan);
	journal_close(&j);
	return first;
}

static void undo_one(struct session *s, const struct record *r)
{
	do_duty(s, &undo_duty, r);
	proof_after_undo(s, r->name);
}

int command_undo(struct session *s)
{
	const struct record **records;
	bool *hooks_first;
	size_t nr;

	if (s->opt.dry_run)
		return proof_undo_plan(s);
	if (begin(s, &records, &nr) < 0)
		return session_failed(s);
	hooks_first = pool_array(&s->pool, nr + 1, sizeof(*hooks_first));
	for (size_t i = 0; i < nr; i++)
		hooks_first[i] = is_first(s, records[i]);
	for (int first = 1; first >= 0; first--)
		for (size_t i = 0; i < nr; i++)
			if (hooks_first[i] == first)
				undo_one(s, records[i]);
	return finish(s);
}

static size_t count_due(const struct record **records, size_t nr)
{
	size_t due = 0;

	for (size_t i = 0; i < nr; i++)
		due += !records[i]->damaged && commit_duty.takes[records[i]->phase];
	return due;
}

static const char *commit_question(struct session *s, size_t due)
{
	bool stores = s->opt.remove_store && s->host.nr_stores;
	const char *guests = pool_printf(&s->pool, "commit %zu guest%s: retired sources and undo data are "
					 "removed, there is no undo after this", due, due == 1 ? "" : "s");

	if (!due && !stores)
		return NULL;
	return pool_printf(&s->pool, "%s%s%s. Go on?", due ? guests : "", due && stores ? "; " : "",
			   stores ? "remove the hash stores that no guest needs any more" : "");
}

/* What became of the stores, joined to what became of the guests. */
static int finish_commit(struct session *s, size_t due)
{
	int status, stores;

	if (!stop_signal() && carry_host_after(s) < 0) {
		s->status = EXIT_BROKEN;
		return session_failed(s);
	}
	stores = stores_after_commit(s);
	if (stores < 0)
		log_say(LOG_ERROR, "%s", s->err.text);
	status = carry_status(s);
	if (status == EXIT_DONE && stores)
		status = due ? EXIT_PARTIAL : stores < 0 ? EXIT_FAILED : EXIT_BLOCKED;
	return session_end(s, show_commit, status);
}

int command_commit(struct session *s)
{
	const struct record **records;
	const char *question;
	size_t nr, due;

	if (s->opt.dry_run)
		return commit_foresee(s);
	if (begin(s, &records, &nr) < 0)
		return session_failed(s);
	due = count_due(records, nr);
	question = commit_question(s, due);
	if (question && !session_ask(s, question))
		return session_failed(s);
	for (size_t i = 0; i < nr; i++)
		do_duty(s, &commit_duty, records[i]);
	return finish_commit(s, due);
}

/* What differs, and what that means. */
static void show_verify(struct session *s, struct buf *out)
{
	struct text_style style = session_style(s);

	report_summary(out, &s->report, &style);
	if (s->opt.start)
		report_starts(out, &s->report, &style);
	if (s->findings.nr)
		report_findings(out, &s->report, &style);
}

/*
 * A committed guest whose container was insulated or shared again since: the journal of
 * that is the one to compare with. NULL: it is one of the others.
 */
static const struct record *standing_for(struct session *s, const struct record **records,
					 size_t i)
{
	const struct record *r = records[i], *later = session_later(s, r);

	if (!later)
		return r;
	for (size_t k = 0; records[k]; k++)
		if (records[k] == later)
			return NULL;
	return later;
}

int command_verify(struct session *s)
{
	const struct record **records;
	size_t nr;

	if (s->opt.start_timeout && !s->opt.start) {
		session_fail(s, EXIT_USAGE, "--start-timeout goes with --start");
		return session_failed(s);
	}
	/* Nobody converts or undoes what is running; and the test leaves a report. */
	if (s->opt.start && session_may_change(s) < 0)
		return session_failed(s);
	if (session_look(s) < 0 || session_records(s, &records, &nr) < 0)
		return session_failed(s);
	finding_cut(&s->findings, 0);
	s->report.findings = &s->findings;
	if (s->state < 0)
		return session_end(s, show_verify, EXIT_DONE);
	for (size_t i = 0; i < nr; i++) {
		const struct record *r = standing_for(s, records, i);

		if (!r)
			continue;
		proof_verify(s, r);
		if (s->opt.start)
			start_test(s, r);
	}
	finding_sort(&s->findings);
	return session_end(s, show_verify, carry_status(s));
}
