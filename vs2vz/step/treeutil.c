/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comparing two objects reads only. Removing lifts the immutable and append-only
 * flags first; nothing is synced, a cut leaves a part of what was to go.
 */
#include "step/treeutil.h"

#include <errno.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/compat.h"
#include "base/fsinfo.h"
#include "base/fslimits.h"
#include "base/inroot.h"
#include "base/sys.h"
#include "step/tree.h"

#define UNLINK_TRIES 100

int target_fs_read(struct target_fs *fs, int from, int to, bool back, struct err *err)
{
	const int copy = back ? from : to;
	uint32_t of_from = META_GUEST_FLAGS;
	struct statfs vfs;
	struct stat st;

	*fs = (struct target_fs){ .back = back };
	/* Flags that the copy never had say nothing about the original's. */
	if (meta_flags_kept(to, &fs->kept_flags) < 0 ||
	    (back && meta_flags_kept(from, &of_from) < 0))
		return fail_errno(err, "cannot ask the file system for its inode flags");
	fs->kept_flags &= of_from;
	/*
	 * The kernel stamps changes with nanoseconds where the file system has room
	 * for them. A false "coarse" only lets a time pass that has lost its fraction.
	 */
	fs->coarse_times = fstat(copy, &st) == 0 && st.st_ctim.tv_nsec == 0;
	fs->cut_times = fstatfs(copy, &vfs) == 0 && fs_may_cut_times((uint32_t)vfs.f_type);
	fs->microseconds = !kernel_can(CAN_SET_NANOSECONDS);
	return 0;
}

int64_t mend_meta(const struct marks *marks, struct hidden_window *win, int fd,
		  struct meta *meta)
{
	uint32_t had = meta->flags, flags;

	if (!marks)
		return 0;
	/* Old kernels tell no flag with the status, none tells all. */
	if (fd >= 0 && (had & FS_IMMUTABLE_FL || !(meta->flags_known & FS_IMMUTABLE_FL)) &&
	    meta_flags(fd, &had) < 0)
		return -1;
	flags = had;
	marks_mend(marks, win, &meta->st, &flags);
	meta->flags &= flags | ~had;
	return had & ~flags;
}

/* Does the copy have what it could hold of the original's time? */
static bool held(const struct timespec *original, const struct timespec *copy,
		 const struct target_fs *fs)
{
	if (original->tv_sec != copy->tv_sec)
		return fs->cut_times && fs_time_cut(original->tv_sec, copy->tv_sec);
	return original->tv_nsec == copy->tv_nsec || (fs->coarse_times && copy->tv_nsec == 0);
}

bool same_time(const struct stat *source, const struct stat *target, const struct target_fs *fs)
{
	const struct timespec *a = &source->st_mtim, *b = &target->st_mtim;

	return times_agree(a, b, source->st_mode, fs->microseconds) ||
	       times_agree(b, a, source->st_mode, fs->microseconds) ||
	       (fs->back ? held(b, a, fs) : held(a, b, fs));
}

/* Set-id bits of what is never opened mean nothing, and not every kernel can set them. */
static bool mode_differs(mode_t source, mode_t target)
{
	mode_t differs = source ^ target;

	if (S_ISLNK(source))
		return false;
	if (!S_ISREG(source) && !S_ISDIR(source) && !(target & NODE_MODE_LOST))
		differs &= ~NODE_MODE_LOST;
	return differs;
}

const char *status_differs(const struct stat *source, const struct stat *target,
			   const struct target_fs *fs)
{
	mode_t type = source->st_mode & S_IFMT;

	if (type != (target->st_mode & S_IFMT))
		return "type";
	if (type != S_IFDIR && source->st_size != target->st_size)
		return "size";
	if (mode_differs(source->st_mode, target->st_mode))
		return "mode";
	if (source->st_uid != target->st_uid || source->st_gid != target->st_gid)
		return "owner";
	if ((type == S_IFCHR || type == S_IFBLK) && source->st_rdev != target->st_rdev)
		return "device number";
	if (!same_time(source, target, fs))
		return "mtime";
	return NULL;
}

