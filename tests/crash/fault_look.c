/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other half of the seam: what only looks. Each function stands before one of the C
 * library's that opens, lists or reads, counts, and fails once with the errno of the fault
 * ("look-eio:17"). The names are those that a program built for 64-bit offsets calls; with
 * another C library than glibc nothing is put in between.
 *
 * VS2VZ_FAULT_TRACE: a file that gets one line for the look that failed: what it was, at
 * which path where it has one, and from where in the program (for addr2line).
 */
#include "fault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __GLIBC__

extern const char __executable_start;

static void trace(const char *what, const char *path, const void *from)
{
	const char *file = getenv("VS2VZ_FAULT_TRACE");
	FILE *out = file ? fopen(file, "a") : NULL;

	if (!out)
		return;
	fprintf(out, "%s %s %#lx\n", what, path ? path : "-",
		(unsigned long)((const char *)from - &__executable_start));
	fclose(out);
}

static bool hit(const char *what, const char *path, const void *from)
{
	int saved;

	if (!fault_look(what))
		return false;
	saved = errno;
	trace(what, path, from);
	errno = saved;
	return true;
}

#define LOOK_CALL(type, failed, name, path, params, args)		\
	type __real_##name params;					\
	type __wrap_##name params;					\
	type __wrap_##name params					\
	{								\
		return hit(#name, path, __builtin_return_address(0)) ? (failed) : \
		       __real_##name args;				\
	}

LOOK_CALL(int, -1, fstat64, NULL, (int fd, struct stat64 *st), (fd, st))
LOOK_CALL(int, -1, stat64, path, (const char *path, struct stat64 *st), (path, st))
LOOK_CALL(int, -1, fstatat64, name, (int fd, const char *name, struct stat64 *st, int flags),
	  (fd, name, st, flags))
LOOK_CALL(int, -1, fstatfs64, NULL, (int fd, struct statfs64 *fs), (fd, fs))
LOOK_CALL(int, -1, fstatvfs64, NULL, (int fd, struct statvfs64 *fs), (fd, fs))
LOOK_CALL(ssize_t, -1, readlinkat, name, (int fd, const char *name, char *text, size_t size),
	  (fd, name, text, size))
LOOK_CALL(ssize_t, -1, read, NULL, (int fd, void *bytes, size_t len), (fd, bytes, len))
LOOK_CALL(ssize_t, -1, pread64, NULL, (int fd, void *bytes, size_t len, off64_t at),
	  (fd, bytes, len, at))
LOOK_CALL(DIR *, NULL, fdopendir, NULL, (int fd), (fd))
LOOK_CALL(struct dirent64 *, NULL, readdir64, NULL, (DIR *dir), (dir))
LOOK_CALL(ssize_t, -1, fgetxattr, name, (int fd, const char *name, void *value, size_t size),
	  (fd, name, value, size))
LOOK_CALL(ssize_t, -1, lgetxattr, path,
	  (const char *path, const char *name, void *value, size_t size), (path, name, value, size))
LOOK_CALL(ssize_t, -1, flistxattr, NULL, (int fd, char *list, size_t size), (fd, list, size))
LOOK_CALL(ssize_t, -1, llistxattr, path, (const char *path, char *list, size_t size),
	  (path, list, size))

/* The last argument of the three that may have it: unused where there is none. */
#define LAST(type, after)						\
	va_list ap;							\
	type last;							\
									\
	va_start(ap, after);						\
	last = va_arg(ap, type);					\
	va_end(ap)

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
	LAST(unsigned, flags);
	return hit("open", path, __builtin_return_address(0)) ? -1 :
	       __real_open64(path, flags, last);
}

/* What makes or writes is the other half's. */
int __real_openat64(int dirfd, const char *name, int flags, ...);
int __wrap_openat64(int dirfd, const char *name, int flags, ...);
int __wrap_openat64(int dirfd, const char *name, int flags, ...)
{
	LAST(unsigned, flags);
	return (flags & O_ACCMODE) == O_RDONLY && !(flags & O_CREAT) &&
	       hit("openat", name, __builtin_return_address(0)) ? -1 :
	       __real_openat64(dirfd, name, flags, last);
}

static bool ioctl_looks(unsigned long request)
{
	return request == FS_IOC_GETFLAGS;
}

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...)
{
	LAST(void *, request);
	return ioctl_looks(request) && hit("getflags", NULL, __builtin_return_address(0)) ? -1 :
	       __real_ioctl(fd, request, last);
}

/* Looks that have no function of their own; a probe with a bad descriptor is none. */
static const struct bare {
	long number;
	const char *name;
} bare[] = {
	{ SYS_getdents64, "getdents64" },
#ifdef SYS_statx
	{ SYS_statx, "statx" },
#endif
	{ 437, "openat2" },
};

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (unsigned i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	for (size_t i = 0; a[0] != -1 && i < sizeof(bare) / sizeof(bare[0]); i++)
		if (bare[i].number == number &&
		    hit(bare[i].name, number == SYS_getdents64 ? NULL : (const char *)a[1],
			__builtin_return_address(0)))
			return -1;
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

#endif
