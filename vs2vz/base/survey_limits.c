/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a tree asks of a file system: the largest of everything that file systems limit
 * (base/fslimits.h), with the name of the object. A path is made only beyond what the
 * least of them takes, so that usual trees cost comparisons alone.
 */
#include "base/survey_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/units.h"

#define BLOCK 4096u
#define SMALL (64u << 10)	/* contents that some file system may pack */
#define BODY 88u		/* bytes for attributes in an inode of 256 */
#define MAPPED 12u		/* blocks that need no map */

/* Every file system takes as much. */
static const uint64_t harmless[MOST_NR] = {
	[MOST_NAMES] = 1000,
	[MOST_SUBDIRS] = 1000,
	[MOST_TEXT] = 127,
	[MOST_NAME] = 127,
	[MOST_VALUE] = 512,
	[MOST_VALUES] = 512,
	[MOST_BYTES] = 1u << 30,
};

char *survey_path(const struct walk_dir *dir, const char *name)
{
	struct buf path = BUF_INIT;

	walk_path(&path, dir, name);
	return path.data;	/* never empty, so it is malloc'd */
}

/* Keep the bytewise smaller of two paths, free the other. */
void survey_take_path(const char **into, const char *from)
{
	const char *out = *into;

	if (from && (!out || strcmp(from, out) < 0)) {
		*into = from;
		from = out;
	}
	free((char *)from);
}

/* The greater one; of equal ones that with the smaller path: it is always the same. */
static void take_peak(struct survey_peak *into, struct survey_peak from)
{
	if (from.value > into->value) {
		free((char *)into->path);
		*into = from;
	} else if (from.value == into->value && from.ino == into->ino) {
		survey_take_path(&into->path, from.path);
	} else if (from.value == into->value && from.path && into->path &&
		   strcmp(from.path, into->path) < 0) {
		free((char *)into->path);
		*into = from;
	} else {
		free((char *)from.path);
	}
}

static void peak(struct survey *s, enum survey_most which, uint64_t value, uint64_t ino,
		 const struct walk_dir *dir, const char *name)
{
	struct survey_peak *top = &s->most[which];

	if (value < top->value || (value == top->value && value <= harmless[which]))
		return;
	take_peak(top, (struct survey_peak){
		value, ino, value > harmless[which] ? survey_path(dir, name) : NULL });
}

static void take_time(struct survey_time *into, struct survey_time from, bool later)
{
	into->inodes += from.inodes;
	if (later ? from.seconds > into->seconds : from.seconds < into->seconds) {
		free((char *)into->path);
		into->seconds = from.seconds;
		into->path = from.path;
	} else if (from.seconds == into->seconds) {
		survey_take_path(&into->path, from.path);
	} else {
		free((char *)from.path);
	}
}

/* One time beyond what counts; another one at the same second is compared by its path. */
static void far_time(struct survey_time *t, bool later, const struct walk_dir *dir,
		     const struct walk_entry *e)
{
	const int64_t seconds = e->meta.st.st_mtim.tv_sec;
	bool keep = later ? seconds >= t->seconds : seconds <= t->seconds;

	take_time(t, (struct survey_time){
		seconds, 1, keep ? survey_path(dir, e->name) : NULL }, later);
}

static void count_time(struct survey *s, const struct walk_dir *dir, const struct walk_entry *e)
{
	const struct timespec *t = &e->meta.st.st_mtim;

	s->fractions += t->tv_nsec != 0;
	if (t->tv_sec > INT32_MAX)
		far_time(&s->latest, true, dir, e);
	else if (t->tv_sec < 0)
		far_time(&s->earliest, false, dir, e);
}

static uint64_t in_blocks(uint64_t bytes)
{
	return (bytes + BLOCK - 1) / BLOCK * BLOCK;
}

/* A small file with holes counts as one without: which of both it is cannot be told. */
static void count_size(struct survey *s, const struct walk_dir *dir, const struct walk_entry *e)
{
	const struct stat *st = &e->meta.st;
	uint64_t size = (uint64_t)st->st_size, taken = in_blocks((uint64_t)st->st_blocks * 512);

	if (S_ISREG(st->st_mode)) {
		if (size <= SMALL && in_blocks(size) > taken)
			taken = in_blocks(size);
		s->mapped_files += taken > MAPPED * BLOCK;
		peak(s, MOST_BYTES, size, st->st_ino, dir, e->name);
	} else if (S_ISLNK(st->st_mode)) {
		taken = in_blocks(size);
		peak(s, MOST_TEXT, size, st->st_ino, dir, e->name);
	} else {
		taken = S_ISDIR(st->st_mode) ? BLOCK : 0;
	}
	s->bytes_whole += taken;
}

