/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logical volumes that a step makes, with an lvm that is a script: its volume group is a
 * folder, its volumes are loop devices over one file, which is what their extents are.
 * The real lvm is in tests/fs/550-lvm.sh. First how programs of the host are run at all.
 */
#include "kinds_fixture.h"

#include <sched.h>
#include <sys/mount.h>

#include "decide/insulate_lv.h"
#include "model/finding.h"
#include "step/lvm.h"
#include "step/tool.h"

#define NEED_LVM() do { if (!group[0]) skip(); } while (0)

static char group[64], vg[32];

/* lvs and vgs print what is in DIR/lvs and DIR/vgs; a warning goes to the other stream. */
static const char script[] =
	"#!/bin/sh\n"
	"cd '%s' || exit 1\n"
	"echo '  WARNING: this is no lvm' >&2\n"
	"c=$1; shift; for last; do :; done; name=${last##*/}\n"
	"case $c in\n"
	"lvs) [ ! -e gone ] || exit 5; cat odd 2>/dev/null; for v in *.lv; do [ ! -e \"$v\" ] || cat \"$v\"; done; exit 0 ;;\n"
	"vgs) [ ! -e gone ] || exit 0; echo '  %s|4194304|62914560'; echo '  other|1048576|0'; exit 0 ;;\n"
	"lvremove) . ./detach.sh; detach \"$(readlink /dev/%s/$name)\" && rm $name.lv /dev/%s/$name; exit ;;\n"
	"lvchange) ;;\n"
	"lvcreate) echo \"$c $*\" >>calls; [ ! -e full ] || { echo '  no room' >&2; exit 5; }\n"
	"	while [ $# -gt 1 ]; do case $1 in --name) name=$2 ;; --addtag) tag=$2 ;; --size) size=${2%%k} ;; esac; shift; done\n"
	"	echo \"  $name|$((size * 1024))|$tag,more\" >$name.lv\n"
	"	[ ! -e dies ] || kill -KILL $$\n"
	"	dd if=/dev/zero of=extents bs=4096 count=1 conv=notrunc 2>/dev/null ;;\n"
	"esac\n"
	"mkdir -p /dev/%s\n"
	"ln -sfn \"$(losetup -f --show --sizelimit $(cut -d'|' -f2 $name.lv) extents)\" /dev/%s/$name\n";

/* Who looks at all loop devices at that moment keeps one for as long. */
static const char detach[] =
	"detach() {\n"
	"	losetup -d \"$1\" || return\n"
	"	for i in $(seq 200); do losetup \"$1\" >/dev/null 2>&1 || return 0; sleep .05; done\n"
	"	return 1\n"
	"}\n";

static bool shell(const char *fmt, ...) PRINTF_LIKE(1, 2);
static bool shell(const char *fmt, ...)
{
	char command[900] = "exec >/dev/null 2>&1; ";
	size_t len = strlen(command);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command + len, sizeof(command) - len, fmt, ap);
	va_end(ap);
	return system(command) == 0;
}

