/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One guest at a time along its journal. The order around it:
 *
 *	forwards   host-wide steps, then each guest (CTID lock held)
 *	back       each guest (CTID lock held), then host-wide steps, newest first
 *
 * If we die between two guests, every journal tells for itself where it stands;
 * host-wide steps without any guest are harmless and are taken back by `undo`.
 */
#include "carry.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/atomic.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/stop.h"
#include "decide/hooks.h"
#include "exits.h"
#include "lost.h"
#include "openvz/layout.h"
#include "run/run.h"

size_t carry_line(struct session *s, const char *name)
{
	struct report_guest *line = report_guest(&s->report, name);

	return (size_t)(line - s->report.guests);
}

const struct step *carry_relocation(const struct plan *plan)
{
	for (size_t i = 0; i < plan->nr_steps; i++) {
		const char *kind = plan->step[i].kind->name;

		if (strcmp(kind, "rename") == 0 || strcmp(kind, "copy") == 0 ||
		    strcmp(kind, "makefs") == 0)
			return &plan->step[i];
	}
	return NULL;
}

void carry_work(const struct session *s, struct work *w)
{
	w->threads = s->opt.has_jobs ? s->opt.jobs : s->set.jobs;
	w->verify = s->opt.has_verify ? s->opt.verify : s->set.verify;
	w->changed = s->opt.changed;
	w->source = s->opt.keep_source ? SOURCE_STAYS :
		    s->opt.changed == CHANGED_DISCARD ? SOURCE_GOES_ALL : SOURCE_GOES;
}

/* Only the run that decided has a ledger; later ones leave its file alone. */
static void leave_ledger(struct session *s, const struct journal *j, size_t line)
{
	const struct atomic_meta meta = { .mode = 0600 };
	const struct place at = { j->folder, "ledger.txt" };
	struct buf CLEANUP_BUF text = BUF_INIT;
	struct err err;

	if (!s->report.guests[line].nr_items)
		return;
	report_ledger_file(&text, &s->report, &s->report.guests[line]);
	if (atomic_write(&at, text.data, text.len, &meta, false, &err) < 0)
		log_say(LOG_WARNING, "%s", err.text);
}

/* A journal folder's own copy of what this run said of its guest. Losing it loses nothing. */
static void leave_report(struct session *s, const struct journal *j, size_t line)
{
	const struct atomic_meta meta = { .mode = 0600, .unsynced = true };
	const struct place at = { j->folder, "report.json" };
	struct buf CLEANUP_BUF text = BUF_INIT;
	struct pool own_pool = POOL_INIT;
	struct findings own = { .pool = &own_pool };
	struct report one = s->report;
	struct err err;

	for (size_t i = finding_first(&s->findings, j->name); i != FINDING_NONE;
	     i = finding_next(&s->findings, i))
		*(struct finding *)pool_grow(&own_pool, &own.v, &own.nr, &own.cap,
					     sizeof(*own.v)) = s->findings.v[i];
	one.guests = &s->report.guests[line];
	one.nr_guests = 1;
	one.findings = &own;
	one.pool = &own_pool;
	one.ended = time(NULL);
	one.status = s->report.guests[line].outcome == OUTCOME_DONE ? EXIT_DONE : EXIT_FAILED;
	report_json(&text, &one);
	if (atomic_write(&at, text.data, text.len, &meta, false, &err) < 0)
		log_say(LOG_WARNING, "%s", err.text);
	pool_release(&own_pool);
	leave_ledger(s, j, line);
}

void carry_late(struct session *s, size_t line, const struct work *w)
{
	const char *name = s->report.guests[line].name;

	for (size_t i = 0; i < w->nr_listed; i++)
		report_path_add(&s->report.guests[line], &s->report, w->late[i].path, w->late[i].why);
	if (w->nr_late)
		finding_add(&s->findings, w->back && w->changed == CHANGED_DISCARD ?
			    VS_UNDO_GIVEN_UP : VS_SOURCE_NEWER, name,
			    w->late[0].path,
			    "%llu object%s, the first: %s", (unsigned long long)w->nr_late,
			    w->nr_late == 1 ? "" : "s", w->late[0].why);
}

