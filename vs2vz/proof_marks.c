/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners, flags and links of a container's tree against what its plan took off. One
 * walk of the tree serves this and its fingerprint. The hidden flags are looked at where
 * the device can be read; what cannot be known is not a difference.
 */
#include "proof_marks.h"

#include <errno.h>
#include <string.h>

#include "base/compat.h"
#include "base/fsinfo.h"
#include "run/run.h"
#include "step/source.h"
#include "step/view.h"

const struct step *proof_repair(const struct plan *plan)
{
	for (size_t i = 0; i < plan->nr_steps; i++)
		if (strcmp(plan->step[i].kind->name, "marks") == 0)
			return &plan->step[i];
	return NULL;
}

int proof_survey(struct session *s, const char *path, const struct marks *m, bool coarse,
		 struct survey *now)
{
	struct survey_options opt = { .threads = s->set.jobs, .xattrs = true, .coarse = coarse };
	struct fsinfo fs;
	int CLEANUP_FD fd = strict_opendir(&s->root, path, &s->err);
	int done;

	*now = (struct survey){ 0 };
	if (fd < 0 || fsinfo_read(&fs, &s->root, path, &s->pool, &s->err) < 0)
		return -1;
	if (m && m->immutable == IMMUTABLE_UNIFIED &&
	    hidden_open(&opt.hidden, fd, fs.type, fs.source, &opt.hidden_why, &s->err) < 0)
		return -1;
	opt.rotational = fs.rotational;
	done = survey_tree(now, fd, &opt, &s->err);
	hidden_close(opt.hidden);
	return done;
}

/* Committed: nothing is left to compare with. */
static bool source_is_gone(const struct session *s, const struct journal *j, const struct step *copy)
{
	const char *source = step_get(copy, "from");
	struct stat st;
	struct err err;

	if (step_get(copy, "volume"))
		return j->phase == PHASE_COMMITTED;
	for (size_t i = 0; i < j->plan.nr_steps; i++)
		if (strcmp(j->plan.step[i].kind->name, "retire") == 0)
			source = step_get(&j->plan.step[i], "to");
	return root_lstat(&s->root, source, &st, &err) < 0 && err_is_absent(&err);
}

static int open_copy(struct session *s, const struct work *w, const struct step *copy)
{
	if (strcmp(copy->kind->name, "makefs") == 0)
		return view_tree(w, copy, &s->err);
	return strict_opendir(&s->root, step_get(copy, "to"), &s->err);
}

static void look_with(struct work *w, struct session *s, const struct journal *j)
{
	work_init(w, &s->root, j->folder, &s->pool);
	w->threads = s->set.jobs;
	plan_to_work(&j->plan, w);
}

int proof_survey_copy(struct session *s, const struct journal *j, const struct step *copy,
		      struct survey *now)
{
	struct survey_options opt = { .threads = s->set.jobs, .xattrs = true };
	struct work w;
	int done, fd;

	*now = (struct survey){ 0 };
	look_with(&w, s, j);
	fd = open_copy(s, &w, copy);
	done = fd < 0 ? -1 : survey_tree(now, fd, &opt, &s->err);
	close_fd(&fd);
	work_release(&w);
	return done;
}

int64_t proof_compare(struct session *s, const struct journal *j, const struct step *copy,
		      tree_report *report, void *ctx, uint64_t *contents)
{
	struct source from = SOURCE_INIT;
	struct work w;
	int64_t nr = -1;
	int to = -1;

	if (source_is_gone(s, j, copy))
		return 0;
	look_with(&w, s, j);
	if (source_find(&from, copy, &w, &s->err) == 0)
		to = open_copy(s, &w, copy);
	from.opt.contents = contents;
	if (to >= 0)
		nr = tree_diff(from.fd, to, s->opt.verify == VERIFY_FULL, SIZE_MAX, report, ctx,
			       &from.opt, &s->err);
	close_fd(&to);
	source_release(&from);
	work_release(&w);
	return nr;
}

int proof_copy(struct session *s, const struct journal *j, const struct step *copy)
{
	struct work w;
	int fd;

	look_with(&w, s, j);
	fd = open_copy(s, &w, copy);
	work_release(&w);
	return fd;
}

int proof_source(struct session *s, const struct journal *j, const struct step *copy)
{
	struct source from = SOURCE_INIT;
	struct work w;
	int fd = -1;

	if (source_is_gone(s, j, copy))
		return fail_code(&s->err, ENOENT, "the source is gone");
	look_with(&w, s, j);
	if (source_find(&from, copy, &w, &s->err) == 0)
		fd = dup_cloexec(from.fd, 3);
	source_release(&from);
	work_release(&w);
	return fd;
}

/* Inodes whose owner carries one of the tags that were taken off. */
static uint64_t tags_left(const struct marks *m, const struct survey *now)
{
	uint64_t left = 0;

	for (unsigned i = 0; i < now->nr_halves; i++) {
		const struct stat disk = {
			.st_uid = (uid_t)now->half[i].uid << 16,
			.st_gid = (gid_t)now->half[i].gid << 16,
		};
		struct owner owner = marks_owner(m, &disk);

		if (owner.uid != disk.st_uid || owner.gid != disk.st_gid)
			left += now->half[i].inodes;
	}
	return left;
}

/* Immutable files that should not be; those that stay shared on purpose do not count. */
static uint64_t frozen_left(const struct marks *m, const struct survey *now)
{
	uint64_t meant = m->shared == SHARED_KEEP_READONLY ? now->outside_readonly : 0;
	uint64_t frozen = m->immutable == IMMUTABLE_UNIFIED ? now->unified :
			  m->immutable == IMMUTABLE_FILES ? now->immutable_files :
			  m->immutable == IMMUTABLE_LINKED ? now->outside_readonly : 0;

	return frozen > meant ? frozen - meant : 0;
}

bool proof_marks_left(struct session *s, const char *guest, const char *tree,
		      const struct marks *m, const struct survey *now)
{
	uint64_t shared = now->outside_inodes - now->outside_readonly;
	const struct {
		enum finding_id id;
		uint64_t nr;
		const char *what, *example;
	} rows[] = {
		{ VS_STILL_SHARED, shared, "inodes that can be written to", now->example_outside },
		{ VS_TAGS_LEFT, tags_left(m, now), "inodes", now->example_high },
		{ VS_UNIFIED_LEFT, frozen_left(m, now), "files", now->example_immutable },
	};
	bool any = false;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!rows[i].nr)
			continue;
		any = true;
		finding_add(&s->findings, rows[i].id, guest, tree, "%llu %s%s%s%s",
			    (unsigned long long)rows[i].nr, rows[i].what,
			    rows[i].example ? ", for example '" : "",
			    rows[i].example ? show(rows[i].example) : "",
			    rows[i].example ? "'" : "");
	}
	return any;
}
