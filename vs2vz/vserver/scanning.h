/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of this room share while one scan runs. Nothing of it outlives
 * vserver_scan() but the guests themselves.
 */
#ifndef VS2VZ_VSERVER_SCANNING_H
#define VS2VZ_VSERVER_SCANNING_H

#include "base/inroot.h"
#include "base/pool.h"
#include "model/finding.h"
#include "model/guest.h"
#include "model/host.h"

struct scan {
	const struct root *root;
	struct pool *pool;
	struct findings *findings;
	struct guests *guests;
};

/* One util-vserver: its configuration and what was compiled into it. */
struct install {
	const char *conf;	/* canonical */
	const char *base;	/* trees of legacy guests; need not exist */
	const char *run;	/* run files: NAME, NAME.ctx */
	struct items defaults;
};
struct installs {
	size_t nr, cap;
	struct install *v;
};

/* locate.c: every installation of the host, each configuration directory once. */
void installs_find(struct installs *out, struct scan *s);

/* enumerate.c: the guests of one installation; adds to s->guests. */
void enumerate(struct scan *s, const struct install *in);

/* items.c: everything below dir; prefix goes before each path ("", ".defaults/"). */
void items_read(struct items *out, const char *dir, const char *prefix, const char *guest,
		struct scan *s);
void items_sort(struct items *items);
/* A new element; path and text are not copied. */
struct item *items_add(struct items *items, struct pool *pool, const char *path,
		       enum item_type type);
/* The beginning of a regular file, at most max bytes; *cut: there is more. */
int file_begin(struct item *out, const char *path, size_t max, struct scan *s,
	       struct err *err) MUST_CHECK;

/* tree.c: where the guest's files are. path: G/vdir, or BASE/NAME of a legacy guest. */
void tree_find(struct guest *g, const char *path, struct scan *s);

/* identity.c: host name, context, marks of a new-style guest from its items. */
void identity_read(struct guest *g, struct scan *s);
/* The context number in a run file left behind; -1: none. */
int64_t run_file_xid(const char *path, struct scan *s);

/* address.c, legacy_guest.c */
void addresses_read(struct guest *g, struct scan *s);
void legacy_read(struct guest *g, const struct install *in, struct scan *s);

/* unify.c: host->stores; when all guests are known. */
void stores_find(struct host *host, const struct installs *all, struct scan *s);

/* part_of_host.c: trees that are directories of the running system; their guests are barred. */
void part_of_host_find(struct scan *s, const struct installs *all, const struct host *host);

/* A root directory: what every guest has, and no part of a host but its own root. */
bool looks_like_system(const struct scan *s, const char *tree);

/* overlap.c: what guests do to one another, and trees that nobody owns (no store is one). */
void overlap_find(struct scan *s, const struct installs *all, const struct host *host);

/* Small things on text. */
bool text_ends(const char *text, const char *suffix);
/* Is path the directory itself or below it? Canonical paths. */
bool path_within(const char *path, const char *dir);
/* Is this a name that the start scripts take for a backup? */
bool name_is_backup(const char *name);

#endif
