/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images of files in the journal's folder.
 *
 *	before/N	content		written and synced first
 *	before/N.meta	the rest	written and synced last: the pair is whole
 *	kept/N		what somebody made of a file that undo takes back
 *
 * Dying before N.meta stands: the file itself has not been touched, the image is
 * made again. A whole image is never made again: flags may be lifted by then.
 */
#include "step/saved.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/hash.h"
#include "base/words.h"
#include "step/kinds.h"

static const struct atomic_meta private_file = { .mode = 0600 };

struct folder_place {
	struct place at;
	char name[32];
};
#define CLEANUP_FOLDER __attribute__((cleanup(folder_release)))

static void folder_release(struct folder_place *p)
{
	close_fd(&p->at.dirfd);
}

/* "before/7.meta": the subfolder, opened, and the name in it. */
static int folder_place(struct folder_place *p, const struct work *w, const char *dir,
			unsigned nr, const char *suffix)
{
	struct root folder = { w->folder, "" };
	struct err absent;

	snprintf(p->name, sizeof(p->name), "%u%s", nr, suffix);
	p->at.name = p->name;
	p->at.dirfd = strict_opendir(&folder, dir, &absent);
	return p->at.dirfd < 0 ? -1 : 0;
}

static int put(const struct work *w, unsigned nr, const char *suffix, const struct buf *bytes,
	       struct err *err)
{
	struct folder_place CLEANUP_FOLDER p;
	struct atomic_meta meta = private_file;

	meta.uid = geteuid();
	meta.gid = getegid();
	if (folder_place(&p, w, "before", nr, suffix) < 0)
		return fail_errno(err, "cannot open the folder of before-images");
	return atomic_write(&p.at, bytes->data, bytes->len, &meta, true, err);
}

static void print_meta(struct buf *out, const struct file_image *image)
{
	const struct file_meta *m = &image->meta;
	char hash[HASH_TEXT];

	hash_text(hash_bytes(image->content.data, image->content.len), hash);
	words_bare(out, "file");
	words_pairf(out, "mode", "%04o", (unsigned)m->mode);
	words_pairf(out, "uid", "%u", (unsigned)m->uid);
	words_pairf(out, "gid", "%u", (unsigned)m->gid);
	words_pairf(out, "sec", "%lld", (long long)m->mtime.tv_sec);
	words_pairf(out, "nsec", "%ld", m->mtime.tv_nsec);
	words_pairf(out, "flags", "%u", m->flags);
	words_pair(out, "hash", hash);
	buf_addch(out, '\n');
	for (size_t i = 0; i < m->nr_xattrs; i++) {
		words_bare(out, "xattr");
		words_pair(out, "name", m->xattr[i].name);
		buf_adds(out, " value=");
		for (size_t k = 0; k < m->xattr[i].len; k++)
			buf_addf(out, "%02x", (unsigned char)m->xattr[i].value[k]);
		buf_addch(out, '\n');
	}
}

int saved_write(const struct work *w, unsigned nr, const struct file_image *image,
		struct err *err)
{
	struct folder_place CLEANUP_FOLDER p;
	struct buf CLEANUP_BUF text = BUF_INIT;
	struct stat st;

	if (folder_place(&p, w, "before", nr, ".meta") == 0 &&
	    below_stat(p.at.dirfd, p.name, &st) == 0)
		return 0;
	print_meta(&text, image);
	if (put(w, nr, "", &image->content, err) < 0 || put(w, nr, ".meta", &text, err) < 0) {
		err_add(err, "before-image %u", nr);
		return -1;
	}
	return 0;
}

static bool unhex(struct file_xattr *x, const char *text, struct pool *pool)
{
	size_t len = strlen(text);
	char *out = pool_alloc(pool, len / 2 + 1), pair[3] = "";

	for (size_t i = 0; i + 1 < len; i += 2) {
		char *end;

		pair[0] = text[i];
		pair[1] = text[i + 1];
		out[i / 2] = (char)strtoul(pair, &end, 16);
		if (*end)
			return false;
	}
	x->value = out;
	x->len = len / 2;
	return len % 2 == 0;
}

static long long number(const struct words *w, const char *key)
{
	const char *text = words_get(w, key);

	return text ? strtoll(text, NULL, 10) : 0;
}

/* One line of N.meta. */
static int take_line(struct file_image *out, const char *line, char hash[HASH_TEXT],
		     struct pool *pool, struct err *err)
{
	struct file_meta *m = &out->meta;
	struct words w;
	int rc = 0;

