/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door. Two ways to reach a directory below a root, one way to look at the
 * last component:
 *
 *  - openat2(2) with RESOLVE_IN_ROOT: the kernel keeps us inside (Linux 5.6).
 *  - the walk: a stack with one descriptor per component. ".." pops the stack, so
 *    the kernel never walks it; a link is read and its text spliced in front of
 *    what remains; an absolute one empties the stack down to the root.
 *
 * The last component is looked at by fstatat() without following. A link there is
 * spliced like any other. Only what is a regular file or a directory is opened, right
 * after it was looked at, and the descriptor must be the inode that was looked at. What
 * takes its place between the two calls is not followed (O_NOFOLLOW), does not block
 * (O_NONBLOCK), does not become our terminal (O_NOCTTY), and is closed again unread.
 *
 * O_PATH is not used: kernels of OpenVZ's 2.6.32 know the flag, open for real and follow
 * the last link in spite of O_NOFOLLOW; older ones ignore it. O_NOFOLLOW is obeyed by all.
 */
#include "base/inroot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/unseen.h"
#include "base/walkpath.h"

#define LINKS_MAX 40
#define KERNEL_TRIES 100

/* linux/openat2.h, which older headers lack; the number is the same on every machine. */
#ifndef __NR_openat2
#define __NR_openat2 437
#endif
#define NO_MAGIC_LINKS 0x02
#define NO_LINKS 0x04
#define IN_ROOT 0x10
struct how_to_open {
	uint64_t flags, mode, resolve;
};

void close_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int root_init(struct root *root, const char *dir, struct err *err)
{
	root->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root->fd < 0) {
		unseen_note("", dir, errno);
		return fail_errno(err, "cannot open the root '%s'", show(dir));
	}
	root->path = strcmp(dir, "/") == 0 ? "" : dir;
	return 0;
}

void root_release(struct root *root)
{
	close_fd(&root->fd);
}

int root_inside(struct root *inner, const struct root *outer, const char *path, struct err *err)
{
	inner->path = path;
	inner->fd = strict_opendir(outer, path, err);
	return inner->fd < 0 ? -1 : 0;
}

static int no_path(const struct root *root, const char *path, struct err *err)
{
	unseen_note(root->path, path, errno);
	return fail_errno(err, "cannot reach '%s%s'", show(root->path), show(path));
}

/* By the kernel; -1 with ENOSYS where it cannot. */
static int dir_by_kernel(const struct root *root, const char *path, bool strict)
{
	const struct how_to_open how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = IN_ROOT | NO_MAGIC_LINKS | (strict ? NO_LINKS : 0),
	};
	int fd, tries = 0;

	if (!kernel_can(CAN_OPENAT2)) {
		errno = ENOSYS;
		return -1;
	}
	do	/* EAGAIN: something was renamed or mounted while ".." was walked */
		fd = (int)syscall(__NR_openat2, root->fd, *path ? path : "/", &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < KERNEL_TRIES)));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == E2BIG))
		kernel_cannot(CAN_OPENAT2);
	if (fd < 0 && (errno == EPERM || errno == E2BIG || errno == EAGAIN ||
		       errno == ENAMETOOLONG))
		errno = ENOSYS;	/* for the walk */
	return fd;
}

static bool has_dotdot(const char *path)
{
	for (const char *at = path; (at = strstr(at, "..")); at++)
		if ((at == path || at[-1] == '/') && (at[2] == '/' || !at[2]))
			return true;
	return false;
}

/* A directory below the root, readable and good for fsync. */
static int open_dir(const struct root *root, const char *path, bool strict)
{
	int fd;

	if (strict && has_dotdot(path)) {
		errno = EINVAL;
		return -1;
	}
	fd = dir_by_kernel(root, path, strict);
	if (fd < 0 && errno == ENOSYS)
		fd = walkpath_dir(root->fd, path, strict, NULL);
	return fd;
}

