/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file system of an image: its kinds, its size, its beginning and its end. libext2fs
 * opens a device by its name: that of our descriptor.
 */
#include "step/image_inside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/sys.h"

#define FIRST_INODE 11

const struct image_kind image_kinds[] = {
	[IMAGE_EXT3] = {
		"ext3", EXT3_FEATURE_COMPAT_HAS_JOURNAL | EXT2_FEATURE_COMPAT_EXT_ATTR |
		EXT2_FEATURE_COMPAT_RESIZE_INODE | EXT2_FEATURE_COMPAT_DIR_INDEX,
		EXT2_FEATURE_INCOMPAT_FILETYPE,
		EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT2_FEATURE_RO_COMPAT_LARGE_FILE,
	},
	[IMAGE_EXT4] = {
		"ext4", EXT3_FEATURE_COMPAT_HAS_JOURNAL | EXT2_FEATURE_COMPAT_EXT_ATTR |
		EXT2_FEATURE_COMPAT_RESIZE_INODE | EXT2_FEATURE_COMPAT_DIR_INDEX,
		EXT2_FEATURE_INCOMPAT_FILETYPE | EXT3_FEATURE_INCOMPAT_EXTENTS |
		EXT4_FEATURE_INCOMPAT_FLEX_BG,
		EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT2_FEATURE_RO_COMPAT_LARGE_FILE |
		EXT4_FEATURE_RO_COMPAT_HUGE_FILE | EXT4_FEATURE_RO_COMPAT_GDT_CSUM |
		EXT4_FEATURE_RO_COMPAT_DIR_NLINK | EXT4_FEATURE_RO_COMPAT_EXTRA_ISIZE,
	},
};

const char *image_type(enum image_row row)
{
	return image_kinds[row].type;
}

void image_facts(struct fs_facts *out, enum image_row row)
{
	const struct image_kind *kind = &image_kinds[row];

	*out = (struct fs_facts){
		.type = kind->type,
		.block_size = IMAGE_BLOCK,
		.inode_size = IMAGE_INODE,
		.read = true,
		.extents = kind->incompat & EXT3_FEATURE_INCOMPAT_EXTENTS,
		.huge_files = kind->ro_compat & EXT4_FEATURE_RO_COMPAT_HUGE_FILE,
		.many_dirs = kind->ro_compat & EXT4_FEATURE_RO_COMPAT_DIR_NLINK,
		.fractions = row == IMAGE_EXT4,
	};
}

static void set_super(struct ext2_super_block *s, const struct image_options *opt)
{
	const struct hash128 seed = hash_bytes(opt->uuid, sizeof(opt->uuid));

	memcpy(s->s_uuid, opt->uuid, sizeof(s->s_uuid));
	memset(s->s_volume_name, 0, sizeof(s->s_volume_name));
	memcpy(s->s_volume_name, opt->label, strnlen(opt->label, sizeof(s->s_volume_name)));
	memcpy(s->s_hash_seed, &seed, sizeof(s->s_hash_seed));
	s->s_def_hash_version = EXT2_HASH_HALF_MD4;
	s->s_flags |= EXT2_FLAGS_SIGNED_HASH;
	s->s_default_mount_opts = EXT2_DEFM_ACL | EXT2_DEFM_XATTR_USER;
	s->s_errors = EXT2_ERRORS_RO;
	s->s_max_mnt_count = -1;
	s->s_checkinterval = 0;
	s->s_min_extra_isize = s->s_want_extra_isize = IMAGE_EXTRA;
	s->s_creator_os = EXT2_OS_LINUX;
}

static void describe_super(struct ext2_super_block *p, const struct image_options *opt)
{
	uint64_t blocks = opt->bytes / IMAGE_BLOCK;

	memset(p, 0, sizeof(*p));
	p->s_rev_level = EXT2_DYNAMIC_REV;
	ext2fs_blocks_count_set(p, blocks);
	ext2fs_r_blocks_count_set(p, blocks * opt->reserve / 100);
	p->s_log_block_size = IMAGE_BLOCK_LOG - EXT2_MIN_BLOCK_LOG_SIZE;
	p->s_log_cluster_size = p->s_log_block_size;
	p->s_inode_size = IMAGE_INODE;
	p->s_inodes_count = (uint32_t)(opt->inodes ? opt->inodes : opt->bytes / 16384);
	p->s_feature_compat = image_kinds[opt->row].compat;
	p->s_feature_incompat = image_kinds[opt->row].incompat;
	p->s_feature_ro_compat = image_kinds[opt->row].ro_compat;
	if (opt->row == IMAGE_EXT4)
		p->s_log_groups_per_flex = 4;
}

/* Inode tables that hold what was there before would be taken for inodes. */
static int clear_tables(struct image *im, struct err *err)
{
	ext2_filsys fs = im->fs;
	errcode_t code = 0;

	for (dgrp_t g = 0; g < fs->group_desc_count && !code; g++) {
		if (!im->opt->fresh)
			code = ext2fs_zero_blocks2(fs, ext2fs_inode_table_loc(fs, g),
						   (int)fs->inode_blocks_per_group, NULL, NULL);
		ext2fs_bg_flags_set(fs, g, EXT2_BG_INODE_ZEROED);
	}
	if (!im->opt->fresh)
		ext2fs_zero_blocks2(NULL, 0, 0, NULL, NULL);
	return code ? image_fail(err, code, "cannot clear the inode tables") : 0;
}

