/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Begin and end of a run: roots, settings, lock, log, report files, the question.
 * What is learnt of the host in between is look.c.
 */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/shown.h"
#include "base/stop.h"
#include "base/unseen.h"
#include "exits.h"
#include "lost.h"
#include "state_place.h"

#define NAME_FILE_MAX (64u << 10)
#define UNSEEN_TOLD 5

int session_fail(struct session *s, int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->err.text, sizeof(s->err.text), fmt, ap);
	va_end(ap);
	s->status = status;
	return -1;
}

static bool is_refusal(int code)
{
	return code == EACCES || code == EPERM;
}

int session_failed(struct session *s)
{
	int status = s->declined ? EXIT_DONE : s->status ? s->status : EXIT_FAILED;

	if (is_refusal(s->err.code) && status == EXIT_FAILED && geteuid() != 0) {
		size_t len = strlen(s->err.text);

		status = EXIT_PLATFORM;
		snprintf(s->err.text + len, sizeof(s->err.text) - len,
			 "; %s needs root rights to see it: try sudo", s->opt.command->name);
	}
	log_say(s->declined ? LOG_NOTE : LOG_ERROR, "%s", s->err.text);
	if (s->opt.json)
		return session_end(s, NULL, status);
	return status;
}

/* Many descriptors make deep walks fast; what the system refuses does not matter. */
static void raise_limits(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur < lim.rlim_max) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
}

static void set_up_output(struct session *s)
{
	enum color_when color = s->opt.color != COLOR_UNSET ? s->opt.color : s->set.color;
	bool terminal = isatty(STDERR_FILENO) && getenv("TERM") &&
			strcmp(getenv("TERM"), "dumb") != 0;

	log_setup(s->opt.quiet ? -1 : (int)s->opt.verbose, color_wanted(color, STDERR_FILENO));
	progress_setup(s->opt.quiet ? PROGRESS_NONE :
		       terminal ? PROGRESS_TERMINAL : PROGRESS_LINES);
}

/*
 * The root as /proc names it: absolute, without links, so that what /proc says of
 * processes and mounts can be compared with paths below it.
 */
static void name_root(struct session *s)
{
	char text[4096];
	ssize_t len = below_readlink(AT_FDCWD, pool_printf(&s->pool, "/proc/self/fd/%d", s->root.fd),
				     text, sizeof(text));

	if (!s->live && len > 0)
		s->root.path = pool_memdup(&s->pool, text, (size_t)len);
	if (!s->live)
		s->report.root = shown_dup(&s->pool, s->root.path);
}

/* The first value of a file of settings, or the first line of one without keys; NULL: none. */
static const char *first_value(const char *text, const char *key, struct pool *pool)
{
	static const char blanks[] = " \t\"'";

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		const char *at = text + strspn(text, blanks);
		size_t len;

		if (strncmp(at, key, strlen(key)) != 0)
			continue;
		at += strlen(key);
		at += strspn(at, blanks);
		len = strcspn(at, " \t\"'\r\n#");
		if (len)
			return pool_memdup(pool, at, len);
	}
	return NULL;
}

/* Reports of a host that is only mounted carry its own name, not that of this machine. */
static void name_host(struct session *s)
{
	static const struct {
		const char *path, *key;
	} places[] = {
		{ "/etc/hostname", "" }, { "/etc/HOSTNAME", "" },
		{ "/etc/sysconfig/network", "HOSTNAME=" }, { "/etc/conf.d/hostname", "hostname=" },
		{ "/etc/conf.d/hostname", "HOSTNAME=" },
	};
	const char *name = NULL;

	for (size_t i = 0; !s->live && !name && i < sizeof(places) / sizeof(places[0]); i++) {
		struct buf CLEANUP_BUF text = BUF_INIT;
		struct err err;

		if (root_read(&s->root, places[i].path, NAME_FILE_MAX, &text, &err) == 0)
			name = first_value(text.data, places[i].key, &s->pool);
	}
	if (!s->live)
		s->report.host_name = name ? shown_dup(&s->pool, name) : "unknown";
}

