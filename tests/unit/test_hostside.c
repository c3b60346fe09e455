/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's own files: which boot links are VServer's, which lines speak of guests, and
 * what is found and done about them. Every file stands in a small host on the disk.
 */
#include "decide_run.h"

#include "decide/host_judge.h"
#include "vserver/host_side.h"

static struct host_side side;

static void read_side(void)
{
	host_side_read(&side, &all, &fx.root, &fx.pool, &fx.findings);
}

static void script(const char *name, const char *text)
{
	fixture_file(&fx, pool_printf(&fx.pool, "/etc/init.d/%s", name), text);
}

static void rc(const char *level, const char *link, const char *name)
{
	fixture_link(&fx, pool_printf(&fx.pool, "../init.d/%s", name),
		     pool_printf(&fx.pool, "/etc/rc%s.d/%s", level, link));
}

static const struct boot_link *link_at(const char *at)
{
	for (size_t i = 0; i < side.nr_links; i++)
		if (strcmp(side.link[i].at, at) == 0)
			return &side.link[i];
	return NULL;
}

static size_t mentions(enum host_topic topic, const char *where)
{
	size_t nr = 0;

	for (size_t i = 0; i < side.nr_mentions; i++)
		nr += side.mention[i].topic == topic && strcmp(side.mention[i].where, where) == 0;
	return nr;
}

static size_t all_mentions(enum host_topic topic)
{
	size_t nr = 0;

	for (size_t i = 0; i < side.nr_mentions; i++)
		nr += side.mention[i].topic == topic;
	return nr;
}

static void an_empty_host_says_nothing(void **state)
{
	(void)state;
	read_side();
	assert_int_equal(side.nr_links + side.nr_stuck + side.nr_mentions, 0);
	assert_int_equal(fx.findings.nr, 0);
}

static void rc_links_of_vserver_are_found(void **state)
{
	const struct boot_link *link;

	(void)state;
	script("vservers-default", "# vserver\n");
	rc("3", "S98vservers-default", "vservers-default");
	rc("6", "K10vservers-default", "vservers-default");
	rc("3", "S20cron", "cron");
	rc("3", "S20vservers-mine", "vservers-mine");
	rc("3", "README", "vprocunhide");
	read_side();
	assert_int_equal(side.nr_links, 2);
	link = link_at("/etc/rc3.d/S98vservers-default");
	assert_non_null(link);
	assert_string_equal(link->target, "../init.d/vservers-default");
	assert_string_equal(link->service, "vservers-default");
	assert_true(link->starts);
	assert_null(link->plain);
	assert_false(link_at("/etc/rc6.d/K10vservers-default")->starts);
	assert_true(host_starts(&side, "cron"));
	assert_false(host_starts(&side, "sshd"));
}

/* Red Hat: /etc/rc3.d is a link to rc.d/rc3.d; each link must be found once. */
static void a_directory_with_two_names_is_read_once(void **state)
{
	(void)state;
	fixture_link(&fx, "../init.d/util-vserver", "/etc/rc.d/rc3.d/S10util-vserver");
	fixture_link(&fx, "rc.d/rc3.d", "/etc/rc3.d");
	read_side();
	assert_int_equal(side.nr_links, 1);
	assert_string_equal(side.link[0].at, "/etc/rc.d/rc3.d/S10util-vserver");
}

static void names_that_others_use_need_a_proof(void **state)
{
	(void)state;
	script("rebootmgr", "# the update manager\n");
	script("v_proxy", "exec /usr/lib/util-vserver/vsysvwrapper proxy\n");
	script("v_other", "exec other\n");
	rc("2", "S50rebootmgr", "rebootmgr");
	rc("2", "S50v_proxy", "v_proxy");
	rc("2", "S50v_other", "v_other");
	read_side();
	assert_int_equal(side.nr_links, 1);
	assert_string_equal(side.link[0].service, "v_proxy");
	assert_string_equal(side.link[0].plain, "proxy");
	script("rebootmgr2", "");
	fixture_file(&fx, "/etc/init.d/rebootmgr", "# handles reboots of vservers\n");
	read_side();
	assert_int_equal(side.nr_links, 2);
}

