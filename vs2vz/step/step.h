/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One reversible change. A kind is one const row: its arguments and four verbs.
 * Dry run, convert, resume, undo, commit, status and verify derive from the rows.
 *
 * Contracts of the verbs:
 *
 *  stage   (optional) prepares a batch: temporary files beside their targets, handed
 *	    to work_sync_later(), so that one flush serves them all. Repeats from
 *	    scratch; what it leaves after a cut is removed by apply and by undo.
 *  guard   reads only. Compares the recorded evidence with the disk and says where
 *	    the step stands: STANDS_BEFORE, STANDS_AFTER, or STANDS_FOREIGN (neither;
 *	    err says what was found). A step that a cut left half-way stands where
 *	    apply and undo can still lead it; guard may call it either. NULL where
 *	    there is nothing to see.
 *  apply   converges to "after" from untouched, half-done or done.
 *  undo    converges to "before" from the same three, and also when the step never
 *	    ran. What others changed since is kept: work_kept() lists it.
 *  may_finish (optional) reads only; asked of all steps before the first one finishes, and
 *	    again whenever a commit goes on. What the step made is there and can be read,
 *	    and what finish would delete holds nothing that exists only there.
 *  finish  drops what only undo needs; after it there is no way back. Converges too.
 *
 * Data changes are durable when a verb returns, except directory entries whose
 * parent was handed to work_sync_later(): run/ flushes those before it logs the
 * batch as done. Leftover temporary names of an earlier try are removed first.
 */
#ifndef VS2VZ_STEP_STEP_H
#define VS2VZ_STEP_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/inroot.h"
#include "base/pool.h"

#define STEP_ARGS_MAX 16

enum direction { FORWARD, BACK };
enum standing { STANDS_BEFORE, STANDS_AFTER, STANDS_FOREIGN };

enum arg_type {
	ARG_PATH,		/* canonical, below the host root */
	ARG_TEXT,
	ARG_NUMBER,
	ARG_MODE,		/* octal */
	ARG_OWNER,		/* UID:GID */
	ARG_TIME,		/* SECONDS.NANOSECONDS, SECONDS may be negative */
	ARG_HASH,		/* 32 hex digits, or "absent" */
	ARG_ID,			/* base/identity.h */
};
struct arg {
	const char *name;
	enum arg_type type;
	bool optional;
};

struct kind;

struct step {
	const struct kind *kind;
	unsigned nr;			/* position in the plan */
	const char *value[STEP_ARGS_MAX]; /* by position in kind->args; NULL: absent */
	const char *text;		/* content, NULL: none */
	size_t text_len;
};

/* What undo does with a copied tree that its container changed (decided by the user). */
enum changed_policy { CHANGED_REFUSE, CHANGED_DISCARD, CHANGED_BRING_BACK };
enum verify_mode { VERIFY_FULL, VERIFY_QUICK };
/* What commit does with what it would delete: a set-aside source, inodes held back. */
enum source_policy {
	SOURCE_GOES,		/* refused where it holds what was never copied */
	SOURCE_GOES_ALL,	/* that as well: --discard-changes */
	SOURCE_STAYS,		/* --keep-source */
};

/* A thing that undo found changed and left, or put aside; or that commit keeps. */
struct kept {
	const char *path;
	const char *why;
};
/* What a commit deletes, or what stays because of SOURCE_STAYS. */
struct loss {
	const char *path;
	uint64_t names, bytes;	/* objects; allocated bytes that no other name holds */
	uint64_t changed;	/* objects that the other copy has otherwise or not at all */
};

