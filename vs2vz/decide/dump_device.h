/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VE_DUMP_DEVICE: the second device of a container whose first one two hosts can see.
 */
#ifndef VS2VZ_DECIDE_DUMP_DEVICE_H
#define VS2VZ_DECIDE_DUMP_DEVICE_H

#include "decide/insulate.h"
#include "model/finding.h"
#include "openvz/layout.h"

struct dump_question {
	const char *name;		/* of the container, for findings */
	const char *conf;
	const char *dump;		/* /dev/..., UUID=, LABEL= */
	const struct insulation *own;	/* the file system to be */
	const struct known_cts *known;
	const struct root *root;
};
/* Inhibitors for all that speaks against it. Reads only. */
int dump_device_judge(const struct dump_question *q, struct pool *pool, struct findings *findings,
		      struct err *err) MUST_CHECK;

#endif
