/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the survey share while one walk runs.
 */
#ifndef VS2VZ_BASE_SURVEY_PARTS_H
#define VS2VZ_BASE_SURVEY_PARTS_H

#include "base/hidden.h"
#include "base/links.h"
#include "base/survey.h"
#include "base/walk.h"

/* Pairs of 16 bits, open addressing; inodes 0 is a free slot. */
#define OWNER_SLOTS 1024
struct owner_table {
	unsigned nr;
	struct owner_half slot[OWNER_SLOTS];
};

/* One walk; threads share it. */
struct surveying {
	const struct survey_options *opt;
	struct survey *out;
	struct links *links;
	struct owner_table owners, cookies;
	uint64_t unread;	/* inodes whose hidden flags mattered and could not be read */
	dev_t dev;
	bool no_flags;		/* the file system has none */
	unsigned without;	/* PRINT_* for all names */
};

/* The first path of an inode whose other names have not all been met. */
struct candidate {
	uint64_t ino;
	char *path;
};

/* One thread. */
#define CANDIDATES 64
struct counts {
	struct survey s;
	struct owner_table owners, cookies;
	uint64_t unread;
	struct hidden_window window;
	struct buf scratch;
	struct candidate candidate[CANDIDATES];
};

/* survey_owner.c: owner and group of one inode. */
void owner_count(struct survey *s, struct owner_table *t, const struct stat *st);
/* The word of ext4's bytes 124 to 127, not 0: counted as the pair of its halves. */
void cookie_count(struct survey *s, struct owner_table *t, uint32_t word);
void cookie_finish(struct survey *s, const struct owner_table *t);
/* Add what a thread found; what finds no room goes to *more. */
void owner_merge(struct owner_table *into, const struct owner_table *from, uint64_t *more);
/* The most frequent pairs into the survey. */
void owner_finish(struct survey *s, const struct owner_table *t);

/* survey_limits.c: names of a batch; one inode; its attributes. */
void limits_names(struct survey *s, struct walk_dir *dir, const struct walk_entry *v, size_t nr);
void limits_inode(struct survey *s, const struct walk_dir *dir, const struct walk_entry *e,
		  uint32_t flags);
/* 0; -1 with errno where the kernel does not give the size of a value. */
int limits_values(struct survey *s, const struct walk_dir *dir, const struct walk_entry *e,
		  const struct bearer *of, const struct buf *names);
/* The paths of from go over. */
void limits_merge(struct survey *into, const struct survey *from);
void limits_finish(struct surveying *y);
void limits_release(struct survey *s);
/* A path below the tree, malloc'd. */
char *survey_path(const struct walk_dir *dir, const char *name);
/* Keep the bytewise smaller of two paths (either may be NULL); the other is freed. */
void survey_take_path(const char **into, const char *from);

/*
 * survey_flags.c: the inode's flags, META_GUEST_FLAGS where options.limits asks for them
 * and they can be had, else META_LOCKS; the hidden ones are counted. *fd: a
 * descriptor of the object, where it had to be opened or more is to be asked, or -1;
 * the caller closes it. -1: the system did not let us see them.
 */
int flags_count(uint32_t *flags, struct surveying *y, struct counts *c, const struct walk_dir *dir,
		const struct walk_entry *e, int *fd, struct err *err);
/* Whether all is known, once all threads are done. */
void flags_finish(const struct surveying *y);

#endif
