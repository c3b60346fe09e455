/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door, with openat2(2) and without it: every test runs both ways. The oracle for
 * links is the kernel: openat2 with RESOLVE_IN_ROOT on every hostile path must give the
 * same inode or the same errno as the walk.
 *
 * A thread swaps what stands at a name for something else, as fast as it can, while
 * the door opens it: a thing from outside, or one that is neither file nor directory,
 * must never come back, and nothing may appear outside.
 */
#include "base/inroot.h"
#include "base/compat.h"
#include "base/walkpath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
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

/* linux/openat2.h, which older headers lack. */
#ifndef __NR_openat2
#define __NR_openat2 437
#endif
#define RESOLVE_NO_MAGICLINKS 0x02
#define RESOLVE_IN_ROOT 0x10
struct open_how {
	uint64_t flags, mode, resolve;
};

static int by_kernel(int rootfd, const char *path, uint64_t more)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | more,
	};

	int fd;

	do	/* a mount elsewhere on the machine makes the kernel ask again */
		fd = (int)syscall(__NR_openat2, rootfd, path, &how, sizeof(how));
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

		assert_true(mkdirat(fd, name, 0755) == 0 || errno == EEXIST);
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

/*
 * The links that util-vserver makes: a guest's vdir leads to the directory of its
 * defaults, and from there to where guests are.
 */
static void standard_host(void **state)
{
	struct root root;
	struct err err;
	struct buf b = BUF_INIT;
	struct stat st;

	(void)state;
	mkdir("vservers", 0755);
	mkdir("vservers/web1", 0755);
	mkdir("defaults", 0755);
	mkdir("web1", 0755);
	(void)!symlink("/vservers", "defaults/vdirbase");
	(void)!symlink("/defaults/vdirbase/web1", "web1/vdir");
	assert_int_equal(root_init(&root, tree, &err), 0);
	assert_int_equal(root_canonical(&root, "/web1/vdir", &b, &err), 0);
	assert_string_equal(b.data, "/vservers/web1");
	assert_int_equal(root_lstat(&root, "/web1/vdir", &st, &err), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(root_stat(&root, "/web1/vdir", &st, &err), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(strict_opendir(&root, "/defaults/vdirbase/web1", &err), -1);
	assert_int_equal(err.code, ELOOP);
	buf_release(&b);
	root_release(&root);
}

/* ---- swaps */

#define ROUNDS 10000

struct swapping {
	const char *one, *other;
	int stop;
};

static void exchange(const char *one, const char *other)
{
	if (syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) == 0)
		return;
	rename(one, "third");
	rename(other, one);
	rename("third", other);
}

static void *swap(void *ctx)
{
	struct swapping *s = ctx;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED))
		exchange(s->one, s->other);
	return NULL;
}

static void swap_make(struct stat *outside)
{
	char path[300];

	(void)!system("rm -rf swap ../beyond; mkdir -p swap/dir ../beyond; "
		      "printf inside >swap/dir/name; printf outside >../beyond/name; "
		      "printf inside >swap/file; ln -s ../../beyond swap/link; "
		      "ln -s ../../beyond/name swap/file-link; mkfifo swap/fifo");
	if (geteuid() == 0)	/* a terminal answers when it is opened */
		assert_int_equal(mknod("swap/null", S_IFCHR | 0666, 0x103), 0);
	snprintf(path, sizeof(path), "%s/beyond/name", base);
	assert_int_equal(stat(path, outside), 0);
}

