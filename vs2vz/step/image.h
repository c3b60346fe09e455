/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A new ext file system, made on an unmounted device or image file through libext2fs
 * and filled from a tree in the same pass: the reading half is the copier's (copy.h),
 * the sink is the device. What is in it equals the tree as a faithful copy does; there is
 * no lost+found (e2fsck makes one when it needs it).
 *
 * Nothing on the device is whole before image_make() returns: tables are cleared, then
 * the superblock with label and UUID is written, data straight to its place, tables and
 * bitmaps at the end. Who calls it knows from his journal which UUID marks a half-made
 * one as his.
 */
#ifndef VS2VZ_STEP_IMAGE_H
#define VS2VZ_STEP_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fslimits.h"
#include "base/survey.h"
#include "step/tree.h"

/* What the kernel of the containers can mount: a row of features each. */
enum image_row {
	IMAGE_EXT3,		/* 2.6.18 (028stab): ext3 */
	IMAGE_EXT4,		/* 2.6.32 (042stab) and later: ext4 */
};

/* Block numbers have 32 bits: the kernels of the containers know no feature 64bit. */
#define IMAGE_BYTES_MOST (UINT32_MAX * (uint64_t)4096)

struct image_options {
	unsigned char uuid[16];
	const char *label;	/* at most 16 bytes */
	uint64_t bytes;		/* of the file system; multiples of 4096 are used */
	uint64_t inodes;	/* 0: one for each 16 KiB */
	unsigned reserve;	/* percent for root */
	enum image_row row;
	bool fresh;		/* a new image file: all of it reads as zeros */
	int sums;		/* -1, or the record as for tree_copy() */
};

/* "ext3", "ext4": what mount -t wants. */
const char *image_type(enum image_row row);
/* What is known of such a file system, for fs_limits_of(). */
void image_facts(struct fs_facts *out, enum image_row row);
/*
 * The least size in bytes for a tree of these counts, journal and tables included;
 * growth: percent of the data that may come later.
 */
uint64_t image_bytes_needed(const struct survey *tree, enum image_row row, unsigned reserve,
			    unsigned growth);
/*
 * device: opened for reading and writing, by the caller exclusively where it is a block
 * device; not changed in position, its O_DIRECT flag is. Synced when it returns 0.
 * ENOSPC in err->code: the tree does not fit.
 */
int image_make(int from, int device, const struct image_options *opt,
	       const struct tree_options *tree, struct tree_counts *counts,
	       struct err *err) MUST_CHECK;
/* Another label, on the disk when it returns. */
int image_label(int device, const char *label, struct err *err) MUST_CHECK;

#endif
