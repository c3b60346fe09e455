/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One CONF directory, name by name: which is a guest, of which style, and what the
 * others are. The rules are those of util-vserver's start scripts and of
 * lib/getvservercfgstyle.c; where the two disagree the guest is called ambiguous.
 *
 *	NAME/			new style; G/vdir leads to the tree
 *	NAME/legacy, NAME.conf	legacy in spite of the directory
 *	NAME.conf		legacy; the tree is BASE/NAME
 *	NAME.sh			its script
 *	NAME/vs2vz, NAME.conf.vs2vz	our marks
 *	.*			defaults; never a guest
 */
#include "vserver/scanning.h"

#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "base/unseen.h"
#include "vserver/scan.h"
#include "vserver/value.h"

#define MARK_MAX 4096
#define CONF_SUFFIX ".conf"
#define HIDDEN_SUFFIX ".conf" VSERVER_LEGACY_SUFFIX
#define SCRIPT_SUFFIX ".sh"

struct folder {
	struct scan *s;
	const struct install *in;
	struct names names;
};

static bool has_name(const struct folder *f, const char *stem, const char *suffix)
{
	struct buf name CLEANUP_BUF = BUF_INIT;
	size_t low = 0, high = f->names.nr;	/* sorted */

	buf_addf(&name, "%s%s", stem, suffix);
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(f->names.name[mid], name.data) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < f->names.nr && strcmp(f->names.name[low], name.data) == 0;
}

static const char *path_of(const struct folder *f, const char *stem, const char *suffix)
{
	return pool_printf(f->s->pool, "%s/%s%s", f->in->conf, stem, suffix);
}

static bool is_type(const struct folder *f, const char *path, mode_t type)
{
	struct stat st;
	struct err err;

	return root_stat(f->s->root, path, &st, &err) == 0 && (st.st_mode & S_IFMT) == type;
}

static struct guest *new_guest(const struct folder *f, const char *name, const char *conf)
{
	struct guests *guests = f->s->guests;
	struct guest *g = pool_grow(f->s->pool, &guests->v, &guests->nr, &guests->cap, sizeof(*g));

	g->name = pool_strdup(f->s->pool, name);
	g->install = f->in->conf;
	g->conf = conf;
	g->state = GUEST_FOUND;
	g->xid = g->last_xid = -1;
	g->defaults = f->in->defaults;
	g->system = (struct system){ .distro = "", .version = "", .init = "", .arch = "" };
	return g;
}

/* "ctid N" in the first line; 0: something else. */
static uint32_t mark_ctid(const struct folder *f, const char *path)
{
	struct item mark = { .path = path, .type = ITEM_FILE };
	const char *word = "ctid ";
	uint64_t ctid = 0;
	struct err err;

	if (file_begin(&mark, path, MARK_MAX, f->s, &err) == 0) {
		const char *line = value_line(&mark, f->s->pool).text;

		if (strncmp(line, word, strlen(word)) == 0 &&
		    parse_u64(line + strlen(word), UINT32_MAX, &ctid) && ctid)
			return (uint32_t)ctid;
	}
	return 0;
}

static void add_legacy(const struct folder *f, const char *name, const char *suffix)
{
	struct guest *g = new_guest(f, name, path_of(f, name, suffix));

	g->style = STYLE_LEGACY;
	if (strcmp(suffix, HIDDEN_SUFFIX) == 0)
		g->state = GUEST_CONVERTED;
	if (has_name(f, name, SCRIPT_SUFFIX))
		g->script = path_of(f, name, SCRIPT_SUFFIX);
	legacy_read(g, f->in, f->s);
	tree_find(g, pool_printf(f->s->pool, "%s/%s", f->in->base, name), f->s);
}

/* Our own mark is no setting of the guest. */
static void drop_mark(struct items *items)
{
	const struct item *mark = items_find(items, VSERVER_MARK);
	size_t at;

	if (!mark)
		return;
	at = (size_t)(mark - items->v);
	items->nr--;
	memmove(items->v + at, items->v + at + 1, (items->nr - at) * sizeof(*items->v));
}

