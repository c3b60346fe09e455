/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record in the journal's folder: opening, and looking up. The index holds keys
 * and positions only; a record is read when it is asked for (it is in memory anyway,
 * as the kernel's, for as long as there is room). Nothing here changes anything but
 * by removing files of the journal.
 */
#include "step/marks_inside.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PART_MOST 2500000
#define SOME 1024

_Static_assert(sizeof(struct mark_record) == 64 && offsetof(struct mark_record, mtime) == 24 &&
	       offsetof(struct mark_record, value) == 20 &&
	       offsetof(struct mark_record, new_uid) == 56, "the same record on 32 and 64 bit");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "records are little endian: machines of the other order are not supported");
_Static_assert(sizeof(struct mark_head) == 64 && sizeof(struct mark_tail) == 64,
	       "head and tail have the size of a record");

const char *mark_name(char text[static MARK_NAME], unsigned nr, const char *suffix)
{
	snprintf(text, MARK_NAME, "marks.%u%s", nr, suffix);
	return text;
}

bool mark_there(const struct work *w, unsigned nr, const char *suffix, struct stat *st)
{
	char name[MARK_NAME];
	struct stat dropped;

	return below_stat(w->folder, mark_name(name, nr, suffix), st ? st : &dropped) == 0;
}

int mark_drop(const struct work *w, unsigned nr, const char *suffix, struct err *err)
{
	char name[MARK_NAME];
	const struct place at = { w->folder, mark_name(name, nr, suffix) };

	if (sys_unlink(&at) < 0 && errno != ENOENT)
		return fail_errno(err, "cannot remove the record '%s'", name);
	return 0;
}

void mark_sum(struct hash128 *sum, const void *records, size_t nr)
{
	const struct mark_record *r = records;

	for (size_t i = 0; i < nr; i++)
		hash_add(sum, hash_bytes(&r[i], sizeof(r[i])));
}

/* Every record is read once: a flipped bit or a hole would set wrong owners. 0: damaged. */
static int is_whole(const struct mark_file *f)
{
	const size_t size = sizeof(struct mark_record);
	struct mark_tail tail, want = { .unused = { 0 } };
	struct mark_record some[SOME];

	for (uint64_t nr = 0; nr <= f->head.nr;) {	/* the head is the first of them */
		uint64_t most = f->head.nr + 1 - nr < SOME ? f->head.nr + 1 - nr : SOME;
		ssize_t got = pread(f->fd, some, (size_t)most * size, (off_t)(nr * size));

		if (got < (ssize_t)size)
			return got < 0 ? -1 : 0;
		mark_sum(&want.sum, some, (size_t)got / size);
		nr += (size_t)got / size;
	}
	if (pread(f->fd, &tail, size, (off_t)((f->head.nr + 1) * size)) != (ssize_t)size)
		return 0;
	return memcmp(&want, &tail, size) == 0;
}

int mark_file_open(struct mark_file *f, const struct work *w, unsigned nr, struct err *err)
{
	char name[MARK_NAME];
	struct stat st;
	int whole = 0;

	*f = (struct mark_file){ .fd = -1 };
	if (below_stat(w->folder, mark_name(name, nr, ""), &st) < 0)
		return errno == ENOENT ? 0 : fail_errno(err, "cannot look at '%s'", name);
	f->fd = below_open(w->folder, name, &st);
	if (f->fd < 0)
		return fail_errno(err, "cannot open '%s'", name);
	if (pread(f->fd, &f->head, sizeof(f->head), 0) == sizeof(f->head) &&
	    memcmp(f->head.magic, MARK_MAGIC, sizeof(f->head.magic)) == 0 &&
	    f->head.steps <= f->head.nr && f->head.steps < SIZE_MAX / sizeof(struct mark_record) &&
	    f->head.nr < UINT64_MAX / sizeof(struct mark_record) - 2 &&
	    (uint64_t)st.st_size == (f->head.nr + 2) * sizeof(struct mark_record))
		whole = is_whole(f);
	if (whole > 0)
		return 0;
	if (whole < 0)
		fail_errno(err, "cannot read '%s'", name);
	else
		fail(err, "record '%s' is damaged", name);
	mark_file_close(f);
	return -1;
}

