/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From guests to plans: order and arguments of the steps, evidence, method. The plans
 * are decided on real directories, printed and read back; nothing is carried out.
 */
#include "decide/decide.h"
#include "decide_run.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "step/beside.h"
#include "step/trace.h"

static void test_rename(void **state)
{
	const struct plan *p;

	(void)state;
	add("v345");
	run();
	p = &out.v[0].plan;
	assert_int_equal(out.v[0].method, METHOD_RENAME);
	assert_string_equal(kinds_of(p), "times rename mkdir write symlink write write");
	assert_string_equal(arg(p, 0, "at"), "/etc/vservers/v345");
	assert_string_equal(arg(p, 1, "from"), "/vservers/v345");
	assert_string_equal(arg(p, 1, "to"), "/vz/private/345");
	assert_string_equal(arg(p, 2, "at"), "/vz/root/345");
	assert_string_equal(arg(p, 2, "mode"), "0755");
	assert_string_equal(arg(p, 3, "at"), "/etc/vz/conf/345.conf");
	assert_string_equal(arg(p, 4, "at"), "/etc/vz/names/v345");
	assert_string_equal(arg(p, 4, "target"), "../conf/345.conf");
	assert_string_equal(arg(p, 5, "at"), "/etc/vservers/v345/vs2vz");
	assert_memory_equal(p->step[5].text, "ctid 345\n", 9);
	assert_string_equal(arg(p, 6, "at"), "/etc/vservers/v345/disabled");
	assert_string_equal(plan_note_get(p, "method"), "rename");
	assert_string_equal(plan_note_get(p, "sample"), "vps.basic");
	assert_string_equal(plan_note_get(p, "bytes"), "104857600");
	assert_int_equal(others_than_tree_mode(), 0);
	check_plan(p);
}

static bool has_absent(const struct plan *p, const char *path)
{
	for (size_t i = 0; i < p->nr_inputs; i++)
		if (p->input[i].type == INPUT_ABSENT && strcmp(p->input[i].path, path) == 0)
			return true;
	return false;
}

/* What was not there before is a trace of the container's; what was there is not. */
static void test_traces(void **state)
{
	static const char links[] = "/vservers/v345/" TRACE_LINKS_NAME;
	static const char quota[] = "/var/vzquota/quota.345";
	const struct plan *p;

	(void)state;
	add("v345");
	run_whole();
	p = &out.v[0].plan;
	assert_string_equal(kinds_of(p), "times times trace trace rename mkdir write symlink write write");
	assert_string_equal(arg(p, 1, "at"), "/vservers/v345");
	assert_string_equal(arg(p, 2, "at"), links);
	assert_string_equal(arg(p, 2, "what"), TRACE_LINKS);
	assert_string_equal(arg(p, 3, "at"), quota);
	assert_string_equal(arg(p, 3, "what"), TRACE_QUOTA);
	assert_string_equal(arg(p, 3, "ctid"), "345");
	assert_true(has_absent(p, links) && has_absent(p, quota));
	check_plan(p);

	fixture_dir(&fx, links);
	fixture_file(&fx, quota, "x");
	run_whole();
	p = &out.v[0].plan;
	assert_string_equal(kinds_of(p), "times rename mkdir write symlink write write");
	assert_int_equal(fixture_found(&fx, VS_STALE_QUOTA), 1);
	assert_int_equal(fixture_found(&fx, VS_OWN_QUOTA), 0);
	check_plan(p);

	/* Left by a conversion that was undone. */
	fx.findings.nr = 0;
	host.left_quota = (const char *[]){ "/var/vzquota/quota.34", quota };
	host.nr_left_quota = 2;
	run_whole();
	p = &out.v[0].plan;
	assert_string_equal(kinds_of(p), "times trace rename mkdir write symlink write write");
	assert_string_equal(arg(p, 1, "at"), quota);
	assert_false(has_absent(p, quota));
	assert_int_equal(fixture_found(&fx, VS_STALE_QUOTA), 0);
	assert_int_equal(fixture_found(&fx, VS_OWN_QUOTA), 1);
	check_plan(p);
}

