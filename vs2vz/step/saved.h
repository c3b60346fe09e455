/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file with everything that belongs to it: read, put, and kept in the journal's folder.
 */
#ifndef VS2VZ_STEP_SAVED_H
#define VS2VZ_STEP_SAVED_H

#include "step/step.h"

#define FILE_MAX_BYTES (16u << 20)	/* of a file that a plan may replace */

struct file_xattr {
	const char *name;
	const char *value;
	size_t len;
};
struct file_meta {
	mode_t mode;
	uid_t uid;
	gid_t gid;
	bool has_mtime;
	struct timespec mtime;
	bool has_flags;
	uint32_t flags;		/* FS_IOC_GETFLAGS, what users may set; 0 where there are none */
	size_t nr_xattrs, cap_xattrs;
	struct file_xattr *xattr;
};
struct file_image {
	struct file_meta meta;
	uint64_t inode;
	struct buf content;
};
#define IMAGE_INIT { .content = BUF_INIT }
#define CLEANUP_IMAGE __attribute__((cleanup(image_release)))
void image_release(struct file_image *image);

/* Content and metadata of a regular file; more than FILE_MAX_BYTES: EFBIG. */
int file_read(struct file_image *out, const struct place *at, const struct stat *st,
	      struct pool *pool, struct err *err) MUST_CHECK;
/*
 * Create or replace, after file_clean() of the same content: temporary name beside it,
 * content, metadata, fsync, rename. Flags that forbid changes are lifted from what is
 * replaced and set last on the new file, when its name is on the disk. Otherwise the parent
 * is left to work_sync_later(). nr: of the step, whose names_least() tells how far to look.
 */
struct file_content {
	const struct work *w;
	unsigned nr;
	const void *bytes;
	size_t len;
};
int file_put(const struct file_content *c, const struct place *at, const struct file_meta *meta,
	     struct err *err) MUST_CHECK;
/*
 * The same in two halves for a file that is not there yet: the temporary file, complete
 * and handed to work_sync_later(); then, once that was flushed, the rename.
 */
int file_stage(const struct file_content *c, struct work *w, const struct place *at,
	       const struct file_meta *meta, struct err *err) MUST_CHECK;
bool file_staged(const struct file_content *c, const struct place *at);
int file_land(const struct file_content *c, const struct place *at, struct err *err) MUST_CHECK;
/* Give a file whose content is right its metadata back, where it differs; locks as above. */
int file_mend(const struct place *at, const struct stat *st, const struct file_meta *meta,
	      struct pool *pool, struct err *err) MUST_CHECK;
/* Take immutable and append-only off a regular file or directory; others have none. */
int file_lift(const struct place *at, const struct stat *st, struct err *err) MUST_CHECK;
/* Flags that users may set; of regular files and directories. set: flushed, locks as above. */
int file_flags(uint32_t *flags, const struct place *at, const struct stat *st,
	       struct err *err) MUST_CHECK;
int file_set_flags(const struct place *at, const struct stat *st, uint32_t flags,
		   struct err *err) MUST_CHECK;
/*
 * Remove what a cut left of this content under a temporary name, locked or not: the bytes
 * that are there are those, or nothing yet. Anything else is not ours, and is passed by.
 */
int file_clean(const struct file_content *c, const struct place *at, struct err *err) MUST_CHECK;

/*
 * How many of the names beside.h has for step nr may be ours: 1, or what was noted because
 * something else took the name. Noted durably before the name is used.
 */
int names_least(unsigned *least, const struct work *w, unsigned nr, struct err *err) MUST_CHECK;
int names_note(const struct work *w, unsigned nr, unsigned used, struct err *err) MUST_CHECK;

/*
 * The image of step nr: written unless a whole one is there, and handed with its folder
 * to work_sync_later(); read; forgotten. A torn image was never flushed: what it is of
 * has not been touched.
 */
enum saved { SAVED_NOT, SAVED_TORN, SAVED_WHOLE };
int saved_write(struct work *w, unsigned nr, const struct file_image *image,
		struct err *err) MUST_CHECK;
int saved_read(struct file_image *out, enum saved *saved, const struct work *w, unsigned nr,
	       struct err *err) MUST_CHECK;
int saved_drop(const struct work *w, unsigned nr, struct err *err) MUST_CHECK;

/* Step nr found its result there before it ever ran: noted, or not (any more), durably. */
int found_note(const struct work *w, unsigned nr, bool found, struct err *err) MUST_CHECK;
/* 1: it was noted, 0: it was not. */
int found_noted(const struct work *w, unsigned nr, struct err *err) MUST_CHECK;

/* Copy a file that somebody changed to kept/N, durably. */
int kept_write(const struct work *w, unsigned nr, const struct place *from,
	       const struct stat *st, struct err *err) MUST_CHECK;
/* 1: there is one, 0: there is none. */
int kept_there(const struct work *w, unsigned nr, struct err *err) MUST_CHECK;

#endif
