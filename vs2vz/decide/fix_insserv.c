/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boot links where dependencies order them (Debian 6 to 8: insserv and startpar). As
 * insserv(8) does: of all scripts that have links, and the one that is switched, each
 * gets the number of its depth in the dependencies, and the three lists that startpar
 * reads are made anew (insserv: insserv.c; sysvinit: src/makeboot.c). Scripts without a
 * header keep their links.
 */
#include "decide/fix_services.h"

#include <stdlib.h>
#include <string.h>

#define SCRIPTS_MAX 1000
#define WORDS_MAX 64		/* names that one list may come to, facilities resolved */
#define MULTI_LEVELS 0x3eu	/* 1 2 3 4 5: one stage; S goes before it */
#define END_LEVELS 0x7fu		/* nothing is stopped in S: a link there says "off" */

struct script {
	struct boot_script head;
	unsigned start, stop;	/* levels of its links, as they are to be */
	int order;		/* of the direction that is computed; 0: not yet, -1: at it */
};

struct scripts {
	struct fixing *f;
	const char *facilities;	/* text of insserv.conf */
	bool stopping;
	size_t nr, cap;
	struct script *v;
};

/* The scripts that one list of a header means: each once, by index. */
struct means {
	size_t nr;
	size_t v[WORDS_MAX];
};

static bool has_word(const char *list, const char *word, size_t len)
{
	while (*list) {
		size_t own = strcspn(list += strspn(list, " \t"), " \t\n");

		if (own == len && strncmp(list, word, len) == 0)
			return true;
		if (!own)
			return false;
		list += own;
	}
	return false;
}

/* Is the script part of the direction at work? */
static bool takes_part(const struct scripts *all, const struct script *s)
{
	return all->stopping ? s->stop : s->start;
}

static void add_script(struct means *out, size_t script)
{
	for (size_t n = 0; n < out->nr; n++)
		if (out->v[n] == script)
			return;
	if (out->nr < WORDS_MAX)
		out->v[out->nr++] = script;
}

static void mean_one(const struct scripts *all, const char *word, size_t len, struct means *out)
{
	for (size_t i = 0; i < all->nr; i++) {
		const struct script *s = &all->v[i];

		if (takes_part(all, s) && (has_word(s->head.provides, word, len) ||
					   (strlen(s->head.name) == len &&
					    strncmp(s->head.name, word, len) == 0)))
			add_script(out, i);
	}
}

/* The line of insserv.conf that defines a facility: what stands behind it. */
static const char *facility(const struct scripts *all, const char *word, size_t len)
{
	const char *text = all->facilities, *line;
	size_t size;

	while (next_line(&text, &line, &size))
		if (size > len && strncmp(line, word, len) == 0 && strchr(" \t", line[len]))
			return pool_memdup(all->f->pool, line + len, size - len);
	return "";
}

static void mean(const struct scripts *all, const char *list, int depth, struct means *out)
{
	for (;;) {
		size_t len = strcspn(list += strspn(list, " \t\r"), " \t\r\n");

		if (!len)
			return;
		if (*list == '$' && depth < 8)
			mean(all, facility(all, list, len), depth + 1, out);
		else if (*list == '+')
			mean_one(all, list + 1, len - 1, out);
		else if (*list != '$')
			mean_one(all, list, len, out);
		list += len;
	}
}

/* A start waits for what starts in its own stage or before it. */
static bool counts(const struct scripts *all, const struct script *s, const struct script *other)
{
	const unsigned boot = 1u << LEVEL_S;

	if (s == other)
		return false;
	return all->stopping || !(s->start & boot) || (other->start & boot);
}

/* What script i comes after, in the direction at work. */
static void before_it(const struct scripts *all, size_t i, struct means *out)
{
	const struct script *s = &all->v[i];

	*out = (struct means){ 0 };
	if (all->stopping) {
		mean(all, s->head.stop_after, 0, out);
	} else {
		mean(all, s->head.required_start, 0, out);
		mean(all, s->head.should_start, 0, out);
	}
	for (size_t n = 0; n < all->nr; n++) {
		const struct boot_script *other = &all->v[n].head;
		struct means theirs = { 0 };

		if (n == i || !takes_part(all, &all->v[n]))
			continue;
		mean(all, all->stopping ? other->required_stop : other->before, 0, &theirs);
		if (all->stopping)
			mean(all, other->should_stop, 0, &theirs);
		for (size_t w = 0; w < theirs.nr; w++)
			if (theirs.v[w] == i)
				add_script(out, n);
	}
}

