/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loop devices that release themselves. LOOP_CONFIGURE (Linux 5.8) sets file and flag in
 * one; before, a death between the two calls leaves the device attached to the file.
 *
 * Before Linux 2.6.25 the flag is not known: the device stays when its last user is gone. It
 * carries our mark, so loop_release() finds it, also after a death.
 *
 * A free one is found by trying those that have a name; where all are taken the kernel
 * is asked for another one (Linux 3.1).
 */
#include "base/loop.h"

#include <errno.h>
#include <linux/loop.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/inroot.h"

#define LOOPS_MOST 256
#define PATIENCE 40		/* twentieths of a second: mounts go a moment after their user */

static bool some_stay;		/* the kernel did not take the flag */

static void sign(struct loop_info64 *info)
{
	snprintf((char *)info->lo_file_name, LO_NAME_SIZE, LOOP_MARK "%ld", (long)getpid());
}

/* 0, or -1 with errno; EBUSY: somebody else has the device. */
static int attach_old(int loop, int file, bool write)
{
	struct loop_info64 info = { .lo_flags = LO_FLAGS_AUTOCLEAR };
	int code;

	sign(&info);
	info.lo_flags |= write ? 0 : LO_FLAGS_READ_ONLY;
	if (ioctl(loop, LOOP_SET_FD, file) < 0)
		return -1;
	for (int tries = 0; tries < 64; tries++)
		if (ioctl(loop, LOOP_SET_STATUS64, &info) == 0) {
			if (ioctl(loop, LOOP_GET_STATUS64, &info) == 0 &&
			    !(info.lo_flags & LO_FLAGS_AUTOCLEAR))
				__atomic_store_n(&some_stay, true, __ATOMIC_RELAXED);
			return 0;
		} else if (errno != EAGAIN) {
			break;
		}
	code = errno;
	ioctl(loop, LOOP_CLR_FD, 0);
	errno = code;
	return -1;
}

static int attach(int loop, int file, bool write)
{
#ifdef LOOP_CONFIGURE
	struct loop_config config = { .fd = (uint32_t)file };

	sign(&config.info);
	config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (write ? 0 : LO_FLAGS_READ_ONLY);
	if (kernel_can(CAN_LOOP_CONFIGURE)) {
		if (ioctl(loop, LOOP_CONFIGURE, &config) == 0)
			return 0;
		if (errno != EINVAL && errno != ENOTTY)
			return -1;
	}
#endif
	return attach_old(loop, file, write);
}

/* Attached by this process or by one that is dead, and without the flag. */
static bool stays_for_nobody(int loop)
{
	struct loop_info64 info;
	const char *name = (const char *)info.lo_file_name;
	long pid;

	if (ioctl(loop, LOOP_GET_STATUS64, &info) < 0 || info.lo_flags & LO_FLAGS_AUTOCLEAR ||
	    strncmp(name, LOOP_MARK, sizeof(LOOP_MARK) - 1) != 0)
		return false;
	pid = strtol(name + sizeof(LOOP_MARK) - 1, NULL, 10);
	return pid == getpid() || (pid > 0 && kill((pid_t)pid, 0) < 0 && errno == ESRCH);
}

/* EBUSY: it is mounted, or somebody else has it open. */
static bool release_one(const struct root *real, long nr)
{
	const struct timespec moment = { .tv_nsec = 50 * 1000 * 1000 };
	int CLEANUP_FD fd = -1;
	char path[32];
	struct stat st;
	struct err unread;

	snprintf(path, sizeof(path), "/dev/loop%ld", nr);
	if (root_stat(real, path, &st, &unread) < 0)
		return false;
	fd = device_open(path, st.st_rdev);
	for (int tries = 0; fd >= 0 && tries < PATIENCE && stays_for_nobody(fd); tries++) {
		if (ioctl(fd, LOOP_CLR_FD, 0) == 0)
			return true;
		if (errno != EBUSY)
			break;
		nanosleep(&moment, NULL);
	}
	return false;
}

bool loop_file(char text[static LOOP_FILE], const char *name)
{
	struct loop_info64 info = { 0 };
	int CLEANUP_FD fd = -1;
	struct err unread;
	struct root real;
	char path[32];
	struct stat st;
	int rc;

	if ((size_t)snprintf(path, sizeof(path), "/dev/%s", name) >= sizeof(path) ||
	    root_init(&real, "/", &unread) < 0)
		return false;
	rc = root_stat(&real, path, &st, &unread);
	root_release(&real);
	fd = rc == 0 && S_ISBLK(st.st_mode) ? device_open(path, st.st_rdev) : -1;
	if (fd < 0 || ioctl(fd, LOOP_GET_STATUS64, &info) < 0)
		return false;
	snprintf(text, LOOP_FILE, "%.*s", LOOP_FILE - 1, (const char *)info.lo_file_name);
	return text[0] == '/';
}

unsigned loop_release(bool thorough)
{
	struct root real;
	struct err unread;
	unsigned nr = 0;

	if ((!thorough && !__atomic_load_n(&some_stay, __ATOMIC_RELAXED)) ||
	    root_init(&real, "/", &unread) < 0)
		return 0;
	for (long i = 0; i < LOOPS_MOST; i++)
		nr += release_one(&real, i);
	root_release(&real);
	return nr;
}

/* The device with this number where it exists: attached, or -1 with errno. */
static int try_one(const struct root *real, long nr, int file, bool write)
{
	char path[32];
	struct stat st;
	struct err unread;
	int fd;

	snprintf(path, sizeof(path), "/dev/loop%ld", nr);
	if (root_stat(real, path, &st, &unread) < 0) {
		errno = ENODEV;
		return -1;
	}
	fd = device_open_for(path, st.st_rdev, write ? DEVICE_WRITE : 0);
	if (fd < 0 || attach(fd, file, write) == 0)
		return fd;
	close_fd(&fd);	/* keeps errno */
	return -1;
}

static int try_new(const struct root *real, int file, bool write)
{
	int CLEANUP_FD control = loop_control_open();
	int nr;

	if (control < 0)
		return -1;
	nr = ioctl(control, LOOP_CTL_GET_FREE);
	return nr < 0 ? -1 : try_one(real, nr, file, write);
}

int loop_attach(int file, bool write, struct err *err)
{
	struct root real;
	int fd = -1;

	if (root_init(&real, "/", err) < 0)
		return -1;
	errno = EBUSY;
	for (long nr = 0; fd < 0 && nr < LOOPS_MOST && (errno == EBUSY || errno == ENXIO); nr++)
		fd = try_one(&real, nr, file, write);
	for (int tries = 0; fd < 0 && tries < 8 && (errno == ENODEV || errno == EBUSY); tries++)
		fd = try_new(&real, file, write);
	if (fd < 0)
		fail_errno(err, "no loop device can be had for the image (`modprobe loop`)");
	root_release(&real);
	return fd;
}