int root_opendir(const struct root *root, const char *path, struct err *err)
{
	int fd = open_dir(root, path, false);

	return fd < 0 ? no_path(root, path, err) : fd;
}

int strict_opendir(const struct root *root, const char *path, struct err *err)
{
	int fd = open_dir(root, path, true);

	return fd < 0 ? no_path(root, path, err) : fd;
}

/* Cut a path into the directory's path and the last name; false: there is no last name. */
static bool cut_path(const char *path, char **dir, char **name)
{
	size_t end = strlen(path), start;

	while (end && path[end - 1] == '/')
		end--;
	start = end;
	while (start && path[start - 1] != '/')
		start--;
	*name = strndup(path + start, end - start);
	*dir = strndup(path, start);
	if (!*name || !*dir)
		die("no memory");
	return start != end && strcmp(*name, ".") != 0 && strcmp(*name, "..") != 0;
}

static int make_spot(const struct root *root, const char *path, bool strict, struct spot *out,
		     struct err *err)
{
	char *dir, *name;
	int fd = -1;

	*out = (struct spot)SPOT_INIT;
	if (!cut_path(path, &dir, &name))
		errno = EINVAL;
	else
		fd = open_dir(root, dir, strict);
	free(dir);
	if (fd < 0) {
		free(name);
		return no_path(root, path, err);
	}
	out->at.dirfd = fd;
	out->at.name = out->name_store = name;
	return 0;
}

int root_spot(const struct root *root, const char *path, struct spot *out, struct err *err)
{
	return make_spot(root, path, false, out, err);
}

int strict_spot(const struct root *root, const char *path, struct spot *out, struct err *err)
{
	return make_spot(root, path, true, out, err);
}

void spot_release(struct spot *spot)
{
	int saved = errno;

	if (spot->at.dirfd >= 0)
		close(spot->at.dirfd);
	free(spot->name_store);
	*spot = (struct spot)SPOT_INIT;
	errno = saved;
}

/* "DIR/" + "link text", or the text alone where it is absolute. */
static char *lead_on(const char *path, const char *text, size_t len)
{
	char *dir, *name, *out;

	cut_path(path, &dir, &name);
	if (asprintf(&out, "%s%s%.*s", text[0] == '/' ? "" : dir,
		     text[0] == '/' || !*dir ? "" : "/", (int)len, text) < 0)
		die("no memory");
	free(dir);
	free(name);
	return out;
}

/*
 * The spot of what a path leads to in the end, and its metadata. Directories that
 * have no last name ("/", "a/..") give the spot of nothing: name "." in itself.
 */
static int look(const struct root *root, const char *path, bool follow, struct spot *out,
		struct stat *st, struct err *err)
{
	char *now = xstrdup(path), text[4096], *dir, *name;
	int links = 0;
	ssize_t len;

	for (;;) {
		bool named = cut_path(now, &dir, &name);

		free(dir);
		free(name);
		*out = (struct spot)SPOT_INIT;
		if (!named) {
			out->at.dirfd = open_dir(root, now, false);
			out->at.name = ".";
			if (out->at.dirfd < 0 || fstat(out->at.dirfd, st) < 0)
				goto bad;
			break;
		}
		if (root_spot(root, now, out, err) < 0)
			goto bad;
		if (fstatat(out->at.dirfd, out->at.name, st, AT_SYMLINK_NOFOLLOW) < 0)
			goto bad;
		if (!S_ISLNK(st->st_mode) || !follow)
			break;
		errno = ELOOP;
		if (++links > LINKS_MAX)
			goto bad;
		len = readlinkat(out->at.dirfd, out->at.name, text, sizeof(text));
		if (len < 0)
			goto bad;
		name = lead_on(now, text, (size_t)len);
		free(now);
		now = name;
		spot_release(out);
	}
	free(now);
	return 0;
bad:
	free(now);
	spot_release(out);
	return no_path(root, path, err);
}

