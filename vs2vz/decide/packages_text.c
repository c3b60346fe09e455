/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Macro files of rpm: the line that put the database outside the tree.
 */
#include "decide/packages.h"

#include <string.h>

/* "%_dbpath /.rpmdb", older "/dev": util-vserver mounted the database there. */
static bool is_external(const char *line, size_t len)
{
	static const char name[] = "%_dbpath";
	static const char *const places[] = { "/.rpmdb", "/dev" };
	const char *end = line + len;

	while (end > line && strchr(" \t\r\n/", end[-1]))
		end--;
	while (line < end && strchr(" \t", *line))
		line++;
	if ((size_t)(end - line) < sizeof(name) || memcmp(line, name, sizeof(name) - 1) != 0)
		return false;
	line += sizeof(name) - 1;
	if (!strchr(" \t", *line))
		return false;
	while (line < end && strchr(" \t", *line))
		line++;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if ((size_t)(end - line) == strlen(places[i]) &&
		    memcmp(line, places[i], strlen(places[i])) == 0)
			return true;
	return false;
}

void packages_filter(struct buf *out, const char *text, size_t len)
{
	const char *end = text + len;

	buf_clear(out);
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line = newline ? (size_t)(newline - text) + 1 : (size_t)(end - text);

		if (!is_external(text, line))
			buf_add(out, text, line);
		text += line;
	}
}
