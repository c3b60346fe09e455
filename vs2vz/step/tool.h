/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a program of the host: e2fsck (fsck.h), lvm (lvm.h), vzquota (kind_trace.c). By its
 * full path, without a
 * shell, with an environment of its own (PATH, LC_ALL=C), at the end of its input from
 * the start, and with no descriptor of ours but one that is given to it. When we die it
 * is killed: nothing goes on behind the back of the next run.
 */
#ifndef VS2VZ_STEP_TOOL_H
#define VS2VZ_STEP_TOOL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

#define TOOL_FD "/proc/self/fd/3"	/* the descriptor that is given, by name */

struct tool_said {
	int status;		/* exit status; 128 and the number of the signal */
	bool late;		/* it was killed: its time was over */
	struct buf out, err;	/* stdout, stderr: at most 4 MiB of each, the rest is lost */
};
#define TOOL_SAID_INIT { .out = BUF_INIT, .err = BUF_INIT }
#define CLEANUP_TOOL __attribute__((cleanup(tool_release)))
void tool_release(struct tool_said *said);

/* Is there a program at this path of the running system? */
bool tool_exists(const char *path);
/*
 * args[0] is the path; the last one NULL. fd: -1, or what is TOOL_FD for it. 0: it ran to
 * its end, whatever that was.
 */
int tool_run(struct tool_said *said, const char *const args[], int fd, struct err *err)
	MUST_CHECK;
/* The same with a limit: it and all that it started is killed after so many seconds. */
int tool_run_within(struct tool_said *said, const char *const args[], unsigned seconds,
		    struct err *err) MUST_CHECK;
/* The first lines that begin with none of skip (ends with NULL), as one: "a; b". */
void tool_words(struct buf *words, const struct buf *heard, const char *const skip[]);

#endif
