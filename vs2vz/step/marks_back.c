/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk back: every inode of the record becomes what it was, so far as it is still
 * what the repair left.
 *
 *	a name of a copy	goes to the original again, unless the copy was changed
 *				since: then it stays and is listed
 *	owner			goes back where it is the one that the repair gave
 *	mode, capabilities	where they are the recorded ones, or what the change of
 *				owner leaves of those; otherwise as they are now
 *	locks			where size and mtime of a file are as recorded; not on an
 *				original that is still held: its names are being made
 *	times of directories	as recorded where they were not changed since, else as
 *				they were before this walk
 *
 * A directory's mtime that is not as recorded was changed by the container, or by an
 * earlier try of this undo; marks.N.back tells them apart, being older than that try.
 * Where the repair was never complete, no container has run.
 */
#include "step/marks_inside.h"

#include <errno.h>
#include <string.h>

#include "base/compat.h"
#include "step/treeutil.h"

#define BACK_THREADS 4

struct backing {
	struct marks_back *b;
	struct links *busy;
	struct target_fs fs;
};

static void keep(const struct backing *y, const struct walk_dir *dir, const char *name,
		 const char *why)
{
	struct buf CLEANUP_BUF path = BUF_INIT;

	buf_addf(&path, "%s/", y->b->at);
	if (dir)
		walk_path(&path, dir, name);
	else
		buf_adds(&path, name);
	pthread_mutex_lock(&y->b->lock);
	work_kept(y->b->w, path.data, "%s", why);
	pthread_mutex_unlock(&y->b->lock);
}

/* ---- names of copies */

/* 1: the copy is as it was made, 0: changed, -1 with errno. */
static int is_as_made(const struct backing *y, const struct mark_record *r, const char *held,
		      const struct place *at, const struct meta *copy)
{
	struct meta original, now = *copy;
	const struct side source = { y->b->h->fd, held, -1, &original, 0 };
	const struct side target = { at->dirfd, at->name, -1, &now, 0 };
	const char *what;

	if (meta_at(&original, y->b->h->fd, held) < 0)
		return -1;
	original.st.st_uid = r->new_uid;
	original.st.st_gid = r->new_gid;
	original.flags_known &= ~META_LOCKS;
	now.flags_known &= ~META_LOCKS;
	what = side_differs(&source, &target, &y->fs);
	return !what ? 1 : *what ? 0 : -1;
}

#define KEPT 1

/* KEPT: the copy was changed and stays. -1 with errno. */
static int to_original(const struct backing *y, unsigned thread, const struct mark_record *r,
		       const struct place *at, const struct meta *copy)
{
	const struct mark_hold *h = y->b->h;
	char held[HOLD_TEXT];
	int same;

	hold_pair(held, r->ino, hold_copy_of(h, r->ino));
	same = is_as_made(y, r, held, at, copy);
	if (same <= 0)
		return same < 0 ? -1 : KEPT;
	if (mark_locks(at->dirfd, at->name, copy) > 0 &&
	    lift_locks_at(at->dirfd, at->name, &copy->st) < 0)
		return -1;
	return hold_replace(h, held, thread, at);
}

static int restore_name(struct walk_thread *t, const struct walk_dir *dir,
			const struct walk_entry *e, uint64_t original, struct err *err)
{
	const struct backing *y = t->ctx;
	const struct place at = { walk_fd(dir), e->name };
	struct mark_record r;
	int rc;

	if (!mark_covers(y->b->x, original))
		return 0;
	if (mark_find(y->b->x, original, MARK_INODE, &r) <= 0)
		return walk_foreign(err, dir, e->name, "has no record of its original");
	rc = to_original(y, t->id, &r, &at, &e->meta);
	if (rc < 0)
		return walk_fail(err, dir, e->name, "cannot bring back the original of");
	if (rc == KEPT)
		keep(y, dir, e->name, "was shared and changed since: stays private");
	return 0;
}

/* ---- inodes in place */

static bool unchanged(const struct mark_record *r, const struct stat *st)
{
	return !S_ISREG(r->mode) ||
	       ((uint64_t)st->st_size == r->size && st->st_mtim.tv_sec == r->mtime &&
		(uint32_t)st->st_mtim.tv_nsec == r->mtime_ns);
}

/* The recorded mode, or what a change of owner leaves of it. */
static bool mode_is_ours(const struct mark_record *r, const struct stat *st)
{
	mode_t lost = (st->st_mode ^ r->mode) & 07777;

	return !(lost & ~(mode_t)06000) && !(st->st_mode & lost);
}

