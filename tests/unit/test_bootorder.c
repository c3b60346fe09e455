/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Start order over all guests: larger starts first.
 */
#include "decide/decide.h"
#include "decide_run.h"

static void depends(struct guest *guest_of, const char *names)
{
	const char *path = pool_printf(&fx.pool, "%s/apps/init/depends", guest_of->conf);

	host_item(&guest_of->items, &fx.pool, "apps", ITEM_DIR, "");
	host_item(&guest_of->items, &fx.pool, "apps/init", ITEM_DIR, "");
	host_item(&guest_of->items, &fx.pool, "apps/init/depends", ITEM_FILE, names);
	fixture_file(&fx, path, names);
}

static const char *order(size_t i)
{
	return ct_get(&out.v[i].ct, "BOOTORDER");
}

static const struct fate *fate(size_t i, const char *path)
{
	const struct ledger *l = &out.v[i].ledger;

	for (size_t n = 0; n < l->nr; n++)
		if (strcmp(l->v[n].item->path, path) == 0)
			return &l->v[n];
	fail_msg("no fate of '%s'", path);
	return NULL;
}

static void test_none(void **state)
{
	(void)state;
	add("a");
	add("b");
	run();
	assert_null(order(0));
	assert_null(order(1));
}

static void test_chain(void **state)
{
	(void)state;
	add("app");
	add("db");
	add("san");
	add("web");
	depends(&guest[0], "db\n");
	depends(&guest[1], "san\n");
	depends(&guest[3], "app\nsan\n");
	run();
	assert_string_equal(order(0), "1");
	assert_string_equal(order(1), "2");
	assert_string_equal(order(2), "3");
	assert_null(order(3));	/* last, as without a number */
	assert_int_equal(fate(3, "apps/init/depends")->verdict, VERDICT_SAME);
	assert_string_equal(fate(0, "apps/init/depends")->result, "BOOTORDER=1");
	assert_int_equal(fixture_found(&fx, VS_START_ORDER), 0);
}

/* A last line without newline was never read; an unknown name; one that is off at boot. */
static void test_odd_names(void **state)
{
	(void)state;
	add("a");
	add("b");
	add("c");
	depends(&guest[0], "wings\n# c\nb");
	depends(&guest[1], "c\n");
	guest[2].on_boot = false;
	run();
	assert_null(order(1));
	assert_string_equal(order(2), "1");
	assert_int_equal(fixture_found(&fx, VS_START_ORDER), 2);
}

static void test_circle(void **state)
{
	(void)state;
	add("a");
	add("b");
	add("c");
	depends(&guest[0], "b\n");
	depends(&guest[1], "a\n");
	depends(&guest[2], "c\n");
	run();
	assert_int_equal(fixture_found(&fx, VS_START_ORDER), 3);
	assert_int_equal(finding_blocks(&fx.findings, "a"), 0);
}

/* The numbers alone: what a legacy guest's plan needs of the disk is of no interest. */
static void test_priority(void **state)
{
	(void)state;
	add("new");
	for (size_t i = 1; i < 4; i++) {
		struct guest *g = add(pool_printf(&fx.pool, "old%zu", i));

		g->style = STYLE_LEGACY;
		g->items.nr = 0;
		g->conf = pool_printf(&fx.pool, "/etc/vservers/%s.conf", g->name);
		fixture_file(&fx, g->conf, "");
	}
	host_item(&guest[1].items, &fx.pool, "PRIORITY", ITEM_FILE, "20");
	host_item(&guest[2].items, &fx.pool, "PRIORITY", ITEM_FILE, "900");
	depends(&guest[0], "old2\n");
	run();
	assert_null(order(0));
	assert_string_equal(order(1), "980");
	assert_string_equal(order(2), "100");
	assert_string_equal(order(3), "900");	/* 100 where unset */
	assert_int_equal(fate(1, "PRIORITY")->verdict, VERDICT_SAME);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_none), TEST(test_chain), TEST(test_odd_names), TEST(test_circle),
		TEST(test_priority),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
