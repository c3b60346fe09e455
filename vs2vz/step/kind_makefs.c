/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * makefs: a file system of its own for one container, made on a device or in an image
 * file and filled from a tree; the source is not touched. TO is the private area
 * where it will be mounted; nothing is mounted here but in private.
 *
 *	AT holds nothing (what the user named is taken away)	blank; absent while an lv
 *								step is to make it
 *	AT: UUID of the step, label vs2vz-part			ours, not whole
 *	filled, synced, checked by e2fsck, compared		ours, whole, still the label
 *	AT: label of the container				done
 *
 * UUID and label stand in the journal before the first byte is written; nothing else on a
 * device is ever overwritten or wiped. Dying before the last line: forwards it is begun
 * again from the start, backwards it is wiped (a device) or removed (an image file).
 * What a device held before and was named to go does not come back.
 *
 * Where the container changed it, undo asks may_undo() first, as for a copied tree.
 * A volume that has gone or fails does not hold up the way back: what is on it is left
 * and listed. The tree it was made from was never touched.
 */
#include "step/kinds.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fsinfo.h"
#include "step/changes.h"
#include "step/fsck.h"
#include "step/image.h"
#include "step/last_copy.h"
#include "step/makefs.h"
#include "step/manifest.h"
#include "step/mounted.h"
#include "step/source.h"
#include "step/trace.h"
#include "step/view.h"

static const enum image_row all_rows[] = { IMAGE_EXT3, IMAGE_EXT4 };

static int read_options(struct image_options *opt, const struct step *s, struct err *err)
{
	const char *type = step_get(s, "type");

	*opt = (struct image_options){
		.label = MAKEFS_PART,
		.bytes = step_number(s, "bytes"),
		.inodes = step_number(s, "inodes"),
		.reserve = (unsigned)step_number(s, "reserve"),
		.fresh = !volume_is_device(step_get(s, "at")),
		.sums = -1,
	};
	if (!uuid_bytes(step_get(s, "uuid"), opt->uuid))
		return fail(err, "'%s' is no UUID", show(step_get(s, "uuid")));
	for (size_t i = 0; i < sizeof(all_rows) / sizeof(all_rows[0]); i++)
		if (strcmp(type, image_type(all_rows[i])) == 0) {
			opt->row = all_rows[i];
			return 0;
		}
	return fail(err, "'%s' is no kind of file system that is made here", show(type));
}

static int makefs_guard(const struct step *s, struct work *w, enum standing *now, struct err *err)
{
	static const enum standing stands[] = {
		[FS_NONE] = STANDS_BEFORE, [FS_PART] = STANDS_BEFORE,
		[FS_WHOLE] = STANDS_AFTER, [FS_OTHER] = STANDS_FOREIGN,
	};
	struct makefs CLEANUP_MAKEFS m = MAKEFS_INIT;
	struct image_options opt;
	struct marks marks;

	if (marks_parse(&marks, s, err) < 0 || read_options(&opt, s, err) < 0 ||
	    makefs_look(&m, s, w, err) < 0)
		return -1;
	*now = stands[m.is];
	if (m.is == FS_OTHER)
		*err = m.why;
	return 0;
}

static int fill(struct makefs *m, const struct source *from, struct image_options *opt,
		struct err *err)
{
	struct tree_counts counts = { 0 };
	int CLEANUP_FD sums = sums_open(m->w, err);
	int CLEANUP_FD fd = -1;

	if (sums < 0)
		return -1;
	fd = makefs_begin(m, err);
	if (fd < 0)
		return -1;
	opt->sums = sums;
	return image_make(from->fd, fd, opt, &from->opt, &counts, err);
}

/* Which volume, and what the user can do. */
static int explain(const struct makefs *m, struct err *err)
{
	const struct err cause = *err;
	const char *cure = cause.code == ENOSPC ? "; make room or choose another place" :
			   volume_fails(err) ? "; look at `dmesg`, choose another place" : "";

	return fail_code(err, cause.code, "file system on '%s': %s%s", show(m->at), cause.text, cure);
}

/* By e2fsck, as it lies there. which: what the message calls it. */
static int check_volume(const struct makefs *m, const char *volume, const char *which,
			struct err *err)
{
	int CLEANUP_FD fd = volume_open(m->w->root, volume, VOLUME_READ, err);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return fail_errno(err, "cannot look at '%s'", show(volume));
	if (m->device) {
		close_fd(&fd);	/* e2fsck wants it for itself */
		fd = device_open(volume, st.st_rdev);
	}
	return fd < 0 ? fail_errno(err, "cannot open '%s'", show(volume)) : fsck_check(fd, which, err);
}

