/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lv: a logical volume for the file system that a makefs step makes. The tag
 * "vs2vz-UUID", UUID being that of the file system to come, is given with the name in one
 * change of the volume group's metadata, which lvm makes whole or not at all.
 *
 *	no volume of that name			before
 *	lvcreate: it has our tag, its first 4 KiB are zero
 *	signatures that its extents still carried are taken away
 *						after
 *
 * Dying after lvcreate: forwards it is activated where it is not and looked at again,
 * backwards it is removed. What carries our UUID is never taken away as a signature: then
 * makefs has begun. A volume of that name without our tag is never touched, and one of
 * ours that holds something when makefs has been taken back stays and is listed.
 *
 * Commit leaves the tag: it says who made the volume.
 */
#include "step/kinds.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "step/lv.h"
#include "step/lvm.h"
#include "step/volume.h"

#define WIPES_MOST 16

struct lv {
	const struct step *s;
	struct work *w;
	const char *vg, *name, *tag, *path;
	bool there, ours;
	bool gone;		/* the whole volume group */
	struct pool pool;
};
#define LV_INIT { .pool = POOL_INIT }
#define CLEANUP_LV __attribute__((cleanup(lv_release)))

static void lv_release(struct lv *v)
{
	pool_release(&v->pool);
}

/* Is that why the volume could not be read? */
static bool group_is_gone(struct lv *v)
{
	struct lvm_groups groups = { .read = false };
	struct err err;

	return lvm_groups_read(&groups, &v->pool, &err) == 0 && !groups.why &&
	       !lvm_group_find(&groups, v->vg);
}

static int look(struct lv *v, const struct step *s, struct work *w, struct err *err)
{
	struct lvm_volume found;

	v->s = s;
	v->w = w;
	v->vg = step_get(s, "vg");
	v->name = step_get(s, "name");
	v->tag = step_get(s, "tag");
	v->path = pool_printf(&v->pool, "/dev/%s/%s", v->vg, v->name);
	if (lvm_volume_read(&found, v->vg, v->name, &v->pool, err) < 0) {
		v->gone = group_is_gone(v);
		return v->gone ? 0 : -1;
	}
	v->there = found.there;
	v->ours = lvm_has_tag(&found, v->tag);
	return 0;
}

static int not_ours(const struct lv *v, struct err *err)
{
	return fail_code(err, ERR_FOREIGN, "logical volume '%s/%s' was not made by this step",
			 show(v->vg), show(v->name));
}

static int lv_guard(const struct step *s, struct work *w, enum standing *now, struct err *err)
{
	struct lv CLEANUP_LV v = LV_INIT;

	if (look(&v, s, w, err) < 0)
		return -1;
	if (v.gone) {
		*now = STANDS_FOREIGN;	/* err says it */
		return 0;
	}
	*now = v.ours ? STANDS_AFTER : v.there ? STANDS_FOREIGN : STANDS_BEFORE;
	if (*now == STANDS_FOREIGN)
		(void)not_ours(&v, err);
	return 0;
}

static int refuse_busy(const struct lv *v, const struct blockdev *seen, struct err *err)
{
	const char *user = seen->mounted ? seen->mounted : seen->held;

	return user ? fail_code(err, EBUSY, "'%s' is in use: %s", show(v->path), show(user)) : 0;
}

/* Has makefs begun? */
static bool is_filled(const struct lv *v, const struct blockdev *seen)
{
	for (size_t i = 0; i < seen->nr; i++)
		if (seen->sig[i].uuid &&
		    strcmp(seen->sig[i].uuid, v->tag + strlen(LV_TAG)) == 0)
			return true;
	return false;
}

static int wipe(struct lv *v, const struct blockdev *seen, struct err *err)
{
	int CLEANUP_FD fd = -1;

	if (refuse_busy(v, seen, err) < 0)
		return -1;
	fd = volume_open(v->w->root, v->path, VOLUME_WRITE, err);
	return fd < 0 ? -1 : volume_wipe(fd, seen, err);
}

