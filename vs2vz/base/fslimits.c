/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of file systems, and the few fields of three superblocks that move its
 * numbers. Sources, all of the Linux kernel unless they say otherwise:
 *
 *	ext	fs/ext2/ext2.h, fs/ext3 (2.6.18 to 4.2: include/linux/ext3_fs.h), fs/ext4/ext4.h
 *		(LINK_MAX, feature bits, s_state), super.c (max_size, max_bitmap_size),
 *		xattr.c; links: fs/namei.c, page_symlink in one block
 *	xfs	fs/xfs/libxfs/xfs_format.h (XFS_MAXLINK, XFS_SYMLINK_MAXLEN, bigtime,
 *		needsrepair), xfs_iops.c
 *	btrfs	fs/btrfs/ctree.h, accessors: BTRFS_LINK_MAX, sizes of items in a leaf
 *	reiserfs fs/reiserfs (up to 6.12): reiserfs.h (LINK_MAX, offsets), xattr.c
 *	jfs	fs/jfs/jfs_filsys.h (JFS_LINK_MAX), super.c (maxbytes), jfs_xattr.h
 *	tmpfs	mm/shmem.c
 *
 *	nfs	the server decides; it is no target of a copy (decide/relocate.c)
 */
#include "base/fslimits.h"

#include <endian.h>
#include <linux/fs.h>
#include <string.h>
#include <unistd.h>

#include "base/meta.h"

#define ANY UINT64_MAX
#define EVER_SINCE INT64_MIN
#define FOR_EVER INT64_MAX
#define VALUE_MOST (65536 + 255) /* the kernel's own limits, include/uapi/linux/limits.h */
#define TEXT_MOST 4095		/* likewise: PATH_MAX with its NUL */
#define ID_MOST 4294967294u	/* the last number means nobody at all */
#define FILE_MOST INT64_MAX
#define SECOND 1000000000u

/*
 * A row as it is where nothing else is known of the file system; adjust: what the
 * superblock changes in it.
 */
struct fs_row {
	const char *type;
	uint32_t magic;
	bool cuts_times;	/* some of the kind hold 32 bits */
	struct fs_limits most;
	void (*adjust)(struct fs_limits *out, const struct fs_facts *facts);
};

/* ---- ext2, ext3, ext4 */

#define EXT_HEADER 32		/* of a block of attributes; four bytes of zero end its list */
#define EXT_ENTRY 16
#define EXT_PREFIX 5		/* at least: "user." is a number on the disk */
#define EXT_OLD_INODE 128
#define EXT_EXTRA 32		/* fields behind the first 128 bytes */
/* 34 bits, counted from the least that 32 can say. */
#define EXT_LAST (INT32_MIN + ((int64_t)1 << 34) - 1)

/* Blocks of 512 bytes are counted in 32 bits where huge_file does not say otherwise. */
static uint64_t ext_counted(uint32_t block)
{
	return (uint64_t)UINT32_MAX * 512 / block;
}

/* Twelve blocks in the inode, then maps of one, two and three levels, which count as well. */
static uint64_t ext_mapped(const struct fs_facts *f)
{
	const uint64_t map = f->block_size / 4;
	const uint64_t maps = 1 + (1 + map) + (1 + map + map * map);
	uint64_t blocks = 12 + map + map * map + map * map * map;

	if (!f->huge_files && ext_counted(f->block_size) - maps < blocks)
		blocks = ext_counted(f->block_size) - maps;
	return blocks * f->block_size;
}

/* The number of a block in a file has 32 bits, and the last one is not given. */
static uint64_t ext_extents(const struct fs_facts *f)
{
	uint64_t blocks = UINT32_MAX;

	if (!f->huge_files && ext_counted(f->block_size) < blocks)
		blocks = ext_counted(f->block_size);
	return blocks * f->block_size;
}

