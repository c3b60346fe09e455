/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unified differences of what a plan writes against what is on disk. Configuration
 * files are small: a table of common subsequences does, and where it would be large
 * the changed middle is shown as removed and added.
 */
#include "report_parts.h"

#include <string.h>

#include "base/shown.h"

#define CONTEXT 3
#define CELLS_MAX (4u * 1024 * 1024)
#define FILE_MAX (1024 * 1024)

struct lines {
	size_t nr, cap;
	struct line {
		const char *text;
		size_t len;	/* with the newline, where there is one */
	} *v;
};

struct edit {
	char mark;		/* ' ', '-', '+' */
	const struct line *line;
};
struct edits {
	size_t nr, cap;
	struct edit *v;
};

static void split(struct lines *out, const struct buf *text, struct pool *pool)
{
	const char *at = text->data, *end = text->data + text->len;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		struct line *line = pool_grow(pool, &out->v, &out->nr, &out->cap, sizeof(*line));

		line->text = at;
		line->len = newline ? (size_t)(newline - at) + 1 : (size_t)(end - at);
		at += line->len;
	}
}

static bool same(const struct line *a, const struct line *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static void emit(struct edits *out, struct pool *pool, char mark, const struct line *line)
{
	struct edit *edit = pool_grow(pool, &out->v, &out->nr, &out->cap, sizeof(*edit));

	edit->mark = mark;
	edit->line = line;
}

/* The part between common head and common tail. */
struct middle {
	const struct line *a, *b;
	size_t nr_a, nr_b;
};

static void emit_all(struct edits *out, struct pool *pool, const struct middle *m)
{
	for (size_t i = 0; i < m->nr_a; i++)
		emit(out, pool, '-', &m->a[i]);
	for (size_t j = 0; j < m->nr_b; j++)
		emit(out, pool, '+', &m->b[j]);
}

/* common[i][j]: length of the longest common subsequence of a[i..] and b[j..]. */
static void emit_middle(struct edits *out, struct pool *pool, const struct middle *m)
{
	const size_t width = m->nr_b + 1;
	uint32_t *common;
	size_t i = 0, j = 0;

	if ((m->nr_a + 1) > CELLS_MAX / width) {
		emit_all(out, pool, m);
		return;
	}
	common = pool_array(pool, (m->nr_a + 1) * width, sizeof(*common));
	for (size_t x = m->nr_a; x-- > 0;) {
		for (size_t y = m->nr_b; y-- > 0;) {
			uint32_t down = common[(x + 1) * width + y];
			uint32_t right = common[x * width + y + 1];
			uint32_t best = down > right ? down : right;

			common[x * width + y] = same(&m->a[x], &m->b[y]) ?
						common[(x + 1) * width + y + 1] + 1 : best;
		}
	}
	while (i < m->nr_a && j < m->nr_b) {
		if (same(&m->a[i], &m->b[j])) {
			emit(out, pool, ' ', &m->a[i++]);
			j++;
		} else if (common[(i + 1) * width + j] >= common[i * width + j + 1]) {
			emit(out, pool, '-', &m->a[i++]);
		} else {
			emit(out, pool, '+', &m->b[j++]);
		}
	}
	emit_all(out, pool, &(struct middle){ m->a + i, m->b + j, m->nr_a - i, m->nr_b - j });
}

static void compare(struct edits *out, const struct lines *a, const struct lines *b,
		    struct pool *pool)
{
	size_t first = 0, last = 0;

	while (first < a->nr && first < b->nr && same(&a->v[first], &b->v[first]))
		first++;
	while (last < a->nr - first && last < b->nr - first &&
	       same(&a->v[a->nr - 1 - last], &b->v[b->nr - 1 - last]))
		last++;
	for (size_t i = 0; i < first; i++)
		emit(out, pool, ' ', &a->v[i]);
	emit_middle(out, pool, &(struct middle){
		.a = a->nr ? a->v + first : NULL, .nr_a = a->nr - first - last,
		.b = b->nr ? b->v + first : NULL, .nr_b = b->nr - first - last });
	for (size_t i = a->nr - last; i < a->nr; i++)
		emit(out, pool, ' ', &a->v[i]);
}

static void print_edit(struct buf *out, const struct edit *edit, bool color)
{
	struct buf line CLEANUP_BUF = BUF_INIT;
	struct buf raw CLEANUP_BUF = BUF_INIT;
	bool ended = edit->line->text[edit->line->len - 1] == '\n';

	buf_addch(&line, edit->mark);
	for (size_t i = 0; i < edit->line->len - ended; i++) {
		char c = edit->line->text[i];

		/* Tabs are harmless and usual; a NUL would end the text. */
		if (c != '\t' && c != '\0') {
			buf_addch(&raw, c);
			continue;
		}
		shown_add(&line, raw.data);
		buf_clear(&raw);
		buf_adds(&line, c ? "\t" : "\\x00");
	}
	shown_add(&line, raw.data);
	paint(out, color, edit->mark == '+' ? PAINT_GOOD : edit->mark == '-' ? PAINT_BAD :
	      PAINT_NONE, line.data);
	buf_adds(out, ended ? "\n" : "\n\\ No newline at end of file\n");
}

/* Edits first..end-1 as one hunk; a and b: lines of each side before it. */
static void print_hunk(struct buf *out, const struct edits *e, size_t first, size_t end,
		       bool color)
{
	size_t a = 0, b = 0, nr_a = 0, nr_b = 0;

	for (size_t i = 0; i < end; i++) {
		*(i < first ? &a : &nr_a) += e->v[i].mark != '+';
		*(i < first ? &b : &nr_b) += e->v[i].mark != '-';
	}
	buf_addf(out, "@@ -%zu,%zu +%zu,%zu @@\n", nr_a ? a + 1 : a, nr_a, nr_b ? b + 1 : b, nr_b);
	for (size_t i = first; i < end; i++)
		print_edit(out, &e->v[i], color);
}

/* The end of the hunk that begins with the change at i: changes closer than two contexts. */
static size_t hunk_end(const struct edits *e, size_t i)
{
	size_t last = i;

	for (; i < e->nr && i - last <= 2 * CONTEXT + 1; i++)
		if (e->v[i].mark != ' ')
			last = i;
	return last + 1 + CONTEXT < e->nr ? last + 1 + CONTEXT : e->nr;
}

void diff_text(struct buf *out, const char *path, const struct buf *old, const struct buf *new,
	       bool color)
{
	struct pool pool = POOL_INIT;
	struct lines a = { 0 }, b = { 0 };
	struct edits e = { 0 };

	split(&a, old, &pool);
	split(&b, new, &pool);
	compare(&e, &a, &b, &pool);
	buf_addf(out, "--- %s\n+++ %s\n", show(path), show(path));
	for (size_t i = 0; i < e.nr; i++) {
		size_t end;

		if (e.v[i].mark == ' ')
			continue;
		end = hunk_end(&e, i);
		print_hunk(out, &e, i > CONTEXT ? i - CONTEXT : 0, end, color);
		i = end - 1;
	}
	pool_release(&pool);
}

/* Before the tree of a guest has moved, its files are still at the source. */
static const struct step *mover_of(const struct plan *plan, const struct step *step,
				   const char **rest)
{
	const char *path = step_get(step, "at");

	for (size_t i = 0; i < step->nr; i++) {
		const struct step *s = &plan->step[i];
		const char *to;
		size_t len;

		if (strcmp(s->kind->name, "rename") != 0 && strcmp(s->kind->name, "copy") != 0)
			continue;
		to = step_get(s, "to");
		len = strlen(to);
		*rest = path + len;
		if (strncmp(path, to, len) == 0 && path[len] == '/')
			return s;
	}
	return NULL;
}

/* What the guest's links lead to stays inside its tree. */
static int read_inside(struct buf *out, const struct root *root, const char *tree,
		       const char *path, struct err *err)
{
	struct root inner;
	int rc;

	if (root_inside(&inner, root, tree, err) < 0)
		return -1;
	rc = root_read(&inner, path, FILE_MAX, out, err);
	root_release(&inner);
	return rc;
}

static int read_old(struct buf *out, const struct plan *plan, const struct step *step,
		    const struct root *root, struct err *err)
{
	const char *rest;
	const struct step *mover = mover_of(plan, step, &rest);

	if (!mover)
		return root_read(root, step_get(step, "at"), FILE_MAX, out, err);
	if (read_inside(out, root, step_get(mover, "from"), rest, err) == 0)
		return 0;
	if (!err_is_absent(err))
		return -1;
	err_clear(err);
	return read_inside(out, root, step_get(mover, "to"), rest, err);
}

/* What the step writes over; nothing for a new file. */
static int old_text(struct buf *out, const struct plan *plan, const struct step *step,
		    const struct root *root, struct err *err)
{
	if (strcmp(step_get(step, "old"), "absent") == 0)
		return 0;
	if (read_old(out, plan, step, root, err) == 0)
		return 1;
	if (!err_is_absent(err))
		return -1;
	err_clear(err);
	return 0;
}

int report_diff(struct buf *out, const struct plan *plan, const struct root *root,
		bool color, struct err *err)
{
	for (size_t i = 0; i < plan->nr_steps; i++) {
		const struct step *step = &plan->step[i];
		const struct buf new = { (char *)(uintptr_t)step->text, step->text_len, 0, NULL };
		struct buf old CLEANUP_BUF = BUF_INIT;
		int found;

		if (!step->kind->has_text || !step->text)
			continue;
		found = old_text(&old, plan, step, root, err);
		if (found < 0)
			return -1;
		if (!found)
			buf_adds(out, "new file\n");
		diff_text(out, step_get(step, "at"), &old, &new, color);
	}
	return 0;
}
