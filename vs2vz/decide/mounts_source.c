/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is the source of a mount there? Host paths and devices are looked at, servers are
 * not called. A tree that moves is no place to mount from: a source in the guest's own
 * tree is found again below the container's root, one in another guest's tree is not.
 *
 * The /dev of a host whose disks are mounted elsewhere says nothing: what is missing
 * there may well exist once that host runs.
 */
#include <ctype.h>
#include <string.h>

#include "decide/mounts.h"

/* "/x" of "DIR/x", "/" of DIR itself; NULL: it is not within. */
static const char *rest_within(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (len == 1)
		return path;
	if (strncmp(path, dir, len) != 0 || (path[len] && path[len] != '/'))
		return NULL;
	return path[len] ? path + len : "/";
}

static void missing(struct deciding *d, const struct guest *guest,
		    const struct mount_entry *entry, const char *what)
{
	bool unsure = entry->kind == MOUNT_DISK && d->host->kernel == KERNEL_OFFLINE;

	finding_add(d->findings, unsure ? VS_MOUNT_UNCHECKED : VS_MOUNT_SOURCE_MISSING,
		    guest->name, mount_object(entry, d->pool), "'%s', to be mounted on '%s', %s",
		    show(entry->line.source), show(entry->line.target), what);
}

/* "/srv" in CONF/NAME/fstab -> where it leads to on the host; NULL: nowhere. */
static const char *canonical(struct deciding *d, const char *path)
{
	CLEANUP_BUF struct buf real = BUF_INIT;
	struct stat st;
	struct err err;

	if (root_canonical(d->root, path, &real, &err) < 0 ||
	    root_lstat(d->root, real.data, &st, &err) < 0)
		return NULL;
	return pool_memdup(d->pool, real.data, real.len);
}

/* Trees of other guests move, and take the source with them. */
static void check_other_trees(struct deciding *d, const struct guest *guest,
			      const struct mount_entry *entry, const char *real)
{
	for (size_t i = 0; i < d->all->nr; i++) {
		const struct guest *other = &d->all->v[i];

		if (other == guest || !other->tree || other->barred || strcmp(other->tree, guest->tree) == 0)
			continue;
		if (rest_within(real, other->tree) || rest_within(other->tree, real)) {
			finding_add(d->findings, VS_MOUNT_IN_GUEST, guest->name,
				    mount_object(entry, d->pool), "'%s' %s the tree of guest '%s'",
				    show(entry->line.source),
				    rest_within(real, other->tree) ? "lies in" : "holds",
				    show(other->name));
			return;
		}
	}
}

static void check_bind(struct deciding *d, const struct guest *guest, struct mount_entry *entry)
{
	const char *real = canonical(d, entry->line.source);
	const char *own;

	if (!real) {
		missing(d, guest, entry, "does not exist");
		return;
	}
	own = strcmp(guest->tree, "/") == 0 ? NULL : rest_within(real, guest->tree);
	if (own) {
		entry->source = own;
		entry->own_source = true;
		return;
	}
	check_other_trees(d, guest, entry, real);
}

/* As udev names its links: what is not plain becomes \xHH. */
static const char *link_of_tag(const char *source, struct pool *pool)
{
	static const struct {
		const char *tag, *dir;
	} rows[] = {
		{ "ID=", "id" }, { "LABEL=", "label" }, { "PARTLABEL=", "partlabel" },
		{ "PARTUUID=", "partuuid" }, { "UUID=", "uuid" },
	};
	CLEANUP_BUF struct buf out = BUF_INIT;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strncmp(source, rows[i].tag, strlen(rows[i].tag)) == 0)
			buf_addf(&out, "/dev/disk/by-%s/", rows[i].dir);
	if (!out.len)
		return NULL;
	for (const char *p = strchr(source, '=') + 1; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (isalnum(c) || strchr("#+-.:=@_", c) || c >= 0x80)
			buf_addch(&out, *p);
		else
			buf_addf(&out, "\\x%02x", c);
	}
	return pool_memdup(pool, out.data, out.len);
}

static void check_disk(struct deciding *d, const struct guest *guest, struct mount_entry *entry)
{
	const char *link = link_of_tag(entry->line.source, d->pool);

	if (!canonical(d, link ? link : entry->line.source))
		missing(d, guest, entry, link ? "is no device of this host" : "does not exist");
	if (*entry->line.pass && strcmp(entry->line.pass, "0") != 0)
		finding_add(d->findings, VS_MOUNT_NO_FSCK, guest->name,
			    mount_object(entry, d->pool), "'%s' has '%s' in its sixth field",
			    show(entry->line.source), show(entry->line.pass));
}

/* What a person wants to know of it when it does not come up. */
static const char *nfs_facts(const struct mount_entry *entry, struct pool *pool)
{
	static const char *const words[] = {
		"hard", "intr", "lock", "nfsvers=", "nolock", "proto=", "sec=", "soft", "tcp",
		"udp", "vers=",
	};
	CLEANUP_BUF struct buf out = BUF_INIT;
	const char *at = entry->options.data;

	if (strcmp(entry->line.type, "nfs4") == 0)
		buf_adds(&out, ", version 4");
	while (*at) {
		size_t len = strcspn(at, ",");

		for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
			size_t n = strlen(words[i]);
			bool value = words[i][n - 1] == '=';

			if ((value ? len > n : len == n) && strncmp(at, words[i], n) == 0)
				buf_addf(&out, ", %s", show(pool_memdup(pool, at, len)));
		}
		at += len;
		at += *at == ',';
	}
	return pool_memdup(pool, out.data, out.len);
}

static void check_network(struct deciding *d, const struct guest *guest,
			  struct mount_entry *entry)
{
	finding_add(d->findings, VS_MOUNT_NETWORK, guest->name, mount_object(entry, d->pool),
		    "%s '%s' on '%s'%s", show(entry->line.type), show(entry->line.source),
		    show(entry->line.target), nfs_facts(entry, d->pool));
}

void mount_check_source(struct deciding *d, const struct guest *guest, struct mount_entry *entry)
{
	static void (*const check[])(struct deciding *, const struct guest *,
				     struct mount_entry *) = {
		[MOUNT_BIND] = check_bind,
		[MOUNT_DISK] = check_disk,
		[MOUNT_NETWORK] = check_network,
		[MOUNT_REFUSED] = NULL,
	};

	entry->source = entry->line.source;
	if (check[entry->kind])
		check[entry->kind](d, guest, entry);
}
