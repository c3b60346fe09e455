/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions and edits of recipes on a tree: each by itself, over one another, twice, and
 * before objects that are not what they should be.
 */
#include "fixups_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct fixups_fixture f;

static int set_up(void **state)
{
	(void)state;
	fixups_make(&f);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixups_unmake(&f);
	return 0;
}

static bool holds(const char *when)
{
	f.recipes.nr = 0;
	fixups_add(&f, "probe", fixups_text(&f, when, "text /probe\n| x"));
	fixups_go(&f);
	return fixups_edit(&f, "/probe") != NULL;
}

/* What the edits make of a file; run twice, the second time on the result. */
static const char *edited(const char *path, const char *before, const char *edits)
{
	const struct edit *e;
	const char *after;

	if (before)
		fixture_file(&f.fx, path, before);
	f.recipes.nr = 0;
	fixups_add(&f, "edit", fixups_text(&f, "", edits));
	fixups_go(&f);
	e = fixups_edit(&f, path);
	after = e ? e->now.thing == THING_FILE ? e->now.text : "(no file)" : before;
	fixups_carry_out(&f);
	fixups_go(&f);
	if (fixups_changes(&f))
		fail_msg("not idempotent: %s: %s", f.edits.v[0].path,
			 f.edits.v[0].now.text ? f.edits.v[0].now.text : "");
	return after;
}

static void conditions(void **state)
{
	struct items *items = &f.guest.items;

	(void)state;
	fixture_file(&f.fx, "/etc/a", "one\ntwo\n");
	fixture_file(&f.fx, "/etc/c", "# one\n\n#two\n");
	fixture_file(&f.fx, "/etc/own", "listen 192.0.2.7:80\n");
	fixture_file(&f.fx, "/etc/blank", " \n\t\n");
	fixture_link(&f.fx, "/etc/a", "/etc/link");
	fixture_link(&f.fx, "nowhere", "/etc/dangling");
	fixture_dir(&f.fx, "/empty");
	host_item(items, &f.fx.pool, "apps/init/style", ITEM_FILE, "plain\n");
	host_item(items, &f.fx.pool, "flags", ITEM_FILE, "lock\nfakeinit\n");
	assert_true(holds(""));
	assert_true(holds("distro debian,ubuntu"));
	assert_false(holds("distro ubuntu"));
	assert_true(holds("distro debian from=5 below=5.1"));
	assert_false(holds("distro debian below=5"));
	assert_true(holds("distro debian from=4.10"));
	assert_true(holds("init sysvinit"));
	assert_true(holds("arch i386,x86_64"));
	assert_false(holds("kernel from=2.6"));
	assert_true(holds("not vz7"));
	assert_true(holds("exists /etc/a"));
	assert_true(holds("exists /etc/*"));
	assert_false(holds("exists /etc/x*"));
	assert_true(holds("exists /etc/link type=file"));
	assert_true(holds("exists /etc/link type=link"));
	assert_false(holds("exists /etc/dangling"));
	assert_false(holds("absent /etc/dangling"));
	assert_true(holds("absent /etc/none/deeper"));
	assert_false(holds("executable /etc/a"));
	assert_true(holds("empty /empty"));
	assert_true(holds("empty /etc/blank"));
	assert_false(holds("empty /etc/a"));
	assert_false(holds("empty /etc/none"));
	assert_true(holds("mode /etc/a is=0644"));
	assert_true(holds("link /etc/link target=/etc/a"));
	assert_false(holds("link /etc/link target=/etc/b"));
	assert_false(holds("link /etc/a"));
	assert_true(holds("line /etc/link\n| one\n| two"));
	assert_false(holds("line /etc/a\n| one\n| three"));
	assert_true(holds("line /etc/a any=yes\n| one\n| three"));
	assert_true(holds("line /etc/a match=glob\n| t?o"));
	assert_true(holds("line /etc/a match=regex\n| ^t"));
	assert_true(holds("line /etc/own match=glob fill=yes\n| listen {address}*"));
	assert_false(holds("line /etc/own match=glob\n| listen {address}*"));
	assert_false(holds("line /etc/own fill=yes\n| {address}"));
	assert_true(holds("text /etc/a\n| one\n| two"));
	assert_false(holds("text /etc/a\n| one"));
	assert_true(holds("all-commented /etc/c"));
	assert_false(holds("all-commented /etc/a"));
	assert_false(holds("all-commented /etc/blank"));
	assert_true(holds("item apps/init/style is=plain"));
	assert_true(holds("item flags has=fakeinit"));
	assert_false(holds("item flags has=fake"));
	assert_false(holds("item apps/vunify"));
	assert_true(holds("value hostname,address,ctid"));
	assert_false(holds("running cron"));
	assert_true(holds("exists /nope\nor\nexists /etc/a"));
	assert_false(holds("exists /nope\nexists /etc/a"));
}

