/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a line of a guest's fstab is to a container: nothing (the container mounts it
 * itself, or VServer never did), a mount of CTID.mount, a matter of the guest's own
 * etc/fstab, or one that cannot be translated. Judges the words of the line alone.
 *
 * The /tmp of the default fstab (util-vserver: distrib/defaults/fstab) is not carried
 * over: nobody asked for it, it is the size that programs trip over, and its memory
 * would be the host's. A tmpfs of any other size, or elsewhere, was meant.
 */
#include "decide/mounts.h"

#include <string.h>

static const struct {
	const char *type, *usual;
	const char *why;	/* at the usual place */
	const char *elsewhere;
} kernel_types[] = {
	{ "proc", "/proc", "vzctl mounts it in every container",
	  "a process list of the host's if mounted by the host" },
	{ "sysfs", "/sys", "vzctl mounts it in every container",
	  "shows the host if mounted by the host" },
	{ "devpts", "/dev/pts", "a container has terminals of its own",
	  "terminals of the host if mounted by the host" },
	{ "binfmt_misc", NULL, NULL, "a matter of each container" },
	{ "cgroup", NULL, NULL, "belongs to the host's kernel: a container has none" },
	{ "configfs", NULL, NULL, "belongs to the host's kernel: a container has none" },
	{ "debugfs", NULL, NULL, "belongs to the host's kernel: a container has none" },
	{ "devtmpfs", NULL, NULL, "holds all devices of the host: a container has none" },
	{ "fusectl", NULL, NULL, "belongs to the host's kernel: a container has none" },
	{ "hugetlbfs", NULL, NULL, "a matter of each container" },
	{ "mqueue", NULL, NULL, "a matter of each container" },
	{ "nfsd", NULL, NULL, "a matter of each container: needs FEATURES=\"nfsd:on\"" },
	{ "rpc_pipefs", NULL, NULL, "a matter of each container" },
	{ "securityfs", NULL, NULL, "belongs to the host's kernel: a container has none" },
	{ "selinuxfs", NULL, NULL, "belongs to the host's kernel: a container has none" },
	{ "usbfs", NULL, NULL, "holds devices of the host: a container has none" },
};

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

bool mount_type_is_nfs(const char *type)
{
	static const char *const types[] = { "nfs", "nfs4", NULL };

	return is_one_of(type, types);
}

bool mount_kind_in_script(enum mount_kind kind)
{
	return kind == MOUNT_BIND || kind == MOUNT_MEMORY || kind == MOUNT_DISK ||
	       kind == MOUNT_NETWORK;
}

static bool target_is(const struct fstab_line *line, const char *path)
{
	size_t len = strlen(line->target);

	while (len > 1 && line->target[len - 1] == '/')
		len--;
	return strlen(path) == len && strncmp(line->target, path, len) == 0;
}

static void set(struct mount_entry *entry, enum mount_kind kind, const char *why)
{
	entry->kind = kind;
	entry->why = why;
}

/* True: the flags settle it. */
static bool by_flags(struct mount_entry *entry)
{
	unsigned flags = entry->options.flags;

	if (flags & FSTAB_MOVE)
		set(entry, MOUNT_REFUSED, "it moves a mount of the host");
	else if (flags & FSTAB_REMOUNT)
		set(entry, MOUNT_REFUSED, "it changes a mount that is there already");
	else if (flags & FSTAB_BIND && flags & FSTAB_REC)
		set(entry, MOUNT_REFUSED, "rbind also takes what is mounted below its source");
	else if (flags & FSTAB_SPREAD && !(flags & FSTAB_BIND))
		set(entry, MOUNT_REFUSED, "it changes how a mount spreads");
	else if (flags & FSTAB_BIND && entry->line.source[0] != '/')
		set(entry, MOUNT_REFUSED, "the source is no absolute path");
	else if (flags & FSTAB_BIND)
		set(entry, MOUNT_BIND, NULL);
	else
		return false;
	return true;
}

static bool by_kernel_type(struct mount_entry *entry)
{
	for (size_t i = 0; i < sizeof(kernel_types) / sizeof(*kernel_types); i++) {
		if (strcmp(entry->line.type, kernel_types[i].type) != 0)
			continue;
		if (kernel_types[i].usual && target_is(&entry->line, kernel_types[i].usual))
			set(entry, MOUNT_NOT_NEEDED, kernel_types[i].why);
		else
			set(entry, MOUNT_INSIDE, kernel_types[i].elsewhere);
		return true;
	}
	return false;
}

static bool is_memory(const char *type)
{
	static const char *const types[] = { "ramfs", "tmpfs", NULL };

	return is_one_of(type, types);
}

static bool is_default_tmp(const struct mount_entry *entry)
{
	return strcmp(entry->line.type, "tmpfs") == 0 && target_is(&entry->line, "/tmp") &&
	       entry->options.flags == FSTAB_NODEV &&
	       strcmp(entry->options.data, "size=16m,mode=1777") == 0;
}

static bool is_network(const struct fstab_line *line)
{
	static const char *const types[] = {
		"9p", "afs", "ceph", "cifs", "coda", "glusterfs", "ncpfs", "smb3", "smbfs", NULL,
	};

	return mount_type_is_nfs(line->type) || is_one_of(line->type, types) ||
	       strncmp(line->source, "//", 2) == 0;
}

static bool is_device(const char *source)
{
	static const char *const tags[] = { "ID=", "LABEL=", "PARTLABEL=", "PARTUUID=", "UUID=" };

	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++)
		if (strncmp(source, tags[i], strlen(tags[i])) == 0)
			return source[strlen(tags[i])] != '\0';
	return source[0] == '/';
}

static void by_type(struct mount_entry *entry)
{
	const struct fstab_line *line = &entry->line;

	if (is_memory(line->type))
		set(entry, is_default_tmp(entry) ? MOUNT_TMP_DEFAULT : MOUNT_MEMORY, NULL);
	else if (mount_type_is_nfs(line->type) && strcmp(line->item, "fstab.remote") == 0)
		set(entry, MOUNT_BY_GUEST, NULL);
	else if (is_network(line))
		set(entry, MOUNT_NETWORK, NULL);
	else if (is_device(line->source))
		set(entry, MOUNT_DISK, NULL);
	else
		set(entry, MOUNT_REFUSED, "a kind of mount that is not known");
}

void mount_classify(struct mount_entry *entry)
{
	const struct fstab_line *line = &entry->line;

	if (strcmp(line->type, "swap") == 0)
		set(entry, MOUNT_NOT_NEEDED, "VServer passed over it");
	else if (entry->options.noauto)
		set(entry, MOUNT_NOT_NEEDED, "noauto: never mounted at start");
	else if (line->source[0] == '-' || line->type[0] == '-')
		set(entry, MOUNT_REFUSED, "mount(8) would take a word of it for an option");
	else if (strcmp(line->target, "/") == 0 && is_memory(line->type))
		set(entry, MOUNT_REFUSED, "the guest's whole root is in memory");
	else if (strcmp(line->target, "/") == 0)
		set(entry, MOUNT_ROOT, NULL);
	else if (!by_flags(entry) && !by_kernel_type(entry))
		by_type(entry);
}
