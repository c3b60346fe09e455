/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's tree with VServer's marks is copied, compared, and gets changes back. The
 * tree is tagged here by the formula of each method and unified with another guest and a
 * store; hidden flags are written by debugfs. What is right is a twin that was never
 * marked. Real file systems on loop devices: needs root.
 */
#include "step/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "step/marks.h"
#include "tree_source.h"

#define TAG 300u
#define THIRD 77u
#define HIDDEN_BITS 0x28000000u		/* IUNLINK, COW; ext4 drops the latter when flags are set */

static bool able;
static struct marks marks;
static struct tree_options forth = { .threads = 3, .marks = &marks };
static struct tree_options back = { .threads = 3, .marks = &marks, .back = true };

static void shell(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void shell(const char *fmt, ...)
{
	char cmd[1000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	if (system(cmd) != 0)
		fail_msg("%s", cmd);
}

/* ---- the guest */

/* What VServer writes: spelled out, and not by base/tags.c. */
static void owner_on_disk(enum tagging method, uint32_t tag, uid_t *uid, gid_t *gid)
{
	if (method == TAGGING_UID16)
		*uid |= tag << 16;
	else if (method == TAGGING_GID16)
		*gid |= tag << 16;
	else {
		*uid |= tag >> 8 << 24;
		*gid |= tag << 24;
	}
}

/* chown takes set-id bits and capabilities: a file of VServer has tag and both. */
static void tag_one(enum tagging method, uint32_t tag, const char *path)
{
	char caps[100];
	ssize_t len = lgetxattr(path, "security.capability", caps, sizeof(caps));
	struct stat st;

	MUST(lstat(path, &st));
	owner_on_disk(method, tag, &st.st_uid, &st.st_gid);
	MUST(lchown(path, st.st_uid, st.st_gid));
	if (!S_ISLNK(st.st_mode))
		MUST(chmod(path, st.st_mode & 07777));
	if (len > 0)
		MUST(lsetxattr(path, "security.capability", caps, (size_t)len, 0));
}

static const char *const names[] = {
	"", "/bin", "/bin/su", "/bin/ping", "/bin/gcc", "/etc", "/etc/passwd", "/etc/resolv.conf",
	"/etc/acl", "/dev", "/dev/null", "/dev/sda", "/fifo", "/socket", "/link", "/log", "/lib",
	"/lib/libc", "/lib/old",
};
#define NR_NAMES (sizeof(names) / sizeof(names[0]))

/* Of everything one, in all its inodes' glory, without a mark. */
static void make_guest(void)
{
	static const unsigned char caps[20] = { 0, 0, 0, 2, 0, 0x20 };

	MUST(mkdir("m/guest", 0755));
	MUST(mkdir("m/guest/bin", 0755));
	MUST(mkdir("m/guest/etc", 02755));
	MUST(mkdir("m/guest/dev", 0755));
	MUST(mkdir("m/guest/lib", 0755));
	puts_to("m/guest/bin/su", "set-id program");
	MUST(chmod("m/guest/bin/su", 06755));
	puts_to("m/guest/bin/ping", "program with a capability");
	MUST(setxattr("m/guest/bin/ping", "security.capability", caps, sizeof(caps), 0));
	puts_to("m/guest/bin/gcc", "program of two names");
	MUST(link("m/guest/bin/gcc", "m/guest/bin/cc"));
	puts_to("m/guest/etc/passwd", "root");
	puts_to("m/guest/etc/resolv.conf", "nameserver");
	puts_to("m/guest/etc/acl", "a");
	shell("setfacl -m u:1000:rw,g:5:r m/guest/etc/acl; setfacl -d -m u:70000:rwx m/guest/etc");
	MUST(mknod("m/guest/dev/null", S_IFCHR | 0666, makedev(1, 3)));
	MUST(mknod("m/guest/dev/sda", S_IFBLK | 0600, makedev(8, 0)));
	MUST(mkfifo("m/guest/fifo", 0600));
	make_socket("m/guest/socket");
	MUST(symlink("/etc/passwd", "m/guest/link"));
	MUST(chown("m/guest/bin/su", 0, 5));
	MUST(chmod("m/guest/bin/su", 06755));
	MUST(lchown("m/guest/link", 1000, 100));
	puts_to("m/guest/log", "by the host");
	MUST(chown("m/guest/log", 1000, 1000));
	puts_to("m/guest/lib/libc", "library of many guests");
	puts_to("m/guest/lib/old", "library of an old kernel");
	for (size_t i = 0; i < NR_NAMES; i++) {
		char path[60];

		snprintf(path, sizeof(path), "m/guest%s", names[NR_NAMES - 1 - i]);
		set_mtime(path, 1200000000 + (time_t)i, (long)(i * 1000));
	}
	shell("cp -a m/guest m/twin");
}

static const char *const unified[] = { "lib/libc", "bin/gcc", "bin/su", "bin/ping" };
#define NR_UNIFIED (sizeof(unified) / sizeof(unified[0]))

static unsigned long long ino_of(const char *path)
{
	struct stat st;

	MUST(lstat(path, &st));
	return st.st_ino;
}

/* One name in the store, one in another guest, immutable, with bits that no kernel shows. */
static void unify_guest(void)
{
	char path[60], store[60], other[60];
	FILE *do_it = fopen("debugfs.do", "w");

	MUST(mkdir("m/hash", 0700));
	MUST(mkdir("m/other", 0755));
	for (size_t i = 0; i < NR_UNIFIED; i++) {
		snprintf(path, sizeof(path), "m/guest/%s", unified[i]);
		snprintf(store, sizeof(store), "m/hash/%zu", i);
		snprintf(other, sizeof(other), "m/other/%zu", i);
		MUST(link(path, store));
		MUST(link(path, other));
		MUST(set_flags(path, FS_IMMUTABLE_FL, 0));
		fprintf(do_it, "sif <%llu> flags 0x%x\n", ino_of(path),
			get_flags(path) | HIDDEN_BITS);
	}
	MUST(set_flags("m/guest/lib/old", FS_IMMUTABLE_FL | 0x8000, 0));	/* as of 2.4 */
	MUST(set_flags("m/guest/etc/resolv.conf", FS_IMMUTABLE_FL, 0));	/* the administrator's */
	MUST(set_flags("m/twin/etc/resolv.conf", FS_IMMUTABLE_FL, 0));
	fclose(do_it);
	set_mtime("m/guest/bin", 1200000017, 17000);
	/* Another name space may hold the file system for a moment longer. */
	shell("umount m && for i in $(seq 100); do losetup -nj m.img | grep -q . || break; "
	      "sleep 0.1; done; debugfs -w -f debugfs.do m.img >debugfs.log 2>&1 && mount -o loop m.img m");
}

/* Tag 0 where the host wrote, a third tag where a file came from another guest. */
static void tag_guest(enum tagging method)
{
	char path[60];

	for (size_t i = 0; i < NR_NAMES; i++) {
		bool host = strcmp(names[i], "/log") == 0 || strcmp(names[i], "/dev") == 0;

		snprintf(path, sizeof(path), "m/guest%s", names[i]);
		if (strcmp(names[i], "/fifo") == 0) {
			tag_one(method, THIRD, path);
			tag_one(method, THIRD, "m/twin/fifo");
		} else if (!host) {
			tag_one(method, TAG, path);
		}
	}
}

static int open_marks(enum tagging method)
{
	char source[200] = "";
	int fd = dir_fd("m");
	const char *why;
	struct err err;
	FILE *p = popen("findmnt -fno SOURCE m", "r");

	if (!p || !fgets(source, sizeof(source), p))
		exit(99);
	pclose(p);
	source[strcspn(source, " \n")] = '\0';
	marks = (struct marks){ .tagging = method, .nr_tags = 2, .tag = { TAG, 301 },
				.immutable = IMMUTABLE_UNIFIED };
	MUST(hidden_open(&marks.hidden, fd, "ext4", source, &why, &err));
	close(fd);
	return marks.hidden ? 0 : -1;
}

static void build_marked(enum tagging method)
{
	MUST(mkdir("m", 0755));
	shell("truncate -s 32M m.img && mkfs.ext4 -q m.img && mount -o loop m.img m");
	make_guest();
	tag_guest(method);
	unify_guest();
	MUST(open_marks(method));
}

static void mount_target(const char *mkfs, const char *size)
{
	MUST(mkdir("t", 0755));
	shell("truncate -s %s t.img && %s t.img >mkfs.log 2>&1 && mount -o loop t.img t", size, mkfs);
	MUST(mkdir("t/dst", 0700));
}

static void drop_all(void)
{
	shell("for d in m t; do if mountpoint -q $d; then umount $d; fi; "
	      "if [ -d $d ]; then rmdir $d; fi; rm -f $d.img sums; done");
	marks_release(&marks);
}

/* ---- the engine */

static void copied_by(const char *from, const char *to, const struct tree_options *how)
{
	int a = dir_fd(from), b = dir_fd(to), sums = open("sums", O_RDWR | O_CREAT, 0600);
	struct tree_counts counts;
	struct err err = { 0 };
	int rc = tree_copy(a, b, sums, how, &counts, &err);

	if (rc == 0)
		rc = tree_verify(a, b, sums, how, &counts, &err);
	close(sums);
	close(a);
	close(b);
	if (rc < 0)
		fail_msg("%s", err.text);
}

struct first {
	char path[60], what[40];
};

static void first_one(void *ctx, const char *path, const char *what)
{
	struct first *f = ctx;

	if (!*f->path) {
		snprintf(f->path, sizeof(f->path), "%s", path);
		snprintf(f->what, sizeof(f->what), "%s", what);
	}
}

/* The number of differences, and the first one as "path: what". */
static int64_t differences(const struct tree_options *how, char first[128])
{
	int a = dir_fd("m/guest"), b = dir_fd("t/dst");
	struct first f = { "", "" };
	struct err err = { 0 };
	int64_t nr = tree_diff(a, b, true, 1000, first_one, &f, how, &err);

	close(a);
	close(b);
	snprintf(first, 128, "%s: %s", f.path, f.what);
	return nr;
}

static void same_as_twin(void)
{
	char path[60];

	assert_true(same_trees("m/twin", "t/dst"));
	for (size_t i = 0; i < NR_UNIFIED; i++) {
		snprintf(path, sizeof(path), "t/dst/%s", unified[i]);
		assert_false(get_flags(path) & (META_LOCKS | HIDDEN_BITS));
	}
	assert_false(get_flags("t/dst/lib/old") & (META_LOCKS | 0x8000));
	assert_true(get_flags("t/dst/etc/resolv.conf") & FS_IMMUTABLE_FL);
}

/* A copy with a mark left, or with one that was no mark lost. */
static void found_and_repaired(void)
{
	static const struct {
		const char *name, *what;
		uint32_t set, clear;
	} flaws[] = {
		{ "lib/libc", "inode flags", FS_IMMUTABLE_FL, 0 },
		{ "etc/resolv.conf", "inode flags", 0, FS_IMMUTABLE_FL },
		{ "bin/su", "owner", 0, 0 },
		{ "dev/null", "owner", 0, 0 },
		{ "link", "owner", 0, 0 },
		{ "etc", "owner", 0, 0 },
	};
	char first[128], want[100], path[60];

	for (size_t i = 0; i < sizeof(flaws) / sizeof(flaws[0]); i++) {
		snprintf(path, sizeof(path), "t/dst/%s", flaws[i].name);
		if (flaws[i].set || flaws[i].clear)
			MUST(set_flags(path, flaws[i].set, flaws[i].clear));
		else
			tag_one(marks.tagging, TAG, path);
		snprintf(want, sizeof(want), "%s: %s", flaws[i].name, flaws[i].what);
		assert_int_equal(differences(&forth, first), 1);
		assert_string_equal(first, want);
		copied_by("m/guest", "t/dst", &forth);
		same_as_twin();
	}
}

static void copy_and_compare(enum tagging method, const char *mkfs, const char *size)
{
	static const struct tree_options blind = { .threads = 3 };
	unsigned long long gcc, ping;
	char first[128];

	if (!able)
		skip();
	build_marked(method);
	mount_target(mkfs, size);
	copied_by("m/guest", "t/dst", &forth);
	same_as_twin();
	assert_int_equal(differences(&forth, first), 0);
	assert_true(differences(&blind, first) > (int64_t)NR_NAMES - 4);
	gcc = ino_of("t/dst/bin/gcc");
	ping = ino_of("t/dst/bin/ping");
	found_and_repaired();
	assert_int_equal(ino_of("t/dst/bin/gcc"), gcc);
	assert_int_equal(ino_of("t/dst/bin/ping"), ping);
	/* The source has all its marks still. */
	assert_true(get_flags("m/hash/0") & FS_IMMUTABLE_FL);
	assert_int_equal(ino_of("m/hash/0"), ino_of("m/guest/lib/libc"));
	drop_all();
}

static void id24_to_xfs(void **state)
{
	(void)state;
	copy_and_compare(TAGGING_ID24, "mkfs.xfs -fq", "400M");
}

static void uid16_to_ext3(void **state)
{
	(void)state;
	copy_and_compare(TAGGING_UID16, "mkfs.ext3 -q", "32M");
}

static void gid16_to_btrfs(void **state)
{
	(void)state;
	copy_and_compare(TAGGING_GID16, "mkfs.btrfs -fq", "200M");
}

/* ---- changes come back */

static void text_is(const char *path, const char *want)
{
	char text[100] = "";
	int fd = open(path, O_RDONLY);

	MUST(fd);
	MUST(read(fd, text, sizeof(text) - 1));
	close(fd);
	assert_string_equal(text, want);
}

static void owner_is(const char *path, uid_t uid, gid_t gid)
{
	struct stat st;

	owner_on_disk(marks.tagging, TAG, &uid, &gid);
	MUST(lstat(path, &st));
	assert_int_equal(st.st_uid, uid);
	assert_int_equal(st.st_gid, gid);
}

/* What the container did: a unified file written, one chmodded, one gone, one linked. */
static void container_runs(void)
{
	puts_to("t/dst/lib/libc", "LIBRARY OF ONE CONTAINER");
	MUST(chmod("t/dst/bin/su", 0755));
	MUST(unlink("t/dst/lib/old"));
	MUST(link("t/dst/bin/gcc", "t/dst/bin/third"));
	MUST(mkdir("t/dst/new", 0700));
	puts_to("t/dst/new/file", "new");
	MUST(chown("t/dst/new/file", 1000, 100));
	MUST(symlink("file", "t/dst/new/link"));
}

static void others_have_theirs(void)
{
	text_is("m/other/0", "library of many guests");
	text_is("m/hash/0", "library of many guests");
	for (size_t i = 0; i < NR_UNIFIED; i++) {
		char path[60], other[60];

		snprintf(path, sizeof(path), "m/hash/%zu", i);
		snprintf(other, sizeof(other), "m/other/%zu", i);
		assert_int_equal(ino_of(path), ino_of(other));
		assert_true(get_flags(path) & FS_IMMUTABLE_FL);
	}
}

/* As only debugfs shows them. */
static void flags_on_disk(const char *path, const char *want)
{
	shell("sync; debugfs -R 'stat <%llu>' m.img 2>/dev/null | grep -q 'Flags: %s'",
	      ino_of(path), want);
}

static void changes_come_back(void **state)
{
	unsigned long long ping, passwd, resolv, libc, gcc;
	struct stat dev;

	(void)state;
	if (!able)
		skip();
	build_marked(TAGGING_ID24);
	mount_target("mkfs.ext4 -q", "32M");
	copied_by("m/guest", "t/dst", &forth);
	/* Nothing changed: nothing is touched. */
	libc = ino_of("m/guest/lib/libc");
	gcc = ino_of("m/guest/bin/gcc");
	copied_by("t/dst", "m/guest", &back);
	assert_int_equal(ino_of("m/guest/lib/libc"), libc);
	assert_int_equal(ino_of("m/guest/bin/gcc"), gcc);
	assert_int_equal(ino_of("m/guest/bin/cc"), gcc);
	assert_true(get_flags("m/guest/bin/gcc") & FS_IMMUTABLE_FL);
	container_runs();
	ping = ino_of("m/guest/bin/ping");
	passwd = ino_of("m/guest/etc/passwd");
	resolv = ino_of("m/guest/etc/resolv.conf");
	for (int round = 0; round < 2; round++) {
		copied_by("t/dst", "m/guest", &back);
		others_have_theirs();
		/* What is the same stays: inode, tag, flags. */
		assert_int_equal(ino_of("m/guest/bin/ping"), ping);
		assert_int_equal(ino_of("m/hash/3"), ping);
		assert_int_equal(ino_of("m/guest/etc/passwd"), passwd);
		assert_int_equal(ino_of("m/guest/etc/resolv.conf"), resolv);
		owner_is("m/guest/etc/passwd", 0, 0);
		owner_is("m/guest/etc", 0, 0);
		owner_is("m/guest", 0, 0);
		MUST(lstat("m/guest/dev", &dev));	/* of tag 0, and has times of its own */
		assert_true(dev.st_uid == 0 && dev.st_gid == 0);
		flags_on_disk("m/guest/bin/ping", "0x28.*10$");
		flags_on_disk("m/hash/0", "0x8.*10$");
		/* What changed is new, and the guest's. */
		text_is("m/guest/lib/libc", "LIBRARY OF ONE CONTAINER");
		assert_int_not_equal(ino_of("m/guest/lib/libc"), ino_of("m/hash/0"));
		assert_false(get_flags("m/guest/lib/libc") & FS_IMMUTABLE_FL);
		assert_int_not_equal(ino_of("m/guest/bin/su"), ino_of("m/hash/2"));
		assert_int_not_equal(ino_of("m/guest/bin/gcc"), ino_of("m/hash/1"));
		assert_int_equal(ino_of("m/guest/bin/cc"), ino_of("m/guest/bin/gcc"));
		assert_int_equal(ino_of("m/guest/bin/third"), ino_of("m/guest/bin/gcc"));
		assert_int_equal(access("m/guest/lib/old", F_OK), -1);
		owner_is("m/guest/lib/libc", 0, 0);
		owner_is("m/guest/bin/su", 0, 5);
		owner_is("m/guest/new", 0, 0);
		owner_is("m/guest/new/file", 1000, 100);
		owner_is("m/guest/new/link", 0, 0);
	}
	drop_all();
}

static int set_up(void **state)
{
	(void)state;
	tree_base_make("/var/tmp");
	able = geteuid() == 0 && system("losetup -f >/dev/null 2>&1") == 0 &&
	       system("command -v debugfs mkfs.xfs mkfs.btrfs setfacl >/dev/null") == 0;
	if (!able && getenv("CI"))
		return -1;
	return 0;
}

static int clean_up(void **state)
{
	(void)state;
	if (system("umount -l m t 2>/dev/null") != 0)
		errno = 0;
	tree_base_remove();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(id24_to_xfs),
		cmocka_unit_test(uid16_to_ext3),
		cmocka_unit_test(gid16_to_btrfs),
		cmocka_unit_test(changes_come_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, clean_up);
}
