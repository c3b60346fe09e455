/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The start test on an OpenVZ host: vzctl starts and stops the container, as the
 * administrator would; what it does is seen from the host. vzctl gets a clean environment,
 * /dev/null, and a time limit; its messages are kept with the console text.
 */
#include "run/start_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/stop.h"

/* vzctl: include/vzerror.h; those that a start or stop can end with. */
static const struct {
	int status;
	const char *says;
} statuses[] = {
	{ 1, "resource limits could not be set" }, { 2, "the fair scheduler refused" },
	{ 3, "a system call failed" }, { 5, "the kernel lacks OpenVZ or a feature" },
	{ 6, "out of memory or resources" }, { 7, "the container could not be created" },
	{ 8, "a command in the container failed" }, { 9, "the container is locked" },
	{ 10, "vz.conf is missing" }, { 11, "a script is missing" }, { 12, "no permission" },
	{ 13, "capabilities could not be set" }, { 14, "CTID.conf is missing" },
	{ 15, "a command took too long" }, { 18, "the user limit could not be set" },
	{ 20, "an option is wrong" }, { 21, "a value is wrong" }, { 22, "VE_ROOT is not set" },
	{ 23, "VE_PRIVATE is not set" }, { 24, "TEMPLATE is not set" },
	{ 27, "parameters are missing" }, { 28, "beancounters are missing in CTID.conf" },
	{ 29, "OSTEMPLATE is not set" }, { 31, "it is not running" }, { 32, "it runs already" },
	{ 33, "it could not be stopped" }, { 34, "an address could not be added" },
	{ 40, "it is not mounted" }, { 41, "it is mounted already" },
	{ 43, "there is no private area" }, { 46, "no space on the disk" },
	{ 47, "there is no init in it" }, { 49, "the mount point is unusable" },
	{ 50, "it could not be mounted" }, { 51, "it could not be unmounted" },
	{ 60, "quota could not be switched on" }, { 61, "quota could not be initialised" },
	{ 62, "quota could not be set" }, { 63, "DISKSPACE is not set" },
	{ 64, "DISKINODES is not set" }, { 65, "user quota in it failed" },
	{ 66, "quota could not be switched off" }, { 67, "user quota is not initialised" },
	{ 70, "the host name is wrong" }, { 71, "an address is wrong" },
	{ 72, "a name server is wrong" }, { 73, "a search domain is wrong" },
	{ 78, "an address is in use" }, { 79, "an action script failed" },
	{ 85, "the configuration is wrong" }, { 86, "a device could not be set" },
	{ 89, "an address is not available" }, { 91, "the OS template is not found" },
	{ 104, "a network device could not be moved" }, { 105, "it is disabled" },
	{ 106, "iptables could not be set" }, { 107, "the distribution's settings are missing" },
	{ 108, "a script of the distribution is missing" }, { 129, "meminfo could not be set" },
	{ 130, "a veth device could not be made" }, { 131, "its name belongs to another one" },
	{ 144, "osrelease could not be set" }, { 148, "I/O limits could not be set" },
};

const char *start_vzctl_says(int status)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].status == status)
			return statuses[i].says;
	return NULL;
}

