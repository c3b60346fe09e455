/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads plan and paths only. A difference is a step's own at the paths of its
 * arguments, at the names that it makes beside them, and in the times of the
 * directories above.
 */
#include "step/changes.h"

#include <string.h>

#include "base/log.h"

#define SHOWN_MAX 20

static const char *below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/' ? path + len + 1 : NULL;
}

/* Is the path the step's own, or a name that a cut step leaves beside it? */
static bool names_it(const char *at, const char *path)
{
	static const char *const leftover[] = { ".vs2vz-new", ".vs2vz-old" };
	const char *slash = strrchr(at, '/');
	size_t dir = slash ? (size_t)(slash + 1 - at) : 0, name = strlen(at + dir);

	if (strcmp(at, path) == 0)
		return true;
	if (strncmp(at, path, dir) != 0 || path[dir] != '.' ||
	    strncmp(path + dir + 1, at + dir, name) != 0)
		return false;
	return strcmp(path + dir + 1 + name, leftover[0]) == 0 ||
	       strcmp(path + dir + 1 + name, leftover[1]) == 0;
}

/* Did a step of this plan make the difference: at the path, or in a directory's time? */
static bool made_by_steps(const struct changes *c, const char *path, const char *what)
{
	const char *to = step_get(c->s, "to");
	size_t len = strlen(path);

	for (size_t i = 0; i < c->w->nr_steps; i++) {
		const struct step *s = &c->w->steps[i];

		for (unsigned a = 0; s->kind->args[a].name; a++) {
			const char *at = s->kind->args[a].type == ARG_PATH && s->value[a] ?
					 below(s->value[a], to) : NULL;

			if (!at)
				continue;
			if (names_it(at, path))
				return true;
			if (strstr(what, "time") && (!len || below(at, path)))
				return true;
		}
	}
	return false;
}

void changes_note(void *ctx, const char *path, const char *what)
{
	struct changes *c = ctx;

	while (*path == '/' || (path[0] == '.' && path[1] == '/'))
		path++;
	if (strcmp(path, ".") == 0)
		path++;
	if (made_by_steps(c, path, what))
		return;
	if (c->nr++ >= SHOWN_MAX)
		return;
	log_say(LOG_WARNING, "changed in the copy: %s/%s (%s)", show(step_get(c->s, "to")),
		show(path), what);
	if (c->first.len < 400)
		buf_addf(&c->first, "%s'%s' (%s)", c->first.len ? ", " : "", show(path), what);
}
