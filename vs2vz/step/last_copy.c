/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One walk of the source with the copy as its companion. An object of the source that
 * changed since is compared with the copy and named where it differs; a pair that neither
 * side changed since must agree, and some of them are read. What the container changed in
 * its copy is its own and is only counted.
 *
 * Other trees share inodes with a source: when names of those go, link count and ctime
 * change, and nothing else. While a commit goes on that was cut, directories have lost
 * names, and files other names, by our own hand.
 */
#include "step/last_copy.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/log.h"
#include "base/walk.h"
#include "step/content.h"
#include "step/last_copy_life.h"
#include "step/manifest.h"
#include "step/source.h"
#include "step/touched.h"
#include "step/treeutil.h"
#include "step/view.h"

#define LOOK_THREADS 4
#define READ_FILES 64u
#define READ_BYTES (64ull << 20)
#define SAID_MOST 20
#define WHOLE_MOST (8u << 20)	/* of larger files PIECES are read */
#define PIECES 8u

struct looking {
	const struct step *made;
	struct work *w;
	const char *path;		/* where the source stands */
	const char *copy;		/* where the copy does */
	const struct marks *marks;
	struct target_fs fs;
	struct touched touched;
	struct timespec since;		/* what changed then or later is newer than the record */
	bool alone;			/* the source by itself */
	bool settling;			/* no container has run: all differences count */
	uint64_t seen, chosen, bytes;	/* files so far; those that are read, and how much */
	pthread_mutex_t lock;
	uint64_t nr_late;
	struct buf late;		/* the first ones, for a message */
	struct loss loss;
	struct life life;		/* what became of the copy; not where settling or alone */
	/* What the manifest of the source has otherwise; sorted. */
	struct pool pool;
	size_t nr_named, cap_named;
	const char **named;
};

struct look_scratch {
	char *content, *other;
	struct hidden_window window;
	struct loss loss;
	struct life_counts life;
};

/* ---- records */

static const char *record_name(const struct step *retire, char name[static 32])
{
	snprintf(name, 32, "retire.%u", retire->nr);
	return name;
}

static int record_write(const struct step *retire, const struct work *w, struct err *err)
{
	const struct atomic_meta meta = { .mode = 0600, .uid = geteuid(), .gid = getegid() };
	char name[32];
	const struct place at = { w->folder, record_name(retire, name) };

	return atomic_write(&at, "set aside\n", 10, &meta, true, err);
}

int last_copy_forget(const struct step *retire, const struct work *w, struct err *err)
{
	char name[32];
	const struct place at = { w->folder, record_name(retire, name) };

	return sys_unlink(&at) < 0 && errno != ENOENT ?
	       fail_errno(err, "cannot remove the record '%s'", name) : 0;
}

/* The time of a file in the journal's folder; the beginning of time where there is none. */
static struct timespec time_of(const struct work *w, const char *name)
{
	struct stat st;

	return below_stat(w->folder, name, &st) == 0 ? st.st_mtim : (struct timespec){ 0, 0 };
}

const struct step *last_copy_maker(const struct step *retire, const struct work *w)
{
	for (size_t i = 0; i < w->nr_steps; i++) {
		const struct step *s = &w->steps[i];

		if ((s->kind == &kind_copy || s->kind == &kind_makefs) &&
		    strcmp(step_get(s, "from"), step_get(retire, "from")) == 0)
			return s;
	}
	return NULL;
}

const struct step *last_copy_retire(const struct step *made, const struct work *w)
{
	for (size_t i = 0; i < w->nr_steps; i++)
		if (w->steps[i].kind == &kind_retire &&
		    strcmp(step_get(&w->steps[i], "from"), step_get(made, "from")) == 0)
			return &w->steps[i];
	return NULL;
}

static int read_names(int fd, const char *path, struct err *err)
{
	struct root dir = { fd, path };
	struct pool pool = POOL_INIT;
	struct names names;
	int rc = root_names(&dir, "/", &pool, &names, err);

	pool_release(&pool);
	return rc;
}