static void edits_of_lines(void **state)
{
	(void)state;
	assert_string_equal(edited("/a", "x\n y\n#x\n", "comment /a match=regex\n| ^ *[xy]\n! y"),
			    "#x\n y\n#x\n");
	assert_string_equal(edited("/a", "x\n #x\n", "comment /a match=regex\n| x"), "#x\n #x\n");
	assert_string_equal(edited("/a", "#x\n##x\nx", "uncomment /a\n| x"), "x\n##x\nx");
	assert_string_equal(edited("/a", "a\nb\na", "drop /a\n| a"), "b\n");
	assert_string_equal(edited("/a", "1\n2\n3\n", "replace /a\n| 1\n| 2\n> x\n| 3\n"), "x\n");
	assert_string_equal(edited("/a", "1\n", "replace /a\n| 1\n> 1\n> 2"), "1\n2\n");
	assert_string_equal(edited("/a", "k=old k\n", "substitute /a\n| ^k=(o)ld\n> \\1=\\0\\\\\n"),
			    "o=k=old\\ k\n");
	assert_string_equal(edited("/a", "x", "append /a\n| x\n| y"), "x\ny\n");
	assert_string_equal(edited("/a", "x\ny\n", "insert /a place=before\n| y\n> z"), "x\nz\ny\n");
	assert_string_equal(edited("/a", "x\ny\n", "insert /a place=after match=glob\n| ?\n> z"),
			    "x\nz\ny\n");
	assert_string_equal(edited("/a", "#K=1\nK=2\nK=3\n", "set /a key=K value=\"4\""),
			    "#K=1\nK=2\nK=\"4\"\n");
	assert_string_equal(edited("/a", "J=1", "set /a key=K value=4"), "J=1\nK=4\n");
	assert_string_equal(edited("/a", "K x\n", "set /a key=K value=y style=space"), "K y\n");
	assert_string_equal(edited("/a", "[a]\nk = 1\n\n[b]\nk=2\n",
				   "set /a key=k value=3 style=ini section=a"),
			    "[a]\nk = 3\n\n[b]\nk=2\n");
	assert_string_equal(edited("/a", "[a]\nx = 1\n\n[b]\n",
				   "set /a key=k value=3 style=ini section=a"),
			    "[a]\nx = 1\nk = 3\n\n[b]\n");
	assert_string_equal(edited("/a", "x\n", "set /a key=k value=3 style=ini section=a"),
			    "x\n\n[a]\nk = 3\n");
	assert_string_equal(edited("/a", "K=1\n", "unset /a key=K"), "#K=1\n");
	assert_string_equal(edited("/new/a", NULL, "append /new/a create=yes\n| x"), "x\n");
	assert_null(edited("/new/b", NULL, "append /new/b\n| x"));
	assert_string_equal(edited("/h", "x\n", "append /h fill=yes\n| {address} {hostname} {shortname} {x}"),
			    "x\n192.0.2.7 web1.example.org web1 {x}\n");
	assert_string_equal(edited("/a", "x\n", "text /a\n| y %20\tz"), "y %20\tz\n");
}

