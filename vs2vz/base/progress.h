/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Progress of long work on stderr: on a terminal one line redrawn at most ten
 * times a second with rate and time left; elsewhere a line per phase and one at
 * least every ten seconds. Nothing when quiet. Counters may be bumped by several
 * threads; only progress_poll() prints, from the thread that began the phase.
 */
#ifndef VS2VZ_BASE_PROGRESS_H
#define VS2VZ_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

enum progress_style { PROGRESS_NONE, PROGRESS_LINES, PROGRESS_TERMINAL };

void progress_setup(enum progress_style style);
/* "copying", "web1"; totals of 0 mean unknown. */
void progress_begin(const char *phase, const char *guest, uint64_t objects, uint64_t bytes);
void progress_add(uint64_t objects, uint64_t bytes);
void progress_poll(void);
/* The line that stays: "copying web1: 98447 objects, 2.5 GiB in 6 s". */
void progress_end(void);
/* Take the line off the terminal before something else is printed there. */
void progress_hide(void);

#endif
