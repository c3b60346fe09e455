/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files of the kind "marks" only.
 *
 * The record: a head and records of 64 bytes, little endian, laid out alike on 32
 * and 64 bit. Its key is inode number and class; an inode has at most one record of
 * each class. Written whole, synced and renamed before the first change: a record that
 * exists is complete.
 */
#ifndef VS2VZ_STEP_MARKS_INSIDE_H
#define VS2VZ_STEP_MARKS_INSIDE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/links.h"
#include "base/meta.h"
#include "base/hash.h"
#include "base/identity.h"
#include "base/walk.h"
#include "step/beside.h"
#include "step/kinds.h"
#include "step/marks.h"
#include "step/marks_record.h"

enum mark_class {
	MARK_INODE,
	MARK_VALUE,		/* security.capability */
	MARK_TIMES,		/* of a directory whose names may be replaced */
	MARK_STEP,		/* ino: number of a step, size: inode that its path named */
};

/* What happens to an inode; what is known of it. */
#define MARK_OWNER	0x01u	/* loses a tag */
#define MARK_THAW	0x02u	/* loses the immutable flag */
#define MARK_SHARED	0x04u	/* its names in the tree go to a private copy */
#define MARK_LOCKED	0x08u	/* immutable or append-only: flags is valid */
#define MARK_CAPS	0x10u	/* a MARK_VALUE record holds security.capability */
#define MARK_LINKED	0x20u	/* only while the record is made: has several names */

#define MARK_CAPS_MAX 32

struct mark_record {
	uint64_t ino;
	uint16_t class;
	uint16_t what;
	uint32_t mode;			/* st_mode */
	union {
		struct {
			union {
				uint64_t size;	/* MARK_INODE */
				int64_t atime;	/* MARK_TIMES; seconds */
			};
			int64_t mtime;
			uint32_t mtime_ns, atime_ns;
			uint32_t flags;		/* META_LOCKS of it */
			uint32_t uid, gid;	/* as found */
			uint32_t unused;	/* what alignment adds on 64 bit */
		};
		struct {
			uint32_t len;
			unsigned char value[MARK_CAPS_MAX];
		};
	};
	uint32_t new_uid, new_gid;	/* as they should be */
};
#define MARK_MAGIC "vs2vzmk2"

struct mark_head {
	char magic[8];
	uint64_t nr;		/* records after the head */
	uint64_t owners, thawed, shared;
	uint64_t immutable;	/* regular files that stay immutable */
	uint64_t relocked;	/* shared inodes whose copies are locked as well */
	uint64_t steps;		/* records of MARK_STEP, the first ones */
};

/* After the last record: the sum of all records and of the head. */
struct mark_tail {
	struct hash128 sum;
	uint64_t unused[6];
};
/* Add records (or the head, which has their size) to a sum; their order does not count. */
void mark_sum(struct hash128 *sum, const void *records, size_t nr);

struct mark_file {
	int fd;			/* -1: there is no record */
	struct mark_head head;
};

/* Names in the journal's folder: "marks.N" and a suffix. */
#define MARK_NAME 32
const char *mark_name(char text[static MARK_NAME], unsigned nr, const char *suffix);
bool mark_there(const struct work *w, unsigned nr, const char *suffix, struct stat *st);
int mark_drop(const struct work *w, unsigned nr, const char *suffix, struct err *err) MUST_CHECK;

/* The record walk. Reads the tree, writes marks.N; nothing else changes. */
int mark_file_make(const struct marks *m, int tree, const struct work *w, const struct step *s,
		   struct err *err) MUST_CHECK;
int mark_file_open(struct mark_file *f, const struct work *w, unsigned nr, struct err *err)
	MUST_CHECK;
void mark_file_close(struct mark_file *f);

/*
 * Looking records up: a part of all inode numbers at a time, 18 bytes for each record.
 * MARK_TIMES are in every part: a directory may lose names in each.
 */
struct mark_index {
	int fd;
	unsigned part, parts;
	size_t cap;
	uint64_t *key;
	uint32_t *at;
};
unsigned mark_parts(const struct mark_file *f);
int mark_index_load(struct mark_index *x, const struct mark_file *f, unsigned part,
		    struct err *err) MUST_CHECK;
void mark_index_release(struct mark_index *x);
bool mark_covers(const struct mark_index *x, uint64_t ino);
/* 1 with *out, 0: no record (of this part), -1 with errno. Threads may share the index. */
int mark_find(const struct mark_index *x, uint64_t ino, enum mark_class class,
	      struct mark_record *out);

/*
 * The holding folder beside the tree (0700): "O-C" is a link to an original, O its inode
 * number and C that of its copy, in hexadecimal; "C" a link to the copy while names are
 * replaced; "t.N" the next name of thread N; "new.O" a copy in the making.
 */
struct mark_hold {
	struct found at;	/* its first name; at.parent: the tree's directory is there */
	struct beside folder;	/* its name, see beside.h; do not copy */
	const char *path;	/* the same; NULL: the step has none */
	int fd;			/* -1: it is not there */
	struct identity made;	/* in marks.N.hold; inode 0: none */
	bool ours, complete;	/* by marks.N.hold */
	struct links *of_original, *of_copy; /* value: the other one; after hold_list() */
};
#define HOLD_TEXT 48
int hold_open(struct mark_hold *h, const struct step *s, const struct work *w, struct err *err)
	MUST_CHECK;
