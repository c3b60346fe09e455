/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables, paragraphs, colour and grouping for the text and HTML renderers. Knows the
 * form, not the contents.
 */
#include "report_parts.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH 79

void paint(struct buf *out, bool color, enum paint how, const char *text)
{
	static const char *const codes[] = {
		[PAINT_NONE] = "", [PAINT_GOOD] = "\033[32m", [PAINT_WARN] = "\033[33m",
		[PAINT_BAD] = "\033[1;31m", [PAINT_INFO] = "\033[36m",
	};

	if (!color || how == PAINT_NONE)
		buf_adds(out, text);
	else
		buf_addf(out, "%s%s\033[0m", codes[how], text);
}

size_t text_columns(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void add_padded(struct buf *out, const char *text, size_t width)
{
	size_t columns = text_columns(text);

	buf_adds(out, text);
	while (columns++ < width)
		buf_addch(out, ' ');
}

/* Bytes up to the next blank; a backquoted command is one word. */
static size_t word_length(const char *text)
{
	size_t len = 0;
	bool quoted = false;

	while (text[len] && (quoted || (text[len] != ' ' && text[len] != '\n')))
		quoted ^= text[len++] == '`';
	return len;
}

void add_wrapped(struct buf *out, const char *label, const char *text)
{
	size_t indent = text_columns(label), at = indent;

	buf_adds(out, label);
	while (*text) {
		size_t len = word_length(text);

		if (at > indent && at + 1 + len > WIDTH) {
			buf_addch(out, '\n');
			add_padded(out, "", indent);
			at = indent;
		}
		if (at > indent) {
			buf_addch(out, ' ');
			at++;
		}
		buf_add(out, text, len);
		at += len;
		text += len;
		text += strspn(text, " \n");
	}
	buf_addch(out, '\n');
}

void table_row(struct table *t, const char *const *cells)
{
	for (size_t i = 0; i < t->columns; i++) {
		const char **cell = pool_grow(t->pool, &t->cell, &t->nr, &t->cap,
					      sizeof(*cell));

		*cell = cells[i] && *cells[i] ? cells[i] : "-";
	}
}

static size_t column_width(const struct table *t, size_t column)
{
	size_t width = 0;

	for (size_t i = column; i < t->nr; i += t->columns) {
		size_t n = text_columns(t->cell[i]);

		width = n > width ? n : width;
	}
	return width;
}

size_t table_width(const struct table *t)
{
	size_t width = 2 * (t->columns - 1);

	for (size_t c = 0; c < t->columns; c++)
		width += column_width(t, c);
	return width;
}

void table_print(struct buf *out, const struct table *t, table_after *after, const void *ctx)
{
	size_t *width = pool_array(t->pool, t->columns, sizeof(*width));

	for (size_t c = 0; c < t->columns; c++)
		width[c] = column_width(t, c);
	for (size_t row = 0; row * t->columns < t->nr; row++) {
		const char **cell = t->cell + row * t->columns;

		for (size_t c = 0; c + 1 < t->columns; c++)
			add_padded(out, cell[c], width[c] + 2);
		buf_addf(out, "%s\n", cell[t->columns - 1]);
		if (after && row)
			after(out, ctx, row - 1);
		buf_drain(out);
	}
}

static struct finding_group *group_of(struct finding_groups *groups, const struct finding *one,
				      struct pool *pool)
{
	bool lifted = one->override_reason != NULL;
	struct finding_group *g;

	for (size_t i = 0; i < groups->nr; i++)
		if (groups->v[i].kind == one->kind && groups->v[i].lifted == lifted)
			return &groups->v[i];
	g = pool_grow(pool, &groups->v, &groups->nr, &groups->cap, sizeof(*g));
	g->kind = one->kind;
	g->lifted = lifted;
	return g;
}

static int by_guest(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Different guests; findings of one mostly follow each other. */
static size_t count_guests(const struct finding_group *g)
{
	const char **name = xmalloc(g->nr * sizeof(*name));
	size_t nr = 0, different = 0;

	for (size_t i = 0; i < g->nr; i++)
		if (g->v[i]->guest && !(nr && strcmp(name[nr - 1], g->v[i]->guest) == 0))
			name[nr++] = g->v[i]->guest;
	if (nr > 1)
		qsort(name, nr, sizeof(*name), by_guest);
	for (size_t i = 0; i < nr; i++)
		different += !i || strcmp(name[i - 1], name[i]) != 0;
	free(name);
	return different;
}

/* A lifted inhibitor stands below one that blocks, above a warning. */
static int rank(const struct finding_group *g)
{
	return (int)g->kind->level * 2 - (g->lifted ? 1 : 0);
}

static int compare_best_first(const void *left, const void *right)
{
	const struct finding_group *a = left, *b = right;

	return rank(a) != rank(b) ? rank(a) - rank(b) : (int)a->kind->id - (int)b->kind->id;
}

static int compare_worst_first(const void *left, const void *right)
{
	const struct finding_group *a = left, *b = right;

	return rank(a) != rank(b) ? rank(b) - rank(a) : (int)a->kind->id - (int)b->kind->id;
}

void findings_group(struct finding_groups *out, const struct findings *f, bool worst_first,
		    struct pool *pool)
{
	*out = (struct finding_groups){ 0 };
	for (size_t i = 0; i < f->nr; i++)
		group_of(out, &f->v[i], pool)->room++;
	for (size_t i = 0; i < out->nr; i++)
		out->v[i].v = pool_array(pool, out->v[i].room, sizeof(*out->v[i].v));
	for (size_t i = 0; i < f->nr; i++) {
		struct finding_group *g = group_of(out, &f->v[i], pool);

		g->v[g->nr++] = &f->v[i];
	}
	for (size_t i = 0; i < out->nr; i++)
		out->v[i].nr_guests = count_guests(&out->v[i]);
	if (out->nr > 1)
		qsort(out->v, out->nr, sizeof(*out->v),
		      worst_first ? compare_worst_first : compare_best_first);
}

const char *level_word(const struct finding_group *g)
{
	static const char *const words[] = {
		[LEVEL_INFO] = "info", [LEVEL_FIXED] = "fixed", [LEVEL_WARNING] = "warning",
		[LEVEL_INHIBITOR] = "inhibitor",
	};

	return g->lifted ? "overridden" : words[g->kind->level];
}

enum paint level_paint(const struct finding_group *g)
{
	static const enum paint paints[] = {
		[LEVEL_INFO] = PAINT_INFO, [LEVEL_FIXED] = PAINT_GOOD,
		[LEVEL_WARNING] = PAINT_WARN, [LEVEL_INHIBITOR] = PAINT_BAD,
	};

	return g->lifted ? PAINT_WARN : paints[g->kind->level];
}

const char *counted(struct pool *pool, uint64_t nr, const char *noun)
{
	return pool_printf(pool, "%llu %s%s", (unsigned long long)nr, noun, nr == 1 ? "" : "s");
}

const char *time_text(struct pool *pool, time_t when)
{
	char text[40];
	struct tm utc;

	if (!when)
		return "-";
	gmtime_r(&when, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	return pool_strdup(pool, text);
}

const char *system_text(struct pool *pool, const struct report_guest *g)
{
	if (!g->distro)
		return "-";
	return pool_printf(pool, "%s%s%s", g->distro, g->version ? " " : "",
			   g->version ? g->version : "");
}
