/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `commit --dry-run`: what would go, how much room that gives, and what stands against it:
 * the same questions that commit asks before it begins. Reads only.
 */
#ifndef VS2VZ_COMMIT_FORESEE_H
#define VS2VZ_COMMIT_FORESEE_H

#include "session.h"

int commit_foresee(struct session *s);
/* Nobody uses the trees, and the container is configured (back.c). False: the line says it. */
bool commit_ready(struct session *s, const struct record *r);
/* There is a way back, and nobody uses the trees (back.c). False: the line says why not. */
bool undo_ready(struct session *s, const struct record *r);

#endif
