/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The losses that may_finish counts become lines of a plan, what it refuses a finding.
 */
#include "commit_foresee.h"

#include <string.h>

#include "base/units.h"
#include "carry.h"
#include "exits.h"
#include "run/run.h"

static void add_loss(struct session *s, struct report_guest *g, const struct loss *loss)
{
	struct report_action *a = pool_grow(s->report.pool, &g->actions, &g->nr_actions,
					    &g->cap_actions, sizeof(*a));
	const char *changed = loss->changed ? pool_printf(&s->pool, "; the container has %llu otherwise",
							  (unsigned long long)loss->changed) : "";

	a->mark = '-';
	a->word = "remove";
	a->text = pool_printf(s->report.pool, "%s (%llu object%s, %s%s)", show(loss->path),
			      (unsigned long long)loss->names, loss->names == 1 ? "" : "s",
			      show_size(loss->bytes), changed);
	s->report.bytes_freed += loss->bytes;
}

static void tell(struct session *s, const struct journal *j, size_t line, const struct work *w)
{
	(void)j;
	for (size_t i = 0; i < w->nr_losses; i++)
		add_loss(s, &s->report.guests[line], &w->losses[i]);
	carry_late(s, line, w);
	for (size_t i = 0; i < w->nr_others; i++)
		report_path_add(&s->report.guests[line], &s->report, w->others[i].path, w->others[i].why);
}

static void show_losses(struct session *s, struct buf *out)
{
	struct text_style style = session_style(s);

	buf_adds(out, "commit would remove this, and all that only undo needs\n");
	report_plan(out, &s->report, &style);
	report_summary(out, &s->report, &style);
	report_findings(out, &s->report, &style);
}

static bool is_due(struct session *s, const struct record *r)
{
	return (r->phase == PHASE_CONVERTED || r->phase == PHASE_COMMITTING) && commit_ready(s, r);
}

int commit_foresee(struct session *s)
{
	static const struct foresight commit = { is_due, run_may_finish, tell, show_losses };

	return carry_foresee(s, &commit);
}
