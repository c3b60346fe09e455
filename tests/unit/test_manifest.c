/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Manifests: what is written is found again, whatever the number of threads; every kind
 * of change of one object is told, by its path; a damaged file is none.
 */
#include "step/manifest.h"

#include <setjmp.h>

#include "base/inroot.h"
#include "base/survey.h"
#include "model/finding_ids.h"
#include "step/manifest_inside.h"
#include "tree_fixture.h"

#include <cmocka.h>

static struct err err;
static struct manifest_counts counts;
static struct buf said = BUF_INIT;

static void clear_tree(const char *path)
{
	char cmd[200];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", path);
	assert_int_equal(system(cmd), 0);
}

static void say(void *ctx, const char *path, const char *what)
{
	(void)ctx;
	buf_addf(&said, "%s: %s\n", path, what);
}

static void good(int rc)
{
	if (rc < 0)
		fail_msg("%s", err.text);
}

static int folder(void)
{
	return dir_fd("journal");
}

static void write_manifest(const char *tree, unsigned threads)
{
	int in = folder(), fd = dir_fd(tree);
	const struct place at = { in, "manifest.1" };

	good(manifest_of_tree(&at, fd, threads, false, &err));
	close(fd);
	close(in);
}

static int64_t compare_with(const char *tree, const struct manifest_options *opt)
{
	int in = folder(), fd = dir_fd(tree);
	int64_t nr;

	buf_clear(&said);
	nr = manifest_compare(in, "manifest.1", fd, opt, say, NULL, &counts, &err);
	close(fd);
	close(in);
	return nr;
}

static int64_t compare(const char *tree)
{
	return compare_with(tree, &(struct manifest_options){ .state = MANIFEST_DONE, .threads = 4 });
}

/* Some of everything, and a directory that several threads share. */
static void build(const char *tree)
{
	char path[300];

	MUST(mkdir(tree, 0755));
	snprintf(path, sizeof(path), "%s/bin", tree);
	MUST(mkdir(path, 0755));
	snprintf(path, sizeof(path), "%s/bin/su", tree);
	puts_to(path, "set-uid");
	MUST(chmod(path, 04755));
	snprintf(path, sizeof(path), "%s/bin/link", tree);
	MUST(symlink("su", path));
	snprintf(path, sizeof(path), "%s/bin/fifo", tree);
	MUST(mkfifo(path, 0600));
	snprintf(path, sizeof(path), "%s/many", tree);
	MUST(mkdir(path, 01777));
	for (int i = 0; i < 3000; i++) {
		snprintf(path, sizeof(path), "%s/many/%d-\xff name", tree, i);
		puts_to(path, "x");
	}
	snprintf(path, sizeof(path), "%s/empty", tree);
	MUST(mkdir(path, 0700));
	snprintf(path, sizeof(path), "%s/deep", tree);
	for (int i = 0; i < 40; i++) {
		MUST(mkdir(path, 0755));
		strcat(path, "/d");
	}
}

static int up(void **state)
{
	(void)state;
	MUST(mkdir("journal", 0700));
	build("tree");
	return 0;
}

static int down(void **state)
{
	(void)state;
	clear_tree("tree");
	clear_tree("journal");
	return 0;
}

static void equal_trees(void **state)
{
	(void)state;
	for (unsigned threads = 1; threads < 9; threads += 3) {
		write_manifest("tree", threads);
		good((int)compare("tree"));
		assert_string_equal(said.data, "");
		assert_int_equal(counts.compared, 3000 + 40 + 7);
		assert_int_equal(counts.recorded, counts.compared);
		assert_int_equal(counts.differing + counts.missing + counts.extra, 0);
	}
}

/* The survey tells of every name that a walk of its own sees, and counts as it did. */
static void also(void *ctx, const struct walk_dir *dir, struct walk_entry *v, size_t nr)
{
	manifest_batch(ctx, dir, v, nr);
}

