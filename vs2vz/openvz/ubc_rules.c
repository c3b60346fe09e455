/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold between beancounters (vzctl: src/validate.c; the formulas are those
 * of OpenVZ's page on UBC consistency), as one table that is used twice: to find what
 * does not hold, and to raise it. Rows stand in the order in which a value depends on
 * those above it, so that one pass is enough. Nothing is ever lowered, except that a
 * number of sockets is kept below what their buffers can be limits for.
 *
 *	numfile   >= max(32 avnumproc, numtcpsock + numothersock + numpty)
 *	dcache    >= 384 numfile		kmemsize >= 40960 avnumproc + dcache
 *	privvm    >= vmguar			buffers: limit - barrier >= 2560 sockets
 */
#include <string.h>

#include "base/units.h"
#include "openvz/ubc.h"

/* Above this, 2560 bytes for each socket are more than a limit can be. */
#define SOCKET_BYTES 2560u
#define TERMINALS_MOST 255u	/* a kernel has no use for more in one container */

enum need {
	SAME_BOTH,		/* barrier = limit */
	LIMIT_NONE,		/* limit = unlimited */
	BARRIER_NONE,		/* barrier = 0 */
	SOCKETS,		/* not above sockets_most() */
	BARRIER_LEAST,		/* barrier >= floor() */
	LIMIT_LEAST,		/* limit >= floor() */
	ORDERED,		/* barrier <= limit */
};

struct need_row {
	enum need need;
	enum ubc_key key;
	bool (*floor)(const struct ubc_set *set, uint64_t *out);	/* false: does not apply */
	const char *rule;
};

static uint64_t average(const struct ubc_set *set)
{
	return set->has[UBC_AVNUMPROC] ? set->v[UBC_AVNUMPROC].bar : set->v[UBC_NUMPROC].bar / 2;
}

static bool floor_file_proc(const struct ubc_set *set, uint64_t *out)
{
	*out = mul_u64(32, average(set));
	return set->has[UBC_AVNUMPROC] || set->has[UBC_NUMPROC];
}

static bool floor_file_sock(const struct ubc_set *set, uint64_t *out)
{
	*out = add_u64(add_u64(set->v[UBC_NUMTCPSOCK].bar, set->v[UBC_NUMOTHERSOCK].bar),
		       set->v[UBC_NUMPTY].bar);
	return true;
}

static bool floor_dcache(const struct ubc_set *set, uint64_t *out)
{
	*out = mul_u64(384, set->v[UBC_NUMFILE].bar);
	return set->has[UBC_NUMFILE];
}

static bool floor_kmem(const struct ubc_set *set, uint64_t *out)
{
	*out = add_u64(mul_u64(40960, average(set)), set->v[UBC_DCACHESIZE].lim);
	return set->has[UBC_DCACHESIZE];
}

static bool floor_privvm(const struct ubc_set *set, uint64_t *out)
{
	*out = set->v[UBC_VMGUARPAGES].bar;
	return set->has[UBC_VMGUARPAGES];
}

static bool floor_tcp(const struct ubc_set *set, uint64_t *out)
{
	*out = 65536;
	(void)set;
	return true;
}

static bool floor_other(const struct ubc_set *set, uint64_t *out)
{
	*out = 32768;
	(void)set;
	return true;
}

static bool floor_tcpsnd(const struct ubc_set *set, uint64_t *out)
{
	*out = add_u64(set->v[UBC_TCPSNDBUF].bar, mul_u64(SOCKET_BYTES, set->v[UBC_NUMTCPSOCK].bar));
	return set->has[UBC_NUMTCPSOCK];
}

static bool floor_tcprcv(const struct ubc_set *set, uint64_t *out)
{
	*out = add_u64(set->v[UBC_TCPRCVBUF].bar, mul_u64(SOCKET_BYTES, set->v[UBC_NUMTCPSOCK].bar));
	return set->has[UBC_NUMTCPSOCK];
}

static bool floor_othersock(const struct ubc_set *set, uint64_t *out)
{
	*out = add_u64(set->v[UBC_OTHERSOCKBUF].bar,
		       mul_u64(SOCKET_BYTES, set->v[UBC_NUMOTHERSOCK].bar));
	return set->has[UBC_NUMOTHERSOCK];
}

static const struct need_row rows[] = {
	{ SOCKETS, UBC_NUMTCPSOCK, NULL, "NUMTCPSOCK must leave room for buffers" },
	{ SOCKETS, UBC_NUMOTHERSOCK, NULL, "NUMOTHERSOCK must leave room for buffers" },
	{ SAME_BOTH, UBC_NUMPROC, NULL, "barrier and limit of NUMPROC are one" },
	{ SAME_BOTH, UBC_NUMTCPSOCK, NULL, "barrier and limit of NUMTCPSOCK are one" },
	{ SAME_BOTH, UBC_NUMOTHERSOCK, NULL, "barrier and limit of NUMOTHERSOCK are one" },
	{ SAME_BOTH, UBC_SHMPAGES, NULL, "barrier and limit of SHMPAGES are one" },
	{ SAME_BOTH, UBC_NUMPTY, NULL, "barrier and limit of NUMPTY are one" },
	{ SAME_BOTH, UBC_NUMSIGINFO, NULL, "barrier and limit of NUMSIGINFO are one" },
	{ SAME_BOTH, UBC_NUMIPTENT, NULL, "barrier and limit of NUMIPTENT are one" },
	{ LIMIT_NONE, UBC_VMGUARPAGES, NULL, "VMGUARPAGES is a guarantee without limit" },
	{ LIMIT_NONE, UBC_OOMGUARPAGES, NULL, "OOMGUARPAGES is a guarantee without limit" },
	{ LIMIT_NONE, UBC_PHYSPAGES, NULL, "PHYSPAGES counts and does not limit" },
	{ BARRIER_NONE, UBC_PHYSPAGES, NULL, "the barrier of PHYSPAGES is 0" },
	{ BARRIER_LEAST, UBC_NUMFILE, floor_file_proc, "NUMFILE >= 32 x AVNUMPROC" },
	{ BARRIER_LEAST, UBC_NUMFILE, floor_file_sock,
	  "NUMFILE >= NUMTCPSOCK + NUMOTHERSOCK + NUMPTY" },
	{ SAME_BOTH, UBC_NUMFILE, NULL, "barrier and limit of NUMFILE are one" },
	{ LIMIT_LEAST, UBC_DCACHESIZE, floor_dcache, "DCACHESIZE >= 384 x NUMFILE" },
	{ ORDERED, UBC_DCACHESIZE, NULL, "the barrier of DCACHESIZE is not above its limit" },
	{ BARRIER_LEAST, UBC_KMEMSIZE, floor_kmem, "KMEMSIZE >= 40960 x AVNUMPROC + DCACHESIZE" },
	{ ORDERED, UBC_KMEMSIZE, NULL, "the barrier of KMEMSIZE is not above its limit" },
	{ BARRIER_LEAST, UBC_PRIVVMPAGES, floor_privvm, "PRIVVMPAGES >= VMGUARPAGES" },
	{ ORDERED, UBC_PRIVVMPAGES, NULL, "the barrier of PRIVVMPAGES is not above its limit" },
	{ BARRIER_LEAST, UBC_TCPSNDBUF, floor_tcp, "TCPSNDBUF >= 65536" },
	{ BARRIER_LEAST, UBC_TCPRCVBUF, floor_tcp, "TCPRCVBUF >= 65536" },
	{ BARRIER_LEAST, UBC_OTHERSOCKBUF, floor_other, "OTHERSOCKBUF >= 32768" },
	{ BARRIER_LEAST, UBC_DGRAMRCVBUF, floor_other, "DGRAMRCVBUF >= 32768" },
	{ LIMIT_LEAST, UBC_TCPSNDBUF, floor_tcpsnd, "TCPSNDBUF has 2560 bytes for each socket" },
	{ LIMIT_LEAST, UBC_TCPRCVBUF, floor_tcprcv, "TCPRCVBUF has 2560 bytes for each socket" },
	{ LIMIT_LEAST, UBC_OTHERSOCKBUF, floor_othersock,
	  "OTHERSOCKBUF has 2560 bytes for each socket" },
	{ ORDERED, UBC_DGRAMRCVBUF, NULL, "the barrier of DGRAMRCVBUF is not above its limit" },
	{ ORDERED, UBC_LOCKEDPAGES, NULL, "the barrier of LOCKEDPAGES is not above its limit" },
	{ ORDERED, UBC_NUMFLOCK, NULL, "the barrier of NUMFLOCK is not above its limit" },
};

/* So many that their buffers take half of the largest number. */
static uint64_t sockets_most(uint64_t most)
{
	return most / 2 / SOCKET_BYTES;
}

/* What the value would have to be; the same where the rule holds. */
static struct ubc wanted(const struct ubc_set *set, const struct need_row *row)
{
	const uint64_t most = ubc_most(set);
	struct ubc v = set->v[row->key];
	uint64_t floor = 0;
	bool applies = row->floor && row->floor(set, &floor);

	if (floor > most)
		floor = most;
	if (row->need == SOCKETS && v.bar > sockets_most(most))
		v.bar = sockets_most(most);
	if (row->need == SOCKETS && v.lim > sockets_most(most))
		v.lim = sockets_most(most);
	if (row->need == SAME_BOTH)
		v.bar = v.lim = v.bar > v.lim ? v.bar : v.lim;
	if (row->need == LIMIT_NONE)
		v.lim = most;
	if (row->need == BARRIER_NONE)
		v.bar = 0;
	if (row->need == BARRIER_LEAST && applies && v.bar < floor)
		v.bar = floor;
	if (row->need == LIMIT_LEAST && applies && v.lim < floor)
		v.lim = floor;
	if (row->need == ORDERED && v.bar > v.lim)
		v.lim = add_u64(v.bar, v.bar / 10);	/* a tenth of room, as samples have */
	if (v.lim > most)
		v.lim = most;
	return v;
}

/* "Unlimited" sockets would ask for more buffers than there can be. */
struct ubc ubc_boundless(enum ubc_key key, uint64_t most)
{
	const uint64_t sockets = sockets_most(most);
	const struct ubc special[NR_UBC] = {
		[UBC_PHYSPAGES] = { 0, most },
		[UBC_SWAPPAGES] = { 0, most },
		[UBC_NUMTCPSOCK] = { sockets, sockets },
		[UBC_NUMOTHERSOCK] = { sockets, sockets },
		[UBC_NUMPTY] = { TERMINALS_MOST, TERMINALS_MOST },
		[UBC_TCPSNDBUF] = { most / 2, most },
		[UBC_TCPRCVBUF] = { most / 2, most },
		[UBC_OTHERSOCKBUF] = { most / 2, most },
	};

	if (special[key].lim)
		return special[key];
	return (struct ubc){ most, most };
}

static bool same(struct ubc a, struct ubc b)
{
	return a.bar == b.bar && a.lim == b.lim;
}

/* A barrier near the largest number leaves no room for 2560 bytes a socket. */
static void keep_buffer_room(struct ubc_set *set)
{
	static const enum ubc_key buffers[] = { UBC_TCPSNDBUF, UBC_TCPRCVBUF, UBC_OTHERSOCKBUF };
	const uint64_t most = ubc_most(set) - sockets_most(ubc_most(set)) * SOCKET_BYTES;

	for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++) {
		struct ubc v = set->v[buffers[i]];

		if (!set->has[buffers[i]] || v.bar <= most)
			continue;
		v.bar = most;
		ubc_put(set, buffers[i], v, "leaves room for 2560 bytes a socket");
		set->raised[buffers[i]] = true;
	}
}

