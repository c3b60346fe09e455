/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of a plan: what is printed is read back the same; what was edited, cut or
 * made by another version is refused with the line. Evidence against a real folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/words.h"
#include "step/plan.h"

#include <cmocka.h>

static struct pool pool = POOL_INIT;
static struct err err;

static void put_step(struct plan *p, const char *text, size_t len)
{
	struct step *s = plan_step(p, &pool, "write");
	char hash[HASH_TEXT];

	hash_text(hash_bytes(text, len), hash);
	step_arg(s, &pool, "at", "/etc/vz/conf/345 x.conf");
	step_arg(s, &pool, "mode", "0644");
	step_arg(s, &pool, "owner", "0:0");
	step_arg(s, &pool, "old", "absent");
	step_arg(s, &pool, "new", hash);
	step_text(s, &pool, text, len);
}

static void sample(struct plan *p)
{
	struct step *s;

	*p = (struct plan){ .scope = "guest", .guest = "v3=4 5%", .ctid = 345 };
	plan_input(p, &pool, INPUT_FILE, "/etc/vservers/v345/context",
		   "00112233445566778899aabbccddeeff");
	plan_input(p, &pool, INPUT_DIR, "/vservers/v345", "-/131073/-");
	plan_input(p, &pool, INPUT_ABSENT, "/vz/private/345", NULL);
	plan_input(p, &pool, INPUT_LINK, "/etc/vservers/v345/vdir", "a b\n\x1b");
	plan_note(p, &pool, "reason", "same file system");
	s = plan_step(p, &pool, "times");
	step_arg(s, &pool, "at", "/vservers");
	step_arg(s, &pool, "mtime", "-5.000000001");
	step_arg(s, &pool, "names", "00112233445566778899aabbccddeeff");
	s = plan_step(p, &pool, "rename");
	step_arg(s, &pool, "from", "/vservers/v345");
	step_arg(s, &pool, "to", "/vz/private/345");
	step_arg(s, &pool, "id", "-/131073/-");
	put_step(p, "A=\"1\"\n\t# 100%\n\nend", 18);
	put_step(p, "", 0);
	put_step(p, "\0\n\xff\r\n", 5);
}

static void print(struct buf *out, const struct plan *p)
{
	buf_clear(out);
	plan_print(out, p);
}

