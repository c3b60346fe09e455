/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the system did not let us see.
 *
 * "There is no such thing" is an answer, and so is "it is of another type". Everything
 * else (EIO, EMFILE, ENOMEM, EUCLEAN, EACCES ...) is none: a caller that takes it for
 * absence makes a guest, a setting or a user of a tree vanish. So the door (inroot.h)
 * keeps every refusal that is no answer here, whatever its caller makes of it, and what
 * decides asks before it trusts what was seen. For the whole process; any thread.
 */
#ifndef VS2VZ_BASE_UNSEEN_H
#define VS2VZ_BASE_UNSEEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define UNSEEN_MAX 64		/* that are kept; all are counted */

struct unseen {
	const char *path;	/* of the running system, "" where it has none */
	int code;		/* errno */
};

/* Does the errno say what is there, or that nothing is? */
bool errno_is_answer(int code);
/*
 * A path below a root could not be looked at; root and path are joined by a slash where
 * neither has one. Answers are not taken, nor is a thing twice; errno stays as it is.
 */
void unseen_note(const char *root, const char *path, int code);
/* Does err tell of a look that was refused, which is no answer? */
bool err_is_refusal(const struct err *err);
/* The same for a path of which err tells; where no system call was refused it is no refusal. */
void unseen_note_err(const char *path, const struct err *err);
/* How many so far, and one of them (i < UNSEEN_MAX); the text stays. */
size_t unseen_count(void);
struct unseen unseen_get(size_t i);
/* For tests: as if nothing had happened. */
void unseen_forget(void);

#endif
