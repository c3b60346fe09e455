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

static void child(const char *const args[], const struct pipes *p, int fd, pid_t parent)
{
	char path[] = "PATH=/sbin:/bin:/usr/sbin:/usr/bin", language[] = "LC_ALL=C";
	char quiet[] = "LVM_SUPPRESS_FD_WARNINGS=1";
	char *env[] = { path, language, quiet, NULL };
	const int from[4] = { p->in[0], p->out[1], p->err[1], fd };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	umask(022);
	if (getppid() == parent && place_all(from)) {
		mark_cloexec(fd < 0 ? 3 : 4);
		execve(args[0], (char *const *)args, env);
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

/* Both at once: it must never wait for us to read the other. */
static void hear(const struct pipes *p, struct tool_said *said)
{
	struct pollfd from[2] = {
		{ .fd = p->out[0], .events = POLLIN }, { .fd = p->err[0], .events = POLLIN },
	};

	while (from[0].fd >= 0 || from[1].fd >= 0) {
		if (poll(from, 2, -1) < 0 && errno != EINTR)
			return;
		if (from[0].fd >= 0 && from[0].revents)
			hear_some(&from[0], &said->out);
		if (from[1].fd >= 0 && from[1].revents)
			hear_some(&from[1], &said->err);
	}
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

int tool_run(struct tool_said *said, const char *const args[], int fd, struct err *err)
{
	pid_t parent = getpid(), pid;
	struct pipes p;
	int status = 0;

	if (pipes_open(&p, err) < 0)
		return -1;
	pid = fork();
	if (pid == 0)
		child(args, &p, fd, parent);
	if (pid < 0)
		fail_errno(err, "cannot start %s", args[0]);
	close_fd(&p.in[0]);
	close_fd(&p.out[1]);
	close_fd(&p.err[1]);
	if (pid > 0)
		hear(&p, said);
	pipes_close(&p);
	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail_errno(err, "cannot wait for %s", args[0]);
	said->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
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
