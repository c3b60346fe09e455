/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The laws of every kind of step, on a plan that holds them all: undo without apply is
 * harmless; apply twice is apply once; undo after apply is identity; undo twice is undo
 * once; guard tells where the step stands. Then what undo keeps, and what it refuses.
 */
#include "kinds_fixture.h"

#include "step/saved.h"
#include "step/source.h"

static int up_marks(void **state)
{
	return up_with(state, world_plan_marks);
}

static int up_image(void **state)
{
	return up_with(state, world_plan_image);
}

/* Times of directories are the business of the times steps. */
static void drop_dir_times(struct buf *shot)
{
	struct buf out = BUF_INIT;

	for (const char *at = shot->data; *at; at += strcspn(at, "\n") + 1) {
		size_t len = strcspn(at, "\n");
		const char *mode = memchr(at, ' ', len);

		if (mode && mode[1] == '4' && mode[6] == ' ')
			len = (size_t)(strchr(mode + 7, ' ') - at);
		buf_add(&out, at, len);
		buf_addch(&out, '\n');
	}
	buf_release(shot);
	*shot = out;
}

static void shoot(struct buf *out, const struct bench *b)
{
	snapshot(out, b->root.fd, WORLD_STATE, true);
	drop_dir_times(out);
}

static void same(const struct buf *want, const struct bench *b, const struct step *s,
		 const char *law)
{
	struct buf CLEANUP_BUF now = BUF_INIT;

	shoot(&now, b);
	if (strcmp(want->data, now.data) == 0)
		return;
	snapshot_diff(want->data, now.data, 10);
	fail_msg("step %u (%s): %s", s->nr, s->kind->name, law);
}

static void stands(struct bench *b, const struct step *s, enum standing want)
{
	enum standing now;

	if (!s->kind->guard)
		return;
	good(s->kind->guard(s, &b->work, &now, &err));
	if (now != want)
		fail_msg("step %u (%s) stands at %d, not at %d: %s", s->nr, s->kind->name, now,
			 want, err.text);
}

static void obeys_the_laws(struct bench *b, const struct step *s)
{
	struct buf CLEANUP_BUF before = BUF_INIT;
	struct buf CLEANUP_BUF after = BUF_INIT;

	shoot(&before, b);
	stands(b, s, STANDS_BEFORE);
	b->work.ran = false;
	good(s->kind->undo(s, &b->work, &err));
	same(&before, b, s, "undo without apply is harmless");
	good(s->kind->apply(s, &b->work, &err));
	stands(b, s, STANDS_AFTER);
	shoot(&after, b);
	good(s->kind->apply(s, &b->work, &err));
	same(&after, b, s, "apply twice is apply once");
	b->work.ran = true;
	if (s->kind->may_undo)
		good(s->kind->may_undo(s, &b->work, &err));
	good(s->kind->undo(s, &b->work, &err));
	stands(b, s, STANDS_BEFORE);
	same(&before, b, s, "undo after apply is identity");
	good(s->kind->undo(s, &b->work, &err));
	same(&before, b, s, "undo twice is undo once");
	good(work_sync_now(&b->work, &err));
	assert_int_equal(b->work.nr_kept, 0);
}

static bool seen[32];

static void all_steps_obey(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < b->plan.nr_steps; i++) {
		const struct step *s = &b->plan.step[i];

		obeys_the_laws(b, s);
		good(s->kind->apply(s, &b->work, &err));
		for (unsigned k = 0; kinds[k]; k++)
			seen[k] |= kinds[k] == s->kind;
	}
}

/* A part is found by its record when the names before it were freed; those were not ours. */
static void parts_are_found_by_their_record(void **state)
{
#define PART "vz/.348.img" TAKEN "part"
	struct bench *b = *state;
	const struct step *s = NULL;
	struct buf CLEANUP_BUF text = BUF_INIT;
	int fd;

	for (size_t i = 0; i < b->plan.nr_steps; i++)
		if (strcmp(b->plan.step[i].kind->name, "makefs") == 0)
			s = &b->plan.step[i];
	assert_non_null(s);
	fd = openat(b->root.fd, PART "-3", O_RDWR | O_CREAT, 0600);
	assert_int_equal(write(fd, "half", 4), 4);
	good(names_note(&b->work, s->nr, 3, &err));
	good(made_write(s, &b->work, fd, &err));
	close(fd);
	assert_int_equal(unlinkat(b->root.fd, PART "-2", 0), 0);
	b->work.ran = true;
	good(s->kind->undo(s, &b->work, &err));
	assert_int_equal(faccessat(b->root.fd, PART "-3", F_OK, 0), -1);
	good(root_read(&b->root, "/" PART, 100, &text, &err));
	assert_string_equal(text.data, "somebody's\n");
	assert_int_equal(b->work.nr_kept, 0);
}

