/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The start test without a container: rights from CAPABILITY lines, which init may be
 * run, what a console says, bounded console text; and vzctl, for which a script stands in
 * that writes down how it was called (a real one needs OpenVZ's kernel).
 */
#include "run/start_parts.h"

#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sys/capability.h>

static struct fixture fx;

static int make(void **state)
{
	(void)state;
	fixture_make(&fx);
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	fixture_remove(&fx);
	return 0;
}

static bool has(uint64_t rights, unsigned n)
{
	return rights >> n & 1;
}

static void rights_of_a_container(void **state)
{
	uint64_t r = start_rights(NULL);

	(void)state;
	assert_true(has(r, CAP_CHOWN) && has(r, CAP_SYS_BOOT) && has(r, CAP_SETFCAP));
	assert_true(has(r, CAP_NET_ADMIN));	/* VE_ADMIN, in a network of its own */
	r = start_rights("VE_ADMIN:off chown:off");
	assert_false(has(r, CAP_NET_ADMIN) || has(r, CAP_CHOWN));
	assert_true(has(r, CAP_KILL));
	r = start_rights("KILL:off nonsense SETUID:off");
	assert_false(has(r, CAP_KILL));
	assert_true(has(r, CAP_SETUID));	/* the odd word ended the list */
}

/* What would reach the host is never given, whatever CTID.conf says. */
static void rights_that_are_never_given(void **state)
{
	static const unsigned never[] = {
		CAP_SYS_ADMIN, CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_TIME, CAP_MKNOD,
		CAP_DAC_READ_SEARCH, CAP_SYS_PACCT, CAP_AUDIT_CONTROL,
	};
	uint64_t r = start_rights("SYS_ADMIN:on SYS_MODULE:on SYS_RAWIO:on SYS_TIME:on MKNOD:on "
				  "SYS_PACCT:on DAC_READ_SEARCH:on VE_ADMIN:on");

	(void)state;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_false(has(r, never[i]));
	assert_int_equal(r >> 32, 0);
}

static bool may_run(struct program *out)
{
	return program_find(out, &fx.root, &fx.err);
}

static void executable(const char *path, const char *text)
{
	fixture_file(&fx, path, text);
	assert_int_equal(chmod(fixture_path(&fx, path), 0755), 0);
}

static void init_is_found(void **state)
{
	struct program p;

	(void)state;
	assert_false(may_run(&p));
	executable("/bin/init", "\177ELF\002");
	assert_true(may_run(&p));
	assert_string_equal(p.path, "/bin/init");
	assert_false(p.is_32bit || p.is_systemd);
	executable("/etc/init", "\177ELF\001");
	assert_true(may_run(&p));
	assert_string_equal(p.path, "/etc/init");
	assert_true(p.is_32bit);
	fixture_file(&fx, "/sbin/init", "\177ELF\002");
	assert_true(may_run(&p));	/* /sbin/init may not be executed */
	assert_string_equal(p.path, "/etc/init");
	assert_int_equal(chmod(fixture_path(&fx, "/sbin/init"), 0755), 0);
	assert_true(may_run(&p));
	assert_string_equal(p.path, "/sbin/init");
}

static void links_stay_in_the_tree(void **state)
{
	struct program p;

	(void)state;
	executable("/lib/systemd/systemd", "\177ELF\002");
	fixture_link(&fx, "/lib/systemd/systemd", "/sbin/init");
	assert_true(may_run(&p) && p.is_systemd);
}

/* A file stands at /proc/self/exe of the bare tree, where /proc will be later. */
static void nothing_that_is_covered_later(void **state)
{
	struct program p;

	(void)state;
	executable("/proc/self/exe", "\177ELF\002");
	fixture_link(&fx, "/proc/self/exe", "/sbin/init");
	assert_false(may_run(&p));
	assert_non_null(strstr(fx.err.text, "leads to '/proc/self/exe'"));
	executable("/etc/init", "#!/proc/self/exe\n");
	assert_false(may_run(&p));
	executable("/bin/step", "#! /proc/self/exe -x\n");
	executable("/bin/init", "#!/bin/step\n");
	assert_false(may_run(&p));
	executable("/bin/ok", "\177ELF\002");
	executable("/bin/step", "#!\t/bin/ok\n");
	assert_true(may_run(&p));
	assert_string_equal(p.path, "/bin/init");
}

static void scripts_of_scripts_end(void **state)
{
	struct program p;

	(void)state;
	executable("/sbin/init", "#!/sbin/init\n");
	assert_false(may_run(&p));
	executable("/sbin/init", "#!relative\n");
	assert_false(may_run(&p));
	executable("/sbin/init", "#!");
	assert_false(may_run(&p));
}

static void fill(struct buf *console, const char *text)
{
	*console = (struct buf)BUF_INIT;
	console_add(console, text, strlen(text));
}

static void complaints_are_found(void **state)
{
	const char *line[4];
	struct buf console;

	(void)state;
	fill(&console, "Starting cron: ok\r\nStarting foo ... \033[31mfailed!\033[39m\r\n"
		       "Starting foo ... \033[31mfailed!\033[39m\nwaiting\rbar: FATAL: \007no\n"
		       "mount: permission denied\n");
	assert_int_equal(start_complaints(line, 4, &console, &fx.pool), 2);
	assert_string_equal(line[0], "Starting foo ... failed!");
	assert_string_equal(line[1], "bar: FATAL: \\x07no");
	assert_null(start_respawns(&console, &fx.pool));
	assert_string_equal(start_last_words(&console, 1, &fx.pool), "mount: permission denied");
	buf_release(&console);
	fill(&console, "Mounting local filesystems...mount: denied.\n   more about it\nfailed.\n"
		       "Starting web...failed.\nINIT: no more processes left in this runlevel\n");
	assert_int_equal(start_complaints(line, 4, &console, &fx.pool), 2);
	assert_string_equal(line[0], "Mounting local filesystems...mount: denied. | failed.");
	assert_string_equal(line[1], "Starting web...failed.");
	buf_release(&console);
	fill(&console, "x\nINIT: Id \"1\" respawning too fast: disabled for 5 minutes\n\n");
	assert_string_equal(start_respawns(&console, &fx.pool),
			    "INIT: Id \"1\" respawning too fast: disabled for 5 minutes");
	assert_string_equal(start_last_words(&console, 9, &fx.pool),
			    "x | INIT: Id \"1\" respawning too fast: disabled for 5 minutes");
	buf_release(&console);
	fill(&console, "\033[");
	assert_string_equal(start_last_words(&console, 9, &fx.pool), "");
	buf_release(&console);
}

static void console_is_bounded(void **state)
{
	struct buf console = BUF_INIT;
	char line[1000];

	(void)state;
	console_add(&console, "first", 5);
	memset(line, '.', sizeof(line));
	for (unsigned i = 0; i < 5000; i++)
		console_add(&console, line, sizeof(line));
	console_add(&console, "last", 4);
	assert_true(console.len <= START_CONSOLE_MAX);
	assert_true(console.len > START_CONSOLE_MAX / 2);
	assert_memory_equal(console.data, "first", 5);
	assert_memory_equal(console.data + console.len - 4, "last", 5);
	buf_release(&console);
}

/* vzctl is a script that notes its arguments and environment, and ends as it is told. */
static void stub(const char *start, const char *stop)
{
	executable("/vzctl", pool_printf(&fx.pool,
		   "#!/bin/sh\necho \"$1 $2\" >>%s/calls\nenv >%s/env\necho \"vzctl says $1\"\n"
		   "case $1 in start) %s ;; stop) %s ;; esac\n", fx.dir, fx.dir, start, stop));
}

static struct start_seen seen;

static void run_stub(unsigned seconds)
{
	struct root proc;
	struct start_job job = { .ctid = 345, .timeout = seconds, .stop_timeout = 1 };

	assert_int_equal(root_init(&proc, "/proc", &fx.err), 0);
	job.proc = &proc;
	job.vzctl = pool_printf(&fx.pool, "%s/vzctl", fx.dir);
	assert_int_equal(start_container(&seen, &job, &fx.pool, &fx.err), 0);
	root_release(&proc);
}

static const char *text_of(const char *path)
{
	struct buf text = BUF_INIT;
	const char *out;

	assert_int_equal(root_read(&fx.root, path, 1 << 16, &text, &fx.err), 0);
	out = pool_memdup(&fx.pool, text.data, text.len);
	buf_release(&text);
	return out;
}

static void vzctl_starts_and_stops(void **state)
{
	(void)state;
	setenv("SECRET", "1", 1);
	stub("exit 0", "exit 0");
	run_stub(1);
	assert_int_equal(seen.end, START_ALONE);	/* nothing runs in a stub */
	assert_true(seen.stopped && !seen.rehearsed);
	assert_string_equal(text_of("/calls"), "start 345\nstop 345\n");
	assert_non_null(strstr(text_of("/env"), "PATH=/usr/local/sbin:"));
	assert_null(strstr(text_of("/env"), "SECRET"));
	assert_non_null(strstr(seen.console.data, "vzctl says start"));
	assert_non_null(strstr(seen.console.data, "vzctl says stop"));
	start_release(&seen);
}

static void vzctl_refuses(void **state)
{
	(void)state;
	stub("exit 79", "exit 0");
	run_stub(5);
	assert_int_equal(seen.end, START_DIED);
	assert_string_equal(seen.why, "vzctl start ended with status 79: an action script failed");
	assert_string_equal(text_of("/calls"), "start 345\n");
	start_release(&seen);
	stub("exit 47", "exit 0");
	run_stub(5);
	assert_int_equal(seen.end, START_NO_INIT);
	start_release(&seen);
	stub("exit 32", "exit 0");	/* it runs already: it is not stopped */
	run_stub(5);
	assert_int_equal(seen.end, START_IMPOSSIBLE);
	assert_string_equal(text_of("/calls"), "start 345\nstart 345\nstart 345\n");
	start_release(&seen);
	assert_null(start_vzctl_says(250));
}

static void vzctl_hangs(void **state)
{
	(void)state;
	stub("sleep 1000", "exit 33");
	run_stub(1);
	assert_int_equal(seen.end, START_DIED);
	assert_string_equal(seen.why, "'vzctl start 345' did not end in 1 s");
	assert_false(seen.stopped);
	assert_string_equal(text_of("/calls"), "start 345\nstop 345\n");
	start_release(&seen);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rights_of_a_container),
		TEST(rights_that_are_never_given),
		TEST(init_is_found),
		TEST(links_stay_in_the_tree),
		TEST(nothing_that_is_covered_later),
		TEST(scripts_of_scripts_end),
		TEST(complaints_are_found),
		TEST(console_is_bounded),
		TEST(vzctl_starts_and_stops),
		TEST(vzctl_refuses),
		TEST(vzctl_hangs),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
