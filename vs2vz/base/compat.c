/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One row an ability. A probe is a call that fails for another reason where the kernel
 * knows it: a descriptor that is none, an impossible flag. ENOSYS is "no", and EPERM is
 * a filter that does not know the call either (container managers answer so). The
 * numbers of calls that are newer than the headers are the same on every machine.
 *
 * Changes nothing; what changes something and has an older form is in sys.c.
 */
#include "base/compat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef __NR_openat2
#define __NR_openat2 437
#endif
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif
#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x2000
#endif

static bool is_known(long rc)
{
	return rc >= 0 || (errno != ENOSYS && errno != EPERM);
}

static bool probe_openat2(void)
{
	return is_known(syscall(__NR_openat2, -1, "", NULL, 0));
}

static bool probe_fchmodat2(void)
{
	return is_known(syscall(__NR_fchmodat2, -1, "", 0, 1u << 31));
}

#if defined(SYS_statx) && defined(STATX_BASIC_STATS)
/* Not by a bad descriptor: a filter may let the call through and its answer not. */
static bool ask_statx(struct statx *sx)
{
	memset(sx, 0, sizeof(*sx));
	return syscall(SYS_statx, AT_FDCWD, "/", 0, STATX_BASIC_STATS, sx) == 0;
}

static bool probe_statx(void)
{
	struct statx sx;

	return ask_statx(&sx);
}

static bool probe_mount_root(void)
{
	struct statx sx;

	return ask_statx(&sx) && sx.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT;
}
#else
static bool probe_statx(void)
{
	return false;
}

static bool probe_mount_root(void)
{
	return false;
}
#endif

static bool probe_renameat2(void)
{
#ifdef SYS_renameat2
	return is_known(syscall(SYS_renameat2, -1, "", -1, "", 1u << 31));
#else
	return false;
#endif
}

static bool probe_syncfs(void)
{
#ifdef SYS_syncfs
	return is_known(syscall(SYS_syncfs, -1));
#else
	return false;
#endif
}

