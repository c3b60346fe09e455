/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wish to stop. The first INT, TERM (or HUP on a terminal) sets it; long
 * work looks at it between objects and returns ERR_STOPPED; a second signal ends
 * the process at once, which the journal makes safe.
 */
#ifndef VS2VZ_BASE_STOP_H
#define VS2VZ_BASE_STOP_H

#include <stdbool.h>

/* Install the handlers; PIPE and XFSZ are ignored: the calls fail with EPIPE and EFBIG. */
void stop_install(void);
bool stop_wanted(void);
/* Wait until something can be read from fd; false: the wish came first, or is there already. */
bool stop_await(int fd);
/* The signal that asked, or 0; stays known after stop_clear(). */
int stop_signal(void);
/* The wish is heard: what follows (taking a guest back) must not stop for it again. */
void stop_clear(void);

#endif