static void test_configuration(void **state)
{
	static const char *const keys[] = {
		"ONBOOT", "VE_ROOT", "VE_PRIVATE", "VE_LAYOUT", "ORIGIN_SAMPLE", "HOSTNAME",
		"IP_ADDRESS", "OSTEMPLATE", "NAME",
	};
	const struct ct *ct;
	const char *text;

	(void)state;
	choices.limits = LIMITS_SAMPLE;
	add("v345");
	run();
	ct = &out.v[0].ct;
	assert_int_equal(ct->nr, sizeof(keys) / sizeof(keys[0]));
	for (size_t i = 0; i < ct->nr; i++)
		assert_string_equal(ct->set[i].key, keys[i]);
	text = out.v[0].plan.step[3].text;
	assert_ptr_equal(strstr(text, "# sample\nONBOOT=\"yes\"\nDISKSPACE=\"1G:1.2G\"\n"), text);
	assert_non_null(strstr(text, "\nVE_PRIVATE=\"/vz/private/345\"\n"));
	assert_non_null(strstr(text, "\nVE_LAYOUT=\"simfs\"\n"));
	assert_non_null(strstr(text, "\nHOSTNAME=\"test345.my.org\"\n"));
	assert_non_null(strstr(text, "\nIP_ADDRESS=\"192.0.2.1\"\n"));
	assert_non_null(strstr(text, "\nOSTEMPLATE=\"debian-5.0-x86_64\"\n"));
	assert_non_null(strstr(text, "\nNAME=\"v345\"\n"));
}

/* Without limits as the guest, unless that guest's section or all say otherwise. */
static void test_limits(void **state)
{
	const struct answer answers[] = {
		{ .guest = "mail", .has_limits = true, .limits = LIMITS_SAMPLE },
		{ .guest = "news", .has_limits = true, .limits = LIMITS_GUEST },
	};

	(void)state;
	choices.answers = answers;
	choices.nr_answers = 2;
	add("mail");
	add("news");
	add("v345");
	for (enum limits_from limits = LIMITS_GUEST; limits <= LIMITS_SAMPLE; limits++) {
		choices.limits = limits;
		run();
		assert_null(ct_get(&out.v[0].ct, "NUMPROC"));
		assert_string_equal(ct_get(&out.v[1].ct, "NUMPROC"), "unlimited:unlimited");
		assert_int_equal(ct_get(&out.v[2].ct, "NUMPROC") != NULL, limits == LIMITS_GUEST);
	}
}

static void test_host_plan(void **state)
{
	const struct plan *p = &out.host;

	(void)state;
	add("v345");
	add("web1");
	fixture_dir(&fx, "/vz");
	run();
	assert_string_equal(kinds_of(p), "times times mkdir times times mkdir mkdir");
	assert_string_equal(arg(p, 0, "at"), "/etc/vz/conf");
	assert_string_equal(arg(p, 1, "at"), "/etc/vz");
	assert_string_equal(arg(p, 2, "at"), "/etc/vz/names");
	assert_string_equal(arg(p, 3, "at"), "/vservers");
	assert_string_equal(arg(p, 4, "at"), "/vz");
	assert_string_equal(arg(p, 5, "at"), "/vz/private");
	assert_string_equal(arg(p, 5, "mode"), "0700");
	assert_string_equal(arg(p, 6, "at"), "/vz/root");
	check_plan(p);
}

static void test_host_plan_missing_parents(void **state)
{
	const struct plan *p = &out.host;

	(void)state;
	add("v345");
	host.private_pattern = "/srv/vz/private/$VEID";
	fixture_dir(&fx, "/etc/vz/names");
	fixture_dir(&fx, "/vz/root");
	run();
	assert_string_equal(kinds_of(p), "times times times mkdir mkdir mkdir times times");
	assert_string_equal(arg(p, 2, "at"), "/");
	assert_string_equal(arg(p, 3, "at"), "/srv");
	assert_string_equal(arg(p, 3, "mode"), "0755");
	assert_string_equal(arg(p, 5, "at"), "/srv/vz/private");
	assert_string_equal(arg(p, 5, "mode"), "0700");
	check_plan(p);
}

