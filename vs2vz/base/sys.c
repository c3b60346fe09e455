/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calls that change something, one function each. No function here calls
 * another one of this file: the tests put themselves before each (ld --wrap).
 *
 * setxattr by name has no *at form before Linux 6.13. /proc/self/fd/N/NAME is the
 * same thing on every kernel: N is an open directory, and the l-calls do not follow NAME.
 *
 * There is no chmod by name: before Linux 6.6 it follows a link, so that an object which
 * is swapped for one would change something elsewhere.
 */
#include "base/sys.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/compat.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452	/* the same on every machine */
#endif

#define RETRY(call) ({ __typeof__(call) r_; do r_ = (call); while (r_ < 0 && errno == EINTR); r_; })

static void assert_place(const struct place *at)
{
	assert(at->dirfd >= 0);
	assert(at->name[0] != '\0' && !strchr(at->name, '/'));
	assert(strcmp(at->name, ".") != 0 && strcmp(at->name, "..") != 0);
}

int sys_mkdir(const struct place *at, mode_t mode)
{
	assert_place(at);
	return mkdirat(at->dirfd, at->name, mode);
}

int sys_rmdir(const struct place *at)
{
	assert_place(at);
	return unlinkat(at->dirfd, at->name, AT_REMOVEDIR);
}

int sys_unlink(const struct place *at)
{
	assert_place(at);
	return unlinkat(at->dirfd, at->name, 0);
}

int sys_rename(const struct place *from, const struct place *to)
{
	assert_place(from);
	assert_place(to);
	return renameat(from->dirfd, from->name, to->dirfd, to->name);
}