void limits_inode(struct survey *s, const struct walk_dir *dir, const struct walk_entry *e,
		  uint32_t flags)
{
	count_time(s, dir, e);
	count_size(s, dir, e);
	flags &= META_GUEST_FLAGS;
	for (unsigned bit = 0; flags; bit++, flags >>= 1) {
		struct survey_flag *f = &s->flag[bit];

		if (!(flags & 1))
			continue;
		f->inodes++;
		if (!f->path)
			f->path = survey_path(dir, e->name);
	}
}

void limits_names(struct survey *s, struct walk_dir *dir, const struct walk_entry *v, size_t nr)
{
	uint64_t dirs = 0;

	for (size_t i = 0; i < nr; i++) {
		const struct stat *st = &v[i].meta.st;
		size_t len = strlen(v[i].name);

		dirs += S_ISDIR(st->st_mode);
		s->bytes_names += 8 + (len + 3) / 4 * 4;
		peak(s, MOST_NAME, len, st->st_ino, dir, v[i].name);
		/* As many as there are; how many of them are in the tree is seen at the end. */
		if (!S_ISDIR(st->st_mode) && st->st_nlink > harmless[MOST_NAMES])
			peak(s, MOST_NAMES, st->st_nlink, link_key(st), dir, v[i].name);
	}
	if (dirs)
		peak(s, MOST_SUBDIRS, __atomic_add_fetch(&dir->mark, dirs, __ATOMIC_RELAXED),
		     dir->ino, dir, NULL);
}

/* What an attribute takes in a list of ext's; the prefix is one number there. */
static uint64_t ext_room(const char *name, uint64_t value)
{
	const char *dot = strchr(name, '.');
	uint64_t len = strncmp(name, "system.", 7) == 0 || !dot ? 0 : strlen(dot + 1);

	return 16 + (len + 3) / 4 * 4 + (value + 3) / 4 * 4;
}

int limits_values(struct survey *s, const struct walk_dir *dir, const struct walk_entry *e,
		  const struct bearer *of, const struct buf *names)
{
	const char *end = names->data + names->len;
	uint64_t sum = 0;

	for (const char *n = names->data; n < end; n += strlen(n) + 1) {
		int64_t len = xattr_travels(n) ? xattr_size(of, n) : 0;

		if (len < 0)
			return -1;
		if (!xattr_travels(n))
			continue;
		sum += ext_room(n, (uint64_t)len);
		peak(s, MOST_VALUE, strlen(n) + (uint64_t)len, e->meta.st.st_ino, dir, e->name);
	}
	peak(s, MOST_VALUES, sum, e->meta.st.st_ino, dir, e->name);
	s->big_values += sum > BODY;
	return 0;
}

void limits_merge(struct survey *into, const struct survey *from)
{
	for (unsigned i = 0; i < MOST_NR; i++)
		take_peak(&into->most[i], from->most[i]);
	for (unsigned i = 0; i < SURVEY_FLAGS; i++) {
		into->flag[i].inodes += from->flag[i].inodes;
		survey_take_path(&into->flag[i].path, from->flag[i].path);
	}
	take_time(&into->latest, from->latest, true);
	take_time(&into->earliest, from->earliest, false);
	survey_take_path(&into->example_subvolume, from->example_subvolume);
}

/* Names outside the tree are not copied. */
void limits_finish(struct surveying *y)
{
	struct survey_peak *p = &y->out->most[MOST_NAMES];
	struct link_slot *slot;

	if (!p->ino)
		return;
	slot = links_hold(y->links, p->ino);
	p->value = slot->seen;
	links_let_go(y->links, p->ino);
}

void limits_release(struct survey *s)
{
	for (unsigned i = 0; i < MOST_NR; i++)
		free((char *)s->most[i].path);
	for (unsigned i = 0; i < SURVEY_FLAGS; i++)
		free((char *)s->flag[i].path);
	free((char *)s->latest.path);
	free((char *)s->earliest.path);
	free((char *)s->example_subvolume);
	memset(s->most, 0, sizeof(s->most));
	memset(s->flag, 0, sizeof(s->flag));
	s->latest.path = s->earliest.path = s->example_subvolume = NULL;
}

uint64_t survey_bytes_unpacked(const struct survey *s)
{
	uint64_t bytes = add_u64(s->bytes_whole, add_u64(s->bytes_names, s->bytes_names / 8));

	bytes = add_u64(bytes, mul_u64(s->big_values, BLOCK));
	return bytes > s->bytes_used ? bytes : s->bytes_used;
}
