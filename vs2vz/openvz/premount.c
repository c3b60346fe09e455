/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does the vzctl that is installed call vps.premount? Since 3.0.24 it does; the name of
 * the script is in the program or its library (vzctl: src/lib/env.c). Their bytes are
 * looked at, nothing is run.
 *
 * The library is the one that the program's headers name (DT_NEEDED), searched for where
 * the loader does: DT_RUNPATH or DT_RPATH, what ldconfig found (/etc/ld.so.cache, which is
 * the only place that tells of a directory given to ldconfig by hand), /etc/ld.so.conf, the
 * standard directories (ld.so(8), ldconfig(8)). All of it below the host's root. A library
 * that is not found, or cannot be read, is no answer.
 */
#include <fnmatch.h>
#include <string.h>

#include "base/buf.h"
#include "base/elf.h"
#include "openvz/inside.h"

#define PROGRAM_MAX (16u << 20)
#define CACHE_MAX (16u << 20)
#define LIST_MAX (64u << 10)
#define DIRS_MAX 256
#define INCLUDES_DEEP 4

struct search {
	const struct root *root;
	struct pool *pool;
	const char *program;
	size_t nr;
	const char *dir[DIRS_MAX];
};

static void add_dir(struct search *s, const char *dir)
{
	for (size_t i = 0; i < s->nr; i++)
		if (strcmp(s->dir[i], dir) == 0)
			return;
	if (*dir == '/' && s->nr < DIRS_MAX)
		s->dir[s->nr++] = dir;
}

/* ---- DT_RUNPATH */

/* The word at *at, "$ORIGIN" or "${ORIGIN}"; *at moves behind it. */
static bool take_word(const char **at, const char *word)
{
	size_t len = strlen(word);

	if ((*at)[1] == '{' && strncmp(*at + 2, word, len) == 0 && (*at)[2 + len] == '}')
		*at += 3 + len;
	else if (strncmp(*at + 1, word, len) == 0)
		*at += 1 + len;
	else
		return false;
	return true;
}

/* One directory; $LIB is a matter of the loader's own: both are tried. */
static void add_runpath_dir(struct search *s, const char *dir, const char *lib)
{
	CLEANUP_BUF struct buf path = BUF_INIT;

	for (const char *at = dir; *at;) {
		const char *slash = strrchr(s->program, '/');

		if (*at == '$' && take_word(&at, "ORIGIN"))
			buf_add(&path, s->program, (size_t)(slash - s->program));
		else if (*at == '$' && take_word(&at, "LIB"))
			buf_adds(&path, lib);
		else
			buf_addch(&path, *at++);
	}
	if (path.len)
		add_dir(s, pool_strdup(s->pool, path.data));
}

static void add_runpath(struct search *s, const char *runpath)
{
	while (runpath && *runpath) {
		size_t len = strcspn(runpath, ":");
		const char *dir = pool_memdup(s->pool, runpath, len);

		add_runpath_dir(s, dir, "lib");
		add_runpath_dir(s, dir, "lib64");
		runpath += len + (runpath[len] == ':');
	}
}

/* ---- /etc/ld.so.conf */

static void add_list(struct search *s, const char *path, unsigned deep);

/* "include ld.so.conf.d/NAME.conf": one directory, the last component may be a pattern. */
static void add_included(struct search *s, const char *pattern, unsigned deep)
{
	const char *path = *pattern == '/' ? pattern : pool_printf(s->pool, "/etc/%s", pattern);
	const char *slash = strrchr(path, '/');
	const char *dir = pool_memdup(s->pool, path, (size_t)(slash - path));
	struct names names = { 0 };
	struct err err;

	if (deep == INCLUDES_DEEP || root_names(s->root, *dir ? dir : "/", s->pool, &names, &err) < 0)
		return;
	for (size_t i = 0; i < names.nr; i++)
		if (fnmatch(slash + 1, names.name[i], FNM_PERIOD) == 0)
			add_list(s, pool_printf(s->pool, "%s/%s", dir, names.name[i]), deep + 1);
}

/* The next word before the end of the line, in the pool; NULL: there is none. */
static char *next_word(const char **at, const char *end, const char *blanks, struct pool *pool)
{
	const char *begin = *at + strspn(*at, blanks);
	size_t len = strcspn(begin, blanks);

	if (begin >= end)
		return NULL;
	if (len > (size_t)(end - begin))
		len = (size_t)(end - begin);
	*at = begin + len;
	return pool_memdup(pool, begin, len);
}

static void add_line(struct search *s, const char *at, const char *end, unsigned deep)
{
	static const char blanks[] = " \t\r,:";
	char *word = next_word(&at, end, blanks, s->pool);

	if (word && strcmp(word, "include") == 0) {
		while ((word = next_word(&at, end, " \t\r", s->pool)))
			add_included(s, word, deep);
		return;
	}
	for (; word; word = next_word(&at, end, blanks, s->pool)) {
		word[strcspn(word, "=")] = '\0';	/* "=libc6", of old */
		add_dir(s, word);
	}
}

