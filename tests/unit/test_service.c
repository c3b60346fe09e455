/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an OpenVZ node has: the parts that only a running kernel shows, by a made-up
 * /proc. Files alone are covered by the cases 140 to 142.
 */
#include "decide/service_judge.h"
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define RELEASE "2.6.32-042stab141.3"

static struct fixture fx;
static struct host host;
static struct root proc;

/* A node whose service was never started: its modules are files only. */
static int make(void **state)
{
	(void)state;
	fixture_make(&fx);
	fixture_file(&fx, "/etc/vz/vz.conf", "VIRTUOZZO=yes\nDISK_QUOTA=yes\n");
	fixture_file(&fx, "/etc/init.d/vz", "#!/bin/sh\n");
	fixture_dir(&fx, "/etc/rc3.d");
	fixture_link(&fx, "../init.d/vz", "/etc/rc3.d/S96vz");
	fixture_file(&fx, "/usr/sbin/vzquota", "#!/bin/sh\n");
	chmod(fixture_path(&fx, "/usr/sbin/vzquota"), 0755);
	fixture_file(&fx, "/lib/modules/" RELEASE "/modules.dep",
		     "kernel/fs/simfs.ko:\nkernel/kernel/ve/vzdev.ko:\nkernel/kernel/ve/vzmon.ko:\n"
		     "kernel/drivers/net/vznetdev.ko: kernel/kernel/ve/vzmon.ko\n"
		     "kernel/fs/quota/vzdquota/vzdquota.ko:\n");
	fixture_file(&fx, "/proc/modules", "");
	fixture_file(&fx, "/proc/devices", "Character devices:\n  1 mem\n");
	fixture_file(&fx, "/proc/filesystems", "nodev\tproc\n\text3\n");
	fixture_dir(&fx, "/proc/vz");
	if (root_inside(&proc, &fx.root, "/proc", &fx.err) < 0)
		fail_msg("%s", fx.err.text);
	host = (struct host){ .kernel = KERNEL_OPENVZ, .kernel_release = RELEASE,
			      .vz_conf = "/etc/vz/vz.conf", .conf_dir = "/etc/vz/conf" };
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	root_release(&proc);
	fixture_remove(&fx);
	return 0;
}

static struct vz_service look(bool live)
{
	struct vz_service s;

	service_read(&s, &host, &fx.root, live ? &proc : NULL, &fx.pool);
	service_judge(&s, &host, false, &fx.findings);
	return s;
}

static void test_down(void **state)
{
	struct vz_service s = look(true);

	(void)state;
	assert_true(s.live);
	assert_false(s.started);
	assert_null(s.missing);
	assert_string_equal(s.script, "/etc/init.d/vz");
	assert_string_equal(s.link, "/etc/rc3.d/S96vz");
	assert_string_equal(s.vzquota, "/usr/sbin/vzquota");
	assert_null(s.vzctl);
	assert_int_equal(fx.findings.nr, 1);
	assert_int_equal(fixture_found(&fx, VS_VZ_SERVICE_DOWN), 1);
}

/* The same tree from a rescue system: nothing can be said of what runs. */
static void test_offline(void **state)
{
	(void)state;
	host.kernel = KERNEL_OFFLINE;
	assert_false(look(false).live);
	assert_int_equal(fx.findings.nr, 0);
}

/* Only root can make the device; without it the service counts as down. */
static void test_up(void **state)
{
	bool made;

	(void)state;
	fixture_dir(&fx, "/dev");
	fixture_file(&fx, "/proc/vz/veinfo", "");
	made = mknod(fixture_path(&fx, "/dev/vzctl"), S_IFCHR | 0600, 126 << 8) == 0;
	assert_int_equal(look(true).started, made);
	assert_int_equal(fixture_found(&fx, VS_VZ_SERVICE_DOWN), !made);
}

/* Without module files only what /proc shows counts, and each module has its own sign. */
static void test_shown_by_proc(void **state)
{
	(void)state;
	fixture_file(&fx, "/lib/modules/" RELEASE "/modules.dep", "kernel/fs/ext4/ext4.ko:\n");
	assert_string_equal(look(true).missing, "simfs vzdev vzdquota vzmon vznetdev");
	assert_int_equal(fixture_found(&fx, VS_VZ_MODULES), 1);
	assert_int_equal(fixture_found(&fx, VS_VZ_SERVICE_DOWN), 0);
	fixture_file(&fx, "/proc/filesystems", "nodev\tproc\nnodev\tsimfs\n");
	fixture_file(&fx, "/proc/devices", "Character devices:\n  1 mem\n126 vzctl\n");
	assert_string_equal(look(true).missing, "vzdquota vzmon vznetdev");
	fixture_file(&fx, "/proc/modules", "vzdquota 54321 0 - Live 0xffff\nvzmonitor 1 0 - Live\n");
	assert_string_equal(look(true).missing, "vzmon vznetdev");
	fixture_file(&fx, "/proc/vz/veinfo", "");
	fixture_file(&fx, "/proc/vz/veip", "");
	assert_null(look(true).missing);
}

/* No list of modules: nothing is known, nothing is said. */
static void test_unknown(void **state)
{
	(void)state;
	if (unlink(fixture_path(&fx, "/lib/modules/" RELEASE "/modules.dep")) < 0)
		fail_msg("unlink");
	assert_null(look(true).missing);
	assert_int_equal(fixture_found(&fx, VS_VZ_MODULES), 0);
	host.kernel = KERNEL_OFFLINE;
	assert_int_equal(look(false).nr_kernels, 1);
	assert_int_equal(fixture_found(&fx, VS_VZ_MODULES), 0);
}

/* OpenVZ 7 has another service and other modules. */
static void test_vz7(void **state)
{
	(void)state;
	host.is_vz7 = true;
	if (unlink(fixture_path(&fx, "/etc/init.d/vz")) < 0)
		fail_msg("unlink");
	look(true);
	assert_int_equal(fx.findings.nr, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_down, make, unmake),
		cmocka_unit_test_setup_teardown(test_offline, make, unmake),
		cmocka_unit_test_setup_teardown(test_up, make, unmake),
		cmocka_unit_test_setup_teardown(test_shown_by_proc, make, unmake),
		cmocka_unit_test_setup_teardown(test_unknown, make, unmake),
		cmocka_unit_test_setup_teardown(test_vz7, make, unmake),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
