/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples: which one is taken, what is refused, and that our own one is consistent
 * by the rules that vzcfgvalidate holds against it (vzctl: src/validate.c), alone
 * and with a container's settings in it.
 *
 * The source tree is found by VS2VZ_SRCDIR, else the current directory.
 */
#include "openvz/conf.h"
#include "openvz/layout.h"
#include "fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct fixture fx;
static struct host host;

static int make(void **state)
{
	(void)state;
	fixture_make(&fx);
	memset(&host, 0, sizeof(host));
	host.conf_dir = "/etc/vz/conf";
	fixture_dir(&fx, "/etc/vz/conf");
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	fixture_remove(&fx);
	return 0;
}

/* --- the rules --- */

struct ubc {
	uint64_t bar, lim;
};

static uint64_t number(const char *text, size_t len)
{
	char digits[24];

	if (len == 9 && memcmp(text, "unlimited", 9) == 0)
		return INT64_MAX;
	assert_true(len > 0 && len < sizeof(digits));
	memcpy(digits, text, len);
	digits[len] = '\0';
	assert_int_equal(strspn(digits, "0123456789"), len);
	return strtoull(digits, NULL, 10);
}

static struct ubc get(const struct conf *conf, const char *key)
{
	const char *value = conf_get(conf, key), *colon;
	struct ubc out;

	if (!value)
		fail_msg("%s is missing", key);
	colon = strchr(value, ':');
	out.bar = number(value, colon ? (size_t)(colon - value) : strlen(value));
	out.lim = colon ? number(colon + 1, strlen(colon + 1)) : out.bar;
	return out;
}

static const char *const must_be[] = {
	"KMEMSIZE", "LOCKEDPAGES", "PRIVVMPAGES", "SHMPAGES", "NUMPROC", "PHYSPAGES",
	"VMGUARPAGES", "OOMGUARPAGES", "NUMTCPSOCK", "NUMFLOCK", "NUMPTY", "NUMSIGINFO",
	"TCPSNDBUF", "TCPRCVBUF", "OTHERSOCKBUF", "DGRAMRCVBUF", "NUMOTHERSOCK", "DCACHESIZE",
	"NUMFILE", "NUMIPTENT", "DISKSPACE", "DISKINODES",
};
static const char *const equal[] = {
	"NUMPROC", "NUMTCPSOCK", "NUMOTHERSOCK", "SHMPAGES", "NUMFILE", "NUMPTY", "NUMSIGINFO",
	"NUMIPTENT",
};
static const char *const unlimited[] = { "VMGUARPAGES", "OOMGUARPAGES", "PHYSPAGES" };

static void check_single(const struct conf *conf)
{
	for (size_t i = 0; i < sizeof(must_be) / sizeof(*must_be); i++) {
		struct ubc u = get(conf, must_be[i]);

		assert_true(u.bar <= u.lim);
	}
	for (size_t i = 0; i < sizeof(equal) / sizeof(*equal); i++)
		assert_int_equal(get(conf, equal[i]).bar, get(conf, equal[i]).lim);
	for (size_t i = 0; i < sizeof(unlimited) / sizeof(*unlimited); i++)
		assert_int_equal(get(conf, unlimited[i]).lim, INT64_MAX);
	assert_int_equal(get(conf, "PHYSPAGES").bar, 0);
	assert_true(get(conf, "NUMPTY").bar <= 255);
	assert_true(get(conf, "NUMIPTENT").bar >= 16);
	assert_string_equal(conf_get(conf, "ONBOOT"), "yes");
	assert_int_equal(get(conf, "CPUUNITS").bar, 1000);
	assert_int_equal(get(conf, "QUOTATIME").bar, 0);
}

static void check_socket_buffer(const struct conf *conf, const char *key, const char *sockets,
				uint64_t least)
{
	struct ubc buffer = get(conf, key);

	assert_true(buffer.bar >= least);
	if (sockets)
		assert_true(buffer.lim - buffer.bar >= 2560 * get(conf, sockets).bar);
}

static void check_rules(const struct conf *conf)
{
	uint64_t procs = get(conf, "AVNUMPROC").bar, files = get(conf, "NUMFILE").bar;
	uint64_t dentries = get(conf, "DCACHESIZE").lim;

	check_single(conf);
	assert_true(dentries >= 384 * files);
	assert_true(get(conf, "KMEMSIZE").bar >= 40960 * procs + dentries);
	assert_true(get(conf, "PRIVVMPAGES").bar >= get(conf, "VMGUARPAGES").bar);
	assert_true(get(conf, "VMGUARPAGES").bar >= get(conf, "OOMGUARPAGES").bar);
	check_socket_buffer(conf, "TCPSNDBUF", "NUMTCPSOCK", 65536);
	check_socket_buffer(conf, "TCPRCVBUF", "NUMTCPSOCK", 65536);
	check_socket_buffer(conf, "OTHERSOCKBUF", "NUMOTHERSOCK", 132096);
	check_socket_buffer(conf, "DGRAMRCVBUF", NULL, 132096);
	assert_true(files >= 32 * procs);
	assert_true(files >= get(conf, "NUMTCPSOCK").bar + get(conf, "NUMOTHERSOCK").bar +
			     get(conf, "NUMPTY").bar);
}

