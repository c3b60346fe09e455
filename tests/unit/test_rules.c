/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translation table itself (sorted, every row reachable, every known item claimed)
 * and what it makes of guests: fates, parameters, findings.
 */
#include "decide/rules.h"
#include "decide_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct fixture fx;
static struct host host;
static struct guest g;
static struct ct ct;
static struct ledger ledger;

static int make(void **state)
{
	(void)state;
	fixture_make(&fx);
	host_make(&host);
	host_guest(&g, &fx.pool, "web1");
	ct = (struct ct){ .ctid = 345 };
	ledger = (struct ledger){ 0, NULL };
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	fixture_remove(&fx);
	return 0;
}

static void file(const char *path, const char *text)
{
	host_item(strncmp(path, ".defaults", 9) ? &g.items : &g.defaults, &fx.pool, path,
		  ITEM_FILE, text);
}

static void dir(const char *path)
{
	host_item(strncmp(path, ".defaults", 9) ? &g.items : &g.defaults, &fx.pool, path,
		  ITEM_DIR, "");
}

static void link_to(const char *path, const char *target)
{
	host_item(&g.items, &fx.pool, path, ITEM_LINK, target);
}

static void translate(void)
{
	const struct rules_input in = { .guest = &g, .host = &host };

	rules_translate(&ledger, &ct, &in, &fx.pool, &fx.findings);
	assert_int_equal(ledger.nr, g.items.nr + (g.style == STYLE_RECENT ? g.defaults.nr : 0));
}

/* Findings but the one that every plain guest has. */
static size_t others(void)
{
	return fx.findings.nr - fixture_found(&fx, VS_RIGHTS_GAINED);
}

static const struct fate *fate(const char *path)
{
	for (size_t i = 0; i < ledger.nr; i++)
		if (strcmp(ledger.v[i].item->path, path) == 0)
			return &ledger.v[i];
	fail_msg("no fate of '%s'", path);
	return NULL;
}

static void expect(const char *path, enum verdict verdict)
{
	if (fate(path)->verdict != verdict)
		fail_msg("'%s' is %s, not %s", path, verdict_word(fate(path)->verdict),
			 verdict_word(verdict));
	assert_non_null(fate(path)->reason);
}

static void test_table_sorted(void **state)
{
	(void)state;
	for (size_t i = 1; i < nr_rules; i++) {
		const struct rule *a = &rules[i - 1], *b = &rules[i];

		if (a->style > b->style ||
		    (a->style == b->style && strcmp(a->pattern, b->pattern) >= 0))
			fail_msg("'%s' stands before '%s'", a->pattern, b->pattern);
	}
}

/* A path made from the pattern is claimed by the row itself, not by a wider one. */
static void test_rows_reachable(void **state)
{
	(void)state;
	for (size_t i = 0; i < nr_rules; i++) {
		struct buf path CLEANUP_BUF = BUF_INIT;

		for (const char *p = rules[i].pattern; *p; p++) {
			if (strcmp(p, "**") == 0) {
				buf_adds(&path, "x/y");
				break;
			}
			if (*p == '*')
				buf_adds(&path, "x");
			else
				buf_addch(&path, *p);
		}
		if (rule_find(rules[i].style, path.data) != &rules[i])
			fail_msg("'%s' does not claim '%s'", rules[i].pattern, path.data);
	}
}

static void test_rows_speak(void **state)
{
	(void)state;
	for (size_t i = 0; i < nr_rules; i++) {
		const struct rule *r = &rules[i];

		assert_non_null(r->reason);
		if (r->verdict == VERDICT_SAME && !r->param)
			fail_msg("'%s' is carried over into nothing", r->pattern);
		if (r->verdict == VERDICT_UNKNOWN)
			fail_msg("'%s' is in the table, but unknown", r->pattern);
	}
}

