/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log: what was begun and what was done, one checksummed line at a time.
 *
 *	1 open format=2 5f0c2a11
 *	2 do 0-3 98d1c0aa
 *	3 done 0-3 next=do:4-4 ...
 *
 * A table says which word may follow which state and what it makes of it; reading the
 * log and writing it go through the same rows, so what was written can be read.
 *
 * An append is written and synced before its caller goes on. Where that fails, the line
 * is cut off again: what the log says and what memory says stay the same. Dying in
 * between leaves a torn last line, which never happened.
 *
 * How many lines there were by then stands in the file "seal", written after each line and
 * synced by nobody: what it says is on the disk already. A log that lost whole lines, or
 * whose last one has become unreadable, is shorter than its seal and is damaged. A seal
 * that is older, torn or absent (a power cut took it) says nothing.
 */
#include "run/logfile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/units.h"
#include "base/words.h"
#include "model/finding_ids.h"

#define CHECK_LEN 8	/* hex digits at the end of a line */

static bool take_open(struct journal *j, unsigned a, unsigned b)
{
	(void)a;
	(void)b;
	if (j->phase != PHASE_NONE)
		return false;
	j->phase = PHASE_PLANNED;
	return true;
}

static bool take_do(struct journal *j, unsigned a, unsigned b)
{
	if (j->phase != PHASE_PLANNED && j->phase != PHASE_CONVERTING &&
	    j->phase != PHASE_UNDOING)
		return false;
	if (a != j->first || b < a || b >= j->plan.nr_steps ||
	    (j->first != j->last && b + 1 != j->last))
		return false;
	j->phase = PHASE_CONVERTING;
	j->last = b + 1;
	j->reached = j->reached < a ? j->reached : a;
	return true;
}

static bool take_done(struct journal *j, unsigned a, unsigned b)
{
	if (j->phase != PHASE_CONVERTING || a != j->first || b + 1 != j->last || b < a)
		return false;
	j->first = j->last = j->reached = b + 1;
	return true;
}

static bool take_complete(struct journal *j, unsigned a, unsigned b)
{
	(void)a;
	(void)b;
	if (j->phase != PHASE_CONVERTING && j->phase != PHASE_PLANNED && j->phase != PHASE_UNDOING)
		return false;
	if (j->first != j->last || j->last != j->plan.nr_steps)
		return false;
	j->phase = PHASE_CONVERTED;
	return true;
}

static bool take_undo(struct journal *j, unsigned high, unsigned low)
{
	if (j->phase != PHASE_CONVERTING && j->phase != PHASE_CONVERTED &&
	    j->phase != PHASE_UNDOING)
		return false;
	if (high + 1 != j->last || low > high || (j->first != j->last && low != j->first))
		return false;
	j->phase = PHASE_UNDOING;
	j->first = low;
	return true;
}

static bool take_undone(struct journal *j, unsigned high, unsigned low)
{
	if (j->phase != PHASE_UNDOING || high + 1 != j->last || low != j->first || low > high)
		return false;
	j->last = low;
	j->reached = j->reached < low ? j->reached : low;
	return true;
}

static bool take_reverted(struct journal *j, unsigned a, unsigned b)
{
	(void)a;
	(void)b;
	if (j->phase < PHASE_PLANNED || j->phase > PHASE_UNDOING || j->last != 0)
		return false;
	j->phase = PHASE_UNDONE;
	return true;
}

static bool take_finish(struct journal *j, unsigned a, unsigned b)
{
	(void)a;
	(void)b;
	if (j->phase != PHASE_CONVERTED && j->phase != PHASE_COMMITTING)
		return false;
	j->phase = PHASE_COMMITTING;
	return true;
}

static bool take_finished(struct journal *j, unsigned a, unsigned b)
{
	(void)a;
	(void)b;
	return j->phase == PHASE_COMMITTING;
}

