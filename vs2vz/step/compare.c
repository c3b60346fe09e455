/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comparing two trees; reads only. The first tree is walked, the second is looked at
 * by the same names; what the second has beyond is found by counting.
 *
 * Contents come from the records made while copying, against what the disk gives
 * back now, past what is in memory, or from reading
 * both. Records are looked up in bounded memory: with very many, the walk is made
 * once for each part of the inode numbers, and only the first one looks at metadata.
 */
#include "step/tree.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/inroot.h"
#include "base/pool.h"
#include "base/stop.h"
#include "base/walk.h"
#include "step/content.h"
#include "step/manifest.h"
#include "step/sums.h"
#include "step/treeutil.h"

#define COMPARE_THREADS 8
#define AHEAD_MOST 16
/* A copy may be this much larger on disk than a source with holes. */
#define HOLE_SLACK (1024 * 1024)

struct comparing {
	int from, to, records;		/* open: two trees, a file of records or -1 */
	const struct tree_options *opt;
	bool contents;
	struct target_fs fs;
	struct pairs pairs;
	struct sums_table sums;
	tree_report *report;		/* NULL: the first difference is the error */
	void *ctx;
	pthread_mutex_t lock;
	size_t max;
	int64_t differences;
	struct tree_counts *counts;
};

struct compare_scratch {
	char *content;
	struct manifest_block block;	/* the copies of a batch, where they are written down */
	struct hidden_window window;	/* on the inodes of the tree with marks */
	uint64_t names, inodes, bytes;
};

/* A regular file whose content is to be compared, opened before its turn. */
struct ahead {
	const struct walk_entry *entry;
	struct meta now;
	int fd;
};

/* 0: go on. */
static int differs(struct comparing *y, const struct walk_dir *dir, const char *name,
		   const char *what, struct err *err)
{
	struct buf CLEANUP_BUF path = BUF_INIT;

	walk_path(&path, dir, name);
	if (!y->report)
		return fail_code(err, ERR_FOREIGN, "'%s' differs: %s", show(path.data), what);
	pthread_mutex_lock(&y->lock);
	if ((uint64_t)y->differences++ < y->max)
		y->report(y->ctx, path.data, what);
	pthread_mutex_unlock(&y->lock);
	return 0;
}

static bool too_large(const struct stat *source, const struct stat *target)
{
	uint64_t had = (uint64_t)source->st_blocks * 512, has = (uint64_t)target->st_blocks * 512;

	return S_ISREG(source->st_mode) && had < (uint64_t)source->st_size &&
	       has > had + had / 16 + HOLE_SLACK;
}

/* Whether it had several names when it was copied nobody knows any more. */
static void ignore_immutable(struct side side[2], struct meta meta[2])
{
	for (int i = 0; i < 2; i++) {
		if (!S_ISREG(meta[i].st.st_mode))
			continue;
		meta[i].flags &= ~(uint32_t)FS_IMMUTABLE_FL;
		side[i].thawed |= FS_IMMUTABLE_FL;
	}
}

/* The two sides as they count: marks taken off the one that has them. 0 or -1. */
static int mend_sides(const struct comparing *y, struct compare_scratch *s,
		      struct side side[2], struct meta meta[2])
{
	int marked = y->opt->back ? 1 : 0;
	int64_t gone;

	meta[0] = *side[0].meta;
	meta[1] = *side[1].meta;
	gone = mend_meta(y->opt->marks, &s->window,
			 S_ISREG(meta[marked].st.st_mode) ? side[marked].fd : -1, &meta[marked]);
	side[0].meta = &meta[0];
	side[1].meta = &meta[1];
	side[marked].thawed = gone < 0 ? 0 : (uint32_t)gone;
	/* What the container made immutable looks like a mark as soon as it is back. */
	if (gone > 0 && y->opt->back) {
		meta[0].flags &= ~(uint32_t)gone;
		side[0].thawed = (uint32_t)gone;
	}
	if (y->opt->marks && y->opt->marks->immutable == IMMUTABLE_LINKED)
		ignore_immutable(side, meta);
	return gone < 0 ? -1 : 0;
}

