/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of exit statuses, for JSON documents and for people. main.c and
 * commands.c choose; the numbers are documented in vs2vz(8).
 */
#include "exits.h"

static const struct {
	enum exit_status status;
	const char *word;
	const char *text;
} rows[] = {
	{ EXIT_DONE,     "done",     "done, nothing to do, or \"no\" at the question" },
	{ EXIT_FAILED,   "failed",   "failed; everything is as before" },
	{ EXIT_BLOCKED,  "blocked",  "blocked by inhibitors; nothing was changed" },
	{ EXIT_BROKEN,   "broken",   "failed and not back: resume or undo is needed" },
	{ EXIT_PARTIAL,  "partial",  "some guests are done, some are not" },
	{ EXIT_PENDING,  "pending",  "there are changes to make (plan --detailed-exitcode)" },
	{ EXIT_STALE,    "stale",    "the plan does not fit the host any more" },
	{ EXIT_LOCKED,   "locked",   "another vs2vz is at work, or vzctl has all that was asked" },
	{ EXIT_PLATFORM, "platform", "wrong platform, or root rights are needed" },
	{ EXIT_USAGE,    "usage",    "wrong options, plan file or configuration file" },
	{ EXIT_INT,      "stopped",  "ended by SIGINT in a clean state" },
	{ EXIT_TERM,     "stopped",  "ended by SIGTERM in a clean state" },
};

const char *exit_word(int status)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((int)rows[i].status == status)
			return rows[i].word;
	return "unknown";
}

void exit_table(struct buf *out)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		buf_addf(out, "  %3d  %-9s %s\n", (int)rows[i].status, rows[i].word, rows[i].text);
}
