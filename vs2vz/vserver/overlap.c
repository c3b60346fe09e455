/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What only the whole list shows: one name in two installations, one tree behind
 * several configurations, a tree inside another, and trees without owner. Looks,
 * and adds findings. Of several that claim one tree, the one whose name is the last
 * component of its path is the guest; the others are aliases, and barred, as are guests
 * whose tree is a part of another's. Where no name fits all of them are: which one
 * VServer started cannot be told. A name that is a link to another guest's configuration
 * is an alias of that in any case.
 */
#include "vserver/scanning.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/unseen.h"

/* Guests with a tree by its path: what lies in a directory follows it at once. */
struct by_tree {
	size_t nr;
	const struct guest **v;
};

/* As strcmp(), but a slash comes before every other byte. */
static int compare_paths(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (*a == *b || !*a || !*b)
		return (*a != 0) - (*b != 0);
	if (*a == '/' || *b == '/')
		return *a == '/' ? -1 : 1;
	return (unsigned char)*a - (unsigned char)*b;
}

static int by_tree_path(const void *left, const void *right)
{
	const struct guest *a = *(const struct guest *const *)left;
	const struct guest *b = *(const struct guest *const *)right;
	int order = compare_paths(a->tree, b->tree);

	return order ? order : (a > b) - (a < b);
}

static void sort_by_tree(struct by_tree *out, const struct scan *s)
{
	*out = (struct by_tree){ .v = pool_array(s->pool, s->guests->nr, sizeof(*out->v)) };
	for (size_t i = 0; i < s->guests->nr; i++)
		if (s->guests->v[i].tree && !s->guests->v[i].barred)
			out->v[out->nr++] = &s->guests->v[i];
	if (out->nr > 1)
		qsort(out->v, out->nr, sizeof(*out->v), by_tree_path);
}

/* The first that does not come before the path. */
static size_t first_from(const struct by_tree *trees, const char *path)
{
	size_t low = 0, high = trees->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare_paths(trees->v[mid]->tree, path) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool is_live(const struct guest *g)
{
	return g->tree && g->state == GUEST_FOUND && !g->barred;
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
	return a->tree_dev == b->tree_dev && a->tree_ino == b->tree_ino;
}

static bool same_converted(const struct guest *a, const struct guest *b)
{
	return a->state == GUEST_CONVERTED && b->state == GUEST_CONVERTED &&
	       strcmp(a->conf, b->conf) == 0;
}

/* Which guests could be the same: by tree, or by configuration of converted ones. */
struct alias {
	const struct guest *guest;
	bool live, converted;
};

static int compare_aliases(const void *left, const void *right)
{
	const struct alias *a = left, *b = right;
	const struct guest *x = a->guest, *y = b->guest;
	int order = (b->live - a->live) * 2 + b->converted - a->converted;

	if (order == 0 && a->live)
		order = x->tree_dev != y->tree_dev ? (x->tree_dev < y->tree_dev ? -1 : 1) :
			(x->tree_ino > y->tree_ino) - (x->tree_ino < y->tree_ino);
	if (order == 0 && a->converted)
		order = strcmp(x->conf, y->conf);
	return order;
}

static int by_alias(const void *left, const void *right)
{
	const struct alias *a = left, *b = right;
	int order = compare_aliases(a, b);

	return order ? order : (a->guest > b->guest) - (a->guest < b->guest);
}

/* Is the name that of the directory that the tree is? */
static bool names_tree(const struct guest *g)
{
	return strcmp(strrchr(g->tree, '/') + 1, g->name) == 0;
}

/* The one of them that the tree belongs to; NULL: none can be told. */
static const struct guest *owner_of(const struct alias *run, size_t nr)
{
	const struct guest *owner = NULL, *only = NULL;
	size_t configurations = 0;

	for (size_t i = 0; i < nr; i++) {
		const struct guest *g = run[i].guest;

		if (!is_live(g) || is_linked(g))
			continue;
		configurations++;
		only = g;
		if (names_tree(g) && (!owner || goes_first(g, owner)))
			owner = g;
	}
	return owner ? owner : configurations == 1 ? only : NULL;
}

/* Several live ones of one tree. */
static void bar_aliases(struct scan *s, const struct alias *run, size_t nr)
{
	const struct guest *owner = owner_of(run, nr);

	for (size_t i = 0; i < nr; i++) {
		struct guest *g = &s->guests->v[run[i].guest - s->guests->v];

		if (g == owner)
			continue;
		g->barred = true;
		finding_add(s->findings, VS_TREE_ALIAS, g->name, g->conf, "the tree '%s' is that of "
			    "guest '%s'%s", show(g->tree),
			    show(owner ? owner->name : run[i ? 0 : 1].guest->name),
			    owner ? "" : " as well, and has the name of neither");
	}
}

/* Of the nr converted ones with this configuration, the one that goes before it; NULL: none. */
static const struct guest *first_of(const struct alias *run, size_t nr, const struct guest *g)
{
	const struct guest *first = NULL;

	for (size_t k = 0; k < nr; k++) {
		const struct guest *other = run[k].guest;

		if (other != g && same_converted(g, other) && !goes_first(g, other) &&
		    (!first || goes_first(other, first)))
			first = other;
	}
	return first;
}

/* All of one run, in the order of the guests: one that is found out is no longer asked. */
static void judge_converted(struct scan *s, const struct alias *run, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		struct guest *g = &s->guests->v[run[i].guest - s->guests->v];
		const struct guest *first = first_of(run, nr, g);

		if (!first)
			continue;
		finding_add(s->findings, VS_TREE_ALIAS, g->name, g->conf,
			    "the tree is that of guest '%s'", show(first->name));
		g->state = GUEST_ABSENT;	/* its conversion is the other one's */
	}
}