static int add_journal(struct image *im, struct err *err)
{
	int blocks = ext2fs_default_journal_size(ext2fs_blocks_count(im->fs->super));
	errcode_t code;

	if (blocks < 0)
		return fail_code(err, ENOSPC, "the new file system is too small for a journal");
	code = ext2fs_add_journal_inode(im->fs, (blk_t)blocks, EXT2_MKJOURNAL_NO_MNT_CHECK);
	return code ? image_fail(err, code, "cannot make the journal") : 0;
}

static int reserve_inodes(struct image *im, struct err *err)
{
	errcode_t code;

	for (ext2_ino_t i = EXT2_ROOT_INO + 1; i < FIRST_INODE; i++)
		ext2fs_inode_alloc_stats2(im->fs, i, +1, 0);
	ext2fs_inode_alloc_stats2(im->fs, EXT2_BAD_INO, +1, 0);
	ext2fs_inode_alloc_stats2(im->fs, EXT2_ROOT_INO, +1, 1);
	code = ext2fs_create_resize_inode(im->fs);
	return code ? image_fail(err, code, "cannot make the resize inode") : 0;
}

int image_begin(struct image *im, struct err *err)
{
	struct ext2_super_block wanted;
	char name[64];
	errcode_t code;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", im->device);
	describe_super(&wanted, im->opt);
	code = ext2fs_initialize(name, EXT2_FLAG_64BITS, &wanted, unix_io_manager, &im->fs);
	if (code)
		return image_fail(err, code, "cannot make a file system");
	set_super(im->fs->super, im->opt);
	code = ext2fs_allocate_tables(im->fs);
	if (code)
		return image_fail(err, code, "cannot place the tables of the file system");
	if (clear_tables(im, err) < 0 || reserve_inodes(im, err) < 0 || add_journal(im, err) < 0)
		return -1;
	im->next_ino = FIRST_INODE;
	im->next_block = im->fs->super->s_first_data_block;
	/* From here on the device says whose it is. */
	code = ext2fs_flush(im->fs);
	if (code)
		return image_fail(err, code, "cannot write the superblock");
	im->table = image_table_new(im);
	return 0;
}

struct fixing {
	struct image *im;
	struct err *err;
	int rc;
};

/* Inodes with names outside the tree have fewer here. */
static void fix_links(void *ctx, const struct link_slot *slot)
{
	struct fixing *f = ctx;

	if (slot->value && slot->seen != slot->more && f->rc == 0)
		f->rc = image_set_links(f->im, (ext2_ino_t)slot->value, (uint16_t)slot->seen, f->err);
}

static int flush_chunks(struct image *im, struct err *err)
{
	for (struct chunk *c = im->chunks; c; c = c->next)
		if (image_flush(im, c, err) < 0)
			return -1;
	return 0;
}

int image_complete(struct image *im, struct err *err)
{
	struct fixing fixing = { .im = im, .err = err };
	errcode_t code;

	if (flush_chunks(im, err) < 0)
		return -1;
	links_each(im->base.links, fix_links, &fixing);
	if (fixing.rc < 0 || image_table_flush(im, err) < 0)
		return -1;
	code = ext2fs_set_gdt_csum(im->fs);
	if (!code)
		code = ext2fs_close_free(&im->fs);
	if (code)
		return image_fail(err, code, "cannot complete the new file system");
	if (sys_fsync(im->device) < 0)
		return fail_errno(err, "cannot write back the new file system");
	return 0;
}

int image_label(int device, const char *label, struct err *err)
{
	char name[64];
	ext2_filsys fs;
	errcode_t code;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", device);
	code = ext2fs_open(name, EXT2_FLAG_RW | EXT2_FLAG_64BITS, 0, 0, unix_io_manager, &fs);
	if (code)
		return image_fail(err, code, "cannot open the new file system");
	memset(fs->super->s_volume_name, 0, sizeof(fs->super->s_volume_name));
	memcpy(fs->super->s_volume_name, label, strnlen(label, sizeof(fs->super->s_volume_name)));
	ext2fs_mark_super_dirty(fs);
	code = ext2fs_close_free(&fs);
	if (code)
		return image_fail(err, code, "cannot name the new file system");
	return sys_fsync(device) < 0 ? fail_errno(err, "cannot write back the new file system") : 0;
}

uint64_t image_bytes_needed(const struct survey *tree, enum image_row row, unsigned reserve,
			    unsigned growth)
{
	/* Each inode: its own record, and half a block that its content does not fill. */
	uint64_t rough = tree->bytes_used + tree->inodes * IMAGE_BLOCK / 2;
	/* Where the source packs small contents into its inodes that is too little. */
	uint64_t exact = survey_bytes_unpacked(tree) +
			 (row == IMAGE_EXT3 ? tree->mapped_files * IMAGE_BLOCK : 0);
	uint64_t data = exact > rough ? exact : rough;
	uint64_t inodes = tree->inodes + tree->inodes / 4 + 1024;
	uint64_t grown = data + data / 100 * growth + (1 << 20);
	uint64_t journal = grown >> 20 < 512 ? 16 << 20 : grown >> 20 < 4096 ? 64 << 20 : 256 << 20;
	uint64_t sum = grown + inodes * IMAGE_INODE + journal;

	sum += sum / (row == IMAGE_EXT3 ? 40 : 50);	/* bitmaps, descriptors, maps */
	sum += sum * reserve / (reserve < 100 ? 100 - reserve : 1);
	return (sum + IMAGE_BLOCK - 1) / IMAGE_BLOCK * IMAGE_BLOCK;
}
