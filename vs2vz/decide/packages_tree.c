/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One piece of package state against the tree. The tree is hostile: no link is followed,
 * no component of a target may be anything but a directory, nothing but regular files of
 * modest size is read. What the guest has of its own stays; what cannot be judged is a
 * finding, and no action.
 */
#include "decide/packages.h"

#include <errno.h>
#include <string.h>

#include "base/identity.h"
#include "base/survey.h"
#include "base/units.h"
#include "base/unseen.h"

#define FILE_MOST  (256 * 1024)	/* of a configuration file */
#define FILES_MOST 200		/* of one piece */
#define DEPTH_MOST 4

/* What is at a path of the tree. */
enum there { THERE_NOTHING, THERE_DIR, THERE_EMPTY, THERE_FILE, THERE_LINK, THERE_ODD };

struct judging {
	struct deciding *d;
	struct decision *decision;
	struct packages *p;
	const struct package_piece *piece;
	size_t files;
};

static bool path_stat(const struct packages *p, const char *path, struct stat *st)
{
	struct spot CLEANUP_SPOT spot = SPOT_INIT;
	struct err err;

	if (strict_spot(&p->tree, path, &spot, &err) < 0)
		return false;
	if (below_stat(spot.at.dirfd, spot.at.name, st) == 0)
		return true;
	unseen_note(p->tree.path, path, errno);
	return false;
}

bool packages_exists(const struct packages *p, const char *path)
{
	struct stat st;

	return path_stat(p, path, &st);
}

bool packages_link_is_external(const struct packages *p)
{
	struct spot CLEANUP_SPOT spot = SPOT_INIT;
	char text[64];
	const char *at = text;
	struct err err;
	ssize_t len;

	if (strict_spot(&p->tree, "var/lib/rpm", &spot, &err) < 0)
		return false;
	len = below_readlink(spot.at.dirfd, spot.at.name, text, sizeof(text) - 1);
	if (len <= 0 || (size_t)len >= sizeof(text) - 1)
		return false;
	text[len] = '\0';
	while (*at == '/' || strncmp(at, "../", 3) == 0)
		at += *at == '/' ? 1 : 3;
	return strcmp(at, ".rpmdb") == 0 || strcmp(at, "dev") == 0;
}

static bool is_empty(const struct judging *j, const char *path)
{
	struct err err;
	int CLEANUP_FD fd = strict_opendir(&j->p->tree, path, &err);
	const struct root dir = { fd, "" };
	struct names names;

	return fd >= 0 && root_names(&dir, "/", j->d->pool, &names, &err) == 0 && !names.nr;
}

static enum there look(const struct judging *j, const char *path, struct stat *st)
{
	if (!path_stat(j->p, path, st))
		return THERE_NOTHING;
	if (S_ISLNK(st->st_mode))
		return THERE_LINK;
	if (S_ISREG(st->st_mode))
		return THERE_FILE;
	if (!S_ISDIR(st->st_mode) || st->st_dev != j->p->tree_st.st_dev)
		return THERE_ODD;
	return is_empty(j, path) ? THERE_EMPTY : THERE_DIR;
}

static struct package_action *add(struct judging *j, enum package_act act, const char *at)
{
	struct packages *p = j->p;
	struct package_action *a = pool_grow(j->d->pool, &p->v, &p->nr, &p->cap, sizeof(*a));

	a->act = act;
	a->at = at;
	return a;
}

static void add_hide(struct judging *j, const char *at, const struct stat *st)
{
	struct package_action *a = add(j, PACKAGE_HIDE, at);

	a->inode = st->st_ino;
	a->mtime = st->st_mtim;
}

static void note(struct judging *j, const char *at, const char *from)
{
	struct buf *told = &j->p->told;

	if (told->len < 400)
		buf_addf(told, "%s%s%s%s%s", told->len ? ", " : "", show(at),
			 from ? " from '" : "", from ? show(from) : "", from ? "'" : "");
	else if (told->data[told->len - 1] != '.')
		buf_adds(told, ", ...");
}

static void obstructed(struct judging *j, const char *at, const char *why)
{
	j->p->nr_lost++;
	finding_add(j->d->findings, VS_PACKAGES_OBSTRUCTED, j->decision->guest->name, at,
		    "%s: what VServer kept outside cannot come in", why);
}

static void own(struct judging *j, const char *at, const char *why)
{
	finding_add(j->d->findings, VS_PACKAGES_OWN, j->decision->guest->name, at, "%s", why);
}

