/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names beside a name. Knows nothing of steps.
 */
#include "step/beside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/inroot.h"
#include "step/treeutil.h"

#define KEPT_MAX 100

void beside_name(char out[NAME_MAX + 1], const char *name, const char *suffix)
{
	size_t len = strlen(name), room = NAME_MAX - 1 - strlen(suffix);
	char cut[16] = "";

	if (len > room) {
		snprintf(cut, sizeof(cut), "~%08x", hash_check(name, len));
		len = room - strlen(cut);
	}
	snprintf(out, NAME_MAX + 1, ".%.*s%s%s", (int)len, name, cut, suffix);
}

void beside_place(struct beside *b, const struct place *at, const char *suffix)
{
	beside_name(b->name, at->name, suffix);
	b->at = (struct place){ at->dirfd, b->name };
	b->there = false;
}

int beside_find(struct beside *b, const struct place *at, const char *suffix, struct err *err)
{
	beside_place(b, at, suffix);
	b->there = below_stat(b->at.dirfd, b->at.name, &b->st) == 0;
	if (!b->there && errno != ENOENT)
		return fail_errno(err, "cannot look at '%s'", show(b->name));
	return 0;
}

int beside_keep(char kept[NAME_MAX + 1], const struct place *at, const struct stat *st,
		struct err *err)
{
	char suffix[32] = BESIDE_KEPT;

	if (lift_locks_at(at->dirfd, at->name, st) < 0)
		return fail_errno(err, "cannot lift the flags of '%s'", show(at->name));
	for (unsigned i = 2; i < KEPT_MAX; i++) {
		struct place to = { at->dirfd, kept };

		beside_name(kept, at->name, suffix);
		if (sys_rename_new(at, &to) == 0)
			return 0;
		if (errno != EEXIST)
			break;
		snprintf(suffix, sizeof(suffix), BESIDE_KEPT "-%u", i);
	}
	return fail_errno(err, "cannot put '%s' aside", show(at->name));
}