/* Present capabilities count; where there are none, the recorded ones. */
static int caps_back(const struct backing *y, const struct bearer *of, const struct mark_record *r,
		     bool same, struct mark_want *want)
{
	struct buf CLEANUP_BUF now = BUF_INIT;
	int rc = 0;

	bool has = xattr_value(of, "security.capability", &now) == 0;

	if (!has && errno != ENODATA && errno != EOPNOTSUPP)
		return -1;
	if (has && now.len <= MARK_CAPS_MAX) {
		want->caps.len = (uint32_t)now.len;
		memcpy(want->caps.value, now.data, now.len);
		want->caps_known = true;
	} else if (same && r->what & MARK_CAPS) {
		rc = mark_find(y->b->x, r->ino, MARK_VALUE, &want->caps);
		want->caps_known = rc > 0;
	}
	return rc < 0 ? -1 : 0;
}

static int put_back(const struct backing *y, const struct bearer *of, const struct meta *meta,
		    const struct mark_record *r, bool *thawed)
{
	const struct stat *st = &meta->st;
	bool same = unchanged(r, st), ours;
	struct mark_want want = { .uid = st->st_uid, .gid = st->st_gid,
				  .mode = st->st_mode, .mode_known = true };
	int64_t locks;

	if ((st->st_mode ^ r->mode) & S_IFMT)
		return 0;
	ours = (st->st_uid == r->new_uid && st->st_gid == r->new_gid) ||
	       (st->st_uid == r->uid && st->st_gid == r->gid);
	if (ours && !(r->what & MARK_SHARED)) {
		want.uid = r->uid;
		want.gid = r->gid;
	}
	if (same && mode_is_ours(r, st))
		want.mode = r->mode;
	if (S_ISREG(r->mode) && r->what & MARK_OWNER && caps_back(y, of, r, same, &want) < 0)
		return -1;
	locks = of->fd >= 0 ? 0 : mark_locks(of->at.dirfd, of->at.name, meta);
	if (locks < 0 && errno != EOPNOTSUPP)
		return -1;
	want.locks = locks > 0 ? (uint32_t)locks : 0;
	if (r->what & MARK_LOCKED && same && !hold_copy_of(y->b->h, r->ino))
		want.locks = r->flags;
	*thawed = r->what & MARK_THAW && !same;
	return mark_settle(of, meta, &want);
}

static int put_back_at(const struct backing *y, const struct walk_dir *dir,
		       const struct walk_entry *e, const struct mark_record *r, bool *thawed)
{
	const struct bearer of = { -1, { walk_fd(dir), e->name } };
	struct meta now;
	int rc;

	if (S_ISDIR(e->meta.st.st_mode) || e->meta.st.st_nlink < 2)
		return put_back(y, &of, &e->meta, r, thawed);
	links_hold(y->busy, r->ino);
	rc = meta_at(&now, of.at.dirfd, of.at.name);
	if (rc == 0 && now.st.st_ino == r->ino)
		rc = put_back(y, &of, &now, r, thawed);
	links_let_go(y->busy, r->ino);
	return rc;
}

static int back_one(struct walk_thread *t, const struct walk_dir *dir, struct walk_entry *e,
		    struct err *err)
{
	const struct backing *y = t->ctx;
	const struct stat *st = &e->meta.st;
	uint64_t original = S_ISDIR(st->st_mode) ? 0 : hold_original_of(y->b->h, st->st_ino);
	struct mark_record r;
	bool thawed = false;
	int found;

	if (S_ISDIR(st->st_mode))
		e->mark = mark_ns(st->st_mtim.tv_sec, (uint32_t)st->st_mtim.tv_nsec);
	if (original)
		return restore_name(t, dir, e, original, err);
	found = mark_find(y->b->x, st->st_ino, MARK_INODE, &r);
	if (found < 0)
		return walk_fail(err, dir, e->name, "cannot read the record of");
	if (!found)
		return 0;
	if (put_back_at(y, dir, e, &r, &thawed) < 0)
		return walk_fail(err, dir, e->name, "cannot bring back owner or flags of");
	if (thawed)
		keep(y, dir, e->name, "changed since: stays without its immutable flag");
	return 0;
}

static int entries(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *v, size_t nr,
		   struct err *err)
{
	for (size_t i = 0; i < nr; i++)
		if (!v[i].foreign && back_one(t, dir, &v[i], err) < 0)
			return -1;
	return 0;
}

static bool is_moment(uint64_t was, const struct mark_record *r, bool coarse)
{
	const struct timespec is = { (time_t)(was / 1000000000), (long)(was % 1000000000) };
	const struct timespec wanted = { (time_t)r->mtime, (long)r->mtime_ns };

	return times_agree(&wanted, &is, S_IFDIR, coarse);
}

