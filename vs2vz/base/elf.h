/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the headers of an ELF file tell: its loader, the libraries that it needs and where
 * it looks for them, and the oldest kernel that it was built for. Bounded reads of an open
 * file; the file may be anybody's. 32 and 64 bits, little-endian.
 *
 * Sources: elf(5), ld.so(8); the note is described in glibc: manual and csu/abi-note.S.
 */
#ifndef VS2VZ_BASE_ELF_H
#define VS2VZ_BASE_ELF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"

struct elf_file {
	const char *interp;	/* path of the loader; NULL: none */
	bool has_oldest;	/* .note.ABI-tag is there, for Linux */
	unsigned oldest[3];	/* 3, 2, 0 */
	const char *runpath;	/* DT_RUNPATH, else DT_RPATH: directories between colons; NULL */
	size_t nr_needed;	/* DT_NEEDED, in order; at most 64 */
	const char **needed;
};

/* Strings are in the pool. What cannot be read is as if it were not there. False: no such file. */
bool elf_read(struct elf_file *out, int fd, struct pool *pool);

#endif
