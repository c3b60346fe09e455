/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Libraries in this program, programs that it calls, the directories that it writes to,
 * limits of this process. Programs are those of the running system, also with --root;
 * directories are the host's.
 */
#include "doctor.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "base/fsinfo.h"
#include "base/hash.h"
#include "base/hidden.h"
#include "base/shown.h"
#include "base/units.h"
#include "openvz/layout.h"
#include "run/start.h"
#include "step/tool.h"

#define STATUS_MAX (64u << 20)

/* ---- versions of packages */

/* "Status: install ok installed" */
static bool is_installed(const char *line)
{
	static const char word[] = " installed";
	size_t len = strcspn(line, "\n");

	return len >= strlen(word) && memcmp(line + len - strlen(word), word, strlen(word)) == 0;
}

/* "Version: 4.11.1-1" of a paragraph of dpkg's status file, of a package that is installed. */
static const char *dpkg_version(const char *text, const char *name, struct pool *pool)
{
	const char *want = pool_printf(pool, "Package: %s\n", name);

	for (const char *at = text; (at = strstr(at, want)); at++) {
		const char *end = strstr(at, "\n\n"), *version = strstr(at, "\nVersion: ");
		const char *status = strstr(at, "\nStatus: ");

		if ((at != text && at[-1] != '\n') || !version || (end && version > end))
			continue;
		if (!status || (end && status > end) || !is_installed(status + 1))
			continue;
		version += strlen("\nVersion: ");
		return pool_memdup(pool, version, strcspn(version, "\n"));
	}
	return NULL;
}

/* "/usr/share/doc/vzctl-4.11.1", as packages of RPM made it until RHEL 7. */
static const char *doc_version(const struct root *root, const char *name, struct pool *pool)
{
	const char *pattern = pool_printf(pool, "%s-[0-9]*", name);
	struct names names;
	struct err err;

	if (root_names(root, "/usr/share/doc", pool, &names, &err) < 0)
		return NULL;
	for (size_t i = 0; i < names.nr; i++)
		if (fnmatch(pattern, names.name[i], 0) == 0)
			return names.name[i] + strlen(name) + 1;
	return NULL;
}

const char *doctor_package(const struct doctor *d, const struct root *root, const char *name)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	const char *version = NULL;
	struct err err;

	if (root_read(root, "/var/lib/dpkg/status", STATUS_MAX, &text, &err) == 0)
		version = dpkg_version(text.data, name, &d->s->pool);
	return version ? version : doc_version(root, name, &d->s->pool);
}

/* ---- libraries: their answer is always yes, their version is what is asked for */

static enum doctor_answer ask_build(struct doctor *d, const char *arg, const char **seen)
{
#ifdef __GLIBC__
	const char *libc = pool_printf(&d->s->pool, "glibc %s", gnu_get_libc_version());
#else
	const char *libc = "musl or another libc";
#endif

	(void)arg;
	*seen = pool_printf(&d->s->pool, "%s, %zu bit, %s", libc, sizeof(void *) * 8,
			    getauxval(AT_BASE) ? "linked with the libraries of this system"
					       : "static: nothing else is needed");
	return DOCTOR_YES;
}

static enum doctor_answer ask_fsinfo(struct doctor *d, const char *arg, const char **seen)
{
	*seen = pool_strdup(&d->s->pool, fsinfo_library(arg));
	return DOCTOR_YES;
}

static enum doctor_answer ask_ext2fs(struct doctor *d, const char *arg, const char **seen)
{
	(void)arg;
	*seen = pool_strdup(&d->s->pool, hidden_library());
	return DOCTOR_YES;
}

static enum doctor_answer ask_cap(struct doctor *d, const char *arg, const char **seen)
{
	(void)d, (void)arg;
	*seen = start_rights_library();
	return DOCTOR_YES;
}

static enum doctor_answer ask_jansson(struct doctor *d, const char *arg, const char **seen)
{
	(void)d, (void)arg;
	*seen = report_json_library();
	return DOCTOR_YES;
}

static enum doctor_answer ask_confuse(struct doctor *d, const char *arg, const char **seen)
{
	(void)d, (void)arg;
	*seen = settings_library();
	return DOCTOR_YES;
}

static enum doctor_answer ask_xxhash(struct doctor *d, const char *arg, const char **seen)
{
	unsigned v = hash_library();

	(void)arg;
	*seen = pool_printf(&d->s->pool, "%u.%u.%u", v / 10000, v / 100 % 100, v % 100);
	return DOCTOR_YES;
}

static const struct doctor_row libraries[] = {
	{ "build", ask_build, NULL, false, NULL, NULL, NULL },
	{ "libblkid", ask_fsinfo, "blkid", false, NULL, NULL, NULL },
	{ "libcap", ask_cap, NULL, false, NULL, NULL, NULL },
	{ "libconfuse", ask_confuse, NULL, false, NULL, NULL, NULL },
	{ "libext2fs", ask_ext2fs, NULL, false, NULL, NULL, NULL },
	{ "libjansson", ask_jansson, NULL, false, NULL, NULL, NULL },
	{ "libmount", ask_fsinfo, "mount", false, NULL, NULL, NULL },
	{ "libxxhash", ask_xxhash, NULL, false, NULL, NULL, NULL },
};

