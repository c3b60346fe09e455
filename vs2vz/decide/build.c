/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The steps of one guest, in the order in which they are safe:
 *
 *	CONF/NAME's times · VServer's marks mended in place · tree to the private area ·
 *	VE_ROOT · package state and edits in the tree · CTID.mount and CTID.umount ·
 *	CTID.conf · names/NAME · a copied source aside · the marks in CONF
 *
 * With a file system of its own the tree is copied into that, and the private area is
 * the bare directory where it will be mounted. A copied tree is mended while it is
 * copied. The tree moves before anything names it, and the VServer side is marked last,
 * so a cut at any point leaves a guest that either system recognises as its own or as
 * none. Decides nothing but the order; undo is the same list backwards.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/identity.h"
#include "decide/inside.h"
#include "decide/marks.h"
#include "decide/mounts.h"
#include "decide/packages.h"
#include "step/beside.h"
#include "step/touched.h"
#include "step/trace.h"
#include "vserver/scan.h"

static void add_write(struct deciding *d, struct plan *plan, const char *path,
		      const void *text, size_t len)
{
	struct step *s = plan_step(plan, d->pool, "write");
	char hash[HASH_TEXT];

	hash_text(hash_bytes(text, len), hash);
	step_arg(s, d->pool, "at", path);
	step_arg(s, d->pool, "mode", "0644");
	step_arg(s, d->pool, "owner", "0:0");
	step_arg(s, d->pool, "old", "absent");
	step_arg(s, d->pool, "new", hash);
	step_text(s, d->pool, text, len);
}

/* rename, copy, retire: the same three arguments. */
static struct step *add_move(struct deciding *d, struct plan *plan, const char *kind,
		     const char *const path[2], const char *id)
{
	struct step *s = plan_step(plan, d->pool, kind);

	step_arg(s, d->pool, "from", path[0]);
	step_arg(s, d->pool, "to", path[1]);
	step_arg(s, d->pool, "id", id);
	return s;
}

void build_mkdir(struct deciding *d, struct plan *plan, const char *path, unsigned mode)
{
	struct step *s = plan_step(plan, d->pool, "mkdir");

	step_arg(s, d->pool, "at", path);
	step_argf(s, d->pool, "mode", "%04o", mode);
	step_arg(s, d->pool, "owner", "0:0");
}

void build_parents(struct deciding *d, struct plan *plan, const char *path)
{
	if (path_exists(d->root, path))
		return;
	build_parents(d, plan, path_parent(path, d->pool));
	build_mkdir(d, plan, path, 0700);
}

/* Package state and recipes may change names in one directory. */
static bool has_times(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->nr_steps; i++)
		if (strcmp(plan->step[i].kind->name, "times") == 0 &&
		    strcmp(step_get(&plan->step[i], "at"), path) == 0)
			return true;
	return false;
}

int build_times(struct deciding *d, struct plan *plan, const char *path, struct err *err)
{
	const char *names;
	struct step *s;
	struct stat st;

	if (has_times(plan, path))
		return 0;
	if (root_stat(d->root, path, &st, err) < 0 ||
	    input_evidence(&names, d->root, INPUT_NAMES, path, d->pool, err) < 0)
		return -1;
	if (!names)
		return fail(err, "'%s' is no directory", show(path));
	s = plan_step(plan, d->pool, "times");
	step_arg(s, d->pool, "at", path);
	step_argf(s, d->pool, "mtime", "%lld.%09ld", (long long)st.st_mtim.tv_sec,
		  st.st_mtim.tv_nsec);
	step_arg(s, d->pool, "names", names);
	return 0;
}

/* One that may not be opened (a plan without root rights) has its number alone. */
int build_id(struct deciding *d, struct step *s, const char *path, ino_t ino, struct err *err)
{
	const char *text = identity_of(d->root, path, d->pool, err);
	struct identity id;

	if (!text && err->code != EACCES && err->code != EPERM)
		return -1;
	if (!identity_parse(&id, text ? text : d->tree_id))
		die("'%s' is no identity", text ? text : d->tree_id);
	if (text && id.inode != ino)
		return fail_code(err, ERR_FOREIGN, "'%s' changed while the plan was made", show(path));
	if (!text) {
		char alone[IDENTITY_TEXT];

		err_clear(err);
		id.has_generation = false;
		id.inode = ino;
		text = pool_strdup(d->pool, identity_text(&id, alone));
	}
	step_arg(s, d->pool, "id", text);
	return 0;
}

