/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a start of the container leaves behind that is neither ours nor the guest's: the
 * steps that know it (kind_trace.c).
 */
#ifndef VS2VZ_STEP_TRACE_H
#define VS2VZ_STEP_TRACE_H

#include <stdbool.h>

#include "step/step.h"

/* vzctl: src/lib/hooks_vz.c */
#define TRACE_LINKS_NAME ".cpt_hardlink_dir_a920e4ddc233afddc9fb53d26c392319"

/* The argument "what". */
#define TRACE_LINKS "links"
#define TRACE_QUOTA "quota"

bool is_trace_of_links(const struct step *s);

/*
 * Changes are about to come back from a copy into its source, both open roots: where the plan
 * knows that the source had no directory of vzctl's, it goes from the copy, when it is empty,
 * and the copy's root gets the time of the source's where both have the same names.
 */
bool trace_would_come_back(const struct work *w, int copy);
int trace_leave_behind(struct work *w, int copy, int source, struct err *err) MUST_CHECK;

#endif
