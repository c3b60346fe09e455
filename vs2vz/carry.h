/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carrying one guest (or the host-wide steps) along its journal: locks around the
 * loop of run/, what the report says of it, and when the host's own steps follow.
 */
#ifndef VS2VZ_CARRY_H
#define VS2VZ_CARRY_H

#include "run/journal.h"
#include "session.h"

enum way { WAY_FORWARD, WAY_BACK, WAY_FINISH };

/*
 * Carry the guest of that name. On the way forwards a failure is rolled back at once
 * when roll_back is set. Its line in the report (made where missing) gets outcome,
 * state, error, what was kept. The run goes on with other guests whatever happened.
 */
void carry_guest(struct session *s, const char *name, enum way way, bool roll_back);

/* Make the journal of host-wide steps and carry it to its end. */
int carry_host(struct session *s, const struct plan *plan);
/* Finish what an interrupted run left of the host-wide steps, forwards. */
int carry_host_on(struct session *s);
/*
 * When no guest is converted or on the way any more, host-wide steps go back if any guest
 * was undone, and are finished if all were committed. The action scripts of
 * insulated containers stay while there is one.
 */
int carry_host_after(struct session *s);

/* What the options say of a run, for the verbs. */
void carry_work(const struct session *s, struct work *w);
/* What may_finish found newer than its copy: into the guest's line. */
void carry_late(struct session *s, size_t line, const struct work *w);

/*
 * The dry run of a command that starts from journals: each guest that was asked for is
 * looked at where it is ready, and the result shown. One whose journal cannot be read is
 * said to be damaged, with the status that the command itself would end with.
 */
struct foresight {
	bool (*ready)(struct session *s, const struct record *r);
	/* What the command itself asks before its first step. */
	int (*ask)(const struct journal *j, struct work *w, struct err *err);
	/* Whatever the answer was: what would be done, and what was found, into the line. */
	void (*tell)(struct session *s, const struct journal *j, size_t line, const struct work *w);
	void (*show)(struct session *s, struct buf *out);
};
int carry_foresee(struct session *s, const struct foresight *f);

/* The index of a guest's line in the report. */
size_t carry_line(struct session *s, const char *name);
/* Exit status from the outcomes in the report. */
int carry_status(const struct session *s);
/* Does a plan give its container a file system of its own? */
bool carry_makes_own(const struct plan *plan);
/* Does it take the action scripts away? */
bool carry_drops_hooks(const struct session *s, const struct plan *plan);
/* The step that moves or copies the tree, NULL: none. */
const struct step *carry_relocation(const struct plan *plan);

#endif
