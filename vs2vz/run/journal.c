/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Journals: making, opening and listing their folders. The log is in logfile.c.
 *
 *	guests/.new-v345/	plan, log ("open"), before/, kept/	all of them: one syncfs
 *	guests/v345		-> archive/v345.~1~ where one ended before
 *	guests/.new-v345	-> guests/v345				one fsync a directory
 *
 * Dying before the renames leaves ".new-" folders that nobody reads and the next try
 * removes; dying among them leaves some plans of which nothing has begun.
 */
#include "run/journal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/units.h"
#include "model/finding_ids.h"
#include "run/logfile.h"
#include "step/manifest.h"

#define PLAN_MAX (256u << 20)
#define LOG_MAX (64u << 20)
#define SEAL_MAX 4096
#define NEW_PREFIX ".new-"

const char *phase_word(enum phase phase)
{
	static const char *const word[] = {
		[PHASE_NONE] = "none",
		[PHASE_PLANNED] = "planned",
		[PHASE_CONVERTING] = "converting",
		[PHASE_CONVERTED] = "converted",
		[PHASE_UNDOING] = "undoing",
		[PHASE_UNDONE] = "undone",
		[PHASE_COMMITTING] = "committing",
		[PHASE_COMMITTED] = "committed",
	};

	return word[phase];
}

/* One journal that is being made. */
struct birth {
	const struct printed_plan *plan;
	const char *dir;		/* "guests", "host" */
	char name[256];
	char new_name[280];
};

/* What a half-made folder can hold. */
static void sweep(int dirfd, const char *name)
{
	struct root dir = { dirfd, "" }, own = { -1, "" };
	struct place at = { dirfd, name };
	struct pool pool = POOL_INIT;
	struct names names = { 0 };
	struct err absent;
	int CLEANUP_FD fd = strict_opendir(&dir, name, &absent);

	if (fd < 0)
		return;
	own.fd = fd;
	if (root_names(&own, "/", &pool, &names, &absent) == 0)
		for (size_t i = 0; i < names.nr; i++)
			if (sys_unlink(&(struct place){ fd, names.name[i] }) < 0)
				sys_rmdir(&(struct place){ fd, names.name[i] });
	pool_release(&pool);
	sys_rmdir(&at);
}

static int put_file(int dirfd, const char *name, const void *bytes, size_t len, struct err *err)
{
	struct place at = { dirfd, name };
	int CLEANUP_FD fd = sys_create(&at, 0600);

	if (fd < 0)
		return fail_errno(err, "cannot create '%s'", name);
	return write_all(fd, bytes, len, err);
}

/* The tree's record comes from where the survey left it. Without it the step makes one. */
static int take_manifest(int state, int fd, const struct printed_plan *plan, struct err *err)
{
	struct root root = { state, "" };
	char name[MANIFEST_NAME];
	struct place to = { fd, manifest_name(name, plan->relocation, false) };
	int CLEANUP_FD from = -1;

	if (!plan->recorded || plan->relocation == UINT_MAX)
		return 0;
	from = strict_opendir(&root, MANIFESTS, err);
	if (from < 0)
		return -1;
	if (sys_rename(&(struct place){ from, plan->guest }, &to) < 0)
		return fail_errno(err, "cannot move the record of the tree");
	return 0;
}

static int fill_folder(int state, int fd, const struct printed_plan *plan, struct err *err)
{
	struct buf CLEANUP_BUF log = BUF_INIT;

	log_first_line(&log);
	if (sys_mkdir(&(struct place){ fd, "before" }, 0700) < 0 ||
	    sys_mkdir(&(struct place){ fd, "kept" }, 0700) < 0)
		return fail_errno(err, "cannot make a folder");
	if (put_file(fd, "plan", plan->text, plan->len, err) < 0)
		return -1;
	if (put_file(fd, "log", log.data, log.len, err) < 0)
		return -1;
	return take_manifest(state, fd, plan, err);
}

static int make_new(int state, int dirfd, const struct birth *b, struct err *err)
{
	struct root dir = { dirfd, "" };
	struct place at = { dirfd, b->new_name };
	int CLEANUP_FD fd = -1;

	sweep(dirfd, b->new_name);
	if (sys_mkdir(&at, 0700) < 0)
		return fail_errno(err, "cannot make '%s'", show(b->new_name));
	fd = strict_opendir(&dir, b->new_name, err);
	return fd < 0 ? -1 : fill_folder(state, fd, b->plan, err);
}

