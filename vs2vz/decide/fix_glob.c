/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths that match a pattern, in a tree with edits over it. A component is compared with
 * the names of its directory; directories are entered through links inside the tree. The
 * names that our own steps leave behind never match.
 */
#include "decide/fix_inside.h"

#include <fnmatch.h>
#include <string.h>

#include "step/plan.h"

#define MATCHES_MAX 2000
#define OWN_MARK ".vs2vz-"	/* and the token of a plan, see step/beside.h */

bool fix_is_glob(const char *path)
{
	return strpbrk(path, "*?[") != NULL;
}

static bool is_own(const char *name)
{
	const char *at = name[0] == '.' ? strstr(name, OWN_MARK) : NULL;

	return at && strspn(at + strlen(OWN_MARK), "0123456789abcdef") == TOKEN_LEN;
}

static int add(struct fixing *f, struct fix_paths *out, const char *path, struct err *err)
{
	const char **to;

	if (out->nr == MATCHES_MAX)
		return fail_code(err, ERR_ODD, "more than %d paths match", MATCHES_MAX);
	to = pool_grow(f->pool, &out->v, &out->nr, &out->cap, sizeof(*to));
	*to = path;
	return 0;
}

/* dir: what is matched so far, "" for the root; rest: components to go. */
static int walk(struct fixing *f, const char *dir, const char *rest, struct fix_paths *out,
		struct err *err)
{
	size_t len = strcspn(rest, "/");
	const char *part = pool_memdup(f->pool, rest, len);
	const char *canonical, *path;
	struct object object;
	struct names names;

	if (!fix_is_glob(part)) {
		path = pool_printf(f->pool, "%s/%s", dir, part);
		if (rest[len])
			return walk(f, path, rest + len + 1, out, err);
		if (edits_look(f->edits, path, false, &canonical, &object, err) < 0)
			return -1;
		return object.thing == THING_ABSENT ? 0 : add(f, out, path, err);
	}
	if (edits_names(f->edits, *dir ? dir : "/", &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.nr; i++) {
		if (is_own(names.name[i]) || fnmatch(part, names.name[i], FNM_PERIOD) != 0)
			continue;
		path = pool_printf(f->pool, "%s/%s", dir, names.name[i]);
		if ((rest[len] ? walk(f, path, rest + len + 1, out, err)
			       : add(f, out, path, err)) < 0)
			return -1;
	}
	return 0;
}

int fix_glob(struct fixing *f, const char *glob, struct fix_paths *out, struct err *err)
{
	*out = (struct fix_paths){ 0 };
	return walk(f, "", glob + 1, out, err);
}
