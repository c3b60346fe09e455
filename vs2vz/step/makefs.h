/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a makefs step works: a device, or an image file with its part beside it. For the
 * files of that kind only.
 */
#ifndef VS2VZ_STEP_MAKEFS_H
#define VS2VZ_STEP_MAKEFS_H

#include "base/identity.h"
#include "step/beside.h"
#include "step/kinds.h"
#include "step/volume.h"

#define MAKEFS_PART "vs2vz-part"	/* label until it is whole */

enum makefs_is {
	FS_NONE,		/* nothing, or what may be overwritten */
	FS_PART,		/* ours, perhaps not whole */
	FS_WHOLE,		/* ours */
	FS_OTHER,		/* somebody else's */
};

struct makefs {
	const struct step *s;
	struct work *w;
	const char *at, *uuid;
	bool device;
	enum makefs_is is;
	struct err why;		/* FS_OTHER */
	bool lost;		/* FS_OTHER: not there or not readable, perhaps ours */
	struct pool pool;
	/* a device */
	struct blockdev seen;
	/* a file */
	struct found file;
	struct beside part;	/* there: ours, made by this step or empty yet */
	struct identity made;
	bool part_made;
};
#define MAKEFS_INIT { .pool = POOL_INIT, .file = FOUND_INIT }
#define CLEANUP_MAKEFS __attribute__((cleanup(makefs_release)))
void makefs_release(struct makefs *m);

int makefs_look(struct makefs *m, const struct step *s, struct work *w,
		struct err *err) MUST_CHECK;
/* Where it is while it is filled: a path for mounted_open(). */
const char *makefs_filling(struct makefs *m);
/* Empty, large enough, and open for writing by us alone. */
int makefs_begin(struct makefs *m, struct err *err) MUST_CHECK;
/* It is whole and has its label: at its place. */
int makefs_land(struct makefs *m, struct err *err) MUST_CHECK;
/* Ours goes, whole or not. */
int makefs_remove(struct makefs *m, struct err *err) MUST_CHECK;
/* As makefs_look(); a volume that fails is lost and no error: the way back is not its. */
int makefs_look_back(struct makefs *m, const struct step *s, struct work *w,
		     struct err *err) MUST_CHECK;
/* As makefs_remove(); what fails twice is left, and listed as kept. */
int makefs_remove_or_leave(struct makefs *m, struct err *err) MUST_CHECK;

#endif
