/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan: building it, and comparing the evidence it was decided on with the disk.
 * Its text form is in plan_text.c.
 */
#include "step/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/blockdev.h"
#include "base/hash.h"
#include "base/identity.h"
#include "step/kinds.h"

#define EVIDENCE_FILE_MAX (64u << 20)

void plan_input(struct plan *p, struct pool *pool, enum input_type type, const char *path,
		const char *evidence)
{
	struct input *in = pool_grow(pool, &p->input, &p->nr_inputs, &p->cap_inputs, sizeof(*in));

	in->type = type;
	in->path = pool_strdup(pool, path);
	in->evidence = evidence ? pool_strdup(pool, evidence) : NULL;
}

void plan_note(struct plan *p, struct pool *pool, const char *key, const char *value)
{
	struct note *n = pool_grow(pool, &p->note, &p->nr_notes, &p->cap_notes, sizeof(*n));

	n->key = pool_strdup(pool, key);
	n->value = pool_strdup(pool, value);
}

const char *plan_note_get(const struct plan *p, const char *key)
{
	for (size_t i = 0; i < p->nr_notes; i++)
		if (strcmp(p->note[i].key, key) == 0)
			return p->note[i].value;
	return NULL;
}

int plan_token_new(struct plan *p, struct pool *pool, const char *fixed, struct err *err)
{
	char uuid[VOLUME_UUID_TEXT], token[TOKEN_LEN + 1];
	unsigned char bytes[16];

	if (fixed) {
		plan_note(p, pool, PLAN_TOKEN, fixed);
		return 0;
	}
	if (uuid_new(uuid, err) < 0)
		return -1;
	if (!uuid_bytes(uuid, bytes))
		die("a UUID that was just made is none");
	/* The bits that are the same in all UUIDs of this kind meet others. */
	for (unsigned i = 0; i < TOKEN_LEN / 2; i++)
		snprintf(token + 2 * i, 3, "%02x", bytes[i] ^ bytes[i + 8]);
	plan_note(p, pool, PLAN_TOKEN, token);
	return 0;
}

const char *plan_token(const struct plan *p)
{
	const char *token = plan_note_get(p, PLAN_TOKEN);

	return token ? token : "0000000000000000";
}

void plan_to_work(const struct plan *p, struct work *w)
{
	w->steps = p->step;
	w->nr_steps = p->nr_steps;
	w->token = plan_token(p);
	w->coarse |= plan_is_coarse(p);
}

bool plan_is_coarse(const struct plan *p)
{
	const char *times = plan_note_get(p, PLAN_TIMES);

	return times && strcmp(times, PLAN_COARSE) == 0;
}

struct step *plan_step(struct plan *p, struct pool *pool, const char *kind)
{
	struct step *s = pool_grow(pool, &p->step, &p->nr_steps, &p->cap_steps, sizeof(*s));

	s->kind = kind_find(kind);
	if (!s->kind)
		die("no kind of step is called '%s'", show(kind));
	s->nr = (unsigned)(p->nr_steps - 1);
	if (s->kind->has_text)
		s->text = "";
	return s;
}

void step_arg(struct step *s, struct pool *pool, const char *name, const char *value)
{
	for (unsigned i = 0; s->kind->args[i].name; i++) {
		if (strcmp(s->kind->args[i].name, name) == 0) {
			s->value[i] = pool_strdup(pool, value);
			return;
		}
	}
	die("step %s has no argument '%s'", s->kind->name, show(name));
}

void step_argf(struct step *s, struct pool *pool, const char *name, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		die("no memory");
	step_arg(s, pool, name, text);
	free(text);
}

void step_text(struct step *s, struct pool *pool, const void *bytes, size_t len)
{
	if (!s->kind->has_text)
		die("step %s has no text", s->kind->name);
	s->text = pool_memdup(pool, bytes, len);
	s->text_len = len;
}

static const char *hash_of(const void *bytes, size_t len, struct pool *pool)
{
	char text[HASH_TEXT];

	hash_text(hash_bytes(bytes, len), text);
	return pool_strdup(pool, text);
}

static int file_evidence(const char **out, const struct root *root, const char *path,
			 struct pool *pool, struct err *err)
{
	struct buf CLEANUP_BUF bytes = BUF_INIT;

	if (root_read(root, path, EVIDENCE_FILE_MAX, &bytes, err) < 0) {
		if (err->code != EISDIR && err->code != EINVAL)
			return -1;
		*out = "no regular file";
		return 0;
	}
	*out = hash_of(bytes.data, bytes.len, pool);
	return 0;
}

const char *identity_of(const struct root *root, const char *path, struct pool *pool,
			struct err *err)
{
	struct spot CLEANUP_SPOT spot = SPOT_INIT;
	char text[IDENTITY_TEXT];
	struct identity id;
	struct stat st;

	if (root_spot(root, path, &spot, err) < 0)
		return NULL;
	if (below_stat(spot.at.dirfd, spot.at.name, &st) < 0) {
		fail_errno(err, "cannot look at '%s'", show(path));
		return NULL;
	}
	if (identity_at(&id, spot.at.dirfd, spot.at.name, &st, err) < 0)
		return NULL;
	return pool_strdup(pool, identity_text(&id, text));
}

