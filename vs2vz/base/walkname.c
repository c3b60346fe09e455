/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The path of an object below its tree, for messages. Built backwards from the
 * nodes; no system call ever gets it.
 */
#include "base/walk.h"

#include <errno.h>
#include <string.h>

void walk_path(struct buf *out, const struct walk_dir *dir, const char *name)
{
	char text[4096 + 1];
	size_t at = sizeof(text) - 1;

	text[at] = '\0';
	if (!name && !dir->parent)
		buf_adds(out, ".");
	for (const char *part = name ? name : dir->name; part && *part;) {
		size_t len = strlen(part);

		if (len + 5 > at) {
			at -= 4;
			memcpy(text + at, ".../", 4);
			break;
		}
		if (text[at])
			text[--at] = '/';
		at -= len;
		memcpy(text + at, part, len);
		if (part != name)
			dir = dir->parent;
		part = dir->parent ? dir->name : NULL;
	}
	buf_adds(out, text + at);
}

int walk_fail(struct err *err, const struct walk_dir *dir, const char *name, const char *what)
{
	struct buf CLEANUP_BUF path = BUF_INIT;
	int code = errno;

	walk_path(&path, dir, name);
	errno = code;
	return fail_errno(err, "%s '%s'", what, show(path.data));
}

int walk_foreign(struct err *err, const struct walk_dir *dir, const char *name, const char *what)
{
	struct buf CLEANUP_BUF path = BUF_INIT;

	walk_path(&path, dir, name);
	return fail_code(err, ERR_FOREIGN, "'%s' %s", show(path.data), what);
}
