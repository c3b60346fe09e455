/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vz's lock of a container: taken, held against us, stale, malformed, given back.
 */
#include "openvz/layout.h"
#include "fixture.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#define LOCK "/vz/lock/345.lck"

static struct fixture fx;
static struct host host;

static int make(void **state)
{
	(void)state;
	fixture_make(&fx);
	fixture_dir(&fx, "/vz/lock");
	memset(&host, 0, sizeof(host));
	host.lock_dir = "/vz/lock";
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	fixture_remove(&fx);
	return 0;
}

static size_t nr_files(void)
{
	struct names names;

	assert_int_equal(root_names(&fx.root, "/vz/lock", &fx.pool, &names, &fx.err), 0);
	return names.nr;
}

static void expect_text(const char *text)
{
	struct buf got = BUF_INIT;

	assert_int_equal(root_read(&fx.root, LOCK, 4096, &got, &fx.err), 0);
	assert_string_equal(got.data, text);
	buf_release(&got);
}

static const char *own_text(void)
{
	return pool_printf(&fx.pool, "%ld\n\n", (long)getpid());
}

static void test_take_and_give(void **state)
{
	(void)state;
	if (ct_lock(&host, &fx.root, 345, &fx.err) < 0)
		fail_msg("%s", fx.err.text);
	expect_text(own_text());
	assert_int_equal(nr_files(), 1);
	ct_unlock(&host, &fx.root, 345);
	assert_int_equal(nr_files(), 0);
	ct_unlock(&host, &fx.root, 345);
}

static void test_held(void **state)
{
	const char *text = pool_printf(&fx.pool, "%ld\nmounting\n", (long)getppid());
	const char *pid = pool_printf(&fx.pool, "process %ld ", (long)getppid());

	(void)state;
	fixture_file(&fx, LOCK, text);
	assert_int_equal(ct_lock(&host, &fx.root, 345, &fx.err), -1);
	assert_int_equal(fx.err.code, EWOULDBLOCK);
	assert_non_null(strstr(fx.err.text, pid));
	assert_non_null(strstr(fx.err.text, LOCK));
	expect_text(text);
	assert_int_equal(nr_files(), 1);
	ct_unlock(&host, &fx.root, 345);
	expect_text(text);
	assert_int_equal(ct_lock(&host, &fx.root, 346, &fx.err), 0);
	assert_int_equal(nr_files(), 2);
}

/* A process that is surely gone: its number was just waited for. */
static long dead_pid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

static void test_stale(void **state)
{
	const char *const stale[] = {
		pool_printf(&fx.pool, "%ld\n\n", dead_pid()), own_text(), "", "\n", "x\n", "0\n", "-1\n",
		"99999999999999999999\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(stale) / sizeof(*stale); i++) {
		fixture_file(&fx, LOCK, stale[i]);
		if (ct_lock(&host, &fx.root, 345, &fx.err) < 0)
			fail_msg("row %zu: %s", i, fx.err.text);
		expect_text(own_text());
		assert_int_equal(nr_files(), 1);
	}
}

static void test_leftover_temporary(void **state)
{
	const char *path = pool_printf(&fx.pool, "/vz/lock/345.lck.vs2vz-%ld", (long)getpid());

	(void)state;
	fixture_file(&fx, path, "old");
	assert_int_equal(ct_lock(&host, &fx.root, 345, &fx.err), 0);
	expect_text(own_text());
	assert_int_equal(nr_files(), 1);
}

static void test_odd_lock(void **state)
{
	(void)state;
	fixture_dir(&fx, LOCK);
	assert_int_equal(ct_lock(&host, &fx.root, 345, &fx.err), -1);
	assert_int_not_equal(fx.err.code, EWOULDBLOCK);
	assert_int_equal(nr_files(), 1);
	rmdir(fixture_path(&fx, LOCK));
	assert_int_equal(mkfifo(fixture_path(&fx, LOCK), 0600), 0);
	assert_int_equal(ct_lock(&host, &fx.root, 345, &fx.err), -1);
	assert_int_equal(nr_files(), 1);
}

static void test_no_directory(void **state)
{
	(void)state;
	host.lock_dir = NULL;
	assert_int_equal(ct_lock(&host, &fx.root, 345, &fx.err), 0);
	ct_unlock(&host, &fx.root, 345);
	host.lock_dir = "/vz/gone";
	assert_int_equal(ct_lock(&host, &fx.root, 345, &fx.err), -1);
	assert_int_equal(fx.err.code, ENOENT);
}

/* Many at once: at any time one at most has it, and all of them get it in the end. */
static void test_contest(void **state)
{
	enum { RIVALS = 8 };
	pid_t pids[RIVALS];
	int status, failures = 0;

	(void)state;
	for (int i = 0; i < RIVALS; i++) {
		pids[i] = fork();
		if (pids[i] > 0)
			continue;
		while (ct_lock(&host, &fx.root, 345, &fx.err) < 0) {
			if (fx.err.code != EWOULDBLOCK)
				_exit(1);
			usleep(500);
		}
		if (mkdir(fixture_path(&fx, "/held"), 0700) < 0)
			_exit(2);
		usleep(1000);
		rmdir(fixture_path(&fx, "/held"));
		ct_unlock(&host, &fx.root, 345);
		_exit(0);
	}
	for (int i = 0; i < RIVALS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		failures += status != 0;
	}
	assert_int_equal(failures, 0);
	assert_int_equal(nr_files(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_take_and_give, make, unmake),
		cmocka_unit_test_setup_teardown(test_held, make, unmake),
		cmocka_unit_test_setup_teardown(test_stale, make, unmake),
		cmocka_unit_test_setup_teardown(test_leftover_temporary, make, unmake),
		cmocka_unit_test_setup_teardown(test_odd_lock, make, unmake),
		cmocka_unit_test_setup_teardown(test_no_directory, make, unmake),
		cmocka_unit_test_setup_teardown(test_contest, make, unmake),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
