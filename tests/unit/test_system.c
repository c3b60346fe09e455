/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a tree's files say about the system in it, and that a hostile tree gets
 * nothing but a finding out of us.
 */
#include "vserver_fixture.h"

static struct system look(void)
{
	struct system s;

	assert_int_equal(vserver_system(&s, &fx.root, &fx.pool, &fx.findings, "g", &fx.err), 0);
	return s;
}

static const struct {
	const char *file, *text, *distro, *version;
} releases[] = {
	{ "/etc/os-release", "NAME=\"Debian GNU/Linux\"\nID=debian\nVERSION_ID=\"12\"\n", "debian", "12" },
	{ "/etc/os-release", "ID='ubuntu'\nVERSION_ID='14.04'\n", "ubuntu", "14.04" },
	{ "/etc/os-release", "VERSION_ID=\"7\"\nID=\"centos\"\n", "centos", "7" },
	{ "/etc/os-release", "ID=\"opensuse-leap\"\nVERSION_ID=\"15.0\"\n", "opensuse", "15.0" },
	{ "/etc/os-release", "ID=archlinux\n", "arch", "" },
	{ "/etc/os-release", "ID=alpine\r\nVERSION_ID=3.8.5\r\n", "alpine", "3.8" },
	{ "/etc/os-release", "ID=../../etc\nVERSION_ID=1\n", "", "" },
	{ "/etc/os-release", "ID=a\x1b[31m\n", "", "" },
	{ "/usr/lib/os-release", "ID=fedora\nVERSION_ID=20\n", "fedora", "20" },
	{ "/etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=10.04\n", "ubuntu", "10.04" },
	{ "/etc/lsb-release", "DISTRIB_ID=Other\n", "", "" },
	{ "/etc/debian_version", "5.0.10\n", "debian", "5.0" },
	{ "/etc/debian_version", "lenny/sid\n", "debian", "" },
	{ "/etc/redhat-release", "CentOS release 5.11 (Final)\n", "centos", "5.11" },
	{ "/etc/redhat-release", "CentOS Linux release 7.4.1708 (Core)\n", "centos", "7.4" },
	{ "/etc/redhat-release", "Scientific Linux SL release 5.4\n", "scientific", "5.4" },
	{ "/etc/redhat-release", "Red Hat Enterprise Linux Server release 6.5 (S)\n", "rhel", "6.5" },
	{ "/etc/redhat-release", "Red Hat Linux release 9 (Shrike)\n", "redhat", "9" },
	{ "/etc/fedora-release", "Fedora Core release 5 (Bordeaux)\n", "fedora", "5" },
	{ "/etc/SuSE-release", "openSUSE 11.1 (i586)\nVERSION = 11.1\n", "opensuse", "11.1" },
	{ "/etc/SuSE-release", "SUSE Linux Enterprise Server 10 (x86_64)\nVERSION = 10\nPATCHLEVEL = 2\n", "sles", "10" },
	{ "/etc/SuSE-release", "SuSE Linux 9.1 (i586)\nVERSION = 9.1\n", "suse", "9.1" },
	{ "/etc/gentoo-release", "Gentoo Base System version 1.12.11\n", "gentoo", "1.12" },
	{ "/etc/alpine-release", "2.7.9\n", "alpine", "2.7" },
	{ "/etc/arch-release", "", "arch", "" },
	{ "/etc/slackware-version", "Slackware 12.1.0\n", "slackware", "12.1" },
	{ "/etc/altlinux-release", "ALT Linux 4.1 Desktop\n", "altlinux", "4.1" },
	{ "/etc/mandriva-release", "Mandriva Linux release 2010.2\n", "mandrake", "2010.2" },
	{ "/etc/mandrake-release", "Mandrake Linux release 9.2\n", "mandrake", "9.2" },
	{ "/etc/owl-release", "Openwall GNU/*/Linux 3.0\n", "owl", "3.0" },
};

static void distributions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(releases) / sizeof(*releases); i++) {
		struct system s;

		fx_file(releases[i].file, releases[i].text);
		s = look();
		if (strcmp(s.distro, releases[i].distro) || strcmp(s.version, releases[i].version))
			fail_msg("row %zu: %s %s", i, s.distro, s.version);
		assert_int_equal(unlink(fx_path(releases[i].file)), 0);
	}
	fx_no_findings();
}

/* Files of a family stand beside those of its members. */
static void several_files(void **state)
{
	struct system s;

	(void)state;
	fx_file("/etc/debian_version", "squeeze/sid\n");
	fx_file("/etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=10.04\n");
	s = look();
	assert_string_equal(s.distro, "ubuntu");
	fx_file("/etc/debian_version", "7.11\n");
	fx_file("/etc/os-release", "ID=debian\nVERSION_ID=\"7\"\n");
	s = look();
	assert_string_equal(s.version, "7.11");
}

static void elf(const char *path, unsigned machine, int class, bool big)
{
	unsigned char head[64] = { 0x7f, 'E', 'L', 'F', (unsigned char)class, big ? 2 : 1, 1 };

	head[big ? 19 : 18] = machine & 0xff;
	head[big ? 18 : 19] = (unsigned char)(machine >> 8);
	fx_bytes(path, head, sizeof(head));
	assert_int_equal(chmod(fx_path(path), 0755), 0);
}

