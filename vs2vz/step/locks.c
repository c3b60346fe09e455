/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Immutable and append-only directories in the way of a step. A step changes the names in
 * the directories of its paths; one that moves changes what it moves as well (a directory
 * that is moved gets another ".."), and mode and times change the very thing.
 */
#include "step/locks.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/meta.h"
#include "base/units.h"
#include "base/words.h"
#include "step/kinds.h"

#define RECORD "locks"
#define RECORD_MAX (16u << 20)

static const char *below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || !path[len]) ? path + len : NULL;
}

/* ---- which trees are ours, and where they stand */

/* The places of the n-th tree that the plan moves, copies or fills. */
static bool tree_of(const struct step *s, const char *place[2])
{
	place[0] = place[1] = NULL;
	if (s->kind == &kind_marks)
		place[0] = step_get(s, "at");
	else if (s->kind->moves)
		place[0] = step_get(s, "from");
	if (s->kind->moves)
		place[1] = step_get(s, "to");
	return place[0] != NULL;
}

/* The part of a path that is below such a tree, "" for its top; NULL: it is outside. */
static const char *in_tree(const char *path, const struct work *w, const struct step **mover,
			   bool *moved)
{
	const char *place[2], *rest;

	for (size_t i = 0; i < w->nr_steps; i++) {
		if (!tree_of(&w->steps[i], place))
			continue;
		for (unsigned k = 0; k < 2; k++) {
			rest = place[k] ? below(path, place[k]) : NULL;
			if (!rest)
				continue;
			*mover = &w->steps[i];
			*moved = k == 1;
			return rest;
		}
	}
	return NULL;
}

/* Does the step change what stands at its path, and not only the name? */
static bool changes_itself(const struct step *s)
{
	return s->kind->moves || s->kind == &kind_mode || s->kind == &kind_times;
}

/* The whole word of flags where it has locks, else 0. fd -1: what has none. */
static int locked_word(int fd, const char *path, uint32_t *word, struct err *err)
{
	*word = 0;
	if (fd >= 0 && meta_flag_word(fd, word) < 0)
		return fail_errno(err, "cannot read the inode flags of '%s'", show(path));
	if (!(*word & META_LOCKS))
		*word = 0;
	return 0;
}

static int open_it(const struct found *f)
{
	return f->there && (S_ISDIR(f->st.st_mode) || S_ISREG(f->st.st_mode)) ?
	       below_open(f->spot.at.dirfd, f->spot.at.name, &f->st) : -1;
}

static const char *parent_of(const char *path, struct pool *pool)
{
	const char *slash = strrchr(path, '/');

	return !slash || slash == path ? "/" : pool_memdup(pool, path, (size_t)(slash - path));
}

/* ---- the record */

struct lifted {
	const char *path;
	uint64_t ino;
	uint32_t flags;
};

static int write_record(const struct work *w, struct err *err)
{
	const struct atomic_meta meta = { .mode = 0600, .uid = geteuid(), .gid = getegid() };
	const struct place at = { w->folder, RECORD };
	struct buf CLEANUP_BUF text = BUF_INIT;

	for (size_t i = 0; i < w->nr_lifted; i++) {
		words_bare(&text, "lock");
		words_pairf(&text, "inode", "%llu", (unsigned long long)w->lifted[i].ino);
		words_pairf(&text, "flags", "%u", w->lifted[i].flags);
		words_pair(&text, "at", w->lifted[i].path);
		buf_addch(&text, '\n');
	}
	return atomic_write(&at, text.data, text.len, &meta, true, err);
}

