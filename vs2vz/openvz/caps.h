/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capabilities of a container (vzctl: src/lib/cap.c, include/cap.h): Linux numbers up
 * to 31, but number 30 is OpenVZ's own VE_ADMIN.
 */
#ifndef VS2VZ_OPENVZ_CAPS_H
#define VS2VZ_OPENVZ_CAPS_H

#include <stdbool.h>
#include <stdint.h>

#define CAPS_NR 32u
#define CAPS_VE_ADMIN 30u

/* The name that CAPABILITY takes; NULL: the number has none. */
const char *caps_name(unsigned number);
/* Has every container the capability, unless it is switched off? */
bool caps_default(unsigned number);

#endif
