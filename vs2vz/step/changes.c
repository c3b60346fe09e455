/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads only; which differences are a step's own, touched.c knows. */
#include "step/changes.h"

#include "base/log.h"
#include "step/manifest.h"
#include "step/touched.h"

#define SHOWN_MAX 20

static void note(struct changes *c, const char *path, const char *what)
{
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

static struct touched touched(const struct changes *c)
{
	return (struct touched){ c->w->steps, c->w->nr_steps, step_get(c->s, "to"), false,
				 c->w->token };
}

static void unless_a_step(void *ctx, const char *path, const char *what)
{
	const struct touched t = touched(ctx);

	if (!touched_explains(&t, path, what))
		note(ctx, path, what);
}

static void unless_a_trace(void *ctx, const char *path, const char *what)
{
	const struct touched t = touched(ctx);

	if (!touched_is_trace(&t, path, what))
		note(ctx, path, what);
}

int changes_count(struct changes *c, int from, int to, const struct tree_options *opt,
		  struct err *err)
{
	const struct manifest_options how = {
		.state = MANIFEST_DONE, .threads = c->w->threads, .coarse = c->w->coarse,
	};
	struct manifest_counts counts;
	char name[MANIFEST_NAME];
	bool done = false;

	manifest_name(name, c->s->nr, true);
	if (manifest_is_done(&done, c->w->folder, name, err) < 0)
		return -1;
	/*
	 * On a way back that was interrupted some steps are back already. The source, which may
	 * have been written to since, is no measure of the copy then either.
	 */
	if (done)
		return manifest_compare(c->w->folder, name, to, &how, c->w->complete ?
					unless_a_trace : unless_a_step, c, &counts, err) < 0 ? -1 : 0;
	return tree_diff(from, to, false, SIZE_MAX, unless_a_step, c, opt, err) < 0 ? -1 : 0;
}