/* With vSwap only RAM and swap are checked: a limit each, no barrier. */
static void raise_vswap(struct ubc_set *set)
{
	static const enum ubc_key both[] = { UBC_PHYSPAGES, UBC_SWAPPAGES };

	for (size_t i = 0; i < 2; i++) {
		struct ubc v = { 0, set->v[both[i]].lim };

		if (v.lim == ubc_most(set))	/* would switch vSwap off */
			v.lim = 1ULL << 30;
		ubc_put(set, both[i], v, "vSwap: no barrier, a finite limit");
	}
}

void ubc_raise(struct ubc_set *set, struct pool *pool)
{
	if (ubc_is_vswap(set)) {
		raise_vswap(set);
		return;
	}
	keep_buffer_room(set);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum ubc_key key = rows[i].key;
		struct ubc v = wanted(set, &rows[i]);

		if (!set->has[key] || same(v, set->v[key]))
			continue;
		const char *before = set->changed[key] && set->why[key] ? set->why[key] : NULL;
		ubc_put(set, key, v, before ? pool_printf(pool, "%s; %s", before, rows[i].rule)
					    : rows[i].rule);
		set->raised[key] = true;
	}
}

const char *ubc_fault(const struct ubc_set *set)
{
	if (ubc_is_vswap(set)) {
		bool good = set->has[UBC_SWAPPAGES] && !set->v[UBC_SWAPPAGES].bar &&
			    !set->v[UBC_PHYSPAGES].bar &&
			    set->v[UBC_SWAPPAGES].lim != ubc_most(set);

		return good ? NULL : "vSwap wants PHYSPAGES and SWAPPAGES as 0:LIMIT";
	}
	for (enum ubc_key key = 0; key < NR_UBC; key++)
		if (!set->has[key] && ubc_required(key))
			return ubc_name(key);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (set->has[rows[i].key] && !same(wanted(set, &rows[i]), set->v[rows[i].key]))
			return rows[i].rule;
	return NULL;
}
