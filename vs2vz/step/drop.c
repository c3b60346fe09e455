/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removing a directory for good. It is emptied inside-out and goes last itself: a cut
 * leaves a smaller tree at the same name, and the next try removes the rest.
 */
#include "step/drop.h"

#include <errno.h>

#include "base/atomic.h"
#include "base/sys.h"

int drop_tree(const struct root *root, const char *path, ino_t inode,
	      const struct tree_options *opt, struct tree_counts *counts, bool *stays,
	      struct err *err)
{
	struct spot CLEANUP_SPOT spot = SPOT_INIT;
	int CLEANUP_FD fd = -1;
	struct stat st;

	*stays = false;
	if (strict_spot(root, path, &spot, err) < 0)
		return -1;
	if (below_stat(spot.at.dirfd, spot.at.name, &st) < 0)
		return fail_errno(err, "cannot look at '%s'", show(path));
	if (!S_ISDIR(st.st_mode) || st.st_ino != inode)
		return fail_code(err, ERR_FOREIGN, "'%s' is no longer what was looked at",
				 show(path));
	fd = below_open(spot.at.dirfd, spot.at.name, &st);
	if (fd < 0)
		return fail_errno(err, "cannot open '%s'", show(path));
	if (tree_remove(fd, opt, counts, err) < 0) {
		err_add(err, "'%s'", show(path));
		return -1;
	}
	if (sys_rmdir(&spot.at) < 0) {
		if (errno != EBUSY)
			return fail_errno(err, "cannot remove '%s'", show(path));
		*stays = true;
	}
	return sync_dir(spot.at.dirfd, err);
}