int session_begin(struct session *s)
{
	const char *path = s->opt.root_path ? s->opt.root_path : "/";

	umask(0);	/* every object is made with the mode that it shall have */
	raise_limits();
	s->state = s->lock = s->root.fd = s->proc.fd = -1;
	s->live = strcmp(path, "/") == 0;
	s->findings.pool = &s->pool;
	settings_defaults(&s->set);
	set_up_output(s);
	report_init(&s->report, &s->pool, s->opt.command->name, s->argc, s->argv);
	s->status = EXIT_USAGE;
	if (root_init(&s->root, path, &s->err) < 0 ||
	    settings_read(&s->set, &s->root, s->opt.config_file, &s->pool, &s->err) < 0) {
		if (is_refusal(s->err.code) && geteuid() != 0)
			s->status = EXIT_PLATFORM;
		return -1;
	}
	s->status = 0;
	set_up_output(s);
	if (root_init(&s->proc, "/proc", &s->err) < 0)
		return session_fail(s, EXIT_PLATFORM, "/proc is not there: mount it first");
	name_root(s);
	name_host(s);
	return 0;
}

struct text_style session_style(const struct session *s)
{
	enum color_when color = s->opt.color != COLOR_UNSET ? s->opt.color : s->set.color;

	return (struct text_style){
		.color = color_wanted(color, STDOUT_FILENO),
		.verbose = s->opt.verbose > 0,
	};
}

/* A path of the user's own, relative to where the user stands, as a root and a rest. */
static int user_path(struct session *s, const char *path, struct root *root, const char **rest)
{
	char *cwd;

	if (root_init(root, "/", &s->err) < 0)
		return -1;
	if (path[0] == '/') {
		*rest = path;
		return 0;
	}
	cwd = getcwd(NULL, 0);
	if (!cwd) {
		root_release(root);
		return fail_errno(&s->err, "cannot tell the present directory");
	}
	*rest = pool_printf(&s->pool, "%s/%s", cwd, path);
	free(cwd);
	return 0;
}

int session_read_file(struct session *s, const char *path, size_t max, struct buf *out)
{
	const char *rest;
	struct root root;
	int done;

	if (user_path(s, path, &root, &rest) < 0)
		return -1;
	done = root_read(&root, rest, max, out, &s->err);
	root_release(&root);
	return done;
}

/* A file is made while its text is. */
static int fill_file(const struct place *at, const struct atomic_meta *meta, bool sync_parent,
		     void (*fill)(struct buf *out, const void *ctx), const void *ctx,
		     struct err *err)
{
	struct atomic_file file;
	const struct buf_sink sink = { atomic_put, &file };
	struct buf CLEANUP_BUF out = BUF_INTO(&sink);

	if (atomic_begin(&file, at, meta->others, err) < 0)
		return -1;
	fill(&out, ctx);
	buf_flush(&out);
	return atomic_end(&file, meta, sync_parent, err);
}

int session_write_file(struct session *s, const char *path,
		       void (*fill)(struct buf *out, const void *ctx), const void *ctx)
{
	const struct atomic_meta meta = { .mode = 0600, .uid = getuid(), .gid = getgid(),
					  .others = true };
	struct spot CLEANUP_SPOT spot = SPOT_INIT;
	const char *rest;
	struct root root;
	int done;

	if (user_path(s, path, &root, &rest) < 0)
		return -1;
	done = root_spot(&root, rest, &spot, &s->err);
	if (done == 0)
		done = fill_file(&spot.at, &meta, true, fill, ctx, &s->err);
	root_release(&root);
	return done;
}

