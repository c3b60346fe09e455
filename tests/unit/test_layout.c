/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a host keeps containers and what is there already: vz.conf in the layouts
 * of the packages, odd values, kernels told by a made-up /proc, remains of a CTID.
 */
#include "openvz/layout.h"
#include "fixture.h"

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
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	fixture_remove(&fx);
	return 0;
}

static void read_host(const struct root *proc)
{
	if (layout_read(&host, &fx.root, proc, &fx.pool, &fx.findings, &fx.err) < 0)
		fail_msg("%s", fx.err.text);
}

static void test_rpm(void **state)
{
	(void)state;
	fixture_file(&fx, "/etc/vz/vz.conf",
		     "# c\nVIRTUOZZO=yes\nLOCKDIR=/vz/lock\nDUMPDIR=/vz/dump # x\nVE_ROOT=/vz/root/$VEID\n"
		     "VE_PRIVATE=\"/vz/private/${VEID}//\"\nCONFIGFILE=\"vps.basic\" # hint\nIPV6=\"yes\"\n");
	fixture_dir(&fx, "/etc/sysconfig/vz-scripts");
	fixture_link(&fx, "../sysconfig/vz-scripts", "/etc/vz/conf");
	fixture_link(&fx, "../vz/vz.conf", "/etc/sysconfig/vz");
	fixture_dir(&fx, "/srv/vz/lock");
	fixture_link(&fx, "srv/vz", "/vz");
	read_host(NULL);
	assert_int_equal(fx.findings.nr, 0);
	assert_int_equal(host.kernel, KERNEL_OFFLINE);
	assert_string_equal(host.vz_conf, "/etc/vz/vz.conf");
	assert_string_equal(host.conf_dir, "/etc/sysconfig/vz-scripts");
	assert_string_equal(host.names_dir, "/etc/vz/names");
	assert_string_equal(host.root_pattern, "/srv/vz/root/$VEID");
	assert_string_equal(host.private_pattern, "/srv/vz/private/${VEID}");
	assert_string_equal(host.lock_dir, "/srv/vz/lock");
	assert_string_equal(host.dump_dir, "/srv/vz/dump");
	assert_string_equal(host.config_file, "vps.basic");
	assert_true(host.ipv6);
	assert_true(host.knows_layout);
	assert_false(host.is_vz7);
}

static void test_sysconfig(void **state)
{
	(void)state;
	fixture_file(&fx, "/etc/sysconfig/vz",
		     "VE_ROOT=/var/lib/vz/root/$VEID\nVE_PRIVATE=/var/lib/vz/private/$VEID\n\n");
	fixture_dir(&fx, "/etc/sysconfig/vz-scripts");
	read_host(NULL);
	assert_string_equal(host.vz_conf, "/etc/sysconfig/vz");
	assert_string_equal(host.conf_dir, "/etc/sysconfig/vz-scripts");
	assert_string_equal(host.private_pattern, "/var/lib/vz/private/$VEID");
	assert_null(host.lock_dir);
	assert_null(host.dump_dir);
	assert_null(host.config_file);
	assert_false(host.ipv6);
	assert_int_equal(fx.findings.nr, 0);
}

static void test_no_vz_conf(void **state)
{
	(void)state;
	read_host(NULL);
	assert_int_equal(fixture_found(&fx, VS_NO_VZ_CONF), 1);
	assert_null(host.vz_conf);
	assert_string_equal(host.conf_dir, "/etc/vz/conf");
	assert_string_equal(host.private_pattern, "/vz/private/$VEID");
	assert_string_equal(host.root_pattern, "/vz/root/$VEID");
	assert_null(host.lock_dir);
	assert_true(host.ipv6);
	fixture_dir(&fx, "/var/lib/vz/lock");
	read_host(NULL);
	assert_string_equal(host.private_pattern, "/var/lib/vz/private/$VEID");
	assert_string_equal(host.lock_dir, "/var/lib/vz/lock");
	fixture_dir(&fx, "/data");
	fixture_link(&fx, "/data", "/vz");
	read_host(NULL);
	assert_string_equal(host.private_pattern, "/data/private/$VEID");
}

