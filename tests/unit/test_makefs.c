/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * File systems on devices: what the step takes, what it leaves alone, what undo does
 * when the container wrote into it. The laws on an image file are in test_kinds.c. Then
 * the sizes that the planner promises. Loop devices: needs root.
 */
#include "kinds_fixture.h"

#include <sys/mount.h>

#include "step/image.h"
#include "step/mounted.h"

#define NEED_ROOT() do { if (geteuid() != 0) skip(); } while (0)
#define OLD "11111111-2222-4333-8444-555555555555"

static char loop[64], image[300];
static const char *type = "ext4", *overwrite;

static bool shell(const char *fmt, ...) PRINTF_LIKE(1, 2);
static bool shell(const char *fmt, ...)
{
	char command[900] = "exec >/dev/null 2>&1; ";
	size_t len = strlen(command);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command + len, sizeof(command) - len, fmt, ap);
	va_end(ap);
	return system(command) == 0;
}

static void plan_device(struct plan *p, const struct root *root, struct pool *pool)
{
	struct step *s;

	*p = (struct plan){ .scope = "guest", .guest = "web", .ctid = 348 };
	s = plan_step(p, pool, "makefs");
	step_arg(s, pool, "at", loop);
	add_source(s, pool, root, "/vservers/cop", "/vz/private/346");
	step_arg(s, pool, "uuid", own_uuid());
	step_arg(s, pool, "label", "ct346");
	step_arg(s, pool, "type", type);
	step_arg(s, pool, "bytes", "16777216");
	step_arg(s, pool, "inodes", "64");
	step_arg(s, pool, "reserve", "5");
	if (overwrite)
		step_arg(s, pool, "overwrite", overwrite);
	s = plan_step(p, pool, "retire");
	add_source(s, pool, root, "/vservers/cop", "/vservers/.cop.vs2vz-retired");
}

static int up_device(void **state)
{
	FILE *f;

	overwrite = NULL;
	type = "ext4";
	if (geteuid() != 0)
		return 0;
	snprintf(image, sizeof(image), "/var/tmp/vs2vz-makefs.%d", (int)getpid());
	if (!shell("truncate -s 16M %s", image))
		return -1;
	f = popen("losetup -f", "r");
	if (f)
		pclose(f);
	snprintf(loop, sizeof(loop), "losetup -f --show %.40s", image);
	f = popen(loop, "r");
	if (!f || !fgets(loop, sizeof(loop), f) || pclose(f) != 0)
		return -1;
	loop[strcspn(loop, "\n")] = '\0';
	return up_with(state, plan_device);
}

static int down_device(void **state)
{
	int rc = geteuid() == 0 ? down(state) : 0;

	if (loop[0] && geteuid() == 0)
		/* Who looks at all loop devices at that moment keeps one for as long. */
		shell("losetup -d %s; for i in $(seq 200); do losetup %s || break; sleep .05; "
		      "done; rm -f %s %s.*", loop, loop, image, image);
	return rc;
}

/* The plan again, with what the test has chosen. */
static void again(struct bench *b)
{
	b->plan.nr_steps = b->plan.cap_steps = 0;
	plan_device(&b->plan, &b->root, &b->pool);
	b->work.steps = b->plan.step;
	b->work.nr_steps = b->plan.nr_steps;
}

static const struct step *step_of(const struct bench *b)
{
	return &b->plan.step[0];
}

static void stands(struct bench *b, enum standing want)
{
	enum standing now;

	good(step_of(b)->kind->guard(step_of(b), &b->work, &now, &err));
	if (now != want)
		fail_msg("stands at %d, not at %d: %s", now, want, err.text);
}

static int apply(struct bench *b)
{
	return step_of(b)->kind->apply(step_of(b), &b->work, &err);
}

static int undo(struct bench *b)
{
	b->work.ran = true;
	return step_of(b)->kind->undo(step_of(b), &b->work, &err);
}

static void a_blank_device_is_filled_and_wiped(void **state)
{
	static const char *const types[] = { "ext3", "ext4" };
	struct bench *b = *state;

	NEED_ROOT();
	for (size_t i = 0; i < 2; i++) {
		type = types[i];
		again(b);
		stands(b, STANDS_BEFORE);
		good(undo(b));
		good(apply(b));
		stands(b, STANDS_AFTER);
		assert_true(shell("e2fsck -fn %s", loop));
		assert_true(shell("test $(blkid -p -o value -s LABEL %s) = ct346", loop));
		assert_true(shell("test $(blkid -p -o value -s UUID %s) = %s", loop, own_uuid()));
		assert_true(shell("cp %s %s.whole", image, image));
		good(apply(b));
		assert_true(shell("cmp %s %s.whole", image, image));
		good(step_of(b)->kind->may_undo(step_of(b), &b->work, &err));
		good(undo(b));
		stands(b, STANDS_BEFORE);
		assert_false(shell("blkid -p %s", loop));
		good(undo(b));
	}
}

