/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small work on canonical absolute paths, which have no "." and "..", no double and
 * no last slash. Looks whether things exist; opens nothing.
 */
#include <string.h>

#include "decide/inside.h"

const char *path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *path_parent(const char *path, struct pool *pool)
{
	const char *slash = strrchr(path, '/');

	return !slash || slash == path ? "/" : pool_memdup(pool, path, (size_t)(slash - path));
}

bool path_at_or_in(const char *path, const char *dir)
{
	size_t len = strcmp(dir, "/") == 0 ? 0 : strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || !path[len]);
}

bool path_exists(const struct root *root, const char *path)
{
	struct stat st;
	struct err err;

	return root_lstat(root, path, &st, &err) == 0;
}

const char *path_existing(const struct root *root, const char *path, struct pool *pool)
{
	while (strcmp(path, "/") != 0 && !path_exists(root, path))
		path = path_parent(path, pool);
	return path;
}

const char *path_relative(const char *from, const char *to, struct pool *pool)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	size_t same = 0;

	/* same: length of the common leading directories, without the slash after them */
	for (size_t i = 0; ; i++) {
		bool from_ends = from[i] == '/' || !from[i], to_ends = to[i] == '/' || !to[i];

		if (from_ends && to_ends)
			same = i;
		if (from[i] != to[i] || !from[i])
			break;
	}
	for (const char *p = from + same; *p; p++)
		if (*p == '/' && p[1])
			buf_adds(&text, "../");
	buf_adds(&text, to + same + (to[same] == '/'));
	return pool_memdup(pool, text.data, text.len);
}

bool pattern_is_flat(const char *pattern)
{
	return strchr(path_name(pattern), '$') != NULL;
}