static int dir_evidence(const char **out, const struct root *root, const char *path,
			struct pool *pool, struct err *err)
{
	struct stat st;

	if (root_lstat(root, path, &st, err) < 0)
		return -1;
	*out = "no directory";
	if (!S_ISDIR(st.st_mode))
		return 0;
	*out = identity_of(root, path, pool, err);
	return *out ? 0 : -1;
}

static int names_evidence(const char **out, const struct root *root, const char *path,
			  struct pool *pool, struct err *err)
{
	struct buf CLEANUP_BUF all = BUF_INIT;
	struct pool mine = POOL_INIT;
	struct names names = { 0 };
	int rc = root_names(root, path, &mine, &names, err);

	for (size_t i = 0; rc == 0 && i < names.nr; i++)
		buf_add(&all, names.name[i], strlen(names.name[i]) + 1);
	pool_release(&mine);
	if (rc == 0)
		*out = hash_of(all.data, all.len, pool);
	return rc;
}

static int absent_evidence(const char **out, const struct root *root, const char *path,
			   struct pool *pool, struct err *err)
{
	struct stat st;

	(void)pool;
	if (root_lstat(root, path, &st, err) < 0)
		return -1;
	*out = "present";
	return 0;
}

static int link_evidence(const char **out, const struct root *root, const char *path,
			 struct pool *pool, struct err *err)
{
	struct buf CLEANUP_BUF text = BUF_INIT;

	if (root_readlink(root, path, &text, err) < 0) {
		if (err->code != EINVAL)
			return -1;
		*out = "no link";
		return 0;
	}
	*out = pool_memdup(pool, text.data, text.len);
	return 0;
}

int input_evidence(const char **out, const struct root *root, enum input_type type,
		   const char *path, struct pool *pool, struct err *err)
{
	static int (*const read_one[])(const char **, const struct root *, const char *,
				       struct pool *, struct err *) = {
		[INPUT_FILE] = file_evidence,
		[INPUT_DIR] = dir_evidence,
		[INPUT_NAMES] = names_evidence,
		[INPUT_ABSENT] = absent_evidence,
		[INPUT_LINK] = link_evidence,
	};

	*out = NULL;
	if (read_one[type](out, root, path, pool, err) == 0)
		return 0;
	if (err->code != ENOENT && err->code != ENOTDIR)
		return -1;
	err_clear(err);
	*out = NULL;
	return 0;
}

int input_evidence_in(const char **out, const struct root *root, const char *tree,
		      enum input_type type, const char *path, struct pool *pool, struct err *err)
{
	size_t len = tree ? strlen(tree) : 0;
	struct root inner;
	int rc;

	if (!len || strncmp(path, tree, len) != 0 || path[len] != '/')
		return input_evidence(out, root, type, path, pool, err);
	*out = NULL;
	if (root_inside(&inner, root, tree, err) < 0) {
		if (!err_is_absent(err))
			return -1;
		err_clear(err);
		return 0;
	}
	rc = input_evidence(out, &inner, type, path + len, pool, err);
	root_release(&inner);
	return rc;
}

/* The guest's tree that the plan moves or copies; NULL: none. */
static const char *tree_of(const struct plan *p)
{
	for (size_t i = 0; i < p->nr_steps; i++)
		if (p->step[i].kind->moves && step_get(&p->step[i], "from"))
			return step_get(&p->step[i], "from");
	return NULL;
}

static const char *how(const struct input *in, const char *now)
{
	if (!now)
		return "has gone";
	return in->type == INPUT_ABSENT ? "exists now" : "has changed";
}

/*
 * Paths are canonical when a plan is made: a link on the way to one, or anything else that is
 * no directory, came later.
 */
static int way_is_free(const struct plan *p, const struct root *root, struct pool *pool,
		       const char **stale, struct err *err)
{
	for (size_t i = 0; i < p->nr_steps; i++) {
		const struct step *s = &p->step[i];

		for (unsigned a = 0; s->kind->args[a].name; a++) {
			struct found CLEANUP_FOUND f = FOUND_INIT;
			char why[FOUND_WHY];

			if (s->kind->args[a].type != ARG_PATH || !s->value[a])
				continue;
			if (spot_find(&f, root, s->value[a], err) < 0)
				return -1;
			if (f.parent || !f.bar)
				continue;
			*stale = pool_printf(pool, "%s", found_why(&f, s->value[a], why));
			return 0;
		}
	}
	return 0;
}

int plan_fresh(const struct plan *p, const struct root *root, struct pool *pool,
	       const char **stale, struct err *err)
{
	const char *tree = tree_of(p);

	*stale = NULL;
	if (way_is_free(p, root, pool, stale, err) < 0 || *stale)
		return *stale ? 0 : -1;
	for (size_t i = 0; i < p->nr_inputs; i++) {
		const struct input *in = &p->input[i];
		const char *now;

		if (input_evidence_in(&now, root, tree, in->type, in->path, pool, err) < 0)
			return -1;
		if ((!now && !in->evidence) ||
		    (now && in->evidence && strcmp(now, in->evidence) == 0))
			continue;
		*stale = pool_printf(pool, "'%s' %s", show(in->path), how(in, now));
		return 0;
	}
	return 0;
}
