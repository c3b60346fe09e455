/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What older kernels are offered instead of a newer call: it must do the same, or less in
 * exactly the way that is said. The abilities are taken away one by one; a kernel that
 * really lacks them is emulated by other tests.
 */
#include "base/compat.h"
#include "base/sys.h"
#include "step/treeutil.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

static char base[] = "/tmp/vs2vz-compat-XXXXXX";
static int dir = -1;

static int build(void **state)
{
	(void)state;
	umask(0);
	if (!mkdtemp(base))
		return -1;
	dir = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -1 : chdir(base);
}

static int tear_down(void **state)
{
	char cmd[100];

	(void)state;
	close(dir);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", base);
	return system(cmd);
}

static int forget(void **state)
{
	(void)state;
	kernel_ask_again();
	return 0;
}

static void every_row_is_whole(void **state)
{
	(void)state;
	for (int i = 0; i < CAN_NR; i++) {
		assert_non_null(kernel_abilities[i].name);
		assert_non_null(kernel_abilities[i].since);
		assert_non_null(kernel_abilities[i].without);
		errno = 4711;
		(void)kernel_can((enum kernel_can)i);
		assert_int_equal(errno, 4711);
		kernel_cannot((enum kernel_can)i);
		assert_false(kernel_can((enum kernel_can)i));
	}
	kernel_ask_again();
	/* No machine that runs this is older than 2.6.38. */
	assert_true(kernel_can(CAN_SET_NANOSECONDS));
	assert_true(kernel_can(CAN_SET_CLOEXEC));
	assert_true(kernel_can(CAN_NO_AUTOMOUNT));
	kernel_cannot(CAN_STATX);
	assert_false(kernel_can(CAN_MOUNT_ROOT));
}

