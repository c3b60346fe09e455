/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What which kernel has: the tables of old-kernel.c, read by its test as well.
 *
 * `since` is the first release of kernel.org that has it. VZ: 2.6.32-042stab, which is
 * built on the kernel of RHEL 6, has it in spite of its number.
 * A call's numbers stand in the order of enum machine, -1 where a machine has none.
 *
 * Sources
 *	calls: syscalls(2), column "Kernel"; numbers: Linux, arch/x86/entry/syscalls/
 *	syscall_64.tbl and syscall_32.tbl
 *	VZ: Linux 2.6.32-042stab113.5: arch/x86/include/asm/unistd_64.h,
 *	arch/x86/ia32/ia32entry.S, fs/stat.c, fs/fork.c, fs/statfs.c, fs/open.c,
 *	kernel/sys.c, fs/proc/base.c; seen on 042stab141.3 itself, row by row: O_PATH, the
 *	calls, the flags of fstatat(2), fchownat(2) and fallocate(2), FITRIM
 *	the rest: beside the row
 */
#ifndef TESTS_OLD_KERNEL_H
#define TESTS_OLD_KERNEL_H

#include <errno.h>
#include <linux/audit.h>
#include <stdbool.h>
#include <stdint.h>

#define V(major, minor, patch) ((major) << 16 | (minor) << 8 | (patch))
enum { VZ = 1 };
enum machine { X86_64, I386, MACHINES };

static const unsigned machine_arch[MACHINES] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386 };

struct kernel {
	const char *name, *release;
	int version;
	bool vz;
	short last[MACHINES];	/* no call beyond, but the rows marked VZ */
};

/* The first is the one that hosts of OpenVZ run in the end. */
static const struct kernel kernels[] = {
	{ "042stab141", "2.6.32-042stab141.3", V(2, 6, 32), true, { 298, 336 } },
	{ "2.6.32", "2.6.32-5-amd64", V(2, 6, 32), false, { 298, 336 } },
	{ "2.6.18", "2.6.18-028stab123.1", V(2, 6, 18), false, { 279, 317 } },
};

/* Calls that were added: ENOSYS before. */
struct call_row {
	int since;
	const char *name;
	short nr[MACHINES];
	char vz;
};

