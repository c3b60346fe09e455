/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts about file systems: mount table by libmount, UUID by libblkid, space by
 * statvfs, kind of disk by /sys. Reads only; libblkid's cache file is not used, for
 * asking it may write it.
 *
 * Which mount a path is on is asked of the kernel by the mount's number: statx(2)
 * has it since 5.8, /proc/self/fdinfo since 3.15. On older kernels the last mount on
 * the longest leading part of the path is taken. Before 2.6.26 the table is
 * /proc/self/mounts, without numbers.
 *
 * /proc, /sys and /dev are those of the running system, whatever the host's root is.
 */
#include "base/fsinfo.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <libmount/libmount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/units.h"

#define TABLE_MAX (64u << 20)

/*
 * Read whole before libmount takes it apart: where reading ends early it would hand out the
 * mounts so far as if they were all.
 */
static struct libmnt_table *parse_table(const struct buf *text, const char *path)
{
	struct libmnt_table *table = mnt_new_table();
	FILE *stream = fmemopen(text->data, text->len, "r");

	if (!table || !stream)
		die("no memory");
	if (mnt_table_parse_stream(table, stream, path) != 0) {
		mnt_unref_table(table);
		table = NULL;
	}
	fclose(stream);
	return table;
}

/* Before Linux 2.6.26 mounts are told without number and device. */
struct libmnt_table *fsinfo_table(struct err *err)
{
	static const char *const paths[] = { "/proc/self/mountinfo", "/proc/self/mounts" };
	struct libmnt_table *table = NULL;
	struct buf text CLEANUP_BUF = BUF_INIT;
	unsigned old = !kernel_can(CAN_MOUNTINFO);
	struct root real;
	int rc;

	if (root_init(&real, "/", err) < 0)
		return NULL;
	rc = root_read(&real, paths[old], TABLE_MAX, &text, err);
	if (rc < 0 && !old && err_is_absent(err)) {
		kernel_cannot(CAN_MOUNTINFO);
		rc = root_read(&real, paths[old = 1], TABLE_MAX, &text, err);
	}
	root_release(&real);
	if (rc == 0 && text.len)
		table = parse_table(&text, paths[old]);
	if (rc == 0 && !table)
		fail_code(err, EIO, "'%s' is empty or cannot be understood", paths[old]);
	if (!table)
		err_add(err, "cannot read the mount table");
	return table;
}

/* The running system: its own tree, its mount table, and where the host's root is in it. */
struct machine {
	struct root real;
	struct libmnt_table *table;
	struct buf top;
};

/* What the kernel calls an open file or directory: its path in the running system. */
static int path_of(struct buf *out, const struct machine *m, int fd, struct err *err)
{
	struct buf link CLEANUP_BUF = BUF_INIT;

	buf_addf(&link, "/proc/self/fd/%d", fd);
	return root_readlink(&m->real, link.data, out, err);
}

/* Close it in any case. */
static int machine_open(struct machine *m, const struct root *root, struct err *err)
{
	*m = (struct machine){ .real = { .fd = -1 }, .top = BUF_INIT };
	if (root_init(&m->real, "/", err) < 0 || path_of(&m->top, m, root->fd, err) < 0)
		return -1;
	m->table = fsinfo_table(err);
	return m->table ? 0 : -1;
}

static void machine_close(struct machine *m)
{
	mnt_unref_table(m->table);
	root_release(&m->real);
	buf_release(&m->top);
}

/* Is path at or below top? */
static bool is_below(const char *path, const char *top)
{
	size_t len = strlen(top);

	if (strcmp(top, "/") == 0)
		return path[0] == '/';
	return strncmp(path, top, len) == 0 && (path[len] == '/' || !path[len]);
}

/* A path of the running system as seen from the host's root; "/" where it is not below. */
static const char *below_root(const char *path, const char *top)
{
	if (!is_below(path, top))
		return "/";
	if (strcmp(top, "/") != 0)
		path += strlen(top);
	return *path ? path : "/";
}