/* Depth in the dependencies; a circle is cut where it closes. */
static int order_of(struct scripts *all, size_t i)
{
	struct script *s = &all->v[i];
	struct means before;
	int deepest = 0;

	if (s->order)
		return s->order > 0 ? s->order : 0;
	s->order = -1;
	before_it(all, i, &before);
	for (size_t n = 0; n < before.nr; n++) {
		int order;

		if (!counts(all, s, &all->v[before.v[n]]))
			continue;
		order = order_of(all, before.v[n]);
		deepest = order > deepest ? order : deepest;
	}
	return s->order = deepest < 98 ? deepest + 1 : 99;
}

/* $all: behind everything that does not say so as well. */
static bool is_last(const struct scripts *all, const struct script *s)
{
	return has_word(all->stopping ? "" : s->head.required_start, "$all", 4) ||
	       has_word(all->stopping ? "" : s->head.should_start, "$all", 4);
}

static void compute(struct scripts *all, bool stopping)
{
	int deepest = 0;

	all->stopping = stopping;
	for (size_t i = 0; i < all->nr; i++)
		all->v[i].order = 0;
	for (size_t i = 0; i < all->nr; i++)
		if (takes_part(all, &all->v[i]) && !is_last(all, &all->v[i]) &&
		    order_of(all, i) > deepest)
			deepest = all->v[i].order;
	for (size_t i = 0; i < all->nr; i++)
		if (takes_part(all, &all->v[i]) && is_last(all, &all->v[i]))
			all->v[i].order = deepest < 99 ? deepest + 1 : 99;
}

static int put_links(struct scripts *all, struct err *err)
{
	for (size_t i = 0; i < all->nr; i++) {
		const struct script *s = &all->v[i];
		unsigned levels = all->stopping ? s->stop : s->start;

		for (unsigned level = 0; level <= LEVEL_S; level++)
			if ((levels & 1u << level) &&
			    runlevel_put(all->f, s->head.name, level,
					 (struct level_link){ all->stopping ? 'K' : 'S', s->order },
					 err) < 0)
				return -1;
	}
	return 0;
}

/* ---- the lists of startpar */

static bool in_list(const struct scripts *all, const struct script *s, unsigned levels)
{
	return (all->stopping ? s->stop : s->start) & levels;
}

static int by_order(const void *a, const void *b)
{
	const struct script *x = *(const struct script *const *)a;
	const struct script *y = *(const struct script *const *)b;

	return x->order != y->order ? x->order - y->order : strcmp(x->head.name, y->head.name);
}

static void add_names(struct buf *out, const struct script *const *v, size_t nr, bool interactive)
{
	for (size_t i = 0; i < nr; i++)
		if (!interactive || v[i]->head.interactive)
			buf_addf(out, " %s", v[i]->head.name);
	buf_addch(out, '\n');
}

static void add_rule(struct buf *out, const struct scripts *all, const struct script *s,
		     unsigned levels)
{
	struct means before;
	bool any = false;

	before_it(all, (size_t)(s - all->v), &before);
	/* startpar knows no order but these lines: the last ones name every other. */
	for (size_t i = 0; is_last(all, s) && i < all->nr; i++)
		if (in_list(all, &all->v[i], all->stopping ? s->stop : s->start))
			add_script(&before, i);
	for (size_t i = 0; i < before.nr; i++) {
		const struct script *other = &all->v[before.v[i]];

		if (!in_list(all, other, levels) || other->order >= s->order)
			continue;
		buf_addf(out, "%s %s", any ? "" : pool_printf(all->f->pool, "%s:", s->head.name),
			 other->head.name);
		any = true;
	}
	if (any)
		buf_addch(out, '\n');
}

static int put_list(struct scripts *all, const char *path, unsigned levels, struct err *err)
{
	const struct script **v = pool_array(all->f->pool, all->nr + 1, sizeof(*v));
	struct buf text CLEANUP_BUF = BUF_INIT;
	size_t nr = 0;

	for (size_t i = 0; i < all->nr; i++)
		if (in_list(all, &all->v[i], levels))
			v[nr++] = &all->v[i];
	if (nr)
		qsort(v, nr, sizeof(*v), by_order);
	buf_adds(&text, "TARGETS =");
	add_names(&text, v, nr, false);
	buf_adds(&text, "INTERACTIVE =");
	add_names(&text, v, nr, true);
	for (size_t i = 0; i < nr; i++)
		add_rule(&text, all, v[i], levels);
	return fix_make_file(all->f, path, text.data, text.len, 0, err);
}

