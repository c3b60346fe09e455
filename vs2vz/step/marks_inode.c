/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One inode from whatever it is to what it shall be, forwards and backwards alike:
 *
 *	locks off    owner    mode    capabilities    locks on
 *
 * A change of owner takes set-id bits and security.capability of a regular file away,
 * so they come after it. Dying in between leaves an inode that the record completes:
 * every part is compared and done by itself. No time but ctime changes.
 */
#include "step/marks_inside.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/compat.h"
#include "step/treeutil.h"

int64_t mark_locks(int dirfd, const char *name, const struct meta *meta)
{
	int CLEANUP_FD fd = -1;
	uint32_t flags;
	int rc;

	if (!S_ISREG(meta->st.st_mode) && !S_ISDIR(meta->st.st_mode))
		return 0;
	if ((meta->flags_known & META_LOCKS) == META_LOCKS)
		return meta->flags & META_LOCKS;
	fd = below_open(dirfd, name, &meta->st);
	if (fd < 0)
		return -1;
	rc = meta_flags(fd, &flags);
	if (rc > 0)
		errno = EOPNOTSUPP;
	return rc ? -1 : (int64_t)(flags & META_LOCKS);
}

static int locks_now(const struct bearer *of, const struct meta *meta, uint32_t *locks)
{
	int64_t now;

	*locks = 0;
	if (of->fd >= 0) {
		if (meta_flags(of->fd, locks) < 0)
			return -1;
		*locks &= META_LOCKS;
		return 0;
	}
	now = mark_locks(of->at.dirfd, of->at.name, meta);
	if (now < 0)
		return errno == EOPNOTSUPP ? 0 : -1;
	*locks = (uint32_t)now;
	return 0;
}

static bool caps_differ(const struct bearer *of, const struct mark_record *caps)
{
	struct buf CLEANUP_BUF now = BUF_INIT;

	return xattr_value(of, "security.capability", &now) < 0 || now.len != caps->len ||
	       memcmp(now.data, caps->value, now.len) != 0;
}

static int set_locks(int fd, uint32_t locks)
{
	int word = 0;

	if (ioctl(fd, FS_IOC_GETFLAGS, &word) < 0)
		return -1;
	return sys_setflags(fd, ((uint32_t)word & ~META_LOCKS) | locks);
}

int mark_put_times(int fd, const struct stat *now, const struct mark_record *r)
{
	const struct timespec times[2] = {
		{ .tv_sec = (time_t)r->atime, .tv_nsec = r->atime_ns },
		{ .tv_sec = (time_t)r->mtime, .tv_nsec = r->mtime_ns },
	};

	if (times_agree(&times[1], &now->st_mtim, now->st_mode, false))
		return 0;
	return sys_futimens(fd, times);
}

int mark_keep_times(int fd, const struct stat *was)
{
	const struct timespec times[2] = { was->st_atim, was->st_mtim };

	return sys_futimens(fd, times);
}

struct changes {
	bool owner, mode, caps;
	uint32_t locks;		/* now */
};

static int change(const struct bearer *of, const struct mark_want *want, const struct changes *c)
{
	const struct place *at = &of->at;
	int fd = of->fd;

	if (c->locks && (c->owner || c->mode || c->caps) && lift_locks(fd) < 0)
		return -1;
	if (c->owner && (fd >= 0 ? sys_fchown(fd, want->uid, want->gid) :
			 sys_lchown(at, want->uid, want->gid)) < 0)
		return -1;
	if (c->mode && sys_fchmod(fd, want->mode & 07777) < 0)
		return -1;
	if (c->caps &&
	    (fd >= 0 ? sys_fsetxattr(fd, "security.capability", want->caps.value, want->caps.len) :
	     sys_lsetxattr(at, "security.capability", want->caps.value, want->caps.len)) < 0)
		return -1;
	return c->locks || want->locks ? set_locks(fd, want->locks) : 0;
}

int mark_settle(const struct bearer *of, const struct meta *meta, const struct mark_want *want)
{
	const struct stat *st = &meta->st;
	struct bearer open = *of;
	int CLEANUP_FD fd = -1;
	struct changes c;

	c.owner = st->st_uid != want->uid || st->st_gid != want->gid;
	/* The mode of what is never opened is not changed by us. */
	c.mode = want->mode_known && (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)) &&
		 ((st->st_mode ^ want->mode) & 07777 ||
		  (c.owner && S_ISREG(st->st_mode) && want->mode & 06000));
	c.caps = want->caps_known && (c.owner || caps_differ(of, &want->caps));
	if (locks_now(of, meta, &c.locks) < 0)
		return -1;
	if (!c.owner && !c.mode && !c.caps && c.locks == want->locks)
		return 0;
	if (of->fd < 0 && (c.locks || want->locks || c.mode)) {
		fd = below_open(of->at.dirfd, of->at.name, st);
		if (fd < 0)
			return -1;
		open.fd = fd;
	}
	return change(&open, want, &c);
}
