/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recipes on a small tree: the fixture's folder is the guest's tree. What a recipe edits
 * can be looked at, or carried out here by plain means, to run it again.
 */
#ifndef VS2VZ_TESTS_FIXUPS_FIXTURE_H
#define VS2VZ_TESTS_FIXUPS_FIXTURE_H

#include "decide_host.h"

#include <sys/sysmacros.h>

#include "decide/fixups.h"

struct fixups_fixture {
	struct fixture fx;
	struct guest guest;
	struct host host;
	struct recipes recipes;
	struct fixup_guest g;
	struct edits edits;
};

static inline void fixups_make(struct fixups_fixture *f)
{
	*f = (struct fixups_fixture){ 0 };
	fixture_make(&f->fx);
	host_make(&f->host);
	host_guest(&f->guest, &f->fx.pool, "web1");
	f->guest.hostname = "web1.example.org";
	host_address(&f->guest, &f->fx.pool, "192.0.2.7", "interfaces/0");
	f->g = (struct fixup_guest){ .guest = &f->guest, .host = &f->host, .ctid = 345,
				     .recipes = &f->recipes };
}

/* A recipe of one group around conditions and edits; more text may follow. */
static inline const char *fixups_text(struct fixups_fixture *f, const char *when, const char *edits)
{
	return pool_printf(&f->fx.pool, "recipe format=1 order=500 family=adapt\nabout\n| it\n"
			   "reason\n| because\nwhen\n%s\ndo\n%s\n", when, edits);
}

static inline void fixups_add(struct fixups_fixture *f, const char *name, const char *text)
{
	struct recipe *r = pool_grow(&f->fx.pool, &f->recipes.v, &f->recipes.nr, &f->recipes.cap,
				     sizeof(*r));

	if (recipe_parse(r, name, NULL, text, &f->fx.pool, &f->fx.err) < 0) {
		fprintf(stderr, "%s\n", f->fx.err.text);
		exit(99);
	}
}

static inline void fixups_go(struct fixups_fixture *f)
{
	finding_cut(&f->fx.findings, 0);
	edits_init(&f->edits, &f->fx.root, &f->fx.pool);
	fixups_run(&f->edits, &f->g, &f->fx.findings);
}

static inline size_t fixups_changes(const struct fixups_fixture *f)
{
	size_t nr = 0;

	for (size_t i = 0; i < f->edits.nr; i++)
		nr += edit_is_change(&f->edits.v[i]);
	return nr;
}

/* The edit of a path; NULL: none. */
static inline const struct edit *fixups_edit(const struct fixups_fixture *f, const char *path)
{
	for (size_t i = 0; i < f->edits.nr; i++)
		if (strcmp(f->edits.v[i].path, path) == 0 && edit_is_change(&f->edits.v[i]))
			return &f->edits.v[i];
	return NULL;
}

/* Carry the edits out, so that the recipes can be run on their result. */
static inline void fixups_carry_out(struct fixups_fixture *f)
{
	for (size_t i = 0; i < f->edits.nr; i++) {
		const struct edit *e = &f->edits.v[i];
		const char *path = fixture_path(&f->fx, e->path);

		if (!edit_is_change(e))
			continue;
		if (e->old.thing != THING_ABSENT && e->old.thing != e->now.thing)
			remove(path);
		if (e->now.thing == THING_LINK) {
			unlink(path);
			fixture_link(&f->fx, e->now.target, e->path);
		} else if (e->now.thing == THING_DIR) {
			mkdir(path, 0755);
			chmod(path, e->now.mode & 07777);
		} else if (e->now.thing == THING_FILE) {
			if (e->now.text)
				fixture_bytes(&f->fx, e->path, e->now.text, e->now.len);
			chmod(fixture_path(&f->fx, e->path), e->now.mode & 07777);
		} else if (e->now.thing == THING_ABSENT) {
			remove(path);
		} else if (S_ISFIFO(e->now.mode)) {
			if (mkfifo(path, e->now.mode & 07777) < 0)
				fixture_die("mkfifo", path);
		}
	}
}

static inline void fixups_unmake(struct fixups_fixture *f)
{
	fixture_remove(&f->fx);
}

#endif