void hold_release(struct mark_hold *h);
/* Make it, or empty one that is not complete. */
int hold_begin(struct mark_hold *h, const struct step *s, const struct work *w, struct err *err)
	MUST_CHECK;
/* All in it is on the disk: say so. */
int hold_complete(struct mark_hold *h, const struct work *w, unsigned nr, struct err *err)
	MUST_CHECK;
int hold_list(struct mark_hold *h, struct err *err) MUST_CHECK;
/* The other one of a pair, 0: none. */
uint64_t hold_copy_of(const struct mark_hold *h, uint64_t original);
uint64_t hold_original_of(const struct mark_hold *h, uint64_t copy);
const char *hold_pair(char text[static HOLD_TEXT], uint64_t original, uint64_t copy);
const char *hold_one(char text[static HOLD_TEXT], uint64_t copy);
/* Put the inode at a name of the folder in the place of a name in the tree. -1 with errno. */
int hold_replace(const struct mark_hold *h, const char *name, unsigned thread,
		 const struct place *at);
/* Each name; it may be removed meanwhile. original 0: not the name of a pair. */
struct hold_name {
	const char *text;
	uint64_t original, copy;
};
typedef int hold_each_fn(void *ctx, const struct mark_hold *h, const struct hold_name *name,
			 struct err *err);
int hold_each(const struct mark_hold *h, hold_each_fn *one, void *ctx, struct err *err) MUST_CHECK;
/* Originals in the folder: lift their locks, or set those of the record (of x's part). */
int hold_thaw(const struct mark_hold *h, struct err *err) MUST_CHECK;
int hold_freeze(const struct mark_hold *h, const struct mark_index *x, struct err *err) MUST_CHECK;
/* Remove the copies' links; all names, each inode keeping its locks; the folder. */
int hold_drop_copies(const struct mark_hold *h, struct err *err) MUST_CHECK;
int hold_drop_all(const struct mark_hold *h, struct err *err) MUST_CHECK;
int hold_remove(struct mark_hold *h, struct err *err) MUST_CHECK;

/* Files that other steps replace (marks_steps.c). fd: where records are appended. */
int mark_note_steps(int fd, int tree, const struct work *w, const char *at, uint64_t *nr,
		    struct err *err) MUST_CHECK;
/* *out is malloc'd. */
int mark_load_steps(const struct mark_file *f, struct mark_record **out, size_t *nr,
		    struct err *err) MUST_CHECK;
/* The path below the tree that a step replaces, NULL: none. */
const char *mark_step_path(const struct work *w, const char *at, unsigned nr);

/* Private copies of all shared inodes into the folder. */
int marks_share(int tree, struct mark_hold *h, const struct mark_file *f, const struct work *w,
		struct err *err) MUST_CHECK;

/* What an inode shall be. */
struct mark_want {
	uid_t uid;
	gid_t gid;
	bool mode_known, caps_known;
	mode_t mode;
	struct mark_record caps;
	uint32_t locks;
};
/* Locks of an object now; opened only where the status did not tell. -1: cannot be read. */
int64_t mark_locks(int dirfd, const char *name, const struct meta *meta);
/*
 * Bring one object there, whatever of it is done already: locks off, owner, mode,
 * capabilities, locks. fd: open object, or -1 and a name. -1 with errno.
 */
int mark_settle(const struct bearer *of, const struct meta *meta, const struct mark_want *want);

/*
 * The acting walks over one part of the record. print: NULL, or for the last part gets
 * the fingerprint that the mended tree shall have (survey.bare).
 */
int marks_act(int tree, const struct mark_hold *h, const struct mark_index *x,
	      const struct work *w, struct hash128 *print, struct err *err) MUST_CHECK;
int marks_relock(int tree, const struct mark_hold *h, const struct mark_index *x,
		 const struct work *w, struct err *err) MUST_CHECK;
/* Originals found below a directory by their number get the locks of the record. */
int marks_rescue(int beside, const struct mark_index *x, const struct work *w, struct err *err)
	MUST_CHECK;
struct marks_back {
	const struct mark_hold *h;
	const struct mark_index *x;
	struct work *w;
	const char *at;			/* for what is kept */
	uint64_t began;			/* when this undo began first, in ns; 0: see note_begin() */
	const struct mark_record *again; /* MARK_STEP */
	size_t nr_again;
	pthread_mutex_t lock;		/* of the list of kept things */
};
int marks_take_back(int tree, struct marks_back *b, struct err *err) MUST_CHECK;
/* Times of a directory as a MARK_TIMES record has them, where they differ. -1 with errno. */
int mark_put_times(int fd, const struct stat *now, const struct mark_record *r);
/* The same, but as they were at an earlier look. */
int mark_keep_times(int fd, const struct stat *was);
/* One number for a time. */
uint64_t mark_ns(int64_t seconds, uint32_t ns);

#endif
