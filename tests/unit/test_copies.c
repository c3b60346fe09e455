/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kind "copy": what its container changed, and what VServer left on the inodes.
 */
#include "kinds_fixture.h"

static void a_changed_copy_needs_a_decision(void **state)
{
	struct bench *b = *state;

	forward(b);
	change(b, "vz/private/346/deep/new", "from the container\n");
	assert_int_equal(run_back(&b->journal, &b->work, &err), -1);
	assert_int_equal(err.code, ERR_FOREIGN);
	assert_non_null(strstr(err.text, "deep/new"));
	assert_int_equal(b->journal.phase, PHASE_CONVERTED);
	b->work.changed = CHANGED_DISCARD;
	back_to_the_start(b);
}

static void changes_of_a_copy_come_back(void **state)
{
	struct bench *b = *state;
	struct buf CLEANUP_BUF text = BUF_INIT;

	forward(b);
	change(b, "vz/private/346/deep/new", "from the container\n");
	b->work.changed = CHANGED_BRING_BACK;
	good(run_back(&b->journal, &b->work, &err));
	good(root_read(&b->root, "/vservers/cop/deep/new", 100, &text, &err));
	assert_string_equal(text.data, "from the container\n");
	good(root_read(&b->root, "/vservers/cop/etc/passwd", 100, &text, &err));
	assert_string_equal(text.data, "root:x:0:0::/root:/bin/sh\n");
	assert_int_equal(faccessat(b->root.fd, "vz/private/346", F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

static void a_copy_is_mended(void **state)
{
	struct bench *b = *state;
	struct stat su;

	forward(b);
	su = look_at(b, "vz/private/347/su");
	assert_int_equal(su.st_mode & 07777, 04755);
	if (geteuid() != 0)
		skip();
	assert_int_equal(su.st_uid, 33);
	assert_int_equal(su.st_gid, 44);
	assert_int_equal(look_at(b, "vz/private/347").st_uid, 33);
	assert_int_equal(look_at(b, "vz/private/347/link").st_gid, 44);
	assert_int_equal(look_at(b, "vz/private/347/shared").st_nlink, 2);
	change(b, "vz/private/347/lib", "an update\n");	/* immutable in the source */
}

/* Files of many guests: one written by the container, the other as it was. */
static void changes_come_back_tagged(void **state)
{
	struct bench *b = *state;
	struct buf CLEANUP_BUF text = BUF_INIT;
	struct stat lib = look_at(b, "vservers/uni/lib");

	forward(b);
	change(b, "vz/private/347/shared", "of one container\n");
	b->work.changed = CHANGED_BRING_BACK;
	good(run_back(&b->journal, &b->work, &err));
	good(root_read(&b->root, "/vservers/uni/shared.too", 100, &text, &err));
	assert_string_equal(text.data, "of one container\n");
	good(root_read(&b->root, "/vservers/.hash/shared", 100, &text, &err));
	assert_string_equal(text.data, "a file of many guests\n");
	assert_int_equal(look_at(b, "vservers/.hash/shared").st_nlink, 1);
	assert_int_equal(look_at(b, "vservers/uni/shared").st_nlink, 2);
	assert_int_equal(look_at(b, "vservers/uni/lib").st_ino, lib.st_ino);
	if (geteuid() != 0)
		skip();
	assert_int_equal(look_at(b, "vservers/uni/shared").st_uid, 1 << 24);
	assert_int_equal(look_at(b, "vservers/uni/shared").st_gid, 44 << 24);
	assert_int_equal(look_at(b, "vservers/uni").st_gid, (44 << 24) + 44);
}

static void a_mark_that_is_not_known_is_refused(void **state)
{
	struct bench *b = *state;
	struct step *s = NULL;
	enum standing now;

	for (size_t i = 0; i < b->plan.nr_steps; i++)
		if (strcmp(b->plan.step[i].kind->name, "copy") == 0)
			s = &b->plan.step[i];
	step_arg(s, &b->pool, "immutable", "melt");
	assert_int_equal(s->kind->guard(s, &b->work, &now, &err), -1);
	assert_non_null(strstr(err.text, "marks that is not known"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_changed_copy_needs_a_decision, up, down),
		cmocka_unit_test_setup_teardown(changes_of_a_copy_come_back, up, down),
		cmocka_unit_test_setup_teardown(a_copy_is_mended, up, down),
		cmocka_unit_test_setup_teardown(changes_come_back_tagged, up, down),
		cmocka_unit_test_setup_teardown(a_mark_that_is_not_known_is_refused, up, down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
