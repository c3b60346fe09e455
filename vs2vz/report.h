/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people and programs get to read: one plain document is filled from the
 * nouns, then printed as text, JSON or HTML, or read back from stored JSON.
 * report_write() is the only writer to stdout.
 *
 *	report_init(&r, &pool, "convert", argc, argv);
 *	g = report_guest(&r, guest->name);
 *	report_found(g, &r, guest, "ext4");
 *	report_decided(g, &r, decision);
 *	r.findings = &findings;
 *	g->state = STATE_CONVERTED;
 *	...
 *	report_plan(&text, &r);			or report_json(&text, &r)
 *	report_write(&text);
 *	...
 *	if (report_finish(err) < 0) ...		stdout full, closed
 *
 * Every string in the document is printable (show()) and lives in its pool, so
 * the renderers need not care where it came from.
 */
#ifndef VS2VZ_REPORT_H
#define VS2VZ_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/inroot.h"
#include "base/pool.h"
#include "decide/decide.h"
#include "model/finding.h"
#include "model/guest.h"
#include "model/host.h"
#include "run/journal.h"
#include "step/plan.h"

#define REPORT_FORMAT "1.0"

/* Where a guest stands, computed from the journal and the scan. */
enum report_state {
	STATE_FOUND,		/* convertible */
	STATE_BLOCKED,		/* inhibitors */
	STATE_ABSENT,		/* configuration without tree */
	STATE_UNREAD,		/* configuration that cannot be looked at */
	STATE_CONVERTING,	/* by a living vs2vz */
	STATE_INTERRUPTED,	/* on the way forwards */
	STATE_CONVERTED,
	STATE_UNDO_INTERRUPTED,
	STATE_UNDONE,
	STATE_COMMIT_INTERRUPTED,
	STATE_COMMITTED,
	STATE_LOST,		/* a conversion without its journal */
	STATE_DAMAGED,		/* the journal cannot be read */
};

/* What this run did with a guest. */
enum outcome {
	OUTCOME_NONE,		/* only looked at */
	OUTCOME_DONE,
	OUTCOME_ALREADY,	/* nothing to do */
	OUTCOME_BLOCKED,	/* not begun: inhibitors */
	OUTCOME_SKIPPED,	/* not begun: stopped before, or refused */
	OUTCOME_FAILED,		/* state says where it stands now */
	OUTCOME_DIFFERS,	/* verify: not as recorded */
};

struct report_item {		/* a row of the ledger */
	const char *item, *fate;
	const char *value, *result, *reason; /* NULL: none */
};
struct report_script {		/* a hook script, to be read by people */
	const char *item;
	size_t nr_lines;
	const char **lines;
	bool cut;		/* there is more */
};
struct report_action {		/* a line of the plan */
	char mark;		/* '+', '~', '-' */
	const char *word, *text;
};
struct report_path {		/* kept by undo, or differing for verify */
	const char *path, *why;
};

struct report_port {
	const char *protocol, *address;
	unsigned port;
	const char *program;
};
struct report_program {
	const char *program;
	unsigned count;
};
struct report_start {		/* of verify --start */
	const char *way;	/* "rehearsal", "vzctl" */
	const char *result;	/* "up", "no runlevel", ... */
	const char *why, *level, *console; /* NULL: none */
	unsigned seconds, stop_seconds;
	bool stopped;		/* it went down when told to */
	size_t nr_ports;
	struct report_port *ports;
	size_t nr_programs;
	struct report_program *programs;
};

struct report_container {	/* of status */
	const char *kind;	/* "shared", "insulated", "ploop" */
	const char *device;	/* VE_DEVICE as written; NULL: shared */
	const char *volume;	/* the device or image file that it means; NULL: not to be found */
	const char *uuid;	/* of the file system there */
	const char *why;	/* why it cannot be used; NULL */
};

