/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a volume is and who uses it, on loop devices; what speaks against it; opening and wiping;
 * the view that nobody else sees. What a device held is compared byte by byte.
 */
#include "base/compat.h"
#include "decide/device_judge.h"
#include "step/mounted.h"
#include "volume_fixture.h"

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>

#define NEED_ROOT() do { if (geteuid() != 0) skip(); } while (0)
#define SOME_UUID "11111111-2222-4333-8444-555555555555"

static struct blockdev look(const char *path)
{
	struct blockdev seen;

	if (blockdev_read(&seen, &volume_root, path, &volume_pool, &err) < 0)
		fail_msg("%s", err.text);
	return seen;
}

static const char *ext4_loop(const char *image)
{
	make_image(image, 16 << 20);
	if (!shell("mke2fs -qF -t ext4 -U %s -L data %s", SOME_UUID, image))
		fail_msg("no mke2fs");
	return attach_image(image, "");
}

static void paths_tell_what_is_meant(void **state)
{
	(void)state;
	assert_true(volume_is_device("/dev/sda1"));
	assert_false(volume_is_device("/device"));
	assert_false(volume_is_device("/dev"));
	assert_int_equal(look("/nothing").is, VOLUME_ABSENT);
	assert_int_equal(look("/dev/vs2vz-nothing").is, VOLUME_ABSENT);
	assert_int_equal(look("/point").is, VOLUME_OTHER);
	assert_int_equal(look("/dev/null").is, VOLUME_OTHER);
	assert_int_equal(look("/dev/shm").is, VOLUME_OTHER);
	assert_int_equal(symlink("img", "link"), 0);
	make_image("img", 1 << 20);
	assert_int_equal(look("/link").is, VOLUME_OTHER);
	assert_int_equal(look("/img").is, VOLUME_FILE);
	assert_int_equal(look("/img").bytes, 1 << 20);
	assert_int_equal(look("/img").nr, 0);
}

static void a_blank_device_is_free(void **state)
{
	struct blockdev seen;

	(void)state;
	NEED_ROOT();
	make_image("blank", 8 << 20);
	seen = look(attach_image("blank", ""));
	assert_int_equal(seen.is, VOLUME_DEVICE);
	assert_int_equal(seen.bytes, 8 << 20);
	assert_int_equal(seen.nr, 0);
	assert_null(seen.mounted);
	assert_null(seen.held);
	assert_false(seen.read_only || seen.unreadable);
	/* The file behind it is not. */
	assert_string_equal(look("/blank").held, volume_loops[0]);
	make_image("ro", 8 << 20);
	assert_true(look(attach_image("ro", "-r")).read_only);
}

static void signatures_are_found(void **state)
{
	struct blockdev seen;
	const char *loop;

	(void)state;
	NEED_ROOT();
	loop = ext4_loop("ext");
	seen = look(loop);
	assert_int_equal(seen.nr, 1);
	assert_string_equal(seen.sig[0].type, "ext4");
	assert_string_equal(seen.sig[0].uuid, SOME_UUID);
	assert_string_equal(seen.sig[0].label, "data");
	assert_int_equal(seen.sig[0].at, 1024 + 0x38);
	assert_int_equal(seen.sig[0].len, 2);
	assert_int_equal(look("/ext").nr, 1);
	/* A second one before it: both count. */
	assert_true(shell("printf 'LUKS\\272\\276\\000\\001' | dd of=%s conv=notrunc", loop));
	seen = look(loop);
	assert_int_equal(seen.nr, 2);
	assert_true(strstr(seen.sig[0].type, "LUKS") || strstr(seen.sig[1].type, "LUKS"));
	/* And a table of partitions, on another one. */
	make_image("disk.img", 8 << 20);
	assert_true(shell("f='dd of=disk.img bs=1 conv=notrunc'; printf '\\125\\252' | $f seek=510; "
			  "printf '\\000\\000\\002\\000\\203\\000\\002\\000\\000\\010\\000"
			  "\\000\\000\\020\\000\\000' | $f seek=446"));
	seen = look("/disk.img");
	assert_int_equal(seen.nr, 1);
	assert_string_equal(seen.sig[0].usage, "partitions");
}

