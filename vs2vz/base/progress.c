/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Progress of one phase at a time. Workers only add to two counters; the thread
 * that began the phase looks at the clock and prints. Times are monotonic: a clock
 * that is set while a copy runs must not spoil rate and time left.
 */
#include "base/progress.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/units.h"

#define COLUMNS 79
#define REDRAW_MS 100
#define LINE_MS 10000
#define ESTIMATE_MS 2000	/* before that a rate is a guess */

static enum progress_style how;
static struct {
	bool active;
	bool drawn;		/* a line without newline stands on the terminal */
	const char *phase;
	struct buf about;
	uint64_t objects, bytes; /* totals, 0: unknown */
	uint64_t began_ms, shown_ms;
} now_running = { .about = BUF_INIT };
static uint64_t done_objects, done_bytes;

static uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void put(const char *text, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(STDERR_FILENO, text + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		done += (size_t)n;
	}
}

/* Not inside a character, so that the terminal never sees half of one. */
static void cut(struct buf *line, size_t columns)
{
	if (line->len <= columns)
		return;
	while (columns > 0 && ((unsigned char)line->data[columns] & 0xc0) == 0x80)
		columns--;
	line->len = columns;
	line->data[columns] = '\0';
}

void progress_setup(enum progress_style style)
{
	how = style;
}

void progress_begin(const char *phase, const char *guest, uint64_t objects, uint64_t bytes)
{
	now_running.active = true;
	now_running.phase = phase;
	buf_clear(&now_running.about);
	if (guest)
		buf_adds(&now_running.about, show(guest));
	cut(&now_running.about, 30);
	now_running.objects = objects;
	now_running.bytes = bytes;
	now_running.began_ms = now_running.shown_ms = clock_ms();
	__atomic_store_n(&done_objects, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&done_bytes, 0, __ATOMIC_RELAXED);
}

void progress_add(uint64_t objects, uint64_t bytes)
{
	__atomic_fetch_add(&done_objects, objects, __ATOMIC_RELAXED);
	__atomic_fetch_add(&done_bytes, bytes, __ATOMIC_RELAXED);
}

static void add_title(struct buf *line)
{
	buf_adds(line, now_running.phase);
	if (now_running.about.len)
		buf_addf(line, " %s", now_running.about.data);
	buf_adds(line, ": ");
}

/* Share done, in thousandths: by bytes where their total is known. */
static bool share_done(uint64_t objects, uint64_t bytes, uint64_t *thousandths)
{
	uint64_t total = now_running.bytes ? now_running.bytes : now_running.objects;
	uint64_t done = now_running.bytes ? bytes : objects;

	if (!total)
		return false;
	*thousandths = done >= total ? 1000 : (uint64_t)((double)done / (double)total * 1000);
	return true;
}

static void add_left(struct buf *line, uint64_t thousandths, uint64_t passed_ms)
{
	uint64_t left;

	if (passed_ms < ESTIMATE_MS || thousandths < 10 || thousandths >= 1000)
		return;
	left = passed_ms * (1000 - thousandths) / thousandths / 1000;
	if (left >= 3600)
		buf_addf(line, ", %d:%02d h left", (int)(left / 3600), (int)(left / 60 % 60));
	else
		buf_addf(line, ", %d:%02d left", (int)(left / 60), (int)(left % 60));
}

static void compose(struct buf *line, uint64_t passed_ms)
{
	uint64_t objects = __atomic_load_n(&done_objects, __ATOMIC_RELAXED);
	uint64_t bytes = __atomic_load_n(&done_bytes, __ATOMIC_RELAXED);
	uint64_t thousandths = 0;
	bool known = share_done(objects, bytes, &thousandths);

	add_title(line);
	if (known)
		buf_addf(line, "%d%%, ", (int)(thousandths / 10));
	buf_addf(line, "%llu objects", (unsigned long long)objects);
	if (bytes)
		buf_addf(line, ", %s", show_size(bytes));
	if (bytes && passed_ms >= ESTIMATE_MS)
		buf_addf(line, ", %s/s", show_size((uint64_t)((double)bytes * 1000 /
							      (double)passed_ms)));
	if (known)
		add_left(line, thousandths, passed_ms);
}

void progress_poll(void)
{
	struct buf line CLEANUP_BUF = BUF_INIT;
	uint64_t now;

	if (how == PROGRESS_NONE || !now_running.active)
		return;
	now = clock_ms();
	if (now - now_running.shown_ms < (how == PROGRESS_TERMINAL ? REDRAW_MS : LINE_MS))
		return;
	now_running.shown_ms = now;
	compose(&line, now - now_running.began_ms);
	cut(&line, COLUMNS);
	if (how == PROGRESS_TERMINAL) {
		struct buf drawn CLEANUP_BUF = BUF_INIT;

		buf_addf(&drawn, "\r%s\033[K", line.data);
		put(drawn.data, drawn.len);
		now_running.drawn = true;
	} else {
		buf_addch(&line, '\n');
		put(line.data, line.len);
	}
}

void progress_hide(void)
{
	if (!now_running.drawn)
		return;
	put("\r\033[K", 4);
	now_running.drawn = false;
}

void progress_end(void)
{
	struct buf line CLEANUP_BUF = BUF_INIT;
	uint64_t bytes = __atomic_load_n(&done_bytes, __ATOMIC_RELAXED);
	uint64_t passed_ms;

	if (!now_running.active)
		return;
	progress_hide();
	now_running.active = false;
	passed_ms = clock_ms() - now_running.began_ms;
	if (how != PROGRESS_NONE) {
		add_title(&line);
		buf_addf(&line, "%llu objects", (unsigned long long)__atomic_load_n(
				 &done_objects, __ATOMIC_RELAXED));
		if (bytes)
			buf_addf(&line, ", %s", show_size(bytes));
		if (passed_ms < 10000)
			buf_addf(&line, " in %.1f s\n", (double)passed_ms / 1000);
		else
			buf_addf(&line, " in %llu s\n", (unsigned long long)passed_ms / 1000);
		put(line.data, line.len);
	}
	buf_release(&now_running.about);
}
