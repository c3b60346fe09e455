/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of what could not be seen. Knows no guests and prints nothing; look.c makes
 * findings of it.
 */
#include "base/unseen.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ERRNO_MOST EHWPOISON	/* the largest of Linux; err->code knows others above */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct unseen list[UNSEEN_MAX];
static size_t count;

/*
 * ELOOP, EINVAL, EISDIR, ENXIO, ENOTBLK: another type than was asked for. ENAMETOOLONG: no
 * such name can be. ESRCH: a process that ended. ESTALE is our own word for a name that
 * became another object under our eyes: it is looked at again, or said by who asked.
 */
bool errno_is_answer(int code)
{
	static const int answers[] = {
		ENOENT, ENOTDIR, ELOOP, EINVAL, EISDIR, ENXIO, ENODEV, ENOTBLK, ENAMETOOLONG,
		ESRCH, ESTALE,
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (answers[i] == code)
			return true;
	return false;
}

/*
 * The kernel hides parts of /proc from those who may not look: other users' processes,
 * and in a container even from root. It is no damage, and the same at each look.
 */
static bool is_hidden(const char *root, const char *path, int code)
{
	return (code == EACCES || code == EPERM) &&
	       (strcmp(root, "/proc") == 0 || strncmp(path, "/proc/", 6) == 0);
}

static bool is_known(const char *path, int code)
{
	for (size_t i = 0; i < count && i < UNSEEN_MAX; i++)
		if (list[i].code == code && strcmp(list[i].path, path) == 0)
			return true;
	return false;
}

void unseen_note(const char *root, const char *path, int code)
{
	const char *slash = *root && *path && *path != '/' && root[strlen(root) - 1] != '/' ? "/" : "";
	int saved = errno;
	char *whole;

	if (errno_is_answer(code) || is_hidden(root, path, code))
		return;
	if (asprintf(&whole, "%s%s%s", root, slash, path) < 0)
		die("no memory");
	pthread_mutex_lock(&lock);
	if (is_known(whole, code)) {
		free(whole);
	} else {
		if (count < UNSEEN_MAX)
			list[count] = (struct unseen){ whole, code };
		else
			free(whole);
		count++;
	}
	pthread_mutex_unlock(&lock);
	errno = saved;
}

bool err_is_refusal(const struct err *err)
{
	return err->code > 0 && err->code <= ERRNO_MOST && !errno_is_answer(err->code);
}

void unseen_note_err(const char *path, const struct err *err)
{
	if (err_is_refusal(err))
		unseen_note("", path, err->code);
}

size_t unseen_count(void)
{
	size_t now;

	pthread_mutex_lock(&lock);
	now = count;
	pthread_mutex_unlock(&lock);
	return now;
}

struct unseen unseen_get(size_t i)
{
	struct unseen one;

	pthread_mutex_lock(&lock);
	one = list[i];
	pthread_mutex_unlock(&lock);
	return one;
}

void unseen_forget(void)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < count && i < UNSEEN_MAX; i++)
		free((char *)list[i].path);
	count = 0;
	pthread_mutex_unlock(&lock);
}