static void round_trip(void **state)
{
	struct buf CLEANUP_BUF one = BUF_INIT;
	struct buf CLEANUP_BUF two = BUF_INIT;
	struct plan p, q;
	const char *text;

	(void)state;
	sample(&p);
	print(&one, &p);
	text = one.data;
	if (plan_parse(&q, &text, &pool, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(text, "");
	print(&two, &q);
	assert_string_equal(one.data, two.data);
	assert_string_equal(q.guest, p.guest);
	assert_int_equal(q.ctid, 345);
	assert_string_equal(q.input[3].evidence, "a b\n\x1b");
	assert_string_equal(plan_note_get(&q, "reason"), "same file system");
	assert_null(plan_note_get(&q, "other"));
	assert_int_equal(q.step[2].text_len, 18);
	assert_int_equal(q.step[3].text_len, 0);
	assert_memory_equal(q.step[4].text, "\0\n\xff\r\n", 5);
	assert_string_equal(step_get(&q.step[1], "id"), "-/131073/-");
}

static void two_plans_in_a_file(void **state)
{
	struct buf CLEANUP_BUF both = BUF_INIT;
	struct plan p, q, host = { .scope = "host" };
	const char *text;

	(void)state;
	sample(&p);
	plan_print(&both, &host);
	plan_print(&both, &p);
	text = both.data;
	assert_int_equal(plan_parse(&q, &text, &pool, &err), 0);
	assert_null(q.guest);
	assert_int_equal(plan_parse(&q, &text, &pool, &err), 0);
	assert_int_equal(q.nr_steps, 5);
	assert_string_equal(text, "");
}

/* Every single byte that is changed in a plan is noticed. */
static void every_edit_is_refused(void **state)
{
	struct buf CLEANUP_BUF text = BUF_INIT;
	struct plan p, q;

	(void)state;
	sample(&p);
	print(&text, &p);
	for (size_t i = 0; i < text.len; i++) {
		const char *at = text.data;

		text.data[i] ^= 1;
		assert_int_equal(plan_parse(&q, &at, &pool, &err), -1);
		assert_true(strlen(err.text) > 0);
		text.data[i] ^= 1;
	}
}

static void every_cut_is_refused(void **state)
{
	struct buf CLEANUP_BUF text = BUF_INIT;
	struct plan p, q;

	(void)state;
	sample(&p);
	print(&text, &p);
	while (text.len) {
		const char *at = text.data;

		text.data[--text.len] = '\0';
		assert_int_equal(plan_parse(&q, &at, &pool, &err), -1);
	}
}

#define HEAD "vs2vz-plan format=2 tool=0 scope=guest guest=a ctid=101\n"
#define HASH "00112233445566778899aabbccddeeff"

static const struct bad {
	const char *text;
	const char *says;
} bads[] = {
	{ "", "line 1" },
	{ "hello\n", "line 1 of the plan: no plan begins here" },
	{ "vs2vz-plan format=1 tool=0 scope=host\n", "format '1' is not known" },
	{ "vs2vz-plan format=2 tool=0 scope=host needs=magic\n", "'needs', not known" },
	{ "vs2vz-plan format=2 tool=0 scope=moon\n", "scope" },
	{ "vs2vz-plan format=2 tool=0 scope=guest\n", "'guest' goes with" },
	{ "vs2vz-plan format=2 tool=0 scope=guest guest=..%2fx\n", "no name of a guest" },
	{ HEAD "fly away\n", "line 2 of the plan: 'fly' is not known" },
	{ HEAD "step 1 mkdir at=/a mode=0755 owner=0:0\n", "'step 0 KIND' expected" },
	{ HEAD "step 0 shell at=/a\n", "kind of step 'shell' is not known" },
	{ HEAD "step 0 mkdir at=/a mode=0755\n", "step mkdir wants 'owner'" },
	{ HEAD "step 0 mkdir at=/a mode=0755 owner=0:0 force=1\n", "not known" },
	{ HEAD "step 0 mkdir at=a mode=0755 owner=0:0\n", "'at' is not an absolute path" },
	{ HEAD "step 0 mkdir at=/a/../b mode=0755 owner=0:0\n", "'at' is not" },
	{ HEAD "step 0 mkdir at=/a//b mode=0755 owner=0:0\n", "'at' is not" },
	{ HEAD "step 0 mkdir at=/a/ mode=0755 owner=0:0\n", "'at' is not" },
	{ HEAD "step 0 mkdir at=/a mode=0789 owner=0:0\n", "'mode' is not" },
	{ HEAD "step 0 mkdir at=/a mode=17777 owner=0:0\n", "'mode' is not" },
	{ HEAD "step 0 mkdir at=/a mode=0755 owner=root\n", "'owner' is not" },
	{ HEAD "step 0 mkdir at=/a mode=0755 owner=0:4294967295\n", "'owner' is not" },
	{ HEAD "step 0 times at=/a mtime=1.1234567890 names=" HASH "\n", "'mtime' is not" },
	{ HEAD "step 0 times at=/a mtime=1.5 names=abc\n", "'names' is not" },
	{ HEAD "step 0 rename from=/a to=/b id=-1\n", "'id' is not" },
	{ HEAD "note token=5d0c6f2ab1e9847\n", "no token" },
	{ HEAD "note token=5d0c6f2ab1e98473a\n", "no token" },
	{ HEAD "note token=5d0c6f2ab1e9847/\n", "no token" },
	{ HEAD "| text\n", "text without a step" },
	{ HEAD "input smell=/a\n", "unknown kind of input" },
	{ HEAD "input file=/a\n", "input 'file' wants 'hash'" },
	{ HEAD "input absent=/a hash=1\n", "nothing else" },
	{ HEAD "step 0 write at=/a mode=0644 owner=0:0 old=absent new=" HASH "\n| x\nend hash=" HASH
	  "\n", "line 4 of the plan: the text of step 0" },
	{ HEAD "end hash=" HASH "\n", "line 2 of the plan: the plan was edited" },
	{ HEAD "end\n", "edited" },
};

/* Each plan has its own, which survives the text; the verbs are told it. */
static void tokens_differ(void **state)
{
	struct buf CLEANUP_BUF text = BUF_INIT;
	struct plan p[3], back;
	struct work w = { .nr_steps = 0 };
	const char *at;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		sample(&p[i]);
		assert_int_equal(plan_token_new(&p[i], &pool, i == 2 ? "00112233aabbccdd" : NULL, &err), 0);
		assert_int_equal(strlen(plan_token(&p[i])), TOKEN_LEN);
	}
	assert_string_not_equal(plan_token(&p[0]), plan_token(&p[1]));
	assert_string_equal(plan_token(&p[2]), "00112233aabbccdd");
	print(&text, &p[0]);
	at = text.data;
	assert_int_equal(plan_parse(&back, &at, &pool, &err), 0);
	assert_string_equal(plan_token(&back), plan_token(&p[0]));
	plan_to_work(&back, &w);
	assert_string_equal(w.token, plan_token(&p[0]));
	assert_int_equal(w.nr_steps, 5);
}

static void bad_lines_are_named(void **state)
{
	struct plan q;

	(void)state;
	for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		const char *at = bads[i].text;

		assert_int_equal(plan_parse(&q, &at, &pool, &err), -1);
		if (!strstr(err.text, bads[i].says))
			fail_msg("'%s' does not say '%s'", err.text, bads[i].says);
	}
}

