/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nothing that a container did to one name, or to the directory of one, stops the way back
 * of all others: every kind of step against everything that may stand at its path, at its
 * directory, or at the names that it uses beside it.
 *
 * For each pair the whole plan is run, the host is disturbed, and the plan is taken back.
 * It ends undone; all that the disturbance did not name is as it was before, to the
 * time, outside and inside of the tree; and what was disturbed is listed.
 */
#include "kinds_fixture.h"

#include "step/kinds.h"
#include "step/locks.h"

#define OUTSIDE "outside"

/* What a link leads to: a directory with the same names, which nobody may touch. */
static void make_outside(struct bench *b)
{
	static const char *const names[] = { "inittab", "mtab", "rc.local", "null", "web", "vs2vz" };
	char path[100];

	assert_int_equal(mkdirat(b->root.fd, OUTSIDE, 0755), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), OUTSIDE "/%s", names[i]);
		change(b, path, "precious\n");
	}
}

/* All pairs are tried before the test fails. */
static unsigned complaints;

static void PRINTF_LIKE(1, 2) complain(const char *fmt, ...)
{
	char text[1500];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	print_message("# %s\n", text);
	complaints++;
}

/* ---- the disturbances; each names what is no longer compared */

struct disturbance {
	const char *name;
	bool parent;		/* what is changed is the directory of the path */
	void (*make)(struct bench *b, const char *path);
};