/* A mount namespace of this program's own, where the script stands at lvm's place. */
static void bind_script(void)
{
	char path[80], *real = realpath("/sbin/lvm", NULL);
	FILE *f;

	if (geteuid() != 0 || !real || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return;
	snprintf(group, sizeof(group), "/var/tmp/vs2vz-lv.XXXXXX");
	if (!mkdtemp(group))
		exit(99);
	snprintf(vg, sizeof(vg), "vs2vzu%d", (int)getpid());
	snprintf(path, sizeof(path), "%s/lvm", group);
	f = fopen(path, "we");
	if (!f)
		exit(99);
	fprintf(f, script, group, vg, vg, vg, vg, vg);
	fclose(f);
	snprintf(path + strlen(group), sizeof(path) - strlen(group), "/detach.sh");
	f = fopen(path, "we");
	if (!f)
		exit(99);
	fputs(detach, f);
	fclose(f);
	snprintf(path + strlen(group), sizeof(path) - strlen(group), "/lvm");
	if (chmod(path, 0755) < 0 || mount(path, real, NULL, MS_BIND, NULL) < 0 ||
	    !shell("truncate -s 32M %s/extents", group))
		exit(99);
	free(real);
}

static void clean(void)
{
	shell("cd %s && . ./detach.sh && for l in /dev/%s/*; do detach $(readlink $l); rm $l; done; rmdir /dev/%s; "
	      "rm -f *.lv odd full dies gone calls extents; truncate -s 32M extents", group, vg, vg);
}

static void plan_lv(struct plan *p, const struct root *root, struct pool *pool)
{
	char at[80];
	struct step *s;

	*p = (struct plan){ .scope = "guest", .guest = "web", .ctid = 346 };
	add_times(p, root, pool, "/vservers");
	s = plan_step(p, pool, "lv");
	step_arg(s, pool, "vg", vg);
	step_arg(s, pool, "name", "ct346");
	step_arg(s, pool, "bytes", "16777216");
	step_argf(s, pool, "tag", "vs2vz-%s", own_uuid());
	s = plan_step(p, pool, "makefs");
	snprintf(at, sizeof(at), "/dev/%s/ct346", vg);
	step_arg(s, pool, "at", at);
	add_source(s, pool, root, "/vservers/cop", "/vz/private/346");
	step_arg(s, pool, "uuid", own_uuid());
	step_arg(s, pool, "label", "ct346");
	step_arg(s, pool, "type", "ext4");
	step_arg(s, pool, "bytes", "16777216");
	step_arg(s, pool, "inodes", "64");
	step_arg(s, pool, "reserve", "5");
	s = plan_step(p, pool, "retire");
	add_source(s, pool, root, "/vservers/cop", "/vservers/.cop.vs2vz-retired");
}

static int up_lv(void **state)
{
	return group[0] ? up_with(state, plan_lv) : 0;
}

static int down_lv(void **state)
{
	int rc = group[0] ? down(state) : 0;

	if (group[0])
		clean();
	return rc;
}

static const struct step *lv_of(const struct bench *b)
{
	return &b->plan.step[1];
}

static void stands(struct bench *b, const struct step *s, enum standing want)
{
	enum standing now;

	good(s->kind->guard(s, &b->work, &now, &err));
	if (now != want)
		fail_msg("%s stands at %d, not at %d: %s", s->kind->name, now, want, err.text);
}

static int apply(struct bench *b)
{
	return lv_of(b)->kind->apply(lv_of(b), &b->work, &err);
}

static int undo(struct bench *b, bool ran)
{
	b->work.ran = ran;
	return lv_of(b)->kind->undo(lv_of(b), &b->work, &err);
}

static bool is_empty(void)
{
	return shell("cd %s && ! ls *.lv && ! test -e /dev/%s/ct346", group, vg);
}

static bool is_made(void)
{
	return shell("cd %s && grep -q '|16777216|vs2vz-%s,' ct346.lv && test -b /dev/%s/ct346",
		     group, own_uuid(), vg);
}

/* ---- the laws */

static void it_obeys(void **state)
{
	struct bench *b = *state;

	NEED_LVM();
	stands(b, lv_of(b), STANDS_BEFORE);
	stands(b, &b->plan.step[2], STANDS_BEFORE);
	good(undo(b, false));
	assert_true(is_empty());
	good(apply(b));
	stands(b, lv_of(b), STANDS_AFTER);
	assert_true(is_made());
	good(apply(b));
	assert_true(is_made());
	assert_true(shell("test $(wc -l <%s/calls) = 1", group));
	good(undo(b, true));
	stands(b, lv_of(b), STANDS_BEFORE);
	assert_true(is_empty());
	good(undo(b, true));
	good(apply(b));
	good(undo(b, false));
	assert_true(is_empty());
	assert_int_equal(b->work.nr_kept, 0);
}

static void the_plan_goes_there_and_back(void **state)
{
	struct bench *b = *state;
	struct deviation dev[4];
	size_t nr;

	NEED_LVM();
	forward(b);
	assert_true(is_made());
	good(run_check(&b->journal, &b->work, dev, 4, &nr, &err));
	if (nr)
		fail_msg("step %u: %s", dev[0].step, dev[0].what);
	assert_true(shell("e2fsck -fn /dev/%s/ct346", vg));
	/* In doubt again: what makefs made is no old signature. */
	good(apply(b));
	assert_true(shell("e2fsck -fn /dev/%s/ct346", vg));
	back_to_the_start(b);
	assert_true(is_empty());
	assert_int_equal(b->work.nr_kept, 0);
}

/* ---- what is not ours */

static void another_volume_is_not_touched(void **state)
{
	static const struct {
		const char *before, *after;
		bool ours;
	} tags[] = { { "", "", false }, { "mine", "", false }, { "vs2vz-", "x", true },
		     { "xvs2vz-", "", true }, { "vs2vz-", "", false } };
	struct bench *b = *state;

	NEED_LVM();
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		assert_true(shell("cd %s && echo '  ct346|16777216|%s%s%s' >ct346.lv && "
				  "cp ct346.lv was", group, tags[i].before,
				  tags[i].ours ? own_uuid() : "", tags[i].after));
		stands(b, lv_of(b), STANDS_FOREIGN);
		assert_int_equal(apply(b), -1);
		assert_int_equal(err.code, ERR_FOREIGN);
		b->work.nr_kept = 0;
		good(undo(b, false));
		assert_int_equal(b->work.nr_kept, 0);
		good(undo(b, true));
		assert_int_equal(b->work.nr_kept, 1);
		assert_true(shell("cd %s && cmp ct346.lv was && ! test -e calls", group));
	}
}

