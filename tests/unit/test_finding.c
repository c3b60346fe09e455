/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of findings is complete and in order; lists sort, block and are lifted as
 * their header says.
 */
#include "model/finding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool is_text(const char *text)
{
	return text && *text && text[strlen(text) - 1] != '\n' && text[strlen(text) - 1] != '.';
}

static void rows_are_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < nr_finding_kinds; i++) {
		const struct finding_kind *k = &finding_kinds[i];

		if (i)
			assert_true(finding_kinds[i - 1].id < k->id);
		assert_true(k->id > 100 && k->id < 900);
		assert_true(is_text(k->name) && is_text(k->title));
		assert_true(is_text(k->cause) && is_text(k->effect) && is_text(k->cure));
		assert_int_equal(strspn(k->name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
				 strlen(k->name));
		assert_null(strchr(k->title, '\n'));
		assert_true(strlen(k->title) <= 60);
		assert_true(!k->overridable || k->level == LEVEL_INHIBITOR);
		assert_ptr_equal(finding_kind(k->id), k);
		assert_ptr_equal(finding_by_word(k->name), k);
	}
}

static void names_are_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < nr_finding_kinds; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(finding_kinds[i].name, finding_kinds[j].name);
}

/* Every number of the header has a row, and no row lacks a number there. */
static void numbers_match_the_header(void **state)
{
	FILE *f = fopen("vs2vz/model/finding_ids.h", "r");
	char line[256];
	size_t nr = 0;

	(void)state;
	if (!f)
		skip();
	while (fgets(line, sizeof(line), f)) {
		const char *equals = strstr(line, "= ");

		if (strncmp(line, "\tVS_", 4) != 0 || !equals)
			continue;
		nr++;
		if (!finding_kind((unsigned)strtoul(equals + 2, NULL, 10)))
			fail_msg("no row for %s", line);
	}
	fclose(f);
	assert_int_equal(nr, nr_finding_kinds);
}

static void words_are_found(void **state)
{
	(void)state;
	assert_int_equal(finding_by_word("VS309")->id, VS_HOST_MOUNTS);
	assert_int_equal(finding_by_word("vs309")->id, VS_HOST_MOUNTS);
	assert_int_equal(finding_by_word("host-mounts")->id, VS_HOST_MOUNTS);
	assert_null(finding_by_word("VS999"));
	assert_null(finding_by_word("VS"));
	assert_null(finding_by_word("309"));
	assert_null(finding_by_word(""));
	assert_null(finding_kind(0));
}

static void inhibitors_block_until_lifted(void **state)
{
	struct pool pool = POOL_INIT;
	struct findings f = { .pool = &pool };

	(void)state;
	finding_add(&f, VS_HOST_MOUNTS, "web1", "fstab:3", "mounts %s", "/srv");
	finding_add(&f, VS_NO_ADDRESS, "web2", NULL, "none");
	assert_true(finding_blocks(&f, "web1"));
	assert_false(finding_blocks(&f, "web2"));
	assert_false(finding_blocks(&f, NULL));
	assert_true(finding_override(&f, VS_HOST_MOUNTS, "web2", "other guest"));
	assert_true(finding_blocks(&f, "web1"));
	assert_true(finding_override(&f, VS_HOST_MOUNTS, NULL, "done by hand"));
	assert_false(finding_blocks(&f, "web1"));
	assert_string_equal(f.v[0].override_reason, "done by hand");
	assert_false(finding_override(&f, VS_NO_SPACE, NULL, "no"));
	assert_false(finding_override(&f, VS_NO_ADDRESS, NULL, "a warning"));
	assert_false(finding_override(&f, 999, NULL, "no"));
	finding_add(&f, VS_NOT_ROOT, NULL, NULL, "uid 1000");
	assert_true(finding_blocks(&f, NULL));
	pool_release(&pool);
}

