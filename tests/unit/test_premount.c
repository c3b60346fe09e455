/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does vzctl call vps.premount? Programs and libraries of every sort, where the loader
 * looks and where it does not.
 */
#include "openvz/inside.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "fixture.h"

#include <cmocka.h>

#define LIBRARY "libvzctl-4.9.so"
#define KNOWS "... vps.premount ..."
#define OLD "... vps.mount ..."

static struct fixture fx;
static struct premount out;

static int make(void **state)
{
	(void)state;
	fixture_make(&fx);
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	fixture_remove(&fx);
	return 0;
}

/* A program that needs libc and the library; runpath NULL: it has none. */
static void put_program(const char *needed, const char *runpath)
{
	struct {
		Elf64_Ehdr eh;
		Elf64_Phdr ph[2];
		Elf64_Dyn dyn[5];
		char strings[128];
	} p = {
		.eh = { .e_phnum = 2, .e_phentsize = sizeof(Elf64_Phdr) },
		.dyn = { { DT_NEEDED, { 1 } }, { DT_NEEDED, { 16 } },
			 { runpath ? DT_RUNPATH : DT_DEBUG, { 48 } }, { DT_STRTAB, { 0 } } },
	};

	memcpy(p.eh.e_ident, ELFMAG "\2\1\1", 7);
	p.eh.e_phoff = offsetof(__typeof__(p), ph);
	p.ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_filesz = sizeof(p) };
	p.ph[1] = (Elf64_Phdr){ .p_type = PT_DYNAMIC, .p_filesz = sizeof(p.dyn),
				.p_offset = offsetof(__typeof__(p), dyn) };
	p.dyn[3].d_un.d_ptr = offsetof(__typeof__(p), strings);
	snprintf(p.strings + 1, 15, "libc.so.6");
	snprintf(p.strings + 16, 32, "%s", needed);
	snprintf(p.strings + 48, 80, "%s", runpath ? runpath : "");
	fixture_bytes(&fx, "/usr/sbin/vzctl", &p, sizeof(p));
}

static void answers(enum premount_answer answer, const char *says)
{
	premount_find(&out, &fx.root, &fx.pool);
	if (out.answer != answer || (says && !strstr(out.seen, says)))
		fail_msg("answer %d at '%s': %s", out.answer, out.at, out.seen);
}

static void programs(void **state)
{
	(void)state;
	answers(PREMOUNT_UNASKED, NULL);
	fixture_file(&fx, "/usr/local/sbin/vzctl", KNOWS);
	answers(PREMOUNT_YES, "the word is in it");
	fixture_file(&fx, "/usr/sbin/vzctl", OLD);
	answers(PREMOUNT_UNKNOWN, "no program in the form of ELF");
	assert_string_equal(out.at, "/usr/sbin/vzctl");
	put_program("libm.so.6", NULL);
	answers(PREMOUNT_NO, "no library of vzctl's");
	remove(fixture_path(&fx, "/usr/sbin/vzctl"));
	fixture_dir(&fx, "/usr/sbin/vzctl");
	answers(PREMOUNT_UNKNOWN, "cannot be read");
}

static void standard_places(void **state)
{
	static const char *const dirs[] = {
		"/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/lib/x86_64-linux-gnu",
		"/lib/i386-linux-gnu",
	};

	(void)state;
	put_program(LIBRARY, NULL);
	answers(PREMOUNT_UNKNOWN, LIBRARY " is in none of the");
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		const char *path = pool_printf(&fx.pool, "%s/" LIBRARY, dirs[i]);

		fixture_file(&fx, path, KNOWS);
		answers(PREMOUNT_YES, "the word is in it");
		fixture_file(&fx, path, OLD);
		answers(PREMOUNT_NO, "not in it");
		assert_string_equal(out.at, path);
		remove(fixture_path(&fx, path));
	}
	/* Another release beside it is not the one that runs. */
	fixture_file(&fx, "/usr/lib/libvzctl-4.10.so", KNOWS);
	answers(PREMOUNT_UNKNOWN, "is in none of the");
	fixture_dir(&fx, "/usr/lib/" LIBRARY);
	answers(PREMOUNT_UNKNOWN, "cannot be read");
}

static void paths_of_the_program(void **state)
{
	(void)state;
	fixture_file(&fx, "/usr/" LIBRARY, KNOWS);
	fixture_file(&fx, "/opt/vz/lib64/" LIBRARY, KNOWS);
	put_program(LIBRARY, "/nowhere:$ORIGIN/..");
	answers(PREMOUNT_YES, NULL);
	put_program(LIBRARY, "${ORIGIN}/..:relative");
	answers(PREMOUNT_YES, NULL);
	put_program(LIBRARY, "/opt/vz/$LIB:");
	answers(PREMOUNT_YES, NULL);
	put_program(LIBRARY, "$ORIGINAL/..:$:${LI}:");
	answers(PREMOUNT_UNKNOWN, "is in none");
	/* It goes before what the host says. */
	fixture_file(&fx, "/usr/lib/" LIBRARY, OLD);
	put_program(LIBRARY, "/opt/vz/lib64");
	answers(PREMOUNT_YES, NULL);
}

static void lists_of_the_host(void **state)
{
	static const char cache[] = "glibc-ld.so.cache1.1\0\0\3\0\0\0/usr/lib/libc.so.6\0"
				    "libvzctl-4.9.so\0/usr/x86_64-linux-gnu/libvzctl-4.9.so";

	(void)state;
	put_program(LIBRARY, NULL);
	fixture_file(&fx, "/usr/x86_64-linux-gnu/" LIBRARY, KNOWS);
	answers(PREMOUNT_UNKNOWN, NULL);
	fixture_bytes(&fx, "/etc/ld.so.cache", cache, sizeof(cache));
	answers(PREMOUNT_YES, NULL);
	fixture_bytes(&fx, "/etc/ld.so.cache", cache, sizeof(cache) - 2);	/* cut short */
	answers(PREMOUNT_UNKNOWN, NULL);
	fixture_file(&fx, "/etc/ld.so.conf", "# /usr/x86_64-linux-gnu\nhwcap 1 nosegneg\n"
					     "include /etc/ld.so.conf.d/*.conf\n");
	fixture_file(&fx, "/etc/ld.so.conf.d/.hidden.conf", "/usr/x86_64-linux-gnu\n");
	fixture_file(&fx, "/etc/ld.so.conf.d/other.old", "/usr/x86_64-linux-gnu\n");
	answers(PREMOUNT_UNKNOWN, NULL);
	fixture_file(&fx, "/etc/ld.so.conf.d/vz.conf", "/opt, /usr/x86_64-linux-gnu=libc6 # x");
	answers(PREMOUNT_YES, NULL);
	/* One that includes itself comes to an end. */
	fixture_file(&fx, "/etc/ld.so.conf.d/vz.conf", "include ld.so.conf.d/*.conf\n");
	answers(PREMOUNT_UNKNOWN, NULL);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, make, unmake)
	const struct CMUnitTest tests[] = {
		T(programs), T(standard_places), T(paths_of_the_program), T(lists_of_the_host),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
