/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of finding kinds, put together from one fragment per area; the number's
 * first digit is the area. A row: number, level, may it be lifted, name, title, then
 * cause, effect and cure. GUEST, CTID, FILE and the like stand for what the finding
 * itself names. Rows ascend; a retired number keeps its place and is never used again.
 */
#include "model/finding.h"

#define INHIBITOR LEVEL_INHIBITOR, false
#define LIFTABLE  LEVEL_INHIBITOR, true
#define WARNING	  LEVEL_WARNING, false
#define FIXED	  LEVEL_FIXED, false
#define INFO	  LEVEL_INFO, false

const struct finding_kind finding_kinds[] = {
#include "model/finding_kinds_1.inc"
#include "model/finding_kinds_2.inc"
#include "model/finding_kinds_3.inc"
#include "model/finding_kinds_3_mounts.inc"
#include "model/finding_kinds_3_packages.inc"
#include "model/finding_kinds_4.inc"
};

const size_t nr_finding_kinds = sizeof(finding_kinds) / sizeof(finding_kinds[0]);
