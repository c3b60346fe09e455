/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * write: a regular file is created or replaced.
 *
 *	AT (old, or absent)   image into the journal, synced    only where old is a hash
 *	AT (new)              temporary name, fsync, rename     parent flushed by run/
 *
 * New files of one batch are staged: all temporary files, one flush, all renames.
 *
 * Dying before the rename leaves the old file, after it the new one; which of them
 * is told by the hash of its content. A file with several names keeps its inode: it
 * is held under ".NAME.vs2vz-old" beside it until commit, and undo renames it back.
 *
 * Undo finds the new content and takes it back, or something else: then somebody
 * changed the file since, and its present content goes to kept/N first.
 */
#include "step/kinds.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "step/saved.h"

#define ABSENT "absent"

enum content { IS_ABSENT, IS_OLD, IS_NEW, IS_OTHER };

struct target {
	struct found f;
	enum content is;
	bool creates;		/* old=absent */
	struct file_image image; /* of what stands there, where it is a regular file */
	char hold_name[300];
	struct place hold;
	struct stat hold_st;
	bool held;
};
#define TARGET_INIT { .f = FOUND_INIT, .image = IMAGE_INIT }
#define CLEANUP_TARGET __attribute__((cleanup(target_release)))

static void target_release(struct target *t)
{
	found_release(&t->f);
	image_release(&t->image);
}

static int judge(struct target *t, const struct step *s, const struct work *w, struct err *err)
{
	char hash[HASH_TEXT];

	t->is = t->f.there ? IS_OTHER : IS_ABSENT;
	if (!t->f.there || !S_ISREG(t->f.st.st_mode) || t->f.st.st_size > FILE_MAX_BYTES)
		return 0;
	if (file_read(&t->image, &t->f.spot.at, &t->f.st, w->pool, err) < 0)
		return -1;
	hash_text(hash_bytes(t->image.content.data, t->image.content.len), hash);
	if (strcmp(hash, step_get(s, "new")) == 0)
		t->is = IS_NEW;
	if (strcmp(hash, step_get(s, "old")) == 0)
		t->is = IS_OLD;
	return 0;
}

static int look(struct target *t, const struct step *s, const struct work *w, struct err *err)
{
	if (step_find(&t->f, s, "at", w, err) < 0)
		return -1;
	t->creates = strcmp(step_get(s, "old"), ABSENT) == 0;
	if (!t->f.parent) {
		t->is = IS_ABSENT;
		return 0;
	}
	snprintf(t->hold_name, sizeof(t->hold_name), ".%s.vs2vz-old", t->f.spot.at.name);
	t->hold = (struct place){ t->f.spot.at.dirfd, t->hold_name };
	t->held = !t->creates && below_stat(t->hold.dirfd, t->hold.name, &t->hold_st) == 0;
	return judge(t, s, w, err);
}

static int foreign(const struct target *t, const struct step *s, struct err *err)
{
	const char *path = show(step_get(s, "at"));

	if (t->is == IS_ABSENT)
		return fail_code(err, ERR_FOREIGN, "'%s' has gone since the plan was made", path);
	if (t->creates)
		return fail_code(err, ERR_FOREIGN, "'%s' exists already", path);
	return fail_code(err, ERR_FOREIGN, "'%s' has changed since the plan was made", path);
}

static int write_guard(const struct step *s, struct work *w, enum standing *now, struct err *err)
{
	struct target CLEANUP_TARGET t = TARGET_INIT;

	if (look(&t, s, w, err) < 0)
		return -1;
	if (t.is == IS_NEW)
		*now = STANDS_AFTER;
	else if (t.is == IS_OLD || (t.is == IS_ABSENT && (t.creates || !t.f.parent)))
		*now = STANDS_BEFORE;
	else
		*now = STANDS_FOREIGN;
	if (*now == STANDS_FOREIGN)
		foreign(&t, s, err);
	return 0;
}