int last_copy_open(const struct step *made, struct work *w, struct err *err)
{
	int fd = made->kind == &kind_copy ? copy_open(made, w, err) : makefs_open(made, w, err);

	if (fd >= 0 && read_names(fd, step_get(made, "to"), err) < 0)
		close_fd(&fd);
	return fd;
}

/* ---- one object */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_named(const struct looking *l, const struct walk_dir *dir, const char *name)
{
	struct buf CLEANUP_BUF below = BUF_INIT;
	const char *path;

	if (!l->nr_named)
		return false;
	walk_path(&below, dir, name);
	path = below.data;
	return bsearch(&path, l->named, l->nr_named, sizeof(*l->named), by_text) != NULL;
}

static bool is_suspect(const struct looking *l, const struct walk_dir *dir, const struct walk_entry *e)
{
	const struct stat *st = &e->meta.st;
	bool written = is_newer(&st->st_mtim, &l->since);

	if (is_named(l, dir, e->name))
		return true;
	if (!is_newer(&st->st_ctim, &l->since))
		return false;
	if (l->w->resumes)
		return written && !S_ISDIR(st->st_mode);
	return written || !S_ISREG(st->st_mode) ||
	       (st->st_nlink == 1 && !(e->meta.flags & e->meta.flags_known & FS_IMMUTABLE_FL));
}

static int add_late(struct looking *l, const struct walk_dir *dir, const char *name, const char *what)
{
	struct buf CLEANUP_BUF below = BUF_INIT;
	struct buf CLEANUP_BUF path = BUF_INIT;

	walk_path(&below, dir, name);
	buf_addf(&path, "%s/%s", l->path, below.data);
	pthread_mutex_lock(&l->lock);
	if (l->nr_late++ < SAID_MOST)
		log_say(LOG_WARNING, "newer than the copy: %s (%s)", show(path.data), what);
	if (l->late.len < 400)
		buf_addf(&l->late, "%s'%s' (%s)", l->late.len ? ", " : "", show(below.data), what);
	work_late(l->w, path.data, "newer than its copy: %s", what);
	pthread_mutex_unlock(&l->lock);
	return 0;
}

static int damaged(const struct looking *l, const struct walk_dir *dir, const char *name,
		   const char *what, struct err *err)
{
	struct buf CLEANUP_BUF below = BUF_INIT;

	walk_path(&below, dir, name);
	return fail_code(err, ERR_FOREIGN, "the copy '%s' is damaged: '%s' differs (%s), though nobody "
			 "changed it since it was made", show(l->copy), show(below.data), what);
}

/* Does a step of the plan account for it? */
static bool is_step_made(const struct looking *l, const struct walk_dir *dir, const char *name,
		    const char *what)
{
	struct buf CLEANUP_BUF below = BUF_INIT;

	walk_path(&below, dir, name);
	return touched_explains(&l->touched, below.data, what);
}

/* With its path. */
static int unread(const struct walk_dir *dir, const char *name, struct err *err)
{
	struct buf CLEANUP_BUF below = BUF_INIT;

	walk_path(&below, dir, name);
	err_add(err, "'%s'", show(below.data));
	return -1;
}

/* As many bytes as there are, up to CONTENT_BUF. */
static ssize_t read_piece(int fd, char *buf, uint64_t at)
{
	ssize_t n, got = 0;

	while (got < CONTENT_BUF &&
	       (n = pread(fd, buf + got, (size_t)(CONTENT_BUF - got), (off_t)at + got)) != 0) {
		if (n < 0)
			return -1;
		got += n;
	}
	return got;
}

/* First, last and some in between, of one file or (to >= 0) of two that must be equal. */
static int read_pieces(struct look_scratch *s, int from, int to, uint64_t size, struct err *err)
{
	for (uint64_t i = 0; i < PIECES; i++) {
		uint64_t at = (size - CONTENT_BUF) / (PIECES - 1) * i & ~4095ull;
		ssize_t a = read_piece(from, s->content, at);
		ssize_t b = to < 0 ? a : read_piece(to, s->other, at);

		if (a < 0 || b < 0)
			return fail_errno(err, "cannot read");
		if (to >= 0 && (a != b || memcmp(s->content, s->other, (size_t)a) != 0))
			return 0;
	}
	return 1;
}

