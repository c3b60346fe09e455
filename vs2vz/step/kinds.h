/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files of the kinds only: the rows, and looking at an argument's
 * place on the disk.
 */
#ifndef VS2VZ_STEP_KINDS_H
#define VS2VZ_STEP_KINDS_H

#include "step/step.h"

extern const struct kind kind_bring;
extern const struct kind kind_copy;
extern const struct kind kind_hide;
extern const struct kind kind_lv;
extern const struct kind kind_makefs;
extern const struct kind kind_marks;
extern const struct kind kind_mkdir;
extern const struct kind kind_mode;
extern const struct kind kind_mountpoint;
extern const struct kind kind_node;
extern const struct kind kind_remove;
extern const struct kind kind_rename;
extern const struct kind kind_retire;
extern const struct kind kind_symlink;
extern const struct kind kind_times;
extern const struct kind kind_trace;
extern const struct kind kind_unmountpoint;
extern const struct kind kind_write;

/*
 * What stands at the path of an argument. Resolved without following any link: one on the
 * way, or anything else that is no directory, bars the way and is no error.
 */
struct found {
	struct spot spot;	/* valid when parent */
	bool parent;		/* the directory that holds the name exists */
	bool there;		/* the name exists */
	struct stat st;		/* valid when there */
	mode_t bar;		/* no parent: type of what stands on the way, 0: nothing does */
	size_t bar_len;		/* how much of the path leads to it, or to what is missing */
};
#define FOUND_INIT { .spot = SPOT_INIT }
#define CLEANUP_FOUND __attribute__((cleanup(found_release)))

/* Absence is no error. */
int step_find(struct found *f, const struct step *s, const char *arg, const struct work *w,
	      struct err *err) MUST_CHECK;
/* The directory at the path of an argument. */
int step_opendir(const struct step *s, const char *arg, const struct work *w,
		 struct err *err) MUST_CHECK;
int spot_find(struct found *f, const struct root *root, const char *path, struct err *err)
	MUST_CHECK;
/* The same by a path of the host that is no argument. */
int path_find(struct found *f, const char *path, const struct work *w, struct err *err) MUST_CHECK;
void found_release(struct found *f);

/*
 * Without a parent: "'/a/b' is a symbolic link", "'/a/b' is not there".
 * barred: true, and FOREIGN and such a sentence, where something stands in the way.
 * no_parent: fails with it, for apply.
 * away: for undo, says with it what was not taken back (why: "the old file is in before/7"),
 * unless the step never ran, or the directory was one of this plan that went before.
 */
#define FOUND_WHY 512
const char *found_why(const struct found *f, const char *path, char text[static FOUND_WHY]);
bool found_barred(const struct found *f, const struct step *s, const char *arg,
		  enum standing *now, struct err *err);
int found_no_parent(const struct found *f, const struct step *s, const char *arg, struct err *err);
void found_away(const struct found *f, const struct step *s, const char *arg, struct work *w,
		const char *why);

/* The directory itself where it is the one with this inode number, -1 and ERR_FOREIGN else. */
int found_opendir(const struct found *f, const char *path, struct err *err) MUST_CHECK;

/*
 * Is this the thing of the step's argument id? 1 yes; 0: *why, where asked for, says in what
 * it differs (IDENTITY_WHY bytes); -1. Absence is 0.
 */
int step_is(const struct found *f, const struct step *s, char *why, struct err *err) MUST_CHECK;
/* The same of what stands at a place. */
int place_is(const struct place *at, const struct stat *st, const struct step *s, char *why,
	     struct err *err) MUST_CHECK;

/* Arguments in numbers; the plan's parser has checked their form. */
mode_t step_mode(const struct step *s, const char *name);
void step_owner(const struct step *s, const char *name, uid_t *uid, gid_t *gid);
struct timespec step_time(const struct step *s, const char *name);

/*
 * Does the thing stand here that a hide step before this one had put aside? Its undo was
 * cut and begins again: what is at the step's path is not the step's. 1, 0, -1.
 */
int hidden_is_back(const struct step *s, const struct found *f, const struct work *w,
		   struct err *err) MUST_CHECK;

/* Was this directory handed to work_sync_later() and not flushed yet? */
bool work_sync_pending(const struct work *w, int dirfd);

#endif
