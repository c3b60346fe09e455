/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the fstab files of a guest to what its mount script does: every target is
 * looked up in the tree as VServer did, links ending inside it, and handed on without
 * links; every source is checked; one share that is mounted twice is mounted once and
 * bound, so that both places have one device number.
 *
 * A target below an earlier one is looked for on what is mounted there, as far as that
 * can be seen. One that is missing was missing for VServer too, which went on without.
 */
#include "decide/mounts.h"

#include <string.h>

#include "vserver/value.h"

const char *mount_object(const struct mount_entry *entry, struct pool *pool)
{
	return pool_printf(pool, "%s:%u", entry->line.item, entry->line.line);
}

static struct mount_list *read_list(const struct guest *guest, struct pool *pool)
{
	static const char *const files[] = { "fstab", "fstab.local", "fstab.remote" };
	struct mount_list *list = pool_alloc(pool, sizeof(*list));

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct fstab fstab;

		fstab_parse(&fstab, items_find(&guest->items, files[i]), pool);
		for (size_t k = 0; k < fstab.nr; k++) {
			struct mount_entry *e = pool_grow(pool, &list->v, &list->nr, &list->cap,
							  sizeof(*e));

			e->line = fstab.v[k];
			fstab_options(&e->options, &e->line, pool);
			mount_classify(e);
		}
	}
	return list;
}

/* "srv//data/" -> "/srv/data"; NULL where "." or ".." make it more than text. */
static const char *plain_path(const char *text, struct pool *pool)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	for (size_t len; *(text += strspn(text, "/")); text += len) {
		len = strcspn(text, "/");
		if ((len == 1 && *text == '.') || (len == 2 && strncmp(text, "..", 2) == 0))
			return NULL;
		buf_addch(&out, '/');
		buf_add(&out, text, len);
	}
	return pool_memdup(pool, out.data, out.len);
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/';
}

/* The last mount before this one that the path lies on; NULL: the tree itself. */
static const struct mount_entry *find_cover(const struct mount_list *list,
					    const struct mount_entry *entry, const char *path)
{
	const struct mount_entry *cover = NULL;

	for (const struct mount_entry *e = list->v; e < entry; e++)
		if (e->in_script && is_below(path, e->target))
			cover = e;
	return cover;
}

/* What a server or a disk holds cannot be known; a tmpfs is empty. */
static bool is_on_cover(const struct root *host, const struct root *tree,
			const struct mount_entry *cover, const char *path, struct pool *pool)
{
	const char *rest = path + strlen(cover->target);

	if (cover->kind != MOUNT_BIND)
		return cover->kind != MOUNT_MEMORY;
	return path_exists(cover->own_source ? tree : host,
			   pool_printf(pool, "%s%s", cover->source, rest));
}

/* The target in the tree, without links; NULL and the reason where there is none. */
static const char *find_target(const struct root *tree, const struct mount_entry *entry,
			       const char **why, struct pool *pool)
{
	CLEANUP_BUF struct buf real = BUF_INIT;
	struct stat st;
	struct err err;

	*why = "does not exist in the guest";
	if (!tree || root_canonical(tree, entry->line.target, &real, &err) < 0 ||
	    root_lstat(tree, real.data, &st, &err) < 0)
		return NULL;
	*why = "is no directory in the guest";
	if (entry->kind != MOUNT_BIND && !S_ISDIR(st.st_mode))
		return NULL;
	return pool_memdup(pool, real.data, real.len);
}

static void set_target(struct deciding *d, const struct guest *guest,
		       struct mount_list *list, struct mount_entry *entry,
		       const struct root *tree)
{
	const char *plain = plain_path(entry->line.target, d->pool), *why = NULL;
	const struct mount_entry *cover = plain ? find_cover(list, entry, plain) : NULL;

	if (!cover)
		entry->target = find_target(tree, entry, &why, d->pool);
	else if (tree && is_on_cover(d->root, tree, cover, plain, d->pool))
		entry->target = plain;
	else
		why = "does not exist on what is mounted before it";
	if (!entry->target) {
		finding_add(d->findings, VS_MOUNT_TARGET_MISSING, guest->name,
			    mount_object(entry, d->pool), "'%s', where '%s' is to be mounted, %s",
			    show(entry->line.target), show(entry->line.source), why);
		return;
	}
	entry->in_script = strcmp(entry->target, "/") != 0 && !strchr(entry->target, '\n');
	if (!entry->in_script)
		finding_add(d->findings, VS_MOUNT_UNSAFE, guest->name,
			    mount_object(entry, d->pool), "'%s' leads to '%s' in the guest",
			    show(entry->line.target), show(entry->target));
}

