/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes of a rehearsal, and how they end.
 *
 *	vs2vz --life--> keeper --hold--> guard --> init
 *
 * life and hold are pipes of which only the left one has the writing end: it closes when
 * the left one ends, however that happens. The keeper then kills the guard, which is
 * number 1 of a process name space that holds the guest's as well, so that the kernel
 * ends every process of the guest; mounts, interfaces and the pty go with the last of
 * them, the groups are removed by the keeper. Should the keeper be killed too, the
 * guard gets SIGKILL (PR_SET_PDEATHSIG), which no code of the guest can take back, since
 * the guard runs none. Nothing below needs a folder on disk.
 */
#include "run/start_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compat.h"

struct ends {
	int life, words, hold[2], alive[2];
	char pty[32];
};

/* One line to vs2vz; nobody listens: nobody is interested. */
static void say(int fd, const char *word, const char *text)
{
	char line[1100];
	int len = snprintf(line, sizeof(line), "%s %s\n", word, text);

	(void)!sys_write(fd, line, len < (int)sizeof(line) ? (size_t)len : sizeof(line) - 1);
}

static void say_number(int fd, const char *word, long number)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", number);
	say(fd, word, text);
}

static void be_init(const struct inside *in, const struct groups *groups, int words)
{
	struct err err = { 0 };

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	groups_join(groups);
	if (inside_run(in, &err) > 0)
		say(words, "noinit", err.text);
	else
		say(words, "fail", err.text);
	_exit(127);
}

/* Waits for everything that is left to it; ends with init. */
static void be_guard(const struct inside *in, const struct groups *groups, const struct ends *e)
{
	struct pollfd held = { .fd = e->hold[0], .events = POLLIN };
	pid_t init, ended;
	int status;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(e->hold[1]);
	close(e->alive[0]);
	if (poll(&held, 1, 0) != 0)
		_exit(1);	/* the keeper ended before the signal was asked for */
	if (unshare(CLONE_NEWPID) < 0) {
		say(e->words, "fail", "no process name space within another one");
		_exit(1);
	}
	init = fork();
	if (init == 0)
		be_init(in, groups, e->words);
	while (init > 0 && ((ended = waitpid(-1, &status, 0)) > 0 || errno == EINTR))
		if (ended == init)
			break;
	if (init > 0)
		say_number(e->words, "end", status);
	_exit(0);
}

static pid_t start_guard(const struct inside *in, const struct groups *groups, struct ends *e)
{
	pid_t guard;

	if (pipe_cloexec(e->hold, false) < 0 || pipe_cloexec(e->alive, false) < 0 ||
	    unshare(CLONE_NEWPID) < 0)
		return -1;
	guard = fork();
	if (guard == 0)
		be_guard(in, groups, e);
	close(e->hold[0]);
	close(e->alive[1]);
	return guard;
}

/* Until vs2vz lets go or the guard has ended; then until nothing is left. */
static void keep(pid_t guard, const struct ends *e)
{
	struct pollfd fds[2] = { { .fd = e->life }, { .fd = e->alive[0] } };

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	kill(guard, SIGKILL);
	while (waitpid(guard, NULL, 0) < 0 && errno == EINTR)
		;
}

static void be_keeper(const struct start_job *job, struct ends *e)
{
	struct inside in = { .job = job, .pty = e->pty, .words = e->words };
	struct groups groups = { 0 };
	struct program program;
	struct root tree = { job->tree, "" };
	struct err err = { 0 };
	pid_t guard;

	setsid();
	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGCHLD)
			signal(sig, SIG_IGN);
	in.systemd = program_find(&program, &tree, &err) && program.is_systemd;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		fail_errno(&err, "no mounts of its own");
		say(e->words, "fail", err.text);
		_exit(1);
	}
	if (inside_prepare(job, &err) < 0) {
		say(e->words, "fail", err.text);
		_exit(1);
	}
	groups_make(&groups, in.systemd);
	guard = start_guard(&in, &groups, e);
	if (guard > 0) {
		say_number(e->words, "guard", guard);
		keep(guard, e);
	} else {
		fail_errno(&err, "no process name space");
		say(e->words, "fail", err.text);
	}
	groups_remove(&groups);
	_exit(0);
}

static int open_console(struct jail *j, struct ends *e, struct err *err)
{
	j->console = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (j->console < 0 || grantpt(j->console) < 0 || unlockpt(j->console) < 0 ||
	    ptsname_r(j->console, e->pty, sizeof(e->pty)) != 0)
		return fail_errno(err, "cannot make a pseudo-terminal for the console");
	return 0;
}

