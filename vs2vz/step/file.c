/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One regular file with all that belongs to it: read, put, mended.
 *
 *	.NAME.vs2vz-TOKEN-new   content, owner, xattrs, mode, times   fsync
 *	NAME              flags lifted, rename; locks: directory synced; flags set
 *
 * Dying before the rename leaves the old NAME (perhaps without its flags, which
 * file_mend() sets again) and a leftover; dying after it the new NAME, perhaps
 * without its flags. Knows nothing of steps.
 */
#include "step/saved.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/meta.h"
#include "step/beside.h"
#include "step/treeutil.h"

void image_release(struct file_image *image)
{
	buf_release(&image->content);
}

static int read_xattr(struct file_meta *m, int fd, const char *name, struct pool *pool)
{
	ssize_t len = fgetxattr(fd, name, NULL, 0);
	struct file_xattr *x;
	char *value;

	if (len < 0)
		return errno == ENODATA ? 0 : -1;
	value = pool_alloc(pool, (size_t)len + 1);
	len = fgetxattr(fd, name, value, (size_t)len);
	if (len < 0)
		return -1;
	x = pool_grow(pool, &m->xattr, &m->nr_xattrs, &m->cap_xattrs, sizeof(*x));
	x->name = pool_strdup(pool, name);
	x->value = value;
	x->len = (size_t)len;
	return 0;
}

static int read_xattrs(struct file_meta *m, int fd, struct pool *pool)
{
	ssize_t len = flistxattr(fd, NULL, 0);
	char *names;

	if (len <= 0)
		return len < 0 && errno != EOPNOTSUPP && errno != ENOSYS ? -1 : 0;
	names = pool_alloc(pool, (size_t)len + 1);
	len = flistxattr(fd, names, (size_t)len);
	if (len < 0)
		return -1;
	for (const char *n = names; n < names + len; n += strlen(n) + 1)
		if (xattr_travels(n) && read_xattr(m, fd, n, pool) < 0)
			return -1;
	return 0;
}

static int read_meta(struct file_meta *m, int fd, const struct stat *st, struct pool *pool)
{
	uint32_t word;

	if (meta_flag_word(fd, &word) < 0)
		return -1;
	*m = (struct file_meta){
		.mode = st->st_mode & 07777,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.has_mtime = true,
		.mtime = st->st_mtim,
		.has_flags = true,
		.flags = word & FS_FL_USER_MODIFIABLE,
	};
	return read_xattrs(m, fd, pool);
}

int file_read(struct file_image *out, const struct place *at, const struct stat *st,
	      struct pool *pool, struct err *err)
{
	int CLEANUP_FD fd = below_open(at->dirfd, at->name, st);
	ssize_t got;

	buf_clear(&out->content);
	out->inode = st->st_ino;
	if (fd < 0 || read_meta(&out->meta, fd, st, pool) < 0)
		return fail_errno(err, "cannot read '%s'", show(at->name));
	do {
		got = read(fd, buf_room(&out->content, 64 * 1024), 64 * 1024);
		if (got > 0)
			buf_used(&out->content, (size_t)got);
		if (got < 0 && errno != EINTR)
			return fail_errno(err, "cannot read '%s'", show(at->name));
		if (out->content.len > FILE_MAX_BYTES)
			return fail_code(err, EFBIG, "'%s' is larger than %u bytes",
					 show(at->name), FILE_MAX_BYTES);
	} while (got != 0);
	return 0;
}

/* Locks come when the name is on the disk: a name that a power cut takes back must move. */
static int set_flags(const struct place *at, int fd, uint32_t flags)
{
	uint32_t now, own;

	if (meta_flag_word(fd, &now) < 0)
		return -1;
	own = now & ~(uint32_t)FS_FL_USER_MODIFIABLE;	/* the file system's own */
	if ((now & FS_FL_USER_MODIFIABLE) == flags)
		return 0;
	if (flags & META_LOCKS && sys_fsync(at->dirfd) < 0)
		return -1;
	return sys_setflags(fd, own | flags) < 0 || sys_fsync(fd) < 0 ? -1 : 0;
}

static int set_xattrs(int fd, const struct file_meta *m)
{
	for (size_t i = 0; i < m->nr_xattrs; i++)
		if (sys_fsetxattr(fd, m->xattr[i].name, m->xattr[i].value, m->xattr[i].len) < 0)
			return -1;
	return 0;
}