int sys_rename_new(const struct place *from, const struct place *to)
{
	struct stat st;

	assert_place(from);
	assert_place(to);
#ifdef SYS_renameat2
	if (kernel_can(CAN_RENAMEAT2)) {
		if (syscall(SYS_renameat2, from->dirfd, from->name, to->dirfd, to->name,
			    RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != ENOSYS && errno != EINVAL)
			return -1;
	}
#endif
	/*
	 * Before Linux 3.15, or a file system without the flag. Guests stand still, we
	 * hold the lock.
	 */
	if (fstatat(to->dirfd, to->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(from->dirfd, from->name, to->dirfd, to->name);
}

int sys_link(const struct place *from, const struct place *to)
{
	assert_place(from);
	assert_place(to);
	return linkat(from->dirfd, from->name, to->dirfd, to->name, 0);
}

int sys_symlink(const char *target, const struct place *at)
{
	assert_place(at);
	return symlinkat(target, at->dirfd, at->name);
}

int sys_mknod(const struct place *at, mode_t mode, dev_t dev)
{
	assert_place(at);
	return mknodat(at->dirfd, at->name, mode, dev);
}

int sys_create(const struct place *at, mode_t mode)
{
	assert_place(at);
	return RETRY(openat(at->dirfd, at->name,
			    O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_RDWR, mode));
}

/* What was opened is what was looked at: its name may lead elsewhere between the two. */
static int same_or_close(int fd, const struct stat *looked)
{
	struct stat got;

	if (fd < 0 || (fstat(fd, &got) == 0 && got.st_ino == looked->st_ino &&
		       got.st_dev == looked->st_dev && got.st_rdev == looked->st_rdev &&
		       (got.st_mode & S_IFMT) == (looked->st_mode & S_IFMT)))
		return fd;
	close(fd);
	errno = ESTALE;
	return -1;
}

int sys_open_write(const struct place *at)
{
	struct stat st;

	assert_place(at);
	if (fstatat(at->dirfd, at->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	return same_or_close(RETRY(openat(at->dirfd, at->name, O_RDWR | O_NOFOLLOW | O_NONBLOCK |
					  O_NOCTTY | O_CLOEXEC)), &st);
}

int sys_open_special(const struct place *at, mode_t type)
{
	int flags = (type == S_IFIFO ? O_WRONLY : O_RDWR) | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW;
	struct stat st;

	assert_place(at);
	if (fstatat(at->dirfd, at->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	errno = EINVAL;
	if ((st.st_mode & S_IFMT) != type)
		return -1;
	return same_or_close(RETRY(openat(at->dirfd, at->name, flags | O_CLOEXEC)), &st);
}

ssize_t sys_write(int fd, const void *bytes, size_t len)
{
	return RETRY(write(fd, bytes, len));
}

ssize_t sys_pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	return RETRY(pwrite(fd, bytes, len, at));
}

int sys_ftruncate(int fd, off_t len)
{
	return RETRY(ftruncate(fd, len));
}

int sys_fallocate(int fd, off_t at, off_t len)
{
	return RETRY(fallocate(fd, 0, at, len));
}

int sys_clone(int to, int from)
{
	return ioctl(to, FICLONE, from);
}

int sys_fsync(int fd)
{
	return RETRY(fsync(fd));
}

int sys_syncfs(int fd)
{
#ifdef SYS_syncfs
	if (kernel_can(CAN_SYNCFS))
		return (int)RETRY(syscall(SYS_syncfs, fd));
#else
	(void)fd;
#endif
	sync();	/* before Linux 2.6.39; waits there as well */
	return 0;
}

int sys_fchmod(int fd, mode_t mode)
{
	return fchmod(fd, mode);
}

int sys_fchown(int fd, uid_t uid, gid_t gid)
{
	return fchown(fd, uid, gid);
}

#ifdef SYS_futimesat
/* The kernel's struct timeval, whatever the C library makes of it. */
struct old_time {
	long sec, usec;
};

static struct old_time old_time(const struct timespec *wanted, const struct timespec *is)
{
	struct timeval now;

	if (wanted->tv_nsec == UTIME_NOW) {
		gettimeofday(&now, NULL);
		return (struct old_time){ (long)now.tv_sec, (long)now.tv_usec };
	}
	if (wanted->tv_nsec == UTIME_OMIT)
		wanted = is;
	return (struct old_time){ (long)wanted->tv_sec, wanted->tv_nsec / 1000 };
}

/* By the magic link of the descriptor, which leads to nothing else. */
static int old_futimens(int fd, const struct timespec times[2])
{
	struct old_time old[2];
	char path[40];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	old[0] = old_time(&times[0], &st.st_atim);
	old[1] = old_time(&times[1], &st.st_mtim);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return (int)syscall(SYS_futimesat, AT_FDCWD, path, old);
}
#else
static int old_futimens(int fd, const struct timespec times[2])
{
	return futimens(fd, times);
}
#endif

int sys_futimens(int fd, const struct timespec times[2])
{
	return kernel_can(CAN_SET_NANOSECONDS) ? futimens(fd, times) : old_futimens(fd, times);
}

/* An ACL of three entries (linux/posix_acl_xattr.h: version 2) is a mode and nothing more. */
static int mode_as_acl(const char *path, mode_t mode)
{
	unsigned char acl[28] = { 2, 0, 0, 0 };
	const unsigned char tags[3] = { 0x01, 0x04, 0x20 };	/* owner, group, others */

	for (int i = 0; i < 3; i++) {
		unsigned char *at = acl + 4 + 8 * i;

		at[0] = tags[i];
		at[2] = (unsigned char)(mode >> (6 - 3 * i) & 7);
		memset(at + 4, 0xff, 4);	/* no id */
	}
	return lsetxattr(path, "system.posix_acl_access", acl, sizeof(acl), 0);
}

static void proc_path(const struct place *at, char path[static 300])
{
	assert_place(at);
	snprintf(path, 300, "/proc/self/fd/%d/%s", at->dirfd, at->name);
}

int sys_mode_at(const struct place *at, mode_t mode)
{
	char path[300];

	proc_path(at, path);
	if (kernel_can(CAN_FCHMODAT2)) {
		if (syscall(__NR_fchmodat2, at->dirfd, at->name, mode, AT_SYMLINK_NOFOLLOW) == 0)
			return 0;
		if (errno != EOPNOTSUPP && errno != EPERM)
			return -1;
	}
	return mode_as_acl(path, mode);
}

int sys_lchown(const struct place *at, uid_t uid, gid_t gid)
{
	assert_place(at);
	return fchownat(at->dirfd, at->name, uid, gid, AT_SYMLINK_NOFOLLOW);
}

int sys_lutimens(const struct place *at, const struct timespec times[2])
{
	assert_place(at);
	/* The older call follows links: an object in the place of the one that is meant. */
	return kernel_can(CAN_SET_NANOSECONDS) ?
	       utimensat(at->dirfd, at->name, times, AT_SYMLINK_NOFOLLOW) : 0;
}

int sys_fsetxattr(int fd, const char *name, const void *value, size_t len)
{
	return fsetxattr(fd, name, value, len, 0);
}

int sys_fremovexattr(int fd, const char *name)
{
	return fremovexattr(fd, name);
}

int sys_lsetxattr(const struct place *at, const char *name, const void *value, size_t len)
{
	char path[300];

	proc_path(at, path);
	return lsetxattr(path, name, value, len, 0);
}

int sys_lremovexattr(const struct place *at, const char *name)
{
	char path[300];

	proc_path(at, path);
	return lremovexattr(path, name);
}

/* Linux: include/uapi/linux/btrfs.h. */
#define SUBVOL_GETFLAGS _IOR(0x94, 25, uint64_t)
#define SUBVOL_SETFLAGS _IOW(0x94, 26, uint64_t)
#define SUBVOL_RDONLY 2u

int sys_subvolume_open(int fd)
{
	uint64_t flags;

	if (ioctl(fd, SUBVOL_GETFLAGS, &flags) < 0)
		return -1;
	if (!(flags & SUBVOL_RDONLY))
		return 0;
	flags &= ~(uint64_t)SUBVOL_RDONLY;
	return ioctl(fd, SUBVOL_SETFLAGS, &flags);
}

int sys_setproject(int fd, uint32_t id, int hands_on)
{
	struct fsxattr x;

	if (ioctl(fd, FS_IOC_FSGETXATTR, &x) < 0)
		return -1;
	x.fsx_projid = id;
	x.fsx_xflags &= ~(uint32_t)FS_XFLAG_PROJINHERIT;
	if (hands_on)
		x.fsx_xflags |= FS_XFLAG_PROJINHERIT;
	return ioctl(fd, FS_IOC_FSSETXATTR, &x);
}

int sys_setflags(int fd, uint32_t flags)
{
	int word = (int)flags;

	return ioctl(fd, FS_IOC_SETFLAGS, &word);
}