static void list_kept(struct session *s, size_t line, const struct work *w)
{
	for (size_t i = 0; i < w->nr_kept; i++) {
		report_path_add(&s->report.guests[line], &s->report, w->kept[i].path, w->kept[i].why);
		finding_add(&s->findings, VS_UNDO_KEPT, s->report.guests[line].name,
			    w->kept[i].path, "%s", w->kept[i].why);
	}
}

/*
 * Forwards; what fails or is stopped goes back at once. Where all of it was made here and
 * now no container has changed anything.
 */
static int go_forward(struct session *s, struct journal *j, struct work *w, bool roll_back)
{
	bool fresh = !j->last && !j->reached;
	struct err why;

	if (run_forward(j, w, &s->err) == 0)
		return 0;
	why = s->err;
	if (!roll_back)
		return -1;
	if (fresh)
		w->changed = CHANGED_DISCARD;
	log_say(LOG_ERROR, "%s", why.text);
	log_say(LOG_NOTE, "taking '%s' back", show(j->name));
	if (why.code == ERR_STOPPED)
		stop_clear();
	if (run_back(j, w, &s->err) < 0)
		log_say(LOG_ERROR, "and back it did not go: %s", s->err.text);
	s->err = why;
	return -1;
}

static const char *const way_words[] = {
	[WAY_FORWARD] = "converting", [WAY_BACK] = "taking back", [WAY_FINISH] = "committing",
};

static int go(struct session *s, struct journal *j, struct work *w, enum way way, bool roll_back)
{
	switch (way) {
	case WAY_FORWARD:
		return go_forward(s, j, w, roll_back);
	case WAY_BACK:
		return run_back(j, w, &s->err);
	default:
		return run_finish(j, w, &s->err);
	}
}

/* With the journal open and the CTID locked. */
static void carry_open(struct session *s, struct journal *j, enum way way, bool roll_back,
		       size_t line)
{
	time_t began = time(NULL);
	struct work w;
	int done;

	work_init(&w, &s->root, j->folder, &j->pool);
	carry_work(s, &w);
	done = go(s, j, &w, way, roll_back);
	list_kept(s, line, &w);
	carry_late(s, line, &w);
	s->report.guests[line].state = report_state_of(j->phase, false);
	s->report.guests[line].seconds = (uint64_t)(time(NULL) - began);
	s->report.guests[line].outcome = done == 0 ? OUTCOME_DONE :
		s->err.code == ERR_STOPPED ? OUTCOME_SKIPPED :
		w.refused ? OUTCOME_BLOCKED : OUTCOME_FAILED;
	if (done < 0)
		report_error(&s->report.guests[line], &s->report, &s->err);
	if (done < 0 && !(way == WAY_FORWARD && roll_back))	/* said before it went back */
		log_say(LOG_ERROR, "%s", s->err.text);
	leave_report(s, j, line);
	work_release(&w);
}

