/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan: what will be done, decided in full before anything is touched, as
 * text that a person can read on a rescue system. The dry run prints it, convert
 * runs it, resume, undo, commit, status and verify walk along it.
 *
 *	vs2vz-plan format=2 tool=0.1.0 scope=guest guest=v345 ctid=345
 *	input file=/etc/vservers/v345/context hash=9f3c...
 *	input dir=/vservers/v345 id=6f1e...-9c2a/131073/2877461524
 *	note token=5d0c6f2ab1e98473
 *	note method=rename reason=same%20file%20system
 *	step 0 times at=/etc/vservers/v345 mtime=1190000000.000000000 names=...
 *	step 1 rename from=/vservers/v345 to=/vz/private/345 id=6f1e...-9c2a/131073/2877461524
 *	step 2 write at=/etc/vz/conf/345.conf mode=0644 owner=0:0 old=absent new=HASH
 *	| # Sample line
 *	| ONBOOT="yes"
 *	end hash=...
 *
 * A line "| " is one line of the content that belongs to the step before it; the
 * last one is "|- " where the content does not end in a newline. "end" carries the
 * XXH3-128 of all bytes before it: an edited plan is refused. Plans of several
 * guests in one saved file simply follow each other, the host's first.
 *
 * Paths are canonical below the host root and are resolved without following any
 * link when the step runs.
 */
#ifndef VS2VZ_STEP_PLAN_H
#define VS2VZ_STEP_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/inroot.h"
#include "base/pool.h"
#include "step/step.h"

#define PLAN_FORMAT 2

/* Evidence that the plan was decided on: gone or different means stale. */
enum input_type {
	INPUT_FILE,		/* content hash */
	INPUT_DIR,		/* a directory's identity (base/identity.h) */
	INPUT_NAMES,		/* hash over the sorted names of a directory */
	INPUT_ABSENT,		/* nothing of that name */
	INPUT_LINK,		/* target text of a symbolic link */
};
struct input {
	enum input_type type;
	const char *path;
	const char *evidence;	/* hash, number, target; NULL for INPUT_ABSENT */
};

/* A fact for people and reports; never acted on. */
struct note {
	const char *key;
	const char *value;
};

struct plan {
	const char *scope;	/* "host", "guest", "container" */
	const char *guest;	/* NULL for the host; "ct/345" for a container */
	uint32_t ctid;		/* 0 for the host */
	size_t nr_inputs, cap_inputs;
	struct input *input;
	size_t nr_notes, cap_notes;
	struct note *note;
	size_t nr_steps, cap_steps;
	struct step *step;
};

/* Building; strings are copied into the pool. */
void plan_input(struct plan *p, struct pool *pool, enum input_type type, const char *path,
		const char *evidence);
void plan_note(struct plan *p, struct pool *pool, const char *key, const char *value);
/* A new last step of a kind; then step_arg() its arguments. NULL name of kind: bug, dies. */
struct step *plan_step(struct plan *p, struct pool *pool, const char *kind);
void step_arg(struct step *s, struct pool *pool, const char *name, const char *value);
void step_argf(struct step *s, struct pool *pool, const char *name, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
void step_text(struct step *s, struct pool *pool, const void *bytes, size_t len);

const char *plan_note_get(const struct plan *p, const char *key);
/* Was it made on a kernel that sets coarse times (base/compat.h)? */
bool plan_is_coarse(const struct plan *p);
#define PLAN_TIMES "times"
#define PLAN_COARSE "microseconds"

/*
 * The token: 16 hex digits, other ones for each plan. What a step leaves beside something
 * is called by it, and so told from a name that somebody else gave. fixed: NULL, or the
 * token of a test. Needs /proc.
 */
#define PLAN_TOKEN "token"
#define TOKEN_LEN 16
int plan_token_new(struct plan *p, struct pool *pool, const char *fixed, struct err *err) MUST_CHECK;
/* Zeros where a plan has none: it was not decided, but put together by a test. */
const char *plan_token(const struct plan *p);
/* What the verbs are told of the plan that they belong to: its steps, its token, its times. */
void plan_to_work(const struct plan *p, struct work *w);

/* The text form. */
void plan_print(struct buf *out, const struct plan *p);
/*
 * A plan in its text form, and what must be known of it without reading that: some KB,
 * where the plan itself takes several times as much.
 */
struct printed_plan {
	const char *scope, *guest;	/* as in struct plan */
	uint32_t ctid;
	const char *text;
	size_t len;
	unsigned relocation;	/* the step that moves or copies the tree; UINT_MAX: none */
	bool recorded;		/* the survey left a manifest of the tree, see run/journal.h */
};
void plan_printed(struct printed_plan *out, const struct plan *p, struct pool *pool);
/*
 * Read one plan from *text and move *text behind it. Unknown format, features, kinds,
 * arguments, a wrong hash: errors that name the line.
 */
int plan_parse(struct plan *p, const char **text, struct pool *pool, struct err *err) MUST_CHECK;

/*
 * Compare the evidence with the disk, and see that no link bars the way to a step's place.
 * *stale: NULL, or what changed, for people.
 */
int plan_fresh(const struct plan *p, const struct root *root, struct pool *pool,
	       const char **stale, struct err *err) MUST_CHECK;
/* The identity (base/identity.h) of what stands at a path, as text; NULL with err. */
const char *identity_of(const struct root *root, const char *path, struct pool *pool,
			struct err *err);
/* The evidence of one input now (pool text), NULL where there is nothing. */
int input_evidence(const char **out, const struct root *root, enum input_type type,
		   const char *path, struct pool *pool, struct err *err) MUST_CHECK;
/* The same, and links in a guest's tree (NULL: none) lead to nothing outside of it. */
int input_evidence_in(const char **out, const struct root *root, const char *tree,
		      enum input_type type, const char *path, struct pool *pool,
		      struct err *err) MUST_CHECK;

#endif