static void users_are_found(void **state)
{
	struct blockdev seen;
	const char *loop;
	int fd;

	(void)state;
	NEED_ROOT();
	loop = ext4_loop("ext");
	assert_int_equal(mount(loop, "point", "ext4", MS_RDONLY, NULL), 0);
	seen = look(loop);
	assert_non_null(seen.mounted);
	assert_non_null(strstr(seen.mounted, "/point"));
	assert_non_null(look("/ext").mounted);
	assert_int_equal(volume_open(&volume_root, loop, VOLUME_READ, &err), -1);
	assert_int_equal(err.code, EBUSY);
	assert_int_equal(mounted_open(&volume_root, loop, NULL, VOLUME_READ, &err), -1);
	assert_int_equal(err.code, EBUSY);
	assert_int_equal(umount("point"), 0);
	assert_null(look(loop).mounted);
	fd = open(loop, O_RDONLY | O_EXCL | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_non_null(look(loop).held);
	close(fd);
	assert_null(look(loop).held);
}

static bool says(const struct findings *f, unsigned id)
{
	for (size_t i = 0; i < f->nr; i++)
		if (f->v[i].kind->id == id)
			return true;
	return false;
}

static void expect(const struct device_wish *wish, const struct blockdev *seen, unsigned id)
{
	struct findings f = { .pool = &volume_pool };

	device_judge(wish, seen, &f);
	if (id ? !says(&f, id) || f.nr != 1 : f.nr != 0)
		fail_msg("wanted %u alone, got %zu, first %u", id, f.nr, f.nr ? f.v[0].kind->id : 0);
}

static void each_objection_is_made(void **state)
{
	struct signature sig = { "ext4", "filesystem", SOME_UUID, "x", 0x438, 2 };
	struct signature table = { "dos", "partitions", NULL, NULL, 510, 2 };
	struct blockdev seen = { .path = "/dev/sdx", .is = VOLUME_DEVICE, .bytes = 1000 };
	struct device_wish wish = { .guest = "web", .path = "/dev/sdx", .device = true, .bytes = 1000 };

	(void)state;
	expect(&wish, &seen, 0);
	wish.bytes = 1001;
	expect(&wish, &seen, VS_VOLUME_SMALL);
	wish.bytes = 0;
	seen.mounted = "/home";
	expect(&wish, &seen, VS_VOLUME_MOUNTED);
	seen.mounted = NULL;
	seen.held = "dm-3";
	expect(&wish, &seen, VS_VOLUME_HELD);
	seen.held = NULL;
	seen.read_only = true;
	expect(&wish, &seen, VS_VOLUME_READ_ONLY);
	seen.read_only = false;
	seen.unreadable = true;
	expect(&wish, &seen, VS_VOLUME_UNREADABLE);
	seen.unreadable = false;
	seen.sig = &sig;
	seen.nr = 1;
	expect(&wish, &seen, VS_VOLUME_IN_USE);
	wish.overwrite = "11111111-2222-4333-8444-555555555556";
	expect(&wish, &seen, VS_VOLUME_IN_USE);
	wish.overwrite = SOME_UUID;
	expect(&wish, &seen, 0);
	seen.sig = &table;
	expect(&wish, &seen, VS_VOLUME_PARTITIONED);
	seen.nr = 0;
	wish.user = 101;
	expect(&wish, &seen, VS_VOLUME_TAKEN);
	wish.user = 0;
	seen.is = VOLUME_ABSENT;
	expect(&wish, &seen, VS_VOLUME_MISSING);
	seen.is = VOLUME_OTHER;
	expect(&wish, &seen, VS_VOLUME_KIND);
	wish.path = "/vz/sdx";
	expect(&wish, &seen, VS_VOLUME_KIND);
	wish.device = false;
	expect(&wish, &seen, VS_VOLUME_EXISTS);
	seen.is = VOLUME_FILE;
	expect(&wish, &seen, VS_VOLUME_EXISTS);
	seen.is = VOLUME_ABSENT;
	expect(&wish, &seen, 0);
	wish.path = "/dev/image";
	expect(&wish, &seen, VS_VOLUME_KIND);
}

static void wiping_takes_signatures_and_no_more(void **state)
{
	struct blockdev seen;
	const char *loop;
	int fd;

	(void)state;
	NEED_ROOT();
	loop = ext4_loop("ext");
	assert_true(shell("cp ext before"));
	seen = look(loop);
	fd = volume_open(&volume_root, loop, VOLUME_WRITE, &err);
	assert_true(fd >= 0);
	assert_int_equal(volume_wipe(fd, &seen, &err), 0);
	close(fd);
	assert_int_equal(look(loop).nr, 0);
	assert_true(shell("test $(cmp -l ext before | wc -l) -le 2"));
}

/* Neither the first superblock nor a copy is left; another file system is not touched. */
static void goes_whole(const char *options, unsigned group)
{
	const char *loop;
	int fd;

	make_image("ext", 600 << 20);
	assert_true(shell("mke2fs -qF -t ext4 %s -U %s ext", options, SOME_UUID));
	loop = attach_image("ext", "");
	assert_true(shell("dumpe2fs -o superblock=%u -o blocksize=4096 -h %s", 3 * group, loop));
	fd = volume_open(&volume_root, loop, VOLUME_WRITE, &err);
	assert_true(fd >= 0);
	assert_int_equal(volume_wipe_ext(fd, "11111111-2222-4333-8444-555555555556", &err), 0);
	assert_int_equal(look(loop).nr, 1);
	assert_int_equal(volume_wipe_ext(fd, SOME_UUID, &err), 0);
	close(fd);
	assert_int_equal(look(loop).nr, 0);
	assert_false(shell("dumpe2fs -o superblock=%u -o blocksize=4096 -h %s", 3 * group, loop));
	assert_false(shell("dumpe2fs -o superblock=%u -o blocksize=4096 -h %s", group, loop));
}

static void a_file_system_of_ours_goes_whole(void **state)
{
	(void)state;
	NEED_ROOT();
	goes_whole("", 32768);
}

/* Where there are so many inodes that a group has fewer blocks. */
static void so_does_one_with_small_groups(void **state)
{
	(void)state;
	NEED_ROOT();
	goes_whole("-g 22624", 22624);
}

static void see_and_leave(const char *volume)
{
	struct stat st;
	int fd = mounted_open(&volume_root, volume, SOME_UUID, VOLUME_READ, &err);

	if (fd < 0)
		fail_msg("%s: %s", volume, err.text);
	assert_int_equal(fstatat(fd, "lost+found", &st, 0), 0);
	assert_int_equal(st.st_ino, 11);
	assert_int_equal(mkdirat(fd, "mine", 0755), -1);
	assert_int_equal(errno, EROFS);
	assert_false(shell("grep -q %s /proc/mounts", volume));
	close(fd);
}

/* Nothing stays: no mount, no loop device, not one byte. */
static void a_view_leaves_nothing(void **state)
{
	const char *loop;

	(void)state;
	NEED_ROOT();
	loop = ext4_loop("dev");
	make_image("file", 16 << 20);
	assert_true(shell("mke2fs -qF -t ext3 -U %s file && cp file file.before && cp dev dev.before",
			  SOME_UUID));
	for (int i = 0; i < 2; i++) {
		see_and_leave("/file");
		see_and_leave(loop);
		assert_null(look("/file").held);
		assert_null(look(loop).held);
		kernel_cannot(CAN_LOOP_CONFIGURE);
	}
	kernel_ask_again();
	assert_true(shell("cmp file file.before && cmp dev dev.before"));
}

static void another_or_torn_file_system_is_refused(void **state)
{
	(void)state;
	NEED_ROOT();
	make_image("file", 16 << 20);
	assert_int_equal(mounted_open(&volume_root, "/file", NULL, VOLUME_READ, &err), -1);
	assert_non_null(strstr(err.text, "no ext file system"));
	assert_true(shell("mke2fs -qF -t ext4 -U %s file", SOME_UUID));
	assert_int_equal(mounted_open(&volume_root, "/file", "11111111-2222-4333-8444-555555555556",
				      VOLUME_READ, &err), -1);
	assert_int_equal(err.code, ERR_FOREIGN);
	assert_true(shell("debugfs -w -R 'feature needs_recovery' file"));
	assert_int_equal(mounted_open(&volume_root, "/file", NULL, VOLUME_READ, &err), -1);
	assert_non_null(strstr(err.text, "cleanly"));
}

/* A view that can be changed keeps what was written, and the file system is clean after it. */
static void a_writable_view_writes(void **state)
{
	int fd;

	(void)state;
	NEED_ROOT();
	make_image("file", 16 << 20);
	assert_true(shell("mke2fs -qF -t ext4 -U %s file", SOME_UUID));
	fd = mounted_open(&volume_root, "/file", SOME_UUID, VOLUME_WRITE, &err);
	if (fd < 0)
		fail_msg("%s", err.text);
	assert_int_equal(mkdirat(fd, "mine", 0755), 0);
	close(fd);
	assert_true(shell("e2fsck -fn file"));
	fd = mounted_open(&volume_root, "/file", SOME_UUID, VOLUME_READ, &err);
	assert_true(fd >= 0);
	assert_int_equal(faccessat(fd, "mine", F_OK, 0), 0);
	close(fd);
}

static void uuids_are_new_and_well_formed(void **state)
{
	char a[VOLUME_UUID_TEXT], b[VOLUME_UUID_TEXT];
	unsigned char bytes[16];

	(void)state;
	assert_int_equal(uuid_new(a, &err), 0);
	assert_int_equal(uuid_new(b, &err), 0);
	assert_string_not_equal(a, b);
	assert_true(uuid_bytes(a, bytes));
	assert_true(uuid_bytes("11111111-2222-4333-8444-55555555555F", bytes));
	assert_int_equal(bytes[15], 0x5f);
	assert_false(uuid_bytes("11111111-2222-4333-8444-55555555555g", bytes));
	assert_false(uuid_bytes("11111111-2222-4333-8444-5555555555", bytes));
	assert_false(uuid_bytes("111111112222-4333-8444-5555555555555", bytes));
	assert_false(uuid_bytes("", bytes));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, volume_up, volume_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(paths_tell_what_is_meant),
		TEST(a_blank_device_is_free),
		TEST(signatures_are_found),
		TEST(users_are_found),
		TEST(each_objection_is_made),
		TEST(wiping_takes_signatures_and_no_more),
		TEST(a_file_system_of_ours_goes_whole),
		TEST(so_does_one_with_small_groups),
		TEST(a_view_leaves_nothing),
		TEST(another_or_torn_file_system_is_refused),
		TEST(a_writable_view_writes),
		TEST(uuids_are_new_and_well_formed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
