/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check --before-reboot, on the VServer kernel while guests run: nothing is walked,
 * nothing is asked of VServer's tools, nothing is written but with --save. Below a root
 * of its own a recorded proc stands in where it has a "virtual".
 */
#include "before.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "decide/host_judge.h"
#include "decide/service_judge.h"
#include "exits.h"
#include "openvz/conf.h"
#include "vserver/fstab.h"

#define RELEASE_MAX 4096
#define VZ_CONF_MAX (1024 * 1024)

/* What is expected on a VServer kernel, and no reason to block anything here. */
static void drop_expected(struct findings *f)
{
	static const enum finding_id expected[] = {
		VS_VSERVER_KERNEL, VS_NO_OPENVZ_KERNEL, VS_NO_VZ_CONF,
	};
	size_t kept = 0;

	for (size_t i = 0; i < f->nr; i++) {
		bool drop = false;

		for (size_t k = 0; k < sizeof(expected) / sizeof(expected[0]); k++)
			drop |= f->v[i].kind->id == expected[k];
		if (!drop)
			f->v[kept++] = f->v[i];
	}
	finding_cut(f, kept);
}

/* false: no proc to read. */
static bool open_proc(const struct session *s, struct root *proc)
{
	struct stat st;
	struct err err;

	if (s->live)
		return root_init(proc, "/proc", &err) == 0;
	if (root_stat(&s->root, "/proc/virtual", &st, &err) < 0)
		return false;
	return root_inside(proc, &s->root, "/proc", &err) == 0;
}

static void read_kernel(struct before *b, struct session *s, const struct root *proc)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct stat st;
	struct err err;

	b->vserver = root_stat(proc, "/virtual", &st, &err) == 0;
	if (root_read(proc, "/sys/kernel/osrelease", RELEASE_MAX, &text, &err) == 0)
		b->kernel = pool_memdup(&s->pool, text.data, strcspn(text.data, "\n"));
	host_contexts_read(&b->contexts, &s->guests, proc, &s->pool);
	host_tag_mounts_read(&b->mounts, proc, &s->pool);
}

static void collect(struct before *b, struct session *s)
{
	struct root proc;
	bool there = open_proc(s, &proc);

	*b = (struct before){ 0 };
	if (there)
		read_kernel(b, s, &proc);
	host_tagging_read(&b->tagging, &s->root, there ? &proc : NULL, &s->pool);
	host_net_read(&b->net, there ? &proc : NULL, s->live, &s->pool);
	host_side_read(&b->side, &s->guests, &s->root, &s->pool, &s->findings);
	pictures_read(&b->pictures, s);
	if (there)
		root_release(&proc);
}

static bool has_tags(const struct before *b)
{
	for (size_t i = 0; i < b->side.nr_mentions; i++)
		if (b->side.mention[i].topic == TOPIC_TAG)
			return true;
	return b->mounts.nr > 0;
}

static void judge_kernel(struct session *s, const struct before *b)
{
	if (!b->vserver)
		finding_add(&s->findings, VS_NOT_VSERVER_KERNEL, NULL, "/proc/virtual",
			    "it is absent%s%s", b->kernel ? "; the kernel is " : "",
			    b->kernel ? show(b->kernel) : "");
	for (size_t i = 0; i < b->mounts.nr; i++)
		finding_add(&s->findings, VS_TAG_IN_USE, NULL, b->mounts.v[i].point,
			    "%s is mounted with '%s'", show(b->mounts.v[i].source),
			    show(b->mounts.v[i].option));
	if (b->tagging.method != TAGGING_UNKNOWN)
		finding_add(&s->findings, VS_TAGGING, NULL, b->tagging.from, "%s",
			    tagging_word(b->tagging.method));
	else if (has_tags(b))
		finding_add(&s->findings, VS_TAGGING_UNTOLD, NULL, "/boot",
			    "no config-* there tells");
	for (size_t i = 0; i < b->contexts.nr; i++) {
		const struct live_context *c = &b->contexts.v[i];

		if (c->guest && c->guest->xid < 0)
			finding_add(&s->findings, VS_DYNAMIC_CONTEXT, c->guest->name, "/proc/virtual",
				    "context %lld", (long long)c->xid);
	}
}

/* A context that lives and shows no process: this kernel hides them from the host. */
static void judge_pictures(struct session *s, const struct before *b)
{
	for (size_t i = 0; s->live && b->vserver && i < b->contexts.nr; i++) {
		const struct guest *g = b->contexts.v[i].guest;
		bool seen = !g;

		for (size_t k = 0; g && k < b->pictures.nr; k++)
			seen |= strcmp(b->pictures.v[k].guest, g->name) == 0;
		if (!seen)
			finding_add(&s->findings, VS_BEFORE_UNSEEN, g->name, "/proc",
				    "context %lld lives", (long long)b->contexts.v[i].xid);
	}
}

