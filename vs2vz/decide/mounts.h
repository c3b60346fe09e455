/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of decide/: the mounts that VServer made for a guest, and the two action
 * scripts that make them for the container.
 *
 *	CTID.mount	below VE_ROOT, in the order of fstab, fstab.local, fstab.remote
 *	CTID.umount	the same backwards
 *
 * mounts_kinds.c says what each line is, without looking at the disk; mounts.c looks
 * at sources and targets; mounts_script.c writes the text and the steps.
 */
#ifndef VS2VZ_DECIDE_MOUNTS_H
#define VS2VZ_DECIDE_MOUNTS_H

#include "decide/inside.h"
#include "vserver/fstab.h"

enum mount_kind {
	MOUNT_NOT_NEEDED,
	MOUNT_TMP_DEFAULT,	/* the 16 MiB /tmp that every guest is built with */
	MOUNT_INSIDE,		/* only the container itself can mount it */
	MOUNT_ROOT,		/* the tree on a device of its own */
	MOUNT_BY_GUEST,		/* NFS from the guest's own address */
	MOUNT_BIND,
	MOUNT_MEMORY,		/* tmpfs, ramfs */
	MOUNT_DISK,
	MOUNT_NETWORK,
	MOUNT_REFUSED,		/* cannot be translated */
};

struct mount_entry {
	struct fstab_line line;
	struct fstab_options options;
	enum mount_kind kind;
	const char *why;	/* of NOT_NEEDED, INSIDE and REFUSED */
	/* For the script, set by mounts.c: */
	bool in_script;
	const char *target;	/* below the container's root, starts with a slash, no links */
	const char *source;
	bool own_source;	/* source is below the container's root as well */
};

struct mount_list {
	size_t nr, cap;
	struct mount_entry *v;	/* in the order in which VServer mounted them */
	size_t nr_script;
};

/* Line and options are set. Looks at nothing but the words. */
void mount_classify(struct mount_entry *entry);
/* Does a script mount this kind? */
bool mount_kind_in_script(enum mount_kind kind);
/* "nfs", "nfs4". */
bool mount_type_is_nfs(const char *type);

/* mounts.c: fills the list, sets FEATURES, adds findings. */
void mounts_describe(struct deciding *d, struct decision *decision);
/* mounts_source.c: may the source be mounted? Sets source and own_source. */
void mount_check_source(struct deciding *d, const struct guest *guest,
			struct mount_entry *entry);
/* "fstab:5" */
const char *mount_object(const struct mount_entry *entry, struct pool *pool);

/* mounts_guest.c: NFS that the guest mounts itself, and FEATURES for it. */
void mounts_by_guest(struct deciding *d, struct decision *decision, const struct root *tree);

/* mounts_script.c: the text of both scripts; chained: NULL or a path to call. */
void mounts_script(struct buf *out, const struct deciding *d, const struct decision *decision,
		   bool unmount, const char *chained);
/* mounts_build.c: evidence and steps. */
void mounts_build(struct deciding *d, struct decision *decision);

#endif
