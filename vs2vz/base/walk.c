/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The workers of a walk: what they take from the queue, how they share a large
 * directory, how the end of a directory climbs up. Knows nothing of what the
 * callbacks do; changes nothing on disk.
 *
 * A directory's pending counts itself while it is read, and each child until it
 * is done. Who takes it to nought owns the directory and leaves it. One lock for
 * the queue and the windows, one (dircache.c) for the nodes; never both.
 */
#include "base/walk.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/dircache.h"
#include "base/fsinfo.h"
#include "base/pool.h"
#include "base/progress.h"
#include "base/stop.h"
#include "base/walkqueue.h"
#include "base/walkread.h"

#define WORKERS_MOST 16

struct walk;

struct worker {
	struct walk_thread pub;
	struct walk *walk;
	pthread_t thread;
	struct window win;
	struct walk_entry *entries;
	/* Guarded by the walk's lock; the owner of the window waits for its helpers. */
	struct walk_dir *sharing;	/* directory of a window open to helpers */
	size_t next;			/* first name nobody has taken */
	unsigned helpers;
};

struct walk {
	const struct walk_ops *ops;
	struct dircache cache;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct walkqueue queue;
	unsigned working;	/* directories being read */
	unsigned nr_workers, most_workers;
	bool failed;
	struct err err;
	struct mount_names mounts;
	struct worker worker[WORKERS_MOST];
};

unsigned walk_threads(unsigned wanted, bool rotational, unsigned most)
{
	unsigned nr = wanted ? wanted : rotational ? 1 : most;

	return nr > WORKERS_MOST ? WORKERS_MOST : nr;
}

static void work(struct worker *k);

static void *work_thread(void *worker)
{
	work(worker);
	return NULL;
}

static void add_worker(struct walk *w)
{
	struct worker *k = &w->worker[w->nr_workers];

	k->walk = w;
	k->pub = (struct walk_thread){ .id = w->nr_workers, .ctx = w->worker[0].pub.ctx,
				       .spare_fds = w->worker[0].pub.spare_fds };
	k->pub.local = xcalloc(1, w->ops->local_size ? w->ops->local_size : 1);
	k->entries = xmalloc(WALK_BATCH * sizeof(*k->entries));
	if (w->ops->begin)
		w->ops->begin(&k->pub);
	w->nr_workers++;
}

