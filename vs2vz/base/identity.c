/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asking file systems who they are. Reads only. The kernel is asked first, by the call of
 * the file system itself: what it answers is what blkid reads of the disk. Old kernels
 * have no such call for ext: there it is read of the device (fsinfo.h).
 */
#include "base/identity.h"

#include <errno.h>
#include <linux/btrfs.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/fsinfo.h"
#include "base/inroot.h"
#include "base/units.h"

#define BTRFS_MAGIC 0x9123683Eu
#define XFS_MAGIC 0x58465342u
#define FIRST_OBJECT 256	/* BTRFS_FIRST_FREE_OBJECTID: the root of every subvolume */

/* linux: fs/xfs/libxfs/xfs_fs.h, struct xfs_fsop_geom_v1 */
struct xfs_geometry {
	uint32_t sizes[8];
	uint64_t blocks[4];
	unsigned char uuid[16];
	uint32_t rest[7];
	uint32_t pad;
};
#define XFS_GEOMETRY _IOR('X', 100, struct xfs_geometry)

/* linux: include/uapi/linux/fs.h since 6.9 */
struct fs_uuid {
	uint8_t len;
	unsigned char uuid[16];
};
#define GET_FS_UUID _IOR(0x15, 0, struct fs_uuid)

static void put_uuid(struct identity *id, const unsigned char u[16])
{
	static const unsigned char none[16];

	if (memcmp(u, none, 16) == 0)
		return;
	snprintf(id->fs, sizeof(id->fs), "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
		 "%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8],
		 u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

static void ask_btrfs(struct identity *id, int fd)
{
	struct btrfs_ioctl_fs_info_args info = { .num_devices = 0 };
	struct btrfs_ioctl_ino_lookup_args lookup = { .objectid = FIRST_OBJECT };

	if (ioctl(fd, BTRFS_IOC_FS_INFO, &info) == 0)
		put_uuid(id, info.fsid);
	id->has_subvolume = ioctl(fd, BTRFS_IOC_INO_LOOKUP, &lookup) == 0;
	id->subvolume = id->has_subvolume ? lookup.treeid : 0;
}

static void ask_xfs(struct identity *id, int fd)
{
	struct xfs_geometry geometry;

	if (ioctl(fd, XFS_GEOMETRY, &geometry) == 0)
		put_uuid(id, geometry.uuid);
}

/* The superblock, by the device that is mounted there; not on file systems without one. */
static int ask_device(struct identity *id, int fd, struct err *err)
{
	struct pool pool = POOL_INIT;
	struct fsinfo fs;
	int rc = fsinfo_of_fd(&fs, fd, &pool, err);

	if (rc == 0 && fs.uuid && strlen(fs.uuid) < sizeof(id->fs))
		snprintf(id->fs, sizeof(id->fs), "%s", fs.uuid);
	pool_release(&pool);
	return rc;
}

/* fd: a directory of the file system. */
static int ask_fs(struct identity *id, int fd, struct err *err)
{
	struct fs_uuid uuid = { .len = 0 };
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return fail_errno(err, "cannot ask the file system");
	if ((uint32_t)fs.f_type == BTRFS_MAGIC)
		ask_btrfs(id, fd);
	else if ((uint32_t)fs.f_type == XFS_MAGIC)
		ask_xfs(id, fd);
	if (!id->fs[0] && ioctl(fd, GET_FS_UUID, &uuid) == 0 && uuid.len == sizeof(uuid.uuid))
		put_uuid(id, uuid.uuid);
	return id->fs[0] ? 0 : ask_device(id, fd, err);
}

static void ask_generation(struct identity *id, int fd)
{
	int word[2] = { 0, 0 };	/* the kernel's number says long, and writes an int */

	id->has_generation = ioctl(fd, FS_IOC_GETVERSION, word) == 0;
	id->generation = id->has_generation ? (uint32_t)word[0] : 0;
}

int identity_of_fd(struct identity *out, int fd, struct err *err)
{
	struct stat st;

	*out = (struct identity){ .inode = 0 };
	if (fstat(fd, &st) < 0)
		return fail_errno(err, "cannot read the metadata");
	out->inode = st.st_ino;
	ask_generation(out, fd);
	return ask_fs(out, fd, err);
}

int identity_at(struct identity *out, int dirfd, const char *name, const struct stat *st,
		struct err *err)
{
	int CLEANUP_FD fd = -1;
	struct stat dir;

	*out = (struct identity){ .inode = st->st_ino };
	if (S_ISDIR(st->st_mode) || S_ISREG(st->st_mode)) {
		fd = below_open(dirfd, name, st);
		if (fd < 0)
			return fail_errno(err, "cannot open '%s'", show(name));
		ask_generation(out, fd);
		if (S_ISDIR(st->st_mode))
			return ask_fs(out, fd, err);
	}
	if (fstat(dirfd, &dir) < 0)
		return fail_errno(err, "cannot read the metadata");
	return dir.st_dev == st->st_dev ? ask_fs(out, dirfd, err) : 0;
}

const char *identity_text(const struct identity *id, char text[static IDENTITY_TEXT])
{
	int len = snprintf(text, IDENTITY_TEXT, "%s", id->fs[0] ? id->fs : "-");

	if (id->has_subvolume)
		len += snprintf(text + len, IDENTITY_TEXT - (size_t)len, ":%llu",
				(unsigned long long)id->subvolume);
	len += snprintf(text + len, IDENTITY_TEXT - (size_t)len, "/%llu/",
			(unsigned long long)id->inode);
	if (id->has_generation)
		snprintf(text + len, IDENTITY_TEXT - (size_t)len, "%u", id->generation);
	else
		snprintf(text + len, IDENTITY_TEXT - (size_t)len, "-");
	return text;
}

/* The text up to one of the marks into part; what follows the mark, NULL: it is too long. */
static const char *take(char *part, size_t size, const char *text, const char *marks)
{
	size_t len = strcspn(text, marks);

	if (len >= size)
		return NULL;
	memcpy(part, text, len);
	part[len] = '\0';
	return text + len;
}

bool identity_parse(struct identity *out, const char *text)
{
	char number[24];
	uint64_t n;

	*out = (struct identity){ .inode = 0 };
	text = take(out->fs, sizeof(out->fs), text, ":/");
	if (!text || !*text || !out->fs[0])
		return false;
	if (strcmp(out->fs, "-") == 0)
		out->fs[0] = '\0';
	if (*text == ':') {
		text = take(number, sizeof(number), text + 1, "/");
		if (!text || !parse_u64(number, UINT64_MAX, &out->subvolume))
			return false;
		out->has_subvolume = true;
	}
	text = *text == '/' ? take(number, sizeof(number), text + 1, "/") : NULL;
	if (!text || *text != '/' || !parse_u64(number, UINT64_MAX, &out->inode))
		return false;
	if (strcmp(text + 1, "-") == 0)
		return true;
	out->has_generation = parse_u64(text + 1, UINT32_MAX, &n);
	out->generation = (uint32_t)n;
	return out->has_generation;
}

bool identity_same(const struct identity *was, const struct identity *now,
		   char why[static IDENTITY_WHY])
{
	if (was->fs[0] && strcmp(was->fs, now->fs) != 0)
		snprintf(why, IDENTITY_WHY, "it is on the file system %s, not %s",
			 now->fs[0] ? now->fs : "(without a UUID)", was->fs);
	else if (was->has_subvolume && (!now->has_subvolume || was->subvolume != now->subvolume))
		snprintf(why, IDENTITY_WHY, "it is in the subvolume %llu, not %llu",
			 (unsigned long long)now->subvolume, (unsigned long long)was->subvolume);
	else if (was->inode != now->inode)
		snprintf(why, IDENTITY_WHY, "it has the inode number %llu, not %llu",
			 (unsigned long long)now->inode, (unsigned long long)was->inode);
	else if (was->has_generation && (!now->has_generation || was->generation != now->generation))
		snprintf(why, IDENTITY_WHY, "its inode number was used again: another generation");
	else
		return true;
	return false;
}
