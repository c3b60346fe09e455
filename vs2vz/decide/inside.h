/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files of decide/ only: everything that one decision works on.
 */
#ifndef VS2VZ_DECIDE_INSIDE_H
#define VS2VZ_DECIDE_INSIDE_H

#include "base/buf.h"
#include "decide/decide.h"
#include "openvz/conf.h"

/* What fsinfo_read() said of a directory; asked once. */
struct fs_answer {
	const char *path;
	struct fsinfo info;
};

struct deciding {
	struct decisions *out;
	const struct guests *all;
	const struct host *host;
	const struct root *root;
	const struct choices *choices;
	struct pool *pool;
	struct findings *findings;
	struct known_cts known;
	struct mounts mounts;
	size_t nr_fs, cap_fs;
	struct fs_answer **fs;
	const char *sample_name;
	const char *sample_path;	/* NULL: built in */
	struct buf sample;
	struct conf sample_conf;
};

/* "/vz/private" of "/vz/private/345"; "/" of "/345". */
const char *path_parent(const char *path, struct pool *pool);
const char *path_name(const char *path);
/* The deepest directory of an absolute path that exists: the path itself, its parent, ... */
const char *path_existing(const struct root *root, const char *path, struct pool *pool);
bool path_exists(const struct root *root, const char *path);
/* Text of a link in directory from that leads to to: "../conf/345.conf". */
const char *path_relative(const char *from, const char *to, struct pool *pool);
/* Does the number stand in the last component, so that all containers share one parent? */
bool pattern_is_flat(const char *pattern);

/* container.c: paths and parameters. */
void container_describe(struct deciding *d, struct decision *decision);
/* ostemplate.c: NULL where vzctl's default must do. */
const char *ostemplate_of(const struct deciding *d, const struct guest *guest);
/* disk.c: DISKSPACE and DISKINODES where the sample's would be too small. */
void disk_limits(struct deciding *d, struct decision *decision);

/* relocate.c */
int relocate_choose(struct deciding *d, struct decision *decision, struct err *err) MUST_CHECK;
int relocate_space(struct deciding *d, struct err *err) MUST_CHECK;
int relocate_writable(struct deciding *d, struct err *err) MUST_CHECK;
bool tree_is_mount(const struct deciding *d, const struct guest *guest);

/* conflicts.c */
int conflicts_of(struct deciding *d, const struct decision *decision, struct err *err) MUST_CHECK;
void conflicts_addresses(struct deciding *d);

/* build.c, inputs.c, build_host.c */
int build_guest(struct deciding *d, struct decision *decision, struct err *err) MUST_CHECK;
int build_inputs(struct deciding *d, struct decision *decision, struct err *err) MUST_CHECK;
int build_host(struct deciding *d, struct err *err) MUST_CHECK;
/* A step that remembers the mtime of a directory, which must exist. */
int build_times(struct deciding *d, struct plan *plan, const char *path, struct err *err) MUST_CHECK;
void build_mkdir(struct deciding *d, struct plan *plan, const char *path, unsigned mode);
/* Where a copied source goes; NULL: it stays (a rename, or a mount point). */
const char *retire_path(const struct deciding *d, const struct decision *decision);

#endif
