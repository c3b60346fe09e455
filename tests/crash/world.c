/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world is built with plain calls, none of which the fault layer sees.
 */
#include "world.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/hash.h"

enum { DIR_, FILE_, LINK_, HARD_, FIFO_ };
#define TAKEN ".vs2vz-0000000000000000-"

static const struct node {
	int type;
	const char *path;
	mode_t mode;
	const char *text;	/* content, link text, first name */
} nodes[] = {
	{ DIR_, "etc", 0755, NULL },
	{ DIR_, "etc/rc3.d", 0755, NULL },
	{ LINK_, "etc/rc3.d/S98vservers-default", 0, "../init.d/vservers-default" },
	{ DIR_, "etc/vservers", 0755, NULL },
	{ DIR_, "etc/vservers/web", 0750, NULL },
	{ FILE_, "etc/vservers/web/context", 0644, "345\n" },
	{ LINK_, "etc/vservers/web/vdir", 0, "/vservers/web" },
	{ FILE_, "etc/vservers/old.conf", 0600, "IPROOT=192.168.0.7\n" },
	{ DIR_, "etc/vz", 0755, NULL },
	{ DIR_, "etc/vz/conf", 0755, NULL },
	{ FILE_, "etc/vz/conf/ve-basic.conf-sample", 0644, "ONBOOT=\"no\"\n" },
	{ DIR_, "etc/vz/names", 0755, NULL },
	{ DIR_, "var", 0755, NULL },
	{ DIR_, "var/lib", 0755, NULL },
	{ DIR_, "var/lib/vs2vz", 0755, NULL },
	{ DIR_, "vservers", 0755, NULL },
	{ DIR_, "vservers/web", 0755, NULL },
	{ DIR_, "vservers/web/etc", 0755, NULL },
	{ FILE_, "vservers/web/etc/inittab", 0640, "1:2345:respawn:/sbin/getty 38400 tty1\n" },
	{ FILE_, "vservers/web/etc/hosts", 0644, "127.0.0.1 localhost\n" },
	{ HARD_, "vservers/web/etc/hosts.same", 0, "vservers/web/etc/hosts" },
	{ FILE_, "vservers/web/etc/fstab", 0644, "none /proc proc\n" },
	{ LINK_, "vservers/web/etc/mtab", 0, "/proc/mounts" },
	{ FILE_, "vservers/web/etc/issue", 0444, "Debian\n" },
	{ FILE_, "vservers/web/etc/motd", 0644, "welcome\n" },
	{ DIR_, "vservers/web/etc/event.d", 0700, NULL },
	{ FILE_, "vservers/web/etc/rc.local", 0640, "#!/bin/sh\n" },
	{ FIFO_, "vservers/web/fifo", 0600, NULL },
	{ FILE_, "vservers/web/empty", 0444, "" },
	{ DIR_, "vservers/cop", 0711, NULL },
	{ DIR_, "vservers/cop/etc", 0755, NULL },
	{ FILE_, "vservers/cop/etc/passwd", 0644, "root:x:0:0::/root:/bin/sh\n" },
	{ FILE_, "vservers/cop/etc/rc", 0755, "#!/bin/sh\n" },
	{ HARD_, "vservers/cop/rc.too", 0, "vservers/cop/etc/rc" },
	{ LINK_, "vservers/cop/link", 0, "etc/rc" },
	{ DIR_, "vservers/cop/deep", 0700, NULL },
	{ DIR_, "vservers/cop/deep/er", 0700, NULL },
	{ FILE_, "vservers/cop/deep/er/file", 0400, "deep\n" },
	/* Somebody else's, by chance, at names that steps would use. */
	{ DIR_, "vservers/cop/.copy" TAKEN "links", 0700, NULL },
	{ FILE_, "vservers/cop/.copy" TAKEN "links/1f", 0644, "the guest's\n" },
	{ DIR_, "vservers/.shr" TAKEN "held", 0700, NULL },
	{ FILE_, "vservers/.shr" TAKEN "held/1-2", 0600, "somebody's\n" },
	{ FILE_, "vservers/.shr" TAKEN "held-2", 0600, "somebody's\n" },
	{ DIR_, "vservers/.hash", 0700, NULL },
	{ FILE_, "vservers/.hash/uni", 0755, "unified\n" },
	{ FILE_, "vservers/.hash/motd", 0644, "welcome\n" },
	{ FILE_, "vservers/.hash/open", 0664, "shared by hand\n" },
	{ LINK_, "vservers/.hash/link", 0, "nowhere" },
	{ DIR_, "vservers/shr", 0755, NULL },
	{ DIR_, "vservers/shr/bin", 02755, NULL },
	{ HARD_, "vservers/shr/bin/uni", 0, "vservers/.hash/uni" },
	{ HARD_, "vservers/shr/bin/link", 0, "vservers/.hash/link" },
	{ FILE_, "vservers/shr/bin/su", 06755, "set-id\n" },
	{ FILE_, "vservers/shr/bin/ping", 0755, "capable\n" },
	{ DIR_, "vservers/shr/lib", 0755, NULL },
	{ HARD_, "vservers/shr/lib/uni.too", 0, "vservers/.hash/uni" },
	{ HARD_, "vservers/shr/lib/open", 0, "vservers/.hash/open" },
	{ FILE_, "vservers/shr/lib/alone", 0644, "frozen, but alone\n" },
	{ FILE_, "vservers/shr/lib/pair", 0644, "two names inside\n" },
	{ HARD_, "vservers/shr/lib/pair.too", 0, "vservers/shr/lib/pair" },
	{ DIR_, "vservers/shr/etc", 0750, NULL },
	{ FILE_, "vservers/shr/etc/inittab", 0600, "1:2345:respawn:/sbin/getty 38400 tty1\n" },
	{ HARD_, "vservers/shr/etc/motd", 0, "vservers/.hash/motd" },
	{ LINK_, "vservers/shr/etc/mtab", 0, "/proc/mounts" },
	{ FIFO_, "vservers/shr/fifo", 0600, NULL },
	/* Copied, and mended on the way: tagged for context 300 (ID24), unified. */
	{ FILE_, "vservers/.hash/shared", 0444, "a file of many guests\n" },
	{ DIR_, "vservers/uni", 0755, NULL },
	{ HARD_, "vservers/uni/shared", 0, "vservers/.hash/shared" },
	{ HARD_, "vservers/uni/shared.too", 0, "vservers/.hash/shared" },
	{ FILE_, "vservers/uni/lib", 0755, "an immutable library\n" },
	{ HARD_, "vservers/uni/lib.0", 0, "vservers/uni/lib" },
	{ FILE_, "vservers/uni/su", 04755, "set-id\n" },
	{ LINK_, "vservers/uni/link", 0, "su" },
	{ DIR_, "vservers/pkg", 0755, NULL },
	{ FILE_, "vservers/pkg/Packages", 0640, "database\n" },
	{ DIR_, "vservers/pkg/log", 0700, NULL },
	{ FILE_, "vservers/pkg/log/1", 0600, "entry\n" },
	{ DIR_, "vz", 0755, NULL },
	{ FILE_, "vz/.348.img" TAKEN "part", 0640, "somebody's\n" },
	{ LINK_, "vz/.348.img" TAKEN "part-2", 0, "private" },
	{ DIR_, "vz/bare", 0755, NULL },
};
#define NR_NODES (sizeof(nodes) / sizeof(nodes[0]))