static int id_by_statx(int fd)
{
#if defined(SYS_statx) && defined(STATX_MNT_ID)
	struct statx stx;

	if (kernel_can(CAN_STATX) &&
	    syscall(SYS_statx, fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_MNT_ID, &stx) == 0 &&
	    (stx.stx_mask & STATX_MNT_ID))
		return (int)stx.stx_mnt_id;
#endif
	(void)fd;
	return -1;
}

int fsinfo_mount_of(int fd)
{
	return id_by_statx(fd);
}

static int id_by_fdinfo(const struct machine *m, int fd)
{
	struct buf path CLEANUP_BUF = BUF_INIT, text CLEANUP_BUF = BUF_INIT;
	struct err err;
	uint64_t id;
	char *at;

	if (!kernel_can(CAN_MOUNT_IDS))
		return -1;
	buf_addf(&path, "/proc/self/fdinfo/%d", fd);
	if (root_read(&m->real, path.data, 65536, &text, &err) < 0)
		return -1;
	at = strstr(text.data, "mnt_id:");
	if (!at)
		return -1;
	at += strlen("mnt_id:");
	at += strspn(at, " \t");
	at[strcspn(at, " \t\n")] = '\0';
	return parse_u64(at, INT32_MAX, &id) ? (int)id : -1;
}

/* The rows of the table one after the other; NULL at the end. */
static struct libmnt_fs *next_row(struct libmnt_table *table, struct libmnt_iter *at)
{
	struct libmnt_fs *fs;

	return mnt_table_next_fs(table, at, &fs) == 0 ? fs : NULL;
}

static struct libmnt_iter *first_row(void)
{
	struct libmnt_iter *at = mnt_new_iter(MNT_ITER_FORWARD);

	if (!at)
		die("no memory");
	return at;
}

static struct libmnt_fs *row_by_id(const struct machine *m, int id)
{
	struct libmnt_iter *at = first_row();
	struct libmnt_fs *fs;

	while ((fs = next_row(m->table, at)) && mnt_fs_get_id(fs) != id)
		;
	mnt_free_iter(at);
	return fs;
}

/* Of several mounts on one directory the last one covers the others. */
static struct libmnt_fs *row_by_path(const struct machine *m, const char *path)
{
	struct libmnt_iter *at = first_row();
	struct libmnt_fs *fs, *best = NULL;
	size_t longest = 0;

	while ((fs = next_row(m->table, at))) {
		const char *target = mnt_fs_get_target(fs);

		if (target && is_below(path, target) && strlen(target) >= longest) {
			best = fs;
			longest = strlen(target);
		}
	}
	mnt_free_iter(at);
	return best;
}

/*
 * No row is no error: in a chroot whose root is no mount point the table does not show
 * what that root lies on. The number of the mount is known all the same.
 */
static int find_row(struct libmnt_fs **out, int *id, const struct machine *m, int fd,
		    struct err *err)
{
	struct buf path CLEANUP_BUF = BUF_INIT;

	*id = id_by_statx(fd);
	if (*id < 0)
		*id = id_by_fdinfo(m, fd);
	*out = *id < 0 ? NULL : row_by_id(m, *id);
	if (*out)
		return 0;
	if (path_of(&path, m, fd, err) < 0)
		return -1;
	*out = row_by_path(m, path.data);
	return 0;
}

/* The number of a block device by its path; 0 where it is none. */
static dev_t device_number(const struct machine *m, const char *path)
{
	struct err err;
	struct stat st;

	if (!path || path[0] != '/' || root_stat(&m->real, path, &st, &err) < 0 ||
	    !S_ISBLK(st.st_mode))
		return 0;
	return st.st_rdev;
}

/* The row's source; a device that goes by a name without a node ("/dev/root") by its own. */
static const char *source_of(const struct machine *m, struct libmnt_fs *fs, dev_t there,
			     struct pool *pool)
{
	const char *source = mnt_fs_get_source(fs);
	dev_t dev = mnt_fs_get_devno(fs) ? mnt_fs_get_devno(fs) : there;
	char *name = NULL;