void mark_file_close(struct mark_file *f)
{
	close_fd(&f->fd);
}

unsigned mark_parts(const struct mark_file *f)
{
	return 1 + (unsigned)(f->head.nr / PART_MOST);
}

static uint64_t spread(uint64_t key)
{
	return key * UINT64_C(0x9E3779B97F4A7C15);
}

bool mark_covers(const struct mark_index *x, uint64_t ino)
{
	return (spread(ino) >> 32) % x->parts == x->part;
}

static uint64_t key_of(uint64_t ino, unsigned class)
{
	return ino << 2 | class;
}

static size_t probe(const struct mark_index *x, uint64_t key)
{
	size_t i = (size_t)(spread(key) >> 20) & (x->cap - 1);

	while (x->key[i] && x->key[i] != key)
		i = (i + 1) & (x->cap - 1);
	return i;
}

/* Count the part's records (no table yet), or enter them. */
static int64_t scan(struct mark_index *x, const struct mark_file *f, struct err *err)
{
	struct mark_record some[SOME];
	int64_t found = 0;

	for (uint64_t nr = 0; nr < f->head.nr;) {
		uint64_t most = f->head.nr - nr < SOME ? f->head.nr - nr : SOME;
		ssize_t got = pread(x->fd, some, (size_t)most * sizeof(some[0]),
				    (off_t)((nr + 1) * sizeof(some[0])));

		if (got < (ssize_t)sizeof(some[0]))
			return fail_errno(err, "cannot read the record of changed inodes");
		for (size_t i = 0; i < (size_t)got / sizeof(some[0]); i++, nr++) {
			if (some[i].class != MARK_TIMES && !mark_covers(x, some[i].ino))
				continue;
			found++;
			if (x->key) {
				uint64_t key = key_of(some[i].ino, some[i].class);
				size_t slot = probe(x, key);

				x->key[slot] = key;
				x->at[slot] = (uint32_t)nr;
			}
		}
	}
	return found;
}

int mark_index_load(struct mark_index *x, const struct mark_file *f, unsigned part,
		    struct err *err)
{
	int64_t nr;

	*x = (struct mark_index){ .fd = f->fd, .part = part, .parts = mark_parts(f) };
	if (f->head.nr >= UINT32_MAX)
		return fail(err, "the record of changed inodes is too long");
	nr = scan(x, f, err);
	if (nr <= 0)
		return (int)nr;
	for (x->cap = 64; x->cap / 3 * 2 < (size_t)nr; x->cap *= 2)
		;
	x->key = xcalloc(x->cap, sizeof(*x->key));
	x->at = xcalloc(x->cap, sizeof(*x->at));
	if (scan(x, f, err) < 0) {
		mark_index_release(x);
		return -1;
	}
	return 0;
}

void mark_index_release(struct mark_index *x)
{
	free(x->key);
	free(x->at);
	x->key = NULL;
	x->at = NULL;
	x->cap = 0;
}

int mark_find(const struct mark_index *x, uint64_t ino, enum mark_class class,
	      struct mark_record *out)
{
	size_t slot;

	if (!x->cap || (class != MARK_TIMES && !mark_covers(x, ino)))
		return 0;
	slot = probe(x, key_of(ino, class));
	if (!x->key[slot])
		return 0;
	if (pread(x->fd, out, sizeof(*out), (off_t)((x->at[slot] + (uint64_t)1) * sizeof(*out))) ==
	    sizeof(*out))
		return 1;
	errno = EIO;
	return -1;
}

uint64_t mark_ns(int64_t seconds, uint32_t ns)
{
	return (uint64_t)seconds * 1000000000u + ns;
}
