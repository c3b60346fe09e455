/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reading half of a copy. Files are opened some way ahead, so that the kernel
 * reads them while earlier ones are written. Another thread starts write-back of
 * the target twice a second: at the end little is left to wait for. That thread
 * also hears of write errors first, and the copy fails with them.
 *
 * Nothing here makes the copy durable: tree_settle() does, and the caller's journal
 * says "begun" until then. If we die, the next try finds a part and converges.
 */
#include "step/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/inroot.h"
#include "base/pool.h"
#include "base/stop.h"
#include "base/sys.h"
#include "step/content.h"
#include "step/treeutil.h"

#define AHEAD_MOST 16
#define AHEAD_BYTES (1024 * 1024)
#define FLUSH_MS 400

struct copying {
	struct sink *sink;
	struct links *links;
	struct tree_counts *counts;
	const struct marks *marks;
	bool back;		/* marks are to be put on, not to be taken off */
	struct links *remade;	/* of the sink, outlives it */
	bool no_flags;		/* the source's file system has none */
};

/* Files opened before their turn; a ring over the indices of a batch. */
struct ahead {
	int fd[AHEAD_MOST];
	size_t next, most;
};

static bool opens_ahead(const struct walk_entry *e)
{
	return S_ISREG(e->meta.st.st_mode) && e->meta.st.st_nlink == 1 && !e->foreign;
}

/* An unreadable file is opened again, and reported, when its turn comes. */
static void open_ahead(struct ahead *a, const struct walk_dir *dir, struct walk_entry *v,
		       size_t nr, size_t now)
{
	for (; a->next < nr && a->next < now + a->most; a->next++) {
		const struct walk_entry *e = &v[a->next];
		int fd = -1;

		if (opens_ahead(e)) {
			fd = below_open(walk_fd(dir), e->name, &e->meta.st);
			if (fd >= 0 && e->meta.st.st_size)
				posix_fadvise(fd, 0, AHEAD_BYTES, POSIX_FADV_WILLNEED);
		}
		a->fd[a->next % AHEAD_MOST] = fd;
	}
}

static void close_ahead(struct ahead *a, size_t from)
{
	for (; from < a->next; from++)
		close_fd(&a->fd[from % AHEAD_MOST]);
}

/* The source must be at rest: what was read is then what is there. */
static int check_unchanged(const struct copy_object *o, struct err *err)
{
	const struct stat *was = &o->meta->st;
	struct stat now;

	if (fstat(o->fd, &now) < 0)
		return walk_fail(err, o->dir, o->entry->name, "cannot read the metadata of");
	if (now.st_size != was->st_size || now.st_mtim.tv_sec != was->st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != was->st_mtim.tv_nsec)
		return walk_foreign(err, o->dir, o->entry->name, "changed while it was copied");
	return 0;
}

static int read_flags(struct copying *y, struct copy_object *o, struct err *err)
{
	int rc;

	o->flags = 0;
	if (__atomic_load_n(&y->no_flags, __ATOMIC_RELAXED))
		return 0;
	rc = meta_flags(o->fd, &o->flags);
	if (rc < 0)
		return walk_fail(err, o->dir, o->entry ? o->entry->name : NULL,
				 "cannot read the inode flags of");
	if (rc > 0)
		__atomic_store_n(&y->no_flags, true, __ATOMIC_RELAXED);
	return 0;
}

/* From what was read to what is to be made. */
static void mend(struct copying *y, struct copy_object *o)
{
	struct stat *st = &o->scratch->mended.st;
	uint32_t had = o->flags;

	if (y->back) {
		marks_unmend(y->marks, st);
		return;
	}
	marks_mend(y->marks, &o->scratch->window, st, &o->flags);
	o->thawed = had & ~o->flags;
}

static int copy_file(struct copying *y, struct copy_object *o, struct err *err)
{
	int CLEANUP_FD fd = o->fd;	/* ours from here on */
	int rc;

	if (fd < 0)
		fd = below_open(walk_fd(o->dir), o->entry->name, &o->meta->st);
	if (fd < 0)
		return walk_fail(err, o->dir, o->entry->name, "cannot open");
	o->fd = fd;
	if (read_flags(y, o, err) < 0)
		return -1;
	mend(y, o);
	rc = y->sink->ops->file(y->sink, o, err);
	if (rc == 0)
		rc = check_unchanged(o, err);
	o->fd = -1;
	return rc;
}

