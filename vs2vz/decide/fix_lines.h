/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Edits of text, line by line: pure. Each appends to out what becomes of the text; where
 * nothing is to be changed that is the text itself, byte for byte.
 */
#ifndef VS2VZ_DECIDE_FIX_LINES_H
#define VS2VZ_DECIDE_FIX_LINES_H

#include <regex.h>

#include "base/buf.h"
#include "decide/recipe.h"

#define FIX_LINE_MAX 4096	/* longer lines match nothing */

/* The patterns of a statement, ready to use. */
struct patterns {
	const struct statement *s;
	regex_t *re;		/* one for each content line, where match is regex */
};
void patterns_make(struct patterns *p, const struct statement *s);
void patterns_release(struct patterns *p);
#define CLEANUP_PATTERNS __attribute__((cleanup(patterns_release)))
/* Does a line (no newline) match a '|' pattern and no '!'? */
bool patterns_match(const struct patterns *p, const char *line, size_t len);
/* Does it match content line i? */
bool pattern_match(const struct patterns *p, size_t i, const char *line, size_t len);

/* Takes the next line off *text: its length without the newline; false at the end. */
bool next_line(const char **text, const char **line, size_t *len);
bool has_line(const char *text, const char *line);

typedef void text_edit(struct buf *out, const char *text, const struct statement *s);
text_edit text_comment, text_uncomment, text_restore, text_drop, text_replace, text_substitute,
	  text_append, text_insert, text_set, text_unset;
/* The content lines with a mark, as text. */
void text_content(struct buf *out, const struct statement *s, char mark);

#endif
