/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proof: what is on disk against what the plan recorded. A renamed tree is compared
 * by the fingerprint of its survey or of its repair (every object's metadata), a copied one
 * with its retired source, object by object; in both, what the plan's own steps change
 * inside is left out and proved by their guards; CTID.conf key by key as vzctl reads it.
 */
#include "proof.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/compat.h"
#include "base/log.h"
#include "base/progress.h"
#include "carry.h"
#include "exits.h"
#include "openvz/conf.h"
#include "proof_marks.h"
#include "run/run.h"
#include "step/marks_record.h"
#include "step/touched.h"

#define CONF_MAX (1u << 20)
#define DIFFERENCES_SHOWN 20

static int open_record(struct session *s, const char *name, struct journal *j)
{
	return journal_open(j, s->state, journal_key(name, &s->pool), &s->err);
}

static bool exists(const struct session *s, const char *path)
{
	struct stat st;
	struct err err;

	return path && root_lstat(&s->root, path, &st, &err) == 0;
}

const char *proof_tree(struct session *s, const char *name)
{
	const struct step *move;
	const char *tree = NULL;
	struct journal j;

	if (open_record(s, name, &j) < 0)
		return NULL;
	move = carry_relocation(&j.plan);
	if (move) {
		tree = exists(s, step_get(move, "to")) ? step_get(move, "to") : step_get(move, "from");
		tree = exists(s, tree) ? pool_strdup(&s->pool, tree) : NULL;
	}
	journal_close(&j);
	return tree;
}

/* What a tree should be. */
struct expected {
	struct hash128 print;
	bool bare;			/* link counts do not count: other trees share inodes */
	const struct touched *touched;	/* NULL, or the steps whose changes do not count; bare */
	const struct touched *traces;	/* NULL, or the steps that know what a start leaves */
	bool coarse;			/* recorded where times are coarse, see base/compat.h */
	struct marks marks;		/* taken off: is their absence to be proved? */
};

/* Is the tree at this path what was recorded? 1 yes, 0 no, -1: cannot tell. */
static int same_tree(struct session *s, const char *path, const struct expected *want,
		     struct survey *now)
{
	struct root tree = { -1, path };
	int rc = 0;

	if (proof_survey(s, path, &want->marks, want->coarse, now) < 0)
		return -1;
	tree.fd = strict_opendir(&s->root, path, &s->err);
	if (tree.fd < 0)
		return -1;
	if (want->traces)
		rc = touched_by_vzctl(&now->fingerprint, &now->bare, want->traces, &tree, &s->err);
	if (rc == 0 && want->touched)
		rc = touched_subtract(&now->bare, want->touched, &tree, &s->err);
	close_fd(&tree.fd);
	if (rc < 0)
		return -1;
	return hash_equal(want->touched || want->bare ? now->bare : now->fingerprint, want->print);
}

/* Finer times than this kernel sets would differ though nobody changed anything. */
static int comparable(struct session *s, const struct plan *plan)
{
	if (kernel_can(CAN_SET_NANOSECONDS) || plan_is_coarse(plan))
		return 0;
	return fail(&s->err, "the tree was recorded with times finer than this kernel can set: "
		    "compare on Linux 2.6.22 or later");
}

/*
 * A fingerprint of the plan: "fingerprint" as it was found, "bare" without link counts,
 * "untouched" without those and the edits.
 */
static int recorded_print(struct session *s, const struct plan *plan, const char *note,
		      struct hash128 *out)
{
	const char *recorded = plan_note_get(plan, note);

	if (!recorded || !hash_parse(recorded, out))
		return fail(&s->err, "the plan does not tell the fingerprint of the tree");
	return comparable(s, plan);
}

void proof_after_undo(struct session *s, const char *name)
{
	size_t line = carry_line(s, name);
	const struct step *move;
	struct survey now = { 0 };
	struct expected found = { .marks.tagging = TAGGING_NONE };
	struct journal j;
	int same = -1;

	if (s->report.guests[line].outcome != OUTCOME_DONE || open_record(s, name, &j) < 0)
		return;
	move = carry_relocation(&j.plan);
	if (move && j.phase == PHASE_UNDONE) {
		found.bare = plan_note_get(&j.plan, "bare");
		found.coarse = plan_is_coarse(&j.plan);
		if (recorded_print(s, &j.plan, found.bare ? "bare" : "fingerprint",
				   &found.print) == 0)
			same = same_tree(s, step_get(move, "from"), &found, &now);
		if (same > 0)
			log_say(LOG_NOTE, "%s is back: all %llu objects equal the record made before",
				show(name), (unsigned long long)now.names);
		else if (same == 0)
			finding_add(&s->findings, VS_UNDO_KEPT, name, step_get(move, "from"),
				    "the container changed its tree (%llu objects now); what it "
				    "changed was kept", (unsigned long long)now.names);
		survey_release(&now);
	}
	journal_close(&j);
}

struct diff_ctx {
	struct session *s;
	size_t line;
	struct touched touched;
	int64_t nr;
};

static void add_difference(void *ctx, const char *path, const char *what)
{
	struct diff_ctx *d = ctx;

	if (!touched_explains(&d->touched, path, what) && d->nr++ < DIFFERENCES_SHOWN)
		report_path_add(&d->s->report.guests[d->line], &d->s->report, path, what);
}

/* A copied tree against its source, which stays until commit. */
static int compare_copy(struct session *s, const struct journal *j, const struct step *copy,
			size_t line)
{
	struct diff_ctx ctx = {
		s, line, { j->plan.step, j->plan.nr_steps, step_get(copy, "to"), false,
			   plan_token(&j->plan) }, 0,
	};

	if (proof_compare(s, j, copy, SIZE_MAX, add_difference, &ctx) < 0)
		return -1;
	if (ctx.nr > 0)
		finding_add(&s->findings, VS_VERIFY_DIFFERS, s->report.guests[line].name,
			    step_get(copy, "to"), "%lld objects differ from the source",
			    (long long)ctx.nr);
	return ctx.nr > 0;
}

static int verify_copy(struct session *s, const struct journal *j, const struct step *copy,
		       size_t line)
{
	const char *to = step_get(copy, "to");
	int differs = compare_copy(s, j, copy, line);
	struct survey now;
	struct marks m;
	bool left;

	if (differs < 0 || marks_parse(&m, copy, &s->err) < 0 || proof_survey_copy(s, j, copy, &now) < 0)
		return -1;
	left = proof_marks_left(s, s->report.guests[line].name, to, &m, &now);
	survey_release(&now);
	return differs || left;
}

/* As the tree was found, or as its repair left it, less the plan's edits. */
static int expect(struct session *s, const struct journal *j, const struct touched *t,
		  struct expected *out)
{
	const struct step *repair = proof_repair(&j->plan);
	bool edits = touched_any(t);
	struct work w;
	int done;

	*out = (struct expected){ .touched = edits || repair ? t : NULL, .traces = t,
				  .coarse = plan_is_coarse(&j->plan),
				  .marks.tagging = TAGGING_NONE };
	if (!repair)
		return recorded_print(s, &j->plan, edits ? "untouched" : "fingerprint", &out->print);
	if (comparable(s, &j->plan) < 0 || marks_parse(&out->marks, repair, &s->err) < 0)
		return -1;
	work_init(&w, &s->root, j->folder, &s->pool);
	done = marks_print(&w, repair->nr, &out->print, &s->err);
	work_release(&w);
	return done;
}

static int verify_renamed(struct session *s, const struct journal *j, const struct step *move,
			  size_t line)
{
	const char *name = s->report.guests[line].name, *to = step_get(move, "to");
	const struct touched t = { j->plan.step, j->plan.nr_steps, to,
				   plan_is_coarse(&j->plan), plan_token(&j->plan) };
	struct expected want;
	struct survey now;
	int same, left;

	if (expect(s, j, &t, &want) < 0)
		return -1;
	same = same_tree(s, to, &want, &now);
	if (same < 0)
		return -1;
	if (!same)
		finding_add(&s->findings, VS_VERIFY_DIFFERS, name, to,
			    "the tree is no longer what was moved: %llu inodes now, %s then; a "
			    "container that ran changes its tree", (unsigned long long)now.inodes,
			    plan_note_get(&j->plan, "inodes") ? plan_note_get(&j->plan, "inodes") : "?");
	left = proof_marks_left(s, name, to, &want.marks, &now);
	survey_release(&now);
	return !same || left;
}

static int verify_tree(struct session *s, const struct journal *j, size_t line)
{
	const struct step *move = carry_relocation(&j->plan);

	if (!move)
		return 0;
	if (strcmp(move->kind->name, "rename") != 0)
		return verify_copy(s, j, move, line);
	return verify_renamed(s, j, move, line);
}

static int verify_keys(struct session *s, const struct step *write, const struct buf *now, size_t line)
{
	struct conf want, have;
	int differs = 0;

	conf_parse(&want, write->text, write->text_len, &s->pool);
	conf_parse(&have, now->data, now->len, &s->pool);
	for (size_t i = 0; i < want.nr; i++) {
		const char *key = want.v[i].key, *value = conf_get(&have, key);

		if (value && strcmp(value, want.v[i].value) == 0)
			continue;
		finding_add(&s->findings, VS_VERIFY_CONF, s->report.guests[line].name, key,
			    "written as '%s', now %s%s%s", show(want.v[i].value),
			    value ? "'" : "absent", value ? show(value) : "", value ? "'" : "");
		differs = 1;
	}
	return differs;
}

/* The written CTID.conf, as vzctl will read it now. */
static int verify_conf(struct session *s, const struct plan *plan, size_t line)
{
	struct buf CLEANUP_BUF now = BUF_INIT;

	for (size_t i = 0; i < plan->nr_steps; i++) {
		const struct step *w = &plan->step[i];
		const char *at = strcmp(w->kind->name, "write") == 0 ? step_get(w, "at") : NULL;

		if (!at || strncmp(at, s->host.conf_dir, strlen(s->host.conf_dir)) != 0 ||
		    fnmatch("*.conf", at, 0) != 0)
			continue;	/* action scripts live there as well */
		if (root_read(&s->root, at, CONF_MAX, &now, &s->err) < 0)
			return -1;
		return verify_keys(s, w, &now, line);
	}
	return 0;
}

static int verify_steps(struct session *s, const struct journal *j, size_t line)
{
	struct deviation deviation[DIFFERENCES_SHOWN];
	struct work w;
	size_t nr;
	int done;

	work_init(&w, &s->root, j->folder, &s->pool);
	done = run_check(j, &w, deviation, DIFFERENCES_SHOWN, &nr, &s->err);
	work_release(&w);
	if (done < 0)
		return -1;
	for (size_t i = 0; i < nr; i++)
		finding_add(&s->findings, VS_VERIFY_DIFFERS, s->report.guests[line].name,
			    pool_printf(&s->pool, "step %u", deviation[i].step), "%s",
			    deviation[i].what);
	return nr > 0;
}

static void judge(struct session *s, struct journal *j, size_t line)
{
	int steps = j->phase == PHASE_CONVERTED ? verify_steps(s, j, line) : 0;
	int tree = steps < 0 ? -1 : verify_tree(s, j, line);
	int conf = tree < 0 ? -1 : verify_conf(s, &j->plan, line);

	if (conf < 0) {
		s->report.guests[line].outcome = OUTCOME_FAILED;
		report_error(&s->report.guests[line], &s->report, &s->err);
		return;
	}
	s->report.guests[line].outcome = steps || tree || conf ? OUTCOME_DIFFERS : OUTCOME_DONE;
}

void proof_verify(struct session *s, const struct record *r)
{
	size_t line = carry_line(s, r->name);
	struct journal j;

	s->report.guests[line].ctid = r->ctid;
	if (open_record(s, r->name, &j) < 0) {
		s->report.guests[line].state = STATE_DAMAGED;
		s->report.guests[line].outcome = OUTCOME_FAILED;
		report_error(&s->report.guests[line], &s->report, &s->err);
		return;
	}
	s->report.guests[line].state = report_state_of(j.phase, false);
	if (j.phase == PHASE_CONVERTED || j.phase == PHASE_COMMITTED)
		judge(s, &j, line);
	else
		s->report.guests[line].outcome = OUTCOME_SKIPPED;
	journal_close(&j);
}

/* The line of one step taken back: what it made goes, what it moved moves the other way. */
static void add_reversed(struct session *s, size_t line, const struct step *step)
{
	struct report_guest *g = &s->report.guests[line];
	struct buf CLEANUP_BUF rest = BUF_INIT;
	struct report_action *a;
	const char *word;
	char mark;

	step->kind->describe(step, &mark, &word, &rest);
	if (strcmp(step->kind->name, "makefs") == 0) {
		buf_clear(&rest);
		buf_addf(&rest, "%s", show(step_get(step, "at")));
	} else if (step->kind->moves) {
		buf_clear(&rest);
		buf_addf(&rest, "%s -> %s", show(step_get(step, "to")), show(step_get(step, "from")));
	}
	if (!step->kind->guard)
		return;		/* only remembers: nothing to see */
	a = pool_grow(s->report.pool, &g->actions, &g->nr_actions, &g->cap_actions, sizeof(*a));
	a->mark = mark == '+' ? '-' : mark;
	a->word = word;
	a->text = pool_strdup(s->report.pool, rest.data);
}

static void foresee(struct session *s, const struct journal *j, size_t line)
{
	struct work w;

	work_init(&w, &s->root, j->folder, &s->pool);
	w.changed = s->opt.changed;
	w.complete = j->phase == PHASE_CONVERTED;
	plan_to_work(&j->plan, &w);
	w.back = true;
	s->report.guests[line].planned = true;
	for (size_t i = j->plan.nr_steps; i-- > 0;) {
		const struct step *step = &j->plan.step[i];

		add_reversed(s, line, step);
		if (step->kind->may_undo && step->kind->may_undo(step, &w, &s->err) < 0) {
			finding_add(&s->findings, VS_UNDO_CHANGED_COPY, j->name,
				    pool_printf(&s->pool, "step %zu", i), "%s", s->err.text);
			s->report.guests[line].outcome = OUTCOME_BLOCKED;
			s->report.guests[line].state = STATE_BLOCKED;
		}
	}
	work_release(&w);
}

static void show_undo(struct session *s, struct buf *out)
{
	struct text_style style = session_style(s);

	buf_adds(out, "these steps would be taken back, in this order\n");
	report_plan(out, &s->report, &style);
	report_findings(out, &s->report, &style);
}

int proof_undo_plan(struct session *s)
{
	const struct record **records;
	struct journal j;
	size_t nr;

	if (session_look(s) < 0 || session_records(s, &records, &nr) < 0)
		return session_failed(s);
	s->findings.nr = 0;
	s->report.findings = &s->findings;
	for (size_t i = 0; i < nr; i++) {
		size_t line = carry_line(s, records[i]->name);

		if (records[i]->damaged || open_record(s, records[i]->name, &j) < 0)
			continue;
		s->report.guests[line].state = report_state_of(j.phase, false);
		s->report.guests[line].ctid = j.plan.ctid;
		if (j.phase != PHASE_UNDONE && j.phase != PHASE_COMMITTED)
			foresee(s, &j, line);
		journal_close(&j);
	}
	return session_end(s, show_undo, carry_status(s) == EXIT_BLOCKED ? EXIT_BLOCKED : EXIT_DONE);
}