static void test_odd_values(void **state)
{
	static const char *const odd[] = {
		"/vz/private", "vz/private/$VEID", "", "/vz/../private/$VEID", "/vz/$VEID/$HOME",
		"'/vz/private/$VEID'", "/vz/$VEID/$VEID", "/$x/$VEID", "$VEID",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		char text[256];

		snprintf(text, sizeof(text), "VE_PRIVATE=%s\nVE_ROOT=/r/$VEID\n", odd[i]);
		fixture_file(&fx, "/etc/vz/vz.conf", text);
		finding_cut(&fx.findings, 0);
		read_host(NULL);
		assert_string_equal(host.private_pattern, "/vz/private/$VEID");
		assert_string_equal(host.root_pattern, "/r/$VEID");
		assert_int_equal(fixture_found(&fx, VS_VZ_CONF_ODD), 1);
		assert_int_equal(fx.findings.nr, 1);
	}
	fixture_file(&fx, "/etc/vz/vz.conf",
		     "VE_PRIVATE=/a/$VEID\nVE_ROOT=/a/$VEID\nLOCKDIR=lock\nCONFIGFILE=../x\n");
	finding_cut(&fx.findings, 0);
	read_host(NULL);
	assert_int_equal(fixture_found(&fx, VS_VZ_CONF_ODD), 3);
	assert_string_equal(host.private_pattern, "/a/$VEID");
	assert_string_equal(host.root_pattern, "/vz/root/$VEID");
	assert_null(host.lock_dir);
	assert_null(host.config_file);
}

/* Not a file, or a file of nonsense: named, and never read for ever. */
static void test_odd_files(void **state)
{
	char *large = calloc(1, 1024 * 1024 + 2);

	(void)state;
	fixture_dir(&fx, "/etc/vz/vz.conf");
	read_host(NULL);
	assert_int_equal(fixture_found(&fx, VS_VZ_CONF_ODD), 1);
	assert_int_equal(fixture_found(&fx, VS_NO_VZ_CONF), 1);
	rmdir(fixture_path(&fx, "/etc/vz/vz.conf"));
	assert_int_equal(mkfifo(fixture_path(&fx, "/etc/vz/vz.conf"), 0600), 0);
	read_host(NULL);
	assert_int_equal(fixture_found(&fx, VS_VZ_CONF_ODD), 2);
	unlink(fixture_path(&fx, "/etc/vz/vz.conf"));
	fixture_link(&fx, "vz.conf", "/etc/vz/vz.conf");
	read_host(NULL);
	assert_int_equal(fixture_found(&fx, VS_VZ_CONF_ODD), 3);
	unlink(fixture_path(&fx, "/etc/vz/vz.conf"));
	fixture_bytes(&fx, "/etc/vz/vz.conf", large, 1024 * 1024 + 1);
	read_host(NULL);
	assert_int_equal(fixture_found(&fx, VS_VZ_CONF_ODD), 4);
	assert_string_equal(host.private_pattern, "/vz/private/$VEID");
	free(large);
}

/* --- kernels --- */

static const struct {
	const char *release;
	const char *dirs[3];
	const char *beancounters;
	enum kernel_kind kind;
	unsigned finding;
} kernels[] = {
	{ "2.6.32-042stab145.3", { "vz", "bc" }, NULL, KERNEL_OPENVZ, 0 },
	{ "2.6.18-308.el5.028stab099.3", { "vz" },
	  "Version: 2.5\n  uid  resource\n        101:  kmemsize 1\n          0:  kmemsize 1\n",
	  KERNEL_OPENVZ, 0 },
	{ "2.6.32-042stab145.3", { "vz" },
	  "Version: 2.5\n  uid  resource\n        101:  kmemsize 1\n         10:  x\n",
	  KERNEL_OPENVZ_CT, VS_INSIDE_CONTAINER },
	{ "2.6.32-042stab145.3", { "vz" }, NULL, KERNEL_OPENVZ_CT, VS_INSIDE_CONTAINER },
	{ "2.6.22.19-vs2.2.0.7", { NULL }, NULL, KERNEL_VSERVER, VS_VSERVER_KERNEL },
	{ "2.6.32-5-vserver-amd64", { NULL }, NULL, KERNEL_VSERVER, VS_VSERVER_KERNEL },
	{ "3.10.1", { "virtual", "virtnet" }, NULL, KERNEL_VSERVER, VS_VSERVER_KERNEL },
	{ "6.1.0-vswap", { NULL }, NULL, KERNEL_OTHER, VS_NO_OPENVZ_KERNEL },
};

