/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories that are immutable or append-only (chattr +i, +a): the kernel changes no name
 * in them and moves none of them.
 *
 * Those of a tree that the plan moves, its top included, are ours to open for a moment:
 *
 *	"locks" in the journal's folder	path, inode number and flags; synced
 *	the flags are lifted
 *	the steps of the batch
 *	the flags are set again, synced; "locks" goes
 *
 * What a cut leaves open is closed by the next run, before it does anything else.
 *
 * All others are the administrator's, who set the flag for a reason: the plan names them,
 * and undo asks for them before it takes the first step back.
 */
#ifndef VS2VZ_STEP_LOCKS_H
#define VS2VZ_STEP_LOCKS_H

#include "step/step.h"

/* Open what the step needs; what is not there yet has no flags. */
int locks_lift(const struct step *s, struct work *w, struct err *err) MUST_CHECK;
/* The same for an open directory that stands, or will stand, at this path. */
int locks_lift_fd(int fd, const char *path, struct work *w, struct err *err) MUST_CHECK;
/* Close what is open, by this run or by one that was cut. */
int locks_restore(struct work *w, struct err *err) MUST_CHECK;

/*
 * The first directory outside of the moved trees that forbids what the step does, forwards
 * and back: 1 and its path (pool text); word: "immutable" or "append-only". 0: none. -1.
 */
struct lock_found {
	const char *path;
	const char *word;
	char letter;		/* chattr's */
};
int locks_outside(struct lock_found *out, const struct step *s, const struct work *w,
		  struct err *err) MUST_CHECK;
/* The same for a directory (or file) inside, at its place before the plan: for the plan. */
int locks_inside(struct lock_found *out, const struct step *s, const struct work *w,
		 struct err *err) MUST_CHECK;

#endif
