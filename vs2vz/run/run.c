/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loop. Knows the order of batches and of syncs, and no kind of step.
 *
 *	log "do A-B"            synced
 *	stage A .. B            temporary files, one flush
 *	apply A .. B            each durable but for directory entries
 *	flush directories
 *	log "done A-B next=do:C-D"   synced: one line for both
 *
 * Dying anywhere leaves A..B in doubt. Apply and undo converge, so the way on begins
 * with the whole batch, in either direction. Within a batch no order holds on the
 * disk: a step that moves a tree therefore shares no batch with steps inside it.
 */
#include "run/run.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/unseen.h"
#include "model/finding_ids.h"
#include "step/locks.h"
#include "step/manifest.h"
#include "step/saved.h"
#include "step/view.h"
#include "step/volume.h"

struct batch {
	unsigned first, last;	/* steps first .. last - 1 */
};

/* Is the path at or inside the other one? */
static bool inside(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || !path[len]);
}

/* Does one of the paths of s lie at or inside one of the paths that a moves? */
static bool reaches_into(const struct step *s, const struct step *a)
{
	for (unsigned i = 0; s->kind->args[i].name; i++) {
		if (s->kind->args[i].type != ARG_PATH || !s->value[i])
			continue;
		for (unsigned k = 0; a->kind->args[k].name; k++)
			if (a->kind->args[k].type == ARG_PATH && a->value[k] &&
			    inside(s->value[i], a->value[k]))
				return true;
	}
	return false;
}

static bool apart(const struct step *s, const struct step *other)
{
	if (s->kind->alone || other->kind->alone)
		return true;
	return (other->kind->moves && reaches_into(s, other)) ||
	       (s->kind->moves && reaches_into(other, s));
}

static bool fits(const struct plan *p, unsigned nr, const struct batch *b)
{
	for (unsigned i = b->first; i < b->last; i++)
		if (apart(&p->step[nr], &p->step[i]))
			return false;
	return true;
}

/* What comes next forwards: the steps in doubt, or as many as go together. */
static struct batch next_batch(const struct journal *j)
{
	struct batch b = { j->first, j->last };

	if (b.first == b.last)
		while (b.last < j->plan.nr_steps && fits(&j->plan, b.last, &b))
			b.last++;
	return b;
}

static struct batch next_batch_back(const struct journal *j)
{
	struct batch b = { j->first, j->last };

	if (b.first == b.last)
		while (b.first > 0 && fits(&j->plan, b.first - 1, &b))
			b.first--;
	return b;
}

static int stopped(struct err *err)
{
	return fail_code(err, ERR_STOPPED, "stopped as asked");
}

static void begin(const struct journal *j, struct work *w)
{
	plan_to_work(&j->plan, w);
	w->nr_kept = 0;
	w->ran = false;
	w->writes = false;
	w->back = false;
	w->replays = false;
}

static void tell(const struct step *s, const char *done)
{
	struct buf CLEANUP_BUF rest = BUF_INIT;
	const char *word;
	char mark;

	s->kind->describe(s, &mark, &word, &rest);
	log_say(LOG_DETAIL, "%s: %s %s", done, word, rest.data);
}

static int step_failed(const struct step *s, struct err *err)
{
	err_add(err, "step %u (%s)", s->nr, s->kind->name);
	return -1;
}

/* The same of a verb that changes: a flag in the way is named, with its cure. */
static int verb_failed(const struct step *s, const struct work *w, struct err *err)
{
	struct lock_found lock;
	struct err unread, why = *err;

	if (why.code == EPERM && locks_outside(&lock, s, w, &unread) > 0)
		fail_code(err, EPERM, "%s: '%s' is %s; chattr -%c '%s', then the same command again",
			  why.text, show(lock.path), lock.word, lock.letter, show(lock.path));
	return step_failed(s, err);
}

/* What a run opened for a moment, or one that was cut, is closed; err keeps what failed first. */
static int close_locks(int rc, struct work *w, struct err *err)
{
	struct err second;

	if (rc == 0)
		return locks_restore(w, err);
	if (locks_restore(w, &second) < 0)
		log_say(LOG_ERROR, "%s", second.text);
	return rc;
}

