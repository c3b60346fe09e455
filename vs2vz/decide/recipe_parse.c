/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a recipe: lines of the one grammar, with content lines below them. Knows the
 * shape of a recipe; what a verb takes is in its row.
 */
#include "decide/recipe.h"

#include <ctype.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/utf8.h"
#include "base/words.h"

/* Where the statement in hand belongs. */
enum part { PART_HEAD, PART_NEEDS, PART_EACH, PART_WHEN, PART_DO };

struct parsing {
	struct recipe *out;
	const char *file;	/* for messages */
	const char *line;	/* the present line, without leading blanks */
	unsigned nr, indent;
	enum part part;
	const char **words_of;	/* about or reason, while its content is read */
	struct statement *last;	/* that content lines belong to; NULL: none */
	bool headed;
	struct pool *pool;
	struct err *err;
};

/* The column is that of the word, where the line has it. */
static int bad(struct parsing *p, const char *word, const char *fmt, ...)
{
	const char *at = word && *word ? strstr(p->line, word) : NULL;
	unsigned column = p->indent + 1 + (at ? (unsigned)(at - p->line) : 0);
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return fail(p->err, "%s:%u:%u: %s", show(p->file), p->nr, column, text);
}

static int want_number(struct parsing *p, const struct words *w, const char *key, unsigned *out)
{
	const char *text = words_get(w, key);
	uint64_t number;

	if (!text || !parse_u64(text, 999, &number) || !number)
		return bad(p, key, "%s must be a number from 1 to 999", key);
	*out = (unsigned)number;
	return 0;
}

/* One of two words; which: the index. */
static int want_word(struct parsing *p, const struct words *w, const char *key,
		     const char *const two[2], int fallback)
{
	const char *text = words_get(w, key);

	if (!text && fallback >= 0)
		return fallback;
	for (int i = 0; text && i < 2; i++)
		if (strcmp(text, two[i]) == 0)
			return i;
	return bad(p, key, "%s must be %s or %s", key, two[0], two[1]);
}

static int confidence_of(struct parsing *p, const struct words *w, enum confidence fallback)
{
	static const char *const two[] = { "act", "propose" };

	return want_word(p, w, "confidence", two, (int)fallback);
}

static int only_keys(struct parsing *p, const struct words *w, const char *keys)
{
	for (size_t i = 0; i < w->nr_pairs; i++) {
		const char *key = w->pair[i].key, *at = strstr(keys, key);
		size_t len = strlen(key);

		while (at && ((at > keys && at[-1] != ' ') || (at[len] && !strchr(" !", at[len]))))
			at = strstr(at + 1, key);
		if (!at)
			return bad(p, key, "'%s' takes no %s=", show(w->bare[0]), show(key));
	}
	return 0;
}

static int head(struct parsing *p, const struct words *w)
{
	static const char *const families[] = { "un-build", "adapt" };
	const char *format = words_get(w, "format");
	int family, confidence;

	if (p->headed || w->nr_bare != 1)
		return bad(p, NULL, "'recipe' stands once, as the first statement");
	if (!format || strcmp(format, RECIPE_FORMAT) != 0)
		return bad(p, "format", "format must be " RECIPE_FORMAT);
	if (only_keys(p, w, "format order family confidence") < 0 ||
	    want_number(p, w, "order", &p->out->order) < 0)
		return -1;
	family = want_word(p, w, "family", families, -1);
	confidence = confidence_of(p, w, CONFIDENCE_ACT);
	if (family < 0 || confidence < 0)
		return -1;
	p->out->family = (enum family)family;
	p->out->confidence = (enum confidence)confidence;
	p->headed = true;
	return 0;
}

static struct recipe_group *group_new(struct parsing *p)
{
	struct recipe_group *g = pool_grow(p->pool, &p->out->group, &p->out->nr_groups,
					   &p->out->cap_groups, sizeof(*g));

	g->confidence = p->out->confidence;
	return g;
}

static struct recipe_group *group_now(struct parsing *p)
{
	return &p->out->group[p->out->nr_groups - 1];
}

static void set_new(struct parsing *p)
{
	struct recipe_group *g = group_now(p);

	pool_grow(p->pool, &g->set, &g->nr_sets, &g->cap_sets, sizeof(*g->set));
	p->part = PART_WHEN;
}

