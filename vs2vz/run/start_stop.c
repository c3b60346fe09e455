/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telling init to end, from outside and without running a program of the guest: each
 * init by the way that its own tools use.
 *
 *	systemd		SIGRTMIN+4: poweroff.target (systemd: core/manager.c)
 *	sysvinit	a request for runlevel 0 in its FIFO, as telinit does (sysvinit:
 *			initreq.h), which is what `vzctl stop` comes to by halt
 *	busybox		SIGUSR2: power off (busybox: init/init.c)
 *	others		SIGINT, then SIGPWR: ctrl-alt-del, power fails
 */
#include "run/start_parts.h"

#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* sysvinit's struct init_request: 384 bytes on every machine. */
struct request {
	int32_t magic, command, runlevel, sleep;
	char data[368];
};
#define REQUEST_MAGIC 0x03091969
#define REQUEST_LEVEL 1

static const char *const fifos[] = { "/run/initctl", "/dev/initctl", "/lib/init/rw/initctl" };

static bool ask_fifo(const struct look *l)
{
	const struct request request = {
		.magic = REQUEST_MAGIC, .command = REQUEST_LEVEL, .runlevel = '0',
	};

	for (size_t i = 0; l->inside.fd >= 0 && i < sizeof(fifos) / sizeof(fifos[0]); i++) {
		struct spot CLEANUP_SPOT spot = SPOT_INIT;
		struct err err;
		int CLEANUP_FD fd = -1;

		if (root_spot(&l->inside, fifos[i], &spot, &err) < 0)
			continue;
		fd = sys_open_special(&spot.at, S_IFIFO);
		if (fd >= 0 && sys_write(fd, &request, sizeof(request)) == sizeof(request))
			return true;
	}
	return false;
}

/* The program that number 1 runs now; "" where it cannot be told. */
static void init_program(const struct look *l, char *text, size_t size)
{
	char path[32];
	struct err err;
	ssize_t len;

	snprintf(path, sizeof(path), "%d", (int)l->init);
	int CLEANUP_FD dir = root_opendir(l->proc, path, &err);

	len = dir < 0 ? -1 : below_readlink(dir, "exe", text, size - 1);
	text[len > 0 ? len : 0] = '\0';
}

void stop_ask(const struct look *l, unsigned step)
{
	char program[PATH_MAX];

	if (!l->init)
		return;
	init_program(l, program, sizeof(program));
	if (step == 0 && strstr(program, "systemd"))
		kill(l->init, SIGRTMIN + 4);
	else if (step == 0 && strstr(program, "busybox"))
		kill(l->init, SIGUSR2);
	else if (step == 0 && !ask_fifo(l))
		kill(l->init, SIGINT);
	else if (step == 1)
		kill(l->init, SIGINT);
	else if (step > 1)
		kill(l->init, SIGPWR);
}
