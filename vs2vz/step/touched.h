/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which names of a tree the steps of a plan change, so that all others can be compared
 * with what they were: by fingerprint where a tree was moved, one by one where it was
 * copied.
 *
 * A step changes the names of its paths and ".NAME.vs2vz-TOKEN-old" beside them, and the mtime
 * of the directories that hold them. Other names of an inode (it has several) change in
 * their link count alone, which the second fingerprint of a survey leaves out; no kind of
 * step changes the inode itself: write makes another, mode refuses several names.
 *
 * area: where the tree stands when the steps run (the private area), as in the steps.
 */
#ifndef VS2VZ_STEP_TOUCHED_H
#define VS2VZ_STEP_TOUCHED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/hash.h"
#include "base/inroot.h"
#include "step/step.h"

struct touched {
	const struct step *steps;
	size_t nr_steps;
	const char *area;
	bool coarse;		/* the fingerprint has coarse times */
	const char *token;	/* of the plan */
};

/* Is there a step that changes names below the area? */
bool touched_any(const struct touched *t);
/*
 * Take what the steps change out of a fingerprint (survey.bare) of the tree, which may
 * stand anywhere: the result is the same before the first step and after the last.
 */
int touched_subtract(struct hash128 *bare, const struct touched *t, const struct root *tree,
		     struct err *err) MUST_CHECK;
/*
 * The same for what a start of the container leaves in its tree (trace.h), where a step of
 * the plan knows it: out of both fingerprints of a survey. What lies in that directory stays.
 */
int touched_by_vzctl(struct hash128 *full, struct hash128 *bare, const struct touched *t,
		     const struct root *tree, struct err *err) MUST_CHECK;
/*
 * The same names one by one, in no order: path below the area, "" for its root. WHOLE: with
 * all that is below it; TIMES: a directory in which steps change names.
 */
enum touched_how { TOUCHED_NAME, TOUCHED_WHOLE, TOUCHED_TIMES };
void touched_each(const struct touched *t,
		  void (*one)(void *ctx, const char *path, enum touched_how how), void *ctx);
/* The same for what a start of the container leaves alone. */
bool touched_is_trace(const struct touched *t, const char *path, const char *what);
/* Does a step explain this difference, as tree_diff() reports it? */
bool touched_explains(const struct touched *t, const char *path, const char *what);

#endif
