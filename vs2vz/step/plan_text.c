/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text form of a plan: printed in one pass, read line by line, strictly. What is
 * read is as good as what was printed: every argument has the form that its type
 * asks for, a write step's text has the hash that it announces, the steps are
 * numbered without a gap, and the hash over all of it holds.
 */
#include "step/plan.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/identity.h"
#include "base/units.h"
#include "base/words.h"
#include "step/kinds.h"

#ifndef VERSION
#define VERSION "0"
#endif
#define MAGIC "vs2vz-plan"

static const struct {
	const char *path_key, *evidence_key;
} input_words[] = {
	[INPUT_FILE] = { "file", "hash" },
	[INPUT_DIR] = { "dir", "id" },
	[INPUT_NAMES] = { "names", "hash" },
	[INPUT_ABSENT] = { "absent", NULL },
	[INPUT_LINK] = { "link", "target" },
};
#define NR_INPUT_WORDS (sizeof(input_words) / sizeof(input_words[0]))

static void print_text(struct buf *out, const struct step *s)
{
	const char *at = s->text, *end = s->text + s->text_len;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		buf_adds(out, newline ? "| " : "|- ");
		words_escape_line(out, at, (size_t)((newline ? newline : end) - at));
		buf_addch(out, '\n');
		at = newline ? newline + 1 : end;
	}
}

static void print_step(struct buf *out, const struct step *s)
{
	char nr[16];

	snprintf(nr, sizeof(nr), "%u", s->nr);
	words_bare(out, "step");
	words_bare(out, nr);
	words_bare(out, s->kind->name);
	for (unsigned i = 0; s->kind->args[i].name; i++)
		if (s->value[i])
			words_pair(out, s->kind->args[i].name, s->value[i]);
	buf_addch(out, '\n');
	if (s->kind->has_text)
		print_text(out, s);
}

static void print_header(struct buf *out, const struct plan *p)
{
	words_bare(out, MAGIC);
	words_pairf(out, "format", "%d", PLAN_FORMAT);
	words_pair(out, "tool", VERSION);
	words_pair(out, "scope", p->scope);
	if (p->guest)
		words_pair(out, "guest", p->guest);
	if (p->ctid)
		words_pairf(out, "ctid", "%u", p->ctid);
	buf_addch(out, '\n');
}

void plan_print(struct buf *out, const struct plan *p)
{
	size_t start = out->len;
	char hash[HASH_TEXT];

	print_header(out, p);
	for (size_t i = 0; i < p->nr_inputs; i++) {
		const struct input *in = &p->input[i];

		words_bare(out, "input");
		words_pair(out, input_words[in->type].path_key, in->path);
		if (in->evidence && input_words[in->type].evidence_key)
			words_pair(out, input_words[in->type].evidence_key, in->evidence);
		buf_addch(out, '\n');
	}
	for (size_t i = 0; i < p->nr_notes; i++) {
		words_bare(out, "note");
		words_pair(out, p->note[i].key, p->note[i].value);
		buf_addch(out, '\n');
	}
	for (size_t i = 0; i < p->nr_steps; i++)
		print_step(out, &p->step[i]);
	hash_text(hash_bytes(out->data + start, out->len - start), hash);
	words_bare(out, "end");
	words_pair(out, "hash", hash);
	buf_addch(out, '\n');
}

/* The forms of arguments. */

static bool is_path(const char *text)
{
	if (text[0] != '/' || !text[1])
		return text[0] == '/';
	while (*text) {
		size_t len = strcspn(text + 1, "/");

		if (!len || (len == 1 && text[1] == '.') ||
		    (len == 2 && text[1] == '.' && text[2] == '.') || len > 255)
			return false;
		text += len + 1;
	}
	return true;
}

static bool is_text(const char *text)
{
	return *text != '\0';
}

static bool is_number(const char *text)
{
	uint64_t n;

	return parse_u64(text, UINT64_MAX, &n);
}

