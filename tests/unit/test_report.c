/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One document, all renderers: text against golden files, JSON against its schema and
 * back, HTML. VS2VZ_GOLDEN=write in the environment renews the files.
 */
#include "report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "step/kinds.h"

struct fixture {
	struct pool pool;
	struct findings findings;
	struct report r;
};

static const struct address addresses[] = {
	{ .text = "192.168.0.145", .family = AF_INET, .prefix = 24 },
	{ .text = "2001:db8::21", .family = AF_INET6, .prefix = -1 },
};
static const struct guest web1 = {
	.name = "v345", .conf = "/etc/vservers/v345", .install = "/etc/vservers",
	.tree = "/vservers/v345", .state = GUEST_FOUND, .on_boot = true, .marks = "default",
	.xid = 49153, .hostname = "test345.my.org", .nr_addresses = 2,
	.address = (struct address *)(uintptr_t)addresses,
	.system = { .distro = "fedora", .version = "4", .init = "sysvinit", .arch = "i386",
		    .has_shell = true, .has_dev_null = true },
	.survey = { .bytes_used = 3328599654, .inodes = 41822 }, .surveyed = true,
};
static const struct guest hostile = {
	.name = "<b>\033[2J&", .conf = "/etc/vservers/x", .install = "/etc/vservers",
	.state = GUEST_ABSENT, .xid = -1, .hostname = "\xff\xfe",
};
static const struct guest web2 = {
	.name = "it's web", .conf = "/etc/vservers/w", .install = "/etc/vservers",
	.tree = "/vservers/w", .state = GUEST_FOUND, .xid = -1,
};

static void add_decided(struct fixture *f)
{
	static struct item items[] = {
		{ .path = "uts/nodename", .type = ITEM_FILE, .text = "test345.my.org\n", .len = 15 },
		{ .path = "odd/\ttab", .type = ITEM_LINK, .text = "../x\033", .len = 5 },
		{ .path = "scripts/pre-start", .type = ITEM_FILE, .len = 27,
		  .text = "#!/bin/sh\n\tip\033 \0hidden\n\nend" },
	};
	struct fate fates[] = {
		{ .item = &items[0], .verdict = VERDICT_SAME, .result = "HOSTNAME=test345.my.org" },
		{ .item = &items[1], .verdict = VERDICT_UNKNOWN, .reason = "no rule" },
		{ .item = &items[2], .verdict = VERDICT_MANUAL, .reason = "runs on the host" },
	};
	struct decision d = {
		.guest = &web1, .method = METHOD_RENAME, .method_reason = "same file system",
		.ct = { .ctid = 345, .ctid_from = "digits of the name",
			.conf = "/etc/vz/conf/345.conf", .private = "/vz/private/345",
			.root = "/vz/root/345", .sample_name = "vps.basic" },
		.ledger = { 3, fates },
	};
	struct step *s;

	s = plan_step(&d.plan, &f->pool, "mkdir");
	step_arg(s, &f->pool, "at", "/vz/root/345");
	s = plan_step(&d.plan, &f->pool, "rename");
	step_arg(s, &f->pool, "from", "/vservers/v345");
	step_arg(s, &f->pool, "to", "/vz/private/345");
	report_decided(report_guest(&f->r, "v345"), &f->r, &d);
}

static int setup(void **state)
{
	static char words[3][8] = { "vs2vz", "plan", "\033x" };
	char *argv[] = { words[0], words[1], words[2] };
	struct fixture *f = calloc(1, sizeof(*f));
	struct report_guest *g;

	f->findings.pool = &f->pool;
	report_init(&f->r, &f->pool, "plan", 3, argv);
	f->r.started = 1767323045;
	f->r.run = "20260102T030405Z-1";
	f->r.host_name = "node1";
	report_found(report_guest(&f->r, web1.name), &f->r, &web1, "ext4");
	report_found(report_guest(&f->r, hostile.name), &f->r, &hostile, NULL);
	report_found(report_guest(&f->r, web2.name), &f->r, &web2, "xfs");
	add_decided(f);
	g = report_guest(&f->r, web2.name);
	g->state = STATE_CONVERTED;
	g->ctid = 1000;
	finding_add(&f->findings, VS_HOST_MOUNTS, "v345", "fstab:3", "/srv/data is of the host");
	finding_add(&f->findings, VS_TREE_MISSING, hostile.name, "/vservers/x",
		    "no such directory");
	finding_add(&f->findings, VS_READ_DIFFERS, "v345", "interfaces/0/ip", "no newline");
	finding_add(&f->findings, VS_NO_HOSTNAME, "it's web", NULL, "%s", "");
	finding_add(&f->findings, VS_NO_SAMPLE, NULL, "/etc/vz/conf", "empty");
	finding_override(&f->findings, VS_HOST_MOUNTS, "v345", "mounted by 345.mount");
	f->r.findings = &f->findings;
	report_end(&f->r, 0);
	f->r.ended = 1767323050;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	pool_release(&f->pool);
	free(f);
	return 0;
}