/* LOG_DIR/RUN.log, or --log FILE. A run without a log file would be a run in the dark. */
static int open_log(struct session *s)
{
	struct spot CLEANUP_SPOT spot = SPOT_INIT;
	const char *path = s->opt.log_file;
	struct root root = s->root;
	int fd;

	if (path) {
		if (user_path(s, path, &root, &path) < 0)
			return -1;
	} else {
		if (make_dirs(s->root.fd, s->set.log_dir, 0755, &s->err) < 0)
			return -1;
		path = pool_printf(&s->pool, "%s/%s.log", s->set.log_dir, s->report.run);
	}
	fd = root_spot(&root, path, &spot, &s->err);
	if (fd == 0)
		fd = create_new(&spot.at, 0600, &s->err);
	if (s->opt.log_file)
		root_release(&root);
	if (fd < 0)
		return -1;
	log_to(fd);
	return 0;
}

/* What the run itself must write; nothing of the host has been changed yet. */
static int unusable(struct session *s, const char *what, const char *dir, const char *setting)
{
	err_add(&s->err, "the %s '%s' cannot be used", what, show(dir));
	return session_fail(s, EXIT_FAILED, "%s; nothing was changed: make it writable, or name "
			    "another one with %s", pool_strdup(&s->pool, s->err.text), setting);
}

int session_may_change(struct session *s)
{
	if (geteuid() != 0)
		return session_fail(s, EXIT_PLATFORM, "%s needs root rights: try sudo, or `vs2vz plan` "
				    "to look first", s->opt.command->name);
	if (state_place_allowed(s) < 0)
		return -1;
	if (s->state < 0) {
		s->state = state_open(&s->root, s->set.state_dir, true, &s->err);
		if (s->state < 0)
			return unusable(s, "state directory", s->set.state_dir, "state_dir");
	}
	s->lock = state_lock(s->state, &s->err);
	if (s->lock < 0 && s->err.code != EWOULDBLOCK)
		return unusable(s, "state directory", s->set.state_dir, "state_dir");
	if (s->lock < 0) {
		s->status = EXIT_LOCKED;
		return -1;
	}
	s->changing = true;
	if (open_log(s) == 0)
		return 0;
	return s->opt.log_file ? -1 : unusable(s, "log directory", s->set.log_dir, "log_dir");
}

bool session_ask(struct session *s, const char *question)
{
	char answer[16];

	if (s->opt.yes)
		return true;
	if (!isatty(STDIN_FILENO)) {
		session_fail(s, EXIT_BLOCKED,
			     "nobody can be asked: no terminal; nothing was changed; say --yes");
		return false;
	}
	fprintf(stderr, "%s [y/N] ", question);
	fflush(stderr);
	if (stop_await(STDIN_FILENO) && fgets(answer, sizeof(answer), stdin) &&
	    (answer[0] == 'y' || answer[0] == 'Y') && !stop_wanted())
		return true;
	if (stop_wanted()) {
		fputc('\n', stderr);
		session_fail(s, 128 + stop_signal(), "stopped at the question; nothing was changed");
	} else {
		session_fail(s, EXIT_DONE, "not confirmed; nothing was changed");
		s->declined = true;
	}
	return false;
}

static void store(struct session *s, const char *suffix,
		  void (*fill)(struct buf *out, const void *ctx))
{
	const struct atomic_meta meta = { .mode = 0600, .uid = getuid(), .gid = getgid(),
					  .unsynced = true };
	struct spot CLEANUP_SPOT spot = SPOT_INIT;
	const char *path = pool_printf(&s->pool, "%s/%s.%s", s->set.log_dir, s->report.run, suffix);
	struct err err;

	if (root_spot(&s->root, path, &spot, &err) < 0 ||
	    fill_file(&spot.at, &meta, false, fill, &s->report, &err) < 0)
		log_say(LOG_WARNING, "the report was not stored: %s", err.text);
}

static void fill_json(struct buf *out, const void *report)
{
	report_json(out, report);
}

static void fill_text(struct buf *out, const void *report)
{
	report_full(out, report);
}

