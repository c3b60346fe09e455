/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a command, and all that it starts, as if the kernel were an old one:
 *
 *	old-kernel [-k 042stab141|2.6.32|2.6.18] [-l WORD]... COMMAND [ARG...]
 *
 * -l lends it what it lacks, for kernels of distributions: rows whose name ends in WORD.
 *
 * What each of them has is data, see old-kernel.h. Two means:
 *
 *  - a seccomp filter answers for calls and words that are lacking: ENOSYS, EINVAL, ...
 *    for both tables of calls of a PC; those of x32 do not exist;
 *  - a tracer (ptrace) is woken by the filter for what must be rewritten: flags of
 *    open(2) that old kernels pass over, O_PATH of 042stab141, names in /proc, /sys and
 *    /dev that are not there, the types of mount(2), socketcall(2), the release that
 *    uname(2) tells, the flags of statfs(2), the flag of loop devices to go by themselves.
 *
 * O_PATH: plain kernels before 2.6.39 pass over it, what remains is an open like any other.
 * 042stab141 follows the last link whatever O_NOFOLLOW says, and really opens: a FIFO
 * blocks. That is the same call without both flags.
 *
 * Not emulated: contents of files of /proc (osrelease, filesystems, the fields of
 * mountinfo), lists of directories (a name that is hidden is listed still), paths of
 * attributes and of other calls than those in the table, file systems of that time
 * (nanoseconds of ext4 stay), limits, and words of calls that the tables do not name.
 * Programs of this machine need more than old kernels have: dynamic ones may not start,
 * but glibc's way to say fstat(2) (by fstatat with AT_EMPTY_PATH) is understood where
 * another program than COMMAND says it.
 *
 * The command ends with us, and what it left running is waited for. Exit status: that of
 * the command; 128 + signal; 125 if it could not be run.
 */
#include "old-kernel.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define NR(table)      (sizeof(table) / sizeof((table)[0]))
#define O_PATH_BIT     010000000u
#define O_NOFOLLOW_BIT 0400000u

/* A call that the filter stopped; its arguments may be changed until it goes on. */
struct call {
	pid_t pid;
	enum machine machine;
	struct user_regs_struct regs;
	unsigned long long *arg[6];
	bool changed;
};

static const struct kernel *kernel;
static char command_exe[PATH_MAX];

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "old-kernel: %s: %s\n", what, strerror(errno));
	exit(125);
}

static const char *lent[16];
static size_t nr_lent;

static bool has(int since, char vz, const char *name)
{
	for (size_t i = 0; i < nr_lent; i++) {
		size_t len = strlen(name), end = strlen(lent[i]);

		if (len >= end && strcmp(name + len - end, lent[i]) == 0)
			return true;
	}
	return kernel_has(kernel, since, vz);
}

/* ---- the filter */

static struct sock_filter code[4096];
static unsigned short nr_code;

static void emit(uint16_t op, uint32_t k, uint8_t yes, uint8_t no)
{
	if (nr_code == NR(code))
		abort();
	code[nr_code++] = (struct sock_filter){ op, yes, no, k };
}

