/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal of one plan: a folder below the state directory.
 *
 *	STATE/guests/NAME/	one per guest
 *	STATE/containers/CTID/	one per container that was insulated, or is shared again
 *	STATE/host/N/		host-wide steps, taken back when the last guest is undone
 *	STATE/archive/NAME.~N~/	ended ones
 *	STATE/manifests/NAME	what the survey of a convert wrote down, until it has a journal
 *	  plan			written once, then read only
 *	  log			grows by appended, checksummed lines
 *	  seal			how many lines there were, and the last one's checksum
 *	  before/N, kept/N	saved content
 *	  sums			hashes of copied files
 *	  manifest.N, manifest.N.copy	what each tree held (step/manifest.h)
 *	  report.json
 *
 *	  copy.N, bring.N	inode number of the tree that copy or bring step N made
 *
 * A log line: "SEQ WORD [A-B] [key=value ...] CHECK". Words: open, do A-B, done A-B,
 * complete, undo B-A, undone B-A, reverted, finish A-B, finished A-B, closed, kept. The
 * end of one batch and the beginning of the next share a line: "7 done 0-2 next=do:3-3".
 * An unterminated or damaged LAST line never happened, unless the seal knows of it; a damaged
 * line elsewhere, and a log that ends before its seal, is refused
 * (err->code VS_JOURNAL_DAMAGED; VS_JOURNAL_NEWER for formats and words that are not known).
 * Every append is synced before the work that it announces.
 */
#ifndef VS2VZ_RUN_JOURNAL_H
#define VS2VZ_RUN_JOURNAL_H

#include <stdint.h>

#include "base/inroot.h"
#include "step/plan.h"

#define MANIFESTS "manifests"

enum phase {
	PHASE_NONE,		/* no journal */
	PHASE_PLANNED,		/* folder exists, nothing begun */
	PHASE_CONVERTING,	/* forwards, not at the end: interrupted unless we run it */
	PHASE_CONVERTED,
	PHASE_UNDOING,
	PHASE_UNDONE,
	PHASE_COMMITTING,
	PHASE_COMMITTED,
};
const char *phase_word(enum phase phase);	/* "converted" */

/* Bytes of a guest's name: its folder is archived as NAME.~N~, and made as .new-NAME. */
#define JOURNAL_NAME_MAX 239

struct journal {
	const char *name;	/* guest's name, "ct/345" or "host" */
	int folder;		/* open directory */
	int seal;		/* open for writing, -1 until needed, -2: no more */
	int log;		/* open for appending, -1 until needed, -2: failed, no more */
	uint64_t log_len;	/* bytes of whole lines */
	uint64_t next_seq;
	struct plan plan;
	enum phase phase;
	/*
	 * Steps before first are done, those from last on are not begun; first..last-1
	 * are in doubt: the batch that was begun and not logged as done.
	 */
	unsigned first, last;
	/* Steps before this one were completed at some time and not taken back since. */
	unsigned reached;
	struct pool pool;
};

/*
 * Open the state directory below the host root, made where missing (write) or absent:
 * -1, ENOENT.
 */
int state_open(const struct root *root, const char *path, bool write, struct err *err) MUST_CHECK;

/* Take away what surveys wrote down for guests that got no journal, also in a run that was cut. */
void state_clear(int state);

/* Lock STATE against a second changing vs2vz; -1 with EWOULDBLOCK and the holder's pid in err. */
int state_lock(int state, struct err *err) MUST_CHECK;

/*
 * Make journals for plans that will be run: all folders are written, made durable with
 * one sync, then renamed into place. An ended journal of the same guest is archived.
 */
int journal_create(int state, const struct plan *plans, size_t nr, struct err *err) MUST_CHECK;
int journal_create_printed(int state, const struct printed_plan *plans, size_t nr,
			   struct err *err) MUST_CHECK;
/* The key of a guest's journal, or, for "ct/345", of a container's. */
const char *journal_key(const char *name, struct pool *pool);
/* Open an existing one by key ("guests/v345", "host/1"); ENOENT where there is none. */
int journal_open(struct journal *j, int state, const char *key, struct err *err) MUST_CHECK;
void journal_close(struct journal *j);

/* Append and sync one line; moves phase, first and last as the word says. */
int journal_log(struct journal *j, const char *word, unsigned a, unsigned b, struct err *err) MUST_CHECK;
/* The same with the next word in the same line: "done 0-2 next=do:3-3"; one sync for both. */
struct log_word {
	const char *word;
	unsigned a, b;		/* as printed: "undo 5-3" has a = 5 */
};
int journal_log_two(struct journal *j, const struct log_word *now, const struct log_word *next,
		    struct err *err) MUST_CHECK;
int journal_log_kept(struct journal *j, const struct kept *kept, struct err *err) MUST_CHECK;

/*
 * Names of guests with a journal, sorted, then those of containers ("ct/345"); numbers
 * of host journals, ascending.
 */
int journal_list(int state, struct pool *pool, const char ***names, size_t *nr,
		 struct err *err) MUST_CHECK;
int journal_list_host(int state, struct pool *pool, unsigned **numbers, size_t *nr,
		      struct err *err) MUST_CHECK;

#endif
