/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Surveys in, decisions about VServer's marks and questions out: a row for every rule.
 */
#include "decide/marks.h"
#include "decide_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define IDS 4

/* Upper halves as VServer wrote them for tag 300 = 0x012C: ID24, UID16, GID16. */
#define ID24_300(N) { .uid = 0x0100, .gid = 0x2C00, .inodes = (N) }
#define UID16_300(N) { .uid = 300, .gid = 0, .inodes = (N) }
#define GID16_300(N) { .uid = 0, .gid = 300, .inodes = (N) }
#define ID24_301(N) { .uid = 0x0100, .gid = 0x2D00, .inodes = (N) }
#define PLAIN(N) { .uid = 0, .gid = 0, .inodes = (N) }
#define REAL(N) { .uid = 3, .gid = 3, .inodes = (N) }

struct tag_row {
	const char *what;
	enum tagging kernel;
	int64_t xid, last_xid;
	const char *tag_file;
	struct answer answer;		/* of tagging and tags */
	const char *mount;
	bool dlimits;
	uint32_t root_uid, root_gid;
	uint64_t halves_more, lost, nobody;
	struct owner_half half[4];
	enum tagging method;		/* expected; TAGGING_NONE: nothing is taken off */
	unsigned nr_tags;
	enum finding_id found[IDS];	/* exactly these */
	const char *says[3];		/* in the text of the first one */
};

