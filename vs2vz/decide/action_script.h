/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of decide/: the steps that put an action script of vzctl in place. A script of
 * that name that is there already, from an earlier container or an administrator, keeps
 * its work: a copy gets a name that vzctl does not know, and ours, which takes its place,
 * calls it.
 *
 *	write CTID.mount.before-vs2vz · edit CTID.mount
 *
 * Undo of the edit brings the earlier file itself back. Only plain text can be copied
 * by a plan; anything else is a finding.
 */
#ifndef VS2VZ_DECIDE_ACTION_SCRIPT_H
#define VS2VZ_DECIDE_ACTION_SCRIPT_H

#include "decide/inside.h"

struct action_script {
	const char *path;
	const char *guest;		/* for findings; NULL: the host */
	enum finding_id unusable;	/* it is there and cannot be kept: no steps */
	enum finding_id chained;	/* it is there and is kept */
	/* The text; chained: path of the earlier one, NULL: none. */
	void (*text)(struct buf *out, const void *ctx, const char *chained);
	const void *ctx;
};
void action_script_build(struct deciding *d, struct plan *plan, const struct action_script *s);

#endif
