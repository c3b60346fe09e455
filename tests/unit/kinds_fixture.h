/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world of the crash tests in a temporary folder, with its plan in a journal: for
 * the tests of kinds of steps.
 */
#ifndef VS2VZ_TESTS_KINDS_FIXTURE_H
#define VS2VZ_TESTS_KINDS_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../crash/snapshot.c"
#include "../crash/world.c"
#include "../crash/world_image.c"
#include "run/run.h"

#include <cmocka.h>

struct bench {
	char dir[256];
	struct root root;
	int state;
	struct pool pool;
	struct plan plan;
	struct work work;
	struct journal journal;
	struct buf before;
};

static struct err err;

/*
 * The file system of this run. A volume is looked for by its UUID on all devices of the
 * machine, on those of the same test of another build too.
 */
static inline const char *own_uuid(void)
{
	static char text[40];
	unsigned char r[6];

	if (!text[0] && getrandom(r, sizeof(r), 0) == sizeof(r))
		snprintf(text, sizeof(text), "6d9cdf3c-8d0b-4b56-9d1c-%02x%02x%02x%02x%02x%02x",
			 r[0], r[1], r[2], r[3], r[4], r[5]);
	return text;
}

static inline void good(int rc)
{
	if (rc < 0)
		fail_msg("%s", err.text);
}

static inline int up_with(void **state,
			  void (*make)(struct plan *p, const struct root *root, struct pool *pool))
{
	struct bench *b = calloc(1, sizeof(*b));
	const char *tmp = getenv("TMPDIR");

	snprintf(b->dir, sizeof(b->dir), "%s/vs2vz-kinds.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	*state = b;
	if (!mkdtemp(b->dir) || root_init(&b->root, b->dir, &err) < 0)
		return -1;
	world_build(b->root.fd);
	b->before = (struct buf)BUF_INIT;
	snapshot(&b->before, b->root.fd, WORLD_STATE, true);
	b->state = state_open(&b->root, WORLD_STATE, true, &err);
	if (b->state < 0)
		return -1;
	make(&b->plan, &b->root, &b->pool);
	if (journal_create(b->state, &b->plan, 1, &err) < 0 ||
	    journal_open(&b->journal, b->state, "guests/web", &err) < 0)
		return -1;
	work_init(&b->work, &b->root, b->journal.folder, &b->pool);
	b->work.threads = 1;
	b->work.steps = b->plan.step;
	b->work.nr_steps = b->plan.nr_steps;
	return 0;
}

static inline int up(void **state)
{
	return up_with(state, world_plan);
}

static inline int down(void **state)
{
	struct bench *b = *state;

	work_release(&b->work);
	journal_close(&b->journal);
	world_clear(b->root.fd);
	root_release(&b->root);
	close(b->state);
	rmdir(b->dir);
	buf_release(&b->before);
	pool_release(&b->pool);
	free(b);
	return 0;
}

static inline void forward(struct bench *b)
{
	good(run_forward(&b->journal, &b->work, &err));
}

static inline void back_to_the_start(struct bench *b)
{
	struct buf CLEANUP_BUF now = BUF_INIT;

	good(run_back(&b->journal, &b->work, &err));
	snapshot(&now, b->root.fd, WORLD_STATE, true);
	if (strcmp(b->before.data, now.data) != 0) {
		snapshot_diff(b->before.data, now.data, 10);
		fail_msg("undo is not exact");
	}
}

static inline void change(struct bench *b, const char *path, const char *text)
{
	int fd = openat(b->root.fd, path, O_WRONLY | O_TRUNC | O_CREAT, 0644);

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static inline void expect_kept(const struct bench *b, const char *path, const char *why)
{
	for (size_t i = 0; i < b->work.nr_kept; i++)
		if (strcmp(b->work.kept[i].path, path) == 0 && strstr(b->work.kept[i].why, why))
			return;
	fail_msg("'%s' is not listed as kept", path);
}

static inline struct stat look_at(const struct bench *b, const char *path)
{
	struct stat st;

	if (fstatat(b->root.fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("no '%s'", path);
	return st;
}

#endif