static void what_came_onto_it_stays(void **state)
{
	struct bench *b = *state;

	NEED_LVM();
	good(apply(b));
	assert_true(shell("mke2fs -qF /dev/%s/ct346", vg));
	good(undo(b, true));
	assert_int_equal(b->work.nr_kept, 1);
	assert_true(is_made());
	assert_true(shell("e2fsck -fn /dev/%s/ct346", vg));
	/* While the step is in doubt it is what the extents held before. */
	good(undo(b, false));
	assert_true(is_empty());
}

static void one_in_use_is_refused(void **state)
{
	struct bench *b = *state;
	char path[80];
	int fd;

	NEED_LVM();
	good(apply(b));
	snprintf(path, sizeof(path), "/dev/%s/ct346", vg);
	fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(undo(b, true), -1);
	assert_int_equal(err.code, EBUSY);
	assert_true(is_made());
	close(fd);
	good(undo(b, true));
}

/* ---- what goes wrong */

static void old_signatures_go(void **state)
{
	struct bench *b = *state;

	NEED_LVM();
	/* One that zeros of 4 KiB leave, and both ways on after a cut before them. */
	for (int way = 0; way < 3; way++) {
		assert_true(shell("cd %s && mkfs.btrfs -qf -m single extents || "
				  "dd if=/dev/zero of=extents bs=4M count=4; printf _BHRfS_M | "
				  "dd of=extents bs=1 seek=65600 conv=notrunc; mke2fs -qF extents", group));
		if (way)
			assert_true(shell("touch %s/dies", group));
		assert_int_equal(apply(b), way ? -1 : 0);
		shell("rm %s/dies", group);
		if (way == 1)
			good(apply(b));
		if (way < 2)
			assert_false(shell("blkid -p /dev/%s/ct346", vg));
		if (way == 2)	/* the script takes off what is there only */
			assert_true(shell("cd %s && ./lvm lvchange -ay %s/ct346", group, vg));
		good(undo(b, false));
		assert_true(is_empty());
	}
}

static void lvm_can_fail(void **state)
{
	static const char *const odd[] = { "ct346", "  a|b", "  a|1|t|more", "  ct346|many|t" };
	struct bench *b = *state;
	enum standing now;

	NEED_LVM();
	assert_true(shell("touch %s/full", group));
	assert_int_equal(apply(b), -1);
	assert_non_null(strstr(err.text, "no room"));
	assert_null(strstr(err.text, "WARNING"));
	assert_true(is_empty());
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		assert_true(shell("cd %s && echo '%s' >odd && rm -f calls", group, odd[i]));
		assert_int_equal(lv_of(b)->kind->guard(lv_of(b), &b->work, &now, &err), -1);
		assert_int_equal(apply(b), -1);
		assert_int_equal(undo(b, false), -1);
		assert_true(shell("! test -e %s/calls", group));
	}
}

/*
 * The disks are out. What the container wrote may be on them: undo is refused; when that
 * does not count the guest comes back, and what cannot be removed is named.
 */
