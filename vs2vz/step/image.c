/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file system of an image, and the sink that fills it.
 *
 *	superblock with label and UUID, tables zeroed, journal	the device names us
 *	inodes and contents, in the order of the walk		all new places
 *	bitmaps, group descriptors, superblocks; fsync		whole
 *
 * If we die before the last line the device carries our UUID and no usable file system;
 * the next try begins again from the first.
 *
 * A directory is written as soon as all its names are known, before its children are:
 * their inode numbers are given out when their names are read. Its inode needs nothing
 * from below but the number of its subdirectories.
 */
#include "step/image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/inroot.h"
#include "base/pool.h"
#include "base/sys.h"
#include "step/content.h"
#include "step/copy_dir.h"
#include "step/image_inside.h"

#define FIRST_INODE 11
#define EXTRA_ISIZE 32
#define FAST_LINK 60
#define KEPT_FLAGS ((uint32_t)(FS_SECRM_FL | FS_UNRM_FL | FS_SYNC_FL | FS_IMMUTABLE_FL | \
	FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL | FS_JOURNAL_DATA_FL | FS_DIRSYNC_FL | \
	FS_TOPDIR_FL))

static const struct {
	const char *type;
	uint32_t compat, incompat, ro_compat;
	uint32_t links_most;
} rows[] = {
	[IMAGE_EXT3] = {
		"ext3", EXT3_FEATURE_COMPAT_HAS_JOURNAL | EXT2_FEATURE_COMPAT_EXT_ATTR |
		EXT2_FEATURE_COMPAT_RESIZE_INODE | EXT2_FEATURE_COMPAT_DIR_INDEX,
		EXT2_FEATURE_INCOMPAT_FILETYPE,
		EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT2_FEATURE_RO_COMPAT_LARGE_FILE, 32000,
	},
	[IMAGE_EXT4] = {
		"ext4", EXT3_FEATURE_COMPAT_HAS_JOURNAL | EXT2_FEATURE_COMPAT_EXT_ATTR |
		EXT2_FEATURE_COMPAT_RESIZE_INODE | EXT2_FEATURE_COMPAT_DIR_INDEX,
		EXT2_FEATURE_INCOMPAT_FILETYPE | EXT3_FEATURE_INCOMPAT_EXTENTS |
		EXT4_FEATURE_INCOMPAT_FLEX_BG,
		EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT2_FEATURE_RO_COMPAT_LARGE_FILE |
		EXT4_FEATURE_RO_COMPAT_HUGE_FILE | EXT4_FEATURE_RO_COMPAT_GDT_CSUM |
		EXT4_FEATURE_RO_COMPAT_DIR_NLINK | EXT4_FEATURE_RO_COMPAT_EXTRA_ISIZE, 65000,
	},
};

const char *image_type(enum image_row row)
{
	return rows[row].type;
}

int image_fail(struct err *err, errcode_t code, const char *what)
{
	if (code > 0 && code < 1024) {
		errno = (int)code;
		return fail_errno(err, "%s", what);
	}
	return fail(err, "%s: %s", what, error_message(code));
}

/* ---- objects */

static void put_time(const struct timespec *t, uint32_t *seconds, uint32_t *extra)
{
	*seconds = (uint32_t)t->tv_sec;
	*extra = (uint32_t)t->tv_nsec << 2 | (uint32_t)((t->tv_sec - (int32_t)*seconds) >> 32 & 3);
}

