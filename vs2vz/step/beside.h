/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that steps use beside the name they change: ".NAME.vs2vz-old" and the like.
 * The leading dot keeps run-parts, cron, udev, upstart and rc scripts of a guest from
 * reading them. A NAME that would become too long is cut and told apart by a hash.
 */
#ifndef VS2VZ_STEP_BESIDE_H
#define VS2VZ_STEP_BESIDE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/sys.h"

#define BESIDE_NEW ".vs2vz-new"		/* being made; gone when the step is done */
#define BESIDE_OLD ".vs2vz-old"		/* what was there before; until undo or commit */
#define BESIDE_KEPT ".vs2vz-kept"	/* what undo found there instead of ours */

struct beside {
	struct place at;	/* its name is the text below: do not copy this struct */
	char name[NAME_MAX + 1];
	bool there;
	struct stat st;		/* valid when there */
};

void beside_name(char out[NAME_MAX + 1], const char *name, const char *suffix);
void beside_place(struct beside *b, const struct place *at, const char *suffix);
/* The same, looked at; absence is no error. */
int beside_find(struct beside *b, const struct place *at, const char *suffix,
		struct err *err) MUST_CHECK;
/*
 * Rename what stands at a place to a free name with BESIDE_KEPT, locks lifted; the name
 * is left in kept. The directory is left to work_sync_later().
 */
int beside_keep(char kept[NAME_MAX + 1], const struct place *at, const struct stat *st,
		struct err *err) MUST_CHECK;

#endif
