/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vz's own lock of a container, LOCKDIR/CTID.lck, taken as vzctl takes it (vzctl:
 * src/lib/lock.c): a temporary file with the pid is linked to the lock's name, so
 * the lock never exists without its pid. A lock whose process is gone, or without a
 * pid, is removed.
 *
 * On the disk: create temporary, link, unlink temporary; a stale one is renamed over.
 * Nothing is synced: after a cut no process lives that could hold a lock, and a stale
 * one is taken over, as is one that carries our own pid. If we die in between, a
 * temporary file stays, which nobody reads and which the next run of the same pid
 * removes.
 */
#include "openvz/layout.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/units.h"
#include "openvz/inside.h"

#define TRIES 3

static void lock_path(struct buf *path, const struct host *host, uint32_t ctid)
{
	buf_addf(path, "%s/%u.lck", host->lock_dir, ctid);
}

/* The pid in a lock file, 0: none that could be one. -1: cannot be read, or gone (ENOENT). */
static int64_t lock_pid(const struct root *root, const char *path, struct err *err)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	uint64_t pid;
	size_t len;

	if (root_read(root, path, 4096, &text, err) < 0)
		return -1;
	len = strspn(text.data, "0123456789");
	text.data[len] = '\0';
	return parse_u64(text.data, INT32_MAX, &pid) ? (int64_t)pid : 0;
}

static bool is_living_other(int64_t pid)
{
	return pid > 0 && pid != getpid() && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

int64_t lock_holder(const struct root *root, const char *path, struct err *err)
{
	int64_t pid = lock_pid(root, path, err);

	if (pid < 0)
		return err_is_absent(err) ? 0 : -1;
	return is_living_other(pid) ? pid : 0;
}

/* The file that will be the lock. */
static int write_temporary(const struct place *at, struct err *err)
{
	int CLEANUP_FD fd = -1;
	char text[32];
	int len = snprintf(text, sizeof(text), "%ld\n\n", (long)getpid());

	if (sys_unlink(at) < 0 && errno != ENOENT)
		return fail_errno(err, "cannot remove '%s'", at->name);
	fd = sys_create(at, 0600);
	if (fd < 0)
		return fail_errno(err, "cannot create '%s'", at->name);
	if (sys_write(fd, text, (size_t)len) != len)
		return fail_errno(err, "cannot write '%s'", at->name);
	return 0;
}

/*
 * Is the owner gone and the lock still there? In this order: who gives a lock back ends
 * after that, so what still names the process once it is dead was left behind.
 */
static bool is_stale(const struct root *root, const char *path)
{
	struct err dropped;
	int64_t pid = lock_pid(root, path, &dropped);

	return pid >= 0 && !is_living_other(pid) && lock_pid(root, path, &dropped) == pid;
}

/*
 * Put our temporary file in the place of a stale lock. Of several that find it stale
 * only one may do so: the one whose link to the guard's name succeeds. Under the guard
 * the lock is judged again, and replaced by one rename, so that there is never a moment
 * without it. 1: it is ours; 0: look again.
 */
static int take_over(const struct place *lock, const struct place *temporary,
		     const struct root *root, const char *path, struct err *err)
{
	struct buf guard_path CLEANUP_BUF = BUF_INIT;
	char name[80];
	struct place guard = { lock->dirfd, name };
	int taken = 0;

	snprintf(name, sizeof(name), "%s.vs2vz-taking", lock->name);
	buf_addf(&guard_path, "%s.vs2vz-taking", path);
	if (sys_link(temporary, &guard) < 0) {
		if (errno != EEXIST)
			return fail_errno(err, "cannot make '%s'", show(guard_path.data));
		if (is_stale(root, guard_path.data))
			(void)sys_unlink(&guard);	/* its owner died between two calls */
		return 0;
	}
	if (is_stale(root, path))
		taken = sys_rename(temporary, lock) == 0 ? 1 :
			fail_errno(err, "cannot take the stale '%s'", show(path));
	(void)sys_unlink(&guard);
	return taken;
}

static int take(const struct place *lock, const struct place *temporary,
		const struct root *root, const char *path, struct err *err)
{
	for (int i = 0; i < TRIES; i++) {
		int64_t pid;

		if (sys_link(temporary, lock) == 0)
			return 0;
		if (errno != EEXIST)
			return fail_errno(err, "cannot make '%s'", show(path));
		pid = lock_pid(root, path, err);
		if (pid < 0 && (err_is_absent(err) || err->code == ESTALE))
			continue;	/* given back, or taken anew, just now */
		if (pid < 0)
			return -1;
		if (is_living_other(pid))
			return fail_code(err, EWOULDBLOCK, "process %lld holds '%s'",
					 (long long)pid, show(path));
		pid = take_over(lock, temporary, root, path, err);
		if (pid != 0)
			return pid < 0 ? -1 : 0;
	}
	return fail_code(err, EWOULDBLOCK, "other processes keep taking '%s'", show(path));
}

int ct_lock(const struct host *host, const struct root *root, uint32_t ctid, struct err *err)
{
	struct spot CLEANUP_SPOT lock = SPOT_INIT;
	struct buf path CLEANUP_BUF = BUF_INIT;
	struct place temporary;
	char name[64];
	int ret;

	if (!host->lock_dir)
		return 0;
	lock_path(&path, host, ctid);
	if (root_spot(root, path.data, &lock, err) < 0)
		return -1;
	snprintf(name, sizeof(name), "%u.lck.vs2vz-%ld", ctid, (long)getpid());
	temporary = (struct place){ lock.at.dirfd, name };
	ret = write_temporary(&temporary, err);
	if (ret == 0)
		ret = take(&lock.at, &temporary, root, path.data, err);
	(void)sys_unlink(&temporary);
	if (ret < 0)
		err_add(err, "container %u", ctid);
	return ret;
}

void ct_unlock(const struct host *host, const struct root *root, uint32_t ctid)
{
	struct spot CLEANUP_SPOT lock = SPOT_INIT;
	struct buf path CLEANUP_BUF = BUF_INIT;
	struct err err;

	if (!host->lock_dir)
		return;
	lock_path(&path, host, ctid);
	if (lock_pid(root, path.data, &err) == getpid() &&
	    root_spot(root, path.data, &lock, &err) == 0)
		(void)sys_unlink(&lock.at);
}
