/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a person must know: never an error, never lost.
 *
 * A kind of finding is one const row in finding_kinds.c: number, name, level,
 * texts. Numbers are never reused; the first digit is the area: 1 host and
 * discovery, 2 preflight, 3 configuration, 4 file system, 5 guest fix-ups,
 * 6 insulation, 7 run and undo, 8 export and migration. Tests and documentation
 * refer to numbers, not to wording.
 *
 *	finding_add(findings, VS_GUEST_BUSY, guest->name, "/vservers/web1",
 *		    "process %d (%s) works in the tree", pid, show(comm));
 */
#ifndef VS2VZ_MODEL_FINDING_H
#define VS2VZ_MODEL_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pool.h"
#include "model/finding_ids.h"

enum level {
	LEVEL_INFO,		/* good to know */
	LEVEL_FIXED,		/* the plan repairs it */
	LEVEL_WARNING,		/* somebody should look */
	LEVEL_INHIBITOR,	/* guest or host is blocked */
};

struct finding_kind {
	enum finding_id id;
	enum level level;
	bool overridable;	/* an inhibitor that --override lifts */
	const char *name;	/* lower-case-with-dashes */
	const char *title;	/* one line */
	const char *cause;	/* why it is so */
	const char *effect;	/* why it matters */
	const char *cure;	/* what to do, with a command where there is one */
};

struct finding {
	const struct finding_kind *kind;
	const char *guest;	/* NULL: the host */
	const char *object;	/* path, line or item; printable */
	const char *seen;	/* what was seen; printable */
	const char *override_reason; /* non-NULL: lifted by the user */
};

struct findings {
	struct pool *pool;
	size_t nr, cap;
	struct finding *v;
	struct finding_index *index;	/* by guest; made when it is asked first */
};

/* The row of a number; NULL where there is none. */
const struct finding_kind *finding_kind(unsigned id);
/* The row of "VS309" or of a name such as "host-mounts"; NULL where there is none. */
const struct finding_kind *finding_by_word(const char *word);
extern const struct finding_kind finding_kinds[];
extern const size_t nr_finding_kinds;

/* guest and object are copied and made printable; seen is expected to be printable. */
void finding_add(struct findings *f, enum finding_id id, const char *guest,
		 const char *object, const char *fmt, ...) PRINTF_LIKE(5, 6);
/*
 * Lift inhibitors by number, for all guests or one. False: the number does not exist or
 * may not be lifted.
 */
bool finding_override(struct findings *f, unsigned id, const char *guest, const char *reason);
/* Only the first nr stay. */
void finding_cut(struct findings *f, size_t nr);
/*
 * The findings of one guest (NULL: of the host; as it is in them, printable), in the order
 * of the list: the first, and the one after that; FINDING_NONE ends them.
 */
#define FINDING_NONE SIZE_MAX
size_t finding_first(const struct findings *f, const char *guest);
size_t finding_next(const struct findings *f, size_t nr);
/* Is there an inhibitor that is not lifted: of this guest, or (NULL) of the host? */
bool finding_blocks(const struct findings *f, const char *guest);
/* Stable order: host first, then guests by name; within one, worst first, then number, object. */
void finding_sort(struct findings *f);

#endif