/* dir->mark: its mtime before this walk. */
static int leave(struct walk_thread *t, struct walk_dir *dir, struct err *err)
{
	const struct backing *y = t->ctx;
	const struct bearer of = { walk_fd(dir), { -1, NULL } };
	uint64_t was = dir->mark;
	struct mark_record r;
	struct meta meta = { .flags = 0 };
	int found = mark_find(y->b->x, dir->ino, MARK_TIMES, &r);
	struct mark_want want = { .mode_known = false };

	if (!found)
		return 0;
	if (found < 0 || fstat(of.fd, &meta.st) < 0)
		return walk_fail(err, dir, NULL, "cannot look at");
	if (!is_moment(was, &r, y->b->w->coarse) && was < y->b->began) {
		r.mtime = (int64_t)(was / 1000000000);
		r.mtime_ns = (uint32_t)(was % 1000000000);
	}
	want.uid = meta.st.st_uid;
	want.gid = meta.st.st_gid;
	want.locks = r.flags;
	if (mark_put_times(of.fd, &meta.st, &r) < 0 || mark_settle(&of, &meta, &want) < 0)
		return walk_fail(err, dir, NULL, "cannot bring back the times of");
	return 0;
}

static int back_root(const struct backing *y, int tree, const struct stat *st, struct err *err)
{
	const struct bearer of = { tree, { -1, NULL } };
	struct meta meta = { .st = *st };
	struct mark_record r;
	bool thawed;
	int found = mark_find(y->b->x, st->st_ino, MARK_INODE, &r);

	if (found < 0 || (found && put_back(y, &of, &meta, &r, &thawed) < 0))
		return fail_errno(err, "cannot bring back the owner of the tree");
	return 0;
}

/* ---- objects that later steps made again */

static int back_again(const struct backing *y, int tree, const char *below,
		      const struct mark_record *r, struct err *err)
{
	const struct root root = { tree, y->b->at };
	struct spot CLEANUP_SPOT spot = SPOT_INIT;
	struct bearer of = { -1, { -1, NULL } };
	bool thawed;
	struct stat dir;
	struct meta now;
	int rc;

	if (strict_spot(&root, below, &spot, err) < 0) {
		/* A directory that became a link: what is found through it is another object. */
		if (!err_is_absent(err) && err->code != ELOOP)
			return -1;
		err_clear(err);
		return 0;
	}
	of.at = spot.at;
	if (meta_at(&now, of.at.dirfd, of.at.name) < 0)
		return errno == ENOENT ? 0 : fail_errno(err, "cannot look at '%s'", show(below));
	if (now.st.st_ino == r->ino || (now.st.st_mode ^ r->mode) & S_IFMT)
		return 0;
	if (fstat(spot.at.dirfd, &dir) < 0)
		return fail_errno(err, "cannot look at '%s'", show(below));
	rc = !(r->what & MARK_SHARED) ? put_back(y, &of, &now, r, &thawed) :
	     hold_copy_of(y->b->h, r->ino) ? to_original(y, 0, r, &spot.at, &now) : 0;
	if (rc == KEPT)
		keep(y, NULL, below, "was shared and changed since: stays private");
	if (rc == 0 && r->what & MARK_SHARED)
		rc = mark_keep_times(spot.at.dirfd, &dir);
	return rc < 0 ? fail_errno(err, "cannot bring back '%s'", show(below)) : 0;
}

static int back_steps(const struct backing *y, int tree, struct err *err)
{
	const struct marks_back *b = y->b;

	for (size_t i = 0; i < b->nr_again; i++) {
		const struct mark_record *again = &b->again[i];
		const char *below = mark_step_path(b->w, b->at, (unsigned)again->ino);
		struct mark_record r;
		int found = mark_find(b->x, again->size, MARK_INODE, &r);

		if (found < 0)
			return fail_errno(err, "cannot read the record of changed inodes");
		if (found && below && back_again(y, tree, below, &r, err) < 0)
			return -1;
	}
	return 0;
}

int marks_take_back(int tree, struct marks_back *b, struct err *err)
{
	static const struct walk_ops ops = {
		.entries = entries,
		.leave = leave,
	};
	struct walk_options how = {
		.threads = walk_threads(b->w->threads, false, BACK_THREADS), .second = -1,
	};
	struct backing y = { .b = b };
	struct stat st;
	int rc;

	if (fstat(tree, &st) < 0)
		return fail_errno(err, "cannot read the metadata of the tree");
	how.mark = mark_ns(st.st_mtim.tv_sec, (uint32_t)st.st_mtim.tv_nsec);
	if (target_fs_read(&y.fs, tree, tree, false, err) < 0)
		return -1;
	y.fs.coarse_times = y.fs.cut_times = false;
	y.fs.microseconds |= b->w->coarse;
	y.busy = links_new();
	rc = back_steps(&y, tree, err);
	if (rc == 0)
		rc = back_root(&y, tree, &st, err);
	if (rc == 0)
		rc = walk_tree(tree, &ops, &y, &how, err);
	links_free(y.busy);
	return rc;
}
