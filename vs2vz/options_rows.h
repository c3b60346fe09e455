/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of options, shared by the parser, the help and their tests.
 */
#ifndef VS2VZ_OPTIONS_ROWS_H
#define VS2VZ_OPTIONS_ROWS_H

#include "options.h"

struct option_row {
	const char *name;	/* without "--"; the table ends with NULL */
	char letter;		/* 0: none */
	const char *value;	/* "FILE"; NULL: takes none */
	unsigned needs;		/* enum accepts, one of them is enough; 0: global */
	int (*store)(struct options *o, struct pool *pool, const char *value,
		     struct err *err);
	const char *help;	/* one line */
};
extern const struct option_row option_rows[];

/* Lines of the help (options_help.c): options that need one of the bits any; 0: global ones. */
void options_list(struct buf *out, unsigned any);
/* `vs2vz help`, and the page of one command. */
void options_overview(struct buf *out, const struct command *commands);
void options_page(struct buf *out, const struct command *c);

#endif