/* The number in the middle: directories of this container alone are its own steps. */
static void test_deep_pattern(void **state)
{
	(void)state;
	add("v345");
	host.private_pattern = "/vz/$VEID/fs/private";
	run();
	assert_string_equal(kinds_of(&out.v[0].plan),
			    "times mkdir mkdir rename mkdir write symlink write write");
	assert_string_equal(arg(&out.v[0].plan, 1, "at"), "/vz/345");
	assert_string_equal(arg(&out.v[0].plan, 2, "at"), "/vz/345/fs");
	check_plan(&out.v[0].plan);
}

static void test_copy(void **state)
{
	const struct plan *p;

	(void)state;
	add("v345");
	choices.method = METHOD_COPY;
	fixture_file(&fx, "/etc/vservers/v345/disabled", "");
	run();
	p = &out.v[0].plan;
	assert_string_equal(kinds_of(p), "times copy mkdir write symlink retire write");
	assert_string_equal(arg(p, 5, "from"), "/vservers/v345");
	assert_string_equal(arg(p, 5, "to"), "/vservers/.v345.vs2vz-" TEST_TOKEN);
	assert_string_equal(out.v[0].method_reason, "asked for");
	assert_true(out.bytes_needed > (100 << 20) && out.bytes_needed < (120 << 20));
	check_plan(p);
}

static void test_no_space(void **state)
{
	(void)state;
	add("a")->survey.bytes_used = UINT64_MAX / 2;
	add("b");
	add("c")->survey.inodes = UINT64_MAX - 1;
	choices.method = METHOD_COPY;
	run();
	assert_int_equal(fixture_found(&fx, VS_NO_SPACE), 1);
	assert_string_equal(host_finding(&fx, VS_NO_SPACE)->guest, "a");
	/* File systems without a table of inodes have no end of them. */
	assert_true(fixture_found(&fx, VS_NO_INODES) <= 1);
	fx.findings.nr = 0;
	choices.method = METHOD_AUTO;
	run();
	assert_int_equal(fixture_found(&fx, VS_NO_SPACE), 0);
	assert_int_equal(out.bytes_needed, 0);
}

/* In a mount namespace of our own; the root's descriptor must belong to it too. */
static bool mount_on(const char *path, const char *options)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("fs", fixture_path(&fx, path), "tmpfs", 0, options) < 0)
		return false;
	root_release(&fx.root);
	return root_init(&fx.root, fx.dir, &fx.err) == 0;
}

static void test_other_file_system(void **state)
{
	(void)state;
	add("v345");
	fixture_dir(&fx, "/vz");
	if (!mount_on("/vz", "size=64m"))
		skip();
	choices.method = METHOD_RENAME;
	run();
	umount(fixture_path(&fx, "/vz"));
	assert_int_equal(out.v[0].method, METHOD_COPY);
	assert_non_null(strstr(out.v[0].method_reason, "'/vz' is another file system (tmpfs"));
	assert_int_equal(fixture_found(&fx, VS_METHOD_IMPOSSIBLE), 1);
	assert_int_equal(fixture_found(&fx, VS_NO_SPACE), 1);
}

static void test_tree_is_mount(void **state)
{
	(void)state;
	add("v345");
	if (!mount_on("/vservers/v345", "size=1m"))
		skip();
	run();
	umount(fixture_path(&fx, "/vservers/v345"));
	assert_int_equal(fixture_found(&fx, VS_TREE_IS_MOUNT), 1);
	assert_string_equal(kinds_of(&out.v[0].plan), "times copy mkdir write symlink write write");
}