/* What of 10,000 tries came back; each is checked. */
static unsigned open_swapped(const struct root *root, const char *other, bool below)
{
	struct swapping s = { "swap/file", other, 0 };
	struct stat outside, st, seen;
	unsigned got = 0;
	pthread_t thread;
	struct err err;

	swap_make(&outside);
	assert_int_equal(stat("swap/file", &seen), 0);
	assert_int_equal(pthread_create(&thread, NULL, swap, &s), 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		int fd = below ? below_open(AT_FDCWD, "swap/file", &seen) :
				 root_open(root, "swap/file", &err);

		if (fd < 0)
			continue;
		got++;
		assert_int_equal(fstat(fd, &st), 0);
		assert_true(S_ISREG(st.st_mode) || (!below && S_ISDIR(st.st_mode)));
		assert_true(st.st_ino != outside.st_ino || st.st_dev != outside.st_dev);
		close(fd);
	}
	__atomic_store_n(&s.stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	return got;
}

static void swapped_files(void **state)
{
	static const char *const others[] = { "swap/file-link", "swap/fifo", "swap/dir", "swap/null" };
	struct root root;
	struct err err;
	unsigned got = 0;

	(void)state;
	assert_int_equal(root_init(&root, tree, &err), 0);
	alarm(300);	/* a FIFO that is waited for */
	for (size_t i = 0; i < (geteuid() ? 3u : 4u); i++) {
		got += open_swapped(&root, others[i], true);
		if (i)	/* root_open() may follow a link, inside */
			got += open_swapped(&root, others[i], false);
	}
	alarm(0);
	assert_true(got > 0);
	root_release(&root);
}

/* What is opened for writing is the very file that was looked at. */
static void swapped_writes(void **state)
{
	static const char *const others[] = { "swap/file-link", "swap/fifo", "swap/dir", "swap/null" };
	struct stat outside, file, st;
	unsigned got = 0;
	char text[16] = "", path[300];

	(void)state;
	for (size_t i = 0; i < (geteuid() ? 3u : 4u); i++) {
		struct swapping s = { "swap/file", others[i], 0 };
		struct place at = { -1, "file" };
		pthread_t thread;

		swap_make(&outside);
		assert_int_equal(stat("swap/file", &file), 0);
		at.dirfd = open("swap", O_RDONLY | O_DIRECTORY);
		assert_int_equal(pthread_create(&thread, NULL, swap, &s), 0);
		for (unsigned n = 0; n < ROUNDS; n++) {
			int fd = sys_open_write(&at);

			if (fd < 0)
				continue;
			got++;
			assert_int_equal(fstat(fd, &st), 0);
			assert_true(S_ISREG(st.st_mode) && st.st_ino == file.st_ino);
			assert_int_equal(pwrite(fd, "ours", 4, 0), 4);
			close(fd);
		}
		__atomic_store_n(&s.stop, 1, __ATOMIC_RELAXED);
		pthread_join(thread, NULL);
		close(at.dirfd);
		snprintf(path, sizeof(path), "%s/beyond/name", base);
		at.dirfd = open(path, O_RDONLY);
		assert_int_equal(read(at.dirfd, text, sizeof(text)), 7);
		assert_memory_equal(text, "outside", 7);
		close(at.dirfd);
	}
	assert_true(got > 0);
}

/* The directory that a path goes through is a link outside every other moment. */
static void swapped_directories(void **state)
{
	struct swapping s = { "swap/dir", "swap/link", 0 };
	struct stat outside, st;
	unsigned got = 0;
	pthread_t thread;
	struct root root;
	struct err err;
	char path[300];

	(void)state;
	assert_int_equal(root_init(&root, tree, &err), 0);
	swap_make(&outside);
	assert_int_equal(pthread_create(&thread, NULL, swap, &s), 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct spot spot = SPOT_INIT;
		int fd = i % 2 ? strict_open(&root, "swap/dir/name", &err) :
				 root_open(&root, "swap/dir/name", &err);

		if (fd >= 0) {
			assert_int_equal(fstat(fd, &st), 0);
			assert_true(st.st_ino != outside.st_ino || st.st_dev != outside.st_dev);
			close(fd);
			got++;
		}
		if (strict_spot(&root, "swap/dir/new", &spot, &err) == 0) {
			fd = sys_create(&spot.at, 0600);
			close(fd);
			(void)!sys_unlink(&spot.at);
		}
		spot_release(&spot);
		if (i % 100 == 0) {
			snprintf(path, sizeof(path), "%s/beyond/new", base);
			assert_int_equal(access(path, F_OK), -1);
		}
	}
	__atomic_store_n(&s.stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_true(got > 0);
	root_release(&root);
}

static int as_it_is(void **state)
{
	(void)state;
	kernel_ask_again();
	return 0;
}

static int by_the_walk(void **state)
{
	(void)state;
	kernel_cannot(CAN_OPENAT2);
	return 0;
}

#define BOTH(test) \
	{ #test, test, as_it_is, NULL, NULL }, \
	{ #test " by the walk", test, by_the_walk, NULL, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walk_agrees_with_kernel),
		BOTH(never_outside),
		BOTH(specials_are_not_opened),
		BOTH(strict_takes_no_link),
		BOTH(canonical_paths),
		BOTH(standard_host),
		BOTH(reads_are_bounded),
		BOTH(longer_than_path_max),
		BOTH(swapped_files),
		cmocka_unit_test(swapped_writes),
		BOTH(swapped_directories),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("inroot", tests, build, tear_down);
}
