/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files that match and apply recipes: what one guest's fix-ups work on.
 */
#ifndef VS2VZ_DECIDE_FIX_INSIDE_H
#define VS2VZ_DECIDE_FIX_INSIDE_H

#include "decide/fixups.h"

struct fixing {
	const struct fixup_guest *guest;
	struct edits *edits;
	struct findings *findings;
	struct pool *pool;
	const struct recipe *recipe;	/* at work */
	const struct recipe_group *group;
	const char *each;		/* the path that matched; NULL: no "each" */
	size_t nr_ran, cap_ran;		/* recipes that changed something */
	const char **ran;
	size_t nr_odd, cap_odd;		/* files that VS505 named already */
	const char **odd;
};

/* An operand with {}, {dir}, {name}, {stem} filled in. */
const char *fix_path(const struct fixing *f, const char *operand);
/* The n-th word of "a,b,c" (pool); NULL: no more. */
const char *fix_word(const struct fixing *f, const char *list, size_t n);
/* Is word one of "a,b,c"? */
bool fix_listed(const char *list, const char *word);
/* Known facts for fill=yes: hostname, shortname, address, ctid; NULL: unknown. */
const char *fix_value(const struct fixing *f, const char *name);
bool fix_says_yes(const struct statement *s, const char *key);
/* The statement with {hostname} and the like filled in, where it says fill=yes. -1: unknown. */
int fix_filled(struct fixing *f, const struct statement *s, struct statement *out,
	       struct err *err) MUST_CHECK;
/* A file of the guest is odd: VS505, once for each text. Returns -1. */
int fix_odd(struct fixing *f, const char *path, const struct err *err);

/* fix_glob.c: existing paths that match, sorted. -1: odd, err says why. */
struct fix_paths {
	size_t nr, cap;
	const char **v;
};
int fix_glob(struct fixing *f, const char *glob, struct fix_paths *out, struct err *err) MUST_CHECK;
bool fix_is_glob(const char *path);

/* fix_conditions.c */
condition_fn fix_distro, fix_init, fix_arch, fix_kernel, fix_vz7, fix_exists, fix_absent,
	     fix_executable, fix_empty, fix_mode_is, fix_link_is, fix_node_is, fix_line, fix_text,
	     fix_all_commented, fix_item, fix_value_known, fix_running, fix_service, fix_ran, fix_name;
/* The guest is of this distribution, and its version is known to be this or a later one. */
bool fix_system_is(const struct fixing *f, const char *distro, const char *from);
/* fix_changes.c, fix_objects.c */
change_fn fix_comment, fix_uncomment, fix_restore, fix_drop, fix_replace, fix_substitute,
	  fix_append, fix_insert, fix_set, fix_unset, fix_write, fix_link, fix_remove, fix_rename,
	  fix_node, fix_mkdir, fix_mode, fix_services, fix_override, fix_mask, fix_unmask, fix_say;
/* Missing directories above a path are made; *canonical: the path below them. */
int fix_parent(struct fixing *f, const char *path, const char **canonical, struct err *err) MUST_CHECK;
/* Is the name a link? Asked where nothing stands at its end. */
bool fix_dangles(struct fixing *f, const char *path);
/* A file or link takes another name; what had that name goes. Nothing there: nothing. */
int fix_move(struct fixing *f, const char *from, const char *to, struct err *err) MUST_CHECK;
/* A symbolic link at the canonical path of a place; its directory is made. */
int fix_make_link(struct fixing *f, const char *path, const char *target, struct err *err) MUST_CHECK;
int fix_hide(struct fixing *f, const char *path, struct err *err) MUST_CHECK;
/* New content; mode 0: of the old file, else 0644. */
int fix_make_file(struct fixing *f, const char *path, const char *text, size_t len, mode_t mode,
		  struct err *err) MUST_CHECK;

#endif
