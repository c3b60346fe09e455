/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rule for VServer's marks, and its words in a plan. Pure but for opening the
 * device that hidden flags are read from.
 */
#include "step/marks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/fsinfo.h"
#include "base/meta.h"
#include "base/shown.h"
#include "base/units.h"

static const char *const immutable_words[] = {
	[IMMUTABLE_KEEP] = "keep", [IMMUTABLE_UNIFIED] = "unified", [IMMUTABLE_FILES] = "files",
	[IMMUTABLE_LINKED] = "linked",
};
static const char *const shared_words[] = {
	[SHARED_LEAVE] = "leave", [SHARED_BREAK] = "break", [SHARED_KEEP_READONLY] = "keep-readonly",
};

/* The index of a word, nr where there is none; NULL means the first. */
static size_t word_index(const char *const *words, size_t nr, const char *word)
{
	size_t i = 0;

	while (word && i < nr && strcmp(words[i], word) != 0)
		i++;
	return i;
}

const char *immutable_word(enum immutable_policy policy)
{
	return immutable_words[policy];
}

const char *shared_word(enum shared_policy policy)
{
	return shared_words[policy];
}

static int read_tags(struct marks *m, const char *list, struct err *err)
{
	while (list && *list) {
		size_t len = strcspn(list, ",");
		char text[12] = "";
		uint64_t tag;

		if (len < sizeof(text))
			memcpy(text, list, len);
		if (m->nr_tags == MARKS_TAGS_MAX || !parse_u64(text, 65535, &tag))
			return fail(err, "'%s' is no list of tags", show(list));
		m->tag[m->nr_tags++] = (uint32_t)tag;
		list += len + (list[len] == ',');
	}
	return 0;
}

static int open_hidden(struct marks *m, const struct work *w, const char *tree, int dirfd,
		       struct err *err)
{
	struct fsinfo fs;
	const char *why;

	if (fsinfo_read(&fs, w->root, tree, w->pool, err) < 0 ||
	    hidden_open(&m->hidden, dirfd, fs.type, fs.source, &why, err) < 0)
		return -1;
	return m->hidden ? 0 : fail(err, "the hidden inode flags of '%s' cannot be read: %s",
				    show(tree), why);
}

int marks_parse(struct marks *out, const struct step *s, struct err *err)
{
	const char *tagging = step_get(s, "tagging");

	*out = (struct marks){ .tagging = tagging ? tagging_parse(tagging) : TAGGING_NONE };
	out->immutable = word_index(immutable_words, 4, step_get(s, "immutable"));
	out->shared = word_index(shared_words, 3, step_get(s, "shared"));
	if (out->immutable > IMMUTABLE_LINKED || out->shared > SHARED_KEEP_READONLY ||
	    out->tagging == TAGGING_UNKNOWN)
		return fail(err, "step %u: a word about VServer's marks that is not known", s->nr);
	return read_tags(out, step_get(s, "tags"), err);
}

int marks_of_step(struct marks *out, const struct step *s, const struct work *w,
		  const char *tree, int dirfd, struct err *err)
{
	if (marks_parse(out, s, err) < 0)
		return -1;
	return out->immutable == IMMUTABLE_UNIFIED ? open_hidden(out, w, tree, dirfd, err) : 0;
}

void marks_open_hidden(struct marks *m, const struct work *w, const char *tree, int dirfd)
{
	struct err unread;

	if (!m->hidden && open_hidden(m, w, tree, dirfd, &unread) < 0)
		m->hidden = NULL;
}

void marks_release(struct marks *m)
{
	hidden_close(m->hidden);
	m->hidden = NULL;
}

bool marks_any(const struct marks *m)
{
	return m->nr_tags || m->immutable != IMMUTABLE_KEEP || m->shared != SHARED_LEAVE;
}

void marks_remark(const struct step *s, struct buf *rest)
{
	const char *tagging = step_get(s, "tagging"), *immutable = step_get(s, "immutable");
	const char *tags = tagging ? step_get(s, "tags") : NULL;
	bool thaws = immutable && strcmp(immutable, immutable_words[IMMUTABLE_KEEP]) != 0;

	if (tags)
		buf_addf(rest, " (owners lose tag %s of %s%s", show(tags),
			 show(tagging), thaws ? "" : ")");
	if (thaws)
		buf_addf(rest, "%s%s files can be changed again)", tags ? "; " : " (",
			 strcmp(immutable, immutable_words[IMMUTABLE_FILES]) == 0 ? "immutable" :
			 "unified");
}

struct owner marks_owner(const struct marks *m, const struct stat *disk)
{
	struct owner owner = { disk->st_uid, disk->st_gid };
	uint32_t tag = tag_of(m->tagging, owner);

	for (unsigned i = 0; i < m->nr_tags; i++)
		if (tag && m->tag[i] == tag)
			return tag_strip(m->tagging, owner);
	return owner;
}

bool marks_thaws(const struct marks *m, struct hidden_window *win, const struct stat *disk,
		 uint32_t flags)
{
	struct hidden_inode inode;

	if (!S_ISREG(disk->st_mode) || !(flags & FS_IMMUTABLE_FL) ||
	    m->immutable == IMMUTABLE_KEEP)
		return false;
	if (m->immutable == IMMUTABLE_FILES)
		return true;
	if (m->immutable == IMMUTABLE_LINKED)
		return disk->st_nlink > 1;
	return hidden_read(m->hidden, win, disk, &inode) &&
	       inode.flags & (HIDDEN_IUNLINK | HIDDEN_OLD);
}

void marks_mend(const struct marks *m, struct hidden_window *win, struct stat *st, uint32_t *flags)
{
	struct owner owner;

	if (!m)
		return;
	/* The 2.4 form of IUNLINK is shown as "no tail"; elsewhere a copy has tails anew. */
	if (marks_thaws(m, win, st, *flags))
		*flags &= ~(uint32_t)(FS_IMMUTABLE_FL | FS_NOTAIL_FL);
	owner = marks_owner(m, st);
	st->st_uid = owner.uid;
	st->st_gid = owner.gid;
}

void marks_unmend(const struct marks *m, struct stat *st)
{
	struct owner owner = { st->st_uid, st->st_gid };

	if (!m || !m->nr_tags || tag_of(m->tagging, owner))
		return;
	owner = tag_put(m->tagging, m->tag[0], owner);
	st->st_uid = owner.uid;
	st->st_gid = owner.gid;
}