void carry_guest(struct session *s, const char *name, enum way way, bool roll_back)
{
	size_t line = carry_line(s, name);
	struct journal j;
	uint32_t ctid;

	log_guest(name);
	log_say(LOG_DETAIL, "%s '%s'", way_words[way], show(name));
	if (journal_open(&j, s->state, journal_key(name, &s->pool), &s->err) < 0) {
		s->report.guests[line].state = s->err.code == VS_JOURNAL_DAMAGED ||
			s->err.code == VS_JOURNAL_NEWER ? STATE_DAMAGED : STATE_UNREAD;
		s->report.guests[line].outcome = OUTCOME_FAILED;
		report_error(&s->report.guests[line], &s->report, &s->err);
		log_say(LOG_ERROR, "%s", s->err.text);
		log_guest(NULL);
		return;
	}
	ctid = j.plan.ctid;
	s->report.guests[line].ctid = ctid;
	if (ct_lock(&s->host, &s->root, ctid, &s->err) < 0) {
		s->report.guests[line].state = report_state_of(j.phase, false);
		s->report.guests[line].outcome = OUTCOME_BLOCKED;
		s->report.guests[line].locked = s->err.code == EWOULDBLOCK;
		report_error(&s->report.guests[line], &s->report, &s->err);
		log_say(LOG_ERROR, "%s", s->err.text);
	} else {
		carry_open(s, &j, way, roll_back, line);
		ct_unlock(&s->host, &s->root, ctid);
	}
	journal_close(&j);
	log_guest(NULL);
}

static int carry_host_number(struct session *s, unsigned number, enum way way)
{
	struct journal j;
	struct work w;
	int done;

	if (journal_open(&j, s->state, pool_printf(&s->pool, "host/%u", number), &s->err) < 0)
		return -1;
	work_init(&w, &s->root, j.folder, &j.pool);
	carry_work(s, &w);
	/* Cut on its way forwards, and guests went on without it: its rest is theirs as well. */
	done = way == WAY_FINISH && j.phase == PHASE_CONVERTING ?
	       go(s, &j, &w, WAY_FORWARD, false) : 0;
	if (done == 0)
		done = go(s, &j, &w, way, true);
	for (size_t i = 0; i < w.nr_kept; i++) {
		report_path_add(report_host(&s->report), &s->report, w.kept[i].path, w.kept[i].why);
		finding_add(&s->findings, VS_UNDO_KEPT, NULL, w.kept[i].path, "%s", w.kept[i].why);
	}
	work_release(&w);
	journal_close(&j);
	if (done < 0)
		err_add(&s->err, "host-wide steps");
	return done;
}

int carry_host(struct session *s, const struct plan *plan)
{
	unsigned *numbers;
	size_t nr;

	if (!plan->nr_steps || stop_signal())
		return 0;
	if (journal_create(s->state, plan, 1, &s->err) < 0 ||
	    journal_list_host(s->state, &s->pool, &numbers, &nr, &s->err) < 0)
		return -1;
	return carry_host_number(s, numbers[nr - 1], WAY_FORWARD);
}

bool carry_makes_own(const struct plan *plan)
{
	for (size_t i = 0; i < plan->nr_steps; i++)
		if (strcmp(plan->step[i].kind->name, "makefs") == 0)
			return true;
	return false;
}

bool carry_drops_hooks(const struct session *s, const struct plan *plan)
{
	size_t len = strlen(s->host.conf_dir);

	for (size_t i = 0; i < plan->nr_steps; i++)
		if (strcmp(plan->step[i].kind->name, "hide") == 0 &&
		    strncmp(step_get(&plan->step[i], "at"), s->host.conf_dir, len) == 0)
			return true;
	return false;
}

/*
 * What is true of all journals together. Containers that were insulated later have
 * journals that count for the action scripts only.
 */
struct tally {
	bool open;		/* some guest is converted or on its way */
	bool committed;
	bool undone;		/* some guest is VServer's again */
	bool own_open;		/* the same of those with a file system of their own */
	bool hidden;		/* an open journal has taken action scripts away, and keeps them */
};

static void tally_journal(const struct session *s, struct tally *t, const struct journal *j)
{
	bool open = j->phase != PHASE_UNDONE && j->phase != PHASE_COMMITTED;

	t->own_open |= open && carry_makes_own(&j->plan);
	t->hidden |= open && strcmp(j->plan.scope, "container") == 0 &&
		     carry_drops_hooks(s, &j->plan);
	if (strcmp(j->plan.scope, "guest") != 0)
		return;
	t->open |= open;
	t->committed |= j->phase == PHASE_COMMITTED;
	t->undone |= j->phase == PHASE_UNDONE && session_guest(s, j->name);
}