/* All of an inode that comes from the status and flags of the source's object. */
static void dress(struct ext2_inode_large *inode, struct copy_object *o)
{
	const struct stat *st = &o->meta->st;

	memset(inode, 0, IMAGE_INODE);
	inode->i_mode = (uint16_t)st->st_mode;
	inode->i_uid = (uint16_t)st->st_uid;
	inode->i_gid = (uint16_t)st->st_gid;
	inode->osd2.linux2.l_i_uid_high = (uint16_t)(st->st_uid >> 16);
	inode->osd2.linux2.l_i_gid_high = (uint16_t)(st->st_gid >> 16);
	inode->i_links_count = (uint16_t)(S_ISDIR(st->st_mode) ? 2 : o->slot ? st->st_nlink : 1);
	inode->i_extra_isize = EXTRA_ISIZE;
	put_time(&st->st_mtim, &inode->i_mtime, &inode->i_mtime_extra);
	put_time(&st->st_atim, &inode->i_atime, &inode->i_atime_extra);
	put_time(&st->st_ctim, &inode->i_ctime, &inode->i_ctime_extra);
	inode->i_crtime = inode->i_mtime;
	inode->i_crtime_extra = inode->i_mtime_extra;
	inode->i_flags = o->flags & KEPT_FLAGS;
	if (o->flags & ~KEPT_FLAGS)
		o->scratch->flags_lost++;
}

/* One thread's inode in the making. */
static struct ext2_inode_large *inode_of(struct copy_scratch *scratch)
{
	if (!scratch->inode)
		scratch->inode = xcalloc(1, IMAGE_INODE);
	return scratch->inode;
}

static struct image_dir *dir_of(const struct walk_dir *dir)
{
	return (struct image_dir *)(uintptr_t)dir->mark;
}

/* The inode number is known: the name, and for other names of it the number. */
static void announce(struct image *im, struct copy_object *o, ext2_ino_t ino)
{
	image_dir_add(im, dir_of(o->dir), o->entry->name, ino, o->meta->st.st_mode);
	if (o->slot) {
		o->slot->value = ino;
		o->slot->more = (uint32_t)o->meta->st.st_nlink;
	}
}

static int begin_object(struct image *im, struct copy_object *o, ext2_ino_t *ino,
			struct ext2_inode_large *inode, struct chunk **c, struct err *err)
{
	if (o->slot && o->meta->st.st_nlink > rows[im->opt->row].links_most) {
		errno = EMLINK;
		return object_fail(o, "cannot keep all names of", err);
	}
	if (image_new_inode(im, false, ino, err) < 0)
		return -1;
	dress(inode, o);
	*c = image_chunk(im, o->scratch);
	return image_xattrs(im, *c, o, inode, err);
}

struct giving {
	struct image *im;
	struct chunk *c;
};

static int give(void *ctx, char *bytes, size_t len, uint64_t at, struct err *err)
{
	struct giving *g = ctx;

	return image_put(g->im, g->c, (uint32_t)(at / IMAGE_BLOCK), bytes, len, err);
}

static int end_object(struct image *im, struct copy_object *o, ext2_ino_t ino,
		      struct ext2_inode_large *inode, struct err *err)
{
	if (image_write_inode(im, ino, inode, err) < 0)
		return -1;
	announce(im, o, ino);
	return 0;
}

static int image_file(struct sink *sink, struct copy_object *o, struct err *err)
{
	struct image *im = (struct image *)sink;
	struct ext2_inode_large *inode = inode_of(o->scratch);
	struct giving g = { .im = im };
	struct hash128 hash;
	ext2_ino_t ino;

	if (begin_object(im, o, &ino, inode, &g.c, err) < 0)
		return -1;
	if (content_read(o->fd, &o->meta->st, o->scratch->content, give, &g, &hash, err) < 0)
		return object_add(o, err);
	o->scratch->bytes += (uint64_t)o->meta->st.st_size;
	inode->i_size = (uint32_t)o->meta->st.st_size;
	inode->i_size_high = (uint32_t)((uint64_t)o->meta->st.st_size >> 32);
	if (image_map(im, g.c, inode, err) < 0)
		return object_add(o, err);
	if (end_object(im, o, ino, inode, err) < 0)
		return -1;
	return sums_add(&im->base.sums, &o->entry->meta.st, ino, hash, err);
}

