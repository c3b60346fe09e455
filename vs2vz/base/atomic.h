/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small writes that are either there or not, after any cut.
 */
#ifndef VS2VZ_BASE_ATOMIC_H
#define VS2VZ_BASE_ATOMIC_H

#include <stdbool.h>

#include "base/err.h"
#include "base/sys.h"

struct atomic_meta {
	mode_t mode;
	uid_t uid;
	gid_t gid;
	bool has_mtime;
	struct timespec mtime;
	bool unsynced;		/* a note that a cut may take: nothing of it is flushed */
	bool others;		/* the directory is not ours alone, see below */
};

/*
 * Create or replace a file: a temporary name beside it (".NAME.vs2vz-new"; an older one is
 * removed first where the directory is ours, and passed by, "-2", "-3", ..., where others
 * write as well), content, owner, mode, times, fsync, rename, and
 * fsync of the directory when sync_parent. Before the rename nothing has changed;
 * after it the new content is complete on disk.
 */
int atomic_write(const struct place *at, const void *bytes, size_t len,
		 const struct atomic_meta *meta, bool sync_parent, struct err *err) MUST_CHECK;
/*
 * The same piece by piece: begin, put (a struct buf_sink's write, ctx the file), end. An
 * error on the way is kept for the end, which then leaves the old file, or none.
 */
struct atomic_file {
	struct place at;
	char name[300];		/* of the temporary file */
	int fd;
	bool failed;
	struct err err;		/* of what failed */
};
int atomic_begin(struct atomic_file *f, const struct place *at, bool others, struct err *err)
	MUST_CHECK;
void atomic_put(void *file, const void *bytes, size_t len);
int atomic_end(struct atomic_file *f, const struct atomic_meta *meta, bool sync_parent,
	       struct err *err) MUST_CHECK;
/* Instead of the end: nothing comes of it. */
void atomic_drop(struct atomic_file *f);
/* Write all of it. */
int write_all(int fd, const void *bytes, size_t len, struct err *err) MUST_CHECK;
int sync_dir(int dirfd, struct err *err) MUST_CHECK;
/* Every missing directory of path below the root's descriptor, 0755, synced. */
int make_dirs(int rootfd, const char *path, mode_t mode, struct err *err) MUST_CHECK;
/* A new file for appending (a log): a descriptor; EEXIST where it exists. */
int create_new(const struct place *at, mode_t mode, struct err *err) MUST_CHECK;

#endif
