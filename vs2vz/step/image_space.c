/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Space of the image: numbers of inodes and blocks are given out in ascending order, around what
 * the file system itself has taken. Small contents gather in a thread's chunk, one
 * write for each; large ones go straight from the buffer they were read into. Both in
 * whole blocks, so that the device can be written past the page cache.
 */
#include "step/image_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "base/sys.h"

#define CHUNK_BYTES (CHUNK_BLOCKS * IMAGE_BLOCK)
#define DIRECT_BLOCKS 16u	/* from this size on a content goes by itself */

void runs_add(struct runs *runs, uint32_t logical, uint64_t physical, uint32_t len)
{
	struct run *last = runs->nr ? &runs->v[runs->nr - 1] : NULL;

	if (last && last->logical + last->len == logical && last->physical + last->len == physical &&
	    last->len + len <= RUN_MOST) {
		last->len += len;
		return;
	}
	if (runs->nr == runs->cap) {
		runs->cap = runs->cap ? runs->cap * 2 : 16;
		runs->v = xrealloc(runs->v, runs->cap * sizeof(*runs->v));
	}
	runs->v[runs->nr++] = (struct run){ logical, len, physical };
}

static int full(struct image *im, const char *what, struct err *err)
{
	pthread_mutex_unlock(&im->lock);
	return fail_code(err, ENOSPC, "the new file system has no %s left", what);
}

int image_new_inode(struct image *im, bool is_dir, ext2_ino_t *out, struct err *err)
{
	pthread_mutex_lock(&im->lock);
	if (im->next_ino > im->fs->super->s_inodes_count)
		return full(im, "inodes", err);
	*out = im->next_ino++;
	ext2fs_inode_alloc_stats2(im->fs, *out, +1, is_dir);
	pthread_mutex_unlock(&im->lock);
	return 0;
}

/* The next run of free blocks, of at most `most`, marked as used. */
static int take_blocks(struct image *im, uint32_t most, uint64_t *start, uint32_t *len,
		       struct err *err)
{
	blk64_t last = ext2fs_blocks_count(im->fs->super) - 1, from, used, until;

	pthread_mutex_lock(&im->lock);
	if (im->next_block > last ||
	    ext2fs_find_first_zero_block_bitmap2(im->fs->block_map, im->next_block, last, &from))
		return full(im, "space", err);
	until = from + most - 1 < last ? from + most - 1 : last;
	if (ext2fs_find_first_set_block_bitmap2(im->fs->block_map, from, until, &used) == 0)
		until = used - 1;
	*start = from;
	*len = (uint32_t)(until - from + 1);
	im->next_block = until + 1;
	ext2fs_block_alloc_stats_range(im->fs, from, *len, +1);
	pthread_mutex_unlock(&im->lock);
	return 0;
}

int image_write_blocks(struct image *im, const char *bytes, size_t len, uint64_t block,
		       struct err *err)
{
	uint64_t at = block * IMAGE_BLOCK;

	while (len) {
		ssize_t n = sys_pwrite(im->device, bytes, len, (off_t)at);

		if (n <= 0)
			return fail_errno(err, "cannot write to the new file system");
		bytes += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

struct chunk *image_chunk(struct image *im, struct copy_scratch *scratch)
{
	struct chunk *c = scratch->sink;
	void *bytes;

	if (!c) {
		c = xcalloc(1, sizeof(*c));
		if (posix_memalign(&bytes, IMAGE_BLOCK, CHUNK_BYTES) != 0)
			die("no memory");
		c->bytes = bytes;
		c->im = im;
		pthread_mutex_lock(&im->lock);
		c->next = im->chunks;
		im->chunks = c;
		pthread_mutex_unlock(&im->lock);
		scratch->sink = c;
	}
	c->runs.nr = 0;
	c->runs.meta = 0;
	return c;
}

/* Write what is in the chunk; what it was given beyond goes back. */
int image_flush(struct image *im, struct chunk *c, struct err *err)
{
	int rc = 0;

	if (c->used)
		rc = image_write_blocks(im, c->bytes, (size_t)c->used * IMAGE_BLOCK, c->start, err);
	if (c->used < c->len) {
		pthread_mutex_lock(&im->lock);
		ext2fs_block_alloc_stats_range(im->fs, c->start + c->used, c->len - c->used, -1);
		pthread_mutex_unlock(&im->lock);
	}
	c->len = c->used = 0;
	return rc;
}

static int refill(struct image *im, struct chunk *c, struct err *err)
{
	if (c->used < c->len)
		return 0;
	if (image_flush(im, c, err) < 0)
		return -1;
	return take_blocks(im, CHUNK_BLOCKS, &c->start, &c->len, err);
}

static int put_small(struct chunk *c, uint32_t logical, const char *bytes, uint32_t blocks,
		     struct err *err)
{
	while (blocks) {
		uint32_t n;

		if (refill(c->im, c, err) < 0)
			return -1;
		n = c->len - c->used < blocks ? c->len - c->used : blocks;
		memcpy(c->bytes + (size_t)c->used * IMAGE_BLOCK, bytes, (size_t)n * IMAGE_BLOCK);
		runs_add(&c->runs, logical, c->start + c->used, n);
		c->used += n;
		logical += n;
		bytes += (size_t)n * IMAGE_BLOCK;
		blocks -= n;
	}
	return 0;
}

static int put_large(struct chunk *c, uint32_t logical, const char *bytes, uint32_t blocks,
		     struct err *err)
{
	while (blocks) {
		uint64_t start;
		uint32_t n;

		if (take_blocks(c->im, blocks, &start, &n, err) < 0 ||
		    image_write_blocks(c->im, bytes, (size_t)n * IMAGE_BLOCK, start, err) < 0)
			return -1;
		runs_add(&c->runs, logical, start, n);
		logical += n;
		bytes += (size_t)n * IMAGE_BLOCK;
		blocks -= n;
	}
	return 0;
}

int image_put(struct image *im, struct chunk *c, uint32_t logical, char *bytes, size_t len,
	      struct err *err)
{
	uint32_t blocks = (uint32_t)((len + IMAGE_BLOCK - 1) / IMAGE_BLOCK);

	memset(bytes + len, 0, (size_t)blocks * IMAGE_BLOCK - len);
	(void)im;
	return blocks < DIRECT_BLOCKS ? put_small(c, logical, bytes, blocks, err) :
					put_large(c, logical, bytes, blocks, err);
}

int image_take_block(struct image *im, struct chunk *c, char **bytes, uint64_t *block,
		     struct err *err)
{
	if (refill(im, c, err) < 0)
		return -1;
	*block = c->start + c->used;
	*bytes = c->bytes + (size_t)c->used++ * IMAGE_BLOCK;
	memset(*bytes, 0, IMAGE_BLOCK);
	return 0;
}

int image_put_block(struct image *im, struct chunk *c, const char *bytes, uint64_t *block,
		    struct err *err)
{
	char *into;

	if (image_take_block(im, c, &into, block, err) < 0)
		return -1;
	memcpy(into, bytes, IMAGE_BLOCK);
	return 0;
}

void chunks_free(struct image *im)
{
	while (im->chunks) {
		struct chunk *c = im->chunks;

		im->chunks = c->next;
		free(c->runs.v);
		free(c->tree.v);
		free(c->bytes);
		free(c);
	}
}
