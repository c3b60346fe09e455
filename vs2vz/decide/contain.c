/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plans for one container; see contain.h. Reads, and changes nothing.
 */
#include "decide/contain.h"

#include <string.h>

#include "base/blockdev.h"
#include "base/fsinfo.h"
#include "base/hash.h"
#include "base/units.h"
#include "decide/dump_device.h"
#include "decide/hooks.h"
#include "decide/inside.h"
#include "decide/journal_room.h"
#include "decide/target_limits.h"
#include "step/trace.h"

#define CONF_MOST (1u << 20)
#define MARGIN (16ULL << 20)

struct containing {
	struct deciding d;
	const struct contain_question *q;
	struct plan *plan;
	struct insulation own;		/* where one is wanted */
	struct contain_room room;	/* what it takes */
};

static bool to_own(const struct contain_question *q)
{
	return q->wanted->where != INSULATE_NOT;
}

static int add_retire(struct containing *c, const char *path, struct err *err)
{
	const char *to = aside_path(c->plan, path, c->d.pool);
	const char *id = identity_of(c->d.root, path, c->d.pool, err);
	struct step *s;

	if (!id)
		return -1;
	plan_input(c->plan, c->d.pool, INPUT_ABSENT, to, NULL);
	s = plan_step(c->plan, c->d.pool, "retire");
	step_arg(s, c->d.pool, "from", path);
	step_arg(s, c->d.pool, "to", to);
	step_arg(s, c->d.pool, "id", id);
	return 0;
}

/* The keys that differ between a shared and an insulated container. */
static void new_settings(const struct containing *c, struct ct *ct)
{
	const struct contain_question *q = c->q;

	if (to_own(q)) {
		insulate_describe(ct, &c->own, c->d.pool);
		if (q->dump_device)
			ct_set(ct, c->d.pool, "VE_DUMP_DEVICE", q->dump_device, "--dump-device");
		return;
	}
	static const char *const dropped[] = { "VE_DEVICE", "VE_DUMP_DEVICE", "DISK_QUOTA" };

	for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++) {
		ct_set(ct, c->d.pool, dropped[i], "", "shared");
		ct->set[i].value = NULL;
	}
}

static int add_conf(struct containing *c, struct err *err)
{
	const char *path = c->q->ct->conf;
	CLEANUP_BUF struct buf old = BUF_INIT, new = BUF_INIT;
	char old_hash[HASH_TEXT], new_hash[HASH_TEXT];
	struct ct ct = { .ctid = c->q->ct->ctid };
	struct step *s;
	struct stat st;

	if (root_lstat(c->d.root, path, &st, err) < 0 ||
	    root_read(c->d.root, path, CONF_MOST, &old, err) < 0)
		return -1;
	new_settings(c, &ct);
	conf_apply(&new, old.data, old.len, &ct);
	hash_text(hash_bytes(old.data, old.len), old_hash);
	hash_text(hash_bytes(new.data, new.len), new_hash);
	plan_input(c->plan, c->d.pool, INPUT_FILE, path, old_hash);
	s = plan_step(c->plan, c->d.pool, "write");
	step_arg(s, c->d.pool, "at", path);
	step_argf(s, c->d.pool, "mode", "%04o", (unsigned)st.st_mode & 07777);
	step_argf(s, c->d.pool, "owner", "%u:%u", st.st_uid, st.st_gid);
	step_arg(s, c->d.pool, "old", old_hash);
	step_arg(s, c->d.pool, "new", new_hash);
	step_text(s, c->d.pool, new.data, new.len);
	return 0;
}

static int add_unmountpoint(struct containing *c, struct err *err)
{
	struct step *s;
	struct stat st;

	if (root_lstat(c->d.root, c->q->ct->private, &st, err) < 0)
		return -1;
	s = plan_step(c->plan, c->d.pool, "unmountpoint");
	step_arg(s, c->d.pool, "at", c->q->ct->private);
	step_argf(s, c->d.pool, "mtime", "%lld.%09ld", (long long)st.st_mtim.tv_sec,
		  st.st_mtim.tv_nsec);
	return 0;
}

