/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Identity: the same thing is known again under another name, another one of the same
 * inode number is not; the text is read back as it was written. Whose a change is.
 */
#include "base/identity.h"

#include <setjmp.h>

#include "base/inroot.h"
#include "step/manifest.h"
#include "step/trace.h"
#include "tree_fixture.h"
#include "whose.h"

#include <cmocka.h>

static struct err err;

static struct identity of(const char *path)
{
	struct identity id;
	struct stat st;
	int here = dir_fd(".");

	MUST(lstat(path, &st));
	if (identity_at(&id, here, path, &st, &err) < 0)
		fail_msg("%s", err.text);
	close(here);
	return id;
}

static bool same(const struct identity *a, const struct identity *b)
{
	char why[IDENTITY_WHY] = "";
	bool is = identity_same(a, b, why);

	if (!is)
		assert_true(*why);
	return is;
}

static void known_again(void **state)
{
	struct identity dir, file, now;
	int fd;

	(void)state;
	MUST(mkdir("a", 0755));
	puts_to("f", "x");
	dir = of("a");
	file = of("f");
	MUST(rename("a", "b"));
	now = of("b");
	assert_true(same(&dir, &now));
	fd = dir_fd("b");
	assert_int_equal(identity_of_fd(&now, fd, &err), 0);
	assert_true(same(&dir, &now));
	close(fd);
	assert_false(same(&dir, &file));
	now = of("f");
	assert_true(same(&file, &now));
	MUST(symlink("nowhere", "l"));
	now = of("l");
	assert_false(now.has_generation);
}

static void the_text(void **state)
{
	static const char *const good[] = {
		"-/2/-", "-/18446744073709551615/4294967295",
		"7f3c1de2-6a50-4b64-9e0f-0c5d3a4b1a01/131073/-",
		"7f3c1de2-6a50-4b64-9e0f-0c5d3a4b1a01:256/256/7",
	};
	static const char *const bad[] = {
		"", "-", "/", "-/", "-/2", "-/2/", "-//7", "/2/7", "-/x/7", "-/2/x", "-/2/7/", "-/-1/7",
		"-/2/4294967296", "-:/2/7", "-:x/2/7", ":256/2/7", "-/2/- ",
		"7f3c1de2-6a50-4b64-9e0f-0c5d3a4b1a01-7f3c1de2-6a50/2/-",
	};
	char text[IDENTITY_TEXT];
	struct identity id;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!identity_parse(&id, good[i]))
			fail_msg("'%s' is none", good[i]);
		assert_string_equal(identity_text(&id, text), good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (identity_parse(&id, bad[i]))
			fail_msg("'%s' is one", bad[i]);
}

/* was, now, are they the same? */
static void what_differs(void **state)
{
	static const struct { const char *was, *now, *why; } rows[] = {
		{ "-/2/-", "7f3c1de2-6a50-4b64-9e0f-0c5d3a4b1a01/2/7", NULL },
		{ "aa/2/7", "aa/2/7", NULL },
		{ "aa/2/7", "bb/2/7", "file system bb, not aa" },
		{ "aa/2/7", "-/2/7", "without a UUID" },
		{ "aa:256/256/7", "aa:257/256/7", "subvolume 257, not 256" },
		{ "aa/2/7", "aa/3/7", "inode number 3, not 2" },
		{ "aa/2/7", "aa/2/8", "another generation" },
		{ "aa/2/7", "aa/2/-", "another generation" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char why[IDENTITY_WHY] = "";
		struct identity a, b;

		assert_true(identity_parse(&a, rows[i].was) && identity_parse(&b, rows[i].now));
		assert_int_equal(identity_same(&a, &b, why), !rows[i].why);
		if (rows[i].why && !strstr(why, rows[i].why))
			fail_msg("'%s' does not say '%s'", why, rows[i].why);
	}
}

static void whose_it_is(void **state)
{
	static const struct { const char *path; enum whose whose; } rows[] = {
		{ "etc/hosts", WHOSE_VZCTL }, { "etc/hosts.allow", WHOSE_CONTAINER },
		{ "etc/network/interfaces", WHOSE_VZCTL }, { "etc/network/run", WHOSE_CONTAINER },
		{ "etc/sysconfig/network-scripts/ifcfg-venet0:0", WHOSE_VZCTL },
		{ "etc/sysconfig/network-scripts/ifcfg-eth0", WHOSE_CONTAINER },
		{ "dev/tty2", WHOSE_VZCTL }, { "dev/ttyS0", WHOSE_CONTAINER },
		{ TRACE_LINKS_NAME, WHOSE_VZCTL }, { TRACE_LINKS_NAME "/x", WHOSE_CONTAINER },
		{ "fastboot", WHOSE_VZCTL }, { "home/fastboot", WHOSE_CONTAINER },
		{ "home/etc/hosts", WHOSE_CONTAINER },
		{ "etc/.inittab.vs2vz-5d0c6f2ab1e98473-old", WHOSE_OURS },
		{ "etc/.inittab.vs2vz-0000000000000000-old", WHOSE_CONTAINER },
		{ "etc/inittab.vs2vz-5d0c6f2ab1e98473-old", WHOSE_CONTAINER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (whose_is(rows[i].path, MANIFEST_EXTRA, "5d0c6f2ab1e98473", NULL) != rows[i].whose)
			fail_msg("'%s'", rows[i].path);
	assert_true(whose_writes_there(".") && whose_writes_there("etc") && whose_writes_there("dev"));
	assert_false(whose_writes_there("home") || whose_writes_there("etc/init.d.d"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_again),
		cmocka_unit_test(the_text),
		cmocka_unit_test(what_differs),
		cmocka_unit_test(whose_it_is),
	};
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	tree_base_make(NULL);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	tree_base_remove();
	return failed;
}