/* restore is not idempotent by itself: its condition makes it so. */
static void restored_jobs(void **state)
{
	static const char recipe[] =
		"recipe format=1 order=210 family=un-build\nabout\n| it\nreason\n| because\n"
		"each /etc/init/*.conf\nwhen\n  all-commented {}\n  line {} match=regex\n"
		"  | ^#(start on|task)\ndo\n  restore {}\n"
		"when\n ran other\ndo\n text /ran\n | x\n";

	(void)state;
	fixture_file(&f.fx, "/etc/init/a.conf", "# was a comment\n##\n#start on startup\n");
	fixture_file(&f.fx, "/etc/init/b.conf", "# only\n# comments\n");
	fixture_file(&f.fx, "/etc/init/c.conf", "start on x\n");
	fixture_file(&f.fx, "/etc/init/.d.conf", "#start on x\n");
	fixture_file(&f.fx, "/etc/init/e.conf.orig", "#start on x\n");
	fixups_add(&f, "jobs", recipe);
	fixups_go(&f);
	assert_int_equal(fixups_changes(&f), 1);
	assert_string_equal(fixups_edit(&f, "/etc/init/a.conf")->now.text,
			    " was a comment\n#\nstart on startup\n");
	assert_int_equal(fixture_found(&f.fx, VS_FIXED_UP), 1);
	fixups_carry_out(&f);
	fixups_go(&f);
	assert_int_equal(fixups_changes(&f), 0);
	assert_int_equal(f.fx.findings.nr, 0);
}

static void edits_of_names(void **state)
{
	const struct edit *e;

	(void)state;
	fixture_file(&f.fx, "/sbin/x", "stub\n");
	fixture_file(&f.fx, "/sbin/x.orig", "real\n");
	chmod(fixture_path(&f.fx, "/sbin/x.orig"), 0755);
	fixture_file(&f.fx, "/etc/mtab", "/dev/hdv1 / ufs\n");
	fixture_file(&f.fx, "/etc/script", "#!/bin/sh\n");
	fixups_add(&f, "names", "recipe format=1 order=5 family=adapt\nabout\n| it\nreason\n| b\n"
		   "each /sbin/*.orig\nwhen\n exists {stem}\ndo\n rename {} to={stem}\n"
		   "when\ndo\n link /etc/mtab target=/proc/mounts\n mkdir /run/lock mode=1777\n"
		   " node /dev/pipe type=p mode=0600\n mode /etc/script is=0755\n"
		   " override none\n mask x.service\n");
	fixups_go(&f);
	e = fixups_edit(&f, "/sbin/x");
	assert_string_equal(e->now.text, "real\n");
	assert_int_equal(e->now.mode & 07777, 0755);
	assert_int_equal(fixups_edit(&f, "/sbin/x.orig")->now.thing, THING_ABSENT);
	assert_string_equal(fixups_edit(&f, "/etc/mtab")->now.target, "/proc/mounts");
	assert_int_equal(fixups_edit(&f, "/run")->now.thing, THING_DIR);
	assert_int_equal(fixups_edit(&f, "/run/lock")->now.mode & 07777, 01777);
	assert_true(S_ISFIFO(fixups_edit(&f, "/dev/pipe")->now.mode));
	assert_int_equal(fixups_edit(&f, "/etc/script")->now.mode & 07777, 0755);
	assert_string_equal(fixups_edit(&f, "/etc/systemd/system/x.service")->now.target,
			    "/dev/null");
	fixups_carry_out(&f);
	fixups_go(&f);
	assert_int_equal(fixups_changes(&f), 0);
}

