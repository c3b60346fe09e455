/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flags and capabilities: the grammar of the lists, and what a container may do more
 * or less than the guest.
 */
#include "openvz/caps.h"
#include "translate_fixture.h"
#include "vserver/flags.h"

#define BIT(n) (1ULL << (n))

static void test_grammar(void **state)
{
	static const struct {
		enum flag_kind kind;
		const char *line;
		uint64_t set, cleared;
		bool unknown;
	} rows[] = {
		{ FLAG_SYSTEM, "NET_RAW", BIT(13), 0, false },
		{ FLAG_SYSTEM, "cap_net_raw,CAP_SYS_TIME", BIT(13) | BIT(25), 0, false },
		{ FLAG_SYSTEM, "~CHOWN", 0, BIT(0), false }, { FLAG_SYSTEM, "!~CHOWN", BIT(0), 0, false },
		{ FLAG_SYSTEM, "^34", BIT(34), 0, false }, { FLAG_SYSTEM, "0x3", 3, 0, false },
		{ FLAG_SYSTEM, "010", 8, 0, false }, { FLAG_SYSTEM, "^64", 0, 0, true },
		{ FLAG_SYSTEM, "none", 0, 0, false }, { FLAG_SYSTEM, "all", BIT(34) - 1, 0, false },
		{ FLAG_SYSTEM, "any,~NET_ADMIN", (BIT(34) - 1) & ~BIT(12), BIT(12), false },
		{ FLAG_SYSTEM, "NET_RAW,WINGS", BIT(13), 0, true },
		{ FLAG_SYSTEM, " NET_RAW", 0, 0, true }, { FLAG_SYSTEM, "^", 0, 0, true },
		{ FLAG_CONTEXT, "vxf_info_lock,default", BIT(0) | BIT(17) | BIT(36), 0, false },
		{ FLAG_CONTEXT, "fork_rss,,virt_mem", BIT(48) | BIT(16), 0, false },
		{ FLAG_CONTEXT, "~single_ip", 0, 0, true },
		{ FLAG_CAPABILITY, "secure_mount,~raw_icmp", BIT(16), BIT(8), false },
		{ FLAG_NETWORK, "~single_ip", 0, BIT(8), false },
		{ FLAG_NET_CAPABILITY, "nxc_tun_create", BIT(0), 0, false },
		{ FLAG_LEGACY, "lock nproc fakeinit", BIT(0) | BIT(2) | BIT(4), 0, false },
		{ FLAG_LEGACY_SYSTEM, "CAP_NET_RAW !CAP_SYS_CHROOT", BIT(13), BIT(18), false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct flags f = { 0 };

		flags_add(&f, rows[i].kind, rows[i].line, &fx.pool);
		if (f.set != rows[i].set || f.cleared != rows[i].cleared ||
		    (f.unknown != NULL) != rows[i].unknown)
			fail_msg("'%s': set %llx, cleared %llx, unknown '%s'", rows[i].line,
				 (unsigned long long)f.set, (unsigned long long)f.cleared,
				 f.unknown ? f.unknown : "");
	}
	assert_string_equal(flag_name(FLAG_SYSTEM, 25), "SYS_TIME");
	assert_null(flag_name(FLAG_SYSTEM, 40));
}

static void test_caps_table(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CAPS_NR; i++) {
		const char *name = caps_name(i), *linux_name = flag_name(FLAG_SYSTEM, i);

		assert_non_null(name);
		if (i != CAPS_VE_ADMIN)
			assert_string_equal(name, linux_name);
	}
	assert_null(caps_name(CAPS_NR));
	assert_false(caps_default(25));
	assert_true(caps_default(CAPS_VE_ADMIN));
}

static void test_plain_guest(void **state)
{
	(void)state;
	translate();
	expect_set("CAPABILITY", NULL);
	expect_set("FEATURES", NULL);
	assert_string_equal(host_finding(&fx, VS_RIGHTS_GAINED)->seen,
			    "SETPCAP LINUX_IMMUTABLE NET_BROADCAST IPC_LOCK IPC_OWNER SYS_NICE "
			    "SYS_RESOURCE MKNOD VE_ADMIN");
	assert_int_equal(host_finding(&fx, VS_RIGHTS_GAINED)->kind->level, LEVEL_INFO);
}

static void test_least(void **state)
{
	(void)state;
	in.rights = RIGHTS_LEAST;
	file("bcapabilities", "SYS_NICE\nSYS_TIME\n");
	file("ccapabilities", "~raw_icmp\n");
	translate();
	expect_set("CAPABILITY", "SYS_TIME:on SETPCAP:off LINUX_IMMUTABLE:off NET_BROADCAST:off "
				 "NET_RAW:off IPC_LOCK:off IPC_OWNER:off SYS_RESOURCE:off MKNOD:off");
}

