/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translation table: one const row per VServer item (rules.c). Every item of
 * every guest is claimed by exactly one row, or is named in a finding. Adding an
 * item is adding a row.
 */
#ifndef VS2VZ_DECIDE_RULES_H
#define VS2VZ_DECIDE_RULES_H

#include <stddef.h>

#include "model/ct.h"
#include "model/finding.h"
#include "model/guest.h"
#include "model/host.h"

enum verdict {
	VERDICT_SAME,		/* carried over exactly */
	VERDICT_NEAR,		/* approximated: reason */
	VERDICT_NOT_NEEDED,	/* has no meaning there: reason */
	VERDICT_MANUAL,		/* left to the administrator: what to do */
	VERDICT_UNKNOWN,	/* no row */
};

struct fate;
struct translation;		/* guest, host, ct, pool, findings: see rules.c */

struct rule {
	enum guest_style style;
	const char *pattern;	/* '*' matches within one component, a trailing two-star tail matches any depth */
	const char *param;	/* "HOSTNAME", NULL: none */
	enum verdict verdict;
	/* Sets parameters, adds findings; may change fate->verdict. NULL: the row says it all. */
	void (*map)(struct translation *t, const struct item *item, struct fate *fate);
	const char *reason;	/* for people */
};
extern const struct rule rules[];
extern const size_t nr_rules;

/* What became of one item. */
struct fate {
	const struct item *item;
	const struct rule *rule; /* NULL: VERDICT_UNKNOWN */
	enum verdict verdict;
	const char *result;	/* "HOSTNAME=test345.my.org", NULL */
	const char *reason;
};
struct ledger {
	size_t nr;
	struct fate *v;		/* in the order of the items */
};

/* Apply the table: fills ct settings and the ledger, adds findings. */
void rules_translate(struct ledger *out, struct ct *ct, const struct guest *guest,
		     const struct host *host, struct pool *pool, struct findings *findings);
const struct rule *rule_find(enum guest_style style, const char *path);
const char *verdict_word(enum verdict v);

#endif
