/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * File system facts, against what the system's own calls and files say. With the
 * right to mount: file systems of the test's own in a mount namespace of its own.
 * Each way to find the mount (statx, fdinfo, longest path) must give the same.
 */
#include "base/fsinfo.h"
#include "base/compat.h"
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <cmocka.h>

extern char **environ;

static struct fixture fx;

/*
 * A namespace in which nobody else sees our mounts; not every place allows it. An open
 * directory stays in the namespace that it was opened in, so this comes first.
 */
static bool may_mount(void)
{
	static int state;

	if (!state)
		state = unshare(CLONE_NEWNS) == 0 &&
			mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 ? 1 : -1;
	return state > 0;
}

static int make(void **state)
{
	(void)state;
	may_mount();
	fixture_make(&fx);
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	kernel_ask_again();
	fixture_remove(&fx);
	return 0;
}

static struct fsinfo read_info(const char *path)
{
	struct fsinfo info;

	if (fsinfo_read(&info, &fx.root, path, &fx.pool, &fx.err) < 0)
		fail_msg("%s", fx.err.text);
	return info;
}

static void same(const struct fsinfo *a, const struct fsinfo *b)
{
	assert_int_equal(a->dev, b->dev);
	assert_int_equal(a->mount_id, b->mount_id);
	assert_string_equal(a->mount_point, b->mount_point);
	assert_string_equal(a->type, b->type);
	assert_string_equal(a->source, b->source);
	assert_int_equal(a->rotational, b->rotational);
	assert_int_equal(a->read_only, b->read_only);
}

/* A chroot whose root is no mount point: the table does not show what it lies on. */
static bool root_is_in_table(void)
{
	FILE *table = fopen("/proc/self/mountinfo", "r");
	char line[4096], point[4096];
	bool found = false;

	assert_non_null(table);
	while (!found && fgets(line, sizeof(line), table))
		found = sscanf(line, "%*d %*d %*s %*s %4095s", point) == 1 && strcmp(point, "/") == 0;
	fclose(table);
	return found;
}

/* By each way, the newest first. */
static struct fsinfo read_all_ways(const char *path)
{
	struct fsinfo first = read_info(path), other;

	kernel_cannot(CAN_STATX);
	other = read_info(path);
	same(&first, &other);
	kernel_cannot(CAN_MOUNT_IDS);
	other = read_info(path);
	if (!root_is_in_table() && other.mount_id < 0)
		other.mount_id = first.mount_id;
	same(&first, &other);
	kernel_cannot(CAN_MOUNTINFO);	/* the older table has no numbers of mounts */
	other = read_info(path);
	assert_int_equal(other.mount_id, -1);
	other.mount_id = first.mount_id;
	same(&first, &other);
	kernel_ask_again();
	return first;
}

static void test_plain(void **state)
{
	struct fsinfo info, file;
	struct statvfs vfs;
	struct stat st;

	(void)state;
	fixture_file(&fx, "/dir/file", "x");
	info = read_all_ways("/dir");
	file = read_all_ways("/dir/file");
	same(&info, &file);
	assert_int_equal(stat(fx.dir, &st), 0);
	assert_int_equal(statvfs(fx.dir, &vfs), 0);
	assert_int_equal(info.dev, st.st_dev);
	assert_true(info.mount_id > 0);
	assert_string_equal(info.mount_point, "/");
	assert_true(*info.type && *info.source);
	assert_false(info.read_only);
	assert_int_equal(info.block_size, vfs.f_frsize);
	assert_true(info.avail_bytes <= info.free_bytes);
	assert_true(info.free_bytes <= (uint64_t)vfs.f_blocks * vfs.f_frsize);
	assert_true(info.free_inodes > 0);
}

