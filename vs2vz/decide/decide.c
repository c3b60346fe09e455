/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From guests to plans. Numbers first, for they depend on all guests of the host; then
 * each guest by itself: container, method, conflicts; then what guests do to one
 * another (space, addresses); last the steps. Reads, and changes nothing.
 */
#include "decide/decide.h"

#include <string.h>

#include "base/unseen.h"
#include "decide/ctid.h"
#include "decide/host_judge.h"
#include "decide/inside.h"
#include "decide/journal_room.h"
#include "decide/marks.h"
#include "decide/hooks.h"
#include "decide/packages.h"

static const struct ctid_pick *pick_of(const struct guests *all, const struct ctid_pick *picks,
				       const struct guest *guest)
{
	if (guest < all->v || guest >= all->v + all->nr)
		die("guest '%s' is selected but not known", show(guest->name));
	return &picks[guest - all->v];
}

static int choose_numbers(struct deciding *d, const struct guest **selected, size_t nr,
			  struct err *err)
{
	struct ctid_pick *picks = pool_array(d->pool, d->all->nr + 1, sizeof(*picks));
	struct ctid_request request = {
		.all = d->all, .host = d->host, .root = d->root, .choices = d->choices,
		.selected = selected, .nr_selected = nr,
	};

	if (ctid_assign(picks, &request, d->pool, d->findings, err) < 0)
		return -1;
	d->out->nr = nr;
	d->out->v = pool_array(d->pool, nr + 1, sizeof(*d->out->v));
	for (size_t i = 0; i < nr; i++) {
		const struct ctid_pick *pick = pick_of(d->all, picks, selected[i]);

		d->out->v[i].guest = selected[i];
		d->out->v[i].ct.ctid = pick->ctid;
		d->out->v[i].ct.ctid_from = pick->from;
	}
	return 0;
}

static int learn(struct deciding *d, const struct guest **selected, size_t nr, struct err *err)
{
	if (choose_numbers(d, selected, nr, err) < 0 || samples_read(d, err) < 0 ||
	    layout_known(&d->known, d->host, d->root, d->pool, err) < 0 ||
	    mounts_below(&d->mounts, d->root, "/", d->pool, err) < 0)
		return -1;
	host_side_read(&d->side, d->all, d->root, d->pool, d->findings);
	return 0;
}

/* "/etc/fstab:3" where the host mounts the guest's tree with tags; NULL. */
static const char *tag_mount(const struct deciding *d, const struct guest *guest)
{
	for (size_t i = 0; i < d->side.nr_mentions; i++) {
		const struct mention *m = &d->side.mention[i];
		size_t len = m->topic == TOPIC_TAG && m->mount ? strlen(m->mount) : 0;

		if (!len || strncmp(m->word, "notag", 5) == 0)
			continue;
		if (len == 1 || (strncmp(guest->tree, m->mount, len) == 0 &&
				 (guest->tree[len] == '/' || !guest->tree[len])))
			return m->where;
	}
	return NULL;
}

static void choose_marks(struct deciding *d, struct decision *decision)
{
	const struct guest *guest = decision->guest;
	const struct marks_question q = {
		.guest = guest, .all = d->all, .answer = answer_of(d->choices, guest->name),
		.kernel = d->host->tagging, .kernel_from = d->host->tagging_from,
		.tag_mount = tag_mount(d, guest), .shared = shared_wanted(d, guest),
		.copies = decision->method == METHOD_COPY,
	};

	decision->marks = (struct marks){ .tagging = TAGGING_NONE };
	if (guest->surveyed)
		marks_decide(&decision->marks, &q, d->pool, d->findings);
}

/* Without a number there is no container to plan; a finding has said why. */
static int decide_guest(struct deciding *d, struct decision *decision, struct err *err)
{
	if (sample_use(d, decision, err) < 0)
		return -1;
	if (packages_decide(d, decision, err) < 0)
		return -1;
	container_describe(d, decision);
	if (relocate_choose(d, decision, err) < 0)
		return -1;
	if (decision->insulation)
		insulate_describe(&decision->ct, decision->insulation, d->pool);
	choose_marks(d, decision);
	if (relocate_limits(d, decision, err) < 0 || conflicts_of(d, decision, err) < 0 ||
	    fixups_decide(d, decision, err) < 0)
		return -1;
	too_new_judge(d, decision);
	return 0;
}

/* The guests of this run, and what the host's own files say of them. */
static void look_at_host(struct deciding *d)
{
	const struct guest **guests = pool_array(d->pool, d->out->nr + 1, sizeof(*guests));
	const struct judged_guests judged = { guests, d->out->nr };
	struct host_net net;

	for (size_t i = 0; i < d->out->nr; i++)
		guests[i] = d->out->v[i].guest;
	host_judge(&d->side, &judged, d->findings);
	host_judge_tags(&d->side, VS_TAG_OPTION_LEFT, d->findings);
	if (d->host->coarse_times && d->out->nr)
		finding_add(d->findings, VS_TIMES_COARSE, NULL, "kernel",
			    "times are kept to the microsecond on this kernel; times of symbolic "
			    "links and device nodes cannot be set");
	if (d->host->kernel != KERNEL_OPENVZ)
		return;
	host_net_read(&net, NULL, true, d->pool);
	host_judge_live(&net, &judged, d->findings);
}