static void test_read_only(void **state)
{
	(void)state;
	add("v345");
	fixture_dir(&fx, "/vz");
	if (!mount_on("/vz", "size=1m") ||
	    mount(NULL, fixture_path(&fx, "/vz"), NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0)
		skip();
	run();
	umount(fixture_path(&fx, "/vz"));
	assert_int_equal(fixture_found(&fx, VS_TARGET_READ_ONLY), 2);
	assert_null(host_finding(&fx, VS_TARGET_READ_ONLY)->guest);
}

static void test_private_inside_tree(void **state)
{
	(void)state;
	add("v345");
	host.private_pattern = "/vservers/v345/private/$VEID";
	run();
	assert_int_equal(fixture_found(&fx, VS_METHOD_IMPOSSIBLE), 1);
}

static void test_legacy(void **state)
{
	struct guest *g = add("mail");
	const struct plan *p;

	(void)state;
	g->style = STYLE_LEGACY;
	g->conf = "/etc/vservers/mail.conf";
	g->items.nr = 0;
	fixture_file(&fx, "/etc/vservers/mail.conf", "S_HOSTNAME=x\n");
	run();
	p = &out.v[0].plan;
	assert_string_equal(kinds_of(p), "rename mkdir write symlink rename");
	assert_string_equal(arg(p, 4, "from"), "/etc/vservers/mail.conf");
	assert_string_equal(arg(p, 4, "to"), "/etc/vservers/mail.conf.vs2vz");
	assert_string_equal(arg(&out.host, 0, "at"), "/etc/vservers");
	check_plan(p);
}

/* Every input counts: a change of any of them makes the plan stale. */
static void test_evidence(void **state)
{
	const char *stale;

	(void)state;
	add("v345");
	run();
	fixture_file(&fx, "/etc/vservers/v345/uts/nodename", "other\n");
	assert_int_equal(plan_fresh(&out.v[0].plan, &fx.root, &fx.pool, &stale, &fx.err), 0);
	assert_non_null(strstr(stale, "uts/nodename"));
	fixture_file(&fx, "/etc/vservers/v345/uts/nodename", "test345.my.org\n");
	check_plan(&out.v[0].plan);
	fixture_file(&fx, "/etc/vservers/v345/context", "5\n");
	assert_int_equal(plan_fresh(&out.v[0].plan, &fx.root, &fx.pool, &stale, &fx.err), 0);
	assert_non_null(stale);
	remove(fixture_path(&fx, "/etc/vservers/v345/context"));
	check_plan(&out.v[0].plan);
	fixture_file(&fx, "/etc/vz/conf/345.conf", "");
	assert_int_equal(plan_fresh(&out.v[0].plan, &fx.root, &fx.pool, &stale, &fx.err), 0);
	assert_string_equal(stale, "'/etc/vz/conf/345.conf' exists now");
}

static void test_requests(void **state)
{
	(void)state;
	add("v345");
	remove(fixture_path(&fx, "/etc/vz/conf/ve-vps.basic.conf-sample"));
	run();
	assert_int_equal(fixture_found(&fx, VS_NO_SAMPLE), 1);
	check_plan(&out.v[0].plan);
	choices.sample = "wings";
	assert_int_equal(decide(&out, (const struct guest *[]){ guest }, 1, &all, &host, &fx.root,
				&choices, &fx.pool, &fx.findings, &fx.err), -1);
}

/* A tree as VServer left it: tags by ID24, unified files, some of them shared. */
static struct guest *add_marked(const char *name)
{
	static struct owner_half tagged = { .uid = 0x0100, .gid = 0x2C00, .inodes = 5000 };
	struct guest *g = add(name);

	g->xid = 300;
	g->survey.nr_halves = 1;
	g->survey.half = &tagged;
	g->survey.hidden_known = true;
	g->survey.immutable = g->survey.immutable_files = g->survey.unified = 40;
	g->survey.outside_inodes = 40;
	g->survey.outside_readonly = 30;
	g->survey.outside_bytes = 4 << 20;
	g->survey.outside_writable_bytes = 1 << 20;
	return g;
}

static void test_repair_in_place(void **state)
{
	const struct plan *p;
	const char *held;
	bool absent;

	(void)state;
	add_marked("v345");
	guest[0].tree_uid = 0x01000000;
	guest[0].tree_gid = 0x2C000000;
	run();
	p = &out.v[0].plan;
	assert_int_equal(fixture_found(&fx, VS_TREE_MODE), 0);
	assert_string_equal(kinds_of(p), "times marks rename mkdir write symlink write write");
	assert_string_equal(arg(p, 1, "at"), "/vservers/v345");
	assert_non_null(strstr(arg(p, 1, "id"), pool_printf(&fx.pool, "/%llu/",
				(unsigned long long)guest[0].tree_ino)));
	held = pool_printf(&fx.pool, "/vservers/.v345.vs2vz-%s-held", plan_token(p));
	assert_string_equal(arg(p, 1, "hold"), held);
	assert_string_equal(arg(p, 1, "tagging"), "id24");
	assert_string_equal(arg(p, 1, "tags"), "300");
	assert_string_equal(arg(p, 1, "immutable"), "unified");
	assert_string_equal(arg(p, 1, "shared"), "break");
	assert_string_equal(plan_note_get(p, "marks"),
			    "tags 300 by id24 off, immutable unified, shared break");
	/* What stands there bars nothing: it is passed by. */
	for (size_t i = 0; i < p->nr_inputs; i++)
		assert_string_not_equal(p->input[i].path, held);
	assert_int_equal(out.bytes_needed, (4 << 20) + (4 << 20) / 50 + (16 << 20));
	assert_false(finding_blocks(&fx.findings, "v345"));
	/* The holding folder changes the time of the directory beside the tree. */
	absent = true;
	for (size_t i = 0; i < out.host.nr_steps; i++)
		absent &= strcmp(arg(&out.host, i, "at"), "/vservers") != 0;
	assert_false(absent);
	check_plan(p);
}

/* Only what there is to mend is said. */
static void test_repair_of_one_kind(void **state)
{
	(void)state;
	add_marked("a")->survey.nr_halves = 0;
	guest[0].survey.outside_inodes = guest[0].survey.outside_readonly = 0;
	add_marked("b")->survey.unified = 0;
	guest[1].survey.outside_inodes = guest[1].survey.outside_readonly = 0;
	run();
	assert_string_equal(arg(&out.v[0].plan, 1, "immutable"), "unified");
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(out.v[i].plan.step[1].kind->name, "marks");
		assert_null(arg(&out.v[i].plan, 1, "hold"));
		assert_null(arg(&out.v[i].plan, 1, "shared"));
		check_plan(&out.v[i].plan);
	}
	assert_null(arg(&out.v[0].plan, 1, "tags"));
	assert_null(arg(&out.v[0].plan, 1, "tagging"));
	assert_null(arg(&out.v[1].plan, 1, "immutable"));
	assert_string_equal(arg(&out.v[1].plan, 1, "tags"), "300");
	assert_int_equal(out.bytes_needed, 0);
}

