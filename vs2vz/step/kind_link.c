/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Symbolic links: symlink makes one, remove takes one away; each is the other's
 * undo, but for owner and time.
 *
 *	names/web1 -> ../conf/345.conf            symlink: one call, there or not
 *	rc3.d/S98vservers-default -> ../init.d/x  remove: (nothing)
 *
 * The text tells whose link it is; one that symlink found there stays. All of a link
 * that remove takes is in the plan: text, owner, mtime; there is no before-image. Its
 * undo makes the link, then gives it owner and time: dying in between leaves a link with
 * the right text, which undo mends when it comes again. The name is flushed by run/ with
 * its directory; owner and time of a link cannot be flushed by themselves, so that undo
 * flushes the file system.
 */
#include "step/kinds.h"

#include <errno.h>
#include <string.h>

#include "step/saved.h"

/* Look at the place; same: the link of the plan stands there. */
static int find_link(struct found *f, const struct step *s, const struct work *w, bool *same,
		     struct err *err)
{
	const char *target = step_get(s, "target");
	char text[4096];
	ssize_t len;

	*same = false;
	if (step_find(f, s, "at", w, err) < 0)
		return -1;
	if (!f->there || !S_ISLNK(f->st.st_mode))
		return 0;
	len = below_readlink(f->spot.at.dirfd, f->spot.at.name, text, sizeof(text));
	if (len < 0)
		return fail_errno(err, "cannot read the link '%s'", show(step_get(s, "at")));
	*same = (size_t)len == strlen(target) && memcmp(text, target, (size_t)len) == 0;
	return 0;
}

static int make_link(const struct found *f, const struct step *s, struct err *err)
{
	if (!f->there && sys_symlink(step_get(s, "target"), &f->spot.at) < 0)
		return fail_errno(err, "cannot make the link '%s'", show(step_get(s, "at")));
	return 0;
}

static int drop_link(const struct found *f, const struct step *s, struct err *err)
{
	if (f->there && sys_unlink(&f->spot.at) < 0)
		return fail_errno(err, "cannot remove the link '%s'", show(step_get(s, "at")));
	return 0;
}

static int symlink_guard(const struct step *s, struct work *w, enum standing *now, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	bool ours;

	if (find_link(&f, s, w, &ours, err) < 0)
		return -1;
	if (found_barred(&f, s, "at", now, err))
		return 0;
	*now = ours ? STANDS_AFTER : f.there ? STANDS_FOREIGN : STANDS_BEFORE;
	if (*now == STANDS_FOREIGN)
		fail_code(err, ERR_FOREIGN, "'%s' is something else", show(step_get(s, "at")));
	return 0;
}

static int symlink_found(const struct step *s, struct work *w, bool *there, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;

	return find_link(&f, s, w, there, err);
}

static int symlink_apply(const struct step *s, struct work *w, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	const char *path = step_get(s, "at");
	bool ours;

	if (find_link(&f, s, w, &ours, err) < 0)
		return -1;
	if (!f.parent)
		return found_no_parent(&f, s, "at", err);
	if (f.there && !ours)
		return fail_code(err, ERR_FOREIGN, "'%s' exists already", show(path));
	if (make_link(&f, s, err) < 0)
		return -1;
	work_sync_later(w, f.spot.at.dirfd);
	return 0;
}

static int symlink_undo(const struct step *s, struct work *w, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	int noted = found_noted(w, s->nr, err);
	const char *path = step_get(s, "at");
	bool ours;
	int back;

	if (noted < 0 || find_link(&f, s, w, &ours, err) < 0)
		return -1;
	back = noted ? 1 : hidden_is_back(s, &f, w, err);
	if (back)
		return back < 0 ? -1 : 0;
	if (!f.parent) {
		found_away(&f, s, "at", w, "our link was not taken away");
		return 0;
	}
	if (f.there && !ours && w->ran)
		work_kept(w, path, "is no longer our link: left as it is");
	if (ours && drop_link(&f, s, err) < 0)
		return -1;
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
	.telling = true,
	.guard = symlink_guard,
	.found = symlink_found,
	.apply = symlink_apply,
	.undo = symlink_undo,
	.describe = symlink_describe,
};

