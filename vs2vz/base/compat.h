/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the running kernel can do, back to Linux 2.6.18. Each ability is found out once
 * in a process, by a call that changes nothing, and then remembered; what is done
 * without it stands where it is used.
 */
#ifndef VS2VZ_BASE_COMPAT_H
#define VS2VZ_BASE_COMPAT_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#ifndef STATX_BASIC_STATS
#include <linux/stat.h>		/* for C libraries without a statx() */
#endif

enum kernel_can {
	CAN_OPENAT2,
	CAN_FCHMODAT2,
	CAN_LOOP_CONFIGURE,
	CAN_MOUNT_ROOT,		/* statx tells mount points */
	CAN_MOUNTINFO,		/* /proc/self/mountinfo */
	CAN_MOUNT_IDS,		/* /proc/self/fdinfo tells them */
	CAN_STATX,
	CAN_RENAMEAT2,
	CAN_SEEK_HOLES,
	CAN_SYNCFS,
	CAN_NO_AUTOMOUNT,	/* the flag of fstatat */
	CAN_SET_CLOEXEC,	/* O_CLOEXEC is obeyed */
	CAN_SET_NANOSECONDS,	/* utimensat: also the times of links and nodes */
	CAN_NR
};

struct kernel_ability {
	const char *name;	/* "openat2" */
	const char *since;	/* Linux version */
	const char *without;	/* what is done or missing without it */
};
/* Rows by enum kernel_can. */
extern const struct kernel_ability kernel_abilities[CAN_NR];

/* Can it? The first call asks the kernel; safe in threads. */
bool kernel_can(enum kernel_can what);
/* It turned out later that it cannot (a filter); also for tests. */
void kernel_cannot(enum kernel_can what);
/* Forget what is known: the next kernel_can() asks again. For tests. */
void kernel_ask_again(void);

/*
 * Coarse times: before Linux 2.6.22 times are set to the microsecond, and those of links,
 * devices, FIFOs and sockets not at all. What was made there is compared so anywhere.
 * wanted: what was to be set on an object of this mode; is: what is there.
 */
bool times_agree(const struct timespec *wanted, const struct timespec *is, mode_t mode,
		 bool coarse);

/* A pipe that children do not inherit over exec; nonblocking where asked. 0 or -1. */
int pipe_cloexec(int ends[2], bool nonblocking);
/* fcntl(F_DUPFD_CLOEXEC): a descriptor, at least least, or -1. */
int dup_cloexec(int fd, int least);
/* socketpair(AF_UNIX) with close-on-exec. 0 or -1. */
int socketpair_cloexec(int type, int ends[2]);
/*
 * In a child before exec: what the kernel did not mark (before Linux 2.6.23) is marked
 * now, from descriptor first on. Makes system calls only.
 */
void mark_cloexec(int first);

#endif
