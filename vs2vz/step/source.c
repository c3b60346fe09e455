/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record of what was made is on the disk before anything is put into it, and goes
 * when all of it is gone: without it nothing is ours.
 */
#include "step/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/hash.h"
#include "model/finding_ids.h"
#include "step/manifest.h"
#include "step/mounted.h"

static const char *made_name(const struct step *s, char name[static 32])
{
	snprintf(name, 32, "%s.%u", s->kind->name, s->nr);
	return name;
}

int made_read(struct identity *made, const struct step *s, const struct work *w, struct err *err)
{
	struct root folder = { w->folder, "" };
	struct buf CLEANUP_BUF text = BUF_INIT;
	char name[32], check[16];
	char *sum;

	*made = (struct identity){ .inode = 0 };
	if (root_read(&folder, made_name(s, name), 256, &text, err) < 0) {
		if (!err_is_absent(err))
			return -1;
		err_clear(err);
		return 0;
	}
	text.data[strcspn(text.data, "\n")] = '\0';
	sum = strrchr(text.data, ' ');
	if (sum)
		*sum++ = '\0';
	snprintf(check, sizeof(check), "%08x", hash_check(text.data, strlen(text.data)));
	if (!sum || strcmp(sum, check) != 0 || !identity_parse(made, text.data) || !made->inode)
		return fail_code(err, VS_JOURNAL_DAMAGED, "the record '%s' is damaged", name);
	return 0;
}

int made_write(const struct step *s, const struct work *w, int fd, struct err *err)
{
	struct atomic_meta meta = { .mode = 0600, .uid = geteuid(), .gid = getegid() };
	char name[32], id[IDENTITY_TEXT], text[IDENTITY_TEXT + 16];
	struct place at = { w->folder, made_name(s, name) };
	struct identity made;
	int len;

	if (identity_of_fd(&made, fd, err) < 0)
		return -1;
	identity_text(&made, id);
	len = snprintf(text, sizeof(text), "%s %08x\n", id, hash_check(id, strlen(id)));
	return atomic_write(&at, text, (size_t)len, &meta, true, err);
}

int made_is(const struct identity *made, const struct place *at, const struct stat *st,
	    struct err *err)
{
	char unsaid[IDENTITY_WHY];
	struct identity now;

	if (!made->inode || made->inode != st->st_ino)
		return 0;
	if (identity_at(&now, at->dirfd, at->name, st, err) < 0)
		return -1;
	return identity_same(made, &now, unsaid);
}

int made_drop(const struct step *s, const struct work *w, struct err *err)
{
	char name[32];
	struct place record = { w->folder, made_name(s, name) };
	struct place sums = { w->folder, "sums" };
	char copy[MANIFEST_NAME];
	struct place manifest = { w->folder, manifest_name(copy, s->nr, true) };

	if (sys_unlink(&manifest) < 0 && errno != ENOENT)
		return fail_errno(err, "cannot remove the record '%s'", copy);
	if ((sys_unlink(&sums) < 0 && errno != ENOENT) ||
	    (sys_unlink(&record) < 0 && errno != ENOENT))
		return fail_errno(err, "cannot remove the record '%s'", name);
	return 0;
}

int sums_open(const struct work *w, struct err *err)
{
	struct place at = { w->folder, "sums" };
	int fd;

	if (sys_unlink(&at) < 0 && errno != ENOENT)
		return fail_errno(err, "cannot remove the old '%s'", at.name);
	fd = sys_create(&at, 0600);
	return fd < 0 ? fail_errno(err, "cannot create '%s'", at.name) : fd;
}

