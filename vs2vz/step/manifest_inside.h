/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of a manifest, for manifest*.c only.
 */
#ifndef VS2VZ_STEP_MANIFEST_INSIDE_H
#define VS2VZ_STEP_MANIFEST_INSIDE_H

#include "base/hash.h"
#include "step/manifest.h"

#define MANIFEST_ROOT_SELF 1	/* key of the block that holds the root, as "." */

struct manifest_entry {
	uint32_t name;		/* where in the page's names */
	uint32_t mode, uid, gid, nlink;
	uint32_t mtime_ns, ctime_ns;
	bool again;		/* the steps of the plan changed it */
	bool gone;		/* mode 0: it was there before the steps of the plan, or never */
	bool seen;
	uint64_t ino, size;
	int64_t mtime, ctime;
};

/* Names of one directory. */
struct manifest_page {
	struct manifest_page *next;
	const struct walk_dir *dir;
	struct buf names;	/* NUL-terminated, one after the other */
	size_t nr, cap;
	struct manifest_entry *v;
	uint32_t *slot;		/* number of the entry, from 1; open addressing */
	size_t slots;
};
void manifest_page_release(struct manifest_page *p);
struct manifest_entry *manifest_page_find(struct manifest_page *p, const char *name);
static inline const char *manifest_page_name(const struct manifest_page *p,
					     const struct manifest_entry *e)
{
	return p->names.data + e->name;
}

/* One block: 24 bytes. */
struct manifest_row {
	uint64_t key;
	uint64_t at;		/* of its body; the lowest bit: a block of the second state */
	uint32_t len;
	uint32_t nr;
};
struct manifest_file {
	int fd;
	uint64_t found_end, end;	/* behind the first, the last seal */
	uint64_t found_blocks, blocks;
	uint64_t found_objects, objects;
	struct hash128 found_sum;
	size_t nr, cap;
	struct manifest_row *row;	/* by key, then place */
};
#define MANIFEST_FILE_INIT { .fd = -1 }
#define CLEANUP_MANIFEST __attribute__((cleanup(manifest_file_close)))
/* -1: ENOENT, VS_JOURNAL_DAMAGED. Reads all of it. */
int manifest_file_open(struct manifest_file *f, int folder, const char *name, struct err *err) MUST_CHECK;
void manifest_file_close(struct manifest_file *f);
/* What it knows of the directory with this key, in that state; *p is zero before. */
int manifest_page_load(struct manifest_page *p, const struct manifest_file *f, uint64_t key,
		       enum manifest_state state, struct err *err) MUST_CHECK;
/* Go on behind the state as it was found; a second state is taken off the file and off f. */
struct manifest_writer *manifest_again(const struct place *at, struct manifest_file *f,
				       struct err *err);
/* The key of a name in a directory, if it is a directory itself. */
uint64_t manifest_key(uint64_t parent, const char *name);

#endif
