/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the trees of the selected guests hold: one walk of each, with the bits that only
 * their device shows, and who shares files with whom. Hash stores are walked only where
 * a guest has files with names outside its tree, so that a host without marks costs
 * one walk for each tree. Reads only.
 */
#include "session.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/progress.h"
#include "base/sharing.h"
#include "base/stop.h"
#include "manifests.h"
#include "vserver/scan.h"

/* One inspection of all selected guests; the number of a guest's tree is its place. */
struct inspection {
	struct session *s;
	struct sharing *sharing;	/* NULL: no survey */
};

const struct device *session_device(struct session *s, int dirfd, const struct fsinfo *fs)
{
	struct device *d, new = { .dev = fs->dev };

	for (size_t i = 0; i < s->nr_devices; i++)
		if (s->devices[i].dev == fs->dev)
			return &s->devices[i];
	if (hidden_open(&new.hidden, dirfd, fs->type, fs->source, &new.why, &s->err) < 0)
		return NULL;
	d = pool_grow(&s->pool, &s->devices, &s->nr_devices, &s->cap_devices, sizeof(*d));
	*d = new;
	return d;
}

void session_close_devices(struct session *s)
{
	for (size_t i = 0; i < s->nr_devices; i++)
		hidden_close(s->devices[i].hidden);
	s->nr_devices = 0;
}

static void write_down(void *manifest, const struct walk_dir *dir, struct walk_entry *v, size_t nr)
{
	manifest_batch(manifest, dir, v, nr);
}

static int survey_guest(const struct inspection *all, struct guest *g, unsigned number,
			const struct root *tree, const struct fsinfo *fs)
{
	struct session *s = all->s;
	const struct device *d = session_device(s, tree->fd, fs);
	struct survey_also also = { .entries = write_down };
	struct survey_options opt = {
		.threads = s->opt.has_jobs ? s->opt.jobs : s->set.jobs,
		.rotational = fs->rotational,
		.xattrs = true,
		.limits = true,
		.sharing = all->sharing,
		.tree = number,
	};

	if (!d)
		return -1;
	opt.hidden = d->hidden;
	opt.hidden_why = d->why;
	also.ctx = manifests_begin(s, g);
	opt.also = also.ctx ? &also : NULL;
	if (survey_tree(&g->survey, tree->fd, &opt, &s->err) < 0) {
		if (also.ctx)
			manifest_drop(also.ctx);
		return -1;
	}
	g->recorded = manifests_end(also.ctx, tree->fd);
	g->surveyed = true;
	return 0;
}

/*
 * The file system of a tree. Guests share a few mounts: each is asked once, where the
 * kernel tells at once which one it is. Nothing is mounted or changed during the look.
 */
static int tree_fs(struct session *s, const char *tree, struct pool *pool, struct fsinfo *out)
{
	struct fsinfo *new;
	struct stat st;
	struct err err;
	int CLEANUP_FD fd = root_opendir(&s->root, tree, &err);
	int id = fd < 0 || fstat(fd, &st) < 0 ? -1 : fsinfo_mount_of(fd);

	for (size_t i = 0; id >= 0 && i < s->nr_mounts; i++) {
		if (s->mounts[i].mount_id == id && s->mounts[i].dev == st.st_dev) {
			*out = s->mounts[i];
			return 0;
		}
	}
	if (fsinfo_read(out, &s->root, tree, id < 0 ? pool : &s->pool, &s->err) < 0)
		return -1;
	if (id < 0)
		out->type = pool_strdup(&s->pool, out->type);	/* it stays with the guest */
	if (id < 0 || out->mount_id != id)
		return 0;
	new = pool_grow(&s->pool, &s->mounts, &s->nr_mounts, &s->cap_mounts, sizeof(*new));
	*new = *out;
	return 0;
}

/* What the tree says of itself: distribution, init, size. */
static int inspect_tree_in(const struct inspection *all, struct guest *g, unsigned number,
			   struct fsinfo *fs, struct pool *pool)
{
	struct session *s = all->s;
	struct root tree;
	int done;

	if (tree_fs(s, g->tree, pool, fs) < 0)
		return -1;
	g->file_system = fs->type;
	if (root_inside(&tree, &s->root, g->tree, &s->err) < 0)
		return -1;
	done = vserver_system(&g->system, &tree, &s->pool, &s->findings, g->name, &s->err);
	if (done == 0 && all->sharing)
		done = survey_guest(all, g, number, &tree, fs);
	root_release(&tree);
	return done;
}

