/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * User beancounters: the numbers of a container that depend on one another (vzctl:
 * src/lib/config.c, src/validate.c). A set is read from a sample, changed, made
 * consistent by raising what is too low, and written:
 *
 *	ubc_read(&set, &sample_conf);
 *	ubc_put(&set, UBC_NUMPROC, (struct ubc){ 1000, 1000 }, "rlimits/nproc");
 *	ubc_raise(&set, &pool);
 *	ubc_text(&pool, set.v[UBC_NUMPROC])		"1000:1000"
 *
 * Units are those of the parameter: pages of 4096 bytes, bytes, items.
 */
#ifndef VS2VZ_OPENVZ_UBC_H
#define VS2VZ_OPENVZ_UBC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"
#include "openvz/conf.h"

#define UBC_UNLIMITED ((uint64_t)INT64_MAX)
/* LONG_MAX, "unlimited", of a vzctl of 32 bit (vzctl: include/res.h). */
#define UBC_UNLIMITED_32 ((uint64_t)INT32_MAX)
#define UBC_PAGE 4096u

enum ubc_key {
	UBC_KMEMSIZE, UBC_LOCKEDPAGES, UBC_PRIVVMPAGES, UBC_SHMPAGES, UBC_NUMPROC,
	UBC_PHYSPAGES, UBC_VMGUARPAGES, UBC_OOMGUARPAGES, UBC_NUMTCPSOCK, UBC_NUMFLOCK,
	UBC_NUMPTY, UBC_NUMSIGINFO, UBC_TCPSNDBUF, UBC_TCPRCVBUF, UBC_OTHERSOCKBUF,
	UBC_DGRAMRCVBUF, UBC_NUMOTHERSOCK, UBC_NUMFILE, UBC_DCACHESIZE, UBC_NUMIPTENT,
	UBC_AVNUMPROC, UBC_SWAPPAGES,
	NR_UBC
};

struct ubc {
	uint64_t bar, lim;
};
struct ubc_set {
	uint64_t most;		/* "unlimited" of the vzctl that reads it; 0: UBC_UNLIMITED */
	struct ubc v[NR_UBC];
	bool has[NR_UBC];
	bool changed[NR_UBC];
	bool raised[NR_UBC];	/* by ubc_raise(), for the sake of others */
	const char *why[NR_UBC];
};

const char *ubc_name(enum ubc_key key);
/* Does a start without vSwap fail where it is missing? */
bool ubc_required(enum ubc_key key);

/* "5", "5:6", "1.5G:unlimited"; false: vzctl would pass over it. */
bool ubc_parse(struct ubc *out, enum ubc_key key, const char *text);
const char *ubc_text(struct pool *pool, struct ubc value);

/*
 * The last line of a key counts. most: see struct ubc_set; with UBC_UNLIMITED_32, what is
 * written as a larger number or as a word is changed to that number.
 */
void ubc_read(struct ubc_set *out, const struct conf *conf, uint64_t most);
uint64_t ubc_most(const struct ubc_set *set);
/* What is above the largest number becomes it. */
void ubc_put(struct ubc_set *set, enum ubc_key key, struct ubc value, const char *why);
/* RAM is limited: the other parameters may be missing. */
bool ubc_is_vswap(const struct ubc_set *set);

/* The largest value that fits all rules; what the "unlimited" sample of vzctl has. */
struct ubc ubc_boundless(enum ubc_key key, uint64_t most);

/* Raise until every rule holds; what is missing is left out of the rules. */
void ubc_raise(struct ubc_set *set, struct pool *pool);
/* The first rule that does not hold, NULL: all do. */
const char *ubc_fault(const struct ubc_set *set);

#endif