static void check(bool good, const char *what)
{
	if (!good) {
		perror(what);
		exit(99);
	}
}

static void make_file(int dirfd, const struct node *n)
{
	int fd = openat(dirfd, n->path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	int flags = FS_NOATIME_FL;

	check(fd >= 0 && write(fd, n->text, strlen(n->text)) >= 0, n->path);
	check(fchmod(fd, n->mode) == 0, n->path);
	if (strstr(n->path, "inittab")) {
		fsetxattr(fd, "user.note", "kept\0too", 8, 0);
		ioctl(fd, FS_IOC_SETFLAGS, &flags);
	}
	close(fd);
}

/* Immutable where the file system and our rights allow it; the last touch. */
static void seal_file(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY), flags = FS_IMMUTABLE_FL;

	check(fd >= 0, path);
	ioctl(fd, FS_IOC_SETFLAGS, &flags);
	close(fd);
}

static void make_node(int dirfd, const struct node *n)
{
	if (n->type == DIR_)
		check(mkdirat(dirfd, n->path, n->mode) == 0 &&
		      fchmodat(dirfd, n->path, n->mode, 0) == 0, n->path);
	else if (n->type == FILE_)
		make_file(dirfd, n);
	else if (n->type == LINK_)
		check(symlinkat(n->text, dirfd, n->path) == 0, n->path);
	else if (n->type == HARD_)
		check(linkat(dirfd, n->text, dirfd, n->path, 0) == 0, n->path);
	else
		check(mkfifoat(dirfd, n->path, n->mode) == 0, n->path);
}

