/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record of copied files: a file of 32-byte records, appended while copying.
 *
 *	u64	inode number in the target
 *	u64	what it is a copy of: sums_source() of the source's status
 *	u64 u64	content hash (see content.h), low half first; both 0: the target shares
 *		the blocks of the source (reflink), there was nothing that could go wrong
 *
 * All little endian. Inode number 0 is no record; the last record of a number
 * counts, and only for the source that it names (a number may be used again for
 * another file after a cut took that file's record). What remains of a record at the
 * end of the file is ignored. The file is a help for verification and is not synced:
 * a lost record costs a comparison.
 */
#ifndef VS2VZ_STEP_SUMS_H
#define VS2VZ_STEP_SUMS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/hash.h"

#define SUM_SHARED ((struct hash128){ 0, 0 })
/* Records that one table holds at most; larger files are worked on in parts. */
#define SUMS_PART 340000

struct sum_record {
	uint64_t ino;
	uint64_t source;
	struct hash128 hash;
};

/* Inode number, size and mtime, mixed. */
uint64_t sums_source(const struct stat *source);

/* Appending; threads may share it. fd -1: everything succeeds and nothing is written. */
struct sums_out {
	int fd;
	pthread_mutex_t lock;
	size_t nr;
	struct sum_record pending[1024];
};
int sums_begin(struct sums_out *out, int fd, struct err *err) MUST_CHECK;
int sums_add(struct sums_out *out, const struct stat *source, uint64_t ino,
	     struct hash128 hash, struct err *err) MUST_CHECK;
/* Write the rest. */
int sums_end(struct sums_out *out, struct err *err) MUST_CHECK;

/* Looking up: one part of the inode numbers at a time. */
struct sums_table {
	unsigned part, parts;	/* which numbers it speaks of */
	size_t cap;
	struct sum_record *slot;
};
/* How many parts a file needs, at least 1; 0 on error. fd -1: 1. */
unsigned sums_parts(int fd, struct err *err);
int sums_load(struct sums_table *table, int fd, unsigned part, unsigned parts,
	      struct err *err) MUST_CHECK;
/* Does the table speak of this number? */
bool sums_covers(const struct sums_table *table, uint64_t ino);
/* The hash of a target's inode as a copy of source; NULL: not known. */
const struct hash128 *sums_find(const struct sums_table *table, const struct stat *source,
				uint64_t ino);
void sums_release(struct sums_table *table);

#endif
