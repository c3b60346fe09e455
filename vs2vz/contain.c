/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * insulate, uninsulate: containers that exist get file systems of their own, other ones,
 * or share that of the private areas again. What is done to each is a plan with a journal
 * (STATE/containers/CTID), carried, resumed, undone and committed as a guest's. One
 * that is blocked, or fails, stops no other one.
 */
#include "commands.h"

#include <errno.h>
#include <string.h>

#include "base/identity.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/units.h"
#include "base/unseen.h"
#include "carry.h"
#include "container.h"
#include "decide/contain.h"
#include "decide/hooks.h"
#include "exits.h"
#include "jobs.h"
#include "session.h"
#include "step/lvm.h"
#include "step/trace.h"

struct changing {
	struct session *s;
	struct known_cts known;		/* those that will share already do, for deciding */
	size_t nr, cap;
	const struct known_ct **ct;	/* that are meant */
	struct lvm_groups groups;
	struct contain_rooms rooms;	/* that the plans before take */
	bool hooks_committed;
	struct jobs jobs;
};

static bool to_own(const struct changing *c)
{
	return c->s->opt.insulate.where != INSULATE_NOT;
}

static const char *name_of(const struct changing *c, const struct known_ct *ct)
{
	return pool_printf(&c->s->pool, "ct/%u", ct->ctid);
}

/* ---- which containers */

/* By number, as ct/NUMBER, by NAME, by the name of the guest that it was, or as guest/NAME. */
static const struct known_ct *find_container(const struct changing *c, const char *word)
{
	const char *digits = strncmp(word, "ct/", 3) == 0 ? word + 3 : word;
	uint64_t number;

	if (strncmp(word, "guest/", 6) == 0)
		word += 6;
	else if (parse_u64(digits, UINT32_MAX, &number))
		return layout_container(&c->known, (uint32_t)number);
	for (size_t i = 0; i < c->known.nr; i++)
		if (c->known.v[i].name && strcmp(c->known.v[i].name, word) == 0)
			return &c->known.v[i];
	for (size_t i = 0; i < c->s->nr_records; i++)
		if (strcmp(c->s->records[i].name, word) == 0)
			return layout_container(&c->known, c->s->records[i].ctid);
	return NULL;
}

/* A number that is a guest's name as well, of a guest that became another container. */
static bool means_two(const struct changing *c, const char *word, const struct known_ct *ct)
{
	const struct record *r = session_record(c->s, word);

	return r && !strchr(word, '/') && r->ctid != ct->ctid && r->phase != PHASE_UNDONE &&
	       layout_container(&c->known, r->ctid);
}

static void add_container(struct changing *c, const struct known_ct *ct)
{
	for (size_t i = 0; i < c->nr; i++)
		if (c->ct[i] == ct)
			return;
	*(const struct known_ct **)pool_grow(&c->s->pool, &c->ct, &c->nr, &c->cap,
					     sizeof(*c->ct)) = ct;
}

/* --all: those that are not yet what they shall be. */
static void add_all(struct changing *c)
{
	for (size_t i = 0; i < c->known.nr; i++) {
		const struct known_ct *ct = &c->known.v[i];

		if (to_own(c) ? !ct->device && !layout_is_ploop(ct, &c->s->root) : ct->device != NULL)
			add_container(c, ct);
	}
}

static int find(struct changing *c)
{
	struct session *s = c->s;

	if (session_look(s) < 0 ||
	    layout_known(&c->known, &s->host, &s->root, &s->pool, &s->err) < 0)
		return -1;
	/* Of the old world nothing matters now. */
	finding_cut(&s->findings, 0);
	s->report.findings = &s->findings;
	if (s->host.is_vz7)
		finding_add(&s->findings, VS_OPENVZ_TOO_NEW, NULL, s->host.conf_dir,
			    "its private areas have another layout");
	if (s->opt.all)
		add_all(c);
	for (size_t i = 0; i < s->opt.nr_guests; i++) {
		const struct known_ct *ct = find_container(c, s->opt.guests[i]);

		if (ct && means_two(c, s->opt.guests[i], ct))
			return session_fail(s, EXIT_USAGE, "'%s' is a container, and the name of a guest "
					    "that is another one: say guest/%s or ct/%s",
					    show(s->opt.guests[i]), show(s->opt.guests[i]),
					    show(s->opt.guests[i]));
		if (!ct)
			return session_fail(s, EXIT_USAGE, "there is no container '%s' in '%s': "
					    "`vzlist -a` lists them", show(s->opt.guests[i]),
					    show(s->host.conf_dir));
		add_container(c, ct);
	}
	return 0;
}