/* First word about two objects, NULL: none, "": errno. fd: both open, or -1. */
static const char *what_differs(struct comparing *y, struct compare_scratch *s,
				const struct walk_entry *e, struct side side[2])
{
	struct meta meta[2];
	const struct stat *source = &meta[0].st, *target = &meta[1].st;
	const char *what;

	if (e->foreign || side[1].meta->mount_point)
		return "mount point";
	if (mend_sides(y, s, side, meta) < 0)
		return "";
	/* A directory's attributes and flags are compared when it is open. */
	what = S_ISDIR(source->st_mode) ? status_differs(source, target, &y->fs) :
					  side_differs(&side[0], &side[1], &y->fs);
	if (!what && !S_ISDIR(source->st_mode) && !pairs_match(&y->pairs, source, target))
		what = "hard links";
	if (!what && too_large(source, target))
		what = "holes";
	return what;
}

/* Report what differs between two objects of these names. */
static int compare_pair(struct walk_thread *t, const struct walk_dir *dir,
			const struct walk_entry *e, const struct meta *now, struct err *err)
{
	struct side side[2] = {
		{ walk_fd(dir), e->name, -1, &e->meta, 0 },
		{ walk_second(dir), e->name, -1, now, 0 },
	};
	int fd[2] = { -1, -1 };
	const char *what;

	/* Attributes and flags of files are read faster, and fully, from descriptors. */
	if (S_ISREG(e->meta.st.st_mode) && S_ISREG(now->st.st_mode) && !e->foreign) {
		fd[0] = below_open(walk_fd(dir), e->name, &e->meta.st);
		fd[1] = fd[0] < 0 ? -1 : below_open(walk_second(dir), e->name, &now->st);
	}
	side[0].fd = fd[0];
	side[1].fd = fd[1];
	what = what_differs(t->ctx, t->local, e, side);
	close_fd(&fd[0]);
	close_fd(&fd[1]);
	if (what && !*what)
		return walk_fail(err, dir, e->name, "cannot compare");
	return what ? differs(t->ctx, dir, e->name, what, err) : 0;
}

/* -1, or 1: the second tree has it and it is of the same type. */
static int compare_one(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *e,
		       struct meta *now, struct err *err)
{
	struct comparing *y = t->ctx;

	if (walk_meta(now, dir, true, e->name) < 0) {
		e->enter = false;
		if (errno != ENOENT)
			return walk_fail(err, dir, e->name, "cannot read the metadata of");
		return y->sums.part ? 0 : differs(y, dir, e->name, "missing", err);
	}
	__atomic_add_fetch(&dir->mark, 1, __ATOMIC_RELAXED);
	e->second_dev = now->st.st_dev;
	e->second_ino = now->st.st_ino;
	e->enter &= S_ISDIR(now->st.st_mode) && !now->mount_point;
	/* Only the first walk looks at metadata. */
	if (!y->sums.part && compare_pair(t, dir, e, now, err) < 0)
		return -1;
	return !e->foreign && (now->st.st_mode & S_IFMT) == (e->meta.st.st_mode & S_IFMT);
}

/* Is it this walk's task to compare the content, under this name? */
static bool wants_content(struct comparing *y, const struct walk_entry *e, const struct meta *now)
{
	struct link_slot *slot;
	bool first;

	if (!y->contents || !S_ISREG(e->meta.st.st_mode) || !sums_covers(&y->sums, now->st.st_ino) ||
	    e->meta.st.st_size != now->st.st_size)
		return false;
	if (e->meta.st.st_nlink < 2)
		return true;
	slot = links_hold(y->pairs.of_source, link_key(&e->meta.st));
	first = slot->seen++ == 0;
	links_let_go(y->pairs.of_source, link_key(&e->meta.st));
	return first;
}

static int open_target(const struct comparing *y, const struct walk_dir *dir, struct ahead *a,
		       struct err *err)
{
	a->fd = below_open(walk_second(dir), a->entry->name, &a->now.st);
	if (a->fd < 0)
		return walk_fail(err, dir, a->entry->name, "cannot open the copy of");
	content_from_disk(a->fd, &a->now.st, y->opt->rotational);
	return 0;
}

static int name_it(const struct walk_dir *dir, const char *name, struct err *err)
{
	struct buf CLEANUP_BUF path = BUF_INIT;

	walk_path(&path, dir, name);
	err_add(err, "'%s'", show(path.data));
	return -1;
}

