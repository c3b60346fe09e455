/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a container changed in its copied tree: the differences between source and
 * copy (tree_diff) that no step of the plan made. The first ones are logged.
 */
#ifndef VS2VZ_STEP_CHANGES_H
#define VS2VZ_STEP_CHANGES_H

#include "step/step.h"
#include "step/tree.h"

struct changes {
	const struct step *s;	/* the copy */
	struct work *w;
	size_t nr;
	struct buf first;	/* a few of them, for a message; buf_release() */
};

/* What to type where undo is refused because of them. */
#define CHANGES_CURE "--bring-back takes it over, --discard-changes leaves it behind"

/*
 * Count and log them; where they are given up they go to work_late(). from, to: open;
 * opt: the source's. Where all steps stand, by the record of the copy as they left it,
 * ctimes included (manifest.h); else by comparing.
 */
int changes_count(struct changes *c, int from, int to, const struct tree_options *opt,
		  struct err *err) MUST_CHECK;

#endif
