/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading all metadata of one object: status, inode flags, extended attributes.
 * Nothing here opens, follows or changes anything. System calls leave errno.
 */
#ifndef VS2VZ_BASE_META_H
#define VS2VZ_BASE_META_H

#include <linux/fs.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/sys.h"

/* Flags that forbid changes; set last, lifted first. */
#define META_LOCKS ((uint32_t)(FS_IMMUTABLE_FL | FS_APPEND_FL))

/*
 * The inode flags that are a guest's own (chattr): others describe how the file
 * system stores the inode, or are VServer's marks, and never travel.
 */
#define META_GUEST_FLAGS ((uint32_t)(FS_SECRM_FL | FS_UNRM_FL | FS_COMPR_FL | FS_SYNC_FL | \
	FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL | FS_JOURNAL_DATA_FL | \
	FS_NOTAIL_FL | FS_DIRSYNC_FL | FS_TOPDIR_FL | FS_NOCOW_FL))

struct meta {
	struct stat st;
	uint32_t flags;		/* FS_*_FL as far as known */
	uint32_t flags_known;	/* which of them the kernel told */
	bool mount_point;	/* known to be one; false where the kernel does not tell */
};

/* One object by name, never followed: statx(2), or fstatat(2) before Linux 4.11. */
int meta_at(struct meta *m, int dirfd, const char *name);
/*
 * Is it the root of a btrfs subvolume, and no mount point? dirfd: of the directory that
 * has its name; m->mount_point as walk_meta() tells it.
 */
bool meta_is_subvolume(const struct meta *m, int dirfd);
/*
 * Flags of an open regular file or directory, META_GUEST_FLAGS only. Returns 1 (and no
 * flags) where the file system knows none, else 0 or -1.
 */
int meta_flags(int fd, uint32_t *flags);
/* The same, all of them: those that are the file system's own as well. */
int meta_flag_word(int fd, uint32_t *word);
/* The guest's flags that the file system of an open object can keep. 0 or -1. */
int meta_flags_kept(int fd, uint32_t *kept) MUST_CHECK;

/*
 * The project that an open regular file or directory is counted for (quota), and whether a
 * directory hands it on: then the kernel refuses, with EXDEV, each rename and link of
 * something of another project into it (Linux: ext4_rename, xfs_rename). False: the file
 * system tells none.
 */
struct project {
	uint32_t id;
	bool hands_on;
};
bool meta_project(int fd, struct project *out);

/* Whose attributes: an open descriptor, or (fd < 0) a name in a directory. */
struct bearer {
	int fd;
	struct place at;
};

/* NUL-separated names into *names (len 0: none, or no such thing on this fs). 0 or -1. */
int xattr_names(const struct bearer *of, struct buf *names);
/* The value of one; ENODATA where it is not there. 0 or -1. */
int xattr_value(const struct bearer *of, const char *name, struct buf *value);
/* How many bytes it has; -1 with errno. */
int64_t xattr_size(const struct bearer *of, const char *name);
/* Is it data of the object, and not made by the file system out of other things? */
bool xattr_travels(const char *name);
/* Does any of NUL-separated names travel? */
bool xattr_any(const struct buf *names);

#endif
