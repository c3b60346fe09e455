/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the two halves of a copy. copy.c reads: it walks the source, opens what
 * has to be opened, knows which names are links. A sink writes, and is a row of
 * functions. Part of the tree engine (tree.h).
 *
 * For each name of a directory exactly one of mkdir, file, symlink, node, link is
 * called, from any thread; for a directory finish() when all below it is done, the
 * root last. Links to one inode are serialised.
 */
#ifndef VS2VZ_STEP_COPY_H
#define VS2VZ_STEP_COPY_H

#include "base/buf.h"
#include "base/hidden.h"
#include "base/links.h"
#include "base/walk.h"
#include "step/sums.h"
#include "step/tree.h"

/* walk_dir.mark: the target's directory was there (as the root); others are new and empty. */
#define SINK_EXISTED 1
#define SINK_BEGUN 2	/* by a try that was cut: a new directory all the same */
#define SINK_BITS 3u	/* above them the sink's own pointer */

/* What one thread uses again and again. */
struct copy_scratch {
	char *content;			/* CONTENT_BUF */
	struct hidden_window window;	/* on the inodes of the tree with marks */
	struct meta mended;		/* of the object in work */
	struct buf names, value;
	void *sink;			/* the sink's */
	void *inode;			/* of an image sink: malloc'd */
	uint64_t bytes, shared, inodes, names_done, flags_lost;
};

struct copy_object {
	struct walk_dir *dir;		/* in: the source's directory; finish: itself */
	struct walk_entry *entry;	/* finish: NULL */
	const struct meta *meta;	/* as the copy should have it: scratch->mended */
	int fd;				/* open source: regular files, and finish; else -1 */
	uint32_t flags;			/* the guest's inode flags, for the copy */
	uint32_t thawed;		/* flags of the source that the copy does not get */
	struct link_slot *slot;		/* non-NULL: one of several names; value: target inode */
	bool last_name;			/* the last one in the source */
	struct copy_scratch *scratch;
};

struct sink {
	const struct sink_ops *ops;
	struct sums_out sums;
	struct links *links;		/* source inode: target inode, flags to set last */
	/*
	 * Changes come back into a guest's tree: inodes of the source (value 1) whose
	 * names are not all names of the one target inode that was kept for them, and
	 * that can have no more. The next walk makes them anew; again: one is wanted.
	 */
	struct links *remade;
	bool again;
};

struct sink_ops {
	/* Directory: sets entry->second_*, mark; owner, mode and times come with finish. */
	int (*mkdir)(struct sink *sink, struct copy_object *o, struct err *err);
	/* A regular file with all its metadata; sets slot->value where there is a slot. */
	int (*file)(struct sink *sink, struct copy_object *o, struct err *err);
	int (*symlink)(struct sink *sink, struct copy_object *o, struct err *err);
	int (*node)(struct sink *sink, struct copy_object *o, struct err *err);
	/* One more name of slot->value. */
	int (*link)(struct sink *sink, struct copy_object *o, struct err *err);
	/* All names of a directory were given; those below it may be at work. May be NULL. */
	int (*named)(struct sink *sink, struct copy_object *o, struct err *err);
	/* All below it is done. May be NULL. */
	int (*finish)(struct sink *sink, struct copy_object *o, struct err *err);
};

/*
 * Walk a tree into a sink that is no directory; sink->links: a new table. root: mark of
 * the root; the sink sets those of other directories with mkdir.
 */
int copy_walk(struct sink *sink, int from, uint64_t root, const struct tree_options *opt,
	      struct tree_counts *counts, struct err *err) MUST_CHECK;

/* The sink that is a directory of a mounted file system. */
struct dir_sink;
struct dir_sink *dir_sink_new(int from, int to, int sums, const struct tree_options *opt,
			      struct err *err);
struct sink *dir_sink_base(struct dir_sink *sink);
/* After the walk, whatever came of it; 0 or the failure of writing the records. */
int dir_sink_free(struct dir_sink *sink, struct err *err) MUST_CHECK;

#endif
