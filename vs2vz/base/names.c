/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of one directory, in an order that does not depend on the disk.
 */
#include "base/inroot.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/unseen.h"

struct entry {
	const char *name;
	unsigned char type;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static void hand_out(struct names *out, struct entry *v, size_t nr, struct pool *pool)
{
	if (nr > 1)
		qsort(v, nr, sizeof(*v), by_name);
	out->nr = nr;
	out->name = pool_array(pool, nr, sizeof(*out->name));
	out->type = pool_alloc(pool, nr);
	for (size_t i = 0; i < nr; i++) {
		out->name[i] = v[i].name;
		out->type[i] = v[i].type;
	}
}

static int no_list(const struct root *root, const char *path, struct err *err)
{
	unseen_note(root->path, path, errno);
	return fail_errno(err, "cannot list '%s%s'", show(root->path), show(path));
}

int root_names(const struct root *root, const char *path, struct pool *pool, struct names *out,
	       struct err *err)
{
	int fd = root_opendir(root, path, err), refused;
	size_t nr = 0, cap = 0;
	struct entry *v = NULL;
	struct dirent *d;
	DIR *dir;

	if (fd < 0)
		return -1;
	dir = fdopendir(fd);
	if (!dir) {
		close_fd(&fd);
		return no_list(root, path, err);
	}
	for (errno = 0; (d = readdir(dir)); errno = 0) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (nr == cap) {
			cap = cap ? cap * 2 : 64;
			v = xrealloc(v, cap * sizeof(*v));
		}
		v[nr].name = pool_strdup(pool, d->d_name);
		v[nr++].type = d->d_type;
	}
	refused = errno;
	if (refused)
		no_list(root, path, err);
	else
		hand_out(out, v, nr, pool);
	closedir(dir);
	free(v);
	return refused ? -1 : 0;
}

int dir_is_empty(int dirfd, struct err *err)
{
	const struct root dir = { dirfd, "" };
	struct pool pool = POOL_INIT;
	struct names names = { 0 };
	int rc = root_names(&dir, "/", &pool, &names, err);

	pool_release(&pool);
	return rc < 0 ? -1 : names.nr == 0;
}
