/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "services" and "service": which of the guest's ways to start something a name belongs
 * to. One name may be a unit, a job and a script at once; the guest's init says which
 * of them counts.
 */
#include "decide/fix_services.h"

#include <string.h>

static bool good_name(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/') && strlen(name) < 100;
}

/* ---- OpenRC, baselayout 1, Alpine */

static const char *runlevel_link(const struct fixing *f, const char *level, const char *name)
{
	return pool_printf(f->pool, "/etc/runlevels/%s/%s", level, name);
}

static bool has_runlevels(struct fixing *f)
{
	const char *canonical;
	struct object object;
	struct err err;

	return edits_look(f->edits, "/etc/runlevels", true, &canonical, &object, &err) == 0 &&
	       object.thing == THING_DIR;
}

/* The links of a service in all levels: how many; each goes where drop says so. */
static int runlevel_links(struct fixing *f, const char *name, bool drop, struct err *err)
{
	const char *canonical;
	struct object object;
	struct names levels;
	int found = 0;

	if (edits_names(f->edits, "/etc/runlevels", &levels, err) < 0)
		return -1;
	for (size_t i = 0; i < levels.nr; i++) {
		const char *link = runlevel_link(f, levels.name[i], name);

		if (edits_look(f->edits, link, false, &canonical, &object, err) < 0)
			return -1;
		if (object.thing != THING_LINK)
			continue;
		found++;
		if (drop && fix_hide(f, link, err) < 0)
			return -1;
	}
	return found;
}

static int runlevel_switch(struct fixing *f, const char *name, bool on, const char *level,
			   struct err *err)
{
	int found = runlevel_links(f, name, !on, err);

	if (found < 0 || !on || found > 0)
		return found < 0 ? -1 : 0;
	return fix_make_link(f, runlevel_link(f, level ? level : "default", name),
			     pool_printf(f->pool, "/etc/init.d/%s", name), err);
}

/* ---- by the guest's init */

static bool init_is(const struct fixing *f, const char *init)
{
	return strcmp(f->guest->guest->system.init, init) == 0;
}

static bool is_job(struct fixing *f, const char *name)
{
	return init_is(f, "upstart") && job_there(f, name);
}

static bool is_unit(struct fixing *f, const char *name)
{
	return init_is(f, "systemd") && unit_path(f, name);
}

static int switch_one(struct fixing *f, const char *name, bool on, const char *level,
		      struct err *err)
{
	if (!good_name(name))
		return fail(err, "'%s' is no name of a service", show(name));
	if (is_unit(f, name))
		return unit_switch(f, name, on, err);
	if (is_job(f, name))
		return on ? job_on(f, name, err) : job_off(f, name, err);
	if (!script_there(f, name))
		return 0;
	if (has_runlevels(f))
		return runlevel_switch(f, name, on, level, err);
	return script_switch(f, name, on, err);
}

static bool is_there(struct fixing *f, const char *name)
{
	return good_name(name) && (is_unit(f, name) || is_job(f, name) || script_there(f, name));
}

static bool is_on(struct fixing *f, const char *name)
{
	struct err err;

	if (is_unit(f, name))
		return unit_is_on(f, name);
	if (is_job(f, name))
		return !job_is_off(f, name);
	if (has_runlevels(f))
		return runlevel_links(f, name, false, &err) > 0;
	return script_is_on(f, name);
}

int fix_services(struct fixing *f, const struct statement *s, struct err *err)
{
	const char *name, *list = fix_path(f, s->operand[1]);
	bool on = strcmp(s->operand[0], "on") == 0;

	if (!on && strcmp(s->operand[0], "off") != 0)
		return fail(err, "services are switched on or off, not '%s'", show(s->operand[0]));
	for (size_t i = 0; (name = fix_word(f, list, i)); i++)
		if (switch_one(f, name, on, statement_get(s, "level"), err) < 0)
			return -1;
	return 0;
}

static bool is_in_state(struct fixing *f, const char *name, const char *state)
{
	if (strcmp(state, "there") == 0)
		return true;
	if (strcmp(state, "unlinked") == 0)
		return !is_unit(f, name) && !is_job(f, name) && !has_runlevels(f) &&
		       !script_has_links(f, name);
	return is_on(f, name) == (strcmp(state, "on") == 0);
}

int fix_service(struct fixing *f, const struct statement *s)
{
	const char *state = statement_get(s, "state"), *name;
	const char *list = fix_path(f, s->operand[0]);

	for (size_t i = 0; (name = fix_word(f, list, i)); i++)
		if (is_there(f, name) && is_in_state(f, name, state ? state : "there"))
			return 1;
	return 0;
}
