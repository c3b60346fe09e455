/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * May lvcreate make it? The group is there, nothing has the name, and there is room for
 * all guests of the run together: what one gets is promised, and gone for those after it.
 */
#include "decide/insulate_lv.h"

#include <string.h>

#include "base/units.h"
#include "model/finding.h"
#include "step/lvm.h"

#define MIB ((uint64_t)1 << 20)

struct wanted_lv {
	const struct insulate_question *q;
	const char *path, *vg, *name;
	struct pool *pool;
	struct findings *findings;
};

#define SAY(w, id, ...) finding_add((w)->findings, id, (w)->q->name, (w)->path, __VA_ARGS__)

static uint64_t round_up(uint64_t bytes, uint64_t unit)
{
	return add_u64(bytes, unit - 1) / unit * unit;
}

/* By hand, where we cannot see what is there. */
static void say_missing(const struct wanted_lv *w, uint64_t bytes, const char *why)
{
	SAY(w, VS_VOLUME_MISSING, "there is no such logical volume, and none can be made (%s): "
	    "lvcreate -n %s -L %lluM %s", show(why), w->name,
	    (unsigned long long)(bytes / MIB), w->vg);
}

static void judge_size(const struct wanted_lv *w, struct lvm_group *g, uint64_t bytes,
		       const struct insulate_lv_wish *wish)
{
	uint64_t sum = add_u64(g->promised, bytes);

	if (bytes < wish->least)
		SAY(w, VS_IMAGE_SMALL, "%s were asked for, %s are needed", show_size(bytes),
		    show_size(wish->least));
	else if (sum > g->free)
		SAY(w, VS_GROUP_FULL, "it would have %s; %s of the %s free in '%s' are promised to "
		    "guests before it", show_size(bytes), show_size(g->promised),
		    show_size(g->free), show(w->vg));
	else
		g->promised = sum;
}

static int judge(const struct wanted_lv *w, struct insulation *in,
		 const struct insulate_lv_wish *wish, struct err *err)
{
	struct lvm_groups *groups = w->q->groups;
	struct lvm_group *g = lvm_group_find(groups, w->vg);
	bool there;

	if (groups->why) {
		say_missing(w, wish->wanted, groups->why);
		return 0;
	}
	if (!g) {
		SAY(w, VS_GROUP_MISSING, "'%s'", show(w->vg));
		return 0;
	}
	if (lvm_group_has(&there, g, w->name, w->pool, err) < 0)
		return -1;
	if (there) {
		SAY(w, VS_VOLUME_MISSING, "the logical volume exists, but is not active: "
		    "lvchange -ay %s/%s", w->vg, w->name);
		return 0;
	}
	if (wish->user)
		SAY(w, VS_VOLUME_TAKEN, "it is the VE_DEVICE of container %u", wish->user);
	in->lv_vg = w->vg;
	in->lv_name = w->name;
	in->bytes = round_up(wish->wanted, g->extent);
	judge_size(w, g, in->bytes, wish);
	return 0;
}

int insulate_lv_decide(struct insulation *in, const struct insulate_question *q,
		       const struct insulate_lv_wish *wish, struct pool *pool,
		       struct findings *findings, struct err *err)
{
	const char *vg = in->at + strlen("/dev/"), *slash = strchr(vg, '/');
	const struct wanted_lv w = {
		.q = q, .path = in->at, .vg = pool_memdup(pool, vg, (size_t)(slash - vg)),
		.name = slash + 1, .pool = pool, .findings = findings,
	};

	if (lvm_groups_read(q->groups, pool, err) < 0)
		return -1;
	return judge(&w, in, wish, err);
}
