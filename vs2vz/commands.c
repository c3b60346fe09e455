/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command table, and the commands that only look.
 */
#include "commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/shown.h"
#include "base/stop.h"
#include "base/units.h"
#include "before.h"
#include "carry.h"
#include "container.h"
#include "exits.h"
#include "jobs.h"
#include "session.h"

#define REPORT_MAX (256u << 20)

/* What scan, check and plan have in common: everything up to the decision. */
static int decide_all(struct session *s)
{
	if (session_look(s) < 0 || session_select(s) < 0 || session_inspect(s, true) < 0)
		return -1;
	return session_decide(s);
}

static void show_scan(struct session *s, struct buf *out)
{
	struct text_style style = session_style(s);

	report_scan(out, &s->report, &style);
}

static int command_scan(struct session *s)
{
	if (decide_all(s) < 0)
		return session_failed(s);
	return session_end(s, show_scan, EXIT_DONE);
}

static void show_findings(struct session *s, struct buf *out)
{
	struct text_style style = session_style(s);

	report_findings(out, &s->report, &style);
}

static bool any_blocked(const struct session *s)
{
	if (finding_blocks(&s->findings, NULL))
		return true;
	for (size_t i = 0; i < s->report.nr_guests; i++)
		if (s->report.guests[i].outcome == OUTCOME_BLOCKED)
			return true;
	return false;
}

static int command_check(struct session *s)
{
	if (s->opt.before_reboot)
		return command_before(s);
	if (s->opt.save) {
		session_fail(s, EXIT_USAGE, "--save goes with --before-reboot");
		return session_failed(s);
	}
	if (decide_all(s) < 0)
		return session_failed(s);
	return session_end(s, show_findings, any_blocked(s) ? EXIT_BLOCKED : EXIT_DONE);
}

static void show_difference(struct session *s, struct buf *out, const struct printed_plan *printed)
{
	struct text_style style = session_style(s);
	const char *text = printed->text;
	struct pool pool = POOL_INIT;
	struct plan plan = { 0 };

	if (plan_parse(&plan, &text, &pool, &s->err) < 0 ||
	    report_diff(out, &plan, &s->root, style.color, &s->err) < 0)
		buf_addf(out, "cannot compare: %s\n", s->err.text);
	pool_release(&pool);
}

static void show_plan(struct session *s, struct buf *out)
{
	struct text_style style = session_style(s);

	report_plan(out, &s->report, &style);
	for (size_t i = 0; s->opt.diff && i < s->decided.nr; i++)
		show_difference(s, out, &s->decided.v[i].plan);
	report_findings(out, &s->report, &style);
	jobs_say_saved(s, out);
}

/*
 * `plan` is blocked when any guest that was asked for is; `convert -n` says what convert
 * would end with.
 */
static int plan_status(const struct session *s, const struct jobs *jobs)
{
	if (finding_blocks(&s->findings, NULL))
		return session_blocked(s);
	if (any_blocked(s) && !s->opt.dry_run)
		return EXIT_BLOCKED;
	if (any_blocked(s))
		return jobs->nr ? EXIT_PARTIAL : carry_status(s);
	return jobs->nr && s->opt.detailed_exitcode ? EXIT_PENDING : EXIT_DONE;
}

int command_plan(struct session *s)
{
	struct jobs jobs = { 0 };
	int status;

	s->keeps_plans = true;
	if (decide_all(s) < 0)
		return session_failed(s);
	jobs_take_decisions(s, &jobs);
	status = plan_status(s, &jobs);
	if (!s->opt.out_file || jobs_save(s, &jobs) == 0)
		return session_end(s, show_plan, status);
	if (s->status != EXIT_BLOCKED || s->opt.json)
		return session_failed(s);	/* one document, also where the file failed */
	session_end(s, show_plan, status);
	return session_failed(s);
}

static void show_status(struct session *s, struct buf *out)
{
	struct text_style style = session_style(s);

	report_status(out, &s->report, &style);
}

/* Journals whose guest is no longer configured have a state all the same. */
static void add_records(struct session *s)
{
	const struct record **records;
	size_t nr;

	if (session_records(s, &records, &nr) < 0) {
		err_clear(&s->err);	/* the operands name guests without a journal */
		s->status = 0;
	}
	for (size_t i = 0; i < nr; i++) {
		size_t line = carry_line(s, records[i]->name);
		struct report_guest *g = &s->report.guests[line];

		g->ctid = records[i]->ctid;
		g->state = record_state(records[i]);
		if (records[i]->phase == PHASE_UNDONE && records[i]->guest &&
		    finding_blocks(&s->findings, records[i]->name))
			g->state = STATE_BLOCKED;
	}
}

