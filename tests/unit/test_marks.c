/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repair of VServer's marks in place, and its undo: owners of three tagging methods
 * on every type of inode, unified files with links inside and outside, what a container
 * changed meanwhile. The judge is tests/crash/snapshot.c. Needs root.
 */
#include "marks_fixture.h"

/* ---- tags */

static const struct method {
	const char *word;
	uint32_t uid, gid;	/* what tag 300 adds */
} methods[] = {
	{ "uid16", 300u << 16, 0 },
	{ "gid16", 0, 300u << 16 },
	{ "id24", 1u << 24, 44u << 24 },
};

static const char *const objects[] = { "v/g", "v/g/d", "v/g/file", "v/g/su", "v/g/caps", "v/g/acl",
				       "v/g/link", "v/g/fifo", "v/g/node", "v/g/sock", "v/g/ro" };
#define NR_OBJECTS (sizeof(objects) / sizeof(objects[0]))

static void make_objects(const struct method *m)
{
	static const unsigned char caps[20] = { 1, 0, 0, 2, 0, 0x20 };
	struct sockaddr_un sa = { .sun_family = AF_UNIX, .sun_path = "v/g/sock" };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	MUST(mkdir("v/g/d", 0755));
	MUST(chmod("v/g/d", 02755));
	put("v/g/file", "x", 0640);
	put("v/g/su", "x", 06755);
	put("v/g/caps", "x", 0755);
	put("v/g/acl", "x", 0644);
	put("v/g/ro", "locked by the administrator", 0644);
	put("v/g/third", "of another guest", 0644);
	put("v/g/plain", "without a tag", 04755);
	MUST(symlink("file", "v/g/link"));
	MUST(mkfifo("v/g/fifo", 0600));
	MUST(mknod("v/g/node", S_IFCHR | 0666, makedev(1, 3)));
	MUST(bind(s, (struct sockaddr *)&sa, sizeof(sa)));
	close(s);
	for (size_t i = 0; i < NR_OBJECTS; i++) {
		struct stat st = look(objects[i]);

		MUST(lchown(objects[i], m->uid + 1000 + (uid_t)i, m->gid + 2000));
		if (!S_ISLNK(st.st_mode))
			MUST(chmod(objects[i], st.st_mode & 07777));
	}
	MUST(chown("v/g/third", (m->uid ? m->uid + (7u << 24) : 0) + 5,
		   (m->gid ? m->gid + (7u << 24) : 0) + 5));
	MUST(setxattr("v/g/caps", "security.capability", caps, sizeof(caps), 0));
	if (system("setfacl -m u:1234:rw v/g/acl 2>/dev/null") != 0)
		fprintf(stderr, "# no ACLs here\n");
	ready();
	set_flags("v/g/ro", FS_IMMUTABLE_FL);
	snap();
}

static void check_stripped(void)
{
	char caps[64];

	for (size_t i = 0; i < NR_OBJECTS; i++) {
		struct stat st = look(objects[i]);

		assert_int_equal(st.st_uid, 1000 + i);
		assert_int_equal(st.st_gid, 2000);
		assert_int_equal(st.st_mtim.tv_nsec, 123456789);
	}
	assert_int_equal(look("v/g/su").st_mode & 07777, 06755);
	assert_int_equal(look("v/g/d").st_mode & 07777, 02755);
	assert_int_equal(look("v/g/plain").st_mode & 07777, 04755);
	assert_int_equal(getxattr("v/g/caps", "security.capability", caps, sizeof(caps)), 20);
	assert_true(get_flags("v/g/ro") & FS_IMMUTABLE_FL);
}

static void strips_tags(void **state)
{
	const struct method *m = *state;
	struct stat third;
	struct step *s;

	needs_root();
	make_objects(m);
	third = look("v/g/third");
	s = step_of(m->word, "300,301", NULL, NULL);
	apply(s);
	check_stripped();
	assert_int_equal(look("v/g/third").st_uid, third.st_uid);
	apply(s);
	check_stripped();
	undo(s);
	same_as_before();
	undo(s);
	same_as_before();
	assert_int_equal(b.work.nr_kept, 0);
}