/* ---- what speaks against one */

/* A journal of this container that is not at its end, or a guest's. */
static void refuse_journals(struct changing *c, const struct known_ct *ct)
{
	struct session *s = c->s;

	for (size_t i = 0; i < s->nr_records; i++) {
		const struct record *r = &s->records[i];

		if (r->ctid == ct->ctid && !r->damaged && r->phase != PHASE_NONE &&
		    r->phase != PHASE_UNDONE && r->phase != PHASE_COMMITTED)
			finding_add(&s->findings, VS_NOT_COMMITTED, name_of(c, ct), r->name,
				    "it is %s", phase_word(r->phase));
	}
}

static void refuse_kind(struct changing *c, const struct known_ct *ct)
{
	struct session *s = c->s;

	if (layout_is_ploop(ct, &s->root))
		finding_add(&s->findings, VS_CT_PLOOP, name_of(c, ct), ct->private, "%s",
			    ct->layout ? ct->layout : "root.hdd");
}

/* An earlier plan of this run may have said the same of the host. */
static void forget_twice(struct findings *f, size_t before)
{
	size_t kept = before;

	for (size_t i = before; i < f->nr; i++) {
		bool said = false;

		for (size_t k = 0; !said && k < before; k++)
			said = !f->v[i].guest && !f->v[k].guest && f->v[i].kind == f->v[k].kind &&
			       strcmp(f->v[i].seen, f->v[k].seen) == 0;
		if (!said)
			f->v[kept++] = f->v[i];
	}
	finding_cut(f, kept);
}

static bool hooks_committed(struct session *s)
{
	unsigned *numbers;
	bool open = false;
	struct journal j;
	size_t nr;

	if (s->state < 0 || journal_list_host(s->state, &s->pool, &numbers, &nr, &s->err) < 0)
		return true;
	for (size_t i = 0; i < nr; i++) {
		const char *key = pool_printf(&s->pool, "host/%u", numbers[i]);

		if (journal_open(&j, s->state, key, &s->err) < 0)
			return false;
		open |= plan_note_get(&j.plan, HOOKS_NOTE) && j.phase != PHASE_UNDONE &&
			j.phase != PHASE_COMMITTED;
		journal_close(&j);
	}
	return !open;
}

/* ---- deciding */

static int lost(struct changing *c, const struct known_ct *ct)
{
	struct session *s = c->s;

	finding_add(&s->findings, VS_VOLUME_LOST, name_of(c, ct), ct->device, "%s", s->err.text);
	err_clear(&s->err);
	return 0;
}

/* The tree where it is now; a finding where it cannot be read. 1: it is there. */
static int look_at(struct changing *c, const struct known_ct *ct, struct container_tree *tree,
		   struct insulate_source *now)
{
	struct session *s = c->s;
	char text[IDENTITY_TEXT];
	struct identity id;
	struct stat st;

	*now = (struct insulate_source){ .from = ct->private, .to = ct->private };
	if (!ct->device &&
	    (root_lstat(&s->root, ct->private, &st, &s->err) < 0 || !S_ISDIR(st.st_mode))) {
		finding_add(&s->findings, VS_AREA_ODD, name_of(c, ct), ct->private,
			    "VE_PRIVATE of '%s' is no directory", show(ct->conf));
		return 0;
	}
	if (container_open(tree, s, ct) < 0)
		return ct->device && !stop_signal() ? lost(c, ct) : -1;
	if (identity_of_fd(&id, tree->fd, &s->err) < 0)
		return -1;
	now->id = pool_strdup(&s->pool, identity_text(&id, text));
	if (tree->volume)
		now->from = tree->volume;
	now->volume = tree->uuid;
	now->has_links = below_stat(tree->fd, TRACE_LINKS_NAME, &st) == 0;
	if (!now->has_links && errno != ENOENT)
		return fail_errno(&s->err, "cannot look at '%s'", TRACE_LINKS_NAME);
	return 1;
}

