/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seam: each function stands before one of base/sys.c, counts, and lets the call
 * through, fails it or ends the process (the looks are in fault_look.c). While armed
 * nothing is really synced: a process that ends loses nothing, and what a power cut loses
 * is worked out in power.c.
 */
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum family { OFF, COUNT, CRASH, FAIL, FAIL_EVER, POWER, LOOK };

static const struct {
	const char *word;
	enum family family;
	int error;
} families[] = {
	{ "none", COUNT, 0 },
	{ "crash", CRASH, 0 },
	{ "eio", FAIL, EIO },
	{ "enospc", FAIL, ENOSPC },
	{ "eio-forever", FAIL_EVER, EIO },
	{ "power", POWER, 0 },
	{ "look-none", LOOK, 0 },
	{ "look-eio", LOOK, EIO },
	{ "look-enfile", LOOK, ENFILE },
	{ "look-emfile", LOOK, EMFILE },
	{ "look-enomem", LOOK, ENOMEM },
	{ "look-eacces", LOOK, EACCES },
	{ "look-euclean", LOOK, EUCLEAN },
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static enum family family;
static int failure;
static unsigned long at_call, calls;
static unsigned seed;
static bool fired;
static const char *looked = "";	/* the look that failed */

void fault_arm(const char *spec, const char *grave)
{
	size_t len = spec ? strcspn(spec, ":") : 0;

	family = OFF;
	calls = 0;
	fired = false;
	for (size_t i = 0; spec && i < sizeof(families) / sizeof(families[0]); i++) {
		if (strlen(families[i].word) != len || strncmp(spec, families[i].word, len) != 0)
			continue;
		family = families[i].family;
		failure = families[i].error;
	}
	if (spec && family == OFF) {
		fprintf(stderr, "unknown fault '%s'\n", spec);
		_exit(99);
	}
	at_call = spec && spec[len] ? strtoul(spec + len + 1, NULL, 10) : 0;
	seed = spec && strchr(spec + len + !!spec[len], ':') ?
	       (unsigned)strtoul(strchr(spec + len + 1, ':') + 1, NULL, 10) : 0;
	if (family == POWER)
		power_begin(grave);
}

unsigned long fault_calls(void)
{
	return calls;
}

bool fault_fired(void)
{
	return fired;
}

static void report(void)
{
	const char *path = getenv("VS2VZ_FAULT_REPORT");
	char text[64];
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;

	if (fd < 0)
		return;
	snprintf(text, sizeof(text), "%lu %s %s\n", calls, fired ? "fired" : "quiet", looked);
	if (write(fd, text, strlen(text)) < 0)
		_exit(99);
	close(fd);
}

__attribute__((constructor)) static void arm_by_environment(void)
{
	const char *spec = getenv("VS2VZ_FAULT");

	if (!spec)
		return;
	fault_arm(spec, getenv("VS2VZ_FAULT_GRAVE"));
	atexit(report);
}

static void end_here(void)
{
	fired = true;
	if (family == POWER)
		power_cut(seed);
	report();
	_exit(FAULT_EXIT);
}

bool fault_hit(void)
{
	calls++;
	if (family < CRASH || calls < at_call || (calls > at_call && family != FAIL_EVER))
		return false;
	if (family == CRASH || family == POWER)
		end_here();
	fired = true;
	errno = failure;
	return true;
}

bool fault_enter(void)
{
	if (family == OFF || family == LOOK)
		return false;
	pthread_mutex_lock(&lock);
	return true;
}

bool fault_look(const char *what)
{
	bool hit;

	if (family != LOOK)
		return false;
	pthread_mutex_lock(&lock);
	hit = ++calls == at_call && failure;
	fired |= hit;
	if (hit)
		looked = what;
	pthread_mutex_unlock(&lock);
	if (hit)
		errno = failure;
	return hit;
}

void fault_leave(bool entered)
{
	if (entered)
		pthread_mutex_unlock(&lock);
}

bool fault_power(void)
{
	return family == POWER;
}

bool fault_ends_next(void)
{
	return family == CRASH && calls + 1 == at_call;
}

/* What power.c must hear before and after a call that is let through. */
enum note { NOTE_NONE, NOTE_CREATED, NOTE_META_AT };

#define AT_CALL(name, params, args, place, note)			\
	int __real_sys_##name params;					\
	int __wrap_sys_##name params;					\
	int __wrap_sys_##name params					\
	{								\
		bool in = fault_enter();					\
		int rc = -1;						\
									\
		if (!in || !fault_hit()) {					\
			if (family == POWER && (note) == NOTE_META_AT)	\
				power_meta_at(place);			\
			rc = __real_sys_##name args;			\
			if (family == POWER && rc >= 0 && (note) == NOTE_CREATED) \
				power_created(place);			\
		}							\
		fault_leave(in);						\
		return rc;						\
	}

AT_CALL(mkdir, (const struct place *at, mode_t mode), (at, mode), at, NOTE_CREATED)
AT_CALL(mknod, (const struct place *at, mode_t mode, dev_t dev), (at, mode, dev), at, NOTE_CREATED)
AT_CALL(create, (const struct place *at, mode_t mode), (at, mode), at, NOTE_CREATED)
AT_CALL(open_write, (const struct place *at), (at), at, NOTE_NONE)
AT_CALL(open_special, (const struct place *at, mode_t type), (at, type), at, NOTE_NONE)
AT_CALL(link, (const struct place *from, const struct place *to), (from, to), to, NOTE_CREATED)
AT_CALL(symlink, (const char *target, const struct place *at), (target, at), at, NOTE_CREATED)
AT_CALL(mode_at, (const struct place *at, mode_t mode), (at, mode), at, NOTE_META_AT)
AT_CALL(lchown, (const struct place *at, uid_t uid, gid_t gid), (at, uid, gid), at, NOTE_META_AT)
AT_CALL(lutimens, (const struct place *at, const struct timespec times[2]), (at, times), at,
	NOTE_META_AT)
AT_CALL(lsetxattr, (const struct place *at, const char *name, const void *value, size_t len),
	(at, name, value, len), at, NOTE_NONE)
AT_CALL(lremovexattr, (const struct place *at, const char *name), (at, name), at, NOTE_NONE)

#define FD_CALL(name, params, args, prepare)				\
	int __real_sys_##name params;					\
	int __wrap_sys_##name params;					\
	int __wrap_sys_##name params					\
	{								\
		bool in = fault_enter();					\
		int rc = -1;						\
									\
		if (!in || !fault_hit()) {					\
			if (family == POWER)				\
				prepare;				\
			rc = __real_sys_##name args;			\
		}							\
		fault_leave(in);						\
		return rc;						\
	}

FD_CALL(ftruncate, (int fd, off_t len), (fd, len), power_data(fd, len))
FD_CALL(fallocate, (int fd, off_t at, off_t len), (fd, at, len), power_data(fd, at))
FD_CALL(clone, (int to, int from), (to, from), power_data(to, 0))
FD_CALL(fchmod, (int fd, mode_t mode), (fd, mode), power_meta(fd))
FD_CALL(fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid), power_meta(fd))
FD_CALL(futimens, (int fd, const struct timespec times[2]), (fd, times), power_meta(fd))
FD_CALL(fsetxattr, (int fd, const char *name, const void *value, size_t len),
	(fd, name, value, len), (void)0)
