/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Services switched on and off, as each distribution's own tool would: links of
 * runlevels by chkconfig lines, LSB headers, Debian's classic numbers and dependencies,
 * runlevels of OpenRC, jobs of upstart, units of systemd.
 */
#include "fixups_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "decide/fix_services.h"

static struct fixups_fixture f;

static int set_up(void **state)
{
	(void)state;
	fixups_make(&f);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixups_unmake(&f);
	return 0;
}

/* Switch, carry out, and see that a second time changes nothing. */
static void services(const char *line)
{
	f.recipes.nr = 0;
	fixups_add(&f, "services", fixups_text(&f, "", line));
	fixups_go(&f);
	if (fixture_found(&f.fx, VS_FIXUP_FAILED))
		fail_msg("%s", f.fx.findings.v[0].seen);
	fixups_carry_out(&f);
	fixups_go(&f);
	assert_int_equal(fixups_changes(&f), 0);
}

static void upstart_of(const char *distro, const char *version)
{
	f.guest.system.init = "upstart";
	f.guest.system.distro = distro;
	f.guest.system.version = version;
}

static bool holds(const char *when)
{
	f.recipes.nr = 0;
	fixups_add(&f, "probe", fixups_text(&f, when, "text /probe\n| x"));
	fixups_go(&f);
	return fixups_edit(&f, "/probe") != NULL;
}

static void is_link(const char *path, const char *target)
{
	char text[200];
	ssize_t len = readlink(fixture_path(&f.fx, path), text, sizeof(text));

	if (len < 0)
		fail_msg("there is no link %s", path);
	assert_int_equal(len, strlen(target));
	assert_memory_equal(text, target, (size_t)len);
}

static void script(const char *path, const char *header)
{
	fixture_file(&f.fx, path, pool_printf(&f.fx.pool, "#!/bin/sh\n%sexit 0\n", header));
}

static void lsb(const char *name, const char *header)
{
	script(pool_printf(&f.fx.pool, "/etc/init.d/%s", name),
	       pool_printf(&f.fx.pool, "### BEGIN INIT INFO\n# Provides: %s\n%s### END INIT INFO\n",
			   name, header));
}

static void headers(void **state)
{
	struct boot_script s;

	(void)state;
	boot_script_read(&s, "x", "#!/bin/sh\n# chkconfig: 2345 08 92\n", &f.fx.pool);
	assert_int_equal(s.start, 0x3c);
	assert_int_equal(s.stop, 0x43);
	assert_int_equal(s.start_nr, 8);
	assert_int_equal(s.stop_nr, 92);
	boot_script_read(&s, "x", "# chkconfig: - 50 50\n", &f.fx.pool);
	assert_int_equal(s.start, 0);
	boot_script_read(&s, "x", "# chkconfig: 2345 200 50\n", &f.fx.pool);
	assert_int_equal(s.start_nr, -1);
	boot_script_read(&s, "x", "### BEGIN INIT INFO\n# Provides: a b\n# Default-Start: S\n"
			 "# Default-Stop:\n# Required-Start: $local_fs +c\n# X-Interactive: true\n"
			 "### END INIT INFO\n# Default-Stop: 0 6\n", &f.fx.pool);
	assert_true(s.lsb && s.interactive);
	assert_int_equal(s.start, 1u << LEVEL_S);
	assert_int_equal(s.stop, 0);
	assert_string_equal(s.provides, " a b");
	assert_string_equal(s.required_start, " $local_fs +c");
	boot_script_read(&s, "x", "", &f.fx.pool);
	assert_false(s.lsb);
}

static void red_hat(void **state)
{
	(void)state;
	fixture_dir(&f.fx, "/etc/rc.d/rc3.d");
	fixture_link(&f.fx, "rc.d/init.d", "/etc/init.d");
	script("/etc/rc.d/init.d/network", "# chkconfig: 2345 10 90\n");
	fixture_link(&f.fx, "../init.d/network", "/etc/rc.d/rc3.d/K90network");
	assert_true(holds("service network state=off"));
	services("services on network,missing");
	is_link("/etc/rc.d/rc3.d/S10network", "../init.d/network");
	is_link("/etc/rc.d/rc6.d/K90network", "../init.d/network");
	assert_false(fixture_has(&f.fx, "/etc/rc.d/rc3.d/K90network"));
	assert_true(holds("service network state=on"));
	assert_false(holds("service missing"));
	services("services off network");
	is_link("/etc/rc.d/rc3.d/K90network", "../init.d/network");
	assert_false(fixture_has(&f.fx, "/etc/rc.d/rc3.d/S10network"));
}

