/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which program is init, and may it be run at all? The kernel would resolve the name
 * again, with /proc and /dev in place: a link or a "#!" line that leads to
 * /proc/self/exe would run vs2vz itself, outside code of the host, in there. So the name
 * and every interpreter behind it are resolved in the bare tree, and must not lie where
 * something is mounted later. vzctl: src/lib/env.c tries the same three names.
 */
#include "run/start_parts.h"

#include <string.h>
#include <unistd.h>

#define SCRIPTS_MAX 5	/* the kernel follows no more */

static const char *const places[] = { "/sbin/init", "/etc/init", "/bin/init" };
static const char *const covered[] = { "/proc/", "/sys/", "/dev/", "/run/" };

static bool is_covered(const char *path)
{
	for (size_t i = 0; i < sizeof(covered) / sizeof(covered[0]); i++)
		if (strncmp(path, covered[i], strlen(covered[i])) == 0)
			return true;
	return false;
}

/* The first bytes of a regular file that may be executed; -1: why. */
static ssize_t read_head(const struct root *tree, const char *path, char *head, size_t size,
			 struct err *why)
{
	struct stat st;
	int CLEANUP_FD fd = root_open(tree, path, why);
	ssize_t len = fd < 0 ? -1 : pread(fd, head, size - 1, 0);

	if (len < 0 || fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return fail(why, "'%s' is not executable", show(path));
	head[len] = '\0';
	return len;
}

/* "#!/bin/sh -e": the interpreter in place; NULL: no script. */
static char *interpreter(char *head)
{
	char *path = head + 2;

	if (strncmp(head, "#!", 2) != 0)
		return NULL;
	path += strspn(path, " \t");
	path[strcspn(path, " \t\n")] = '\0';
	return path;
}

/* The chain from one name to a program that is no script. */
static bool follow(struct program *out, const struct root *tree, const char *path, struct err *why)
{
	struct buf CLEANUP_BUF real = BUF_INIT;
	char head[256], next[256];
	ssize_t len;

	for (unsigned i = 0; i <= SCRIPTS_MAX; i++) {
		const char *script;

		if (root_canonical(tree, path, &real, why) < 0)
			return false;
		if (is_covered(real.data)) {
			fail(why, "'%s' leads to '%s'", show(path), show(real.data));
			return false;
		}
		len = read_head(tree, path, head, sizeof(head), why);
		if (len < 0)
			return false;
		if (i == 0)
			out->is_systemd = strstr(real.data, "systemd") != NULL;
		script = interpreter(head);
		if (!script) {
			out->is_32bit = len > 4 && memcmp(head, "\177ELF\001", 5) == 0;
			return true;
		}
		if (script[0] != '/') {
			fail(why, "'%s' is a script for '%s'", show(path), show(script));
			return false;
		}
		memcpy(next, script, strlen(script) + 1);
		path = next;
		buf_clear(&real);
	}
	fail(why, "'%s' is a script of scripts", out->path);
	return false;
}

bool program_find(struct program *out, const struct root *tree, struct err *why)
{
	struct err first = { 0 };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		*out = (struct program){ .path = places[i] };
		if (follow(out, tree, places[i], why))
			return true;
		if (i == 0)
			first = *why;	/* what is wrong with /sbin/init says most */
	}
	*why = first;
	return false;
}