static const struct call_row call_rows[] = {
	{ V(2, 6, 19), "getcpu", { -1, 318 }, 0 },
	{ V(2, 6, 19), "epoll_pwait", { 281, 319 }, 0 },
	{ V(2, 6, 22), "utimensat", { 280, 320 }, 0 },
	{ V(2, 6, 22), "signalfd", { 282, 321 }, 0 },
	{ V(2, 6, 22), "eventfd", { 284, 323 }, 0 },
	{ V(2, 6, 23), "fallocate", { 285, 324 }, 0 },
	{ V(2, 6, 25), "timerfd_create", { 283, 322 }, 0 },
	{ V(2, 6, 25), "timerfd_settime", { 286, 325 }, 0 },
	{ V(2, 6, 25), "timerfd_gettime", { 287, 326 }, 0 },
	{ V(2, 6, 27), "signalfd4", { 289, 327 }, 0 },
	{ V(2, 6, 27), "eventfd2", { 290, 328 }, 0 },
	{ V(2, 6, 27), "epoll_create1", { 291, 329 }, 0 },
	{ V(2, 6, 27), "dup3", { 292, 330 }, 0 },
	{ V(2, 6, 27), "pipe2", { 293, 331 }, 0 },
	{ V(2, 6, 27), "inotify_init1", { 294, 332 }, 0 },
	{ V(2, 6, 28), "accept4", { 288, -1 }, 0 },
	{ V(2, 6, 30), "preadv", { 295, 333 }, 0 },
	{ V(2, 6, 30), "pwritev", { 296, 334 }, 0 },
	{ V(2, 6, 31), "rt_tgsigqueueinfo", { 297, 335 }, 0 },
	{ V(2, 6, 31), "perf_event_open", { 298, 336 }, 0 },
	{ V(2, 6, 33), "recvmmsg", { 299, 337 }, VZ },
	{ V(2, 6, 36), "prlimit64", { 302, 340 }, 0 },
	{ V(2, 6, 37), "fanotify_init", { 300, 338 }, 0 },
	{ V(2, 6, 37), "fanotify_mark", { 301, 339 }, 0 },
	{ V(2, 6, 39), "name_to_handle_at", { 303, 341 }, VZ },
	{ V(2, 6, 39), "open_by_handle_at", { 304, 342 }, VZ },
	{ V(2, 6, 39), "clock_adjtime", { 305, 343 }, VZ },
	{ V(2, 6, 39), "syncfs", { 306, 344 }, VZ },
	{ V(3, 0, 0), "sendmmsg", { 307, 345 }, VZ },
	{ V(3, 0, 0), "setns", { 308, 346 }, VZ },
	{ V(3, 1, 0), "getcpu", { 309, -1 }, 0 },
	{ V(3, 2, 0), "process_vm_readv", { 310, 347 }, VZ },
	{ V(3, 2, 0), "process_vm_writev", { 311, 348 }, VZ },
	{ V(3, 5, 0), "kcmp", { 312, 349 }, 0 },
	{ V(3, 8, 0), "finit_module", { 313, 350 }, 0 },
	{ V(3, 14, 0), "sched_setattr", { 314, 351 }, 0 },
	{ V(3, 14, 0), "sched_getattr", { 315, 352 }, 0 },
	{ V(3, 15, 0), "renameat2", { 316, 353 }, 0 },
	{ V(3, 17, 0), "seccomp", { 317, 354 }, 0 },
	{ V(3, 17, 0), "getrandom", { 318, 355 }, 0 },
	{ V(3, 17, 0), "memfd_create", { 319, 356 }, 0 },
	{ V(3, 17, 0), "kexec_file_load", { 320, -1 }, 0 },
	{ V(3, 18, 0), "bpf", { 321, 357 }, 0 },
	{ V(3, 19, 0), "execveat", { 322, 358 }, 0 },
	{ V(4, 3, 0), "userfaultfd", { 323, 374 }, 0 },
	{ V(4, 3, 0), "membarrier", { 324, 375 }, 0 },
	{ V(4, 3, 0), "socket", { -1, 359 }, 0 },
	{ V(4, 3, 0), "socketpair", { -1, 360 }, 0 },
	{ V(4, 3, 0), "bind", { -1, 361 }, 0 },
	{ V(4, 3, 0), "connect", { -1, 362 }, 0 },
	{ V(4, 3, 0), "listen", { -1, 363 }, 0 },
	{ V(4, 3, 0), "getsockopt", { -1, 365 }, 0 },
	{ V(4, 3, 0), "setsockopt", { -1, 366 }, 0 },
	{ V(4, 3, 0), "getsockname", { -1, 367 }, 0 },
	{ V(4, 3, 0), "getpeername", { -1, 368 }, 0 },
	{ V(4, 3, 0), "sendto", { -1, 369 }, 0 },
	{ V(4, 3, 0), "sendmsg", { -1, 370 }, 0 },
	{ V(4, 3, 0), "recvfrom", { -1, 371 }, 0 },
	{ V(4, 3, 0), "recvmsg", { -1, 372 }, 0 },
	{ V(4, 3, 0), "shutdown", { -1, 373 }, 0 },
	{ V(4, 3, 0), "accept4", { -1, 364 }, 0 },
	{ V(4, 4, 0), "mlock2", { 325, 376 }, 0 },
	{ V(4, 5, 0), "copy_file_range", { 326, 377 }, 0 },
	{ V(4, 6, 0), "preadv2", { 327, 378 }, 0 },
	{ V(4, 6, 0), "pwritev2", { 328, 379 }, 0 },
	{ V(4, 9, 0), "pkey_mprotect", { 329, 380 }, 0 },
	{ V(4, 9, 0), "pkey_alloc", { 330, 381 }, 0 },
	{ V(4, 9, 0), "pkey_free", { 331, 382 }, 0 },
	{ V(4, 11, 0), "statx", { 332, 383 }, 0 },
	{ V(4, 12, 0), "arch_prctl", { -1, 384 }, 0 },
	{ V(4, 18, 0), "io_pgetevents", { 333, 385 }, 0 },
	{ V(4, 18, 0), "rseq", { 334, 386 }, 0 },
	{ V(5, 1, 0), "pidfd_send_signal", { 424, 424 }, 0 },
	{ V(5, 1, 0), "io_uring_setup", { 425, 425 }, 0 },
	{ V(5, 1, 0), "io_uring_enter", { 426, 426 }, 0 },
	{ V(5, 1, 0), "io_uring_register", { 427, 427 }, 0 },
	{ V(5, 1, 0), "semget", { -1, 393 }, 0 },
	{ V(5, 1, 0), "semctl", { -1, 394 }, 0 },
	{ V(5, 1, 0), "shmget", { -1, 395 }, 0 },
	{ V(5, 1, 0), "shmctl", { -1, 396 }, 0 },
	{ V(5, 1, 0), "shmat", { -1, 397 }, 0 },
	{ V(5, 1, 0), "shmdt", { -1, 398 }, 0 },
	{ V(5, 1, 0), "msgget", { -1, 399 }, 0 },
	{ V(5, 1, 0), "msgsnd", { -1, 400 }, 0 },
	{ V(5, 1, 0), "msgrcv", { -1, 401 }, 0 },
	{ V(5, 1, 0), "msgctl", { -1, 402 }, 0 },
	{ V(5, 1, 0), "clock_gettime64", { -1, 403 }, 0 },
	{ V(5, 1, 0), "clock_settime64", { -1, 404 }, 0 },
	{ V(5, 1, 0), "clock_adjtime64", { -1, 405 }, 0 },
	{ V(5, 1, 0), "clock_getres_time64", { -1, 406 }, 0 },
	{ V(5, 1, 0), "clock_nanosleep_time64", { -1, 407 }, 0 },
	{ V(5, 1, 0), "timer_gettime64", { -1, 408 }, 0 },
	{ V(5, 1, 0), "timer_settime64", { -1, 409 }, 0 },
	{ V(5, 1, 0), "timerfd_gettime64", { -1, 410 }, 0 },
	{ V(5, 1, 0), "timerfd_settime64", { -1, 411 }, 0 },
	{ V(5, 1, 0), "utimensat_time64", { -1, 412 }, 0 },
	{ V(5, 1, 0), "pselect6_time64", { -1, 413 }, 0 },
	{ V(5, 1, 0), "ppoll_time64", { -1, 414 }, 0 },
	{ V(5, 1, 0), "io_pgetevents_time64", { -1, 416 }, 0 },
	{ V(5, 1, 0), "recvmmsg_time64", { -1, 417 }, 0 },
	{ V(5, 1, 0), "mq_timedsend_time64", { -1, 418 }, 0 },
	{ V(5, 1, 0), "mq_timedreceive_time64", { -1, 419 }, 0 },
	{ V(5, 1, 0), "semtimedop_time64", { -1, 420 }, 0 },
	{ V(5, 1, 0), "rt_sigtimedwait_time64", { -1, 421 }, 0 },
	{ V(5, 1, 0), "futex_time64", { -1, 422 }, 0 },
	{ V(5, 1, 0), "sched_rr_get_interval_time64", { -1, 423 }, 0 },
	{ V(5, 2, 0), "open_tree", { 428, 428 }, 0 },
	{ V(5, 2, 0), "move_mount", { 429, 429 }, 0 },
	{ V(5, 2, 0), "fsopen", { 430, 430 }, 0 },
	{ V(5, 2, 0), "fsconfig", { 431, 431 }, 0 },
	{ V(5, 2, 0), "fsmount", { 432, 432 }, 0 },
	{ V(5, 2, 0), "fspick", { 433, 433 }, 0 },
	{ V(5, 3, 0), "pidfd_open", { 434, 434 }, 0 },
	{ V(5, 3, 0), "clone3", { 435, 435 }, 0 },
	{ V(5, 6, 0), "openat2", { 437, 437 }, 0 },
	{ V(5, 6, 0), "pidfd_getfd", { 438, 438 }, 0 },
	{ V(5, 8, 0), "faccessat2", { 439, 439 }, 0 },
	{ V(5, 9, 0), "close_range", { 436, 436 }, 0 },
	{ V(5, 10, 0), "process_madvise", { 440, 440 }, 0 },
	{ V(5, 11, 0), "epoll_pwait2", { 441, 441 }, 0 },
	{ V(5, 12, 0), "mount_setattr", { 442, 442 }, 0 },
	{ V(5, 13, 0), "landlock_create_ruleset", { 444, 444 }, 0 },
	{ V(5, 13, 0), "landlock_add_rule", { 445, 445 }, 0 },
	{ V(5, 13, 0), "landlock_restrict_self", { 446, 446 }, 0 },
	{ V(5, 14, 0), "memfd_secret", { 447, 447 }, 0 },
	{ V(5, 14, 0), "quotactl_fd", { 443, 443 }, 0 },
	{ V(5, 15, 0), "process_mrelease", { 448, 448 }, 0 },
	{ V(5, 16, 0), "futex_waitv", { 449, 449 }, 0 },
	{ V(5, 17, 0), "set_mempolicy_home_node", { 450, 450 }, 0 },
	{ V(6, 5, 0), "cachestat", { 451, 451 }, 0 },
	{ V(6, 6, 0), "fchmodat2", { 452, 452 }, 0 },
	{ V(6, 6, 0), "map_shadow_stack", { 453, 453 }, 0 },
	{ V(6, 7, 0), "futex_wake", { 454, 454 }, 0 },
	{ V(6, 7, 0), "futex_wait", { 455, 455 }, 0 },
	{ V(6, 7, 0), "futex_requeue", { 456, 456 }, 0 },
	{ V(6, 8, 0), "statmount", { 457, 457 }, 0 },
	{ V(6, 8, 0), "listmount", { 458, 458 }, 0 },
	{ V(6, 8, 0), "lsm_get_self_attr", { 459, 459 }, 0 },
	{ V(6, 8, 0), "lsm_set_self_attr", { 460, 460 }, 0 },
	{ V(6, 8, 0), "lsm_list_modules", { 461, 461 }, 0 },
	{ V(6, 10, 0), "mseal", { 462, 462 }, 0 },
	{ V(6, 13, 0), "setxattrat", { 463, 463 }, 0 },
	{ V(6, 13, 0), "getxattrat", { 464, 464 }, 0 },
	{ V(6, 13, 0), "listxattrat", { 465, 465 }, 0 },
	{ V(6, 13, 0), "removexattrat", { 466, 466 }, 0 },
	{ V(6, 15, 0), "open_tree_attr", { 467, 467 }, 0 },
	{ V(6, 17, 0), "file_getattr", { 468, 468 }, 0 },
	{ V(6, 17, 0), "file_setattr", { 469, 469 }, 0 },
};

