/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private copies of inodes that have names outside the tree. Each is made in the holding
 * folder with its new owner and everything else of the original, and one more link
 * of the original is put beside it:
 *
 *	HOLD/new.O	content, owner, mode, attributes, times, flags (no locks)
 *	HOLD/C		renamed to its own inode number
 *	HOLD/O-C	link to the original, whose locks are off for that moment
 *
 * Not one name of the tree changes here. The caller flushes all of it at once.
 */
#include "step/marks_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "step/content.h"
#include "step/treeutil.h"

#define SHARE_THREADS 4

struct sharing_out {
	const struct mark_hold *h;
	const struct mark_index *x;
	struct links *made;	/* value: copy */
	uint32_t kept_flags;
	bool no_clone;
};

struct mine {
	char *content;
	struct buf names, value;
};

/* One copy. */
struct making {
	struct sharing_out *y;
	struct mine *mine;
	const struct walk_dir *dir;
	const struct walk_entry *e;
	const struct mark_record *r;
	struct place to;
	int from, fd;		/* -1: nothing that is opened */
	uint32_t flags;
};

static int making_fail(const struct making *k, const char *what, struct err *err)
{
	return walk_fail(err, k->dir, k->e->name, what);
}

static int fill(struct making *k, struct err *err)
{
	struct buf CLEANUP_BUF path = BUF_INIT;
	const struct stat *st = &k->e->meta.st;
	struct hash128 hash;

	if (st->st_size && !__atomic_load_n(&k->y->no_clone, __ATOMIC_RELAXED)) {
		if (sys_clone(k->fd, k->from) == 0)
			return 0;
		if (errno == EOPNOTSUPP || errno == ENOTTY || errno == ENOSYS || errno == EXDEV)
			__atomic_store_n(&k->y->no_clone, true, __ATOMIC_RELAXED);
	}
	if (content_copy(k->from, st, k->fd, k->mine->content, &hash, err) == 0)
		return 0;
	walk_path(&path, k->dir, k->e->name);
	err_add(err, "cannot make a private copy of '%s'", show(path.data));
	return -1;
}

static int set_flags(const struct making *k, uint32_t want)
{
	uint32_t word;

	want &= k->y->kept_flags & ~META_LOCKS;
	if (!want)
		return 0;
	return meta_flag_word(k->fd, &word) < 0 ? -1 : sys_setflags(k->fd, word | want);
}

static int make_file(struct making *k, struct err *err)
{
	k->from = below_open(walk_fd(k->dir), k->e->name, &k->e->meta.st);
	if (k->from < 0 || meta_flags(k->from, &k->flags) < 0)
		return making_fail(k, "cannot open", err);
	k->fd = sys_create(&k->to, 0600);
	if (k->fd < 0)
		return making_fail(k, "cannot create a private copy of", err);
	if (k->flags & FS_NOCOW_FL && set_flags(k, FS_NOCOW_FL) < 0)	/* only while it is empty */
		return making_fail(k, "cannot set the inode flags of the copy of", err);
	return fill(k, err);
}

static int make_other(struct making *k, struct err *err)
{
	const struct stat *st = &k->e->meta.st;
	char target[4097];
	ssize_t len;
	int rc;

	if (S_ISLNK(st->st_mode)) {
		len = below_readlink(walk_fd(k->dir), k->e->name, target, sizeof(target) - 1);
		if (len < 0)
			return making_fail(k, "cannot read the link", err);
		target[len] = '\0';
		rc = sys_symlink(target, &k->to);
	} else {
		rc = sys_mknod(&k->to, st->st_mode, st->st_rdev);
	}
	return rc < 0 ? making_fail(k, "cannot create a private copy of", err) : 0;
}

static int copy_xattrs(struct making *k, struct err *err)
{
	const struct bearer from = { k->from, { walk_fd(k->dir), k->e->name } };
	struct buf *names = &k->mine->names, *value = &k->mine->value;

	if (xattr_names(&from, names) < 0)
		return making_fail(k, "cannot list the extended attributes of", err);
	for (const char *n = names->data; n < names->data + names->len; n += strlen(n) + 1) {
		if (!xattr_travels(n))
			continue;
		if (xattr_value(&from, n, value) < 0)
			return making_fail(k, "cannot read an extended attribute of", err);
		if ((k->fd >= 0 ? sys_fsetxattr(k->fd, n, value->data, value->len) :
		     sys_lsetxattr(&k->to, n, value->data, value->len)) < 0)
			return making_fail(k, "cannot set an extended attribute of the copy of",
					   err);
	}
	return 0;
}

static int dress(struct making *k, struct err *err)
{
	const struct stat *st = &k->e->meta.st;
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	const uid_t uid = k->r->new_uid;
	const gid_t gid = k->r->new_gid;
	const mode_t mode = st->st_mode & 07777;

	if ((k->fd >= 0 ? sys_fchown(k->fd, uid, gid) : sys_lchown(&k->to, uid, gid)) < 0)
		return making_fail(k, "cannot set the owner of the copy of", err);
	if (!S_ISLNK(st->st_mode) &&
	    (k->fd >= 0 ? sys_fchmod(k->fd, mode) : put_mode_at(&k->to, st->st_mode)) < 0)
		return making_fail(k, "cannot set the mode of the copy of", err);
	if (copy_xattrs(k, err) < 0)
		return -1;
	if ((k->fd >= 0 ? sys_futimens(k->fd, times) : sys_lutimens(&k->to, times)) < 0)
		return making_fail(k, "cannot set the times of the copy of", err);
	if (k->fd >= 0 && set_flags(k, k->flags) < 0)
		return making_fail(k, "cannot set the inode flags of the copy of", err);
	return 0;
}

