/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vs2vz: turns a Linux-VServer host into an OpenVZ host, in place. See commands.c
 * for what it can do, step/step.h for how it does it, run/journal.h for why nothing
 * is lost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/std.h"
#include "base/stop.h"
#include "commands.h"
#include "exits.h"
#include "help.h"
#include "session.h"

static void release(struct session *s)
{
	close_fd(&s->lock);
	close_fd(&s->state);
	root_release(&s->proc);
	root_release(&s->root);
	users_release(&s->users);
	session_close_devices(s);
	pool_release(&s->pool);
}

static int help(struct session *s)
{
	struct buf CLEANUP_BUF text = BUF_INIT;

	options_help(&text, &s->opt, commands);
	report_write(&text);
	return EXIT_DONE;
}

/* Beside the message about an unknown one. */
static void list_topics(void)
{
	struct buf CLEANUP_BUF text = BUF_INIT;

	help_topics(&text);
	fprintf(stderr, "\n%s\nand every command: `vs2vz help` lists them.\n", text.data);
}

static int run(struct session *s)
{
	if (options_parse(&s->opt, commands, s->argc, s->argv, &s->pool, &s->err) < 0) {
		fprintf(stderr, "error: %s\n", s->err.text);
		if (s->opt.no_topic)
			list_topics();
		return EXIT_USAGE;
	}
	if (s->opt.help || s->opt.version)
		return help(s);
	if (session_begin(s) < 0) {
		fprintf(stderr, "error: %s\n", s->err.text);
		return s->status ? s->status : EXIT_FAILED;
	}
	return s->opt.command->run(s);
}

/*
 * Not all of stdout was written. The status of a command that changes is that of its work;
 * one that only reads has nothing but its output.
 */
static int unwritten(const struct session *s, int status, const struct err *err)
{
	if (!s->changing) {
		fprintf(stderr, "error: %s\n", err->text);
		return EXIT_FAILED;
	}
	fprintf(stderr, "error: %s; exit status %d (%s) is that of the work: `%s status` tells where "
		"every guest stands\n", err->text, status, exit_word(status), report_program(&s->report));
	return status;
}

int main(int argc, char **argv)
{
	static struct session session = {
		.state = -1, .lock = -1, .root = { .fd = -1 }, .proc = { .fd = -1 },
	};
	struct err err;
	int status;

	std_occupy();
	stop_install();
	session.argc = argc;
	session.argv = argv;
	status = run(&session);
	loop_release(false);
	if (report_finish(&err) < 0)
		status = unwritten(&session, status, &err);
	release(&session);
	return status;
}
