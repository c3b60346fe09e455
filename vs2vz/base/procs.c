/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes and listening sockets of a mounted /proc. Reads only, bounded.
 */
#include "base/procs.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

#define TEXT_MAX (64u << 10)
#define NET_MAX (16u << 20)

/* "712 (sshd) S 1 ...": the name may hold blanks and parentheses. */
static bool read_stat(struct proc *p, const struct root *proc, struct pool *pool)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	char path[32], *open, *close;
	struct err err;

	snprintf(path, sizeof(path), "%d/stat", (int)p->pid);
	if (root_read(proc, path, TEXT_MAX, &text, &err) < 0)
		return false;
	open = strchr(text.data, '(');
	close = strrchr(text.data, ')');
	if (!open || !close || close < open || strlen(close) < 5)
		return false;
	p->program = pool_memdup(pool, open + 1, (size_t)(close - open - 1));
	p->state = close[2];
	p->parent = (pid_t)strtol(close + 4, NULL, 10);
	return true;
}

static void read_veid(struct proc *p, const struct root *proc)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	char path[32], *at;
	struct err err;

	snprintf(path, sizeof(path), "%d/status", (int)p->pid);
	if (root_read(proc, path, TEXT_MAX, &text, &err) < 0)
		return;
	at = strstr(text.data, "\nenvID:");
	if (at)
		p->veid = (uint32_t)strtoul(at + 7, NULL, 10);
}

static void read_links(struct proc *p, const struct root *proc, struct pool *pool)
{
	char path[32], text[PATH_MAX];
	struct stat st;
	struct err err;
	ssize_t len;

	p->root = "";
	snprintf(path, sizeof(path), "%d", (int)p->pid);
	int CLEANUP_FD dir = root_opendir(proc, path, &err);
	snprintf(path, sizeof(path), "%d/ns", (int)p->pid);
	int CLEANUP_FD ns = root_opendir(proc, path, &err);

	if (dir >= 0 && below_stat_follow(dir, "root", &st) == 0) {
		p->root_dev = st.st_dev;
		p->root_ino = st.st_ino;
	}
	len = dir < 0 ? -1 : below_readlink(dir, "root", text, sizeof(text));
	if (len > 0)
		p->root = pool_memdup(pool, text, (size_t)len);
	if (ns >= 0 && below_stat_follow(ns, "pid", &st) == 0)
		p->pidns = st.st_ino;
}

static int by_number(const void *a, const void *b)
{
	const struct proc *p = a, *q = b;

	return (p->pid > q->pid) - (p->pid < q->pid);
}

