/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record walk: what every inode that will change is now. The tree is read only;
 * the one thing that comes into being is marks.N in the journal's folder:
 *
 *	marks.N.new	records, appended by all threads
 *	marks.N.new	settled: which of the multiply-linked inodes have names outside
 *	marks.N		synced, renamed, folder flushed
 *
 * Dying before the rename leaves a temporary file, which the next try replaces.
 */
#include "step/marks_record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/units.h"
#include "step/marks_inside.h"

#define RECORD_THREADS 8
#define PENDING 128
#define SOME 1024
#define NEW ".new"

struct recording {
	const struct marks *m;
	struct links *links;	/* seen, more: link count */
	struct mark_head head;
	pthread_mutex_t lock;
	int fd;
	bool no_flags;		/* the file system has none */
	bool outside;		/* some inode has names outside the tree */
	time_t settled;		/* what was changed before is on its device as it is */
	int failed;		/* errno of writing at the end */
	struct hash128 sum;	/* of the records that stay */
};

struct mine {
	struct recording *y;
	struct hidden_window win;
	struct buf value;
	struct mark_head head;
	size_t nr;
	struct mark_record pending[PENDING];
};

static int flush(struct recording *y, struct mine *mine, struct err *err)
{
	int rc;

	pthread_mutex_lock(&y->lock);
	rc = write_all(y->fd, mine->pending, mine->nr * sizeof(mine->pending[0]), err);
	pthread_mutex_unlock(&y->lock);
	if (rc < 0)
		err_add(err, "cannot write the record of inodes to change");
	mine->nr = 0;
	return rc;
}

static int emit(struct recording *y, struct mine *mine, const struct mark_record *r,
		struct err *err)
{
	if (mine->nr == PENDING && flush(y, mine, err) < 0)
		return -1;
	mine->pending[mine->nr++] = *r;
	return 0;
}

static struct mark_record record_of(const struct marks *m, const struct stat *st)
{
	struct owner owner = marks_owner(m, st);
	struct mark_record r = {
		.ino = st->st_ino, .class = MARK_INODE, .mode = st->st_mode,
		.size = (uint64_t)st->st_size, .mtime = st->st_mtim.tv_sec,
		.mtime_ns = (uint32_t)st->st_mtim.tv_nsec,
		.uid = st->st_uid, .gid = st->st_gid, .new_uid = owner.uid, .new_gid = owner.gid,
	};

	if (owner.uid != st->st_uid || owner.gid != st->st_gid)
		r.what |= MARK_OWNER;
	return r;
}

/* Its locks, asked for only where they can matter. */
static int look_at_locks(struct recording *y, struct mark_record *r, const struct walk_dir *dir,
			 const struct walk_entry *e, struct err *err)
{
	bool file = S_ISREG(e->meta.st.st_mode);
	int64_t locks;

	if (!(file && y->m->immutable != IMMUTABLE_KEEP) && !r->what)
		return 0;
	if (y->no_flags && (e->meta.flags_known & META_LOCKS) != META_LOCKS)
		return 0;
	locks = mark_locks(walk_fd(dir), e->name, &e->meta);
	if (locks < 0 && errno == EOPNOTSUPP) {
		__atomic_store_n(&y->no_flags, true, __ATOMIC_RELAXED);
		return 0;
	}
	if (locks < 0)
		return walk_fail(err, dir, e->name, "cannot read the inode flags of");
	r->flags = (uint32_t)locks;
	return 0;
}

/* By the device, that spares a system call. A window may be older than a change of its second. */
static bool has_no_xattrs(struct mine *mine, const struct stat *st)
{
	struct hidden_inode inode;

	return mine->y->m->hidden && st->st_ctim.tv_sec < mine->y->settled &&
	       hidden_read(mine->y->m->hidden, &mine->win, st, &inode) && inode.plain;
}