static int hash_source(const struct walk_dir *dir, const struct walk_entry *e, char *content,
		       struct hash128 *out, struct err *err)
{
	int CLEANUP_FD fd = below_open(walk_fd(dir), e->name, &e->meta.st);

	if (fd < 0)
		return walk_fail(err, dir, e->name, "cannot open");
	return content_hash(fd, &e->meta.st, content, out, err) < 0 ?
	       name_it(dir, e->name, err) : 0;
}

static int compare_content(struct comparing *y, struct compare_scratch *s,
			   const struct walk_dir *dir, const struct ahead *a, struct err *err)
{
	const struct hash128 *known = sums_find(&y->sums, &a->entry->meta.st, a->now.st.st_ino);
	struct hash128 want, got;

	if (known && hash_equal(*known, SUM_SHARED))
		return 0;
	if (known)
		want = *known;
	else if (hash_source(dir, a->entry, s->content, &want, err) < 0)
		return -1;
	if (content_hash(a->fd, &a->now.st, s->content, &got, err) < 0)
		return name_it(dir, a->entry->name, err);
	s->bytes += (uint64_t)a->now.st.st_size;
	if (y->opt->contents)
		__atomic_add_fetch(y->opt->contents, 1, __ATOMIC_RELAXED);
	return hash_equal(want, got) ? 0 : differs(y, dir, a->entry->name, "content", err);
}

/* The ones that wait, at most AHEAD_MOST. */
static int compare_waiting(struct walk_thread *t, const struct walk_dir *dir, struct ahead *a,
			   size_t nr, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < nr; i++) {
		if (rc == 0 && stop_wanted())
			rc = fail_code(err, ERR_STOPPED, "stopped as asked");
		if (rc == 0)
			rc = compare_content(t->ctx, t->local, dir, &a[i], err);
		close_fd(&a[i].fd);
	}
	return rc;
}

static int entries(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *v, size_t nr,
		   struct err *err)
{
	struct compare_scratch *s = t->local;
	struct comparing *y = t->ctx;
	struct ahead a[AHEAD_MOST];
	size_t waiting = 0, most = t->spare_fds - 1;
	int rc = 0;

	if (most > AHEAD_MOST)
		most = AHEAD_MOST;
	manifest_block_begin(&s->block, dir->key);
	for (size_t i = 0; i < nr && rc >= 0; i++) {
		struct ahead *next = &a[waiting];

		rc = compare_one(t, dir, &v[i], &next->now, err);
		if (rc > 0 && y->opt->manifest)
			v[i].key = manifest_block_add(&s->block, v[i].name, &next->now.st);
		if (rc > 0 && wants_content(y, &v[i], &next->now)) {
			next->entry = &v[i];
			rc = open_target(y, dir, next, err);
			waiting += rc == 0;
		}
		if (rc >= 0 && waiting == most) {
			rc = compare_waiting(t, dir, a, waiting, err);
			waiting = 0;
		}
		s->names++;
		s->inodes += v[i].meta.st.st_nlink < 2 || S_ISDIR(v[i].meta.st.st_mode);
	}
	/* Where one file holds too many records for one walk, the first one writes it. */
	if (y->opt->manifest && !y->sums.part)
		manifest_block_end(&s->block, y->opt->manifest);
	else
		buf_release(&s->block.body);
	if (rc >= 0)
		return compare_waiting(t, dir, a, waiting, err);
	while (waiting)
		close_fd(&a[--waiting].fd);
	return -1;
}

/* Names that only the second tree has; counting first, as there are hardly ever any. */
static int find_extra(struct comparing *y, const struct walk_dir *dir, bool count, uint64_t *nr,
		      struct err *err)
{
	DIR *list = fdopendir(dup(walk_second(dir)));
	struct meta meta;
	struct dirent *d;
	int rc = 0;

	*nr = 0;
	if (!list)
		return walk_fail(err, dir, NULL, "cannot read the copy of");
	rewinddir(list);
	while (rc == 0 && (d = readdir(list))) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		++*nr;
		if (!count && meta_at(&meta, walk_fd(dir), d->d_name) < 0 && errno == ENOENT)
			rc = differs(y, dir, d->d_name, "extra", err);
	}
	closedir(list);
	return rc;
}

