/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sink that fills a file system, and the whole of it from the first byte.
 *
 *	tables zeroed, journal, superblock with label and UUID	the device names us
 *	inodes and contents, about in the order of the walk	all new places
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
#include "step/content.h"
#include "step/copy_dir.h"
#include "step/image_inside.h"

#define FAST_LINK 60

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
	*extra = (uint32_t)t->tv_nsec << 2 | (uint32_t)(((int64_t)t->tv_sec - (int32_t)*seconds) >> 32 & 3);
}

/* All of an inode that comes from the status and flags of the source's object. */
static void dress(const struct image *im, struct ext2_inode_large *inode,
		  struct copy_object *o)
{
	const struct stat *st = &o->meta->st;

	memset(inode, 0, IMAGE_INODE);
	inode->i_mode = (uint16_t)st->st_mode;
	inode->i_uid = (uint16_t)st->st_uid;
	inode->i_gid = (uint16_t)st->st_gid;
	inode->osd2.linux2.l_i_uid_high = (uint16_t)(st->st_uid >> 16);
	inode->osd2.linux2.l_i_gid_high = (uint16_t)(st->st_gid >> 16);
	inode->i_links_count = (uint16_t)(S_ISDIR(st->st_mode) ? 2 : o->slot ? st->st_nlink : 1);
	inode->i_extra_isize = IMAGE_EXTRA;
	put_time(&st->st_mtim, &inode->i_mtime, &inode->i_mtime_extra);
	put_time(&st->st_atim, &inode->i_atime, &inode->i_atime_extra);
	put_time(&st->st_ctim, &inode->i_ctime, &inode->i_ctime_extra);
	inode->i_crtime = inode->i_mtime;
	inode->i_crtime_extra = inode->i_mtime_extra;
	inode->i_flags = o->flags & im->most.flags;
	if (o->flags & ~im->most.flags)
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

/* Leaves an empty chunk in the scratch's sink, and the inode without content in its inode. */
static int begin_object(struct image *im, struct copy_object *o, ext2_ino_t *ino,
			struct err *err)
{
	struct ext2_inode_large *inode = inode_of(o->scratch);

	if (o->slot && o->meta->st.st_nlink > im->most.names) {
		errno = EMLINK;
		return object_fail(o, "cannot keep all names of", err);
	}
	if (image_new_inode(im, false, ino, err) < 0)
		return -1;
	dress(im, inode, o);
	image_chunk(im, o->scratch);
	return image_xattrs(im, o, inode, err);
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

	/* The number of a block in a file has 32 bits. */
	if ((uint64_t)o->meta->st.st_size > im->most.bytes) {
		errno = EFBIG;
		return object_fail(o, "cannot keep all of", err);
	}
	if (begin_object(im, o, &ino, err) < 0)
		return -1;
	g.c = o->scratch->sink;
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

	if (begin_object(im, o, &ino, err) < 0)
		return -1;
	c = o->scratch->sink;
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
	ext2_ino_t ino;

	if (begin_object(im, o, &ino, err) < 0)
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

	if (dir->subdirs > im->most.subdirs) {
		errno = EMLINK;
		return object_fail(o, "cannot keep all subdirectories of", err);
	}
	dress(im, inode, o);
	if (image_xattrs(im, o, inode, err) < 0 ||
	    image_dir_write(im, c, dir, inode, err) < 0)
		return object_add(o, err);
	if (image_write_inode(im, dir->ino, inode, err) < 0)
		return -1;
	image_dir_free(im, dir);
	return 0;
}

static void release(struct image *im)
{
	while (im->dirs)
		image_dir_free(im, im->dirs);
	chunks_free(im);
	image_table_free(im->table);
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
	struct fs_facts facts;
	struct err dropped;
	int rc;

	image_facts(&facts, opt->row);
	fs_limits_of(&im.most, &facts);
	pthread_mutex_init(&im.lock, NULL);
	im.base.links = links_new();
	go_direct(device);
	rc = image_begin(&im, err);
	if (rc == 0)
		rc = sums_begin(&im.base.sums, opt->sums, err);
	if (rc == 0) {
		root = image_dir_new(&im, EXT2_ROOT_INO, EXT2_ROOT_INO);
		rc = copy_walk(&im.base, from, (uintptr_t)root, tree, counts, err);
		if (sums_end(&im.base.sums, rc ? &dropped : err) < 0)
			rc = -1;
	}
	if (rc == 0)
		rc = image_complete(&im, err);
	release(&im);
	return rc;
}
