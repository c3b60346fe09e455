/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The survey's largest objects against the table of base/fslimits.h. Pure: findings only.
 */
#include "decide/target_limits.h"

#include <linux/fs.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "base/fsinfo.h"
#include "base/units.h"

/* One limit: what the tree has, which number of the table it meets, and how it is said. */
static const struct {
	enum survey_most most;
	size_t limit;
	const char *before, *after;
	bool size;		/* said in KiB and above as well */
} rows[] = {
	{ MOST_NAMES, offsetof(struct fs_limits, names), "", " hard links to one file", false },
	{ MOST_SUBDIRS, offsetof(struct fs_limits, subdirs), "", " directories in one directory",
	  false },
	{ MOST_TEXT, offsetof(struct fs_limits, text), "the text of a symbolic link is too long: ",
	  " bytes", false },
	{ MOST_NAME, offsetof(struct fs_limits, name), "a name is too long: ", " bytes", false },
	{ MOST_VALUE, offsetof(struct fs_limits, value), "an extended attribute is too large: ",
	  " bytes with its name", false },
	{ MOST_VALUES, offsetof(struct fs_limits, values),
	  "the extended attributes of one object are too large: ", " bytes", false },
	{ MOST_BYTES, offsetof(struct fs_limits, bytes), "a file is too large, holes included: ",
	  "", true },
};

/* The letters and words of chattr(1). */
static const struct {
	uint32_t flag;
	char letter;
	const char *what;
} flag_names[] = {
	{ FS_SECRM_FL, 's', "secure deletion" },
	{ FS_UNRM_FL, 'u', "undeletable" },
	{ FS_COMPR_FL, 'c', "compressed" },
	{ FS_SYNC_FL, 'S', "synchronous updates" },
	{ FS_IMMUTABLE_FL, 'i', "immutable" },
	{ FS_APPEND_FL, 'a', "append only" },
	{ FS_NODUMP_FL, 'd', "no dump" },
	{ FS_NOATIME_FL, 'A', "no time of access" },
	{ FS_JOURNAL_DATA_FL, 'j', "data in the journal" },
	{ FS_NOTAIL_FL, 't', "no tail-merging" },
	{ FS_DIRSYNC_FL, 'D', "synchronous directory updates" },
	{ FS_TOPDIR_FL, 'T', "top of a hierarchy" },
	{ FS_NOCOW_FL, 'C', "no copy on write" },
};

static const char *object(const struct limits_question *q, const char *path, struct pool *pool)
{
	return path ? pool_printf(pool, "%s/%s", strcmp(q->tree, "/") == 0 ? "" : q->tree, path) :
		      q->tree;
}

static const char *amount(uint64_t value, bool size, struct pool *pool)
{
	const char *number = pool_printf(pool, "%llu", (unsigned long long)value);

	return size ? pool_printf(pool, "%s bytes (%s)", number, show_size(value)) : number;
}

static void judge_sizes(const struct limits_question *q, const struct fs_limits *most,
			struct pool *pool, struct findings *findings)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct survey_peak *p = &q->survey->most[rows[i].most];
		uint64_t limit;

		memcpy(&limit, (const char *)most + rows[i].limit, sizeof(limit));
		if (p->value <= limit)
			continue;
		finding_add(findings, VS_TARGET_LIMIT, q->guest, object(q, p->path, pool),
			    "%s%s%s; %s takes %s", rows[i].before,
			    amount(p->value, rows[i].size, pool), rows[i].after,
			    fs_facts_text(q->to, pool), amount(limit, rows[i].size, pool));
	}
}

static void judge_ids(const struct limits_question *q, const struct fs_limits *most,
		      struct pool *pool, struct findings *findings)
{
	const struct survey *s = q->survey;
	uint32_t id = s->max_uid > s->max_gid ? s->max_uid : s->max_gid;

