/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs of upstart and units of systemd: switched off by a file or link beside them, never
 * by changing what a package owns. Where upstart is too old for that, the job takes another
 * name, which upstart does not read, with the same text.
 */
#include "decide/fix_services.h"

#include <string.h>

#define MANUAL "manual\n"

static const char *const unit_dirs[] = {
	"/etc/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system",
};

bool service_there(struct fixing *f, const char *path)
{
	const char *text;

	return service_file(f, path, &text);
}

bool service_file(struct fixing *f, const char *path, const char **text)
{
	const char *canonical;
	struct object object;
	struct err err;

	if (edits_look(f->edits, path, true, &canonical, &object, &err) < 0 ||
	    object.thing != THING_FILE || edits_load(f->edits, canonical, &object, true, &err) < 0)
		return false;
	*text = object.text;
	return true;
}

const char *job_path(const struct fixing *f, const char *name)
{
	return pool_printf(f->pool, "/etc/init/%s.conf", name);
}

static const char *override_path(const struct fixing *f, const char *name)
{
	return pool_printf(f->pool, "/etc/init/%s.override", name);
}

static const char *held_path(const struct fixing *f, const char *name)
{
	return pool_printf(f->pool, "/etc/init/%s.conf.held", name);
}

bool job_there(struct fixing *f, const char *name)
{
	return service_there(f, job_path(f, name)) || service_there(f, held_path(f, name));
}

/*
 * Overrides are upstart's since 0.6.7 (upstart: NEWS). Ubuntu has it from 11.04, Debian from
 * 7.0 (6.0: 0.6.6); Enterprise Linux 6 stays with 0.6.5, Fedora took systemd before. Where
 * nothing is known the other way is taken, which works with each of them.
 */
static bool knows_overrides(struct fixing *f)
{
	return fix_system_is(f, "ubuntu", "11.04") || fix_system_is(f, "debian", "7");
}

/* A job of which nothing but comments is left does nothing. */
static bool job_is_hollow(struct fixing *f, const char *name)
{
	const char *text, *line;
	size_t len;

	if (!service_file(f, job_path(f, name), &text))
		return false;
	while (next_line(&text, &line, &len))
		if (*line != '#' && strspn(line, " \t\r") < len)
			return false;
	return true;
}

bool job_is_off(struct fixing *f, const char *name)
{
	const char *text;

	if (!service_there(f, job_path(f, name)) || job_is_hollow(f, name))
		return true;
	if (!knows_overrides(f))
		return false;
	return service_file(f, override_path(f, name), &text) && has_line(text, "manual");
}

int job_off(struct fixing *f, const char *name, struct err *err)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	const char *before;

	if (job_is_off(f, name))
		return 0;
	if (!knows_overrides(f))
		return fix_move(f, job_path(f, name), held_path(f, name), err);
	if (service_file(f, override_path(f, name), &before))
		buf_adds(&text, before);
	if (text.len && text.data[text.len - 1] != '\n')
		buf_addch(&text, '\n');
	buf_adds(&text, MANUAL);
	return fix_make_file(f, override_path(f, name), text.data, text.len, 0, err);
}

/* Only an override that says nothing else is taken away. */
int job_on(struct fixing *f, const char *name, struct err *err)
{
	const char *text;

	if (!service_there(f, job_path(f, name)) &&
	    fix_move(f, held_path(f, name), job_path(f, name), err) < 0)
		return -1;
	if (!service_file(f, override_path(f, name), &text) || strcmp(text, MANUAL) != 0)
		return 0;
	return fix_hide(f, override_path(f, name), err);
}

int fix_override(struct fixing *f, const struct statement *s, struct err *err)
{
	const char *name, *list = fix_path(f, s->operand[0]);

	for (size_t i = 0; (name = fix_word(f, list, i)); i++)
		if (job_off(f, name, err) < 0)
			return -1;
	return 0;
}

static const char *own_unit(const struct fixing *f, const char *unit)
{
	return pool_printf(f->pool, "%s/%s", unit_dirs[0], unit);
}

