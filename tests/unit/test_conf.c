/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of CTID.conf: what is written is read back by a reader of the test's own
 * (from the description of the grammar), by openvz/conf.c, and by real shells that
 * source the file as root hooks do. Nothing of a value may be executed.
 */
#include "base/buf.h"
#include "openvz/conf.h"
#include "fixture.h"

#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

extern char **environ;

static struct conf parse(struct pool *pool, const char *text)
{
	struct conf conf;

	conf_parse(&conf, text, strlen(text), pool);
	return conf;
}

/* --- reading --- */

static const struct {
	const char *text;
	const char *key;
	const char *value;	/* NULL: no such line */
	const char *cut;	/* NULL: the same */
} reads[] = {
	{ "A=\"b\"\n\n",		"A",	"b",	NULL },
	{ "A=b\n\n",			"A",	"b",	NULL },
	{ "  \tA=\"b\"\n\n",		"A",	"b",	NULL },
	{ "A=\"b\"  \r\n\n",		"A",	"b",	NULL },
	{ "A=b  \r\n\n",		"A",	"b",	NULL },
	{ "A=\"b\" # c\n\n",		"A",	"b",	NULL },
	{ "A=\"b\" # \"c\" d\n\n",	"A",	"b\" # \"c", NULL },
	{ "A=b # c\n\n",		"A",	"b # c", "b" },
	{ "A=b#c\n\n",			"A",	"b#c",	NULL },
	{ "A=b\t#c\n\n",		"A",	"b\t#c", "b" },
	{ "A= # c\n\n",			"A",	" # c",	"" },
	{ "A=\"b # c\"\n\n",		"A",	"b # c", NULL },
	{ "A='b'\n\n",			"A",	"'b'",	NULL },
	{ "A= \"b\"\n\n",		"A",	" \"b\"", NULL },
	{ "A=\n\n",			"A",	"",	NULL },
	{ "A=\"\"\n\n",			"A",	"",	NULL },
	{ "A=\"b\n\n",			"A",	NULL,	NULL },
	{ "A\n\n",			"A",	NULL,	NULL },
	{ "#A=b\n\n",			"A",	NULL,	NULL },
	{ "  # A=b\n\n",		"A",	NULL,	NULL },
	{ "\\#A=b\n\n",			"#A",	NULL,	NULL },
	{ "A =b\n\n",			"A",	NULL,	NULL },
	{ "A =b\n\n",			"A ",	"b",	NULL },
	{ "export A=b\n\n",		"A",	NULL,	NULL },
	{ "a=b\n\n",			"A",	NULL,	NULL },
	{ "A=b=c\n\n",			"A",	"b=c",	NULL },
	{ "A=\"x\\\"y\"\n\n",		"A",	"x\"y",	NULL },
	{ "A=\"x\\\\y\"\n\n",		"A",	"x\\y",	NULL },
	{ "A=\"\\$x\\`\"\n\n",		"A",	"$x`",	NULL },
	{ "A=\"x\"y\"\n\n",		"A",	"x\"y",	NULL },
	{ "A=\"x\\\"\n\n",		"A",	"x",	NULL },
	{ "\\A=b\n\n",			"A",	"b",	NULL },
	{ "A=b\\\nB=c\n",		"A",	"b",	NULL },
	{ "\xef\xbb\xbf" "A=b\n\n",	"A",	NULL,	NULL },
	{ "A=\"b\"\nA=\"c\"\n",		"A",	"b",	NULL },
	{ "X=1\nA=b",			"A",	"b",	NULL },
	{ "A=bc",			"A",	"b",	NULL },	/* vzctl loses the byte */
	{ "A=\"\xc3\xa4\xff\"\n\n",	"A",	"\xc3\xa4\xff", NULL },
};

static void test_read(void **state)
{
	struct pool pool = POOL_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(reads) / sizeof(*reads); i++) {
		struct conf conf = parse(&pool, reads[i].text);
		const char *cut = conf_get(&conf, reads[i].key);
		size_t n = 0;

		if (!reads[i].value) {
			assert_null(cut);
			continue;
		}
		if (!cut)
			fail_msg("row %zu: not read", i);
		while (strcmp(conf.v[n].key, reads[i].key) != 0)
			n++;
		assert_string_equal(conf.v[n].value, reads[i].value);
		assert_string_equal(cut, reads[i].cut ? reads[i].cut : reads[i].value);
	}
	pool_release(&pool);
}

