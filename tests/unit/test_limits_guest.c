/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits that a guest did not have: the container has none either, what is configured
 * stays, and the whole fits together. The expected values are those of the sample
 * without limits that vzctl 3.0.24 brought along.
 */
#include "translate_fixture.h"

#define UNLIMITED "unlimited:unlimited"
#define MOST_SOCKETS "1801439850948198:1801439850948198"
#define MOST_BUFFERS "4611686018427387903:unlimited"

struct want {
	const char *key, *value;
};

static const struct want everything[] = {
	{ "KMEMSIZE", UNLIMITED }, { "LOCKEDPAGES", UNLIMITED }, { "PRIVVMPAGES", UNLIMITED },
	{ "SHMPAGES", UNLIMITED }, { "NUMPROC", UNLIMITED }, { "PHYSPAGES", NULL },
	{ "VMGUARPAGES", NULL }, { "OOMGUARPAGES", NULL }, { "NUMTCPSOCK", MOST_SOCKETS },
	{ "NUMFLOCK", UNLIMITED }, { "NUMPTY", "255:255" }, { "NUMSIGINFO", UNLIMITED },
	{ "TCPSNDBUF", MOST_BUFFERS }, { "TCPRCVBUF", MOST_BUFFERS },
	{ "OTHERSOCKBUF", MOST_BUFFERS }, { "DGRAMRCVBUF", UNLIMITED },
	{ "NUMOTHERSOCK", MOST_SOCKETS }, { "NUMFILE", UNLIMITED }, { "DCACHESIZE", UNLIMITED },
	{ "NUMIPTENT", UNLIMITED }, { "AVNUMPROC", NULL }, { "SWAPPAGES", NULL },
	{ "CPUUNITS", NULL }, { "DISKSPACE", NULL }, { "DISKINODES", NULL }, { NULL, NULL },
};

/* All of them, except what the second list says. */
static void expect_all(const struct want *but)
{
	for (const struct want *w = everything; w->key; w++) {
		const char *value = w->value;

		for (const struct want *b = but; b && b->key; b++)
			value = strcmp(b->key, w->key) == 0 ? b->value : value;
		expect_set(w->key, value);
	}
	expect_consistent();
}

static const char *freed(void)
{
	assert_int_equal(fixture_found(&fx, VS_SAMPLE_LIMITS), 1);
	return host_finding(&fx, VS_SAMPLE_LIMITS)->seen;
}

static void test_nothing_configured(void **state)
{
	(void)state;
	translate();
	expect_all(NULL);
	assert_string_equal(freed(),
			    "no limit was configured for KMEMSIZE LOCKEDPAGES PRIVVMPAGES SHMPAGES "
			    "NUMPROC NUMTCPSOCK NUMFLOCK NUMPTY NUMSIGINFO TCPSNDBUF TCPRCVBUF "
			    "OTHERSOCKBUF DGRAMRCVBUF NUMOTHERSOCK NUMFILE DCACHESIZE NUMIPTENT: kept "
			    "unlimited; limits = \"sample\" takes those of the sample");
	assert_int_equal(fixture_found(&fx, VS_LIMITS_RAISED), 0);
}

static void test_sample_asked_for(void **state)
{
	(void)state;
	in.limits = LIMITS_SAMPLE;
	translate();
	for (const struct want *w = everything; w->key; w++)
		expect_set(w->key, NULL);
}