static bool slurp(struct buf *out, const char *path)
{
	FILE *in = fopen(path, "r");
	size_t n;

	if (!in)
		return false;
	while ((n = fread(buf_room(out, 4096), 1, 4096, in)) > 0)
		buf_used(out, n);
	fclose(in);
	return true;
}

/* Nothing that a terminal would act on, whatever the guests were called. */
static void assert_clean(const struct buf *text)
{
	for (size_t i = 0; i < text->len; i++)
		assert_true(text->data[i] == '\n' || text->data[i] == '\t' ||
			    (unsigned char)text->data[i] >= 0x20);
}

static void assert_golden(const char *path, const struct buf *text)
{
	const char *mode = getenv("VS2VZ_GOLDEN");
	struct buf wanted CLEANUP_BUF = BUF_INIT;

	assert_clean(text);
	if (mode && strcmp(mode, "write") == 0) {
		FILE *out = fopen(path, "w");

		assert_non_null(out);
		fwrite(text->data, 1, text->len, out);
		fclose(out);
	}
	if (!slurp(&wanted, path))
		skip();
	assert_string_equal(text->data, wanted.data);
}

static void text_is_golden(void **state)
{
	static const struct text_style plain = { 0 };
	static const struct {
		const char *path;
		void (*print)(struct buf *out, const struct report *r,
			      const struct text_style *style);
	} rows[] = {
		{ "tests/golden/report-scan.txt", report_scan },
		{ "tests/golden/report-findings.txt", report_findings },
		{ "tests/golden/report-plan.txt", report_plan },
		{ "tests/golden/report-status.txt", report_status },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf text CLEANUP_BUF = BUF_INIT;

		rows[i].print(&text, &f->r, &plain);
		assert_golden(rows[i].path, &text);
	}
}

static void full_report_is_golden(void **state)
{
	struct fixture *f = *state;
	struct buf text CLEANUP_BUF = BUF_INIT, body CLEANUP_BUF = BUF_INIT;

	report_full(&text, &f->r);
	assert_memory_equal(text.data, "vs2vz " VERSION " report\n", 14 + strlen(VERSION));
	buf_adds(&body, strchr(text.data, '\n') + 1);
	assert_golden("tests/golden/report-full.txt", &body);
}

static void colour_only_when_asked(void **state)
{
	static const struct text_style plain = { 0 }, bright = { .color = true };
	struct fixture *f = *state;
	struct buf a CLEANUP_BUF = BUF_INIT, b CLEANUP_BUF = BUF_INIT;

	report_findings(&a, &f->r, &plain);
	report_findings(&b, &f->r, &bright);
	assert_null(strchr(a.data, '\033'));
	assert_non_null(strstr(b.data, "\033[1;31minhibitor\033[0m VS112"));
}

/* Worst last on the screen, worst first in files; a lifted inhibitor is not the worst. */
static void order_of_findings(void **state)
{
	static const struct text_style screen = { 0 }, file = { .worst_first = true };
	static const char *const ids[] = { "VS112 ", "VS309 ", "VS302 ", "VS106 ", "VS303 " };
	struct fixture *f = *state;
	struct buf a CLEANUP_BUF = BUF_INIT, b CLEANUP_BUF = BUF_INIT;

	report_findings(&a, &f->r, &screen);
	report_findings(&b, &f->r, &file);
	for (size_t i = 0; i + 1 < 4; i++) {
		assert_true(strstr(a.data, ids[i]) > strstr(a.data, ids[i + 1]));
		assert_true(strstr(b.data, ids[i]) < strstr(b.data, ids[i + 1]));
	}
	assert_non_null(strstr(a.data, "overridden: mounted by 345.mount"));
	assert_non_null(strstr(a.data, "findings: 1 inhibitor, 1 warning, 0 fixed, 2 info; "
			       "1 overridden\n"));
}

