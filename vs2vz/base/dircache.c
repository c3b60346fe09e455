/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening a directory again goes down from the nearest open ancestor, one name at
 * a time (O_NOFOLLOW, same device and inode number or ESTALE), or up from an open
 * child by "..". The second way makes leaving a very deep tree cost one open for
 * each level. What others rename meanwhile makes the walk fail, never stray.
 */
#include "base/dircache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/inroot.h"
#include "base/pool.h"

static void lru_remove(struct dircache *c, struct walk_dir *dir)
{
	*(dir->older ? &dir->older->newer : &c->oldest) = dir->newer;
	*(dir->newer ? &dir->newer->older : &c->newest) = dir->older;
	dir->older = dir->newer = NULL;
}

static void lru_add(struct dircache *c, struct walk_dir *dir)
{
	dir->older = c->newest;
	*(c->newest ? &c->newest->newer : &c->oldest) = dir;
	c->newest = dir;
}

static void dir_close(struct dircache *c, struct walk_dir *dir)
{
	if (dir->fd < 0 || !dir->parent)
		return;
	close_fd(&dir->fd);
	close_fd(&dir->second_fd);
	c->nr_open--;
}

static void evict(struct dircache *c)
{
	while (c->nr_open > c->limit && c->oldest) {
		struct walk_dir *dir = c->oldest;

		lru_remove(c, dir);
		dir_close(c, dir);
	}
}

static bool pin_open(struct dircache *c, struct walk_dir *dir)
{
	if (dir->fd < 0)
		return false;
	if (!dir->users++ && dir->parent)
		lru_remove(c, dir);
	return true;
}

/* With the lock held. */
static void unpin(struct dircache *c, struct walk_dir *dir)
{
	if (--dir->users == 0 && dir->parent) {
		lru_add(c, dir);
		evict(c);
	}
}

void dir_unpin(struct dircache *c, struct walk_dir *dir)
{
	pthread_mutex_lock(&c->lock);
	unpin(c, dir);
	pthread_mutex_unlock(&c->lock);
}

static int open_as(int dirfd, const char *name, dev_t dev, ino_t ino)
{
	const struct stat st = { .st_dev = dev, .st_ino = ino, .st_mode = S_IFDIR };

	return below_open(dirfd, name, &st);
}

/* Open dir as name beside or below an open one, and pin it. */
static int open_from(struct dircache *c, struct walk_dir *dir, const struct walk_dir *from,
		     const char *name)
{
	int second = -1, fd = open_as(from->fd, name, dir->dev, dir->ino);

	if (fd < 0)
		return -1;
	if (dir->second_ino) {
		second = open_as(from->second_fd, name, dir->second_dev, dir->second_ino);
		if (second < 0) {
			close_fd(&fd);
			return -1;
		}
	}
	pthread_mutex_lock(&c->lock);
	if (pin_open(c, dir)) {		/* another thread was faster */
		close_fd(&fd);
		close_fd(&second);
	} else {
		dir->fd = fd;
		dir->second_fd = second;
		dir->users = 1;
		c->nr_open++;
		evict(c);
	}
	pthread_mutex_unlock(&c->lock);
	return 0;
}

/* Pin the nearest open ancestor; *nr: how many directories below it lead to dir. */
static struct walk_dir *pin_ancestor(struct dircache *c, struct walk_dir *dir, size_t *nr)
{
	*nr = 0;
	pthread_mutex_lock(&c->lock);
	while (!pin_open(c, dir)) {	/* the root is always open */
		dir = dir->parent;
		++*nr;
	}
	pthread_mutex_unlock(&c->lock);
	return dir;
}

int dir_pin(struct dircache *c, struct walk_dir *dir)
{
	size_t nr;
	struct walk_dir **way, *at = pin_ancestor(c, dir, &nr);
	int rc = 0;

	if (!nr)
		return 0;
	way = xmalloc(nr * sizeof(*way));
	for (size_t i = nr; i-- > 0; dir = dir->parent)
		way[i] = dir;
	for (size_t i = 0; i < nr && rc == 0; i++) {
		rc = open_from(c, way[i], at, way[i]->name);
		dir_unpin(c, at);
		at = way[i];
	}
	free(way);
	return rc;
}

int dir_pin_parent(struct dircache *c, struct walk_dir *dir)
{
	struct walk_dir *parent = dir->parent;
	bool pinned;

	pthread_mutex_lock(&c->lock);
	pinned = pin_open(c, parent);
	pthread_mutex_unlock(&c->lock);
	if (pinned || open_from(c, parent, dir, "..") == 0)
		return 0;
	return dir_pin(c, parent);
}

struct walk_dir *dir_new(struct dircache *c, struct walk_dir *parent, const char *name)
{
	size_t len = strlen(name) + 1;
	struct walk_dir *dir = xcalloc(1, sizeof(*dir) + len);

	memcpy(dir->name, name, len);
	dir->parent = parent;
	dir->mounts = parent ? parent->mounts : NULL;
	dir->depth = parent ? parent->depth + 1 : 0;
	dir->fd = dir->second_fd = -1;
	dir->pending = 1;
	pthread_mutex_lock(&c->lock);
	if (parent)
		parent->pending++;
	dir->after = c->all;
	if (c->all)
		c->all->before = dir;
	c->all = dir;
	pthread_mutex_unlock(&c->lock);
	return dir;
}

bool dir_settle(struct dircache *c, struct walk_dir *dir)
{
	bool last;

	pthread_mutex_lock(&c->lock);
	last = --dir->pending == 0;
	if (!last)
		unpin(c, dir);
	pthread_mutex_unlock(&c->lock);
	return last;
}

bool dir_child_done(struct dircache *c, struct walk_dir *dir)
{
	bool last;

	pthread_mutex_lock(&c->lock);
	last = --dir->pending == 0;
	pthread_mutex_unlock(&c->lock);
	return last;
}

void dir_free(struct dircache *c, struct walk_dir *dir)
{
	pthread_mutex_lock(&c->lock);
	if (dir->fd >= 0 && !dir->users && dir->parent)
		lru_remove(c, dir);
	dir_close(c, dir);
	*(dir->before ? &dir->before->after : &c->all) = dir->after;
	if (dir->after)
		dir->after->before = dir->before;
	pthread_mutex_unlock(&c->lock);
	free(dir);
}
