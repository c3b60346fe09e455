/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comparing what is with what was recorded: after an undo, for verify, and before
 * an undo (its dry run). Reads only.
 */
#ifndef VS2VZ_PROOF_H
#define VS2VZ_PROOF_H

#include "session.h"

/* Where the guest's tree stands now, by its plan; NULL: at neither place. */
int proof_tree(struct session *s, const char *name, const char **tree) MUST_CHECK;
/* Is the tree what the survey recorded? Says so in the guest's line. */
void proof_after_undo(struct session *s, const char *name);
/* Every step where it should stand, the tree as recorded, CTID.conf as vzctl will read it. */
void proof_verify(struct session *s, const struct record *r);
/* `undo --dry-run`: the steps backwards, and what would refuse or be kept. */
int proof_undo_plan(struct session *s);

#endif
