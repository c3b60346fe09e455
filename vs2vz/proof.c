/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proof: what is on disk against what was recorded. Trees are compared with their manifest
 * (step/manifest.h), object by object and by the time of the last change of each, as the
 * steps left it; a copied one, until commit, by its contents with its source as well.
 * What differs is listed with whose it is (whose.h). CTID.conf key by key as vzctl reads it.
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
#include "commit_foresee.h"
#include "exits.h"
#include "openvz/conf.h"
#include "proof_marks.h"
#include "run/run.h"
#include "step/manifest.h"
#include "step/touched.h"
#include "whose.h"

#define CONF_MAX (1u << 20)
#define DIFFERENCES_HELD 20000	/* of one owner; more are counted */

static int open_record(struct session *s, const char *name, struct journal *j)
{
	return journal_open(j, s->state, journal_key(name, &s->pool), &s->err);
}

/* 1 it is there, 0 it is not, -1 that cannot be seen. */
static int exists(struct session *s, const char *path)
{
	struct stat st;

	if (root_lstat(&s->root, path, &st, &s->err) == 0)
		return 1;
	if (!err_is_absent(&s->err))
		return -1;
	err_clear(&s->err);
	return 0;
}

int proof_tree(struct session *s, const char *name, const char **tree)
{
	static const char *const ends[] = { "to", "from" };
	const struct step *move;
	struct journal j;
	int there = 0;

	*tree = NULL;
	if (open_record(s, name, &j) < 0)
		return -1;
	move = carry_relocation(&j.plan);
	for (size_t i = 0; move && there == 0 && i < 2; i++) {
		there = exists(s, step_get(move, ends[i]));
		if (there > 0)
			*tree = pool_strdup(&s->pool, step_get(move, ends[i]));
	}
	journal_close(&j);
	return there < 0 ? -1 : 0;
}

/* Differences of one tree, until they are sorted into the guest's line. */
struct difference {
	const char *path, *what;
	enum whose whose;
	size_t nr;		/* which one it was */
};
struct differences {
	struct session *s;
	size_t line;
	const char *token;
	const struct touched *ours;	/* steps that may have changed something since; NULL */
	uint64_t nr[WHOSE_OURS + 1];
	size_t held, cap;
	struct difference *v;
};

static void note(void *ctx, const char *path, const char *what)
{
	struct differences *d = ctx;
	enum whose whose = whose_is(path, what, d->token, d->ours);
	struct difference *one;

	if (d->nr[whose]++ >= DIFFERENCES_HELD)
		return;
	one = pool_grow(&d->s->pool, &d->v, &d->held, &d->cap, sizeof(*one));
	*one = (struct difference){ pool_strdup(&d->s->pool, path), what, whose, d->held };
}

/* What is new below a directory of vzctl's need not be vzctl's. */
static bool look_into(void *ctx, const char *path)
{
	struct differences *d = ctx;

	return whose_is(path, MANIFEST_EXTRA, d->token, d->ours) == WHOSE_VZCTL;
}

/* Is the path a name in the directory? */
static bool is_in(const char *path, const char *dir)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (strcmp(dir, ".") == 0)
		return !slash && strcmp(path, ".") != 0;
	return slash && strlen(dir) == len && strncmp(path, dir, len) == 0;
}

/*
 * A directory's time is vzctl's where it writes to names there and all names in it that
 * differ are its own. Few directories can be that.
 */
static void judge_times(struct differences *d)
{
	for (size_t i = d->held; i-- > 0;) {	/* sorted: what is below a directory first */
		struct difference *dir = &d->v[i];
		bool others = false;

		if (dir->whose != WHOSE_CONTAINER || strcmp(dir->what, MANIFEST_NAMES) != 0 ||
		    !whose_writes_there(dir->path))
			continue;
		for (size_t k = 0; k < d->held && !others; k++)
			others = d->v[k].whose == WHOSE_CONTAINER && is_in(d->v[k].path, dir->path);
		if (others)
			continue;
		dir->whose = WHOSE_VZCTL;
		d->nr[WHOSE_CONTAINER]--;
		d->nr[WHOSE_VZCTL]++;
	}
}

static int by_owner(const void *left, const void *right)
{
	const struct difference *a = left, *b = right;

	return a->whose != b->whose ? (a->whose > b->whose) - (a->whose < b->whose) :
				      strcmp(a->path, b->path);
}

/* By path; of one path the first that was said first. */
static int by_path(const void *left, const void *right)
{
	const struct difference *a = left, *b = right;
	int order = strcmp(a->path, b->path);

	return order ? order : (a->nr > b->nr) - (a->nr < b->nr);
}

