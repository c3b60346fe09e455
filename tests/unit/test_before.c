/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the VServer kernel tells before the reboot: tagging method, live contexts, mounts
 * and routes from a recorded proc; the document that keeps them, and what is read back.
 */
#include "before.h"

#include "decide_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

static struct fixture fx;
static struct root proc;
static struct guest guest[3];
static struct guests guests = { .nr = 3, .v = guest };

static int make(void **state)
{
	(void)state;
	fixture_make(&fx);
	fixture_file(&fx, "/proc/sys/kernel/osrelease", "2.6.22.19-vs2.2.0.7\n");
	fixture_file(&fx, "/proc/virtual/info",
		     "VCIVersion:\t0002:0200\nVCISyscall:\t273\nVCIKernel:\t03000771\n");
	if (root_inside(&proc, &fx.root, "/proc", &fx.err) < 0)
		return -1;
	host_guest(&guest[0], &fx.pool, "fixed");
	guest[0].xid = 49153;
	host_guest(&guest[1], &fx.pool, "moving");
	guest[1].last_xid = 49155;
	host_guest(&guest[2], &fx.pool, "stale");
	guest[2].last_xid = 49153;
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	root_release(&proc);
	fixture_remove(&fx);
	return 0;
}

static void expect_tagging(enum tagging method, const char *from)
{
	struct host_tagging t;

	host_tagging_read(&t, &fx.root, &proc, &fx.pool);
	assert_string_equal(tagging_word(t.method), tagging_word(method));
	if (from)
		assert_string_equal(t.from, from);
	else
		assert_null(t.from);
}

static void the_running_kernel_tells_how_tags_are_kept(void **state)
{
	static const enum tagging by_bits[8] = {
		TAGGING_NONE, TAGGING_UID16, TAGGING_GID16, TAGGING_ID24, TAGGING_INTERN,
		TAGGING_RUNTIME, TAGGING_UNKNOWN, TAGGING_UNKNOWN,
	};

	(void)state;
	for (unsigned bits = 0; bits < 8; bits++) {
		fixture_file(&fx, "/proc/virtual/info",
			     pool_printf(&fx.pool, "VCIVersion:\t0002:0308\nVCIKernel:\t%08x\n",
					 0x10000771 | bits << 24));
		expect_tagging(by_bits[bits], by_bits[bits] == TAGGING_UNKNOWN ? NULL :
			       "/proc/virtual/info");
	}
	fixture_file(&fx, "/boot/config-2.6.22.19-vs2.2.0.7",
		     "# CONFIG_TAGGING_ID24=y\nCONFIG_TAGGING_UID16=y\n# CONFIG_TAGGING_NONE is not set\n");
	expect_tagging(TAGGING_UID16, "/boot/config-2.6.22.19-vs2.2.0.7");
}

static void other_kernels_must_agree(void **state)
{
	struct host_tagging t;

	(void)state;
	fixture_file(&fx, "/boot/config-2.6.18-028stab", "CONFIG_VE=y\n");
	fixture_file(&fx, "/boot/config-2.6.20-vs", "CONFIG_TAGGING_ID24=y");
	host_tagging_read(&t, &fx.root, NULL, &fx.pool);
	assert_int_equal(t.method, TAGGING_ID24);
	assert_string_equal(t.from, "/boot/config-2.6.20-vs");
	fixture_file(&fx, "/boot/config-2.6.22-vs", "CONFIG_TAGGING_INTERN=y\n");
	host_tagging_read(&t, &fx.root, NULL, &fx.pool);
	assert_int_equal(t.method, TAGGING_UNKNOWN);
	assert_null(t.from);
}

static void words_and_methods_are_one_to_one(void **state)
{
	(void)state;
	for (int t = TAGGING_UNKNOWN; t <= TAGGING_RUNTIME; t++)
		assert_int_equal(tagging_parse(tagging_word((enum tagging)t)), t);
	assert_int_equal(tagging_parse("ID24"), TAGGING_UNKNOWN);
}

static void contexts_find_their_guests(void **state)
{
	struct live_contexts c;

	(void)state;
	fixture_file(&fx, "/proc/virtual/status", "#CTotal:\t3\n");
	fixture_file(&fx, "/proc/virtual/1/info", "");
	fixture_file(&fx, "/proc/virtual/49153/info", "");
	fixture_file(&fx, "/proc/virtual/49155/info", "");
	fixture_file(&fx, "/proc/virtual/700/info", "");
	host_contexts_read(&c, &guests, &proc, &fx.pool);
	assert_int_equal(c.nr, 3);
	/* A static context goes before a run file that may be old. */
	assert_ptr_equal(c.v[0].guest, &guest[0]);
	assert_ptr_equal(c.v[1].guest, &guest[1]);
	assert_int_equal(c.v[2].xid, 700);
	assert_null(c.v[2].guest);
}