struct folder {
	char dir[256];
	struct root root;
};

static int folder_up(void **state)
{
	struct folder *f = calloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	snprintf(f->dir, sizeof(f->dir), "%s/vs2vz-plan.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	*state = f;
	return !mkdtemp(f->dir) || root_init(&f->root, f->dir, &err) < 0;
}

static int folder_down(void **state)
{
	struct folder *f = *state;

	unlinkat(f->root.fd, "file", 0);
	unlinkat(f->root.fd, "link", 0);
	unlinkat(f->root.fd, "more", 0);
	unlinkat(f->root.fd, "dir", AT_REMOVEDIR);
	root_release(&f->root);
	rmdir(f->dir);
	free(f);
	return 0;
}

static void put_file(const struct folder *f, const char *name, const char *text)
{
	int fd = openat(f->root.fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void take(struct plan *p, const struct folder *f, enum input_type type, const char *path)
{
	const char *evidence;

	assert_int_equal(input_evidence(&evidence, &f->root, type, path, &pool, &err), 0);
	plan_input(p, &pool, type, path, evidence);
}

static void expect_stale(const struct plan *p, const struct folder *f, const char *what)
{
	const char *stale;

	assert_int_equal(plan_fresh(p, &f->root, &pool, &stale, &err), 0);
	if (!what)
		assert_null(stale);
	else if (!stale || !strstr(stale, what))
		fail_msg("stale is '%s', not '%s'", stale ? stale : "(fresh)", what);
}

static void evidence_follows_the_disk(void **state)
{
	const struct folder *f = *state;
	struct plan p = { .scope = "host" };

	put_file(f, "file", "one");
	assert_int_equal(mkdirat(f->root.fd, "dir", 0700), 0);
	assert_int_equal(symlinkat("file", f->root.fd, "link"), 0);
	take(&p, f, INPUT_FILE, "/file");
	take(&p, f, INPUT_DIR, "/dir");
	take(&p, f, INPUT_NAMES, "/");
	take(&p, f, INPUT_ABSENT, "/absent/deep");
	take(&p, f, INPUT_LINK, "/link");
	assert_string_equal(p.input[4].evidence, "file");
	expect_stale(&p, f, NULL);
	put_file(f, "file", "two");
	expect_stale(&p, f, "'/file' has changed");
	unlinkat(f->root.fd, "file", 0);
	expect_stale(&p, f, "'/file' has gone");
	put_file(f, "file", "one");
	expect_stale(&p, f, NULL);
	put_file(f, "more", "");
	expect_stale(&p, f, "'/' has changed");
	unlinkat(f->root.fd, "more", 0);
	unlinkat(f->root.fd, "link", 0);
	put_file(f, "link", "file");
	expect_stale(&p, f, "'/link' has changed");
	unlinkat(f->root.fd, "link", 0);
	assert_int_equal(symlinkat("file", f->root.fd, "link"), 0);
	unlinkat(f->root.fd, "dir", AT_REMOVEDIR);
	put_file(f, "dir", "");
	expect_stale(&p, f, "'/dir' has changed");
	unlinkat(f->root.fd, "dir", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(two_plans_in_a_file),
		cmocka_unit_test(every_edit_is_refused),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(bad_lines_are_named),
		cmocka_unit_test(tokens_differ),
		cmocka_unit_test_setup_teardown(evidence_follows_the_disk, folder_up, folder_down),
	};
	int rc;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	pool_release(&pool);
	return rc;
}
