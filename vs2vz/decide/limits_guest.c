/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits that the guest did not have. VServer limits what is configured and nothing
 * else, a sample limits everything: a guest that ran with 2 GiB would not come up in
 * the 272 MiB of a basic sample. So whatever the configuration left open is opened
 * here, and what depends on a number that is configured follows it:
 *
 *	files limited		no more sockets than files, of either kind
 *	the rest		ubc_boundless(); with vSwap a very large finite number
 *
 * VMGUARPAGES and OOMGUARPAGES promise memory and take none away: they stay.
 */
#include "base/buf.h"
#include "decide/limits.h"

#define WHY "the guest had no limit"

static bool is_limit(enum ubc_key key)
{
	return key != UBC_AVNUMPROC && key != UBC_VMGUARPAGES && key != UBC_OOMGUARPAGES;
}

static bool follows_files(const struct limits *l, enum ubc_key key)
{
	return l->limited[UBC_NUMFILE] && (key == UBC_NUMTCPSOCK || key == UBC_NUMOTHERSOCK);
}

static struct ubc free_value(const struct limits *l, enum ubc_key key)
{
	struct ubc v = ubc_boundless(key, ubc_most(&l->set));

	if (l->vswap && (key == UBC_PHYSPAGES || key == UBC_SWAPPAGES))
		v.lim = VSWAP_BOUNDLESS;
	if (follows_files(l, key) && l->set.v[UBC_NUMFILE].bar < v.bar)
		v.bar = v.lim = l->set.v[UBC_NUMFILE].bar;
	return v;
}

/* Never lowers; false: it is as it was, or still limited. */
static bool free_one(struct limits *l, enum ubc_key key)
{
	struct ubc old = l->set.v[key], v = free_value(l, key);

	v.bar = v.bar > old.bar ? v.bar : old.bar;
	v.lim = v.lim > old.lim ? v.lim : old.lim;
	if (v.bar == old.bar && v.lim == old.lim)
		return false;
	if (key == UBC_NUMPROC)
		limits_processes(l, LIMIT_NONE_SET, WHY);
	else
		ubc_put(&l->set, key, v, WHY);
	return !follows_files(l, key);
}

void limits_free(struct limits *l)
{
	CLEANUP_BUF struct buf names = BUF_INIT;

	for (enum ubc_key key = 0; key < NR_UBC; key++) {
		bool wanted = l->set.has[key] || (l->vswap && key == UBC_SWAPPAGES);

		if (wanted && is_limit(key) && !l->limited[key] && free_one(l, key))
			buf_addf(&names, "%s%s", names.len ? " " : "", ubc_name(key));
	}
	if (names.len)
		finding_add(l->t->findings, VS_SAMPLE_LIMITS, l->t->guest->name, "CTID.conf",
			    "no limit was configured for %s: kept unlimited; limits = \"sample\" "
			    "takes those of the sample", names.data);
}