static const char *link_differs(const struct side *a, const struct side *b)
{
	char text[2][4097];
	ssize_t len = below_readlink(a->dirfd, a->name, text[0], sizeof(text[0]));

	if (len < 0 || below_readlink(b->dirfd, b->name, text[1], sizeof(text[1])) < 0)
		return "";
	return memcmp(text[0], text[1], (size_t)len) == 0 ? NULL : "link target";
}

static struct bearer bearer_of(const struct side *s)
{
	return (struct bearer){ s->fd, { s->dirfd, s->name } };
}

static size_t count_names(const struct buf *names, bool added_by_kernel)
{
	const char *end = names->data + names->len;
	size_t nr = 0;

	for (const char *name = names->data; name < end; name += strlen(name) + 1)
		nr += xattr_travels(name) &&
		      (added_by_kernel || strcmp(name, "security.selinux") != 0);
	return nr;
}

/* A label that the running kernel's policy added to the target alone does not count. */
static const char *xattrs_differ(const struct side *source, const struct side *target)
{
	const struct bearer a = bearer_of(source), b = bearer_of(target);
	struct buf CLEANUP_BUF names = BUF_INIT, others = BUF_INIT;
	struct buf CLEANUP_BUF left = BUF_INIT, right = BUF_INIT;
	bool labelled = false;

	if (xattr_names(&a, &names) < 0 || xattr_names(&b, &others) < 0)
		return "";
	if (!names.len && !others.len)
		return NULL;
	for (const char *n = names.data; n < names.data + names.len; n += strlen(n) + 1) {
		if (!xattr_travels(n))
			continue;
		labelled |= strcmp(n, "security.selinux") == 0;
		if (xattr_value(&a, n, &left) < 0)
			return "";
		if (xattr_value(&b, n, &right) < 0)
			return errno == ENODATA || errno == EOPNOTSUPP ? "extended attributes" : "";
		if (left.len != right.len || memcmp(left.data, right.data, left.len) != 0)
			return "extended attributes";
	}
	return count_names(&names, labelled) == count_names(&others, labelled) ?
	       NULL : "extended attributes";
}

static const char *flags_differ(const struct side *a, const struct side *b,
				const struct target_fs *fs)
{
	uint32_t left = a->meta->flags, right = b->meta->flags;
	uint32_t known = a->meta->flags_known & b->meta->flags_known;

	if (a->fd >= 0 && b->fd >= 0) {
		if (meta_flags(a->fd, &left) < 0 || meta_flags(b->fd, &right) < 0)
			return "";
		known = META_GUEST_FLAGS;
	}
	left &= ~a->thawed;
	right &= ~b->thawed;
	return (left ^ right) & known & fs->kept_flags ? "inode flags" : NULL;
}

const char *side_differs(const struct side *source, const struct side *target,
			 const struct target_fs *fs)
{
	mode_t type = source->meta->st.st_mode & S_IFMT;
	const char *what = status_differs(&source->meta->st, &target->meta->st, fs);

	if (!what && type == S_IFLNK)
		what = link_differs(source, target);
	if (!what)
		what = xattrs_differ(source, target);
	if (!what && (type == S_IFREG || type == S_IFDIR))
		what = flags_differ(source, target, fs);
	return what;
}

void pairs_init(struct pairs *pairs)
{
	pairs->of_source = links_new();
	pairs->of_target = links_new();
}

void pairs_release(struct pairs *pairs)
{
	links_free(pairs->of_source);
	links_free(pairs->of_target);
}

static bool match_one(struct links *links, uint64_t key, uint64_t other)
{
	struct link_slot *slot = links_hold(links, key);
	bool same;

	if (!slot->value)
		slot->value = other;
	same = slot->value == other;
	links_let_go(links, key);
	return same;
}

int put_mode_at(const struct place *at, mode_t mode)
{
	mode_t lost;
	struct stat st;

	if (below_stat(at->dirfd, at->name, &st) < 0)
		return -1;
	errno = ESTALE;
	if ((st.st_mode ^ mode) & S_IFMT)
		return -1;
	lost = (st.st_mode ^ mode) & 07777;
	if (!lost || sys_mode_at(at, mode & 07777) == 0)
		return 0;
	return lost & ~NODE_MODE_LOST ? -1 : 0;
}

bool pairs_match(struct pairs *pairs, const struct stat *source, const struct stat *target)
{
	if (source->st_nlink < 2 && target->st_nlink < 2)
		return true;
	return match_one(pairs->of_source, link_key(source), link_key(target)) &&
	       match_one(pairs->of_target, link_key(target), link_key(source));
}

