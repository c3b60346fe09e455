/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every system call that changes something, and nothing else.
 *
 * A mutator takes a struct place: an open directory and ONE name in it (no '/',
 * not empty, not "." or ".."; asserted), or an open descriptor. A path can
 * therefore not reach a change. All return what the system call returns and
 * leave errno; EINTR is retried here.
 *
 * These functions never call one another: the fault layer of the tests puts
 * itself before each of them (ld --wrap), counts, fails or "cuts the power" at
 * the N-th call. Whatever is made of several calls lives in atomic.c or step/.
 *
 * Who may call: step/, run/, base/atomic.c (held by a test on symbols).
 */
#ifndef VS2VZ_BASE_SYS_H
#define VS2VZ_BASE_SYS_H

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

struct place {
	int dirfd;
	const char *name;
};

int sys_mkdir(const struct place *at, mode_t mode);
int sys_rmdir(const struct place *at);
int sys_unlink(const struct place *at);
/* Replaces what is there, as rename(2). */
int sys_rename(const struct place *from, const struct place *to);
/* EEXIST where the target exists; where the kernel has no renameat2: checked, then renamed. */
int sys_rename_new(const struct place *from, const struct place *to);
int sys_link(const struct place *from, const struct place *to);
int sys_symlink(const char *target, const struct place *at);
int sys_mknod(const struct place *at, mode_t mode, dev_t dev);
/* O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_RDWR; a descriptor or -1. */
int sys_create(const struct place *at, mode_t mode);
/* An existing regular file for writing; never follows; a descriptor or -1. */
int sys_open_write(const struct place *at);
/*
 * An existing object of that type, S_IFIFO (for writing) or S_IFCHR (for both), looked at
 * before it is opened and compared afterwards, never followed, never waited for; a
 * descriptor or -1: EINVAL for another type, ESTALE where it was swapped meanwhile, ENXIO
 * for a FIFO that nobody reads. Only in directories of a mount that gives no devices, or
 * that are ours: there a swap opens nothing that acts on being opened.
 */
int sys_open_special(const struct place *at, mode_t type);

ssize_t sys_write(int fd, const void *bytes, size_t len);
ssize_t sys_pwrite(int fd, const void *bytes, size_t len, off_t at);
int sys_ftruncate(int fd, off_t len);
int sys_fallocate(int fd, off_t at, off_t len);
/* FICLONE: share the extents of from with the empty file to. */
int sys_clone(int to, int from);
int sys_fsync(int fd);
int sys_syncfs(int fd);

int sys_fchmod(int fd, mode_t mode);
int sys_fchown(int fd, uid_t uid, gid_t gid);
/* Before Linux 2.6.22 to the microsecond: compare by times_agree(). */
int sys_futimens(int fd, const struct timespec times[2]);
/*
 * The mode of a device, FIFO or socket, never followed. Before Linux 6.6 its rwx bits only,
 * where the file system has ACLs (elsewhere EOPNOTSUPP): mknod gave it the others, which
 * mean nothing there.
 */
int sys_mode_at(const struct place *at, mode_t mode);
int sys_lchown(const struct place *at, uid_t uid, gid_t gid);
/* Before Linux 2.6.22 nothing is done, which is no error: compare by times_agree(). */
int sys_lutimens(const struct place *at, const struct timespec times[2]);
int sys_fsetxattr(int fd, const char *name, const void *value, size_t len);
int sys_fremovexattr(int fd, const char *name);
int sys_lsetxattr(const struct place *at, const char *name, const void *value, size_t len);
int sys_lremovexattr(const struct place *at, const char *name);
/* A btrfs subvolume that is read-only (a snapshot) takes changes from now on. fd: its root. */
int sys_subvolume_open(int fd);
/* The project of a regular file or directory; hands_on: of a directory, see meta_project(). */
int sys_setproject(int fd, uint32_t id, int hands_on);
/* FS_IOC_SETFLAGS (the descriptor is a regular file or directory). */
int sys_setflags(int fd, uint32_t flags);

#endif
