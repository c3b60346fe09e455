/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash store holds one more link to each file that vhashify unified. It serves a guest
 * that VServer still runs, or may run again after an undo; when all guests of its file
 * system are committed it is of no use, and holds the space of what they have removed.
 *
 * A store is named by a link of the configuration, and such a link may lead anywhere.
 * Therefore nothing is removed unless everything in it looks like vhashify's work:
 * HH/HH/REST-IIIIIIII, regular files only (util-vserver src/vhashify.c). Removal is
 * inside-out; a cut leaves a smaller store, and the same command goes on.
 */
#include "stores.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/fsinfo.h"
#include "base/log.h"
#include "base/sharing.h"
#include "base/stop.h"
#include "base/survey.h"
#include "base/units.h"
#include "base/walk.h"
#include "proof.h"
#include "step/drop.h"
#include "step/marks_record.h"

#define NAMED_MOST 5
#define TREES_MOST 8	/* of one guest: its tree, and what its steps left */

struct store {
	const char *path;
	int fd;
	struct stat st;
	uint64_t files, bytes, alone;	/* alone: bytes that no other name holds */
	struct buf odd;			/* first name that vhashify did not make */
	struct buf users;		/* who may need it */
	size_t nr_users;
};

static bool is_hex(const char *text, size_t len)
{
	return strspn(text, "0123456789abcdef") >= len;
}

/* "REST-IIIIIIII", or with ";" and six characters behind it what a cut of vhashify left. */
static bool is_store_file(const char *name)
{
	const char *dash = strchr(name, '-');

	if (!dash || dash == name || !is_hex(name, (size_t)(dash - name)) || strlen(dash) < 9 ||
	    !is_hex(dash + 1, 8))
		return false;
	return !dash[9] || (dash[9] == ';' && strlen(dash + 10) == 6);
}

static bool fits(const struct walk_dir *dir, const struct walk_entry *e)
{
	if (e->foreign)
		return false;
	if (dir->depth < 2)
		return S_ISDIR(e->meta.st.st_mode) && strlen(e->name) == 2 && is_hex(e->name, 2);
	return dir->depth == 2 && S_ISREG(e->meta.st.st_mode) && is_store_file(e->name);
}

static int look_entries(struct walk_thread *t, struct walk_dir *dir, struct walk_entry *v,
			size_t nr, struct err *err)
{
	struct store *store = t->ctx;

	(void)err;
	for (size_t i = 0; i < nr; i++) {
		uint64_t bytes = (uint64_t)v[i].meta.st.st_blocks * 512;

		if (!fits(dir, &v[i])) {
			if (!store->odd.len)
				walk_path(&store->odd, dir, v[i].name);
			v[i].enter = false;
			continue;
		}
		if (S_ISDIR(v[i].meta.st.st_mode))
			continue;
		store->files++;
		store->bytes += bytes;
		store->alone += v[i].meta.st.st_nlink == 1 ? bytes : 0;
	}
	return 0;
}

static int look_into(struct store *store, struct session *s)
{
	static const struct walk_ops ops = { .entries = look_entries };
	const struct walk_options how = { .threads = 1, .second = -1 };

	return walk_tree(store->fd, &ops, store, &how, &s->err);
}

/* Phases have changed since the records were read. */
static enum phase phase_now(struct session *s, const char *name)
{
	const struct record *r = session_record(s, name);
	enum phase phase = PHASE_CONVERTING;	/* unreadable: not committed */
	struct journal j;
	struct err err;

	if (!r)
		return PHASE_NONE;
	if (journal_open(&j, s->state, journal_key(name, &s->pool), &err) == 0) {
		phase = j.phase;
		journal_close(&j);
	}
	return phase;
}

static bool any_committed(struct session *s)
{
	for (size_t i = 0; i < s->nr_records; i++)
		if (phase_now(s, s->records[i].name) == PHASE_COMMITTED)
			return true;
	return false;
}

static void add_user(struct store *store, const char *name, const char *why)
{
	if (store->nr_users++ < NAMED_MOST)
		buf_addf(&store->users, "%s%s (%s)", store->users.len ? ", " : "", show(name), why);
	else if (store->nr_users == NAMED_MOST + 1)
		buf_adds(&store->users, ", and more");
}

