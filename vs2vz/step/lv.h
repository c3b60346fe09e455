/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What other steps and the planner know of lv steps.
 */
#ifndef VS2VZ_STEP_LV_H
#define VS2VZ_STEP_LV_H

#include "step/step.h"

#define LV_TAG "vs2vz-"		/* and the UUID of the file system to come */

/* Is this path a logical volume that a step of the plan makes? */
bool lv_makes(const struct work *w, const char *path);

#endif
