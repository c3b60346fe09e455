/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command: asks all areas, prints the answers. Status 2 says that convert would be
 * refused on this host, whoever calls it.
 */
#include "doctor.h"

#include <string.h>

#include "commands.h"
#include "exits.h"
#include "openvz/layout.h"

void doctor_add(struct doctor *d, const struct doctor_line *line)
{
	*(struct doctor_line *)pool_grow(&d->s->pool, &d->line, &d->nr, &d->cap,
					 sizeof(*d->line)) = *line;
}

void doctor_ask(struct doctor *d, const char *area, const struct doctor_row *row)
{
	struct doctor_line line = {
		.area = area, .name = row->name, .seen = "", .needed = row->needed,
		.commands = row->commands ? row->commands : "", .lacks = row->lacks,
		.cure = row->cure,
	};

	line.answer = row->answer(d, row->arg, &line.seen);
	doctor_add(d, &line);
}

enum doctor_answer doctor_exists(const struct doctor *d, const struct root *root,
				 const char *path, const char **seen)
{
	struct stat st;
	struct err err;

	if (root_stat(root, path, &st, &err) == 0) {
		*seen = path;
		return DOCTOR_YES;
	}
	if (err_is_absent(&err)) {
		*seen = pool_printf(&d->s->pool, "there is no %s", path);
		return DOCTOR_NO;
	}
	*seen = pool_strdup(&d->s->pool, err.text);
	return DOCTOR_UNKNOWN;
}

bool doctor_is_fit(const struct doctor *d)
{
	for (size_t i = 0; i < d->nr; i++)
		if (d->line[i].needed && d->line[i].answer == DOCTOR_NO)
			return false;
	return true;
}

const char *doctor_answer_word(enum doctor_answer answer)
{
	static const char *const words[] = {
		[DOCTOR_NO] = "no", [DOCTOR_YES] = "yes", [DOCTOR_UNKNOWN] = "unknown",
	};

	return words[answer];
}

/* Findings are check's business: here they are forgotten. */
static void read_host(struct doctor *d)
{
	struct session *s = d->s;
	struct findings unused = { .pool = &s->pool };

	if (layout_read(&s->host, &s->root, s->live ? &s->proc : NULL, &s->pool, &unused,
			&s->err) < 0) {
		d->blind = pool_strdup(&s->pool, s->err.text);
		err_clear(&s->err);
		return;
	}
	service_read(&d->service, &s->host, &s->root, s->live ? &s->proc : NULL, &s->pool);
}

static void read_release(struct doctor *d)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct err err;

	d->release = "";
	if (root_read(&d->s->proc, "/sys/kernel/osrelease", 4096, &text, &err) == 0)
		d->release = pool_memdup(&d->s->pool, text.data, strcspn(text.data, "\n"));
}

void doctor_look(struct doctor *d)
{
	read_release(d);
	read_host(d);
	doctor_kernel(d);
	doctor_node(d);
	doctor_places(d);
	doctor_programs(d);
	doctor_libraries(d);
	doctor_limits(d);
}

int command_doctor(struct session *s)
{
	struct doctor d = { .s = s };
	struct text_style style = session_style(s);
	struct buf CLEANUP_BUF out = BUF_INIT;

	if (root_init(&d.real, "/", &s->err) < 0)
		return session_failed(s);
	doctor_look(&d);
	if (s->opt.json)
		report_json_doctor(&out, &d);
	else
		report_doctor(&out, &d, &style);
	report_write(&out);
	root_release(&d.real);
	return doctor_is_fit(&d) ? EXIT_DONE : EXIT_BLOCKED;
}
