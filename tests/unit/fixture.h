/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small host in a temporary folder: what the tests of openvz/ and of file system
 * facts put their files into. Any failure ends the test program.
 *
 *	struct fixture fx;
 *	fixture_make(&fx);
 *	fixture_file(&fx, "/etc/vz/vz.conf", "LOCKDIR=/vz/lock\n");
 *	... fx.root, &fx.pool ...
 *	fixture_remove(&fx);
 */
#ifndef VS2VZ_TESTS_FIXTURE_H
#define VS2VZ_TESTS_FIXTURE_H

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/inroot.h"
#include "base/pool.h"
#include "model/finding.h"

struct fixture {
	char dir[PATH_MAX];
	struct root root;
	struct pool pool;
	struct findings findings;
	struct err err;
};

static inline void fixture_die(const char *what, const char *path)
{
	perror(path);
	fprintf(stderr, "fixture: cannot %s\n", what);
	exit(99);
}

static inline void fixture_make(struct fixture *fx)
{
	const char *tmp = getenv("TMPDIR");

	memset(fx, 0, sizeof(*fx));
	snprintf(fx->dir, sizeof(fx->dir), "%s/vs2vz-unit-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(fx->dir))
		fixture_die("make", fx->dir);
	if (root_init(&fx->root, fx->dir, &fx->err) < 0)
		fixture_die("open", fx->dir);
	fx->findings.pool = &fx->pool;
}

static inline int fixture_remove_one(const char *path, const struct stat *st, int type,
				     struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void fixture_remove(struct fixture *fx)
{
	root_release(&fx->root);
	nftw(fx->dir, fixture_remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	pool_release(&fx->pool);
}

/* The path in the real system; one buffer. */
static inline const char *fixture_path(const struct fixture *fx, const char *path)
{
	static char full[PATH_MAX * 2];

	snprintf(full, sizeof(full), "%s%s", fx->dir, path);
	return full;
}

static inline void fixture_parents(const struct fixture *fx, const char *path)
{
	char part[PATH_MAX];

	for (const char *at = path + 1; (at = strchr(at, '/')); at++) {
		snprintf(part, sizeof(part), "%.*s", (int)(at - path), path);
		mkdir(fixture_path(fx, part), 0755);
	}
}

static inline void fixture_dir(const struct fixture *fx, const char *path)
{
	fixture_parents(fx, path);
	if (mkdir(fixture_path(fx, path), 0755) < 0)
		fixture_die("mkdir", path);
}

static inline void fixture_bytes(const struct fixture *fx, const char *path, const void *bytes,
				 size_t len)
{
	FILE *f;

	fixture_parents(fx, path);
	f = fopen(fixture_path(fx, path), "we");
	if (!f || fwrite(bytes, 1, len, f) != len || fclose(f) != 0)
		fixture_die("write", path);
}

static inline void fixture_file(const struct fixture *fx, const char *path, const char *text)
{
	fixture_bytes(fx, path, text, strlen(text));
}

static inline void fixture_link(const struct fixture *fx, const char *target, const char *path)
{
	fixture_parents(fx, path);
	if (symlink(target, fixture_path(fx, path)) < 0)
		fixture_die("link", path);
}

static inline bool fixture_has(const struct fixture *fx, const char *path)
{
	struct stat st;

	return lstat(fixture_path(fx, path), &st) == 0;
}

/* How many findings carry the number? */
static inline size_t fixture_found(const struct fixture *fx, enum finding_id id)
{
	size_t n = 0;

	for (size_t i = 0; i < fx->findings.nr; i++)
		n += fx->findings.v[i].kind->id == id;
	return n;
}

#endif