/* A cut between the change of owner and what it takes away. */
static void finishes_set_id(void **state)
{
	struct step *s;

	(void)state;
	needs_root();
	make_objects(&methods[2]);
	s = step_of("id24", "300", NULL, NULL);
	apply(s);
	MUST(unlink("journal/marks.0.print"));
	MUST(chmod("v/g/su", 0755));
	MUST(removexattr("v/g/caps", "security.capability"));
	set_flags("v/g/ro", 0);
	apply(s);
	check_stripped();
	undo(s);
	same_as_before();
}

/* What the container did stays; what it did not touch goes back. */
static void keeps_changes_in_place(void **state)
{
	struct stat st;
	struct step *s;

	(void)state;
	needs_root();
	make_objects(&methods[2]);
	s = step_of("id24", "300", NULL, NULL);
	apply(s);
	put("v/g/file", "a longer log", 0640);
	MUST(chmod("v/g/su", 0700));
	MUST(chown("v/g/acl", 77, 78));
	undo(s);
	st = look("v/g/file");
	assert_int_equal(st.st_uid, (1u << 24) + 1002);
	assert_int_equal(st.st_size, 12);
	assert_int_equal(look("v/g/su").st_mode & 07777, 0700);
	assert_int_equal(look("v/g/su").st_uid, (1u << 24) + 1003);
	assert_int_equal(look("v/g/acl").st_uid, 77);
}

/* ---- shared and frozen inodes */

static void make_shared(void)
{
	MUST(mkdir("v/g/a", 0755));
	MUST(mkdir("v/g/b", 0755));
	MUST(mkdir("v/other", 0755));
	put("v/hash/1", "unified", 04755);
	MUST(setxattr("v/hash/1", "user.note", "n", 1, 0));
	MUST(link("v/hash/1", "v/g/a/one"));
	MUST(link("v/hash/1", "v/g/b/too"));
	MUST(link("v/hash/1", "v/other/one"));
	put("v/g/a/open", "shared, and not frozen", 0644);
	MUST(link("v/g/a/open", "v/other/open"));
	put("v/g/a/x", "linked inside only", 0644);
	MUST(link("v/g/a/x", "v/g/b/x"));
	put("v/g/a/alone", "frozen, one name left", 0644);
	put("v/g/a/hole", "", 0600);
	MUST(truncate("v/g/a/hole", 1 << 22));
	MUST(link("v/g/a/hole", "v/other/hole"));
	ready();
	set_flags("v/hash/1", FS_IMMUTABLE_FL);
	set_flags("v/g/a/alone", FS_IMMUTABLE_FL);
	snap();
}

static void breaks_shared(void **state)
{
	struct marks_done done;
	struct step *s;
	char note[4];

	(void)state;
	needs_root();
	make_shared();
	s = step_of(NULL, NULL, "files", "break");
	apply(s);
	assert_int_equal(look("v/g/a/one").st_ino, look("v/g/b/too").st_ino);
	assert_int_equal(look("v/g/a/one").st_nlink, 2);
	assert_true(look("v/g/a/one").st_ino != look("v/hash/1").st_ino);
	assert_int_equal(look("v/g/a/one").st_mode & 07777, 04755);
	assert_int_equal(look("v/g/a/one").st_mtim.tv_nsec, 123456789);
	assert_int_equal(look("v/g/a").st_mtim.tv_nsec, 123456789);
	assert_int_equal(getxattr("v/g/a/one", "user.note", note, sizeof(note)), 1);
	assert_false(get_flags("v/g/a/one") & FS_IMMUTABLE_FL);
	assert_false(get_flags("v/g/a/alone") & FS_IMMUTABLE_FL);
	assert_true(get_flags("v/hash/1") & FS_IMMUTABLE_FL);
	assert_int_equal(look("v/g/a/x").st_nlink, 2);
	assert_int_equal(look("v/g/a/open").st_nlink, 1);
	assert_true(look("v/g/a/hole").st_blocks < 64);
	good(marks_done_read(&b.work, 0, &done, &err));
	assert_int_equal(done.shared, 3);
	assert_int_equal(done.immutable, 0);
	undo(s);
	same_as_before();
	assert_int_equal(b.work.nr_kept, 0);
}

