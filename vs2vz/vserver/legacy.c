/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reader for the little shell that legacy configurations are written in.
 *
 *	list	   = { NAME=WORD | if | case | CODE }
 *	if	   = "if" TEST "then" list [ "else" list ] "fi"
 *	case	   = "case" WORD "in" { PATTERN { "|" PATTERN } ")" list ";;" } "esac"
 *	TEST	   = "[" WORD ( "=" | "==" | "!=" ) WORD "]" | "[" ( "-z" | "-n" ) WORD "]"
 *
 * WORD may hold quotes, backslashes and $PROFILE; one with any other expansion makes
 * its command CODE. A compound command that is not understood is CODE down to its
 * end, assignments inside included: whether they would have happened is unknown.
 * Commands in a branch that is not taken are skipped and not listed.
 */
#include "vserver/legacy.h"

#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

#include "base/buf.h"
#include "vserver/scanning.h"
#include "vserver/shell_skip.h"

#define NESTING_MAX 16

enum frame_type { IN_IF, IN_CASE };
struct frame {
	enum frame_type type;
	bool outer;		/* commands around the construct take effect */
	bool done;		/* a branch was taken */
	const char *subject;	/* of the case */
};

struct parser {
	const char *at;
	unsigned line;
	bool active;
	const char *profile;
	struct pool *pool;
	struct legacy *out;
	size_t nr_frames;
	struct frame frame[NESTING_MAX];
};

/* Skip n bytes, counting lines. */
static void take(struct parser *p, size_t n)
{
	for (; n && *p->at; n--)
		p->line += *p->at++ == '\n';
}

static void skip_blanks(struct parser *p)
{
	while (*p->at == ' ' || *p->at == '\t' || (p->at[0] == '\\' && p->at[1] == '\n'))
		take(p, *p->at == '\\' ? 2 : 1);
}

static bool at_word_end(const char *at)
{
	return !*at || strchr(" \t\n;|&<>()", *at);
}

static void code_line(struct parser *p, unsigned line)
{
	struct legacy *out = p->out;

	if (!p->active)
		return;
	if (out->nr_code && out->nr_code <= LEGACY_LINES_MAX && out->code[out->nr_code - 1] == line)
		return;
	if (out->nr_code < LEGACY_LINES_MAX)
		out->code[out->nr_code] = line;
	out->nr_code++;
}

/* The command that began at from is not understood: list its lines, go behind it. */
static void skip_code(struct parser *p, const char *from, unsigned from_line)
{
	size_t len = shell_skip(from);

	p->at = from;
	p->line = from_line;
	code_line(p, p->line);
	for (; len && *p->at; len--) {
		bool next = *p->at == '\n' && len > 1;

		take(p, 1);
		if (next && p->at[strspn(p->at, " \t")] != '\n')
			code_line(p, p->line);
	}
}

/* $PROFILE or ${PROFILE}; 0 where it is any other expansion. */
static size_t profile_len(const char *at)
{
	static const char *const forms[] = { "${PROFILE}", "$PROFILE" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		size_t len = strlen(forms[i]);

		if (strncmp(at, forms[i], len) == 0 &&
		    (i == 0 || (!isalnum((unsigned char)at[len]) && at[len] != '_')))
			return len;
	}
	return 0;
}

/* One character or expansion of a word; false: an expansion that is not understood. */
static bool word_part(struct parser *p, struct buf *out, char *quote)
{
	char c = *p->at;
	size_t len;

	if (c == '`' || c == '$') {
		len = c == '$' ? profile_len(p->at) : 0;
		buf_adds(out, len ? p->profile : "");
		take(p, len);
		return len != 0;
	}
	if (c == '\\' && p->at[1] == '\n') {
		take(p, 2);
		return true;
	}
	/* Between double quotes a backslash escapes four characters only. */
	if (c == '\\' && p->at[1] && (!*quote || strchr("\"\\$`", p->at[1])))
		take(p, 1);
	buf_addch(out, *p->at);
	take(p, 1);
	return true;
}

