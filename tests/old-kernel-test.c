/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is the old kernel of old-kernel.c what its tables say? Every row is tried below each
 * kernel, by both kinds of calls of a PC, and natively:
 *
 *	a kernel that has it answers as this machine does,
 *	one that lacks it answers what the row says.
 *
 *	old-kernel-test			TAP; old-kernel lies beside this program
 *	old-kernel-test probe		what is seen here, one line for each row
 *
 * Calls are made with arguments that do no harm: descriptors, addresses and flags of -1.
 * Where this machine answers as a lacking kernel does, a row proves nothing and is counted
 * as "alike". int $0x80 reaches the table of i386 from a program of 64 bits.
 */
#include "old-kernel.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NR(table) (sizeof(table) / sizeof((table)[0]))
#define ROWS_MOST 2048

enum section { CALLS, WORDS, NAMES, TYPES, REWRITTEN, SECTIONS };

static const char *const section_name[SECTIONS] = {
	"calls", "words of calls", "names", "types of file systems", "rewritten calls",
};
static const char *const machine_name[MACHINES] = { "x86_64", "i386" };

/* ---- probe */

static char *low; /* a page that both kinds of calls can name */

static long call_i386(long nr, const long a[6])
{
	long ret;

	__asm__ volatile("push %%rbp; mov %7, %%rbp; int $0x80; pop %%rbp"
	                 : "=a"(ret)
	                 : "a"(nr), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4]),
	                   "r"(a[5])
	                 : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

/* As the kernel answers: -errno. */
static long make_call(enum machine m, long nr, const long a[6])
{
	long ret;

	if (m == I386)
		return call_i386(nr, a);
	ret = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	return ret < 0 ? -errno : ret;
}

static void record(enum section s, int since, int vz, long lacking, long seen,
                   const char *label, enum machine m)
{
	printf("%d %d %d %ld %ld %s (%s)\n", (int)s, since, vz, lacking, seen, label,
	       machine_name[m]);
}

/* Where the call of a word is lacking itself, that is its answer. */
static void call_first(enum machine m, short nr)
{
	for (size_t i = 0; i < NR(call_rows); i++)
		if (call_rows[i].nr[m] == nr)
			printf("call %d\n", call_rows[i].since);
}

/* Arguments that make a difference where -1 would not. */
struct good_args {
	const char *name;
	long arg[6];
};

static const struct good_args good_args[] = {
	{ "futex_time64", { 0, 1, 0, 0, 0, 0 } },
	{ "utimensat", { -1, -1, -1, 0, 0, 0 } },
	{ "fallocate", { -1, 0, 0, 1, 0, 0 } },
	{ "PR_CAPBSET_READ", { 23, 0, 0, 0, 0, 0 } },
	{ "PR_CAPBSET_DROP", { 24, 0, 0, 0, 0, 0 } },
	{ "PR_SET_SECUREBITS", { 28, 0, 0, 0, 0, 0 } },
	{ "PR_SET_CHILD_SUBREAPER", { 36, 0, 0, 0, 0, 0 } },
	{ "PR_SET_NO_NEW_PRIVS", { 38, 1, 0, 0, 0, 0 } },
	{ "PR_SET_SECCOMP", { 22, 2, 0, 0, 0, 0 } },
	{ "PR_CAP_AMBIENT", { 47, 4, 0, 0, 0, 0 } },
	{ "socket SOCK_CLOEXEC", { 1, 02000001, 0, 0, 0, 0 } },
	{ "socketpair SOCK_CLOEXEC", { 1, 02000001, 0, 0, 0, 0 } },
};

static void fill_args(long arg[6], const char *name)
{
	for (int i = 0; i < 6; i++)
		arg[i] = -1;
	for (size_t i = 0; i < NR(good_args); i++)
		if (strcmp(good_args[i].name, name) == 0)
			memcpy(arg, good_args[i].arg, sizeof(good_args[i].arg));
}

/* In a child: what a call does to its process is nobody's business. */
static long in_child(long (*what)(enum machine, const void *), enum machine m,
                     const void *row)
{
	long *seen = (long *)(low + 4096 - sizeof(long));
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		*seen = what(m, row);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status)
		exit(1);
	return *seen;
}

static long try_call(enum machine m, const void *of)
{
	const struct call_row *row = of;
	long arg[6];

	fill_args(arg, row->name);
	return make_call(m, row->nr[m], arg);
}

static void probe_calls(enum machine m)
{
	for (size_t i = 0; i < NR(call_rows); i++)
		if (call_rows[i].nr[m] >= 0)
			record(CALLS, call_rows[i].since, call_rows[i].vz, -ENOSYS,
			       in_child(try_call, m, &call_rows[i]), call_rows[i].name,
			       m);
}

