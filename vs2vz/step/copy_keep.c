/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sink that is a directory: what is there already. An object stays only when
 * everything about it equals the source, its links included, and its content was
 * recorded or has been compared; all else is removed and made again. An inode is
 * never changed in place: it may have names outside the tree.
 */
#include "step/copy_dir.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/inroot.h"
#include "base/sys.h"
#include "step/content.h"

int prepare_dir(const struct dir_sink *d, int fd)
{
	/* What the copy could not keep stays where changes come back from it. */
	const uint32_t off = d->fs.back ? d->fs.kept_flags | META_LOCKS : META_GUEST_FLAGS;
	uint32_t word;

	if (meta_flag_word(fd, &word) < 0 || (word & off && sys_setflags(fd, word & ~off) < 0))
		return -1;
	if (sys_fremovexattr(fd, "system.posix_acl_default") < 0 && errno != ENODATA &&
	    errno != EOPNOTSUPP)
		return -1;
	return 0;
}

/* Only as many as one table holds: files without a record are compared. */
void load_known(struct dir_sink *d, int sums)
{
	struct err err;

	d->known = (struct sums_table){ .parts = 1 };
	if (sums_parts(sums, &err) == 1 && sums_load(&d->known, sums, 0, 1, &err) < 0)
		d->known = (struct sums_table){ .parts = 1 };
}

/* 1 with *now, 0 where there is nothing; a mount point is an error. */
static int look(struct copy_object *o, struct meta *now, struct err *err)
{
	if (!(o->dir->mark & SINK_EXISTED))
		return 0;
	if (walk_meta(now, o->dir, true, o->entry->name) == 0)
		return 1;
	return errno == ENOENT ? 0 :
	       object_fail(o, "cannot read the metadata of the copy of", err);
}

static int get_rid(struct copy_object *o, const struct meta *now, struct err *err)
{
	if (remove_whole(walk_second(o->dir), o->entry->name, now, err) < 0)
		return object_add(o, err);
	return 0;
}

/* 1: same bytes, and they are on record. */
static int same_content(struct dir_sink *d, struct copy_object *o, const struct meta *now, int fd,
			struct err *err)
{
	struct hash128 a, b;

	if (sums_find(&d->known, &o->meta->st, now->st.st_ino))
		return 1;
	if (content_hash(o->fd, &o->meta->st, o->scratch->content, &a, err) < 0 ||
	    content_hash(fd, &now->st, o->scratch->content, &b, err) < 0)
		return object_add(o, err);
	if (!hash_equal(a, b))
		return 0;
	return sums_add(&d->base.sums, &o->meta->st, now->st.st_ino, a, err) < 0 ? -1 : 1;
}

static bool is_remade(struct dir_sink *d, const struct copy_object *o)
{
	bool remade;

	if (!d->base.remade || !o->slot)
		return false;
	remade = links_hold(d->base.remade, o->slot->ino)->value;
	links_let_go(d->base.remade, o->slot->ino);
	return remade;
}

void make_anew(struct dir_sink *d, const struct copy_object *o)
{
	links_hold(d->base.remade, o->slot->ino)->value = 1;
	links_let_go(d->base.remade, o->slot->ino);
	d->base.again = true;
}

/* *thawed: flags of what is there that do not count, as it has them for its marks. */
static int is_same(struct dir_sink *d, struct copy_object *o, const struct meta *now,
		   uint32_t *thawed, struct err *err)
{
	const struct meta *want = d->unmend ? &o->entry->meta : o->meta;
	const struct side source = { walk_fd(o->dir), o->entry->name, o->fd, want, o->thawed };
	struct meta seen = *now;
	struct side target = { walk_second(o->dir), o->entry->name, -1, &seen, 0 };
	int64_t gone = mend_meta(d->unmend, &o->scratch->window, -1, &seen);
	int CLEANUP_FD fd = -1;
	const char *what;

	if (now->mount_point || status_differs(&want->st, &seen.st, &d->fs) || is_remade(d, o) ||
	    !pairs_match(&d->pairs, &want->st, &now->st))
		return 0;
	if (S_ISREG(now->st.st_mode)) {
		fd = target.fd = below_open(target.dirfd, target.name, &now->st);
		if (fd < 0)
			return object_fail(o, "cannot open the copy of", err);
		seen = *now;
		gone = mend_meta(d->unmend, &o->scratch->window, fd, &seen);
	}
	target.thawed = *thawed = gone < 0 ? 0 : (uint32_t)gone;
	what = gone < 0 ? "" : side_differs(&source, &target, &d->fs);
	if (what && !*what)
		return object_fail(o, "cannot compare the copy of", err);
	if (what)
		return 0;
	return fd < 0 ? 1 : same_content(d, o, now, fd, err);
}