/* Only runs that took the lock leave reports behind; the others write nothing at all. */
static void store_reports(struct session *s)
{
	store(s, "json", fill_json);
	store(s, "txt", fill_text);
}

/*
 * What only root may look at is neither damaged nor absent: findings that end with the
 * system's words for it become VS_NOT_ROOT. What the first of them says; NULL: there is none.
 */
static const char *see_refusals(struct session *s)
{
	const char *const words[] = {
		pool_strdup(&s->pool, strerror(EACCES)), pool_strdup(&s->pool, strerror(EPERM)),
	};
	const char *first = NULL;

	for (size_t i = 0; geteuid() != 0 && i < s->findings.nr; i++) {
		struct finding *f = &s->findings.v[i];
		size_t len = f->seen ? strlen(f->seen) : 0;

		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
			if (len < strlen(words[k]) || strcmp(f->seen + len - strlen(words[k]), words[k]) != 0)
				continue;
			f->kind = finding_kind(VS_NOT_ROOT);
			first = first ? first : f->seen;
		}
	}
	if (first)
		finding_sort(&s->findings);
	return first;
}

/* Findings that say the same of a guest or a tree; in scan and status nothing else does. */
static size_t tell_unread(const struct findings *f)
{
	static const enum finding_id ids[] = {
		VS_CONFIG_UNREADABLE, VS_TREE_UNREADABLE, VS_NOT_ROOT,
	};
	size_t nr = 0;

	for (size_t i = 0; i < f->nr; i++)
		for (size_t k = 0; k < sizeof(ids) / sizeof(ids[0]); k++)
			if (f->v[i].kind->id == ids[k] && !f->v[i].override_reason && nr++ < UNSEEN_TOLD)
				log_say(LOG_ERROR, "%s: %s", f->v[i].object, f->v[i].seen);
	return nr;
}

static void tell_unseen(size_t nr)
{
	for (size_t i = 0; i < nr && i < UNSEEN_TOLD; i++) {
		struct unseen one = unseen_get(i);

		log_say(LOG_ERROR, "'%s' could not be looked at: %s", show(one.path),
			strerror(one.code));
	}
}

/*
 * "Done" is no word for a look that was refused, even where nobody asked what was missed.
 * A changing command has a status of its own: what it changed was looked at by its steps.
 */
static int seen_status(const struct session *s, int status)
{
	size_t nr = session_lifted(s, VS_NOT_SEEN) ? 0 : unseen_count();

	if (status != EXIT_DONE)
		return status;
	if (nr)
		tell_unseen(nr);
	else if (!s->changing)
		nr = tell_unread(&s->findings);
	if (!s->changing && lost_any(s)) {
		log_say(LOG_ERROR, "there are conversions without a journal: `vs2vz status` names what "
			"they left, `vs2vz explain VS%u` says what to do", VS_JOURNAL_LOST);
		status = EXIT_FAILED;
	}
	if (nr)
		log_say(LOG_ERROR, "what is said here may be incomplete: vs2vz explain VS154");
	return !s->changing && nr ? EXIT_FAILED : status;
}

int session_end(struct session *s, void (*text)(struct session *s, struct buf *out), int status)
{
	struct buf CLEANUP_BUF out = BUF_INTO(&report_stdout);
	const char *refused = s->changing ? NULL : see_refusals(s);

	if (refused) {
		status = EXIT_PLATFORM;
		log_say(LOG_ERROR, "not everything can be seen without root rights (VS%u): %s; try sudo",
			VS_NOT_ROOT, refused);
	}
	status = seen_status(s, status);
	s->report.unseen = unseen_count() > 0;
	s->report.lost = lost_any(s);
	report_end(&s->report, status);
	if (s->lock >= 0)
		store_reports(s);
	if (s->opt.json)
		report_json(&out, &s->report);
	else if (text)
		text(s, &out);
	buf_flush(&out);
	log_close();
	close_fd(&s->lock);
	return status;
}
