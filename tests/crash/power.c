/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A power cut, on a file system that promises nothing beyond POSIX.
 *
 * Three lists hold what no sync has covered yet:
 *
 *   operations on directories	durable when every directory they touch was synced; taken
 *				back by doing the opposite. What was removed or replaced
 *				waits in the grave, a directory of the same file system.
 *   data of files		durable by fsync of the file; the part written since is cut
 *				off or becomes zeros
 *   mode, owner, mtime		durable by fsync of the inode; the old values come back
 *
 * syncfs covers all of its device. The seed decides which of it is lost: everything, the
 * youngest operations, any subset that the disk can represent, or contents but no names.
 */
#include "fault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIST_MAX 60000
#define NOREPLACE 1

enum op_type { CREATED, REMOVED, RENAMED };
struct side {
	int dirfd;
	dev_t dev;
	ino_t dir_ino;
	char name[NAME_MAX + 1];
	bool synced;
};
struct op {
	enum op_type type;
	struct side from, to;	/* CREATED, REMOVED: from only */
	ino_t ino;		/* of what was created, removed, moved */
	unsigned grave;		/* what was removed or replaced; 0: nothing */
};
struct dirty {			/* data */
	int fd;
	dev_t dev;
	ino_t ino;
	off_t durable;		/* bytes that are safe */
};
struct old {			/* metadata */
	int fd;
	struct stat st;
};

static struct op *ops;
static struct dirty *dirt;
static struct old *olds;
static size_t nr_ops, nr_dirt, nr_olds;
static int grave = -1;
static unsigned grave_nr;

