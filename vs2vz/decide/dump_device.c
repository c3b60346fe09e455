/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vps.premount mounts it beside VE_DEVICE, and a start fails where it cannot: so a slip
 * of the pen is found now. Whether two hosts really see it nobody can tell from here.
 */
#include "decide/dump_device.h"

#include <string.h>

#include "base/blockdev.h"

#define SAY(q, findings, ...) finding_add(findings, VS_DUMP_DEVICE, (q)->name, (q)->conf, __VA_ARGS__)

/* The device that a name means; absent where it means none. */
static int look(struct blockdev *seen, const char *name, const struct root *root,
		struct pool *pool, struct err *err)
{
	const char *path = volume_named(name, pool);

	*seen = (struct blockdev){ .is = VOLUME_ABSENT };
	return path ? blockdev_read(seen, root, path, pool, err) : 0;
}

static bool has_file_system(const struct blockdev *seen)
{
	for (size_t i = 0; i < seen->nr; i++)
		if (strcmp(seen->sig[i].usage, "filesystem") == 0)
			return true;
	return false;
}

static bool is_same(const struct blockdev *a, const struct blockdev *b)
{
	return a->is == VOLUME_DEVICE && b->is == VOLUME_DEVICE && a->dev == b->dev;
}

/* The container whose VE_DEVICE it is; 0: none. */
static int find_owner(uint32_t *owner, const struct dump_question *q, const struct blockdev *dump,
		      struct pool *pool, struct err *err)
{
	struct blockdev seen;

	*owner = 0;
	for (size_t i = 0; i < q->known->nr && !*owner; i++) {
		const struct known_ct *ct = &q->known->v[i];

		if (!ct->device)
			continue;
		if (look(&seen, ct->device, q->root, pool, err) < 0)
			return -1;
		if (is_same(&seen, dump))
			*owner = ct->ctid;
	}
	return 0;
}

static int judge_device(const struct dump_question *q, const struct blockdev *dump,
			struct pool *pool, struct findings *findings, struct err *err)
{
	struct blockdev own;
	uint32_t owner;

	if (blockdev_read(&own, q->root, q->own->at, pool, err) < 0 ||
	    find_owner(&owner, q, dump, pool, err) < 0)
		return -1;
	if (is_same(&own, dump))
		SAY(q, findings, "\"%s\" is the device that becomes VE_DEVICE", show(q->dump));
	else if (owner)
		SAY(q, findings, "\"%s\" is the VE_DEVICE of container %u", show(q->dump), owner);
	else if (!has_file_system(dump))
		SAY(q, findings, "no file system is on \"%s\"", show(q->dump));
	return 0;
}

int dump_device_judge(const struct dump_question *q, struct pool *pool, struct findings *findings,
		      struct err *err)
{
	struct blockdev dump;

	if (!q->own->device) {
		SAY(q, findings, "VE_DUMP_DEVICE=\"%s\", but '%s' is an image file", show(q->dump),
		    show(q->own->at));
		return 0;
	}
	if (look(&dump, q->dump, q->root, pool, err) < 0)
		return -1;
	if (dump.is == VOLUME_ABSENT)
		SAY(q, findings, "nothing has the name \"%s\", or several have", show(q->dump));
	else if (dump.is != VOLUME_DEVICE)
		SAY(q, findings, "\"%s\" is no block device", show(q->dump));
	else
		return judge_device(q, &dump, pool, findings, err);
	return 0;
}
