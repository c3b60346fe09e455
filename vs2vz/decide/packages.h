/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of decide/: package state that VServer kept outside the tree ("external
 * package management": apps/pkgmgmt without `internal`; util-vserver scripts/pkgmgmt,
 * doc/configuration.xml), and how it comes in.
 *
 *	BASE/rpm/state		var/lib/rpm, until now a link to the empty /.rpmdb
 *	BASE/rpm/etc		etc/rpm, without the line "%_dbpath /.rpmdb"
 *	BASE/yum, apt, urpmi	where the guest has the tool and nothing of its own there
 *	/.rpmdb			goes
 *
 * packages.c finds the state on the host, packages_tree.c judges one piece against the
 * tree, packages_build.c makes evidence and steps of what was judged.
 */
#ifndef VS2VZ_DECIDE_PACKAGES_H
#define VS2VZ_DECIDE_PACKAGES_H

#include "base/buf.h"
#include "decide/inside.h"

enum package_act {
	PACKAGE_MKDIR,		/* at */
	PACKAGE_HIDE,		/* at, inode: something empty gives way */
	PACKAGE_BRING,		/* at, from, id of from: a whole directory */
	PACKAGE_WRITE,		/* at, mode, owner, text: one small file */
};
struct package_action {
	enum package_act act;
	const char *at;		/* below the tree: "var/lib/rpm" */
	const char *from;	/* on the host, NULL where it comes from the tree */
	ino_t inode;
	const char *id;		/* base/identity.h */
	struct timespec mtime;	/* of what is hidden */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	const char *text;
	size_t len;
};

struct packages {
	const char *base;	/* canonical, NULL: not found */
	struct root tree;	/* while judging */
	struct stat tree_st;
	size_t nr, cap;
	struct package_action *v;
	size_t nr_lost;		/* pieces that cannot come in */
	bool state_in;		/* the database comes in */
	struct buf told;	/* while judging: what comes in, for people */
	uint64_t bytes, inodes;	/* asked of the target file system */
	enum verdict verdict;	/* fate of apps/pkgmgmt */
	const char *reason;
};

/* One piece: where it is, where it goes. */
struct package_piece {
	const char *link;	/* overriding item of apps/pkgmgmt, NULL: none */
	const char *below[2];	/* places below BASE, the first that exists counts */
	const char *at;
	const char *tool;	/* wanted only where the guest has it; NULL: always */
	bool whole;		/* one directory; else file by file */
	bool rpm;		/* lines with the external database's place are left out */
};

/* packages.c: sets decision->packages where the guest has external package management. */
int packages_decide(struct deciding *d, struct decision *decision, struct err *err) MUST_CHECK;

/* packages_tree.c: adds actions, or findings. source: canonical directory on the host. */
int packages_judge(struct deciding *d, struct decision *decision,
		   const struct package_piece *piece, const char *source, struct err *err)
	MUST_CHECK;
/* The guest's own macros and the empty directory, once the database has its new place. */
int packages_clean(struct deciding *d, struct decision *decision, struct err *err) MUST_CHECK;
/* Does this exist in the tree, as whatever? */
bool packages_exists(const struct packages *p, const char *path);
/* Is var/lib/rpm the link of external package management? */
bool packages_link_is_external(const struct packages *p);

/* packages_text.c: out gets the text without lines that set %_dbpath to the external place. */
void packages_filter(struct buf *out, const char *text, size_t len);

/* packages_build.c: before the tree moves, and after. */
int packages_remember(struct deciding *d, struct decision *decision, struct err *err) MUST_CHECK;
int packages_build(struct deciding *d, struct decision *decision, struct err *err) MUST_CHECK;
/* Into the overlay: small files become its edits, of the rest it knows (decide/edits.h). */
int packages_give(struct deciding *d, struct decision *decision, struct edits *edits,
		  struct err *err) MUST_CHECK;

#endif