static bool is_mode(const char *text)
{
	size_t len = strspn(text, "01234567");

	return len && len <= 5 && !text[len] && strtoul(text, NULL, 8) <= 07777;
}

static bool is_pair(const char *text, char between, uint64_t max_a, uint64_t max_b)
{
	const char *mark = strchr(text, between);
	char first[24];
	uint64_t n;

	if (!mark || (size_t)(mark - text) >= sizeof(first))
		return false;
	memcpy(first, text, (size_t)(mark - text));
	first[mark - text] = '\0';
	return parse_u64(first, max_a, &n) && parse_u64(mark + 1, max_b, &n);
}

static bool is_owner(const char *text)
{
	return is_pair(text, ':', UINT32_MAX - 1, UINT32_MAX - 1);
}

static bool is_time(const char *text)
{
	return is_pair(text + (*text == '-'), '.', INT64_MAX, 999999999);
}

static bool is_hash(const char *text)
{
	struct hash128 h;

	return strcmp(text, "absent") == 0 || hash_parse(text, &h);
}

static bool is_id(const char *text)
{
	struct identity id;

	return identity_parse(&id, text);
}

static const struct {
	bool (*fits)(const char *text);
	const char *name;
} arg_types[] = {
	[ARG_PATH] = { is_path, "an absolute path without '.', '..' and empty parts" },
	[ARG_TEXT] = { is_text, "a text" },
	[ARG_NUMBER] = { is_number, "a number" },
	[ARG_MODE] = { is_mode, "an octal mode" },
	[ARG_OWNER] = { is_owner, "UID:GID" },
	[ARG_TIME] = { is_time, "SECONDS.NANOSECONDS" },
	[ARG_HASH] = { is_hash, "32 hex digits or 'absent'" },
	[ARG_ID] = { is_id, "FILE-SYSTEM/INODE/GENERATION" },
};

struct reader {
	struct plan *p;
	struct pool *pool;
	const char *start, *next;
	unsigned line;
	struct buf text;	/* content of the last step so far */
	bool text_ended;	/* by "|- " */
	bool ended;
};

/* "ct/345" for container 345; the slash keeps it apart from all guests' names. */
static bool is_container(const char *name, uint32_t ctid)
{
	char own[24];

	snprintf(own, sizeof(own), "ct/%u", ctid);
	return ctid && strcmp(name, own) == 0;
}

static int take_scope(struct reader *r, const struct words *w, struct err *err)
{
	static const char *const scopes[] = { "host", "guest", "container" };
	const char *scope = words_get(w, "scope"), *guest = words_get(w, "guest");
	unsigned i = 0;

	while (i < 3 && (!scope || strcmp(scope, scopes[i]) != 0))
		i++;
	if (i == 3)
		return fail(err, "scope is none of 'host', 'guest', 'container'");
	r->p->scope = scopes[i];
	if ((i != 0) != (guest != NULL))
		return fail(err, "'guest' goes with the scopes guest and container, and only with them");
	if (i == 1 && (!*guest || *guest == '.' || strchr(guest, '/')))
		return fail(err, "'%s' is no name of a guest", show(guest));
	if (i == 2 && !is_container(guest, r->p->ctid))
		return fail(err, "'%s' is not the name of its container", show(guest));
	r->p->guest = guest ? pool_strdup(r->pool, guest) : NULL;
	return 0;
}

static int take_header(struct reader *r, const struct words *w, struct err *err)
{
	static const char *const known = " format tool scope guest ctid ";
	const char *format = words_get(w, "format"), *ctid = words_get(w, "ctid");
	uint64_t n = 0;

	if (!format || !parse_u64(format, UINT32_MAX, &n) || n != PLAN_FORMAT)
		return fail_code(err, EPROTO, "plan format '%s' is not known to this version",
				 show(format));
	for (size_t i = 0; i < w->nr_pairs; i++) {
		char key[32];

		snprintf(key, sizeof(key), " %s ", w->pair[i].key);
		if (!strstr(known, key))
			return fail_code(err, EPROTO, "plan needs '%s', not known to this version",
					 show(w->pair[i].key));
	}
	n = 0;
	if (ctid && !parse_u64(ctid, UINT32_MAX, &n))
		return fail(err, "ctid is no number: '%s'", show(ctid));
	r->p->ctid = (uint32_t)n;
	return take_scope(r, w, err);
}

