/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads plan and paths only; which differences are a step's own, touched.c knows. */
#include "step/changes.h"

#include "base/log.h"
#include "step/touched.h"

#define SHOWN_MAX 20

void changes_note(void *ctx, const char *path, const char *what)
{
	struct changes *c = ctx;
	const struct touched t = { c->w->steps, c->w->nr_steps, step_get(c->s, "to"), false,
				   c->w->token };

	if (touched_explains(&t, path, what))
		return;
	if (c->w->changed == CHANGED_DISCARD) {
		struct buf CLEANUP_BUF whole = BUF_INIT;

		buf_addf(&whole, "%s/%s", step_get(c->s, "to"), path);
		work_late(c->w, whole.data, "given up with the copy: %s", what);
	}
	if (c->nr++ >= SHOWN_MAX)
		return;
	log_say(LOG_WARNING, "%s: %s/%s (%s)", c->w->changed == CHANGED_DISCARD ?
		"given up with the copy" : "changed in the copy", show(step_get(c->s, "to")),
		show(path), what);
	if (c->first.len < 400)
		buf_addf(&c->first, "%s'%s' (%s)", c->first.len ? ", " : "", show(path), what);
}