/* Each one alone: it keeps its number, and what depends on it fits. */
static void test_one_configured(void **state)
{
	static const struct {
		const char *path, *text;
		struct want but[6];
	} rows[] = {
		{ "rlimits/nproc", "300\n", { { "NUMPROC", "300:300" } } },
		{ "rlimits/nproc", "2000\n",
		  { { "NUMPROC", "2000:2000" }, { "AVNUMPROC", "1000:1000" } } },
		{ "rlimits/nproc.hard", "20\n",
		  { { "NUMPROC", "20:20" }, { "AVNUMPROC", "20:20" } } },
		{ "rlimits/nproc", "0\n", { { "NUMPROC", NULL } } },	/* for the administrator */
		{ "rlimits/locks", "50\n", { { "NUMFLOCK", "50:50" } } },
		{ "rlimits/memlock", "9\n", { { "LOCKEDPAGES", "9:9" } } },
		{ "rlimits/shmem", "7\n", { { "SHMPAGES", "7:7" } } },
		{ "rlimits/nsock", "500\n",
		  { { "NUMTCPSOCK", "500:500" }, { "NUMOTHERSOCK", "500:500" } } },
		/* twice 20000 sockets and 255 terminals */
		{ "rlimits/openfd", "20000\n",
		  { { "NUMFILE", "40255:40255" }, { "NUMTCPSOCK", "20000:20000" },
		    { "NUMOTHERSOCK", "20000:20000" } } },
		{ "rlimits/nofile.hard", "20\n",	/* never below the sample's 9312 */
		  { { "NUMFILE", "18879:18879" }, { "NUMTCPSOCK", "9312:9312" },
		    { "NUMOTHERSOCK", "9312:9312" } } },
		{ "rlimits/rss.hard", "196608\n",
		  { { "PRIVVMPAGES", "196608:208896" }, { "VMGUARPAGES", "196608:unlimited" },
		    { "OOMGUARPAGES", "196608:unlimited" } } },
		{ "rlimits/rss.hard", "100\n", { { "PRIVVMPAGES", NULL } } },
		{ "rlimits/as", "100000\n", { { "PRIVVMPAGES", "100000:106250" } } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		g.items.nr = 0;
		file(rows[i].path, rows[i].text);
		translate();
		expect_all(rows[i].but);
		for (const struct want *b = rows[i].but; b->key; b++)
			if (strstr(freed(), pool_printf(&fx.pool, " %s ", b->key)))
				fail_msg("%s is called unlimited", b->key);
	}
}

/* Soft limits were not enforced, refused ones not set, infinite ones are none. */
static void test_no_limit_after_all(void **state)
{
	static const struct {
		const char *path, *text;
	} rows[] = {
		{ "rlimits/nproc.soft", "300\n" }, { "rlimits/rss.soft", "1000\n" },
		{ "rlimits/as.soft", "1000\n" }, { "rlimits/nofile.soft", "8\n" },
		{ "rlimits/nproc", "inf\n" }, { "rlimits/nproc", "many\n" },
		{ "rlimits/rss", "inf\n" }, { "rlimits/nsock", "-1\n" },
		{ "rlimits/openfd.min", "5\n" }, { "rlimits/msgqueue", "819200\n" },
		{ "rlimits/nsems", "100\n" }, { "ulimits/nproc", "500\n" },
		{ "ulimits/nofile", "20000\n" }, { "rlimits/core", "0\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		g.items.nr = 0;
		file(rows[i].path, rows[i].text);
		translate();
		/* ulimits/nproc raises the average */
		expect_all(strcmp(rows[i].path, "ulimits/nproc")
				   ? NULL : (const struct want[]){ { "AVNUMPROC", "250:250" }, { NULL, NULL } });
	}
}

/* Entries need room for the files, which were unlimited. */
static void test_entries(void **state)
{
	(void)state;
	file("rlimits/dentry", "20000\n");
	translate();
	expect_all((const struct want[]){ { "DCACHESIZE", "7680000:unlimited" }, { NULL, NULL } });
	assert_int_equal(fixture_found(&fx, VS_LIMITS_RAISED), 1);
}

static void test_legacy(void **state)
{
	static const struct {
		const char *flags;
		struct want but[3];
	} rows[] = {
		{ "lock nproc", { { "NUMPROC", "1000:1000" }, { "AVNUMPROC", "500:500" } } },
		{ "lock", { { "AVNUMPROC", "500:500" } } },	/* of each user */
	};

	(void)state;
	g.style = STYLE_LEGACY;
	file("S_FLAGS", "");
	file("ULIMIT", "-HS -u 1000");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		retext("S_FLAGS", rows[i].flags);
		translate();
		expect_all(rows[i].but);
	}
}

static void test_vswap(void **state)
{
	static const struct {
		const char *path, *text, *ram, *swap;
	} rows[] = {
		{ "name", "web1\n", "0:1073741824", "0:1073741824" },
		{ "rlimits/rss", "100\n", "0:100", "0:1073741824" },
		{ "rlimits/as", "100000\n", "0:100000", "0:1073741824" },
		{ "rlimits/as", "100\n", NULL, "0:1073741824" },
		{ "rlimits/rss.soft", "100\n", "0:1073741824", "0:1073741824" },
		{ "cgroup/memory.limit_in_bytes", "4096\n", "0:1", "0:1073741824" },
		{ "cgroup/memory.limit_in_bytes", "-1\n", "0:1073741824", "0:1073741824" },
		{ "cgroup/memory.memsw.limit_in_bytes", "8192\n", "0:2", "0:0" },
		{ "cgroup/memory.memsw.limit_in_bytes", "-1\n", "0:1073741824", "0:1073741824" },
	};

	(void)state;
	use_sample(vswap_sample);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		g.items.nr = 0;
		dir("cgroup");
		file(rows[i].path, rows[i].text);
		translate();
		expect_set("PHYSPAGES", rows[i].ram);
		expect_set("SWAPPAGES", rows[i].swap);
		expect_set("NUMPROC", NULL);
		expect_set("PRIVVMPAGES", NULL);
		expect_consistent();
	}
}

/* Other counters of a vSwap sample stay in force, also those of vz.conf. */
static void test_vswap_with_counters(void **state)
{
	(void)state;
	use_sample("PHYSPAGES=\"0:65536\"\nNUMPROC=\"240\"\nNUMPTY=\"1000\"\n");
	fixture_file(&fx, "/etc/vz/vz.conf", "NUMFILE=\"100\"\nKMEMSIZE=\"1:2\"\n");
	host.vz_conf = "/etc/vz/vz.conf";
	in.root = &fx.root;
	file("rlimits/nproc", "50\n");
	translate();
	expect_set("NUMPROC", "50:50");
	expect_set("NUMFILE", UNLIMITED);
	expect_set("KMEMSIZE", UNLIMITED);
	expect_set("NUMPTY", NULL);
	expect_set("NUMFLOCK", NULL);
	expect_set("SWAPPAGES", "0:1073741824");
	expect_consistent();
	assert_int_equal(fixture_found(&fx, VS_SAMPLE_INCOMPLETE), 0);
}

/* A sample that limits nothing is taken as it is. */
static void test_boundless_sample(void **state)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	(void)state;
	for (enum ubc_key key = 0; key < NR_UBC; key++)
		buf_addf(&text, "%s=\"%s\"\n", ubc_name(key),
			 ubc_text(&fx.pool, ubc_boundless(key, UBC_UNLIMITED)));
	use_sample(text.data);
	translate();
	assert_int_equal(fixture_found(&fx, VS_SAMPLE_LIMITS), 0);
	for (enum ubc_key key = 0; key < NR_UBC; key++)
		expect_set(ubc_name(key), NULL);
	expect_consistent();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_configured), TEST(test_sample_asked_for),
		TEST(test_one_configured), TEST(test_no_limit_after_all), TEST(test_entries),
		TEST(test_legacy), TEST(test_vswap), TEST(test_vswap_with_counters),
		TEST(test_boundless_sample),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