static void adjust_ext(struct fs_limits *out, const struct fs_facts *f)
{
	uint64_t body = 0;

	if (f->inode_size > EXT_OLD_INODE) {
		body = f->inode_size - EXT_OLD_INODE - EXT_EXTRA;
	} else if (f->inode_size) {
		out->step = SECOND;
		out->first = INT32_MIN;
		out->last = INT32_MAX;
	}
	/* Larger inodes of ext2 and ext3 below ext4's driver. */
	if (body && f->fractions) {
		out->step = 1;
		out->last = EXT_LAST;
	}
	if (f->low_ids)
		out->id = UINT16_MAX;
	if (!f->block_size)
		return;
	if (f->block_size - 1 < out->text)
		out->text = f->block_size - 1;
	if (!f->far_values) {
		out->value = f->block_size - EXT_HEADER - 4 - EXT_ENTRY + EXT_PREFIX;
		out->values = f->block_size - EXT_HEADER - 4 + body;
	}
	if (f->read)
		out->bytes = f->extents ? ext_extents(f) : ext_mapped(f);
	if (f->read && f->many_dirs)
		out->subdirs = ANY;
}

/* ---- others */

/* 64 bits of nanoseconds, counted likewise. */
#define XFS_LAST INT64_C(16299260424)

static void adjust_xfs(struct fs_limits *out, const struct fs_facts *f)
{
	if (!f->read || f->big_times)
		return;
	out->first = INT32_MIN;
	out->last = INT32_MAX;
}

#define BTRFS_HEADER 101	/* of a leaf */
#define BTRFS_ITEM 25
#define BTRFS_NAMED 30		/* of an attribute in front of its name and value */
#define BTRFS_INLINE 21		/* of contents that lie in the leaf */

static void adjust_btrfs(struct fs_limits *out, const struct fs_facts *f)
{
	const uint64_t room = f->node_size - BTRFS_HEADER - BTRFS_ITEM;

	if (!f->node_size)
		return;
	out->value = room - BTRFS_NAMED;
	if (room - BTRFS_INLINE < out->text)
		out->text = room - BTRFS_INLINE;
}

/* ---- the table */

#define EXT_FLAGS (META_GUEST_FLAGS & ~(uint32_t)FS_NOCOW_FL)
#define FEW_FLAGS (META_LOCKS | FS_NODUMP_FL | FS_NOATIME_FL)