static void many_guests_are_grouped(void **state)
{
	static const struct text_style screen = { 0 }, all = { .verbose = true };
	struct fixture *f = *state;
	struct buf a CLEANUP_BUF = BUF_INIT, b CLEANUP_BUF = BUF_INIT;

	for (int i = 0; i < 38; i++)
		finding_add(&f->findings, VS_DISTRO_UNKNOWN,
			    pool_printf(&f->pool, "g%d", i), NULL, "no release file");
	report_findings(&a, &f->r, &screen);
	report_findings(&b, &f->r, &all);
	assert_non_null(strstr(a.data, "VS502 distribution-unknown"));
	assert_non_null(strstr(a.data, "(38 guests)"));
	assert_non_null(strstr(a.data, "... and 33 more"));
	assert_null(strstr(a.data, "g37"));
	assert_non_null(strstr(b.data, "g37"));
}

static void closing_line_is_true(void **state)
{
	struct fixture *f = *state;
	struct buf a CLEANUP_BUF = BUF_INIT, b CLEANUP_BUF = BUF_INIT;
	struct report_guest *g = report_guest(&f->r, "v345");

	report_closing(&a, &f->r);
	assert_string_equal(a.data, "result: nothing was changed; 1 found, 1 no tree, "
			    "1 converted; undo is possible until commit\n");
	g->state = STATE_INTERRUPTED;
	g->outcome = OUTCOME_FAILED;
	report_closing(&b, &f->r);
	assert_string_equal(b.data, "result: 1 no tree, 1 interrupted, 1 converted; next: "
			    "vs2vz resume v345; or vs2vz undo v345\n");
	g = report_guest(&f->r, web2.name);
	assert_string_equal(report_next(&f->r, g),
			    "vs2vz verify 'it'\\''s web'; then vs2vz commit 'it'\\''s web'; or "
			    "vs2vz undo 'it'\\''s web'");
}

/* Whatever the commands are: below their rows where a column would be too narrow. */
static void status_keeps_within_80_columns(void **state)
{
	static const struct text_style plain = { 0 };
	static const char *const roots[] = { NULL, "/srv/hosts/one" };
	struct fixture *f = *state;

	f->r.findings = NULL;
	f->r.nr_guests = 0;
	report_guest(&f->r, "web")->state = STATE_CONVERTED;
	report_guest(&f->r, "database-of-shop")->state = STATE_INTERRUPTED;
	report_end(&f->r, 0);
	for (size_t i = 0; i < 2; i++) {
		struct buf text CLEANUP_BUF = BUF_INIT;

		f->r.root = roots[i];
		report_status(&text, &f->r, &plain);
		for (const char *line = text.data; *line; line += strcspn(line, "\n") + 1)
			assert_in_range(strcspn(line, "\n"), 1, 80);
		assert_non_null(strstr(text.data, i ? "    vs2vz --root /srv/hosts/one verify web; "
				       "then commit; or undo\n" : "  vs2vz verify web; then commit; or undo\n"));
		assert_non_null(strstr(text.data, "resume database-of-shop; or undo\n"));
	}
}

static void guests_are_sorted(void **state)
{
	static const char *const names[] = { "<b>\\x1B[2J&", "a", "it's web", "v345", "host" };
	struct fixture *f = *state;

	report_host(&f->r);
	report_guest(&f->r, "a");
	report_end(&f->r, 0);
	assert_int_equal(f->r.nr_guests, 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(f->r.guests[i].name, names[i]);
	assert_true(f->r.guests[4].is_host);
}

static void states_of_phases(void **state)
{
	(void)state;
	assert_int_equal(report_state_of(PHASE_NONE, false), STATE_FOUND);
	assert_int_equal(report_state_of(PHASE_CONVERTING, false), STATE_INTERRUPTED);
	assert_int_equal(report_state_of(PHASE_CONVERTING, true), STATE_CONVERTING);
	assert_int_equal(report_state_of(PHASE_CONVERTED, true), STATE_CONVERTED);
	assert_int_equal(report_state_of(PHASE_UNDOING, false), STATE_UNDO_INTERRUPTED);
	assert_int_equal(report_state_of(PHASE_COMMITTING, false), STATE_COMMIT_INTERRUPTED);
	assert_int_equal(report_state_of(PHASE_COMMITTED, false), STATE_COMMITTED);
}

/*
 * The part of JSON Schema that the schema uses; members that it does not name fail, so
 * that the schema cannot fall behind the program.
 */
static json_t *schema_root;
static void check(const json_t *schema, const json_t *value, const char *where);

static const char *type_name(const json_t *value)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "object", [JSON_ARRAY] = "array", [JSON_STRING] = "string",
		[JSON_INTEGER] = "integer", [JSON_REAL] = "number", [JSON_TRUE] = "boolean",
		[JSON_FALSE] = "boolean", [JSON_NULL] = "null",
	};

	return names[json_typeof(value)];
}

