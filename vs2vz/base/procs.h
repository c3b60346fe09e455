/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who runs and who listens, read from a mounted /proc. The links below /proc/PID are the
 * kernel's own: they are looked at with fstatat() and readlinkat(), nothing is opened
 * through them. A process that ends meanwhile counts as absent.
 *
 *	procs_read(&all, &proc, &pool, err);
 *	procs_keep(&mine, &all, is_mine, ctx, &pool);
 *	listeners_read(&ports, &proc, &mine, &pool);
 *
 * Everything lives in the pool; names of programs may hold any byte but NUL.
 * Facts: proc(5); OpenVZ kernels add "envID:" to /proc/PID/status.
 */
#ifndef VS2VZ_BASE_PROCS_H
#define VS2VZ_BASE_PROCS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/inroot.h"
#include "base/pool.h"

struct proc {
	pid_t pid, parent;
	char state;		/* 'R', 'S', 'Z' ... */
	const char *program;	/* the kernel's short name, at most 15 bytes */
	const char *root;	/* as the link says; "" where it may not be looked at */
	dev_t root_dev;		/* both 0 then */
	ino_t root_ino;
	ino_t pidns;		/* number of its process name space; 0: unknown */
	uint32_t veid;		/* OpenVZ: its container; 0: the host, or another kernel */
};
struct procs {
	size_t nr, cap;
	struct proc *v;		/* by number */
};

int procs_read(struct procs *out, const struct root *proc, struct pool *pool,
	       struct err *err) MUST_CHECK;
void procs_keep(struct procs *out, const struct procs *all,
		bool (*keep)(const struct proc *p, const void *ctx), const void *ctx,
		struct pool *pool);
/* The words of its command line, NULs as blanks: at most len - 1 bytes. */
void proc_command(char *text, size_t len, const struct root *proc, pid_t pid);

/* A socket that waits for others: TCP that listens, UDP that is bound and not connected. */
struct listener {
	const char *protocol;	/* "tcp", "udp"; static */
	const char *address;	/* "0.0.0.0", "::" */
	unsigned port;
	const char *program;	/* of the process with the lowest number that has it */
	pid_t pid;
};
struct listeners {
	size_t nr, cap;
	struct listener *v;
};
/* Those that one of the processes holds, in the network of the first of them. */
void listeners_read(struct listeners *out, const struct root *proc, const struct procs *of,
		    struct pool *pool);

#endif