int procs_read(struct procs *out, const struct root *proc, struct pool *pool, struct err *err)
{
	struct names names;
	struct stat st;
	struct err none;
	bool vz = root_stat(proc, "vz", &st, &none) == 0;
	uint64_t pid;

	*out = (struct procs){ 0 };
	if (root_names(proc, "/", pool, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.nr; i++) {
		struct proc p = { 0 };

		if (!parse_u64(names.name[i], INT_MAX, &pid))
			continue;
		p.pid = (pid_t)pid;
		if (!read_stat(&p, proc, pool))
			continue;
		read_links(&p, proc, pool);
		if (vz)
			read_veid(&p, proc);
		*(struct proc *)pool_grow(pool, &out->v, &out->nr, &out->cap, sizeof(p)) = p;
	}
	if (out->nr)
		qsort(out->v, out->nr, sizeof(*out->v), by_number);
	return 0;
}

void procs_keep(struct procs *out, const struct procs *all,
		bool (*keep)(const struct proc *p, const void *ctx), const void *ctx,
		struct pool *pool)
{
	*out = (struct procs){ 0 };
	for (size_t i = 0; i < all->nr; i++)
		if (keep(&all->v[i], ctx))
			*(struct proc *)pool_grow(pool, &out->v, &out->nr, &out->cap,
						  sizeof(*out->v)) = all->v[i];
}

void proc_command(char *text, size_t len, const struct root *proc, pid_t pid)
{
	struct buf bytes CLEANUP_BUF = BUF_INIT;
	char path[32];
	struct err err;
	size_t nr;

	text[0] = '\0';
	snprintf(path, sizeof(path), "%d/cmdline", (int)pid);
	if (root_read(proc, path, TEXT_MAX, &bytes, &err) < 0)
		return;
	nr = bytes.len < len ? bytes.len : len - 1;
	for (size_t i = 0; i < nr; i++)
		text[i] = bytes.data[i] ? bytes.data[i] : ' ';
	text[nr] = '\0';
}

/* One socket of a table, before its process is known. */
struct socket {
	const char *protocol, *address;
	unsigned port;
	uint64_t inode;
};
struct sockets {
	size_t nr, cap;
	struct socket *v;
};

static const struct {
	const char *file, *protocol;
	int family;
	unsigned state;		/* TCP_LISTEN; TCP_CLOSE is "not connected" of UDP */
} tables[] = {
	{ "tcp", "tcp", AF_INET, 0x0A },
	{ "tcp6", "tcp", AF_INET6, 0x0A },
	{ "udp", "udp", AF_INET, 0x07 },
	{ "udp6", "udp", AF_INET6, 0x07 },
};

/* Words of 32 bits in the machine's order, each as eight digits. */
static const char *address_text(const char *hex, int family, struct pool *pool)
{
	unsigned nr = family == AF_INET ? 1 : 4;
	char text[INET6_ADDRSTRLEN], digits[9] = "";
	uint32_t word[4];

	for (unsigned i = 0; i < nr; i++) {
		memcpy(digits, hex + 8 * i, 8);
		word[i] = (uint32_t)strtoul(digits, NULL, 16);
	}
	return inet_ntop(family, word, text, sizeof(text)) ? pool_strdup(pool, text) : "?";
}

static void read_socket(struct sockets *out, const char *line, size_t table, struct pool *pool)
{
	unsigned long long inode;
	unsigned port, state, far;
	char address[33];
	struct socket *s;

	if (sscanf(line, " %*u: %32[0-9A-F]:%x %*[0-9A-F]:%x %x %*s %*s %*s %*u %*u %llu", address,
		   &port, &far, &state, &inode) != 5 || state != tables[table].state || far)
		return;
	if (strlen(address) != (tables[table].family == AF_INET ? 8 : 32))
		return;
	s = pool_grow(pool, &out->v, &out->nr, &out->cap, sizeof(*s));
	s->protocol = tables[table].protocol;
	s->address = address_text(address, tables[table].family, pool);
	s->port = port;
	s->inode = inode;
}

static void read_tables(struct sockets *out, const struct root *proc, pid_t pid, struct pool *pool)
{
	struct err err;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct buf text CLEANUP_BUF = BUF_INIT;
		char path[48];

		snprintf(path, sizeof(path), "%d/net/%s", (int)pid, tables[i].file);
		if (root_read(proc, path, NET_MAX, &text, &err) < 0)
			continue;
		for (const char *at = strchr(text.data, '\n'); at && at[1]; at = strchr(at + 1, '\n'))
			read_socket(out, at + 1, i, pool);
	}
}

/* A socket of the tables is moved to the result when its first holder is met. */
static void take_socket(struct listeners *out, struct sockets *from, uint64_t inode,
			const struct proc *p, struct pool *pool)
{
	for (size_t i = 0; i < from->nr; i++) {
		struct socket *s = &from->v[i];
		struct listener *l;

		if (s->inode != inode || !inode)
			continue;
		l = pool_grow(pool, &out->v, &out->nr, &out->cap, sizeof(*l));
		*l = (struct listener){ s->protocol, s->address, s->port, p->program, p->pid };
		s->inode = 0;
	}
}

static void match_process(struct listeners *out, struct sockets *from, const struct root *proc,
			  const struct proc *p, struct pool *pool)
{
	char path[32], text[64];
	struct names names;
	struct err err;

	snprintf(path, sizeof(path), "%d/fd", (int)p->pid);
	int CLEANUP_FD dir = root_opendir(proc, path, &err);

	if (dir < 0 || root_names(proc, path, pool, &names, &err) < 0)
		return;
	for (size_t i = 0; i < names.nr; i++) {
		ssize_t len = below_readlink(dir, names.name[i], text, sizeof(text) - 1);

		if (len <= 8)
			continue;
		text[len] = '\0';
		if (strncmp(text, "socket:[", 8) == 0)
			take_socket(out, from, strtoull(text + 8, NULL, 10), p, pool);
	}
}

static int by_port(const void *a, const void *b)
{
	const struct listener *p = a, *q = b;
	int order = strcmp(p->protocol, q->protocol);

	if (order == 0)
		order = (p->port > q->port) - (p->port < q->port);
	return order ? order : strcmp(p->address, q->address);
}

void listeners_read(struct listeners *out, const struct root *proc, const struct procs *of,
		    struct pool *pool)
{
	struct sockets sockets = { 0 };

	*out = (struct listeners){ 0 };
	if (!of->nr)
		return;
	read_tables(&sockets, proc, of->v[0].pid, pool);
	for (size_t i = 0; i < of->nr && sockets.nr; i++)
		match_process(out, &sockets, proc, &of->v[i], pool);
	if (out->nr)
		qsort(out->v, out->nr, sizeof(*out->v), by_port);
}
