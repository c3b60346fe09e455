/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest's tree will look like: the tree as it is, and over it, in memory, what
 * recipes changed. Nothing on disk is touched. One object per path; what a plan makes of
 * it is one change from `old` to `now`, whatever happened in between.
 *
 * All resolving goes through base/inroot.c: links lead nowhere but into the tree. Paths
 * that come out are canonical: no component is a link, so a step can be strict.
 */
#ifndef VS2VZ_DECIDE_EDITS_H
#define VS2VZ_DECIDE_EDITS_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/inroot.h"
#include "base/pool.h"

#define EDIT_FILE_MAX (1024 * 1024)
/* A file of the guest is not what an edit can be based on: the caller reports VS505. */
#define ERR_ODD 4101

enum thing { THING_ABSENT, THING_FILE, THING_DIR, THING_LINK, THING_NODE, THING_SOCKET };

struct object {
	enum thing thing;
	mode_t mode;		/* type and permissions */
	uid_t uid, gid;		/* as on disk */
	dev_t rdev;
	ino_t ino;		/* 0: made by an edit */
	nlink_t nlink;
	struct timespec mtime;
	const char *text;	/* THING_FILE: NULL until it is read or changed */
	size_t len;
	const char *target;	/* THING_LINK: NULL until it is read */
};

/* Objects that other steps of the plan make: nothing here changes them. */
enum given {
	GIVEN_NOT,
	GIVEN_NAME,		/* a directory made, or a name gone */
	GIVEN_WHOLE,		/* a directory with contents that are not in the tree yet */
};

struct edit {
	const char *path;	/* canonical in the tree */
	struct object old, now;
	const char *by;		/* recipe that changed it last */
	enum given given;
};

/* An edit as it was before it was changed. */
struct edit_over {
	size_t nr;		/* its place in the list */
	struct edit was;
};

struct edits {
	const struct root *tree;
	struct pool *pool;
	const char *by;		/* recipe at work */
	size_t nr, cap;
	struct edit *v;		/* in the order of the first change */
	size_t changes;		/* counts every call that changed something */
	size_t nr_whole;	/* directories that are GIVEN_WHOLE */
	size_t nr_marks;	/* that have not ended */
	size_t nr_over, cap_over;
	struct edit_over *over;	/* what was written over since the first of them */
	struct memo_dir *memo;
};

void edits_init(struct edits *e, const struct root *tree, struct pool *pool);

/*
 * Look at a path. follow: a link at its end is followed. *canonical is its path in the
 * tree, also where nothing is there. -1: ERR_ODD (a link loops, no permission).
 */
int edits_look(struct edits *e, const char *path, bool follow, const char **canonical,
	       struct object *out, struct err *err) MUST_CHECK;
/* Fill in object->text of a file; any bytes when raw, else UTF-8 text. -1: ERR_ODD. */
int edits_load(struct edits *e, const char *canonical, struct object *object, bool raw,
	       struct err *err) MUST_CHECK;
/* The names in a directory, sorted; an absent one has none. */
int edits_names(struct edits *e, const char *dir, struct names *out, struct err *err) MUST_CHECK;
/* What will stand at a canonical path from now on. */
void edits_put(struct edits *e, const char *canonical, const struct object *now);
/*
 * The same where other steps of the plan, made before these, see to it. Such a name is
 * not to be put again, and what is below a GIVEN_WHOLE directory is ERR_ODD to a look.
 */
void edits_give(struct edits *e, const char *canonical, const struct object *now,
		enum given given);
bool edits_is_given(const struct edits *e, const char *canonical);

/* Does this edit come to something? A file with equal bytes and mode does not. */
bool edit_is_change(const struct edit *edit);

/*
 * A group of edits is made as a whole or not at all. A mark is a place in the list of what
 * edits_put() wrote over; marks end with edits_done(), the one made first last.
 */
struct edits_mark {
	size_t nr, changes;	/* edits, and calls, at that time */
	size_t nr_over;
};
struct edits_mark edits_save(struct edits *e);
/* As it was at the mark, which ends. */
void edits_back(struct edits *e, const struct edits_mark *mark);
void edits_done(struct edits *e, const struct edits_mark *mark);
/* Was edit number n made, or changed by any call, since the mark? */
bool edits_since(const struct edits *e, const struct edits_mark *mark, size_t n);

#endif
