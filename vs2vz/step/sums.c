/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records are appended in batches. To look them up in bounded memory, inode numbers
 * are divided into parts by a hash; each part is loaded by reading the whole file.
 */
#include "step/sums.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/pool.h"

#define PENDING (sizeof(((struct sums_out *)0)->pending) / sizeof(struct sum_record))

_Static_assert(sizeof(struct sum_record) == 32, "the record has no padding");

int sums_begin(struct sums_out *out, int fd, struct err *err)
{
	off_t end;

	out->fd = fd;
	out->nr = 0;
	pthread_mutex_init(&out->lock, NULL);
	if (fd < 0)
		return 0;
	end = lseek(fd, 0, SEEK_END);
	if (end < 0)
		return fail_errno(err, "cannot append to the record of copied files");
	end -= end % (off_t)sizeof(struct sum_record);
	if (sys_ftruncate(fd, end) < 0 || lseek(fd, end, SEEK_SET) < 0)
		return fail_errno(err, "cannot append to the record of copied files");
	return 0;
}

static int flush(struct sums_out *out, struct err *err)
{
	size_t nr = out->nr;

	out->nr = 0;
	if (nr && write_all(out->fd, out->pending, nr * sizeof(out->pending[0]), err) < 0) {
		err_add(err, "cannot write the record of copied files");
		return -1;
	}
	return 0;
}

uint64_t sums_source(const struct stat *source)
{
	const uint64_t mixed[4] = {
		htole64(source->st_ino), htole64((uint64_t)source->st_size),
		htole64((uint64_t)source->st_mtim.tv_sec),
		htole64((uint64_t)source->st_mtim.tv_nsec),
	};

	return hash_bytes(mixed, sizeof(mixed)).low;
}

int sums_add(struct sums_out *out, const struct stat *source, uint64_t ino, struct hash128 hash,
	     struct err *err)
{
	int rc = 0;

	if (out->fd < 0)
		return 0;
	pthread_mutex_lock(&out->lock);
	out->pending[out->nr++] = (struct sum_record){
		.ino = htole64(ino),
		.source = htole64(sums_source(source)),
		.hash = { .low = htole64(hash.low), .high = htole64(hash.high) },
	};
	if (out->nr == PENDING)
		rc = flush(out, err);
	pthread_mutex_unlock(&out->lock);
	return rc;
}

int sums_end(struct sums_out *out, struct err *err)
{
	int rc = flush(out, err);

	pthread_mutex_destroy(&out->lock);
	return rc;
}

unsigned sums_parts(int fd, struct err *err)
{
	struct stat st;

	if (fd < 0)
		return 1;
	if (fstat(fd, &st) < 0) {
		fail_errno(err, "cannot read the record of copied files");
		return 0;
	}
	return 1 + (unsigned)((uint64_t)st.st_size / sizeof(struct sum_record) / SUMS_PART);
}

static uint64_t spread(uint64_t ino)
{
	return ino * UINT64_C(0x9E3779B97F4A7C15);
}

bool sums_covers(const struct sums_table *table, uint64_t ino)
{
	return (spread(ino) >> 32) % table->parts == table->part;
}

static struct sum_record *probe(const struct sums_table *table, uint64_t ino)
{
	size_t i = (size_t)(spread(ino) >> 20) & (table->cap - 1);

	while (table->slot[i].ino && table->slot[i].ino != ino)
		i = (i + 1) & (table->cap - 1);
	return &table->slot[i];
}

/* Count (table->slot NULL) or fill in the records of the part. */
static int64_t scan(struct sums_table *table, int fd, struct err *err)
{
	struct sum_record some[1024];
	int64_t nr = 0;
	off_t at = 0;

	for (;;) {
		ssize_t got = pread(fd, some, sizeof(some), at);
		size_t whole = got > 0 ? (size_t)got / sizeof(some[0]) : 0;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_errno(err, "cannot read the record of copied files");
		if (!whole)
			return nr;
		at += (off_t)(whole * sizeof(some[0]));
		for (size_t i = 0; i < whole; i++) {
			struct sum_record r = {
				.ino = le64toh(some[i].ino),
				.source = le64toh(some[i].source),
				.hash = { .low = le64toh(some[i].hash.low),
					  .high = le64toh(some[i].hash.high) },
			};

			if (!r.ino || !sums_covers(table, r.ino))
				continue;
			nr++;
			if (table->slot)
				*probe(table, r.ino) = r;
		}
	}
}

int sums_load(struct sums_table *table, int fd, unsigned part, unsigned parts, struct err *err)
{
	int64_t nr;

	*table = (struct sums_table){ .part = part, .parts = parts };
	if (fd < 0)
		return 0;
	nr = scan(table, fd, err);
	if (nr <= 0)
		return (int)nr;
	for (table->cap = 64; table->cap / 3 * 2 < (size_t)nr; table->cap *= 2)
		;
	table->slot = xcalloc(table->cap, sizeof(*table->slot));
	if (scan(table, fd, err) < 0) {
		sums_release(table);
		return -1;
	}
	return 0;
}

const struct hash128 *sums_find(const struct sums_table *table, const struct stat *source,
				uint64_t ino)
{
	const struct sum_record *r;

	if (!table->slot || !ino || !sums_covers(table, ino))
		return NULL;
	r = probe(table, ino);
	return r->ino && r->source == sums_source(source) ? &r->hash : NULL;
}

void sums_release(struct sums_table *table)
{
	free(table->slot);
	table->slot = NULL;
	table->cap = 0;
}