static void test_matching(void **state)
{
	static const struct {
		const char *path, *pattern;
	} rows[] = {
		{ "interfaces/dev", "interfaces/dev" }, { "interfaces/00", "interfaces/*" },
		{ "interfaces/00/ip", "interfaces/*/ip" }, { "interfaces/0/1/ip", NULL },
		{ "rlimits/rss.hard", "rlimits/rss*" }, { "rlimits/wings", NULL },
		{ "scripts/pre-start", "scripts/**" }, { "scripts/pre-start.d/10-fw", "scripts/**" },
		{ "cgroup/memory.limit_in_bytes", "cgroup/memory.limit_in_bytes" },
		{ "cgroup/freezer.state", "cgroup/*" }, { "name~", "*~" },
		{ "apps/init/mark.rpmnew", "*/*/*.rpm*" }, { "context.old", NULL }, { "", NULL },
		{ "fstab.remote", "fstab.remote" }, { "S_HOSTNAME", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct rule *r = rule_find(STYLE_RECENT, rows[i].path);

		if (rows[i].pattern ? !r || strcmp(r->pattern, rows[i].pattern) != 0 : r != NULL)
			fail_msg("'%s' is claimed by '%s'", rows[i].path, r ? r->pattern : "nobody");
	}
	assert_non_null(rule_find(STYLE_LEGACY, "S_HOSTNAME"));
	assert_null(rule_find(STYLE_LEGACY, "name"));
}

/* What `vserver v345 build` writes: everything carried over, nothing to do, no warning. */
static void test_built_guest(void **state)
{
	(void)state;
	dir("apps");
	dir("apps/init");
	link_to("cache", "/etc/vservers/.defaults/cachebase/v345");
	file("context", "49153\n");
	dir("cpuset");
	file("fstab", "none /proc proc defaults 0 0\nnone /tmp tmpfs size=16m,mode=1777 0 0\n"
		      "none /dev/pts devpts gid=5,mode=620 0 0\n");
	dir("interfaces");
	dir("interfaces/0");
	file("interfaces/0/dev", "eth0\n");
	file("interfaces/0/ip", "192.168.0.145\n");
	file("interfaces/0/prefix", "24\n");
	file("name", "v345\n");
	link_to("run", "/var/run/vservers/v345");
	dir("uts");
	file("uts/nodename", "test345.my.org\n");
	link_to("vdir", "/etc/vservers/.defaults/vdirbase/v345");
	g.hostname = "test345.my.org";
	host_address(&g, &fx.pool, "192.168.0.145", "interfaces/0");
	translate();
	for (size_t i = 0; i < fx.findings.nr; i++)
		if (fx.findings.v[i].kind->level >= LEVEL_WARNING)
			fail_msg("%s: %s", fx.findings.v[i].object, fx.findings.v[i].seen);
	assert_int_equal(others(), 0);
	assert_int_equal(ct.nr, 3);
	assert_string_equal(ct.set[0].key, "ONBOOT");
	assert_string_equal(ct_get(&ct, "ONBOOT"), "no");
	assert_string_equal(ct_get(&ct, "HOSTNAME"), "test345.my.org");
	assert_string_equal(ct_get(&ct, "IP_ADDRESS"), "192.168.0.145");
	expect("uts/nodename", VERDICT_SAME);
	assert_string_equal(fate("uts/nodename")->result, "HOSTNAME=test345.my.org");
	assert_string_equal(fate("interfaces/0/ip")->result, "IP_ADDRESS=192.168.0.145");
	expect("fstab", VERDICT_NOT_NEEDED);
	expect("cpuset", VERDICT_NOT_NEEDED);
}

static void test_grouped(void **state)
{
	const struct finding *f;

	(void)state;
	g.hostname = "shop";
	host_address(&g, &fx.pool, "192.0.2.1", "interfaces/0");
	dir("apps");
	dir("apps/init");
	file("apps/init/cmd.stop", "/sbin/stop\n");
	file("apps/init/environment", "A=1\nB=2\n");
	dir("interfaces/0");
	file("interfaces/0/mac", "00:11:22:33:44:55\n");
	dir("sysctl");
	dir("sysctl/0");
	file("sysctl/0/setting", "kernel.shmmax\n");
	file("sysctl/0/value", "1024\n");
	file("sysctl/1/setting", "vm.swappiness\n");
	file("sysctl/1/value", "10\n");
	translate();
	assert_int_equal(fixture_found(&fx, VS_ITEM_LATER), 0);
	assert_int_equal(fixture_found(&fx, VS_INIT_SETTINGS), 2);
	assert_int_equal(fixture_found(&fx, VS_INTERFACE_EXTRA), 1);
	assert_int_equal(fixture_found(&fx, VS_SYSCTL), 1);
	assert_int_equal(others(), 4);
	f = host_finding(&fx, VS_SYSCTL);
	assert_string_equal(f->object, "sysctl");
	assert_non_null(strstr(f->seen, "0/setting 'kernel.shmmax', 0/value '1024', 1/setting"));
	assert_non_null(strstr(f->seen, "'kernel.shmmax = 1024' into the guest's etc/sysctl.conf"));
	assert_non_null(strstr(f->seen, "'vm.swappiness = 10' into the host's /etc/sysctl.conf"));
	expect("apps/init/environment", VERDICT_MANUAL);
	expect("sysctl/0/value", VERDICT_MANUAL);
	expect("sysctl", VERDICT_NOT_NEEDED);
}

static void test_unknown(void **state)
{
	(void)state;
	g.hostname = "a";
	host_address(&g, &fx.pool, "192.0.2.1", "interfaces/0");
	file("privacy", "x\033[31m\n");
	file("apps", "not a directory");
	file(".defaults/wings", "1");
	translate();
	expect("privacy", VERDICT_UNKNOWN);
	expect("apps", VERDICT_UNKNOWN);
	expect(".defaults/wings", VERDICT_UNKNOWN);
	assert_null(fate("apps")->rule);
	assert_int_equal(fixture_found(&fx, VS_ITEM_UNKNOWN), 3);
	for (size_t i = 0; i < fx.findings.nr; i++)
		assert_null(strchr(fx.findings.v[i].seen, '\033'));
	/* The next guest inherits the same: it is not named again. */
	translate();
	assert_int_equal(fixture_found(&fx, VS_ITEM_UNKNOWN), 5);
}

static void test_blockers(void **state)
{
	(void)state;
	g.hostname = "a";
	host_address(&g, &fx.pool, "192.0.2.1", "interfaces/0");
	dir("apps/pkgmgmt");
	link_to("apps/pkgmgmt/base", "/vservers/.pkg/ext1");
	dir("netns");
	file("netns/name", "blue\n");
	dir("spaces");
	file("spaces/net", "\n");
	dir("scripts");
	dir("scripts/pre-start.d");
	file("scripts/pre-start.d/10-fw", "#!/bin/sh\n");
	file("scripts/post-stop", "#!/bin/sh\n");
	file("apps/init/cmd.start", "/usr/sbin/httpd\n-X\n");
	translate();
	expect("apps/pkgmgmt", VERDICT_MANUAL);
	assert_int_equal(fixture_found(&fx, VS_OWN_NETWORK), 2);
	assert_int_equal(fixture_found(&fx, VS_HOST_SCRIPTS), 2);
	assert_int_equal(fixture_found(&fx, VS_CUSTOM_START), 1);
	assert_int_equal(others(), 5);
}

static void test_not_blockers(void **state)
{
	(void)state;
	g.hostname = "a";
	host_address(&g, &fx.pool, "192.0.2.1", "interfaces/0");
	dir("apps/pkgmgmt");
	file("apps/pkgmgmt/internal", "");
	file("spaces/net", "0\n");
	file("apps/init/style", "plain\n");
	file("flags", "sched_hard\n");
	file("cflags", "lock\n");
	translate();
	assert_int_equal(others(), 0);
	expect("flags", VERDICT_NOT_NEEDED);
	expect("cflags", VERDICT_NOT_NEEDED);
}

static void test_marks(void **state)
{
	(void)state;
	g.hostname = "a";
	host_address(&g, &fx.pool, "192.0.2.1", "interfaces/0");
	file("apps/init/mark", "web\n");
	g.marks = "web";
	translate();
	expect("apps/init/mark", VERDICT_MANUAL);
	assert_string_equal(ct_get(&ct, "ONBOOT"), "no");
	assert_int_equal(fixture_found(&fx, VS_ITEM_LATER), 1);
	g.on_boot = true;
	translate();
	expect("apps/init/mark", VERDICT_SAME);
	assert_string_equal(fate("apps/init/mark")->result, "ONBOOT=yes");
	assert_int_equal(fixture_found(&fx, VS_ITEM_LATER), 1);
	g.disabled = true;
	translate();
	assert_string_equal(ct_get(&ct, "ONBOOT"), "no");
	expect("apps/init/mark", VERDICT_NOT_NEEDED);
}

static void test_hostnames(void **state)
{
	static const struct {
		const char *name;
		bool set;
		enum finding_id id;	/* 0: none */
	} rows[] = {
		{ "test345.my.org", true, 0 }, { "web_1", true, 0 }, { NULL, false, VS_NO_HOSTNAME },
		{ "", false, VS_NO_HOSTNAME }, { "a b", true, VS_HOSTNAME_ODD },
		{ "$(reboot)", true, VS_HOSTNAME_ODD }, { "a\nb", false, VS_VALUE_UNSAFE },
		{ "a\rb", false, VS_VALUE_UNSAFE }, { "a\033[2J", false, VS_HOSTNAME_ODD },
		{ "a123456789b123456789c123456789d123456789e123456789f123456789g123", true, 0 },
		{ "a123456789b123456789c123456789d123456789e123456789f123456789g1234", false,
		  VS_HOSTNAME_ODD },
	};

	(void)state;
	file("uts/nodename", "x");
	host_address(&g, &fx.pool, "192.0.2.1", "interfaces/0");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ct = (struct ct){ .ctid = 345 };
		finding_cut(&fx.findings, 0);
		g.hostname = rows[i].name;
		translate();
		if ((ct_get(&ct, "HOSTNAME") != NULL) != rows[i].set)
			fail_msg("row %zu: HOSTNAME is %sset", i, rows[i].set ? "not " : "");
		assert_int_equal(others(), rows[i].id ? 1 : 0);
		if (rows[i].id)
			assert_non_null(host_finding(&fx, rows[i].id));
	}
}

