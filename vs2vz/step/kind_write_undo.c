/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * write, backwards and at its end; kind_write.c tells the order and the names.
 *
 *	.NAME.vs2vz-TOKEN-old renamed to AT		one call, whatever stands there
 *	locks of the old file set again		directory synced before, file after
 *
 * The old inode is known by its number in the image. At AT: all is back but perhaps its
 * locks, and perhaps the second name of a step that was cut. At the second name: it takes
 * its place. At neither: the container removed it, and the image is put at AT.
 */
#include "step/target.h"

#include <errno.h>
#include <stdio.h>

static void changed_since(struct work *w, const struct step *s)
{
	work_kept(w, step_get(s, "at"), "was changed since: the changed file is in kept/%u", s->nr);
}

/* An undo that was cut kept it. */
static int kept_before(struct work *w, const struct step *s, struct err *err)
{
	int there = kept_there(w, s->nr, err);

	if (there > 0)
		changed_since(w, s);
	return there < 0 ? -1 : 0;
}

/* What somebody made of the file since is kept. *gone: nothing stands at AT any more. */
static int put_aside(const struct target *t, const struct step *s, struct work *w, bool *gone,
		     struct err *err)
{
	char name[NAME_MAX + 1];

	*gone = !target_readable(&t->f.st);
	if (!*gone && kept_write(w, s->nr, &t->f.spot.at, &t->f.st, err) < 0)
		return -1;
	if (!*gone) {
		changed_since(w, s);
		return 0;
	}
	if (beside_keep(name, &t->f.spot.at, &t->f.st, w->token, err) < 0)
		return -1;
	work_kept(w, step_get(s, "at"), "was replaced since: what stood there is '%s' now",
		  show(name));
	return 0;
}

static int take_away(const struct target *t, struct err *err)
{
	if (file_lift(&t->f.spot.at, &t->f.st, err) < 0)
		return -1;
	if (sys_unlink(&t->f.spot.at) < 0)
		return fail_errno(err, "cannot remove '%s'", show(t->f.spot.at.name));
	return 0;
}

static int undo_created(struct target *t, const struct step *s, struct work *w, struct err *err)
{
	int noted = found_noted(w, s->nr, err);
	int back = noted < 0 ? -1 : hidden_is_back(s, &t->f, w, err);

	if (back < 0)
		return -1;
	if (t->is == IS_ABSENT || (t->is == IS_OTHER && !w->ran) || noted || back)
		return kept_before(w, s, err);
	if (t->is == IS_OTHER && !S_ISREG(t->f.st.st_mode)) {
		work_kept(w, step_get(s, "at"), "is no longer a regular file: left as it is");
		return 0;
	}
	if (t->is == IS_OTHER) {
		bool gone;

		if (put_aside(t, s, w, &gone, err) < 0 || gone)
			return gone ? 0 : -1;
	}
	return take_away(t, err);
}

/* What undo knows of the old file. */
struct old {
	struct file_image image;
	enum saved saved;
	bool at_is_old;		/* its inode stands at AT */
	bool held;		/* its inode is the second name's */
	bool same;		/* and has its content still */
};
#define CLEANUP_OLD __attribute__((cleanup(old_release)))

static void old_release(struct old *old)
{
	image_release(&old->image);
}

static int read_hold(struct old *old, const struct target *t, const struct step *s,
		     struct work *w, struct err *err)
{
	struct file_image CLEANUP_IMAGE now = IMAGE_INIT;

	if (!t->hold.there || !target_readable(&t->hold.st))
		return 0;
	if (file_read(&now, &t->hold.at, &t->hold.st, w->pool, err) < 0)
		return -1;
	old->same = target_has_hash(&now, s, "old");
	old->held = old->saved == SAVED_WHOLE ? now.inode == old->image.inode :
		    old->same && old->saved == SAVED_TORN;
	return 0;
}

static int read_old(struct old *old, const struct target *t, const struct step *s,
		    struct work *w, struct err *err)
{
	if (saved_read(&old->image, &old->saved, w, s->nr, err) < 0)
		return -1;
	old->at_is_old = old->saved == SAVED_WHOLE ?
			 t->f.there && t->f.st.st_ino == old->image.inode && t->is != IS_NEW :
			 t->is == IS_OLD;
	return read_hold(old, t, s, w, err);
}

/* Locks that keep it from going come back after this, see file_mend(). */
static int drop_hold(const struct target *t, struct err *err)
{
	if (file_lift(&t->hold.at, &t->hold.st, err) < 0)
		return -1;
	if (sys_unlink(&t->hold.at) < 0)
		return fail_errno(err, "cannot remove '%s'", show(t->hold.name));
	return 0;
}

