/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose a change of a container's tree is, by its path: this program's own, vzctl's, which
 * writes known files when it starts a container, or the container's.
 */
#ifndef VS2VZ_WHOSE_H
#define VS2VZ_WHOSE_H

#include <stdbool.h>

#include "step/touched.h"

enum whose { WHOSE_CONTAINER, WHOSE_VZCTL, WHOSE_OURS };

/*
 * path: below the tree, "." for its root; what: the word for the difference (manifest.h).
 * token: the plan's. ours: steps (touched_explains()) may have changed it since the record;
 * NULL: none can, and only what carries the token is ours.
 */
enum whose whose_is(const char *path, const char *what, const char *token,
		    const struct touched *ours);
/* Does vzctl write to names in this directory (".": the root)? Then its time may be vzctl's. */
bool whose_writes_there(const char *dir);
const char *whose_word(enum whose whose);	/* "the container's" */

#endif
