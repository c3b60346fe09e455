/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The conditions of recipes. Each answers 1 or 0; -1 where a file of the guest is so odd
 * that there is no answer: then neither the condition nor its contrary holds.
 */
#include "decide/fix_inside.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "decide/fix_lines.h"

/* "7.10" after "7.9"; what is not a number ends the comparison. */
static int compare_versions(const char *a, const char *b)
{
	for (;;) {
		char *end_a, *end_b;
		unsigned long x = strtoul(a, &end_a, 10), y = strtoul(b, &end_b, 10);

		if (x != y)
			return x < y ? -1 : 1;
		if (*end_a != '.' && *end_b != '.')
			return 0;
		a = *end_a == '.' ? end_a + 1 : "0";
		b = *end_b == '.' ? end_b + 1 : "0";
	}
}

static bool in_range(const struct statement *s, const char *version)
{
	const char *from = statement_get(s, "from"), *below = statement_get(s, "below");

	if (!from && !below)
		return true;
	if (!version || *version < '0' || *version > '9')
		return false;
	return (!from || compare_versions(version, from) >= 0) &&
	       (!below || compare_versions(version, below) < 0);
}

int fix_distro(struct fixing *f, const struct statement *s)
{
	const struct system *system = &f->guest->guest->system;

	return system->distro && fix_listed(s->operand[0], system->distro) &&
	       in_range(s, system->version);
}

bool fix_system_is(const struct fixing *f, const char *distro, const char *from)
{
	const struct system *system = &f->guest->guest->system;

	return system->distro && strcmp(system->distro, distro) == 0 && system->version &&
	       *system->version >= '0' && *system->version <= '9' &&
	       compare_versions(system->version, from) >= 0;
}

int fix_init(struct fixing *f, const struct statement *s)
{
	const char *init = f->guest->guest->system.init;

	return init && fix_listed(s->operand[0], init);
}

int fix_arch(struct fixing *f, const struct statement *s)
{
	const char *arch = f->guest->guest->system.arch;

	return arch && fix_listed(s->operand[0], arch);
}

int fix_kernel(struct fixing *f, const struct statement *s)
{
	const struct host *host = f->guest->host;

	return host && host->kernel == KERNEL_OPENVZ && host->kernel_release &&
	       in_range(s, host->kernel_release);
}

int fix_vz7(struct fixing *f, const struct statement *s)
{
	(void)s;
	return f->guest->host && f->guest->host->is_vz7;
}

static int look(struct fixing *f, const struct statement *s, bool follow, const char **canonical,
		struct object *out)
{
	const char *path = fix_path(f, s->operand[0]);
	struct err err;

	if (edits_look(f->edits, path, follow, canonical, out, &err) < 0)
		return fix_odd(f, path, &err);
	return 0;
}

/* The text of the operand: 1, 0 where there is nothing, -1 odd. */
static int read_text(struct fixing *f, const struct statement *s, struct object *out)
{
	const char *canonical;
	struct err err;

	if (look(f, s, true, &canonical, out) < 0)
		return -1;
	if (out->thing == THING_ABSENT)
		return 0;
	if (edits_load(f->edits, canonical, out, false, &err) < 0)
		return fix_odd(f, canonical, &err);
	return 1;
}

static bool is_type(const struct object *o, const char *type)
{
	static const struct {
		const char *word;
		mode_t type;
	} types[] = {
		{ "file", S_IFREG }, { "dir", S_IFDIR }, { "link", S_IFLNK }, { "char", S_IFCHR },
		{ "block", S_IFBLK }, { "fifo", S_IFIFO }, { "socket", S_IFSOCK },
		{ "c", S_IFCHR }, { "b", S_IFBLK }, { "p", S_IFIFO },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(types[i].word, type) == 0)
			return o->thing != THING_ABSENT && (o->mode & S_IFMT) == types[i].type;
	return false;
}

static int exists_one(struct fixing *f, const char *path, const char *type)
{
	const char *canonical;
	struct object object;
	struct err err;

	if (edits_look(f->edits, path, !type || strcmp(type, "link") != 0, &canonical, &object,
		       &err) < 0)
		return fix_odd(f, path, &err);
	return type ? is_type(&object, type) : object.thing != THING_ABSENT;
}

int fix_exists(struct fixing *f, const struct statement *s)
{
	const char *path = fix_path(f, s->operand[0]), *type = statement_get(s, "type");
	struct fix_paths found;
	struct err err;

	/* A name that matched may hold what looks like a pattern. */
	if (!fix_is_glob(s->operand[0]))
		return exists_one(f, path, type);
	if (fix_glob(f, path, &found, &err) < 0)
		return fix_odd(f, path, &err);
	for (size_t i = 0; i < found.nr; i++) {
		int there = exists_one(f, found.v[i], type);

		if (there)
			return there;
	}
	return 0;
}

int fix_absent(struct fixing *f, const struct statement *s)
{
	const char *canonical;
	struct object object;

	if (look(f, s, false, &canonical, &object) < 0)
		return -1;
	return object.thing == THING_ABSENT;
}

int fix_executable(struct fixing *f, const struct statement *s)
{
	const char *canonical;
	struct object object;

	if (look(f, s, true, &canonical, &object) < 0)
		return -1;
	return object.thing == THING_FILE && (object.mode & 0111);
}

int fix_empty(struct fixing *f, const struct statement *s)
{
	const char *canonical;
	struct object object;
	struct names names;
	struct err err;
	int rc;

	if (look(f, s, true, &canonical, &object) < 0)
		return -1;
	if (object.thing == THING_DIR) {
		if (edits_names(f->edits, canonical, &names, &err) < 0)
			return fix_odd(f, canonical, &err);
		return names.nr == 0;
	}
	rc = read_text(f, s, &object);
	return rc == 1 ? object.text[strspn(object.text, " \t\r\n")] == '\0' : rc;
}

