/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inode tables on their way to the device. Numbers are given out in ascending order and
 * most inodes follow soon, so a few lines of table blocks are kept, each written whole when
 * it has been the longest without use; the inode of a directory may come later than that,
 * and its line is read again. libext2fs would write each block for itself, through the page
 * cache: in an image file each such write waits for all contents that are under way.
 *
 * Between image_begin() and the end libext2fs neither reads nor writes a table; a lock of
 * their own guards the lines, so that who only wants a number need not wait for the device.
 */
#include "step/image_inside.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/pool.h"
#include "base/sys.h"

#define LINE_BLOCKS 16u
#define LINE_BYTES (LINE_BLOCKS * IMAGE_BLOCK)
#define LINES 64u

struct line {
	uint64_t block;		/* of the device; 0: none */
	uint32_t blocks;	/* fewer at the end of a group's table */
	uint64_t used;
	bool dirty;
};

struct image_table {
	pthread_mutex_t lock;
	struct line line[LINES];
	uint64_t clock;
	char *bytes;		/* LINES of them */
	size_t lines_per_group;
	unsigned char *written;	/* a byte for each line of the file system */
};

struct image_table *image_table_new(const struct image *im)
{
	struct image_table *t = xcalloc(1, sizeof(*t));
	void *bytes;

	if (posix_memalign(&bytes, IMAGE_BLOCK, (size_t)LINES * LINE_BYTES) != 0)
		die("no memory");
	t->bytes = bytes;
	t->lines_per_group = (im->fs->inode_blocks_per_group + LINE_BLOCKS - 1) / LINE_BLOCKS;
	t->written = xcalloc(im->fs->group_desc_count, t->lines_per_group);
	t->written[0] = 1;	/* the inodes of the file system itself */
	pthread_mutex_init(&t->lock, NULL);
	return t;
}

void image_table_free(struct image_table *t)
{
	if (!t)
		return;
	pthread_mutex_destroy(&t->lock);
	free(t->written);
	free(t->bytes);
	free(t);
}

static char *bytes_of(const struct image_table *t, const struct line *l)
{
	return t->bytes + (size_t)(l - t->line) * LINE_BYTES;
}

static int write_line(struct image *im, struct line *l, struct err *err)
{
	if (l->dirty && image_write_blocks(im, bytes_of(im->table, l),
					   (size_t)l->blocks * IMAGE_BLOCK, l->block, err) < 0)
		return -1;
	l->dirty = false;
	return 0;
}

/* The line of this block, else the one that was not used for the longest time. */
static struct line *find_line(struct image_table *t, uint64_t block)
{
	struct line *oldest = &t->line[0];

	for (struct line *l = t->line; l < t->line + LINES; l++) {
		if (l->block == block)
			return l;
		if (l->used < oldest->used)
			oldest = l;
	}
	return oldest;
}

static int read_line(struct image *im, const struct line *l, struct err *err)
{
	char *bytes = bytes_of(im->table, l);
	size_t len = (size_t)l->blocks * IMAGE_BLOCK;
	ssize_t n;

	for (size_t got = 0; got < len; got += (size_t)n) {
		n = pread(im->device, bytes + got, len - got,
			  (off_t)(l->block * IMAGE_BLOCK + got));
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return fail_errno(err, "cannot read the inode tables of the new file system");
	}
	return 0;
}

/* Where the inode is in memory; valid while the lock is held. NULL: failed. */
static char *inode_at(struct image *im, ext2_ino_t ino, struct err *err)
{
	const struct ext2_super_block *super = im->fs->super;
	struct image_table *t = im->table;
	dgrp_t group = (ino - 1) / super->s_inodes_per_group;
	size_t at = (size_t)((ino - 1) % super->s_inodes_per_group) * IMAGE_INODE;
	size_t nr = at / LINE_BYTES, left = im->fs->inode_blocks_per_group - nr * LINE_BLOCKS;
	uint64_t block = ext2fs_inode_table_loc(im->fs, group) + nr * LINE_BLOCKS;
	unsigned char *written = &t->written[group * t->lines_per_group + nr];
	struct line *l = find_line(t, block);

	if (l->block != block) {
		if (write_line(im, l, err) < 0)
			return NULL;
		*l = (struct line){ .blocks = (uint32_t)(left < LINE_BLOCKS ? left : LINE_BLOCKS) };
		l->block = block;
		if (!*written)	/* the tables were cleared */
			memset(bytes_of(t, l), 0, LINE_BYTES);
		else if (read_line(im, l, err) < 0)
			return NULL;
	}
	*written = 1;
	l->dirty = true;
	l->used = ++t->clock;
	return bytes_of(t, l) + at % LINE_BYTES;
}

int image_write_inode(struct image *im, ext2_ino_t ino, struct ext2_inode_large *inode,
		      struct err *err)
{
	char *at;

	pthread_mutex_lock(&im->table->lock);
	at = inode_at(im, ino, err);
	if (at) {
#if __BYTE_ORDER == __BIG_ENDIAN
		memset(at, 0, IMAGE_INODE);
		ext2fs_swap_inode_full(im->fs, (struct ext2_inode_large *)at, inode, 0, IMAGE_INODE);
#else
		memcpy(at, inode, IMAGE_INODE);
#endif
	}
	pthread_mutex_unlock(&im->table->lock);
	return at ? 0 : -1;
}

int image_set_links(struct image *im, ext2_ino_t ino, uint16_t links, struct err *err)
{
	const uint16_t le = htole16(links);
	char *at;

	pthread_mutex_lock(&im->table->lock);
	at = inode_at(im, ino, err);
	if (at)
		memcpy(at + offsetof(struct ext2_inode, i_links_count), &le, sizeof(le));
	pthread_mutex_unlock(&im->table->lock);
	return at ? 0 : -1;
}

int image_table_flush(struct image *im, struct err *err)
{
	for (struct line *l = im->table->line; l < im->table->line + LINES; l++)
		if (write_line(im, l, err) < 0)
			return -1;
	return 0;
}
