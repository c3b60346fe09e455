/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * write: a regular file is created or replaced.
 *
 *	staged for the whole batch, then one flush:
 *	    before/N			image of the old file, in the journal
 *	    .NAME.vs2vz-TOKEN-old	a second name of the old inode
 *	    .NAME.vs2vz-TOKEN-new	the new file, complete
 *	AT (new)	.NAME.vs2vz-TOKEN-new renamed to it	parent flushed by run/
 *
 * AT is never missing: dying before the rename leaves the old inode at AT, after it the
 * new one. The old inode stays under its second name until commit; undo renames it back,
 * so that inode number, link group, attributes, times and hidden marks are as they were.
 * What stands at AT is told by its content, and the old inode by the number in the image.
 *
 * A locked file (immutable, append-only) is prepared when its image is on the disk: its
 * locks are lifted and undo sets them again. Where no further link is possible the old
 * file is renamed away just before the new one comes; dying in between, the number in the
 * image tells that the second name is the old file, and both directions go on from there.
 * The image serves alone where the container has removed the second name.
 *
 * Undo finds the new content and takes it back, or something else: then somebody changed
 * the file since, and its present content goes to kept/N (what is no regular file, or too
 * large, to a name beside it) first.
 *
 * The new file has mode and owner of the plan, and the attributes of the old one (labels,
 * ACLs) but for capabilities, which were given to the old content. Locks do not go over.
 */
#include "step/kinds.h"

#include <errno.h>
#include <string.h>

#include "base/meta.h"
#include "step/target.h"

static int foreign(const struct target *t, const struct step *s, struct err *err)
{
	const char *path = show(step_get(s, "at"));

	if (t->is == IS_OLD)
		return fail_code(err, ERR_FOREIGN, "'%s' beside '%s' is not ours",
				 show(t->hold.name), path);
	if (t->is == IS_ABSENT)
		return fail_code(err, ERR_FOREIGN, "'%s' has gone since the plan was made", path);
	if (t->creates)
		return fail_code(err, ERR_FOREIGN, "'%s' exists already", path);
	return fail_code(err, ERR_FOREIGN, "'%s' has changed since the plan was made", path);
}

static bool is_before(const struct target *t)
{
	if (t->is == IS_OLD)
		return !t->hold.there || target_holds_at(t);
	return t->is == IS_ABSENT && (t->creates || !t->f.parent);
}

static int write_guard(const struct step *s, struct work *w, enum standing *now, struct err *err)
{
	struct target CLEANUP_TARGET t = TARGET_INIT;

	if (target_look(&t, s, w, err) < 0)
		return -1;
	if (found_barred(&t.f, s, "at", now, err))
		return 0;
	*now = t.is == IS_NEW ? STANDS_AFTER : is_before(&t) ? STANDS_BEFORE : STANDS_FOREIGN;
	if (*now == STANDS_FOREIGN)
		foreign(&t, s, err);
	return 0;
}