static void mounts_in_use_and_routes_are_read(void **state)
{
	struct tag_mounts m;
	struct host_net net;

	(void)state;
	fixture_file(&fx, "/proc/mounts", "/dev/sda1 / ext3 rw 0 0\n/dev/sda3 /vservers ext3 rw,tag 0 0\n"
		     "broken\n");
	fixture_file(&fx, "/proc/net/route",
		     "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
		     "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
		     "eth0\t00000000\tFE0200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\nrubbish\n");
	host_tag_mounts_read(&m, &proc, &fx.pool);
	assert_int_equal(m.nr, 1);
	assert_string_equal(m.v[0].point, "/vservers");
	assert_string_equal(m.v[0].option, "tag");
	host_net_read(&net, &proc, false, &fx.pool);
	assert_int_equal(net.nr_addresses, 0);
	assert_int_equal(net.nr_routes, 2);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	assert_string_equal(net.route[0].to, "192.0.2.0/24");
	assert_string_equal(net.route[1].to, "0.0.0.0/0");
	assert_string_equal(net.route[1].via, "192.0.2.254");
#endif
}

static void fill(struct before *b)
{
	static struct live_context contexts[] = { { 49155, &guest[1] }, { 700, NULL } };
	static struct host_address addresses[] = { { "eth0", "192.0.2.1", 24 }, { "tap\033", "::1", -1 } };
	static struct host_route routes[] = { { "eth0", "0.0.0.0/0", "192.0.2.254" } };
	static struct mention mentions[] = {
		{ TOPIC_TAG, "/etc/fstab:3", "/dev/sda3 /vservers ext3 tag 0 0", "tag", NULL, NULL },
		{ TOPIC_CALL, "/etc/crontab:1", "vserver x", "vserver", NULL, NULL },
	};
	static struct tag_mount mounts[] = { { "/vservers", "/dev/sda3", "tag" } };
	static struct boot_link links[] = { { .at = "/etc/rc3.d/S98vservers", .target = "../x",
					      .service = "vservers" } };

	*b = (struct before){
		.kernel = "2.6.22\n", .vserver = true, .tagging = { TAGGING_ID24, "/boot/config-x" },
		.mounts = { .nr = 1, .v = mounts }, .contexts = { .nr = 2, .v = contexts },
		.net = { .nr_addresses = 2, .address = addresses, .nr_routes = 1, .route = routes },
		.side = { .nr_mentions = 2, .mention = mentions, .nr_links = 1, .link = links },
	};
}

/* Required members, no unknown ones, right types: as far as the schema goes. */
static void check(const json_t *schema, json_t *value, const char *where)
{
	const json_t *type = json_object_get(schema, "type"), *member, *words;
	const char *key, *name = json_string_value(type);
	json_t *one;
	size_t i;

	static const struct {
		const char *name;
		json_type type;
	} types[] = {
		{ "object", JSON_OBJECT }, { "array", JSON_ARRAY }, { "string", JSON_STRING },
		{ "integer", JSON_INTEGER },
	};
	for (i = 0; name && i < 4; i++)
		if (strcmp(types[i].name, name) == 0 && json_typeof(value) != types[i].type)
			fail_msg("%s is no %s", where, name);
	words = json_object_get(schema, "enum");
	bool found = !words;
	json_array_foreach(words, i, one)
		found |= json_equal(one, value);
	if (!found)
		fail_msg("%s is none of the words", where);
	json_array_foreach(json_object_get(schema, "required"), i, one)
		if (!json_object_get(value, json_string_value(one)))
			fail_msg("%s lacks %s", where, json_string_value(one));
	if (json_is_object(value))
		json_object_foreach(value, key, one) {
			member = json_object_get(json_object_get(schema, "properties"), key);
			if (!member)
				fail_msg("%s: the schema does not know %s", where, key);
			check(member, one, key);
		}
	if (json_is_array(value))
		json_array_foreach(value, i, one)
			check(json_object_get(schema, "items"), one, where);
}