/* Prepare what can share a flush; a step that is not ready for it takes its own way later. */
static int stage_batch(const struct journal *j, struct batch b, struct work *w, struct err *err)
{
	w->staged = false;
	for (unsigned i = b.first; i < b.last; i++)
		if (locks_lift(&j->plan.step[i], w, err) < 0)
			return step_failed(&j->plan.step[i], err);
	for (unsigned i = b.first; i < b.last; i++) {
		const struct step *s = &j->plan.step[i];

		if (s->kind->stage && s->kind->stage(s, w, err) < 0)
			return verb_failed(s, w, err);
	}
	if (work_sync_now(w, err) < 0)
		return -1;
	w->staged = true;
	return 0;
}

/* Does a step before this one in its batch take away what stands at its path, or above? */
static bool follows(const struct plan *p, struct batch b, unsigned nr)
{
	const char *at = step_get(&p->step[nr], "at");

	for (unsigned i = b.first; i < nr; i++) {
		const struct step *s = &p->step[i];

		for (unsigned a = 0; s->kind->guard && !s->kind->found && s->kind->args[a].name; a++)
			if (s->kind->args[a].type == ARG_PATH && s->value[a] &&
			    inside(at, s->value[a]))
				return true;
	}
	return false;
}

/*
 * Before the first line about a batch: which of its steps find their result there
 * already? A path that is not there yet has no result; one that the system does not let
 * us see may have one, and undo would take it for ours.
 */
static int note_found(const struct journal *j, struct batch b, struct work *w, struct err *err)
{
	for (unsigned i = b.first; i < b.last; i++) {
		const struct step *s = &j->plan.step[i];
		bool there = false;

		if (!s->kind->found)
			continue;
		if (!follows(&j->plan, b, i) && s->kind->found(s, w, &there, err) < 0) {
			if (err_is_refusal(err))
				return step_failed(s, err);
			err_clear(err);
		}
		if (found_note(w, s->nr, there, err) < 0)
			return step_failed(s, err);
	}
	return 0;
}

static int apply_batch(const struct journal *j, struct batch b, struct work *w, struct err *err)
{
	if (stage_batch(j, b, w, err) < 0)
		return -1;
	for (unsigned i = b.first; i < b.last; i++) {
		const struct step *s = &j->plan.step[i];

		if (s->kind->apply(s, w, err) < 0)
			return verb_failed(s, w, err);
		tell(s, "done");
	}
	if (work_sync_now(w, err) < 0 || locks_restore(w, err) < 0)
		return -1;
	if (b.last != j->plan.nr_steps)
		return 0;
	return manifest_complete(w, err) < 0 ? -1 : view_settle(w, true, err);
}

/* The batch is done: say so, and in the same breath what comes next. */
static int log_done(struct journal *j, struct batch b, struct work *w, struct err *err)
{
	struct log_word done = { "done", b.first, b.last - 1 };
	struct log_word next = { "complete", 0, 0 };
	struct journal after = *j;

	after.first = after.last = b.last;
	b = next_batch(&after);
	if (note_found(j, b, w, err) < 0)
		return -1;
	if (b.first < b.last)
		next = (struct log_word){ "do", b.first, b.last - 1 };
	return journal_log_two(j, &done, b.first < b.last && stop_wanted() ? NULL : &next, err);
}

static int forward_loop(struct journal *j, struct work *w, struct err *err)
{
	bool announced = false;

	while (j->phase != PHASE_CONVERTED) {
		struct batch b = next_batch(j);

		if (b.first == b.last)
			return journal_log(j, "complete", 0, 0, err);
		if (stop_wanted())
			return stopped(err);
		if (j->first == j->last && note_found(j, b, w, err) < 0)
			return -1;
		if (!announced && journal_log(j, "do", b.first, b.last - 1, err) < 0)
			return -1;
		if (apply_batch(j, b, w, err) < 0 || log_done(j, b, w, err) < 0)
			return -1;
		announced = true;
	}
	return 0;
}

/* Does a step before this one bring what is at its path, with what was there before? */
static bool is_brought(const struct plan *p, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (p->step[i].kind->moves && reaches_into(&p->step[nr], &p->step[i]))
			return true;
	return false;
}