/* It stays; others may want to link to it. 0: they cannot. */
static int adopt(struct dir_sink *d, struct copy_object *o, const struct meta *now,
		 uint32_t thawed)
{
	const struct place at = { walk_second(o->dir), o->entry->name };

	if (!o->slot)
		return 1;
	if (thawed & META_LOCKS) {	/* other guests' too: its flag is not ours to lift */
		o->slot->value = link_key(&now->st);
		o->slot->more = SLOT_CLOSED;
		return 1;
	}
	if (o->flags & META_LOCKS && lift_locks_at(at.dirfd, at.name, &now->st) < 0)
		return 0;
	if (hold_first(d, o, &at, link_key(&now->st)) == 0)
		return 1;
	if (errno != EROFS)
		return 0;
	/* A read-only snapshot: as long as nothing in it changed, it needs no more names. */
	o->slot->value = link_key(&now->st);
	o->slot->more = SLOT_CLOSED;
	return 1;
}

int keep_existing(struct dir_sink *d, struct copy_object *o, struct err *err)
{
	struct meta now;
	int there = look(o, &now, err), same;
	uint32_t thawed = 0;

	if (there <= 0)
		return there;
	same = is_same(d, o, &now, &thawed, err);
	if (same < 0)
		return -1;
	if (same && adopt(d, o, &now, thawed)) {
		if (o->flags & ~d->fs.kept_flags)
			o->scratch->flags_lost++;
		return 1;
	}
	return get_rid(o, &now, err);
}

int is_linked(struct dir_sink *d, struct copy_object *o, struct err *err)
{
	struct meta now;
	int there = look(o, &now, err);

	(void)d;
	if (there <= 0)
		return there;
	if (link_key(&now.st) == o->slot->value && !now.mount_point)
		return 1;
	return get_rid(o, &now, err);
}

void keep_owner(const struct dir_sink *d, struct copy_object *o, const struct stat *now)
{
	struct stat *st = &o->scratch->mended.st;
	struct owner is, wanted;

	if (!d->unmend)
		return;
	is = marks_owner(d->unmend, now);
	wanted = marks_owner(d->unmend, st);
	if (is.uid != wanted.uid || is.gid != wanted.gid)
		return;
	st->st_uid = now->st_uid;
	st->st_gid = now->st_gid;
}

int keep_dir(struct dir_sink *d, struct copy_object *o, struct err *err)
{
	int CLEANUP_FD fd = -1;
	struct meta now;
	int there = look(o, &now, err);

	if (there <= 0)
		return there;
	if (!S_ISDIR(now.st.st_mode) || now.mount_point || (now.st.st_dev != o->dir->second_dev &&
	    !meta_is_subvolume(&now, walk_second(o->dir))))
		return get_rid(o, &now, err);
	fd = below_open(walk_second(o->dir), o->entry->name, &now.st);
	if (fd < 0 || prepare_dir(d, fd) < 0)
		return object_fail(o, "cannot prepare the copy of", err);
	return 1;
}

/* One reading of the directory; how many names were removed, or -1. */
static int64_t drop_round(struct copy_object *o, DIR *list, struct err *err)
{
	int64_t dropped = 0;
	struct dirent *d;

	rewinddir(list);
	while ((d = readdir(list))) {
		struct meta meta;

		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (meta_at(&meta, walk_fd(o->dir), d->d_name) == 0)
			continue;
		if (errno != ENOENT)
			return walk_fail(err, o->dir, d->d_name, "cannot read the metadata of");
		if (walk_meta(&meta, o->dir, true, d->d_name) < 0)
			return walk_fail(err, o->dir, d->d_name, "cannot read the metadata of");
		if (remove_whole(walk_second(o->dir), d->d_name, &meta, err) < 0) {
			err_add(err, "'%s'", show(d->d_name));
			return -1;
		}
		dropped++;
	}
	return dropped;
}

int drop_extra(struct copy_object *o, struct err *err)
{
	DIR *list = fdopendir(dup(walk_second(o->dir)));
	int64_t dropped;

	if (!list)
		return object_fail(o, "cannot read the copy of", err);
	do	/* again: reading while names go may have skipped some */
		dropped = drop_round(o, list, err);
	while (dropped > 0);
	closedir(list);
	return (int)dropped;
}
