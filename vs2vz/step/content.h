/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of regular files: hashing, and copying with a hash on the way.
 *
 * The hash does not depend on where a file has holes, and a hole costs nothing
 * however large it is. Up to CONTENT_BUF bytes: XXH3-128 of the content. Larger:
 * XXH3-128 over, for each block of 64 KiB that is not all zero, its number (u64,
 * little endian) and its bytes, and at the end the size (u64, little endian).
 */
#ifndef VS2VZ_STEP_CONTENT_H
#define VS2VZ_STEP_CONTENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/hash.h"

#define CONTENT_BUF (1024 * 1024)

/* A buffer of CONTENT_BUF bytes for one thread, good for direct reading; free() it. */
char *content_buffer(void);
/* Let reads of an open file come from the disk and not from memory. */
void content_from_disk(int fd, const struct stat *st, bool rotational);

/*
 * buf: from content_buffer(). A file that ends before st->st_size
 * is ERR_FOREIGN. The texts do not name the file: callers put its path before.
 */
int content_hash(int fd, const struct stat *st, void *buf, struct hash128 *out,
		 struct err *err) MUST_CHECK;
/*
 * Give the content piece by piece, in order: bytes are aligned to 4 KiB in a buffer with room
 * up to the next 4 KiB, at is a multiple of 4 KiB. Holes and, where the source has holes,
 * runs of zeros are left out.
 */
typedef int content_give(void *ctx, char *bytes, size_t len, uint64_t at, struct err *err);
int content_read(int fd, const struct stat *st, void *buf, content_give *give, void *ctx,
		 struct hash128 *out, struct err *err) MUST_CHECK;
/* Into an empty file. Runs of 4 KiB of zeros become holes where the source has holes. */
int content_copy(int from, const struct stat *st, int to, void *buf, struct hash128 *out,
		 struct err *err) MUST_CHECK;

#endif
