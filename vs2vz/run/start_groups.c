/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control groups of a rehearsal: limits for the number of processes and for memory, so
 * that a guest that multiplies or grows harms nobody, and for systemd the hierarchy that
 * it insists on. The hierarchies are mounted in mounts of our own; a group in them is
 * the only thing of a rehearsal that the kernel would keep: "vs2vz-PID" with the
 * keeper's number, removed by the keeper when the last process is gone. Groups of
 * keepers that no longer live are removed on the way.
 */
#include "run/start_parts.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"

#define PROCESSES_MAX 4096
#define GROUP_PREFIX "vs2vz-"

static const struct {
	const char *dir, *type, *data;
	bool systemd;
} hierarchies[] = {
	{ "pids", "cgroup", "pids", false },
	{ "memory", "cgroup", "memory", false },
	{ "unified", "cgroup2", NULL, false },
	{ "systemd", "cgroup", "none,name=systemd,xattr", true },
};

static int remove_group(int dirfd, const char *name, unsigned depth)
{
	struct pool pool = POOL_INIT;
	struct root parent = { dirfd, "" }, group;
	struct names names;
	struct err err;

	if (depth < 32 && root_inside(&group, &parent, name, &err) == 0) {
		if (root_names(&group, "/", &pool, &names, &err) == 0)
			for (size_t i = 0; i < names.nr; i++) {
				struct stat st;

				if (below_stat(group.fd, names.name[i], &st) == 0 &&
				    S_ISDIR(st.st_mode))
					(void)!remove_group(group.fd, names.name[i], depth + 1);
			}
		root_release(&group);
	}
	pool_release(&pool);
	return sys_rmdir(&(struct place){ dirfd, name });
}

static void remove_stale(int top)
{
	struct pool pool = POOL_INIT;
	struct root root = { top, "" };
	struct names names;
	struct err err;
	uint64_t pid;

	if (root_names(&root, "/", &pool, &names, &err) == 0)
		for (size_t i = 0; i < names.nr; i++)
			if (strncmp(names.name[i], GROUP_PREFIX, strlen(GROUP_PREFIX)) == 0 &&
			    parse_u64(names.name[i] + strlen(GROUP_PREFIX), INT32_MAX, &pid) &&
			    kill((pid_t)pid, 0) < 0 && errno == ESRCH)
				(void)!remove_group(top, names.name[i], 0);
	pool_release(&pool);
}

static void limit_one(const struct root *group, const char *file, uint64_t value)
{
	int CLEANUP_FD fd = sys_open_write(&(struct place){ group->fd, file });
	char text[32];
	int len = snprintf(text, sizeof(text), "%llu\n", (unsigned long long)value);

	if (fd >= 0)
		(void)!sys_write(fd, text, (size_t)len);
}

/* What a hierarchy does not offer is not limited: half the memory of the machine. */
static void limit(const struct root *group)
{
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 2;

	limit_one(group, "pids.max", PROCESSES_MAX);
	limit_one(group, "memory.max", memory);
	limit_one(group, "memory.limit_in_bytes", memory);
}

static void make_one(struct groups *g, const struct root *all, size_t row)
{
	char path[64];
	struct root top, group;
	struct err err;
	int join;

	snprintf(path, sizeof(path), INSIDE_TOP "/groups/%s", hierarchies[row].dir);
	if (sys_mkdir(&(struct place){ all->fd, hierarchies[row].dir }, 0755) < 0 ||
	    mount("vs2vz", path, hierarchies[row].type, MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  hierarchies[row].data) < 0 ||
	    root_init(&top, path, &err) < 0)
		return;
	remove_stale(top.fd);
	if (sys_mkdir(&(struct place){ top.fd, g->name }, 0755) == 0 &&
	    root_inside(&group, &top, g->name, &err) == 0) {
		limit(&group);
		join = sys_open_write(&(struct place){ group.fd, "cgroup.procs" });
		root_release(&group);
		g->v[g->nr].top = top.fd;
		g->v[g->nr].join = join;
		g->v[g->nr++].systemd = hierarchies[row].systemd;
		return;
	}
	root_release(&top);
}

void groups_make(struct groups *g, bool systemd)
{
	struct root all;
	struct err err;

	*g = (struct groups){ 0 };
	snprintf(g->name, sizeof(g->name), GROUP_PREFIX "%d", (int)getpid());
	if (root_init(&all, INSIDE_TOP "/groups", &err) < 0)
		return;
	for (size_t i = 0; i < sizeof(hierarchies) / sizeof(hierarchies[0]); i++)
		if (systemd || !hierarchies[i].systemd)
			make_one(g, &all, i);
	root_release(&all);
}

void groups_join(const struct groups *g)
{
	for (unsigned i = 0; i < g->nr; i++)
		if (g->v[i].join >= 0)
			(void)!sys_write(g->v[i].join, "0\n", 2);
}

void groups_remove(struct groups *g)
{
	const struct timespec pause = { 0, 20 * 1000 * 1000 };

	for (unsigned i = 0; i < g->nr; i++) {
		/* The kernel lets go of processes a moment after they were waited for. */
		for (unsigned tries = 0; tries < 100; tries++) {
			if (remove_group(g->v[i].top, g->name, 0) == 0 || errno == ENOENT)
				break;
			nanosleep(&pause, NULL);
		}
		close_fd(&g->v[i].join);
		close_fd(&g->v[i].top);
	}
	g->nr = 0;
}
