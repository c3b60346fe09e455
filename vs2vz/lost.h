/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conversions whose journal is not there: the state directory was removed, is not mounted,
 * or another one is named. Found by what they left: our mark in a guest's configuration,
 * and names of ours beside trees (".NAME.vs2vz-TOKEN...") whose token is in no journal.
 */
#ifndef VS2VZ_LOST_H
#define VS2VZ_LOST_H

#include "session.h"

/* One thing that a conversion left, and no journal knows of. */
struct lost {
	const char *guest;	/* whose it is; NULL: that cannot be told */
	const char *path;	/* below the host's root */
	bool mark;		/* a mark in the configuration, not a name beside a tree */
};

/* A journal that was read: its token and the folder where it holds originals are known. */
void lost_know(struct session *s, const struct plan *plan);
/*
 * After the journals were read: fills s->lost, adds a finding for each: VS_JOURNAL_ABSENT
 * (a mark alone: perhaps it was committed) or VS_JOURNAL_LOST.
 * Where a journal cannot be read nothing is said but of marks: the names may be its own.
 */
void lost_find(struct session *s);
/* Was anything set aside that no journal knows, and is that not lifted? Marks do not count. */
bool lost_any(const struct session *s);
/* The same of one guest. */
bool lost_guest(const struct session *s, const char *name);
/*
 * For undo, commit, resume and verify: the lines of guests that the operands mean, blocked,
 * with the reason; what is nobody's is said on stderr.
 */
void lost_refuse(struct session *s);

#endif