/* One more thread; without it the others do the work. Signals stay with the caller's thread. */
static void start_thread(struct walk *w)
{
	struct worker *k = &w->worker[w->nr_workers];
	sigset_t all, old;

	add_worker(w);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&k->thread, NULL, work_thread, k) != 0) {
		k->thread = pthread_self();
		w->most_workers = w->nr_workers;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void push(struct walk *w, struct walk_dir *dir)
{
	pthread_mutex_lock(&w->lock);
	queue_push(&w->queue, dir);
	if (w->nr_workers < w->most_workers && w->queue.nr >= 4 * (size_t)w->nr_workers)
		start_thread(w);
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

/* Wait for a change, with the lock held; the calling thread looks after the progress line. */
static void doze(struct walk *w, const struct worker *k)
{
	struct timespec until;

	if (k->pub.id) {
		pthread_cond_wait(&w->changed, &w->lock);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 100 * 1000 * 1000;
	if (until.tv_nsec >= 1000 * 1000 * 1000) {
		until.tv_nsec -= 1000 * 1000 * 1000;
		until.tv_sec++;
	}
	pthread_cond_timedwait(&w->changed, &w->lock, &until);
	pthread_mutex_unlock(&w->lock);
	progress_poll();
	pthread_mutex_lock(&w->lock);
}

static void enter_below(struct walk *w, struct walk_dir *dir, const struct walk_entry *e)
{
	struct walk_dir *kid = dir_new(&w->cache, dir, e->name);

	kid->dev = e->meta.st.st_dev;
	kid->ino = e->meta.st.st_ino;
	kid->second_dev = e->second_dev;
	kid->second_ino = e->second_ino;
	kid->mark = e->mark;
	kid->key = e->key;
	push(w, kid);
}

int walk_meta(struct meta *m, const struct walk_dir *dir, bool second, const char *name)
{
	if (meta_at(m, second ? dir->second_fd : dir->fd, name) < 0)
		return -1;
	if (dir->mounts->nr)
		m->mount_point |= mount_named(dir->mounts, second ? dir->second_dev : dir->dev,
					      second ? dir->second_ino : dir->ino, name);
	return 0;
}

/* Fill in one entry; 0: it went away. */
static int look_at(struct walk *w, const struct walk_dir *dir, const char *name,
		   struct walk_entry *e, struct err *err)
{
	memset(e, 0, sizeof(*e));
	e->name = name;
	if (walk_meta(&e->meta, dir, false, name) < 0) {
		if (errno == ENOENT && w->ops->may_vanish)
			return 0;
		return walk_fail(err, dir, name, "cannot read the metadata of");
	}
	e->subvolume = e->meta.st.st_dev != dir->dev && meta_is_subvolume(&e->meta, dir->fd);
	e->foreign = (e->meta.st.st_dev != dir->dev && !e->subvolume) || e->meta.mount_point;
	e->enter = S_ISDIR(e->meta.st.st_mode) && !e->foreign;
	return 1;
}

static int do_batch(struct worker *k, struct walk_dir *dir, const struct window *win,
		    size_t from, struct err *err)
{
	size_t until = from + WALK_BATCH < win->nr ? from + WALK_BATCH : win->nr, nr = 0;
	struct walk *w = k->walk;

	if (stop_wanted())
		return fail_code(err, ERR_STOPPED, "stopped as asked");
	for (size_t i = from; i < until; i++) {
		int rc = look_at(w, dir, win->text + win->v[i].at, &k->entries[nr], err);

		if (rc < 0)
			return -1;
		nr += (size_t)rc;
	}
	if (nr && w->ops->entries(&k->pub, dir, k->entries, nr, err) < 0)
		return -1;
	for (size_t i = 0; i < nr; i++)
		if (k->entries[i].enter && S_ISDIR(k->entries[i].meta.st.st_mode) &&
		    !k->entries[i].foreign)
			enter_below(w, dir, &k->entries[i]);
	if (!w->ops->quiet)
		progress_add(nr, 0);
	if (!k->pub.id)
		progress_poll();
	return 0;
}

/* Take batches of owner's window until none is left; lock held on entry and exit. */
static int take_batches(struct worker *k, struct worker *owner, struct err *err)
{
	struct walk *w = k->walk;
	int rc = 0;

	while (rc == 0 && owner->sharing && owner->next < owner->win.nr && !w->failed) {
		struct walk_dir *dir = owner->sharing;
		size_t from = owner->next;

		owner->next += WALK_BATCH;
		pthread_mutex_unlock(&w->lock);
		rc = do_batch(k, dir, &owner->win, from, err);
		pthread_mutex_lock(&w->lock);
	}
	return rc;
}

static int do_window(struct worker *k, struct walk_dir *dir, struct err *err)
{
	struct walk *w = k->walk;
	int rc;

	if (k->win.nr <= WALK_BATCH)
		return k->win.nr ? do_batch(k, dir, &k->win, 0, err) : 0;
	pthread_mutex_lock(&w->lock);
	k->sharing = dir;
	k->next = 0;
	while (w->nr_workers < w->most_workers &&
	       (w->nr_workers + 1) * (size_t)WALK_BATCH <= k->win.nr)
		start_thread(w);
	pthread_cond_broadcast(&w->changed);
	rc = take_batches(k, k, err);
	while (k->helpers)
		doze(w, k);
	k->sharing = NULL;
	if (w->failed)	/* perhaps in this very window: the directory is not done */
		rc = -1;
	pthread_mutex_unlock(&w->lock);
	return rc;
}

/* Somebody with names to spare, or NULL. */
static struct worker *find_owner(struct walk *w)
{
	for (unsigned i = 0; i < w->nr_workers; i++)
		if (w->worker[i].sharing && w->worker[i].next < w->worker[i].win.nr)
			return &w->worker[i];
	return NULL;
}

static int help(struct worker *k, struct worker *owner, struct err *err)
{
	int rc;

	owner->helpers++;
	rc = take_batches(k, owner, err);
	owner->helpers--;
	pthread_cond_broadcast(&k->walk->changed);
	return rc;
}

/* dir is pinned, read, and nothing below it is pending: leave it, and its parents likewise. */
static int climb(struct worker *k, struct walk_dir *dir, struct err *err)
{
	const struct walk_ops *ops = k->walk->ops;
	struct dircache *c = &k->walk->cache;

	for (;;) {
		struct walk_dir *parent = dir->parent;

		if (ops->leave && ops->leave(&k->pub, dir, err) < 0)
			return -1;
		if (!parent)
			return 0;
		if (ops->left) {
			int rc;

			if (dir_pin_parent(c, dir) < 0)
				return walk_fail(err, parent, NULL, "cannot open the directory");
			rc = ops->left(&k->pub, parent, dir->name, err);
			dir_unpin(c, parent);
			if (rc < 0)
				return -1;
		}
		if (!dir_child_done(c, parent)) {
			dir_free(c, dir);
			return 0;
		}
		if (dir_pin_parent(c, dir) < 0)
			return walk_fail(err, parent, NULL, "cannot open the directory");
		dir_free(c, dir);
		dir = parent;
	}
}

/* A directory that went away before it was opened (only where there is nothing to leave). */
static void forget(struct walk *w, struct walk_dir *dir)
{
	while (dir && dir_child_done(&w->cache, dir)) {
		struct walk_dir *parent = dir->parent;

		if (parent)
			dir_free(&w->cache, dir);
		dir = parent;
	}
}

static bool is_crowded(struct walk *w)
{
	bool crowded;

	pthread_mutex_lock(&w->lock);
	crowded = w->queue.crowded;
	pthread_mutex_unlock(&w->lock);
	return crowded;
}

static int do_dir(struct worker *k, struct walk_dir *dir, struct err *err)
{
	struct walk *w = k->walk;
	bool end = false;

	if (dir_pin(&w->cache, dir) < 0) {
		if (w->ops->may_vanish && (errno == ENOENT || errno == ESTALE)) {
			forget(w, dir);
			return 0;
		}
		return walk_fail(err, dir, NULL, "cannot open the directory");
	}
	if (window_start(&k->win, dir, err) < 0)
		return -1;
	while (!end) {
		bool crowded = is_crowded(w);

		if (window_fill(&k->win, dir, crowded ? WALK_BATCH : WINDOW_MOST, &end, err) < 0 ||
		    do_window(k, dir, err) < 0)
			return -1;
		if (!end && crowded) {
			dir_unpin(&w->cache, dir);
			push(w, dir);
			return 0;
		}
	}
	if (w->ops->named && w->ops->named(&k->pub, dir, err) < 0)
		return -1;
	return dir_settle(&w->cache, dir) ? climb(k, dir, err) : 0;
}

static void work(struct worker *k)
{
	struct walk *w = k->walk;
	struct err err = { 0 };

	pthread_mutex_lock(&w->lock);
	while (!w->failed) {
		struct walk_dir *dir = queue_pop(&w->queue);
		struct worker *owner = dir ? NULL : find_owner(w);
		int rc = 0;

		if (dir) {
			w->working++;
			pthread_mutex_unlock(&w->lock);
			rc = do_dir(k, dir, &err);
			pthread_mutex_lock(&w->lock);
			w->working--;
		} else if (owner) {
			rc = help(k, owner, &err);
		} else if (w->working) {
			doze(w, k);
		} else {
			break;
		}
		if (rc < 0 && !w->failed) {
			w->failed = true;
			w->err = err;
		}
	}
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

/* Half of the descriptors for directories, a quarter for what the threads hold. */
static void share_descriptors(struct walk *w, bool second)
{
	struct rlimit most = { .rlim_cur = 1024 };
	unsigned nr, spare;

	getrlimit(RLIMIT_NOFILE, &most);
	nr = most.rlim_cur > 4096 ? 4096 : (unsigned)most.rlim_cur;
	if (w->most_workers > 1 + nr / 32)
		w->most_workers = 1 + nr / 32;
	spare = nr / 4 / w->most_workers;
	w->worker[0].pub.spare_fds = spare < 2 ? 2 : spare > 20 ? 20 : spare;
	nr = nr / 2 / (second ? 2 : 1);
	w->cache.limit = nr > 1024 ? 1024 : nr < 2 ? 2 : nr;
}

static struct walk_dir *make_root(struct walk *w, int dirfd, const struct walk_options *opt,
				  struct err *err)
{
	struct walk_dir *root;
	struct stat st, second = { .st_ino = 0 };

	if (fstat(dirfd, &st) < 0 || (opt->second >= 0 && fstat(opt->second, &second) < 0)) {
		fail_errno(err, "cannot read the metadata of the tree");
		return NULL;
	}
	if (mount_names_add(&w->mounts, dirfd, err) < 0 ||
	    (opt->second >= 0 && mount_names_add(&w->mounts, opt->second, err) < 0))
		return NULL;
	root = dir_new(&w->cache, NULL, "");
	root->dev = st.st_dev;
	root->ino = st.st_ino;
	root->fd = dirfd;
	root->second_fd = opt->second;
	root->second_dev = second.st_dev;
	root->second_ino = second.st_ino;
	root->mark = opt->mark;
	root->key = opt->key;
	root->mounts = &w->mounts;
	return root;
}

static void release(struct walk *w)
{
	for (unsigned i = 0; i < w->nr_workers; i++) {
		struct worker *k = &w->worker[i];

		if (w->ops->end)
			w->ops->end(&k->pub);
		window_release(&k->win);
		free(k->entries);
		free(k->pub.local);
	}
	while (w->cache.all)
		dir_free(&w->cache, w->cache.all);
	queue_release(&w->queue);
	mount_names_release(&w->mounts);
	pthread_mutex_destroy(&w->cache.lock);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->changed);
}

int walk_tree(int dirfd, const struct walk_ops *ops, void *ctx, const struct walk_options *opt,
	      struct err *err)
{
	struct walk *w = xcalloc(1, sizeof(*w));
	struct walk_dir *root;
	int rc = -1;

	w->ops = ops;
	w->most_workers = opt->threads ? opt->threads : 1;
	pthread_mutex_init(&w->lock, NULL);
	pthread_mutex_init(&w->cache.lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	share_descriptors(w, opt->second >= 0);
	w->worker[0].pub.ctx = ctx;
	add_worker(w);
	w->worker[0].thread = pthread_self();
	root = make_root(w, dirfd, opt, err);
	if (root) {
		push(w, root);
		work(&w->worker[0]);
		for (unsigned i = 1; i < w->nr_workers; i++)
			if (!pthread_equal(w->worker[i].thread, pthread_self()))
				pthread_join(w->worker[i].thread, NULL);
		rc = w->failed ? -1 : 0;
		if (w->failed)
			*err = w->err;
	}
	release(w);
	free(w);
	return rc;
}