static void add_container(struct session *s, struct report_guest *g, const struct known_ct *ct)
{
	struct report_container *c = pool_alloc(&s->pool, sizeof(*c));
	struct container_tree tree;

	*c = (struct report_container){
		.kind = layout_is_ploop(ct, &s->root) ? "ploop" : ct->device ? "insulated" : "shared",
		.device = shown_dup(&s->pool, ct->device),
	};
	g->container = c;
	if (!ct->device)
		return;
	if (container_volume(&tree, s, ct) < 0) {
		c->why = shown_dup(&s->pool, s->err.text);
		err_clear(&s->err);
	}
	c->volume = shown_dup(&s->pool, tree.volume);
	c->uuid = tree.uuid;
}

/* Of what kind the containers are that this program knows of. */
static int add_containers(struct session *s)
{
	struct known_cts known;

	if (layout_known(&known, &s->host, &s->root, &s->pool, &s->err) < 0)
		return -1;
	for (size_t i = 0; i < s->report.nr_guests; i++) {
		struct report_guest *g = &s->report.guests[i];
		const struct known_ct *ct = g->state >= STATE_CONVERTING ?
					    layout_container(&known, g->ctid) : NULL;

		if (ct && !g->is_host)
			add_container(s, g, ct);
	}
	return 0;
}

static int command_status(struct session *s)
{
	if (session_look(s) < 0)
		return session_failed(s);
	if (session_select(s) < 0 && !s->nr_records)
		return session_failed(s);
	/* Without a survey: what only a walk of the trees can tell is left to check and plan. */
	if (session_inspect(s, false) < 0 || session_decide(s) < 0)
		return session_failed(s);
	add_records(s);
	if (add_containers(s) < 0)
		return session_failed(s);
	return session_end(s, show_status, EXIT_DONE);
}

/* "fixups", or the name of one recipe. False: the word means something else. */
static bool explain_recipe(struct session *s, const char *word, struct buf *out)
{
	const struct recipe *recipe = recipe_find(&s->recipes, word);

	if (strcmp(word, "fixups") == 0)
		report_recipes(out, &s->recipes);
	else if (recipe)
		report_recipe(out, recipe);
	else
		return false;
	return true;
}

static int command_explain(struct session *s)
{
	const char *word = s->opt.guests[0];
	const struct finding_kind *kind = NULL;
	struct buf CLEANUP_BUF out = BUF_INIT;
	uint64_t id;

	if (parse_u64(word + (strncmp(word, "VS", 2) == 0 || strncmp(word, "vs", 2) == 0 ? 2 : 0),
		      9999, &id))
		kind = finding_kind((unsigned)id);
	for (size_t i = 0; !kind && i < nr_finding_kinds; i++)
		if (strcmp(finding_kinds[i].name, word) == 0)
			kind = &finding_kinds[i];
	if (!kind && session_recipes(s) < 0)
		return session_failed(s);
	if (kind) {
		report_explain(&out, kind);
	} else if (!explain_recipe(s, word, &out)) {
		session_fail(s, EXIT_USAGE, "there is no finding and no recipe '%s': `vs2vz check` "
			     "prints the findings of this host, `vs2vz explain fixups` the recipes",
			     show(word));
		return session_failed(s);
	}
	report_write(&out);
	return EXIT_DONE;
}

static int command_rules(struct session *s)
{
	struct buf CLEANUP_BUF out = BUF_INIT;

	report_rules(&out, s->opt.markdown);
	report_write(&out);
	return EXIT_DONE;
}

/* The newest stored report, or the one of the run that was named. */
static const char *find_report(struct session *s)
{
	const char *found = NULL;
	struct names names;

	if (s->opt.nr_guests)
		return pool_printf(&s->pool, "%s/%s.json", s->set.log_dir, s->opt.guests[0]);
	if (root_names(&s->root, s->set.log_dir, &s->pool, &names, &s->err) < 0)
		return NULL;
	for (size_t i = 0; i < names.nr; i++) {
		size_t len = strlen(names.name[i]);

		if (len > 5 && strcmp(names.name[i] + len - 5, ".json") == 0)
			found = names.name[i];	/* names begin with the time, and are sorted */
	}
	return found ? pool_printf(&s->pool, "%s/%s", s->set.log_dir, found) : NULL;
}

