/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A container that exists, and the file system of its private area: from shared to its
 * own (insulate), from one of its own to another, and back to shared (uninsulate). Each is
 * a plan of scope "container".
 *
 *	shared -> own	makefs · the tree aside · bare mount point · CTID.conf
 *	own -> own	makefs · CTID.conf · an old image aside
 *	own -> shared	mount point away · copy · CTID.conf · an old image aside
 *
 * What the tree is copied from stays whole until commit; CTID.conf changes when the new
 * place is complete, checked and compared.
 */
#ifndef VS2VZ_DECIDE_CONTAIN_H
#define VS2VZ_DECIDE_CONTAIN_H

#include "decide/insulate.h"
#include "model/finding.h"
#include "model/host.h"
#include "openvz/layout.h"

/* What plans of one run take of the file systems that hold images, private areas, journals. */
struct contain_room {
	dev_t dev;
	uint64_t bytes, inodes;
};
struct contain_rooms {
	size_t nr, cap;
	struct contain_room *v;
};

struct guests;
struct contain_question {
	const char *name;		/* "ct/345" */
	const struct host *host;
	const struct root *root;
	const struct known_cts *known;
	const struct known_ct *ct;
	const struct guests *all;	/* their trees are no places for an image; NULL: none */
	const struct insulate_spec *wanted; /* INSULATE_NOT: shared */
	const char *overwrite, *dump_device; /* NULL */
	const struct insulate_source *now; /* where the tree is */
	const struct survey *tree;
	bool hooks_committed;		/* no journal would take the action scripts away */
	struct lvm_groups *groups;	/* one for all questions of a run; NULL: its own */
	const struct contain_rooms *rooms; /* taken already by other plans; NULL: none */
};
struct contain_plan {
	struct plan plan, hooks;	/* hooks may be empty */
	struct contain_room room;
	struct contain_room journal;	/* in the state directory */
};
int contain_decide(struct contain_plan *out, const struct contain_question *q,
		   struct pool *pool, struct findings *findings, struct err *err) MUST_CHECK;
/* The action scripts, where somebody took them away meanwhile; no steps where they are there. */
int contain_hooks(struct plan *out, const struct host *host, const struct root *root,
		  struct pool *pool, struct err *err) MUST_CHECK;

#endif
