/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small host in a temporary folder, for the tests of vs2vz/vserver.
 */
#ifndef VS2VZ_TESTS_VSERVER_FIXTURE_H
#define VS2VZ_TESTS_VSERVER_FIXTURE_H

#include "base/inroot.h"
#include "base/pool.h"
#include "model/finding.h"
#include "model/guest.h"
#include "model/host.h"
#include "vserver/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

struct fixture {
	char dir[PATH_MAX];
	struct root root;
	struct pool pool;
	struct findings findings;
	struct guests guests;
	struct host host;
	struct err err;
};

static struct fixture fx;

static inline int fx_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static inline int fx_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	memset(&fx, 0, sizeof(fx));
	snprintf(fx.dir, sizeof(fx.dir) - 256, "%s/vs2vz-test-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(fx.dir))
		return -1;
	fx.findings.pool = &fx.pool;
	return root_init(&fx.root, fx.dir, &fx.err);
}

static inline int fx_teardown(void **state)
{
	(void)state;
	root_release(&fx.root);
	pool_release(&fx.pool);
	return nftw(fx.dir, fx_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static inline const char *fx_path(const char *path)
{
	static char full[2 * PATH_MAX];

	snprintf(full, sizeof(full), "%s%s", fx.dir, path);
	return full;
}

static inline void fx_parents(char *full)
{
	for (char *at = full + strlen(fx.dir) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		if (mkdir(full, 0755) < 0)
			assert_int_equal(errno, EEXIST);
		*at = '/';
	}
}

static inline const char *fx_new(const char *path)
{
	static char full[2 * PATH_MAX];

	snprintf(full, sizeof(full), "%s", fx_path(path));
	fx_parents(full);
	return full;
}

static inline void fx_bytes(const char *path, const void *bytes, size_t len)
{
	int fd = open(fx_new(path), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static inline void fx_file(const char *path, const char *text)
{
	fx_bytes(path, text, strlen(text));
}

static inline void fx_program(const char *path, const char *text)
{
	fx_file(path, text);
	assert_int_equal(chmod(fx_path(path), 0755), 0);
}

static inline void fx_dir(const char *path)
{
	if (mkdir(fx_new(path), 0755) < 0)
		assert_int_equal(errno, EEXIST);
}

static inline void fx_link(const char *path, const char *target)
{
	assert_int_equal(symlink(target, fx_new(path)), 0);
}

static inline void fx_fifo(const char *path)
{
	assert_int_equal(mkfifo(fx_new(path), 0600), 0);
}

/* G/... of a guest with a tree in /vservers, as "vserver build" lays it out. */
static inline void fx_guest(const char *name)
{
	char path[512], target[512];
	struct stat st;

	fx_dir("/vservers");
	if (lstat(fx_path("/etc/vservers/.defaults/vdirbase"), &st) < 0)
		fx_link("/etc/vservers/.defaults/vdirbase", "/vservers");
	snprintf(path, sizeof(path), "/vservers/%s", name);
	fx_dir(path);
	snprintf(path, sizeof(path), "/etc/vservers/%s/vdir", name);
	snprintf(target, sizeof(target), "/etc/vservers/.defaults/vdirbase/%s", name);
	fx_link(path, target);
}

static inline void fx_scan(void)
{
	int ret = vserver_scan(&fx.guests, &fx.host, &fx.root, &fx.pool, &fx.findings, &fx.err);

	if (ret < 0)
		fail_msg("%s", fx.err.text);
}

static inline const struct guest *fx_find(const char *name)
{
	for (size_t i = 0; i < fx.guests.nr; i++)
		if (strcmp(fx.guests.v[i].name, name) == 0)
			return &fx.guests.v[i];
	fail_msg("no guest %s", name);
	return NULL;
}

static inline bool fx_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* How many findings of that number a guest (NULL: the host) has. */
static inline unsigned fx_count(enum finding_id id, const char *guest)
{
	unsigned nr = 0;

	for (size_t i = 0; i < fx.findings.nr; i++)
		nr += fx.findings.v[i].kind->id == id && fx_same(fx.findings.v[i].guest, guest);
	return nr;
}

static inline const struct finding *fx_finding(enum finding_id id, const char *guest)
{
	for (size_t i = 0; i < fx.findings.nr; i++)
		if (fx.findings.v[i].kind->id == id && fx_same(fx.findings.v[i].guest, guest))
			return &fx.findings.v[i];
	fail_msg("no finding VS%d", (int)id);
	return NULL;
}

/* Every finding on stderr, for a failed assertion about their number. */
static inline void fx_no_findings(void)
{
	for (size_t i = 0; i < fx.findings.nr; i++)
		print_error("VS%d %s %s: %s\n", (int)fx.findings.v[i].kind->id,
			    fx.findings.v[i].guest ? fx.findings.v[i].guest : "-",
			    fx.findings.v[i].object, fx.findings.v[i].seen);
	assert_int_equal(fx.findings.nr, 0);
}

#define FX_TEST(f) cmocka_unit_test_setup_teardown(f, fx_setup, fx_teardown)

#endif
