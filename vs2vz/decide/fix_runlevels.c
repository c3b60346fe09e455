/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boot scripts and their links S20NAME and K80NAME in the directories of the runlevels.
 * Levels and numbers are those that the guest's own tool would choose: chkconfig's line,
 * the LSB header, or the classic numbers of Debian's packages as data.
 */
#include "decide/fix_services.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_NR 20		/* update-rc.d(8): defaults */
#define START_LEVELS 0x3cu	/* 2 3 4 5 */
#define STOP_LEVELS 0x43u	/* 0 1 6 */

enum scheme { SCHEME_DEBIAN, SCHEME_RED_HAT, SCHEME_SUSE };
static const struct {
	const char *probe;	/* a directory that only this one has; NULL: the rest */
	const char *level;	/* of the directory, %c: the level */
	const char *boot;	/* of the level S; NULL: none */
	const char *target;	/* of a link, %s: the name */
	bool keeps_k;		/* a service that is off has K links */
} schemes[] = {
	[SCHEME_DEBIAN] = { NULL, "/etc/rc%c.d", "/etc/rcS.d", "../init.d/%s", true },
	[SCHEME_RED_HAT] = { "/etc/rc.d/rc3.d", "/etc/rc.d/rc%c.d", NULL, "../init.d/%s", true },
	[SCHEME_SUSE] = { "/etc/init.d/rc3.d", "/etc/init.d/rc%c.d", "/etc/init.d/boot.d", "../%s",
			  false },
};

/* What a service has, or is to have, in each level. */
struct links {
	struct level_link at[LEVELS + 1];
};

static bool is_dir(struct fixing *f, const char *path)
{
	const char *canonical;
	struct object object;
	struct err err;

	return edits_look(f->edits, path, true, &canonical, &object, &err) == 0 &&
	       object.thing == THING_DIR;
}

static enum scheme scheme_of(struct fixing *f)
{
	if (is_dir(f, schemes[SCHEME_SUSE].probe))
		return SCHEME_SUSE;
	return is_dir(f, schemes[SCHEME_RED_HAT].probe) ? SCHEME_RED_HAT : SCHEME_DEBIAN;
}

static const char *level_dir(const struct fixing *f, enum scheme scheme, unsigned level)
{
	if (level == LEVEL_S)
		return schemes[scheme].boot;
	return pool_printf(f->pool, schemes[scheme].level, '0' + (int)level);
}

static const char *script_path(const struct fixing *f, const char *name)
{
	return pool_printf(f->pool, "/etc/init.d/%s", name);
}

bool script_there(struct fixing *f, const char *name)
{
	return service_there(f, script_path(f, name));
}

bool runlevel_is_link(const char *link, const char *name)
{
	return (link[0] == 'S' || link[0] == 'K') && isdigit((unsigned char)link[1]) &&
	       isdigit((unsigned char)link[2]) && strcmp(link + 3, name) == 0;
}

static int two_digits(const char *text)
{
	return (text[0] - '0') * 10 + text[1] - '0';
}

static const char *link_name(const struct fixing *f, const char *dir, struct level_link link,
			     const char *name)
{
	return pool_printf(f->pool, "%s/%c%02d%s", dir, link.letter, link.nr, name);
}

/* The links that there are; where a level has several, the last one. */
static int read_links(struct fixing *f, enum scheme scheme, const char *name, struct links *out,
		      struct err *err)
{
	*out = (struct links){ 0 };
	for (unsigned level = 0; level <= LEVEL_S; level++) {
		const char *dir = level_dir(f, scheme, level);
		struct names names = { 0 };

		if (dir && edits_names(f->edits, dir, &names, err) < 0)
			return -1;
		for (size_t i = 0; i < names.nr; i++)
			if (runlevel_is_link(names.name[i], name))
				out->at[level] = (struct level_link){
					names.name[i][0], two_digits(names.name[i] + 1) };
	}
	return 0;
}

static bool any_start(const struct links *links, unsigned levels)
{
	for (unsigned level = 0; level <= LEVEL_S; level++)
		if (links->at[level].letter == 'S' && (levels & 1u << level))
			return true;
	return false;
}

/* Words of update-rc.d: "start 40 S . start 35 0 6 .". False: not in the table. */
static bool classic_links(struct links *out, const char *name)
{
	const char *text = built_in_debian_numbers, *line;
	size_t len, own = strlen(name);
	struct level_link link = { 0 };

	while (next_line(&text, &line, &len))
		if (strncmp(line, name, own) == 0 && line[own] == ' ')
			break;
		else
			line = NULL;
	if (!line)
		return false;
	for (const char *at = line + own; *at && *at != '\n'; at += strcspn(at, " \n")) {
		at += *at == ' ';
		if (strncmp(at, "start ", 6) == 0 || strncmp(at, "stop ", 5) == 0)
			link = (struct level_link){ at[2] == 'a' ? 'S' : 'K', -1 };
		else if (link.nr < 0)
			link.nr = two_digits(at);
		else if (*at == 'S' || (*at >= '0' && *at < '0' + LEVELS))
			out->at[*at == 'S' ? LEVEL_S : *at - '0'] = link;
	}
	return true;
}