static void load(size_t offset)
{
	emit(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void answer(int error)
{
	emit(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error, 0, 0);
}

static void emit_call(short nr, uint32_t what)
{
	if (nr < 0)
		return;
	emit(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 1);
	emit(BPF_RET | BPF_K, what, 0, 0);
}

/* The low half of an argument holds the words of all these calls. */
static void emit_word(const struct word_row *row, enum machine m)
{
	if (row->nr[m] < 0 || has(row->since, row->vz, row->name))
		return;
	emit(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)row->nr[m], 0, 4);
	load(offsetof(struct seccomp_data, args) + 8u * (unsigned)row->arg);
	emit(BPF_JMP | (row->how == BIT ? BPF_JSET : BPF_JEQ) | BPF_K, row->word, 0, 1);
	if (row->answer)
		answer(row->answer);
	else
		emit(BPF_RET | BPF_K, SECCOMP_RET_TRACE, 0, 0);
	load(offsetof(struct seccomp_data, nr));
}

/* uname, mount, statfs, fstatfs, statfs64, fstatfs64, ioctl, socketcall: see below. */
static const short traced[][MACHINES] = {
	{ 63, 122 }, { 165, 21 }, { 137, 99 }, { 138, 100 },
	{ -1, 268 }, { -1, 269 }, { -1, 102 },
};
enum { LOOP_SET_STATUS64_WORD = 0x4c04 };
static const struct word_row loop_status = {
	SINCE_AUTOCLEAR, "LO_FLAGS_AUTOCLEAR",   { 16, 54 }, 1,
	VALUE,           LOOP_SET_STATUS64_WORD, 0,          0,
};

/* Answers come first: what is rewritten has passed them. */
static void emit_machine(enum machine m)
{
	load(offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < NR(call_rows); i++)
		if (!has(call_rows[i].since, call_rows[i].vz, call_rows[i].name))
			emit_call(call_rows[i].nr[m], SECCOMP_RET_ERRNO | ENOSYS);
	for (size_t i = 0; i < NR(word_rows); i++)
		if (word_rows[i].answer)
			emit_word(&word_rows[i], m);
	for (size_t i = 0; i < NR(word_rows); i++)
		if (!word_rows[i].answer)
			emit_word(&word_rows[i], m);
	for (size_t i = 0; i < NR(path_rows); i++)
		emit_call(path_rows[i].nr[m], SECCOMP_RET_TRACE);
	for (size_t i = 0; i < NR(traced); i++)
		emit_call(traced[i][m], SECCOMP_RET_TRACE);
	emit_word(&loop_status, m);
	/* Numbers that nobody has given yet, and those of x32. */
	emit(BPF_JMP | BPF_JGE | BPF_K, 470, 0, 1);
	answer(ENOSYS);
	emit(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

static void build_filter(void)
{
	for (enum machine m = 0; m < MACHINES; m++) {
		unsigned short jump, start;

		load(offsetof(struct seccomp_data, arch));
		emit(BPF_JMP | BPF_JEQ | BPF_K, machine_arch[m], 1, 0);
		jump = nr_code;
		emit(BPF_JMP | BPF_JA, 0, 0, 0);
		start = nr_code;
		emit_machine(m);
		code[jump].k = (uint32_t)(nr_code - start);
	}
	answer(ENOSYS);
}

static void take_filter(void)
{
	struct sock_fprog program = { .len = nr_code, .filter = code };

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
		return;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		fail("seccomp");
}

/* ---- memory and names of who is traced */

static bool read_memory(pid_t pid, unsigned long long at, void *to, size_t len)
{
	struct iovec here = { to, len }, there = { (void *)(uintptr_t)at, len };

	return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)len;
}

static void write_memory(pid_t pid, unsigned long long at, const void *from, size_t len)
{
	struct iovec here = { (void *)(uintptr_t)from, len },
		     there = { (void *)(uintptr_t)at, len };

	if (process_vm_writev(pid, &here, 1, &there, 1, 0) != (ssize_t)len)
		fprintf(stderr, "old-kernel: process %d: its memory cannot be written\n",
		        (int)pid);
}

/* A string of at most size - 1 bytes; page by page, it may end before a hole. */
static bool read_string(pid_t pid, unsigned long long at, char *to, size_t size)
{
	for (size_t done = 0; done < size;) {
		size_t part = 4096 - (size_t)((at + done) % 4096);

		if (part > size - done)
			part = size - done;
		if (!read_memory(pid, at + done, to + done, part))
			return false;
		if (memchr(to + done, '\0', part))
			return true;
		done += part;
	}
	return false;
}

static bool link_of(pid_t pid, const char *what, char text[static PATH_MAX])
{
	char path[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	len = readlink(path, text, PATH_MAX - 1);
	if (len < 0)
		return false;
	text[len] = '\0';
	return true;
}

/* The path as the root sees it; links in it are not looked at. */
static bool whole_path(const struct call *c, const struct path_row *row,
                       char path[static 2 * PATH_MAX])
{
	char name[PATH_MAX], what[32] = "cwd", dir[PATH_MAX], root[PATH_MAX];
	size_t len;
	int at = row->at < 0 ? AT_FDCWD : (int)*c->arg[(int)row->at];

	if (!read_string(c->pid, *c->arg[(int)row->path], name, sizeof(name)))
		return false;
	if (name[0] == '/') {
		strcpy(path, name);
		return true;
	}
	if (at != AT_FDCWD)
		snprintf(what, sizeof(what), "fd/%d", at);
	if (!link_of(c->pid, what, dir) || !link_of(c->pid, "root", root))
		return false;
	len = strlen(root) > 1 && strncmp(dir, root, strlen(root)) == 0 ? strlen(root)
	                                                                : 0;
	snprintf(path, 2 * PATH_MAX, "%s/%s",
	         strcmp(dir + len, "/") == 0 ? "" : dir + len, name);
	return true;
}

static bool is_hidden(const char *path)
{
	for (size_t i = 0; i < NR(name_rows); i++)
		if (!has(name_rows[i].since, name_rows[i].vz, name_rows[i].pattern) &&
		    fnmatch(name_rows[i].pattern, path, FNM_LEADING_DIR) == 0)
			return true;
	return false;
}

/* ---- what is rewritten */

static void set_nr(struct call *c, unsigned long long nr)
{
	c->regs.orig_rax = nr;
	c->changed = true;
}

/* The call is not made; it answers with that error. */
static void refuse(struct call *c, int error)
{
	set_nr(c, (unsigned long long)-1);
	c->regs.rax = (unsigned long long)-error;
}

static void set_arg(struct call *c, int arg, unsigned long long value)
{
	*c->arg[arg] = value;
	c->changed = true;
}

static bool is_call(const struct call *c, const short nr[MACHINES])
{
	return nr[c->machine] >= 0 &&
	       c->regs.orig_rax == (unsigned long long)nr[c->machine];
}

static void drop_words(struct call *c)
{
	for (size_t i = 0; i < NR(word_rows); i++) {
		const struct word_row *row = &word_rows[i];
		unsigned long long word = *c->arg[(int)row->arg];

		if (row->answer || has(row->since, row->vz, row->name) ||
		    !is_call(c, row->nr) || !(word & row->word))
			continue;
		word &= ~(unsigned long long)row->word;
		if (row->word == O_PATH_BIT && kernel->vz)
			word &= ~(unsigned long long)O_NOFOLLOW_BIT;
		set_arg(c, row->arg, word);
	}
}

static const short fstatat_nr[MACHINES] = { 262, 300 }, fstat_nr[MACHINES] = { 5, 197 };

/* AT_EMPTY_PATH: fstat(2) for programs of this machine, see the head of this file. */
static void empty_path(struct call *c)
{
	char exe[PATH_MAX], name[1];

	if (!is_call(c, fstatat_nr) || !(*c->arg[3] & AT_EMPTY_PATH) ||
	    has(SINCE_EMPTY_PATH, VZ, "fstatat AT_EMPTY_PATH"))
		return;
	if (!link_of(c->pid, "exe", exe) || strcmp(exe, command_exe) == 0 ||
	    !read_memory(c->pid, *c->arg[1], name, 1) || name[0]) {
		refuse(c, EINVAL);
		return;
	}
	set_arg(c, 1, *c->arg[2]);
	set_nr(c, (unsigned long long)fstat_nr[c->machine]);
}

static void hide_names(struct call *c)
{
	char path[2 * PATH_MAX];

	for (size_t i = 0; i < NR(path_rows); i++)
		if (is_call(c, path_rows[i].nr) && whole_path(c, &path_rows[i], path) &&
		    is_hidden(path)) {
			refuse(c, ENOENT);
			return;
		}
}

static void refuse_type(struct call *c)
{
	static const short nr[MACHINES] = { 165, 21 };
	char type[PATH_MAX];

	if (!is_call(c, nr) || !*c->arg[2] ||
	    !read_string(c->pid, *c->arg[2], type, sizeof(type)))
		return;
	for (size_t i = 0; i < NR(type_rows); i++)
		if (!has(type_rows[i].since, 0, type_rows[i].type) &&
		    strcmp(type, type_rows[i].type) == 0)
			refuse(c, ENODEV);
}

/* SYS_SOCKET 1, SYS_SOCKETPAIR 8, SYS_ACCEPT4 18, SYS_RECVMMSG 19, SYS_SENDMMSG 20. */
static void socket_call(struct call *c)
{
	static const short nr[MACHINES] = { -1, 102 };
	static const int newer[] = {
		[18] = V(2, 6, 28), [19] = V(2, 6, 33), [20] = V(3, 0, 0)
	};
	unsigned long long which = *c->arg[0];
	uint32_t words[2];

	if (!is_call(c, nr))
		return;
	if (which < NR(newer) && newer[which] && !kernel_has(kernel, newer[which], VZ))
		refuse(c, EINVAL);
	if ((which == 1 || which == 8) && !has(SINCE_SOCK_FLAGS, 0, "SOCK_CLOEXEC") &&
	    read_memory(c->pid, *c->arg[1], words, sizeof(words)) &&
	    words[1] & (O_CLOEXEC | O_NONBLOCK))
		refuse(c, EINVAL);
}

/* struct loop_info64 is the same on both machines: lo_flags at 52, LO_FLAGS_AUTOCLEAR is 4. */
static void no_autoclear(struct call *c)
{
	uint32_t flags;

	if (has(SINCE_AUTOCLEAR, 0, loop_status.name) || !is_call(c, loop_status.nr) ||
	    (uint32_t)*c->arg[1] != LOOP_SET_STATUS64_WORD ||
	    !read_memory(c->pid, *c->arg[2] + 52, &flags, sizeof(flags)))
		return;
	flags &= ~4u;
	write_memory(c->pid, *c->arg[2] + 52, &flags, sizeof(flags));
}

/*
 * What is written into memory when the call is done: at an argument, at an offset of the
 * structure. statfs: f_flags, which are 0 where the kernel does not know them.
 */
struct result_row {
	short nr[MACHINES];
	char arg;
	short offset[MACHINES];
	bool is_release;
};

static const struct result_row result_rows[] = {
	{ { 63, 122 }, 0, { 130, 130 }, true }, { { 137, 99 }, 1, { 80, 44 }, false },
	{ { 138, 100 }, 1, { 80, 44 }, false }, { { -1, 268 }, 2, { 0, 64 }, false },
	{ { -1, 269 }, 2, { 0, 64 }, false },
};

static const struct result_row *result_of(const struct call *c)
{
	for (size_t i = 0; i < NR(result_rows); i++)
		if (is_call(c, result_rows[i].nr) &&
		    (result_rows[i].is_release ||
		     !has(SINCE_STATFS_FLAGS, VZ, "statfs f_flags")))
			return &result_rows[i];
	return NULL;
}

static void write_result(struct call *c)
{
	const struct result_row *row = result_of(c);
	char text[65] = "";
	size_t len = row && row->is_release ? sizeof(text) : c->machine == X86_64 ? 8 : 4;

	if (!row || c->regs.rax != 0)
		return;
	if (row->is_release)
		snprintf(text, sizeof(text), "%s", kernel->release);
	write_memory(c->pid, *c->arg[(int)row->arg] + (unsigned)row->offset[c->machine],
	             text, len);
}

/* ---- the tracer */

static bool read_call(struct call *c, pid_t pid)
{
	struct __ptrace_syscall_info info;
	struct user_regs_struct *r = &c->regs;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0 ||
	    ptrace(PTRACE_GETREGS, pid, NULL, r) < 0)
		return false;
	c->pid = pid;
	c->machine = info.arch == AUDIT_ARCH_I386 ? I386 : X86_64;
	c->changed = false;
	c->arg[0] = c->machine == I386 ? &r->rbx : &r->rdi;
	c->arg[1] = c->machine == I386 ? &r->rcx : &r->rsi;
	c->arg[2] = c->machine == I386 ? &r->rdx : &r->rdx;
	c->arg[3] = c->machine == I386 ? &r->rsi : &r->r10;
	c->arg[4] = c->machine == I386 ? &r->rdi : &r->r8;
	c->arg[5] = c->machine == I386 ? &r->rbp : &r->r9;
	return true;
}

static void (*const rewriters[])(struct call *) = {
	drop_words, empty_path, hide_names, refuse_type, socket_call, no_autoclear,
};

/* How the stopped one goes on. */
static void at_call(pid_t pid)
{
	struct call c;
	bool wait_for_result = false;

	if (read_call(&c, pid)) {
		for (size_t i = 0; i < NR(rewriters); i++)
			rewriters[i](&c);
		wait_for_result = result_of(&c) != NULL;
		if (c.changed)
			ptrace(PTRACE_SETREGS, pid, NULL, &c.regs);
	}
	ptrace(wait_for_result ? PTRACE_SYSCALL : PTRACE_CONT, pid, NULL, 0);
}

static void at_result(pid_t pid)
{
	struct call c;

	if (read_call(&c, pid))
		write_result(&c);
	ptrace(PTRACE_CONT, pid, NULL, 0);
}

static void at_stop(pid_t pid, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16;

	if (event == PTRACE_EVENT_SECCOMP)
		at_call(pid);
	else if (sig == (SIGTRAP | 0x80))
		at_result(pid);
	else if (event == PTRACE_EVENT_STOP && sig != SIGTRAP)
		ptrace(PTRACE_LISTEN, pid, NULL, 0); /* stopped like by a shell */
	else
		ptrace(PTRACE_CONT, pid, NULL, event ? 0 : sig);
}

static int follow(pid_t command)
{
	int status, result = 125;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid < 0)
			continue;
		if (WIFSTOPPED(status))
			at_stop(pid, status);
		else if (pid == command)
			result = WIFEXITED(status) ? WEXITSTATUS(status)
			                           : 128 + WTERMSIG(status);
	}
	return result;
}