/* 1: the same bytes, 0: not, -1: one of them cannot be read. to -1: only read. */
static int same_bytes(struct look_scratch *s, int from, int to, const struct stat *st, bool whole,
		      struct err *err)
{
	struct hash128 a, b;

	if (to >= 0)
		content_from_disk(to, st, true);
	if (!whole && st->st_size > (off_t)WHOLE_MOST)
		return read_pieces(s, from, to, (uint64_t)st->st_size, err);
	if (content_hash(from, st, s->content, &a, err) < 0 ||
	    (to >= 0 && content_hash(to, st, s->other, &b, err) < 0))
		return -1;
	return to < 0 || hash_equal(a, b);
}

static int same_content(struct look_scratch *s, const struct walk_dir *dir, const struct walk_entry *e,
			const struct meta *now, bool whole, struct err *err)
{
	int CLEANUP_FD from = below_open(walk_fd(dir), e->name, &e->meta.st);
	int CLEANUP_FD to = from < 0 ? -1 : below_open(walk_second(dir), e->name, &now->st);
	int same;

	if (to < 0)
		return walk_fail(err, dir, e->name, "cannot open");
	same = same_bytes(s, from, to, &e->meta.st, whole, err);
	return same < 0 ? unread(dir, e->name, err) : same;
}

/* The word for the first difference, NULL: none; "" with errno. Contents are not read. */
static const char *what_differs(struct looking *l, struct look_scratch *s, const struct walk_dir *dir,
				const struct walk_entry *e, const struct meta *now)
{
	bool files = S_ISREG(e->meta.st.st_mode) && S_ISREG(now->st.st_mode);
	struct meta meta[2] = { e->meta, *now };
	struct side side[2] = {
		{ walk_fd(dir), e->name, -1, &meta[0], 0 },
		{ walk_second(dir), e->name, -1, &meta[1], 0 },
	};
	int CLEANUP_FD from = files ? below_open(walk_fd(dir), e->name, &e->meta.st) : -1;
	int CLEANUP_FD to = files ? below_open(walk_second(dir), e->name, &now->st) : -1;
	int64_t gone = mend_meta(l->marks, &s->window, from, &meta[0]);

	if (gone < 0 || (files && (from < 0 || to < 0)))
		return "";
	side[0].fd = from;
	side[1].fd = to;
	side[0].thawed = (uint32_t)gone;
	for (int i = 0; files && l->marks && i < 2; i++) {	/* as in compare.c */
		meta[i].flags &= ~(uint32_t)FS_IMMUTABLE_FL;
		side[i].thawed |= FS_IMMUTABLE_FL;
	}
	return S_ISDIR(e->meta.st.st_mode) ? status_differs(&meta[0].st, &meta[1].st, &l->fs) :
					     side_differs(&side[0], &side[1], &l->fs);
}

/* It changed since: is that in the copy? */
static int judge_suspect(struct looking *l, struct look_scratch *s, const struct walk_dir *dir,
			 const struct walk_entry *e, const struct meta *now, struct err *err)
{
	const char *what = what_differs(l, s, dir, e, now);
	int same;

	if (what && !*what)
		return walk_fail(err, dir, e->name, "cannot compare");
	if (!what && S_ISREG(e->meta.st.st_mode)) {
		same = same_content(s, dir, e, now, true, err);
		if (same < 0)
			return -1;
		what = same ? NULL : "content";
	}
	if (!what)
		return 0;
	/*
	 * A directory that a step of ours changed in the copy has another time there. What
	 * comes back when a crash takes a removal back may have any time.
	 */
	if ((l->w->resumes || S_ISDIR(e->meta.st.st_mode)) && is_step_made(l, dir, e->name, what))
		return 0;
	return add_late(l, dir, e->name, what);
}

static bool is_set_id(const struct stat *st)
{
	return st->st_mode & (S_ISUID | S_ISGID);
}

