/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * systemd and C library against the kernel: by running kernel, by kernels in /boot, with
 * libraries made here and with broken ones.
 */
#include "decide_host.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decide/inside.h"

static struct fixture fx;
static struct host host;
static struct guest guest;
static struct decision decision;
static struct deciding d;

static int set_up(void **state)
{
	(void)state;
	fixture_make(&fx);
	host_make(&host);
	host_guest(&guest, &fx.pool, "g");
	fixture_dir(&fx, "/vservers/g/lib");
	decision = (struct decision){ .guest = &guest };
	d = (struct deciding){ .host = &host, .root = &fx.root, .pool = &fx.pool,
			       .findings = &fx.findings };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_remove(&fx);
	return 0;
}

struct elf_note {
	uint32_t name, desc, type;
	char text[4];
	uint32_t words[4];
};

static struct elf_note note_of(uint32_t a, uint32_t b, uint32_t c)
{
	return (struct elf_note){ 4, 16, NT_GNU_ABI_TAG, "GNU", { 0, a, b, c } };
}

struct library_64 {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[2];
	struct elf_note other, note;
};

static struct library_64 library_64(uint32_t a, uint32_t b, uint32_t c)
{
	struct library_64 l = { .note = note_of(a, b, c),
				.other = { 4, 16, 3, "GNU", { 9, 9, 9, 9 } } };

	memcpy(l.eh.e_ident, ELFMAG "\2\1\1", 7);
	l.eh.e_phoff = offsetof(struct library_64, ph);
	l.eh.e_phentsize = sizeof(l.ph[0]);
	l.eh.e_phnum = 2;
	l.ph[0].p_type = PT_LOAD;
	l.ph[1].p_type = PT_NOTE;
	l.ph[1].p_offset = offsetof(struct library_64, other);
	l.ph[1].p_filesz = 2 * sizeof(struct elf_note);
	return l;
}

static void put(const char *path, const void *bytes, size_t len)
{
	fixture_bytes(&fx, pool_printf(&fx.pool, "/vservers/g%s", path), bytes, len);
}

static void judge(void)
{
	fx.findings.nr = 0;
	too_new_judge(&d, &decision);
}

static size_t found(enum finding_id id)
{
	return fixture_found(&fx, id);
}

static void libc_by_running_kernel(void **state)
{
	struct library_64 l = library_64(3, 2, 0);

	(void)state;
	put("/lib64/libc.so.6", &l, sizeof(l));
	host.kernel = KERNEL_OPENVZ;
	host.kernel_release = "2.6.32-042stab145.3";
	judge();
	assert_int_equal(found(VS_LIBC_TOO_NEW), 1);
	assert_non_null(strstr(host_finding(&fx, VS_LIBC_TOO_NEW)->seen, "3.2.0"));
	host.kernel_release = "3.10.0-1127.8.2.vz7.151.14";
	judge();
	assert_int_equal(fx.findings.nr, 0);
	host.kernel_release = "3.2.0";
	judge();
	assert_int_equal(fx.findings.nr, 0);
}

static void libc_of_32_bit(void **state)
{
	struct {
		Elf32_Ehdr eh;
		Elf32_Phdr ph;
		struct elf_note note;
	} l = { .note = note_of(2, 6, 33) };

	(void)state;
	memcpy(l.eh.e_ident, ELFMAG "\1\1\1", 7);
	l.eh.e_phoff = sizeof(l.eh);
	l.eh.e_phentsize = sizeof(l.ph);
	l.eh.e_phnum = 1;
	l.ph = (Elf32_Phdr){ .p_type = PT_NOTE, .p_offset = sizeof(l.eh) + sizeof(l.ph),
			     .p_filesz = sizeof(l.note) };
	put("/lib/libc.so.6", &l, sizeof(l));
	host.kernel = KERNEL_OPENVZ;
	host.kernel_release = "2.6.32-042stab145.3";
	judge();
	assert_int_equal(found(VS_LIBC_TOO_NEW), 1);
	host.kernel_release = "2.6.33";
	judge();
	assert_int_equal(found(VS_LIBC_TOO_NEW), 0);
}

static void kernels_in_boot(void **state)
{
	struct library_64 l = library_64(3, 2, 0);

	(void)state;
	put("/lib64/libc.so.6", &l, sizeof(l));
	host.kernel = KERNEL_VSERVER;
	host.kernel_release = "4.9.1-vs2.3";
	fixture_file(&fx, "/boot/vmlinuz-4.9.1-vs2.3", "");
	judge();
	assert_int_equal(found(VS_LIBC_TOO_NEW), 0);
	assert_int_equal(found(VS_GUEST_NOTE), 1);
	fixture_file(&fx, "/boot/vmlinuz-2.6.32-5-openvz-amd64", "");
	judge();
	assert_int_equal(found(VS_LIBC_TOO_NEW), 1);
	assert_int_equal(found(VS_GUEST_NOTE), 0);
	fixture_file(&fx, "/boot/vmlinuz-3.10.0-1127.8.2.vz7.151.14", "");
	judge();
	assert_int_equal(fx.findings.nr, 0);
}

