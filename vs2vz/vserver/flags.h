/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of flags and capabilities (util-vserver: lib/listparser.hc and the tables
 * beside it):
 *
 *	list = item { "," item }
 *	item = { "!" | "~" } ( NAME | NUMBER | "^" BIT | "all" | "any" | "none" )
 *
 * One file is many lines of lists, later ones win. Each mark turns the meaning round;
 * a negated item clears its bits.
 */
#ifndef VS2VZ_VSERVER_FLAGS_H
#define VS2VZ_VSERVER_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"

enum flag_kind {
	FLAG_CONTEXT,		/* cflags, flags */
	FLAG_SYSTEM,		/* bcapabilities: Linux capabilities */
	FLAG_CAPABILITY,	/* ccapabilities */
	FLAG_NETWORK,		/* nflags */
	FLAG_NET_CAPABILITY,	/* ncapabilities */
	FLAG_LEGACY,		/* S_FLAGS */
	FLAG_LEGACY_SYSTEM,	/* S_CAPS, capabilities: "!CAP_SYS_CHROOT" unlocks chroot */
	NR_FLAG_KINDS
};

struct flags {
	uint64_t set;		/* bits asked for */
	uint64_t cleared;	/* bits asked away */
	const char *unknown;	/* first word that VServer refuses; NULL: none */
};

/* Flags of context that the translation asks for by name. */
#define CFLAG_PRIVATE	   (1ULL << 3)
#define CFLAG_NPROC	   (1ULL << 2)
#define CFLAG_SCHED_HARD   (1ULL << 8)
#define CFLAG_VIRT_MEM	   (1ULL << 16)
#define CCAP_RAW_ICMP	   (1ULL << 8)
#define CCAP_SECURE_MOUNT  (1ULL << 16)
#define CCAP_BINARY_MOUNT  (1ULL << 18)
#define CCAP_QUOTA_CTL	   (1ULL << 20)
#define CCAP_KTHREAD	   (1ULL << 24)
#define NCAP_TUN_CREATE	   (1ULL << 0)

/* Adds one line's worth: separators are commas, for the legacy kinds blanks. */
void flags_add(struct flags *flags, enum flag_kind kind, const char *line, struct pool *pool);
/* The name of a bit; NULL: none. */
const char *flag_name(enum flag_kind kind, unsigned bit);

#endif