/*
 * What runs with others' rights is read whole. Of all others the first READ_FILES, then
 * every second one until there are twice as many, every fourth, and so on: the last
 * directories of a large tree have their share. Until READ_BYTES are read.
 */
static bool to_be_read(struct looking *l, const struct stat *st)
{
	uint64_t seen, step;

	if (!S_ISREG(st->st_mode) || !st->st_size)
		return false;
	if (is_set_id(st))
		return true;
	if (__atomic_load_n(&l->bytes, __ATOMIC_RELAXED) >= READ_BYTES)
		return false;
	step = __atomic_load_n(&l->chosen, __ATOMIC_RELAXED) / READ_FILES;
	seen = __atomic_fetch_add(&l->seen, 1, __ATOMIC_RELAXED);
	if (seen & ((1ull << (step < 32 ? step : 32)) - 1))
		return false;
	__atomic_fetch_add(&l->chosen, 1, __ATOMIC_RELAXED);
	return true;
}

static void count_read(struct looking *l, const struct stat *st, bool whole)
{
	uint64_t bytes = (uint64_t)st->st_size;

	if (!whole && bytes > WHOLE_MOST)
		bytes = (uint64_t)PIECES * CONTENT_BUF;
	__atomic_add_fetch(&l->bytes, bytes, __ATOMIC_RELAXED);
}

/* Nobody changed either of them. */
static int judge_pair(struct looking *l, struct look_scratch *s, const struct walk_dir *dir,
		      const struct walk_entry *e, const struct meta *now, struct err *err)
{
	struct meta mended = e->meta;
	const char *what;
	int same;

	if (l->w->resumes && S_ISDIR(e->meta.st.st_mode))
		return 0;	/* it has lost names */
	if (mend_meta(l->marks, &s->window, -1, &mended) < 0)
		return walk_fail(err, dir, e->name, "cannot compare");
	what = status_differs(&mended.st, &now->st, &l->fs);
	/*
	 * In a commit that goes on the times of the source tell less, and its own record nothing.
	 * That of the copy still does: there it is what it was, so the source was written to.
	 */
	if (what && l->w->resumes && l->life.record && !is_step_made(l, dir, e->name, what))
		return add_late(l, dir, e->name, what);
	if (!what && to_be_read(l, &e->meta.st)) {
		same = same_content(s, dir, e, now, is_set_id(&e->meta.st), err);
		if (same < 0)
			return -1;
		count_read(l, &now->st, is_set_id(&e->meta.st));
		what = same ? NULL : "content";
	}
	if (!what || is_step_made(l, dir, e->name, what))
		return 0;
	return damaged(l, dir, e->name, what, err);
}

static int judge_missing(struct looking *l, const struct walk_dir *dir, const struct walk_entry *e,
			 bool suspect, struct err *err)
{
	struct stat st;

	if (suspect && l->w->resumes && is_step_made(l, dir, e->name, "missing"))
		return 0;
	if (suspect)
		return add_late(l, dir, e->name, "not in the copy");
	if (walk_second(dir) < 0)
		return 0;	/* with its directory, which was judged */
	if (fstat(walk_second(dir), &st) < 0)
		return walk_fail(err, dir, NULL, "cannot look at the copy of");
	if (dir->mark || is_newer(&st.st_ctim, &l->since) || is_step_made(l, dir, e->name, "missing"))
		return 0;
	return damaged(l, dir, e->name, "missing", err);
}

/* What became of it in the copy, by the copy's own record. */
static int ask_life(struct looking *l, struct look_scratch *s, const struct walk_dir *dir,
		    struct walk_entry *e, const struct stat *now, const char **what, struct err *err)
{
	struct buf CLEANUP_BUF below = BUF_INIT;
	struct buf CLEANUP_BUF path = BUF_INIT;
	bool odd;

