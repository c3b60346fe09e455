/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recipes as they are read: what is refused, with line and column; words of --fixups;
 * ours are all well formed.
 */
#include "fixups_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define HEAD "recipe format=1 order=5 family=adapt\nabout\n| a\nreason\n| b\n"
#define BODY "when\nexists /x\ndo\nremove /x\n"

static void refused(const char *text, const char *why)
{
	struct pool pool = POOL_INIT;
	struct recipe r;
	struct err err = { 0 };

	if (recipe_parse(&r, "name", NULL, text, &pool, &err) == 0)
		fail_msg("accepted: %s", text);
	if (!strstr(err.text, why))
		fail_msg("'%s' is not in '%s'", why, err.text);
	pool_release(&pool);
}

static void errors_name_line_and_column(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "no 'recipe' statement" },
		{ "when\n", "name:1:1: the first statement must be 'recipe'" },
		{ "recipe format=2 order=5 family=adapt\n", "name:1:8: format must be 1" },
		{ "recipe format=1 order=0 family=adapt\n", "name:1:17: order must be" },
		{ "recipe format=1 order=5 family=x\n", "name:1:25: family must be" },
		{ "recipe format=1 order=5 family=adapt colour=red\n", "takes no colour=" },
		{ HEAD, "the last group has no edits" },
		{ HEAD "when\ndo\n", "the last group has no edits" },
		{ HEAD "when\nwhen\n", "name:7:1: the group before has no edits" },
		{ HEAD "exists /x\n", "name:6:1: 'exists' stands outside" },
		{ HEAD "when\n  exsts /x\n", "name:7:3: there is no condition 'exsts'" },
		{ HEAD "when\n  not\n", "there is no condition 'not'" },
		{ HEAD "when\n  exists\n", "name:7:3: 'exists' takes 1 word" },
		{ HEAD "when\n  exists etc/x\n", "name:7:10: 'etc/x' is no absolute path" },
		{ HEAD "when\n  exists /a/../b\n", "is no absolute path" },
		{ HEAD "when\n  exists {}\n", "is no absolute path" },
		{ HEAD "when\n  line /x\n" BODY, "name:7:1: 'line' needs lines with '|'" },
		{ HEAD "when\n  line /x match=perl\n", "name:7:11: match must be exact, glob" },
		{ HEAD "when\n  line /x match=regex\n | (\n", "name:8:2: not a regular expression" },
		{ HEAD "when\n  exists /x\n | y\n", "name:8:2: 'exists' takes no lines with '|'" },
		{ HEAD "when\n  mode /x\n", "name:7:3: 'mode' needs is=" },
		{ HEAD "when\n  exists /x type=pipe\n", "type must be one of" },
		{ HEAD "when\ndo\n exists /x\n", "there is no edit 'exists'" },
		{ HEAD "when\ndo\n node /x type=c mode=9\n", "mode must be octal" },
		{ HEAD "do\n", "'do' follows 'when'" },
		{ HEAD "or\n", "'or' stands alone, after conditions" },
		{ HEAD "each x\n", "'each' takes one absolute pattern" },
		{ HEAD "| more\nabout\n", "'about' stands once" },
		{ HEAD "when\n exists /%zz\n", "name:7:2: malformed word" },
		{ HEAD "when\n exists /x\ty\n", "byte that should be escaped" },
		{ "recipe format=1 order=5 family=adapt\n| x\n", "content without a statement" },
		{ "recipe format=1 order=5 family=adapt\n" BODY, "'about' needs one line" },
		{ HEAD "when\ndo\n text /x\n | \xff\n", "not UTF-8" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		refused(rows[i].text, rows[i].why);
}

static void names(void **state)
{
	(void)state;
	assert_true(recipe_good_name("a-1"));
	assert_false(recipe_good_name(""));
	assert_false(recipe_good_name("-a"));
	assert_false(recipe_good_name("A"));
	assert_false(recipe_good_name("../x"));
	assert_false(recipe_good_name("all"));
}