/* An ended journal makes room; any other is in the way. */
static int archive_old(int state, int dirfd, const struct birth *b, struct err *err)
{
	struct root root = { state, "" };
	struct place old = { dirfd, b->name };
	char key[300], name[300];
	struct journal j;
	struct stat st;
	enum phase phase;
	int CLEANUP_FD archive = -1;

	if (below_stat(dirfd, b->name, &st) < 0)
		return errno == ENOENT ? 0 : fail_errno(err, "cannot look at '%s'", show(b->name));
	snprintf(key, sizeof(key), "%s/%s", b->dir, b->name);
	if (journal_open(&j, state, key, err) < 0)
		return -1;
	phase = j.phase;
	journal_close(&j);
	if (phase != PHASE_PLANNED && phase != PHASE_UNDONE && phase != PHASE_COMMITTED)
		return fail_code(err, EEXIST, "guest '%s' has a journal already: %s",
				 show(b->name), phase_word(phase));
	archive = strict_opendir(&root, "archive", err);
	if (archive < 0)
		return -1;
	for (unsigned n = 1; ; n++) {
		snprintf(name, sizeof(name), "%s.~%u~", b->name, n);
		if (sys_rename_new(&old, &(struct place){ archive, name }) == 0)
			return sync_dir(archive, err);
		if (errno != EEXIST && errno != ENOTEMPTY)
			return fail_errno(err, "cannot archive the journal of '%s'", show(b->name));
	}
}

static const char *const dirs[] = { "guests", "host", "containers" };
#define NR_DIRS 3

/* Which of them a plan goes to. */
static unsigned dir_nr(const struct printed_plan *plan)
{
	return !plan->guest ? 1 : strchr(plan->guest, '/') ? 2 : 0;
}

const char *journal_key(const char *name, struct pool *pool)
{
	const char *slash = strchr(name, '/');

	return slash ? pool_printf(pool, "containers%s", slash) : pool_printf(pool, "guests/%s", name);
}

/* The last part of a key. */
static const char *folder_name(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash ? slash + 1 : name;
}

static int next_host_number(int state, unsigned *out, struct err *err)
{
	struct pool pool = POOL_INIT;
	unsigned *numbers;
	size_t nr;
	int rc = journal_list_host(state, &pool, &numbers, &nr, err);

	*out = rc == 0 && nr ? numbers[nr - 1] + 1 : 1;
	pool_release(&pool);
	return rc;
}

static int name_births(struct birth *v, int state, const struct printed_plan *plans, size_t nr,
		       struct err *err)
{
	unsigned host;

	if (next_host_number(state, &host, err) < 0)
		return -1;
	for (size_t i = 0; i < nr; i++) {
		v[i].plan = &plans[i];
		v[i].dir = dirs[dir_nr(&plans[i])];
		if (!plans[i].guest)
			snprintf(v[i].name, sizeof(v[i].name), "%u", host++);
		else if ((size_t)snprintf(v[i].name, JOURNAL_NAME_MAX + 1, "%s",
					  folder_name(plans[i].guest)) > JOURNAL_NAME_MAX)
			return fail_code(err, ENAMETOOLONG, "name too long: '%s'",
					 show(plans[i].guest));
		snprintf(v[i].new_name, sizeof(v[i].new_name), NEW_PREFIX "%s", v[i].name);
	}
	return 0;
}

static int dir_of(const int fds[NR_DIRS], const struct birth *b)
{
	return fds[dir_nr(b->plan)];
}

static int make_all(int state, const int fds[NR_DIRS], const struct birth *v, size_t nr,
		    struct err *err)
{
	for (size_t i = 0; i < nr; i++)
		if (archive_old(state, dir_of(fds, &v[i]), &v[i], err) < 0 ||
		    make_new(state, dir_of(fds, &v[i]), &v[i], err) < 0)
			return -1;
	if (sys_syncfs(state) < 0)
		return fail_errno(err, "cannot sync the new journals");
	for (size_t i = 0; i < nr; i++) {
		int dirfd = dir_of(fds, &v[i]);

		if (sys_rename_new(&(struct place){ dirfd, v[i].new_name },
				   &(struct place){ dirfd, v[i].name }) < 0)
			return fail_errno(err, "cannot rename '%s'", show(v[i].new_name));
	}
	for (unsigned i = 0; i < NR_DIRS; i++) {
		size_t k = 0;

		while (k < nr && dir_nr(v[k].plan) != i)
			k++;
		if (k < nr && sync_dir(fds[i], err) < 0)
			return -1;
	}
	return 0;
}

static int open_dirs(int fds[NR_DIRS], const struct root *state, struct err *err)
{
	for (unsigned i = 0; i < NR_DIRS; i++) {
		fds[i] = strict_opendir(state, dirs[i], err);
		if (fds[i] < 0)
			return -1;
	}
	return 0;
}

int journal_create_printed(int state, const struct printed_plan *plans, size_t nr,
			   struct err *err)
{
	struct root root = { state, "" };
	struct birth *v = xcalloc(nr, sizeof(*v));
	int fds[NR_DIRS] = { -1, -1, -1 };
	int rc = open_dirs(fds, &root, err);

	if (rc == 0)
		rc = name_births(v, state, plans, nr, err);
	if (rc == 0) {
		rc = make_all(state, fds, v, nr, err);
		for (size_t i = 0; rc < 0 && i < nr; i++)
			sweep(dir_of(fds, &v[i]), v[i].new_name);
	}
	for (unsigned i = 0; i < NR_DIRS; i++)
		close_fd(&fds[i]);
	free(v);
	if (rc < 0)
		err_add(err, "cannot make the journal");
	return rc;
}