	*what = NULL;
	if (l->settling)
		return 0;
	if (life_ask(&l->life, &s->life, dir, e, now, what, &odd, &e->key, err) < 0)
		return -1;
	e->mark = *what != NULL;
	if (!*what)
		return 0;
	s->loss.changed++;
	if (!l->w->lists && !odd)
		return 0;
	walk_path(&below, dir, e->name);
	buf_addf(&path, "%s/%s", l->copy, below.data);
	pthread_mutex_lock(&l->lock);
	if (odd && !l->life.first[0])
		snprintf(l->life.first, sizeof(l->life.first), "'%s' (%s)", show(below.data), *what);
	work_other(l->w, path.data, *what);
	pthread_mutex_unlock(&l->lock);
	return 0;
}

/* What is mounted there covers what the copy has. */
static int covered(const struct looking *l, const struct walk_dir *dir, const char *name,
		   struct err *err)
{
	struct buf CLEANUP_BUF below = BUF_INIT;

	walk_path(&below, dir, name);
	return fail_code(err, ERR_FOREIGN, "'%s' in the copy '%s' is a mount point, and what it covers "
			 "cannot be seen: unmount what is mounted there", show(below.data),
			 show(l->copy));
}

static int compare(struct looking *l, struct look_scratch *s, struct walk_dir *dir,
		   struct walk_entry *e, struct err *err)
{
	bool suspect = is_suspect(l, dir, e), there = walk_second(dir) >= 0;
	const char *became;
	struct meta now;

	if (there && walk_meta(&now, dir, true, e->name) < 0) {
		if (errno != ENOENT)
			return walk_fail(err, dir, e->name, "cannot read the copy of");
		there = false;
	}
	if (there && now.mount_point)
		return covered(l, dir, e->name, err);
	if (ask_life(l, s, dir, e, there ? &now.st : NULL, &became, err) < 0)
		return -1;
	if (!there)
		return l->settling && !suspect ? 0 : judge_missing(l, dir, e, suspect, err);
	if (S_ISDIR(now.st.st_mode)) {
		e->second_dev = now.st.st_dev;
		e->second_ino = now.st.st_ino;
	}
	if (suspect)
		return judge_suspect(l, s, dir, e, &now, err);
	if (l->settling || became)
		return 0;
	if (is_newer(&now.st.st_ctim, &l->since)) {
		s->loss.changed += !l->life.record;	/* else a step of ours did it */
		return 0;
	}
	return judge_pair(l, s, dir, e, &now, err);
}

/* The source by itself: it can be read. */
static int read_one(struct looking *l, struct look_scratch *s, const struct walk_dir *dir,
		    const struct walk_entry *e, struct err *err)
{
	bool whole = is_set_id(&e->meta.st);
	int CLEANUP_FD fd = -1;

	if (!to_be_read(l, &e->meta.st))
		return 0;
	fd = below_open(walk_fd(dir), e->name, &e->meta.st);
	if (fd < 0)
		return walk_fail(err, dir, e->name, "cannot open");
	content_from_disk(fd, &e->meta.st, true);
	if (same_bytes(s, fd, -1, &e->meta.st, whole, err) < 0)
		return unread(dir, e->name, err);
	count_read(l, &e->meta.st, whole);
	return 0;
}

static int entries(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *v, size_t nr,
		   struct err *err)
{
	struct look_scratch *s = t->local;
	struct looking *l = t->ctx;

	for (size_t i = 0; i < nr; i++) {
		const struct stat *st = &v[i].meta.st;

		if (v[i].foreign && !l->alone)
			return walk_foreign(err, dir, v[i].name, "is a mount point: unmount what is "
					    "mounted there");
		s->loss.names++;
		s->loss.bytes += S_ISDIR(st->st_mode) || st->st_nlink < 2 ?
				 (uint64_t)st->st_blocks * 512 : 0;
		if ((l->alone ? read_one(l, s, dir, &v[i], err) :
				compare(l, s, dir, &v[i], err)) < 0)
			return -1;
	}
	return 0;
}

static void begin(struct walk_thread *t)
{
	struct look_scratch *s = t->local;

	s->content = content_buffer();
	s->other = content_buffer();
}

static void end(struct walk_thread *t)
{
	struct look_scratch *s = t->local;
	struct looking *l = t->ctx;

	l->loss.names += s->loss.names;
	l->loss.bytes += s->loss.bytes;
	l->loss.changed += s->loss.changed;
	life_add(&l->life, &s->life);
	free(s->content);
	free(s->other);
}

