/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line grammar: one parser for plan, log and recipes. A line is split and
 * decoded in one pass over a private copy; nothing outside words.c knows about
 * escapes.
 */
#include "base/words.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "base/units.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Decode %HH in place; false on a malformed escape or a NUL. */
static bool decode(char *text)
{
	char *out = text;

	for (; *text; text++) {
		if (*text == '%') {
			int high = hex(text[1]);
			int low = high < 0 ? -1 : hex(text[2]);

			if (low < 0 || (high == 0 && low == 0))
				return false;
			*out++ = (char)(high << 4 | low);
			text += 2;
		} else {
			*out++ = *text;
		}
	}
	*out = '\0';
	return true;
}

static int add_word(struct words *w, char *word, struct err *err)
{
	char *equal = strchr(word, '=');

	if (!equal) {
		if (w->nr_pairs || w->nr_bare == WORDS_BARE_MAX)
			return fail(err, "unexpected word '%s'", show(word));
		if (!decode(word))
			return fail(err, "malformed word '%s'", show(word));
		w->bare[w->nr_bare++] = word;
		return 0;
	}
	*equal = '\0';
	if (!*word || words_get(w, word) || w->nr_pairs == WORDS_PAIR_MAX)
		return fail(err, "empty, repeated or surplus key '%s'", show(word));
	if (!decode(equal + 1))
		return fail(err, "malformed value of '%s'", show(word));
	w->pair[w->nr_pairs].key = word;
	w->pair[w->nr_pairs++].value = equal + 1;
	return 0;
}

int words_parse(struct words *w, const char *line, struct err *err)
{
	char *at;

	memset(w, 0, sizeof(*w));
	w->store = xstrdup(line);
	for (at = w->store; *at;) {
		char *word = at;

		while (*at && *at != ' ')
			at++;
		if (*at)
			*at++ = '\0';
		for (const char *c = word; *c; c++) {
			if (*c < 0x21 || *c > 0x7e) {
				fail(err, "byte that should be escaped in '%s'", show(word));
				goto bad;
			}
		}
		if (*word && add_word(w, word, err) < 0)
			goto bad;
	}
	return 0;
bad:
	words_release(w);
	return -1;
}

void words_release(struct words *w)
{
	free(w->store);
	memset(w, 0, sizeof(*w));
}

const char *words_get(const struct words *w, const char *key)
{
	for (size_t i = 0; i < w->nr_pairs; i++)
		if (strcmp(w->pair[i].key, key) == 0)
			return w->pair[i].value;
	return NULL;
}

int words_u64(const struct words *w, const char *key, uint64_t *out, struct err *err)
{
	const char *value = words_get(w, key);

	if (!value)
		return fail(err, "'%s' is missing", key);
	if (!parse_u64(value, UINT64_MAX, out))
		return fail(err, "'%s' is no number: '%s'", key, show(value));
	return 0;
}

static void escape(struct buf *out, const char *bytes, size_t len, unsigned char lowest)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c >= lowest && c <= 0x7e && c != '%')
			buf_addch(out, (char)c);
		else
			buf_addf(out, "%%%02X", c);
	}
}

void words_bare(struct buf *line, const char *text)
{
	if (line->len && line->data[line->len - 1] != '\n')
		buf_addch(line, ' ');
	for (; *text; text++) {
		if (*text == '=')
			buf_adds(line, "%3D");
		else
			escape(line, text, 1, 0x21);
	}
}

void words_pair(struct buf *line, const char *key, const char *value)
{
	if (line->len && line->data[line->len - 1] != '\n')
		buf_addch(line, ' ');
	buf_adds(line, key);
	buf_addch(line, '=');
	escape(line, value, strlen(value), 0x21);
}

void words_pairf(struct buf *line, const char *key, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		die("no memory");
	va_end(ap);
	words_pair(line, key, text);
	free(text);
}

void words_escape_line(struct buf *out, const char *bytes, size_t len)
{
	escape(out, bytes, len, 0x20);
}

bool words_unescape(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '%') {
			int high = hex(text[1]);
			int low = high < 0 ? -1 : hex(text[2]);

			if (low < 0)
				return false;
			buf_addch(out, (char)(high << 4 | low));
			text += 2;
		} else {
			buf_addch(out, *text);
		}
	}
	return true;
}