/* Contents and records may both tell of one object. */
static void drop_twins(struct differences *d)
{
	size_t kept = 0;

	if (d->held)
		qsort(d->v, d->held, sizeof(*d->v), by_path);
	for (size_t i = 0; i < d->held; i++) {
		if (kept && strcmp(d->v[i].path, d->v[kept - 1].path) == 0)
			d->nr[d->v[i].whose]--;
		else
			d->v[kept++] = d->v[i];
	}
	d->held = kept;
}

/* Into the guest's line: the container's first, all of them in the report. */
static void list_differences(struct differences *d)
{
	struct report_guest *g = &d->s->report.guests[d->line];

	drop_twins(d);
	judge_times(d);
	if (d->held)
		qsort(d->v, d->held, sizeof(*d->v), by_owner);
	for (size_t i = 0; i < d->held; i++)
		report_path_add(g, &d->s->report, d->v[i].path,
				pool_printf(&d->s->pool, "%s (%s)", d->v[i].what,
					    whose_word(d->v[i].whose)));
	for (int w = 0; w <= WHOSE_OURS; w++)
		if (d->nr[w] > DIFFERENCES_HELD)
			report_path_add(g, &d->s->report, "...",
					pool_printf(&d->s->pool, "%llu more (%s)",
						    (unsigned long long)(d->nr[w] - DIFFERENCES_HELD),
						    whose_word((enum whose)w)));
}

/* "12 the container's ('a', 'b'), 3 vzctl's" */
static const char *differences_text(const struct differences *d)
{
	struct buf CLEANUP_BUF text = BUF_INIT;
	size_t named = 0;

	for (int w = 0; w <= WHOSE_OURS; w++) {
		if (!d->nr[w])
			continue;
		buf_addf(&text, "%s%llu %s", text.len ? ", " : "", (unsigned long long)d->nr[w],
			 whose_word((enum whose)w));
		for (size_t i = 0; w == WHOSE_CONTAINER && i < d->held && named < 3; i++)
			if (d->v[i].whose == WHOSE_CONTAINER)
				buf_addf(&text, "%s'%s'", named++ ? ", " : " (", show(d->v[i].path));
		if (named && w == WHOSE_CONTAINER)
			buf_addf(&text, "%s)", d->nr[w] > named ? ", ..." : "");
	}
	return pool_strdup(&d->s->pool, text.data);
}

/* Finer times than this kernel sets would differ though nobody changed anything. */
static int comparable(struct session *s, const struct plan *plan)
{
	if (kernel_can(CAN_SET_NANOSECONDS) || plan_is_coarse(plan))
		return 0;
	return fail(&s->err, "the tree was recorded with times finer than this kernel can set: "
		    "compare on Linux 2.6.22 or later");
}

/* The tree, open, against the manifest of a step. ctx: struct differences. */
static int by_manifest(struct session *s, const struct journal *j, const char *name, int fd,
		       const struct manifest_options *opt, struct differences *d,
		       struct manifest_counts *counts)
{
	struct manifest_options how = *opt;
	struct report_guest *g;

	how.enter_new = look_into;
	if (fd < 0 || comparable(s, &j->plan) < 0)
		return -1;
	if (manifest_compare(j->folder, name, fd, &how, note, d, counts, &s->err) < 0) {
		if (s->err.code == ENOENT)
			fail(&s->err, "the record of the tree, '%s', is gone from the journal", name);
		return -1;
	}
	g = &s->report.guests[d->line];
	g->compared = true;
	g->objects += counts->compared + counts->missing + counts->extra;
	return 0;
}

static int open_tree(struct session *s, const char *path)
{
	return strict_opendir(&s->root, path, &s->err);
}

/* Did undo bring back what was found? 1 yes, 0 no (*d says what), -1: cannot tell. */
static int came_back(struct session *s, const struct journal *j, const struct step *move,
		     struct differences *d, struct manifest_counts *counts)
{
	const struct touched t = { j->plan.step, j->plan.nr_steps, step_get(move, "to"),
				   plan_is_coarse(&j->plan), plan_token(&j->plan) };
	struct manifest_options opt = {
		.state = MANIFEST_FOUND, .threads = s->set.jobs, .touched = &t,
		.coarse = plan_is_coarse(&j->plan) || !kernel_can(CAN_SET_NANOSECONDS),
		.shared = plan_note_get(&j->plan, "bare") != NULL,
	};
	char name[MANIFEST_NAME];
	bool done = false;
	int CLEANUP_FD fd = open_tree(s, step_get(move, "from"));

