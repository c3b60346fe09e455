/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file as a block device. Writes nothing to the file.
 */
#ifndef VS2VZ_BASE_LOOP_H
#define VS2VZ_BASE_LOOP_H

#include <stdbool.h>

#include "base/err.h"

/* Loop devices that were attached here carry this name and our process number behind it. */
#define LOOP_MARK "vs2vz:"

/*
 * Attach an open file to a free loop device: its descriptor, or -1. The device is released by
 * the kernel when the last descriptor and mount of it is gone (2.6.25), or by loop_release().
 * ENODEV: none is free.
 */
int loop_attach(int file, bool write, struct err *err) MUST_CHECK;

/*
 * The name under which a file was attached to a loop device ("loop3"), cut to 63 bytes, as
 * losetup gave it: for kernels before 2.6.37, whose /sys does not tell the path. False: none.
 */
#define LOOP_FILE 64
bool loop_file(char text[static LOOP_FILE], const char *name);

/*
 * Before Linux 2.6.25 the kernel keeps a device until it is told: tell it for those that
 * this process, or one that died, attached and nobody uses any more. Looks only where this
 * process met such a kernel, or thorough. How many devices went.
 */
unsigned loop_release(bool thorough);

#endif
