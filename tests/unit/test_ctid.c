/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Container numbers: the order of the rules, what is never given, and that a number
 * depends neither on the selection nor on what was converted before.
 */
#include "decide/ctid.h"
#include "decide_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MAX 8

static struct fixture fx;
static struct host host;
static struct guest guest[MAX];
static struct guests all;
static struct choices choices;
static struct ctid_pick picks[MAX];

static int make(void **state)
{
	(void)state;
	fixture_make(&fx);
	host_make(&host);
	memset(guest, 0, sizeof(guest));
	all = (struct guests){ .v = guest };
	choices = (struct choices){ .ctid_base = 1000 };
	fixture_dir(&fx, "/etc/vz/conf");
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	fixture_remove(&fx);
	return 0;
}

static struct guest *add(const char *name, int64_t xid)
{
	struct guest *g = &guest[all.nr++];

	host_guest(g, &fx.pool, name);
	g->xid = xid;
	return g;
}

static void assign(void)
{
	const struct guest *selected[MAX];
	struct ctid_request request = {
		.all = &all, .host = &host, .root = &fx.root, .choices = &choices,
		.selected = selected, .nr_selected = all.nr,
	};

	for (size_t i = 0; i < all.nr; i++)
		selected[i] = &guest[i];
	if (ctid_assign(picks, &request, &fx.pool, &fx.findings, &fx.err) < 0)
		fail_msg("%s", fx.err.text);
}

