/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps that bring package state into the tree, after the tree has its new place and
 * before anything can start in it. Undo takes them back in the tree's new place, and the
 * times of the directories when the tree is where it was.
 *
 *	times /vservers/web1/var/lib · tree to /vz/private/101 ·
 *	hide /vz/private/101/var/lib/rpm · bring BASE/rpm/state to it · hide .rpmdb ·
 *	write etc/rpm/macros (with the edits of recipes: decide/fix_build.c)
 *
 * A cut between them leaves a guest without database in the tree, as it was before; the
 * state on the host is read only and stays where it is, also after commit.
 */
#include "decide/packages.h"

#include <string.h>

#include "decide/edits.h"

static const char *below(struct deciding *d, const char *dir, const char *at)
{
	return *at ? pool_printf(d->pool, "%s/%s", dir, at) : dir;
}

static const char *parent_of(struct deciding *d, const char *at)
{
	const char *slash = strrchr(at, '/');

	return slash ? pool_memdup(d->pool, at, (size_t)(slash - at)) : "";
}

/* Is the parent a directory that the tree has already? */
static bool parent_is_there(const struct packages *p, size_t nr, const char *parent)
{
	for (size_t i = 0; i < nr; i++)
		if (p->v[i].act == PACKAGE_MKDIR && strcmp(p->v[i].at, parent) == 0)
			return false;
	return true;
}

static void add_input(struct deciding *d, struct decision *decision, enum input_type type,
		      const char *path)
{
	const char *evidence;
	struct err err;

	if (input_evidence_in(&evidence, d->root, decision->guest->tree, type, path, d->pool,
			      &err) == 0)
		plan_input(&decision->plan, d->pool, evidence ? type : INPUT_ABSENT, path, evidence);
}

static void add_evidence(struct deciding *d, struct decision *decision,
			 const struct package_action *a)
{
	const char *at = below(d, decision->guest->tree, a->at);

	if (a->act == PACKAGE_BRING) {
		add_input(d, decision, INPUT_DIR, a->from);
		add_input(d, decision, INPUT_NAMES, a->from);
	}
	if (a->act == PACKAGE_WRITE) {
		add_input(d, decision, INPUT_FILE, at);
		if (a->from)
			add_input(d, decision, INPUT_FILE, a->from);
	}
}

int packages_remember(struct deciding *d, struct decision *decision, struct err *err)
{
	const struct packages *p = decision->packages;
	const char *tree = decision->guest->tree;

	for (size_t i = 0; p && i < p->nr; i++) {
		const char *parent = parent_of(d, p->v[i].at);

		add_evidence(d, decision, &p->v[i]);
		if (p->v[i].act != PACKAGE_WRITE &&
		    parent_is_there(p, i, parent) &&
		    build_times(d, &decision->plan, below(d, tree, parent), err) < 0)
			return -1;
	}
	return 0;
}

/* In a copy the identity is not known yet; it keeps the time. */
static int build_hide(struct deciding *d, const struct decision *decision, struct plan *plan,
		      const char *at, const struct package_action *a, struct err *err)
{
	struct step *s = plan_step(plan, d->pool, "hide");

	step_arg(s, d->pool, "at", at);
	if (decision->method == METHOD_RENAME)
		return build_id(d, s, below(d, decision->guest->tree, a->at), a->inode, err);
	step_argf(s, d->pool, "mtime", "%lld.%09ld", (long long)a->mtime.tv_sec, a->mtime.tv_nsec);
	return 0;
}

static void build_bring(struct deciding *d, const struct decision *decision, struct plan *plan,
		       const char *at, const struct package_action *a)
{
	struct step *s = plan_step(plan, d->pool, "bring");

	step_arg(s, d->pool, "from", a->from);
	step_arg(s, d->pool, "to", at);
	step_arg(s, d->pool, "id", a->id);
	if (decision->method == METHOD_RENAME)
		step_arg(s, d->pool, "changed", "keep");
}

/* The text over the file that is there, or a new file. */
static int give_file(struct edits *edits, const char *path, const struct package_action *a,
		     struct err *err)
{
	struct object now;
	const char *canonical;

	if (edits_look(edits, path, false, &canonical, &now, err) < 0)
		return -1;
	if (now.thing != THING_FILE)
		now = (struct object){ .thing = THING_FILE, .uid = a->uid, .gid = a->gid };
	now.mode = S_IFREG | a->mode;
	now.text = a->text;
	now.len = a->len;
	edits_put(edits, canonical, &now);
	return 0;
}

int packages_give(struct deciding *d, struct decision *decision, struct edits *edits,
		  struct err *err)
{
	const struct object gone = { .thing = THING_ABSENT };
	const struct object dir = { .thing = THING_DIR, .mode = S_IFDIR | 0755 };
	const struct packages *p = decision->packages;

	for (size_t i = 0; p && i < p->nr; i++) {
		const struct package_action *a = &p->v[i];
		const char *path = pool_printf(d->pool, "/%s", a->at);

		if (a->act == PACKAGE_HIDE)
			edits_give(edits, path, &gone, GIVEN_NAME);
		else if (a->act != PACKAGE_WRITE)
			edits_give(edits, path, &dir,
				   a->act == PACKAGE_BRING ? GIVEN_WHOLE : GIVEN_NAME);
		else if (give_file(edits, path, a, err) < 0)
			return -1;
	}
	return 0;
}

int packages_build(struct deciding *d, struct decision *decision, struct err *err)
{
	const struct packages *p = decision->packages;
	struct plan *plan = &decision->plan;

	for (size_t i = 0; p && i < p->nr; i++) {
		const struct package_action *a = &p->v[i];
		const char *at = below(d, decision->ct.private, a->at);

		if (a->act == PACKAGE_MKDIR)
			build_mkdir(d, plan, at, 0755);
		else if (a->act == PACKAGE_BRING)
			build_bring(d, decision, plan, at, a);
		else if (a->act == PACKAGE_HIDE && build_hide(d, decision, plan, at, a, err) < 0)
			return -1;
	}
	return 0;
}