static void test_repair_while_copying(void **state)
{
	const struct plan *p;

	(void)state;
	choices.method = METHOD_COPY;
	add_marked("v345");
	run();
	p = &out.v[0].plan;
	assert_string_equal(p->step[1].kind->name, "copy");
	assert_string_equal(arg(p, 1, "tagging"), "id24");
	assert_string_equal(arg(p, 1, "tags"), "300");
	assert_string_equal(arg(p, 1, "immutable"), "unified");
	assert_null(arg(p, 1, "shared"));
	check_plan(p);
}

static void test_shared_answers(void **state)
{
	static const struct answer answers[] = {
		{ .guest = "b", .has_shared = true, .shared = SHARED_BREAK },
	};

	(void)state;
	choices.shared = SHARED_KEEP_READONLY;
	choices.answers = answers;
	choices.nr_answers = 1;
	add_marked("a");
	add_marked("b");
	guest[0].survey.nr_halves = 0;
	run();
	assert_string_equal(arg(&out.v[0].plan, 1, "shared"), "keep-readonly");
	assert_string_equal(arg(&out.v[1].plan, 1, "shared"), "break");
	assert_int_equal(out.bytes_needed, (1 << 20) + (1 << 20) / 50 + (4 << 20) + (4 << 20) / 50 +
			 (32 << 20));
}

/* Copies of trees and copies of shared inodes add up where they go to one file system. */
static void test_no_space_for_repair(void **state)
{
	static const struct answer answers[] = {
		{ .guest = "b", .has_method = true, .method = METHOD_COPY },
	};
	struct fsinfo fs;

	(void)state;
	assert_int_equal(fsinfo_read(&fs, &fx.root, "/", &fx.pool, &fx.err), 0);
	choices.answers = answers;
	choices.nr_answers = 1;
	add_marked("a")->survey.outside_bytes = fs.avail_bytes / 3 * 2;
	add("b")->survey.bytes_used = fs.avail_bytes / 3 * 2;
	run();
	assert_int_equal(fixture_found(&fx, VS_NO_SPACE), 1);
	assert_string_equal(host_finding(&fx, VS_NO_SPACE)->guest, "b");
	fx.findings.nr = 0;
	guest[0].survey.outside_bytes = fs.avail_bytes;
	run();
	assert_string_equal(host_finding(&fx, VS_NO_SPACE)->guest, "a");
	assert_string_equal(host_finding(&fx, VS_NO_SPACE)->object, "/vservers/a");
	assert_int_equal(fixture_found(&fx, VS_NO_SPACE), 1);
}

