/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The overlay over a guest's tree. A directory's canonical path is remembered until an
 * edit changes a directory or a link.
 */
#include "decide/edits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define DEPTH_MAX 200	/* components and links on the way to one path */

struct memo_dir {
	struct memo_dir *next;
	const char *path, *canonical;	/* canonical NULL: not there */
};

void edits_init(struct edits *e, const struct root *tree, struct pool *pool)
{
	*e = (struct edits){ .tree = tree, .pool = pool };
}

static struct edit *find(const struct edits *e, const char *canonical)
{
	for (size_t i = 0; i < e->nr; i++)
		if (strcmp(e->v[i].path, canonical) == 0)
			return &e->v[i];
	return NULL;
}

static int odd(struct err *err, const char *path, const char *why)
{
	return fail_code(err, ERR_ODD, "%s %s", show(path), why);
}

/* What the system refused: absence is an answer, all else is the guest's oddity. */
static int refused(struct err *err)
{
	if (err_is_absent(err)) {
		err_clear(err);
		return 0;
	}
	err->code = ERR_ODD;
	return -1;
}

static const char *join(struct edits *e, const char *dir, const char *name)
{
	return pool_printf(e->pool, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, name);
}

/* A directory of which nobody can say here what will be in it. */
static int known(const struct edits *e, const char *dir, struct err *err)
{
	const struct edit *edit = e->nr_whole ? find(e, dir) : NULL;

	if (!edit || edit->given != GIVEN_WHOLE)
		return 0;
	return odd(err, dir, "comes in from outside the tree with this plan");
}

/* "/a/b" of "/a/b/c"; last: "c". Trailing and double slashes do not count. */
static const char *split(struct edits *e, const char *path, const char **last)
{
	size_t len = strlen(path), name;

	while (len && path[len - 1] == '/')
		len--;
	for (name = len; name && path[name - 1] != '/';)
		name--;
	*last = pool_memdup(e->pool, path + name, len - name);
	while (name > 1 && path[name - 1] == '/')
		name--;
	return name ? pool_memdup(e->pool, path, name) : "/";
}

static enum thing thing_of(mode_t mode)
{
	if (S_ISREG(mode))
		return THING_FILE;
	if (S_ISDIR(mode))
		return THING_DIR;
	if (S_ISLNK(mode))
		return THING_LINK;
	return S_ISSOCK(mode) ? THING_SOCKET : THING_NODE;
}

/* The name itself, of which the directory is canonical. */
static int look_at(struct edits *e, const char *canonical, struct object *out, struct err *err)
{
	const struct edit *edit = find(e, canonical);
	struct buf target CLEANUP_BUF = BUF_INIT;
	struct stat st;

	*out = (struct object){ 0 };
	if (edit) {
		*out = edit->now;
		return 0;
	}
	if (root_lstat(e->tree, canonical, &st, err) < 0)
		return refused(err);
	*out = (struct object){
		.thing = thing_of(st.st_mode), .mode = st.st_mode, .uid = st.st_uid,
		.gid = st.st_gid, .rdev = st.st_rdev, .ino = st.st_ino, .nlink = st.st_nlink,
		.mtime = st.st_mtim,
	};
	if (out->thing != THING_LINK)
		return 0;
	if (root_readlink(e->tree, canonical, &target, err) < 0)
		return refused(err);
	out->target = pool_memdup(e->pool, target.data, target.len);
	return 0;
}

/* A path on its way to a canonical one. */
struct seek {
	bool follow;		/* a link at the end */
	unsigned depth;		/* links and directories so far */
	const char *canonical;
	struct object object;
};
static int resolve(struct edits *e, const char *path, struct seek *at, struct err *err);

/* A directory; *canonical NULL: there is none. */
static int resolve_dir(struct edits *e, const char *path, unsigned depth,
		       const char **canonical, struct err *err)
{
	struct seek at = { .follow = true, .depth = depth };
	struct memo_dir *memo;

	*canonical = "/";
	if (strcmp(path, "/") == 0)
		return 0;
	for (memo = e->memo; memo; memo = memo->next) {
		if (strcmp(memo->path, path) == 0) {
			*canonical = memo->canonical;
			return 0;
		}
	}
	if (resolve(e, path, &at, err) < 0)
		return -1;
	*canonical = at.object.thing == THING_DIR ? at.canonical : NULL;
	memo = pool_alloc(e->pool, sizeof(*memo));
	*memo = (struct memo_dir){ e->memo, pool_strdup(e->pool, path), *canonical };
	e->memo = memo;
	return 0;
}

