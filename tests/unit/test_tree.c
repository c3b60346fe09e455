/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copy, compare, remove. The judge of a copy is tree_fixture.h, not the engine.
 * Each row of changes[] is made to a finished copy: the comparison must name it, and
 * another copy must put it right.
 */
#include "step/tree.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/meta.h"
#include "base/stop.h"
#include "tree_fixture.h"

#include <cmocka.h>

static const struct tree_options opt = { .threads = 3 };
static bool root, xattrs, locks;

static int set_flags(const char *path, uint32_t set, uint32_t clear)
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

static uint32_t get_flags(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK), word = 0;

	MUST(fd);
	MUST(ioctl(fd, FS_IOC_GETFLAGS, &word));
	close(fd);
	return (uint32_t)word;
}

static int copy(const char *from, const char *to, const char *sums, struct err *err)
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

static int verify(const char *from, const char *to, const char *sums, struct err *err)
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

static int empty(const char *dir, struct err *err)
{
	struct tree_counts counts;
	int fd = dir_fd(dir), rc = tree_remove(fd, &opt, &counts, err);

	close(fd);
	return rc;
}

static void copied(const char *from, const char *to, const char *sums)
{
	struct err err = { 0 };
	int rc = copy(from, to, sums, &err);

	if (rc < 0)
		fprintf(stderr, "# %s\n", err.text);
	assert_int_equal(rc, 0);
}

/* ---- the source */

static void make_socket(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	MUST(fd);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	MUST(bind(fd, (struct sockaddr *)&at, sizeof(at)));
	close(fd);
}

static void make_contents(void)
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
	MUST(truncate("src/sparse", 40000000));
	puts_to("src/hole", "");
	MUST(truncate("src/hole", 40000));
}

static void make_root_only(void)
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

static void make_source(void)
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
	set_mtime("src/d/one", -1234567890, 123456789);
	set_mtime("src/link", 1000000000, 1);
	set_mtime("src/d", 1, 999999999);
}

static int build(void **state)
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

static int tear_down(void **state)
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

/* ---- */

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
	assert_int_equal(access("dst/.vs2vz-links.0", F_OK), -1);
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
	keeps_flags(state);
}

/* ---- changes to a copy */