/* Not one byte of what is not ours, in either direction. */
static void what_is_there_is_not_touched(void **state)
{
	static const char *const makers[] = {
		"mke2fs -qF -t ext4 -U " OLD, "mkswap -U " OLD, "mkfs.xfs -qf -dsize=16m", "mkfs.btrfs -qf",
		"sh -c 'printf \"LUKS\\272\\276\\000\\001\" | dd conv=notrunc of=$0'",
	};
	struct bench *b = *state;
	enum standing now;

	NEED_ROOT();
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
		if (!shell("head -c 16M /dev/zero | dd of=%s conv=notrunc && %s %s", loop, makers[i], loop))
			continue;	/* this machine cannot make it */
		assert_true(shell("blockdev --flushbufs %s; cp %s %s.before", loop, image, image));
		good(step_of(b)->kind->guard(step_of(b), &b->work, &now, &err));
		assert_int_equal(now, STANDS_FOREIGN);
		assert_int_equal(apply(b), -1);
		assert_int_equal(err.code, ERR_FOREIGN);
		b->work.ran = false;
		good(step_of(b)->kind->undo(step_of(b), &b->work, &err));
		assert_int_equal(b->work.nr_kept, 0);
		assert_true(shell("blockdev --flushbufs %s; cmp %s %s.before", loop, image, image));
	}
}

static void only_what_was_named_goes(void **state)
{
	struct bench *b = *state;

	NEED_ROOT();
	assert_true(shell("mke2fs -qF -t ext4 -U " OLD " %s", loop));
	overwrite = "11111111-2222-4333-8444-555555555556";
	again(b);
	stands(b, STANDS_FOREIGN);
	assert_int_equal(apply(b), -1);
	assert_true(shell("e2fsck -fn %s", loop));
	overwrite = OLD;
	again(b);
	stands(b, STANDS_BEFORE);
	good(apply(b));
	stands(b, STANDS_AFTER);
	/* A second signature was not named. */
	good(undo(b));
	assert_true(shell("mke2fs -qF -t ext4 -U " OLD " %s && printf 'LUKS\\272\\276\\000\\001' | "
			  "dd of=%s conv=notrunc", loop, loop));
	stands(b, STANDS_FOREIGN);
}

