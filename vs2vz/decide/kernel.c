/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest's kernel seemed to be: sysctl/, the fakes of uts/, personality. vzctl
 * has no parameters for them; what a container is by itself needs nothing, the rest
 * is said with the line to write.
 */
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "decide/translate.h"
#include "vserver/value.h"

/* Settings that each container has for itself. */
static bool is_own_setting(const char *name)
{
	static const char *const own[] = {
		"net.", "net/", "kernel.shm", "kernel/shm", "kernel.msg", "kernel/msg", "kernel.sem",
		"kernel/sem", "kernel.hostname", "kernel/hostname", "kernel.domainname",
		"kernel/domainname", "fs.mqueue.", "fs/mqueue/",
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strncmp(name, own[i], strlen(own[i])) == 0)
			return true;
	return false;
}

static void read_setting(struct translation *t, const char *folder)
{
	const char *paths[2] = {
		pool_printf(t->pool, "%s/setting", folder), pool_printf(t->pool, "%s/value", folder),
	};
	struct value name = value_line(own_item(t, paths[0]), t->pool);
	struct value value = value_whole(own_item(t, paths[1]), t->pool);
	const char *reason;

	if (!name.present || !value.present)
		reason = "setting or value is missing: VServer did not start the guest";
	else
		reason = pool_printf(t->pool, "'%s = %s' into %s", show(name.liberal),
				     show(value.liberal),
				     is_own_setting(name.liberal) ? "the guest's etc/sysctl.conf"
								  : "the host's /etc/sysctl.conf");
	for (size_t i = 0; i < 2; i++)
		claim_path(t, paths[i], name.present && value.present ? VERDICT_MANUAL
								      : VERDICT_NOT_NEEDED,
			   NULL, reason);
}

static void read_settings(struct translation *t)
{
	const char *last = "";

	for (size_t i = 0; i < t->guest->items.nr; i++) {
		const char *path = t->guest->items.v[i].path, *folder;

		if (strncmp(path, "sysctl/", 7) != 0 || !strchr(path + 7, '/'))
			continue;
		folder = pool_memdup(t->pool, path, 7 + strcspn(path + 7, "/"));
		if (strcmp(folder, last) != 0)
			read_setting(t, folder);
		last = folder;
	}
}

/* vzctl looks at /sbin/init and gives a 32-bit guest a 32-bit personality. */
static bool is_32_bit(const struct translation *t)
{
	const char *arch = t->guest->system.arch;

	return arch && arch[0] == 'i' && strcmp(arch + 2, "86") == 0;
}

static bool means_32_bit(const char *word)
{
	static const char *const words[] = {
		"linux_32bit", "linux32", "linux32_3gb", "i386", "i486", "i586", "i686",
	};

	if (strncasecmp(word, "per_", 4) == 0)
		word += 4;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(words[i], word) == 0)
			return true;
	return false;
}

static void claim_fake(struct translation *t, const char *path, const char *reason)
{
	const struct item *item = own_item(t, path);
	struct value value = value_whole(item, t->pool);

	if (!item)
		return;
	if (!*value.liberal)
		claim_item(t, item, VERDICT_NOT_NEEDED, NULL, "empty");
	else if (strcmp(path, "uts/machine") == 0 && means_32_bit(value.liberal) && is_32_bit(t))
		claim_item(t, item, VERDICT_NOT_NEEDED, NULL,
			   "vzctl sees that the guest is a 32-bit system");
	else
		claim_item(t, item, VERDICT_MANUAL, NULL, reason);
}

static void read_personality(struct translation *t)
{
	const struct item *item = own_item(t, "personality");
	struct value type = value_line(item, t->pool);
	const char *rest = item && item->type == ITEM_FILE ? strchr(item->text, '\n') : NULL;

	if (!item)
		return;
	if (rest)
		rest += strspn(rest, " \t\n");
	if (!*type.liberal)
		claim_item(t, item, VERDICT_NOT_NEEDED, NULL, "empty");
	else if (strcasecmp(type.liberal, "linux") == 0 && (!rest || !*rest))
		claim_item(t, item, VERDICT_NOT_NEEDED, NULL, "what every container has");
	else if (means_32_bit(type.liberal) && is_32_bit(t) && (!rest || !*rest))
		claim_item(t, item, VERDICT_NOT_NEEDED, NULL,
			   "vzctl sees that the guest is a 32-bit system");
	else
		claim_item(t, item, VERDICT_MANUAL, NULL, NULL);
}

void set_kernel(struct translation *t)
{
	if (t->guest->style == STYLE_LEGACY)
		return;
	read_settings(t);
	claim_fake(t, "uts/machine", NULL);
	claim_fake(t, "uts/release",
		   pool_printf(t->pool, "faked kernel release '%s': a line in /etc/vz/osrelease.conf",
			       show(value_whole(own_item(t, "uts/release"), t->pool).liberal)));
	claim_fake(t, "uts/sysname", NULL);
	claim_fake(t, "uts/version", NULL);
	read_personality(t);
}
