/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that speaks against making a file system on a volume, in one pass. Whatever is on
 * it counts as in use; only the one UUID that the user named may go, and only where
 * nothing else is there. A partition table never goes.
 */
#include "decide/device_judge.h"

#include <string.h>

#include "base/buf.h"

struct case_ {
	const struct device_wish *wish;
	const struct blockdev *seen;
	struct findings *findings;
};

#define SAY(c, id, ...) finding_add((c)->findings, id, (c)->wish->guest, (c)->wish->path, __VA_ARGS__)

static void judge_image(const struct case_ *c)
{
	if (volume_is_device(c->wish->path))
		SAY(c, VS_VOLUME_KIND, "an image file cannot be below /dev");
	else if (c->seen->is == VOLUME_OTHER)
		SAY(c, VS_VOLUME_EXISTS, "it is no regular file; in a directory: --image DIR/ makes "
		    "DIR/CTID.img");
	else if (c->seen->is == VOLUME_FILE)
		SAY(c, VS_VOLUME_EXISTS, "%llu bytes", (unsigned long long)c->seen->bytes);
}

static bool is_table(const struct signature *sig)
{
	return strcmp(sig->usage, "partitions") == 0;
}

static void judge_signature(const struct case_ *c, const struct signature *sig)
{
	const char *overwrite = c->wish->overwrite;

	if (is_table(sig))
		SAY(c, VS_VOLUME_PARTITIONED, "a table of kind '%s'", show(sig->type));
	else if (!sig->uuid || !overwrite || strcmp(sig->uuid, overwrite) != 0)
		SAY(c, VS_VOLUME_IN_USE, "%s, %s%s%s%s%s%s", show(sig->type),
		    sig->uuid ? "UUID " : "without UUID", sig->uuid ? show(sig->uuid) : "",
		    sig->label ? ", label " : "", sig->label ? show(sig->label) : "",
		    overwrite ? "; --overwrite names another, " : "", overwrite ? overwrite : "");
}

static void judge_state(const struct case_ *c)
{
	if (c->seen->mounted)
		SAY(c, VS_VOLUME_MOUNTED, "on %s", show(c->seen->mounted));
	if (c->seen->held)
		SAY(c, VS_VOLUME_HELD, "by %s", show(c->seen->held));
	if (c->seen->read_only)
		SAY(c, VS_VOLUME_READ_ONLY, "the kernel says read-only");
	if (c->seen->unreadable)
		SAY(c, VS_VOLUME_UNREADABLE, "what is on it is not known");
	else if (c->wish->bytes > c->seen->bytes)
		SAY(c, VS_VOLUME_SMALL, "it has %llu bytes, %llu are needed",
		    (unsigned long long)c->seen->bytes, (unsigned long long)c->wish->bytes);
}

static void judge_device(const struct case_ *c)
{
	if (!volume_is_device(c->wish->path) || c->seen->is == VOLUME_OTHER) {
		SAY(c, VS_VOLUME_KIND, "%s", volume_is_device(c->wish->path) ?
		    "it is there, and no block device" : "it is not below /dev");
		return;
	}
	if (c->seen->is == VOLUME_ABSENT) {
		SAY(c, VS_VOLUME_MISSING, "no such name");
		return;
	}
	judge_state(c);
	for (size_t i = 0; i < c->seen->nr; i++)
		judge_signature(c, &c->seen->sig[i]);
}

void device_judge(const struct device_wish *wish, const struct blockdev *seen,
		  struct findings *findings)
{
	const struct case_ c = { wish, seen, findings };

	if (wish->user)
		SAY(&c, VS_VOLUME_TAKEN, "it is the VE_DEVICE of container %u", wish->user);
	if (wish->device)
		judge_device(&c);
	else
		judge_image(&c);
}