static int remove_guard(const struct step *s, struct work *w, enum standing *now, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	bool same;

	if (find_link(&f, s, w, &same, err) < 0)
		return -1;
	if (found_barred(&f, s, "at", now, err))
		return 0;
	*now = same ? STANDS_BEFORE : f.there ? STANDS_FOREIGN : STANDS_AFTER;
	if (*now == STANDS_FOREIGN)
		fail_code(err, ERR_FOREIGN, "'%s' is not the link that the plan speaks of",
			  show(step_get(s, "at")));
	return 0;
}

static int remove_apply(const struct step *s, struct work *w, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	const char *path = step_get(s, "at");
	bool same;

	if (find_link(&f, s, w, &same, err) < 0)
		return -1;
	if (!f.parent)
		return f.bar ? found_no_parent(&f, s, "at", err) : 0;
	if (f.there && !same)
		return fail_code(err, ERR_FOREIGN, "'%s' has changed since the plan was made",
				 show(path));
	if (drop_link(&f, s, err) < 0)
		return -1;
	work_sync_later(w, f.spot.at.dirfd);
	return 0;
}

/* Owner and time as the plan has them, where they differ. */
static int mend(const struct place *at, const struct step *s, struct err *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, step_time(s, "mtime") };
	struct stat st;
	uid_t uid;
	gid_t gid;

	step_owner(s, "owner", &uid, &gid);
	if (below_stat(at->dirfd, at->name, &st) < 0)
		return fail_errno(err, "cannot look at '%s'", show(step_get(s, "at")));
	if (st.st_uid == uid && st.st_gid == gid && st.st_mtim.tv_sec == times[1].tv_sec &&
	    st.st_mtim.tv_nsec == times[1].tv_nsec)
		return 0;
	if ((st.st_uid != uid || st.st_gid != gid) && sys_lchown(at, uid, gid) < 0)
		return fail_errno(err, "cannot set the owner of '%s'", show(step_get(s, "at")));
	if (sys_lutimens(at, times) < 0)
		return fail_errno(err, "cannot set the time of '%s'", show(step_get(s, "at")));
	if (sys_syncfs(at->dirfd) < 0)
		return fail_errno(err, "cannot flush '%s'", show(step_get(s, "at")));
	return 0;
}

static int remove_undo(const struct step *s, struct work *w, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	const char *path = step_get(s, "at");
	bool same;

	if (find_link(&f, s, w, &same, err) < 0)
		return -1;
	if (!f.parent) {
		found_away(&f, s, "at", w, "the link was not made again");
		return 0;
	}
	if (f.there && !same) {
		if (w->ran)
			work_kept(w, path, "somebody put something else there: left as it is");
		return 0;
	}
	if (make_link(&f, s, err) < 0 || mend(&f.spot.at, s, err) < 0)
		return -1;
	work_sync_later(w, f.spot.at.dirfd);
	return 0;
}

static void remove_describe(const struct step *s, char *mark, const char **word,
			    struct buf *rest)
{
	*mark = '-';
	*word = "unlink";
	buf_addf(rest, "%s -> %s", show(step_get(s, "at")), show(step_get(s, "target")));
}

static const struct arg remove_args[] = {
	{ .name = "at", .type = ARG_PATH },
	{ .name = "target", .type = ARG_TEXT },
	{ .name = "owner", .type = ARG_OWNER },
	{ .name = "mtime", .type = ARG_TIME },
	{ .name = NULL },
};

const struct kind kind_remove = {
	.name = "remove",
	.args = remove_args,
	.guard = remove_guard,
	.apply = remove_apply,
	.undo = remove_undo,
	.describe = remove_describe,
};
