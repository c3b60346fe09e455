/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hidden inode bits: written by debugfs into real file systems of every kind, read back
 * while the kernel has them mounted and changes them. Needs root and a loop device.
 */
#include "base/hidden.h"

#include <linux/fs.h>
#include <pthread.h>
#include <setjmp.h>
#include <sys/ioctl.h>

#include "base/fsinfo.h"
#include "base/inroot.h"
#include "ext_fixture.h"

#include <cmocka.h>

#define FILES 60
#define VISIBLE 0x000800FFu	/* chattr's low bits, and extents */

static struct pool pool = POOL_INIT;
static struct hidden_window window;

static int build(void **state)
{
	(void)state;
	tree_base_make(NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	ext_leave();
	tree_base_remove();
	pool_release(&pool);
	return 0;
}

/* As the program finds it: type and source out of the mount table. */
static struct hidden *open_disk(const char **why)
{
	struct root real;
	struct fsinfo fs;
	struct err err;
	struct hidden *h;
	char *cwd = getcwd(NULL, 0);
	int fd = dir_fd("disk");

	assert_int_equal(root_init(&real, "/", &err), 0);
	assert_int_equal(fsinfo_read(&fs, &real, pool_printf(&pool, "%s/disk", cwd), &pool, &err), 0);
	assert_int_equal(hidden_open(&h, fd, fs.type, fs.source, why, &err), 0);
	assert_true((h == NULL) == (*why != NULL));
	root_release(&real);
	close(fd);
	free(cwd);
	return h;
}

static void stat_of(const char *path, struct stat *st)
{
	MUST(lstat(path, st));
}

static bool look(const struct hidden *h, const char *path, struct hidden_inode *out)
{
	struct stat st;

	stat_of(path, &st);
	return hidden_read(h, &window, &st, out);
}

static uint32_t kernel_flags(const char *path, uint32_t add)
{
	int fd = open(path, O_RDONLY), word = 0;

	MUST(fd);
	MUST(ioctl(fd, FS_IOC_GETFLAGS, &word));
	word |= (int)add;
	if (add)
		MUST(ioctl(fd, FS_IOC_SETFLAGS, &word));
	close(fd);
	return (uint32_t)word;
}

static void fill_disk(void)
{
	char path[40];

	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "disk/f%d", i);
		puts_to(path, "some bytes");
		MUST(lchown(path, (uid_t)i << 18, (gid_t)i << 24 | 1000));
	}
	MUST(link("disk/f3", "disk/f3-again"));
	MUST(mkdir("disk/dir", 0));
	MUST(symlink("/etc/passwd", "disk/link"));
	MUST(mkfifo("disk/fifo", 0600));
	MUST(mknod("disk/node", S_IFCHR | 0600, makedev(1, 3)));
}

static void every_file(const struct hidden *h, uint32_t marked)
{
	struct hidden_inode in;
	char path[40];

	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "disk/f%d", i);
		assert_true(look(h, path, &in));
		assert_true(in.fresh);
		assert_int_equal(in.flags & VISIBLE, kernel_flags(path, 0) & VISIBLE);
		assert_int_equal(in.flags & ~VISIBLE, i == 3 ? marked : 0);
		assert_int_equal(in.intern, 0);
	}
}

static bool plain(const struct hidden *h, const char *path)
{
	struct hidden_inode in;

	window.at = 0;
	return look(h, path, &in) && in.plain;
}

/* Attributes in the inode, too large for it, of a link; taken away again. */
static void attributes(const struct hidden *h)
{
	static const unsigned char caps[20] = { 1, 0, 0, 2, 0, 0x20 };
	char large[600];

	assert_true(plain(h, "disk/f4"));
	MUST(setxattr("disk/f4", "security.capability", caps, sizeof(caps), 0));
	assert_false(plain(h, "disk/f4"));
	memset(large, 'x', sizeof(large));
	assert_true(plain(h, "disk/f5"));
	MUST(setxattr("disk/f5", "trusted.large", large, sizeof(large), 0));
	assert_false(plain(h, "disk/f5"));
	MUST(setxattr("disk/f6", "trusted.small", "1", 1, 0));
	MUST(setxattr("disk/f6", "trusted.large", large, sizeof(large), 0));
	assert_false(plain(h, "disk/f6"));
	MUST(removexattr("disk/f5", "trusted.large"));
	MUST(removexattr("disk/f4", "security.capability"));
	MUST(removexattr("disk/f6", "trusted.large"));
	MUST(removexattr("disk/f6", "trusted.small"));
	assert_true(plain(h, "disk/f5"));
	MUST(lsetxattr("disk/link", "trusted.note", "1", 1, 0));
	assert_false(plain(h, "disk/link"));
}

