/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every place where a conversion can be cut, one after the other.
 *
 * For N = 1, 2, 3, ... until no fault fires: build the world, convert (or convert, then
 * undo) with a fault before the N-th change, then let a healthy process resume or undo.
 * Afterwards the host must be exactly what it was before, or exactly what an
 * undisturbed conversion makes of it; nothing in between, nothing beside.
 *
 * Environment: STEP (every how manyth N), LIMIT (how many cuts in a campaign),
 * ONLY (a part of a campaign's name), FIRST (stop at the first failure), TMPDIR;
 * WORLD=marks for the plan that repairs VServer's marks in place, WORLD=image for the one
 * with a file system of its own (root, loop devices).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "fault.h"
#include "snapshot.h"
#include "world.h"
#include "run/run.h"

enum deed { CONVERT, UNDO, RESUME, CONVERT_OR_BACK, COMMIT };
#define CLEAN_FAILURE 1	/* a child that was refused and said so */

static struct {
	char dir[256], host[300], grave[300];
	int hostfd;
	struct buf before, after, committed;
	unsigned long step, limit;
	unsigned long tried, survived, tests;
	const char *only;
	bool first;
	const char *world;
} t;

static void must(bool good, const char *what)
{
	if (!good) {
		printf("Bail out! %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

static int make_journal(const struct root *root, int state, struct err *err)
{
	struct pool pool = POOL_INIT;
	struct plan plan;
	int rc;

	if (strcmp(t.world, "marks") == 0)
		world_plan_marks(&plan, root, &pool);
	else if (strcmp(t.world, "image") == 0)
		world_plan_image(&plan, root, &pool);
	else
		world_plan(&plan, root, &pool);
	rc = journal_create(state, &plan, 1, err);
	pool_release(&pool);
	return rc;
}

static int go(struct journal *j, struct work *w, enum deed deed, struct err *err)
{
	if (deed == COMMIT)
		return run_finish(j, w, err);
	return deed == UNDO ? run_back(j, w, err) : run_forward(j, w, err);
}

static int act(struct journal *j, const struct root *root, enum deed deed, struct err *err)
{
	struct work w;
	int rc;

	work_init(&w, root, j->folder, &j->pool);
	w.threads = 1;
	rc = go(j, &w, deed, err);
	if (rc < 0 && deed == CONVERT_OR_BACK)
		rc = run_back(j, &w, err) < 0 ? -1 : -2;
	work_release(&w);
	return rc;
}

static int do_deed(enum deed deed, struct err *err)
{
	struct root root;
	struct journal j;
	int state, rc;

	if (root_init(&root, t.host, err) < 0)
		return -1;
	state = state_open(&root, WORLD_STATE, true, err);
	if (state < 0)
		return -1;
	if ((deed == CONVERT || deed == CONVERT_OR_BACK) && make_journal(&root, state, err) < 0)
		return -1;
	if (journal_open(&j, state, "guests/web", err) < 0)
		return (deed == UNDO || deed == RESUME) && err->code == ENOENT ? -2 : -1;
	if (deed == RESUME && j.phase == PHASE_UNDONE)
		rc = -2;	/* the undo was complete */
	else
		rc = act(&j, &root, deed, err);
	journal_close(&j);
	return rc;
}

/* In a child; its exit status. -2 of do_deed(): the host is as it was. */
static int child(enum deed deed, const char *fault, bool *fired)
{
	int status, rc;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		struct err err = { 0 };

		must(freopen("/dev/null", "w", stderr) != NULL, "stderr");
		log_setup(-1, false);
		fault_arm(fault, t.grave);
		rc = do_deed(deed, &err);
		if (rc == -1 && !fault)
			printf("# %s\n", err.text);
		fflush(stdout);
		_exit((rc == -1 ? CLEAN_FAILURE : rc == -2 ? 2 : 0) + (fault_fired() ? 64 : 0));
	}
	must(waitpid(pid, &status, 0) == pid, "wait");
	rc = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
	*fired = rc == FAULT_EXIT || (rc < 128 && rc & 64);
	return rc < 128 ? rc & ~64 : rc;
}

static void fresh_world(void)
{
	int fd;

	world_clear(t.hostfd);
	world_build(t.hostfd);
	fd = open(t.grave, O_RDONLY | O_DIRECTORY);
	must(fd >= 0, t.grave);
	world_clear(fd);
	close(fd);
}

static bool is_state(const char *want, bool exact, bool tell)
{
	struct buf CLEANUP_BUF now = BUF_INIT;

	snapshot(&now, t.hostfd, WORLD_STATE, exact);
	if (strcmp(now.data, want) == 0)
		return true;
	if (tell)
		snapshot_diff(want, now.data, 12);
	return false;
}

/* After the cut: a healthy process leads on or back, and the host is judged. */
static bool recover(enum deed way, const char *fault)
{
	bool fired;
	int rc = child(way, NULL, &fired);

	if (rc == 2)
		way = UNDO;	/* there is no journal: nothing may have begun */
	else if (rc != 0)
		printf("# %s: recovery ended with %d\n", fault, rc);
	return (rc == 0 || rc == 2) &&
	       is_state(way == UNDO ? t.before.data : way == COMMIT ? t.committed.data :
			t.after.data, way == UNDO, true);
}

struct campaign {
	const char *name;
	const char *fault;	/* with %lu for N */
	enum deed cut;		/* what is cut */
	enum deed way;		/* what follows */
	const char *second;	/* a fault in what follows, before it is tried again; %lu */
	bool resumed;		/* a whole resume comes in between */
};

/* One cut; false: no fault fired, the campaign is over. */
static bool one_cut(const struct campaign *c, unsigned long n, bool *good)
{
	char fault[64], second[64];
	bool fired, again;
	int rc;

	snprintf(fault, sizeof(fault), c->fault, n);
	fresh_world();
	if ((c->cut == UNDO || c->cut == COMMIT) && child(CONVERT, NULL, &fired) != 0) {
		printf("# cannot convert\n");
		*good = false;
		return true;
	}
	rc = child(c->cut, fault, &fired);
	if (!fired && rc != FAULT_EXIT) {
		*good = true;
		return false;
	}
	if (c->cut == CONVERT_OR_BACK && rc == 2) {
		*good = is_state(t.before.data, true, true);
		return true;
	}
	if (c->resumed)
		child(RESUME, NULL, &again);
	if (c->second) {
		snprintf(second, sizeof(second), c->second, n * 7 % 97 + 1);
		child(c->way, second, &again);
	}
	*good = recover(c->way, fault);
	if (!*good)
		printf("# %s: failed after %s\n", c->name, fault);
	return true;
}

static void run_campaign(const struct campaign *c)
{
	unsigned long tried = 0, survived = 0;
	bool good = true;

	if ((t.only && !strstr(c->name, t.only)) || (t.first && t.tried != t.survived))
		return;
	for (unsigned long n = 1; tried < t.limit; n += t.step) {
		if (!one_cut(c, n, &good))
			break;
		tried++;
		survived += good;
		if (tried - survived >= (t.first ? 1 : 5))
			break;
	}
	if (!good && tried == survived)
		survived--;
	t.tried += tried;
	t.survived += survived;
	printf("%s %lu - %s # cuts tried %lu, survived %lu\n",
	       tried && tried == survived ? "ok" : "not ok", ++t.tests, c->name, tried, survived);
	fflush(stdout);
}

static const struct campaign campaigns[] = {
	{ "crash in convert, then resume", "crash:%lu", CONVERT, RESUME, NULL, false },
	{ "crash in convert, then undo", "crash:%lu", CONVERT, UNDO, NULL, false },
	{ "crash in undo, then undo", "crash:%lu", UNDO, UNDO, NULL, false },
	{ "crash in undo, then resume", "crash:%lu", UNDO, RESUME, NULL, false },
	{ "one I/O error in convert, then resume", "eio:%lu", CONVERT, RESUME, NULL, false },
	{ "one I/O error in convert, rolled back", "eio:%lu", CONVERT_OR_BACK, UNDO, NULL, false },
	{ "one I/O error in undo, then undo", "eio:%lu", UNDO, UNDO, NULL, false },
	{ "disk full in convert, rolled back", "enospc:%lu", CONVERT_OR_BACK, UNDO, NULL, false },
	{ "I/O errors for ever in convert, then undo", "eio-forever:%lu", CONVERT_OR_BACK, UNDO,
	  NULL, false },
	{ "I/O errors for ever in convert, then resume", "eio-forever:%lu", CONVERT, RESUME, NULL, false },
	{ "I/O errors for ever in undo, then undo", "eio-forever:%lu", UNDO, UNDO, NULL, false },
	{ "power cut in convert, all lost, then resume", "power:%lu:0", CONVERT, RESUME, NULL, false },
	{ "power cut in convert, all lost, then undo", "power:%lu:4", CONVERT, UNDO, NULL, false },
	{ "power cut in convert, end lost, then resume", "power:%lu:1", CONVERT, RESUME, NULL, false },
	{ "power cut in convert, end lost, then undo", "power:%lu:5", CONVERT, UNDO, NULL, false },
	{ "power cut in convert, some lost, then resume", "power:%lu:2", CONVERT, RESUME, NULL, false },
	{ "power cut in convert, some lost, then undo", "power:%lu:6", CONVERT, UNDO, NULL, false },
	{ "power cut in convert, others lost, then undo", "power:%lu:10", CONVERT, UNDO, NULL, false },
	{ "power cut in convert, contents lost, then resume", "power:%lu:3", CONVERT, RESUME, NULL,
	  false },
	{ "power cut in convert, contents lost, then undo", "power:%lu:7", CONVERT, UNDO, NULL,
	  false },
	{ "power cut in undo, contents lost, then undo", "power:%lu:3", UNDO, UNDO, NULL, false },
	{ "power cut in undo, all lost, then undo", "power:%lu:0", UNDO, UNDO, NULL, false },
	{ "power cut in undo, some lost, then undo", "power:%lu:2", UNDO, UNDO, NULL, false },
	{ "power cut in undo, end lost, then resume", "power:%lu:1", UNDO, RESUME, NULL, false },
	{ "power cut in undo, some lost, then resume", "power:%lu:6", UNDO, RESUME, NULL, false },
	{ "crash in convert, resumed, then undo", "crash:%lu", CONVERT, UNDO, NULL, true },
	{ "power cut in convert, resumed, then undo", "power:%lu:2", CONVERT, UNDO, NULL, true },
	{ "crash in convert, crash in undo, then undo", "crash:%lu", CONVERT, UNDO, "crash:%lu", false },
	{ "crash in convert, crash in resume, then resume", "crash:%lu", CONVERT, RESUME,
	  "crash:%lu", false },
	{ "power cut in convert, power cut in undo, then undo", "power:%lu:2", CONVERT, UNDO,
	  "power:%lu:6", false },
	{ "power cut in undo, power cut in resume, then resume", "power:%lu:6", UNDO, RESUME,
	  "power:%lu:2", false },
	{ "error in convert, power cut in undo, then undo", "eio:%lu", CONVERT, UNDO,
	  "power:%lu:0", false },
	{ "crash in commit, then commit", "crash:%lu", COMMIT, COMMIT, NULL, false },
	{ "one I/O error in commit, then commit", "eio:%lu", COMMIT, COMMIT, NULL, false },
	{ "power cut in commit, all lost, then commit", "power:%lu:0", COMMIT, COMMIT, NULL, false },
	{ "power cut in commit, some lost, then commit", "power:%lu:2", COMMIT, COMMIT, NULL, false },
};

static unsigned long number(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 10) : otherwise;
}

static void set_up(void)
{
	const char *tmp = getenv("TMPDIR");

	/* Durability is modelled, not waited for: memory is as good as a disk. */
	if (!tmp || !*tmp)
		tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	snprintf(t.dir, sizeof(t.dir), "%s/vs2vz-crash.XXXXXX", tmp);
	must(mkdtemp(t.dir) != NULL, t.dir);
	snprintf(t.host, sizeof(t.host), "%s/host", t.dir);
	snprintf(t.grave, sizeof(t.grave), "%s/grave", t.dir);
	must(mkdir(t.host, 0755) == 0 && mkdir(t.grave, 0700) == 0, t.dir);
	t.hostfd = open(t.host, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(t.hostfd >= 0, t.host);
	t.before = t.after = t.committed = (struct buf)BUF_INIT;
	t.step = number("STEP", 1);
	t.limit = number("LIMIT", 100000);
	t.only = getenv("ONLY");
	t.first = getenv("FIRST") != NULL;
	t.world = getenv("WORLD") ? getenv("WORLD") : "";
	if (!t.step)
		t.step = 1;
}

static void tear_down(void)
{
	int fd = open(t.dir, O_RDONLY | O_DIRECTORY);

	must(fd >= 0, t.dir);
	world_clear(fd);
	close(fd);
	rmdir(t.dir);
}

/* What is right, from runs that nothing disturbs. */
static bool learn(void)
{
	bool fired, good;

	fresh_world();
	snapshot(&t.before, t.hostfd, WORLD_STATE, true);
	good = child(CONVERT, NULL, &fired) == 0;
	snapshot(&t.after, t.hostfd, WORLD_STATE, false);
	good = good && strcmp(t.before.data, t.after.data) != 0;
	good = good && child(COMMIT, NULL, &fired) == 0;
	snapshot(&t.committed, t.hostfd, WORLD_STATE, false);
	fresh_world();
	good = good && child(CONVERT, NULL, &fired) == 0;
	printf("%s 1 - convert without a fault\n", good ? "ok" : "not ok");
	good = good && child(UNDO, NULL, &fired) == 0 && is_state(t.before.data, true, true);
	printf("%s 2 - undo without a fault gives the same host\n", good ? "ok" : "not ok");
	t.tests = 2;
	return good;
}

int main(void)
{
	set_up();
	if (learn())
		for (size_t i = 0; i < sizeof(campaigns) / sizeof(campaigns[0]); i++)
			run_campaign(&campaigns[i]);
	else
		t.tried = 1;
	printf("# cuts tried %lu, survived %lu\n1..%lu\n", t.tried, t.survived, t.tests);
	tear_down();
	return t.tried != t.survived;
}
