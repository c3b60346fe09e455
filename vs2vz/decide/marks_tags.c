/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners that carry context tags. The kernel's method is not on the disk; its
 * configuration tells it, or the owners themselves: under the right method their upper
 * bits are the guest's own tag. An owner without a tag is normal (written by the host, or
 * while mounted without the option), one with somebody else's is not ours to guess.
 *
 *	method known	it fits: own tags go; others: VS409
 *			it does not, another one would: VS410
 *	not known	one method explains every large owner, and enough of them: as known
 *			nothing fits at all, and few are large: users with large numbers, VS408
 *			anything else: VS410
 *
 * Tags in a field of their own (TAGGING_INTERN) have not to go; they are named. In ext2 and
 * ext3 nothing else writes there. In ext4 the disk quota of OpenVZ does: into an inode that
 * is cut or removed while open the number of the container's quota, which is its CTID, or
 * 0 without a quota; a new inode keeps what its memory held before, any 32 bits
 * (openvz6-kernel: fs/ext4/namei.c, ext4_orphan_add(); fs/ext4/ialloc.c sets it nowhere).
 *
 *	method known	intern: words of 16 bits are tags, VS412; others: none is one
 *			it is another one: nothing is said
 *	not known	all words are the guest's own tag, on half of the tree or with a mount
 *			with tags: as known. None is a context of this host: nothing is said
 *			anything else: VS415
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/units.h"
#include "decide/inside.h"
#include "decide/marks.h"
#include "vserver/number.h"
#include "vserver/value.h"

#define TAG_LARGEST 65535
#define ENOUGH 20		/* inodes that cannot be chance, with the tree's root */
#define TAGS_SHOWN 4
#define NR_METHODS 3

/* The kernel's default first: of two that fit as well, the likelier. */
static const enum tagging methods[NR_METHODS] = { TAGGING_ID24, TAGGING_UID16, TAGGING_GID16 };

struct tag_count {
	uint32_t tag;
	uint64_t inodes;
};
/* All large owners read by one method. */
struct reading {
	enum tagging method;
	uint64_t own;		/* inodes with a tag of the guest */
	uint64_t others;	/* with another tag */
	uint64_t clean;		/* of large owners: not large without the tag */
	uint64_t real;		/* large without a tag, or below the guest's own */
	unsigned nr;		/* tags other than 0, the most frequent first */
	struct tag_count tag[OWNER_HALVES];
};
struct tags {
	const struct marks_question *q;
	struct pool *pool;
	struct findings *findings;
	uint64_t large;		/* inodes with an owner or group above 65535 */
	unsigned nr_own;
	uint32_t own[MARKS_TAGS_MAX];
	struct reading *by[NR_METHODS];
};

static unsigned long long ull(uint64_t n)
{
	return n;
}

/* Tags 0 and 1 are the host's and the spectator's. */
static void add_own(struct tags *t, int64_t tag)
{
	if (tag > 1 && tag <= TAG_LARGEST)
		t->own[t->nr_own++] = (uint32_t)tag;
}

/* An answer; else the guest's file "tag"; else its context, now or the last one. */
static void find_own(struct tags *t)
{
	const struct guest *g = t->q->guest;
	const struct item *item = items_find(&g->items, "tag");

	if (t->q->answer && t->q->answer->nr_tags) {
		t->nr_own = t->q->answer->nr_tags;
		for (unsigned i = 0; i < t->nr_own; i++)
			t->own[i] = t->q->answer->tag[i];
		return;
	}
	if (item && item->type == ITEM_FILE) {
		struct number n = number_of(value_line(item, t->pool).liberal);

		if (n.ok && !n.negative)
			add_own(t, n.value > TAG_LARGEST ? -1 : (int64_t)n.value);
	}
	if (!t->nr_own)
		add_own(t, g->xid >= 0 ? g->xid : g->last_xid);
}

static bool is_own(const struct tags *t, uint32_t tag)
{
	for (unsigned i = 0; i < t->nr_own; i++)
		if (t->own[i] == tag)
			return true;
	return false;
}

static struct owner owner_of_half(const struct owner_half *half)
{
	return (struct owner){ (uint32_t)half->uid << 16, (uint32_t)half->gid << 16 };
}

static bool is_large(struct owner owner)
{
	return owner.uid > 65535 || owner.gid > 65535;
}

