/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tree as text: one line for each name with type, mode, owner, size, mtime to the
 * nanosecond, link group, attributes and a hash of the content or the link's text. Two
 * trees are the same when their texts are.
 */
#ifndef TESTS_CRASH_SNAPSHOT_H
#define TESTS_CRASH_SNAPSHOT_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * skip: a path below the tree that is left out. exact: every mtime; otherwise times
 * from 2020 on read "new".
 */
void snapshot(struct buf *out, int dirfd, const char *skip, bool exact);
/* Print the lines that differ as TAP comments; at most max. */
void snapshot_diff(const char *want, const char *got, int max);

#endif