/* Whatever stands there goes elsewhere; nothing is lost, so nothing else may change. */
static void put_away(struct bench *b, const char *path)
{
	if (faccessat(b->root.fd, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (faccessat(b->root.fd, "away", F_OK, 0) < 0)
		assert_int_equal(mkdirat(b->root.fd, "away", 0755), 0);
	if (renameat(b->root.fd, path, b->root.fd, "away/it") < 0)
		fail_msg("cannot move '%s' away: %s", path, strerror(errno));
}

static void gone(struct bench *b, const char *path)
{
	put_away(b, path);
}

static void a_file(struct bench *b, const char *path)
{
	put_away(b, path);
	change(b, path, "made by the container\n");
}

static void a_fifo(struct bench *b, const char *path)
{
	put_away(b, path);
	assert_int_equal(mkfifoat(b->root.fd, path, 0600), 0);
}

static void a_directory(struct bench *b, const char *path)
{
	char inner[300];

	put_away(b, path);
	snprintf(inner, sizeof(inner), "%s/full", path);
	assert_int_equal(mkdirat(b->root.fd, path, 0755), 0);
	change(b, inner, "made by the container\n");
}

/* Relative, so that it would lead there in a chroot as well. */
static void a_link(struct bench *b, const char *path)
{
	char text[300] = "";

	put_away(b, path);
	for (const char *at = strchr(path, '/'); at; at = strchr(at + 1, '/'))
		strcat(text, "../");
	strcat(text, OUTSIDE);
	assert_int_equal(symlinkat(text, b->root.fd, path), 0);
}

static void set_flag(struct bench *b, const char *path, int flag)
{
	int fd = openat(b->root.fd, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW), word = 0;

	assert_true(fd >= 0);
	if (ioctl(fd, FS_IOC_GETFLAGS, &word) == 0) {
		word |= flag;
		if (ioctl(fd, FS_IOC_SETFLAGS, &word) < 0)
			print_message("# no flags on '%s'\n", path);
	}
	close(fd);
}

static void immutable(struct bench *b, const char *path)
{
	set_flag(b, path, FS_IMMUTABLE_FL);
}

static void append_only(struct bench *b, const char *path)
{
	set_flag(b, path, FS_APPEND_FL);
}

static const struct disturbance disturbances[] = {
	{ "its directory is a link", true, a_link },
	{ "its directory is a file", true, a_file },
	{ "its directory is a FIFO", true, a_fifo },
	{ "its directory is gone", true, gone },
	{ "its directory is immutable", true, immutable },
	{ "its directory is append-only", true, append_only },
	{ "it is gone", false, gone },
	{ "it is a file", false, a_file },
	{ "it is a directory", false, a_directory },
	{ "it is a link", false, a_link },
	{ "it is a FIFO", false, a_fifo },
};
#define NR_DISTURBANCES (sizeof(disturbances) / sizeof(disturbances[0]))

/* ---- comparing all but what was disturbed */

/* Where a path of the converted host stands when the plan is taken back. */
static const char *home_of(const struct bench *b, const char *path, char out[static 300])
{
	for (size_t i = 0; i < b->plan.nr_steps; i++) {
		const struct step *s = &b->plan.step[i];
		const char *to = s->kind->moves ? step_get(s, "to") : NULL;
		size_t len = to ? strlen(to) : 0;

		if (to && strncmp(path, to, len) == 0 && (path[len] == '/' || !path[len])) {
			snprintf(out, 300, "%s%s", step_get(s, "from"), path + len);
			return out;
		}
	}
	snprintf(out, 300, "%s", path);
	return out;
}

static bool at_or_below(const char *line, const char *path)
{
	size_t len = strlen(path);

	return strncmp(line, path, len) == 0 && (line[len] == '/' || line[len] == ' ');
}

/* Without the number of its link group, which counts the groups of all lines before it. */
static void add_line(struct buf *out, const char *line, size_t len)
{
	const char *group = memmem(line, len, " group=", 7);
	size_t end = group ? (size_t)(group - line) : len;

	buf_add(out, line, end);
	if (group) {
		end += 7 + strspn(group + 7, "0123456789");
		buf_add(out, line + end, len - end);
	}
	buf_addch(out, '\n');
}

/* Without the disturbed path, the names beside it, and the directories that hold them. */
static void drop_disturbed(struct buf *shot, const char *path, bool names_beside)
{
	struct buf out = BUF_INIT;
	const char *slash = strrchr(path, '/');
	size_t dir = slash ? (size_t)(slash - path) : 0;
	char parent[300];

	snprintf(parent, sizeof(parent), "%.*s", (int)dir, path);
	for (const char *at = shot->data; *at; at += strcspn(at, "\n") + 1) {
		size_t len = strcspn(at, "\n");
		bool beside = names_beside && strncmp(at, path, dir + 1) == 0 &&
			      strncmp(at + dir + 1, ".", 1) == 0;

		if (at_or_below(at, path) || at_or_below(at, "/away") || beside)
			continue;
		if (strncmp(at, parent, strlen(parent)) == 0 && at[strlen(parent)] == ' ')
			len = strlen(parent);	/* its time is another one */
		if (at[0] == '/' && at[1] == ' ')
			continue;
		add_line(&out, at, len);
	}
	buf_release(shot);
	*shot = out;
}

static bool is_listed(const struct bench *b, const char *path)
{
	for (size_t i = 0; i < b->work.nr_kept; i++)
		if (strcmp(b->work.kept[i].path, path) == 0)
			return true;
	return false;
}

static bool in_a_tree(const struct bench *b, const char *path)
{
	char home[300];

	return strcmp(home_of(b, path, home), path) != 0;
}

static void clear_flags(struct bench *b, const char *path)
{
	int fd = openat(b->root.fd, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW), none = 0;

	if (fd >= 0)
		ioctl(fd, FS_IOC_SETFLAGS, &none);
	close(fd);
}

static int word_of(const struct bench *b, const char *path)
{
	int fd = openat(b->root.fd, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW), word = 0;

	if (fd >= 0)
		ioctl(fd, FS_IOC_GETFLAGS, &word);
	close(fd);
	return word & (FS_IMMUTABLE_FL | FS_APPEND_FL);
}

static const char *relative(const char *path)
{
	return path + 1;
}

static const char *parent_of(const char *path, char out[static 300])
{
	snprintf(out, 300, "%.*s", (int)(strrchr(path, '/') - path), path);
	return out;
}

/* A directory of the host that is locked: told before anything is taken back, with its cure. */
static void is_refused_whole(struct bench *b, const char *path, const char *what)
{
	enum phase before = b->journal.phase;
	char letter[8];

	if (run_back(&b->journal, &b->work, &err) == 0)
		complain("%s, %s: taken back in spite of the flag", path, what);
	assert_int_equal(b->journal.phase, before);
	snprintf(letter, sizeof(letter), "chattr");
	if (!strstr(err.text, letter) || !strstr(err.text, path))
		complain("%s, %s: refused with: %s", path, what, err.text);
	clear_flags(b, relative(path));
	back_to_the_start(b);
}

static void disturb(struct bench *b, const struct step *s, const struct disturbance *d)
{
	struct buf CLEANUP_BUF before = BUF_INIT, now = BUF_INIT;
	const char *at = step_get(s, "at");
	char store[300], home[300], what[300];
	const char *path = d->parent ? parent_of(at, store) : at;
	bool flags = d->make == immutable || d->make == append_only;
	int word;

	snprintf(what, sizeof(what), "step %u (%s), %s", s->nr, s->kind->name, d->name);
	make_outside(b);
	snapshot(&before, b->root.fd, WORLD_STATE, true);
	forward(b);
	d->make(b, relative(path));
	word = flags ? word_of(b, relative(path)) : 0;
	if (word && !in_a_tree(b, path)) {
		buf_clear(&b->before);
		buf_add(&b->before, before.data, before.len);
		is_refused_whole(b, path, what);
		return;
	}
	if (run_back(&b->journal, &b->work, &err) < 0)
		complain("%s: %s", what, err.text);
	if (b->journal.phase != PHASE_UNDONE)
		return;
	snapshot(&now, b->root.fd, WORLD_STATE, true);
	home_of(b, path, home);
	if (word) {
		if (word_of(b, relative(home)) != word)
			complain("%s: the flag is gone", what);
		clear_flags(b, relative(home));
		buf_clear(&now);
		snapshot(&now, b->root.fd, WORLD_STATE, true);
	} else {
		drop_disturbed(&before, home, !d->parent);
		drop_disturbed(&now, home, !d->parent);
		if (!is_listed(b, at) && !(d->make == gone && !d->parent))
			complain("%s: not listed", what);
	}
	if (strcmp(before.data, now.data) != 0) {
		snapshot_diff(before.data, now.data, 10);
		complain("%s: something else changed", what);
	}
}

/* A commit passes by as well: what it set aside and cannot find is told, and stays. */
static void disturb_and_commit(struct bench *b, const struct step *s, const struct disturbance *d)
{
	const char *at = step_get(s, "at");
	char store[300];
	const char *path = d->parent ? parent_of(at, store) : at;
	int word;

	make_outside(b);
	forward(b);
	d->make(b, relative(path));
	word = word_of(b, relative(path));
	if (run_finish(&b->journal, &b->work, &err) < 0 && (!word || in_a_tree(b, path)))
		complain("commit, step %u (%s), %s: %s", s->nr, s->kind->name, d->name, err.text);
	else if (word && in_a_tree(b, path) && word_of(b, relative(path)) != word)
		complain("commit, step %u (%s), %s: the flag is gone", s->nr, s->kind->name, d->name);
	clear_flags(b, relative(path));
}

/* Cut while a directory is open: the next run closes it before it begins. */
static void a_directory_left_open_is_closed(void **state)
{
	static const char dir[] = "vz/private/345/etc";
	struct bench *b = *state;
	const struct step *s = NULL;

	forward(b);
	immutable(b, dir);
	if (!word_of(b, dir))
		skip();
	for (size_t i = 0; i < b->journal.plan.nr_steps; i++)
		if (b->journal.plan.step[i].kind == &kind_mode)
			s = &b->journal.plan.step[i];
	assert_non_null(s);
	good(locks_lift(s, &b->work, &err));
	assert_int_equal(word_of(b, dir), 0);
	work_release(&b->work);
	work_init(&b->work, &b->root, b->journal.folder, &b->pool);
	good(locks_restore(&b->work, &err));
	assert_int_equal(word_of(b, dir), FS_IMMUTABLE_FL);
	good(run_back(&b->journal, &b->work, &err));
	assert_int_equal(word_of(b, "vservers/web/etc"), FS_IMMUTABLE_FL);
	clear_flags(b, "vservers/web/etc");
}

/* The tree that moves is locked itself: the flag goes with it, there and back. */
static void a_locked_tree_moves(void **state)
{
	struct bench *b = *state;

	immutable(b, "vservers/web");
	append_only(b, "vservers/cop");
	forward(b);
	if (word_of(b, "vz/private/345") != FS_IMMUTABLE_FL && geteuid() == 0)
		complain("the moved tree lost its flag");
	if (word_of(b, "vz/private/346") != FS_APPEND_FL && geteuid() == 0)
		complain("the copied tree lost its flag");
	good(run_back(&b->journal, &b->work, &err));
	if (geteuid() == 0 && (word_of(b, "vservers/web") != FS_IMMUTABLE_FL ||
			       word_of(b, "vservers/cop") != FS_APPEND_FL))
		complain("undo lost the flag of a tree");
	assert_int_equal(complaints, 0);
	clear_flags(b, "vservers/web");
	clear_flags(b, "vservers/cop");
}

/* /vservers was removed: the tree has a place to go back to all the same. */
static void a_removed_home_is_made_again(void **state)
{
	struct bench *b = *state;

	forward(b);
	assert_int_equal(renameat(b->root.fd, "vservers", b->root.fd, "elsewhere"), 0);
	good(run_back(&b->journal, &b->work, &err));
	expect_kept(b, "/vservers/web", "made again");
	assert_int_equal(faccessat(b->root.fd, "vservers/web/etc/inittab", F_OK, 0), 0);
}

/* It became a link: nothing is taken back, and the message names it. */
static void a_home_behind_a_link_is_refused(void **state)
{
	struct bench *b = *state;

	forward(b);
	assert_int_equal(renameat(b->root.fd, "vservers", b->root.fd, "elsewhere"), 0);
	assert_int_equal(symlinkat("elsewhere", b->root.fd, "vservers"), 0);
	assert_int_equal(run_back(&b->journal, &b->work, &err), -1);
	assert_non_null(strstr(err.text, "'/vservers' is a symbolic link"));
	assert_int_equal(b->journal.phase, PHASE_CONVERTED);
	assert_int_equal(unlinkat(b->root.fd, "vservers", 0), 0);
	assert_int_equal(renameat(b->root.fd, "elsewhere", b->root.fd, "vservers"), 0);
	back_to_the_start(b);
}

static int up_small(void **state)
{
	return up_with(state, world_plan_small);
}

static bool may_be_disturbed(const struct step *s, const struct disturbance *d)
{
	char dir[300];

	/* Trees go back as a whole or not at all; trace and times have tests of their own. */
	if (s->kind->moves || s->kind->alone || !s->kind->guard)
		return false;
	if (!d->parent)		/* a FIFO for a FIFO is no other thing */
		return d->make != a_fifo || strcmp(s->kind->name, "node") != 0;
	/* What holds the trees is more than the directory of this step. */
	parent_of(step_get(s, "at"), dir);
	return strcmp(dir, "/vz") != 0 &&
	       (strncmp(dir, "/vz/private", 11) != 0 || strchr(dir + 11, '/') != strrchr(dir, '/'));
}

/* One step of each kind inside a tree, and one outside. */
static bool is_first(const struct plan *p, unsigned nr)
{
	bool inside = strncmp(step_get(&p->step[nr], "at"), "/vz/private/", 12) == 0;

	for (unsigned i = 0; i < nr; i++) {
		const struct step *s = &p->step[i];

		if (s->kind == p->step[nr].kind &&
		    (strncmp(step_get(s, "at"), "/vz/private/", 12) == 0) == inside)
			return false;
	}
	return true;
}

struct pair {
	unsigned step;
	const struct disturbance *d;
};

static size_t list_pairs(struct pair *out, size_t max)
{
	void *state = NULL;
	struct bench *b;
	size_t nr = 0;

	assert_int_equal(up(&state), 0);
	b = state;
	for (unsigned i = 0; i < b->plan.nr_steps; i++)
		for (size_t k = 0; k < NR_DISTURBANCES && nr < max; k++)
			if (may_be_disturbed(&b->plan.step[i], &disturbances[k]) &&
			    is_first(&b->plan, i))
				out[nr++] = (struct pair){ i, &disturbances[k] };
	down(&state);
	return nr;
}

static void the_way_back_of_others_is_open(void **none)
{
	struct pair pairs[400];
	size_t nr = list_pairs(pairs, 400), stride = getenv("VS2VZ_TEST_LONG") ? 1 : 3;

	(void)none;
	assert_true(nr > 80 && nr < 400);
	/* Eleven disturbances a step: every third pair meets each of them, and each kind. */
	for (size_t i = 0; i < nr; i += stride) {
		void *state = NULL;
		struct bench *b;

		assert_int_equal(up(&state), 0);
		b = state;
		disturb(b, &b->plan.step[pairs[i].step], pairs[i].d);
		down(&state);
		assert_int_equal(up(&state), 0);
		b = state;
		disturb_and_commit(b, &b->plan.step[pairs[i].step], pairs[i].d);
		down(&state);
	}
	print_message("# %zu of %zu pairs\n", (nr + stride - 1) / stride, nr);
	assert_int_equal(complaints, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_way_back_of_others_is_open),
		cmocka_unit_test_setup_teardown(a_directory_left_open_is_closed, up, down),
		cmocka_unit_test_setup_teardown(a_locked_tree_moves, up, down),
		cmocka_unit_test_setup_teardown(a_removed_home_is_made_again, up_small, down),
		cmocka_unit_test_setup_teardown(a_home_behind_a_link_is_refused, up_small, down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
