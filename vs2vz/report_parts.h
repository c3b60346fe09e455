/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small tools of the text renderers: tables, wrapped paragraphs, colour, groups of
 * findings.
 */
#ifndef VS2VZ_REPORT_PARTS_H
#define VS2VZ_REPORT_PARTS_H

#include "report.h"

enum paint { PAINT_NONE, PAINT_GOOD, PAINT_WARN, PAINT_BAD, PAINT_INFO };

void paint(struct buf *out, bool color, enum paint paint, const char *text);

/* Columns that a text takes: characters, not bytes. */
size_t text_columns(const char *text);
/* The text and blanks up to width, at least none. */
void add_padded(struct buf *out, const char *text, size_t width);
/*
 * A paragraph of at most 79 columns: label, then the text with every further line
 * below its first word. Backquoted commands are not broken.
 */
void add_wrapped(struct buf *out, const char *label, const char *text);

/* Cells row by row, the first row is the heading; NULL is "-"; two blanks between. */
struct table {
	size_t columns, nr, cap;
	const char **cell;
	struct pool *pool;
};
void table_row(struct table *t, const char *const *cells);
size_t table_width(const struct table *t);
/* One line per row; after(out, ctx, row) may add more behind a row (not the heading). */
typedef void table_after(struct buf *out, const void *ctx, size_t row);
void table_print(struct buf *out, const struct table *t, table_after *after, const void *ctx);

/* Findings of one number that are equally lifted or not, in the order of the list. */
struct finding_group {
	const struct finding_kind *kind;
	bool lifted;
	size_t nr, room, nr_guests;
	const struct finding **v;
};
struct finding_groups {
	size_t nr, cap;
	struct finding_group *v;
};
/* Worst first or last; within a level by number. */
void findings_group(struct finding_groups *out, const struct findings *f, bool worst_first,
		    struct pool *pool);
const char *level_word(const struct finding_group *g);
enum paint level_paint(const struct finding_group *g);

/* "1 guest", "3 guests" */
const char *counted(struct pool *pool, uint64_t nr, const char *noun);
/* ISO 8601 in UTC; "-" for 0. */
const char *time_text(struct pool *pool, time_t when);
/* "debian 5", "-" */
const char *system_text(struct pool *pool, const struct report_guest *g);

#endif
