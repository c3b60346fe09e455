/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A power cut on a volume: a block device, or an image file that is written to in place.
 * Each write since the last sync of the volume may have arrived or not; what stood there
 * before is kept, and comes back where it is lost.
 */
#include "fault.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEPT_FROM 200		/* out of the way of the program's own descriptors */

struct before {
	struct before *next;	/* the one written earlier */
	int fd;
	struct stat st;		/* of the volume */
	off_t at;
	size_t len;
	char bytes[];
};

static struct before *kept;

bool power_is_block(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISBLK(st.st_mode);
}

/* Another opening of the same, without O_DIRECT or O_EXCL, for both. */
static int open_again(int fd)
{
	char path[64];
	int again, out;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDWR | O_CLOEXEC);
	out = again < 0 ? -1 : fcntl(again, F_DUPFD_CLOEXEC, KEPT_FROM);
	if (again >= 0)
		close(again);
	return out;
}

void power_block(int fd, off_t at, size_t len)
{
	struct before *b = calloc(1, sizeof(*b) + len);
	ssize_t got;

	if (!b || fstat(fd, &b->st) < 0)
		_exit(99);
	b->fd = open_again(fd);
	got = b->fd < 0 ? -1 : pread(b->fd, b->bytes, len, at);
	if (got < 0) {
		fprintf(stderr, "what stands on the volume cannot be kept\n");
		_exit(99);
	}
	b->at = at;
	b->len = (size_t)got;
	b->next = kept;
	kept = b;
}

static bool same_volume(const struct stat *a, const struct stat *b)
{
	if (S_ISBLK(a->st_mode) != S_ISBLK(b->st_mode))
		return false;
	return S_ISBLK(a->st_mode) ? a->st_rdev == b->st_rdev :
	       a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

void power_block_synced(const struct stat *st, bool all)
{
	struct before **p = &kept;

	while (*p) {
		struct before *b = *p;

		if (!same_volume(&b->st, st) &&
		    !(all && !S_ISBLK(b->st.st_mode) && b->st.st_dev == st->st_dev)) {
			p = &b->next;
			continue;
		}
		*p = b->next;
		close(b->fd);
		free(b);
	}
}

/* The youngest first. One that is lost takes with it what it stood on. */
void power_block_cut(bool all, unsigned seed)
{
	unsigned state = seed * 2654435761u + 7;

	for (struct before *b = kept; b; b = b->next) {
		state = state * 1103515245u + 12345u;
		if ((all || state >> 16 & 1) && pwrite(b->fd, b->bytes, b->len, b->at) < 0)
			_exit(99);
	}
}
