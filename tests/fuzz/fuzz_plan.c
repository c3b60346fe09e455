/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: plans. What parses must print and parse to the same text.
 */
#include "step/plan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool pool = POOL_INIT;
	const char *text = pool_memdup(&pool, data, size);
	struct plan plan = { 0 };
	struct err err = { 0 };

	if (plan_parse(&plan, &text, &pool, &err) == 0) {
		CLEANUP_BUF struct buf once = BUF_INIT;
		CLEANUP_BUF struct buf twice = BUF_INIT;
		struct plan again = { 0 };
		const char *from;

		plan_print(&once, &plan);
		from = once.data;
		if (plan_parse(&again, &from, &pool, &err) < 0)
			abort();
		plan_print(&twice, &again);
		if (strcmp(once.data, twice.data) != 0)
			abort();
	}
	pool_release(&pool);
	return 0;
}