static bool take_closed(struct journal *j, unsigned a, unsigned b)
{
	(void)a;
	(void)b;
	if (j->phase != PHASE_COMMITTING)
		return false;
	j->phase = PHASE_COMMITTED;
	return true;
}

static bool take_kept(struct journal *j, unsigned a, unsigned b)
{
	(void)a;
	(void)b;
	return j->phase != PHASE_NONE;
}

static const struct log_row {
	const char *word;
	bool ranged;
	bool (*take)(struct journal *j, unsigned a, unsigned b);
} rows[] = {
	{ "closed", false, take_closed },
	{ "complete", false, take_complete },
	{ "do", true, take_do },
	{ "done", true, take_done },
	{ "finish", true, take_finish },
	{ "finished", true, take_finished },
	{ "kept", false, take_kept },
	{ "open", false, take_open },
	{ "reverted", false, take_reverted },
	{ "undo", true, take_undo },
	{ "undone", true, take_undone },
};

static const struct log_row *row_find(const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strlen(rows[i].word) == len && memcmp(rows[i].word, word, len) == 0)
			return &rows[i];
	return NULL;
}

static int damaged(const struct journal *j, const char *why, struct err *err)
{
	return fail_code(err, VS_JOURNAL_DAMAGED, "journal '%s': line %llu of the log %s",
			 show(j->name), (unsigned long long)j->next_seq, why);
}

static int unknown(const struct journal *j, const char *what, struct err *err)
{
	return fail_code(err, VS_JOURNAL_NEWER, "journal '%s': '%s' in line %llu of the log is "
			 "not known to this version", show(j->name), show(what),
			 (unsigned long long)j->next_seq);
}

static bool parse_range(const char *text, unsigned *a, unsigned *b)
{
	const char *mark = text ? strchr(text, '-') : NULL;
	uint64_t x, y;
	char first[16];

	if (!mark || (size_t)(mark - text) >= sizeof(first))
		return false;
	memcpy(first, text, (size_t)(mark - text));
	first[mark - text] = '\0';
	if (!parse_u64(first, UINT32_MAX - 1, &x) || !parse_u64(mark + 1, UINT32_MAX - 1, &y))
		return false;
	*a = (unsigned)x;
	*b = (unsigned)y;
	return true;
}

static int replay_word(struct journal *j, const char *word, size_t len, const char *range,
		       struct err *err)
{
	const struct log_row *row = row_find(word, len);
	unsigned a = 0, b = 0;

	if (!row)
		return unknown(j, word, err);
	if (row->ranged && !parse_range(range, &a, &b))
		return damaged(j, "has no range of steps", err);
	if (!row->take(j, a, b))
		return damaged(j, "does not follow from the one before", err);
	return 0;
}

static int replay_words(struct journal *j, const struct words *w, struct err *err)
{
	const char *next = words_get(w, "next"), *format = words_get(w, "format");
	uint64_t seq, nr;

	if (w->nr_bare < 2 || !parse_u64(w->bare[0], UINT64_MAX, &seq))
		return damaged(j, "is malformed", err);
	if (seq != j->next_seq)
		return damaged(j, "has the wrong number", err);
	if (format && (!parse_u64(format, UINT32_MAX, &nr) || nr != LOG_FORMAT))
		return unknown(j, format, err);
	if (replay_word(j, w->bare[1], strlen(w->bare[1]), w->nr_bare > 2 ? w->bare[2] : NULL,
			err) < 0)
		return -1;
	if (next) {
		size_t len = strcspn(next, ":");

		return replay_word(j, next, len, next[len] ? next + len + 1 : NULL, err);
	}
	return 0;
}

/* A whole line without its newline: is its checksum right? Cuts the checksum off. */
static bool check_line(struct buf *line)
{
	char want[CHECK_LEN + 2];
	size_t len;

	if (line->len <= CHECK_LEN + 1 || memchr(line->data, '\0', line->len))
		return false;
	len = line->len - CHECK_LEN - 1;
	snprintf(want, sizeof(want), " %08x", hash_check(line->data, len));
	if (memcmp(line->data + len, want, CHECK_LEN + 1) != 0)
		return false;
	line->data[len] = '\0';
	line->len = len;
	return true;
}

