/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The waiting directories of a walk, a heap. Not locked: the walk does. Part of
 * walk.c; nobody else includes it.
 */
#ifndef VS2VZ_BASE_WALKQUEUE_H
#define VS2VZ_BASE_WALKQUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/walk.h"

struct walkqueue {
	struct walk_dir **v;
	size_t nr, cap;
	bool crowded;	/* too many wait: deepest first until half are gone */
};

void queue_push(struct walkqueue *q, struct walk_dir *dir);
/* NULL when empty. */
struct walk_dir *queue_pop(struct walkqueue *q);
void queue_release(struct walkqueue *q);

#endif
