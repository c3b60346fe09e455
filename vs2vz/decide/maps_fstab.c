/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fate of fstab, fstab.local and fstab.remote as a whole, and what can be said of
 * their lines without looking at the disk; mounts.c does the rest.
 */
#include <string.h>

#include "base/buf.h"
#include "decide/mounts.h"
#include "decide/translate.h"

/* How many lines went which way. */
struct tally {
	size_t script, guest, manual, root, tmp, idle;
};

static size_t *tally_of(struct tally *tally, enum mount_kind kind)
{
	if (mount_kind_in_script(kind))
		return &tally->script;
	if (kind == MOUNT_INSIDE || kind == MOUNT_REFUSED)
		return &tally->manual;
	if (kind == MOUNT_BY_GUEST)
		return &tally->guest;
	if (kind == MOUNT_ROOT)
		return &tally->root;
	return kind == MOUNT_TMP_DEFAULT ? &tally->tmp : &tally->idle;
}

static void report_words(struct translation *t, const struct mount_entry *e, const char *object)
{
	if (e->options.odd)
		finding_add(t->findings, VS_MOUNT_WORD, t->guest->name, object,
			    "VServer took the option '%s' for '%s'", show(e->options.odd),
			    e->options.odd_as);
	if (e->options.tag && e->kind == MOUNT_DISK)
		finding_add(t->findings, VS_MOUNT_TAGGED, t->guest->name, object,
			    "'%s' has the option '%s'", show(e->line.source), show(e->options.tag));
}

static void map_line(struct translation *t, const struct fstab_line *line, struct tally *tally)
{
	const char *object = pool_printf(t->pool, "%s:%u", line->item, line->line);
	struct mount_entry e = { .line = *line };

	fstab_options(&e.options, line, t->pool);
	mount_classify(&e);
	++*tally_of(tally, e.kind);
	if (e.kind == MOUNT_NOT_NEEDED)
		return;
	report_words(t, &e, object);
	if (e.kind == MOUNT_REFUSED || e.kind == MOUNT_INSIDE)
		finding_add(t->findings, e.kind == MOUNT_REFUSED ? VS_HOST_MOUNTS : VS_MOUNT_INSIDE,
			    t->guest->name, object, "'%s' on '%s', type %s: %s", show(line->source),
			    show(line->target), show(line->type), e.why);
}

/* A file that VServer did not read to its end, or that was not read to its end here. */
static void report_end(struct translation *t, const struct item *item, const struct fstab *fstab)
{
	if (fstab->bad_line)
		finding_add(t->findings, VS_READ_DIFFERS, t->guest->name,
			    pool_printf(t->pool, "%s:%u", item->path, fstab->bad_line),
			    "VServer stops reading at this line: later mounts never happened");
	else if (item->cut)
		finding_add(t->findings, VS_HOST_MOUNTS, t->guest->name, item->path,
			    "larger than %d bytes: the rest was not read", ITEM_MAX);
}

static void add_part(struct buf *out, size_t nr, const char *what)
{
	if (nr)
		buf_addf(out, "%s%zu %s", out->len ? ", " : "", nr, what);
}

/* Only lines that need nothing: the row of the table says it all. */
static void judge(struct translation *t, struct fate *fate, const struct tally *n)
{
	CLEANUP_BUF struct buf reason = BUF_INIT;

	if (!n->script && !n->guest && !n->manual && !n->root && !n->tmp)
		return;
	if (n->manual)
		fate->verdict = VERDICT_MANUAL;
	else if (n->guest || n->root)
		fate->verdict = VERDICT_NEAR;
	else if (n->script)
		fate->verdict = VERDICT_SAME;
	if (n->script)
		fate->result = pool_printf(t->pool, "%u.mount", t->ct->ctid);
	add_part(&reason, n->script, "mounted by CTID.mount");
	add_part(&reason, n->guest, "by the container's own etc/fstab");
	add_part(&reason, n->root, "holds the tree, which is copied");
	add_part(&reason, n->manual, "left to you");
	add_part(&reason, n->tmp, "left out: the 16 MiB /tmp that every guest is built with");
	add_part(&reason, n->idle, "not needed");
	fate->reason = pool_memdup(t->pool, reason.data, reason.len);
}

void map_fstab(struct translation *t, const struct item *item, struct fate *fate)
{
	struct tally tally = { .idle = 0 };
	struct fstab fstab = { 0 };

	if (item->type != ITEM_FILE)
		return;
	fstab_parse(&fstab, item, t->pool);
	for (size_t i = 0; i < fstab.nr; i++)
		map_line(t, &fstab.v[i], &tally);
	report_end(t, item, &fstab);
	judge(t, fate, &tally);
}
