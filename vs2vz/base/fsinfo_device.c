/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Volumes: what they are, what is written on them, who uses them. Reads only; libblkid
 * probes an open descriptor, its cache file is not used.
 *
 * /proc, /sys and /dev are those of the running system, whatever the host's root is.
 * Which loop device a file is behind is asked of each loop device (LOOP_GET_STATUS64):
 * /sys tells since Linux 2.6.37 only. A mount in another namespace is in no table; the
 * exclusive open knows of it.
 */
#include "base/blockdev.h"

#include <blkid/blkid.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <libmount/libmount.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fsinfo.h"
#include "base/loop.h"

#define SIGNATURES_MOST 64

struct look {
	struct blockdev *out;
	struct pool *pool;
	struct root real;	/* the running system */
	struct stat st;		/* of the volume */
};

bool volume_is_device(const char *path)
{
	return strncmp(path, "/dev/", 5) == 0;
}

/* ---- who uses it */

/* The device of a mount: its number, or what the source names (btrfs numbers subvolumes). */
static bool is_row_of(const struct look *l, struct libmnt_fs *fs, dev_t dev)
{
	const char *source = mnt_fs_get_source(fs);
	struct err err;
	struct stat st;

	if (mnt_fs_get_devno(fs) == dev)
		return true;
	return source && volume_is_device(source) &&
	       root_stat(&l->real, source, &st, &err) == 0 && S_ISBLK(st.st_mode) &&
	       st.st_rdev == dev;
}

static int look_mounts(struct look *l, dev_t dev, struct err *err)
{
	struct libmnt_table *table = fsinfo_table(err);
	struct libmnt_iter *at = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;

	if (!table)
		return -1;
	if (!at)
		die("no memory");
	while (!l->out->mounted && mnt_table_next_fs(table, at, &fs) == 0)
		if (is_row_of(l, fs, dev))
			l->out->mounted = pool_strdup(l->pool, mnt_fs_get_target(fs));
	mnt_free_iter(at);
	mnt_unref_table(table);
	return 0;
}

/* Kernels without the directory have no holders to tell of. */
static void look_holders(struct look *l, dev_t dev)
{
	const char *dir = pool_printf(l->pool, "/sys/dev/block/%u:%u/holders", major(dev),
				      minor(dev));
	struct names names;
	struct err err;

	if (root_names(&l->real, dir, l->pool, &names, &err) == 0 && names.nr)
		l->out->held = pool_printf(l->pool, "%s", names.name[0]);
}

static void look_swaps(struct look *l)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct err err;
	struct stat st;

	if (root_read(&l->real, "/proc/swaps", 1 << 20, &text, &err) < 0)
		return;
	for (char *line = text.data, *end; *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		line[strcspn(line, " \t")] = '\0';
		if (line[0] == '/' && root_stat(&l->real, line, &st, &err) == 0 &&
		    st.st_mode == l->st.st_mode && st.st_rdev == l->st.st_rdev &&
		    (S_ISBLK(st.st_mode) || (st.st_dev == l->st.st_dev && st.st_ino == l->st.st_ino)))
			l->out->held = "swap";
	}
}

/* Is the loop device's file the volume? */
static bool is_behind(const struct look *l, const char *loop, dev_t dev,
		      struct loop_info64 *info)
{
	int CLEANUP_FD fd = device_open(loop, dev);

	return fd >= 0 && ioctl(fd, LOOP_GET_STATUS64, info) == 0 &&
	       info->lo_inode == l->st.st_ino && info->lo_device == l->st.st_dev;
}

/* With several: all must pass, all must be ours. */
static void held_by_loop(struct blockdev *out, const char *path, const struct loop_info64 *info)
{
	bool passes = info->lo_flags & LO_FLAGS_AUTOCLEAR;
	const char *name = (const char *)info->lo_file_name;
	bool marked = strncmp(name, LOOP_MARK, sizeof(LOOP_MARK) - 1) == 0;
	bool self = marked && strtol(name + sizeof(LOOP_MARK) - 1, NULL, 10) == getpid();
	bool ours = marked && !self;

	out->passes = passes && (!out->held || out->passes);
	out->ours = ours && (!out->held || out->ours);
	out->self = self || out->self;
	out->held = path;
}

static int look_loops(struct look *l, struct err *err)
{
	struct loop_info64 info;
	struct names names;
	struct err unread;
	struct stat st;

	if (root_names(&l->real, "/dev", l->pool, &names, &unread) < 0)
		return 0;
	for (size_t i = 0; i < names.nr; i++) {
		const char *path = pool_printf(l->pool, "/dev/%s", names.name[i]);

		if (strncmp(names.name[i], "loop", 4) != 0 ||
		    root_stat(&l->real, path, &st, &unread) < 0 || !S_ISBLK(st.st_mode) ||
		    !is_behind(l, path, st.st_rdev, &info))
			continue;
		held_by_loop(l->out, path, &info);
		if (look_mounts(l, st.st_rdev, err) < 0)
			return -1;
	}
	return 0;
}