static void later_recipes_see_earlier_ones(void **state)
{
	(void)state;
	fixture_file(&f.fx, "/a", "1\n");
	fixups_add(&f, "first", fixups_text(&f, "text /a\n| 1", "text /a\n| 2\nmkdir /d\ntext /d/x\n| y"));
	fixups_add(&f, "second", fixups_text(&f, "text /a\n| 2\nran first\nexists /d/*",
					     "text /a\n| 3\nremove /d/x\nremove /d"));
	fixups_add(&f, "third", fixups_text(&f, "text /a\n| 3\nabsent /d", "append /a\n| 4"));
	fixups_go(&f);
	assert_int_equal(fixups_changes(&f), 1);
	assert_string_equal(fixups_edit(&f, "/a")->now.text, "3\n4\n");
	assert_string_equal(fixups_edit(&f, "/a")->old.text, "1\n");
	assert_int_equal(fixture_found(&f.fx, VS_FIXED_UP), 3);
}

static void a_file_that_comes_back_is_no_edit(void **state)
{
	(void)state;
	fixture_file(&f.fx, "/a", "1\n");
	fixups_add(&f, "there", fixups_text(&f, "text /a\n| 1", "text /a\n| 2"));
	fixups_add(&f, "back", fixups_text(&f, "text /a\n| 2", "text /a\n| 1"));
	fixups_go(&f);
	assert_int_equal(fixups_changes(&f), 0);
}

static void confidence_and_words(void **state)
{
	(void)state;
	fixups_add(&f, "shy", "recipe format=1 order=5 family=adapt confidence=propose\nabout\n| it\n"
		   "reason\n| b\nwhen\ndo\n text /a\n | x\n say warning\n | hear this\n");
	fixups_go(&f);
	assert_int_equal(fixups_changes(&f), 0);
	assert_int_equal(fixture_found(&f.fx, VS_FIXUP_PROPOSED), 1);
	assert_int_equal(fixture_found(&f.fx, VS_GUEST_LOOK), 1);
	f.g.words[2] = "+shy";
	fixups_go(&f);
	assert_int_equal(fixups_changes(&f), 1);
	assert_int_equal(fixture_found(&f.fx, VS_FIXED_UP), 1);
	f.g.words[2] = "none";
	fixups_go(&f);
	assert_int_equal(fixups_changes(&f), 0);
	assert_int_equal(f.fx.findings.nr, 0);
	f.g.words[0] = "none";
	f.g.words[1] = "shy";
	f.g.words[2] = NULL;
	fixups_go(&f);
	assert_int_equal(fixups_changes(&f), 1);
}

static void all_or_nothing(void **state)
{
	(void)state;
	fixture_file(&f.fx, "/full/x", "x\n");
	fixups_add(&f, "half", fixups_text(&f, "", "text /a\n| x\nlink /full target=b"));
	fixups_add(&f, "otherwise", "recipe format=1 order=6 family=adapt\nabout\n| it\nreason\n| b\n"
		   "when\n exists /nope\ndo\n text /b\n | x\notherwise\ndo\n text /c\n | x\n"
		   "otherwise\ndo\n text /d\n | x\n");
	fixups_go(&f);
	assert_null(fixups_edit(&f, "/a"));
	assert_int_equal(fixture_found(&f.fx, VS_FIXUP_FAILED), 1);
	assert_non_null(fixups_edit(&f, "/c"));
	assert_null(fixups_edit(&f, "/b"));
	assert_null(fixups_edit(&f, "/d"));
}

static const char *given(const char *edits)
{
	const struct object dir = { .thing = THING_DIR, .mode = S_IFDIR | 0755 };
	const struct object gone = { .thing = THING_ABSENT };
	const struct edit *e;

	f.recipes.nr = 0;
	fixups_add(&f, "reach", fixups_text(&f, "", edits));
	f.fx.findings.nr = 0;
	edits_init(&f.edits, &f.fx.root, &f.fx.pool);
	edits_give(&f.edits, "/made", &dir, GIVEN_NAME);
	edits_give(&f.edits, "/whole", &dir, GIVEN_WHOLE);
	edits_give(&f.edits, "/gone", &gone, GIVEN_NAME);
	fixups_run(&f.edits, &f.g, &f.fx.findings);
	e = fixups_edit(&f, "/made/file");
	return e ? e->now.text : NULL;
}

