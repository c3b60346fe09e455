/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A container that runs, seen from the host: its processes and sockets by /proc of the
 * host, its files by the door. It is never asked anything.
 *
 * A runlevel is known by utmp (utmp(5), all inits that have runlevels write it), by the
 * title that sysvinit gives itself ("init [2]"), by OpenRC's softlevel; systemd without
 * utmp by what it has removed: /run/nologin, when logging in is possible.
 */
#include "run/start_parts.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utmp.h>

#define FILE_MAX (1u << 20)

static const char *const utmp_files[] = { "/run/utmp", "/var/run/utmp", "/etc/utmp" };
static const char *const softlevels[] = {
	"/run/openrc/softlevel", "/lib/rc/init.d/softlevel", "/libexec/rc/init.d/softlevel",
	"/lib64/rc/init.d/softlevel", "/var/lib/init.d/softlevel",
};
/* Programs that only run while a runlevel is being entered. */
static const char *const scripts[] = {
	"rc", "rcS", "startpar", "rc.sysinit", "rc.multi", "rc.M", "rc.S", "openrc",
	"openrc-run.sh", "runscript.sh", "mountall", "telinit", "rc.inet1",
};

void look_open(struct look *l)
{
	char path[32];
	struct err err;

	if (l->inside.fd >= 0 || !l->init)
		return;
	snprintf(path, sizeof(path), "/proc/%d/root", (int)l->init);
	if (root_init(&l->inside, path, &err) < 0)
		l->inside.fd = -1;
	l->inside.path = "";	/* the name was a buffer of ours */
}

void look_release(struct look *l)
{
	if (l->inside.fd >= 0)
		root_release(&l->inside);
	l->inside.fd = -1;
}

void look_around(const struct look *l, struct start_seen *seen, struct pool *pool)
{
	struct procs all;
	struct err err;

	if (procs_read(&all, l->proc, pool, &err) < 0)
		return;
	procs_keep(&seen->procs, &all, l->mine, l->ctx, pool);
	listeners_read(&seen->ports, l->proc, &seen->procs, pool);
}

/* The last RUN_LVL record counts. */
static char utmp_level(const struct look *l, const char *path)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct utmp record;
	char level = '\0';
	struct err err;

	if (root_read(&l->inside, path, FILE_MAX, &text, &err) < 0)
		return '\0';
	for (size_t at = 0; at + sizeof(record) <= text.len; at += sizeof(record)) {
		memcpy(&record, text.data + at, sizeof(record));
		if (record.ut_type == RUN_LVL)
			level = (char)(record.ut_pid % 256);
	}
	return level;
}

static bool is_level(char c)
{
	return c >= '2' && c <= '5';
}

static char level_of(const struct look *l)
{
	char title[128], level = '\0', *open;

	for (size_t i = 0; !is_level(level) && i < sizeof(utmp_files) / sizeof(utmp_files[0]); i++)
		level = utmp_level(l, utmp_files[i]);
	if (is_level(level))
		return level;
	proc_command(title, sizeof(title), l->proc, l->init);
	open = strncmp(title, "init [", 6) == 0 ? title + 6 : NULL;
	return open && is_level(*open) && open[1] == ']' ? *open : '\0';
}

/* systemd: users may log in, and there was a moment when they might not. */
static bool systemd_is_up(const struct look *l)
{
	struct stat st;
	struct err err;

	return root_stat(&l->inside, "/run/systemd/system", &st, &err) == 0 &&
	       root_stat(&l->inside, "/run/systemd/users", &st, &err) == 0 &&
	       root_stat(&l->inside, "/run/nologin", &st, &err) < 0;
}

const char *look_level(const struct look *l, struct pool *pool)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct err err;
	char level;

	if (l->inside.fd < 0)
		return NULL;
	level = level_of(l);
	if (level)
		return pool_printf(pool, "runlevel %c", level);
	for (size_t i = 0; i < sizeof(softlevels) / sizeof(softlevels[0]); i++) {
		buf_clear(&text);
		if (root_read(&l->inside, softlevels[i], FILE_MAX, &text, &err) < 0)
			continue;
		text.data[strcspn(text.data, "\n")] = '\0';
		if (text.data[0] && strcmp(text.data, "sysinit") != 0 &&
		    strcmp(text.data, "boot") != 0)
			return pool_printf(pool, "OpenRC: %s", show(text.data));
	}
	return systemd_is_up(l) ? "systemd: logins" : NULL;
}

const char *look_scripts(const struct look *l, const struct start_seen *seen)
{
	for (size_t i = 0; i < seen->procs.nr; i++) {
		const struct proc *p = &seen->procs.v[i];

		for (size_t k = 0; k < sizeof(scripts) / sizeof(scripts[0]); k++)
			if (p->pid != l->init && p->state != 'Z' &&
			    strcmp(p->program, scripts[k]) == 0)
				return p->program;
	}
	return NULL;
}

