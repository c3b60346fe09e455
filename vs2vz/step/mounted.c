/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The private mount. The child has a copy of the mount table that is made private first:
 * nothing of it is seen outside. It mounts over /proc, a directory that is always there,
 * opens the root of what it mounted and sends the descriptor. When the child is gone
 * its table is gone; the mount lives on by the descriptor alone.
 *
 * We can die at any point: the child dies with us, and table, mount and loop device go
 * with both; the kernel may take some time for that (volume_look()).
 *
 * In the child only what is safe after fork() in a process with threads.
 */
#include "step/mounted.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/loop.h"

#define POINT "/proc"

/* What the child says: a descriptor travels with it where code is 0. */
struct answer {
	int code;
	int stage;		/* index of stages */
};
static const char *const stages[] = {
	"cannot make a mount namespace", "cannot mount the file system",
	"cannot open the root of the file system",
};

/* ---- child */

static void answer(int socket, int code, int stage, int fd)
{
	struct answer a = { code, stage };
	struct iovec io = { &a, sizeof(a) };
	_Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(int))] = { 0 };
	struct msghdr msg = { .msg_iov = &io, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (fd >= 0) {
		msg.msg_control = room;
		msg.msg_controllen = sizeof(room);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	_exit(sendmsg(socket, &msg, MSG_NOSIGNAL) < 0);
}

/* A root that is no mount point (chroot) cannot be made private; the mount point can. */
static bool leave_table(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		return false;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 && errno != EINVAL)
		return false;
	return mount(NULL, POINT, NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

/* The driver of ext4 mounts ext3 as well; 2.6.18 has none. Read-only: no replay either. */
static bool mount_ext(const char *source, const char *at, unsigned long flags)
{
	const char *options = flags & MS_RDONLY ? "noload" : NULL;

	flags |= MS_NODEV | MS_NOATIME;
	if (mount(source, at, "ext4", flags, options) == 0)
		return true;
	return errno == ENODEV && mount(source, at, "ext3", flags, options) == 0;
}

static const char *device_path(char text[32], int device)
{
	snprintf(text, 32, "/proc/self/fd/%d", device);
	return text;
}

bool mounted_here(int device, const char *at)
{
	char source[32];

	return mount_ext(device_path(source, device), at, MS_RDONLY);
}

static void child(int socket, const char *source, enum volume_open how, pid_t parent)
{
	struct root mounted;
	struct err err;

	/* Whoever kills the parent must find nothing mounted that nobody waits for. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(1);
	if (!leave_table())
		answer(socket, errno, 0, -1);
	if (!mount_ext(source, POINT, MS_NOSUID | MS_NOEXEC | (how == VOLUME_READ ? MS_RDONLY : 0)))
		answer(socket, errno, 1, -1);
	if (root_init(&mounted, POINT, &err) < 0)
		answer(socket, err.code, 2, -1);
	answer(socket, 0, 0, mounted.fd);
}

/* ---- parent */

static int hear(int socket, struct answer *a)
{
	struct iovec io = { a, sizeof(*a) };
	_Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(int))];
	struct msghdr msg = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = room,
			      .msg_controllen = sizeof(room) };
	struct cmsghdr *c;
	ssize_t len;
	int fd = -1;

	do
		len = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
	while (len < 0 && errno == EINTR);
	if (len != sizeof(*a))
		*a = (struct answer){ EIO, 0 };
	c = len > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

/* device: an open block device; it may be closed afterwards. */
static int mount_device(int device, enum volume_open how, struct err *err)
{
	struct answer a = { EIO, 0 };
	char source[32];
	int ends[2], fd, status;
	pid_t pid, self = getpid();

	device_path(source, device);
	if (socketpair_cloexec(SOCK_SEQPACKET, ends) < 0)
		return fail_errno(err, "cannot make a socket");
	pid = fork();
	if (pid == 0)
		child(ends[1], source, how, self);
	a.code = pid < 0 ? errno : a.code;
	close_fd(&ends[1]);
	fd = pid < 0 ? -1 : hear(ends[0], &a);
	close_fd(&ends[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (fd < 0) {
		errno = a.code ? a.code : EIO;
		fail_errno(err, "%s", stages[a.stage]);
	}
	return fd;
}

/* Nobody has it, it is the right one, and it can be read as it stands. */
static int judge(int fd, const char *volume, const char *uuid, enum volume_open how,
		 struct err *err)
{
	struct ext_super super;

	if (ext_super_read(&super, fd, err) < 0)
		return -1;
	if (!super.uuid[0])
		return fail_code(err, ERR_FOREIGN, "'%s' holds no ext file system", show(volume));
	if (uuid && strcmp(uuid, super.uuid) != 0)
		return fail_code(err, ERR_FOREIGN, "'%s' holds the file system %s, not %s",
				 show(volume), super.uuid, show(uuid));
	if (super.unclean && how == VOLUME_READ)
		return fail_code(err, EUCLEAN, "the file system on '%s' was not unmounted "
				 "cleanly: run e2fsck on it", show(volume));
	return 0;
}

/* The device that was judged, opened so that it can be mounted. */
static int reopen(int fd, const struct root *root, const char *volume, enum volume_open how,
		  struct err *err)
{
	struct stat st;
	int device;

	if (!volume_is_device(volume)) {
		int CLEANUP_FD file = how == VOLUME_WRITE ? volume_open(root, volume, how, err) :
							    dup(fd);
		return file < 0 ? -1 : loop_attach(file, how == VOLUME_WRITE, err);
	}
	if (fstat(fd, &st) < 0)
		return fail_errno(err, "cannot look at '%s'", show(volume));
	device = device_open(volume, st.st_rdev);
	return device < 0 ? fail_errno(err, "cannot open '%s'", show(volume)) : device;
}

static int refuse_used(const struct root *root, const char *volume, struct err *err)
{
	struct pool pool = POOL_INIT;
	struct blockdev seen;
	int rc = volume_look(&seen, root, volume, &pool, err);

	if (rc == 0 && (seen.mounted || seen.held))
		rc = fail_code(err, EBUSY, "'%s' is in use: %s", show(volume),
			       show(seen.mounted ? seen.mounted : seen.held));
	pool_release(&pool);
	return rc;
}

/* The device of a volume that nobody uses and that may be read as it stands. */
static int open_device(const struct root *root, const char *volume, const char *uuid,
		       enum volume_open how, struct err *err)
{
	int CLEANUP_FD fd = -1;		/* held alone: closed before the kernel mounts it */

	if (refuse_used(root, volume, err) < 0)
		return -1;
	fd = volume_open(root, volume, VOLUME_READ, err);
	if (fd < 0 || judge(fd, volume, uuid, how, err) < 0)
		return -1;
	return reopen(fd, root, volume, how, err);
}

int mounted_open(const struct root *root, const char *volume, const char *uuid,
		 enum volume_open how, struct err *err)
{
	int CLEANUP_FD device = open_device(root, volume, uuid, how, err);
	int fd = device < 0 ? -1 : mount_device(device, how, err);

	if (device >= 0 && fd < 0)
		err_add(err, "'%s'", show(volume));
	return fd;
}

int mounted_open_device(const struct root *root, const char *volume, const char *uuid,
			int *device, struct err *err)
{
	int fd;

	*device = open_device(root, volume, uuid, VOLUME_READ, err);
	fd = *device < 0 ? -1 : mount_device(*device, VOLUME_READ, err);
	if (*device >= 0 && fd < 0)
		err_add(err, "'%s'", show(volume));
	if (fd < 0)
		close_fd(device);
	return fd;
}
