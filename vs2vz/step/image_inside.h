/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files of the image sink only.
 *
 *	image.c		sink functions for objects, and the whole of it
 *	image_fs.c	the file system: kinds, size, beginning, end
 *	image_space.c	numbers and blocks, data on its way to the device
 *	image_table.c	inodes on their way
 *	image_map.c	where the blocks of a file are: extents, or block maps
 *	image_dir.c	directories: blocks and index
 *	image_xattr.c	attributes in and outside the inode
 *
 * Everything that libext2fs knows is behind one lock; contents go past it, each thread
 * with a buffer of its own.
 */
#ifndef VS2VZ_STEP_IMAGE_INSIDE_H
#define VS2VZ_STEP_IMAGE_INSIDE_H

#include <endian.h>
#include <pthread.h>
#include <sys/types.h>		/* ext2fs.h does not include what it uses */

#include <ext2fs/ext2fs.h>

#include "base/buf.h"
#include "step/copy.h"
#include "step/image.h"

#define IMAGE_BLOCK 4096u
#define IMAGE_BLOCK_LOG 12
#define IMAGE_INODE 256u
#define IMAGE_EXTRA 32		/* i_extra_isize */
#define CHUNK_BLOCKS 256u	/* 1 MiB of small files on the way */

#define RUN_MOST 32768u		/* what an extent can hold */

struct run {
	uint32_t logical;
	uint32_t len;		/* blocks, at most RUN_MOST */
	uint64_t physical;
};
/* Blocks of one file in the order of the file. */
struct runs {
	struct run *v;
	size_t nr, cap;
	uint64_t meta;		/* blocks that its tree or map takes */
};

/* One thread's small files: a run of blocks, filled from the front. */
struct chunk {
	struct image *im;
	struct chunk *next;
	uint64_t start;
	uint32_t len, used;
	struct runs runs;	/* of the file in hand */
	struct runs tree;	/* and of its map */
	char *bytes;		/* CHUNK_BLOCKS */
};

/* A directory whose names are not all known yet; walk_dir.mark points to it. */
struct image_dir {
	struct image_dir *next, *before;
	ext2_ino_t ino, parent;
	uint32_t subdirs;
	struct buf names;	/* struct dir_name and bytes, packed */
	size_t nr;
};

struct image {
	struct sink base;
	const struct image_options *opt;
	ext2_filsys fs;
	int device;
	pthread_mutex_t lock;	/* fs, cursors, lists */
	struct image_table *table;
	ext2_ino_t next_ino;
	blk64_t next_block;
	struct chunk *chunks;	/* all that threads were given */
	struct image_dir *dirs;
	bool extents;
	struct fs_limits most;	/* what the kernel takes from it */
};

/* What a row of features is; by enum image_row. */
struct image_kind {
	const char *type;
	uint32_t compat, incompat, ro_compat;
};
extern const struct image_kind image_kinds[];

int image_fail(struct err *err, errcode_t code, const char *what);

/* image_fs.c: from the first byte to the superblock with UUID and label; the end. */
int image_begin(struct image *im, struct err *err) MUST_CHECK;
int image_complete(struct image *im, struct err *err) MUST_CHECK;

/* image_space.c. Of the sink's lock they take care themselves. */
int image_new_inode(struct image *im, bool is_dir, ext2_ino_t *out, struct err *err) MUST_CHECK;
struct chunk *image_chunk(struct image *im, struct copy_scratch *scratch);
/*
 * Put len bytes at block `logical` of the file in hand (chunk->runs). bytes: aligned to
 * IMAGE_BLOCK, with room up to the next block, which is zeroed.
 */
int image_put(struct image *im, struct chunk *c, uint32_t logical, char *bytes, size_t len,
	      struct err *err) MUST_CHECK;
/* One block of its own, for maps and attributes; its number into *block. */
int image_put_block(struct image *im, struct chunk *c, const char *bytes, uint64_t *block,
		    struct err *err) MUST_CHECK;
/* The same in two steps, for blocks that name each other. */
int image_take_block(struct image *im, struct chunk *c, char **bytes, uint64_t *block,
		     struct err *err) MUST_CHECK;
int image_flush(struct image *im, struct chunk *c, struct err *err) MUST_CHECK;
/* Whole blocks from aligned memory, to the device at once. */
int image_write_blocks(struct image *im, const char *bytes, size_t len, uint64_t block,
		       struct err *err) MUST_CHECK;
void chunks_free(struct image *im);
void runs_add(struct runs *runs, uint32_t logical, uint64_t physical, uint32_t len);

/* image_table.c. Its lock it takes itself, but not when all is flushed at the end. */
struct image_table *image_table_new(const struct image *im);
void image_table_free(struct image_table *table);
int image_write_inode(struct image *im, ext2_ino_t ino, struct ext2_inode_large *inode,
		      struct err *err) MUST_CHECK;
/* Another number of names, for an inode that was written. */
int image_set_links(struct image *im, ext2_ino_t ino, uint16_t links, struct err *err) MUST_CHECK;
int image_table_flush(struct image *im, struct err *err) MUST_CHECK;

/* image_map.c: fill i_block from chunk->runs, with the blocks that takes; adds to i_blocks. */
int image_map(struct image *im, struct chunk *c, struct ext2_inode_large *inode,
	      struct err *err) MUST_CHECK;

/* image_dir.c */
struct image_dir *image_dir_new(struct image *im, ext2_ino_t ino, ext2_ino_t parent);
void image_dir_free(struct image *im, struct image_dir *dir);
void image_dir_add(struct image *im, struct image_dir *dir, const char *name, ext2_ino_t ino,
		   mode_t mode);
/* Its blocks into the chunk; size and flags into the inode. */
int image_dir_write(struct image *im, struct chunk *c, const struct image_dir *dir,
		    struct ext2_inode_large *inode, struct err *err) MUST_CHECK;

/* image_xattr.c: what travels of the object's attributes, into 256 bytes of inode or a block. */
int image_xattrs(struct image *im, struct copy_object *o, struct ext2_inode_large *inode,
		 struct err *err) MUST_CHECK;

#endif