/* A directory that an action of this plan makes. */
static bool is_made(const struct judging *j, const char *path)
{
	for (size_t i = 0; i < j->p->nr; i++)
		if (j->p->v[i].act == PACKAGE_MKDIR && strcmp(j->p->v[i].at, path) == 0)
			return true;
	return false;
}

static const char *up(const char *path, struct pool *pool)
{
	const char *slash = strrchr(path, '/');

	return slash ? pool_memdup(pool, path, (size_t)(slash - path)) : "";
}

/*
 * A real directory at this path, there or made. False: something else is in the way,
 * and a finding has said so.
 */
static bool need_dir(struct judging *j, const char *path)
{
	struct stat st;

	if (!*path || is_made(j, path))
		return true;
	if (!need_dir(j, up(path, j->d->pool)))
		return false;
	switch (look(j, path, &st)) {
	case THERE_DIR:
	case THERE_EMPTY:
		return true;
	case THERE_NOTHING:
		add(j, PACKAGE_MKDIR, path);
		return true;
	case THERE_LINK:
		obstructed(j, path, "a symbolic link stands in place of the directory");
		return false;
	default:
		obstructed(j, path, "no directory of this file system");
		return false;
	}
}

/* A whole directory of the host, with what it takes of the target file system. */
static int add_copy(struct judging *j, const char *at, const char *from, struct err *err)
{
	const struct survey_options opt = { .threads = 1 };
	struct package_action *a;
	struct survey survey;
	char text[IDENTITY_TEXT];
	struct identity id;
	int CLEANUP_FD fd = strict_opendir(j->d->root, from, err);

	if (fd < 0 || survey_tree(&survey, fd, &opt, err) < 0)
		return -1;
	j->p->bytes = add_u64(j->p->bytes, survey.bytes_used);
	j->p->inodes = add_u64(j->p->inodes, survey.inodes);
	survey_release(&survey);
	if (identity_of_fd(&id, fd, err) < 0)
		return -1;
	a = add(j, PACKAGE_BRING, at);
	a->from = from;
	a->id = pool_strdup(j->d->pool, identity_text(&id, text));
	note(j, at, from);
	return 0;
}

/* May the directory take this place? Findings say why not. */
static bool place_is_free(struct judging *j, const char *at, struct stat *hide)
{
	const char *what = NULL;

	*hide = (struct stat){ 0 };
	switch (look(j, at, hide)) {
	case THERE_NOTHING:
		hide->st_ino = 0;
		return true;
	case THERE_EMPTY:
		return true;
	case THERE_LINK:
		if (j->piece->rpm && packages_link_is_external(j->p))
			return true;
		what = "a symbolic link of the guest's own";
		break;
	case THERE_DIR:
		own(j, at, "it has contents of its own, which stay");
		return false;
	default:
		what = "no directory";
	}
	obstructed(j, at, what);
	return false;
}

static int judge_whole(struct judging *j, const char *source, struct err *err)
{
	const char *at = j->piece->at;
	struct stat hide;

	if (!need_dir(j, up(at, j->d->pool)) || !place_is_free(j, at, &hide))
		return 0;
	if (hide.st_ino)
		add_hide(j, at, &hide);
	if (add_copy(j, at, source, err) < 0)
		return -1;
	if (j->piece->rpm)
		j->p->state_in = true;
	return 0;
}

/* Text of modest size; false: said why. */
static bool read_text(struct judging *j, const struct root *root, const char *path,
		      const char *at, struct buf *out)
{
	struct err err;

	if (root_read(root, path, FILE_MOST, out, &err) < 0) {
		own(j, at, err.text);
		return false;
	}
	if (!memchr(out->data, '\0', out->len))
		return true;
	own(j, at, "it is not text");
	return false;
}

static struct package_action *add_write(struct judging *j, const char *at, const struct stat *st,
					const struct buf *text)
{
	struct package_action *a = add(j, PACKAGE_WRITE, at);

	a->mode = st->st_mode & 07777;
	a->text = pool_memdup(j->d->pool, text->data, text->len);
	a->len = text->len;
	return a;
}

/* The guest has a file of that name: does it say the same but for the external place? */
static void compare_file(struct judging *j, const char *at, const struct buf *text)
{
	CLEANUP_BUF struct buf raw = BUF_INIT, have = BUF_INIT;

	if (!read_text(j, &j->p->tree, at, at, &raw))
		return;
	packages_filter(&have, raw.data, raw.len);
	if (have.len != text->len || memcmp(have.data, text->data, have.len) != 0)
		own(j, at, "it differs from the file that VServer kept outside, and stays");
}