static int tally_guests(struct session *s, struct tally *t)
{
	const char **names;
	struct journal j;
	size_t nr;

	*t = (struct tally){ .open = false };
	if (journal_list(s->state, &s->pool, &names, &nr, &s->err) < 0)
		return -1;
	for (size_t i = 0; i < nr; i++) {
		if (journal_open(&j, s->state, journal_key(names[i], &s->pool),
				 &s->err) < 0) {
			/* Unreadable: touch nothing that it may need. */
			t->open = t->own_open = true;
			continue;
		}
		tally_journal(s, t, &j);
		journal_close(&j);
	}
	return 0;
}

/* Does any container need the action scripts? By what is configured now. */
static int own_in_use(struct session *s, bool *out)
{
	struct known_cts known;

	if (layout_known(&known, &s->host, &s->root, &s->pool, &s->err) < 0)
		return -1;
	*out = false;
	for (size_t i = 0; i < known.nr; i++)
		*out |= known.v[i].device != NULL;
	return 0;
}

enum host_way { HOST_STAYS, HOST_FORWARD, HOST_BACK, HOST_FINISH };

/* What becomes of the action scripts, and of all other host-wide steps. */
struct host_ways {
	enum host_way hooks, others;
};

/* Where an open host journal is to go. One that cannot be read goes nowhere: -1. */
static int host_way(struct session *s, unsigned number, const struct host_ways *ways,
		    enum host_way *way)
{
	struct journal j;

	if (journal_open(&j, s->state, pool_printf(&s->pool, "host/%u", number), &s->err) < 0)
		return -1;
	*way = plan_note_get(&j.plan, HOOKS_NOTE) ? ways->hooks : ways->others;
	if (j.phase == PHASE_UNDONE || j.phase == PHASE_COMMITTED ||
	    (*way == HOST_FORWARD && j.phase != PHASE_PLANNED && j.phase != PHASE_CONVERTING))
		*way = HOST_STAYS;
	else if (*way == HOST_FINISH && (j.phase == PHASE_PLANNED || j.phase == PHASE_UNDOING))
		*way = HOST_BACK;	/* never begun, or half-way back: another did its work */
	journal_close(&j);
	return 0;
}

static int carry_host_all(struct session *s, const struct host_ways *ways)
{
	static const enum way way_of[] = {
		[HOST_FORWARD] = WAY_FORWARD, [HOST_BACK] = WAY_BACK, [HOST_FINISH] = WAY_FINISH,
	};
	bool forward = ways->others == HOST_FORWARD;
	unsigned *numbers;
	size_t nr;

	if (journal_list_host(s->state, &s->pool, &numbers, &nr, &s->err) < 0)
		return -1;
	for (size_t i = 0; i < nr; i++) {
		unsigned number = forward ? numbers[i] : numbers[nr - 1 - i];
		enum host_way way;

		if (host_way(s, number, ways, &way) < 0 ||
		    (way != HOST_STAYS && carry_host_number(s, number, way_of[way]) < 0))
			return -1;
	}
	return 0;
}

int carry_host_on(struct session *s)
{
	return carry_host_all(s, &(struct host_ways){ HOST_FORWARD, HOST_FORWARD });
}

int carry_host_after(struct session *s)
{
	struct host_ways ways = { HOST_STAYS, HOST_STAYS };
	struct tally t;
	bool own;

	if (s->state < 0)
		return 0;
	if (tally_guests(s, &t) < 0 || own_in_use(s, &own) < 0)
		return -1;
	/* Those of a journal cannot be hidden twice: what stands in for them stays revocable. */
	if (!t.own_open)
		ways.hooks = !own ? HOST_BACK : t.hidden ? HOST_STAYS : HOST_FINISH;
	/* VServer's boot scripts are for guests that went back; committed ones do not hold them. */
	if (!t.open)
		ways.others = t.committed && !t.undone ? HOST_FINISH : HOST_BACK;
	return carry_host_all(s, &ways);
}

