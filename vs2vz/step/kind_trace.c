/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace: what vzctl leaves behind when the container is started, and what was not there
 * when the plan was made. Nothing is done forwards; undo takes it away, as no change of the
 * guest's and nothing that the old world had.
 *
 *	links	TREE/.cpt_hardlink_dir_..., 0700: vzctl makes it at each start and empties it
 *		(vzctl: src/lib/hooks_vz.c, create_hardlink_dir(), since 4.9). Undo removes it
 *		when it is empty. It lies in the tree at its old place, where undo brings it.
 *	quota	/var/vzquota/quota.CTID: the disk quota of the container. `vzquota drop` takes
 *		it away, unless the quota is on (vzquota: src/quotaon.c, quota_drop()); it is
 *		run on the host itself, never for the disks of another one.
 *
 * What cannot go is named, with what to type; undo goes on.
 */
#include "step/kinds.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "step/plan.h"
#include "step/tool.h"
#include "step/trace.h"

#define VZQUOTA "/usr/sbin/vzquota"	/* vzctl knows no other place: src/lib/quota.c */
#define DROP_SECONDS 10

bool is_trace_of_links(const struct step *s)
{
	return s->kind == &kind_trace && strcmp(step_get(s, "what"), TRACE_LINKS) == 0;
}

static const struct step *links_of(const struct work *w)
{
	for (size_t i = 0; i < w->nr_steps; i++)
		if (is_trace_of_links(&w->steps[i]))
			return &w->steps[i];
	return NULL;
}

bool trace_would_come_back(const struct work *w, int copy)
{
	struct stat st;

	return links_of(w) && (below_stat(copy, TRACE_LINKS_NAME, &st) == 0 || errno != ENOENT);
}

/*
 * The source was not touched yet. Do both roots hold the same names? Then the copy's gets the
 * source's time.
 */
static int same_time_of_roots(int copy, int source, struct err *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 0 } };
	struct pool pool = POOL_INIT;
	const char *a = NULL, *b = NULL;
	struct stat st;
	int rc = input_evidence(&a, &(struct root){ copy, "" }, INPUT_NAMES, "/", &pool, err);

	if (rc == 0)
		rc = input_evidence(&b, &(struct root){ source, "" }, INPUT_NAMES, "/", &pool, err);
	if (rc == 0 && a && b && strcmp(a, b) == 0) {
		if (fstat(source, &st) < 0)
			rc = fail_errno(err, "cannot look at the source");
		times[1] = st.st_mtim;
		if (rc == 0 && sys_futimens(copy, times) < 0)
			rc = fail_errno(err, "cannot set the time of the copy");
	}
	pool_release(&pool);
	return rc;
}

int trace_leave_behind(struct work *w, int copy, int source, struct err *err)
{
	const struct step *s = links_of(w);
	const struct place at = { copy, TRACE_LINKS_NAME };
	struct stat st;

	if (!s || below_stat(source, TRACE_LINKS_NAME, &st) == 0)
		return 0;
	if (errno != ENOENT)
		return fail_errno(err, "cannot look at '%s'", TRACE_LINKS_NAME);
	if (below_stat(copy, TRACE_LINKS_NAME, &st) < 0)
		return errno == ENOENT ? 0 : fail_errno(err, "cannot look at '%s'", TRACE_LINKS_NAME);
	if (!S_ISDIR(st.st_mode) || sys_rmdir(&at) < 0) {
		if (S_ISDIR(st.st_mode) && errno != ENOTEMPTY && errno != EEXIST && errno != EBUSY)
			return fail_errno(err, "cannot remove '%s'", TRACE_LINKS_NAME);
		work_kept(w, step_get(s, "at"), "vzctl's directory for checkpoints is not empty: it came "
			  "back with the rest");
		return 0;
	}
	return same_time_of_roots(copy, source, err);
}

static int trace_apply(const struct step *s, struct work *w, struct err *err)
{
	(void)s;
	(void)w;
	(void)err;
	return 0;
}

