/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a container gets besides its items: disk limits, OSTEMPLATE, a name; and what
 * stands in its way: remains, addresses, the state of the tree.
 */
#include "decide/decide.h"
#include "decide_run.h"

/* The sample's 1.2 GiB are 1258291 KiB: room for 1143901 KiB of use with a tenth to spare. */
static void test_disk_limits(void **state)
{
	(void)state;
	add("a")->survey.bytes_used = 1143900ULL << 10;
	add("b")->survey.bytes_used = 1143902ULL << 10;
	guest[1].survey.inodes = 200001;
	run();
	assert_null(ct_get(&out.v[0].ct, "DISKSPACE"));
	assert_null(ct_get(&out.v[0].ct, "DISKINODES"));
	assert_string_equal(ct_get(&out.v[1].ct, "DISKSPACE"), "1258293:1372683");
	assert_string_equal(ct_get(&out.v[1].ct, "DISKINODES"), "220002:240002");
	fixture_file(&fx, "/etc/vz/conf/ve-vps.basic.conf-sample", "DISKSPACE=\"5\"\nDISKINODES=\"x\"\n");
	run();
	assert_string_equal(ct_get(&out.v[0].ct, "DISKSPACE"), "1258290:1372680");
	assert_string_equal(ct_get(&out.v[0].ct, "DISKINODES"), "5500:6000");
}

static void test_ostemplate(void **state)
{
	static const struct {
		const char *distro, *version, *arch, *result;
	} rows[] = {
		{ "debian", "5.0", "x86_64", "debian-5.0-x86_64" },
		{ "centos", "5", "i386", "centos-5-x86" }, { "gentoo", "1.12", "x86_64", "gentoo-x86_64" },
		{ "debian", "", "", "debian" }, { "debian", "5\";reboot", "i386", "debian-x86" },
		{ "", "", "x86_64", NULL }, { "beos", "5", "i386", NULL },
	};

	(void)state;
	add("v345");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fx.findings.nr = 0;
		guest[0].system.distro = rows[i].distro;
		guest[0].system.version = rows[i].version;
		guest[0].system.arch = rows[i].arch;
		run();
		if (rows[i].result)
			assert_string_equal(ct_get(&out.v[0].ct, "OSTEMPLATE"), rows[i].result);
		else
			assert_null(ct_get(&out.v[0].ct, "OSTEMPLATE"));
		assert_int_equal(fixture_found(&fx, VS_OSTEMPLATE_DEFAULT), rows[i].result ? 0 : 1);
	}
}

/* An old vzctl knows fewer distributions: the nearest one it has scripts for. */
static void test_ostemplate_old_vzctl(void **state)
{
	(void)state;
	fixture_file(&fx, "/etc/vz/dists/redhat.conf", "");
	fixture_file(&fx, "/etc/vz/dists/debian-3.1.conf", "");
	add("v345")->system = (struct system){ .distro = "scientific", .version = "5", .arch = "i386",
					       .init = "sysvinit" };
	add("w346")->system.version = "3.1";
	add("x347");
	run();
	assert_string_equal(ct_get(&out.v[0].ct, "OSTEMPLATE"), "redhat-5-x86");
	assert_string_equal(ct_get(&out.v[1].ct, "OSTEMPLATE"), "debian-3.1-x86_64");
	assert_null(ct_get(&out.v[2].ct, "OSTEMPLATE"));
}

static void test_names(void **state)
{
	(void)state;
	add("345");
	add("a,b");
	add("web1");
	fixture_dir(&fx, "/etc/vz/names");
	fixture_link(&fx, "/etc/vz/conf/700.conf", "/etc/vz/names/web1");
	run();
	assert_int_equal(fixture_found(&fx, VS_NAME_UNUSABLE), 2);
	assert_int_equal(fixture_found(&fx, VS_NAME_TAKEN), 1);
	assert_non_null(strstr(host_finding(&fx, VS_NAME_TAKEN)->seen, "700"));
	for (size_t i = 0; i < 3; i++) {
		assert_null(ct_get(&out.v[i].ct, "NAME"));
		assert_string_equal(kinds_of(&out.v[i].plan), "times rename mkdir write write write");
		check_plan(&out.v[i].plan);
	}
}

