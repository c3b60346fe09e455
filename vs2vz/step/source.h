/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What steps that copy a tree (arguments from, id, volume) share: the source, where
 * it stands now, and the records in the journal's folder: KIND.N, the identity of what
 * step N made with a check, and "sums".
 *
 * Where the step has the argument volume (a UUID), its from is a device or an image file
 * with that file system, seen in private (mounted.h).
 */
#ifndef VS2VZ_STEP_SOURCE_H
#define VS2VZ_STEP_SOURCE_H

#include "base/identity.h"
#include "step/kinds.h"
#include "step/marks.h"
#include "step/tree.h"

/* The source, open, with what VServer left on its inodes. */
struct source {
	int fd;
	struct marks marks;
	struct tree_options opt;
};
#define SOURCE_INIT { .fd = -1 }
#define CLEANUP_SOURCE __attribute__((cleanup(source_release)))
void source_release(struct source *src);

/* At the place that the step names. */
int source_open(struct source *src, const struct step *s, const struct work *w,
		struct err *err) MUST_CHECK;
/* There, or where a later step retired it; to be changed where changes are brought back. */
int source_find(struct source *src, const struct step *s, const struct work *w,
		struct err *err) MUST_CHECK;

/* What the step noted as its own; inode 0: nothing. A record that is damaged is an error. */
int made_read(struct identity *made, const struct step *s, const struct work *w,
	      struct err *err) MUST_CHECK;
/* fd: the thing, open and still empty. On the disk when it returns. */
int made_write(const struct step *s, const struct work *w, int fd, struct err *err) MUST_CHECK;
/* Is it the thing that stands at this place? 1, 0, -1. */
int made_is(const struct identity *made, const struct place *at, const struct stat *st,
	    struct err *err) MUST_CHECK;
/* Forget it and the sums: nothing is the step's own then. */
int made_drop(const struct step *s, const struct work *w, struct err *err) MUST_CHECK;

/*
 * tree_verify() of what the step made, written down as manifest.N.copy on the way; opt is
 * that of the source, opened.
 */
int source_verify(int from, int to, int sums, const struct tree_options *opt,
		  const struct step *s, const struct work *w, struct err *err) MUST_CHECK;
/* A new file for the records of copied contents (sums.h), in place of an older one. */
int sums_open(const struct work *w, struct err *err) MUST_CHECK;

#endif
