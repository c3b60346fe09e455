/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two places of a makefs step.
 *
 * A device is ours when it carries the UUID of the step and nothing else; what it may
 * carry before is nothing, or the one UUID that the user named. Its signatures are
 * taken away before the first new byte: cut there it is blank, and ours to take again.
 *
 * An image file is made as .NAME.vs2vz-TOKEN-part beside AT (beside.h), its identity noted
 * before the first byte; what else stands at such a name is passed by. AT appears by a
 * rename. At AT the UUID tells whose it is.
 */
#include "step/makefs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "step/lv.h"
#include "step/saved.h"
#include "step/source.h"
#include "step/view.h"

#define WIPES_MOST 16

void makefs_release(struct makefs *m)
{
	found_release(&m->file);
	pool_release(&m->pool);
}

/* ---- device */

static bool may_go(const struct makefs *m, const struct signature *sig)
{
	const char *overwrite = step_get(m->s, "overwrite");

	return sig->uuid && overwrite && strcmp(sig->uuid, overwrite) == 0;
}

static bool is_ours(const struct makefs *m, const struct signature *sig)
{
	return sig->uuid && strcmp(sig->uuid, m->uuid) == 0 && strncmp(sig->type, "ext", 3) == 0;
}

static enum makefs_is device_is(struct makefs *m)
{
	const struct blockdev *d = &m->seen;
	enum makefs_is is = FS_NONE;

	if (d->is == VOLUME_ABSENT && lv_makes(m->w, m->at))
		return FS_NONE;
	if (d->is != VOLUME_DEVICE || d->unreadable) {
		m->lost = d->is == VOLUME_ABSENT || d->unreadable;
		fail_code(&m->why, ERR_FOREIGN, "'%s' is %s", show(m->at), d->is == VOLUME_ABSENT ?
			  "not there" : d->unreadable ? "not readable" : "no block device");
		return FS_OTHER;
	}
	for (size_t i = 0; i < d->nr; i++) {
		const struct signature *sig = &d->sig[i];

		if (is_ours(m, sig)) {
			is = sig->label && strcmp(sig->label, MAKEFS_PART) == 0 ? FS_PART : FS_WHOLE;
		} else if (!may_go(m, sig)) {
			fail_code(&m->why, ERR_FOREIGN, "'%s' holds something else: %s%s%s",
				  show(m->at), show(sig->type), sig->uuid ? " " : "",
				  sig->uuid ? show(sig->uuid) : "");
			return FS_OTHER;
		}
	}
	return is;
}

static int device_look(struct makefs *m, struct err *err)
{
	if (volume_look(&m->seen, m->w->root, m->at, &m->pool, err) < 0)
		return -1;
	m->is = device_is(m);
	return 0;
}

static int refuse_busy(const struct makefs *m, struct err *err)
{
	const char *user = m->seen.mounted ? m->seen.mounted : m->seen.held;

	return user ? fail_code(err, EBUSY, "'%s' is in use: %s", show(m->at), show(user)) : 0;
}

/* Also those that only show when others are gone. It is held by us: nobody is waited for. */
static int device_clear(struct makefs *m, int fd, struct err *err)
{
	for (int i = 0; i < WIPES_MOST; i++) {
		if (blockdev_read(&m->seen, m->w->root, m->at, &m->pool, err) < 0)
			return -1;
		m->is = device_is(m);
		if (m->is == FS_OTHER) {
			*err = m->why;
			return -1;
		}
		if (!m->seen.nr)
			return 0;
		if (volume_wipe(fd, &m->seen, err) < 0)
			return -1;
	}
	return fail(err, "'%s' still shows what it held", show(m->at));
}

static int device_begin(struct makefs *m, struct err *err)
{
	int CLEANUP_FD fd = -1;
	int out;

	if (refuse_busy(m, err) < 0)
		return -1;
	if (m->seen.bytes < step_number(m->s, "bytes"))
		return fail_code(err, ENOSPC, "'%s' is smaller than planned", show(m->at));
	fd = volume_open(m->w->root, m->at, VOLUME_WRITE, err);
	if (fd < 0 || device_clear(m, fd, err) < 0)
		return -1;
	out = fd;
	fd = -1;
	return out;
}

static int device_remove(struct makefs *m, struct err *err)
{
	int CLEANUP_FD fd = -1;

	if (refuse_busy(m, err) < 0)
		return -1;
	fd = volume_open(m->w->root, m->at, VOLUME_WRITE, err);
	return fd < 0 ? -1 : volume_wipe_ext(fd, m->uuid, err);
}

/* ---- file */

static int file_is(struct makefs *m, struct err *err)
{
	struct ext_super super;
	int CLEANUP_FD fd = -1;

	m->is = m->part.there && m->part_made ? FS_PART : FS_NONE;
	if (!m->file.there)
		return 0;
	if (S_ISREG(m->file.st.st_mode)) {
		fd = volume_open(m->w->root, m->at, VOLUME_READ, err);
		if (fd < 0 || ext_super_read(&super, fd, err) < 0)
			return -1;
		if (strcmp(super.uuid, m->uuid) == 0) {
			m->is = FS_WHOLE;
			return 0;
		}
	}
	fail_code(&m->why, ERR_FOREIGN, "'%s' was not made by this step", show(m->at));
	m->is = FS_OTHER;
	return 0;
}

static int is_part(const struct place *at, const struct stat *st, void *ctx, struct err *err)
{
	const struct identity *made = ctx;

	if (made->inode)
		return S_ISREG(st->st_mode) ? made_is(made, at, st, err) : 0;
	return S_ISREG(st->st_mode) && !st->st_size && st->st_nlink == 1 && st->st_uid == geteuid();
}