static void test_consistent(void **state)
{
	struct buf text = BUF_INIT, made = BUF_INIT;
	struct conf conf;
	struct ct ct = { 0 };

	(void)state;
	assert_int_equal(sample_read(&text, &fx.root, NULL, &fx.err), 0);
	conf_parse(&conf, text.data, text.len, &fx.pool);
	check_rules(&conf);
	ct_set(&ct, &fx.pool, "HOSTNAME", "web1.example.com", NULL);
	ct_set(&ct, &fx.pool, "ONBOOT", "yes", NULL);
	ct_set(&ct, &fx.pool, "VE_PRIVATE", "/vz/private/345", NULL);
	conf_apply(&made, text.data, text.len, &ct);
	conf_parse(&conf, made.data, made.len, &fx.pool);
	check_rules(&conf);
	assert_string_equal(conf_get(&conf, "VE_PRIVATE"), "/vz/private/345");
	buf_release(&text);
	buf_release(&made);
}

/* Quoted, in column 0, each key once, nothing behind the quote: safe for every reader. */
static void test_form(void **state)
{
	struct buf text = BUF_INIT;
	struct conf conf;

	(void)state;
	assert_int_equal(sample_read(&text, &fx.root, NULL, &fx.err), 0);
	conf_parse(&conf, text.data, text.len, &fx.pool);
	for (size_t i = 0; i < conf.nr; i++) {
		const char *line = pool_printf(&fx.pool, "\n%s=\"%s\"\n", conf.v[i].key,
					       conf.v[i].value);

		assert_non_null(strstr(text.data, line));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(conf.v[i].key, conf.v[k].key);
	}
	assert_int_equal(conf.nr, 21 + 5);
	assert_int_equal(text.data[text.len - 1], '\n');
	assert_null(strpbrk(text.data, "$`\\\r\t"));
	buf_release(&text);
}

static void test_same_as_file(void **state)
{
	const char *srcdir = getenv("VS2VZ_SRCDIR");
	struct buf text = BUF_INIT, file = BUF_INIT;
	struct root src;

	(void)state;
	assert_int_equal(sample_read(&text, &fx.root, NULL, &fx.err), 0);
	assert_int_equal(root_init(&src, srcdir ? srcdir : ".", &fx.err), 0);
	if (root_read(&src, "/conf-samples/ve-vs2vz.conf-sample", 65536, &file, &fx.err) < 0)
		fail_msg("%s", fx.err.text);
	root_release(&src);
	assert_string_equal(text.data, file.data);
	buf_release(&text);
	buf_release(&file);
}

/* --- finding and reading --- */

static void expect(const char *wanted, const char *name, const char *path)
{
	const char *got_name, *got_path;

	if (sample_find(&got_name, &got_path, &host, &fx.root, wanted, &fx.pool, &fx.err) < 0)
		fail_msg("%s", fx.err.text);
	assert_string_equal(got_name, name);
	if (path)
		assert_string_equal(got_path, path);
	else
		assert_null(got_path);
}

static void test_find(void **state)
{
	(void)state;
	expect(NULL, "vs2vz", NULL);
	host.config_file = "light";
	expect(NULL, "vs2vz", NULL);
	fixture_file(&fx, "/etc/vz/conf/ve-light.conf-sample", "X=1\n\n");
	expect(NULL, "light", "/etc/vz/conf/ve-light.conf-sample");
	fixture_file(&fx, "/etc/vz/conf/ve-basic.conf-sample", "X=2\n\n");
	expect(NULL, "basic", "/etc/vz/conf/ve-basic.conf-sample");
	fixture_dir(&fx, "/etc/vz/conf/ve-vps.basic.conf-sample");
	expect(NULL, "basic", "/etc/vz/conf/ve-basic.conf-sample");
	rmdir(fixture_path(&fx, "/etc/vz/conf/ve-vps.basic.conf-sample"));
	fixture_link(&fx, "ve-basic.conf-sample", "/etc/vz/conf/ve-vps.basic.conf-sample");
	expect(NULL, "vps.basic", "/etc/vz/conf/ve-basic.conf-sample");
	expect("light", "light", "/etc/vz/conf/ve-light.conf-sample");
}

static void test_find_refused(void **state)
{
	static const char *const names[] = { "none", "", "/etc/passwd", "../conf/ve-x", "a/b" };
	const char *name, *path;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_int_equal(sample_find(&name, &path, &host, &fx.root, names[i], &fx.pool,
					     &fx.err), -1);
	assert_int_equal(sample_find(&name, &path, &host, &fx.root, "none", &fx.pool, &fx.err), -1);
	assert_int_equal(fx.err.code, ENOENT);
	assert_non_null(strstr(fx.err.text, "/etc/vz/conf/ve-none.conf-sample"));
}

static void test_read_refused(void **state)
{
	static const char path[] = "/etc/vz/conf/ve-x.conf-sample";
	struct buf text = BUF_INIT;
	char line[16001];

	(void)state;
	fixture_bytes(&fx, path, "A=1\n\xff\r\nB", 8);
	assert_int_equal(sample_read(&text, &fx.root, path, &fx.err), 0);
	assert_int_equal(text.len, 8);
	fixture_bytes(&fx, path, "A=\0\n", 4);
	assert_int_equal(sample_read(&text, &fx.root, path, &fx.err), -1);
	memset(line, '#', sizeof(line));
	fixture_bytes(&fx, path, line, 15999);
	assert_int_equal(sample_read(&text, &fx.root, path, &fx.err), 0);
	fixture_bytes(&fx, path, line, 16000);
	assert_int_equal(sample_read(&text, &fx.root, path, &fx.err), -1);
	unlink(fixture_path(&fx, path));
	assert_int_equal(sample_read(&text, &fx.root, path, &fx.err), -1);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_consistent, make, unmake),
		cmocka_unit_test_setup_teardown(test_form, make, unmake),
		cmocka_unit_test_setup_teardown(test_same_as_file, make, unmake),
		cmocka_unit_test_setup_teardown(test_find, make, unmake),
		cmocka_unit_test_setup_teardown(test_find_refused, make, unmake),
		cmocka_unit_test_setup_teardown(test_read_refused, make, unmake),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
