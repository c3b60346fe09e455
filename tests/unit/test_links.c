/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of multiply-linked inodes: every number is found again, also when
 * several threads count at once and all parts grow.
 */
#include "base/links.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stddef.h>

#include <cmocka.h>

#define NUMBERS 100000

static void count(void *ctx, const struct link_slot *slot)
{
	uint64_t *sums = ctx;

	sums[0]++;
	sums[1] += slot->seen;
	sums[2] += slot->ino;
}

static void finds_again(void **state)
{
	struct links *links = links_new();
	uint64_t sums[3] = { 0, 0, 0 };

	(void)state;
	for (uint64_t ino = 1; ino <= NUMBERS; ino++) {
		struct link_slot *slot = links_hold(links, ino << 20 | ino);

		assert_int_equal(slot->ino, ino << 20 | ino);
		assert_int_equal(slot->seen, 0);
		slot->seen = 1;
		slot->value = ~ino;
		links_let_go(links, slot->ino);
	}
	for (uint64_t ino = NUMBERS; ino; ino--) {
		struct link_slot *slot = links_hold(links, ino << 20 | ino);

		assert_int_equal(slot->seen, 1);
		assert_true(slot->value == ~ino);
		links_let_go(links, slot->ino);
	}
	links_each(links, count, sums);
	assert_int_equal(sums[0], NUMBERS);
	links_free(links);
}

static void *count_all(void *arg)
{
	for (uint64_t ino = 1; ino <= NUMBERS / 4; ino++) {
		links_hold(arg, ino)->seen++;
		links_let_go(arg, ino);
	}
	return NULL;
}

static void counts_in_threads(void **state)
{
	struct links *links = links_new();
	uint64_t sums[3] = { 0, 0, 0 };
	pthread_t thread[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, count_all, links), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	links_each(links, count, sums);
	assert_int_equal(sums[0], NUMBERS / 4);
	assert_int_equal(sums[1], NUMBERS);
	links_free(links);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_again),
		cmocka_unit_test(counts_in_threads),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
