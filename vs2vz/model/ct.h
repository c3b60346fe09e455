/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The container to be.
 */
#ifndef VS2VZ_MODEL_CT_H
#define VS2VZ_MODEL_CT_H

#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"

/* One key of CTID.conf; value unescaped. */
struct setting {
	const char *key;
	const char *value;
	const char *from;	/* item it came from, or what decided it: for the plan */
};

struct ct {
	uint32_t ctid;
	const char *ctid_from;	/* "digits of the name", "static context", ... */
	const char *private;	/* canonical target paths */
	const char *root;
	const char *conf;
	const char *name_link;	/* names/NAME; NULL: no usable name */
	const char *sample_name; /* "vps.basic" */
	const char *sample_path; /* NULL: built in */
	size_t nr, cap;
	struct setting *set;	/* in the order in which they are added to a sample */
};

/* Set (or set again) a key. Strings are copied. */
void ct_set(struct ct *ct, struct pool *pool, const char *key, const char *value,
	    const char *from);
const char *ct_get(const struct ct *ct, const char *key);

#endif
