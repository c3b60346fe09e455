/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a start of the container leaves: taken away by undo where it is what it should be,
 * named where not, left alone where no container can have been started.
 */
#include "step/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/survey.h"
#include "fixture.h"
#include "step/plan.h"
#include "step/touched.h"

#include <cmocka.h>

#define LINKS "/vservers/web/" TRACE_LINKS_NAME
#define QUOTA "/var/vzquota/quota.345"

static struct fixture fx;
static struct plan plan;
static struct work work;

static struct step *add(const char *at, const char *what)
{
	struct step *s = plan_step(&plan, &fx.pool, "trace");

	step_arg(s, &fx.pool, "at", at);
	step_arg(s, &fx.pool, "what", what);
	step_arg(s, &fx.pool, "ctid", "345");
	return s;
}

static int make(void **state)
{
	(void)state;
	fixture_make(&fx);
	plan = (struct plan){ .scope = "guest", .guest = "web", .ctid = 345 };
	work_init(&work, &fx.root, -1, &fx.pool);
	work.ran = true;
	fixture_file(&fx, "/vservers/web/etc/issue", "x");
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	work_release(&work);
	fixture_remove(&fx);
	return 0;
}

static void undo(const struct step *s)
{
	work.nr_kept = 0;
	if (s->kind->undo(s, &work, &fx.err) < 0)
		fail_msg("%s", fx.err.text);
	assert_int_equal(work_sync_now(&work, &fx.err), 0);
}

static bool there(const char *path)
{
	struct stat st;

	return lstat(fixture_path(&fx, path), &st) == 0;
}

static void kept(const char *path, const char *says)
{
	assert_int_equal(work.nr_kept, 1);
	assert_string_equal(work.kept[0].path, path);
	if (!strstr(work.kept[0].why, says))
		fail_msg("'%s' is not in '%s'", says, work.kept[0].why);
}

static void links(void **state)
{
	struct step *s = add(LINKS, TRACE_LINKS);

	(void)state;
	undo(s);			/* never started */
	assert_int_equal(work.nr_kept, 0);
	fixture_dir(&fx, LINKS);
	undo(s);
	assert_int_equal(work.nr_kept, 0);
	assert_false(there(LINKS));
	assert_true(there("/vservers/web/etc/issue"));
	undo(s);
	assert_int_equal(work.nr_kept, 0);
	fixture_file(&fx, LINKS "/.cpt_hardlink.00000001", "deleted, but open");
	undo(s);
	kept(LINKS, "is not empty");
	assert_true(there(LINKS "/.cpt_hardlink.00000001"));
}

/* The container's root may have put anything there: it is looked at by its name only. */
static void hostile_links(void **state)
{
	struct step *s = add(LINKS, TRACE_LINKS);

	(void)state;
	fixture_dir(&fx, "/srv/empty");
	fixture_link(&fx, "/srv/empty", LINKS);
	undo(s);
	kept(LINKS, "no directory");
	assert_true(there("/srv/empty"));
	assert_true(there(LINKS));
	remove(fixture_path(&fx, LINKS));
	fixture_file(&fx, LINKS, "a file");
	undo(s);
	kept(LINKS, "no directory");
	assert_true(there(LINKS));
}

static void not_begun(void **state)
{
	struct step *s = add(LINKS, TRACE_LINKS), *q = add(QUOTA, TRACE_QUOTA);

	(void)state;
	fixture_dir(&fx, LINKS);
	fixture_file(&fx, QUOTA, "x");
	work.ran = false;
	undo(s);
	undo(q);
	assert_int_equal(work.nr_kept, 0);
	assert_true(there(LINKS));
	assert_true(there(QUOTA));
}

/* This root is not "/": no program is run for it. */
static void quota_of_another_root(void **state)
{
	struct step *s = add(QUOTA, TRACE_QUOTA);

	(void)state;
	undo(s);
	assert_int_equal(work.nr_kept, 0);
	fixture_file(&fx, QUOTA, "x");
	undo(s);
	kept(QUOTA, "on that host, vzquota drop 345");
	assert_true(there(QUOTA));
}

static void survey(struct survey *s, const char *dir)
{
	const struct survey_options opt = { .threads = 1 };
	struct root tree;

	assert_int_equal(root_inside(&tree, &fx.root, dir, &fx.err), 0);
	assert_int_equal(survey_tree(s, tree.fd, &opt, &fx.err), 0);
	root_release(&tree);
}

/* With the step a tree of before and one with vzctl's directory have the same fingerprints. */
static void fingerprints(void **state)
{
	struct touched t = { NULL, 0, "/vz/private/345", false, "0" };
	struct survey before, now;
	struct root tree;

	(void)state;
	survey(&before, "/vservers/web");
	fixture_dir(&fx, LINKS);
	survey(&now, "/vservers/web");
	assert_int_equal(root_inside(&tree, &fx.root, "/vservers/web", &fx.err), 0);
	assert_int_equal(touched_by_vzctl(&now.fingerprint, &now.bare, &t, &tree, &fx.err), 0);
	assert_false(hash_equal(before.fingerprint, now.fingerprint));
	add(LINKS, TRACE_LINKS);
	t.steps = plan.step;
	t.nr_steps = plan.nr_steps;
	assert_int_equal(touched_by_vzctl(&now.fingerprint, &now.bare, &t, &tree, &fx.err), 0);
	assert_true(hash_equal(before.fingerprint, now.fingerprint));
	assert_true(hash_equal(before.bare, now.bare));
	survey_release(&now);
	/* What lies in it is a change, and so is another directory beside it. */
	fixture_file(&fx, LINKS "/x", "");
	survey(&now, "/vservers/web");
	assert_int_equal(touched_by_vzctl(&now.fingerprint, &now.bare, &t, &tree, &fx.err), 0);
	assert_false(hash_equal(before.bare, now.bare));
	survey_release(&now);
	survey_release(&before);
	root_release(&tree);
	assert_false(touched_any(&t));
	assert_true(touched_explains(&t, TRACE_LINKS_NAME, "extra"));
	assert_true(touched_explains(&t, "./" TRACE_LINKS_NAME, "extra"));
	assert_true(touched_explains(&t, ".", "mtime"));
	assert_false(touched_explains(&t, ".", "owner"));
	assert_false(touched_explains(&t, TRACE_LINKS_NAME "/x", "extra"));
	assert_false(touched_explains(&t, "etc/" TRACE_LINKS_NAME, "extra"));
	assert_false(touched_explains(&t, "etc", "mtime"));
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, make, unmake)
	const struct CMUnitTest tests[] = {
		T(links), T(hostile_links), T(not_begun), T(quota_of_another_root), T(fingerprints),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