/* 1 yes, 0 no, -1: that cannot be seen. */
static int has_vunify(struct session *s, const struct guest *guest)
{
	struct stat st;
	char path[4096];

	if (!guest || guest->style != STYLE_RECENT ||
	    (size_t)snprintf(path, sizeof(path), "%s/apps/vunify", guest->conf) >= sizeof(path))
		return 0;
	if (root_stat(&s->root, path, &st, &s->err) == 0)
		return 1;
	return err_is_absent(&s->err) ? 0 : -1;
}

struct join {
	struct session *s;
	struct store *store;
	struct sharing *sharing;
	size_t nr, most;
	const char **name;	/* by number of the tree; NULL: the store */
};

/* A tree that may share with the store; on another file system it cannot. */
static int join_tree(struct join *j, const char *name, const char *path)
{
	struct session *s = j->s;
	int CLEANUP_FD fd = strict_opendir(&s->root, path, &s->err);
	struct survey_options opt = { .threads = s->set.jobs, .sharing = j->sharing };
	struct survey survey;
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return fail_errno(&s->err, "cannot look at '%s'", show(path));
	if (st.st_dev != j->store->st.st_dev)
		return 0;
	if (name && j->nr + 1 >= j->most)
		return fail(&s->err, "too many directories of guest '%s'", show(name));
	opt.tree = sharing_tree(j->sharing, path, name == NULL);
	if (survey_tree(&survey, fd, &opt, &s->err) < 0)
		return -1;
	survey_release(&survey);
	j->name[opt.tree] = name;
	j->nr = opt.tree + 1;
	return 0;
}

/* What the step leaves and undo needs: a source put aside, inodes held back. NULL: nothing. */
static int left_at(const char **path, const struct step *step, unsigned a, const struct work *w,
		   struct err *err)
{
	*path = step->kind->args[a].type == ARG_PATH ? step->value[a] : NULL;
	if (*path && strcmp(step->kind->args[a].name, "hold") == 0)
		return marks_hold_path(step, w, path, err);
	*path = step->kind->moves ? *path : NULL;
	return 0;
}

/* Besides the tree itself: names that are needed until commit. */
static int join_left(struct join *j, const char *name, const char *tree)
{
	struct journal record;
	struct work w;
	int rc = 0;

	if (!session_record(j->s, name))
		return 0;
	if (journal_open(&record, j->s->state, journal_key(name, &j->s->pool), &j->s->err) < 0)
		return -1;
	work_init(&w, &j->s->root, record.folder, &j->s->pool);
	plan_to_work(&record.plan, &w);
	for (size_t i = 0; i < record.plan.nr_steps && rc == 0; i++) {
		const struct step *step = &record.plan.step[i];
		const char *path;
		struct stat st;

		for (unsigned a = 0; step->kind->args[a].name && rc == 0; a++) {
			rc = left_at(&path, step, a, &w, &j->s->err);
			if (rc < 0 || !path || strcmp(path, tree) == 0)
				continue;
			rc = root_lstat(&j->s->root, path, &st, &j->s->err);
			if (rc < 0 && err_is_absent(&j->s->err))
				rc = 0;
			else if (rc == 0 && S_ISDIR(st.st_mode))
				rc = join_tree(j, name, pool_strdup(&j->s->pool, path));
		}
	}
	work_release(&w);
	journal_close(&record);
	return rc;
}

static int consider(struct join *j, const char *name, const struct guest *guest)
{
	const char *tree = NULL;
	struct stat st;
	int vunify;

	if (phase_now(j->s, name) == PHASE_COMMITTED)
		return 0;
	if (session_record(j->s, name) && proof_tree(j->s, name, &tree) < 0)
		return -1;
	if (!tree && guest)
		tree = guest->tree;
	if (!tree)
		return 0;
	if (root_stat(&j->s->root, tree, &st, &j->s->err) < 0)
		return err_is_absent(&j->s->err) ? 0 : -1;
	if (st.st_dev != j->store->st.st_dev)
		return 0;
	vunify = has_vunify(j->s, guest);
	if (vunify < 0)
		return -1;
	if (vunify) {
		add_user(j->store, name, "not committed, has apps/vunify");
		return 0;
	}
	return join_tree(j, name, tree) < 0 || join_left(j, name, tree) < 0 ? -1 : 0;
}

static int consider_all(struct join *j)
{
	const struct session *s = j->s;

	for (size_t i = 0; i < s->guests.nr; i++)
		if (consider(j, s->guests.v[i].name, &s->guests.v[i]) < 0)
			return -1;
	for (size_t i = 0; i < s->nr_records; i++)
		if (!s->records[i].guest && consider(j, s->records[i].name, NULL) < 0)
			return -1;
	return 0;
}

