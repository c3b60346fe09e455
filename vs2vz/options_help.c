/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Help and version as text, made from the tables of commands and options.
 */
#include <string.h>

#include "exits.h"
#include "options.h"
#include "options_rows.h"

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

/* The options of a command, or (NULL) the global ones. */
static void add_options(struct buf *out, const struct command *command)
{
	for (const struct option_row *row = option_rows; row->name; row++)
		if (command ? row->needs & command->accepts : !row->needs)
			add_option(out, row);
}

static void add_overview(struct buf *out, const struct command *commands)
{
	buf_adds(out, "vs2vz turns a Linux-VServer host into an OpenVZ host, in place.\n\n"
		 "usage: vs2vz [--root DIR] [-c FILE] [--json] [-q] [-v] [--color WHEN]\n"
		 "             [--log FILE] COMMAND ...\n\ncommands:\n");
	for (const struct command *c = commands; c->name; c++)
		buf_addf(out, "  %-12s %s\n", c->name, c->summary);
	buf_adds(out, "  help         this text; help COMMAND; help exit-codes\n\n"
		 "options of all commands:\n");
	add_options(out, NULL);
	buf_adds(out, "\nA GUEST is a VServer name or a shell pattern; a converted one can be\n"
		 "named by its container number. Everything can be taken back with\n"
		 "`vs2vz undo` until `vs2vz commit`. More: vs2vz(8), vs2vz.conf(5).\n");
}

static void add_command(struct buf *out, const struct command *c)
{
	buf_addf(out, "usage: vs2vz %s%s%s\n\n%s\n", c->name, *c->usage ? " " : "", c->usage,
		 c->summary);
	if (c->help && *c->help)
		buf_addf(out, "\n%s", c->help);
	if (c->accepts & ~(unsigned)(TAKES_GUESTS | NEEDS_GUESTS | TAKES_ONE)) {
		buf_adds(out, "\noptions:\n");
		add_options(out, c);
	}
	buf_adds(out, "\nOptions of all commands: `vs2vz help`.\n");
}

void options_help(struct buf *out, const struct options *o, const struct command *commands)
{
	if (o->version) {
		buf_adds(out, "vs2vz " VERSION "\n");
		return;
	}
	if (o->topic && strcmp(o->topic, "exit-codes") == 0) {
		buf_adds(out, "exit statuses of vs2vz:\n");
		exit_table(out);
		return;
	}
	for (const struct command *c = commands; c->name && o->topic; c++) {
		if (strcmp(c->name, o->topic) == 0) {
			add_command(out, c);
			return;
		}
	}
	add_overview(out, commands);
}
