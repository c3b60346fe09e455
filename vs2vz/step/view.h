/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps inside a tree that has a file system of its own (kind makefs): their paths lie
 * below the private area, where nothing is mounted while we work. They are looked up
 * in a private view of that file system (mounted.h), which stays open until somebody
 * wants the volume for himself. What is mounted on the private area by others is used
 * as it is.
 */
#ifndef VS2VZ_STEP_VIEW_H
#define VS2VZ_STEP_VIEW_H

#include "step/step.h"

struct view;
struct view *view_new(void);
void view_free(struct view *v);
/* Nothing is mounted or attached afterwards, but for directories that still wait for a flush. */
void view_close(const struct work *w);

/*
 * Where a path is to be resolved: 1 and a root with the rest of the path where it lies
 * in a view; 0: below the host's root; -1: the view cannot be had (ENOENT: the file
 * system is not made, or is lost on the way back, so nothing is there).
 */
int view_root(struct root *out, const char **rest, const char *path, const struct work *w,
	      struct err *err) MUST_CHECK;

/* The view's root once more where it is open, else -1: to be closed. */
int view_dup(const struct work *w);
/* Has somebody else mounted something on this private area? */
bool view_is_mounted(const struct work *w, const char *area);

/* The volume whose open view has this device number, NULL: none. Keeps errno. */
const char *view_volume(const struct work *w, dev_t dev);

/*
 * A private mount to look at. What was cut off while it was mounted is only true when its
 * journal was replayed: on the way back that is done first.
 */
int view_mount(const struct work *w, const char *volume, const char *uuid,
	       struct err *err) MUST_CHECK;

/*
 * After the last step: what was changed in a view is on the volume, and it is clean.
 * unopened: a volume that this run never opened as well, for a run before it may have been cut.
 */
int view_settle(const struct work *w, bool unopened, struct err *err) MUST_CHECK;

/*
 * The tree of a makefs step's container: where it is mounted, or in a private view of its
 * own, read-only. A descriptor or -1.
 */
int view_tree(const struct work *w, const struct step *maker, struct err *err) MUST_CHECK;

#endif
