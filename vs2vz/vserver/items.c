/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration directory as a sorted list of items. Knows which names are
 * links by meaning; knows no item's format.
 *
 * A link that stands for a file is read as that file, as the shell would. A link
 * to a directory is entered only where it stays in the configuration: anything
 * else could lead to all of the host. Nodes that are neither file, directory nor
 * link are recorded and never opened. Depth and number are bounded, because links
 * may run in circles.
 */
#include "vserver/scanning.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/unseen.h"

#define DEPTH_MAX 8
#define COUNT_MAX 4096

struct reading {
	struct items *out;
	struct scan *s;
	const char *top;	/* the directory, canonical */
	const char *prefix;
	const char *guest;
	size_t left;		/* items that may still come */
	bool told;		/* that a bound was met */
	struct pool scratch;	/* names and paths on the way */
};

/* Links whose target is the value, and those that may be followed nowhere. */
static const char *const links_by_meaning[] = {
	"apps/init/tty", "apps/pkgmgmt/*", "apps/vunify/*", "apps/vunify/*/*",
	"cache", "cachebase", "run", "run.rev", "vdir", "vdirbase",
};

/* Directories of VServer's own: a link out of the configuration hides settings. */
static const char *const own_dirs[] = {
	"apps", "apps/init", "cgroup", "cpuset", "dlimits", "interfaces", "interfaces/*",
	"netns", "rlimits", "sched", "scripts", "scripts/*", "spaces", "sysctl", "ulimits", "uts",
};

static bool matches(const char *const *patterns, size_t nr, const char *path)
{
	for (size_t i = 0; i < nr; i++)
		if (fnmatch(patterns[i], path, FNM_PATHNAME) == 0)
			return true;
	return false;
}
#define MATCHES(table, path) matches(table, sizeof(table) / sizeof(*(table)), path)

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->path, ((const struct item *)b)->path);
}

void items_sort(struct items *items)
{
	if (items->nr > 1)
		qsort(items->v, items->nr, sizeof(*items->v), by_path);
}

struct item *items_add(struct items *items, struct pool *pool, const char *path,
		       enum item_type type)
{
	struct item *item = pool_grow(pool, &items->v, &items->nr, &items->cap, sizeof(*item));

	item->path = path;
	item->type = type;
	item->text = "";
	return item;
}

int file_begin(struct item *out, const char *path, size_t max, struct scan *s, struct err *err)
{
	int fd CLEANUP_FD = root_open(s->root, path, err);
	struct buf text CLEANUP_BUF = BUF_INIT;

	if (fd < 0)
		return -1;
	while (text.len <= max) {
		size_t want = max + 1 - text.len;
		ssize_t got = read(fd, buf_room(&text, want), want);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			unseen_note(s->root->path, path, errno);
			return fail_errno(err, "cannot read '%s'", show(path));
		}
		if (got == 0)
			break;
		buf_used(&text, (size_t)got);
	}
	out->cut = text.len > max;
	out->len = out->cut ? max : text.len;
	out->text = pool_memdup(s->pool, text.data, out->len);
	return 0;
}

static void unreadable(struct reading *r, const char *path, const struct err *err)
{
	finding_add(r->s->findings, VS_CONFIG_UNREADABLE, r->guest, path, "%s", err->text);
}

static bool room_left(struct reading *r, const char *path, unsigned depth)
{
	if (r->left && depth <= DEPTH_MAX)
		return true;
	if (!r->told)
		finding_add(r->s->findings, VS_CONFIG_UNREADABLE, r->guest, path,
			    r->left ? "directories deeper than %d levels were not read"
				    : "more than %d items: the rest was not read",
			    r->left ? DEPTH_MAX : COUNT_MAX);
	r->told = true;
	return false;
}

static void read_dir(struct reading *r, const char *rel, unsigned depth);

static struct item *new_item(struct reading *r, const char *rel, enum item_type type)
{
	r->left--;
	return items_add(r->out, r->s->pool, pool_printf(r->s->pool, "%s%s", r->prefix, rel), type);
}

