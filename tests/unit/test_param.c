/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vzctl takes as a value, parameter by parameter.
 */
#include "openvz/param.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < nr_params; i++) {
		if (i && strcmp(param_table[i - 1].key, param_table[i].key) >= 0)
			fail_msg("'%s' is out of order", param_table[i].key);
		assert_ptr_equal(param_find(param_table[i].key), &param_table[i]);
		assert_non_null(param_table[i].since);
		assert_true(param_table[i].min <= param_table[i].max);
	}
	assert_null(param_find("VE_DEVICE"));
	assert_null(param_find("numproc"));
}

struct row {
	const char *key, *value;
};

static void test_good(void **state)
{
	static const struct row rows[] = {
		{ "ONBOOT", "yes" }, { "NUMPROC", "5" }, { "NUMPROC", "5:5" },
		{ "PHYSPAGES", "0:unlimited" }, { "KMEMSIZE", "9223372036854775807" },
		{ "DISKSPACE", "1:2" }, { "CPUUNITS", "8" }, { "CPUUNITS", "500000" },
		{ "CPULIMIT", "0" }, { "CPULIMIT", "250" }, { "CPULIMIT", "100%" },
		{ "CPUMASK", "0" }, { "CPUMASK", "0-3,5,7-7" }, { "CPUMASK", "all" },
		{ "IOPRIO", "0" }, { "IOPRIO", "7" }, { "BOOTORDER", "0" },
		{ "CAPABILITY", "SYS_TIME:on MKNOD:off" }, { "CAPABILITY", "VE_ADMIN:on" },
		{ "FEATURES", "nfs:on sysfs:off" }, { "DEVNODES", "net/tun:rw fuse:none" },
		{ "DEVICES", "c:10:229:rw b:8:all:r" }, { "IP_ADDRESS", "10.0.0.1 2001:db8::1/64" },
		{ "HOSTNAME", "$(reboot)`x`\"\\" }, { "VE_ROOT", "/vz/root/$VEID" },
		{ "NETIF", "ifname=eth0" }, { "QUOTAUGIDLIMIT", "0" }, { "VE_LAYOUT", "simfs" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *fault = param_fault(rows[i].key, rows[i].value);

		if (fault)
			fail_msg("%s='%s' %s", rows[i].key, rows[i].value, fault);
	}
}

static void test_bad(void **state)
{
	static const struct row rows[] = {
		{ "ONBOOT", "YES" }, { "ONBOOT", "" }, { "NUMPROC", "-1" }, { "NUMPROC", "5:4" },
		{ "NUMPROC", "" }, { "NUMPROC", "5:" }, { "NUMPROC", "1e3" }, { "NUMPROC", "5 :5" },
		{ "KMEMSIZE", "9223372036854775808" }, { "DISKSPACE", "unlimited" },
		{ "DISKSPACE", "2:1" }, { "CPUUNITS", "7" }, { "CPUUNITS", "500001" },
		{ "CPULIMIT", "101%" }, { "CPULIMIT", "%" }, { "CPUMASK", "3-1" },
		{ "CPUMASK", "0," }, { "CPUMASK", "a" }, { "CPUMASK", "0-1-2" }, { "CPUMASK", "" },
		{ "CPUMASK", "4096" }, { "IOPRIO", "8" }, { "CAPABILITY", "SYS_TIME" },
		{ "CAPABILITY", "SYS_TIME:ON" }, { "CAPABILITY", "AUDIT_CONTROL:on" },
		{ "CAPABILITY", "SYS_TIME:on,MKNOD:off" }, { "FEATURES", "fuse:on" },
		{ "DEVNODES", "/dev/null:rw" }, { "DEVNODES", "../sda:rw" }, { "DEVNODES", "x:" },
		{ "DEVICES", "b:7:0:rw" }, { "DEVICES", "c:1:3" }, { "DEVICES", "x:1:3:r" },
		{ "IP_ADDRESS", "10.0.0.1,10.0.0.2" }, { "IP_ADDRESS", "10.0.0.1/33" },
		{ "HOSTNAME", "a\nb" }, { "VE_ROOT", "vz" }, { "VE_DEVICE", "x" },
		{ "NETIF", "eth0" }, { "VE_LAYOUT", "SIMFS" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!param_fault(rows[i].key, rows[i].value))
			fail_msg("%s='%s' is taken", rows[i].key, rows[i].value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
