/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs e2fsck and reads what it says.
 */
#include "step/fsck.h"

#include "step/tool.h"

#define PROGRAM "/sbin/e2fsck"

int fsck_check(int fd, struct err *err)
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
	return fail(err, "%s found the new file system damaged (status %d): %s", PROGRAM,
		    said.status, show(words.data ? words.data : ""));
}