/* The old inode is at its place: its second name goes, its locks come back. */
static int settle_old(struct target *t, const struct old *old, const struct step *s,
		      struct work *w, struct err *err)
{
	if (t->is != IS_OLD && w->ran)
		work_kept(w, step_get(s, "at"), "was changed under another name: stays changed");
	if (target_holds_at(t) && drop_hold(t, err) < 0)
		return -1;
	if (t->is != IS_OLD || old->saved != SAVED_WHOLE)
		return 0;
	return file_mend(&t->f.spot.at, &t->f.st, &old->image.meta, w->pool, err);
}

/* Its second name becomes AT; atomic where something stands there. */
static int take_hold(struct target *t, const struct old *old, const struct step *s,
		     struct work *w, struct err *err)
{
	const struct place *at = &t->f.spot.at;

	if (file_lift(&t->hold.at, &t->hold.st, err) < 0)
		return -1;
	if (sys_rename(&t->hold.at, at) < 0)
		return fail_errno(err, "cannot put '%s' back", show(step_get(s, "at")));
	if (!old->same)
		work_kept(w, step_get(s, "at"), "was changed under another name: stays changed");
	if (!old->same || old->saved != SAVED_WHOLE)
		return 0;
	return file_mend(at, &t->hold.st, &old->image.meta, w->pool, err);
}

static int bring_old(struct target *t, const struct old *old, const struct step *s,
		     struct work *w, struct err *err)
{
	const char *path = step_get(s, "at");
	bool gone = false;

	if (t->is == IS_OTHER && put_aside(t, s, w, &gone, err) < 0)
		return -1;
	if (t->is != IS_OTHER && kept_before(w, s, err) < 0)
		return -1;
	if (t->is == IS_ABSENT && w->ran)
		work_kept(w, path, "was removed since: the old file is back");
	if (!gone && t->f.there && file_lift(&t->f.spot.at, &t->f.st, err) < 0)
		return -1;
	if (old->held)
		return take_hold(t, old, s, w, err);
	work_kept(w, path, "its old inode was removed since: made again from before/%u", s->nr);
	return file_put(&(struct file_content){ w, s->nr, old->image.content.data,
						old->image.content.len },
			&t->f.spot.at, &old->image.meta, err);
}

static int undo_replaced(struct target *t, const struct step *s, struct work *w, struct err *err)
{
	struct old CLEANUP_OLD old = { .image = IMAGE_INIT };

	if (read_old(&old, t, s, w, err) < 0)
		return -1;
	if (old.at_is_old)
		return kept_before(w, s, err) < 0 ? -1 : settle_old(t, &old, s, w, err);
	if (old.held || old.saved == SAVED_WHOLE)
		return bring_old(t, &old, s, w, err);
	if (t->is == IS_NEW && w->ran && old.saved == SAVED_TORN)
		return fail(err, "before-image %u is damaged, and '%s' is gone", s->nr,
			    show(t->hold.name));
	return 0;	/* nothing was ever replaced */
}

/* Its directory is gone, or something else: the image in the journal is all there is. */
static int cannot_reach(const struct target *t, const struct step *s, struct work *w,
			struct err *err)
{
	struct old CLEANUP_OLD old = { .image = IMAGE_INIT };
	int noted = found_noted(w, s->nr, err);
	char why[64];

	if (noted)
		return noted < 0 ? -1 : 0;
	if (saved_read(&old.image, &old.saved, w, s->nr, err) < 0)
		return -1;
	snprintf(why, sizeof(why), "the old file is in before/%u", s->nr);
	found_away(&t->f, s, "at", w, old.saved == SAVED_WHOLE ? why : "our file was not taken away");
	return 0;
}

int write_undo(const struct step *s, struct work *w, struct err *err)
{
	const struct file_content content = target_content(s, w);
	struct target CLEANUP_TARGET t = TARGET_INIT;

	if (target_look(&t, s, w, err) < 0)
		return -1;
	if (!t.f.parent)
		return cannot_reach(&t, s, w, err);
	if (file_clean(&content, &t.f.spot.at, err) < 0)
		return -1;
	if ((t.creates ? undo_created(&t, s, w, err) : undo_replaced(&t, s, w, err)) < 0)
		return -1;
	work_sync_later(w, t.f.spot.at.dirfd);
	return 0;
}

int write_finish(const struct step *s, struct work *w, struct err *err)
{
	struct target CLEANUP_TARGET t = TARGET_INIT;
	struct old CLEANUP_OLD old = { .image = IMAGE_INIT };

	t.finishing = true;
	if (target_look(&t, s, w, err) < 0)
		return -1;
	if (t.f.parent && !t.creates && read_old(&old, &t, s, w, err) < 0)
		return -1;
	if (!t.f.parent && !t.creates)
		found_away(&t.f, s, "at", w, "the old file beside it was not removed");
	/* A cut may have taken the removal of the name, and left that of the image. */
	if (old.held || (old.same && old.saved == SAVED_NOT)) {
		if (drop_hold(&t, err) < 0)
			return -1;
		work_sync_later(w, t.hold.at.dirfd);
	}
	return saved_drop(w, s->nr, err);
}
