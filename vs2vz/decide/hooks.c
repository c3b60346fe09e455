/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vps.premount and vps.postumount: one pair for all insulated containers of the host.
 * They have a plan of their own, which runs before the first such container is made and
 * goes back when there is none any more. A pair of ours that is there is left as it is.
 */
#include "decide/hooks.h"

#include <string.h>

#include "decide/action_script.h"
#include "decide/templates.h"

#define SCRIPT_MAX (256 * 1024)

static const struct {
	const char *name;
	const char *template;
} scripts[] = {
	{ "vps.premount", template_vps_premount },
	{ "vps.postumount", template_vps_postumount },
};
#define NR_SCRIPTS (sizeof(scripts) / sizeof(scripts[0]))

struct hook_text {
	const struct deciding *d;
	const char *template;
};

static const char *quoted(const char *text, struct pool *pool)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	template_quote(&out, text);
	return pool_memdup(pool, out.data, out.len);
}

static void hook_text(struct buf *out, const void *ctx, const char *chained)
{
	const struct hook_text *t = ctx;
	const char *vz_conf = t->d->host->vz_conf ? t->d->host->vz_conf : "/etc/vz/vz.conf";
	const struct template_word words[] = {
		{ "VZ_CONF", quoted(vz_conf, t->d->pool) },
		{ "CHAINED", quoted(chained ? chained : "", t->d->pool) },
		{ NULL, NULL },
	};

	template_fill(out, t->template, words);
}

bool hook_is_ours(const struct root *root, const char *path)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err err;

	return root_read(root, path, SCRIPT_MAX, &text, &err) == 0 &&
	       strstr(text.data, "\n# Written by vs2vz; it goes with the last insulated container.\n");
}

const char *hook_path(const struct host *host, unsigned nr, struct pool *pool)
{
	return nr < NR_SCRIPTS ? pool_printf(pool, "%s/%s", host->conf_dir, scripts[nr].name) : NULL;
}

int hooks_decide(struct deciding *d, struct err *err)
{
	struct plan *plan = &d->out->hooks;
	bool there = true;

	plan->scope = "host";
	if (d->host->premount.answer == PREMOUNT_NO)
		finding_add(d->findings, VS_VZCTL_OLD, NULL, d->host->premount.at,
			    "it does not know vps.premount: %s", d->host->premount.seen);
	if (d->host->premount.answer == PREMOUNT_UNKNOWN)
		finding_add(d->findings, VS_PREMOUNT_UNKNOWN, NULL, d->host->premount.at, "%s",
			    d->host->premount.seen);
	for (unsigned i = 0; i < NR_SCRIPTS; i++)
		there &= hook_is_ours(d->root, hook_path(d->host, i, d->pool));
	if (there)
		return 0;
	if (plan_token_new(plan, d->pool, d->host->token, err) < 0)
		return -1;
	if (path_exists(d->root, d->host->conf_dir) &&
	    build_times(d, plan, d->host->conf_dir, err) < 0)
		return -1;
	for (unsigned i = 0; i < NR_SCRIPTS; i++) {
		const struct hook_text text = { d, scripts[i].template };
		const struct action_script s = {
			.path = hook_path(d->host, i, d->pool), .unusable = VS_HOOK_UNUSABLE,
			.chained = VS_HOOK_CHAINED, .text = hook_text, .ctx = &text,
		};

		if (!hook_is_ours(d->root, s.path))
			action_script_build(d, plan, &s);
	}
	plan_note(plan, d->pool, HOOKS_NOTE, "for insulated containers");
	return 0;
}
