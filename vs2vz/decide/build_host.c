/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps that several guests share: the mtime of every directory that their plans will
 * change, the missing directories of the OpenVZ side, and the links that call VServer's
 * boot scripts, which go. They run before the first guest's and are taken back after
 * the last one's.
 *
 *	times /vz · mkdir /vz/private 0700 · mkdir /vz/root 0700 · times /vservers · ...
 *	remove /etc/rc3.d/S98vservers-default
 *
 * The times of a directory come before the first mkdir in it, so that its undo, which
 * goes the other way, sees the old names again.
 */
#include <stdlib.h>
#include <string.h>

#include "decide/host_judge.h"
#include "decide/inside.h"

/* A directory whose entries change, and its mode where it has to be made. */
struct place_needed {
	const char *path;
	unsigned mode;
};
struct places {
	size_t nr, cap;
	struct place_needed *v;
};

static void add_place(struct places *places, struct pool *pool, const char *path, unsigned mode)
{
	struct place_needed *new;

	for (size_t i = 0; i < places->nr; i++)
		if (strcmp(places->v[i].path, path) == 0)
			return;
	new = pool_grow(pool, &places->v, &places->nr, &places->cap, sizeof(*new));
	*new = (struct place_needed){ path, mode };
}

/* The directory that all containers share, whatever stands behind the number. */
static const char *shared_parent(const char *pattern, struct pool *pool)
{
	const char *path = path_parent(pattern, pool);

	while (strchr(path, '$'))
		path = path_parent(path, pool);
	return path;
}

static void collect_places(struct deciding *d, struct places *places)
{
	const struct host *host = d->host;

	add_place(places, d->pool, shared_parent(host->private_pattern, d->pool), 0700);
	add_place(places, d->pool, shared_parent(host->root_pattern, d->pool), 0700);
	add_place(places, d->pool, host->conf_dir, 0755);
	for (size_t i = 0; i < d->out->nr; i++)
		if (d->out->v[i].ct.name_link)
			add_place(places, d->pool, host->names_dir, 0700);
	if (host->lock_dir && path_exists(d->root, host->lock_dir))
		add_place(places, d->pool, host->lock_dir, 0755);
	for (size_t i = 0; i < d->out->nr; i++) {
		const struct guest *guest = d->out->v[i].guest;

		if (d->out->v[i].method == METHOD_RENAME || retire_path(d, &d->out->v[i]))
			add_place(places, d->pool, path_parent(guest->tree, d->pool), 0755);
		if (d->out->v[i].insulation && !d->out->v[i].insulation->device &&
		    !d->out->v[i].insulation->misplaced)
			add_place(places, d->pool, path_parent(d->out->v[i].insulation->at, d->pool),
				  0700);
		if (guest->style == STYLE_LEGACY)
			add_place(places, d->pool, path_parent(guest->conf, d->pool), 0755);
	}
	for (size_t i = 0; i < d->side.nr_links; i++)
		add_place(places, d->pool, d->side.link[i].dir, 0755);
}

/* Parents before children. */
static int by_path(const void *left, const void *right)
{
	const struct place_needed *a = left, *b = right;

	return strcmp(a->path, b->path);
}

static bool has_step(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->nr_steps; i++)
		if (strcmp(step_get(&plan->step[i], "at"), path) == 0)
			return true;
	return false;
}

/* A directory that is there gets its times noted; one that is not is made, parents first. */
static int provide(struct deciding *d, const char *path, unsigned mode, struct err *err)
{
	struct plan *plan = &d->out->host;

	if (has_step(plan, path))
		return 0;
	if (path_exists(d->root, path))
		return build_times(d, plan, path, err);
	if (provide(d, path_parent(path, d->pool), 0755, err) < 0)
		return -1;
	plan_input(plan, d->pool, INPUT_ABSENT, path, NULL);
	build_mkdir(d, plan, path, mode);
	return 0;
}

int build_host(struct deciding *d, struct err *err)
{
	struct plan *plan = &d->out->host;
	struct places places = { 0, 0, NULL };

	plan->scope = "host";
	if (!d->out->nr)
		return 0;
	if (plan_token_new(plan, d->pool, d->host->token, err) < 0)
		return -1;
	collect_places(d, &places);
	qsort(places.v, places.nr, sizeof(*places.v), by_path);
	for (size_t i = 0; i < places.nr; i++)
		if (provide(d, places.v[i].path, places.v[i].mode, err) < 0)
			return -1;
	host_switch_off(plan, &d->side, d->pool);
	return 0;
}