/* A word, quotes removed. NULL: not one that can be read as text. */
static const char *word(struct parser *p)
{
	struct buf out CLEANUP_BUF = BUF_INIT;
	char quote = 0;

	while (*p->at && (quote || !at_word_end(p->at))) {
		char c = *p->at;

		if (c == quote) {
			quote = 0;
			take(p, 1);
		} else if (!quote && (c == '\'' || c == '"')) {
			quote = c;
			take(p, 1);
		} else if (quote == '\'') {
			buf_addch(&out, c);
			take(p, 1);
		} else if (!word_part(p, &out, &quote)) {
			return NULL;
		}
	}
	if (quote)
		return NULL;
	return pool_memdup(p->pool, out.data, out.len);
}

/* Is the bare word w next? Then it is taken. */
static bool take_word(struct parser *p, const char *w)
{
	size_t len = strlen(w);

	if (strncmp(p->at, w, len) != 0 || !at_word_end(p->at + len))
		return false;
	take(p, len);
	return true;
}

/* Blanks, newlines, single semicolons and comments between commands. */
static void skip_space(struct parser *p)
{
	for (;;) {
		skip_blanks(p);
		if (*p->at == '#')
			take(p, strcspn(p->at, "\n"));
		else if (*p->at == '\n' || (*p->at == ';' && p->at[1] != ';'))
			take(p, 1);
		else
			return;
	}
}

static size_t assignment_name(const char *at)
{
	size_t n = 0;

	if (isdigit((unsigned char)*at))
		return 0;
	while (isalnum((unsigned char)at[n]) || at[n] == '_')
		n++;
	return at[n] == '=' ? n : 0;
}

static void set(struct parser *p, const char *name, const char *value, unsigned line)
{
	struct items *items = &p->out->items;
	struct item *item = NULL;

	if (!p->active)
		return;
	if (strcmp(name, "PROFILE") == 0)
		p->profile = value;
	for (size_t i = 0; i < items->nr && !item; i++)
		if (strcmp(items->v[i].path, name) == 0)
			item = &items->v[i];
	if (!item)
		item = items_add(items, p->pool, name, ITEM_FILE);
	item->text = value;
	item->len = strlen(value);
	item->line = line;
}

/*
 * "A=1 B=2", with or without export. A word behind them makes it a command, for
 * which alone they are set: false, and nothing is set.
 */
static bool assignments(struct parser *p)
{
	struct legacy found = { .nr_code = 0 };
	struct parser probe = *p;

	probe.out = &found;
	if (take_word(&probe, "export"))
		skip_blanks(&probe);
	do {
		size_t len = assignment_name(probe.at);
		const char *name = pool_memdup(p->pool, probe.at, len);
		unsigned line = probe.line;
		const char *value;

		if (!len)
			return false;
		take(&probe, len + 1);
		value = word(&probe);
		if (!value)
			return false;
		set(&probe, name, value, line);
		skip_blanks(&probe);
	} while (*probe.at && !strchr("\n;#", *probe.at));
	for (size_t i = 0; i < found.items.nr; i++)
		set(p, found.items.v[i].path, found.items.v[i].text, found.items.v[i].line);
	p->at = probe.at;
	p->line = probe.line;
	return true;
}

static bool push(struct parser *p, enum frame_type type, const char *subject)
{
	if (p->nr_frames == NESTING_MAX)
		return false;
	p->frame[p->nr_frames++] = (struct frame){
		.type = type, .outer = p->active, .subject = subject,
	};
	return true;
}

static struct frame *top(struct parser *p, enum frame_type type)
{
	struct frame *f = p->nr_frames ? &p->frame[p->nr_frames - 1] : NULL;

	return f && f->type == type ? f : NULL;
}

static void pop(struct parser *p)
{
	p->active = p->frame[--p->nr_frames].outer;
}

