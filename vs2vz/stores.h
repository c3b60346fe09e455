/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hash stores of vhashify, when guests are committed: named once nobody needs them,
 * and removed where that was asked for.
 */
#ifndef VS2VZ_STORES_H
#define VS2VZ_STORES_H

#include "session.h"

/*
 * After the guests. 0: done, or nothing to do. 1: asked to remove a store that stays, a
 * finding says why. -1: s->err.
 */
int stores_after_commit(struct session *s) MUST_CHECK;

#endif