static const struct fs_row rows[] = {
	{ "ext2", 0x0000EF53, true, {
		.names = 32000, .subdirs = 31998, .text = TEXT_MOST, .name = 255,
		.value = VALUE_MOST, .values = ANY, .bytes = FILE_MOST, .id = ID_MOST,
		.first = INT32_MIN, .last = INT32_MAX, .step = SECOND, .flags = EXT_FLAGS,
	}, adjust_ext },
	{ "ext3", 0x0000EF53, true, {
		.names = 32000, .subdirs = 31998, .text = TEXT_MOST, .name = 255,
		.value = VALUE_MOST, .values = ANY, .bytes = FILE_MOST, .id = ID_MOST,
		.first = INT32_MIN, .last = INT32_MAX, .step = SECOND, .flags = EXT_FLAGS,
	}, adjust_ext },
	{ "ext4", 0x0000EF53, true, {
		.names = 65000, .subdirs = 64998, .text = TEXT_MOST, .name = 255,
		.value = VALUE_MOST, .values = ANY, .bytes = FILE_MOST, .id = ID_MOST,
		.first = INT32_MIN, .last = EXT_LAST, .step = 1,
		.flags = EXT_FLAGS,
	}, adjust_ext },
	{ "xfs", 0x58465342, true, {
		.names = INT32_MAX, .subdirs = INT32_MAX - 2, .text = 1023, .name = 255,
		.value = VALUE_MOST, .values = ANY, .bytes = FILE_MOST, .id = ID_MOST,
		.first = INT32_MIN, .last = XFS_LAST, .step = 1,
		.flags = FEW_FLAGS | FS_SYNC_FL,
	}, adjust_xfs },
	{ "btrfs", 0x9123683E, false, {
		.names = 65535, .subdirs = ANY, .text = TEXT_MOST, .name = 255,
		.value = VALUE_MOST, .values = ANY, .bytes = FILE_MOST, .id = ID_MOST,
		.first = EVER_SINCE, .last = FOR_EVER, .step = 1,
		.flags = FEW_FLAGS | FS_COMPR_FL | FS_SYNC_FL | FS_DIRSYNC_FL | FS_NOCOW_FL,
	}, adjust_btrfs },
	{ "reiserfs", 0x52654973, true, {
		.names = 64535, .subdirs = ANY, .text = 4032, .name = 255,
		.value = VALUE_MOST, .values = ANY, .bytes = ((uint64_t)1 << 60) - 1,
		.id = ID_MOST, .first = 0, .last = UINT32_MAX, .step = SECOND,
		.flags = FEW_FLAGS | FS_SECRM_FL | FS_UNRM_FL | FS_COMPR_FL | FS_SYNC_FL |
			 FS_NOTAIL_FL,
	}, NULL },
	{ "jfs", 0x3153464A, true, {
		.names = UINT32_MAX, .subdirs = ANY, .text = TEXT_MOST, .name = 255,
		.value = 65535, .values = ANY, .bytes = (uint64_t)1 << 52, .id = ID_MOST,
		.first = 0, .last = UINT32_MAX, .step = 1,
		.flags = FEW_FLAGS | FS_SECRM_FL | FS_UNRM_FL | FS_SYNC_FL | FS_DIRSYNC_FL,
	}, NULL },
	{ "tmpfs", 0x01021994, false, {
		.names = ANY, .subdirs = ANY, .text = TEXT_MOST, .name = 255,
		.value = VALUE_MOST, .values = ANY, .bytes = FILE_MOST, .id = ID_MOST,
		.first = EVER_SINCE, .last = FOR_EVER, .step = 1, .flags = FEW_FLAGS,
	}, NULL },
	{ "nfs", 0x00006969, true, {
		.names = ANY, .subdirs = ANY, .text = TEXT_MOST, .name = 255,
		.value = VALUE_MOST, .values = ANY, .bytes = FILE_MOST, .id = ID_MOST,
		.first = EVER_SINCE, .last = FOR_EVER, .step = 1, .flags = 0,
	}, NULL },
	{ "nfs4", 0x00006969, true, {
		.names = ANY, .subdirs = ANY, .text = TEXT_MOST, .name = 255,
		.value = VALUE_MOST, .values = ANY, .bytes = FILE_MOST, .id = ID_MOST,
		.first = EVER_SINCE, .last = FOR_EVER, .step = 1, .flags = 0,
	}, NULL },
};

static const struct fs_limits others = {
	.names = ANY, .subdirs = ANY, .text = TEXT_MOST, .name = 255, .value = VALUE_MOST,
	.values = ANY, .bytes = FILE_MOST, .id = ID_MOST, .first = EVER_SINCE,
	.last = FOR_EVER, .step = 1, .flags = FEW_FLAGS,
};

static const struct fs_row *row_of(const char *type)
{
	for (size_t i = 0; type && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].type, type) == 0)
			return &rows[i];
	return NULL;
}

static const struct fs_row *row_by_magic(uint32_t magic)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].magic == magic)
			return &rows[i];
	return NULL;
}

void fs_limits_of(struct fs_limits *out, const struct fs_facts *facts)
{
	const struct fs_row *row = row_of(facts->type);

	*out = row ? row->most : others;
	if (row && row->adjust)
		row->adjust(out, facts);
	if (facts->name_most && facts->name_most < out->name)
		out->name = facts->name_most;
}

uint32_t fs_flags_of(uint32_t magic)
{
	const struct fs_row *row = row_by_magic(magic);

	return row ? row->most.flags : others.flags;
}

bool fs_may_cut_times(uint32_t magic)
{
	const struct fs_row *row = row_by_magic(magic);

	return !row || row->cuts_times;
}

