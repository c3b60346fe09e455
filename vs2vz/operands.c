/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The meaning of each operand; see operands.h. Looks at the guests and journals that the
 * session has read, and at nothing else.
 */
#include "operands.h"

#include <fnmatch.h>
#include <string.h>

#include "base/log.h"
#include "base/units.h"
#include "exits.h"
#include "session.h"

#define GUEST_WORD "guest/"
#define CT_WORD "ct/"

static bool is_pattern(const char *word)
{
	return strpbrk(word, "*?[\\") != NULL;
}

static bool begins(const char *word, const char *with)
{
	return strncmp(word, with, strlen(with)) == 0;
}

bool operand_fits(const struct operand *o, const char *name, uint32_t ctid)
{
	switch (o->kind) {
	case OPERAND_NAME:
		return strcmp(o->text, name) == 0;
	case OPERAND_PATTERN:
		return fnmatch(o->text, name, 0) == 0;
	default:
		return o->own_journal ? strcmp(o->text, name) == 0 : ctid && ctid == o->number;
	}
}

/* Is it, by its journal or its mark, container N now? */
static bool is_container(const struct session *s, const struct guest *g, uint32_t number)
{
	const struct record *r = session_record(s, g->name);

	if (r)
		return r->ctid == number && r->phase != PHASE_UNDONE;
	return g->state == GUEST_CONVERTED && g->marker_ctid == number;
}

/* What else than the guest of that name the number means; NULL: nothing. */
static const char *other_container(const struct session *s, const char *name, uint32_t number)
{
	const struct guest *own = session_guest(s, name);
	const struct record *r = session_record(s, name);

	if ((own && is_container(s, own, number)) || (r && r->ctid == number))
		return NULL;
	for (size_t i = 0; i < s->nr_records; i++)
		if (s->records[i].ctid == number && s->records[i].phase != PHASE_UNDONE &&
		    strcmp(s->records[i].name, name) != 0)
			return s->records[i].name;
	for (size_t i = 0; i < s->guests.nr; i++)
		if (strcmp(s->guests.v[i].name, name) != 0 &&
		    is_container(s, &s->guests.v[i], number))
			return s->guests.v[i].name;
	return NULL;
}

/* A word that is the whole name of a guest. */
static int settle_name(struct session *s, struct operand *o, const char *word)
{
	const char *other = NULL;
	uint64_t number;

	*o = (struct operand){ .kind = OPERAND_NAME, .text = word };
	if (parse_u64(word, UINT32_MAX, &number))
		other = other_container(s, word, (uint32_t)number);
	if (other)
		return session_fail(s, EXIT_USAGE, "'%s' is the name of a guest, and the container of "
				    "'%s': say " GUEST_WORD "%s or " CT_WORD "%s", show(word), show(other),
				    show(word), show(word));
	if (is_pattern(word))
		log_say(LOG_NOTE, "'%s' is the name of a guest: that one alone is meant, and not what "
			"the pattern fits", show(word));
	return 0;
}

static int settle(struct session *s, struct operand *o, const char *word)
{
	uint64_t number;

	if (begins(word, GUEST_WORD)) {
		*o = (struct operand){ .kind = OPERAND_NAME, .text = word + strlen(GUEST_WORD) };
	} else if (begins(word, CT_WORD) && parse_u64(word + strlen(CT_WORD), UINT32_MAX, &number)) {
		*o = (struct operand){ .kind = OPERAND_NUMBER, .text = word, .number = (uint32_t)number,
				       .own_journal = session_record(s, word) != NULL };
	} else if (session_guest(s, word) || session_record(s, word)) {
		return settle_name(s, o, word);
	} else if (parse_u64(word, UINT32_MAX, &number)) {
		*o = (struct operand){ .kind = OPERAND_NUMBER, .text = word, .number = (uint32_t)number };
	} else {
		*o = (struct operand){ .kind = is_pattern(word) ? OPERAND_PATTERN : OPERAND_NAME,
				       .text = word };
	}
	return 0;
}

int operands_settle(struct session *s)
{
	s->operands = pool_array(&s->pool, s->opt.nr_guests + 1, sizeof(*s->operands));
	for (size_t i = 0; i < s->opt.nr_guests; i++)
		if (settle(s, &s->operands[i], s->opt.guests[i]) < 0)
			return -1;
	return 0;
}
