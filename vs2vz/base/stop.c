/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two signals: the first is a wish, the second is obeyed at once. The journal is
 * written ahead of everything, so both leave a state that resume and undo know.
 */
#include "base/stop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t wanted, first;

static void on_signal(int sig)
{
	if (first) {
		signal(sig, SIG_DFL);
		raise(sig);
	}
	first = sig;
	wanted = 1;
}

void stop_install(void)
{
	struct sigaction act = { .sa_handler = on_signal };

	sigemptyset(&act.sa_mask);
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	act.sa_handler = isatty(STDOUT_FILENO) ? on_signal : SIG_IGN;
	sigaction(SIGHUP, &act, NULL);
	/* A reader that went away, a file that may not grow: errors of the call. */
	act.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &act, NULL);
	sigaction(SIGXFSZ, &act, NULL);
}

bool stop_wanted(void)
{
	return wanted != 0;
}

/* The signals are let in by the wait alone: one that came just before it is not slept over. */
bool stop_await(int fd)
{
	struct pollfd input = { .fd = fd, .events = POLLIN };
	sigset_t held, before;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &held, &before);
	while (!wanted && ppoll(&input, 1, NULL, &before) < 0 && errno == EINTR)
		;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return !wanted;
}

int stop_signal(void)
{
	return first;
}

void stop_clear(void)
{
	wanted = 0;
}
