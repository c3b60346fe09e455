/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fix-up recipes as data: what docs/fixups.md describes, read but not yet matched.
 * A recipe knows nothing of guests; verbs are rows of the tables in recipe_verbs.c.
 */
#ifndef VS2VZ_DECIDE_RECIPE_H
#define VS2VZ_DECIDE_RECIPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/inroot.h"
#include "base/pool.h"

#define RECIPE_FORMAT "1"
#define RECIPE_MAX (64 * 1024)
#define RECIPE_DIR "/etc/vs2vz.d/fixups"
#define RECIPE_SUFFIX ".fix"
#define STATEMENT_PAIRS 8

enum confidence { CONFIDENCE_ACT, CONFIDENCE_PROPOSE };
enum family { FAMILY_UN_BUILD, FAMILY_ADAPT };
enum match { MATCH_EXACT, MATCH_GLOB, MATCH_REGEX };

struct content_line {
	char mark;		/* '|', '>', '!' */
	const char *text;
};

struct fixing;
struct statement;
/* 1: holds, 0: does not, -1: cannot be told (a finding has said why). */
typedef int condition_fn(struct fixing *f, const struct statement *s);
/* 0, or -1 with err: this edit cannot be made. */
typedef int change_fn(struct fixing *f, const struct statement *s, struct err *err);

struct verb {
	const char *name;
	unsigned operands;	/* exactly so many */
	const char *keys;	/* "match any": allowed; with '!' behind: must be there */
	const char *marks;	/* allowed content; NULL: none */
	bool needs_content;	/* at least one line with the first mark */
	bool paths;		/* every operand is a path */
	condition_fn *holds;	/* of conditions */
	change_fn *change;	/* of edits */
};
extern const struct verb condition_verbs[];	/* end with a NULL name */
extern const struct verb change_verbs[];

struct statement {
	const struct verb *verb;
	bool negated;
	enum match match;	/* of match=, which is checked when read */
	const char *operand[3];
	size_t nr_pairs;
	struct {
		const char *key, *value;
	} pair[STATEMENT_PAIRS];
	size_t nr_lines, cap_lines;
	struct content_line *line;
	unsigned at;		/* line in the file */
};

struct statements {
	size_t nr, cap;
	struct statement *v;
};

struct recipe_group {
	const char *each;	/* glob; NULL: once */
	bool otherwise;		/* only if no group before held */
	enum confidence confidence;
	size_t nr_sets, cap_sets;
	struct statements *set;	/* alternatives; all of one must hold */
	struct statements edits;
};

struct recipe {
	const char *name;
	const char *origin;	/* path of the file; NULL: built in */
	const char *text;	/* as it was read */
	const char *about, *reason;
	unsigned order;
	enum family family;
	enum confidence confidence;
	struct statements needs;
	size_t nr_groups, cap_groups;
	struct recipe_group *group;
};

struct recipes {
	size_t nr, cap;
	struct recipe *v;	/* by order, then name */
};

/* Made by the GNUmakefile of templates/fixups; ends with a NULL name. */
struct built_in_recipe {
	const char *name, *text;
};
extern const struct built_in_recipe built_in_recipes[];
/* Of templates/fixups/debian.numbers: "NAME START STOP" lines. */
extern const char built_in_debian_numbers[];

/* "FILE:LINE:COLUMN: what is wrong". All texts are copied into the pool. */
int recipe_parse(struct recipe *out, const char *name, const char *origin, const char *text,
		 struct pool *pool, struct err *err) MUST_CHECK;
bool recipe_good_name(const char *name);
/* Ours, then those of RECIPE_DIR below the root (NULL: none), sorted. */
int recipes_read(struct recipes *out, const struct root *root, struct pool *pool,
		 struct err *err) MUST_CHECK;
const struct recipe *recipe_find(const struct recipes *r, const char *name);

/* The value of a key; NULL: not given. */
const char *statement_get(const struct statement *s, const char *key);

/* Words all, none, NAME, +NAME, -NAME between commas: are they well formed? */
bool fixup_words_good(const char *words);
/* The first word that names no recipe (pool); NULL: all do. */
const char *fixup_word_unknown(const char *words, const struct recipes *r, struct pool *pool);
enum fixup_choice { FIXUP_OFF, FIXUP_OWN, FIXUP_ACT };
/* What words (NULL: none), from left to right, say of a recipe; before: the answer without. */
enum fixup_choice fixup_chosen(const char *words, const char *name, enum fixup_choice before);

#endif
