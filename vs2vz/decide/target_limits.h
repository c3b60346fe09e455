/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a tree has that the file system it is to be copied to cannot hold: findings that
 * name the object and the limit. The survey has seen every object, so that a copy does
 * not fail at the end for a reason that was known at the beginning.
 */
#ifndef VS2VZ_DECIDE_TARGET_LIMITS_H
#define VS2VZ_DECIDE_TARGET_LIMITS_H

#include "base/fslimits.h"
#include "base/survey.h"
#include "model/finding.h"

struct fsinfo;

struct limits_question {
	const char *guest;	/* or container, for findings */
	const char *tree;	/* what paths of the survey are below */
	const struct survey *survey; /* with options.limits */
	const struct fs_facts *to; /* of the target */
};
void target_limits_judge(const struct limits_question *q, struct pool *pool,
			 struct findings *findings);
/* Subvolumes of a tree that is copied (into plain directories) or renamed. */
void target_subvolumes_judge(const struct limits_question *q, bool copies,
			     struct pool *pool, struct findings *findings);
/* A file system that is marked with errors: of the source, or of the target. */
void target_errors_judge(const char *guest, const struct fsinfo *fs, struct findings *findings);
#endif
