/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the survey says of VServer's marks: owners that carry a tag, hidden flags on a
 * real file system, names outside the tree.
 */
#include "base/survey.h"

#include <linux/fs.h>
#include <setjmp.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>

#include "base/compat.h"
#include "base/fsinfo.h"
#include "base/hidden.h"
#include "base/inroot.h"
#include "base/sharing.h"
#include "ext_fixture.h"

#include <cmocka.h>

static void survey(struct survey *s, const char *dir, const struct survey_options *opt)
{
	struct err err = { 0 };
	int fd = dir_fd(dir);

	if (survey_tree(s, fd, opt, &err) < 0) {
		fprintf(stderr, "# %s\n", err.text);
		exit(99);
	}
	close(fd);
}

/* How many inodes of a survey a method reads as carrying the tag: what deciding does. */
static uint64_t carry(const struct survey *s, enum tagging method, uint32_t tag)
{
	uint64_t nr = 0;

	for (unsigned i = 0; i < s->nr_halves; i++) {
		struct owner o = { (uint32_t)s->half[i].uid << 16, (uint32_t)s->half[i].gid << 16 };

		nr += tag_of(method, o) == tag ? s->half[i].inodes : 0;
	}
	return nr;
}

static void chown_tagged(const char *path, enum tagging method, uint32_t tag, uint32_t uid,
			 uint32_t gid)
{
	struct owner o = tag_put(method, tag, (struct owner){ uid, gid });

	MUST(lchown(path, o.uid, o.gid));
}

/* Each method finds its own inodes in the halves, and all inodes are in them. */
static void owner_halves(void **state)
{
	static const enum tagging methods[] = { TAGGING_UID16, TAGGING_GID16, TAGGING_ID24 };
	const struct survey_options opt = { .threads = 2 };

	(void)state;
	if (geteuid() != 0)
		skip();
	MUST(mkdir("own", 0755));
	for (int i = 0; i < 30; i++) {
		char path[40];

		snprintf(path, sizeof(path), "own/f%d", i);
		puts_to(path, "");
	}
	for (size_t m = 0; m < 3; m++) {
		uint64_t sum = 0;
		struct survey s;

		for (uint32_t i = 0; i < 30; i++) {
			char path[40];

			snprintf(path, sizeof(path), "own/f%u", i);
			chown_tagged(path, methods[m], i < 20 ? 0x0412 : i < 25 ? 300 : 0, i, 1000 + i);
		}
		survey(&s, "own", &opt);
		assert_int_equal(carry(&s, methods[m], 0x0412), 20);
		assert_int_equal(carry(&s, methods[m], 300), 5);
		assert_int_equal(carry(&s, methods[m], 0), 6);
		assert_int_equal(s.nr_halves, 3);
		assert_int_equal(s.half[0].inodes, 20);
		assert_int_equal(s.high_ids, 25);
		assert_int_equal(s.lost_ids + s.nobody_ids + s.halves_more, 0);
		for (unsigned i = 0; i < s.nr_halves; i++)
			sum += s.half[i].inodes;
		assert_int_equal(sum, s.inodes);
		survey_release(&s);
	}
}

/* What was cut by VServer, and what may be nobody's own. */
static void lost_owners(void **state)
{
	const struct survey_options opt = { .threads = 1 };
	struct survey s;

	(void)state;
	if (geteuid() != 0)
		skip();
	chown_tagged("own/f0", TAGGING_ID24, 300, 0xFFFFFE, 5);
	chown_tagged("own/f1", TAGGING_ID24, 5, 0xFFFFFE, 5);	/* the tag is in the group alone */
	chown_tagged("own/f2", TAGGING_ID24, 300, 65534, 65534);
	chown_tagged("own/f3", TAGGING_UID16, 300, 65534, 65534);
	chown_tagged("own/f4", TAGGING_GID16, 300, 0, 65534);
	MUST(lchown("own/f5", 65534, 65534));
	MUST(lchown("own/f6", 0xFFFFFE, 0));
	survey(&s, "own", &opt);
	assert_int_equal(s.lost_ids, 2);
	assert_int_equal(s.nobody_ids, 4);
	survey_release(&s);
}

