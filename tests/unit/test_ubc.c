/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Beancounters: numbers with units on both sides, and the rules between them. The
 * expected numbers are reckoned by hand.
 */
#include "openvz/ubc.h"
#include "openvz/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct pool pool;
#define U UBC_UNLIMITED

static void test_parse(void **state)
{
	static const struct {
		enum ubc_key key;
		const char *text;
		bool good;
		uint64_t bar, lim;
	} rows[] = {
		{ UBC_NUMPROC, "240", true, 240, 240 }, { UBC_NUMPROC, "10.5", true, 10, 10 },
		{ UBC_NUMPROC, "1K", false, 0, 0 }, { UBC_NUMPROC, "unlimited", true, U, U },
		{ UBC_KMEMSIZE, "1K:1M", true, 1024, 1048576 }, { UBC_KMEMSIZE, "2P", true, 8192, 8192 },
		{ UBC_KMEMSIZE, "1.5k", true, 1536, 1536 }, { UBC_KMEMSIZE, "", true, 0, 0 },
		{ UBC_KMEMSIZE, "5:", true, 5, 0 }, { UBC_KMEMSIZE, ":5", true, 0, 5 },
		{ UBC_PHYSPAGES, "0:256M", true, 0, 65536 }, { UBC_PHYSPAGES, "1G", true, 262144, 262144 },
		{ UBC_PHYSPAGES, "4096B", true, 1, 1 }, { UBC_PHYSPAGES, "7P", true, 7, 7 },
		{ UBC_PHYSPAGES, "0:9223372036854775807", true, 0, U },
		{ UBC_PHYSPAGES, "0:99999999999999999999999", true, 0, U },
		{ UBC_PHYSPAGES, "0x10", false, 0, 0 }, { UBC_PHYSPAGES, "1e3", false, 0, 0 },
		{ UBC_PHYSPAGES, "-1", false, 0, 0 }, { UBC_PHYSPAGES, "5 :5", false, 0, 0 },
		{ UBC_PHYSPAGES, "5MB", false, 0, 0 }, { UBC_PHYSPAGES, "Unlimited", false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ubc v = { 0, 0 };

		if (ubc_parse(&v, rows[i].key, rows[i].text) != rows[i].good)
			fail_msg("'%s' is %staken", rows[i].text, rows[i].good ? "not " : "");
		if (rows[i].good && (v.bar != rows[i].bar || v.lim != rows[i].lim))
			fail_msg("'%s' is %llu:%llu", rows[i].text, (unsigned long long)v.bar,
				 (unsigned long long)v.lim);
	}
}

static void test_text(void **state)
{
	(void)state;
	assert_string_equal(ubc_text(&pool, (struct ubc){ 5, 6 }), "5:6");
	assert_string_equal(ubc_text(&pool, (struct ubc){ 0, U }), "0:unlimited");
	assert_string_equal(ubc_text(&pool, (struct ubc){ U + 5, U }), "unlimited:unlimited");
}

static struct ubc_set builtin(void)
{
	struct ubc_set set;
	struct conf conf;

	conf_parse(&conf, sample_builtin(), strlen(sample_builtin()), &pool);
	ubc_read(&set, &conf, U);
	return set;
}

static void test_builtin_is_consistent(void **state)
{
	struct ubc_set set = builtin();

	(void)state;
	assert_null(ubc_fault(&set));
	assert_false(ubc_is_vswap(&set));
	ubc_raise(&set, &pool);
	for (enum ubc_key key = 0; key < NR_UBC; key++)
		assert_false(set.changed[key]);
}

/* 1000 processes, 500 on average. */
static void test_raise(void **state)
{
	struct ubc_set set = builtin();

	(void)state;
	ubc_put(&set, UBC_NUMPROC, (struct ubc){ 1000, 1000 }, "x");
	ubc_put(&set, UBC_AVNUMPROC, (struct ubc){ 500, 500 }, "x");
	assert_non_null(ubc_fault(&set));
	ubc_raise(&set, &pool);
	assert_null(ubc_fault(&set));
	assert_int_equal(set.v[UBC_NUMFILE].bar, 16000);		/* 32 x 500 */
	assert_int_equal(set.v[UBC_NUMFILE].lim, 16000);
	assert_int_equal(set.v[UBC_DCACHESIZE].lim, 6144000);		/* 384 x 16000 */
	assert_int_equal(set.v[UBC_KMEMSIZE].bar, 26624000);		/* 40960 x 500 + dcache */
	assert_true(set.raised[UBC_KMEMSIZE]);
	assert_false(set.raised[UBC_NUMPROC]);
	assert_int_equal(set.v[UBC_PRIVVMPAGES].bar, 65536);
}

static void test_sockets(void **state)
{
	struct ubc_set set = builtin();

	(void)state;
	ubc_put(&set, UBC_NUMTCPSOCK, (struct ubc){ 1000, 1000 }, "x");
	ubc_raise(&set, &pool);
	assert_int_equal(set.v[UBC_TCPSNDBUF].lim, 1720320 + 2560000);
	assert_int_equal(set.v[UBC_TCPRCVBUF].lim, 1720320 + 2560000);
	assert_int_equal(set.v[UBC_OTHERSOCKBUF].lim, 2097152);
	assert_null(ubc_fault(&set));
}

/* Everything unlimited, and every number in turn. */
static void test_extremes(void **state)
{
	static const uint64_t values[] = { 0, 1, 15, 65535, 1ULL << 32, U / 2, U - 1, U };

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct ubc_set all = builtin();

		for (enum ubc_key key = 0; key < NR_UBC; key++) {
			struct ubc_set set = builtin();

			if (key != UBC_PHYSPAGES && key != UBC_SWAPPAGES)
				ubc_put(&all, key, (struct ubc){ values[i], values[i] }, "x");
			if (key == UBC_PHYSPAGES)	/* would be vSwap */
				continue;
			ubc_put(&set, key, (struct ubc){ values[i], values[i] }, "x");
			ubc_raise(&set, &pool);
			if (ubc_fault(&set))
				fail_msg("%s=%llu: %s", ubc_name(key), (unsigned long long)values[i],
					 ubc_fault(&set));
		}
		ubc_raise(&all, &pool);
		if (ubc_fault(&all))
			fail_msg("all=%llu: %s", (unsigned long long)values[i], ubc_fault(&all));
	}
}