/* As VServer's kernel with ID24 and tag 300 writes owners: those of the guests shr and uni. */
static void tag(int dirfd, const struct node *n)
{
	static const unsigned char caps[20] = { 1, 0, 0, 2, 0, 0x20 };
	char path[300];

	bool ours = strncmp(n->path, "vservers/shr", 12) == 0 ||
		    strncmp(n->path, "vservers/uni", 12) == 0;

	if (!ours || n->type == HARD_ || geteuid() != 0)
		return;
	check(fchownat(dirfd, n->path, 16777216 + 33, 738197504 + 44, AT_SYMLINK_NOFOLLOW) == 0,
	      n->path);
	if (n->type != LINK_)
		check(fchmodat(dirfd, n->path, n->mode, 0) == 0, n->path);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dirfd, n->path);
	if (strstr(n->path, "ping"))
		check(setxattr(path, "security.capability", caps, sizeof(caps), 0) == 0, n->path);
}

void world_build(int dirfd)
{
	static const struct timespec top[2] = { { 1180000000, 1 }, { 1180000000, 1 } };

	for (size_t i = 0; i < NR_NODES; i++)
		make_node(dirfd, &nodes[i]);
	for (size_t i = 0; i < NR_NODES; i++)
		tag(dirfd, &nodes[i]);
	check(futimens(dirfd, top) == 0, "/");
	for (size_t i = NR_NODES; i-- > 0;) {
		struct timespec t = { 1190000000 + (time_t)i * 1000, 123456789 + (long)i };
		struct timespec times[2] = { t, t };

		if (strstr(nodes[i].path, "S98") && geteuid() == 0)
			check(fchownat(dirfd, nodes[i].path, 7, 8, AT_SYMLINK_NOFOLLOW) == 0,
			      nodes[i].path);
		check(utimensat(dirfd, nodes[i].path, times, AT_SYMLINK_NOFOLLOW) == 0,
		      nodes[i].path);
	}
	seal_file(dirfd, "vservers/web/etc/fstab");
	seal_file(dirfd, "vservers/.hash/uni");
	seal_file(dirfd, "vservers/.hash/motd");
	seal_file(dirfd, "vservers/shr/lib/alone");
	seal_file(dirfd, "vservers/uni/lib");
	seal_file(dirfd, "vservers/web/etc/issue");
	seal_file(dirfd, "vz/bare");
}

static void clear_fd(int fd)
{
	DIR *dir = fdopendir(fd);
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		int inner, none = 0;

		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, d->d_name, 0) == 0)
			continue;
		inner = openat(fd, d->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
		if (d->d_type == DT_DIR && inner >= 0) {
			ioctl(inner, FS_IOC_SETFLAGS, &none);
			clear_fd(inner);
		} else if (inner >= 0) {
			ioctl(inner, FS_IOC_SETFLAGS, &none);
			close(inner);
		}
		if (unlinkat(fd, d->d_name, 0) < 0)
			unlinkat(fd, d->d_name, AT_REMOVEDIR);
	}
	closedir(dir);
}