struct report_guest {
	const char *name;	/* "host" for host-wide steps, see is_host */
	bool is_host;
	enum report_state state;
	enum outcome outcome;
	bool locked;		/* blocked, by vzctl's lock of the container and nothing else */
	const char *error;	/* what failed, NULL */
	uint32_t ctid;		/* 0: none yet */
	const char *ctid_from;
	/* as found; NULL or 0 where unknown */
	bool found;
	int64_t xid;		/* -1: dynamic */
	bool on_boot, disabled, surveyed;
	const char *marks, *hostname, *install, *conf, *tree, *file_system;
	const char *distro, *version, *init, *arch;
	uint64_t bytes, inodes;
	size_t nr_addresses;
	const char **addresses;
	/* as decided */
	bool planned;
	const char *ct_conf, *ct_private, *ct_root, *sample;
	const char *method, *method_reason;
	size_t nr_items, cap_items;
	struct report_item *items;
	size_t nr_scripts, cap_scripts;
	struct report_script *scripts;
	size_t nr_actions, cap_actions;
	struct report_action *actions;
	uint64_t files_written;
	/* after undo or verify */
	bool compared;		/* what follows is known */
	uint64_t objects, keys, contents; /* of the tree, of CTID.conf, files that were read */
	size_t nr_paths, cap_paths;
	struct report_path *paths;
	const struct report_start *start; /* NULL: it was not started */
	const struct report_container *container; /* as configured now; NULL: not looked at */
	uint64_t seconds;	/* of this run; 0: not measured */
};

struct report {
	struct pool *pool;
	const char *command;
	const char *version;	/* of the tool that made it */
	const char *host_name;	/* of the host, which below --root is not this machine */
	const char *root;	/* --root, absolute; NULL: the running system */
	const char *run;	/* "20260102T030405Z-4711" */
	time_t started, ended;	/* ended is set by report_end() */
	size_t nr_arguments;
	const char **arguments;
	int status;		/* exit status, by report_end() */
	bool lost;		/* there are conversions without a journal */
	bool unseen;		/* something could not be looked at: what is missing is not gone */
	uint64_t bytes_needed;
	uint64_t bytes_freed;	/* by commit, or its dry run */
	size_t nr_guests, cap_guests;
	struct report_guest *guests;
	struct {			/* places of the guests' entries by name, see entry() */
		size_t nr, room;	/* entries that are in it; slots, a power of two */
		size_t *slot;		/* place + 1; 0: free */
	} index;
	const struct findings *findings; /* NULL: none asked for */
};

struct report_counts {
	size_t guests;		/* without the host's entry */
	size_t convert, blocked, skipped; /* of a plan */
	size_t done, already, failed, differs; /* of a run */
	size_t info, fixed, warning, inhibitor, lifted;
	uint64_t files_written;
};

/* What stands where there is no guest to list: "no guests", or that none could be seen. */
const char *report_nobody(const struct report *r);
/* Filling (report_fill.c). A guest pointer is valid until the next report_guest(). */
void report_init(struct report *r, struct pool *pool, const char *command, int argc,
		 char **argv);
struct report_guest *report_guest(struct report *r, const char *name);
/* The entry of host-wide steps. */
struct report_guest *report_host(struct report *r);
/* What the scan found; file_system may be NULL. */
void report_found(struct report_guest *g, const struct report *r, const struct guest *guest,
		  const char *file_system);
/* What was decided: CTID, ledger, the steps as lines. */
void report_decided(struct report_guest *g, const struct report *r,
		    const struct decision *decision);
/* The ledger alone (report_ledger.c). */
void report_fates(struct report_guest *g, const struct report *r, const struct ledger *ledger);
/* The steps of a plan that was read from a file or a journal. */
void report_steps(struct report_guest *g, const struct report *r, const struct plan *plan);
void report_path_add(struct report_guest *g, const struct report *r, const char *path,
		     const char *why);
void report_error(struct report_guest *g, const struct report *r, const struct err *err);
/*
 * Time and status, guests sorted by name with the host's entry last (pointers and
 * positions are void then); call it once, before anything is printed.
 */