/* /proc makes inodes as needed, and is seen through the real root. */
static void test_real_root(void **state)
{
	struct root real;
	struct fsinfo info;

	(void)state;
	assert_int_equal(root_init(&real, "/", &fx.err), 0);
	assert_int_equal(fsinfo_read(&info, &real, "/proc/self", &fx.pool, &fx.err), 0);
	assert_string_equal(info.type, "proc");
	assert_string_equal(info.mount_point, "/proc");
	assert_int_equal(info.free_inodes, UINT64_MAX);
	assert_false(info.rotational);
	assert_null(info.uuid);
	root_release(&real);
}

/* The kind of disk, by the way that a person would look. */
static void test_rotational(void **state)
{
	struct fsinfo info = read_info("/");
	char path[128], flag = '0';
	FILE *f;

	(void)state;
	if (strncmp(info.source, "/dev/", 5) != 0 || major(info.dev) == 0)
		skip();
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/queue/rotational", major(info.dev),
		 minor(info.dev));
	f = fopen(path, "re");
	if (!f)
		skip();
	assert_int_equal(fread(&flag, 1, 1, f), 1);
	fclose(f);
	assert_int_equal(info.rotational, flag == '1');
}

static void test_refused(void **state)
{
	struct fsinfo info;

	(void)state;
	assert_int_equal(fsinfo_read(&info, &fx.root, "/none", &fx.pool, &fx.err), -1);
	assert_int_equal(fx.err.code, ENOENT);
	assert_int_equal(mkfifo(fixture_path(&fx, "/fifo"), 0600), 0);
	assert_int_equal(fsinfo_read(&info, &fx.root, "/fifo", &fx.pool, &fx.err), -1);
	fixture_link(&fx, "/../../../proc", "/out");
	assert_int_equal(fsinfo_read(&info, &fx.root, "/out", &fx.pool, &fx.err), -1);
	assert_int_equal(fx.err.code, ENOENT);
}

static bool mount_tmpfs(const char *path, unsigned long flags)
{
	fixture_dir(&fx, path);
	return may_mount() && mount("vs2vz test", fixture_path(&fx, path), "tmpfs", flags,
				    "size=1m,nr_inodes=64") == 0;
}

static void unmount(const char *path)
{
	assert_int_equal(umount2(fixture_path(&fx, path), MNT_DETACH), 0);
}

static void test_mount(void **state)
{
	struct fsinfo info;
	struct root inner;

	(void)state;
	if (!mount_tmpfs("/vz space", 0))
		skip();
	fixture_dir(&fx, "/vz space/private/101");
	fixture_dir(&fx, "/vz spaceship");
	info = read_all_ways("/vz space/private/101");
	assert_string_equal(info.mount_point, "/vz space");
	assert_string_equal(info.type, "tmpfs");
	assert_string_equal(info.source, "vs2vz test");
	assert_int_equal(info.free_bytes, 1024 * 1024);
	assert_true(info.free_inodes < 64);
	assert_false(info.rotational);
	info = read_all_ways("/vz spaceship");
	assert_string_equal(info.mount_point, "/");
	/* a root that lies inside: the mount point is above it */
	assert_int_equal(root_init(&inner, fixture_path(&fx, "/vz space/private"), &fx.err), 0);
	assert_int_equal(fsinfo_read(&info, &inner, "/101", &fx.pool, &fx.err), 0);
	assert_string_equal(info.mount_point, "/");
	assert_string_equal(info.type, "tmpfs");
	root_release(&inner);
	unmount("/vz space");
}

static void test_read_only(void **state)
{
	struct fsinfo info;

	(void)state;
	if (!mount_tmpfs("/ro", MS_RDONLY))
		skip();
	info = read_all_ways("/ro");
	assert_true(info.read_only);
	unmount("/ro");
}

/* Run a program with at most seven arguments, quietly; false: it failed or is not there. */
static bool run(const char *const *argv)
{
	posix_spawn_file_actions_t quiet;
	int status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&quiet, 1, 2);
	if (posix_spawnp(&pid, argv[0], &quiet, NULL, (char **)(uintptr_t)argv, environ) != 0 ||
	    waitpid(pid, &status, 0) != pid)
		status = -1;
	posix_spawn_file_actions_destroy(&quiet);
	return status == 0;
}

