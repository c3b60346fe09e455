/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The three standard descriptors are never those of a file of ours. "/" is there on every
 * system, also where /dev is empty, and what is written to it is an error that the end of
 * the program sees.
 */
#include "base/std.h"

#include <fcntl.h>
#include <unistd.h>

void std_occupy(void)
{
	int fd;

	do
		fd = openat(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}
