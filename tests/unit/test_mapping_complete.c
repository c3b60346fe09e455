/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translation table against the full list of items: each has exactly one row, the
 * one that the list names, and each row is there for at least one item, so that no
 * row can be taken out unnoticed.
 */
#include "base/pool.h"
#include "decide/translate.h"
#include "openvz/param.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LIST "tests/data/vserver-items.txt"
#define MOST 1000

static struct pool pool;
static struct {
	enum guest_style style;
	const char *path, *pattern;
} items[MOST];
static size_t nr_items;

static int read_list(void **state)
{
	char line[512], style[16], path[200], pattern[200];
	FILE *f = fopen(LIST, "re");

	(void)state;
	if (!f) {
		perror(LIST);
		return -1;
	}
	while (fgets(line, sizeof(line), f)) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (nr_items == MOST || sscanf(line, "%15s %199s %199s", style, path, pattern) != 3) {
			fprintf(stderr, "%s: %s", LIST, line);
			fclose(f);
			return -1;
		}
		items[nr_items].style = strcmp(style, "legacy") ? STYLE_RECENT : STYLE_LEGACY;
		items[nr_items].path = pool_strdup(&pool, path);
		items[nr_items++].pattern = pool_strdup(&pool, pattern);
	}
	return fclose(f);
}

static int release(void **state)
{
	(void)state;
	pool_release(&pool);
	return 0;
}

static void test_each_item_has_its_row(void **state)
{
	(void)state;
	assert_true(nr_items > 400);
	for (size_t i = 0; i < nr_items; i++) {
		const struct rule *rule = rule_find(items[i].style, items[i].path);

		if (!rule)
			fail_msg("no row for '%s'", items[i].path);
		if (strcmp(rule->pattern, items[i].pattern) != 0)
			fail_msg("'%s' is claimed by '%s', not by '%s'", items[i].path, rule->pattern,
				 items[i].pattern);
	}
}

static void test_no_row_twice(void **state)
{
	(void)state;
	for (size_t i = 0; i < nr_rules; i++)
		for (size_t j = i + 1; j < nr_rules; j++)
			if (rules[i].style == rules[j].style &&
			    strcmp(rules[i].pattern, rules[j].pattern) == 0)
				fail_msg("two rows of '%s'", rules[i].pattern);
}

/* How many items of the list are not claimed as it says, in a table of our own? */
static size_t differences(const struct rule *table, size_t nr)
{
	size_t differ = 0;

	for (size_t i = 0; i < nr_items; i++) {
		const struct rule *rule = rule_find_in(table, nr, items[i].style, items[i].path);

		differ += !rule || strcmp(rule->pattern, items[i].pattern) != 0;
	}
	return differ;
}

static void test_each_row_is_missed(void **state)
{
	struct rule *table = pool_array(&pool, nr_rules, sizeof(*table));

	(void)state;
	assert_int_equal(differences(rules, nr_rules), 0);
	for (size_t out = 0; out < nr_rules; out++) {
		size_t nr = 0;

		for (size_t i = 0; i < nr_rules; i++)
			if (i != out)
				memcpy(&table[nr++], &rules[i], sizeof(rules[i]));
		if (!differences(table, nr))
			fail_msg("nobody misses '%s'", rules[out].pattern);
	}
}

static void test_params_exist(void **state)
{
	(void)state;
	for (size_t i = 0; i < nr_rules; i++) {
		const char *p = rules[i].param ? rules[i].param : "";

		for (p += strspn(p, " "); *p; p += strspn(p, " ")) {
			size_t len = strcspn(p, " ");

			if (!param_find(pool_memdup(&pool, p, len)))
				fail_msg("'%s': vzctl has no '%.*s'", rules[i].pattern, (int)len, p);
			p += len;
		}
	}
}

/* What is left to the administrator is said by a finding of its own kind. */
static void test_manual_rows_speak(void **state)
{
	(void)state;
	for (size_t i = 0; i < nr_rules; i++)
		if ((rules[i].map == map_later || rules[i].map == map_claimed) && !rules[i].id)
			fail_msg("'%s' has no finding", rules[i].pattern);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_item_has_its_row),
		cmocka_unit_test(test_no_row_twice),
		cmocka_unit_test(test_each_row_is_missed),
		cmocka_unit_test(test_params_exist),
		cmocka_unit_test(test_manual_rows_speak),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, read_list, release);
}
