/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which libblkid and libmount this program runs with.
 */
#include "base/fsinfo.h"

#include <blkid/blkid.h>
#include <libmount/libmount.h>
#include <string.h>

const char *fsinfo_library(const char *which)
{
	const char *version = "", *date = "";

	if (strcmp(which, "blkid") == 0)
		blkid_get_library_version(&version, &date);
	else
		mnt_get_library_version(&version);
	return version;
}
