/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Readers of metadata. statx(2) tells some inode flags for nothing; the rest, and
 * all of them on old kernels, needs FS_IOC_GETFLAGS on an open file, which the
 * callers do only where it can matter. Attributes of what must not be opened are
 * read through /proc/self/fd/N/NAME: N pins the directory, the l-calls do not
 * follow NAME.
 */
#include "base/meta.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/fslimits.h"

#define XATTR_MOST 65536	/* the kernel's limit for a list and for a value */
#define XATTR_USUAL 256		/* the kernel clears as much memory as it is offered */

#if defined(SYS_statx) && defined(STATX_BASIC_STATS)

#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x2000
#endif
/* These attributes have the numbers of the FS_*_FL flags. */
#define FLAG_ATTRIBUTES (FS_COMPR_FL | FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL)

static struct timespec time_of(const struct statx_timestamp *t)
{
	return (struct timespec){ .tv_sec = t->tv_sec, .tv_nsec = t->tv_nsec };
}

static int by_statx(struct meta *m, int dirfd, const char *name)
{
	const int how = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_SYNC_AS_STAT;
	struct statx sx;

	if (syscall(SYS_statx, dirfd, name, how, STATX_BASIC_STATS, &sx) < 0)
		return -1;
	m->st = (struct stat){
		.st_dev = makedev(sx.stx_dev_major, sx.stx_dev_minor),
		.st_ino = sx.stx_ino,
		.st_mode = sx.stx_mode,
		.st_nlink = sx.stx_nlink,
		.st_uid = sx.stx_uid,
		.st_gid = sx.stx_gid,
		.st_rdev = makedev(sx.stx_rdev_major, sx.stx_rdev_minor),
		.st_size = (off_t)sx.stx_size,
		.st_blksize = (blksize_t)sx.stx_blksize,
		.st_blocks = (blkcnt_t)sx.stx_blocks,
		.st_atim = time_of(&sx.stx_atime),
		.st_mtim = time_of(&sx.stx_mtime),
		.st_ctim = time_of(&sx.stx_ctime),
	};
	m->flags_known = (uint32_t)sx.stx_attributes_mask & FLAG_ATTRIBUTES;
	m->flags = (uint32_t)sx.stx_attributes & m->flags_known;
	m->mount_point = sx.stx_attributes & sx.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT;
	return 0;
}

#else

static int by_statx(struct meta *m, int dirfd, const char *name)
{
	(void)m;
	(void)dirfd;
	(void)name;
	errno = ENOSYS;
	return -1;
}

#endif

int meta_at(struct meta *m, int dirfd, const char *name)
{
	if (kernel_can(CAN_STATX))
		return by_statx(m, dirfd, name);
	m->flags = 0;
	m->flags_known = 0;
	m->mount_point = false;
	return fstatat(dirfd, name, &m->st, AT_SYMLINK_NOFOLLOW |
		       (kernel_can(CAN_NO_AUTOMOUNT) ? AT_NO_AUTOMOUNT : 0));
}

/* Linux: include/uapi/linux/btrfs_tree.h, BTRFS_FIRST_FREE_OBJECTID: the root of each. */
#define SUBVOLUME_ROOT 256
#define BTRFS_MAGIC 0x9123683E

bool meta_is_subvolume(const struct meta *m, int dirfd)
{
	struct statfs fs;

	return S_ISDIR(m->st.st_mode) && m->st.st_ino == SUBVOLUME_ROOT && !m->mount_point &&
	       fstatfs(dirfd, &fs) == 0 && (uint32_t)fs.f_type == BTRFS_MAGIC;
}

int meta_flag_word(int fd, uint32_t *word)
{
	int now = 0;	/* the kernel writes an int, whatever the request's number says */

	*word = 0;
	if (ioctl(fd, FS_IOC_GETFLAGS, &now) < 0)
		return errno == ENOTTY || errno == EOPNOTSUPP || errno == EINVAL ||
		       errno == ENOSYS ? 1 : -1;
	*word = (uint32_t)now;
	return 0;
}

int meta_flags(int fd, uint32_t *flags)
{
	int rc = meta_flag_word(fd, flags);

	*flags &= META_GUEST_FLAGS;
	return rc;
}

bool meta_project(int fd, struct project *out)
{
	struct fsxattr x = { .fsx_xflags = 0 };

	*out = (struct project){ 0, false };
	if (ioctl(fd, FS_IOC_FSGETXATTR, &x) < 0)
		return false;
	*out = (struct project){ x.fsx_projid, x.fsx_xflags & FS_XFLAG_PROJINHERIT };
	return true;
}

int meta_flags_kept(int fd, uint32_t *kept)
{
	struct statfs fs;
	uint32_t word;
	int rc;

	*kept = 0;
	if (fstatfs(fd, &fs) < 0)
		return -1;
	rc = meta_flag_word(fd, &word);
	if (rc == 0)
		*kept = fs_flags_of((uint32_t)fs.f_type);
	return rc < 0 ? -1 : 0;
}

static void proc_path(const struct bearer *of, char path[static 300])
{
	snprintf(path, 300, "/proc/self/fd/%d/%s", of->at.dirfd, of->at.name);
}

static ssize_t get_names(const struct bearer *of, struct buf *names, size_t most)
{
	char path[300];

	if (of->fd >= 0)
		return flistxattr(of->fd, buf_room(names, most), most);
	proc_path(of, path);
	return llistxattr(path, buf_room(names, most), most);
}

int xattr_names(const struct bearer *of, struct buf *names)
{
	ssize_t len;

	buf_clear(names);
	len = get_names(of, names, XATTR_USUAL);
	if (len < 0 && errno == ERANGE)
		len = get_names(of, names, XATTR_MOST);
	if (len < 0)
		return errno == EOPNOTSUPP || errno == ENOSYS ? 0 : -1;
	buf_used(names, (size_t)len);
	return 0;
}

static ssize_t get_value(const struct bearer *of, const char *name, struct buf *value,
			 size_t most)
{
	char path[300];

	if (of->fd >= 0)
		return fgetxattr(of->fd, name, buf_room(value, most), most);
	proc_path(of, path);
	return lgetxattr(path, name, buf_room(value, most), most);
}

int xattr_value(const struct bearer *of, const char *name, struct buf *value)
{
	ssize_t len;

	buf_clear(value);
	len = get_value(of, name, value, XATTR_USUAL);
	if (len < 0 && errno == ERANGE)
		len = get_value(of, name, value, XATTR_MOST);
	if (len < 0)
		return -1;
	buf_used(value, (size_t)len);
	return 0;
}

int64_t xattr_size(const struct bearer *of, const char *name)
{
	char path[300];

	if (of->fd >= 0)
		return fgetxattr(of->fd, name, NULL, 0);
	proc_path(of, path);
	return lgetxattr(path, name, NULL, 0);
}

bool xattr_travels(const char *name)
{
	/* XFS lists the ACLs a second time under these; btrfs keeps storage hints here. */
	return strncmp(name, "trusted.SGI_ACL_", 16) != 0 && strncmp(name, "btrfs.", 6) != 0;
}

bool xattr_any(const struct buf *names)
{
	const char *end = names->data + names->len;

	for (const char *name = names->data; name < end; name += strlen(name) + 1)
		if (xattr_travels(name))
			return true;
	return false;
}
