/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Immutable and shared files. VServer's second flag (IUNLINK) tells a unified file from
 * one that an administrator protected; where it cannot be read, names outside the tree
 * do, for nothing else makes them immutable. Everything else that was found is named.
 */
#include "decide/marks.h"

#include "base/buf.h"
#include "base/units.h"
#include "decide/inside.h"

#define SHARERS_SHOWN 4

static unsigned long long ull(uint64_t n)
{
	return n;
}

static const char *example(struct pool *pool, const char *path)
{
	return path ? pool_printf(pool, ", for example '%s'", show(path)) : "";
}

/* The administrator's own flags, and what is left without effect. */
static void flags_kept(const struct marks *out, const struct marks_question *q, uint64_t own_files,
		       struct findings *findings)
{
	const struct survey *s = &q->guest->survey;
	const struct {
		uint64_t nr;
		const char *what;
	} rows[] = {
		{ own_files, "immutable files" },
		{ s->immutable - s->immutable_files, "immutable directories and nodes" },
		{ s->append_only, "append-only objects" },
		{ out->immutable == IMMUTABLE_UNIFIED ? s->unlink_only : 0, "inert IUNLINK flags" },
		{ s->barrier, "barriers of VServer" },
		{ s->cow, "marks of broken links (ext4 shows them as 'P')" },
	};
	CLEANUP_BUF struct buf text = BUF_INIT;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].nr)
			buf_addf(&text, "%s%llu %s", text.len ? ", " : "", ull(rows[i].nr),
				 rows[i].what);
	if (text.len)
		finding_add(findings, VS_FLAGS_KEPT, q->guest->name, q->guest->tree, "%s", text.data);
}

static void ask_immutable(const struct marks_question *q, struct pool *pool,
			  struct findings *findings)
{
	const struct survey *s = &q->guest->survey;
	const char *shared = "";

	if (s->outside_readonly)
		shared = pool_printf(pool, "; %llu of them are shared with other trees and so "
				     "certainly unified", ull(s->outside_readonly));
	finding_add(findings, VS_IMMUTABLE_UNKNOWN, q->guest->name, q->guest->tree,
		    "%llu immutable files%s; who made them so is not known: %s%s",
		    ull(s->immutable_files), example(pool, s->example_immutable),
		    s->hidden_why ? s->hidden_why : "the hidden inode flags could not be read",
		    shared);
}

/* Names outside the tree are evidence by themselves: those that become private thaw. */
static enum immutable_policy by_evidence(const struct marks_question *q)
{
	const struct survey *s = &q->guest->survey;
	bool stay = q->shared == SHARED_KEEP_READONLY && !q->copies;

	return !s->hidden_known && s->outside_readonly && !stay ? IMMUTABLE_LINKED : IMMUTABLE_KEEP;
}

/* What is done with immutable files; *asked where only the administrator can tell. */
static enum immutable_policy choose_immutable(const struct marks_question *q, bool *asked)
{
	const struct survey *s = &q->guest->survey;

	*asked = false;
	if (!s->immutable_files)
		return IMMUTABLE_KEEP;
	if (q->answer && q->answer->has_immutable)
		return q->answer->immutable == IMMUTABLE_KEEP ? by_evidence(q) : q->answer->immutable;
	if (s->hidden_known)
		return s->unified ? IMMUTABLE_UNIFIED : IMMUTABLE_KEEP;
	if (s->outside_readonly >= s->immutable_files)
		return IMMUTABLE_FILES;
	*asked = true;
	return by_evidence(q);
}

static const char *why_cleared(const struct marks *out, const struct marks_question *q)
{
	if (out->immutable == IMMUTABLE_UNIFIED)
		return "VServer's flag tells unified ones";
	if (out->immutable == IMMUTABLE_LINKED)
		return "shared with other trees, and so certainly unified";
	return q->answer && q->answer->has_immutable ? "immutable = \"clear\""
						     : "all of them are shared with other trees";
}

/* Of so many unified files, those that stay shared keep the flag. */
static uint64_t kept_shared(const struct marks_question *q, uint64_t unified)
{
	uint64_t kept = q->guest->survey.outside_readonly;

	if (q->copies || q->shared != SHARED_KEEP_READONLY)
		return 0;
	return kept < unified ? kept : unified;
}

