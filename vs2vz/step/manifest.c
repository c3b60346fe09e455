/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tree against its manifest, and the looks at a tree that write one: alone, or once
 * more at what the steps of a plan changed. The format is in manifest_file.c. Trees are
 * only read.
 *
 * Comparing walks the tree. The record of a directory is read when its first names come,
 * and is gone when all its names were given: what the walk did not meet is missing.
 */
#include "step/manifest.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compat.h"
#include "base/inroot.h"
#include "base/unseen.h"
#include "base/pool.h"
#include "step/kinds.h"
#include "step/manifest_inside.h"
#include "step/touched.h"
#include "step/view.h"

#define MANIFEST_THREADS 8

const char *manifest_name(char text[static MANIFEST_NAME], unsigned step, bool of_copy)
{
	snprintf(text, MANIFEST_NAME, "manifest.%u%s", step, of_copy ? ".copy" : "");
	return text;
}

/* ---- comparing */

struct keys {
	size_t nr, cap;
	uint64_t *v;		/* sorted once all are there */
};

struct matching {
	const struct manifest_options *opt;
	struct manifest_file file;
	pthread_mutex_t lock;
	struct manifest_page *pages;	/* of the directories being read */
	struct keys touched;		/* names: keys as if they were directories */
	struct keys inodes;		/* with several names, of which steps changed one */
	manifest_report *report;
	void *ctx;
	int64_t differences;
	struct manifest_counts *counts;
	/* NULL, or gets what differs: manifest_complete() of a repair in place. */
	struct manifest_writer *into;
};

static void key_add(struct keys *k, uint64_t key)
{
	if (k->nr == k->cap) {
		k->cap = k->cap ? k->cap * 2 : 32;
		k->v = xrealloc(k->v, k->cap * sizeof(*k->v));
	}
	k->v[k->nr++] = key;
}

static int by_number(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static void keys_sort(struct keys *k)
{
	if (k->nr)
		qsort(k->v, k->nr, sizeof(*k->v), by_number);
}

static bool key_known(const struct keys *k, uint64_t key)
{
	return k->nr && bsearch(&key, k->v, k->nr, sizeof(*k->v), by_number);
}

/* The key of the last name of a path below the tree; the root's own is MANIFEST_ROOT_SELF. */
static uint64_t key_of_path(const char *path, uint64_t *parent)
{
	uint64_t key = MANIFEST_ROOT_SELF, dir = 0;
	char name[256];

	*parent = 0;
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len && len < sizeof(name)) {
			memcpy(name, path, len);
			name[len] = '\0';
			*parent = dir;
			key = dir = manifest_key(dir, name);
		}
		path += len + (path[len] == '/');
	}
	return key;
}

static void differs(struct matching *m, const struct walk_dir *dir, const char *name,
		    const char *what)
{
	struct buf CLEANUP_BUF path = BUF_INIT;

	if (m->report && dir)
		walk_path(&path, dir, name);
	pthread_mutex_lock(&m->lock);
	m->differences++;
	if (m->report)
		m->report(m->ctx, dir ? path.data : ".", what);
	pthread_mutex_unlock(&m->lock);
}

static bool same_times(const struct manifest_entry *e, const struct stat *st, bool coarse)
{
	const struct timespec was = { .tv_sec = (time_t)e->mtime, .tv_nsec = (long)e->mtime_ns };

	return times_agree(&was, &st->st_mtim, st->st_mode, coarse);
}

/* Do ctime and link count of this object say something of it alone? */
static bool has_witness(const struct matching *m, const struct manifest_entry *e, uint64_t key)
{
	const struct manifest_options *o = m->opt;

	if (o->state == MANIFEST_FOUND && (e->again || o->no_ctime || key == MANIFEST_ROOT_SELF ||
					   key_known(&m->touched, key)))
		return false;
	if (S_ISDIR(e->mode) || e->nlink < 2)
		return true;
	return !o->shared && (e->again || !key_known(&m->inodes, e->ino));
}

