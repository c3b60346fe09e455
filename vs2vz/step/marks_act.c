/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The acting walk: every inode of the record becomes what it shall be.
 *
 *	shared inode	each of its names is replaced by one more link to the copy
 *	others		in place: locks off, owner, mode, capabilities, locks on
 *	directories	the same; times as they were when all below is done
 *
 * The record says what to do, never the tree: an inode without a record is not
 * touched, so a name that was exchanged meanwhile is left alone. A second walk finds
 * what the first did and goes on. Names that went away are no error. The walk over the
 * last part of the record adds up the fingerprint of the mended tree as it goes.
 */
#include "step/marks_inside.h"

#include <errno.h>
#include <string.h>

#include "base/print.h"
#include "step/treeutil.h"

#define ACT_THREADS 4

struct acting {
	const struct mark_hold *h;
	const struct mark_index *x;
	struct links *busy;	/* one thread at a time for an inode with several names */
	struct hash128 *print;	/* NULL, or where the sum of the prints goes */
	unsigned without;	/* PRINT_* of it */
};

/* One thread. */
struct mine {
	struct hash128 print;
};

/* The caps that the record holds. */
static int want_caps(const struct mark_index *x, const struct mark_record *r,
		     struct mark_want *want)
{
	int rc = r->what & MARK_CAPS ? mark_find(x, r->ino, MARK_VALUE, &want->caps) : 0;

	want->caps_known = rc > 0;
	return rc < 0 ? -1 : 0;
}

static int change_of(const struct acting *y, const struct bearer *of, const struct meta *meta,
		     const struct mark_record *r)
{
	struct mark_want want = {
		.uid = r->new_uid, .gid = r->new_gid,
		.mode = r->mode, .mode_known = S_ISREG(r->mode) && r->mode & 06000,
	};

	if (((meta->st.st_mode ^ r->mode) & S_IFMT) != 0)
		return 0;
	want.locks = r->flags & META_LOCKS;
	if (r->what & MARK_THAW)
		want.locks &= ~(uint32_t)FS_IMMUTABLE_FL;
	if (want_caps(y->x, r, &want) < 0)
		return -1;
	return mark_settle(of, meta, &want);
}

static int change_at(const struct acting *y, const struct walk_dir *dir,
		     const struct walk_entry *e, const struct mark_record *r)
{
	const struct bearer of = { -1, { walk_fd(dir), e->name } };
	struct meta now;
	int rc;

	if (S_ISDIR(e->meta.st.st_mode) || e->meta.st.st_nlink < 2)
		return change_of(y, &of, &e->meta, r);
	links_hold(y->busy, r->ino);
	rc = meta_at(&now, of.at.dirfd, of.at.name);
	if (rc == 0 && now.st.st_ino == r->ino)
		rc = change_of(y, &of, &now, r);
	links_let_go(y->busy, r->ino);
	return rc;
}

/* The name goes to the copy; a frozen inode does not let its names go. */
static int make_private(struct walk_thread *t, const struct walk_dir *dir,
			const struct walk_entry *e, const struct mark_record *r)
{
	const struct acting *y = t->ctx;
	const struct place at = { walk_fd(dir), e->name };
	char name[HOLD_TEXT];

	if (r->what & MARK_LOCKED && lift_locks_at(at.dirfd, at.name, &e->meta.st) < 0)
		return -1;
	return hold_replace(y->h, hold_one(name, hold_copy_of(y->h, r->ino)), t->id, &at);
}

/*
 * The status that a name will have when all is done, for its fingerprint: what is not as
 * intended in the end, verify finds.
 */
