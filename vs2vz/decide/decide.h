/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pure decisions: guests and host in, containers and plans out. Reads what it must
 * know of the disk through its arguments, changes nothing.
 */
#ifndef VS2VZ_DECIDE_DECIDE_H
#define VS2VZ_DECIDE_DECIDE_H

#include "base/fsinfo.h"
#include "base/inroot.h"
#include "decide/insulate.h"
#include "decide/rules.h"
#include "model/ct.h"
#include "model/finding.h"
#include "model/guest.h"
#include "model/host.h"
#include "openvz/layout.h"
#include "step/marks.h"
#include "step/plan.h"

enum method { METHOD_AUTO, METHOD_RENAME, METHOD_COPY };

/* What the user chose: options before settings before defaults. */
struct ctid_choice {
	const char *guest;
	uint32_t ctid;
};
/* What a map file says of one guest. */
struct answer {
	const char *guest;
	uint32_t ctid;				/* 0: nothing said */
	const char *sample;			/* NULL: nothing said */
	bool has_method;
	enum method method;
	bool has_rights;
	enum rights rights;
	bool has_limits;
	enum limits_from limits;
	bool has_shared;
	enum shared_policy shared;
	const char *fixups;			/* words between commas; NULL: nothing said */
	bool has_immutable;
	enum immutable_policy immutable;	/* IMMUTABLE_KEEP or IMMUTABLE_FILES */
	bool has_insulate;
	struct insulate_spec insulate;
	const char *overwrite;			/* UUID; NULL: nothing said */
	bool has_tagging;
	enum tagging tagging;			/* none, uid16, gid16, id24, intern */
	unsigned nr_tags;			/* 0: the guest's own */
	uint32_t tag[MARKS_TAGS_MAX];
};
struct choices {
	const struct ctid_choice *explicit;	/* --ctid */
	size_t nr_explicit;
	const struct ctid_choice *map;		/* map file */
	size_t nr_map;
	const struct answer *answers;		/* map file; CTIDs are in map as well */
	size_t nr_answers;
	uint32_t ctid_base;			/* 1000 */
	const char *sample;			/* NULL: search */
	enum method method;
	struct insulate_spec insulate;
	const char *overwrite;			/* UUID of what may go; NULL */
	enum rights rights;
	enum limits_from limits;
	enum shared_policy shared;		/* SHARED_BREAK */
	const struct recipes *recipes;		/* NULL: guests are not edited */
	const char *fixups[2];			/* words of settings and option; NULL: none */
};

struct mount_list;
struct packages;
struct recipes;
struct edits;

/* What something needs on a file system. */
struct marks_room {
	uint64_t bytes, inodes;
};

struct decision {
	const struct guest *guest;
	struct ct ct;
	enum method method;
	const char *method_reason;
	struct marks marks;		/* what is mended; hidden NULL */
	const struct insulation *insulation; /* a file system of its own; NULL: none */
	struct ledger ledger;		/* fate of every item */
	struct mount_list *mounts;	/* decide/mounts.h; NULL: a guest without fstab files */
	struct packages *packages;	/* decide/packages.h; NULL: inside the tree */
	const struct edits *edits;	/* decide/edits.h; NULL: nothing is edited */
	struct marks_room journal;	/* what its journal takes in the state directory */
	unsigned bootorder;		/* larger starts first, 0: any time */
	struct plan plan;		/* empty where the guest is not to be converted */
};
struct decisions {
	size_t nr;
	struct decision *v;		/* in the order of the guests given; see below */
	struct plan host;		/* steps that several guests share; may be empty */
	struct plan hooks;		/* action scripts of insulated containers; may be empty */
	uint64_t bytes_needed;		/* by copying guests */
};

/*
 * selected: guests to convert, in GUEST_FOUND state, surveyed. Every finding of every
 * guest is added in one pass; a plan is made also for a guest with inhibitors (it is
 * shown; commands.c does not run it). A guest of which something cannot be read has no
 * decision but VS_GUEST_UNDECIDED. -1: none of them can be decided.
 */
int decide(struct decisions *out, const struct guest **selected, size_t nr,
	   const struct guests *all, const struct host *host, const struct root *root,
	   const struct choices *choices, struct pool *pool, struct findings *findings,
	   struct err *err) MUST_CHECK;

/*
 * The same for many guests: each decision goes to take() when its plan is whole, and what
 * it points to goes back afterwards. What stays in out->v is a stub: guest, method, marks,
 * insulation, CTID, paths of the private area and of the name's link, demands of packages
 * and of the journal.
 */
struct decision_taker {
	void (*take)(void *ctx, const struct decision *decision);
	void *ctx;
};
int decide_each(struct decisions *out, const struct guest **selected, size_t nr,
		const struct guests *all, const struct host *host, const struct root *root,
		const struct choices *choices, const struct decision_taker *taker,
		struct pool *pool, struct findings *findings, struct err *err) MUST_CHECK;

/* CTID alone, for `scan`: what decide() would choose. 0: none. */
uint32_t decide_ctid(const struct guest *guest, const struct guests *all,
		     const struct host *host, const struct root *root,
		     const struct choices *choices, struct pool *pool, const char **from);

#endif
