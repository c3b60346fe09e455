/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: what is accepted where, what is refused and with which words.
 */
#include "options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "exits.h"
#include "model/finding_ids.h"
#include "options_rows.h"

static const struct command commands[] = {
	{ "scan", "[GUEST...]", "inventory", NULL, TAKES_GUESTS, NULL },
	{ "convert", "--all|GUEST...|--plan FILE", "do it", "A paragraph.\n",
	  NEEDS_GUESTS | TAKES_ALL | TAKES_YES | TAKES_DRY_RUN | TAKES_PLAN | TAKES_CHOICES |
	  TAKES_OVERRIDE | TAKES_JOBS | TAKES_VERIFY | TAKES_KEEP_GOING | TAKES_OUT, NULL },
	{ "undo", "--all|GUEST...", "back", NULL, NEEDS_GUESTS | TAKES_ALL | TAKES_CHANGED, NULL },
	{ "verify", "[GUEST...]", "compare", NULL, TAKES_GUESTS | TAKES_VERIFY | TAKES_START, NULL },
	{ "explain", "VSnnn", "a finding", NULL, TAKES_ONE, NULL },
	{ "rules", "", "the table", NULL, TAKES_MARKDOWN, NULL },
	{ "report", "", "again", NULL, TAKES_GUESTS | TAKES_FORMAT, NULL },
	{ NULL, NULL, NULL, NULL, 0, NULL },
};

struct fixture {
	struct pool pool;
	struct options o;
	struct err err;
};

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	pool_release(&f->pool);
	free(f);
	return 0;
}

/* The line is taken apart at blanks. */
static int parse(struct fixture *f, const char *line)
{
	char *argv[32] = { NULL }, *rest = pool_strdup(&f->pool, line), *word;
	int argc = 0;

	argv[argc++] = pool_strdup(&f->pool, "vs2vz");
	while ((word = strtok_r(rest, " ", &rest)))
		argv[argc++] = word;
	f->err.text[0] = '\0';
	return options_parse(&f->o, commands, argc, argv, &f->pool, &f->err);
}

static void global_options_before_and_behind(void **state)
{
	struct fixture *f = *state;
	static const char *const lines[] = {
		"--root /mnt -c /x.conf --json -q -vv --color never --log /l scan web1 mail",
		"scan --root=/mnt --config=/x.conf web1 --json -qvv --color=never mail --log=/l",
		"-v scan -v --json --root /mnt web1 -c/x.conf -q --color never --log /l -- mail",
	};

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(parse(f, lines[i]), 0);
		assert_string_equal(f->o.command->name, "scan");
		assert_string_equal(f->o.root_path, "/mnt");
		assert_string_equal(f->o.config_file, "/x.conf");
		assert_string_equal(f->o.log_file, "/l");
		assert_true(f->o.json && f->o.quiet && f->o.verbose == 2);
		assert_int_equal(f->o.color, COLOR_NEVER);
		assert_int_equal(f->o.nr_guests, 2);
		assert_string_equal(f->o.guests[0], "web1");
		assert_string_equal(f->o.guests[1], "mail");
	}
}

