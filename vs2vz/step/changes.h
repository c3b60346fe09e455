/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a container changed in its copied tree: the differences between source and
 * copy (tree_diff) that no step of the plan made. The first ones are logged.
 */
#ifndef VS2VZ_STEP_CHANGES_H
#define VS2VZ_STEP_CHANGES_H

#include "step/step.h"

struct changes {
	const struct step *s;	/* the copy */
	struct work *w;
	size_t nr;
	struct buf first;	/* a few of them, for a message; buf_release() */
};

/* What to type where undo is refused because of them. */
#define CHANGES_CURE "--bring-back takes it over, --discard-changes leaves it behind"

/* A tree_report; ctx: struct changes. Where they are given up they go to work_late(). */
void changes_note(void *ctx, const char *path, const char *what);

#endif
