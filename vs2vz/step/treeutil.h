/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What copying, comparing and removing share: when two objects are the same, which
 * inodes correspond, and how to get something out of the way. Part of the tree
 * engine (tree.h).
 */
#ifndef VS2VZ_STEP_TREEUTIL_H
#define VS2VZ_STEP_TREEUTIL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/links.h"
#include "base/meta.h"
#include "base/walk.h"
#include "step/marks.h"

/* What the file systems of a tree and its copy can hold both. */
struct target_fs {
	uint32_t kept_flags;
	bool coarse_times;	/* whole seconds, in the copy */
	bool cut_times;		/* perhaps only those of 32 bits, in the copy */
	bool microseconds;	/* coarse times of the kernel that made it, see compat.h */
	bool back;		/* the first of the two trees is the copy */
};
/* from, to: the two trees, open; back: changes come back from a copy. */
int target_fs_read(struct target_fs *fs, int from, int to, bool back, struct err *err) MUST_CHECK;
/* Are their mtimes the same, as far as the copy could hold the original's? */
bool same_time(const struct stat *source, const struct stat *target, const struct target_fs *fs);

/* One of the two objects of a comparison. */
struct side {
	int dirfd;
	const char *name;
	int fd;			/* open regular file or directory, else -1 */
	const struct meta *meta; /* as it is, or mended */
	uint32_t thawed;	/* flags that an open file has and that do not count */
};

/*
 * What was read of one object of a guest's tree, as its copy should have it: meta
 * changes. fd: open regular file, else -1. Returns the flags that go; -1 with errno.
 * marks NULL: nothing to do.
 */
int64_t mend_meta(const struct marks *marks, struct hidden_window *win, int fd,
		  struct meta *meta);

/*
 * Compare all but content and links: NULL where source and target are the same, else
 * the word for the first property that differs ("type", "size", "mode", "owner",
 * "mtime", "device number", "link target", "extended attributes", "inode flags"), or
 * "" with errno where a system call was refused. Flags are compared as far as known:
 * all where both are open, else what came with the status.
 */
const char *side_differs(const struct side *source, const struct side *target,
			 const struct target_fs *fs);
/* The part that needs no more system calls; directories have no size. */
const char *status_differs(const struct stat *source, const struct stat *target,
			   const struct target_fs *fs);

/* Which source inode corresponds to which target inode, where either has several names. */
struct pairs {
	struct links *of_source, *of_target;
};
void pairs_init(struct pairs *pairs);
void pairs_release(struct pairs *pairs);
/* Pair them, or see that they are a pair; false: one belongs to another already. */
bool pairs_match(struct pairs *pairs, const struct stat *source, const struct stat *target);

/* Mode bits of devices, FIFOs and sockets that mean nothing there and may get lost. */
#define NODE_MODE_LOST ((mode_t)(S_ISUID | S_ISGID))
/*
 * The mode, type included, of a new device, FIFO or socket: what the owner of it or a
 * default ACL of its directory took away of what mknod gave. Never followed. 0 or -1;
 * NODE_MODE_LOST is no reason to fail.
 */
int put_mode_at(const struct place *at, mode_t mode);

/* Take away flags that forbid changes, of an open file or directory. 0 or -1. */
int lift_locks(int fd);
/* The same by name, what st says: other types have none. */
int lift_locks_at(int dirfd, const char *name, const struct stat *st);
/* Unlink what is no directory, locked or not. 0 or -1. */
int unlink_locked(int dirfd, const char *name, const struct meta *meta);
/* Remove one name and all below it; never crosses a mount. The text does not name it. */
int remove_whole(int dirfd, const char *name, const struct meta *meta, struct err *err) MUST_CHECK;

#endif
