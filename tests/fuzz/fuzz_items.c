/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: VServer's files: values by every reading rule, fstab.
 */
#include "vserver/fstab.h"
#include "vserver/value.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool pool = POOL_INIT;
	struct item item = { .path = "fstab", .type = ITEM_FILE, .len = size };
	struct fstab fstab;
	struct fstab_options options;
	const char **lines, *differs;

	item.text = pool_memdup(&pool, data, size);
	value_line(&item, &pool);
	value_whole(&item, &pool);
	value_list(&item, &pool, &lines, &differs);
	value_context(&item, &differs, &pool);
	fstab_parse(&fstab, &item, &pool);
	for (size_t i = 0; i < fstab.nr; i++)
		fstab_options(&options, &fstab.v[i], &pool);
	pool_release(&pool);
	return 0;
}