static void bring_file(struct judging *j, const char *source, const struct stat *st,
		       const char *at)
{
	CLEANUP_BUF struct buf raw = BUF_INIT, text = BUF_INIT;
	struct stat now;

	if (!read_text(j, j->d->root, source, at, &raw))
		return;
	if (j->piece->rpm)
		packages_filter(&text, raw.data, raw.len);
	else
		buf_add(&text, raw.data, raw.len);
	switch (look(j, at, &now)) {
	case THERE_NOTHING:
		if (j->piece->rpm && !text.len && raw.len)
			return;		/* nothing but the external place */
		add_write(j, at, st, &text)->from = source;
		j->p->bytes = add_u64(j->p->bytes, text.len + 4096);
		j->p->inodes++;
		note(j, at, NULL);
		break;
	case THERE_FILE:
		compare_file(j, at, &text);
		break;
	default:
		own(j, at, "it is no regular file, and stays");
	}
}

/* File by file; recursion is bounded by DEPTH_MOST. */
static int merge(struct judging *j, const char *source, const char *at, unsigned depth,
		 struct err *err)
{
	struct names names;

	if (root_names(j->d->root, source, j->d->pool, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.nr; i++) {
		const char *from = pool_printf(j->d->pool, "%s/%s", source, names.name[i]);
		const char *to = pool_printf(j->d->pool, "%s/%s", at, names.name[i]);
		struct stat st;

		if (root_lstat(j->d->root, from, &st, err) < 0)
			return -1;
		if (j->files++ == FILES_MOST)
			own(j, to, "too many files: this one and those behind it stay outside");
		if (j->files > FILES_MOST)
			return 0;
		if (S_ISREG(st.st_mode) && need_dir(j, at))
			bring_file(j, from, &st, to);
		else if (S_ISDIR(st.st_mode) && depth < DEPTH_MOST &&
			 merge(j, from, to, depth + 1, err) < 0)
			return -1;
		else if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
			own(j, to, "VServer kept no regular file of that name: it stays outside");
	}
	return 0;
}

int packages_judge(struct deciding *d, struct decision *decision,
		   const struct package_piece *piece, const char *source, struct err *err)
{
	struct judging j = { d, decision, decision->packages, piece, 0 };

	return piece->whole ? judge_whole(&j, source, err) : merge(&j, source, piece->at, 0, err);
}

static void clean_macros(struct judging *j, const char *at, const struct stat *st)
{
	CLEANUP_BUF struct buf raw = BUF_INIT, text = BUF_INIT;
	struct package_action *a;

	if (!read_text(j, &j->p->tree, at, at, &raw))
		return;
	packages_filter(&text, raw.data, raw.len);
	if (text.len == raw.len)
		return;
	a = add_write(j, at, st, &text);
	a->uid = st->st_uid;
	a->gid = st->st_gid;
	note(j, at, NULL);
}

static int clean_all_macros(struct judging *j, struct err *err)
{
	int CLEANUP_FD fd = strict_opendir(&j->p->tree, "etc/rpm", err);
	const struct root dir = { fd, "" };
	struct names names;

	if (fd < 0) {
		err_clear(err);		/* need_dir() has spoken where it matters */
		return 0;
	}
	if (root_names(&dir, "/", j->d->pool, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.nr; i++) {
		const char *at = pool_printf(j->d->pool, "etc/rpm/%s", names.name[i]);
		struct stat st;

		if (strncmp(names.name[i], "macros", 6) != 0)
			continue;
		if (look(j, at, &st) == THERE_FILE)
			clean_macros(j, at, &st);
		else
			own(j, at, "it is no regular file: if it sets _dbpath, take the line out");
	}
	return 0;
}

int packages_clean(struct deciding *d, struct decision *decision, struct err *err)
{
	struct judging j = { d, decision, decision->packages, NULL, 0 };
	struct stat st;

	switch (look(&j, ".rpmdb", &st)) {
	case THERE_EMPTY:
		add_hide(&j, ".rpmdb", &st);
		break;
	case THERE_NOTHING:
		break;
	default:
		own(&j, ".rpmdb", "it is no empty directory, and stays");
	}
	return clean_all_macros(&j, err);
}
