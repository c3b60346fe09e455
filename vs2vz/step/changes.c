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
	if (c->nr++ >= SHOWN_MAX)
		return;
	log_say(LOG_WARNING, "changed in the copy: %s/%s (%s)", show(step_get(c->s, "to")),
		show(path), what);
	if (c->first.len < 400)
		buf_addf(&c->first, "%s'%s' (%s)", c->first.len ? ", " : "", show(path), what);
}