/* What is left of others on its extents; also what only shows when others are gone. */
static int clear(struct lv *v, struct err *err)
{
	struct blockdev seen;

	for (int i = 0; i < WIPES_MOST; i++) {
		if (volume_look(&seen, v->w->root, v->path, &v->pool, err) < 0)
			return -1;
		if (seen.is != VOLUME_DEVICE || seen.unreadable)
			return fail(err, "'%s' is %s", show(v->path), seen.is == VOLUME_DEVICE ?
				    "not readable" : "no block device");
		if (!seen.nr || is_filled(v, &seen))
			return 0;
		if (wipe(v, &seen, err) < 0)
			return -1;
	}
	return fail(err, "'%s' still shows what its extents held", show(v->path));
}

static int make(struct lv *v, struct err *err)
{
	const struct lvm_wish wish = { v->vg, v->name, v->tag, step_number(v->s, "bytes") };

	return lvm_create(&wish, err);
}

/* Cut between its metadata and its device, or not active since the host was started. */
static int activate(struct lv *v, struct err *err)
{
	struct blockdev seen;

	if (volume_look(&seen, v->w->root, v->path, &v->pool, err) < 0)
		return -1;
	return seen.is == VOLUME_ABSENT ? lvm_activate(v->vg, v->name, err) : 0;
}

static int lv_apply(const struct step *s, struct work *w, struct err *err)
{
	struct lv CLEANUP_LV v = LV_INIT;

	if (look(&v, s, w, err) < 0 || v.gone)
		return -1;
	if (v.there && !v.ours)
		return not_ours(&v, err);
	if ((v.there ? activate(&v, err) : make(&v, err)) < 0)
		return -1;
	return clear(&v, err);
}

/* Done long ago, and something is on it that neither makefs nor we know. */
static bool holds_something(const struct lv *v, const struct blockdev *seen)
{
	return v->w->ran && (seen->nr || seen->unreadable);
}

static int lv_undo(const struct step *s, struct work *w, struct err *err)
{
	struct lv CLEANUP_LV v = LV_INIT;
	struct blockdev seen;

	if (look(&v, s, w, err) < 0)
		return -1;
	if (v.gone) {
		work_kept(w, v.path, "the volume group is not there: with it comes back what was "
			  "made, tag %s", show(v.tag));
		return 0;
	}
	if (!v.ours) {
		if (v.there && w->ran)
			work_kept(w, v.path, "it was not made by this step: left as it is");
		return 0;
	}
	if (volume_look(&seen, w->root, v.path, &v.pool, err) < 0 ||
	    refuse_busy(&v, &seen, err) < 0)
		return -1;
	if (holds_something(&v, &seen)) {
		work_kept(w, v.path, "the logical volume holds something else%s%s: left as it is",
			  seen.nr ? ": " : "", seen.nr ? show(seen.sig[0].type) : "");
		return 0;
	}
	return lvm_remove(v.vg, v.name, err);
}

bool lv_makes(const struct work *w, const char *path)
{
	char made[600];

	for (size_t i = 0; i < w->nr_steps; i++) {
		const struct step *s = &w->steps[i];

		if (s->kind != &kind_lv)
			continue;
		snprintf(made, sizeof(made), "/dev/%s/%s", step_get(s, "vg"), step_get(s, "name"));
		if (strcmp(made, path) == 0)
			return true;
	}
	return false;
}

static void lv_describe(const struct step *s, char *mark, const char **word, struct buf *rest)
{
	*mark = '+';
	*word = "lv";
	buf_addf(rest, "%s/%s (%s bytes, tag %s)", show(step_get(s, "vg")),
		 show(step_get(s, "name")), step_get(s, "bytes"), show(step_get(s, "tag")));
}

static const struct arg lv_args[] = {
	{ .name = "vg", .type = ARG_TEXT },
	{ .name = "name", .type = ARG_TEXT },
	{ .name = "bytes", .type = ARG_NUMBER },
	{ .name = "tag", .type = ARG_TEXT },
	{ .name = NULL },
};

const struct kind kind_lv = {
	.name = "lv",
	.args = lv_args,
	.alone = true,
	.guard = lv_guard,
	.apply = lv_apply,
	.undo = lv_undo,
	.describe = lv_describe,
};
