/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door, with openat2(2) and without it. The oracle for links is the kernel:
 * openat2 with RESOLVE_IN_ROOT on every hostile path must give the same inode or
 * the same errno as the walk. The walk runs in a child with VS2VZ_NO_OPENAT2.
 */
#include "base/inroot.h"
#include "base/walkpath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

static char base[] = "/tmp/vs2vz-inroot-XXXXXX";
static char tree[200];

static void make_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int build(void **state)
{
	(void)state;
	if (!mkdtemp(base))
		return -1;
	snprintf(tree, sizeof(tree), "%s/tree", base);
	assert_int_equal(mkdir(tree, 0755), 0);
	assert_int_equal(chdir(base), 0);
	make_file("secret", "outside");
	assert_int_equal(chdir(tree), 0);
	mkdir("etc", 0755);
	mkdir("etc/deep", 0755);
	mkdir("usr", 0755);
	make_file("etc/passwd", "inside");
	make_file("secret", "tree's own");
	symlink("/etc", "abs");
	symlink("../../../../../../..", "up");
	symlink("../secret", "etc/up1");
	symlink("../../secret", "etc/up2");
	symlink("/../secret", "rooted");
	symlink("loop2", "loop1");
	symlink("loop1", "loop2");
	symlink("self", "self");
	symlink("etc/passwd/", "slashed");
	symlink("missing/x", "dangling");
	symlink("deep/..", "etc/back");
	symlink("/proc/self/root", "magic");
	symlink(".", "dot");
	symlink("..", "etc/dotdot");
	symlink("abs/deep/../passwd", "chain");
	mkfifo("fifo", 0600);
	symlink("fifo", "to-fifo");
	return 0;
}

static int tear_down(void **state)
{
	char cmd[300];

	(void)state;
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", base);
	return system(cmd);
}

static const char *const hostile[] = {
	"/", ".", "..", "etc", "/etc", "etc/..", "etc/../..", "../../etc", "abs", "abs/deep",
	"abs/..", "up", "up/etc", "up/up/etc/deep", "etc/dotdot", "etc/dotdot/usr", "etc/back",
	"etc/back/deep", "loop1", "loop1/x", "self", "self/a", "dangling", "dangling/y",
	"missing", "missing/..", "etc/passwd", "etc/passwd/x", "etc/passwd/..", "slashed",
	"rooted", "dot", "dot/dot/etc", "chain", "//etc//deep//", "./etc/./deep/.", "usr/../abs/deep",
	"magic-not-here", "etc/deep/../../../../../../usr", "abs/../abs/../abs/deep", "fifo/x",
};

static int by_kernel(int rootfd, const char *path, uint64_t more)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | more,
	};

	int fd;

	do	/* a mount elsewhere on the machine makes the kernel ask again */
		fd = (int)syscall(SYS_openat2, rootfd, path, &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN);
	return fd;
}

static void walk_agrees_with_kernel(void **state)
{
	struct root root;
	struct err err;

	(void)state;
	assert_int_equal(root_init(&root, tree, &err), 0);
	if (by_kernel(root.fd, "/", 0) < 0 && errno == ENOSYS)
		skip();
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		int kernel = by_kernel(root.fd, hostile[i], 0), kernel_errno = errno;
		int walk = walkpath_dir(root.fd, hostile[i], false, NULL), walk_errno = errno;
		struct stat a, b;

		if ((kernel < 0) != (walk < 0))
			fail_msg("'%s': kernel %d (%s), walk %d (%s)", hostile[i], kernel,
				 strerror(kernel_errno), walk, strerror(walk_errno));
		if (kernel < 0) {
			if (kernel_errno != walk_errno)
				fail_msg("'%s': kernel %s, walk %s", hostile[i],
					 strerror(kernel_errno), strerror(walk_errno));
			continue;
		}
		assert_int_equal(fstat(kernel, &a), 0);
		assert_int_equal(fstat(walk, &b), 0);
		if (a.st_ino != b.st_ino)
			fail_msg("'%s': different inodes", hostile[i]);
		close(kernel);
		close(walk);
	}
	root_release(&root);
}

static void never_outside(void **state)
{
	static const char *const leaky[] = { "etc/up2", "up/secret", "rooted", "../secret", "etc/up1" };
	struct root root;
	struct err err;
	struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(root_init(&root, tree, &err), 0);
	for (size_t i = 0; i < sizeof(leaky) / sizeof(leaky[0]); i++) {
		assert_int_equal(root_read(&root, leaky[i], 100, &b, &err), 0);
		assert_string_equal(b.data, "tree's own");
	}
	buf_release(&b);
	root_release(&root);
}