const char *retire_path(const struct deciding *d, const struct decision *decision)
{
	const struct guest *guest = decision->guest;

	if (decision->method != METHOD_COPY || tree_is_mount(d, guest))
		return NULL;
	return aside_path(&decision->plan, guest->tree, d->pool);
}

const char *aside_path(const struct plan *plan, const char *path, struct pool *pool)
{
	const char *parent = path_parent(path, pool);
	char name[NAME_MAX + 1], suffix[32];

	snprintf(suffix, sizeof(suffix), ".vs2vz-%s", plan_token(plan));
	beside_name(name, path_name(path), suffix);
	return pool_printf(pool, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, name);
}

/* The first of the names that it may get: what stands there is passed by. */
static const char *hold_path(const struct plan *plan, const char *tree, struct pool *pool)
{
	const char *parent = path_parent(tree, pool);
	char name[NAME_MAX + 1];

	beside_own(name, path_name(tree), plan_token(plan), BESIDE_HELD, 1);
	return pool_printf(pool, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, name);
}

/* What is mended, as arguments of the step that does it. */
static void marks_args(struct deciding *d, struct step *s, const struct marks *marks)
{
	if (marks->nr_tags) {
		step_arg(s, d->pool, "tagging", tagging_word(marks->tagging));
		step_arg(s, d->pool, "tags", marks_tag_list(marks, d->pool));
	}
	if (marks->immutable != IMMUTABLE_KEEP)
		step_arg(s, d->pool, "immutable", immutable_word(marks->immutable));
	if (marks->shared != SHARED_LEAVE)
		step_arg(s, d->pool, "shared", shared_word(marks->shared));
}

/* In place, before the tree moves: undo finds it where it was again. */
static void add_repair(struct deciding *d, struct decision *decision)
{
	const struct guest *guest = decision->guest;
	struct step *s;

	if (decision->method == METHOD_COPY || !marks_any(&decision->marks))
		return;
	s = plan_step(&decision->plan, d->pool, "marks");
	step_arg(s, d->pool, "at", guest->tree);
	step_arg(s, d->pool, "id", d->tree_id);
	if (decision->marks.shared != SHARED_LEAVE)
		step_arg(s, d->pool, "hold", hold_path(&decision->plan, guest->tree, d->pool));
	marks_args(d, s, &decision->marks);
}

/* Directories with the number in the middle of the pattern belong to this container alone. */
static void own_parents(struct deciding *d, struct plan *plan, const char *pattern,
			const char *path)
{
	const char *parent = path_parent(path, d->pool);

	if (pattern_is_flat(pattern) || path_exists(d->root, parent))
		return;
	own_parents(d, plan, path_parent(pattern, d->pool), parent);
	build_mkdir(d, plan, parent, 0700);
}

static struct step *add_own_fs(struct deciding *d, struct decision *decision)
{
	const struct insulate_source source = {
		.from = decision->guest->tree, .id = d->tree_id,
		.to = decision->ct.private,
	};

	if (!decision->insulation->device)
		plan_input(&decision->plan, d->pool, INPUT_ABSENT, decision->insulation->at, NULL);
	return insulate_step(&decision->plan, decision->insulation, &source, d->pool);
}

static void add_tree(struct deciding *d, struct decision *decision)
{
	const struct ct *ct = &decision->ct;
	struct plan *plan = &decision->plan;
	const char *const move[2] = { decision->guest->tree, ct->private };
	struct step *s;

	add_repair(d, decision);
	own_parents(d, plan, d->host->private_pattern, ct->private);
	if (decision->insulation)
		s = add_own_fs(d, decision);
	else
		s = add_move(d, plan, decision->method == METHOD_COPY ? "copy" : "rename", move,
			     d->tree_id);
	if (decision->method == METHOD_COPY)
		marks_args(d, s, &decision->marks);
	if (decision->insulation)
		step_arg(plan_step(plan, d->pool, "mountpoint"), d->pool, "at", ct->private);
	if (!path_exists(d->root, ct->root)) {
		own_parents(d, plan, d->host->root_pattern, ct->root);
		build_mkdir(d, plan, ct->root, 0755);
	}
}