static void test_kernels(void **state)
{
	(void)state;
	fixture_file(&fx, "/etc/vz/vz.conf", "VE_ROOT=/r/$VEID\nVE_PRIVATE=/p/$VEID\n");
	for (size_t i = 0; i < sizeof(kernels) / sizeof(*kernels); i++) {
		struct root proc;
		char path[64];

		snprintf(path, sizeof(path), "/proc%zu/sys/kernel/osrelease", i);
		fixture_file(&fx, path, kernels[i].release);
		for (size_t k = 0; kernels[i].dirs[k]; k++) {
			snprintf(path, sizeof(path), "/proc%zu/%s", i, kernels[i].dirs[k]);
			fixture_dir(&fx, path);
		}
		snprintf(path, sizeof(path), "/proc%zu/user_beancounters", i);
		if (kernels[i].beancounters)
			fixture_file(&fx, path, kernels[i].beancounters);
		snprintf(path, sizeof(path), "/proc%zu", i);
		assert_int_equal(root_init(&proc, fixture_path(&fx, path), &fx.err), 0);
		finding_cut(&fx.findings, 0);
		read_host(&proc);
		root_release(&proc);
		assert_int_equal(host.kernel, kernels[i].kind);
		assert_string_equal(host.kernel_release, kernels[i].release);
		assert_false(host.vswap);
		assert_int_equal(fx.findings.nr, kernels[i].finding ? 1 : 0);
		if (kernels[i].finding)
			assert_int_equal(fx.findings.v[0].kind->id, kernels[i].finding);
	}
}

static void test_vswap(void **state)
{
	struct root proc;

	(void)state;
	fixture_file(&fx, "/proc/sys/kernel/osrelease", "2.6.32-042stab145.3\n");
	fixture_dir(&fx, "/proc/bc");
	fixture_file(&fx, "/proc/vz/vswap", "");
	assert_int_equal(root_init(&proc, fixture_path(&fx, "/proc"), &fx.err), 0);
	read_host(&proc);
	root_release(&proc);
	assert_true(host.vswap);
	assert_int_equal(host.kernel, KERNEL_OPENVZ);
	assert_string_equal(host.kernel_release, "2.6.32-042stab145.3");
}

/* --- OpenVZ 7 --- */

static void expect_vz7(bool is_vz7)
{
	finding_cut(&fx.findings, 0);
	read_host(NULL);
	assert_int_equal(host.is_vz7, is_vz7);
	assert_int_equal(host.knows_layout, !is_vz7);
	assert_int_equal(fixture_found(&fx, VS_OPENVZ_TOO_NEW), is_vz7);
}

static void test_vz7(void **state)
{
	(void)state;
	fixture_file(&fx, "/etc/vz/vz.conf", "VE_LAYOUT=ploop\nVE_ROOT=/r/$VEID\nVE_PRIVATE=/p/$VEID\n");
	fixture_file(&fx, "/etc/vz/conf/101.conf", "X=1\n\n");
	fixture_dir(&fx, "/p/101");
	expect_vz7(false);
	fixture_file(&fx, "/etc/vz/vz.conf", "VEFSTYPE=ext4\nVE_ROOT=/r/$VEID\nVE_PRIVATE=/p/$VEID\n");
	expect_vz7(true);
	fixture_file(&fx, "/etc/vz/vz.conf", "VE_ROOT=/r/$VEID\nVE_PRIVATE=/p/$VEID\n");
	expect_vz7(false);
	fixture_link(&fx, "4", "/p/101/.ve.layout");
	expect_vz7(true);
	unlink(fixture_path(&fx, "/p/101/.ve.layout"));
	fixture_link(&fx, "/p/102/ve.conf", "/etc/vz/conf/102.conf");
	expect_vz7(true);
	unlink(fixture_path(&fx, "/etc/vz/conf/102.conf"));
	expect_vz7(false);
	fixture_dir(&fx, "/usr/libexec/libvzctl");
	expect_vz7(true);
}

static void test_vz7_kernel(void **state)
{
	static const struct {
		const char *release;
		bool is_vz7;
	} rows[] = {
		{ "3.10.0-1160.21.1.vz7.174.13", true }, { "5.14.0-427.22.1.vz9.55.5", true },
		{ "6.12.0-1.vz10.2", true }, { "2.6.32-042stab145.3", false },
		{ "2.6.32.vz1", false }, { "2.6.32.vzX", false },
	};

	(void)state;
	fixture_dir(&fx, "/proc/bc");
	fixture_dir(&fx, "/proc/vz");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct root proc;

		fixture_file(&fx, "/proc/sys/kernel/osrelease", rows[i].release);
		assert_int_equal(root_init(&proc, fixture_path(&fx, "/proc"), &fx.err), 0);
		read_host(&proc);
		root_release(&proc);
		assert_int_equal(host.is_vz7, rows[i].is_vz7);
	}
}

