/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by limits*.c only: the beancounters of one container while they are made.
 */
#ifndef VS2VZ_DECIDE_LIMITS_H
#define VS2VZ_DECIDE_LIMITS_H

#include "decide/translate.h"
#include "openvz/ubc.h"
#include "vserver/number.h"

struct limits {
	struct translation *t;
	struct ubc_set set;	/* begins as the sample */
	bool vswap;
	bool memory_known;	/* the guest's memory was limited, or said to be unlimited */
	bool processes_known;
	bool limited[NR_UBC];	/* the guest was limited there, by a number */
};

/* vSwap must stay finite: more pages than any machine of its time had. */
#define VSWAP_BOUNDLESS (1ULL << 30)

/* One resource of rlimits/; a field that is not configured is LIMIT_NONE_SET. */
struct rlimit {
	const char *path;	/* "rlimits/nproc" */
	bool any;		/* at least one readable file */
	bool has_soft, has_hard;
	uint64_t soft, hard;
};
/* Only a hard limit was enforced. */
static inline bool rlimit_limits(const struct rlimit *r)
{
	return r->has_hard && r->hard != LIMIT_NONE_SET;
}
struct rlimit rlimit_read(struct translation *t, const char *resource);
/* The same fate for RES, RES.soft and RES.hard; RES.min was never enforced. */
void rlimit_claim(struct translation *t, const struct rlimit *limit, enum verdict verdict,
		  const char *params, const char *reason);

/* Exactly this much; LIMIT_NONE_SET: unlimited. Without effect where nothing limits. */
void limit_exact(struct limits *l, enum ubc_key key, uint64_t n, const char *why);
/* At least this much. */
void limit_least(struct limits *l, enum ubc_key key, uint64_t n, const char *why);
/* So much more than before. */
void limit_more(struct limits *l, enum ubc_key key, uint64_t n, const char *why);

/* limits_memory.c, limits_process.c, limits_guest.c */
void limits_memory(struct limits *l);
void limits_process(struct limits *l);
void limits_processes(struct limits *l, uint64_t nr, const char *why);
/* Where the guest had no limit the container gets none; a finding names them. */
void limits_free(struct limits *l);

#endif
