/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Edits of a guest's tree as steps of its plan. They come after the tree has reached its
 * place and before CTID.conf, so a container that can be started has been fixed up:
 *
 *	times of directories (at the source, a renamed tree)	undone last
 *	tree to the private area
 *	new directories · what goes · what comes · what changes
 *
 * Nothing goes before what takes its place is known; each step alone is taken back.
 */
#include <string.h>
#include <sys/sysmacros.h>

#include "base/hash.h"
#include "decide/fixups.h"
#include "decide/inside.h"
#include "decide/packages.h"

static const char *in_place(struct deciding *d, const struct decision *decision, const char *path)
{
	return pool_printf(d->pool, "%s%s", decision->ct.private, path);
}

static void choose_words(struct fixup_guest *g, const struct choices *choices)
{
	const struct answer *answer = answer_of(choices, g->guest->name);

	g->words[0] = choices->fixups[0];
	g->words[1] = answer ? answer->fixups : NULL;
	g->words[2] = choices->fixups[1];
}

/*
 * Package state first: recipes see the tree as it will be with it, and a file that both
 * change is written once. A tree that cannot be entered has its own finding by now.
 */
int fixups_decide(struct deciding *d, struct decision *decision, struct err *err)
{
	struct fixup_guest g = {
		.guest = decision->guest, .host = d->host, .ctid = decision->ct.ctid,
		.recipes = d->choices->recipes,
		.running = decision->guest->ran, .nr_running = decision->guest->nr_ran,
	};
	struct edits *edits;
	struct root tree;
	int rc;

	decision->edits = NULL;
	if (!g.guest->tree)
		return 0;
	if (root_inside(&tree, d->root, g.guest->tree, err) < 0) {
		if (decision->packages)
			return -1;
		err_clear(err);
		return 0;
	}
	choose_words(&g, d->choices);
	edits = pool_alloc(d->pool, sizeof(*edits));
	edits_init(edits, &tree, d->pool);
	rc = packages_give(d, decision, edits, err);
	if (rc == 0 && g.recipes)
		fixups_run(edits, &g, d->findings);
	edits->tree = NULL;
	root_release(&tree);
	decision->edits = edits;
	return rc;
}

/* Directories whose names change, each once. */
static bool is_touched_before(const struct edits *e, size_t nr, const char *dir, struct pool *pool)
{
	for (size_t i = 0; i < nr; i++)
		if (edit_is_change(&e->v[i]) &&
		    strcmp(path_parent(e->v[i].path, pool), dir) == 0)
			return true;
	return false;
}

static bool is_made(const struct edits *e, const char *dir)
{
	for (size_t i = 0; i < e->nr; i++)
		if (strcmp(e->v[i].path, dir) == 0)
			return e->v[i].old.thing != THING_DIR;
	return false;
}

/*
 * A renamed tree gets the times of its directories back; so does a copied one when changes
 * come back into it, ours among them.
 */
int fixups_times(struct deciding *d, struct decision *decision, struct err *err)
{
	const struct edits *e = decision->edits;

	for (size_t i = 0; e && i < e->nr; i++) {
		const char *dir = path_parent(e->v[i].path, d->pool);

		if (!edit_is_change(&e->v[i]) || is_made(e, dir) ||
		    is_touched_before(e, i, dir, d->pool))
			continue;
		if (build_times(d, &decision->plan,
				pool_printf(d->pool, "%s%s", decision->guest->tree,
					    strcmp(dir, "/") == 0 ? "" : dir), err) < 0)
			return -1;
	}
	return 0;
}

/*
 * A copy has other inode numbers, and so has a shared file that is made private before:
 * the time of change tells them then.
 */
static bool keeps_inode(const struct decision *decision, const struct object *o)
{
	return decision->method != METHOD_COPY &&
	       (o->thing == THING_DIR || o->nlink < 2 || decision->marks.shared == SHARED_LEAVE);
}

static struct step *add(struct deciding *d, struct decision *decision, const char *kind,
			const struct edit *edit)
{
	struct step *s = plan_step(&decision->plan, d->pool, kind);

	step_arg(s, d->pool, "at", in_place(d, decision, edit->path));
	return s;
}

static void add_mode(struct deciding *d, struct step *s, const struct object *o)
{
	step_argf(s, d->pool, "mode", "%04o", (unsigned)(o->mode & 07777));
}

/* The true owner: what is left when the marks are off. */
static void add_owner(struct deciding *d, const struct decision *decision, struct step *s,
		      const struct object *o)
{
	const struct stat disk = { .st_mode = o->mode, .st_uid = o->uid, .st_gid = o->gid };
	const struct owner owner = marks_owner(&decision->marks, &disk);

	step_argf(s, d->pool, "owner", "%u:%u", (unsigned)owner.uid, (unsigned)owner.gid);
}

