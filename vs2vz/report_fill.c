/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fills the document that all renderers print. Here, and only here, texts that came
 * from guests become printable. Counts and next commands are computed from it.
 */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/shown.h"

static const char *text_of(const struct report *r, const char *bytes)
{
	return bytes && *bytes ? shown_dup(r->pool, bytes) : NULL;
}

void report_init(struct report *r, struct pool *pool, const char *command, int argc,
		 char **argv)
{
	char host[256] = "", stamp[40];
	struct tm utc;

	*r = (struct report){ .pool = pool, .command = command, .version = VERSION,
			      .started = time(NULL) };
	if (gethostname(host, sizeof(host) - 1) < 0 || !host[0])
		snprintf(host, sizeof(host), "localhost");
	r->host_name = shown_dup(pool, host);
	gmtime_r(&r->started, &utc);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
	r->run = pool_printf(pool, "%s-%ld", stamp, (long)getpid());
	r->arguments = pool_array(pool, (size_t)argc + 1, sizeof(*r->arguments));
	for (int i = 1; i < argc; i++)
		r->arguments[r->nr_arguments++] = shown_dup(pool, argv[i]);
}

/* The slot of a name in the index, or the free one for it. */
static size_t *slot_of(const struct report *r, const char *name, bool is_host)
{
	uint32_t hash = is_host ? 1 : 2166136261u;
	size_t i;

	for (const char *c = name; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	for (i = hash & (r->index.room - 1); r->index.slot[i]; i = (i + 1) & (r->index.room - 1)) {
		const struct report_guest *g = &r->guests[r->index.slot[i] - 1];

		if (g->is_host == is_host && strcmp(g->name, name) == 0)
			break;
	}
	return &r->index.slot[i];
}

/* Entries that came, went or were sorted since the last time: all are put in anew. */
static void bring_up_index(struct report *r)
{
	if (r->index.nr != r->nr_guests)
		r->index.room = 0;
	if ((r->nr_guests + 1) * 2 < r->index.room)
		return;
	r->index.room = 64;
	while (r->index.room < r->nr_guests * 4)
		r->index.room *= 2;
	r->index.slot = pool_array(r->pool, r->index.room, sizeof(*r->index.slot));
	r->index.nr = r->nr_guests;
	for (size_t i = 0; i < r->nr_guests; i++)
		*slot_of(r, r->guests[i].name, r->guests[i].is_host) = i + 1;
}

static struct report_guest *entry(struct report *r, const char *name, bool is_host)
{
	struct report_guest *g;
	size_t *slot;

	bring_up_index(r);
	slot = slot_of(r, name, is_host);
	if (*slot)
		return &r->guests[*slot - 1];
	g = pool_grow(r->pool, &r->guests, &r->nr_guests, &r->cap_guests, sizeof(*g));
	g->name = pool_strdup(r->pool, name);
	g->is_host = is_host;
	g->xid = -1;
	*slot = r->nr_guests;
	r->index.nr = r->nr_guests;
	return g;
}

struct report_guest *report_guest(struct report *r, const char *name)
{
	struct buf CLEANUP_BUF shown = BUF_INIT;

	shown_add(&shown, name);
	return entry(r, shown.data, false);
}

struct report_guest *report_host(struct report *r)
{
	return entry(r, "host", true);
}

static void add_addresses(struct report_guest *g, const struct report *r,
			  const struct guest *guest)
{
	g->addresses = pool_array(r->pool, guest->nr_addresses + 1, sizeof(*g->addresses));
	g->nr_addresses = guest->nr_addresses;
	for (size_t i = 0; i < guest->nr_addresses; i++) {
		const struct address *a = &guest->address[i];
		const char *text = shown_dup(r->pool, a->text ? a->text : "");

		g->addresses[i] = a->prefix < 0 ? text :
				  pool_printf(r->pool, "%s/%d", text, a->prefix);
	}
}

void report_found(struct report_guest *g, const struct report *r, const struct guest *guest,
		  const char *file_system)
{
	g->found = true;
	g->xid = guest->xid;
	g->on_boot = guest->on_boot;
	g->disabled = guest->disabled;
	g->marks = text_of(r, guest->marks);
	g->hostname = text_of(r, guest->hostname);
	g->install = text_of(r, guest->install);
	g->conf = text_of(r, guest->conf);
	g->tree = text_of(r, guest->tree);
	g->file_system = text_of(r, file_system);
	g->distro = text_of(r, guest->system.distro);
	g->version = text_of(r, guest->system.version);
	g->init = text_of(r, guest->system.init);
	g->arch = text_of(r, guest->system.arch);
	g->surveyed = guest->surveyed;
	g->bytes = guest->survey.bytes_used;
	g->inodes = guest->survey.inodes;
	add_addresses(g, r, guest);
	if (guest->state == GUEST_ABSENT)
		g->state = STATE_ABSENT;
	if (guest->state == GUEST_UNREAD)
		g->state = STATE_UNREAD;
	if (guest->state == GUEST_CONVERTED) {
		g->state = STATE_CONVERTED;
		g->ctid = guest->marker_ctid;
	}
}

const char *report_nobody(const struct report *r)
{
	return r->unseen ? "no guest was seen, and not all could be looked at" :
	       r->lost ? "no guest has a journal here" : "no guests";
}

void report_steps(struct report_guest *g, const struct report *r, const struct plan *plan)
{
	struct buf rest CLEANUP_BUF = BUF_INIT;

	g->planned = true;
	if (plan->ctid)
		g->ctid = plan->ctid;
	for (size_t i = 0; i < plan->nr_steps; i++) {
		const struct step *step = &plan->step[i];
		const char *word = step->kind->name;
		struct report_action *action;
		char mark = '~';

		buf_clear(&rest);
		step->kind->describe(step, &mark, &word, &rest);
		action = pool_grow(r->pool, &g->actions, &g->nr_actions, &g->cap_actions,
				   sizeof(*action));
		action->mark = mark;
		action->word = shown_dup(r->pool, word);
		action->text = shown_dup(r->pool, rest.data);
		g->files_written += step->kind->has_text;
	}
}

void report_decided(struct report_guest *g, const struct report *r,
		    const struct decision *decision)
{
	const struct ct *ct = &decision->ct;
	static const char *const methods[] = {
		[METHOD_AUTO] = "auto", [METHOD_RENAME] = "rename", [METHOD_COPY] = "copy",
	};

	g->ctid = ct->ctid;
	g->ctid_from = text_of(r, ct->ctid_from);
	g->ct_conf = text_of(r, ct->conf);
	g->ct_private = text_of(r, ct->private);
	g->ct_root = text_of(r, ct->root);
	g->sample = text_of(r, ct->sample_name);
	g->method = methods[decision->method];
	g->method_reason = text_of(r, decision->method_reason);
	report_fates(g, r, &decision->ledger);
	if (decision->plan.nr_steps)
		report_steps(g, r, &decision->plan);
}

void report_path_add(struct report_guest *g, const struct report *r, const char *path,
		     const char *why)
{
	struct report_path *p = pool_grow(r->pool, &g->paths, &g->nr_paths, &g->cap_paths,
					  sizeof(*p));

	p->path = shown_dup(r->pool, path);
	p->why = shown_dup(r->pool, why);
}

void report_error(struct report_guest *g, const struct report *r, const struct err *err)
{
	g->error = shown_dup(r->pool, err->text);
}

static int by_name(const void *left, const void *right)
{
	const struct report_guest *a = left, *b = right;

	return a->is_host != b->is_host ? a->is_host - b->is_host : strcmp(a->name, b->name);
}

void report_end(struct report *r, int status)
{
	r->ended = time(NULL);
	r->status = status;
	if (r->nr_guests > 1)
		qsort(r->guests, r->nr_guests, sizeof(*r->guests), by_name);
	r->index.room = 0;
	r->index.nr = SIZE_MAX;
}

static void count_findings(struct report_counts *c, const struct findings *f)
{
	size_t *const by_level[] = {
		[LEVEL_INFO] = &c->info, [LEVEL_FIXED] = &c->fixed,
		[LEVEL_WARNING] = &c->warning, [LEVEL_INHIBITOR] = &c->inhibitor,
	};

	for (size_t i = 0; i < f->nr; i++) {
		if (f->v[i].override_reason)
			c->lifted++;
		else
			(*by_level[f->v[i].kind->level])++;
	}
}

static void count_guest(struct report_counts *c, const struct report_guest *g)
{
	size_t ignored = 0;
	size_t *const by_outcome[] = {
		[OUTCOME_NONE] = &ignored, [OUTCOME_DONE] = &c->done,
		[OUTCOME_ALREADY] = &c->already, [OUTCOME_BLOCKED] = &ignored,
		[OUTCOME_SKIPPED] = &ignored, [OUTCOME_FAILED] = &c->failed,
		[OUTCOME_DIFFERS] = &c->differs,
	};
	bool blocked = g->state == STATE_BLOCKED || g->state == STATE_ABSENT ||
		       g->state == STATE_UNREAD ||
		       g->outcome == OUTCOME_BLOCKED;

	c->guests++;
	if (blocked)
		c->blocked++;
	else if (g->planned && g->outcome != OUTCOME_SKIPPED)
		c->convert++;
	else
		c->skipped++;
	(*by_outcome[g->outcome])++;
}

struct report_counts report_count(const struct report *r)
{
	struct report_counts c = { 0 };

	for (size_t i = 0; i < r->nr_guests; i++) {
		const struct report_guest *g = &r->guests[i];
		bool runs = g->is_host || (g->state != STATE_BLOCKED &&
					   g->state != STATE_ABSENT &&
					   g->state != STATE_UNREAD &&
					   g->outcome != OUTCOME_BLOCKED);

		if (!g->is_host)
			count_guest(&c, g);
		if (runs)
			c.files_written += g->files_written;
	}
	if (r->findings)
		count_findings(&c, r->findings);
	return c;
}

enum report_state report_state_of(enum phase phase, bool live)
{
	static const enum report_state states[] = {
		[PHASE_NONE] = STATE_FOUND,
		[PHASE_PLANNED] = STATE_INTERRUPTED,
		[PHASE_CONVERTING] = STATE_INTERRUPTED,
		[PHASE_CONVERTED] = STATE_CONVERTED,
		[PHASE_UNDOING] = STATE_UNDO_INTERRUPTED,
		[PHASE_UNDONE] = STATE_UNDONE,
		[PHASE_COMMITTING] = STATE_COMMIT_INTERRUPTED,
		[PHASE_COMMITTED] = STATE_COMMITTED,
	};

	if (live && (states[phase] == STATE_INTERRUPTED ||
		     states[phase] == STATE_UNDO_INTERRUPTED ||
		     states[phase] == STATE_COMMIT_INTERRUPTED))
		return STATE_CONVERTING;
	return states[phase];
}

/* %s is the guest, quoted for a shell where it must be. */
static const struct {
	const char *word;
	const char *next;
} states[] = {
	[STATE_FOUND]		   = { "found", "vs2vz convert %s" },
	[STATE_BLOCKED]		   = { "blocked", "vs2vz check %s" },
	[STATE_ABSENT]		   = { "no tree", "vs2vz check %s" },
	[STATE_UNREAD]		   = { "unreadable", "vs2vz check %s" },
	[STATE_CONVERTING]	   = { "converting", "" },
	[STATE_INTERRUPTED]	   = { "interrupted", "vs2vz resume %s; or vs2vz undo %s" },
	[STATE_CONVERTED]	   = { "converted", "vs2vz verify %s; then vs2vz commit %s; or vs2vz undo %s" },
	[STATE_UNDO_INTERRUPTED]   = { "undo interrupted", "vs2vz undo %s" },
	[STATE_UNDONE]		   = { "undone", "vs2vz convert %s" },
	[STATE_COMMIT_INTERRUPTED] = { "commit interrupted", "vs2vz commit %s" },
	[STATE_COMMITTED]	   = { "committed", "" },
	[STATE_LOST]		   = { "no journal", "vs2vz explain VS720" },
	[STATE_DAMAGED]		   = { "damaged", "vs2vz explain VS701" },
};

const char *state_word(enum report_state state)
{
	return states[state].word;
}

const char *outcome_word(enum outcome outcome)
{
	static const char *const words[] = {
		[OUTCOME_NONE] = "none", [OUTCOME_DONE] = "done",
		[OUTCOME_ALREADY] = "already", [OUTCOME_BLOCKED] = "blocked",
		[OUTCOME_SKIPPED] = "skipped", [OUTCOME_FAILED] = "failed",
		[OUTCOME_DIFFERS] = "differs",
	};

	return words[outcome];
}

/* A name that a shell would take apart stands in single quotes. */
static const char *shell_word(struct pool *pool, const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._-+:@%,/";
	struct buf out CLEANUP_BUF = BUF_INIT;

	if (*name && *name != '-' && name[strspn(name, plain)] == '\0')
		return name;
	buf_adds(&out, *name == '-' ? "-- '" : "'");
	for (; *name; name++) {
		if (*name == '\'')
			buf_adds(&out, "'\\''");
		else
			buf_addch(&out, *name);
	}
	buf_addch(&out, '\'');
	return pool_memdup(pool, out.data, out.len);
}

const char *report_program(const struct report *r)
{
	return r->root ? pool_printf(r->pool, "vs2vz --root %s", shell_word(r->pool, r->root)) : "vs2vz";
}

/* A number alone could be that of another container. */
const char *report_operand(const struct report *r, const struct report_guest *g)
{
	return g->name[strspn(g->name, "0123456789")] ? shell_word(r->pool, g->name) :
	       pool_printf(r->pool, "guest/%s", g->name);
}

/* brief: program and guest are named once. */
static const char *next_of(const struct report *r, const struct report_guest *g, bool brief)
{
	bool again = false;
	static const char us[] = "vs2vz ";
	struct buf out CLEANUP_BUF = BUF_INIT;
	const char *name;

	if (g->is_host || (strchr(g->name, '/') && g->state < STATE_CONVERTING) ||
	    (strchr(g->name, '/') && g->state == STATE_UNDONE))
		return "";	/* the commands of containers need more than a name */
	name = report_operand(r, g);
	for (const char *p = states[g->state].next; *p; p++) {
		if (again && strncmp(p, us, strlen(us)) == 0) {
			p += strlen(us) - 1;
		} else if (again && strncmp(p, " %s", 3) == 0) {
			p += 2;
		} else if (p[0] == '%' && p[1] == 's') {
			buf_adds(&out, name);
			again = brief;
			p++;
		} else if (strncmp(p, us, strlen(us)) == 0) {
			buf_addf(&out, "%s ", report_program(r));
			p += strlen(us) - 1;
		} else {
			buf_addch(&out, *p);
		}
	}
	return pool_memdup(r->pool, out.data, out.len);
}

const char *report_next(const struct report *r, const struct report_guest *g)
{
	return next_of(r, g, false);
}

const char *report_next_brief(const struct report *r, const struct report_guest *g)
{
	return next_of(r, g, true);
}