static void live_changes(const struct hidden *h)
{
	struct hidden_inode in;

	assert_true(look(h, "disk/f7", &in));
	assert_int_equal(in.flags & FS_IMMUTABLE_FL, 0);
	kernel_flags("disk/f7", FS_IMMUTABLE_FL);
	window.at = 0;	/* the next thread: a window of this second looks as fresh as the inode */
	assert_true(look(h, "disk/f7", &in));
	assert_int_equal(in.flags & FS_IMMUTABLE_FL, FS_IMMUTABLE_FL);
	assert_true(in.fresh);
	MUST(chmod("disk/f8", 04711));
	MUST(lchown("disk/f8", 4000000000u, 3000000000u));
	puts_to("disk/new", "x");
	assert_true(look(h, "disk/f8", &in));
	assert_true(look(h, "disk/new", &in));
}

/* What does not agree with stat is not known. */
static void refusals(const struct hidden *h)
{
	struct hidden_inode in;
	struct stat st, is;

	stat_of("disk/f1", &is);
#define WITH(field, value) \
	(st = is, st.field = (value), hidden_read(h, &window, &st, &in))
	assert_true(WITH(st_size, 77));
	assert_false(WITH(st_mode, is.st_mode ^ 1));
	assert_false(WITH(st_mode, S_IFLNK | 0644));
	assert_false(WITH(st_uid, is.st_uid ^ 1));
	assert_false(WITH(st_uid, is.st_uid ^ 0x10000));
	assert_false(WITH(st_gid, is.st_gid ^ 1));
	assert_false(WITH(st_gid, is.st_gid ^ 0x10000));
	assert_false(WITH(st_nlink, 2));
	assert_false(WITH(st_dev, is.st_dev + 1));
	assert_false(WITH(st_ino, 0));
	assert_false(WITH(st_ino, is.st_ino + 1));
	assert_false(WITH(st_ino, 1u << 31));
	assert_true(WITH(st_ctim.tv_sec, is.st_ctim.tv_sec + 1));
	assert_false(in.fresh);
#undef WITH
	assert_false(hidden_read(NULL, &window, &is, &in));
}

static void one_kind(const char *type, const char *inode_size)
{
	bool extents = strcmp(type, "ext4") == 0;
	struct hidden_inode in;
	struct hidden *h;
	const char *why;

	if (!ext_make(type, "-I", inode_size))
		skip();
	fill_disk();
	ext_off();
	ext_debug(extents ? "sif /f3 flags 0x08080010" : "sif /f3 flags 0x08000010");
	ext_debug(extents ? "sif /dir flags 0x04080000" : "sif /dir flags 0x04000000");
	ext_on();
	h = open_disk(&why);
	assert_non_null(h);
	every_file(h, HIDDEN_IUNLINK);
	assert_true(look(h, "disk/dir", &in));
	assert_int_equal(in.flags & HIDDEN_BARRIER, HIDDEN_BARRIER);
	assert_true(look(h, "disk/link", &in));
	assert_true(look(h, "disk/fifo", &in));
	assert_true(look(h, "disk/node", &in));
	assert_true(look(h, "disk", &in));
	attributes(h);
	live_changes(h);
	refusals(h);
	hidden_close(h);
	ext_remove();
}

static void ext2_small(void **state)
{
	(void)state;
	one_kind("ext2", "128");
}

static void ext2_large(void **state)
{
	(void)state;
	one_kind("ext2", "256");
}

static void ext3_small(void **state)
{
	(void)state;
	one_kind("ext3", "128");
}

static void ext3_large(void **state)
{
	(void)state;
	one_kind("ext3", "256");
}

static void ext4_small(void **state)
{
	(void)state;
	one_kind("ext4", "128");
}

static void ext4_large(void **state)
{
	(void)state;
	one_kind("ext4", "256");
}

/* The tag of TAGGING_INTERN lies elsewhere in ext3 and ext4; a checksum is no tag. */
struct wanted {
	unsigned intern, cookie;
};
/* What is put into the inode of f5: by a command of debugfs, or two bytes somewhere. */
struct field {
	const char *command;
	unsigned at, value;
};
static void intern_of(const char *type, const char *features, struct field field,
		      struct wanted wanted)
{
	struct hidden_inode in;
	const char *why;
	struct hidden *h;

	if (!ext_make(type, "-O", features))
		skip();
	fill_disk();
	ext_off();
	if (field.command)
		ext_debug(field.command);
	if (field.at)
		ext_put16("/f5", field.at, field.value);
	ext_on();
	window = (struct hidden_window){ .at = 0 };	/* of another file system till now */
	h = open_disk(&why);
	assert_non_null(h);
	assert_true(look(h, "disk/f5", &in));
	assert_int_equal(in.intern, wanted.intern);
	assert_int_equal(in.cookie, wanted.cookie);
	assert_true(look(h, "disk/f6", &in));
	assert_int_equal(in.intern, 0);
	assert_int_equal(in.cookie, 0);
	hidden_close(h);
	ext_remove();
}

