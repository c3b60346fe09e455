/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reading rules of util-vserver's configuration files. Knows bytes and the
 * shell's "read" builtin; knows no item's meaning.
 *
 * Two readings are made of each file: the one VServer made, and the one that the
 * person who wrote it had in mind. They differ at carriage returns, backslashes,
 * missing newlines, blank first lines and NUL bytes. A value is never read past a
 * NUL: no configuration of the new world could carry it.
 */
#include "vserver/value.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CONTEXT_MAX_LEN 50	/* lib/getvserverctx.c: longer files are refused */
#define WHY_NUL "a NUL byte ends the value"
#define WHY_CR "the line ends in a carriage return, which VServer keeps"
#define WHY_CUT "the file is too large to be read in full"

/* One line of a file as "read" without -r takes it. */
struct line {
	char *text;		/* trimmed, escapes removed */
	const char *raw;	/* trimmed, escapes and CR as they are */
	size_t raw_len;
	bool escaped;		/* a backslash was removed */
	bool ended;		/* by a newline, not by the end of the file */
	size_t used;		/* bytes taken from the file */
};

const struct item *items_find(const struct items *items, const char *path)
{
	size_t low = 0, high = items->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(items->v[mid].path, path);

		if (order == 0)
			return &items->v[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static size_t len_to_nul(const struct item *item)
{
	const char *nul = item->len ? memchr(item->text, '\0', item->len) : NULL;

	return nul ? (size_t)(nul - item->text) : item->len;
}

static void raw_of(struct line *line, const char *bytes)
{
	size_t from = 0, to = line->used;

	if (to && bytes[to - 1] == '\n')
		to--;
	while (from < to && is_blank(bytes[from]))
		from++;
	while (to > from && is_blank(bytes[to - 1]))
		to--;
	line->raw = bytes + from;
	line->raw_len = to - from;
}

/* Bytes up to and with the newline that no backslash precedes. */
static size_t line_len(const char *bytes, size_t len)
{
	size_t at = 0;

	while (at < len && bytes[at] != '\n')
		at += bytes[at] == '\\' ? 2 : 1;
	return at < len ? at + 1 : len;
}

static struct line read_line(const char *bytes, size_t rest, struct pool *pool)
{
	size_t len = line_len(bytes, rest), at = 0, nr = 0, keep = 0;
	struct line line = { .text = pool_alloc(pool, len + 1) };

	while (at < len && !line.ended) {
		char c = bytes[at++];

		if (c == '\n') {
			line.ended = true;
		} else if (c == '\\') {
			line.escaped = true;
			if (at < len && bytes[at++] != '\n') {
				line.text[nr++] = bytes[at - 1];
				keep = nr;
			}
		} else if (nr || !is_blank(c)) {
			line.text[nr++] = c;
			keep = is_blank(c) ? keep : nr;
		}
	}
	line.text[keep] = '\0';
	line.used = at;
	raw_of(&line, bytes);
	return line;
}

/* Without the carriage return and the blanks before it. */
static const char *without_cr(const char *text, size_t len, struct pool *pool)
{
	while (len && (text[len - 1] == '\r' || is_blank(text[len - 1])))
		len--;
	return pool_memdup(pool, text, len);
}

static bool ends_in_cr(const char *text)
{
	size_t len = strlen(text);

	return len && text[len - 1] == '\r';
}

/* The first line with something in it, for a file that starts with a blank one. */
static const char *later_line(const char *bytes, size_t len, struct pool *pool)
{
	while (len) {
		struct line line = read_line(bytes, len, pool);
		const char *text = without_cr(line.raw, line.raw_len, pool);

		if (*text)
			return text;
		bytes += line.used;
		len -= line.used;
	}
	return NULL;
}

static struct value first_line(const struct item *item, struct pool *pool, bool *ended)
{
	struct value v = { .text = "", .liberal = "" };
	struct line line;
	size_t len;

	*ended = false;
	if (!item || item->type != ITEM_FILE)
		return v;
	len = len_to_nul(item);
	line = read_line(item->text, len, pool);
	*ended = line.ended;
	v.present = true;
	v.text = v.liberal = line.text;
	if (line.escaped || ends_in_cr(line.text)) {
		v.liberal = without_cr(line.raw, line.raw_len, pool);
		v.differs = line.escaped ? "VServer takes the backslash as an escape" : WHY_CR;
	} else if (!*line.text && len == item->len) {
		const char *later = later_line(item->text + line.used, len - line.used, pool);

		v.liberal = later ? later : "";
		v.differs = later ? "the first line is blank, and VServer reads only that" : NULL;
	}
	if (len < item->len && !line.ended)
		v.differs = WHY_NUL;
	return v;
}

struct value value_line(const struct item *item, struct pool *pool)
{
	bool ended;

	return first_line(item, pool, &ended);
}

/*
 * _getInterfaceValue of scripts/vserver.functions: "read" fails at an unterminated
 * line although it has set the variable, so the next file in the list is read as well.
 */
struct value value_iface(const struct items *items, const char *iface, const char *key,
			 struct pool *pool)
{
	const char *own_path = pool_printf(pool, "%s/%s", iface, key);
	const char *parent_path = pool_printf(pool, "interfaces/%s", key);
	bool ended, parent_ended;
	struct value own = first_line(items_find(items, own_path), pool, &ended);
	struct value parent;

	if (own.present && ended)
		return own;
	parent = first_line(items_find(items, parent_path), pool, &parent_ended);
	if (!own.present || !parent.present)
		return own.present ? own : parent;
	if (strcmp(own.liberal, parent.text) == 0)
		return parent;
	parent.liberal = own.liberal;
	parent.differs = "the file has no newline at its end: VServer goes on to the one above it";
	return parent;
}

struct value value_whole(const struct item *item, struct pool *pool)
{
	struct value v = { .text = "", .liberal = "" };
	struct line line;
	size_t len;

	if (!item || item->type != ITEM_FILE)
		return v;
	len = len_to_nul(item);
	while (len && item->text[len - 1] == '\n')
		len--;
	v.present = true;
	v.text = pool_memdup(pool, item->text, len);
	line = read_line(v.text, len, pool);
	v.liberal = without_cr(line.raw, line.raw_len, pool);
	if (strchr(v.text, '\n'))
		v.differs = "VServer takes all lines of the file";
	else if (ends_in_cr(v.text))
		v.differs = WHY_CR;
	else if (strcmp(v.text, v.liberal) != 0)
		v.differs = "VServer keeps the blanks around the value";
	if (len_to_nul(item) < item->len)
		v.differs = WHY_NUL;
	else if (item->cut)
		v.differs = WHY_CUT;
	return v;
}

size_t value_list(const struct item *item, struct pool *pool, const char ***lines,
		  const char **differs)
{
	size_t nr = 0, cap = 0, at = 0, len;

	*lines = NULL;
	*differs = NULL;
	if (!item || item->type != ITEM_FILE)
		return 0;
	len = len_to_nul(item);
	if (len < item->len || item->cut)
		*differs = item->cut ? WHY_CUT : WHY_NUL;
	while (at < len) {
		struct line line = read_line(item->text + at, len - at, pool);

		at += line.used;
		if (!*line.text || *line.text == '#')
			continue;
		if (!line.ended) {
			*differs = "the last line has no newline: VServer does not read it";
			break;
		}
		if (ends_in_cr(line.text))
			*differs = WHY_CR;
		*(const char **)pool_grow(pool, lines, &nr, &cap, sizeof(**lines)) = line.text;
	}
	return nr;
}

static const char *no_number(const struct item *item)
{
	if (item->len > CONTEXT_MAX_LEN || item->cut)
		return "the file is too long for a number";
	return "VServer's library reads no number here";
}

int64_t value_context(const struct item *item, const char **differs, struct pool *pool)
{
	char *end;
	char *text;
	long long n;

	*differs = NULL;
	if (!item || item->type != ITEM_FILE)
		return -1;
	if (item->len > CONTEXT_MAX_LEN) {
		*differs = no_number(item);
		return -1;
	}
	text = pool_memdup(pool, item->text, item->len);
	errno = 0;
	n = strtoll(text, &end, 10);
	if ((*end && *end != '\n') || errno || n < 0 || n > INT32_MAX) {
		*differs = no_number(item);
		return -1;
	}
	if (len_to_nul(item) < item->len)
		*differs = WHY_NUL;
	return n;
}