static bool same_object(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
	       (a->st_mode & S_IFMT) == (b->st_mode & S_IFMT);
}

int below_open(int dirfd, const char *name, const struct stat *st)
{
	int fd, flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	struct stat now;

	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode)) {
		errno = EINVAL;
		return -1;
	}
	/* O_DIRECTORY opens nothing else; of the others it is seen at the last moment. */
	if (S_ISDIR(st->st_mode)) {
		flags |= O_DIRECTORY;
	} else {
		if (below_stat(dirfd, name, &now) < 0)
			return -1;
		errno = ESTALE;
		if (!same_object(&now, st))
			return -1;
	}
	do
		fd = openat(dirfd, name, flags);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return -1;
	errno = 0;
	if (fstat(fd, &now) == 0 && same_object(&now, st))
		return fd;
	errno = errno ? errno : ESTALE;
	close_fd(&fd);
	return -1;
}

ssize_t below_readlink(int dirfd, const char *name, char *text, size_t size)
{
	return readlinkat(dirfd, name, text, size);
}

int below_stat(int dirfd, const char *name, struct stat *st)
{
	return fstatat(dirfd, name, st, AT_SYMLINK_NOFOLLOW);
}

int below_stat_follow(int dirfd, const char *name, struct stat *st)
{
	return fstatat(dirfd, name, st, 0);
}

int root_open(const struct root *root, const char *path, struct err *err)
{
	struct spot CLEANUP_SPOT spot;
	struct stat st;
	int fd;

	if (look(root, path, true, &spot, &st, err) < 0)
		return -1;
	fd = below_open(spot.at.dirfd, spot.at.name, &st);
	return fd < 0 ? no_path(root, path, err) : fd;
}

int strict_open(const struct root *root, const char *path, struct err *err)
{
	struct spot CLEANUP_SPOT spot = SPOT_INIT;
	struct stat st;
	int fd = -1;

	if (strict_spot(root, path, &spot, err) < 0)
		return -1;
	if (below_stat(spot.at.dirfd, spot.at.name, &st) == 0) {
		if (S_ISLNK(st.st_mode))
			errno = ELOOP;
		else
			fd = below_open(spot.at.dirfd, spot.at.name, &st);
	}
	return fd < 0 ? no_path(root, path, err) : fd;
}

int root_stat(const struct root *root, const char *path, struct stat *st, struct err *err)
{
	struct spot CLEANUP_SPOT spot;

	return look(root, path, true, &spot, st, err);
}

int root_lstat(const struct root *root, const char *path, struct stat *st, struct err *err)
{
	struct spot CLEANUP_SPOT spot;

	return look(root, path, false, &spot, st, err);
}

int root_read(const struct root *root, const char *path, size_t max, struct buf *out,
	      struct err *err)
{
	int CLEANUP_FD fd = -1;
	struct stat st;
	ssize_t got;

	buf_clear(out);
	fd = root_open(root, path, err);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return no_path(root, path, err);
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return no_path(root, path, err);
	}
	do {
		got = read(fd, buf_room(out, 64 * 1024), 64 * 1024);
		if (got > 0)
			buf_used(out, (size_t)got);
		if (got < 0 && errno != EINTR) {
			unseen_note(root->path, path, errno);
			return fail_errno(err, "cannot read '%s%s'", show(root->path), show(path));
		}
		if (out->len > max)
			return fail_code(err, EFBIG, "'%s%s' is larger than %zu bytes",
					 show(root->path), show(path), max);
	} while (got != 0);
	return 0;
}

int root_readlink(const struct root *root, const char *path, struct buf *out, struct err *err)
{
	struct spot CLEANUP_SPOT spot = SPOT_INIT;
	ssize_t len;

	buf_clear(out);
	if (root_spot(root, path, &spot, err) < 0)
		return -1;
	len = readlinkat(spot.at.dirfd, spot.at.name, buf_room(out, 4096), 4096);
	if (len < 0)
		return no_path(root, path, err);
	buf_used(out, (size_t)len);
	return 0;
}

