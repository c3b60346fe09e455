/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door: the only code that resolves a path or opens anything below a root.
 *
 * struct root is an open directory that everything is resolved below, as if by
 * chroot: the host ("/" or --root DIR), or one guest's tree. Two policies, told
 * apart by the function's name:
 *
 *	root_*		symbolic links are followed inside the root ("/" and ".."
 *			end at the root), magic links refused
 *	strict_*	no symbolic link in any component: ELOOP
 *
 * openat2(2) where the kernel has it, a walk with one descriptor per component
 * elsewhere (kernels before 5.6). Both give the same inode or the same errno; only
 * the walk needs the right to read, and not just to pass, the directories on the way.
 *
 * Nothing but a regular file or a directory is ever opened: the type is looked
 * at first, the descriptor is opened O_NONBLOCK|O_NOFOLLOW|O_NOCTTY and compared
 * with what was looked at. Other types: EINVAL; root_stat() tells more. No protection
 * rests on a flag newer than Linux 2.6.18.
 *
 * Paths: absolute or relative, both start at the root. PATH_MAX does not limit.
 * All return 0 or a descriptor, or -1 with err set: the text names the path, and
 * err->code is the errno (ENOENT, ENOTDIR ...) for callers that expect absence.
 */
#ifndef VS2VZ_BASE_INROOT_H
#define VS2VZ_BASE_INROOT_H

#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"
#include "base/sys.h"

struct root {
	int fd;
	const char *path;	/* how the user calls it, for messages; "" for "/" */
};

/* A place that owns its directory descriptor and name: what a step changes. */
struct spot {
	struct place at;
	char *name_store;
};

/* Open DIR of the real system as a root. The one place where a plain path is opened. */
int root_init(struct root *root, const char *dir, struct err *err) MUST_CHECK;
void root_release(struct root *root);
/* A root inside a root (a guest's tree); strict. */
int root_inside(struct root *inner, const struct root *outer, const char *path,
		struct err *err) MUST_CHECK;

/* Open a directory, or a regular file for reading. */
int root_opendir(const struct root *root, const char *path, struct err *err) MUST_CHECK;
int root_open(const struct root *root, const char *path, struct err *err) MUST_CHECK;
int strict_opendir(const struct root *root, const char *path, struct err *err) MUST_CHECK;
int strict_open(const struct root *root, const char *path, struct err *err) MUST_CHECK;

/* Metadata without opening; root_lstat does not follow the last component. */
int root_stat(const struct root *root, const char *path, struct stat *st, struct err *err) MUST_CHECK;
int root_lstat(const struct root *root, const char *path, struct stat *st, struct err *err) MUST_CHECK;

/*
 * The directory that holds the last component, and its name. The parent is
 * resolved (root_: links followed; strict_: none), the last component is not
 * looked at and may be absent.
 */
int root_spot(const struct root *root, const char *path, struct spot *out, struct err *err) MUST_CHECK;
int strict_spot(const struct root *root, const char *path, struct spot *out, struct err *err) MUST_CHECK;
void spot_release(struct spot *spot);

/*
 * Read a whole regular file, links followed inside the root; larger than max:
 * EFBIG. The bytes may hold anything, NULs included.
 */
int root_read(const struct root *root, const char *path, size_t max, struct buf *out,
	      struct err *err) MUST_CHECK;
/* The text of a symbolic link (last component not followed). */
int root_readlink(const struct root *root, const char *path, struct buf *out,
		  struct err *err) MUST_CHECK;
/*
 * The canonical absolute path below the root ("/vz/private/345"), every link
 * resolved; the last component may be absent when its parent exists.
 */
int root_canonical(const struct root *root, const char *path, struct buf *out,
		   struct err *err) MUST_CHECK;

/* One directory's names, byte-sorted, without "." and "..". */
struct names {
	size_t nr;
	const char **name;
	unsigned char *type;	/* DT_*, DT_UNKNOWN where the file system does not say */
};
int root_names(const struct root *root, const char *path, struct pool *pool,
	       struct names *out, struct err *err) MUST_CHECK;
/* Is the open directory empty? 1 yes, 0 no, -1: it cannot be read. */
int dir_is_empty(int dirfd, struct err *err) MUST_CHECK;

/*
 * Below an open directory, for tree walks; name is one component and is never
 * followed. open: a regular file for reading or a directory, by what st says;
 * EINVAL for other types, ESTALE when it is no longer what st says.
 */
int below_open(int dirfd, const char *name, const struct stat *st);
ssize_t below_readlink(int dirfd, const char *name, char *text, size_t size);
int below_stat(int dirfd, const char *name, struct stat *st);
/*
 * Only for the kernel's own /proc: follows the magic link NAME (root, cwd, a
 * descriptor) to look at what it leads to; nothing is opened.
 */
int below_stat_follow(int dirfd, const char *name, struct stat *st);

/*
 * The block device of a mounted file system, by its path in the running system, for
 * reading: the only thing opened that is neither a file nor a directory, and never by
 * a name from a guest. Links are followed; the node itself must lie below /dev
 * (ENOTBLK) and be the device with this number (ENOTBLK, ESTALE). A descriptor or -1
 * with errno.
 */
int device_open(const char *path, dev_t dev);
/*
 * The same for more: to write, and (O_EXCL) for this process alone, EBUSY where it is
 * mounted or in use by the kernel.
 */
#define DEVICE_WRITE 1
#define DEVICE_ALONE 2
int device_open_for(const char *path, dev_t dev, unsigned how);
/* The kernel's door to loop devices; before Linux 3.1 there is none: ENOENT. */
int loop_control_open(void);

#define CLEANUP_SPOT __attribute__((cleanup(spot_release)))
#define SPOT_INIT { { -1, NULL }, NULL }
void close_fd(int *fd);
#define CLEANUP_FD __attribute__((cleanup(close_fd)))

#endif