FD_CALL(fremovexattr, (int fd, const char *name), (fd, name), (void)0)
FD_CALL(setflags, (int fd, uint32_t flags), (fd, flags), (void)0)
FD_CALL(setproject, (int fd, uint32_t id, int hands_on), (fd, id, hands_on), (void)0)
FD_CALL(subvolume_open, (int fd), (fd), (void)0)

#define REMOVE_CALL(name, dir)						\
	int __real_sys_##name(const struct place *at);			\
	int __wrap_sys_##name(const struct place *at);			\
	int __wrap_sys_##name(const struct place *at)			\
	{								\
		bool in = fault_enter();					\
		int rc = -1;						\
									\
		if (!in || !fault_hit())					\
			rc = family == POWER ? power_remove(at, dir) :	\
			     __real_sys_##name(at);			\
		fault_leave(in);						\
		return rc;						\
	}

REMOVE_CALL(rmdir, true)
REMOVE_CALL(unlink, false)

#define RENAME_CALL(name, replace)					\
	int __real_sys_##name(const struct place *from, const struct place *to); \
	int __wrap_sys_##name(const struct place *from, const struct place *to); \
	int __wrap_sys_##name(const struct place *from, const struct place *to)	\
	{								\
		bool in = fault_enter();					\
		int rc = -1;						\
									\
		if (!in || !fault_hit())					\
			rc = family == POWER ? power_rename(from, to, replace) : \
			     __real_sys_##name(from, to);		\
		fault_leave(in);						\
		return rc;						\
	}

RENAME_CALL(rename, true)
RENAME_CALL(rename_new, false)

#define SYNC_CALL(name, tell)						\
	int __real_sys_##name(int fd);					\
	int __wrap_sys_##name(int fd);					\
	int __wrap_sys_##name(int fd)					\
	{								\
		bool in = fault_enter();					\
		int rc = -1;						\
									\
		if (!in) {						\
			rc = __real_sys_##name(fd);			\
		} else if (!fault_hit()) {					\
			if (family == POWER)				\
				tell(fd);				\
			rc = 0;						\
		}							\
		fault_leave(in);						\
		return rc;						\
	}

SYNC_CALL(fsync, power_synced)
SYNC_CALL(syncfs, power_synced_all)

ssize_t __real_sys_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_sys_write(int fd, const void *bytes, size_t len);
ssize_t __real_sys_pwrite(int fd, const void *bytes, size_t len, off_t at);
ssize_t __wrap_sys_pwrite(int fd, const void *bytes, size_t len, off_t at);

/* A process that ends in the middle of a write leaves half of it. */
static bool hit_write(int fd, const void *bytes, size_t len, off_t at)
{
	if (fault_ends_next() && len > 1 &&
	    pwrite(fd, bytes, len / 2, at) < 0)
		_exit(99);
	return fault_hit();
}

static void note_write(int fd, off_t at, size_t len)
{
	if (family == POWER && power_is_block(fd))
		power_block(fd, at, len);
	else if (family == POWER)
		power_data(fd, at);
}

ssize_t __wrap_sys_write(int fd, const void *bytes, size_t len)
{
	off_t at = lseek(fd, 0, SEEK_CUR);
	bool in = fault_enter();
	ssize_t rc = -1;

	if (!in || !hit_write(fd, bytes, len, at)) {
		note_write(fd, at, len);
		rc = __real_sys_write(fd, bytes, len);
	}
	fault_leave(in);
	return rc;
}

ssize_t __wrap_sys_pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	bool in = fault_enter();
	ssize_t rc = -1;

	if (!in || !hit_write(fd, bytes, len, at)) {
		note_write(fd, at, len);
		rc = __real_sys_pwrite(fd, bytes, len, at);
	}
	fault_leave(in);
	return rc;
}
