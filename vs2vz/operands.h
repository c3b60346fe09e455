/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the words behind a command mean. Each word has one meaning, settled once, when
 * guests and journals are known:
 *
 *	guest/NAME	the guest of that name
 *	ct/N		the container of that number: its own journal, else the guest's
 *	NAME		the guest of exactly that name, also where the name is a pattern
 *	N		what is, or was made, container N
 *	PATTERN		every guest whose name it fits
 *
 * A number that is the name of a guest and the container of another one is refused.
 */
#ifndef VS2VZ_OPERANDS_H
#define VS2VZ_OPERANDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct session;

enum operand_kind { OPERAND_NAME, OPERAND_NUMBER, OPERAND_PATTERN };

struct operand {
	enum operand_kind kind;
	const char *text;	/* name or pattern, without "guest/" */
	uint32_t number;
	bool own_journal;	/* ct/N, and there is a journal of that name: that alone is meant */
};

/* s->operands; -1 with EXIT_USAGE where a word has two meanings. After session_look()'s reading. */
int operands_settle(struct session *s) MUST_CHECK;
/* Does the word mean this guest, or this journal ("ct/345")? ctid 0: it has no container. */
bool operand_fits(const struct operand *o, const char *name, uint32_t ctid);

#endif