static void parts(void **state)
{
	struct pool pool = POOL_INIT;
	struct err err = { 0 };
	struct recipe r;

	(void)state;
	if (recipe_parse(&r, "x", "/etc/x.fix",
			 "# c\n" HEAD "needs\n  not vz7\neach /etc/*.d\nwhen\n  exists {}\nor\n"
			 "  absent /%20a%25\ndo confidence=propose\n  comment {name}x match=glob\n"
			 "  |  a %20\tb\n  !\n", &pool, &err) == 0)
		fail_msg("a path that begins with {name} is relative");
	if (recipe_parse(&r, "x", "/etc/x.fix",
			 "# c\n" HEAD "needs\n  not vz7\neach /etc/*.d\nwhen\n  exists {}\nor\n"
			 "  absent /%20a%25\ndo confidence=propose\n  comment {dir}/x match=glob\n"
			 "  |  a %20\tb\n  !\notherwise\ndo\n  remove /y\n", &pool, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(r.needs.nr, 1);
	assert_true(r.needs.v[0].negated);
	assert_int_equal(r.nr_groups, 2);
	assert_string_equal(r.group[0].each, "/etc/*.d");
	assert_int_equal(r.group[0].nr_sets, 2);
	assert_string_equal(r.group[0].set[1].v[0].operand[0], "/ a%");
	assert_int_equal(r.group[0].confidence, CONFIDENCE_PROPOSE);
	assert_int_equal(r.group[0].edits.v[0].nr_lines, 2);
	assert_string_equal(r.group[0].edits.v[0].line[0].text, " a %20\tb");
	assert_string_equal(r.group[0].edits.v[0].line[1].text, "");
	assert_true(r.group[1].otherwise);
	assert_int_equal(r.group[1].confidence, CONFIDENCE_ACT);
	pool_release(&pool);
}

static void words(void **state)
{
	(void)state;
	assert_true(fixup_words_good("all"));
	assert_true(fixup_words_good("none,+a,-b,c"));
	assert_false(fixup_words_good(""));
	assert_false(fixup_words_good("a,,b"));
	assert_false(fixup_words_good("-all"));
	assert_false(fixup_words_good("A"));
	assert_int_equal(fixup_chosen(NULL, "a", FIXUP_OWN), FIXUP_OWN);
	assert_int_equal(fixup_chosen("none", "a", FIXUP_OWN), FIXUP_OFF);
	assert_int_equal(fixup_chosen("none,a", "a", FIXUP_OWN), FIXUP_ACT);
	assert_int_equal(fixup_chosen("none,+a", "b", FIXUP_OWN), FIXUP_OFF);
	assert_int_equal(fixup_chosen("-a", "a", FIXUP_OWN), FIXUP_OFF);
	assert_int_equal(fixup_chosen("-a,all", "a", FIXUP_OWN), FIXUP_OWN);
	assert_int_equal(fixup_chosen("-ab", "a", FIXUP_OWN), FIXUP_OWN);
}

static void administrators_recipes(void **state)
{
	struct fixture fx;
	struct recipes r;
	const char *ours = built_in_recipes[0].name;

	(void)state;
	fixture_make(&fx);
	if (recipes_read(&r, &fx.root, &fx.pool, &fx.err) < 0)
		fail_msg("%s", fx.err.text);
	for (size_t i = 1; i < r.nr; i++)
		assert_true(r.v[i - 1].order <= r.v[i].order);
	fixture_file(&fx, pool_printf(&fx.pool, "%s/%s.fix", RECIPE_DIR, ours), HEAD BODY);
	fixture_file(&fx, RECIPE_DIR "/own.fix", HEAD BODY);
	fixture_file(&fx, RECIPE_DIR "/.own.fix", "no recipe");
	fixture_file(&fx, RECIPE_DIR "/own.fix.orig", "no recipe");
	if (recipes_read(&r, &fx.root, &fx.pool, &fx.err) < 0)
		fail_msg("%s", fx.err.text);
	assert_non_null(recipe_find(&r, "own"));
	assert_int_equal(recipe_find(&r, ours)->order, 5);
	assert_string_equal(fixup_word_unknown("own,-x1,all", &r, &fx.pool), "x1");
	fixture_file(&fx, RECIPE_DIR "/own.fix", HEAD);
	assert_int_equal(recipes_read(&r, &fx.root, &fx.pool, &fx.err), -1);
	assert_non_null(strstr(fx.err.text, RECIPE_DIR "/own.fix:5:1: "));
	fixture_remove(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_name_line_and_column),
		cmocka_unit_test(names),
		cmocka_unit_test(parts),
		cmocka_unit_test(words),
		cmocka_unit_test(administrators_recipes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
