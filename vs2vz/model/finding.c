/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of findings: adding, lifting, asking, sorting. Knows the table of kinds
 * by its header only; prints nothing (report_text.c does).
 */
#include "model/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/shown.h"
#include "base/units.h"

const struct finding_kind *finding_kind(unsigned id)
{
	size_t low = 0, high = nr_finding_kinds;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (finding_kinds[mid].id == id)
			return &finding_kinds[mid];
		if (finding_kinds[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

const struct finding_kind *finding_by_word(const char *word)
{
	uint64_t id;

	if ((word[0] == 'V' || word[0] == 'v') && (word[1] == 'S' || word[1] == 's') &&
	    parse_u64(word + 2, 999, &id))
		return finding_kind((unsigned)id);
	for (size_t i = 0; i < nr_finding_kinds; i++)
		if (strcmp(finding_kinds[i].name, word) == 0)
			return &finding_kinds[i];
	return NULL;
}

void finding_add(struct findings *f, enum finding_id id, const char *guest,
		 const char *object, const char *fmt, ...)
{
	const struct finding_kind *kind = finding_kind(id);
	struct finding *new;
	char *seen = NULL;
	va_list ap;

	if (!kind)
		die("finding %d has no row", (int)id);
	va_start(ap, fmt);
	if (vasprintf(&seen, fmt, ap) < 0)
		die("out of memory");
	va_end(ap);
	new = pool_grow(f->pool, &f->v, &f->nr, &f->cap, sizeof(*f->v));
	new->kind = kind;
	new->guest = shown_dup(f->pool, guest);
	new->object = shown_dup(f->pool, object);
	new->seen = shown_dup(f->pool, seen);
	free(seen);
}

static bool is_about(const struct finding *finding, const char *guest)
{
	if (!guest || !finding->guest)
		return guest == finding->guest;
	return strcmp(finding->guest, guest) == 0;
}

bool finding_override(struct findings *f, unsigned id, const char *guest, const char *reason)
{
	const struct finding_kind *kind = finding_kind(id);
	const char *who, *why;

	if (!kind || !kind->overridable)
		return false;
	who = shown_dup(f->pool, guest);
	why = shown_dup(f->pool, reason ? reason : "");
	for (size_t i = 0; i < f->nr; i++) {
		struct finding *finding = &f->v[i];

		if (finding->kind == kind && (!guest || is_about(finding, who)))
			finding->override_reason = why;
	}
	return true;
}

bool finding_blocks(const struct findings *f, const char *guest)
{
	const char *who = shown_dup(f->pool, guest);

	for (size_t i = 0; i < f->nr; i++) {
		const struct finding *finding = &f->v[i];

		if (finding->kind->level == LEVEL_INHIBITOR && !finding->override_reason &&
		    is_about(finding, who))
			return true;
	}
	return false;
}

static int compare_text(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

/* The order of the list breaks ties: objects are told apart by address only. */
static int compare(const void *left, const void *right)
{
	const struct finding *a = left, *b = right;
	int order = compare_text(a->guest, b->guest);

	if (order == 0)
		order = (int)b->kind->level - (int)a->kind->level;
	if (order == 0)
		order = (int)a->kind->id - (int)b->kind->id;
	if (order == 0)
		order = compare_text(a->object, b->object);
	if (order == 0)
		order = compare_text(a->seen, b->seen);
	return order;
}

void finding_sort(struct findings *f)
{
	if (f->nr > 1)
		qsort(f->v, f->nr, sizeof(*f->v), compare);
}