static void units_and_runlevels_are_found(void **state)
{
	static const char wants[] = "/etc/systemd/system/multi-user.target.wants";

	(void)state;
	fixture_link(&fx, "/lib/systemd/system/vservers@.service",
		     pool_printf(&fx.pool, "%s/vservers@default.service", wants));
	fixture_link(&fx, "/lib/systemd/system/vserver-mark@.target",
		     pool_printf(&fx.pool, "%s/vserver-mark@web.target", wants));
	fixture_link(&fx, "/lib/systemd/system/sshd.service",
		     pool_printf(&fx.pool, "%s/sshd.service", wants));
	fixture_link(&fx, "/etc/init.d/vservers.default", "/etc/runlevels/default/vservers.default");
	fixture_link(&fx, "/etc/init.d/sshd2", "/etc/runlevels/default/sshd2");
	read_side();
	assert_int_equal(side.nr_links, 3);
	assert_true(host_starts(&side, "sshd"));
	assert_true(link_at("/etc/runlevels/default/vservers.default")->starts);
}

static void what_is_no_link_is_named(void **state)
{
	(void)state;
	fixture_file(&fx, "/etc/rc3.d/S98vservers-legacy", "#!/bin/sh\n");
	read_side();
	assert_int_equal(side.nr_links, 0);
	assert_int_equal(side.nr_stuck, 1);
	assert_string_equal(side.stuck[0], "/etc/rc3.d/S98vservers-legacy");
}

static void the_plan_switches_them_off(void **state)
{
	const struct plan *plan = &out.host;
	size_t removed = 0, times = 0;

	(void)state;
	add("web");
	rc("3", "S98vservers-default", "vservers-default");
	rc("3", "S10util-vserver", "util-vserver");
	rc("6", "K10vservers-default", "vservers-default");
	run();
	for (size_t i = 0; i < plan->nr_steps; i++) {
		const struct step *s = &plan->step[i];

		times += strcmp(s->kind->name, "times") == 0 &&
			 strncmp(step_get(s, "at"), "/etc/rc", 7) == 0;
		if (strcmp(s->kind->name, "remove") != 0)
			continue;
		removed++;
		assert_int_equal(times, 2);	/* all of them before */
		assert_non_null(strstr(step_get(s, "target"), "../init.d/"));
	}
	assert_int_equal(removed, 3);
	assert_int_equal(fixture_found(&fx, VS_BOOT_SCRIPTS), 2);
	check_plan(plan);
}

static void sshd_behind_its_wrapper_blocks(void **state)
{
	(void)state;
	add("web");
	rc("3", "S55v_sshd", "v_sshd");
	rc("5", "S55v_sshd", "v_sshd");
	rc("3", "S55v_httpd", "v_httpd");
	run();
	assert_int_equal(fixture_found(&fx, VS_SSHD_WRAPPED), 1);
	assert_int_equal(fixture_found(&fx, VS_SERVICE_WRAPPED), 1);
	assert_true(finding_blocks(&fx.findings, NULL));
	assert_true(finding_override(&fx.findings, VS_SSHD_WRAPPED, NULL, "console"));
	assert_false(finding_blocks(&fx.findings, NULL));
}

/* Debian calls the service ssh; a link that only stops it starts nothing. */
static void a_plain_sshd_is_enough(void **state)
{
	(void)state;
	add("web");
	rc("2", "S55v_sshd", "v_sshd");
	rc("2", "K20ssh", "ssh");
	read_side();
	assert_false(host_starts(&side, "sshd"));
	rc("2", "S20ssh", "ssh");
	run();
	assert_int_equal(fixture_found(&fx, VS_SSHD_WRAPPED), 0);
}