static void count_tag(struct reading *r, uint32_t tag, uint64_t inodes)
{
	unsigned i = 0;

	while (i < r->nr && r->tag[i].tag != tag)
		i++;
	if (i == r->nr)
		r->tag[r->nr++] = (struct tag_count){ tag, 0 };
	r->tag[i].inodes += inodes;
}

static int by_count(const void *left, const void *right)
{
	const struct tag_count *a = left, *b = right;

	if (a->inodes != b->inodes)
		return a->inodes < b->inodes ? 1 : -1;
	return (a->tag > b->tag) - (a->tag < b->tag);
}

static struct reading *read_by(const struct tags *t, enum tagging method)
{
	const struct survey *s = &t->q->guest->survey;
	struct reading *r = pool_alloc(t->pool, sizeof(*r));

	*r = (struct reading){ .method = method };
	for (unsigned i = 0; i < s->nr_halves; i++) {
		struct owner owner = owner_of_half(&s->half[i]);
		uint64_t inodes = s->half[i].inodes;
		uint32_t tag = tag_of(method, owner);
		bool left = is_large(tag_strip(method, owner));

		if (!is_large(owner))
			continue;
		if (tag)
			count_tag(r, tag, inodes);
		r->own += tag && is_own(t, tag) ? inodes : 0;
		r->others += tag && !is_own(t, tag) ? inodes : 0;
		r->clean += left ? 0 : inodes;
		r->real += left && (!tag || is_own(t, tag)) ? inodes : 0;
	}
	qsort(r->tag, r->nr, sizeof(r->tag[0]), by_count);
	return r;
}

static uint64_t count_large(const struct survey *s)
{
	uint64_t large = s->halves_more;

	for (unsigned i = 0; i < s->nr_halves; i++)
		if (is_large(owner_of_half(&s->half[i])))
			large += s->half[i].inodes;
	return large;
}

static const struct reading *reading_of(const struct tags *t, enum tagging method)
{
	for (unsigned i = 0; i < NR_METHODS; i++)
		if (t->by[i]->method == method)
			return t->by[i];
	return NULL;
}

static const char *example(const struct tags *t)
{
	const char *path = t->q->guest->survey.example_high;

	return path ? pool_printf(t->pool, ", for example '%s'", show(path)) : "";
}

/* "tag 300 on 4800 inodes, tag 301 on 12"; own: also those of the guest. */
static void add_counts(const struct tags *t, struct buf *out, const struct reading *r, bool own)
{
	unsigned shown = 0, more = 0;

	for (unsigned i = 0; i < r->nr; i++) {
		if (!own && is_own(t, r->tag[i].tag))
			continue;
		if (shown == TAGS_SHOWN) {
			more++;
			continue;
		}
		buf_addf(out, "%stag %u on %llu", shown++ ? ", " : "", r->tag[i].tag,
			 ull(r->tag[i].inodes));
	}
	if (more)
		buf_addf(out, ", %u other tags", more);
	if (!shown)
		buf_adds(out, "no tag");
}

/* "{300, 301}": the guest's own, and the most frequent others. */
static void add_answer(const struct tags *t, struct buf *out, const struct reading *r)
{
	unsigned nr = 0;

	buf_adds(out, "tag = {");
	for (unsigned i = 0; i < r->nr && nr < MARKS_TAGS_MAX; i++)
		buf_addf(out, "%s%u", nr++ ? ", " : "", r->tag[i].tag);
	for (unsigned i = 0; !nr && i < t->nr_own; i++)
		buf_addf(out, "%s%u", i ? ", " : "", t->own[i]);
	buf_addch(out, '}');
}

static void high_ids(const struct tags *t, uint64_t nr)
{
	if (nr)
		finding_add(t->findings, VS_HIGH_IDS, t->q->guest->name, t->q->guest->tree,
			    "%llu inodes with an owner or group above 65535%s", ull(nr), example(t));
}

/* What speaks for tags on this file system; NULL: nothing but the owners. */
static const char *hint(const struct tags *t)
{
	const struct items *items = &t->q->guest->items;

	if (t->q->tag_mount)
		return pool_printf(t->pool, "%s mounts the tree with tags", t->q->tag_mount);
	for (size_t i = 0; i < items->nr; i++)
		if (strncmp(items->v[i].path, "dlimits/", 8) == 0)
			return "dlimits are configured, which need tags";
	return NULL;
}