static int copy_inode(struct copying *y, struct copy_object *o, struct err *err)
{
	mode_t type = o->entry->meta.st.st_mode & S_IFMT;

	o->scratch->mended = o->entry->meta;
	o->meta = &o->scratch->mended;
	o->scratch->inodes++;
	if (type == S_IFREG)
		return copy_file(y, o, err);
	mend(y, o);
	return type == S_IFLNK ? y->sink->ops->symlink(y->sink, o, err) :
				 y->sink->ops->node(y->sink, o, err);
}

/* One of several names: the first makes the inode, the others link to it. */
static int copy_link(struct copying *y, struct copy_object *o, struct err *err)
{
	const struct stat *st = &o->meta->st;
	int rc;

	o->slot = links_hold(y->links, link_key(st));
	o->last_name = ++o->slot->seen == st->st_nlink;
	rc = o->slot->value ? y->sink->ops->link(y->sink, o, err) : copy_inode(y, o, err);
	links_let_go(y->links, link_key(st));
	return rc;
}

static int copy_one(struct copying *y, struct copy_object *o, struct err *err)
{
	const struct walk_entry *e = o->entry;

	o->scratch->names_done++;
	if (e->foreign) {
		errno = EBUSY;
		return walk_fail(err, o->dir, e->name, "cannot copy the mount point");
	}
	if (S_ISDIR(e->meta.st.st_mode)) {
		o->scratch->inodes++;
		return y->sink->ops->mkdir(y->sink, o, err);
	}
	return e->meta.st.st_nlink > 1 ? copy_link(y, o, err) : copy_inode(y, o, err);
}

static int entries(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *v, size_t nr,
		   struct err *err)
{
	struct ahead a = { .next = 0, .most = t->spare_fds - 1 };
	struct copy_scratch *scratch = t->local;
	int rc = 0;
	size_t i;

	if (a.most > AHEAD_MOST)
		a.most = AHEAD_MOST;
	for (i = 0; i < nr && rc == 0; i++) {
		struct copy_object o = {
			.dir = dir, .entry = &v[i], .meta = &v[i].meta, .scratch = scratch,
		};

		if (stop_wanted()) {
			rc = fail_code(err, ERR_STOPPED, "stopped as asked");
			break;
		}
		open_ahead(&a, dir, v, nr, i);
		o.fd = a.fd[i % AHEAD_MOST];
		a.fd[i % AHEAD_MOST] = -1;
		rc = copy_one(t->ctx, &o, err);
	}
	close_ahead(&a, i);
	return rc;
}

/* A directory that is open, as its copy should be. */
static int dir_object(struct copying *y, struct copy_scratch *s, struct walk_dir *dir,
		      struct copy_object *o, struct err *err)
{
	*o = (struct copy_object){
		.dir = dir, .meta = &s->mended, .fd = walk_fd(dir), .scratch = s,
	};
	s->mended = (struct meta){ .flags = 0 };
	if (fstat(o->fd, &s->mended.st) < 0)
		return walk_fail(err, dir, NULL, "cannot read the metadata of");
	if (read_flags(y, o, err) < 0)
		return -1;
	mend(y, o);
	return 0;
}

static int named(struct walk_thread *t, struct walk_dir *dir, struct err *err)
{
	struct copying *y = t->ctx;
	struct copy_object o;

	if (!y->sink->ops->named)
		return 0;
	return dir_object(y, t->local, dir, &o, err) < 0 ? -1 : y->sink->ops->named(y->sink, &o, err);
}

static int leave(struct walk_thread *t, struct walk_dir *dir, struct err *err)
{
	struct copying *y = t->ctx;
	struct copy_object o;

	if (!y->sink->ops->finish)
		return 0;
	return dir_object(y, t->local, dir, &o, err) < 0 ? -1 : y->sink->ops->finish(y->sink, &o, err);
}

static void begin(struct walk_thread *t)
{
	struct copy_scratch *s = t->local;

	s->content = content_buffer();
	s->names = s->value = (struct buf)BUF_INIT;
}

static void end(struct walk_thread *t)
{
	struct copy_scratch *s = t->local;
	struct tree_counts *c = ((struct copying *)t->ctx)->counts;

	c->names += s->names_done;
	c->inodes += s->inodes;
	c->bytes += s->bytes;
	c->shared += s->shared;
	c->flags_lost += s->flags_lost;
	buf_release(&s->names);
	buf_release(&s->value);
	free(s->content);
	free(s->inode);
}

