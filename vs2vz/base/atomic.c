/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small files that are whole or absent:
 *
 *	.NAME.vs2vz-new   content, owner, mode, times   fsync
 *	NAME              rename                        fsync of the directory
 *
 * Dying before the rename leaves the old NAME and a leftover that the next try
 * removes, or, in a directory that is not ours alone, passes by; dying after it leaves the
 * new NAME, whose content is already on disk.
 */
#include "base/atomic.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/inroot.h"

int write_all(int fd, const void *bytes, size_t len, struct err *err)
{
	const char *at = bytes;

	while (len) {
		ssize_t done = sys_write(fd, at, len);

		if (done < 0)
			return fail_errno(err, "cannot write");
		at += done;
		len -= (size_t)done;
	}
	return 0;
}

int sync_dir(int dirfd, struct err *err)
{
	if (sys_fsync(dirfd) < 0)
		return fail_errno(err, "cannot sync a directory");
	return 0;
}

/* Owner before mode: chown takes set-id bits away. Times last. */
static int put_meta(int fd, const struct atomic_meta *meta, struct err *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, meta->mtime };

	if (sys_fchown(fd, meta->uid, meta->gid) < 0 && errno != EPERM)
		return fail_errno(err, "cannot set the owner");
	if (sys_fchmod(fd, meta->mode) < 0)
		return fail_errno(err, "cannot set the mode");
	if (meta->has_mtime && sys_futimens(fd, times) < 0)
		return fail_errno(err, "cannot set the time");
	return 0;
}

static int make_temp(struct atomic_file *f, bool others, struct err *err)
{
	const struct place temp = { f->at.dirfd, f->name };

	for (unsigned nr = 1; f->fd < 0; nr++) {
		int len = snprintf(f->name, sizeof(f->name), ".%s.vs2vz-new", f->at.name);

		if (nr > 1 && (size_t)len < sizeof(f->name))
			len += snprintf(f->name + len, sizeof(f->name) - (size_t)len, "-%u", nr);
		if ((size_t)len >= sizeof(f->name))
			return fail_code(err, ENAMETOOLONG, "name too long: '%s'", show(f->at.name));
		if (!others && sys_unlink(&temp) < 0 && errno != ENOENT)
			return fail_errno(err, "cannot remove the leftover '%s'", show(temp.name));
		f->fd = sys_create(&temp, 0600);
		if (f->fd < 0 && (errno != EEXIST || !others))
			return fail_errno(err, "cannot create '%s'", show(temp.name));
	}
	return 0;
}

int atomic_begin(struct atomic_file *f, const struct place *at, bool others, struct err *err)
{
	*f = (struct atomic_file){ .at = *at, .fd = -1 };
	if (make_temp(f, others, err) == 0)
		return 0;
	err_add(err, "'%s'", show(at->name));
	return -1;
}

void atomic_put(void *file, const void *bytes, size_t len)
{
	struct atomic_file *f = file;

	f->failed = f->failed || write_all(f->fd, bytes, len, &f->err) < 0;
}

void atomic_drop(struct atomic_file *f)
{
	close_fd(&f->fd);
	sys_unlink(&(struct place){ f->at.dirfd, f->name });
}

static int finish_temp(struct atomic_file *f, const struct atomic_meta *meta, struct err *err)
{
	if (f->failed) {
		*err = f->err;
		return -1;
	}
	if (put_meta(f->fd, meta, err) < 0)
		return -1;
	if (!meta->unsynced && sys_fsync(f->fd) < 0)
		return fail_errno(err, "cannot sync '%s'", show(f->name));
	return 0;
}

int atomic_end(struct atomic_file *f, const struct atomic_meta *meta, bool sync_parent,
	       struct err *err)
{
	const struct place temp = { f->at.dirfd, f->name };

	if (finish_temp(f, meta, err) < 0) {
		atomic_drop(f);
		err_add(err, "'%s'", show(f->at.name));
		return -1;
	}
	close_fd(&f->fd);
	if (sys_rename(&temp, &f->at) < 0)
		return fail_errno(err, "cannot rename '%s' to '%s'", show(f->name),
				  show(f->at.name));
	return sync_parent ? sync_dir(f->at.dirfd, err) : 0;
}

int atomic_write(const struct place *at, const void *bytes, size_t len,
		 const struct atomic_meta *meta, bool sync_parent, struct err *err)
{
	struct atomic_file f;

	if (atomic_begin(&f, at, meta->others, err) < 0)
		return -1;
	atomic_put(&f, bytes, len);
	return atomic_end(&f, meta, sync_parent, err);
}

/* Enter one component, made where it is missing. */
static int enter(int dirfd, const char *name, mode_t mode, struct err *err)
{
	struct place at = { dirfd, name };
	struct stat st;
	int fd;

	if (below_stat(dirfd, name, &st) < 0) {
		if (errno != ENOENT || (sys_mkdir(&at, mode) < 0 && errno != EEXIST))
			return fail_errno(err, "cannot make the directory '%s'", show(name));
		if (sync_dir(dirfd, err) < 0)
			return -1;
		if (below_stat(dirfd, name, &st) < 0)
			return fail_errno(err, "cannot look at '%s'", show(name));
	}
	if (!S_ISDIR(st.st_mode))
		return fail_code(err, ENOTDIR, "'%s' is no directory", show(name));
	fd = below_open(dirfd, name, &st);
	return fd < 0 ? fail_errno(err, "cannot open '%s'", show(name)) : fd;
}

int make_dirs(int rootfd, const char *path, mode_t mode, struct err *err)
{
	int CLEANUP_FD at = dup(rootfd);
	char name[256];

	if (at < 0)
		return fail_errno(err, "cannot duplicate a descriptor");
	while (*path) {
		size_t len = strcspn(path, "/");
		int next;

		if (len >= sizeof(name))
			return fail_code(err, ENAMETOOLONG, "name too long in '%s'", show(path));
		memcpy(name, path, len);
		name[len] = '\0';
		path += len + (path[len] == '/');
		if (!len)
			continue;
		next = enter(at, name, mode, err);
		if (next < 0)
			return -1;
		close_fd(&at);
		at = next;
	}
	return 0;
}

int create_new(const struct place *at, mode_t mode, struct err *err)
{
	int fd = sys_create(at, mode);

	return fd < 0 ? fail_errno(err, "cannot create '%s'", show(at->name)) : fd;
}