static void jobs_that_call_tools_are_named(void **state)
{
	(void)state;
	fixture_file(&fx, "/etc/crontab",
		     "# vserver web exec true\n"
		     "1 2 * * * root /usr/sbin/vserver web exec logrotate\n"
		     "2 2 * * * root tar cf /b.tar /etc/vservers\n"
		     "3 2 * * * root rsync vservers.example.org::x /y\n"
		     "4 2 * * * root /usr/sbin/vserver-stat|mail root");
	fixture_file(&fx, "/etc/cron.daily/backup", "#!/bin/sh\n\tchcontext --ctx 2 cp -a /vservers/web /b\n");
	fixture_file(&fx, "/etc/cron.daily/backup~", "vserver web stop\n");
	fixture_file(&fx, "/etc/cron.daily/program", "vserver");
	fixture_bytes(&fx, "/etc/cron.daily/binary", "vserver\0\n", 9);
	fixture_file(&fx, "/etc/sudoers", "op ALL = NOPASSWD: /usr/sbin/vserver web *\n");
	fixture_file(&fx, "/var/spool/cron/crontabs/root", "@daily vps ax\n@daily VPS=1 vpsx\n");
	read_side();
	assert_int_equal(mentions(TOPIC_CALL, "/etc/crontab:1"), 0);
	assert_int_equal(mentions(TOPIC_CALL, "/etc/crontab:2"), 1);
	assert_int_equal(mentions(TOPIC_CALL, "/etc/crontab:3"), 1);
	assert_int_equal(mentions(TOPIC_CALL, "/etc/crontab:4"), 0);
	assert_int_equal(mentions(TOPIC_CALL, "/etc/crontab:5"), 1);
	assert_int_equal(mentions(TOPIC_CALL, "/etc/cron.daily/backup:2"), 1);
	assert_int_equal(mentions(TOPIC_CALL, "/etc/cron.daily/program:1"), 1);
	assert_int_equal(mentions(TOPIC_CALL, "/etc/sudoers:1"), 1);
	assert_int_equal(mentions(TOPIC_CALL, "/var/spool/cron/crontabs/root:1"), 1);
	assert_int_equal(all_mentions(TOPIC_CALL), 7);
	for (size_t i = 0; i < side.nr_mentions; i++)
		assert_non_null(host_tool_instead(side.mention[i].word));
}

/* add() gives the first guest 192.0.2.1, the second 192.0.2.2. */
static void addresses_in_network_files_are_named(void **state)
{
	(void)state;
	host_address(add("web"), &fx.pool, "2001:db8::21", "interfaces/1");
	add("mail");
	fixture_file(&fx, "/etc/network/interfaces",
		     "auto eth0:1\niface eth0:1 inet static\n\taddress 192.0.2.1\n"
		     "\tgateway 192.0.2.2\n\tdns-nameservers 192.0.2.2\n"
		     "\tup ip addr add 192.0.2.2/24 dev eth0\n\tup route add -host 192.0.2.2 eth1\n"
		     "\taddress 192.0.2.10\n");
	fixture_file(&fx, "/etc/sysconfig/network-scripts/ifcfg-eth0:1", "IPADDR=192.0.2.2\nGATEWAY=192.0.2.1\n");
	fixture_file(&fx, "/etc/sysconfig/network-scripts/route-eth0", "192.0.2.2 via 192.0.2.1\n");
	fixture_file(&fx, "/etc/sysconfig/network/ifcfg-eth0", "IPADDR_1='192.0.2.1/24'\n");
	fixture_file(&fx, "/etc/conf.d/net", "config_eth0=(\n\t\"2001:DB8:0::21/64\"\n)\n");
	read_side();
	assert_int_equal(mentions(TOPIC_ADDRESS, "/etc/network/interfaces:3"), 1);
	assert_int_equal(mentions(TOPIC_ADDRESS, "/etc/network/interfaces:6"), 1);
	assert_int_equal(mentions(TOPIC_ADDRESS, "/etc/sysconfig/network-scripts/ifcfg-eth0:1:1"), 1);
	assert_int_equal(mentions(TOPIC_ADDRESS, "/etc/sysconfig/network/ifcfg-eth0:1"), 1);
	assert_int_equal(mentions(TOPIC_ADDRESS, "/etc/conf.d/net:2"), 1);
	assert_int_equal(all_mentions(TOPIC_ADDRESS), 5);
	for (size_t i = 0; i < side.nr_mentions; i++)
		assert_non_null(side.mention[i].guest);
}