/* Read back: by e2fsck, and as the kernel sees it, against the source. */
static int prove(struct makefs *m, const struct source *from, struct err *err)
{
	const char *volume = makefs_filling(m);
	struct root folder = { m->w->folder, "" };
	int CLEANUP_FD sums = -1;
	int CLEANUP_FD view = -1;

	if (check_volume(m, volume, "the new file system", err) < 0)
		return -1;
	view = mounted_open(m->w->root, volume, m->uuid, VOLUME_READ, err);
	if (view < 0)
		return -1;
	if (m->w->verify != VERIFY_QUICK) {
		sums = root_open(&folder, "sums", err);
		if (sums < 0)
			return -1;
	}
	return source_verify(from->fd, view, sums, &from->opt, m->s, m->w, err);
}

static int name_it(struct makefs *m, struct err *err)
{
	int CLEANUP_FD fd = volume_open(m->w->root, makefs_filling(m), VOLUME_WRITE, err);

	return fd < 0 ? -1 : image_label(fd, step_get(m->s, "label"), err);
}

static int makefs_apply(const struct step *s, struct work *w, struct err *err)
{
	struct makefs CLEANUP_MAKEFS m = MAKEFS_INIT;
	struct source CLEANUP_SOURCE from = SOURCE_INIT;
	struct image_options opt;

	if (read_options(&opt, s, err) < 0 || makefs_look(&m, s, w, err) < 0)
		return -1;
	if (m.is == FS_WHOLE)
		return 0;
	if (m.is == FS_OTHER) {
		*err = m.why;
		return -1;
	}
	if (source_open(&from, s, w, err) < 0 || manifest_ensure(w, s, from.fd, err) < 0)
		return -1;
	if (fill(&m, &from, &opt, err) < 0 || prove(&m, &from, err) < 0 ||
	    name_it(&m, err) < 0 || makefs_land(&m, err) < 0)
		return explain(&m, err);
	return 0;
}

static int count_changes(struct changes *c, struct makefs *m, struct err *err)
{
	struct source CLEANUP_SOURCE from = SOURCE_INIT;
	int CLEANUP_FD view = -1;

	if (source_find(&from, m->s, m->w, err) < 0)
		return -1;
	view = view_mount(m->w, m->at, m->uuid, err);
	if (view < 0 && volume_fails(err))
		err_add(err, "it cannot be seen whether the container changed it, "
			"--discard-changes goes back all the same");
	if (view < 0)
		return -1;
	return changes_count(c, from.fd, view, &from.opt, err);
}

static int makefs_may_undo(const struct step *s, struct work *w, struct err *err)
{
	struct makefs CLEANUP_MAKEFS m = MAKEFS_INIT;
	struct changes changes = { s, w, 0, BUF_INIT };
	int rc;

	if (makefs_look_back(&m, s, w, err) < 0)
		return -1;
	if ((m.is == FS_NONE || m.lost) && w->complete && w->changed != CHANGED_DISCARD)
		return fail_code(err, ERR_FOREIGN, "the file system is not at '%s': what the container "
				 "wrote there would be left behind; mount or attach what it lies on, or "
				 "say --discard-changes", show(m.at));
	if (m.lost && w->ran && w->changed == CHANGED_BRING_BACK) {
		*err = m.why;
		return -1;
	}
	/* It goes: not before the tree that it was made from has been seen. */
	if ((m.is == FS_WHOLE || m.is == FS_PART) &&
	    last_copy_source(s, w, m.is == FS_WHOLE, err) < 0)
		return -1;
	if (m.is == FS_WHOLE && w->complete && w->changed == CHANGED_BRING_BACK)
		return last_copy_overwritten(s, w, err);
	/* What is given up is named; without a container there is nothing to name. */
	if (m.is != FS_WHOLE || w->changed == CHANGED_BRING_BACK ||
	    (w->changed == CHANGED_DISCARD && !w->complete))
		return 0;
	rc = count_changes(&changes, &m, err);
	if (w->changed == CHANGED_DISCARD) {
		if (rc < 0)	/* a file system that fails does not hold up the way back */
			work_late(w, m.at, "given up unseen: %s", err->text);
		err_clear(err);
		buf_release(&changes.first);
		return 0;
	}
	if (rc == 0 && changes.nr)
		rc = fail_code(err, ERR_FOREIGN, "the file system on '%s' changed since it was "
			       "made (" CHANGES_CURE "), %zu difference%s: %s", show(m.at),
			       changes.nr, changes.nr == 1 ? "" : "s", changes.first.data);
	buf_release(&changes.first);
	return rc;
}

