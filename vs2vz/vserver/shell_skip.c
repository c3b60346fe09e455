/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rough lexer that keeps the legacy reader in step behind code it does not
 * understand: it counts words that open and close compound commands, skips quotes,
 * comments and here-documents, and nothing else. Where it is wrong, lines are
 * listed as code too many, and the finding says to look.
 */
#include "vserver/shell_skip.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define DELIMITER_MAX 64

struct lexer {
	const char *at;
	int depth;
	bool command;		/* a command word may come next */
	bool dash;		/* <<-: tabs before the delimiter */
	char delimiter[DELIMITER_MAX]; /* of a here-document that begins on the next line */
};

static const struct {
	const char *word;
	int step;		/* -1 closes, 1 opens, 0: a command word follows */
} words[] = {
	{ "case", 1 }, { "do", 0 }, { "done", -1 }, { "elif", 0 }, { "else", 0 }, { "esac", -1 },
	{ "fi", -1 }, { "for", 1 }, { "if", 1 }, { "select", 1 }, { "then", 0 }, { "until", 1 },
	{ "while", 1 }, { "{", 1 }, { "}", -1 },
};

static void skip_quoted(struct lexer *x)
{
	char quote = *x->at++;

	while (*x->at && *x->at != quote)
		x->at += quote != '\'' && x->at[0] == '\\' && x->at[1] ? 2 : 1;
	x->at += *x->at != '\0';
}

static void skip_word(struct lexer *x)
{
	const char *start = x->at;
	size_t len;

	while (*x->at && !strchr(" \t\n;&|()<>", *x->at)) {
		if (strchr("'\"`", *x->at))
			skip_quoted(x);
		else
			x->at += x->at[0] == '\\' && x->at[1] ? 2 : 1;
	}
	len = (size_t)(x->at - start);
	if (!x->command && !(len == 1 && *start == '{'))
		return;
	x->command = false;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i].word) == len && strncmp(words[i].word, start, len) == 0) {
			x->depth += words[i].step;
			x->command = words[i].step >= 0;
		}
}

/* "<<WORD", "<<-'WORD'"; anything else with "<" is left to the caller. */
static void here_document(struct lexer *x)
{
	size_t n = 0;

	x->at += 2;
	x->dash = *x->at == '-';
	x->at += x->dash;
	x->at += strspn(x->at, " \t");
	while (*x->at && !strchr(" \t\n;&|<>()", *x->at)) {
		if (!strchr("'\"\\", *x->at) && n < sizeof(x->delimiter) - 1)
			x->delimiter[n++] = *x->at;
		x->at++;
	}
	x->delimiter[n] = '\0';
}

/* Behind the newline that a here-document follows. */
static void skip_here(struct lexer *x)
{
	size_t len = strlen(x->delimiter);

	while (*x->at) {
		const char *line = x->at + (x->dash ? strspn(x->at, "\t") : 0);
		size_t width = strcspn(line, "\n");
		bool end = width == len && strncmp(line, x->delimiter, len) == 0;

		x->at = line + width + (line[width] == '\n');
		if (end)
			break;
	}
	x->delimiter[0] = '\0';
}

/* An operator or blank; a newline outside everything ends the command. */
static bool step_over(struct lexer *x)
{
	char c = *x->at;

	if (c == '<' && x->at[1] == '<' && x->at[2] != '<') {
		here_document(x);
		return true;
	}
	x->at++;
	if (c == '\n') {
		if (x->delimiter[0])
			skip_here(x);
		x->command = true;
		return x->depth > 0;
	}
	if (strchr(";&|()", c))
		x->command = true;
	return true;
}

/* "name()" with its brace on the next line: the body belongs to it. */
static bool body_follows(const char *start, const char *at)
{
	const char *end = at;

	while (end > start && isspace((unsigned char)end[-1]))
		end--;
	at += strspn(at, " \t\n");
	return end - start > 2 && end[-1] == ')' && end[-2] == '(' && *at == '{';
}

size_t shell_skip(const char *text)
{
	struct lexer x = { .at = text, .command = true };

	while (*x.at) {
		if (x.depth <= 0 && x.at > text && strncmp(x.at, ";;", 2) == 0)
			break;	/* the end of a branch is the caller's */
		if (*x.at == '#' && (x.at == text || strchr(" \t\n;", x.at[-1])))
			x.at += strcspn(x.at, "\n");
		else if (x.at[0] == '\\' && x.at[1])
			x.at += 2;
		else if (!strchr(" \t\n;&|()<>", *x.at))
			skip_word(&x);
		else if (!step_over(&x) && !body_follows(text, x.at))
			break;
	}
	return (size_t)(x.at - text);
}
