/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by rights*.c only.
 */
#ifndef VS2VZ_DECIDE_RIGHTS_H
#define VS2VZ_DECIDE_RIGHTS_H

#include "decide/translate.h"

/* A list file as VServer reads it; words that it refuses are a finding. */
struct flags flags_of(struct translation *t, const char *path, enum flag_kind kind);
/* "NET_RAW SYS_TIME ^40" */
const char *names_of(struct translation *t, enum flag_kind kind, uint64_t bits);
/* System capabilities, and the difference in both directions. */
void set_capabilities(struct translation *t, bool raw_icmp);

#endif
