/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The second opinion on a file system that was just made, or is to be the only place of a
 * tree: the host's own /sbin/e2fsck, read-only (-fn). It is given an open descriptor and no
 * path, and nothing of a guest but the device (tool.h).
 */
#ifndef VS2VZ_STEP_FSCK_H
#define VS2VZ_STEP_FSCK_H

#include "base/err.h"

/*
 * 0: clean, or the host has no e2fsck. fd: open for reading, not exclusively. which: "the new
 * file system", for the message.
 */
int fsck_check(int fd, const char *which, struct err *err) MUST_CHECK;

#endif