static void test_digits(void **state)
{
	static const struct {
		const char *name;
		uint32_t ctid;
	} rows[] = {
		{ "345", 345 }, { "a0345", 0 }, { "v101", 101 }, { "web100", 0 },
		{ "x2147483644", 2147483644u }, { "x2147483645", 0 },
		{ "x99999999999999999999", 0 }, { "z345z", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		add(rows[i].name, -1);
	assign();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool free_number = picks[i].ctid >= 1000 && picks[i].ctid < 1000 + MAX;

		if (rows[i].ctid)
			assert_int_equal(picks[i].ctid, rows[i].ctid);
		else
			assert_true(free_number);
	}
	/* a0345 suggests 345 as well, which the guest 345 has: the one note. */
	assert_int_equal(fx.findings.nr, 1);
	assert_int_equal(fixture_found(&fx, VS_CTID_CHANGED), 1);
}

static void test_context(void **state)
{
	(void)state;
	add("a", 100);
	add("b", 101);
	add("c", 49151);
	add("d", 49152);
	add("v345", 49153);
	add("w346", 2000);
	assign();
	assert_int_equal(picks[0].ctid, 1000);
	assert_int_equal(picks[1].ctid, 101);
	assert_string_equal(picks[1].from, "static context");
	assert_int_equal(picks[2].ctid, 49151);
	assert_int_equal(picks[3].ctid, 1001);
	assert_int_equal(picks[4].ctid, 345);
	assert_int_equal(picks[5].ctid, 346);
	assert_int_equal(fx.findings.nr, 0);
}

/* A level is settled for all guests before the next: a later explicit number wins. */
static void test_levels(void **state)
{
	static const struct ctid_choice explicit[] = { { "z", 345 } };
	static const struct ctid_choice map[] = { { "y", 500 }, { "z", 501 } };

	(void)state;
	choices.explicit = explicit;
	choices.nr_explicit = 1;
	choices.map = map;
	choices.nr_map = 2;
	add("a", 500);
	add("b345", 777);
	add("y", 300);
	add("z", -1);
	assign();
	assert_int_equal(picks[0].ctid, 1000);
	assert_int_equal(picks[1].ctid, 777);
	assert_int_equal(picks[2].ctid, 500);
	assert_string_equal(picks[2].from, "map file");
	assert_int_equal(picks[3].ctid, 345);
	assert_int_equal(fixture_found(&fx, VS_CTID_CHANGED), 2);
	assert_int_equal(fx.findings.nr, 2);
}

static void test_taken_on_disk(void **state)
{
	(void)state;
	fixture_file(&fx, "/etc/vz/conf/345.conf", "");
	fixture_dir(&fx, "/vz/private/346");
	fixture_file(&fx, "/vz/root/347/etc/passwd", "");
	fixture_dir(&fx, "/vz/root/348");
	fixture_file(&fx, "/etc/vz/conf/1000.mount", "");
	fixture_file(&fx, "/etc/vz/conf/1001.conf", "");
	add("v345", -1);
	add("v346", -1);
	add("v347", -1);
	add("v348", -1);
	assign();
	assert_int_equal(picks[0].ctid, 1002);
	assert_int_equal(picks[1].ctid, 1003);
	assert_int_equal(picks[2].ctid, 1004);
	assert_int_equal(picks[3].ctid, 348);
	assert_int_equal(fixture_found(&fx, VS_CTID_CHANGED), 3);
	assert_non_null(strstr(host_finding(&fx, VS_CTID_CHANGED)->seen, "/etc/vz/conf/345.conf"));
}

static void test_asked_in_vain(void **state)
{
	static const struct ctid_choice explicit[] = {
		{ "a", 100 }, { "b", 2147483645u }, { "c", 600 }, { "d", 601 }, { "e", 601 }, { "f", 0 },
	};

	(void)state;
	choices.explicit = explicit;
	choices.nr_explicit = 6;
	fixture_dir(&fx, "/vz/private/600");
	for (const char *name = "abcdef"; *name; name++)
		add(pool_printf(&fx.pool, "%c", *name), 700 + *name);
	assign();
	assert_int_equal(fixture_found(&fx, VS_CTID_INVALID), 3);
	assert_int_equal(fixture_found(&fx, VS_CTID_TAKEN), 1);
	assert_int_equal(fixture_found(&fx, VS_CTID_DUPLICATE), 2);
	assert_int_equal(fx.findings.nr, 6);
	assert_string_equal(host_finding(&fx, VS_CTID_TAKEN)->guest, "c");
}

static void test_clones(void **state)
{
	(void)state;
	add("a", 400);
	add("b", 400);
	add("c400", -1);
	assign();
	assert_int_equal(picks[2].ctid, 400);
	assert_int_equal(picks[0].ctid, 1000);
	assert_int_equal(picks[1].ctid, 1001);
	assert_int_equal(fixture_found(&fx, VS_CTID_CHANGED), 2);
}

/* What was converted keeps its number, and nobody else's number moves. */
static void test_stable(void **state)
{
	(void)state;
	for (const char *name = "abcd"; *name; name++)
		add(pool_printf(&fx.pool, "%c", *name), -1);
	assign();
	assert_int_equal(picks[1].ctid, 1001);
	assert_int_equal(picks[3].ctid, 1003);
	guest[1].state = GUEST_CONVERTED;
	guest[1].marker_ctid = 1001;
	fixture_file(&fx, "/etc/vz/conf/1001.conf", "");
	fixture_dir(&fx, "/vz/private/1001");
	assign();
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(picks[i].ctid, 1000 + i);
	assert_int_equal(fx.findings.nr, 0);
}

static void test_scan_asks(void **state)
{
	const char *from;

	(void)state;
	add("a", -1);
	add("v345", -1);
	choices.ctid_base = 5;
	assert_int_equal(decide_ctid(&guest[1], &all, &host, &fx.root, &choices, &fx.pool, &from), 345);
	assert_string_equal(from, "name's last digits");
	assert_int_equal(decide_ctid(&guest[0], &all, &host, &fx.root, &choices, &fx.pool, &from), 101);
	assert_string_equal(from, "lowest free number");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_digits, make, unmake),
		cmocka_unit_test_setup_teardown(test_context, make, unmake),
		cmocka_unit_test_setup_teardown(test_levels, make, unmake),
		cmocka_unit_test_setup_teardown(test_taken_on_disk, make, unmake),
		cmocka_unit_test_setup_teardown(test_asked_in_vain, make, unmake),
		cmocka_unit_test_setup_teardown(test_clones, make, unmake),
		cmocka_unit_test_setup_teardown(test_stable, make, unmake),
		cmocka_unit_test_setup_teardown(test_scan_asks, make, unmake),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
