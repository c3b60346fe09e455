/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mounts that VServer made for a guest. The kernel's own file systems and the small
 * /tmp of the default fstab need nothing; what the host gives (a path, a device, a
 * server) would be missing in the container, so it blocks the guest; other mounts
 * inside the guest are left to its own etc/fstab.
 */
#include "decide/translate.h"

#include <string.h>

#include "base/buf.h"
#include "vserver/fstab.h"

static bool has_option(const char *options, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = options; *p; ) {
		size_t here = strcspn(p, ",");

		if (here == len && strncmp(p, name, len) == 0)
			return true;
		p += here;
		p += *p == ',';
	}
	return false;
}

static bool target_is(const struct fstab_line *line, const char *path)
{
	size_t len = strlen(line->target);

	while (len > 1 && line->target[len - 1] == '/')
		len--;
	return strlen(path) == len && strncmp(line->target, path, len) == 0;
}

/* What the default fstab of every guest holds, or a container mounts by itself. */
static bool is_usual(const struct fstab_line *line)
{
	static const struct {
		const char *type, *target;
	} usual[] = {
		{ "devpts", "/dev/pts" }, { "proc", "/proc" }, { "sysfs", "/sys" },
		{ "tmpfs", "/dev/shm" }, { "tmpfs", "/tmp" },
	};

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (strcmp(line->type, usual[i].type) == 0 && target_is(line, usual[i].target))
			return true;
	return false;
}

static enum verdict map_line(struct translation *t, const struct fstab_line *line)
{
	const char *object = pool_printf(t->pool, "%s:%u", line->item, line->line);

	if (strcmp(line->type, "swap") == 0 || has_option(line->options, "noauto") ||
	    is_usual(line))
		return VERDICT_NOT_NEEDED;
	if (fstab_needs_host(line))
		finding_add(t->findings, VS_HOST_MOUNTS, t->guest->name, object,
			    "'%s' on '%s', type %s", show(line->source), show(line->target),
			    show(line->type));
	else
		finding_add(t->findings, VS_ITEM_LATER, t->guest->name, object,
			    "'%s' on '%s', type %s: put the line into the guest's own etc/fstab",
			    show(line->source), show(line->target), show(line->type));
	return VERDICT_MANUAL;
}

void map_fstab(struct translation *t, const struct item *item, struct fate *fate)
{
	struct fstab fstab = { 0 };
	size_t manual = 0;

	if (item->type != ITEM_FILE)
		return;
	fstab_parse(&fstab, item, t->pool);
	for (size_t i = 0; i < fstab.nr; i++)
		manual += map_line(t, &fstab.v[i]) == VERDICT_MANUAL;
	if (fstab.bad_line)
		finding_add(t->findings, VS_READ_DIFFERS, t->guest->name,
			    pool_printf(t->pool, "%s:%u", item->path, fstab.bad_line),
			    "VServer stops reading at this line: later mounts never happened");
	if (!manual)
		return;
	fate->verdict = VERDICT_MANUAL;
	fate->reason = pool_printf(t->pool, "%zu of %zu mounts are left to you", manual, fstab.nr);
}
