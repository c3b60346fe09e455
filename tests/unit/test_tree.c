/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copy, copy again, stop, kill, old kernels, huge files, remove. The judge of a copy is
 * tree_fixture.h, not the engine.
 */
#include "step/tree.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/compat.h"
#include "base/stop.h"
#include "tree_source.h"

static void copies_all(void **state)
{
	struct stat st, other;
	struct err err = { 0 };

	(void)state;
	copied("src", "dst", "sums");
	assert_true(same_trees("src", "dst"));
	MUST(stat("src", &st));
	MUST(stat("dst", &other));
	assert_int_equal(st.st_mode, other.st_mode);
	assert_int_equal(st.st_mtim.tv_nsec, other.st_mtim.tv_nsec);
	assert_int_equal(verify("src", "dst", "sums", &err), 0);
	assert_int_equal(verify("src", "dst", NULL, &err), 0);
	MUST(stat("dst/sparse", &st));
	assert_true(st.st_blocks * 512 < 1 << 20);
	MUST(stat("dst/zeros", &st));
	assert_true(st.st_blocks * 512 >= 3000000 || st.st_blocks == 0);
	assert_int_equal(access("dst/.copy.vs2vz-0000000000000000-links", F_OK), -1);
}

static void keeps_flags(void **state)
{
	(void)state;
	if (!locks)
		skip();
	assert_true(get_flags("dst/locked") & FS_IMMUTABLE_FL);
	assert_true(get_flags("dst/d/pair") & FS_APPEND_FL);
	assert_true(get_flags("dst/locked-dir") & FS_IMMUTABLE_FL);
	assert_false(get_flags("dst/small") & META_LOCKS);
}

/* A second copy of everything makes no inode anew. */
static void twice_is_once(void **state)
{
	const char *names[] = { "dst/large", "dst/uno", "dst/link", "dst/fifo", "dst/locked" };
	ino_t ino[5];
	struct stat st;

	(void)state;
	for (int i = 0; i < 5; i++) {
		MUST(lstat(names[i], &st));
		ino[i] = st.st_ino;
	}
	copied("src", "dst", "sums");
	copied("src", "dst", NULL);
	assert_true(same_trees("src", "dst"));
	for (int i = 0; i < 5; i++) {
		MUST(lstat(names[i], &st));
		assert_int_equal(st.st_ino, ino[i]);
	}
	if (locks)
		keeps_flags(state);
}

#define LINKS "/.copy.vs2vz-0000000000000000-links"

/* The names of the folder for links: a guest's own go along, a leftover of ours goes. */
static void folders_for_links_are_told_apart(void **state)
{
	struct stat st;
	struct err err;
	int fd;

	(void)state;
	MUST(mkdir("src" LINKS, 0700));
	MUST(fd = open("src" LINKS "/1f", O_WRONLY | O_CREAT, 0600));
	MUST(write(fd, "the guest's", 11));
	close(fd);
	MUST(empty("dst", &err));
	MUST(mkdir("dst" LINKS "-2", 0700));
	MUST(mkdir("dst" LINKS "-2/not-of-ours", 0700));
	MUST(mkdir("dst" LINKS "-3", 0700));
	MUST(mknod("dst" LINKS "-3/2a", S_IFREG | 0600, 0));
	copied("src", "dst", NULL);
	assert_true(same_trees("src", "dst"));
	MUST(stat("dst" LINKS "/1f", &st));
	assert_int_equal(st.st_size, 11);
	assert_int_equal(access("dst" LINKS "-3", F_OK), -1);
	MUST(unlink("src" LINKS "/1f"));
	MUST(rmdir("src" LINKS));
	copied("src", "dst", NULL);
	assert_true(same_trees("src", "dst"));
}

static void stops_and_goes_on(void **state)
{
	struct err err;

	(void)state;
	MUST(empty("dst", &err));
	stop_install();
	raise(SIGTERM);
	assert_int_equal(copy("src", "dst", NULL, &err), -1);
	assert_int_equal(err.code, ERR_STOPPED);
	stop_clear();
	copied("src", "dst", NULL);
	assert_true(same_trees("src", "dst"));
}

