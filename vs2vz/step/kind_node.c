/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * node: a device node or FIFO is made.
 *
 *	.NAME.vs2vz-TOKEN-new   mknod, owner, mode
 *	AT                renamed to it, never over something	parent flushed by run/
 *
 * A node cannot be flushed by itself; its inode goes to the disk with its name. Dying
 * before the rename leaves the temporary name, which apply and undo remove, after it the
 * whole node. Undo removes a node of the same type and number, whatever became of its
 * owner and mode, unless the step had found it there.
 */
#include "step/kinds.h"

#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "step/beside.h"
#include "step/saved.h"
#include "step/treeutil.h"

static const struct node_type {
	const char *word;
	mode_t type;
	bool number;
} types[] = {
	{ "b", S_IFBLK, true },
	{ "c", S_IFCHR, true },
	{ "p", S_IFIFO, false },
};

/* What the plan asks for, as a status. */
static int wanted(struct stat *out, const struct step *s, struct err *err)
{
	const char *word = step_get(s, "type");

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].word, word) != 0)
			continue;
		if (types[i].number && (!step_get(s, "major") || !step_get(s, "minor")))
			return fail(err, "the node '%s' has no number", show(step_get(s, "at")));
		*out = (struct stat){ .st_mode = types[i].type | step_mode(s, "mode") };
		if (types[i].number)
			out->st_rdev = makedev((unsigned)step_number(s, "major"),
					       (unsigned)step_number(s, "minor"));
		step_owner(s, "owner", &out->st_uid, &out->st_gid);
		return 0;
	}
	return fail(err, "unknown type of node '%s'", show(word));
}

/* The node of the plan, but for owner and mode. */
static bool same_node(const struct found *f, const struct stat *want)
{
	return f->there && (f->st.st_mode & S_IFMT) == (want->st_mode & S_IFMT) &&
	       (S_ISFIFO(want->st_mode) || f->st.st_rdev == want->st_rdev);
}

static bool same_all(const struct found *f, const struct stat *want)
{
	return same_node(f, want) && !((f->st.st_mode ^ want->st_mode) & ~NODE_MODE_LOST) &&
	       f->st.st_uid == want->st_uid && f->st.st_gid == want->st_gid;
}

static int node_find(struct found *f, struct stat *want, const struct step *s,
		     const struct work *w, struct err *err)
{
	if (wanted(want, s, err) < 0)
		return -1;
	return step_find(f, s, "at", w, err);
}

static int node_guard(const struct step *s, struct work *w, enum standing *now, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	struct stat want;

	if (node_find(&f, &want, s, w, err) < 0)
		return -1;
	if (found_barred(&f, s, "at", now, err))
		return 0;
	*now = !f.there ? STANDS_BEFORE : same_all(&f, &want) ? STANDS_AFTER : STANDS_FOREIGN;
	if (*now == STANDS_FOREIGN)
		fail_code(err, ERR_FOREIGN, "'%s' is something else", show(step_get(s, "at")));
	return 0;
}

static int node_found(const struct step *s, struct work *w, bool *there, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	struct stat want;

	if (node_find(&f, &want, s, w, err) < 0)
		return -1;
	*there = same_all(&f, &want);
	return 0;
}

/* A node like the plan's holds nothing that could be lost. */
static int is_temp(const struct place *at, const struct stat *st, void *ctx, struct err *err)
{
	const struct stat *want = ctx;

	(void)at;
	(void)err;
	return st->st_nlink == 1 && ((st->st_mode ^ want->st_mode) & S_IFMT) == 0 &&
	       (S_ISFIFO(want->st_mode) || st->st_rdev == want->st_rdev);
}

/* The temporary name: what a cut left there goes, what is somebody's is passed by. */
static int temp_free(struct beside *temp, const struct found *f, struct stat *want,
		     const struct step *s, const struct work *w, struct err *err)
{
	struct beside_search search = {
		.token = w->token, .word = BESIDE_NEW, .ours = is_temp, .ctx = want,
	};

	if (names_least(&search.least, w, s->nr, err) < 0)
		return -1;
	for (;;) {
		if (beside_find(temp, &f->spot.at, &search, err) < 0)
			return -1;
		if (!temp->there)
			return 0;
		if (sys_unlink(&temp->at) < 0)
			return fail_errno(err, "cannot remove the leftover '%s'", show(temp->name));
	}
}