	manifest_name(name, move->nr, false);
	if (fd < 0 || manifest_is_done(&done, j->folder, name, &s->err) < 0)
		return -1;
	opt.no_ctime = proof_repair(&j->plan) && !done;
	if (by_manifest(s, j, name, fd, &opt, d, counts) < 0)
		return -1;
	list_differences(d);
	return !d->nr[WHOSE_CONTAINER] && !d->nr[WHOSE_VZCTL] && !d->nr[WHOSE_OURS];
}

void proof_after_undo(struct session *s, const char *name)
{
	size_t line = carry_line(s, name);
	struct manifest_counts counts;
	struct differences d = { .s = s, .line = line };
	const struct step *move;
	const char *less = "";
	struct journal j;
	int same;

	if (s->report.guests[line].outcome != OUTCOME_DONE || open_record(s, name, &j) < 0)
		return;
	move = carry_relocation(&j.plan);
	if (!move || j.phase != PHASE_UNDONE || step_get_or_null(move, "volume")) {
		journal_close(&j);
		return;
	}
	d.token = plan_token(&j.plan);
	same = came_back(s, &j, move, &d, &counts);
	if (same >= 0 && counts.unwitnessed)
		less = pool_printf(&s->pool, "; of %llu, which undo itself changed back or other "
				   "trees share, not by the time of %s last change",
				   (unsigned long long)counts.unwitnessed,
				   counts.unwitnessed == 1 ? "its" : "their");
	if (same > 0)
		log_say(LOG_NOTE, counts.compared == 1 ?
			"%s is back: its %llu object equals the record made before%s" :
			"%s is back: all %llu objects equal the record made before%s",
			show(name), (unsigned long long)counts.compared, less);
	else if (same == 0)
		finding_add(&s->findings, VS_UNDO_KEPT, name, step_get(move, "from"),
			    "of %llu objects these are not as they were before, and were kept: %s%s",
			    (unsigned long long)(counts.compared + counts.extra + counts.missing),
			    differences_text(&d), less);
	else if (s->err.code != ERR_STOPPED)
		finding_add(&s->findings, VS_UNDO_KEPT, name, step_get(move, "from"),
			    "it cannot be told whether all is as before: %s", s->err.text);
	journal_close(&j);
}

/* ---- verify */

/* Marks that were taken off, and who else can write: a walk that only marked trees need. */
static int marks_left(struct session *s, const struct journal *j, const struct step *move,
		      const struct step *marked, size_t line)
{
	const char *to = step_get(move, "to");
	struct survey now;
	struct marks m = { .tagging = TAGGING_NONE };
	int left, rc;

	if (marked && marks_parse(&m, marked, &s->err) < 0)
		return -1;
	if (!marks_any(&m) && !plan_note_get(&j->plan, "bare"))
		return 0;
	rc = strcmp(move->kind->name, "rename") == 0 ?
	     proof_survey(s, to, &m, plan_is_coarse(&j->plan), &now) :
	     proof_survey_copy(s, j, move, &now);
	if (rc < 0)
		return -1;
	left = proof_marks_left(s, s->report.guests[line].name, to, &m, &now);
	survey_release(&now);
	return left;
}

/* Contents against the source, which stays until commit. */
struct diff_ctx {
	struct differences *d;
	struct touched touched;
};

static void add_difference(void *ctx, const char *path, const char *what)
{
	struct diff_ctx *c = ctx;

	if (!touched_explains(&c->touched, path, what))
		note(c->d, path, what);
}

static int compare_contents(struct session *s, const struct journal *j, const struct step *copy,
			    struct differences *d)
{
	struct diff_ctx ctx = {
		d, { j->plan.step, j->plan.nr_steps, step_get(copy, "to"), false,
		     plan_token(&j->plan) },
	};
	uint64_t contents = 0;

	if (proof_compare(s, j, copy, add_difference, &ctx, &contents) < 0)
		return -1;
	s->report.guests[d->line].contents += contents;
	return 0;
}