/* The same number on another file system is another thing: neither hidden nor changed. */
static void an_inode_number_alone_is_no_identity(void **state)
{
	static const char *const ids[] = {
		"00000000-1111-4222-8333-444444444444/%llu/-", "-:7/%llu/-", "-/%llu/-",
	};
	struct bench *b = *state;
	unsigned asked = 0;

	for (size_t i = 0; i < b->plan.nr_steps; i++) {
		struct step s = b->plan.step[i];
		struct step *p = &b->plan.step[i];
		enum standing now;
		struct identity id;

		if ((s.kind == &kind_hide || s.kind == &kind_mode) && step_get(&s, "id"))
			for (size_t k = 0; k < sizeof(ids) / sizeof(ids[0]); k++) {
				char *text;

				assert_true(identity_parse(&id, step_get(&s, "id")));
				text = pool_printf(&b->pool, ids[k], (unsigned long long)id.inode);
				*p = s;
				for (unsigned a = 0; s.kind->args[a].name; a++)
					if (strcmp(s.kind->args[a].name, "id") == 0)
						p->value[a] = text;
				good(p->kind->guard(p, &b->work, &now, &err));
				assert_int_equal(now, k == 2 ? STANDS_BEFORE : STANDS_FOREIGN);
				asked++;
			}
		*p = s;
		good(s.kind->apply(p, &b->work, &err));
	}
	assert_true(asked >= 6);
}

/* A file system of its own is mounted to be compared. */
static void image_steps_obey(void **state)
{
	if (geteuid() != 0)
		skip();
	all_steps_obey(state);
}

static bool needs_root(const struct kind *kind)
{
	return strcmp(kind->name, "makefs") == 0 || strcmp(kind->name, "mountpoint") == 0 ||
	       strcmp(kind->name, "unmountpoint") == 0;
}

static void all_kinds_were_there(void **state)
{
	(void)state;
	for (unsigned k = 0; kinds[k]; k++)
		/* lv needs an lvm: test_lv.c */
		if (!seen[k] && strcmp(kinds[k]->name, "lv") != 0 && (geteuid() == 0 || !needs_root(kinds[k])))
			fail_msg("no step of kind '%s' in the plans", kinds[k]->name);
}

static void rows_are_complete(void **state)
{
	(void)state;
	for (unsigned k = 0; kinds[k]; k++) {
		assert_true(kinds[k]->name && kinds[k]->args && kinds[k]->apply);
		assert_true(kinds[k]->undo && kinds[k]->describe);
		assert_ptr_equal(kind_find(kinds[k]->name), kinds[k]);
		if (k)
			assert_true(strcmp(kinds[k - 1]->name, kinds[k]->name) < 0);
	}
	assert_null(kind_find("shell"));
}

static void steps_describe_themselves(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < b->plan.nr_steps; i++) {
		struct buf CLEANUP_BUF rest = BUF_INIT;
		const char *word = NULL;
		char mark = 0;

		b->plan.step[i].kind->describe(&b->plan.step[i], &mark, &word, &rest);
		assert_non_null(strchr("+~- ", mark));
		assert_true(word && *word && rest.len > 0);
	}
}

static void undo_is_exact(void **state)
{
	forward(*state);
	back_to_the_start(*state);
	assert_int_equal(((struct bench *)*state)->work.nr_kept, 0);
}

static void what_changed_since_is_kept(void **state)
{
	struct bench *b = *state;
	struct buf CLEANUP_BUF text = BUF_INIT;
	struct root folder = { b->journal.folder, "" };
	char path[32];
	unsigned conf = 0;

	forward(b);
	change(b, "etc/vz/conf/345.conf", "ONBOOT=\"no\"\n# by hand\n");
	change(b, "vz/private/345/etc/inittab", "# by the container\n");
	while (strcmp(b->plan.step[conf].kind->name, "write") != 0)
		conf++;
	back_to_the_start(b);
	expect_kept(b, "/etc/vz/conf/345.conf", "changed since");
	expect_kept(b, "/vz/private/345/etc/inittab", "changed since");
	snprintf(path, sizeof(path), "kept/%u", conf);
	good(root_read(&folder, path, 1000, &text, &err));
	assert_string_equal(text.data, "ONBOOT=\"no\"\n# by hand\n");
}

