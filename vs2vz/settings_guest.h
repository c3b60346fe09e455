/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sections of vs2vz.conf: overrides, and what is said of single guests.
 * Shared by the files of the settings only.
 */
#ifndef VS2VZ_SETTINGS_GUEST_H
#define VS2VZ_SETTINGS_GUEST_H

#include <confuse.h>

#include "settings.h"

/* Check keys and titles while their lines are being parsed. */
void settings_check_sections(cfg_t *cfg);
/* Numbers, answers and lifts of every guest "NAME" { ... }. */
void settings_collect_guests(struct settings *out, cfg_t *cfg, struct pool *pool);

#endif