static long try_word(enum machine m, const void *of)
{
	const struct word_row *row = of;
	long arg[6];

	fill_args(arg, row->name);
	if (arg[(int)row->arg] == -1) {
		if (row->how == BIT) /* of one word, the other bits are in order */
			arg[(int)row->arg] = row->word == ~3u ? 0x10 : (long)row->word;
		else
			arg[(int)row->arg] = (long)row->word;
	}
	return make_call(m, row->nr[m], arg);
}

/* What is passed over: is there a sign of it afterwards? open(2) and clone(2). */
static long try_open(enum machine m, const struct word_row *row, const char *path,
                     long flags)
{
	long arg[6] = { AT_FDCWD, (long)low, flags, 0600, 0, 0 };

	strcpy(low, path);
	return make_call(m, row->nr[m], arg + (row->arg == 1));
}

static long try_ignored(enum machine m, const void *of)
{
	const struct word_row *row = of;
	long arg[6] = { row->word | SIGCHLD, 0, 0, 0, 0, 0 }, fd;
	int status;
	char byte;

	if (row->word == O_CLOEXEC) {
		fd = try_open(m, row, "/proc/self/exe", O_CLOEXEC);
		return fcntl((int)fd, F_GETFD);
	}
	if (row->word == O_PATH) {
		fd = try_open(m, row, "/proc/self/exe", O_PATH);
		return read((int)fd, &byte, 1) < 0 ? -errno : 1;
	}
	if (strstr(row->name, "open")) {
		fd = try_open(m, row, "/tmp", (long)row->word | O_DIRECTORY | O_RDWR);
		return fd < 0 ? fd : 0;
	}
	fd = make_call(m, row->nr[m], arg);
	if (fd == 0)
		_exit(getpid() == 1 ? 7 : 8);
	return fd < 0 || waitpid((pid_t)fd, &status, 0) < 0 ? fd : WEXITSTATUS(status);
}

static long ignored(const struct word_row *row)
{
	return row->word == O_CLOEXEC      ? 0
	       : row->word == O_PATH       ? 1
	       : strstr(row->name, "open") ? -EISDIR
	                                   : 8;
}

static void probe_words(enum machine m)
{
	for (size_t i = 0; i < NR(word_rows); i++) {
		const struct word_row *row = &word_rows[i];

		if (row->nr[m] < 0)
			continue;
		call_first(m, row->nr[m]);
		record(WORDS, row->since, row->vz,
		       row->answer ? -row->answer : ignored(row),
		       in_child(row->answer ? try_word : try_ignored, m, row), row->name,
		       m);
	}
}

static void real_name(const char *pattern, char *path)
{
	const char *rest = strchr(pattern, '*');

	if (rest)
		sprintf(path, "%s%s",
		        strncmp(pattern, "/proc", 5) == 0 ? "/proc/self"
		                                          : "/sys/block/loop0",
		        rest + 1);
	else
		strcpy(path, pattern);
}

/* 0 or -errno: what else the calls give depends on the moment. */
static long try_name(enum machine m, const void *of)
{
	const struct path_row *row = of;
	long arg[6] = { 0, 0, 0, 0, 0, 0 }, seen;

	if (row->at >= 0)
		arg[(int)row->at] = AT_FDCWD;
	arg[(int)row->path] = (long)low;
	arg[row->path + 1] = row->fills ? (long)low + 2048 : 0;
	arg[row->path + 2] = row->fills ? 0x100 : 0; /* a size, or AT_SYMLINK_NOFOLLOW */
	seen = make_call(m, row->nr[m], arg);
	return seen < 0 ? seen : 0;
}

static void probe_names(enum machine m)
{
	char label[256];

	for (size_t i = 0; i < NR(path_rows); i++)
		for (size_t k = 0; path_rows[i].nr[m] >= 0 && k < NR(name_rows); k++) {
			real_name(name_rows[k].pattern, low);
			snprintf(label, sizeof(label), "%s %s", path_rows[i].name,
			         name_rows[k].pattern);
			record(NAMES, name_rows[k].since, name_rows[k].vz, -ENOENT,
			       in_child(try_name, m, &path_rows[i]), label, m);
		}
}

static void probe_types(enum machine m)
{
	static const short mount_nr[MACHINES] = { 165, 21 };

	for (size_t i = 0; i < NR(type_rows); i++) {
		long arg[6] = { (long)low, (long)low, (long)low + 2048, 0, 0, 0 };

		strcpy(low, "/nowhere/at/all");
		strcpy(low + 2048, type_rows[i].type);
		record(TYPES, type_rows[i].since, 0, -ENODEV,
		       make_call(m, mount_nr[m], arg), type_rows[i].type, m);
	}
}

