/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grammar of a guest's fstab, and which mounts need the host.
 */
#include "vserver/fstab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

static struct pool pool = POOL_INIT;

static int release(void **state)
{
	(void)state;
	pool_release(&pool);
	return 0;
}

static struct fstab parse_len(const char *text, size_t len)
{
	struct item item = { .path = "fstab", .type = ITEM_FILE, .text = text, .len = len };
	struct fstab out;

	fstab_parse(&out, &item, &pool);
	return out;
}

static struct fstab parse(const char *text)
{
	return parse_len(text, strlen(text));
}

static void standard(void **state)
{
	struct fstab f = parse("none\t/proc\t\tproc\tdefaults\t\t0 0\n"
			       "# comment\n"
			       "\n"
			       "  none /tmp tmpfs size=16m,mode=1777 0 0\n"
			       "/srv/a /srv/b none bind,ro");

	(void)state;
	assert_int_equal(f.nr, 3);
	assert_int_equal(f.bad_line, 0);
	assert_string_equal(f.v[0].target, "/proc");
	assert_string_equal(f.v[0].options, "defaults");
	assert_int_equal(f.v[1].line, 4);
	assert_string_equal(f.v[1].options, "size=16m,mode=1777");
	assert_string_equal(f.v[2].source, "/srv/a");
	assert_string_equal(f.v[2].options, "bind,ro");
	assert_string_equal(f.v[2].item, "fstab");
}

static void bad_lines(void **state)
{
	struct fstab f = parse("none /a tmpfs x\nnone /proc proc\nnone /b tmpfs x\n");

	(void)state;
	assert_int_equal(f.nr, 1);
	assert_int_equal(f.bad_line, 2);
	assert_int_equal(parse("one\n").bad_line, 1);
	f = parse("none /proc proc \n");	/* a blank behind the type is enough */
	assert_int_equal(f.nr, 1);
	assert_string_equal(f.v[0].options, "");
	f = parse("none /proc proc defaults 0 0\r\n");
	assert_int_equal(f.nr, 1);
	assert_string_equal(f.v[0].options, "defaults");
	f = parse("/a\\040b /c none bind\n");	/* no escapes */
	assert_string_equal(f.v[0].source, "/a\\040b");
	f = parse_len("none /a\0b tmpfs x\nnone /b tmpfs x\n", 34);
	assert_int_equal(f.nr, 0);
	assert_int_equal(f.bad_line, 1);
	fstab_parse(&f, NULL, &pool);
	assert_int_equal(f.nr, 0);
}

static void needs_host(void **state)
{
	static const struct {
		const char *line;
		bool needs;
	} rows[] = {
		{ "none /proc proc defaults", false }, { "none /tmp tmpfs size=1m", false },
		{ "tmpfs /tmp tmpfs size=1m", false }, { "sysfs /sys sysfs defaults", false },
		{ "none /dev/pts devpts gid=5", false }, { "none /x none defaults", false },
		{ "/srv/a /srv/a none bind", true }, { "/srv/a /srv/a none ro,rbind", true },
		{ "none /a none move", true }, { "/dev/sdb1 /data ext3 noatime", true },
		{ "nas:/export /up nfs rw", true }, { "//nas/share /s cifs ro", true },
		{ "LABEL=x /x auto ro", true }, { "none / tmpfs size=1g", true },
		{ "none /x tmpfs nobind", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fstab f = parse(rows[i].line);

		assert_int_equal(f.nr, 1);
		if (fstab_needs_host(&f.v[0]) != rows[i].needs)
			fail_msg("%s", rows[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(standard), cmocka_unit_test(bad_lines),
		cmocka_unit_test(needs_host),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, release);
}
