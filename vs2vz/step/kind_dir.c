/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories: mkdir, and times, which gives a directory that others changed in
 * passing its mtime back.
 *
 * mkdir makes a directory 0700, then sets owner and mode: until the last call
 * nobody else can enter. The directory (its mode) and its parent (its name) are both
 * flushed by run/. Undo takes away an empty directory only. One that the step found there
 * is not its own: neither its mode nor its name is touched.
 *
 * times does nothing forwards: the evidence is in the plan. It stands in the plan
 * before the steps that change the directory, so that its undo comes after theirs.
 * Dying in between leaves the younger mtime, and undo begins with the step again.
 */
#include "step/kinds.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/meta.h"
#include "step/plan.h"
#include "step/saved.h"

static int mkdir_guard(const struct step *s, struct work *w, enum standing *now, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;

	if (step_find(&f, s, "at", w, err) < 0)
		return -1;
	if (found_barred(&f, s, "at", now, err))
		return 0;
	*now = !f.there ? STANDS_BEFORE : S_ISDIR(f.st.st_mode) ? STANDS_AFTER : STANDS_FOREIGN;
	if (*now == STANDS_FOREIGN)
		fail_code(err, ERR_FOREIGN, "'%s' is no directory", show(step_get(s, "at")));
	return 0;
}

static int mkdir_found(const struct step *s, struct work *w, bool *there, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;

	if (step_find(&f, s, "at", w, err) < 0)
		return -1;
	*there = f.there && S_ISDIR(f.st.st_mode);
	return 0;
}

static int mkdir_apply(const struct step *s, struct work *w, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	int noted = found_noted(w, s->nr, err);
	const char *path = step_get(s, "at");
	int CLEANUP_FD fd = -1;
	uid_t uid;
	gid_t gid;

	if (noted < 0 || step_find(&f, s, "at", w, err) < 0)
		return -1;
	if (!f.parent)
		return found_no_parent(&f, s, "at", err);
	if (f.there && !S_ISDIR(f.st.st_mode))
		return fail_code(err, ERR_FOREIGN, "'%s' is no directory", show(path));
	if (f.there && noted)
		return 0;
	if (!f.there && sys_mkdir(&f.spot.at, 0700) < 0)
		return fail_errno(err, "cannot make '%s'", show(path));
	fd = step_opendir(s, "at", w, err);
	if (fd < 0)
		return -1;
	step_owner(s, "owner", &uid, &gid);
	if (sys_fchown(fd, uid, gid) < 0 || sys_fchmod(fd, step_mode(s, "mode")) < 0)
		return fail_errno(err, "cannot set owner and mode of '%s'", show(path));
	work_sync_later(w, fd);
	work_sync_later(w, f.spot.at.dirfd);
	return 0;
}

/* What left the directory must have arrived elsewhere before the directory goes. */
static int settle_inside(const struct step *s, struct work *w, struct err *err)
{
	int CLEANUP_FD fd = step_opendir(s, "at", w, err);

	if (fd < 0)
		return -1;
	return work_sync_pending(w, fd) ? work_sync_now(w, err) : 0;
}

/* Perhaps somebody made it immutable since; it keeps that where it stays. */
static int remove_dir(const struct found *f)
{
	const struct place *at = &f->spot.at;
	uint32_t flags = 0;
	struct err unread;
	int code;

	if (sys_rmdir(at) == 0)
		return 0;
	if (errno != EPERM || file_flags(&flags, at, &f->st, &unread) < 0 || !(flags & META_LOCKS) ||
	    file_lift(at, &f->st, &unread) < 0)
		return -1;
	if (sys_rmdir(at) == 0)
		return 0;
	code = errno;
	(void)!file_set_flags(at, &f->st, flags, &unread);
	errno = code;
	return -1;
}