/* Cut by SIGKILL again and again, each time a little later. */
static void converges_after_kills(void **state)
{
	struct err err;

	(void)state;
	MUST(empty("dst", &err));
	MUST(unlink("sums"));
	for (int i = 0; i < 12; i++) {
		pid_t pid = fork();
		int status;

		MUST(pid);
		if (!pid)
			_exit(copy("src", "dst", "sums", &err) < 0);
		usleep((useconds_t)(500 + 1500 * i));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
	copied("src", "dst", "sums");
	assert_true(same_trees("src", "dst"));
	assert_int_equal(verify("src", "dst", "sums", &err), 0);
	if (locks)
		assert_true(get_flags("dst/locked") & FS_IMMUTABLE_FL);
}

/* Linux before 3.1 and 4.11, in a child: what is known of the kernel is kept. */
static void old_kernels_too(void **state)
{
	struct err err = { 0 };
	pid_t pid = fork();
	int status;

	(void)state;
	MUST(pid);
	if (!pid) {
		execl("/proc/self/exe", "test_tree", "old", tree_base, (char *)NULL);
		_exit(98);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(verify("src", "other", NULL, &err), 0);
	assert_true(same_trees("src", "other"));
}

static int old_kernel(const char *dir)
{
	struct err err = { 0 };

	MUST(chdir(dir));
	MUST(mkdir("other", 0700));
	if (copy("src", "other", "other-sums", &err) == 0 &&
	    verify("src", "other", "other-sums", &err) == 0 &&
	    empty("other", &err) == 0 && copy("src", "other", NULL, &err) == 0)
		return 0;
	fprintf(stderr, "# %s\n", err.text);
	return 1;
}

/* Offsets beyond 4 GiB, and holes that cost nothing. */
static void very_large(void **state)
{
	struct err err = { 0 };
	struct stat st;
	char text[4];
	int fd;

	(void)state;
	MUST(mkdir("huge", 0755));
	MUST(mkdir("huge/from", 0755));
	MUST(mkdir("huge/to", 0755));
	put_at("huge/from/f", 5000000000, "far");
	if (truncate("huge/from/f", 1000000000000) < 0)
		skip();
	copied("huge/from", "huge/to", "huge/sums");
	MUST(stat("huge/to/f", &st));
	assert_int_equal(st.st_size, 1000000000000);
	assert_true(st.st_blocks < 2048);
	MUST(fd = open("huge/to/f", O_RDONLY));
	assert_int_equal(pread(fd, text, 3, 5000000000), 3);
	assert_memory_equal(text, "far", 3);
	close(fd);
	assert_int_equal(verify("huge/from", "huge/to", "huge/sums", &err), 0);
	put_at("huge/to/f", 5000000001, "#");
	MUST(stat("huge/from/f", &st));
	set_mtime("huge/to/f", st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	assert_int_equal(verify("huge/from", "huge/to", "huge/sums", &err), -1);
	assert_non_null(strstr(err.text, "content"));
}

static void removes_all(void **state)
{
	struct err err = { 0 };

	(void)state;
	puts_to("precious", "x");
	MUST(symlink("../precious", "dst/way-out"));
	MUST(symlink("..", "dst/d/way-out"));
	assert_int_equal(empty("dst", &err), 0);
	assert_int_equal(rmdir("dst"), 0);
	assert_int_equal(access("precious", F_OK), 0);
	assert_int_equal(access("src/large", F_OK), 0);
	MUST(mkdir("dst", 0700));
}

static void errors_name_the_object(void **state)
{
	struct err err = { 0 };

	(void)state;
	if (root)
		skip();		/* nothing is unreadable */
	MUST(chmod("src/d/one", 0));
	assert_int_equal(copy("src", "dst", NULL, &err), -1);
	assert_int_equal(err.code, EACCES);
	assert_non_null(strstr(err.text, "cannot open"));
	MUST(chmod("src/d/one", 0644));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_all),
		cmocka_unit_test(keeps_flags),
		cmocka_unit_test(twice_is_once),
		cmocka_unit_test(folders_for_links_are_told_apart),
		cmocka_unit_test(stops_and_goes_on),
		cmocka_unit_test(converges_after_kills),
		cmocka_unit_test(old_kernels_too),
		cmocka_unit_test(very_large),
		cmocka_unit_test(removes_all),
		cmocka_unit_test(errors_name_the_object),
	};

	if (argc == 3 && strcmp(argv[1], "old") == 0) {
		kernel_cannot(CAN_STATX);
		kernel_cannot(CAN_SEEK_HOLES);
		return old_kernel(argv[2]);
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, build, tear_down);
}
