/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories of the image. Names gather in memory until all of one directory are
 * known; few directories are read at a time, so few gather. One block holds most; a
 * larger one is written with its index at once: names sorted by hash into leaf blocks,
 * and above them one or two levels of (hash, block) pairs (kernel: fs/ext4/namei.c,
 * libext2fs: ext2_fs.h). Linear in the number of names but for the sort.
 */
#include "step/image_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/pool.h"

#define DOT_LEN 12		/* entries of "." and ".." */
#define ROOT_HEAD (2 * DOT_LEN + sizeof(struct ext2_dx_root_info))
#define ROOT_MOST ((IMAGE_BLOCK - ROOT_HEAD) / sizeof(struct ext2_dx_entry))
#define NODE_HEAD 8		/* an entry of inode 0 as long as the block */
#define NODE_MOST ((IMAGE_BLOCK - NODE_HEAD) / sizeof(struct ext2_dx_entry))
#define LINKS_MOST 65000u

struct dir_name {
	uint32_t ino;
	uint8_t type, len;
	/* followed by the name */
};

struct sorted {
	uint32_t hash, minor;
	const char *at;		/* struct dir_name and name, not aligned */
};

/* The leaf blocks of a directory on their way out. */
struct leaves {
	struct image *im;
	const struct image_dir *dir;
	struct chunk *c;
	char *block;		/* of the caller, aligned */
	uint32_t used, last;	/* bytes; offset of the last entry */
	uint32_t logical;
};

struct image_dir *image_dir_new(struct image *im, ext2_ino_t ino, ext2_ino_t parent)
{
	struct image_dir *dir = xcalloc(1, sizeof(*dir));

	dir->ino = ino;
	dir->parent = parent;
	dir->names = (struct buf)BUF_INIT;
	pthread_mutex_lock(&im->lock);
	dir->next = im->dirs;
	if (im->dirs)
		im->dirs->before = dir;
	im->dirs = dir;
	pthread_mutex_unlock(&im->lock);
	return dir;
}

void image_dir_free(struct image *im, struct image_dir *dir)
{
	pthread_mutex_lock(&im->lock);
	if (dir->before)
		dir->before->next = dir->next;
	else
		im->dirs = dir->next;
	if (dir->next)
		dir->next->before = dir->before;
	pthread_mutex_unlock(&im->lock);
	buf_release(&dir->names);
	free(dir);
}

static uint8_t type_of(mode_t mode)
{
	static const struct {
		mode_t mode;
		uint8_t type;
	} rows[] = {
		{ S_IFREG, EXT2_FT_REG_FILE }, { S_IFDIR, EXT2_FT_DIR }, { S_IFCHR, EXT2_FT_CHRDEV },
		{ S_IFBLK, EXT2_FT_BLKDEV }, { S_IFIFO, EXT2_FT_FIFO }, { S_IFSOCK, EXT2_FT_SOCK },
		{ S_IFLNK, EXT2_FT_SYMLINK },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].mode == (mode & S_IFMT))
			return rows[i].type;
	return EXT2_FT_UNKNOWN;
}

void image_dir_add(struct image *im, struct image_dir *dir, const char *name, ext2_ino_t ino,
		   mode_t mode)
{
	struct dir_name n = { ino, type_of(mode), (uint8_t)strlen(name) };

	pthread_mutex_lock(&im->lock);
	buf_add(&dir->names, &n, sizeof(n));
	buf_add(&dir->names, name, n.len);
	dir->nr++;
	dir->subdirs += S_ISDIR(mode);
	pthread_mutex_unlock(&im->lock);
}

static uint32_t entry_len(size_t name_len)
{
	return (uint32_t)(8 + (name_len + 3) / 4 * 4);
}

static void put_entry(char *at, const struct dir_name *n, uint32_t rec_len, const char *name)
{
	const struct {
		uint32_t ino;
		uint16_t rec_len;
		uint8_t len, type;
	} e = { htole32(n->ino), htole16((uint16_t)rec_len), n->len, n->type };

	memcpy(at, &e, sizeof(e));
	memcpy(at + sizeof(e), name, n->len);
}

static void put_dots(const struct image_dir *dir, char *block, uint32_t second_len)
{
	const struct dir_name self = { dir->ino, EXT2_FT_DIR, 1 };
	const struct dir_name above = { dir->parent, EXT2_FT_DIR, 2 };

	put_entry(block, &self, DOT_LEN, ".");
	put_entry(block + DOT_LEN, &above, second_len, "..");
}

