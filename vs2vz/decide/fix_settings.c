/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Edits of assignments: `K=V` of shell files, `K V` with blanks, `K = V` in sections. The
 * last active one counts for the programs that read such files, so that one changes.
 */
#include "decide/fix_lines.h"

#include <string.h>

struct assignment {
	const char *key, *value, *section;
	bool blank;		/* style=space */
	bool ini;
};

static struct assignment assignment_of(const struct statement *s)
{
	const char *style = statement_get(s, "style"), *section = statement_get(s, "section");

	return (struct assignment){
		.key = statement_get(s, "key"), .value = statement_get(s, "value"),
		.section = section,
		.blank = style && strcmp(style, "space") == 0,
		.ini = style && strcmp(style, "ini") == 0,
	};
}

static bool is_assignment(const struct assignment *a, const char *line, size_t len)
{
	size_t lead = strspn(line, " \t"), key = strlen(a->key), at = lead + key;

	if (at >= len || strncmp(line + lead, a->key, key) != 0)
		return false;
	if (a->blank)
		return line[at] == ' ' || line[at] == '\t';
	if (a->ini)
		at += strspn(line + at, " \t");
	return at < len && line[at] == '=';
}

/* Is this line "[section]" of the one that is meant? Changes *inside at every head. */
static void follow_section(const struct assignment *a, const char *line, size_t len, bool *inside)
{
	size_t lead = strspn(line, " \t"), name;

	if (!a->section || lead >= len || line[lead] != '[')
		return;
	name = strcspn(line + lead + 1, "]\n");
	*inside = strlen(a->section) == name && strncmp(line + lead + 1, a->section, name) == 0;
}

static void put_assignment(struct buf *out, const struct assignment *a)
{
	if (out->len && out->data[out->len - 1] != '\n')
		buf_addch(out, '\n');
	buf_addf(out, "%s%s%s\n", a->key, a->blank ? " " : a->ini ? " = " : "=", a->value);
}

/* Where things stand: the last assignment, and the end of the section. */
struct places {
	const char *assignment;	/* NULL: none */
	const char *section_end; /* after its last line that is not blank; NULL: no section */
};

static void find_places(struct places *at, const struct assignment *a, const char *text)
{
	bool inside = !a->section;
	const char *line;
	size_t len;

	*at = (struct places){ NULL, NULL };
	while (next_line(&text, &line, &len)) {
		follow_section(a, line, len, &inside);
		if (!inside)
			continue;
		if (strspn(line, " \t\r") < len)
			at->section_end = text;
		if (is_assignment(a, line, len))
			at->assignment = line;
	}
}

/* Is the value what is asked for already? Quotes of the same kind included. */
static bool is_set(const struct assignment *a, const char *line)
{
	size_t at = strspn(line, " \t") + strlen(a->key), end = strcspn(line, "\n");

	at += strspn(line + at, a->blank ? " \t" : a->ini ? " \t=" : "");
	at += !a->blank && !a->ini;
	while (end > at && strchr(" \t\r", line[end - 1]))
		end--;
	return end - at == strlen(a->value) && strncmp(line + at, a->value, end - at) == 0;
}

void text_set(struct buf *out, const char *text, const struct statement *s)
{
	const struct assignment a = assignment_of(s);
	const char *start = text, *line;
	struct places at;
	size_t len;

	find_places(&at, &a, text);
	if (at.assignment && is_set(&a, at.assignment)) {
		buf_adds(out, text);
		return;
	}
	while (next_line(&text, &line, &len)) {
		if (line == at.assignment)
			put_assignment(out, &a);
		else
			buf_add(out, line, (size_t)(text - line));
		if (!at.assignment && a.section && text == at.section_end)
			put_assignment(out, &a);
	}
	if (at.assignment || (a.section && at.section_end))
		return;
	if (a.section)
		buf_addf(out, "%s%s[%s]\n", out->len && out->data[out->len - 1] != '\n' ? "\n" : "",
			 *start ? "\n" : "", a.section);
	put_assignment(out, &a);
}

void text_unset(struct buf *out, const char *text, const struct statement *s)
{
	const struct assignment a = assignment_of(s);
	bool inside = !a.section;
	const char *line;
	size_t len;

	while (next_line(&text, &line, &len)) {
		follow_section(&a, line, len, &inside);
		if (inside && is_assignment(&a, line, len))
			buf_addch(out, '#');
		buf_add(out, line, (size_t)(text - line));
	}
}
