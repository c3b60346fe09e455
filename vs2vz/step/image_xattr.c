/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Extended attributes of the image: in the space behind the inode where they fit, else
 * in a block of their own. Access lists change from the form of the system call to that
 * of the disk (kernel: fs/ext4/acl.h, xattr.h). Names that ext has no index for cannot be
 * stored, values do not go beyond one block.
 */
#include "step/image_inside.h"

#include <ext2fs/ext2_ext_attr.h>
#include <linux/posix_acl_xattr.h>
#include <stdlib.h>
#include <string.h>

#include "base/meta.h"
#include "base/pool.h"
#include "step/copy_dir.h"

#define EXTRA 32		/* i_extra_isize */
#define IN_INODE_FROM (EXT2_GOOD_OLD_INODE_SIZE + EXTRA)
#define ATTRIBUTES_MOST 64
#define ACL_VERSION 1
#define POSIX_ACL_USER 0x02
#define POSIX_ACL_GROUP 0x08

struct attribute {
	uint8_t index;
	uint8_t name_len;
	const char *name;
	size_t value_at, len;	/* in values */
};
struct attributes {
	size_t nr;
	struct attribute v[ATTRIBUTES_MOST];
	struct buf names, values;
};

static const struct {
	const char *prefix;
	uint8_t index;
	bool whole;		/* the prefix is the name */
} indexes[] = {
	{ "user.", 1, false },
	{ "system.posix_acl_access", 2, true },
	{ "system.posix_acl_default", 3, true },
	{ "trusted.", 4, false },
	{ "security.", 6, false },
};

/* The row of a name, and what of it is stored. -1: none. */
static int index_of(const char *name, const char **rest)
{
	for (size_t i = 0; i < sizeof(indexes) / sizeof(indexes[0]); i++) {
		size_t len = strlen(indexes[i].prefix);

		if (strncmp(name, indexes[i].prefix, len) != 0 ||
		    (indexes[i].whole && name[len]))
			continue;
		*rest = name + len;
		return (int)i;
	}
	return -1;
}

/* An access list as the disk wants it; false: not one that is understood. */
static bool add_acl(struct buf *out, const struct buf *value)
{
	const char *end = value->data + value->len;
	const uint32_t version = htole32(ACL_VERSION);
	struct posix_acl_xattr_header head;
	struct posix_acl_xattr_entry e;

	if (value->len < sizeof(head) || (value->len - sizeof(head)) % sizeof(e) != 0)
		return false;
	memcpy(&head, value->data, sizeof(head));
	if (head.a_version != htole32(POSIX_ACL_XATTR_VERSION))
		return false;
	buf_add(out, &version, sizeof(version));
	for (const char *at = value->data + sizeof(head); at < end; at += sizeof(e)) {
		uint16_t tag;

		memcpy(&e, at, sizeof(e));
		tag = le16toh(e.e_tag);
		buf_add(out, &e.e_tag, sizeof(e.e_tag));
		buf_add(out, &e.e_perm, sizeof(e.e_perm));
		if (tag == POSIX_ACL_USER || tag == POSIX_ACL_GROUP)
			buf_add(out, &e.e_id, sizeof(e.e_id));
	}
	return true;
}

static int refuse(struct copy_object *o, const char *name, const char *why, struct err *err)
{
	fail(err, "attribute '%s' %s", show(name), why);
	return object_add(o, err);
}

static int add_attribute(struct attributes *all, struct copy_object *o, const char *name,
			 const struct buf *value, struct err *err)
{
	struct attribute a = { .value_at = all->values.len };
	int row = index_of(name, &a.name);

	if (row < 0 || all->nr == ATTRIBUTES_MOST)
		return refuse(o, name, "cannot be kept by this kind of file system", err);
	a.index = indexes[row].index;
	a.name_len = (uint8_t)strlen(a.name);
	if (!indexes[row].whole)
		buf_add(&all->values, value->data, value->len);
	else if (!add_acl(&all->values, value))
		return refuse(o, name, "is no access list that is understood", err);
	a.len = all->values.len - a.value_at;
	all->v[all->nr++] = a;
	return 0;
}

