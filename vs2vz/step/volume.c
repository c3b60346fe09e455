/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening a volume for a step, and wiping: signatures by their magic bytes, an ext file
 * system by all its superblocks, the first one last. Dying in between leaves
 * fewer signatures, or a first superblock that still tells whose it is.
 */
#include "step/volume.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/sys.h"

#define BLOCK 4096u
#define MAGIC_MOST 64
#define PATIENCE 30		/* tenths of a second */
#define OWN_PATIENCE 600
#define SELF_PATIENCE 3

static int open_device(const char *path, enum volume_open how, struct err *err)
{
	struct root real;
	struct stat st;
	int fd, rc;

	if (root_init(&real, "/", err) < 0)
		return -1;
	rc = root_stat(&real, path, &st, err);
	root_release(&real);
	if (rc < 0)
		return -1;
	fd = device_open_for(path, st.st_rdev,
			     DEVICE_ALONE | (how == VOLUME_WRITE ? DEVICE_WRITE : 0));
	return fd < 0 ? fail_errno(err, "cannot open the device '%s'", show(path)) : fd;
}

static int open_file(const struct root *root, const char *path, struct err *err)
{
	struct spot CLEANUP_SPOT spot = SPOT_INIT;
	int fd;

	if (strict_spot(root, path, &spot, err) < 0)
		return -1;
	fd = sys_open_write(&spot.at);
	return fd < 0 ? fail_errno(err, "cannot open the image '%s'", show(path)) : fd;
}

int volume_open(const struct root *root, const char *path, enum volume_open how,
		struct err *err)
{
	if (volume_is_device(path))
		return open_device(path, how, err);
	return how == VOLUME_WRITE ? open_file(root, path, err) : strict_open(root, path, err);
}

/* Mounted or not. */
static bool holds(const char *path, const char *uuid)
{
	struct ext_super super;
	struct root real;
	struct stat st;
	struct err unread;
	int CLEANUP_FD fd = -1;
	bool is = false;

	if (root_init(&real, "/", &unread) < 0)
		return false;
	if (root_stat(&real, path, &st, &unread) == 0)
		fd = device_open(path, st.st_rdev);
	if (fd >= 0)
		is = ext_super_read(&super, fd, &unread) == 0 && strcmp(super.uuid, uuid) == 0;
	root_release(&real);
	return is;
}

const char *volume_now(const char *path, const char *uuid, struct pool *pool)
{
	static char said[VOLUME_UUID_TEXT];
	const char *other;

	if (!uuid || !volume_is_device(path) || holds(path, uuid))
		return path;
	other = volume_named(pool_printf(pool, "UUID=%s", uuid), pool);
	if (!other || strcmp(other, path) == 0)
		return path;
	if (strncmp(said, uuid, sizeof(said)) == 0)
		return other;
	snprintf(said, sizeof(said), "%s", uuid);
	log_say(LOG_NOTE, "the file system %s is on '%s' now; '%s', where it was, is left alone",
		show(uuid), show(other), show(path));
	return other;
}

static unsigned patience(const struct blockdev *seen)
{
	return seen->self ? SELF_PATIENCE : seen->ours ? OWN_PATIENCE : PATIENCE;
}

int volume_look(struct blockdev *out, const struct root *root, const char *path,
		struct pool *pool, struct err *err)
{
	const struct timespec moment = { .tv_nsec = 100 * 1000 * 1000 };

	for (unsigned i = 0; ; i++) {
		if (blockdev_read(out, root, path, pool, err) < 0)
			return -1;
		if (out->held && !out->passes && (out->ours || out->self) &&
		    i < patience(out) && loop_release(true))
			continue;
		if (out->mounted || !out->held || !out->passes ||
		    i >= patience(out))
			return 0;
		nanosleep(&moment, NULL);
	}
}

static int put_zeros(int fd, const char *zeros, size_t len, uint64_t at, struct err *err)
{
	return sys_pwrite(fd, zeros, len, (off_t)at) == (ssize_t)len ? 0 :
	       fail_errno(err, "cannot take away what the volume held");
}

int volume_wipe(int fd, const struct blockdev *seen, struct err *err)
{
	static const char zeros[MAGIC_MOST];

	for (size_t i = 0; i < seen->nr; i++) {
		const struct signature *sig = &seen->sig[i];

		if (!sig->len || sig->len > sizeof(zeros))
			return fail(err, "it is not known how to take away '%s'", show(sig->type));
		if (put_zeros(fd, zeros, sig->len, sig->at, err) < 0)
			return -1;
	}
	return sys_fsync(fd) < 0 ? fail_errno(err, "cannot write back the volume") : 0;
}

bool volume_fails(const struct err *err)
{
	static const int codes[] = { EIO, ENXIO, ENODEV, EROFS, ENOMEDIUM, EREMOTEIO, ETIMEDOUT,
				     ENOTCONN, ECONNABORTED, ESHUTDOWN, ESTALE, EUCLEAN, ENOLINK };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (err->code == codes[i])
			return true;
	return false;
}

/* Does a copy of the superblock with this UUID begin at the byte? */
static bool is_copy(int fd, uint64_t at, const unsigned char uuid[16])
{
	unsigned char s[256];
	uint16_t magic;

	if (pread(fd, s, sizeof(s), (off_t)at) != sizeof(s))
		return false;
	memcpy(&magic, s + 0x38, sizeof(magic));
	return le16toh(magic) == 0xef53 && memcmp(s + 0x68, uuid, 16) == 0;
}

/* Groups that hold a copy (feature sparse_super): 1 and the powers of 3, 5 and 7. */
static bool has_copy(uint64_t group)
{
	static const unsigned bases[] = { 3, 5, 7 };

	if (group == 1)
		return true;
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		uint64_t power = bases[i];

		while (power < group)
			power *= bases[i];
		if (power == group)
			return true;
	}
	return false;
}

int volume_wipe_ext(int fd, const char *uuid, struct err *err)
{
	static const char zeros[BLOCK];
	struct ext_super super;
	unsigned char bytes[16];

	if (ext_super_read(&super, fd, err) < 0)
		return -1;
	if (strcmp(super.uuid, uuid) != 0 || !uuid_bytes(uuid, bytes))
		return 0;
	for (uint64_t nr = 1, at = super.group; at && at < super.bytes; nr++, at += super.group)
		if (has_copy(nr) && is_copy(fd, at, bytes) &&
		    put_zeros(fd, zeros, BLOCK, at, err) < 0)
			return -1;
	if (sys_fsync(fd) < 0)
		return fail_errno(err, "cannot write back the volume");
	if (put_zeros(fd, zeros, BLOCK, 0, err) < 0)
		return -1;
	return sys_fsync(fd) < 0 ? fail_errno(err, "cannot write back the volume") : 0;
}