/* What other steps make: new files in it, but not itself; nothing in what is not there yet. */
static void what_others_make_is_left_to_them(void **state)
{
	(void)state;
	fixture_link(&f.fx, "/empty", "/whole");
	fixture_dir(&f.fx, "/empty");
	fixture_file(&f.fx, "/empty/seen", "x\n");
	fixture_dir(&f.fx, "/gone");
	assert_string_equal(given("text /made/file\n| x\n"), "x\n");
	assert_int_equal(fixups_changes(&f), 1);
	given("remove /gone\n");
	assert_int_equal(fixups_changes(&f), 0);
	given("mode /made is=0700\n");
	assert_int_equal(fixups_changes(&f), 0);
	assert_int_equal(fixture_found(&f.fx, VS_FIXUP_FAILED), 1);
	given("link /gone target=x\n");
	assert_int_equal(fixups_changes(&f), 0);
	assert_int_equal(fixture_found(&f.fx, VS_FIXUP_FAILED), 1);
	given("text /whole/deep/file\n| x\n");
	assert_int_equal(fixups_changes(&f), 0);
	assert_int_equal(fixture_found(&f.fx, VS_GUEST_FILE_ODD), 1);
	given("remove /whole\n");
	assert_int_equal(fixups_changes(&f), 0);
}

static void links_stay_inside(void **state)
{
	const struct edit *e;

	(void)state;
	fixture_dir(&f.fx, "/real");
	fixture_file(&f.fx, "/real/conf", "x\n");
	fixture_link(&f.fx, "../../../../real", "/etc");
	fixture_link(&f.fx, "/real/conf", "/abs");
	fixups_add(&f, "through", fixups_text(&f, "", "append /etc/conf\n| y\nappend /abs\n| z\n"
					      "text /etc/new\n| n"));
	fixups_go(&f);
	e = fixups_edit(&f, "/real/conf");
	assert_string_equal(e->now.text, "x\ny\nz\n");
	assert_non_null(fixups_edit(&f, "/real/new"));
	assert_int_equal(fixups_changes(&f), 2);
}

static void odd_files(void **state)
{
	static const char edit[] = "append %s\n| y";
	static const char *const paths[] = { "/loop", "/fifo", "/dir", "/latin", "/nul", "/large" };

	(void)state;
	fixture_link(&f.fx, "loop", "/loop");
	assert_int_equal(mkfifo(fixture_path(&f.fx, "/fifo"), 0600), 0);
	fixture_dir(&f.fx, "/dir");
	fixture_file(&f.fx, "/latin", "gr\xfc\xdf\n");
	fixture_bytes(&f.fx, "/nul", "a\0b", 3);
	fixture_file(&f.fx, "/large", "");
	assert_int_equal(truncate(fixture_path(&f.fx, "/large"), 8LL << 30), 0);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		f.recipes.nr = 0;
		fixups_add(&f, "odd", fixups_text(&f, "", pool_printf(&f.fx.pool, edit, paths[i])));
		fixups_go(&f);
		assert_int_equal(fixups_changes(&f), 0);
		assert_int_equal(fixture_found(&f.fx, VS_GUEST_FILE_ODD), 1);
		/* Neither a condition nor its contrary holds. */
		assert_false(holds(pool_printf(&f.fx.pool, "line %s\n| y", paths[i])));
		assert_false(holds(pool_printf(&f.fx.pool, "not line %s\n| y", paths[i])));
	}
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(conditions), T(edits_of_lines), T(restored_jobs), T(edits_of_names),
		T(later_recipes_see_earlier_ones), T(a_file_that_comes_back_is_no_edit),
		T(confidence_and_words), T(all_or_nothing), T(what_others_make_is_left_to_them),
		T(links_stay_inside), T(odd_files),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