/*
 * One component after the other, each looked at through the door below a directory that
 * is canonical already, so the door itself never follows anything here.
 */
static int resolve(struct edits *e, const char *path, struct seek *at, struct err *err)
{
	const char *last, *dir = split(e, path, &last), *parent;

	at->object = (struct object){ 0 };
	at->canonical = path;
	if (++at->depth > DEPTH_MAX)
		return odd(err, path, "is a link that loops, or too deep");
	if (!*last) {
		at->canonical = "/";
		return look_at(e, "/", &at->object, err);
	}
	if (strcmp(last, ".") == 0)
		return resolve(e, dir, at, err);
	if (resolve_dir(e, dir, at->depth, &parent, err) < 0)
		return -1;
	if (!parent)
		return 0;
	if (strcmp(last, "..") == 0) {
		at->canonical = split(e, parent, &last);
		return look_at(e, at->canonical, &at->object, err);
	}
	at->canonical = join(e, parent, last);
	if (known(e, parent, err) < 0 || look_at(e, at->canonical, &at->object, err) < 0)
		return -1;
	if (!at->follow || at->object.thing != THING_LINK)
		return 0;
	return resolve(e, at->object.target[0] == '/' ? at->object.target
						      : join(e, parent, at->object.target),
		       at, err);
}

int edits_look(struct edits *e, const char *path, bool follow, const char **canonical,
	       struct object *out, struct err *err)
{
	struct seek at = { .follow = follow };
	int rc = resolve(e, path, &at, err);

	*canonical = at.canonical;
	*out = at.object;
	return rc;
}

/* Bytes that lines can be made of. */
static const char *why_no_text(const struct object *object)
{
	if (memchr(object->text, '\0', object->len))
		return "holds a NUL byte";
	return utf8_valid(object->text) ? NULL : "is not UTF-8 text";
}

int edits_load(struct edits *e, const char *canonical, struct object *object, bool raw,
	       struct err *err)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	const char *why;

	if (object->thing != THING_FILE)
		return odd(err, canonical, "is no regular file");
	if (!object->text) {
		if (root_read(e->tree, canonical, EDIT_FILE_MAX, &text, err) < 0) {
			err->code = ERR_ODD;
			return -1;
		}
		object->text = pool_memdup(e->pool, text.data, text.len);
		object->len = text.len;
	}
	why = raw ? NULL : why_no_text(object);
	return why ? odd(err, canonical, why) : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of an edit directly in the directory, its name. */
static const char *name_in(const struct edit *edit, const char *dir)
{
	size_t len = strcmp(dir, "/") == 0 ? 0 : strlen(dir);

	if (strncmp(edit->path, dir, len) != 0 || edit->path[len] != '/' ||
	    strchr(edit->path + len + 1, '/'))
		return NULL;
	return edit->path + len + 1;
}

static bool names_has(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->nr; i++)
		if (strcmp(names->name[i], name) == 0)
			return true;
	return false;
}

static void names_merge(struct edits *e, const char *dir, const struct names *disk,
			struct names *out)
{
	out->nr = 0;
	out->name = pool_array(e->pool, disk->nr + e->nr + 1, sizeof(*out->name));
	for (size_t i = 0; i < disk->nr; i++) {
		const struct edit *edit = e->nr ? find(e, join(e, dir, disk->name[i])) : NULL;

		if (!edit || edit->now.thing != THING_ABSENT)
			out->name[out->nr++] = disk->name[i];
	}
	for (size_t i = 0; i < e->nr; i++) {
		const char *name = name_in(&e->v[i], dir);

		if (name && e->v[i].now.thing != THING_ABSENT && !names_has(disk, name))
			out->name[out->nr++] = name;
	}
	if (out->nr)
		qsort(out->name, out->nr, sizeof(*out->name), by_name);
}

