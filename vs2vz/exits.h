/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exit statuses: part of the contract with scripts. One table serves the program,
 * `vs2vz help exit-codes` and the "result" of JSON documents.
 */
#ifndef VS2VZ_EXITS_H
#define VS2VZ_EXITS_H

#include "base/buf.h"

enum exit_status {
	EXIT_DONE = 0,		/* or nothing to do */
	EXIT_FAILED = 1,	/* everything as before */
	EXIT_BLOCKED = 2,	/* inhibitors; nothing changed */
	EXIT_BROKEN = 3,	/* failed and not back: resume or undo */
	EXIT_PARTIAL = 4,	/* some guests done, some not */
	EXIT_PENDING = 5,	/* plan --detailed-exitcode: there are changes */
	EXIT_STALE = 6,		/* the plan no longer fits the host */
	EXIT_LOCKED = 7,	/* by another vs2vz; or all that was asked for, by vzctl */
	EXIT_PLATFORM = 8,	/* wrong kernel, no permission */
	EXIT_USAGE = 64,
	EXIT_INT = 130,
	EXIT_TERM = 143,
};

/* "done", "blocked", ...; "unknown" for other numbers. */
const char *exit_word(int status);
/* The table for people. */
void exit_table(struct buf *out);

#endif
