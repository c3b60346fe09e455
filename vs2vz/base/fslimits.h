/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each kind of file system can hold: one table, asked for the file systems that trees
 * are copied to and for those that are made here.
 *
 * Numbers are those of the kernel's drivers (fslimits.c names the places). A file system
 * that is not in the table, or a fact that could not be read, takes everything: what it
 * refuses after all is an error of the copy, which names the object.
 */
#ifndef VS2VZ_BASE_FSLIMITS_H
#define VS2VZ_BASE_FSLIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pool.h"

/* What is known of one file system. Zero: not known. */
struct fs_facts {
	const char *type;	/* "ext4" */
	uint32_t block_size;
	uint32_t inode_size;	/* ext2, ext3, ext4 */
	uint32_t node_size;	/* btrfs */
	uint32_t name_most;	/* of statvfs() */
	bool read;		/* the superblock was: the features below are true */
	bool extents, huge_files, many_dirs; /* ext: extent, huge_file, dir_nlink */
	bool far_values;	/* ext: ea_inode, attributes in inodes of their own */
	bool big_times;		/* xfs: bigtime */
	bool fractions;		/* a time with a fraction of a second was seen on it */
	bool low_ids;		/* mounted with nouid32 */
	const char *errors;	/* what the superblock says of errors; static; NULL: none */
};

struct fs_limits {
	uint64_t names;		/* hard links to one file */
	uint64_t subdirs;	/* directories in one directory */
	uint64_t text;		/* bytes of a symbolic link */
	uint64_t name;		/* bytes of a name */
	uint64_t value;		/* bytes of one attribute, name and value */
	uint64_t values;	/* bytes of all attributes of one inode, laid out as ext does */
	uint64_t bytes;		/* of one file, holes included */
	uint64_t id;		/* owner, group */
	int64_t first, last;	/* times of change, seconds since 1970 */
	uint32_t step;		/* nanoseconds that a time is kept to */
	uint32_t flags;		/* FS_*_FL of META_GUEST_FLAGS that are kept */
};

/*
 * The superblock of a device that holds, by its mount, a file system of this type (static
 * or longer-lived text). device: open for reading. Nothing is an error: what cannot be
 * read stays not known.
 */
void fs_facts_read(struct fs_facts *out, const char *type, int device);
void fs_limits_of(struct fs_limits *out, const struct fs_facts *facts);
/* "ext3 with blocks of 4096 and inodes of 128 bytes". */
const char *fs_facts_text(const struct fs_facts *facts, struct pool *pool);

/* Flags by the number that statfs() tells; all kinds of ext are one. */
uint32_t fs_flags_of(uint32_t magic);
/*
 * May a file system with this number hold times of 32 bits only? What it holds then is not
 * seen from outside; a copy is compared with that in mind.
 */
bool fs_may_cut_times(uint32_t magic);
/*
 * Is this what such a file system makes of a time beyond its own: the nearest one it holds
 * (Linux 5.4 and later), or what is left in 32 bits (before)? Seconds since 1970.
 */
bool fs_time_cut(int64_t wanted, int64_t is);

#endif