static void convert_options(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, "convert -ny -j4 --ctid web1=345 --ctid a=b=101 --sample basic "
			       "--method copy --limits sample --shared keep-readonly "
			       "--insulate image:/srv/ct:150% --fixups none --fixups -tty "
			       "--override VS309,host-mounts --override vs404 --verify quick "
			       "--stop-on-error web1 a=b"), 0);
	assert_true(f->o.dry_run && f->o.yes && f->o.has_jobs && !f->o.keep_going);
	assert_int_equal(f->o.jobs, 4);
	assert_int_equal(f->o.nr_ctids, 2);
	assert_string_equal(f->o.ctids[0].guest, "web1");
	assert_int_equal(f->o.ctids[0].ctid, 345);
	assert_string_equal(f->o.ctids[1].guest, "a=b");
	assert_string_equal(f->o.sample, "basic");
	assert_int_equal(f->o.method, METHOD_COPY);
	assert_true(f->o.has_method);
	assert_true(f->o.has_limits && f->o.limits == LIMITS_SAMPLE);
	assert_true(f->o.has_shared && f->o.shared == SHARED_KEEP_READONLY);
	assert_true(f->o.has_insulate && f->o.insulate.where == INSULATE_IMAGE_DIR);
	assert_string_equal(f->o.insulate.place, "/srv/ct");
	assert_int_equal(f->o.insulate.percent, 150);
	assert_int_equal(f->o.nr_fixups, 2);
	assert_int_equal(f->o.nr_overrides, 3);
	assert_int_equal(f->o.overrides[0], VS_HOST_MOUNTS);
	assert_int_equal(f->o.overrides[2], VS_FOREIGN_MOUNT);
	assert_int_equal(f->o.verify, VERIFY_QUICK);
	assert_int_equal(parse(f, "convert --ctid 345 v345"), 0);
	assert_null(f->o.ctids[0].guest);
	assert_true(f->o.keep_going);
	assert_int_equal(parse(f, "convert --plan /p"), 0);
	assert_int_equal(parse(f, "convert --all"), 0);
	assert_int_equal(parse(f, "undo web1 --bring-back"), 0);
	assert_int_equal(f->o.changed, CHANGED_BRING_BACK);
	assert_int_equal(parse(f, "verify --start --start-timeout 90"), 0);
	assert_true(f->o.start && f->o.start_timeout == 90);
	assert_int_equal(parse(f, "report --format html"), 0);
	assert_int_equal(f->o.format, FORMAT_HTML);
	assert_int_equal(parse(f, "scan -- -n"), 0);
	assert_string_equal(f->o.guests[0], "-n");
}