static void debian_classic(void **state)
{
	(void)state;
	fixture_dir(&f.fx, "/etc/rc2.d");
	script("/etc/init.d/ssh", "");
	script("/etc/init.d/mine", "");
	script("/etc/init.d/halt", "");
	services("services on ssh,mine,halt");
	is_link("/etc/rc2.d/S16ssh", "../init.d/ssh");
	is_link("/etc/rc3.d/S20mine", "../init.d/mine");
	is_link("/etc/rc1.d/K20mine", "../init.d/mine");
	is_link("/etc/rc0.d/S90halt", "../init.d/halt");
	services("services off ssh");
	is_link("/etc/rc2.d/K84ssh", "../init.d/ssh");
}

/* Nothing that a person chose is renumbered. */
static void what_is_on_stays(void **state)
{
	(void)state;
	fixture_dir(&f.fx, "/etc/rc2.d");
	script("/etc/init.d/ssh", "");
	fixture_link(&f.fx, "../init.d/ssh", "/etc/rc2.d/S77ssh");
	f.recipes.nr = 0;
	fixups_add(&f, "on", fixups_text(&f, "", "services on ssh"));
	fixups_go(&f);
	assert_int_equal(fixups_changes(&f), 0);
}

static void debian_dependencies(void **state)
{
	(void)state;
	fixture_file(&f.fx, "/etc/init.d/.depend.boot", "TARGETS =\n");
	fixture_file(&f.fx, "/etc/insserv.conf",
		     "$local_fs\t+mountall\n$remote_fs $local_fs +mountnfs\n$network networking\n");
	lsb("mountkernfs", "# Default-Start: S\n");
	lsb("mountall", "# Required-Start: mountkernfs\n# Default-Start: S\n");
	lsb("networking", "# Required-Start: mountkernfs $local_fs\n# Required-Stop: $local_fs\n"
	    "# Default-Start: S\n# Default-Stop: 0 6\n");
	lsb("cron", "# Required-Start: $remote_fs\n# Default-Start: 2 3 4 5\n");
	lsb("web", "# Required-Start: $network loop\n# Default-Start: 2 3 4 5\n# Default-Stop: 0 1 6\n"
	    "# Required-Stop: $network\n");
	lsb("loop", "# Required-Start: web\n# Default-Start: 2\n");
	lsb("last", "# Required-Start: $all\n# Default-Start: 2\n");
	lsb("halt", "# Default-Start:\n# Default-Stop: 0\n");
	lsb("log", "# Default-Start: 2\n# Default-Stop: 6\n# X-Stop-After: web\n");
	services("services on cron,last");
	is_link("/etc/rc2.d/S01cron", "../init.d/cron");
	is_link("/etc/rc2.d/S02last", "../init.d/last");
	services("services on networking,mountall,mountkernfs,web,halt");
	is_link("/etc/rcS.d/S01mountkernfs", "../init.d/mountkernfs");
	is_link("/etc/rcS.d/S02mountall", "../init.d/mountall");
	is_link("/etc/rcS.d/S03networking", "../init.d/networking");
	is_link("/etc/rc2.d/S03cron", "../init.d/cron");
	is_link("/etc/rc2.d/S04web", "../init.d/web");
	is_link("/etc/rc2.d/S05last", "../init.d/last");
	is_link("/etc/rc6.d/K01web", "../init.d/web");
	is_link("/etc/rc6.d/K02networking", "../init.d/networking");
	assert_true(holds("line /etc/init.d/.depend.boot\n"
			  "| TARGETS = mountkernfs mountall networking\n"
			  "| networking: mountkernfs mountall\n"));
	assert_true(holds("line /etc/init.d/.depend.start\n| TARGETS = cron web last\n"));
	assert_true(holds("line /etc/init.d/.depend.start\n| last: cron web\n"));
	assert_true(holds("line /etc/init.d/.depend.stop\n| networking: web\n"));
	services("services on log");
	is_link("/etc/rc6.d/K02log", "../init.d/log");
	assert_true(holds("line /etc/init.d/.depend.stop\n| log: web\n"));
	services("services on loop");	/* a circle: it ends */
	assert_true(holds("service loop state=on"));
}