static void a_device_in_use_is_refused(void **state)
{
	struct bench *b = *state;
	int fd;

	NEED_ROOT();
	fd = open(loop, O_RDONLY | O_EXCL | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(apply(b), -1);
	assert_int_equal(err.code, EBUSY);
	close(fd);
	good(apply(b));
	fd = open(loop, O_RDONLY | O_EXCL | O_CLOEXEC);
	assert_int_equal(undo(b), -1);
	assert_int_equal(err.code, EBUSY);
	close(fd);
	good(undo(b));
}

/* As it is found when the power went between the first superblock and the label. */
static void a_half_made_one_is_taken_again(void **state)
{
	struct bench *b = *state;

	NEED_ROOT();
	good(apply(b));
	assert_true(shell("e2label %s vs2vz-part && head -c 1M /dev/urandom | "
			  "dd of=%s bs=4096 seek=64 conv=notrunc && blockdev --flushbufs %s",
			  loop, loop, loop));
	stands(b, STANDS_BEFORE);
	good(apply(b));
	assert_true(shell("e2fsck -fn %s", loop));
	assert_true(shell("e2label %s vs2vz-part", loop));
	good(undo(b));
	assert_false(shell("blkid -p %s", loop));
}

static void write_inside(const struct bench *b)
{
	int fd = mounted_open(&b->root, loop, own_uuid(), VOLUME_WRITE, &err), out;

	if (fd < 0)
		fail_msg("%s", err.text);
	out = openat(fd, "written", O_WRONLY | O_CREAT, 0640);
	assert_true(out >= 0 && write(out, "by the container\n", 17) == 17);
	close(out);
	assert_int_equal(unlinkat(fd, "etc/passwd", 0), 0);
	close(fd);
}

static void what_the_container_wrote_is_not_lost(void **state)
{
	struct bench *b = *state;
	struct buf CLEANUP_BUF text = BUF_INIT;

	NEED_ROOT();
	good(apply(b));
	good(b->plan.step[1].kind->apply(&b->plan.step[1], &b->work, &err));
	write_inside(b);
	assert_int_equal(step_of(b)->kind->may_undo(step_of(b), &b->work, &err), -1);
	assert_int_equal(err.code, ERR_FOREIGN);
	assert_non_null(strstr(err.text, "written"));
	b->work.changed = CHANGED_BRING_BACK;
	good(step_of(b)->kind->may_undo(step_of(b), &b->work, &err));
	b->work.ran = true;
	good(b->plan.step[1].kind->undo(&b->plan.step[1], &b->work, &err));
	good(undo(b));
	good(root_read(&b->root, "/vservers/cop/written", 100, &text, &err));
	assert_string_equal(text.data, "by the container\n");
	assert_int_equal(faccessat(b->root.fd, "vservers/cop/etc/passwd", F_OK, 0), -1);
	assert_false(shell("blkid -p %s", loop));
}

static void or_left_behind_when_that_is_wanted(void **state)
{
	struct bench *b = *state;

	NEED_ROOT();
	good(apply(b));
	write_inside(b);
	b->work.changed = CHANGED_DISCARD;
	good(step_of(b)->kind->may_undo(step_of(b), &b->work, &err));
	good(undo(b));
	assert_int_equal(faccessat(b->root.fd, "vservers/cop/written", F_OK, 0), -1);
	assert_int_equal(faccessat(b->root.fd, "vservers/cop/etc/passwd", F_OK, 0), 0);
}

static void a_tiny_device_is_refused(void **state)
{
	struct bench *b = *state;
	struct image_options opt = { .label = "x", .bytes = 16 << 20, .sums = -1, .row = IMAGE_EXT4 };
	const struct tree_options tree = { .threads = 1 };
	struct tree_counts counts;
	int from, fd;

	NEED_ROOT();
	from = openat(b->root.fd, "vservers/cop", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = open(loop, O_RDWR | O_CLOEXEC);
	assert_true(from >= 0 && fd >= 0);
	opt.bytes = 512 << 10;
	assert_int_equal(image_make(from, fd, &opt, &tree, &counts, &err), -1);
	close(fd);
	close(from);
}

/* The promised size is enough, with the least that a tree can hold and with a little more. */
static void the_promised_size_is_enough(void **state)
{
	struct bench *b = *state;
	const struct tree_options tree = { .threads = 1 };
	struct image_options opt = { .label = "ct", .fresh = true, .reserve = 5, .sums = -1 };
	struct tree_counts counts;
	int from, fd;

	NEED_ROOT();
	from = openat(b->root.fd, "vservers/web", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (unsigned nr = 0; nr <= 2000; nr += 500) {
		struct survey s = { .inodes = 16 + nr, .bytes_used = 40960 + nr * 12288ull };
		char path[400];

		snprintf(path, sizeof(path), "%s.more", image);
		for (unsigned i = nr ? nr - 500 : 0; i < nr; i++) {
			char name[40];
			int out;

			snprintf(name, sizeof(name), "more-%u", i);
			out = openat(from, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
			assert_true(out >= 0 && ftruncate(out, 0) == 0);
			for (int k = 0; k < 3; k++)
				assert_int_equal(write(out, memset((char[4096]){ 0 }, 'x', 4096), 4096), 4096);
			close(out);
		}
		opt.row = nr % 1000 ? IMAGE_EXT3 : IMAGE_EXT4;
		opt.bytes = image_bytes_needed(&s, opt.row, 5, 0);
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		assert_true(fd >= 0 && ftruncate(fd, (off_t)opt.bytes) == 0);
		good(image_make(from, fd, &opt, &tree, &counts, &err));
		good(image_label(fd, "ct346", &err));
		close(fd);
		assert_true(shell("e2fsck -fn %s && test $(e2label %s) = ct346", path, path));
	}
	close(from);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up_device, down_device)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_blank_device_is_filled_and_wiped),
		TEST(what_is_there_is_not_touched),
		TEST(only_what_was_named_goes),
		TEST(a_device_in_use_is_refused),
		TEST(a_half_made_one_is_taken_again),
		TEST(what_the_container_wrote_is_not_lost),
		TEST(or_left_behind_when_that_is_wanted),
		TEST(a_tiny_device_is_refused),
		TEST(the_promised_size_is_enough),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
