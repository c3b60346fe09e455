/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The holding folder: originals and copies of shared inodes, as links, on the file
 * system of the tree.
 *
 *	HOLD         made; "ID CHECK" into marks.N.hold, synced
 *	HOLD/...     copies and links to originals; all synced
 *	HOLD         "ID held CHECK" into marks.N.hold, synced: names may be replaced now
 *
 * HOLD is ".NAME.vs2vz-TOKEN-held" beside the tree NAME (beside.h). What marks.N.hold does
 * not name was not made here, is passed by and not touched; without a record an empty
 * directory of that name is what a cut left. One that is not complete is emptied and filled
 * again: no name was replaced yet.
 *
 * Nobody may link to, rename or unlink a frozen inode, so an original's locks are
 * lifted while that happens. Originals have other names in other guests; there they
 * must be frozen again. Removing the last name that we know of an original is
 * therefore the one place that a record cannot bring to its end: marks.N.drop says that
 * it may have happened, and kind_marks.c then looks for such originals by number.
 */
#include "step/marks_inside.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "step/saved.h"
#include "step/source.h"
#include "step/treeutil.h"

#define HELD " held"
#define CHECK_LEN 10		/* a space, 8 hex digits, a newline */

/* Does the line end with the check of what stands before it? */
static bool is_checked(const struct buf *text)
{
	size_t len = text->len < CHECK_LEN ? 0 : text->len - CHECK_LEN;
	char check[CHECK_LEN + 1];

	snprintf(check, sizeof(check), " %08x\n", hash_check(text->data, len));
	return len && strcmp(text->data + len, check) == 0;
}

static int read_evidence(struct mark_hold *h, const struct work *w, unsigned nr, struct err *err)
{
	const struct root folder = { w->folder, "" };
	struct buf CLEANUP_BUF text = BUF_INIT;
	char name[MARK_NAME], *word;

	if (root_read(&folder, mark_name(name, nr, ".hold"), 256, &text, err) < 0) {
		if (!err_is_absent(err))
			return -1;
		err_clear(err);
		return 0;
	}
	if (!is_checked(&text))
		return fail(err, "record '%s' is damaged", name);
	text.data[text.len - CHECK_LEN] = '\0';
	word = text.data + strcspn(text.data, " ");
	h->complete = strcmp(word, HELD) == 0;
	*word = '\0';
	return identity_parse(&h->made, text.data) && h->made.inode ? 0 :
	       fail(err, "record '%s' is damaged", name);
}

static int write_evidence(const struct mark_hold *h, const struct work *w, unsigned nr,
			  struct err *err)
{
	struct atomic_meta meta = { .mode = 0600, .uid = geteuid(), .gid = getegid() };
	char name[MARK_NAME], id[IDENTITY_TEXT], text[IDENTITY_TEXT + 32];
	const struct place at = { w->folder, mark_name(name, nr, ".hold") };
	int len = snprintf(text, sizeof(text), "%s%s", identity_text(&h->made, id),
			   h->complete ? HELD : "");

	len += snprintf(text + len, sizeof(text) - (size_t)len, " %08x\n",
			hash_check(text, (size_t)len));
	return atomic_write(&at, text, (size_t)len, &meta, true, err);
}

static int is_hold(const struct place *at, const struct stat *st, void *ctx, struct err *err)
{
	const struct mark_hold *h = ctx;
	int CLEANUP_FD fd = -1;

	if (!S_ISDIR(st->st_mode) || h->made.inode)
		return S_ISDIR(st->st_mode) ? made_is(&h->made, at, st, err) : 0;
	fd = below_open(at->dirfd, at->name, st);
	return fd < 0 ? fail_errno(err, "cannot open '%s'", show(at->name)) : dir_is_empty(fd, err);
}

static int open_folder(struct mark_hold *h, struct err *err)
{
	h->fd = below_open(h->folder.at.dirfd, h->folder.at.name, &h->folder.st);
	return h->fd < 0 ? fail_errno(err, "cannot open '%s'", show(h->path)) : 0;
}