static void find_aliases(struct scan *s)
{
	const struct guests *all = s->guests;
	struct alias *v = pool_array(s->pool, all->nr, sizeof(*v));
	size_t run, nr = 0;

	for (size_t i = 0; i < all->nr; i++) {
		const struct guest *g = &all->v[i];

		if (is_live(g) || g->state == GUEST_CONVERTED)
			v[nr++] = (struct alias){ g, is_live(g), g->state == GUEST_CONVERTED };
	}
	if (nr > 1)
		qsort(v, nr, sizeof(*v), by_alias);
	for (size_t i = 0; i < nr; i += run) {
		for (run = 1; i + run < nr && compare_aliases(&v[i], &v[i + run]) == 0;)
			run++;
		if (run > 1)
			(v[i].live ? bar_aliases : judge_converted)(s, v + i, run);
	}
}

/*
 * Trees around trees. A guest's system is one tree, whatever other configurations name in
 * it: the inner guest is barred, the outer one is told what goes along; it waits where that
 * is a system, for then it may be a guest's only copy. Where only the inner one is a system,
 * the outer configuration names a directory of guests, and is barred.
 */
typedef void around_fn(struct scan *s, struct guest *inner, struct guest *outer);

static void bar_holder(struct scan *s, struct guest *inner, struct guest *outer)
{
	if (outer->barred || unseen_count() || looks_like_system(s, outer->tree) ||
	    !looks_like_system(s, inner->tree))
		return;
	outer->barred = true;
	finding_add(s->findings, VS_TREE_NESTED, outer->name, outer->tree, "it is no system, and holds "
		    "the tree of guest '%s'", show(inner->name));
}

static void bar_inner(struct scan *s, struct guest *inner, struct guest *outer)
{
	if (outer->barred)
		return;
	if (!inner->barred)
		finding_add(s->findings, VS_TREE_NESTED, inner->name, inner->tree,
			    "it is a part of the tree of guest '%s'", show(outer->name));
	inner->barred = true;
	if (looks_like_system(s, inner->tree))
		finding_add(s->findings, VS_TREE_NESTED, outer->name, inner->tree,
			    "the system of guest '%s' lies in this guest's tree, and would go along",
			    show(inner->name));
	else
		finding_add(s->findings, VS_TREE_AROUND, outer->name, inner->tree,
			    "the tree of guest '%s' goes along", show(inner->name));
}

/*
 * Each pair of an inner tree and one around it, from the outermost on. In the order of the
 * paths those that a tree lies in are a stack.
 */