int root_canonical(const struct root *root, const char *path, struct buf *out, struct err *err)
{
	struct spot CLEANUP_SPOT spot = SPOT_INIT;
	struct stat st;
	char *now = xstrdup(path), text[4096];
	int links = 0, fd = -1;

	/* Follow the last component by hand: it may lead to something that is absent. */
	while (root_spot(root, now, &spot, err) == 0) {
		ssize_t len;
		char *next;

		if (below_stat(spot.at.dirfd, spot.at.name, &st) < 0) {
			if (errno_is_answer(errno))
				break;
			goto bad;
		}
		if (!S_ISLNK(st.st_mode))
			break;
		len = readlinkat(spot.at.dirfd, spot.at.name, text, sizeof(text));
		next = len < 0 || ++links > LINKS_MAX ? NULL : lead_on(now, text, (size_t)len);
		if (!next) {
			errno = len < 0 ? errno : ELOOP;
			goto bad;
		}
		free(now);
		now = next;
		spot_release(&spot);
	}
	buf_clear(out);
	if (spot.at.dirfd < 0) {	/* "/", "a/.." */
		fd = walkpath_dir(root->fd, now, false, out);
	} else {
		char *dir, *name;

		cut_path(now, &dir, &name);
		fd = walkpath_dir(root->fd, dir, false, out);
		if (fd >= 0)
			buf_addf(out, "/%s", name);
		free(dir);
		free(name);
	}
	if (fd >= 0 && !out->len)
		buf_addch(out, '/');
bad:
	free(now);
	if (fd < 0)
		return no_path(root, path, err);
	close_fd(&fd);
	return 0;
}

static bool is_device(const struct stat *st, mode_t type, dev_t dev)
{
	errno = (st->st_mode & S_IFMT) == type ? ESTALE : ENOTBLK;
	return (st->st_mode & S_IFMT) == type && st->st_rdev == dev;
}

/*
 * A device of the running system, links to it followed. The node itself must lie below
 * /dev, which is the administrator's alone: nobody can put another one in its place
 * between the look and the open.
 */
static int open_node(const char *path, mode_t type, dev_t dev, int flags)
{
	struct spot CLEANUP_SPOT spot = SPOT_INIT;
	struct buf CLEANUP_BUF found = BUF_INIT;
	struct root real;
	struct stat st;
	struct err err;
	int fd = -1, rc;

	if (root_init(&real, "/", &err) < 0)
		return -1;
	rc = root_canonical(&real, path, &found, &err);
	errno = rc < 0 ? err.code : ENOTBLK;
	if (rc == 0 && strncmp(found.data, "/dev/", 5) == 0 &&
	    strict_spot(&real, found.data, &spot, &err) == 0 &&
	    below_stat(spot.at.dirfd, spot.at.name, &st) == 0 && is_device(&st, type, dev))
		fd = openat(spot.at.dirfd, spot.at.name,
			    flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0 && (fstat(fd, &st) < 0 || !is_device(&st, type, dev)))
		close_fd(&fd);
	rc = errno;
	root_release(&real);
	errno = rc;
	return fd;
}

int device_open_for(const char *path, dev_t dev, unsigned how)
{
	int flags = (how & DEVICE_WRITE ? O_RDWR : O_RDONLY) | (how & DEVICE_ALONE ? O_EXCL : 0);

	if (path[0] != '/') {
		errno = ENOTBLK;
		return -1;
	}
	return open_node(path, S_IFBLK, dev, flags);
}

int device_open(const char *path, dev_t dev)
{
	return device_open_for(path, dev, 0);
}

int loop_control_open(void)
{
	return open_node("/dev/loop-control", S_IFCHR, makedev(10, 237), O_RDWR);
}
