/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answers of doctor as JSON (docs/schema/doctor-1.0.json): every member is always
 * there, null where there is nothing to say, in a fixed order.
 */
#include "doctor.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/shown.h"

const char *report_json_library(void)
{
	return JANSSON_VERSION;
}

static json_t *text_or_null(const struct doctor *d, const char *text)
{
	json_t *out = text ? json_string(shown_dup(&d->s->pool, text)) : NULL;

	return out ? out : json_null();
}

static void set(json_t *object, const char *key, json_t *value)
{
	if (!value || json_object_set_new(object, key, value) < 0)
		die("out of memory");
}

static json_t *commands(const struct doctor_line *l)
{
	json_t *out = json_array();

	for (const char *at = l->commands; *at;) {
		size_t len = strcspn(at, " ");

		if (json_array_append_new(out, json_stringn(at, len)) < 0)
			die("out of memory");
		at += len + (at[len] == ' ');
	}
	return out;
}

/* Words of a paragraph that the table breaks into lines. */
static const char *one_line(const struct doctor *d, const char *text)
{
	char *copy = text ? pool_strdup(&d->s->pool, text) : NULL;

	for (char *c = copy; c && *c; c++)
		if (*c == '\n')
			*c = ' ';
	return copy;
}

static json_t *line(const struct doctor *d, const struct doctor_line *l)
{
	bool lacks = l->answer != DOCTOR_YES;
	json_t *o = json_object();

	set(o, "area", json_string(l->area));
	set(o, "name", json_string(l->name));
	set(o, "answer", json_string(doctor_answer_word(l->answer)));
	set(o, "seen", text_or_null(d, l->seen));
	set(o, "needed", json_boolean(l->needed));
	set(o, "commands", commands(l));
	set(o, "without", text_or_null(d, lacks ? one_line(d, l->lacks) : NULL));
	set(o, "cure", text_or_null(d, lacks ? one_line(d, l->cure) : NULL));
	return o;
}

static json_t *counts(const struct doctor *d)
{
	json_t *o = json_object();
	json_int_t nr[3] = { 0 };

	for (size_t i = 0; i < d->nr; i++)
		nr[d->line[i].answer]++;
	set(o, "yes", json_integer(nr[DOCTOR_YES]));
	set(o, "no", json_integer(nr[DOCTOR_NO]));
	set(o, "unknown", json_integer(nr[DOCTOR_UNKNOWN]));
	return o;
}

void report_json_doctor(struct buf *out, const struct doctor *d)
{
	json_t *o = json_object(), *lines = json_array();
	char *text;

	set(o, "format_version", json_string(DOCTOR_FORMAT));
	set(o, "tool", json_string("vs2vz"));
	set(o, "version", json_string(d->s->report.version));
	set(o, "command", json_string("doctor"));
	set(o, "root", text_or_null(d, d->s->live ? NULL : d->s->root.path));
	set(o, "as_root", json_boolean(geteuid() == 0));
	set(o, "fit", json_boolean(doctor_is_fit(d)));
	set(o, "counts", counts(d));
	for (size_t i = 0; i < d->nr; i++)
		if (json_array_append_new(lines, line(d, &d->line[i])) < 0)
			die("out of memory");
	set(o, "lines", lines);
	text = json_dumps(o, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	if (!text)
		die("out of memory");
	buf_addf(out, "%s\n", text);
	free(text);
	json_decref(o);
}
