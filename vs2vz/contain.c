/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * insulate, uninsulate: one container that exists gets a file system of its own, another
 * one, or shares that of the private areas again. What is done is a plan with a journal
 * (STATE/containers/CTID), carried, resumed, undone and committed as a guest's.
 */
#include "commands.h"

#include <string.h>

#include "base/blockdev.h"
#include "base/log.h"
#include "base/units.h"
#include "carry.h"
#include "decide/contain.h"
#include "decide/hooks.h"
#include "exits.h"
#include "session.h"
#include "step/mounted.h"

struct container {
	struct session *s;
	const char *name;		/* "ct/345" */
	size_t line;
	struct known_cts known;
	const struct known_ct *ct;
	struct insulate_source now;
	struct survey tree;
	struct contain_plan made;
};

/* By number, by NAME, or by the name of the guest that it was. */
static const struct known_ct *find_container(const struct container *c, const char *word)
{
	uint64_t number;

	if (parse_u64(word, UINT32_MAX, &number))
		return layout_container(&c->known, (uint32_t)number);
	for (size_t i = 0; i < c->known.nr; i++)
		if (c->known.v[i].name && strcmp(c->known.v[i].name, word) == 0)
			return &c->known.v[i];
	for (size_t i = 0; i < c->s->nr_records; i++)
		if (strcmp(c->s->records[i].name, word) == 0)
			return layout_container(&c->known, c->s->records[i].ctid);
	return NULL;
}

static int find(struct container *c)
{
	struct session *s = c->s;
	const char *word = s->opt.guests[0];

	if (session_look(s) < 0 ||
	    layout_known(&c->known, &s->host, &s->root, &s->pool, &s->err) < 0)
		return -1;
	/* Of the old world nothing matters now. */
	s->findings.nr = 0;
	s->report.findings = &s->findings;
	c->ct = find_container(c, word);
	if (!c->ct)
		return session_fail(s, EXIT_USAGE, "there is no container '%s': `vzlist -a` lists "
				    "them", show(word));
	c->name = pool_printf(&s->pool, "ct/%u", c->ct->ctid);
	c->line = carry_line(s, c->name);
	s->report.guests[c->line].ctid = c->ct->ctid;
	if (s->host.is_vz7)
		finding_add(&s->findings, VS_OPENVZ_TOO_NEW, NULL, s->host.conf_dir,
			    "its private areas have another layout");
	if (layout_is_ploop(c->ct, &s->root))
		finding_add(&s->findings, VS_CT_PLOOP, c->name, c->ct->private, "%s",
			    c->ct->layout ? c->ct->layout : "root.hdd");
	return 0;
}

/* A journal of this container that is not at its end, or a guest's. */
static void refuse_journals(struct container *c)
{
	struct session *s = c->s;

	for (size_t i = 0; i < s->nr_records; i++) {
		const struct record *r = &s->records[i];

		if (r->ctid == c->ct->ctid && !r->damaged && r->phase != PHASE_NONE &&
		    r->phase != PHASE_UNDONE && r->phase != PHASE_COMMITTED)
			finding_add(&s->findings, VS_NOT_COMMITTED, c->name, r->name,
				    "it is %s", phase_word(r->phase));
	}
}

/* Running, mounted, or somebody works there. */
static int refuse_use(struct container *c)
{
	struct session *s = c->s;
	const struct guest there = { .name = c->name, .tree = c->ct->private };
	const char *at;

	if (session_users(s) < 0)
		return -1;
	at = users_mount_at(&s->users, c->ct->root);
	if (!at)
		at = users_mount_at(&s->users, c->ct->private);
	if (at)
		finding_add(&s->findings, VS_GUEST_RUNNING, c->name, at,
			    "something is mounted there: vzctl stop %u", c->ct->ctid);
	vserver_busy(&there, &s->users, &s->findings);
	return 0;
}

static int lost(struct container *c, const char *why)
{
	finding_add(&c->s->findings, VS_VOLUME_LOST, c->name, c->ct->device, "%s", why);
	return 0;
}

/* The file system's own UUID tells it from any other that may come to that path. */
static const char *uuid_of(struct container *c, const char *path)
{
	struct blockdev seen;

	if (blockdev_read(&seen, &c->s->root, path, &c->s->pool, &c->s->err) < 0)
		return NULL;
	for (size_t i = 0; i < seen.nr; i++)
		if (strncmp(seen.sig[i].type, "ext", 3) == 0 && seen.sig[i].uuid)
			return seen.sig[i].uuid;
	return NULL;
}

static int look_at_own(struct container *c)
{
	const struct survey_options opt = { .threads = c->s->set.jobs, .xattrs = true };
	struct session *s = c->s;
	int CLEANUP_FD fd = -1;

	c->now.from = volume_named(c->ct->device, &s->pool);
	if (!c->now.from)
		return lost(c, "nothing has this name, or several have");
	if (!volume_is_device(c->now.from))
		c->now.from = layout_canonical(&s->root, c->now.from, &s->pool);
	c->now.volume = uuid_of(c, c->now.from);
	if (!c->now.volume)
		return lost(c, "no file system ext2, ext3 or ext4 is on it");
	c->now.inode = 2;	/* of every ext root directory */
	fd = mounted_open(&s->root, c->now.from, c->now.volume, VOLUME_READ, &s->err);
	if (fd < 0)
		return lost(c, s->err.text);
	return survey_tree(&c->tree, fd, &opt, &s->err);
}