static const struct tag_row tag_rows[] = {
	{ .what = "nothing is large", .xid = 300, .half = { PLAIN(5000) } },
	{ .what = "nothing is large, method known", .kernel = TAGGING_ID24, .xid = 300,
	  .half = { PLAIN(5000) }, .lost = 3 },

	/* the method is known */
	{ .what = "known id24", .kernel = TAGGING_ID24, .xid = 300,
	  .half = { ID24_300(9), PLAIN(4991) }, .method = TAGGING_ID24, .nr_tags = 1,
	  .found = { VS_TAGGED_OWNERS }, .says = { "9 of 5000 inodes carry tag 300 by method id24",
						    "told by /boot/config" } },
	{ .what = "known uid16", .kernel = TAGGING_UID16, .xid = 300,
	  .half = { UID16_300(9), PLAIN(4991) }, .method = TAGGING_UID16, .nr_tags = 1,
	  .found = { VS_TAGGED_OWNERS } },
	{ .what = "known gid16", .kernel = TAGGING_GID16, .xid = 300,
	  .half = { GID16_300(9), PLAIN(4991) }, .method = TAGGING_GID16, .nr_tags = 1,
	  .found = { VS_TAGGED_OWNERS } },
	{ .what = "known id24, real large owners below the tag and without", .kernel = TAGGING_ID24,
	  .xid = 300, .half = { ID24_300(4000), { .uid = 0x0103, .gid = 0x2C03, .inodes = 7 },
				REAL(5), PLAIN(988) },
	  .method = TAGGING_ID24, .nr_tags = 1, .found = { VS_TAGGED_OWNERS, VS_HIGH_IDS } },
	{ .what = "known id24, a third tag", .kernel = TAGGING_ID24, .xid = 300,
	  .half = { ID24_300(4000), ID24_301(12), PLAIN(988) }, .method = TAGGING_ID24, .nr_tags = 1,
	  .found = { VS_FOREIGN_TAGS, VS_TAGGED_OWNERS },
	  .says = { "12 inodes (method id24): tag 301 on 12", "the guest's own is 300",
		    "tag = {300, 301}" } },
	{ .what = "the third tag is answered", .kernel = TAGGING_ID24, .xid = 300,
	  .answer = { .nr_tags = 2, .tag = { 300, 301 } },
	  .half = { ID24_300(4000), ID24_301(12), PLAIN(988) }, .method = TAGGING_ID24, .nr_tags = 2,
	  .found = { VS_TAGGED_OWNERS }, .says = { "4012 of 5000 inodes carry tag 300, 301" } },
	{ .what = "known id24, owners too various to be kept", .kernel = TAGGING_ID24, .xid = 300,
	  .half = { ID24_300(4000) }, .halves_more = 1000, .method = TAGGING_ID24, .nr_tags = 1,
	  .found = { VS_FOREIGN_TAGS, VS_TAGGED_OWNERS }, .says = { "various owners on 1000" } },
	{ .what = "known id24, dynamic and never seen running", .kernel = TAGGING_ID24, .xid = -1,
	  .last_xid = -1, .half = { ID24_300(4000), ID24_301(12), PLAIN(988) },
	  .found = { VS_FOREIGN_TAGS }, .says = { "tag 300 on 4000, tag 301 on 12",
						   "no context of its own", "tag = {300, 301}" } },
	{ .what = "known id24, dynamic, last context", .kernel = TAGGING_ID24, .xid = -1,
	  .last_xid = 300, .half = { ID24_300(4000), PLAIN(1000) }, .method = TAGGING_ID24,
	  .nr_tags = 1, .found = { VS_TAGGED_OWNERS } },
	{ .what = "the file tag goes before the context", .kernel = TAGGING_ID24, .xid = 301,
	  .tag_file = "300\n", .half = { ID24_300(4000), PLAIN(1000) }, .method = TAGGING_ID24,
	  .nr_tags = 1, .found = { VS_TAGGED_OWNERS } },
	{ .what = "known uid16, the ids say id24", .kernel = TAGGING_UID16, .xid = 300,
	  .half = { ID24_300(4000), PLAIN(1000) }, .found = { VS_TAGGING_AMBIGUOUS },
	  .says = { "says uid16, the owners say id24", "tagging = \"id24\" tag = {300}" } },
	{ .what = "known none, the ids say id24", .kernel = TAGGING_NONE, .xid = 300,
	  .half = { ID24_300(4000), PLAIN(1000) }, .found = { VS_TAGGING_AMBIGUOUS } },
	{ .what = "known none: large owners are real", .kernel = TAGGING_NONE, .xid = 300,
	  .lost = 2, .nobody = 3, .half = { REAL(4000), PLAIN(1000) }, .found = { VS_HIGH_IDS } },
	{ .what = "known intern: large owners are real", .kernel = TAGGING_INTERN, .xid = 300,
	  .lost = 2, .nobody = 3, .half = { REAL(4000), PLAIN(1000) }, .found = { VS_HIGH_IDS } },
	{ .what = "known id24: large owners without a tag are real", .kernel = TAGGING_ID24,
	  .xid = 300, .half = { REAL(4000), PLAIN(1000) }, .found = { VS_HIGH_IDS },
	  .says = { "4000 inodes with an owner or group above 65535" } },
	{ .what = "lost numbers", .kernel = TAGGING_ID24, .xid = 300, .lost = 3,
	  .half = { ID24_300(4000), PLAIN(1000) }, .method = TAGGING_ID24, .nr_tags = 1,
	  .found = { VS_IDS_LOST, VS_TAGGED_OWNERS }, .says = { "3 inodes belong to 16777214" } },
	{ .what = "nobody with 24 bits", .kernel = TAGGING_ID24, .xid = 300, .nobody = 3,
	  .half = { ID24_300(4000), PLAIN(1000) }, .method = TAGGING_ID24, .nr_tags = 1,
	  .found = { VS_TAGGED_OWNERS } },
	{ .what = "nobody or lost with 16 bits", .kernel = TAGGING_UID16, .xid = 300, .nobody = 3,
	  .half = { UID16_300(4000), PLAIN(1000) }, .method = TAGGING_UID16, .nr_tags = 1,
	  .found = { VS_IDS_LOST, VS_TAGGED_OWNERS }, .says = { "3 inodes belong to 65534" } },

	/* answers */
	{ .what = "answer none", .xid = 300, .kernel = TAGGING_ID24,
	  .answer = { .has_tagging = true, .tagging = TAGGING_NONE },
	  .half = { ID24_300(4000), PLAIN(1000) }, .found = { VS_HIGH_IDS } },
	{ .what = "answer id24 and a tag", .xid = -1, .last_xid = -1,
	  .answer = { .has_tagging = true, .tagging = TAGGING_ID24, .nr_tags = 1, .tag = { 300 } },
	  .half = { ID24_300(12), PLAIN(4988) }, .method = TAGGING_ID24, .nr_tags = 1,
	  .found = { VS_TAGGED_OWNERS }, .says = { "told by map.conf" } },
	{ .what = "answer goes before the kernel", .xid = 300, .kernel = TAGGING_UID16,
	  .answer = { .has_tagging = true, .tagging = TAGGING_ID24 },
	  .half = { ID24_300(12), PLAIN(4988) }, .method = TAGGING_ID24, .nr_tags = 1,
	  .found = { VS_TAGGED_OWNERS } },
	{ .what = "a mistaken answer", .xid = 300,
	  .answer = { .has_tagging = true, .tagging = TAGGING_GID16 },
	  .half = { ID24_300(4000), PLAIN(1000) }, .found = { VS_TAGGING_AMBIGUOUS } },

	/* the owners themselves */
	{ .what = "half of the tree by id24", .xid = 300, .half = { ID24_300(2500), PLAIN(2500) },
	  .method = TAGGING_ID24, .nr_tags = 1, .found = { VS_TAGGED_OWNERS },
	  .says = { "2500 of 5000 inodes carry tag 300 by method id24", "told by the owners" } },
	{ .what = "half of the tree by uid16", .xid = 300, .half = { UID16_300(2500), PLAIN(2500) },
	  .method = TAGGING_UID16, .nr_tags = 1, .found = { VS_TAGGED_OWNERS } },
	{ .what = "half of the tree by gid16", .xid = 300, .half = { GID16_300(2500), PLAIN(2500) },
	  .method = TAGGING_GID16, .nr_tags = 1, .found = { VS_TAGGED_OWNERS } },
	{ .what = "context below 256: id24 has it in the group only", .xid = 100,
	  .half = { { .gid = 0x6400, .inodes = 5000 } }, .method = TAGGING_ID24, .nr_tags = 1,
	  .found = { VS_TAGGED_OWNERS } },
	{ .what = "one short of half", .xid = 300, .half = { ID24_300(2499), PLAIN(2501) },
	  .found = { VS_TAGGING_AMBIGUOUS }, .says = { "too few to be sure" } },
	{ .what = "few, but the tree's root is one of them", .xid = 300, .root_uid = 0x01000000,
	  .root_gid = 0x2C000000, .half = { ID24_300(20), PLAIN(4980) }, .method = TAGGING_ID24,
	  .nr_tags = 1, .found = { VS_TAGGED_OWNERS } },
	{ .what = "too few even with the root", .xid = 300, .root_uid = 0x01000000,
	  .root_gid = 0x2C000000, .half = { ID24_300(19), PLAIN(4981) },
	  .found = { VS_TAGGING_AMBIGUOUS } },
	{ .what = "few, but fstab mounts with tags", .xid = 300, .mount = "/etc/fstab:3",
	  .half = { ID24_300(5), PLAIN(4995) }, .method = TAGGING_ID24, .nr_tags = 1,
	  .found = { VS_TAGGED_OWNERS }, .says = { "/etc/fstab:3 mounts the tree with tags" } },
	{ .what = "few, but there are dlimits", .xid = 300, .dlimits = true,
	  .half = { ID24_300(5), PLAIN(4995) }, .method = TAGGING_ID24, .nr_tags = 1,
	  .found = { VS_TAGGED_OWNERS }, .says = { "dlimits are configured" } },
	{ .what = "most carry the tag, some another", .xid = 300,
	  .half = { ID24_300(4000), ID24_301(12), PLAIN(988) }, .found = { VS_TAGGING_AMBIGUOUS },
	  .says = { "some carry the guest's tag", "id24: tag 300 on 4000, tag 301 on 12",
		    "tagging = \"id24\" tag = {300, 301}" } },
	{ .what = "most carry the tag, the rest are too various", .xid = 300, .halves_more = 100,
	  .half = { ID24_300(4000), PLAIN(900) }, .found = { VS_TAGGING_AMBIGUOUS } },
	{ .what = "two methods, the same owners", .xid = 256,
	  .half = { { .uid = 256, .inodes = 5000 } }, .method = TAGGING_ID24, .nr_tags = 1,
	  .found = { VS_TAGGED_OWNERS } },
	{ .what = "two methods, different owners", .xid = -1, .last_xid = -1,
	  .answer = { .nr_tags = 2, .tag = { 256, 257 } },
	  .half = { { .uid = 257, .inodes = 5000 } }, .found = { VS_TAGGING_AMBIGUOUS },
	  .says = { "several methods fit and give different owners" } },
	{ .what = "few large owners that fit nothing", .xid = 300, .half = { PLAIN(4990), REAL(10) },
	  .found = { VS_HIGH_IDS }, .says = { "10 inodes" } },
	{ .what = "half of the tree is large and fits nothing", .xid = 300,
	  .half = { ID24_301(2500), PLAIN(2500) }, .found = { VS_TAGGING_AMBIGUOUS },
	  .says = { "half of the tree or more", "the guest's own tag is 300" } },
	{ .what = "context not known, owners alike", .xid = -1, .last_xid = -1,
	  .half = { PLAIN(4980), ID24_300(20) }, .found = { VS_TAGGING_AMBIGUOUS },
	  .says = { "no context of its own", "likeliest: tagging = \"id24\" tag = {300}" } },
	{ .what = "context not known, uid16 explains more", .xid = -1, .last_xid = -1,
	  .half = { PLAIN(1000), UID16_300(4000) }, .found = { VS_TAGGING_AMBIGUOUS },
	  .says = { "likeliest: tagging = \"uid16\" tag = {300}" } },
	{ .what = "context not known, a few large owners", .xid = -1, .last_xid = -1,
	  .half = { PLAIN(4981), ID24_300(19) }, .found = { VS_HIGH_IDS } },
	{ .what = "large owners and a mount with tags", .xid = 300, .mount = "/etc/fstab:3",
	  .half = { PLAIN(4990), ID24_301(10) }, .found = { VS_TAGGING_AMBIGUOUS } },
	{ .what = "context 1 is the spectator's", .xid = 1, .half = { { .uid = 1, .inodes = 10 },
								      PLAIN(4990) },
	  .found = { VS_HIGH_IDS } },
};

