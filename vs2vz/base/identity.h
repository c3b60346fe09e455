/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a directory or file is, so that it is known again after the machine was started
 * anew and whatever its device is called then: UUID of its file system (and number of
 * the subvolume of a btrfs), inode number, generation of the inode. An inode number or a
 * device path alone proves nothing: the root of every ext file system is inode 2.
 *
 * As text: UUID[:SUBVOLUME]/INODE/GENERATION, "-" for what there is not: file systems
 * without a UUID (tmpfs of old kernels, overlays), links and nodes, which are not opened
 * and have no generation for us.
 *
 * Sources: ioctl_xfs_fsop_geometry(2); linux: fs/btrfs/ioctl.c, fs/ext4/ioctl.c,
 * fs/ioctl.c (FS_IOC_GETFSUUID, Linux 6.9); elsewhere the superblock by its device.
 */
#ifndef VS2VZ_BASE_IDENTITY_H
#define VS2VZ_BASE_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"

struct identity {
	char fs[40];		/* "" : none */
	bool has_subvolume, has_generation;
	uint64_t subvolume, inode;
	uint32_t generation;
};
#define IDENTITY_TEXT 112

/* Of an open directory or regular file. */
int identity_of_fd(struct identity *out, int fd, struct err *err) MUST_CHECK;
/* Of a name in an open directory; st: its status. Never follows. */
int identity_at(struct identity *out, int dirfd, const char *name, const struct stat *st,
		struct err *err) MUST_CHECK;
const char *identity_text(const struct identity *id, char text[static IDENTITY_TEXT]);
bool identity_parse(struct identity *out, const char *text);
/*
 * Is what is there now what was recorded? What was not recorded does not count; what was
 * and cannot be told now does. false: why gets a sentence, 120 bytes.
 */
#define IDENTITY_WHY 160
bool identity_same(const struct identity *recorded, const struct identity *now,
		   char why[static IDENTITY_WHY]);

#endif
