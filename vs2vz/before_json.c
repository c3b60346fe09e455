/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * before.json, written and read back. Texts from guests are made printable; what is
 * read back is taken by type only: a missing or odd member is unknown, another major
 * version is refused.
 */
#include "before.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/shown.h"
#include "report_parts.h"

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

static json_t *text(struct pool *pool, const char *bytes)
{
	json_t *out = bytes ? json_string(shown_dup(pool, bytes)) : NULL;

	return out ? out : json_null();
}

static json_t *contexts(const struct before *b, struct pool *pool)
{
	json_t *out = json_array();

	for (size_t i = 0; i < b->contexts.nr; i++) {
		const struct live_context *c = &b->contexts.v[i];
		json_t *one = json_object();

		set(one, "guest", text(pool, c->guest ? c->guest->name : NULL));
		set(one, "xid", json_integer(c->xid));
		set(one, "dynamic", json_boolean(!c->guest || c->guest->xid < 0));
		append(out, one);
	}
	return out;
}

/* Both kinds of places in which a tag option was seen. */
static json_t *tag_mounts(const struct before *b, struct pool *pool)
{
	json_t *out = json_array();

	for (size_t i = 0; i < b->side.nr_mentions; i++) {
		json_t *one;

		if (b->side.mention[i].topic != TOPIC_TAG)
			continue;
		one = json_object();
		set(one, "seen", text(pool, b->side.mention[i].where));
		set(one, "option", text(pool, b->side.mention[i].word));
		set(one, "line", text(pool, b->side.mention[i].text));
		append(out, one);
	}
	for (size_t i = 0; i < b->mounts.nr; i++) {
		const struct tag_mount *m = &b->mounts.v[i];
		json_t *one = json_object();

		set(one, "seen", text(pool, "mounts"));
		set(one, "option", text(pool, m->option));
		set(one, "line", text(pool, pool_printf(pool, "%s %s", m->source, m->point)));
		append(out, one);
	}
	return out;
}

static json_t *addresses(const struct host_net *net, struct pool *pool)
{
	json_t *out = json_array();

	for (size_t i = 0; i < net->nr_addresses; i++) {
		json_t *one = json_object();

		set(one, "device", text(pool, net->address[i].dev));
		set(one, "address", text(pool, net->address[i].text));
		set(one, "prefix", net->address[i].prefix < 0 ? json_null() :
		    json_integer(net->address[i].prefix));
		append(out, one);
	}
	return out;
}

static json_t *routes(const struct host_net *net, struct pool *pool)
{
	json_t *out = json_array();

	for (size_t i = 0; i < net->nr_routes; i++) {
		json_t *one = json_object();

		set(one, "device", text(pool, net->route[i].dev));
		set(one, "to", text(pool, net->route[i].to));
		set(one, "via", text(pool, net->route[i].via));
		append(out, one);
	}
	return out;
}

static json_t *boot_links(const struct host_side *side, struct pool *pool)
{
	json_t *out = json_array();

	for (size_t i = 0; i < side->nr_links; i++) {
		json_t *one = json_object();

		set(one, "service", text(pool, side->link[i].service));
		set(one, "at", text(pool, side->link[i].at));
		set(one, "target", text(pool, side->link[i].target));
		append(out, one);
	}
	return out;
}

static json_t *ports(const struct listeners *l, struct pool *pool)
{
	json_t *out = json_array();

	for (size_t i = 0; i < l->nr; i++) {
		json_t *one = json_object();

		set(one, "protocol", text(pool, l->v[i].protocol));
		set(one, "address", text(pool, l->v[i].address));
		set(one, "port", json_integer(l->v[i].port));
		set(one, "program", text(pool, l->v[i].program));
		append(out, one);
	}
	return out;
}

static json_t *programs(const struct picture *p, struct pool *pool)
{
	json_t *out = json_array();

	for (size_t i = 0; i < p->nr_programs; i++) {
		json_t *one = json_object();

		set(one, "program", text(pool, p->programs[i].program));
		set(one, "count", json_integer(p->programs[i].count));
		append(out, one);
	}
	return out;
}

static json_t *mounts(const struct picture *p, struct pool *pool)
{
	json_t *out = json_array();

	for (size_t i = 0; i < p->nr_mounts; i++) {
		json_t *one = json_object();

		set(one, "source", text(pool, p->mounts[i].source));
		set(one, "point", text(pool, p->mounts[i].point));
		set(one, "type", text(pool, p->mounts[i].type));
		append(out, one);
	}
	return out;
}

static json_t *running(const struct before *b, struct pool *pool)
{
	json_t *out = json_array();

	for (size_t i = 0; i < b->pictures.nr; i++) {
		json_t *one = json_object();

		set(one, "guest", text(pool, b->pictures.v[i].guest));
		set(one, "ports", ports(&b->pictures.v[i].ports, pool));
		set(one, "programs", programs(&b->pictures.v[i], pool));
		set(one, "mounts", mounts(&b->pictures.v[i], pool));
		append(out, one);
	}
	return out;
}