static void new_files_keep_their_directory(void **state)
{
	struct bench *b = *state;

	forward(b);
	change(b, "vz/root/345/mine", "x");
	assert_int_equal(unlinkat(b->root.fd, "etc/vz/names/web", 0), 0);
	assert_int_equal(symlinkat("elsewhere", b->root.fd, "etc/vz/names/web"), 0);
	good(run_back(&b->journal, &b->work, &err));
	expect_kept(b, "/vz/root/345", "not empty");
	expect_kept(b, "/etc/vz/names/web", "no longer our link");
	assert_int_equal(faccessat(b->root.fd, "vz/root/345/mine", F_OK, 0), 0);
	assert_int_equal(faccessat(b->root.fd, "vservers/web/etc", F_OK, 0), 0);
}

/* Nothing that was there before the step is taken for ours, not even by the roll-back. */
static void what_stands_in_the_way_stays(void **state)
{
	struct bench *b = *state;
	struct buf CLEANUP_BUF text = BUF_INIT;

	change(b, "etc/vz/conf/345.conf", "somebody else's\n");
	assert_int_equal(run_forward(&b->journal, &b->work, &err), -1);
	assert_int_equal(err.code, ERR_FOREIGN);
	assert_non_null(strstr(err.text, "/etc/vz/conf/345.conf' exists already"));
	good(run_back(&b->journal, &b->work, &err));
	good(root_read(&b->root, "/etc/vz/conf/345.conf", 100, &text, &err));
	assert_string_equal(text.data, "somebody else's\n");
	assert_int_equal(b->work.nr_kept, 0);
	assert_int_equal(unlinkat(b->root.fd, "etc/vz/conf/345.conf", 0), 0);
}

static void a_taken_target_is_refused(void **state)
{
	struct bench *b = *state;

	assert_int_equal(mkdirat(b->root.fd, "vz/private", 0755), 0);
	assert_int_equal(mkdirat(b->root.fd, "vz/private/346", 0755), 0);
	change(b, "vz/private/346/precious", "x");
	assert_int_equal(run_forward(&b->journal, &b->work, &err), -1);
	assert_int_equal(err.code, ERR_FOREIGN);
	good(run_back(&b->journal, &b->work, &err));
	assert_int_equal(faccessat(b->root.fd, "vz/private/346/precious", F_OK, 0), 0);
}

static void an_edited_file_is_refused(void **state)
{
	struct bench *b = *state;
	struct buf CLEANUP_BUF text = BUF_INIT;

	change(b, "vservers/web/etc/inittab", "edited after the plan\n");
	assert_int_equal(run_forward(&b->journal, &b->work, &err), -1);
	assert_non_null(strstr(err.text, "has changed since the plan was made"));
	good(run_back(&b->journal, &b->work, &err));
	good(root_read(&b->root, "/vservers/web/etc/inittab", 100, &text, &err));
	assert_string_equal(text.data, "edited after the plan\n");
}

