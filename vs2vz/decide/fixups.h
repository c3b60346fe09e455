/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recipes applied to one guest: pure. Reads the tree, changes nothing; what is to be
 * changed comes out as edits, and as findings.
 *
 *	struct fixup_guest g = { .guest = guest, .host = host, .recipes = &recipes };
 *	edits_init(&edits, &tree, pool);
 *	fixups_run(&edits, &g, findings);
 */
#ifndef VS2VZ_DECIDE_FIXUPS_H
#define VS2VZ_DECIDE_FIXUPS_H

#include "decide/edits.h"
#include "decide/recipe.h"
#include "model/finding.h"
#include "model/guest.h"
#include "model/host.h"

struct fixup_guest {
	const struct guest *guest;
	const struct host *host;
	unsigned ctid;			/* 0: unknown */
	const struct recipes *recipes;
	const char *words[3];		/* of settings, of the guest's section, of the option;
					   the last one has the last say; NULL: nothing said */
	const char *const *running;	/* programs known to have run; NULL: not known */
	size_t nr_running;
};

void fixups_run(struct edits *edits, const struct fixup_guest *guest, struct findings *findings);

#endif