/* Owner before mode and capabilities: chown takes them away. Times last. */
static int set_meta(int fd, const struct file_meta *m)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, m->mtime };

	if (sys_fchown(fd, m->uid, m->gid) < 0 || set_xattrs(fd, m) < 0 ||
	    sys_fchmod(fd, m->mode) < 0)
		return -1;
	return m->has_mtime ? sys_futimens(fd, times) : 0;
}

struct search {
	const struct file_content *c;
	bool whole;
};

/* The bytes of the content, or, while it is not whole, those that never came to the disk. */
static bool same_bytes(const struct search *s, const char *got, size_t len, size_t from)
{
	const char *want = (const char *)s->c->bytes + from;

	for (size_t i = 0; i < len; i++)
		if (got[i] != want[i] && (s->whole || got[i]))
			return false;
	return true;
}

static int is_content(const struct place *at, const struct stat *st, void *ctx, struct err *err)
{
	const struct search *s = ctx;
	int CLEANUP_FD fd = -1;
	char bytes[16 * 1024];
	size_t from = 0;
	ssize_t got;

	if (!S_ISREG(st->st_mode) || st->st_nlink != 1 || (uint64_t)st->st_size > s->c->len ||
	    (s->whole && (uint64_t)st->st_size != s->c->len))
		return 0;
	fd = below_open(at->dirfd, at->name, st);
	if (fd < 0)
		return fail_errno(err, "cannot open '%s'", show(at->name));
	while ((got = read(fd, bytes, sizeof(bytes))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_errno(err, "cannot read '%s'", show(at->name));
		if ((size_t)got > s->c->len - from || !same_bytes(s, bytes, (size_t)got, from))
			return 0;
		from += (size_t)got;
	}
	return 1;
}

static int temp_find(struct beside *temp, const struct file_content *c, const struct place *at,
		     bool whole, struct err *err)
{
	struct search s = { c, whole };
	struct beside_search search = {
		.token = c->w->token, .word = BESIDE_NEW, .ours = is_content, .ctx = &s,
	};

	if (names_least(&search.least, c->w, c->nr, err) < 0)
		return -1;
	return beside_find(temp, at, &search, err);
}

/* A name that nothing has, noted where it is not the first. */
static int temp_free(struct beside *temp, const struct file_content *c, const struct place *at,
		     struct err *err)
{
	if (file_clean(c, at, err) < 0 || temp_find(temp, c, at, false, err) < 0)
		return -1;
	return names_note(c->w, c->nr, temp->nr, err);
}

int file_clean(const struct file_content *c, const struct place *at, struct err *err)
{
	struct beside temp;

	for (;;) {
		if (temp_find(&temp, c, at, false, err) < 0)
			return -1;
		if (!temp.there)
			return 0;
		if (sys_unlink(&temp.at) < 0 &&
		    (errno != EPERM || lift_locks_at(at->dirfd, temp.name, &temp.st) < 0 ||
		     sys_unlink(&temp.at) < 0))
			return fail_errno(err, "cannot remove the leftover '%s'", show(temp.name));
	}
}

int file_lift(const struct place *at, const struct stat *st, struct err *err)
{
	if (lift_locks_at(at->dirfd, at->name, st) < 0)
		return fail_errno(err, "cannot lift the flags of '%s'", show(at->name));
	return 0;
}

int file_flags(uint32_t *flags, const struct place *at, const struct stat *st, struct err *err)
{
	int CLEANUP_FD fd = -1;

	*flags = 0;
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return 0;
	fd = below_open(at->dirfd, at->name, st);
	if (fd < 0)
		return fail_errno(err, "cannot open '%s'", show(at->name));
	if (meta_flag_word(fd, flags) < 0)
		return fail_errno(err, "cannot read the inode flags of '%s'", show(at->name));
	*flags &= FS_FL_USER_MODIFIABLE;
	return 0;
}

int file_set_flags(const struct place *at, const struct stat *st, uint32_t flags,
		   struct err *err)
{
	int CLEANUP_FD fd = below_open(at->dirfd, at->name, st);

	if (fd < 0 || set_flags(at, fd, flags) < 0)
		return fail_errno(err, "cannot set the flags of '%s'", show(at->name));
	return 0;
}

/* The temporary file, complete; its descriptor. */
static int make_temp(const struct place *temp, const void *bytes, size_t len,
		     const struct file_meta *m, struct err *err)
{
	int CLEANUP_FD fd = sys_create(temp, 0600);
	int out;

	if (fd < 0)
		return fail_errno(err, "cannot create '%s'", show(temp->name));
	if (write_all(fd, bytes, len, err) < 0)
		return -1;
	if (set_meta(fd, m) < 0)
		return fail_errno(err, "cannot set owner, mode, attributes and times");
	out = fd;
	fd = -1;
	return out;
}

int file_stage(const struct file_content *c, struct work *w, const struct place *at,
	       const struct file_meta *meta, struct err *err)
{
	struct beside temp;
	int CLEANUP_FD fd = -1;

	if (temp_free(&temp, c, at, err) < 0)
		return -1;
	fd = make_temp(&temp.at, c->bytes, c->len, meta, err);
	if (fd < 0) {
		sys_unlink(&temp.at);
		err_add(err, "cannot write '%s'", show(at->name));
		return -1;
	}
	work_sync_later(w, fd);
	return 0;
}

bool file_staged(const struct file_content *c, const struct place *at)
{
	struct beside temp;
	struct err unread;

	return temp_find(&temp, c, at, true, &unread) == 0 && temp.there;
}

int file_land(const struct file_content *c, const struct place *at, struct err *err)
{
	struct beside temp;

	if (temp_find(&temp, c, at, true, err) < 0)
		return -1;
	errno = ENOENT;
	if (!temp.there || sys_rename(&temp.at, at) < 0)
		return fail_errno(err, "cannot rename '%s' to '%s'", show(temp.name),
				  show(at->name));
	return 0;
}

int file_put(const struct file_content *c, const struct place *at, const struct file_meta *meta,
	     struct err *err)
{
	struct beside temp;
	int CLEANUP_FD fd = -1;
	struct stat st;

	if (temp_free(&temp, c, at, err) < 0)
		return -1;
	fd = make_temp(&temp.at, c->bytes, c->len, meta, err);
	if (fd >= 0 && sys_fsync(fd) < 0) {
		fail_errno(err, "cannot sync");
		close_fd(&fd);
	}
	if (fd < 0 || (below_stat(at->dirfd, at->name, &st) == 0 && file_lift(at, &st, err) < 0)) {
		sys_unlink(&temp.at);
		err_add(err, "cannot write '%s'", show(at->name));
		return -1;
	}
	if (sys_rename(&temp.at, at) < 0)
		return fail_errno(err, "cannot rename '%s' to '%s'", show(temp.name),
				  show(at->name));
	if (meta->has_flags && set_flags(at, fd, meta->flags) < 0)
		return fail_errno(err, "cannot set the flags of '%s'", show(at->name));
	return 0;
}

static bool same_xattrs(const struct file_meta *a, const struct file_meta *b)
{
	size_t same = 0;

	for (size_t i = 0; i < a->nr_xattrs; i++)
		for (size_t k = 0; k < b->nr_xattrs; k++)
			same += strcmp(a->xattr[i].name, b->xattr[k].name) == 0 &&
				a->xattr[i].len == b->xattr[k].len &&
				memcmp(a->xattr[i].value, b->xattr[k].value,
				       a->xattr[i].len) == 0;
	return same == a->nr_xattrs && same == b->nr_xattrs;
}

static bool same_meta(const struct file_meta *a, const struct file_meta *b)
{
	return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid &&
	       a->mtime.tv_sec == b->mtime.tv_sec && a->mtime.tv_nsec == b->mtime.tv_nsec &&
	       a->flags == b->flags && same_xattrs(a, b);
}

int file_mend(const struct place *at, const struct stat *st, const struct file_meta *meta,
	      struct pool *pool, struct err *err)
{
	int CLEANUP_FD fd = below_open(at->dirfd, at->name, st);
	struct file_meta now;

	if (fd < 0 || read_meta(&now, fd, st, pool) < 0)
		return fail_errno(err, "cannot read '%s'", show(at->name));
	if (same_meta(&now, meta))
		return 0;
	if (file_lift(at, st, err) < 0)
		return -1;
	if (set_meta(fd, meta) < 0 || sys_fsync(fd) < 0 || set_flags(at, fd, meta->flags) < 0)
		return fail_errno(err, "cannot set the metadata of '%s'", show(at->name));
	return 0;
}