/* What each capability of the guest becomes. */
static void test_carried(void **state)
{
	static const struct {
		const char *list, *capability;
		enum verdict verdict;
	} rows[] = {
		{ "NET_RAW\n", NULL, VERDICT_NOT_NEEDED }, { "SYS_TIME\n", "SYS_TIME:on", VERDICT_SAME },
		{ "CAP_SYS_PACCT\n", "SYS_PACCT:on", VERDICT_SAME },
		{ "NET_ADMIN\n", NULL, VERDICT_NEAR }, { "SYS_ADMIN\n", NULL, VERDICT_NEAR },
		{ "SYS_MODULE\n", NULL, VERDICT_MANUAL }, { "SYS_RAWIO\n", NULL, VERDICT_MANUAL },
		{ "AUDIT_CONTROL\n", NULL, VERDICT_MANUAL }, { "MAC_ADMIN\n", NULL, VERDICT_MANUAL },
		{ "^40\n", NULL, VERDICT_MANUAL },
		{ "NET_ADMIN\nSYS_TIME\n", "SYS_TIME:on", VERDICT_NEAR },
		{ "# SYS_TIME\n", NULL, VERDICT_NOT_NEEDED },
		{ "SYS_TIME", NULL, VERDICT_NOT_NEEDED },	/* no newline: never read */
	};

	(void)state;
	file("bcapabilities", "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		retext("bcapabilities", rows[i].list);
		translate();
		expect_set("CAPABILITY", rows[i].capability);
		expect("bcapabilities", rows[i].verdict);
		assert_int_equal(fixture_found(&fx, VS_RIGHTS_LOST),
				 rows[i].verdict == VERDICT_MANUAL);
	}
	assert_int_equal(fixture_found(&fx, VS_READ_DIFFERS), 1);
}

static void test_features(void **state)
{
	(void)state;
	use_sample("FEATURES=\"sit:on\"\nPHYSPAGES=\"0:5\"\nSWAPPAGES=\"0:5\"\n");
	file("ccapabilities", "secure_mount,binary_mount\nquota_ctl\n");
	translate();
	expect_set("FEATURES", "sit:on nfs:on");
	expect_set("QUOTAUGIDLIMIT", "5000");
	expect("ccapabilities", VERDICT_NEAR);
	retext("ccapabilities", "admin_cloop\nkthread\n");
	translate();
	expect_set("FEATURES", "sit:on nfsd:on");
	expect("ccapabilities", VERDICT_MANUAL);
	assert_int_equal(fixture_found(&fx, VS_RIGHTS_LOST), 1);
}

static void test_context_flags(void **state)
{
	(void)state;
	file("cflags", "lock\nvirt_load\nhide_netif\nfakeinit\n");
	file("nflags", "~single_ip\nlback_remap\n");
	file("ncapabilities", "raw_icmp\n");
	translate();
	expect("cflags", VERDICT_NOT_NEEDED);
	expect("nflags", VERDICT_NOT_NEEDED);
	expect("ncapabilities", VERDICT_NOT_NEEDED);
	retext("cflags", "virt_mem\nfork_rss\n");
	retext("ncapabilities", "tun_create\n");
	translate();
	expect("cflags", VERDICT_NEAR);
	expect_set("DEVNODES", "net/tun:rw");
	retext("cflags", "private\nwings\n");
	translate();
	expect("cflags", VERDICT_MANUAL);
	assert_int_equal(fixture_found(&fx, VS_FLAG_UNKNOWN), 1);
	file("flags", "private\n");
	retext("cflags", "lock\n");
	translate();
	expect("flags", VERDICT_NOT_NEEDED);
}

static void test_legacy(void **state)
{
	(void)state;
	g.style = STYLE_LEGACY;
	file("S_CAPS", "CAP_NET_RAW CAP_SYS_RESOURCE CAP_SYS_TIME");
	file("S_FLAGS", "lock nproc private");
	translate();
	expect_set("CAPABILITY", "SYS_TIME:on");
	expect("S_CAPS", VERDICT_SAME);
	expect("S_FLAGS", VERDICT_MANUAL);
	retext("S_CAPS", "");
	retext("S_FLAGS", "");
	translate();
	expect("S_CAPS", VERDICT_NOT_NEEDED);
}

static void test_devices(void **state)
{
	(void)state;
	dir("cgroup");
	file("apps/vdevmap/0/create", "");
	file("apps/vdevmap/0/device", "/dev/net/tun\n");
	file("apps/vdevmap/1/device", "/dev/null\n");
	file("apps/vdevmap/2/device", "/dev/sda\n");
	file("cgroup/devices.allow", "c 1:3 rwm\nc 10:229 rwm\nb 8:* r\n");
	file("cgroup/devices.deny", "a\n");
	translate();
	expect_set("DEVNODES", "net/tun:rw");
	expect_set("DEVICES", "c:10:229:rw b:8:all:r");
	expect("apps/vdevmap/0/create", VERDICT_NEAR);
	expect("apps/vdevmap/1/device", VERDICT_NOT_NEEDED);
	expect("apps/vdevmap/2/device", VERDICT_MANUAL);
	expect("cgroup/devices.allow", VERDICT_SAME);
	expect("cgroup/devices.deny", VERDICT_NOT_NEEDED);
	retext("cgroup/devices.allow", "a *:* rwm\n");
	translate();
	expect("cgroup/devices.allow", VERDICT_MANUAL);
}

static void test_kernel(void **state)
{
	(void)state;
	file("personality", "linux_32bit\n");
	file("uts/machine", "i686\n");
	file("uts/release", "2.4.20\n");
	translate();
	expect("personality", VERDICT_MANUAL);
	assert_int_equal(fixture_found(&fx, VS_UTS_FAKE), 3);
	g.system.arch = "i386";
	translate();
	expect("personality", VERDICT_NOT_NEEDED);
	expect("uts/machine", VERDICT_NOT_NEEDED);
	expect("uts/release", VERDICT_MANUAL);
	assert_non_null(strstr(host_finding(&fx, VS_UTS_FAKE)->seen, "2.4.20"));
	retext("personality", "linux_32bit\nADDR_LIMIT_3GB\n");
	translate();
	expect("personality", VERDICT_MANUAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_grammar), TEST(test_caps_table), TEST(test_plain_guest),
		TEST(test_least), TEST(test_carried), TEST(test_features),
		TEST(test_context_flags), TEST(test_legacy), TEST(test_devices), TEST(test_kernel),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
