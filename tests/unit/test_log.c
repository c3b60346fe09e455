/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What reaches stderr at which verbosity, what reaches the log file, and progress
 * where stderr is no terminal.
 */
#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/progress.h"

/* stderr goes into an unlinked file between these two. */
static int saved, caught;

static int unlinked_file(void)
{
	const char *tmp = getenv("TMPDIR");
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/log.XXXXXX", tmp ? tmp : "/tmp");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static void catch(void)
{
	saved = dup(STDERR_FILENO);
	caught = unlinked_file();
	dup2(caught, STDERR_FILENO);
}

static void release(char *out, size_t size)
{
	ssize_t n;

	dup2(saved, STDERR_FILENO);
	close(saved);
	n = pread(caught, out, size - 1, 0);
	close(caught);
	out[n > 0 ? n : 0] = '\0';
}

static void say_all(int verbosity, bool color, char *out, size_t size)
{
	catch();
	log_setup(verbosity, color);
	log_say(LOG_ERROR, "a%d", 1);
	log_guest("we\033b");
	log_say(LOG_WARNING, "b\nc");
	log_guest(NULL);
	log_say(LOG_NOTE, "d");
	log_say(LOG_DETAIL, "e");
	release(out, size);
}

static void verbosity_selects(void **state)
{
	char out[1024];

	(void)state;
	say_all(-1, false, out, sizeof(out));
	assert_string_equal(out, "error: a1\nwarning: we\\x1Bb: b\\x0Ac\n");
	say_all(0, false, out, sizeof(out));
	assert_string_equal(out, "error: a1\nwarning: we\\x1Bb: b\\x0Ac\nnote: d\n");
	say_all(1, false, out, sizeof(out));
	assert_string_equal(out, "error: a1\nwarning: we\\x1Bb: b\\x0Ac\nnote: d\ne\n");
	say_all(0, true, out, sizeof(out));
	assert_non_null(strstr(out, "\033[1;31merror:\033[0m a1\n"));
}

static void file_gets_everything(void **state)
{
	static const char *const rows[] = {
		" - error a1", " we\\x1Bb warning b\\x0Ac", " - note d", " - detail e",
	};
	int fd = unlinked_file(), keep = dup(fd);
	char out[1024], *rest = out;
	ssize_t n;

	(void)state;
	log_to(fd);
	say_all(-1, true, out, sizeof(out));
	log_close();
	n = pread(keep, out, sizeof(out) - 1, 0);
	close(keep);
	out[n > 0 ? n : 0] = '\0';
	for (size_t i = 0; i < 4; i++) {
		const char *line = strsep(&rest, "\n");

		assert_int_equal(strspn(line, "0123456789-T:Z"), 20);
		assert_int_equal(line[19], 'Z');
		assert_string_equal(line + 20, rows[i]);
	}
	assert_string_equal(rest, "");
}

static void *add_many(void *unused)
{
	for (int i = 0; i < 10000; i++)
		progress_add(1, 1024);
	return unused;
}

static void progress_counts_all_threads(void **state)
{
	pthread_t threads[4];
	char out[1024];

	(void)state;
	catch();
	progress_setup(PROGRESS_LINES);
	progress_begin("copying", "web1", 40000, 0);
	for (size_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, add_many, NULL);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	progress_poll();	/* ten seconds are not over: silent */
	progress_end();
	progress_end();
	progress_setup(PROGRESS_NONE);
	progress_begin("copying", "web2", 0, 0);
	progress_end();
	release(out, sizeof(out));
	assert_memory_equal(out, "copying web1: 40000 objects, 39 MiB in ", 39);
	assert_ptr_equal(strchr(out, '\n'), out + strlen(out) - 1);
}

static void terminal_is_redrawn_and_cleared(void **state)
{
	char out[1024];

	(void)state;
	catch();
	log_setup(0, false);
	progress_setup(PROGRESS_TERMINAL);
	progress_begin("copying", "web1", 100, 0);
	progress_add(50, 0);
	usleep(150 * 1000);
	progress_poll();
	progress_poll();	/* less than 100 ms later: not drawn again */
	log_say(LOG_NOTE, "x");
	progress_end();
	progress_setup(PROGRESS_NONE);
	release(out, sizeof(out));
	assert_memory_equal(out, "\rcopying web1: 50%, 50 objects\033[K\r\033[Knote: x\n"
			    "copying web1: 50 objects in ", 71);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verbosity_selects),
		cmocka_unit_test(file_gets_everything),
		cmocka_unit_test(progress_counts_all_threads),
		cmocka_unit_test(terminal_is_redrawn_and_cleared),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
