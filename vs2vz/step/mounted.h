/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A private view of the ext file system on a volume that nobody has mounted: how an
 * insulated container that is down is read, and by steps changed.
 *
 * A child mounts it in a mount namespace of its own, through a loop device where the volume is an
 * image file, and hands the open root directory over; then the child ends. The descriptor alone
 * keeps file system and loop device: when it and what was opened below it are closed,
 * nothing is mounted or attached. Nobody else ever sees the mount.
 *
 * VOLUME_READ: nothing is written: read-only, the journal is not replayed. A file system
 * that was not unmounted cleanly is refused (ERR_FOREIGN) with what to do, and so is one
 * with another UUID. One that is mounted is refused with EBUSY.
 *
 * Needs root and, for image files, loop devices (Linux 2.6.25 for the automatic release).
 */
#ifndef VS2VZ_STEP_MOUNTED_H
#define VS2VZ_STEP_MOUNTED_H

#include "step/volume.h"

/*
 * uuid NULL: any. The descriptor of the root directory, or -1. VOLUME_WRITE: a view that
 * can be changed; then the journal is replayed, and the file system is clean again when
 * the last descriptor is closed.
 */
int mounted_open(const struct root *root, const char *volume, const char *uuid,
		 enum volume_open how, struct err *err) MUST_CHECK;
/*
 * The same, to read, with the block device as *device: for a process with mounts of its
 * own, which mounted_here() lets see the same file system. Close both.
 */
int mounted_open_device(const struct root *root, const char *volume, const char *uuid,
			int *device, struct err *err) MUST_CHECK;
/* Read-only, without device nodes, on a directory; false: errno. The mounts must be our own. */
bool mounted_here(int device, const char *at);

#endif
