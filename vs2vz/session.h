/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One run of the program: the roots it works below, what it learnt of the host,
 * what was selected and decided, and the report that grows on the way. Commands are
 * compositions of these functions; each function leaves an exit status in the
 * session when it fails, so that a command can simply return session_end().
 *
 *	if (session_look(s) < 0 || session_select(s, SELECT_CONVERT) < 0 ||
 *	    session_decide(s) < 0)
 *		return session_failed(s);
 */
#ifndef VS2VZ_SESSION_H
#define VS2VZ_SESSION_H

#include "base/err.h"
#include "base/fsinfo.h"
#include "base/hidden.h"
#include "base/inroot.h"
#include "base/pool.h"
#include "decide/decide.h"
#include "model/finding.h"
#include "model/guest.h"
#include "model/host.h"
#include "options.h"
#include "report.h"
#include "run/journal.h"
#include "settings.h"
#include "vserver/users.h"

/* A guest with a journal, as found in the state directory. */
struct record {
	const char *name;
	enum phase phase;
	bool damaged;
	bool unread;		/* damaged is not said: the system refuses to show it */
	const char *damage;	/* text of the error */
	uint32_t ctid;
	const struct guest *guest; /* NULL: no longer configured */
};

/* A file system that was looked at, and its device: what base/hidden.h reads. */
struct device {
	dev_t dev;
	struct hidden *hidden;	/* NULL: nothing is known */
	const char *why;	/* why not; static */
};

/* One plan in the form in which it is stored, and what is asked of it before it runs. */
struct job {
	struct printed_plan plan;
	bool makes_own;		/* a file system of its own */
	bool drops_hooks;	/* takes the action scripts away */
};

struct jobs {
	size_t nr, cap;
	struct job *v;
	struct plan host, hooks;
};

struct session {
	struct options opt;
	struct settings set;
	struct pool pool;
	struct root root, proc;
	bool live;		/* the root is "/": the booted kernel counts */
	struct host host;
	struct guests guests;
	struct findings findings;
	size_t nr_unseen;	/* of base/unseen.h's list, those that have become findings */
	struct users users;	/* who uses what, see session_users() */
	struct device *devices;	/* see session_device() */
	size_t nr_devices, cap_devices;
	struct fsinfo *mounts;		/* of the guests' trees, each once */
	size_t nr_mounts, cap_mounts;
	struct lost *lost;	/* what conversions without a journal left: lost.h */
	size_t nr_lost, cap_lost;
	const char **known;	/* tokens of journals */
	size_t nr_known, cap_known;
	bool knows_all;		/* those of ended and host-wide ones as well */
	int state;		/* the state directory, -1: absent */
	int lock;		/* held by a changing command, -1 */
	struct record *records;
	size_t nr_records;
	struct operand *operands;	/* one for each of opt.guests; operands.h */
	const struct guest **selected;
	size_t nr_selected;
	struct decisions decisions;	/* stubs, see decide_each() */
	bool keeps_plans;		/* the command shows, saves or runs them */
	struct jobs decided;		/* of guests that have a plan; text NULL unless kept */
	struct recipes recipes;		/* see session_recipes() */
	const struct before *before; /* check --before-reboot; else NULL */
	const struct before_saved *saved; /* what an earlier one kept; NULL: nothing */
	struct report report;
	struct err err;
	int status;		/* of what failed */
	bool changing;		/* it has the lock: the status is that of its work */
	bool declined;		/* the question was answered with no */
	int argc;
	char **argv;
};

/* Roots, settings, report. */
int session_begin(struct session *s);
/* Scan both worlds and read the journals' phases. */
int session_look(struct session *s);
/* Refuse without root rights, take the lock, open the log of the run. */
int session_may_change(struct session *s);
/*
 * guest->system of the selected ones, and who uses them; (survey) guest->survey and
 * guest->sharers as well: one walk of each tree, and one of each hash store that may
 * hold names of what they share.
 */
int session_inspect(struct session *s, bool survey);
/* The device of an open directory, opened once; fs is the directory's. NULL: s->err. */
const struct device *session_device(struct session *s, int dirfd, const struct fsinfo *fs);
void session_close_devices(struct session *s);
/* Fresh knowledge of who uses what: s->users is read again when it is too old. */
int session_users(struct session *s);
/*
 * The guests that the operands (or --all, or nothing where all are meant) name. An
 * operand that matches nothing is an error. Only guests in GUEST_FOUND state that no
 * open journal holds are taken into s->selected; the others get their line in the
 * report at once (already converted, interrupted, absent).
 */
int session_select(struct session *s);
/* Do the operands mean this guest? */
bool session_means(const struct session *s, const char *guest);
/* Is this finding lifted for all guests, by the options or the settings? */
bool session_lifted(const struct session *s, enum finding_id id);
/* What could not be looked at becomes findings, each once: VS_NOT_SEEN. */
void session_unseen(struct session *s);
/* Apply the overrides of settings and options to the findings so far. */
void session_lift(struct session *s);
/* decide() with options and settings; overrides applied, findings sorted. */
int session_decide(struct session *s);
/* Fix-up recipes, ours and the administrator's; session_decide() reads them by itself. */
int session_recipes(struct session *s);
/* The journal of a change that a committed guest's container has seen since; NULL: none. */
const struct record *session_later(const struct session *s, const struct record *r);
/* The records that the operands name; all of them where none is given. NULL ends them. */
int session_records(struct session *s, const struct record ***out, size_t *nr);
enum report_state record_state(const struct record *r);
struct record *session_record(const struct session *s, const char *name);
const struct guest *session_guest(const struct session *s, const char *name);

/* Text or JSON of what the command learnt, report files, last line; the exit status. */
int session_end(struct session *s, void (*text)(struct session *s, struct buf *out), int status);
/* Print s->err; s->status. */
int session_failed(struct session *s);
int session_fail(struct session *s, int status, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The status of a host that is blocked: EXIT_PLATFORM for its kernel, else EXIT_BLOCKED. */
int session_blocked(const struct session *s);
struct text_style session_style(const struct session *s);
/*
 * Yes on a terminal, or --yes. Else false, and session_failed() says why nothing was
 * changed: "no" is EXIT_DONE, a signal at the question its own status.
 */
bool session_ask(struct session *s, const char *question);
/* A file that the user names, outside the host root; fill() makes its text. */
int session_write_file(struct session *s, const char *path,
		       void (*fill)(struct buf *out, const void *ctx), const void *ctx);
int session_read_file(struct session *s, const char *path, size_t max, struct buf *out);

#endif
