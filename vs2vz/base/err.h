/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a failure travels.
 *
 * Every function that can be refused by the system takes a struct err * as its
 * last parameter, owned by the caller, and returns 0 or -1 (or a pointer or
 * NULL). The deepest function that knows the operands writes the text; callers
 * put context before it; only main.c and report.c print it.
 *
 *	if (sys_rename(from, to) < 0)
 *		return fail_errno(err, "cannot rename '%s'", show(from->name));
 *
 * Three classes are never mixed: a finding (the input or the host is odd: see
 * model/finding.h), an err (the system said no), and die() (a bug or no memory).
 */
#ifndef VS2VZ_BASE_ERR_H
#define VS2VZ_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN __attribute__((noreturn))

/* A number above all errno values: the run was asked to stop (see stop.h). */
#define ERR_STOPPED 4001
/* The disk holds something that is neither the state before nor after a step. */
#define ERR_FOREIGN 4002

struct err {
	int code;	/* errno, ERR_*, or 0 where no system call was refused */
	char text[1024]; /* one line, printable, no full stop */
};

/* Set the text; return -1. */
int fail(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Set the text, add ": " and the words of errno, keep errno as code; return -1. */
int fail_errno(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Set the text and a code of our own; return -1. */
int fail_code(struct err *err, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Put "context: " before the text. */
void err_add(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Was nothing of that name there (ENOENT, ENOTDIR)? What an expected absence leaves. */
bool err_is_absent(const struct err *err);
/* Forget a failure that was dealt with. */
void err_clear(struct err *err);

/* A bug of ours or no memory: say so and end. Safe at any time: the journal is. */
void die(const char *fmt, ...) PRINTF_LIKE(1, 2) NORETURN;

/*
 * Bytes that may have come from a guest, made printable: control bytes, bytes
 * that are not UTF-8, C1 and bidirectional controls become \xHH. The text lives
 * in one of eight buffers of the calling thread; long input is cut with "...".
 */
const char *show(const char *bytes);

#endif
