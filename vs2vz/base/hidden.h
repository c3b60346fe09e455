/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inode bits of ext2/3/4 that a running kernel does not show, read from the block
 * device, read-only. The only user of libext2fs besides the image filler.
 *
 * VServer's flags, other kernels mask them out of FS_IOC_GETFLAGS and keep them on
 * FS_IOC_SETFLAGS (kernel patch: fs/ext*, include/linux/ext*_fs.h). Metadata of a
 * mounted file system passes through the device's own page cache, so what is read here
 * is what the kernel has, also while it is mounted; each inode is compared with
 * what stat said of it, and a stale one is unknown and not wrong.
 *
 * A thread reads in the order of inode numbers: one read serves a run of inodes.
 */
#ifndef VS2VZ_BASE_HIDDEN_H
#define VS2VZ_BASE_HIDDEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"

#define HIDDEN_IUNLINK	0x08000000u	/* unlink of an immutable inode is allowed */
#define HIDDEN_BARRIER	0x04000000u	/* on a directory: chroot does not pass */
#define HIDDEN_COW	0x20000000u	/* link was broken on write; ext4's project inheritance */
#define HIDDEN_OLD	0x00008000u	/* 2.4: IUNLINK with immutable; barrier where mode is 0 */
#define HIDDEN_WINDOW	4096

/* An open device; threads share it. */
struct hidden;

/* One thread's window on the inode table. Zero: empty. */
struct hidden_window {
	uint64_t at;		/* byte offset + 1 on the device; 0: nothing read yet */
	uint32_t len;
	unsigned char bytes[HIDDEN_WINDOW];
};

struct hidden_inode {
	uint32_t flags;		/* i_flags as they are on the disk, all bits */
	uint16_t intern;	/* tag of TAGGING_INTERN where ext2 and ext3 keep it; 0: none */
	/*
	 * Bytes 124 to 127, which have two owners: VServer's ext4 keeps the tag of
	 * TAGGING_INTERN in the lower half and leaves the upper one zero; OpenVZ's keeps a
	 * number of its disk quota in all 32 bits (openvz6-kernel: fs/ext4/ext4.h,
	 * l_i_dq_cookie). 0: nothing, or another layout (checksums).
	 */
	uint32_t cookie;
	bool fresh;		/* changed in the same second as st: what chattr sets is of now */
	bool plain;		/* fresh, and it has no extended attribute at all */
};

/*
 * The device that holds an open directory. source: what mountinfo calls it, must be the
 * block device with the directory's st_dev. *out NULL and 0: not ext2/3/4, or the
 * device cannot be read (*why says in a few words, static or from the pool of nobody);
 * nothing is known then. -1: out of the ordinary (damaged superblock is "cannot be read").
 */
int hidden_open(struct hidden **out, int dirfd, const char *fs_type, const char *source,
		const char **why, struct err *err) MUST_CHECK;
void hidden_close(struct hidden *h);
/* The inode that st describes; false: not known. h NULL: false. */
bool hidden_read(const struct hidden *h, struct hidden_window *win, const struct stat *st,
		 struct hidden_inode *out);

/* Version of libext2fs in use; static. */
const char *hidden_library(void);

#endif
