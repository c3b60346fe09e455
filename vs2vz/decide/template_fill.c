/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fills in the places of a template, and quotes what comes from elsewhere for a shell:
 * between single quotes every byte stands for itself but the quote.
 */
#include "decide/templates.h"

#include <string.h>

#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"

static const char *find_word(const struct template_word *words, const char *name, size_t len)
{
	for (; words->name; words++)
		if (strlen(words->name) == len && strncmp(words->name, name, len) == 0)
			return words->text;
	die("a template asks for '%.*s'", (int)len, name);
}

void template_fill(struct buf *out, const char *template, const struct template_word *words)
{
	while (*template) {
		const char *at = strchr(template, '@');
		size_t len = at ? strspn(at + 1, CAPITALS) : 0;

		if (!at) {
			buf_adds(out, template);
			return;
		}
		buf_add(out, template, (size_t)(at - template));
		if (len && at[1 + len] == '@') {
			buf_adds(out, find_word(words, at + 1, len));
			template = at + len + 2;
		} else {
			buf_addch(out, '@');
			template = at + 1;
		}
	}
}

void template_quote(struct buf *out, const char *text)
{
	buf_addch(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addch(out, *text);
	}
	buf_addch(out, '\'');
}
