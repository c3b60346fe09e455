/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of vs2vz.conf, their words, and the sample file that is made from them.
 * Knows no file and no library.
 */
#include <string.h>

#include "settings.h"

struct word {
	const char *text;
	int value;
};
static const struct word methods[] = {
	{ "auto", METHOD_AUTO }, { "rename", METHOD_RENAME }, { "copy", METHOD_COPY }, { NULL, 0 },
};
static const struct word verifies[] = {
	{ "full", VERIFY_FULL }, { "quick", VERIFY_QUICK }, { NULL, 0 },
};
static const struct word colors[] = {
	{ "auto", COLOR_AUTO }, { "always", COLOR_ALWAYS }, { "never", COLOR_NEVER }, { NULL, 0 },
};
static const struct word rights[] = {
	{ "default", RIGHTS_DEFAULT }, { "least", RIGHTS_LEAST }, { NULL, 0 },
};
static const struct word limits[] = {
	{ "guest", LIMITS_GUEST }, { "sample", LIMITS_SAMPLE }, { NULL, 0 },
};
static const struct word shareds[] = {
	{ "break", SHARED_BREAK }, { "keep-readonly", SHARED_KEEP_READONLY }, { NULL, 0 },
};

static const struct word *word_find(const struct word *words, const char *text)
{
	for (; words->text; words++)
		if (strcmp(words->text, text) == 0)
			return words;
	return NULL;
}

bool method_parse(const char *word, enum method *out)
{
	const struct word *w = word_find(methods, word);

	if (w)
		*out = (enum method)w->value;
	return w != NULL;
}

const char *method_word(enum method method)
{
	for (const struct word *w = methods; w->text; w++)
		if (w->value == (int)method)
			return w->text;
	return "unknown";
}

bool rights_parse(const char *word, enum rights *out)
{
	const struct word *w = word_find(rights, word);

	if (w)
		*out = (enum rights)w->value;
	return w != NULL;
}

bool limits_parse(const char *word, enum limits_from *out)
{
	const struct word *w = word_find(limits, word);

	if (w)
		*out = (enum limits_from)w->value;
	return w != NULL;
}

bool shared_parse(const char *word, enum shared_policy *out)
{
	const struct word *w = word_find(shareds, word);

	if (w)
		*out = (enum shared_policy)w->value;
	return w != NULL;
}

bool verify_parse(const char *word, enum verify_mode *out)
{
	const struct word *w = word_find(verifies, word);

	if (w)
		*out = (enum verify_mode)w->value;
	return w != NULL;
}

bool color_parse(const char *word, enum color_when *out)
{
	const struct word *w = word_find(colors, word);

	if (w)
		*out = (enum color_when)w->value;
	return w != NULL;
}

static bool store_ctid_base(struct settings *s, const char *text, uint64_t number)
{
	(void)text;
	s->ctid_base = (uint32_t)number;
	return number >= CTID_MIN && number <= CTID_MAX;
}

static bool store_sample(struct settings *s, const char *text, uint64_t number)
{
	(void)number;
	s->sample = *text ? text : NULL;
	return !strchr(text, '/');
}

static bool store_method(struct settings *s, const char *text, uint64_t number)
{
	(void)number;
	return method_parse(text, &s->method);
}

static bool store_rights(struct settings *s, const char *text, uint64_t number)
{
	(void)number;
	return rights_parse(text, &s->rights);
}

static bool store_limits(struct settings *s, const char *text, uint64_t number)
{
	(void)number;
	return limits_parse(text, &s->limits);
}

/* Is it a SPEC of decide/insulate.h? */
bool insulate_word(const char *word)
{
	struct insulate_spec spec;
	struct pool pool = POOL_INIT;
	struct err err;
	bool good = insulate_parse(&spec, word, &pool, &err) == 0;

	pool_release(&pool);
	return good;
}

static bool store_insulate(struct settings *s, const char *text, uint64_t number)
{
	(void)number;
	s->insulate = text;
	return insulate_word(text);
}

static bool store_shared(struct settings *s, const char *text, uint64_t number)
{
	(void)number;
	return shared_parse(text, &s->shared);
}

static bool store_fixups(struct settings *s, const char *text, uint64_t number)
{
	(void)number;
	s->fixups = text;
	return fixup_words_good(text);
}

static bool store_verify(struct settings *s, const char *text, uint64_t number)
{
	(void)number;
	return verify_parse(text, &s->verify);
}

static bool store_jobs(struct settings *s, const char *text, uint64_t number)
{
	(void)text;
	s->jobs = (unsigned)number;
	return number <= JOBS_MAX;
}

/* Absolute, and nothing in it that a reader would have to resolve. */
static bool is_folder(const char *path)
{
	if (path[0] != '/' || !path[1])
		return false;
	for (const char *p = path; (p = strstr(p, "/..")); p += 3)
		if (!p[3] || p[3] == '/')
			return false;
	return true;
}

static bool store_state_dir(struct settings *s, const char *text, uint64_t number)
{
	(void)number;
	s->state_dir = text;
	return is_folder(text);
}

