/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a stored JSON document back. Missing members and members of another type are
 * taken as unknown, those of a later minor version are ignored; another major version
 * is refused. Nothing in it is acted on.
 */
#include "report.h"

#include <jansson.h>
#include <string.h>

#include "base/shown.h"
#include "base/units.h"

struct loading {
	struct report *r;
	struct pool *pool;
};

static const char *text(const struct loading *l, const json_t *o, const char *key)
{
	return shown_dup(l->pool, json_string_value(json_object_get(o, key)));
}

static uint64_t number(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));

	return n < 0 ? 0 : (uint64_t)n;
}

static bool yes(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

/* "" where it is missing: for members that renderers print unasked. */
static const char *text_always(const struct loading *l, const json_t *o, const char *key)
{
	const char *out = text(l, o, key);

	return out ? out : "";
}

static time_t moment(const json_t *o, const char *key)
{
	const char *stamp = json_string_value(json_object_get(o, key));
	struct tm utc = { 0 };
	const char *end = stamp ? strptime(stamp, "%Y-%m-%dT%H:%M:%SZ", &utc) : NULL;

	return end && !*end ? timegm(&utc) : 0;
}

static enum report_state state(const json_t *o)
{
	const char *word = json_string_value(json_object_get(o, "state"));

	for (int s = STATE_FOUND; word && s <= STATE_DAMAGED; s++)
		if (strcmp(state_word((enum report_state)s), word) == 0)
			return (enum report_state)s;
	return STATE_DAMAGED;
}

static enum outcome outcome(const json_t *o)
{
	const char *word = json_string_value(json_object_get(o, "outcome"));

	for (int v = OUTCOME_NONE; word && v <= OUTCOME_DIFFERS; v++)
		if (strcmp(outcome_word((enum outcome)v), word) == 0)
			return (enum outcome)v;
	return OUTCOME_NONE;
}

static const char **texts(const struct loading *l, const json_t *array, size_t *nr)
{
	const char **out = pool_array(l->pool, json_array_size(array) + 1, sizeof(*out));
	size_t i;
	json_t *one;

	*nr = 0;
	json_array_foreach(array, i, one)
		if (json_is_string(one))
			out[(*nr)++] = shown_dup(l->pool, json_string_value(one));
	return out;
}

static void load_found(const struct loading *l, struct report_guest *g, const json_t *o)
{
	g->found = yes(o, "found");
	g->xid = json_is_integer(json_object_get(o, "xid")) ? (int64_t)number(o, "xid") : -1;
	g->hostname = text(l, o, "hostname");
	g->addresses = texts(l, json_object_get(o, "addresses"), &g->nr_addresses);
	g->on_boot = yes(o, "on_boot");
	g->disabled = yes(o, "disabled");
	g->marks = text(l, o, "marks");
	g->install = text(l, o, "installation");
	g->conf = text(l, o, "configuration");
	g->tree = text(l, o, "tree");
	g->file_system = text(l, o, "file_system");
	g->distro = text(l, o, "distribution");
	g->version = text(l, o, "distribution_version");
	g->init = text(l, o, "init");
	g->arch = text(l, o, "architecture");
	g->surveyed = json_is_integer(json_object_get(o, "inodes"));
	g->bytes = number(o, "bytes");
	g->inodes = number(o, "inodes");
}

static void load_items(const struct loading *l, struct report_guest *g, const json_t *array)
{
	size_t i;
	json_t *one;

	json_array_foreach(array, i, one) {
		struct report_item *item = pool_grow(l->pool, &g->items, &g->nr_items,
						     &g->cap_items, sizeof(*item));

		item->item = text_always(l, one, "item");
		item->value = text(l, one, "value");
		item->fate = text_always(l, one, "fate");
		item->result = text(l, one, "result");
		item->reason = text(l, one, "reason");
	}
}

static void load_scripts(const struct loading *l, struct report_guest *g, const json_t *array)
{
	size_t i;
	json_t *one;

	json_array_foreach(array, i, one) {
		struct report_script *script = pool_grow(l->pool, &g->scripts, &g->nr_scripts,
							 &g->cap_scripts, sizeof(*script));

		script->item = text_always(l, one, "item");
		script->cut = yes(one, "cut");
		script->lines = texts(l, json_object_get(one, "lines"), &script->nr_lines);
	}
}

static void load_start(const struct loading *l, struct report_guest *g, const json_t *o)
{
	const json_t *ports = json_object_get(o, "ports"), *programs = json_object_get(o, "programs");
	struct report_start *st;
	size_t i;
	json_t *one;

	if (!json_is_object(o))
		return;
	g->start = st = pool_alloc(l->pool, sizeof(*st));
	st->way = text_always(l, o, "way");
	st->result = text_always(l, o, "result");
	st->why = text(l, o, "why");
	st->level = text(l, o, "level");
	st->console = text(l, o, "console");
	st->seconds = (unsigned)number(o, "seconds");
	st->stopped = yes(o, "stopped");
	st->stop_seconds = (unsigned)number(o, "stop_seconds");
	st->ports = pool_array(l->pool, json_array_size(ports) + 1, sizeof(*st->ports));
	json_array_foreach(ports, i, one)
		st->ports[st->nr_ports++] = (struct report_port){
			text_always(l, one, "protocol"), text_always(l, one, "address"),
			(unsigned)number(one, "port"), text_always(l, one, "program") };
	st->programs = pool_array(l->pool, json_array_size(programs) + 1, sizeof(*st->programs));
	json_array_foreach(programs, i, one)
		st->programs[st->nr_programs++] = (struct report_program){
			text_always(l, one, "program"), (unsigned)number(one, "count") };
}

static void load_guest(const struct loading *l, const json_t *o, bool is_host)
{
	struct report_guest *g = is_host ? report_host(l->r) :
				 report_guest(l->r, text_always(l, o, "name"));
	size_t i;
	json_t *one;

	g->state = state(o);
	g->outcome = outcome(o);
	g->error = text(l, o, "error");
	g->seconds = number(o, "seconds");
	g->ctid = (uint32_t)number(o, "ctid");
	g->ctid_from = text(l, o, "ctid_from");
	load_found(l, g, o);
	load_items(l, g, json_object_get(o, "items"));
	load_scripts(l, g, json_object_get(o, "scripts"));
	load_start(l, g, json_object_get(o, "start"));
	one = json_object_get(o, "compared");
	if (json_is_object(one)) {
		g->compared = true;
		g->objects = number(one, "objects");
		g->keys = number(one, "keys");
		g->contents = number(one, "contents");
	}
	json_array_foreach(json_object_get(o, "paths"), i, one)
		report_path_add(g, l->r, text_always(l, one, "path"),
				text_always(l, one, "why"));
}

static void load_plan(const struct loading *l, const json_t *o)
{
	const char *scope = json_string_value(json_object_get(o, "scope"));
	bool is_host = scope && strcmp(scope, "host") == 0;
	struct report_guest *g = is_host ? report_host(l->r) :
				 report_guest(l->r, text_always(l, o, "guest"));
	size_t i;
	json_t *one;

	g->planned = true;
	g->method = text(l, o, "method");
	g->method_reason = text(l, o, "method_reason");
	g->sample = text(l, o, "sample");
	g->ct_conf = text(l, o, "config");
	g->ct_private = text(l, o, "private");
	g->ct_root = text(l, o, "root");
	g->files_written = number(o, "files_written");
	json_array_foreach(json_object_get(o, "steps"), i, one) {
		struct report_action *a = pool_grow(l->pool, &g->actions, &g->nr_actions,
						    &g->cap_actions, sizeof(*a));
		const char *mark = text_always(l, one, "mark");

		a->mark = *mark ? *mark : '~';
		a->word = text_always(l, one, "word");
		a->text = text_always(l, one, "text");
	}
}

/* A number that this version does not know any more cannot be explained: left out. */
static void load_finding(const struct loading *l, const json_t *o, struct findings *findings)
{
	const struct finding_kind *kind = finding_by_word(text_always(l, o, "id"));

	if (!kind)
		return;
	finding_add(findings, kind->id, text(l, o, "guest"), text(l, o, "object"), "%s",
		    text_always(l, o, "seen"));
	findings->v[findings->nr - 1].override_reason = text(l, o, "override_reason");
}

static void load_lists(const struct loading *l, const json_t *o, struct findings *findings)
{
	const json_t *host = json_object_get(o, "host_steps");
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(o, "guests"), i, one)
		load_guest(l, one, false);
	if (json_is_object(host))
		load_guest(l, host, true);
	json_array_foreach(json_object_get(o, "plans"), i, one)
		load_plan(l, one);
	json_array_foreach(json_object_get(o, "findings"), i, one)
		load_finding(l, one, findings);
	l->r->findings = findings;
}

