/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures of running guests: ports, programs and mounts, read from the host's /proc. A
 * process belongs to a guest when its root is the guest's tree or lies in it. Nothing in
 * the guest is asked or opened.
 */
#include "before.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/shown.h"

#define MOUNTS_MAX (1u << 20)

struct belonging {
	const struct guest *guest;
	const char *path;	/* of its tree, as /proc shows it */
};

static bool belongs(const struct proc *p, const void *ctx)
{
	const struct belonging *b = ctx;
	size_t len = strlen(b->path);

	if (p->root_ino && p->root_dev == b->guest->tree_dev && p->root_ino == b->guest->tree_ino)
		return true;
	return strncmp(p->root, b->path, len) == 0 && (!p->root[len] || p->root[len] == '/');
}

static int by_program(const void *a, const void *b)
{
	return strcmp(((const struct running *)a)->program, ((const struct running *)b)->program);
}

void picture_programs(struct picture *out, const struct procs *procs, struct pool *pool)
{
	for (size_t i = 0; i < procs->nr; i++) {
		const char *name = shown_dup(pool, procs->v[i].program);
		struct running *r = NULL;

		for (size_t k = 0; k < out->nr_programs && !r; k++)
			if (strcmp(out->programs[k].program, name) == 0)
				r = &out->programs[k];
		if (!r) {
			r = pool_grow(pool, &out->programs, &out->nr_programs, &out->cap_programs,
				      sizeof(*r));
			r->program = name;
		}
		r->count++;
	}
	if (out->nr_programs)
		qsort(out->programs, out->nr_programs, sizeof(*out->programs), by_program);
}

/* "source point type options": /proc/PID/mounts shows what lies below the root. */
static void read_mounts(struct picture *out, const struct root *proc, pid_t pid, struct pool *pool)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	char path[32], *rest = NULL;
	struct err err;

	snprintf(path, sizeof(path), "%d/mounts", (int)pid);
	if (root_read(proc, path, MOUNTS_MAX, &text, &err) < 0)
		return;
	for (char *line = strtok_r(text.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *words = NULL, *source = strtok_r(line, " ", &words);
		char *point = strtok_r(NULL, " ", &words), *type = strtok_r(NULL, " ", &words);
		struct picture_mount *m;

		if (!type)
			continue;
		m = pool_grow(pool, &out->mounts, &out->nr_mounts, &out->cap_mounts, sizeof(*m));
		m->source = pool_strdup(pool, source);
		m->point = pool_strdup(pool, point);
		m->type = pool_strdup(pool, type);
	}
}

static void add_picture(struct pictures *out, const struct guest *g, const struct procs *all,
			const struct session *s)
{
	struct pool *pool = s->findings.pool;
	const struct belonging b = { g, pool_printf(pool, "%s%s", s->root.path, g->tree) };
	struct picture *p;
	struct procs mine;

	procs_keep(&mine, all, belongs, &b, pool);
	if (!mine.nr)
		return;
	p = pool_grow(pool, &out->v, &out->nr, &out->cap, sizeof(*p));
	p->guest = g->name;
	listeners_read(&p->ports, &s->proc, &mine, pool);
	picture_programs(p, &mine, pool);
	read_mounts(p, &s->proc, mine.v[0].pid, pool);
}

void pictures_read(struct pictures *out, const struct session *s)
{
	struct procs all;
	struct err err;

	*out = (struct pictures){ 0 };
	if (procs_read(&all, &s->proc, s->findings.pool, &err) < 0)
		return;
	for (size_t i = 0; i < s->nr_selected; i++)
		if (s->selected[i]->tree)
			add_picture(out, s->selected[i], &all, s);
}

const struct picture *before_picture(const struct before_saved *b, const char *guest)
{
	for (size_t i = 0; b && i < b->pictures.nr; i++)
		if (strcmp(b->pictures.v[i].guest, guest) == 0)
			return &b->pictures.v[i];
	return NULL;
}

bool before_ran(const struct before_saved *b, const char *guest, const char *program)
{
	const struct picture *p = before_picture(b, guest);

	for (size_t i = 0; p && i < p->nr_programs; i++)
		if (strcmp(p->programs[i].program, program) == 0)
			return true;
	return false;
}

const char *port_text(const struct listener *l, struct pool *pool)
{
	bool six = strchr(l->address, ':') != NULL;

	return pool_printf(pool, "%s %s%s%s:%u (%s)", l->protocol, six ? "[" : "", l->address,
			   six ? "]" : "", l->port, show(l->program));
}