/* A link that was taken away comes back as it was, unless somebody took its place. */
static void a_removed_link_comes_back(void **state)
{
	static const char name[] = "etc/rc3.d/S98vservers-default";
	struct bench *b = *state;
	struct stat st;

	forward(b);
	assert_int_equal(fstatat(b->root.fd, name, &st, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(symlinkat("../init.d/mine", b->root.fd, name), 0);
	good(run_back(&b->journal, &b->work, &err));
	expect_kept(b, "/etc/rc3.d/S98vservers-default", "something else");
}

/* Cut between the link and its owner: undo goes on where it was. */
static void a_half_made_link_is_mended(void **state)
{
	static const char name[] = "etc/rc3.d/S98vservers-default";
	struct bench *b = *state;
	struct stat before, now;

	assert_int_equal(fstatat(b->root.fd, name, &before, AT_SYMLINK_NOFOLLOW), 0);
	forward(b);
	assert_int_equal(symlinkat("../init.d/vservers-default", b->root.fd, name), 0);
	back_to_the_start(b);
	assert_int_equal(fstatat(b->root.fd, name, &now, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(now.st_uid, before.st_uid);
	assert_int_equal(now.st_gid, before.st_gid);
	assert_int_equal(now.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
}

static void another_link_is_not_removed(void **state)
{
	static const char name[] = "etc/rc3.d/S98vservers-default";
	struct bench *b = *state;
	struct stat st;

	assert_int_equal(unlinkat(b->root.fd, name, 0), 0);
	assert_int_equal(symlinkat("../init.d/mine", b->root.fd, name), 0);
	assert_int_equal(run_forward(&b->journal, &b->work, &err), -1);
	assert_int_equal(err.code, ERR_FOREIGN);
	good(run_back(&b->journal, &b->work, &err));
	assert_int_equal(fstatat(b->root.fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_size, strlen("../init.d/mine"));
}

static void commit_removes_what_was_retired(void **state)
{
	struct bench *b = *state;
	struct deviation dev[4];
	size_t nr;

	forward(b);
	good(run_finish(&b->journal, &b->work, &err));
	assert_int_equal(faccessat(b->root.fd, "vservers/.cop.vs2vz-retired", F_OK, 0), -1);
	assert_int_equal(faccessat(b->root.fd, "vz/private/345/etc/.hosts.vs2vz-0000000000000000-old", F_OK, 0), -1);
	assert_int_equal(faccessat(b->root.fd, "vz/private/346/deep/er/file", F_OK, 0), 0);
	good(run_check(&b->journal, &b->work, dev, 4, &nr, &err));
	if (nr)
		fail_msg("step %u: %s", dev[0].step, dev[0].what);
}

static void one_link_in_a_path_is_not_followed(void **state)
{
	struct bench *b = *state;

	assert_int_equal(renameat(b->root.fd, "etc/vz/conf", b->root.fd, "etc/elsewhere"), 0);
	assert_int_equal(symlinkat("../elsewhere", b->root.fd, "etc/vz/conf"), 0);
	assert_int_equal(run_forward(&b->journal, &b->work, &err), -1);
	assert_int_equal(err.code, ERR_FOREIGN);
	assert_non_null(strstr(err.text, "'/etc/vz/conf' is a symbolic link"));
	assert_int_equal(faccessat(b->root.fd, "etc/elsewhere/345.conf", F_OK, 0), -1);
}

/* The container removed what write held: made again, it gets its tag, or its original. */
static void files_made_again_get_their_marks(void **state)
{
	struct bench *b = *state;

	forward(b);
	assert_int_equal(unlinkat(b->root.fd, "vz/private/347/etc/.inittab.vs2vz-0000000000000000-old", 0), 0);
	assert_int_equal(unlinkat(b->root.fd, "vz/private/347/etc/.motd.vs2vz-0000000000000000-old", 0), 0);
	back_to_the_start(b);
	expect_kept(b, "/vz/private/347/etc/inittab", "made again");
	expect_kept(b, "/vz/private/347/etc/motd", "made again");
}

/* Whatever made it so: a leftover that is locked does not stop a step. */
static void a_locked_leftover_goes(void **state)
{
	static const char leftover[] = "vservers/web/etc/.inittab.vs2vz-0000000000000000-new";
	struct bench *b = *state;
	int fd, flags = FS_IMMUTABLE_FL;

	change(b, leftover, "# no");
	fd = openat(b->root.fd, leftover, O_RDONLY);
	assert_true(fd >= 0);
	if (ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0)
		print_message("# the leftover cannot be locked here\n");
	close(fd);
	forward(b);
	assert_int_equal(faccessat(b->root.fd, "vz/private/345/etc/.inittab.vs2vz-0000000000000000-new", F_OK, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_complete),
		cmocka_unit_test_setup_teardown(all_steps_obey, up, down),
		cmocka_unit_test_setup_teardown(an_inode_number_alone_is_no_identity, up, down),
		cmocka_unit_test_setup_teardown(all_steps_obey, up_marks, down),
		cmocka_unit_test_setup_teardown(image_steps_obey, up_image, down),
		cmocka_unit_test_setup_teardown(parts_are_found_by_their_record, up_image, down),
		cmocka_unit_test(all_kinds_were_there),
		cmocka_unit_test_setup_teardown(undo_is_exact, up_marks, down),
		cmocka_unit_test_setup_teardown(files_made_again_get_their_marks, up_marks, down),
		cmocka_unit_test_setup_teardown(a_locked_leftover_goes, up, down),
		cmocka_unit_test_setup_teardown(steps_describe_themselves, up, down),
		cmocka_unit_test_setup_teardown(undo_is_exact, up, down),
		cmocka_unit_test_setup_teardown(what_changed_since_is_kept, up, down),
		cmocka_unit_test_setup_teardown(new_files_keep_their_directory, up, down),
		cmocka_unit_test_setup_teardown(what_stands_in_the_way_stays, up, down),
		cmocka_unit_test_setup_teardown(a_taken_target_is_refused, up, down),
		cmocka_unit_test_setup_teardown(an_edited_file_is_refused, up, down),
		cmocka_unit_test_setup_teardown(a_removed_link_comes_back, up, down),
		cmocka_unit_test_setup_teardown(a_half_made_link_is_mended, up, down),
		cmocka_unit_test_setup_teardown(another_link_is_not_removed, up, down),
		cmocka_unit_test_setup_teardown(commit_removes_what_was_retired, up, down),
		cmocka_unit_test_setup_teardown(one_link_in_a_path_is_not_followed, up, down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
