/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vs2vz.conf: defaults, fragments, errors with file and line, and the sample file.
 */
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/finding_ids.h"

static const char *const folders[] = { "etc", "etc/vs2vz.d" };
static const char *const files[] = {
	"etc/vs2vz.conf", "etc/other.conf", "etc/vs2vz.d/10-a.conf", "etc/vs2vz.d/20-b.conf",
	"etc/vs2vz.d/ignored.conf~",
};

struct fixture {
	char dir[256];
	struct root root;
	struct pool pool;
	struct settings s;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");
	char path[512];

	snprintf(f->dir, sizeof(f->dir), "%s/settings.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(f->dir) || root_init(&f->root, f->dir, &f->err) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, folders[i]);
		if (mkdir(path, 0755) < 0)
			return -1;
	}
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char path[512];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, files[i]);
		unlink(path);
	}
	for (size_t i = 2; i-- > 0;) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, folders[i]);
		rmdir(path);
	}
	root_release(&f->root);
	rmdir(f->dir);
	pool_release(&f->pool);
	free(f);
	return 0;
}

static void put_bytes(struct fixture *f, const char *name, const char *text, size_t len)
{
	char path[512];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, len, out), len);
	fclose(out);
}

static void put(struct fixture *f, const char *name, const char *text)
{
	put_bytes(f, name, text, strlen(text));
}

static int get(struct fixture *f, const char *file)
{
	f->err.text[0] = '\0';
	return settings_read(&f->s, &f->root, file, &f->pool, &f->err);
}

static void assert_defaults(const struct settings *s)
{
	assert_int_equal(s->ctid_base, 1000);
	assert_null(s->sample);
	assert_int_equal(s->method, METHOD_AUTO);
	assert_int_equal(s->limits, LIMITS_GUEST);
	assert_int_equal(s->shared, SHARED_BREAK);
	assert_int_equal(s->verify, VERIFY_FULL);
	assert_int_equal(s->jobs, 0);
	assert_string_equal(s->state_dir, "/var/lib/vs2vz");
	assert_string_equal(s->log_dir, "/var/log/vs2vz");
	assert_int_equal(s->color, COLOR_AUTO);
	assert_int_equal(s->nr_lifts, 0);
	assert_int_equal(s->nr_map, 0);
}

static void nothing_there_means_defaults(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(get(f, NULL), 0);
	assert_defaults(&f->s);
	put(f, "etc/vs2vz.conf", "");
	assert_int_equal(get(f, NULL), 0);
	assert_defaults(&f->s);
	assert_int_equal(get(f, "/etc/other.conf"), -1);
	assert_int_equal(f->err.code, ENOENT);
}

static void every_key(void **state)
{
	struct fixture *f = *state;

	put(f, "etc/vs2vz.conf",
	    "# all of them\nctid_base = 5000\nsample = \"vps.basic\"\nmethod = copy\n"
	    "limits = \"sample\"\nverify = \"quick\"\njobs=8\nstate_dir = \"/srv/state\"\nlog_dir = \"/srv/log\"\n"
	    "color = \"never\"\nshared = \"keep-readonly\"\n"
	    "override \"VS309\" { guests = {\"web1\", \"mail\"} reason = \"by hand\" }\n"
	    "override \"foreign-mount\" { reason = \"known\" }\n"
	    "guest \"v345\" {\n\tctid = 345\n}\n");
	assert_int_equal(get(f, NULL), 0);
	assert_int_equal(f->s.ctid_base, 5000);
	assert_string_equal(f->s.sample, "vps.basic");
	assert_int_equal(f->s.method, METHOD_COPY);
	assert_int_equal(f->s.limits, LIMITS_SAMPLE);
	assert_int_equal(f->s.verify, VERIFY_QUICK);
	assert_int_equal(f->s.jobs, 8);
	assert_string_equal(f->s.state_dir, "/srv/state");
	assert_string_equal(f->s.log_dir, "/srv/log");
	assert_int_equal(f->s.color, COLOR_NEVER);
	assert_int_equal(f->s.shared, SHARED_KEEP_READONLY);
	assert_int_equal(f->s.nr_lifts, 3);
	assert_int_equal(f->s.lifts[0].id, VS_HOST_MOUNTS);
	assert_string_equal(f->s.lifts[0].guest, "web1");
	assert_string_equal(f->s.lifts[1].guest, "mail");
	assert_string_equal(f->s.lifts[1].reason, "by hand");
	assert_int_equal(f->s.lifts[2].id, VS_FOREIGN_MOUNT);
	assert_null(f->s.lifts[2].guest);
	assert_int_equal(f->s.nr_map, 1);
	assert_string_equal(f->s.map[0].guest, "v345");
	assert_int_equal(f->s.map[0].ctid, 345);
}

