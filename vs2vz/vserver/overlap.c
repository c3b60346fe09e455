/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What only the whole list shows: one name in two installations, one tree behind
 * several configurations, a tree inside another, and trees without owner. Looks,
 * and adds findings; of a tree that several claim, the one that VServer would most
 * likely have started is left convertible: a directory before a link to one, an
 * enabled guest before a disabled one, then by name.
 */
#include "vserver/scanning.h"

#include <dirent.h>
#include <fnmatch.h>
#include <string.h>

static bool is_live(const struct guest *g)
{
	return g->tree && g->state == GUEST_FOUND;
}

static void find_clashes(struct scan *s)
{
	const struct guests *all = s->guests;

	for (size_t i = 0; i < all->nr; i++) {
		const struct guest *g = &all->v[i];
		bool same = (i && strcmp(g[-1].name, g->name) == 0) ||
			    (i + 1 < all->nr && strcmp(g[1].name, g->name) == 0);

		if (same)
			finding_add(s->findings, VS_NAME_CLASH, g->name, g->conf,
				    "more than one guest has this name");
	}
}

/* A name that is a link to another guest's directory. */
static bool is_linked(const struct guest *g)
{
	const char *last = strrchr(g->conf, '/');

	return g->style == STYLE_RECENT && (strcmp(last + 1, g->name) != 0 ||
					    !path_within(g->conf, g->install));
}

static bool goes_first(const struct guest *a, const struct guest *b)
{
	if (is_linked(a) != is_linked(b))
		return is_linked(b);
	if (a->disabled != b->disabled)
		return b->disabled;
	return strcmp(a->name, b->name) <= 0;
}

static bool same_tree(const struct guest *a, const struct guest *b)
{
	return is_live(a) && is_live(b) && a->tree_dev == b->tree_dev &&
	       a->tree_ino == b->tree_ino;
}

static bool same_converted(const struct guest *a, const struct guest *b)
{
	return a->state == GUEST_CONVERTED && b->state == GUEST_CONVERTED &&
	       strcmp(a->conf, b->conf) == 0;
}

static void find_aliases(struct scan *s)
{
	struct guest *v = s->guests->v;
	size_t nr = s->guests->nr;

	for (size_t i = 0; i < nr; i++) {
		const struct guest *first = NULL;

		for (size_t j = 0; j < nr; j++)
			if (j != i && (same_tree(&v[i], &v[j]) || same_converted(&v[i], &v[j])) &&
			    !goes_first(&v[i], &v[j]) && (!first || goes_first(&v[j], first)))
				first = &v[j];
		if (!first)
			continue;
		finding_add(s->findings, VS_TREE_ALIAS, v[i].name, v[i].conf,
			    "the tree is that of guest '%s'", show(first->name));
		if (v[i].state == GUEST_CONVERTED)
			v[i].state = GUEST_ABSENT;	/* its conversion is the other one's */
	}
}

static void find_nested(struct scan *s)
{
	const struct guests *all = s->guests;

	for (size_t i = 0; i < all->nr; i++) {
		const struct guest *g = &all->v[i];

		if (!is_live(g))
			continue;
		if (path_within(g->install, g->tree))
			finding_add(s->findings, VS_TREE_NESTED, g->name, g->tree,
				    "VServer's configuration '%s' lies inside the tree",
				    show(g->install));
		for (size_t j = 0; j < all->nr; j++) {
			const struct guest *other = &all->v[j];

			if (!is_live(other) || same_tree(g, other))
				continue;
			if (path_within(g->tree, other->tree))
				finding_add(s->findings, VS_TREE_NESTED, g->name, g->tree,
					    "inside the tree of guest '%s'", show(other->name));
			else if (path_within(other->tree, g->tree))
				finding_add(s->findings, VS_TREE_NESTED, g->name, g->tree,
					    "the tree of guest '%s' is inside", show(other->name));
		}
	}
}

/* Is it a guest's tree, around one, inside one, or the place of one without a tree? */
static bool is_claimed(const struct scan *s, const char *path, const char *name)
{
	for (size_t i = 0; i < s->guests->nr; i++) {
		const struct guest *g = &s->guests->v[i];

		if (g->tree && (path_within(path, g->tree) || path_within(g->tree, path)))
			return true;
		if (g->state == GUEST_ABSENT && strcmp(g->name, name) == 0)
			return true;
	}
	return false;
}

/* A hash store, or what one lies in. */
static bool is_store(const struct host *host, const char *path)
{
	for (unsigned i = 0; i < host->nr_stores; i++)
		if (path_within(host->stores[i], path))
			return true;
	return false;
}

static void look_for_orphan(struct scan *s, const struct host *host, const char *base,
			    const char *name)
{
	const char *path = pool_printf(s->pool, "%s/%s", strcmp(base, "/") ? base : "", name);
	struct stat st;
	struct err err;

	/* Dot names: VServer's own (.hash, .pkg) and our holding folders. */
	if (*name == '.' || strcmp(name, "lost+found") == 0 || fnmatch("*.~*~", name, 0) == 0)
		return;
	if (root_lstat(s->root, path, &st, &err) < 0 || !S_ISDIR(st.st_mode))
		return;
	if (!is_claimed(s, path, name) && !is_store(host, path))
		finding_add(s->findings, VS_TREE_ORPHAN, NULL, path, "no guest names it");
}

static void look_in_base(struct scan *s, const struct host *host, const char *base)
{
	struct names names;
	struct err err;

	if (root_names(s->root, base, s->pool, &names, &err) < 0) {
		finding_add(s->findings, VS_TREE_UNREADABLE, NULL, base, "%s", err.text);
		return;
	}
	for (size_t i = 0; i < names.nr; i++)
		look_for_orphan(s, host, base, names.name[i]);
}

struct bases {
	size_t nr, cap;
	const char **v;
};

/* A tree base that exists and is no tree itself, once. */
static void add_base(struct bases *bases, const char *path, struct scan *s)
{
	struct buf real CLEANUP_BUF = BUF_INIT;
	struct stat st;
	struct err err;

	if (root_canonical(s->root, path, &real, &err) < 0 ||
	    root_lstat(s->root, real.data, &st, &err) < 0 || !S_ISDIR(st.st_mode) ||
	    strcmp(real.data, "/") == 0)
		return;
	for (size_t i = 0; i < bases->nr; i++)
		if (strcmp(bases->v[i], real.data) == 0)
			return;
	*(const char **)pool_grow(s->pool, &bases->v, &bases->nr, &bases->cap,
				  sizeof(*bases->v)) = pool_memdup(s->pool, real.data, real.len);
}

void overlap_find(struct scan *s, const struct installs *all, const struct host *host)
{
	struct bases bases = { .nr = 0 };

	find_clashes(s);
	find_nested(s);
	find_aliases(s);
	for (size_t i = 0; i < all->nr; i++) {
		add_base(&bases, pool_printf(s->pool, "%s/.defaults/vdirbase", all->v[i].conf), s);
		add_base(&bases, all->v[i].base, s);
	}
	for (size_t i = 0; i < bases.nr; i++)
		look_in_base(s, host, bases.v[i]);
}