/* Off in the level S: no start link is left there, and none comes back by another switch. */
static void debian_dependencies_off(void **state)
{
	(void)state;
	fixture_file(&f.fx, "/etc/init.d/.depend.boot", "TARGETS =\n");
	lsb("udev", "# Default-Start: S\n");
	lsb("kmod", "# Required-Start: udev\n# Default-Start: S\n");
	lsb("mountall", "# Should-Start: udev\n# Default-Start: S\n");
	lsb("cron", "# Required-Start: mountall\n# Default-Start: 2\n");
	services("services on udev,kmod,mountall,cron");
	is_link("/etc/rcS.d/S01udev", "../init.d/udev");
	is_link("/etc/rcS.d/S02mountall", "../init.d/mountall");
	services("services off udev,kmod");
	assert_false(fixture_has(&f.fx, "/etc/rcS.d/S01udev"));
	is_link("/etc/rcS.d/K01udev", "../init.d/udev");
	is_link("/etc/rcS.d/K01kmod", "../init.d/kmod");
	is_link("/etc/rcS.d/S01mountall", "../init.d/mountall");
	is_link("/etc/rc2.d/S02cron", "../init.d/cron");
	assert_true(holds("service udev state=off"));
	assert_true(holds("line /etc/init.d/.depend.boot\n| TARGETS = mountall\n"));
	assert_true(holds("line /etc/init.d/.depend.stop\n| TARGETS =\n"));
	services("services on udev");
	assert_false(fixture_has(&f.fx, "/etc/rcS.d/K01udev"));
	is_link("/etc/rcS.d/S01udev", "../init.d/udev");
}

static void others(void **state)
{
	(void)state;
	fixture_dir(&f.fx, "/etc/runlevels/boot");
	script("/etc/init.d/net.lo", "");
	services("services on net.lo level=boot");
	is_link("/etc/runlevels/boot/net.lo", "/etc/init.d/net.lo");
	assert_true(holds("service net.lo state=on"));
	services("services off net.lo");
	assert_false(fixture_has(&f.fx, "/etc/runlevels/boot/net.lo"));

	upstart_of("ubuntu", "11.04");
	fixture_file(&f.fx, "/etc/init/tty1.conf", "start on x\n");
	services("services off tty1");
	assert_true(holds("text /etc/init/tty1.override\n| manual"));
	services("services on tty1");
	assert_false(fixture_has(&f.fx, "/etc/init/tty1.override"));

	f.guest.system.init = "systemd";
	fixture_file(&f.fx, "/lib/systemd/system/ssh.service",
		     "[Unit]\nWantedBy=wrong.target\n[Install]\nWantedBy=multi-user.target ../x\n");
	services("services on ssh");
	is_link("/etc/systemd/system/multi-user.target.wants/ssh.service",
		"/lib/systemd/system/ssh.service");
	assert_true(holds("service ssh state=on"));
	services("services off ssh");
	assert_true(holds("service ssh state=off"));
}

static void suse(void **state)
{
	(void)state;
	fixture_dir(&f.fx, "/etc/init.d/rc3.d");
	lsb("sshd", "# Default-Start: 3 5\n# Default-Stop: 0 6\n");
	services("services on sshd");
	is_link("/etc/init.d/rc3.d/S20sshd", "../sshd");
	services("services off sshd");
	assert_false(fixture_has(&f.fx, "/etc/init.d/rc3.d/S20sshd"));
}