void before_json(struct buf *out, const struct before *b, const struct report *r)
{
	json_t *o = json_object(), *tagging = json_object();
	bool known = b->tagging.method != TAGGING_UNKNOWN;
	char *dump;

	set(o, "format_version", json_string(BEFORE_FORMAT));
	set(o, "tool", json_string("vs2vz"));
	set(o, "version", json_string(r->version));
	set(o, "host", text(r->pool, r->host_name));
	set(o, "collected", json_string(time_text(r->pool, r->started)));
	set(o, "kernel", text(r->pool, b->kernel));
	set(o, "vserver_kernel", json_boolean(b->vserver));
	set(tagging, "method", text(r->pool, known ? tagging_word(b->tagging.method) : NULL));
	set(tagging, "source", text(r->pool, b->tagging.from));
	set(o, "tagging", tagging);
	set(o, "tag_mounts", tag_mounts(b, r->pool));
	set(o, "contexts", contexts(b, r->pool));
	set(o, "addresses", addresses(&b->net, r->pool));
	set(o, "routes", routes(&b->net, r->pool));
	set(o, "boot_links", boot_links(&b->side, r->pool));
	set(o, "running", running(b, r->pool));
	dump = json_dumps(o, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	if (!dump)
		die("out of memory");
	buf_addf(out, "%s\n", dump);
	free(dump);
	json_decref(o);
}

static void load_contexts(struct before_saved *out, const json_t *array, struct pool *pool)
{
	size_t i;
	json_t *one;

	json_array_foreach(array, i, one) {
		const char *guest = json_string_value(json_object_get(one, "guest"));
		json_int_t xid = json_integer_value(json_object_get(one, "xid"));

		if (!guest || xid < 2 || xid > INT32_MAX)
			continue;
		pool_grow(pool, &out->context, &out->nr_contexts, &out->cap_contexts,
			  sizeof(*out->context));
		out->context[out->nr_contexts - 1].guest = pool_strdup(pool, guest);
		out->context[out->nr_contexts - 1].xid = xid;
	}
}

static const char *word(const json_t *o, const char *key, struct pool *pool)
{
	const char *bytes = json_string_value(json_object_get(o, key));

	return shown_dup(pool, bytes ? bytes : "");
}

static void load_picture(struct picture *p, const json_t *o, struct pool *pool)
{
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(o, "ports"), i, one) {
		struct listener *l = pool_grow(pool, &p->ports.v, &p->ports.nr, &p->ports.cap,
					       sizeof(*l));

		l->protocol = word(one, "protocol", pool);
		l->address = word(one, "address", pool);
		l->port = (unsigned)json_integer_value(json_object_get(one, "port")) & 0xFFFF;
		l->program = word(one, "program", pool);
	}
	json_array_foreach(json_object_get(o, "programs"), i, one) {
		struct running *r = pool_grow(pool, &p->programs, &p->nr_programs,
					      &p->cap_programs, sizeof(*r));

		r->program = word(one, "program", pool);
		r->count = (unsigned)json_integer_value(json_object_get(one, "count"));
	}
}

/* Absent in documents of the first kind: then nothing ran that is known. */
static void load_running(struct before_saved *out, const json_t *array, struct pool *pool)
{
	size_t i;
	json_t *one;

	json_array_foreach(array, i, one) {
		struct picture *p = pool_grow(pool, &out->pictures.v, &out->pictures.nr,
					      &out->pictures.cap, sizeof(*p));

		p->guest = word(one, "guest", pool);
		load_picture(p, one, pool);
	}
}

int before_load(struct before_saved *out, const char *bytes, size_t len, struct pool *pool,
		struct err *err)
{
	json_error_t at;
	json_t *o = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &at);
	const char *format, *method, *from;
	json_t *tagging;

	*out = (struct before_saved){ 0 };
	if (!o)
		return fail(err, "not JSON: line %d, column %d: %s", at.line, at.column,
			    show(at.text));
	format = json_string_value(json_object_get(o, "format_version"));
	if (!format || strncmp(format, "1.", 2) != 0) {
		fail(err, "format '%s', this version reads 1.x", show(format ? format : ""));
		json_decref(o);
		return -1;
	}
	tagging = json_object_get(o, "tagging");
	method = json_string_value(json_object_get(tagging, "method"));
	from = json_string_value(json_object_get(tagging, "source"));
	if (method && tagging_parse(method) != TAGGING_UNKNOWN) {
		out->tagging.method = tagging_parse(method);
		out->tagging.from = shown_dup(pool, from ? from : BEFORE_FILE);
	}
	load_contexts(out, json_object_get(o, "contexts"), pool);
	load_running(out, json_object_get(o, "running"), pool);
	json_decref(o);
	return 0;
}
