/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * marks: what VServer left on the inodes of a tree is repaired in place, before the
 * tree moves: tags go from owners, the immutable flag from unified files, and inodes
 * with names outside the tree become private. (util-vserver: vunify and vhashify make
 * such inodes; kernel patch: include/linux/vserver/tag.h.)
 *
 *	record    marks.N: what every inode to change is; synced before the first change
 *	copies    HOLD: private copies and originals of shared inodes; all synced, said in
 *		  marks.N.hold
 *	act       names go to the copies; owners, modes, flags in place; fingerprint
 *	settle    all synced; originals frozen again, the copies' extra links dropped, synced
 *	print     marks.N.print: the fingerprint; the step is complete
 *
 * Dying before the record leaves the tree untouched. Dying after it, the record leads
 * both ways: what is done is told by looking at each inode. Dying before the copies are
 * complete: they are made again. Originals stay in HOLD until undo or commit.
 *
 * Undo (marks.N.back, synced, marks.N.print gone) walks by the record (marks_back.c), syncs,
 * empties HOLD; the record goes last. What the container changed since is kept. Apply
 * after an undo that was cut brings that to its end and begins anew.
 *
 * Memory: 64 MiB, and 80 bytes for each multiply-linked inode.
 */
#include "step/kinds.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/identity.h"
#include "step/marks_inside.h"
#include "step/touched.h"

struct repair {
	const struct step *s;
	struct work *w;
	const char *path;
	struct found at;
	int tree;		/* -1: not at its place */
	struct mark_file file;
	struct mark_hold hold;
	struct hash128 print;	/* of the mended tree, after the acting walk */
};
#define REPAIR_INIT { .at = FOUND_INIT, .tree = -1, .file = { .fd = -1 }, \
		      .hold = { .at = FOUND_INIT, .fd = -1 } }
#define CLEANUP_REPAIR __attribute__((cleanup(repair_release)))

static void repair_release(struct repair *p)
{
	found_release(&p->at);
	close_fd(&p->tree);
	mark_file_close(&p->file);
	hold_release(&p->hold);
}

static bool is_complete(const struct step *s, const struct work *w)
{
	return mark_there(w, s->nr, ".print", NULL);
}

static int repair_find(struct repair *p, const struct step *s, struct work *w, struct err *err)
{
	p->s = s;
	p->w = w;
	p->path = step_get(s, "at");
	if (step_find(&p->at, s, "at", w, err) < 0 || mark_file_open(&p->file, w, s->nr, err) < 0)
		return -1;
	return hold_open(&p->hold, s, w, err);
}

static int open_tree(struct repair *p, struct err *err)
{
	char why[IDENTITY_WHY] = "it is not there";
	int is = step_is(&p->at, p->s, why, err);

	if (is <= 0)
		return is < 0 ? -1 : fail_code(err, ERR_FOREIGN, "'%s' is not what was planned: %s",
					       show(p->path), why);
	p->tree = found_opendir(&p->at, p->path, err);
	return p->tree < 0 ? -1 : 0;
}

static int marks_guard(const struct step *s, struct work *w, enum standing *now, struct err *err)
{
	struct found __attribute__((cleanup(found_release))) at = FOUND_INIT;
	char why[IDENTITY_WHY] = "it is not there";
	int is;

	*now = STANDS_AFTER;
	if (is_complete(s, w))
		return 0;
	if (step_find(&at, s, "at", w, err) < 0)
		return -1;
	is = step_is(&at, s, why, err);
	if (is < 0)
		return -1;
	*now = is ? STANDS_BEFORE : STANDS_FOREIGN;
	if (*now == STANDS_FOREIGN)
		fail_code(err, ERR_FOREIGN, "'%s' is not what was planned: %s",
			  show(step_get(s, "at")), why);
	return 0;
}

/* ---- forwards */

