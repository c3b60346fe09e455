/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of the door that works without openat2(2); used by inroot.c alone.
 */
#ifndef VS2VZ_BASE_WALKPATH_H
#define VS2VZ_BASE_WALKPATH_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Open the directory that path leads to below rootfd as if chrooted there, or (strict)
 * without any symbolic link. canonical: NULL, or receives "/a/b" ("" for the root).
 * A descriptor for reading, or -1 with errno.
 */
int walkpath_dir(int rootfd, const char *path, bool strict, struct buf *canonical);

#endif
