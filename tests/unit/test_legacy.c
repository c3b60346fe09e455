/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Legacy configurations: the shell reader, and guests made of what it reads.
 */
#include "vserver/legacy.h"
#include "vserver/value.h"

#include "vserver_fixture.h"

static const char *get(const struct legacy *l, const char *name)
{
	const struct item *item = items_find(&l->items, name);

	return item ? item->text : NULL;
}

static struct legacy parse(const char *text, const char *profile)
{
	struct legacy l;

	legacy_parse(&l, text, profile, &fx.pool);
	return l;
}

static const char generated[] =
	"if [ \"\" = \"\" ] ; then\n"
	"PROFILE=prod\n"
	"fi\n"
	"case $PROFILE in\n"
	"prod)\n"
	"IPROOT=1.2.3.4\n"
	"S_HOSTNAME=\n"
	";;\n"
	"backup)\n"
	"IPROOT=5.6.7.8\n"
	";;\n"
	"esac\n"
	"S_FLAGS=\"lock nproc\"\n"
	"ULIMIT=\"-HS -u 1000\"\n"
	"S_CAPS=\"\"\n";

static void as_built(void **state)
{
	struct legacy l = parse(generated, "backup");

	(void)state;
	assert_int_equal(l.nr_code, 0);
	assert_string_equal(get(&l, "IPROOT"), "1.2.3.4");	/* its first test always holds */
	assert_string_equal(get(&l, "S_FLAGS"), "lock nproc");
	assert_string_equal(get(&l, "S_CAPS"), "");
	assert_string_equal(get(&l, "PROFILE"), "prod");
	assert_int_equal(items_find(&l.items, "IPROOT")->line, 6);
}

static void profiles(void **state)
{
	const char *text = "if [ \"$PROFILE\" = \"\" ]; then PROFILE=prod; fi\n"
			   "case \"${PROFILE}\" in\n"
			   "  (prod|test) A=1; B=\"$PROFILE\" ;;\n"
			   "  back*)\n\tA=2 ;;\n"
			   "  *) A=3\n"
			   "esac\n";
	struct legacy l = parse(text, NULL);

	(void)state;
	assert_int_equal(l.nr_code, 0);
	assert_string_equal(get(&l, "A"), "1");
	assert_string_equal(get(&l, "B"), "prod");
	l = parse(text, "backup");
	assert_string_equal(get(&l, "A"), "2");
	assert_null(get(&l, "B"));
	l = parse(text, "x");
	assert_string_equal(get(&l, "A"), "3");
	l = parse("if [ $PROFILE != prod ]; then A=1\nelif [ -n \"$PROFILE\" ]; then A=2\nelse A=3\nfi\n", NULL);
	assert_string_equal(get(&l, "A"), "2");
	assert_int_equal(l.nr_code, 0);
}