static void test_read_lines(void **state)
{
	static const char text[] = "# c\n\nA=1\nB=2\0junk\nC=3\n";
	struct pool pool = POOL_INIT;
	struct conf conf;
	struct buf key = BUF_INIT;

	(void)state;
	conf_parse(&conf, text, sizeof(text) - 1, &pool);
	assert_int_equal(conf.nr, 3);
	assert_int_equal(conf.v[0].line, 3);
	assert_int_equal(conf.v[2].line, 5);
	assert_string_equal(conf.v[1].value, "2");
	for (int i = 0; i < 511; i++)
		buf_addch(&key, 'K');
	buf_adds(&key, "=x\n\n");
	conf = parse(&pool, key.data);
	assert_int_equal(conf.nr, 1);
	buf_clear(&key);
	for (int i = 0; i < 512; i++)
		buf_addch(&key, 'K');
	buf_adds(&key, "=x\n\n");
	conf = parse(&pool, key.data);
	assert_int_equal(conf.nr, 0);
	conf_parse(&conf, "", 0, &pool);
	assert_int_equal(conf.nr, 0);
	conf_parse(&conf, "A", 1, &pool);
	assert_int_equal(conf.nr, 0);
	buf_release(&key);
	pool_release(&pool);
}

/* --- values --- */

static void test_value_ok(void **state)
{
	char *large = malloc(15002);

	(void)state;
	assert_true(conf_value_ok(""));
	assert_true(conf_value_ok("a b\t\"\\$`'\xc3\xa4\xff\x01"));
	assert_false(conf_value_ok("a\nb"));
	assert_false(conf_value_ok("a\rb"));
	assert_false(conf_value_ok("\n"));
	memset(large, 'a', 15001);
	large[15000] = '\0';
	assert_true(conf_value_ok(large));
	large[15000] = 'a';
	large[15001] = '\0';
	assert_false(conf_value_ok(large));
	memset(large, '$', 7500);
	large[7500] = '\0';
	assert_true(conf_value_ok(large));
	large[7500] = 'a';
	large[7501] = '\0';
	assert_false(conf_value_ok(large));
	free(large);
}

/* Written from the grammar alone: vzctl's reading of KEY="..." in column 0. */
static void own_reader(struct buf *out, const char *line, const char *key)
{
	struct buf flat = BUF_INIT;
	const char *open, *close = NULL;

	for (size_t i = 0; line[i] && line[i] != '\n'; i++) {
		if (line[i] == '\\' && line[i + 1])
			i++;
		buf_addch(&flat, line[i]);
	}
	assert_memory_equal(flat.data, key, strlen(key));
	open = flat.data + strlen(key);
	assert_memory_equal(open, "=\"", 2);
	open += 2;
	for (const char *at = open; *at; at++)
		if (*at == '"')
			close = at;
	assert_non_null(close);
	buf_clear(out);
	buf_add(out, open, (size_t)(close - open));
	buf_release(&flat);
}

static struct fixture fx;

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