static struct fixture fx;
static struct guest guest;
static struct marks marks;

static int make(void **state)
{
	(void)state;
	memset(&fx, 0, sizeof(fx));
	fx.findings.pool = &fx.pool;
	host_guest(&guest, &fx.pool, "web1");
	guest.surveyed = true;
	guest.survey.inodes = 5000;
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	pool_release(&fx.pool);
	return 0;
}

/* Exactly these, in any order, each once. */
static void expect_found(const char *what, const enum finding_id *ids)
{
	size_t nr = 0;

	for (; nr < IDS && ids[nr]; nr++)
		if (fixture_found(&fx, ids[nr]) != 1)
			fail_msg("%s: VS%d is there %zu times", what, ids[nr],
				 fixture_found(&fx, ids[nr]));
	for (size_t i = 0; i < fx.findings.nr; i++) {
		if (strcmp(fx.findings.v[i].guest, "web1") != 0)
			fail_msg("%s: a finding of nobody", what);
		if (fx.findings.nr != nr)
			print_message("# VS%d %s\n", fx.findings.v[i].kind->id,
				      fx.findings.v[i].seen);
	}
	if (fx.findings.nr != nr)
		fail_msg("%s: %zu findings, not %zu", what, fx.findings.nr, nr);
}

static void expect_says(const char *what, enum finding_id id, const char *const *says, size_t nr)
{
	for (size_t i = 0; i < nr && says[i]; i++)
		if (!strstr(host_finding(&fx, id)->seen, says[i]))
			fail_msg("%s: '%s' is not in '%s'", what, says[i],
				 host_finding(&fx, id)->seen);
}