static int take_input(struct reader *r, const struct words *w, struct err *err)
{
	for (size_t i = 0; i < NR_INPUT_WORDS; i++) {
		const char *path = words_get(w, input_words[i].path_key);
		const char *key = input_words[i].evidence_key;
		const char *evidence = key ? words_get(w, key) : NULL;

		if (!path || strcmp(w->pair[0].key, input_words[i].path_key) != 0)
			continue;
		if (!is_path(path))
			return fail(err, "'%s' is not %s", show(path), arg_types[ARG_PATH].name);
		if (w->nr_pairs != (key ? 2u : 1u) || (key && !evidence))
			return fail(err, "input '%s' wants '%s' and nothing else",
				    input_words[i].path_key, key ? key : "no evidence");
		plan_input(r->p, r->pool, (enum input_type)i, path, evidence);
		return 0;
	}
	return fail(err, "unknown kind of input");
}

static bool is_token(const char *text)
{
	return strspn(text, "0123456789abcdef") == TOKEN_LEN && !text[TOKEN_LEN];
}

static int take_note(struct reader *r, const struct words *w, struct err *err)
{
	for (size_t i = 0; i < w->nr_pairs; i++) {
		if (strcmp(w->pair[i].key, PLAN_TOKEN) == 0 && !is_token(w->pair[i].value))
			return fail(err, "'%s' is no token", show(w->pair[i].value));
		plan_note(r->p, r->pool, w->pair[i].key, w->pair[i].value);
	}
	return 0;
}

/* The step before the current line is complete. */
static int close_step(struct reader *r, struct err *err)
{
	struct step *s = r->p->nr_steps ? &r->p->step[r->p->nr_steps - 1] : NULL;
	char hash[HASH_TEXT];

	if (s && s->kind->has_text) {
		step_text(s, r->pool, r->text.data, r->text.len);
		hash_text(hash_bytes(s->text, s->text_len), hash);
		if (strcmp(hash, step_get(s, "new")) != 0)
			return fail(err, "the text of step %u is not what 'new' says", s->nr);
	}
	buf_clear(&r->text);
	r->text_ended = false;
	return 0;
}

static int take_args(struct reader *r, struct step *s, const struct words *w, struct err *err)
{
	size_t taken = 0;

	for (unsigned i = 0; s->kind->args[i].name; i++) {
		const struct arg *arg = &s->kind->args[i];
		const char *value = words_get(w, arg->name);

		if (!value && !arg->optional)
			return fail(err, "step %s wants '%s'", s->kind->name, arg->name);
		if (!value)
			continue;
		if (!arg_types[arg->type].fits(value))
			return fail(err, "'%s' is not %s: '%s'", arg->name,
				    arg_types[arg->type].name, show(value));
		step_arg(s, r->pool, arg->name, value);
		taken++;
	}
	if (taken != w->nr_pairs)
		return fail(err, "step %s has arguments that are not known", s->kind->name);
	return 0;
}

static int take_step(struct reader *r, const struct words *w, struct err *err)
{
	uint64_t nr;

	if (w->nr_bare != 3 || !parse_u64(w->bare[1], UINT32_MAX, &nr) || nr != r->p->nr_steps)
		return fail(err, "'step %zu KIND' expected", r->p->nr_steps);
	if (!kind_find(w->bare[2]))
		return fail_code(err, EPROTO, "kind of step '%s' is not known to this version",
				 show(w->bare[2]));
	return take_args(r, plan_step(r->p, r->pool, w->bare[2]), w, err);
}

