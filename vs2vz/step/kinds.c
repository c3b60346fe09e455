/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The closed set of things that can be done to a host, one row each. There is no
 * "run this command" among them; two let a program of the host do its work, with
 * arguments that they fix: lv (lvm.c) and trace.
 */
#include "step/kinds.h"

#include <string.h>

const struct kind *const kinds[] = {
	&kind_bring,
	&kind_copy,
	&kind_hide,
	&kind_lv,
	&kind_makefs,
	&kind_marks,
	&kind_mkdir,
	&kind_mode,
	&kind_mountpoint,
	&kind_node,
	&kind_remove,
	&kind_rename,
	&kind_retire,
	&kind_symlink,
	&kind_times,
	&kind_trace,
	&kind_unmountpoint,
	&kind_write,
	NULL,
};

const struct kind *kind_find(const char *name)
{
	for (unsigned i = 0; kinds[i]; i++)
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
	return NULL;
}
