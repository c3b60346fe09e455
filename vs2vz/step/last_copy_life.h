/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is what the copy became the life of a container? By the copy's own manifest, asked while
 * the source is walked: each object of the source that the manifest knows is as it was made,
 * changed, another one, or gone. A container that runs writes; whoever only takes away or
 * puts back older files is no container. For last_copy.c only.
 */
#ifndef VS2VZ_STEP_LAST_COPY_LIFE_H
#define VS2VZ_STEP_LAST_COPY_LIFE_H

#include "step/manifest.h"
#include "step/step.h"

#define LIFE_WHAT 600

struct life_counts {
	uint64_t known, gone;	/* objects of the manifest that the source has; and not the copy */
	uint64_t dirs, dirs_other; /* directories of them; gone, or another one of the name */
	uint64_t odd;		/* gone, another one, or with older content than the record's */
	uint64_t written;	/* files with a time after the record's: somebody lives there */
};

struct life {
	struct manifest_asked *record;	/* NULL: the copy has none */
	struct timespec since;
	const struct work *w;
	int copy;
	struct life_counts all;
	char first[LIFE_WHAT];	/* of the odd ones; under the caller's lock */
};

/* made: the copy or makefs step. copy: its root, borrowed. */
int life_begin(struct life *l, const struct step *made, const struct work *w, int copy,
	       const struct timespec *since, struct err *err) MUST_CHECK;
void life_end(struct life *l);
/* Of the root: *what as below. */
int life_root(struct life *l, const char **what, struct err *err) MUST_CHECK;
/*
 * One object of the source; now: what the copy has there, NULL: nothing. *what: NULL, as it
 * was made, or what became of it (manifest_ask()); *odd: no container's work by itself.
 */
int life_ask(struct life *l, struct life_counts *c, const struct walk_dir *dir,
	     const struct walk_entry *e, const struct stat *now, const char **what, bool *odd,
	     uint64_t *key, struct err *err) MUST_CHECK;
void life_add(struct life *l, const struct life_counts *c);
/*
 * 0: a container's life, or nothing at all happened. ERR_FOREIGN: most of it is gone, or
 * another tree is in its place; for a commit also: objects are gone or replaced, and nothing
 * was written since.
 */
int life_judge(struct life *l, const char *copy, bool commits, struct err *err) MUST_CHECK;

/* Some file systems keep whole seconds: those that cannot be told apart count as newer. */
bool is_newer(const struct timespec *t, const struct timespec *since);

#endif
