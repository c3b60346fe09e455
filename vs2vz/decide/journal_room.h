/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the journal of one plan takes in the state directory until commit: the plan, its log
 * and its reports, before-images of files that steps replace, and the records of every
 * object of a tree. An estimate from above, in blocks of 4 KiB.
 */
#ifndef VS2VZ_DECIDE_JOURNAL_ROOM_H
#define VS2VZ_DECIDE_JOURNAL_ROOM_H

#include "base/survey.h"
#include "decide/marks.h"
#include "step/plan.h"

/*
 * recorded: the first record of the tree is in the state directory already. mended: what a
 * repair in place changes; NULL: there is none, or it is done while copying.
 */
struct marks_room journal_room(const struct plan *plan, const struct survey *tree, bool copies,
			       bool recorded, const struct marks *mended);
/* Of the steps that guests share. */
struct marks_room journal_room_shared(void);

#endif
