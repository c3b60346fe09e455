/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mode: the mode of a regular file or directory changes.
 *
 *	AT (old)  --fchmod-->  AT (new)		the inode is flushed by run/
 *
 * Either mode is a whole state. A file with several names is refused: its other names,
 * perhaps in other guests, would change with it; a write step with the same content gives
 * this name an inode of its own. A locked file is the kernel's to refuse.
 */
#include "step/kinds.h"

#include <errno.h>

/* ours: a file or directory, and where the plan knows its identity, that one. */
static int mode_find(struct found *f, bool *ours, const struct step *s, const struct work *w,
		     struct err *err)
{
	int is;

	if (step_find(f, s, "at", w, err) < 0)
		return -1;
	*ours = f->there && (S_ISREG(f->st.st_mode) || S_ISDIR(f->st.st_mode));
	if (!*ours || !step_get(s, "id"))
		return 0;
	is = step_is(f, s, NULL, err);
	*ours = is > 0;
	return is < 0 ? -1 : 0;
}

static bool has_mode(const struct step *s, const struct found *f, bool ours, const char *which)
{
	return ours && (f->st.st_mode & 07777) == step_mode(s, which);
}

static bool is_shared(const struct found *f)
{
	return f->there && !S_ISDIR(f->st.st_mode) && f->st.st_nlink > 1;
}

static int odd(const struct step *s, const struct found *f, bool ours, struct err *err)
{
	const char *path = show(step_get(s, "at"));

	if (!f->there)
		return fail_code(err, ERR_FOREIGN, "'%s' has gone since the plan was made", path);
	if (ours && is_shared(f))
		return fail_code(err, ERR_FOREIGN, "'%s' has other names, which would change with it",
				 path);
	return fail_code(err, ERR_FOREIGN, "'%s' has changed since the plan was made", path);
}

static int mode_guard(const struct step *s, struct work *w, enum standing *now, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	bool ours;

	if (mode_find(&f, &ours, s, w, err) < 0)
		return -1;
	if (found_barred(&f, s, "at", now, err))
		return 0;
	if (has_mode(s, &f, ours, "new"))
		*now = STANDS_AFTER;
	else if (!f.parent || (has_mode(s, &f, ours, "old") && !is_shared(&f)))
		*now = STANDS_BEFORE;
	else
		*now = STANDS_FOREIGN;
	if (*now == STANDS_FOREIGN)
		odd(s, &f, ours, err);
	return 0;
}

/* Of ours. */
static int set_mode(const struct found *f, const struct step *s, const char *which,
		    struct work *w, struct err *err)
{
	int CLEANUP_FD fd = below_open(f->spot.at.dirfd, f->spot.at.name, &f->st);

	if (fd < 0)
		return fail_errno(err, "cannot open '%s'", show(step_get(s, "at")));
	if (!has_mode(s, f, true, which) && sys_fchmod(fd, step_mode(s, which)) < 0)
		return fail_errno(err, "cannot set the mode of '%s'", show(step_get(s, "at")));
	work_sync_later(w, fd);
	return 0;
}

static int mode_apply(const struct step *s, struct work *w, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	bool ours;

	if (mode_find(&f, &ours, s, w, err) < 0)
		return -1;
	if (!f.parent)
		return found_no_parent(&f, s, "at", err);
	if (!has_mode(s, &f, ours, "new") && (!has_mode(s, &f, ours, "old") || is_shared(&f)))
		return odd(s, &f, ours, err);
	return set_mode(&f, s, "new", w, err);
}

static int mode_undo(const struct step *s, struct work *w, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	bool ours;

	if (mode_find(&f, &ours, s, w, err) < 0)
		return -1;
	if (has_mode(s, &f, ours, "new") || has_mode(s, &f, ours, "old"))
		return set_mode(&f, s, "old", w, err);
	if (!f.parent)
		found_away(&f, s, "at", w, "its mode is left as it is");
	else if (w->ran)
		work_kept(w, step_get(s, "at"), "%s since: its mode is left as it is",
			  f.there ? "was changed" : "was removed");
	return 0;
}

static void mode_describe(const struct step *s, char *mark, const char **word, struct buf *rest)
{
	*mark = '~';
	*word = "chmod";
	buf_addf(rest, "%s  %s -> %s", show(step_get(s, "at")), step_get(s, "old"),
		 step_get(s, "new"));
}

static const struct arg mode_args[] = {
	{ .name = "at", .type = ARG_PATH },
	{ .name = "id", .type = ARG_ID, .optional = true },
	{ .name = "old", .type = ARG_MODE },
	{ .name = "new", .type = ARG_MODE },
	{ .name = NULL },
};

const struct kind kind_mode = {
	.name = "mode",
	.args = mode_args,
	.guard = mode_guard,
	.apply = mode_apply,
	.undo = mode_undo,
	.describe = mode_describe,
};