int lift_locks(int fd)
{
	uint32_t word;

	if (meta_flag_word(fd, &word) < 0)
		return -1;
	return word & META_LOCKS ? sys_setflags(fd, word & ~META_LOCKS) : 0;
}

int lift_locks_at(int dirfd, const char *name, const struct stat *st)
{
	int fd, rc;

	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return 0;
	fd = below_open(dirfd, name, st);
	if (fd < 0)
		return -1;
	rc = lift_locks(fd);
	close_fd(&fd);
	return rc;
}

/*
 * Unlink a name of a locked file. Its other names, perhaps outside the tree, keep
 * the flags: they are set again through the descriptor.
 */
static int unlink_open(const struct place *at, const struct stat *st, int fd)
{
	struct stat now;
	uint32_t word;
	int rc;

	if (meta_flag_word(fd, &word) < 0)
		return -1;
	if (!(word & META_LOCKS))
		return sys_unlink(at);
	if (sys_setflags(fd, word & ~META_LOCKS) < 0)
		return -1;
	rc = sys_unlink(at);
	if ((rc < 0 || st->st_nlink > 1) && fstat(fd, &now) == 0 && now.st_nlink > 0 &&
	    sys_setflags(fd, word) < 0)
		return -1;
	return rc;
}

/* A thread that removes another name of the inode may have set the flags again. */
static int unlink_unlocked(const struct place *at, const struct stat *st)
{
	int CLEANUP_FD fd = below_open(at->dirfd, at->name, st);
	int rc = -1;

	for (int tries = 0; fd >= 0 && rc < 0 && tries < UNLINK_TRIES; tries++) {
		rc = unlink_open(at, st, fd);
		if (rc < 0 && (errno != EPERM || st->st_nlink < 2))
			break;
	}
	return rc;
}

int unlink_locked(int dirfd, const char *name, const struct meta *meta)
{
	const struct place at = { dirfd, name };
	bool file = S_ISREG(meta->st.st_mode);

	if (file && meta->flags & META_LOCKS)
		return unlink_unlocked(&at, &meta->st);
	if (sys_unlink(&at) == 0)
		return 0;
	if (errno != EPERM && errno != EACCES)
		return -1;
	/* Perhaps a flag that nobody told us of, of the file or of the directory. */
	if (lift_locks(dirfd) < 0)
		return -1;
	return file ? unlink_unlocked(&at, &meta->st) : sys_unlink(&at);
}

static int remove_dir(int dirfd, const char *name, const struct meta *meta, struct err *err)
{
	const struct tree_options quick = { .threads = 1 };
	const struct place at = { dirfd, name };
	int CLEANUP_FD fd = below_open(dirfd, name, &meta->st);
	struct tree_counts counts;

	if (fd < 0 || lift_locks(fd) < 0 ||
	    (meta_is_subvolume(meta, dirfd) && sys_subvolume_open(fd) < 0))
		return fail_errno(err, "cannot remove the directory");
	if (tree_remove(fd, &quick, &counts, err) < 0)
		return -1;
	return sys_rmdir(&at) < 0 ? fail_errno(err, "cannot remove the directory") : 0;
}

int remove_whole(int dirfd, const char *name, const struct meta *meta, struct err *err)
{
	struct mount_names mounts = { 0, NULL };
	struct stat parent;
	bool mounted;

	if (fstat(dirfd, &parent) < 0)
		return fail_errno(err, "cannot read the metadata of the directory");
	if (S_ISDIR(meta->st.st_mode) && mount_names_add(&mounts, dirfd, err) < 0)
		return -1;
	mounted = meta->mount_point ||
		  (meta->st.st_dev != parent.st_dev && !meta_is_subvolume(meta, dirfd)) ||
		  mount_named(&mounts, parent.st_dev, parent.st_ino, name);
	mount_names_release(&mounts);
	if (mounted)
		return fail_code(err, EBUSY, "is a mount point");
	if (S_ISDIR(meta->st.st_mode))
		return remove_dir(dirfd, name, meta, err);
	return unlink_locked(dirfd, name, meta) < 0 ? fail_errno(err, "cannot remove") : 0;
}