static void quoting(void **state)
{
	static const struct {
		const char *text, *value;
	} rows[] = {
		{ "A=plain # comment\n", "plain" }, { "A='single $x `y` \\'\n", "single $x `y` \\" },
		{ "A=\"a \\\"b\\\" \\$c \\d\"", "a \"b\" $c \\d" }, { "A=a\\ b\n", "a b" },
		{ "A=a#b\n", "a#b" }, { "A=\"two\nlines\"\n", "two\nlines" },
		{ "A=one\\\ntwo\n", "onetwo" }, { "A='x'\"y\"z\n", "xyz" },
		{ "A=1\nA=2\n", "2" }, { "B=1 A=2\n", "2" }, { "export A=1\n", "1" },
		{ "  A=1 ; B=2\n", "1" }, { "A=\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct legacy l = parse(rows[i].text, NULL);

		assert_int_equal(l.nr_code, 0);
		assert_non_null(get(&l, "A"));
		assert_string_equal(get(&l, "A"), rows[i].value);
	}
}

/* Lines of code are listed; what they would have set is not believed. */
static void code(void **state)
{
	static const struct {
		const char *text;
		unsigned nr, first, last;
	} rows[] = {
		{ "modprobe x\nB=2\n", 1, 1, 1 },
		{ "A=$(hostname)\nB=2\n", 1, 1, 1 },
		{ "A=`hostname`\nB=2\n", 1, 1, 1 },
		{ "A=$C\nB=2\n", 1, 1, 1 },
		{ "A=1 ls\nB=2\n", 1, 1, 1 },
		{ "A=(1 2)\nB=2\n", 1, 1, 1 },
		{ "A=1&\nB=2\n", 1, 1, 1 },
		{ "if [ -f /x ]; then\n A=1\nfi\nB=2\n", 3, 1, 3 },
		{ "for i in 1 2; do\n if x; then\n A=1\n fi\ndone\nB=2\n", 5, 1, 5 },
		{ "f()\n{\n A=1\n}\nB=2\n", 4, 1, 4 },
		{ "function f {\n A=1\n}\nB=2\n", 3, 1, 3 },
		{ "cat >/x <<EOF\nA=1\nif\nEOF\nB=2\n", 4, 1, 4 },
		{ "cat <<-'E'\n\tA=1\n\tE\nB=2\n", 3, 1, 3 },
		{ "case $X in\n a) A=1 ;;\nesac\nB=2\n", 3, 1, 3 },
		{ "echo 'fi\nA=1'\nB=2\n", 2, 1, 2 },
		{ ". /etc/x\nB=2\n", 1, 1, 1 },
		{ "echo a \\\n A=1\nB=2\n", 2, 1, 2 },
		{ "B=2\nA=\"unterminated\n", 1, 2, 2 },
		{ "case $PROFILE in\nprod) ls ;;\nx) A=1 ;;\nesac\nB=2\n", 1, 2, 2 },
		{ "case $PROFILE in\nx) ls; A=1 ;;\nesac\nB=2\n", 0, 0, 0 },
		{ "if [ x = x ]; then B=2\nelif y; then A=1\nelse A=1\nfi\n", 0, 0, 0 },
		{ "if [ x = y ]; then A=1\nelif y; then A=1\nelse A=1\nfi\nB=2\n", 1, 2, 2 },
		{ "fi\nB=2\n", 1, 1, 1 }, { ";;\nB=2\n", 1, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct legacy l = parse(rows[i].text, NULL);

		if (l.nr_code != rows[i].nr)
			fail_msg("row %zu: %zu lines of code", i, l.nr_code);
		if (l.nr_code) {
			assert_int_equal(l.code[0], rows[i].first);
			assert_int_equal(l.code[l.nr_code - 1], rows[i].last);
		}
		if (get(&l, "A"))
			fail_msg("row %zu: A was set", i);
		assert_string_equal(get(&l, "B"), "2");
	}
}

/* Nothing that a person can type may hang or crash the reader. */
static void broken(void **state)
{
	static const char *const pieces[] = {
		"if ", "[ ", "] ", "then ", "fi\n", "case ", "$PROFILE ", "in\n", "prod) ", ";;\n",
		"esac\n", "A=", "\"", "'", "\\", "<<E\n", "{ ", "}\n", "`", "$(", ")\n", "#", "\n", ";",
	};
	unsigned seed = 7;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		char text[256] = "";
		struct legacy l;

		for (int i = 0; i < 16; i++) {
			seed = seed * 1103515245 + 12345;
			strncat(text, pieces[(seed >> 16) % (sizeof(pieces) / sizeof(*pieces))],
				sizeof(text) - strlen(text) - 1);
		}
		l = parse(text, NULL);
		assert_true(l.nr_code < 64);
	}
}

static void many_lines(void **state)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct legacy l;

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_adds(&text, "ls\n");
	l = parse(text.data, NULL);
	assert_int_equal(l.nr_code, 1000);
	assert_int_equal(l.code[LEGACY_LINES_MAX - 1], LEGACY_LINES_MAX);
}

