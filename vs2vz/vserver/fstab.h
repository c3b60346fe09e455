/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * G/fstab, fstab.local, fstab.remote: sources are host paths, targets are below
 * the guest's root (util-vserver: src/secure-mount.c).
 */
#ifndef VS2VZ_VSERVER_FSTAB_H
#define VS2VZ_VSERVER_FSTAB_H

#include <stddef.h>

#include "base/pool.h"
#include "model/guest.h"

struct fstab_line {
	const char *item;	/* "fstab", "fstab.remote" */
	unsigned line;		/* 1 = first */
	const char *source, *target, *type, *options;
};

struct fstab {
	size_t nr;
	struct fstab_line *v;
	unsigned bad_line;	/* VServer stops reading here; 0: none */
};

void fstab_parse(struct fstab *out, const struct item *item, struct pool *pool);
/* Does the line need something of the host: a path, a device, a server? */
bool fstab_needs_host(const struct fstab_line *line);

#endif
