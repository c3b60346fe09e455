/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * G/fstab, fstab.local, fstab.remote: sources are host paths, targets are below
 * the guest's root (util-vserver: src/secure-mount.c).
 *
 *	fstab_parse(&fstab, item, pool);
 *	fstab_options(&options, &fstab.v[0], pool);
 */
#ifndef VS2VZ_VSERVER_FSTAB_H
#define VS2VZ_VSERVER_FSTAB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"
#include "model/guest.h"

struct fstab_line {
	const char *item;	/* "fstab", "fstab.remote" */
	unsigned line;		/* 1 = first */
	const char *source, *target, *type, *options;
	const char *dump, *pass; /* "" where the line is shorter */
};

struct fstab {
	size_t nr;
	struct fstab_line *v;
	unsigned bad_line;	/* VServer stops reading here; 0: none */
};

void fstab_parse(struct fstab *out, const struct item *item, struct pool *pool);

/* What secure-mount made of the option words. */
enum fstab_flag {
	FSTAB_RO	 = 1 << 0,
	FSTAB_NOSUID	 = 1 << 1,
	FSTAB_NODEV	 = 1 << 2,
	FSTAB_NOEXEC	 = 1 << 3,
	FSTAB_SYNC	 = 1 << 4,
	FSTAB_NOATIME	 = 1 << 5,
	FSTAB_NODIRATIME = 1 << 6,
	FSTAB_DIRSYNC	 = 1 << 7,
	FSTAB_MANDLOCK	 = 1 << 8,
	FSTAB_BIND	 = 1 << 9,
	FSTAB_REC	 = 1 << 10,
	FSTAB_MOVE	 = 1 << 11,
	FSTAB_REMOUNT	 = 1 << 12,
	FSTAB_SPREAD	 = 1 << 13, /* shared, slave, private, unbindable */
};

struct fstab_options {
	unsigned flags;		/* enum fstab_flag; later words won */
	bool noauto;
	const char *text;	/* for mount -o: words in their order, an implied nodev first */
	const char *bind;	/* the flags that a bind mount can have of its own: "nodev,ro" */
	const char *data;	/* the words that are no flags, as the file system got them */
	const char *odd;	/* a word that VServer took for another one; NULL: none */
	const char *odd_as;
	const char *tag;	/* an option of VServer's tagging, not part of text; NULL: none */
};
void fstab_options(struct fstab_options *out, const struct fstab_line *line, struct pool *pool);
/* Is the word there, spelt out? For words of data. */
bool fstab_has_word(const char *words, const char *word);

#endif