/* ---- what there is */

static void take_links(struct scripts *all, unsigned level, const struct names *names)
{
	for (size_t n = 0; n < names->nr; n++) {
		const char *link = names->name[n];

		for (size_t i = 0; i < all->nr; i++)
			if (runlevel_is_link(link, all->v[i].head.name))
				*(link[0] == 'S' ? &all->v[i].start : &all->v[i].stop) |= 1u << level;
	}
}

static int read_scripts(struct scripts *all, struct err *err)
{
	struct fixing *f = all->f;
	struct names names;

	if (edits_names(f->edits, "/etc/init.d", &names, err) < 0)
		return -1;
	if (names.nr > SCRIPTS_MAX)
		return fail(err, "/etc/init.d has more than %d names", SCRIPTS_MAX);
	for (size_t i = 0; i < names.nr; i++) {
		const char *text;
		struct script *s;

		if (names.name[i][0] == '.' || strpbrk(names.name[i], " \t\n:$=") ||
		    !service_file(f, pool_printf(f->pool, "/etc/init.d/%s", names.name[i]), &text))
			continue;
		s = pool_grow(f->pool, &all->v, &all->nr, &all->cap, sizeof(*s));
		boot_script_read(&s->head, names.name[i], text, f->pool);
		if (!s->head.lsb)
			all->nr--;
	}
	for (unsigned level = 0; level <= LEVEL_S; level++) {
		const char *dir = level == LEVEL_S ? "/etc/rcS.d" :
				  pool_printf(f->pool, "/etc/rc%u.d", level);

		if (edits_names(f->edits, dir, &names, err) < 0)
			return -1;
		take_links(all, level, &names);
	}
	return 0;
}

bool insserv_rules(struct fixing *f)
{
	return service_there(f, "/etc/init.d/.depend.boot");
}

/* A start link becomes a stop link, in S as well, as `update-rc.d NAME disable` leaves it. */
static void switch_levels(struct script *s, bool on)
{
	if (on) {
		s->start |= s->head.start;
		s->stop = (s->stop | s->head.stop) & ~s->start;
	} else {
		s->stop |= s->start & (MULTI_LEVELS | 1u << LEVEL_S);
		s->start = 0;
	}
}

/* insserv.conf, and what packages put beside it ($portmap of rpcbind). */
static const char *read_facilities(struct fixing *f)
{
	static const char dir[] = "/etc/insserv.conf.d";
	struct buf all CLEANUP_BUF = BUF_INIT;
	struct names names = { 0 };
	const char *text;
	struct err err;

	if (service_file(f, "/etc/insserv.conf", &text))
		buf_adds(&all, text);
	if (edits_names(f->edits, dir, &names, &err) < 0)
		names.nr = 0;
	for (size_t i = 0; i < names.nr && i < SCRIPTS_MAX; i++)
		if (service_file(f, pool_printf(f->pool, "%s/%s", dir, names.name[i]), &text) &&
		    all.len + strlen(text) < EDIT_FILE_MAX)
			buf_addf(&all, "\n%s", text);
	return pool_memdup(f->pool, all.data ? all.data : "", all.len);
}

int insserv_switch(struct fixing *f, const char *name, bool on, struct err *err)
{
	struct scripts all = { .f = f, .facilities = "" };
	struct script *s = NULL;

	all.facilities = read_facilities(f);
	if (read_scripts(&all, err) < 0)
		return -1;
	for (size_t i = 0; i < all.nr; i++)
		if (strcmp(all.v[i].head.name, name) == 0)
			s = &all.v[i];
	if (!s)
		return fail(err, "/etc/init.d/%s has no header to order it by", show(name));
	switch_levels(s, on);
	compute(&all, true);
	if (put_links(&all, err) < 0 || put_list(&all, "/etc/init.d/.depend.stop", END_LEVELS, err) < 0)
		return -1;
	compute(&all, false);
	if (put_links(&all, err) < 0 ||
	    put_list(&all, "/etc/init.d/.depend.boot", 1u << LEVEL_S, err) < 0)
		return -1;
	return put_list(&all, "/etc/init.d/.depend.start", MULTI_LEVELS, err);
}
