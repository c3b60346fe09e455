/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Edits of names: links, directories, nodes, modes, what goes and what takes another
 * name. They speak of the name itself, never of what a link leads to.
 */
#include "decide/fix_inside.h"

#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

static mode_t octal(const char *text, mode_t fallback)
{
	return text ? (mode_t)strtoul(text, NULL, 8) : fallback;
}

static void owner_of(const struct statement *s, struct object *o)
{
	const char *text = statement_get(s, "owner");
	char *end;

	if (!text)
		return;
	o->uid = (uid_t)strtoul(text, &end, 10);
	o->gid = *end == ':' ? (gid_t)strtoul(end + 1, NULL, 10) : 0;
}

static const char *parent_of(struct fixing *f, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? "/" : pool_memdup(f->pool, path, (size_t)(slash - path));
}

/* Every missing directory above a path; *canonical: the path with its directory resolved. */
int fix_parent(struct fixing *f, const char *path, const char **canonical, struct err *err)
{
	const char *dir = parent_of(f, path), *at;
	struct object object;

	if (edits_look(f->edits, dir, true, &at, &object, err) < 0)
		return -1;
	if (object.thing == THING_ABSENT) {
		const struct object made = { .thing = THING_DIR, .mode = S_IFDIR | 0755 };

		if (fix_dangles(f, dir))
			return fail(err, "%s is a link that leads nowhere", show(dir));
		if (fix_parent(f, dir, &at, err) < 0)
			return -1;
		edits_put(f->edits, at, &made);
	} else if (object.thing != THING_DIR) {
		return fail(err, "%s is no directory", show(dir));
	}
	return edits_look(f->edits, path, false, canonical, &object, err);
}

/* A link with nothing at its end. */
bool fix_dangles(struct fixing *f, const char *path)
{
	const char *canonical;
	struct object object;
	struct err err;

	return edits_look(f->edits, path, false, &canonical, &object, &err) == 0 &&
	       object.thing == THING_LINK;
}

/* Not what other steps of the plan make. */
static int is_free(struct fixing *f, const char *canonical, struct err *err)
{
	if (!edits_is_given(f->edits, canonical))
		return 0;
	return fail(err, "%s comes with the guest's package state", show(canonical));
}

/* May what stands here go? A directory only when it is empty. */
static int may_go(struct fixing *f, const char *canonical, const struct object *o,
		  struct err *err)
{
	struct names names;

	if (is_free(f, canonical, err) < 0)
		return -1;
	if (o->thing != THING_DIR)
		return 0;
	if (strcmp(canonical, "/") == 0)
		return fail(err, "the tree itself cannot go");
	if (edits_names(f->edits, canonical, &names, err) < 0)
		return -1;
	return names.nr ? fail(err, "%s is a directory that is not empty", show(canonical)) : 0;
}

/* Put something where anything may stand; equal things are left alone by the caller. */
static int put_over(struct fixing *f, const char *path, const struct object *now,
		    struct err *err)
{
	const char *canonical;
	struct object object;

	if (fix_parent(f, path, &canonical, err) < 0 ||
	    edits_look(f->edits, path, false, &canonical, &object, err) < 0 ||
	    may_go(f, canonical, &object, err) < 0)
		return -1;
	edits_put(f->edits, canonical, now);
	return 0;
}

int fix_make_link(struct fixing *f, const char *path, const char *target, struct err *err)
{
	const struct object now = { .thing = THING_LINK, .mode = S_IFLNK | 0777,
				    .target = pool_strdup(f->pool, target) };
	const char *canonical;
	struct object object;

	if (edits_look(f->edits, path, false, &canonical, &object, err) < 0)
		return -1;
	if (object.thing == THING_LINK && strcmp(object.target, target) == 0)
		return 0;
	return put_over(f, path, &now, err);
}

int fix_link(struct fixing *f, const struct statement *s, struct err *err)
{
	return fix_make_link(f, fix_path(f, s->operand[0]), fix_path(f, statement_get(s, "target")),
			     err);
}

int fix_hide(struct fixing *f, const char *path, struct err *err)
{
	const struct object gone = { .thing = THING_ABSENT };
	const char *canonical;
	struct object object;

	if (edits_look(f->edits, path, false, &canonical, &object, err) < 0)
		return -1;
	if (object.thing == THING_ABSENT)
		return 0;
	if (may_go(f, canonical, &object, err) < 0)
		return -1;
	edits_put(f->edits, canonical, &gone);
	return 0;
}

