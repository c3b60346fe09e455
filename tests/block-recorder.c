/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records what a computer writes to its disks, and makes the disks that a power cut would
 * have left.
 *
 *	block-recorder record LOG DIRECTORY IMAGE...
 *		mounts (FUSE, in the foreground) a file system with the files disk0, disk1,
 *		... which show the images; loop devices on them are the disks. Each write and
 *		each flush goes into LOG, in the order of their arrival, over all disks. What
 *		is written to the file "control" becomes a mark in LOG.
 *	block-recorder list LOG
 *		prints "NR TEXT" for each mark, NR records lie before it, and "NR end"
 *	block-recorder cut LOG NR SEED IMAGE...
 *		IMAGE... are copies of the images from before the recording. Makes of them
 *		what the disks hold when the power goes after the first NR records: all that
 *		was flushed, and of the rest what SEED chooses. Prints how many writes were
 *		not flushed and how many of them were lost.
 *
 * A disk keeps what it was told to flush and owes nothing for the rest: of the writes since
 * its last flush any set may have arrived, in units of 4 KiB, an early one may be missing
 * where a later one is there. SEED % 4:
 *
 *	0	all of them are lost
 *	1	each write is lost or arrived
 *	2	each unit is lost or arrived
 *	3	the younger half arrived, the older one did not
 *
 * Each disk has its own flushes: what one holds says nothing about the other. One thread:
 * calls come one after the other. Shares no code with the program.
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define DISKS_MAX 8
#define UNIT 4096

enum { WRITE = 'W', FLUSH = 'F', MARK = 'M' };

struct record {
	uint32_t type, disk;
	uint64_t at, len;	/* len bytes follow a write and a mark */
};

static int image[DISKS_MAX];
static unsigned nr_images;
static int record_fd;

