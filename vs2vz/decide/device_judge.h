/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * May a file system be made on this volume? Pure: what was looked at in, findings out.
 */
#ifndef VS2VZ_DECIDE_DEVICE_JUDGE_H
#define VS2VZ_DECIDE_DEVICE_JUDGE_H

#include "base/blockdev.h"
#include "model/finding.h"

struct device_wish {
	const char *guest;	/* for the findings */
	const char *path;	/* as the user wrote it */
	bool device;		/* a device is meant; false: an image file to be made */
	uint64_t bytes;		/* needed; 0: not known */
	const char *overwrite;	/* UUID that may go, or NULL */
	uint32_t user;		/* another container whose VE_DEVICE is this; 0: none */
};

/* Adds inhibitors (VS6nn) for all that speaks against it; none: it may be. */
void device_judge(const struct device_wish *wish, const struct blockdev *seen,
		  struct findings *findings);

#endif