static bool group_is_whole(const struct parsing *p)
{
	return !p->out->nr_groups || (p->part == PART_DO && p->out->group[p->out->nr_groups - 1].edits.nr);
}

static int start_about(struct parsing *p, const struct words *w)
{
	const char **to = strcmp(w->bare[0], "about") == 0 ? &p->out->about : &p->out->reason;

	if (p->part != PART_HEAD || *to || w->nr_bare != 1 || w->nr_pairs)
		return bad(p, NULL, "'%s' stands once, alone, before the groups", w->bare[0]);
	*to = "";
	p->words_of = to;
	return 0;
}

static int start_needs(struct parsing *p, const struct words *w)
{
	if (p->part != PART_HEAD || w->nr_bare != 1 || w->nr_pairs)
		return bad(p, NULL, "'needs' stands once, alone, before the groups");
	p->part = PART_NEEDS;
	return 0;
}

static int start_each(struct parsing *p, const struct words *w)
{
	if (w->nr_bare != 2 || w->nr_pairs || w->bare[1][0] != '/')
		return bad(p, NULL, "'each' takes one absolute pattern");
	if (!group_is_whole(p) || p->part == PART_EACH)
		return bad(p, NULL, "the group before has no edits");
	group_new(p)->each = pool_strdup(p->pool, w->bare[1]);
	p->part = PART_EACH;
	return 0;
}

static int start_when(struct parsing *p, const struct words *w)
{
	if (w->nr_bare != 1 || w->nr_pairs)
		return bad(p, NULL, "'%s' stands alone", w->bare[0]);
	if (p->part != PART_EACH) {
		if (!group_is_whole(p))
			return bad(p, NULL, "the group before has no edits");
		group_new(p);
	}
	group_now(p)->otherwise = strcmp(w->bare[0], "otherwise") == 0;
	set_new(p);
	return 0;
}

static int start_or(struct parsing *p, const struct words *w)
{
	if (p->part != PART_WHEN || w->nr_bare != 1 || w->nr_pairs)
		return bad(p, NULL, "'or' stands alone, after conditions");
	set_new(p);
	return 0;
}

static int start_do(struct parsing *p, const struct words *w)
{
	int confidence;

	if (p->part != PART_WHEN || w->nr_bare != 1)
		return bad(p, NULL, "'do' follows 'when' or 'otherwise'");
	confidence = confidence_of(p, w, group_now(p)->confidence);
	if (confidence < 0 || only_keys(p, w, "confidence") < 0)
		return -1;
	group_now(p)->confidence = (enum confidence)confidence;
	p->part = PART_DO;
	return 0;
}

static const struct {
	const char *word;
	int (*start)(struct parsing *p, const struct words *w);
} frame[] = {
	{ "recipe", head }, { "about", start_about }, { "reason", start_about },
	{ "needs", start_needs }, { "each", start_each }, { "when", start_when },
	{ "otherwise", start_when }, { "or", start_or }, { "do", start_do },
};

static const struct verb *verb_find(const struct verb *verbs, const char *name)
{
	for (; verbs->name; verbs++)
		if (strcmp(verbs->name, name) == 0)
			return verbs;
	return NULL;
}

/* Keys with '!' behind them in the row must be there. */
static int required_keys(struct parsing *p, const struct verb *verb, const struct words *w)
{
	for (const char *at = verb->keys; at && *at;) {
		size_t len = strcspn(at, " !");
		char key[32];

		snprintf(key, sizeof(key), "%.*s", (int)len, at);
		if (at[len] == '!' && !words_get(w, key))
			return bad(p, NULL, "'%s' needs %s=", verb->name, key);
		at += len;
		at += strspn(at, "! ");
	}
	return 0;
}

static int take_match(struct parsing *p, struct statement *s)
{
	static const char *const names[] = { "exact", "glob", "regex" };
	const char *word = statement_get(s, "match");

	for (int i = 0; word && i < 3; i++) {
		if (strcmp(word, names[i]) == 0) {
			s->match = (enum match)i;
			return 0;
		}
	}
	if (strcmp(s->verb->name, "substitute") == 0)
		s->match = MATCH_REGEX;
	return word ? bad(p, "match", "match must be exact, glob or regex") : 0;
}