static int take_end(struct reader *r, const struct words *w, struct err *err)
{
	const char *hash = words_get(w, "hash"), *line = r->next;
	char now[HASH_TEXT];

	/* r->next stands behind this line; the hash covers what is before it. */
	for (line--; line > r->start && line[-1] != '\n'; line--)
		;
	hash_text(hash_bytes(r->start, (size_t)(line - r->start)), now);
	if (!hash || strcmp(hash, now) != 0)
		return fail_code(err, ESTALE, "the plan was edited or damaged: its hash is %s",
				 now);
	r->ended = true;
	return 0;
}

static int take_text(struct reader *r, const char *line, struct err *err)
{
	const struct step *s = r->p->nr_steps ? &r->p->step[r->p->nr_steps - 1] : NULL;
	bool last = line[1] == '-';

	if (!s || !s->kind->has_text || r->text_ended)
		return fail(err, "text without a step that takes it");
	if (line[last ? 2 : 1] != ' ' || !words_unescape(&r->text, line + (last ? 3 : 2)))
		return fail(err, "malformed line of text");
	r->text_ended = last;
	if (!last)
		buf_addch(&r->text, '\n');
	return 0;
}

static const struct {
	const char *word;
	int (*take)(struct reader *r, const struct words *w, struct err *err);
} line_words[] = {
	{ "end", take_end },
	{ "input", take_input },
	{ "note", take_note },
	{ "step", take_step },
};

static int take_words(struct reader *r, const char *line, struct err *err)
{
	struct words w;
	int rc = -1;

	if (words_parse(&w, line, err) < 0)
		return -1;
	if (!w.nr_bare || (r->line == 1) != (strcmp(w.bare[0], MAGIC) == 0)) {
		fail(err, r->line == 1 ? "no plan begins here" : "line without a known word");
	} else if (r->line == 1) {
		rc = take_header(r, &w, err);
	} else if (close_step(r, err) == 0) {
		fail_code(err, EPROTO, "'%s' is not known to this version", show(w.bare[0]));
		for (size_t i = 0; i < sizeof(line_words) / sizeof(line_words[0]); i++)
			if (strcmp(w.bare[0], line_words[i].word) == 0)
				rc = line_words[i].take(r, &w, err);
	}
	words_release(&w);
	return rc;
}

static int take_lines(struct reader *r, struct err *err)
{
	struct buf CLEANUP_BUF line = BUF_INIT;

	while (!r->ended) {
		const char *newline = strchr(r->next, '\n');

		r->line++;
		if (!newline)
			return fail(err, "the plan ends too early");
		buf_clear(&line);
		buf_add(&line, r->next, (size_t)(newline - r->next));
		r->next = newline + 1;
		if ((line.data[0] == '|' ? take_text(r, line.data, err) :
					   take_words(r, line.data, err)) < 0)
			return -1;
	}
	return 0;
}

void plan_printed(struct printed_plan *out, const struct plan *p, struct pool *pool)
{
	struct buf CLEANUP_BUF text = BUF_INIT;

	plan_print(&text, p);
	*out = (struct printed_plan){
		.scope = p->scope, .guest = p->guest, .ctid = p->ctid,
		.text = pool_memdup(pool, text.data, text.len), .len = text.len,
		.relocation = UINT_MAX,
	};
	for (size_t i = p->nr_steps; i-- > 0;)
		if (p->step[i].kind == &kind_rename || p->step[i].kind == &kind_copy ||
		    p->step[i].kind == &kind_makefs)
			out->relocation = (unsigned)i;
}

int plan_parse(struct plan *p, const char **text, struct pool *pool, struct err *err)
{
	struct reader r = { .p = p, .pool = pool, .start = *text, .next = *text, .text = BUF_INIT };
	int rc;

	memset(p, 0, sizeof(*p));
	err_clear(err);
	rc = take_lines(&r, err);
	buf_release(&r.text);
	if (rc < 0)
		err_add(err, "line %u of the plan", r.line);
	else
		*text = r.next;
	return rc;
}
