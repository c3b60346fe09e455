/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files of decide/ only: everything that one decision works on.
 */
#ifndef VS2VZ_DECIDE_INSIDE_H
#define VS2VZ_DECIDE_INSIDE_H

#include "base/buf.h"
#include "decide/decide.h"
#include "openvz/conf.h"
#include "step/lvm.h"
#include "vserver/host_side.h"

/* What fsinfo_read() said of a directory; asked once. */
struct fs_answer {
	const char *path;
	struct fsinfo info;
};

struct deciding {
	struct decisions *out;
	const struct decision_taker *taker; /* NULL: all of every decision stays */
	const struct guests *all;
	const struct host *host;
	const struct root *root;
	const struct choices *choices;
	struct pool *pool;	/* of the guest in hand, where decisions are taken away */
	struct pool *keep;	/* of what all guests share, and what stays */
	struct findings *findings;
	struct known_cts known;
	struct mounts mounts;
	struct host_side side;
	struct lvm_groups groups;
	size_t nr_fs, cap_fs;
	struct fs_answer **fs;
	const char *tree_id;	/* of the guest in hand: its tree, see base/identity.h */
	/* The sample of the guest in hand: sample_use(). */
	const char *sample_name;
	const char *sample_path;	/* NULL: built in */
	struct buf sample;
	struct conf sample_conf;
	struct pool sample_pool; /* of sample_conf */
	struct sample_of_guest *samples; /* by the guests in out */
};

/* "/vz/private" of "/vz/private/345"; "/" of "/345". */
const char *path_parent(const char *path, struct pool *pool);
const char *path_name(const char *path);
/* The deepest directory of an absolute path that exists: the path itself, its parent, ... */
const char *path_existing(const struct root *root, const char *path, struct pool *pool);
bool path_exists(const struct root *root, const char *path);
/* Is the path the directory, or in it? */
bool path_at_or_in(const char *path, const char *dir);
/* Text of a link in directory from that leads to to: "../conf/345.conf". */
const char *path_relative(const char *from, const char *to, struct pool *pool);
/* Does the number stand in the last component, so that all containers share one parent? */
bool pattern_is_flat(const char *pattern);

/* container.c: paths and parameters. */
void container_describe(struct deciding *d, struct decision *decision);
/* ostemplate.c: NULL where vzctl's default must do. */
const char *ostemplate_of(const struct deciding *d, const struct guest *guest);
/* bootorder.c: start order of all guests, with findings for the selected ones. */
void bootorder_assign(struct deciding *d);

/* samples.c: find and check the sample of every guest; then take that of one in hand. */
int samples_read(struct deciding *d, struct err *err) MUST_CHECK;
int sample_use(struct deciding *d, const struct decision *decision, struct err *err) MUST_CHECK;

/* answers.c: what was chosen for one guest, NULL: nothing. */
const struct answer *answer_of(const struct choices *choices, const char *guest);
enum method method_wanted(const struct deciding *d, const struct guest *guest);
enum rights rights_wanted(const struct deciding *d, const struct guest *guest);
/* overwrite: UUID, or NULL. */
struct insulate_spec insulate_wanted(const struct deciding *d, const struct guest *guest,
				     const char **overwrite);
enum limits_from limits_wanted(const struct deciding *d, const struct guest *guest);
enum shared_policy shared_wanted(const struct deciding *d, const struct guest *guest);

/* relocate.c */
int relocate_choose(struct deciding *d, struct decision *decision, struct err *err) MUST_CHECK;
/* What the target cannot hold, file systems with errors, subvolumes: findings. */
int relocate_limits(struct deciding *d, const struct decision *decision, struct err *err) MUST_CHECK;
int relocate_space(struct deciding *d, struct err *err) MUST_CHECK;
int relocate_writable(struct deciding *d, struct err *err) MUST_CHECK;
bool tree_is_mount(const struct deciding *d, const struct guest *guest);

/* locked.c: what is immutable or append-only where the plan changes names. */
int locked_judge(struct deciding *d, const struct plan *plan, struct err *err) MUST_CHECK;

/* own_fs.c: is the guest to have a file system of its own, and which? */
int own_fs_choose(struct deciding *d, struct decision *decision, struct err *err) MUST_CHECK;

/*
 * fix_build.c: what recipes do to this guest; then its steps, before and after the tree
 * has reached its place.
 */
int fixups_decide(struct deciding *d, struct decision *decision, struct err *err) MUST_CHECK;
int fixups_times(struct deciding *d, struct decision *decision, struct err *err) MUST_CHECK;
int fixups_build(struct deciding *d, struct decision *decision, struct err *err) MUST_CHECK;

/* too_new.c: systemd and C library against the kernel that the container will run on. */
void too_new_judge(struct deciding *d, const struct decision *decision);

/* conflicts.c */
int conflicts_of(struct deciding *d, const struct decision *decision, struct err *err) MUST_CHECK;
void conflicts_addresses(struct deciding *d);

/* build.c, inputs.c, build_host.c */
int build_guest(struct deciding *d, struct decision *decision, struct err *err) MUST_CHECK;
int build_inputs(struct deciding *d, struct decision *decision, struct err *err) MUST_CHECK;
int build_host(struct deciding *d, struct err *err) MUST_CHECK;
/* A step that remembers the mtime of a directory, which must exist. */
int build_times(struct deciding *d, struct plan *plan, const char *path, struct err *err) MUST_CHECK;
/* A directory and those above it that are missing, outermost first. */
void build_parents(struct deciding *d, struct plan *plan, const char *path);
/* What a start of the container leaves at a path: TRACE_LINKS, TRACE_QUOTA. */
void build_trace(struct deciding *d, struct plan *plan, const char *at, const char *what);
/* In the tree that undo brings back to this path. */
int build_trace_of_links(struct deciding *d, struct plan *plan, const char *tree,
			 struct err *err) MUST_CHECK;
void build_mkdir(struct deciding *d, struct plan *plan, const char *path, unsigned mode);
/* The argument id: of what stands at a path and had this inode number when it was looked at. */
int build_id(struct deciding *d, struct step *s, const char *path, ino_t ino,
	     struct err *err) MUST_CHECK;
/* The name beside it that a plan puts a tree or an image aside under: ".NAME.vs2vz-TOKEN". */
const char *aside_path(const struct plan *plan, const char *path, struct pool *pool);
/* Where a copied source goes; NULL: it stays (a rename, or a mount point). */
const char *retire_path(const struct deciding *d, const struct decision *decision);

#endif