static int make_record(struct repair *p, struct err *err)
{
	struct marks marks;
	int rc;

	if (p->file.fd >= 0)
		return 0;
	if (marks_of_step(&marks, p->s, p->w, p->path, p->tree, err) < 0)
		return -1;
	if (marks.nr_tags)
		marks_open_hidden(&marks, p->w, p->path, p->tree);
	rc = mark_file_make(&marks, p->tree, p->w, p->s, err);
	marks_release(&marks);
	if (rc < 0 || mark_file_open(&p->file, p->w, p->s->nr, err) < 0)
		return -1;
	hold_release(&p->hold);	/* what an old marks.N.hold said is void */
	return hold_open(&p->hold, p->s, p->w, err);
}

static int make_copies(struct repair *p, struct err *err)
{
	struct mark_hold *h = &p->hold;

	if (!p->file.head.shared)
		return 0;
	if (!h->complete && (hold_begin(h, p->s, p->w, err) < 0 ||
			     marks_share(p->tree, h, &p->file, p->w, err) < 0 ||
			     hold_complete(h, p->w, p->s->nr, err) < 0))
		return -1;
	if (h->fd < 0)
		return fail_code(err, ERR_FOREIGN, "'%s' with the originals of shared files is gone",
				 show(h->path));
	return hold_list(h, err);
}

/* Each part of the record in turn. */
typedef int part_fn(struct repair *p, const struct mark_index *x, struct err *err);

static int each_part(struct repair *p, part_fn *one, struct err *err)
{
	unsigned parts = mark_parts(&p->file);
	int rc = 0;

	for (unsigned part = 0; part < parts && rc == 0; part++) {
		struct mark_index x;

		rc = mark_index_load(&x, &p->file, part, err);
		if (rc == 0)
			rc = one(p, &x, err);
		mark_index_release(&x);
	}
	return rc;
}

static int act_part(struct repair *p, const struct mark_index *x, struct err *err)
{
	bool last = x->part + 1 == x->parts;

	return marks_act(p->tree, &p->hold, x, p->w, last ? &p->print : NULL, err);
}

static int freeze_part(struct repair *p, const struct mark_index *x, struct err *err)
{
	return hold_freeze(&p->hold, x, err);
}

static int relock_part(struct repair *p, const struct mark_index *x, struct err *err)
{
	return marks_relock(p->tree, &p->hold, x, p->w, err);
}

static int sync_tree(const struct repair *p, struct err *err)
{
	return sys_syncfs(p->tree) < 0 ?
	       fail_errno(err, "cannot write back '%s'", show(p->path)) : 0;
}

static int settle(struct repair *p, struct err *err)
{
	if (sync_tree(p, err) < 0)
		return -1;
	if (!p->file.head.shared)
		return 0;
	if (each_part(p, freeze_part, err) < 0 || hold_drop_copies(&p->hold, err) < 0)
		return -1;
	if (p->file.head.relocked && each_part(p, relock_part, err) < 0)
		return -1;
	return sync_tree(p, err);
}

/* Where the tree will stand when steps change names in it; the step is the one that moves it. */
static const char *area_of(const struct repair *p)
{
	const char *at = step_get(p->s, "at");

	for (size_t i = 0; i < p->w->nr_steps; i++) {
		const struct step *s = &p->w->steps[i];

		if (strcmp(s->kind->name, "rename") == 0 && strcmp(step_get(s, "from"), at) == 0)
			return step_get(s, "to");
	}
	return at;
}

/* The tree less what later steps will change in it. */
static int print_tree(const struct repair *p, struct hash128 *out, struct err *err)
{
	const struct touched t = { p->w->steps, p->w->nr_steps, area_of(p),
				   p->w->coarse, p->w->token };
	const struct root tree = { p->tree, step_get(p->s, "at") };

	*out = p->print;
	return touched_subtract(out, &t, &tree, err);
}

static int write_print(const struct repair *p, struct err *err)
{
	struct atomic_meta meta = { .mode = 0600, .uid = geteuid(), .gid = getegid() };
	const struct mark_head *h = &p->file.head;
	char name[MARK_NAME], hash[HASH_TEXT], text[160];
	const struct place at = { p->w->folder, mark_name(name, p->s->nr, ".print") };
	struct hash128 print;
	int len;

	if (print_tree(p, &print, err) < 0)
		return -1;
	hash_text(print, hash);
	len = snprintf(text, sizeof(text), "%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
		       hash, h->immutable, h->owners, h->thawed, h->shared);
	return atomic_write(&at, text, (size_t)len, &meta, true, err);
}

