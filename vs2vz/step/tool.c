/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs of the host. In the child only what is safe after fork() in a process with
 * threads; all other descriptors close by themselves. Its input is a pipe that nobody
 * writes to: a question that it asks is answered by "end of file".
 */
#include "step/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/inroot.h"

#define HEARD_MAX (4u << 20)
#define WORDS_MAX 300

struct pipes {
	int in[2], out[2], err[2];
};

void tool_release(struct tool_said *said)
{
	buf_release(&said->out);
	buf_release(&said->err);
}

bool tool_exists(const char *path)
{
	struct root real;
	struct stat st;
	struct err err;
	bool there;

	if (root_init(&real, "/", &err) < 0)
		return false;
	there = root_stat(&real, path, &st, &err) == 0 && S_ISREG(st.st_mode);
	root_release(&real);
	return there;
}

/* Out of the way of 0 to 3, then into its place. */
static bool place_all(const int from[4])
{
	int high[4];

	for (int i = 0; i < 4; i++) {
		high[i] = from[i] < 0 ? -1 : dup_cloexec(from[i], 10);
		if (from[i] >= 0 && high[i] < 0)
			return false;
	}
	for (int i = 0; i < 4; i++)
		if (high[i] >= 0 && dup2(high[i], i) != i)
			return false;
	return true;
}

struct job {
	const char *const *args;
	int fd;			/* -1: none */
	unsigned seconds;	/* 0: as long as it takes */
	pid_t parent, pid;
	struct pipes p;
};

static void child(const struct job *job)
{
	char path[] = "PATH=/sbin:/bin:/usr/sbin:/usr/bin", language[] = "LC_ALL=C";
	char quiet[] = "LVM_SUPPRESS_FD_WARNINGS=1";
	char *env[] = { path, language, quiet, NULL };
	const int from[4] = { job->p.in[0], job->p.out[1], job->p.err[1], job->fd };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	umask(022);
	/* A group of its own: what it starts is killed with it. */
	if (getppid() == job->parent && (!job->seconds || setpgid(0, 0) == 0) && place_all(from)) {
		mark_cloexec(job->fd < 0 ? 3 : 4);
		execve(job->args[0], (char *const *)job->args, env);
	}
	_exit(127);
}

static void hear_some(struct pollfd *from, struct buf *out)
{
	char part[4096];
	ssize_t len = read(from->fd, part, sizeof(part));

	if (len > 0 && out->len < HEARD_MAX)
		buf_add(out, part, (size_t)len);
	if (len == 0 || (len < 0 && errno != EINTR))
		from->fd = -1;
}

static int64_t milliseconds(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the end of both, or of the time; false: of the time. Both at once: it must never
 * wait for us to read the other. */
static bool hear(const struct job *job, struct tool_said *said)
{
	int64_t end = job->seconds ? milliseconds() + (int64_t)job->seconds * 1000 : -1;
	struct pollfd from[2] = {
		{ .fd = job->p.out[0], .events = POLLIN }, { .fd = job->p.err[0], .events = POLLIN },
	};

	while (from[0].fd >= 0 || from[1].fd >= 0) {
		int64_t left = end < 0 ? -1 : end - milliseconds();

		if (end >= 0 && left <= 0)
			return false;
		from[0].revents = from[1].revents = 0;
		if (poll(from, 2, (int)left) < 0 && errno != EINTR)
			return true;
		if (from[0].fd >= 0 && from[0].revents)
			hear_some(&from[0], &said->out);
		if (from[1].fd >= 0 && from[1].revents)
			hear_some(&from[1], &said->err);
	}
	return true;
}

/* It closed its outputs, or its time is over: wait for it, for what is left of the time. */
static int await(struct job *job, struct tool_said *said, bool in_time, struct err *err)
{
	int64_t end = milliseconds() + (int64_t)job->seconds * 1000;
	int status = 0;
	pid_t done = 0;

	while (job->seconds && in_time && (done = waitpid(job->pid, &status, WNOHANG)) == 0) {
		const struct timespec pause = { 0, 20000000 };

		in_time = milliseconds() < end;
		nanosleep(&pause, NULL);
	}
	if (job->seconds && !in_time) {
		said->late = true;
		kill(-job->pid, SIGKILL);
		kill(job->pid, SIGKILL);
	}
	while (done <= 0 && (done = waitpid(job->pid, &status, 0)) < 0)
		if (errno != EINTR)
			return fail_errno(err, "cannot wait for %s", job->args[0]);
	said->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}

static void pipes_close(struct pipes *p)
{
	for (int i = 0; i < 2; i++) {
		close_fd(&p->in[i]);
		close_fd(&p->out[i]);
		close_fd(&p->err[i]);
	}
}

static int pipes_open(struct pipes *p, struct err *err)
{
	*p = (struct pipes){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
	if (pipe_cloexec(p->in, false) == 0 && pipe_cloexec(p->out, false) == 0 &&
	    pipe_cloexec(p->err, false) == 0) {
		close_fd(&p->in[1]);
		return 0;
	}
	fail_errno(err, "cannot make a pipe");
	pipes_close(p);
	return -1;
}

static int run(struct job *job, struct tool_said *said, struct err *err)
{
	bool in_time = true;

	if (pipes_open(&job->p, err) < 0)
		return -1;
	job->pid = fork();
	if (job->pid == 0)
		child(job);
	if (job->pid < 0)
		fail_errno(err, "cannot start %s", job->args[0]);
	close_fd(&job->p.in[0]);
	close_fd(&job->p.out[1]);
	close_fd(&job->p.err[1]);
	if (job->pid > 0)
		in_time = hear(job, said);
	pipes_close(&job->p);
	return job->pid < 0 ? -1 : await(job, said, in_time, err);
}

int tool_run(struct tool_said *said, const char *const args[], int fd, struct err *err)
{
	struct job job = { .args = args, .fd = fd, .parent = getpid() };

	return run(&job, said, err);
}

int tool_run_within(struct tool_said *said, const char *const args[], unsigned seconds,
		    struct err *err)
{
	struct job job = { .args = args, .fd = -1, .seconds = seconds, .parent = getpid() };

	return run(&job, said, err);
}

static bool begins_with_any(const char *line, const char *const prefix[])
{
	for (size_t i = 0; prefix[i]; i++)
		if (strncmp(line, prefix[i], strlen(prefix[i])) == 0)
			return true;
	return false;
}

void tool_words(struct buf *words, const struct buf *heard, const char *const skip[])
{
	for (const char *at = heard->data; at && *at && words->len < WORDS_MAX; ) {
		size_t len;

		at += strspn(at, " \t");
		len = strcspn(at, "\n");
		if (len && !begins_with_any(at, skip)) {
			buf_adds(words, words->len ? "; " : "");
			buf_add(words, at, len < WORDS_MAX ? len : WORDS_MAX);
		}
		at += len + (at[len] != '\0');
	}
}