static int make_node(const struct found *f, struct stat *want, const struct step *s,
		     const struct work *w, struct err *err)
{
	const struct place *at = &f->spot.at;
	struct beside temp;

	if (temp_free(&temp, f, want, s, w, err) < 0 || names_note(w, s->nr, temp.nr, err) < 0)
		return -1;
	if (sys_mknod(&temp.at, want->st_mode, want->st_rdev) < 0)
		return fail_errno(err, "cannot make the node '%s'", show(at->name));
	if (sys_lchown(&temp.at, want->st_uid, want->st_gid) < 0 ||
	    put_mode_at(&temp.at, want->st_mode) < 0)
		return fail_errno(err, "cannot set owner and mode of '%s'", show(temp.name));
	if (sys_rename_new(&temp.at, at) < 0)
		return fail_errno(err, "cannot rename '%s' to '%s'", show(temp.name),
				  show(at->name));
	return 0;
}

static int node_apply(const struct step *s, struct work *w, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	const char *path = step_get(s, "at");
	struct beside temp;
	struct stat want;

	if (node_find(&f, &want, s, w, err) < 0)
		return -1;
	if (!f.parent)
		return found_no_parent(&f, s, "at", err);
	if (f.there && !same_all(&f, &want))
		return fail_code(err, ERR_FOREIGN, "'%s' exists already", show(path));
	if (temp_free(&temp, &f, &want, s, w, err) < 0)
		return -1;
	work_sync_later(w, f.spot.at.dirfd);
	return f.there ? 0 : make_node(&f, &want, s, w, err);
}

static int node_undo(const struct step *s, struct work *w, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	const char *path = step_get(s, "at");
	struct beside temp;
	struct stat want;
	int back;
	int noted;

	if (wanted(&want, s, err) < 0) {
		err_clear(err);	/* refused by apply */
		return 0;
	}
	noted = found_noted(w, s->nr, err);
	if (noted < 0 || step_find(&f, s, "at", w, err) < 0)
		return -1;
	if (!f.parent) {
		if (!noted)
			found_away(&f, s, "at", w, "our node was not taken away");
		return 0;
	}
	if (temp_free(&temp, &f, &want, s, w, err) < 0)
		return -1;
	work_sync_later(w, f.spot.at.dirfd);
	back = noted ? 1 : hidden_is_back(s, &f, w, err);
	if (back)
		return back < 0 ? -1 : 0;
	if (f.there && !same_node(&f, &want)) {
		if (w->ran)
			work_kept(w, path, "is no longer our node: left as it is");
		return 0;
	}
	if (f.there && sys_unlink(&f.spot.at) < 0)
		return fail_errno(err, "cannot remove the node '%s'", show(path));
	return 0;
}

static void node_describe(const struct step *s, char *mark, const char **word, struct buf *rest)
{
	const char *major = step_get(s, "major"), *minor = step_get(s, "minor");

	*mark = '+';
	*word = "node";
	buf_addf(rest, "%s  %s %s%s%s %s", show(step_get(s, "at")), show(step_get(s, "type")),
		 major ? major : "", minor ? ":" : "", minor ? minor : "", step_get(s, "mode"));
}

static const struct arg node_args[] = {
	{ .name = "at", .type = ARG_PATH },
	{ .name = "type", .type = ARG_TEXT },
	{ .name = "major", .type = ARG_NUMBER, .optional = true },
	{ .name = "minor", .type = ARG_NUMBER, .optional = true },
	{ .name = "mode", .type = ARG_MODE },
	{ .name = "owner", .type = ARG_OWNER },
	{ .name = NULL },
};

const struct kind kind_node = {
	.name = "node",
	.args = node_args,
	.guard = node_guard,
	.found = node_found,
	.apply = node_apply,
	.undo = node_undo,
	.describe = node_describe,
};
