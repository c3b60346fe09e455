/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Map functions of the rows in rules.c: where the bare row does not say it all,
 * because the fate depends on the content, on the kind of node or on other items.
 * They judge and report; the parameters themselves are set in settings.c.
 */
#include "decide/translate.h"

#include <string.h>

#include "base/buf.h"
#include "vserver/value.h"

static void not_needed(struct fate *fate, const char *reason)
{
	fate->verdict = VERDICT_NOT_NEEDED;
	fate->reason = reason;
}

static bool is_folder(const struct item *item)
{
	return item->type == ITEM_DIR;
}

/* A link may lead to a directory elsewhere; a file is something that nobody reads. */
void map_folder(struct translation *t, const struct item *item, struct fate *fate)
{
	(void)t;
	if (item->type == ITEM_DIR || item->type == ITEM_LINK)
		return;
	fate->rule = NULL;
	fate->verdict = VERDICT_UNKNOWN;
	fate->reason = "a directory is expected here";
}

void map_later(struct translation *t, const struct item *item, struct fate *fate)
{
	if (is_folder(item)) {
		not_needed(fate, "a directory");
		return;
	}
	if (t->guest->style == STYLE_LEGACY && !item->len) {
		not_needed(fate, "empty");
		return;
	}
	t->later[t->nr_later++] = fate;
}

/* Other marks than "default" are started by the administrator's own boot scripts. */
void map_mark(struct translation *t, const struct item *item, struct fate *fate)
{
	if (t->guest->disabled) {
		not_needed(fate, "the guest is disabled: never started at boot");
		return;
	}
	if (t->guest->on_boot || !t->guest->marks || t->guest->style == STYLE_LEGACY)
		return;
	fate->verdict = VERDICT_MANUAL;
	fate->reason = "started by a boot script for this mark only: set ONBOOT=yes by hand";
	map_later(t, item, fate);
}

void map_hostname(struct translation *t, const struct item *item, struct fate *fate)
{
	if (strcmp(item->path, "hostname") == 0 && items_find(&t->guest->items, "uts/nodename"))
		not_needed(fate, "uts/nodename takes its place");
	else if (!t->guest->hostname || !*t->guest->hostname)
		not_needed(fate, "empty");
	else if (!ct_get(t->ct, "HOSTNAME")) {
		fate->verdict = VERDICT_MANUAL;
		fate->reason = "cannot be a host name: set HOSTNAME by hand";
	}
}

/* Does an address come from this item: "IPROOT", or "interfaces/0" for "interfaces/0/ip"? */
static const struct address *address_of(const struct guest *guest, const struct item *item)
{
	size_t len = strlen(item->path);
	const char *slash = strrchr(item->path, '/');

	if (slash)
		len = (size_t)(slash - item->path);
	for (size_t i = 0; i < guest->nr_addresses; i++) {
		const char *from = guest->address[i].item;

		if (from && strlen(from) == len && strncmp(from, item->path, len) == 0)
			return &guest->address[i];
	}
	return NULL;
}

void map_address(struct translation *t, const struct item *item, struct fate *fate)
{
	const struct address *a = address_of(t->guest, item);

	if (!a) {
		not_needed(fate, item->len ? "disabled, or no address that VServer would take"
					   : "empty");
	} else if (!ct_get(t->ct, "IP_ADDRESS")) {
		fate->verdict = VERDICT_MANUAL;
		fate->reason = "set IP_ADDRESS by hand";
	} else if (t->guest->style == STYLE_RECENT) {
		fate->result = pool_printf(t->pool, "IP_ADDRESS=%s", a->text);
	}
}

void map_shared_address(struct translation *t, const struct item *item, struct fate *fate)
{
	if (address_of(t->guest, item))
		map_later(t, item, fate);
	else
		not_needed(fate, "the address is not carried over");
}

/* "spaces/net" with 0 is switched off; the others say it by being there. */
void map_network(struct translation *t, const struct item *item, struct fate *fate)
{
	if (item->type == ITEM_FILE && strcmp(item->path, "spaces/net") == 0) {
		struct value value = value_line(item, t->pool);

		if (value.present && strcmp(value.text, "0") == 0) {
			not_needed(fate, "switched off");
			return;
		}
	}
	finding_add(t->findings, VS_OWN_NETWORK, t->guest->name, item->path,
		    "%s, for instance NETIF=\"ifname=eth0,host_ifname=veth%u.0\"", fate->reason,
		    t->ct->ctid);
}

/* Judged against the disk before: see packages.c, which has told what there is to tell. */
void map_packages(struct translation *t, const struct item *item, struct fate *fate)
{
	(void)item;
	if (items_find(&t->guest->items, "apps/pkgmgmt/internal"))
		return;
	fate->verdict = t->packages ? t->packages_verdict : VERDICT_MANUAL;
	fate->reason = t->packages ? t->packages : "the package database is outside the tree: "
		       "bring it in";
}

void map_script(struct translation *t, const struct item *item, struct fate *fate)
{
	if (is_folder(item))
		not_needed(fate, "a directory");
	else
		finding_add(t->findings, VS_HOST_SCRIPTS, t->guest->name, item->path,
			    "%s", fate->reason);
}

void map_start(struct translation *t, const struct item *item, struct fate *fate)
{
	finding_add(t->findings, VS_CUSTOM_START, t->guest->name, item->path,
		    "starts '%s': %s", item_value(item, t->pool), fate->reason);
}

/* Styles whose boot scripts ran without /sbin/init: a container has one that runs them. */
void map_style(struct translation *t, const struct item *item, struct fate *fate)
{
	static const struct {
		const char *style, *reason;
	} known[] = {
		{ "", "what VServer does without it" },
		{ "arch", "the container boots /sbin/init, which runs the same scripts" },
		{ "gentoo", "the container boots /sbin/init, which runs the same scripts" },
		{ "openrc", "the container boots /sbin/init, which runs the same scripts" },
		{ "plain", "the guest's own init runs, as before" },
		{ "sysv", "what VServer does without it" },
	};
	struct value value = value_line(item, t->pool);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (value.present && strcmp(value.text, known[i].style) == 0) {
			not_needed(fate, known[i].reason);
			return;
		}
	map_later(t, item, fate);
}

/* "none" unset the name; the old file is void beside the newer one. */
void map_nis(struct translation *t, const struct item *item, struct fate *fate)
{
	struct value value = value_whole(item, t->pool);
	const char *text = t->guest->style == STYLE_LEGACY ? item->text : value.liberal;

	if (strcmp(item->path, "domainname") == 0 &&
	    items_find(&t->guest->items, "uts/domainname"))
		not_needed(fate, "uts/domainname takes its place");
	else if (!*text)
		not_needed(fate, "empty");
	else if (strcmp(text, "none") == 0 || strcmp(text, "(none)") == 0)
		not_needed(fate, "no NIS domain");
	else
		map_later(t, item, fate);
}
