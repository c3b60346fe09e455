/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * symlink: one call that is there or not; its text tells that it is ours.
 */
#include "step/kinds.h"

#include <errno.h>
#include <string.h>

/* Does our link stand there? */
static int is_ours(const struct found *f, const struct step *s, bool *ours, struct err *err)
{
	const char *target = step_get(s, "target");
	char text[4096];
	ssize_t len;

	*ours = false;
	if (!f->there || !S_ISLNK(f->st.st_mode))
		return 0;
	len = below_readlink(f->spot.at.dirfd, f->spot.at.name, text, sizeof(text));
	if (len < 0)
		return fail_errno(err, "cannot read the link '%s'", show(step_get(s, "at")));
	*ours = (size_t)len == strlen(target) && memcmp(text, target, (size_t)len) == 0;
	return 0;
}

static int symlink_guard(const struct step *s, struct work *w, enum standing *now, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	bool ours;

	if (step_find(&f, s, "at", w, err) < 0 || is_ours(&f, s, &ours, err) < 0)
		return -1;
	*now = ours ? STANDS_AFTER : f.there ? STANDS_FOREIGN : STANDS_BEFORE;
	if (*now == STANDS_FOREIGN)
		fail_code(err, ERR_FOREIGN, "'%s' is something else", show(step_get(s, "at")));
	return 0;
}

static int symlink_apply(const struct step *s, struct work *w, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	const char *path = step_get(s, "at");
	bool ours;

	if (step_find(&f, s, "at", w, err) < 0 || is_ours(&f, s, &ours, err) < 0)
		return -1;
	if (!f.parent)
		return fail_code(err, ENOENT, "the directory of '%s' is missing", show(path));
	if (f.there && !ours)
		return fail_code(err, ERR_FOREIGN, "'%s' exists already", show(path));
	if (!f.there && sys_symlink(step_get(s, "target"), &f.spot.at) < 0)
		return fail_errno(err, "cannot make the link '%s'", show(path));
	work_sync_later(w, f.spot.at.dirfd);
	return 0;
}

static int symlink_undo(const struct step *s, struct work *w, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	const char *path = step_get(s, "at");
	bool ours;

	if (step_find(&f, s, "at", w, err) < 0 || is_ours(&f, s, &ours, err) < 0)
		return -1;
	if (!f.parent)
		return 0;
	if (f.there && !ours && w->ran)
		work_kept(w, path, "is no longer our link: left as it is");
	if (ours && sys_unlink(&f.spot.at) < 0)
		return fail_errno(err, "cannot remove the link '%s'", show(path));
	work_sync_later(w, f.spot.at.dirfd);
	return 0;
}

static void symlink_describe(const struct step *s, char *mark, const char **word,
			     struct buf *rest)
{
	*mark = '+';
	*word = "link";
	buf_addf(rest, "%s -> %s", show(step_get(s, "at")), show(step_get(s, "target")));
}

static const struct arg symlink_args[] = {
	{ .name = "at", .type = ARG_PATH },
	{ .name = "target", .type = ARG_TEXT },
	{ .name = NULL },
};

const struct kind kind_symlink = {
	.name = "symlink",
	.args = symlink_args,
	.guard = symlink_guard,
	.apply = symlink_apply,
	.undo = symlink_undo,
	.describe = symlink_describe,
};
