/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree engine: one parallel, inode-ordered, descriptor-relative walk
 * (base/walk.h) serves copying, comparing and removing. Memory: at most 64 MiB
 * plus 40 bytes for each multiply-linked inode, whatever the size of the tree.
 */
#ifndef VS2VZ_STEP_TREE_H
#define VS2VZ_STEP_TREE_H

#include <stdint.h>

#include <stdbool.h>

#include "base/err.h"

struct marks;
struct manifest_writer;

/*
 * marks: what a guest's tree carries and its copy does not (marks.h). The guest's tree
 * is the first one of the two; or, where changes of a copy come back into it, the
 * second: then what is the same but for its marks stays as it is, all else becomes a
 * new inode with the guest's tag and no flag that it has not in the first.
 */
struct tree_options {
	unsigned threads;	/* 0: by the kind of device */
	const char *token;	/* for tree_copy(): of the plan, NULL: of a test */
	bool rotational;	/* of the source */
	const struct marks *marks; /* NULL: as it is */
	bool back;		/* the second tree has the marks */
	bool coarse;		/* the copy has coarse times, see base/compat.h */
	uint64_t *contents;	/* NULL, or counts the files of which contents were compared */
	struct manifest_writer *manifest; /* NULL, or tree_verify() writes down the second tree */
};

struct tree_counts {
	uint64_t names, inodes, bytes;	/* bytes: written or read data */
	uint64_t shared;		/* bytes that were reflinked */
	uint64_t flags_lost;		/* inodes with flags that the target cannot keep */
};

/*
 * Make the tree below to equal to the tree below from: both are open directories,
 * to may hold a part of an earlier try (equal objects are skipped, others replaced,
 * extra ones removed). Everything of product promise 3 is carried over: hard links,
 * holes, xattrs, ACLs, capabilities, inode flags, nodes, FIFOs, sockets, times to the
 * nanosecond (old kernels: base/compat.h), set-id bits, numeric owners. Nothing is synced:
 * call tree_settle().
 *
 * sums: -1, or a file open for reading and writing that receives one record per copied
 * regular inode (target inode number, hash of the bytes as read from the source; see
 * sums.h) for tree_verify(), and tells the next try which contents need no comparison.
 */
int tree_copy(int from, int to, int sums, const struct tree_options *opt,
	      struct tree_counts *counts, struct err *err) MUST_CHECK;

/* syncfs of the target's file system, write-back errors included. */
int tree_settle(int to, struct err *err) MUST_CHECK;

/*
 * Is every object of the two trees the same? Metadata of all; contents by the hash
 * records in sums, reading the target back from the disk, files without a record by
 * reading both; sums -1: metadata only. The first difference is the error (ERR_FOREIGN)
 * and names path and property.
 */
int tree_verify(int from, int to, int sums, const struct tree_options *opt,
		struct tree_counts *counts, struct err *err) MUST_CHECK;

/*
 * Differences between two trees by metadata (and by contents where full), for people:
 * calls report(path, what) for at most max of them, returns how many there are, -1 on
 * error. what: "content", "mode", "owner", "missing", "extra", ...
 */
typedef void tree_report(void *ctx, const char *path, const char *what);
int64_t tree_diff(int from, int to, bool full, size_t max, tree_report *report, void *ctx,
		  const struct tree_options *opt, struct err *err) MUST_CHECK;

/*
 * Remove everything below the open directory (not the directory itself), immutable and
 * append-only flags lifted on the way; never crosses a mount.
 */
int tree_remove(int dirfd, const struct tree_options *opt, struct tree_counts *counts,
		struct err *err) MUST_CHECK;

#endif