static void test_long_name_of_held(void **state)
{
	char name[256] = "";
	const char *held;

	(void)state;
	memset(name, 'x', 250);
	add_marked(pool_strdup(&fx.pool, name));
	run();
	held = arg(&out.v[0].plan, 1, "hold");
	assert_int_equal(strlen(held), strlen("/vservers/") + NAME_MAX);
	assert_true(beside_is_own(held + strlen("/vservers/"), name, plan_token(&out.v[0].plan),
				  BESIDE_HELD));
}

/* What was given away, as the plan's text and some of what the report shows. */
static struct buf given[2 * MAX];
static void take(void *ctx, const struct decision *decision)
{
	struct buf *text = &given[(*(size_t *)ctx)++];

	plan_print(text, &decision->plan);
	buf_addf(text, "%s %u %s %zu", decision->ct.conf, decision->ct.ctid,
		 decision->method_reason, decision->ledger.nr);
	for (size_t i = 0; i < decision->ct.nr; i++)
		buf_addf(text, " %s=%s", decision->ct.set[i].key, decision->ct.set[i].value);
}

/* Guests that go one by one get the plans, findings and host steps that they get together. */
static void test_each_is_given_away(void **state)
{
	const struct guest *selected[MAX];
	struct buf text CLEANUP_BUF = BUF_INIT, host_text CLEANUP_BUF = BUF_INIT;
	size_t nr = 0, together = 0, found;
	const struct decision_taker taker = { take, &nr };

	(void)state;
	add("a1001");
	add_marked("b1002");
	add("c1003")->style = STYLE_RECENT;
	run_whole();
	found = fx.findings.nr;
	plan_print(&host_text, &out.host);
	for (size_t i = 0; i < out.nr; i++)
		take(&together, &out.v[i]);
	for (size_t i = 0; i < all.nr; i++)
		selected[i] = &guest[i];
	buf_add(&text, given[0].data, given[0].len);
	nr = 3;	/* beside those */
	fx.findings.nr = 0;
	assert_int_equal(decide_each(&out, selected, all.nr, &all, &host, &fx.root, &choices,
				     &taker, &fx.pool, &fx.findings, &fx.err), 0);
	assert_int_equal(nr, 6);
	assert_int_equal(fx.findings.nr, found);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(given[i].data, given[i + 3].data);
		assert_int_equal(out.v[i].ct.ctid, 1001 + i);
		assert_int_equal(out.v[i].method, METHOD_RENAME);
		assert_int_equal(out.v[i].plan.nr_steps, 0);
		assert_int_equal(out.v[i].ledger.nr, 0);
		assert_string_equal(out.v[i].guest->name, guest[i].name);
	}
	buf_clear(&text);
	plan_print(&text, &out.host);
	assert_string_equal(text.data, host_text.data);
	for (size_t i = 0; i < 6; i++)
		buf_release(&given[i]);
}

static void test_nothing_selected(void **state)
{
	(void)state;
	run();
	assert_int_equal(out.host.nr_steps, 0);
	assert_int_equal(fx.findings.nr, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rename),
		TEST(test_traces),
		TEST(test_configuration),
		TEST(test_limits),
		TEST(test_host_plan),
		TEST(test_host_plan_missing_parents),
		TEST(test_deep_pattern),
		TEST(test_copy),
		TEST(test_no_space),
		TEST(test_other_file_system),
		TEST(test_tree_is_mount),
		TEST(test_read_only),
		TEST(test_private_inside_tree),
		TEST(test_legacy),
		TEST(test_evidence),
		TEST(test_requests),
		TEST(test_repair_in_place),
		TEST(test_repair_of_one_kind),
		TEST(test_repair_while_copying),
		TEST(test_shared_answers),
		TEST(test_no_space_for_repair),
		TEST(test_long_name_of_held),
		TEST(test_each_is_given_away),
		TEST(test_nothing_selected),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