static void read_mark(const struct folder *f, struct guest *g)
{
	const char *path = pool_printf(f->s->pool, "%s/%s", g->conf, VSERVER_MARK);

	if (!items_find(&g->items, VSERVER_MARK))
		return;
	g->state = GUEST_CONVERTED;
	g->marker_ctid = mark_ctid(f, path);
	if (!g->marker_ctid)
		finding_add(f->s->findings, VS_CONFIG_UNREADABLE, g->name, path,
			    "the mark of a conversion names no CTID");
	drop_mark(&g->items);
}

static int64_t last_xid(const struct folder *f, const char *name)
{
	return run_file_xid(pool_printf(f->s->pool, "%s/%s", f->in->run, name), f->s);
}

/* The tree of a new-style guest, or why it is not known which one it would be. */
static void place_recent(const struct folder *f, struct guest *g)
{
	bool has_conf = has_name(f, g->name, CONF_SUFFIX);
	const char *vdir = pool_printf(f->s->pool, "%s/vdir", g->conf);
	bool usable = is_type(f, vdir, S_IFDIR);

	if (g->state == GUEST_CONVERTED || (usable && !items_find(&g->items, "legacy"))) {
		if (has_conf)
			finding_add(f->s->findings, VS_LEGACY_SHADOWED, g->name,
				    path_of(f, g->name, CONF_SUFFIX), "'%s' is used",
				    show(g->conf));
		tree_find(g, vdir, f->s);
	} else if (has_conf || usable) {
		g->tree_link = vdir;
		g->state = GUEST_ABSENT;
		finding_add(f->s->findings, VS_STYLE_AMBIGUOUS, g->name, g->conf,
			    usable ? "'%s' exists, but no '%s%s'" : "no tree behind '%s', and '%s%s' exists",
			    usable ? "legacy" : "vdir", show(g->name), CONF_SUFFIX);
	} else {
		tree_find(g, vdir, f->s);
	}
}

static void add_recent(const struct folder *f, const char *name)
{
	const char *path = path_of(f, name, "");
	struct buf real CLEANUP_BUF = BUF_INIT;
	struct guest *g;
	struct err err;

	if (root_canonical(f->s->root, path, &real, &err) < 0) {
		finding_add(f->s->findings, VS_CONFIG_UNREADABLE, name, path, "%s", err.text);
		new_guest(f, name, path)->state = GUEST_UNREAD;
		return;
	}
	g = new_guest(f, name, pool_memdup(f->s->pool, real.data, real.len));
	g->style = STYLE_RECENT;
	items_read(&g->items, g->conf, "", g->name, f->s);
	g->disabled = items_find(&g->items, "disabled") != NULL;
	read_mark(f, g);
	if (g->disabled && g->state != GUEST_CONVERTED)
		finding_add(f->s->findings, VS_GUEST_DISABLED, g->name,
			    pool_printf(f->s->pool, "%s/disabled", g->conf),
			    "no start script starts it");
	identity_read(g, f->s);
	addresses_read(g, f->s);
	g->last_xid = last_xid(f, name);
	place_recent(f, g);
}

static void add_directory(const struct folder *f, const char *name)
{
	const char *forced = path_of(f, name, "/legacy");
	struct stat st;
	struct err err;

	if (root_lstat(f->s->root, forced, &st, &err) == 0) {
		if (has_name(f, name, CONF_SUFFIX)) {
			add_legacy(f, name, CONF_SUFFIX);
			return;
		}
		if (has_name(f, name, HIDDEN_SUFFIX)) {
			add_legacy(f, name, HIDDEN_SUFFIX);
			return;
		}
	}
	add_recent(f, name);
}

/* The name without a suffix that it must have more of. */
static const char *stem(const struct folder *f, const char *name, const char *suffix)
{
	if (!text_ends(name, suffix))
		return NULL;
	return pool_memdup(f->s->pool, name, strlen(name) - strlen(suffix));
}

