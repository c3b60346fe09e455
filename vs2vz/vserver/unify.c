/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where vhashify keeps one name of each file that guests share: the hash stores, one
 * for each file system, named by links (util-vserver: src/vhashify.c; by custom
 * "00" -> /vservers/.hash). Only where they are; nothing in them is read here.
 *
 *	CONF/.defaults/apps/vunify/hash/ID	for all guests
 *	CONF/NAME/apps/vunify/hash/ID		for one
 *
 * Files beside the links ("method", "blocks", "blocksize") are settings. A link that
 * leads into or around a guest's tree is no store: its files would be counted twice.
 */
#include "vserver/scanning.h"

#include <stdlib.h>
#include <string.h>

struct stores {
	size_t nr, cap;
	const char **v;
};

static bool is_tree(const struct scan *s, const char *path)
{
	for (size_t i = 0; i < s->guests->nr; i++) {
		const char *tree = s->guests->v[i].tree;

		if (tree && !s->guests->v[i].barred && (path_within(path, tree) || path_within(tree, path)))
			return true;
	}
	return false;
}

static void add_store(struct stores *out, const char *link, struct scan *s)
{
	struct buf real CLEANUP_BUF = BUF_INIT;
	struct stat st;
	struct err err;

	if (root_canonical(s->root, link, &real, &err) < 0 ||
	    root_lstat(s->root, real.data, &st, &err) < 0 || !S_ISDIR(st.st_mode) ||
	    strcmp(real.data, "/") == 0 || is_tree(s, real.data))
		return;
	for (size_t i = 0; i < out->nr; i++)
		if (strcmp(out->v[i], real.data) == 0)
			return;
	*(const char **)pool_grow(s->pool, &out->v, &out->nr, &out->cap, sizeof(*out->v)) =
		pool_memdup(s->pool, real.data, real.len);
}

/* base: CONF/.defaults or CONF/NAME. What is not there or unreadable names no store. */
static void look_in(struct stores *out, const char *base, struct scan *s)
{
	const char *dir = pool_printf(s->pool, "%s/apps/vunify/hash", base);
	struct names names;
	struct err err;

	if (root_names(s->root, dir, s->pool, &names, &err) < 0)
		return;
	for (size_t i = 0; i < names.nr; i++)
		add_store(out, pool_printf(s->pool, "%s/%s", dir, names.name[i]), s);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void stores_find(struct host *host, const struct installs *all, struct scan *s)
{
	struct stores found = { .nr = 0 };

	for (size_t i = 0; i < all->nr; i++)
		look_in(&found, pool_printf(s->pool, "%s/.defaults", all->v[i].conf), s);
	for (size_t i = 0; i < s->guests->nr; i++)
		if (s->guests->v[i].style == STYLE_RECENT && s->guests->v[i].state != GUEST_UNREAD)
			look_in(&found, s->guests->v[i].conf, s);
	if (found.nr > 1)
		qsort(found.v, found.nr, sizeof(*found.v), by_path);
	host->stores = found.v;
	host->nr_stores = (unsigned)found.nr;
}
