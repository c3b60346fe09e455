/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A source tree with one of everything, an empty target, and the engine's verbs by
 * path: for the tests of the tree engine. "src", "dst" in the folder of the program.
 */
#ifndef VS2VZ_TESTS_TREE_SOURCE_H
#define VS2VZ_TESTS_TREE_SOURCE_H

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/meta.h"
#include "step/tree.h"
#include "tree_fixture.h"

static const struct tree_options opt = { .threads = 3 };
static bool root, xattrs, locks;

static inline int set_flags(const char *path, uint32_t set, uint32_t clear)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK), word = 0, rc;

	if (fd < 0)
		return -1;
	rc = ioctl(fd, FS_IOC_GETFLAGS, &word);
	word = (int)(((uint32_t)word & ~clear) | set);
	if (rc == 0)
		rc = ioctl(fd, FS_IOC_SETFLAGS, &word);
	close(fd);
	return rc;
}

static inline uint32_t get_flags(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK), word = 0;

	MUST(fd);
	MUST(ioctl(fd, FS_IOC_GETFLAGS, &word));
	close(fd);
	return (uint32_t)word;
}

static inline int copy(const char *from, const char *to, const char *sums, struct err *err)
{
	int a = dir_fd(from), b = dir_fd(to), fd = -1, rc;
	struct tree_counts counts;

	if (sums)
		MUST(fd = open(sums, O_RDWR | O_CREAT, 0600));
	rc = tree_copy(a, b, fd, &opt, &counts, err);
	if (rc == 0)
		rc = tree_settle(b, err);
	close(a);
	close(b);
	if (fd >= 0)
		close(fd);
	return rc;
}

static inline int verify(const char *from, const char *to, const char *sums, struct err *err)
{
	int a = dir_fd(from), b = dir_fd(to), fd = -1, rc;
	struct tree_counts counts;

	if (sums)
		MUST(fd = open(sums, O_RDONLY));
	rc = tree_verify(a, b, fd, &opt, &counts, err);
	close(a);
	close(b);
	if (fd >= 0)
		close(fd);
	return rc;
}

static inline int empty(const char *dir, struct err *err)
{
	struct tree_counts counts;
	int fd = dir_fd(dir), rc = tree_remove(fd, &opt, &counts, err);

	close(fd);
	return rc;
}

static inline void copied(const char *from, const char *to, const char *sums)
{
	struct err err = { 0 };
	int rc = copy(from, to, sums, &err);

	if (rc < 0)
		fprintf(stderr, "# %s\n", err.text);
	assert_int_equal(rc, 0);
}

/* ---- the source */

static inline void make_socket(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	MUST(fd);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	MUST(bind(fd, (struct sockaddr *)&at, sizeof(at)));
	close(fd);
}

static inline void make_contents(void)
{
	char *large = malloc(3500001);

	for (size_t i = 0; i < 3500001; i++)
		large[i] = (char)(i * 2654435761u >> 13);
	put("src/large", large, 3500001);
	put("src/small", large, 4097);
	memset(large, 0, 3000000);
	put("src/zeros", large, 3000000);
	free(large);
	puts_to("src/empty", "");
	put_at("src/sparse", 3 << 20, "data");
	put_at("src/sparse", 20 << 20, "more");
	MUST(truncate("src/sparse", 22000000));
	puts_to("src/hole", "");
	MUST(truncate("src/hole", 40000));
}

static inline void make_root_only(void)
{
	MUST(mknod("src/null", S_IFCHR | 0666, makedev(1, 3)));
	MUST(mknod("src/disk", S_IFBLK | 0600, makedev(259, 70000)));
	puts_to("src/owned", "x");
	MUST(chown("src/owned", 12345, 4294967294u));
	MUST(chmod("src/owned", 06755));
	MUST(lchown("src/link", 7, 8));
	if (locks) {
		MUST(set_flags("src/locked", FS_IMMUTABLE_FL, 0));
		MUST(set_flags("src/pair", FS_APPEND_FL, 0));
		MUST(set_flags("src/locked-dir", FS_IMMUTABLE_FL, 0));
	}
}

static inline void make_source(void)
{
	MUST(mkdir("src", 0755));
	MUST(mkdir("src/d", 02755));
	MUST(mkdir("src/d/e", 0711));
	MUST(mkdir("src/d/none", 0700));
	MUST(mkdir("src/locked-dir", 0755));
	make_contents();
	puts_to("src/d/one", "one");
	MUST(link("src/d/one", "src/d/e/one-again"));
	MUST(link("src/d/one", "src/uno"));
	puts_to("src/pair", "pair");
	MUST(link("src/pair", "src/d/pair"));
	puts_to("src/outside", "outside");
	MUST(link("src/outside", "outside-link"));
	MUST(symlink("../../../etc/passwd", "src/link"));
	MUST(link("src/link", "src/d/link-again"));
	MUST(symlink("/", "src/d/root"));
	MUST(mkfifo("src/fifo", 0640));
	make_socket("src/socket");
	puts_to("src/\x1b[31m\xff\n", "odd name");
	puts_to("src/locked", "locked");
	puts_to("src/locked-dir/f", "f");
	for (int i = 0; i < 700; i++) {
		char path[40];

		snprintf(path, sizeof(path), "src/d/none/%d", i);
		put(path, path, (size_t)(i % 30));
	}
	xattrs = setxattr("src/d/one", "user.one", "1", 1, 0) == 0;
	if (xattrs)
		MUST(setxattr("src/d/e", "user.dir", "", 0, 0));
	set_mtime("src/d/none/0", 4, 4);
	set_mtime("src/d/none/30", 4, 4);
	set_mtime("src/d/one", -1234567890, 123456789);
	set_mtime("src/link", 1000000000, 1);
	set_mtime("src/d", 1, 999999999);
}

static inline int build(void **state)
{
	(void)state;
	tree_base_make(NULL);
	root = geteuid() == 0;
	puts_to("probe", "");
	locks = root && set_flags("probe", FS_IMMUTABLE_FL, 0) == 0 &&
		set_flags("probe", 0, FS_IMMUTABLE_FL) == 0;
	make_source();
	if (root)
		make_root_only();
	set_mtime("src", 3, 4);
	MUST(mkdir("dst", 0700));
	return 0;
}

static inline int tear_down(void **state)
{
	const char *dirs[] = { "dst", "src", "other" };
	struct err err;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		if (access(dirs[i], F_OK) == 0)
			(void)!empty(dirs[i], &err);
	tree_base_remove();
	return 0;
}

#endif
