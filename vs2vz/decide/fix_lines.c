/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines and patterns. A last line without a newline keeps it that way, unless something
 * comes behind it.
 */
#include "decide/fix_lines.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"

void patterns_make(struct patterns *p, const struct statement *s)
{
	*p = (struct patterns){ .s = s };
	if (s->match != MATCH_REGEX || !s->nr_lines)
		return;
	p->re = xcalloc(s->nr_lines, sizeof(*p->re));
	for (size_t i = 0; i < s->nr_lines; i++)
		if (s->line[i].mark != '>' &&
		    regcomp(&p->re[i], s->line[i].text, REG_EXTENDED) != 0)
			die("a pattern that was checked is none: '%s'", show(s->line[i].text));
}

void patterns_release(struct patterns *p)
{
	for (size_t i = 0; p->re && i < p->s->nr_lines; i++)
		if (p->s->line[i].mark != '>')
			regfree(&p->re[i]);
	free(p->re);
	p->re = NULL;
}

bool pattern_match(const struct patterns *p, size_t i, const char *line, size_t len)
{
	const char *pattern = p->s->line[i].text;
	char text[FIX_LINE_MAX + 1];

	if (p->s->match == MATCH_EXACT)
		return strlen(pattern) == len && memcmp(pattern, line, len) == 0;
	if (len > FIX_LINE_MAX)
		return false;
	memcpy(text, line, len);
	text[len] = '\0';
	if (p->s->match == MATCH_GLOB)
		return fnmatch(pattern, text, 0) == 0;
	return regexec(&p->re[i], text, 0, NULL, 0) == 0;
}

bool patterns_match(const struct patterns *p, const char *line, size_t len)
{
	bool found = false;

	for (size_t i = 0; i < p->s->nr_lines; i++) {
		if (p->s->line[i].mark == '!' && pattern_match(p, i, line, len))
			return false;
		if (p->s->line[i].mark == '|' && !found)
			found = pattern_match(p, i, line, len);
	}
	return found;
}

bool next_line(const char **text, const char **line, size_t *len)
{
	if (!**text)
		return false;
	*line = *text;
	*len = strcspn(*text, "\n");
	*text += *len + ((*text)[*len] == '\n');
	return true;
}

bool has_line(const char *text, const char *wanted)
{
	const char *line;
	size_t len;

	while (next_line(&text, &line, &len))
		if (strlen(wanted) == len && memcmp(wanted, line, len) == 0)
			return true;
	return false;
}

/* A line as it stood, newline included where it had one. */
static void keep(struct buf *out, const char *line, size_t len)
{
	buf_add(out, line, len + (line[len] == '\n'));
}

static void own_line(struct buf *out, const char *text)
{
	if (out->len && out->data[out->len - 1] != '\n')
		buf_addch(out, '\n');
	buf_addf(out, "%s\n", text);
}

void text_content(struct buf *out, const struct statement *s, char mark)
{
	for (size_t i = 0; i < s->nr_lines; i++)
		if (s->line[i].mark == mark)
			buf_addf(out, "%s\n", s->line[i].text);
}

void text_comment(struct buf *out, const char *text, const struct statement *s)
{
	struct patterns CLEANUP_PATTERNS p;
	const char *line;
	size_t len;

	patterns_make(&p, s);
	while (next_line(&text, &line, &len)) {
		if (line[strspn(line, " \t")] != '#' && patterns_match(&p, line, len))
			buf_addch(out, '#');
		keep(out, line, len);
	}
}

void text_uncomment(struct buf *out, const char *text, const struct statement *s)
{
	struct patterns CLEANUP_PATTERNS p;
	const char *line;
	size_t len;

	patterns_make(&p, s);
	while (next_line(&text, &line, &len)) {
		bool off = *line == '#' && len && patterns_match(&p, line + 1, len - 1);

		keep(out, line + off, len - off);
	}
}

void text_restore(struct buf *out, const char *text, const struct statement *s)
{
	const char *line;
	size_t len;

	(void)s;
	while (next_line(&text, &line, &len)) {
		bool off = len && *line == '#';

		keep(out, line + off, len - off);
	}
}

void text_drop(struct buf *out, const char *text, const struct statement *s)
{
	struct patterns CLEANUP_PATTERNS p;
	const char *line;
	size_t len;

	patterns_make(&p, s);
	while (next_line(&text, &line, &len))
		if (!patterns_match(&p, line, len))
			keep(out, line, len);
}

/* Pairs of blocks: lines '|' from first, then lines '>' up to the next '|'. */
struct block {
	size_t first, nr_old, nr_new;
};

static bool next_block(struct block *b, const struct statement *s)
{
	size_t i = b->first = b->first + b->nr_old + b->nr_new;

	while (i < s->nr_lines && s->line[i].mark == '|')
		i++;
	b->nr_old = i - b->first;
	while (i < s->nr_lines && s->line[i].mark == '>')
		i++;
	b->nr_new = i - b->first - b->nr_old;
	return b->nr_old > 0;
}

