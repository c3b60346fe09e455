/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults before the N-th call that changes something, or that looks. Linked into a program
 * with ld --wrap for every function of base/sys.h, for libext2fs's door to a device, and
 * for what opens, lists and reads (tests/crash/wraps.sh prints the flags).
 *
 *	crash:N		the process ends before the call; a write is torn in half
 *	eio:N enospc:N	the call fails, once
 *	eio-forever:N	the call and all after it fail
 *	power:N[:SEED]	the process ends, and what was not synced is lost
 *	look-eio:N	the N-th look fails, once; also look-enfile, -emfile, -enomem,
 *			-eacces, -euclean; look-none counts
 *
 * By environment (VS2VZ_FAULT) for whole programs, by fault_arm() for forked children.
 * VS2VZ_FAULT_GRAVE names a directory on the file system under test for "power".
 * VS2VZ_FAULT_REPORT names a file that receives the number of calls at the end.
 */
#ifndef TESTS_CRASH_FAULT_H
#define TESTS_CRASH_FAULT_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/sys.h"

#define FAULT_EXIT 137

/* spec: as above, "none" (count only), or NULL (out of the way). */
void fault_arm(const char *spec, const char *grave);
unsigned long fault_calls(void);
bool fault_fired(void);

/*
 * For each call that changes something: enter (false: not armed), ask whether it shall
 * fail (then errno is set), make it, leave.
 */
bool fault_enter(void);
bool fault_hit(void);
void fault_leave(bool entered);
bool fault_power(void);		/* power_*() wants to hear of it */
bool fault_look(const char *what);	/* for each call that only looks: shall it fail? */
bool fault_ends_next(void);	/* the process ends in this very call */

/*
 * power.c: what would be lost. SEED % 4: 0 everything, 1 the youngest names, 2 some,
 * 3 contents but no names.
 */
void power_begin(const char *grave);
void power_created(const struct place *at);
int power_remove(const struct place *at, bool dir);
int power_rename(const struct place *from, const struct place *to, bool replace);
/* Before the change. */
void power_data(int fd, off_t from);
void power_meta(int fd);
void power_meta_at(const struct place *at);
void power_synced(int fd);
void power_synced_all(int fd);
void power_cut(unsigned seed);

/* power_block.c: writes in place on a volume, each of them kept or lost. */
bool power_is_block(int fd);
/* Before the write. */
void power_block(int fd, off_t at, size_t len);
/* all: of this device, the image files of that file system. */
void power_block_synced(const struct stat *st, bool all);
void power_block_cut(bool all, unsigned seed);

#endif