/* The inside of [ ]: 1 true, 0 false, -1 not understood. */
static int test(struct parser *p)
{
	const char *word1, *word2, *op;

	if (!take_word(p, "["))
		return -1;
	skip_blanks(p);
	word1 = word(p);
	skip_blanks(p);
	op = word1 ? word(p) : NULL;
	skip_blanks(p);
	if (!op)
		return -1;
	if (strcmp(word1, "-z") == 0 || strcmp(word1, "-n") == 0)
		return take_word(p, "]") ? !*op == (word1[1] == 'z') : -1;
	word2 = word(p);
	skip_blanks(p);
	if (!word2 || !take_word(p, "]"))
		return -1;
	if (strcmp(op, "=") == 0 || strcmp(op, "==") == 0)
		return strcmp(word1, word2) == 0;
	return strcmp(op, "!=") == 0 ? strcmp(word1, word2) != 0 : -1;
}

static bool begin_if(struct parser *p)
{
	int truth;

	skip_blanks(p);
	truth = test(p);
	skip_space(p);
	if (truth < 0 || !take_word(p, "then") || !push(p, IN_IF, NULL))
		return false;
	p->active = p->active && truth;
	top(p, IN_IF)->done = truth;
	return true;
}

static bool begin_case(struct parser *p)
{
	const char *subject;

	skip_blanks(p);
	subject = word(p);
	skip_space(p);
	if (!subject || !take_word(p, "in") || !push(p, IN_CASE, subject))
		return false;
	p->active = false;
	return true;
}

/* Patterns up to ")" and whether this branch is the one; false: not patterns. */
static bool begin_branch(struct parser *p, struct frame *f)
{
	bool hit = false;

	if (*p->at == '(')
		take(p, 1);
	for (;;) {
		const char *pattern;

		skip_blanks(p);
		pattern = word(p);
		if (!pattern || !*pattern)
			return false;
		hit |= fnmatch(pattern, f->subject, 0) == 0;
		skip_blanks(p);
		if (*p->at == ')')
			break;
		if (*p->at != '|')
			return false;
		take(p, 1);
	}
	take(p, 1);
	p->active = f->outer && hit && !f->done;
	f->done |= hit;
	return true;
}

/* A further test; one that is not understood leaves this branch and "else" untaken. */
static void turn_elif(struct parser *p, struct frame *f)
{
	unsigned line = p->line;
	int truth = 0;

	skip_blanks(p);
	p->active = f->outer && !f->done;
	if (p->active)
		truth = test(p);
	skip_space(p);
	if (truth < 0 || !p->active || !take_word(p, "then")) {
		code_line(p, line);
		p->at += strcspn(p->at, "\n");
		truth = 0;
		f->done = true;
	}
	p->active = p->active && truth;
	f->done |= truth;
}

/* Words that end or turn a construct that we are in. */
static bool turn(struct parser *p)
{
	struct frame *f = top(p, IN_IF);

	if (f && take_word(p, "fi")) {
		pop(p);
		return true;
	}
	if (f && take_word(p, "else")) {
		p->active = f->outer && !f->done;
		return true;
	}
	if (f && take_word(p, "elif")) {
		turn_elif(p, f);
		return true;
	}
	f = top(p, IN_CASE);
	if (f && take_word(p, "esac")) {
		pop(p);
		return true;
	}
	if (f && strncmp(p->at, ";;", 2) == 0) {
		take(p, 2);
		skip_space(p);
		p->active = false;
		if (!take_word(p, "esac"))
			return begin_branch(p, f);
		pop(p);
		return true;
	}
	return false;
}

static bool begin(struct parser *p)
{
	if (take_word(p, "if"))
		return begin_if(p);
	if (!take_word(p, "case") || !begin_case(p))
		return false;
	skip_space(p);
	if (!take_word(p, "esac"))
		return begin_branch(p, top(p, IN_CASE));
	pop(p);
	return true;
}

void legacy_parse(struct legacy *out, const char *text, const char *profile, struct pool *pool)
{
	struct parser p = {
		.at = text, .line = 1, .active = true, .pool = pool, .out = out,
		.profile = profile && *profile ? profile : "prod",
	};

	*out = (struct legacy){ .nr_code = 0 };
	for (;;) {
		struct parser before;

		skip_space(&p);
		if (!*p.at)
			break;
		before = p;
		if (turn(&p) || begin(&p))
			continue;
		p = before;
		if (!assignments(&p))
			skip_code(&p, before.at, before.line);
	}
	items_sort(&out->items);
}