static void test_addresses(void **state)
{
	(void)state;
	g.hostname = "a";
	file("interfaces/0/ip", "198.51.100.11\n");
	file("interfaces/1/ip", "2001:db8:5::10\n");
	file("interfaces/1/nodev", "");
	file("interfaces/2/ip", "198.51.100.10\n");
	file("interfaces/3/ip", "10.9.8.7\n");
	file("interfaces/3/disabled", "");
	file("interfaces/3/nodev", "");
	host_address(&g, &fx.pool, "198.51.100.11", "interfaces/0");
	host_address(&g, &fx.pool, "2001:db8:5::10", "interfaces/1");
	host_address(&g, &fx.pool, "198.51.100.10", "interfaces/2");
	host_address(&g, &fx.pool, "198.51.100.11", "interfaces/4");
	host.ipv6 = false;
	translate();
	assert_string_equal(ct_get(&ct, "IP_ADDRESS"), "198.51.100.11 2001:db8:5::10 198.51.100.10");
	assert_int_equal(fixture_found(&fx, VS_IPV6_OFF), 1);
	assert_string_equal(host_finding(&fx, VS_ADDRESS_SHARED)->object, "interfaces/1/nodev");
	assert_int_equal(others(), 2);
	expect("interfaces/3/ip", VERDICT_NOT_NEEDED);
}

