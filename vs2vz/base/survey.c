/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The survey: counters of each worker, summed at the end, and one table of
 * multiply-linked inodes. Reads metadata only and changes nothing (access times
 * of directories, where the mount keeps them, are the kernel's). Owners, flags and
 * what file systems limit have files of their own.
 */
#include "base/survey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/inroot.h"
#include "base/meta.h"
#include "base/print.h"
#include "base/sharing.h"
#include "base/survey_parts.h"
#include "base/walk.h"

#define SURVEY_THREADS 8
#define BLOCK 512

/* The value of a slot of the links: allocated blocks, and whether the inode is immutable. */
#define SLOT_IMMUTABLE 1u

static uint64_t slot_value(const struct stat *st)
{
	return (uint64_t)st->st_blocks << 1;
}

static uint64_t slot_bytes(const struct link_slot *slot)
{
	return (slot->value >> 1) * BLOCK;
}

static void example(const char **where, const struct walk_dir *dir, const char *name)
{
	if (!*where)
		*where = survey_path(dir, name);
}

static uint64_t nanoseconds(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
}

static void add_prints(struct survey *s, uint64_t parent, const char *name,
		       const struct stat *st, unsigned without)
{
	hash_add(&s->fingerprint, print_of(parent, name, st, without));
	hash_add(&s->bare, print_of(parent, name, st, without | PRINT_NO_LINKS));
}

static void count_type(struct survey *s, mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		s->dirs++;
		break;
	case S_IFREG:
		s->files++;
		break;
	case S_IFLNK:
		s->symlinks++;
		break;
	case S_IFIFO:
		s->fifos++;
		break;
	case S_IFSOCK:
		s->sockets++;
		break;
	default:
		s->devices++;
	}
}

static void drop_candidate(struct candidate *c)
{
	free(c->path);
	*c = (struct candidate){ 0, NULL };
}

/* Remember where an unfinished link group was met; forget it when its last name comes. */
static void keep_candidate(struct counts *c, const struct walk_dir *dir,
			   const struct walk_entry *e, bool first, bool last)
{
	uint64_t ino = link_key(&e->meta.st);

	for (unsigned i = 0; i < CANDIDATES; i++) {
		if (last && c->candidate[i].ino == ino)
			drop_candidate(&c->candidate[i]);
		if (first && !last && !c->candidate[i].ino) {
			c->candidate[i] = (struct candidate){ ino, survey_path(dir, e->name) };
			return;
		}
	}
}

/* Is this the first name of the inode? */
static bool count_links(struct surveying *y, struct counts *c, const struct walk_dir *dir,
			const struct walk_entry *e)
{
	struct link_slot *slot;
	bool first, last;

	if (e->meta.st.st_nlink < 2 || S_ISDIR(e->meta.st.st_mode))
		return true;
	slot = links_hold(y->links, link_key(&e->meta.st));
	first = slot->seen++ == 0;
	if (first)
		slot->value = slot_value(&e->meta.st);
	slot->more = (uint32_t)e->meta.st.st_nlink;
	last = slot->seen >= slot->more;
	links_let_go(y->links, link_key(&e->meta.st));
	keep_candidate(c, dir, e, first, last);
	return first;
}

static void mark_immutable(struct surveying *y, struct survey *s, const struct stat *st)
{
	s->immutable++;
	s->immutable_files += S_ISREG(st->st_mode);
	if (st->st_nlink > 1 && !S_ISDIR(st->st_mode)) {
		links_hold(y->links, link_key(st))->value |= SLOT_IMMUTABLE;
		links_let_go(y->links, link_key(st));
	}
}

/* Gone between the listing and this look; a walk passes that by. */
static bool has_vanished(int code)
{
	return code == ENOENT || code == ENODATA;
}

/* Attributes, from a descriptor twice as fast. */
static int count_xattrs(struct surveying *y, struct counts *c, const struct walk_dir *dir,
			const struct walk_entry *e, int fd, struct err *err)
{
	const struct bearer of = { fd, { walk_fd(dir), e->name } };

	if (xattr_names(&of, &c->scratch) < 0)
		return has_vanished(errno) ? 0 :
		       walk_fail(err, dir, e->name, "cannot list the attributes of");
	if (!xattr_any(&c->scratch))
		return 0;
	c->s.with_xattrs++;
	if (y->opt->limits && limits_values(&c->s, dir, e, &of, &c->scratch) < 0 &&
	    !has_vanished(errno))
		return walk_fail(err, dir, e->name, "cannot read the attributes of");
	return 0;
}