int source_verify(int from, int to, int sums, const struct tree_options *opt,
		  const struct step *s, const struct work *w, struct err *err)
{
	char name[MANIFEST_NAME];
	const struct place at = { w->folder, manifest_name(name, s->nr, true) };
	struct tree_options how = *opt;
	struct tree_counts counts = { 0 };
	struct stat root;
	int rc;

	how.manifest = manifest_begin(&at, err);
	if (!how.manifest)
		return -1;
	rc = tree_verify(from, to, sums, &how, &counts, err);
	if (rc == 0 && fstat(to, &root) < 0)
		rc = fail_errno(err, "cannot read the metadata of the copy");
	if (rc == 0)
		return manifest_end(how.manifest, &root, true, err);
	manifest_drop(how.manifest);
	return -1;
}

void source_release(struct source *src)
{
	close_fd(&src->fd);
	marks_release(&src->marks);
}

/* fd: as it was opened, -1: it was not. path: where it stands now. */
static int take(struct source *src, const struct step *s, const struct work *w,
		const char *path, struct err *err)
{
	src->opt.threads = w->threads;
	src->opt.token = w->token;
	src->opt.coarse = w->coarse;
	if (src->fd < 0 || marks_of_step(&src->marks, s, w, path, src->fd, err) < 0)
		return -1;
	src->opt.marks = marks_any(&src->marks) ? &src->marks : NULL;
	return 0;
}

/* The root of the file system on a volume. */
static int take_volume(struct source *src, const struct step *s, const struct work *w,
		       enum volume_open how, struct err *err)
{
	const char *from = step_get(s, "from");
	struct found CLEANUP_FOUND at = FOUND_INIT;

	if (spot_find(&at, w->root, from, err) < 0)
		return -1;
	for (size_t i = 0; i < w->nr_steps && !at.there; i++)	/* an image file that was retired */
		if (w->steps[i].kind == &kind_retire &&
		    strcmp(step_get(&w->steps[i], "from"), step_get(s, "from")) == 0)
			from = step_get(&w->steps[i], "to");
	from = volume_now(from, step_get(s, "volume"), w->pool);
	src->fd = mounted_open(w->root, from, step_get(s, "volume"), how, err);
	return take(src, s, w, from, err);
}

int source_open(struct source *src, const struct step *s, const struct work *w,
		struct err *err)
{
	const char *from = step_get(s, "from");
	struct found CLEANUP_FOUND at = FOUND_INIT;
	char why[IDENTITY_WHY] = "it is not there";
	int is;

	if (step_get(s, "volume"))
		return take_volume(src, s, w, VOLUME_READ, err);
	if (step_find(&at, s, "from", w, err) < 0)
		return -1;
	is = step_is(&at, s, why, err);
	if (is <= 0)
		return is < 0 ? -1 : fail_code(err, ERR_FOREIGN, "'%s' is not what was planned: %s",
					       show(from), why);
	src->fd = found_opendir(&at, from, err);
	return take(src, s, w, from, err);
}

int source_find(struct source *src, const struct step *s, const struct work *w,
		struct err *err)
{
	const char *from = step_get(s, "from"), *path = from;
	struct found CLEANUP_FOUND at = FOUND_INIT;
	char why[IDENTITY_WHY] = "it is not there";
	int is;

	if (step_get(s, "volume"))
		return take_volume(src, s, w, w->changed == CHANGED_BRING_BACK ? VOLUME_WRITE :
				   VOLUME_READ, err);
	if (spot_find(&at, w->root, from, err) < 0)
		return -1;
	is = step_is(&at, s, why, err);
	for (size_t i = 0; i < w->nr_steps && is == 0; i++) {
		const struct step *r = &w->steps[i];

		if (r->kind != &kind_retire || strcmp(step_get(r, "from"), from) != 0)
			continue;
		found_release(&at);
		if (step_find(&at, r, "to", w, err) < 0)
			return -1;
		path = step_get(r, "to");
		is = step_is(&at, s, why, err);
	}
	if (is <= 0)
		return is < 0 ? -1 : fail_code(err, ERR_FOREIGN, "the source '%s' is not at its place "
					       "'%s': %s", show(from), show(path), why);
	src->fd = found_opendir(&at, path, err);
	return take(src, s, w, path, err);
}
