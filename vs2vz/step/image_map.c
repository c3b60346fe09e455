/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the blocks of a file are. ext4: a tree of extents, four in the inode, 340 in each
 * block below it, built from the leaves upwards (kernel: fs/ext4/ext4_extents.h). ext3:
 * twelve blocks in the inode, then maps of one, two and three levels, built downwards.
 */
#include "step/image_inside.h"

#include <errno.h>
#include <ext2fs/ext3_extents.h>
#include <string.h>

#define IN_INODE 4
#define IN_BLOCK ((IMAGE_BLOCK - sizeof(struct ext3_extent_header)) / sizeof(struct ext3_extent))
#define MAPPED (IMAGE_BLOCK / 4)

static void put_header(void *at, size_t nr, size_t most, unsigned depth)
{
	struct ext3_extent_header h = {
		.eh_magic = htole16(EXT3_EXT_MAGIC),
		.eh_entries = htole16((uint16_t)nr),
		.eh_max = htole16((uint16_t)most),
		.eh_depth = htole16((uint16_t)depth),
	};

	memcpy(at, &h, sizeof(h));
}

/* One entry: an extent of depth 0, or what points to a block below. */
static void put_entry(char *node, size_t i, const struct run *r, unsigned depth)
{
	struct ext3_extent leaf = {
		.ee_block = htole32(r->logical),
		.ee_len = htole16((uint16_t)r->len),
		.ee_start_hi = htole16((uint16_t)(r->physical >> 32)),
		.ee_start = htole32((uint32_t)r->physical),
	};
	struct ext3_extent_idx index = {
		.ei_block = htole32(r->logical),
		.ei_leaf = htole32((uint32_t)r->physical),
		.ei_leaf_hi = htole16((uint16_t)(r->physical >> 32)),
	};

	node += sizeof(struct ext3_extent_header) + i * sizeof(leaf);
	if (depth)
		memcpy(node, &index, sizeof(index));
	else
		memcpy(node, &leaf, sizeof(leaf));
}

static void put_node(char *node, const struct run *v, size_t nr, size_t most, unsigned depth)
{
	put_header(node, nr, most, depth);
	for (size_t i = 0; i < nr; i++)
		put_entry(node, i, &v[i], depth);
}

static void copy_runs(struct runs *out, const struct runs *in)
{
	out->nr = 0;
	for (size_t i = 0; i < in->nr; i++)
		runs_add(out, in->v[i].logical, in->v[i].physical, in->v[i].len);
}

/* One level of blocks above v; v becomes what points to them. */
static int add_level(struct image *im, struct chunk *c, struct runs *v, unsigned depth,
		     struct err *err)
{
	size_t above = 0;

	for (size_t i = 0; i < v->nr; i += IN_BLOCK) {
		size_t nr = v->nr - i < IN_BLOCK ? v->nr - i : IN_BLOCK;
		struct run up = { .logical = v->v[i].logical };
		char *node;

		if (image_take_block(im, c, &node, &up.physical, err) < 0)
			return -1;
		put_node(node, v->v + i, nr, IN_BLOCK, depth);
		v->v[above++] = up;
		c->runs.meta++;
	}
	v->nr = above;
	return 0;
}

static int map_extents(struct image *im, struct chunk *c, struct ext2_inode_large *inode,
		       struct err *err)
{
	unsigned depth = 0;

	copy_runs(&c->tree, &c->runs);
	while (c->tree.nr > IN_INODE)
		if (add_level(im, c, &c->tree, depth++, err) < 0)
			return -1;
	put_node((char *)inode->i_block, c->tree.v, c->tree.nr, IN_INODE, depth);
	inode->i_flags |= EXT4_EXTENTS_FL;
	return 0;
}

/* Block maps: the physical block of a logical one, asked for in ascending order. */
struct cursor {
	struct image *im;
	struct chunk *c;	/* where its maps go */
	const struct runs *runs;
	size_t at;
};

static uint32_t block_at(struct cursor *u, uint64_t logical)
{
	const struct runs *r = u->runs;

	while (u->at < r->nr && logical >= (uint64_t)r->v[u->at].logical + r->v[u->at].len)
		u->at++;
	if (u->at == r->nr || logical < r->v[u->at].logical)
		return 0;
	return (uint32_t)(r->v[u->at].physical + (logical - r->v[u->at].logical));
}

/* Is there any block between logical and the end of span? */
static bool any_block(struct cursor *u, uint64_t logical, uint64_t span)
{
	struct cursor probe = *u;

	(void)block_at(&probe, logical);
	return probe.at < probe.runs->nr && probe.runs->v[probe.at].logical < logical + span;
}

/* A map of `levels` levels that begins at logical; *block stays 0 where all is a hole. */
static int map_level(struct cursor *u, uint64_t logical, unsigned levels, uint32_t *block,
		     struct err *err)
{
	uint32_t map[MAPPED];
	uint64_t span = 1, at;

	*block = 0;
	for (unsigned i = 1; i < levels; i++)
		span *= MAPPED;
	if (!any_block(u, logical, span * MAPPED))
		return 0;
	for (size_t i = 0; i < MAPPED; i++) {
		uint32_t down = 0;

		if (levels == 1)
			down = block_at(u, logical + i);
		else if (map_level(u, logical + i * span, levels - 1, &down, err) < 0)
			return -1;
		map[i] = htole32(down);
	}
	if (image_put_block(u->im, u->c, (const char *)map, &at, err) < 0)
		return -1;
	*block = (uint32_t)at;
	u->c->runs.meta++;
	return 0;
}

static int map_blocks(struct image *im, struct chunk *c, struct ext2_inode_large *inode,
		      struct err *err)
{
	struct cursor u = { im, c, &c->runs, 0 };
	uint64_t logical = EXT2_NDIR_BLOCKS, span = MAPPED;

	for (unsigned i = 0; i < EXT2_NDIR_BLOCKS; i++)
		inode->i_block[i] = block_at(&u, i);
	for (unsigned level = 1; level <= 3; level++) {
		if (map_level(&u, logical, level,
			      &inode->i_block[EXT2_NDIR_BLOCKS + level - 1], err) < 0)
			return -1;
		logical += span;
		span *= MAPPED;
	}
	if (c->runs.nr && c->runs.v[c->runs.nr - 1].logical >= logical)
		return fail_code(err, EFBIG, "a file is too large for ext3");
	return 0;
}

int image_map(struct image *im, struct chunk *c, struct ext2_inode_large *inode, struct err *err)
{
	uint64_t blocks = 0, sectors;
	int rc;

	for (size_t i = 0; i < c->runs.nr; i++)
		blocks += c->runs.v[i].len;
	rc = im->extents ? map_extents(im, c, inode, err) : map_blocks(im, c, inode, err);
	if (rc < 0)
		return -1;
	sectors = (blocks + c->runs.meta) * (IMAGE_BLOCK / 512) + inode->i_blocks;
	inode->i_blocks = (uint32_t)sectors;
	inode->osd2.linux2.l_i_blocks_hi = (uint16_t)(sectors >> 32);
	return 0;
}
