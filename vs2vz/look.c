/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a run learns before it decides: both worlds, the journals, which guests are
 * meant. Reads only.
 */
#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsinfo.h"
#include "base/log.h"
#include "base/shown.h"
#include "base/unseen.h"
#include "before.h"
#include "decide/service_judge.h"
#include "exits.h"
#include "jobs.h"
#include "lost.h"
#include "openvz/layout.h"
#include "operands.h"
#include "state_place.h"
#include "step/trace.h"
#include "vserver/scan.h"

const struct guest *session_guest(const struct session *s, const char *name)
{
	size_t low = 0, high = s->guests.nr;	/* sorted; the first of several of one name */

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(s->guests.v[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->guests.nr && strcmp(s->guests.v[low].name, name) == 0 ?
	       &s->guests.v[low] : NULL;
}

/* The quota file that a container of ours may have left: it was not there before. */
static void note_quota(struct session *s, const struct plan *plan)
{
	struct host *h = &s->host;

	for (size_t i = 0; i < plan->nr_steps; i++) {
		const struct step *step = &plan->step[i];

		if (strcmp(step->kind->name, "trace") == 0 &&
		    strcmp(step_get(step, "what"), TRACE_QUOTA) == 0)
			*(const char **)pool_grow(&s->pool, &h->left_quota, &h->nr_left_quota,
						  &h->cap_left_quota, sizeof(*h->left_quota)) =
				pool_strdup(&s->pool, step_get(step, "at"));
	}
}

static void read_record(struct session *s, struct record *r, const char *name)
{
	const char *key = journal_key(name, &s->pool);
	struct journal j;
	struct err err;

	r->name = name;
	r->guest = session_guest(s, name);
	if (journal_open(&j, s->state, key, &err) < 0) {
		r->damaged = true;
		r->unread = err.code != VS_JOURNAL_DAMAGED && err.code != VS_JOURNAL_NEWER;
		r->damage = pool_strdup(&s->pool, err.text);
		finding_add(&s->findings, r->unread ? VS_NOT_SEEN : (enum finding_id)err.code, name,
			    key, "%s", err.text);
		return;
	}
	r->phase = j.phase;
	r->ctid = j.plan.ctid;
	lost_know(s, &j.plan);
	if (j.phase == PHASE_UNDONE)
		note_quota(s, &j.plan);
	journal_close(&j);
}

static int read_records(struct session *s)
{
	const char **names;
	size_t nr;

	if (s->state < 0)
		s->state = state_open(&s->root, s->set.state_dir, false, &s->err);
	if (s->state < 0)
		return s->err.code == ENOENT ? 0 : -1;
	if (journal_list(s->state, &s->pool, &names, &nr, &s->err) < 0)
		return -1;
	s->records = pool_array(&s->pool, nr, sizeof(*s->records));
	s->nr_records = nr;
	for (size_t i = 0; i < nr; i++)
		read_record(s, &s->records[i], names[i]);
	return 0;
}

/* Is path the directory or below it? */
static bool is_within(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || !path[len]);
}

/* A journal that a guest's root can write to, or that moves with the tree, is none. */
static int judge_state(struct session *s)
{
	const struct guest *guest;
	const char *real;

	if (state_place_judge(s, s->set.state_dir, &s->guests, &real, &guest) < 0)
		return -1;
	if (guest)
		finding_add(&s->findings, VS_STATE_IN_TREE, NULL, s->set.state_dir,
			    "it is '%s', in the tree of guest '%s'", show(real), show(guest->name));
	return 0;
}

int session_look(struct session *s)
{
	if (layout_read(&s->host, &s->root, s->live ? &s->proc : NULL, &s->pool, &s->findings,
			&s->err) < 0 ||
	    vserver_scan(&s->guests, &s->host, &s->root, &s->pool, &s->findings, &s->err) < 0)
		return -1;
	if (read_records(s) < 0)
		return -1;
	s->host.state_dir = s->set.state_dir;
	lost_find(s);
	if (judge_state(s) < 0)
		return -1;
	before_apply(s);
	session_unseen(s);
	return operands_settle(s);
}

/* Guests first, then containers, each sorted by name: journal_list(). */
static bool record_before(const struct record *r, const char *name)
{
	bool ours = strchr(r->name, '/') != NULL, wanted = strchr(name, '/') != NULL;

	return ours != wanted ? wanted : strcmp(r->name, name) < 0;
}

struct record *session_record(const struct session *s, const char *name)
{
	size_t low = 0, high = s->nr_records;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (record_before(&s->records[mid], name))
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->nr_records && strcmp(s->records[low].name, name) == 0 ?
	       &s->records[low] : NULL;
}

static bool is_meant(const struct session *s, const char *name, uint32_t ctid, bool *used)
{
	bool meant = s->opt.nr_guests == 0;

	for (size_t i = 0; i < s->opt.nr_guests; i++) {
		if (operand_fits(&s->operands[i], name, ctid)) {
			used[i] = true;
			meant = true;
		}
	}
	return meant;
}

bool session_means(const struct session *s, const char *guest)
{
	for (size_t i = 0; i < s->opt.nr_guests; i++)
		if (operand_fits(&s->operands[i], guest, 0))
			return true;
	return s->opt.nr_guests == 0;
}

static int all_used(struct session *s, const bool *used, const char *what)
{
	for (size_t i = 0; i < s->opt.nr_guests; i++)
		if (!used[i])
			return session_fail(s, EXIT_USAGE, "no %s is called '%s': `vs2vz scan` and "
					    "`vs2vz status` list them", what,
					    show(s->opt.guests[i]));
	return 0;
}

enum report_state record_state(const struct record *r)
{
	return r->unread ? STATE_UNREAD :
	       r->damaged ? STATE_DAMAGED : report_state_of(r->phase, false);
}

/* Is the guest in the hands of a journal, so that it cannot be converted now? */
static bool is_taken(const struct record *r)
{
	return r && (r->damaged || (r->phase != PHASE_NONE && r->phase != PHASE_UNDONE));
}

/* The first component behind a directory; NULL: there is none, or a name of VServer's own. */
static const char *name_in(struct session *s, const char *path, const char *dir)
{
	const char *name = path + strlen(dir) + 1;

	if (!is_within(path, dir) || strlen(path) <= strlen(dir) + 1 || *name == '.')
		return NULL;
	return pool_memdup(&s->pool, name, strcspn(name, "/"));
}

/* Whose a path of the host is, by where it lies; NULL: the host's own, or everybody's. */
static const char *whose(struct session *s, const char *path)
{
	const char *name;

	for (size_t i = 0; i < s->guests.nr; i++)
		if (is_within(path, s->guests.v[i].conf) ||
		    (s->guests.v[i].tree && is_within(path, s->guests.v[i].tree)))
			return s->guests.v[i].name;
	for (unsigned i = 0; i < s->host.nr_installs; i++)
		if ((name = name_in(s, path, s->host.installs[i])))
			return name;
	return name_in(s, path, "guests");	/* a journal, below the state directory */
}

/* Has somebody said of this object, or of what it is in, that it stands in the guest's way? */
static bool is_told(const struct session *s, const char *guest, const char *object)
{
	for (size_t i = 0; i < s->findings.nr; i++) {
		const struct finding *f = &s->findings.v[i];

		if (f->kind->level == LEVEL_INHIBITOR && f->object && is_within(object, f->object) &&
		    (guest == f->guest || (guest && f->guest && strcmp(guest, f->guest) == 0)))
			return true;
	}
	return false;
}

void session_unseen(struct session *s)
{
	size_t now = unseen_count();

	for (; s->nr_unseen < now && s->nr_unseen < UNSEEN_MAX; s->nr_unseen++) {
		struct unseen one = unseen_get(s->nr_unseen);
		const char *path = one.path, *guest;

		if (s->root.path[0] && is_within(path, s->root.path))
			path += strlen(s->root.path);
		guest = whose(s, path);
		if (!is_told(s, shown_dup(&s->pool, guest), shown_dup(&s->pool, path)))
			finding_add(&s->findings, VS_NOT_SEEN, guest, path, "%s", strerror(one.code));
	}
	if (now > UNSEEN_MAX && s->nr_unseen == UNSEEN_MAX) {
		finding_add(&s->findings, VS_NOT_SEEN, NULL, NULL, "and %zu more objects",
			    now - UNSEEN_MAX);
		s->nr_unseen++;
	}
}

/* The line of a guest that this run leaves alone. */
static void report_taken(struct session *s, const struct guest *g, const struct record *r)
{
	struct report_guest *line = report_guest(&s->report, g->name);
	bool ended = r && !r->damaged &&
		     (r->phase == PHASE_CONVERTED || r->phase == PHASE_COMMITTED);

	report_found(line, &s->report, g, NULL);
	line->state = r ? record_state(r) : STATE_LOST;
	line->ctid = r ? r->ctid : g->marker_ctid;
	line->outcome = ended || (!r && !lost_guest(s, g->name)) ? OUTCOME_ALREADY : OUTCOME_BLOCKED;
	if (r && !ended && !r->damaged)
		finding_add(&s->findings, VS_INTERRUPTED, g->name, s->set.state_dir,
			    "an earlier run stopped in the state '%s'", phase_word(r->phase));
}

static void report_absent(struct session *s, const struct guest *g)
{
	struct report_guest *line = report_guest(&s->report, g->name);

	report_found(line, &s->report, g, NULL);
	if (lost_guest(s, g->name))
		line->state = STATE_LOST;
	line->outcome = OUTCOME_BLOCKED;
}

/* Its tree is not its own: what the scan found of that is all there is to say. */
static void report_barred(struct session *s, const struct guest *g)
{
	struct report_guest *line = report_guest(&s->report, g->name);

	report_found(line, &s->report, g, NULL);
	line->state = STATE_BLOCKED;
	line->outcome = OUTCOME_BLOCKED;
}

int session_select(struct session *s)
{
	bool *used = pool_array(&s->pool, s->opt.nr_guests + 1, sizeof(*used));

	s->selected = pool_array(&s->pool, s->guests.nr + 1, sizeof(*s->selected));
	for (size_t i = 0; i < s->guests.nr; i++) {
		const struct guest *g = &s->guests.v[i];
		const struct record *r = session_record(s, g->name);

		if (!is_meant(s, g->name, r ? r->ctid : g->marker_ctid, used))
			continue;
		if (is_taken(r) || g->state == GUEST_CONVERTED)
			report_taken(s, g, r);
		else if (g->state != GUEST_FOUND || lost_guest(s, g->name))
			report_absent(s, g);
		else if (g->barred)
			report_barred(s, g);
		else
			s->selected[s->nr_selected++] = g;
	}
	return all_used(s, used, "guest");
}

static bool has_ended(const struct record *r)
{
	return !r->damaged && (r->phase == PHASE_UNDONE || r->phase == PHASE_COMMITTED);
}

/* A number means the container's own open journal before a guest's that has ended. */
static bool gives_way(const struct session *s, const struct record *r)
{
	bool numbered = false;

	for (size_t i = 0; i < s->opt.nr_guests; i++) {
		const struct operand *o = &s->operands[i];

		if (o->kind == OPERAND_NAME && strcmp(o->text, r->name) == 0)
			return false;
		numbered |= o->kind == OPERAND_NUMBER && !o->own_journal;
	}
	for (size_t i = 0; numbered && has_ended(r) && i < s->nr_records; i++)
		if (strchr(s->records[i].name, '/') && s->records[i].ctid == r->ctid &&
		    &s->records[i] != r && !has_ended(&s->records[i]))
			return true;
	return false;
}

const struct record *session_later(const struct session *s, const struct record *r)
{
	if (strchr(r->name, '/') || r->damaged || r->phase != PHASE_COMMITTED)
		return NULL;
	for (size_t i = 0; i < s->nr_records; i++) {
		const struct record *other = &s->records[i];

		if (strchr(other->name, '/') && other->ctid == r->ctid && !other->damaged &&
		    other->phase != PHASE_NONE && other->phase != PHASE_UNDONE)
			return other;
	}
	return NULL;
}

int session_records(struct session *s, const struct record ***out, size_t *nr)
{
	bool *used = pool_array(&s->pool, s->opt.nr_guests + 1, sizeof(*used));

	*out = pool_array(&s->pool, s->nr_records + 1, sizeof(**out));
	*nr = 0;
	for (size_t i = 0; i < s->nr_records; i++)
		if (is_meant(s, s->records[i].name, s->records[i].ctid, used) &&
		    !gives_way(s, &s->records[i]))
			(*out)[(*nr)++] = &s->records[i];
	lost_refuse(s);
	for (size_t i = 0; i < s->nr_lost; i++)
		if (s->lost[i].guest && !session_record(s, s->lost[i].guest))
			is_meant(s, s->lost[i].guest, 0, used);
	return all_used(s, used, "converted guest");
}

/* An option of the command line is for all guests, and goes before their sections. */
static void take_answers(struct session *s, struct choices *c)
{
	struct answer *answers = pool_array(&s->pool, s->set.nr_answers + 1, sizeof(*answers));

	for (size_t i = 0; i < s->set.nr_answers; i++) {
		answers[i] = s->set.answers[i];
		if (s->opt.sample)
			answers[i].sample = NULL;
		answers[i].has_method &= !s->opt.has_method;
		answers[i].has_rights &= !s->opt.least;
		answers[i].has_limits &= !s->opt.has_limits;
		answers[i].has_insulate &= !s->opt.has_insulate;
		answers[i].has_shared &= !s->opt.has_shared;
	}
	c->answers = answers;
	c->nr_answers = s->set.nr_answers;
}

static void take_choices(struct session *s, struct choices *c)
{
	const struct options *o = &s->opt;

	c->explicit = o->ctids;
	c->nr_explicit = o->nr_ctids;
	c->map = s->set.map;
	c->nr_map = s->set.nr_map;
	c->ctid_base = s->set.ctid_base;
	c->sample = o->sample ? o->sample : s->set.sample;
	c->method = o->has_method ? o->method : s->set.method;
	c->rights = o->least ? RIGHTS_LEAST : s->set.rights;
	c->limits = o->has_limits ? o->limits : s->set.limits;
	c->shared = o->has_shared ? o->shared : s->set.shared;
	if (o->has_insulate)
		c->insulate = o->insulate;
	else if (insulate_parse(&c->insulate, s->set.insulate, &s->pool, &s->err) < 0)
		die("a setting was not checked: %s", s->err.text);
	c->overwrite = o->overwrite;
	take_answers(s, c);
}

int session_recipes(struct session *s)
{
	if (recipes_read(&s->recipes, &s->root, &s->pool, &s->err) < 0) {
		s->status = EXIT_USAGE;
		return -1;
	}
	return 0;
}

/* --fixups may be repeated: as if all its words stood in one. */
static const char *option_fixups(struct session *s)
{
	const char *all = NULL;

	for (size_t i = 0; i < s->opt.nr_fixups; i++)
		all = all ? pool_printf(&s->pool, "%s,%s", all, s->opt.fixups[i])
			  : s->opt.fixups[i];
	return all;
}

/* A name without recipe is a slip of the pen, wherever it stands. */
static int take_fixups(struct session *s, struct choices *c)
{
	c->fixups[0] = s->set.fixups;
	c->fixups[1] = option_fixups(s);
	if (session_recipes(s) < 0)
		return -1;
	c->recipes = &s->recipes;
	for (size_t i = 0; i < 2 + c->nr_answers; i++) {
		const char *words = i < 2 ? c->fixups[i] : c->answers[i - 2].fixups, *word;

		word = words ? fixup_word_unknown(words, &s->recipes, &s->pool) : NULL;
		if (word)
			return session_fail(s, EXIT_USAGE, "fixups: there is no recipe '%s': "
					    "`vs2vz explain fixups` lists them", show(word));
	}
	return 0;
}

/* Is it one of those that the command was given, or are all meant? */
static bool is_asked(const struct session *s, const struct guest *g)
{
	const struct record *r = session_record(s, g->name);
	bool asked = s->opt.nr_guests == 0;

	for (size_t i = 0; i < s->opt.nr_guests; i++)
		asked |= operand_fits(&s->operands[i], g->name, r ? r->ctid : g->marker_ctid);
	return asked;
}

/* "--ctid GUEST=N" of a guest that this run does not decide about would change nothing. */
static int check_ctid(struct session *s, const struct ctid_choice *choice)
{
	const struct guest *g = session_guest(s, choice->guest);

	for (size_t i = 0; i < s->nr_selected; i++)
		if (strcmp(s->selected[i]->name, choice->guest) == 0)
			return 0;
	if (!g)
		return session_fail(s, EXIT_USAGE, "--ctid %s=%u: no guest is called '%s': `vs2vz scan` "
				    "lists them", show(choice->guest), choice->ctid,
				    show(choice->guest));
	if (!is_asked(s, g))
		return session_fail(s, EXIT_USAGE, "--ctid %s=%u: '%s' is none of the guests that this "
				    "command was given", show(choice->guest), choice->ctid,
				    show(choice->guest));
	log_say(LOG_NOTE, "--ctid %s=%u is not used: the guest is not converted by this command",
		show(choice->guest), choice->ctid);
	return 0;
}

/* "--ctid N" without a name means the only guest there is. */
static int name_ctids(struct session *s)
{
	for (size_t i = 0; i < s->opt.nr_ctids; i++) {
		if (s->opt.ctids[i].guest) {
			if (check_ctid(s, &s->opt.ctids[i]) < 0)
				return -1;
			continue;
		}
		if (!s->nr_selected && s->opt.nr_guests == 1) {
			s->opt.ctids[i].guest = s->opt.guests[0];	/* converted already */
			continue;
		}
		if (s->nr_selected != 1)
			return session_fail(s, EXIT_USAGE, "--ctid N needs exactly one guest: "
					    "say --ctid GUEST=N");
		s->opt.ctids[i].guest = s->selected[0]->name;
	}
	return 0;
}

bool session_lifted(const struct session *s, enum finding_id id)
{
	for (size_t i = 0; i < s->opt.nr_overrides; i++)
		if (s->opt.overrides[i] == id)
			return true;
	for (size_t i = 0; i < s->set.nr_lifts; i++)
		if (s->set.lifts[i].id == id && !s->set.lifts[i].guest)
			return true;
	return false;
}

void session_lift(struct session *s)
{
	for (size_t i = 0; i < s->set.nr_lifts; i++)
		finding_override(&s->findings, s->set.lifts[i].id, s->set.lifts[i].guest,
				 s->set.lifts[i].reason);
	for (size_t i = 0; i < s->opt.nr_overrides; i++)
		finding_override(&s->findings, s->opt.overrides[i], NULL, "--override");
}

int session_blocked(const struct session *s)
{
	static const enum finding_id platform[] = {
		VS_VSERVER_KERNEL, VS_NO_OPENVZ_KERNEL, VS_INSIDE_CONTAINER,
	};

	for (size_t i = 0; i < s->findings.nr; i++)
		for (size_t k = 0; k < sizeof(platform) / sizeof(platform[0]); k++)
			if (s->findings.v[i].kind->id == platform[k] &&
			    !s->findings.v[i].override_reason)
				return EXIT_PLATFORM;
	return EXIT_BLOCKED;
}

/* A whole decision: into the report, and its plan where the command needs it. */
static void take_decision(void *ctx, const struct decision *d)
{
	struct session *s = ctx;
	struct report_guest *line = report_guest(&s->report, d->guest->name);

	report_found(line, &s->report, d->guest, d->guest->file_system);
	report_decided(line, &s->report, d);
	if (!d->plan.nr_steps)
		return;
	if (s->keeps_plans)
		jobs_add(s, &s->decided, &d->plan, d->guest->recorded);
	else
		*jobs_new(s, &s->decided) = (struct job){ .plan.guest = d->guest->name };
}

/* Does nothing but vzctl's lock block this guest? */
static bool is_locked(const struct session *s, const char *name)
{
	const char *shown = shown_dup(s->findings.pool, name);
	bool locked = false;

	for (size_t i = finding_first(&s->findings, shown); i != FINDING_NONE;
	     i = finding_next(&s->findings, i)) {
		const struct finding *f = &s->findings.v[i];

		if (f->kind->level != LEVEL_INHIBITOR || f->override_reason)
			continue;
		if (f->kind->id != VS_CT_LOCKED)
			return false;
		locked = true;
	}
	return locked;
}

static void report_blocked(struct session *s)
{
	for (size_t i = 0; i < s->nr_selected; i++) {
		const char *name = s->selected[i]->name;
		struct report_guest *line;

		if (!finding_blocks(&s->findings, name))
			continue;
		line = report_guest(&s->report, name);
		if (!line->found)	/* nothing could be decided of it */
			report_found(line, &s->report, s->selected[i], s->selected[i]->file_system);
		line->state = STATE_BLOCKED;
		line->outcome = OUTCOME_BLOCKED;
		line->locked = is_locked(s, name);
	}
}

/* The steps that all guests share are done where at least one of them is. */
static void report_host_steps(struct session *s)
{
	bool runs = false;

	for (size_t i = 0; i < s->decided.nr && !runs; i++)
		runs = !finding_blocks(&s->findings, s->decided.v[i].plan.guest);
	if (runs && s->decisions.host.nr_steps && !finding_blocks(&s->findings, NULL))
		report_steps(report_host(&s->report), &s->report, &s->decisions.host);
	if (runs && s->decisions.hooks.nr_steps && !finding_blocks(&s->findings, NULL))
		report_steps(report_host(&s->report), &s->report, &s->decisions.hooks);
}

/* What keeps containers from starting, though it does not concern their conversion. */
static void judge_node(struct session *s)
{
	struct vz_service service;

	service_read(&service, &s->host, &s->root, s->live ? &s->proc : NULL, &s->pool);
	service_judge(&service, &s->host, false, &s->findings);
}

/* The folder of a guest's journal has its name, and is kept under a longer one later. */
static void judge_names(struct session *s)
{
	for (size_t i = 0; i < s->nr_selected; i++) {
		size_t len = strlen(s->selected[i]->name);

		if (len > JOURNAL_NAME_MAX)
			finding_add(&s->findings, VS_NAME_TOO_LONG, s->selected[i]->name,
				    s->selected[i]->conf, "%zu bytes", len);
	}
}

int session_decide(struct session *s)
{
	const struct decision_taker taker = { take_decision, s };
	size_t before = s->report.nr_guests;
	struct choices choices = { 0 };

	if (name_ctids(s) < 0)
		return -1;
	take_choices(s, &choices);
	if (take_fixups(s, &choices) < 0)
		return -1;
	if (decide_each(&s->decisions, s->selected, s->nr_selected, &s->guests, &s->host, &s->root,
			&choices, &taker, &s->pool, &s->findings, &s->err) < 0) {
		s->report.nr_guests = before;
		return -1;
	}
	judge_node(s);
	judge_names(s);
	session_unseen(s);
	session_lift(s);
	finding_sort(&s->findings);
	s->report.findings = &s->findings;
	s->report.bytes_needed = s->decisions.bytes_needed;
	report_blocked(s);
	report_host_steps(s);
	return 0;
}