int edits_names(struct edits *e, const char *dir, struct names *out, struct err *err)
{
	struct names disk = { 0 };
	const struct edit *edit;
	const char *canonical;

	*out = (struct names){ 0 };
	if (resolve_dir(e, dir, 0, &canonical, err) < 0)
		return -1;
	if (!canonical)
		return 0;
	if (known(e, canonical, err) < 0)
		return -1;
	edit = find(e, canonical);
	if (edit && edit->old.thing != THING_DIR) {
		names_merge(e, canonical, &disk, out);
		return 0;
	}
	if (root_names(e->tree, canonical, e->pool, &disk, err) < 0 && refused(err) < 0)
		return -1;
	names_merge(e, canonical, &disk, out);
	return 0;
}

static bool same_object(const struct object *a, const struct object *b)
{
	if (a->thing != b->thing || a->ino != b->ino || a->mode != b->mode || a->uid != b->uid ||
	    a->gid != b->gid || a->rdev != b->rdev)
		return false;
	if (a->thing == THING_FILE && a->text != b->text)
		return a->text && b->text && a->len == b->len &&
		       memcmp(a->text, b->text, a->len) == 0;
	return a->thing != THING_LINK || strcmp(a->target, b->target) == 0;
}

/* A file whose text nobody asked for stays as it is. */
bool edit_is_change(const struct edit *edit)
{
	struct object now = edit->now;

	if (edit->given != GIVEN_NOT)
		return false;
	if (now.thing == THING_FILE && now.ino && now.ino == edit->old.ino &&
	    (!now.text || !edit->old.text))
		now.text = edit->old.text;
	if (now.thing == THING_LINK && edit->old.thing == THING_LINK &&
	    strcmp(now.target, edit->old.target) == 0)
		return false;
	return !same_object(&edit->old, &now);
}

void edits_put(struct edits *e, const char *canonical, const struct object *now)
{
	struct edit *edit = find(e, canonical);
	bool shape;

	if (!edit) {
		struct object old;
		struct err err;

		if (look_at(e, canonical, &old, &err) < 0)
			old = (struct object){ 0 };
		edit = pool_grow(e->pool, &e->v, &e->nr, &e->cap, sizeof(*edit));
		edit->path = pool_strdup(e->pool, canonical);
		edit->old = edit->now = old;
	} else if (e->nr_marks) {
		struct edit_over *over = pool_grow(e->pool, &e->over, &e->nr_over, &e->cap_over,
						   sizeof(*over));

		over->nr = (size_t)(edit - e->v);
		over->was = *edit;
	}
	if (edit->old.thing == THING_FILE && !edit->old.text && now->thing == THING_FILE &&
	    edit->old.ino == now->ino) {
		struct err err;

		/* The caller loaded it before it made a change: it can be read. */
		if (edits_load(e, canonical, &edit->old, true, &err) < 0)
			edit->old.text = NULL;
	}
	shape = edit->now.thing != THING_FILE || now->thing != THING_FILE;
	edit->now = *now;
	edit->by = e->by;
	e->changes++;
	if (shape)
		e->memo = NULL;
}

void edits_give(struct edits *e, const char *canonical, const struct object *now,
		enum given given)
{
	edits_put(e, canonical, now);
	find(e, canonical)->given = given;
	e->nr_whole += given == GIVEN_WHOLE;
}

bool edits_is_given(const struct edits *e, const char *canonical)
{
	const struct edit *edit = find(e, canonical);

	return edit && edit->given != GIVEN_NOT;
}

struct edits_mark edits_save(struct edits *e)
{
	e->nr_marks++;
	return (struct edits_mark){ e->nr, e->changes, e->nr_over };
}

void edits_done(struct edits *e, const struct edits_mark *mark)
{
	(void)mark;
	if (--e->nr_marks == 0)
		e->nr_over = 0;
}

void edits_back(struct edits *e, const struct edits_mark *mark)
{
	while (e->nr_over > mark->nr_over) {
		const struct edit_over *over = &e->over[--e->nr_over];

		if (over->nr < mark->nr)
			e->v[over->nr] = over->was;
	}
	e->nr = mark->nr;
	e->changes = mark->changes;
	e->memo = NULL;
	edits_done(e, mark);
}

bool edits_since(const struct edits *e, const struct edits_mark *mark, size_t n)
{
	if (n >= mark->nr)
		return true;
	for (size_t i = mark->nr_over; i < e->nr_over; i++)
		if (e->over[i].nr == n)
			return memcmp(&e->over[i].was, &e->v[n], sizeof(e->v[n])) != 0;
	return false;
}