void power_begin(const char *dir)
{
	struct rlimit many;

	getrlimit(RLIMIT_NOFILE, &many);
	many.rlim_cur = many.rlim_max;
	setrlimit(RLIMIT_NOFILE, &many);
	grave = open(dir ? dir : "", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ops = calloc(LIST_MAX, sizeof(*ops));
	dirt = calloc(LIST_MAX, sizeof(*dirt));
	olds = calloc(LIST_MAX, sizeof(*olds));
	if (grave < 0 || !ops || !dirt || !olds) {
		fprintf(stderr, "a power cut needs a grave directory\n");
		_exit(99);
	}
}

static int keep_fd(int fd)
{
	int kept = fcntl(fd, F_DUPFD_CLOEXEC, 200);

	if (kept < 0 || nr_ops == LIST_MAX || nr_dirt == LIST_MAX || nr_olds == LIST_MAX) {
		fprintf(stderr, "too much is not synced\n");
		_exit(99);
	}
	return kept;
}

static void grave_name(unsigned nr, char name[static 16])
{
	snprintf(name, 16, "%u", nr);
}

static struct side side_of(const struct place *at)
{
	struct side s = { .dirfd = keep_fd(at->dirfd) };
	struct stat st;

	if (fstat(at->dirfd, &st) < 0)
		_exit(99);
	s.dev = st.st_dev;
	s.dir_ino = st.st_ino;
	snprintf(s.name, sizeof(s.name), "%s", at->name);
	return s;
}

static ino_t ino_of(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_ino;
}

void power_created(const struct place *at)
{
	struct op *op = &ops[nr_ops];

	*op = (struct op){ CREATED, .from = side_of(at), .ino = ino_of(at->dirfd, at->name) };
	nr_ops++;
}

static bool is_empty(const struct place *at)
{
	int fd = openat(at->dirfd, at->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int nr = 0;

	while (dir && readdir(dir))
		nr++;
	if (dir)
		closedir(dir);
	return nr <= 2;
}

/* As the kernel would answer. */
static int may_remove(const struct place *at, bool dir)
{
	struct stat st;

	if (fstatat(at->dirfd, at->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	errno = dir ? ENOTDIR : EISDIR;
	if (S_ISDIR(st.st_mode) != dir)
		return -1;
	errno = ENOTEMPTY;
	return dir && !is_empty(at) ? -1 : 0;
}

int power_remove(const struct place *at, bool dir)
{
	struct op *op = &ops[nr_ops];
	char name[16];

	if (may_remove(at, dir) < 0)
		return -1;
	*op = (struct op){ REMOVED, .from = side_of(at), .ino = ino_of(at->dirfd, at->name) };
	grave_name(++grave_nr, name);
	if (renameat(at->dirfd, at->name, grave, name) < 0) {
		close(op->from.dirfd);
		return unlinkat(at->dirfd, at->name, dir ? AT_REMOVEDIR : 0);
	}
	op->grave = grave_nr;
	nr_ops++;
	return 0;
}

int power_rename(const struct place *from, const struct place *to, bool replace)
{
	struct op op = { RENAMED, .ino = ino_of(from->dirfd, from->name) };
	char name[16];

	if (!op.ino) {
		errno = ENOENT;
		return -1;
	}
	if (ino_of(to->dirfd, to->name) == op.ino)
		return renameat(from->dirfd, from->name, to->dirfd, to->name);
	if (replace && ino_of(to->dirfd, to->name)) {
		grave_name(++grave_nr, name);
		if (renameat(to->dirfd, to->name, grave, name) < 0)
			return -1;
		op.grave = grave_nr;
	}
	if (syscall(SYS_renameat2, from->dirfd, from->name, to->dirfd, to->name, NOREPLACE) < 0) {
		int saved = errno;

		if (op.grave && renameat(grave, name, to->dirfd, to->name) < 0)
			_exit(99);
		errno = saved;
		return -1;
	}
	op.from = side_of(from);
	op.to = side_of(to);
	ops[nr_ops++] = op;
	return 0;
}

void power_data(int fd, off_t from)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		_exit(99);
	for (size_t i = 0; i < nr_dirt; i++) {
		if (dirt[i].dev == st.st_dev && dirt[i].ino == st.st_ino) {
			if (from < dirt[i].durable)
				dirt[i].durable = from;
			return;
		}
	}
	dirt[nr_dirt] = (struct dirty){ keep_fd(fd), st.st_dev, st.st_ino,
					from < st.st_size ? from : st.st_size };
	nr_dirt++;
}

void power_meta(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		_exit(99);
	for (size_t i = 0; i < nr_olds; i++)
		if (olds[i].st.st_dev == st.st_dev && olds[i].st.st_ino == st.st_ino)
			return;
	olds[nr_olds] = (struct old){ keep_fd(fd), st };
	nr_olds++;
}

void power_meta_at(const struct place *at)
{
	struct stat st;
	int fd;

	if (fstatat(at->dirfd, at->name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return;
	fd = openat(at->dirfd, at->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	power_meta(fd);
	close(fd);
}

static bool in_dir(struct side *s, const struct stat *st)
{
	return s->dirfd > 0 && s->dev == st->st_dev && s->dir_ino == st->st_ino;
}

/* The flags of a frozen file, taken away and given again: they forbid to move its names. */
static int swap_flags(int fd, int flags)
{
	int old = 0;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &old) < 0 ||
	    (old != flags && ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0))
		return 0;
	return old;
}

static int open_frozen(int dirfd, const char *name)
{
	struct stat st;

	if (errno != EPERM || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode))
		return -1;
	return openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

static int remove_name(int dirfd, const char *name)
{
	int fd, flags, rc = unlinkat(dirfd, name, 0);

	if (rc == 0)
		return 0;
	fd = open_frozen(dirfd, name);
	if (fd < 0)
		return -1;
	flags = swap_flags(fd, 0);
	rc = unlinkat(dirfd, name, 0);
	swap_flags(fd, flags);
	close(fd);
	return rc;
}

/* Durable: what it removed is gone for good. */
static void forget(struct op *op)
{
	char name[16];

	grave_name(op->grave, name);
	if (op->grave && remove_name(grave, name) < 0)
		unlinkat(grave, name, AT_REMOVEDIR);
	close(op->from.dirfd);
	if (op->type == RENAMED)
		close(op->to.dirfd);
}

static void drop_ops(const struct stat *st, bool all)
{
	size_t left = 0;

	for (size_t i = 0; i < nr_ops; i++) {
		struct op *op = &ops[i];

		op->from.synced |= in_dir(&op->from, st) || (all && op->from.dev == st->st_dev);
		op->to.synced |= op->type != RENAMED || in_dir(&op->to, st) ||
				 (all && op->to.dev == st->st_dev);
		if (op->from.synced && op->to.synced)
			forget(op);
		else
			ops[left++] = *op;
	}
	nr_ops = left;
}

static void drop_inodes(const struct stat *st, bool all)
{
	size_t left = 0;

	for (size_t i = 0; i < nr_dirt; i++) {
		if (dirt[i].dev == st->st_dev && (all || dirt[i].ino == st->st_ino))
			close(dirt[i].fd);
		else
			dirt[left++] = dirt[i];
	}
	nr_dirt = left;
	left = 0;
	for (size_t i = 0; i < nr_olds; i++) {
		if (olds[i].st.st_dev == st->st_dev && (all || olds[i].st.st_ino == st->st_ino))
			close(olds[i].fd);
		else
			olds[left++] = olds[i];
	}
	nr_olds = left;
}

static void synced(int fd, bool all)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		_exit(99);
	drop_ops(&st, all);
	drop_inodes(&st, all);
	power_block_synced(&st, all);
}

void power_synced(int fd)
{
	synced(fd, false);
}

void power_synced_all(int fd)
{
	synced(fd, true);
}

static bool move_back(int fromfd, const char *from, int tofd, const char *to)
{
	int fd, flags, rc = (int)syscall(SYS_renameat2, fromfd, from, tofd, to, NOREPLACE);

	if (rc == 0)
		return true;
	fd = open_frozen(fromfd, from);
	if (fd < 0)
		return false;
	flags = swap_flags(fd, 0);
	rc = (int)syscall(SYS_renameat2, fromfd, from, tofd, to, NOREPLACE);
	swap_flags(fd, flags);
	close(fd);
	return rc == 0;
}

/* The opposite, where the disk still allows it; an operation that cannot be lost was kept. */
static void lose_op(const struct op *op)
{
	char name[16];

	if (op->type == CREATED) {
		grave_name(++grave_nr, name);
		if (ino_of(op->from.dirfd, op->from.name) == op->ino)
			move_back(op->from.dirfd, op->from.name, grave, name);
		return;
	}
	grave_name(op->grave, name);
	if (op->type == REMOVED) {
		move_back(grave, name, op->from.dirfd, op->from.name);
		return;
	}
	if (ino_of(op->to.dirfd, op->to.name) != op->ino ||
	    !move_back(op->to.dirfd, op->to.name, op->from.dirfd, op->from.name))
		return;
	if (op->grave)
		move_back(grave, name, op->to.dirfd, op->to.name);
}

static unsigned turn(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

static void lose_data(const struct dirty *d, unsigned how)
{
	static const char zeros[4096];
	struct stat st;
	char path[64];
	int fd;

	if (how % 3 == 0 || fstat(d->fd, &st) < 0)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", d->fd);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (how % 3 == 1) {
		if (st.st_size > d->durable && ftruncate(fd, d->durable) < 0)
			_exit(99);
	} else {
		for (off_t at = d->durable; at < st.st_size; at += (off_t)sizeof(zeros)) {
			off_t n = st.st_size - at;

			if (pwrite(fd, zeros, n < 4096 ? (size_t)n : 4096, at) < 0)
				_exit(99);
		}
	}
	close(fd);
}

static void lose_meta(const struct old *o)
{
	struct timespec times[2] = { o->st.st_atim, o->st.st_mtim };

	if (fchown(o->fd, o->st.st_uid, o->st.st_gid) < 0 ||
	    fchmod(o->fd, o->st.st_mode & 07777) < 0 || futimens(o->fd, times) < 0)
		return;
}

/* What waits in the grave is gone for good, with all that is in it. */
static void empty(int dirfd)
{
	DIR *dir = fdopendir(dirfd);
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		int inner;

		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 ||
		    remove_name(dirfd, d->d_name) == 0)
			continue;
		inner = openat(dirfd, d->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (inner >= 0)
			empty(inner);
		unlinkat(dirfd, d->d_name, AT_REMOVEDIR);
	}
	if (dir)
		closedir(dir);
}

void power_cut(unsigned seed)
{
	unsigned way = seed % 4, state = seed * 2654435761u + 1;
	size_t kept = way == 3 ? nr_ops : way == 1 && nr_ops ? turn(&state) % nr_ops : 0;

	power_block_cut(way % 3 == 0, seed);
	for (size_t i = 0; i < nr_dirt; i++)
		lose_data(&dirt[i], way % 3 == 0 ? 1 + (unsigned)i % 2 : turn(&state));
	for (size_t i = 0; i < nr_olds; i++)
		if (way % 3 == 0 || turn(&state) % 2)
			lose_meta(&olds[i]);
	for (size_t i = nr_ops; i-- > kept;)
		if (way != 2 || turn(&state) % 2)
			lose_op(&ops[i]);
	empty(grave);
}
