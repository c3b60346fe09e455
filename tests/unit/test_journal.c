/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Journals: made, logged, read again; torn and damaged logs; the loop's way forwards
 * and backwards as the log tells it; the lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "model/finding_ids.h"
#include "../crash/world.c"
#include "run/run.h"

#include <cmocka.h>

struct place_of_work {
	char dir[256];
	struct root root;
	int state;
	struct pool pool;
};

static struct err err;

static int up(void **state)
{
	struct place_of_work *w = calloc(1, sizeof(*w));
	const char *tmp = getenv("TMPDIR");

	snprintf(w->dir, sizeof(w->dir), "%s/vs2vz-journal.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	*state = w;
	if (!mkdtemp(w->dir) || root_init(&w->root, w->dir, &err) < 0)
		return -1;
	world_build(w->root.fd);
	w->state = state_open(&w->root, WORLD_STATE, true, &err);
	return w->state < 0;
}

static int down(void **state)
{
	struct place_of_work *w = *state;

	world_clear(w->root.fd);
	root_release(&w->root);
	close(w->state);
	rmdir(w->dir);
	pool_release(&w->pool);
	free(w);
	return 0;
}

static void good(int rc)
{
	if (rc < 0)
		fail_msg("%s", err.text);
}

static void make(struct place_of_work *w)
{
	struct plan plan;

	world_plan_small(&plan, &w->root, &w->pool);
	good(journal_create(w->state, &plan, 1, &err));
}

static struct journal get(struct place_of_work *w)
{
	struct journal j;

	good(journal_open(&j, w->state, "guests/web", &err));
	return j;
}

static void log_path(const struct place_of_work *w, char path[300])
{
	snprintf(path, 300, "%s" WORLD_STATE "/guests/web/log", w->dir);
}

static size_t read_log(const struct place_of_work *w, char text[8192])
{
	char path[300];
	ssize_t got;
	int fd;

	log_path(w, path);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	got = read(fd, text, 8191);
	close(fd);
	assert_true(got >= 0);
	text[got] = '\0';
	return (size_t)got;
}

static void write_log(const struct place_of_work *w, const char *text, size_t len)
{
	char path[300];
	int fd;

	log_path(w, path);
	fd = open(path, O_WRONLY | O_TRUNC);
	assert_true(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	close(fd);
}

static void expect_phase(struct place_of_work *w, enum phase phase, unsigned first, unsigned last)
{
	struct journal j = get(w);

	assert_string_equal(phase_word(j.phase), phase_word(phase));
	assert_int_equal(j.first, first);
	assert_int_equal(j.last, last);
	journal_close(&j);
}

static void the_log_is_the_state(void **state)
{
	struct place_of_work *w = *state;
	struct log_word done = { "done", 0, 2 }, next = { "do", 3, 4 };
	struct journal j;

	make(w);
	expect_phase(w, PHASE_PLANNED, 0, 0);
	j = get(w);
	assert_int_equal(j.plan.nr_steps, 13);
	good(journal_log(&j, "do", 0, 2, &err));
	expect_phase(w, PHASE_CONVERTING, 0, 3);
	good(journal_log_two(&j, &done, &next, &err));
	expect_phase(w, PHASE_CONVERTING, 3, 5);
	good(journal_log(&j, "undo", 4, 3, &err));
	expect_phase(w, PHASE_UNDOING, 3, 5);
	good(journal_log(&j, "undone", 4, 3, &err));
	expect_phase(w, PHASE_UNDOING, 3, 3);
	good(journal_log(&j, "do", 3, 3, &err));
	expect_phase(w, PHASE_CONVERTING, 3, 4);
	assert_int_equal(j.reached, 3);
	good(journal_log_kept(&j, &(struct kept){ "/a b", "it is = odd\n" }, &err));
	expect_phase(w, PHASE_CONVERTING, 3, 4);
	journal_close(&j);
}

/* A power cut takes it: nobody synced it. */
static void lose_seal(const struct place_of_work *w)
{
	char path[300];

	snprintf(path, sizeof(path), "%s" WORLD_STATE "/guests/web/seal", w->dir);
	assert_int_equal(unlink(path), 0);
}

static void expect_damage(struct place_of_work *w, const char *says)
{
	struct journal j;

	assert_int_equal(journal_open(&j, w->state, "guests/web", &err), -1);
	assert_int_equal(err.code, VS_JOURNAL_DAMAGED);
	if (!strstr(err.text, says))
		fail_msg("'%s' does not say '%s'", err.text, says);
}

/* Cut anywhere in the last line: it never happened, and the next append goes on. */
static void torn_last_lines_never_happened(void **state)
{
	struct place_of_work *w = *state;
	char text[8192];
	struct journal j;
	size_t len, first;

	make(w);
	j = get(w);
	good(journal_log(&j, "do", 0, 2, &err));
	journal_close(&j);
	lose_seal(w);
	len = read_log(w, text);
	first = strcspn(text, "\n") + 1;
	for (size_t cut = first; cut < len; cut++) {
		write_log(w, text, cut);
		expect_phase(w, PHASE_PLANNED, 0, 0);
	}
	j = get(w);
	good(journal_log(&j, "do", 0, 1, &err));
	journal_close(&j);
	expect_phase(w, PHASE_CONVERTING, 0, 2);
	lose_seal(w);
	memset(text + first, 0, len - first);
	write_log(w, text, len);
	expect_phase(w, PHASE_PLANNED, 0, 0);
}

static void damage_inside_is_refused(void **state)
{
	struct place_of_work *w = *state;
	char text[8192];
	struct journal j;
	size_t len, last;

	make(w);
	j = get(w);
	good(journal_log(&j, "do", 0, 2, &err));
	good(journal_log(&j, "done", 0, 2, &err));
	journal_close(&j);
	len = read_log(w, text);
	for (last = len - 1; text[last - 1] != '\n';)
		last--;
	for (size_t i = 0; i + 1 < last; i++) {
		text[i] ^= 1;
		write_log(w, text, len);
		assert_int_equal(journal_open(&j, w->state, "guests/web", &err), -1);
		assert_int_equal(err.code, VS_JOURNAL_DAMAGED);
		text[i] ^= 1;
	}
}

static size_t seal(char *line)
{
	size_t len = strlen(line);

	return len + (size_t)sprintf(line + len, " %08x\n", hash_check(line, len));
}

static void append_line(struct place_of_work *w, const char *words)
{
	char text[8192];
	size_t len = read_log(w, text);

	snprintf(text + len, sizeof(text) - len - 16, "%s", words);
	write_log(w, text, len + seal(text + len));
}

static const struct odd {
	const char *line;
	int code;
	const char *says;
} odds[] = {
	{ "2 leap 0-1", VS_JOURNAL_NEWER, "'leap'" },
	{ "2 open format=1", VS_JOURNAL_NEWER, "'1'" },
	{ "2 open format=3", VS_JOURNAL_NEWER, "'3'" },
	{ "3 do 0-1", VS_JOURNAL_DAMAGED, "wrong number" },
	{ "2 do", VS_JOURNAL_DAMAGED, "no range" },
	{ "2 do 1-2", VS_JOURNAL_DAMAGED, "does not follow" },
	{ "2 do 0-99", VS_JOURNAL_DAMAGED, "does not follow" },
	{ "2 done 0-1", VS_JOURNAL_DAMAGED, "does not follow" },
	{ "2 complete", VS_JOURNAL_DAMAGED, "does not follow" },
	{ "2 closed", VS_JOURNAL_DAMAGED, "does not follow" },
	{ "2 do 0-1 next=done:0-2", VS_JOURNAL_DAMAGED, "does not follow" },
};

static void odd_lines_are_named(void **state)
{
	struct place_of_work *w = *state;
	char text[8192];
	struct journal j;
	size_t len;

	make(w);
	len = read_log(w, text);
	for (size_t i = 0; i < sizeof(odds) / sizeof(odds[0]); i++) {
		write_log(w, text, len);
		append_line(w, odds[i].line);
		assert_int_equal(journal_open(&j, w->state, "guests/web", &err), -1);
		assert_int_equal(err.code, odds[i].code);
		if (!strstr(err.text, odds[i].says))
			fail_msg("'%s' does not say '%s'", err.text, odds[i].says);
	}
}

/* What has been written and synced does not go away by itself. */
static void a_log_that_was_cut_is_no_log_that_ended(void **state)
{
	struct place_of_work *w = *state;
	char text[8192];
	struct journal j;
	size_t len;

	make(w);
	j = get(w);
	good(journal_log(&j, "do", 0, 2, &err));
	good(journal_log_two(&j, &(struct log_word){ "done", 0, 2 }, &(struct log_word){ "do", 3, 12 },
			     &err));
	good(journal_log_two(&j, &(struct log_word){ "done", 3, 12 },
			     &(struct log_word){ "complete", 0, 0 }, &err));
	journal_close(&j);
	len = read_log(w, text);
	expect_phase(w, PHASE_CONVERTED, 13, 13);
	for (size_t cut = strcspn(text, "\n") + 1; cut < len; cut++) {
		write_log(w, text, cut);
		expect_damage(w, cut + 1 < len ? "it has been cut" : "");
	}
	write_log(w, text, len);
	expect_phase(w, PHASE_CONVERTED, 13, 13);
}

/* Any bit of any line, the newlines included: with its seal, and but for the last one without. */
static void a_flipped_newline_is_damage(void **state)
{
	struct place_of_work *w = *state;
	struct journal j;
	char text[8192];
	size_t len;

	make(w);
	j = get(w);
	good(journal_log(&j, "do", 0, 2, &err));
	good(journal_log(&j, "done", 0, 2, &err));
	journal_close(&j);
	len = read_log(w, text);
	for (int sealed = 1; sealed >= 0; sealed--) {
		for (size_t i = 0; i < len; i++) {
			if (text[i] != '\n' && !sealed)
				continue;
			text[i] ^= 4;
			write_log(w, text, len);
			expect_damage(w, "log");
			text[i] ^= 4;
		}
		write_log(w, text, len);
		if (sealed)
			lose_seal(w);
	}
	expect_phase(w, PHASE_CONVERTING, 3, 3);
}

/* An old, torn or foreign seal keeps nobody from the log. */
static void a_seal_may_be_lost(void **state)
{
	static const char *const seals[] = {
		"", "\n", "0000000099 000000000099 00000000 00000000\n", "0000000099 0000000", "x",
	};
	struct place_of_work *w = *state;
	char path[300];
	struct journal j;

	make(w);
	j = get(w);
	good(journal_log(&j, "do", 0, 2, &err));
	journal_close(&j);
	snprintf(path, sizeof(path), "%s" WORLD_STATE "/guests/web/seal", w->dir);
	for (size_t i = 0; i < sizeof(seals) / sizeof(seals[0]); i++) {
		FILE *f = fopen(path, "w");

		assert_non_null(f);
		fputs(seals[i], f);
		fclose(f);
		expect_phase(w, PHASE_CONVERTING, 0, 3);
	}
	j = get(w);
	good(journal_log(&j, "done", 0, 2, &err));
	journal_close(&j);
	expect_phase(w, PHASE_CONVERTING, 3, 3);
}

typedef int runner(struct journal *j, struct work *w, struct err *err);

static void carry(struct place_of_work *w, runner *run, int want)
{
	struct journal j = get(w);
	struct work work;

	work_init(&work, &w->root, j.folder, &j.pool);
	assert_int_equal(run(&j, &work, &err), want);
	work_release(&work);
	journal_close(&j);
}

static void there_and_back(void **state)
{
	struct place_of_work *w = *state;
	struct deviation dev[4];
	struct journal j;
	struct work work;
	size_t nr;

	make(w);
	carry(w, run_finish, -1);
	carry(w, run_forward, 0);
	expect_phase(w, PHASE_CONVERTED, 13, 13);
	carry(w, run_forward, 0);
	assert_int_equal(faccessat(w->root.fd, "vz/private/345/etc/inittab", F_OK, 0), 0);
	j = get(w);
	work_init(&work, &w->root, j.folder, &j.pool);
	good(run_check(&j, &work, dev, 4, &nr, &err));
	assert_int_equal(nr, 0);
	assert_int_equal(unlinkat(w->root.fd, "etc/vz/names/web", 0), 0);
	good(run_check(&j, &work, dev, 4, &nr, &err));
	assert_int_equal(nr, 1);
	assert_string_equal(j.plan.step[dev[0].step].kind->name, "symlink");
	work_release(&work);
	journal_close(&j);
	carry(w, run_back, 0);
	expect_phase(w, PHASE_UNDONE, 0, 0);
	carry(w, run_back, 0);
	carry(w, run_forward, -1);
	assert_int_equal(faccessat(w->root.fd, "vservers/web/etc/inittab", F_OK, 0), 0);
}

/* The log lost its end, and its seal with it: the tree has moved all the same. */
static void what_stands_behind_the_end_is_seen(void **state)
{
	struct place_of_work *w = *state;
	char text[8192];
	size_t len;

	make(w);
	carry(w, run_forward, 0);
	len = read_log(w, text);
	lose_seal(w);
	write_log(w, text, strcspn(text, "\n") + 1);
	expect_phase(w, PHASE_PLANNED, 0, 0);
	carry(w, run_back, -1);
	assert_int_equal(err.code, VS_JOURNAL_DAMAGED);
	assert_non_null(strstr(err.text, "the log ends before it"));
	carry(w, run_forward, -1);
	assert_int_equal(err.code, VS_JOURNAL_DAMAGED);
	write_log(w, text, len);
	carry(w, run_back, 0);
	expect_phase(w, PHASE_UNDONE, 0, 0);
}

/* The first step behind the end that wrote a file or link where no tree has come; -1: none. */
static int first_behind(struct place_of_work *w)
{
	struct journal j = get(w);
	int first = -1;

	for (size_t i = j.plan.nr_steps; i-- > j.last;) {
		const struct step *s = &j.plan.step[i];

		if (s->kind->telling && strncmp(step_get(s, "at"), "/etc/", 5) == 0)
			first = (int)i;
	}
	journal_close(&j);
	return first;
}

/* A log that ends with the steps up to and with last. */
static void end_log_with(struct place_of_work *w, const char *text, unsigned last)
{
	struct journal j;

	write_log(w, text, strcspn(text, "\n") + 1);
	j = get(w);
	good(journal_log(&j, "do", 0, last, &err));
	good(journal_log(&j, "done", 0, last, &err));
	journal_close(&j);
	lose_seal(w);
}

/* The same of files and links, wherever the log ends behind the tree. */
static void files_behind_the_end_are_seen(void **state)
{
	struct place_of_work *w = *state;
	unsigned seen = 0, tree = 0;
	struct journal j;
	char text[8192];
	size_t len, nr;

	make(w);
	carry(w, run_forward, 0);
	len = read_log(w, text);
	lose_seal(w);
	j = get(w);
	nr = j.plan.nr_steps;
	for (unsigned i = 0; i < nr; i++)
		if (j.plan.step[i].kind->moves)
			tree = i;
	journal_close(&j);
	for (unsigned last = tree; last + 1 < nr; last++) {
		end_log_with(w, text, last);
		if (first_behind(w) < 0)
			continue;
		seen++;
		carry(w, run_back, -1);
		assert_int_equal(err.code, VS_JOURNAL_DAMAGED);
		carry(w, run_forward, -1);
		assert_int_equal(err.code, VS_JOURNAL_DAMAGED);
		assert_non_null(strstr(err.text, "the log ends before it"));
	}
	assert_true(seen > 0);
	write_log(w, text, len);
	carry(w, run_back, 0);
	expect_phase(w, PHASE_UNDONE, 0, 0);
}

static void commit_is_the_end(void **state)
{
	struct place_of_work *w = *state;

	make(w);
	carry(w, run_forward, 0);
	carry(w, run_finish, 0);
	expect_phase(w, PHASE_COMMITTED, 13, 13);
	carry(w, run_finish, 0);
	carry(w, run_back, -1);
	assert_non_null(strstr(err.text, "no way back"));
}

static void ended_journals_are_archived(void **state)
{
	struct place_of_work *w = *state;
	struct plan plan;
	struct journal j;

	world_plan_small(&plan, &w->root, &w->pool);
	good(journal_create(w->state, &plan, 1, &err));
	carry(w, run_forward, 0);
	assert_int_equal(journal_create(w->state, &plan, 1, &err), -1);
	assert_int_equal(err.code, EEXIST);
	assert_non_null(strstr(err.text, "converted"));
	expect_phase(w, PHASE_CONVERTED, 13, 13);
	carry(w, run_back, 0);
	good(journal_create(w->state, &plan, 1, &err));
	expect_phase(w, PHASE_PLANNED, 0, 0);
	good(journal_open(&j, w->state, "archive/web.~1~", &err));
	assert_int_equal(j.phase, PHASE_UNDONE);
	journal_close(&j);
}

static void lists(void **state)
{
	struct place_of_work *w = *state;
	struct plan plans[3] = { { .scope = "host" } };
	const char **names;
	unsigned *numbers;
	struct journal j;
	size_t nr;

	world_plan_small(&plans[1], &w->root, &w->pool);
	plans[2] = plans[1];
	plans[2].guest = "another one";
	good(journal_create(w->state, plans, 3, &err));
	good(journal_create(w->state, plans, 1, &err));
	good(journal_list(w->state, &w->pool, &names, &nr, &err));
	assert_int_equal(nr, 2);
	assert_string_equal(names[0], "another one");
	assert_string_equal(names[1], "web");
	good(journal_list_host(w->state, &w->pool, &numbers, &nr, &err));
	assert_int_equal(nr, 2);
	assert_int_equal(numbers[1], 2);
	good(journal_open(&j, w->state, "host/2", &err));
	assert_string_equal(j.name, "host");
	journal_close(&j);
	assert_int_equal(journal_open(&j, w->state, "guests/nobody", &err), -1);
	assert_int_equal(err.code, ENOENT);
}

static void the_lock_names_its_holder(void **state)
{
	struct place_of_work *w = *state;
	char pid[32];
	int status;
	pid_t child;

	good(state_lock(w->state, &err));
	snprintf(pid, sizeof(pid), "process %ld", (long)getpid());
	child = fork();
	if (child == 0)
		_exit(state_lock(w->state, &err) == -1 && err.code == EWOULDBLOCK &&
		      strstr(err.text, pid) ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_log_is_the_state, up, down),
		cmocka_unit_test_setup_teardown(torn_last_lines_never_happened, up, down),
		cmocka_unit_test_setup_teardown(damage_inside_is_refused, up, down),
		cmocka_unit_test_setup_teardown(odd_lines_are_named, up, down),
		cmocka_unit_test_setup_teardown(a_log_that_was_cut_is_no_log_that_ended, up, down),
		cmocka_unit_test_setup_teardown(a_flipped_newline_is_damage, up, down),
		cmocka_unit_test_setup_teardown(a_seal_may_be_lost, up, down),
		cmocka_unit_test_setup_teardown(what_stands_behind_the_end_is_seen, up, down),
		cmocka_unit_test_setup_teardown(files_behind_the_end_are_seen, up, down),
		cmocka_unit_test_setup_teardown(there_and_back, up, down),
		cmocka_unit_test_setup_teardown(commit_is_the_end, up, down),
		cmocka_unit_test_setup_teardown(ended_journals_are_archived, up, down),
		cmocka_unit_test_setup_teardown(lists, up, down),
		cmocka_unit_test_setup_teardown(the_lock_names_its_holder, up, down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
