/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps inside a guest's tree: undo gives back the very inodes, what the container did
 * meanwhile is kept, what stood there before a step is not the step's, and what the steps
 * do not touch can be compared.
 */
#include <sys/vfs.h>

#include "base/survey.h"
#include "step/beside.h"
#include "step/touched.h"

#include "kinds_fixture.h"

#define IN "vz/private/345/etc/"
#define WAS "vservers/web/etc/"
#define EXT4_MAGIC 0xef53

static struct stat status(const struct bench *b, const char *path)
{
	struct stat st;

	if (fstatat(b->root.fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("'%s' is not there", path);
	return st;
}

static bool there(const struct bench *b, const char *path)
{
	struct stat st;

	return fstatat(b->root.fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void back(struct bench *b)
{
	good(run_back(&b->journal, &b->work, &err));
}

static void refused(struct bench *b, const char *why)
{
	assert_int_equal(run_forward(&b->journal, &b->work, &err), -1);
	if (!strstr(err.text, why))
		fail_msg("refused, but with: %s", err.text);
	back(b);
}

/* The step of the plan of this kind at this path. */
static struct step *step_at(struct bench *b, const char *kind, const char *at)
{
	for (size_t i = 0; i < b->journal.plan.nr_steps; i++) {
		struct step *s = &b->journal.plan.step[i];

		if (strcmp(s->kind->name, kind) == 0 && strcmp(step_get(s, "at"), at) == 0)
			return s;
	}
	fail_msg("no step '%s' at '%s'", kind, at);
	return NULL;
}

static void undo_gives_the_inodes_back(void **state)
{
	static const char *const names[] = {
		WAS "inittab", WAS "hosts", WAS "fstab", WAS "mtab", WAS "issue", WAS "motd",
		WAS "event.d", WAS "hosts.same", "vservers/web/fifo", WAS "rc.local",
	};
	enum { NR = sizeof(names) / sizeof(names[0]) };
	struct bench *b = *state;
	ino_t ino[NR];

	for (size_t i = 0; i < NR; i++)
		ino[i] = status(b, names[i]).st_ino;
	forward(b);
	assert_int_equal(status(b, IN ".inittab.vs2vz-0000000000000000-old").st_ino, ino[0]);
	assert_int_equal(status(b, IN ".mtab.vs2vz-0000000000000000-old").st_ino, ino[3]);
	assert_true(S_ISREG(status(b, IN "mtab").st_mode) && S_ISLNK(status(b, IN "motd").st_mode));
	assert_true(S_ISDIR(status(b, IN "hosts.same").st_mode) && !there(b, IN "event.d"));
	assert_int_equal(status(b, IN "rc.local").st_mode & 07777, 0755);
	assert_int_equal(status(b, "vz/private/345/fifo").st_mode & 07777, 0666);
	if (geteuid() == 0)
		assert_int_equal(status(b, IN "null").st_rdev, makedev(1, 3));
	back_to_the_start(b);
	for (size_t i = 0; i < NR; i++)
		assert_int_equal(status(b, names[i]).st_ino, ino[i]);
	assert_int_equal(b->work.nr_kept, 0);
}

static void commit_drops_the_old_ones(void **state)
{
	static const char *const gone[] = {
		IN ".inittab.vs2vz-0000000000000000-old", IN ".mtab.vs2vz-0000000000000000-old", IN ".issue.vs2vz-0000000000000000-old",
		IN ".event.d.vs2vz-0000000000000000-old", IN ".fstab.vs2vz-0000000000000000-old", "vz/private/345/.fifo.vs2vz-0000000000000000-old",
		"vz/private/346/.link.vs2vz-0000000000000000-old", "vz/private/346/etc/.rc.vs2vz-0000000000000000-old",
	};
	struct bench *b = *state;
	struct deviation dev[4];
	size_t nr;

	forward(b);
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		assert_true(there(b, gone[i]));
	good(run_finish(&b->journal, &b->work, &err));
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		if (there(b, gone[i]))
			fail_msg("'%s' is still there", gone[i]);
	assert_true(there(b, IN "mtab") && there(b, IN "inittab"));
	good(run_check(&b->journal, &b->work, dev, 4, &nr, &err));
	if (nr)
		fail_msg("step %u: %s", dev[0].step, dev[0].what);
}

/* Labels go over to the new content, rights that were given to the old one do not. */
static void attributes_go_over_but_capabilities(void **state)
{
	static const char caps[20] = { 1, 0, 0, 2, 0, 4 };
	struct bench *b = *state;
	char path[400], value[32];

	snprintf(path, sizeof(path), "%s/" WAS "inittab", b->dir);
	if (setxattr(path, "user.label", "x", 1, 0) < 0 ||
	    setxattr(path, "security.capability", caps, sizeof(caps), 0) < 0)
		skip();
	forward(b);
	snprintf(path, sizeof(path), "%s/" IN "inittab", b->dir);
	assert_int_equal(getxattr(path, "user.label", value, sizeof(value)), 1);
	assert_int_equal(getxattr(path, "security.capability", value, sizeof(value)), -1);
	back(b);
	snprintf(path, sizeof(path), "%s/" WAS "inittab", b->dir);
	assert_int_equal(getxattr(path, "user.label", value, sizeof(value)), 1);
	assert_int_equal(getxattr(path, "security.capability", value, sizeof(value)), sizeof(caps));
}

static void what_took_the_place_is_kept_beside(void **state)
{
	struct bench *b = *state;
	ino_t event_d = status(b, WAS "event.d").st_ino, inittab = status(b, WAS "inittab").st_ino;

	forward(b);
	assert_int_equal(mkdirat(b->root.fd, IN "event.d", 0755), 0);
	change(b, IN "event.d/job", "start\n");
	assert_int_equal(unlinkat(b->root.fd, IN "inittab", 0), 0);
	assert_int_equal(symlinkat("elsewhere", b->root.fd, IN "inittab"), 0);
	back(b);
	expect_kept(b, "/vz/private/345/etc/event.d", ".event.d.vs2vz-0000000000000000-kept");
	expect_kept(b, "/vz/private/345/etc/inittab", ".inittab.vs2vz-0000000000000000-kept");
	assert_int_equal(status(b, WAS "event.d").st_ino, event_d);
	assert_int_equal(status(b, WAS "inittab").st_ino, inittab);
	assert_true(there(b, WAS ".event.d.vs2vz-0000000000000000-kept/job"));
	assert_true(S_ISLNK(status(b, WAS ".inittab.vs2vz-0000000000000000-kept").st_mode));
}

static void a_removed_old_file_comes_from_the_image(void **state)
{
	struct bench *b = *state;
	struct stat before = status(b, WAS "inittab"), now;
	struct buf CLEANUP_BUF text = BUF_INIT;

	forward(b);
	assert_int_equal(unlinkat(b->root.fd, IN ".inittab.vs2vz-0000000000000000-old", 0), 0);
	assert_int_equal(unlinkat(b->root.fd, IN ".motd.vs2vz-0000000000000000-old", 0), 0);
	back(b);
	expect_kept(b, "/vz/private/345/etc/inittab", "made again");
	expect_kept(b, "/vz/private/345/etc/motd", "removed since");
	now = status(b, WAS "inittab");
	assert_true(now.st_mode == before.st_mode && now.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
	good(root_read(&b->root, "/" WAS "inittab", 100, &text, &err));
	assert_string_equal(text.data, "1:2345:respawn:/sbin/getty 38400 tty1\n");
}

static void a_change_under_another_name_stays(void **state)
{
	struct bench *b = *state;
	ino_t ino = status(b, WAS "hosts").st_ino;
	struct buf CLEANUP_BUF text = BUF_INIT;

	forward(b);
	change(b, IN ".hosts.same.vs2vz-0000000000000000-old", "127.0.0.1 changed\n");
	back(b);
	expect_kept(b, "/vz/private/345/etc/hosts", "under another name");
	assert_int_equal(status(b, WAS "hosts").st_ino, ino);
	good(root_read(&b->root, "/" WAS "hosts", 100, &text, &err));
	assert_string_equal(text.data, "127.0.0.1 changed\n");
}

/* What a guest that saw the token put at our names is neither used nor touched. */
static void names_that_the_guest_prepared_are_passed_by(void **state)
{
	static const char *const names[] = {
		WAS ".inittab.vs2vz-0000000000000000-old", WAS ".inittab.vs2vz-0000000000000000-new",
		WAS ".mtab.vs2vz-0000000000000000-old", WAS ".null.vs2vz-0000000000000000-new",
		WAS ".resolv.conf.vs2vz-0000000000000000-new",
	};
	enum { NR = sizeof(names) / sizeof(names[0]) };
	struct bench *b = *state;
	struct stat st;
	char path[100];

	for (unsigned dirs = 0; dirs < 2; dirs++) {
		for (unsigned i = 0; i < NR; i++) {
			snprintf(path, sizeof(path), "%s/precious", names[i]);
			if (dirs)
				assert_int_equal(mkdirat(b->root.fd, names[i], 0755), 0);
			change(b, dirs ? path : names[i], "1:2345:respawn:/sbin/getty 38400 tty1\n");
		}
		forward(b);
		st = status(b, IN ".inittab.vs2vz-0000000000000000-old-2");
		assert_int_equal(st.st_nlink, 1);
		back(b);
		assert_int_equal(b->work.nr_kept, 0);
		for (unsigned i = 0; i < NR; i++) {
			snprintf(path, sizeof(path), "%s/precious", names[i]);
			assert_true(there(b, dirs ? path : names[i]));
			assert_int_equal(unlinkat(b->root.fd, dirs ? path : names[i], 0), 0);
			if (dirs)
				assert_int_equal(unlinkat(b->root.fd, names[i], AT_REMOVEDIR), 0);
		}
		assert_false(there(b, WAS ".inittab.vs2vz-0000000000000000-old-2"));
		assert_int_equal(status(b, WAS "inittab").st_nlink, 1);
		down(state);
		assert_int_equal(up(state), 0);
		b = *state;
	}
}

/* The first name is free again: ours stands at the second nevertheless. */
static void a_second_name_is_found_again(void **state)
{
	static const char first[] = WAS ".inittab.vs2vz-0000000000000000-old";
	static const char now[] = IN ".inittab.vs2vz-0000000000000000-old";
	struct bench *b = *state;
	ino_t ino = status(b, WAS "inittab").st_ino;

	change(b, first, "precious\n");
	forward(b);
	assert_int_equal(unlinkat(b->root.fd, now, 0), 0);
	back(b);
	assert_int_equal(status(b, WAS "inittab").st_ino, ino);
	assert_int_equal(b->work.nr_kept, 0);
	assert_false(there(b, WAS ".inittab.vs2vz-0000000000000000-old-2"));
}

/* However many names are taken, there is one more. */
static void hundreds_of_names_may_be_taken(void **state)
{
	struct bench *b = *state;
	char name[NAME_MAX + 1], path[NAME_MAX + 100];

	forward(b);
	assert_int_equal(unlinkat(b->root.fd, IN "inittab", 0), 0);
	assert_int_equal(symlinkat("elsewhere", b->root.fd, IN "inittab"), 0);
	for (unsigned nr = 1; nr <= 300; nr++) {
		beside_own(name, "inittab", b->work.token, BESIDE_KEPT, nr);
		snprintf(path, sizeof(path), IN "%s", name);
		assert_int_equal(mkdirat(b->root.fd, path, 0700), 0);
	}
	back(b);
	expect_kept(b, "/vz/private/345/etc/inittab", "-kept-301");
	assert_true(S_ISREG(status(b, WAS "inittab").st_mode));
	assert_true(S_ISLNK(status(b, WAS ".inittab.vs2vz-0000000000000000-kept-301").st_mode));
}

static void a_link_to_itself_in_the_way_is_refused(void **state)
{
	struct bench *b = *state;

	assert_int_equal(linkat(b->root.fd, WAS "motd", b->root.fd, WAS ".motd.vs2vz-0000000000000000-old", 0), 0);
	refused(b, "is not ours");
	assert_true(there(b, WAS "motd") && there(b, WAS ".motd.vs2vz-0000000000000000-old"));
}

static void a_full_directory_is_not_hidden(void **state)
{
	struct bench *b = *state;

	change(b, WAS "event.d/job", "start\n");
	refused(b, "is not empty");
	assert_true(there(b, WAS "event.d/job"));
}

static void other_names_keep_their_mode(void **state)
{
	struct bench *b = *state;

	assert_int_equal(linkat(b->root.fd, WAS "rc.local", b->root.fd, "vz/other", 0), 0);
	refused(b, "has other names");
	assert_int_equal(status(b, "vz/other").st_mode & 07777, 0640);
	assert_int_equal(unlinkat(b->root.fd, "vz/other", 0), 0);
}

/* What a step would make stands there before: undo leaves it. */
static void results_that_were_found_stay(void **state)
{
	struct bench *b = *state;

	assert_int_equal(symlinkat("/etc/vz/conf/345.conf", b->root.fd, "etc/vz/names/web"), 0);
	assert_int_equal(mkdirat(b->root.fd, "vz/root", 0700), 0);
	assert_int_equal(mkfifoat(b->root.fd, WAS "null", 0600), 0);
	change(b, "etc/vservers/web/vs2vz", "ctid=345\n");
	if (geteuid() == 0) {
		assert_int_equal(unlinkat(b->root.fd, WAS "null", 0), 0);
		assert_int_equal(mknodat(b->root.fd, WAS "null", S_IFCHR | 0600, makedev(1, 3)), 0);
	}
	forward(b);
	assert_int_equal(status(b, "vz/root").st_mode & 07777, 0700);
	back(b);
	assert_int_equal(b->work.nr_kept, 0);
	assert_true(there(b, "etc/vz/names/web") && there(b, WAS "null"));
	assert_true(there(b, "vz/root") && there(b, "etc/vservers/web/vs2vz"));
	assert_false(there(b, "vz/root/345"));
}

static void names_beside_are_never_too_long(void **state)
{
	char name[NAME_MAX + 1], one[NAME_MAX + 1], two[NAME_MAX + 1];
	static const char token[] = "0123456789abcdef";

	(void)state;
	memset(name, 'n', NAME_MAX);
	name[NAME_MAX] = '\0';
	beside_own(one, name, token, BESIDE_OLD, 1);
	assert_int_equal(strlen(one), NAME_MAX);
	assert_non_null(strstr(one, ".vs2vz-0123456789abcdef-old"));
	assert_true(beside_is_own(one, name, token, BESIDE_OLD));
	name[NAME_MAX - 1] = 'm';
	beside_own(two, name, token, BESIDE_OLD, 1);
	assert_string_not_equal(one, two);
	assert_false(beside_is_own(one, name, token, BESIDE_OLD));
	beside_own(two, name, token, BESIDE_OLD, 4000000000u);
	assert_int_equal(strlen(two), NAME_MAX);
	assert_true(beside_is_own(two, name, token, BESIDE_OLD));
	assert_false(beside_is_own(two, name, token, BESIDE_NEW));
	beside_own(one, "mtab", token, BESIDE_NEW, 1);
	assert_string_equal(one, ".mtab.vs2vz-0123456789abcdef-new");
	beside_own(one, "mtab", token, BESIDE_NEW, 2);
	assert_string_equal(one, ".mtab.vs2vz-0123456789abcdef-new-2");
}

/* No further link is possible: the old file is renamed away instead. */
static void a_file_with_all_its_links_is_replaced(void **state)
{
	struct bench *b = *state;
	struct statfs fs;
	char name[64];
	ino_t ino = status(b, WAS "inittab").st_ino;
	unsigned nr = 0;

	assert_int_equal(fstatfs(b->root.fd, &fs), 0);
	if (fs.f_type != EXT4_MAGIC)
		skip();
	assert_int_equal(mkdirat(b->root.fd, "many", 0755), 0);
	do
		snprintf(name, sizeof(name), "many/%u", ++nr);
	while (linkat(b->root.fd, WAS "inittab", b->root.fd, name, 0) == 0);
	assert_int_equal(errno, EMLINK);
	forward(b);
	assert_int_equal(status(b, IN ".inittab.vs2vz-0000000000000000-old").st_ino, ino);
	assert_int_not_equal(status(b, IN "inittab").st_ino, ino);
	back(b);
	assert_int_equal(b->work.nr_kept, 0);
	assert_int_equal(status(b, WAS "inittab").st_ino, ino);
	assert_false(there(b, WAS ".inittab.vs2vz-0000000000000000-old"));
}

/* The same, cut before the new file comes: both directions go on from there. */
static void an_old_file_renamed_away_is_known(void **state)
{
	struct bench *b = *state;
	struct step *s = step_at(b, "write", "/" IN "inittab");
	ino_t ino = status(b, WAS "inittab").st_ino;
	enum standing now;

	b->work.steps = b->journal.plan.step;
	for (unsigned i = 0; i < s->nr; i++)
		good(b->journal.plan.step[i].kind->apply(&b->journal.plan.step[i], &b->work, &err));
	for (int undo = 0; undo < 2; undo++) {
		good(s->kind->stage(s, &b->work, &err));
		good(work_sync_now(&b->work, &err));
		assert_int_equal(unlinkat(b->root.fd, IN ".inittab.vs2vz-0000000000000000-old", 0), 0);
		assert_int_equal(renameat(b->root.fd, IN "inittab", b->root.fd,
					  IN ".inittab.vs2vz-0000000000000000-old"), 0);
		if (!undo) {
			good(s->kind->apply(s, &b->work, &err));
			good(s->kind->guard(s, &b->work, &now, &err));
			assert_int_equal(now, STANDS_AFTER);
		}
		good(s->kind->undo(s, &b->work, &err));
		assert_int_equal(status(b, IN "inittab").st_ino, ino);
		assert_false(there(b, IN ".inittab.vs2vz-0000000000000000-old"));
		assert_false(there(b, IN ".inittab.vs2vz-0000000000000000-new"));
	}
	assert_int_equal(b->work.nr_kept, 0);
}

static struct hash128 untouched(struct bench *b, const char *tree)
{
	const struct survey_options opt = { .threads = 1 };
	const struct touched t = { b->plan.step, b->plan.nr_steps, "/vz/private/345", false,
				   b->work.token };
	struct survey s;
	struct root root;

	assert_true(touched_any(&t));
	good(root_inside(&root, &b->root, tree, &err));
	good(survey_tree(&s, root.fd, &opt, &err));
	survey_release(&s);
	good(touched_subtract(&s.bare, &t, &root, &err));
	root_release(&root);
	return s.bare;
}

static void what_is_not_touched_is_compared(void **state)
{
	struct bench *b = *state;
	struct hash128 before = untouched(b, "/vservers/web");

	forward(b);
	assert_true(hash_equal(before, untouched(b, "/vz/private/345")));
	assert_int_equal(fchmodat(b->root.fd, "vz/private/345/empty", 0400, 0), 0);
	assert_false(hash_equal(before, untouched(b, "/vz/private/345")));
	assert_int_equal(fchmodat(b->root.fd, "vz/private/345/empty", 0444, 0), 0);
	assert_true(hash_equal(before, untouched(b, "/vz/private/345")));
	assert_int_equal(fchmodat(b->root.fd, IN, 0711, 0), 0);
	assert_false(hash_equal(before, untouched(b, "/vz/private/345")));
	assert_int_equal(fchmodat(b->root.fd, IN, 0755, 0), 0);
	good(run_finish(&b->journal, &b->work, &err));
	assert_true(hash_equal(before, untouched(b, "/vz/private/345")));
}

static void steps_explain_differences(void **state)
{
	struct bench *b = *state;
	const struct touched t = { b->plan.step, b->plan.nr_steps, "/vz/private/345", false,
				   b->work.token };

	assert_true(touched_explains(&t, "./etc/inittab", "size"));
	assert_true(touched_explains(&t, "etc/.inittab.vs2vz-0000000000000000-old", "extra"));
	assert_true(touched_explains(&t, "etc", "mtime"));
	assert_true(touched_explains(&t, ".", "mtime"));
	assert_false(touched_explains(&t, "etc/passwd", "mtime"));
	assert_false(touched_explains(&t, "empty", "mode"));
	assert_false(touched_explains(&t, "etc/.passwd.vs2vz-0000000000000000-old", "extra"));
}

/* A node without a number, or of no type: refused, nothing is made. */
static void odd_nodes_are_refused(void **state)
{
	struct bench *b = *state;
	struct step *s = step_at(b, "node", "/vz/private/345/etc/null");

	step_arg(s, &b->pool, "type", "x");
	refused(b, "unknown type of node 'x'");
	step_arg(s, &b->pool, "type", "b");
	s->value[2] = NULL;
	assert_int_equal(s->kind->apply(s, &b->work, &err), -1);
	assert_non_null(strstr(err.text, "has no number"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(undo_gives_the_inodes_back, up, down),
		cmocka_unit_test_setup_teardown(commit_drops_the_old_ones, up, down),
		cmocka_unit_test_setup_teardown(attributes_go_over_but_capabilities, up, down),
		cmocka_unit_test_setup_teardown(what_took_the_place_is_kept_beside, up, down),
		cmocka_unit_test_setup_teardown(a_removed_old_file_comes_from_the_image, up, down),
		cmocka_unit_test_setup_teardown(a_change_under_another_name_stays, up, down),
		cmocka_unit_test_setup_teardown(names_that_the_guest_prepared_are_passed_by, up, down),
		cmocka_unit_test_setup_teardown(a_second_name_is_found_again, up, down),
		cmocka_unit_test_setup_teardown(hundreds_of_names_may_be_taken, up, down),
		cmocka_unit_test_setup_teardown(a_link_to_itself_in_the_way_is_refused, up, down),
		cmocka_unit_test_setup_teardown(a_full_directory_is_not_hidden, up, down),
		cmocka_unit_test_setup_teardown(other_names_keep_their_mode, up, down),
		cmocka_unit_test_setup_teardown(results_that_were_found_stay, up, down),
		cmocka_unit_test(names_beside_are_never_too_long),
		cmocka_unit_test_setup_teardown(a_file_with_all_its_links_is_replaced, up, down),
		cmocka_unit_test_setup_teardown(an_old_file_renamed_away_is_known, up, down),
		cmocka_unit_test_setup_teardown(what_is_not_touched_is_compared, up, down),
		cmocka_unit_test_setup_teardown(steps_explain_differences, up, down),
		cmocka_unit_test_setup_teardown(odd_nodes_are_refused, up, down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