static int good_path(struct parsing *p, const char *path)
{
	static const char *const forms[] = { "{}", "{dir}", "{stem}" };
	bool each = p->part != PART_NEEDS && group_now(p)->each;

	for (size_t i = 0; each && i < sizeof(forms) / sizeof(*forms); i++)
		if (strncmp(path, forms[i], strlen(forms[i])) == 0)
			return 0;
	if (path[0] != '/' || !path[1] || strstr(path, "/../") || strstr(path, "//") ||
	    (!each && strchr(path, '{')))
		return bad(p, path, "'%s' is no absolute path without \"..\"", show(path));
	return 0;
}

/* Values that have a form: owner, mode, numbers, booleans. */
static int good_value(struct parsing *p, const char *key, const char *value)
{
	static const struct {
		const char *key, *one_of;	/* between blanks */
	} words[] = {
		{ "any", " yes no " }, { "create", " yes no " }, { "fill", " yes no " },
		{ "place", " before after " }, { "style", " shell space ini " },
		{ "state", " on off there unlinked " },
		{ "type", " file dir link char block fifo socket c b p " },
	};
	char framed[32];
	uint64_t n;

	snprintf(framed, sizeof(framed), " %s ", value);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(key, words[i].key) == 0 && !strstr(words[i].one_of, framed))
			return bad(p, key, "%s must be one of%s", key, words[i].one_of);
	if (strcmp(key, "mode") == 0 &&
	    (strspn(value, "01234567") != strlen(value) || strlen(value) < 3 || strlen(value) > 4))
		return bad(p, key, "%s must be octal, as 0644", key);
	if (strcmp(key, "major") == 0 || strcmp(key, "minor") == 0)
		if (!parse_u64(value, 1048575, &n))
			return bad(p, key, "%s must be a number", key);
	return 0;
}

static int take_pairs(struct parsing *p, struct statement *s, const struct words *w)
{
	if (only_keys(p, w, s->verb->keys ? s->verb->keys : "") < 0 ||
	    required_keys(p, s->verb, w) < 0)
		return -1;
	for (size_t i = 0; i < w->nr_pairs; i++) {
		s->pair[i].key = pool_strdup(p->pool, w->pair[i].key);
		s->pair[i].value = pool_strdup(p->pool, w->pair[i].value);
		if (good_value(p, s->pair[i].key, s->pair[i].value) < 0)
			return -1;
		s->nr_pairs++;
	}
	return take_match(p, s);
}

static int take_operands(struct parsing *p, struct statement *s, const struct words *w,
			 size_t first)
{
	if (w->nr_bare - first != s->verb->operands)
		return bad(p, NULL, "'%s' takes %u word%s", s->verb->name, s->verb->operands,
			   s->verb->operands == 1 ? "" : "s");
	for (size_t i = 0; i < s->verb->operands; i++) {
		s->operand[i] = pool_strdup(p->pool, w->bare[first + i]);
		if (s->verb->paths && good_path(p, s->operand[i]) < 0)
			return -1;
	}
	return 0;
}

static struct statements *list_now(struct parsing *p)
{
	struct recipe_group *g = p->out->nr_groups ? group_now(p) : NULL;

	switch (p->part) {
	case PART_NEEDS: return &p->out->needs;
	case PART_WHEN: return &g->set[g->nr_sets - 1];
	case PART_DO: return &g->edits;
	default: return NULL;
	}
}

static int statement(struct parsing *p, const struct words *w)
{
	bool negated = p->part != PART_DO && strcmp(w->bare[0], "not") == 0 && w->nr_bare > 1;
	const char *name = w->bare[negated];
	struct statements *list = list_now(p);
	const struct verb *verb;
	struct statement *s;

	if (!list)
		return bad(p, name, "'%s' stands outside of needs, when and do", show(name));
	verb = verb_find(p->part == PART_DO ? change_verbs : condition_verbs, name);
	if (!verb)
		return bad(p, name, "there is no %s '%s'", p->part == PART_DO ? "edit" : "condition",
			   show(name));
	s = pool_grow(p->pool, &list->v, &list->nr, &list->cap, sizeof(*s));
	*s = (struct statement){ .verb = verb, .negated = negated, .at = p->nr };
	p->last = s;
	if (take_operands(p, s, w, negated + 1u) < 0)
		return -1;
	return take_pairs(p, s, w);
}

static int check_pattern(struct parsing *p, const struct statement *s, const char *text)
{
	char why[128];
	regex_t re;
	int refused;

	if (s->match != MATCH_REGEX)
		return 0;
	refused = regcomp(&re, text, REG_EXTENDED);
	if (refused) {
		regerror(refused, &re, why, sizeof(why));
		return bad(p, NULL, "not a regular expression: %s", why);
	}
	regfree(&re);
	return 0;
}