static void fragments_add_up_in_order(void **state)
{
	struct fixture *f = *state;

	put(f, "etc/vs2vz.conf", "jobs = 1\nctid_base = 2000\nguest \"a\" { ctid = 101 }\n");
	put(f, "etc/vs2vz.d/20-b.conf", "jobs = 3\n");
	put(f, "etc/vs2vz.d/10-a.conf",
	    "jobs = 2\nguest \"a\" { ctid = 102 }\nguest \"b\" { ctid = 103 }\n");
	put(f, "etc/vs2vz.d/ignored.conf~", "rubbish {");
	assert_int_equal(get(f, NULL), 0);
	assert_int_equal(f->s.jobs, 3);
	assert_int_equal(f->s.ctid_base, 2000);
	assert_int_equal(f->s.nr_map, 2);
	assert_int_equal(f->s.map[0].ctid, 102);
	assert_int_equal(f->s.map[1].ctid, 103);
	put(f, "etc/other.conf", "jobs = 9\n");
	assert_int_equal(get(f, "/etc/other.conf"), 0);
	assert_int_equal(f->s.ctid_base, 1000);
	assert_int_equal(f->s.jobs, 3);
}

/* A guest that this host does not have is no error: the file is made for many hosts. */
static void a_guest_has_answers_of_its_own(void **state)
{
	struct fixture *f = *state;

	put(f, "etc/vs2vz.d/10-a.conf",
	    "guest \"web\" {\n\tctid = 345\n\tsample = \"small\"\n\tmethod = copy\n"
	    "\trights = \"least\"\n\toverride \"VS309\" { reason = \"345.mount has them\" }\n"
	    "\toverride \"own-network\" { reason = \"veth is ready\" }\n}\n"
	    "guest \"no such guest\" { rights = \"default\" limits = \"sample\" }\n");
	put(f, "etc/vs2vz.d/20-b.conf", "guest \"web\" { sample = \"large\" }\n");
	assert_int_equal(get(f, NULL), 0);
	assert_int_equal(f->s.nr_map, 1);
	assert_int_equal(f->s.map[0].ctid, 345);
	assert_int_equal(f->s.nr_answers, 2);
	assert_string_equal(f->s.answers[0].guest, "web");
	assert_string_equal(f->s.answers[0].sample, "large");
	assert_true(f->s.answers[0].has_method && f->s.answers[0].method == METHOD_COPY);
	assert_true(f->s.answers[0].has_rights && f->s.answers[0].rights == RIGHTS_LEAST);
	assert_null(f->s.answers[1].sample);
	assert_true(f->s.answers[1].has_rights && f->s.answers[1].rights == RIGHTS_DEFAULT);
	assert_false(f->s.answers[1].has_method);
	assert_true(f->s.answers[1].has_limits && f->s.answers[1].limits == LIMITS_SAMPLE);
	assert_false(f->s.answers[0].has_limits);
	assert_int_equal(f->s.nr_lifts, 2);
	assert_int_equal(f->s.lifts[0].id, VS_HOST_MOUNTS);
	assert_string_equal(f->s.lifts[0].guest, "web");
	assert_string_equal(f->s.lifts[0].reason, "345.mount has them");
	assert_int_equal(f->s.lifts[1].id, VS_OWN_NETWORK);
}

static void a_guest_has_answers_about_marks(void **state)
{
	struct fixture *f = *state;
	const struct answer *a;

	put(f, "etc/vs2vz.d/10-a.conf",
	    "guest \"web\" {\n\ttagging = \"id24\"\n\ttag = {300, 301}\n\timmutable = \"clear\"\n"
	    "\tshared = \"keep-readonly\"\n}\n"
	    "guest \"mail\" { tagging = none immutable = keep }\nguest \"news\" { tag = {65535} }\n");
	if (get(f, NULL) < 0)
		fail_msg("%s", f->err.text);
	assert_int_equal(f->s.nr_answers, 3);
	a = f->s.answers;
	assert_true(a[0].has_tagging && a[0].tagging == TAGGING_ID24);
	assert_int_equal(a[0].nr_tags, 2);
	assert_int_equal(a[0].tag[0], 300);
	assert_int_equal(a[0].tag[1], 301);
	assert_true(a[0].has_immutable && a[0].immutable == IMMUTABLE_FILES);
	assert_true(a[0].has_shared && a[0].shared == SHARED_KEEP_READONLY);
	assert_true(a[1].has_tagging && a[1].tagging == TAGGING_NONE);
	assert_true(a[1].has_immutable && a[1].immutable == IMMUTABLE_KEEP);
	assert_false(a[1].has_shared);
	assert_int_equal(a[1].nr_tags, 0);
	assert_false(a[2].has_tagging || a[2].has_immutable);
	assert_int_equal(a[2].nr_tags, 1);
	put(f, "etc/vs2vz.d/20-b.conf", "guest \"web\" { tag = {302} }\n");
	assert_int_equal(get(f, NULL), 0);
	assert_int_equal(f->s.answers[0].nr_tags, 1);
	assert_int_equal(f->s.answers[0].tag[0], 302);
	assert_int_equal(f->s.answers[0].tagging, TAGGING_ID24);
}

