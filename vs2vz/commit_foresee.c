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

static void look(struct session *s, const struct journal *j, size_t line)
{
	struct work w;
	int done;

	work_init(&w, &s->root, j->folder, &s->pool);
	carry_work(s, &w);
	done = run_may_finish(j, &w, &s->err);
	s->report.guests[line].planned = true;
	for (size_t i = 0; i < w.nr_losses; i++)
		add_loss(s, &s->report.guests[line], &w.losses[i]);
	carry_late(s, line, &w);
	if (done < 0) {
		report_error(&s->report.guests[line], &s->report, &s->err);
		s->report.guests[line].outcome = OUTCOME_BLOCKED;
		s->report.guests[line].state = STATE_BLOCKED;
	}
	work_release(&w);
}

static void show_losses(struct session *s, struct buf *out)
{
	struct text_style style = session_style(s);

	buf_adds(out, "commit would remove this, and all that only undo needs\n");
	report_plan(out, &s->report, &style);
	report_summary(out, &s->report, &style);
	report_findings(out, &s->report, &style);
}

int commit_foresee(struct session *s)
{
	const struct record **records;
	struct journal j;
	size_t nr;

	if (session_look(s) < 0 || session_records(s, &records, &nr) < 0)
		return session_failed(s);
	s->findings.nr = 0;
	s->report.findings = &s->findings;
	for (size_t i = 0; i < nr; i++) {
		size_t line = carry_line(s, records[i]->name);

		s->report.guests[line].ctid = records[i]->ctid;
		if (records[i]->damaged ||
		    journal_open(&j, s->state, journal_key(records[i]->name, &s->pool), &s->err) < 0) {
			s->report.guests[line].state = STATE_DAMAGED;
			continue;
		}
		s->report.guests[line].state = report_state_of(j.phase, false);
		if ((j.phase == PHASE_CONVERTED || j.phase == PHASE_COMMITTING) &&
		    commit_ready(s, records[i]))
			look(s, &j, line);
		journal_close(&j);
	}
	return session_end(s, show_losses, carry_status(s) == EXIT_BLOCKED ? EXIT_BLOCKED : EXIT_DONE);
}