/* --- what is there --- */

static void test_expand(void **state)
{
	(void)state;
	assert_string_equal(layout_expand("/vz/private/$VEID", 345, &fx.pool), "/vz/private/345");
	assert_string_equal(layout_expand("/vz/${VEID}/x", 7, &fx.pool), "/vz/7/x");
	assert_string_equal(layout_expand("/${VEID}/$VEID", 7, &fx.pool), "/${VEID}/7");
	assert_string_equal(layout_expand("/vz", 7, &fx.pool), "/vz");
	assert_string_equal(layout_expand("/$VEID", 2147483644, &fx.pool), "/2147483644");
}

static void plain_host(void)
{
	fixture_file(&fx, "/etc/vz/vz.conf",
		     "VE_ROOT=/vz/root/$VEID\nVE_PRIVATE=/vz/private/$VEID\nLOCKDIR=/vz/lock\nDUMPDIR=/vz/dump\n");
	fixture_dir(&fx, "/vz/lock");
	fixture_dir(&fx, "/etc/vz/conf");
	read_host(NULL);
}

static void test_remains(void **state)
{
	static const char *const hooks[] = { "mount", "postumount", "premount", "start", "stop", "umount" };
	struct remains left;
	char text[64];

	(void)state;
	plain_host();
	assert_int_equal(layout_remains(&left, &host, &fx.root, 345, &fx.pool, &fx.err), 0);
	assert_null(left.conf);
	assert_null(left.private);
	assert_null(left.root);
	assert_null(left.dump);
	assert_null(left.quota);
	assert_null(left.lock);
	assert_int_equal(left.nr_hooks, 0);
	fixture_dir(&fx, "/vz/root/345");
	fixture_file(&fx, "/vz/lock/345.lck", "2147483646\n\n");
	fixture_file(&fx, "/etc/vz/conf/345.mount.destroyed", "");
	assert_int_equal(layout_remains(&left, &host, &fx.root, 345, &fx.pool, &fx.err), 0);
	assert_null(left.root);
	assert_null(left.lock);
	assert_int_equal(left.nr_hooks, 0);

	fixture_file(&fx, "/vz/root/345/x", "");
	fixture_link(&fx, "nowhere", "/vz/private/345");
	fixture_file(&fx, "/etc/vz/conf/345.conf", "");
	fixture_file(&fx, "/vz/dump/Dump.345", "");
	fixture_file(&fx, "/var/vzquota/quota.345", "");
	snprintf(text, sizeof(text), "%ld\nstarting\n", (long)getppid());
	fixture_file(&fx, "/vz/lock/345.lck", text);
	for (size_t i = 0; i < 6; i++) {
		snprintf(text, sizeof(text), "/etc/vz/conf/345.%s", hooks[i]);
		fixture_file(&fx, text, "");
	}
	assert_int_equal(layout_remains(&left, &host, &fx.root, 345, &fx.pool, &fx.err), 0);
	assert_string_equal(left.conf, "/etc/vz/conf/345.conf");
	assert_string_equal(left.private, "/vz/private/345");
	assert_string_equal(left.root, "/vz/root/345");
	assert_string_equal(left.dump, "/vz/dump/Dump.345");
	assert_string_equal(left.quota, "/var/vzquota/quota.345");
	assert_string_equal(left.lock, "/vz/lock/345.lck");
	assert_int_equal(left.nr_hooks, 6);
	assert_string_equal(left.hooks[5], "/etc/vz/conf/345.umount");
	assert_int_equal(layout_remains(&left, &host, &fx.root, 34, &fx.pool, &fx.err), 0);
	assert_null(left.conf);
}

