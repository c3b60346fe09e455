/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF headers: of this very program, of a small one made here with a path to search, in 64
 * and 32 bits, and of the same with bytes changed or cut off.
 */
#include "base/elf.h"

#include <elf.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct pool pool;

static int file_of(const void *bytes, size_t len)
{
	char name[] = "/tmp/vs2vz-elf-XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	unlink(name);
	assert_int_equal(pwrite(fd, bytes, len, 0), (ssize_t)len);
	return fd;
}

static bool has_needed(const struct elf_file *f, const char *prefix)
{
	for (size_t i = 0; i < f->nr_needed; i++)
		if (strncmp(f->needed[i], prefix, strlen(prefix)) == 0)
			return true;
	return false;
}

/* A program that is linked in the common way has all but a path of its own. */
static void this_program(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	struct elf_file f;

	(void)state;
	assert_true(elf_read(&f, fd, &pool));
	assert_true(f.interp && f.interp[0] == '/');
	assert_true(has_needed(&f, "libcmocka"));
	close(fd);
}

#define PATHS "/opt/vz/lib:$ORIGIN/../lib"
static const char strings[] = "\0libvzctl-9.1.so\0" PATHS "\0/old";

#define SMALL(bits)                                                                          \
	struct small_##bits {                                                                \
		Elf##bits##_Ehdr eh;                                                         \
		Elf##bits##_Phdr ph[2];                                                      \
		Elf##bits##_Dyn dyn[5];                                                      \
		char strings[sizeof(strings)];                                               \
	};                                                                                   \
	static struct small_##bits small_##bits(void)                                        \
	{                                                                                    \
		struct small_##bits s = {                                                    \
			.eh = { .e_phoff = offsetof(struct small_##bits, ph), .e_phnum = 2,  \
				.e_phentsize = sizeof(s.ph[0]) },                            \
			.ph = { { .p_type = PT_LOAD, .p_vaddr = 0x10000, .p_filesz = sizeof(s) }, \
				{ .p_type = PT_DYNAMIC, .p_filesz = sizeof(s.dyn),           \
				  .p_offset = offsetof(struct small_##bits, dyn) } },        \
			.dyn = { { DT_RPATH, { sizeof(strings) - 5 } }, { DT_NEEDED, { 1 } }, \
				 { DT_RUNPATH, { 17 } },                                     \
				 { DT_STRTAB,                                                \
				   { 0x10000 + offsetof(struct small_##bits, strings) } } }, \
		};                                                                           \
		memcpy(s.strings, strings, sizeof(strings));                                 \
		memcpy(s.eh.e_ident, ELFMAG "\2\1\1", 7);                                    \
		s.eh.e_ident[EI_CLASS] = ELFCLASS##bits;                                     \
		return s;                                                                    \
	}
SMALL(64)
SMALL(32)

static void look(const void *bytes, size_t len, const char *runpath)
{
	int fd = file_of(bytes, len);
	struct elf_file f;

	assert_true(elf_read(&f, fd, &pool));
	assert_string_equal(f.runpath, runpath);
	assert_int_equal(f.nr_needed, 1);
	assert_string_equal(f.needed[0], "libvzctl-9.1.so");
	assert_null(f.interp);
	assert_false(f.has_oldest);
	close(fd);
}

static void paths(void **state)
{
	struct small_64 wide = small_64();
	struct small_32 narrow = small_32();

	(void)state;
	look(&wide, sizeof(wide), PATHS);
	look(&narrow, sizeof(narrow), PATHS);
	wide.dyn[2].d_tag = DT_DEBUG;
	look(&wide, sizeof(wide), "/old");
	wide.dyn[2].d_tag = DT_NULL;	/* what is behind the end does not count: no strings */
	{
		int fd = file_of(&wide, sizeof(wide));
		struct elf_file f;

		assert_true(elf_read(&f, fd, &pool));
		assert_null(f.runpath);
		assert_int_equal(f.nr_needed, 0);
		close(fd);
	}
}

/* Whatever stands in the file: it ends, and what it gives is text. */
static void odd_files(void **state)
{
	static const unsigned char words[] = { 0, 1, 0x7F, 0x80, 0xFF };
	const struct small_64 good = small_64();
	unsigned char bytes[sizeof(good)];
	struct elf_file f;
	size_t sum = 0;

	(void)state;
	for (size_t len = 0; len < sizeof(good); len++) {
		int fd = file_of(&good, len);

		if (len < sizeof(good.eh))
			assert_false(elf_read(&f, fd, &pool));
		else
			sum += elf_read(&f, fd, &pool) && f.runpath ? strlen(f.runpath) : 0;
		close(fd);
	}
	for (size_t at = 0; at < sizeof(good); at++)
		for (size_t i = 0; i < sizeof(words); i++) {
			int fd;

			memcpy(bytes, &good, sizeof(good));
			bytes[at] = words[i];
			fd = file_of(bytes, sizeof(bytes));
			sum += elf_read(&f, fd, &pool) && f.runpath ? strlen(f.runpath) : 0;
			close(fd);
		}
	assert_true(sum > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_program), cmocka_unit_test(paths), cmocka_unit_test(odd_files),
	};
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	pool_release(&pool);
	return failed;
}
