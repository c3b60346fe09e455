/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does the vzctl that is installed call vps.premount? Since 3.0.24 it does; the name of
 * the script is in the program or its library (vzctl: src/lib/env.c). Its bytes are
 * looked at, nothing is run.
 */
#include <dirent.h>
#include <string.h>

#include "base/buf.h"
#include "openvz/inside.h"

#define PROGRAM "/usr/sbin/vzctl"
#define PROGRAM_MAX (16u << 20)

static bool has_word(const struct root *root, const char *path, bool *read)
{
	static const char word[] = "premount";
	CLEANUP_BUF struct buf bytes = BUF_INIT;
	struct err err;

	*read = root_read(root, path, PROGRAM_MAX, &bytes, &err) == 0;
	return *read && memmem(bytes.data, bytes.len, word, sizeof(word) - 1);
}

static bool library_has_word(const struct root *root, const char *dir, struct pool *pool)
{
	struct names names = { 0 };
	struct err err;
	bool read;

	if (root_names(root, dir, pool, &names, &err) < 0)
		return false;
	for (size_t i = 0; i < names.nr; i++)
		if (strncmp(names.name[i], "libvzctl", 8) == 0 &&
		    has_word(root, pool_printf(pool, "%s/%s", dir, names.name[i]), &read))
			return true;
	return false;
}

const char *vzctl_without_premount(const struct root *root, struct pool *pool)
{
	static const char *const dirs[] = {
		"/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/i386-linux-gnu",
	};
	bool read;

	if (has_word(root, PROGRAM, &read) || !read)
		return NULL;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (library_has_word(root, dirs[i], pool))
			return NULL;
	return PROGRAM;
}