/* More pairs than there is room: the frequent ones stay, none is lost from the sum. */
static void many_owners(void **state)
{
	const struct survey_options opt = { .threads = 2 };
	uint64_t sum = 0;
	struct survey s;

	(void)state;
	if (geteuid() != 0)
		skip();
	MUST(mkdir("many", 0755));
	for (uint32_t i = 0; i < 3000; i++) {
		char path[40];

		snprintf(path, sizeof(path), "many/f%u", i);
		puts_to(path, "");
		MUST(lchown(path, i % 5 ? (i + 1) << 16 : 7u << 16, i % 5 ? i << 16 : 9u << 16));
	}
	survey(&s, "many", &opt);
	assert_int_equal(s.nr_halves, OWNER_HALVES);
	assert_int_equal(s.half[0].inodes, 600);
	assert_int_equal(s.half[0].uid, 7);
	assert_int_equal(s.half[0].gid, 9);
	for (unsigned i = 0; i < s.nr_halves; i++)
		sum += s.half[i].inodes;
	assert_int_equal(sum + s.halves_more, s.inodes);
	survey_release(&s);
}

/* Inodes with names outside, told to the one who joins. */
static void outside(void **state)
{
	struct sharing *sharing = sharing_new();
	struct survey_options opt = { .threads = 2, .sharing = sharing };
	struct pool pool = POOL_INIT;
	struct sharers with;
	struct survey s;

	(void)state;
	MUST(mkdir("other", 0755));
	MUST(mkdir("t", 0755));
	puts_to("t/shared", "123");
	MUST(link("t/shared", "other/name"));
	MUST(link("t/shared", "elsewhere"));
	opt.tree = sharing_tree(sharing, "t", false);
	survey(&s, "t", &opt);
	assert_int_equal(s.outside_inodes, 1);
	assert_int_equal(s.outside_readonly, 0);
	assert_int_equal(s.outside_writable_bytes, s.outside_bytes);
	survey_release(&s);
	opt.tree = sharing_tree(sharing, "other", true);
	survey(&s, "other", &opt);
	survey_release(&s);
	sharing_join(sharing);
	sharing_of(sharing, 0, &with, &pool);
	assert_int_equal(with.guests, 0);
	assert_int_equal(with.stores, 1);
	assert_int_equal(with.unknown, 1);
	assert_int_equal(with.nr, 1);
	assert_string_equal(with.name[0], "other");
	sharing_free(sharing);
	pool_release(&pool);
}

/* ---- hidden flags on a real file system */

static void mark_disk(void)
{
	static const char *const files[] = {
		"unified", "old", "inert", "own", "plain", "cow", "shared", "writable",
	};
	char path[40];

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "disk/t/%s", files[i]);
		puts_to(path, "12345");
	}
	MUST(mkdir("disk/t/barrier", 0755));
	MUST(mkdir("disk/t/closed", 0));
	MUST(link("disk/t/shared", "disk/store-1"));
	MUST(link("disk/t/shared", "disk/t/shared-too"));
	MUST(link("disk/t/writable", "disk/store-2"));
	ext_off();
	ext_debug("sif /t/unified flags 0x08080010");
	ext_debug("sif /t/old flags 0x00088010");
	ext_debug("sif /t/inert flags 0x08080000");
	ext_debug("sif /t/own flags 0x00080010");
	ext_debug("sif /t/cow flags 0x28080000");
	ext_debug("sif /t/shared flags 0x08080010");
	ext_debug("sif /t/barrier flags 0x04080000");
	ext_debug("sif /t/closed flags 0x00088000");
	ext_debug("sif /t/plain checksum 49153");
	ext_debug("sif /t/own checksum 300");
	ext_debug("sif /t/cow checksum 300");
	ext_on();
}

static void check_marks(const struct survey *s)
{
	assert_true(s->hidden_known);
	assert_null(s->hidden_why);
	assert_int_equal(s->unified, 3);
	assert_int_equal(s->unlink_only, 2);
	assert_int_equal(s->barrier, 2);
	assert_int_equal(s->cow, 1);
	assert_int_equal(s->intern, 0);
	assert_int_equal(s->cookies, 3);
	assert_int_equal(s->nr_cookies, 2);
	assert_int_equal(s->cookie[0].word, 300);
	assert_int_equal(s->cookie[0].inodes, 2);
	assert_int_equal(s->cookie[1].word, 49153);
	assert_int_equal(s->immutable, 4);
	assert_int_equal(s->immutable_files, 4);
	assert_int_equal(s->outside_inodes, 2);
	assert_int_equal(s->outside_readonly, 1);
	assert_true(s->outside_writable_bytes > 0 && s->outside_writable_bytes < s->outside_bytes);
}

