/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of file systems by numbers that are known from elsewhere, what of a time is
 * left, and the findings that a survey and a table give. Whether the table is true on
 * this kernel, tests/fs/600-target-limits.sh tries.
 */
#include "decide/target_limits.h"

#include <linux/fs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fsinfo.h"
#include "base/meta.h"
#include "step/image.h"

static struct fs_limits limits(struct fs_facts facts)
{
	struct fs_limits out;

	fs_limits_of(&out, &facts);
	return out;
}

/* Documentation/filesystems/ext4/overview.rst, ext2.rst of the kernel: largest files. */
static void ext_sizes(void **state)
{
	struct fs_facts f = { .type = "ext4", .block_size = 4096, .inode_size = 256, .read = true,
			      .extents = true, .huge_files = true, .many_dirs = true };

	(void)state;
	assert_int_equal(limits(f).bytes, ((uint64_t)16 << 40) - 4096);
	f.block_size = 1024;
	assert_int_equal(limits(f).bytes, ((uint64_t)4 << 40) - 1024);
	assert_int_equal(limits(f).text, 1023);
	assert_int_equal(limits(f).subdirs, UINT64_MAX);
	f.extents = f.many_dirs = false;
	assert_int_equal(limits(f).bytes >> 30, 16);
	assert_int_equal(limits(f).subdirs, 64998);
	f.huge_files = false;
	f.block_size = 4096;
	/* 2 TiB in sectors, less the maps. */
	assert_true(limits(f).bytes < (uint64_t)2 << 40 && limits(f).bytes > (uint64_t)2040 << 30);
	f.read = false;
	assert_int_equal(limits(f).bytes, INT64_MAX);
}

static void ext_times(void **state)
{
	struct fs_facts f = { .type = "ext4", .block_size = 4096, .inode_size = 128 };

	(void)state;
	assert_int_equal(limits(f).last, INT32_MAX);
	assert_int_equal(limits(f).step, 1000000000);
	f.inode_size = 256;
	assert_int_equal(limits(f).last, INT64_C(15032385535));	/* 2446-05-10 22:38:55 */
	assert_int_equal(limits(f).step, 1);
	f.type = "ext3";
	assert_int_equal(limits(f).step, 1000000000);
	f.fractions = true;	/* below the driver of ext4 */
	assert_int_equal(limits(f).step, 1);
	f.low_ids = true;
	assert_int_equal(limits(f).id, 65535);
}

static void others(void **state)
{
	struct fs_facts f = { .type = "xfs", .read = true };

	(void)state;
	assert_int_equal(limits(f).last, INT32_MAX);
	assert_int_equal(limits(f).text, 1023);
	f.big_times = true;
	assert_int_equal(limits(f).last, INT64_C(16299260424));	/* 2486-07-02 20:20:24 */
	f = (struct fs_facts){ .type = "btrfs", .node_size = 16384 };
	assert_int_equal(limits(f).value, 16228);
	assert_int_equal(limits(f).names, 65535);
	f.type = "something new";
	f.name_most = 143;
	assert_int_equal(limits(f).names, UINT64_MAX);
	assert_int_equal(limits(f).name, 143);
}

static void cut_times(void **state)
{
	const int64_t in_2040 = 2208988800;

	(void)state;
	assert_true(fs_time_cut(in_2040, INT32_MAX));
	assert_true(fs_time_cut(in_2040, in_2040 - ((int64_t)1 << 32)));
	assert_false(fs_time_cut(in_2040, in_2040));
	assert_false(fs_time_cut(in_2040, 0));
	assert_false(fs_time_cut(in_2040, INT32_MAX - 1));
	assert_true(fs_time_cut(-5, 0));
	assert_true(fs_time_cut(-5, UINT32_MAX - 4));
	assert_false(fs_time_cut(5, 0));
	assert_true(fs_time_cut((int64_t)INT32_MIN - 7, INT32_MIN));
	assert_false(fs_time_cut(1234567890, INT32_MAX));
}

/* What is made here has the numbers of its kind. */
static void images(void **state)
{
	struct fs_facts f;

	(void)state;
	image_facts(&f, IMAGE_EXT4);
	assert_int_equal(limits(f).names, 65000);
	assert_int_equal(limits(f).step, 1);
	assert_true(limits(f).flags & FS_COMPR_FL && limits(f).flags & FS_NOTAIL_FL);
	image_facts(&f, IMAGE_EXT3);
	assert_int_equal(limits(f).names, 32000);
	assert_int_equal(limits(f).subdirs, 31998);
	assert_true(limits(f).bytes < (uint64_t)2 << 40);
}

/* ---- findings */

static const char *said(const struct findings *f, enum finding_id id, const char *object)
{
	for (size_t i = 0; i < f->nr; i++)
		if (f->v[i].kind->id == id && strcmp(f->v[i].object, object) == 0)
			return f->v[i].seen;
	return "";
}

static void judge(struct findings *out, struct survey *s, const struct fs_facts *to,
		  struct pool *pool)
{
	const struct limits_question q = { "web", "/vservers/web", s, to };

	*out = (struct findings){ .pool = pool };
	target_limits_judge(&q, pool, out);
}

