/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two copies of one tree, and one of them is to be deleted: the source that a retire step
 * set aside, or what a copy or makefs step made. Before that the other one is looked at,
 * in the same run, and so is what would go. Reads only.
 *
 * "retire.N" in the journal's folder is written when the source has its set-aside name,
 * before it is walked again: what has a later ctime there came after the copy.
 */
#ifndef VS2VZ_STEP_LAST_COPY_H
#define VS2VZ_STEP_LAST_COPY_H

#include "step/step.h"

/* The copy or makefs step that read what this retire step sets aside; NULL: none. */
const struct step *last_copy_maker(const struct step *retire, const struct work *w);
/* The retire step of what a copy or makefs step read; NULL: its source stays where it is. */
const struct step *last_copy_retire(const struct step *made, const struct work *w);

/*
 * The root directory of what a copy or makefs step made: it is there, it is the one, its
 * file system is mounted or can be, and its names can be read. A descriptor, or -1.
 */
int last_copy_open(const struct step *made, struct work *w, struct err *err) MUST_CHECK;

/*
 * What is newer in the set-aside source than in its copy; called by the retire step when the
 * source has its new name. Nothing may be: ERR_FOREIGN names the first objects.
 */
int last_copy_settle(const struct step *retire, struct work *w, struct err *err) MUST_CHECK;
int last_copy_forget(const struct step *retire, const struct work *w, struct err *err) MUST_CHECK;

/*
 * For may_finish of the retire step: the source is walked beside the copy. work_loss() gets
 * its size. ERR_FOREIGN: it holds what was never copied (work_late() lists it) and
 * w->source is SOURCE_GOES; something is mounted in it; or the copy is damaged: an object
 * that nobody changed is missing, or differs in its status or content; or it is no copy any
 * more (last_copy_life.h). Contents are
 * read, from the disk, of at least 64 files or 64 MiB, and of every set-uid and set-gid file.
 */
int last_copy_look(const struct step *retire, struct work *w, struct err *err) MUST_CHECK;

/*
 * For may_undo of a copy or makefs step whose product is to be deleted: the source is
 * there, is the one that was planned, and its names can be read; where the product is
 * whole, at least 64 files or 64 MiB of its contents and every set-uid file as well.
 */
int last_copy_source(const struct step *made, struct work *w, bool whole, struct err *err) MUST_CHECK;

/*
 * For may_undo of a copy or makefs step whose product is to be brought back: nothing is newer
 * in the source, else ERR_FOREIGN names the first objects and work_late() lists them. A copy
 * that is damaged, or mostly gone or another tree, is refused too: it would overwrite what is
 * whole.
 */
int last_copy_overwritten(const struct step *made, struct work *w, struct err *err) MUST_CHECK;

/* By the two kinds, for last_copy_open(). */
int copy_open(const struct step *s, const struct work *w, struct err *err) MUST_CHECK;
int makefs_open(const struct step *s, struct work *w, struct err *err) MUST_CHECK;

#endif