/* security.capability, which a change of owner takes away. */
static int add_caps(struct mine *mine, struct mark_record *r, const struct walk_dir *dir,
		    const struct walk_entry *e, struct err *err)
{
	const struct bearer of = { -1, { walk_fd(dir), e->name } };
	struct mark_record caps = { .ino = r->ino, .class = MARK_VALUE };

	if (has_no_xattrs(mine, &e->meta.st))
		return 0;
	if (xattr_value(&of, "security.capability", &mine->value) < 0) {
		if (errno == ENODATA || errno == EOPNOTSUPP)
			return 0;
		return walk_fail(err, dir, e->name, "cannot read the capabilities of");
	}
	if (mine->value.len > sizeof(caps.value))
		return walk_foreign(err, dir, e->name, "has capabilities of an unknown form");
	caps.len = (uint32_t)mine->value.len;
	memcpy(caps.value, mine->value.data, mine->value.len);
	r->what |= MARK_CAPS;
	return emit(mine->y, mine, &caps, err);
}

/* A directory whose names may be replaced: once, however many of them. */
static int note_times(struct recording *y, struct mine *mine, struct walk_dir *dir,
		      struct err *err)
{
	struct mark_record r;
	struct stat st;

	if (__atomic_fetch_or(&dir->mark, 1, __ATOMIC_RELAXED))
		return 0;
	if (fstat(walk_fd(dir), &st) < 0)
		return walk_fail(err, dir, NULL, "cannot read the metadata of");
	r = record_of(y->m, &st);
	r.class = MARK_TIMES;
	r.what = 0;
	r.atime = st.st_atim.tv_sec;
	r.atime_ns = (uint32_t)st.st_atim.tv_nsec;
	if (meta_flags(walk_fd(dir), &r.flags) < 0)
		return walk_fail(err, dir, NULL, "cannot read the inode flags of");
	r.flags &= META_LOCKS;
	r.what |= r.flags ? MARK_LOCKED : 0;
	return emit(y, mine, &r, err);
}

/* First name of an inode with several? Also notes how many there are. */
static bool is_first(struct recording *y, const struct stat *st)
{
	struct link_slot *slot = links_hold(y->links, st->st_ino);
	bool first = slot->seen++ == 0;

	slot->more = (uint32_t)st->st_nlink;
	links_let_go(y->links, st->st_ino);
	return first;
}

static int note_inode(struct mine *mine, struct mark_record *r, const struct walk_dir *dir,
		      const struct walk_entry *e, struct err *err)
{
	struct recording *y = mine->y;

	if (look_at_locks(y, r, dir, e, err) < 0)
		return -1;
	if (marks_thaws(y->m, &mine->win, &e->meta.st, r->flags))
		r->what |= MARK_THAW;
	else if (S_ISREG(r->mode) && r->flags & FS_IMMUTABLE_FL)
		mine->head.immutable++;
	if (!r->what)
		return 0;
	if (r->flags)
		r->what |= MARK_LOCKED;
	if (r->what & MARK_OWNER && S_ISREG(r->mode) && add_caps(mine, r, dir, e, err) < 0)
		return -1;
	return emit(y, mine, r, err);
}

static int note(struct recording *y, struct mine *mine, struct walk_dir *dir,
		const struct walk_entry *e, struct err *err)
{
	const struct stat *st = &e->meta.st;
	struct mark_record r = record_of(y->m, st);

	if (st->st_nlink > 1 && !S_ISDIR(st->st_mode)) {
		if (y->m->shared != SHARED_LEAVE) {
			r.what |= MARK_LINKED;
			if (note_times(y, mine, dir, err) < 0)
				return -1;
		}
		if (!is_first(y, st))
			return 0;
	}
	return note_inode(mine, &r, dir, e, err);
}

static int entries(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *v, size_t nr,
		   struct err *err)
{
	for (size_t i = 0; i < nr; i++)
		if (!v[i].foreign && note(t->ctx, t->local, dir, &v[i], err) < 0)
			return -1;
	return 0;
}

static void begin(struct walk_thread *t)
{
	struct mine *mine = t->local;

	mine->y = t->ctx;
	mine->value = (struct buf)BUF_INIT;
}

