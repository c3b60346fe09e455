/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hide: stand-in with the contract's arguments.
 */
#include "step/kinds.h"

#include <errno.h>
#include <stdio.h>

struct hiding {
	struct found f;
	char name[300];
	struct place old;
	struct stat st;
	bool hidden;
};

static int hide_find(struct hiding *h, const struct step *s, struct work *w, struct err *err)
{
	if (step_find(&h->f, s, "at", w, err) < 0)
		return -1;
	if (!h->f.parent)
		return 0;
	snprintf(h->name, sizeof(h->name), ".%s.vs2vz-old", h->f.spot.at.name);
	h->old = (struct place){ h->f.spot.at.dirfd, h->name };
	h->hidden = below_stat(h->old.dirfd, h->old.name, &h->st) == 0;
	return 0;
}

static int hide_guard(const struct step *s, struct work *w, enum standing *now, struct err *err)
{
	struct hiding h = { .f = FOUND_INIT };
	int rc = hide_find(&h, s, w, err);

	*now = h.hidden ? STANDS_AFTER : STANDS_BEFORE;
	found_release(&h.f);
	return rc;
}

static int hide_apply(const struct step *s, struct work *w, struct err *err)
{
	struct hiding h = { .f = FOUND_INIT };
	int rc = hide_find(&h, s, w, err);

	if (rc == 0 && h.f.there && !h.hidden) {
		rc = sys_rename_new(&h.f.spot.at, &h.old);
		work_sync_later(w, h.old.dirfd);
	}
	found_release(&h.f);
	return rc;
}

static int hide_undo(const struct step *s, struct work *w, struct err *err)
{
	struct hiding h = { .f = FOUND_INIT };
	int rc = hide_find(&h, s, w, err);

	if (rc == 0 && h.hidden && !h.f.there) {
		rc = sys_rename_new(&h.old, &h.f.spot.at);
		work_sync_later(w, h.old.dirfd);
	}
	found_release(&h.f);
	return rc;
}

static int hide_finish(const struct step *s, struct work *w, struct err *err)
{
	struct hiding h = { .f = FOUND_INIT };
	int rc = hide_find(&h, s, w, err);

	if (rc == 0 && h.hidden)
		rc = S_ISDIR(h.st.st_mode) ? sys_rmdir(&h.old) : sys_unlink(&h.old);
	found_release(&h.f);
	return rc;
}

static void hide_describe(const struct step *s, char *mark, const char **word, struct buf *rest)
{
	*mark = '-';
	*word = "hide";
	buf_adds(rest, show(step_get(s, "at")));
}

static const struct arg hide_args[] = {
	{ .name = "at", .type = ARG_PATH },
	{ .name = "inode", .type = ARG_NUMBER },
	{ .name = NULL },
};

const struct kind kind_hide = {
	.name = "hide", .args = hide_args, .guard = hide_guard, .apply = hide_apply,
	.undo = hide_undo, .finish = hide_finish, .describe = hide_describe,
};