/* A real file system on a device, whose UUID we chose. */
static void test_uuid(void **state)
{
	static const char uuid[] = "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff";
	const char *image = pool_strdup(&fx.pool, fixture_path(&fx, "/image"));
	const char *point = pool_strdup(&fx.pool, fixture_path(&fx, "/disk"));
	const char *mkfs[] = { "mke2fs", "-qF", "-t", "ext4", "-U", uuid, image, NULL };
	const char *attach[] = { "mount", "-o", "loop", image, point, NULL };
	struct fsinfo info;

	(void)state;
	fixture_file(&fx, "/image", "");
	fixture_dir(&fx, "/disk");
	if (!may_mount() || truncate(image, 8 * 1024 * 1024) < 0 || !run(mkfs) || !run(attach))
		skip();
	info = read_all_ways("/disk");
	assert_string_equal(info.mount_point, "/disk");
	assert_string_equal(info.type, "ext4");
	assert_memory_equal(info.source, "/dev/loop", 9);
	assert_non_null(info.uuid);
	assert_string_equal(info.uuid, uuid);
	assert_true(info.free_inodes > 0 && info.free_inodes < 8192);
	assert_true(info.avail_bytes < info.free_bytes);
	unmount("/disk");
}

/* Two on one directory: the upper one counts. */
static void test_stacked(void **state)
{
	struct fsinfo lower, upper;

	(void)state;
	if (!mount_tmpfs("/x", 0))
		skip();
	lower = read_all_ways("/x");
	assert_int_equal(mount("upper", fixture_path(&fx, "/x"), "tmpfs", 0, "size=2m"), 0);
	upper = read_all_ways("/x");
	assert_string_equal(upper.source, "upper");
	assert_int_not_equal(upper.mount_id, lower.mount_id);
	unmount("/x");
	unmount("/x");
}

static void test_mounts_below(void **state)
{
	struct mounts found;

	(void)state;
	assert_int_equal(mounts_below(&found, &fx.root, "/", &fx.pool, &fx.err), 0);
	assert_int_equal(found.nr, 0);
	if (!mount_tmpfs("/g", 0))
		skip();
	assert_true(mount_tmpfs("/g/b", 0) && mount_tmpfs("/g/a b", 0) && mount_tmpfs("/gx", 0));
	assert_int_equal(mounts_below(&found, &fx.root, "/g", &fx.pool, &fx.err), 0);
	assert_int_equal(found.nr, 3);
	assert_string_equal(found.v[0].point, "/g");
	assert_string_equal(found.v[1].point, "/g/a b");
	assert_string_equal(found.v[2].point, "/g/b");
	assert_string_equal(found.v[1].type, "tmpfs");
	assert_string_equal(found.v[1].source, "vs2vz test");
	assert_int_equal(mounts_below(&found, &fx.root, "/g/", &fx.pool, &fx.err), 0);
	assert_int_equal(found.nr, 3);
	assert_int_equal(mounts_below(&found, &fx.root, "/", &fx.pool, &fx.err), 0);
	assert_int_equal(found.nr, 4);
	assert_int_equal(mounts_below(&found, &fx.root, "/g/b/none", &fx.pool, &fx.err), 0);
	assert_int_equal(found.nr, 0);
	unmount("/g");
	unmount("/gx");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_plain, make, unmake),
		cmocka_unit_test_setup_teardown(test_real_root, make, unmake),
		cmocka_unit_test_setup_teardown(test_rotational, make, unmake),
		cmocka_unit_test_setup_teardown(test_refused, make, unmake),
		cmocka_unit_test_setup_teardown(test_mount, make, unmake),
		cmocka_unit_test_setup_teardown(test_read_only, make, unmake),
		cmocka_unit_test_setup_teardown(test_uuid, make, unmake),
		cmocka_unit_test_setup_teardown(test_stacked, make, unmake),
		cmocka_unit_test_setup_teardown(test_mounts_below, make, unmake),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
