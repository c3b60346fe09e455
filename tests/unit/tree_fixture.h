/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trees for the tests of the tree engine: a temporary folder, small builders, and a
 * description of a tree that shares no code with the engine.
 */
#ifndef VS2VZ_TESTS_TREE_FIXTURE_H
#define VS2VZ_TESTS_TREE_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define MUST(call) do { if ((call) < 0) { perror(#call); exit(99); } } while (0)

static char tree_base[120];

/* The folder for one program; the working directory is in it. */
static inline void tree_base_make(const char *prefer)
{
	const char *tmp = prefer ? prefer : getenv("TMPDIR");

	snprintf(tree_base, sizeof(tree_base), "%s/vs2vz-tree-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(tree_base))
		exit(99);
	MUST(chdir(tree_base));
	umask(022);
}

static inline void tree_base_remove(void)
{
	char cmd[400];

	MUST(chdir("/"));
	snprintf(cmd, sizeof(cmd), "chmod -R u+rwx '%s'; rm -rf '%s'", tree_base, tree_base);
	if (system(cmd) != 0)
		fprintf(stderr, "%s stays\n", tree_base);
}

static inline void put(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	MUST(fd);
	if (write(fd, bytes, len) != (ssize_t)len)
		exit(99);
	close(fd);
}

static inline void puts_to(const char *path, const char *text)
{
	put(path, text, strlen(text));
}

static inline void put_at(const char *path, off_t at, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	MUST(fd);
	if (pwrite(fd, text, strlen(text), at) != (ssize_t)strlen(text))
		exit(99);
	close(fd);
}

static inline void set_mtime(const char *path, time_t seconds, long ns)
{
	const struct timespec t[2] = { { 7, 8 }, { seconds, ns } };

	MUST(utimensat(AT_FDCWD, path, t, AT_SYMLINK_NOFOLLOW));
}

static inline int dir_fd(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	MUST(fd);
	return fd;
}

/* ---- a description: one line an object, sorted */

struct described {
	char **line;
	size_t nr;
	struct {
		ino_t ino;
		char *first;
	} group[1000];
	size_t nr_groups;
};

/* The first name of its inode in this tree; "-" for that one itself. */
static inline const char *group_of(struct described *d, const struct stat *st, const char *path)
{
	if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
		return "-";
	for (size_t i = 0; i < d->nr_groups; i++)
		if (d->group[i].ino == st->st_ino)
			return d->group[i].first;
	d->group[d->nr_groups].ino = st->st_ino;
	d->group[d->nr_groups++].first = strdup(path);
	return "-";
}

/* FNV-1a of the bytes of a file, or of what readlink says. */
static inline uint64_t content_of(int dirfd, const char *name, mode_t mode)
{
	static unsigned char buf[1 << 16];
	uint64_t h = 0xcbf29ce484222325u;
	ssize_t n;

	if (S_ISLNK(mode)) {
		n = readlinkat(dirfd, name, (char *)buf, sizeof(buf));
		for (ssize_t i = 0; i < n; i++)
			h = (h ^ buf[i]) * 0x100000001b3u;
	} else if (S_ISREG(mode)) {
		int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW);

		MUST(fd);
		while ((n = read(fd, buf, sizeof(buf))) > 0)
			for (ssize_t i = 0; i < n; i++)
				h = (h ^ buf[i]) * 0x100000001b3u;
		close(fd);
	}
	return h;
}

/* Sum over attributes, so that their order does not matter. */
static inline uint64_t attributes_of(int dirfd, const char *name)
{
	char path[400], names[4096], value[4096];
	uint64_t sum = 0;
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dirfd, name);
	len = llistxattr(path, names, sizeof(names));
	for (ssize_t i = 0; i < len; i += (ssize_t)strlen(names + i) + 1) {
		ssize_t n = lgetxattr(path, names + i, value, sizeof(value));
		uint64_t h = 0xcbf29ce484222325u;

		if (strncmp(names + i, "trusted.SGI_ACL_", 16) == 0)
			continue;	/* XFS: the ACLs a second time */
		for (const char *c = names + i; *c; c++)
			h = (h ^ (unsigned char)*c) * 0x100000001b3u;
		for (ssize_t k = 0; k < n; k++)
			h = (h ^ (unsigned char)value[k]) * 0x100000001b3u;
		sum += h;
	}
	return sum;
}

static inline int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static inline int no_dots(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static inline void describe_in(struct described *d, int dirfd, const char *path)
{
	struct dirent **names;
	int nr = scandirat(dirfd, ".", &names, no_dots, by_name);

	MUST(nr);
	for (int i = 0; i < nr; i++) {
		const char *name = names[i]->d_name;
		char *line, *below;
		struct stat st;

		MUST(fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW));
		MUST(asprintf(&below, "%s/%s", path, name));
		MUST(asprintf(&line, "%s %o %u:%u %lld %lld.%09ld %x %016llx %016llx %s", below,
			      st.st_mode, st.st_uid, st.st_gid,
			      S_ISDIR(st.st_mode) ? 0LL : (long long)st.st_size,
			      (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
			      (unsigned)st.st_rdev,
			      (unsigned long long)content_of(dirfd, name, st.st_mode),
			      (unsigned long long)attributes_of(dirfd, name),
			      group_of(d, &st, below)));
		d->line = realloc(d->line, (d->nr + 1) * sizeof(*d->line));
		d->line[d->nr++] = line;
		if (S_ISDIR(st.st_mode)) {
			int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY);

			MUST(fd);
			describe_in(d, fd, below);
			close(fd);
		}
		free(below);
		free(names[i]);
	}
	free(names);
}

static inline struct described describe(const char *dir)
{
	struct described d = { .nr = 0 };
	int fd = dir_fd(dir);

	describe_in(&d, fd, "");
	close(fd);
	return d;
}

static inline void undescribe(struct described *d)
{
	for (size_t i = 0; i < d->nr; i++)
		free(d->line[i]);
	for (size_t i = 0; i < d->nr_groups; i++)
		free(d->group[i].first);
	free(d->line);
}

/* Prints the first difference. */
static inline bool same_trees(const char *a, const char *b)
{
	struct described x = describe(a), y = describe(b);
	bool same = x.nr == y.nr;

	for (size_t i = 0; i < x.nr && i < y.nr; i++)
		if (strcmp(x.line[i], y.line[i]) != 0) {
			fprintf(stderr, "# %s\n# %s\n", x.line[i], y.line[i]);
			same = false;
			break;
		}
	undescribe(&x);
	undescribe(&y);
	return same;
}

#endif
