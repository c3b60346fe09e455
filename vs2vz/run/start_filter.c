/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls that a guest does not get in a rehearsal, although its user is root: those
 * that know no name spaces (root's keyrings, kernel log, programs in the kernel) and those
 * that make new user name spaces, in which every capability would be back. seccomp(2),
 * a classic BPF program over the number of the call; both kinds of calls of a 64-bit PC,
 * since guests of 32 bit are common; calls of any other machine do not exist.
 */
#include "run/start_parts.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#ifndef SYS_bpf
#define SYS_bpf -1
#endif
#ifndef SYS_userfaultfd
#define SYS_userfaultfd -1
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_kexec_file_load
#define SYS_kexec_file_load -1
#endif
#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#define OTHER AUDIT_ARCH_I386
#elif defined(__i386__)
#define NATIVE AUDIT_ARCH_I386
#define OTHER AUDIT_ARCH_X86_64	/* our 32-bit program below a 64-bit kernel */
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define NATIVE AUDIT_ARCH_ARM
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define NATIVE AUDIT_ARCH_PPC64LE
#endif

#define X32_BIT 0x40000000u
#define PROGRAM_MAX 160

struct calls {
	unsigned arch;
	const int *denied;	/* EPERM */
	size_t nr_denied;
	int clone, unshare;	/* EPERM with CLONE_NEWUSER */
	int clone3;		/* ENOSYS: callers know another way */
	int hostname, domainname; /* 0: done already, and OpenVZ would have allowed it */
};

static const int native_denied[] = {
	SYS_add_key, SYS_request_key, SYS_keyctl, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd,
	SYS_open_by_handle_at, SYS_setns, SYS_kexec_load, SYS_init_module, SYS_delete_module,
	SYS_syslog, SYS_quotactl, SYS_swapon, SYS_swapoff, SYS_io_uring_setup,
	SYS_finit_module, SYS_kexec_file_load,
};

/* In the order of the list above. */
#if defined(__x86_64__)
/* arch/x86/entry/syscalls/syscall_32.tbl; the last has none */
static const int other_denied[] = {
	286, 287, 288, 357, 336, 374, 342, 346, 283, 128, 129, 103, 131, 87, 115, 425, 350,
};
#define OTHER_CALLS 120, 310, 435, 74, 121
#elif defined(__i386__)
/* arch/x86/entry/syscalls/syscall_64.tbl */
static const int other_denied[] = {
	248, 249, 250, 321, 298, 323, 304, 308, 246, 175, 176, 103, 179, 167, 168, 425, 313, 320,
};
#define OTHER_CALLS 56, 272, 435, 170, 171
#endif

#ifdef NATIVE
static const struct calls tables[] = {
	{ NATIVE, native_denied, sizeof(native_denied) / sizeof(native_denied[0]), SYS_clone,
	  SYS_unshare, SYS_clone3, SYS_sethostname, SYS_setdomainname },
#ifdef OTHER
	{ OTHER, other_denied, sizeof(other_denied) / sizeof(other_denied[0]), OTHER_CALLS },
#endif
};
#endif

struct program_text {
	struct sock_filter v[PROGRAM_MAX];
	unsigned short nr;
};

static void add(struct program_text *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	if (p->nr < PROGRAM_MAX)
		p->v[p->nr++] = (struct sock_filter){ code, yes, no, k };
}

static void add_load(struct program_text *p, size_t offset)
{
	add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void add_return(struct program_text *p, uint32_t what)
{
	add(p, BPF_RET | BPF_K, what, 0, 0);
}

static void add_call(struct program_text *p, int nr, int error)
{
	if (nr < 0)
		return;
	add(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 1);
	add_return(p, SECCOMP_RET_ERRNO | (unsigned)error);
}

/* The low half of the first argument holds the flags of both. */
static void add_no_user(struct program_text *p, int nr)
{
	size_t low = offsetof(struct seccomp_data, args);

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	low += 4;
#endif
	add(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 4);
	add_load(p, low);
	add(p, BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 0, 1);
	add_return(p, SECCOMP_RET_ERRNO | EPERM);
	add_return(p, SECCOMP_RET_ALLOW);
}

/* The part for one kind of calls; jumps over itself for the others. */
static void add_table(struct program_text *p, const struct calls *c)
{
	unsigned short jump = p->nr;

	add(p, BPF_JMP | BPF_JEQ | BPF_K, c->arch, 0, 0);
	add_load(p, offsetof(struct seccomp_data, nr));
	if (c->arch == AUDIT_ARCH_X86_64) {
		add(p, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
		add_return(p, SECCOMP_RET_ERRNO | ENOSYS);
	}
	for (size_t i = 0; i < c->nr_denied; i++)
		add_call(p, c->denied[i], EPERM);
	add_call(p, c->clone3, ENOSYS);
	add_call(p, c->hostname, 0);
	add_call(p, c->domainname, 0);
	add_no_user(p, c->clone);
	add_no_user(p, c->unshare);
	add_return(p, SECCOMP_RET_ALLOW);
	p->v[jump].jf = (uint8_t)(p->nr - jump - 1);
}

int filter_install(struct err *err)
{
#ifdef NATIVE
	struct program_text text = { .nr = 0 };
	struct sock_fprog program;

	add_load(&text, offsetof(struct seccomp_data, arch));
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		add_table(&text, &tables[i]);
	add_return(&text, SECCOMP_RET_ERRNO | ENOSYS);
	program.len = text.nr;
	program.filter = text.v;
	if (text.nr >= PROGRAM_MAX)
		return fail(err, "the filter of system calls is too long");
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		return fail_errno(err, "this kernel filters no system calls");
	return 0;
#else
	return fail(err, "no filter of system calls for this machine");
#endif
}