static void add_copy(struct containing *c)
{
	const struct insulate_source *now = c->q->now;
	struct step *s = plan_step(c->plan, c->d.pool, "copy");

	step_arg(s, c->d.pool, "from", now->from);
	step_arg(s, c->d.pool, "to", now->to);
	step_arg(s, c->d.pool, "id", now->id);
	step_arg(s, c->d.pool, "volume", now->volume);
}

/* Directories whose names change; one that is missing for an image is made. */
static int add_places(struct containing *c, struct err *err)
{
	const struct contain_question *q = c->q;
	const char *image = to_own(q) && !c->own.device ? path_parent(c->own.at, c->d.pool) : NULL;
	bool from_image = q->now->volume && !volume_is_device(q->now->from);

	if (build_times(&c->d, c->plan, q->host->conf_dir, err) < 0 ||
	    build_times(&c->d, c->plan, path_parent(q->ct->private, c->d.pool), err) < 0 ||
	    (from_image && build_times(&c->d, c->plan, path_parent(q->now->from, c->d.pool), err) < 0))
		return -1;
	if (!image)
		return 0;
	plan_input(c->plan, c->d.pool, INPUT_ABSENT, c->own.at, NULL);
	if (path_exists(c->d.root, image))
		return build_times(&c->d, c->plan, image, err);
	if (build_times(&c->d, c->plan, path_existing(c->d.root, image, c->d.pool), err) < 0)
		return -1;
	build_parents(&c->d, c->plan, image);
	return 0;
}

static int add_steps(struct containing *c, struct err *err)
{
	const struct contain_question *q = c->q;
	bool own = q->now->volume != NULL;

	if (add_places(c, err) < 0)
		return -1;
	if (!own && build_trace_of_links(&c->d, c->plan, q->ct->private, err) < 0)
		return -1;
	if (own && !q->now->has_links)	/* bring-back takes it away before (step/trace.h) */
		build_trace(&c->d, c->plan, pool_printf(c->d.pool, "%s/" TRACE_LINKS_NAME,
			    q->ct->private), TRACE_LINKS);
	if (to_own(q))
		insulate_step(c->plan, &c->own, q->now, c->d.pool);
	if (!own)
		plan_input(c->plan, c->d.pool, INPUT_DIR, q->ct->private, q->now->id);
	if (to_own(q) && !own) {
		if (add_retire(c, q->ct->private, err) < 0)
			return -1;
		step_arg(plan_step(c->plan, c->d.pool, "mountpoint"), c->d.pool, "at", q->ct->private);
	}
	if (!to_own(q)) {
		if (add_unmountpoint(c, err) < 0)
			return -1;
		add_copy(c);
	}
	if (add_conf(c, err) < 0)
		return -1;
	return own && !volume_is_device(q->now->from) ? add_retire(c, q->now->from, err) : 0;
}

/* Committed action scripts go with the last container that needs them. */
static int drop_hooks(struct containing *c, struct err *err)
{
	const struct contain_question *q = c->q;
	const char *path, *id;

	if (to_own(q) || !q->hooks_committed)
		return 0;
	for (size_t i = 0; i < q->known->nr; i++)
		if (q->known->v[i].device && &q->known->v[i] != q->ct)
			return 0;
	for (unsigned i = 0; (path = hook_path(q->host, i, c->d.pool)); i++) {
		struct step *s;

		if (!hook_is_ours(c->d.root, path))
			continue;
		id = identity_of(c->d.root, path, c->d.pool, err);
		if (!id)
			return -1;
		s = plan_step(c->plan, c->d.pool, "hide");
		step_arg(s, c->d.pool, "at", path);
		step_arg(s, c->d.pool, "id", id);
	}
	return 0;
}