/* Trees that were walked are compared with the store, which is walked only then. */
static int find_users(struct session *s, struct store *store)
{
	size_t most = TREES_MOST * (s->guests.nr + s->nr_records) + 1;
	struct join j = {
		.s = s, .store = store, .sharing = sharing_new(), .most = most,
		.name = pool_array(&s->pool, most, sizeof(*j.name)),
	};
	int rc = consider_all(&j);

	if (rc == 0 && j.nr)
		rc = join_tree(&j, NULL, store->path);
	if (rc == 0)
		sharing_join(j.sharing);
	for (unsigned i = 0; rc == 0 && i < j.nr; i++) {
		struct sharers sharers;

		if (!j.name[i])
			continue;
		sharing_of(j.sharing, i, &sharers, &s->pool);
		if (sharers.stores)
			add_user(store, j.name[i], "not committed, shares files with it");
	}
	sharing_free(j.sharing);
	return rc;
}

/* NULL: everything in it may go. */
static int why_odd(struct session *s, struct store *store, const char **why)
{
	struct mounts mounts;

	*why = NULL;
	if (mounts_below(&mounts, &s->root, store->path, &s->pool, &s->err) < 0 ||
	    look_into(store, s) < 0)
		return -1;
	if (store->odd.len)
		*why = pool_printf(&s->pool, "'%s' in it is not of vhashify's making",
				   show(store->odd.data));
	for (size_t i = 0; i < mounts.nr; i++)
		if (strcmp(mounts.v[i].point, store->path) != 0)
			*why = pool_printf(&s->pool, "'%s' is mounted in it",
					   show(mounts.v[i].point));
	return 0;
}

static int remove_store(struct session *s, struct store *store)
{
	struct tree_options opt = { .threads = s->set.jobs };
	struct tree_counts counts;
	bool stays;

	if (stop_wanted())
		return fail_code(&s->err, ERR_STOPPED, "stopped as asked");
	log_say(LOG_NOTE, "removing the hash store '%s'", show(store->path));
	if (drop_tree(&s->root, store->path, store->st.st_ino, &opt, &counts, &stays, &s->err) < 0)
		return -1;
	finding_add(&s->findings, VS_STORE_REMOVED, NULL, store->path,
		    "%llu files, %s freed%s", (unsigned long long)store->files,
		    show_size(store->alone), stays ? "; the empty mount point stays" : "");
	return 0;
}

static int judge(struct session *s, struct store *store)
{
	const char *odd;

	if (find_users(s, store) < 0)
		return -1;
	if (store->nr_users) {
		if (s->opt.remove_store)
			finding_add(&s->findings, VS_STORE_IN_USE, NULL, store->path, "%s",
				    store->users.data);
		return s->opt.remove_store;
	}
	if (why_odd(s, store, &odd) < 0)
		return -1;
	if (odd && s->opt.remove_store) {
		finding_add(&s->findings, VS_STORE_ODD, NULL, store->path, "%s", odd);
		return 1;
	}
	if (s->opt.remove_store)
		return remove_store(s, store);
	finding_add(&s->findings, VS_STORE_LEFT, NULL, store->path,
		    "%llu files, %s, of which %s would be freed by: vs2vz commit --all "
		    "--remove-hash-store",
		    (unsigned long long)store->files, show_size(store->bytes),
		    show_size(store->alone));
	return 0;
}

static int look_at(struct session *s, const char *path)
{
	struct store store = { .path = path, .odd = BUF_INIT, .users = BUF_INIT };
	int rc = 0;

	store.fd = strict_opendir(&s->root, path, &s->err);
	if (store.fd < 0)
		return err_is_absent(&s->err) ? 0 : -1;
	rc = fstat(store.fd, &store.st) < 0 ? fail_errno(&s->err, "cannot look at '%s'", show(path))
					    : judge(s, &store);
	close_fd(&store.fd);
	buf_release(&store.odd);
	buf_release(&store.users);
	return rc;
}

int stores_after_commit(struct session *s)
{
	int worst = 0;

	if (!s->host.nr_stores || stop_signal() || !(s->opt.remove_store || any_committed(s)))
		return 0;
	for (unsigned i = 0; i < s->host.nr_stores; i++) {
		int rc = look_at(s, s->host.stores[i]);

		if (rc < 0)
			return -1;
		worst = rc > worst ? rc : worst;
	}
	return worst;
}