static int file_look(struct makefs *m, struct err *err)
{
	struct beside_search search = {
		.token = m->w->token, .word = BESIDE_PART, .ours = is_part, .ctx = &m->made,
	};

	if (step_find(&m->file, m->s, "at", m->w, err) < 0 ||
	    made_read(&m->made, m->s, m->w, err) < 0)
		return -1;
	if (!m->file.parent)
		return 0;
	if (names_least(&search.least, m->w, m->s->nr, err) < 0 ||
	    beside_find(&m->part, &m->file.spot.at, &search, err) < 0)
		return -1;
	m->part_made = m->part.there && m->made.inode;
	return file_is(m, err);
}

/* All of its space now: a container must not find later that the host has none. */
static int take_space(int fd, uint64_t bytes)
{
	if (sys_ftruncate(fd, 0) < 0 || sys_ftruncate(fd, (off_t)bytes) < 0)
		return -1;
	if (sys_fallocate(fd, 0, (off_t)bytes) == 0)
		return 0;
	return errno == EOPNOTSUPP || errno == ENOSYS ? 0 : -1;
}

static int file_begin(struct makefs *m, struct err *err)
{
	int CLEANUP_FD fd = -1;
	int out;

	if (!m->file.parent)
		return fail_code(err, ENOENT, "the directory of '%s' is missing", show(m->at));
	if (!m->part.there && names_note(m->w, m->s->nr, m->part.nr, err) < 0)
		return -1;
	fd = m->part.there ? sys_open_write(&m->part.at) : sys_create(&m->part.at, 0600);
	if (fd < 0 || fstat(fd, &m->part.st) < 0)
		return fail_errno(err, "cannot make '%s'", show(m->part.name));
	if (!m->part_made && m->part.st.st_size)
		return fail_code(err, ERR_FOREIGN, "'%s' exists and is not ours", show(m->part.name));
	if (!m->part_made && made_write(m->s, m->w, fd, err) < 0)
		return -1;
	m->part.there = m->part_made = true;
	if (take_space(fd, step_number(m->s, "bytes")) < 0)
		return fail_errno(err, "cannot make '%s' large enough", show(m->part.name));
	out = fd;
	fd = -1;
	return out;
}

static int part_land(struct makefs *m, struct err *err)
{
	if (sys_rename_new(&m->part.at, &m->file.spot.at) < 0)
		return fail_errno(err, "cannot rename '%s'", show(m->part.name));
	return sync_dir(m->part.at.dirfd, err);
}

static int file_remove(struct makefs *m, struct err *err)
{
	struct blockdev seen;

	if (m->is == FS_WHOLE) {
		if (volume_look(&seen, m->w->root, m->at, &m->pool, err) < 0)
			return -1;
		if (seen.mounted || seen.held)
			return fail_code(err, EBUSY, "'%s' is in use: %s", show(m->at),
					 show(seen.mounted ? seen.mounted : seen.held));
		if (sys_unlink(&m->file.spot.at) < 0)
			return fail_errno(err, "cannot remove '%s'", show(m->at));
	}
	if (m->part.there && sys_unlink(&m->part.at) < 0)
		return fail_errno(err, "cannot remove '%s'", show(m->part.name));
	return sync_dir(m->part.at.dirfd, err);
}

/* ---- both */

int makefs_look(struct makefs *m, const struct step *s, struct work *w, struct err *err)
{
	m->s = s;
	m->w = w;
	m->uuid = step_get(s, "uuid");
	m->at = volume_now(step_get(s, "at"), m->uuid, &m->pool);
	m->device = volume_is_device(m->at);
	view_close(w);
	return m->device ? device_look(m, err) : file_look(m, err);
}

const char *makefs_filling(struct makefs *m)
{
	return m->device ? m->at : pool_printf(&m->pool, "%.*s/%s", (int)(strrchr(m->at, '/') - m->at),
					       m->at, m->part.name);
}

int makefs_begin(struct makefs *m, struct err *err)
{
	return m->device ? device_begin(m, err) : file_begin(m, err);
}

int makefs_land(struct makefs *m, struct err *err)
{
	return m->device ? 0 : part_land(m, err);
}

int makefs_remove(struct makefs *m, struct err *err)
{
	if (m->device)
		return m->is == FS_PART || m->is == FS_WHOLE ? device_remove(m, err) : 0;
	return m->file.parent ? file_remove(m, err) : 0;
}

int makefs_look_back(struct makefs *m, const struct step *s, struct work *w, struct err *err)
{
	if (makefs_look(m, s, w, err) == 0)
		return 0;
	if (!volume_fails(err))
		return -1;
	m->is = FS_OTHER;
	m->lost = true;
	m->why = *err;
	err_clear(err);
	return 0;
}

int makefs_remove_or_leave(struct makefs *m, struct err *err)
{
	if (m->lost) {
		work_kept(m->w, m->at, "%s: what was made there, if anything, is left (UUID %s)", m->why.text,
			  m->uuid);
		return 0;
	}
	if (makefs_remove(m, err) == 0)
		return 0;
	if (volume_fails(err) && makefs_remove(m, err) == 0)
		return 0;
	if (!volume_fails(err))
		return -1;
	work_kept(m->w, m->at, "%s: what was made there is left (UUID %s); take it away when "
		  "the disk works again, with %s", err->text, m->uuid,
		  m->device ? "`wipefs`" : "`rm`");
	err_clear(err);
	return 0;
}
