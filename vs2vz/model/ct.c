/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The settings of a container to be: an ordered list in which a key stands once.
 * Knows nothing of the file that they end up in; that is openvz/conf.c.
 */
#include "model/ct.h"

#include <string.h>

static struct setting *find(const struct ct *ct, const char *key)
{
	for (size_t i = 0; i < ct->nr; i++)
		if (strcmp(ct->set[i].key, key) == 0)
			return &ct->set[i];
	return NULL;
}

void ct_set(struct ct *ct, struct pool *pool, const char *key, const char *value,
	    const char *from)
{
	struct setting *set = find(ct, key);

	if (!set) {
		set = pool_grow(pool, &ct->set, &ct->nr, &ct->cap, sizeof(*set));
		set->key = pool_strdup(pool, key);
	}
	set->value = pool_strdup(pool, value);
	set->from = from ? pool_strdup(pool, from) : NULL;
}

const char *ct_get(const struct ct *ct, const char *key)
{
	const struct setting *set = find(ct, key);

	return set ? set->value : NULL;
}
