/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * May the image file of a container lie there? It holds the only copy after commit: a file
 * system that a reboot empties, a tree that moves, another container's area and a
 * configuration directory are no places for it.
 */
#ifndef VS2VZ_DECIDE_IMAGE_PLACE_H
#define VS2VZ_DECIDE_IMAGE_PLACE_H

#include "decide/insulate.h"
#include "model/finding.h"

/*
 * at: the file, canonical; its directory need not exist. Adds VS_IMAGE_VOLATILE and
 * VS_IMAGE_MISPLACED (then *misplaced: no directory may be made there either) for q->name.
 */
int image_place_judge(const struct insulate_question *q, const char *at, bool *misplaced,
		      struct pool *pool, struct findings *findings, struct err *err) MUST_CHECK;

/*
 * Is the path one of, or in, the areas that a pattern such as "/vz/private/$VEID" makes,
 * whatever the number? Shared with conflicts.c.
 */
bool area_of_pattern(const char *path, const char *pattern);

#endif
