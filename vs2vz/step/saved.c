/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What steps leave in the journal's folder.
 *
 *	before/N	the image: lines of metadata, "end", then the content as it is
 *	before/N.found	step N found its result there before it ran
 *	before/N.names	how many names step N has used beside its place, where not 1
 *	kept/N		what somebody made of a file that undo takes back
 *
 * An image is written once and flushed with its batch before the file is touched; its
 * "end" line and the hash of the content tell a whole image from one that a cut tore.
 * A whole image is never made again: flags may be lifted by then.
 */
#include "step/saved.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/hash.h"
#include "base/units.h"
#include "base/unseen.h"
#include "base/words.h"
#include "step/kinds.h"

struct folder_place {
	struct place at;
	char name[32];
};
#define FOLDER_INIT { .at = { -1, NULL } }
#define CLEANUP_FOLDER __attribute__((cleanup(folder_release)))

static void folder_release(struct folder_place *p)
{
	close_fd(&p->at.dirfd);
}

/* "before/7.meta": the subfolder, opened, and the name in it. */
static int folder_place(struct folder_place *p, const struct work *w, const char *dir,
			unsigned nr, const char *suffix, struct err *err)
{
	struct root folder = { w->folder, "" };

	snprintf(p->name, sizeof(p->name), "%u%s", nr, suffix);
	p->at.name = p->name;
	p->at.dirfd = strict_opendir(&folder, dir, err);
	return p->at.dirfd < 0 ? -1 : 0;
}

/* 0 and no error left where that is all: it is not there. */
static int unless_absent(struct err *err)
{
	if (!err_is_absent(err))
		return -1;
	err_clear(err);
	return 0;
}

/* 1: that file is there, 0: it is not, nor its folder. */
static int is_there(const struct work *w, const char *dir, unsigned nr, const char *suffix,
		    struct err *err)
{
	struct folder_place CLEANUP_FOLDER p = FOLDER_INIT;
	struct stat st;

	if (folder_place(&p, w, dir, nr, suffix, err) < 0)
		return unless_absent(err);
	if (below_stat(p.at.dirfd, p.name, &st) == 0)
		return 1;
	return errno == ENOENT ? 0 : fail_errno(err, "cannot look at '%s/%s'", dir, p.name);
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
	words_pairf(out, "inode", "%llu", (unsigned long long)image->inode);
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
	hash_text(hash_bytes(out->data, out->len), hash);
	buf_addf(out, "end hash=%s\n", hash);
}

/* The image that stands there, open to be flushed; *fd -1 where it is not whole, or another's. */
static int open_whole(int *fd, const struct work *w, const struct folder_place *p, unsigned nr,
		      uint64_t inode, struct err *err)
{
	struct file_image CLEANUP_IMAGE image = IMAGE_INIT;
	enum saved saved;
	struct stat st;

	*fd = -1;
	if (saved_read(&image, &saved, w, nr, err) < 0) {
		if (err_is_refusal(err))
			return -1;
		err_clear(err);
		return 0;
	}
	if (saved != SAVED_WHOLE || image.inode != inode)
		return 0;
	if (below_stat(p->at.dirfd, p->at.name, &st) == 0)
		*fd = below_open(p->at.dirfd, p->at.name, &st);
	return *fd < 0 ? fail_errno(err, "cannot open it") : 0;
}

static int write_image(const struct place *at, const struct file_image *image, struct err *err)
{
	struct buf CLEANUP_BUF text = BUF_INIT;
	int CLEANUP_FD fd = -1;
	int out;

	print_meta(&text, image);
	if (sys_unlink(at) < 0 && errno != ENOENT)
		return fail_errno(err, "cannot replace what a cut left");
	fd = sys_create(at, 0600);
	if (fd < 0)
		return fail_errno(err, "cannot create it");
	if (write_all(fd, text.data, text.len, err) < 0 ||
	    write_all(fd, image->content.data, image->content.len, err) < 0)
		return -1;
	out = fd;
	fd = -1;
	return out;
}