/* Names relative to an open directory are hidden as well. */
static long below_proc(void)
{
	int dir = open("/proc/self", O_RDONLY | O_DIRECTORY),
	    fd = openat(dir, "mountinfo", O_RDONLY);

	return fd < 0 ? -errno : 0;
}

/* By O_PATH | O_NOFOLLOW: a link to a file, one to a directory, a FIFO. VZ really opens. */
static long by_o_path(const char *what)
{
	char dir[] = "/tmp/old-kernel.XXXXXX", path[64], byte;
	long seen = -1, fd;

	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/it", dir);
	if (strcmp(what, "fifo") == 0 ? mkfifo(path, 0600) == 0
	                              : symlink(what, path) == 0) {
		fd = open(path, O_PATH | O_NOFOLLOW | O_NONBLOCK);
		seen = fd < 0 ? -errno : read((int)fd, &byte, 1) < 0 ? -errno : 1;
		unlink(path);
	}
	rmdir(dir);
	return seen;
}

static void probe_rewritten(void)
{
	struct kernel_words {
		char text[6][65];
	} words;
	struct {
		char before[52];
		uint32_t flags;
		char after[256];
	} loop = { .flags = 4 };
	struct stat st;

	record(REWRITTEN, V(2, 6, 26), 0, -ENOENT, below_proc(),
	       "mountinfo in /proc/self", 0);
	syscall(SYS_ioctl, -1, 0x4c04, &loop);
	record(REWRITTEN, SINCE_AUTOCLEAR, 0, 0, loop.flags, "LO_FLAGS_AUTOCLEAR", 0);
	for (enum machine m = 0; m < MACHINES; m++) {
		long name_arg[6] = { (long)low }, pair[6] = { 8, (long)low, 0, 0, 0, 0 };
		long fs_arg[6] = { (long)low + 2048, m == X86_64 ? (long)low : 84,
			           (long)low };
		unsigned flags;

		if (make_call(m, m == X86_64 ? 63 : 122, name_arg) == 0)
			memcpy(&words, low, sizeof(words));
		printf("release %s\n", words.text[2]);
		strcpy(low + 2048, "/proc");
		if (make_call(m, m == X86_64 ? 137 : 268, fs_arg) < 0)
			flags = 1;
		else
			memcpy(&flags, low + (m == X86_64 ? 80 : 64), sizeof(flags));
		record(REWRITTEN, SINCE_STATFS_FLAGS, VZ, 0, flags, "f_flags of statfs",
		       m);
		memcpy(low,
		       (uint32_t[]){ 1, 02000001, 0, (uint32_t)(uintptr_t)low + 100 },
		       16);
		if (m == I386)
			record(REWRITTEN, SINCE_SOCK_FLAGS, 0, -EINVAL,
			       make_call(m, 102, pair), "socketcall SOCK_CLOEXEC", m);
	}
	record(REWRITTEN, V(2, 6, 39), 0, 0, fstatat(0, "", &st, AT_EMPTY_PATH),
	       "fstat by AT_EMPTY_PATH", 0);
	printf("o_path %ld %ld %ld\n", by_o_path("/proc/self/exe"), by_o_path("/tmp"),
	       by_o_path("fifo"));
}

static int probe(void)
{
	low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	           MAP_SHARED | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low == MAP_FAILED)
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (enum machine m = 0; m < MACHINES; m++) {
		probe_calls(m);
		probe_words(m);
		probe_names(m);
		probe_types(m);
	}
	probe_rewritten();
	return 0;
}

/* ---- what the probe said, compared */

struct seen {
	int section, call_since, since, vz;
	long lacking, value;
	char label[128];
};

struct answers {
	struct seen row[ROWS_MOST];
	size_t nr;
	char release[MACHINES][65];
	unsigned nr_release;
	long o_path[3];
	int status;
};

static void take_line(struct answers *a, char *line)
{
	struct seen *row = &a->row[a->nr];

	line[strcspn(line, "\n")] = '\0';
	if (a->nr_release < MACHINES &&
	    sscanf(line, "release %64s", a->release[a->nr_release]) == 1)
		a->nr_release++;
	else if (sscanf(line, "call %d", &row->call_since) == 1)
		return;
	else if (sscanf(line, "o_path %ld %ld %ld", &a->o_path[0], &a->o_path[1],
	                &a->o_path[2]) == 3)
		return;
	else if (a->nr < ROWS_MOST &&
	         sscanf(line, "%d %d %d %ld %ld %127[^\n]", &row->section, &row->since,
	                &row->vz, &row->lacking, &row->value, row->label) == 6)
		a->nr++;
	else
		printf("# %s\n", line);
}

