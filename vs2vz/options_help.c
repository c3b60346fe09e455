/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The overview, the pages of commands and the version as text, made from the tables of
 * commands and options. Topics are in help.c.
 */
#include <string.h>

#include "help.h"
#include "options.h"
#include "options_rows.h"
#include "report_parts.h"

static void add_option(struct buf *out, const struct option_row *row)
{
	struct buf left CLEANUP_BUF = BUF_INIT;

	if (row->letter)
		buf_addf(&left, "-%c, ", row->letter);
	else
		buf_adds(&left, "    ");
	buf_addf(&left, "--%s", row->name);
	if (row->value)
		buf_addf(&left, " %s", row->value);
	buf_addf(out, "  %-26s %s\n", left.data, row->help);
}

void options_list(struct buf *out, unsigned any)
{
	for (const struct option_row *row = option_rows; row->name; row++)
		if (any ? row->needs & any : !row->needs)
			add_option(out, row);
}

void options_overview(struct buf *out, const struct command *commands)
{
	buf_adds(out, "vs2vz turns a Linux-VServer host into an OpenVZ host, in place.\n\n"
		 "usage: vs2vz [--root DIR] [-c FILE] [--json] [-q] [-v] [--color WHEN]\n"
		 "             [--log FILE] COMMAND ...\n\ncommands:\n");
	for (const struct command *c = commands; c->name; c++)
		buf_addf(out, "  %-12s %s\n", c->name, c->summary);
	buf_adds(out, "  help         this text; help COMMAND, help TOPIC\n\n"
		 "options of all commands:\n");
	options_list(out, 0);
	buf_addch(out, '\n');
	help_topics(out);
	buf_adds(out, "\nA GUEST is a VServer name or a shell pattern; a converted one can be\n"
		 "named by its container number. Everything can be taken back with\n"
		 "`vs2vz undo` until `vs2vz commit`. Where to begin: `vs2vz help howto`.\n");
}

void options_page(struct buf *out, const struct command *c)
{
	struct buf usage CLEANUP_BUF = BUF_INIT;
	const char *more = help_of_command(c->name);

	buf_addf(&usage, "vs2vz %s%s%s", c->name, *c->usage ? " " : "", c->usage);
	add_wrapped(out, "usage: ", usage.data);
	buf_addf(out, "\n%s\n", c->summary);
	if (c->help && *c->help) {
		buf_addch(out, '\n');
		add_wrapped(out, "", c->help);
	}
	if (c->accepts & ~(unsigned)(TAKES_GUESTS | NEEDS_GUESTS | TAKES_ONE)) {
		buf_adds(out, "\noptions:\n");
		options_list(out, c->accepts);
	}
	if (more)
		buf_addf(out, "\n%s", more);
	buf_adds(out, "\nOptions of all commands: `vs2vz help`.\n");
}

void options_help(struct buf *out, const struct options *o, const struct command *commands)
{
	if (o->version) {
		buf_adds(out, "vs2vz " VERSION "\n");
		return;
	}
	for (const struct command *c = commands; c->name && o->topic; c++) {
		if (strcmp(c->name, o->topic) == 0) {
			options_page(out, c);
			return;
		}
	}
	if (!o->topic || !help_topic(out, o->topic, commands))
		options_overview(out, commands);
}