/* ---- the walk */

static int named(struct walk_thread *t, struct walk_dir *dir, struct err *err)
{
	struct looking *l = t->ctx;

	(void)err;
	if (l->life.record)
		manifest_ask_named(l->life.record, dir);
	return 0;
}

static int walk(struct looking *l, const struct source *from, int to, struct err *err)
{
	static const struct walk_ops ops = {
		.local_size = sizeof(struct look_scratch), .begin = begin, .end = end,
		.entries = entries, .named = named,
	};
	struct walk_options how = {
		.threads = walk_threads(l->w->threads, false, LOOK_THREADS), .second = to,
	};
	const char *root;
	int rc;

	l->marks = from->opt.marks;
	l->touched = (struct touched){ l->w->steps, l->w->nr_steps, step_get(l->made, "to"), false,
					l->w->token };
	l->copy = step_get(l->made, "to");
	if (to >= 0 && target_fs_read(&l->fs, from->fd, to, false, err) < 0)
		return -1;
	l->fs.microseconds |= l->w->coarse;
	if (life_root(&l->life, &root, err) < 0)
		return -1;
	how.mark = root != NULL;
	pthread_mutex_init(&l->lock, NULL);
	rc = walk_tree(from->fd, &ops, l, &how, err);
	pthread_mutex_destroy(&l->lock);
	return rc;
}

static void note_named(void *ctx, const char *path, const char *what)
{
	struct looking *l = ctx;
	const char **named;

	/* What is gone from the source cannot be lost with it; its directory tells of it. */
	if (strcmp(what, MANIFEST_MISSING) == 0 || strcmp(path, ".") == 0)
		return;
	named = pool_grow(&l->pool, &l->named, &l->nr_named, &l->cap_named, sizeof(*named));
	*named = pool_strdup(&l->pool, path);
}

/*
 * The manifest of the source names what is not as it was found, by ctimes that nobody can
 * set back and whatever the clock did. Not where a commit goes on that deleted a part.
 */
static int ask_manifest(struct looking *l, const struct source *from, struct err *err)
{
	const struct manifest_options opt = {
		.state = MANIFEST_FOUND, .threads = l->w->threads, .coarse = l->w->coarse,
		.shared = true,
	};
	struct manifest_counts counts;
	char name[MANIFEST_NAME];

	manifest_name(name, l->made->nr, false);
	if (l->w->resumes || step_get(l->made, "volume"))
		return 0;
	if (manifest_compare(l->w->folder, name, from->fd, &opt, note_named, l, &counts, err) < 0) {
		if (err->code != ENOENT)
			return -1;
		err_clear(err);
	}
	if (l->nr_named)
		qsort(l->named, l->nr_named, sizeof(*l->named), by_text);
	return 0;
}

int last_copy_source(const struct step *made, struct work *w, bool whole, struct err *err)
{
	struct source CLEANUP_SOURCE from = SOURCE_INIT;
	struct looking l = { .made = made, .w = w, .alone = true, .late = BUF_INIT,
			     .pool = POOL_INIT };
	struct work look = *w;

	look.changed = CHANGED_REFUSE;	/* a volume is not opened to be changed */
	l.path = step_get(made, "from");
	if (source_find(&from, made, &look, err) == 0 && read_names(from.fd, l.path, err) == 0 &&
	    (!whole || walk(&l, &from, -1, err) == 0))
		return 0;
	err_add(err, "the tree that '%s' was made from cannot be seen or read, so nothing is "
		"deleted", show(step_get(made, "to")));
	return -1;
}