/* env(1) stands between: the C library of this machine starts below it, see old-kernel.c. */
static void ask(struct answers *a, const char *tracer, const char *name, const char *self)
{
	char command[8192], line[512];
	FILE *pipe;

	memset(a, 0, sizeof(*a));
	snprintf(command, sizeof(command), "%s%s%s env '%s' probe </dev/null 2>&1",
	         name ? tracer : "", name ? " -k " : "", name ? name : "", self);
	pipe = popen(command, "r");
	while (pipe && fgets(line, sizeof(line), pipe))
		take_line(a, line);
	a->status = pipe ? pclose(pipe) : -1;
}

static int nr_tests, nr_failed;

static void result(bool good, const char *kernel, const char *text)
{
	printf("%sok %d - %s: %s\n", good ? "" : "not ", ++nr_tests, kernel, text);
	nr_failed += !good;
}

static void compare(const struct kernel *k, const struct answers *native,
                    const struct answers *old, enum section s)
{
	size_t tried = 0, wrong = 0, alike = 0;
	char text[128];

	for (size_t i = 0; i < native->nr && i < old->nr; i++) {
		const struct seen *here = &native->row[i], *there = &old->row[i];
		bool had = kernel_has(k, here->since, (char)here->vz);
		long wanted = had ? here->value : here->lacking;

		if (here->section != (int)s)
			continue;
		if (!kernel_has(k, here->call_since, 0))
			wanted = -ENOSYS;
		tried++;
		alike += !had && here->value == here->lacking;
		if (there->value == wanted && strcmp(here->label, there->label) == 0)
			continue;
		wrong++;
		printf("# %s: wanted %ld, got %ld\n", there->label, wanted, there->value);
	}
	snprintf(text, sizeof(text), "%s: %zu rows, %zu alike", section_name[s], tried,
	         alike);
	result(tried && !wrong && native->nr == old->nr, k->name, text);
}

static void check_kernel(const struct kernel *k, const struct answers *native,
                         const char *tracer, const char *self)
{
	static struct answers old;
	const long plain[3] = { -ELOOP, -ELOOP, 1 }, vz[3] = { 1, -EISDIR, 1 };

	ask(&old, tracer, k->name, self);
	result(old.status == 0, k->name, "the probe ran to its end");
	for (enum section s = 0; s < SECTIONS; s++)
		compare(k, native, &old, s);
	result(strcmp(old.release[0], k->release) == 0 &&
	               strcmp(old.release[1], k->release) == 0,
	       k->name, "uname tells its release");
	result(memcmp(old.o_path, k->vz ? vz : plain, sizeof(plain)) == 0, k->name,
	       "O_PATH of links and a FIFO");
}

int main(int argc, char **argv)
{
	static struct answers native;
	char self[2048], tracer[2100], command[8192];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (argc == 2 && strcmp(argv[1], "probe") == 0)
		return probe();
	if (len < 0)
		return 1;
	self[len] = '\0';
	snprintf(tracer, sizeof(tracer), "'%.*s/old-kernel'",
	         (int)(strrchr(self, '/') - self), self);
	snprintf(command, sizeof(command), "%s true 2>/dev/null", tracer);
	if (!getenv("CI") && system(command) != 0) {
		printf("1..0 # SKIP no tracer or no filter is allowed here\n");
		return 0;
	}
	ask(&native, tracer, NULL, self);
	result(native.status == 0 && native.nr < ROWS_MOST, "native",
	       "the probe ran to its end");
	for (size_t i = 0; i < NR(kernels); i++)
		check_kernel(&kernels[i], &native, tracer, self);
	snprintf(command, sizeof(command), "%s -k 2.6.32 '%s' probe >/dev/null 2>&1",
	         tracer, self);
	result(system(command) != 0, "2.6.32", "COMMAND itself gets no AT_EMPTY_PATH");
	snprintf(command, sizeof(command),
	         "%s -k 2.6.32 -l AT_EMPTY_PATH '%s' probe >/dev/null 2>&1", tracer,
	         self);
	result(system(command) == 0, "2.6.32", "but where it is lent");
	snprintf(command, sizeof(command), "%s sh -c 'kill -TERM $$'; [ $? = 143 ]",
	         tracer);
	result(system(command) == 0, "042stab141", "a signal is told");
	printf("1..%d\n", nr_tests);
	return nr_failed != 0;
}