static int inspect_tree(const struct inspection *all, struct guest *g, unsigned number)
{
	struct pool pool = POOL_INIT;
	struct fsinfo fs = { 0 };
	int done = inspect_tree_in(all, g, number, &fs, &pool);

	pool_release(&pool);
	return done;
}

int session_users(struct session *s)
{
	return users_stale(&s->users) ? users_read(&s->users, &s->root, &s->proc, &s->err) : 0;
}

static int stopped(struct session *s)
{
	return session_fail(s, 128 + stop_signal(), "stopped; nothing was changed");
}

static int inspect_guest(const struct inspection *all, struct guest *g, unsigned number)
{
	struct session *s = all->s;

	if (session_users(s) < 0)
		return -1;
	vserver_busy(g, &s->users, &s->findings);
	if (inspect_tree(all, g, number) == 0)
		return 0;
	if (stop_wanted())
		return stopped(s);
	finding_add(&s->findings, VS_TREE_UNREADABLE, g->name, g->tree, "%s", s->err.text);
	err_clear(&s->err);
	return 0;
}

static bool shares(const struct guest *g)
{
	return g->surveyed && g->survey.outside_inodes;
}

/* Does a selected guest share files of this file system? */
static bool is_shared_device(const struct session *s, dev_t dev)
{
	for (size_t i = 0; i < s->nr_selected; i++)
		if (shares(s->selected[i]) && s->selected[i]->tree_dev == dev)
			return true;
	return false;
}

/* A store that cannot be read only leaves sharers unknown. */
static int walk_store(const struct inspection *all, const char *path)
{
	struct session *s = all->s;
	struct survey_options opt = {
		.threads = s->opt.has_jobs ? s->opt.jobs : s->set.jobs,
		.sharing = all->sharing,
	};
	struct survey found;
	struct fsinfo fs;
	struct err err;
	int CLEANUP_FD fd = strict_opendir(&s->root, path, &err);
	int done;

	if (fd < 0 || fsinfo_read(&fs, &s->root, path, &s->pool, &err) < 0 ||
	    !is_shared_device(s, fs.dev))
		return 0;
	opt.rotational = fs.rotational;
	opt.tree = sharing_tree(all->sharing, path, true);
	progress_begin("surveying", pool_printf(&s->pool, "hash store %s", show(path)), 0, 0);
	done = survey_tree(&found, fd, &opt, &err);
	progress_end();
	if (done == 0)
		survey_release(&found);
	else if (stop_wanted())
		return stopped(s);
	else
		log_say(LOG_WARNING, "the hash store '%s' was not read: %s", show(path), err.text);
	return 0;
}

static int find_sharers(const struct inspection *all)
{
	struct session *s = all->s;
	bool any = false;

	for (size_t i = 0; i < s->nr_selected; i++)
		any |= shares(s->selected[i]);
	if (!any)
		return 0;
	for (unsigned i = 0; i < s->host.nr_stores; i++)
		if (walk_store(all, s->host.stores[i]) < 0)
			return -1;
	sharing_join(all->sharing);
	for (size_t i = 0; i < s->nr_selected; i++)
		if (shares(s->selected[i]))
			sharing_of(all->sharing, (unsigned)i,
				   &s->guests.v[s->selected[i] - s->guests.v].sharers, &s->pool);
	return 0;
}

static int inspect_all(const struct inspection *all)
{
	struct session *s = all->s;
	int done = 0;

	if (all->sharing)
		progress_begin("surveying", pool_printf(&s->pool, "%zu guest%s", s->nr_selected,
							s->nr_selected == 1 ? "" : "s"), 0, 0);
	/* The scan's own array: what is const for deciding is filled here. */
	for (size_t i = 0; done == 0 && i < s->nr_selected; i++) {
		struct guest *g = &s->guests.v[s->selected[i] - s->guests.v];

		done = inspect_guest(all, g, all->sharing ? sharing_tree(all->sharing, g->name, false) : 0);
	}
	if (all->sharing)
		progress_end();
	return done == 0 && all->sharing ? find_sharers(all) : done;
}

int session_inspect(struct session *s, bool survey)
{
	struct inspection all = { .s = s };
	int done;

	if (survey && s->nr_selected)
		all.sharing = sharing_new();
	done = inspect_all(&all);
	sharing_free(all.sharing);
	return done;
}