static void an_address_blocks_its_guest_alone(void **state)
{
	(void)state;
	add("mail");
	add("web");
	fixture_file(&fx, "/etc/network/interfaces", "iface eth0:1 inet static\naddress 192.0.2.2\n");
	run();
	assert_string_equal(host_finding(&fx, VS_ADDRESS_ON_HOST)->guest, "web");
	assert_string_equal(host_finding(&fx, VS_ADDRESS_ON_HOST)->object, "/etc/network/interfaces:2");
	assert_true(finding_blocks(&fx.findings, "web"));
	assert_false(finding_blocks(&fx.findings, "mail"));
	assert_false(finding_blocks(&fx.findings, NULL));
}

static void only_the_guests_that_are_meant(void **state)
{
	const struct guest *meant;
	struct judged_guests judged = { &meant, 1 };

	(void)state;
	add("mail");
	meant = add("web");
	fixture_file(&fx, "/etc/network/interfaces", "address 192.0.2.1\naddress 192.0.2.2\n");
	read_side();
	assert_int_equal(all_mentions(TOPIC_ADDRESS), 2);
	host_judge(&side, &judged, &fx.findings);
	assert_int_equal(fixture_found(&fx, VS_ADDRESS_ON_HOST), 1);
	assert_string_equal(host_finding(&fx, VS_ADDRESS_ON_HOST)->guest, "web");
}

static void firewalls_are_reported_never_edited(void **state)
{
	(void)state;
	add("web");
	fixture_file(&fx, "/etc/sysconfig/iptables",
		     "*nat\n-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 192.0.2.1:8080\n"
		     "-A POSTROUTING -o eth0 -j MASQUERADE\n-A INPUT -d 192.0.2.100 -j ACCEPT\n");
	fixture_file(&fx, "/etc/shorewall/rules", "ACCEPT net fw:192.0.2.1 tcp 25\n");
	run();
	assert_int_equal(fixture_found(&fx, VS_FIREWALL_RULE), 2);
	for (size_t i = 0; i < out.host.nr_steps; i++)
		assert_null(strstr(step_get(&out.host.step[i], "at"), "iptables"));
	read_side();
	assert_int_equal(all_mentions(TOPIC_NAT), 2);
	host_judge_nat(&side, &fx.findings);
	assert_int_equal(fixture_found(&fx, VS_NAT_RULES), 1);
}

static void tag_options_are_found_by_whole_words(void **state)
{
	static const struct {
		const char *options, *option;
	} rows[] = {
		{ "defaults", NULL }, { "tag", "tag" }, { "rw,tagxid", "tagxid" },
		{ "tagid=7,noatime", "tagid=7" }, { "notag", "notag" }, { "tags,retag", NULL },
		{ "", NULL }, { "notagcheck", "notagcheck" }, { "nodev,,tag", "tag" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *option = host_tag_option(rows[i].options, &fx.pool);

		if (!rows[i].option)
			assert_null(option);
		else
			assert_string_equal(option, rows[i].option);
	}
	fixture_file(&fx, "/etc/fstab", "# /dev/sda1 / ext3 tag 0 0\n/dev/sda2 /tag ext3 defaults 0 0\n"
		     "/dev/sda3\t/vservers ext3 noatime,tagxid 0 2");
	add("web");
	run();
	assert_int_equal(fixture_found(&fx, VS_TAG_OPTION_LEFT), 1);
	assert_string_equal(host_finding(&fx, VS_TAG_OPTION_LEFT)->object, "/etc/fstab:3");
}

static void a_large_or_odd_file_is_named(void **state)
{
	char *large = pool_alloc(&fx.pool, (1 << 20) + 2);

	(void)state;
	memset(large, 'x', (1 << 20) + 1);
	fixture_file(&fx, "/etc/cron.d/large", large);
	fixture_link(&fx, "../../../../../etc/passwd-not-there", "/etc/cron.d/dangling");
	if (mkfifo(fixture_path(&fx, "/etc/cron.d/fifo"), 0600) < 0)
		fixture_die("mkfifo", "/etc/cron.d/fifo");
	read_side();
	assert_int_equal(fixture_found(&fx, VS_HOST_FILE_UNREAD), 1);
	assert_string_equal(host_finding(&fx, VS_HOST_FILE_UNREAD)->object, "/etc/cron.d/large");
}

static void mentions_are_bounded(void **state)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	(void)state;
	for (int i = 0; i < 1500; i++)
		buf_adds(&text, "vserver x\n");
	fixture_file(&fx, "/etc/crontab", text.data);
	read_side();
	assert_int_equal(side.nr_mentions, 1000);
	assert_true(side.cut);
}

