/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CONF/NAME.conf: a shell script that a root shell sourced. It is read as text:
 * assignments, "case $PROFILE in", and tests that only ask for PROFILE are
 * understood; anything else is listed by line and has no effect. Nothing runs.
 */
#ifndef VS2VZ_VSERVER_LEGACY_H
#define VS2VZ_VSERVER_LEGACY_H

#include <stddef.h>

#include "base/pool.h"
#include "model/guest.h"

#define LEGACY_LINES_MAX 64

struct legacy {
	struct items items;	/* by variable; the last assignment counts */
	size_t nr_code;		/* lines that are code, also those beyond the array */
	unsigned code[LEGACY_LINES_MAX];
};

/* text: NUL-terminated. profile: of the run file, or NULL for "prod". */
void legacy_parse(struct legacy *out, const char *text, const char *profile, struct pool *pool);

#endif
