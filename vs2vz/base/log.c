/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines to stderr and to the log file. Each is put together first and written by one
 * call, so that lines of several threads do not mix. Never fails: a log that cannot
 * be written must not end the work that it tells about.
 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/progress.h"
#include "base/shown.h"

static const struct {
	const char *word;	/* in the file, and before ": " on stderr */
	const char *color;
	int verbosity;		/* reaches stderr from here on */
	bool prefix;
} levels[] = {
	[LOG_ERROR]   = { "error",   "\033[1;31m", -1, true },
	[LOG_WARNING] = { "warning", "\033[1;33m", -1, true },
	[LOG_NOTE]    = { "note",    "\033[1;36m",  0, true },
	[LOG_DETAIL]  = { "detail",  "",            1, false },
};

static int log_verbosity;
static bool log_color;
static int log_fd = -1;
static const char *log_about;

void log_setup(int verbosity, bool color)
{
	log_verbosity = verbosity;
	log_color = color;
}

void log_to(int fd)
{
	log_close();
	log_fd = fd;
}

void log_guest(const char *guest)
{
	log_about = guest;
}

/* A reader that went away or a full disk ends the line, not the program. */
static void put(int fd, const struct buf *line)
{
	size_t done = 0;

	while (done < line->len) {
		ssize_t n = write(fd, line->data + done, line->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		done += (size_t)n;
	}
}

static void to_stderr(enum log_level level, const char *text)
{
	struct buf line CLEANUP_BUF = BUF_INIT;

	if (levels[level].prefix)
		buf_addf(&line, "%s%s:%s ", log_color ? levels[level].color : "",
			 levels[level].word, log_color ? "\033[0m" : "");
	if (log_about) {
		shown_add(&line, log_about);
		buf_adds(&line, ": ");
	}
	buf_addf(&line, "%s\n", text);
	progress_hide();
	put(STDERR_FILENO, &line);
}

static void to_file(enum log_level level, const char *text)
{
	struct buf line CLEANUP_BUF = BUF_INIT;
	time_t now = time(NULL);
	struct tm utc;
	char stamp[40];

	gmtime_r(&now, &utc);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &utc);
	buf_addf(&line, "%s ", stamp);
	shown_add(&line, log_about ? log_about : "-");
	buf_addf(&line, " %s %s\n", levels[level].word, text);
	put(log_fd, &line);
}

void log_say(enum log_level level, const char *fmt, ...)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	bool heard = log_verbosity >= levels[level].verbosity;
	char *raw = NULL;
	va_list ap;
	int len;

	if (!heard && log_fd < 0)
		return;
	va_start(ap, fmt);
	len = vasprintf(&raw, fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	shown_add(&text, raw);
	free(raw);
	if (heard)
		to_stderr(level, text.data);
	if (log_fd >= 0)
		to_file(level, text.data);
}

void log_close(void)
{
	if (log_fd >= 0)
		close(log_fd);
	log_fd = -1;
}
