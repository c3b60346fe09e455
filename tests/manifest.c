/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints what a tree is, one line per object, so that two states can be compared
 * with diff. Shares no code with vs2vz: a fault in its tree engine must not hide
 * itself here.
 *
 *	manifest [-H] [-F] [-M] [-x PATH]... DIR
 *
 *	-H	add the map of holes of regular files
 *	-F	leave inode flags out (comparing different file systems)
 *	-M	leave the times of directories out
 *	-x	leave out this object and all below it (path below DIR)
 *
 * A line: path, type, mode, uid, gid, size, mtime, first path of the link group,
 * device number, link target, extended attributes, inode flags, hash of the
 * content. Directories have no size. Content is hashed by non-zero blocks with
 * their offsets, so holes and written zeroes are the same unless -H.
 *
 * Works by descriptors only: no length of path and no byte in a name is special.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define BLOCK 4096
#define FLAG_MASK 0x208380ffu	/* what chattr can set; not what the file system keeps for itself */

struct group {
	dev_t dev;
	ino_t ino;
	char *first;
};

static bool opt_holes, opt_no_flags, opt_no_dir_times;
static char **excluded;
static int nr_excluded;
static struct group *groups;
static size_t nr_groups, cap_groups;
static char *path;	/* of the object in work, below DIR: "" or "/a/b" */
static size_t path_len, path_cap;

static void broken(const char *what)
{
	fprintf(stderr, "manifest: %s '%s': %s\n", what, path ? path : "", strerror(errno));
	exit(2);
}

static void *must(void *p)
{
	if (!p)
		broken("memory");
	return p;
}

static size_t path_push(const char *name)
{
	size_t old = path_len, len = strlen(name);

	if (path_len + len + 2 > path_cap) {
		path_cap = (path_len + len + 2) * 2;
		path = must(realloc(path, path_cap));
	}
	path[path_len++] = '/';
	memcpy(path + path_len, name, len + 1);
	path_len += len;
	return old;
}

static void path_pop(size_t old)
{
	path_len = old;
	path[path_len] = 0;
}

static void put_bytes(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c > 0x20 && c < 0x7f && c != '%')
			putchar(c);
		else
			printf("%%%02x", c);
	}
}

static void put_hex(const unsigned char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		printf("%02x", s[i]);
}

/* Open addressing, at most half full. */
static struct group *group_slot(dev_t dev, ino_t ino)
{
	size_t i = (size_t)((ino * 0x9e3779b97f4a7c15u) ^ dev) & (cap_groups - 1);

	while (groups[i].first && (groups[i].ino != ino || groups[i].dev != dev))
		i = (i + 1) & (cap_groups - 1);
	return &groups[i];
}

static void groups_grow(void)
{
	struct group *old = groups;
	size_t n = cap_groups;

	cap_groups = n ? n * 2 : 1024;
	groups = must(calloc(cap_groups, sizeof(*groups)));
	for (size_t i = 0; i < n; i++)
		if (old[i].first)
			*group_slot(old[i].dev, old[i].ino) = old[i];
	free(old);
}

static const char *group_first(const struct stat *st)
{
	struct group *g;

	if ((nr_groups + 1) * 2 > cap_groups)
		groups_grow();
	g = group_slot(st->st_dev, st->st_ino);
	if (!g->first) {
		g->dev = st->st_dev;
		g->ino = st->st_ino;
		g->first = must(strdup(path));
		nr_groups++;
	}
	return g->first;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of a directory, byte-sorted; the array ends with NULL. */
static char **read_names(int fd)
{
	char **v = must(calloc(64, sizeof(*v)));
	size_t n = 0, cap = 64;
	struct dirent *e;
	DIR *dir = must(fdopendir(dup(fd)));

	for (errno = 0; (e = readdir(dir)); errno = 0) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (n + 2 > cap)
			v = must(realloc(v, (cap *= 2) * sizeof(*v)));
		v[n++] = must(strdup(e->d_name));
	}
	if (errno)
		broken("cannot read");
	closedir(dir);
	v[n] = NULL;
	qsort(v, n, sizeof(*v), by_text);
	return v;
}

static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x100000001b3u;
	return h ^ h >> 29;
}

static uint64_t hash_block(uint64_t h, const unsigned char *b, size_t len, off_t at)
{
	uint64_t w, any = 0;

	memset((unsigned char *)b + len, 0, BLOCK - len);
	for (size_t i = 0; i < BLOCK; i += 8) {
		memcpy(&w, b + i, 8);
		any |= w;
	}
	if (!any)
		return h;
	h = mix(h, (uint64_t)at / BLOCK);
	for (size_t i = 0; i < BLOCK; i += 8) {
		memcpy(&w, b + i, 8);
		h = mix(h, w);
	}
	return h;
}

static uint64_t hash_range(int fd, uint64_t h, off_t at, off_t end)
{
	unsigned char b[BLOCK];

	at -= at % BLOCK;
	while (at < end) {
		size_t len = 0;

		while (len < BLOCK) {
			ssize_t n = pread(fd, b + len, BLOCK - len, at + (off_t)len);

			if (n < 0)
				broken("cannot read");
			if (n == 0)
				break;
			len += (size_t)n;
		}
		if (!len)
			break;
		h = hash_block(h, b, len, at);
		at += BLOCK;
	}
	return h;
}