static void the_document_obeys_its_schema(void **state)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	json_t *schema = json_load_file("docs/schema/before-1.0.json", 0, NULL), *o;
	struct before b;
	struct report r;

	(void)state;
	if (!schema)
		skip();
	report_init(&r, &fx.pool, "check", 0, NULL);
	fill(&b);
	before_json(&text, &b, &r);
	o = json_loads(text.data, 0, NULL);
	assert_non_null(o);
	check(schema, o, "document");
	assert_int_equal(json_array_size(json_object_get(o, "tag_mounts")), 2);
	assert_string_equal(json_string_value(json_object_get(o, "kernel")), "2.6.22\\x0A");
	json_decref(o);
	buf_clear(&text);
	b = (struct before){ 0 };
	before_json(&text, &b, &r);
	o = json_loads(text.data, 0, NULL);
	check(schema, o, "empty document");
	json_decref(o);
	json_decref(schema);
}

static void what_was_kept_is_read_back(void **state)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct before_saved saved;
	struct before b;
	struct report r;

	(void)state;
	report_init(&r, &fx.pool, "check", 0, NULL);
	fill(&b);
	before_json(&text, &b, &r);
	assert_int_equal(before_load(&saved, text.data, text.len, &fx.pool, &fx.err), 0);
	assert_int_equal(saved.tagging.method, TAGGING_ID24);
	assert_string_equal(saved.tagging.from, "/boot/config-x");
	assert_int_equal(saved.nr_contexts, 1);
	assert_string_equal(saved.context[0].guest, "moving");
	assert_int_equal(saved.context[0].xid, 49155);
}

static void what_is_odd_is_refused_or_unknown(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "", false }, { "[]", false }, { "{", false }, { "{}", false },
		{ "{\"format_version\":\"2.0\"}", false }, { "{\"format_version\":1}", false },
		{ "{\"format_version\":\"1.0\",\"format_version\":\"1.0\"}", false },
		{ "{\"format_version\":\"1.7\"}", true },
		{ "{\"format_version\":\"1.0\",\"tagging\":7,\"contexts\":{}}", true },
		{ "{\"format_version\":\"1.0\",\"tagging\":{\"method\":\"id25\"},\"contexts\":"
		  "[1,{\"guest\":\"a\",\"xid\":-3},{\"guest\":null,\"xid\":5},{\"guest\":\"b\",\"xid\":1}]}",
		  true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct before_saved saved;
		int rc = before_load(&saved, rows[i].text, strlen(rows[i].text), &fx.pool, &fx.err);

		assert_int_equal(rc, rows[i].good ? 0 : -1);
		if (!rows[i].good)
			continue;
		assert_int_equal(saved.tagging.method, TAGGING_UNKNOWN);
		assert_int_equal(saved.nr_contexts, 0);
	}
}

/* Ports and programs come back per guest, whatever their names look like. */
static void pictures_come_back(void **state)
{
	struct listener port = { "tcp", "2001:db8::1", 8080, "odd\033name", 7 };
	struct running ran[] = { { "cron", 1 }, { "odd\\x1Bname", 3 } };
	struct picture picture = { .guest = "fixed", .ports = { 1, 1, &port }, .nr_programs = 2,
				   .programs = ran };
	struct before b = { .pictures = { 1, 1, &picture } };
	struct report r = { .pool = &fx.pool, .version = "1", .host_name = "h" };
	struct before_saved saved;
	const struct picture *back;
	struct buf text = BUF_INIT;

	(void)state;
	before_json(&text, &b, &r);
	assert_int_equal(before_load(&saved, text.data, text.len, &fx.pool, &fx.err), 0);
	buf_release(&text);
	back = before_picture(&saved, "fixed");
	assert_non_null(back);
	assert_null(before_picture(&saved, "moving"));
	assert_null(before_picture(NULL, "fixed"));
	assert_int_equal(back->ports.nr, 1);
	assert_string_equal(back->ports.v[0].program, show("odd\033name"));
	assert_string_equal(back->ports.v[0].address, "2001:db8::1");
	assert_string_equal(back->programs[1].program, ran[1].program);
	assert_true(before_ran(&saved, "fixed", "cron"));
	assert_false(before_ran(&saved, "fixed", "cro"));
	assert_false(before_ran(&saved, "moving", "cron"));
	assert_false(before_ran(NULL, "fixed", "cron"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, make, unmake)
	const struct CMUnitTest tests[] = {
		T(the_running_kernel_tells_how_tags_are_kept),
		T(other_kernels_must_agree),
		T(words_and_methods_are_one_to_one),
		T(contexts_find_their_guests),
		T(mounts_in_use_and_routes_are_read),
		T(the_document_obeys_its_schema),
		T(what_was_kept_is_read_back),
		T(what_is_odd_is_refused_or_unknown),
		T(pictures_come_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