static void decide_tags(const struct tag_row *row)
{
	struct marks_question q = {
		.guest = &guest, .answer = &row->answer, .kernel = row->kernel,
		.kernel_from = "/boot/config-2.6.22-vs2.2", .tag_mount = row->mount,
		.shared = SHARED_BREAK,
	};
	static struct owner_half half[4];

	make(NULL);
	guest.xid = row->xid;
	guest.last_xid = row->last_xid ? row->last_xid : -1;
	guest.tree_uid = row->root_uid;
	guest.tree_gid = row->root_gid;
	if (row->tag_file)
		host_item(&guest.items, &fx.pool, "tag", ITEM_FILE, row->tag_file);
	if (row->dlimits)
		host_item(&guest.items, &fx.pool, "dlimits/0", ITEM_DIR, "");
	guest.survey.half = half;
	for (unsigned i = 0; i < 4 && row->half[i].inodes; i++)
		half[guest.survey.nr_halves++] = row->half[i];
	guest.survey.halves_more = row->halves_more;
	guest.survey.lost_ids = row->lost;
	guest.survey.nobody_ids = row->nobody;
	marks_decide(&marks, &q, &fx.pool, &fx.findings);
}

static void test_tags(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(tag_rows) / sizeof(tag_rows[0]); i++) {
		const struct tag_row *row = &tag_rows[i];
		enum tagging method = row->method ? row->method : TAGGING_NONE;

		decide_tags(row);
		expect_found(row->what, row->found);
		expect_says(row->what, row->found[0], row->says, 3);
		if (marks.tagging != method || marks.nr_tags != row->nr_tags)
			fail_msg("%s: %s with %u tags", row->what, tagging_word(marks.tagging),
				 marks.nr_tags);
		assert_int_equal(marks_any(&marks), row->nr_tags != 0);
		unmake(NULL);
	}
}

