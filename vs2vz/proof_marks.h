/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verify's part about VServer's marks (step/marks.h): what the repair of a container's
 * tree took off is gone, and nobody else can write to its files. Reads only.
 */
#ifndef VS2VZ_PROOF_MARKS_H
#define VS2VZ_PROOF_MARKS_H

#include "base/survey.h"
#include "session.h"
#include "step/marks.h"
#include "step/tree.h"

/* The step that repaired a renamed tree; NULL: nothing had to be. */
const struct step *proof_repair(const struct plan *plan);
/* One walk; hidden flags with it where the marks were told by them. Release the survey. */
int proof_survey(struct session *s, const char *path, const struct marks *m, bool coarse,
		 struct survey *now)
	MUST_CHECK;
/* The same of a copied tree, which may have a file system of its own. */
int proof_survey_copy(struct session *s, const struct journal *j, const struct step *copy,
		      struct survey *now) MUST_CHECK;
/*
 * A copied tree against its source as the copy should have it, seen through the marks; and
 * how many files were read for it. 0 also where the source is gone (committed); -1: error.
 */
int64_t proof_compare(struct session *s, const struct journal *j, const struct step *copy,
		      tree_report *report, void *ctx, uint64_t *contents) MUST_CHECK;
/* The copy, open; the source, where it stands now, ENOENT where it is gone (committed). */
int proof_copy(struct session *s, const struct journal *j, const struct step *copy) MUST_CHECK;
int proof_source(struct session *s, const struct journal *j, const struct step *copy) MUST_CHECK;
/* Findings for what is left of the marks; true: there is some. */
bool proof_marks_left(struct session *s, const char *guest, const char *tree,
		      const struct marks *m, const struct survey *now);

#endif