	if (source && source[0] == '/' && !device_number(m, source) && major(dev) != 0)
		name = blkid_devno_to_devname(dev);
	source = pool_strdup(pool, name ? name : source ? source : "none");
	free(name);
	return source;
}

/* By the superblock; needs the right to read the device. */
static const char *uuid_by_probe(const char *device, struct pool *pool)
{
	blkid_probe probe = blkid_new_probe_from_filename(device);
	const char *value, *uuid = NULL;

	if (!probe)
		return NULL;
	if (blkid_probe_enable_superblocks(probe, 1) == 0 &&
	    blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_UUID) == 0 &&
	    blkid_do_safeprobe(probe) == 0 &&
	    blkid_probe_lookup_value(probe, "UUID", &value, NULL) == 0)
		uuid = pool_strdup(pool, value);
	blkid_free_probe(probe);
	return uuid;
}

/* By the links that udev makes, which everybody may read. */
static const char *uuid_by_links(const struct machine *m, dev_t dev, struct pool *pool)
{
	static const char dir[] = "/dev/disk/by-uuid";
	struct names names;
	struct err err;

	if (root_names(&m->real, dir, pool, &names, &err) < 0)
		return NULL;
	for (size_t i = 0; i < names.nr; i++)
		if (device_number(m, pool_printf(pool, "%s/%s", dir, names.name[i])) == dev)
			return names.name[i];
	return NULL;
}

/* A partition has no queue of its own: its disk is the directory above. */
static bool is_rotational(const struct machine *m, dev_t dev)
{
	static const char *const places[] = { "queue", "../queue" };
	struct buf path CLEANUP_BUF = BUF_INIT, text CLEANUP_BUF = BUF_INIT;
	struct err err;

	for (size_t i = 0; dev && i < sizeof(places) / sizeof(*places); i++) {
		buf_clear(&path);
		buf_addf(&path, "/sys/dev/block/%u:%u/%s/rotational", major(dev), minor(dev),
			 places[i]);
		if (root_read(&m->real, path.data, 4096, &text, &err) == 0)
			return text.data[0] == '1';
	}
	return false;
}

/* By the superblock, where there is a device that may be read. */
static void read_facts(struct fsinfo *out, dev_t dev, struct libmnt_fs *row)
{
	static const char *const ended[] = { "emergency_ro", "shutdown" };
	const uint32_t name_most = out->facts.name_most;
	int CLEANUP_FD fd = dev ? device_open(out->source, dev) : -1;

	fs_facts_read(&out->facts, out->type, fd);
	out->facts.name_most = name_most;
	out->facts.low_ids = mnt_fs_get_option(row, "nouid32", NULL, NULL) == 0;
	for (size_t i = 0; i < sizeof(ended) / sizeof(ended[0]); i++)
		if (mnt_fs_get_option(row, ended[i], NULL, NULL) == 0)
			out->facts.errors = "the kernel lets nobody change it, after an error";
	if (!out->facts.block_size)
		out->facts.block_size = out->block_size;
}

static int read_space(struct fsinfo *out, int fd, struct err *err)
{
	struct statvfs vfs;
	uint64_t unit;

	if (fstatvfs(fd, &vfs) < 0)
		return fail_errno(err, "cannot ask for free space");
	unit = vfs.f_frsize ? vfs.f_frsize : vfs.f_bsize;
	out->block_size = (uint32_t)unit;
	out->facts.name_most = (uint32_t)vfs.f_namemax;
	out->free_bytes = mul_u64(vfs.f_bfree, unit);
	out->avail_bytes = mul_u64(vfs.f_bavail, unit);
	out->free_inodes = vfs.f_files ? vfs.f_favail : UINT64_MAX;
	out->read_only = (vfs.f_flag & ST_RDONLY) != 0;
	return 0;
}

static void read_row(struct fsinfo *out, const struct machine *m, struct libmnt_fs *fs,
		     struct pool *pool)
{
	const char *type = mnt_fs_get_fstype(fs);
	dev_t dev;

