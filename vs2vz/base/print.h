/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one name of a tree adds to the fingerprint of the tree (base/survey.h): the hash
 * of parent inode, name, inode, type, mode, owner, group, size of files, mtime and link
 * count. A part of the format of journals: it must not change within one version.
 *
 * Fingerprints are sums, so that names which are known to differ can be taken out of
 * them. A link count belongs to an inode and shows at all of its names, of which only
 * some are known: the second fingerprint of a survey leaves it out (PRINT_NO_LINKS).
 */
#ifndef VS2VZ_BASE_PRINT_H
#define VS2VZ_BASE_PRINT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/inroot.h"

#define PRINT_NO_LINKS 1u	/* the link count counts as 0 */
#define PRINT_NO_MTIME 2u
#define PRINT_COARSE 4u		/* coarse times, see base/compat.h */

/* PRINT_COARSE where it is asked for, or this kernel sets no finer times; else 0. */
unsigned print_times(bool coarse);
/* name "" and parent 0: the root of the tree, always with PRINT_NO_MTIME. */
struct hash128 print_of(uint64_t parent, const char *name, const struct stat *st,
			unsigned without);
/*
 * The same of the object at a path below the tree, "/" for its root; no link is
 * followed. Zero, which adds nothing, where there is no such object, where a component
 * is a link, and for what lies on another file system: surveys do not meet these.
 */
int print_of_path(const struct root *tree, const char *path, unsigned without,
		  struct hash128 *out, struct err *err) MUST_CHECK;

#endif
