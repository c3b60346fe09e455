/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How wide are the numbers of this host's vzctl? It reads beancounters as "unsigned
 * long" and takes LONG_MAX for "unlimited" (vzctl: include/res.h, src/lib/config.c), so
 * that a vzctl of 32 bit, whatever the kernel, ends at 2147483647. Told by the program;
 * where none is installed yet, by what the host's own programs are, for the packages of
 * vzctl will be of their kind.
 */
#include <elf.h>
#include <string.h>
#include <unistd.h>

#include "openvz/inside.h"

bool vzctl_is_32(const struct root *root)
{
	static const char *const programs[] = { "/usr/sbin/vzctl", "/sbin/init", "/bin/sh" };

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		unsigned char ident[EI_NIDENT];
		int fd CLEANUP_FD = -1;
		struct stat st;
		struct err err;

		if (root_stat(root, programs[i], &st, &err) < 0 || !S_ISREG(st.st_mode))
			continue;
		fd = root_open(root, programs[i], &err);
		if (fd >= 0 && pread(fd, ident, sizeof(ident), 0) == sizeof(ident) &&
		    memcmp(ident, ELFMAG, SELFMAG) == 0)
			return ident[EI_CLASS] == ELFCLASS32;
	}
	return false;
}