static void fatal(const char *what)
{
	fprintf(stderr, "block-recorder: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void open_images(char **name)
{
	for (; *name; name++) {
		if (nr_images == DISKS_MAX || (image[nr_images] = open(*name, O_RDWR | O_CLOEXEC)) < 0)
			fatal(*name);
		nr_images++;
	}
}

/* ---- record */

static int record(uint32_t type, unsigned disk, off_t at, const void *bytes, size_t len)
{
	struct record r = { type, disk, (uint64_t)at, len };
	struct iovec v[2] = { { &r, sizeof(r) }, { (void *)(uintptr_t)bytes, len } };

	return writev(record_fd, v, 2) == (ssize_t)(sizeof(r) + len) ? 0 : -ENOSPC;
}

/* The number of the disk, or -1. */
static int disk_of(const char *path)
{
	char *end;
	unsigned long nr;

	if (strncmp(path, "/disk", 5) != 0 || !path[5])
		return -1;
	nr = strtoul(path + 5, &end, 10);
	return *end || nr >= nr_images ? -1 : (int)nr;
}

static int do_getattr(const char *path, struct stat *st, struct fuse_file_info *fi)
{
	int disk = disk_of(path);

	(void)fi;
	memset(st, 0, sizeof(*st));
	st->st_nlink = 1;
	st->st_mode = S_IFREG | 0600;
	if (strcmp(path, "/") == 0)
		st->st_mode = S_IFDIR | 0755;
	else if (disk >= 0)
		st->st_size = lseek(image[disk], 0, SEEK_END);
	else if (strcmp(path, "/control") != 0)
		return -ENOENT;
	return 0;
}

static int do_readdir(const char *path, void *out, fuse_fill_dir_t fill, off_t at,
		      struct fuse_file_info *fi, enum fuse_readdir_flags flags)
{
	char name[16];

	(void)path, (void)at, (void)fi, (void)flags;
	for (unsigned i = 0; i < nr_images; i++) {
		snprintf(name, sizeof(name), "disk%u", i);
		fill(out, name, NULL, 0, 0);
	}
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
	return disk_of(path) >= 0 ? -EPERM : 0;
}

static int do_read(const char *path, char *out, size_t len, off_t at, struct fuse_file_info *fi)
{
	int disk = disk_of(path);
	ssize_t got;

	(void)fi;
	if (disk < 0)
		return 0;
	got = pread(image[disk], out, len, at);
	return got < 0 ? -errno : (int)got;
}

static int do_write(const char *path, const char *bytes, size_t len, off_t at,
		    struct fuse_file_info *fi)
{
	int disk = disk_of(path), code = record(disk < 0 ? MARK : WRITE, disk < 0 ? 0 : (unsigned)disk,
						at, bytes, len);
	ssize_t put;

	(void)fi;
	if (code || disk < 0)
		return code ? code : (int)len;
	put = pwrite(image[disk], bytes, len, at);
	return put < 0 ? -errno : (int)put;
}

static int do_fsync(const char *path, int data, struct fuse_file_info *fi)
{
	int disk = disk_of(path);

	(void)data, (void)fi;
	return disk < 0 ? 0 : record(FLUSH, (unsigned)disk, 0, NULL, 0);
}

static int start_recording(char *program, const char *log, char *directory)
{
	static const struct fuse_operations ops = {
		.getattr = do_getattr, .readdir = do_readdir, .open = do_open,
		.truncate = do_truncate, .read = do_read, .write = do_write, .fsync = do_fsync,
	};
	char foreground[] = "-f", alone[] = "-s";
	char *args[] = { program, foreground, alone, directory, NULL };

	record_fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (record_fd < 0)
		fatal(log);
	return fuse_main(4, args, &ops, NULL);
}

/* ---- list, cut */

struct entry {
	struct record r;
	char *bytes;
};

static struct entry *entries;
static size_t nr_entries;

static void read_log(const char *log)
{
	FILE *f = fopen(log, "re");
	struct record r;

	if (!f)
		fatal(log);
	while (fread(&r, sizeof(r), 1, f) == 1) {
		if (nr_entries % 1024 == 0)
			entries = realloc(entries, (nr_entries + 1024) * sizeof(*entries));
		if (!entries)
			fatal("memory");
		entries[nr_entries] = (struct entry){ r, malloc(r.len + 1) };
		if (!entries[nr_entries].bytes || fread(entries[nr_entries].bytes, 1, r.len, f) != r.len)
			fatal("the log is torn");
		nr_entries++;
	}
	fclose(f);
}

static int list(void)
{
	for (size_t i = 0; i < nr_entries; i++)
		if (entries[i].r.type == MARK)
			printf("%zu %.*s\n", i, (int)strcspn(entries[i].bytes, "\n"), entries[i].bytes);
	printf("%zu end\n", nr_entries);
	return 0;
}

static void put(const struct entry *e, size_t from, size_t len)
{
	if (pwrite(image[e->r.disk], e->bytes + from, len, (off_t)(e->r.at + from)) != (ssize_t)len)
		fatal("cannot write");
}

static bool turn(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16 & 1;
}

/* Unit by unit of the disk; true: nothing of it arrived. */
static bool put_some(const struct entry *e, unsigned *seed)
{
	bool lost = true;

	for (size_t from = 0, len; from < e->r.len; from += len) {
		len = UNIT - (e->r.at + from) % UNIT;
		if (len > e->r.len - from)
			len = e->r.len - from;
		if (turn(seed))
			continue;
		put(e, from, len);
		lost = false;
	}
	return lost;
}

static int cut(size_t nr, unsigned way, unsigned state)
{
	size_t flushed[DISKS_MAX] = { 0 }, open_writes = 0, seen = 0, lost = 0;

	if (nr > nr_entries)
		nr = nr_entries;
	for (size_t i = 0; i < nr; i++) {
		if (entries[i].r.type != MARK && entries[i].r.disk >= nr_images)
			fatal("more disks than images");
		if (entries[i].r.type == FLUSH)
			flushed[entries[i].r.disk] = i;
	}
	for (size_t i = 0; i < nr; i++)
		open_writes += entries[i].r.type == WRITE && i >= flushed[entries[i].r.disk];
	for (size_t i = 0; i < nr; i++) {
		const struct entry *e = &entries[i];
		bool gone = false;

		if (e->r.type != WRITE)
			continue;
		if (i < flushed[e->r.disk]) {
			put(e, 0, e->r.len);
			continue;
		}
		seen++;
		if (way == 2) {
			lost += put_some(e, &state);
			continue;
		}
		gone = way == 0 || (way == 1 && turn(&state)) || (way == 3 && seen * 2 <= open_writes);
		lost += gone;
		if (!gone)
			put(e, 0, e->r.len);
	}
	printf("%zu %zu\n", open_writes, lost);
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: block-recorder record LOG DIRECTORY IMAGE... | list LOG |"
		" cut LOG NR SEED IMAGE...\n");
	return 64;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	if (strcmp(what, "record") == 0 && argc > 4) {
		open_images(argv + 4);
		return start_recording(argv[0], argv[2], argv[3]);
	}
	if (strcmp(what, "list") == 0) {
		read_log(argv[2]);
		return list();
	}
	if (strcmp(what, "cut") == 0 && argc > 5) {
		unsigned seed = (unsigned)strtoul(argv[4], NULL, 10);

		open_images(argv + 5);
		read_log(argv[2]);
		return cut(strtoul(argv[3], NULL, 10), seed % 4, seed * 2654435761u + 1);
	}
	return usage();
}