/* A library as Debian's are: it names its loader, and its banner says which one it is. */
static void put_glibc(const char *version, const char *loader)
{
	struct {
		struct library_64 l;
		char interp[32], banner[100];
	} g = { .l = library_64(3, 2, 0), .interp = "/lib64/ld-linux-x86-64.so.2" };

	g.l.ph[0] = (Elf64_Phdr){ .p_type = PT_INTERP, .p_filesz = sizeof(g.interp),
				  .p_offset = offsetof(__typeof__(g), interp) };
	snprintf(g.banner, sizeof(g.banner), "C Library (Debian GLIBC %s-9) stable release version %s.",
		 version, version);
	put("/lib/x86_64-linux-gnu/libc.so.6", &g, sizeof(g));
	if (loader)
		put("/lib64/ld-linux-x86-64.so.2", loader, strlen(loader));
}

static void say(enum finding_id id, const char *what)
{
	assert_int_equal(fx.findings.nr, 1);
	assert_int_equal(found(id), 1);
	if (!strstr(host_finding(&fx, id)->seen, what))
		fail_msg("'%s' is not in '%s'", what, host_finding(&fx, id)->seen);
}

static void loader_that_looks(void **state)
{
	(void)state;
	ct_set(&decision.ct, &fx.pool, "OSTEMPLATE", "debian-11.6-x86_64", "test");
	host.kernel = KERNEL_OPENVZ;
	host.kernel_release = "2.6.32-042stab141.3";
	put_glibc("2.31", "\177ELF ... FATAL: kernel too old\n ...");
	judge();
	say(VS_LIBC_TOO_NEW, "glibc 2.31 was built for Linux 3.2.0");
	say(VS_LIBC_TOO_NEW, "its loader looks at that");
	say(VS_LIBC_TOO_NEW, "/etc/vz/osrelease.conf: debian-11 3.2.0");
	host.kernel = KERNEL_OFFLINE;
	judge();
	say(VS_GUEST_NOTE, "no program runs on an OpenVZ kernel 2.6.32");
}

static void loader_that_does_not(void **state)
{
	(void)state;
	host.kernel = KERNEL_OPENVZ;
	host.kernel_release = "2.6.32-042stab141.3";
	put_glibc("2.36", "\177ELF ... no such words");
	judge();
	say(VS_LIBC_UNCHECKED, "glibc 2.36 was built for Linux 3.2.0, the kernel is 2.6.32-042stab141.3");
	host.kernel_release = "3.10.0-1160.vz7";
	judge();
	assert_int_equal(fx.findings.nr, 0);
	host.kernel = KERNEL_OFFLINE;
	judge();
	say(VS_GUEST_NOTE, "it starts on older kernels, too");
}

/* A loader that cannot be read is taken for one that looks. */
static void loader_not_seen(void **state)
{
	(void)state;
	host.kernel = KERNEL_OPENVZ;
	host.kernel_release = "2.6.32-042stab141.3";
	put_glibc("2.36", NULL);
	judge();
	say(VS_LIBC_TOO_NEW, "could not be seen (/lib64/ld-linux-x86-64.so.2)");
	fixture_link(&fx, "/../../../etc/passwd", "/vservers/g/lib64/ld-linux-x86-64.so.2");
	judge();
	say(VS_LIBC_TOO_NEW, "could not be seen");
}

static void pretended(void **state)
{
	static const struct {
		const char *file;
		enum finding_id id;
		const char *says;
	} rows[] = {
		{ "debian-11 3.2.0\n", VS_LIBC_PRETENDED, "line 1 of /etc/vz/osrelease.conf" },
		{ "# x\nfedora-15\t2.6.32\n  debian-11   3.2\n", VS_LIBC_PRETENDED,
		  "line 3 of /etc/vz/osrelease.conf makes the kernel 2.6.32-042stab141.3 seem to be 3.2" },
		{ "debian-11-x86_64-extra 4.9.0\n", VS_LIBC_PRETENDED, "4.9.0" },
		{ "debian 3.16.0", VS_LIBC_PRETENDED, "3.16.0" },
		{ "debian-11 3.1.9\ndebian-11 3.2.0\n", VS_LIBC_TOO_NEW, "says 3.1.9" },
		{ "debian-6.0 2.6.32\nsuse-13.2 3.16.6\n", VS_LIBC_TOO_NEW, "line to add" },
		{ "#debian-11 3.2.0\ndebian-11\n", VS_LIBC_TOO_NEW, "line to add" },
		{ "", VS_LIBC_TOO_NEW, "line to add" },
	};

	(void)state;
	ct_set(&decision.ct, &fx.pool, "OSTEMPLATE", "debian-11-x86_64", "test");
	host.kernel = KERNEL_OPENVZ;
	host.kernel_release = "2.6.32-042stab141.3";
	put_glibc("2.31", "FATAL: kernel too old\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		fixture_file(&fx, "/etc/vz/osrelease.conf", rows[i].file);
		judge();
		say(rows[i].id, rows[i].says);
	}
}

