/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inode flags, from the cheapest source that knows them: statx(2) tells immutable and
 * append-only; the block device tells all, also what kernels hide; where neither does,
 * regular files and directories are opened to ask. One answer "no such thing" holds
 * for the tree.
 *
 * The device is asked for every inode: in the order of inode numbers one read serves
 * sixteen and more, which costs less than a tenth of the walk, and so the tags of
 * TAGGING_INTERN and barriers are seen as well.
 */
#include "base/survey_parts.h"

#include <errno.h>
#include <unistd.h>

#include "base/inroot.h"
#include "base/meta.h"
#include "base/unseen.h"

static bool told_by_statx(const struct walk_entry *e)
{
	return (e->meta.flags_known & META_LOCKS) == META_LOCKS;
}

/*
 * Which failures say that there is nothing to see: the object has gone or is another by now,
 * has no flags, is leased to somebody, or is none of a user's who is not root.
 */
static bool may_be_unseen(int code)
{
	return errno_is_answer(code) || code == EAGAIN || code == EOPNOTSUPP || code == ENOTTY ||
	       ((code == EACCES || code == EPERM) && geteuid() != 0);
}

/* Regular files and directories are opened where more has to be asked; *fd -1: not this one. */
static int open_to_ask(int *fd, struct surveying *y, const struct walk_dir *dir,
		       const struct walk_entry *e, bool for_flags, struct err *err)
{
	mode_t type = e->meta.st.st_mode & S_IFMT;
	bool flags = for_flags && !__atomic_load_n(&y->no_flags, __ATOMIC_RELAXED);

	*fd = -1;
	if (!(type == S_IFREG && (flags || y->opt->xattrs)) && !(type == S_IFDIR && flags))
		return 0;
	*fd = below_open(walk_fd(dir), e->name, &e->meta.st);
	return *fd >= 0 || may_be_unseen(errno) ? 0 : walk_fail(err, dir, e->name, "cannot open");
}

/* flags: immutable as the kernel has it, the others as they are on the disk. */
static void count_hidden(struct survey *s, const struct stat *st, uint32_t flags)
{
	if (S_ISREG(st->st_mode)) {
		bool locked = flags & FS_IMMUTABLE_FL;

		s->unified += locked && flags & (HIDDEN_IUNLINK | HIDDEN_OLD);
		s->unlink_only += !locked && flags & HIDDEN_IUNLINK;
		s->cow += (flags & HIDDEN_COW) != 0;
	} else if (S_ISDIR(st->st_mode)) {
		s->barrier += flags & HIDDEN_BARRIER ||
			      (flags & HIDDEN_OLD && !(st->st_mode & 07777));
	}
}

/* All flags of an open object. 1: they were told, 0: there are none to tell. */
static int ask(struct surveying *y, int fd, uint32_t *flags)
{
	int refused = meta_flags(fd, flags);

	if (refused > 0)
		__atomic_store_n(&y->no_flags, true, __ATOMIC_RELAXED);
	return refused >= 0 ? 1 : may_be_unseen(errno) ? 0 : -1;
}

int flags_count(uint32_t *out, struct surveying *y, struct counts *c, const struct walk_dir *dir,
		const struct walk_entry *e, int *fd, struct err *err)
{
	const struct stat *st = &e->meta.st;
	bool known = told_by_statx(e), wanted;
	uint32_t flags = known ? e->meta.flags & META_LOCKS : 0, all;
	struct hidden_inode in;
	bool read = hidden_read(y->opt->hidden, &c->window, st, &in);
	int told;

	if (read && in.fresh) {
		flags = known ? flags | (in.flags & META_GUEST_FLAGS & ~META_LOCKS) :
				in.flags & META_GUEST_FLAGS;
		known = true;
	}
	wanted = !known || (y->opt->limits && !(read && in.fresh));
	if (open_to_ask(fd, y, dir, e, wanted, err) < 0)
		return -1;
	told = wanted && *fd >= 0 ? ask(y, *fd, &all) : 0;
	if (told < 0)
		return walk_fail(err, dir, e->name, "cannot read the inode flags of");
	if (told) {
		flags = known ? flags | (all & ~META_LOCKS) : all;
		known = true;
	}
	if (read) {
		count_hidden(&c->s, st, (in.flags & ~META_LOCKS) | (flags & META_LOCKS));
		c->s.intern += in.intern != 0;
		if (in.cookie)
			cookie_count(&c->s, &c->cookies, in.cookie);
	} else if (S_ISREG(st->st_mode) && (!known || flags & FS_IMMUTABLE_FL)) {
		c->unread++;	/* unified, or the administrator's own: it is not known */
	}
	*out = flags;
	return 0;
}

void flags_finish(const struct surveying *y)
{
	struct survey *s = y->out;

	s->hidden_known = y->opt->hidden && !y->unread;
	if (!y->opt->hidden)
		s->hidden_why = y->opt->hidden_why ? y->opt->hidden_why : "the device was not read";
	else if (y->unread)
		s->hidden_why = "inodes on the device did not agree with what the kernel says";
	if (!s->hidden_known)
		s->unified = s->unlink_only = s->barrier = s->cow = s->intern = s->cookies = 0;
	if (s->cookies)
		cookie_finish(s, &y->cookies);
}