/* ---- backwards */

static int create_begin(const struct repair *p, bool complete, struct err *err)
{
	char name[MARK_NAME];
	const struct place at = { p->w->folder, mark_name(name, p->s->nr, ".back") };
	int CLEANUP_FD fd = sys_create(&at, 0600);

	if (fd < 0)
		return fail_errno(err, "cannot create '%s'", name);
	if (complete && write_all(fd, "complete\n", 9, err) < 0)
		return -1;
	return sys_fsync(fd) < 0 ? fail_errno(err, "cannot write '%s'", name) :
				   sync_dir(p->w->folder, err);
}

/*
 * When this undo was begun first; on the disk before its first change. 0: the repair was
 * never complete, so no container can have changed anything. marks.N.print goes in
 * the same moment: from here on the way forward begins at the start.
 */
static int note_begin(const struct repair *p, uint64_t *began, struct err *err)
{
	bool complete = is_complete(p->s, p->w);
	unsigned nr = p->s->nr;
	struct stat st;

	if (complete && mark_drop(p->w, nr, ".back", err) < 0)
		return -1;
	if ((complete || !mark_there(p->w, nr, ".back", NULL)) && create_begin(p, complete, err) < 0)
		return -1;
	if (complete && (mark_drop(p->w, nr, ".print", err) < 0 || sync_dir(p->w->folder, err) < 0))
		return -1;
	if (!mark_there(p->w, nr, ".back", &st))
		return fail_errno(err, "cannot look at 'marks.%u.back'", nr);
	*began = st.st_size ? mark_ns(st.st_mtim.tv_sec, (uint32_t)st.st_mtim.tv_nsec) : 0;
	return 0;
}

static int take_hold(struct repair *p, struct err *err)
{
	struct mark_hold *h = &p->hold;

	if (h->complete && h->fd < 0 && p->file.head.shared &&
	    !mark_there(p->w, p->s->nr, ".drop", NULL))
		work_kept(p->w, h->path, "held the originals of shared files, and has been removed "
			  "since: those files stay private, with their present owners");
	if (!h->complete && hold_drop_all(h, err) < 0)
		return -1;
	return hold_list(h, err) < 0 ? -1 : hold_thaw(h, err);
}

static int walk_back(struct repair *p, struct err *err)
{
	struct marks_back b = { .h = &p->hold, .w = p->w, .at = p->path };
	unsigned parts = mark_parts(&p->file);
	struct mark_record *again;
	int rc;

	if (note_begin(p, &b.began, err) < 0 || take_hold(p, err) < 0 ||
	    mark_load_steps(&p->file, &again, &b.nr_again, err) < 0)
		return -1;
	b.again = again;
	pthread_mutex_init(&b.lock, NULL);
	rc = 0;
	for (unsigned part = 0; part < parts && rc == 0; part++) {
		struct mark_index x;

		rc = mark_index_load(&x, &p->file, part, err);
		b.x = &x;
		if (rc == 0)
			rc = marks_take_back(p->tree, &b, err);
		mark_index_release(&x);
	}
	pthread_mutex_destroy(&b.lock);
	free(again);
	return rc < 0 ? -1 : sync_tree(p, err);
}

/* An original that lost its name here and was not frozen again: by its number, beside the tree. */
static int rescue_part(struct repair *p, const struct mark_index *x, struct err *err)
{
	return marks_rescue(p->hold.at.spot.at.dirfd, x, p->w, err);
}

/*
 * All names leave the folder; marks.N.drop stands for the moments between the last
 * name of an original and its lock.
 */
