/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories that chattr made immutable or append-only, in the way of a plan. Those of
 * the guest's tree are opened while its steps run (step/locks.h), which is told; the
 * administrator's are his: the plan stops at them and names them. Reads only.
 */
#include "decide/inside.h"
#include "step/locks.h"

#include <string.h>

struct said {
	enum finding_id id;
	const char *path;
};

static bool is_said(const struct said *said, size_t nr, enum finding_id id, const char *path)
{
	for (size_t i = 0; i < nr; i++)
		if (said[i].id == id && strcmp(said[i].path, path) == 0)
			return true;
	return false;
}

int locked_judge(struct deciding *d, const struct plan *plan, struct err *err)
{
	static const struct {
		int (*look)(struct lock_found *out, const struct step *s, const struct work *w,
			    struct err *err);
		enum finding_id id;
	} asked[] = { { locks_outside, VS_DIRECTORY_LOCKED }, { locks_inside, VS_TREE_LOCKED } };
	const struct work w = {
		.root = d->root, .pool = d->pool, .steps = plan->step, .nr_steps = plan->nr_steps,
	};
	struct said *said = NULL;
	size_t nr = 0, cap = 0;

	for (size_t i = 0; i < plan->nr_steps; i++) {
		for (unsigned k = 0; k < 2; k++) {
			struct lock_found lock;
			int rc = asked[k].look(&lock, &plan->step[i], &w, err);

			if (rc < 0)
				return -1;
			if (!rc || is_said(said, nr, asked[k].id, lock.path))
				continue;
			*(struct said *)pool_grow(d->pool, &said, &nr, &cap, sizeof(*said)) =
				(struct said){ asked[k].id, lock.path };
			finding_add(d->findings, asked[k].id, plan->guest, lock.path,
				    k == 0 ? "it is %s: chattr -%c %s" : "it is %s", lock.word,
				    lock.letter, show(lock.path));
		}
	}
	return 0;
}