/*
 * Words of a call that were added. What old kernels do with them: `answer` is an errno,
 * or 0: they do not look at the bit, the call goes on as if it were not there.
 */
enum how { BIT, VALUE };

struct word_row {
	int since;
	const char *name;
	short nr[MACHINES];
	char arg;
	enum how how;
	uint32_t word;
	int answer;
	char vz;
};

/* clang-format off */
static const struct word_row word_rows[] = {
	/* fcntl(2); F_DUPFD_CLOEXEC, F_SETPIPE_SZ, F_GETPIPE_SZ, F_ADD_SEALS, F_OFD_* */
	{ V(2, 6, 24), "F_DUPFD_CLOEXEC", { 72, 55 }, 1, VALUE, 1030, EINVAL, 0 },
	{ V(2, 6, 24), "F_DUPFD_CLOEXEC", { -1, 221 }, 1, VALUE, 1030, EINVAL, 0 },
	{ V(2, 6, 35), "F_SETPIPE_SZ", { 72, 221 }, 1, VALUE, 1031, EINVAL, 0 },
	{ V(2, 6, 35), "F_GETPIPE_SZ", { 72, 221 }, 1, VALUE, 1032, EINVAL, 0 },
	{ V(3, 15, 0), "F_OFD_GETLK", { 72, 221 }, 1, VALUE, 36, EINVAL, 0 },
	{ V(3, 15, 0), "F_OFD_SETLK", { 72, 221 }, 1, VALUE, 37, EINVAL, 0 },
	{ V(3, 15, 0), "F_OFD_SETLKW", { 72, 221 }, 1, VALUE, 38, EINVAL, 0 },
	{ V(3, 17, 0), "F_ADD_SEALS", { 72, 221 }, 1, VALUE, 1033, EINVAL, 0 },
	{ V(3, 17, 0), "F_GET_SEALS", { 72, 221 }, 1, VALUE, 1034, EINVAL, 0 },
	/* stat(2), linkat(2), chown(2), utimensat(2): the flags were checked from the start */
	{ V(2, 6, 38), "fstatat AT_NO_AUTOMOUNT", { 262, 300 }, 3, BIT, 0x800, EINVAL, VZ },
	{ V(4, 11, 0), "fstatat AT_STATX_SYNC_TYPE", { 262, 300 }, 3, BIT, 0x6000, EINVAL, 0 },
	{ V(2, 6, 39), "linkat AT_EMPTY_PATH", { 265, 303 }, 4, BIT, 0x1000, EINVAL, 0 },
	{ V(2, 6, 39), "fchownat AT_EMPTY_PATH", { 260, 298 }, 4, BIT, 0x1000, EINVAL, VZ },
	{ V(5, 8, 0), "utimensat AT_EMPTY_PATH", { 280, 320 }, 3, BIT, 0x1000, EINVAL, 0 },
	/* lseek(2) */
	{ V(3, 1, 0), "SEEK_DATA", { 8, 19 }, 2, VALUE, 3, EINVAL, 0 },
	{ V(3, 1, 0), "SEEK_HOLE", { 8, 19 }, 2, VALUE, 4, EINVAL, 0 },
	{ V(3, 1, 0), "SEEK_DATA", { -1, 140 }, 4, VALUE, 3, EINVAL, 0 },
	{ V(3, 1, 0), "SEEK_HOLE", { -1, 140 }, 4, VALUE, 4, EINVAL, 0 },
	/* fallocate(2); 2.6.32: fs/open.c */
	{ V(2, 6, 38), "FALLOC_FL_PUNCH_HOLE", { 285, 324 }, 1, BIT, 2, EOPNOTSUPP, VZ },
	{ V(3, 15, 0), "FALLOC_FL_ZERO_RANGE", { 285, 324 }, 1, BIT, ~3u, EOPNOTSUPP, 0 },
	/* unshare(2); 2.6.32: kernel/fork.c, check_unshare_flags() */
	{ V(2, 6, 19), "CLONE_NEWUTS", { 272, 310 }, 0, BIT, 0x04000000, EINVAL, 0 },
	{ V(2, 6, 19), "CLONE_NEWIPC", { 272, 310 }, 0, BIT, 0x08000000, EINVAL, 0 },
	{ V(2, 6, 29), "CLONE_NEWNET", { 272, 310 }, 0, BIT, 0x40000000, EINVAL, 0 },
	{ V(3, 8, 0), "CLONE_NEWPID", { 272, 310 }, 0, BIT, 0x20000000, EINVAL, VZ },
	{ V(3, 8, 0), "CLONE_NEWUSER", { 272, 310 }, 0, BIT, 0x10000000, EINVAL, 0 },
	{ V(4, 6, 0), "CLONE_NEWCGROUP", { 272, 310 }, 0, BIT, 0x02000000, EINVAL, 0 },
	{ V(5, 6, 0), "CLONE_NEWTIME", { 272, 310 }, 0, BIT, 0x00000080, EINVAL, 0 },
	/* clone(2): bits that it does not know are not looked at; kernel/fork.c */
	{ V(2, 6, 24), "clone CLONE_NEWPID", { 56, 120 }, 0, BIT, 0x20000000, 0, 0 },
	/* prctl(2); the mode SECCOMP_MODE_FILTER is 3.5, the other one is not asked for */
	{ V(2, 6, 25), "PR_CAPBSET_READ", { 157, 172 }, 0, VALUE, 23, EINVAL, 0 },
	{ V(2, 6, 25), "PR_CAPBSET_DROP", { 157, 172 }, 0, VALUE, 24, EINVAL, 0 },
	{ V(2, 6, 26), "PR_SET_SECUREBITS", { 157, 172 }, 0, VALUE, 28, EINVAL, 0 },
	{ V(3, 4, 0), "PR_SET_CHILD_SUBREAPER", { 157, 172 }, 0, VALUE, 36, EINVAL, VZ },
	{ V(3, 5, 0), "PR_SET_NO_NEW_PRIVS", { 157, 172 }, 0, VALUE, 38, EINVAL, VZ },
	{ V(3, 5, 0), "PR_SET_SECCOMP", { 157, 172 }, 0, VALUE, 22, EINVAL, 0 },
	{ V(4, 3, 0), "PR_CAP_AMBIENT", { 157, 172 }, 0, VALUE, 47, EINVAL, 0 },
	/* socket(2), socketpair(2); net/socket.c: a type beyond SOCK_MAX */
	{ V(2, 6, 27), "socket SOCK_CLOEXEC", { 41, -1 }, 1, BIT, 02000000 | 04000, EINVAL, 0 },
	{ V(2, 6, 27), "socketpair SOCK_CLOEXEC", { 53, -1 }, 1, BIT, 02000000 | 04000, EINVAL, 0 },
	/*
	 * ioctl(2). loop(4): an unknown one is EINVAL in drivers/block/loop.c, lo_ioctl().
	 * FICLONE is btrfs's own before 4.5; ENOTTY is what ext3 and ext4 say.
	 */
	{ V(2, 6, 28), "FS_IOC_FIEMAP", { 16, 54 }, 1, VALUE, 0xc020660b, ENOTTY, 0 },
	{ V(2, 6, 28), "BLKDISCARD", { 16, 54 }, 1, VALUE, 0x1277, ENOTTY, 0 },
	{ V(2, 6, 29), "FIFREEZE", { 16, 54 }, 1, VALUE, 0xc0045877, ENOTTY, 0 },
	{ V(2, 6, 30), "LOOP_SET_CAPACITY", { 16, 54 }, 1, VALUE, 0x4c07, EINVAL, 0 },
	{ V(2, 6, 37), "FITRIM", { 16, 54 }, 1, VALUE, 0xc0185879, ENOTTY, VZ },
	{ V(3, 1, 0), "LOOP_CTL_GET_FREE", { 16, 54 }, 1, VALUE, 0x4c82, ENOTTY, 0 },
	{ V(4, 5, 0), "FS_IOC_FSGETXATTR", { 16, 54 }, 1, VALUE, 0x801c581f, ENOTTY, 0 },
	{ V(4, 5, 0), "FICLONE", { 16, 54 }, 1, VALUE, 0x40049409, ENOTTY, 0 },
	{ V(4, 5, 0), "FICLONERANGE", { 16, 54 }, 1, VALUE, 0x4020940d, ENOTTY, 0 },
	{ V(4, 5, 0), "FIDEDUPERANGE", { 16, 54 }, 1, VALUE, 0xc0189436, ENOTTY, 0 },
	{ V(4, 10, 0), "LOOP_SET_DIRECT_IO", { 16, 54 }, 1, VALUE, 0x4c08, EINVAL, 0 },
	{ V(4, 14, 0), "LOOP_SET_BLOCK_SIZE", { 16, 54 }, 1, VALUE, 0x4c09, EINVAL, 0 },
	{ V(5, 8, 0), "LOOP_CONFIGURE", { 16, 54 }, 1, VALUE, 0x4c0a, EINVAL, 0 },
	/*
	 * open(2): no open looks at bits that it does not know. Without its own bit O_TMPFILE
	 * is O_DIRECTORY for writing, EISDIR as it should be.
	 */
	{ V(2, 6, 23), "open O_CLOEXEC", { 2, 5 }, 1, BIT, 02000000, 0, 0 },
	{ V(2, 6, 23), "openat O_CLOEXEC", { 257, 295 }, 2, BIT, 02000000, 0, 0 },
	{ V(2, 6, 39), "open O_PATH", { 2, 5 }, 1, BIT, 010000000, 0, 0 },
	{ V(2, 6, 39), "openat O_PATH", { 257, 295 }, 2, BIT, 010000000, 0, 0 },
	{ V(3, 11, 0), "open O_TMPFILE", { 2, 5 }, 1, BIT, 020000000, 0, 0 },
	{ V(3, 11, 0), "openat O_TMPFILE", { 257, 295 }, 2, BIT, 020000000, 0, 0 },
};