static void add_list(struct search *s, const char *path, unsigned deep)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err err;

	if (root_read(s->root, path, LIST_MAX, &text, &err) < 0)
		return;
	for (const char *line = text.data; line && *line;) {
		size_t len = strcspn(line, "\n");

		add_line(s, line, line + strcspn(line, "#\n"), deep);
		line += len + (line[len] == '\n');
	}
}

/* ---- /etc/ld.so.cache: strings that end in NUL, among them the path of each library */

static void add_cached(struct search *s, const char *library)
{
	CLEANUP_BUF struct buf bytes = BUF_INIT;
	const char *tail = pool_printf(s->pool, "/%s", library), *at, *end;
	size_t len = strlen(tail) + 1;	/* with its NUL */
	struct err err;

	if (root_read(s->root, "/etc/ld.so.cache", CACHE_MAX, &bytes, &err) < 0 || !bytes.len)
		return;
	end = bytes.data + bytes.len;
	for (at = bytes.data; (at = memmem(at, (size_t)(end - at), tail, len)); at += len) {
		const char *begin = at;

		while (begin > bytes.data && begin[-1])
			begin--;
		add_dir(s, pool_memdup(s->pool, begin, (size_t)(at - begin)));
	}
}

/* ---- the answer */

static bool has_word(const struct root *root, const char *path, bool *read)
{
	static const char word[] = "premount";
	CLEANUP_BUF struct buf bytes = BUF_INIT;
	struct err err;

	*read = root_read(root, path, PROGRAM_MAX, &bytes, &err) == 0;
	return *read && bytes.len && memmem(bytes.data, bytes.len, word, sizeof(word) - 1);
}

static void add_search_path(struct search *s, const struct elf_file *elf, const char *library)
{
	static const char *const standard[] = {
		"/lib", "/usr/lib", "/lib64", "/usr/lib64",
		"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu",
		"/lib/i386-linux-gnu", "/usr/lib/i386-linux-gnu",
	};

	add_runpath(s, elf->runpath);
	add_cached(s, library);
	add_list(s, "/etc/ld.so.conf", 0);
	for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++)
		add_dir(s, standard[i]);
}

static void judge_library(struct premount *out, struct search *s, const char *library)
{
	const char *unread = NULL;

	for (size_t i = 0; i < s->nr; i++) {
		const char *path = pool_printf(s->pool, "%s/%s", s->dir[i], library);
		struct stat st;
		struct err err;
		bool read;

		if (root_stat(s->root, path, &st, &err) < 0)
			continue;
		out->answer = has_word(s->root, path, &read) ? PREMOUNT_YES : PREMOUNT_NO;
		out->at = path;
		out->seen = out->answer == PREMOUNT_YES ? "the word is in it"
							: "the word is not in it";
		if (read)
			return;		/* the loader takes the first */
		unread = path;
	}
	out->answer = PREMOUNT_UNKNOWN;
	out->at = unread ? unread : s->program;
	out->seen = unread ? "it cannot be read" :
		    pool_printf(s->pool, "its library %s is in none of the %zu directories where the "
				"loader looks", show(library), s->nr);
}

static bool read_program(struct elf_file *out, const struct search *s)
{
	struct err err;
	int fd CLEANUP_FD = root_open(s->root, s->program, &err);

	return fd >= 0 && elf_read(out, fd, s->pool);
}

static void judge_program(struct premount *out, struct search *s)
{
	struct elf_file elf;
	bool read, word = has_word(s->root, s->program, &read);

	*out = (struct premount){ .answer = word ? PREMOUNT_YES : PREMOUNT_UNKNOWN, .at = s->program,
				  .seen = word ? "the word is in it" :
					  read ? "it is no program in the form of ELF" :
						 "it cannot be read" };
	if (word || !read || !read_program(&elf, s))
		return;
	for (size_t i = 0; i < elf.nr_needed; i++) {
		if (strncmp(elf.needed[i], "libvzctl", 8) != 0)
			continue;
		add_search_path(s, &elf, elf.needed[i]);
		judge_library(out, s, elf.needed[i]);
		return;
	}
	out->answer = PREMOUNT_NO;
	out->seen = "the word is not in it, and it has no library of vzctl's";
}

void premount_find(struct premount *out, const struct root *root, struct pool *pool)
{
	static const char *const programs[] = { "/usr/sbin/vzctl", "/usr/local/sbin/vzctl" };

	*out = (struct premount){ .answer = PREMOUNT_UNASKED };
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		struct search s = { .root = root, .pool = pool, .program = programs[i] };
		struct stat st;
		struct err err;

		if (root_stat(root, programs[i], &st, &err) == 0) {
			judge_program(out, &s);
			return;
		}
	}
}
