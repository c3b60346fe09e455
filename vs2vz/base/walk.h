/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One parallel walk of a tree, relative to descriptors, in the order of inode
 * numbers: surveying, copying, comparing and removing are callbacks of it.
 *
 * Work items are directories, taken breadth first and by inode number (on a disk
 * that seeks this is what counts). The entries of a directory come in batches,
 * sorted by inode number within a window, each with its metadata; the batches of
 * one large directory are shared among threads. leave() comes when a directory
 * and all below it are done.
 *
 * Bounded: windows of 16,384 names, 65,536 waiting directories (then the walk
 * goes depth first and large directories wait in the middle), few descriptors
 * whatever the tree: a directory whose descriptor was given up is opened again
 * through its child or its parents and must be the same inode. Path length and
 * depth are no limit. Other file systems are reported and not entered; subvolumes of
 * btrfs, which are no mounts, are.
 *
 * The calling thread is the first worker; others are started as work comes up.
 */
#ifndef VS2VZ_BASE_WALK_H
#define VS2VZ_BASE_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/meta.h"

#define WALK_BATCH 256

/*
 * A directory on the way. Callbacks read; only mark is theirs (use __atomic). key: what they
 * gave to the entry, or the options to the root.
 */
struct walk_dir {
	struct walk_dir *parent;	/* NULL: the root */
	uint64_t mark, key;
	dev_t dev;
	ino_t ino;
	dev_t second_dev;
	ino_t second_ino;		/* 0: none */
	/* Of dircache.c and walk.c. */
	struct walk_dir *older, *newer;	/* open and not in use */
	struct walk_dir *before, *after; /* all */
	const struct mount_names *mounts; /* of both trees */
	int64_t offset;			/* where to go on reading; 0: start */
	int fd, second_fd;
	unsigned users, pending, depth;
	char name[];
};

struct walk_entry {
	const char *name;
	struct meta meta;
	bool foreign;		/* a directory of another file system, or a mount point */
	bool subvolume;		/* of btrfs: another device, the same file system */
	bool enter;		/* true for directories that are not foreign; may be cleared */
	uint64_t mark, key;	/* for the directory when it is entered */
	dev_t second_dev;	/* its companion in the second tree; 0 inode: none */
	ino_t second_ino;
};

struct walk_thread {
	unsigned id;		/* 0: the calling thread */
	unsigned spare_fds;	/* descriptors it may keep open itself, at least 2 */
	void *ctx;
	void *local;		/* local_size zero bytes of its own */
};

struct walk_ops {
	size_t local_size;
	void (*begin)(struct walk_thread *t);	/* may be NULL, as all below but entries */
	void (*end)(struct walk_thread *t);	/* all threads are at rest */
	int (*entries)(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *v,
		       size_t nr, struct err *err);
	/* All names were given to entries(); children may be at work already. dir is open. */
	int (*named)(struct walk_thread *t, struct walk_dir *dir, struct err *err);
	/* All below is done; dir is open. */
	int (*leave)(struct walk_thread *t, struct walk_dir *dir, struct err *err);
	/* After leave(): the parent is open, the child's last descriptor is still there. */
	int (*left)(struct walk_thread *t, struct walk_dir *parent, const char *name,
		    struct err *err);
	bool may_vanish;	/* names that go away meanwhile are not an error */
	bool quiet;		/* do not count objects as progress */
};

struct walk_options {
	unsigned threads;	/* from walk_threads() */
	int second;		/* root of a companion tree opened by the same names; -1 */
	uint64_t mark, key;	/* of the root */
};

/* dirfd stays the caller's. Stops with ERR_STOPPED between objects when asked to. */
int walk_tree(int dirfd, const struct walk_ops *ops, void *ctx, const struct walk_options *opt,
	      struct err *err) MUST_CHECK;

/* Descriptors of a directory inside callbacks. */
static inline int walk_fd(const struct walk_dir *dir)
{
	return dir->fd;
}
static inline int walk_second(const struct walk_dir *dir)
{
	return dir->second_fd;
}

/*
 * Metadata of a name in the directory, of the first or the second tree; mount_point is
 * right on every kernel. 0 or -1 with errno.
 */
int walk_meta(struct meta *m, const struct walk_dir *dir, bool second, const char *name);

/*
 * "a/b/name" below the tree; name NULL: the directory itself ("." for the root). Cut in
 * front at 4 KiB.
 */
void walk_path(struct buf *out, const struct walk_dir *dir, const char *name);
/* -1 with "what 'PATH'" and the words of errno. */
int walk_fail(struct err *err, const struct walk_dir *dir, const char *name, const char *what);
/* -1 with ERR_FOREIGN and "'PATH' what". */
int walk_foreign(struct err *err, const struct walk_dir *dir, const char *name, const char *what);

/* Wanted ones, or by the kind of device: 1 where heads move, most otherwise. */
unsigned walk_threads(unsigned wanted, bool rotational, unsigned most);

#endif