/* What is left of a file system when the plans before this one are done. */
static void take_rooms(struct fsinfo *fs, const struct contain_rooms *rooms)
{
	for (size_t i = 0; rooms && i < rooms->nr; i++) {
		const struct contain_room *r = &rooms->v[i];

		if (r->dev != fs->dev)
			continue;
		fs->avail_bytes -= r->bytes < fs->avail_bytes ? r->bytes : fs->avail_bytes;
		fs->free_inodes -= r->inodes < fs->free_inodes ? r->inodes : fs->free_inodes;
	}
}

/* also: what this plan takes before; NULL. room gets dev, and what it takes now. */
static int judge_space(struct containing *c, struct contain_room *room, const char *dir,
		       const struct contain_room *also, struct fsinfo *fs, struct err *err)
{
	const struct contain_rooms own = { .nr = also ? 1 : 0, .v = (struct contain_room *)also };
	const char *there = path_existing(c->d.root, dir, c->d.pool);

	if (fsinfo_read(fs, c->d.root, there, c->d.pool, err) < 0)
		return -1;
	room->dev = fs->dev;
	take_rooms(fs, c->q->rooms);
	take_rooms(fs, &own);
	if (room->bytes > fs->avail_bytes)
		finding_add(c->d.findings, VS_NO_SPACE, c->q->name, dir, "needs %s, %s are available",
			    show_size(room->bytes), show_size(fs->avail_bytes));
	if (room->inodes > fs->free_inodes)
		finding_add(c->d.findings, VS_NO_INODES, c->q->name, dir,
			    "needs %llu inodes, %llu are free", (unsigned long long)room->inodes,
			    (unsigned long long)fs->free_inodes);
	return 0;
}

static int judge_room(struct containing *c, const char *dir, uint64_t bytes, uint64_t inodes,
		      struct err *err)
{
	struct fsinfo fs;

	c->room = (struct contain_room){ 0, add_u64(bytes, MARGIN), inodes };
	if (judge_space(c, &c->room, dir, NULL, &fs, err) < 0)
		return -1;
	if (fs.read_only)
		finding_add(c->d.findings, VS_TARGET_READ_ONLY, c->q->name, dir,
			    "'%s' is mounted read-only", show(fs.mount_point));
	return 0;
}

/* Where no room for images was asked, c->room is of no device. */
static int judge_journal(struct containing *c, struct contain_room *room, struct err *err)
{
	const struct marks_room need = journal_room(c->plan, c->q->tree, true, false, NULL);
	struct fsinfo fs;

	*room = (struct contain_room){ 0, need.bytes, need.inodes };
	if (!c->q->host->state_dir)
		return 0;
	return judge_space(c, room, c->q->host->state_dir, &c->room, &fs, err);
}

/* What the new file system, or the shared one, cannot hold; and one that has errors. */
static int judge_limits(struct containing *c, struct err *err)
{
	const struct contain_question *q = c->q;
	const char *area = path_existing(c->d.root, to_own(q) ? q->ct->private :
					 path_parent(q->ct->private, c->d.pool), c->d.pool);
	struct limits_question limits = {
		.guest = q->name, .tree = q->ct->private, .survey = q->tree, .to = &c->own.facts,
	};
	struct fsinfo fs;

	if (fsinfo_read(&fs, c->d.root, area, c->d.pool, err) < 0)
		return -1;
	target_errors_judge(q->name, &fs, c->d.findings);
	if (!to_own(q))
		limits.to = &fs.facts;
	target_limits_judge(&limits, c->d.pool, c->d.findings);
	target_subvolumes_judge(&limits, true, c->d.pool, c->d.findings);
	return 0;
}