	out->mount_id = mnt_fs_get_id(fs) > 0 ? mnt_fs_get_id(fs) : -1;
	out->mount_point = pool_strdup(pool, below_root(mnt_fs_get_target(fs), m->top.data));
	out->type = pool_strdup(pool, type ? type : "none");
	out->source = source_of(m, fs, out->dev, pool);
	if (mnt_fs_get_option(fs, "ro", NULL, NULL) == 0)
		out->read_only = true;
	/* btrfs and its like number subvolumes, not devices: the source tells. */
	dev = device_number(m, out->source);
	if (dev) {
		out->uuid = uuid_by_probe(out->source, pool);
		if (!out->uuid)
			out->uuid = uuid_by_links(m, dev, pool);
	}
	out->rotational = is_rotational(m, dev ? dev : major(out->dev) ? out->dev : 0);
	read_facts(out, dev, fs);
}

static void read_without_row(struct fsinfo *out, const struct machine *m, int id)
{
	out->mount_id = id;
	out->mount_point = "/";
	out->type = "unknown";
	out->source = "none";
	out->facts.type = out->type;
	out->rotational = is_rotational(m, major(out->dev) ? out->dev : 0);
}

static int read_open(struct fsinfo *out, const struct machine *m, int fd, struct pool *pool,
		     struct err *err)
{
	struct libmnt_fs *fs;
	struct stat st;
	int id;

	if (fstat(fd, &st) < 0)
		return fail_errno(err, "cannot stat");
	out->dev = st.st_dev;
	if (read_space(out, fd, err) < 0 || find_row(&fs, &id, m, fd, err) < 0)
		return -1;
	if (fs)
		read_row(out, m, fs, pool);
	else
		read_without_row(out, m, id);
	out->facts.fractions = st.st_mtim.tv_nsec || st.st_ctim.tv_nsec;
	return 0;
}

int fsinfo_read(struct fsinfo *out, const struct root *root, const char *path,
		struct pool *pool, struct err *err)
{
	struct machine m;
	int CLEANUP_FD fd = root_opendir(root, path, err);
	int ret;

	*out = (struct fsinfo){ .mount_id = -1 };
	if (fd < 0 && err->code == ENOTDIR)
		fd = root_open(root, path, err);
	if (fd < 0)
		return -1;
	ret = machine_open(&m, root, err);
	if (ret == 0)
		ret = read_open(out, &m, fd, pool, err);
	machine_close(&m);
	if (ret < 0)
		err_add(err, "file system of '%s%s'", show(root->path), show(path));
	return ret;
}

int fsinfo_of_fd(struct fsinfo *out, int fd, struct pool *pool, struct err *err)
{
	const struct root here = { fd, "" };
	struct machine m;
	int ret;

	*out = (struct fsinfo){ .mount_id = -1 };
	ret = machine_open(&m, &here, err);
	if (ret == 0)
		ret = read_open(out, &m, fd, pool, err);
	machine_close(&m);
	return ret;
}

static int by_point(const void *left, const void *right)
{
	return strcmp(((const struct mount *)left)->point, ((const struct mount *)right)->point);
}

static struct mount row_of(struct libmnt_fs *fs, const char *top, struct pool *pool)
{
	const char *type = mnt_fs_get_fstype(fs), *source = mnt_fs_get_source(fs);
	const char *root = mnt_fs_get_root(fs);

	return (struct mount){
		.point = pool_strdup(pool, below_root(mnt_fs_get_target(fs), top)),
		.type = pool_strdup(pool, type ? type : "none"),
		.source = pool_strdup(pool, source ? source : "none"),
		.root = root ? pool_strdup(pool, root) : NULL,
		.dev = mnt_fs_get_devno(fs),
	};
}

static void collect(struct mounts *out, struct libmnt_table *table, const char *dir, const char *top,
		    struct pool *pool)
{
	struct libmnt_iter *at = first_row();
	struct libmnt_fs *fs;
	size_t cap = 0;

