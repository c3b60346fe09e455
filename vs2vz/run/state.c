/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state directory: made where missing, locked against a second vs2vz.
 *
 * The lock is a record lock on STATE/lock: the kernel drops it with the process, and
 * tells who holds it. Readers take none.
 */
#include "run/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/atomic.h"

static const char *const folders[] = { "archive", "containers", "guests", "host", MANIFESTS, NULL };

int state_open(const struct root *root, const char *path, bool write, struct err *err)
{
	int CLEANUP_FD fd = root_opendir(root, path, err);
	int out;

	if (fd < 0 && (!write || err->code != ENOENT))
		return -1;
	if (fd < 0) {
		err_clear(err);
		if (make_dirs(root->fd, path, 0755, err) < 0)
			return -1;
		fd = root_opendir(root, path, err);
		if (fd < 0)
			return -1;
	}
	for (unsigned i = 0; write && folders[i]; i++)
		if (make_dirs(fd, folders[i], 0700, err) < 0)
			return -1;
	out = fd;
	fd = -1;
	return out;
}

void state_clear(int state)
{
	const struct root root = { state, "" };
	struct pool pool = POOL_INIT;
	struct names names = { 0 };
	struct err absent;
	int CLEANUP_FD fd = strict_opendir(&root, MANIFESTS, &absent);

	if (fd >= 0 && root_names(&root, MANIFESTS, &pool, &names, &absent) == 0)
		for (size_t i = 0; i < names.nr; i++)
			sys_unlink(&(struct place){ fd, names.name[i] });
	pool_release(&pool);
}

static int open_lock(int state)
{
	struct place at = { state, "lock" };
	int fd = sys_open_write(&at);

	if (fd < 0 && errno == ENOENT)
		fd = sys_create(&at, 0600);
	if (fd < 0 && errno == EEXIST)
		fd = sys_open_write(&at);
	return fd;
}

/* The descriptor stays open, and the lock held, until the process ends. */
int state_lock(int state, struct err *err)
{
	struct flock want = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct flock holder = want;
	int fd = open_lock(state);

	if (fd < 0)
		return fail_errno(err, "cannot open the lock");
	if (fcntl(fd, F_SETLK, &want) == 0)
		return 0;
	if (errno != EACCES && errno != EAGAIN)
		fail_errno(err, "cannot lock");
	else if (fcntl(fd, F_GETLK, &holder) == 0 && holder.l_type != F_UNLCK)
		fail_code(err, EWOULDBLOCK, "another vs2vz is at work: process %ld",
			  (long)holder.l_pid);
	else
		fail_code(err, EWOULDBLOCK, "another vs2vz was at work just now");
	close_fd(&fd);
	return -1;
}
