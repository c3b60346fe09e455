/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A real ext2, ext3 or ext4 on a loop device, for the tests of what a running kernel
 * does not show: it is taken off, debugfs writes into its inodes, it is mounted again.
 * The working directory is a temporary folder (tree_fixture.h); "disk" is the mount.
 *
 *	if (!ext_make("ext4", "-I", "256"))
 *		skip();
 *	puts_to("disk/file", "...");
 *	ext_off();
 *	ext_debug("sif /file flags 0x8080010");
 *	ext_on();
 *	...
 *	ext_remove();
 */
#ifndef VS2VZ_TESTS_EXT_FIXTURE_H
#define VS2VZ_TESTS_EXT_FIXTURE_H

#include <fcntl.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "tree_fixture.h"

/* Run a program quietly; false: it failed or is not there. */
static inline bool ext_run(const char *const *argv)
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

/*
 * One loop device for all the time: debugfs and the kernel then see the same bytes,
 * while the image behind it may lag when somebody else still has an old device open.
 */
static char ext_device[64];

static inline bool ext_attach(void)
{
	FILE *p = popen("losetup -f --show disk.img 2>/dev/null", "r");
	bool named = p && fgets(ext_device, sizeof(ext_device), p);

	ext_device[strcspn(ext_device, "\n")] = '\0';
	return p && pclose(p) == 0 && named;
}

static inline void ext_detach(void)
{
	const char *argv[] = { "losetup", "-d", ext_device, NULL };

	if (ext_device[0])
		ext_run(argv);
	ext_device[0] = '\0';
}

static inline bool ext_on(void)
{
	const char *argv[] = { "mount", ext_device, "disk", NULL };

	return ext_run(argv);
}

/* What a test left open must not hide: it ends here. */
static inline void ext_off(void)
{
	MUST(umount("disk"));
}

/* After a test that failed half way. */
static inline void ext_leave(void)
{
	umount2("disk", MNT_DETACH);
	ext_detach();
	unlink("disk.img");
	rmdir("disk");
}

/* type, and one option of mke2fs with its value; false: not on this machine. */
static inline bool ext_make(const char *type, const char *option, const char *value)
{
	const char *argv[] = { "mke2fs", "-qF", "-t", type, option, value, "disk.img", "20m", NULL };

	if (geteuid() != 0)
		return false;
	ext_leave();
	MUST(mkdir("disk", 0700));
	return ext_run(argv) && ext_attach() && ext_on();
}

static inline void ext_remove(void)
{
	ext_off();
	ext_detach();
	MUST(unlink("disk.img"));
	MUST(rmdir("disk"));
}

/* One command on the file system, which is not mounted. */
static inline void ext_debug(const char *command)
{
	const char *argv[] = { "debugfs", "-w", "-R", command, ext_device, NULL };

	if (!ext_run(argv)) {
		fprintf(stderr, "# debugfs cannot: %s\n", command);
		exit(99);
	}
}

/*
 * Two bytes of an inode, little endian, at a place that debugfs has no name for or, built for
 * 32 bit, no number wide enough.
 */
static inline void ext_put16(const char *path, unsigned at, unsigned value)
{
	unsigned char log_size = 0, bytes[2] = { value & 0xff, (value >> 8) & 0xff };
	unsigned long block = 0, offset = 0;
	char command[256], line[256];
	bool told = false;
	FILE *p;
	int fd;

	snprintf(command, sizeof(command), "debugfs -R 'imap %s' %s 2>/dev/null", path, ext_device);
	p = popen(command, "r");
	while (p && fgets(line, sizeof(line), p))
		told |= sscanf(line, " located at block %lu, offset %lx", &block, &offset) == 2;
	if (!p || pclose(p) != 0 || !told) {
		fprintf(stderr, "# debugfs cannot: imap %s\n", path);
		exit(99);
	}
	fd = open(ext_device, O_RDWR);
	MUST(fd);
	/* The superblock's s_log_block_size. */
	if (pread(fd, &log_size, 1, 1024 + 24) != 1 ||
	    pwrite(fd, bytes, 2, (off_t)((block << (10 + log_size)) + offset + at)) != 2)
		exit(99);
	MUST(fsync(fd));
	close(fd);
}

#endif