/* Words in ext4's bytes 124 to 127: tags of VServer, or numbers of OpenVZ's disk quota. */
struct word_row {
	const char *what;
	enum tagging kernel;
	int64_t xid;
	struct answer answer;
	const char *mount;
	struct cookie_word word[4];
	uint64_t more;			/* inodes with words that found no room */
	enum finding_id found[IDS];
	const char *says[3];
};

static const struct word_row word_rows[] = {
	{ .what = "no words", .kernel = TAGGING_INTERN, .xid = 300 },
	{ .what = "known intern", .kernel = TAGGING_INTERN, .xid = 300, .word = { { 300, 9 } },
	  .found = { VS_INTERN_TAGS }, .says = { "9 of 5000 inodes; told by /boot/config" } },
	{ .what = "known intern, the tag of nobody here", .kernel = TAGGING_INTERN, .xid = -1,
	  .word = { { 49153, 9 } }, .found = { VS_INTERN_TAGS } },
	{ .what = "known intern, and OpenVZ wrote as well", .kernel = TAGGING_INTERN, .xid = 300,
	  .word = { { 300, 40 }, { 0xFFFFFFFF, 8 }, { 0x0001012C, 7 } }, .more = 3,
	  .found = { VS_INTERN_TAGS }, .says = { "40 of 5000 inodes", "18 more have a number that" } },
	{ .what = "known intern, OpenVZ alone wrote", .kernel = TAGGING_INTERN, .xid = 300,
	  .word = { { 0xDEAD0000, 8 } } },
	{ .what = "known id24: not one is a tag", .kernel = TAGGING_ID24, .xid = 300,
	  .word = { { 300, 5000 } } },
	{ .what = "answered none", .xid = 300, .word = { { 300, 5000 } },
	  .answer = { .has_tagging = true, .tagging = TAGGING_NONE } },
	{ .what = "answered intern, against the kernel", .kernel = TAGGING_ID24, .xid = 300,
	  .answer = { .has_tagging = true, .tagging = TAGGING_INTERN }, .word = { { 300, 9 } },
	  .found = { VS_INTERN_TAGS }, .says = { "9 of 5000 inodes; told by map.conf" } },
	{ .what = "half of the tree, and nothing else", .xid = 300, .word = { { 300, 2500 } },
	  .found = { VS_INTERN_TAGS }, .says = { "each one is the guest's own" } },
	{ .what = "one short of half", .xid = 300, .word = { { 300, 2499 } },
	  .found = { VS_TAGS_OR_QUOTA },
	  .says = { "2499 of 5000 inodes", "300 on 2499", "the guest's own tag is 300" } },
	{ .what = "few, but mounted with tags", .xid = 300, .mount = "/etc/fstab:3",
	  .word = { { 300, 5 } }, .found = { VS_INTERN_TAGS },
	  .says = { "/etc/fstab:3 mounts the tree with tags" } },
	{ .what = "half, and one word of OpenVZ", .xid = 300,
	  .word = { { 300, 4000 }, { 0xC0FFEE01, 1 } }, .found = { VS_TAGS_OR_QUOTA },
	  .says = { "300 on 4000, 0xc0ffee01 on 1" } },
	{ .what = "half, and more words than fit", .xid = 300, .word = { { 300, 4000 } }, .more = 2,
	  .found = { VS_TAGS_OR_QUOTA }, .says = { "300 on 4000, others on 2" } },
	{ .what = "written under OpenVZ: words of chance", .xid = 300,
	  .word = { { 0x8800DEAD, 40 }, { 0xFFFFFFFF, 9 }, { 77, 3 }, { 1, 1 } }, .more = 900 },
	{ .what = "written under OpenVZ: the number of another container", .xid = 300,
	  .word = { { 1007, 4000 } } },
	{ .what = "the context of another guest", .xid = 300, .word = { { 301, 12 } },
	  .found = { VS_TAGS_OR_QUOTA }, .says = { "301 on 12" } },
	{ .what = "no context of its own, all alike", .xid = -1, .word = { { 49200, 20 } },
	  .found = { VS_TAGS_OR_QUOTA }, .says = { "no context of its own" } },
	{ .what = "no context of its own, too few", .xid = -1, .word = { { 49200, 19 } } },
	{ .what = "no context of its own, all alike, but no tag", .xid = -1,
	  .word = { { 0x10000 + 300, 4000 } } },
	{ .what = "context 1 is the spectator's", .xid = 1, .word = { { 1, 5000 } } },
};

