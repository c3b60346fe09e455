/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * File systems of their own, as decided: the words of the user, the steps and their
 * order, the scripts that go with them, containers that exist. Nothing is carried out.
 */
#include "decide/contain.h"
#include "decide/decide.h"
#include "decide/hooks.h"
#include "decide_run.h"
#include "openvz/conf.h"

#include <inttypes.h>

static struct insulate_spec spec(const char *text)
{
	struct insulate_spec s;

	if (insulate_parse(&s, text, &fx.pool, &fx.err) < 0)
		fail_msg("'%s': %s", text, fx.err.text);
	return s;
}

static void test_words(void **state)
{
	static const char *const wrong[] = {
		"", "ext4", "image:", "image:srv", "image:/srv/../etc", "image:/srv:", "image:/srv:10",
		"image:/srv:0G", "image:/srv:99%", "image:/srv:10GB", "image:/srv:-1G", "lv:", "lv:a/b",
		"lv:a b", "lv:..", "device:", "device:/dev/", "device:sda1", "device:/srv/x",
		"device:/dev/../etc/x", "image:/srv:99999999999999999999G", "image:/srv:18446744073709551615T",
		"image:/srv:16T",
	};
	struct insulate_spec s;

	(void)state;
	assert_int_equal(spec("none").where, INSULATE_NOT);
	s = spec("image:/srv/ct:10G");
	assert_int_equal(s.where, INSULATE_IMAGE_DIR);
	assert_string_equal(s.place, "/srv/ct");
	assert_true(s.bytes == (uint64_t)10 << 30 && !s.percent);
	s = spec("image:/srv/a:b/ct");
	assert_string_equal(s.place, "/srv/a:b/ct");
	s = spec("lv:vg0:150%");
	assert_int_equal(s.where, INSULATE_VG);
	assert_string_equal(s.place, "vg0");
	assert_true(!s.bytes && s.percent == 150);
	s = spec("device:/dev/disk/by-id/a:1");
	assert_string_equal(s.place, "/dev/disk/by-id/a:1");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (insulate_parse(&s, wrong[i], &fx.pool, &fx.err) == 0)
			fail_msg("'%s' was taken", wrong[i]);
	assert_int_equal(insulate_parse_one(&s, INSULATE_LV, "vg/ct", &fx.pool, &fx.err), 0);
	assert_int_equal(s.where, INSULATE_LV);
	assert_int_equal(insulate_parse_one(&s, INSULATE_LV, "vg/ct:2G", &fx.pool, &fx.err), 0);
	assert_true(s.bytes == (uint64_t)2 << 30);
	assert_string_equal(s.place, "vg/ct");
	assert_int_equal(insulate_parse_one(&s, INSULATE_LV, "vg:150%", &fx.pool, &fx.err), 0);
	assert_int_equal(s.where, INSULATE_VG);
	assert_string_equal(s.place, "vg");
	assert_int_equal(insulate_parse_one(&s, INSULATE_LV, "vg/", &fx.pool, &fx.err), -1);
	assert_int_equal(insulate_parse_one(&s, INSULATE_LV, "-vg", &fx.pool, &fx.err), -1);
	assert_int_equal(insulate_parse_one(&s, INSULATE_LV, "../ct", &fx.pool, &fx.err), -1);
	assert_int_equal(insulate_parse_one(&s, INSULATE_IMAGE, "/x.img:1M", &fx.pool, &fx.err), 0);
	assert_true(s.bytes == 1 << 20);
}