/* The last entry reaches to the end of the block. */
static int close_block(struct leaves *l, struct err *err)
{
	uint16_t rest = htole16((uint16_t)(IMAGE_BLOCK - l->last));
	int rc;

	memcpy(l->block + l->last + 4, &rest, sizeof(rest));
	rc = image_put(l->im, l->c, l->logical++, l->block, IMAGE_BLOCK, err);
	memset(l->block, 0, IMAGE_BLOCK);
	l->used = l->last = 0;
	return rc;
}

static void put_name(struct leaves *l, const char *at)
{
	struct dir_name n;

	memcpy(&n, at, sizeof(n));
	put_entry(l->block + l->used, &n, entry_len(n.len), at + sizeof(n));
	l->last = l->used;
	l->used += entry_len(n.len);
}

static uint32_t len_of(const char *at)
{
	struct dir_name n;

	memcpy(&n, at, sizeof(n));
	return entry_len(n.len);
}

static const char *next_name(const char *at)
{
	struct dir_name n;

	memcpy(&n, at, sizeof(n));
	return at + sizeof(n) + n.len;
}

static size_t bytes_needed(const struct image_dir *dir)
{
	const char *at = dir->names.data;
	size_t sum = 2 * DOT_LEN;

	for (size_t i = 0; i < dir->nr; i++, at = next_name(at))
		sum += len_of(at);
	return sum;
}

static int write_single(struct leaves *l, const struct image_dir *dir, struct err *err)
{
	const char *at = dir->names.data;

	put_dots(dir, l->block, DOT_LEN);
	l->used = 2 * DOT_LEN;
	l->last = DOT_LEN;
	for (size_t i = 0; i < dir->nr; i++, at = next_name(at))
		put_name(l, at);
	return close_block(l, err);
}

static int by_hash(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->minor < y->minor ? -1 : x->minor > y->minor;
}

static struct sorted *sort_names(const struct image *im, const struct image_dir *dir,
				 struct err *err)
{
	struct sorted *v = xcalloc(dir->nr, sizeof(*v));
	const char *at = dir->names.data;

	for (size_t i = 0; i < dir->nr; i++, at = next_name(at)) {
		struct dir_name n;
		errcode_t code;

		memcpy(&n, at, sizeof(n));
		v[i].at = at;
		code = ext2fs_dirhash2(EXT2_HASH_HALF_MD4, at + sizeof(n), n.len, NULL, 0,
				       im->fs->super->s_hash_seed, &v[i].hash, &v[i].minor);
		if (code) {
			free(v);
			image_fail(err, code, "cannot hash a name");
			return NULL;
		}
	}
	qsort(v, dir->nr, sizeof(*v), by_hash);
	return v;
}

/*
 * Leaf blocks from block `first` on; pairs[] gets the hash that each begins with. A hash
 * that goes on from the block before has its lowest bit set.
 */
static int write_leaves(struct leaves *l, const struct sorted *v, size_t nr, uint32_t *hashes,
			struct err *err)
{
	size_t leaf = 0;

	for (size_t i = 0; i < nr; i++) {
		if (i && l->used + len_of(v[i].at) > IMAGE_BLOCK) {
			if (close_block(l, err) < 0)
				return -1;
			hashes[++leaf] = v[i].hash | (v[i].hash == v[i - 1].hash);
		}
		put_name(l, v[i].at);
	}
	return close_block(l, err);
}

/* How many leaves the sorted names take. */
static size_t count_leaves(const struct sorted *v, size_t nr)
{
	size_t leaves = 1;
	uint32_t used = 0;

	for (size_t i = 0; i < nr; i++) {
		uint32_t len = len_of(v[i].at);

		if (used + len > IMAGE_BLOCK) {
			leaves++;
			used = 0;
		}
		used += len;
	}
	return leaves;
}

/* A table of (hash, block); limit and count stand in the place of the first hash. */
static void put_table(char *at, size_t most, const uint32_t *hashes, size_t nr, uint32_t first)
{
	const struct ext2_dx_countlimit head = { htole16((uint16_t)most), htole16((uint16_t)nr) };

	for (size_t i = 0; i < nr; i++) {
		const struct ext2_dx_entry e = { htole32(hashes[i]), htole32(first + (uint32_t)i) };

		memcpy(at + i * sizeof(e), &e, sizeof(e));
	}
	memcpy(at, &head, sizeof(head));
}