static void test_words(void **state)
{
	struct guest other = { .name = "web2", .xid = 301, .last_xid = -1 };
	const struct guests all = { .nr = 1, .v = &other };

	(void)state;
	for (size_t i = 0; i < sizeof(word_rows) / sizeof(word_rows[0]); i++) {
		const struct word_row *row = &word_rows[i];
		struct marks_question q = {
			.guest = &guest, .all = &all, .answer = &row->answer, .kernel = row->kernel,
			.kernel_from = "/boot/config-2.6.22-vs2.2", .tag_mount = row->mount,
		};
		struct survey *s = &guest.survey;

		make(NULL);
		guest.xid = row->xid;
		guest.last_xid = -1;
		s->cookies = row->more;
		for (unsigned k = 0; k < 4 && row->word[k].inodes; k++) {
			s->cookie[s->nr_cookies++] = row->word[k];
			s->cookies += row->word[k].inodes;
		}
		marks_decide(&marks, &q, &fx.pool, &fx.findings);
		expect_found(row->what, row->found);
		expect_says(row->what, row->found[0], row->says, 3);
		assert_false(marks_any(&marks));
		unmake(NULL);
	}
}

static void test_tag_list(void **state)
{
	const struct marks m = { .nr_tags = 3, .tag = { 300, 301, 65535 } };

	(void)state;
	assert_string_equal(marks_tag_list(&m, &fx.pool), "300,301,65535");
}

struct file_row {
	const char *what;
	bool hidden, copies, keep;
	const char *answer;		/* of immutable; NULL: none */
	uint64_t immutable, files, unified, append, outside, readonly, cow, intern;
	enum immutable_policy policy;
	enum shared_policy shared;
	enum finding_id found[IDS];
	const char *says[3];		/* in the text of the first one */
};