/* Starts write-back now and then until told to end. */
struct flusher {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t end;
	bool ended, running;
	int to, code;
};

static void *flush(void *arg)
{
	struct flusher *f = arg;
	struct timespec until;

	pthread_mutex_lock(&f->lock);
	while (!f->ended && !f->code) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += FLUSH_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		if (pthread_cond_timedwait(&f->end, &f->lock, &until) != ETIMEDOUT)
			continue;
		pthread_mutex_unlock(&f->lock);
		if (sys_syncfs(f->to) < 0)
			f->code = errno;
		pthread_mutex_lock(&f->lock);
	}
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

static void flusher_start(struct flusher *f, int to)
{
	*f = (struct flusher){ .to = to };
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->end, NULL);
	f->running = pthread_create(&f->thread, NULL, flush, f) == 0;
}

/* rc, or -1 where write-back failed. */
static int flusher_end(struct flusher *f, int rc, struct err *err)
{
	pthread_mutex_lock(&f->lock);
	f->ended = true;
	pthread_cond_signal(&f->end);
	pthread_mutex_unlock(&f->lock);
	if (f->running)
		pthread_join(f->thread, NULL);
	pthread_cond_destroy(&f->end);
	pthread_mutex_destroy(&f->lock);
	if (rc < 0 || !f->code)
		return rc;
	errno = f->code;
	return fail_errno(err, "cannot write back the copied tree");
}

static unsigned copy_threads(const struct tree_options *opt)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	/* One inode of a guest may stand for several of the copy: its flags go and come. */
	if (opt->marks && opt->back)
		return 1;
	/* More than there are CPUs: some always wait for the disk. */
	return walk_threads(opt->threads, opt->rotational,
			    cpus < 2 ? 4 : cpus > 4 ? 8 : 2 * (unsigned)cpus);
}

static const struct walk_ops copy_ops = {
	.local_size = sizeof(struct copy_scratch),
	.begin = begin,
	.end = end,
	.entries = entries,
	.named = named,
	.leave = leave,
};

int copy_walk(struct sink *sink, int from, uint64_t root, const struct tree_options *opt,
	      struct tree_counts *counts, struct err *err)
{
	const struct walk_options how = {
		.threads = copy_threads(opt), .second = -1, .mark = root,
	};
	struct copying y = {
		.sink = sink, .links = sink->links, .counts = counts, .marks = opt->marks,
	};

	*counts = (struct tree_counts){ .names = 1, .inodes = 1 };
	return walk_tree(from, &copy_ops, &y, &how, err);
}

/* One walk; 1: another one is wanted. */
static int copy_once(const int tree[2], int sums, const struct tree_options *opt,
		     struct copying *y, struct err *err)
{
	const struct walk_options how = {
		.threads = copy_threads(opt), .second = tree[1], .mark = SINK_EXISTED,
	};
	struct dir_sink *sink = dir_sink_new(tree[0], tree[1], sums, opt, err);
	struct flusher flusher;
	struct err dropped;
	bool again;
	int rc;

	if (!sink)
		return -1;
	y->sink = dir_sink_base(sink);
	y->sink->links = y->links;
	y->sink->remade = y->remade;
	flusher_start(&flusher, tree[1]);
	rc = walk_tree(tree[0], &copy_ops, y, &how, err);
	rc = flusher_end(&flusher, rc, err);
	again = y->sink->again;
	if (dir_sink_free(sink, rc < 0 ? &dropped : err) < 0 || rc < 0)
		return -1;
	return again;
}

int tree_copy(int from, int to, int sums, const struct tree_options *opt,
	      struct tree_counts *counts, struct err *err)
{
	const int tree[2] = { from, to };
	struct copying y = { .counts = counts, .marks = opt->marks, .back = opt->back };
	int rc;

	y.remade = opt->marks && opt->back ? links_new() : NULL;
	do {	/* again: a group that was kept turned out to have changed */
		*counts = (struct tree_counts){ .names = 1, .inodes = 1 };
		y.links = links_new();
		rc = copy_once(tree, sums, opt, &y, err);
		links_free(y.links);
	} while (rc > 0);
	links_free(y.remade);
	return rc;
}

int tree_settle(int to, struct err *err)
{
	return sys_syncfs(to) < 0 ? fail_errno(err, "cannot write back the copied tree") : 0;
}
