/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine: recipes in their order, groups in theirs, each on what the ones before
 * left. A group is made as a whole or not at all; one that only proposes is made as well,
 * to tell what it would change, and taken back.
 */
#include "decide/fixups.h"

#include <string.h>

#include "decide/fix_inside.h"

#define FILES_SHOWN 6

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* The path that matched, without the literal end of the pattern. */
static const char *stem_of(const struct fixing *f)
{
	const char *glob = f->group->each, *star = strrchr(glob, '*');
	size_t end = star ? strlen(star + 1) : 0, len = strlen(f->each);

	return pool_memdup(f->pool, f->each, end < len ? len - end : len);
}

static const char *part_of_each(const struct fixing *f, const char *form)
{
	const char *name = strrchr(f->each, '/') + 1;

	if (starts(form, "{}"))
		return f->each;
	if (starts(form, "{name}"))
		return name;
	if (starts(form, "{stem}"))
		return stem_of(f);
	if (starts(form, "{dir}"))
		return name == f->each + 1 ? "/" :
		       pool_memdup(f->pool, f->each, (size_t)(name - 1 - f->each));
	return NULL;
}

const char *fix_path(const struct fixing *f, const char *operand)
{
	struct buf out CLEANUP_BUF = BUF_INIT;

	if (!f->each || !strchr(operand, '{'))
		return operand;
	while (*operand) {
		const char *part = *operand == '{' ? part_of_each(f, operand) : NULL;

		if (part) {
			buf_adds(&out, part);
			operand = strchr(operand, '}') + 1;
		} else {
			buf_addch(&out, *operand++);
		}
	}
	return pool_memdup(f->pool, out.data, out.len);
}

const char *fix_word(const struct fixing *f, const char *list, size_t n)
{
	for (; *list; list += *list == ',') {
		size_t len = strcspn(list, ",");

		if (!n--)
			return pool_memdup(f->pool, list, len);
		list += len;
	}
	return NULL;
}

bool fix_listed(const char *list, const char *word)
{
	size_t wanted = strlen(word);

	for (; *list; list += *list == ',') {
		size_t len = strcspn(list, ",");

		if (len == wanted && strncmp(list, word, len) == 0)
			return true;
		list += len;
	}
	return false;
}

/* A host name that is safe in any file. */
static bool plain_name(const char *text)
{
	return text && *text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
					      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")];
}

const char *fix_value(const struct fixing *f, const char *name)
{
	const struct guest *guest = f->guest->guest;
	bool named = plain_name(guest->hostname);

	if (strcmp(name, "hostname") == 0)
		return named ? guest->hostname : NULL;
	if (strcmp(name, "shortname") == 0)
		return named ? pool_memdup(f->pool, guest->hostname, strcspn(guest->hostname, "."))
			     : NULL;
	if (strcmp(name, "address") == 0)
		return guest->nr_addresses ? guest->address[0].text : NULL;
	if (strcmp(name, "ctid") == 0)
		return f->guest->ctid ? pool_printf(f->pool, "%u", f->guest->ctid) : NULL;
	return NULL;
}

int fix_odd(struct fixing *f, const char *path, const struct err *err)
{
	const char **to;

	for (size_t i = 0; i < f->nr_odd; i++)
		if (strcmp(f->odd[i], path) == 0)
			return -1;
	to = pool_grow(f->pool, &f->odd, &f->nr_odd, &f->cap_odd, sizeof(*to));
	*to = pool_strdup(f->pool, path);
	finding_add(f->findings, VS_GUEST_FILE_ODD, f->guest->guest->name, path,
		    "recipe %s does nothing with it: %s", f->recipe->name, err->text);
	return -1;
}

/* All conditions of a set; oddity holds neither way. */
static bool all_hold(struct fixing *f, const struct statements *set)
{
	for (size_t i = 0; i < set->nr; i++)
		if (set->v[i].verb->holds(f, &set->v[i]) != !set->v[i].negated)
			return false;
	return true;
}

static bool group_holds(struct fixing *f)
{
	for (size_t i = 0; i < f->group->nr_sets; i++)
		if (all_hold(f, &f->group->set[i]))
			return true;
	return false;
}

