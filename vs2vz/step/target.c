/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking at the place of a write step. Reads only.
 */
#include "step/target.h"

#include <string.h>

#include "base/hash.h"

void target_release(struct target *t)
{
	found_release(&t->f);
	image_release(&t->image);
}

bool target_readable(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_size <= FILE_MAX_BYTES;
}

bool target_has_hash(const struct file_image *image, const struct step *s, const char *arg)
{
	char hash[HASH_TEXT];

	hash_text(hash_bytes(image->content.data, image->content.len), hash);
	return strcmp(hash, step_get(s, arg)) == 0;
}

static bool has_plan_meta(const struct stat *st, const struct step *s)
{
	uid_t uid;
	gid_t gid;

	step_owner(s, "owner", &uid, &gid);
	return st->st_uid == uid && st->st_gid == gid && (st->st_mode & 07777) == step_mode(s, "mode");
}

struct file_content target_content(const struct step *s, const struct work *w)
{
	return (struct file_content){ w, s->nr, s->text, s->text_len };
}

bool target_holds_at(const struct target *t)
{
	return t->f.there && t->hold.there && t->hold.st.st_ino == t->f.st.st_ino;
}

static int judge(struct target *t, const struct step *s, const struct work *w, struct err *err)
{
	bool is_old, is_new;

	t->is = t->f.there ? IS_OTHER : IS_ABSENT;
	if (!t->f.there || !target_readable(&t->f.st))
		return 0;
	if (file_read(&t->image, &t->f.spot.at, &t->f.st, w->pool, err) < 0)
		return -1;
	is_old = target_has_hash(&t->image, s, "old");
	is_new = target_has_hash(&t->image, s, "new");
	if (is_old && is_new)	/* the plan changes mode or owner alone */
		is_new = has_plan_meta(&t->f.st, s) && !target_holds_at(t);
	t->is = is_new ? IS_NEW : is_old ? IS_OLD : IS_OTHER;
	return 0;
}

struct question {
	const struct target *t;
	const struct step *s;
	const struct work *w;
};

/* Is this the old inode, or where no image tells its number, a file with the old content? */
static int is_hold(const struct place *at, const struct stat *st, void *ctx, struct err *err)
{
	struct file_image CLEANUP_IMAGE old = IMAGE_INIT, now = IMAGE_INIT;
	const struct question *q = ctx;
	enum saved saved;

	if (!S_ISREG(st->st_mode))
		return 0;
	if (q->t->f.there && st->st_ino == q->t->f.st.st_ino)
		return 1;
	if (saved_read(&old, &saved, q->w, q->s->nr, err) < 0)
		return -1;
	if (saved == SAVED_WHOLE)
		return st->st_ino == old.inode;
	if ((saved == SAVED_NOT && !q->t->finishing) || !target_readable(st))
		return 0;
	if (file_read(&now, at, st, q->w->pool, err) < 0)
		return -1;
	return target_has_hash(&now, q->s, "old");
}

static int find_hold(struct target *t, const struct step *s, const struct work *w, struct err *err)
{
	struct question q = { t, s, w };
	struct beside_search search = {
		.token = w->token, .word = BESIDE_OLD, .ours = is_hold, .ctx = &q,
	};

	if (names_least(&search.least, w, s->nr, err) < 0)
		return -1;
	return beside_find(&t->hold, &t->f.spot.at, &search, err);
}

int target_look(struct target *t, const struct step *s, const struct work *w, struct err *err)
{
	if (step_find(&t->f, s, "at", w, err) < 0)
		return -1;
	t->creates = strcmp(step_get(s, "old"), "absent") == 0;
	if (!t->f.parent) {
		t->is = IS_ABSENT;
		return 0;
	}
	if (!t->creates && find_hold(t, s, w, err) < 0)
		return -1;
	return judge(t, s, w, err);
}
