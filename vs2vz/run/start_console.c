/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a console says, read line by line: complaints, services that are started again and
 * again, last words. Words of sysvinit (init.c), Upstart (init/job_process.c), systemd
 * (core/job.c) and of the start scripts of Debian and Red Hat.
 */
#include "run/start.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/shown.h"

static const char *const respawns[] = {
	"respawning too fast", "respawning too quickly", "start request repeated too quickly",
	"main process ended, respawning",
};
static const char *const complaints[] = {
	"failed!", "[failed]", "[ failed", "... failed", "fatal", "cannot execute",
	"kernel panic", "give root password for maintenance",
	"segfault", "dependency failed",
};

/* A step of reading: the text of the line without colours and what is not printable. */
struct reading {
	const char *at, *end;
	char line[256];
};

/* Skips "ESC [ 31 m" and the like; at is behind the escape. */
static const char *skip_escape(const char *at, const char *end)
{
	if (at < end && *at == '[')
		for (at++; at < end && !isalpha((unsigned char)*at);)
			at++;
	return at < end ? at + 1 : at;
}

static bool next_line(struct reading *r)
{
	size_t len = 0;

	if (r->at >= r->end)
		return false;
	while (r->at < r->end && *r->at != '\n') {
		char c = *r->at++;

		if (c == 033)
			r->at = skip_escape(r->at, r->end);
		else if (c == '\r' && r->at < r->end && *r->at != '\n' && *r->at != '\r')
			len = 0;	/* written over */
		else if (c && c != '\r' && len + 1 < sizeof(r->line))
			r->line[len++] = c;
	}
	r->at += r->at < r->end;
	while (len && isspace((unsigned char)r->line[len - 1]))
		len--;
	r->line[len] = '\0';
	return true;
}

static bool holds(const char *line, const char *const *words, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (strcasestr(line, words[i]))
			return true;
	return false;
}

static struct reading read_from(const struct buf *console)
{
	return (struct reading){ .at = console->data, .end = console->data + console->len };
}

/* "failed." ends the line of what was begun, or stands below the reason. */
static bool ends_badly(const char *line)
{
	static const char word[] = "failed.";
	size_t len = strlen(line), own = sizeof(word) - 1;

	return len >= own && strcmp(line + len - own, word) == 0 &&
	       (len == own || line[len - own - 1] == '.' || line[len - own - 1] == ' ');
}

size_t start_complaints(const char **line, size_t max, const struct buf *console,
			struct pool *pool)
{
	struct reading r = read_from(console);
	char begun[sizeof(r.line)] = "";	/* "Mounting local filesystems...mount: denied" */
	size_t nr = 0;

	while (nr < max && next_line(&r)) {
		bool known = false;

		if (strstr(r.line, "..."))
			memcpy(begun, r.line, sizeof(begun));
		if (strcmp(r.line, "failed.") == 0)
			snprintf(r.line, sizeof(r.line), "%.200s | failed.", begun);
		else if (!ends_badly(r.line) &&
			 !holds(r.line, complaints, sizeof(complaints) / sizeof(complaints[0])))
			continue;
		for (size_t i = 0; i < nr; i++)
			known |= strcmp(line[i], r.line) == 0;
		if (!known)
			line[nr++] = shown_dup(pool, r.line);
	}
	return nr;
}

const char *start_respawns(const struct buf *console, struct pool *pool)
{
	struct reading r = read_from(console);

	while (next_line(&r))
		if (holds(r.line, respawns, sizeof(respawns) / sizeof(respawns[0])))
			return shown_dup(pool, r.line);
	return NULL;
}

const char *start_last_words(const struct buf *console, size_t nr, struct pool *pool)
{
	struct buf out CLEANUP_BUF = BUF_INIT;
	struct reading r = read_from(console);
	size_t lines = 0;

	while (next_line(&r))
		lines += r.line[0] != '\0';
	r = read_from(console);
	while (next_line(&r)) {
		if (!r.line[0] || lines-- > nr)
			continue;
		buf_adds(&out, out.len ? " | " : "");
		shown_add(&out, r.line);
	}
	return pool_memdup(pool, out.data, out.len);
}