static void odd_libraries(void **state)
{
	struct library_64 l = library_64(9, 0, 0);
	struct library_64 bad;

	(void)state;
	host.kernel = KERNEL_OPENVZ;
	host.kernel_release = "2.6.32";
	for (size_t cut = 0; cut < sizeof(l); cut++) {
		put("/lib64/libc.so.6", &l, cut);
		judge();
		assert_int_equal(fx.findings.nr, 0);
	}
	bad = l;
	bad.eh.e_phnum = 65535;
	put("/lib64/libc.so.6", &bad, sizeof(bad));
	judge();
	assert_int_equal(fx.findings.nr, 0);
	bad = l;
	bad.ph[1].p_offset = UINT64_MAX - 3;
	put("/lib64/libc.so.6", &bad, sizeof(bad));
	judge();
	assert_int_equal(fx.findings.nr, 0);
	bad = l;
	bad.other.name = UINT32_MAX;
	put("/lib64/libc.so.6", &bad, sizeof(bad));
	judge();
	assert_int_equal(fx.findings.nr, 0);
	bad = l;
	bad.other.desc = UINT32_MAX - 2;
	put("/lib64/libc.so.6", &bad, sizeof(bad));
	judge();
	assert_int_equal(fx.findings.nr, 0);
	remove(fixture_path(&fx, "/vservers/g/lib64/libc.so.6"));
	fixture_dir(&fx, "/vservers/g/lib64/libc.so.6");
	judge();
	assert_int_equal(fx.findings.nr, 0);
	fixture_link(&fx, "/../../../outside", "/vservers/g/lib/libc.so.6");
	judge();
	assert_int_equal(fx.findings.nr, 0);
}

static void systemd_by_library(void **state)
{
	(void)state;
	guest.system.init = "systemd";
	host.kernel = KERNEL_OPENVZ;
	host.kernel_release = "2.6.32-042stab145.3";
	judge();
	assert_int_equal(fx.findings.nr, 0);
	put("/usr/lib/systemd/libsystemd-shared-239.so", "", 0);
	judge();
	assert_int_equal(found(VS_SYSTEMD_TOO_NEW), 1);
	assert_non_null(strstr(host_finding(&fx, VS_SYSTEMD_TOO_NEW)->seen, "239"));
	guest.system.init = "sysvinit";
	judge();
	assert_int_equal(fx.findings.nr, 0);
	guest.system.init = "systemd";
	host.kernel_release = "3.10.0-957.12.2.vz7.86.2";
	judge();
	assert_int_equal(fx.findings.nr, 0);
	host.kernel = KERNEL_OFFLINE;
	judge();
	assert_int_equal(found(VS_GUEST_NOTE), 1);
}

static void systemd_by_package(void **state)
{
	static const char list[] = "Package: base\nVersion: 300\n\nPackage: systemd\n"
				   "Status: install ok installed\nVersion: %s\n\nPackage: z\nVersion: 400\n";
	static const struct {
		const char *version;
		size_t found;
	} rows[] = { { "215-17+deb8u7", 0 }, { "229-4ubuntu21", 1 } };

	(void)state;
	guest.system.init = "systemd";
	host.kernel = KERNEL_OPENVZ;
	host.kernel_release = "2.6.32";
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *text = pool_printf(&fx.pool, list, rows[i].version);

		put("/var/lib/dpkg/status", text, strlen(text));
		judge();
		assert_int_equal(found(VS_SYSTEMD_TOO_NEW), rows[i].found);
	}
	put("/var/lib/dpkg/status", "\nPackage: systemd\n\nPackage: z\nVersion: 400\n", 43);
	judge();
	assert_int_equal(fx.findings.nr, 0);
}

static void vsyscall(void **state)
{
	struct library_64 l = library_64(2, 6, 9);

	(void)state;
	put("/lib64/libc-2.5.so", &l, sizeof(l));
	fixture_link(&fx, "libc-2.5.so", "/vservers/g/lib64/libc.so.6");
	host.is_vz7 = true;
	judge();
	assert_int_equal(found(VS_VSYSCALL), 1);
	host.is_vz7 = false;
	judge();
	assert_int_equal(fx.findings.nr, 0);
	host.is_vz7 = true;
	guest.system.arch = "i386";
	judge();
	assert_int_equal(fx.findings.nr, 0);
	guest.system.arch = "x86_64";
	remove(fixture_path(&fx, "/vservers/g/lib64/libc.so.6"));
	put("/lib64/libc-2.17.so", &l, sizeof(l));
	fixture_link(&fx, "libc-2.17.so", "/vservers/g/lib64/libc.so.6");
	judge();
	assert_int_equal(fx.findings.nr, 0);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(libc_by_running_kernel), T(libc_of_32_bit), T(kernels_in_boot), T(odd_libraries),
		T(loader_that_looks), T(loader_that_does_not), T(loader_not_seen), T(pretended),
		T(systemd_by_library), T(systemd_by_package), T(vsyscall),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