int fix_mask(struct fixing *f, const struct statement *s, struct err *err)
{
	const char *unit, *list = fix_path(f, s->operand[0]);

	for (size_t i = 0; (unit = fix_word(f, list, i)); i++)
		if (fix_make_link(f, own_unit(f, unit), "/dev/null", err) < 0)
			return -1;
	return 0;
}

static bool is_masked(struct fixing *f, const char *unit)
{
	const char *canonical;
	struct object object;
	struct err err;

	return edits_look(f->edits, own_unit(f, unit), false, &canonical, &object, &err) == 0 &&
	       object.thing == THING_LINK && strcmp(object.target, "/dev/null") == 0;
}

int fix_unmask(struct fixing *f, const struct statement *s, struct err *err)
{
	const char *unit, *list = fix_path(f, s->operand[0]);

	for (size_t i = 0; (unit = fix_word(f, list, i)); i++)
		if (is_masked(f, unit) && fix_hide(f, own_unit(f, unit), err) < 0)
			return -1;
	return 0;
}

const char *unit_path(struct fixing *f, const char *name)
{
	for (size_t i = 0; i < sizeof(unit_dirs) / sizeof(*unit_dirs); i++) {
		const char *path = pool_printf(f->pool, "%s/%s.service", unit_dirs[i], name);

		if (service_there(f, path))
			return path;
	}
	return NULL;
}

/*
 * The links that [Install] asks for: its WantedBy= and RequiredBy= targets. What is named
 * there becomes a part of a path, so it must be a plain name.
 */
static bool next_wish(const char **text, bool *inside, const char **names, const char **dir)
{
	const char *line;
	size_t len;

	while (next_line(text, &line, &len)) {
		if (*line == '[')
			*inside = strncmp(line, "[Install]", 9) == 0;
		if (!*inside)
			continue;
		*dir = strncmp(line, "WantedBy=", 9) == 0 ? "wants" :
		       strncmp(line, "RequiredBy=", 11) == 0 ? "requires" : NULL;
		if (*dir) {
			*names = strchr(line, '=') + 1;
			return true;
		}
	}
	return false;
}

static const char *wish_path(struct fixing *f, const char *name, const char *target, size_t len,
			     const char *dir)
{
	const char *word = pool_memdup(f->pool, target, len);

	if (*word == '.' || strchr(word, '/') || len > 200)
		return NULL;
	return pool_printf(f->pool, "%s/%s.%s/%s.service", unit_dirs[0], word, dir, name);
}

/* One of the links: made, taken away, or looked for. */
typedef int wish_fn(struct fixing *f, const char *link, const char *unit, struct err *err);

static int make_wish(struct fixing *f, const char *link, const char *unit, struct err *err)
{
	return fix_make_link(f, link, unit, err);
}

static int drop_wish(struct fixing *f, const char *link, const char *unit, struct err *err)
{
	(void)unit;
	return fix_hide(f, link, err);
}

static int find_wish(struct fixing *f, const char *link, const char *unit, struct err *err)
{
	const char *canonical;
	struct object object;

	(void)unit;
	if (edits_look(f->edits, link, false, &canonical, &object, err) < 0)
		return -1;
	return object.thing == THING_LINK;
}

/* The first answer that is not 0 ends it. */
static int each_wish(struct fixing *f, const char *name, wish_fn *fn, struct err *err)
{
	const char *unit = unit_path(f, name), *text, *names, *dir;
	bool inside = false;
	int rc = 0;

	if (!unit || !service_file(f, unit, &text))
		return 0;
	while (rc == 0 && next_wish(&text, &inside, &names, &dir)) {
		while (rc == 0 && *names && *names != '\n') {
			size_t len = strcspn(names, " \t\r\n");
			const char *link = len ? wish_path(f, name, names, len, dir) : NULL;

			if (link)
				rc = fn(f, link, unit, err);
			names += len;
			names += strspn(names, " \t\r");
		}
	}
	return rc;
}

int unit_switch(struct fixing *f, const char *name, bool on, struct err *err)
{
	return each_wish(f, name, on ? make_wish : drop_wish, err);
}

bool unit_is_on(struct fixing *f, const char *name)
{
	struct err err;

	return each_wish(f, name, find_wish, &err) > 0;
}