static void keeps_readonly(void **state)
{
	struct marks_done done;
	struct step *s;

	(void)state;
	needs_root();
	make_shared();
	s = step_of(NULL, NULL, "files", "keep-readonly");
	apply(s);
	assert_int_equal(look("v/g/a/one").st_ino, look("v/hash/1").st_ino);
	assert_true(get_flags("v/g/a/one") & FS_IMMUTABLE_FL);
	assert_int_equal(look("v/g/a/open").st_nlink, 1);
	assert_false(get_flags("v/g/a/alone") & FS_IMMUTABLE_FL);
	good(marks_done_read(&b.work, 0, &done, &err));
	assert_int_equal(done.immutable, 1);
	undo(s);
	same_as_before();
}

/* Give one byte of a file of the journal another value; the value that it had. */
static unsigned char flip(const char *path, off_t at, unsigned char to)
{
	unsigned char was = 0;
	int fd = open(path, O_RDWR);

	MUST(fd);
	assert_int_equal(pread(fd, &was, 1, at), 1);
	if (to == was)
		to ^= 1;
	assert_int_equal(pwrite(fd, &to, 1, at), 1);
	close(fd);
	return was;
}

/* Nothing is set by a record that is not as it was written; as it was, it serves. */
static void damaged_records_are_refused(void **state)
{
	static const char *const records[] = { "journal/marks.0", "journal/marks.0.hold" };
	struct step *s;

	(void)state;
	needs_root();
	make_shared();
	s = step_of(NULL, NULL, "files", "break");
	apply(s);
	b.work.ran = true;
	for (unsigned i = 0; i < 2; i++) {
		off_t size = look(records[i]).st_size;

		for (off_t at = 0; at < size; at += i ? 1 : 7) {
			unsigned char was = flip(records[i], at, '7');

			if (s->kind->undo(s, &b.work, &err) == 0)
				fail_msg("%s: byte %lld changed, and believed", records[i],
					 (long long)at);
			assert_non_null(strstr(err.text, "damaged"));
			assert_int_equal(look("v/g/a/one").st_nlink, 2);
			flip(records[i], at, was);
		}
	}
	undo(s);
	same_as_before();
}

static void keeps_locks_of_copies(void **state)
{
	struct step *s;

	(void)state;
	needs_root();
	make_shared();
	s = step_of(NULL, NULL, NULL, "break");
	apply(s);
	assert_int_equal(look("v/g/a/one").st_nlink, 2);
	assert_true(look("v/g/a/one").st_ino != look("v/hash/1").st_ino);
	assert_true(get_flags("v/g/a/one") & FS_IMMUTABLE_FL);
	assert_true(get_flags("v/hash/1") & FS_IMMUTABLE_FL);
	undo(s);
	same_as_before();
}

static void changed_copies_stay(void **state)
{
	struct step *s;

	(void)state;
	needs_root();
	make_shared();
	s = step_of(NULL, NULL, "files", "break");
	apply(s);
	put("v/g/a/one", "by the container", 0755);
	MUST(chmod("v/g/a/open", 0600));
	undo(s);
	assert_int_equal(b.work.nr_kept, 3);
	assert_true(look("v/g/a/one").st_ino != look("v/hash/1").st_ino);
	assert_int_equal(look("v/g/a/one").st_ino, look("v/g/b/too").st_ino);
	assert_int_equal(look("v/hash/1").st_nlink, 2);
	assert_true(get_flags("v/hash/1") & FS_IMMUTABLE_FL);
	assert_int_equal(look("v/g/a/hole").st_ino, look("v/other/hole").st_ino);
	assert_int_equal(look("v/g/a/open").st_mode & 07777, 0600);
}

static void commit_drops_originals(void **state)
{
	struct step *s;

	(void)state;
	needs_root();
	make_shared();
	s = step_of(NULL, NULL, "files", "break");
	apply(s);
	assert_int_equal(look("v/hash/1").st_nlink, 3);
	good(s->kind->finish(s, &b.work, &err));
	good(s->kind->finish(s, &b.work, &err));
	assert_int_equal(look("v/hash/1").st_nlink, 2);
	assert_true(get_flags("v/hash/1") & FS_IMMUTABLE_FL);
	assert_int_equal(access("v/.g.vs2vz-0000000000000000-held", F_OK), -1);
	assert_int_equal(access("journal/marks.0", F_OK), -1);
	assert_int_equal(access("journal/marks.0.print", F_OK), 0);
}