static void wrong_lines_are_refused(void **state)
{
	static const struct {
		const char *line, *says;
	} rows[] = {
		{ "", "no command given" },
		{ "convret --all", "did you mean 'convert'?" },
		{ "scam", "did you mean 'scan'?" },
		{ "xyzzy", "unknown command 'xyzzy'" },
		{ "scan --jsno", "did you mean '--json'?" },
		{ "scan --frobnicate", "unknown option '--frobnicate'" },
		{ "scan -Z", "unknown option '-Z'" },
		{ "scan --all", "command 'scan' has no option --all" },
		{ "scan -n", "command 'scan' has no option -n" },
		{ "convert", "convert needs a guest or --all" },
		{ "undo", "undo needs a guest or --all" },
		{ "convert --all web1", "either --all or guests" },
		{ "convert --plan /p web1", "--plan names the guests" },
		{ "convert --plan /p --method copy", "run as it is" },
		{ "convert --plan /p --limits guest", "run as it is" },
		{ "convert --plan /p --shared break", "run as it is" },
		{ "convert --plan /p --least", "run as it is" },
		{ "convert --plan", "needs a value: FILE" },
		{ "convert --all=yes", "takes no value" },
		{ "convert -j x web1", "is no number" },
		{ "convert -j 65 web1", "is no number" },
		{ "convert --ctid 100 web1", "is no container number" },
		{ "convert --ctid 2147483645 web1", "is no container number" },
		{ "convert --ctid -1 web1", "is no container number" },
		{ "convert --ctid =345 web1", "no guest before '='" },
		{ "convert --ctid 345 a b", "for one guest" },
		{ "convert --ctid 345 --all", "for one guest" },
		{ "convert --ctid 345 web*", "pattern 'web*'" },
		{ "convert --override VS999 web1", "there is no finding 'VS999'" },
		{ "convert --override VS201 web1", "cannot be overridden" },
		{ "convert --method fast web1", "none of auto, rename, copy" },
		{ "convert --limits some web1", "none of guest, sample" },
		{ "convert --shared leave web1", "none of break, keep-readonly" },
		{ "convert --override VS401 web1", "cannot be overridden" },
		{ "convert --fixups + web1", "say all, none, NAME or -NAME" },
		{ "convert --verify half web1", "none of full, quick" },
		{ "verify --start-timeout 0", "no number of seconds" },
		{ "verify --start-timeout 86401", "no number of seconds" },
		{ "undo a --bring-back --discard-changes", "exclude each other" },
		{ "report --format pdf", "none of text, json, html" },
		{ "scan --color blue", "none of auto, always, never" },
		{ "scan --root=", "an empty value" },
		{ "rules web1", "rules takes no operand" },
		{ "explain", "takes exactly one word" },
		{ "explain VS101 VS102", "takes exactly one word" },
		{ "help convret", "did you mean 'convert'?" },
		{ "scan --nosuch\033[1m", "\\x1B" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (parse(f, rows[i].line) == 0)
			fail_msg("accepted: %s", rows[i].line);
		if (!strstr(f->err.text, rows[i].says))
			fail_msg("%s: '%s' lacks '%s'", rows[i].line, f->err.text, rows[i].says);
		assert_null(strchr(f->err.text, '\n'));
	}
}

static void help_texts(void **state)
{
	static const struct {
		const char *line, *says;
	} rows[] = {
		{ "help", "usage: vs2vz [--root DIR]" },
		{ "--help", "commands:\n  scan" },
		{ "-h", "vs2vz undo" },
		{ "help convert", "usage: vs2vz convert --all|GUEST...|--plan FILE" },
		{ "convert --help", "A paragraph." },
		{ "convert --help", "-j, --jobs N" },
		{ "help exit-codes", "  64  usage" },
		{ "help exit-codes", " 143  stopped" },
		{ "--version", "vs2vz " VERSION "\n" },
		{ "scan -V", "vs2vz " VERSION "\n" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf text CLEANUP_BUF = BUF_INIT;

		assert_int_equal(parse(f, rows[i].line), 0);
		assert_true(f->o.help || f->o.version);
		options_help(&text, &f->o, commands);
		if (!strstr(text.data, rows[i].says))
			fail_msg("%s: no '%s' in\n%s", rows[i].line, rows[i].says, text.data);
	}
}

static void help_is_narrow(void **state)
{
	static const char *const lines[] = { "help", "help convert", "help exit-codes" };
	struct fixture *f = *state;

	for (size_t i = 0; i < 3; i++) {
		struct buf text CLEANUP_BUF = BUF_INIT;

		assert_int_equal(parse(f, lines[i]), 0);
		options_help(&text, &f->o, commands);
		for (char *rest = text.data, *line; (line = strsep(&rest, "\n"));)
			if (strlen(line) > 80)
				fail_msg("too long: %s", line);
	}
}

/* Every option and every exit status is in the manual page. */
static void manual_is_complete(void **state)
{
	FILE *in = fopen("docs/vs2vz.8", "r");
	struct buf page CLEANUP_BUF = BUF_INIT, table CLEANUP_BUF = BUF_INIT;
	size_t n;

	(void)state;
	if (!in)
		skip();
	while ((n = fread(buf_room(&page, 4096), 1, 4096, in)) > 0)
		buf_used(&page, n);
	fclose(in);
	for (const struct option_row *row = option_rows; row->name; row++) {
		char alone[64], second[64];

		snprintf(alone, sizeof(alone), ".It Fl -%s", row->name);
		snprintf(second, sizeof(second), ".It Fl %c , -%s", row->letter ? row->letter : ' ',
			 row->name);
		if (!strstr(page.data, row->letter ? second : alone))
			fail_msg("option --%s is not in the manual", row->name);
	}
	exit_table(&table);
	for (char *rest = table.data, *line; (line = strsep(&rest, "\n")) && *line;) {
		char number[32];

		snprintf(number, sizeof(number), "%d", (int)strtol(line, NULL, 10));
		if (!strstr(strstr(page.data, ".Sh EXIT STATUS"), number))
			fail_msg("exit status %s is not in the manual", number);
	}
}

static void colour_obeys_the_environment(void **state)
{
	(void)state;
	setenv("TERM", "xterm", 1);
	setenv("NO_COLOR", "1", 1);
	assert_false(color_wanted(COLOR_AUTO, STDOUT_FILENO));
	assert_true(color_wanted(COLOR_ALWAYS, STDOUT_FILENO));
	assert_false(color_wanted(COLOR_NEVER, STDOUT_FILENO));
	unsetenv("NO_COLOR");
	assert_false(color_wanted(COLOR_AUTO, -1));
}

static void exit_words(void **state)
{
	(void)state;
	assert_string_equal(exit_word(EXIT_DONE), "done");
	assert_string_equal(exit_word(EXIT_USAGE), "usage");
	assert_string_equal(exit_word(99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(global_options_before_and_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(convert_options, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_lines_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(help_texts, setup, teardown),
		cmocka_unit_test_setup_teardown(help_is_narrow, setup, teardown),
		cmocka_unit_test(manual_is_complete),
		cmocka_unit_test(colour_obeys_the_environment),
		cmocka_unit_test(exit_words),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
