/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of the tree that other steps of the plan replace, and make again when they are
 * taken back: the same content at the same path, but another inode. The record
 * remembers by the number of the step which inode stood there, so that undo finds
 * what the new one must become. Reads only.
 */
#include "step/marks_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"

static const char *inside(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/' ? path + len : NULL;
}

/* Where the steps after the move find the tree. */
static const char *moved_to(const struct work *w, const char *at)
{
	for (size_t i = 0; i < w->nr_steps; i++) {
		const struct step *s = &w->steps[i];

		if (s->kind == &kind_rename && strcmp(step_get(s, "from"), at) == 0)
			return step_get(s, "to");
	}
	return at;
}

const char *mark_step_path(const struct work *w, const char *at, unsigned nr)
{
	const struct step *s = nr < w->nr_steps ? &w->steps[nr] : NULL;
	const char *path = s && (s->kind == &kind_write || s->kind == &kind_remove) ?
			   step_get(s, "at") : NULL;

	return path ? inside(path, moved_to(w, at)) : NULL;
}

/* Absent, or on the way to it something that is no directory: nothing to remember. */
static int inode_at(const struct root *tree, const char *path, uint64_t *ino, struct err *err)
{
	struct spot CLEANUP_SPOT spot = SPOT_INIT;
	struct stat st;

	*ino = 0;
	if (strict_spot(tree, path, &spot, err) < 0) {
		if (!err_is_absent(err) && err->code != ELOOP)
			return -1;
		err_clear(err);
		return 0;
	}
	if (below_stat(spot.at.dirfd, spot.at.name, &st) < 0)
		return errno == ENOENT ? 0 : fail_errno(err, "cannot look at '%s'", show(path));
	if (!S_ISDIR(st.st_mode))
		*ino = st.st_ino;
	return 0;
}

int mark_note_steps(int fd, int tree, const struct work *w, const char *at, uint64_t *nr,
		    struct err *err)
{
	const struct root root = { tree, at };

	for (unsigned i = 0; i < w->nr_steps; i++) {
		const char *path = mark_step_path(w, at, i);
		struct mark_record r = { .ino = i, .class = MARK_STEP };

		if (!path)
			continue;
		if (inode_at(&root, path, &r.size, err) < 0)
			return -1;
		if (r.size && write_all(fd, &r, sizeof(r), err) < 0)
			return -1;
		*nr += r.size != 0;
	}
	return 0;
}

int mark_load_steps(const struct mark_file *f, struct mark_record **out, size_t *nr,
		    struct err *err)
{
	struct mark_record *v = xcalloc((size_t)f->head.steps + 1, sizeof(*v));

	*nr = 0;
	/* They were written first. */
	for (uint64_t i = 0; i < f->head.nr && *nr < f->head.steps; i++) {
		struct mark_record *r = &v[*nr];

		if (pread(f->fd, r, sizeof(*r), (off_t)((i + 1) * sizeof(*r))) != sizeof(*r)) {
			free(v);
			return fail_errno(err, "cannot read the record of changed inodes");
		}
		*nr += r->class == MARK_STEP;
	}
	*out = v;
	return 0;
}
