/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder in the root of a copy's target that holds one name of each inode whose
 * links are not all made yet: so the second name of an inode can be linked without
 * remembering the path of the first. Gone when the copy is done; what an earlier try
 * left is removed first. Names in it are source inode numbers, in hexadecimal.
 *
 * It is called ".copy.vs2vz-TOKEN-links", or -2, -3, ...: names that the source has, or
 * that somebody else took in the target, are passed by (beside.h).
 *
 * The caller holds the slot of the inode; locks its own making.
 */
#ifndef VS2VZ_STEP_HOLDING_H
#define VS2VZ_STEP_HOLDING_H

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/links.h"
#include "base/sys.h"

struct holding {
	pthread_mutex_t lock;
	int to, fd;		/* fd -1: not made yet */
	char name[NAME_MAX + 1];
};

/* Choose a name that neither root has, but for what is left over, which is removed. */
int holding_begin(struct holding *h, int from, int to, const char *token, struct err *err)
	MUST_CHECK;
void holding_release(struct holding *h);
/* Hold the object at a place. 0 or -1 with errno. */
int holding_add(struct holding *h, const struct place *at, uint64_t ino);
/* Give it one more name; last: it is not held any longer. */
int holding_link(struct holding *h, uint64_t ino, const struct place *at, bool last);
int holding_drop(struct holding *h, uint64_t ino);
/*
 * Drop all that is left (inodes with names outside the tree), with each giving
 * locks(ctx, fd, ino) the open regular file after its name here is gone; remove the folder.
 */
int holding_end(struct holding *h, int (*locks)(void *ctx, int fd, uint64_t ino), void *ctx,
		struct err *err) MUST_CHECK;

#endif