static int image_symlink(struct sink *sink, struct copy_object *o, struct err *err)
{
	struct image *im = (struct image *)sink;
	struct ext2_inode_large *inode = inode_of(o->scratch);
	char *text = o->scratch->content;
	struct chunk *c;
	ext2_ino_t ino;
	ssize_t len;

	if (begin_object(im, o, &ino, inode, &c, err) < 0)
		return -1;
	len = below_readlink(walk_fd(o->dir), o->entry->name, text, IMAGE_BLOCK);
	if (len < 0 || len == IMAGE_BLOCK)
		return object_fail(o, "cannot read the link", err);
	inode->i_size = (uint32_t)len;
	if (len < FAST_LINK)
		memcpy(inode->i_block, text, (size_t)len);
	else if (image_put(im, c, 0, text, (size_t)len, err) < 0 ||
		 image_map(im, c, inode, err) < 0)
		return -1;
	return end_object(im, o, ino, inode, err);
}

/* Small numbers in the old form, others in the new one (kernel: include/linux/kdev_t.h). */
static void put_device(struct ext2_inode_large *inode, dev_t dev)
{
	uint32_t major = major(dev), minor = minor(dev);

	if (major < 256 && minor < 256)
		inode->i_block[0] = major << 8 | minor;
	else
		inode->i_block[1] = (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

static int image_node(struct sink *sink, struct copy_object *o, struct err *err)
{
	struct image *im = (struct image *)sink;
	struct ext2_inode_large *inode = inode_of(o->scratch);
	struct chunk *c;
	ext2_ino_t ino;

	if (begin_object(im, o, &ino, inode, &c, err) < 0)
		return -1;
	if (S_ISCHR(o->meta->st.st_mode) || S_ISBLK(o->meta->st.st_mode))
		put_device(inode, o->meta->st.st_rdev);
	return end_object(im, o, ino, inode, err);
}

static int image_link(struct sink *sink, struct copy_object *o, struct err *err)
{
	struct image *im = (struct image *)sink;

	(void)err;
	image_dir_add(im, dir_of(o->dir), o->entry->name, (ext2_ino_t)o->slot->value,
		      o->meta->st.st_mode);
	return 0;
}

static int image_mkdir(struct sink *sink, struct copy_object *o, struct err *err)
{
	struct image *im = (struct image *)sink;
	ext2_ino_t ino;

	if (image_new_inode(im, true, &ino, err) < 0)
		return -1;
	o->entry->mark = (uintptr_t)image_dir_new(im, ino, dir_of(o->dir)->ino);
	image_dir_add(im, dir_of(o->dir), o->entry->name, ino, S_IFDIR);
	return 0;
}

/* All names of the directory are known. */
static int image_named(struct sink *sink, struct copy_object *o, struct err *err)
{
	struct image *im = (struct image *)sink;
	struct ext2_inode_large *inode = inode_of(o->scratch);
	struct image_dir *dir = dir_of(o->dir);
	struct chunk *c = image_chunk(im, o->scratch);

	if (dir->subdirs + 2 > rows[im->opt->row].links_most && !im->extents) {
		errno = EMLINK;
		return object_fail(o, "cannot keep all subdirectories of", err);
	}
	dress(inode, o);
	if (image_xattrs(im, c, o, inode, err) < 0 ||
	    image_dir_write(im, c, dir, inode, err) < 0)
		return object_add(o, err);
	if (image_write_inode(im, dir->ino, inode, err) < 0)
		return -1;
	image_dir_free(im, dir);
	return 0;
}

/* ---- the file system */

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
	s->s_min_extra_isize = s->s_want_extra_isize = EXTRA_ISIZE;
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
	p->s_feature_compat = rows[opt->row].compat;
	p->s_feature_incompat = rows[opt->row].incompat;
	p->s_feature_ro_compat = rows[opt->row].ro_compat;
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

/* libext2fs opens a device by its name. */
static int make_fs(struct image *im, struct err *err)
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
	return code ? image_fail(err, code, "cannot write the superblock") : 0;
}

struct fixing {
	struct image *im;
	errcode_t code;
};

/* Inodes with names outside the tree have fewer here. */
static void fix_links(void *ctx, const struct link_slot *slot)
{
	struct fixing *fixing = ctx;
	ext2_filsys fs = fixing->im->fs;
	struct ext2_inode_large inode[IMAGE_INODE / sizeof(struct ext2_inode_large) + 1];

	if (!slot->value || slot->seen == slot->more || fixing->code)
		return;
	fixing->code = ext2fs_read_inode_full(fs, (ext2_ino_t)slot->value, EXT2_INODE(inode),
					      IMAGE_INODE);
	if (fixing->code)
		return;
	inode->i_links_count = (uint16_t)slot->seen;
	fixing->code = ext2fs_write_inode_full(fs, (ext2_ino_t)slot->value, EXT2_INODE(inode),
					       IMAGE_INODE);
}

static int flush_chunks(struct image *im, struct err *err)
{
	for (struct chunk *c = im->chunks; c; c = c->next)
		if (image_flush(im, c, err) < 0)
			return -1;
	return 0;
}

static int complete(struct image *im, struct err *err)
{
	struct fixing fixing = { .im = im };
	errcode_t code;

	if (flush_chunks(im, err) < 0)
		return -1;
	links_each(im->base.links, fix_links, &fixing);
	code = fixing.code;
	if (!code)
		code = ext2fs_set_gdt_csum(im->fs);
	if (!code)
		code = ext2fs_close_free(&im->fs);
	if (code)
		return image_fail(err, code, "cannot complete the new file system");
	if (sys_fsync(im->device) < 0)
		return fail_errno(err, "cannot write back the new file system");
	return 0;
}

static void release(struct image *im)
{
	while (im->dirs)
		image_dir_free(im, im->dirs);
	chunks_free(im);
	if (im->fs)
		ext2fs_free(im->fs);
	links_free(im->base.links);
	pthread_mutex_destroy(&im->lock);
}

/* Contents go past the page cache where the device takes that. */
static void go_direct(int device)
{
	int flags = fcntl(device, F_GETFL);

	if (flags >= 0)
		(void)fcntl(device, F_SETFL, flags | O_DIRECT);
}

int image_make(int from, int device, const struct image_options *opt,
	       const struct tree_options *tree, struct tree_counts *counts, struct err *err)
{
	static const struct sink_ops ops = {
		.mkdir = image_mkdir,
		.file = image_file,
		.symlink = image_symlink,
		.node = image_node,
		.link = image_link,
		.named = image_named,
	};
	struct image im = { .base.ops = &ops, .opt = opt, .device = device,
			    .extents = opt->row != IMAGE_EXT3 };
	struct image_dir *root;
	struct err dropped;
	int rc;

	pthread_mutex_init(&im.lock, NULL);
	im.base.links = links_new();
	go_direct(device);
	rc = make_fs(&im, err);
	if (rc == 0)
		rc = sums_begin(&im.base.sums, opt->sums, err);
	if (rc == 0) {
		root = image_dir_new(&im, EXT2_ROOT_INO, EXT2_ROOT_INO);
		rc = copy_walk(&im.base, from, (uintptr_t)root, tree, counts, err);
		if (sums_end(&im.base.sums, rc ? &dropped : err) < 0)
			rc = -1;
	}
	if (rc == 0)
		rc = complete(&im, err);
	release(&im);
	return rc;
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
	uint64_t data = tree->bytes_used + tree->inodes * IMAGE_BLOCK / 2;
	uint64_t inodes = tree->inodes + tree->inodes / 4 + 1024;
	uint64_t grown = data + data / 100 * growth + (1 << 20);
	uint64_t journal = grown >> 20 < 512 ? 16 << 20 : grown >> 20 < 4096 ? 64 << 20 : 256 << 20;
	uint64_t sum = grown + inodes * IMAGE_INODE + journal;

	sum += sum / (row == IMAGE_EXT3 ? 40 : 50);	/* bitmaps, descriptors, maps */
	sum += sum * reserve / (reserve < 100 ? 100 - reserve : 1);
	return (sum + IMAGE_BLOCK - 1) / IMAGE_BLOCK * IMAGE_BLOCK;
}