int last_copy_settle(const struct step *retire, struct work *w, struct err *err)
{
	const struct step *made = last_copy_maker(retire, w);
	struct source CLEANUP_SOURCE from = SOURCE_INIT;
	struct looking l = { .made = made, .w = w, .settling = true, .late = BUF_INIT,
			     .pool = POOL_INIT };
	int CLEANUP_FD copy = -1;
	char name[32];
	int rc;

	if (record_write(retire, w, err) < 0)
		return -1;
	if (!made || step_get(made, "volume"))
		return 0;
	/* The record of what was made is older than its first byte; a device has none. */
	snprintf(name, sizeof(name), "%s.%u", made->kind->name, made->nr);
	l.since = time_of(w, name);
	if (!l.since.tv_sec)
		l.since = time_of(w, "plan");
	l.path = step_get(retire, "to");
	copy = last_copy_open(made, w, err);
	if (copy < 0 || source_find(&from, made, w, err) < 0)
		return -1;
	rc = ask_manifest(&l, &from, err);
	if (rc == 0)
		rc = walk(&l, &from, copy, err);
	if (rc == 0 && l.nr_late)
		rc = fail_code(err, ERR_FOREIGN, "'%s' was written to while it was converted, %llu "
			       "object%s: %s; stop what writes there and convert again",
			       show(step_get(retire, "from")), (unsigned long long)l.nr_late,
			       l.nr_late == 1 ? "" : "s", l.late.data);
	buf_release(&l.late);
	pool_release(&l.pool);
	return rc;
}

/* What is newer than the record: whose decision it is, and how to say it. */
static int judge_late(const struct looking *l, struct err *err)
{
	if (!l->nr_late || l->w->source == SOURCE_GOES_ALL)
		return 0;
	return fail_code(err, ERR_FOREIGN, "'%s' was written to after it was copied, %llu object%s that "
			 "only it has: %s; --keep-source leaves it there, --discard-changes gives them "
			 "up, and undo is still possible", show(l->path), (unsigned long long)l->nr_late,
			 l->nr_late == 1 ? "" : "s", l->late.data);
}

/* The source beside the copy; what is newer there is counted and listed. */
static int look(struct looking *l, const struct step *retire, bool bring, struct err *err)
{
	struct source CLEANUP_SOURCE from = SOURCE_INIT;
	int CLEANUP_FD copy = -1;
	char name[32];

	l->path = step_get(retire, "to");
	if (!l->made)
		return fail_code(err, ERR_FOREIGN, "no step of the plan copied '%s'", show(l->path));
	l->since = time_of(l->w, record_name(retire, name));
	copy = last_copy_open(l->made, l->w, err);
	if (copy < 0 || source_find(&from, l->made, l->w, err) < 0 || ask_manifest(l, &from, err) < 0 ||
	    life_begin(&l->life, l->made, l->w, copy, &l->since, err) < 0 ||
	    walk(l, &from, copy, err) < 0)
		return -1;
	return life_judge(&l->life, l->copy, !bring, err);
}

static void looking_release(struct looking *l)
{
	life_end(&l->life);
	buf_release(&l->late);
	pool_release(&l->pool);
}

int last_copy_look(const struct step *retire, struct work *w, struct err *err)
{
	struct looking l = { .made = last_copy_maker(retire, w), .w = w, .late = BUF_INIT,
			     .pool = POOL_INIT };
	int rc = look(&l, retire, false, err);

	if (rc == 0) {
		l.loss.path = l.path;
		l.loss.names++;
		work_loss(w, l.loss);
		rc = judge_late(&l, err);
	}
	looking_release(&l);
	return rc;
}

int last_copy_overwritten(const struct step *made, struct work *w, struct err *err)
{
	const struct step *retire = last_copy_retire(made, w);
	struct looking l = { .made = made, .w = w, .late = BUF_INIT, .pool = POOL_INIT };
	int rc;

	if (!retire || step_get(made, "volume"))
		return 0;
	rc = look(&l, retire, true, err);
	if (rc == 0 && l.nr_late)
		rc = fail_code(err, ERR_FOREIGN, "'%s' was written to after it was copied, %llu object%s: "
			       "%s; --bring-back would overwrite that: put it into the container "
			       "first, or --discard-changes goes back to it and leaves behind what the "
			       "container wrote", show(l.path), (unsigned long long)l.nr_late,
			       l.nr_late == 1 ? "" : "s", l.late.data);
	looking_release(&l);
	return rc;
}