static void test_convert(void **state)
{
	const struct plan *p;
	const struct ct *ct;

	(void)state;
	add("v345");
	choices.insulate = spec("image:/srv/ct");
	run();
	p = &out.v[0].plan;
	ct = &out.v[0].ct;
	assert_string_equal(kinds_of(p), "times makefs mountpoint mkdir write symlink retire write write");
	assert_string_equal(arg(p, 1, "at"), "/srv/ct/345.img");
	assert_string_equal(arg(p, 1, "to"), "/vz/private/345");
	assert_string_equal(arg(p, 1, "from"), "/vservers/v345");
	assert_string_equal(arg(p, 1, "label"), "ct345");
	assert_string_equal(arg(p, 1, "type"), "ext4");
	assert_true(strtoull(arg(p, 1, "bytes"), NULL, 10) > 104857600);
	assert_true(strtoull(arg(p, 1, "bytes"), NULL, 10) % (1 << 20) == 0);
	assert_string_equal(arg(p, 2, "at"), "/vz/private/345");
	assert_string_equal(ct_get(ct, "VE_DEVICE"), "/srv/ct/345.img");
	assert_string_equal(ct_get(ct, "DISK_QUOTA"), "no");
	assert_string_equal(ct_get(ct, "VE_LAYOUT"), "simfs");
	assert_string_equal(kinds_of(&out.hooks), "times write write");
	assert_string_equal(arg(&out.hooks, 1, "at"), "/etc/vz/conf/vps.premount");
	assert_string_equal(arg(&out.hooks, 1, "mode"), "0755");
	assert_non_null(strstr(out.hooks.step[1].text, "\nvz_conf='/etc/vz/vz.conf'\nchained=''\n"));
	assert_non_null(plan_note_get(&out.hooks, HOOKS_NOTE));
	check_plan(p);
}

/* One guest is exempt; without one there are no scripts. */
static void test_answers(void **state)
{
	static struct answer answers[2];

	(void)state;
	add("v345");
	add("v346");
	choices.insulate = spec("image:/srv");
	answers[0] = (struct answer){ .guest = "v346", .has_insulate = true };
	choices.answers = answers;
	choices.nr_answers = 1;
	run();
	assert_non_null(out.v[0].insulation);
	assert_null(out.v[1].insulation);
	answers[1] = (struct answer){ .guest = "v345", .has_insulate = true };
	choices.nr_answers = 2;
	run();
	assert_null(out.v[0].insulation);
	assert_int_equal(out.hooks.nr_steps, 0);
}

static void test_kernel(void **state)
{
	(void)state;
	add("v345");
	choices.insulate = spec("image:/srv:200%");
	host.kernel = KERNEL_OPENVZ;
	host.kernel_release = "2.6.18-431.el5.028stab123.1";
	run();
	assert_string_equal(arg(&out.v[0].plan, 1, "type"), "ext3");
	host.kernel_release = "2.6.32-042stab145.3";
	run();
	assert_string_equal(arg(&out.v[0].plan, 1, "type"), "ext4");
}

static void test_refusals(void **state)
{
	(void)state;
	add("v345");
	add("v346");
	choices.insulate = spec("device:/dev/vs2vz-none");
	run();
	assert_int_equal(fixture_found(&fx, VS_VOLUME_MISSING), 2);
	assert_int_equal(fixture_found(&fx, VS_DEVICE_TWICE), 1);
	fx.findings.nr = 0;
	choices.insulate = spec("image:/srv:1M");
	host.premount = (struct premount){ PREMOUNT_NO, "/usr/sbin/vzctl", "the word is not in it" };
	run();
	assert_int_equal(fixture_found(&fx, VS_IMAGE_SMALL), 2);
	assert_int_equal(fixture_found(&fx, VS_VZCTL_OLD), 1);
	fx.findings.nr = 0;
	host.premount.answer = PREMOUNT_UNKNOWN;
	run();
	assert_int_equal(fixture_found(&fx, VS_VZCTL_OLD), 0);
	assert_int_equal(fixture_found(&fx, VS_PREMOUNT_UNKNOWN), 1);
}

/* Scripts of ours stay; another one is kept and called; what cannot be kept is said. */
static void test_scripts(void **state)
{
	(void)state;
	add("v345");
	choices.insulate = spec("image:/srv");
	fixture_file(&fx, "/etc/vz/conf/vps.premount", "#!/bin/sh\necho it's mine\n");
	fixture_dir(&fx, "/etc/vz/conf/vps.postumount");
	run();
	assert_string_equal(kinds_of(&out.hooks), "times write write");
	assert_string_equal(arg(&out.hooks, 1, "at"), "/etc/vz/conf/vps.premount.before-vs2vz");
	assert_non_null(strstr(out.hooks.step[2].text,
			       "\nchained='/etc/vz/conf/vps.premount.before-vs2vz'\n"));
	assert_int_equal(fixture_found(&fx, VS_HOOK_CHAINED), 1);
	assert_int_equal(fixture_found(&fx, VS_HOOK_UNUSABLE), 1);
	remove(fixture_path(&fx, "/etc/vz/conf/vps.postumount"));
	fixture_file(&fx, "/etc/vz/conf/vps.premount", out.hooks.step[2].text);
	fixture_file(&fx, "/etc/vz/conf/vps.postumount", out.hooks.step[2].text);
	assert_true(hook_is_ours(&fx.root, "/etc/vz/conf/vps.premount"));
	run();
	assert_int_equal(out.hooks.nr_steps, 0);
}

