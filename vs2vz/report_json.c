/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The document as JSON (docs/schema/report-1.0.json): every member is always there,
 * null where unknown, in a fixed order. A minor step of the format only adds members.
 */
#include "report.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "exits.h"
#include "report_parts.h"

/* Not UTF-8 would be a bug of the filling code; lose the text rather than the report. */
static json_t *text_or_null(const char *text)
{
	json_t *out = text ? json_string(text) : NULL;

	return out ? out : json_null();
}

static json_t *number(uint64_t n)
{
	return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

static json_t *number_or_null(uint64_t n)
{
	return n ? number(n) : json_null();
}

static void set(json_t *object, const char *key, json_t *value)
{
	if (!value || json_object_set_new(object, key, value) < 0)
		die("out of memory");
}

static void append(json_t *array, json_t *value)
{
	if (!value || json_array_append_new(array, value) < 0)
		die("out of memory");
}

static json_t *texts(const char *const *v, size_t nr)
{
	json_t *out = json_array();

	for (size_t i = 0; i < nr; i++)
		append(out, text_or_null(v[i]));
	return out;
}

static json_t *items(const struct report_guest *g)
{
	json_t *out = json_array();

	for (size_t i = 0; i < g->nr_items; i++) {
		json_t *item = json_object();

		set(item, "item", text_or_null(g->items[i].item));
		set(item, "value", text_or_null(g->items[i].value));
		set(item, "fate", text_or_null(g->items[i].fate));
		set(item, "result", text_or_null(g->items[i].result));
		set(item, "reason", text_or_null(g->items[i].reason));
		append(out, item);
	}
	return out;
}

static json_t *scripts(const struct report_guest *g)
{
	json_t *out = json_array();

	for (size_t i = 0; i < g->nr_scripts; i++) {
		const struct report_script *s = &g->scripts[i];
		json_t *script = json_object();

		set(script, "item", text_or_null(s->item));
		set(script, "cut", json_boolean(s->cut));
		set(script, "lines", texts(s->lines, s->nr_lines));
		append(out, script);
	}
	return out;
}

static json_t *paths(const struct report_guest *g)
{
	json_t *out = json_array();

	for (size_t i = 0; i < g->nr_paths; i++) {
		json_t *path = json_object();

		set(path, "path", text_or_null(g->paths[i].path));
		set(path, "why", text_or_null(g->paths[i].why));
		append(out, path);
	}
	return out;
}

/* What the scan found. */
static void add_found(json_t *o, const struct report_guest *g)
{
	set(o, "found", json_boolean(g->found));
	set(o, "xid", g->xid < 0 ? json_null() : number((uint64_t)g->xid));
	set(o, "hostname", text_or_null(g->hostname));
	set(o, "addresses", texts(g->addresses, g->nr_addresses));
	set(o, "on_boot", json_boolean(g->on_boot));
	set(o, "disabled", json_boolean(g->disabled));
	set(o, "marks", text_or_null(g->marks));
	set(o, "installation", text_or_null(g->install));
	set(o, "configuration", text_or_null(g->conf));
	set(o, "tree", text_or_null(g->tree));
	set(o, "file_system", text_or_null(g->file_system));
	set(o, "distribution", text_or_null(g->distro));
	set(o, "distribution_version", text_or_null(g->version));
	set(o, "init", text_or_null(g->init));
	set(o, "architecture", text_or_null(g->arch));
	set(o, "bytes", g->surveyed ? number(g->bytes) : json_null());
	set(o, "inodes", g->surveyed ? number(g->inodes) : json_null());
}

/* Ports and programs of a start test; null where there was none. */
static json_t *start(const struct report_start *st)
{
	json_t *o = st ? json_object() : json_null(), *ports, *programs;

	if (!st)
		return o;
	set(o, "way", text_or_null(st->way));
	set(o, "result", text_or_null(st->result));
	set(o, "why", text_or_null(st->why));
	set(o, "level", text_or_null(st->level));
	set(o, "seconds", number(st->seconds));
	set(o, "stopped", json_boolean(st->stopped));
	set(o, "stop_seconds", number(st->stop_seconds));
	set(o, "console", text_or_null(st->console));
	set(o, "ports", ports = json_array());
	for (size_t i = 0; i < st->nr_ports; i++)
		append(ports, json_pack("{s:s,s:s,s:i,s:s}", "protocol", st->ports[i].protocol,
					"address", st->ports[i].address, "port",
					(int)st->ports[i].port, "program", st->ports[i].program));
	set(o, "programs", programs = json_array());
	for (size_t i = 0; i < st->nr_programs; i++)
		append(programs, json_pack("{s:s,s:i}", "program", st->programs[i].program,
					   "count", (int)st->programs[i].count));
	return o;
}

static json_t *container(const struct report_container *c)
{
	json_t *o;

	if (!c)
		return json_null();
	o = json_object();
	set(o, "kind", text_or_null(c->kind));
	set(o, "device", text_or_null(c->device));
	set(o, "volume", text_or_null(c->volume));
	set(o, "uuid", text_or_null(c->uuid));
	set(o, "why", text_or_null(c->why));
	return o;
}

/* What verify and undo compared; null where they did not. */
static json_t *compared(const struct report_guest *g)
{
	json_t *o = g->compared ? json_object() : json_null();

	if (!g->compared)
		return o;
	set(o, "objects", number(g->objects));
	set(o, "keys", number(g->keys));
	set(o, "contents", number(g->contents));
	return o;
}

static json_t *guest(const struct report *r, const struct report_guest *g)
{
	json_t *o = json_object();

	set(o, "name", text_or_null(g->name));
	set(o, "state", text_or_null(state_word(g->state)));
	set(o, "next", text_or_null(report_next(r, g)));
	set(o, "outcome", text_or_null(outcome_word(g->outcome)));
	set(o, "error", text_or_null(g->error));
	set(o, "seconds", number(g->seconds));
	set(o, "ctid", number_or_null(g->ctid));
	set(o, "ctid_from", text_or_null(g->ctid_from));
	add_found(o, g);
	set(o, "items", items(g));
	set(o, "scripts", scripts(g));
	set(o, "paths", paths(g));
	set(o, "compared", compared(g));
	set(o, "start", start(g->start));
	set(o, "container", container(g->container));
	return o;
}

static json_t *plan(const struct report_guest *g)
{
	json_t *o = json_object(), *steps = json_array();

	set(o, "scope", text_or_null(g->is_host ? "host" : "guest"));
	set(o, "guest", text_or_null(g->is_host ? NULL : g->name));
	set(o, "ctid", number_or_null(g->ctid));
	set(o, "method", text_or_null(g->method));
	set(o, "method_reason", text_or_null(g->method_reason));
	set(o, "sample", text_or_null(g->sample));
	set(o, "config", text_or_null(g->ct_conf));
	set(o, "private", text_or_null(g->ct_private));
	set(o, "root", text_or_null(g->ct_root));
	set(o, "files_written", number(g->files_written));
	for (size_t i = 0; i < g->nr_actions; i++) {
		const char mark[] = { g->actions[i].mark, '\0' };
		json_t *step = json_object();

		set(step, "mark", text_or_null(mark));
		set(step, "word", text_or_null(g->actions[i].word));
		set(step, "text", text_or_null(g->actions[i].text));
		append(steps, step);
	}
	set(o, "steps", steps);
	return o;
}

static json_t *finding(const struct finding *f)
{
	const struct finding_group plain = { .kind = f->kind };
	json_t *o = json_object();

	set(o, "id", json_sprintf("VS%u", f->kind->id));
	set(o, "name", text_or_null(f->kind->name));
	set(o, "level", text_or_null(level_word(&plain)));
	set(o, "overridable", json_boolean(f->kind->overridable));
	set(o, "override_reason", text_or_null(f->override_reason));
	set(o, "title", text_or_null(f->kind->title));
	set(o, "guest", text_or_null(f->guest));
	set(o, "object", text_or_null(f->object));
	set(o, "seen", text_or_null(f->seen));
	set(o, "cause", text_or_null(f->kind->cause));
	set(o, "effect", text_or_null(f->kind->effect));
	set(o, "cure", text_or_null(f->kind->cure));
	return o;
}

static json_t *counts(const struct report *r)
{
	struct report_counts c = report_count(r);
	json_t *o = json_object();

	set(o, "guests", number(c.guests));
	set(o, "convert", number(c.convert));
	set(o, "blocked", number(c.blocked));
	set(o, "skipped", number(c.skipped));
	set(o, "done", number(c.done));
	set(o, "already", number(c.already));
	set(o, "failed", number(c.failed));
	set(o, "differs", number(c.differs));
	set(o, "inhibitors", number(c.inhibitor));
	set(o, "warnings", number(c.warning));
	set(o, "fixed", number(c.fixed));
	set(o, "info", number(c.info));
	set(o, "overridden", number(c.lifted));
	set(o, "files_written", number(c.files_written));
	set(o, "bytes_needed", number(r->bytes_needed));
	set(o, "bytes_freed", number(r->bytes_freed));
	return o;
}

static json_t *result(const struct report *r)
{
	json_t *o = json_object();

	set(o, "code", json_integer(r->status));
	set(o, "word", text_or_null(exit_word(r->status)));
	return o;
}

static json_t *time_or_null(const struct report *r, time_t when)
{
	return when ? text_or_null(time_text(r->pool, when)) : json_null();
}

/*
 * The document is written member by member, and its long lists element by element, so
 * that it never exists as a whole; the bytes are those that json_dumps() would make of it.
 */
struct writing {
	struct buf *out;
	bool members, elements;	/* has had one */
};

static void put_value(struct writing *w, json_t *value, unsigned depth)
{
	char *text = value ? json_dumps(value, JSON_INDENT(2) | JSON_PRESERVE_ORDER |
					JSON_ENCODE_ANY) : NULL;

	if (!text)
		die("out of memory");
	/* A newline within a text is escaped: each one here begins a line of the layout. */
	for (const char *at = text; *at;) {
		size_t len = strcspn(at, "\n");

		buf_add(w->out, at, len);
		at += len;
		if (*at) {
			buf_addf(w->out, "\n%*s", (int)depth * 2, "");
			at++;
		}
	}
	free(text);
	json_decref(value);
	buf_drain(w->out);
}

static void put_key(struct writing *w, const char *key)
{
	buf_addf(w->out, "%s\n  \"%s\": ", w->members ? "," : "", key);
	w->members = true;
}

static void put(struct writing *w, const char *key, json_t *value)
{
	put_key(w, key);
	put_value(w, value, 1);
}

static void begin_list(struct writing *w, const char *key)
{
	put_key(w, key);
	buf_addch(w->out, '[');
	w->elements = false;
}

static void put_element(struct writing *w, json_t *value)
{
	buf_adds(w->out, w->elements ? ",\n    " : "\n    ");
	w->elements = true;
	put_value(w, value, 2);
}

static void end_list(struct writing *w)
{
	buf_adds(w->out, w->elements ? "\n  ]" : "]");
}

/* Worst first, as in every file. */
static void put_findings(struct writing *w, const struct report *r)
{
	struct finding_groups groups = { 0 };

	if (r->findings)
		findings_group(&groups, r->findings, true, r->pool);
	begin_list(w, "findings");
	for (size_t i = 0; i < groups.nr; i++)
		for (size_t n = 0; n < groups.v[i].nr; n++)
			put_element(w, finding(groups.v[i].v[n]));
	end_list(w);
}

static void put_guests(struct writing *w, const struct report *r)
{
	const struct report_guest *host = NULL;

	begin_list(w, "guests");
	for (size_t i = 0; i < r->nr_guests; i++) {
		if (r->guests[i].is_host)
			host = &r->guests[i];
		else
			put_element(w, guest(r, &r->guests[i]));
	}
	end_list(w);
	put(w, "host_steps", host ? guest(r, host) : json_null());
	put_findings(w, r);
	begin_list(w, "plans");
	for (size_t i = 0; i < r->nr_guests; i++)
		if (r->guests[i].planned)
			put_element(w, plan(&r->guests[i]));
	end_list(w);
}

void report_json(struct buf *out, const struct report *r)
{
	struct writing w = { .out = out };

	buf_addch(out, '{');
	put(&w, "format_version", text_or_null(REPORT_FORMAT));
	put(&w, "tool", text_or_null("vs2vz"));
	put(&w, "version", text_or_null(r->version));
	put(&w, "host", text_or_null(r->host_name));
	put(&w, "root", text_or_null(r->root));
	put(&w, "run", text_or_null(r->run));
	put(&w, "command", text_or_null(r->command));
	put(&w, "started", time_or_null(r, r->started));
	put(&w, "ended", time_or_null(r, r->ended));
	put(&w, "arguments", texts(r->arguments, r->nr_arguments));
	put(&w, "result", result(r));
	put(&w, "counts", counts(r));
	put_guests(&w, r);
	buf_adds(out, "\n}\n");
	buf_drain(out);
}
