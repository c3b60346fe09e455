/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From G/vdir (normally two links deep) or BASE/NAME to the tree itself. A tree
 * that is not there is a fact about the guest, and no error: its volume may just
 * not be mounted.
 */
#include "vserver/scanning.h"

#include <errno.h>

static bool is_missing(int code)
{
	return code == ENOENT || code == ENOTDIR || code == ELOOP;
}

/* What the link says, or the path itself where it is none. */
static const char *link_text(const char *path, struct scan *s)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct stat st;
	struct err err;

	if (root_lstat(s->root, path, &st, &err) < 0 || !S_ISLNK(st.st_mode) ||
	    root_readlink(s->root, path, &text, &err) < 0)
		return path;
	return pool_memdup(s->pool, text.data, text.len);
}

static void absent(struct guest *g, const char *path, const struct err *err, struct scan *s)
{
	if (g->state == GUEST_CONVERTED)
		return;
	g->state = GUEST_ABSENT;
	if (err && !is_missing(err->code))
		finding_add(s->findings, VS_TREE_UNREADABLE, g->name, path, "%s", err->text);
	else if (g->tree_link != path)
		finding_add(s->findings, VS_TREE_MISSING, g->name, path,
			    "'%s' does not lead to a directory", show(g->tree_link));
	else
		finding_add(s->findings, VS_TREE_MISSING, g->name, path, "no such directory");
}

void tree_find(struct guest *g, const char *path, struct scan *s)
{
	struct buf real CLEANUP_BUF = BUF_INIT;
	struct stat st;
	struct err err;

	g->tree_link = link_text(path, s);
	if (root_canonical(s->root, path, &real, &err) < 0 ||
	    root_lstat(s->root, real.data, &st, &err) < 0) {
		absent(g, path, &err, s);
		return;
	}
	if (!S_ISDIR(st.st_mode)) {
		absent(g, path, NULL, s);
		return;
	}
	g->tree = pool_memdup(s->pool, real.data, real.len);
	g->tree_dev = st.st_dev;
	g->tree_ino = st.st_ino;
	g->tree_mode = st.st_mode;
	g->tree_uid = st.st_uid;
	g->tree_gid = st.st_gid;
}
