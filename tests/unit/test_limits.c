/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits from VServer's units to OpenVZ's: memory, numbers, disk, processor. Values
 * are written out on both sides; 4096 bytes are a page. What is not configured stays
 * as the sample has it, so that each test sees its own limits only.
 */
#include "translate_fixture.h"

static int make_with_sample(void **state)
{
	make(state);
	in.limits = LIMITS_SAMPLE;
	return 0;
}
#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_with_sample, unmake)

static void test_nothing_configured(void **state)
{
	(void)state;
	translate();
	assert_int_equal(ct.nr, 3);
	assert_int_equal(fixture_found(&fx, VS_SAMPLE_LIMITS), 2);	/* memory, processes */
	assert_non_null(strstr(host_finding(&fx, VS_SAMPLE_LIMITS)->seen, "272 MiB"));
	assert_int_equal(fixture_found(&fx, VS_LIMITS_RAISED), 0);
}

static void test_counts(void **state)
{
	(void)state;
	file("rlimits/nproc", "300\n");
	file("rlimits/locks.hard", "50\n");
	file("rlimits/memlock", "1K\n");
	file("rlimits/shmem", "100\n");
	file("rlimits/nofile.hard", "8K\n");
	file("rlimits/nsock", "500\n");
	file("rlimits/openfd.min", "1\n");
	translate();
	expect_set("NUMPROC", "300:300");
	expect_set("AVNUMPROC", NULL);		/* 180 is above 300 / 2 */
	expect_set("NUMFLOCK", "50:50");	/* lower than the sample, but exact */
	expect_set("LOCKEDPAGES", "1024:1024");	/* K multiplies pages */
	expect_set("SHMPAGES", "100:100");
	expect_set("NUMFILE", NULL);		/* 8192 is below the sample's 9312 */
	expect_set("NUMTCPSOCK", "500:500");
	expect_set("NUMOTHERSOCK", "500:500");
	expect_set("TCPSNDBUF", "1720320:3000320");	/* 2560 x 500 more than the barrier */
	expect("rlimits/nproc", VERDICT_SAME);
	expect("rlimits/shmem", VERDICT_SAME);
	expect("rlimits/nofile.hard", VERDICT_NEAR);
	expect("rlimits/openfd.min", VERDICT_NOT_NEEDED);
	assert_string_equal(fate("rlimits/nproc")->result, "NUMPROC=300:300");
	assert_string_equal(fate("rlimits/nofile.hard")->result, "NUMFILE=9312:9312 (sample)");
	assert_int_equal(fixture_found(&fx, VS_LIMITS_RAISED), 1);
	expect_consistent();
}

static void test_many_processes(void **state)
{
	(void)state;
	file("rlimits/nproc.hard", "2000\n");
	translate();
	expect_set("NUMPROC", "2000:2000");
	expect_set("AVNUMPROC", "1000:1000");
	expect_set("NUMFILE", "32000:32000");
	expect_set("DCACHESIZE", "3409920:12288000");
	expect_set("KMEMSIZE", "53248000:58572800");
	expect_consistent();
}

static void test_few_processes(void **state)
{
	(void)state;
	file("rlimits/nproc", "20\n");
	translate();
	expect_set("NUMPROC", "20:20");
	expect_set("AVNUMPROC", "20:20");
	expect_consistent();
}

static void test_unlimited(void **state)
{
	(void)state;
	file("rlimits/nproc", "inf\n");
	file("rlimits/nsock", "inf\n");
	file("rlimits/rss", "-1\n");
	file("rlimits/shmem", "infinite\n");
	translate();
	expect_set("NUMPROC", "unlimited:unlimited");
	expect_set("PRIVVMPAGES", "unlimited:unlimited");
	expect_set("SHMPAGES", "unlimited:unlimited");
	assert_int_equal(fixture_found(&fx, VS_SAMPLE_LIMITS), 0);
	expect_consistent();
}

/* 512 MiB of RAM, 768 MiB with swap. */
static void test_memory_vswap(void **state)
{
	(void)state;
	use_sample(vswap_sample);
	file("cflags", "virt_mem\n");
	file("rlimits/rss.hard", "196608\n");
	file("rlimits/rss.soft", "131072\n");
	translate();
	expect_set("PHYSPAGES", "0:131072");
	expect_set("SWAPPAGES", "0:65536");
	expect_set("PRIVVMPAGES", NULL);
	expect("rlimits/rss.hard", VERDICT_SAME);
	assert_string_equal(fate("rlimits/rss.hard")->result,
			    "PHYSPAGES=0:131072 SWAPPAGES=0:65536");
	expect_consistent();
}