/* Hash the data and, with -H, print where it lies. */
static void put_content(int fd, off_t size)
{
	uint64_t h = 0xcbf29ce484222325u;
	off_t data, hole = 0;

	if (opt_holes)
		fputs(" data=", stdout);
	while (hole < size) {
		data = lseek(fd, hole, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			break;
		/* Linux before 3.1: EINVAL, the whole file is data. */
		if (data < 0)
			data = hole;
		hole = lseek(fd, data, SEEK_HOLE);
		if (hole < 0)
			hole = size;
		if (opt_holes)
			printf("%jd-%jd,", (intmax_t)data, (intmax_t)hole);
		h = hash_range(fd, h, data, hole);
	}
	printf(" hash=%016" PRIx64, h);
}

static void put_xattrs(const char *link)
{
	static char names[65536];
	static unsigned char value[65536];
	ssize_t len = llistxattr(link, names, sizeof(names));
	char *v[1024];
	size_t n = 0;

	if (len < 0 && errno != ENOTSUP)
		broken("cannot list attributes of");
	/* XFS shows ACLs a second time under names of its own. */
	for (char *p = names; len > 0 && p < names + len && n < 1024; p += strlen(p) + 1)
		if (strncmp(p, "trusted.SGI_ACL_", 16) != 0)
			v[n++] = p;
	if (n)
		qsort(v, n, sizeof(*v), by_text);
	for (size_t i = 0; i < n; i++) {
		ssize_t size = lgetxattr(link, v[i], value, sizeof(value));

		if (size < 0)
			broken("cannot read attributes of");
		fputs(" x:", stdout);
		put_bytes(v[i], strlen(v[i]));
		putchar('=');
		put_hex(value, (size_t)size);
	}
}

static char type_letter(mode_t mode)
{
	static const struct {
		mode_t type;
		char letter;
	} letters[] = {
		{ S_IFREG, 'f' }, { S_IFDIR, 'd' }, { S_IFLNK, 'l' }, { S_IFCHR, 'c' },
		{ S_IFBLK, 'b' }, { S_IFIFO, 'p' }, { S_IFSOCK, 's' },
	};

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if ((mode & S_IFMT) == letters[i].type)
			return letters[i].letter;
	return '?';
}

static void put_metadata(const struct stat *st)
{
	bool dir = S_ISDIR(st->st_mode);

	put_bytes(path_len ? path : ".", path_len ? path_len : 1);
	printf(" %c %04o %u:%u", type_letter(st->st_mode), st->st_mode & 07777u,
	       st->st_uid, st->st_gid);
	if (S_ISREG(st->st_mode))
		printf(" size=%jd", (intmax_t)st->st_size);
	if (!dir || !opt_no_dir_times)
		printf(" mtime=%jd.%09ld", (intmax_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		printf(" rdev=%u:%u", major(st->st_rdev), minor(st->st_rdev));
	if (!dir && st->st_nlink > 1) {
		const char *first = group_first(st);

		fputs(" same=", stdout);
		put_bytes(first, strlen(first));
	}
}

static void put_link_target(int dirfd, const char *name)
{
	char target[65536];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target));

	if (n < 0)
		broken("cannot read link");
	fputs(" -> ", stdout);
	put_bytes(target, (size_t)n);
}

static bool is_excluded(void)
{
	for (int i = 0; i < nr_excluded; i++)
		if (path_len && !strcmp(path + 1, excluded[i]))
			return true;
	return false;
}

static void print_tree(int fd);

/* Regular files and directories are opened; everything else is only looked at. */
static void print_object(int dirfd, const char *name)
{
	char link[64 + NAME_MAX];
	struct stat st;
	int fd = -1, flags = 0;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		broken("cannot look at");
	put_metadata(&st);
	if (S_ISLNK(st.st_mode))
		put_link_target(dirfd, name);
	snprintf(link, sizeof(link), "/proc/self/fd/%d/%s", dirfd, name);
	put_xattrs(link);
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) {
		fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			broken("cannot open");
		if (!opt_no_flags && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0)
			printf(" flags=%x", (unsigned)flags & FLAG_MASK);
	}
	if (S_ISREG(st.st_mode))
		put_content(fd, st.st_size);
	putchar('\n');
	if (S_ISDIR(st.st_mode))
		print_tree(fd);
	if (fd >= 0)
		close(fd);
}

static void print_tree(int fd)
{
	char **names = read_names(fd);

	for (char **n = names; *n; n++) {
		size_t old = path_push(*n);

		if (!is_excluded())
			print_object(fd, *n);
		path_pop(old);
		free(*n);
	}
	free(names);
}

static void parse_options(int argc, char **argv)
{
	int c;

	excluded = must(calloc((size_t)argc, sizeof(*excluded)));
	while ((c = getopt(argc, argv, "HFMx:")) >= 0) {
		opt_holes |= c == 'H';
		opt_no_flags |= c == 'F';
		opt_no_dir_times |= c == 'M';
		if (c == 'x')
			excluded[nr_excluded++] = optarg;
		if (c == '?')
			exit(64);
	}
	if (optind + 1 != argc) {
		fprintf(stderr, "usage: manifest [-H] [-F] [-M] [-x PATH]... DIR\n");
		exit(64);
	}
}

int main(int argc, char **argv)
{
	struct rlimit files;
	int fd;

	parse_options(argc, argv);
	path = must(calloc(1, path_cap = 256));
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	fd = open(argv[optind], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "manifest: cannot open '%s': %s\n", argv[optind], strerror(errno));
		return 2;
	}
	print_object(fd, ".");
	if (fflush(stdout) || ferror(stdout))
		broken("cannot write");
	return 0;
}