int hold_open(struct mark_hold *h, const struct step *s, const struct work *w, struct err *err)
{
	struct beside_search search = {
		.token = w->token, .word = BESIDE_HELD, .ours = is_hold, .ctx = h,
	};
	struct place tree;

	*h = (struct mark_hold){ .at = FOUND_INIT, .fd = -1, .path = step_get(s, "hold") };
	if (!h->path)
		return 0;
	if (step_find(&h->at, s, "hold", w, err) < 0 || read_evidence(h, w, s->nr, err) < 0)
		return -1;
	if (!h->at.parent)
		return 0;
	tree = (struct place){ h->at.spot.at.dirfd, strrchr(step_get(s, "at"), '/') + 1 };
	if (names_least(&search.least, w, s->nr, err) < 0 ||
	    beside_find(&h->folder, &tree, &search, err) < 0)
		return -1;
	h->path = pool_printf(w->pool, "%.*s/%s", (int)(strrchr(h->path, '/') - h->path), h->path,
			      h->folder.name);
	h->ours = h->folder.there && h->made.inode;
	return h->ours ? open_folder(h, err) : 0;
}

int marks_hold_path(const struct step *s, const struct work *w, const char **out, struct err *err)
{
	struct mark_hold h;
	int rc = hold_open(&h, s, w, err);

	*out = rc == 0 && h.ours ? h.path : NULL;
	hold_release(&h);
	return rc;
}

void hold_release(struct mark_hold *h)
{
	close_fd(&h->fd);
	found_release(&h->at);
	links_free(h->of_original);
	links_free(h->of_copy);
}

int hold_begin(struct mark_hold *h, const struct step *s, const struct work *w, struct err *err)
{
	const struct place *at = &h->folder.at;

	if (!h->path)
		return fail(err, "the plan names no folder to hold shared inodes");
	if (h->ours)
		return hold_drop_all(h, err);
	if (!h->at.parent)
		return fail_code(err, ENOENT, "the directory above '%s' is missing", show(h->path));
	if (names_note(w, s->nr, h->folder.nr, err) < 0)
		return -1;
	if (!h->folder.there && sys_mkdir(at, 0700) < 0)
		return fail_errno(err, "cannot make '%s'", show(h->path));
	if (below_stat(at->dirfd, at->name, &h->folder.st) < 0)
		return fail_errno(err, "cannot look at '%s'", show(h->path));
	h->folder.there = true;
	if (open_folder(h, err) < 0 || identity_of_fd(&h->made, h->fd, err) < 0 ||
	    sync_dir(at->dirfd, err) < 0)
		return -1;
	h->ours = true;
	h->complete = false;
	return write_evidence(h, w, s->nr, err);
}

int hold_complete(struct mark_hold *h, const struct work *w, unsigned nr, struct err *err)
{
	if (sys_syncfs(h->fd) < 0)
		return fail_errno(err, "cannot write back the copies of shared inodes");
	h->complete = true;
	return write_evidence(h, w, nr, err);
}

const char *hold_pair(char text[static HOLD_TEXT], uint64_t original, uint64_t copy)
{
	snprintf(text, HOLD_TEXT, "%" PRIx64 "-%" PRIx64, original, copy);
	return text;
}

const char *hold_one(char text[static HOLD_TEXT], uint64_t copy)
{
	snprintf(text, HOLD_TEXT, "%" PRIx64, copy);
	return text;
}

static struct hold_name parse_name(const char *text)
{
	struct hold_name name = { .text = text };
	char *rest;

	name.original = strtoull(text, &rest, 16);
	name.copy = *rest == '-' ? strtoull(rest + 1, &rest, 16) : 0;
	if (*rest || !name.copy)
		name.original = name.copy = 0;
	return name;
}

int hold_each(const struct mark_hold *h, hold_each_fn *one, void *ctx, struct err *err)
{
	DIR *list = fdopendir(dup(h->fd));
	struct dirent *d;
	int rc = 0;

	if (!list)
		return fail_errno(err, "cannot read '%s'", show(h->path));
	rewinddir(list);
	while (rc == 0 && (errno = 0, d = readdir(list))) {
		const struct hold_name name = parse_name(d->d_name);

		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		rc = one(ctx, h, &name, err);
	}
	if (rc == 0 && errno)
		rc = fail_errno(err, "cannot read '%s'", show(h->path));
	closedir(list);
	return rc;
}

static int hold_fail(const struct mark_hold *h, const char *name, const char *what,
		     struct err *err)
{
	return fail_errno(err, "%s '%s/%s'", what, show(h->path), show(name));
}

static void pair(struct links *links, uint64_t key, uint64_t other)
{
	links_hold(links, key)->value = other;
	links_let_go(links, key);
}

static int list_one(void *ctx, const struct mark_hold *h, const struct hold_name *name,
		     struct err *err)
{
	(void)ctx;
	(void)err;
	if (name->original) {
		pair(h->of_original, name->original, name->copy);
		pair(h->of_copy, name->copy, name->original);
	}
	return 0;
}