static void specials_are_not_opened(void **state)
{
	struct root root;
	struct err err;
	struct buf b = BUF_INIT;
	struct stat st;

	(void)state;
	alarm(10);	/* an open of the FIFO would hang */
	assert_int_equal(root_init(&root, tree, &err), 0);
	assert_int_equal(root_open(&root, "fifo", &err), -1);
	assert_int_equal(err.code, EINVAL);
	assert_int_equal(root_read(&root, "to-fifo", 100, &b, &err), -1);
	assert_int_equal(root_stat(&root, "to-fifo", &st, &err), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(root_lstat(&root, "to-fifo", &st, &err), 0);
	assert_true(S_ISLNK(st.st_mode));
	alarm(0);
	buf_release(&b);
	root_release(&root);
}

static void strict_takes_no_link(void **state)
{
	struct spot spot = SPOT_INIT;
	struct root root;
	struct err err;
	int fd;

	(void)state;
	assert_int_equal(root_init(&root, tree, &err), 0);
	assert_int_equal(strict_opendir(&root, "abs/deep", &err), -1);
	assert_int_equal(err.code, ELOOP);
	assert_int_equal(strict_open(&root, "chain", &err), -1);
	assert_int_equal(err.code, ELOOP);
	assert_int_equal(strict_opendir(&root, "etc/..", &err), -1);
	assert_int_equal(strict_spot(&root, "abs/new", &spot, &err), -1);
	assert_int_equal(strict_spot(&root, "/etc/new", &spot, &err), 0);
	assert_string_equal(spot.at.name, "new");
	spot_release(&spot);
	fd = strict_open(&root, "/etc/passwd", &err);
	assert_true(fd >= 0);
	close(fd);
	root_release(&root);
}

static void canonical_paths(void **state)
{
	static const struct { const char *in, *out; } want[] = {
		{ "/", "/" }, { "abs/passwd", "/etc/passwd" }, { "chain", "/etc/passwd" },
		{ "up/abs/../usr", "/usr" }, { "abs/absent", "/etc/absent" },
		{ "etc/dotdot", "/" }, { "//etc/./deep/", "/etc/deep" }, { "rooted", "/secret" },
	};
	struct root root;
	struct err err;
	struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(root_init(&root, tree, &err), 0);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		if (root_canonical(&root, want[i].in, &b, &err) < 0)
			fail_msg("%s", err.text);
		assert_string_equal(b.data, want[i].out);
	}
	assert_int_equal(root_canonical(&root, "missing/x", &b, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(root_canonical(&root, "loop1", &b, &err), -1);
	assert_int_equal(err.code, ELOOP);
	buf_release(&b);
	root_release(&root);
}

static void reads_are_bounded(void **state)
{
	struct root root;
	struct err err;
	struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(root_init(&root, tree, &err), 0);
	assert_int_equal(root_read(&root, "etc/passwd", 6, &b, &err), 0);
	assert_string_equal(b.data, "inside");
	assert_int_equal(root_read(&root, "etc/passwd", 5, &b, &err), -1);
	assert_int_equal(err.code, EFBIG);
	assert_int_equal(root_read(&root, "etc", 5, &b, &err), -1);
	assert_int_equal(err.code, EISDIR);
	buf_release(&b);
	root_release(&root);
}

static void longer_than_path_max(void **state)
{
	char name[201], *path = calloc(1, 40 * 201 + 1);
	struct root root;
	struct err err;
	int fd, i;

	(void)state;
	assert_int_equal(root_init(&root, tree, &err), 0);
	memset(name, 'n', 200);
	name[200] = '\0';
	fd = dup(root.fd);
	for (i = 0; i < 40; i++) {
		int next;

		assert_int_equal(mkdirat(fd, name, 0755), 0);
		next = openat(fd, name, O_RDONLY | O_DIRECTORY);
		close(fd);
		fd = next;
		strcat(path, "/");
		strcat(path, name);
	}
	close(fd);
	fd = strict_opendir(&root, path, &err);
	if (fd < 0)
		fail_msg("%s", err.text);
	close(fd);
	free(path);
	root_release(&root);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walk_agrees_with_kernel),
		cmocka_unit_test(never_outside),
		cmocka_unit_test(specials_are_not_opened),
		cmocka_unit_test(strict_takes_no_link),
		cmocka_unit_test(canonical_paths),
		cmocka_unit_test(reads_are_bounded),
		cmocka_unit_test(longer_than_path_max),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (argc > 1)
		setenv("VS2VZ_NO_OPENAT2", argv[1], 1);
	return cmocka_run_group_tests_name("inroot", tests, build, tear_down);
}