static void times_to_the_microsecond(void **state)
{
	static const struct {
		struct timespec wanted, is;
		mode_t mode;
		bool coarse, agree;
	} rows[] = {
		{ { 5, 123456789 }, { 5, 123456789 }, S_IFREG, false, true },
		{ { 5, 123456789 }, { 5, 123456000 }, S_IFREG, false, false },
		{ { 5, 123456789 }, { 5, 123456000 }, S_IFREG, true, true },
		{ { 5, 123456789 }, { 5, 123456000 }, S_IFDIR, true, true },
		{ { 5, 123456789 }, { 5, 123457000 }, S_IFREG, true, false },
		{ { 5, 123456789 }, { 5, 123456001 }, S_IFREG, true, false },
		{ { 5, 123456789 }, { 6, 123456000 }, S_IFREG, true, false },
		{ { 5, 123456789 }, { 9, 1 }, S_IFLNK, true, true },
		{ { 5, 123456789 }, { 9, 1 }, S_IFLNK, false, false },
		{ { 5, 123456789 }, { 9, 1 }, S_IFIFO, true, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (times_agree(&rows[i].wanted, &rows[i].is, rows[i].mode, rows[i].coarse) !=
		    rows[i].agree)
			fail_msg("row %zu", i);
}

/* Through the descriptor, parts that are left out stay, and the present is the present. */
static void times_of_an_old_kernel(void **state)
{
	const struct timespec both[2] = { { 1000, 987654321 }, { 2000, 123456789 } };
	const struct timespec one[2] = { { .tv_nsec = UTIME_OMIT }, { 3000, 999 } };
	const struct timespec now[2] = { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_OMIT } };
	const struct place link = { dir, "link" };
	struct stat st, old;
	int fd;

	(void)state;
	fd = openat(dir, "file", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(symlinkat("file", dir, "link"), 0);
	kernel_cannot(CAN_SET_NANOSECONDS);
	assert_int_equal(sys_futimens(fd, both), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_atim.tv_sec, 1000);
	assert_int_equal(st.st_atim.tv_nsec, 987654000);
	assert_int_equal(st.st_mtim.tv_sec, 2000);
	assert_int_equal(st.st_mtim.tv_nsec, 123456000);
	assert_int_equal(sys_futimens(fd, one), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_atim.tv_sec, 1000);
	assert_int_equal(st.st_mtim.tv_sec, 3000);
	assert_int_equal(st.st_mtim.tv_nsec, 0);
	assert_int_equal(sys_futimens(fd, now), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_atim.tv_sec > 1000000000);
	assert_int_equal(st.st_mtim.tv_sec, 3000);
	/* A link keeps its time, and so does what it leads to. */
	assert_int_equal(fstatat(dir, "link", &old, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(sys_lutimens(&link, both), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mtim.tv_sec, 3000);
	assert_int_equal(fstatat(dir, "link", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mtim.tv_sec, old.st_mtim.tv_sec);
	close(fd);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode;
}

/* With fchmodat2 and by an ACL; a link in the place of the node leads nowhere. */
static void modes_without_following(void **state)
{
	struct place pipe = { dir, "pipe" }, link = { dir, "lure" };

	(void)state;
	assert_int_equal(close(openat(dir, "victim", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
	assert_int_equal(symlinkat("victim", dir, "lure"), 0);
	for (int way = 0; way < 2; way++) {
		assert_int_equal(mkfifoat(dir, "pipe", 0600), 0);
		if (way)
			kernel_cannot(CAN_FCHMODAT2);
		if (put_mode_at(&pipe, S_IFIFO | 0642) == 0)
			assert_int_equal(mode_of("pipe"), S_IFIFO | 0642);
		else	/* no ACLs here */
			assert_int_equal(errno, EOPNOTSUPP);
		assert_int_equal(put_mode_at(&pipe, (mode_of("pipe") & ~07777u) | 04642) == 0 ||
				 errno == EOPNOTSUPP, 1);
		assert_int_equal(put_mode_at(&link, S_IFIFO | 0777), -1);
		assert_int_equal(errno, ESTALE);
		(void)!sys_mode_at(&link, 0777);
		assert_int_equal(mode_of("victim"), S_IFREG | 0600);
		assert_int_equal(unlinkat(dir, "pipe", 0), 0);
	}
}

static void specials_are_compared(void **state)
{
	struct place pipe = { dir, "fifo" }, link = { dir, "to-fifo" };
	int reader, fd;

	(void)state;
	assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
	assert_int_equal(symlinkat("fifo", dir, "to-fifo"), 0);
	assert_int_equal(sys_open_special(&pipe, S_IFIFO), -1);
	assert_int_equal(errno, ENXIO);
	reader = openat(dir, "fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	fd = sys_open_special(&pipe, S_IFIFO);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(sys_open_special(&link, S_IFIFO), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(sys_open_special(&pipe, S_IFCHR), -1);
	assert_int_equal(errno, EINVAL);
	close(reader);
}

static bool closes(int fd)
{
	return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

static void nothing_is_inherited(void **state)
{
	int ends[2], copy;

	(void)state;
	assert_int_equal(pipe_cloexec(ends, true), 0);
	assert_true(closes(ends[0]) && closes(ends[1]));
	assert_true(fcntl(ends[0], F_GETFL) & O_NONBLOCK);
	copy = dup_cloexec(ends[0], 50);
	assert_true(copy >= 50 && closes(copy));
	close(copy);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(socketpair_cloexec(SOCK_SEQPACKET, ends), 0);
	assert_true(closes(ends[0]) && closes(ends[1]));
	fcntl(ends[0], F_SETFD, 0);
	fcntl(ends[1], F_SETFD, 0);
	mark_cloexec(ends[0]);	/* this kernel marked them all: nothing to do */
	assert_false(closes(ends[0]));
	kernel_cannot(CAN_SET_CLOEXEC);
	mark_cloexec(ends[1]);
	assert_true(closes(ends[1]));
	assert_int_equal(closes(ends[0]), ends[0] > ends[1]);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_row_is_whole, forget),
		cmocka_unit_test_setup(times_to_the_microsecond, forget),
		cmocka_unit_test_setup(times_of_an_old_kernel, forget),
		cmocka_unit_test_setup(modes_without_following, forget),
		cmocka_unit_test_setup(specials_are_compared, forget),
		cmocka_unit_test_setup(nothing_is_inherited, forget),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, build, tear_down);
}
