/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calls that change something, one function each. No function here calls
 * another one of this file: the tests put themselves before each (ld --wrap).
 *
 * setxattr by name has no *at form before Linux 6.13. /proc/self/fd/N/NAME is the
 * same thing: N pins the directory, and the l-calls do not follow NAME.
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
#include <sys/xattr.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
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
	if (syscall(SYS_renameat2, from->dirfd, from->name, to->dirfd, to->name,
		    RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != ENOSYS && errno != EINVAL)
		return -1;
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
	return RETRY(openat(at->dirfd, at->name,
			    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

int sys_open_special(const struct place *at, mode_t type)
{
	int flags = (type == S_IFIFO ? O_WRONLY : O_RDWR) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	char path[32];
	struct stat st;
	int pin, fd = -1;

	assert_place(at);
	pin = openat(at->dirfd, at->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (pin < 0)
		return -1;
	if (fstat(pin, &st) == 0 && (st.st_mode & S_IFMT) == type) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", pin);
		fd = RETRY(openat(AT_FDCWD, path, flags));
	} else {
		errno = EINVAL;
	}
	close(pin);
	return fd;
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
	if (RETRY(syscall(SYS_syncfs, fd)) == 0)
		return 0;
	if (errno != ENOSYS)
		return -1;
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

int sys_futimens(int fd, const struct timespec times[2])
{
	return futimens(fd, times);
}

int sys_lchmod(const struct place *at, mode_t mode)
{
	assert_place(at);
	return fchmodat(at->dirfd, at->name, mode, 0);
}

int sys_lchown(const struct place *at, uid_t uid, gid_t gid)
{
	assert_place(at);
	return fchownat(at->dirfd, at->name, uid, gid, AT_SYMLINK_NOFOLLOW);
}

int sys_lutimens(const struct place *at, const struct timespec times[2])
{
	assert_place(at);
	return utimensat(at->dirfd, at->name, times, AT_SYMLINK_NOFOLLOW);
}

int sys_fsetxattr(int fd, const char *name, const void *value, size_t len)
{
	return fsetxattr(fd, name, value, len, 0);
}

int sys_fremovexattr(int fd, const char *name)
{
	return fremovexattr(fd, name);
}

static void proc_path(const struct place *at, char path[static 300])
{
	assert_place(at);
	snprintf(path, 300, "/proc/self/fd/%d/%s", at->dirfd, at->name);
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

int sys_setflags(int fd, uint32_t flags)
{
	int word = (int)flags;

	return ioctl(fd, FS_IOC_SETFLAGS, &word);
}
