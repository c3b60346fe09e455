/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk: every name once, directories left after all below them, few descriptors,
 * any depth and width, a second tree by the same names, errors that name the path.
 */
#include "base/walk.h"

#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "base/compat.h"
#include "base/stop.h"
#include "step/treeutil.h"
#include "tree_fixture.h"

#include <cmocka.h>

struct seen {
	uint64_t names, dirs, left, inos, deepest;
	const char *fail_at;
	bool early;		/* a directory was left while something below was open */
};

static int entries(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *v, size_t nr,
		   struct err *err)
{
	struct seen *s = t->ctx;

	for (size_t i = 0; i < nr; i++) {
		struct stat st;

		if (s->fail_at && strcmp(v[i].name, s->fail_at) == 0) {
			errno = EIO;
			return walk_fail(err, dir, v[i].name, "cannot test");
		}
		/* The directory is open, and the status is that of the name. */
		if (fstatat(walk_fd(dir), v[i].name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    st.st_ino != v[i].meta.st.st_ino || st.st_mode != v[i].meta.st.st_mode)
			return walk_foreign(err, dir, v[i].name, "has another status");
		__atomic_add_fetch(&s->names, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&s->inos, st.st_ino, __ATOMIC_RELAXED);
		if (S_ISDIR(st.st_mode)) {
			__atomic_add_fetch(&s->dirs, 1, __ATOMIC_RELAXED);
			__atomic_add_fetch(&dir->mark, 1, __ATOMIC_RELAXED);
			if (dir->depth + 1 > __atomic_load_n(&s->deepest, __ATOMIC_RELAXED))
				__atomic_store_n(&s->deepest, dir->depth + 1, __ATOMIC_RELAXED);
		}
		if (walk_second(dir) >= 0 && v[i].enter) {
			if (fstatat(walk_second(dir), v[i].name, &st, AT_SYMLINK_NOFOLLOW) < 0)
				return walk_fail(err, dir, v[i].name, "second tree lacks");
			v[i].second_dev = st.st_dev;
			v[i].second_ino = st.st_ino;
		}
	}
	return 0;
}

static int leave(struct walk_thread *t, struct walk_dir *dir, struct err *err)
{
	struct seen *s = t->ctx;
	struct stat st;

	if (fstat(walk_fd(dir), &st) < 0 || st.st_ino != dir->ino)
		return walk_foreign(err, dir, NULL, "is not open when it is left");
	__atomic_add_fetch(&s->left, 1, __ATOMIC_RELAXED);
	if (__atomic_load_n(&dir->mark, __ATOMIC_RELAXED))
		__atomic_store_n(&s->early, true, __ATOMIC_RELAXED);
	if (dir->parent)
		__atomic_sub_fetch(&dir->parent->mark, 1, __ATOMIC_RELAXED);
	return 0;
}

static int walk(const char *dir, unsigned threads, struct seen *s, struct err *err)
{
	static const struct walk_ops ops = { .entries = entries, .leave = leave };
	const struct walk_options opt = { .threads = threads, .second = -1 };
	int fd = dir_fd(dir), rc;

	rc = walk_tree(fd, &ops, s, &opt, err);
	close(fd);
	return rc;
}

static int build(void **state)
{
	(void)state;
	tree_base_make(NULL);
	MUST(mkdir("t", 0755));
	for (int i = 0; i < 40; i++) {
		char path[60];

		snprintf(path, sizeof(path), "t/d%02d", i);
		MUST(mkdir(path, 0755));
		for (int k = 0; k < 30; k++) {
			snprintf(path, sizeof(path), "t/d%02d/f%02d", i, k);
			if (k % 3)
				puts_to(path, "x");
			else
				MUST(mkdir(path, 0755));
		}
	}
	MUST(symlink("../..", "t/up"));
	MUST(mkfifo("t/fifo", 0600));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tree_base_remove();
	return 0;
}

static void sees_all(void **state)
{
	uint64_t inos = 0;

	(void)state;
	for (unsigned threads = 1; threads <= 8; threads *= 2) {
		struct seen s = { 0 };
		struct err err;

		assert_int_equal(walk("t", threads, &s, &err), 0);
		assert_int_equal(s.names, 40 + 40 * 30 + 2);
		assert_int_equal(s.dirs, 40 + 40 * 10);
		assert_int_equal(s.left, s.dirs + 1);
		assert_false(s.early);
		assert_true(!inos || s.inos == inos);
		inos = s.inos;
	}
}

static void few_descriptors(void **state)
{
	struct rlimit old, low;
	struct seen s = { 0 };
	struct err err;
	int rc;

	(void)state;
	MUST(getrlimit(RLIMIT_NOFILE, &old));
	low = (struct rlimit){ .rlim_cur = 24, .rlim_max = old.rlim_max };
	MUST(setrlimit(RLIMIT_NOFILE, &low));
	rc = walk("t", 8, &s, &err);
	MUST(setrlimit(RLIMIT_NOFILE, &old));
	assert_int_equal(rc, 0);
	assert_int_equal(s.names, 40 + 40 * 30 + 2);
	assert_int_equal(s.left, s.dirs + 1);
}

/* Far below PATH_MAX, with a side branch at each level, and few descriptors. */
static void very_deep(void **state)
{
	const char *name = "a-name-that-is-long-enough-to-pass-path-max-soon";
	struct rlimit old, low;
	struct seen s = { 0 };
	struct err err;
	int fd, rc;

	(void)state;
	MUST(mkdir("deep", 0755));
	fd = dir_fd("deep");
	for (int i = 0; i < 1500; i++) {
		int next;

		MUST(mkdirat(fd, name, 0755));
		MUST(mkdirat(fd, "side", 0755));
		next = openat(fd, name, O_RDONLY | O_DIRECTORY);
		MUST(next);
		close(fd);
		fd = next;
	}
	close(fd);
	MUST(getrlimit(RLIMIT_NOFILE, &old));
	low = (struct rlimit){ .rlim_cur = 64, .rlim_max = old.rlim_max };
	MUST(setrlimit(RLIMIT_NOFILE, &low));
	rc = walk("deep", 4, &s, &err);
	MUST(setrlimit(RLIMIT_NOFILE, &old));
	assert_int_equal(rc, 0);
	assert_int_equal(s.dirs, 3000);
	assert_int_equal(s.left, 3001);
	assert_int_equal(s.deepest, 1500);
	assert_false(s.early);
}

/* More directories than may wait, in one directory, which is left in the middle. */
static void very_wide(void **state)
{
	const int nr = 70000;
	struct seen s = { 0 };
	char home[sizeof(tree_base)];
	struct err err;
	int fd;

	(void)state;
	if (access("/dev/shm", W_OK) < 0)
		skip();
	memcpy(home, tree_base, sizeof(home));
	tree_base_make("/dev/shm");
	MUST(mkdir("wide", 0755));
	fd = dir_fd("wide");
	for (int i = 0; i < nr; i++) {
		char name[20];

		snprintf(name, sizeof(name), "%d", i);
		MUST(mkdirat(fd, name, 0755));
		snprintf(name, sizeof(name), "%d/x", i);
		if (i % 10 == 0)
			MUST(mkdirat(fd, name, 0755));
	}
	close(fd);
	assert_int_equal(walk("wide", 4, &s, &err), 0);
	tree_base_remove();
	memcpy(tree_base, home, sizeof(home));
	MUST(chdir(tree_base));
	assert_int_equal(s.dirs, nr + nr / 10);
	assert_int_equal(s.left, s.dirs + 1);
	assert_false(s.early);
}

static void shares_a_large_directory(void **state)
{
	struct seen s = { 0 };
	struct err err;

	(void)state;
	MUST(mkdir("large", 0755));
	for (int i = 0; i < 3000; i++) {
		char path[40];

		snprintf(path, sizeof(path), "large/%d", i);
		puts_to(path, "");
	}
	assert_int_equal(walk("large", 8, &s, &err), 0);
	assert_int_equal(s.names, 3000);
}

static void second_tree(void **state)
{
	static const struct walk_ops ops = { .entries = entries, .leave = leave };
	struct walk_options opt = { .threads = 4 };
	struct seen s = { 0 };
	struct err err;
	int fd = dir_fd("t");

	(void)state;
	opt.second = dir_fd("t");
	assert_int_equal(walk_tree(fd, &ops, &s, &opt, &err), 0);
	assert_int_equal(s.names, 40 + 40 * 30 + 2);
	close(opt.second);
	opt.second = dir_fd("deep");
	assert_int_equal(walk_tree(fd, &ops, &s, &opt, &err), -1);
	assert_int_equal(err.code, ENOENT);
	close(opt.second);
	close(fd);
}

static void error_names_the_path(void **state)
{
	struct seen s = { .fail_at = "f07" };
	struct err err;

	(void)state;
	for (unsigned threads = 1; threads <= 8; threads += 7) {
		assert_int_equal(walk("t", threads, &s, &err), -1);
		assert_int_equal(err.code, EIO);
		assert_non_null(strstr(err.text, "cannot test 'd"));
		assert_non_null(strstr(err.text, "/f07': "));
	}
}

static void stops_when_asked(void **state)
{
	struct seen s = { 0 };
	struct err err;

	(void)state;
	stop_install();
	raise(SIGTERM);
	assert_int_equal(walk("t", 4, &s, &err), -1);
	assert_int_equal(err.code, ERR_STOPPED);
	stop_clear();
	assert_int_equal(walk("t", 4, &s, &err), 0);
}

static int count_foreign(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *v,
			 size_t nr, struct err *err)
{
	struct meta second;

	for (size_t i = 0; i < nr; i++) {
		*(unsigned *)t->ctx += v[i].foreign;
		if (walk_meta(&second, dir, true, v[i].name) < 0)
			return walk_fail(err, dir, v[i].name, "second tree lacks");
		*(unsigned *)t->ctx += 100u * second.mount_point;
		v[i].second_dev = second.st.st_dev;
		v[i].second_ino = second.st.st_ino;
	}
	return 0;
}

/* A directory of the same device, mounted inside: only the mount table tells old kernels. */
static void mounts_of_the_same_device(void **state)
{
	static const struct walk_ops ops = { .entries = count_foreign };
	struct walk_options opt = { .threads = 1 };
	struct err err;

	(void)state;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		skip();
	MUST(chdir(tree_base));		/* of these mounts */
	MUST(mkdir("b", 0755));
	MUST(mkdir("b/a b", 0755));
	MUST(mkdir("b/a b/point", 0755));
	MUST(mkdir("b/point", 0755));
	MUST(mkdir("b/inside", 0755));
	puts_to("b/inside/file", "x");
	MUST(mount("b/inside", "b/a b/point", NULL, MS_BIND, NULL));
	for (int way = 0; way < 3; way++) {
		unsigned foreign = 0;
		int fd = dir_fd("b");
		struct stat st;

		if (way == 1)
			kernel_cannot(CAN_MOUNT_ROOT);
		if (way == 2)
			kernel_cannot(CAN_MOUNTINFO);
		opt.second = dir_fd("b");
		assert_int_equal(walk_tree(fd, &ops, &foreign, &opt, &err), 0);
		assert_int_equal(foreign, 101);
		close(fd);
		close(opt.second);
		fd = dir_fd("b/a b");
		MUST(fstatat(fd, "point", &st, AT_SYMLINK_NOFOLLOW));
		assert_int_equal(remove_whole(fd, "point", &(struct meta){ .st = st,
				 .mount_point = way == 0 }, &err), -1);
		assert_int_equal(err.code, EBUSY);
		close(fd);
		MUST(access("b/inside/file", F_OK));
	}
	kernel_ask_again();
	MUST(umount("b/a b/point"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sees_all),
		cmocka_unit_test(few_descriptors),
		cmocka_unit_test(very_deep),
		cmocka_unit_test(very_wide),
		cmocka_unit_test(shares_a_large_directory),
		cmocka_unit_test(second_tree),
		cmocka_unit_test(error_names_the_path),
		cmocka_unit_test(stops_when_asked),
		cmocka_unit_test(mounts_of_the_same_device),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, build, tear_down);
}
