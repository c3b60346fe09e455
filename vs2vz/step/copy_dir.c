/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sink that is a directory: new objects.
 *
 * A file: create (0600 to 0777, in directories that are 0700 and ours), content,
 * owner, mode, attributes, times, and last the flags. Times come after the content,
 * so that a file which a cut left half-way does not look complete. A directory gets
 * everything but its type at the end, when all below it is done: nothing inside
 * inherits from it, and its times stay.
 *
 * What is there already from an earlier try: copy_keep.c. Nothing is synced here.
 */
#include "step/copy_dir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/inroot.h"
#include "base/pool.h"
#include "base/sys.h"
#include "step/content.h"

int object_fail(const struct copy_object *o, const char *what, struct err *err)
{
	return walk_fail(err, o->dir, o->entry ? o->entry->name : NULL, what);
}

/* Put the path before a text that does not name it. */
int object_add(const struct copy_object *o, struct err *err)
{
	struct buf CLEANUP_BUF path = BUF_INIT;

	walk_path(&path, o->dir, o->entry ? o->entry->name : NULL);
	err_add(err, "'%s'", show(path.data));
	return -1;
}

/* The guest's flags, as far as the target keeps them; others stay as the kernel made them. */
int set_flags(struct dir_sink *d, struct copy_object *o, int fd, uint32_t want)
{
	uint32_t lost = want & ~d->fs.kept_flags;
	uint32_t word;

	if (lost)
		o->scratch->flags_lost++;
	want &= d->fs.kept_flags;
	if (!d->fs.kept_flags)
		return 0;
	if (meta_flag_word(fd, &word) < 0)
		return -1;
	if ((word & d->fs.kept_flags) == want)
		return 0;
	return sys_setflags(fd, (word & ~d->fs.kept_flags) | want);
}

static int copy_xattrs(struct copy_object *o, const struct bearer *to, struct err *err)
{
	const struct bearer from = {
		o->fd, { o->entry ? walk_fd(o->dir) : -1, o->entry ? o->entry->name : NULL },
	};
	struct buf *names = &o->scratch->names, *value = &o->scratch->value;

	if (xattr_names(&from, names) < 0)
		return object_fail(o, "cannot list the extended attributes of", err);
	for (const char *n = names->data; n < names->data + names->len; n += strlen(n) + 1) {
		int rc;

		if (!xattr_travels(n))
			continue;
		if (xattr_value(&from, n, value) < 0)
			return object_fail(o, "cannot read an extended attribute of", err);
		rc = to->fd >= 0 ? sys_fsetxattr(to->fd, n, value->data, value->len) :
				   sys_lsetxattr(&to->at, n, value->data, value->len);
		if (rc < 0) {
			object_fail(o, "cannot set an extended attribute of the copy of", err);
			err_add(err, "%s", show(n));
			return -1;
		}
	}
	return 0;
}

static bool in_list(const struct buf *names, const char *name)
{
	for (const char *n = names->data; n < names->data + names->len; n += strlen(n) + 1)
		if (strcmp(n, name) == 0)
			return true;
	return false;
}

/* A directory that was there may have attributes that the source has not (o->scratch->names). */
static int drop_xattrs(struct copy_object *o, int fd, struct err *err)
{
	const struct bearer of = { fd, { -1, NULL } };
	struct buf CLEANUP_BUF there = BUF_INIT;

	if (xattr_names(&of, &there) < 0)
		return object_fail(o, "cannot list the extended attributes of the copy of", err);
	for (const char *n = there.data; n < there.data + there.len; n += strlen(n) + 1)
		if (xattr_travels(n) && strcmp(n, "security.selinux") != 0 &&
		    !in_list(&o->scratch->names, n) && sys_fremovexattr(fd, n) < 0)
			return object_fail(o, "cannot remove an extended attribute of the copy of",
					   err);
	return 0;
}

