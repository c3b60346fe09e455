/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unified differences, explanations of findings, the translation table, the host's
 * part of a dry run.
 */
#include "report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_clean(const struct buf *text)
{
	for (size_t i = 0; i < text->len; i++)
		assert_true(text->data[i] == '\n' || text->data[i] == '\t' ||
			    (unsigned char)text->data[i] >= 0x20);
}

static void diff_is(const char *a, const char *b, const char *wanted)
{
	const struct buf old = { (char *)(uintptr_t)a, strlen(a), 0, NULL };
	const struct buf new = { (char *)(uintptr_t)b, strlen(b), 0, NULL };
	struct buf out CLEANUP_BUF = BUF_INIT;

	diff_text(&out, "/f", &old, &new, false);
	assert_string_equal(out.data, wanted);
}

static void differences(void **state)
{
	(void)state;
	diff_is("", "a\nb\n", "--- /f\n+++ /f\n@@ -0,0 +1,2 @@\n+a\n+b\n");
	diff_is("a\n", "", "--- /f\n+++ /f\n@@ -1,1 +0,0 @@\n-a\n");
	diff_is("a\nb\n", "a\nb\n", "--- /f\n+++ /f\n");
	diff_is("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
		"--- /f\n+++ /f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n");
	diff_is("a\n1\n2\n3\n4\n5\n6\n7\n8\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\n8\nB\n",
		"--- /f\n+++ /f\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n"
		"@@ -7,4 +7,4 @@\n 6\n 7\n 8\n-b\n+B\n");
	diff_is("a\n1\n2\n3\n4\n5\nb\n", "1\n2\n3\n4\n5\nb\nc",
		"--- /f\n+++ /f\n@@ -1,7 +1,7 @@\n-a\n 1\n 2\n 3\n 4\n 5\n b\n+c\n"
		"\\ No newline at end of file\n");
	diff_is("k=\033[1m\n", "k=\tb\n",
		"--- /f\n+++ /f\n@@ -1,1 +1,1 @@\n-k=\\x1B[1m\n+k=\tb\n");
}

/* Larger than the table may be: still complete. */
static void large_differences(void **state)
{
	struct buf a CLEANUP_BUF = BUF_INIT, b CLEANUP_BUF = BUF_INIT;
	struct buf out CLEANUP_BUF = BUF_INIT;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		buf_addf(&a, "a%d\n", i);
		buf_addf(&b, "b%d\n", i);
	}
	diff_text(&out, "/f", &a, &b, false);
	assert_non_null(strstr(out.data, "@@ -1,3000 +1,3000 @@\n-a0\n"));
	assert_non_null(strstr(out.data, "+b2999\n"));
}

static void explanations(void **state)
{
	(void)state;
	for (size_t i = 0; i < nr_finding_kinds; i++) {
		struct buf out CLEANUP_BUF = BUF_INIT;

		report_explain(&out, &finding_kinds[i]);
		assert_clean(&out);
		for (char *rest = out.data, *line; (line = strsep(&rest, "\n"));)
			if (strlen(line) > 90)
				fail_msg("too long: %s", line);
	}
}

/* How many lines begin with these words? */
static size_t lines_with(const struct buf *text, const char *start)
{
	size_t nr = 0;

	for (const char *at = text->data; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		nr += strncmp(at, start, strlen(start)) == 0;
	return nr;
}

static void every_rule_is_in_the_document(void **state)
{
	struct buf text CLEANUP_BUF = BUF_INIT, markdown CLEANUP_BUF = BUF_INIT;

	(void)state;
	report_rules(&text, false);
	report_rules(&markdown, true);
	for (size_t i = 0; i < nr_rules; i++)
		if (!strstr(text.data, rules[i].pattern))
			fail_msg("'%s' is missing", rules[i].pattern);
	assert_true(lines_with(&markdown, "| ") >= nr_rules);
}

/* Steps that only remember a time are shown with -v; a heading alone says nothing. */
static void a_host_without_lines_is_left_out(void **state)
{
	static const struct text_style plain = { 0 }, verbose = { .verbose = true };
	struct buf quiet CLEANUP_BUF = BUF_INIT, loud CLEANUP_BUF = BUF_INIT,
		   more CLEANUP_BUF = BUF_INIT;
	struct pool pool = POOL_INIT;
	struct plan plan = { 0 };
	struct report r;
	struct step *s;

	(void)state;
	report_init(&r, &pool, "plan", 0, NULL);
	s = plan_step(&plan, &pool, "times");
	step_arg(s, &pool, "at", "/vservers");
	report_steps(report_host(&r), &r, &plan);
	report_plan(&quiet, &r, &plain);
	report_plan(&loud, &r, &verbose);
	assert_ptr_equal(strstr(quiet.data, "plan: "), quiet.data);
	assert_ptr_equal(strstr(loud.data, "host   (steps that all guests share)\n"), loud.data);
	plan.nr_steps = 0;
	s = plan_step(&plan, &pool, "mkdir");
	step_arg(s, &pool, "at", "/vz/private");
	report_steps(report_host(&r), &r, &plan);
	report_plan(&more, &r, &plain);
	assert_ptr_equal(strstr(more.data, "host   (steps that all guests share)\n  + mkdir"),
			 more.data);
	pool_release(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences),
		cmocka_unit_test(large_differences),
		cmocka_unit_test(explanations),
		cmocka_unit_test(every_rule_is_in_the_document),
		cmocka_unit_test(a_host_without_lines_is_left_out),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
