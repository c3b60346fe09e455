/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is what a configuration calls its tree a part of the host itself: "/", /usr, the
 * directory of all trees, a configuration directory, OpenVZ's own places? Moving that
 * away would take the running system along. Looks only.
 *
 * A tree that is such a place, or that holds one, is no guest. Inside most of them a guest
 * may lie (/home/web, /var/lib/vservers/web); inside the others only what looks like a
 * system of its own does (/etc/vservers/web/root), and inside the kernel's file systems
 * nothing.
 */
#include "vserver/scanning.h"

#include <string.h>

enum inside { INSIDE_FREE, INSIDE_SYSTEM, INSIDE_NONE };

struct part {
	const char *path;	/* canonical */
	enum inside inside;
};

static const struct part places[] = {
	{ "/bin", INSIDE_SYSTEM }, { "/boot", INSIDE_SYSTEM }, { "/dev", INSIDE_NONE },
	{ "/etc", INSIDE_SYSTEM }, { "/home", INSIDE_FREE }, { "/lib", INSIDE_SYSTEM },
	{ "/lib32", INSIDE_SYSTEM }, { "/lib64", INSIDE_SYSTEM }, { "/libx32", INSIDE_SYSTEM },
	{ "/media", INSIDE_FREE }, { "/mnt", INSIDE_FREE }, { "/opt", INSIDE_FREE },
	{ "/proc", INSIDE_NONE }, { "/root", INSIDE_FREE }, { "/run", INSIDE_SYSTEM },
	{ "/sbin", INSIDE_SYSTEM }, { "/srv", INSIDE_FREE }, { "/sys", INSIDE_NONE },
	{ "/tmp", INSIDE_FREE }, { "/usr", INSIDE_FREE }, { "/usr/bin", INSIDE_SYSTEM },
	{ "/usr/include", INSIDE_SYSTEM }, { "/usr/lib", INSIDE_SYSTEM },
	{ "/usr/lib32", INSIDE_SYSTEM }, { "/usr/lib64", INSIDE_SYSTEM },
	{ "/usr/libexec", INSIDE_SYSTEM }, { "/usr/local", INSIDE_FREE },
	{ "/usr/sbin", INSIDE_SYSTEM }, { "/usr/share", INSIDE_SYSTEM },
	{ "/usr/src", INSIDE_FREE }, { "/var", INSIDE_FREE }, { "/var/cache", INSIDE_FREE },
	{ "/var/lib", INSIDE_FREE }, { "/var/lib/dpkg", INSIDE_SYSTEM },
	{ "/var/lib/rpm", INSIDE_SYSTEM }, { "/var/lock", INSIDE_FREE },
	{ "/var/log", INSIDE_FREE }, { "/var/mail", INSIDE_FREE }, { "/var/run", INSIDE_FREE },
	{ "/var/spool", INSIDE_FREE }, { "/var/tmp", INSIDE_FREE },
};

struct parts {
	struct scan *s;
	size_t nr, cap;
	struct part *v;
};

/* By its real path, where it is there. */
static void add_part(struct parts *p, const char *path, enum inside inside)
{
	struct buf real CLEANUP_BUF = BUF_INIT;
	struct err absent;

	if (!path || root_canonical(p->s->root, path, &real, &absent) < 0)
		return;
	*(struct part *)pool_grow(p->s->pool, &p->v, &p->nr, &p->cap, sizeof(*p->v)) =
		(struct part){ pool_memdup(p->s->pool, real.data, real.len), inside };
}

/* The directory that all containers share: of "/vz/private/$VEID", "/vz/private". */
static const char *shared_parent(const char *pattern, struct pool *pool)
{
	size_t len = pattern ? strcspn(pattern, "$") : 0;

	while (len && pattern[len - 1] != '/')
		len--;
	return len > 1 ? pool_memdup(pool, pattern, len - 1) : NULL;
}

static void collect(struct parts *p, const struct installs *all, const struct host *host)
{
	struct pool *pool = p->s->pool;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		add_part(p, places[i].path, places[i].inside);
	for (size_t i = 0; i < all->nr; i++) {
		add_part(p, all->v[i].conf, INSIDE_SYSTEM);
		add_part(p, pool_printf(pool, "%s/.defaults/vdirbase", all->v[i].conf), INSIDE_FREE);
		add_part(p, all->v[i].base, INSIDE_FREE);
	}
	add_part(p, shared_parent(host->private_pattern, pool), INSIDE_FREE);
	add_part(p, shared_parent(host->root_pattern, pool), INSIDE_FREE);
	add_part(p, host->conf_dir, INSIDE_SYSTEM);
	add_part(p, host->names_dir, INSIDE_NONE);
	add_part(p, host->lock_dir, INSIDE_NONE);
	add_part(p, host->dump_dir, INSIDE_NONE);
}

bool looks_like_system(const struct scan *s, const char *tree)
{
	static const char *const programs[] = { "bin", "sbin", "usr", "lib" };
	struct stat st;
	struct err err;
	bool etc = root_lstat(s->root, pool_printf(s->pool, "%s/etc", tree), &st, &err) == 0;

	for (size_t i = 0; etc && i < sizeof(programs) / sizeof(programs[0]); i++)
		if (root_lstat(s->root, pool_printf(s->pool, "%s/%s", tree, programs[i]), &st, &err) == 0)
			return true;
	return false;
}

/* A vdir that is no link: the tree lies in its own configuration. */
static bool is_own_vdir(const struct scan *s, const struct guest *g)
{
	return strcmp(g->tree, pool_printf(s->pool, "%s/vdir", g->conf)) == 0;
}

/* What of the host the tree is; NULL: it is a guest's own. */
static const char *part_of(const struct parts *p, const struct guest *g)
{
	const char *tree = g->tree;
	struct pool *pool = p->s->pool;

	if (strcmp(tree, "/") == 0)
		return "it is the host's root directory";
	for (size_t i = 0; i < p->nr; i++) {
		const char *path = p->v[i].path;

		if (strcmp(tree, path) == 0)
			return "it is a directory of the host";
		if (path_within(path, tree))
			return pool_printf(pool, "it holds '%s' of the host", show(path));
	}
	for (size_t i = 0; i < p->nr && !is_own_vdir(p->s, g); i++)
		if (p->v[i].inside != INSIDE_FREE && path_within(tree, p->v[i].path) &&
		    (p->v[i].inside == INSIDE_NONE || !looks_like_system(p->s, tree)))
			return pool_printf(pool, "it is a part of '%s', and no system of its own",
					   show(p->v[i].path));
	return NULL;
}

void part_of_host_find(struct scan *s, const struct installs *all, const struct host *host)
{
	struct parts parts = { .s = s };

	for (size_t i = 0; i < s->guests->nr; i++) {
		struct guest *g = &s->guests->v[i];
		const char *why;

		if (!g->tree || g->state != GUEST_FOUND)
			continue;
		if (!parts.nr)
			collect(&parts, all, host);
		why = part_of(&parts, g);
		if (!why)
			continue;
		g->barred = true;
		finding_add(s->findings, VS_TREE_OF_HOST, g->name, g->tree, "%s", why);
	}
}