/* Source the file and print the value; an unset variable would print UNSET. */
static void by_shell(struct buf *out, const char *shell)
{
	char script[PATH_MAX * 2 + 64];
	char *argv[] = { (char *)(uintptr_t)shell, (char *)(uintptr_t)"-c", script, NULL };
	posix_spawn_file_actions_t to_pipe;
	int fds[2], status;
	ssize_t got;
	pid_t pid;

	snprintf(script, sizeof(script), "cd '%s' && . ./9.conf; printf %%s \"${KEY-UNSET}\"",
		 fx.dir);
	assert_int_equal(pipe(fds), 0);
	posix_spawn_file_actions_init(&to_pipe);
	posix_spawn_file_actions_adddup2(&to_pipe, fds[1], 1);
	posix_spawn_file_actions_adddup2(&to_pipe, fds[1], 2);
	posix_spawn_file_actions_addclose(&to_pipe, fds[0]);
	assert_int_equal(posix_spawnp(&pid, shell, &to_pipe, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&to_pipe);
	close(fds[1]);
	buf_clear(out);
	while ((got = read(fds[0], buf_room(out, 4096), 4096)) > 0)
		buf_used(out, (size_t)got);
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static bool has_shell(const char *shell)
{
	char path[64];

	snprintf(path, sizeof(path), "/bin/%s", shell);
	return access(path, X_OK) == 0;
}

static void check_value(const char *value)
{
	static const char *const shells[] = { "bash", "dash", "sh" };
	struct buf line = BUF_INIT, back = BUF_INIT;
	struct conf conf;

	assert_true(conf_value_ok(value));
	conf_render(&line, "KEY", value);
	own_reader(&back, line.data, "KEY");
	assert_string_equal(back.data, value);
	buf_adds(&line, "# end\n");
	conf = parse(&fx.pool, line.data);
	assert_int_equal(conf.nr, 1);
	assert_string_equal(conf.v[0].value, value);
	assert_string_equal(conf.v[0].cut, value);
	fixture_bytes(&fx, "/9.conf", line.data, line.len);
	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++) {
		if (!has_shell(shells[i]))
			continue;
		by_shell(&back, shells[i]);
		if (strcmp(back.data, value) != 0)
			fail_msg("%s reads '%s' where '%s' was written", shells[i], back.data,
				 value);
	}
	buf_release(&line);
	buf_release(&back);
}

static void test_hostile(void **state)
{
	static const char *const values[] = {
		"", " ", "plain", "two words", "  blanks around  ", "tab\tin", "a=b", "# c", "x # c",
		"'", "''", "'$(touch PWNED)'", "\"", "\"\"", "a\"b\"c", "\\", "\\\\", "\\\\\\",
		"end\\", "\\\"", "\"\\", "$", "$$", "$HOME", "${HOME}", "${x:-`touch PWNED`}",
		"$(touch PWNED)", "`touch PWNED`", "\\`touch PWNED\\`", "\\$(touch PWNED)",
		"\"; touch PWNED; \"", "\"\\; touch PWNED #", "$((1+1))", "$'\\x41'", "!!", "!x", "~",
		"*", "{a,b}", "a;b|c&d<e>f(g)", "\xc3\xbc\xc3\x9f \xe2\x82\xac",
		"\xff\xfe\x80", "\xe2\x82\\", "\xc3\"", "\xf0\x9f$HOME", "\x01\x02\x7f\x1b[31m", "\v\f",
		"$VEID", "/vz/private/$VEID", "\\n\\t", "a\\", "\xc3\xa4`x`\xc3\xa4", "$(", "`", "${",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		check_value(values[i]);
	assert_false(fixture_has(&fx, "/PWNED"));
}

/* Bytes and mixtures that nobody thought of: a fixed pseudo-random walk. */
static void test_hostile_mixed(void **state)
{
	static const char alphabet[] = "\\\\\"\"$$``'' ()#{}=;!\xc3\xa4\xffxA\t";
	uint32_t seed = 20210;
	char value[24];

	(void)state;
	for (int i = 0; i < 120; i++) {
		size_t len = 1 + (size_t)i % (sizeof(value) - 1);

		for (size_t k = 0; k < len; k++) {
			seed = seed * 1103515245u + 12345u;
			value[k] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		value[len] = '\0';
		check_value(value);
	}
}

/* --- a sample with settings --- */

static void expect_apply(const char *sample, const struct ct *ct, const char *expected)
{
	struct buf out = BUF_INIT;

	conf_apply(&out, sample, strlen(sample), ct);
	assert_string_equal(out.data, expected);
	buf_release(&out);
}

static void test_apply(void **state)
{
	struct pool pool = POOL_INIT;
	struct ct ct = { 0 }, none = { 0 };

	(void)state;
	ct_set(&ct, &pool, "HOSTNAME", "a", NULL);
	ct_set(&ct, &pool, "ONBOOT", "yes", NULL);
	expect_apply("# h\nONBOOT=\"no\" # c\nX=1\n", &ct,
		     "# h\nONBOOT=\"yes\"\nX=1\nHOSTNAME=\"a\"\n");
	/* duplicates go, whatever their column; the place is that of the first in column 0 */
	expect_apply(" HOSTNAME=\"x\"\nX=1\nHOSTNAME=y\nY=2\nHOSTNAME=z\n\tHOSTNAME=w\n", &ct,
		     "X=1\nHOSTNAME=\"a\"\nY=2\nONBOOT=\"yes\"\n");
	expect_apply("  HOSTNAME=\"x\"\nX=1\n", &ct, "X=1\nHOSTNAME=\"a\"\nONBOOT=\"yes\"\n");
	expect_apply("\\HOSTNAME=x\nX=1\n", &ct, "X=1\nHOSTNAME=\"a\"\nONBOOT=\"yes\"\n");
	/* what vzctl does not take for the key stays */
	expect_apply("#HOSTNAME=x\nHOSTNAME =y\nHOSTNAMES=z\nhostname=w\n", &ct,
		     "#HOSTNAME=x\nHOSTNAME =y\nHOSTNAMES=z\nhostname=w\n"
		     "HOSTNAME=\"a\"\nONBOOT=\"yes\"\n");
	/* a line that vzctl would skip for its quotes is still the key's line */
	expect_apply("HOSTNAME=\"x\nX=1\n", &ct, "HOSTNAME=\"a\"\nX=1\nONBOOT=\"yes\"\n");
	/* DOS line ends stay on untouched lines */
	expect_apply("A=1\r\nONBOOT=no\r\n\r\n", &ct, "A=1\r\nONBOOT=\"yes\"\n\r\nHOSTNAME=\"a\"\n");
	/* no final newline */
	expect_apply("A=1\nX=2", &ct, "A=1\nX=2\nHOSTNAME=\"a\"\nONBOOT=\"yes\"\n");
	expect_apply("A=1\nONBOOT=no", &ct, "A=1\nONBOOT=\"yes\"\nHOSTNAME=\"a\"\n");
	expect_apply("A=1\nX=2", &none, "A=1\nX=2\n");
	/* never a single line, never an empty file */
	expect_apply("", &none, "\n\n");
	expect_apply("A=1", &none, "A=1\n\n");
	expect_apply("A=1\n", &none, "A=1\n\n");
	pool_release(&pool);
}

static void test_apply_details(void **state)
{
	struct pool pool = POOL_INIT;
	struct ct ct = { 0 };
	struct buf out = BUF_INIT;

	(void)state;
	ct_set(&ct, &pool, "DCACHESIZE", "1:2", "limits");
	expect_apply("DCACHE=\"9\"\nX=1\n", &ct, "X=1\nDCACHESIZE=\"1:2\"\n");
	ct_set(&ct, &pool, "DCACHESIZE", "3:4", NULL);
	assert_int_equal(ct.nr, 1);
	assert_null(ct.set[0].from);
	assert_string_equal(ct_get(&ct, "DCACHESIZE"), "3:4");
	assert_null(ct_get(&ct, "DCACHE"));
	/* bytes that are not ours pass through, what was in the buffer stays */
	buf_adds(&out, "before");
	conf_apply(&out, "\xff=\0z\nX=\xe4\n", 9, &ct);
	assert_int_equal(out.len, 6 + 9 + strlen("DCACHESIZE=\"3:4\"\n"));
	assert_memory_equal(out.data, "before\xff=\0z\nX=\xe4\nDCACHESIZE", 6 + 9 + 10);
	buf_release(&out);
	pool_release(&pool);
}

/* Once applied, twice the same: and vzctl reads what was set. */
static void test_apply_again(void **state)
{
	static const char sample[] = "# s\nHOSTNAME=old\n HOSTNAME=x\nONBOOT=no\n\nZ=\"$(x)\"\n";
	struct pool pool = POOL_INIT;
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct ct ct = { 0 };
	struct conf conf;

	(void)state;
	ct_set(&ct, &pool, "HOSTNAME", "we\"ird\\$`", NULL);
	ct_set(&ct, &pool, "NAME", "n", NULL);
	conf_apply(&once, sample, strlen(sample), &ct);
	conf_apply(&twice, once.data, once.len, &ct);
	assert_string_equal(once.data, twice.data);
	conf = parse(&pool, once.data);
	assert_string_equal(conf_get(&conf, "HOSTNAME"), "we\"ird\\$`");
	assert_string_equal(conf_get(&conf, "NAME"), "n");
	assert_string_equal(conf_get(&conf, "Z"), "$(x)");
	assert_int_equal(conf.nr, 4);
	buf_release(&once);
	buf_release(&twice);
	pool_release(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_lines),
		cmocka_unit_test(test_value_ok),
		cmocka_unit_test_setup_teardown(test_hostile, make, unmake),
		cmocka_unit_test_setup_teardown(test_hostile_mixed, make, unmake),
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_apply_details),
		cmocka_unit_test(test_apply_again),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
