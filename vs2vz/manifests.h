/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the survey of a convert writes down of each tree (step/manifest.h), below the
 * state directory until the guest has a journal; state_clear() takes away what is left.
 * Commands that change nothing write nothing. One that cannot be written is made later,
 * by the step that needs it, and what is wrong is said there.
 */
#ifndef VS2VZ_MANIFESTS_H
#define VS2VZ_MANIFESTS_H

#include "session.h"
#include "step/manifest.h"

/* NULL: not now. */
struct manifest_writer *manifests_begin(const struct session *s, const struct guest *g);
/* Ends the writer, which may be NULL; tree: open. true: the manifest is there, whole. */
bool manifests_end(struct manifest_writer *w, int tree);

#endif