static void print_is_the_survey(void **state)
{
	const struct survey_options opt = { .threads = 1 };
	struct survey survey;
	struct hash128 print;
	struct step *s;
	int fd;

	(void)state;
	needs_root();
	make_shared();
	s = step_of(NULL, NULL, "files", "break");
	assert_int_equal(marks_print(&b.work, 0, &print, &err), -1);
	assert_int_equal(err.code, ENOENT);
	apply(s);
	good(marks_print(&b.work, 0, &print, &err));
	fd = open("v/g", O_RDONLY | O_DIRECTORY);
	good(survey_tree(&survey, fd, &opt, &err));
	close(fd);
	assert_true(hash_equal(print, survey.bare));
	survey_release(&survey);
}

#define HOLD "v/.g.vs2vz-0000000000000000-held"

/* What stands at its names is somebody else's and stays; ours is found when they have gone. */
static void foreign_folders_are_passed_by(void **state)
{
	struct step *s;

	(void)state;
	needs_root();
	make_shared();
	MUST(mkdir(HOLD, 0700));
	put(HOLD "/1-2", "somebody's", 0600);
	MUST(symlink("hash", HOLD "-2"));
	put(HOLD "-3", "", 0600);
	s = step_of(NULL, NULL, "files", "break");
	apply(s);
	assert_true(look("v/g/a/one").st_ino != look("v/hash/1").st_ino);
	assert_true(S_ISDIR(look(HOLD "-4").st_mode));
	assert_int_equal(access(HOLD "/1-2", F_OK), 0);
	MUST(unlink(HOLD "-2"));
	MUST(unlink(HOLD "-3"));
	b.work.ran = true;
	good(s->kind->undo(s, &b.work, &err));
	assert_int_equal(b.work.nr_kept, 0);
	assert_int_equal(look("v/g/a/one").st_ino, look("v/hash/1").st_ino);
	assert_int_equal(access(HOLD "-4", F_OK), -1);
	assert_int_equal(access(HOLD "/1-2", F_OK), 0);
}

/* A folder with another identity is not ours, though it has the name and names like ours. */
static void a_folder_in_its_place_is_not_emptied(void **state)
{
	struct step *s;

	(void)state;
	needs_root();
	make_shared();
	s = step_of(NULL, NULL, "files", "break");
	apply(s);
	MUST(rename(HOLD, "v/elsewhere"));
	MUST(mkdir(HOLD, 0700));
	put(HOLD "/1-2", "somebody's", 0600);
	b.work.ran = true;
	good(s->kind->undo(s, &b.work, &err));
	assert_true(b.work.nr_kept > 0);
	assert_int_equal(access(HOLD "/1-2", F_OK), 0);
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate_setup_teardown(strips_tags, up, down, (void *)&methods[0]),
		cmocka_unit_test_prestate_setup_teardown(strips_tags, up, down, (void *)&methods[1]),
		cmocka_unit_test_prestate_setup_teardown(strips_tags, up, down, (void *)&methods[2]),
		cmocka_unit_test_setup_teardown(finishes_set_id, up, down),
		cmocka_unit_test_setup_teardown(keeps_changes_in_place, up, down),
		cmocka_unit_test_setup_teardown(breaks_shared, up, down),
		cmocka_unit_test_setup_teardown(keeps_readonly, up, down),
		cmocka_unit_test_setup_teardown(damaged_records_are_refused, up, down),
		cmocka_unit_test_setup_teardown(keeps_locks_of_copies, up, down),
		cmocka_unit_test_setup_teardown(changed_copies_stay, up, down),
		cmocka_unit_test_setup_teardown(commit_drops_originals, up, down),
		cmocka_unit_test_setup_teardown(print_is_the_survey, up, down),
		cmocka_unit_test_setup_teardown(foreign_folders_are_passed_by, up, down),
		cmocka_unit_test_setup_teardown(a_folder_in_its_place_is_not_emptied, up, down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