/* Without virt_mem the hard limit is what may be resident. */
static void test_memory_vswap_plain(void **state)
{
	(void)state;
	use_sample(vswap_sample);
	file("rlimits/rss.hard", "100\n");
	file("rlimits/rss.soft", "50\n");
	translate();
	expect_set("PHYSPAGES", "0:100");
	expect_set("SWAPPAGES", NULL);
	expect_consistent();
}

static void test_memory_counters(void **state)
{
	(void)state;
	file("rlimits/rss.hard", "196608\n");
	file("rlimits/as", "10\n");
	translate();
	expect_set("PRIVVMPAGES", "196608:208896");
	expect_set("VMGUARPAGES", "196608:unlimited");
	expect_set("OOMGUARPAGES", "196608:unlimited");
	expect_set("PHYSPAGES", NULL);
	expect("rlimits/rss.hard", VERDICT_NEAR);
	expect("rlimits/as", VERDICT_NEAR);
	expect_consistent();
}

static void test_memory_small(void **state)
{
	(void)state;
	file("rlimits/rss", "1000\n");
	translate();
	expect_set("PRIVVMPAGES", NULL);	/* near: never below the sample */
	expect_set("VMGUARPAGES", NULL);
	assert_string_equal(fate("rlimits/rss")->result,
			    "PRIVVMPAGES=65536:69632 (sample) VMGUARPAGES=33792:unlimited (sample) "
			    "OOMGUARPAGES=26112:unlimited (sample)");
}

static void test_memory_group(void **state)
{
	(void)state;
	use_sample(vswap_sample);
	dir("cgroup");
	file("cgroup/memory.limit_in_bytes", "512M\n");
	file("cgroup/memory.memsw.limit_in_bytes", "805306369");
	file("cgroup/memory.soft_limit_in_bytes", "1M\n");
	file("rlimits/rss", "5\n");
	file("rlimits/as", "5\n");
	translate();
	expect_set("PHYSPAGES", "0:131072");
	expect_set("SWAPPAGES", "0:65537");	/* a byte more is a page more */
	expect("rlimits/rss", VERDICT_NOT_NEEDED);
	expect("rlimits/as", VERDICT_NOT_NEEDED);
	expect("cgroup/memory.soft_limit_in_bytes", VERDICT_NEAR);
	expect_consistent();
}

static void test_memory_inherited(void **state)
{
	(void)state;
	use_sample(vswap_sample);
	file(".defaults/cgroup/memory.limit_in_bytes", "1G\n");
	translate();
	expect_set("PHYSPAGES", "0:262144");
	expect(".defaults/cgroup/memory.limit_in_bytes", VERDICT_SAME);
	file("nocgroup", "");
	translate();
	expect_set("PHYSPAGES", NULL);
	expect(".defaults/cgroup/memory.limit_in_bytes", VERDICT_NOT_NEEDED);
}

static void test_memory_boundless(void **state)
{
	static const char *const values[] = {
		"-1", "9223372036854775807", "8796093018112", "18446744073709551615",
	};

	(void)state;
	use_sample(vswap_sample);
	dir("cgroup");
	file("cgroup/memory.limit_in_bytes", "");
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		retext("cgroup/memory.limit_in_bytes", values[i]);
		translate();
		expect_consistent();
	}
	host.kernel = KERNEL_OPENVZ;
	translate();
	assert_int_equal(fixture_found(&fx, VS_VSWAP_KERNEL), 1);
}

static void test_bad_numbers(void **state)
{
	static const struct {
		const char *text, *numproc;
	} rows[] = {
		{ "300", "300:300" }, { "0x10\n", "16:16" }, { "010\n", "8:8" }, { " 7\n", "7:7" },
		{ "2K\nrest", "2048:2048" }, { "2k\n", "2000:2000" }, { "2m\n", "2000000:2000000" },
		{ "300 \n", "300:300" }, { "300\r\n", "300:300" }, { "1G\n", "1073741824:1073741824" },
		{ "INF\n", "unlimited:unlimited" }, { "5#\n", NULL }, { "\n", NULL }, { "many\n", NULL },
	};

	(void)state;
	file("rlimits/nproc", "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		retext("rlimits/nproc", rows[i].text);
		translate();
		expect_set("NUMPROC", rows[i].numproc);
		assert_int_equal(fixture_found(&fx, VS_LIMIT_UNREADABLE), i > 6);
		expect("rlimits/nproc", rows[i].numproc ? VERDICT_SAME : VERDICT_NOT_NEEDED);
	}
}

static void test_incomplete_sample(void **state)
{
	(void)state;
	use_sample("NUMPROC=\"240\"\n");
	translate();
	assert_int_equal(fixture_found(&fx, VS_SAMPLE_INCOMPLETE), 1);
	expect_set("NUMPROC", NULL);
	expect_set("PRIVVMPAGES", "65536:69632");
	expect_consistent();
	fixture_file(&fx, "/etc/vz/vz.conf", "PRIVVMPAGES=\"80000:90000\"\n");
	host.vz_conf = "/etc/vz/vz.conf";
	in.root = &fx.root;
	translate();
	expect_set("PRIVVMPAGES", NULL);	/* vz.conf has it */
}