/* Where nr content lines from first end, if they begin here; NULL: they do not. */
static const char *block_at(const char *text, const struct statement *s, size_t first, size_t nr)
{
	const char *line;
	size_t len;

	for (size_t i = first; i < first + nr; i++) {
		const char *wanted = s->line[i].text;

		if (!next_line(&text, &line, &len) || strlen(wanted) != len ||
		    memcmp(wanted, line, len) != 0)
			return NULL;
	}
	return text;
}

/* What was replaced before is left alone, also where the old lines are part of the new. */
static const char *replace_here(struct buf *out, const char *text, const struct statement *s)
{
	for (struct block b = { 0, 0, 0 }; next_block(&b, s);) {
		const char *done = block_at(text, s, b.first + b.nr_old, b.nr_new);
		const char *end = block_at(text, s, b.first, b.nr_old);

		if (b.nr_new && done) {
			buf_add(out, text, (size_t)(done - text));
			return done;
		}
		if (!end)
			continue;
		for (size_t i = 0; i < b.nr_new; i++)
			own_line(out, s->line[b.first + b.nr_old + i].text);
		return end;
	}
	return NULL;
}

void text_replace(struct buf *out, const char *text, const struct statement *s)
{
	const char *line;
	size_t len;

	while (*text) {
		const char *end = replace_here(out, text, s);

		if (end)
			text = end;
		else if (next_line(&text, &line, &len))
			keep(out, line, len);
	}
}

static void expand(struct buf *out, const char *with, const char *line, const regmatch_t *m)
{
	for (; *with; with++) {
		if (*with != '\\' || !with[1]) {
			buf_addch(out, *with);
			continue;
		}
		with++;
		if (*with < '0' || *with > '9')
			buf_addch(out, *with);
		else if (m[*with - '0'].rm_so >= 0)
			buf_add(out, line + m[*with - '0'].rm_so,
				(size_t)(m[*with - '0'].rm_eo - m[*with - '0'].rm_so));
	}
}

/* Every match in one line. */
static void substitute(struct buf *out, const regex_t *re, const char *line, const char *with)
{
	regmatch_t m[10];
	int flags = 0;

	while (regexec(re, line, 10, m, flags) == 0) {
		buf_add(out, line, (size_t)m[0].rm_so);
		expand(out, with, line, m);
		line += m[0].rm_eo;
		if (m[0].rm_eo == m[0].rm_so) {	/* an empty match: go on behind it */
			if (!*line)
				return;
			buf_addch(out, *line++);
		}
		flags = REG_NOTBOL;
	}
	buf_adds(out, line);
}

static void substitute_line(struct buf *out, const struct patterns *p, const char *line)
{
	struct buf now CLEANUP_BUF = BUF_INIT, next CLEANUP_BUF = BUF_INIT;
	const struct statement *s = p->s;

	buf_adds(&now, line);
	for (size_t i = 0; i + 1 < s->nr_lines; i++) {
		if (s->line[i].mark != '|' || s->line[i + 1].mark != '>')
			continue;
		buf_clear(&next);
		substitute(&next, &p->re[i], now.data, s->line[i + 1].text);
		buf_clear(&now);
		buf_add(&now, next.data, next.len);
	}
	buf_add(out, now.data, now.len);
}

void text_substitute(struct buf *out, const char *text, const struct statement *s)
{
	struct patterns CLEANUP_PATTERNS p;
	char copy[FIX_LINE_MAX + 1];
	const char *line;
	size_t len;

	patterns_make(&p, s);
	while (next_line(&text, &line, &len)) {
		if (len > FIX_LINE_MAX) {
			keep(out, line, len);
			continue;
		}
		memcpy(copy, line, len);
		copy[len] = '\0';
		substitute_line(out, &p, copy);
		if (line[len] == '\n')
			buf_addch(out, '\n');
	}
}

void text_append(struct buf *out, const char *text, const struct statement *s)
{
	buf_adds(out, text);
	for (size_t i = 0; i < s->nr_lines; i++)
		if (!has_line(out->data, s->line[i].text))
			own_line(out, s->line[i].text);
}

static bool has_all_new(const char *text, const struct statement *s)
{
	for (size_t i = 0; i < s->nr_lines; i++)
		if (s->line[i].mark == '>' && !has_line(text, s->line[i].text))
			return false;
	return true;
}

static void put_new(struct buf *out, const struct statement *s)
{
	for (size_t i = 0; i < s->nr_lines; i++)
		if (s->line[i].mark == '>')
			own_line(out, s->line[i].text);
}

void text_insert(struct buf *out, const char *text, const struct statement *s)
{
	bool before = strcmp(statement_get(s, "place"), "before") == 0;
	bool done = has_all_new(text, s);
	struct patterns CLEANUP_PATTERNS p;
	const char *line;
	size_t len;

	patterns_make(&p, s);
	while (next_line(&text, &line, &len)) {
		bool here = !done && patterns_match(&p, line, len);

		if (here && before)
			put_new(out, s);
		keep(out, line, len);
		if (here && !before)
			put_new(out, s);
		done |= here;
	}
}