	if (id > most->id)
		finding_add(findings, VS_TARGET_LIMIT, q->guest, object(q, s->example_high, pool),
			    "an owner has the number %u; %s%s takes %llu", id,
			    fs_facts_text(q->to, pool), q->to->low_ids ? ", mounted with nouid32," : "",
			    (unsigned long long)most->id);
}

/* "2040-01-01 00:00:00", in universal time. */
static const char *date(int64_t seconds, struct pool *pool)
{
	const time_t when = (time_t)seconds;
	char text[64];
	struct tm tm;

	if (when != seconds || !gmtime_r(&when, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		return pool_printf(pool, "second %lld", (long long)seconds);
	return pool_strdup(pool, text);
}

static void judge_time(const struct limits_question *q, const struct survey_time *t,
		       const char *until, const char *beyond, struct pool *pool,
		       struct findings *findings)
{
	finding_add(findings, VS_TIMES_BEYOND, q->guest, object(q, t->path, pool),
		    "%s UTC; %s holds times %s; %llu object%s %s", date(t->seconds, pool),
		    fs_facts_text(q->to, pool), until, (unsigned long long)t->inodes,
		    t->inodes == 1 ? " is" : "s are", beyond);
}

static void judge_times(const struct limits_question *q, const struct fs_limits *most,
			struct pool *pool, struct findings *findings)
{
	const struct survey *s = q->survey;

	if (s->latest.path && s->latest.seconds > most->last)
		judge_time(q, &s->latest, pool_printf(pool, "until %s", date(most->last, pool)),
			   "later than 2038-01-19", pool, findings);
	if (s->earliest.path && s->earliest.seconds < most->first)
		judge_time(q, &s->earliest, pool_printf(pool, "from %s on", date(most->first, pool)),
			   "earlier than 1970", pool, findings);
	if (s->fractions && most->step > 1)
		finding_add(findings, VS_TIMES_SECONDS, q->guest, q->tree,
			    "%llu object%s changed at a fraction of a second; %s keeps whole "
			    "seconds", (unsigned long long)s->fractions, s->fractions == 1 ? "" : "s",
			    fs_facts_text(q->to, pool));
}

static void judge_flags(const struct limits_question *q, const struct fs_limits *most,
			struct pool *pool, struct findings *findings)
{
	for (size_t i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++) {
		const struct survey_flag *f = NULL;

		for (unsigned bit = 0; bit < SURVEY_FLAGS; bit++)
			if (flag_names[i].flag == 1u << bit)
				f = &q->survey->flag[bit];
		if (!f || !f->inodes || most->flags & flag_names[i].flag)
			continue;
		finding_add(findings, VS_FLAGS_LOST, q->guest, object(q, f->path, pool),
			    "'%s' (%c) of %llu object%s; %s does not keep it", flag_names[i].what,
			    flag_names[i].letter, (unsigned long long)f->inodes,
			    f->inodes == 1 ? "" : "s", fs_facts_text(q->to, pool));
	}
}

void target_limits_judge(const struct limits_question *q, struct pool *pool,
			 struct findings *findings)
{
	struct fs_limits most;

	fs_limits_of(&most, q->to);
	judge_sizes(q, &most, pool, findings);
	judge_ids(q, &most, pool, findings);
	judge_times(q, &most, pool, findings);
	judge_flags(q, &most, pool, findings);
}

void target_subvolumes_judge(const struct limits_question *q, bool copies,
			     struct pool *pool, struct findings *findings)
{
	const struct survey *s = q->survey;

	if (s->subvolumes)
		finding_add(findings, VS_SUBVOLUMES, q->guest, object(q, s->example_subvolume, pool),
			    "%llu of them in the tree; %s", (unsigned long long)s->subvolumes,
			    copies ? "the copy has plain directories in their place" :
				     "they move with the tree, as they are");
}

void target_errors_judge(const char *guest, const struct fsinfo *fs, struct findings *findings)
{
	if (fs->facts.errors)
		finding_add(findings, VS_FS_ERRORS, guest, fs->source, "%s at '%s': %s", fs->type,
			    show(fs->mount_point), fs->facts.errors);
}