/* Everything a verb may use besides its step. */
struct work {
	const struct root *root;	/* the host */
	int folder;			/* the journal's folder: before-images, records */
	struct pool *pool;		/* lives as long as the run of this plan */
	unsigned threads;		/* 0: choose */
	enum verify_mode verify;
	enum changed_policy changed;
	struct sync_set *syncs;		/* directories to flush, see work_sync_later() */
	/*
	 * Set by run/ for undo: the log says that the step was completed. False while it
	 * is in doubt: what then looks changed was perhaps never ours and stays.
	 */
	bool ran;
	bool complete;			/* set for may_undo: all steps done, none taken back yet */
	bool staged;			/* set by run/: this batch was staged and flushed */
	bool writes;			/* set by run/: not only looked at, see view.h */
	bool back;			/* set by run/: undo, or the question whether it may be */
	bool coarse;			/* times, see base/compat.h: by this kernel or the plan's */
	bool replays;			/* set by run/: an own file system's journal, to look */
	struct view *view;
	const struct step *steps;	/* the whole plan: by plan_to_work() */
	size_t nr_steps;
	const char *token;		/* of the plan, in names beside what a step changes */
	size_t nr_kept, cap_kept;
	struct kept *kept;
	size_t nr_lifted, cap_lifted;
	struct lifted *lifted;		/* see locks.h */
	enum source_policy source;
	bool resumes;			/* set by run/: a commit that had begun goes on */
	bool refused;			/* set by run/: it was asked first, and said no */
	size_t nr_losses, cap_losses;	/* by may_finish */
	struct loss *losses;
	uint64_t nr_late;		/* what only that has which goes; the first are listed */
	size_t nr_listed, cap_late;
	struct kept *late;
	bool lists;			/* may_finish is to list what the container has otherwise */
	size_t nr_others, cap_others;
	struct kept *others;
};
/* So many of them are listed at most. */
#define LATE_LISTED 100000

struct kind {
	const char *name;
	const struct arg *args;		/* ends with a NULL name */
	bool alone;			/* long: a batch of its own */
	bool moves;			/* steps at or inside its paths go into another batch */
	bool has_text;
	bool telling;			/* its result is hardly another's, by content */
	bool finish_erases;		/* after finish, guard has nothing to go by */
	int (*stage)(const struct step *s, struct work *w, struct err *err); /* may be NULL */
	int (*guard)(const struct step *s, struct work *w, enum standing *now, struct err *err);
	int (*apply)(const struct step *s, struct work *w, struct err *err);
	int (*undo)(const struct step *s, struct work *w, struct err *err);
	int (*may_finish)(const struct step *s, struct work *w, struct err *err); /* may be NULL */
	int (*finish)(const struct step *s, struct work *w, struct err *err); /* may be NULL */
	/*
	 * Read only, asked when the batch of the step has not been begun: does its result
	 * stand there already? Then it is not the step's own (found_noted()), and undo
	 * leaves it. NULL: the evidence in the plan tells.
	 */
	int (*found)(const struct step *s, struct work *w, bool *there, struct err *err);
	/*
	 * May the undo of this step go ahead? Read only, asked for all steps of a guest
	 * before the first is taken back; refuses with err (ERR_FOREIGN). May be NULL.
	 */
	int (*may_undo)(const struct step *s, struct work *w, struct err *err);
	/* One line of the dry run: mark ('+', '~', '-'), word ("move"), the rest. */
	void (*describe)(const struct step *s, char *mark, const char **word, struct buf *rest);
};

/* The rows, in kinds.c. */
extern const struct kind *const kinds[];
const struct kind *kind_find(const char *name);

/* An argument by name: the row must know it (asserted). NULL: optional and absent. */
const char *step_get(const struct step *s, const char *name);
/* The same, NULL also where the kind has no such argument. */
const char *step_get_or_null(const struct step *s, const char *name);
uint64_t step_number(const struct step *s, const char *name);

void work_init(struct work *w, const struct root *root, int folder, struct pool *pool);
void work_release(struct work *w);
/*
 * Flush this directory (or staged file) before the batch is logged as done. The
 * descriptor is duplicated.
 */
void work_sync_later(struct work *w, int dirfd);
/* Flush all that was handed over. */
int work_sync_now(struct work *w, struct err *err) MUST_CHECK;
/* Flush what can be, and forget the rest: the way back flushes all that it changes. */
void work_sync_drop(struct work *w);
void work_kept(struct work *w, const char *path, const char *fmt, ...) PRINTF_LIKE(3, 4);
/*
 * For may_finish: what would be deleted; an object of the copy that is not as it was made,
 * where w->lists (LATE_LISTED at most). For may_finish and may_undo: an object that exists
 * only in what would be deleted.
 */
void work_loss(struct work *w, struct loss loss);
void work_other(struct work *w, const char *path, const char *what);
void work_late(struct work *w, const char *path, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
