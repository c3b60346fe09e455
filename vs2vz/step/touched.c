/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names that steps change below a tree. Reads only.
 */
#include "step/touched.h"

#include <errno.h>
#include <string.h>

#include "base/print.h"
#include "base/survey.h"
#include "step/beside.h"
#include "step/kinds.h"
#include "step/trace.h"

/* path: below the area, "" for its root. A directory that holds changed names is not gone. */
struct name {
	const char *path;
	bool gone;
	bool whole;		/* with all that is below it */
};
struct list {
	struct pool pool;
	size_t nr, cap;
	struct name *v;
};

static const char *below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/' ? path + len + 1 : NULL;
}

/* The part of the n-th path of a step that lies below the area; NULL: it does not. */
static const char *changed(const struct touched *t, const struct step *s, unsigned n)
{
	if (s->kind->moves || s->kind->args[n].type != ARG_PATH || !s->value[n])
		return NULL;
	return below(s->value[n], t->area);
}

bool touched_any(const struct touched *t)
{
	for (size_t i = 0; i < t->nr_steps; i++)
		for (unsigned n = 0; t->steps[i].kind->args[n].name; n++)
			if (t->steps[i].kind->guard && changed(t, &t->steps[i], n))
				return true;
	return false;
}

/* Does the step make a whole directory at its path? */
static bool is_whole(const struct step *s)
{
	return s->kind == &kind_bring;
}

static void add(struct list *l, const char *path, bool gone, bool whole)
{
	struct name *n;

	for (size_t i = 0; i < l->nr; i++) {
		if (strcmp(l->v[i].path, path) != 0)
			continue;
		l->v[i].gone |= gone;
		l->v[i].whole |= whole;
		return;
	}
	n = pool_grow(&l->pool, &l->v, &l->nr, &l->cap, sizeof(*n));
	*n = (struct name){ path, gone, whole };
}

static size_t dir_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash + 1 - path) : 0;
}

static void add_names(struct list *l, const char *path, const char *token, bool whole)
{
	size_t dir = dir_len(path);
	char old[NAME_MAX + 1];

	beside_own(old, path + dir, token, BESIDE_OLD, 1);
	add(l, path, true, whole);
	add(l, pool_printf(&l->pool, "%.*s%s", (int)dir, path, old), true, false);
	add(l, pool_printf(&l->pool, "%.*s", dir ? (int)dir - 1 : 0, path), false, false);
}

static void list_names(struct list *l, const struct touched *t)
{
	for (size_t i = 0; i < t->nr_steps; i++) {
		const struct step *s = &t->steps[i];

		for (unsigned n = 0; s->kind->guard && s->kind->args[n].name; n++)
			if (changed(t, s, n))
				add_names(l, changed(t, s, n), t->token, is_whole(s));
	}
}

/* All names below a directory, where it is one. */
static int subtract_below(struct hash128 *bare, const char *path, const struct root *tree,
			  bool coarse, struct err *err)
{
	const struct survey_options opt = { .threads = 1, .coarse = coarse };
	int CLEANUP_FD fd = strict_opendir(tree, path, err);
	struct survey survey;
	struct stat st;

	if (fd < 0) {
		if (!err_is_absent(err) && err->code != ELOOP)
			return -1;
		err_clear(err);
		return 0;
	}
	if (fstat(fd, &st) < 0)
		return fail_errno(err, "cannot look at '%s'", show(path));
	if (survey_tree(&survey, fd, &opt, err) < 0)
		return -1;
	hash_subtract(bare, survey.bare);
	hash_add(bare, print_of(0, "", &st, PRINT_NO_MTIME | PRINT_NO_LINKS));
	survey_release(&survey);
	return 0;
}

/* Of a directory all but the mtime is put back. */
static int subtract(struct hash128 *bare, const struct name *n, const struct root *tree,
		    bool coarse, struct err *err)
{
	const unsigned without = PRINT_NO_LINKS | print_times(coarse);
	struct hash128 print;

	if ((n->whole && subtract_below(bare, n->path, tree, coarse, err) < 0) ||
	    print_of_path(tree, n->path, without, &print, err) < 0)
		return -1;
	hash_subtract(bare, print);
	if (n->gone)
		return 0;
	if (print_of_path(tree, n->path, without | PRINT_NO_MTIME, &print, err) < 0)
		return -1;
	hash_add(bare, print);
	return 0;
}