/* Make sure that the old file can come back with all that belongs to it. */
static int save_old(const struct target *t, const struct step *s, const struct work *w,
		    struct err *err)
{
	if (saved_write(w, s->nr, &t->image, err) < 0)
		return -1;
	if (t->f.st.st_nlink < 2 || t->held)
		return 0;
	if (file_lift(&t->f.spot.at, &t->f.st, err) < 0)
		return -1;
	if (sys_link(&t->f.spot.at, &t->hold) < 0 || sys_fsync(t->hold.dirfd) < 0)
		return fail_errno(err, "cannot hold '%s'", show(step_get(s, "at")));
	return 0;
}

/* Attributes go over to the new file, except rights that were given to the old content. */
static void inherit(struct file_meta *meta, const struct file_meta *old)
{
	meta->xattr = old->xattr;
	for (size_t i = 0; i < old->nr_xattrs; i++)
		if (strcmp(old->xattr[i].name, "security.capability") != 0)
			meta->xattr[meta->nr_xattrs++] = old->xattr[i];
}

/* A new file is made ready beside its place; what is replaced takes the long way in apply. */
static int write_stage(const struct step *s, struct work *w, struct err *err)
{
	struct target CLEANUP_TARGET t = TARGET_INIT;
	struct file_meta meta = { .mode = step_mode(s, "mode") };

	if (look(&t, s, w, err) < 0)
		return -1;
	if (!t.f.parent || !t.creates || t.is != IS_ABSENT)
		return 0;
	step_owner(s, "owner", &meta.uid, &meta.gid);
	return file_stage(w, &t.f.spot.at, s->text, s->text_len, &meta, err);
}

static int write_apply(const struct step *s, struct work *w, struct err *err)
{
	struct target CLEANUP_TARGET t = TARGET_INIT;
	struct file_meta meta = { .mode = step_mode(s, "mode") };

	if (look(&t, s, w, err) < 0)
		return -1;
	if (!t.f.parent)
		return fail_code(err, ENOENT, "the directory of '%s' is missing",
				 show(step_get(s, "at")));
	if (t.is != IS_NEW && t.is != (t.creates ? IS_ABSENT : IS_OLD))
		return foreign(&t, s, err);
	if (w->staged && t.creates && t.is == IS_ABSENT && file_staged(&t.f.spot.at)) {
		work_sync_later(w, t.f.spot.at.dirfd);
		return file_land(&t.f.spot.at, err);
	}
	if (file_clean(&t.f.spot.at, err) < 0)
		return -1;
	step_owner(s, "owner", &meta.uid, &meta.gid);
	if (t.is == IS_OLD) {
		if (save_old(&t, s, w, err) < 0)
			return -1;
		inherit(&meta, &t.image.meta);
	}
	if (t.is != IS_NEW && file_put(&t.f.spot.at, s->text, s->text_len, &meta, err) < 0)
		return -1;
	work_sync_later(w, t.f.spot.at.dirfd);
	return 0;
}

/* What somebody made of the file since goes into the journal's folder. False: it stays. */
static int put_aside(const struct target *t, const struct step *s, struct work *w, bool *stays,
		     struct err *err)
{
	const char *path = step_get(s, "at");

	*stays = false;
	if (t->is == IS_ABSENT && !t->creates)
		work_kept(w, path, "was removed since: the old file is back");
	if (t->is != IS_OTHER) {
		if (kept_there(w, s->nr))
			work_kept(w, path, "was changed since: the changed file is in kept/%u",
				  s->nr);
		return 0;
	}
	*stays = !w->ran || !S_ISREG(t->f.st.st_mode);
	if (*stays) {
		if (w->ran)
			work_kept(w, path, "is no longer a regular file: left as it is");
		return 0;
	}
	if (kept_write(w, s->nr, &t->f.spot.at, &t->f.st, err) < 0)
		return -1;
	work_kept(w, path, "was changed since: the changed file is in kept/%u", s->nr);
	return 0;
}