static int look_users(struct look *l, struct err *err)
{
	look_swaps(l);
	if (l->out->is == VOLUME_FILE)
		return look_loops(l, err);
	look_holders(l, l->st.st_rdev);
	return look_mounts(l, l->st.st_rdev, err);
}

/* ---- what is on it */

static const char *value_of(blkid_probe probe, const char *name, struct pool *pool)
{
	const char *value;

	return blkid_probe_lookup_value(probe, name, &value, NULL) == 0 ?
	       pool_strdup(pool, value) : NULL;
}

static void add_signature(struct look *l, blkid_probe probe)
{
	bool table = blkid_probe_has_value(probe, "PTTYPE") &&
		     !blkid_probe_has_value(probe, "TYPE");
	const char *at = value_of(probe, table ? "PTMAGIC_OFFSET" : "SBMAGIC_OFFSET", l->pool);
	const char *type = value_of(probe, table ? "PTTYPE" : "TYPE", l->pool);
	const char *usage = value_of(probe, "USAGE", l->pool);
	struct signature *sig = pool_grow(l->pool, &l->out->sig, &l->out->nr, &l->out->cap,
					  sizeof(*sig));

	*sig = (struct signature){
		.type = type ? type : "?",
		.usage = table ? "partitions" : usage ? usage : "other",
		.uuid = value_of(probe, table ? "PTUUID" : "UUID", l->pool),
		.label = value_of(probe, "LABEL", l->pool),
		.at = at ? strtoull(at, NULL, 10) : 0,
	};
	if (at)
		(void)blkid_probe_lookup_value(probe, table ? "PTMAGIC" : "SBMAGIC", NULL, &sig->len);
}

/* One after the other: whatever is there, and also where the answers contradict. */
static void look_signatures(struct look *l, int fd)
{
	blkid_probe probe = blkid_new_probe();
	int rc = -1;

	if (probe && blkid_probe_set_device(probe, fd, 0, 0) == 0) {
		blkid_probe_enable_superblocks(probe, 1);
		blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_MAGIC | BLKID_SUBLKS_TYPE |
						  BLKID_SUBLKS_USAGE | BLKID_SUBLKS_LABEL |
						  BLKID_SUBLKS_UUID);
		blkid_probe_enable_partitions(probe, 1);
		blkid_probe_set_partitions_flags(probe, BLKID_PARTS_MAGIC | BLKID_PARTS_FORCE_GPT);
		while (l->out->nr < SIGNATURES_MOST && (rc = blkid_do_probe(probe)) == 0)
			add_signature(l, probe);
	}
	/* A volume smaller than any superblock is an error of libblkid's, and empty. */
	l->out->unreadable = rc < 0 && l->out->bytes >= 4096;
	blkid_free_probe(probe);
}

/* ---- what it is */

static int read_file(struct look *l, const struct root *root, struct err *err)
{
	int CLEANUP_FD fd = strict_open(root, l->out->path, err);
	struct statvfs vfs;
	int flags = 0;

	if (fd < 0) {
		l->out->unreadable = true;
		return 0;
	}
	l->out->read_only = (fstatvfs(fd, &vfs) == 0 && (vfs.f_flag & ST_RDONLY)) ||
			    (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && flags & FS_IMMUTABLE_FL);
	look_signatures(l, fd);
	return look_users(l, err);
}

static int read_device(struct look *l, struct err *err)
{
	int CLEANUP_FD fd = device_open(l->out->path, l->st.st_rdev);
	int CLEANUP_FD exclusive = -1;
	int word = 0;

	if (fd < 0) {
		l->out->unreadable = true;
		return look_users(l, err);
	}
	if (ioctl(fd, BLKGETSIZE64, &l->out->bytes) < 0)
		l->out->bytes = 0;
	l->out->read_only = ioctl(fd, BLKROGET, &word) == 0 && word;
	look_signatures(l, fd);
	if (look_users(l, err) < 0)
		return -1;
	exclusive = device_open_for(l->out->path, l->st.st_rdev, DEVICE_ALONE);
	if (exclusive < 0 && errno == EBUSY && !l->out->mounted && !l->out->held) {
		l->out->passes = true;
		l->out->held = "another program, or a mount that is not seen from here";
	}
	return 0;
}

