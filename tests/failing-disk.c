/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk that fails when it is told to: failing-disk IMAGE DIRECTORY mounts a file system
 * (FUSE, in the foreground) with two files. "disk" shows IMAGE; a loop device on it is the
 * disk. What is written to "control" are orders, one in each write; N counts further
 * writes of the disk that still go well:
 *
 *	write N [TIMES]	then writes fail (EIO), TIMES of them or for ever
 *	full N		then writes fail (ENOSPC) for ever
 *	gone N		then every call fails (ENXIO)
 *	cut N SEED [PID]  then the power goes: of what was written since the last fsync a
 *			part chosen by SEED is lost, the process is killed, and after that
 *			every call fails
 *	read FROM TO	reads that touch these bytes fail (EIO)
 *	heal		it is sound again
 *
 * Reading "control" tells what was done: writes, syncs, and calls that were refused.
 * One thread: orders and calls come one after the other. Shares no code with the program.
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum fault { SOUND, WRITE, FULL, GONE, CUT };

static int image;
static enum fault fault;
static long left, times, writes, syncs, refused;	/* times: 0 for ever */
static unsigned seed;
static pid_t victim;
static off_t bad_from, bad_to;

/* What may be lost: newest first. Two of each: what was there, and what came. */
static struct pending {
	struct pending *older;
	off_t at;
	size_t len;
	char *was, *is;
} *pending;

static void forget_pending(void)
{
	for (struct pending *p; (p = pending);) {
		pending = p->older;
		free(p->was);
		free(p);
	}
}

static int remember(const char *bytes, size_t len, off_t at)
{
	struct pending *p = malloc(sizeof(*p));
	char *both = calloc(2, len);

	if (!p || !both || pread(image, both, len, at) < 0) {
		free(p);
		free(both);
		return -EIO;
	}
	*p = (struct pending){ pending, at, len, both, both + len };
	memcpy(p->is, bytes, len);
	pending = p;
	return 0;
}

/* Back to the last fsync, then some of the writes again, in their order. */
static void lose_some(void)
{
	struct pending *oldest = NULL;

	while (pending) {
		struct pending *p = pending;

		pending = p->older;
		p->older = oldest;
		oldest = p;
		if (pwrite(image, p->was, p->len, p->at) != (ssize_t)p->len)
			abort();
	}
	pending = oldest;
	for (struct pending *p = pending; p; p = p->older)
		if (rand_r(&seed) % 2 && pwrite(image, p->is, p->len, p->at) != (ssize_t)p->len)
			abort();
	forget_pending();
}

static bool is_gone(void)
{
	return fault == GONE && left <= 0;
}

/* 0, or what this write must end with. */
static int judge_write(void)
{
	if (fault == SOUND || left-- > 0)
		return 0;
	refused++;
	switch (fault) {
	case WRITE:
		if (times && --times == 0)
			fault = SOUND;
		return -EIO;
	case FULL:
		return -ENOSPC;
	case CUT:
		if (victim > 1)
			kill(victim, SIGKILL);
		lose_some();
		fault = GONE;
		return -ENXIO;
	default:
		return -ENXIO;
	}
}

static int order(const char *text)
{
	char word[16] = "", copy[128];
	long long a = 0, b = 0, c = 0;
	int nr;

	snprintf(copy, sizeof(copy), "%s", text);
	nr = sscanf(copy, "%15s %lld %lld %lld", word, &a, &b, &c);
	forget_pending();
	if (strcmp(word, "heal") == 0) {
		fault = SOUND;
		bad_to = bad_from = 0;
		return 0;
	}
	if (strcmp(word, "read") == 0 && nr == 3) {
		bad_from = a;
		bad_to = b;
		return 0;
	}
	fault = strcmp(word, "write") == 0 ? WRITE : strcmp(word, "full") == 0 ? FULL :
		strcmp(word, "gone") == 0 ? GONE : strcmp(word, "cut") == 0 ? CUT : SOUND;
	left = a;
	times = fault == WRITE ? b : 0;
	seed = (unsigned)b;
	victim = (pid_t)c;
	return fault == SOUND || nr < 2 ? -EINVAL : 0;
}

