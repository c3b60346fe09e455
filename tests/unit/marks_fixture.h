/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bench for the step kind "marks": a tree v/g beside a store v/hash in a temporary
 * folder, a journal folder, one step, and the state before for comparison.
 */
#ifndef VS2VZ_TESTS_MARKS_FIXTURE_H
#define VS2VZ_TESTS_MARKS_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../crash/snapshot.c"
#include "base/survey.h"
#include "step/kinds.h"
#include "step/marks_record.h"
#include "step/plan.h"

#include <cmocka.h>

#define MUST(call) do { if ((call) < 0) fail_msg("%s: %s", #call, strerror(errno)); } while (0)

struct bench {
	char dir[256];
	struct root root;
	struct pool pool;
	struct plan plan;
	struct work work;
	struct buf before;
	int folder;
};
static struct err err;
static struct bench b;

static void good(int rc)
{
	if (rc < 0)
		fail_msg("%s", err.text);
}

static int get_flags(const char *path)
{
	int fd = open(path, O_RDONLY), flags = 0;

	MUST(fd);
	ioctl(fd, FS_IOC_GETFLAGS, &flags);
	close(fd);
	return flags;
}

static void set_flags(const char *path, int flags)
{
	int fd = open(path, O_RDONLY);

	MUST(fd);
	MUST(ioctl(fd, FS_IOC_SETFLAGS, &flags));
	close(fd);
}

static void put(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	MUST(fd);
	MUST(write(fd, text, strlen(text)));
	MUST(fchmod(fd, mode));
	close(fd);
}

static struct stat look(const char *path)
{
	struct stat st;

	MUST(lstat(path, &st));
	return st;
}

static int up(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	memset(&b, 0, sizeof(b));
	b.before = (struct buf)BUF_INIT;
	snprintf(b.dir, sizeof(b.dir), "%s/vs2vz-marks.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(b.dir) || chdir(b.dir) < 0 || root_init(&b.root, b.dir, &err) < 0)
		return -1;
	MUST(mkdir("journal", 0700));
	MUST(mkdir("journal/before", 0700));
	MUST(mkdir("v", 0755));
	MUST(mkdir("v/g", 0755));
	MUST(mkdir("v/hash", 0700));
	b.folder = open("journal", O_RDONLY | O_DIRECTORY);
	work_init(&b.work, &b.root, b.folder, &b.pool);
	return 0;
}

static int down(void **state)
{
	char cmd[600];

	(void)state;
	snprintf(cmd, sizeof(cmd), "chattr -R -i -a '%s' 2>/dev/null; rm -rf '%s'", b.dir, b.dir);
	work_release(&b.work);
	root_release(&b.root);
	close(b.folder);
	buf_release(&b.before);
	pool_release(&b.pool);
	return chdir("/") < 0 || system(cmd) != 0 ? -1 : 0;
}

/* Old times for all; the state before. */
static void ready(void)
{
	if (system("find v -depth -exec touch -h -d '2008-02-03 04:05:06.123456789 UTC' {} +") != 0)
		fail_msg("no touch");
}

static void snap(void)
{
	int fd = open("v", O_RDONLY | O_DIRECTORY);

	MUST(fd);
	snapshot(&b.before, fd, "-", true);
	close(fd);
}

static void same_as_before(void)
{
	struct buf CLEANUP_BUF now = BUF_INIT;
	int fd = open("v", O_RDONLY | O_DIRECTORY);
	const char *was, *is;

	MUST(fd);
	snapshot(&now, fd, "-", true);
	close(fd);
	/* The directory of the holding folder is a times step's business. */
	was = b.before.data + strcspn(b.before.data, "\n");
	is = now.data + strcspn(now.data, "\n");
	if (strcmp(was, is) != 0) {
		snapshot_diff(was, is, 10);
		fail_msg("undo is not exact");
	}
}

static struct step *step_of(const char *tagging, const char *tags, const char *immutable,
			    const char *shared)
{
	struct step *s = plan_step(&b.plan, &b.pool, "marks");

	step_arg(s, &b.pool, "at", "/v/g");
	step_argf(s, &b.pool, "id", "-/%llu/-", (unsigned long long)look("v/g").st_ino);
	step_arg(s, &b.pool, "hold", "/v/.g.vs2vz-0000000000000000-held");
	if (tagging) {
		step_arg(s, &b.pool, "tagging", tagging);
		step_arg(s, &b.pool, "tags", tags);
	}
	if (immutable)
		step_arg(s, &b.pool, "immutable", immutable);
	if (shared)
		step_arg(s, &b.pool, "shared", shared);
	return s;
}

static void apply(struct step *s)
{
	enum standing now;

	good(s->kind->apply(s, &b.work, &err));
	good(s->kind->guard(s, &b.work, &now, &err));
	assert_int_equal(now, STANDS_AFTER);
}

static void undo(struct step *s)
{
	enum standing now;

	b.work.ran = true;
	good(s->kind->undo(s, &b.work, &err));
	good(work_sync_now(&b.work, &err));
	good(s->kind->guard(s, &b.work, &now, &err));
	assert_int_equal(now, STANDS_BEFORE);
	assert_int_equal(access("v/.g.vs2vz-0000000000000000-held", F_OK), -1);
	assert_int_equal(access("journal/marks.0", F_OK), -1);
}

static void needs_root(void)
{
	if (geteuid() != 0)
		skip();
}

#endif