int hold_list(struct mark_hold *h, struct err *err)
{
	h->of_original = links_new();
	h->of_copy = links_new();
	return h->fd < 0 ? 0 : hold_each(h, list_one, NULL, err);
}

uint64_t hold_copy_of(const struct mark_hold *h, uint64_t original)
{
	return h->of_original ? links_value(h->of_original, original) : 0;
}

uint64_t hold_original_of(const struct mark_hold *h, uint64_t copy)
{
	return h->of_copy ? links_value(h->of_copy, copy) : 0;
}

int hold_replace(const struct mark_hold *h, const char *name, unsigned thread,
		 const struct place *at)
{
	char text[HOLD_TEXT];
	const struct place from = { h->fd, name }, next = { h->fd, text };

	snprintf(text, sizeof(text), "t.%u", thread);
	if (sys_link(&from, &next) < 0 &&
	    (errno != EEXIST || sys_unlink(&next) < 0 || sys_link(&from, &next) < 0)) {
		if (errno == ENOENT)	/* of ours, and not of the tree */
			errno = ESTALE;
		return -1;
	}
	if (sys_rename(&next, at) == 0)
		return 0;
	if ((errno != EPERM && errno != EACCES) || lift_locks(at->dirfd) < 0)
		return -1;
	return sys_rename(&next, at);
}

static int thaw_one(void *ctx, const struct mark_hold *h, const struct hold_name *name,
		     struct err *err)
{
	struct stat st;

	(void)ctx;
	if (name->original && (below_stat(h->fd, name->text, &st) < 0 ||
			       lift_locks_at(h->fd, name->text, &st) < 0))
		return hold_fail(h, name->text, "cannot unlock", err);
	return 0;
}

int hold_thaw(const struct mark_hold *h, struct err *err)
{
	return h->fd < 0 ? 0 : hold_each(h, thaw_one, NULL, err);
}

static int freeze_one(void *ctx, const struct mark_hold *h, const struct hold_name *name,
		     struct err *err)
{
	const struct mark_index *x = ctx;
	const struct bearer of = { -1, { h->fd, name->text } };
	struct mark_record r;
	struct meta meta;
	int found = name->original ? mark_find(x, name->original, MARK_INODE, &r) : 0;

	if (found == 0 || (found > 0 && !(r.what & MARK_LOCKED)))
		return 0;
	if (found < 0 || meta_at(&meta, h->fd, name->text) < 0)
		return hold_fail(h, name->text, "cannot look at", err);
	if (mark_settle(&of, &meta, &(struct mark_want){ .uid = meta.st.st_uid,
							 .gid = meta.st.st_gid,
							 .locks = r.flags }) < 0)
		return hold_fail(h, name->text, "cannot make immutable again", err);
	return 0;
}

int hold_freeze(const struct mark_hold *h, const struct mark_index *x, struct err *err)
{
	return h->fd < 0 ? 0 : hold_each(h, freeze_one, (void *)x, err);
}

struct dropping {
	bool copies;		/* nothing but their links */
	uint64_t dropped;
};

static int drop_one(void *ctx, const struct mark_hold *h, const struct hold_name *name,
		     struct err *err)
{
	struct dropping *d = ctx;
	struct meta meta;

	if (d->copies && name->original)
		return 0;
	if (meta_at(&meta, h->fd, name->text) < 0 || unlink_locked(h->fd, name->text, &meta) < 0)
		return hold_fail(h, name->text, "cannot remove", err);
	d->dropped++;
	return 0;
}

/* Again while names go: reading meanwhile may have skipped some. */
static int drop(const struct mark_hold *h, bool copies, struct err *err)
{
	struct dropping d;

	do {
		d = (struct dropping){ .copies = copies };
		if (hold_each(h, drop_one, &d, err) < 0)
			return -1;
	} while (d.dropped);
	return 0;
}

int hold_drop_copies(const struct mark_hold *h, struct err *err)
{
	return h->fd < 0 ? 0 : drop(h, true, err);
}

int hold_drop_all(const struct mark_hold *h, struct err *err)
{
	return h->fd < 0 ? 0 : drop(h, false, err);
}

int hold_remove(struct mark_hold *h, struct err *err)
{
	if (h->fd < 0)
		return 0;
	close_fd(&h->fd);
	if (sys_rmdir(&h->folder.at) < 0)
		return fail_errno(err, "cannot remove '%s'", show(h->path));
	return sync_dir(h->folder.at.dirfd, err);
}