/* What later decisions and the host's own steps ask of this one. */
static void leave_stub(struct deciding *d, struct decision *decision)
{
	const struct packages *p = decision->packages;
	struct packages *asked = p ? pool_alloc(d->keep, sizeof(*asked)) : NULL;
	const struct ct *ct = &decision->ct;

	if (p)
		*asked = (struct packages){ .bytes = p->bytes, .inodes = p->inodes };
	*decision = (struct decision){
		.guest = decision->guest, .method = decision->method, .marks = decision->marks,
		.insulation = decision->insulation, .packages = asked,
		.bootorder = decision->bootorder, .journal = decision->journal,
		.ct = {
			.ctid = ct->ctid, .private = pool_strdup(d->keep, ct->private),
			.name_link = ct->name_link ? pool_strdup(d->keep, ct->name_link) : NULL,
		},
	};
}

/* One guest from its number to its plan; nothing here depends on what another one gets. */
static int decide_whole(struct deciding *d, struct decision *decision, struct err *err)
{
	const struct guest *guest = decision->guest;
	bool copies;

	if (decide_guest(d, decision, err) < 0 || build_guest(d, decision, err) < 0)
		return -1;
	copies = decision->insulation || decision->method == METHOD_COPY;
	decision->journal = journal_room(&decision->plan, &guest->survey, copies, guest->recorded,
					 copies ? NULL : &decision->marks);
	return locked_judge(d, &decision->plan, err);
}

static int decide_and_give(struct deciding *d, struct decision *decision, struct err *err)
{
	struct pool mine = POOL_INIT;
	int rc;

	if (!d->taker)
		return decide_whole(d, decision, err);
	d->pool = &mine;
	rc = decide_whole(d, decision, err);
	d->pool = d->keep;
	if (rc == 0) {
		d->taker->take(d->taker->ctx, decision);
		leave_stub(d, decision);
	}
	pool_release(&mine);
	return rc;
}

/* What the system refuses of one guest blocks that guest; it has no decision then. */
static int decide_guests(struct deciding *d, struct err *err)
{
	struct decisions *out = d->out;
	bool *failed = pool_array(d->pool, out->nr + 1, sizeof(*failed));
	size_t kept = 0;

	for (size_t i = 0; i < out->nr; i++) {
		const struct guest *guest = out->v[i].guest;

		if (decide_and_give(d, &out->v[i], err) == 0)
			continue;
		if (err->code == ERR_STOPPED)
			return -1;
		failed[i] = true;
		unseen_note_err(guest->conf, err);
		finding_add(d->findings, VS_GUEST_UNDECIDED, guest->name, guest->conf, "%s", err->text);
		err_clear(err);
	}
	for (size_t i = 0; i < out->nr; i++)
		if (!failed[i])
			out->v[kept++] = out->v[i];
	out->nr = kept;
	return 0;
}

static int decide_all(struct deciding *d, struct err *err)
{
	bootorder_assign(d);
	if (decide_guests(d, err) < 0)
		return -1;
	if (relocate_space(d, err) < 0 || relocate_writable(d, err) < 0)
		return -1;
	conflicts_addresses(d);
	look_at_host(d);
	if (build_host(d, err) < 0 || locked_judge(d, &d->out->host, err) < 0)
		return -1;
	for (size_t i = 0; i < d->out->nr; i++)
		if (d->out->v[i].insulation)
			return hooks_decide(d, err) < 0 ? -1 : locked_judge(d, &d->out->hooks, err);
	return 0;
}

int decide_each(struct decisions *out, const struct guest **selected, size_t nr,
		const struct guests *all, const struct host *host, const struct root *root,
		const struct choices *choices, const struct decision_taker *taker,
		struct pool *pool, struct findings *findings, struct err *err)
{
	struct deciding d = {
		.out = out, .taker = taker, .all = all, .host = host, .root = root,
		.choices = choices, .pool = pool, .keep = pool, .findings = findings,
		.sample = BUF_INIT, .sample_pool = POOL_INIT,
	};
	int rc;

	*out = (struct decisions){ 0 };
	rc = learn(&d, selected, nr, err);
	if (rc == 0)
		rc = decide_all(&d, err);
	buf_release(&d.sample);
	pool_release(&d.sample_pool);
	return rc;
}

int decide(struct decisions *out, const struct guest **selected, size_t nr,
	   const struct guests *all, const struct host *host, const struct root *root,
	   const struct choices *choices, struct pool *pool, struct findings *findings,
	   struct err *err)
{
	return decide_each(out, selected, nr, all, host, root, choices, NULL, pool, findings, err);
}