/*
 * Is there a whole line in what should be one, and something behind it? No write that was
 * cut short leaves that: a newline has become something else. Zeros are what a file system
 * shows of a block that was never written.
 */
static bool holds_line(const char *at, size_t len)
{
	struct buf CLEANUP_BUF part = BUF_INIT;

	for (size_t end = CHECK_LEN + 2; end < len; end++) {
		if (at[end - CHECK_LEN - 1] != ' ' || !at[end])
			continue;
		buf_clear(&part);
		buf_add(&part, at, end);
		if (check_line(&part))
			return true;
	}
	return false;
}

static int replay_line(struct journal *j, const char *text, struct err *err)
{
	struct words w;
	int rc;

	if (words_parse(&w, text, err) < 0)
		return damaged(j, "is malformed", err);
	rc = replay_words(j, &w, err);
	words_release(&w);
	return rc;
}

int log_replay(struct journal *j, const char *bytes, size_t len, struct err *err)
{
	struct buf CLEANUP_BUF line = BUF_INIT;
	const char *at = bytes, *end = bytes + len;

	j->next_seq = 1;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (!newline && holds_line(at, (size_t)(end - at)))
			return damaged(j, "has lost its end", err);
		if (!newline)
			break;
		buf_clear(&line);
		buf_add(&line, at, (size_t)(newline - at));
		if (!check_line(&line)) {
			if (newline + 1 == end && !holds_line(at, (size_t)(newline - at)))
				break;
			return damaged(j, "is damaged", err);
		}
		if (replay_line(j, line.data, err) < 0)
			return -1;
		at = newline + 1;
		j->next_seq++;
	}
	j->log_len = (uint64_t)(at - bytes);
	return j->phase == PHASE_NONE ? damaged(j, "is missing", err) : 0;
}

/* "0000000012 000000001234 5f0c2a11 CHECK": lines, their bytes, the checksum of the last. */
int log_check_seal(const struct journal *j, const char *bytes, const struct buf *seal,
		   struct err *err)
{
	struct buf CLEANUP_BUF text = BUF_INIT;
	unsigned long long lines, len;
	char last[CHECK_LEN + 1];

	buf_add(&text, seal->data, seal->len ? seal->len - 1 : 0);
	if (!check_line(&text) ||
	    sscanf(text.data, "%llu %llu %8[0-9a-f]", &lines, &len, last) != 3)
		return 0;
	if (j->log_len >= len && j->next_seq > lines && len > CHECK_LEN &&
	    memcmp(bytes + len - 1 - CHECK_LEN, last, CHECK_LEN) == 0)
		return 0;
	return fail_code(err, VS_JOURNAL_DAMAGED, "journal '%s': the log ends with line %llu, but "
			 "line %llu was written: it has been cut", show(j->name),
			 (unsigned long long)j->next_seq - 1, lines);
}

/* A wish, not a promise: without it a log that is cut is not told from one that ended. */
static void write_seal(struct journal *j, const char *check)
{
	struct place at = { j->folder, LOG_SEAL };
	struct buf CLEANUP_BUF text = BUF_INIT;

	if (j->seal == -1) {
		j->seal = sys_open_write(&at);
		if (j->seal < 0 && errno == ENOENT)
			j->seal = sys_create(&at, 0600);
		if (j->seal < 0)
			j->seal = -2;
	}
	if (j->seal < 0)
		return;
	buf_addf(&text, "%010llu %012llu %.*s", (unsigned long long)j->next_seq - 1,
		 (unsigned long long)j->log_len, CHECK_LEN, check);
	buf_addf(&text, " %08x\n", hash_check(text.data, text.len));
	if (sys_pwrite(j->seal, text.data, text.len, 0) != (ssize_t)text.len) {
		close_fd(&j->seal);
		j->seal = -2;
	}
}