/* What a build under VServer leaves: no link at all. A person leaves stop links. */
static void without_links(void **state)
{
	(void)state;
	lsb("cron", "# Provides: cron\n# Default-Start: 2 3 4 5\n# Default-Stop:\n");
	lsb("halt", "# Provides: halt\n# Default-Start:\n# Default-Stop: 0\n");
	lsb("exim4", "# Provides: exim4\n# Default-Start: 2 3 4 5\n# Default-Stop:\n");
	fixture_link(&f.fx, "../init.d/exim4", "/etc/rc2.d/K80exim4");
	assert_true(holds("service cron state=unlinked"));
	assert_true(holds("service halt state=unlinked"));
	assert_false(holds("service exim4 state=unlinked"));
	assert_false(holds("service none state=unlinked"));
	assert_true(holds("service halt state=off"));
	services("services on halt");
	assert_true(holds("service halt state=on"));
	assert_false(holds("service halt state=unlinked"));
}

/* Names of services from the path that matched, chosen by name. */
static void services_of_each(void **state)
{
	(void)state;
	lsb("ssh", "# Provides: sshd\n# Default-Start: 2 3 4 5\n# Default-Stop:\n");
	lsb("udev", "# Provides: udev\n# Default-Start: S\n# Default-Stop:\n");
	fixups_add(&f, "each", "recipe format=1 order=500 family=adapt\nabout\n| it\nreason\n| b\n"
		   "each /etc/init.d/*\nwhen\n service {name} state=unlinked\n not name u*,x\n"
		   "do\n services on {name}\n");
	fixups_go(&f);
	assert_non_null(fixups_edit(&f, "/etc/rc2.d/S16ssh"));
	assert_null(fixups_edit(&f, "/etc/rcS.d/S03udev"));
}

/* A job of comments alone needs no override. */
static void hollow_jobs(void **state)
{
	(void)state;
	upstart_of("debian", "7.0");
	fixture_file(&f.fx, "/etc/init/udev.conf", "#start on startup\n\n#exec udevd\n");
	fixture_file(&f.fx, "/etc/init/tty1.conf", "#comment\nstart on startup\n");
	services("override udev,tty1");
	assert_false(holds("exists /etc/init/udev.override"));
	assert_true(holds("exists /etc/init/tty1.override"));
}

/* An upstart before 0.6.7 reads no overrides; nor may one whose age is not known. */
static void old_jobs(void **state)
{
	static const struct {
		const char *distro, *version;
	} old[] = {
		{ "centos", "6.4" }, { "rhel", "6" }, { "fedora", "14" }, { "ubuntu", "10.10" },
		{ "ubuntu", "" }, { "debian", "6.0" }, { "debian", "" }, { "", "" },
	};

	(void)state;
	fixture_file(&f.fx, "/etc/init/readahead.conf", "start on starting rcS\n");
	for (size_t i = 0; i < sizeof(old) / sizeof(*old); i++) {
		upstart_of(old[i].distro, old[i].version);
		fixture_file(&f.fx, "/etc/init/readahead.override", "manual\n");
		assert_true(holds("service readahead state=on"));
		services(i % 2 ? "override readahead,none" : "services off readahead,none");
		assert_true(holds("absent /etc/init/readahead.conf"));
		assert_true(holds("text /etc/init/readahead.conf.held\n| start on starting rcS"));
		assert_true(holds("service readahead state=off"));
		assert_false(holds("service readahead state=unlinked"));
		assert_false(holds("service none"));
		services("services on readahead,none");
		assert_true(holds("text /etc/init/readahead.conf\n| start on starting rcS"));
		assert_true(holds("absent /etc/init/readahead.conf.held"));
		assert_true(holds("absent /etc/init/readahead.override"));
	}
	upstart_of("ubuntu", "12.04");
	fixture_file(&f.fx, "/etc/init/readahead.override", "manual\n");
	assert_true(holds("service readahead state=off"));
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(headers), T(red_hat), T(debian_classic), T(what_is_on_stays),
		T(debian_dependencies), T(debian_dependencies_off), T(others), T(suse),
		T(without_links), T(services_of_each), T(hollow_jobs), T(old_jobs),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
