/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The survey: counters of a tree that is known by heart, the fingerprint, and the
 * same answers from a kernel without statx(2). The old kernel is a child process
 * that ran first, as the answer of the probe is kept.
 */
#include "base/survey.h"

#include <setjmp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "base/compat.h"
#include "base/meta.h"
#include "tree_fixture.h"

#include <cmocka.h>

/* The library's own, unless the N-th of them is to fail with an errno. */
static int refuse_nth, refuse_with;

static bool refused(void)
{
	if (!refuse_nth || __atomic_sub_fetch(&refuse_nth, 1, __ATOMIC_SEQ_CST))
		return false;
	errno = refuse_with;
	return true;
}

ssize_t flistxattr(int fd, char *list, size_t size)
{
	return refused() ? -1 : syscall(SYS_flistxattr, fd, list, size);
}

ssize_t llistxattr(const char *path, char *list, size_t size)
{
	return refused() ? -1 : syscall(SYS_llistxattr, path, list, size);
}

static struct survey old_kernel;
static bool locks_work;

static void survey(struct survey *s, const char *dir, const struct survey_options *opt)
{
	struct err err = { 0 };
	int fd = dir_fd(dir);

	if (survey_tree(s, fd, opt, &err) < 0) {
		fprintf(stderr, "# %s\n", err.text);
		exit(99);
	}
	close(fd);
}

static const struct survey_options plain = { .threads = 2, .xattrs = true };

static bool lock(const char *path, bool on)
{
	int fd = open(path, O_RDONLY), word = 0, rc;

	MUST(fd);
	rc = ioctl(fd, FS_IOC_GETFLAGS, &word);
	word = on ? word | FS_IMMUTABLE_FL : word & ~FS_IMMUTABLE_FL;
	if (rc == 0)
		rc = ioctl(fd, FS_IOC_SETFLAGS, &word);
	close(fd);
	return rc == 0;
}

static void ask_old_kernel(void)
{
	int pipes[2], status;
	pid_t pid;

	MUST(pipe(pipes));
	pid = fork();
	MUST(pid);
	if (!pid) {
		struct survey s;

		kernel_cannot(CAN_STATX);
		survey(&s, "t", &plain);
		_exit(write(pipes[1], &s, sizeof(s)) == sizeof(s) ? 0 : 1);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0 ||
	    read(pipes[0], &old_kernel, sizeof(old_kernel)) != sizeof(old_kernel))
		exit(99);
	close(pipes[0]);
	close(pipes[1]);
}

static int build(void **state)
{
	(void)state;
	tree_base_make(NULL);
	MUST(mkdir("t", 0755));
	MUST(mkdir("t/a", 0755));
	MUST(mkdir("t/a/b", 0700));
	puts_to("t/a/one", "12345");
	puts_to("t/two", "1234567");
	MUST(link("t/two", "t/a/b/two-again"));
	MUST(link("t/two", "t/a/two-thrice"));
	puts_to("t/shared", "123");
	MUST(link("t/shared", "elsewhere"));
	MUST(symlink("/etc/passwd", "t/link"));
	MUST(mkfifo("t/fifo", 0600));
	puts_to("t/locked", "x");
	if (setxattr("t/a/one", "user.test", "v", 1, 0) < 0 && errno != EOPNOTSUPP)
		return -1;
	locks_work = lock("t/locked", true);
	ask_old_kernel();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (locks_work)
		lock("t/locked", false);
	tree_base_remove();
	return 0;
}

static void check_counts(const struct survey *s)
{
	assert_int_equal(s->names, 11);
	assert_int_equal(s->inodes, 9);
	assert_int_equal(s->dirs, 3);
	assert_int_equal(s->files, 4);
	assert_int_equal(s->symlinks, 1);
	assert_int_equal(s->fifos, 1);
	assert_int_equal(s->devices + s->sockets, 0);
	assert_int_equal(s->bytes_apparent, 5 + 7 + 3 + 1 + 11);
	assert_int_equal(s->multi_linked, 1);
	assert_int_equal(s->outside_inodes, 1);
	assert_int_equal(s->foreign_dirs, 0);
	assert_int_equal(s->immutable, locks_work);
}

