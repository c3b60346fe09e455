/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record is text, "INODE LOCKS" in lines. The walk for it reads what the removal
 * reads next anyway; the one beside the tree is made after a cut alone.
 */
#include "step/frozen.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/inroot.h"
#include "base/meta.h"
#include "base/walk.h"

#define FROZEN_THREADS 4
#define RECORD_MAX (256u << 20)

struct lock {
	uint64_t ino;
	uint32_t flags;
};
struct locks {
	struct lock *v;
	size_t nr;
};

static const char *record_name(const struct step *s, char name[static 32])
{
	snprintf(name, 32, "frozen.%u", s->nr);
	return name;
}

/* ---- the record is made */

static int note_one(struct buf *text, const struct walk_dir *dir, const struct walk_entry *e,
		    struct err *err)
{
	uint32_t flags = e->meta.flags;
	int CLEANUP_FD fd = -1;

	if ((e->meta.flags_known & META_LOCKS) != META_LOCKS) {
		fd = below_open(walk_fd(dir), e->name, &e->meta.st);
		if (fd < 0 || meta_flags(fd, &flags) < 0)
			return walk_fail(err, dir, e->name, "cannot read the inode flags of");
	}
	if (flags & META_LOCKS)
		buf_addf(text, "%ju %u\n", (uintmax_t)e->meta.st.st_ino,
			 (unsigned)(flags & META_LOCKS));
	return 0;
}

static void note_start(struct walk_thread *t)
{
	*(struct buf *)t->local = (struct buf)BUF_INIT;
}

static void note_join(struct walk_thread *t)
{
	struct buf *mine = t->local, *all = t->ctx;

	buf_add(all, mine->data, mine->len);
	buf_release(mine);
}

static int note(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *v, size_t nr,
		struct err *err)
{
	for (size_t i = 0; i < nr; i++)
		if (S_ISREG(v[i].meta.st.st_mode) && v[i].meta.st.st_nlink > 1 &&
		    note_one(t->local, dir, &v[i], err) < 0)
			return -1;
	return 0;
}

int frozen_begin(struct frozen *f, const struct step *s, const struct work *w, int tree,
		 struct err *err)
{
	static const struct walk_ops ops = {
		.local_size = sizeof(struct buf), .begin = note_start, .end = note_join,
		.entries = note, .quiet = true,
	};
	const struct walk_options how = {
		.threads = walk_threads(w->threads, false, FROZEN_THREADS), .second = -1,
	};
	const struct atomic_meta meta = { .mode = 0600, .uid = geteuid(), .gid = getegid() };
	struct buf CLEANUP_BUF text = BUF_INIT;
	char name[32];
	struct place at = { w->folder, record_name(s, name) };
	struct stat st;

	*f = (struct frozen){ false, false };
	if (below_stat(at.dirfd, at.name, &st) == 0)
		f->noted = f->again = true;
	else if (errno != ENOENT)
		return fail_errno(err, "cannot look at the record '%s'", name);
	if (f->again || tree < 0)
		return 0;
	if (walk_tree(tree, &ops, &text, &how, err) < 0)
		return -1;
	f->noted = text.len > 0;
	return f->noted ? atomic_write(&at, text.data, text.len, &meta, true, err) : 0;
}

/* ---- and read */

static int by_inode(const void *a, const void *b)
{
	const struct lock *x = a, *y = b;

	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static int load(struct locks *l, const struct step *s, const struct work *w, struct err *err)
{
	struct root folder = { w->folder, "" };
	struct buf CLEANUP_BUF text = BUF_INIT;
	char name[32], *at, *end;
	size_t lines = 0;

	if (root_read(&folder, record_name(s, name), RECORD_MAX, &text, err) < 0)
		return -1;
	for (size_t i = 0; i < text.len; i++)
		lines += text.data[i] == '\n';
	l->v = xcalloc(lines + 1, sizeof(*l->v));
	for (at = text.data; l->nr < lines; at = end + 1, l->nr++) {
		l->v[l->nr].ino = strtoull(at, &end, 10);
		l->v[l->nr].flags = (uint32_t)strtoul(end, &end, 10) & META_LOCKS;
		if (*end != '\n')
			return fail(err, "record '%s' is damaged", name);
	}
	qsort(l->v, l->nr, sizeof(*l->v), by_inode);
	return 0;
}

static int lock_again(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *v, size_t nr,
		      struct err *err)
{
	const struct locks *l = t->ctx;

	for (size_t i = 0; i < nr; i++) {
		const struct lock key = { .ino = v[i].meta.st.st_ino }, *lock;
		int CLEANUP_FD fd = -1;
		int word = 0;

		lock = S_ISREG(v[i].meta.st.st_mode) && !v[i].foreign ?
		       bsearch(&key, l->v, l->nr, sizeof(key), by_inode) : NULL;
		if (!lock)
			continue;
		fd = below_open(walk_fd(dir), v[i].name, &v[i].meta.st);
		if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &word) < 0 ||
		    (((uint32_t)word & META_LOCKS) != lock->flags &&
		     sys_setflags(fd, (uint32_t)word | lock->flags) < 0))
			return walk_fail(err, dir, v[i].name, "cannot lock again");
	}
	return 0;
}

static int look_beside(const struct step *s, const struct work *w, int beside, struct err *err)
{
	static const struct walk_ops ops = {
		.entries = lock_again, .quiet = true, .may_vanish = true,
	};
	const struct walk_options how = {
		.threads = walk_threads(w->threads, false, FROZEN_THREADS), .second = -1,
	};
	struct locks locks = { NULL, 0 };
	int rc = load(&locks, s, w, err);

	if (rc == 0)
		rc = walk_tree(beside, &ops, &locks, &how, err);
	free(locks.v);
	return rc;
}

int frozen_end(const struct frozen *f, const struct step *s, const struct work *w, int beside,
	       struct err *err)
{
	char name[32];
	struct place at = { w->folder, record_name(s, name) };

	if (!f->noted)
		return 0;
	if (f->again && look_beside(s, w, beside, err) < 0)
		return -1;
	if (sys_syncfs(beside) < 0)
		return fail_errno(err, "cannot write back the locks of shared files");
	return sys_unlink(&at) < 0 ? fail_errno(err, "cannot remove '%s'", name) : 0;
}