static int add_id(struct deciding *d, const struct decision *decision, struct step *s,
		  const struct edit *edit, struct err *err)
{
	return build_id(d, s, pool_printf(d->pool, "%s%s", decision->guest->tree, edit->path),
			edit->old.ino, err);
}

static int hide(struct deciding *d, struct decision *decision, const struct edit *edit,
		struct err *err)
{
	struct step *s = add(d, decision, "hide", edit);

	if (keeps_inode(decision, &edit->old))
		return add_id(d, decision, s, edit, err);
	step_argf(s, d->pool, "mtime", "%lld.%09ld", (long long)edit->old.mtime.tv_sec,
		  edit->old.mtime.tv_nsec);
	return 0;
}

static void write_file(struct deciding *d, struct decision *decision, const struct edit *edit,
		       bool replaces)
{
	struct step *s = add(d, decision, "write", edit);
	const struct object *now = &edit->now;
	char hash[HASH_TEXT];

	add_mode(d, s, now);
	add_owner(d, decision, s, now);
	if (replaces)
		hash_text(hash_bytes(edit->old.text, edit->old.len), hash);
	step_arg(s, d->pool, "old", replaces ? hash : "absent");
	hash_text(hash_bytes(now->text, now->len), hash);
	step_arg(s, d->pool, "new", hash);
	step_text(s, d->pool, now->text, now->len);
}

static void make_dir(struct deciding *d, struct decision *decision, const struct edit *edit)
{
	struct step *s = add(d, decision, "mkdir", edit);

	add_mode(d, s, &edit->now);
	add_owner(d, decision, s, &edit->now);
}

static void make_link(struct deciding *d, struct decision *decision, const struct edit *edit)
{
	step_arg(add(d, decision, "symlink", edit), d->pool, "target", edit->now.target);
}

static void make_node(struct deciding *d, struct decision *decision, const struct edit *edit)
{
	struct step *s = add(d, decision, "node", edit);
	const struct object *now = &edit->now;

	step_arg(s, d->pool, "type", S_ISCHR(now->mode) ? "c" : S_ISBLK(now->mode) ? "b" : "p");
	if (!S_ISFIFO(now->mode)) {
		step_argf(s, d->pool, "major", "%u", major(now->rdev));
		step_argf(s, d->pool, "minor", "%u", minor(now->rdev));
	}
	add_mode(d, s, now);
	add_owner(d, decision, s, now);
}

static int change_mode(struct deciding *d, struct decision *decision, const struct edit *edit,
		       struct err *err)
{
	struct step *s = add(d, decision, "mode", edit);

	if (keeps_inode(decision, &edit->old) && add_id(d, decision, s, edit, err) < 0)
		return -1;
	step_argf(s, d->pool, "old", "%04o", (unsigned)(edit->old.mode & 07777));
	step_argf(s, d->pool, "new", "%04o", (unsigned)(edit->now.mode & 07777));
	return 0;
}

/* Is it the same object, in other words: is it changed and not replaced? */
static bool is_same_inode(const struct edit *edit)
{
	return edit->old.thing == edit->now.thing && edit->old.ino == edit->now.ino &&
	       (edit->now.thing == THING_FILE || edit->now.thing == THING_DIR);
}

static bool same_text(const struct edit *edit)
{
	return !edit->now.text || !edit->old.text ||
	       (edit->old.len == edit->now.len &&
		memcmp(edit->old.text, edit->now.text, edit->now.len) == 0);
}

static int build_one(struct deciding *d, struct decision *decision, const struct edit *edit,
		     struct err *err)
{
	if (is_same_inode(edit)) {
		if (edit->now.thing != THING_FILE || same_text(edit))
			return change_mode(d, decision, edit, err);
		write_file(d, decision, edit, true);
		return 0;
	}
	if (edit->old.thing != THING_ABSENT && hide(d, decision, edit, err) < 0)
		return -1;
	if (edit->now.thing == THING_FILE)
		write_file(d, decision, edit, false);
	else if (edit->now.thing == THING_DIR)
		make_dir(d, decision, edit);
	else if (edit->now.thing == THING_LINK)
		make_link(d, decision, edit);
	else if (edit->now.thing == THING_NODE)
		make_node(d, decision, edit);
	return 0;
}

/* Directories come before what is put into them, for they were made in that order. */
int fixups_build(struct deciding *d, struct decision *decision, struct err *err)
{
	const struct edits *e = decision->edits;

	for (size_t i = 0; e && i < e->nr; i++)
		if (edit_is_change(&e->v[i]) && build_one(d, decision, &e->v[i], err) < 0)
			return -1;
	return 0;
}