/*
 * May the step be asked whether it is done? A tree that moved says so at any time. What is
 * told by its content was absent or otherwise when the plan was begun, unless it was noted;
 * before anything was begun nothing is noted yet.
 */
static int may_ask(const struct journal *j, const struct work *w, const struct step *s,
		   struct err *err)
{
	int noted;

	if (s->kind->moves)
		return 1;
	if (!s->kind->telling || j->phase != PHASE_CONVERTING || is_brought(&j->plan, s->nr))
		return 0;
	noted = found_noted(w, s->nr, err);
	return noted < 0 ? -1 : !noted;
}

/*
 * Steps behind the end of the log were never begun. One that stands as done all the same
 * was: the log has lost its end, and whoever believes it would leave that step where it is.
 * What cannot be seen stops the way on; the way back not where a disk fails, which may be why.
 */
static int nothing_behind(const struct journal *j, struct work *w, struct err *err)
{
	bool forwards = j->phase == PHASE_PLANNED || j->phase == PHASE_CONVERTING;

	for (size_t i = j->last; forwards && i < j->plan.nr_steps; i++) {
		const struct step *s = &j->plan.step[i];
		enum standing now = STANDS_BEFORE;

		int ask = may_ask(j, w, s, err);

		if (ask < 0 || (ask && s->kind->guard(s, w, &now, err) < 0 && err_is_refusal(err) &&
				!(w->back && volume_fails(err))))
			return step_failed(s, err);
		if (ask && now == STANDS_AFTER)
			return fail_code(err, VS_JOURNAL_DAMAGED, "journal '%s': step %u (%s) is done, but "
					 "the log ends before it: it has been cut, or the step was "
					 "done by somebody else", show(j->name), s->nr, s->kind->name);
		err_clear(err);
	}
	return 0;
}

int run_forward(struct journal *j, struct work *w, struct err *err)
{
	if (j->phase == PHASE_CONVERTED || j->phase == PHASE_COMMITTED)
		return 0;
	if (j->phase == PHASE_UNDONE || j->phase == PHASE_COMMITTING)
		return fail(err, "'%s' is %s: nothing to convert", show(j->name),
			    phase_word(j->phase));
	begin(j, w);
	if (nothing_behind(j, w, err) < 0)
		return -1;
	w->writes = true;
	if (locks_restore(w, err) < 0)
		return -1;
	return close_locks(forward_loop(j, w, err), w, err);
}

/* A directory of the host that somebody locked since: better told before the first step. */
static int may_change(const struct step *s, const struct work *w, struct err *err)
{
	struct lock_found lock;
	int rc = locks_outside(&lock, s, w, err);

	if (rc <= 0)
		return rc;
	return fail_code(err, ERR_FOREIGN, "'%s' is %s: nothing was taken back; chattr -%c '%s', then "
			 "undo again", show(lock.path), lock.word, lock.letter, show(lock.path));
}

static int may_undo(const struct journal *j, struct work *w, struct err *err)
{
	w->complete = j->phase == PHASE_CONVERTED;
	for (unsigned i = j->last; i-- > 0;) {
		const struct step *s = &j->plan.step[i];

		w->ran = i < j->reached;
		if (s->kind->may_undo && s->kind->may_undo(s, w, err) < 0)
			return step_failed(s, err);
		if (w->ran && may_change(s, w, err) < 0)
			return step_failed(s, err);
	}
	return 0;
}

/*
 * What a container made of one name stops the way back of no other one: it is told, and
 * stays. Not where whole trees go back, which is what undo is for.
 */
static int goes_on(const struct step *s, struct work *w, struct err *err)
{
	const char *at = s->kind->moves || s->kind->alone ? NULL : step_get(s, "at");

	if (!at || err->code != ERR_FOREIGN)
		return -1;
	work_kept(w, at, "%s", err->text);
	err_clear(err);
	return 0;
}

