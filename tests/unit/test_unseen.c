/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is an answer, what is none, and that the door keeps what is none.
 */
#include "base/unseen.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/inroot.h"

#include <cmocka.h>

static int clean(void **state)
{
	(void)state;
	unseen_forget();
	return 0;
}

static void answers(void **state)
{
	static const int no[] = {
		EIO, ENFILE, EMFILE, ENOMEM, EACCES, EPERM, EUCLEAN, EFBIG, EOVERFLOW, ENOSPC,
		ENOTCONN, ETIMEDOUT, EREMOTEIO, EBADF, EROFS,
	};
	static const int yes[] = { ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, EISDIR, EINVAL };

	(void)state;
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(errno_is_answer(no[i]));
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(errno_is_answer(yes[i]));
}

static void kept_once(void **state)
{
	(void)state;
	errno = ERANGE;
	unseen_note("/mnt/h", "etc/vservers", EIO);
	unseen_note("/mnt/h", "/etc/vservers", EIO);
	unseen_note("/mnt/h/", "etc/vservers", EIO);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(unseen_count(), 1);
	assert_string_equal(unseen_get(0).path, "/mnt/h/etc/vservers");
	assert_int_equal(unseen_get(0).code, EIO);
	unseen_note("/mnt/h", "etc/vservers", EUCLEAN);
	unseen_note("/mnt/h", "etc/passwd", ENOENT);
	assert_int_equal(unseen_count(), 2);
}

/* A process of somebody else is hidden, and no damage; a disk that fails below /proc is. */
static void hidden_processes(void **state)
{
	(void)state;
	unseen_note("/proc", "1/root", EACCES);
	unseen_note("", "/proc/1/cwd", EPERM);
	assert_int_equal(unseen_count(), 0);
	unseen_note("/proc", "1/root", EIO);
	unseen_note("/srv", "1/root", EACCES);
	assert_int_equal(unseen_count(), 2);
}

static void many(void **state)
{
	char name[32];

	(void)state;
	for (int i = 0; i < UNSEEN_MAX + 7; i++) {
		snprintf(name, sizeof(name), "/%d", i);
		unseen_note("", name, EIO);
	}
	assert_int_equal(unseen_count(), UNSEEN_MAX + 7);
	assert_string_equal(unseen_get(UNSEEN_MAX - 1).path, "/63");
}

/* No descriptor is left: the directory is there all the same. */
static void door(void **state)
{
	struct rlimit old, few;
	struct pool pool = POOL_INIT;
	struct buf CLEANUP_BUF text = BUF_INIT;
	struct names names;
	struct root root;
	struct stat st;
	struct err err;

	(void)state;
	assert_int_equal(root_init(&root, "/", &err), 0);
	assert_int_equal(root_stat(&root, "/no/such/thing", &st, &err), -1);
	assert_int_equal(root_read(&root, "/proc/self/stat/x", 10, &text, &err), -1);
	assert_int_equal(unseen_count(), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = (struct rlimit){ .rlim_cur = (rlim_t)root.fd + 1, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(root_names(&root, "/usr", &pool, &names, &err), -1);
	assert_int_equal(err.code, EMFILE);
	assert_false(err_is_absent(&err));
	assert_int_equal(root_canonical(&root, "/usr/bin", &text, &err), -1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(unseen_count(), 2);
	assert_string_equal(unseen_get(0).path, "/usr");
	pool_release(&pool);
	root_release(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers, clean, clean),
		cmocka_unit_test_setup_teardown(kept_once, clean, clean),
		cmocka_unit_test_setup_teardown(hidden_processes, clean, clean),
		cmocka_unit_test_setup_teardown(many, clean, clean),
		cmocka_unit_test_setup_teardown(door, clean, clean),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
