/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who shares inodes with whom: small worlds by hand, a large one against a table, and
 * several threads that add at once.
 */
#include "base/sharing.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

static struct pool pool = POOL_INIT;

static void is(const struct sharing *s, unsigned tree, uint64_t guests, uint64_t stores,
	       uint64_t unknown, size_t names)
{
	struct sharers out;

	sharing_of(s, tree, &out, &pool);
	assert_int_equal(out.guests, guests);
	assert_int_equal(out.stores, stores);
	assert_int_equal(out.unknown, unknown);
	assert_int_equal(out.nr, names);
}

static void by_hand(void **state)
{
	struct sharing *s = sharing_new();
	unsigned web = sharing_tree(s, "web", 0), db = sharing_tree(s, "db", 0);
	unsigned store = sharing_tree(s, "/vservers/.hash", 1), alone = sharing_tree(s, "alone", 0);
	struct sharers out;

	(void)state;
	/* web, db and the store, complete */
	sharing_add(s, web, 1, 10, 1, 3);
	sharing_add(s, db, 1, 10, 1, 3);
	sharing_add(s, store, 1, 10, 1, 3);
	/* web twice and the store; one name is in no tree */
	sharing_add(s, web, 1, 11, 2, 4);
	sharing_add(s, store, 1, 11, 1, 4);
	/* the same number on another device */
	sharing_add(s, alone, 2, 10, 1, 2);
	/* db and nobody */
	sharing_add(s, db, 1, 12, 3, 4);
	sharing_join(s);
	is(s, web, 1, 2, 1, 2);
	is(s, db, 1, 1, 1, 2);
	is(s, store, 2, 0, 1, 2);
	is(s, alone, 0, 0, 1, 0);
	sharing_of(s, web, &out, &pool);
	assert_string_equal(out.name[0], "/vservers/.hash");
	assert_string_equal(out.name[1], "db");
	sharing_free(s);
}

/* A second join sees what was added since, and counts nothing twice. */
static void again(void **state)
{
	struct sharing *s = sharing_new();
	unsigned web = sharing_tree(s, "web", 0), store;

	(void)state;
	is(s, web, 0, 0, 0, 0);
	sharing_add(s, web, 1, 10, 1, 2);
	sharing_join(s);
	is(s, web, 0, 0, 1, 0);
	store = sharing_tree(s, "hash", 1);
	sharing_add(s, store, 1, 10, 1, 2);
	sharing_join(s);
	is(s, web, 0, 1, 0, 1);
	is(s, store, 1, 0, 0, 1);
	sharing_join(s);
	is(s, web, 0, 1, 0, 1);
	sharing_free(s);
	sharing_free(NULL);
}

#define TREES 20
#define INODES 5000

/* Inode i lies in tree t when i is a multiple of t + 1. */
static void *add_tree(void *ctx)
{
	struct sharing *s = ((void **)ctx)[0];
	unsigned t = (unsigned)(uintptr_t)((void **)ctx)[1];

	for (uint64_t i = t + 1; i <= INODES; i += t + 1) {
		uint64_t links = 0;

		for (unsigned k = 1; k <= TREES; k++)
			links += i % k == 0;
		sharing_add(s, t, 7, i, 1, links + (i % 100 == 0));
	}
	return NULL;
}

/* The same by counting. */
static void expect(const struct sharing *s, unsigned t)
{
	uint64_t guests = 0, stores = 0, unknown = 0;

	for (uint64_t i = t + 1; i <= INODES; i += t + 1) {
		bool guest = false, store = false;

		for (unsigned k = 0; k < TREES; k++)
			if (k != t && i % (k + 1) == 0)
				*(k % 2 ? &guest : &store) = true;
		guests += guest;
		stores += store;
		unknown += i % 100 == 0;
	}
	is(s, t, guests, stores, unknown, TREES - 1);
}

static void many_threads(void **state)
{
	struct sharing *s = sharing_new();
	pthread_t thread[TREES];
	void *ctx[TREES][2];

	(void)state;
	for (unsigned t = 0; t < TREES; t++)
		assert_int_equal(sharing_tree(s, t % 2 ? "guest" : "store", t % 2 == 0), t);
	for (unsigned t = 0; t < TREES; t++) {
		ctx[t][0] = s;
		ctx[t][1] = (void *)(uintptr_t)t;
		assert_int_equal(pthread_create(&thread[t], NULL, add_tree, ctx[t]), 0);
	}
	for (unsigned t = 0; t < TREES; t++)
		pthread_join(thread[t], NULL);
	sharing_join(s);
	for (unsigned t = 0; t < TREES; t++)
		expect(s, t);
	sharing_free(s);
}

static int tear_down(void **state)
{
	(void)state;
	pool_release(&pool);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(again),
		cmocka_unit_test(many_threads),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, tear_down);
}