static void names_objects(void **state)
{
	struct fs_facts f = { .type = "ext3", .block_size = 1024, .inode_size = 128, .read = true };
	struct survey s = {
		.most = {
			[MOST_NAMES] = { 32001, 5, "a/link" },
			[MOST_SUBDIRS] = { 31999, 6, "dirs" },
			[MOST_TEXT] = { 1024, 7, "long" },
			[MOST_NAME] = { 255, 8, "name" },
			[MOST_VALUE] = { 1000, 9, "value" },
			[MOST_BYTES] = { (uint64_t)17 << 30, 10, "sparse" },
		},
		.latest = { 2208988800, 3, "late" },
		.earliest = { -1, 1, "early" },
		.fractions = 12,
	};
	struct pool pool = POOL_INIT;
	struct findings found;

	(void)state;
	s.flag[12] = (struct survey_flag){ 1, "journalled" };
	s.flag[23] = (struct survey_flag){ 2, "nocow" };
	judge(&found, &s, &f, &pool);
	assert_non_null(strstr(said(&found, VS_TARGET_LIMIT, "/vservers/web/a/link"), "takes 32000"));
	assert_non_null(strstr(said(&found, VS_TARGET_LIMIT, "/vservers/web/dirs"), "31998"));
	assert_non_null(strstr(said(&found, VS_TARGET_LIMIT, "/vservers/web/long"), "too long"));
	assert_non_null(strstr(said(&found, VS_TARGET_LIMIT, "/vservers/web/value"), "977"));
	assert_non_null(strstr(said(&found, VS_TARGET_LIMIT, "/vservers/web/sparse"), "(17 GiB)"));
	assert_non_null(strstr(said(&found, VS_TIMES_BEYOND, "/vservers/web/late"),
			       "until 2038-01-19 03:14:07"));
	assert_string_equal(said(&found, VS_TIMES_BEYOND, "/vservers/web/early"), "");
	assert_non_null(strstr(said(&found, VS_TIMES_SECONDS, "/vservers/web"), "12 objects"));
	assert_non_null(strstr(said(&found, VS_FLAGS_LOST, "/vservers/web/nocow"), "of 2 objects"));
	assert_string_equal(said(&found, VS_FLAGS_LOST, "/vservers/web/journalled"), "");
	assert_int_equal(found.nr, 8);
	pool_release(&pool);
}

/* As much as it takes is no finding; what is not known neither. */
static void just_fits(void **state)
{
	struct fs_facts f = { .type = "ext4", .block_size = 4096, .inode_size = 256, .read = true,
			      .extents = true, .huge_files = true };
	struct survey s = {
		.most = {
			[MOST_NAMES] = { 65000, 5, "a" },
			[MOST_SUBDIRS] = { 64998, 6, "b" },
			[MOST_TEXT] = { 4095, 7, "c" },
			[MOST_NAME] = { 255, 8, "d" },
			[MOST_BYTES] = { ((uint64_t)16 << 40) - 4096, 10, "e" },
		},
		.latest = { INT64_C(15032385535), 1, "f" },
		.earliest = { INT32_MIN, 1, "g" },
		.fractions = 1,
	};
	struct pool pool = POOL_INIT;
	struct findings found;

	(void)state;
	judge(&found, &s, &f, &pool);
	assert_int_equal(found.nr, 0);
	s.most[MOST_NAMES].value++;
	s.most[MOST_SUBDIRS].value++;
	s.most[MOST_BYTES].value++;
	s.latest.seconds++;
	s.earliest.seconds--;
	judge(&found, &s, &f, &pool);
	assert_int_equal(found.nr, 5);
	f = (struct fs_facts){ .type = "unheard of" };
	judge(&found, &s, &f, &pool);
	assert_int_equal(found.nr, 0);
	pool_release(&pool);
}

/* ---- superblocks */

static void put(int fd, off_t at, const void *bytes, size_t len)
{
	assert_int_equal(pwrite(fd, bytes, len, at), len);
}

static void superblocks(void **state)
{
	static const unsigned char magic[] = { 0x53, 0xEF }, error[] = { 2, 0 }, size[] = { 0, 1 };
	static const unsigned char one[] = { 1, 0, 0, 0 }, node[] = { 0, 0x40, 0, 0 };
	FILE *file = tmpfile();
	int fd = file ? fileno(file) : -1;
	struct fs_facts f;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	fs_facts_read(&f, "ext4", fd);
	assert_false(f.read);
	put(fd, 1024 + 0x38, magic, 2);
	put(fd, 1024 + 0x4C, one, 4);
	put(fd, 1024 + 0x58, size, 2);
	fs_facts_read(&f, "ext4", fd);
	assert_true(f.read && f.block_size == 1024 && f.inode_size == 256 && !f.errors);
	put(fd, 1024 + 0x3A, error, 2);
	fs_facts_read(&f, "ext3", fd);
	assert_non_null(f.errors);
	put(fd, 0, "XFSB", 4);
	put(fd, 0x64, "\264\245", 2);
	put(fd, 0xD8, "\0\0\0\x18", 4);
	fs_facts_read(&f, "xfs", fd);
	assert_true(f.read && f.big_times && f.errors);
	put(fd, 65536 + 0x40, "_BHRfS_M", 8);
	put(fd, 65536 + 0x94, node, 4);
	fs_facts_read(&f, "btrfs", fd);
	assert_true(f.read && f.node_size == 16384 && !f.errors);
	fs_facts_read(&f, "btrfs", -1);
	assert_false(f.read);
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ext_sizes),
		cmocka_unit_test(ext_times),
		cmocka_unit_test(others),
		cmocka_unit_test(cut_times),
		cmocka_unit_test(images),
		cmocka_unit_test(names_objects),
		cmocka_unit_test(just_fits),
		cmocka_unit_test(superblocks),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
