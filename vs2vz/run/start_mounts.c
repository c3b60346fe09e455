/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mounts of a container. Every mount point of the tree is opened by the door first,
 * without following links, and mounted on by its descriptor; below /proc and /dev, which
 * are ours by then, plain names are used.
 *
 * /dev holds what the tree's own /dev holds, as far as every container may use it
 * (vzctl: etc/dists and the kernel's default set of devices): a node of a disk or of the
 * console of the host is not there, whoever made it. The tree itself is mounted without
 * devices, and CAP_MKNOD is not given, so that no other node ever works.
 */
#include "run/start_parts.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#define DEV_ENTRIES_MAX 2000
#define DEV_DEPTH_MAX 3
#define FSTAB_MAX 65536
#define SEALED (MS_NOSUID | MS_NODEV | MS_NOEXEC)

static const struct {
	unsigned major, minor;
} devices[] = {
	{ 1, 3 }, { 1, 5 }, { 1, 7 }, { 1, 8 }, { 1, 9 },	/* null zero full random urandom */
	{ 5, 0 }, { 5, 2 },					/* tty ptmx */
};

/* Of /proc: what speaks to the whole machine is not for writing, or not at all. */
static const struct {
	const char *name;
	bool hide;
} guarded[] = {
	{ "sys", false }, { "sysrq-trigger", false }, { "irq", false }, { "bus", false },
	{ "fs", false }, { "acpi", false }, { "asound", false }, { "scsi", false },
	{ "mtrr", false }, { "kcore", true }, { "kmsg", true }, { "keys", true },
	{ "key-users", true }, { "latency_stats", true }, { "timer_list", true },
	{ "sched_debug", true }, { "vmallocinfo", true }, { "kpagecount", true },
	{ "kpageflags", true }, { "kpagecgroup", true }, { "slabinfo", true },
	{ "pagetypeinfo", true },
};

static const char *fd_path(char text[64], int fd, const char *name)
{
	snprintf(text, 64, "/proc/self/fd/%d%s%s", fd, name ? "/" : "", name ? name : "");
	return text;
}

/* What the guest's fstab calls it: `mount -a` leaves alone what is mounted by that name. */
static void source_of(char *source, size_t size, const struct root *merged, const char *path)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	char from[64], on[64];
	struct err err;

	if (root_read(merged, "/etc/fstab", FSTAB_MAX, &text, &err) < 0)
		return;
	for (const char *line = text.data; *line; line += strcspn(line, "\n"), line += *line != '\0')
		if (sscanf(line, "%63[^ \t\n] %63[^ \t\n]", from, on) == 2 && from[0] != '#' &&
		    strcmp(on, path) == 0)
			snprintf(source, size, "%s", from);
}

struct fs {
	const char *type;
	unsigned long flags;
	const char *data;
};

/* A directory of the tree that is not there, or is something else, gets no mount: 1. */
static int mount_on(const struct root *merged, const char *path, const struct fs *fs,
		    struct err *err)
{
	int CLEANUP_FD point = strict_opendir(merged, path, err);
	char to[64], source[64];

	if (point < 0)
		return 1;
	snprintf(source, sizeof(source), "%s", fs->type);
	source_of(source, sizeof(source), merged, path);
	if (mount(source, fd_path(to, point, NULL), fs->type, fs->flags, fs->data) < 0)
		return fail_errno(err, "cannot mount a %s on '%s'", fs->type, path);
	return 0;
}

static int bind_on(const char *from, int dirfd, const char *name, unsigned long flags)
{
	char path[64];

	fd_path(path, dirfd, name);
	if (mount(from, path, NULL, MS_BIND, NULL) < 0)
		return -1;
	return flags ? mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | flags, NULL) : 0;
}

/* vzctl makes /proc where it is missing (vzctl: src/lib/env.c). */
static int mount_proc(struct root *merged, struct err *err)
{
	const struct place at = { merged->fd, "proc" };
	char path[64];
	int CLEANUP_FD proc = -1;

	if (sys_mkdir(&at, 0555) < 0 && errno != EEXIST)
		return fail_errno(err, "cannot make /proc");
	if (mount_on(merged, "/proc", &(struct fs){ "proc", SEALED, NULL }, err) != 0)
		return -1;
	proc = strict_opendir(merged, "/proc", err);
	if (proc < 0)
		return -1;
	for (size_t i = 0; i < sizeof(guarded) / sizeof(guarded[0]); i++) {
		int done = guarded[i].hide ?
			bind_on("/dev/null", proc, guarded[i].name, 0) :
			bind_on(fd_path(path, proc, guarded[i].name), proc, guarded[i].name,
				MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);

		if (done < 0 && errno != ENOENT)
			return fail_errno(err, "cannot guard /proc/%s", guarded[i].name);
	}
	return 0;
}

static int mount_groups(const struct root *merged, struct err *err)
{
	const struct fs top_fs = { "tmpfs", SEALED, "mode=0755,size=1m" };
	const struct fs group_fs = { "cgroup", SEALED, "none,name=systemd,xattr" };
	int CLEANUP_FD top = -1;
	int done = mount_on(merged, "/sys/fs/cgroup", &top_fs, err);

	if (done != 0)
		return done > 0 ? fail(err, "systemd needs cgroups, and this kernel has none") : -1;
	top = strict_opendir(merged, "/sys/fs/cgroup", err);
	if (top < 0)
		return -1;
	if (sys_mkdir(&(struct place){ top, "systemd" }, 0755) < 0)
		return fail_errno(err, "cannot make a directory for cgroups");
	return mount_on(merged, "/sys/fs/cgroup/systemd", &group_fs, err) ? -1 : 0;
}