static void test_process_limits(void **state)
{
	const struct finding *f;

	(void)state;
	file("rlimits/core", "0\n");
	file("rlimits/cpu.hard", "61\n");
	file("ulimits/nofile", "20000\n");
	file("ulimits/stack.soft", "8193\n");
	translate();
	f = host_finding(&fx, VS_PROCESS_LIMITS);
	assert_string_equal(f->object, "rlimits");
	assert_non_null(strstr(f->seen, "'* - core 0'"));
	assert_non_null(strstr(f->seen, "'* hard cpu 2'"));	/* minutes */
	assert_int_equal(fixture_found(&fx, VS_PROCESS_LIMITS), 2);
	expect_set("NUMFILE", "20000:20000");
	expect("ulimits/stack.soft", VERDICT_MANUAL);
	assert_non_null(strstr(fate("ulimits/stack.soft")->reason, "'* soft stack 9'")); /* KiB */
	expect_consistent();
}

static void test_ulimit(void **state)
{
	static const struct {
		const char *text, *flags, *numproc;
		enum verdict verdict;
		const char *line;
	} rows[] = {
		{ "-HS -u 1000", "lock nproc", "1000:1000", VERDICT_SAME, NULL },
		{ "-Hu 400", "nproc", "400:400", VERDICT_SAME, NULL },
		{ "-HS -u 400 -n 2048", "lock nproc", "400:400", VERDICT_MANUAL, "'* - nofile 2048'" },
		{ "-H -u 400", "lock", "400:400", VERDICT_MANUAL, "'* hard nproc 400'" },
		{ "-S -v 4096", "lock", NULL, VERDICT_MANUAL, "'* soft as 4096'" },
		{ "-t 61", "", NULL, VERDICT_MANUAL, "'* - cpu 2'" },
		{ "-l unlimited", "", NULL, VERDICT_MANUAL, "'* - memlock unlimited'" },
		{ "-u many", "nproc", NULL, VERDICT_MANUAL, "'many' cannot be read" },
		{ "-Q 5", "nproc", NULL, VERDICT_MANUAL, "cannot be read" },
		{ "", "nproc", NULL, VERDICT_NOT_NEEDED, NULL },
	};

	(void)state;
	g.style = STYLE_LEGACY;
	file("S_FLAGS", "");
	file("ULIMIT", "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		retext("S_FLAGS", rows[i].flags);
		retext("ULIMIT", rows[i].text);
		translate();
		expect_set("NUMPROC", rows[i].numproc);
		expect("ULIMIT", rows[i].verdict);
		if (rows[i].line && !strstr(fate("ULIMIT")->reason, rows[i].line))
			fail_msg("'%s': %s", rows[i].text, fate("ULIMIT")->reason);
		expect_consistent();
	}
}

static void test_disk(void **state)
{
	(void)state;
	file("dlimits/0/directory", "/vservers\n");
	file("dlimits/0/inodes_total", "1000000\n");
	file("dlimits/0/reserved", "5\n");
	file("dlimits/0/space_total", "20971520\n");
	g.surveyed = true;
	g.survey.bytes_used = 1ULL << 30;
	g.survey.inodes = 10;
	translate();
	expect_set("DISKSPACE", "19922944:20971520");
	expect_set("DISKINODES", "950000:1000000");
	expect("dlimits/0/space_total", VERDICT_SAME);
	g.survey.bytes_used = 20ULL << 30;	/* full: 1.1 and 1.2 times */
	translate();
	expect_set("DISKSPACE", "23068672:25165824");
	file("dlimits/0/disabled", "");
	g.survey.bytes_used = 0;
	translate();
	expect_set("DISKSPACE", NULL);
	expect("dlimits/0/space_total", VERDICT_NOT_NEEDED);
}

static void test_disk_odd(void **state)
{
	(void)state;
	file("dlimits/0/directory", "/home\n");
	file("dlimits/0/inodes_total", "1\n");
	file("dlimits/0/reserved", "5\n");
	file("dlimits/0/space_total", "1\n");
	file("dlimits/1/directory", "/vservers\n");
	file("dlimits/2/directory", "/vservers/web1\n");
	file("dlimits/2/inodes_total", "-1\n");
	file("dlimits/2/reserved", "0\n");
	file("dlimits/2/space_total", "3000000");
	translate();
	expect_set("DISKSPACE", "3000000:3000000");
	expect_set("DISKINODES", NULL);
	expect("dlimits/0/directory", VERDICT_MANUAL);
	expect("dlimits/1/directory", VERDICT_MANUAL);
	assert_int_equal(fixture_found(&fx, VS_READ_DIFFERS), 1);
	assert_int_equal(fixture_found(&fx, VS_DISK_LIMIT), 1);
}

