/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libext2fs says once where the inode tables are and is closed again; after that an
 * inode is one pread of our own at a computed place, so that threads need no lock.
 * The inode's layout is that of the kernel's struct ext4_inode, little-endian
 * (Documentation/filesystems/ext4/inodes.rst); what differs between ext2, ext3 and
 * ext4 is said at tag_fields().
 *
 * Opening waits for nothing, writes nothing and replays no journal: all is read
 * through the page cache of the device, where the kernel keeps the tables of a mounted
 * file system. A driver of its own for ext2 writes an inode there some seconds late:
 * then it does not agree with what stat says (unknown), or only its time does not.
 */
#include "base/hidden.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>		/* ext2fs.h does not include what it uses */
#include <unistd.h>

#include <ext2fs/ext2fs.h>

#include "base/inroot.h"
#include "base/pool.h"

/* Byte offsets in an inode. */
enum {
	AT_MODE = 0,
	AT_UID = 2,
	AT_CTIME = 12,
	AT_GID = 24,
	AT_LINKS = 26,
	AT_FLAGS = 32,
	AT_XATTR_BLOCK = 104,
	AT_INTERN_23 = 118,	/* ext2, ext3: upper half of the attribute block's number */
	AT_UID_HIGH = 120,
	AT_GID_HIGH = 122,
	AT_COOKIE = 124,	/* ext4: its lower half is that of the inode's checksum, too */
	INODE_LEAST = 128,
	AT_EXTRA_SIZE = 128,	/* what the format uses after the first 128; attributes follow */
};
#define XATTR_MAGIC 0xEA020000u

struct hidden {
	int fd;
	dev_t dev;
	uint32_t inodes, per_group;
	uint32_t inode_size;
	bool has_extents, has_csum, is_64bit;
	uint32_t nr_groups;
	uint64_t *table;	/* byte offset of each group's inode table */
};