/* Consistent without being raised, and what a reader of "unlimited" gets. */
static void test_boundless(void **state)
{
	struct ubc_set set = builtin();

	(void)state;
	for (enum ubc_key key = 0; key < NR_UBC; key++)
		ubc_put(&set, key, ubc_boundless(key, U), "x");
	if (ubc_fault(&set))
		fail_msg("violated: %s", ubc_fault(&set));
	assert_string_equal(ubc_text(&pool, ubc_boundless(UBC_NUMTCPSOCK, U)),
			    "1801439850948198:1801439850948198");
	assert_string_equal(ubc_text(&pool, ubc_boundless(UBC_TCPRCVBUF, U)),
			    "4611686018427387903:unlimited");
	assert_string_equal(ubc_text(&pool, ubc_boundless(UBC_PHYSPAGES, U)), "0:unlimited");
	assert_string_equal(ubc_text(&pool, ubc_boundless(UBC_NUMPTY, U)), "255:255");
}

/* vzctl of 32 bit: the same rules below another largest number. */
static void test_narrow(void **state)
{
	const uint64_t most = UBC_UNLIMITED_32;
	static const char text[] = "NUMPROC=\"1000:unlimited\"\nKMEMSIZE=\"9999999999:9999999999\"\n"
				   "NUMFILE=\"5:2147483647\"\nNUMPTY=\"16\"\n";
	struct ubc_set set = builtin();
	struct conf conf;

	(void)state;
	for (enum ubc_key key = 0; key < NR_UBC; key++)
		ubc_put(&set, key, ubc_boundless(key, most), "x");
	set.most = most;
	assert_null(ubc_fault(&set));
	assert_string_equal(ubc_text(&pool, ubc_boundless(UBC_PHYSPAGES, most)), "0:2147483647");
	assert_string_equal(ubc_text(&pool, ubc_boundless(UBC_NUMTCPSOCK, most)), "419430:419430");

	conf_parse(&conf, text, strlen(text), &pool);
	ubc_read(&set, &conf, most);
	assert_string_equal(ubc_text(&pool, set.v[UBC_NUMPROC]), "1000:2147483647");
	assert_string_equal(ubc_text(&pool, set.v[UBC_KMEMSIZE]), "2147483647:2147483647");
	assert_true(set.changed[UBC_NUMPROC] && set.changed[UBC_KMEMSIZE]);
	assert_false(set.changed[UBC_NUMFILE] || set.changed[UBC_NUMPTY]);
	ubc_put(&set, UBC_NUMPTY, (struct ubc){ 1ULL << 40, U }, "x");
	assert_string_equal(ubc_text(&pool, set.v[UBC_NUMPTY]), "2147483647:2147483647");
}