static int intended(const struct acting *y, const struct mark_record *r, struct stat *st)
{
	struct mark_record times;
	int found = S_ISDIR(st->st_mode) ? mark_find(y->x, st->st_ino, MARK_TIMES, &times) : 0;

	if (found > 0) {
		st->st_mtim.tv_sec = (time_t)times.mtime;
		st->st_mtim.tv_nsec = times.mtime_ns;
	}
	if (r) {
		st->st_uid = r->new_uid;
		st->st_gid = r->new_gid;
		st->st_mode = S_ISREG(r->mode) && r->mode & 06000 ? r->mode : st->st_mode;
		st->st_ino = r->what & MARK_SHARED ? hold_copy_of(y->h, r->ino) : st->st_ino;
	}
	return found < 0 ? -1 : 0;
}

static int add_print(struct walk_thread *t, const struct walk_dir *dir,
		     const struct walk_entry *e, const struct mark_record *r, struct err *err)
{
	const struct acting *y = t->ctx;
	struct mine *mine = t->local;
	struct stat st = e->meta.st;

	if (!y->print)
		return 0;
	if (intended(y, r, &st) < 0)
		return walk_fail(err, dir, e->name, "cannot read the record of");
	hash_add(&mine->print, print_of(dir->ino, e->name, &st, y->without));
	return 0;
}

static int act(struct walk_thread *t, const struct walk_dir *dir, const struct walk_entry *e,
	       struct err *err)
{
	const struct acting *y = t->ctx;
	struct mark_record r;
	int found = mark_find(y->x, e->meta.st.st_ino, MARK_INODE, &r);

	if (found < 0)
		return walk_fail(err, dir, e->name, "cannot read the record of");
	if (add_print(t, dir, e, found ? &r : NULL, err) < 0)
		return -1;
	if (!found)
		return 0;
	if (r.what & MARK_SHARED) {
		if (make_private(t, dir, e, &r) < 0 && errno != ENOENT)
			return walk_fail(err, dir, e->name, "cannot make private");
	} else if (change_at(y, dir, e, &r) < 0 && errno != ENOENT) {
		return walk_fail(err, dir, e->name, "cannot change owner or flags of");
	}
	return 0;
}

static int entries(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *v, size_t nr,
		   struct err *err)
{
	for (size_t i = 0; i < nr; i++)
		if (!v[i].foreign && act(t, dir, &v[i], err) < 0)
			return -1;
	return 0;
}

/* Times and locks of a directory that lost and got names. */
static int leave(struct walk_thread *t, struct walk_dir *dir, struct err *err)
{
	const struct acting *y = t->ctx;
	const struct bearer of = { walk_fd(dir), { -1, NULL } };
	struct mark_record r;
	struct meta meta = { .flags = 0 };
	int found = mark_find(y->x, dir->ino, MARK_TIMES, &r);

	if (!found)
		return 0;
	if (found < 0 || fstat(of.fd, &meta.st) < 0)
		return walk_fail(err, dir, NULL, "cannot look at");
	if (mark_put_times(of.fd, &meta.st, &r) < 0)
		return walk_fail(err, dir, NULL, "cannot set the times of");
	if (mark_settle(&of, &meta, &(struct mark_want){ .uid = meta.st.st_uid,
							 .gid = meta.st.st_gid,
							 .locks = r.flags }) < 0)
		return walk_fail(err, dir, NULL, "cannot set the inode flags of");
	return 0;
}

static void end(struct walk_thread *t)
{
	const struct acting *y = t->ctx;
	const struct mine *mine = t->local;

	if (y->print)
		hash_add(y->print, mine->print);
}

static int act_on_root(const struct acting *y, int tree, struct err *err)
{
	const struct bearer of = { tree, { -1, NULL } };
	struct meta meta = { .flags = 0 };
	struct mark_record r;
	int found;

	if (fstat(tree, &meta.st) < 0)
		return fail_errno(err, "cannot read the metadata of the tree");
	found = mark_find(y->x, meta.st.st_ino, MARK_INODE, &r);
	if (found < 0 || (found && change_of(y, &of, &meta, &r) < 0))
		return fail_errno(err, "cannot change the owner of the tree");
	if (y->print && fstat(tree, &meta.st) < 0)
		return fail_errno(err, "cannot read the metadata of the tree");
	if (y->print)
		*y->print = print_of(0, "", &meta.st, y->without | PRINT_NO_MTIME);
	return 0;
}

