/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which file system is under a path, and what is mounted where. The only user
 * of libblkid and libmount.
 */
#ifndef VS2VZ_BASE_FSINFO_H
#define VS2VZ_BASE_FSINFO_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/fslimits.h"
#include "base/inroot.h"
#include "base/pool.h"

struct fsinfo {
	dev_t dev;
	int mount_id;		/* -1: unknown */
	const char *mount_point; /* below the root where it is below, else "/" */
	const char *type;	/* "ext4" */
	const char *source;	/* "/dev/sda3" */
	const char *uuid;	/* NULL: none or not readable */
	bool read_only;
	bool rotational;
	uint64_t free_bytes;	/* for root */
	uint64_t avail_bytes;	/* for everybody: what a plan may use */
	uint64_t free_inodes;	/* UINT64_MAX: the file system makes them as needed */
	uint32_t block_size;
	struct fs_facts facts;	/* for fs_limits_of(), and whether errors are marked */
};

/* The file system that holds an existing directory or file. */
int fsinfo_read(struct fsinfo *out, const struct root *root, const char *path,
		struct pool *pool, struct err *err) MUST_CHECK;

/* The same of an open directory or file; its mount point is "/". */
int fsinfo_of_fd(struct fsinfo *out, int fd, struct pool *pool, struct err *err) MUST_CHECK;

/* The number of the mount that an open directory is on; -1 where it takes a search to tell. */
int fsinfo_mount_of(int fd);

/* Mount points at or below a directory (canonical path below the root), sorted. */
struct mount {
	const char *point;	/* below the root */
	const char *type;
	const char *source;
	const char *root;	/* what of it is mounted; NULL: not told (before 2.6.26) */
	dev_t dev;		/* of the file system, as all of its mounts have it; 0: not told */
};
struct mounts {
	size_t nr;
	struct mount *v;
};
int mounts_below(struct mounts *out, const struct root *root, const char *path,
		 struct pool *pool, struct err *err) MUST_CHECK;

/* All mounts of this process's view, in the order of the table; points are absolute. */
int mounts_of_machine(struct mounts *out, struct pool *pool, struct err *err) MUST_CHECK;

/* Version of the library "blkid" or "mount" in use; static (fsinfo_library.c). */
const char *fsinfo_library(const char *which);

/*
 * Names in directories of a tree that are mount points, for kernels whose statx does not
 * tell (before 5.8): a bind mount from the same device shows in the mount table only.
 * Elsewhere nothing is read and the set stays empty. dirfd: root of the tree.
 */
struct mount_names {
	size_t nr;
	struct mount_name *v;
};
int mount_names_add(struct mount_names *out, int dirfd, struct err *err) MUST_CHECK;
void mount_names_release(struct mount_names *m);
/* dev, ino: of the directory that holds the name. */
bool mount_named(const struct mount_names *m, dev_t dev, ino_t ino, const char *name);

/* The mount table of this process, mnt_unref_table() it; NULL with err. For fsinfo*.c. */
struct libmnt_table *fsinfo_table(struct err *err);

#endif