static int write_root(struct leaves *l, const uint32_t *hashes, size_t nr, uint8_t levels,
		      struct err *err)
{
	const struct ext2_dx_root_info info = {
		.hash_version = EXT2_HASH_HALF_MD4, .info_length = sizeof(info),
		.indirect_levels = levels,
	};

	put_dots(l->dir, l->block, IMAGE_BLOCK - DOT_LEN);
	memcpy(l->block + 2 * DOT_LEN, &info, sizeof(info));
	put_table(l->block + ROOT_HEAD, ROOT_MOST, hashes, nr, 1);
	l->last = DOT_LEN;
	l->logical = 0;
	return close_block(l, err);
}

static int write_nodes(struct leaves *l, const uint32_t *hashes, size_t leaves, size_t nodes,
		       struct err *err)
{
	static const struct dir_name none;

	for (size_t i = 0; i < nodes; i++) {
		size_t from = i * NODE_MOST;
		size_t nr = leaves - from < NODE_MOST ? leaves - from : NODE_MOST;

		put_entry(l->block, &none, IMAGE_BLOCK, "");
		put_table(l->block + NODE_HEAD, NODE_MOST, hashes + from, nr,
			  (uint32_t)(1 + nodes + from));
		l->last = 0;
		if (close_block(l, err) < 0)
			return -1;
	}
	return 0;
}

/* Root, nodes where the root cannot name all leaves, leaves: in this order in the file. */
static int write_indexed(struct leaves *l, const struct image_dir *dir, const struct sorted *v,
			 struct err *err)
{
	size_t leaves = count_leaves(v, dir->nr);
	size_t nodes = leaves <= ROOT_MOST ? 0 : (leaves + NODE_MOST - 1) / NODE_MOST;
	uint32_t *hashes = xcalloc(leaves + nodes, sizeof(*hashes));
	uint32_t *of_nodes = hashes + leaves;
	int rc;

	if (nodes > ROOT_MOST) {
		free(hashes);
		return fail(err, "a directory has too many names for two levels of index");
	}
	/* Leaves have their places before what names them is written. */
	l->logical = (uint32_t)(1 + nodes);
	rc = write_leaves(l, v, dir->nr, hashes, err);
	for (size_t i = 0; i < nodes; i++)
		of_nodes[i] = hashes[i * NODE_MOST];
	if (rc == 0)
		rc = write_root(l, nodes ? of_nodes : hashes, nodes ? nodes : leaves,
				nodes != 0, err);
	if (rc == 0)
		rc = write_nodes(l, hashes, leaves, nodes, err);
	free(hashes);
	return rc;
}

static int by_logical(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	return x->logical < y->logical ? -1 : x->logical > y->logical;
}

static int write_all_blocks(struct leaves *l, const struct image_dir *dir, bool *indexed,
			    struct err *err)
{
	struct sorted *v;
	int rc;

	*indexed = bytes_needed(dir) > IMAGE_BLOCK;
	if (!*indexed)
		return write_single(l, dir, err);
	v = sort_names(l->im, dir, err);
	if (!v)
		return -1;
	rc = write_indexed(l, dir, v, err);
	free(v);
	qsort(l->c->runs.v, l->c->runs.nr, sizeof(*l->c->runs.v), by_logical);
	return rc;
}

int image_dir_write(struct image *im, struct chunk *c, const struct image_dir *dir,
		    struct ext2_inode_large *inode, struct err *err)
{
	char *block = xcalloc(1, IMAGE_BLOCK);
	struct leaves l = { .im = im, .dir = dir, .c = c, .block = block };
	uint32_t links = dir->subdirs + 2;
	uint64_t size = 0;
	bool indexed;
	int rc = write_all_blocks(&l, dir, &indexed, err);

	free(block);
	if (rc < 0)
		return -1;
	for (size_t i = 0; i < c->runs.nr; i++)
		size += (uint64_t)c->runs.v[i].len * IMAGE_BLOCK;
	inode->i_size = (uint32_t)size;
	if (indexed)
		inode->i_flags |= EXT2_INDEX_FL;
	/* One link means: too many to count (feature dir_nlink). */
	inode->i_links_count = (uint16_t)(links < LINKS_MOST ? links : 1);
	return image_map(im, c, inode, err);
}