static void judge_guest_fstab(struct session *s, const struct guest *g, const struct item *item)
{
	struct fstab fstab = { 0 };

	fstab_parse(&fstab, item, &s->pool);
	for (size_t i = 0; i < fstab.nr; i++) {
		const struct fstab_line *line = &fstab.v[i];
		const char *option = host_tag_option(line->options, &s->pool);

		if (option)
			finding_add(&s->findings, VS_TAG_IN_FSTAB, g->name,
				    pool_printf(&s->pool, "%s/%s:%u", g->conf, item->path, line->line),
				    "'%s' for '%s'", show(option), show(line->target));
	}
}

static void judge_fstabs(struct session *s, const struct guest *g)
{
	for (size_t i = 0; g->style == STYLE_RECENT && i < g->items.nr; i++) {
		const struct item *item = &g->items.v[i];

		if (item->type == ITEM_FILE && (strcmp(item->path, "fstab") == 0 ||
						strncmp(item->path, "fstab.", 6) == 0))
			judge_guest_fstab(s, g, item);
	}
}

static void judge_vz_conf(struct session *s)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct conf conf = { 0 };
	const char *mode, *layout;
	struct err err;

	if (!s->host.vz_conf || root_read(&s->root, s->host.vz_conf, VZ_CONF_MAX, &text, &err) < 0)
		return;
	conf_parse(&conf, text.data, text.len, &s->pool);
	mode = conf_get(&conf, "VE_STOP_MODE");
	layout = conf_get(&conf, "VE_LAYOUT");
	if (!mode || strcmp(mode, "stop") != 0)
		finding_add(&s->findings, VS_STOP_MODE, NULL, s->host.vz_conf, "VE_STOP_MODE is %s%s%s",
			    mode ? "'" : "not set", mode ? show(mode) : "", mode ? "'" : "");
	if (layout && strncmp(layout, "ploop", 5) == 0)
		finding_add(&s->findings, VS_PLOOP_DEFAULT, NULL, s->host.vz_conf,
			    "VE_LAYOUT is '%s'", show(layout));
}

/* What must be installed before the reboot; the kernel that runs is not the one meant. */
static void judge_node(struct session *s)
{
	struct vz_service service;

	service_read(&service, &s->host, &s->root, NULL, &s->pool);
	service_judge(&service, &s->host, true, &s->findings);
}

static void judge_network(struct session *s, const struct before *b)
{
	struct names names;
	struct err err;

	host_judge_nat(&b->side, &s->findings);
	if (!host_forwards(&s->root, &s->pool))
		finding_add(&s->findings, VS_FORWARDING, NULL, "/etc/sysctl.conf",
			    "net.ipv4.ip_forward is not set to 1");
	if (root_names(&s->root, "/etc/vservices", &s->pool, &names, &err) == 0 && names.nr)
		finding_add(&s->findings, VS_VSERVICES, NULL, "/etc/vservices", "%zu file%s there",
			    names.nr, names.nr == 1 ? "" : "s");
}

static void judge(struct session *s, const struct before *b)
{
	const struct judged_guests guests = { s->selected, s->nr_selected };

	drop_expected(&s->findings);
	judge_kernel(s, b);
	host_judge(&b->side, &guests, &s->findings);
	host_judge_tags(&b->side, VS_TAG_IN_FSTAB, &s->findings);
	for (size_t i = 0; i < s->nr_selected; i++)
		judge_fstabs(s, s->selected[i]);
	judge_network(s, b);
	judge_vz_conf(s);
	judge_node(s);
	judge_pictures(s, b);
}

/* What the VServer kernel could tell is worth more than what another one can. */
static bool is_better(const struct session *s, const struct before *b)
{
	struct stat st;

	return !b->vserver && s->state >= 0 && below_stat(s->state, BEFORE_FILE, &st) == 0;
}

static int save(struct session *s, const struct before *b)
{
	const struct atomic_meta meta = { .mode = 0600, .uid = geteuid(), .gid = getegid() };
	struct buf CLEANUP_BUF text = BUF_INIT;
	struct place at = { .name = BEFORE_FILE };

	if (geteuid() != 0)
		return session_fail(s, EXIT_PLATFORM, "only root can save: try sudo");
	if (s->state < 0)
		s->state = state_open(&s->root, s->set.state_dir, true, &s->err);
	if (s->state < 0)
		return -1;
	if (is_better(s, b))
		return session_fail(s, EXIT_BLOCKED, "'%s/%s' is kept: this is no VServer kernel, and "
				    "what was saved before may be from one; move it away to save anew",
				    show(s->set.state_dir), BEFORE_FILE);
	if (state_lock(s->state, &s->err) < 0) {
		s->status = s->err.code == EWOULDBLOCK ? EXIT_LOCKED : EXIT_FAILED;
		return -1;
	}
	at.dirfd = s->state;
	before_json(&text, b, &s->report);
	return atomic_write(&at, text.data, text.len, &meta, true, &s->err);
}

