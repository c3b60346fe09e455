/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judge of the crash tests. Shares no code with what it judges but the buffer.
 */
#include "snapshot.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NEW_TIME 1577836800	/* 2020 */
#define GROUPS_MAX 4096

struct shot {
	struct buf *out;
	const char *skip;
	bool exact;
	ino_t group[GROUPS_MAX];
	size_t nr_groups;
};

static uint64_t fnv(uint64_t h, const void *bytes, size_t len)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < len; i++)
		h = (h ^ b[i]) * 1099511628211u;
	return h;
}

static uint64_t content(int fd)
{
	char bytes[8192];
	uint64_t h = 14695981039346656037u;
	ssize_t got;

	while ((got = read(fd, bytes, sizeof(bytes))) > 0)
		h = fnv(h, bytes, (size_t)got);
	return h;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void xattrs(struct shot *s, int fd)
{
	char names[4096], *sorted[64], value[4096];
	ssize_t len = flistxattr(fd, names, sizeof(names));
	size_t nr = 0;

	for (char *n = names; len > 0 && n < names + len && nr < 64; n += strlen(n) + 1)
		sorted[nr++] = n;
	qsort(sorted, nr, sizeof(*sorted), by_text);
	for (size_t i = 0; i < nr; i++) {
		ssize_t size = fgetxattr(fd, sorted[i], value, sizeof(value));

		buf_addf(s->out, " %s=%llx", sorted[i],
			 (unsigned long long)fnv(1, value, size < 0 ? 0 : (size_t)size));
	}
}

static void walk(struct shot *s, int dirfd, const char *path);

/* In a mount namespace of its own: what `mount` shows of an image, into the pipe. */
static void mount_and_tell(struct shot *s, int image, int out)
{
	char command[200], at[] = "/tmp/vs2vz-shot.XXXXXX";
	int fd;

	if (!mkdtemp(at) || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		_exit(1);
	snprintf(command, sizeof(command), "mount -o loop,ro,noload /proc/%d/fd/%d %s",
		 (int)getpid(), image, at);
	fd = system(command) == 0 ? open(at, O_RDONLY | O_DIRECTORY) : -1;
	if (fd >= 0) {
		walk(s, fd, "*");
		close(fd);
		umount(at);
	}
	rmdir(at);
	while (s->out->len) {
		ssize_t n = write(out, s->out->data, s->out->len);

		if (n <= 0)
			_exit(1);
		memmove(s->out->data, s->out->data + n, s->out->len -= (size_t)n);
	}
	_exit(fd < 0);
}

/* An image file is what is in it, and its name. */
static void tell_image(struct shot *s, int fd)
{
	char bytes[8192], label[17] = "";
	int ends[2], status = 1;
	ssize_t got;
	pid_t pid;

	if (pread(fd, label, 16, 1024 + 0x78) != 16 || pipe2(ends, O_CLOEXEC) < 0)
		return;
	buf_addf(s->out, " label=%s\n", label);
	pid = fork();
	if (pid == 0) {
		s->out->len = 0;
		mount_and_tell(s, fd, ends[1]);
	}
	close(ends[1]);
	while ((got = read(ends[0], bytes, sizeof(bytes))) > 0)
		buf_add(s->out, bytes, (size_t)got);
	close(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status)
		buf_adds(s->out, " cannot be mounted");
}

static bool is_image(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && strcmp(name + len - 4, ".img") == 0;
}

static void inner(struct shot *s, int dirfd, const char *name, const struct stat *st)
{
	char text[4096];
	ssize_t len;
	int fd, flags = 0;

	if (S_ISLNK(st->st_mode)) {
		len = readlinkat(dirfd, name, text, sizeof(text));
		buf_addf(s->out, " -> %.*s", (int)len, text);
		return;
	}
	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return;
	if (S_ISREG(st->st_mode) && is_image(name))
		tell_image(s, fd);
	else if (S_ISREG(st->st_mode))
		buf_addf(s->out, " %016llx", (unsigned long long)content(fd));
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0)
		buf_addf(s->out, " flags=%x", flags & FS_FL_USER_MODIFIABLE);
	xattrs(s, fd);
	close(fd);
}

static size_t group_of(struct shot *s, ino_t ino)
{
	size_t i = 0;

	while (i < s->nr_groups && s->group[i] != ino)
		i++;
	if (i == s->nr_groups && i < GROUPS_MAX)
		s->group[s->nr_groups++] = ino;
	return i;
}

static void one(struct shot *s, int dirfd, const char *name, const char *path)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	buf_addf(s->out, "%s %o %u:%u", path, st.st_mode, st.st_uid, st.st_gid);
	if (!S_ISDIR(st.st_mode))
		buf_addf(s->out, " size=%lld", (long long)st.st_size);
	if (s->exact || st.st_mtim.tv_sec < NEW_TIME)
		buf_addf(s->out, " %lld.%09ld", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	else
		buf_adds(s->out, " new");
	if (!S_ISDIR(st.st_mode) && st.st_nlink > 1)
		buf_addf(s->out, " links=%u group=%zu", (unsigned)st.st_nlink,
			 group_of(s, st.st_ino));
	inner(s, dirfd, name, &st);
	buf_addch(s->out, '\n');
}

static void walk(struct shot *s, int dirfd, const char *path)
{
	struct dirent **v = NULL;
	int nr = scandirat(dirfd, ".", &v, NULL, alphasort);

	if (strstr(path, ".vs2vz-") && strstr(path, "-held")) {	/* names made of inode numbers */
		buf_addf(s->out, "%s/* %d\n", path, nr - 2);
		for (int i = 0; i < nr; i++)
			free(v[i]);
		free(v);
		return;
	}
	for (int i = 0; i < nr; i++) {
		char below[4096];
		int fd;

		snprintf(below, sizeof(below), "%s/%s", path, v[i]->d_name);
		if (strcmp(v[i]->d_name, ".") != 0 && strcmp(v[i]->d_name, "..") != 0 &&
		    strcmp(below, s->skip) != 0) {
			one(s, dirfd, v[i]->d_name, below);
			fd = openat(dirfd, v[i]->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
			if (fd >= 0) {
				walk(s, fd, below);
				close(fd);
			}
		}
		free(v[i]);
	}
	free(v);
}

void snapshot(struct buf *out, int dirfd, const char *skip, bool exact)
{
	static struct shot s;

	s = (struct shot){ .out = out, .skip = skip, .exact = exact };
	buf_clear(out);
	one(&s, dirfd, ".", "/");
	walk(&s, dirfd, "");
}

static bool has_line(const char *text, const char *line, size_t len)
{
	for (const char *at = text; *at; at += strcspn(at, "\n") + 1)
		if (strncmp(at, line, len) == 0 && at[len] == '\n')
			return true;
	return false;
}

static void only_in(const char *text, const char *other, const char *mark, int *max)
{
	for (const char *at = text; *at && *max > 0; at += strcspn(at, "\n") + 1) {
		size_t len = strcspn(at, "\n");

		if (!has_line(other, at, len)) {
			printf("# %s %.*s\n", mark, (int)len, at);
			(*max)--;
		}
	}
}

void snapshot_diff(const char *want, const char *got, int max)
{
	only_in(want, got, "-", &max);
	only_in(got, want, "+", &max);
}
