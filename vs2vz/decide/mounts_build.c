/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The steps that put CTID.mount and CTID.umount in place (action_script.h).
 */
#include "decide/action_script.h"
#include "decide/mounts.h"

struct mounts_text {
	const struct deciding *d;
	const struct decision *decision;
	bool unmount;
};

static void script_text(struct buf *out, const void *ctx, const char *chained)
{
	const struct mounts_text *t = ctx;

	mounts_script(out, t->d, t->decision, t->unmount, chained);
}

static void build_script(struct deciding *d, struct decision *decision, bool unmount)
{
	const struct mounts_text text = { d, decision, unmount };
	const struct action_script s = {
		.path = pool_printf(d->pool, "%s/%u.%s", d->host->conf_dir, decision->ct.ctid,
				    unmount ? "umount" : "mount"),
		.guest = decision->guest->name, .unusable = VS_MOUNT_UNSAFE,
		.chained = VS_MOUNT_CHAINED, .text = script_text, .ctx = &text,
	};

	action_script_build(d, &decision->plan, &s);
}

void mounts_build(struct deciding *d, struct decision *decision)
{
	if (!decision->mounts || !decision->mounts->nr_script)
		return;
	build_script(d, decision, false);
	build_script(d, decision, true);
}
