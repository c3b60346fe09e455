/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One pass over a file serves both: read a chunk, hash it, write it or not. Data is
 * not synced here; a file is complete when its times have been set (copy_dir.c).
 */
#include "step/content.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/compat.h"
#include "base/progress.h"
#include "base/stop.h"
#include "base/sys.h"

#define HASH_BLOCK (64 * 1024)
#define HOLE_BLOCK 4096
#define DIRECT_BLOCK 4096

struct pass {
	int from, to;		/* to: -1 when it is given to give(), or only hashed */
	content_give *give;
	void *ctx;
	uint64_t size;
	bool sparse;
	char *buf;
	XXH3_state_t *state;
	struct hash128 hash;
};

static bool is_zero(const char *bytes, size_t len)
{
	return !bytes[0] && memcmp(bytes, bytes + 1, len - 1) == 0;
}

char *content_buffer(void)
{
	void *buf;

	if (posix_memalign(&buf, DIRECT_BLOCK, CONTENT_BUF) != 0)
		die("no memory");
	return buf;
}

/*
 * Direct reading where heads do not move: a third less work than dropping pages and
 * reading them in again. Elsewhere reading ahead is worth more.
 */
void content_from_disk(int fd, const struct stat *st, bool rotational)
{
	int flags = rotational ? -1 : fcntl(fd, F_GETFL);

	if (flags >= 0 && fcntl(fd, F_SETFL, flags | O_DIRECT) == 0)
		return;
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	if (st->st_size)
		posix_fadvise(fd, 0, CONTENT_BUF, POSIX_FADV_WILLNEED);
}

/* Not here, or not with this alignment: read as usual. */
static bool stop_direct(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && flags & O_DIRECT && fcntl(fd, F_SETFL, flags & ~O_DIRECT) == 0;
}

/* Asks for whole blocks, which direct reading needs; the end of the file cuts them. */
static int read_at(struct pass *p, uint64_t at, size_t len, struct err *err)
{
	for (size_t got = 0; got < len;) {
		size_t ask = len - got;
		ssize_t n;

		if (got % DIRECT_BLOCK == 0)
			ask = (ask + DIRECT_BLOCK - 1) / DIRECT_BLOCK * DIRECT_BLOCK;
		n = pread(p->from, p->buf + got, ask, (off_t)(at + got));
		if (n < 0 && (errno == EINTR || (errno == EINVAL && stop_direct(p->from))))
			continue;
		if (n < 0)
			return fail_errno(err, "cannot read");
		if (n == 0)
			return fail_code(err, ERR_FOREIGN, "became shorter while it was read");
		got += (size_t)n;
	}
	return 0;
}

