/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removing a tree: names in inode order, directories when they are empty. Nothing is
 * synced; a cut leaves a smaller tree, and a second try removes the rest.
 *
 * Reading a directory while its names go may skip some on old file systems. A
 * directory that is not empty then stays, and another round takes it.
 */
#include "step/tree.h"

#include <errno.h>
#include <string.h>

#include "base/inroot.h"
#include "base/sys.h"
#include "base/walk.h"
#include "step/treeutil.h"

#define REMOVE_THREADS 4
#define ROUNDS_MOST 100

struct removing {
	uint64_t removed;
	bool again;		/* something was left in a directory */
};

struct removed {
	uint64_t names;
};

/* Before its names can go, a directory must allow changes. */
static int prepare_dir(const struct walk_dir *dir, const struct walk_entry *e, struct err *err)
{
	uint32_t known = e->meta.flags_known & META_LOCKS;
	int CLEANUP_FD fd = e->subvolume ? below_open(walk_fd(dir), e->name, &e->meta.st) : -1;

	if (e->subvolume && (fd < 0 || sys_subvolume_open(fd) < 0))
		return walk_fail(err, dir, e->name, "cannot empty the subvolume");
	if (known == META_LOCKS && !(e->meta.flags & META_LOCKS))
		return 0;
	if (lift_locks_at(walk_fd(dir), e->name, &e->meta.st) < 0)
		return walk_fail(err, dir, e->name, "cannot unlock the directory");
	return 0;
}

static int entries(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *v, size_t nr,
		   struct err *err)
{
	struct removed *mine = t->local;

	for (size_t i = 0; i < nr; i++) {
		if (v[i].foreign) {
			errno = EBUSY;
			return walk_fail(err, dir, v[i].name, "cannot remove the mount point");
		}
		if (S_ISDIR(v[i].meta.st.st_mode)) {
			if (prepare_dir(dir, &v[i], err) < 0)
				return -1;
			continue;
		}
		if (unlink_locked(walk_fd(dir), v[i].name, &v[i].meta) < 0)
			return walk_fail(err, dir, v[i].name, "cannot remove");
		mine->names++;
	}
	return 0;
}

static int left(struct walk_thread *t, struct walk_dir *parent, const char *name, struct err *err)
{
	const struct place at = { walk_fd(parent), name };
	struct removing *r = t->ctx;
	struct removed *mine = t->local;

	if (sys_rmdir(&at) == 0) {
		mine->names++;
		return 0;
	}
	if (errno != ENOTEMPTY && errno != EEXIST)
		return walk_fail(err, parent, name, "cannot remove the directory");
	__atomic_store_n(&r->again, true, __ATOMIC_RELAXED);
	return 0;
}

static void end(struct walk_thread *t)
{
	struct removing *r = t->ctx;

	r->removed += ((struct removed *)t->local)->names;
}

/* Is there a name left in the root? Those below are in r->again. */
static int round_done(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *v, size_t nr,
		      struct err *err)
{
	struct removing *r = t->ctx;

	(void)dir;
	(void)err;
	for (size_t i = 0; i < nr; i++)
		v[i].enter = false;
	r->again = true;
	return 0;
}

int tree_remove(int dirfd, const struct tree_options *opt, struct tree_counts *counts,
		struct err *err)
{
	static const struct walk_ops ops = {
		.local_size = sizeof(struct removed),
		.entries = entries,
		.left = left,
		.end = end,
	};
	static const struct walk_ops look = { .entries = round_done, .quiet = true };
	const struct walk_options how = {
		.threads = walk_threads(opt->threads, opt->rotational, REMOVE_THREADS),
		.second = -1,
	};
	const struct walk_options alone = { .threads = 1, .second = -1 };

	memset(counts, 0, sizeof(*counts));
	if (lift_locks(dirfd) < 0)
		return fail_errno(err, "cannot unlock the directory");
	for (unsigned round = 0; round < ROUNDS_MOST; round++) {
		struct removing r = { 0, false };
		int rc = walk_tree(dirfd, &ops, &r, &how, err);

		counts->names += r.removed;
		if (rc < 0)
			return -1;
		r.again = false;
		if (walk_tree(dirfd, &look, &r, &alone, err) < 0)
			return -1;
		if (!r.again)
			return 0;
		if (!r.removed)
			break;
	}
	return fail_code(err, ENOTEMPTY, "the directory is filled while it is emptied");
}
