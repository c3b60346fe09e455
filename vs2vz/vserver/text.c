/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small questions about names and paths that several files of this room ask.
 */
#include "vserver/scanning.h"

#include <fnmatch.h>
#include <string.h>

bool text_ends(const char *text, const char *suffix)
{
	size_t len = strlen(text), tail = strlen(suffix);

	return len > tail && strcmp(text + len - tail, suffix) == 0;
}

bool path_within(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	while (len && dir[len - 1] == '/')
		len--;
	return strncmp(path, dir, len) == 0 && (path[len] == '/' || !path[len]);
}

/* The patterns of util-vserver's scripts/functions and of "build --force". */
static const char *const backups[] = {
	"*.rpmsave", "*.rpmnew", "*.rpmorig", "*.cfsaved*", "*.~*~", "*~",
};

bool name_is_backup(const char *name)
{
	for (size_t i = 0; i < sizeof(backups) / sizeof(*backups); i++)
		if (fnmatch(backups[i], name, 0) == 0)
			return true;
	return false;
}