static int empty_hold(struct repair *p, struct err *err)
{
	char name[MARK_NAME];
	const struct place at = { p->w->folder, mark_name(name, p->s->nr, ".drop") };
	bool again = mark_there(p->w, p->s->nr, ".drop", NULL);
	int CLEANUP_FD fd = -1;

	if (!p->file.head.shared || !p->hold.at.parent)
		return 0;
	if (!again) {
		fd = sys_create(&at, 0600);
		if (fd < 0)
			return fail_errno(err, "cannot create '%s'", name);
		if (sync_dir(p->w->folder, err) < 0)
			return -1;
	}
	if (each_part(p, freeze_part, err) < 0 || hold_drop_all(&p->hold, err) < 0)
		return -1;
	if (again && each_part(p, rescue_part, err) < 0)
		return -1;
	return 0;
}

/* A folder that was made in the moment of a cut is not known to be ours, and empty. */
static int remove_hold(struct repair *p, struct err *err)
{
	const struct place *at = &p->hold.folder.at;

	if (p->hold.fd >= 0)
		return hold_remove(&p->hold, err);
	if (!p->file.head.shared || !p->hold.folder.there)
		return 0;
	if (sys_rmdir(at) == 0)
		return sync_dir(at->dirfd, err);
	if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
		return fail_errno(err, "cannot remove '%s'", show(p->hold.path));
	return 0;
}

/* The record goes last, in an order that a power cut keeps. */
static int drop_records(const struct repair *p, bool print, struct err *err)
{
	const struct work *w = p->w;
	unsigned nr = p->s->nr;

	if ((print && mark_drop(w, nr, ".print", err) < 0) || mark_drop(w, nr, ".hold", err) < 0 ||
	    mark_drop(w, nr, ".new", err) < 0 || sync_dir(w->folder, err) < 0)
		return -1;
	if (mark_drop(w, nr, ".drop", err) < 0 || mark_drop(w, nr, ".back", err) < 0)
		return -1;
	return mark_drop(w, nr, "", err);
}

static int take_back(struct repair *p, struct err *err)
{
	if (p->file.fd >= 0 && (open_tree(p, err) < 0 || walk_back(p, err) < 0 ||
				empty_hold(p, err) < 0 || sync_tree(p, err) < 0 ||
				remove_hold(p, err) < 0))
		return -1;
	if (drop_records(p, true, err) < 0)
		return -1;
	work_sync_later(p->w, p->w->folder);
	return 0;
}

static int marks_undo(const struct step *s, struct work *w, struct err *err)
{
	struct repair CLEANUP_REPAIR p = REPAIR_INIT;

	return repair_find(&p, s, w, err) < 0 ? -1 : take_back(&p, err);
}

/* An undo that was cut is first brought to its end: half of its way back has no way on. */
static int end_undo(const struct step *s, struct work *w, struct err *err)
{
	if (!mark_there(w, s->nr, ".back", NULL))
		return 0;
	return marks_undo(s, w, err) < 0 ? -1 : sync_dir(w->folder, err);
}

static int marks_apply(const struct step *s, struct work *w, struct err *err)
{
	struct repair CLEANUP_REPAIR p = REPAIR_INIT;

	if (end_undo(s, w, err) < 0)
		return -1;
	if (is_complete(s, w))
		return 0;
	if (repair_find(&p, s, w, err) < 0 || open_tree(&p, err) < 0)
		return -1;
	if (make_record(&p, err) < 0 || make_copies(&p, err) < 0 ||
	    each_part(&p, act_part, err) < 0 || settle(&p, err) < 0)
		return -1;
	return write_print(&p, err);
}

struct held {
	struct work *w;
	struct timespec since;		/* the repair was complete */
	struct loss loss;
	uint64_t late;
	char first[300];
};

/* Originals whose last name this is; and nothing that is no original. */
static int look_at_held(void *ctx, const struct mark_hold *h, const struct hold_name *name,
			struct err *err)
{
	struct held *l = ctx;
	struct stat st;
	char path[600];

