/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting a converted container to see whether it comes up, and stopping it again.
 *
 * Two ways, one result:
 *   start_rehearse()	boots the tree's own init in name spaces of its own, on any kernel
 *			that has them, above an overlay: the tree is not written to;
 *   start_container()	has vzctl start the container itself, on an OpenVZ host.
 *
 * This is the one place of the program where code of a guest is run, and only when it
 * was asked for (`verify --start`). See start_jail.c for what holds it.
 *
 *	struct start_seen seen;
 *	if (start_rehearse(&seen, &job, &pool, err) < 0) ...	stopped by a signal, no memory
 *	... seen.end, seen.level, seen.ports ...
 *	start_release(&seen);
 */
#ifndef VS2VZ_RUN_START_H
#define VS2VZ_RUN_START_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/inroot.h"
#include "base/pool.h"
#include "base/procs.h"

#define START_TIMEOUT 120	/* seconds for coming up, unless told */
#define START_STOP_TIMEOUT 60	/* seconds for going down, less where coming up has less */
#define START_CONSOLE_MAX (1u << 20)

struct start_job {
	uint32_t ctid;
	int tree;		/* open directory of the private area */
	int device;		/* block device of a tree that only we have mounted; -1 */
	const struct root *proc; /* /proc of the running kernel */
	const char *hostname;	/* NULL: none configured */
	const char **address;	/* "192.0.2.1", "2001:db8::1/64" */
	size_t nr_addresses;
	uint64_t rights;	/* bit N: the container has Linux capability N */
	unsigned timeout, stop_timeout;
	/* start_container() only */
	const char *vzctl;	/* absolute path */
	const struct root *ve_root; /* the mounted container; NULL: cannot be looked into */
};

enum start_end {
	START_IMPOSSIBLE,	/* nothing was run: why says the reason */
	START_NO_INIT,		/* nothing to run */
	START_DIED,		/* init ended by itself: why says how */
	START_UP,		/* a runlevel or its like, and nothing changes any more */
	START_BUSY,		/* a runlevel, but its scripts did not end in time */
	START_ALONE,		/* time was over, init had started nothing */
	START_NO_LEVEL,		/* time was over without a runlevel */
};

struct start_seen {
	enum start_end end;
	const char *why;	/* NULL where there is nothing to say */
	const char *level;	/* "runlevel 2", "systemd: ready"; NULL: none */
	bool rehearsed;		/* false: by vzctl */
	unsigned seconds;	/* until it was up */
	struct procs procs;
	struct listeners ports;
	size_t nr_missing, cap_missing;
	const char **missing;	/* addresses that no interface has */
	size_t nr_gettys, cap_gettys;
	const char **gettys;	/* "agetty on tty1": will be started for ever */
	size_t nr_services, cap_services;
	const char **services;	/* names of the start links of its runlevel */
	const char **service_link; /* the same, as paths */
	struct buf console;	/* bounded; the middle is left out where it is longer */
	size_t up_len;		/* of the console text, when it was told to go down; 0: never */
	bool stopped;		/* it ended within the time when it was told to */
	unsigned stop_seconds;
};

int start_rehearse(struct start_seen *out, const struct start_job *job, struct pool *pool,
		   struct err *err) MUST_CHECK;
int start_container(struct start_seen *out, const struct start_job *job, struct pool *pool,
		    struct err *err) MUST_CHECK;
void start_release(struct start_seen *seen);

/*
 * Rights of a container from its CAPABILITY line (NULL: none), as numbers of this kernel:
 * VE_ADMIN stands for the network of its own; what could reach the host is left out.
 */
uint64_t start_rights(const char *capability);
/* Version of libcap that this was built with; static. */
const char *start_rights_library(void);
/* What a status of vzctl means; NULL: not documented. */
const char *start_vzctl_says(int status);
/*
 * Lines of console text that speak of something that failed: at most max, pool text,
 * printable. Returns their number.
 */
size_t start_complaints(const char **line, size_t max, const struct buf *console,
			struct pool *pool);
/* Does the console say that something is started again and again? That line, or NULL. */
const char *start_respawns(const struct buf *console, struct pool *pool);
/* The last lines that are not empty, joined with " | "; "" where it said nothing. */
const char *start_last_words(const struct buf *console, size_t nr, struct pool *pool);

#endif
