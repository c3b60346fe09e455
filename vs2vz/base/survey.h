/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One parallel walk of a tree that answers everything the plan asks of it. Reads
 * only metadata; opens directories, and regular files only where attributes are
 * asked for or neither statx(2) nor the block device tells inode flags.
 *
 * Hidden flags (options.hidden) are read for every inode, not only for suspicious
 * ones: a window of the inode table serves 16 inodes and more, so that the walk takes
 * less than a tenth longer.
 */
#ifndef VS2VZ_BASE_SURVEY_H
#define VS2VZ_BASE_SURVEY_H

#include <stdint.h>

#include <stdbool.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/tags.h"

struct hidden;
struct sharing;
struct walk_dir;
struct walk_entry;

/*
 * How many inodes have these upper halves in owner and group: from them each tagging
 * method can be judged. Pairs beyond the most frequent ones are counted together.
 */
#define OWNER_HALVES 256
struct owner_half {
	uint16_t uid, gid;	/* owner >> 16, group >> 16 */
	uint64_t inodes;
};

/*
 * The words of bytes 124 to 127 of ext4's inodes that are not zero, see base/hidden.h, and
 * how many inodes have each.
 */
#define COOKIE_WORDS 32
struct cookie_word {
	uint32_t word;
	uint64_t inodes;
};

/* The object that asks most of the file system it is to be copied to, in one respect. */
enum survey_most {
	MOST_NAMES,		/* hard links to one inode, as far as they are in the tree */
	MOST_SUBDIRS,		/* directories in one directory */
	MOST_TEXT,		/* bytes of a symbolic link */
	MOST_NAME,		/* bytes of a name */
	MOST_VALUE,		/* bytes of one attribute, name and value; with options.xattrs */
	MOST_VALUES,		/* of all of one inode, as ext lays them out */
	MOST_BYTES,		/* of a regular file, holes included */
	MOST_NR
};
struct survey_peak {
	uint64_t value, ino;
	const char *path;	/* malloc'd, below the tree; NULL where any file system takes it */
};
/* A time of change that not every file system holds. */
struct survey_time {
	int64_t seconds;
	uint64_t inodes;	/* that are beyond 32 bits (latest), before 1970 (earliest) */
	const char *path;	/* malloc'd; NULL: none is */
};
/* Inodes with one of the flags that chattr sets. */
#define SURVEY_FLAGS 32
struct survey_flag {
	uint64_t inodes;
	const char *path;	/* malloc'd */
};

struct survey {
	uint64_t names;		/* directory entries, the root counted as one */
	uint64_t inodes;	/* each link group once */
	uint64_t dirs, files, symlinks, devices, fifos, sockets;
	uint64_t bytes_used;	/* allocated, a link group once */
	uint64_t bytes_apparent;
	uint64_t multi_linked;	/* inodes with more than one name in this tree */
	uint64_t immutable;	/* inodes with the immutable flag (not the root's own) */
	uint64_t append_only;
	uint64_t outside_inodes; /* inodes with names outside this tree */
	uint64_t outside_bytes;	/* their allocated bytes */
	uint64_t high_ids;	/* owner or group above 65535 */
	uint32_t max_uid, max_gid;
	unsigned nr_halves;
	struct owner_half *half; /* malloc'd; the most frequent first, 0:0 is one of them */
	uint64_t halves_more;	/* inodes with a pair that found no room */
	/*
	 * VServer cut the id to its limit: ID24 to 0xFFFFFE; UID16, GID16 to what may
	 * be nobody's.
	 */
	uint64_t lost_ids;	/* lower 24 bits 0xFFFFFE, in a pair with upper bits */
	uint64_t nobody_ids;	/* other ids with the lower half 0xFFFE below upper bits */
	/* Hidden flags; all zero where !hidden_known. Regular files, but for barrier. */
	bool hidden_known;	/* of every inode where it mattered */
	const char *hidden_why;	/* why not; static */
	uint64_t unified;	/* immutable and IUNLINK, or the 2.4 form of it */
	uint64_t unlink_only;	/* IUNLINK without immutable: inert */
	uint64_t barrier, cow;
	uint64_t intern;	/* inodes with a tag where ext2 and ext3 keep TAGGING_INTERN's */
	uint64_t cookies;	/* inodes with a word in bytes 124 to 127 */
	unsigned nr_cookies;
	struct cookie_word cookie[COOKIE_WORDS]; /* the most frequent; others: in cookies alone */
	uint64_t immutable_files; /* of immutable: regular files */
	uint64_t outside_readonly; /* of outside_inodes: immutable ones */
	uint64_t outside_writable_bytes; /* of outside_bytes: of those that are not */
	uint64_t foreign_dirs;	/* mount points inside: not entered */
	uint64_t with_xattrs;	/* inodes with extended attributes */
	struct survey_peak most[MOST_NR];
	struct survey_time latest, earliest;
	uint64_t fractions;	/* inodes whose mtime is no whole second */
	struct survey_flag flag[SURVEY_FLAGS]; /* by the number of the bit; META_GUEST_FLAGS only */
	/*
	 * What a copy takes where no file system packs small contents into inodes: files
	 * in blocks of 4096 bytes; names of directories; inodes with more attributes than
	 * fit behind 256 bytes; files of more than twelve blocks.
	 */
	uint64_t bytes_whole, bytes_names, big_values, mapped_files;
	uint64_t subvolumes;	/* btrfs: roots of subvolumes below the tree's own */
	const char *example_subvolume;
	uint64_t changed;	/* names newer than newer_than_ns (not the root) */
	/*
	 * Sum over all names of the hash of (parent inode, name, inode, type, mode,
	 * owner, group, size of files, mtime, link count): independent of order. Equal
	 * before and after means that no metadata of any object changed. The root's
	 * own name and mtime do not count.
	 */
	struct hash128 fingerprint;
	struct hash128 bare;	/* the same without link counts, see base/print.h */
	const char *example_immutable; /* malloc'd path below the tree, or NULL */
	const char *example_outside;
	const char *example_foreign;
	const char *example_high;
};

/*
 * Is told every batch of names of the walk, from any thread, before they are counted; may
 * set the keys of directories (walk.h). The root is not among them.
 */
struct survey_also {
	void (*entries)(void *ctx, const struct walk_dir *dir, struct walk_entry *v, size_t nr);
	void *ctx;
};

struct survey_options {
	unsigned threads;	/* 0: by the kind of device */
	bool rotational;
	bool xattrs;		/* count with_xattrs */
	bool limits;		/* fill most of attributes, and flag: asks more of each inode */
	struct hidden *hidden;	/* NULL: hidden flags are not read */
	const char *hidden_why;	/* for the result, where hidden is NULL */
	struct sharing *sharing; /* NULL, or gets every inode with names outside */
	unsigned tree;		/* number of this tree there */
	const struct survey_also *also; /* NULL: nobody */
	bool coarse;		/* fingerprints with coarse times (compat.h) on any kernel */
	uint64_t newer_than_ns;	/* count names with a later ctime into changed; 0: no */
};

/* dirfd: the tree's root directory, left open. */
int survey_tree(struct survey *out, int dirfd, const struct survey_options *opt,
		struct err *err) MUST_CHECK;
void survey_release(struct survey *s);
/*
 * Bytes that a copy takes on a file system with blocks of 4096 bytes that packs nothing
 * into inodes (survey_limits.c); never less than the tree takes.
 */
uint64_t survey_bytes_unpacked(const struct survey *s);

#endif
