/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vzctl's configuration grammar, read as vzctl 3.1 and later reads it (vzctl:
 * src/lib/config.c, src/lib/util.c), and written so that vzctl and a root shell
 * that sources the file get the same bytes and nothing is executed.
 *
 * Pure text: neither opens files nor knows where they are.
 */
#include "openvz/conf.h"

#include <stdbool.h>
#include <string.h>

/* vzctl copies the key into a buffer of this size, and saves lines from a 16 KiB one. */
#define KEY_SIZE 512
#define VALUE_MAX 15000

static const char escaped[] = "\\\"$`";

/* Other names under which vzctl takes the same parameter. */
static const struct {
	const char *alias;
	const char *key;
} aliases[] = {
	{ "DCACHE",	"DCACHESIZE" },
	{ "IPTENTRIES",	"NUMIPTENT" },
};

/* isspace() of the C locale: what vzctl trims. */
static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t line_length(const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);

	return end ? (size_t)(end - text) + 1 : len;
}

/* A line as vzctl looks at it: up to a NUL, backslashes off, then blanks around it off. */
static char *clean_line(const char *bytes, size_t len, struct pool *pool)
{
	char *line = pool_memdup(pool, bytes, len);
	char *to = line;

	for (const char *from = line; *from; from++) {
		if (*from == '\\' && !*++from)
			break;
		*to++ = *from;
	}
	while (to > line && is_space(to[-1]))
		to--;
	*to = '\0';
	while (is_space(*line))
		line++;
	return line;
}

/* Cut a cleaned line at its first '='; NULL where it assigns nothing. */
static char *split_key(char *line)
{
	char *equals = strchr(line, '=');

	if (!*line || *line == '#' || !equals || equals - line >= KEY_SIZE)
		return NULL;
	*equals = '\0';
	return equals + 1;
}

/* Take the quotes off in place; false: opened and never closed, vzctl skips the line. */
static bool unquote(char **value)
{
	char *end;

	(*value)++;
	end = strrchr(*value, '"');
	if (!end)
		return false;
	*end = '\0';
	return true;
}

static const char *cut_comment(const char *value, struct pool *pool)
{
	size_t len = 0;

	while (value[len] && !(is_space(value[len]) && value[len + 1] == '#'))
		len++;
	while (len > 0 && is_space(value[len - 1]))
		len--;
	return pool_memdup(pool, value, len);
}

void conf_parse(struct conf *out, const char *text, size_t len, struct pool *pool)
{
	size_t cap = 0;
	unsigned nr = 0;

	*out = (struct conf){ 0, NULL };
	/* vzctl's buffer is as large as the file: a lone unterminated line loses a byte. */
	if (len > 0 && !memchr(text, '\n', len))
		len--;
	while (len > 0) {
		size_t n = line_length(text, len);
		char *key = clean_line(text, n, pool);
		char *value = split_key(key);
		bool quoted = value && *value == '"';
		struct conf_line *line;

		nr++;
		text += n;
		len -= n;
		if (!value || (quoted && !unquote(&value)))
			continue;
		line = pool_grow(pool, &out->v, &out->nr, &cap, sizeof(*line));
		*line = (struct conf_line){
			.line = nr, .key = key, .value = value,
			.cut = quoted ? value : cut_comment(value, pool),
		};
	}
}

const char *conf_get(const struct conf *conf, const char *key)
{
	for (size_t i = 0; i < conf->nr; i++)
		if (strcmp(conf->v[i].key, key) == 0)
			return conf->v[i].cut;
	return NULL;
}

/* The limit holds for the written form: a value may double when it is escaped. */
bool conf_value_ok(const char *value)
{
	size_t len = 0;

	for (; *value; value++) {
		if (*value == '\n' || *value == '\r')
			return false;
		len += strchr(escaped, *value) ? 2 : 1;
		if (len > VALUE_MAX)
			return false;
	}
	return true;
}

void conf_render(struct buf *out, const char *key, const char *value)
{
	buf_adds(out, key);
	buf_adds(out, "=\"");
	for (; *value; value++) {
		if (strchr(escaped, *value))
			buf_addch(out, '\\');
		buf_addch(out, *value);
	}
	buf_adds(out, "\"\n");
}

static const char *unalias(const char *key)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
		if (strcmp(aliases[i].alias, key) == 0)
			return aliases[i].key;
	return key;
}

/* The setting that a line of the sample is about; ct->nr where there is none. */
static size_t setting_of(const struct ct *ct, char *line)
{
	size_t i = ct->nr;

	if (split_key(line)) {
		const char *key = unalias(line);

		for (i = 0; i < ct->nr && strcmp(ct->set[i].key, key) != 0; i++)
			;
	}
	return i;
}

/* Does the line, as bytes, set the key in column 0? Only such a line does vzctl replace. */
static bool is_in_column_0(const char *line, size_t len, const char *key)
{
	size_t n = strlen(key);

	return len > n && memcmp(line, key, n) == 0 && line[n] == '=';
}

static bool has_two_lines(const char *text, size_t len)
{
	size_t first = line_length(text, len);

	return memchr(text + first, '\n', len - first) != NULL;
}

void conf_apply(struct buf *out, const char *sample, size_t len, const struct ct *ct)
{
	struct pool pool = POOL_INIT;
	bool *done = pool_array(&pool, ct->nr + 1, sizeof(*done));
	size_t start = out->len;

	while (len > 0) {
		size_t n = line_length(sample, len);
		size_t i = setting_of(ct, clean_line(sample, n, &pool));

		if (i == ct->nr) {
			buf_add(out, sample, n);
		} else if (ct->set[i].value && !done[i] && is_in_column_0(sample, n, ct->set[i].key)) {
			conf_render(out, ct->set[i].key, ct->set[i].value);
			done[i] = true;
		}
		sample += n;
		len -= n;
	}
	if (out->len > start && out->data[out->len - 1] != '\n')
		buf_addch(out, '\n');
	for (size_t i = 0; i < ct->nr; i++)
		if (!done[i] && ct->set[i].value)
			conf_render(out, ct->set[i].key, ct->set[i].value);
	while (!has_two_lines(out->data + start, out->len - start))
		buf_addch(out, '\n');
	pool_release(&pool);
}
