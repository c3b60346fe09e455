/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of decide/: a logical volume that is not there yet, and will be made by lvcreate.
 */
#ifndef VS2VZ_DECIDE_INSULATE_LV_H
#define VS2VZ_DECIDE_INSULATE_LV_H

#include "decide/insulate.h"

/* Where the spec means a logical volume, and in->at is a path that does not exist. */
struct insulate_lv_wish {
	uint64_t least, wanted;		/* bytes; 0: not known */
	uint32_t user;			/* container whose VE_DEVICE is the path; 0: none */
};
/* Fills in->lv_vg, lv_name and bytes, or adds findings for all that speaks against it. */
int insulate_lv_decide(struct insulation *in, const struct insulate_question *q,
		       const struct insulate_lv_wish *wish, struct pool *pool,
		       struct findings *findings, struct err *err) MUST_CHECK;

#endif