int jail_open(struct jail *j, const struct start_job *job, struct pool *pool, struct err *err)
{
	struct ends e = { .life = -1 };
	int life[2] = { -1, -1 }, words[2] = { -1, -1 };

	*j = (struct jail){ .life = -1, .words = -1, .console = -1, .line = BUF_INIT, .pool = pool };
	if (open_console(j, &e, err) < 0)
		return -1;
	if (pipe_cloexec(life, false) < 0 || pipe_cloexec(words, true) < 0)
		return fail_errno(err, "cannot make a pipe");
	j->life = life[1];
	j->words = words[0];
	j->keeper = fork();
	if (j->keeper == 0) {
		close(life[1]);
		close(words[0]);
		close(j->console);
		e.life = life[0];
		e.words = words[1];
		be_keeper(job, &e);
	}
	close(life[0]);
	close(words[1]);
	return j->keeper < 0 ? fail_errno(err, "cannot start a process") : 0;
}

static void hear(struct jail *j, const char *line)
{
	const char *rest = strchr(line, ' ');

	rest = rest ? rest + 1 : "";
	if (strncmp(line, "guard ", 6) == 0) {
		j->guard = (pid_t)strtol(rest, NULL, 10);
	} else if (strncmp(line, "end ", 4) == 0) {
		j->died = true;
		j->status = (int)strtol(rest, NULL, 10);
	} else if (strncmp(line, "up ", 3) == 0) {
		j->up = true;
	} else {
		j->no_init = strncmp(line, "noinit ", 7) == 0;
		j->impossible = !j->no_init;
		j->why = pool_strdup(j->pool, rest);
	}
}

static void hear_all(struct jail *j)
{
	char bytes[512], *end;
	ssize_t len;

	while ((len = read(j->words, bytes, sizeof(bytes))) > 0)
		buf_add(&j->line, bytes, (size_t)len);
	if (len == 0)
		j->over = true;
	while ((end = strchr(j->line.data, '\n'))) {
		size_t used = (size_t)(end - j->line.data) + 1;

		*end = '\0';
		hear(j, j->line.data);
		memmove(j->line.data, j->line.data + used, j->line.len - used + 1);
		j->line.len -= used;
	}
}

void console_add(struct buf *console, const char *bytes, size_t len)
{
	const size_t half = START_CONSOLE_MAX / 2;

	buf_add(console, bytes, len);
	if (console->len <= START_CONSOLE_MAX)
		return;
	/* The beginning and the end are what is read; a quarter is dropped at a time. */
	memmove(console->data + half, console->data + half + half / 2,
		console->len - half - half / 2 + 1);
	console->len -= half / 2;
}

/* The only child of the guard; what it may be is decided by the kernel, not by a name. */
static bool is_init(const struct proc *p, const void *ctx)
{
	const struct jail *j = ctx;

	return p->parent == j->guard && p->pidns;
}

static void find_init(struct jail *j)
{
	struct pool pool = POOL_INIT;
	struct procs all, found;
	struct root proc;
	struct err err;

	if (root_init(&proc, "/proc", &err) == 0) {
		if (procs_read(&all, &proc, &pool, &err) == 0) {
			procs_keep(&found, &all, is_init, j, &pool);
			if (found.nr) {
				j->init = found.v[0].pid;
				j->pidns = found.v[0].pidns;
			}
		}
		root_release(&proc);
	}
	pool_release(&pool);
}

void jail_wait(struct jail *j, struct buf *console, int ms)
{
	struct pollfd fds[2] = { { .fd = j->words, .events = POLLIN },
				 { .fd = j->console, .events = POLLIN } };
	char bytes[8192];
	ssize_t len;
	int news = poll(fds, j->over ? 0 : 2, ms);

	/* A pty without a reader on the other side is always "ready". */
	if (news > 0 && (fds[1].revents & POLLHUP) && !(fds[1].revents & POLLIN))
		poll(fds, 1, ms);
	for (unsigned i = 0; i < 64 && (len = read(j->console, bytes, sizeof(bytes))) > 0; i++)
		console_add(console, bytes, (size_t)len);
	if (!j->over)
		hear_all(j);
	if (j->guard && !j->init && !j->over)
		find_init(j);
}

void jail_close(struct jail *j)
{
	close_fd(&j->life);
	while (j->keeper > 0 && waitpid(j->keeper, NULL, 0) < 0 && errno == EINTR)
		;
	j->keeper = -1;
	j->over = true;
	close_fd(&j->words);
	close_fd(&j->console);
	buf_release(&j->line);
}
