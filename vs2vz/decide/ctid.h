/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Container numbers for all guests of a host at once: what a guest gets depends on
 * the others, but not on which of them are converted in this run.
 *
 *	explicit -> map file -> digits of the name -> static context -> lowest free
 *
 * A level is settled for all guests before the next one begins; within a level the
 * guests go by name. A derived number that is in use falls to the next level.
 */
#ifndef VS2VZ_DECIDE_CTID_H
#define VS2VZ_DECIDE_CTID_H

#include "decide/decide.h"

#define CTID_LOWEST  101u		/* up to 100 is reserved */
#define CTID_HIGHEST 2147483644u

struct ctid_pick {
	uint32_t ctid;		/* 0: none */
	const char *from;	/* "digits of the name" */
};

struct ctid_request {
	const struct guests *all;
	const struct host *host;
	const struct root *root;
	const struct choices *choices;
	/* Findings are made for these only; nr_selected 0: none at all. */
	const struct guest **selected;
	size_t nr_selected;
};

/*
 * picks: one for each of all->v, in that order; converted guests keep their number, barred
 * ones (model/guest.h) get none.
 */
int ctid_assign(struct ctid_pick *picks, const struct ctid_request *request,
		struct pool *pool, struct findings *findings, struct err *err) MUST_CHECK;

#endif