void doctor_libraries(struct doctor *d)
{
	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
		doctor_ask(d, "libraries", &libraries[i]);
}

/* ---- programs of the running system, at the places where they are called */

/* As step/fsck.c and step/lvm.c call them. */
static const struct program {
	const char *name, *path, *other, *package;
} called[] = {
	{ "e2fsck", "/sbin/e2fsck", NULL, "e2fsprogs" },
	{ "lvm", "/sbin/lvm", "/usr/sbin/lvm", "lvm2" },
};

static const struct program *program_find(const char *name)
{
	return strcmp(called[0].name, name) == 0 ? &called[0] : &called[1];
}

static enum doctor_answer ask_program(struct doctor *d, const char *arg, const char **seen)
{
	const struct program *p = program_find(arg);
	const char *path = tool_exists(p->path) ? p->path :
			   p->other && tool_exists(p->other) ? p->other : NULL;
	const char *version = path ? doctor_package(d, &d->real, p->package) : NULL;

	*seen = path ? pool_printf(&d->s->pool, "%s, %s %s", path, p->package,
				   version ? show(version) : "of unknown version")
		     : pool_printf(&d->s->pool, "there is no %s", p->path);
	return path ? DOCTOR_YES : DOCTOR_NO;
}

static const struct doctor_row programs[] = {
	{ "e2fsck", ask_program, "e2fsck", false, "convert insulate",
	  "a new file system cannot be checked, so none is made: --insulate, --image, --lv and\n"
	  "--device are refused", "install e2fsprogs" },
	{ "lvm", ask_program, "lvm", false, "convert insulate undo",
	  "logical volumes are neither made nor removed", "install lvm2" },
};

void doctor_programs(struct doctor *d)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		doctor_ask(d, "programs", &programs[i]);
}

/* ---- directories of the host */

/* The path itself, or the nearest directory above it that exists. */
static const char *nearest(const struct doctor *d, const char *path, struct err *err)
{
	char *at = pool_strdup(&d->s->pool, path);
	struct stat st;

	while (root_stat(&d->s->root, at, &st, err) < 0) {
		char *slash = strrchr(at, '/');

		if (!err_is_absent(err) || !slash)
			return NULL;
		slash[slash == at] = '\0';
		if (slash == at && root_stat(&d->s->root, "/", &st, err) < 0)
			return NULL;
	}
	err_clear(err);
	return at;
}

/* The directory above the component with the number: "/vz/private". */
static const char *above_number(const struct doctor *d, const char *pattern)
{
	size_t len = pattern ? strcspn(pattern, "$") : 0;

	while (len > 1 && pattern[len - 1] == '/')
		len--;
	return len ? pool_memdup(&d->s->pool, pattern, len) : NULL;
}

static const char *place_path(const struct doctor *d, const char *which)
{
	const struct session *s = d->s;

	if (strcmp(which, "state") == 0)
		return s->set.state_dir;
	if (strcmp(which, "log") == 0)
		return s->set.log_dir;
	if (d->blind)
		return NULL;
	return above_number(d, strcmp(which, "private") == 0 ? s->host.private_pattern
							    : s->host.root_pattern);
}

static bool read_place(const struct doctor *d, const char *path, struct fsinfo *fs,
		       const char **at, const char **seen)
{
	struct err err;

	*fs = (struct fsinfo){ 0 };
	*at = path ? nearest(d, path, &err) : NULL;
	if (*at && fsinfo_read(fs, &d->s->root, *at, &d->s->pool, &err) == 0)
		return true;
	*seen = path ? pool_strdup(&d->s->pool, err.text) : d->blind ? d->blind : "not configured";
	return false;
}

static enum doctor_answer ask_place(struct doctor *d, const char *arg, const char **seen)
{
	const char *path = place_path(d, arg), *at;
	struct fsinfo fs;

	if (!read_place(d, path, &fs, &at, seen))
		return DOCTOR_UNKNOWN;
	*seen = pool_printf(&d->s->pool, "%s%s: %s on %s, %s free%s%s", show(path),
			    strcmp(at, path) == 0 ? "" : " (will be made)", show(fs.type),
			    show(fs.source), show_size(fs.avail_bytes),
			    fs.read_only ? ", read-only" : "",
			    geteuid() ? "; whether it can be written to, only root can tell" : "");
	return fs.read_only ? DOCTOR_NO : geteuid() ? DOCTOR_UNKNOWN : DOCTOR_YES;
}