void world_clear(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY);

	check(fd >= 0, "clear");
	clear_fd(fd);
}

struct maker {
	struct plan *p;
	const struct root *root;
	struct pool *pool;
};

static struct stat look(const struct maker *m, const char *path)
{
	struct err err;
	struct stat st;

	check(root_lstat(m->root, path, &st, &err) == 0, path);
	return st;
}

static void times(const struct maker *m, const char *at, const char *now)
{
	struct step *s = plan_step(m->p, m->pool, "times");
	struct stat st = look(m, now);
	const char *names;
	struct err err;

	check(input_evidence(&names, m->root, INPUT_NAMES, now, m->pool, &err) == 0, now);
	step_arg(s, m->pool, "at", at);
	step_argf(s, m->pool, "mtime", "%lld.%09ld", (long long)st.st_mtim.tv_sec,
		  st.st_mtim.tv_nsec);
	step_arg(s, m->pool, "names", names);
}

static void owner(const struct maker *m, struct step *s)
{
	step_argf(s, m->pool, "owner", "%u:%u", (unsigned)geteuid(), (unsigned)getegid());
}

static void make_dir(const struct maker *m, const char *at)
{
	struct step *s = plan_step(m->p, m->pool, "mkdir");

	step_arg(s, m->pool, "at", at);
	step_arg(s, m->pool, "mode", "0755");
	owner(m, s);
}

static struct step *move(const struct maker *m, const char *kind, const char *from, const char *to)
{
	struct step *s = plan_step(m->p, m->pool, kind);

	step_arg(s, m->pool, "from", from);
	step_arg(s, m->pool, "to", to);
	step_argf(s, m->pool, "id", "-/%llu/-", (unsigned long long)look(m, from).st_ino);
	return s;
}

/* now: where the file stands at plan time, NULL: absent. */
static void put(const struct maker *m, const char *at, const char *now, const char *text)
{
	struct step *s = plan_step(m->p, m->pool, "write");
	const char *old = "absent";
	char hash[HASH_TEXT];
	struct err err;

	if (now)
		check(input_evidence(&old, m->root, INPUT_FILE, now, m->pool, &err) == 0, now);
	hash_text(hash_bytes(text, strlen(text)), hash);
	step_arg(s, m->pool, "at", at);
	step_arg(s, m->pool, "mode", "0644");
	owner(m, s);
	step_arg(s, m->pool, "old", old);
	step_arg(s, m->pool, "new", hash);
	step_text(s, m->pool, text, strlen(text));
}

static void make_link(const struct maker *m, const char *at, const char *target)
{
	struct step *s = plan_step(m->p, m->pool, "symlink");

	step_arg(s, m->pool, "at", at);
	step_arg(s, m->pool, "target", target);
}

static void remove_link(const struct maker *m, const char *at)
{
	struct step *s = plan_step(m->p, m->pool, "remove");
	struct stat st = look(m, at);
	const char *target;
	struct err err;

	check(input_evidence(&target, m->root, INPUT_LINK, at, m->pool, &err) == 0, at);
	step_arg(s, m->pool, "at", at);
	step_arg(s, m->pool, "target", target);
	step_argf(s, m->pool, "owner", "%u:%u", (unsigned)st.st_uid, (unsigned)st.st_gid);
	step_argf(s, m->pool, "mtime", "%lld.%09ld", (long long)st.st_mtim.tv_sec,
		  st.st_mtim.tv_nsec);
}

static void add_id(const struct maker *m, struct step *s, const char *now)
{
	step_argf(s, m->pool, "id", "-/%llu/-", (unsigned long long)look(m, now).st_ino);
}

