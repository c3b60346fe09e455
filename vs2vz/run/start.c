/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The start test itself: watch a container come up, look at it, see it go down. What
 * counts as up: a runlevel is reached, no script of the start runs any more, and for a
 * while no process and no port came or went. All waiting is bounded; a signal to vs2vz
 * ends it at once, and the container with it.
 */
#include "run/start.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include "base/stop.h"
#include "run/start_parts.h"

#define PAUSE_MS 200
#define QUIET_MS 2000		/* nothing changes for so long: it is up */
#define LOOK_MS 500

uint64_t watch_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Numbers of processes and ports: a sum that changes when one of them does. */
static uint64_t state_of(const struct start_seen *seen)
{
	uint64_t sum = seen->procs.nr;

	for (size_t i = 0; i < seen->procs.nr; i++)
		sum = sum * 31 + (uint64_t)seen->procs.v[i].pid;
	for (size_t i = 0; i < seen->ports.nr; i++)
		sum = sum * 37 + seen->ports.v[i].port;
	return sum;
}

struct patience {
	uint64_t started, changed, looked, sum;
};

/* One look; true: it is up. */
static bool look_again(struct watch *w, struct start_seen *seen, struct patience *p,
		       struct pool *pool)
{
	uint64_t sum, now = watch_now();

	look_open(&w->look);
	look_around(&w->look, seen, pool);
	p->looked = now;
	sum = state_of(seen);
	if (sum != p->sum) {
		p->sum = sum;
		p->changed = now;
	}
	if (!seen->level) {
		seen->level = look_level(&w->look, pool);
		p->changed = now;
		return false;
	}
	return !look_scripts(&w->look, seen) && now - p->changed >= QUIET_MS;
}

static void judge_late(struct watch *w, struct start_seen *seen, struct pool *pool)
{
	const char *script = look_scripts(&w->look, seen);
	size_t others = 0;

	for (size_t i = 0; i < seen->procs.nr; i++)
		others += seen->procs.v[i].pid != w->look.init && seen->procs.v[i].state != 'Z';
	if (seen->level && !script)
		seen->end = START_UP;	/* restless, but there */
	else if (seen->level)
		seen->end = START_BUSY;
	else
		seen->end = others ? START_NO_LEVEL : START_ALONE;
	if (seen->end == START_BUSY)
		seen->why = pool_printf(pool, "%s still runs", show(script));
}

int watch_boot(struct watch *w, struct start_seen *seen, struct pool *pool, struct err *err)
{
	struct patience p = { .started = watch_now() };
	uint64_t limit = (uint64_t)w->look.job->timeout * 1000;

	p.changed = p.started;
	for (;;) {
		uint64_t now = watch_now();

		if (stop_wanted())
			return fail_code(err, ERR_STOPPED, "stopped while a container was tested");
		if (!w->pause(w->ctx, seen, PAUSE_MS))
			return 0;	/* it ended by itself; the caller knows how */
		if (now - p.looked >= LOOK_MS && look_again(w, seen, &p, pool)) {
			seen->end = START_UP;
			break;
		}
		if (now - p.started >= limit) {
			look_again(w, seen, &p, pool);
			judge_late(w, seen, pool);
			break;
		}
	}
	seen->seconds = (unsigned)((watch_now() - p.started) / 1000);
	look_closely(&w->look, seen, pool);
	return 0;
}

/* ---- the rehearsal */

/* What the watching knows of the jail. */
struct rehearsal {
	struct jail jail;
	struct watch watch;
};

static bool lives_there(const struct proc *p, const void *ctx)
{
	const struct rehearsal *r = ctx;

	return r->jail.pidns && p->pidns == r->jail.pidns;
}

static bool pause_jail(void *ctx, struct start_seen *seen, int ms)
{
	struct rehearsal *r = ctx;

	jail_wait(&r->jail, &seen->console, ms);
	if (r->jail.up)
		r->watch.look.init = r->jail.init;
	return !r->jail.over;
}

/* reboot(2) within a process name space ends its init by one of these (see pid_namespaces(7)). */
static bool by_reboot(int status)
{
	return WIFSIGNALED(status) && (WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGHUP);
}

static const char *how_it_ended(int status, struct pool *pool)
{
	if (by_reboot(status))
		return "it halted or rebooted by itself";
	if (WIFEXITED(status))
		return pool_printf(pool, "init ended with status %d", WEXITSTATUS(status));
	return pool_printf(pool, "init was ended by signal %d", WTERMSIG(status));
}

static void judge_early(const struct jail *j, struct start_seen *seen, struct pool *pool)
{
	seen->why = j->why;
	if (j->no_init) {
		seen->end = START_NO_INIT;
	} else if (j->impossible || !j->up) {
		seen->end = START_IMPOSSIBLE;
		seen->why = j->why ? j->why : "its processes ended";
	} else {
		seen->end = START_DIED;
		seen->why = j->died ? how_it_ended(j->status, pool) : "it ended";
	}
}

/* Down within the time, more and more plainly. */
static int take_down(struct rehearsal *r, struct start_seen *seen, struct err *err)
{
	uint64_t started = watch_now(), limit = (uint64_t)r->watch.look.job->stop_timeout * 1000;

	seen->up_len = seen->console.len;
	for (unsigned step = 0; !r->jail.over;) {
		uint64_t gone = watch_now() - started;

		if (stop_wanted())
			return fail_code(err, ERR_STOPPED, "stopped while a container was tested");
		seen->stop_seconds = (unsigned)(gone / 1000);
		if (gone >= limit)
			return 0;
		if (gone * 3 >= limit * step && step < 3)
			stop_ask(&r->watch.look, step++);
		jail_wait(&r->jail, &seen->console, PAUSE_MS);
	}
	seen->stopped = r->jail.died && by_reboot(r->jail.status);
	return 0;
}

/*
 * Before 3.4 reboot(2) in a process name space was one of the machine; name spaces within
 * each other, overlays and filters are all there from 3.10 on.
 */
static bool kernel_can(struct start_seen *seen, struct pool *pool)
{
	unsigned major = 0, minor = 0;
	struct utsname u;

	if (uname(&u) == 0 && sscanf(u.release, "%u.%u", &major, &minor) == 2 &&
	    (major > 3 || (major == 3 && minor >= 10)))
		return true;
	seen->end = START_IMPOSSIBLE;
	seen->why = pool_printf(pool, "kernel %s is older than 3.10", show(u.release));
	return false;
}

int start_rehearse(struct start_seen *out, const struct start_job *job, struct pool *pool,
		   struct err *err)
{
	struct rehearsal r = { .watch = {
		.look = { .job = job, .proc = job->proc, .inside = { -1, "" } },
	} };
	int done;

	*out = (struct start_seen){ .rehearsed = true, .console = BUF_INIT };
	r.watch.look.mine = lives_there;
	r.watch.look.ctx = r.watch.ctx = &r;
	r.watch.pause = pause_jail;
	if (!kernel_can(out, pool))
		return 0;
	done = jail_open(&r.jail, job, pool, err);
	if (done == 0)
		done = watch_boot(&r.watch, out, pool, err);
	if (done == 0 && r.jail.over)
		judge_early(&r.jail, out, pool);
	else if (done == 0 && out->end == START_UP)
		done = take_down(&r, out, err);
	look_release(&r.watch.look);
	jail_close(&r.jail);
	return done;
}

void start_release(struct start_seen *seen)
{
	buf_release(&seen->console);
}
