/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log inside a journal: replaying it when a journal is opened. Appending is in
 * run/journal.h.
 */
#ifndef VS2VZ_RUN_LOGFILE_H
#define VS2VZ_RUN_LOGFILE_H

#include "run/journal.h"

#define LOG_FORMAT 2

/* Set phase, first, last, reached, next_seq and log_len from the log's bytes. */
int log_replay(struct journal *j, const char *bytes, size_t len, struct err *err) MUST_CHECK;
/*
 * After log_replay() of the same bytes: is the log as long as its seal says? A seal that is
 * no whole one says nothing.
 */
int log_check_seal(const struct journal *j, const char *bytes, const struct buf *seal,
		   struct err *err) MUST_CHECK;
#define LOG_SEAL "seal"
/* The first line of a new log. */
void log_first_line(struct buf *out);

#endif
