/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From fstab lines to mount scripts: what each line is, where its target and source
 * are, what is said of it, and the text and steps that come out. What the scripts do
 * when they run is tested in tests/fs.
 */
#include "decide/mounts.h"
#include "decide/templates.h"
#include "decide_run.h"

static struct guest *g;

static int start(void **state)
{
	make(state);
	g = add("v345");
	fixture_dir(&fx, "/vservers/v345/data");
	fixture_dir(&fx, "/vservers/v345/two");
	fixture_dir(&fx, "/srv/a/sub");
	fixture_file(&fx, "/srv/file", "x");
	return 0;
}

static void item_file(const char *path, const char *text)
{
	fixture_file(&fx, pool_printf(&fx.pool, "%s/%s", g->conf, path), text);
	host_item(&g->items, &fx.pool, path, ITEM_FILE, text);
}

static void fstab(const char *text)
{
	item_file("fstab", text);
	run();
}

static const struct step *step_at(const char *path)
{
	const struct plan *p = &out.v[0].plan;

	for (size_t i = 0; i < p->nr_steps; i++)
		if (strcmp(p->step[i].kind->name, "write") == 0 &&
		    strcmp(step_get(&p->step[i], "at"), path) == 0)
			return &p->step[i];
	return NULL;
}

static const char *text_of(const char *path)
{
	const struct step *s = step_at(path);

	if (!s)
		fail_msg("no step writes %s", path);
	return s->text;
}

static void has(const char *path, const char *line)
{
	const char *wanted = pool_printf(&fx.pool, "\n%s\n", line);

	if (!strstr(text_of(path), wanted))
		fail_msg("'%s' is not in %s", line, path);
}

#define MOUNT "/etc/vz/conf/345.mount"
#define UMOUNT "/etc/vz/conf/345.umount"

