/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The formula of fingerprints, and the print of single names. Reads only.
 */
#include "base/print.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/compat.h"
#include "base/unseen.h"

static uint64_t nanoseconds(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
}

unsigned print_times(bool coarse)
{
	return coarse || !kernel_can(CAN_SET_NANOSECONDS) ? PRINT_COARSE : 0;
}

/* Coarse: what below the microsecond is lost, and what cannot be set, does not count. */
static uint64_t time_of(const struct stat *st, unsigned without)
{
	uint64_t ns = nanoseconds(&st->st_mtim);

	if (without & PRINT_NO_MTIME)
		return 0;
	if (!(without & PRINT_COARSE))
		return ns;
	return S_ISREG(st->st_mode) || S_ISDIR(st->st_mode) ? ns / 1000 * 1000 : 0;
}

struct hash128 print_of(uint64_t parent, const char *name, const struct stat *st,
			unsigned without)
{
	struct {
		uint64_t parent, ino, size, mtime;
		uint32_t mode, uid, gid, nlink;
		char name[256];
	} p = {
		.parent = parent,
		.ino = st->st_ino,
		.size = S_ISREG(st->st_mode) || S_ISLNK(st->st_mode) ? (uint64_t)st->st_size : 0,
		.mtime = time_of(st, without),
		.mode = st->st_mode,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.nlink = without & PRINT_NO_LINKS ? 0 : (uint32_t)st->st_nlink,
	};
	size_t len = strnlen(name, sizeof(p.name));

	memcpy(p.name, name, len);
	return hash_bytes(&p, offsetof(__typeof__(p), name) + len);
}

/* Absent, or behind something that is no directory. */
static bool is_nowhere(const struct err *err)
{
	return err_is_absent(err) || err->code == ELOOP;
}

static int print_of_root(const struct root *tree, unsigned without, struct hash128 *out,
			 struct err *err)
{
	struct stat st;

	if (fstat(tree->fd, &st) < 0)
		return fail_errno(err, "cannot look at the tree '%s'", show(tree->path));
	*out = print_of(0, "", &st, without | PRINT_NO_MTIME);
	return 0;
}

int print_of_path(const struct root *tree, const char *path, unsigned without,
		  struct hash128 *out, struct err *err)
{
	struct spot CLEANUP_SPOT spot = SPOT_INIT;
	struct stat root, dir, st;

	*out = (struct hash128){ 0, 0 };
	if (!path[strspn(path, "/")])
		return print_of_root(tree, without, out, err);
	if (strict_spot(tree, path, &spot, err) < 0) {
		if (!is_nowhere(err))
			return -1;
		err_clear(err);
		return 0;
	}
	if (fstat(tree->fd, &root) < 0 || fstat(spot.at.dirfd, &dir) < 0 ||
	    below_stat(spot.at.dirfd, spot.at.name, &st) < 0) {
		if (errno == ENOENT)
			return 0;
		unseen_note(tree->path, path, errno);
		return fail_errno(err, "cannot look at '%s'", show(path));
	}
	if (st.st_dev == root.st_dev)
		*out = print_of(dir.st_ino, spot.at.name, &st, without);
	return 0;
}
