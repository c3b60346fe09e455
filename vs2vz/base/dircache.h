/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directories of a walk and their descriptors. A directory in use is pinned;
 * of the others as many stay open as the limit allows, the longest unused ones
 * are closed. Part of walk.c; nobody else includes it.
 */
#ifndef VS2VZ_BASE_DIRCACHE_H
#define VS2VZ_BASE_DIRCACHE_H

#include <pthread.h>
#include <stdbool.h>

#include "base/walk.h"

struct dircache {
	pthread_mutex_t lock;
	struct walk_dir *all;		/* for the end after an error */
	struct walk_dir *oldest, *newest;
	unsigned nr_open, limit;	/* directories, not descriptors */
};

/* Make sure that dir is open and stays so; -1 with errno, ESTALE: it was exchanged. */
int dir_pin(struct dircache *c, struct walk_dir *dir);
/* The same for the parent of a pinned directory, by way of "..". */
int dir_pin_parent(struct dircache *c, struct walk_dir *dir);
void dir_unpin(struct dircache *c, struct walk_dir *dir);

/* A node, closed, with one thing pending: itself. Counts for the parent. */
struct walk_dir *dir_new(struct dircache *c, struct walk_dir *parent, const char *name);
/* Unpin, and count one pending thing less; true: none is left, and dir stays pinned. */
bool dir_settle(struct dircache *c, struct walk_dir *dir);
/* A child is done; true: nothing is left of dir, which is now the caller's alone. */
bool dir_child_done(struct dircache *c, struct walk_dir *dir);
void dir_free(struct dircache *c, struct walk_dir *dir);

#endif