static void decide_immutable(struct marks *out, const struct marks_question *q, struct pool *pool,
			     struct findings *findings)
{
	const struct survey *s = &q->guest->survey;
	uint64_t unified, own, kept;
	bool asked;

	out->immutable = choose_immutable(q, &asked);
	unified = out->immutable == IMMUTABLE_UNIFIED ? s->unified :
		  out->immutable == IMMUTABLE_FILES ? s->immutable_files :
		  out->immutable == IMMUTABLE_LINKED ? s->outside_readonly : 0;
	own = s->immutable_files > unified ? s->immutable_files - unified : 0;
	kept = kept_shared(q, unified);
	if (unified > kept)
		finding_add(findings, VS_IMMUTABLE_FILES, q->guest->name, q->guest->tree,
			    "%llu files%s (%s)%s%s", ull(unified - kept),
			    example(pool, s->example_immutable), why_cleared(out, q),
			    !kept ? "" : pool_printf(pool, "; %llu shared ones keep it", ull(kept)),
			    !own || asked ? "" :
			    pool_printf(pool, "; %llu other immutable files are not VServer's and "
					"stay", ull(own)));
	if (asked)
		ask_immutable(q, pool, findings);
	flags_kept(out, q, unified > kept || asked ? 0 : own, findings);
}

/* "with 'web2', '/vservers/.hash'; 3 in no tree that was looked at" */
static const char *with_whom(const struct sharers *sharers, struct pool *pool)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	for (size_t i = 0; i < sharers->nr && i < SHARERS_SHOWN; i++)
		buf_addf(&text, "%s'%s'", i ? ", " : "; with ", show(sharers->name[i]));
	if (sharers->nr > SHARERS_SHOWN)
		buf_addf(&text, " and %zu more", sharers->nr - SHARERS_SHOWN);
	if (sharers->unknown)
		buf_addf(&text, "; %llu with names in no tree that was looked at",
			 ull(sharers->unknown));
	return pool_strdup(pool, text.data);
}

static void decide_shared(struct marks *out, const struct marks_question *q, struct pool *pool,
			  struct findings *findings)
{
	const struct survey *s = &q->guest->survey;
	bool keep = q->shared == SHARED_KEEP_READONLY;
	const char *fate = "they become private";

	if (!s->outside_inodes)
		return;
	if (q->copies)
		fate = "the copy of the tree ends it";
	else if (keep)
		fate = pool_printf(pool, "%llu immutable ones stay shared and immutable, "
				   "%llu become private",
				   ull(s->outside_readonly),
				   ull(s->outside_inodes - s->outside_readonly));
	out->shared = q->copies ? SHARED_LEAVE : q->shared;
	finding_add(findings, VS_SHARED_FILES, q->guest->name, q->guest->tree,
		    "%llu inodes (%s) have names outside the tree%s%s: %s",
		    ull(s->outside_inodes), show_size(s->outside_bytes),
		    example(pool, s->example_outside), with_whom(&q->guest->sharers, pool), fate);
}

void marks_decide(struct marks *out, const struct marks_question *q, struct pool *pool,
		  struct findings *findings)
{
	*out = (struct marks){ .tagging = TAGGING_NONE };
	marks_tags(out, q, pool, findings);
	decide_immutable(out, q, pool, findings);
	decide_shared(out, q, pool, findings);
	marks_intern(q, pool, findings);
}

/* A tag is taken off a private inode only: with tags, shared ones cannot stay. */
struct marks_room marks_room(const struct marks *m, const struct survey *survey)
{
	bool all = m->shared == SHARED_BREAK || m->nr_tags;

	if (m->shared == SHARED_LEAVE)
		return (struct marks_room){ 0, 0 };
	return (struct marks_room){
		all ? survey->outside_bytes : survey->outside_writable_bytes,
		all ? survey->outside_inodes : survey->outside_inodes - survey->outside_readonly,
	};
}

const char *marks_tag_list(const struct marks *m, struct pool *pool)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	for (unsigned i = 0; i < m->nr_tags; i++)
		buf_addf(&text, "%s%u", i ? "," : "", m->tag[i]);
	return pool_strdup(pool, text.data);
}
