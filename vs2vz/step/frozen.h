/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of a tree that goes which have a lock (chattr +i, +a) and names outside of it: a
 * hash store's, another guest's. A name can only be removed while its lock is lifted; a cut
 * in that moment must not leave the others without.
 *
 *	frozen.N in the journal's folder	which inodes have which locks; synced
 *	the tree goes, lock by lock
 *	only if frozen.N was there before	locks are looked for beside the tree, and set
 *	frozen.N goes
 */
#ifndef VS2VZ_STEP_FROZEN_H
#define VS2VZ_STEP_FROZEN_H

#include "step/step.h"

struct frozen {
	bool noted;		/* there is a record */
	bool again;		/* and it is of a try that was cut */
};

/* Before the first name of the tree goes; tree < 0: it is gone already. */
int frozen_begin(struct frozen *f, const struct step *s, const struct work *w, int tree,
		 struct err *err) MUST_CHECK;
/* After the last one went. beside: the directory that the tree stood in. */
int frozen_end(const struct frozen *f, const struct step *s, const struct work *w, int beside,
	       struct err *err) MUST_CHECK;

#endif