static pid_t child;

static void pass_on(int sig)
{
	kill(child, sig);
}

static _Noreturn void run(int wait_for, char **argv)
{
	char byte;

	while (read(wait_for, &byte, 1) < 0 && errno == EINTR)
		;
	take_filter();
	execvp(argv[0], argv);
	fail(argv[0]);
}

static int start(char **argv)
{
	static const int passed[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2
	};
	long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD |
	               PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
	               PTRACE_O_TRACEEXEC;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0 || (child = fork()) < 0)
		fail("cannot start");
	if (child == 0) {
		close(ends[1]);
		run(ends[0], argv);
	}
	if (ptrace(PTRACE_SEIZE, child, NULL, options) < 0) {
		int saved = errno;

		kill(child, SIGKILL);
		errno = saved;
		fail("ptrace");
	}
	for (size_t i = 0; i < NR(passed); i++)
		signal(passed[i], pass_on);
	close(ends[0]);
	close(ends[1]);
	return follow(child);
}

int main(int argc, char **argv)
{
	const char *name = kernels[0].name;
	int option;

	while ((option = getopt(argc, argv, "+k:l:")) > 0 && option != '?')
		if (option == 'k')
			name = optarg;
		else if (nr_lent < NR(lent))
			lent[nr_lent++] = optarg;
	for (size_t i = 0; i < NR(kernels); i++)
		if (strcmp(kernels[i].name, name) == 0)
			kernel = &kernels[i];
	if (option != -1 || !kernel || optind == argc) {
		fprintf(stderr,
		        "usage: old-kernel [-k 042stab141|2.6.32|2.6.18] [-l WORD] COMMAND...\n");
		return 125;
	}
	if (!realpath(argv[optind], command_exe))
		command_exe[0] = '\0';
	build_filter();
	return start(argv + optind);
}
