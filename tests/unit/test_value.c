/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reading rules of VServer's configuration files, at their edges.
 */
#include "vserver/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/resource.h>

static struct pool pool = POOL_INIT;

static int release(void **state)
{
	(void)state;
	pool_release(&pool);
	return 0;
}

static struct item file_of(const char *path, const char *bytes, size_t len)
{
	return (struct item){ .path = path, .type = ITEM_FILE, .text = bytes, .len = len };
}

struct row {
	const char *bytes;
	size_t len;
	const char *text, *liberal;
	bool differs;
};
#define ROW(bytes, ...) { bytes, sizeof(bytes) - 1, __VA_ARGS__ }

typedef struct value reader(const struct item *item, struct pool *pool);

static void check_rows(const struct row *rows, size_t nr, reader *read)
{
	for (size_t i = 0; i < nr; i++) {
		struct item item = file_of("x", rows[i].bytes, rows[i].len);
		struct value v = read(&item, &pool);

		assert_true(v.present);
		assert_string_equal(v.text, rows[i].text);
		assert_string_equal(v.liberal, rows[i].liberal);
		if (rows[i].differs != (v.differs != NULL))
			fail_msg("row %zu: %s", i, v.differs ? v.differs : "no difference");
	}
}

static const struct row lines[] = {
	ROW("eth0\n", "eth0", "eth0", false),
	ROW("eth0", "eth0", "eth0", false),		/* accepted without newline */
	ROW("", "", "", false),
	ROW("\n", "", "", false),
	ROW(" \t eth0 \t\n", "eth0", "eth0", false),
	ROW("two words \n", "two words", "two words", false),
	ROW("eth0\r\n", "eth0\r", "eth0", true),
	ROW("eth0 \r", "eth0 \r", "eth0", true),
	ROW("\r\n", "\r", "", true),
	ROW("\nsecond\n", "", "second", true),
	ROW(" \n\t\n third\r\n", "", "third", true),
	ROW("\n\n  \n", "", "", false),
	ROW("one\ntwo\n", "one", "one", false),
	ROW("# no comment\n", "# no comment", "# no comment", false),
	ROW("a\\b\n", "ab", "a\\b", true),
	ROW("a\\\\b\n", "a\\b", "a\\\\b", true),
	ROW("a\\\nb\n", "ab", "a\\\nb", true),
	ROW("a\\", "a", "a\\", true),
	ROW("a\\ \n", "a ", "a\\", true),		/* an escaped blank stays */
	ROW("ab\0cd\n", "ab", "ab", true),
	ROW("\0", "", "", true),
	ROW("ab\n\0cd\n", "ab", "ab", false),		/* behind what is read */
};

static void line_rule(void **state)
{
	(void)state;
	check_rows(lines, sizeof(lines) / sizeof(*lines), value_line);
}

static const struct row wholes[] = {
	ROW("host.example.org\n", "host.example.org", "host.example.org", false),
	ROW("host.example.org", "host.example.org", "host.example.org", false),
	ROW("host\n\n\n", "host", "host", false),
	ROW("host\r\n", "host\r", "host", true),
	ROW("host \n", "host ", "host", true),
	ROW(" host\n", " host", "host", true),
	ROW("host\nsecond\n", "host\nsecond", "host", true),
	ROW("", "", "", false),
	ROW("\n\n", "", "", false),
	ROW("ho\0st\n", "ho", "ho", true),
};

static void whole_rule(void **state)
{
	(void)state;
	check_rows(wholes, sizeof(wholes) / sizeof(*wholes), value_whole);
}

static void absent_items(void **state)
{
	struct item link = { .path = "x", .type = ITEM_LINK, .text = "y", .len = 1 };
	const char *differs;
	const char **list;

	(void)state;
	assert_false(value_line(NULL, &pool).present);
	assert_string_equal(value_line(NULL, &pool).text, "");
	assert_false(value_whole(&link, &pool).present);
	assert_int_equal(value_list(NULL, &pool, &list, &differs), 0);
	assert_null(differs);
	assert_int_equal(value_context(NULL, &differs, &pool), -1);
	assert_null(differs);
}

static struct value iface(const char *own, const char *parent)
{
	struct item v[2];
	struct items items = { .v = v };

	if (own)
		v[items.nr++] = file_of("interfaces/0/dev", own, strlen(own));
	if (parent)
		v[items.nr++] = file_of("interfaces/dev", parent, strlen(parent));
	return value_iface(&items, "interfaces/0", "dev", &pool);
}