static void test_bucket(void **state)
{
	(void)state;
	file("sched/fill-rate", "30\n");
	file("sched/interval", "100\n");
	file("sched/tokens", "100\n");
	translate();
	expect_set("CPULIMIT", NULL);
	expect_set("CPUUNITS", "1200");		/* 1000 x 4 x 0.3 */
	file("cflags", "sched_hard\n");
	translate();
	expect_set("CPULIMIT", "30%");
	expect_set("CPUUNITS", NULL);
	expect("sched/tokens", VERDICT_NEAR);
	file("sched/idle-time", "");
	translate();
	expect_set("CPULIMIT", NULL);
	dir("cgroup");
	file("cgroup/cpu.shares", "512\n");
	translate();
	expect_set("CPUUNITS", "500");
	expect("sched/fill-rate", VERDICT_NOT_NEEDED);
	file("sched/0/fill-rate", "1\n");
	translate();
	expect("sched/0/fill-rate", VERDICT_MANUAL);
}

static void test_schedule(void **state)
{
	(void)state;
	file("cflags", "sched_hard\n");
	file("schedule", "1\n3\n5\n5\n5\n0\n");
	translate();
	expect_set("CPULIMIT", "34%");		/* rounded up */
	retext("schedule", "1\n3\n5\n5\n5\n0");
	translate();
	expect_set("CPULIMIT", NULL);
	assert_int_equal(fixture_found(&fx, VS_LIMIT_UNREADABLE), 1);
}

static void test_quota(void **state)
{
	(void)state;
	dir("cgroup");
	file("cgroup/cpu.cfs_quota_us", "150000\n");
	translate();
	expect_set("CPULIMIT", "150");
	expect("cgroup/cpu.cfs_quota_us", VERDICT_SAME);
	file("cgroup/cpu.cfs_period_us", "70000\n");
	translate();
	expect_set("CPULIMIT", "215");
	expect("cgroup/cpu.cfs_quota_us", VERDICT_NEAR);
	retext("cgroup/cpu.cfs_quota_us", "-1\n");
	translate();
	expect_set("CPULIMIT", NULL);
}

static void test_nice(void **state)
{
	static const struct {
		const char *text, *units;
	} rows[] = {
		{ "0\n", "1000" }, { "1\n", "800" }, { "5\n", "328" }, { "-5\n", "3052" },
		{ "19\n", "14" }, { "99\n", "14" }, { "-20\n", "86736" }, { "x\n", NULL }, { "\n", NULL },
	};

	(void)state;
	file("nice", "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		retext("nice", rows[i].text);
		translate();
		expect_set("CPUUNITS", rows[i].units);
	}
}

static void test_ionice(void **state)
{
	(void)state;
	file("ionice/priority", "2\n");
	translate();
	expect_set("IOPRIO", "5");
	file("ionice/class", "3\n");
	translate();
	expect_set("IOPRIO", "0");
	dir("cgroup");
	file("cgroup/blkio.weight", "1000\n");
	translate();
	expect_set("IOPRIO", "7");
	expect("ionice/class", VERDICT_NEAR);
}

static void test_cpuset(void **state)
{
	(void)state;
	file("cpuset/cpus", "0-1,3\n");
	file("cpuset/mems", "0\n");
	file("cpuset/virtualized", "1\n");
	translate();
	expect_set("CPUMASK", NULL);
	expect("cpuset/cpus", VERDICT_NOT_NEEDED);
	file("cpuset/name", "web1\n");
	translate();
	expect_set("CPUMASK", "0-1,3");
	expect_set("CPUS", "3");
	expect("cpuset/cpus", VERDICT_SAME);
	expect("cpuset/mems", VERDICT_MANUAL);
	assert_int_equal(fixture_found(&fx, VS_CPU_BINDING), 1);
	assert_non_null(strstr(host_finding(&fx, VS_CPU_BINDING)->seen, "--nodemask 0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_configured), TEST(test_counts), TEST(test_many_processes),
		TEST(test_few_processes), TEST(test_unlimited), TEST(test_memory_vswap),
		TEST(test_memory_vswap_plain), TEST(test_memory_counters), TEST(test_memory_small),
		TEST(test_memory_group), TEST(test_memory_inherited), TEST(test_memory_boundless),
		TEST(test_bad_numbers), TEST(test_incomplete_sample), TEST(test_process_limits),
		TEST(test_ulimit), TEST(test_disk), TEST(test_disk_odd), TEST(test_bucket),
		TEST(test_schedule), TEST(test_quota), TEST(test_nice), TEST(test_ionice),
		TEST(test_cpuset),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