int marks_act(int tree, const struct mark_hold *h, const struct mark_index *x,
	      const struct work *w, struct hash128 *print, struct err *err)
{
	static const struct walk_ops ops = {
		.local_size = sizeof(struct mine),
		.end = end,
		.entries = entries,
		.leave = leave,
	};
	const struct walk_options how = {
		.threads = walk_threads(w->threads, false, ACT_THREADS), .second = -1,
	};
	struct acting y = { .h = h, .x = x, .print = print,
			    .without = PRINT_NO_LINKS | print_times(w->coarse) };
	int rc;

	y.busy = links_new();
	rc = act_on_root(&y, tree, err);
	if (rc == 0)
		rc = walk_tree(tree, &ops, &y, &how, err);
	links_free(y.busy);
	return rc;
}

/* ---- copies that are to be locked as their originals were */

static int relock(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *v, size_t nr,
		  struct err *err)
{
	const struct acting *y = t->ctx;

	for (size_t i = 0; i < nr; i++) {
		const struct stat *st = &v[i].meta.st;
		const struct bearer of = { -1, { walk_fd(dir), v[i].name } };
		uint64_t original = S_ISREG(st->st_mode) && !v[i].foreign ?
				    hold_original_of(y->h, st->st_ino) : 0;
		struct mark_record r;
		int found = original ? mark_find(y->x, original, MARK_INODE, &r) : 0;
		struct mark_want want = { .uid = st->st_uid, .gid = st->st_gid };

		if (found == 0 || (found > 0 && r.what & MARK_THAW))
			continue;
		want.locks = found > 0 ? r.flags : 0;
		if (found < 0 || mark_settle(&of, &v[i].meta, &want) < 0)
			return walk_fail(err, dir, v[i].name, "cannot set the inode flags of");
	}
	return 0;
}

int marks_relock(int tree, const struct mark_hold *h, const struct mark_index *x,
		 const struct work *w, struct err *err)
{
	static const struct walk_ops ops = { .entries = relock, .quiet = true };
	const struct walk_options how = {
		.threads = walk_threads(w->threads, false, ACT_THREADS), .second = -1,
	};
	struct acting y = { .h = h, .x = x };

	return walk_tree(tree, &ops, &y, &how, err);
}

/* ---- originals by their number, below a directory beside the tree */

static int rescue(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *v, size_t nr,
		  struct err *err)
{
	const struct acting *y = t->ctx;

	for (size_t i = 0; i < nr; i++) {
		const struct stat *st = &v[i].meta.st;
		const struct bearer of = { -1, { walk_fd(dir), v[i].name } };
		struct mark_record r;
		int found = S_ISREG(st->st_mode) && !v[i].foreign ?
			    mark_find(y->x, st->st_ino, MARK_INODE, &r) : 0;
		struct mark_want want = { .uid = st->st_uid, .gid = st->st_gid };

		if (found == 0 || (found > 0 && (r.what & (MARK_SHARED | MARK_LOCKED)) !=
						(MARK_SHARED | MARK_LOCKED)))
			continue;
		want.locks = found > 0 ? r.flags : 0;
		if (found < 0 || mark_settle(&of, &v[i].meta, &want) < 0)
			return walk_fail(err, dir, v[i].name, "cannot make immutable again");
	}
	return 0;
}

int marks_rescue(int beside, const struct mark_index *x, const struct work *w, struct err *err)
{
	static const struct walk_ops ops = { .entries = rescue, .quiet = true, .may_vanish = true };
	const struct walk_options how = {
		.threads = walk_threads(w->threads, false, ACT_THREADS), .second = -1,
	};
	struct acting y = { .x = x };

	return walk_tree(beside, &ops, &y, &how, err);
}
