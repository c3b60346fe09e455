/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The option words of a guest's fstab as util-vserver's src/secure-mount.c took them.
 *
 * A word is compared, by its own length, with the table from the top: it means the
 * first name that it begins, so "no" is noatime, "r" is rbind, and an empty word is
 * "defaults". What begins no name is data for the file system. nodev holds from the
 * start (not for devpts) until a word takes it away; "defaults" takes back what words
 * before it said. Words are handed on in full, in their order.
 */
#include "vserver/fstab.h"

#include <string.h>

#include "base/buf.h"

#define NO3	 (FSTAB_NOEXEC | FSTAB_NOSUID | FSTAB_NODEV)
#define RESET	 (FSTAB_RO | NO3 | FSTAB_SYNC)

static const struct option {
	const char *name;
	unsigned set, mask;	/* mask: what the word speaks of */
	const char *words;	/* for mount(8); NULL: nothing that it needs to know */
} options[] = {
	/* The order decides what an abbreviation means. */
	{ "defaults",	FSTAB_NODEV,		RESET,			NULL },
	{ "rbind",	FSTAB_BIND | FSTAB_REC, FSTAB_BIND | FSTAB_REC, NULL },
	{ "bind",	FSTAB_BIND,		FSTAB_BIND,		NULL },
	{ "move",	FSTAB_MOVE,		FSTAB_MOVE,		NULL },
	{ "async",	0,			FSTAB_SYNC,		"async" },
	{ "sync",	FSTAB_SYNC,		FSTAB_SYNC,		"sync" },
	{ "atime",	0,			FSTAB_NOATIME,		"atime" },
	{ "noatime",	FSTAB_NOATIME,		FSTAB_NOATIME,		"noatime" },
	{ "dev",	0,			FSTAB_NODEV,		"dev" },
	{ "nodev",	FSTAB_NODEV,		FSTAB_NODEV,		"nodev" },
	{ "exec",	0,			FSTAB_NOEXEC,		"exec" },
	{ "noexec",	FSTAB_NOEXEC,		FSTAB_NOEXEC,		"noexec" },
	{ "suid",	0,			FSTAB_NOSUID,		"suid" },
	{ "nosuid",	FSTAB_NOSUID,		FSTAB_NOSUID,		"nosuid" },
	{ "ro",		FSTAB_RO,		FSTAB_RO,		"ro" },
	{ "rw",		0,			FSTAB_RO,		"rw" },
	{ "remount",	FSTAB_REMOUNT,		FSTAB_REMOUNT,		NULL },
	{ "users",	NO3,			NO3,			"noexec,nosuid,nodev" },
	{ "mandlock",	FSTAB_MANDLOCK,		FSTAB_MANDLOCK,		"mand" },
	{ "nodiratime", FSTAB_NODIRATIME,	FSTAB_NODIRATIME,	"nodiratime" },
	{ "dirsync",	FSTAB_DIRSYNC,		FSTAB_DIRSYNC,		"dirsync" },
	{ "_netdev",	0,			0,			NULL },
	{ "auto",	0,			0,			NULL },
	{ "noauto",	0,			0,			NULL },
	{ "user",	0,			0,			NULL },
	{ "nouser",	0,			0,			NULL },
	{ "rec",	FSTAB_REC,		FSTAB_REC,		NULL },
	{ "unbindable", FSTAB_SPREAD,		FSTAB_SPREAD,		NULL },
	{ "private",	FSTAB_SPREAD,		FSTAB_SPREAD,		NULL },
	{ "slave",	FSTAB_SPREAD,		FSTAB_SPREAD,		NULL },
	{ "shared",	FSTAB_SPREAD,		FSTAB_SPREAD,		NULL },
	{ "nomtab",	0,			0,			NULL },
};

/* A word that goes to mount(8). */
struct word {
	const char *text;
	unsigned mask;		/* 0: data */
};
struct words_kept {
	size_t nr, cap;
	struct word *v;
};

static const struct option *find_option(const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (strncmp(options[i].name, word, len) == 0)
			return &options[i];
	return NULL;
}

