/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who uses what on this machine: one look at /proc and at the mount table, which
 * serves all guests for a moment.
 *
 *	struct users users = USERS_INIT;
 *	if (users_read(&users, &root, &proc, err) < 0) ...
 *	vserver_busy(guest, &users, findings);
 *	users_release(&users);
 */
#ifndef VS2VZ_VSERVER_USERS_H
#define VS2VZ_VSERVER_USERS_H

#include <time.h>

#include "base/fsinfo.h"
#include "base/inroot.h"
#include "base/pool.h"
#include "model/finding.h"
#include "model/guest.h"

/* One thing that a process holds, or (pid NULL) the kernel. */
struct use {
	const char *pid;
	const char *command;	/* printable; "" where it cannot be read */
	const char *what;	/* "works there" */
	const char *path;	/* as /proc shows it; "" where it shows none */
	dev_t dev;		/* of root, cwd and program; 0 for open files */
	ino_t ino;
};
struct users {
	struct pool pool;
	const char *top;	/* the root's own path: "" for "/" */
	size_t nr, cap;
	struct use *v;
	struct mounts mounts;	/* all below the root */
	struct mounts machine;	/* all there are, by their points in the running system */
	time_t taken;		/* when, by the monotonic clock */
};
#define USERS_INIT { .pool = POOL_INIT }

/*
 * Besides processes: files of loop devices (/sys/block, looked for beside proc), swap
 * files (/proc/swaps), directories that are exported by NFS (/var/lib/nfs/etab below the
 * root, where exportfs of nfs-utils keeps what it told the kernel).
 *
 * proc: a root on /proc of the running kernel; NULL: only mounts count. The root's path
 * must be absolute and free of links. A process that ends meanwhile, or that may not be
 * looked at, counts as absent. Reading again forgets what was known.
 */
int users_read(struct users *out, const struct root *root, const struct root *proc,
	       struct err *err) MUST_CHECK;
void users_release(struct users *users);
/* Older than a second: somebody may have come. */
bool users_stale(const struct users *users);

/*
 * Does anything use the tree: processes rooted or working in it, running its programs
 * or holding files of it open; loop devices, swap, exports; mounts inside, or of the tree or
 * a part of it elsewhere? Adds VS_GUEST_BUSY, VS_GUEST_MOUNTS.
 */
void vserver_busy(const struct guest *guest, const struct users *users,
		  struct findings *findings);
/* Is anything mounted on this directory or below it? NULL, or the first mount point. */
const char *users_mount_at(const struct users *users, const char *path);

#endif