static void each_around(struct scan *s, const struct by_tree *trees, around_fn *one)
{
	struct guest **around = pool_array(s->pool, trees->nr, sizeof(*around));
	size_t depth = 0, nr = 0;
	struct guest **live = pool_array(s->pool, trees->nr, sizeof(*live));

	for (size_t i = 0; i < trees->nr; i++)
		if (is_live(trees->v[i]))
			live[nr++] = &s->guests->v[trees->v[i] - s->guests->v];
	for (size_t i = 0; i < nr; i++) {
		while (depth && !path_within(live[i]->tree, around[depth - 1]->tree))
			depth--;
		for (size_t k = 0; k < depth; k++)
			if (!same_tree(live[i], around[k]))
				one(s, live[i], around[k]);
		around[depth++] = live[i];
	}
}

static void find_nested(struct scan *s, const struct by_tree *trees)
{
	for (size_t i = 0; i < trees->nr; i++) {
		const struct guest *g = trees->v[i];

		if (is_live(g) && path_within(g->install, g->tree))
			finding_add(s->findings, VS_TREE_NESTED, g->name, g->tree,
				    "VServer's configuration '%s' lies inside the tree",
				    show(g->install));
	}
	each_around(s, trees, bar_holder);
	each_around(s, trees, bar_inner);
}

/* Is there a tree at this path, or at a directory above it? */
static bool is_inside(const struct by_tree *trees, const char *path, struct pool *pool)
{
	char *above = pool_strdup(pool, path);

	for (;;) {
		size_t at = first_from(trees, *above ? above : "/");
		char *slash = strrchr(above, '/');

		if (at < trees->nr && strcmp(trees->v[at]->tree, *above ? above : "/") == 0)
			return true;
		if (!slash)
			return false;
		*slash = '\0';
	}
}

static bool is_place_of_absent(const struct scan *s, const char *name)
{
	const struct guests *all = s->guests;
	size_t low = 0, high = all->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(all->v[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < all->nr && strcmp(all->v[low].name, name) == 0; low++)
		if (all->v[low].state == GUEST_ABSENT || all->v[low].state == GUEST_UNREAD)
			return true;
	return false;
}

/* Is it a guest's tree, around one, inside one, or the place of one without a tree? */
static bool is_claimed(const struct scan *s, const struct by_tree *trees, const char *path,
		       const char *name)
{
	size_t at = first_from(trees, path);

	return (at < trees->nr && path_within(trees->v[at]->tree, path)) ||
	       is_inside(trees, path, s->pool) || is_place_of_absent(s, name);
}

/* A hash store, or what one lies in. */
static bool is_store(const struct host *host, const char *path)
{
	for (unsigned i = 0; i < host->nr_stores; i++)
		if (path_within(host->stores[i], path))
			return true;
	return false;
}

static void look_for_orphan(struct scan *s, const struct by_tree *trees, const struct host *host,
			    const char *base, const char *name)
{
	const char *path = pool_printf(s->pool, "%s/%s", strcmp(base, "/") ? base : "", name);
	struct stat st;
	struct err err;

	/* Dot names: VServer's own (.hash, .pkg) and our holding folders. */
	if (*name == '.' || strcmp(name, "lost+found") == 0 || fnmatch("*.~*~", name, 0) == 0)
		return;
	if (root_lstat(s->root, path, &st, &err) < 0 || !S_ISDIR(st.st_mode))
		return;
	if (!is_claimed(s, trees, path, name) && !is_store(host, path))
		finding_add(s->findings, VS_TREE_ORPHAN, NULL, path, "no guest names it");
}

static void look_in_base(struct scan *s, const struct by_tree *trees, const struct host *host,
			 const char *base)
{
	struct names names;
	struct err err;

	if (root_names(s->root, base, s->pool, &names, &err) < 0) {
		finding_add(s->findings, VS_TREE_UNREADABLE, NULL, base, "%s", err.text);
		return;
	}
	for (size_t i = 0; i < names.nr; i++)
		look_for_orphan(s, trees, host, base, names.name[i]);
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
	struct by_tree trees;

	find_clashes(s);
	sort_by_tree(&trees, s);	/* with aliases: their tree is somebody's */
	find_aliases(s);
	find_nested(s, &trees);
	for (size_t i = 0; i < all->nr; i++) {
		add_base(&bases, pool_printf(s->pool, "%s/.defaults/vdirbase", all->v[i].conf), s);
		add_base(&bases, all->v[i].base, s);
	}
	/* Of what could not be looked at somebody's configuration may be: no tree is nobody's. */
	for (size_t i = 0; i < bases.nr && !unseen_count(); i++)
		look_in_base(s, &trees, host, bases.v[i]);
}