static int collect(struct attributes *all, struct copy_object *o, struct err *err)
{
	const struct bearer from = {
		o->fd, { o->entry ? walk_fd(o->dir) : -1, o->entry ? o->entry->name : NULL },
	};
	struct buf *value = &o->scratch->value;

	if (xattr_names(&from, &all->names) < 0)
		return object_fail(o, "cannot list the extended attributes of", err);
	for (const char *n = all->names.data; n < all->names.data + all->names.len;
	     n += strlen(n) + 1) {
		if (!xattr_travels(n))
			continue;
		if (xattr_value(&from, n, value) < 0)
			return object_fail(o, "cannot read an extended attribute of", err);
		if (add_attribute(all, o, n, value, err) < 0)
			return -1;
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct attribute *x = a, *y = b;

	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	if (x->name_len != y->name_len)
		return x->name_len < y->name_len ? -1 : 1;
	return memcmp(x->name, y->name, x->name_len);
}

static uint32_t hash_of(const struct attribute *a, const char *value)
{
	uint32_t hash = 0, word;

	for (size_t i = 0; i < a->name_len; i++)
		hash = hash << 5 ^ hash >> 27 ^ (unsigned char)a->name[i];
	for (size_t at = 0; at < a->len; at += 4) {
		word = 0;
		memcpy(&word, value + at, a->len - at < 4 ? a->len - at : 4);
		hash = hash << 16 ^ hash >> 16 ^ le32toh(word);
	}
	return hash;
}

/*
 * Entries from `first` on, values from the end downwards; offsets count from base. False:
 * no room.
 */
static bool place(const struct attributes *all, char *base, size_t first, size_t size,
		  bool with_hash)
{
	size_t at = first, bottom = size;

	for (size_t i = 0; i < all->nr; i++) {
		const struct attribute *a = &all->v[i];
		const char *value = all->values.data + a->value_at;
		struct ext2_ext_attr_entry e = {
			.e_name_len = a->name_len, .e_name_index = a->index,
			.e_value_size = htole32((uint32_t)a->len),
			.e_hash = with_hash ? htole32(hash_of(a, value)) : 0,
		};

		if (at + EXT2_EXT_ATTR_LEN(a->name_len) + 4 + EXT2_EXT_ATTR_SIZE(a->len) > bottom)
			return false;
		if (a->len) {
			bottom -= EXT2_EXT_ATTR_SIZE(a->len);
			memcpy(base + bottom, value, a->len);
			e.e_value_offs = htole16((uint16_t)bottom);
		}
		memcpy(base + at, &e, sizeof(e));
		memcpy(base + at + sizeof(e), a->name, a->name_len);
		at += EXT2_EXT_ATTR_LEN(a->name_len);
	}
	return true;
}

static bool into_inode(const struct attributes *all, struct ext2_inode_large *inode)
{
	char area[IMAGE_INODE - IN_INODE_FROM] = { 0 };
	const uint32_t magic = htole32(EXT2_EXT_ATTR_MAGIC);

	/* Offsets count from behind the magic number. */
	if (!place(all, area + sizeof(magic), 0, sizeof(area) - sizeof(magic), false))
		return false;
	memcpy(area, &magic, sizeof(magic));
	memcpy((char *)inode + IN_INODE_FROM, area, sizeof(area));
	return true;
}

/* Its number into *at. */
static int into_block(struct image *im, const struct attributes *all, struct copy_object *o,
		      uint64_t *at, struct err *err)
{
	const struct ext2_ext_attr_header head = {
		.h_magic = htole32(EXT2_EXT_ATTR_MAGIC), .h_refcount = htole32(1),
		.h_blocks = htole32(1),
	};
	char *block = xcalloc(1, IMAGE_BLOCK);
	int rc;

	memcpy(block, &head, sizeof(head));
	if (!place(all, block, sizeof(head), IMAGE_BLOCK, true)) {
		free(block);
		return refuse(o, all->v[0].name, "and the others of it need more than one block", err);
	}
	rc = image_put_block(im, o->scratch->sink, block, at, err);
	free(block);
	return rc;
}

int image_xattrs(struct image *im, struct copy_object *o, struct ext2_inode_large *inode,
		 struct err *err)
{
	struct attributes *all = xcalloc(1, sizeof(*all));
	uint64_t at = 0;
	int rc;

	all->names = all->values = (struct buf)BUF_INIT;
	rc = collect(all, o, err);
	if (rc == 0 && all->nr) {
		qsort(all->v, all->nr, sizeof(all->v[0]), by_name);
		if (!into_inode(all, inode))
			rc = into_block(im, all, o, &at, err);
	}
	if (at) {
		inode->i_file_acl = (uint32_t)at;
		inode->osd2.linux2.l_i_file_acl_high = (uint16_t)(at >> 32);
		inode->i_blocks += IMAGE_BLOCK / 512;
	}
	buf_release(&all->names);
	buf_release(&all->values);
	free(all);
	return rc;
}