void report_end(struct report *r, int status);
struct report_counts report_count(const struct report *r);
/* The state that a journal's phase means; live: the journal is in use by a process. */
enum report_state report_state_of(enum phase phase, bool live);
const char *state_word(enum report_state state);
const char *outcome_word(enum outcome outcome);
/* How this program is called for this host: "vs2vz", "vs2vz --root /mnt"; pool text. */
const char *report_program(const struct report *r);
/* The word that means this guest, for a shell. */
const char *report_operand(const struct report *r, const struct report_guest *g);
/* The commands that lead on from a state: pool text, "" where nothing is to be done. */
const char *report_next(const struct report *r, const struct report_guest *g);
/* "vs2vz verify web; then commit; or undo": program and guest are named once. */
const char *report_next_brief(const struct report *r, const struct report_guest *g);

/* Text (report_text.c). Colour only for words of level, marks and states. */
struct text_style {
	bool color;
	bool verbose;		/* ledger, all guests of a grouped finding */
	bool worst_first;	/* files; screens have the worst last */
};
void report_scan(struct buf *out, const struct report *r, const struct text_style *style);
void report_findings(struct buf *out, const struct report *r, const struct text_style *style);
/* One block per guest, then the totals. */
void report_plan(struct buf *out, const struct report *r, const struct text_style *style);
void report_ledger(struct buf *out, const struct report_guest *g, const struct text_style *style);
/* The same as a file of its own, ledger.txt of a journal. */
void report_ledger_file(struct buf *out, const struct report *r, const struct report_guest *g);
void report_status(struct buf *out, const struct report *r, const struct text_style *style);
/* Of convert, resume, undo, commit, verify: a line per guest, what was kept or differs. */
void report_summary(struct buf *out, const struct report *r, const struct text_style *style);
/* What was seen of every container that was started (report_start.c). */
void report_starts(struct buf *out, const struct report *r, const struct text_style *style);
/* The truthful last line of a changing command, from the guests' states. */
void report_closing(struct buf *out, const struct report *r);
/* Everything, for report.txt and `report --format text`. */
void report_full(struct buf *out, const struct report *r);
void report_explain(struct buf *out, const struct finding_kind *kind);
/* The translation table for people, or as Markdown. */
/* Fix-up recipes: all in a table; one with its reason and its text. */
struct recipe;
struct recipes;
void report_recipes(struct buf *out, const struct recipes *recipes);
void report_recipe(struct buf *out, const struct recipe *recipe);
void report_rules(struct buf *out, bool markdown);

/*
 * Unified differences of every file that the plan writes, against what is on disk now
 * (report_diff.c). color as in the style.
 */
int report_diff(struct buf *out, const struct plan *plan, const struct root *root,
		bool color, struct err *err) MUST_CHECK;
void diff_text(struct buf *out, const char *path, const struct buf *old, const struct buf *new,
	       bool color);

/*
 * All renderers drain their buffer (base/buf.h) between guests, rows and findings: with a
 * sink no whole text is ever in memory.
 *
 * JSON (report_json.c, schema docs/schema/report-1.0.json) and HTML (report_html.c).
 */
void report_json(struct buf *out, const struct report *r);
/* A stored document; findings are added to *findings. Unknown members are ignored. */
int report_load(struct report *r, const char *text, size_t len, struct pool *pool,
		struct findings *findings, struct err *err) MUST_CHECK;
void report_html(struct buf *out, const struct report *r);

/*
 * To stdout, as it is, or piece by piece: struct buf out = BUF_INTO(&report_stdout), and
 * buf_flush() at the end. Errors are remembered for report_finish().
 */
extern const struct buf_sink report_stdout;
void report_write(const struct buf *text);
/* Flush and close stdout; -1: some of it was not written. */
int report_finish(struct err *err) MUST_CHECK;

#endif
