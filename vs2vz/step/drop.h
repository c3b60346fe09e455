/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A directory that nobody needs any more, with everything below it: no plan, no undo.
 */
#ifndef VS2VZ_STEP_DROP_H
#define VS2VZ_STEP_DROP_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/inroot.h"
#include "step/tree.h"

/*
 * path: canonical below the root, must still be the directory with this inode number.
 * *stays: it is a mount point, so that only its contents went. ERR_STOPPED when asked to
 * stop: called again, it goes on.
 */
int drop_tree(const struct root *root, const char *path, ino_t inode,
	      const struct tree_options *opt, struct tree_counts *counts, bool *stays,
	      struct err *err) MUST_CHECK;

#endif