static void kinds_of_lines(void **state)
{
	static const struct {
		enum mount_kind kind;
		const char *item, *line;
	} rows[] = {
		{ MOUNT_NOT_NEEDED, "fstab", "none /proc proc defaults" },
		{ MOUNT_NOT_NEEDED, "fstab", "none /proc/ proc defaults" },
		{ MOUNT_NOT_NEEDED, "fstab", "none /sys sysfs defaults" },
		{ MOUNT_NOT_NEEDED, "fstab", "none /dev/pts devpts gid=5" },
		{ MOUNT_NOT_NEEDED, "fstab", "/dev/sda2 none swap sw" },
		{ MOUNT_NOT_NEEDED, "fstab", "/a /b none bind,noauto" },
		{ MOUNT_INSIDE, "fstab", "none /var/named/proc proc defaults" },
		{ MOUNT_INSIDE, "fstab", "none /cg cgroup cpu" },
		{ MOUNT_TMP_DEFAULT, "fstab", "none /tmp tmpfs size=16m,mode=1777" },
		{ MOUNT_MEMORY, "fstab", "none /tmp tmpfs size=64m,mode=1777" },
		{ MOUNT_MEMORY, "fstab", "none /tmp tmpfs size=16m,mode=1777,noexec" },
		{ MOUNT_MEMORY, "fstab", "none /var/tmp tmpfs size=16m,mode=1777" },
		{ MOUNT_MEMORY, "fstab", "none /dev/shm tmpfs defaults" },
		{ MOUNT_MEMORY, "fstab", "none /r ramfs defaults" },
		{ MOUNT_ROOT, "fstab", "/dev/sdb1 / ext3 defaults" },
		{ MOUNT_ROOT, "fstab", "/srv/tree / none bind" },
		{ MOUNT_REFUSED, "fstab", "none / tmpfs size=1g" },
		{ MOUNT_BIND, "fstab", "/a /b none bind" },
		{ MOUNT_BIND, "fstab", "/a /b tmpfs bind,ro" },
		{ MOUNT_BIND, "fstab.remote", "/a /b none bind" },
		{ MOUNT_BIND, "fstab", "/a /b none bind,private" },
		{ MOUNT_REFUSED, "fstab", "a /b none bind" },
		{ MOUNT_REFUSED, "fstab", "/a /b none rbind" },
		{ MOUNT_REFUSED, "fstab", "/a /b none bind,rec" },
		{ MOUNT_REFUSED, "fstab", "/a /b none r" },
		{ MOUNT_REFUSED, "fstab", "/a /b none move" },
		{ MOUNT_REFUSED, "fstab", "/a /b none remount,ro" },
		{ MOUNT_REFUSED, "fstab", "none /b none shared" },
		{ MOUNT_REFUSED, "fstab", "-osuid /b none bind" },
		{ MOUNT_REFUSED, "fstab", "/a /b -x rw" },
		{ MOUNT_REFUSED, "fstab", "none /b aufs br=/a" },
		{ MOUNT_REFUSED, "fstab", "LABEL= /b ext3 rw" },
		{ MOUNT_DISK, "fstab", "/dev/sdb1 /b ext3 noatime" },
		{ MOUNT_DISK, "fstab", "/dev/sdb1 /b none rw" },
		{ MOUNT_DISK, "fstab", "LABEL=x /b ext3 noatime" },
		{ MOUNT_DISK, "fstab", "UUID=x /b xfs noatime" },
		{ MOUNT_NETWORK, "fstab", "nas:/x /b nfs rw" },
		{ MOUNT_NETWORK, "fstab.local", "nas:/x /b nfs4 rw" },
		{ MOUNT_BY_GUEST, "fstab.remote", "nas:/x /b nfs4 rw" },
		{ MOUNT_NETWORK, "fstab.remote", "//win/x /b cifs ro" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct item item = { .path = rows[i].item, .type = ITEM_FILE,
				     .text = rows[i].line, .len = strlen(rows[i].line) };
		struct mount_entry e = { .in_script = false };
		struct fstab f;

		fstab_parse(&f, &item, &fx.pool);
		assert_int_equal(f.nr, 1);
		e.line = f.v[0];
		fstab_options(&e.options, &e.line, &fx.pool);
		mount_classify(&e);
		if (e.kind != rows[i].kind)
			fail_msg("%s: %d", rows[i].line, e.kind);
		if (e.kind <= MOUNT_INSIDE && e.kind != MOUNT_TMP_DEFAULT)
			assert_non_null(e.why);
	}
}

static void nothing_to_mount(void **state)
{
	(void)state;
	fstab("none /proc proc defaults 0 0\nnone /tmp tmpfs size=16m,mode=1777 0 0\n"
	      "none /dev/pts devpts gid=5,mode=620 0 0\n");
	assert_null(step_at(MOUNT));
	assert_null(step_at(UMOUNT));
	assert_null(ct_get(&out.v[0].ct, "FEATURES"));
	assert_int_equal(fixture_found(&fx, VS_MOUNT_TMP_HIDDEN), 0);
	assert_int_equal(out.v[0].ledger.v[0].verdict, VERDICT_NOT_NEEDED);
	assert_null(out.v[0].ledger.v[0].result);
}

static void hidden_tmp(void **state)
{
	(void)state;
	fixture_file(&fx, "/vservers/v345/tmp/old", "x");
	fstab("none /tmp tmpfs size=16m,mode=1777 0 0\n");
	assert_int_equal(fixture_found(&fx, VS_MOUNT_TMP_HIDDEN), 1);
	assert_non_null(strstr(host_finding(&fx, VS_MOUNT_TMP_HIDDEN)->seen, "'old'"));
}

static void script(void **state)
{
	(void)state;
	fixture_link(&fx, "/two", "/vservers/v345/link");
	item_file("fstab.local", "/srv/file data/f none bind\n");
	fixture_file(&fx, "/srv/a/f", "");
	fstab("/srv/a /data none bind,ro 0 0\n"
	      "none //link/ tmpfs size=1m 0 0\n"
	      "/srv/a data//sub none bind,dev 0 0\n");
	has(MOUNT, "# fstab:1\nbind_on '/srv/a' '/data' 'nodev,ro'");
	has(MOUNT, "# fstab:2\nmount_on 'tmpfs' 'none' '/two' 'nodev,size=1m'");
	has(MOUNT, "# fstab:3\nbind_on '/srv/a' '/data/sub' ''");
	has(MOUNT, "# fstab.local:1\nbind_on '/srv/file' '/data/f' 'nodev'");
	has(UMOUNT, "drop '/data/f'\ndrop '/data/sub'\ndrop '/two'\ndrop '/data'");
	has(MOUNT, "vz_conf='/etc/vz/vz.conf'\nchained=''");
	assert_string_equal(step_get(step_at(MOUNT), "mode"), "0755");
	assert_string_equal(step_get(step_at(UMOUNT), "owner"), "0:0");
	assert_string_equal(out.v[0].ledger.v[0].item->path, "fstab");
	assert_int_equal(out.v[0].ledger.v[0].verdict, VERDICT_SAME);
	assert_string_equal(out.v[0].ledger.v[0].result, "345.mount");
	/* Before CTID.conf: a container that can start has its mounts. */
	assert_true(step_at(UMOUNT)->nr < step_at("/etc/vz/conf/345.conf")->nr);
}

/* What stands below an earlier mount, where that can be known. */
static void below_mounts(void **state)
{
	(void)state;
	fixture_dir(&fx, "/vservers/v345/data/hidden");
	fixture_dir(&fx, "/vservers/v345/two/hidden");
	fixture_dir(&fx, "/vservers/v345/own");
	fstab("/srv/a /data none bind 0 0\n"
	      "none /data/hidden tmpfs rw 0 0\n"
	      "none /data/sub tmpfs rw 0 0\n"
	      "none /data/sub/x tmpfs rw 0 0\n"
	      "nas:/x /two nfs rw 0 0\n"
	      "none /two/any tmpfs rw 0 0\n"
	      "/vservers/v345/etc /own none bind 0 0\n"
	      "/srv/file /own/passwd none bind 0 0\n"
	      "/srv/file /own/none none bind 0 0\n");
	assert_int_equal(fixture_found(&fx, VS_MOUNT_TARGET_MISSING), 3);
	assert_null(strstr(text_of(MOUNT), "# fstab:2\n"));
	assert_null(strstr(text_of(MOUNT), "# fstab:4\n"));
	assert_null(strstr(text_of(MOUNT), "# fstab:9\n"));
	has(MOUNT, "mount_on 'tmpfs' 'none' '/two/any' 'nodev,rw'");
	has(MOUNT, "bind_on '/srv/file' '/own/passwd' 'nodev'");
}

static void order_of_files(void **state)
{
	const char *text;

	(void)state;
	item_file("fstab.remote", "/srv/a /two none bind\n");
	fstab("/srv/a /data none bind\n");
	text = text_of(MOUNT);
	assert_true(strstr(text, "# fstab:1") < strstr(text, "# fstab.remote:1"));
}

static void shares(void **state)
{
	(void)state;
	fixture_dir(&fx, "/vservers/v345/three");
	fstab("nas:/x /data nfs rw,vers=3,hard 0 0\n"
	      "nas:/x/ /two nfs vers=3,hard,ro 0 0\n"
	      "nas:/x /three nfs vers=4 0 0\n");
	has(MOUNT, "mount_on 'nfs' 'nas:/x' '/data' 'nodev,rw,vers=3,hard'");
	has(MOUNT, "bind_own '/data' '/two' 'nodev,ro'");
	has(MOUNT, "mount_on 'nfs' 'nas:/x' '/three' 'nodev,vers=4'");
	assert_int_equal(fixture_found(&fx, VS_MOUNT_NETWORK), 3);
}

static void shares_apart(void **state)
{
	(void)state;
	fstab("nas:/x /data nfs nosharecache 0 0\nnas:/x /two nfs nosharecache 0 0\n");
	has(MOUNT, "mount_on 'nfs' 'nas:/x' '/two' 'nodev,nosharecache'");
}

static void own_source(void **state)
{
	(void)state;
	fixture_link(&fx, "/vservers/v345/data", "/srv/alias");
	fstab("/srv/alias /two none bind 0 0\n/vservers/v345 /data none bind 0 0\n");
	has(MOUNT, "bind_own '/data' '/two' 'nodev'");
	has(MOUNT, "bind_own '/' '/data' 'nodev'");
}

static void other_trees(void **state)
{
	(void)state;
	add("web2");
	fstab("/vservers/web2/etc /data none bind 0 0\n/vservers /two none bind 0 0\n");
	assert_int_equal(fixture_found(&fx, VS_MOUNT_IN_GUEST), 2);
	assert_true(finding_blocks(&fx.findings, "v345"));
	assert_false(finding_blocks(&fx.findings, "web2"));
}

static void missing_things(void **state)
{
	(void)state;
	fstab("/srv/none /data none bind 0 0\n/srv/a /none none bind 0 0\n"
	      "/dev/nosuch /two ext3 noatime 0 2\nLABEL=/da /two xfs ro 0 0\n"
	      "none /data/../etc/passwd tmpfs rw 0 0\n");
	assert_int_equal(fixture_found(&fx, VS_MOUNT_SOURCE_MISSING), 1);
	assert_string_equal(host_finding(&fx, VS_MOUNT_SOURCE_MISSING)->object, "fstab:1");
	assert_int_equal(fixture_found(&fx, VS_MOUNT_TARGET_MISSING), 2);
	assert_int_equal(fixture_found(&fx, VS_MOUNT_UNCHECKED), 2);
	assert_int_equal(fixture_found(&fx, VS_MOUNT_NO_FSCK), 1);
	assert_null(strstr(text_of(MOUNT), "fstab:2"));
	assert_null(strstr(text_of(MOUNT), "fstab:5"));
	assert_int_equal(out.v[0].ledger.v[0].verdict, VERDICT_NEAR);
	assert_string_equal(out.v[0].ledger.v[0].reason, "5 mounted by CTID.mount; "
			    "2 of CTID.mount left out: see the findings");
	has(MOUNT, "mount_on 'ext3' '/dev/nosuch' '/two' 'nodev,noatime'");
}

/* On the host itself a device that is not there is not there. */
static void missing_devices(void **state)
{
	(void)state;
	host.kernel = KERNEL_OPENVZ;
	fixture_file(&fx, "/dev/disk/by-label/\\x2fda", "");
	fixture_file(&fx, "/dev/disk/by-uuid/12-34", "");
	fstab("/dev/nosuch /data ext3 rw 0 0\nLABEL=/da /two xfs ro 0 0\n"
	      "UUID=12-34 /two xfs ro 0 0\nUUID=12-35 /two xfs ro 0 0\n");
	assert_int_equal(fixture_found(&fx, VS_MOUNT_SOURCE_MISSING), 2);
	assert_int_equal(fixture_found(&fx, VS_MOUNT_UNCHECKED), 0);
}

static void root_device(void **state)
{
	(void)state;
	fstab("/dev/sdb1 / ext3 rw 0 0\n");
	assert_int_equal(fixture_found(&fx, VS_MOUNT_ROOT_DEVICE), 1);
	assert_int_equal(out.v[0].ledger.v[0].verdict, VERDICT_NEAR);
	assert_true(finding_blocks(&fx.findings, "v345"));
	assert_null(step_at(MOUNT));
}

static void words_and_tags(void **state)
{
	(void)state;
	fstab("/srv/a /data none bind,nos 0 0\n/dev/sdb1 /two ext3 tagxid,acl 0 0\n");
	assert_int_equal(fixture_found(&fx, VS_MOUNT_WORD), 1);
	assert_int_equal(fixture_found(&fx, VS_MOUNT_TAGGED), 1);
	has(MOUNT, "bind_on '/srv/a' '/data' 'nodev,nosuid'");
	has(MOUNT, "mount_on 'ext3' '/dev/sdb1' '/two' 'nodev,acl'");
}

static void hostile_names(void **state)
{
	(void)state;
	fixture_dir(&fx, "/srv/q'$(x)`y`\"\\");
	fixture_dir(&fx, "/vservers/v345/a b'\x01");
	fixture_link(&fx, "a b'\x01", "/vservers/v345/link");
	fixture_dir(&fx, "/vservers/v345/new\nline");
	fixture_link(&fx, "new\nline", "/vservers/v345/bad");
	fixture_link(&fx, "../../..", "/vservers/v345/up");
	fstab("/srv/q'$(x)`y`\"\\ /link none bind 0 0\n/srv/a /bad none bind 0 0\n"
	      "/srv/a /up none bind 0 0\n/srv/a /up/data none bind 0 0\n");
	has(MOUNT, "bind_on '/srv/q'\\''$(x)`y`\"\\' '/a b'\\''\x01' 'nodev'");
	assert_int_equal(fixture_found(&fx, VS_MOUNT_UNSAFE), 2);
	has(MOUNT, "bind_on '/srv/a' '/data' 'nodev'");
	check_plan(&out.v[0].plan);
	for (size_t i = 0; i < fx.findings.nr; i++)
		assert_null(strpbrk(fx.findings.v[i].seen, "\x01\n"));
}

static void by_guest(void **state)
{
	(void)state;
	item_file("fstab.remote", "nas:/x /data nfs vers=3 0 0\n");
	run();
	assert_int_equal(fixture_found(&fx, VS_MOUNT_BY_GUEST), 1);
	assert_non_null(strstr(host_finding(&fx, VS_MOUNT_BY_GUEST)->seen,
			       "'nas:/x /data nfs nodev,vers=3 0 0'"));
	assert_string_equal(ct_get(&out.v[0].ct, "FEATURES"), "nfs:on");
	assert_null(step_at(MOUNT));
	assert_true(finding_blocks(&fx.findings, "v345"));
}

static void by_guest_already(void **state)
{
	(void)state;
	fixture_file(&fx, "/vservers/v345/etc/fstab",
		     "bad\nnas:/x/ /data nfs4 rw 0 0 # x\nnas:/y /two nfs rw 0 0");
	item_file("fstab.remote", "nas:/x /data/ nfs vers=4 0 0\nnas:/y /two nfs rw 0 0\n");
	run();
	assert_int_equal(fixture_found(&fx, VS_MOUNT_BY_GUEST), 0);
	assert_int_equal(fixture_found(&fx, VS_MOUNT_NFS_ON), 1);
	assert_false(finding_blocks(&fx.findings, "v345"));
}

static void guest_rights(void **state)
{
	static const struct {
		const char *text;
		bool on;
	} rows[] = {
		{ "secure_mount\n", true }, { "VXC_BINARY_MOUNT\n", true },
		{ "raw_icmp,secure_mount\n", true }, { "!secure_mount\n", false },
		{ "~!mount\n", true }, { "secure_remount\n", false },
		{ "secure_mount", false }, /* no newline: VServer lost the line */
		{ "secure_mount\n~secure_mount\n", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		fixture_file(&fx, "/vservers/v345/etc/fstab", "nas:/x /data nfs rw 0 0\n");
		fixture_file(&fx, "/etc/vz/conf/ve-vps.basic.conf-sample",
			     "NUMPROC=\"240\"\nFEATURES=\"ppp:on\"\n");
		g->items.nr = 0;
		host_item(&g->items, &fx.pool, "ccapabilities", ITEM_FILE, rows[i].text);
		run();
		const char *value = ct_get(&out.v[0].ct, "FEATURES");
		if (rows[i].on && (!value || strcmp(value, "ppp:on nfs:on") != 0))
			fail_msg("'%s': %s", rows[i].text, value ? value : "-");
		if (!rows[i].on && value && strstr(value, "nfs:on"))
			fail_msg("'%s': %s", rows[i].text, value);
	}
}

static void chained(void **state)
{
	const struct step *copy;

	(void)state;
	fixture_file(&fx, MOUNT, "#!/bin/sh\necho earlier\n");
	fixture_file(&fx, MOUNT ".before-vs2vz", "somebody's\n");
	fstab("/srv/a /data none bind 0 0\n");
	copy = step_at(MOUNT ".before-vs2vz.1");
	assert_non_null(copy);
	assert_string_equal(copy->text, "#!/bin/sh\necho earlier\n");
	assert_string_equal(step_get(copy, "old"), "absent");
	assert_string_equal(step_get(step_at(MOUNT), "old"), step_get(copy, "new"));
	has(MOUNT, "chained='" MOUNT ".before-vs2vz.1'");
	assert_string_equal(step_get(step_at(UMOUNT), "old"), "absent");
	assert_int_equal(fixture_found(&fx, VS_MOUNT_CHAINED), 1);
	check_plan(&out.v[0].plan);
}

static void chained_not(void **state)
{
	(void)state;
	fixture_dir(&fx, MOUNT);
	fixture_bytes(&fx, UMOUNT, "\177ELF\0\1", 6);
	fstab("/srv/a /data none bind 0 0\n");
	assert_int_equal(fixture_found(&fx, VS_MOUNT_UNSAFE), 2);
	assert_true(finding_blocks(&fx.findings, "v345"));
	assert_null(step_at(MOUNT));
}

static void twice_the_same(void **state)
{
	const char *first;

	(void)state;
	fstab("/srv/a /data none bind 0 0\nnas:/x /two nfs rw 0 0\n");
	first = text_of(MOUNT);
	run();
	assert_string_equal(first, text_of(MOUNT));
}

static void templates(void **state)
{
	static const struct template_word words[] = {
		{ "A", "one" }, { "B_C", "@A@" }, { NULL, NULL },
	};
	CLEANUP_BUF struct buf text = BUF_INIT;

	(void)state;
	template_fill(&text, "x@A@y @B_C@ \"$@\" a@b @ @@A@", words);
	assert_string_equal(text.data, "xoney @A@ \"$@\" a@b @ @one");
	buf_clear(&text);
	template_quote(&text, "a'b\\\n");
	assert_string_equal(text.data, "'a'\\''b\\\n'");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, unmake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kinds_of_lines), TEST(nothing_to_mount), TEST(hidden_tmp), TEST(script), TEST(below_mounts),
		TEST(order_of_files), TEST(shares), TEST(shares_apart), TEST(own_source),
		TEST(other_trees), TEST(missing_things), TEST(missing_devices),
		TEST(root_device), TEST(words_and_tags), TEST(hostile_names), TEST(by_guest),
		TEST(by_guest_already), TEST(guest_rights), TEST(chained), TEST(chained_not),
		TEST(twice_the_same), TEST(templates),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