static void end(struct walk_thread *t)
{
	struct recording *y = t->ctx;
	struct mine *mine = t->local;
	struct err err = { 0 };

	if (!y->failed && mine->nr && flush(y, mine, &err) < 0)
		y->failed = err.code ? err.code : EIO;
	y->head.immutable += mine->head.immutable;
	buf_release(&mine->value);
}

/* ---- after the walk */

static void see_outside(void *ctx, const struct link_slot *slot)
{
	struct recording *y = ctx;

	y->outside |= slot->seen < slot->more;
}

/* The inode has names outside: do those in the tree go to a copy? */
static bool becomes_private(const struct marks *m, const struct mark_record *r)
{
	if (m->shared == SHARED_BREAK || r->what & MARK_OWNER)
		return true;
	return !(S_ISREG(r->mode) && r->flags & FS_IMMUTABLE_FL) && !S_ISLNK(r->mode);
}

static void settle_links(struct recording *y, struct mark_record *r)
{
	struct link_slot *slot = links_hold(y->links, r->ino);
	bool outside = slot->seen < slot->more;

	links_let_go(y->links, r->ino);
	r->what &= (uint16_t)~MARK_LINKED;
	if (!outside)
		return;
	if (becomes_private(y->m, r)) {
		r->what |= MARK_SHARED;
	} else if (r->what & MARK_THAW) {	/* shared and frozen it may stay */
		r->what &= (uint16_t)~MARK_THAW;
		y->head.immutable++;
	}
}

/* Does the record stay? Counts it. */
static bool settle_one(struct recording *y, struct mark_record *r)
{
	struct mark_head *h = &y->head;

	if (r->class == MARK_TIMES)
		return y->outside;
	if (r->class != MARK_INODE)
		return true;
	if (r->what & MARK_LINKED)
		settle_links(y, r);
	h->owners += (r->what & MARK_OWNER) != 0;
	h->thawed += (r->what & MARK_THAW) != 0;
	h->shared += (r->what & MARK_SHARED) != 0;
	h->relocked += r->what & MARK_SHARED && r->flags && !(r->what & MARK_THAW);
	return r->what & (MARK_OWNER | MARK_THAW | MARK_SHARED);
}

/* Decide on what only the whole walk could tell; close the gaps; write head and tail. */
static int settle(struct recording *y, struct err *err)
{
	const size_t size = sizeof(struct mark_record);
	struct mark_record some[SOME];
	struct mark_tail tail = { .unused = { 0 } };
	uint64_t from = 1, to = 1;
	ssize_t got;

	links_each(y->links, see_outside, y);
	while ((got = pread(y->fd, some, sizeof(some), (off_t)(from * size))) >= (ssize_t)size) {
		size_t nr = (size_t)got / size, kept = 0;

		for (size_t i = 0; i < nr; i++)
			if (settle_one(y, &some[i]))
				some[kept++] = some[i];
		mark_sum(&y->sum, some, kept);
		if (kept && sys_pwrite(y->fd, some, kept * size, (off_t)(to * size)) !=
			    (ssize_t)(kept * size))
			return fail_errno(err, "cannot write the record of inodes to change");
		from += nr;
		to += kept;
	}
	memcpy(y->head.magic, MARK_MAGIC, sizeof(y->head.magic));
	y->head.nr = to - 1;
	mark_sum(&y->sum, &y->head, 1);
	tail.sum = y->sum;
	if (got < 0 || sys_pwrite(y->fd, &y->head, size, 0) != (ssize_t)size ||
	    sys_pwrite(y->fd, &tail, size, (off_t)(to * size)) != (ssize_t)size ||
	    sys_ftruncate(y->fd, (off_t)((to + 1) * size)) < 0 || sys_fsync(y->fd) < 0)
		return fail_errno(err, "cannot write the record of inodes to change");
	return 0;
}