static void test_faults(void **state)
{
	static const struct {
		enum ubc_key key;
		struct ubc value;
	} rows[] = {
		{ UBC_NUMPROC, { 1, 2 } }, { UBC_NUMFILE, { 1, 1 } }, { UBC_KMEMSIZE, { 5, 4 } },
		{ UBC_KMEMSIZE, { 4096, 4096 } }, { UBC_VMGUARPAGES, { 5, 5 } },
		{ UBC_VMGUARPAGES, { 70000, U } }, { UBC_PHYSPAGES, { 1, U } },
		{ UBC_DCACHESIZE, { 1, 2 } }, { UBC_TCPSNDBUF, { 65535, 2703360 } },
		{ UBC_TCPRCVBUF, { 1720320, 1720321 } }, { UBC_OTHERSOCKBUF, { 32767, 2097152 } },
		{ UBC_DGRAMRCVBUF, { 1, 1 } }, { UBC_NUMFLOCK, { 5, 4 } },
		{ UBC_NUMTCPSOCK, { U, U } }, { UBC_OOMGUARPAGES, { 1, INT32_MAX } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ubc_set set = builtin();

		set.v[rows[i].key] = rows[i].value;
		if (!ubc_fault(&set))
			fail_msg("row %zu passes", i);
	}
	for (enum ubc_key key = 0; key < NR_UBC; key++) {
		struct ubc_set set = builtin();

		set.has[key] = false;
		assert_int_equal(ubc_fault(&set) != NULL, ubc_required(key));
	}
}

static void test_vswap(void **state)
{
	struct ubc_set set = { .has = { [UBC_PHYSPAGES] = true } };

	(void)state;
	set.v[UBC_PHYSPAGES] = (struct ubc){ 0, U };
	assert_false(ubc_is_vswap(&set));
	set.v[UBC_PHYSPAGES].lim = INT32_MAX;
	assert_false(ubc_is_vswap(&set));
	set.v[UBC_PHYSPAGES] = (struct ubc){ 7, 65536 };
	assert_true(ubc_is_vswap(&set));
	assert_non_null(ubc_fault(&set));
	ubc_raise(&set, &pool);
	assert_null(ubc_fault(&set));
	assert_int_equal(set.v[UBC_PHYSPAGES].bar, 0);
	assert_int_equal(set.v[UBC_PHYSPAGES].lim, 65536);
}

static int release(void **state)
{
	(void)state;
	pool_release(&pool);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_builtin_is_consistent),
		cmocka_unit_test(test_raise),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_extremes), cmocka_unit_test(test_boundless),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_vswap),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, release);
}
