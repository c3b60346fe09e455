/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Choices that were made for one guest (a section of the map file) before those that
 * were made for all.
 */
#include <string.h>

#include "decide/inside.h"

const struct answer *answer_of(const struct choices *choices, const char *guest)
{
	for (size_t i = 0; i < choices->nr_answers; i++)
		if (strcmp(choices->answers[i].guest, guest) == 0)
			return &choices->answers[i];
	return NULL;
}

enum method method_wanted(const struct deciding *d, const struct guest *guest)
{
	const struct answer *answer = answer_of(d->choices, guest->name);

	return answer && answer->has_method ? answer->method : d->choices->method;
}

enum rights rights_wanted(const struct deciding *d, const struct guest *guest)
{
	const struct answer *answer = answer_of(d->choices, guest->name);

	return answer && answer->has_rights ? answer->rights : d->choices->rights;
}

enum limits_from limits_wanted(const struct deciding *d, const struct guest *guest)
{
	const struct answer *answer = answer_of(d->choices, guest->name);

	return answer && answer->has_limits ? answer->limits : d->choices->limits;
}

struct insulate_spec insulate_wanted(const struct deciding *d, const struct guest *guest,
				     const char **overwrite)
{
	const struct answer *answer = answer_of(d->choices, guest->name);

	*overwrite = answer && answer->overwrite ? answer->overwrite : d->choices->overwrite;
	return answer && answer->has_insulate ? answer->insulate : d->choices->insulate;
}

enum shared_policy shared_wanted(const struct deciding *d, const struct guest *guest)
{
	const struct answer *answer = answer_of(d->choices, guest->name);

	return answer && answer->has_shared ? answer->shared : d->choices->shared;
}
