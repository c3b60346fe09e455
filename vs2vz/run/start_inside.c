/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the process does that becomes init of the container, in this order:
 *
 *	name spaces of its own: mounts, host name, IPC, network; its groups
 *	venet0 with the addresses, the host name
 *	the program is looked for in the bare tree
 *	/proc, /sys, /dev, console; the tree becomes the root, the host's mounts go
 *	rights and system calls of a container, nothing open but 0, 1, 2
 *	the program
 *
 * Nothing of this is seen outside: the mounts and the interface are in name spaces that
 * end with their last process. The tree itself is the lower layer of an overlay whose
 * upper layer is memory.
 */
#include "run/start_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "step/mounted.h"

#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif

static int make_dir(const struct root *top, const char *name, struct err *err)
{
	const struct place at = { top->fd, name };

	if (sys_mkdir(&at, 0755) < 0)
		return fail_errno(err, "cannot make '%s/%s'", top->path, name);
	return 0;
}

/*
 * The tree once more, in the mounts of this process: an overlay takes no layer from those
 * of another one. Opened by its name, and compared.
 */
static int open_again(int tree, struct err *err)
{
	char path[PATH_MAX], link[64];
	struct stat old, new;
	struct root top;
	ssize_t len;
	int fd;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", tree);
	len = below_readlink(AT_FDCWD, link, path, sizeof(path) - 1);
	path[len > 0 ? len : 0] = '\0';
	if (len <= 0 || root_init(&top, "/", err) < 0)
		return fail(err, "cannot tell the path of the tree");
	fd = strict_opendir(&top, path, err);
	root_release(&top);
	if (fd >= 0 && fstat(tree, &old) == 0 && fstat(fd, &new) == 0 &&
	    old.st_dev == new.st_dev && old.st_ino == new.st_ino)
		return fd;
	close_fd(&fd);
	return fail(err, "the tree is not at '%s'", show(path));
}

/* A file system that is mounted for us alone is mounted here as well. */
static int open_lower(const struct start_job *job, struct err *err)
{
	struct root top;
	int fd;

	if (!mounted_here(job->device, INSIDE_TOP "/tree"))
		return fail_errno(err, "cannot mount the container's file system");
	if (root_init(&top, INSIDE_TOP, err) < 0)
		return -1;
	fd = strict_opendir(&top, "/tree", err);
	root_release(&top);
	return fd;
}

/* /sys of these mounts becomes memory with upper/, work/, root/, groups/, tree/. */
int inside_prepare(const struct start_job *job, struct err *err)
{
	int CLEANUP_FD tree = job->device < 0 ? open_again(job->tree, err) : -1;
	static const char *const dirs[] = { "upper", "work", "root", "groups", "tree" };
	char layers[256];
	struct root top;
	int done = 0;

	if (job->device < 0 && tree < 0)
		return -1;
	if (mount("vs2vz", INSIDE_TOP, "tmpfs", 0, "size=25%,mode=0755") < 0)
		return fail_errno(err, "cannot mount a tmpfs");
	if (root_init(&top, INSIDE_TOP, err) < 0)
		return -1;
	for (size_t i = 0; done == 0 && i < sizeof(dirs) / sizeof(dirs[0]); i++)
		done = make_dir(&top, dirs[i], err);
	root_release(&top);
	if (done == 0 && job->device >= 0)
		tree = open_lower(job, err);
	if (done < 0 || tree < 0)
		return -1;
	snprintf(layers, sizeof(layers), "lowerdir=/proc/self/fd/%d,upperdir=" INSIDE_TOP
		 "/upper,workdir=" INSIDE_TOP "/work", tree);
	if (mount("vs2vz", INSIDE_TOP "/root", "overlay", MS_NODEV, layers) < 0)
		return fail_errno(err, "cannot mount an overlay above the tree");
	return 0;
}

static int leave_host(const struct inside *in, struct err *err)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET) < 0)
		return fail_errno(err, "no name spaces of its own");
	if (in->systemd && unshare(CLONE_NEWCGROUP) < 0)
		return fail_errno(err, "systemd needs a cgroup name space");
	/* A session keyring of its own; root's user keyring is out of reach, see the filter. */
	syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, NULL);
	setsid();
	if (in->job->hostname && sethostname(in->job->hostname, strlen(in->job->hostname)) < 0)
		return fail_errno(err, "cannot set the host name '%s'", show(in->job->hostname));
	return net_make(in->job, err);
}

/* The root of the overlay becomes the root; the old one is put on top and let go. */
static int change_root(const struct root *merged, struct err *err)
{
	if (fchdir(merged->fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || fchdir(merged->fd) < 0)
		return fail_errno(err, "cannot make the tree the root");
	return 0;
}

/*
 * vzctl opens /dev/null for 0, 1 and 2 where it is there (vzctl: src/lib/env.c); without
 * it the console serves, as the descriptors of vzctl would.
 */
static int open_standard(struct err *err)
{
	struct root here;
	int fd = -1, CLEANUP_FD dev = -1;

	if (root_init(&here, "/", err) < 0)
		return -1;
	dev = strict_opendir(&here, "/dev", err);
	root_release(&here);
	if (dev >= 0)
		fd = sys_open_special(&(struct place){ dev, "null" }, S_IFCHR);
	if (dev >= 0 && fd < 0)
		fd = sys_open_special(&(struct place){ dev, "console" }, S_IFCHR);
	for (int to = 0; to < 3; to++) {
		close(to);
		if (fd >= 0)
			dup2(fd, to);
	}
	if (fd > 2)
		close(fd);
	return 0;
}

void inside_seal(void)
{
	struct rlimit lim = { 0 };
	rlim_t last = 1u << 16;

	/* vs2vz raised its own limit at the start: nothing can lie above. */
	if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_max > last && lim.rlim_max < 1u << 21)
		last = lim.rlim_max;
	for (int fd = 3; fd < (int)last; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* What init of a container starts with, and what SYS_RESOURCE would let it raise. */
static void set_limits(void)
{
	const struct rlimit files = { 1024, 1u << 20 };

	setrlimit(RLIMIT_NOFILE, &files);
	umask(022);
}

/* Returns only when the program could not be run. */
static int run_program(const struct program *program, int words, struct err *err)
{
	static const char *const env[] = { "HOME=/", "TERM=linux", "container=openvz",
		"PATH=/bin:/sbin:/usr/bin:/usr/sbin", NULL };
	/* init puts its runlevel where the words are: they must be long enough */
	const char *const argv[] = { "init", "-z", "        ", NULL };

	if (program->is_32bit)
		personality(PER_LINUX32);
	inside_seal();
	(void)!sys_write(words, "up \n", 4);
	execve(program->path, (char *const *)argv, (char *const *)env);
	fail_errno(err, "'%s' cannot be run", program->path);
	return 1;
}

int inside_run(const struct inside *in, struct err *err)
{
	struct program program;
	struct root merged;

	if (leave_host(in, err) < 0 || root_init(&merged, INSIDE_TOP "/root", err) < 0)
		return -1;
	if (!program_find(&program, &merged, err))
		return 1;
	if (inside_mounts(in, &merged, err) < 0 || change_root(&merged, err) < 0 ||
	    open_standard(err) < 0)
		return -1;
	set_limits();
	if (filter_install(err) < 0 || rights_drop(in->job->rights, err) < 0)
		return -1;
	return run_program(&program, in->words, err);
}