static void the_group_can_be_gone(void **state)
{
	struct bench *b = *state;
	struct buf CLEANUP_BUF now = BUF_INIT;

	NEED_LVM();
	forward(b);
	assert_true(shell("cd %s && touch gone && . ./detach.sh && detach $(readlink /dev/%s/ct346) && "
			  "rm /dev/%s/ct346", group, vg, vg));
	stands(b, lv_of(b), STANDS_FOREIGN);
	assert_int_equal(apply(b), -1);
	assert_int_equal(run_back(&b->journal, &b->work, &err), -1);
	b->work.changed = CHANGED_DISCARD;
	good(run_back(&b->journal, &b->work, &err));
	assert_int_equal(b->work.nr_kept, 1);
	snapshot(&now, b->root.fd, WORLD_STATE, true);
	assert_string_equal(b->before.data, now.data);
	assert_true(shell("cd %s && grep -q ct346 ct346.lv", group));
}

/* ---- what the planner says */

static struct insulation decided(struct lvm_groups *groups, const char *at, uint64_t least,
				 uint64_t wanted, struct findings *findings)
{
	const struct insulate_question q = { .name = "web", .groups = groups };
	const struct insulate_lv_wish wish = { least, wanted, 0 };
	struct insulation in = { .at = at };

	good(insulate_lv_decide(&in, &q, &wish, findings->pool, findings, &err));
	return in;
}

static void all_guests_count_together(void **state)
{
	struct pool pool = POOL_INIT;
	struct findings findings = { .pool = &pool };
	struct lvm_groups groups = { .read = false };
	struct insulation in;
	char at[80];

	(void)state;
	NEED_LVM();
	snprintf(at, sizeof(at), "/dev/%s/ct1", vg);
	in = decided(&groups, at, 1 << 20, (20u << 20) + 1, &findings);
	assert_int_equal(findings.nr, 0);
	assert_true(in.bytes == 24u << 20);
	assert_string_equal(in.lv_vg, vg);
	assert_string_equal(in.lv_name, "ct1");
	(void)decided(&groups, at, 1 << 20, 40u << 20, &findings);
	assert_int_equal(findings.nr, 1);
	assert_int_equal((int)findings.v[0].kind->id, VS_GROUP_FULL);
	/* One that does not fit has nothing: there is room for a smaller one. */
	(void)decided(&groups, at, 1 << 20, 36u << 20, &findings);
	assert_int_equal(findings.nr, 1);
	(void)decided(&groups, at, 1 << 20, 1, &findings);
	assert_int_equal(findings.nr, 2);
	(void)decided(&groups, at, 8 << 20, 4 << 20, &findings);
	assert_int_equal((int)findings.v[2].kind->id, VS_IMAGE_SMALL);
	(void)decided(&groups, "/dev/none/ct1", 1, 1, &findings);
	assert_int_equal((int)findings.v[3].kind->id, VS_GROUP_MISSING);
	assert_true(shell("cd %s && echo '  ct1|4194304|' >ct1.lv", group));
	(void)decided(&groups, at, 8 << 20, 4 << 20, &findings);	/* asked once */
	assert_int_equal(findings.nr, 5);
	findings.nr = 4;
	groups = (struct lvm_groups){ .read = false };
	(void)decided(&groups, at, 1, 1, &findings);
	assert_int_equal((int)findings.v[4].kind->id, VS_VOLUME_MISSING);
	shell("rm %s/ct1.lv", group);
	pool_release(&pool);
}

/* ---- programs of the host */

static void run_shell(struct tool_said *said, const char *text, int fd)
{
	const char *const args[] = { "/bin/sh", "-c", text, NULL };

	good(tool_run(said, args, fd, &err));
}