/* Is what is mounted there, by others, the file system of the step? */
static int is_mounted_ours(const struct step *s, const struct work *w, struct err *err)
{
	const char *area = step_get(s, "to");
	struct pool pool = POOL_INIT;
	struct fsinfo fs;
	int rc = fsinfo_read(&fs, w->root, area, &pool, err);

	if (rc == 0 && (!fs.uuid || strcmp(fs.uuid, step_get(s, "uuid")) != 0))
		rc = fail_code(err, ERR_FOREIGN, "on '%s' another file system is mounted, %s, not %s",
			       show(area), fs.uuid ? show(fs.uuid) : "without a UUID",
			       step_get(s, "uuid"));
	pool_release(&pool);
	return rc;
}

int makefs_open(const struct step *s, struct work *w, struct err *err)
{
	enum standing now;
	int fd = view_dup(w);

	if (fd >= 0)
		return fd;
	if (makefs_guard(s, w, &now, err) < 0 || now == STANDS_FOREIGN)
		return -1;
	if (now == STANDS_BEFORE)
		return fail_code(err, ERR_FOREIGN, "'%s' holds no file system of this step",
				 show(step_get(s, "at")));
	if (view_is_mounted(w, step_get(s, "to")) && is_mounted_ours(s, w, err) < 0)
		return -1;
	return view_tree(w, s, err);
}

/* The file system is whole by its own word and by e2fsck's; nobody has it mounted. */
static int judge_health(struct makefs *m, struct err *err)
{
	const char *user = m->seen.mounted ? m->seen.mounted : m->seen.held;
	struct fs_facts facts = { .errors = NULL };
	struct ext_super super;
	int CLEANUP_FD fd = -1;

	if (user && !m->w->resumes)
		return fail_code(err, EBUSY, "'%s' is in use: %s", show(m->at), show(user));
	if (user)
		return 0;
	fd = volume_open(m->w->root, m->at, VOLUME_READ, err);
	if (fd < 0 || ext_super_read(&super, fd, err) < 0)
		return -1;
	fs_facts_read(&facts, "ext4", fd);
	close_fd(&fd);
	if (facts.errors)
		return fail_code(err, ERR_FOREIGN, "the file system on '%s' has errors: %s",
				 show(m->at), facts.errors);
	/*
	 * With a journal to replay it is not as it will be: it cannot be opened either. A commit
	 * that goes on began with this check, and was cut while it wrote there itself.
	 */
	if (super.unclean || m->w->resumes)
		return 0;
	return check_volume(m, m->at, "the file system", err);
}

/*
 * Before what it was made from goes. A tree can be read in full on a file system that loses
 * it next: bitmaps and counts that are wrong let new files overwrite old ones.
 */
static int is_healthy(const struct step *s, struct work *w, struct err *err)
{
	struct makefs CLEANUP_MAKEFS m = MAKEFS_INIT;

	if (w->source == SOURCE_STAYS || !last_copy_retire(s, w))
		return 0;
	if (makefs_look(&m, s, w, err) < 0 ||
	    volume_look(&m.seen, w->root, m.at, &m.pool, err) < 0)
		return -1;
	if (m.is != FS_WHOLE || judge_health(&m, err) == 0)
		return 0;	/* what else it is was asked when it was opened */
	return fail_code(err, err->code == EBUSY ? EBUSY : ERR_FOREIGN, "%s; what it was made from is "
			 "kept: stop the container, run e2fsck -f on '%s' and commit again, or undo; "
			 "--keep-source commits and leaves it", pool_strdup(&m.pool, err->text),
			 show(m.at));
}

static int makefs_may_finish(const struct step *s, struct work *w, struct err *err)
{
	int CLEANUP_FD fd = last_copy_open(s, w, err);

	if (fd < 0) {
		err_add(err, "the container's file system cannot be seen, and what it was made from is "
			"kept (mount or attach it, or undo)");
		return -1;
	}
	close_fd(&fd);
	return is_healthy(s, w, err);
}