static void test_remains(void **state)
{
	(void)state;
	add("v345");
	host.dump_dir = "/vz/dump";
	fixture_file(&fx, "/etc/vz/conf/345.mount", "");
	fixture_file(&fx, "/etc/vz/conf/345.start", "");
	fixture_file(&fx, "/vz/dump/Dump.345", "");
	fixture_file(&fx, "/var/vzquota/quota.345", "");
	host.lock_dir = "/vz/lock";
	fixture_file(&fx, "/vz/lock/345.lck", pool_printf(&fx.pool, "%d\n\n", (int)getppid()));
	run();
	assert_int_equal(fixture_found(&fx, VS_STALE_HOOKS), 2);
	assert_int_equal(fixture_found(&fx, VS_STALE_DUMP), 1);
	assert_int_equal(fixture_found(&fx, VS_STALE_QUOTA), 1);
	assert_int_equal(fixture_found(&fx, VS_CT_LOCKED), 1);
	assert_int_equal(others_than_tree_mode(), 5);
}

static void test_addresses(void **state)
{
	(void)state;
	add("a");
	add("b");
	add("c");
	guest[0].address[0].text = guest[1].address[0].text = "192.0.2.9";
	guest[2].address[0].text = "2001:db8::1";
	fixture_file(&fx, "/etc/vz/conf/700.conf", "IP_ADDRESS=\"10.0.0.1 2001:DB8:0::1/64\"\n");
	run();
	assert_int_equal(fixture_found(&fx, VS_ADDRESS_TWICE), 2);
	assert_non_null(strstr(host_finding(&fx, VS_ADDRESS_TWICE)->seen, "guest 'b'"));
	assert_int_equal(fixture_found(&fx, VS_ADDRESS_IN_CT), 1);
	assert_string_equal(host_finding(&fx, VS_ADDRESS_IN_CT)->guest, "c");
	assert_int_equal(others_than_tree_mode(), 3);
}

static void test_tree_findings(void **state)
{
	static char odd[] = "etc/od\nd";

	(void)state;
	add("a")->survey = (struct survey){
		.immutable = 3, .outside_inodes = 2, .immutable_files = 3, .foreign_dirs = 1,
		.example_immutable = odd, .example_outside = odd, .example_foreign = odd,
	};
	add("b")->survey.nr_halves = 1;
	guest[1].survey.half = &(struct owner_half){ .uid = 2, .inodes = 1 };
	guest[0].tree_mode = S_IFDIR | 0700;
	guest[1].system = (struct system){ .distro = "", .init = "none" };
	run();
	assert_int_equal(fixture_found(&fx, VS_IMMUTABLE_UNKNOWN), 1);
	assert_int_equal(fixture_found(&fx, VS_SHARED_FILES), 1);
	assert_int_equal(fixture_found(&fx, VS_FOREIGN_MOUNT), 1);
	assert_int_equal(fixture_found(&fx, VS_TREE_MODE), 1);
	assert_int_equal(fixture_found(&fx, VS_HIGH_IDS), 1);
	assert_string_equal(host_finding(&fx, VS_HIGH_IDS)->guest, "b");
	assert_int_equal(fixture_found(&fx, VS_NO_INIT), 1);
	assert_int_equal(fixture_found(&fx, VS_NO_SHELL), 1);
	assert_int_equal(fixture_found(&fx, VS_NO_DEV_NULL), 1);
	assert_int_equal(fixture_found(&fx, VS_DISTRO_UNKNOWN), 1);
	for (size_t i = 0; i < fx.findings.nr; i++)
		assert_null(strchr(fx.findings.v[i].seen, '\n'));
}

/* Only /sbin/init tells vzctl that a guest is a 32-bit one. */
static void test_word_size(void **state)
{
	static const struct {
		const char *arch, *init_arch, *init;
		size_t found;
	} rows[] = {
		{ "i386", "", "sysvinit", 1 }, { "i386", "", "other", 1 }, { "sparc", "", "other", 1 },
		{ "i386", "i386", "sysvinit", 0 }, { "x86_64", "", "other", 0 }, { "", "", "other", 0 },
		{ "i386", "", "none", 0 }, { "i386", NULL, "other", 0 },
	};

	(void)state;
	add("a");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		guest[0].system = (struct system){
			.arch = rows[i].arch, .init_arch = rows[i].init_arch, .init = rows[i].init,
		};
		fx.findings.nr = 0;
		run();
		if (fixture_found(&fx, VS_INIT_NOT_ELF) != rows[i].found)
			fail_msg("row %zu", i);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_disk_limits),
		TEST(test_ostemplate),
		TEST(test_ostemplate_old_vzctl),
		TEST(test_names),
		TEST(test_remains),
		TEST(test_addresses),
		TEST(test_tree_findings),
		TEST(test_word_size),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
