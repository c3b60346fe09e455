/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directory sink's two files: new objects (copy_dir.c), and what is there from
 * an earlier try (copy_keep.c).
 */
#ifndef VS2VZ_STEP_COPY_DIR_H
#define VS2VZ_STEP_COPY_DIR_H

#include <pthread.h>

#include "step/copy.h"
#include "step/holding.h"
#include "step/sums.h"
#include "step/treeutil.h"

/* link_slot.more: value is an inode that was kept and must get no more names. */
#define SLOT_CLOSED (1u << 31)

/* A directory's mtime before this run, which its copy could hold only roughly. */
struct kept_time {
	struct kept_time *next;
	struct timespec mtime;
};

/* A subvolume of the tree that changes come back to: no link leads out of it. */
struct sub_holding {
	struct sub_holding *next;
	dev_t dev;
	int fd;			/* its root */
	struct holding holding;
};

struct dir_sink {
	struct sink base;
	struct target_fs fs;
	const struct marks *unmend;	/* changes come back into a tree with these marks */
	struct pairs pairs;		/* of objects that were there */
	struct sums_table known;	/* records of an earlier try */
	const char *token;
	struct holding holding;		/* of the tree's root */
	struct sub_holding *subs;	/* with the lock */
	pthread_mutex_t lock;		/* of subs and times */
	struct kept_time *times;	/* all of them; walk_dir.mark points to one */
	struct kept_time *root;		/* of the tree's root, or NULL */
	bool projects;			/* the source's go along */
	bool no_clone;
};

int object_fail(const struct copy_object *o, const char *what, struct err *err);
int object_add(const struct copy_object *o, struct err *err);
int set_flags(struct dir_sink *d, struct copy_object *o, int fd, uint32_t want);
int lock_fd(struct dir_sink *d, int fd, uint32_t locks);
int hold_first(struct dir_sink *d, struct copy_object *o, const struct place *at, uint64_t made);

/* Take off what would hinder work inside a directory, or be inherited. 0 or -1. */
int prepare_dir(const struct dir_sink *d, int fd);
void load_known(struct dir_sink *d, int sums);
/*
 * Is an object that equals the source's there? 1: it stays. 0: there is nothing (any
 * longer): what differed was removed. -1: error.
 */
int keep_existing(struct dir_sink *d, struct copy_object *o, struct err *err) MUST_CHECK;
int keep_dir(struct dir_sink *d, struct copy_object *o, struct err *err) MUST_CHECK;
/* An owner of a directory that is right but for its tag, or has another tag, stays. */
void keep_owner(const struct dir_sink *d, struct copy_object *o, const struct stat *now);
/* The other names of this inode are not the one that was kept: next time all are made. */
void make_anew(struct dir_sink *d, const struct copy_object *o);
/* Is the name there as a link to slot->value? Anything else is removed. */
int is_linked(struct dir_sink *d, struct copy_object *o, struct err *err) MUST_CHECK;
/* Remove what the target's directory has and the source's has not. */
int drop_extra(struct copy_object *o, struct err *err) MUST_CHECK;

#endif