static int decide_with(struct changing *c, const struct known_ct *ct,
		       const struct insulate_source *now, int fd, struct contain_plan *made)
{
	struct session *s = c->s;
	const struct survey_options opt = {
		.threads = s->opt.has_jobs ? s->opt.jobs : s->set.jobs, .xattrs = true,
		.limits = true,
	};
	struct survey tree;
	const struct contain_question q = {
		.name = name_of(c, ct), .host = &s->host, .root = &s->root, .known = &c->known,
		.all = &s->guests,
		.ct = ct, .wanted = &s->opt.insulate, .overwrite = s->opt.overwrite,
		.dump_device = s->opt.dump_device, .now = now, .tree = &tree,
		.hooks_committed = c->hooks_committed, .rooms = &c->rooms, .groups = &c->groups,
	};
	size_t before = s->findings.nr;
	int done;

	if (survey_tree(&tree, fd, &opt, &s->err) < 0)
		return -1;
	done = contain_decide(made, &q, &s->pool, &s->findings, &s->err);
	survey_release(&tree);
	forget_twice(&s->findings, before);
	return done;
}

/* What only a look at the tree can tell is left out where something blocks already. */
static int decide_one(struct changing *c, const struct known_ct *ct, struct contain_plan *made)
{
	struct container_tree tree = { .fd = -1, .device = -1 };
	struct session *s = c->s;
	struct insulate_source now;
	int done;

	refuse_kind(c, ct);
	refuse_journals(c, ct);
	if (container_judge_use(s, ct, name_of(c, ct)) < 0)
		return -1;
	session_lift(s);
	if (finding_blocks(&s->findings, name_of(c, ct)))
		return 0;
	done = look_at(c, ct, &tree, &now);
	if (done > 0)
		done = decide_with(c, ct, &now, tree.fd, made);
	container_close(&tree);
	return done < 0 ? -1 : 0;
}

static void take_room(struct changing *c, const struct contain_room *room)
{
	*(struct contain_room *)pool_grow(&c->s->pool, &c->rooms.v, &c->rooms.nr, &c->rooms.cap,
					  sizeof(*c->rooms.v)) = *room;
}

/* For the decisions that follow this one is done. */
static void take_job(struct changing *c, const struct known_ct *ct, const struct contain_plan *made)
{
	struct session *s = c->s;
	size_t line = carry_line(s, name_of(c, ct));

	report_steps(&s->report.guests[line], &s->report, &made->plan);
	s->report.bytes_needed = add_u64(s->report.bytes_needed, made->room.bytes);
	jobs_add(s, &c->jobs, &made->plan, false);
	if (!c->jobs.hooks.nr_steps && made->hooks.nr_steps) {
		c->jobs.hooks = made->hooks;
		report_steps(report_host(&s->report), &s->report, &made->hooks);
	}
	take_room(c, &made->room);
	take_room(c, &made->journal);
	if (!to_own(c))
		c->known.v[ct - c->known.v].device = NULL;
}

static int plan_one(struct changing *c, const struct known_ct *ct)
{
	struct session *s = c->s;
	size_t line = carry_line(s, name_of(c, ct));
	struct contain_plan made = { 0 };

	s->report.guests[line].ctid = ct->ctid;
	if (!to_own(c) && !ct->device) {
		const struct record *r = session_record(s, name_of(c, ct));

		if (r && !r->damaged)
			s->report.guests[line].state = report_state_of(r->phase, false);
		s->report.guests[line].outcome = OUTCOME_ALREADY;
		log_say(LOG_NOTE, "container %u has no file system of its own: nothing to do",
			ct->ctid);
		return 0;
	}
	if (decide_one(c, ct, &made) < 0) {
		if (stop_signal())
			return -1;
		unseen_note_err(ct->conf, &s->err);
		finding_add(&s->findings, VS_GUEST_UNDECIDED, name_of(c, ct), ct->conf, "%s", s->err.text);
		err_clear(&s->err);
	}
	session_lift(s);
	if (finding_blocks(&s->findings, NULL) || finding_blocks(&s->findings, name_of(c, ct))) {
		s->report.guests[line].state = STATE_BLOCKED;
		s->report.guests[line].outcome = OUTCOME_BLOCKED;
		return 0;
	}
	take_job(c, ct, &made);
	return 0;
}