bool fs_time_cut(int64_t wanted, int64_t is)
{
	static const int64_t first[] = { INT32_MIN, 0 };
	static const int64_t last[] = { INT32_MAX, UINT32_MAX, EXT_LAST, XFS_LAST };

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		if (wanted < first[i] && is == first[i])
			return true;
	for (size_t i = 0; i < sizeof(last) / sizeof(last[0]); i++)
		if (wanted > last[i] && is == last[i])
			return true;
	if (wanted >= 0 && wanted <= INT32_MAX)
		return false;
	return is != wanted && (is == (int32_t)(uint32_t)wanted || is == (uint32_t)wanted);
}

const char *fs_facts_text(const struct fs_facts *f, struct pool *pool)
{
	const char *type = f->type ? f->type : "the file system";

	if (f->block_size && f->inode_size)
		return pool_printf(pool, "%s with blocks of %u and inodes of %u bytes", type,
				   f->block_size, f->inode_size);
	return pool_strdup(pool, type);
}

/* ---- superblocks */

static uint16_t le16_at(const unsigned char *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return le16toh(v);
}

static uint32_t le32_at(const unsigned char *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return le32toh(v);
}

static uint32_t be32_at(const unsigned char *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return be32toh(v);
}

/* fs/ext4/ext4.h, struct ext4_super_block. */
static bool take_ext(struct fs_facts *out, const unsigned char *s)
{
	const uint16_t state = le16_at(s + 0x3A);
	const uint32_t incompat = le32_at(s + 0x60), ro_compat = le32_at(s + 0x64);

	if (le16_at(s + 0x38) != 0xEF53 || le32_at(s + 0x18) > 6)
		return false;
	out->block_size = 1024u << le32_at(s + 0x18);
	out->inode_size = le32_at(s + 0x4C) ? le16_at(s + 0x58) : EXT_OLD_INODE;
	out->extents = incompat & 0x40;
	out->huge_files = ro_compat & 0x8;
	out->many_dirs = ro_compat & 0x20;
	out->far_values = incompat & 0x400;
	if (state & 2)
		out->errors = "its superblock is marked: errors were found on it";
	else if (le32_at(s + 0x194))
		out->errors = "its superblock counts errors since the last check";
	return true;
}

/* fs/xfs/libxfs/xfs_format.h, struct xfs_dsb. */
static bool take_xfs(struct fs_facts *out, const unsigned char *s)
{
	const bool new = (s[0x65] & 15) == 5;
	const uint32_t incompat = new ? be32_at(s + 0xD8) : 0;

	if (memcmp(s, "XFSB", 4) != 0)
		return false;
	out->big_times = incompat & 0x8;
	if (incompat & 0x10)
		out->errors = "its superblock is marked: it needs xfs_repair";
	return true;
}

/* fs/btrfs: struct btrfs_super_block. */
static bool take_btrfs(struct fs_facts *out, const unsigned char *s)
{
	if (memcmp(s + 0x40, "_BHRfS_M", 8) != 0)
		return false;
	out->node_size = le32_at(s + 0x94);
	if (s[0x38] & 4)
		out->errors = "its superblock is marked: errors were found on it";
	return true;
}

static const struct {
	const char *type;
	off_t at;
	bool (*take)(struct fs_facts *out, const unsigned char *super);
} supers[] = {
	{ "ext2", 1024, take_ext },
	{ "ext3", 1024, take_ext },
	{ "ext4", 1024, take_ext },
	{ "xfs", 0, take_xfs },
	{ "btrfs", 65536, take_btrfs },
};

#define SUPER_BYTES 1024

void fs_facts_read(struct fs_facts *out, const char *type, int device)
{
	unsigned char super[SUPER_BYTES];

	*out = (struct fs_facts){ .type = type };
	for (size_t i = 0; device >= 0 && i < sizeof(supers) / sizeof(supers[0]); i++)
		if (strcmp(supers[i].type, type) == 0 &&
		    pread(device, super, sizeof(super), supers[i].at) == (ssize_t)sizeof(super))
			out->read = supers[i].take(out, super);
}