	if (!name->original)
		return fail_code(err, ERR_FOREIGN, "'%s/%s' is not ours: see what it is, and move it away",
				 show(h->path), show(name->text));
	if (below_stat(h->fd, name->text, &st) < 0)
		return fail_errno(err, "cannot look at '%s/%s'", show(h->path), show(name->text));
	l->loss.names++;
	if (st.st_nlink > 1)
		return 0;
	l->loss.bytes += (uint64_t)st.st_blocks * 512;
	if (st.st_mtim.tv_sec < l->since.tv_sec || (st.st_mtim.tv_sec == l->since.tv_sec &&
						    st.st_mtim.tv_nsec <= l->since.tv_nsec))
		return 0;
	snprintf(path, sizeof(path), "%s/%s", h->path, name->text);
	if (!l->late++)
		snprintf(l->first, sizeof(l->first), "%s", show(path));
	work_late(l->w, path, "newer than the repair: content");
	return 0;
}

static int marks_may_finish(const struct step *s, struct work *w, struct err *err)
{
	struct repair CLEANUP_REPAIR p = REPAIR_INIT;
	struct held l = { .w = w };
	struct stat st;

	if (w->source == SOURCE_STAYS)
		return 0;
	if (repair_find(&p, s, w, err) < 0)
		return -1;
	if (p.file.fd < 0 || p.hold.fd < 0)
		return 0;
	l.since = mark_there(w, s->nr, ".print", &st) ? st.st_mtim :
		  (struct timespec){ sizeof(time_t) == 8 ? INT64_MAX : INT32_MAX, 0 };
	l.loss.path = p.hold.path;
	if (hold_each(&p.hold, look_at_held, &l, err) < 0)
		return -1;
	work_loss(w, l.loss);
	if (!l.late || w->source == SOURCE_GOES_ALL)
		return 0;
	return fail_code(err, ERR_FOREIGN, "%" PRIu64 " original%s of shared files, put aside in '%s', "
			 "changed since: '%s'; --keep-source leaves them there, --discard-changes gives "
			 "them up", l.late, l.late == 1 ? "" : "s", show(p.hold.path), l.first);
}

static int marks_finish(const struct step *s, struct work *w, struct err *err)
{
	struct repair CLEANUP_REPAIR p = REPAIR_INIT;

	if (repair_find(&p, s, w, err) < 0)
		return -1;
	if (w->source == SOURCE_STAYS && p.hold.fd >= 0)
		work_kept(w, p.hold.path, "originals of shared files stay, as --keep-source asks");
	else if (p.file.fd >= 0 && (empty_hold(&p, err) < 0 || remove_hold(&p, err) < 0))
		return -1;
	if (drop_records(&p, false, err) < 0)
		return -1;
	work_sync_later(w, w->folder);
	return 0;
}

static void repair_describe(const struct step *s, char *mark, const char **word,
			    struct buf *rest)
{
	const char *tags = step_get(s, "tags"), *immutable = step_get(s, "immutable");
	const char *shared = step_get(s, "shared"), *sep = ": ";

	*mark = '~';
	*word = "repair";
	buf_addf(rest, "%s", show(step_get(s, "at")));
	if (tags) {
		buf_addf(rest, "%sowners (%s, tag%s %s)", sep, step_get(s, "tagging"),
			 strchr(tags, ',') ? "s" : "", show(tags));
		sep = ", ";
	}
	if (immutable && strcmp(immutable, immutable_word(IMMUTABLE_KEEP)) != 0) {
		buf_addf(rest, "%s%s", sep, strcmp(immutable, immutable_word(IMMUTABLE_FILES)) == 0 ?
			 "immutable files -> writable" : "unified files -> writable");
		sep = ", ";
	}
	if (shared && strcmp(shared, shared_word(SHARED_LEAVE)) != 0)
		buf_addf(rest, "%sshared inodes -> private%s", sep,
			 strcmp(shared, shared_word(SHARED_BREAK)) == 0 ? "" : " (read-only ones stay)");
}

static const struct arg marks_args[] = {
	{ .name = "at", .type = ARG_PATH },
	{ .name = "id", .type = ARG_ID },
	{ .name = "hold", .type = ARG_PATH, .optional = true },
	MARKS_ARGS,
	{ .name = NULL },
};

const struct kind kind_marks = {
	.name = "marks",
	.args = marks_args,
	.alone = true,
	.guard = marks_guard,
	.apply = marks_apply,
	.undo = marks_undo,
	.may_finish = marks_may_finish,
	.finish = marks_finish,
	.describe = repair_describe,
};
