/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who uses a guest's tree. A process is in it when its root, working directory,
 * program or an open file is. Links below /proc/PID are magic: the kernel follows
 * them to the object itself, so they are followed with fstatat() from an open
 * /proc/PID. This is the host's own /proc and no data of a guest; nothing is opened
 * through them. Their text is kept as well, for what lies deeper in a tree.
 *
 * What the kernel itself holds shows by path: of loop devices, swap files and exports. A
 * mount of the tree elsewhere shows by the mount table: file system and path in it.
 */
#include "vserver/users.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/units.h"
#include "base/unseen.h"
#include "vserver/scanning.h"

#define NAMED_MAX 6	/* processes that a finding names */
#define STAT_MAX 4096
#define TABLE_MAX (4u << 20)

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

/* ---- what the kernel holds */

static void add_held(struct users *u, const char *path, const char *what)
{
	*(struct use *)pool_grow(&u->pool, &u->v, &u->nr, &u->cap, sizeof(*u->v)) =
		(struct use){ .what = what, .path = path };
}

/* "\040" is a blank, as in mount tables, swaps and export tables; in place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
		    from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
			*to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* The absolute path that a line begins with, by itself; NULL: none. */
static char *first_word(struct users *u, const char *line, const char **rest)
{
	size_t len = strcspn(line, " \t\n");
	char *word;

	*rest = line + len + strspn(line + len, " \t");
	if (line[0] != '/')
		return NULL;
	word = pool_memdup(&u->pool, line, len);
	unescape(word);
	return word;
}

/* One path a line: swap files (path type size ...) or exports (path client(options)). */
static int add_lines(struct users *u, const struct root *at, const char *name, bool exports,
		     struct err *err)
{
	struct buf CLEANUP_BUF text = BUF_INIT;

	if (root_read(at, name, TABLE_MAX, &text, err) < 0) {
		if (!err_is_absent(err))
			return -1;
		err_clear(err);
		return 0;
	}
	for (char *line = text.data, *next; line && *line; line = next) {
		const char *rest, *path;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		path = first_word(u, line, &rest);
		if (!path)
			continue;
		if (exports)
			add_held(u, pool_printf(&u->pool, "%s%s", u->top, path),
				 pool_printf(&u->pool, "it is exported to %s (exportfs -u ends that)",
					     show(rest)));
		else if (strncmp(rest, "file", 4) == 0)
			add_held(u, path, pool_printf(&u->pool, "'%s' is swapped to (swapoff ends that)",
						      show(path)));
	}
	return 0;
}

static void add_loop(struct users *u, const struct root *sys, const char *name)
{
	struct buf CLEANUP_BUF file = BUF_INIT;
	char told[LOOP_FILE];
	struct err unread;

	if (root_read(sys, pool_printf(&u->pool, "/block/%s/loop/backing_file", name), STAT_MAX, &file,
		      &unread) == 0)
		file.data[strcspn(file.data, "\n")] = '\0';
	else if (loop_file(told, name))
		buf_adds(&file, told);
	if (file.len && file.data[0] == '/')
		add_held(u, pool_strdup(&u->pool, file.data),
			 pool_printf(&u->pool, "/dev/%s has '%s' (losetup -d ends that)", name,
				     show(file.data)));
}

