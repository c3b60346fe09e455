/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vs2vz.conf, its fragments and the map file. One table of rows gives schema,
 * defaults, manual text and sample file. The only user of libconfuse.
 *
 *	if (settings_read(&settings, &root, options.config_file, &pool, err) < 0)
 *		... "/etc/vs2vz.conf:12: ...", status EXIT_USAGE
 *
 * Read below the root: FILE (default /etc/vs2vz.conf, which may be absent), then
 * every /etc/vs2vz.d/NAME.conf in the order of names; a later value replaces an
 * earlier one, overrides and guests add up.
 */
#ifndef VS2VZ_SETTINGS_H
#define VS2VZ_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/inroot.h"
#include "base/pool.h"
#include "decide/decide.h"
#include "decide/recipe.h"
#include "options.h"
#include "step/step.h"

#define SETTINGS_FILE "/etc/vs2vz.conf"
#define SETTINGS_DIR "/etc/vs2vz.d"

/* Limits of values, for options as well. Numbers up to 100 are reserved by OpenVZ. */
#define CTID_MIN 101u
#define CTID_MAX 2147483644u
#define JOBS_MAX 64u
#define TAG_MAX 65535

/* An inhibitor that the administrator lifts. */
struct lift {
	unsigned id;		/* has a row in finding_kinds and may be lifted */
	const char *guest;	/* NULL: all guests and the host */
	const char *reason;	/* not empty */
};

struct settings {
	uint32_t ctid_base;
	const char *sample;	/* NULL: search */
	enum method method;
	enum rights rights;
	enum limits_from limits;
	enum shared_policy shared;
	const char *insulate;	/* SPEC, checked */
	const char *fixups;	/* words between commas */
	enum verify_mode verify;
	unsigned jobs;		/* 0: choose */
	const char *state_dir;
	const char *log_dir;
	enum color_when color;
	size_t nr_lifts, cap_lifts;
	struct lift *lifts;
	size_t nr_map, cap_map;	/* guest "NAME" { ctid = N } */
	struct ctid_choice *map;
	size_t nr_answers, cap_answers; /* the other keys of such a section */
	struct answer *answers;
};

/* One key of the file: schema, default and manual text. */
struct setting_row {
	const char *key;
	bool number;		/* else text, in quotes */
	const char *fallback;
	const char *expects;	/* "a number from ..." */
	const char *help;	/* lines of the sample file, without '#' */
	/* Text is kept, not copied; false: not what is expected. */
	bool (*store)(struct settings *s, const char *text, uint64_t number);
};
extern const struct setting_row setting_rows[]; /* ends with a NULL key */

void settings_defaults(struct settings *out);
int settings_read(struct settings *out, const struct root *root, const char *file,
		  struct pool *pool, struct err *err) MUST_CHECK;

/* conf-samples/vs2vz.conf: every key, commented out, with its default. */
void settings_sample(struct buf *out);
/* The keys of guest "NAME" { ... } for people, indented. */
void settings_guest_help(struct buf *out);
/* Version of libconfuse in use; static. */
const char *settings_library(void);

/* "auto", "rename", "copy" and the like; false: no such word. */
bool method_parse(const char *word, enum method *out);
const char *method_word(enum method method);
bool rights_parse(const char *word, enum rights *out);
bool limits_parse(const char *word, enum limits_from *out);
bool insulate_word(const char *word);
bool shared_parse(const char *word, enum shared_policy *out);
bool verify_parse(const char *word, enum verify_mode *out);
bool color_parse(const char *word, enum color_when *out);

#endif
