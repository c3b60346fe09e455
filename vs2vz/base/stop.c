/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two signals: the first is a wish, the second is obeyed at once. The journal is
 * written ahead of everything, so both leave a state that resume and undo know.
 */
#include "base/stop.h"

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

int stop_signal(void)
{
	return first;
}

void stop_clear(void)
{
	wanted = 0;
}
