/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three ways for a copy to be there, to be ours, and to be no copy any more: emptied, filled
 * with another tree, and robbed or rolled back in part before a container ever ran in it.
 * The first two are told by numbers; more than half. The third by what is not there: any
 * container that starts writes into its tree (a log, utmp, a file of a process number), so
 * where no file has a time after the record's, nobody lived there.
 */
#include "step/last_copy_life.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "step/treeutil.h"

#define LOOK_THREADS 4

#define LIFE_COMMIT_CURE "undo goes back to the source, --keep-source commits and leaves it"
#define LIFE_BRING_CURE "--bring-back would take it from the source too, --discard-changes goes " \
			"back to the source as it is"

static bool later(const struct timespec *t, const struct timespec *than)
{
	return t->tv_sec > than->tv_sec || (t->tv_sec == than->tv_sec && t->tv_nsec > than->tv_nsec);
}

bool is_newer(const struct timespec *t, const struct timespec *since)
{
	return t->tv_nsec ? !later(since, t) : t->tv_sec >= since->tv_sec;
}

int life_begin(struct life *l, const struct step *made, const struct work *w, int copy,
	       const struct timespec *since, struct err *err)
{
	const struct manifest_options opt = { .state = MANIFEST_DONE, .coarse = w->coarse };
	char name[MANIFEST_NAME];

	*l = (struct life){ .since = *since, .w = w, .copy = copy };
	return manifest_ask_begin(&l->record, w->folder, manifest_name(name, made->nr, true), &opt,
				  err);
}

void life_end(struct life *l)
{
	manifest_ask_end(l->record);
	l->record = NULL;
}

int life_root(struct life *l, const char **what, struct err *err)
{
	struct stat now;

	*what = NULL;
	if (!l->record)
		return 0;
	if (fstat(l->copy, &now) < 0)
		return fail_errno(err, "cannot look at the copy");
	return manifest_ask_root(l->record, &now, what, err);
}

static bool is_other(const char *what)
{
	return what && (strcmp(what, MANIFEST_OTHER) == 0 || strcmp(what, "type") == 0);
}

/* Nobody who works in a tree gives a file other content and a time of before. */
static bool is_rolled_back(const struct life *l, const struct stat *now, const char *what)
{
	return S_ISREG(now->st_mode) && !is_newer(&now->st_mtim, &l->since) &&
	       (strcmp(what, MANIFEST_SIZE) == 0 || strcmp(what, MANIFEST_MTIME) == 0);
}

int life_ask(struct life *l, struct life_counts *c, const struct walk_dir *dir,
	     const struct walk_entry *e, const struct stat *now, const char **what, bool *odd,
	     uint64_t *key, struct err *err)
{
	bool other;

	*what = NULL;
	*odd = false;
	if (!l->record) {	/* by the source alone, which may have what was never copied */
		*what = now ? NULL : MANIFEST_MISSING;
		c->known++;
		c->gone += !now;
		return 0;
	}
	if (manifest_ask(l->record, dir, e->name, now, what, key, err) < 0)
		return -1;
	if (!*what && !now)
		return 0;	/* a step of the plan took it away */
	c->written += *what && now && S_ISREG(now->st_mode) && is_newer(&now->st_mtim, &l->since);
	if (*what && strcmp(*what, MANIFEST_EXTRA) == 0)
		return 0;
	other = !now || is_other(*what);
	c->known++;
	c->gone += !now;
	c->dirs += S_ISDIR(e->meta.st.st_mode);
	c->dirs_other += S_ISDIR(e->meta.st.st_mode) && other;
	*odd = other || (*what && is_rolled_back(l, now, *what));
	c->odd += *odd;
	return 0;
}

void life_add(struct life *l, const struct life_counts *c)
{
	l->all.known += c->known;
	l->all.gone += c->gone;
	l->all.dirs += c->dirs;
	l->all.dirs_other += c->dirs_other;
	l->all.odd += c->odd;
	l->all.written += c->written;
}

/* ---- what only the copy has */

static int new_files(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *v, size_t nr,
		     struct err *err)
{
	struct life *l = t->ctx;

	for (size_t i = 0; i < nr; i++) {
		const struct stat *st = &v[i].meta.st;
		const char *what;

		if (manifest_ask(l->record, dir, v[i].name, st, &what, &v[i].key, err) < 0)
			return -1;
		if (what && S_ISREG(st->st_mode) && is_newer(&st->st_mtim, &l->since))
			__atomic_add_fetch(&l->all.written, 1, __ATOMIC_RELAXED);
		v[i].enter &= !__atomic_load_n(&l->all.written, __ATOMIC_RELAXED);
	}
	return 0;
}

static int named(struct walk_thread *t, struct walk_dir *dir, struct err *err)
{
	struct life *l = t->ctx;

	(void)err;
	manifest_ask_named(l->record, dir);
	return 0;
}

/* Asked only where something is odd and no file that the source has was written. */
static int look_for_new(struct life *l, struct err *err)
{
	static const struct walk_ops ops = {
		.entries = new_files, .named = named, .may_vanish = true,
	};
	const struct walk_options how = {
		.threads = walk_threads(l->w->threads, false, LOOK_THREADS), .second = -1,
	};

	return walk_tree(l->copy, &ops, l, &how, err);
}

static int refuse_commit(const struct life *l, const char *copy, struct err *err)
{
	return fail_code(err, ERR_FOREIGN, "of the copy '%s' %llu object%s gone or replaced, though no "
			 "container ran there: no file was written since it was made; the first: %s; "
			 LIFE_COMMIT_CURE, show(copy), (unsigned long long)l->all.odd,
			 l->all.odd == 1 ? " is" : "s are", l->first);
}

int life_judge(struct life *l, const char *copy, bool commits, struct err *err)
{
	const char *cure = commits ? LIFE_COMMIT_CURE : LIFE_BRING_CURE;
	const struct life_counts *a = &l->all;

	if (a->gone > a->known / 2)
		return fail_code(err, ERR_FOREIGN, "most of the copy '%s' is gone: %llu of %llu objects "
				 "that were made are not there; %s", show(copy),
				 (unsigned long long)a->gone, (unsigned long long)a->known, cure);
	if (a->dirs_other > a->dirs / 2)
		return fail_code(err, ERR_FOREIGN, "another tree is in place of the copy '%s': %llu of "
				 "%llu directories are not those that were made; %s", show(copy),
				 (unsigned long long)a->dirs_other, (unsigned long long)a->dirs, cure);
	if (!commits || !a->odd || a->written)
		return 0;
	if (look_for_new(l, err) < 0)
		return -1;
	return a->written ? 0 : refuse_commit(l, copy, err);
}