static int content(struct parsing *p, char mark, const char *text)
{
	struct statement *s = p->last;
	struct content_line *line;

	if (p->words_of && mark == '|') {
		*p->words_of = pool_printf(p->pool, "%s%s%s", *p->words_of,
					   **p->words_of ? "\n" : "", text);
		return 0;
	}
	if (!s)
		return bad(p, NULL, "content without a statement before it");
	if (!s->verb->marks || !strchr(s->verb->marks, mark))
		return bad(p, NULL, "'%s' takes no lines with '%c'", s->verb->name, mark);
	if ((mark == '|' || mark == '!') && check_pattern(p, s, text) < 0)
		return -1;
	line = pool_grow(p->pool, &s->line, &s->nr_lines, &s->cap_lines, sizeof(*line));
	line->mark = mark;
	line->text = pool_strdup(p->pool, text);
	return 0;
}

/* The statement before is complete: does it have what it needs? */
static int finish_last(struct parsing *p)
{
	const struct statement *s = p->last;
	bool found = !s || !s->verb->needs_content;

	for (size_t i = 0; !found && i < s->nr_lines; i++)
		found = s->line[i].mark == s->verb->marks[0];
	if (!found) {
		p->nr = s->at;
		return bad(p, NULL, "'%s' needs lines with '%c' below it", s->verb->name,
			   s->verb->marks[0]);
	}
	p->last = NULL;
	p->words_of = NULL;
	return 0;
}

static int take_words(struct parsing *p, const struct words *w)
{
	if (finish_last(p) < 0)
		return -1;
	if (!w->nr_bare)
		return bad(p, NULL, "a statement begins with a word");
	if (!p->headed && strcmp(w->bare[0], "recipe") != 0)
		return bad(p, NULL, "the first statement must be 'recipe'");
	for (size_t i = 0; i < sizeof(frame) / sizeof(*frame); i++)
		if (strcmp(frame[i].word, w->bare[0]) == 0)
			return frame[i].start(p, w);
	return statement(p, w);
}

static int take_line(struct parsing *p, const char *line)
{
	struct words w;
	struct err why;
	int rc;

	p->indent = (unsigned)strspn(line, " \t");
	p->line = line += p->indent;
	if (!*line || *line == '#')
		return 0;
	if (strchr("|>!", *line))
		return content(p, *line, line + 1 + (line[1] == ' '));
	if (words_parse(&w, line, &why) < 0)
		return bad(p, NULL, "%s", why.text);
	rc = w.nr_pairs > STATEMENT_PAIRS ? bad(p, NULL, "too many pairs") : take_words(p, &w);
	words_release(&w);
	return rc;
}

static int finish(struct parsing *p)
{
	const struct recipe *r = p->out;

	p->line = "";
	p->indent = 0;
	if (finish_last(p) < 0)
		return -1;
	if (!p->headed)
		return bad(p, NULL, "no 'recipe' statement");
	if (!r->about || !*r->about || strchr(r->about, '\n') || !r->reason || !*r->reason)
		return bad(p, NULL, "'about' needs one line and 'reason' at least one");
	if (!r->nr_groups || !group_is_whole(p))
		return bad(p, NULL, "the last group has no edits");
	return 0;
}

int recipe_parse(struct recipe *out, const char *name, const char *origin, const char *text,
		 struct pool *pool, struct err *err)
{
	struct parsing p = { .out = out, .file = origin ? origin : name, .pool = pool,
			     .err = err, .nr = 0, .line = "" };

	*out = (struct recipe){ .name = pool_strdup(pool, name), .text = pool_strdup(pool, text),
				.origin = origin ? pool_strdup(pool, origin) : NULL };
	if (!recipe_good_name(name))
		return fail(err, "%s: a name has lower-case letters, digits and '-'", show(p.file));
	if (strlen(text) > RECIPE_MAX || !utf8_valid(text))
		return fail(err, "%s: too large, or not UTF-8", show(p.file));
	while (*text) {
		size_t len = strcspn(text, "\n");
		char *line = pool_memdup(pool, text, len);

		p.nr++;
		if (take_line(&p, line) < 0)
			return -1;
		text += len + (text[len] == '\n');
	}
	return finish(&p);
}