/* "user" is "users" to VServer, and says the same to mount(8). */
static bool is_odd(const struct option *option, const char *word, const char *all)
{
	return *all && strcmp(option->name, word) != 0 && strcmp(word, "user") != 0;
}

static bool is_tag(const char *word)
{
	static const char *const tags[] = { "tag", "tagxid", "tagctx", "notag", "notagcheck" };

	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++)
		if (strcmp(word, tags[i]) == 0)
			return true;
	return strncmp(word, "tagid=", strlen("tagid=")) == 0;
}

static void keep(struct words_kept *kept, struct pool *pool, const char *text, unsigned mask)
{
	struct word *new = pool_grow(pool, &kept->v, &kept->nr, &kept->cap, sizeof(*new));

	*new = (struct word){ text, mask };
}

/* "defaults" undoes earlier words; mount(8) itself would pass over it. */
static void forget_flags(struct words_kept *kept, unsigned mask)
{
	size_t nr = 0;

	for (size_t i = 0; i < kept->nr; i++)
		if (!kept->v[i].mask || kept->v[i].mask & ~mask)
			kept->v[nr++] = kept->v[i];
	kept->nr = nr;
}

static void take_word(struct fstab_options *out, struct words_kept *kept, const char *word,
		      const struct fstab_line *line, struct pool *pool)
{
	const struct option *option = find_option(word);

	if (!option && is_tag(word)) {
		out->tag = word;
		return;
	}
	if (!option) {
		keep(kept, pool, word, 0);
		return;
	}
	if (is_odd(option, word, line->options) && !out->odd) {
		out->odd = word;
		out->odd_as = option->name;
	}
	out->flags = (out->flags & ~option->mask) | option->set;
	out->noauto |= strcmp(option->name, "noauto") == 0;
	if (option == &options[0])
		forget_flags(kept, option->mask);
	if (option->words)
		keep(kept, pool, option->words, option->mask);
}

static void join(struct buf *out, const char *word)
{
	if (out->len)
		buf_addch(out, ',');
	buf_adds(out, word);
}

static const char *join_words(const struct words_kept *kept, const struct fstab_options *o,
			      bool data_only, struct pool *pool)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	bool named = data_only || !(o->flags & FSTAB_NODEV);

	for (size_t i = 0; i < kept->nr; i++)
		named |= kept->v[i].mask & FSTAB_NODEV;
	if (!named)
		join(&text, "nodev");
	for (size_t i = 0; i < kept->nr; i++)
		if (!data_only || !kept->v[i].mask)
			join(&text, kept->v[i].text);
	return pool_memdup(pool, text.data, text.len);
}

/* sync, dirsync and mand belong to a whole file system. */
static const char *join_bind(unsigned flags, struct pool *pool)
{
	static const struct {
		unsigned flag;
		const char *word;
	} words[] = {
		{ FSTAB_NODEV, "nodev" }, { FSTAB_RO, "ro" }, { FSTAB_NOSUID, "nosuid" },
		{ FSTAB_NOEXEC, "noexec" }, { FSTAB_NOATIME, "noatime" },
		{ FSTAB_NODIRATIME, "nodiratime" },
	};
	CLEANUP_BUF struct buf text = BUF_INIT;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (flags & words[i].flag)
			join(&text, words[i].word);
	return pool_memdup(pool, text.data, text.len);
}

void fstab_options(struct fstab_options *out, const struct fstab_line *line, struct pool *pool)
{
	struct words_kept kept = { 0, 0, NULL };
	const char *at = line->options;

	*out = (struct fstab_options){
		.flags = strcmp(line->type, "devpts") == 0 ? 0 : FSTAB_NODEV,
	};
	do {
		size_t len = strcspn(at, ",");

		take_word(out, &kept, pool_memdup(pool, at, len), line, pool);
		at += len;
		at += *at == ',';
	} while (*at);
	out->text = join_words(&kept, out, false, pool);
	out->data = join_words(&kept, out, true, pool);
	out->bind = join_bind(out->flags, pool);
}

bool fstab_has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (;;) {
		size_t here = strcspn(words, ",");

		if (here == len && strncmp(words, word, len) == 0)
			return true;
		if (!words[here])
			return false;
		words += here + 1;
	}
}