static bool store_log_dir(struct settings *s, const char *text, uint64_t number)
{
	(void)number;
	s->log_dir = text;
	return is_folder(text);
}

static bool store_color(struct settings *s, const char *text, uint64_t number)
{
	(void)number;
	return color_parse(text, &s->color);
}

const struct setting_row setting_rows[] = {
	{ "ctid_base", true, "1000", "a number from 101 to 2147483644",
	  "First container number for guests whose name and context suggest none.",
	  store_ctid_base },
	{ "sample", false, "", "the name of a sample, without directory",
	  "Sample configuration: \"vps.basic\" is ve-vps.basic.conf-sample. Empty: vps.basic,\n"
	  "then basic, then CONFIGFILE of vz.conf, then the built-in one.", store_sample },
	{ "method", false, "auto", "one of \"auto\", \"rename\", \"copy\"",
	  "How a tree gets to its private area. auto: rename where both are on one file\n"
	  "system, copy elsewhere.", store_method },
	{ "rights", false, "default", "one of \"default\", \"least\"",
	  "Capabilities that every container has and the guest never had. default: they stay.\n"
	  "least: switched off, CAPABILITY=\"NAME:off\".", store_rights },
	{ "limits", false, "guest", "one of \"guest\", \"sample\"",
	  "Limits that the guest did not have. guest: the container has none either (memory,\n"
	  "processes, files, sockets, ...). sample: it gets those of the sample.",
	  store_limits },
	{ "insulate", false, "none",
	  "\"none\", \"image:DIR[:SIZE]\", \"lv:VG[:SIZE]\" or \"device:/dev/NAME\"",
	  "A file system of its own for each container: an image file DIR/CTID.img, the logical\n"
	  "volume ctCTID of VG (made when it is missing), or a device. SIZE: 10G, or 150% of\n"
	  "the data.", store_insulate },
	{ "shared", false, "break", "one of \"break\", \"keep-readonly\"",
	  "Files that a guest shares with other guests or a hash store by hard links (vunify,\n"
	  "vhashify). break: the container gets copies of its own. keep-readonly: immutable\n"
	  "ones stay shared, and immutable; the others become copies.", store_shared },
	{ "fixups", false, "all", "words of \"all\", \"none\", NAME, -NAME with commas between",
	  "Which recipes edit guests (`vs2vz explain fixups` lists them). all: each as it is\n"
	  "made. NAME: this one acts, also where it would only propose. -NAME: not this one.",
	  store_fixups },
	{ "verify", false, "full", "one of \"full\", \"quick\"",
	  "What is compared after copying and by `vs2vz verify`. full: contents as well.\n"
	  "quick: metadata only.", store_verify },
	{ "jobs", true, "0", "a number from 0 to 64",
	  "Workers for walking and copying trees. 0: chosen by the kind of disk.", store_jobs },
	{ "state_dir", false, "/var/lib/vs2vz", "an absolute path without \"..\"",
	  "Journals: plan, log and before-images of every guest. Undo needs them; do not\n"
	  "change this while a guest is converted and not committed.", store_state_dir },
	{ "log_dir", false, "/var/log/vs2vz", "an absolute path without \"..\"",
	  "Log and report of each run.", store_log_dir },
	{ "color", false, "auto", "one of \"auto\", \"always\", \"never\"",
	  "Colour. auto: on a terminal, unless NO_COLOR is set.", store_color },
	{ NULL, false, NULL, NULL, NULL, NULL },
};

void settings_defaults(struct settings *out)
{
	*out = (struct settings){ 0 };
	for (const struct setting_row *row = setting_rows; row->key; row++) {
		uint64_t number = 0;

		for (const char *digit = row->fallback; row->number && *digit; digit++)
			number = number * 10 + (uint64_t)(*digit - '0');
		row->store(out, row->fallback, number);
	}
}

static void add_commented(struct buf *out, const char *lines)
{
	while (*lines) {
		size_t len = strcspn(lines, "\n");

		buf_addf(out, "# %.*s\n", (int)len, lines);
		lines += len + (lines[len] == '\n');
	}
}

void settings_sample(struct buf *out)
{
	buf_adds(out,
		 "# vs2vz.conf: settings of vs2vz(8), see vs2vz.conf(5). Every key is shown with\n"
		 "# its default. Files in /etc/vs2vz.d/*.conf are read after this one.\n");
	for (const struct setting_row *row = setting_rows; row->key; row++) {
		buf_addch(out, '\n');
		add_commented(out, row->help);
		buf_addf(out, row->number ? "#%s = %s\n" : "#%s = \"%s\"\n", row->key,
			 row->fallback);
	}
	buf_adds(out,
		 "\n# Inhibitors that are lifted, each with the reason; without guests: for all.\n"
		 "#override \"VS309\" {\n#\tguests = {\"web1\", \"mail\"}\n"
		 "#\treason = \"mounts are in 345.mount\"\n#}\n"
		 "\n# Fixed container numbers (usually in /etc/vs2vz.d/map.conf).\n"
		 "#guest \"v345\" {\n#\tctid = 345\n#}\n");
}