static int command_report(struct session *s)
{
	const char *path = find_report(s);
	struct buf CLEANUP_BUF text = BUF_INIT;
	struct buf CLEANUP_BUF out = BUF_INIT;
	struct findings *findings = pool_alloc(&s->pool, sizeof(*findings));
	struct report stored = { 0 };

	findings->pool = &s->pool;
	if (!path) {
		session_fail(s, EXIT_FAILED, "no report is stored in '%s'", show(s->set.log_dir));
		return session_failed(s);
	}
	if (root_read(&s->root, path, REPORT_MAX, &text, &s->err) < 0 ||
	    report_load(&stored, text.data, text.len, &s->pool, findings, &s->err) < 0)
		return session_failed(s);
	if (s->opt.json || s->opt.format == FORMAT_JSON)
		report_json(&out, &stored);
	else if (s->opt.format == FORMAT_HTML)
		report_html(&out, &stored);
	else
		report_full(&out, &stored);
	report_write(&out);
	return EXIT_DONE;
}

const struct command commands[] = {
	{ "scan", "[GUEST...]", "list the guests of this host",
	  "Lists every VServer guest: name, context, the CTID it would get, addresses, host\n"
	  "name, boot mark, distribution, init, tree, file system, size. Changes nothing.\n",
	  TAKES_GUESTS | TAKES_ALL | TAKES_CHOICES | TAKES_OVERWRITE, command_scan },
	{ "check", "[--before-reboot [--save]] [GUEST...]",
	  "all findings for host and guests in one pass",
	  "Says everything that stands in the way of a conversion or that somebody should\n"
	  "look at. Changes nothing. Status 2: something is blocked. --before-reboot is for\n"
	  "the VServer kernel still running: what would strand the host when the OpenVZ\n"
	  "kernel comes up; --save keeps what only this kernel can tell for `convert`.\n",
	  TAKES_GUESTS | TAKES_ALL | TAKES_CHOICES | TAKES_OVERWRITE | TAKES_OVERRIDE | TAKES_REBOOT,
	  command_check },
	{ "plan", "--all|GUEST... [-o FILE] [--diff]", "what convert would do",
	  "Prints the steps of every guest and every finding. -o FILE saves the plan; convert\n"
	  "--plan FILE runs exactly this one, and refuses it when the host has changed since.\n"
	  "Changes nothing. Status 2: a guest that was asked for is blocked.\n",
	  TAKES_GUESTS | NEEDS_GUESTS | TAKES_ALL | TAKES_CHOICES | TAKES_OVERWRITE | TAKES_OVERRIDE | TAKES_OUT |
	  TAKES_DIFF | TAKES_DETAILED, command_plan },
	{ "convert", "--all|GUEST...|--plan FILE [OPTION...]", "plan, ask once, do it",
	  "Converts guests into containers. Asks once before the first change; -y answers, a\n"
	  "saved plan is its own answer. A guest that fails is taken back by itself and stops\n"
	  "no other one. Everything can be undone until `vs2vz commit`.\n",
	  TAKES_GUESTS | NEEDS_GUESTS | TAKES_ALL | TAKES_YES | TAKES_DRY_RUN | TAKES_PLAN |
	  TAKES_CHOICES | TAKES_OVERWRITE | TAKES_OVERRIDE | TAKES_JOBS | TAKES_VERIFY | TAKES_KEEP_GOING |
	  TAKES_DIFF | TAKES_DETAILED | TAKES_OUT, command_convert },
	{ "status", "[GUEST...]", "where every guest stands, and the next command",
	  "Found, blocked, converting, interrupted, converted, undone or committed, computed\n"
	  "from the journals, with the command that leads on. Changes nothing.\n",
	  TAKES_GUESTS | TAKES_ALL, command_status },
	{ "resume", "[GUEST...]", "go on after an interruption",
	  "Carries what was interrupted to its end: a conversion forwards, an undo backwards,\n"
	  "a commit to the end.\n",
	  TAKES_GUESTS | TAKES_ALL | TAKES_YES | TAKES_JOBS | TAKES_VERIFY | TAKES_CHANGED |
	  TAKES_LATE, command_resume },
	{ "undo", "--all|GUEST... [-n]", "back to VServer, and proof that it is back",
	  "Takes converted and half-converted guests back, last step first, and compares the\n"
	  "tree with the record made before. Asks nothing; -n shows what would be done. What a\n"
	  "container changed meanwhile is kept and listed; a copied tree that changed needs\n"
	  "--bring-back or --discard-changes.\n",
	  TAKES_GUESTS | NEEDS_GUESTS | TAKES_ALL | TAKES_DRY_RUN | TAKES_YES | TAKES_CHANGED |
	  TAKES_JOBS, command_undo },
	{ "commit", "--all|GUEST... [-n] [--remove-hash-store]", "give up the way back",
	  "The one point of no return: removes retired sources and everything that only undo\n"
	  "needs. Asks once; -y answers; -n shows what would go. Before anything goes each\n"
	  "container's tree is looked at, and so is the source: what somebody wrote there after\n"
	  "it was copied is named, and needs --keep-source or --discard-changes. A hash store of\n"
	  "vhashify that no guest needs any more is named, and removed with --remove-hash-store.\n",
	  TAKES_GUESTS | NEEDS_GUESTS | TAKES_ALL | TAKES_YES | TAKES_DRY_RUN | TAKES_LATE |
	  TAKES_JOBS | TAKES_STORE, command_commit },
	{ "insulate", "CTID... --device DEV|--lv VG[/NAME][:SIZE]|--image FILE[:SIZE]|--image DIR/",
	  "give containers file systems of their own",
	  "Makes an ext4 on the device or in a new image file, fills it from the container's\n"
	  "private area, checks and compares it, and names it in CTID.conf (VE_DEVICE); the\n"
	  "scripts vps.premount and vps.postumount mount it. A container that has one moves\n"
	  "to the new one. Several CTIDs, or --all that share: --lv VG (volumes ctCTID) or\n"
	  "--image DIR/ (files CTID.img). The containers must be stopped. Asks once. -n -o FILE\n"
	  "saves the plan, --plan FILE runs it. Undo: vs2vz undo ct/CTID.\n",
	  TAKES_GUESTS | NEEDS_GUESTS | TAKES_ALL | TAKES_YES | TAKES_DRY_RUN | TAKES_OUT | TAKES_PLAN |
	  TAKES_VOLUME | TAKES_OVERWRITE | TAKES_OVERRIDE | TAKES_JOBS | TAKES_VERIFY |
	  TAKES_KEEP_GOING, command_insulate },
	{ "uninsulate", "CTID...", "let containers share a file system again",
	  "Copies each tree back from the container's own file system into the private area.\n"
	  "An image file goes with commit, a device stays as it is. The containers must be\n"
	  "stopped. Asks once. -n -o FILE saves the plan, --plan FILE runs it. Undo: vs2vz\n"
	  "undo ct/CTID.\n",
	  TAKES_GUESTS | NEEDS_GUESTS | TAKES_ALL | TAKES_YES | TAKES_DRY_RUN | TAKES_OUT | TAKES_PLAN |
	  TAKES_OVERRIDE | TAKES_JOBS | TAKES_VERIFY | TAKES_KEEP_GOING, command_uninsulate },
	{ "verify", "[GUEST...] [--start]", "compare containers with the record made before",
	  "Looks whether every step stands where it should, whether the tree is what was moved\n"
	  "or copied, and whether CTID.conf says to vzctl what it was meant to say. Changes\n"
	  "nothing. Status 1: something differs. --start also starts each container and stops\n"
	  "it again, and says what does not come up: under OpenVZ by vzctl, elsewhere as a\n"
	  "rehearsal in name spaces above the untouched tree. Only then guests' code is run.\n",
	  TAKES_GUESTS | TAKES_ALL | TAKES_VERIFY | TAKES_START, command_verify },
	{ "explain", "VSnnn or RECIPE or \"fixups\"", "cause, effect and cure of a finding",
	  "Explains a finding by its number or name, a fix-up recipe by its name; \"fixups\"\n"
	  "lists the recipes that edit guests.\n", TAKES_GUESTS | TAKES_ONE, command_explain },
	{ "rules", "[--markdown]", "the translation table",
	  "Prints what becomes of every VServer configuration item.\n", TAKES_MARKDOWN,
	  command_rules },
	{ "doctor", "", "what this kernel and this host can, and what is lacking",
	  "Prints what the kernel, the libraries, the programs and the directories of this host\n"
	  "can, with the evidence, and what each command lacks because of it. Changes nothing\n"
	  "and runs no program. Status 2: convert would be refused here.\n", 0, command_doctor },
	{ "report", "[RUN] [--format text|json|html]", "the report of the last or a named run",
	  "Prints a stored report again. RUN is the name of a report in the log directory,\n"
	  "without its suffix.\n", TAKES_GUESTS | TAKES_FORMAT, command_report },
	{ NULL, NULL, NULL, NULL, 0, NULL },
};
