/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Doctor on made-up hosts: answers with their evidence, what convert needs, the document
 * against its schema, names that nobody should print as they are.
 */
#include "doctor.h"
#include "fixture.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compat.h"
#include "commands.h"

#define RELEASE "2.6.32-042stab141.3"

static struct fixture fx;
static struct session s;
static struct doctor d;

static int make(void **state)
{
	static char name[] = "vs2vz", *argv[] = { name, NULL };

	(void)state;
	fixture_make(&fx);
	fixture_file(&fx, "/etc/vz/vz.conf",
		     "VIRTUOZZO=yes\nVE_ROOT=/vz/root/$VEID\nVE_PRIVATE=/vz/private/$VEID\n");
	fixture_file(&fx, "/etc/vz/conf/ve-basic.conf-sample", "ONBOOT=\"no\"\n\n");
	fixture_file(&fx, "/usr/sbin/vzctl", "#!/bin/sh\n");
	chmod(fixture_path(&fx, "/usr/sbin/vzctl"), 0755);
	fixture_file(&fx, "/proc/sys/kernel/osrelease", RELEASE "\n");
	fixture_file(&fx, "/proc/user_beancounters", "Version: 2.5\n       uid  resource\n        0: kmemsize 1\n");
	fixture_file(&fx, "/proc/filesystems", "nodev\tproc\n\text3\nnodev\tsimfs\n");
	fixture_file(&fx, "/proc/devices", "Block devices:\n  7 loop\n");
	fixture_dir(&fx, "/proc/vz");
	memset(&s, 0, sizeof(s));
	s.root = fx.root;
	s.live = true;
	s.state = s.lock = -1;
	s.findings.pool = &s.pool;
	settings_defaults(&s.set);
	report_init(&s.report, &s.pool, "doctor", 1, argv);
	if (root_inside(&s.proc, &fx.root, "/proc", &fx.err) < 0)
		fail_msg("%s", fx.err.text);
	d = (struct doctor){ .s = &s, .real = fx.root };
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	kernel_ask_again();
	root_release(&s.proc);
	pool_release(&s.pool);
	fixture_remove(&fx);
	return 0;
}

static const struct doctor_line *line(const char *name)
{
	for (size_t i = 0; i < d.nr; i++)
		if (strcmp(d.line[i].name, name) == 0)
			return &d.line[i];
	fail_msg("there is no line '%s'", name);
	return NULL;
}

static void expect(const char *name, enum doctor_answer answer, const char *seen)
{
	const struct doctor_line *l = line(name);

	if (l->answer != answer || !strstr(l->seen, seen))
		fail_msg("%s: %s, '%s'", name, doctor_answer_word(l->answer), l->seen);
}

static void test_node(void **state)
{
	(void)state;
	doctor_look(&d);
	expect("openvz", DOCTOR_YES, "host system");
	expect("vz.conf", DOCTOR_YES, "/etc/vz/vz.conf");
	expect("sample", DOCTOR_YES, "ve-basic.conf-sample");
	expect("vzctl", DOCTOR_YES, "/usr/sbin/vzctl, version unknown");
	expect("vzquota", DOCTOR_NO, "no vzquota");
	expect("vz-started", DOCTOR_NO, "is missing");
	expect("loop", DOCTOR_YES, "/proc/devices");
	expect("overlay", DOCTOR_NO, "neither");
	expect("name-spaces", DOCTOR_NO, "missing: ipc, mnt, net, pid, uts");
	expect("private-areas", geteuid() ? DOCTOR_UNKNOWN : DOCTOR_YES, "/vz/private (will be made)");
	assert_true(doctor_is_fit(&d));
}

/* The same disks, mounted elsewhere: what runs is not known, which kernels there are is. */
static void test_offline(void **state)
{
	(void)state;
	fixture_file(&fx, "/lib/modules/" RELEASE "/modules.dep", "kernel/kernel/ve/vzmon.ko:\n");
	s.live = false;
	doctor_look(&d);
	expect("openvz", DOCTOR_UNKNOWN, "its /lib/modules: " RELEASE);
	expect("vswap", DOCTOR_UNKNOWN, "");
	expect("vz-started", DOCTOR_UNKNOWN, "not running");
	expect("modules", DOCTOR_NO, RELEASE " lacks simfs vzdev vzdquota vznetdev");
	assert_true(doctor_is_fit(&d));
}

static void test_unfit(void **state)
{
	(void)state;
	unlink(fixture_path(&fx, "/proc/user_beancounters"));
	fixture_file(&fx, "/proc/user_beancounters", "Version: 2.5\n      101: kmemsize 1\n");
	doctor_look(&d);
	expect("openvz", DOCTOR_NO, "one of its containers");
	assert_false(doctor_is_fit(&d));
	d.nr = 0;
	s.live = false;
	unlink(fixture_path(&fx, "/etc/vz/vz.conf"));
	doctor_look(&d);
	expect("vz.conf", DOCTOR_NO, "neither");
	assert_false(doctor_is_fit(&d));
}