/* type is a string or an array of them, any is an array of values. */
static bool is_one_of(const json_t *type, const char *name)
{
	size_t i;
	json_t *one;

	if (json_is_string(type))
		return strcmp(json_string_value(type), name) == 0;
	json_array_foreach(type, i, one)
		if (strcmp(json_string_value(one), name) == 0)
			return true;
	return false;
}

static void check_object(const json_t *schema, json_t *value, const char *where)
{
	json_t *properties = json_object_get(schema, "properties"), *member;
	const char *key;
	size_t i;
	json_t *name;

	json_array_foreach(json_object_get(schema, "required"), i, name)
		if (!json_object_get(value, json_string_value(name)))
			fail_msg("%s lacks %s", where, json_string_value(name));
	json_object_foreach(value, key, member) {
		if (!json_object_get(properties, key))
			fail_msg("%s: the schema does not know %s", where, key);
		check(json_object_get(properties, key), member, key);
	}
}

static const json_t *resolve(const json_t *schema, const json_t *value)
{
	const json_t *any = json_object_get(schema, "anyOf");
	const char *ref;

	if (any)	/* something or null */
		schema = json_array_get(any, json_is_null(value) ? 1 : 0);
	ref = json_string_value(json_object_get(schema, "$ref"));
	if (ref)
		schema = json_object_get(json_object_get(schema_root, "$defs"), ref + 8);
	assert_non_null(schema);
	return schema;
}

static void check(const json_t *schema, const json_t *value, const char *where)
{
	const json_t *type, *words, *items;
	size_t i;
	json_t *one;

	schema = resolve(schema, value);
	type = json_object_get(schema, "type");
	words = json_object_get(schema, "enum");
	items = json_object_get(schema, "items");
	if (type && !is_one_of(type, type_name(value)))
		fail_msg("%s is of type %s", where, type_name(value));
	if (words && (!json_is_string(value) || !is_one_of(words, json_string_value(value))))
		fail_msg("%s is no word of the list", where);
	if (json_is_integer(value) && json_object_get(schema, "minimum"))
		assert_true(json_integer_value(value) >= 0);
	if (json_is_object(value))
		check_object(schema, (json_t *)(uintptr_t)value, where);
	json_array_foreach(value, i, one)
		check(items, one, where);
}

static void json_fits_its_schema(void **state)
{
	struct fixture *f = *state;
	struct buf text CLEANUP_BUF = BUF_INIT;
	json_error_t at;
	json_t *o;

	schema_root = json_load_file("docs/schema/report-1.0.json", 0, &at);
	if (!schema_root)
		skip();
	report_path_add(report_host(&f->r), &f->r, "/etc/x", "changed since");
	report_json(&text, &f->r);
	assert_clean(&text);
	o = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &at);
	assert_non_null(o);
	check(schema_root, o, "document");
	assert_string_equal(json_string_value(json_object_get(o, "format_version")), "1.0");
	assert_int_equal(json_array_size(json_object_get(o, "guests")), 3);
	assert_int_equal(json_array_size(json_object_get(o, "findings")), 5);
	assert_int_equal(json_array_size(json_object_get(o, "plans")), 1);
	json_decref(o);
	json_decref(schema_root);
}

static void gather(void *ctx, const void *bytes, size_t len)
{
	buf_add(ctx, bytes, len);
}