static int take_line(struct work *w, const char *line, struct err *err)
{
	struct lifted one = { 0 };
	uint64_t flags = 0;
	struct words words;
	bool good;

	if (words_parse(&words, line, err) < 0)
		return -1;
	good = words_get(&words, "at") && words_get(&words, "inode") && words_get(&words, "flags") &&
	       parse_u64(words_get(&words, "inode"), UINT64_MAX, &one.ino) &&
	       parse_u64(words_get(&words, "flags"), UINT32_MAX, &flags);
	if (good) {
		one.path = pool_strdup(w->pool, words_get(&words, "at"));
		one.flags = (uint32_t)flags & META_LOCKS;
		*(struct lifted *)pool_grow(w->pool, &w->lifted, &w->nr_lifted, &w->cap_lifted,
					    sizeof(one)) = one;
	}
	words_release(&words);
	return good ? 0 : fail(err, "record '" RECORD "' is damaged");
}

static int read_record(struct work *w, struct err *err)
{
	struct root folder = { w->folder, "" };
	struct buf CLEANUP_BUF text = BUF_INIT;

	if (root_read(&folder, RECORD, RECORD_MAX, &text, err) < 0) {
		if (!err_is_absent(err))
			return -1;
		err_clear(err);
		return 0;
	}
	for (char *line = text.data, *next; line && *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		if (take_line(w, line, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- open */

static void add(struct work *w, const char *path, const struct stat *st, uint32_t flags)
{
	struct lifted *one = pool_grow(w->pool, &w->lifted, &w->nr_lifted, &w->cap_lifted,
				       sizeof(*one));

	*one = (struct lifted){ pool_strdup(w->pool, path), st->st_ino, flags };
}

/* other: where it may stand when the flags are set again, NULL: nowhere else. */
static int lift(int fd, const char *path, const char *other, struct work *w, struct err *err)
{
	uint32_t word, flags;
	struct stat st;

	if (locked_word(fd, path, &word, err) < 0)
		return -1;
	flags = word & META_LOCKS;
	if (!flags)
		return 0;
	if (fstat(fd, &st) < 0)
		return fail_errno(err, "cannot look at '%s'", show(path));
	add(w, path, &st, flags);
	if (other)
		add(w, other, &st, flags);
	if (write_record(w, err) < 0)
		return -1;
	if (sys_setflags(fd, word & ~META_LOCKS) < 0)
		return fail_errno(err, "cannot lift the flags of '%s'", show(path));
	return 0;
}

int locks_lift_fd(int fd, const char *path, struct work *w, struct err *err)
{
	return lift(fd, path, NULL, w, err);
}

static int lift_at(const char *path, const struct step *s, bool itself, struct work *w,
		   struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	const char *place[2];
	int CLEANUP_FD fd = -1;

	if (path_find(&f, path, w, err) < 0)
		return -1;
	if (!itself)
		return f.parent ? lift(f.spot.at.dirfd, parent_of(path, w->pool), NULL, w, err) : 0;
	fd = open_it(&f);
	if (!s->kind->moves || !tree_of(s, place))
		return lift(fd, path, NULL, w, err);
	return lift(fd, path, strcmp(path, place[0]) == 0 ? place[1] : place[0], w, err);
}

/* What a copy is made of is only read. */
static bool is_read_only(const struct step *s, unsigned arg)
{
	return strcmp(s->kind->args[arg].name, "from") == 0 && s->kind != &kind_rename &&
	       s->kind != &kind_retire;
}

int locks_lift(const struct step *s, struct work *w, struct err *err)
{
	/* What only remembers works on the way back; a flag that comes and goes is a change. */
	if (!s->kind->guard && !w->back)
		return 0;
	for (unsigned i = 0; s->kind->args[i].name; i++) {
		const char *path = s->kind->args[i].type == ARG_PATH ? s->value[i] : NULL, *rest;
		const struct step *mover;
		bool moved;

		rest = path ? in_tree(path, w, &mover, &moved) : NULL;
		if (!rest || is_read_only(s, i))
			continue;
		if ((*rest && lift_at(path, s, false, w, err) < 0) ||
		    (changes_itself(s) && lift_at(path, s, true, w, err) < 0))
			return -1;
	}
	return 0;
}

/* ---- closed again */

static int restore_one(const struct lifted *one, struct work *w, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	int CLEANUP_FD fd = -1;
	uint32_t word;

	if (path_find(&f, one->path, w, err) < 0)
		return -1;
	/* It went meanwhile, or stands at its other place, which has a line of its own. */
	if (!f.there || f.st.st_ino != one->ino)
		return 0;
	fd = open_it(&f);
	if (fd < 0 || meta_flag_word(fd, &word) < 0)
		return fail_errno(err, "cannot open '%s'", show(one->path));
	if ((word & one->flags) == one->flags)
		return 0;
	if (sys_setflags(fd, word | one->flags) < 0 || sys_fsync(fd) < 0)
		return fail_errno(err, "cannot set the flags of '%s' again", show(one->path));
	return 0;
}

int locks_restore(struct work *w, struct err *err)
{
	const struct place at = { w->folder, RECORD };

	if (!w->nr_lifted && read_record(w, err) < 0)
		return -1;
	if (!w->nr_lifted)
		return 0;
	for (size_t i = 0; i < w->nr_lifted; i++)
		if (restore_one(&w->lifted[i], w, err) < 0)
			return -1;
	w->nr_lifted = 0;
	if (sys_unlink(&at) < 0 && errno != ENOENT)
		return fail_errno(err, "cannot remove the record '" RECORD "'");
	return sync_dir(w->folder, err);
}

/* ---- what the plan says of them */

static void describe(struct lock_found *out, const char *path, uint32_t flags, struct pool *pool)
{
	bool immutable = flags & FS_IMMUTABLE_FL;

	*out = (struct lock_found){
		.path = pool_strdup(pool, path), .word = immutable ? "immutable" : "append-only",
		.letter = immutable ? 'i' : 'a',
	};
}

/*
 * 1: the directory of the path, or what stands there itself, has such a flag; on the host,
 * not in a file system that the plan makes.
 */
static int locked_at(struct lock_found *out, const char *path, bool itself, const struct work *w,
		     struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	int CLEANUP_FD fd = -1;
	uint32_t flags;

	if (spot_find(&f, w->root, path, err) < 0)
		return -1;
	if (itself)
		fd = open_it(&f);
	if (locked_word(itself ? fd : f.parent ? f.spot.at.dirfd : -1, path, &flags, err) < 0)
		return -1;
	if (flags)
		describe(out, itself ? path : parent_of(path, w->pool), flags, w->pool);
	return flags != 0;
}

int locks_outside(struct lock_found *out, const struct step *s, const struct work *w,
		  struct err *err)
{
	for (unsigned i = 0; s->kind->guard && s->kind->args[i].name; i++) {
		const char *path = s->kind->args[i].type == ARG_PATH && !is_read_only(s, i) ?
				   s->value[i] : NULL, *rest;
		const struct step *mover;
		bool moved;
		int rc = 0;

		rest = path ? in_tree(path, w, &mover, &moved) : NULL;
		if (!path || (rest && *rest))
			continue;
		rc = locked_at(out, path, false, w, err);
		if (rc)
			return rc;
	}
	return 0;
}

int locks_inside(struct lock_found *out, const struct step *s, const struct work *w,
		 struct err *err)
{
	for (unsigned i = 0; s->kind->args[i].name; i++) {
		const char *path = s->kind->args[i].type == ARG_PATH ? s->value[i] : NULL, *rest;
		const struct step *mover;
		bool moved;
		int rc = 0;

		rest = path ? in_tree(path, w, &mover, &moved) : NULL;
		if (!rest)
			continue;
		if (moved)
			path = pool_printf(w->pool, "%s%s", step_get(mover, "from"), rest);
		if (*rest)
			rc = locked_at(out, path, false, w, err);
		if (rc == 0 && changes_itself(s))
			rc = locked_at(out, path, true, w, err);
		if (rc)
			return rc;
	}
	return 0;
}
