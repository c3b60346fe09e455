/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two directories are compared as (file system, path in it), which the mount table tells of
 * every mount since Linux 2.6.26. Before that, by device and inode of the directories above
 * the one in question, as far as its own mount reaches.
 */
#include "state_place.h"

#include <errno.h>
#include <string.h>

#include "base/fsinfo.h"
#include "exits.h"
#include "openvz/layout.h"
#include "vserver/scan.h"

struct spotted {
	dev_t dev;
	const char *path;	/* in the file system; NULL: not told */
};

static bool is_within(const char *path, const char *dir)
{
	size_t len = strcmp(dir, "/") == 0 ? 0 : strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || !path[len]);
}

static const char *join(const char *dir, const char *rest, struct pool *pool)
{
	rest += strspn(rest, "/");
	return pool_printf(pool, "%s%s%s", strcmp(dir, "/") == 0 ? "" : dir,
			   *rest || strcmp(dir, "/") == 0 ? "/" : "", rest);
}

/* The last of the longest points covers those before it. */
static struct spotted spot(const struct mounts *mounts, const char *path, struct pool *pool)
{
	const struct mount *best = NULL;

	for (size_t i = 0; i < mounts->nr; i++)
		if (is_within(path, mounts->v[i].point) &&
		    (!best || strlen(mounts->v[i].point) >= strlen(best->point)))
			best = &mounts->v[i];
	if (!best || !best->root)
		return (struct spotted){ 0, NULL };
	return (struct spotted){ best->dev, join(best->root, path + strlen(best->point) -
						 (strcmp(best->point, "/") == 0), pool) };
}

static bool covers(const struct spotted *what, dev_t dev, const char *dir)
{
	return what->path && dir && what->dev == dev && is_within(what->path, dir);
}

/* The tree, and what is mounted in it. */
static bool is_in_tree(const struct mounts *mounts, const struct spotted *what, const char *tree,
		       struct pool *pool)
{
	struct spotted top = spot(mounts, tree, pool);

	if (covers(what, top.dev, top.path))
		return true;
	for (size_t i = 0; i < mounts->nr; i++)
		if (is_within(mounts->v[i].point, tree) &&
		    covers(what, mounts->v[i].dev, mounts->v[i].root))
			return true;
	return false;
}

/* Directories from the one in question upwards. */
struct ancestors {
	size_t nr, cap;
	struct stat *v;
};

static int climb(struct ancestors *a, struct session *s, const char *real, struct pool *pool)
{
	char *path = pool_strdup(pool, real);

	for (;;) {
		struct stat *st = pool_grow(pool, &a->v, &a->nr, &a->cap, sizeof(*st));
		char *slash = strrchr(path, '/');

		if (root_stat(&s->root, path, st, &s->err) < 0)
			return -1;
		if (!slash || strcmp(path, "/") == 0)
			return 0;
		slash[slash == path] = '\0';
	}
}

static bool is_below(const struct ancestors *a, const struct guest *g)
{
	for (size_t i = 0; i < a->nr; i++)
		if (g->tree_ino && a->v[i].st_ino == g->tree_ino && a->v[i].st_dev == g->tree_dev)
			return true;
	return false;
}

/* The nearest directory that is there, by its real path. */
static int find_real(struct session *s, const char *dir, struct buf *real, struct pool *pool)
{
	char *path = pool_strdup(pool, dir);
	struct stat st;

	while (root_stat(&s->root, path, &st, &s->err) < 0) {
		char *slash = strrchr(path, '/');

		if (!err_is_absent(&s->err) || !slash || strcmp(path, "/") == 0)
			return -1;
		slash[slash == path] = '\0';
	}
	err_clear(&s->err);
	return root_canonical(&s->root, path, real, &s->err);
}

static int judge(struct session *s, const char *dir, const struct guests *guests,
		 const char **real, const struct guest **guest, struct pool *pool)
{
	struct buf CLEANUP_BUF text = BUF_INIT;
	struct ancestors above = { 0 };
	struct mounts mounts;
	struct spotted what;

	*guest = NULL;
	if (find_real(s, dir, &text, pool) < 0 || climb(&above, s, text.data, pool) < 0 ||
	    mounts_of_machine(&mounts, pool, &s->err) < 0)
		return -1;
	*real = pool_strdup(&s->pool, text.data);
	what = spot(&mounts, join(s->root.path[0] ? s->root.path : "/", text.data, pool), pool);
	for (size_t i = 0; i < guests->nr && !*guest; i++) {
		const struct guest *g = &guests->v[i];
		const char *tree;

		if (!g->tree || g->barred)
			continue;
		tree = join(s->root.path[0] ? s->root.path : "/", g->tree, pool);
		if (is_within(text.data, g->tree) || is_below(&above, g) ||
		    is_in_tree(&mounts, &what, tree, pool))
			*guest = g;
	}
	return 0;
}

int state_place_judge(struct session *s, const char *dir, const struct guests *guests,
		      const char **real, const struct guest **guest)
{
	struct pool pool = POOL_INIT;
	int rc = judge(s, dir, guests, real, guest, &pool);

	pool_release(&pool);
	return rc;
}

static int refuse(struct session *s, const struct guests *guests, const char *what,
		  const char *dir, const char *setting)
{
	const struct guest *guest;
	const char *real;

	if (state_place_judge(s, dir, guests, &real, &guest) < 0)
		return -1;
	if (!guest)
		return 0;
	return session_fail(s, EXIT_BLOCKED, "VS155: the %s '%s' is '%s', in the tree of guest '%s'; "
			    "nothing was changed: give it a place of the host's own with %s", what,
			    show(dir), show(real), show(guest->name), setting);
}

int state_place_allowed(struct session *s)
{
	struct pool pool = POOL_INIT;
	struct findings unused = { .pool = &pool };
	struct guests guests = { 0 };
	struct host host = { 0 };
	int rc = -1;

	if (layout_read(&host, &s->root, s->live ? &s->proc : NULL, &pool, &unused, &s->err) == 0 &&
	    vserver_scan(&guests, &host, &s->root, &pool, &unused, &s->err) == 0)
		rc = refuse(s, &guests, "state directory", s->set.state_dir, "state_dir");
	if (rc == 0 && !s->opt.log_file)
		rc = refuse(s, &guests, "log directory", s->set.log_dir, "log_dir");
	pool_release(&pool);
	return rc;
}