/* Is the address one of this network's own? /proc/PID/net/fib_trie and if_inet6. */
static bool has_address(const struct look *l, const char *text)
{
	struct buf table CLEANUP_BUF = BUF_INIT;
	char plain[INET6_ADDRSTRLEN] = "", path[48], word[64];
	bool six = strchr(text, ':') != NULL;
	unsigned char raw[16];
	struct err err;

	snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(text, "/"), text);
	if (inet_pton(six ? AF_INET6 : AF_INET, plain, raw) != 1)
		return true;	/* no address: nothing to miss */
	snprintf(path, sizeof(path), "%d/net/%s", (int)l->init, six ? "if_inet6" : "fib_trie");
	if (root_read(l->proc, path, FILE_MAX, &table, &err) < 0)
		return true;	/* cannot tell */
	if (six) {
		for (unsigned i = 0; i < 16; i++)
			snprintf(word + 2 * i, 3, "%02x", raw[i]);
		return strstr(table.data, word) != NULL;
	}
	snprintf(word, sizeof(word), "-- %s\n", plain);
	for (const char *at = table.data; (at = strstr(at, word)); at++)
		if (strncmp(at + strlen(word) + strspn(at + strlen(word), " "), "/32 host LOCAL", 14) == 0)
			return true;
	return false;
}

static void find_missing(const struct look *l, struct start_seen *seen, struct pool *pool)
{
	for (size_t i = 0; i < l->job->nr_addresses; i++)
		if (!has_address(l, l->job->address[i]))
			*(const char **)pool_grow(pool, &seen->missing, &seen->nr_missing,
						  &seen->cap_missing, sizeof(char *)) =
				l->job->address[i];
}

/* The word of a getty's command line that names its terminal: "tty1", "console". */
static const char *terminal_of(char *command)
{
	char *rest = NULL;

	for (char *word = strtok_r(command, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (strncmp(word, "/dev/", 5) == 0)
			word += 5;
		if (strncmp(word, "tty", 3) == 0 || strcmp(word, "console") == 0)
			return word;
	}
	return NULL;
}

/* A getty whose terminal is not there ends soon and is started again, for ever. */
static void find_gettys(const struct look *l, struct start_seen *seen, struct pool *pool)
{
	for (size_t i = 0; i < seen->procs.nr && l->inside.fd >= 0; i++) {
		const struct proc *p = &seen->procs.v[i];
		const char *tty;
		char command[256];
		struct stat st;
		struct err err;

		if (!strstr(p->program, "getty"))
			continue;
		proc_command(command, sizeof(command), l->proc, p->pid);
		tty = terminal_of(command);
		if (tty && root_stat(&l->inside, pool_printf(pool, "/dev/%s", tty), &st, &err) < 0)
			*(const char **)pool_grow(pool, &seen->gettys, &seen->nr_gettys,
						  &seen->cap_gettys, sizeof(char *)) =
				pool_printf(pool, "%s on %s", show(p->program), show(tty));
	}
}

/* S55sshd is sshd: the links that the runlevel was entered by. */
static void find_services(const struct look *l, struct start_seen *seen, struct pool *pool)
{
	static const char *const dirs[] = { "/etc/rc%c.d", "/etc/rc.d/rc%c.d", "/etc/init.d/rc%c.d" };
	char level = seen->level ? seen->level[strlen(seen->level) - 1] : '\0';

	for (size_t i = 0; l->inside.fd >= 0 && is_level(level) && i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		const char *cut = strchr(dirs[i], '%');
		const char *dir = pool_printf(pool, "%.*s%c%s", (int)(cut - dirs[i]), dirs[i], level,
					      cut + 2);
		struct names names;
		struct err err;
		size_t cap = seen->cap_services, nr = seen->nr_services;

		if (root_names(&l->inside, dir, pool, &names, &err) < 0)
			continue;
		for (size_t k = 0; k < names.nr; k++) {
			const char *name = names.name[k];

			if (name[0] != 'S' || strspn(name + 1, "0123456789") < 2)
				continue;
			*(const char **)pool_grow(pool, &seen->service_link, &nr, &cap,
						  sizeof(char *)) =
				pool_printf(pool, "%s/%s", dir, name);
			*(const char **)pool_grow(pool, &seen->services, &seen->nr_services,
						  &seen->cap_services, sizeof(char *)) = name + 3;
		}
		return;
	}
}

void look_closely(const struct look *l, struct start_seen *seen, struct pool *pool)
{
	find_missing(l, seen, pool);
	find_gettys(l, seen, pool);
	find_services(l, seen, pool);
}