static void written_by_the_survey(void **state)
{
	int in = folder(), fd = dir_fd("tree");
	const struct place at = { in, "manifest.1" };
	struct manifest_writer *w = manifest_begin(&at, &err);
	const struct survey_also both = { also, w };
	const struct survey_options opt = { .threads = 4, .also = &both }, plain = { .threads = 4 };
	struct survey survey, alone;
	struct stat root;

	(void)state;
	assert_non_null(w);
	good(survey_tree(&survey, fd, &opt, &err));
	good(survey_tree(&alone, fd, &plain, &err));
	assert_true(hash_equal(survey.fingerprint, alone.fingerprint));
	assert_int_equal(survey.names, alone.names);
	assert_int_equal(fstat(fd, &root), 0);
	good(manifest_end(w, &root, true, &err));
	assert_int_equal(compare("tree"), 0);
	assert_int_equal(counts.recorded, survey.names);
	survey_release(&survey);
	survey_release(&alone);
	close(in);
	close(fd);
}

/* What is done, who is named for it, and by what word. */
static const struct change {
	const char *what, *path, *word;
	void (*change)(void);
} changes[];

static void set_back(const char *path, const struct stat *was)
{
	const struct timespec times[2] = { was->st_atim, was->st_mtim };

	MUST(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
}

static void one_byte(void)
{
	struct stat st;
	int fd;

	MUST(stat("tree/bin/su", &st));
	fd = open("tree/bin/su", O_WRONLY);
	MUST(fd);
	MUST(pwrite(fd, "S", 1, 0));
	close(fd);
	MUST(chmod("tree/bin/su", 04755));
	set_back("tree/bin/su", &st);
}
static void attribute(void)
{
	MUST(setxattr("tree/bin/su", "user.new", "x", 1, 0));
}
static void mode(void)
{
	MUST(chmod("tree/bin/fifo", 0666));
}
static void mode_and_back(void)
{
	MUST(chmod("tree/bin/fifo", 0666));
	MUST(chmod("tree/bin/fifo", 0600));
}
static void grown(void)
{
	puts_to("tree/many/1500-\xff name", "xx");
}
static void new_name(void)
{
	puts_to("tree/empty/new", "");
}
static void new_tree(void)
{
	MUST(mkdir("tree/empty/new", 0755));
	puts_to("tree/empty/new/below", "");
}
static void gone(void)
{
	MUST(unlink("tree/many/2999-\xff name"));
}
static void gone_dir(void)
{
	MUST(rmdir("tree/empty"));
}
static void another_dir(void)
{
	MUST(rename("tree/empty", "tree/moved"));
	MUST(mkdir("tree/empty", 0700));
	puts_to("tree/empty/in", "");
}
static void another_type(void)
{
	MUST(unlink("tree/bin/fifo"));
	MUST(symlink("fifo", "tree/bin/fifo"));
}
static void another_link(void)
{
	MUST(link("tree/bin/su", "tree/many/su"));
}
static void another_target(void)
{
	struct stat st;

	MUST(lstat("tree/bin/link", &st));
	MUST(unlink("tree/bin/link"));
	MUST(symlink("us", "tree/bin/link"));
	set_back("tree/bin/link", &st);
}
static void time_back(void)
{
	struct timespec times[2] = { { 5, 0 }, { -5, 7 } };

	MUST(utimensat(AT_FDCWD, "tree/deep/d/d", times, 0));
}
static void root_mode(void)
{
	MUST(chmod("tree", 0700));
}

static const struct change changes[] = {
	{ "a byte of a set-uid file, its mtime set back", "bin/su", MANIFEST_CTIME, one_byte },
	{ "an attribute", "bin/su", MANIFEST_CTIME, attribute },
	{ "a mode", "bin/fifo", "mode", mode },
	{ "a mode and back", "bin/fifo", MANIFEST_CTIME, mode_and_back },
	{ "a size", "many/1500-\xff name", "size", grown },
	{ "a new name", "empty/new", MANIFEST_EXTRA, new_name },
	{ "a new name's directory", "empty", MANIFEST_NAMES, new_name },
	{ "a new directory", "empty/new", MANIFEST_EXTRA, new_tree },
	{ "a name that is gone", "many/2999-\xff name", MANIFEST_MISSING, gone },
	{ "a directory that is gone", "empty", MANIFEST_MISSING, gone_dir },
	{ "another directory", "empty", "another object of this name", another_dir },
	{ "another type", "bin/fifo", "type", another_type },
	{ "one more name", "bin/su", "number of names", another_link },
	{ "another target", "bin/link", NULL, another_target },
	{ "a time", "deep/d/d", MANIFEST_NAMES, time_back },
	{ "the root's mode", ".", "mode", root_mode },
};

static void every_change_is_told(void **state)
{
	char line[400];

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const struct change *c = &changes[i];

		write_manifest("tree", 4);
		c->change();
		if (compare("tree") <= 0)
			fail_msg("%s was not found: %s", c->what, err.text);
		snprintf(line, sizeof(line), "%s: %s", c->path, c->word ? c->word : "");
		if (!strstr(said.data, line))
			fail_msg("%s: '%s' is not said in:\n%s", c->what, line, said.data);
		assert_null(strstr(said.data, "new/below"));
		down(state);
		up(state);
	}
}

