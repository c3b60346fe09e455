/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Topics and documents of `vs2vz help`. Knows which tables fill which line; the texts
 * are files of templates/help, the pages of commands are made in options_help.c.
 */
#include "help.h"

#include <string.h>

#include "decide/recipe.h"
#include "exits.h"
#include "model/finding.h"
#include "options_rows.h"
#include "report_parts.h"
#include "settings.h"

/* Files that are printed as they are; source NULL: made. */
static const struct document {
	const char *name, *source;
	void (*make)(struct buf *out);
	const char *summary;
} documents[] = {
	{ "config-sample", NULL, settings_sample, "a vs2vz.conf with every setting" },
	{ "map-sample", "map.conf", NULL, "answers for single guests: /etc/vs2vz.d/map.conf" },
	{ "ct-sample", "ve-vs2vz.conf-sample", NULL, "the sample of CTID.conf where the host has none" },
	{ "schema-report", "report-1.0.json", NULL, "JSON schema of reports (--json)" },
	{ "schema-before", "before-1.0.json", NULL, "JSON schema of before.json" },
	{ "schema-doctor", "doctor-1.0.json", NULL, "JSON schema of doctor" },
	{ "completion", "vs2vz.bash", NULL, "completion for bash, to be sourced" },
};
#define NR_DOCUMENTS (sizeof(documents) / sizeof(documents[0]))

static const char *find_text(const struct help_text *texts, const char *name)
{
	for (; texts->name; texts++)
		if (strcmp(texts->name, name) == 0)
			return texts->text;
	return NULL;
}

const char *help_name(size_t nr)
{
	for (const struct help_text *t = help_texts; t->name; t++)
		if (nr-- == 0)
			return t->name;
	if (nr < NR_DOCUMENTS)
		return documents[nr].name;
	return nr == NR_DOCUMENTS ? "all" : NULL;
}

const char *help_of_command(const char *name)
{
	return find_text(help_pages, name);
}

/* ---- what fills a line of a topic */

static void fill_settings(struct buf *out)
{
	for (const struct setting_row *row = setting_rows; row->key; row++) {
		buf_addf(out, row->number ? "%s  %s = %s\n" : "%s  %s = \"%s\"\n",
			 row == setting_rows ? "" : "\n", row->key, row->fallback);
		add_wrapped(out, "      ", row->help);
		add_wrapped(out, "      Value: ", row->expects);
	}
}

static void fill_recipes(struct buf *out)
{
	struct pool pool = POOL_INIT;
	struct recipes recipes;
	struct err err;

	if (recipes_read(&recipes, NULL, &pool, &err) < 0)
		die("a recipe of the program: %s", err.text);
	for (size_t i = 0; i < recipes.nr; i++) {
		const struct recipe *r = &recipes.v[i];

		add_wrapped(out, pool_printf(&pool, "  %-25s", r->name),
			    pool_printf(&pool, "%s%s", r->about,
					r->confidence == CONFIDENCE_ACT ? "" : " (proposes only)"));
	}
	pool_release(&pool);
}

static void fill_findings(struct buf *out)
{
	struct pool pool = POOL_INIT;

	for (size_t i = 0; i < nr_finding_kinds; i++) {
		const struct finding_kind *kind = &finding_kinds[i];
		const char *mark = kind->level != LEVEL_INHIBITOR ? "" : kind->overridable ? "o" : "!";

		add_wrapped(out, pool_printf(&pool, "  VS%u%-2s", kind->id, mark),
			    pool_printf(&pool, "%s: %s", kind->name, kind->title));
	}
	pool_release(&pool);
}

static void fill_global_options(struct buf *out)
{
	options_list(out, 0);
}

static void fill_command_options(struct buf *out)
{
	options_list(out, ~0u);
}

static const struct {
	const char *word;
	void (*fill)(struct buf *out);
} fills[] = {
	{ "@command-options@", fill_command_options },
	{ "@exit-codes@", exit_table },
	{ "@findings@", fill_findings },
	{ "@global-options@", fill_global_options },
	{ "@guest-keys@", settings_guest_help },
	{ "@recipes@", fill_recipes },
	{ "@settings@", fill_settings },
};

/* A line that begins with '@' is a place to fill; one that nobody fills is a bug. */
static void add_line(struct buf *out, const char *line, size_t len)
{
	for (size_t i = 0; i < sizeof(fills) / sizeof(fills[0]); i++) {
		if (strlen(fills[i].word) == len && memcmp(fills[i].word, line, len) == 0) {
			fills[i].fill(out);
			return;
		}
	}
	if (line[0] == '@')
		die("help: nothing fills '%.*s'", (int)len, line);
	buf_add(out, line, len);
	buf_addch(out, '\n');
}

static void add_topic(struct buf *out, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		add_line(out, text, len);
		text += len + (text[len] == '\n');
	}
}

static void add_document(struct buf *out, const struct document *d)
{
	const char *text = d->source ? find_text(help_files, d->source) : NULL;

	if (d->make)
		d->make(out);
	else if (text)
		buf_adds(out, text);
	else
		die("help: '%s' was not built in", d->source);
}

bool help_topic(struct buf *out, const char *name, const struct command *commands)
{
	const char *text = find_text(help_texts, name);

	if (strcmp(name, "all") == 0) {
		help_all(out, commands);
		return true;
	}
	if (text) {
		buf_addf(out, "%s: ", name);
		add_topic(out, text);
		return true;
	}
	for (size_t i = 0; i < NR_DOCUMENTS; i++) {
		if (strcmp(documents[i].name, name) == 0) {
			add_document(out, &documents[i]);
			return true;
		}
	}
	return false;
}

static void add_summary(struct buf *out, const char *name, const char *text)
{
	buf_addf(out, "  %-14s %.*s\n", name, (int)strcspn(text, "\n"), text);
}

void help_topics(struct buf *out)
{
	buf_adds(out, "topics, `vs2vz help TOPIC`:\n");
	for (const struct help_text *t = help_texts; t->name; t++)
		add_summary(out, t->name, t->text);
	add_summary(out, "all", "all topics, and the pages of all commands");
	buf_adds(out, "\nfiles, `vs2vz help NAME >FILE`:\n");
	for (size_t i = 0; i < NR_DOCUMENTS; i++)
		add_summary(out, documents[i].name, documents[i].summary);
}

static void add_rule(struct buf *out)
{
	for (size_t i = 0; i < 72; i++)
		buf_addch(out, '=');
	buf_adds(out, "\n\n");
}

void help_all(struct buf *out, const struct command *commands)
{
	options_overview(out, commands);
	for (const struct command *c = commands; c->name; c++) {
		add_rule(out);
		options_page(out, c);
	}
	for (const struct help_text *t = help_texts; t->name; t++) {
		add_rule(out);
		help_topic(out, t->name, commands);
	}
}
