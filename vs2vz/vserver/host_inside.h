/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files that read the host's side only.
 */
#ifndef VS2VZ_VSERVER_HOST_INSIDE_H
#define VS2VZ_VSERVER_HOST_INSIDE_H

#include "vserver/host_side.h"

#define HOST_FILE_MAX (1024 * 1024)
#define MENTIONS_MAX 1000

struct host_reading {
	struct host_side *out;
	const struct guests *guests;
	const struct root *root;
	struct pool *pool;
	struct findings *findings;
};

/* host_boot.c, host_lines.c, host_fstab.c */
void host_boot_read(struct host_reading *r);
void host_lines_read(struct host_reading *r);
void host_fstab_read(struct host_reading *r);

void host_mention(struct host_reading *r, const struct mention *mention);
/* The whole text of a file of the host; false: absent, no file, or (a finding) unreadable. */
bool host_text(struct buf *out, struct host_reading *r, const char *path);

#endif
