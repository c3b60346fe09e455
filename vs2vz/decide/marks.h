/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of VServer's marks on the inodes of one tree: context tags in owners,
 * immutable flags of unified files, files shared with other trees. Pure: the survey and
 * what is known of the old kernel in, struct marks and findings out. Where the disk does
 * not tell what was meant, nothing is mended and an inhibitor asks, with the figures.
 *
 *	marks_decide(&decision->marks, &question, pool, findings);
 *
 * Facts: kernel patch include/linux/vserver/tag.h and kernel/vserver/inode.c (tags, hidden
 * flags); util-vserver vhashify.c, vunify.c (unified files); dlimits need tags on disk.
 */
#ifndef VS2VZ_DECIDE_MARKS_H
#define VS2VZ_DECIDE_MARKS_H

#include "decide/decide.h"

struct marks_question {
	const struct guest *guest;	/* surveyed */
	const struct guests *all;	/* whose contexts are tags; NULL: not known */
	const struct answer *answer;	/* NULL: nothing said of this guest */
	enum tagging kernel;		/* TAGGING_UNKNOWN: nothing told */
	const char *kernel_from;
	const char *tag_mount;		/* "/etc/fstab:3" that mounts the tree with tags; NULL */
	enum shared_policy shared;	/* SHARED_BREAK or SHARED_KEEP_READONLY */
	bool copies;			/* the tree is copied: sharing ends by itself */
};

/* out->hidden stays NULL. */
void marks_decide(struct marks *out, const struct marks_question *q, struct pool *pool,
		  struct findings *findings);

/* marks_tags.c: the part about owners. */
void marks_tags(struct marks *out, const struct marks_question *q, struct pool *pool,
		struct findings *findings);

/* And about tags that are in no owner: nothing is taken off, they are named. */
void marks_intern(const struct marks_question *q, struct pool *pool, struct findings *findings);

/* What a repair in place needs on the tree's own file system. */
struct marks_room marks_room(const struct marks *m, const struct survey *survey);

/* "300,301" for the argument of a step. */
const char *marks_tag_list(const struct marks *m, struct pool *pool);

#endif