/* What needs both directories open, and (for the root) what no parent has compared. */
static const char *dir_differs(struct walk_thread *t, struct walk_dir *dir)
{
	struct comparing *y = t->ctx;
	struct meta is[2] = { { .flags = 0 }, { .flags = 0 } }, meta[2];
	struct side side[2] = {
		{ -1, NULL, walk_fd(dir), &is[0], 0 }, { -1, NULL, walk_second(dir), &is[1], 0 },
	};
	const char *what;

	if (fstat(side[0].fd, &is[0].st) < 0 || fstat(side[1].fd, &is[1].st) < 0 ||
	    mend_sides(y, t->local, side, meta) < 0)
		return "";
	what = side_differs(&side[0], &side[1], &y->fs);
	/* Below the root these were reported with the entry. */
	if (dir->parent && what && status_differs(&meta[0].st, &meta[1].st, &y->fs))
		return NULL;
	return what;
}

static int leave(struct walk_thread *t, struct walk_dir *dir, struct err *err)
{
	struct comparing *y = t->ctx;
	const char *what;
	uint64_t nr;

	if (y->sums.part)
		return 0;
	what = dir_differs(t, dir);
	if (what && !*what)
		return walk_fail(err, dir, NULL, "cannot compare");
	if (what && differs(y, dir, NULL, what, err) < 0)
		return -1;
	if (find_extra(y, dir, true, &nr, err) < 0)
		return -1;
	return nr == dir->mark ? 0 : find_extra(y, dir, false, &nr, err);
}

static void count_group(void *ctx, const struct link_slot *slot)
{
	(void)slot;
	++*(uint64_t *)ctx;
}

static void begin(struct walk_thread *t)
{
	struct compare_scratch *s = t->local;

	s->content = ((struct comparing *)t->ctx)->contents ? content_buffer() : NULL;
}

static void end(struct walk_thread *t)
{
	struct compare_scratch *s = t->local;
	struct comparing *y = t->ctx;

	if (!y->sums.part) {
		y->counts->names += s->names;
		y->counts->inodes += s->inodes;
	}
	y->counts->bytes += s->bytes;
	free(s->content);
}

static int walk_parts(struct comparing *y, struct err *err)
{
	static const struct walk_ops ops = {
		.local_size = sizeof(struct compare_scratch),
		.begin = begin,
		.end = end,
		.entries = entries,
		.leave = leave,
	};
	const struct walk_options how = {
		.threads = walk_threads(y->opt->threads, y->opt->rotational, COMPARE_THREADS),
		.second = y->to,
	};
	unsigned parts = sums_parts(y->records, err);
	int rc = parts ? 0 : -1;

	for (unsigned part = 0; part < parts && rc == 0; part++) {
		rc = sums_load(&y->sums, y->records, part, parts, err);
		if (rc == 0)
			rc = walk_tree(y->from, &ops, y, &how, err);
		sums_release(&y->sums);
	}
	return rc;
}

static int compare(struct comparing *y, struct err *err)
{
	uint64_t groups = 0;
	int rc;

	*y->counts = (struct tree_counts){ .names = 1, .inodes = 1 };
	if (target_fs_read(&y->fs, y->from, y->to, y->opt->back, err) < 0)
		return -1;
	y->fs.microseconds |= y->opt->coarse;
	pairs_init(&y->pairs);
	pthread_mutex_init(&y->lock, NULL);
	rc = walk_parts(y, err);
	links_each(y->pairs.of_source, count_group, &groups);
	y->counts->inodes += groups;
	pthread_mutex_destroy(&y->lock);
	pairs_release(&y->pairs);
	return rc;
}

int tree_verify(int from, int to, int sums, const struct tree_options *opt,
		struct tree_counts *counts, struct err *err)
{
	struct comparing y = {
		.from = from, .to = to, .records = sums, .opt = opt, .contents = sums >= 0,
		.counts = counts,
	};

	return compare(&y, err);
}

int64_t tree_diff(int from, int to, bool full, size_t max, tree_report *report, void *ctx,
		  const struct tree_options *opt, struct err *err)
{
	struct tree_counts counts;
	struct comparing y = {
		.from = from, .to = to, .records = -1, .opt = opt, .contents = full,
		.report = report, .ctx = ctx, .max = max, .counts = &counts,
	};

	return compare(&y, err) < 0 ? -1 : y.differences;
}