static void counts(void **state)
{
	struct survey s;

	(void)state;
	survey(&s, "t", &plain);
	check_counts(&s);
	assert_string_equal(s.example_outside, "shared");
	assert_null(s.example_foreign);
	assert_int_equal(s.with_xattrs, getxattr("t/a/one", "user.test", NULL, 0) == 1);
	assert_int_equal(s.outside_bytes % 512, 0);
	if (locks_work)
		assert_string_equal(s.example_immutable, "locked");
	survey_release(&s);
}

static void old_kernels_say_the_same(void **state)
{
	struct survey s;

	(void)state;
	survey(&s, "t", &plain);
	check_counts(&old_kernel);
	assert_true(hash_equal(s.fingerprint, old_kernel.fingerprint));
	assert_int_equal(s.bytes_used, old_kernel.bytes_used);
	assert_int_equal(s.with_xattrs, old_kernel.with_xattrs);
	survey_release(&s);
}

static struct hash128 print_of(const char *dir)
{
	struct survey s;
	struct hash128 h;

	survey(&s, dir, &(struct survey_options){ .threads = 1 });
	h = s.fingerprint;
	survey_release(&s);
	return h;
}

/* Does a change show in the fingerprint, and its reversal make it what it was? */
#define SHOWS(change, back) do { \
	struct hash128 before_ = print_of("t"); \
	MUST(change); \
	assert_false(hash_equal(before_, print_of("t"))); \
	MUST(back); \
	assert_true(hash_equal(before_, print_of("t"))); \
} while (0)

static int touch_to(const char *path, time_t seconds)
{
	set_mtime(path, seconds, 5);
	return 0;
}

/* The directory's own mtime must not help to find the change. */
static int rename_quietly(const char *from, const char *to, const char *dir)
{
	MUST(rename(from, to));
	set_mtime(dir, 1000, 0);
	return 0;
}

static void fingerprint(void **state)
{
	struct hash128 h;

	(void)state;
	set_mtime("t/a", 1000, 0);
	set_mtime("t/a/one", 2000, 5);
	SHOWS(chmod("t/a/one", 0600), chmod("t/a/one", 0644));
	SHOWS(chmod("t", 0700), chmod("t", 0755));
	SHOWS(touch_to("t/a/one", 2001), touch_to("t/a/one", 2000));
	SHOWS(rename_quietly("t/a/one", "t/a/uno", "t/a"),
	      rename_quietly("t/a/uno", "t/a/one", "t/a"));
	SHOWS(link("t/fifo", "t2"), unlink("t2"));
	h = print_of("t");
	MUST(rename("t", "renamed"));
	assert_true(hash_equal(h, print_of("renamed")));
	MUST(rename("renamed", "t"));
	set_mtime("t", 77, 0);
	assert_true(hash_equal(h, print_of("t")));
}

static void owners(void **state)
{
	const struct survey_options opt = { .threads = 1 };
	struct survey s;

	(void)state;
	if (geteuid() != 0)
		skip();
	MUST(lchown("t/a/one", (4u << 24) + 1000, (0x12u << 24) + 1000));
	MUST(lchown("t/link", (0x0412u << 16) + 7, 0));
	MUST(lchown("t/fifo", 5, (0x0412u << 16) + 7));
	survey(&s, "t", &opt);
	assert_int_equal(s.high_ids, 3);
	assert_int_equal(s.max_uid, (0x0412u << 16) + 7);
	assert_non_null(s.example_high);
	survey_release(&s);
	MUST(lchown("t/a/one", 0, 0));
	MUST(lchown("t/link", 0, 0));
	MUST(lchown("t/fifo", 0, 0));
}

