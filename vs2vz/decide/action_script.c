/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Action scripts and what had their names before; see action_script.h.
 */
#include "decide/action_script.h"

#include <string.h>

#include "base/hash.h"

#define NAMES_MAX    100
#define EARLIER_MAX  (64 * 1024)

/* The file that is there before; there is false where the name is free. */
struct earlier {
	bool there;
	struct stat st;
	struct buf text;
	char hash[HASH_TEXT];
	const char *copy;	/* its new name */
};

/* A name for the earlier script that nobody has. */
static const char *free_name(struct deciding *d, const char *path)
{
	const char *name = pool_printf(d->pool, "%s.before-vs2vz", path);

	for (unsigned i = 1; path_exists(d->root, name) && i < NAMES_MAX; i++)
		name = pool_printf(d->pool, "%s.before-vs2vz.%u", path, i);
	return name;
}

static bool unusable(struct deciding *d, const struct action_script *s, const char *why)
{
	finding_add(d->findings, s->unusable, s->guest, s->path, "it is there, and %s", why);
	return false;
}

/* False: it is there and cannot be kept; a finding has said why. */
static bool look_earlier(struct earlier *e, struct deciding *d, const struct action_script *s)
{
	const char *path = s->path;
	struct err err;

	e->there = root_lstat(d->root, path, &e->st, &err) == 0;
	if (!e->there)
		return true;
	if (!S_ISREG(e->st.st_mode))
		return unusable(d, s, "no plain file");
	if (root_read(d->root, path, EARLIER_MAX, &e->text, &err) < 0)
		return unusable(d, s, err.text);
	if (memchr(e->text.data, '\0', e->text.len))
		return unusable(d, s, "no text");
	hash_text(hash_bytes(e->text.data, e->text.len), e->hash);
	e->copy = free_name(d, path);
	return true;
}

/* old: hash of what is replaced, or "absent". */
static void add_write(struct deciding *d, struct plan *plan, const char *path, const char *old,
		      const struct buf *text)
{
	struct step *s = plan_step(plan, d->pool, "write");
	char hash[HASH_TEXT];

	hash_text(hash_bytes(text->data, text->len), hash);
	step_arg(s, d->pool, "at", path);
	step_arg(s, d->pool, "mode", "0755");
	step_arg(s, d->pool, "owner", "0:0");
	step_arg(s, d->pool, "old", old);
	step_arg(s, d->pool, "new", hash);
	step_text(s, d->pool, text->data, text->len);
}

/* Its mode is no better than it was: what vzctl could not run, ours cannot either. */
static void add_copy(struct deciding *d, struct plan *plan, const struct earlier *e,
		     const struct action_script *script)
{
	struct step *s = plan_step(plan, d->pool, "write");

	plan_input(plan, d->pool, INPUT_FILE, script->path, e->hash);
	plan_input(plan, d->pool, INPUT_ABSENT, e->copy, NULL);
	step_arg(s, d->pool, "at", e->copy);
	step_argf(s, d->pool, "mode", "%04o", (unsigned)e->st.st_mode & 07777);
	step_argf(s, d->pool, "owner", "%u:%u", e->st.st_uid, e->st.st_gid);
	step_arg(s, d->pool, "old", "absent");
	step_arg(s, d->pool, "new", e->hash);
	step_text(s, d->pool, e->text.data, e->text.len);
	finding_add(d->findings, script->chained, script->guest, script->path,
		    "it is kept as '%s', and the new one calls it", show(e->copy));
}

void action_script_build(struct deciding *d, struct plan *plan, const struct action_script *s)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct earlier e = { .text = BUF_INIT };

	if (look_earlier(&e, d, s)) {
		if (e.there)
			add_copy(d, plan, &e, s);
		else
			plan_input(plan, d->pool, INPUT_ABSENT, s->path, NULL);
		s->text(&text, s->ctx, e.copy);
		add_write(d, plan, s->path, e.there ? e.hash : "absent", &text);
	}
	buf_release(&e.text);
}