static int take_away(const struct target *t, struct err *err)
{
	if (t->is == IS_ABSENT)
		return 0;
	if (file_lift(&t->f.spot.at, &t->f.st, err) < 0)
		return -1;
	if (sys_unlink(&t->f.spot.at) < 0)
		return fail_errno(err, "cannot remove '%s'", show(t->f.spot.at.name));
	return 0;
}

/* The held inode takes its old name; where it never lost it, the second name goes. */
static int take_hold(struct target *t, struct err *err)
{
	bool same = t->f.there && t->f.st.st_ino == t->hold_st.st_ino;
	int rc;

	if (t->f.there && file_lift(&t->f.spot.at, &t->f.st, err) < 0)
		return -1;
	rc = same ? sys_unlink(&t->hold) : sys_rename(&t->hold, &t->f.spot.at);
	if (rc < 0 || below_stat(t->f.spot.at.dirfd, t->f.spot.at.name, &t->f.st) < 0)
		return fail_errno(err, "cannot put '%s' back", show(t->f.spot.at.name));
	t->is = IS_OLD;
	return 0;
}

static int bring_old(struct target *t, const struct step *s, struct work *w, struct err *err)
{
	struct file_image CLEANUP_IMAGE old = IMAGE_INIT;
	bool saved;

	if (saved_read(&old, &saved, w, s->nr, err) < 0)
		return -1;
	if (!saved)
		return 0;	/* nothing was ever replaced */
	if (t->held && take_hold(t, err) < 0)
		return -1;
	if (t->is == IS_OLD)
		return file_mend(&t->f.spot.at, &t->f.st, &old.meta, w->pool, err);
	return file_put(&t->f.spot.at, old.content.data, old.content.len, &old.meta, err);
}

static int write_undo(const struct step *s, struct work *w, struct err *err)
{
	struct target CLEANUP_TARGET t = TARGET_INIT;
	bool stays;

	if (look(&t, s, w, err) < 0)
		return -1;
	if (!t.f.parent)
		return 0;
	if (file_clean(&t.f.spot.at, err) < 0 || put_aside(&t, s, w, &stays, err) < 0)
		return -1;
	if (!stays && (t.creates ? take_away(&t, err) : bring_old(&t, s, w, err)) < 0)
		return -1;
	work_sync_later(w, t.f.spot.at.dirfd);
	return 0;
}

static int write_finish(const struct step *s, struct work *w, struct err *err)
{
	struct target CLEANUP_TARGET t = TARGET_INIT;

	if (look(&t, s, w, err) < 0)
		return -1;
	if (t.held && sys_unlink(&t.hold) < 0)
		return fail_errno(err, "cannot remove '%s'", show(t.hold_name));
	if (t.held)
		work_sync_later(w, t.hold.dirfd);
	return saved_drop(w, s->nr, err);
}

static void write_describe(const struct step *s, char *mark, const char **word, struct buf *rest)
{
	bool creates = strcmp(step_get(s, "old"), ABSENT) == 0;
	size_t lines = 0;

	for (size_t i = 0; i < s->text_len; i++)
		lines += s->text[i] == '\n' || i + 1 == s->text_len;
	*mark = creates ? '+' : '~';
	*word = creates ? "write" : "edit";
	buf_addf(rest, "%s  %zu line%s", show(step_get(s, "at")), lines, lines == 1 ? "" : "s");
}

static const struct arg write_args[] = {
	{ .name = "at", .type = ARG_PATH },
	{ .name = "mode", .type = ARG_MODE },
	{ .name = "owner", .type = ARG_OWNER },
	{ .name = "old", .type = ARG_HASH },
	{ .name = "new", .type = ARG_HASH },
	{ .name = NULL },
};

const struct kind kind_write = {
	.name = "write",
	.args = write_args,
	.has_text = true,
	.stage = write_stage,
	.guard = write_guard,
	.apply = write_apply,
	.undo = write_undo,
	.finish = write_finish,
	.describe = write_describe,
};
