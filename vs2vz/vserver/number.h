/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers in configuration files, as VServer's own parsers take them (util-vserver:
 * lib/parselimit.c, src/vsched.c, src/vdlimit.c). Where VServer would have refused
 * the text, ok is false; meant is set where a person would still see a number.
 */
#ifndef VS2VZ_VSERVER_NUMBER_H
#define VS2VZ_VSERVER_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pool.h"
#include "model/guest.h"

#define LIMIT_NONE_SET UINT64_MAX	/* "inf": no limit */

struct number {
	bool present;		/* the file is there */
	bool ok;		/* VServer took it */
	bool meant;		/* value holds what VServer took, or what was meant */
	uint64_t value;		/* LIMIT_NONE_SET: unlimited; also every negative number */
	bool negative;
	const char *differs;	/* why VServer did not take it */
};

/* R-limit: "inf", or a C integer with K, M, k or m behind it, then newline or end. */
struct number number_limit(const struct item *item, struct pool *pool);
/* R-int: a strict C integer on the first line. */
struct number number_int(const struct item *item, struct pool *pool);
/* A C integer from a text that a reading rule has made: "0x10", "010", "-1". */
struct number number_of(const char *text);
/* A size as cgroups take it: bytes with K, M, G; negative: none. */
struct number number_bytes(const struct item *item, struct pool *pool);

#endif