/* The first thing that differs, NULL: nothing. key: of the name. */
static const char *what_differs(struct matching *m, const struct manifest_entry *e,
				const struct stat *st, uint64_t key)
{
	bool witness;

	if ((e->mode ^ st->st_mode) & S_IFMT)
		return "type";
	if (e->ino != st->st_ino)
		return MANIFEST_OTHER;
	if (e->uid != st->st_uid || e->gid != st->st_gid)
		return "owner";
	if (e->mode != st->st_mode)
		return "mode";
	if ((S_ISREG(e->mode) || S_ISLNK(e->mode)) && e->size != (uint64_t)st->st_size)
		return MANIFEST_SIZE;
	/* The time of a directory in which steps change names is restored, or theirs. */
	if (!same_times(e, st, m->opt->coarse) &&
	    !(key == MANIFEST_ROOT_SELF && m->opt->state == MANIFEST_FOUND))
		return S_ISDIR(e->mode) ? MANIFEST_NAMES : MANIFEST_MTIME;
	witness = has_witness(m, e, key);
	if (!witness)
		__atomic_add_fetch(&m->counts->unwitnessed, 1, __ATOMIC_RELAXED);
	if (witness && !S_ISDIR(e->mode) && e->nlink != st->st_nlink)
		return "number of names";
	if (witness && (e->ctime != st->st_ctim.tv_sec ||
			e->ctime_ns != (uint32_t)st->st_ctim.tv_nsec))
		return MANIFEST_CTIME;
	return NULL;
}

/* The record of a directory that is being read. NULL: err. */
static struct manifest_page *page_of(struct matching *m, const struct walk_dir *dir,
				     struct err *err)
{
	struct manifest_page *p;
	bool loaded = true;

	pthread_mutex_lock(&m->lock);
	for (p = m->pages; p && p->dir != dir; p = p->next)
		;
	if (!p) {
		p = xcalloc(1, sizeof(*p));
		p->dir = dir;
		loaded = manifest_page_load(p, &m->file, dir->key, m->opt->state, err) == 0;
		p->next = m->pages;
		m->pages = p;
	}
	pthread_mutex_unlock(&m->lock);
	return loaded ? p : NULL;
}

static void page_drop(struct matching *m, struct manifest_page *gone)
{
	struct manifest_page **at = &m->pages;

	pthread_mutex_lock(&m->lock);
	while (*at && *at != gone)
		at = &(*at)->next;
	if (*at)
		*at = gone->next;
	pthread_mutex_unlock(&m->lock);
	manifest_page_release(gone);
	free(gone);
}

struct match_scratch {
	struct manifest_counts counts;
	struct manifest_block differing;	/* where they are written down */
};

static bool enters(const struct matching *m, const struct walk_dir *dir, const char *name)
{
	struct buf CLEANUP_BUF path = BUF_INIT;

	if (!m->opt->enter_new)
		return false;
	walk_path(&path, dir, name);
	return m->opt->enter_new(m->ctx, path.data);
}

/* 0 or -1. */
static int match_one(struct matching *m, struct match_scratch *s, struct walk_dir *dir,
		     struct walk_entry *e, struct manifest_page *p, struct err *err)
{
	struct manifest_entry *was = manifest_page_find(p, e->name);
	const char *what;

	e->key = manifest_key(dir->key, e->name);
	if (!was || was->gone) {
		s->counts.extra++;
		e->enter = e->enter && enters(m, dir, e->name);
		differs(m, dir, e->name, MANIFEST_EXTRA);
		what = MANIFEST_EXTRA;
	} else {
		was->seen = true;
		s->counts.compared++;
		what = what_differs(m, was, &e->meta.st, e->key);
		e->enter &= was->ino == e->meta.st.st_ino;
		s->counts.differing += what != NULL;
		if (what)
			differs(m, dir, e->name, what);
	}
	if (what && m->into)
		manifest_block_add(&s->differing, e->name, &e->meta.st);
	if (!what && m->opt->same && S_ISREG(e->meta.st.st_mode))
		return m->opt->same(m->ctx, dir, e->name, &e->meta.st, err);
	return 0;
}

static int entries(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *v, size_t nr,
		   struct err *err)
{
	struct matching *m = t->ctx;
	struct match_scratch *s = t->local;
	struct manifest_page *p = page_of(m, dir, err);
	int rc = p ? 0 : -1;