static void newer(void **state)
{
	struct survey_options opt = { .threads = 1, .newer_than_ns = 1 };
	struct timespec now;
	struct survey s;

	(void)state;
	survey(&s, "t", &opt);
	assert_int_equal(s.changed, s.names - 1);
	survey_release(&s);
	clock_gettime(CLOCK_REALTIME, &now);
	opt.newer_than_ns = (uint64_t)(now.tv_sec + 5) * 1000000000u;
	survey(&s, "t", &opt);
	assert_int_equal(s.changed, 0);
	survey_release(&s);
}

/* The largest of what file systems limit, with its path; what a copy takes at least. */
static void what_targets_limit(void **state)
{
	const struct survey_options opt = { .threads = 2, .xattrs = true, .limits = true };
	const struct timespec late[2] = { { 4000000000, 0 }, { 4000000000, 0 } };
	char name[201] = { 0 }, path[260];
	struct survey s;
	struct stat st;

	(void)state;
	memset(name, 'n', 200);
	MUST(mkdir("limits", 0755));
	MUST(mkdir("limits/d", 0755));
	snprintf(path, sizeof(path), "limits/d/%s", name);
	puts_to(path, "small");
	MUST(symlink(name, "limits/d/long"));
	MUST(symlink("short", "limits/short"));
	puts_to("limits/large", "");
	MUST(truncate("limits/large", (off_t)3 << 30));
	puts_to("limits/late", "");
	MUST(utimensat(AT_FDCWD, "limits/late", late, 0));
	MUST(stat("limits/late", &st));
	survey(&s, "limits", &opt);
	assert_int_equal(s.most[MOST_TEXT].value, 200);
	assert_string_equal(s.most[MOST_TEXT].path, "d/long");
	assert_int_equal(s.most[MOST_NAME].value, 200);
	assert_int_equal(s.most[MOST_BYTES].value, (uint64_t)3 << 30);
	assert_string_equal(s.most[MOST_BYTES].path, "large");
	assert_null(s.most[MOST_SUBDIRS].path);
	assert_int_equal(s.most[MOST_SUBDIRS].value, 1);
	if (sizeof(time_t) == 8 && st.st_mtim.tv_sec == late[0].tv_sec) {
		assert_int_equal(s.latest.inodes, 1);
		assert_string_equal(s.latest.path, "late");
	}
	assert_true(s.fractions <= s.inodes);
	/* One small file, one long link, one directory; the hole takes nothing. */
	assert_in_range(s.bytes_whole, 3 * 4096, 4 * 4096);
	assert_true(survey_bytes_unpacked(&s) >= s.bytes_whole);
	survey_release(&s);
}

/* Attributes that cannot be listed are not "none": whichever object it is. */
static void not_seen_is_not_absent(void **state)
{
	static const int codes[] = { EIO, ENOMEM, EACCES, EUCLEAN };
	struct survey s;
	uint64_t inodes;

	(void)state;
	survey(&s, "t", &plain);
	inodes = s.inodes;
	survey_release(&s);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		for (uint64_t nth = 1; nth <= inodes; nth++) {
			struct err err = { 0 };
			int fd = dir_fd("t");

			refuse_nth = (int)nth;
			refuse_with = codes[i];
			assert_int_equal(survey_tree(&s, fd, &plain, &err), -1);
			assert_int_equal(refuse_nth, 0);
			assert_int_equal(err.code, codes[i]);
			close(fd);
		}
	}
	refuse_nth = 1;
	refuse_with = EOPNOTSUPP;	/* which is an answer */
	survey(&s, "t", &plain);
	assert_int_equal(s.inodes, inodes);
	survey_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(old_kernels_say_the_same),
		cmocka_unit_test(fingerprint),
		cmocka_unit_test(owners),
		cmocka_unit_test(newer),
		cmocka_unit_test(what_targets_limit),
		cmocka_unit_test(not_seen_is_not_absent),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, build, tear_down);
}
