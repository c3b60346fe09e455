/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who shares inodes with whom: the inodes with names outside their tree, of all trees
 * that were surveyed (guests and hash stores), joined by device and number. 32 bytes
 * for each such inode and tree.
 */
#ifndef VS2VZ_BASE_SHARING_H
#define VS2VZ_BASE_SHARING_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/pool.h"

struct sharing;

struct sharing *sharing_new(void);
void sharing_free(struct sharing *s);
/* A tree: guest or store. Returns its number, from 0. name is kept, not copied. */
unsigned sharing_tree(struct sharing *s, const char *name, int is_store);
/* An inode that has here names of its links in all. Threads may share it. */
void sharing_add(struct sharing *s, unsigned tree, dev_t dev, ino_t ino, uint64_t here,
		 uint64_t links);

/* What one tree shares; counted in inodes. */
struct sharers {
	uint64_t guests;	/* with another guest that was looked at */
	uint64_t stores;	/* with a hash store */
	uint64_t unknown;	/* with names in no tree that was looked at */
	size_t nr;		/* names of guests and stores, sorted */
	const char **name;
};
/* Join all that was added (again after more was). */
void sharing_join(struct sharing *s);
/* As of the last join. The names are those that sharing_tree() was given. */
void sharing_of(const struct sharing *s, unsigned tree, struct sharers *out, struct pool *pool);

#endif