/* Is it the tree's own root, or half of the tree, that carries the tag? */
static bool is_enough(const struct tags *t, const struct reading *r)
{
	const struct guest *g = t->q->guest;
	struct owner root = { g->tree_uid, g->tree_gid };

	return r->own && (r->own >= (g->survey.inodes + 1) / 2 || hint(t) ||
			  (r->own >= ENOUGH && is_own(t, tag_of(r->method, root))));
}

static void say_taken(const struct tags *t, const struct reading *r, const char *because)
{
	const struct survey *s = &t->q->guest->survey;
	const char *more = hint(t);
	CLEANUP_BUF struct buf text = BUF_INIT;

	for (unsigned i = 0; i < r->nr; i++)
		if (is_own(t, r->tag[i].tag))
			buf_addf(&text, "%s%u", text.len ? ", " : "", r->tag[i].tag);
	finding_add(t->findings, VS_TAGGED_OWNERS, t->q->guest->name, t->q->guest->tree,
		    "%llu of %llu inodes carry tag %s by method %s%s; %s%s%s", ull(r->own),
		    ull(s->inodes), text.data, tagging_word(r->method), example(t), because,
		    more ? "; " : "", more ? more : "");
}

static void foreign_tags(const struct tags *t, const struct reading *r)
{
	const struct survey *s = &t->q->guest->survey;
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (!r->others && !s->halves_more)
		return;
	buf_addf(&text, "%llu inodes (method %s): ", ull(add_u64(r->others, s->halves_more)),
		 tagging_word(r->method));
	add_counts(t, &text, r, false);
	if (s->halves_more)
		buf_addf(&text, ", various owners on %llu", ull(s->halves_more));
	buf_adds(&text, example(t));
	if (t->nr_own)
		buf_addf(&text, "; the guest's own is %u", t->own[0]);
	else
		buf_adds(&text, "; the guest has no context of its own");
	buf_adds(&text, "; if all of them are its files: ");
	add_answer(t, &text, r);
	finding_add(t->findings, VS_FOREIGN_TAGS, t->q->guest->name, t->q->guest->tree, "%s",
		    text.data);
}

/* With 16 bits a cut number looks like that of nobody; other methods cut nothing. */
static void ids_lost(const struct tags *t, const struct reading *r)
{
	const struct survey *s = &t->q->guest->survey;
	bool sure = r->method == TAGGING_ID24;
	uint64_t nr = sure ? s->lost_ids : add_u64(s->lost_ids, s->nobody_ids);

	if (nr && tagging_encodes(r->method))
		finding_add(t->findings, VS_IDS_LOST, t->q->guest->name, t->q->guest->tree,
			    "%llu inodes belong to %s", ull(nr),
			    sure ? "16777214" : "65534, which may be nobody's own number");
}

/* The method is settled: own tags go, others are asked for, the rest is real. */
static void take(struct marks *out, const struct tags *t, const struct reading *r,
		 const char *because)
{
	if (r->own) {
		out->tagging = r->method;
		out->nr_tags = t->nr_own;
		memcpy(out->tag, t->own, sizeof(out->tag));
		say_taken(t, r, because);
	}
	foreign_tags(t, r);
	high_ids(t, r->real);
	ids_lost(t, r);
}

/* The method that an administrator would look at first. */
static const struct reading *likeliest(const struct tags *t)
{
	const struct reading *best = t->by[0];

	for (unsigned i = 1; i < NR_METHODS; i++)
		if (t->by[i]->own > best->own ||
		    (t->by[i]->own == best->own && t->by[i]->clean > best->clean))
			best = t->by[i];
	return best;
}

static void ambiguous(const struct tags *t, const char *why)
{
	const struct reading *best = likeliest(t);
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_addf(&text, "%llu of %llu inodes have an owner or group above 65535%s; %s", ull(t->large),
		 ull(t->q->guest->survey.inodes), example(t), why);
	for (unsigned i = 0; i < NR_METHODS; i++) {
		buf_addf(&text, "; %s: ", tagging_word(t->by[i]->method));
		add_counts(t, &text, t->by[i], true);
	}
	if (t->nr_own)
		buf_addf(&text, "; the guest's own tag is %u", t->own[0]);
	buf_addf(&text, "; likeliest: tagging = \"%s\" ", tagging_word(best->method));
	add_answer(t, &text, best);
	finding_add(t->findings, VS_TAGGING_AMBIGUOUS, t->q->guest->name, t->q->guest->tree, "%s",
		    text.data);
}