static uint16_t le16(const unsigned char *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t le32(const unsigned char *at)
{
	return le16(at) | (uint32_t)le16(at + 2) << 16;
}

/* What we work with, out of what libext2fs has read. */
static const char *take_layout(struct hidden *h, ext2_filsys fs)
{
	const struct ext2_super_block *super = fs->super;

	h->inodes = super->s_inodes_count;
	h->per_group = super->s_inodes_per_group;
	h->inode_size = (uint32_t)EXT2_INODE_SIZE(super);
	h->has_extents = super->s_feature_incompat & EXT3_FEATURE_INCOMPAT_EXTENTS;
	h->is_64bit = super->s_feature_incompat & EXT4_FEATURE_INCOMPAT_64BIT;
	h->has_csum = super->s_feature_ro_compat & EXT4_FEATURE_RO_COMPAT_METADATA_CSUM;
	h->nr_groups = fs->group_desc_count;
	if (super->s_creator_os != EXT2_OS_LINUX)
		return "made by another system than Linux";
	if (!h->per_group || h->inode_size < INODE_LEAST || h->inode_size > HIDDEN_WINDOW ||
	    HIDDEN_WINDOW % h->inode_size)
		return "inodes of an unknown layout";
	h->table = xcalloc(h->nr_groups, sizeof(*h->table));
	for (uint32_t i = 0; i < h->nr_groups; i++)
		h->table[i] = (uint64_t)ext2fs_inode_table_loc(fs, i) * fs->blocksize;
	return NULL;
}

/* Why the tables are not known, or NULL. */
static const char *read_layout(struct hidden *h)
{
	const int flags = EXT2_FLAG_64BITS | EXT2_FLAG_SOFTSUPP_FEATURES |
			  EXT2_FLAG_IGNORE_CSUM_ERRORS | EXT2_FLAG_SKIP_MMP;
	char path[40];
	ext2_filsys fs = NULL;
	const char *why;
	errcode_t code;

	/* The very device that was looked at, whatever its name means by now. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", h->fd);
	code = ext2fs_open(path, flags, 0, 0, unix_io_manager, &fs);
	if (code == EXT2_ET_UNSUPP_FEATURE || code == EXT2_ET_RO_UNSUPP_FEATURE)
		return "the file system has features that libext2fs does not know";
	if (code)
		return "libext2fs cannot read the device";
	why = take_layout(h, fs);
	ext2fs_free(fs);
	return why;
}

static bool is_ext(const char *type)
{
	return type && (strcmp(type, "ext2") == 0 || strcmp(type, "ext3") == 0 ||
			strcmp(type, "ext4") == 0);
}

int hidden_open(struct hidden **out, int dirfd, const char *fs_type, const char *source,
		const char **why, struct err *err)
{
	struct hidden *h;
	struct stat st;

	*out = NULL;
	*why = "not ext2, ext3 or ext4";
	if (!is_ext(fs_type))
		return 0;
	if (fstat(dirfd, &st) < 0)
		return fail_errno(err, "cannot read the metadata of a directory");
	h = xcalloc(1, sizeof(*h));
	h->dev = st.st_dev;
	h->fd = device_open(source, st.st_dev);
	if (h->fd < 0)
		*why = errno == EACCES || errno == EPERM ? "no right to read the device" :
			"its device cannot be opened";
	else
		*why = read_layout(h);
	if (*why)
		hidden_close(h);
	else
		*out = h;
	return 0;
}

void hidden_close(struct hidden *h)
{
	if (!h)
		return;
	close_fd(&h->fd);
	free(h->table);
	free(h);
}

/* The window that holds the byte; reads it unless it is there. */
static bool fill(const struct hidden *h, struct hidden_window *win, uint64_t at, bool again)
{
	uint64_t start = at - at % HIDDEN_WINDOW;
	ssize_t len;

	if (again || win->at != start + 1) {
		do
			len = pread(h->fd, win->bytes, sizeof(win->bytes), (off_t)start);
		while (len < 0 && errno == EINTR);
		win->at = len < 0 ? 0 : start + 1;
		win->len = len < 0 ? 0 : (uint32_t)len;
	}
	return at - start + h->inode_size <= win->len;
}

static bool agrees(const unsigned char *inode, const struct stat *st)
{
	return le16(inode + AT_MODE) == st->st_mode &&
	       (le16(inode + AT_UID) | (uint32_t)le16(inode + AT_UID_HIGH) << 16) == st->st_uid &&
	       (le16(inode + AT_GID) | (uint32_t)le16(inode + AT_GID_HIGH) << 16) == st->st_gid &&
	       le16(inode + AT_LINKS) == st->st_nlink;
}

/*
 * TAGGING_INTERN's fields (kernel patch: fs/ext2/ext2.h, fs/ext3/ext3.h, fs/ext4/ext4.h:
 * l_i_tag, i_raw_tag). Which driver wrote is seen by the features: with extents it was
 * ext4; without, ext3 or ext4 may have. Bytes that the format uses are not looked at.
 */
static void tag_fields(const struct hidden *h, const unsigned char *inode,
		       struct hidden_inode *out)
{
	if (!h->has_extents && !h->is_64bit)
		out->intern = le16(inode + AT_INTERN_23);
	if (!h->has_csum)
		out->cookie = le32(inode + AT_COOKIE);
}

/* No attributes, neither in a block of their own nor behind the inode's fields. */
static bool has_none(const struct hidden *h, const unsigned char *inode)
{
	uint32_t body;

	if (le32(inode + AT_XATTR_BLOCK) || le16(inode + AT_INTERN_23))
		return false;
	if (h->inode_size < AT_EXTRA_SIZE + 4)
		return true;
	body = AT_EXTRA_SIZE + (uint32_t)le16(inode + AT_EXTRA_SIZE);
	return body + 4 <= h->inode_size && le32(inode + body) != XATTR_MAGIC;
}

/* Window and inode of a place on the device; false where they do not agree with st. */
static bool take(const struct hidden *h, struct hidden_window *win, uint64_t at, bool again,
		 const struct stat *st, struct hidden_inode *out)
{
	const unsigned char *inode = win->bytes + at % HIDDEN_WINDOW;

	if (!fill(h, win, at, again) || !agrees(inode, st))
		return false;
	out->flags = le32(inode + AT_FLAGS);
	tag_fields(h, inode, out);
	out->fresh = le32(inode + AT_CTIME) == (uint32_t)st->st_ctim.tv_sec;
	out->plain = out->fresh && has_none(h, inode);
	return true;
}

bool hidden_read(const struct hidden *h, struct hidden_window *win, const struct stat *st,
		 struct hidden_inode *out)
{
	uint64_t group, at;

	*out = (struct hidden_inode){ .flags = 0 };
	if (!h || st->st_dev != h->dev || st->st_ino == 0 || st->st_ino > h->inodes)
		return false;
	group = (st->st_ino - 1) / h->per_group;
	if (group >= h->nr_groups || !h->table[group])
		return false;
	at = h->table[group] + (st->st_ino - 1) % h->per_group * h->inode_size;
	/* A window may be older than the inode. */
	return (take(h, win, at, false, st, out) && out->fresh) || take(h, win, at, true, st, out);
}

const char *hidden_library(void)
{
	const char *version = "", *date = "";

	ext2fs_get_library_version(&version, &date);
	return version;
}