static void spread(struct links *out, unsigned levels, char letter, int nr)
{
	for (unsigned level = 0; level <= LEVEL_S; level++)
		if (levels & 1u << level)
			out->at[level] = (struct level_link){ letter, nr };
}

/* What the guest's tool would make. */
static void wanted_links(struct fixing *f, enum scheme scheme, const char *name,
			 struct links *out)
{
	struct boot_script script;
	const char *text = "";

	*out = (struct links){ 0 };
	service_file(f, script_path(f, name), &text);
	boot_script_read(&script, name, text, f->pool);
	if (scheme == SCHEME_DEBIAN && classic_links(out, name))
		return;
	if (!script.lsb && script.start_nr < 0 && scheme == SCHEME_DEBIAN) {
		script.start = START_LEVELS;
		script.stop = STOP_LEVELS;
	}
	spread(out, script.stop, 'K', script.stop_nr >= 0 ? script.stop_nr : DEFAULT_NR);
	spread(out, script.start, 'S', script.start_nr >= 0 ? script.start_nr : DEFAULT_NR);
}

static bool any_link(const struct links *links)
{
	for (unsigned level = 0; level <= LEVEL_S; level++)
		if (links->at[level].letter)
			return true;
	return false;
}

/* Scripts like halt have no start links but at the end of things. */
static bool is_on(const struct links *now, const struct links *wanted)
{
	const unsigned up = START_LEVELS | 1u << LEVEL_S;

	return any_start(now, up) || (!any_start(wanted, up) && any_link(now));
}

bool script_is_on(struct fixing *f, const char *name)
{
	enum scheme scheme = scheme_of(f);
	struct links now, wanted;
	struct err err;

	wanted_links(f, scheme, name, &wanted);
	return read_links(f, scheme, name, &now, &err) == 0 && is_on(&now, &wanted);
}

bool script_has_links(struct fixing *f, const char *name)
{
	struct links links;
	struct err err;

	return read_links(f, scheme_of(f), name, &links, &err) < 0 || any_link(&links);
}

/* Make one level as it should be: other links of the service go. */
int runlevel_put(struct fixing *f, const char *name, unsigned level, struct level_link wanted,
		 struct err *err)
{
	enum scheme scheme = scheme_of(f);
	const char *dir = level_dir(f, scheme, level);
	const char *link = dir && wanted.letter ? link_name(f, dir, wanted, name) : NULL;
	struct names names;

	if (!dir)
		return 0;
	if (edits_names(f->edits, dir, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.nr; i++) {
		const char *path = pool_printf(f->pool, "%s/%s", dir, names.name[i]);

		if (runlevel_is_link(names.name[i], name) && (!link || strcmp(path, link) != 0) &&
		    fix_hide(f, path, err) < 0)
			return -1;
	}
	return link ? fix_make_link(f, link, pool_printf(f->pool, schemes[scheme].target, name), err)
		    : 0;
}

/* A start link becomes a stop link, as update-rc.d disable and chkconfig off do. */
static struct level_link turned_off(enum scheme scheme, const struct links *own,
				    struct level_link now)
{
	int stop = now.nr ? 100 - now.nr : 0;

	if (now.letter != 'S')
		return now;
	if (!schemes[scheme].keeps_k)
		return (struct level_link){ 0 };
	if (scheme == SCHEME_RED_HAT)
		for (unsigned level = 0; level < LEVELS; level++)
			if (own->at[level].letter == 'K')
				stop = own->at[level].nr;
	return (struct level_link){ 'K', stop };
}

int script_switch(struct fixing *f, const char *name, bool on, struct err *err)
{
	enum scheme scheme = scheme_of(f);
	struct links now, wanted;

	wanted_links(f, scheme, name, &wanted);
	if (read_links(f, scheme, name, &now, err) < 0)
		return -1;
	if (on ? is_on(&now, &wanted) : !any_start(&now, START_LEVELS | 1u << LEVEL_S))
		return 0;
	if (scheme == SCHEME_DEBIAN && insserv_rules(f))
		return insserv_switch(f, name, on, err);
	for (unsigned level = 0; level <= LEVEL_S; level++) {
		struct level_link link = on ? wanted.at[level]
					    : turned_off(scheme, &wanted, now.at[level]);

		if (on && !link.letter && now.at[level].letter)
			continue;
		if (runlevel_put(f, name, level, link, err) < 0)
			return -1;
	}
	return 0;
}