/* The source of a copy, where it was set aside: nobody should have written there since. */
static int late_writes(struct session *s, const struct journal *j, const struct step *copy, size_t line)
{
	const struct manifest_options opt = {
		.state = MANIFEST_FOUND, .threads = s->set.jobs,
		.coarse = plan_is_coarse(&j->plan) || !kernel_can(CAN_SET_NANOSECONDS),
		.shared = plan_note_get(&j->plan, "bare") != NULL,
	};
	struct differences d = { .s = s, .line = line, .token = plan_token(&j->plan) };
	struct manifest_counts counts;
	char name[MANIFEST_NAME];
	int fd = proof_source(s, j, copy);
	int rc;

	if (fd < 0)
		return s->err.code == ENOENT ? (err_clear(&s->err), 0) : -1;
	rc = manifest_compare(j->folder, manifest_name(name, copy->nr, false), fd, &opt, note, &d,
			      &counts, &s->err) < 0 ? -1 : 0;
	close_fd(&fd);
	if (rc < 0)
		return -1;
	for (size_t i = 0; i < d.held; i++)
		d.v[i].what = pool_printf(&s->pool, "%s in what the container was copied from",
					  d.v[i].what);
	if (d.held) {
		list_differences(&d);
		finding_add(&s->findings, VS_VERIFY_DIFFERS, s->report.guests[line].name,
			    step_get(copy, "from"), "written to after it was copied: %s",
			    differences_text(&d));
	}
	return d.held > 0;
}

static int verify_tree(struct session *s, const struct journal *j, size_t line)
{
	const struct step *move = carry_relocation(&j->plan);
	const struct touched t = { j->plan.step, j->plan.nr_steps, move ? step_get(move, "to") : "",
				   plan_is_coarse(&j->plan), plan_token(&j->plan) };
	const struct manifest_options opt = {
		.state = MANIFEST_DONE, .threads = s->set.jobs,
		.coarse = plan_is_coarse(&j->plan) || !kernel_can(CAN_SET_NANOSECONDS),
		.shared = move && strcmp(move->kind->name, "rename") == 0 &&
			  plan_note_get(&j->plan, "bare"),
	};
	struct differences d = { .s = s, .line = line, .token = plan_token(&j->plan),
				 .ours = j->phase == PHASE_COMMITTED ? &t : NULL };
	bool renamed = move && strcmp(move->kind->name, "rename") == 0;
	struct manifest_counts counts;
	char name[MANIFEST_NAME];
	int left, late = 0, fd, rc;

	if (!move)
		return 0;
	/* One view of a volume at a time. */
	fd = renamed ? open_tree(s, step_get(move, "to")) : proof_copy(s, j, move);
	rc = by_manifest(s, j, manifest_name(name, move->nr, !renamed), fd, &opt, &d, &counts);
	close_fd(&fd);
	if (rc < 0 || (!renamed && compare_contents(s, j, move, &d) < 0))
		return -1;
	list_differences(&d);
	if (d.nr[WHOSE_CONTAINER])
		finding_add(&s->findings, VS_VERIFY_DIFFERS, s->report.guests[line].name,
			    step_get(move, "to"), "of %llu objects these are not as the journal "
			    "says: %s", (unsigned long long)s->report.guests[line].objects,
			    differences_text(&d));
	if (!renamed && j->phase == PHASE_CONVERTED)
		late = late_writes(s, j, move, line);
	left = late < 0 ? -1 : marks_left(s, j, move, renamed ? proof_repair(&j->plan) : move, line);
	return left < 0 ? -1 : left || late || d.nr[WHOSE_CONTAINER];
}