static void test_known(void **state)
{
	static const char *const strangers[] = {
		"0.conf", "0101.conf", "101.conf.old", "x101.conf", "+5.conf", "-5.conf", "1e3.conf",
		"2147483645.conf", "99999999999999999999.conf", ".conf", "101.mount",
		"ve-basic.conf-sample", " 7.conf", "8.confx",
	};
	struct known_cts known;
	char path[96];

	(void)state;
	plain_host();
	for (size_t i = 0; i < sizeof(strangers) / sizeof(*strangers); i++) {
		snprintf(path, sizeof(path), "/etc/vz/conf/%s", strangers[i]);
		fixture_file(&fx, path, "NAME=\"no\"\n\n");
	}
	fixture_file(&fx, "/etc/vz/conf/1000.conf",
		     "NAME=\"web\"\nNAME=\"other\"\nIP_ADDRESS=\"10.0.0.1 10.0.0.2\"\nIP_ADDRESS=\"::5\"\n");
	fixture_file(&fx, "/etc/vz/conf/101.conf", "");
	fixture_dir(&fx, "/etc/vz/conf/102.conf");
	fixture_link(&fx, "nowhere", "/etc/vz/conf/103.conf");
	assert_int_equal(mkfifo(fixture_path(&fx, "/etc/vz/conf/104.conf"), 0600), 0);
	fixture_file(&fx, "/etc/vz/conf/2147483644.conf", "");
	assert_int_equal(layout_known(&known, &host, &fx.root, &fx.pool, &fx.err), 0);
	assert_int_equal(known.nr, 6);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(known.v[i].ctid, 101 + i);
		assert_null(known.v[i].name);
		assert_string_equal(known.v[i].addresses, "");
	}
	assert_int_equal(known.v[4].ctid, 1000);
	assert_string_equal(known.v[4].name, "web");
	assert_string_equal(known.v[4].addresses, "10.0.0.1 10.0.0.2 ::5");
	assert_string_equal(known.v[4].conf, "/etc/vz/conf/1000.conf");
	assert_int_equal(known.v[5].ctid, 2147483644);
}

static void test_known_none(void **state)
{
	struct known_cts known;

	(void)state;
	read_host(NULL);
	assert_int_equal(layout_known(&known, &host, &fx.root, &fx.pool, &fx.err), 0);
	assert_int_equal(known.nr, 0);
}

static void test_name_owner(void **state)
{
	(void)state;
	plain_host();
	assert_int_equal(layout_name_owner(&host, &fx.root, "web"), 0);
	fixture_link(&fx, "../conf/101.conf", "/etc/vz/names/web");
	fixture_link(&fx, "/anywhere/102.conf", "/etc/vz/names/abs");
	fixture_link(&fx, "103.conf", "/etc/vz/names/bare");
	fixture_link(&fx, "/vz/private/x/ve.conf", "/etc/vz/names/seven");
	fixture_link(&fx, "../conf/0104.conf", "/etc/vz/names/zero");
	fixture_file(&fx, "/etc/vz/names/file", "");
	assert_int_equal(layout_name_owner(&host, &fx.root, "web"), 101);
	assert_int_equal(layout_name_owner(&host, &fx.root, "abs"), 102);
	assert_int_equal(layout_name_owner(&host, &fx.root, "bare"), 103);
	assert_int_equal(layout_name_owner(&host, &fx.root, "seven"), UINT32_MAX);
	assert_int_equal(layout_name_owner(&host, &fx.root, "zero"), UINT32_MAX);
	assert_int_equal(layout_name_owner(&host, &fx.root, "file"), UINT32_MAX);
	assert_int_equal(layout_name_owner(&host, &fx.root, "../names/web"), UINT32_MAX);
	assert_int_equal(layout_name_owner(&host, &fx.root, ""), UINT32_MAX);
	assert_int_equal(layout_name_owner(&host, &fx.root, "none"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rpm, make, unmake),
		cmocka_unit_test_setup_teardown(test_sysconfig, make, unmake),
		cmocka_unit_test_setup_teardown(test_no_vz_conf, make, unmake),
		cmocka_unit_test_setup_teardown(test_odd_values, make, unmake),
		cmocka_unit_test_setup_teardown(test_odd_files, make, unmake),
		cmocka_unit_test_setup_teardown(test_kernels, make, unmake),
		cmocka_unit_test_setup_teardown(test_vswap, make, unmake),
		cmocka_unit_test_setup_teardown(test_vz7, make, unmake),
		cmocka_unit_test_setup_teardown(test_vz7_kernel, make, unmake),
		cmocka_unit_test_setup_teardown(test_expand, make, unmake),
		cmocka_unit_test_setup_teardown(test_remains, make, unmake),
		cmocka_unit_test_setup_teardown(test_known, make, unmake),
		cmocka_unit_test_setup_teardown(test_known_none, make, unmake),
		cmocka_unit_test_setup_teardown(test_name_owner, make, unmake),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
