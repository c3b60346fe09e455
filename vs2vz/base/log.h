/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is told while working: stderr for people, a file for later.
 *
 * Levels: LOG_ERROR and LOG_NOTE always reach stderr (NOTE not with -q), LOG_DETAIL
 * with -v. Everything reaches the log file when one is open: UTC time, guest, text.
 * File contents are never logged. The file is 0600 and lives outside the journal;
 * losing it loses nothing.
 */
#ifndef VS2VZ_BASE_LOG_H
#define VS2VZ_BASE_LOG_H

#include "base/err.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_NOTE, LOG_DETAIL };

/* verbosity: -1 quiet, 0 normal, 1 detail. color: on stderr. */
void log_setup(int verbosity, bool color);
/* Take over an open descriptor for the log file. */
void log_to(int fd);
/* Guest that following lines speak of; NULL: the host. Not copied. */
void log_guest(const char *guest);
void log_say(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);
void log_close(void);

#endif
