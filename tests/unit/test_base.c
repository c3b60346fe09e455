/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The small mechanisms: line grammar, numbers, printable text, pools, atomic files.
 */
#include "base/atomic.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/inroot.h"
#include "base/units.h"
#include "base/words.h"

#include <errno.h>
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

static void words_round_trip(void **state)
{
	static const char *const odd[] = {
		"", "plain", "two words", "100%", "a=b", "tab\tnewline\n", "\x01\xff\xc3\xa9", "'\"$(x)`",
	};
	struct buf line = BUF_INIT;
	struct words w;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		buf_clear(&line);
		words_bare(&line, "step");
		if (*odd[i])
			words_bare(&line, odd[i]);
		words_pair(&line, "at", odd[i]);
		words_pairf(&line, "n", "%d", 7);
		if (words_parse(&w, line.data, &err) < 0)
			fail_msg("%s: %s", line.data, err.text);
		assert_string_equal(w.bare[0], "step");
		if (*odd[i])
			assert_string_equal(w.bare[1], odd[i]);
		assert_string_equal(words_get(&w, "at"), odd[i]);
		assert_null(words_get(&w, "absent"));
		words_release(&w);
	}
	buf_release(&line);
}

static void words_refuse(void **state)
{
	static const char *const bad[] = {
		"a b c d e", "x at=1 at=2", "x at=%4", "x at=%zz", "x at=%00", "x =1", "x\ty", "x at=1 y",
		"caf\xc3\xa9",
	};
	struct words w;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (words_parse(&w, bad[i], &err) == 0)
			fail_msg("accepted: %s", bad[i]);
		assert_true(err.text[0]);
	}
}

static void numbers(void **state)
{
	uint64_t n;

	(void)state;
	assert_true(parse_u64("18446744073709551615", UINT64_MAX, &n));
	assert_true(n == UINT64_MAX);
	assert_false(parse_u64("18446744073709551616", UINT64_MAX, &n));
	assert_false(parse_u64("", 9, &n));
	assert_false(parse_u64("10", 9, &n));
	assert_true(parse_u64("9", 9, &n));
	assert_false(parse_u64("3", 2, &n));
	assert_false(parse_u64("-1", 9, &n));
	assert_false(parse_u64("1 ", 99, &n));
	assert_true(add_u64(UINT64_MAX, 1) == UINT64_MAX);
	assert_true(mul_u64(UINT64_MAX / 2, 3) == UINT64_MAX);
	assert_true(mul_u64(0, 3) == 0);
	assert_true(kib_up(1025) == 2);
	assert_string_equal(show_size(0), "0 B");
	assert_string_equal(show_size(1536), "1.5 KiB");
	assert_string_equal(show_size(3ull << 30), "3.0 GiB");
}

static void printable(void **state)
{
	(void)state;
	assert_string_equal(show("caf\xc3\xa9"), "caf\xc3\xa9");
	assert_string_equal(show("a\x1b[31mb"), "a\\x1B[31mb");
	assert_string_equal(show("\xff\xc3"), "\\xFF\\xC3");
	assert_string_equal(show("\xc0\xaf"), "\\xC0\\xAF");		/* overlong */
	assert_string_equal(show("\xe2\x80\xae"), "\\xE2\\x80\\xAE");	/* right-to-left override */
	assert_string_equal(show("\xc2\x9b"), "\\xC2\\x9B");		/* C1 */
	assert_string_equal(show(NULL), "(none)");
}

static void pools(void **state)
{
	struct pool pool = POOL_INIT;
	size_t nr = 0, cap = 0;
	int *v = NULL;

	(void)state;
	for (int i = 0; i < 1000; i++)
		*(int *)pool_grow(&pool, &v, &nr, &cap, sizeof(*v)) = i;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(v[i], i);
	assert_string_equal(pool_printf(&pool, "%0100000d", 7) + 99999, "7");
	pool_release(&pool);
}

/* Texts, objects and arrays of all sizes in turn: each keeps what was written into it. */
static void pools_keep_what_is_theirs(void **state)
{
	struct pool pool = POOL_INIT;
	size_t nr = 0, cap = 0, nr_odd = 0, cap_odd = 0;
	struct item { uint64_t nr; char *text; uint64_t *object; } *v = NULL;
	struct { char c[3]; } *odd = NULL;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		struct item *new = pool_grow(&pool, &v, &nr, &cap, sizeof(*v));
		size_t size = i % 1000 ? i % 13 + 1 : 3000 + i / 2;

		assert_int_equal(new->nr, 0);
		assert_null(new->text);
		new->nr = i;
		new->text = pool_printf(&pool, "%0*u", (int)(i % 500 ? i % 21 + 1 : i + 1), i);
		new->object = pool_array(&pool, size, sizeof(*new->object));
		assert_int_equal((uintptr_t)new->object % _Alignof(max_align_t), 0);
		for (size_t k = 0; k < size; k++) {
			assert_int_equal(new->object[k], 0);
			new->object[k] = i;
		}
		memset(pool_grow(&pool, &odd, &nr_odd, &cap_odd, sizeof(*odd)), (int)(i % 256), 3);
	}
	for (unsigned i = 0; i < 20000; i++) {
		assert_int_equal(v[i].nr, i);
		assert_int_equal(strtoul(v[i].text, NULL, 10), i);
		assert_int_equal(v[i].object[0], i);
		assert_int_equal((unsigned char)odd[i].c[2], i % 256);
	}
	pool_release(&pool);
}

static void count_bytes(void *ctx, const void *bytes, size_t len)
{
	size_t *sum = ctx;

	(void)bytes;
	*sum += len;
}