static bool probe_no_automount(void)
{
	struct stat st;

	return fstatat(AT_FDCWD, "/", &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == 0 ||
	       errno != EINVAL;
}

/*
 * Asked of the thing itself each time, which costs nothing: a file system, a driver or a
 * file may say no as well as the kernel.
 */
static bool no_probe(void)
{
	return true;
}

/* By pipe2, which is four versions younger: in between descriptors are marked twice. */
static bool probe_set_cloexec(void)
{
#ifdef SYS_pipe2
	return is_known(syscall(SYS_pipe2, NULL, ~0u));
#else
	return false;
#endif
}

/* By the bare call: a C library may have an older form of its own, which sets less. */
static bool probe_set_nanoseconds(void)
{
#ifdef SYS_utimensat
	return is_known(syscall(SYS_utimensat, -1, NULL, NULL, 0));
#else
	struct stat st;

	return fstatat(AT_FDCWD, "/", &st, 0) == 0;	/* 32 bit with 64 bit times alone: 5.1 */
#endif
}

const struct kernel_ability kernel_abilities[CAN_NR] = {
	[CAN_OPENAT2] = { "openat2", "5.6", "paths are walked one directory at a time" },
	[CAN_FCHMODAT2] = { "fchmodat2", "6.6",
		"set-id bits of devices, FIFOs and sockets, which mean nothing, are not kept" },
	[CAN_MOUNT_ROOT] = { "statx with mount points", "5.8", "the mount table is read instead" },
	[CAN_LOOP_CONFIGURE] = { "LOOP_CONFIGURE", "5.8",
		"a crash may leave a loop device attached" },
	[CAN_MOUNTINFO] = { "mountinfo", "2.6.26", "mounts are told apart by their paths" },
	[CAN_MOUNT_IDS] = { "mnt_id in fdinfo", "3.15", "mounts are told apart by their paths" },
	[CAN_STATX] = { "statx", "4.11", "files are opened to ask for their inode flags" },
	[CAN_RENAMEAT2] = { "renameat2", "3.15", "a new name is looked for before it is given" },
	[CAN_SEEK_HOLES] = { "SEEK_HOLE", "3.1", "holes of files are read" },
	[CAN_SYNCFS] = { "syncfs", "2.6.39", "all file systems are flushed" },
	[CAN_NO_AUTOMOUNT] = { "AT_NO_AUTOMOUNT", "2.6.38", "looking at a name never mounts anything there" },
	[CAN_SET_CLOEXEC] = { "O_CLOEXEC", "2.6.23", "descriptors are closed one by one" },
	[CAN_SET_NANOSECONDS] = { "utimensat", "2.6.22",
		"times are kept to the microsecond; those of links and nodes cannot be set" },
};

static bool (*const probes[CAN_NR])(void) = {
	[CAN_OPENAT2] = probe_openat2,
	[CAN_FCHMODAT2] = probe_fchmodat2,
	[CAN_MOUNT_ROOT] = probe_mount_root,
	[CAN_LOOP_CONFIGURE] = no_probe,
	[CAN_MOUNTINFO] = no_probe,
	[CAN_MOUNT_IDS] = no_probe,
	[CAN_STATX] = probe_statx,
	[CAN_RENAMEAT2] = probe_renameat2,
	[CAN_SEEK_HOLES] = no_probe,
	[CAN_SYNCFS] = probe_syncfs,
	[CAN_NO_AUTOMOUNT] = probe_no_automount,
	[CAN_SET_CLOEXEC] = probe_set_cloexec,
	[CAN_SET_NANOSECONDS] = probe_set_nanoseconds,
};

/* 0: not asked yet; 1: yes; -1: no. A race only asks twice. */
static int known[CAN_NR];

bool kernel_can(enum kernel_can what)
{
	int now = __atomic_load_n(&known[what], __ATOMIC_RELAXED), saved = errno;

	if (what == CAN_MOUNT_ROOT && !kernel_can(CAN_STATX))
		return false;
	if (!now) {
		now = probes[what]() ? 1 : -1;
		__atomic_store_n(&known[what], now, __ATOMIC_RELAXED);
		errno = saved;
	}
	return now > 0;
}

void kernel_cannot(enum kernel_can what)
{
	__atomic_store_n(&known[what], -1, __ATOMIC_RELAXED);
}

void kernel_ask_again(void)
{
	for (int i = 0; i < CAN_NR; i++)
		__atomic_store_n(&known[i], 0, __ATOMIC_RELAXED);
}

bool times_agree(const struct timespec *wanted, const struct timespec *is, mode_t mode,
		 bool coarse)
{
	if (coarse && !S_ISREG(mode) && !S_ISDIR(mode))
		return true;
	return wanted->tv_sec == is->tv_sec &&
	       (wanted->tv_nsec == is->tv_nsec ||
		(coarse && is->tv_nsec == wanted->tv_nsec / 1000 * 1000));
}

static int mark(int fd)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Marked by a second call: before Linux 2.6.27, or where a filter does not know the first. */
static int mark_both(int ends[2])
{
	return mark(ends[0]) < 0 || mark(ends[1]) < 0 ? -1 : 0;
}

int pipe_cloexec(int ends[2], bool nonblocking)
{
	if (pipe2(ends, O_CLOEXEC | (nonblocking ? O_NONBLOCK : 0)) == 0)
		return 0;
	if (errno != ENOSYS)
		return -1;
	if (pipe(ends) < 0)
		return -1;
	for (int i = 0; nonblocking && i < 2; i++)
		if (fcntl(ends[i], F_SETFL, O_NONBLOCK) < 0)
			return -1;
	return mark_both(ends);
}

int dup_cloexec(int fd, int least)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, least);

	if (copy >= 0 || errno != EINVAL)
		return copy;
	copy = fcntl(fd, F_DUPFD, least);	/* before Linux 2.6.24 */
	if (copy >= 0)
		mark(copy);
	return copy;
}

int socketpair_cloexec(int type, int ends[2])
{
	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) == 0)
		return 0;
	if (errno != EINVAL)
		return -1;
	return socketpair(AF_UNIX, type, 0, ends) < 0 ? -1 : mark_both(ends);
}

void mark_cloexec(int first)
{
	struct rlimit lim = { 0 };
	rlim_t last = 1u << 16;

	if (kernel_can(CAN_SET_CLOEXEC))
		return;
	/* The limit was raised at the start and never lowered: nothing can lie above. */
	if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_max > last && lim.rlim_max < 1u << 21)
		last = lim.rlim_max;
	for (int fd = first; fd < (int)last; fd++)
		mark(fd);
}
