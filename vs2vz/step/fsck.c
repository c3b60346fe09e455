/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs e2fsck and reads what it says. In the child only what is safe after fork() in a
 * process with threads; all other descriptors close by themselves.
 */
#include "step/fsck.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/inroot.h"

#define PROGRAM "/sbin/e2fsck"
#define HEARD_MAX 65536
#define FSCK_FAILED 8	/* from here on nothing was found: e2fsck itself failed, or was not run */

static void child(int fd, int out, pid_t parent)
{
	char name[] = "e2fsck", how[] = "-fn", device[] = "/proc/self/fd/3";
	char path[] = "PATH=/sbin:/bin:/usr/sbin:/usr/bin", language[] = "LC_ALL=C";
	char *args[] = { name, how, device, NULL }, *env[] = { path, language, NULL };
	int high = fcntl(fd, F_DUPFD, 10), say = fcntl(out, F_DUPFD, 10);

	/* It has a device for itself: it must not keep it when we are killed. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(127);
	if (high >= 0 && say >= 0 && dup2(say, 1) == 1 && dup2(say, 2) == 2 && dup2(high, 3) == 3) {
		close(0);
		close(high);
		close(say);
		execve(PROGRAM, args, env);
	}
	_exit(127);
}

static void hear(int fd, struct buf *out)
{
	char part[4096];
	ssize_t len;

	while ((len = read(fd, part, sizeof(part))) > 0 || (len < 0 && errno == EINTR))
		if (len > 0 && out->len < HEARD_MAX)
			buf_add(out, part, (size_t)len);
}

/* The first lines that are not e2fsck's name and its passes. */
static void first_words(const struct buf *heard, struct buf *words)
{
	for (const char *at = heard->data; at && *at && words->len < 300; ) {
		size_t len = strcspn(at, "\n");

		if (len && strncmp(at, "e2fsck ", 7) != 0 && strncmp(at, "Pass ", 5) != 0) {
			buf_adds(words, words->len ? "; " : "");
			buf_add(words, at, len);
		}
		at += len + (at[len] != '\0');
	}
}

static int run(int fd, struct buf *heard, int *status, struct err *err)
{
	pid_t pid, self = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(err, "cannot make a pipe");
	pid = fork();
	if (pid == 0)
		child(fd, ends[1], self);
	close_fd(&ends[1]);
	if (pid > 0)
		hear(ends[0], heard);
	close_fd(&ends[0]);
	if (pid < 0)
		return fail_errno(err, "cannot start %s", PROGRAM);
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return fail_errno(err, "cannot wait for %s", PROGRAM);
	return 0;
}

int fsck_check(int fd, struct err *err)
{
	struct buf CLEANUP_BUF heard = BUF_INIT;
	struct buf CLEANUP_BUF words = BUF_INIT;
	struct err absent;
	struct root real;
	struct stat st;
	int rc, status = 0;

	if (root_init(&real, "/", err) < 0)
		return -1;
	rc = root_stat(&real, PROGRAM, &st, &absent);
	root_release(&real);
	if (rc < 0)
		return 0;
	if (run(fd, &heard, &status, err) < 0)
		return -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	first_words(&heard, &words);
	if (WIFEXITED(status) && (WEXITSTATUS(status) & 127) >= FSCK_FAILED)
		return fail(err, "%s did not work (status %d): mend it, or move it away to go on "
			    "without: %s", PROGRAM, WEXITSTATUS(status), show(words.data ? words.data : ""));
	return fail(err, "%s found the new file system damaged (status %d): %s", PROGRAM,
		    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
		    show(words.data ? words.data : ""));
}