static void architectures(void **state)
{
	static const struct {
		unsigned machine;
		int class;
		bool big;
		const char *arch;
	} rows[] = {
		{ 3, 1, false, "i386" }, { 62, 2, false, "x86_64" }, { 62, 1, false, "x32" },
		{ 40, 1, false, "arm" }, { 183, 2, false, "aarch64" }, { 20, 1, true, "ppc" },
		{ 22, 2, true, "s390x" }, { 2, 1, true, "sparc" }, { 9999, 1, false, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		elf("/sbin/init", rows[i].machine, rows[i].class, rows[i].big);
		assert_string_equal(look().arch, rows[i].arch);
		assert_string_equal(look().init_arch, rows[i].arch);
	}
	fx_program("/sbin/init", "#!/bin/sh\n");	/* not ELF: the shell tells */
	elf("/bin/sh", 3, 1, false);
	assert_string_equal(look().arch, "i386");
	assert_string_equal(look().init_arch, "");
	assert_true(look().has_shell);
	assert_int_equal(unlink(fx_path("/sbin/init")), 0);
	fx_link("/sbin/init", "nowhere");
	elf("/bin/init", 3, 1, false);	/* a container would start it; vzctl does not ask it */
	assert_string_equal(look().arch, "i386");
	assert_string_equal(look().init_arch, "");
}

static void no_init(void **state)
{
	struct system s = look();

	(void)state;
	assert_string_equal(s.init, "none");
	assert_string_equal(s.distro, "");
	assert_string_equal(s.arch, "");
	assert_false(s.has_shell);
	assert_false(s.has_dev_null);
	fx_file("/sbin/init", "not executable");
	assert_string_equal(look().init, "none");
	fx_program("/bin/init", "");
	assert_string_equal(look().init, "other");
	fx_no_findings();
}

static void inits(void **state)
{
	(void)state;
	fx_program("/sbin/init", "x");
	fx_file("/etc/inittab", "");
	assert_string_equal(look().init, "sysvinit");
	fx_file("/etc/init/ssh.conf", "");	/* brought by a package */
	assert_string_equal(look().init, "sysvinit");
	fx_program("/sbin/initctl", "x");
	assert_string_equal(look().init, "upstart");
	unlink(fx_path("/sbin/initctl"));
	unlink(fx_path("/etc/inittab"));
	assert_string_equal(look().init, "upstart");
	fx_program("/sbin/openrc", "x");
	assert_string_equal(look().init, "openrc");
	unlink(fx_path("/sbin/openrc"));
	unlink(fx_path("/sbin/init"));
	fx_program("/lib/systemd/systemd", "x");
	fx_link("/sbin/init", "/lib/systemd/systemd");
	assert_string_equal(look().init, "systemd");
	unlink(fx_path("/sbin/init"));
	fx_program("/bin/busybox", "x");
	fx_link("/sbin/init", "../bin/busybox");
	assert_string_equal(look().init, "busybox");
	fx_no_findings();
}

/* Merged /usr: the links must be followed inside the tree. */
static void links_inside(void **state)
{
	(void)state;
	fx_program("/usr/bin/sh", "x");
	fx_program("/usr/lib/systemd/systemd", "x");
	fx_link("/usr/sbin/init", "../lib/systemd/systemd");
	fx_link("/bin", "usr/bin");
	fx_link("/sbin", "/usr/sbin");
	assert_string_equal(look().init, "systemd");
	assert_true(look().has_shell);
	fx_no_findings();
}

static void hostile(void **state)
{
	static char big[8192];
	struct system s;

	(void)state;
	memset(big, 'A', sizeof(big));
	fx_fifo("/etc/os-release");
	fx_bytes("/etc/lsb-release", big, sizeof(big));
	fx_dir("/etc/redhat-release");
	fx_link("/etc/alpine-release", "/etc/alpine-release");
	fx_link("/etc/gentoo-release", "/../../../../../../../../etc/passwd");
	fx_link("/etc/owl-release", "/proc/self/fd/0");
	fx_fifo("/etc/inittab");
	fx_fifo("/bin/sh");
	fx_link("/sbin/init", "/../../../../../bin/sh");
	fx_bytes("/etc/debian_version", "\0\0\0", 3);
	alarm(10);
	s = look();
	alarm(0);
	assert_string_equal(s.init, "none");
	assert_string_equal(s.distro, "debian");
	assert_string_equal(s.version, "");
	assert_false(s.has_shell);
	assert_true(fx_count(VS_GUEST_FILE_ODD, "g") >= 4);
}

static void dev_null(void **state)
{
	(void)state;
	fx_dir("/dev");
	if (mknod(fx_path("/dev/null"), S_IFCHR | 0666, makedev(1, 3)) < 0)
		skip();
	assert_true(look().has_dev_null);
	unlink(fx_path("/dev/null"));
	assert_int_equal(mknod(fx_path("/dev/null"), S_IFCHR | 0666, makedev(1, 5)), 0);
	assert_false(look().has_dev_null);
	unlink(fx_path("/dev/null"));
	fx_link("/dev/null", "/dev/zero");
	assert_false(look().has_dev_null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(distributions), FX_TEST(several_files), FX_TEST(architectures),
		FX_TEST(no_init), FX_TEST(inits), FX_TEST(links_inside), FX_TEST(hostile),
		FX_TEST(dev_null),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
