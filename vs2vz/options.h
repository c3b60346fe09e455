/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: one const row per command (commands.c), one per option
 * (options.c). Options may stand before or behind the command, "--" ends them.
 *
 *	if (options_parse(&o, commands, argc, argv, &pool, err) < 0)
 *		... "error: " err->text, status EXIT_USAGE
 *	if (o.help || o.version)
 *		options_help(&text, &o, commands);	print it, status 0
 *	else
 *		return o.command->run(session);
 *
 * Strings point into argv or the pool.
 */
#ifndef VS2VZ_OPTIONS_H
#define VS2VZ_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"
#include "decide/decide.h"
#include "step/step.h"

struct session;			/* commands.h */

/* What a command accepts besides the global options. */
enum accepts {
	TAKES_GUESTS	 = 1 << 0,	/* operands: names, globs, CTIDs */
	NEEDS_GUESTS	 = 1 << 1,	/* at least one, or --all, or --plan where accepted */
	TAKES_ONE	 = 1 << 2,	/* exactly one operand: explain */
	TAKES_ALL	 = 1 << 3,	/* --all */
	TAKES_YES	 = 1 << 4,	/* -y, --yes */
	TAKES_DRY_RUN	 = 1 << 5,	/* -n, --dry-run */
	TAKES_DIFF	 = 1 << 6,
	TAKES_DETAILED	 = 1 << 7,	/* --detailed-exitcode */
	TAKES_OUT	 = 1 << 8,	/* -o, --out FILE */
	TAKES_PLAN	 = 1 << 9,	/* --plan FILE */
	TAKES_CHOICES	 = 1 << 10,	/* --ctid --sample --method --least --limits --shared
					   --insulate --fixups */
	TAKES_OVERRIDE	 = 1 << 11,
	TAKES_JOBS	 = 1 << 12,	/* -j, --jobs */
	TAKES_VERIFY	 = 1 << 13,	/* --verify quick|full */
	TAKES_KEEP_GOING = 1 << 14,	/* --keep-going, --stop-on-error */
	TAKES_CHANGED	 = 1 << 15,	/* --discard-changes, --bring-back */
	TAKES_REBOOT	 = 1 << 16,	/* --before-reboot, --save */
	TAKES_MARKDOWN	 = 1 << 17,
	TAKES_FORMAT	 = 1 << 18,
	TAKES_STORE	 = 1 << 19,	/* --remove-hash-store */
	TAKES_START	 = 1 << 20,	/* --start, --start-timeout */
	TAKES_VOLUME	 = 1 << 21,	/* --image, --lv, --device, --dump-device */
	TAKES_OVERWRITE	 = 1 << 22,	/* --overwrite */
	TAKES_LATE	 = 1 << 23,	/* --keep-source, and --discard-changes of commit */
};

struct command {
	const char *name;		/* "convert"; the table ends with NULL */
	const char *usage;		/* "--all|GUEST...|--plan FILE [OPTION...]" */
	const char *summary;		/* one line */
	const char *help;		/* a paragraph, ends in \n; NULL */
	unsigned accepts;
	int (*run)(struct session *session);	/* returns the exit status */
};

enum color_when { COLOR_UNSET, COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
enum report_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_HTML };

struct options {
	/* global */
	const char *root_path;		/* NULL: the running system */
	const char *config_file;	/* NULL: /etc/vs2vz.conf */
	bool json;
	bool quiet;
	unsigned verbose;		/* times -v */
	enum color_when color;
	const char *log_file;		/* NULL: the settings' folder */
	bool help, version;
	const char *topic;		/* help: a command, topic or document; NULL: the overview */
	bool no_topic;			/* there is none of that name: options_parse() failed */
	/* of commands */
	const struct command *command;
	bool all, yes, dry_run, diff, detailed_exitcode;
	const char *out_file, *plan_file;
	/* guest NULL: "--ctid N", for the only guest; checked by the parser */
	size_t nr_ctids, cap_ctids;
	struct ctid_choice *ctids;
	const char *sample;		/* NULL: settings or search */
	bool has_method;
	enum method method;
	bool least;			/* switch off rights that the guest never had */
	bool has_limits;
	enum limits_from limits;
	bool has_shared;
	enum shared_policy shared;
	bool has_insulate;		/* --insulate SPEC; or --image, --lv, --device */
	struct insulate_spec insulate;
	const char *overwrite;		/* UUID of what may go; NULL */
	const char *dump_device;	/* of insulate; NULL: none */
	size_t nr_fixups, cap_fixups;	/* "all", "none", "-NAME" in order */
	const char **fixups;
	size_t nr_overrides, cap_overrides;
	unsigned *overrides;		/* numbers; every one has a row in finding_kinds */
	bool has_jobs;
	unsigned jobs;
	bool has_verify;
	enum verify_mode verify;
	bool keep_going;		/* default true */
	enum changed_policy changed;
	bool before_reboot, save, markdown;
	bool keep_source;		/* commit: set-aside sources stay */
	bool remove_store;		/* commit: hash stores that nobody needs go */
	bool start;			/* verify: boot it, see it come up and go down */
	unsigned start_timeout;		/* seconds; 0: START_TIMEOUT */
	enum report_format format;
	size_t nr_guests, cap_guests;	/* operands */
	const char **guests;
};

/* -1: the text says what is wrong and names the nearest right word. */
int options_parse(struct options *out, const struct command *commands, int argc, char **argv,
		  struct pool *pool, struct err *err) MUST_CHECK;

/* The text asked for by help, --help or --version (o->help, o->version, o->topic). */
void options_help(struct buf *out, const struct options *o, const struct command *commands);

/* May text on this descriptor be coloured: the terminal, TERM and NO_COLOR have a say. */
bool color_wanted(enum color_when when, int fd);

#endif