static int look_at_shared(struct container *c)
{
	const struct survey_options opt = { .threads = c->s->set.jobs, .xattrs = true };
	struct session *s = c->s;
	struct stat st;
	int CLEANUP_FD fd = -1;

	c->now.from = c->ct->private;
	if (root_lstat(&s->root, c->ct->private, &st, &s->err) < 0 || !S_ISDIR(st.st_mode)) {
		finding_add(&s->findings, VS_AREA_ODD, c->name, c->ct->private, "no directory");
		return 0;
	}
	c->now.inode = st.st_ino;
	fd = strict_opendir(&s->root, c->ct->private, &s->err);
	return fd < 0 ? -1 : survey_tree(&c->tree, fd, &opt, &s->err);
}

static bool hooks_committed(struct session *s)
{
	unsigned *numbers;
	bool open = false;
	struct journal j;
	size_t nr;

	if (s->state < 0 || journal_list_host(s->state, &s->pool, &numbers, &nr, &s->err) < 0)
		return true;
	for (size_t i = 0; i < nr; i++) {
		const char *key = pool_printf(&s->pool, "host/%u", numbers[i]);

		if (journal_open(&j, s->state, key, &s->err) < 0)
			return false;
		open |= plan_note_get(&j.plan, HOOKS_NOTE) && j.phase != PHASE_UNDONE &&
			j.phase != PHASE_COMMITTED;
		journal_close(&j);
	}
	return !open;
}

static int plan_it(struct container *c)
{
	struct session *s = c->s;
	const struct contain_question q = {
		.name = c->name, .host = &s->host, .root = &s->root, .known = &c->known, .ct = c->ct,
		.wanted = &s->opt.insulate, .overwrite = s->opt.overwrite,
		.dump_device = s->opt.dump_device, .now = &c->now, .tree = &c->tree,
		.hooks_committed = hooks_committed(s),
	};

	c->now.to = c->ct->private;
	refuse_journals(c);
	if (refuse_use(c) < 0)
		return -1;
	if (finding_blocks(&s->findings, NULL) || finding_blocks(&s->findings, c->name))
		return 0;
	if ((c->ct->device ? look_at_own(c) : look_at_shared(c)) < 0)
		return -1;
	if (finding_blocks(&s->findings, c->name))
		return 0;
	return contain_decide(&c->made, &q, &s->pool, &s->findings, &s->err);
}

static void show_plan(struct session *s, struct buf *out)
{
	struct text_style style = session_style(s);

	report_plan(out, &s->report, &style);
	report_findings(out, &s->report, &style);
}

static void show_result(struct session *s, struct buf *out)
{
	struct text_style style = session_style(s);

	report_summary(out, &s->report, &style);
	report_findings(out, &s->report, &style);
	report_closing(out, &s->report);
}

static bool blocked(struct container *c)
{
	struct session *s = c->s;

	session_lift(s);
	finding_sort(&s->findings);
	if (!finding_blocks(&s->findings, NULL) && !finding_blocks(&s->findings, c->name))
		return false;
	s->report.guests[c->line].state = STATE_BLOCKED;
	s->report.guests[c->line].outcome = OUTCOME_BLOCKED;
	return true;
}

static void show_steps(struct container *c)
{
	struct session *s = c->s;

	report_steps(&s->report.guests[c->line], &s->report, &c->made.plan);
	s->report.bytes_needed = c->made.bytes_needed;
	if (c->made.hooks.nr_steps)
		report_steps(report_host(&s->report), &s->report, &c->made.hooks);
}

static int ask(struct container *c)
{
	struct buf CLEANUP_BUF text = BUF_INIT;
	struct session *s = c->s;

	if (!s->opt.json && !s->opt.quiet && !s->opt.yes) {
		show_plan(s, &text);
		report_write(&text);
	}
	return session_ask(s, pool_printf(&s->pool, "%s container %u now? (undo is possible until "
					  "commit)", s->opt.command->name, c->ct->ctid)) ? 0 : -1;
}

static int run_it(struct container *c)
{
	struct session *s = c->s;

	if (carry_host(s, &c->made.hooks) < 0 ||
	    journal_create(s->state, &c->made.plan, 1, &s->err) < 0)
		return -1;
	carry_guest(s, c->name, WAY_FORWARD, true);
	return carry_host_after(s);
}

static int change(struct container *c)
{
	struct session *s = c->s;

	if (blocked(c))
		return session_end(s, show_plan, session_blocked(s));
	show_steps(c);
	if (s->opt.dry_run)
		return session_end(s, show_plan, EXIT_DONE);
	if (ask(c) < 0)
		return session_failed(s);
	if (run_it(c) < 0) {
		s->status = EXIT_BROKEN;
		return session_failed(s);
	}
	return session_end(s, show_result, carry_status(s));
}

static int contain(struct session *s)
{
	struct container c = { .s = s };
	int status;

	if ((!s->opt.dry_run && session_may_change(s) < 0) || find(&c) < 0)
		return session_failed(s);
	if (s->opt.insulate.where == INSULATE_NOT && !c.ct->device) {
		s->report.guests[c.line].outcome = OUTCOME_ALREADY;
		log_say(LOG_NOTE, "container %u has no file system of its own: nothing to do",
			c.ct->ctid);
		return session_end(s, show_result, EXIT_DONE);
	}
	status = plan_it(&c) < 0 ? session_failed(s) : change(&c);
	survey_release(&c.tree);
	return status;
}

int command_insulate(struct session *s)
{
	if (!s->opt.has_insulate) {
		session_fail(s, EXIT_USAGE, "insulate needs one of --device, --lv, --image");
		return session_failed(s);
	}
	return contain(s);
}

int command_uninsulate(struct session *s)
{
	return contain(s);
}