static const struct file_row file_rows[] = {
	{ .what = "nothing", .hidden = true },
	{ .what = "unified files", .hidden = true, .immutable = 9, .files = 9, .unified = 9,
	  .policy = IMMUTABLE_UNIFIED, .found = { VS_IMMUTABLE_FILES },
	  .says = { "9 files (VServer's flag tells unified ones)" } },
	{ .what = "unified files and others", .hidden = true, .immutable = 12, .files = 11,
	  .unified = 9, .policy = IMMUTABLE_UNIFIED,
	  .found = { VS_IMMUTABLE_FILES, VS_FLAGS_KEPT },
	  .says = { "9 files", "2 other immutable files are not VServer's and stay" } },
	{ .what = "an administrator's own", .hidden = true, .immutable = 2, .files = 2,
	  .found = { VS_FLAGS_KEPT }, .says = { "2 immutable files" } },
	{ .what = "directories and append-only", .immutable = 2, .append = 3,
	  .found = { VS_FLAGS_KEPT },
	  .says = { "2 immutable directories and nodes, 3 append-only objects" } },
	{ .what = "COW marks", .hidden = true, .cow = 4, .found = { VS_FLAGS_KEPT },
	  .says = { "4 marks of broken links" } },
	{ .what = "not known", .immutable = 9, .files = 9, .found = { VS_IMMUTABLE_UNKNOWN },
	  .says = { "9 immutable files", "not an ext file system" } },
	{ .what = "not known, some are shared", .immutable = 9, .files = 9, .outside = 4,
	  .readonly = 4, .policy = IMMUTABLE_LINKED, .shared = SHARED_BREAK,
	  .found = { VS_IMMUTABLE_UNKNOWN, VS_IMMUTABLE_FILES, VS_SHARED_FILES },
	  .says = { "4 of them are shared with other trees and so certainly unified" } },
	{ .what = "not known, some are shared, answered keep", .immutable = 9, .files = 9,
	  .outside = 4, .readonly = 4, .answer = "keep", .policy = IMMUTABLE_LINKED,
	  .shared = SHARED_BREAK, .found = { VS_IMMUTABLE_FILES, VS_SHARED_FILES },
	  .says = { "4 files (shared with other trees, and so certainly unified)",
		    "5 other immutable files are not VServer's and stay" } },
	{ .what = "not known, some are shared, answered keep, copied", .immutable = 9, .files = 9,
	  .copies = true, .outside = 4, .readonly = 4, .answer = "keep",
	  .policy = IMMUTABLE_LINKED, .found = { VS_IMMUTABLE_FILES, VS_SHARED_FILES },
	  .says = { "4 files" } },
	{ .what = "not known, some stay shared, answered keep", .immutable = 9, .files = 9,
	  .keep = true, .outside = 4, .readonly = 4, .answer = "keep",
	  .shared = SHARED_KEEP_READONLY, .found = { VS_SHARED_FILES, VS_FLAGS_KEPT },
	  .says = { "4 immutable ones stay shared and immutable" } },
	{ .what = "not known, all are shared", .immutable = 9, .files = 9, .outside = 12,
	  .readonly = 9, .policy = IMMUTABLE_FILES, .shared = SHARED_BREAK,
	  .found = { VS_IMMUTABLE_FILES, VS_SHARED_FILES },
	  .says = { "all of them are shared with other trees" } },
	{ .what = "not known, answered clear", .immutable = 9, .files = 9, .answer = "clear",
	  .policy = IMMUTABLE_FILES, .found = { VS_IMMUTABLE_FILES },
	  .says = { "immutable = \"clear\"" } },
	{ .what = "not known, answered keep", .immutable = 9, .files = 9, .answer = "keep",
	  .found = { VS_FLAGS_KEPT }, .says = { "9 immutable files" } },
	{ .what = "known, answered keep", .hidden = true, .immutable = 9, .files = 9, .unified = 9,
	  .answer = "keep", .found = { VS_FLAGS_KEPT } },
	{ .what = "shared files", .hidden = true, .outside = 5, .shared = SHARED_BREAK,
	  .found = { VS_SHARED_FILES },
	  .says = { "5 inodes (40 MiB) have names outside the tree",
		    "; with '/vservers/.hash', 'web2'; 3 with names in no tree that was looked at",
		    ": they become private" } },
	{ .what = "shared files of a copied tree", .hidden = true, .copies = true, .outside = 5,
	  .found = { VS_SHARED_FILES }, .says = { "the copy of the tree ends it" } },
	{ .what = "shared files stay read-only", .hidden = true, .keep = true, .immutable = 4,
	  .files = 4, .unified = 4, .outside = 5, .readonly = 4, .policy = IMMUTABLE_UNIFIED,
	  .shared = SHARED_KEEP_READONLY, .found = { VS_SHARED_FILES },
	  .says = { "4 immutable ones stay shared and immutable, 1 become private" } },
	{ .what = "unified files, some of which stay shared", .hidden = true, .keep = true,
	  .immutable = 6, .files = 6, .unified = 6, .outside = 5, .readonly = 4,
	  .policy = IMMUTABLE_UNIFIED, .shared = SHARED_KEEP_READONLY,
	  .found = { VS_IMMUTABLE_FILES, VS_SHARED_FILES },
	  .says = { "2 files", "4 shared ones keep it" } },
	{ .what = "intern tags", .hidden = true, .intern = 7, .found = { VS_INTERN_TAGS },
	  .says = { "7 of 5000 inodes; in the upper half" } },
};