int fix_mode_is(struct fixing *f, const struct statement *s)
{
	const char *canonical;
	struct object object;

	if (look(f, s, true, &canonical, &object) < 0)
		return -1;
	return object.thing != THING_ABSENT &&
	       (object.mode & 07777) == strtoul(statement_get(s, "is"), NULL, 8);
}

int fix_link_is(struct fixing *f, const struct statement *s)
{
	const char *canonical, *target = statement_get(s, "target");
	struct object object;

	if (look(f, s, false, &canonical, &object) < 0)
		return -1;
	return object.thing == THING_LINK && (!target || strcmp(target, object.target) == 0);
}

int fix_node_is(struct fixing *f, const struct statement *s)
{
	const char *major_text = statement_get(s, "major"), *minor_text = statement_get(s, "minor");
	const char *canonical;
	struct object object;

	if (look(f, s, false, &canonical, &object) < 0)
		return -1;
	return is_type(&object, statement_get(s, "type")) &&
	       (!major_text || major(object.rdev) == strtoul(major_text, NULL, 10)) &&
	       (!minor_text || minor(object.rdev) == strtoul(minor_text, NULL, 10));
}

static bool any_line(const struct patterns *p, size_t pattern, const char *text)
{
	const char *line;
	size_t len;

	while (next_line(&text, &line, &len))
		if (pattern_match(p, pattern, line, len))
			return true;
	return false;
}

/* Lines that speak of a value hold for no guest of which it is not known. */
int fix_line(struct fixing *f, const struct statement *s)
{
	struct patterns CLEANUP_PATTERNS p = { .s = s };
	struct statement ready;
	struct object object;
	int rc = read_text(f, s, &object);
	size_t found = 0;
	struct err err;

	if (rc != 1)
		return rc;
	if (fix_filled(f, s, &ready, &err) < 0)
		return -1;
	patterns_make(&p, &ready);
	for (size_t i = 0; i < ready.nr_lines; i++)
		found += any_line(&p, i, object.text);
	return fix_says_yes(s, "any") ? found > 0 : found == ready.nr_lines;
}

int fix_text(struct fixing *f, const struct statement *s)
{
	struct buf wanted CLEANUP_BUF = BUF_INIT;
	struct object object;
	int rc = read_text(f, s, &object);

	if (rc != 1)
		return rc;
	text_content(&wanted, s, '|');
	if (object.len == wanted.len)
		return memcmp(object.text, wanted.data, wanted.len) == 0;
	/* A last newline that is missing makes no difference. */
	return object.len + 1 == wanted.len && memcmp(object.text, wanted.data, object.len) == 0;
}

int fix_all_commented(struct fixing *f, const struct statement *s)
{
	const char *text, *line;
	struct object object;
	int rc = read_text(f, s, &object);
	size_t len, found = 0;

	if (rc != 1)
		return rc;
	for (text = object.text; next_line(&text, &line, &len);) {
		if (strspn(line, " \t\r") >= len)
			continue;
		if (*line != '#')
			return 0;
		found++;
	}
	return found > 0;
}

static const struct item *find_item(const struct items *items, const char *path)
{
	for (size_t i = 0; i < items->nr; i++)
		if (strcmp(items->v[i].path, path) == 0)
			return &items->v[i];
	return NULL;
}

/* Is word one of those that blanks and commas separate? */
static bool has_word(const char *text, const char *word)
{
	static const char between[] = " \t\r\n,";

	for (;;) {
		size_t len = strcspn(text += strspn(text, between), between);

		if (!len)
			return false;
		if (strlen(word) == len && strncmp(text, word, len) == 0)
			return true;
		text += len;
	}
}

static bool is_trimmed(const char *text, const char *wanted)
{
	size_t len;

	text += strspn(text, " \t\r\n");
	len = strlen(text);
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	return strlen(wanted) == len && strncmp(text, wanted, len) == 0;
}

int fix_item(struct fixing *f, const struct statement *s)
{
	const struct item *item = find_item(&f->guest->guest->items, s->operand[0]);
	const char *is = statement_get(s, "is"), *has = statement_get(s, "has");
	const char *text;

	if (!item)
		return 0;
	text = item->text ? item->text : "";
	return (!is || is_trimmed(text, is)) && (!has || has_word(text, has));
}

int fix_value_known(struct fixing *f, const struct statement *s)
{
	const char *name;

	for (size_t i = 0; (name = fix_word(f, s->operand[0], i)); i++)
		if (!fix_value(f, name))
			return 0;
	return 1;
}

int fix_running(struct fixing *f, const struct statement *s)
{
	for (size_t i = 0; i < f->guest->nr_running; i++)
		if (fix_listed(s->operand[0], f->guest->running[i]))
			return 1;
	return 0;
}

int fix_ran(struct fixing *f, const struct statement *s)
{
	for (size_t i = 0; i < f->nr_ran; i++)
		if (fix_listed(s->operand[0], f->ran[i]))
			return 1;
	return 0;
}

/* The name of the path that matched; a list of patterns. */
int fix_name(struct fixing *f, const struct statement *s)
{
	const char *pattern, *name = fix_path(f, "{name}");

	for (size_t i = 0; (pattern = fix_word(f, s->operand[0], i)); i++)
		if (fnmatch(pattern, name, 0) == 0)
			return 1;
	return 0;
}
