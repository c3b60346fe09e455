/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of CTID.mount and CTID.umount: the templates with one call for each mount.
 * What comes from the host or the guest stands between single quotes in commands, and
 * made printable in comments.
 */
#include <string.h>

#include "decide/mounts.h"
#include "decide/templates.h"

static void add_call(struct buf *out, const char *function, const char *const *word)
{
	buf_adds(out, function);
	for (; *word; word++) {
		buf_addch(out, ' ');
		template_quote(out, *word);
	}
	buf_addch(out, '\n');
}

static void add_mount(struct buf *out, const struct mount_entry *e)
{
	const char *type = strcmp(e->line.type, "none") == 0 ? "" : e->line.type;
	const char *const bind[] = { e->source, e->target, e->options.bind, NULL };
	const char *const other[] = { type, e->source, e->target, e->options.text, NULL };

	buf_addf(out, "# %s:%u\n", e->line.item, e->line.line);
	if (e->own_source || e->kind == MOUNT_BIND)
		add_call(out, e->own_source ? "bind_own" : "bind_on", bind);
	else
		add_call(out, "mount_on", other);
}

static void add_calls(struct buf *out, const struct mount_list *list, bool unmount)
{
	for (size_t i = 0; i < list->nr; i++) {
		const struct mount_entry *e = &list->v[unmount ? list->nr - 1 - i : i];
		const char *const target[] = { e->target, NULL };

		if (!e->in_script)
			continue;
		if (unmount)
			add_call(out, "drop", target);
		else
			add_mount(out, e);
	}
	if (out->len)	/* the template ends the last line */
		out->data[--out->len] = '\0';
}

static const char *quoted(const char *text, struct pool *pool)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	template_quote(&out, text);
	return pool_memdup(pool, out.data, out.len);
}

void mounts_script(struct buf *out, const struct deciding *d, const struct decision *decision,
		   bool unmount, const char *chained)
{
	CLEANUP_BUF struct buf calls = BUF_INIT;
	const char *vz_conf = d->host->vz_conf ? d->host->vz_conf : "/etc/vz/vz.conf";

	add_calls(&calls, decision->mounts, unmount);
	const struct template_word words[] = {
		{ "CTID", pool_printf(d->pool, "%u", decision->ct.ctid) },
		{ "GUEST", pool_strdup(d->pool, show(decision->guest->name)) },
		{ "CONF", pool_strdup(d->pool, show(decision->guest->conf)) },
		{ "VZ_CONF", quoted(vz_conf, d->pool) },
		{ "CHAINED", quoted(chained ? chained : "", d->pool) },
		{ "MOUNTS", calls.data },
		{ NULL, NULL },
	};
	template_fill(out, unmount ? template_ct_umount : template_ct_mount, words);
}
