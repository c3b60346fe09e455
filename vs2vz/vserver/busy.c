/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who uses a guest's tree. A process is in it when its root, working directory,
 * program or an open file is. Links below /proc/PID are magic: the kernel follows
 * them to the object itself, so they are followed with fstatat() from an open
 * /proc/PID. This is the host's own /proc and no data of a guest; nothing is opened
 * through them. Their text is compared as well, for what lies deeper in the tree.
 *
 * A process that ends meanwhile, or that may not be looked at, counts as absent.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fsinfo.h"
#include "base/units.h"
#include "vserver/scan.h"
#include "vserver/scanning.h"

#define NAMED_MAX 6	/* processes that a finding names */
#define STAT_MAX 4096

struct search {
	const struct guest *guest;
	const struct root *proc;
	const char *path;	/* of the tree, as /proc shows it */
	size_t nr;
	struct buf list;
};

static const struct {
	const char *name;
	const char *what;
} links[] = {
	{ "root", "has its root there" },
	{ "cwd", "works there" },
	{ "exe", "runs a program of it" },
};

static bool leads_there(const struct search *x, int dirfd, const char *name)
{
	char text[PATH_MAX];
	ssize_t len = below_readlink(dirfd, name, text, sizeof(text) - 1);
	struct stat st;

	if (len > 0) {
		text[len] = '\0';
		if (path_within(text, x->path))
			return true;
	}
	return below_stat_follow(dirfd, name, &st) == 0 && st.st_dev == x->guest->tree_dev &&
	       st.st_ino == x->guest->tree_ino;
}

static bool has_file_open(const struct search *x, const char *pid)
{
	char path[64];
	struct pool pool = POOL_INIT;
	int fd CLEANUP_FD = -1;
	struct names names;
	struct err err;
	bool found = false;

	snprintf(path, sizeof(path), "%s/fd", pid);
	fd = root_opendir(x->proc, path, &err);
	if (fd >= 0 && root_names(x->proc, path, &pool, &names, &err) == 0)
		for (size_t i = 0; i < names.nr && !found; i++)
			found = leads_there(x, fd, names.name[i]);
	pool_release(&pool);
	return found;
}

/* "sshd" of "712 (sshd) S 1 ...": comm itself is missing on old kernels. */
static void add_command(const struct search *x, const char *pid, struct buf *out)
{
	char path[64];
	struct buf text CLEANUP_BUF = BUF_INIT;
	char *open, *close;
	struct err err;

	snprintf(path, sizeof(path), "%s/stat", pid);
	if (root_read(x->proc, path, STAT_MAX, &text, &err) < 0)
		return;
	open = strchr(text.data, '(');
	close = strrchr(text.data, ')');
	if (!open || !close || close < open)
		return;
	*close = '\0';
	buf_addf(out, " (%s)", show(open + 1));
}

static void found_process(struct search *x, const char *pid, const char *what)
{
	if (x->nr++ >= NAMED_MAX)
		return;
	buf_addf(&x->list, "%sprocess %s", x->list.len ? "; " : "", pid);
	add_command(x, pid, &x->list);
	buf_addf(&x->list, " %s", what);
}

static void look_at_process(struct search *x, const char *pid)
{
	struct err err;
	int dirfd CLEANUP_FD = root_opendir(x->proc, pid, &err);

	if (dirfd < 0)
		return;
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (leads_there(x, dirfd, links[i].name)) {
			found_process(x, pid, links[i].what);
			return;
		}
	if (has_file_open(x, pid))
		found_process(x, pid, "has a file of it open");
}

static int find_processes(struct search *x, struct err *err)
{
	struct pool pool = POOL_INIT;
	struct names names;
	uint64_t pid;

	if (root_names(x->proc, "/", &pool, &names, err) < 0) {
		pool_release(&pool);
		return -1;
	}
	for (size_t i = 0; i < names.nr; i++)
		if (parse_u64(names.name[i], INT_MAX, &pid) && pid != (uint64_t)getpid())
			look_at_process(x, names.name[i]);
	pool_release(&pool);
	return 0;
}

static int find_mounts(const struct guest *guest, const struct root *root, struct pool *pool,
		       struct findings *findings, struct err *err)
{
	struct mounts mounts;

	if (mounts_below(&mounts, root, guest->tree, pool, err) < 0)
		return -1;
	for (size_t i = 0; i < mounts.nr; i++)
		if (strcmp(mounts.v[i].point, guest->tree) != 0)
			finding_add(findings, VS_GUEST_MOUNTS, guest->name, mounts.v[i].point,
				    "%s, a file system of type %s", show(mounts.v[i].source),
				    show(mounts.v[i].type));
	return 0;
}

int vserver_busy(const struct guest *guest, const struct root *root, const struct root *proc,
		 struct pool *pool, struct findings *findings, struct err *err)
{
	struct search x = { .guest = guest, .proc = proc, .list = BUF_INIT };
	int ret;

	if (!proc || !guest->tree)
		return 0;
	x.path = pool_printf(pool, "%s%s", root->path, guest->tree);
	ret = find_processes(&x, err);
	if (x.nr > NAMED_MAX)
		buf_addf(&x.list, "; and %zu more", x.nr - NAMED_MAX);
	if (x.nr)
		finding_add(findings, VS_GUEST_BUSY, guest->name, guest->tree, "%s", x.list.data);
	buf_release(&x.list);
	return ret < 0 ? -1 : find_mounts(guest, root, pool, findings, err);
}
