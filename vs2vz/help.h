/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Help that is part of the program: on a rescue system there is this one file and no
 * manual. A topic is a file of templates/help, a document is a file that is printed as
 * it is (schemas, samples, completion). A line "@word@" of a topic is filled from the
 * table it speaks of (settings, options, recipes, findings, exit statuses), so that it
 * cannot say anything else than the program does. templates/help/commands has what the
 * page of a command says besides its row.
 */
#ifndef VS2VZ_HELP_H
#define VS2VZ_HELP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "options.h"

/* Made by the GNUmakefile; the tables end with a NULL name. */
struct help_text {
	const char *name;	/* of the file, topics without ".txt" */
	const char *text;
};
extern const struct help_text help_texts[];
extern const struct help_text help_pages[];	/* by the name of a command */
extern const struct help_text help_files[];

/* The name of a topic or document, by number; NULL: there are no more. */
const char *help_name(size_t nr);
/* The lists of topics and documents, a line each, with what they are about. */
void help_topics(struct buf *out);
/* A topic or document; false: there is none of that name. */
bool help_topic(struct buf *out, const char *name, const struct command *commands);
/* What belongs to the page of a command besides its row; NULL: nothing. */
const char *help_of_command(const char *name);
/* All pages and topics, without the documents. */
void help_all(struct buf *out, const struct command *commands);

#endif