/* ---- the file system */

static bool is_disk(const char *path)
{
	return strcmp(path, "/disk") == 0;
}

static int do_getattr(const char *path, struct stat *st, struct fuse_file_info *fi)
{
	(void)fi;
	memset(st, 0, sizeof(*st));
	st->st_nlink = 1;
	st->st_mode = S_IFREG | 0600;
	if (strcmp(path, "/") == 0)
		st->st_mode = S_IFDIR | 0755;
	else if (is_disk(path))
		st->st_size = lseek(image, 0, SEEK_END);
	else if (strcmp(path, "/control") != 0)
		return -ENOENT;
	return 0;
}

static int do_readdir(const char *path, void *out, fuse_fill_dir_t fill, off_t at,
		      struct fuse_file_info *fi, enum fuse_readdir_flags flags)
{
	(void)path, (void)at, (void)fi, (void)flags;
	fill(out, "disk", NULL, 0, 0);
	fill(out, "control", NULL, 0, 0);
	return 0;
}

static int do_open(const char *path, struct fuse_file_info *fi)
{
	(void)path;
	fi->direct_io = 1;	/* each call comes here */
	return 0;
}

static int do_truncate(const char *path, off_t size, struct fuse_file_info *fi)
{
	(void)size, (void)fi;
	return is_disk(path) ? -EPERM : 0;
}

static int do_read(const char *path, char *out, size_t len, off_t at, struct fuse_file_info *fi)
{
	char text[128];
	ssize_t got;

	(void)fi;
	if (!is_disk(path)) {
		got = snprintf(text, sizeof(text), "%ld %ld %ld\n", writes, syncs, refused);
		if (at >= got)
			return 0;
		len = len < (size_t)(got - at) ? len : (size_t)(got - at);
		memcpy(out, text + at, len);
		return (int)len;
	}
	if (is_gone() || (at < bad_to && at + (off_t)len > bad_from)) {
		refused++;
		return is_gone() ? -ENXIO : -EIO;
	}
	got = pread(image, out, len, at);
	return got < 0 ? -errno : (int)got;
}

static int do_write(const char *path, const char *bytes, size_t len, off_t at,
		    struct fuse_file_info *fi)
{
	char text[128];
	ssize_t put;
	int code;

	(void)fi;
	if (!is_disk(path)) {
		snprintf(text, sizeof(text), "%.*s", (int)(len < 127 ? len : 127), bytes);
		code = order(text);
		return code ? code : (int)len;
	}
	code = judge_write();
	if (!code && fault == CUT)
		code = remember(bytes, len, at);
	if (code)
		return code;
	writes++;
	put = pwrite(image, bytes, len, at);
	return put < 0 ? -errno : (int)put;
}

static int do_fsync(const char *path, int data, struct fuse_file_info *fi)
{
	(void)path, (void)data, (void)fi;
	if (is_gone())
		return -ENXIO;
	syncs++;
	forget_pending();
	return 0;
}

int main(int argc, char **argv)
{
	static const struct fuse_operations ops = {
		.getattr = do_getattr, .readdir = do_readdir, .open = do_open,
		.truncate = do_truncate, .read = do_read, .write = do_write, .fsync = do_fsync,
	};
	char foreground[] = "-f", alone[] = "-s";
	char *args[] = { argv[0], foreground, alone, argc > 2 ? argv[2] : NULL, NULL };

	if (argc != 3 || (image = open(argv[1], O_RDWR | O_CLOEXEC)) < 0) {
		fprintf(stderr, "usage: failing-disk IMAGE DIRECTORY\n");
		return 64;
	}
	return fuse_main(4, args, &ops, NULL);
}
