/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who uses a guest's tree. A process is in it when its root, working directory,
 * program or an open file is. Links below /proc/PID are magic: the kernel follows
 * them to the object itself, so they are followed with fstatat() from an open
 * /proc/PID. This is the host's own /proc and no data of a guest; nothing is opened
 * through them. Their text is kept as well, for what lies deeper in a tree.
 */
#include "vserver/users.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"
#include "base/unseen.h"
#include "vserver/scanning.h"

#define NAMED_MAX 6	/* processes that a finding names */
#define STAT_MAX 4096

static const struct {
	const char *name;
	const char *what;
} links[] = {
	{ "root", "has its root there" },
	{ "cwd", "works there" },
	{ "exe", "runs a program of it" },
};

/* "sshd" of "712 (sshd) S 1 ...": comm itself is missing on old kernels. */
static const char *read_command(struct users *u, const struct root *proc, const char *pid)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	const char *path = pool_printf(&u->pool, "%s/stat", pid);
	char *open, *close;
	struct err err;

	if (root_read(proc, path, STAT_MAX, &text, &err) < 0)
		return "";
	open = strchr(text.data, '(');
	close = strrchr(text.data, ')');
	if (!open || !close || close < open)
		return "";
	*close = '\0';
	return pool_printf(&u->pool, " (%s)", show(open + 1));
}

static void not_seen(struct users *u, const struct use *of, const char *name, int code)
{
	unseen_note("/proc", pool_printf(&u->pool, "%s/%s%s", of->pid, of->ino ? "" : "fd/", name),
		    code);
}

/* Sockets, pipes and the like show no path and count for nothing. */
static void add_use(struct users *u, const struct use *of, int dirfd, const char *name)
{
	char text[PATH_MAX];
	ssize_t len = below_readlink(dirfd, name, text, sizeof(text) - 1);
	struct use use = *of;
	struct stat st;

	if (len < 0)
		not_seen(u, of, name, errno);
	text[len > 0 ? len : 0] = '\0';
	use.path = text[0] == '/' ? pool_strdup(&u->pool, text) : "";
	use.dev = 0;
	use.ino = 0;
	if (of->ino && below_stat_follow(dirfd, name, &st) == 0) {
		use.dev = st.st_dev;
		use.ino = st.st_ino;
	} else if (of->ino) {
		not_seen(u, of, name, errno);
	}
	if (use.path[0] || use.ino)
		*(struct use *)pool_grow(&u->pool, &u->v, &u->nr, &u->cap, sizeof(*u->v)) = use;
}

static void add_files(struct users *u, const struct root *proc, struct use *use)
{
	const char *path = pool_printf(&u->pool, "%s/fd", use->pid);
	struct names names;
	struct err err;
	int fd CLEANUP_FD = root_opendir(proc, path, &err);

	use->what = "has a file of it open";
	use->ino = 0;
	if (fd >= 0 && root_names(proc, path, &u->pool, &names, &err) == 0)
		for (size_t i = 0; i < names.nr; i++)
			add_use(u, use, fd, names.name[i]);
}

static void add_process(struct users *u, const struct root *proc, const char *pid)
{
	struct err err;
	int dirfd CLEANUP_FD = root_opendir(proc, pid, &err);
	struct use use = { .pid = pid, .ino = 1 };

	if (dirfd < 0)
		return;
	use.command = read_command(u, proc, pid);
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		use.what = links[i].what;
		add_use(u, &use, dirfd, links[i].name);
	}
	add_files(u, proc, &use);
}

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

int users_read(struct users *out, const struct root *root, const struct root *proc,
	       struct err *err)
{
	struct names names;
	uint64_t pid;

	users_release(out);
	out->top = root->path;
	out->taken = now();
	if (mounts_below(&out->mounts, root, "/", &out->pool, err) < 0)
		return -1;
	if (!proc)
		return 0;
	if (root_names(proc, "/", &out->pool, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.nr; i++)
		if (parse_u64(names.name[i], INT_MAX, &pid) && pid != (uint64_t)getpid())
			add_process(out, proc, names.name[i]);
	return 0;
}

void users_release(struct users *users)
{
	pool_release(&users->pool);
	*users = (struct users)USERS_INIT;
}

bool users_stale(const struct users *users)
{
	return !users->top || now() - users->taken > 1;
}

static bool uses(const struct use *use, const struct guest *guest, const char *path)
{
	if (use->path[0] && path_within(use->path, path))
		return true;
	return use->ino && use->dev == guest->tree_dev && use->ino == guest->tree_ino;
}

static void find_processes(const struct guest *guest, const struct users *users,
			   struct findings *findings)
{
	const char *path = pool_printf(findings->pool, "%s%s", users->top, guest->tree);
	struct buf list CLEANUP_BUF = BUF_INIT;
	const char *last = "";
	size_t nr = 0;

	for (size_t i = 0; i < users->nr; i++) {
		const struct use *use = &users->v[i];

		if (!uses(use, guest, path) || strcmp(use->pid, last) == 0)
			continue;
		last = use->pid;	/* one line for each process: the first thing it holds */
		if (nr++ < NAMED_MAX)
			buf_addf(&list, "%sprocess %s%s %s", list.len ? "; " : "", use->pid,
				 use->command, use->what);
	}
	if (nr > NAMED_MAX)
		buf_addf(&list, "; and %zu more", nr - NAMED_MAX);
	if (nr)
		finding_add(findings, VS_GUEST_BUSY, guest->name, guest->tree, "%s", list.data);
}

void vserver_busy(const struct guest *guest, const struct users *users,
		  struct findings *findings)
{
	if (!guest->tree)
		return;
	find_processes(guest, users, findings);
	for (size_t i = 0; i < users->mounts.nr; i++) {
		const struct mount *m = &users->mounts.v[i];

		if (strcmp(m->point, guest->tree) != 0 && path_within(m->point, guest->tree))
			finding_add(findings, VS_GUEST_MOUNTS, guest->name, m->point,
				    "%s, a file system of type %s", show(m->source),
				    show(m->type));
	}
}

const char *users_mount_at(const struct users *users, const char *path)
{
	for (size_t i = 0; i < users->mounts.nr; i++)
		if (path_within(users->mounts.v[i].point, path))
			return users->mounts.v[i].point;
	return NULL;
}
