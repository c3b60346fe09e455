/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands at the place of a write step, for the files of that kind only.
 */
#ifndef VS2VZ_STEP_TARGET_H
#define VS2VZ_STEP_TARGET_H

#include "step/beside.h"
#include "step/kinds.h"
#include "step/saved.h"

enum content { IS_ABSENT, IS_OLD, IS_NEW, IS_OTHER };

struct target {
	struct found f;
	enum content is;
	bool creates;		/* old=absent */
	bool finishing;		/* said before it is looked at: the image may be gone already */
	struct file_image image; /* of what stands there, where it is a regular file */
	struct beside hold;	/* second name of the old inode; there is false where old=absent */
};
#define TARGET_INIT { .f = FOUND_INIT, .image = IMAGE_INIT }
#define CLEANUP_TARGET __attribute__((cleanup(target_release)))
void target_release(struct target *t);

int target_look(struct target *t, const struct step *s, const struct work *w,
		struct err *err) MUST_CHECK;
/* Is the old inode at AT, and has its second name? */
bool target_holds_at(const struct target *t);
/* A regular file that is not too large to be read. */
bool target_readable(const struct stat *st);
/* Is this the hash of the content? arg: "old" or "new". */
bool target_has_hash(const struct file_image *image, const struct step *s, const char *arg);

/* What the step writes. */
struct file_content target_content(const struct step *s, const struct work *w);

/* Of kind_write_undo.c. */
int write_undo(const struct step *s, struct work *w, struct err *err) MUST_CHECK;
int write_finish(const struct step *s, struct work *w, struct err *err) MUST_CHECK;

#endif
