/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Image files and loop devices of a test's own, in a temporary folder that is the host's
 * root and the working directory (tree_fixture.h). All is taken back at the end.
 */
#ifndef VS2VZ_TESTS_VOLUME_FIXTURE_H
#define VS2VZ_TESTS_VOLUME_FIXTURE_H

#include "base/blockdev.h"
#include "ext_fixture.h"

static struct root volume_root;
static struct pool volume_pool;
static char volume_loops[8][64];
static size_t volume_nr_loops;
static struct err err;

static inline int volume_up(void **state)
{
	(void)state;
	tree_base_make("/var/tmp");
	if (root_init(&volume_root, tree_base, &err) < 0)
		return -1;
	MUST(mkdir("point", 0755));
	return 0;
}

static inline int volume_down(void **state)
{
	(void)state;
	umount2("point", MNT_DETACH);
	while (volume_nr_loops) {
		const char *argv[] = { "losetup", "-d", volume_loops[--volume_nr_loops], NULL };

		ext_run(argv);
	}
	root_release(&volume_root);
	pool_release(&volume_pool);
	tree_base_remove();
	return 0;
}

static inline void make_image(const char *name, off_t bytes)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);

	MUST(fd);
	MUST(ftruncate(fd, bytes));
	close(fd);
}

/* Options for losetup; the path of the device. */
static inline const char *attach_image(const char *name, const char *option)
{
	char *loop = volume_loops[volume_nr_loops];
	char command[300];
	FILE *p;

	snprintf(command, sizeof(command), "losetup %s -f --show %s", option, name);
	p = popen(command, "r");
	if (!p || !fgets(loop, sizeof(volume_loops[0]), p) || pclose(p) != 0)
		exit(99);
	loop[strcspn(loop, "\n")] = '\0';
	volume_nr_loops++;
	return loop;
}

static inline bool shell(const char *fmt, ...)
{
	char command[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	const char *argv[] = { "/bin/sh", "-c", command, NULL };

	return ext_run(argv);
}

#endif
