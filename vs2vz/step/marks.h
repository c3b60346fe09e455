/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What VServer left on the inodes of one tree, and what is to become of it: the
 * same rule for repair in place (kind "marks"), for copying (kind "copy") and for
 * comparing. Decided by decide/marks.c, carried as arguments of a step:
 *
 *	tagging=id24 tags=300,301	owners that carry one of these tags lose it
 *	immutable=unified		the immutable flag goes from unified files (by the
 *					hidden flags); "files": from every regular file;
 *					"linked": from those with several names;
 *					"keep" or absent: from none
 *	shared=break			inodes with names outside the tree become private;
 *					"keep-readonly": only those that can be written to
 *
 * All are optional; none means that nothing is mended.
 */
#ifndef VS2VZ_STEP_MARKS_H
#define VS2VZ_STEP_MARKS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hidden.h"
#include "base/tags.h"
#include "step/step.h"

#define MARKS_TAGS_MAX 16

enum immutable_policy { IMMUTABLE_KEEP, IMMUTABLE_UNIFIED, IMMUTABLE_FILES, IMMUTABLE_LINKED };
enum shared_policy { SHARED_LEAVE, SHARED_BREAK, SHARED_KEEP_READONLY };

struct marks {
	enum tagging tagging;	/* TAGGING_NONE: owners stay */
	unsigned nr_tags;
	uint32_t tag[MARKS_TAGS_MAX];
	enum immutable_policy immutable;
	enum shared_policy shared;
	struct hidden *hidden;	/* NULL: hidden flags are not known, or not needed */
};

/* The arguments that a row of a kind lists for this, to be put into its table. */
#define MARKS_ARGS \
	{ .name = "tagging", .type = ARG_TEXT, .optional = true }, \
	{ .name = "tags", .type = ARG_TEXT, .optional = true }, \
	{ .name = "immutable", .type = ARG_TEXT, .optional = true }, \
	{ .name = "shared", .type = ARG_TEXT, .optional = true }

/*
 * The marks of a step; hidden is opened on the tree at dirfd where the policy needs it.
 * A word that is not known: -1.
 */
int marks_of_step(struct marks *out, const struct step *s, const struct work *w,
		  const char *tree, int dirfd, struct err *err) MUST_CHECK;
/* The same without the hidden flags. */
int marks_parse(struct marks *out, const struct step *s, struct err *err) MUST_CHECK;
/* Open hidden as well where the policy does not need it, if that is possible: it may save work. */
void marks_open_hidden(struct marks *m, const struct work *w, const char *tree, int dirfd);
void marks_release(struct marks *m);
bool marks_any(const struct marks *m);
/* What a step with these arguments mends, in brackets for one line of a plan; or nothing. */
void marks_remark(const struct step *s, struct buf *rest);
const char *immutable_word(enum immutable_policy policy);
const char *shared_word(enum shared_policy policy);

/* The owner that an inode on disk should have. */
struct owner marks_owner(const struct marks *m, const struct stat *disk);
/*
 * May this immutable flag go? flags: of FS_IOC_GETFLAGS; win: the thread's window.
 * Regular files only; unified: HIDDEN_IUNLINK, or HIDDEN_OLD with it; linked: by st_nlink,
 * which other guests that are converted may take to 1 in a source that is kept.
 */
bool marks_thaws(const struct marks *m, struct hidden_window *win, const struct stat *disk,
		 uint32_t flags);
/*
 * Status and flags of a source's object as its copy should have them. m NULL: as they are.
 * A copied inode has no names outside its tree: sharing needs nothing here.
 */
void marks_mend(const struct marks *m, struct hidden_window *win, struct stat *st, uint32_t *flags);
/*
 * The other way, for bringing changes back into a source: the owner with the first tag,
 * as VServer would write it. Flags stay.
 */
void marks_unmend(const struct marks *m, struct stat *st);

#endif