static void intern_tags(void **state)
{
	const struct wanted tag = { 300, 0 }, low = { 0, 49153 }, nothing = { 0, 0 };
	const struct wanted wide = { 0, 0xC0FFEE01 };

	(void)state;
	intern_of("ext3", "^64bit", (struct field){ .at = 118, .value = 300 }, tag);
	intern_of("ext4", "^64bit,^metadata_csum", (struct field){ .command = "sif /f5 checksum 49153" }, low);
	intern_of("ext4", "^64bit,^metadata_csum", (struct field){ .command = "sif /f5 author 0xc0ffee01" },
		  wide);
	intern_of("ext4", "64bit,metadata_csum", (struct field){ .at = 0 }, nothing);
}

static void poke(const char *device, off_t at, const void *bytes, void *was, size_t len)
{
	int fd = open(device, O_RDWR);

	MUST(fd);
	if (was && pread(fd, was, len, at) != (ssize_t)len)
		exit(99);
	if (pwrite(fd, bytes, len, at) != (ssize_t)len)
		exit(99);
	close(fd);
}

static const char *disk_device(void)
{
	struct stat st;
	char link[400], name[200];
	ssize_t n;

	stat_of("disk", &st);
	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major(st.st_dev), minor(st.st_dev));
	n = readlink(link, name, sizeof(name) - 1);
	MUST(n);
	name[n] = '\0';
	return pool_printf(&pool, "/dev/%s", strrchr(name, '/') + 1);
}

/* A device that cannot be read is no error, and says why. */
static void unreadable(void **state)
{
	static const off_t magic_at = 1024 + 0x38, incompat_at = 1024 + 0x60;
	const uint32_t unknown = 0x00800000u;
	unsigned char was[4];
	const char *why, *device;

	(void)state;
	if (!ext_make("ext4", "-I", "256"))
		skip();
	device = disk_device();
	poke(device, magic_at, "\0\0", was, 2);
	assert_null(open_disk(&why));
	poke(device, magic_at, was, NULL, 2);
	poke(device, incompat_at, &unknown, was, 4);
	assert_null(open_disk(&why));
	assert_non_null(strstr(why, "features"));
	poke(device, incompat_at, was, NULL, 4);
	hidden_close(open_disk(&why));
	assert_null(why);
	ext_remove();
}

static void wrong_sources(void **state)
{
	static const struct {
		const char *type, *source;
	} rows[] = {
		{ "xfs", "/dev/null" }, { NULL, "/dev/null" }, { "ext4", "none" }, { "ext4", "/dev/null" },
		{ "ext4", "/dev/loop0" }, { "ext4", "/etc/passwd" }, { "ext4", "/nowhere" },
		{ "ext4", "fifo" },
	};
	int fd = dir_fd(".");

	(void)state;
	MUST(mkfifo("fifo", 0600));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct hidden *h = NULL;
		const char *why = NULL;
		struct err err;

		assert_int_equal(hidden_open(&h, fd, rows[i].type, rows[i].source, &why, &err), 0);
		assert_null(h);
		assert_non_null(why);
	}
	close(fd);
}

static void *read_all(void *ctx)
{
	struct hidden_window *own = calloc(1, sizeof(*own));
	uintptr_t wrong = 0;

	for (int round = 0; round < 20; round++)
		for (int i = 0; i < FILES; i++) {
			struct hidden_inode in;
			struct stat st;
			char path[40];

			snprintf(path, sizeof(path), "disk/f%d", i);
			stat_of(path, &st);
			wrong += !hidden_read(ctx, own, &st, &in);
		}
	free(own);
	return (void *)wrong;
}

static void threads(void **state)
{
	pthread_t t[4];
	const char *why;
	struct hidden *h;

	(void)state;
	if (!ext_make("ext4", "-b", "1024"))
		skip();
	fill_disk();
	h = open_disk(&why);
	assert_non_null(h);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, read_all, h), 0);
	for (int i = 0; i < 4; i++) {
		void *wrong;

		pthread_join(t[i], &wrong);
		assert_null(wrong);
	}
	hidden_close(h);
	ext_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ext2_small), cmocka_unit_test(ext2_large),
		cmocka_unit_test(ext3_small), cmocka_unit_test(ext3_large),
		cmocka_unit_test(ext4_small), cmocka_unit_test(ext4_large),
		cmocka_unit_test(intern_tags), cmocka_unit_test(unreadable),
		cmocka_unit_test(wrong_sources), cmocka_unit_test(threads),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, build, tear_down);
}
