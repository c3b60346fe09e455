/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a directory that the program writes to in the tree of a guest? What a guest's root can
 * change, or what moves with the tree, is no place for journals and logs. Told by what it
 * is, not by what it is called: links on the way and bind mounts lead there as well.
 */
#ifndef VS2VZ_STATE_PLACE_H
#define VS2VZ_STATE_PLACE_H

#include "session.h"

/*
 * dir: below the root; where it is not there yet, the nearest directory above counts. Its
 * real path to *real, and in *guest the guest, of those given, whose tree it is in; NULL:
 * none. Trees that are directories of the host bar their guests alone, and do not count.
 */
int state_place_judge(struct session *s, const char *dir, const struct guests *guests,
		      const char **real, const struct guest **guest) MUST_CHECK;
/*
 * The same of what the run itself writes, before it writes: looks at the guests on its own.
 * Refuses with EXIT_BLOCKED.
 */
int state_place_allowed(struct session *s) MUST_CHECK;

#endif
