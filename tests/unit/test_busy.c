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

/* What the kernel holds: by /proc/swaps, /sys/block and the export table. */
static void held_by_the_kernel(void **state)
{
	char text[3 * PATH_MAX], top[2 * PATH_MAX];
	struct guest g;

	(void)state;
	fx_dir("/vservers/g");
	fx_dir("/vservers/g2");
	fx_dir("/sys/block/sda");
	snprintf(text, sizeof(text), "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n"
		 "%s/vservers/g2/swap file 1 0 -3\n", fx.dir);
	fx_file("/proc/swaps", text);
	snprintf(text, sizeof(text), "%s/vservers/g2/a.img\n", fx.dir);
	fx_file("/sys/block/loop4/loop/backing_file", text);
	fx_file("/var/lib/nfs/etab", "/vservers/g2\t192.0.2.0/24(rw,sync)\n/vservers\tok(ro)\n");
	snprintf(top, sizeof(top), "%s", fx_path("/proc"));	/* its /sys is beside it */
	assert_int_equal(root_init(&proc, top, &fx.err), 0);
	g = guest_of("/vservers/g");
	assert_int_equal(busy(&g), 0);
	fx_no_findings();

	snprintf(text, sizeof(text), "Filename Type Size Used Priority\n%s/vservers/g/my\\040swap file 1 0 -3\n",
		 fx.dir);
	fx_file("/proc/swaps", text);
	snprintf(text, sizeof(text), "%s/vservers/g/disk/a.img\n", fx.dir);
	fx_file("/sys/block/loop4/loop/backing_file", text);
	fx_file("/var/lib/nfs/etab", "/vservers/g/home\t192.0.2.0/24(rw,sync)\n");
	assert_int_equal(busy(&g), 0);
	assert_int_equal(fx_count(VS_GUEST_BUSY, "g"), 1);
	assert_non_null(strstr(fx_finding(VS_GUEST_BUSY, "g")->seen, "/vservers/g/my swap' is swapped to"));
	assert_non_null(strstr(fx_finding(VS_GUEST_BUSY, "g")->seen, "/dev/loop4 has '"));
	assert_non_null(strstr(fx_finding(VS_GUEST_BUSY, "g")->seen, "exported to 192.0.2.0/24(rw,sync)"));
	root_release(&proc);
}

static bool bind_to_mnt(const char *what)
{
	char *from = strdup(fx_path(what));
	bool done = mount(from, fx_path("/mnt"), NULL, MS_BIND, NULL) == 0;

	free(from);
	return done;
}

static void seen_elsewhere(const char *what, size_t nr)
{
	struct guest g = guest_of("/vservers/g");

	fx.findings.nr = 0;
	assert_true(bind_to_mnt(what));
	if (busy(&g) < 0)
		print_error("%s\n", fx.err.text);
	assert_int_equal(umount(fx_path("/mnt")), 0);
	assert_int_equal(fx_count(VS_GUEST_BUSY, "g"), nr);
}

static void bind_mounts(void **state)
{
	(void)state;
	fx_dir("/vservers/g/sub");
	fx_dir("/vservers/g2");
	fx_dir("/mnt");
	if (!bind_to_mnt("/vservers/g2"))
		skip();
	assert_int_equal(umount(fx_path("/mnt")), 0);
	assert_int_equal(root_init(&proc, "/proc", &fx.err), 0);
	seen_elsewhere("/vservers/g2", 0);
	seen_elsewhere("/vservers", 0);
	seen_elsewhere("/vservers/g", 1);
	seen_elsewhere("/vservers/g/sub", 1);
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
		FX_TEST(held_by_the_kernel), FX_TEST(bind_mounts), FX_TEST(offline),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
