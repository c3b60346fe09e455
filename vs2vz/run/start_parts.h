/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the files of the start test. Who is who, seen from the host:
 *
 *	vs2vz -- keeper -- guard -- init		fork, from left to right
 *	                   pid 1    pid 1
 *
 * The keeper has mounts of its own and outlives vs2vz just long enough to clean up; the
 * guard is number 1 of a process name space and runs no code of the guest: with it dies
 * everything below, whatever the guest does, and it dies with the keeper.
 */
#ifndef VS2VZ_RUN_START_PARTS_H
#define VS2VZ_RUN_START_PARTS_H

#include "run/start.h"

/* ---- start_jail.c: the processes */
struct jail {
	pid_t keeper;
	int life;		/* closing it ends them all */
	int words;		/* lines from them */
	int console;		/* the master of the pty */
	struct buf line;	/* of words, not complete yet */
	pid_t guard;		/* 0: not told yet */
	pid_t init;		/* as the host counts; 0: not found yet */
	ino_t pidns;
	bool up;		/* init runs */
	bool over;		/* nothing runs any more */
	bool impossible;	/* it could not be made: why */
	bool no_init;
	bool died;
	int status;		/* of init, as wait(2) tells it; valid when died */
	const char *why;
	struct pool *pool;
};
int jail_open(struct jail *j, const struct start_job *job, struct pool *pool,
	      struct err *err) MUST_CHECK;
/* Wait for news at most ms milliseconds; console text is added, bounded. */
void jail_wait(struct jail *j, struct buf *console, int ms);
/* End whatever is left, wait until everything is cleaned up. */
void jail_close(struct jail *j);
void console_add(struct buf *console, const char *bytes, size_t len);

/* ---- start_inside.c: run by init before it is init; return only in failure. */
#define INSIDE_TOP "/sys"	/* a tmpfs over it, in mounts of our own */
struct inside {
	const struct start_job *job;
	const char *pty;	/* "/dev/pts/7" */
	int groups;		/* see groups_enter() */
	bool systemd;		/* give it a cgroup hierarchy */
	int words;		/* "up" is said there when nothing but the program is left */
};
/* Makes the overlay below INSIDE_TOP; run by the keeper in mounts of its own. */
int inside_prepare(const struct start_job *job, struct err *err) MUST_CHECK;
/* 0 never; 1: there is nothing to run; -1: the text says what failed. */
int inside_run(const struct inside *in, struct err *err) MUST_CHECK;
/* Mounts below INSIDE_TOP/root and moves there (start_mounts.c). */
int inside_mounts(const struct inside *in, struct root *merged, struct err *err) MUST_CHECK;
/* Every descriptor from 3 on is closed when a program is run. */
void inside_seal(void);

/* ---- start_program.c: the program that will be run, judged before anything is mounted */
struct program {
	const char *path;	/* "/sbin/init"; static */
	bool is_32bit;
	bool is_systemd;
};
/* false: none of the places of init has one that may be run; why says what was there. */
bool program_find(struct program *out, const struct root *tree, struct err *why);

/* ---- start_net.c */
/*
 * In a new network name space: lo up, venet0 with the addresses (or lo, where it cannot
 * be made).
 */
int net_make(const struct start_job *job, struct err *err) MUST_CHECK;

/* ---- start_rights.c: the only user of libcap; start_filter.c: system calls */
int rights_drop(uint64_t rights, struct err *err) MUST_CHECK;
int filter_install(struct err *err) MUST_CHECK;

/* ---- start_groups.c */
#define GROUPS_MAX 8
struct groups {
	unsigned nr;
	struct {
		int top;	/* directory of the hierarchy, as mounted */
		int join;	/* cgroup.procs of our group */
		bool systemd;	/* the one that systemd wants to see */
	} v[GROUPS_MAX];
	char name[32];
};
/* What this kernel gives; nothing is an answer too. Below INSIDE_TOP. */
void groups_make(struct groups *g, bool systemd);
void groups_join(const struct groups *g);
/* When nothing runs there any more. */
void groups_remove(struct groups *g);

/* ---- start_look.c: what can be seen from outside */
struct look {
	const struct start_job *job;
	const struct root *proc;
	struct root inside;	/* the container's root; fd -1: not open */
	pid_t init;
	bool (*mine)(const struct proc *p, const void *ctx);
	const void *ctx;
};
/* Processes and ports, replacing what was there; pool grows. */
void look_around(const struct look *l, struct start_seen *seen, struct pool *pool);
/* "runlevel 2"; NULL: none yet. */
const char *look_level(const struct look *l, struct pool *pool);
/* A script of the start is still running: its name; NULL: none. */
const char *look_scripts(const struct look *l, const struct start_seen *seen);
/* Addresses, gettys, start links: once, at the end. */
void look_closely(const struct look *l, struct start_seen *seen, struct pool *pool);
void look_open(struct look *l);
void look_release(struct look *l);

/* ---- start_stop.c: ask init to end; step 0, 1, 2: more and more plainly */
void stop_ask(const struct look *l, unsigned step);

/* ---- start.c: both ways: watch until it is up or time is over */
struct watch {
	struct look look;
	bool (*pause)(void *ctx, struct start_seen *seen, int ms); /* false: it is over */
	void *ctx;
};
int watch_boot(struct watch *w, struct start_seen *seen, struct pool *pool,
	       struct err *err) MUST_CHECK;
uint64_t watch_now(void);	/* milliseconds */

#endif