/* What the steps of the plan change is looked at again; both states can be told. */
static void two_states(void **state)
{
	const struct manifest_options found = { .state = MANIFEST_FOUND };
	struct manifest_file f;
	struct manifest_writer *w;
	struct manifest_block b;
	struct stat st;
	int in = folder();
	bool done;

	(void)state;
	write_manifest("tree", 1);
	good(manifest_is_done(&done, in, "manifest.1", &err));
	assert_false(done);
	MUST(link("tree/bin/su", "tree/bin/old"));
	MUST(unlink("tree/bin/su"));
	puts_to("tree/bin/su", "another");
	good(manifest_file_open(&f, in, "manifest.1", &err));
	for (int i = 0; i < 2; i++) {	/* the second time in place of the first */
		w = manifest_again(&(struct place){ in, "manifest.1" }, &f, &err);
		assert_non_null(w);
		manifest_block_begin(&b, manifest_key(0, "bin"));
		MUST(lstat("tree/bin/su", &st));
		manifest_block_add(&b, "su", &st);
		MUST(lstat("tree/bin/old", &st));
		manifest_block_add(&b, "old", &st);
		manifest_block_end(&b, w);
		manifest_block_begin(&b, 0);
		MUST(lstat("tree/bin", &st));
		manifest_block_add(&b, "bin", &st);
		manifest_block_end(&b, w);
		MUST(lstat("tree", &st));
		good(manifest_end(w, &st, false, &err));
	}
	manifest_file_close(&f);
	good(manifest_is_done(&done, in, "manifest.1", &err));
	assert_true(done);
	assert_int_equal(compare("tree"), 0);
	assert_true(compare_with("tree", &found) > 0);
	assert_non_null(strstr(said.data, "bin/old: new"));
	assert_non_null(strstr(said.data, "bin/su: another object"));
	/* And back: ctimes of what the steps changed do not count, those of others do. */
	MUST(lstat("tree/bin/old", &st));
	MUST(rename("tree/bin/old", "tree/bin/su"));
	compare_with("tree", &found);
	assert_string_equal(said.data, "bin: " MANIFEST_NAMES "\n");
	MUST(chmod("tree/many", 01755));
	compare_with("tree", &found);
	if (!strstr(said.data, "many: " MANIFEST_CTIME))
		fail_msg("%s", said.data);
	close(in);
}