static int add_loops(struct users *u, const struct root *proc, struct err *err)
{
	const char *parent = strrchr(proc->path, '/');
	struct names names = { 0 };
	struct root sys = { .fd = -1 };

	if (!parent)
		return 0;
	if (root_init(&sys, pool_printf(&u->pool, "%.*s/sys", (int)(parent - proc->path), proc->path),
		      err) < 0 || root_names(&sys, "/block", &u->pool, &names, err) < 0) {
		if (!err_is_absent(err))
			return -1;
		err_clear(err);
	}
	for (size_t i = 0; i < names.nr; i++)
		if (strncmp(names.name[i], "loop", 4) == 0)
			add_loop(u, &sys, names.name[i]);
	root_release(&sys);
	return 0;
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
	if (mounts_below(&out->mounts, root, "/", &out->pool, err) < 0 ||
	    mounts_of_machine(&out->machine, &out->pool, err) < 0 ||
	    add_lines(out, root, "/var/lib/nfs/etab", true, err) < 0)
		return -1;
	if (!proc)
		return 0;
	if (add_lines(out, proc, "/swaps", false, err) < 0 || add_loops(out, proc, err) < 0)
		return -1;
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

		if (!uses(use, guest, path) || (use->pid && strcmp(use->pid, last) == 0))
			continue;
		if (use->pid)
			last = use->pid; /* one line for each process: the first thing it holds */
		if (nr++ >= NAMED_MAX)
			continue;
		if (!use->pid)
			buf_addf(&list, "%s%s", list.len ? "; " : "", use->what);
		else
			buf_addf(&list, "%sprocess %s%s %s", list.len ? "; " : "", use->pid,
				 use->command, use->what);
	}
	if (nr > NAMED_MAX)
		buf_addf(&list, "; and %zu more", nr - NAMED_MAX);
	if (nr)
		finding_add(findings, VS_GUEST_BUSY, guest->name, guest->tree, "%s", list.data);
}

/* The mount that the path is on: the last one on the longest leading part of it. */
static const struct mount *mount_of(const struct users *users, const char *path)
{
	const struct mount *best = NULL;

	for (size_t i = 0; i < users->machine.nr; i++) {
		const struct mount *m = &users->machine.v[i];

		if ((strcmp(m->point, "/") == 0 || path_within(path, m->point)) &&
		    (!best || strlen(m->point) >= strlen(best->point)))
			best = m;
	}
	return best;
}

static void add_bind(const struct guest *guest, const struct mount *m, struct findings *findings)
{
	finding_add(findings, VS_GUEST_BUSY, guest->name, m->point,
		    "'%s' of the file system is mounted there as well", show(m->root));
}

/*
 * Below a root that is no mount point (chroot) the table does not tell which part of its file
 * system the tree is. What is mounted elsewhere has a path that ends in one of the tree's
 * own, and is the same object.
 */
static void find_binds_in_chroot(const struct guest *guest, const struct users *users,
				 const char *path, struct findings *findings)
{
	struct stat here, there;
	struct root real;
	struct err err;

	if (root_init(&real, "/", &err) < 0)
		return;
	for (size_t i = 0; i < users->machine.nr; i++) {
		const struct mount *m = &users->machine.v[i];

		if (m->dev != guest->tree_dev || path_within(m->point, path))
			continue;
		for (const char *at = m->root; at && (at = strstr(at, path)); at++)
			if (path_within(at, path) && root_stat(&real, at, &here, &err) == 0 &&
			    root_stat(&real, m->point, &there, &err) == 0 &&
			    here.st_dev == there.st_dev && here.st_ino == there.st_ino) {
				add_bind(guest, m, findings);
				break;
			}
	}
	root_release(&real);
}

/* A mount of the tree, or of a part of it, elsewhere: what is written there is written here. */
static void find_binds(const struct guest *guest, const struct users *users,
		       struct findings *findings)
{
	const char *path = pool_printf(findings->pool, "%s%s", users->top, guest->tree);
	const struct mount *home = mount_of(users, path);
	const char *inside, *below;

	if (!home) {
		find_binds_in_chroot(guest, users, path, findings);
		return;
	}
	if (!home->root || !home->dev)
		return;
	below = strcmp(home->point, "/") == 0 ? path : path + strlen(home->point);
	inside = pool_printf(findings->pool, "%s%s", strcmp(home->root, "/") == 0 && *below ? "" :
			     home->root, below);
	for (size_t i = 0; i < users->machine.nr; i++) {
		const struct mount *m = &users->machine.v[i];

		if (m == home || m->dev != home->dev || !m->root || path_within(m->point, path))
			continue;
		if (strcmp(inside, "/") == 0 || path_within(m->root, inside))
			add_bind(guest, m, findings);
	}
}

void vserver_busy(const struct guest *guest, const struct users *users,
		  struct findings *findings)
{
	if (!guest->tree)
		return;
	find_processes(guest, users, findings);
	find_binds(guest, users, findings);
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
