/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: vz.conf and CTID.conf. What is rendered must be read back, whatever the
 * sample holds.
 */
#include "openvz/conf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool pool = POOL_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	char *text = pool_memdup(&pool, data, size);
	struct ct ct = { .ctid = 101 };
	struct conf conf;
	const char *got;

	conf_parse(&conf, text, size, &pool);
	ct_set(&ct, &pool, "ONBOOT", "yes", "test");
	if (conf_value_ok(text))
		ct_set(&ct, &pool, "HOSTNAME", text, "test");
	conf_apply(&out, text, size, &ct);
	conf_parse(&conf, out.data, out.len, &pool);
	got = conf_get(&conf, "ONBOOT");
	if (!got || strcmp(got, "yes") != 0)
		abort();
	pool_release(&pool);
	return 0;
}