/* now: where it stands at plan time; by_time: as for a tree that is copied. */
static void hide(const struct maker *m, const char *at, const char *now, bool by_time)
{
	struct step *s = plan_step(m->p, m->pool, "hide");
	struct stat st = look(m, now);

	step_arg(s, m->pool, "at", at);
	if (by_time)
		step_argf(s, m->pool, "mtime", "%lld.%09ld", (long long)st.st_mtim.tv_sec,
			  st.st_mtim.tv_nsec);
	else
		add_id(m, s, now);
}

/* minor < 0: a FIFO. */
static void make_special(const struct maker *m, const char *at, int minor, const char *mode)
{
	struct step *s = plan_step(m->p, m->pool, "node");

	step_arg(s, m->pool, "at", at);
	step_arg(s, m->pool, "type", minor < 0 ? "p" : "c");
	if (minor >= 0) {
		step_arg(s, m->pool, "major", "1");
		step_argf(s, m->pool, "minor", "%d", minor);
	}
	step_arg(s, m->pool, "mode", mode);
	owner(m, s);
}

/* What a start would leave: nobody starts anything here. */
static void add_trace(const struct maker *m, const char *at, const char *what)
{
	struct step *s = plan_step(m->p, m->pool, "trace");

	step_arg(s, m->pool, "at", at);
	step_arg(s, m->pool, "what", what);
	step_arg(s, m->pool, "ctid", "345");
}

static void set_mode(const struct maker *m, const char *at, const char *now, unsigned mode)
{
	struct step *s = plan_step(m->p, m->pool, "mode");
	struct stat st = look(m, now);

	step_arg(s, m->pool, "at", at);
	add_id(m, s, now);
	step_argf(s, m->pool, "old", "%04o", (unsigned)st.st_mode & 07777);
	step_argf(s, m->pool, "new", "%04o", mode);
}

/* One name put aside, and something else, or nothing, put in its place. */
static void add_hiding(const struct maker *m)
{
#define IN "/vz/private/345/etc/"
#define WAS "/vservers/web/etc/"
	hide(m, IN "mtab", WAS "mtab", false);
	put(m, IN "mtab", NULL, "none / ext4\n");
	hide(m, IN "issue", WAS "issue", false);
	put(m, IN "issue", NULL, "OpenVZ\n");
	hide(m, IN "motd", WAS "motd", false);
	make_link(m, IN "motd", "../run/motd");
	hide(m, IN "hosts.same", WAS "hosts.same", false);
	make_dir(m, IN "hosts.same");
	hide(m, IN "event.d", WAS "event.d", false);
	set_mode(m, IN "rc.local", WAS "rc.local", 0755);
	hide(m, "/vz/private/345/fifo", "/vservers/web/fifo", false);
	make_special(m, "/vz/private/345/fifo", -1, "0666");
	make_special(m, IN "null", geteuid() == 0 ? 3 : -1, "0600");
#undef WAS
#undef IN
}

static struct maker maker(struct plan *p, const struct root *root, struct pool *pool)
{
	*p = (struct plan){ .scope = "guest", .guest = "web", .ctid = 345 };
	return (struct maker){ p, root, pool };
}

void world_plan_small(struct plan *p, const struct root *root, struct pool *pool)
{
	struct maker m = maker(p, root, pool);

	times(&m, "/etc/vservers/web", "/etc/vservers/web");
	times(&m, "/etc/vz/conf", "/etc/vz/conf");
	times(&m, "/etc/vz/names", "/etc/vz/names");
	times(&m, "/", "/");
	times(&m, "/vservers", "/vservers");
	times(&m, "/vz", "/vz");
	make_dir(&m, "/vz/root");
	make_dir(&m, "/vz/root/345");
	make_dir(&m, "/vz/private");
	move(&m, "rename", "/vservers/web", "/vz/private/345");
	put(&m, "/etc/vz/conf/345.conf", NULL, "ONBOOT=\"yes\"\nVE_PRIVATE=\"/vz/private/345\"\n");
	make_link(&m, "/etc/vz/names/web", "/etc/vz/conf/345.conf");
	put(&m, "/etc/vservers/web/vs2vz", NULL, "ctid=345\n");
}