static int write_at(const struct pass *p, char *bytes, size_t len, uint64_t at,
		    struct err *err)
{
	if (p->give)
		return p->give(p->ctx, bytes, len, at, err);
	while (len) {
		ssize_t n = sys_pwrite(p->to, bytes, len, (off_t)at);

		if (n < 0)
			return fail_errno(err, "cannot write the copy");
		bytes += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* Runs of HOLE_BLOCKs that are not all zero. */
static int write_runs(const struct pass *p, size_t len, uint64_t at, struct err *err)
{
	for (size_t from = 0, until; from < len; from = until) {
		bool zero = true;

		for (until = from; until < len;) {
			size_t n = len - until < HOLE_BLOCK ? len - until : HOLE_BLOCK;
			bool next = is_zero(p->buf + until, n);

			if (until == from)
				zero = next;
			else if (next != zero)
				break;
			until += n;
		}
		if (!zero && write_at(p, p->buf + from, until - from, at + from, err) < 0)
			return -1;
	}
	return 0;
}

static int write_chunk(const struct pass *p, size_t len, uint64_t at, struct err *err)
{
	if ((p->to < 0 && !p->give) || !len)
		return 0;
	return p->sparse ? write_runs(p, len, at, err) : write_at(p, p->buf, len, at, err);
}

static void hash_number(struct pass *p, uint64_t number)
{
	uint64_t le = htole64(number);

	XXH3_128bits_update(p->state, &le, sizeof(le));
}

static void hash_chunk(struct pass *p, size_t len, uint64_t at)
{
	for (size_t i = 0; i < len; i += HASH_BLOCK) {
		size_t n = len - i < HASH_BLOCK ? len - i : HASH_BLOCK;

		if (is_zero(p->buf + i, n))
			continue;
		hash_number(p, (at + i) / HASH_BLOCK);
		XXH3_128bits_update(p->state, p->buf + i, n);
	}
}

/* The next data at or behind at, in whole hash blocks; false: only a hole is left. */
static bool next_data(const struct pass *p, uint64_t at, uint64_t *from, uint64_t *until)
{
	off_t data, hole;

	*from = at;
	*until = p->size;
	if (!p->sparse || !kernel_can(CAN_SEEK_HOLES))
		return true;
	data = lseek(p->from, (off_t)at, SEEK_DATA);
	if (data < 0)
		return errno != ENXIO;	/* not known here: read all */
	hole = lseek(p->from, data, SEEK_HOLE);
	*from = (uint64_t)data / HASH_BLOCK * HASH_BLOCK;
	if (hole > data && (uint64_t)hole < p->size)
		*until = ((uint64_t)hole + HASH_BLOCK - 1) / HASH_BLOCK * HASH_BLOCK;
	if (*until > p->size)
		*until = p->size;
	return *from < p->size;
}

static int do_range(struct pass *p, uint64_t from, uint64_t until, struct err *err)
{
	while (from < until) {
		size_t len = until - from < CONTENT_BUF ? (size_t)(until - from) : CONTENT_BUF;

		if (stop_wanted())
			return fail_code(err, ERR_STOPPED, "stopped as asked");
		if (read_at(p, from, len, err) < 0)
			return -1;
		hash_chunk(p, len, from);
		if (write_chunk(p, len, from, err) < 0)
			return -1;
		progress_add(0, len);
		from += len;
	}
	return 0;
}

static int do_large(struct pass *p, struct err *err)
{
	uint64_t from, until = 0;
	XXH128_hash_t h;
	int rc = 0;

	p->state = XXH3_createState();
	if (!p->state)
		die("no memory");
	XXH3_128bits_reset(p->state);
	posix_fadvise(p->from, 0, 0, POSIX_FADV_SEQUENTIAL);
	while (rc == 0 && until < p->size && next_data(p, until, &from, &until))
		rc = do_range(p, from, until, err);
	hash_number(p, p->size);
	h = XXH3_128bits_digest(p->state);
	p->hash = (struct hash128){ .low = h.low64, .high = h.high64 };
	XXH3_freeState(p->state);
	return rc;
}

static int do_small(struct pass *p, struct err *err)
{
	size_t len = (size_t)p->size;

	if (len && read_at(p, 0, len, err) < 0)
		return -1;
	p->hash = hash_bytes(p->buf, len);
	progress_add(0, len);
	return write_chunk(p, len, 0, err);
}

static int run(struct pass *p, const struct stat *st, struct hash128 *out, struct err *err)
{
	p->size = (uint64_t)st->st_size;
	p->sparse = (uint64_t)st->st_blocks < p->size / 512;
	/* First: XFS fills the holes between writes that extend a file. */
	if (p->to >= 0 && p->sparse && sys_ftruncate(p->to, st->st_size) < 0)
		return fail_errno(err, "cannot set the size of the copy");
	if ((p->size > CONTENT_BUF ? do_large(p, err) : do_small(p, err)) < 0)
		return -1;
	*out = p->hash;
	return 0;
}

int content_hash(int fd, const struct stat *st, void *buf, struct hash128 *out, struct err *err)
{
	struct pass p = { .from = fd, .to = -1, .buf = buf };

	return run(&p, st, out, err);
}

int content_copy(int from, const struct stat *st, int to, void *buf, struct hash128 *out,
		 struct err *err)
{
	struct pass p = { .from = from, .to = to, .buf = buf };

	return run(&p, st, out, err);
}

int content_read(int fd, const struct stat *st, void *buf, content_give *give, void *ctx,
		 struct hash128 *out, struct err *err)
{
	struct pass p = { .from = fd, .to = -1, .give = give, .ctx = ctx, .buf = buf };

	return run(&p, st, out, err);
}