static void test_no_address(void **state)
{
	(void)state;
	g.hostname = "a";
	translate();
	assert_null(ct_get(&ct, "IP_ADDRESS"));
	assert_int_equal(fixture_found(&fx, VS_NO_ADDRESS), 1);
}

static void test_inherited(void **state)
{
	(void)state;
	g.hostname = "a";
	host_address(&g, &fx.pool, "192.0.2.1", "interfaces/0");
	file(".defaults/cgroup/freezer.state", "THAWED\n");
	file(".defaults/scripts/pre-start", "#!/bin/sh\n");
	file(".defaults/scripts/post-stop.d/x", "#!/bin/sh\n");
	file(".defaults/fstab", "/srv /srv none bind 0 0\n");
	file(".defaults/context.next", "40000\n");
	file("scripts/pre-start", "#!/bin/sh\n");
	translate();
	assert_int_equal(fixture_found(&fx, VS_HOST_SCRIPTS), 2);
	assert_int_equal(fixture_found(&fx, VS_NO_COUNTERPART), 1);
	expect(".defaults/scripts/pre-start", VERDICT_NOT_NEEDED);
	expect(".defaults/fstab", VERDICT_NOT_NEEDED);
	dir("cgroup");
	file("scripts/post-stop", "#!/bin/sh\n");
	finding_cut(&fx.findings, 0);
	translate();
	expect(".defaults/cgroup/freezer.state", VERDICT_NOT_NEEDED);
	expect(".defaults/scripts/post-stop.d/x", VERDICT_NOT_NEEDED);
	assert_int_equal(fixture_found(&fx, VS_NO_COUNTERPART), 0);
}