static void seal(struct buf *line)
{
	buf_addf(line, " %08x\n", hash_check(line->data, line->len));
}

void log_first_line(struct buf *out)
{
	buf_addf(out, "1 open format=%d", LOG_FORMAT);
	seal(out);
}

static int open_log(struct journal *j, struct err *err)
{
	struct place at = { j->folder, "log" };
	struct stat st;

	if (j->log >= 0)
		return 0;
	if (j->log == -2)
		return fail(err, "the log of '%s' could not be written before", show(j->name));
	j->log = sys_open_write(&at);
	if (j->log < 0)
		return fail_errno(err, "cannot open the log of '%s'", show(j->name));
	if (fstat(j->log, &st) < 0 || ((uint64_t)st.st_size != j->log_len &&
				       sys_ftruncate(j->log, (off_t)j->log_len) < 0)) {
		fail_errno(err, "cannot cut the torn line off the log of '%s'", show(j->name));
		close_fd(&j->log);
		return -1;
	}
	return 0;
}

static int append(struct journal *j, struct buf *line, struct err *err)
{
	size_t done = 0;

	seal(line);
	if (open_log(j, err) < 0)
		return -1;
	while (done < line->len) {
		ssize_t n = sys_pwrite(j->log, line->data + done, line->len - done,
				       (off_t)(j->log_len + done));

		if (n < 0)
			goto bad;
		done += (size_t)n;
	}
	if (sys_fsync(j->log) < 0)
		goto bad;
	j->log_len += line->len;
	j->next_seq++;
	write_seal(j, line->data + line->len - 1 - CHECK_LEN);
	return 0;
bad:
	fail_errno(err, "cannot write the log of '%s'", show(j->name));
	if (sys_ftruncate(j->log, (off_t)j->log_len) < 0) {
		close_fd(&j->log);
		j->log = -2;
	}
	return -1;
}

/* What the word makes of the journal; the line so far gets the word. */
static void print_word(struct buf *line, struct journal *after, const struct log_word *w,
		       bool next)
{
	const struct log_row *row = row_find(w->word, strlen(w->word));
	char range[32] = "";

	if (!row || !row->take(after, w->a, w->b))
		die("'%s %u-%u' does not fit into the log of '%s'", w->word, w->a, w->b,
		    show(after->name));
	if (row->ranged)
		snprintf(range, sizeof(range), "%u-%u", w->a, w->b);
	if (next) {
		words_pairf(line, "next", "%s%s%s", w->word, *range ? ":" : "", range);
		return;
	}
	words_bare(line, w->word);
	if (*range)
		words_bare(line, range);
}

int journal_log_two(struct journal *j, const struct log_word *now, const struct log_word *next,
		    struct err *err)
{
	struct buf CLEANUP_BUF line = BUF_INIT;
	struct journal after = *j;

	buf_addf(&line, "%llu", (unsigned long long)j->next_seq);
	print_word(&line, &after, now, false);
	if (next)
		print_word(&line, &after, next, true);
	if (append(j, &line, err) < 0)
		return -1;
	j->phase = after.phase;
	j->first = after.first;
	j->last = after.last;
	j->reached = after.reached;
	return 0;
}

int journal_log(struct journal *j, const char *word, unsigned a, unsigned b, struct err *err)
{
	struct log_word now = { word, a, b };

	return journal_log_two(j, &now, NULL, err);
}

int journal_log_kept(struct journal *j, const struct kept *kept, struct err *err)
{
	struct buf CLEANUP_BUF line = BUF_INIT;

	buf_addf(&line, "%llu", (unsigned long long)j->next_seq);
	words_bare(&line, "kept");
	words_pair(&line, "path", kept->path);
	words_pair(&line, "why", kept->why);
	return append(j, &line, err);
}