/* The root has no name in the tree. */
static int note_root(struct recording *y, int tree, struct err *err)
{
	struct mark_record r;
	struct stat st;

	if (fstat(tree, &st) < 0)
		return fail_errno(err, "cannot read the metadata of the tree");
	r = record_of(y->m, &st);
	if (!r.what)
		return 0;
	if (meta_flags(tree, &r.flags) < 0)
		return fail_errno(err, "cannot read the inode flags of the tree");
	r.flags &= META_LOCKS;
	r.what |= r.flags ? MARK_LOCKED : 0;
	return write_all(y->fd, &r, sizeof(r), err);
}

static int record_tree(struct recording *y, int tree, const struct work *w, const char *at,
		       struct err *err)
{
	static const struct walk_ops ops = {
		.local_size = sizeof(struct mine),
		.begin = begin,
		.end = end,
		.entries = entries,
	};
	const struct walk_options how = {
		.threads = walk_threads(w->threads, false, RECORD_THREADS), .second = -1,
	};

	/* Room for the head. */
	if (write_all(y->fd, &y->head, sizeof(y->head), err) < 0 ||
	    mark_note_steps(y->fd, tree, w, at, &y->head.steps, err) < 0 ||
	    note_root(y, tree, err) < 0 ||
	    walk_tree(tree, &ops, y, &how, err) < 0)
		return -1;
	errno = y->failed;
	if (y->failed)
		return fail_errno(err, "cannot write the record of inodes to change");
	return settle(y, err);
}

/* What an undone or foreign try left must not be taken for part of this one. */
static int drop_old(const struct work *w, unsigned nr, struct err *err)
{
	static const char *const suffix[] = { NEW, ".hold", ".back", ".drop", ".print" };
	bool any = false;

	for (size_t i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++) {
		if (!mark_there(w, nr, suffix[i], NULL))
			continue;
		any = true;
		if (mark_drop(w, nr, suffix[i], err) < 0)
			return -1;
	}
	return any ? sync_dir(w->folder, err) : 0;
}

int mark_file_make(const struct marks *m, int tree, const struct work *w, const struct step *s,
		   struct err *err)
{
	char temporary[MARK_NAME], name[MARK_NAME];
	const struct place from = { w->folder, mark_name(temporary, s->nr, NEW) };
	const struct place to = { w->folder, mark_name(name, s->nr, "") };
	struct recording y = { .m = m, .fd = -1, .settled = time(NULL) - 2 };
	int rc;

	if (drop_old(w, s->nr, err) < 0)
		return -1;
	y.fd = sys_create(&from, 0600);
	if (y.fd < 0)
		return fail_errno(err, "cannot create '%s'", temporary);
	y.links = links_new();
	pthread_mutex_init(&y.lock, NULL);
	rc = record_tree(&y, tree, w, step_get(s, "at"), err);
	pthread_mutex_destroy(&y.lock);
	links_free(y.links);
	close_fd(&y.fd);
	if (rc == 0 && sys_rename(&from, &to) < 0)
		rc = fail_errno(err, "cannot rename '%s'", temporary);
	return rc < 0 ? -1 : sync_dir(w->folder, err);
}

/* ---- for others */

/* "PRINT immutable owners thawed shared" */
int marks_done_read(const struct work *w, unsigned nr, struct marks_done *out, struct err *err)
{
	const struct root folder = { w->folder, "" };
	struct buf CLEANUP_BUF text = BUF_INIT;
	uint64_t *const number[] = { &out->immutable, &out->owners, &out->thawed, &out->shared };
	char name[MARK_NAME], *at;

	if (root_read(&folder, mark_name(name, nr, ".print"), 256, &text, err) < 0)
		return -1;
	at = text.data;
	for (int i = -1; i < 4; i++) {
		size_t len = strcspn(at, " \n");
		bool more = at[len] != '\0';

		at[len] = '\0';
		if (i < 0 ? !hash_parse(at, &out->print) : !parse_u64(at, UINT64_MAX, number[i]))
			return fail(err, "record '%s' is damaged", name);
		at += len + more;
	}
	return 0;
}

int marks_print(const struct work *w, unsigned nr, struct hash128 *out, struct err *err)
{
	struct marks_done done;

	if (marks_done_read(w, nr, &done, err) < 0)
		return -1;
	*out = done.print;
	return 0;
}