static int judge(struct containing *c, struct err *err)
{
	const struct contain_question *q = c->q;
	const uint64_t bytes = survey_bytes_unpacked(q->tree);
	const char *dump = q->dump_device ? q->dump_device : to_own(q) ? q->ct->dump_device : NULL;

	const struct dump_question about = {
		.name = q->name, .conf = q->ct->conf, .dump = dump, .own = &c->own,
		.known = q->known, .root = q->root,
	};

	if (dump && dump_device_judge(&about, c->d.pool, c->d.findings, err) < 0)
		return -1;
	if (q->now->volume && volume_is_device(q->now->from))
		finding_add(c->d.findings, VS_VOLUME_LEFT, q->name, q->now->from, "UUID %s",
			    show(q->now->volume));
	if (judge_limits(c, err) < 0)
		return -1;
	if (!to_own(q))
		return judge_room(c, path_parent(q->ct->private, c->d.pool),
				  add_u64(bytes, bytes / 50),
				  q->tree->inodes, err);
	return c->own.device ? 0 :
	       judge_room(c, path_parent(c->own.at, c->d.pool), c->own.bytes, 1, err);
}

static void add_notes(struct containing *c)
{
	const struct contain_question *q = c->q;
	char hash[HASH_TEXT];

	plan_note(c->plan, c->d.pool, "method", to_own(q) ? "insulate" : "uninsulate");
	plan_note(c->plan, c->d.pool, "bytes", pool_printf(c->d.pool, "%llu",
		  (unsigned long long)q->tree->bytes_used));
	plan_note(c->plan, c->d.pool, "inodes", pool_printf(c->d.pool, "%llu",
		  (unsigned long long)q->tree->inodes));
	if (q->host->coarse_times)
		plan_note(c->plan, c->d.pool, PLAN_TIMES, PLAN_COARSE);
	if (q->now->volume)
		return;
	hash_text(q->tree->fingerprint, hash);
	plan_note(c->plan, c->d.pool, "fingerprint", hash);
}

static int decide_own(struct containing *c, struct err *err)
{
	const struct contain_question *q = c->q;
	const struct insulate_question own = {
		.spec = q->wanted, .name = q->name, .ctid = q->ct->ctid, .tree = q->tree,
		.overwrite = q->overwrite, .host = q->host, .root = q->root, .known = q->known,
		.all = q->all,
		.groups = q->groups ? q->groups : &c->d.groups,
	};

	if (!to_own(q))
		return 0;
	if (insulate_decide(&c->own, &own, c->d.pool, c->d.findings, err) < 0)
		return -1;
	return hooks_decide(&c->d, err);
}

int contain_decide(struct contain_plan *out, const struct contain_question *q,
		   struct pool *pool, struct findings *findings, struct err *err)
{
	struct decisions made = { 0 };
	struct containing c = {
		.d = { .out = &made, .host = q->host, .root = q->root, .pool = pool,
		       .findings = findings, .sample = BUF_INIT },
		.q = q, .plan = &out->plan,
	};

	*out = (struct contain_plan){ .plan = { .scope = "container", .guest = q->name,
						.ctid = q->ct->ctid } };
	if (plan_token_new(&out->plan, pool, q->host->token, err) < 0 ||
	    decide_own(&c, err) < 0 || judge(&c, err) < 0)
		return -1;
	add_notes(&c);
	if (add_steps(&c, err) < 0 || drop_hooks(&c, err) < 0 ||
	    locked_judge(&c.d, &out->plan, err) < 0)
		return -1;
	out->hooks = made.hooks;
	out->room = c.room;
	return judge_journal(&c, &out->journal, err);
}

int contain_hooks(struct plan *out, const struct host *host, const struct root *root,
		  struct pool *pool, struct err *err)
{
	struct findings said = { .pool = pool };	/* when it was insulated */
	struct decisions made = { 0 };
	struct deciding d = { .out = &made, .host = host, .root = root, .pool = pool,
			      .findings = &said, .sample = BUF_INIT };

	if (hooks_decide(&d, err) < 0)
		return -1;
	*out = made.hooks;
	return 0;
}