static void add_configuration(struct deciding *d, struct decision *decision)
{
	const struct ct *ct = &decision->ct;
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct step *link;

	conf_apply(&text, d->sample.data, d->sample.len, ct);
	add_write(d, &decision->plan, ct->conf, text.data, text.len);
	if (!ct->name_link)
		return;
	link = plan_step(&decision->plan, d->pool, "symlink");
	step_arg(link, d->pool, "at", ct->name_link);
	step_arg(link, d->pool, "target",
		 path_relative(path_parent(ct->name_link, d->pool), ct->conf, d->pool));
}

static void add_marks(struct deciding *d, struct decision *decision)
{
	const struct guest *guest = decision->guest;
	const char *mark = pool_printf(d->pool, "%s/%s", guest->conf, VSERVER_MARK);
	const char *disabled = pool_printf(d->pool, "%s/disabled", guest->conf);
	const char *text = pool_printf(d->pool, "ctid %u\nconverted to this OpenVZ container by "
				       "vs2vz, which needs this file\n", decision->ct.ctid);

	add_write(d, &decision->plan, mark, text, strlen(text));
	if (!path_exists(d->root, disabled))
		add_write(d, &decision->plan, disabled, text, strlen(text));
}

static int hide_legacy(struct deciding *d, struct decision *decision, struct err *err)
{
	const char *from = decision->guest->conf;
	const char *const move[2] = {
		from, pool_printf(d->pool, "%s%s", from, VSERVER_LEGACY_SUFFIX),
	};
	const char *id = identity_of(d->root, from, d->pool, err);

	if (!id)
		return -1;
	add_move(d, &decision->plan, "rename", move, id);
	return 0;
}

static const char *marks_note(const struct deciding *d, const struct marks *m)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (m->nr_tags)
		buf_addf(&text, "tags %s by %s off", marks_tag_list(m, d->pool),
			 tagging_word(m->tagging));
	if (m->immutable != IMMUTABLE_KEEP)
		buf_addf(&text, "%simmutable %s", text.len ? ", " : "", immutable_word(m->immutable));
	if (m->shared != SHARED_LEAVE)
		buf_addf(&text, "%sshared %s", text.len ? ", " : "", shared_word(m->shared));
	return pool_strdup(d->pool, text.data);
}

static void add_notes(struct deciding *d, struct decision *decision)
{
	const struct guest *guest = decision->guest;
	const struct system *system = &guest->system;
	struct plan *plan = &decision->plan;
	char hash[HASH_TEXT];

	plan_note(plan, d->pool, "method", decision->insulation ? "insulate" :
		  decision->method == METHOD_COPY ? "copy" : "rename");
	plan_note(plan, d->pool, "reason", decision->method_reason);
	if (marks_any(&decision->marks))
		plan_note(plan, d->pool, "marks", marks_note(d, &decision->marks));
	plan_note(plan, d->pool, "ctid-from", decision->ct.ctid_from);
	plan_note(plan, d->pool, "sample", decision->ct.sample_name);
	if (system->distro && *system->distro)
		plan_note(plan, d->pool, "distro",
			  pool_printf(d->pool, "%s%s%s", system->distro,
				      system->version && *system->version ? " " : "",
				      system->version ? system->version : ""));
	if (!guest->surveyed)
		return;
	hash_text(guest->survey.fingerprint, hash);
	plan_note(plan, d->pool, "bytes", pool_printf(d->pool, "%llu",
		  (unsigned long long)guest->survey.bytes_used));
	plan_note(plan, d->pool, "inodes", pool_printf(d->pool, "%llu",
		  (unsigned long long)guest->survey.inodes));
	plan_note(plan, d->pool, "fingerprint", hash);
	if (d->host->coarse_times)
		plan_note(plan, d->pool, PLAN_TIMES, PLAN_COARSE);
	if (!guest->survey.outside_inodes)
		return;
	/* Another guest's conversion or undo changes the link counts of what they share. */
	hash_text(guest->survey.bare, hash);
	plan_note(plan, d->pool, "bare", hash);
}

