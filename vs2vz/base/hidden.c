/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/hidden.h"

#include <stddef.h>

int hidden_open(struct hidden **out, int dirfd, const char *fs_type, const char *source,
		const char **why, struct err *err)
{
	(void)dirfd, (void)fs_type, (void)source, (void)err;
	*out = NULL;
	*why = "not read";
	return 0;
}

void hidden_close(struct hidden *h)
{
	(void)h;
}

bool hidden_read(const struct hidden *h, struct hidden_window *win, const struct stat *st,
		 struct hidden_inode *out)
{
	(void)h, (void)win, (void)st, (void)out;
	return false;
}
