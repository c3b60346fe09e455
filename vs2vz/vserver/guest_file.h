/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's own files, for looking at what system it holds. The tree is hostile:
 * links end inside it, only regular files are opened, reads are bounded, and what
 * is odd becomes a finding and counts as absent.
 */
#ifndef VS2VZ_VSERVER_GUEST_FILE_H
#define VS2VZ_VSERVER_GUEST_FILE_H

#include "base/inroot.h"
#include "model/finding.h"

#define GUEST_FILE_MAX 4096

struct guest_tree {
	const struct root *root;	/* on the tree */
	struct pool *pool;
	struct findings *findings;
	const char *guest;
};

/* The text of a small file, NUL-terminated; NULL: absent or odd. */
const char *guest_text(const struct guest_tree *t, const char *path);
/* A regular file, links followed; odd types are a finding. */
bool guest_is_file(const struct guest_tree *t, const char *path);
/* The same, and somebody may execute it. */
bool guest_is_program(const struct guest_tree *t, const char *path);
bool guest_is_dir(const struct guest_tree *t, const char *path);

/* distro.c: sets both, "" where unknown. */
void distro_detect(const struct guest_tree *t, const char **distro, const char **version);
/* program.c: what the ELF header of a program says; "" for others. */
const char *program_arch(const struct guest_tree *t, const char *path);

#endif