/* By the kind of file system: nothing is written to try it. */
static enum doctor_answer ask_clone(struct doctor *d, const char *arg, const char **seen)
{
	static const struct {
		const char *type;
		enum doctor_answer answer;
		const char *seen;
	} types[] = {
		{ "bcachefs", DOCTOR_YES, "bcachefs has it" },
		{ "btrfs", DOCTOR_YES, "btrfs has it" },
		{ "xfs", DOCTOR_UNKNOWN, "xfs has it when it was made with reflink=1" },
		{ "ocfs2", DOCTOR_UNKNOWN, "ocfs2 has it when it was made with refcount" },
	};
	const char *at;
	struct fsinfo fs;

	if (!read_place(d, place_path(d, arg), &fs, &at, seen))
		return DOCTOR_UNKNOWN;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(fs.type, types[i].type) == 0) {
			*seen = types[i].seen;
			return types[i].answer;
		}
	*seen = pool_printf(&d->s->pool, "%s has no shared extents", show(fs.type));
	return DOCTOR_NO;
}

static const struct doctor_row places[] = {
	{ "state-directory", ask_place, "state", true, "convert resume undo commit",
	  "nothing can be changed, since nothing could be undone",
	  "mount -o remount,rw, or another state_dir in vs2vz.conf" },
	{ "log-directory", ask_place, "log", true, "convert resume undo commit",
	  "no changing command starts without its log",
	  "mount -o remount,rw, or another log_dir in vs2vz.conf, or --log FILE" },
	{ "private-areas", ask_place, "private", true, "convert",
	  "no tree can be put there", "mount -o remount,rw; look at dmesg" },
	{ "root-areas", ask_place, "root", false, "convert",
	  "mount points of containers cannot be made", "mount -o remount,rw; look at dmesg" },
	{ "clone", ask_clone, "private", false, "convert",
	  "a tree that is copied takes its whole size and time", NULL },
};

void doctor_places(struct doctor *d)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		doctor_ask(d, "places", &places[i]);
}

/* ---- limits of this process */

static enum doctor_answer ask_root(struct doctor *d, const char *arg, const char **seen)
{
	(void)arg;
	*seen = pool_printf(&d->s->pool, "user %u", (unsigned)geteuid());
	return geteuid() ? DOCTOR_NO : DOCTOR_YES;
}

static enum doctor_answer limit(struct doctor *d, int which, rlim_t least, const char **seen)
{
	struct rlimit lim;

	if (getrlimit(which, &lim) < 0)
		return DOCTOR_UNKNOWN;
	*seen = lim.rlim_max == RLIM_INFINITY ? "unlimited" :
		pool_printf(&d->s->pool, "%llu", (unsigned long long)lim.rlim_max);
	return lim.rlim_max == RLIM_INFINITY || lim.rlim_max >= least ? DOCTOR_YES : DOCTOR_NO;
}

static enum doctor_answer ask_files(struct doctor *d, const char *arg, const char **seen)
{
	(void)arg;
	return limit(d, RLIMIT_NOFILE, 256, seen);
}

static enum doctor_answer ask_threads(struct doctor *d, const char *arg, const char **seen)
{
	(void)arg;
	return limit(d, RLIMIT_NPROC, JOBS_MAX * 2, seen);
}

static enum doctor_answer ask_size(struct doctor *d, const char *arg, const char **seen)
{
	(void)arg;
	return limit(d, RLIMIT_FSIZE, RLIM_INFINITY, seen);
}

static enum doctor_answer ask_locale(struct doctor *d, const char *arg, const char **seen)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *value = NULL, *from = "";

	(void)arg;
	for (size_t i = 0; !(value && *value) && i < sizeof(names) / sizeof(names[0]); i++) {
		from = names[i];
		value = getenv(from);
	}
	if (!value || !*value) {
		*seen = "neither LC_ALL nor LC_CTYPE nor LANG is set";
		return DOCTOR_UNKNOWN;
	}
	*seen = pool_printf(&d->s->pool, "%s=%s", from, show(value));
	return strcasestr(value, "utf-8") || strcasestr(value, "utf8") ? DOCTOR_YES : DOCTOR_NO;
}

static const struct doctor_row limits[] = {
	{ "root", ask_root, NULL, false, "convert resume undo commit insulate uninsulate",
	  "commands that change something are refused, and trees may not be readable", "sudo vs2vz ..." },
	{ "open-files", ask_files, NULL, false, "scan check plan convert undo verify",
	  "deep trees are walked more slowly", "ulimit -n 1024" },
	{ "processes", ask_threads, NULL, false, "convert verify insulate",
	  "fewer workers may be had than --jobs asks for", "ulimit -u unlimited" },
	{ "file-size", ask_size, NULL, false, "convert insulate undo",
	  "larger files and images cannot be written: the conversion of their guest fails, and\n"
	  "is taken back", "ulimit -f unlimited" },
	{ "locale", ask_locale, NULL, false, NULL,
	  "the terminal may show letters beyond ASCII in names of guests wrongly; names on disk\n"
	  "are not touched", "LC_ALL=C.UTF-8 for this terminal" },
};

void doctor_limits(struct doctor *d)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		doctor_ask(d, "limits", &limits[i]);
}