int saved_write(struct work *w, unsigned nr, const struct file_image *image, struct err *err)
{
	struct folder_place CLEANUP_FOLDER p = FOLDER_INIT;
	int CLEANUP_FD fd = -1;

	if (folder_place(&p, w, "before", nr, "", err) < 0)
		return -1;
	if (open_whole(&fd, w, &p, nr, image->inode, err) < 0 ||
	    (fd < 0 && (fd = write_image(&p.at, image, err)) < 0)) {
		err_add(err, "before-image %u", nr);
		return -1;
	}
	work_sync_later(w, fd);
	work_sync_later(w, p.at.dirfd);
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
		out->inode = (uint64_t)number(&w, "inode");
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

/* The lines before "end"; false where they are not all there. */
static bool split(char *text, size_t len, char **content)
{
	char *end = memmem(text, len, "\nend hash=", 10), hash[HASH_TEXT];

	if (!end)
		return false;
	end++;
	if ((size_t)(end - text) + 9 + 32 + 1 > len || end[9 + 32] != '\n')
		return false;
	hash_text(hash_bytes(text, (size_t)(end - text)), hash);
	*content = end + 9 + 32 + 1;
	*end = '\0';
	return memcmp(hash, end + 9, 32) == 0;
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

int saved_read(struct file_image *out, enum saved *saved, const struct work *w, unsigned nr,
	       struct err *err)
{
	struct root folder = { w->folder, "" };
	struct buf CLEANUP_BUF text = BUF_INIT;
	char path[48], hash[HASH_TEXT] = "", now[HASH_TEXT], *content;

	*saved = SAVED_NOT;
	snprintf(path, sizeof(path), "before/%u", nr);
	if (root_read(&folder, path, FILE_MAX_BYTES + (1 << 20), &text, err) < 0) {
		if (!err_is_absent(err))
			return -1;
		err_clear(err);
		return 0;
	}
	*saved = SAVED_TORN;
	if (!text.len || !split(text.data, text.len, &content))
		return 0;
	buf_add(&out->content, content, text.len - (size_t)(content - text.data));
	if (take_meta(out, text.data, hash, w->pool, err) < 0) {
		err_add(err, "before-image %u", nr);
		return -1;
	}
	hash_text(hash_bytes(out->content.data, out->content.len), now);
	if (strcmp(hash, now) == 0)
		*saved = SAVED_WHOLE;
	return 0;
}

static int drop(const struct work *w, unsigned nr, const char *suffix, struct err *err)
{
	struct folder_place CLEANUP_FOLDER p = FOLDER_INIT;

	if (folder_place(&p, w, "before", nr, suffix, err) < 0)
		return unless_absent(err);
	if (sys_unlink(&p.at) < 0 && errno != ENOENT)
		return fail_errno(err, "cannot remove before/%u%s", nr, suffix);
	return 0;
}

int saved_drop(const struct work *w, unsigned nr, struct err *err)
{
	return drop(w, nr, "", err);
}

#define FOUND_SUFFIX ".found"

int found_noted(const struct work *w, unsigned nr, struct err *err)
{
	return is_there(w, "before", nr, FOUND_SUFFIX, err);
}

int found_note(const struct work *w, unsigned nr, bool found, struct err *err)
{
	struct folder_place CLEANUP_FOLDER p = FOLDER_INIT;
	struct atomic_meta meta = { .mode = 0600, .uid = geteuid(), .gid = getegid() };

	int noted = found_noted(w, nr, err);

	if (noted < 0 || noted == found)
		return noted < 0 ? -1 : 0;
	if (!found)
		return drop(w, nr, FOUND_SUFFIX, err);
	if (folder_place(&p, w, "before", nr, FOUND_SUFFIX, err) < 0)
		return -1;
	return atomic_write(&p.at, "", 0, &meta, true, err);
}

#define NAMES_SUFFIX ".names"

int names_least(unsigned *least, const struct work *w, unsigned nr, struct err *err)
{
	struct root folder = { w->folder, "" };
	struct buf CLEANUP_BUF text = BUF_INIT;
	char path[48];
	uint64_t used;

	*least = 1;
	snprintf(path, sizeof(path), "before/%u" NAMES_SUFFIX, nr);
	if (root_read(&folder, path, 32, &text, err) < 0) {
		if (err_is_refusal(err))
			return -1;
		err_clear(err);
		return 0;
	}
	text.data[strcspn(text.data, "\n")] = '\0';
	if (parse_u64(text.data, UINT32_MAX, &used) && used)
		*least = (unsigned)used;
	return 0;
}

int names_note(const struct work *w, unsigned nr, unsigned used, struct err *err)
{
	struct folder_place CLEANUP_FOLDER p = FOLDER_INIT;
	struct atomic_meta meta = { .mode = 0600, .uid = geteuid(), .gid = getegid() };
	unsigned least;
	char text[16];
	int len;

	if (names_least(&least, w, nr, err) < 0)
		return -1;
	if (used <= least)
		return 0;
	if (folder_place(&p, w, "before", nr, NAMES_SUFFIX, err) < 0)
		return -1;
	len = snprintf(text, sizeof(text), "%u\n", used);
	return atomic_write(&p.at, text, (size_t)len, &meta, true, err);
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
	struct folder_place CLEANUP_FOLDER p = FOLDER_INIT;
	int CLEANUP_FD in = below_open(from->dirfd, from->name, st);
	int CLEANUP_FD out = -1;

	if (in < 0)
		return fail_errno(err, "cannot open '%s'", show(from->name));
	if (folder_place(&p, w, "kept", nr, "", err) < 0)
		return -1;
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

int kept_there(const struct work *w, unsigned nr, struct err *err)
{
	return is_there(w, "kept", nr, "", err);
}