/* Calls that take a path; `at` is the descriptor of its directory, -1: none. */
struct path_row {
	const char *name;
	short nr[MACHINES];
	signed char at, path;
	bool fills;	/* the next argument is a buffer */
};

static const struct path_row path_rows[] = {
	{ "open", { 2, 5 }, -1, 0, false },
	{ "openat", { 257, 295 }, 0, 1, false },
	{ "stat", { 4, 106 }, -1, 0, true },
	{ "lstat", { 6, 107 }, -1, 0, true },
	{ "stat64", { -1, 195 }, -1, 0, true },
	{ "lstat64", { -1, 196 }, -1, 0, true },
	{ "fstatat", { 262, 300 }, 0, 1, true },
	{ "access", { 21, 33 }, -1, 0, false },
	{ "faccessat", { 269, 307 }, 0, 1, false },
	{ "readlink", { 89, 85 }, -1, 0, true },
	{ "readlinkat", { 267, 305 }, 0, 1, true },
};

/* Names that the kernel itself makes, as fnmatch(3) patterns: ENOENT before; proc(5), loop(4). */
struct name_row {
	int since;
	const char *pattern;
	char vz;
};

static const struct name_row name_rows[] = {
	{ V(2, 6, 24), "/proc/cgroups", 0 },
	{ V(2, 6, 24), "/proc/*/cgroup", 0 },
	{ V(2, 6, 26), "/proc/*/mountinfo", 0 },
	{ V(2, 6, 27), "/sys/dev", 0 },			/* block/genhd.c */
	{ V(2, 6, 29), "/sys/*/queue/rotational", 0 },	/* block/blk-sysfs.c */
	{ V(2, 6, 37), "/sys/*/loop/backing_file", 0 },	/* drivers/block/loop.c */
	{ V(3, 0, 0), "/proc/*/ns", VZ },
	{ V(3, 1, 0), "/dev/loop-control", 0 },
	{ V(3, 3, 0), "/proc/*/map_files", 0 },
	{ V(3, 5, 0), "/proc/*/uid_map", 0 },
	{ V(3, 5, 0), "/proc/*/gid_map", 0 },
	{ V(3, 6, 0), "/proc/sys/fs/protected_hardlinks", 0 },
	{ V(3, 6, 0), "/proc/sys/fs/protected_symlinks", 0 },
	{ V(3, 15, 0), "/proc/*/fdinfo", 0 },	/* 2.6.22, "mnt_id:" in it 3.15: fs/proc/fd.c */
	{ V(3, 19, 0), "/proc/*/setgroups", 0 },
};

/* Types of file systems: ENODEV before; filesystems(5). */
struct type_row {
	int since;
	const char *type;
};

static const struct type_row type_rows[] = {
	{ V(2, 6, 24), "cgroup" },
	{ V(2, 6, 28), "ext4" },
	{ V(2, 6, 29), "btrfs" },
	{ V(3, 18, 0), "overlay" },
	{ V(4, 5, 0), "cgroup2" },
};
/* clang-format on */

/* What the tracer writes into the memory of who asked, or turns into another call. */
enum {
	SINCE_EMPTY_PATH = V(2, 6, 39),		/* fstatat(2); VZ: fs/stat.c */
	SINCE_STATFS_FLAGS = V(2, 6, 36),	/* statfs(2); VZ: fs/statfs.c */
	SINCE_AUTOCLEAR = V(2, 6, 25),		/* loop(4), LO_FLAGS_AUTOCLEAR */
	SINCE_SOCK_FLAGS = V(2, 6, 27),		/* socket(2); by socketcall(2) on i386 */
};

/* Has this kernel what came with `since`? */
static inline bool kernel_has(const struct kernel *k, int since, char vz)
{
	return since <= k->version || (vz == VZ && k->vz);
}

#endif