static void hostile_text_is_escaped(void **state)
{
	struct pool pool = POOL_INIT;
	struct findings f = { .pool = &pool };
	char path[3000];

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	finding_add(&f, VS_ITEM_UNKNOWN, "we\033[1mb", path, "a\nb");
	assert_string_equal(f.v[0].guest, "we\\x1B[1mb");
	assert_string_equal(f.v[0].object, path);
	assert_string_equal(f.v[0].seen, "a\\x0Ab");
	pool_release(&pool);
}

static void sorting_is_stable_in_meaning(void **state)
{
	static const struct {
		const char *guest;
		enum finding_id id;
		const char *object;
	} rows[] = {
		{ NULL, VS_NOT_ROOT, NULL }, { NULL, VS_SEVERAL_INSTALLS, NULL },
		{ "a", VS_GUEST_BUSY, NULL }, { "a", VS_NO_SPACE, NULL },
		{ "a", VS_ITEM_UNKNOWN, "x" }, { "a", VS_ITEM_UNKNOWN, "y" },
		{ "b", VS_NO_HOSTNAME, NULL },
	};
	const size_t nr = sizeof(rows) / sizeof(rows[0]);
	struct pool pool = POOL_INIT;
	struct findings f = { .pool = &pool };

	(void)state;
	for (size_t i = 0; i < nr; i++) {
		size_t n = (i * 3 + 2) % nr;	/* some other order, each row once */

		finding_add(&f, rows[n].id, rows[n].guest, rows[n].object, "seen");
	}
	finding_sort(&f);
	for (size_t i = 0; i < nr; i++) {
		assert_int_equal(f.v[i].kind->id, rows[i].id);
		if (rows[i].object)
			assert_string_equal(f.v[i].object, rows[i].object);
	}
	pool_release(&pool);
}

/* The objects of a guest's findings, in the order of the chain: "1 4 " */
static const char *chain(const struct findings *f, const char *guest)
{
	static char text[4096];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = finding_first(f, guest); i != FINDING_NONE; i = finding_next(f, i))
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s ", f->v[i].object);
	return text;
}

/* Whatever is added, cut and sorted between the questions. */
static void findings_of_a_guest(void **state)
{
	struct pool pool = POOL_INIT;
	struct findings f = { .pool = &pool };
	char name[20], object[20];

	(void)state;
	assert_string_equal(chain(&f, "a"), "");
	finding_add(&f, VS_GUEST_BUSY, "b", "1", "seen");
	finding_add(&f, VS_NOT_ROOT, NULL, "2", "seen");
	finding_add(&f, VS_NO_SPACE, "b", "3", "seen");
	assert_string_equal(chain(&f, "b"), "1 3 ");
	assert_string_equal(chain(&f, NULL), "2 ");
	assert_string_equal(chain(&f, "a"), "");
	finding_add(&f, VS_NO_HOSTNAME, "a", "4", "seen");
	finding_add(&f, VS_GUEST_BUSY, "b", "0", "seen");
	assert_string_equal(chain(&f, "b"), "1 3 0 ");
	assert_string_equal(chain(&f, "a"), "4 ");
	finding_sort(&f);
	assert_string_equal(chain(&f, "b"), "0 1 3 ");
	finding_cut(&f, 1);
	assert_string_equal(chain(&f, "b"), "");
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "guest%u", i % 1000);
		snprintf(object, sizeof(object), "%u", i);
		finding_add(&f, i == 2222 ? VS_GUEST_BUSY : VS_NO_HOSTNAME, name, object, "seen");
		if (i % 700 == 0)
			assert_false(finding_blocks(&f, "guest999999"));
	}
	assert_string_equal(chain(&f, "guest7"), "7 1007 2007 ");
	assert_string_equal(chain(&f, "guest999"), "999 1999 2999 ");
	assert_true(finding_blocks(&f, "guest222"));
	assert_false(finding_blocks(&f, "guest221"));
	pool_release(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_complete),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(numbers_match_the_header),
		cmocka_unit_test(words_are_found),
		cmocka_unit_test(inhibitors_block_until_lifted),
		cmocka_unit_test(hostile_text_is_escaped),
		cmocka_unit_test(sorting_is_stable_in_meaning),
		cmocka_unit_test(findings_of_a_guest),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
