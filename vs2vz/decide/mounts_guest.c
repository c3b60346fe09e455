/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NFS that comes from the guest's own address. fstab.remote was mounted in the guest's
 * network context, and a guest with the context capabilities for it could mount what
 * its own etc/fstab names. A container does both by itself, with FEATURES="nfs:on"; its
 * etc/fstab is never edited. A line of fstab.remote that it lacks blocks the guest,
 * for an empty directory would stand where its data was.
 */
#include <string.h>

#include "decide/mounts.h"
#include "vserver/flags.h"
#include "vserver/value.h"

#define GUEST_FSTAB_MAX (64 * 1024)

/* Each line by itself: a guest's fstab is not read by secure-mount. */
static struct fstab read_own(const struct root *tree, struct pool *pool)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct fstab all = { .nr = 0 };
	size_t cap = 0;
	struct err err;

	if (root_read(tree, "/etc/fstab", GUEST_FSTAB_MAX, &text, &err) < 0)
		return all;
	for (size_t at = 0, len; at < text.len; at += len + 1) {
		const char *start = text.data + at;
		struct item item = { .path = "etc/fstab", .type = ITEM_FILE, .text = start };
		struct fstab one;

		len = strcspn(start, "\n");
		item.len = len;
		fstab_parse(&one, &item, pool);
		if (one.nr)
			*(struct fstab_line *)pool_grow(pool, &all.v, &all.nr, &cap,
							sizeof(*all.v)) = one.v[0];
	}
	return all;
}

static bool same_path(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);

	while (a_len > 1 && a[a_len - 1] == '/')
		a_len--;
	while (b_len > 1 && b[b_len - 1] == '/')
		b_len--;
	return a_len == b_len && strncmp(a, b, a_len) == 0;
}

static bool has_line(const struct fstab *own, const struct fstab_line *line)
{
	for (size_t i = 0; i < own->nr; i++)
		if (mount_type_is_nfs(own->v[i].type) &&
		    same_path(own->v[i].source, line->source) &&
		    same_path(own->v[i].target, line->target))
			return true;
	return false;
}

/* Context capabilities: secure_mount lets a guest mount, binary_mount lets it mount NFS. */
static bool may_mount(const struct guest *guest, struct pool *pool)
{
	const char **lines, *differs;
	struct flags flags = { .set = 0 };
	size_t nr = value_list(items_find(&guest->items, "ccapabilities"), pool, &lines, &differs);

	for (size_t i = 0; i < nr; i++)
		flags_add(&flags, FLAG_CAPABILITY, lines[i], pool);
	return flags.set & (CCAP_SECURE_MOUNT | CCAP_BINARY_MOUNT);
}

/* Adds to what other items or the sample have switched on. */
static void set_nfs(struct deciding *d, struct ct *ct, const char *from)
{
	static const char feature[] = "nfs:on";
	const char *value = ct_get(ct, "FEATURES");

	if (!value)
		value = conf_get(&d->sample_conf, "FEATURES");
	if (!value || !*value)
		value = feature;
	else if (!strstr(value, feature))
		value = pool_printf(d->pool, "%s %s", value, feature);
	ct_set(ct, d->pool, "FEATURES", value, from);
}

static bool remote_lines(struct deciding *d, const struct decision *decision,
			 const struct fstab *own)
{
	const struct mount_list *list = decision->mounts;
	bool any = false;

	for (size_t i = 0; i < list->nr; i++) {
		const struct mount_entry *e = &list->v[i];

		if (e->kind != MOUNT_BY_GUEST)
			continue;
		any = true;
		if (!has_line(own, &e->line))
			finding_add(d->findings, VS_MOUNT_BY_GUEST, decision->guest->name,
				    mount_object(e, d->pool), "etc/fstab of the guest lacks "
				    "'%s %s %s %s 0 0'", show(e->line.source),
				    show(e->line.target), show(e->line.type),
				    show(e->options.text));
	}
	return any;
}

void mounts_by_guest(struct deciding *d, struct decision *decision, const struct root *tree)
{
	struct fstab own = tree ? read_own(tree, d->pool) : (struct fstab){ .nr = 0 };
	bool remote = remote_lines(d, decision, &own);
	const struct fstab_line *line = NULL;

	for (size_t i = 0; i < own.nr; i++)
		if (mount_type_is_nfs(own.v[i].type))
			line = &own.v[i];
	if (!remote && (!line || !may_mount(decision->guest, d->pool)))
		return;
	set_nfs(d, &decision->ct, remote ? "fstab.remote" : "ccapabilities");
	finding_add(d->findings, VS_MOUNT_NFS_ON, decision->guest->name,
		    remote ? "fstab.remote" : "etc/fstab", line ? "its own etc/fstab has '%s' on '%s'"
		    : "FEATURES=\"nfs:on\"", line ? show(line->source) : "",
		    line ? show(line->target) : "");
}