static int undo_batch(const struct journal *j, struct batch b, struct work *w, struct err *err)
{
	for (unsigned i = b.last; i-- > b.first;) {
		const struct step *s = &j->plan.step[i];

		w->ran = i < j->reached;
		if (locks_lift(s, w, err) < 0)
			return step_failed(s, err);
		if (s->kind->undo(s, w, err) < 0 && goes_on(s, w, err) < 0)
			return verb_failed(s, w, err);
		tell(s, "taken back");
	}
	return work_sync_now(w, err) < 0 ? -1 : locks_restore(w, err);
}

static int log_kept(struct journal *j, const struct work *w, size_t from, struct err *err)
{
	for (size_t i = from; i < w->nr_kept; i++)
		if (journal_log_kept(j, &w->kept[i], err) < 0)
			return -1;
	return 0;
}

static int log_undone(struct journal *j, struct batch b, struct err *err)
{
	struct log_word undone = { "undone", b.last - 1, b.first };
	struct log_word next = { "reverted", 0, 0 };
	struct journal after = *j;

	after.first = after.last = b.first;
	b = next_batch_back(&after);
	if (b.first < b.last)
		next = (struct log_word){ "undo", b.last - 1, b.first };
	return journal_log_two(j, &undone, b.first < b.last && stop_wanted() ? NULL : &next, err);
}

static int back_loop(struct journal *j, struct work *w, struct err *err)
{
	bool announced = false;

	w->writes = true;
	while (j->phase != PHASE_UNDONE) {
		struct batch b = next_batch_back(j);
		size_t kept = w->nr_kept;

		if (b.first == b.last)
			return journal_log(j, "reverted", 0, 0, err);
		if (stop_wanted())
			return stopped(err);
		if (!announced && journal_log(j, "undo", b.last - 1, b.first, err) < 0)
			return -1;
		if (undo_batch(j, b, w, err) < 0 || log_kept(j, w, kept, err) < 0 ||
		    log_undone(j, b, err) < 0)
			return -1;
		announced = true;
	}
	return 0;
}

static int ask_back(const struct journal *j, struct work *w, bool replays, struct err *err)
{
	if (j->phase == PHASE_COMMITTING || j->phase == PHASE_COMMITTED)
		return fail(err, "'%s' is %s: there is no way back", show(j->name),
			    phase_word(j->phase));
	begin(j, w);
	work_sync_drop(w);	/* of a way forward that failed; they would hold a view open */
	w->back = true;
	w->replays = replays;
	/* Half-way back already, a refusal is no state in which nothing was begun. */
	w->refused = j->phase == PHASE_CONVERTED;
	if (nothing_behind(j, w, err) < 0 || may_undo(j, w, err) < 0)
		return -1;
	w->refused = false;
	return 0;
}

int run_may_back(const struct journal *j, struct work *w, struct err *err)
{
	return j->phase == PHASE_UNDONE ? 0 : ask_back(j, w, false, err);
}

int run_back(struct journal *j, struct work *w, struct err *err)
{
	if (j->phase == PHASE_UNDONE)
		return 0;
	if (ask_back(j, w, true, err) < 0)
		return -1;
	w->writes = true;
	if (locks_restore(w, err) < 0)
		return -1;
	return close_locks(back_loop(j, w, err), w, err);
}

#define POLICY_NAME "finish"
static const char *const policy_words[] = {
	[SOURCE_GOES] = "", [SOURCE_GOES_ALL] = "discard-changes\n", [SOURCE_STAYS] = "keep-source\n",
};

/* On the disk before the commit begins: a resume must not delete what was to stay. */
static int policy_note(const struct journal *j, const struct work *w, struct err *err)
{
	const struct atomic_meta meta = { .mode = 0600, .uid = geteuid(), .gid = getegid() };
	const struct place at = { j->folder, POLICY_NAME };
	const char *word = policy_words[w->source];

	return *word ? atomic_write(&at, word, strlen(word), &meta, true, err) : 0;
}

/* What is said now goes before what was said then. */
static int policy_recall(const struct journal *j, struct work *w, struct err *err)
{
	const struct root folder = { j->folder, "" };
	struct buf CLEANUP_BUF text = BUF_INIT;

	if (w->source != SOURCE_GOES)
		return 0;
	if (root_read(&folder, POLICY_NAME, 64, &text, err) < 0) {
		if (!err_is_absent(err))
			return -1;
		err_clear(err);
		return 0;
	}
	for (unsigned i = SOURCE_GOES_ALL; i <= SOURCE_STAYS; i++)
		if (strcmp(text.data, policy_words[i]) == 0) {
			w->source = (enum source_policy)i;
			return 0;
		}
	return fail(err, "record '" POLICY_NAME "' is damaged: say --keep-source or --discard-changes");
}