static void iface_rule(void **state)
{
	struct value v;

	(void)state;
	assert_false(iface(NULL, NULL).present);
	assert_string_equal(iface("eth1\n", "eth0\n").text, "eth1");
	assert_string_equal(iface(NULL, "eth0\n").text, "eth0");
	assert_string_equal(iface(NULL, "eth0").text, "eth0");
	assert_string_equal(iface("eth1", NULL).text, "eth1");
	assert_null(iface("eth1", NULL).differs);
	v = iface("eth1", "eth0\n");
	assert_string_equal(v.text, "eth0");
	assert_string_equal(v.liberal, "eth1");
	assert_non_null(v.differs);
	v = iface("eth0", "eth0");
	assert_null(v.differs);
	/* a terminated empty file ends the search, an empty one does not */
	assert_string_equal(iface("\n", "eth0\n").text, "");
	assert_string_equal(iface("", "eth0\n").text, "eth0");
	assert_string_equal(iface("eth1", "\n").text, "");
}

static size_t list(const char *text, const char ***out, const char **differs)
{
	struct item item = file_of("x", text, strlen(text));

	return value_list(&item, &pool, out, differs);
}

static void list_rule(void **state)
{
	const char **v;
	const char *differs;

	(void)state;
	assert_int_equal(list(" one \n\n# no\n  #no\ntwo three\n", &v, &differs), 2);
	assert_string_equal(v[0], "one");
	assert_string_equal(v[1], "two three");
	assert_null(differs);
	assert_int_equal(list("one\nlost", &v, &differs), 1);
	assert_non_null(differs);
	assert_int_equal(list("one\n# lost", &v, &differs), 1);
	assert_null(differs);
	assert_int_equal(list("one\n  ", &v, &differs), 1);
	assert_null(differs);
	assert_int_equal(list("one\r\n", &v, &differs), 1);
	assert_string_equal(v[0], "one\r");
	assert_non_null(differs);
	assert_int_equal(list("jo\\\nined\n", &v, &differs), 1);
	assert_string_equal(v[0], "joined");
	assert_int_equal(list("", &v, &differs), 0);
}

/* Memory grows with the file, not with its square. */
static void long_list(void **state)
{
	static char text[ITEM_MAX];
	const char **v;
	const char *differs;
	struct pool own = POOL_INIT;
	struct item item = file_of("x", text, sizeof(text));
	struct rusage before, after;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? '\n' : 'x';
	assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
	assert_int_equal(value_list(&item, &own, &v, &differs), ITEM_MAX / 2);
	assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
	assert_true(after.ru_maxrss - before.ru_maxrss < 128 * 1024);
	pool_release(&own);
}

static void context_rule(void **state)
{
	static const struct {
		const char *text;
		int64_t xid;
		bool differs;
	} rows[] = {
		{ "49153\n", 49153, false }, { "123", 123, false }, { " \t123\n", 123, false },
		{ "12\n34", 12, false }, { "", 0, false }, { "\n", 0, false },
		{ "123 \n", -1, true }, { "123 # x\n", -1, true }, { "0x10\n", -1, true },
		{ "abc\n", -1, true }, { "123\r\n", -1, true }, { "-5\n", -1, true },
		{ "99999999999999999999\n", -1, true },
		{ "1                                                 \n", -1, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct item item = file_of("context", rows[i].text, strlen(rows[i].text));
		const char *differs;

		assert_int_equal(value_context(&item, &differs, &pool), rows[i].xid);
		assert_int_equal(differs != NULL, rows[i].differs);
	}
}

static void find(void **state)
{
	struct item v[] = {
		file_of("a", "", 0), file_of("a.b", "", 0), file_of("a/c", "", 0), file_of("b", "", 0),
	};
	struct items items = { .nr = 4, .v = v };

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_ptr_equal(items_find(&items, v[i].path), &v[i]);
	assert_null(items_find(&items, "a/"));
	assert_null(items_find(&items, ""));
	assert_null(items_find(&items, "c"));
	items.nr = 0;
	assert_null(items_find(&items, "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_rule), cmocka_unit_test(whole_rule),
		cmocka_unit_test(absent_items), cmocka_unit_test(iface_rule),
		cmocka_unit_test(list_rule), cmocka_unit_test(long_list),
		cmocka_unit_test(context_rule), cmocka_unit_test(find),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, release);
}
