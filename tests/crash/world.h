/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small host with everything that a plan can touch, and a plan with every kind of
 * step: one guest that is renamed, one that is copied and retired, a legacy
 * configuration that is hidden, edited files inside and outside of trees.
 */
#ifndef TESTS_CRASH_WORLD_H
#define TESTS_CRASH_WORLD_H

#include "base/inroot.h"
#include "step/plan.h"

#define WORLD_STATE "/var/lib/vs2vz"

/* Build the host below an empty directory. All times are of the years before 2010. */
void world_build(int dirfd);
/* Remove everything below the directory, flags and all. */
void world_clear(int dirfd);
/* The plan for it, on the evidence that the disk gives now. */
void world_plan(struct plan *p, const struct root *root, struct pool *pool);
/* A plan with the steps of a guest that is renamed and nothing else. */
void world_plan_small(struct plan *p, const struct root *root, struct pool *pool);

/* A guest whose inodes carry VServer's marks: repaired, renamed, two of its files replaced. */
void world_plan_marks(struct plan *p, const struct root *root, struct pool *pool);
/*
 * A guest that gets a file system of its own, and a copy of it; a mount point that goes.
 * Needs root and loop devices.
 */
void world_plan_image(struct plan *p, const struct root *root, struct pool *pool);

#endif