int report_load(struct report *r, const char *bytes, size_t len, struct pool *pool,
		struct findings *findings, struct err *err)
{
	const struct loading l = { .r = r, .pool = pool };
	const char *format;
	json_error_t at;
	json_t *o = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &at);

	if (!o)
		return fail(err, "the report is not JSON: line %d, column %d: %s", at.line,
			    at.column, show(at.text));
	format = json_string_value(json_object_get(o, "format_version"));
	if (!format || strncmp(format, "1.", 2) != 0) {
		fail(err, "the report has format '%s', this version reads 1.x",
		     show(format ? format : ""));
		json_decref(o);
		return -1;
	}
	*r = (struct report){ .pool = pool };
	r->command = text_always(&l, o, "command");
	r->version = text_always(&l, o, "version");
	r->host_name = text_always(&l, o, "host");
	r->root = text(&l, o, "root");
	r->run = text_always(&l, o, "run");
	r->started = moment(o, "started");
	r->ended = moment(o, "ended");
	r->arguments = texts(&l, json_object_get(o, "arguments"), &r->nr_arguments);
	r->status = (int)number(json_object_get(o, "result"), "code");
	r->bytes_needed = number(json_object_get(o, "counts"), "bytes_needed");
	r->bytes_freed = number(json_object_get(o, "counts"), "bytes_freed");
	load_lists(&l, o, findings);
	json_decref(o);
	return 0;
}
