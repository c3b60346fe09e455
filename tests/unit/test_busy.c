/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who uses a tree: against a made-up /proc, and against a real process.
 */
#include "vserver_fixture.h"

#include "vserver/users.h"

#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

static struct root proc;

static int busy(const struct guest *g)
{
	struct users users = USERS_INIT;
	int done = users_read(&users, &fx.root, &proc, &fx.err);

	if (done == 0)
		vserver_busy(g, &users, &fx.findings);
	users_release(&users);
	return done;
}

static struct guest guest_of(const char *tree)
{
	struct guest g = { .name = "g", .tree = tree };
	struct stat st;

	assert_int_equal(stat(fx_path(tree), &st), 0);
	g.tree_dev = st.st_dev;
	g.tree_ino = st.st_ino;
	return g;
}

static void process(int pid, const char *name, const char *target)
{
	char path[256], full[PATH_MAX + 256];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	snprintf(full, sizeof(full), "%s%s", fx.dir, target);
	fx_link(path, full);
}

static void made_up(void **state)
{
	struct guest g;

	(void)state;
	fx_dir("/vservers/g/sub");
	fx_dir("/vservers/g2");
	process(10, "cwd", "/vservers/g2");
	process(10, "root", "/");
	process(10, "fd/0", "/vservers/g2/file");
	process(getpid(), "cwd", "/vservers/g");	/* ourselves */
	fx_file("/proc/version", "");
	assert_int_equal(root_init(&proc, fx_path("/proc"), &fx.err), 0);
	g = guest_of("/vservers/g");
	assert_int_equal(busy(&g), 0);
	assert_int_equal(fx_count(VS_GUEST_BUSY, "g"), 0);

	fx_file("/proc/20/stat", "20 (a) b\x1b) S 1\n");
	process(20, "root", "/vservers/g");
	process(21, "cwd", "/vservers/g/sub");
	process(22, "exe", "/vservers/g/bin/sh (deleted)");
	process(23, "fd/0", "/dev/null");
	process(23, "fd/7", "/vservers/g/sub/x");
	assert_int_equal(busy(&g), 0);
	assert_int_equal(fx_count(VS_GUEST_BUSY, "g"), 1);
	assert_string_equal(fx_finding(VS_GUEST_BUSY, "g")->seen,
			    "process 20 (a) b\\x1B) has its root there; process 21 works there; "
			    "process 22 runs a program of it; process 23 has a file of it open");
	root_release(&proc);
}

static void many(void **state)
{
	struct guest g;

	(void)state;
	fx_dir("/vservers/g");
	for (int pid = 100; pid < 120; pid++)
		process(pid, "cwd", "/vservers/g");
	assert_int_equal(root_init(&proc, fx_path("/proc"), &fx.err), 0);
	g = guest_of("/vservers/g");
	assert_int_equal(busy(&g), 0);
	assert_int_equal(fx_count(VS_GUEST_BUSY, "g"), 1);
	assert_non_null(strstr(fx_finding(VS_GUEST_BUSY, "g")->seen, "; and 14 more"));
	root_release(&proc);
}

static pid_t worker_in(const char *dir)
{
	int ready[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (chdir(dir) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		alarm(30);	/* whatever becomes of the test */
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void real_process(void **state)
{
	struct guest g;
	pid_t pid;

	(void)state;
	fx_dir("/vservers/g/sub");
	pid = worker_in(fx_path("/vservers/g/sub"));
	assert_int_equal(root_init(&proc, "/proc", &fx.err), 0);
	g = guest_of("/vservers/g");
	assert_int_equal(busy(&g), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(fx_count(VS_GUEST_BUSY, "g"), 1);
	assert_non_null(strstr(fx_finding(VS_GUEST_BUSY, "g")->seen, "works there"));
	fx.findings.nr = 0;
	assert_int_equal(busy(&g), 0);
	assert_int_equal(fx.findings.nr, 0);
	root_release(&proc);
}

static void mounts(void **state)
{
	struct guest g;

	(void)state;
	fx_dir("/vservers/g/proc");
	if (mount("none", fx_path("/vservers/g/proc"), "tmpfs", 0, "size=64k") < 0)
		skip();
	assert_int_equal(root_init(&proc, "/proc", &fx.err), 0);
	g = guest_of("/vservers/g");
	if (busy(&g) < 0)
		print_error("%s\n", fx.err.text);
	assert_int_equal(umount(fx_path("/vservers/g/proc")), 0);
	assert_int_equal(fx_count(VS_GUEST_MOUNTS, "g"), 1);
	assert_string_equal(fx_finding(VS_GUEST_MOUNTS, "g")->object, "/vservers/g/proc");
	root_release(&proc);
}

static void offline(void **state)
{
	struct guest g = { .name = "g", .tree = "/x" };
	struct users users = USERS_INIT;

	(void)state;
	assert_int_equal(users_read(&users, &fx.root, NULL, &fx.err), 0);
	vserver_busy(&g, &users, &fx.findings);
	users_release(&users);
	fx_no_findings();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(made_up), FX_TEST(many), FX_TEST(real_process), FX_TEST(mounts),
		FX_TEST(offline),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