static int mkdir_undo(const struct step *s, struct work *w, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	int noted = found_noted(w, s->nr, err);
	const char *path = step_get(s, "at");
	int back;

	if (noted < 0 || step_find(&f, s, "at", w, err) < 0)
		return -1;
	back = noted ? 1 : hidden_is_back(s, &f, w, err);
	if (back)
		return back < 0 ? -1 : 0;
	if (!f.parent) {
		found_away(&f, s, "at", w, "our directory was not taken away");
		return 0;
	}
	if (f.there && S_ISDIR(f.st.st_mode) && settle_inside(s, w, err) < 0)
		return -1;
	if (f.there && !S_ISDIR(f.st.st_mode)) {
		if (w->ran)
			work_kept(w, path, "no longer a directory: left as it is");
	} else if (f.there && remove_dir(&f) < 0) {
		if (errno != ENOTEMPTY && errno != EEXIST && errno != EBUSY)
			return fail_errno(err, "cannot remove '%s'", show(path));
		work_kept(w, path, "directory is in use or not empty: left as it is");
	}
	work_sync_later(w, f.spot.at.dirfd);
	return 0;
}

static void mkdir_describe(const struct step *s, char *mark, const char **word, struct buf *rest)
{
	*mark = '+';
	*word = "mkdir";
	buf_adds(rest, show(step_get(s, "at")));
}

static const struct arg mkdir_args[] = {
	{ .name = "at", .type = ARG_PATH },
	{ .name = "mode", .type = ARG_MODE },
	{ .name = "owner", .type = ARG_OWNER },
	{ .name = NULL },
};

const struct kind kind_mkdir = {
	.name = "mkdir",
	.args = mkdir_args,
	.guard = mkdir_guard,
	.found = mkdir_found,
	.apply = mkdir_apply,
	.undo = mkdir_undo,
	.describe = mkdir_describe,
};

static int times_apply(const struct step *s, struct work *w, struct err *err)
{
	(void)s;
	(void)w;
	(void)err;
	return 0;
}

/* Does the directory hold exactly the names that it held? */
static int same_names(const struct root *dir, const struct step *s, bool *same, struct err *err)
{
	struct pool pool = POOL_INIT;
	const char *now;
	int rc = input_evidence(&now, dir, INPUT_NAMES, "/", &pool, err);

	*same = rc == 0 && now && strcmp(now, step_get(s, "names")) == 0;
	pool_release(&pool);
	return rc;
}

/* Nothing has this time any more. A directory that is gone is no news: whose it was tells. */
static void no_directory(const struct found *f, const struct step *s, struct work *w)
{
	if (!f->parent && f->bar)
		found_away(f, s, "at", w, "its time is left as it is");
	else if (f->there && w->ran)
		work_kept(w, step_get(s, "at"), "is no longer a directory: left as it is");
}

static int times_undo(const struct step *s, struct work *w, struct err *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, step_time(s, "mtime") };
	struct found CLEANUP_FOUND f = FOUND_INIT;
	const char *path = step_get(s, "at");
	struct root dir;
	struct stat st;
	bool same = false;
	int rc;

	if (strcmp(path, "/") == 0) {		/* has no name in a directory */
		if (root_inside(&dir, w->root, path, err) < 0)
			return -1;
	} else {
		if (spot_find(&f, w->root, path, err) < 0)
			return -1;
		if (!f.there || !S_ISDIR(f.st.st_mode)) {
			no_directory(&f, s, w);
			return 0;
		}
		dir = (struct root){ found_opendir(&f, path, err), path };
		if (dir.fd < 0)
			return -1;
	}
	if (fstat(dir.fd, &st) < 0)
		rc = fail_errno(err, "cannot look at '%s'", show(path));
	else
		rc = same_names(&dir, s, &same, err);
	if (rc == 0 && same && (st.st_mtim.tv_sec != times[1].tv_sec ||
				st.st_mtim.tv_nsec != times[1].tv_nsec)) {
		if (sys_futimens(dir.fd, times) < 0)
			rc = fail_errno(err, "cannot set the time of '%s'", show(path));
		else
			work_sync_later(w, dir.fd);
	}
	root_release(&dir);
	return rc;
}

static void times_describe(const struct step *s, char *mark, const char **word, struct buf *rest)
{
	*mark = ' ';
	*word = "times";
	buf_addf(rest, "%s: mtime is remembered for undo", show(step_get(s, "at")));
}

static const struct arg times_args[] = {
	{ .name = "at", .type = ARG_PATH },
	{ .name = "mtime", .type = ARG_TIME },
	{ .name = "names", .type = ARG_HASH },
	{ .name = NULL },
};

const struct kind kind_times = {
	.name = "times",
	.args = times_args,
	.apply = times_apply,
	.undo = times_undo,
	.describe = times_describe,
};