static bool is_between(enum report_state state)
{
	return state == STATE_CONVERTING || state == STATE_INTERRUPTED ||
	       state == STATE_UNDO_INTERRUPTED || state == STATE_COMMIT_INTERRUPTED ||
	       state == STATE_DAMAGED || state == STATE_UNREAD;
}

int carry_status(const struct session *s)
{
	size_t done = 0, failed = 0, blocked = 0, between = 0, locked = 0;

	for (size_t i = 0; i < s->report.nr_guests; i++) {
		const struct report_guest *g = &s->report.guests[i];

		if (g->is_host)
			continue;
		done += g->outcome == OUTCOME_DONE;
		failed += g->outcome == OUTCOME_FAILED || g->outcome == OUTCOME_DIFFERS;
		blocked += g->outcome == OUTCOME_BLOCKED || g->outcome == OUTCOME_SKIPPED;
		locked += g->outcome == OUTCOME_BLOCKED && g->locked;
		between += is_between(g->state) && g->outcome != OUTCOME_BLOCKED;
	}
	if (between)
		return EXIT_BROKEN;
	if (stop_signal())
		return 128 + stop_signal();
	for (size_t i = 0; i < s->nr_lost && !s->opt.nr_guests; i++)
		blocked += !s->lost[i].guest && !session_lifted(s, VS_JOURNAL_LOST);
	if (done && (failed || blocked))
		return EXIT_PARTIAL;
	if (!failed && blocked)
		return locked == blocked ? EXIT_LOCKED : EXIT_BLOCKED;
	return failed ? EXIT_FAILED : EXIT_DONE;
}

/* Its line says what is wrong; false: the journal is open. */
static bool is_unreadable(struct session *s, const struct record *r, struct journal *j, size_t line)
{
	struct report_guest *g = &s->report.guests[line];

	g->ctid = r->ctid;
	g->state = record_state(r);
	if (r->damaged)
		fail(&s->err, "%s", r->damage);
	else if (journal_open(j, s->state, journal_key(r->name, &s->pool), &s->err) == 0)
		return false;
	else
		g->state = STATE_DAMAGED;
	g->outcome = OUTCOME_FAILED;
	report_error(g, &s->report, &s->err);
	log_say(LOG_ERROR, "%s: %s", show(r->name), s->err.text);
	return true;
}

static void foresee_one(struct session *s, const struct foresight *f, const struct journal *j,
			size_t line)
{
	struct report_guest *g = &s->report.guests[line];
	struct work w;

	work_init(&w, &s->root, j->folder, &s->pool);
	carry_work(s, &w);
	w.lists = true;
	if (f->ask(j, &w, &s->err) < 0) {
		report_error(g, &s->report, &s->err);
		g->outcome = OUTCOME_BLOCKED;
		g->state = STATE_BLOCKED;
	}
	g->planned = true;
	f->tell(s, j, line, &w);
	work_release(&w);
}

int carry_foresee(struct session *s, const struct foresight *f)
{
	const struct record **records;
	bool unreadable = false;
	struct journal j;
	size_t nr;
	int status;

	if (session_look(s) < 0 || session_records(s, &records, &nr) < 0)
		return session_failed(s);
	s->findings.nr = 0;
	s->report.findings = &s->findings;
	for (size_t i = 0; i < nr; i++) {
		size_t line = carry_line(s, records[i]->name);

		if (is_unreadable(s, records[i], &j, line)) {
			unreadable = true;
			continue;
		}
		if (f->ready(s, records[i]))
			foresee_one(s, f, &j, line);
		journal_close(&j);
	}
	status = carry_status(s);
	return session_end(s, f->show, unreadable || status == EXIT_BLOCKED ? status : EXIT_DONE);
}