static int write_found(const struct step *s, struct work *w, bool *there, struct err *err)
{
	struct target CLEANUP_TARGET t = TARGET_INIT;

	*there = false;
	if (strcmp(step_get(s, "old"), "absent") != 0)
		return 0;
	if (target_look(&t, s, w, err) < 0)
		return -1;
	*there = t.is == IS_NEW;
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

static int stage_new(const struct target *t, const struct step *s, struct work *w,
		     struct err *err)
{
	const struct file_content content = target_content(s, w);
	struct file_meta meta = { .mode = step_mode(s, "mode") };

	step_owner(s, "owner", &meta.uid, &meta.gid);
	if (t->is == IS_OLD)
		inherit(&meta, &t->image.meta);
	work_sync_later(w, t->f.spot.at.dirfd);
	return file_stage(&content, w, &t->f.spot.at, &meta, err);
}

/* A second name for the old inode. Where there can be none, apply renames it. */
static int hold_old(struct target *t, const struct step *s, const struct work *w, struct err *err)
{
	if (t->hold.there)
		return 0;
	if (names_note(w, s->nr, t->hold.nr, err) < 0)
		return -1;
	if (sys_link(&t->f.spot.at, &t->hold.at) < 0) {
		if (errno == EMLINK || errno == EPERM)
			return 0;
		return fail_errno(err, "cannot hold '%s'", show(t->f.spot.at.name));
	}
	t->hold.there = true;
	return 0;
}

/* Made ready beside its place; what cannot be made ready in one flush takes the long way. */
static int write_stage(const struct step *s, struct work *w, struct err *err)
{
	struct target CLEANUP_TARGET t = TARGET_INIT;

	if (target_look(&t, s, w, err) < 0) {
		err_clear(err);	/* a step before this one may put that right */
		return 0;
	}
	if (!t.f.parent || t.is == IS_NEW || (t.creates ? t.is == IS_OLD : !is_before(&t)))
		return 0;
	if (t.is == IS_OLD && (saved_write(w, s->nr, &t.image, err) < 0 ||
			       (!(t.image.meta.flags & META_LOCKS) && hold_old(&t, s, w, err) < 0)))
		return -1;
	return stage_new(&t, s, w, err);
}

/* The same, each part on the disk before the next. */
static int prepare(struct target *t, const struct step *s, struct work *w, struct err *err)
{
	if (t->is == IS_OLD) {
		if (saved_write(w, s->nr, &t->image, err) < 0 || work_sync_now(w, err) < 0)
			return -1;
		if (!t->hold.there && file_lift(&t->f.spot.at, &t->f.st, err) < 0)
			return -1;
		if (hold_old(t, s, w, err) < 0)
			return -1;
	}
	if (stage_new(t, s, w, err) < 0)
		return -1;
	return work_sync_now(w, err);
}

/* Is the second name the old inode, by the image? */
static int holds_saved(const struct target *t, const struct step *s, const struct work *w,
		       bool *holds, struct err *err)
{
	struct file_image CLEANUP_IMAGE old = IMAGE_INIT;
	enum saved saved;

	*holds = false;
	if (!t->hold.there)
		return 0;
	if (saved_read(&old, &saved, w, s->nr, err) < 0)
		return -1;
	*holds = saved == SAVED_WHOLE && t->hold.st.st_ino == old.inode;
	return 0;
}

/* May the new file come to AT? The old one renamed away and nothing there is half-way. */
static int may_apply(const struct target *t, const struct step *s, const struct work *w,
		     struct err *err)
{
	bool holds = false;

	if (t->is == IS_NEW || is_before(t))
		return 0;
	if (t->is == IS_ABSENT && holds_saved(t, s, w, &holds, err) < 0)
		return -1;
	return holds ? 0 : foreign(t, s, err);
}

static int write_apply(const struct step *s, struct work *w, struct err *err)
{
	const struct file_content content = target_content(s, w);
	struct target CLEANUP_TARGET t = TARGET_INIT;
	const struct place *at;
	bool ready;

	if (target_look(&t, s, w, err) < 0)
		return -1;
	if (!t.f.parent)
		return found_no_parent(&t.f, s, "at", err);
	if (may_apply(&t, s, w, err) < 0)
		return -1;
	at = &t.f.spot.at;
	work_sync_later(w, at->dirfd);
	if (t.is == IS_NEW)
		return file_clean(&content, at, err);
	ready = w->staged && file_staged(&content, at) && (t.is == IS_ABSENT || t.hold.there);
	if (!ready && prepare(&t, s, w, err) < 0)
		return -1;
	work_sync_later(w, at->dirfd);
	if (t.is == IS_OLD && !t.hold.there && sys_rename_new(at, &t.hold.at) < 0)
		return fail_errno(err, "cannot put '%s' aside", show(step_get(s, "at")));
	return file_land(&content, at, err);
}

static void write_describe(const struct step *s, char *mark, const char **word, struct buf *rest)
{
	bool creates = strcmp(step_get(s, "old"), "absent") == 0;
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
	.telling = true,
	.stage = write_stage,
	.guard = write_guard,
	.found = write_found,
	.apply = write_apply,
	.undo = write_undo,
	.finish = write_finish,
	.describe = write_describe,
};