static void add_facts(struct buf *out, const struct before *b, struct pool *out_pool)
{
	buf_addf(out, "kernel:    %s%s\n", b->kernel ? show(b->kernel) : "unknown",
		 b->vserver ? " (VServer)" : "");
	buf_addf(out, "tags:      %s%s%s\n", tagging_word(b->tagging.method),
		 b->tagging.from ? ", by " : "", b->tagging.from ? show(b->tagging.from) : "");
	for (size_t i = 0; i < b->contexts.nr; i++) {
		const struct live_context *c = &b->contexts.v[i];

		buf_addf(out, "context:   %lld %s\n", (long long)c->xid,
			 c->guest ? show(c->guest->name) : "(no guest known)");
	}
	for (size_t i = 0; i < b->net.nr_addresses; i++)
		buf_addf(out, "address:   %s/%d on %s\n", b->net.address[i].text,
			 b->net.address[i].prefix, show(b->net.address[i].dev));
	for (size_t i = 0; i < b->net.nr_routes; i++)
		buf_addf(out, "route:     %s via %s on %s\n", b->net.route[i].to,
			 b->net.route[i].via, show(b->net.route[i].dev));
	for (size_t i = 0; i < b->pictures.nr; i++) {
		const struct picture *p = &b->pictures.v[i];

		for (size_t k = 0; k < p->ports.nr; k++)
			buf_addf(out, "port:      %s %s\n", show(p->guest),
				 port_text(&p->ports.v[k], out_pool));
	}
	buf_addch(out, '\n');
}

static void show_before(struct session *s, struct buf *out)
{
	struct text_style style = session_style(s);

	if (s->before && style.verbose)
		add_facts(out, s->before, &s->pool);
	report_findings(out, &s->report, &style);
	if (s->opt.save)
		buf_addf(out, "saved in %s/%s; later runs find it there\n", show(s->set.state_dir),
			 BEFORE_FILE);
	else
		buf_adds(out, "nothing was written; --save keeps what only this kernel can tell\n");
}

static bool is_blocked(const struct session *s)
{
	for (size_t i = 0; i < s->nr_selected; i++)
		if (finding_blocks(&s->findings, s->selected[i]->name))
			return true;
	/* Those that were not looked into. */
	for (size_t i = 0; i < s->report.nr_guests; i++)
		if (s->report.guests[i].outcome == OUTCOME_BLOCKED)
			return true;
	return finding_blocks(&s->findings, NULL);
}

int command_before(struct session *s)
{
	struct before b;

	if (session_look(s) < 0 || session_select(s) < 0)
		return session_failed(s);
	collect(&b, s);
	judge(s, &b);
	session_unseen(s);
	session_lift(s);
	if (s->opt.save && save(s, &b) < 0)
		return session_failed(s);
	finding_sort(&s->findings);
	s->report.findings = &s->findings;
	s->before = &b;
	return session_end(s, show_before, is_blocked(s) ? EXIT_BLOCKED : EXIT_DONE);
}

/* What ran in a guest is asked for by recipes. */
static void apply_picture(struct session *s, struct guest *g, const struct before_saved *saved)
{
	const struct picture *p = before_picture(saved, g->name);

	if (!p)
		return;
	g->ran = pool_array(&s->pool, p->nr_programs + 1, sizeof(*g->ran));
	for (; g->nr_ran < p->nr_programs; g->nr_ran++)
		g->ran[g->nr_ran] = p->programs[g->nr_ran].program;
}

static void apply_saved(struct session *s, const struct before_saved *saved)
{
	s->saved = saved;
	if (saved->tagging.method != TAGGING_UNKNOWN) {
		s->host.tagging = saved->tagging.method;
		s->host.tagging_from = saved->tagging.from;
	}
	for (size_t i = 0; i < s->guests.nr; i++)
		apply_picture(s, &s->guests.v[i], saved);
	for (size_t i = 0; i < saved->nr_contexts; i++)
		for (size_t k = 0; k < s->guests.nr; k++) {
			struct guest *g = &s->guests.v[k];

			if (g->xid < 0 && strcmp(g->name, saved->context[i].guest) == 0)
				g->last_xid = saved->context[i].xid;
		}
}

void before_apply(struct session *s)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct host_tagging tagging;
	struct before_saved *saved = pool_alloc(&s->pool, sizeof(*saved));
	struct root state = { s->state, s->set.state_dir };
	struct err err;

	host_tagging_read(&tagging, &s->root, NULL, &s->pool);
	s->host.tagging = tagging.method;
	s->host.tagging_from = tagging.from;
	if (s->state < 0)
		return;
	if (root_read(&state, BEFORE_FILE, BEFORE_MAX, &text, &err) == 0 &&
	    before_load(saved, text.data, text.len, &s->pool, &err) == 0)
		apply_saved(s, saved);
	else if (!err_is_absent(&err))
		finding_add(&s->findings, VS_BEFORE_UNREAD, NULL,
			    pool_printf(&s->pool, "%s/%s", s->set.state_dir, BEFORE_FILE), "%s",
			    err.text);
}