static int read_one(struct look *l, const struct root *root, struct err *err)
{
	bool device = volume_is_device(l->out->path);
	int rc = device ? root_stat(&l->real, l->out->path, &l->st, err) :
		 root_lstat(root, l->out->path, &l->st, err);

	if (rc < 0) {
		if (!err_is_absent(err))
			return -1;
		err_clear(err);
		return 0;
	}
	l->out->is = device && S_ISBLK(l->st.st_mode) ? VOLUME_DEVICE :
		     !device && S_ISREG(l->st.st_mode) ? VOLUME_FILE : VOLUME_OTHER;
	l->out->dev = l->out->is == VOLUME_DEVICE ? l->st.st_rdev : l->st.st_dev;
	l->out->ino = l->st.st_ino;
	l->out->bytes = l->out->is == VOLUME_FILE ? (uint64_t)l->st.st_size : 0;
	if (l->out->is == VOLUME_OTHER)
		return 0;
	return l->out->is == VOLUME_FILE ? read_file(l, root, err) : read_device(l, err);
}

int blockdev_read(struct blockdev *out, const struct root *root, const char *path,
		  struct pool *pool, struct err *err)
{
	struct look l = { .out = out, .pool = pool };
	int rc;

	*out = (struct blockdev){ .path = pool_strdup(pool, path) };
	if (root_init(&l.real, "/", err) < 0)
		return -1;
	rc = read_one(&l, root, err);
	root_release(&l.real);
	if (rc < 0)
		err_add(err, "volume '%s'", show(path));
	return rc;
}

/* The cache of this process alone; no file keeps it. */
static const char *find_tag(const char *type, const char *value, struct pool *pool)
{
	const char *found = NULL;
	blkid_dev_iterate it;
	blkid_cache cache;
	unsigned nr = 0;
	blkid_dev dev;

	if (blkid_get_cache(&cache, "/dev/null") != 0)
		return NULL;
	blkid_probe_all(cache);
	it = blkid_dev_iterate_begin(cache);
	if (it && blkid_dev_set_search(it, type, value) == 0)
		while (blkid_dev_next(it, &dev) == 0) {
			dev = blkid_verify(cache, dev);
			if (!dev || !blkid_dev_has_tag(dev, type, value))
				continue;
			found = pool_strdup(pool, blkid_dev_devname(dev));
			nr++;
		}
	blkid_dev_iterate_end(it);
	blkid_put_cache(cache);
	return nr == 1 ? found : NULL;
}

static bool carries(const char *path, const char *type, const char *value)
{
	blkid_probe probe = blkid_new_probe_from_filename(path);
	const char *seen;
	bool same;

	if (!probe)
		return false;
	same = blkid_probe_enable_superblocks(probe, 1) == 0 &&
	       blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_UUID | BLKID_SUBLKS_LABEL) == 0 &&
	       blkid_do_safeprobe(probe) == 0 &&
	       blkid_probe_lookup_value(probe, type, &seen, NULL) == 0 && strcmp(seen, value) == 0;
	blkid_free_probe(probe);
	return same;
}

/* libblkid knows devices by /sys/dev (Linux 2.6.27); before, by the table of partitions. */
static const char *find_in_table(const char *type, const char *value, struct pool *pool)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	const char *found = NULL;
	struct root real;
	struct err unread;
	char name[128];
	unsigned nr = 0;

	if (root_init(&real, "/", &unread) < 0)
		return NULL;
	if (root_read(&real, "/proc/partitions", 1 << 20, &text, &unread) < 0)
		buf_clear(&text);
	root_release(&real);
	for (const char *line = text.data; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "%*u %*u %*u %127s", name) != 1)
			continue;
		for (char *at = name; (at = strchr(at, '!')); )
			*at = '/';
		if (carries(pool_printf(pool, "/dev/%s", name), type, value)) {
			found = pool_printf(pool, "/dev/%s", name);
			nr++;
		}
	}
	return nr == 1 ? found : NULL;
}

static bool has_sys_dev(void)
{
	struct root real;
	struct stat st;
	struct err err;
	bool there;

	if (root_init(&real, "/", &err) < 0)
		return true;
	there = root_stat(&real, "/sys/dev/block", &st, &err) == 0 || !err_is_absent(&err);
	root_release(&real);
	return there;
}

const char *volume_named(const char *name, struct pool *pool)
{
	bool by_table = !has_sys_dev();

	if (by_table && strncmp(name, "UUID=", 5) == 0)
		return find_in_table("UUID", name + 5, pool);
	if (by_table && strncmp(name, "LABEL=", 6) == 0)
		return find_in_table("LABEL", name + 6, pool);
	if (strncmp(name, "UUID=", 5) == 0)
		return find_tag("UUID", name + 5, pool);
	if (strncmp(name, "LABEL=", 6) == 0)
		return find_tag("LABEL", name + 6, pool);
	return name[0] == '/' ? name : NULL;
}