static bool same_times(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Owner, mode, attributes, times of an open file or directory; back: one that was there. */
static int dress(struct copy_object *o, int fd, const struct stat *now, bool back,
		 struct err *err)
{
	const struct stat *st = &o->meta->st;
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	const struct bearer to = { fd, { -1, NULL } };
	bool chown = now->st_uid != st->st_uid || now->st_gid != st->st_gid;

	if (chown && sys_fchown(fd, st->st_uid, st->st_gid) < 0)
		return object_fail(o, "cannot set the owner of the copy of", err);
	/* A change of owner takes set-id bits away. */
	if ((now->st_mode != st->st_mode || (chown && st->st_mode & 06000)) &&
	    sys_fchmod(fd, st->st_mode & 07777) < 0)
		return object_fail(o, "cannot set the mode of the copy of", err);
	if (copy_xattrs(o, &to, err) < 0)
		return -1;
	if (S_ISDIR(st->st_mode) && drop_xattrs(o, fd, err) < 0)
		return -1;
	/* A read-only snapshot that is as it should be takes no changes, and needs none. */
	if (back && same_times(&now->st_mtim, &st->st_mtim))
		return 0;
	if (sys_futimens(fd, times) < 0)
		return object_fail(o, "cannot set the times of the copy of", err);
	return 0;
}

/* Owner, mode, attributes, times of what cannot be opened. */
static int dress_at(struct copy_object *o, const struct place *at, struct err *err)
{
	const struct stat *st = &o->meta->st;
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	const struct bearer to = { -1, *at };

	if (sys_lchown(at, st->st_uid, st->st_gid) < 0)
		return object_fail(o, "cannot set the owner of the copy of", err);
	if (!S_ISLNK(st->st_mode) && put_mode_at(at, st->st_mode) < 0)
		return object_fail(o, "cannot set the mode of the copy of", err);
	if (copy_xattrs(o, &to, err) < 0)
		return -1;
	if (sys_lutimens(at, times) < 0)
		return object_fail(o, "cannot set the times of the copy of", err);
	return 0;
}

/* Share the blocks; false: copy. What a file system cannot do is asked for once. */
static bool share_blocks(struct dir_sink *d, struct copy_object *o, int fd)
{
	if (!o->meta->st.st_size || __atomic_load_n(&d->no_clone, __ATOMIC_RELAXED))
		return false;
	if (sys_clone(fd, o->fd) == 0) {
		o->scratch->shared += (uint64_t)o->meta->st.st_size;
		return true;
	}
	if (errno == EXDEV || errno == EOPNOTSUPP || errno == ENOTTY || errno == ENOSYS)
		__atomic_store_n(&d->no_clone, true, __ATOMIC_RELAXED);
	return false;
}

static int fill(struct dir_sink *d, struct copy_object *o, int fd, struct hash128 *hash,
		struct err *err)
{
	const struct stat *st = &o->meta->st;

	if (o->flags & d->fs.kept_flags & FS_NOCOW_FL &&	/* only while it is empty */
	    set_flags(d, o, fd, FS_NOCOW_FL) < 0)
		return object_fail(o, "cannot set the inode flags of the copy of", err);
	*hash = SUM_SHARED;
	if (share_blocks(d, o, fd))
		return 0;
	if (content_copy(o->fd, st, fd, o->scratch->content, hash, err) < 0)
		return object_add(o, err);
	o->scratch->bytes += (uint64_t)st->st_size;
	return 0;
}

static struct place place_of(const struct copy_object *o)
{
	return (struct place){ walk_second(o->dir), o->entry->name };
}

/* Where links of objects in this directory of the target are held. */
static struct sub_holding *sub_of(struct dir_sink *d, dev_t dev)
{
	struct sub_holding *sub;

	pthread_mutex_lock(&d->lock);
	sub = d->subs;
	while (sub && sub->dev != dev)
		sub = sub->next;
	pthread_mutex_unlock(&d->lock);
	return sub;
}

static struct holding *holding_of(struct dir_sink *d, const struct copy_object *o)
{
	struct sub_holding *sub = sub_of(d, o->dir->second_dev);

	return sub ? &sub->holding : &d->holding;
}

/* A subvolume that stays: nothing below it was looked at yet. */
static int enter_subvolume(struct dir_sink *d, const struct copy_object *o,
			   const struct meta *now, struct err *err)
{
	const struct place at = place_of(o);
	int CLEANUP_FD from = below_open(walk_fd(o->dir), o->entry->name, &o->meta->st);
	struct sub_holding *sub;

	if (from < 0)
		return object_fail(o, "cannot open", err);
	sub = xcalloc(1, sizeof(*sub));
	sub->dev = now->st.st_dev;
	sub->fd = below_open(at.dirfd, at.name, &now->st);
	if (sub->fd < 0) {
		free(sub);
		return object_fail(o, "cannot open the copy of", err);
	}
	if (holding_begin(&sub->holding, from, sub->fd, d->token, err) < 0) {
		holding_release(&sub->holding);
		close_fd(&sub->fd);
		free(sub);
		return object_add(o, err);
	}
	pthread_mutex_lock(&d->lock);
	sub->next = d->subs;
	d->subs = sub;
	pthread_mutex_unlock(&d->lock);
	return 0;
}

/* The inode is made: let the other names of the source find it. */
int hold_first(struct dir_sink *d, struct copy_object *o, const struct place *at, uint64_t made)
{
	if (!o->slot)
		return 0;
	if (holding_add(holding_of(d, o), at, o->slot->ino) < 0)
		return -1;
	o->slot->value = made;
	o->slot->more = o->flags & META_LOCKS;
	return 0;
}

/*
 * The project goes along, as with a rename, unless the target's directory has handed on its
 * own. A file system without projects counts for none.
 */
static int copy_project(const struct dir_sink *d, const struct copy_object *o, int fd,
			struct err *err)
{
	struct project p;

	if (!d->projects || !meta_project(o->fd, &p) || (!p.id && !p.hands_on) ||
	    sys_setproject(fd, p.id, p.hands_on) == 0 ||
	    errno == EOPNOTSUPP || errno == ENOTTY || errno == EINVAL)
		return 0;
	return object_fail(o, "cannot set the project of the copy of", err);
}

static int make_file(struct dir_sink *d, struct copy_object *o, int fd, const struct place *at,
		     struct err *err)
{
	uint32_t flags = o->slot ? o->flags & ~META_LOCKS : o->flags;
	struct hash128 hash;
	struct stat now;

	if (fill(d, o, fd, &hash, err) < 0)
		return -1;
	if (fstat(fd, &now) < 0)
		return object_fail(o, "cannot read the metadata of the copy of", err);
	if (copy_project(d, o, fd, err) < 0 || dress(o, fd, &now, false, err) < 0)
		return -1;
	if (hold_first(d, o, at, link_key(&now)) < 0)
		return object_fail(o, "cannot link the copy of", err);
	if (flags && set_flags(d, o, fd, flags) < 0)
		return object_fail(o, "cannot set the inode flags of the copy of", err);
	return sums_add(&d->base.sums, &o->meta->st, now.st_ino, hash, err);
}

static int sink_file(struct sink *sink, struct copy_object *o, struct err *err)
{
	struct dir_sink *d = (struct dir_sink *)sink;
	const struct place at = place_of(o);
	int kept = keep_existing(d, o, err), fd, rc;

	if (kept)
		return kept < 0 ? -1 : 0;
	fd = sys_create(&at, o->meta->st.st_mode & 0777);
	if (fd < 0)
		return object_fail(o, "cannot create the copy of", err);
	rc = make_file(d, o, fd, &at, err);
	if (close(fd) < 0 && rc == 0 && errno != EINTR)
		return object_fail(o, "cannot write the copy of", err);
	return rc;
}

static int finish_unopened(struct dir_sink *d, struct copy_object *o, const struct place *at,
			   struct err *err)
{
	struct meta now;

	if (dress_at(o, at, err) < 0)
		return -1;
	if (!o->slot)
		return 0;
	if (meta_at(&now, at->dirfd, at->name) < 0)
		return object_fail(o, "cannot read the metadata of the copy of", err);
	return hold_first(d, o, at, link_key(&now.st)) < 0 ?
	       object_fail(o, "cannot link the copy of", err) : 0;
}

static int sink_symlink(struct sink *sink, struct copy_object *o, struct err *err)
{
	struct dir_sink *d = (struct dir_sink *)sink;
	const struct place at = place_of(o);
	char target[4097];
	ssize_t len;
	int kept = keep_existing(d, o, err);

	if (kept)
		return kept < 0 ? -1 : 0;
	len = below_readlink(walk_fd(o->dir), o->entry->name, target, sizeof(target) - 1);
	if (len < 0)
		return object_fail(o, "cannot read the link", err);
	target[len] = '\0';
	if (sys_symlink(target, &at) < 0)
		return object_fail(o, "cannot create the copy of", err);
	return finish_unopened(d, o, &at, err);
}

static int sink_node(struct sink *sink, struct copy_object *o, struct err *err)
{
	struct dir_sink *d = (struct dir_sink *)sink;
	const struct place at = place_of(o);
	int kept = keep_existing(d, o, err);

	if (kept)
		return kept < 0 ? -1 : 0;
	if (sys_mknod(&at, o->meta->st.st_mode, o->meta->st.st_rdev) < 0)
		return object_fail(o, "cannot create the copy of", err);
	return finish_unopened(d, o, &at, err);
}

/* The flags that forbid links wait for the last one. */
static int lock_at(struct dir_sink *d, struct copy_object *o, const struct place *at)
{
	int CLEANUP_FD fd = -1;
	struct meta now;

	if (!o->slot->more)
		return 0;
	if (meta_at(&now, at->dirfd, at->name) < 0)
		return -1;
	fd = below_open(at->dirfd, at->name, &now.st);
	return fd < 0 ? -1 : lock_fd(d, fd, o->slot->more);
}

int lock_fd(struct dir_sink *d, int fd, uint32_t locks)
{
	uint32_t word;

	locks &= d->fs.kept_flags;
	if (!locks)
		return 0;
	return meta_flag_word(fd, &word) < 0 ? -1 : sys_setflags(fd, word | locks);
}

static int sink_link(struct sink *sink, struct copy_object *o, struct err *err)
{
	struct dir_sink *d = (struct dir_sink *)sink;
	const struct place at = place_of(o);
	int linked = is_linked(d, o, err), rc = 0;

	if (linked < 0)
		return -1;
	if (o->slot->more & SLOT_CLOSED) {
		if (!linked)
			make_anew(d, o);
		return 0;
	}
	if (!linked)
		rc = holding_link(holding_of(d, o), o->slot->ino, &at, o->last_name);
	else if (o->last_name)
		rc = holding_drop(holding_of(d, o), o->slot->ino);
	if (rc < 0)
		return object_fail(o, "cannot link the copy of", err);
	if (o->last_name && lock_at(d, o, &at) < 0)
		return object_fail(o, "cannot set the inode flags of the copy of", err);
	return 0;
}

/*
 * A directory that a cut try made in a tree with marks has no tag yet, as those have that
 * never had one. This mode tells it from them until it has its owner.
 */
#define BEGUN_MODE (S_ISVTX | 0700)

static bool is_begun(const struct stat *st)
{
	return (st->st_mode & 07777) == BEGUN_MODE && st->st_uid == geteuid() &&
	       st->st_gid == getegid();
}

/*
 * Changes come back from a copy whose file system keeps less of a time: a directory whose
 * time is the one that the copy was made with has not changed, and keeps it.
 */
static struct kept_time *keep_time(struct dir_sink *d, const struct stat *copy,
				   const struct stat *now)
{
	const struct timespec *a = &copy->st_mtim, *b = &now->st_mtim;
	struct kept_time *t;

	if (!d->fs.back || !same_time(copy, now, &d->fs) || same_times(a, b))
		return NULL;
	t = xcalloc(1, sizeof(*t));
	t->mtime = *b;
	pthread_mutex_lock(&d->lock);
	t->next = d->times;
	d->times = t;
	pthread_mutex_unlock(&d->lock);
	return t;
}

static void use_time(const struct dir_sink *d, const struct copy_object *o)
{
	const struct kept_time *t = o->dir->parent ?
		(const void *)(uintptr_t)(o->dir->mark & ~(uint64_t)SINK_BITS) : d->root;

	if (t)
		o->scratch->mended.st.st_mtim = t->mtime;
}

static int sink_mkdir(struct sink *sink, struct copy_object *o, struct err *err)
{
	struct dir_sink *d = (struct dir_sink *)sink;
	const struct place at = place_of(o);
	int kept = keep_dir(d, o, err);
	struct meta now;

	if (kept < 0)
		return -1;
	if (!kept && sys_mkdir(&at, d->unmend ? BEGUN_MODE : 0700) < 0)
		return object_fail(o, "cannot create the copy of", err);
	if (meta_at(&now, at.dirfd, at.name) < 0)
		return object_fail(o, "cannot read the metadata of the copy of", err);
	o->entry->second_dev = now.st.st_dev;
	o->entry->second_ino = now.st.st_ino;
	o->entry->mark = kept ? SINK_EXISTED : 0;
	if (kept && is_begun(&now.st))
		o->entry->mark |= SINK_BEGUN;
	else if (kept)
		o->entry->mark |= (uintptr_t)keep_time(d, &o->meta->st, &now.st);
	if (kept && now.st.st_dev != o->dir->second_dev)
		return enter_subvolume(d, o, &now, err);
	return 0;
}

static int lock_outside(void *ctx, int fd, uint64_t ino)
{
	struct dir_sink *d = ctx;
	uint32_t locks = links_hold(d->base.links, ino)->more;

	links_let_go(d->base.links, ino);
	return lock_fd(d, fd, locks);
}

/* All below is done: nobody links to what is held here any more. */
static int end_holding(struct dir_sink *d, const struct copy_object *o, struct err *err)
{
	const struct walk_dir *above = o->dir->parent;
	struct sub_holding *sub;

	if (!above)
		return holding_end(&d->holding, lock_outside, d, err);
	sub = above->second_dev == o->dir->second_dev ? NULL : sub_of(d, o->dir->second_dev);
	return sub ? holding_end(&sub->holding, lock_outside, d, err) : 0;
}

static int sink_finish(struct sink *sink, struct copy_object *o, struct err *err)
{
	struct dir_sink *d = (struct dir_sink *)sink;
	int fd = walk_second(o->dir);
	struct stat now;

	if (end_holding(d, o, err) < 0)
		return -1;
	if (o->dir->mark & SINK_EXISTED && drop_extra(o, err) < 0)
		return -1;
	if (fstat(fd, &now) < 0)
		return object_fail(o, "cannot read the metadata of the copy of", err);
	if (o->dir->mark & SINK_EXISTED && !(o->dir->mark & SINK_BEGUN))
		keep_owner(d, o, &now);
	use_time(d, o);
	if (copy_project(d, o, fd, err) < 0 ||
	    dress(o, fd, &now, d->fs.back && o->dir->mark & SINK_EXISTED, err) < 0)
		return -1;
	if ((o->flags || o->dir->mark & SINK_EXISTED) && set_flags(d, o, fd, o->flags) < 0)
		return object_fail(o, "cannot set the inode flags of the copy of", err);
	return 0;
}

static void release(struct dir_sink *d)
{
	while (d->times) {
		struct kept_time *t = d->times;

		d->times = t->next;
		free(t);
	}
	while (d->subs) {
		struct sub_holding *sub = d->subs;

		d->subs = sub->next;
		holding_release(&sub->holding);
		close_fd(&sub->fd);
		free(sub);
	}
	pthread_mutex_destroy(&d->lock);
	free(d);
}

struct dir_sink *dir_sink_new(int from, int to, int sums, const struct tree_options *opt,
			      struct err *err)
{
	static const struct sink_ops ops = {
		.mkdir = sink_mkdir,
		.file = sink_file,
		.symlink = sink_symlink,
		.node = sink_node,
		.link = sink_link,
		.finish = sink_finish,
	};
	struct dir_sink *d = xcalloc(1, sizeof(*d));
	struct project project;
	struct stat a, b;

	d->base.ops = &ops;
	d->unmend = opt->back ? opt->marks : NULL;
	d->token = opt->token ? opt->token : "0000000000000000";
	if (target_fs_read(&d->fs, from, to, opt->back, err) < 0) {
		free(d);
		return NULL;
	}
	d->fs.microseconds |= opt->coarse;
	d->projects = !opt->back && meta_project(to, &project) && !project.hands_on;
	pthread_mutex_init(&d->lock, NULL);
	if (fstat(from, &a) < 0 || fstat(to, &b) < 0) {
		d->no_clone = true;
	} else {
		d->no_clone = a.st_dev != b.st_dev;
		d->root = keep_time(d, &a, &b);
	}
	if (prepare_dir(d, to) < 0) {
		fail_errno(err, "cannot prepare the target");
		release(d);
		return NULL;
	}
	if (sums_begin(&d->base.sums, sums, err) < 0) {
		release(d);
		return NULL;
	}
	pairs_init(&d->pairs);
	load_known(d, sums);
	if (holding_begin(&d->holding, from, to, opt->token, err) < 0) {
		struct err dropped;

		(void)!dir_sink_free(d, &dropped);
		return NULL;
	}
	return d;
}

struct sink *dir_sink_base(struct dir_sink *d)
{
	return &d->base;
}

int dir_sink_free(struct dir_sink *d, struct err *err)
{
	int rc = sums_end(&d->base.sums, err);

	holding_release(&d->holding);
	pairs_release(&d->pairs);
	sums_release(&d->known);
	release(d);
	return rc;
}
