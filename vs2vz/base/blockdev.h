/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a volume is, and who uses it: a volume is a block device (a path of the running
 * system, below /dev) or an image file (a path below the host's root). Looking only
 * reads; a device that is mounted is looked at as well.
 *
 * Sources of "in use": the mount table, /sys/dev/block/MAJ:MIN/holders (device mapper,
 * md, bcache), /proc/swaps, /sys/block/loopN/loop/backing_file, an exclusive open.
 * Signatures: libblkid, superblocks, RAID and partition tables, all that there are.
 */
#ifndef VS2VZ_BASE_BLOCKDEV_H
#define VS2VZ_BASE_BLOCKDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/inroot.h"
#include "base/pool.h"

#define VOLUME_UUID_TEXT 37	/* with the NUL */
#define VOLUME_LABEL 17

enum volume_is {
	VOLUME_ABSENT,		/* no such name */
	VOLUME_DEVICE,
	VOLUME_FILE,
	VOLUME_OTHER,		/* a directory, a character device, a file below /dev ... */
};

/* One thing that was found written on a volume. */
struct signature {
	const char *type;	/* "ext4", "LVM2_member", "gpt"; "?": more than one answer */
	const char *usage;	/* "filesystem", "raid", "crypto", "other", "partitions" */
	const char *uuid, *label; /* NULL: none */
	uint64_t at;		/* its magic bytes: where on the volume, how many */
	size_t len;
};

struct blockdev {
	const char *path;	/* as asked for */
	enum volume_is is;
	dev_t dev;		/* of the device; of a file: its file system */
	ino_t ino;
	uint64_t bytes;
	bool read_only;		/* the device, the file's file system, or an immutable file */
	const char *mounted;	/* NULL, or where (one place) */
	const char *held;	/* NULL, or by what: "device mapper dm-3", "swap", "/dev/loop0" */
	bool passes;		/* the holder goes by itself when nobody uses it any more */
	bool self;		/* and this very process made it */
	bool ours;		/* or another one of this program: it may be dead */
	bool unreadable;	/* signatures are not known */
	size_t nr, cap;
	struct signature *sig;
};

/* Is this path a device's by its form: below /dev? */
bool volume_is_device(const char *path);
/*
 * Look. Absence, another type, a device that is in use or cannot be read are answers and
 * no errors.
 */
int blockdev_read(struct blockdev *out, const struct root *root, const char *path,
		  struct pool *pool, struct err *err) MUST_CHECK;

/*
 * The volume that VE_DEVICE means: UUID= and LABEL= are looked for on all devices of the
 * running system, a path is itself. NULL: nothing has this name, or several have.
 */
const char *volume_named(const char *name, struct pool *pool);

/* The first superblock of an ext file system; uuid "" where there is none. */
struct ext_super {
	char uuid[VOLUME_UUID_TEXT];
	char label[VOLUME_LABEL];
	uint64_t bytes;
	uint64_t group;		/* bytes from one group of blocks to the next */
	bool unclean;		/* was not unmounted: the journal has to be replayed */
};
int ext_super_read(struct ext_super *out, int fd, struct err *err) MUST_CHECK;

/* A new random UUID as text; and text as 16 bytes, false where it is none. */
int uuid_new(char out[VOLUME_UUID_TEXT], struct err *err) MUST_CHECK;
bool uuid_bytes(const char *text, unsigned char out[16]);

#endif