static int mount_sys(const struct inside *in, const struct root *merged, struct err *err)
{
	int done = mount_on(merged, "/sys", &(struct fs){ "sysfs", MS_RDONLY | SEALED, NULL }, err);

	if (done != 0)
		return done > 0 ? 0 : -1;
	return in->systemd ? mount_groups(merged, err) : 0;
}

static bool is_allowed(dev_t dev)
{
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (dev == makedev(devices[i].major, devices[i].minor))
			return true;
	return false;
}

/* One object of the tree's /dev, made again; what a container may not have is left out. */
static void copy_node(const struct place *from, const struct place *to, const struct stat *st)
{
	char target[256];
	ssize_t len;

	if (S_ISLNK(st->st_mode)) {
		len = below_readlink(from->dirfd, from->name, target, sizeof(target) - 1);
		target[len > 0 ? len : 0] = '\0';
		if (len > 0)
			(void)!sys_symlink(target, to);
	} else if (S_ISFIFO(st->st_mode) || (S_ISCHR(st->st_mode) && is_allowed(st->st_rdev))) {
		if (sys_mknod(to, st->st_mode, st->st_rdev) == 0)
			(void)!sys_lchown(to, st->st_uid, st->st_gid);
	}
}

struct copying {
	struct pool pool;
	unsigned nr, depth;
};

static void copy_dir(struct copying *c, const struct root *from, const struct root *to)
{
	struct names names;
	struct err err;

	if (root_names(from, "/", &c->pool, &names, &err) < 0)
		return;
	for (size_t i = 0; i < names.nr && c->nr++ < DEV_ENTRIES_MAX; i++) {
		const struct place a = { from->fd, names.name[i] }, b = { to->fd, names.name[i] };
		struct root sub, made;
		struct stat st;

		if (below_stat(from->fd, a.name, &st) < 0)
			continue;
		if (!S_ISDIR(st.st_mode)) {
			copy_node(&a, &b, &st);
			continue;
		}
		if (c->depth >= DEV_DEPTH_MAX || sys_mkdir(&b, st.st_mode & 07777) < 0)
			continue;
		if (root_inside(&sub, from, a.name, &err) < 0)
			continue;
		if (root_inside(&made, to, b.name, &err) == 0) {
			c->depth++;
			copy_dir(c, &sub, &made);
			c->depth--;
			root_release(&made);
		}
		root_release(&sub);
	}
}

/* The terminal that we read, wherever the tree has a console or not (vzctl makes one). */
static int add_console(const struct inside *in, int dev, struct err *err)
{
	const struct place at = { dev, "console" };

	if (sys_mknod(&at, S_IFCHR | 0600, makedev(5, 1)) < 0 && errno != EEXIST)
		return fail_errno(err, "cannot make /dev/console");
	if (bind_on(in->pty, dev, "console", 0) < 0)
		return fail_errno(err, "cannot put '%s' on /dev/console", in->pty);
	return 0;
}

static int add_terminals(const struct root *merged, int dev, struct err *err)
{
	const struct fs fs = { "devpts", MS_NOSUID | MS_NOEXEC,
			       "newinstance,ptmxmode=0666,mode=0620,gid=5" };
	int done = mount_on(merged, "/dev/pts", &fs, err);
	struct stat st;
	char path[64];

	if (done != 0)
		return done > 0 ? 0 : -1;
	if (below_stat(dev, "ptmx", &st) == 0 && S_ISCHR(st.st_mode))
		(void)!bind_on(fd_path(path, dev, "pts/ptmx"), dev, "ptmx", 0);
	return 0;
}

static int mount_dev(const struct inside *in, const struct root *merged, struct err *err)
{
	struct copying c = { .pool = POOL_INIT };
	struct root old, new;
	int done;

	if (root_inside(&old, merged, "/dev", err) < 0)
		return 0;	/* a container without /dev: what follows will say so */
	done = mount_on(merged, "/dev", &(struct fs){ "tmpfs", MS_NOSUID, "mode=0755,size=16m" }, err);
	if (done == 0)
		done = root_inside(&new, merged, "/dev", err);
	if (done == 0) {
		copy_dir(&c, &old, &new);
		done = add_console(in, new.fd, err);
		if (done == 0)
			done = add_terminals(merged, new.fd, err);
		root_release(&new);
	}
	root_release(&old);
	pool_release(&c.pool);
	return done;
}

/* What its start would mount itself, as a container may and this one cannot; in order. */
static const struct {
	const char *parent, *name, *path, *data;
} memory[] = {
	{ NULL, NULL, "/run", "mode=0755,size=64m" },
	{ "/run", "lock", "/run/lock", "mode=1777,size=5m" },
	{ "/dev", "shm", "/dev/shm", "mode=1777,size=64m" },
};

/* Made where it is missing, but only in what is memory already: the tree shows what it has. */
static int mount_memory(const struct root *merged, size_t row, struct err *err)
{
	const struct fs fs = { "tmpfs", MS_NOSUID | MS_NODEV, memory[row].data };
	int CLEANUP_FD parent = -1;

	if (memory[row].parent) {
		parent = strict_opendir(merged, memory[row].parent, err);
		if (parent < 0)
			return 0;
		(void)!sys_mkdir(&(struct place){ parent, memory[row].name }, 0755);
	}
	return mount_on(merged, memory[row].path, &fs, err) < 0 ? -1 : 0;
}

int inside_mounts(const struct inside *in, struct root *merged, struct err *err)
{
	if (mount_dev(in, merged, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(memory) / sizeof(memory[0]); i++)
		if (mount_memory(merged, i, err) < 0)
			return -1;
	return mount_sys(in, merged, err) < 0 ? -1 : mount_proc(merged, err);
}
