/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking at the guests' trees: who shares files with whom, and that stores are walked
 * only where that matters. A host in a temporary folder.
 */
#include "session.h"

#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct fixture fx;
static struct session s;

static void guest(const char *name)
{
	char path[100], target[100];

	snprintf(path, sizeof(path), "/vservers/%s/own", name);
	fixture_file(&fx, path, "x");
	snprintf(path, sizeof(path), "/etc/vservers/%s/vdir", name);
	snprintf(target, sizeof(target), "/vservers/%s", name);
	fixture_link(&fx, target, path);
}

static void hard_link(const char *from, const char *to)
{
	char *there = strdup(fixture_path(&fx, from));

	fixture_parents(&fx, to);
	if (link(there, fixture_path(&fx, to)) < 0)
		fixture_die("link", to);
	free(there);
}

static int make(void **state)
{
	(void)state;
	fixture_make(&fx);
	guest("alone");
	guest("web1");
	guest("web2");
	fixture_link(&fx, "/vservers/.hash", "/etc/vservers/.defaults/apps/vunify/hash/00");
	fixture_file(&fx, "/vservers/.hash/ab/cd/one-00000000", "shared by two");
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	for (size_t i = 0; i < s.guests.nr; i++)
		survey_release(&s.guests.v[i].survey);
	session_close_devices(&s);
	users_release(&s.users);
	root_release(&s.root);
	root_release(&s.proc);
	pool_release(&s.pool);
	fixture_remove(&fx);
	return 0;
}

static void inspect(void)
{
	static const struct command check = { .name = "check" };

	memset(&s, 0, sizeof(s));
	s.opt.root_path = fx.dir;
	s.opt.command = &check;
	s.opt.quiet = true;
	assert_int_equal(session_begin(&s), 0);
	assert_int_equal(session_look(&s), 0);
	assert_int_equal(session_select(&s), 0);
	assert_int_equal(s.nr_selected, 3);
	assert_int_equal(session_inspect(&s, true), 0);
}

static void nothing_shared(void **state)
{
	(void)state;
	inspect();
	assert_int_equal(s.host.nr_stores, 1);
	for (size_t i = 0; i < 3; i++) {
		assert_true(s.selected[i]->surveyed);
		assert_int_equal(s.selected[i]->survey.outside_inodes, 0);
		assert_int_equal(s.selected[i]->sharers.nr, 0);
		assert_true(s.selected[i]->survey.hidden_known ||
			    s.selected[i]->survey.hidden_why);
	}
	assert_int_equal(s.nr_devices, 1);
}

static void shared(void **state)
{
	const struct sharers *with;

	(void)state;
	hard_link("/vservers/.hash/ab/cd/one-00000000", "/vservers/web1/libc");
	hard_link("/vservers/.hash/ab/cd/one-00000000", "/vservers/web2/libc");
	hard_link("/vservers/web2/own", "/backup/own");
	inspect();
	assert_string_equal(s.selected[1]->name, "web1");
	with = &s.selected[1]->sharers;
	assert_int_equal(with->guests, 1);
	assert_int_equal(with->stores, 1);
	assert_int_equal(with->unknown, 0);
	assert_int_equal(with->nr, 2);
	assert_string_equal(with->name[0], "/vservers/.hash");
	assert_string_equal(with->name[1], "web2");
	with = &s.selected[2]->sharers;
	assert_int_equal(with->guests, 1);
	assert_int_equal(with->unknown, 1);
	assert_int_equal(s.selected[0]->sharers.nr, 0);
}

/* A store that is not there is no error: its names are in no tree that was looked at. */
static void no_store(void **state)
{
	(void)state;
	hard_link("/vservers/.hash/ab/cd/one-00000000", "/vservers/web1/libc");
	unlink(fixture_path(&fx, "/etc/vservers/.defaults/apps/vunify/hash/00"));
	fixture_link(&fx, "/gone", "/etc/vservers/.defaults/apps/vunify/hash/00");
	inspect();
	assert_int_equal(s.selected[1]->sharers.stores, 0);
	assert_int_equal(s.selected[1]->sharers.unknown, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_shared, make, unmake),
		cmocka_unit_test_setup_teardown(shared, make, unmake),
		cmocka_unit_test_setup_teardown(no_store, make, unmake),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