/* What verify compares a moved tree by, when steps change something in it. */
static int note_untouched(struct deciding *d, struct decision *decision, struct err *err)
{
	const struct guest *guest = decision->guest;
	struct plan *plan = &decision->plan;
	const struct touched t = { plan->step, plan->nr_steps, decision->ct.private,
				   d->host->coarse_times, plan_token(plan) };
	struct hash128 bare = guest->survey.bare;
	char hash[HASH_TEXT];
	struct root tree;
	int rc;

	if (!guest->surveyed || decision->method == METHOD_COPY || !touched_any(&t))
		return 0;
	if (root_inside(&tree, d->root, guest->tree, err) < 0)
		return -1;
	rc = touched_subtract(&bare, &t, &tree, err);
	root_release(&tree);
	hash_text(bare, hash);
	plan_note(plan, d->pool, "untouched", hash);
	return rc;
}

void build_trace(struct deciding *d, struct plan *plan, const char *at, const char *what)
{
	struct step *s = plan_step(plan, d->pool, "trace");

	step_arg(s, d->pool, "at", at);
	step_arg(s, d->pool, "what", what);
	step_argf(s, d->pool, "ctid", "%u", plan->ctid);
}

int build_trace_of_links(struct deciding *d, struct plan *plan, const char *tree, struct err *err)
{
	const char *at = pool_printf(d->pool, "%s/" TRACE_LINKS_NAME, tree);

	if (path_exists(d->root, at))
		return 0;
	if (build_times(d, plan, tree, err) < 0)
		return -1;
	plan_input(plan, d->pool, INPUT_ABSENT, at, NULL);
	build_trace(d, plan, at, TRACE_LINKS);
	return 0;
}

/* Known where nothing was before, or what is there was left by an undone conversion. */
static void add_trace_of_quota(struct deciding *d, struct plan *plan)
{
	const char *at = layout_quota_file(plan->ctid, d->pool);
	bool there = path_exists(d->root, at);

	if (there && !layout_quota_is_left(d->host, at))
		return;
	if (!there)
		plan_input(plan, d->pool, INPUT_ABSENT, at, NULL);
	build_trace(d, plan, at, TRACE_QUOTA);
}

int build_guest(struct deciding *d, struct decision *decision, struct err *err)
{
	const struct guest *guest = decision->guest;
	struct plan *plan = &decision->plan;
	const char *retire;

	plan->scope = "guest";
	plan->guest = guest->name;
	plan->ctid = decision->ct.ctid;
	if (plan_token_new(plan, d->pool, d->host->token, err) < 0)
		return -1;
	d->tree_id = identity_of(d->root, guest->tree, d->pool, err);
	if (!d->tree_id)
		return -1;
	retire = retire_path(d, decision);
	if (build_inputs(d, decision, err) < 0)
		return -1;
	add_notes(d, decision);
	if (guest->style == STYLE_RECENT && build_times(d, plan, guest->conf, err) < 0)
		return -1;
	if (packages_remember(d, decision, err) < 0 || fixups_times(d, decision, err) < 0 ||
	    build_trace_of_links(d, plan, guest->tree, err) < 0)
		return -1;
	add_trace_of_quota(d, plan);
	add_tree(d, decision);
	if (packages_build(d, decision, err) < 0 || fixups_build(d, decision, err) < 0)
		return -1;
	mounts_build(d, decision);
	add_configuration(d, decision);
	if (retire) {
		const char *const move[2] = { guest->tree, retire };

		add_move(d, plan, "retire", move, d->tree_id);
	}
	if (guest->style == STYLE_LEGACY && hide_legacy(d, decision, err) < 0)
		return -1;
	if (guest->style != STYLE_LEGACY)
		add_marks(d, decision);
	return note_untouched(d, decision, err);
}
