/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How util-vserver reads a configuration file: each item has one of these rules
 * (util-vserver: scripts/vserver.functions, lib/parselimit.c; the shell's read builtin). A reader
 * returns what VServer itself would have got; where a person reading the file
 * would expect something else (missing newline, CR, trailing blank), differs is set
 * to a short text for VS_READ_DIFFERS and liberal to that other value.
 */
#ifndef VS2VZ_VSERVER_VALUE_H
#define VS2VZ_VSERVER_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pool.h"
#include "model/guest.h"

struct value {
	bool present;		/* the file exists and the rule yields a value */
	const char *text;	/* what VServer got; "" allowed */
	const char *liberal;	/* what was probably meant; equals text where nothing differs */
	const char *differs;	/* NULL, or why the two differ */
};

/* The item of that path, or NULL. Binary search. */
const struct item *items_find(const struct items *items, const char *path);

/* R-line: shell "read" without -r on the first line. */
struct value value_line(const struct item *item, struct pool *pool);
/* R-iface: R-line on interfaces/N/KEY with the parent's quirk of unterminated files. */
struct value value_iface(const struct items *items, const char *iface, const char *key,
			 struct pool *pool);
/* R-whole: whole file, trailing newlines removed. */
struct value value_whole(const struct item *item, struct pool *pool);
/* R-list: trimmed lines, blank and '#' lines dropped, an unterminated last line lost. */
size_t value_list(const struct item *item, struct pool *pool, const char ***lines,
		  const char **differs);
/* G/context by the C rule; -1 and differs set where the file is no number. */
int64_t value_context(const struct item *item, const char **differs, struct pool *pool);

#endif
