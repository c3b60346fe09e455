/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a run will do: a plan for each guest or container and the host's own steps, from
 * fresh decisions or a saved file, to a file or onto the disk. One that fails goes back by
 * itself and stops no other one.
 */
#ifndef VS2VZ_JOBS_H
#define VS2VZ_JOBS_H

#include "session.h"

struct job *jobs_new(struct session *s, struct jobs *jobs);
/* recorded: the survey of this run wrote the tree down, see manifests.h. */
void jobs_add(struct session *s, struct jobs *jobs, const struct plan *plan, bool recorded);
/* What was decided for guests that nothing blocks. */
void jobs_take_decisions(struct session *s, struct jobs *jobs);
/* --plan FILE; a stale one, or one of the other scope, is an error. */
int jobs_read(struct session *s, struct jobs *jobs) MUST_CHECK;
/* -o FILE: an error where there is nothing to do, or the host is blocked. */
int jobs_save(struct session *s, const struct jobs *jobs) MUST_CHECK;
/* Text of the last line when a plan was saved. */
void jobs_say_saved(const struct session *s, struct buf *out);
/*
 * Journals, host-wide steps, every plan whose guest or container is free now. -1: s->status is
 * EXIT_FAILED where no guest was begun and all of it went back, else EXIT_BROKEN.
 */
int jobs_run(struct session *s, struct jobs *jobs) MUST_CHECK;

#endif
