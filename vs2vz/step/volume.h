/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A volume (blockdev.h) for a step: opened, its signatures taken away.
 */
#ifndef VS2VZ_STEP_VOLUME_H
#define VS2VZ_STEP_VOLUME_H

#include "base/blockdev.h"
#include "base/err.h"
#include "base/inroot.h"

enum volume_open { VOLUME_READ, VOLUME_WRITE };

/*
 * Open a volume. A device always exclusively, so that one that is mounted or held is
 * EBUSY, links to it followed; of a file no link is followed.
 */
int volume_open(const struct root *root, const char *path, enum volume_open how,
		struct err *err) MUST_CHECK;
/*
 * What is on it now, and who uses it. Who goes by itself is waited for: a loop device that is
 * released with its last user, a mount in a name space that is not seen from here. Some
 * seconds at most; a minute where the loop device was attached by this program: one that
 * was killed left it to the kernel, or one that only reads is at work.
 */
int volume_look(struct blockdev *out, const struct root *root, const char *path,
		struct pool *pool, struct err *err) MUST_CHECK;
/*
 * Where the ext file system with this UUID is now: the path itself, unless it is a device's
 * that does not hold it and another device does (names of devices change from one start of
 * the machine to the next). Then that is said once, and the other one left alone.
 */
const char *volume_now(const char *path, const char *uuid, struct pool *pool);
/* Zero the magic bytes of these signatures, on the disk when it returns. */
int volume_wipe(int fd, const struct blockdev *seen, struct err *err) MUST_CHECK;
/*
 * Take away an ext file system: all superblocks that carry this UUID, the first one
 * last, so that until then it is known whose it is. On the disk when it returns.
 */
int volume_wipe_ext(int fd, const char *uuid, struct err *err) MUST_CHECK;

/* Is it the volume or its file system that fails, has gone or turned read-only? */
bool volume_fails(const struct err *err);

#endif
