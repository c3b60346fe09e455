/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All recipes of a run: those of the program, and the administrator's, which replace
 * them by name. And what the words of --fixups say of one.
 */
#include "decide/recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 60

bool recipe_good_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len && !name[len] && len <= NAME_MAX_LEN && name[0] != '-' &&
	       strcmp(name, "all") != 0 && strcmp(name, "none") != 0;
}

const char *statement_get(const struct statement *s, const char *key)
{
	for (size_t i = 0; i < s->nr_pairs; i++)
		if (strcmp(s->pair[i].key, key) == 0)
			return s->pair[i].value;
	return NULL;
}

static int by_order(const void *a, const void *b)
{
	const struct recipe *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return strcmp(x->name, y->name);
}

const struct recipe *recipe_find(const struct recipes *r, const char *name)
{
	for (size_t i = 0; i < r->nr; i++)
		if (strcmp(r->v[i].name, name) == 0)
			return &r->v[i];
	return NULL;
}

static int add(struct recipes *out, const struct recipe *recipe, struct pool *pool)
{
	struct recipe *to = NULL;

	for (size_t i = 0; i < out->nr; i++)
		if (strcmp(out->v[i].name, recipe->name) == 0)
			to = &out->v[i];
	if (!to)
		to = pool_grow(pool, &out->v, &out->nr, &out->cap, sizeof(*to));
	*to = *recipe;
	return 0;
}

static int read_own(struct recipes *out, struct pool *pool, struct err *err)
{
	for (const struct built_in_recipe *b = built_in_recipes; b->name; b++) {
		struct recipe recipe;

		if (recipe_parse(&recipe, b->name, NULL, b->text, pool, err) < 0 ||
		    add(out, &recipe, pool) < 0)
			return -1;
	}
	return 0;
}

static int read_file(struct recipes *out, const struct root *root, const char *file,
		     struct pool *pool, struct err *err)
{
	const char *path = pool_printf(pool, "%s/%s", RECIPE_DIR, file);
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct recipe recipe;

	if (root_read(root, path, RECIPE_MAX, &text, err) < 0)
		return -1;
	if (memchr(text.data, '\0', text.len))
		return fail(err, "%s: a NUL byte", show(path));
	if (recipe_parse(&recipe, pool_memdup(pool, file, strlen(file) - strlen(RECIPE_SUFFIX)),
			 path, text.data, pool, err) < 0)
		return -1;
	return add(out, &recipe, pool);
}

static int read_administrators(struct recipes *out, const struct root *root, struct pool *pool,
			       struct err *err)
{
	const size_t suffix = strlen(RECIPE_SUFFIX);
	struct names names;

	if (root_names(root, RECIPE_DIR, pool, &names, err) < 0) {
		if (!err_is_absent(err))
			return -1;
		err_clear(err);
		return 0;
	}
	for (size_t i = 0; i < names.nr; i++) {
		size_t len = strlen(names.name[i]);

		if (names.name[i][0] == '.' || len <= suffix ||
		    strcmp(names.name[i] + len - suffix, RECIPE_SUFFIX) != 0)
			continue;
		if (read_file(out, root, names.name[i], pool, err) < 0)
			return -1;
	}
	return 0;
}

int recipes_read(struct recipes *out, const struct root *root, struct pool *pool,
		 struct err *err)
{
	*out = (struct recipes){ 0 };
	if (read_own(out, pool, err) < 0 ||
	    (root && read_administrators(out, root, pool, err) < 0))
		return -1;
	if (out->nr)
		qsort(out->v, out->nr, sizeof(*out->v), by_order);
	return 0;
}

/* The next word of a list between commas, without what stands before its name. */
static bool next_word(const char **words, char word[128], char *sign)
{
	size_t len = strcspn(*words, ",");
	const char *at = *words;

	if (!len)
		return false;
	*words += len + ((*words)[len] == ',');
	*sign = *at == '+' || *at == '-' ? *at : '\0';
	at += *sign != '\0';
	len -= *sign != '\0';
	snprintf(word, 128, "%.*s", (int)(len < 127 ? len : 127), at);
	return true;
}

static bool is_whole(const char *word, char sign)
{
	return !sign && (strcmp(word, "all") == 0 || strcmp(word, "none") == 0);
}

bool fixup_words_good(const char *words)
{
	char word[128], sign;
	size_t nr = 0;

	for (; next_word(&words, word, &sign); nr++)
		if (!is_whole(word, sign) && !recipe_good_name(word))
			return false;
	return nr && !*words;
}

const char *fixup_word_unknown(const char *words, const struct recipes *r, struct pool *pool)
{
	char word[128], sign;

	while (next_word(&words, word, &sign))
		if (!is_whole(word, sign) && !recipe_find(r, word))
			return pool_strdup(pool, word);
	return NULL;
}

enum fixup_choice fixup_chosen(const char *words, const char *name, enum fixup_choice before)
{
	char word[128], sign;

	while (words && next_word(&words, word, &sign)) {
		if (is_whole(word, sign))
			before = word[0] == 'a' ? FIXUP_OWN : FIXUP_OFF;
		else if (strcmp(word, name) == 0)
			before = sign == '-' ? FIXUP_OFF : FIXUP_ACT;
	}
	return before;
}
