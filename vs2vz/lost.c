/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks for conversions without a journal; see lost.h. Reads only. Nothing here says what
 * to remove: what is set aside may be the only copy there is.
 */
#include "lost.h"

#include <string.h>

#include "base/log.h"
#include "base/shown.h"
#include "openvz/layout.h"
#include "vserver/scan.h"

#define MARK ".vs2vz-"

/* ---- what the journals know */

static bool is_known(const struct session *s, const char *word, size_t len)
{
	for (size_t i = 0; i < s->nr_known; i++)
		if (strlen(s->known[i]) == len && strncmp(s->known[i], word, len) == 0)
			return true;
	return false;
}

static void know(struct session *s, const char *word)
{
	if (word && !is_known(s, word, strlen(word)))
		*(const char **)pool_grow(&s->pool, &s->known, &s->nr_known, &s->cap_known,
					  sizeof(*s->known)) = pool_strdup(&s->pool, word);
}

void lost_know(struct session *s, const struct plan *plan)
{
	know(s, plan_token(plan));
}

/* Journals of host-wide steps, and those that ended long ago: asked when a name is strange. */
static bool know_the_others(struct session *s)
{
	struct root state = { s->state, "" };
	struct names old;
	struct journal j;
	unsigned *numbers;
	struct err err;
	size_t nr;

	if (s->knows_all || s->state < 0)
		return s->knows_all = true;
	if (journal_list_host(s->state, &s->pool, &numbers, &nr, &err) < 0)
		return false;
	for (size_t i = 0; i < nr; i++)
		if (journal_open(&j, s->state, pool_printf(&s->pool, "host/%u", numbers[i]), &err) == 0) {
			lost_know(s, &j.plan);
			journal_close(&j);
		}
	if (root_names(&state, "archive", &s->pool, &old, &err) < 0)
		return s->knows_all = err_is_absent(&err);
	for (size_t i = 0; i < old.nr; i++)
		if (journal_open(&j, s->state, pool_printf(&s->pool, "archive/%s", old.name[i]), &err) == 0) {
			lost_know(s, &j.plan);
			journal_close(&j);
		}
	return s->knows_all = true;
}

/* ---- names beside trees */

/* The token in a name of ours; NULL: the name is somebody else's. */
static const char *token_in(const char *name)
{
	const char *at = name[0] == '.' ? strstr(name, MARK) : NULL;

	if (!at)
		return NULL;
	at += strlen(MARK);
	return strspn(at, "0123456789abcdef") == TOKEN_LEN && (!at[TOKEN_LEN] || at[TOKEN_LEN] == '-') ?
	       at : NULL;
}

static bool is_lost(struct session *s, const char *name)
{
	const char *token = token_in(name);

	if (!token)
		return false;
	for (int again = 0; again < 2; again++) {
		if (is_known(s, token, TOKEN_LEN))
			return false;
		if (!know_the_others(s))
			return false;
	}
	return true;
}

static const char *last_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

/* Whose tree or number is it that the name was made of? */
static const char *whose(const struct session *s, const char *name, size_t len)
{
	for (size_t i = 0; i < s->guests.nr; i++) {
		const struct guest *g = &s->guests.v[i];
		const char *const words[] = { g->name, last_name(g->tree), last_name(g->tree_link) };

		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
			if (words[k] && strlen(words[k]) == len && strncmp(words[k], name, len) == 0)
				return g->name;
	}
	return NULL;
}

static void add(struct session *s, const char *guest, const char *path, bool mark)
{
	*(struct lost *)pool_grow(&s->pool, &s->lost, &s->nr_lost, &s->cap_lost, sizeof(*s->lost)) =
		(struct lost){ guest, path, mark };
	finding_add(&s->findings, mark ? VS_JOURNAL_ABSENT : VS_JOURNAL_LOST, guest, path,
		    "%s; '%s' has no journal of it",
		    mark ? "marked as converted" : "set aside by a conversion",
		    show(s->set.state_dir));
}

static void look_in(struct session *s, const char *dir)
{
	struct names names;
	struct err err;

	if (root_names(&s->root, dir, &s->pool, &names, &err) < 0)
		return;
	for (size_t i = 0; i < names.nr; i++) {
		const char *name = names.name[i], *stem = name + 1;

		if (name[0] == '.' && strstr(name, MARK) && is_lost(s, name))
			add(s, whose(s, stem, (size_t)(strstr(stem, MARK) - stem)),
			    pool_printf(&s->pool, "%s/%s", strcmp(dir, "/") ? dir : "", name), false);
	}
}

