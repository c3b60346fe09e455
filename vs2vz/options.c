/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line, read along a table of options: a word is looked up, its value is
 * found, its row's function stores it. Which command accepts what is a bit of the
 * command's row. Knows no command by name but "help"; the texts it prints are made in
 * options_help.c.
 */
#include "options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "help.h"
#include "model/finding.h"
#include "options_rows.h"
#include "settings.h"

struct parser {
	struct options *o;
	const struct command *commands;
	struct pool *pool;
	int argc, at;		/* at: next word */
	char **argv;
	size_t nr_needs;
	struct {
		unsigned any;	/* bits of a command's option; one is enough */
		const char *word;
	} needs[64];
	bool help_command;	/* "help": the next operand is its topic */
};

/* How many insertions, deletions and replacements turn one word into the other. */
static size_t distance(const char *a, const char *b)
{
	size_t row[33], len_a = strlen(a), len_b = strlen(b);

	if (len_a > 32 || len_b > 32)
		return 33;
	for (size_t j = 0; j <= len_b; j++)
		row[j] = j;
	for (size_t i = 1; i <= len_a; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len_b; j++) {
			size_t best = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return row[len_b];
}

struct nearest {
	const char *to, *word;
	size_t distance;
};

static void nearest_try(struct nearest *n, const char *word)
{
	size_t d = distance(n->to, word);

	if (d < n->distance) {
		n->distance = d;
		n->word = word;
	}
}

/* Up to two slips, or a third of the word. */
static struct nearest nearest_start(const char *to)
{
	size_t limit = strlen(to) / 3 < 2 ? 2 : strlen(to) / 3;

	return (struct nearest){ .to = to, .distance = limit + 1 };
}

static int unknown(const char *what, const char *prefix, const struct nearest *n,
		   struct err *err)
{
	if (n->word)
		return fail(err, "unknown %s '%s%s'; did you mean '%s%s'?", what, prefix,
			    show(n->to), prefix, n->word);
	return fail(err, "unknown %s '%s%s'; `vs2vz help` lists them", what, prefix,
		    show(n->to));
}

static const struct option_row *row_long(const char *name, size_t len)
{
	for (const struct option_row *row = option_rows; row->name; row++)
		if (strlen(row->name) == len && memcmp(row->name, name, len) == 0)
			return row;
	return NULL;
}

static const struct option_row *row_short(char letter)
{
	for (const struct option_row *row = option_rows; row->name; row++)
		if (row->letter == letter)
			return row;
	return NULL;
}

/* Store an option; word is how the user wrote it. */
static int store(struct parser *p, const struct option_row *row, const char *word,
		 const char *value, struct err *err)
{
	if (row->needs && p->nr_needs < sizeof(p->needs) / sizeof(p->needs[0])) {
		p->needs[p->nr_needs].any = row->needs;
		p->needs[p->nr_needs++].word = word;
	}
	if (row->store(p->o, p->pool, value, err) < 0) {
		err_add(err, "option %s", word);
		return -1;
	}
	return 0;
}

/* "--name", "--name=value", "--name value" */
static int parse_long(struct parser *p, const char *word, struct err *err)
{
	const char *name = word + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_row *row = row_long(name, len);
	const char *plain = pool_memdup(p->pool, word, len + 2);

	if (!row) {
		struct nearest n = nearest_start(plain + 2);

		for (const struct option_row *other = option_rows; other->name; other++)
			nearest_try(&n, other->name);
		return unknown("option", "--", &n, err);
	}
	if (!row->value && equals)
		return fail(err, "option %s takes no value", plain);
	if (!row->value)
		return store(p, row, plain, NULL, err);
	if (equals)
		return store(p, row, plain, equals + 1, err);
	if (p->at >= p->argc)
		return fail(err, "option %s needs a value: %s", plain, row->value);
	return store(p, row, plain, p->argv[p->at++], err);
}

/* "-n", "-ny", "-j4", "-j 4" */
static int parse_short(struct parser *p, const char *word, struct err *err)
{
	for (const char *letter = word + 1; *letter; letter++) {
		const struct option_row *row = row_short(*letter);
		const char *name = pool_printf(p->pool, "-%c", *letter);

		if (!row)
			return fail(err, "unknown option '%s'; `vs2vz help` lists them",
				    show(word));
		if (!row->value) {
			if (store(p, row, name, NULL, err) < 0)
				return -1;
			continue;
		}
		if (letter[1])
			return store(p, row, name, letter + 1, err);
		if (p->at >= p->argc)
			return fail(err, "option %s needs a value: %s", name, row->value);
		return store(p, row, name, p->argv[p->at++], err);
	}
	return 0;
}

static int parse_command(struct parser *p, const char *word, struct err *err)
{
	struct nearest n = nearest_start(word);

	if (strcmp(word, "help") == 0) {
		p->help_command = true;
		p->o->help = true;
		return 0;
	}
	for (const struct command *c = p->commands; c->name; c++) {
		if (strcmp(c->name, word) == 0) {
			p->o->command = c;
			return 0;
		}
		nearest_try(&n, c->name);
	}
	nearest_try(&n, "help");
	return unknown("command", "", &n, err);
}

static int parse_topic(struct parser *p, const char *word, struct err *err)
{
	struct nearest n = nearest_start(word);
	const char *name;

	if (p->o->topic)
		return fail(err, "help takes one topic, '%s' is too much", show(word));
	p->o->topic = word;
	for (const struct command *c = p->commands; c->name; c++) {
		if (strcmp(c->name, word) == 0)
			return 0;
		nearest_try(&n, c->name);
	}
	for (size_t i = 0; (name = help_name(i)); i++) {
		if (strcmp(name, word) == 0)
			return 0;
		nearest_try(&n, name);
	}
	p->o->no_topic = true;
	return unknown("help topic", "", &n, err);
}

static int parse_operand(struct parser *p, const char *word, struct err *err)
{
	const char **guest;

	if (p->help_command)
		return parse_topic(p, word, err);
	if (!p->o->command)
		return parse_command(p, word, err);
	if (!*word)
		return fail(err, "an empty guest name");
	guest = pool_grow(p->pool, &p->o->guests, &p->o->nr_guests, &p->o->cap_guests,
			  sizeof(*guest));
	*guest = word;
	return 0;
}

static int parse_words(struct parser *p, struct err *err)
{
	bool only_operands = false;

	while (p->at < p->argc) {
		const char *word = p->argv[p->at++];
		int ret;

		if (!only_operands && strcmp(word, "--") == 0) {
			only_operands = true;
			continue;
		}
		if (!only_operands && word[0] == '-' && word[1] == '-')
			ret = parse_long(p, word, err);
		else if (!only_operands && word[0] == '-' && word[1])
			ret = parse_short(p, word, err);
		else
			ret = parse_operand(p, word, err);
		if (ret < 0)
			return -1;
	}
	return 0;
}

/* Does the command know every option that was given? */
static int check_accepts(const struct parser *p, struct err *err)
{
	for (size_t i = 0; i < p->nr_needs; i++)
		if (!(p->needs[i].any & p->o->command->accepts))
			return fail(err, "command '%s' has no option %s",
				    p->o->command->name, p->needs[i].word);
	return 0;
}

static int check_operands(const struct options *o, struct err *err)
{
	const struct command *c = o->command;

	if (c->accepts & TAKES_ONE && o->nr_guests != 1)
		return fail(err, "%s takes exactly one word: vs2vz %s %s", c->name, c->name,
			    c->usage);
	if (o->nr_guests && !(c->accepts & (TAKES_GUESTS | NEEDS_GUESTS | TAKES_ONE)))
		return fail(err, "%s takes no operand, '%s' is too much", c->name,
			    show(o->guests[0]));
	if (o->nr_guests && o->all)
		return fail(err, "either --all or guests, not both: '%s'", show(o->guests[0]));
	if (o->plan_file && (o->nr_guests || o->all))
		return fail(err, "--plan names the guests already; leave out --all and guests");
	if (c->accepts & NEEDS_GUESTS && !o->nr_guests && !o->all && !o->plan_file)
		return fail(err, "%s needs a %s%s: vs2vz %s %s", c->name,
			    strncmp(c->usage, "CTID", 4) == 0 ? "container" : "guest",
			    c->accepts & TAKES_ALL ? " or --all" : "", c->name, c->usage);
	return 0;
}

/* "--ctid N" is for one guest that is named; a saved plan has everything decided. */
static int check_choices(const struct options *o, struct err *err)
{
	size_t nr_bare = 0;

	for (size_t i = 0; i < o->nr_ctids; i++)
		nr_bare += !o->ctids[i].guest;
	if (nr_bare && (nr_bare > 1 || o->nr_ctids > 1 || o->nr_guests != 1))
		return fail(err, "--ctid N is for one guest; for several: --ctid GUEST=N");
	if (nr_bare && strpbrk(o->guests[0], "*?["))
		return fail(err, "--ctid N with the pattern '%s'; use --ctid GUEST=N",
			    show(o->guests[0]));
	if (o->plan_file && (o->nr_ctids || o->sample || o->has_method || o->least ||
			     o->has_limits || o->has_shared || o->has_insulate || o->overwrite ||
			     o->dump_device || o->nr_fixups || o->nr_overrides))
		return fail(err, "a saved plan is run as it is; make a new one with the "
			    "other options and -o FILE");
	if (o->keep_source && o->changed != CHANGED_REFUSE)
		return fail(err, "--keep-source and --discard-changes exclude each other");
	if (o->plan_file && o->out_file)
		return fail(err, "--plan and --out exclude each other");
	if (o->plan_file && o->dry_run)
		return fail(err, "--plan runs the plan; the file is text, read it to see what it does");
	if (o->out_file && o->command->accepts & TAKES_DRY_RUN && !o->dry_run)
		return fail(err, "-o saves a plan and changes nothing: say --dry-run as well");
	return 0;
}

int options_parse(struct options *out, const struct command *commands, int argc, char **argv,
		  struct pool *pool, struct err *err)
{
	struct parser p = {
		.o = out, .commands = commands, .pool = pool,
		.argc = argc, .at = 1, .argv = argv,
	};

	*out = (struct options){ .keep_going = true };
	if (parse_words(&p, err) < 0)
		return -1;
	if (out->help && out->command && !out->topic)
		out->topic = out->command->name;
	if (out->help || out->version)
		return 0;
	if (!out->command)
		return fail(err, "no command given; `vs2vz help` lists them");
	if (check_accepts(&p, err) < 0 || check_operands(out, err) < 0)
		return -1;
	return check_choices(out, err);
}

bool color_wanted(enum color_when when, int fd)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	if (when == COLOR_ALWAYS || when == COLOR_NEVER)
		return when == COLOR_ALWAYS;
	if (no_color && *no_color)
		return false;
	return term && strcmp(term, "dumb") != 0 && isatty(fd);
}