static void test_legacy(void **state)
{
	(void)state;
	g.style = STYLE_LEGACY;
	g.conf = "/etc/vservers/old1.conf";
	g.script = "/etc/vservers/old1.sh";
	g.hostname = "mail.example.org";
	g.on_boot = true;
	host_address(&g, &fx.pool, "192.0.2.50", "IPROOT");
	host_address(&g, &fx.pool, "10.0.0.50", "IPROOT");
	file("IPROOT", "eth0:192.0.2.50/255.255.255.0 eth1:10.0.0.50");
	file("IPROOTDEV", "eth0");
	file("ONBOOT", "yes");
	file("PRIORITY", "20");
	file("S_CAPS", "");
	file("S_FLAGS", "lock nproc fakeinit");
	file("S_HOSTNAME", "mail.example.org");
	file("ULIMIT", "-HS -u 400 -n 2048");
	file("WINGS", "2");
	file(".defaults/wings", "not for a legacy guest");
	translate();
	assert_string_equal(fate("IPROOT")->result, "IP_ADDRESS=192.0.2.50 10.0.0.50");
	assert_string_equal(fate("ONBOOT")->result, "ONBOOT=yes");
	expect("S_CAPS", VERDICT_NOT_NEEDED);
	expect("S_FLAGS", VERDICT_NOT_NEEDED);
	expect("WINGS", VERDICT_UNKNOWN);
	assert_int_equal(fixture_found(&fx, VS_PROCESS_LIMITS), 1);	/* no sample to set it in */
	assert_int_equal(fixture_found(&fx, VS_START_ORDER), 1);
	assert_int_equal(fixture_found(&fx, VS_HOST_SCRIPTS), 1);
	assert_int_equal(fixture_found(&fx, VS_ITEM_UNKNOWN), 1);
	assert_int_equal(others(), 4);
	g.items.nr = 0;
	finding_cut(&fx.findings, 0);
	g.script = NULL;
	file("S_FLAGS", "lock nproc private");
	translate();
	expect("S_FLAGS", VERDICT_MANUAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_sorted),
		cmocka_unit_test(test_rows_reachable),
		cmocka_unit_test(test_rows_speak),
		cmocka_unit_test(test_matching),
		cmocka_unit_test_setup_teardown(test_built_guest, make, unmake),
		cmocka_unit_test_setup_teardown(test_grouped, make, unmake),
		cmocka_unit_test_setup_teardown(test_unknown, make, unmake),
		cmocka_unit_test_setup_teardown(test_blockers, make, unmake),
		cmocka_unit_test_setup_teardown(test_not_blockers, make, unmake),
		cmocka_unit_test_setup_teardown(test_marks, make, unmake),
		cmocka_unit_test_setup_teardown(test_hostnames, make, unmake),
		cmocka_unit_test_setup_teardown(test_addresses, make, unmake),
		cmocka_unit_test_setup_teardown(test_no_address, make, unmake),
		cmocka_unit_test_setup_teardown(test_inherited, make, unmake),
		cmocka_unit_test_setup_teardown(test_legacy, make, unmake),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
