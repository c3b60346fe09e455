/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names beside a name. Knows nothing of steps.
 */
#include "step/beside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/inroot.h"
#include "base/pool.h"
#include "step/treeutil.h"

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

void beside_own(char out[NAME_MAX + 1], const char *name, const char *token, const char *word,
		unsigned nr)
{
	char suffix[64];

	if (nr > 1)
		snprintf(suffix, sizeof(suffix), ".vs2vz-%s-%s-%u", token, word, nr);
	else
		snprintf(suffix, sizeof(suffix), ".vs2vz-%s-%s", token, word);
	beside_name(out, name, suffix);
}

bool beside_is_own(const char *found, const char *name, const char *token, const char *word)
{
	const char *dash = strrchr(found, '-');
	unsigned long nr = dash ? strtoul(dash + 1, NULL, 10) : 0;
	char own[NAME_MAX + 1];

	beside_own(own, name, token, word, nr > 1 && nr < UINT_MAX ? (unsigned)nr : 1);
	return strcmp(own, found) == 0;
}

int beside_find(struct beside *b, const struct place *at, const struct beside_search *search,
		struct err *err)
{
	unsigned free_nr = 0, nr = 1;

	b->at = (struct place){ at->dirfd, b->name };
	for (b->there = false; !b->there && (!free_nr || nr <= search->least); nr++) {
		beside_own(b->name, at->name, search->token, search->word, nr);
		if (below_stat(b->at.dirfd, b->at.name, &b->st) == 0) {
			int ours = search->ours(&b->at, &b->st, search->ctx, err);

			if (ours < 0)
				return -1;
			b->there = ours;
		} else if (errno != ENOENT) {
			return fail_errno(err, "cannot look at '%s'", show(b->name));
		} else if (!free_nr) {
			free_nr = nr;
		}
	}
	b->nr = b->there ? nr - 1 : free_nr;
	if (!b->there)
		beside_own(b->name, at->name, search->token, search->word, free_nr);
	return 0;
}

static int is_part(const struct place *at, const struct stat *st, void *ctx, struct err *err)
{
	const uint64_t *made = ctx;
	int CLEANUP_FD fd = -1;

	if (!S_ISDIR(st->st_mode) || (*made && st->st_ino == *made))
		return S_ISDIR(st->st_mode);
	fd = below_open(at->dirfd, at->name, st);
	return fd < 0 ? fail_errno(err, "cannot open '%s'", show(at->name)) : dir_is_empty(fd, err);
}

int beside_find_part(struct beside *b, const struct place *at, const char *token, unsigned least,
		     uint64_t made, struct err *err)
{
	const struct beside_search search = {
		.token = token, .word = BESIDE_PART, .least = least, .ours = is_part, .ctx = &made,
	};

	return beside_find(b, at, &search, err);
}

int beside_keep(char kept[NAME_MAX + 1], const struct place *at, const struct stat *st,
		const char *token, struct err *err)
{
	const struct place to = { at->dirfd, kept };

	if (lift_locks_at(at->dirfd, at->name, st) < 0)
		return fail_errno(err, "cannot lift the flags of '%s'", show(at->name));
	for (unsigned nr = 1; nr < UINT_MAX; nr++) {
		beside_own(kept, at->name, token, BESIDE_KEPT, nr);
		if (sys_rename_new(at, &to) == 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	return fail_errno(err, "cannot put '%s' aside", show(at->name));
}