static int drop_links(const struct step *s, struct work *w, const struct found *f, struct err *err)
{
	const char *path = step_get(s, "at");

	if (!S_ISDIR(f->st.st_mode)) {
		work_kept(w, path, "no directory, so it is not vzctl's: left as it is");
	} else if (sys_rmdir(&f->spot.at) < 0) {
		if (errno != ENOTEMPTY && errno != EEXIST && errno != EBUSY)
			return fail_errno(err, "cannot remove '%s'", show(path));
		work_kept(w, path, "vzctl's directory for checkpoints is not empty: left as it is");
	}
	work_sync_later(w, f->spot.at.dirfd);
	return 0;
}

/* Is this root the one that programs see? */
static bool is_running_host(const struct root *root)
{
	struct stat here, there;
	struct root real;
	struct err err;
	bool same;

	if (root_init(&real, "/", &err) < 0)
		return false;
	same = fstat(root->fd, &here) == 0 && fstat(real.fd, &there) == 0 &&
	       here.st_dev == there.st_dev && here.st_ino == there.st_ino;
	root_release(&real);
	return same;
}

static bool is_gone(const struct step *s, const struct work *w)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;
	struct err err;

	return step_find(&f, s, "at", w, &err) == 0 && !f.there;
}

static void drop_quota(const struct step *s, struct work *w)
{
	static const char *const skip[] = { NULL };
	const char *path = step_get(s, "at"), *ctid = step_get(s, "ctid");
	const char *const args[] = { VZQUOTA, "drop", ctid, NULL };
	struct tool_said CLEANUP_TOOL said = TOOL_SAID_INIT;
	struct buf CLEANUP_BUF words = BUF_INIT;
	struct err err = { 0 };

	if (!is_running_host(w->root)) {
		work_kept(w, path, "a start of the container left it, and no program is run for another "
			  "root: on that host, vzquota drop %s", ctid);
		return;
	}
	if (!tool_exists(VZQUOTA)) {
		work_kept(w, path, "a start of the container left it, and there is no " VZQUOTA
			  " to drop it: rm %s", show(path));
		return;
	}
	if (tool_run_within(&said, args, DROP_SECONDS, &err) < 0) {
		work_kept(w, path, "%s; by hand: vzquota drop %s", err.text, ctid);
		return;
	}
	tool_words(&words, &said.err, skip);
	if (said.late)
		work_kept(w, path, "vzquota did not end within %d seconds and was killed; by hand: "
			  "vzquota drop %s", DROP_SECONDS, ctid);
	else if (said.status != 0 || !is_gone(s, w))
		work_kept(w, path, "vzquota drop %s did not work (status %d): %s; by hand: that, or, on "
			  "a kernel without OpenVZ, rm %s", ctid, said.status,
			  words.len ? show(words.data) : "it did not say why", show(path));
}

/* Not begun, no container was started: what is there is somebody else's. */
static int trace_undo(const struct step *s, struct work *w, struct err *err)
{
	struct found CLEANUP_FOUND f = FOUND_INIT;

	if (!w->ran)
		return 0;
	if (step_find(&f, s, "at", w, err) < 0)
		return -1;
	if (!f.there)
		return 0;
	if (is_trace_of_links(s))
		return drop_links(s, w, &f, err);
	drop_quota(s, w);
	return 0;
}

static void trace_describe(const struct step *s, char *mark, const char **word, struct buf *rest)
{
	*mark = ' ';
	*word = "trace";
	buf_addf(rest, "%s: left by a start, goes with undo", show(step_get(s, "at")));
}

static const struct arg trace_args[] = {
	{ .name = "at", .type = ARG_PATH },
	{ .name = "what", .type = ARG_TEXT },
	{ .name = "ctid", .type = ARG_NUMBER },
	{ .name = NULL },
};

const struct kind kind_trace = {
	.name = "trace",
	.args = trace_args,
	.apply = trace_apply,
	.undo = trace_undo,
	.describe = trace_describe,
};