/* Each byte of it: the file is damaged, or (the last state) cut. */
static void every_byte_counts(void **state)
{
	struct buf bytes = BUF_INIT;
	struct root root = { folder(), "" };
	int fd;

	(void)state;
	clear_tree("tree");
	MUST(mkdir("tree", 0755));
	MUST(mkdir("tree/a", 0755));
	puts_to("tree/a/b", "x");
	write_manifest("tree", 1);
	assert_int_equal(compare("tree"), 0);
	good(root_read(&root, "manifest.1", 1 << 20, &bytes, &err));
	for (size_t i = 0; i < bytes.len; i++) {
		char odd = (char)(bytes.data[i] ^ 1);

		fd = openat(root.fd, "manifest.1", O_WRONLY);
		MUST(pwrite(fd, &odd, 1, (off_t)i));
		if (compare("tree") != -1 || err.code != VS_JOURNAL_DAMAGED)
			fail_msg("byte %zu of %zu", i, bytes.len);
		MUST(pwrite(fd, &bytes.data[i], 1, (off_t)i));
		close(fd);
	}
	for (size_t i = bytes.len; i-- > 0;) {
		fd = openat(root.fd, "manifest.1", O_WRONLY);
		MUST(ftruncate(fd, (off_t)i));
		close(fd);
		assert_int_equal(compare("tree"), -1);
		assert_int_equal(err.code, VS_JOURNAL_DAMAGED);
	}
	MUST(unlinkat(root.fd, "manifest.1", 0));
	assert_int_equal(compare("tree"), -1);
	assert_int_equal(err.code, ENOENT);
	buf_release(&bytes);
	close(root.fd);
}

static unsigned same_seen;

static int same(void *ctx, const struct walk_dir *dir, const char *name, const struct stat *st,
		struct err *e)
{
	(void)ctx;
	(void)dir;
	__atomic_add_fetch(&same_seen, S_ISREG(st->st_mode), __ATOMIC_RELAXED);
	return strcmp(name, "7-\xff name") == 0 && st->st_size == 2 ? fail_code(e, EIO, "as asked") : 0;
}

/* Those that are the same are handed on, the others are not. */
static void the_same_are_handed_on(void **state)
{
	const struct manifest_options opt = { .state = MANIFEST_DONE, .threads = 4, .same = same };

	(void)state;
	write_manifest("tree", 4);
	same_seen = 0;
	assert_int_equal(compare_with("tree", &opt), 0);
	assert_int_equal(same_seen, 3001);
	puts_to("tree/many/9-\xff name", "other");
	same_seen = 0;
	assert_true(compare_with("tree", &opt) > 0);
	assert_int_equal(same_seen, 3000);
	puts_to("tree/many/7-\xff name", "xy");
	write_manifest("tree", 4);
	assert_int_equal(compare_with("tree", &opt), -1);
	assert_int_equal(err.code, EIO);
}

/* Shared with other trees: their conversion changes what is seen of an inode here. */
static void shared_inodes(void **state)
{
	const struct manifest_options opt = { .state = MANIFEST_FOUND, .shared = true };

	(void)state;
	MUST(link("tree/bin/su", "journal/elsewhere"));
	write_manifest("tree", 1);
	MUST(unlink("journal/elsewhere"));
	assert_int_equal(compare_with("tree", &opt), 0);
	assert_true(counts.unwitnessed > 0);
	assert_int_equal(compare("tree"), 1);
	MUST(chmod("tree/bin/su", 0755));
	assert_int_equal(compare_with("tree", &opt), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(equal_trees, up, down),
		cmocka_unit_test_setup_teardown(written_by_the_survey, up, down),
		cmocka_unit_test_setup_teardown(every_change_is_told, up, down),
		cmocka_unit_test_setup_teardown(two_states, up, down),
		cmocka_unit_test_setup_teardown(every_byte_counts, up, down),
		cmocka_unit_test_setup_teardown(the_same_are_handed_on, up, down),
		cmocka_unit_test_setup_teardown(shared_inodes, up, down),
	};
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	tree_base_make(NULL);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	tree_base_remove();
	buf_release(&said);
	return failed;
}