static void copy_mended(const struct maker *m)
{
	struct step *s = move(m, "copy", "/vservers/uni", "/vz/private/347");

	step_arg(s, m->pool, "tagging", "id24");
	step_arg(s, m->pool, "tags", "300");
	step_arg(s, m->pool, "immutable", "files");
	move(m, "retire", "/vservers/uni", "/vservers/.uni.vs2vz-retired");
}

void world_plan(struct plan *p, const struct root *root, struct pool *pool)
{
	struct maker m;

	world_plan_small(p, root, pool);
	m = (struct maker){ p, root, pool };
	times(&m, "/etc/rc3.d", "/etc/rc3.d");
	remove_link(&m, "/etc/rc3.d/S98vservers-default");
	times(&m, "/etc/vservers", "/etc/vservers");
	move(&m, "rename", "/etc/vservers/old.conf", "/etc/vservers/old.conf.vs2vz");
	add_trace(&m, "/vservers/cop/.cpt_hardlink_dir_a920e4ddc233afddc9fb53d26c392319", "links");
	add_trace(&m, "/var/vzquota/quota.345", "quota");
	times(&m, "/vz/private/345", "/vservers/web");
	times(&m, "/vz/private/345/etc", "/vservers/web/etc");
	add_hiding(&m);
	put(&m, "/vz/private/345/etc/inittab", "/vservers/web/etc/inittab", "# no getty here\n");
	put(&m, "/vz/private/345/etc/hosts", "/vservers/web/etc/hosts", "127.0.0.1 web\n");
	put(&m, "/vz/private/345/etc/fstab", "/vservers/web/etc/fstab", "# none\n");
	put(&m, "/vz/private/345/etc/resolv.conf", NULL, "nameserver 192.168.0.1");
	move(&m, "bring", "/vservers/pkg", "/vz/private/345/etc/rpm");
	move(&m, "copy", "/vservers/cop", "/vz/private/346");
	put(&m, "/vz/private/346/etc/passwd", "/vservers/cop/etc/passwd", "root::0:0::/root:\n");
	put(&m, "/vz/private/346/etc/rc", "/vservers/cop/etc/rc", "#!/bin/sh\nexit 0\n");
	hide(&m, "/vz/private/346/link", "/vservers/cop/link", true);
	move(&m, "retire", "/vservers/cop", "/vservers/.cop.vs2vz-retired");
	put(&m, "/etc/vz/conf/346.conf", NULL, "");
	copy_mended(&m);
}

void world_plan_marks(struct plan *p, const struct root *root, struct pool *pool)
{
	struct maker m = maker(p, root, pool);
	struct step *s;

	times(&m, "/vservers", "/vservers");
	times(&m, "/vz", "/vz");
	s = plan_step(p, pool, "marks");
	step_arg(s, pool, "at", "/vservers/shr");
	step_argf(s, pool, "id", "-/%llu/-", (unsigned long long)look(&m, "/vservers/shr").st_ino);
	step_arg(s, pool, "hold", "/vservers/.shr" TAKEN "held");
	step_arg(s, pool, "tagging", "id24");
	step_arg(s, pool, "tags", "300");
	step_arg(s, pool, "immutable", "files");
	step_arg(s, pool, "shared", "break");
	make_dir(&m, "/vz/private");
	move(&m, "rename", "/vservers/shr", "/vz/private/347");
	times(&m, "/vz/private/347/etc", "/vservers/shr/etc");
	put(&m, "/vz/private/347/etc/inittab", "/vservers/shr/etc/inittab", "# no getty here\n");
	put(&m, "/vz/private/347/etc/motd", "/vservers/shr/etc/motd", "welcome, container\n");
}