/* In a view that can be changed. One that cannot be had is no reason to bring nothing back. */
static int leave_trace_behind(const struct makefs *m, int source, struct err *err)
{
	int CLEANUP_FD view = mounted_open(m->w->root, m->at, m->uuid, VOLUME_WRITE, err);

	if (view < 0) {
		work_kept(m->w, m->at, "%s: what vzctl left there comes back with the rest", err->text);
		err_clear(err);
		return 0;
	}
	if (trace_leave_behind(m->w, view, source, err) < 0)
		return -1;
	return sys_syncfs(view) < 0 ? fail_errno(err, "cannot write back '%s'", show(m->at)) : 0;
}

/* Make the source equal to what the container left, so that the file system can go. */
static int bring_back(struct makefs *m, struct err *err)
{
	struct source CLEANUP_SOURCE from = SOURCE_INIT;
	struct tree_counts counts = { 0 };
	int CLEANUP_FD view = -1;
	int CLEANUP_FD sums = -1;

	if (source_find(&from, m->s, m->w, err) < 0)
		return -1;
	from.opt.back = true;
	view = mounted_open(m->w->root, m->at, m->uuid, VOLUME_READ, err);
	if (view >= 0 && trace_would_come_back(m->w, view)) {
		close_fd(&view);
		if (leave_trace_behind(m, from.fd, err) < 0)
			return -1;
		view = mounted_open(m->w->root, m->at, m->uuid, VOLUME_READ, err);
	}
	if (view < 0)
		return -1;
	sums = sums_open(m->w, err);
	if (sums < 0 || tree_copy(view, from.fd, sums, &from.opt, &counts, err) < 0 ||
	    tree_settle(from.fd, err) < 0)
		return -1;
	return tree_verify(view, from.fd, m->w->verify == VERIFY_QUICK ? -1 : sums, &from.opt,
			   &counts, err);
}

static int makefs_undo(const struct step *s, struct work *w, struct err *err)
{
	struct makefs CLEANUP_MAKEFS m = MAKEFS_INIT;

	if (makefs_look_back(&m, s, w, err) < 0)
		return -1;
	if (m.is == FS_OTHER && !m.lost && w->ran)
		work_kept(w, m.at, "%s: left as it is", m.why.text);
	if (m.is == FS_WHOLE && w->changed == CHANGED_BRING_BACK && bring_back(&m, err) < 0)
		return -1;
	return makefs_remove_or_leave(&m, err) < 0 ? -1 : made_drop(s, w, err);
}

static void makefs_describe(const struct step *s, char *mark, const char **word, struct buf *rest)
{
	*mark = '+';
	*word = "makefs";
	buf_addf(rest, "%s -> %s (%s, %s bytes, UUID %s)", show(step_get(s, "from")),
		 show(step_get(s, "at")), show(step_get(s, "type")), step_get(s, "bytes"),
		 show(step_get(s, "uuid")));
	if (step_get(s, "overwrite"))
		buf_addf(rest, " overwriting %s", show(step_get(s, "overwrite")));
	marks_remark(s, rest);
}

static const struct arg makefs_args[] = {
	{ .name = "at", .type = ARG_PATH },
	{ .name = "to", .type = ARG_PATH },
	{ .name = "from", .type = ARG_PATH },
	{ .name = "id", .type = ARG_ID },
	{ .name = "volume", .type = ARG_TEXT, .optional = true },
	{ .name = "uuid", .type = ARG_TEXT },
	{ .name = "label", .type = ARG_TEXT },
	{ .name = "type", .type = ARG_TEXT },
	{ .name = "bytes", .type = ARG_NUMBER },
	{ .name = "inodes", .type = ARG_NUMBER },
	{ .name = "reserve", .type = ARG_NUMBER },
	{ .name = "overwrite", .type = ARG_TEXT, .optional = true },
	MARKS_ARGS,
	{ .name = NULL },
};

const struct kind kind_makefs = {
	.name = "makefs",
	.args = makefs_args,
	.alone = true,
	.moves = true,
	.guard = makefs_guard,
	.apply = makefs_apply,
	.undo = makefs_undo,
	.may_undo = makefs_may_undo,
	.may_finish = makefs_may_finish,
	.describe = makefs_describe,
};