static void test_packages(void **state)
{
	(void)state;
	fixture_file(&fx, "/var/lib/dpkg/status",
		     "Package: vzctl-dev\nStatus: install ok installed\nVersion: 9\n\n"
		     "Package: vzctl\nStatus: deinstall ok config-files\nVersion: 3.0.22-14\n\n"
		     "Package: vzquota\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.1-2\n\n");
	fixture_dir(&fx, "/usr/share/doc/vzctl-4.9.4");
	assert_string_equal(doctor_package(&d, &fx.root, "vzquota"), "3.1-2");
	assert_string_equal(doctor_package(&d, &fx.root, "vzctl"), "4.9.4");
	assert_null(doctor_package(&d, &fx.root, "vz"));
}

/* Each ability is a line, and the kernel's answer is the line's. */
static void test_abilities(void **state)
{
	(void)state;
	for (int i = 0; i < CAN_NR; i++)
		kernel_cannot((enum kernel_can)i);
	doctor_look(&d);
	for (int i = 0; i < CAN_NR; i++) {
		if (i == CAN_SET_NANOSECONDS)
			continue;
		expect(kernel_abilities[i].name, DOCTOR_NO, kernel_abilities[i].since);
		assert_string_equal(line(kernel_abilities[i].name)->lacks, kernel_abilities[i].without);
	}
	expect("precise-times", DOCTOR_NO, "microseconds");
}

static bool is_command(const char *word, size_t len)
{
	for (const struct command *c = commands; c->name; c++)
		if (strlen(c->name) == len && memcmp(c->name, word, len) == 0)
			return true;
	return false;
}

/* Commands are commands; what is lacking says what; names are told once. */
static void test_rows(void **state)
{
	(void)state;
	doctor_look(&d);
	assert_true(d.nr > 40);
	for (size_t i = 0; i < d.nr; i++) {
		const struct doctor_line *l = &d.line[i];

		for (const char *at = l->commands; *at; at += strspn(at, " ")) {
			size_t len = strcspn(at, " ");

			if (!is_command(at, len))
				fail_msg("%s: no command: %s", l->name, at);
			at += len;
		}
		if (*l->commands && !l->lacks)
			fail_msg("%s: commands, and nothing that they lack", l->name);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(l->name, d.line[k].name);
	}
}

static void check_keys(const json_t *schema, const json_t *value)
{
	const json_t *required = json_object_get(schema, "required"), *properties;
	json_t *one, *name, *words;
	size_t i;

	properties = json_object_get(schema, "properties");
	assert_int_equal(json_array_size(required), json_object_size(value));
	assert_int_equal(json_object_size(properties), json_object_size(value));
	json_array_foreach(required, i, name) {
		const char *key = json_string_value(name);

		one = json_object_get(value, key);
		if (!one)
			fail_msg("the document lacks %s", key);
		words = json_object_get(json_object_get(properties, key), "enum");
		if (words) {
			size_t k, found = 0;
			json_t *word;

			json_array_foreach(words, k, word)
				found += json_equal(word, one) != 0;
			if (!found)
				fail_msg("%s: '%s' is not in the schema", key, json_string_value(one));
		}
	}
}

static void test_document(void **state)
{
	json_t *schema, *o, *one, *lines, *properties;
	struct buf text CLEANUP_BUF = BUF_INIT;
	json_error_t at;
	size_t i;

	(void)state;
	schema = json_load_file("docs/schema/doctor-1.0.json", 0, &at);
	if (!schema)
		skip();
	doctor_look(&d);
	report_json_doctor(&text, &d);
	o = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &at);
	assert_non_null(o);
	check_keys(schema, o);
	properties = json_object_get(schema, "properties");
	check_keys(json_object_get(properties, "counts"), json_object_get(o, "counts"));
	lines = json_object_get(o, "lines");
	assert_int_equal(json_array_size(lines), d.nr);
	json_array_foreach(lines, i, one)
		check_keys(json_object_get(json_object_get(properties, "lines"), "items"), one);
	assert_true(json_is_true(json_object_get(o, "fit")));
	json_decref(o);
	json_decref(schema);
}

/* Names of the host's files may hold anything. */
static void test_escaped(void **state)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	const struct text_style style = { 0 };

	(void)state;
	fixture_file(&fx, "/lib/modules/2.6.32-openvz\033[2J/modules.dep", "x.ko:\n");
	unlink(fixture_path(&fx, "/etc/vz/vz.conf"));
	fixture_file(&fx, "/etc/vz/vz.conf", "VIRTUOZZO=yes\nVE_PRIVATE=\"/vz/\033[31mp/$VEID\"\n\n");
	s.live = false;
	doctor_look(&d);
	report_doctor(&text, &d, &style);
	report_json_doctor(&text, &d);
	assert_null(strchr(text.data, '\033'));
	assert_non_null(strstr(text.data, "2.6.32-openvz\\x1B[2J"));
	assert_non_null(strstr(text.data, "\\x1B[31mp"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_node, make, unmake),
		cmocka_unit_test_setup_teardown(test_offline, make, unmake),
		cmocka_unit_test_setup_teardown(test_unfit, make, unmake),
		cmocka_unit_test_setup_teardown(test_packages, make, unmake),
		cmocka_unit_test_setup_teardown(test_abilities, make, unmake),
		cmocka_unit_test_setup_teardown(test_rows, make, unmake),
		cmocka_unit_test_setup_teardown(test_document, make, unmake),
		cmocka_unit_test_setup_teardown(test_escaped, make, unmake),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