static int count_inode(struct surveying *y, struct counts *c, const struct walk_dir *dir,
		       const struct walk_entry *e, struct err *err)
{
	const struct stat *st = &e->meta.st;
	struct survey *s = &c->s;
	int CLEANUP_FD fd = -1;
	uint32_t flags = 0;

	if (flags_count(&flags, y, c, dir, e, &fd, err) < 0)
		return -1;
	s->inodes++;
	count_type(s, st->st_mode);
	owner_count(s, &c->owners, st);
	s->bytes_used += (uint64_t)st->st_blocks * BLOCK;
	if (S_ISREG(st->st_mode) || S_ISLNK(st->st_mode))
		s->bytes_apparent += (uint64_t)st->st_size;
	if (st->st_uid > 65535 || st->st_gid > 65535)
		example(&s->example_high, dir, e->name);
	if (flags & META_LOCKS)
		example(&s->example_immutable, dir, e->name);
	if (flags & FS_IMMUTABLE_FL)
		mark_immutable(y, s, st);
	s->append_only += (flags & FS_APPEND_FL) != 0;
	limits_inode(s, dir, e, flags);
	return y->opt->xattrs ? count_xattrs(y, c, dir, e, fd, err) : 0;
}

static int entries(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *v, size_t nr,
		   struct err *err)
{
	struct surveying *y = t->ctx;
	struct counts *c = t->local;

	if (y->opt->also)
		y->opt->also->entries(y->opt->also->ctx, dir, v, nr);
	for (size_t i = 0; i < nr; i++) {
		const struct stat *st = &v[i].meta.st;

		c->s.names++;
		if (y->opt->newer_than_ns && nanoseconds(&st->st_ctim) > y->opt->newer_than_ns)
			c->s.changed++;
		if (v[i].foreign) {
			c->s.foreign_dirs++;
			example(&c->s.example_foreign, dir, v[i].name);
			continue;
		}
		if (v[i].subvolume) {
			c->s.subvolumes++;
			example(&c->s.example_subvolume, dir, v[i].name);
		}
		add_prints(&c->s, dir->ino, v[i].name, st, y->without);
		if (count_links(y, c, dir, &v[i]) && count_inode(y, c, dir, &v[i], err) < 0)
			return -1;
	}
	limits_names(&c->s, dir, v, nr);
	return 0;
}

static void begin(struct walk_thread *t)
{
	struct counts *c = t->local;

	c->scratch = (struct buf)BUF_INIT;
}

static void add_counts(struct survey *into, const struct survey *from)
{
	static const size_t sums[] = {
#define SUM(field) offsetof(struct survey, field)
		SUM(names), SUM(inodes), SUM(dirs), SUM(files), SUM(symlinks), SUM(devices),
		SUM(fifos), SUM(sockets), SUM(bytes_used), SUM(bytes_apparent), SUM(immutable),
		SUM(append_only), SUM(immutable_files), SUM(high_ids), SUM(halves_more),
		SUM(lost_ids), SUM(nobody_ids), SUM(unified), SUM(unlink_only), SUM(barrier),
		SUM(cow), SUM(intern), SUM(cookies), SUM(foreign_dirs), SUM(with_xattrs), SUM(changed),
		SUM(fractions), SUM(bytes_whole), SUM(bytes_names), SUM(big_values),
		SUM(mapped_files), SUM(subvolumes),
#undef SUM
	};

	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		*(uint64_t *)((char *)into + sums[i]) +=
			*(const uint64_t *)((const char *)from + sums[i]);
	if (from->max_uid > into->max_uid)
		into->max_uid = from->max_uid;
	if (from->max_gid > into->max_gid)
		into->max_gid = from->max_gid;
	hash_add(&into->fingerprint, from->fingerprint);
	hash_add(&into->bare, from->bare);
	survey_take_path(&into->example_high, from->example_high);
	survey_take_path(&into->example_immutable, from->example_immutable);
	survey_take_path(&into->example_foreign, from->example_foreign);
	limits_merge(into, from);
}