static int write_quietly(const char *path, off_t at)
{
	struct stat st;

	MUST(stat(path, &st));
	put_at(path, at, "#");
	set_mtime(path, st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	return 0;
}

static int corrupt_small(void) { return write_quietly("dst/small", 17); }
static int corrupt_large(void) { return write_quietly("dst/large", 3400000); }
static int corrupt_hole(void) { return write_quietly("dst/sparse", 30000000); }
static int change_mode(void) { return chmod("dst/small", 0600); }
static int change_mtime(void) { set_mtime("dst/empty", 5, 5); return 0; }
static int change_dir_mtime(void) { set_mtime("dst/d/e", 5, 5); return 0; }
static int drop_file(void) { return unlink("dst/d/none/333"); }
static int add_file(void) { puts_to("dst/d/none/extra", "x"); return 0; }
static int truncate_file(void) { return truncate("dst/large", 5); }

static int add_tree(void)
{
	MUST(mkdir("dst/more", 0700));
	MUST(mkdir("dst/more/below", 0));
	return symlink("/", "dst/more/root");
}

static int file_to_dir(void)
{
	MUST(unlink("dst/zeros"));
	MUST(mkdir("dst/zeros", 0755));
	puts_to("dst/zeros/x", "x");
	return 0;
}

static int dir_to_link(void)
{
	struct err err;

	MUST(empty("dst/d/none", &err));
	MUST(rmdir("dst/d/none"));
	return symlink("../../src", "dst/d/none");
}

static int other_target(void)
{
	MUST(unlink("dst/d/root"));
	MUST(symlink(".", "dst/d/root"));
	set_mtime("dst/d/root", 9, 9);
	return 0;
}

static int split_links(void)
{
	struct stat st;

	MUST(stat("dst/uno", &st));
	MUST(unlink("dst/uno"));
	puts_to("dst/uno", "one");
	if (xattrs)
		MUST(setxattr("dst/uno", "user.one", "1", 1, 0));
	MUST(chmod("dst/uno", st.st_mode & 07777));
	set_mtime("dst/uno", st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	return 0;
}

/* Two files that only look alike become one. */
static int join_files(void)
{
	MUST(unlink("dst/d/none/0"));
	MUST(link("dst/d/none/30", "dst/d/none/0"));
	set_mtime("dst/d/none", 1, 1);
	return 0;
}

static int change_xattr(void)
{
	return xattrs ? setxattr("dst/d/e", "user.dir", "x", 1, 0) : chmod("dst/d/e", 0700);
}

static int add_xattr(void)
{
	return xattrs ? setxattr("dst/small", "user.more", "x", 1, 0) : chmod("dst/small", 0600);
}

static int remove_fifo(void)
{
	MUST(unlink("dst/fifo"));
	return mkdir("dst/fifo", 0640);
}

static const struct {
	const char *path;	/* must be among the reported ones */
	int (*make)(void);
} changes[] = {
	{ "small", corrupt_small },
	{ "large", corrupt_large },
	{ "sparse", corrupt_hole },
	{ "small", change_mode },
	{ "empty", change_mtime },
	{ "d/e", change_dir_mtime },
	{ "d/none/333", drop_file },
	{ "d/none/extra", add_file },
	{ "large", truncate_file },
	{ "more", add_tree },
	{ "zeros", file_to_dir },
	{ "d/none", dir_to_link },
	{ "d/root", other_target },
	{ "uno", split_links },
	{ "d/none/0", join_files },
	{ "d/e", change_xattr },
	{ "small", add_xattr },
	{ "fifo", remove_fifo },
};

struct search {
	const char *path;
	bool found;
};

static void note(void *ctx, const char *path, const char *what)
{
	struct search *s = ctx;

	assert_true(*what != '\0');
	s->found |= strcmp(path, s->path) == 0;
}

static int64_t diff(const char *path, bool *found)
{
	struct search s = { path, false };
	int a = dir_fd("src"), b = dir_fd("dst");
	struct err err;
	int64_t nr = tree_diff(a, b, true, 1000, note, &s, &opt, &err);

	close(a);
	close(b);
	*found = s.found;
	return nr;
}

static void finds_and_repairs(void **state)
{
	struct err err;
	bool found;

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		MUST(changes[i].make());
		if (diff(changes[i].path, &found) < 1 || !found)
			fail_msg("change %zu (%s) was not reported", i, changes[i].path);
		if (verify("src", "dst", "sums", &err) == 0 || err.code != ERR_FOREIGN)
			fail_msg("change %zu (%s) was not found: %s", i, changes[i].path, err.text);
		/* Without records contents are compared, so quiet changes go as well. */
		copied("src", "dst", NULL);
		if (!same_trees("src", "dst") || diff("", &found) != 0)
			fail_msg("change %zu (%s) was not repaired", i, changes[i].path);
	}
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
	keeps_flags(state);
}

/* Linux before 3.1 and 4.11, in a child: the probes are kept. */
static void old_kernels_too(void **state)
{
	struct err err = { 0 };
	pid_t pid = fork();
	int status;

	(void)state;
	MUST(pid);
	if (!pid) {
		setenv("VS2VZ_NO_STATX", "1", 1);
		setenv("VS2VZ_NO_SEEK_HOLE", "1", 1);
		execl("/proc/self/exe", "test_tree", "old", tree_base, (char *)NULL);
		_exit(98);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(verify("src", "other", "other-sums", &err), 0);
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
		cmocka_unit_test(finds_and_repairs),
		cmocka_unit_test(stops_and_goes_on),
		cmocka_unit_test(converges_after_kills),
		cmocka_unit_test(old_kernels_too),
		cmocka_unit_test(very_large),
		cmocka_unit_test(removes_all),
		cmocka_unit_test(errors_name_the_object),
	};

	if (argc == 3 && strcmp(argv[1], "old") == 0)
		return old_kernel(argv[2]);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, build, tear_down);
}