/* One more link of the original, through its frozen state. */
static int hold_original(const struct making *k, const struct place *to)
{
	const struct place from = { walk_fd(k->dir), k->e->name };
	const struct bearer of = { -1, from };
	struct mark_want want = { .uid = k->e->meta.st.st_uid, .gid = k->e->meta.st.st_gid };
	struct meta now;
	int rc, saved;

	if (!(k->r->what & MARK_LOCKED))
		return sys_link(&from, to);
	if (lift_locks_at(from.dirfd, from.name, &k->e->meta.st) < 0)
		return -1;
	rc = sys_link(&from, to);
	saved = errno;
	want.locks = k->r->flags;
	if (meta_at(&now, from.dirfd, from.name) < 0 || mark_settle(&of, &now, &want) < 0)
		return -1;
	errno = saved;
	return rc;
}

static int name_both(struct making *k, uint64_t *made, struct err *err)
{
	char one[HOLD_TEXT], two[HOLD_TEXT];
	struct place at = { k->to.dirfd, one };
	struct stat st;

	if (below_stat(k->to.dirfd, k->to.name, &st) < 0)
		return making_fail(k, "cannot look at the copy of", err);
	*made = st.st_ino;
	hold_one(one, st.st_ino);
	if (sys_rename(&k->to, &at) < 0)
		return making_fail(k, "cannot rename the copy of", err);
	at.name = hold_pair(two, k->r->ino, st.st_ino);
	if (hold_original(k, &at) < 0) {
		bool full = errno == EMLINK;

		making_fail(k, "cannot hold the original of", err);
		if (full)
			err_add(err, "an inode has as many names as its file system allows: "
				"remove some (a hash store that is not used any more holds one "
				"of each)");
		return -1;
	}
	return 0;
}

static int make_copy(struct making *k, uint64_t *made, struct err *err)
{
	int rc = S_ISREG(k->e->meta.st.st_mode) ? make_file(k, err) : make_other(k, err);

	if (rc == 0)
		rc = dress(k, err);
	if (rc == 0)
		rc = name_both(k, made, err);
	close_fd(&k->from);
	close_fd(&k->fd);
	return rc;
}

static int share(struct sharing_out *y, struct mine *mine, const struct walk_dir *dir,
		 const struct walk_entry *e, struct err *err)
{
	uint64_t ino = e->meta.st.st_ino;
	struct mark_record r;
	int rc = mark_find(y->x, ino, MARK_INODE, &r);
	char text[HOLD_TEXT];
	struct making k = { y, mine, dir, e, &r, { y->h->fd, text }, -1, -1, 0 };
	struct link_slot *slot;

	if (rc < 0)
		return walk_fail(err, dir, e->name, "cannot read the record of");
	if (rc == 0 || !(r.what & MARK_SHARED))
		return 0;
	snprintf(text, sizeof(text), "new.%" PRIx64, ino);
	slot = links_hold(y->made, ino);
	rc = slot->value ? 0 : make_copy(&k, &slot->value, err);
	links_let_go(y->made, ino);
	return rc;
}

static int entries(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *v, size_t nr,
		   struct err *err)
{
	for (size_t i = 0; i < nr; i++) {
		const struct walk_entry *e = &v[i];

		if (e->foreign || S_ISDIR(e->meta.st.st_mode) || e->meta.st.st_nlink < 2)
			continue;
		if (share(t->ctx, t->local, dir, e, err) < 0)
			return -1;
	}
	return 0;
}

static void begin(struct walk_thread *t)
{
	struct mine *mine = t->local;

	mine->content = content_buffer();
	mine->names = mine->value = (struct buf)BUF_INIT;
}

static void end(struct walk_thread *t)
{
	struct mine *mine = t->local;

	buf_release(&mine->names);
	buf_release(&mine->value);
	free(mine->content);
}

static int share_part(int tree, struct sharing_out *y, const struct work *w, struct err *err)
{
	static const struct walk_ops ops = {
		.local_size = sizeof(struct mine),
		.begin = begin,
		.end = end,
		.entries = entries,
	};
	const struct walk_options how = {
		.threads = walk_threads(w->threads, false, SHARE_THREADS), .second = -1,
	};

	return walk_tree(tree, &ops, y, &how, err);
}

int marks_share(int tree, struct mark_hold *h, const struct mark_file *f, const struct work *w,
		struct err *err)
{
	struct sharing_out y = { .h = h };
	unsigned parts = mark_parts(f);
	int rc = 0;

	if (meta_flags_kept(h->fd, &y.kept_flags) < 0)
		return fail_errno(err, "cannot ask the file system for its inode flags");

	y.made = links_new();
	for (unsigned part = 0; part < parts && rc == 0; part++) {
		struct mark_index x;

		rc = mark_index_load(&x, f, part, err);
		y.x = &x;
		if (rc == 0)
			rc = share_part(tree, &y, w, err);
		mark_index_release(&x);
	}
	links_free(y.made);
	return rc;
}