static void end(struct walk_thread *t)
{
	struct surveying *y = t->ctx;
	struct counts *c = t->local;
	uint64_t more = 0;	/* they are in the sum */

	add_counts(y->out, &c->s);
	owner_merge(&y->owners, &c->owners, &y->out->halves_more);
	owner_merge(&y->cookies, &c->cookies, &more);
	y->unread += c->unread;
	for (unsigned i = 0; i < CANDIDATES; i++) {
		struct candidate *k = &c->candidate[i];

		/* The last name may have been met by another worker. */
		if (k->ino) {
			struct link_slot *slot = links_hold(y->links, k->ino);
			bool outside = slot->seen < slot->more;

			links_let_go(y->links, k->ino);
			survey_take_path(&y->out->example_outside, outside ? strdup(k->path) : NULL);
		}
		drop_candidate(k);
	}
	buf_release(&c->scratch);
}

static void count_group(void *ctx, const struct link_slot *slot)
{
	struct surveying *y = ctx;
	struct survey *s = y->out;

	s->multi_linked += slot->seen > 1;
	if (slot->seen >= slot->more)
		return;
	s->outside_inodes++;
	s->outside_bytes += slot_bytes(slot);
	if (slot->value & SLOT_IMMUTABLE)
		s->outside_readonly++;
	else
		s->outside_writable_bytes += slot_bytes(slot);
	if (y->opt->sharing)
		sharing_add(y->opt->sharing, y->opt->tree, y->dev, slot->ino, slot->seen,
			    slot->more);
}

/* The root: a name and an inode, but its own flags, name and mtime do not count. */
static int count_root(struct surveying *y, int dirfd, struct err *err)
{
	const struct bearer of = { dirfd, { -1, NULL } };
	struct buf CLEANUP_BUF names = BUF_INIT;
	struct survey *s = y->out;
	struct stat st;

	if (fstat(dirfd, &st) < 0)
		return fail_errno(err, "cannot read the metadata of the tree");
	s->names = s->inodes = s->dirs = 1;
	s->bytes_used = (uint64_t)st.st_blocks * BLOCK;
	owner_count(s, &y->owners, &st);
	y->dev = st.st_dev;
	if (st.st_uid > 65535 || st.st_gid > 65535)
		s->example_high = strdup(".");
	add_prints(s, 0, "", &st, y->without | PRINT_NO_MTIME);
	if (y->opt->xattrs && xattr_names(&of, &names) < 0)
		return fail_errno(err, "cannot list the attributes of the tree");
	s->with_xattrs += y->opt->xattrs && xattr_any(&names);
	return 0;
}

int survey_tree(struct survey *out, int dirfd, const struct survey_options *opt, struct err *err)
{
	static const struct walk_ops ops = {
		.local_size = sizeof(struct counts),
		.begin = begin,
		.end = end,
		.entries = entries,
		.may_vanish = true,
	};
	const struct walk_options how = {
		.threads = walk_threads(opt->threads, opt->rotational, SURVEY_THREADS),
		.second = -1,
	};
	struct surveying y = { .opt = opt, .out = out, .without = print_times(opt->coarse) };
	int rc;

	memset(out, 0, sizeof(*out));
	if (count_root(&y, dirfd, err) < 0)
		return -1;
	y.links = links_new();
	rc = walk_tree(dirfd, &ops, &y, &how, err);
	if (rc == 0) {
		links_each(y.links, count_group, &y);
		limits_finish(&y);
	}
	links_free(y.links);
	owner_finish(out, &y.owners);
	flags_finish(&y);
	if (rc < 0)
		survey_release(out);
	return rc;
}

void survey_release(struct survey *s)
{
	free((char *)s->example_immutable);
	free((char *)s->example_outside);
	free((char *)s->example_foreign);
	free((char *)s->example_high);
	limits_release(s);
	free(s->half);
	s->half = NULL;
	s->nr_halves = 0;
	s->example_immutable = s->example_outside = s->example_foreign = s->example_high = NULL;
}