int journal_create(int state, const struct plan *plans, size_t nr, struct err *err)
{
	struct pool pool = POOL_INIT;
	struct printed_plan *printed = pool_array(&pool, nr, sizeof(*printed));
	int rc;

	for (size_t i = 0; i < nr; i++)
		plan_printed(&printed[i], &plans[i], &pool);
	rc = journal_create_printed(state, printed, nr, err);
	pool_release(&pool);
	return rc;
}

/* Damage is what is there and wrong, or gone; what cannot be read may be whole. */
static int unread(const struct journal *j, const char *what, struct err *err)
{
	if (err_is_absent(err) || err->code == EFBIG || err->code == EINVAL)
		return fail_code(err, VS_JOURNAL_DAMAGED, "journal '%s' has no readable %s",
				 show(j->name), what);
	err_add(err, "journal '%s'", show(j->name));
	return -1;
}

static int read_plan(struct journal *j, const struct root *folder, struct err *err)
{
	struct buf CLEANUP_BUF bytes = BUF_INIT;
	const char *text;

	if (root_read(folder, "plan", PLAN_MAX, &bytes, err) < 0)
		return unread(j, "plan", err);
	text = bytes.data;
	if (plan_parse(&j->plan, &text, &j->pool, err) == 0)
		return 0;
	err->code = err->code == EPROTO ? VS_JOURNAL_NEWER : VS_JOURNAL_DAMAGED;
	err_add(err, "journal '%s'", show(j->name));
	return -1;
}

static int read_log(struct journal *j, const struct root *folder, struct err *err)
{
	struct buf CLEANUP_BUF bytes = BUF_INIT, seal CLEANUP_BUF = BUF_INIT;

	if (root_read(folder, "log", LOG_MAX, &bytes, err) < 0)
		return unread(j, "log", err);
	if (log_replay(j, bytes.data, bytes.len, err) < 0)
		return -1;
	if (root_read(folder, LOG_SEAL, SEAL_MAX, &seal, err) == 0)
		return log_check_seal(j, bytes.data, &seal, err);
	if (!err_is_absent(err))
		return unread(j, "seal", err);
	err_clear(err);
	return 0;
}

int journal_open(struct journal *j, int state, const char *key, struct err *err)
{
	struct root root = { state, "" }, folder = { -1, "" };

	*j = (struct journal){ .folder = -1, .log = -1, .seal = -1, .pool = POOL_INIT };
	j->folder = folder.fd = strict_opendir(&root, key, err);
	if (j->folder < 0)
		return -1;
	j->name = strncmp(key, "host/", 5) == 0 ? "host" :
		  strncmp(key, "containers/", 11) == 0 ? pool_printf(&j->pool, "ct/%s", key + 11) :
		  pool_strdup(&j->pool, strchr(key, '/') ? strchr(key, '/') + 1 : key);
	if (read_plan(j, &folder, err) < 0 || read_log(j, &folder, err) < 0) {
		journal_close(j);
		return -1;
	}
	return 0;
}

void journal_close(struct journal *j)
{
	close_fd(&j->folder);
	close_fd(&j->log);
	close_fd(&j->seal);
	pool_release(&j->pool);
}

/* Names in a subfolder of the state directory; none where it is absent. */
static int list(int state, const char *dir, struct pool *pool, struct names *out, struct err *err)
{
	struct root root = { state, "" };

	*out = (struct names){ 0 };
	if (root_names(&root, dir, pool, out, err) == 0)
		return 0;
	if (err->code != ENOENT)
		return -1;
	err_clear(err);
	return 0;
}

int journal_list(int state, struct pool *pool, const char ***names, size_t *nr, struct err *err)
{
	struct names guests, containers;

	*nr = 0;
	if (list(state, "guests", pool, &guests, err) < 0 ||
	    list(state, "containers", pool, &containers, err) < 0)
		return -1;
	*names = pool_array(pool, guests.nr + containers.nr, sizeof(**names));
	for (size_t i = 0; i < guests.nr; i++)
		if (guests.name[i][0] != '.')
			(*names)[(*nr)++] = guests.name[i];
	for (size_t i = 0; i < containers.nr; i++)
		if (containers.name[i][0] != '.')
			(*names)[(*nr)++] = pool_printf(pool, "ct/%s", containers.name[i]);
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const unsigned *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int journal_list_host(int state, struct pool *pool, unsigned **numbers, size_t *nr,
		      struct err *err)
{
	struct names all;
	uint64_t n;

	*nr = 0;
	if (list(state, "host", pool, &all, err) < 0)
		return -1;
	*numbers = pool_array(pool, all.nr, sizeof(**numbers));
	for (size_t i = 0; i < all.nr; i++)
		if (parse_u64(all.name[i], INT32_MAX, &n))
			(*numbers)[(*nr)++] = (unsigned)n;
	qsort(*numbers, *nr, sizeof(**numbers), by_number);
	return 0;
}