/* ---- where trees are */

struct dirs {
	size_t nr, cap;
	const char **v;
};

static void add_dir(struct session *s, struct dirs *dirs, const char *path)
{
	struct buf real CLEANUP_BUF = BUF_INIT;
	struct stat st;
	struct err err;

	if (root_canonical(&s->root, path, &real, &err) < 0 ||
	    root_lstat(&s->root, real.data, &st, &err) < 0 || !S_ISDIR(st.st_mode))
		return;
	for (size_t i = 0; i < dirs->nr; i++)
		if (strcmp(dirs->v[i], real.data) == 0)
			return;
	*(const char **)pool_grow(&s->pool, &dirs->v, &dirs->nr, &dirs->cap, sizeof(*dirs->v)) =
		pool_strdup(&s->pool, real.data);
}

/* Above a path; what is the same as the last time was added then. */
static void add_above(struct session *s, struct dirs *dirs, const char *path, const char **last)
{
	const char *slash = path && path[0] == '/' ? strrchr(path, '/') : NULL;
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (!slash || (*last && strlen(*last) == len && strncmp(*last, path, len) == 0))
		return;
	*last = pool_memdup(&s->pool, path, len);
	add_dir(s, dirs, len ? *last : "/");
}

static void find_dirs(struct session *s, struct dirs *dirs)
{
	static const char *const usual[] = { "/vservers", "/var/lib/vservers" };
	const char *last = NULL, *pattern = s->host.private_pattern;

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		add_dir(s, dirs, usual[i]);
	for (unsigned i = 0; i < s->host.nr_installs; i++)
		add_dir(s, dirs, pool_printf(&s->pool, "%s/.defaults/vdirbase", s->host.installs[i]));
	for (size_t i = 0; i < s->guests.nr; i++)
		add_above(s, dirs, s->guests.v[i].tree ? s->guests.v[i].tree : s->guests.v[i].tree_link,
			  &last);
	if (pattern && strchr(pattern, '$'))
		add_above(s, dirs, pool_memdup(&s->pool, pattern, strcspn(pattern, "$")), &last);
}

void lost_find(struct session *s)
{
	struct dirs dirs = { 0 };
	bool damaged = false;

	for (size_t i = 0; i < s->guests.nr; i++) {
		const struct guest *g = &s->guests.v[i];

		if (g->state == GUEST_CONVERTED && !session_record(s, g->name))
			add(s, g->name, g->style == STYLE_LEGACY ? g->conf :
			    pool_printf(&s->pool, "%s/%s", g->conf, VSERVER_MARK), true);
	}
	for (size_t i = 0; i < s->nr_records; i++)
		damaged |= s->records[i].damaged;
	if (damaged)
		return;
	find_dirs(s, &dirs);
	for (size_t i = 0; i < dirs.nr; i++)
		look_in(s, dirs.v[i]);
}

bool lost_any(const struct session *s)
{
	for (size_t i = 0; i < s->nr_lost; i++)
		if (!s->lost[i].mark)
			return !session_lifted(s, VS_JOURNAL_LOST);
	return false;
}

bool lost_guest(const struct session *s, const char *name)
{
	for (size_t i = 0; i < s->nr_lost; i++)
		if (!s->lost[i].mark && s->lost[i].guest && strcmp(s->lost[i].guest, name) == 0)
			return !session_lifted(s, VS_JOURNAL_LOST);
	return false;
}

static const char *reason(struct session *s, const struct lost *l)
{
	return pool_printf(&s->pool, "'%s' is there, but '%s' has no journal of the conversion that made "
			   "it: nothing can be done or undone without it, and nothing of it must be "
			   "removed; bring the state directory back (vs2vz explain VS%u)",
			   show(l->path), show(s->set.state_dir),
			   l->mark ? VS_JOURNAL_ABSENT : VS_JOURNAL_LOST);
}

void lost_refuse(struct session *s)
{
	for (size_t i = 0; i < s->nr_lost; i++) {
		const struct lost *l = &s->lost[i];
		struct report_guest *line;

		if (!l->guest) {
			if (!s->opt.nr_guests)
				log_say(LOG_ERROR, "%s", reason(s, l));
			continue;
		}
		if (session_record(s, l->guest) || !session_means(s, l->guest))
			continue;
		line = report_guest(&s->report, l->guest);
		line->state = STATE_LOST;
		line->outcome = OUTCOME_BLOCKED;
		fail(&s->err, "%s", reason(s, l));
		if (!line->error)
			report_error(line, &s->report, &s->err);
	}
	err_clear(&s->err);
}
