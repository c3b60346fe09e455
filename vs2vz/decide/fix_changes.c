/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Edits of files by lines, and whole contents. Every edit that finds its result there
 * already leaves the object alone, so that a recipe can run over its own work.
 */
#include "decide/fix_inside.h"

#include <stdlib.h>
#include <string.h>

#include "decide/fix_lines.h"

bool fix_says_yes(const struct statement *s, const char *key)
{
	const char *value = statement_get(s, key);

	return value && strcmp(value, "yes") == 0;
}

/* {hostname} and the like in one text. */
static const char *fill(struct fixing *f, const char *text, struct err *err)
{
	static const char *const names[] = { "hostname", "shortname", "address", "ctid" };
	struct buf out CLEANUP_BUF = BUF_INIT;

	while (*text) {
		size_t len = strcspn(text, "{"), i;

		buf_add(&out, text, len);
		text += len;
		for (i = 0; *text && i < sizeof(names) / sizeof(*names); i++) {
			size_t name = strlen(names[i]);
			const char *value = fix_value(f, names[i]);

			if (strncmp(text + 1, names[i], name) != 0 || text[1 + name] != '}')
				continue;
			if (!value) {
				fail(err, "the guest's %s is not known", names[i]);
				return NULL;
			}
			buf_adds(&out, value);
			text += name + 2;
			break;
		}
		if (*text && i == sizeof(names) / sizeof(*names))
			buf_addch(&out, *text++);
	}
	return pool_strdup(f->pool, out.data);
}

/* The statement with its content and value filled in, where it asks for that. */
int fix_filled(struct fixing *f, const struct statement *s, struct statement *out,
	       struct err *err)
{
	*out = *s;
	if (!fix_says_yes(s, "fill"))
		return 0;
	out->line = pool_array(f->pool, s->nr_lines + 1, sizeof(*out->line));
	for (size_t i = 0; i < s->nr_lines; i++) {
		out->line[i] = (struct content_line){ s->line[i].mark, fill(f, s->line[i].text, err) };
		if (!out->line[i].text)
			return -1;
	}
	for (size_t i = 0; i < out->nr_pairs; i++)
		if (strcmp(out->pair[i].key, "value") == 0 &&
		    !(out->pair[i].value = fill(f, out->pair[i].value, err)))
			return -1;
	return 0;
}

int fix_make_file(struct fixing *f, const char *path, const char *text, size_t len, mode_t mode,
		  struct err *err)
{
	struct object object, now;
	const char *canonical;

	if (fix_parent(f, path, &canonical, err) < 0 ||
	    edits_look(f->edits, path, true, &canonical, &object, err) < 0)
		return -1;
	now = (struct object){ .thing = THING_FILE, .mode = S_IFREG | (mode ? mode : 0644) };
	if (object.thing == THING_FILE) {
		if (edits_load(f->edits, canonical, &object, true, err) < 0)
			return -1;
		now = object;
		now.mode = mode ? S_IFREG | mode : object.mode;
		if (object.len == len && memcmp(object.text, text, len) == 0 &&
		    now.mode == object.mode)
			return 0;
	} else if (object.thing != THING_ABSENT) {
		return fail(err, "%s is no regular file", show(path));
	} else if (fix_dangles(f, path)) {
		return fail(err, "%s is a link that leads nowhere", show(path));
	}
	now.text = pool_memdup(f->pool, text, len);
	now.len = len;
	edits_put(f->edits, canonical, &now);
	return 0;
}

/* Some text edits make a file that is missing, where they are told to. */
static int edit_lines(struct fixing *f, const struct statement *s, text_edit *edit,
		      struct err *err)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	const char *path = fix_path(f, s->operand[0]), *canonical;
	struct statement ready;
	struct object object;

	if (fix_filled(f, s, &ready, err) < 0 ||
	    edits_look(f->edits, path, true, &canonical, &object, err) < 0)
		return -1;
	if (object.thing == THING_ABSENT) {
		if (!fix_says_yes(s, "create"))
			return 0;
		edit(&text, "", &ready);
	} else {
		if (edits_load(f->edits, canonical, &object, false, err) < 0)
			return -1;
		edit(&text, object.text, &ready);
	}
	if (text.len > EDIT_FILE_MAX)
		return fail(err, "%s would be too large", show(path));
	return fix_make_file(f, path, text.data, text.len, 0, err);
}

int fix_comment(struct fixing *f, const struct statement *s, struct err *err)
{
	return edit_lines(f, s, text_comment, err);
}

int fix_uncomment(struct fixing *f, const struct statement *s, struct err *err)
{
	return edit_lines(f, s, text_uncomment, err);
}

int fix_restore(struct fixing *f, const struct statement *s, struct err *err)
{
	return edit_lines(f, s, text_restore, err);
}

int fix_drop(struct fixing *f, const struct statement *s, struct err *err)
{
	return edit_lines(f, s, text_drop, err);
}

int fix_replace(struct fixing *f, const struct statement *s, struct err *err)
{
	return edit_lines(f, s, text_replace, err);
}

int fix_substitute(struct fixing *f, const struct statement *s, struct err *err)
{
	return edit_lines(f, s, text_substitute, err);
}

int fix_append(struct fixing *f, const struct statement *s, struct err *err)
{
	return edit_lines(f, s, text_append, err);
}

int fix_insert(struct fixing *f, const struct statement *s, struct err *err)
{
	return edit_lines(f, s, text_insert, err);
}

int fix_set(struct fixing *f, const struct statement *s, struct err *err)
{
	return edit_lines(f, s, text_set, err);
}

int fix_unset(struct fixing *f, const struct statement *s, struct err *err)
{
	return edit_lines(f, s, text_unset, err);
}

int fix_write(struct fixing *f, const struct statement *s, struct err *err)
{
	const char *mode = statement_get(s, "mode");
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct statement ready;

	if (fix_filled(f, s, &ready, err) < 0)
		return -1;
	text_content(&text, &ready, '|');
	return fix_make_file(f, fix_path(f, s->operand[0]), text.data, text.len,
			     mode ? (mode_t)strtoul(mode, NULL, 8) : 0, err);
}

int fix_say(struct fixing *f, const struct statement *s, struct err *err)
{
	static const struct {
		const char *word;
		enum finding_id id;
	} levels[] = {
		{ "info", VS_GUEST_NOTE }, { "warning", VS_GUEST_LOOK },
		{ "inhibitor", VS_GUEST_UNFIT },
	};
	struct buf text CLEANUP_BUF = BUF_INIT;

	for (size_t i = 0; i < s->nr_lines; i++)
		buf_addf(&text, "%s%s", i ? " " : "", s->line[i].text);
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		if (strcmp(levels[i].word, s->operand[0]) != 0)
			continue;
		finding_add(f->findings, levels[i].id, f->guest->guest->name,
			    f->each ? pool_printf(f->pool, "%s %s", f->recipe->name, f->each)
				    : f->recipe->name, "%s", text.data);
		return 0;
	}
	return fail(err, "'%s' is none of info, warning, inhibitor", show(s->operand[0]));
}