int fix_remove(struct fixing *f, const struct statement *s, struct err *err)
{
	return fix_hide(f, fix_path(f, s->operand[0]), err);
}

/* The content goes over to the other name: undo finds both inodes where they were. */
int fix_move(struct fixing *f, const char *from, const char *to, struct err *err)
{
	const struct object gone = { .thing = THING_ABSENT };
	const char *canonical;
	struct object object;

	if (edits_look(f->edits, from, false, &canonical, &object, err) < 0)
		return -1;
	if (object.thing == THING_ABSENT)
		return 0;
	if (object.thing != THING_FILE && object.thing != THING_LINK)
		return fail(err, "%s is neither a file nor a link", show(from));
	if (object.thing == THING_FILE &&
	    edits_load(f->edits, canonical, &object, true, err) < 0)
		return -1;
	object.ino = 0;
	object.nlink = 0;
	edits_put(f->edits, canonical, &gone);
	return put_over(f, to, &object, err);
}

int fix_rename(struct fixing *f, const struct statement *s, struct err *err)
{
	return fix_move(f, fix_path(f, s->operand[0]), fix_path(f, statement_get(s, "to")), err);
}

int fix_node(struct fixing *f, const struct statement *s, struct err *err)
{
	static const struct {
		char word;
		mode_t type;
	} types[] = { { 'c', S_IFCHR }, { 'b', S_IFBLK }, { 'p', S_IFIFO } };
	const char *path = fix_path(f, s->operand[0]), *type = statement_get(s, "type");
	const char *major_text = statement_get(s, "major"), *minor_text = statement_get(s, "minor");
	struct object now = { .thing = THING_NODE }, object;
	const char *canonical;

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (type[0] == types[i].word && !type[1])
			now.mode = types[i].type | octal(statement_get(s, "mode"), 0600);
	if (!now.mode || (!S_ISFIFO(now.mode) && (!major_text || !minor_text)))
		return fail(err, "a node needs a type c, b or p, and its numbers");
	if (!S_ISFIFO(now.mode))
		now.rdev = makedev((unsigned)strtoul(major_text, NULL, 10),
				   (unsigned)strtoul(minor_text, NULL, 10));
	owner_of(s, &now);
	if (edits_look(f->edits, path, false, &canonical, &object, err) < 0)
		return -1;
	if (object.thing == THING_NODE && object.rdev == now.rdev &&
	    (object.mode & S_IFMT) == (now.mode & S_IFMT))
		return 0;
	return put_over(f, path, &now, err);
}

int fix_mkdir(struct fixing *f, const struct statement *s, struct err *err)
{
	struct object now = { .thing = THING_DIR,
			      .mode = S_IFDIR | octal(statement_get(s, "mode"), 0755) };
	const char *path = fix_path(f, s->operand[0]), *canonical;
	struct object object;

	owner_of(s, &now);
	if (edits_look(f->edits, path, true, &canonical, &object, err) < 0)
		return -1;
	if (object.thing == THING_DIR)
		return 0;
	if (object.thing != THING_ABSENT || fix_dangles(f, path))
		return fail(err, "%s is something else", show(path));
	return put_over(f, path, &now, err);
}

int fix_mode(struct fixing *f, const struct statement *s, struct err *err)
{
	const char *path = fix_path(f, s->operand[0]), *canonical;
	struct object object;

	if (edits_look(f->edits, path, true, &canonical, &object, err) < 0)
		return -1;
	if (object.thing == THING_ABSENT)
		return 0;
	if (object.thing != THING_FILE && object.thing != THING_DIR)
		return fail(err, "%s is neither a file nor a directory", show(path));
	if ((object.mode & 07777) == octal(statement_get(s, "is"), 0))
		return 0;
	if (object.thing == THING_FILE && object.nlink > 1)
		return fail(err, "%s has other names, which would change with it", show(path));
	if (is_free(f, canonical, err) < 0)
		return -1;
	object.mode = (object.mode & S_IFMT) | octal(statement_get(s, "is"), 0);
	edits_put(f->edits, canonical, &object);
	return 0;
}
