/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Manifests: what every object of a tree was, about 45 bytes an object on disk.
 *
 *	manifest.N		the tree that step N moves or copies, as convert found it
 *	manifest.N.copy		the tree that step N made
 *
 * An object is its path, inode number, type, mode, owner, size, link count, mtime and
 * ctime. The ctime is the witness for all that a user cannot set back: a byte changed
 * with its mtime restored, attributes, flags, ACLs. Objects that the plan's own steps
 * change are looked at once more when the last step is done (manifest_complete()); so a
 * manifest tells two states, as it was found and as it was done.
 *
 * Written while another walk goes on (survey.h, tree.h), in any thread; read by one walk
 * of the tree that is compared. Memory: 24 bytes a directory, and the directories being
 * read, 90 bytes a name.
 *
 * The file: a head, blocks of some names of one directory each, a seal with the
 * XXH3-128 of all; where there is more, blocks and a seal again. What comes after the
 * last seal was cut off and never happened. A file without a seal is none.
 */
#ifndef VS2VZ_STEP_MANIFEST_H
#define VS2VZ_STEP_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/sys.h"
#include "base/walk.h"
#include "step/step.h"

struct touched;

/* The file's name in the journal's folder. */
#define MANIFEST_NAME 40
const char *manifest_name(char text[static MANIFEST_NAME], unsigned step, bool of_copy);

/* ---- writing */

/*
 * Begin a new file in place of an older one. A failure to write is kept until the end.
 * NULL with err where it cannot be made.
 */
struct manifest_writer *manifest_begin(const struct place *at, struct err *err);
/*
 * Some names of one directory, given by the callback entries() of a walk: begin with the
 * directory's key (walk_dir.key; 0 is the root's), add, end. A directory's own key is
 * returned by add and belongs into walk_entry.key.
 */
struct manifest_block {
	struct buf body;
	uint64_t key;
	uint32_t nr;
	unsigned nr_owners;	/* modes and owners that were met, told by their number */
	struct { uint32_t mode, uid, gid; } owner[64];
	uint64_t ino;
	int64_t mtime, ctime;
};
void manifest_block_begin(struct manifest_block *b, uint64_t key);
/* st NULL: the name is gone. */
uint64_t manifest_block_add(struct manifest_block *b, const char *name, const struct stat *st);
void manifest_block_end(struct manifest_block *b, struct manifest_writer *w);
/* A whole batch; sets the keys of directories. */
void manifest_batch(struct manifest_writer *w, const struct walk_dir *dir, struct walk_entry *v,
		    size_t nr);
/*
 * The root of the tree, the seal, on the disk where synced. Frees the writer in any case;
 * where it fails the file is gone.
 */
int manifest_end(struct manifest_writer *w, const struct stat *root, bool synced,
		 struct err *err) MUST_CHECK;
/* Instead of the end: nothing comes of it. */
void manifest_drop(struct manifest_writer *w);

/* One walk of a tree for a manifest alone, on the disk when it returns. */
int manifest_of_tree(const struct place *at, int treefd, unsigned threads, bool rotational,
		     struct err *err) MUST_CHECK;
/*
 * manifest.N of a step that moves or copies a tree, made unless a whole one of this tree
 * (its root) is there: the survey may have left it, or the plan was a saved one.
 */
int manifest_ensure(struct work *w, const struct step *s, int treefd, struct err *err) MUST_CHECK;
/*
 * All steps of the plan are done: look again at what they changed; on the disk when it
 * returns. Nothing to do where the plan has no manifest.
 */
int manifest_complete(struct work *w, struct err *err) MUST_CHECK;

/* ---- reading */

enum manifest_state { MANIFEST_FOUND, MANIFEST_DONE };

struct manifest_options {
	enum manifest_state state;
	unsigned threads;	/* 0: by the kind of device */
	bool rotational;
	bool coarse;		/* mtimes are coarse, see base/compat.h */
	/* MANIFEST_FOUND: the steps whose own changes of ctimes do not count; NULL: none. */
	const struct touched *touched;
	/*
	 * Other trees may share inodes with this one: of files with several names neither ctime
	 * nor link count count, for a change there shows here.
	 */
	bool shared;
	bool no_ctime;		/* of nothing: undo of a repair in place (kind marks) set them */
	/* NULL, or is asked whether a new directory is looked into: what is there is new too. */
	bool (*enter_new)(void *ctx, const char *path);
	/*
	 * NULL, or is told each regular file that is as recorded, ctime included, from any
	 * thread: a sample of contents is read. -1 with err stops the comparison.
	 */
	int (*same)(void *ctx, const struct walk_dir *dir, const char *name,
		    const struct stat *st, struct err *err);
};

struct manifest_counts {
	uint64_t recorded;	/* objects in the manifest, in that state */
	uint64_t compared;	/* objects of the tree that the manifest knows */
	uint64_t differing;	/* of them */
	uint64_t missing, extra; /* a directory counts as one, with all below it */
	uint64_t unwitnessed;	/* compared without their ctime */
};

/*
 * Calls report for each difference, one at a time: path below the tree ("." for its
 * root), what: one of MANIFEST_WHAT_* or "mode", "owner", "size", ... (static text).
 */
#define MANIFEST_EXTRA "new"
#define MANIFEST_MISSING "missing"
#define MANIFEST_OTHER "another object of this name"
#define MANIFEST_SIZE "size"
#define MANIFEST_NAMES "its time: names in it"	/* a directory's mtime */
#define MANIFEST_MTIME "mtime"
/* The ctime alone. */
#define MANIFEST_CTIME "content, its date set back; or an attribute, flag, ACL or name"
typedef void manifest_report(void *ctx, const char *path, const char *what);

/*
 * A tree against the manifest of that name in the journal's folder. How many objects
 * differ; -1: ENOENT no such manifest, VS_JOURNAL_DAMAGED it is damaged or not sealed. The
 * root's own ctime does not count in MANIFEST_FOUND: a rename changes it.
 */
int64_t manifest_compare(int folder, const char *name, int treefd,
			 const struct manifest_options *opt, manifest_report *report, void *ctx,
			 struct manifest_counts *counts, struct err *err) MUST_CHECK;
/*
 * The same, asked name by name during a walk of somebody else, whose directories have the
 * keys that are given here: of the tree itself, or of another with the same names.
 */
struct manifest_asked;
/* NULL and no error where there is no such manifest. */
int manifest_ask_begin(struct manifest_asked **out, int folder, const char *name,
		       const struct manifest_options *opt, struct err *err) MUST_CHECK;
void manifest_ask_end(struct manifest_asked *a);
/*
 * What this name is now, NULL: it is not there. *what: NULL: as recorded, or neither here
 * nor there; MANIFEST_EXTRA, MANIFEST_MISSING, or the first difference. *key for walk_entry.
 * Any thread.
 */
int manifest_ask(struct manifest_asked *a, const struct walk_dir *dir, const char *name,
		 const struct stat *now, const char **what, uint64_t *key,
		 struct err *err) MUST_CHECK;
int manifest_ask_root(struct manifest_asked *a, const struct stat *now, const char **what,
		      struct err *err) MUST_CHECK;
/* From named(): nothing is asked of this directory any more. */
void manifest_ask_named(struct manifest_asked *a, const struct walk_dir *dir);

/* Is there one, sealed, of a tree whose root has this inode number? Absence is no error. */
int manifest_there(bool *there, int folder, const char *name, uint64_t root_ino,
		   struct err *err) MUST_CHECK;
/* Has manifest_complete() added the state as done to it? */
int manifest_is_done(bool *done, int folder, const char *name, struct err *err) MUST_CHECK;

#endif