static bool has_directory(const struct folder *f, const char *name)
{
	return has_name(f, name, "") && is_type(f, path_of(f, name, ""), S_IFDIR);
}

static void other_file(const struct folder *f, const char *name, const char *what)
{
	finding_add(f->s->findings, VS_OTHER_FILE, NULL, path_of(f, name, ""), "%s", what);
}

static void add_file(const struct folder *f, const char *name)
{
	const char *guest = stem(f, name, CONF_SUFFIX);

	if (guest) {
		if (!has_directory(f, guest))
			add_legacy(f, guest, CONF_SUFFIX);
		return;
	}
	guest = stem(f, name, HIDDEN_SUFFIX);
	if (guest && has_name(f, guest, CONF_SUFFIX)) {
		finding_add(f->s->findings, VS_LEFTOVER, guest, path_of(f, name, ""),
			    "'%s%s' exists as well", show(guest), CONF_SUFFIX);
		return;
	}
	if (guest) {
		if (!has_directory(f, guest))
			add_legacy(f, guest, HIDDEN_SUFFIX);
		return;
	}
	guest = stem(f, name, SCRIPT_SUFFIX);
	if (!guest || (!has_name(f, guest, CONF_SUFFIX) && !has_name(f, guest, HIDDEN_SUFFIX)))
		other_file(f, name, "a file that belongs to no guest");
}

/* Is there a tree of this name where the trees are? */
static bool has_tree(const struct folder *f, const char *name)
{
	return is_type(f, pool_printf(f->s->pool, "%s/%s", f->in->base, name), S_IFDIR) ||
	       is_type(f, path_of(f, ".defaults/vdirbase/", name), S_IFDIR);
}

/*
 * A name that can be looked at by nobody is not nothing: a guest stands behind it whose
 * settings are not to be had. Where the name only leads nowhere, or to what is no
 * configuration, its tree says that a guest is meant.
 */
static void add_unread(const struct folder *f, const char *name, int code, const char *why)
{
	static const char *const suffixes[] = { CONF_SUFFIX, HIDDEN_SUFFIX, SCRIPT_SUFFIX };
	const char *guest = name;
	struct guest *g;

	for (size_t i = 0; guest == name && i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		guest = text_ends(name, suffixes[i]) ? stem(f, name, suffixes[i]) : name;
	if (errno_is_answer(code) && !has_tree(f, guest)) {
		other_file(f, name, why);
		return;
	}
	finding_add(f->s->findings, VS_CONFIG_UNREADABLE, guest, path_of(f, name, ""), "%s", why);
	if (guest != name && (text_ends(name, SCRIPT_SUFFIX) || has_name(f, guest, "")))
		return;		/* what else is there of it makes the guest */
	g = new_guest(f, guest, path_of(f, name, ""));
	g->style = guest == name ? STYLE_RECENT : STYLE_LEGACY;
	g->state = GUEST_UNREAD;
}

static void add_name(const struct folder *f, const char *name)
{
	const char *path = path_of(f, name, "");
	struct stat st;
	struct err err;

	if (*name == '.')
		return;
	if (name_is_backup(name)) {
		finding_add(f->s->findings, VS_BACKUP_SKIPPED, NULL, path,
			    "a backup by its name");
		return;
	}
	if (root_stat(f->s->root, path, &st, &err) < 0)
		add_unread(f, name, err.code, err.text);
	else if (S_ISDIR(st.st_mode))
		add_directory(f, name);
	else if (S_ISREG(st.st_mode))
		add_file(f, name);
	else
		add_unread(f, name, EINVAL, "neither a file nor a directory");
}

void enumerate(struct scan *s, const struct install *in)
{
	struct folder f = { .s = s, .in = in };
	struct err err;

	if (root_names(s->root, in->conf, s->pool, &f.names, &err) < 0) {
		finding_add(s->findings, VS_CONFIG_UNREADABLE, NULL, in->conf, "%s", err.text);
		return;
	}
	for (size_t i = 0; i < f.names.nr; i++)
		add_name(&f, f.names.name[i]);
}