	if (m->into)
		manifest_block_begin(&s->differing, dir->key);
	for (size_t i = 0; i < nr && rc == 0; i++)
		rc = match_one(m, s, dir, &v[i], p, err);
	if (m->into)
		manifest_block_end(&s->differing, m->into);
	return rc;
}

/* All names were given: the record's others are missing. */
static int named(struct walk_thread *t, struct walk_dir *dir, struct err *err)
{
	struct matching *m = t->ctx;
	struct match_scratch *s = t->local;
	struct manifest_page *p = page_of(m, dir, err);

	if (!p)
		return -1;
	if (m->into)
		manifest_block_begin(&s->differing, dir->key);
	for (size_t i = 0; i < p->nr; i++) {
		if (p->v[i].seen || p->v[i].gone)
			continue;
		s->counts.missing++;
		differs(m, dir, manifest_page_name(p, &p->v[i]), MANIFEST_MISSING);
		if (m->into)
			manifest_block_add(&s->differing, manifest_page_name(p, &p->v[i]), NULL);
	}
	if (m->into)
		manifest_block_end(&s->differing, m->into);
	page_drop(m, p);
	return 0;
}

static void end(struct walk_thread *t)
{
	struct matching *m = t->ctx;
	const struct match_scratch *s = t->local;

	m->counts->compared += s->counts.compared;
	m->counts->differing += s->counts.differing;
	m->counts->missing += s->counts.missing;
	m->counts->extra += s->counts.extra;
}

static int match_root(struct matching *m, int treefd, struct err *err)
{
	struct manifest_page p = { .nr = 0 };
	const struct manifest_entry *was;
	const char *what = NULL;
	struct stat st;
	int rc = manifest_page_load(&p, &m->file, MANIFEST_ROOT_SELF, m->opt->state, err);

	was = rc == 0 ? manifest_page_find(&p, ".") : NULL;
	if (rc == 0 && fstat(treefd, &st) < 0)
		rc = fail_errno(err, "cannot read the metadata of the tree");
	if (rc == 0) {
		what = was ? what_differs(m, was, &st, MANIFEST_ROOT_SELF) : "type";
		m->counts->compared = 1;
		m->counts->differing = what != NULL;
		if (what)
			differs(m, NULL, NULL, what);
	}
	manifest_page_release(&p);
	return rc;
}

/* ---- what the steps changed */

static void touch(void *ctx, const char *path, enum touched_how how)
{
	struct matching *m = ctx;
	uint64_t parent;

	(void)how;
	key_add(&m->touched, key_of_path(path, &parent));
}

/* Inodes with several names, one of which the steps changed: the others' ctimes are theirs. */
static int note_inodes(struct matching *m, struct err *err)
{
	uint64_t last = 0;
	bool any = false;

	for (size_t i = 0; i < m->file.nr; i++) {
		struct manifest_page p = { .nr = 0 };
		int rc;

		if (!(m->file.row[i].at & 1) || (any && m->file.row[i].key == last))
			continue;
		last = m->file.row[i].key;
		any = true;
		for (int state = MANIFEST_FOUND; state <= MANIFEST_DONE; state++) {
			rc = manifest_page_load(&p, &m->file, last, (enum manifest_state)state, err);
			for (size_t k = 0; rc == 0 && k < p.nr; k++)
				if (p.v[k].again && p.v[k].nlink > 1)
					key_add(&m->inodes, p.v[k].ino);
			manifest_page_release(&p);
			p = (struct manifest_page){ .nr = 0 };
			if (rc < 0)
				return -1;
		}
	}
	return 0;
}

static int match(struct matching *m, int treefd, struct err *err)
{
	static const struct walk_ops ops = {
		.local_size = sizeof(struct match_scratch),
		.end = end,
		.entries = entries,
		.named = named,
		.may_vanish = true,
	};
	const struct walk_options how = {
		.threads = walk_threads(m->opt->threads, m->opt->rotational, MANIFEST_THREADS),
		.second = -1,
	};
	int rc;

	*m->counts = (struct manifest_counts){ .recorded = m->opt->state == MANIFEST_FOUND ?
					       m->file.found_objects : m->file.objects };
	if (m->opt->touched && m->opt->state == MANIFEST_FOUND)
		touched_each(m->opt->touched, touch, m);
	rc = note_inodes(m, err);
	keys_sort(&m->touched);
	keys_sort(&m->inodes);
	pthread_mutex_init(&m->lock, NULL);
	if (rc == 0)
		rc = match_root(m, treefd, err);
	if (rc == 0)
		rc = walk_tree(treefd, &ops, m, &how, err);
	while (m->pages)
		page_drop(m, m->pages);
	pthread_mutex_destroy(&m->lock);
	free(m->touched.v);
	free(m->inodes.v);
	return rc;
}

