/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translation table: one const row per VServer item (rules.c). Every item of
 * every guest is claimed by exactly one row, or is named in a finding. Adding an
 * item is adding a row.
 */
#ifndef VS2VZ_DECIDE_RULES_H
#define VS2VZ_DECIDE_RULES_H

#include <stddef.h>

#include "base/inroot.h"
#include "model/ct.h"
#include "model/finding.h"
#include "model/guest.h"
#include "model/host.h"
#include "openvz/conf.h"

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
	/* '*' matches within one component, a trailing two-star tail matches any depth. */
	const char *pattern;
	const char *param;	/* "HOSTNAME", NULL: none */
	enum verdict verdict;
	/* Sets parameters, adds findings; may change fate->verdict. NULL: the row says it all. */
	void (*map)(struct translation *t, const struct item *item, struct fate *fate);
	const char *reason;	/* for people */
	/* What tells the administrator of a manual item; 0: VS_ITEM_LATER. */
	enum finding_id id;
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
	const char *params;	/* set for this item, where not those of the rule */
};
struct ledger {
	size_t nr;
	struct fate *v;		/* in the order of the items */
};

/* What the container may do that the guest never could. */
enum rights {
	RIGHTS_DEFAULT,		/* what OpenVZ gives to every container */
	RIGHTS_LEAST,		/* switched off */
};

/* Limits that the guest did not have. */
enum limits_from {
	LIMITS_GUEST,		/* none in the container either */
	LIMITS_SAMPLE,		/* those of the sample */
};

struct rules_input {
	const struct guest *guest;
	const struct host *host;
	const struct conf *sample;	/* NULL: limits are not looked at */
	const struct root *root;	/* the host's files; NULL: none */
	enum rights rights;
	enum limits_from limits;
	unsigned bootorder;		/* 0: none; see bootorder.h */
	const char *packages;		/* what becomes of apps/pkgmgmt; NULL: not looked at */
	enum verdict packages_verdict;
};

/* Apply the table: fills ct settings and the ledger, adds findings. */
void rules_translate(struct ledger *out, struct ct *ct, const struct rules_input *in,
		     struct pool *pool, struct findings *findings);
const struct rule *rule_find(enum guest_style style, const char *path);
/* The same in a table of one's own. */
const struct rule *rule_find_in(const struct rule *table, size_t nr, enum guest_style style,
				const char *path);
const char *verdict_word(enum verdict v);

#endif