int run_may_finish(const struct journal *j, struct work *w, struct err *err)
{
	begin(j, w);
	w->resumes = j->phase == PHASE_COMMITTING;
	w->refused = true;
	if (j->phase == PHASE_COMMITTING && policy_recall(j, w, err) < 0)
		return -1;
	for (size_t i = 0; i < j->plan.nr_steps; i++) {
		const struct step *s = &j->plan.step[i];

		if (s->kind->may_finish && s->kind->may_finish(s, w, err) < 0)
			return step_failed(s, err);
	}
	w->refused = false;
	return 0;
}

static int finish_steps(const struct journal *j, struct work *w, struct err *err)
{
	w->writes = true;
	w->ran = true;
	for (size_t i = 0; i < j->plan.nr_steps; i++) {
		const struct step *s = &j->plan.step[i];

		if (stop_wanted())
			return stopped(err);
		if (s->kind->finish && (locks_lift(s, w, err) < 0 || s->kind->finish(s, w, err) < 0))
			return verb_failed(s, w, err);
	}
	return work_sync_now(w, err) < 0 || locks_restore(w, err) < 0 ? -1 : view_settle(w, false, err);
}

int run_finish(struct journal *j, struct work *w, struct err *err)
{
	unsigned end = j->plan.nr_steps ? (unsigned)j->plan.nr_steps - 1 : 0;
	struct log_word finished = { "finished", 0, end };
	struct log_word closed = { "closed", 0, 0 };

	if (j->phase == PHASE_COMMITTED)
		return 0;
	if (j->phase != PHASE_CONVERTED && j->phase != PHASE_COMMITTING)
		return fail(err, "'%s' is %s: nothing to commit", show(j->name),
			    phase_word(j->phase));
	if (run_may_finish(j, w, err) < 0 || policy_note(j, w, err) < 0)
		return -1;
	w->writes = true;
	if (locks_restore(w, err) < 0 || journal_log(j, "finish", 0, end, err) < 0 ||
	    close_locks(finish_steps(j, w, err), w, err) < 0)
		return -1;
	return journal_log_two(j, &finished, &closed, err);
}

/*
 * Where the step should stand by the log; false where the log leaves it open, and
 * where finish has removed what the step moved.
 */
static bool expected(const struct journal *j, unsigned nr, enum standing *want)
{
	const struct kind *kind = j->plan.step[nr].kind;

	if ((nr >= j->first && nr < j->last) || !kind->guard)
		return false;
	*want = nr < j->first ? STANDS_AFTER : STANDS_BEFORE;
	return !(j->phase >= PHASE_COMMITTING && kind->finish_erases);
}

int run_stands(const struct journal *j, struct work *w, const struct step *s,
	       enum standing *now, struct err *err)
{
	begin(j, w);
	err_clear(err);
	return s->kind->guard(s, w, now, err);
}

static void add_deviation(struct deviation *out, size_t max, size_t *nr, struct deviation d)
{
	if (*nr < max)
		out[*nr] = d;
	(*nr)++;
}

int run_check(const struct journal *j, struct work *w, struct deviation *out, size_t max,
	      size_t *nr, struct err *err)
{
	*nr = 0;
	begin(j, w);
	for (unsigned i = 0; i < j->plan.nr_steps; i++) {
		const struct step *s = &j->plan.step[i];
		enum standing want, now;
		const char *what;

		if (!expected(j, i, &want))
			continue;
		err_clear(err);
		if (s->kind->guard(s, w, &now, err) < 0)
			return step_failed(s, err);
		if (now == want)
			continue;
		what = now == STANDS_FOREIGN ? pool_strdup(w->pool, err->text) :
		       now == STANDS_BEFORE ? "does not stand as converted" :
					      "stands as converted";
		add_deviation(out, max, nr, (struct deviation){ i, what });
	}
	err_clear(err);
	return 0;
}