static void be_vzctl(const struct start_job *job, const char *word, int out)
{
	static const char *const env[] = { "HOME=/root", "TERM=linux", "LC_ALL=C",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	char ctid[16];
	const char *const argv[] = { "vzctl", word, ctid, NULL };
	struct root dev;
	struct err err;
	int null = -1;

	snprintf(ctid, sizeof(ctid), "%u", job->ctid);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	setsid();
	umask(022);
	if (root_init(&dev, "/dev", &err) == 0)
		null = sys_open_special(&(struct place){ dev.fd, "null" }, S_IFCHR);
	if (null >= 0)
		dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	inside_seal();
	execve(job->vzctl, (char *const *)argv, (char *const *)env);
	_exit(127);
}

static int start_vzctl(const struct start_job *job, const char *word, pid_t *pid, struct err *err)
{
	int words[2];

	if (pipe_cloexec(words, true) < 0)
		return fail_errno(err, "cannot make a pipe");
	*pid = fork();
	if (*pid == 0) {
		fcntl(words[1], F_SETFL, 0);
		be_vzctl(job, word, words[1]);
	}
	close(words[1]);
	if (*pid < 0) {
		close(words[0]);
		return fail_errno(err, "cannot start a process");
	}
	return words[0];
}

static void drain(int fd, struct buf *console)
{
	char bytes[4096];
	ssize_t len;

	while ((len = read(fd, bytes, sizeof(bytes))) > 0)
		console_add(console, bytes, (size_t)len);
}

/* Its status; -1: it was stopped, by time or by a signal to us, and then killed. */
static int run_vzctl(const struct start_job *job, const char *word, unsigned seconds,
		     struct buf *console, struct err *err)
{
	uint64_t limit = watch_now() + (uint64_t)seconds * 1000;
	pid_t pid = -1, ended;
	int status = 0;
	int CLEANUP_FD fd = start_vzctl(job, word, &pid, err);

	if (fd < 0)
		return -1;
	while ((ended = waitpid(pid, &status, WNOHANG)) == 0) {
		struct pollfd news = { .fd = fd, .events = POLLIN };

		if (stop_wanted() || watch_now() >= limit) {
			kill(-pid, SIGKILL);
			waitpid(pid, NULL, 0);
			return stop_wanted() ?
				fail_code(err, ERR_STOPPED, "stopped during 'vzctl %s'", word) :
				fail(err, "'vzctl %s %u' did not end in %u s", word, job->ctid, seconds);
		}
		if (poll(&news, 1, 100) > 0 && (news.revents & POLLHUP) && !(news.revents & POLLIN))
			poll(NULL, 0, 50);
		drain(fd, console);
	}
	drain(fd, console);
	return ended > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool is_in_ct(const struct proc *p, const void *ctx)
{
	const struct start_job *job = ctx;
	struct stat st;

	if (p->veid)
		return p->veid == job->ctid;
	return job->ve_root && p->root_ino && fstat(job->ve_root->fd, &st) == 0 &&
	       p->root_dev == st.st_dev && p->root_ino == st.st_ino;
}

/* Init is the oldest of them: the one whose parent is none of them. */
static bool pause_container(void *ctx, struct start_seen *seen, int ms)
{
	struct watch *w = ctx;

	poll(NULL, 0, ms);
	if (!w->look.init && seen->procs.nr)
		w->look.init = seen->procs.v[0].pid;
	return true;
}

static const char *refusal(int status, const char *word, struct pool *pool)
{
	const char *says = start_vzctl_says(status);

	return pool_printf(pool, "vzctl %s ended with status %d%s%s", word, status,
			   says ? ": " : "", says ? says : "");
}

static int watch_container(struct start_seen *out, const struct start_job *job, struct pool *pool,
			   struct err *err)
{
	struct watch w = {
		.look = { .job = job, .proc = job->proc, .inside = { -1, "" }, .mine = is_in_ct,
			  .ctx = job },
		.pause = pause_container,
	};
	int done;

	w.ctx = &w;
	done = watch_boot(&w, out, pool, err);
	look_release(&w.look);
	return done;
}

/* A container that was started is stopped again, whatever was seen of it. */
static int stop_container(struct start_seen *out, const struct start_job *job, struct pool *pool)
{
	uint64_t started = watch_now();
	struct err err = { 0 };
	int status;

	stop_clear();
	out->up_len = out->console.len;
	status = run_vzctl(job, "stop", job->stop_timeout + 120, &out->console, &err);
	out->stopped = status == 0;
	out->stop_seconds = (unsigned)((watch_now() - started) / 1000);
	if (status != 0 && !out->why)
		out->why = status < 0 ? pool_strdup(pool, err.text) : refusal(status, "stop", pool);
	return 0;
}

int start_container(struct start_seen *out, const struct start_job *job, struct pool *pool,
		    struct err *err)
{
	int status, done;

	*out = (struct start_seen){ .console = BUF_INIT };
	status = run_vzctl(job, "start", job->timeout, &out->console, err);
	if (status < 0 && err->code == ERR_STOPPED) {
		stop_container(out, job, pool);
		return -1;
	}
	if (status != 0) {
		out->end = status == 47 ? START_NO_INIT : status == 32 ? START_IMPOSSIBLE : START_DIED;
		out->why = status < 0 ? pool_strdup(pool, err->text) : refusal(status, "start", pool);
		return status < 0 ? stop_container(out, job, pool) : 0;
	}
	done = watch_container(out, job, pool, err);
	stop_container(out, job, pool);
	return done;
}