static void errors_name_file_and_line(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "jobs = 1\nfrobs = 2\n", "/etc/vs2vz.conf:2: " },
		{ "jobs = 65\n", "/etc/vs2vz.conf:1: jobs must be a number from 0 to 64" },
		{ "\njobs = -1\n", "/etc/vs2vz.conf:2: jobs must be" },
		{ "jobs = many\n", "/etc/vs2vz.conf:1: " },
		{ "jobs = 99999999999999999999999\n", "/etc/vs2vz.conf:1: " },
		{ "ctid_base = 100\n", "ctid_base must be a number from 101" },
		{ "method = \"fast\"\n", "method must be one of" },
		{ "limits = \"none\"\n", "limits must be one of" },
		{ "shared = \"leave\"\n", "shared must be one of" },
		{ "guest \"a\" {\n tagging = \"runtime\"\n}\n", ":2: guest 'a': tagging must be one of" },
		{ "guest \"a\" {\n tagging = \"unknown\"\n}\n", "tagging must be one of" },
		{ "guest \"a\" {\n\n tag = {300, 0}\n}\n", ":3: guest 'a': tag must be a list" },
		{ "guest \"a\" { tag = {65536} }\n", "tag must be a list" },
		{ "guest \"a\" { tag = {1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17} }\n", "tag must be" },
		{ "guest \"a\" { tag = {} }\n", "nothing is said" },
		{ "guest \"a\" { immutable = \"files\" }\n", "immutable must be one of" },
		{ "override \"VS401\" { reason = \"x\" }\n", "cannot be overridden" },
		{ "verify = \"half\"\n", "verify must be one of" },
		{ "color = \"red\"\n", "color must be one of" },
		{ "sample = \"../x\"\n", "sample must be the name" },
		{ "state_dir = \"var/lib\"\n", "state_dir must be an absolute path" },
		{ "state_dir = \"/var/../lib\"\n", "state_dir must be an absolute path" },
		{ "log_dir = \"/x/..\"\n", "log_dir must be an absolute path" },
		{ "#\n#\noverride \"VS998\" { reason = \"x\" }\n", ":3: override 'VS998': there is no" },
		{ "// a\n/* b\nc */ jobs = 1 # d\nsample = \"#'\\\"#\"\nmethod = 'it\\'s'\n",
		  ":5: method" },
		{ "override \"VS201\" { reason = \"x\" }\n", "cannot be overridden" },
		{ "override \"VS309\" { guests = {\"a\"} }\n", "the reason is missing" },
		{ "override \"VS309\" { reason = \"\" }\n", "the reason is missing" },
		{ "override \"VS309\" { because = \"x\" }\n", "/etc/vs2vz.conf:1: " },
		{ "guest \"a\" { }\n", "guest 'a': nothing is said" },
		{ "guest \"a\" { ctid = 100 }\n", "guest 'a': ctid must be" },
		{ "guest \"\" { ctid = 101 }\n", "the name is empty" },
		{ "guest \"a\" {\n\tctid = 101\n\tsmaple = \"x\"\n}\n", "/etc/vs2vz.conf:3: " },
		{ "guest \"a\" {\n\tmethod = \"fast\"\n}\n",
		  "/etc/vs2vz.conf:2: guest 'a': method must be one of" },
		{ "guest \"a\" {\n\n\trights = \"all\"\n}\n",
		  "/etc/vs2vz.conf:3: guest 'a': rights must be one of" },
		{ "guest \"a\" {\n\tlimits = \"all\"\n}\n",
		  "/etc/vs2vz.conf:2: guest 'a': limits must be one of" },
		{ "guest \"a\" {\n\tsample = \"x/y\"\n}\n",
		  "/etc/vs2vz.conf:2: guest 'a': sample must be the name" },
		{ "guest \"a\" {\n\tsample = \"\"\n}\n", "sample must be the name" },
		{ "guest \"a\" {\n\toverride \"VS998\" {\n\t\treason = \"x\"\n\t}\n}\n",
		  "/etc/vs2vz.conf:4: override 'VS998': there is no such finding" },
		{ "guest \"a\" { override \"VS201\" { reason = \"x\" } }\n", "cannot be overridden" },
		{ "guest \"a\" { override \"VS309\" { } }\n", "the reason is missing" },
		{ "guest \"a\" { override \"VS309\" { guests = {\"b\"} reason = \"x\" } }\n",
		  "/etc/vs2vz.conf:1: " },
		{ "guest \"a\" { ctid = 101 }\nguest \"a\" { ctid = 102 }\n", "/etc/vs2vz.conf:2: " },
		{ "guest \"a\" {\n", "/etc/vs2vz.conf:" },
		{ "method = \"copy\n", "/etc/vs2vz.conf:" },
		{ "method\n", "/etc/vs2vz.conf:" },
		{ "{{{{\n", "/etc/vs2vz.conf:1: " },
		{ "\033[31m = 1\n", "\\x1B" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put(f, "etc/vs2vz.conf", rows[i].text);
		if (get(f, NULL) == 0)
			fail_msg("accepted: %s", rows[i].text);
		if (!strstr(f->err.text, rows[i].says))
			fail_msg("'%s' lacks '%s'", f->err.text, rows[i].says);
		assert_null(strchr(f->err.text, '\n'));
		assert_null(strchr(f->err.text, '\033'));
	}
	put_bytes(f, "etc/vs2vz.conf", "jobs = 1\n\0", 10);
	assert_int_equal(get(f, NULL), -1);
	assert_non_null(strstr(f->err.text, "/etc/vs2vz.conf:2: a NUL byte"));
	put(f, "etc/vs2vz.conf", "jobs = 1\n");
	put(f, "etc/vs2vz.d/10-a.conf", "\n\nno such\n");
	assert_int_equal(get(f, NULL), -1);
	assert_non_null(strstr(f->err.text, "/etc/vs2vz.d/10-a.conf:3: "));
}

