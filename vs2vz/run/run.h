/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loop. Carries the steps of one journal forwards or backwards, in batches:
 *
 *	log "do A-B", sync · apply A..B · flush directories · log "done A-B", sync
 *
 * A kind that is `alone` is a batch of its own. If we die between the two lines, the
 * steps A..B are in doubt; apply and undo converge, so both ways lead on from there.
 * Resume and undo are this same loop.
 */
#ifndef VS2VZ_RUN_RUN_H
#define VS2VZ_RUN_RUN_H

#include "run/journal.h"
#include "step/step.h"

/* To the end. -1: stopped or refused; the journal says how far. A stop wish is ERR_STOPPED. */
int run_forward(struct journal *j, struct work *w, struct err *err) MUST_CHECK;
/* Would run_back() go ahead? Asks what it asks, and changes nothing. */
int run_may_back(const struct journal *j, struct work *w, struct err *err) MUST_CHECK;
/* Ask every step first (may_undo), then take back to the start. */
int run_back(struct journal *j, struct work *w, struct err *err) MUST_CHECK;
/*
 * Drop what undo needs. Every step is asked first (may_finish): where one refuses nothing has
 * been begun, and w->refused is set. What w->source says holds for a commit that was cut and
 * goes on as well.
 */
int run_finish(struct journal *j, struct work *w, struct err *err) MUST_CHECK;
/* Only ask: what would go is in w->losses and w->late. Reads only. */
int run_may_finish(const struct journal *j, struct work *w, struct err *err) MUST_CHECK;

/*
 * Guard of every step against the journal's position: the first that does not stand
 * where it should.
 */
struct deviation {
	unsigned step;
	const char *what;
};
int run_check(const struct journal *j, struct work *w, struct deviation *out, size_t max,
	      size_t *nr, struct err *err) MUST_CHECK;
/* How one step of the plan stands, by its guard; STANDS_FOREIGN: err says what is there. */
int run_stands(const struct journal *j, struct work *w, const struct step *s,
	       enum standing *now, struct err *err) MUST_CHECK;

#endif