/* Another method under which most large owners are the guest's own; NULL: none. */
static const struct reading *contradiction(const struct tags *t, enum tagging method)
{
	for (unsigned i = 0; i < NR_METHODS; i++)
		if (t->by[i]->method != method && t->by[i]->own > t->large / 2)
			return t->by[i];
	return NULL;
}

/* Told by the kernel's configuration, or by the administrator. */
static void settle(struct marks *out, const struct tags *t, enum tagging method, const char *from)
{
	const struct reading *r = reading_of(t, method);
	const struct reading *other = r && r->own ? NULL : contradiction(t, method);

	if (other) {
		ambiguous(t, pool_printf(t->pool, "%s says %s, the owners say %s", show(from),
					 tagging_word(method), tagging_word(other->method)));
		return;
	}
	if (r)
		take(out, t, r, pool_printf(t->pool, "told by %s", show(from)));
	else
		high_ids(t, t->large);
}

/* Do two methods give every owner of this tree the same true owner? */
static bool same_owners(const struct survey *s, enum tagging a, enum tagging b)
{
	for (unsigned i = 0; i < s->nr_halves; i++) {
		struct owner x = tag_strip(a, owner_of_half(&s->half[i]));
		struct owner y = tag_strip(b, owner_of_half(&s->half[i]));

		if (x.uid != y.uid || x.gid != y.gid)
			return false;
	}
	return true;
}

/* The one method under which every large owner carries the guest's tag. */
static const struct reading *only_method(const struct tags *t, bool *several)
{
	const struct reading *found = NULL;

	*several = false;
	for (unsigned i = 0; i < NR_METHODS; i++) {
		if (t->by[i]->own != t->large)
			continue;
		if (found && !same_owners(&t->q->guest->survey, found->method, t->by[i]->method))
			*several = true;
		else if (!found)
			found = t->by[i];
	}
	return *several ? NULL : found;
}

/* Why large owners that no method explains are still more than users with large numbers. */
static const char *suspicion(const struct tags *t)
{
	const struct reading *best = likeliest(t);
	uint64_t most = best->nr ? best->tag[0].inodes : 0;

	for (unsigned i = 0; i < NR_METHODS; i++)
		if (t->by[i]->own)
			return "some carry the guest's tag, others do not";
	if (t->large >= (t->q->guest->survey.inodes + 1) / 2)
		return "that is half of the tree or more";
	if (!t->nr_own && most >= ENOUGH && most >= t->large / 10 * 9)
		return "they are alike, and the guest has no context of its own";
	return hint(t);
}

static void guess(struct marks *out, const struct tags *t)
{
	bool several;
	const struct reading *r = only_method(t, &several);
	const char *why;

	if (r && is_enough(t, r)) {
		take(out, t, r, "told by the owners: each one above 65535 fits");
		return;
	}
	why = several ? "several methods fit and give different owners" :
	      r ? "they are too few to be sure" : suspicion(t);
	if (why)
		ambiguous(t, why);
	else
		high_ids(t, t->large);
}

void marks_tags(struct marks *out, const struct marks_question *q, struct pool *pool,
		struct findings *findings)
{
	struct tags t = { .q = q, .pool = pool, .findings = findings };

	t.large = count_large(&q->guest->survey);
	if (!t.large)
		return;
	find_own(&t);
	for (unsigned i = 0; i < NR_METHODS; i++)
		t.by[i] = read_by(&t, methods[i]);
	if (q->answer && q->answer->has_tagging && q->answer->tagging == TAGGING_NONE)
		high_ids(&t, t.large);
	else if (q->answer && q->answer->has_tagging)
		settle(out, &t, q->answer->tagging, "map.conf");
	else if (q->kernel != TAGGING_UNKNOWN)
		settle(out, &t, q->kernel, q->kernel_from ? q->kernel_from : "the kernel");
	else
		guess(out, &t);
}

/* ---- TAGGING_INTERN */

/* What the words of ext4's inodes are. */
struct words {
	uint64_t own;		/* inodes with a tag of the guest */
	uint64_t known;		/* with the context of another guest of this host */
	uint64_t narrow;	/* with another one of 16 bits */
};