static bool same_share(const struct mount_entry *a, const struct mount_entry *b)
{
	size_t len = strlen(a->line.source), other = strlen(b->line.source);

	while (len > 1 && a->line.source[len - 1] == '/')
		len--;
	while (other > 1 && b->line.source[other - 1] == '/')
		other--;
	return len == other && strncmp(a->line.source, b->line.source, len) == 0 &&
	       strcmp(a->line.type, b->line.type) == 0 &&
	       strcmp(a->options.data, b->options.data) == 0 &&
	       !fstab_has_word(a->options.data, "nosharecache");
}

/* The flags of the second place are its own; what the server is asked for is the same. */
static void share_mount(const struct mount_list *list, struct mount_entry *entry)
{
	for (const struct mount_entry *e = list->v; e < entry; e++)
		if (e->in_script && e->kind == MOUNT_NETWORK && !e->own_source &&
		    same_share(e, entry)) {
			entry->own_source = true;
			entry->source = e->target;
			return;
		}
}

static void describe_script(struct deciding *d, const struct guest *guest,
			    struct mount_list *list, struct mount_entry *entry,
			    const struct root *tree)
{
	set_target(d, guest, list, entry, tree);
	if (!entry->in_script)
		return;
	mount_check_source(d, guest, entry);
	if (entry->kind == MOUNT_NETWORK)
		share_mount(list, entry);
	if (strchr(entry->source, '\n')) {
		entry->in_script = false;
		finding_add(d->findings, VS_MOUNT_UNSAFE, guest->name,
			    mount_object(entry, d->pool), "'%s' leads to '%s' on the host",
			    show(entry->line.source), show(entry->source));
		return;
	}
	list->nr_script++;
}

/* Relocation copies a tree that is a mount; one that is not mounted is not all there. */
static void describe_root(struct deciding *d, const struct guest *guest,
			  const struct mount_entry *entry)
{
	if (!tree_is_mount(d, guest))
		finding_add(d->findings, VS_MOUNT_ROOT_DEVICE, guest->name,
			    mount_object(entry, d->pool), "'%s' is to be mounted on '%s', and is not",
			    show(entry->line.source), show(guest->tree));
}

/* What the small /tmp has hidden comes to light. */
static void describe_tmp(struct deciding *d, const struct guest *guest,
			 const struct mount_entry *entry, const struct root *tree)
{
	struct names names;
	struct err err;

	if (tree && root_names(tree, "/tmp", d->pool, &names, &err) == 0 && names.nr)
		finding_add(d->findings, VS_MOUNT_TMP_HIDDEN, guest->name,
			    mount_object(entry, d->pool), "%zu names in the tree's own /tmp, "
			    "for example '%s'", names.nr, show(names.name[0]));
}

/* The fate of a file of which lines were left out, as the tree or the host asks for. */
static void correct_fate(struct deciding *d, struct decision *decision, struct fate *fate)
{
	const struct mount_list *list = decision->mounts;
	size_t wanted = 0, made = 0;

	for (size_t i = 0; i < list->nr; i++) {
		const struct mount_entry *e = &list->v[i];

		if (strcmp(e->line.item, fate->item->path) != 0 || !mount_kind_in_script(e->kind))
			continue;
		wanted++;
		made += e->in_script;
	}
	if (made == wanted)
		return;
	if (fate->verdict == VERDICT_SAME)
		fate->verdict = VERDICT_NEAR;
	if (!made)
		fate->result = NULL;
	fate->reason = pool_printf(d->pool, "%s; %zu of CTID.mount left out: see the findings",
				   fate->reason, wanted - made);
}

void mounts_describe(struct deciding *d, struct decision *decision)
{
	const struct guest *guest = decision->guest;
	struct root inner = { .fd = -1 };
	const struct root *tree = NULL;
	struct mount_list *list;
	struct err err;

	if (guest->style != STYLE_RECENT)
		return;
	list = decision->mounts = read_list(guest, d->pool);
	if (guest->tree && root_inside(&inner, d->root, guest->tree, &err) == 0)
		tree = &inner;
	for (size_t i = 0; i < list->nr; i++) {
		struct mount_entry *entry = &list->v[i];

		if (mount_kind_in_script(entry->kind))
			describe_script(d, guest, list, entry, tree);
		else if (entry->kind == MOUNT_ROOT)
			describe_root(d, guest, entry);
		else if (entry->kind == MOUNT_TMP_DEFAULT)
			describe_tmp(d, guest, entry, tree);
	}
	for (size_t i = 0; i < decision->ledger.nr; i++)
		correct_fate(d, decision, &decision->ledger.v[i]);
	mounts_by_guest(d, decision, tree);
	if (tree)
		root_release(&inner);
}