static int plan_all(struct changing *c)
{
	c->hooks_committed = hooks_committed(c->s);
	err_clear(&c->s->err);
	if (!c->nr)
		log_say(LOG_NOTE, "no container here %s", to_own(c) ? "shares a file system" :
			"has a file system of its own");
	for (size_t i = 0; i < c->nr; i++)
		if (plan_one(c, c->ct[i]) < 0)
			return -1;
	finding_sort(&c->s->findings);
	return 0;
}

/* ---- the command */

static void show_plan(struct session *s, struct buf *out)
{
	struct text_style style = session_style(s);

	report_plan(out, &s->report, &style);
	report_findings(out, &s->report, &style);
	jobs_say_saved(s, out);
}

static void show_result(struct session *s, struct buf *out)
{
	struct text_style style = session_style(s);

	report_summary(out, &s->report, &style);
	if (s->findings.nr)
		report_findings(out, &s->report, &style);
	report_closing(out, &s->report);
}

static int ask(struct changing *c)
{
	struct buf CLEANUP_BUF text = BUF_INIT;
	struct session *s = c->s;

	if (s->opt.plan_file)
		return 0;
	if (!s->opt.json && !s->opt.quiet && !s->opt.yes) {
		show_plan(s, &text);
		report_write(&text);
	}
	return session_ask(s, pool_printf(&s->pool, "%s %zu container%s now? (undo is possible until "
					  "commit)", s->opt.command->name, c->jobs.nr,
					  c->jobs.nr == 1 ? "" : "s")) ? 0 : -1;
}

static int end_without(struct changing *c)
{
	struct session *s = c->s;

	if (finding_blocks(&s->findings, NULL))
		return session_end(s, show_plan, session_blocked(s));
	if (carry_status(s) == EXIT_DONE)
		return session_end(s, show_result, EXIT_DONE);
	return session_end(s, show_plan, carry_status(s));
}

static int end_planned(struct changing *c)
{
	struct session *s = c->s;

	size_t blocked = 0;

	if (s->opt.out_file && jobs_save(s, &c->jobs) < 0)
		return session_failed(s);
	for (size_t i = 0; i < s->report.nr_guests; i++)
		blocked += s->report.guests[i].outcome == OUTCOME_BLOCKED;
	return session_end(s, show_plan, blocked ? EXIT_PARTIAL : EXIT_DONE);
}

static int change(struct changing *c)
{
	struct session *s = c->s;

	if (!c->jobs.nr || finding_blocks(&s->findings, NULL))
		return end_without(c);
	if (s->opt.dry_run)
		return end_planned(c);
	if (ask(c) < 0)
		return session_failed(s);
	if (jobs_run(s, &c->jobs) < 0)
		return session_failed(s);
	return session_end(s, show_result, carry_status(s));
}

static int contain(struct session *s)
{
	struct changing c = { .s = s };

	if (!s->opt.dry_run && session_may_change(s) < 0)
		return session_failed(s);
	if (s->opt.plan_file) {
		if (session_look(s) < 0)
			return session_failed(s);
		finding_cut(&s->findings, 0);
		return jobs_read(s, &c.jobs) < 0 ? session_failed(s) : change(&c);
	}
	return find(&c) < 0 || plan_all(&c) < 0 ? session_failed(s) : change(&c);
}

/* Places that are for one container only. */
static bool is_single(enum insulate_where where)
{
	return where == INSULATE_DEVICE || where == INSULATE_LV || where == INSULATE_IMAGE;
}

int command_insulate(struct session *s)
{
	if (!s->opt.has_insulate && !s->opt.plan_file) {
		session_fail(s, EXIT_USAGE, "insulate needs one of --device DEV, --lv VG/NAME, "
			     "--image FILE; for several containers --lv VG or --image DIR/");
		return session_failed(s);
	}
	if ((s->opt.nr_guests > 1 || s->opt.all) && is_single(s->opt.insulate.where)) {
		session_fail(s, EXIT_USAGE, "'%s' is for one container; for several: --lv VG, or "
			     "--image DIR/ with the slash", show(s->opt.insulate.place));
		return session_failed(s);
	}
	return contain(s);
}

int command_uninsulate(struct session *s)
{
	return contain(s);
}