/* The document is written element by element: jansson, given the whole, writes the same. */
static void json_is_what_jansson_writes(void **state)
{
	struct fixture *f = *state;
	struct buf text CLEANUP_BUF = BUF_INIT, streamed CLEANUP_BUF = BUF_INIT;
	const struct buf_sink sink = { gather, &streamed };
	struct buf CLEANUP_BUF into = BUF_INTO(&sink);
	char name[40], *whole;
	json_error_t at;
	json_t *o;

	for (unsigned i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "odd\nname\"\\ %u", i);
		report_path_add(report_guest(&f->r, name), &f->r, "etc/\n  \"x\"", "changed\nsince");
	}
	report_json(&text, &f->r);
	report_json(&into, &f->r);
	assert_true(into.cap < text.len / 2);
	buf_flush(&into);
	assert_string_equal(text.data, streamed.data);
	o = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &at);
	assert_non_null(o);
	whole = json_dumps(o, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	assert_int_equal(strlen(whole) + 1, text.len);
	assert_memory_equal(whole, text.data, strlen(whole));
	free(whole);
	json_decref(o);
}

static void stored_report_reads_back(void **state)
{
	struct fixture *f = *state;
	struct pool pool = POOL_INIT;
	struct findings findings = { .pool = &pool };
	struct buf a CLEANUP_BUF = BUF_INIT, b CLEANUP_BUF = BUF_INIT;
	struct report again;
	struct err err;

	report_path_add(report_guest(&f->r, "v345"), &f->r, "etc/inittab", "changed since");
	report_json(&a, &f->r);
	assert_int_equal(report_load(&again, a.data, a.len, &pool, &findings, &err), 0);
	report_json(&b, &again);
	assert_string_equal(a.data, b.data);
	buf_clear(&a);
	buf_clear(&b);
	report_full(&a, &f->r);
	report_full(&b, &again);
	assert_string_equal(a.data, b.data);
	pool_release(&pool);
}

static void bad_documents_are_refused(void **state)
{
	static const char *const rows[] = {
		"", "{", "[]", "{}", "null", "{\"format_version\": 1}",
		"{\"format_version\": \"2.0\"}", "{\"a\":1,\"a\":2}",
	};
	struct fixture *f = *state;
	struct report r;
	struct err err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(report_load(&r, rows[i], strlen(rows[i]), &f->pool,
					     &f->findings, &err), -1);
}

/* Wrong types everywhere: taken as unknown, and every renderer still works. */
static void odd_documents_do_no_harm(void **state)
{
	static const char odd[] =
		"{\"format_version\":\"1.7\",\"new\":[],\"guests\":[7,{},{\"name\":3,\"addresses\":"
		"[1,\"::1\"],\"items\":[{},4],\"paths\":[null],\"xid\":-5,\"ctid\":-1}],"
		"\"host_steps\":3,\"plans\":[{},{\"steps\":[{},9]}],\"findings\":[{},{\"id\":"
		"\"VS999\"},{\"id\":\"VS101\",\"seen\":\"\\u001b[1m\"}],\"arguments\":{}}";
	struct pool pool = POOL_INIT;
	struct findings findings = { .pool = &pool };
	struct buf out CLEANUP_BUF = BUF_INIT;
	struct report r;
	struct err err;

	(void)state;
	assert_int_equal(report_load(&r, odd, strlen(odd), &pool, &findings, &err), 0);
	assert_int_equal(findings.nr, 1);
	report_full(&out, &r);
	report_html(&out, &r);
	report_json(&out, &r);
	assert_clean(&out);
	pool_release(&pool);
}

static void html_escapes_everything(void **state)
{
	struct fixture *f = *state;
	struct buf text CLEANUP_BUF = BUF_INIT;

	report_html(&text, &f->r);
	assert_clean(&text);
	assert_null(strstr(text.data, "<b>"));
	assert_non_null(strstr(text.data, "&lt;b&gt;\\x1B[2J&amp;"));
	assert_non_null(strstr(text.data, "<h3 class=\"inhibitor\">inhibitor VS112: "));
	assert_non_null(strstr(text.data, "</body>\n</html>\n"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(text_is_golden),
		TEST(full_report_is_golden),
		TEST(colour_only_when_asked),
		TEST(order_of_findings),
		TEST(many_guests_are_grouped),
		TEST(closing_line_is_true),
		TEST(status_keeps_within_80_columns),
		TEST(guests_are_sorted),
		TEST(states_of_phases),
		TEST(json_fits_its_schema),
		TEST(json_is_what_jansson_writes),
		TEST(stored_report_reads_back),
		TEST(bad_documents_are_refused),
		TEST(odd_documents_do_no_harm),
		TEST(html_escapes_everything),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