/* The shipped sample is what the table makes, and changes nothing when installed. */
static void sample_file_matches_the_table(void **state)
{
	struct fixture *f = *state;
	struct buf sample CLEANUP_BUF = BUF_INIT;
	struct buf active CLEANUP_BUF = BUF_INIT;
	FILE *in = fopen("conf-samples/vs2vz.conf", "r");
	char shipped[16384];
	size_t len;

	settings_sample(&sample);
	put(f, "etc/vs2vz.conf", sample.data);
	assert_int_equal(get(f, NULL), 0);
	assert_defaults(&f->s);
	for (const char *p = sample.data; *p; p++)
		if (*p != '#' || p[1] == ' ')
			buf_addch(&active, *p);
	put(f, "etc/vs2vz.conf", active.data);
	if (get(f, NULL) < 0)
		fail_msg("%s", f->err.text);
	assert_int_equal(f->s.nr_lifts, 2);
	assert_int_equal(f->s.nr_map, 1);
	f->s.nr_lifts = f->s.nr_map = 0;
	assert_defaults(&f->s);
	if (!in)
		skip();
	len = fread(shipped, 1, sizeof(shipped) - 1, in);
	fclose(in);
	shipped[len] = '\0';
	assert_string_equal(shipped, sample.data);
}

static void manual_is_complete(void **state)
{
	FILE *in = fopen("docs/vs2vz.conf.5", "r");
	char page[16384];

	(void)state;
	if (!in)
		skip();
	page[fread(page, 1, sizeof(page) - 1, in)] = '\0';
	fclose(in);
	for (const struct setting_row *row = setting_rows; row->key; row++) {
		char entry[128];

		snprintf(entry, sizeof(entry), row->number ? ".It Cm %s No = %s\n" :
			 *row->fallback ? ".It Cm %s No = Qq %s\n" : ".It Cm %s No = Qq \\&%s\n",
			 row->key, row->fallback);
		if (!strstr(page, entry))
			fail_msg("the manual lacks: %s", entry);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_there_means_defaults, setup, teardown),
		cmocka_unit_test_setup_teardown(every_key, setup, teardown),
		cmocka_unit_test_setup_teardown(fragments_add_up_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(a_guest_has_answers_of_its_own, setup, teardown),
		cmocka_unit_test_setup_teardown(a_guest_has_answers_about_marks, setup, teardown),
		cmocka_unit_test_setup_teardown(errors_name_file_and_line, setup, teardown),
		cmocka_unit_test(manual_is_complete),
		cmocka_unit_test_setup_teardown(sample_file_matches_the_table, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