static void decide_files(const struct file_row *row)
{
	static const char *sharers[] = { "/vservers/.hash", "web2" };
	const struct answer answer = {
		.has_immutable = row->answer,
		.immutable = row->answer && strcmp(row->answer, "clear") == 0 ? IMMUTABLE_FILES
									      : IMMUTABLE_KEEP,
	};
	const struct marks_question q = {
		.guest = &guest, .answer = &answer, .copies = row->copies,
		.shared = row->keep ? SHARED_KEEP_READONLY : SHARED_BREAK,
	};
	struct survey *s = &guest.survey;

	make(NULL);
	s->hidden_known = row->hidden;
	s->hidden_why = row->hidden ? NULL : "not an ext file system";
	s->immutable = row->immutable;
	s->immutable_files = row->files;
	s->unified = row->unified;
	s->append_only = row->append;
	s->outside_inodes = row->outside;
	s->outside_readonly = row->readonly;
	s->outside_bytes = 40 << 20;
	s->outside_writable_bytes = 8 << 20;
	s->cow = row->cow;
	s->intern = row->intern;
	guest.sharers = (struct sharers){
		.unknown = 3, .nr = 2, .name = sharers,
	};
	marks_decide(&marks, &q, &fx.pool, &fx.findings);
}

static void test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(file_rows) / sizeof(file_rows[0]); i++) {
		const struct file_row *row = &file_rows[i];

		decide_files(row);
		expect_found(row->what, row->found);
		expect_says(row->what, row->found[0], row->says, 3);
		if (marks.immutable != row->policy || marks.shared != row->shared)
			fail_msg("%s: immutable %s, shared %s", row->what,
				 immutable_word(marks.immutable), shared_word(marks.shared));
		assert_null(marks.hidden);
		unmake(NULL);
	}
}

static void test_room(void **state)
{
	const struct survey s = {
		.outside_inodes = 10, .outside_bytes = 1000, .outside_readonly = 4,
		.outside_writable_bytes = 700,
	};
	struct marks m = { .shared = SHARED_LEAVE };

	(void)state;
	assert_int_equal(marks_room(&m, &s).inodes, 0);
	m.shared = SHARED_BREAK;
	assert_int_equal(marks_room(&m, &s).inodes, 10);
	assert_int_equal(marks_room(&m, &s).bytes, 1000);
	m.shared = SHARED_KEEP_READONLY;
	assert_int_equal(marks_room(&m, &s).inodes, 6);
	assert_int_equal(marks_room(&m, &s).bytes, 700);
	m.nr_tags = 1;	/* an owner is changed: they cannot stay shared */
	assert_int_equal(marks_room(&m, &s).inodes, 10);
	assert_int_equal(marks_room(&m, &s).bytes, 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags), cmocka_unit_test(test_words),
		TEST(test_tag_list),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_room),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