static void guest(void **state)
{
	const struct guest *g;

	(void)state;
	fx_dir("/vservers/mail");
	fx_file("/etc/vservers/mail.conf",
		"if [ \"$PROFILE\" = \"\" ] ; then\nPROFILE=prod\nfi\n"
		"case $PROFILE in\nprod)\n"
		"IPROOT=\"eth0:192.0.2.50/255.255.255.0 eth1:10.0.0.50 10.0.0.51/26\"\n"
		"S_HOSTNAME=mail.example.org\n;;\nesac\n"
		"IPROOTDEV=eth9\nONBOOT=yes\nS_CONTEXT=77\niptables -F\n");
	fx_program("/etc/vservers/mail.sh", "#!/bin/sh\n");
	fx_file("/var/run/vservers/mail.ctx", "S_CONTEXT=49160\nS_PROFILE=prod\n");
	fx_scan();
	assert_int_equal(fx.guests.nr, 1);
	g = fx_find("mail");
	assert_int_equal(g->style, STYLE_LEGACY);
	assert_int_equal(g->state, GUEST_FOUND);
	assert_string_equal(g->conf, "/etc/vservers/mail.conf");
	assert_string_equal(g->script, "/etc/vservers/mail.sh");
	assert_string_equal(g->tree, "/vservers/mail");
	assert_string_equal(g->hostname, "mail.example.org");
	assert_int_equal(g->xid, 77);
	assert_int_equal(g->last_xid, 49160);
	assert_true(g->on_boot);
	assert_int_equal(g->nr_addresses, 3);
	assert_string_equal(g->address[0].dev, "eth0");
	assert_int_equal(g->address[0].prefix, 24);
	assert_string_equal(g->address[1].text, "10.0.0.50");
	assert_string_equal(g->address[1].dev, "eth1");
	assert_int_equal(g->address[1].prefix, 24);	/* carried over */
	assert_string_equal(g->address[2].dev, "eth9");
	assert_int_equal(g->address[2].prefix, 26);
	assert_int_equal(fx_count(VS_LEGACY_CODE, "mail"), 1);
	assert_string_equal(fx_finding(VS_LEGACY_CODE, "mail")->seen, "line 13");
	assert_int_equal(fx_count(VS_OTHER_FILE, NULL), 0);
}

static void odd_guest(void **state)
{
	const struct guest *g;

	(void)state;
	fx_dir("/vservers/a");
	fx_file("/etc/vservers/a.conf",
		"IPROOT='ALL 0.0.0.0 1.2.3 1.2.3.4/255.0.0.x 10.0.0.1'\nS_CONTEXT=x\nONBOOT=YES\n");
	fx_file("/etc/vservers/b.conf", "S_HOSTNAME=\n");
	fx_scan();
	g = fx_find("a");
	assert_int_equal(g->nr_addresses, 1);
	assert_true(g->address[0].nodev);
	assert_null(g->address[0].dev);
	assert_int_equal(g->address[0].prefix, -1);
	assert_int_equal(fx_count(VS_ADDRESS_SKIPPED, "a"), 2);
	assert_int_equal(fx_count(VS_ADDRESS_BAD, "a"), 2);
	assert_int_equal(fx_count(VS_CONTEXT_BAD, "a"), 1);
	assert_int_equal(g->xid, -1);
	assert_false(g->on_boot);
	g = fx_find("b");
	assert_null(g->hostname);
	assert_int_equal(g->state, GUEST_ABSENT);
	assert_int_equal(fx_count(VS_TREE_MISSING, "b"), 1);
}

static void converted(void **state)
{
	const struct guest *g;

	(void)state;
	fx_file("/etc/vservers/old.conf.vs2vz", "IPROOT=10.0.0.1\n");
	fx_program("/etc/vservers/old.sh", "");
	fx_scan();
	g = fx_find("old");
	assert_int_equal(g->state, GUEST_CONVERTED);
	assert_int_equal(g->style, STYLE_LEGACY);
	assert_int_equal(g->nr_addresses, 1);
	fx_no_findings();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(as_built), FX_TEST(profiles), FX_TEST(quoting), FX_TEST(code),
		FX_TEST(broken), FX_TEST(many_lines), FX_TEST(guest), FX_TEST(odd_guest),
		FX_TEST(converted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