int64_t manifest_compare(int folder, const char *name, int treefd,
			 const struct manifest_options *opt, manifest_report *report, void *ctx,
			 struct manifest_counts *counts, struct err *err)
{
	struct matching m = { .opt = opt, .report = report, .ctx = ctx, .counts = counts };
	struct manifest_file CLEANUP_MANIFEST file = MANIFEST_FILE_INIT;
	int rc;

	if (manifest_file_open(&file, folder, name, err) < 0)
		return -1;
	m.file = file;
	rc = match(&m, treefd, err);
	return rc < 0 ? -1 : m.differences;
}

/* ---- asked by another walk */

struct manifest_asked {
	struct manifest_options opt;
	struct manifest_counts counts;
	struct matching m;
};

/* Absence: 0 and fd -1. */
static int open_if_there(struct manifest_file *f, int folder, const char *name, struct err *err)
{
	if (manifest_file_open(f, folder, name, err) == 0)
		return 0;
	if (!err_is_absent(err))
		return -1;
	err_clear(err);
	*f = (struct manifest_file)MANIFEST_FILE_INIT;
	return 0;
}

int manifest_ask_begin(struct manifest_asked **out, int folder, const char *name,
		       const struct manifest_options *opt, struct err *err)
{
	struct manifest_asked *a = xcalloc(1, sizeof(*a));

	*out = NULL;
	a->opt = *opt;
	a->m = (struct matching){ .opt = &a->opt, .counts = &a->counts };
	pthread_mutex_init(&a->m.lock, NULL);
	if (open_if_there(&a->m.file, folder, name, err) < 0 ||
	    (a->m.file.fd >= 0 && note_inodes(&a->m, err) < 0)) {
		manifest_ask_end(a);
		return -1;
	}
	keys_sort(&a->m.inodes);
	if (a->m.file.fd >= 0)
		*out = a;
	else
		manifest_ask_end(a);
	return 0;
}

void manifest_ask_end(struct manifest_asked *a)
{
	if (!a)
		return;
	while (a->m.pages)
		page_drop(&a->m, a->m.pages);
	pthread_mutex_destroy(&a->m.lock);
	manifest_file_close(&a->m.file);
	free(a->m.inodes.v);
	free(a);
}

static const char *answer(struct matching *m, const struct manifest_entry *was,
			  const struct stat *now, uint64_t key)
{
	if (!was || was->gone)
		return now ? MANIFEST_EXTRA : NULL;
	return now ? what_differs(m, was, now, key) : MANIFEST_MISSING;
}

int manifest_ask(struct manifest_asked *a, const struct walk_dir *dir, const char *name,
		 const struct stat *now, const char **what, uint64_t *key, struct err *err)
{
	struct manifest_page *p = page_of(&a->m, dir, err);

	if (!p)
		return -1;
	*key = manifest_key(dir->key, name);
	*what = answer(&a->m, manifest_page_find(p, name), now, *key);
	return 0;
}

int manifest_ask_root(struct manifest_asked *a, const struct stat *now, const char **what,
		      struct err *err)
{
	struct manifest_page p = { .nr = 0 };
	int rc = manifest_page_load(&p, &a->m.file, MANIFEST_ROOT_SELF, a->opt.state, err);

	if (rc == 0)
		*what = answer(&a->m, manifest_page_find(&p, "."), now, MANIFEST_ROOT_SELF);
	manifest_page_release(&p);
	return rc;
}

void manifest_ask_named(struct manifest_asked *a, const struct walk_dir *dir)
{
	struct manifest_page *p;

	pthread_mutex_lock(&a->m.lock);
	for (p = a->m.pages; p && p->dir != dir; p = p->next)
		;
	pthread_mutex_unlock(&a->m.lock);
	if (p)
		page_drop(&a->m, p);
}