static void contain(struct contain_plan *made, const struct insulate_spec *wanted,
		    const struct insulate_source *now)
{
	static struct survey tree;
	struct known_cts known;
	const struct contain_question q = {
		.name = "ct/345", .host = &host, .root = &fx.root, .known = &known,
		.wanted = wanted, .now = now, .tree = &tree, .hooks_committed = true,
	};
	struct contain_question asked = q;

	tree.bytes_used = 1 << 20;
	assert_int_equal(layout_known(&known, &host, &fx.root, &fx.pool, &fx.err), 0);
	asked.ct = layout_container(&known, 345);
	assert_non_null(asked.ct);
	if (contain_decide(made, &asked, &fx.pool, &fx.findings, &fx.err) < 0)
		fail_msg("%s", fx.err.text);
	drop_traces(&made->plan);
}

static void test_containers(void **state)
{
	const struct insulate_spec shared = { .where = INSULATE_NOT }, own = spec("image:/srv");
	struct insulate_source now = { "/vz/private/345", "-/4711/-", NULL, "/vz/private/345", false };
	struct contain_plan made;

	(void)state;
	fixture_dir(&fx, "/vz/private/345");
	fixture_file(&fx, "/etc/vz/conf/345.conf", "# mine\nONBOOT=\"yes\"\nDISK_QUOTA=\"yes\"\n");
	contain(&made, &own, &now);
	assert_string_equal(kinds_of(&made.plan),
			    "times times times mkdir makefs retire mountpoint write");
	assert_string_equal(made.plan.step[7].text, "# mine\nONBOOT=\"yes\"\nDISK_QUOTA=\"no\"\n"
			    "VE_DEVICE=\"/srv/345.img\"\nVE_LAYOUT=\"simfs\"\n");
	assert_string_equal(made.plan.scope, "container");

	fixture_file(&fx, "/etc/vz/conf/345.conf",
		     "# mine\nVE_DEVICE=\"UUID=x\"\nDISK_QUOTA=\"no\"\nONBOOT=\"yes\"\n");
	now = (struct insulate_source){ "/dev/vs2vz-none", "7f3c1de2-6a50-4b64-9e0f-0c5d3a4b1a01/2/-", "7f3c1de2-6a50-4b64-9e0f-0c5d3a4b1a01",
					"/vz/private/345", true };
	contain(&made, &shared, &now);
	assert_string_equal(kinds_of(&made.plan), "times times unmountpoint copy write");
	assert_string_equal(arg(&made.plan, 3, "volume"), now.volume);
	assert_string_equal(made.plan.step[4].text, "# mine\nONBOOT=\"yes\"\n");
	contain(&made, &own, &now);
	assert_string_equal(kinds_of(&made.plan), "times times times mkdir makefs write");
}

/* The journal's own name of a container comes back from the text, and no other does. */
static void test_plan_text(void **state)
{
	struct plan p = { .scope = "container", .guest = "ct/345", .ctid = 345 }, back;
	CLEANUP_BUF struct buf text = BUF_INIT;
	const char *at;

	(void)state;
	plan_print(&text, &p);
	at = text.data;
	assert_int_equal(plan_parse(&back, &at, &fx.pool, &fx.err), 0);
	assert_string_equal(back.guest, "ct/345");
	p.ctid = 346;
	buf_clear(&text);
	plan_print(&text, &p);
	at = text.data;
	assert_int_equal(plan_parse(&back, &at, &fx.pool, &fx.err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_words, make, unmake),
		cmocka_unit_test_setup_teardown(test_convert, make, unmake),
		cmocka_unit_test_setup_teardown(test_answers, make, unmake),
		cmocka_unit_test_setup_teardown(test_kernel, make, unmake),
		cmocka_unit_test_setup_teardown(test_refusals, make, unmake),
		cmocka_unit_test_setup_teardown(test_scripts, make, unmake),
		cmocka_unit_test_setup_teardown(test_containers, make, unmake),
		cmocka_unit_test_setup_teardown(test_plan_text, make, unmake),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