	if (words_parse(&w, line, err) < 0)
		return -1;
	if (words_get(&w, "hash") && words_get(&w, "mode")) {
		snprintf(hash, HASH_TEXT, "%s", words_get(&w, "hash"));
		m->mode = (mode_t)strtoul(words_get(&w, "mode"), NULL, 8);
		m->uid = (uid_t)number(&w, "uid");
		m->gid = (gid_t)number(&w, "gid");
		m->has_mtime = true;
		m->mtime.tv_sec = (time_t)number(&w, "sec");
		m->mtime.tv_nsec = (long)number(&w, "nsec");
		m->has_flags = true;
		m->flags = (uint32_t)number(&w, "flags");
	} else if (words_get(&w, "name") && words_get(&w, "value")) {
		struct file_xattr *x = pool_grow(pool, &m->xattr, &m->nr_xattrs, &m->cap_xattrs,
						 sizeof(*x));

		x->name = pool_strdup(pool, words_get(&w, "name"));
		if (!unhex(x, words_get(&w, "value"), pool))
			rc = fail(err, "malformed attribute");
	} else {
		rc = fail(err, "unknown line '%s'", show(line));
	}
	words_release(&w);
	return rc;
}

static int take_meta(struct file_image *out, char *text, char hash[HASH_TEXT],
		     struct pool *pool, struct err *err)
{
	char *save = NULL;

	for (char *line = text; *line; line = save) {
		save = line + strcspn(line, "\n");
		if (*save)
			*save++ = '\0';
		if (take_line(out, line, hash, pool, err) < 0)
			return -1;
	}
	return 0;
}

int saved_read(struct file_image *out, bool *there, const struct work *w, unsigned nr,
	       struct err *err)
{
	struct root folder = { w->folder, "" };
	struct buf CLEANUP_BUF text = BUF_INIT;
	char path[48], hash[HASH_TEXT] = "", now[HASH_TEXT];

	*there = false;
	snprintf(path, sizeof(path), "before/%u.meta", nr);
	if (root_read(&folder, path, 1 << 20, &text, err) < 0) {
		if (!err_is_absent(err))
			return -1;
		err_clear(err);
		return 0;
	}
	*strrchr(path, '.') = '\0';
	if (root_read(&folder, path, FILE_MAX_BYTES, &out->content, err) < 0 ||
	    take_meta(out, text.data, hash, w->pool, err) < 0) {
		err_add(err, "before-image %u", nr);
		return -1;
	}
	hash_text(hash_bytes(out->content.data, out->content.len), now);
	if (strcmp(hash, now) != 0)
		return fail(err, "before-image %u is damaged", nr);
	*there = true;
	return 0;
}

int saved_drop(const struct work *w, unsigned nr, struct err *err)
{
	static const char *const suffix[] = { ".meta", "" };

	for (unsigned i = 0; i < 2; i++) {
		struct folder_place CLEANUP_FOLDER p;

		if (folder_place(&p, w, "before", nr, suffix[i]) == 0 &&
		    sys_unlink(&p.at) < 0 && errno != ENOENT)
			return fail_errno(err, "cannot remove before-image %u", nr);
	}
	return 0;
}

static int pour(int to, int from, struct err *err)
{
	char bytes[16 * 1024];
	ssize_t got;

	while ((got = read(from, bytes, sizeof(bytes))) != 0) {
		if (got < 0 && errno != EINTR)
			return fail_errno(err, "cannot read");
		if (got > 0 && write_all(to, bytes, (size_t)got, err) < 0)
			return -1;
	}
	return sys_fsync(to) < 0 ? fail_errno(err, "cannot sync") : 0;
}

int kept_write(const struct work *w, unsigned nr, const struct place *from,
	       const struct stat *st, struct err *err)
{
	struct folder_place CLEANUP_FOLDER p;
	int CLEANUP_FD in = below_open(from->dirfd, from->name, st);
	int CLEANUP_FD out = -1;

	if (in < 0)
		return fail_errno(err, "cannot open '%s'", show(from->name));
	if (folder_place(&p, w, "kept", nr, "") < 0)
		return fail_errno(err, "cannot open the folder of kept files");
	if (sys_unlink(&p.at) < 0 && errno != ENOENT)
		return fail_errno(err, "cannot replace kept file %u", nr);
	out = sys_create(&p.at, 0600);
	if (out < 0)
		return fail_errno(err, "cannot create kept file %u", nr);
	if (pour(out, in, err) < 0) {
		err_add(err, "kept file %u", nr);
		return -1;
	}
	return sync_dir(p.at.dirfd, err);
}

bool kept_there(const struct work *w, unsigned nr)
{
	struct folder_place CLEANUP_FOLDER p;
	struct stat st;

	return folder_place(&p, w, "kept", nr, "") == 0 &&
	       below_stat(p.at.dirfd, p.name, &st) == 0;
}
