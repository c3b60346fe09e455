/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each row of changes[] is made to a finished copy: the comparison must name it, the
 * verification must fail, and another copy must put it right.
 */
#include "step/tree.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/stop.h"
#include "tree_source.h"

static int write_quietly(const char *path, off_t at)
{
	struct stat st;

	MUST(stat(path, &st));
	put_at(path, at, "#");
	set_mtime(path, st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	return 0;
}

static int corrupt_small(void) { return write_quietly("dst/small", 17); }
static int corrupt_large(void) { return write_quietly("dst/large", 3400000); }
static int corrupt_hole(void) { return write_quietly("dst/sparse", 15000000); }
static int change_mode(void) { return chmod("dst/small", 0600); }
static int change_mtime(void) { set_mtime("dst/empty", 5, 5); return 0; }
static int change_dir_mtime(void) { set_mtime("dst/d/e", 5, 5); return 0; }
static int drop_file(void) { return unlink("dst/d/none/333"); }
static int add_file(void) { puts_to("dst/d/none/extra", "x"); return 0; }
static int truncate_file(void) { return truncate("dst/large", 5); }

static int add_tree(void)
{
	MUST(mkdir("dst/more", 0700));
	MUST(mkdir("dst/more/below", 0500));
	return symlink("/", "dst/more/root");
}

static int file_to_dir(void)
{
	MUST(unlink("dst/zeros"));
	MUST(mkdir("dst/zeros", 0755));
	puts_to("dst/zeros/x", "x");
	return 0;
}

static int dir_to_link(void)
{
	struct err err;

	MUST(empty("dst/d/none", &err));
	MUST(rmdir("dst/d/none"));
	return symlink("../../src", "dst/d/none");
}

static int other_target(void)
{
	MUST(unlink("dst/d/root"));
	MUST(symlink(".", "dst/d/root"));
	set_mtime("dst/d/root", 9, 9);
	return 0;
}

static int split_links(void)
{
	struct stat st;

	MUST(stat("dst/uno", &st));
	MUST(unlink("dst/uno"));
	puts_to("dst/uno", "one");
	if (xattrs)
		MUST(setxattr("dst/uno", "user.one", "1", 1, 0));
	MUST(chmod("dst/uno", st.st_mode & 07777));
	set_mtime("dst/uno", st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	return 0;
}

/* Two files that are alike in all but their inode become one. */
static int join_files(void)
{
	MUST(unlink("dst/d/none/0"));
	MUST(link("dst/d/none/30", "dst/d/none/0"));
	set_mtime("dst/d/none", 1, 1);
	return 0;
}

static int change_xattr(void)
{
	return xattrs ? setxattr("dst/d/e", "user.dir", "x", 1, 0) : chmod("dst/d/e", 0700);
}

static int add_xattr(void)
{
	return xattrs ? setxattr("dst/small", "user.more", "x", 1, 0) : chmod("dst/small", 0600);
}

static int remove_fifo(void)
{
	MUST(unlink("dst/fifo"));
	return mkdir("dst/fifo", 0640);
}

static const struct {
	const char *path;	/* one of the reported ones begins so */
	int (*make)(void);
} changes[] = {
	{ "small", corrupt_small },
	{ "large", corrupt_large },
	{ "sparse", corrupt_hole },
	{ "small", change_mode },
	{ "empty", change_mtime },
	{ "d/e", change_dir_mtime },
	{ "d/none/333", drop_file },
	{ "d/none/extra", add_file },
	{ "large", truncate_file },
	{ "more", add_tree },
	{ "zeros", file_to_dir },
	{ "d/none", dir_to_link },
	{ "d/root", other_target },
	{ "d/one", split_links },
	{ "d/none/", join_files },
	{ "d/e", change_xattr },
	{ "small", add_xattr },
	{ "fifo", remove_fifo },
};

struct search {
	const char *path;
	bool found;
};

static void note(void *ctx, const char *path, const char *what)
{
	struct search *s = ctx;

	assert_true(*what != '\0');
	s->found |= strncmp(path, s->path, strlen(s->path)) == 0;
}

static int64_t diff(const char *path, bool *found)
{
	struct search s = { path, false };
	int a = dir_fd("src"), b = dir_fd("dst");
	struct err err;
	int64_t nr = tree_diff(a, b, true, 1000, note, &s, &opt, &err);

	close(a);
	close(b);
	*found = s.found;
	return nr;
}

static void finds_and_repairs(void **state)
{
	struct err err;
	bool found;

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		MUST(changes[i].make());
		if (diff(changes[i].path, &found) < 1 || !found)
			fail_msg("change %zu (%s) was not reported", i, changes[i].path);
		if (verify("src", "dst", "sums", &err) == 0 || err.code != ERR_FOREIGN)
			fail_msg("change %zu (%s) was not found: %s", i, changes[i].path, err.text);
		/* Without records contents are compared, so quiet changes go as well. */
		copied("src", "dst", NULL);
		if (!same_trees("src", "dst") || diff("", &found) != 0)
			fail_msg("change %zu (%s) was not repaired", i, changes[i].path);
	}
}

static int build_copy(void **state)
{
	struct err err = { 0 };

	return build(state) < 0 ? -1 : copy("src", "dst", "sums", &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_and_repairs),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, build_copy, tear_down);
}
