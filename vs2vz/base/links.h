/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table of multiply-linked inodes, keyed by inode number: one tree lies on one device,
 * but btrfs numbers the inodes of each subvolume by themselves (link_key()). 24 bytes a
 * slot, never more than three quarters full, in 64 parts that grow and lock each for
 * itself: about 40 bytes for each inode.
 *
 *	slot = links_hold(links, link_key(&st));	the part is locked
 *	if (!slot->seen++) slot->value = ...
 *	links_let_go(links, link_key(&st));
 *
 * Work on all names of one inode is serialised while its slot is held. A thread
 * holds at most one slot of one table.
 */
#ifndef VS2VZ_BASE_LINKS_H
#define VS2VZ_BASE_LINKS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

struct link_slot {
	uint64_t ino;
	uint64_t value;		/* the user's */
	uint32_t seen;		/* names seen so far; the user counts */
	uint32_t more;		/* the user's */
};

struct links;

/*
 * The number of an inode that no other of its tree has. Subvolumes have devices of their
 * own without a driver, with a minor number of 20 bits; inode numbers of btrfs count up
 * from 257 and do not come near 42 bits.
 */
static inline uint64_t link_key(const struct stat *st)
{
	return st->st_ino ^ (major(st->st_dev) ? 0 : (uint64_t)minor(st->st_dev) << 42);
}

struct links *links_new(void);
void links_free(struct links *links);
/* Find or add (all zero but ino); valid until links_let_go(). */
struct link_slot *links_hold(struct links *links, uint64_t ino);
void links_let_go(struct links *links, uint64_t ino);
/* The value of ino, 0 where it is not in the table; adds nothing. */
uint64_t links_value(struct links *links, uint64_t ino);
/* Every slot, in no order; no other thread may use the table meanwhile. */
void links_each(struct links *links, void (*one)(void *ctx, const struct link_slot *slot), void *ctx);

#endif
