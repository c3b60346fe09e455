/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs e2fsck and reads what it says.
 */
#include "step/fsck.h"

#include "step/tool.h"

#define PROGRAM "/sbin/e2fsck"
#define FSCK_FAILED 8	/* from here on nothing was found: e2fsck itself failed, or was not run */

int fsck_check(int fd, const char *which, struct err *err)
{
	static const char *const args[] = { PROGRAM, "-fn", TOOL_FD, NULL };
	static const char *const skip[] = { "e2fsck ", "Pass ", NULL };
	struct tool_said CLEANUP_TOOL said = TOOL_SAID_INIT;
	struct buf CLEANUP_BUF words = BUF_INIT;

	if (!tool_exists(PROGRAM))
		return 0;
	if (tool_run(&said, args, fd, err) < 0)
		return -1;
	if (said.status == 0)
		return 0;
	tool_words(&words, &said.out, skip);
	tool_words(&words, &said.err, skip);
	if (said.status >= FSCK_FAILED)
		return fail(err, "%s did not work (status %d): mend it, or move it away to go on "
			    "without: %s", PROGRAM, said.status, show(words.data ? words.data : ""));
	return fail(err, "%s found %s damaged (status %d): %s", PROGRAM, which,
		    said.status, show(words.data ? words.data : ""));
}