/* What the group changed, for people: its files, the first ones by name. */
static const char *files_of(struct fixing *f, const struct edits_mark *before)
{
	struct buf out CLEANUP_BUF = BUF_INIT;
	size_t nr = 0;

	for (size_t i = 0; i < f->edits->nr; i++) {
		const struct edit *now = &f->edits->v[i];

		if (!edits_since(f->edits, before, i))
			continue;
		if (!edit_is_change(now) && i >= before->nr)
			continue;
		if (nr++ < FILES_SHOWN)
			buf_addf(&out, "%s%s", nr > 1 ? ", " : "", show(now->path));
	}
	if (nr > FILES_SHOWN)
		buf_addf(&out, " and %zu more", nr - FILES_SHOWN);
	return pool_strdup(f->pool, out.data);
}

static void report(struct fixing *f, enum finding_id id, const char *files, const char *about)
{
	const char *object = *files ? pool_printf(f->pool, "%s: %s", f->recipe->name, files)
				    : f->recipe->name;

	finding_add(f->findings, id, f->guest->guest->name, object, "%s", about);
}

static void ran(struct fixing *f)
{
	const char **to;

	if (f->nr_ran && f->ran[f->nr_ran - 1] == f->recipe->name)
		return;
	to = pool_grow(f->pool, &f->ran, &f->nr_ran, &f->cap_ran, sizeof(*to));
	*to = f->recipe->name;
}

static int make_edits(struct fixing *f, struct err *err)
{
	for (size_t i = 0; i < f->group->edits.nr; i++)
		if (f->group->edits.v[i].verb->change(f, &f->group->edits.v[i], err) < 0)
			return -1;
	return 0;
}

/* What became of a group for all the paths it was tried for. */
struct tally {
	bool held, changed;
	struct edits_mark before;
};

static void try_once(struct fixing *f, struct tally *t)
{
	struct edits_mark mark;
	struct err err = { 0 };

	if (!group_holds(f))
		return;
	t->held = true;
	mark = edits_save(f->edits);
	if (make_edits(f, &err) == 0) {
		t->changed |= f->edits->changes != mark.changes;
		edits_done(f->edits, &mark);
		return;
	}
	edits_back(f->edits, &mark);
	if (err.code == ERR_ODD)
		fix_odd(f, f->each ? f->each : f->recipe->name, &err);
	else
		report(f, VS_FIXUP_FAILED, f->each ? f->each : "", err.text);
}

static void try_each(struct fixing *f, struct tally *t)
{
	struct fix_paths paths;
	struct err err;

	if (!f->group->each) {
		f->each = NULL;
		try_once(f, t);
		return;
	}
	if (fix_glob(f, f->group->each, &paths, &err) < 0) {
		fix_odd(f, f->group->each, &err);
		return;
	}
	for (size_t i = 0; i < paths.nr; i++) {
		f->each = paths.v[i];
		try_once(f, t);
	}
	f->each = NULL;
}

static bool run_group(struct fixing *f, bool acts)
{
	struct tally t = { .before = edits_save(f->edits) };
	const char *files;

	try_each(f, &t);
	files = t.changed ? files_of(f, &t.before) : "";
	if (*files)
		report(f, acts ? VS_FIXED_UP : VS_FIXUP_PROPOSED, files, f->recipe->about);
	if (*files && acts)
		ran(f);
	if (*files && !acts)
		edits_back(f->edits, &t.before);
	else
		edits_done(f->edits, &t.before);
	return t.held;
}

static void run_recipe(struct fixing *f, enum fixup_choice choice)
{
	bool held = false;

	f->group = NULL;
	f->each = NULL;
	f->edits->by = f->recipe->name;
	if (!all_hold(f, &f->recipe->needs))
		return;
	for (size_t i = 0; i < f->recipe->nr_groups; i++) {
		f->group = &f->recipe->group[i];
		if (f->group->otherwise && held)
			continue;
		held |= run_group(f, choice == FIXUP_ACT ||
				     f->group->confidence == CONFIDENCE_ACT);
	}
}

void fixups_run(struct edits *edits, const struct fixup_guest *guest, struct findings *findings)
{
	struct fixing f = { .guest = guest, .edits = edits, .findings = findings,
			    .pool = edits->pool };

	for (size_t i = 0; i < guest->recipes->nr; i++) {
		const struct recipe *recipe = &guest->recipes->v[i];
		enum fixup_choice choice = FIXUP_OWN;

		for (size_t w = 0; w < sizeof(guest->words) / sizeof(*guest->words); w++)
			choice = fixup_chosen(guest->words[w], recipe->name, choice);
		f.recipe = recipe;
		if (choice != FIXUP_OFF)
			run_recipe(&f, choice);
	}
}