int manifest_there(bool *there, int folder, const char *name, uint64_t root_ino, struct err *err)
{
	struct manifest_file CLEANUP_MANIFEST f = MANIFEST_FILE_INIT;
	struct manifest_page p = { .nr = 0 };
	const struct manifest_entry *root;
	int rc;

	*there = false;
	if (open_if_there(&f, folder, name, err) < 0)
		return -1;
	if (f.fd < 0)
		return 0;
	rc = manifest_page_load(&p, &f, MANIFEST_ROOT_SELF, MANIFEST_FOUND, err);
	root = rc == 0 ? manifest_page_find(&p, ".") : NULL;
	*there = root && (!root_ino || root->ino == root_ino);
	manifest_page_release(&p);
	return rc;
}

int manifest_is_done(bool *done, int folder, const char *name, struct err *err)
{
	struct manifest_file CLEANUP_MANIFEST f = MANIFEST_FILE_INIT;

	*done = false;
	if (open_if_there(&f, folder, name, err) < 0)
		return -1;
	*done = f.fd >= 0 && f.end > f.found_end;
	return 0;
}

/* ---- writing: a walk of its own */

void manifest_batch(struct manifest_writer *w, const struct walk_dir *dir, struct walk_entry *v,
		    size_t nr)
{
	struct manifest_block b;

	manifest_block_begin(&b, dir->key);
	for (size_t i = 0; i < nr; i++)
		v[i].key = manifest_block_add(&b, v[i].name, &v[i].meta.st);
	manifest_block_end(&b, w);
}

static int batch(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *v, size_t nr,
		 struct err *err)
{
	(void)err;
	manifest_batch(t->ctx, dir, v, nr);
	return 0;
}

/* key: of the directory. */
static int walk_into(struct manifest_writer *w, int dirfd, uint64_t key, unsigned threads,
		     bool rotational, struct err *err)
{
	static const struct walk_ops ops = { .entries = batch, .may_vanish = true };
	const struct walk_options how = {
		.threads = walk_threads(threads, rotational, MANIFEST_THREADS), .second = -1, .key = key,
	};

	return walk_tree(dirfd, &ops, w, &how, err);
}

int manifest_of_tree(const struct place *at, int treefd, unsigned threads, bool rotational,
		     struct err *err)
{
	struct manifest_writer *w = manifest_begin(at, err);
	struct stat root;

	if (!w)
		return -1;
	if (walk_into(w, treefd, 0, threads, rotational, err) < 0) {
		manifest_drop(w);
		return -1;
	}
	if (fstat(treefd, &root) < 0) {
		fail_errno(err, "cannot read the metadata of the tree");
		manifest_drop(w);
		return -1;
	}
	if (manifest_end(w, &root, true, err) < 0)
		return -1;
	return sys_fsync(at->dirfd) < 0 ? fail_errno(err, "cannot flush the journal's folder") : 0;
}

int manifest_ensure(struct work *w, const struct step *s, int treefd, struct err *err)
{
	char name[MANIFEST_NAME];
	const struct place at = { w->folder, manifest_name(name, s->nr, false) };
	struct stat root;
	bool there;

	if (fstat(treefd, &root) < 0)
		return fail_errno(err, "cannot read the metadata of the tree");
	if (manifest_there(&there, w->folder, name, root.st_ino, err) < 0) {
		if (err_is_refusal(err))
			return -1;
		err_clear(err);
		there = false;
	}
	return there ? 0 : manifest_of_tree(&at, treefd, w->threads, false, err);
}

/* ---- once more, what the steps changed */

struct completing {
	const struct root *tree;
	struct manifest_writer *into;
	unsigned threads;
	int rc;
	struct err err;
};

static int look_below(struct completing *c, const struct place *at, const struct stat *st,
		      uint64_t key)
{
	int CLEANUP_FD fd = below_open(at->dirfd, at->name, st);

	if (fd < 0)
		return fail_errno(&c->err, "cannot open '%s'", show(at->name));
	return walk_into(c->into, fd, key, c->threads, false, &c->err);
}