	while ((fs = next_row(table, at))) {
		const char *target = mnt_fs_get_target(fs);

		if (target && is_below(target, dir))
			*(struct mount *)pool_grow(pool, &out->v, &out->nr, &cap, sizeof(*out->v)) =
				row_of(fs, top, pool);
	}
	mnt_free_iter(at);
}

int mounts_of_machine(struct mounts *out, struct pool *pool, struct err *err)
{
	struct libmnt_table *table = fsinfo_table(err);

	*out = (struct mounts){ 0, NULL };
	if (!table)
		return -1;
	collect(out, table, "/", "/", pool);
	mnt_unref_table(table);
	return 0;
}

int mounts_below(struct mounts *out, const struct root *root, const char *path,
		 struct pool *pool, struct err *err)
{
	struct buf dir CLEANUP_BUF = BUF_INIT;
	struct machine m;
	int ret = machine_open(&m, root, err);

	*out = (struct mounts){ 0, NULL };
	if (ret == 0) {
		if (strcmp(m.top.data, "/") != 0)
			buf_adds(&dir, m.top.data);
		buf_addf(&dir, "%s%s", path[0] == '/' ? "" : "/", path);
		while (dir.len > 1 && dir.data[dir.len - 1] == '/')
			dir.data[--dir.len] = '\0';
		collect(out, m.table, dir.data, m.top.data, pool);
		if (out->nr > 1)
			qsort(out->v, out->nr, sizeof(*out->v), by_point);
	}
	machine_close(&m);
	return ret;
}

/* ---- mount points by name */

struct mount_name {
	dev_t dev;		/* of the directory */
	ino_t ino;
	char *name;
};

/*
 * What the table calls a mount, by the tree's own directories; skipped where it is not
 * met there: the tree may be of a mount that has another place in this process's view.
 */
static void add_name(struct mount_names *out, const struct machine *m, const struct root *tree,
		     const char *target, const char *top)
{
	const char *below = strcmp(top, "/") == 0 ? target : target + strlen(top);
	struct spot CLEANUP_SPOT spot = SPOT_INIT;
	struct stat dir, seen, meant;
	struct mount_name *row;
	struct err unread;

	if (!below[strspn(below, "/")] || strict_spot(tree, below, &spot, &unread) < 0 ||
	    fstat(spot.at.dirfd, &dir) < 0 ||
	    below_stat(spot.at.dirfd, spot.at.name, &seen) < 0 ||
	    root_lstat(&m->real, target, &meant, &unread) < 0 ||
	    seen.st_dev != meant.st_dev || seen.st_ino != meant.st_ino)
		return;
	out->v = xrealloc(out->v, (out->nr + 1) * sizeof(*out->v));
	row = &out->v[out->nr++];
	*row = (struct mount_name){ dir.st_dev, dir.st_ino, xstrdup(spot.at.name) };
}

int mount_names_add(struct mount_names *out, int dirfd, struct err *err)
{
	struct root tree = { dirfd, "" };
	struct libmnt_iter *at;
	struct libmnt_fs *fs;
	struct machine m;

	if (kernel_can(CAN_MOUNT_ROOT))
		return 0;
	if (machine_open(&m, &tree, err) < 0) {
		machine_close(&m);
		return -1;
	}
	at = first_row();
	while ((fs = next_row(m.table, at))) {
		const char *target = mnt_fs_get_target(fs);

		if (target && is_below(target, m.top.data))
			add_name(out, &m, &tree, target, m.top.data);
	}
	mnt_free_iter(at);
	machine_close(&m);
	return 0;
}

void mount_names_release(struct mount_names *m)
{
	for (size_t i = 0; i < m->nr; i++)
		free(m->v[i].name);
	free(m->v);
	*m = (struct mount_names){ 0, NULL };
}

bool mount_named(const struct mount_names *m, dev_t dev, ino_t ino, const char *name)
{
	for (size_t i = 0; i < m->nr; i++)
		if (m->v[i].dev == dev && m->v[i].ino == ino && strcmp(m->v[i].name, name) == 0)
			return true;
	return false;
}