int touched_subtract(struct hash128 *bare, const struct touched *t, const struct root *tree,
		     struct err *err)
{
	struct list l = { .pool = POOL_INIT };
	int rc = 0;

	list_names(&l, t);
	for (size_t i = 0; i < l.nr && rc == 0; i++)
		rc = subtract(bare, &l.v[i], tree, t->coarse, err);
	pool_release(&l.pool);
	return rc;
}

void touched_each(const struct touched *t,
		  void (*one)(void *ctx, const char *path, enum touched_how how), void *ctx)
{
	struct list l = { .pool = POOL_INIT };

	list_names(&l, t);
	for (size_t i = 0; i < l.nr; i++)
		one(ctx, l.v[i].path, l.v[i].whole ? TOUCHED_WHOLE :
		    l.v[i].gone ? TOUCHED_NAME : TOUCHED_TIMES);
	pool_release(&l.pool);
}

static bool has_trace(const struct touched *t)
{
	for (size_t i = 0; i < t->nr_steps; i++)
		if (is_trace_of_links(&t->steps[i]))
			return true;
	return false;
}

/* A directory in the root is one link more of the root, where directories count them. */
int touched_by_vzctl(struct hash128 *full, struct hash128 *bare, const struct touched *t,
		     const struct root *tree, struct err *err)
{
	const unsigned without = print_times(t->coarse);
	struct hash128 print, without_links;
	struct stat root, dir;

	if (!has_trace(t))
		return 0;
	if (below_stat(tree->fd, TRACE_LINKS_NAME, &dir) < 0)
		return errno == ENOENT ? 0 : fail_errno(err, "cannot look at '%s'", TRACE_LINKS_NAME);
	if (!S_ISDIR(dir.st_mode))
		return 0;
	if (fstat(tree->fd, &root) < 0)
		return fail_errno(err, "cannot look at the root of the tree");
	if (print_of_path(tree, TRACE_LINKS_NAME, without, &print, err) < 0 ||
	    print_of_path(tree, TRACE_LINKS_NAME, without | PRINT_NO_LINKS, &without_links,
			  err) < 0)
		return -1;
	hash_subtract(full, print);
	hash_subtract(bare, without_links);
	if (root.st_nlink < 3)
		return 0;
	hash_subtract(full, print_of(0, "", &root, PRINT_NO_MTIME));
	root.st_nlink--;
	hash_add(full, print_of(0, "", &root, PRINT_NO_MTIME));
	return 0;
}

/* Is the path the step's own, or a name that it makes beside it? */
static bool names_it(const char *at, const char *path, const char *token)
{
	static const char *const word[] = { BESIDE_NEW, BESIDE_OLD };
	size_t dir = dir_len(at);

	if (strcmp(at, path) == 0)
		return true;
	if (strncmp(at, path, dir) != 0)
		return false;
	for (unsigned i = 0; i < 2; i++)
		if (beside_is_own(path + dir, at + dir, token, word[i]))
			return true;
	return false;
}

/* vzctl's own directory in the root of the tree, and the time of the root with it. */
static bool is_vzctls(const struct touched *t, const char *path, const char *what)
{
	return has_trace(t) &&
	       (strcmp(path, TRACE_LINKS_NAME) == 0 || (!*path && strstr(what, "time")));
}

static const char *below_tree(const char *path)
{
	while (*path == '/' || (path[0] == '.' && path[1] == '/'))
		path++;
	return strcmp(path, ".") == 0 ? "" : path;
}

bool touched_is_trace(const struct touched *t, const char *path, const char *what)
{
	return is_vzctls(t, below_tree(path), what);
}

bool touched_explains(const struct touched *t, const char *path, const char *what)
{
	size_t len;

	path = below_tree(path);
	len = strlen(path);
	if (is_vzctls(t, path, what))
		return true;
	for (size_t i = 0; i < t->nr_steps; i++) {
		const struct step *s = &t->steps[i];

		for (unsigned n = 0; s->kind->args[n].name; n++) {
			const char *at = changed(t, s, n);

			if (at && (names_it(at, path, t->token) || (is_whole(s) && below(path, at)) ||
				   (strstr(what, "time") && (!len || below(at, path)))))
				return true;
		}
	}
	return false;
}
