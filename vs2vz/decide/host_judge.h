/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host's own files mean for a conversion: findings, and the host-wide steps
 * that switch VServer's boot scripts off.
 */
#ifndef VS2VZ_DECIDE_HOST_JUDGE_H
#define VS2VZ_DECIDE_HOST_JUDGE_H

#include "model/finding.h"
#include "model/guest.h"
#include "step/plan.h"
#include "vserver/host_side.h"

/* The guests that findings are made for. */
struct judged_guests {
	const struct guest *const *v;
	size_t nr;
};

/* Boot scripts, wrapped services, jobs; addresses and firewall rules of those guests. */
void host_judge(const struct host_side *side, const struct judged_guests *guests,
		struct findings *findings);
/* Lines of fstab with a tag option, as VS_TAG_IN_FSTAB or VS_TAG_OPTION_LEFT. */
void host_judge_tags(const struct host_side *side, enum finding_id id, struct findings *findings);
/* Rules that rewrite addresses. */
void host_judge_nat(const struct host_side *side, struct findings *findings);
/* Addresses of those guests that an interface has now. */
void host_judge_live(const struct host_net *net, const struct judged_guests *guests,
		     struct findings *findings);

/* One removal for every link; the times of the directories are the caller's. */
void host_switch_off(struct plan *plan, const struct host_side *side, struct pool *pool);

#endif