/* With a sink a long text is never in memory; without one it stays. */
static void texts_drain(void **state)
{
	size_t sum = 0;
	const struct buf_sink sink = { count_bytes, &sum };
	struct buf into = BUF_INTO(&sink), plain = BUF_INIT;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		buf_addf(&into, "line %06u\n", i);
		buf_drain(&into);
		buf_addf(&plain, "line %06u\n", i);
		buf_drain(&plain);
	}
	assert_true(into.cap <= 128 * 1024);
	assert_int_equal(sum + into.len, 1200000);
	buf_flush(&into);
	buf_flush(&plain);
	assert_int_equal(sum, 1200000);
	assert_int_equal(plain.len, 1200000);
	buf_release(&into);
	buf_release(&plain);
}

static void hashes(void **state)
{
	char text[HASH_TEXT];
	struct hash128 a = hash_bytes("abc", 3), b;

	(void)state;
	hash_text(a, text);
	assert_true(hash_parse(text, &b));
	assert_true(hash_equal(a, b));
	assert_false(hash_equal(a, hash_bytes("abd", 3)));
	text[5] = 'g';
	assert_false(hash_parse(text, &b));
}

static void atomic_files(void **state)
{
	char dir[] = "/tmp/vs2vz-atomic-XXXXXX";
	struct atomic_meta meta = { .mode = 0640, .has_mtime = true,
				    .mtime = { -77, 123456789 }, .uid = getuid(), .gid = getgid() };
	struct atomic_meta shared = { .mode = 0644, .uid = getuid(), .gid = getgid() };
	struct buf b = BUF_INIT;
	struct root root;
	struct stat st;
	struct err err;
	struct atomic_file file;
	struct place at;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(root_init(&root, dir, &err), 0);
	at = (struct place){ root.fd, "file" };
	assert_int_equal(atomic_write(&at, "one", 3, &meta, true, &err), 0);
	assert_int_equal(atomic_write(&at, "two\n", 4, &meta, true, &err), 0);
	assert_int_equal(root_read(&root, "file", 10, &b, &err), 0);
	assert_string_equal(b.data, "two\n");
	assert_int_equal(root_lstat(&root, "file", &st, &err), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_mtim.tv_sec, -77);
	assert_int_equal(st.st_mtim.tv_nsec, 123456789);
	assert_int_equal(root_lstat(&root, ".file.vs2vz-new", &st, &err), -1);
	assert_int_equal(atomic_begin(&file, &at, false, &err), 0);
	atomic_put(&file, "thr", 3);
	assert_int_equal(root_read(&root, "file", 10, &b, &err), 0);
	assert_string_equal(b.data, "two\n");	/* still */
	atomic_put(&file, "ee", 2);
	assert_int_equal(atomic_end(&file, &meta, true, &err), 0);
	assert_int_equal(root_read(&root, "file", 10, &b, &err), 0);
	assert_string_equal(b.data, "three");
	/* What could not be written is told at the end, and the old file stays. */
	assert_int_equal(atomic_begin(&file, &at, false, &err), 0);
	close(file.fd);
	file.fd = openat(root.fd, ".file.vs2vz-new", O_RDONLY);	/* takes no bytes */
	atomic_put(&file, "lost", 4);
	atomic_put(&file, "more", 4);
	assert_int_equal(atomic_end(&file, &meta, true, &err), -1);
	assert_non_null(strstr(err.text, "'file'"));
	assert_int_equal(root_read(&root, "file", 10, &b, &err), 0);
	assert_string_equal(b.data, "three");
	assert_int_equal(root_lstat(&root, ".file.vs2vz-new", &st, &err), -1);
	/* Beside files of others nothing is removed. */
	shared.others = true;
	assert_int_equal(symlinkat("nowhere", root.fd, ".file.vs2vz-new"), 0);
	assert_int_equal(atomic_write(&(struct place){ root.fd, ".file.vs2vz-new-2" }, "own", 3, &meta,
				      false, &err), 0);
	assert_int_equal(atomic_write(&at, "four", 4, &shared, true, &err), 0);
	assert_int_equal(root_read(&root, "file", 10, &b, &err), 0);
	assert_string_equal(b.data, "four");
	assert_int_equal(root_lstat(&root, ".file.vs2vz-new", &st, &err), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(root_read(&root, ".file.vs2vz-new-2", 10, &b, &err), 0);
	assert_string_equal(b.data, "own");
	assert_int_equal(root_lstat(&root, ".file.vs2vz-new-3", &st, &err), -1);
	unlinkat(root.fd, ".file.vs2vz-new", 0);
	unlinkat(root.fd, ".file.vs2vz-new-2", 0);
	assert_int_equal(make_dirs(root.fd, "/a//b/c", 0755, &err), 0);
	assert_int_equal(make_dirs(root.fd, "a/b/c", 0755, &err), 0);
	assert_int_equal(make_dirs(root.fd, "file/x", 0755, &err), -1);
	unlinkat(root.fd, "a/b/c", AT_REMOVEDIR);
	unlinkat(root.fd, "a/b", AT_REMOVEDIR);
	unlinkat(root.fd, "a", AT_REMOVEDIR);
	unlinkat(root.fd, "file", 0);
	assert_int_equal(rmdir(dir), 0);
	buf_release(&b);
	root_release(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_round_trip),
		cmocka_unit_test(words_refuse),
		cmocka_unit_test(numbers),
		cmocka_unit_test(printable),
		cmocka_unit_test(pools),
		cmocka_unit_test(pools_keep_what_is_theirs),
		cmocka_unit_test(texts_drain),
		cmocka_unit_test(hashes),
		cmocka_unit_test(atomic_files),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