static void a_live_address_is_a_warning(void **state)
{
	struct host_address address[] = {
		{ .dev = "lo", .text = "127.0.0.1", .prefix = 8 },
		{ .dev = "eth0", .text = "192.0.2.1", .prefix = 24 },
	};
	const struct host_net net = { .nr_addresses = 2, .address = address };
	const struct guest *one = add("web");
	const struct judged_guests judged = { &one, 1 };

	(void)state;
	host_judge_live(&net, &judged, &fx.findings);
	assert_int_equal(fx.findings.nr, 1);
	assert_string_equal(fx.findings.v[0].guest, "web");
}

static void routing_is_looked_for(void **state)
{
	(void)state;
	assert_false(host_forwards(&fx.root, &fx.pool));
	fixture_file(&fx, "/etc/sysctl.conf", "#net.ipv4.ip_forward=1\nnet.ipv4.ip_forward = 0\n");
	assert_false(host_forwards(&fx.root, &fx.pool));
	fixture_file(&fx, "/etc/sysctl.d/10-x.conf", "kernel.sysrq = 0\nnet.ipv4.ip_forward=1");
	assert_true(host_forwards(&fx.root, &fx.pool));
}

static void one_guest_has_another_sample_and_method(void **state)
{
	const struct answer answers[] = {
		{ .guest = "mail", .sample = "small", .has_method = true, .method = METHOD_COPY },
		{ .guest = "elsewhere", .sample = "none" },
	};

	(void)state;
	fixture_file(&fx, "/etc/vz/conf/ve-small.conf-sample", "# small\nNUMPROC=\"7:7\"\n");
	add("mail");
	add("web");
	choices.answers = answers;
	choices.nr_answers = 2;
	run();
	assert_string_equal(out.v[0].ct.sample_name, "small");
	assert_string_equal(out.v[1].ct.sample_name, "vps.basic");
	assert_int_equal(out.v[0].method, METHOD_COPY);
	assert_int_equal(out.v[1].method, METHOD_RENAME);
	for (size_t g = 0; g < 2; g++)
		for (size_t i = 0; i < out.v[g].plan.nr_steps; i++) {
			const struct step *s = &out.v[g].plan.step[i];

			if (s->text && strcmp(step_get(s, "at"), out.v[g].ct.conf) == 0)
				assert_non_null(strstr(s->text, g ? "# sample\n" : "# small\n"));
		}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, make, unmake)
	const struct CMUnitTest tests[] = {
		T(an_empty_host_says_nothing),
		T(rc_links_of_vserver_are_found),
		T(a_directory_with_two_names_is_read_once),
		T(names_that_others_use_need_a_proof),
		T(units_and_runlevels_are_found),
		T(what_is_no_link_is_named),
		T(the_plan_switches_them_off),
		T(sshd_behind_its_wrapper_blocks),
		T(a_plain_sshd_is_enough),
		T(jobs_that_call_tools_are_named),
		T(addresses_in_network_files_are_named),
		T(an_address_blocks_its_guest_alone),
		T(only_the_guests_that_are_meant),
		T(firewalls_are_reported_never_edited),
		T(tag_options_are_found_by_whole_words),
		T(a_large_or_odd_file_is_named),
		T(mentions_are_bounded),
		T(a_live_address_is_a_warning),
		T(routing_is_looked_for),
		T(one_guest_has_another_sample_and_method),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
