/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that steps use beside the name they change: ".NAME.vs2vz-TOKEN-old" and the like.
 * The leading dot keeps run-parts, cron, udev, upstart and rc scripts of a guest from
 * reading them. A NAME that would become too long is cut and told apart by a hash.
 *
 * The token is the plan's, so that no guest can have prepared such a name. One that saw it
 * since may put something there: what is not ours is passed by, and "-2", "-3", ... follow.
 */
#ifndef VS2VZ_STEP_BESIDE_H
#define VS2VZ_STEP_BESIDE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/sys.h"

#define BESIDE_NEW "new"	/* being made; gone when the step is done */
#define BESIDE_OLD "old"	/* what was there before; until undo or commit */
#define BESIDE_KEPT "kept"	/* what undo found there instead of ours */
#define BESIDE_PART "part"	/* a directory or image that is being filled, or emptied */
#define BESIDE_HELD "held"	/* beside a tree: inodes that others share; until undo or commit */
#define BESIDE_LINKS "links"	/* in a copy: inodes whose names are not all made yet */

struct beside {
	struct place at;	/* its name is the text below: do not copy this struct */
	char name[NAME_MAX + 1];
	unsigned nr;		/* 1, or which of the names that follow */
	bool there;		/* and ours; otherwise nothing stands at this name */
	struct stat st;		/* valid when there */
};

/* ".NAME" and the suffix, cut where that would be too long. */
void beside_name(char out[NAME_MAX + 1], const char *name, const char *suffix);
void beside_own(char out[NAME_MAX + 1], const char *name, const char *token, const char *word,
		unsigned nr);
/* Is found such a name of this NAME? */
bool beside_is_own(const char *found, const char *name, const char *token, const char *word);

/* Whose is what stands at a name? 1 ours, 0 not, -1 and err. */
typedef int beside_ours(const struct place *at, const struct stat *st, void *ctx, struct err *err);
struct beside_search {
	const char *token, *word;
	unsigned least;		/* so many names are looked at in any case, see names_least() */
	beside_ours *ours;
	void *ctx;
};
/* The name where ours stands, or the first that is free. */
int beside_find(struct beside *b, const struct place *at, const struct beside_search *search,
		struct err *err) MUST_CHECK;
/* The same for a directory with BESIDE_PART: ours has this inode number, or is empty yet. */
int beside_find_part(struct beside *b, const struct place *at, const char *token, unsigned least,
		     uint64_t made, struct err *err) MUST_CHECK;
/*
 * Rename what stands at a place to a free name with BESIDE_KEPT, locks lifted; the name
 * is left in kept. The directory is left to work_sync_later().
 */
int beside_keep(char kept[NAME_MAX + 1], const struct place *at, const struct stat *st,
		const char *token, struct err *err) MUST_CHECK;

#endif