static int verify_keys(struct session *s, const struct step *write, const struct buf *now, size_t line)
{
	struct conf want, have;
	int differs = 0;

	conf_parse(&want, write->text, write->text_len, &s->pool);
	conf_parse(&have, now->data, now->len, &s->pool);
	s->report.guests[line].compared = true;
	s->report.guests[line].keys += want.nr;
	s->report.guests[line].contents++;
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

/* What a step is about: the place that it changes. */
static const char *object_of(const struct step *step)
{
	static const char *const names[] = { "at", "to", "from" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (step_get_or_null(step, names[i]))
			return step_get(step, names[i]);
	return step->kind->name;
}

/* Below the tree, and so among the objects of its manifest, which is compared as well. */
static bool is_in_tree(const struct plan *plan, const char *path)
{
	const struct step *move = carry_relocation(plan);
	size_t len = move ? strlen(step_get(move, "to")) : 0;

	return move && strncmp(path, step_get(move, "to"), len) == 0 && path[len] == '/';
}

static int verify_steps(struct session *s, const struct journal *j, size_t line)
{
	struct deviation *deviation = pool_array(&s->pool, j->plan.nr_steps + 1, sizeof(*deviation));
	bool differs = false;
	struct work w;
	size_t nr;
	int done;

	work_init(&w, &s->root, j->folder, &s->pool);
	done = run_check(j, &w, deviation, j->plan.nr_steps, &nr, &s->err);
	work_release(&w);
	if (done < 0)
		return -1;
	for (size_t i = 0; i < j->plan.nr_steps; i++)
		s->report.guests[line].contents += j->plan.step[i].kind->has_text &&
			fnmatch("*.conf", step_get(&j->plan.step[i], "at"), 0) != 0;
	for (size_t i = 0; i < nr; i++) {
		const struct step *step = &j->plan.step[deviation[i].step];
		const char *object = object_of(step);

		if (is_in_tree(&j->plan, object))
			continue;
		differs = true;
		finding_add(&s->findings, VS_VERIFY_DIFFERS, s->report.guests[line].name, object,
			    "%s: %s", step->kind->name, deviation[i].what);
	}
	return differs;
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

/* What the way back of a step does: what it made goes, what it took away comes, ... */
struct reversed {
	const char *kind;
	char mark;
	const char *word;
	const char *to, *from;		/* arguments; from NULL: one path, no arrow */
};
static const struct reversed reversed_rows[] = {
	{ "bring",	  '-', "remove",     "to",   NULL },
	{ "copy",	  '-', "remove",     "to",   NULL },
	{ "hide",	  '+', "put back",   "at",   NULL },
	{ "makefs",	  '-', "makefs",     "at",   NULL },
	{ "mkdir",	  '-', "rmdir",	     "at",   NULL },
	{ "mode",	  '~', "chmod",	     "at",   NULL },
	{ "mountpoint",	  '-', "mountpoint", "at",   NULL },
	{ "node",	  '-', "remove",     "at",   NULL },
	{ "remove",	  '+', "link",	     "at",   NULL },
	{ "rename",	  '~', "move",	     "from", "to" },
	{ "retire",	  '~', "put back",   "from", "to" },
	{ "symlink",	  '-', "unlink",     "at",   NULL },
	{ "unmountpoint", '+', "mountpoint", "at",   NULL },
};

static const struct reversed *reversed_row(const struct step *step)
{
	for (size_t i = 0; i < sizeof(reversed_rows) / sizeof(reversed_rows[0]); i++)
		if (strcmp(reversed_rows[i].kind, step->kind->name) == 0)
			return &reversed_rows[i];
	return NULL;
}

static void describe_back(const struct step *step, char *mark, const char **word, struct buf *rest)
{
	const struct reversed *row = reversed_row(step);

	if (row) {
		*mark = row->mark;
		*word = row->word;
		if (row->from)
			buf_addf(rest, "%s -> ", show(step_get(step, row->from)));
		buf_addf(rest, "%s", show(step_get(step, row->to)));
	} else if (strcmp(step->kind->name, "write") == 0) {
		*mark = strcmp(step_get(step, "old"), "absent") == 0 ? '-' : '~';
		*word = *mark == '-' ? "remove" : "restore";
		buf_addf(rest, "%s", show(step_get(step, "at")));
	} else {
		step->kind->describe(step, mark, word, rest);
		*mark = *mark == '+' ? '-' : *mark;
	}
	if (strcmp(step->kind->name, "mode") == 0)
		buf_addf(rest, "  %s -> %s", step_get(step, "new"), step_get(step, "old"));
}

static void add_reversed(struct session *s, size_t line, const struct step *step)
{
	struct report_guest *g = &s->report.guests[line];
	struct buf CLEANUP_BUF rest = BUF_INIT;
	struct report_action *a;

	if (!step->kind->guard)
		return;		/* only remembers: nothing to see */
	a = pool_grow(s->report.pool, &g->actions, &g->nr_actions, &g->cap_actions, sizeof(*a));
	describe_back(step, &a->mark, &a->word, &rest);
	a->text = pool_strdup(s->report.pool, rest.data);
}

/* The steps that would follow the question. */
static void tell_reversed(struct session *s, const struct journal *j, size_t line,
			  const struct work *w)
{
	(void)w;
	for (size_t i = j->last; i-- > 0;)
		add_reversed(s, line, &j->plan.step[i]);
}

static void show_undo(struct session *s, struct buf *out)
{
	struct text_style style = session_style(s);

	buf_adds(out, "these steps would be taken back, in this order\n");
	report_plan(out, &s->report, &style);
	if (carry_status(s) == EXIT_BLOCKED)
		report_summary(out, &s->report, &style);
	report_findings(out, &s->report, &style);
}

int proof_undo_plan(struct session *s)
{
	static const struct foresight undo = { undo_ready, run_may_back, tell_reversed, show_undo };

	return carry_foresee(s, &undo);
}