static int look_again(struct completing *c, const char *path, bool whole)
{
	struct spot CLEANUP_SPOT spot = SPOT_INIT;
	struct manifest_block b;
	uint64_t parent, key = key_of_path(path, &parent);
	struct stat st;
	bool there;

	if (strict_spot(c->tree, path, &spot, &c->err) < 0) {
		if (!err_is_absent(&c->err) && c->err.code != ELOOP)
			return -1;
		err_clear(&c->err);
		return 0;
	}
	there = below_stat(spot.at.dirfd, spot.at.name, &st) == 0;
	if (!there && errno != ENOENT)
		return fail_errno(&c->err, "cannot look at '%s'", show(path));
	manifest_block_begin(&b, parent);
	manifest_block_add(&b, spot.at.name, there ? &st : NULL);
	manifest_block_end(&b, c->into);
	return there && whole && S_ISDIR(st.st_mode) ? look_below(c, &spot.at, &st, key) : 0;
}

static void complete_one(void *ctx, const char *path, enum touched_how how)
{
	struct completing *c = ctx;

	if (c->rc == 0 && *path)
		c->rc = look_again(c, path, how == TOUCHED_WHOLE);
}

/* The tree of the step, where it stands when the steps are done. */
static int open_tree(struct work *w, const struct step *s, struct err *err)
{
	const char *to = step_get(s, "to"), *rest;
	struct root own;
	int rc;

	if (s->kind == &kind_makefs) {
		rc = view_root(&own, &rest, pool_printf(w->pool, "%s/.", to), w, err);
		if (rc < 0)
			return -1;
		if (rc)
			return dup_cloexec(own.fd, 3);
	}
	return strict_opendir(w->root, to, err);
}

static bool has_repair(const struct work *w)
{
	for (size_t i = 0; i < w->nr_steps; i++)
		if (w->steps[i].kind == &kind_marks)
			return true;
	return false;
}

/* A repair in place changed whatever differs now. */
static int add_differences(struct manifest_file *f, struct manifest_writer *into, int fd,
			   const struct work *w, struct err *err)
{
	const struct manifest_options opt = { .state = MANIFEST_FOUND, .threads = w->threads };
	struct manifest_counts counts;
	struct matching m = { .opt = &opt, .counts = &counts, .into = into, .file = *f };

	return match(&m, fd, err);
}

static int complete(struct work *w, const struct step *s, const struct place *at,
		    struct manifest_file *f, int fd, struct err *err)
{
	const struct touched t = { w->steps, w->nr_steps, step_get(s, "to"), w->coarse,
				   w->token };
	struct root tree = { fd, "" };
	struct completing c = { .tree = &tree, .threads = w->threads };
	struct stat root;

	c.into = manifest_again(at, f, err);
	if (!c.into)
		return -1;
	if (s->kind == &kind_rename && has_repair(w))
		c.rc = add_differences(f, c.into, fd, w, err);
	if (c.rc == 0) {
		touched_each(&t, complete_one, &c);
		if (c.rc < 0)
			*err = c.err;
	}
	if (c.rc == 0 && fstat(fd, &root) < 0)
		c.rc = fail_errno(err, "cannot read the metadata of the tree");
	if (c.rc == 0)
		return manifest_end(c.into, &root, true, err);
	manifest_drop(c.into);
	return -1;
}

int manifest_complete(struct work *w, struct err *err)
{
	char name[MANIFEST_NAME];

	for (size_t i = 0; i < w->nr_steps; i++) {
		const struct step *s = &w->steps[i];
		struct manifest_file CLEANUP_MANIFEST f = MANIFEST_FILE_INIT;
		bool renamed = s->kind == &kind_rename;
		struct place at = { w->folder, name };
		int CLEANUP_FD fd = -1;

		if (!renamed && s->kind != &kind_copy && s->kind != &kind_makefs)
			continue;
		if (open_if_there(&f, w->folder, manifest_name(name, s->nr, !renamed), err) < 0)
			return -1;
		if (f.fd < 0)
			continue;
		fd = open_tree(w, s, err);
		if (fd < 0 || complete(w, s, &at, &f, fd, err) < 0)
			return -1;
	}
	return 0;
}
