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

static inline bool ext_on(void)
{
	static const char *const argv[] = { "mount", "-o", "loop,user_xattr", "disk.img", "disk", NULL };

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
	return ext_run(argv) && ext_on();
}

static inline void ext_remove(void)
{
	ext_off();
	MUST(unlink("disk.img"));
	MUST(rmdir("disk"));
}

/* One command on the file system, which is not mounted. */
static inline void ext_debug(const char *command)
{
	const char *argv[] = { "debugfs", "-w", "-R", command, "disk.img", NULL };

	if (!ext_run(argv)) {
		fprintf(stderr, "# debugfs cannot: %s\n", command);
		exit(99);
	}
}

#endif