static void read_file(struct reading *r, const char *rel, const char *path)
{
	struct item *item = new_item(r, rel, ITEM_FILE);
	struct err err;

	if (file_begin(item, path, ITEM_MAX, r->s, &err) == 0)
		return;
	item->type = ITEM_OTHER;
	unreadable(r, path, &err);
}

/* May the walk go on behind a link to a directory? */
static bool may_enter(struct reading *r, const char *rel, const char *path)
{
	struct buf target CLEANUP_BUF = BUF_INIT;
	struct err err;
	const char *end = strrchr(r->top, '/');
	const char *conf = pool_memdup(&r->scratch, r->top, (size_t)(end - r->top));

	if (root_canonical(r->s->root, path, &target, &err) == 0 &&
	    path_within(target.data, *r->prefix ? r->top : conf))
		return true;
	if (MATCHES(own_dirs, rel))
		finding_add(r->s->findings, VS_CONFIG_UNREADABLE, r->guest, path,
			    "a link to '%s', outside the configuration: nothing below it was read",
			    show(target.data));
	return false;
}

static void read_link(struct reading *r, const char *rel, const char *path, unsigned depth)
{
	struct buf target CLEANUP_BUF = BUF_INIT;
	struct item *item;
	struct stat st;
	struct err err;

	if (!MATCHES(links_by_meaning, rel) && root_stat(r->s->root, path, &st, &err) == 0) {
		if (S_ISREG(st.st_mode)) {
			read_file(r, rel, path);
			return;
		}
		if (S_ISDIR(st.st_mode) && may_enter(r, rel, path)) {
			new_item(r, rel, ITEM_DIR);
			read_dir(r, rel, depth + 1);
			return;
		}
	}
	item = new_item(r, rel, ITEM_LINK);
	if (root_readlink(r->s->root, path, &target, &err) < 0) {
		unreadable(r, path, &err);
		return;
	}
	item->text = pool_memdup(r->s->pool, target.data, target.len);
	item->len = target.len;
}

static void read_node(struct reading *r, const char *rel, unsigned depth)
{
	const char *path = pool_printf(&r->scratch, "%s/%s", r->top, rel);
	struct stat st;
	struct err err;

	if (root_lstat(r->s->root, path, &st, &err) < 0) {
		unreadable(r, path, &err);
	} else if (S_ISREG(st.st_mode)) {
		read_file(r, rel, path);
	} else if (S_ISLNK(st.st_mode)) {
		read_link(r, rel, path, depth);
	} else if (S_ISDIR(st.st_mode)) {
		new_item(r, rel, ITEM_DIR);
		if (strcmp(rel, "vdir") != 0 && strcmp(rel, "vdirbase") != 0)
			read_dir(r, rel, depth + 1);	/* else: trees, not configuration */
	} else {
		new_item(r, rel, ITEM_OTHER);
	}
}

static void read_dir(struct reading *r, const char *rel, unsigned depth)
{
	const char *path = *rel ? pool_printf(&r->scratch, "%s/%s", r->top, rel) : r->top;
	struct names names;
	struct err err;

	if (!room_left(r, path, depth))
		return;
	if (root_names(r->s->root, path, &r->scratch, &names, &err) < 0) {
		unreadable(r, path, &err);
		return;
	}
	for (size_t i = 0; i < names.nr && room_left(r, path, depth); i++)
		read_node(r, *rel ? pool_printf(&r->scratch, "%s/%s", rel, names.name[i])
				  : names.name[i], depth);
}

void items_read(struct items *out, const char *dir, const char *prefix, const char *guest,
		struct scan *s)
{
	struct reading r = {
		.out = out, .s = s, .top = dir, .prefix = prefix, .guest = guest, .left = COUNT_MAX,
	};

	*out = (struct items){ .nr = 0 };
	read_dir(&r, "", 1);
	pool_release(&r.scratch);
	items_sort(out);
}