static void open_device(struct survey_options *opt)
{
	struct pool pool = POOL_INIT;
	char *cwd = getcwd(NULL, 0);
	int fd = dir_fd("disk");
	struct fsinfo fs;
	struct root root;
	struct err err;

	assert_int_equal(root_init(&root, cwd, &err), 0);
	assert_int_equal(fsinfo_read(&fs, &root, "/disk", &pool, &err), 0);
	assert_int_equal(hidden_open(&opt->hidden, fd, fs.type, fs.source, &opt->hidden_why, &err), 0);
	assert_non_null(opt->hidden);
	close(fd);
	root_release(&root);
	pool_release(&pool);
	free(cwd);
}

/* Was a file (no directory) opened below the watched directory? */
static bool file_opened(int watch)
{
	_Alignas(struct inotify_event) char events[65536];
	ssize_t len = read(watch, events, sizeof(events));

	for (ssize_t at = 0; at < len;) {
		const struct inotify_event *e = (const void *)(events + at);

		if (!(e->mask & IN_ISDIR))
			return true;
		at += (ssize_t)(sizeof(*e) + e->len);
	}
	return false;
}

/*
 * The program again, in the same folder: the device tells what an old kernel does not,
 * and no file has to be opened for it.
 */
static int marks_of_old_kernel(void)
{
	struct survey_options opt = { .threads = 2 };
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct survey s;

	MUST(watch);
	kernel_cannot(CAN_STATX);
	MUST(inotify_add_watch(watch, "disk/t", IN_OPEN));
	open_device(&opt);
	survey(&s, "disk/t", &opt);
	check_marks(&s);
	assert_false(file_opened(watch));
	close(watch);
	hidden_close(opt.hidden);
	survey_release(&s);
	return 0;
}

static void marks(void **state)
{
	static const char *const again[] = { "/proc/self/exe", "old-kernel", NULL };
	struct survey_options opt = { .threads = 2 };
	struct survey s;

	(void)state;
	if (!ext_make("ext4", "-O", "^metadata_csum,^64bit"))
		skip();
	MUST(mkdir("disk/t", 0755));
	mark_disk();
	open_device(&opt);
	survey(&s, "disk/t", &opt);
	check_marks(&s);
	survey_release(&s);
	assert_true(ext_run(again));
	hidden_close(opt.hidden);
	opt.hidden = NULL;
	opt.hidden_why = "not today";
	survey(&s, "disk/t", &opt);
	assert_false(s.hidden_known);
	assert_string_equal(s.hidden_why, "not today");
	assert_int_equal(s.unified + s.barrier + s.cookies, 0);
	assert_int_equal(s.immutable, 4);
	survey_release(&s);
	ext_remove();
}

static bool set_immutable(const char *path, bool on)
{
	int fd = open(path, O_RDONLY), word = on ? FS_IMMUTABLE_FL : 0, rc;

	MUST(fd);
	rc = ioctl(fd, FS_IOC_SETFLAGS, &word);
	close(fd);
	return rc == 0;
}

/* Where the device is not that of the tree, what matters is unknown. */
static void foreign_device(void **state)
{
	struct survey_options opt = { .threads = 1 };
	struct survey s;

	(void)state;
	if (!ext_make("ext4", "-I", "256"))
		skip();
	open_device(&opt);
	MUST(mkdir("elsewhere-too", 0755));
	puts_to("elsewhere-too/locked", "");
	survey(&s, "elsewhere-too", &opt);
	assert_int_equal(s.unified, 0);
	survey_release(&s);
	if (set_immutable("elsewhere-too/locked", true)) {
		survey(&s, "elsewhere-too", &opt);
		set_immutable("elsewhere-too/locked", false);
		assert_false(s.hidden_known);
		assert_non_null(s.hidden_why);
		assert_int_equal(s.immutable, 1);
		survey_release(&s);
	}
	hidden_close(opt.hidden);
	ext_remove();
}

static int build(void **state)
{
	(void)state;
	tree_base_make(NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	ext_leave();
	tree_base_remove();
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(owner_halves),
		cmocka_unit_test(lost_owners),
		cmocka_unit_test(many_owners),
		cmocka_unit_test(outside),
		cmocka_unit_test(marks),
		cmocka_unit_test(foreign_device),
	};

	(void)argv;
	if (argc > 1)
		return marks_of_old_kernel();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, build, tear_down);
}