static bool is_context(const struct tags *t, uint32_t word)
{
	const struct guests *all = t->q->all;

	for (size_t i = 0; all && i < all->nr; i++)
		if (word > 1 && (all->v[i].xid == (int64_t)word ||
				 all->v[i].last_xid == (int64_t)word))
			return true;
	return false;
}

static struct words read_words(const struct tags *t)
{
	const struct survey *s = &t->q->guest->survey;
	struct words w = { 0 };

	for (unsigned i = 0; i < s->nr_cookies; i++) {
		uint64_t inodes = s->cookie[i].inodes;

		if (is_own(t, s->cookie[i].word))
			w.own += inodes;
		else if (is_context(t, s->cookie[i].word))
			w.known += inodes;
		else if (s->cookie[i].word > 1 && s->cookie[i].word <= TAG_LARGEST)
			w.narrow += inodes;
	}
	return w;
}

/* "345 on 4800, 0xc0ffee01 on 12, others on 3" */
static void add_words(struct buf *out, const struct survey *s)
{
	uint64_t more = s->cookies;

	for (unsigned i = 0; i < s->nr_cookies && i < TAGS_SHOWN; i++) {
		uint32_t word = s->cookie[i].word;

		buf_addf(out, word <= TAG_LARGEST ? "%s%u on %llu" : "%s0x%x on %llu",
			 i ? ", " : "", word, ull(s->cookie[i].inodes));
		more -= s->cookie[i].inodes;
	}
	if (more)
		buf_addf(out, ", others on %llu", ull(more));
}

static void say_intern(const struct tags *t, uint64_t nr, const char *because)
{
	const struct survey *s = &t->q->guest->survey;

	if (nr)
		finding_add(t->findings, VS_INTERN_TAGS, t->q->guest->name, t->q->guest->tree,
			    "%llu of %llu inodes; %s", ull(nr), ull(s->inodes), because);
}

/* Words that are no tags are OpenVZ's: they are not counted. */
static void intern_known(const struct tags *t, const struct words *w, const char *from)
{
	uint64_t others = t->q->guest->survey.cookies - w->own - w->known - w->narrow;
	const char *because = pool_printf(t->pool, "told by %s", show(from));

	if (others)
		because = pool_printf(t->pool, "%s; %llu more have a number that OpenVZ's disk "
				      "quota left there", because, ull(others));
	say_intern(t, w->own + w->known + w->narrow, because);
}

static void intern_ask(const struct tags *t)
{
	const struct survey *s = &t->q->guest->survey;
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_addf(&text, "%llu of %llu inodes have a number there: ", ull(s->cookies),
		 ull(s->inodes));
	add_words(&text, s);
	if (t->nr_own)
		buf_addf(&text, "; the guest's own tag is %u", t->own[0]);
	else
		buf_adds(&text, "; the guest has no context of its own");
	if (hint(t))
		buf_addf(&text, "; %s", hint(t));
	finding_add(t->findings, VS_TAGS_OR_QUOTA, t->q->guest->name, t->q->guest->tree, "%s",
		    text.data);
}

static void intern_guess(const struct tags *t, const struct words *w)
{
	const struct survey *s = &t->q->guest->survey;
	bool alike = s->nr_cookies == 1 && s->cookie[0].inodes == s->cookies && w->narrow;

	if (w->own == s->cookies && (hint(t) || w->own >= (s->inodes + 1) / 2))
		say_intern(t, w->own, hint(t) ? hint(t) : "each one is the guest's own");
	else if (w->own || w->known || (!t->nr_own && alike && s->cookies >= ENOUGH))
		intern_ask(t);
}

void marks_intern(const struct marks_question *q, struct pool *pool, struct findings *findings)
{
	const struct survey *s = &q->guest->survey;
	const struct answer *answer = q->answer && q->answer->has_tagging ? q->answer : NULL;
	struct tags t = { .q = q, .pool = pool, .findings = findings };
	enum tagging method = answer ? answer->tagging : q->kernel;
	struct words w;

	say_intern(&t, s->intern, "in the upper half of the number of the ACL block");
	if (!s->cookies)
		return;
	find_own(&t);
	w = read_words(&t);
	if (method == TAGGING_INTERN)
		intern_known(&t, &w, answer ? "map.conf" :
			     q->kernel_from ? q->kernel_from : "the kernel");
	else if (method == TAGGING_UNKNOWN)
		intern_guess(&t, &w);
}
