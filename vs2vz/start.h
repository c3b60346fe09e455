/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `verify --start`: does a converted container come up, serve what it served, and go down
 * again? Runs code of the guest (run/start.h); nothing else of vs2vz does.
 */
#ifndef VS2VZ_START_H
#define VS2VZ_START_H

#include "session.h"

/*
 * One guest, after proof_verify(); those that are not converted are left out. Its line in
 * the report gets what was seen, LOG_DIR/RUN-GUEST.console what was printed.
 */
void start_test(struct session *s, const struct record *r);

#endif
