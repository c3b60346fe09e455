/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grammar of a guest's fstab, and what VServer made of the options.
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

static void long_lines(void **state)
{
	struct fstab f = parse("/dev/sdb1 /data ext3 noatime 1 2\n/dev/sdc1 /more ext3 noatime\n");

	(void)state;
	assert_string_equal(f.v[0].dump, "1");
	assert_string_equal(f.v[0].pass, "2");
	assert_string_equal(f.v[1].pass, "");
}

static struct fstab_options options_of(const char *type, const char *words)
{
	struct fstab_line line = { .type = type, .options = words };
	struct fstab_options o;

	fstab_options(&o, &line, &pool);
	return o;
}

static void option_words(void **state)
{
	static const struct {
		const char *type, *words, *text, *bind, *data;
	} rows[] = {
		{ "nfs", "defaults", "nodev", "nodev", "" },
		{ "nfs", "", "nodev", "nodev", "" },
		{ "nfs", "rw,hard,intr,nodev,nosuid", "rw,hard,intr,nodev,nosuid", "nodev,nosuid",
		  "hard,intr" },
		{ "nfs", "vers=4.1,nolock", "nodev,vers=4.1,nolock", "nodev", "vers=4.1,nolock" },
		{ "nfs", "dev,vers=3", "dev,vers=3", "", "vers=3" },
		{ "none", "bind,ro", "nodev,ro", "nodev,ro", "" },
		{ "none", "bind,dev,ro,noatime", "dev,ro,noatime", "ro,noatime", "" },
		{ "devpts", "gid=5,mode=620", "gid=5,mode=620", "", "gid=5,mode=620" },
		{ "devpts", "nodev", "nodev", "nodev", "" },
		/* "defaults" takes back what came before it, data stays. */
		{ "ext3", "ro,acl,dev,defaults,noexec", "nodev,acl,noexec", "nodev,noexec", "acl" },
		{ "ext3", "noatime,defaults", "nodev,noatime", "nodev,noatime", "" },
		{ "ext3", "users", "noexec,nosuid,nodev", "nodev,nosuid,noexec", "" },
		{ "ext3", "users,dev,exec", "noexec,nosuid,nodev,dev,exec", "nosuid", "" },
		{ "ext3", "mandlock,_netdev,auto,nomtab,rec,nouser", "nodev,mand", "nodev", "" },
		{ "ext3", "ro,rw", "nodev,ro,rw", "nodev", "" },
		{ "ext3", "tagxid,tagid=5,acl", "nodev,acl", "nodev", "acl" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fstab_options o = options_of(rows[i].type, rows[i].words);

		if (strcmp(o.text, rows[i].text) != 0 || strcmp(o.bind, rows[i].bind) != 0 ||
		    strcmp(o.data, rows[i].data) != 0)
			fail_msg("'%s': '%s' '%s' '%s'", rows[i].words, o.text, o.bind, o.data);
		assert_null(o.odd);
	}
	assert_string_equal(options_of("ext3", "acl,notag").tag, "notag");
	assert_string_equal(options_of("ext3", "tagid=12").tag, "tagid=12");
	assert_null(options_of("ext3", "tagged").tag);
	assert_true(options_of("ext3", "ro,noauto").noauto);
	assert_false(options_of("ext3", "auto").noauto);
}

/* A word is what the first name is that it begins. */
static void option_prefixes(void **state)
{
	static const struct {
		const char *words, *as, *bind;
		unsigned flags;
	} rows[] = {
		{ "no", "noatime", "nodev,noatime", FSTAB_NODEV | FSTAB_NOATIME },
		{ "r", "rbind", "nodev", FSTAB_NODEV | FSTAB_BIND | FSTAB_REC },
		{ "rem", "remount", "nodev", FSTAB_NODEV | FSTAB_REMOUNT },
		{ "m", "move", "nodev", FSTAB_NODEV | FSTAB_MOVE },
		{ "p", "private", "nodev", FSTAB_NODEV | FSTAB_SPREAD },
		{ "nos", "nosuid", "nodev,nosuid", FSTAB_NODEV | FSTAB_NOSUID },
		{ "ro,,noexec", "defaults", "nodev,noexec", FSTAB_NODEV | FSTAB_NOEXEC },
		{ "ro,", NULL, "nodev,ro", FSTAB_NODEV | FSTAB_RO },
		{ "user", NULL, "nodev,nosuid,noexec",
		  FSTAB_NODEV | FSTAB_NOSUID | FSTAB_NOEXEC },
		{ "nobind", NULL, "nodev", FSTAB_NODEV },
		{ "bindx", NULL, "nodev", FSTAB_NODEV },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fstab_options o = options_of("none", rows[i].words);

		if (o.flags != rows[i].flags || strcmp(o.bind, rows[i].bind) != 0 ||
		    (o.odd == NULL) != (rows[i].as == NULL) ||
		    (o.odd && strcmp(o.odd_as, rows[i].as) != 0))
			fail_msg("'%s': %x '%s' as '%s'", rows[i].words, o.flags, o.bind,
				 o.odd ? o.odd_as : "-");
	}
}

static void words_found(void **state)
{
	(void)state;
	assert_true(fstab_has_word("a,bc,d", "bc"));
	assert_true(fstab_has_word("a", "a"));
	assert_false(fstab_has_word("abc", "a"));
	assert_false(fstab_has_word("", "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(standard), cmocka_unit_test(bad_lines),
		cmocka_unit_test(long_lines), cmocka_unit_test(option_words),
		cmocka_unit_test(option_prefixes), cmocka_unit_test(words_found),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, release);
}