static void a_program_has_what_it_is_given(void **state)
{
	struct tool_said CLEANUP_TOOL said = TOOL_SAID_INIT;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "given\n", 6), 6);
	close(ends[1]);
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	assert_int_equal(fcntl(ends[0], F_DUPFD_CLOEXEC, 77), 77);
	setenv("LVM_SYSTEM_DIR", "/elsewhere", 1);
	run_shell(&said, "cat; cat <&3; env | sort; test -e /proc/self/fd/77 && echo leak >&2; exit 7", ends[0]);
	unsetenv("LVM_SYSTEM_DIR");
	close(ends[0]);
	close(77);
	assert_int_equal(said.status, 7);
	assert_non_null(strstr(said.out.data, "given\nLC_ALL=C\nLVM_SUPPRESS_FD_WARNINGS=1\nPATH="));
	assert_null(strstr(said.out.data, "elsewhere"));
	assert_int_equal(said.err.len, 0);
}

static void both_streams_may_be_long(void **state)
{
	struct tool_said CLEANUP_TOOL said = TOOL_SAID_INIT;

	(void)state;
	run_shell(&said, "i=0; while [ $i -lt 40 ]; do printf '%8192s' e >&2; printf '%8192s' o; "
		  "i=$((i + 1)); done; kill -TERM $$", -1);
	assert_int_equal(said.status, 128 + 15);
	assert_int_equal(said.out.len, 40 * 8192);
	assert_int_equal(said.err.len, 40 * 8192);
}

static void a_program_may_be_missing(void **state)
{
	static const char *const args[] = { "/sbin/vs2vz-no-such-program", NULL };
	struct tool_said CLEANUP_TOOL said = TOOL_SAID_INIT;

	(void)state;
	assert_false(tool_exists(args[0]));
	assert_false(tool_exists("/sbin"));
	assert_true(tool_exists("/bin/sh"));
	good(tool_run(&said, args, -1, &err));
	assert_int_equal(said.status, 127);
}

static void words_are_short(void **state)
{
	static const char *const skip_these[] = { "WARNING", NULL };
	struct buf CLEANUP_BUF heard = BUF_INIT;
	struct buf CLEANUP_BUF words = BUF_INIT;

	(void)state;
	buf_adds(&heard, "  WARNING: x\n  a\n\n  b\n");
	tool_words(&words, &heard, skip_these);
	assert_string_equal(words.data, "a; b");
	for (int i = 0; i < 1000; i++)
		buf_adds(&heard, "long line long line long line");
	tool_words(&words, &heard, skip_these);
	assert_true(words.len < 700);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up_lv, down_lv)

/* In time it is as without a limit; after it, it and what it started are killed. */
static void programs_within(void **state)
{
	static const char *const quick[] = { "/bin/sh", "-c", "echo said >&2; umask >&2; exit 3", NULL };
	static const char *const slow[] = { "/bin/sh", "-c", "echo began >&2; sleep 1000; :", NULL };
	static const char *const mute[] = { "/bin/sh", "-c", "exec >&- 2>&-; sleep 1000; :", NULL };
	struct tool_said said = TOOL_SAID_INIT;
	mode_t before = umask(0);

	(void)state;
	good(tool_run_within(&said, quick, 600, &err));
	assert_int_equal(said.status, 3);
	assert_false(said.late);
	umask(before);
	assert_string_equal(said.err.data, "said\n0022\n");	/* not that of the program */
	tool_release(&said);
	said = (struct tool_said)TOOL_SAID_INIT;
	good(tool_run_within(&said, slow, 1, &err));
	assert_true(said.late);
	assert_int_equal(said.status, 128 + 9);
	assert_string_equal(said.err.data, "began\n");
	tool_release(&said);
	said = (struct tool_said)TOOL_SAID_INIT;
	good(tool_run_within(&said, mute, 1, &err));
	assert_true(said.late);
	tool_release(&said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_obeys),
		TEST(the_plan_goes_there_and_back),
		TEST(another_volume_is_not_touched),
		TEST(what_came_onto_it_stays),
		TEST(one_in_use_is_refused),
		TEST(old_signatures_go),
		TEST(lvm_can_fail),
		TEST(the_group_can_be_gone),
		cmocka_unit_test(all_guests_count_together),
		cmocka_unit_test(a_program_has_what_it_is_given),
		cmocka_unit_test(both_streams_may_be_long),
		cmocka_unit_test(a_program_may_be_missing),
		cmocka_unit_test(words_are_short),
		cmocka_unit_test(programs_within),
	};
	int rc;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	bind_script();
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	if (group[0])
		shell("umount -l /sbin/lvm; rm -rf %s", group);
	return rc;
}
