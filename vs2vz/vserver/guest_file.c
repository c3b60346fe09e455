/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounded looks at single files of a guest's tree.
 */
#include "vserver/guest_file.h"

#include <errno.h>
#include <string.h>

static void odd(const struct guest_tree *t, const char *path, const char *why)
{
	finding_add(t->findings, VS_GUEST_FILE_ODD, t->guest, path, "%s", why);
}

/* Metadata of what the path leads to; false: absent, or odd and said so. */
static bool look(const struct guest_tree *t, const char *path, struct stat *st)
{
	struct err err;

	if (root_stat(t->root, path, st, &err) == 0)
		return true;
	if (!err_is_absent(&err))
		odd(t, path, err.text);
	return false;
}

bool guest_is_file(const struct guest_tree *t, const char *path)
{
	struct stat st;

	if (!look(t, path, &st))
		return false;
	if (S_ISREG(st.st_mode))
		return true;
	odd(t, path, "it is not a regular file");
	return false;
}

bool guest_is_program(const struct guest_tree *t, const char *path)
{
	struct stat st;

	return look(t, path, &st) && S_ISREG(st.st_mode) && st.st_mode & 0111;
}

bool guest_is_dir(const struct guest_tree *t, const char *path)
{
	struct stat st;

	return look(t, path, &st) && S_ISDIR(st.st_mode);
}

const char *guest_text(const struct guest_tree *t, const char *path)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct err err;

	if (root_read(t->root, path, GUEST_FILE_MAX, &text, &err) == 0)
		return pool_memdup(t->pool, text.data, strlen(text.data));
	if (!err_is_absent(&err))
		odd(t, path, err.text);
	return NULL;
}
