/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest from CONF/NAME.conf: the variables of the file (vserver/legacy.h) and
 * the run file NAME.ctx that the last start may have left.
 *
 * Masks carry over: the legacy script computes mask and broadcast of one address
 * and keeps them for the following ones of IPROOT that bring none.
 */
#include "vserver/scanning.h"

#include <string.h>
#include <sys/socket.h>

#include "base/units.h"
#include "vserver/address_text.h"
#include "vserver/legacy.h"
#include "vserver/value.h"

#define RUN_FILE_MAX 4096

static const char *variable(const struct guest *g, const char *name)
{
	const struct item *item = items_find(&g->items, name);

	return item ? item->text : "";
}

static const char *object(const struct guest *g, const char *name, struct scan *s)
{
	const struct item *item = items_find(&g->items, name);

	return pool_printf(s->pool, "%s:%u", g->conf, item ? item->line : 0);
}

/* The value of KEY= at the start of a line, up to its end; NULL: none. */
static const char *run_value(const char *text, const char *key, struct pool *pool)
{
	size_t len = strlen(key);

	while (text) {
		if (strncmp(text, key, len) == 0 && text[len] == '=')
			return pool_memdup(pool, text + len + 1, strcspn(text + len + 1, "\n"));
		text = strchr(text, '\n');
		text += text != NULL;
	}
	return NULL;
}

/* Take up one [DEV:]IP[/MASK] of IPROOT; *mask is what earlier ones left. */
static void add_address(struct guest *g, const char *entry, int *mask, size_t *cap,
			struct scan *s)
{
	const char *dev = variable(g, "IPROOTDEV");
	const char *colon = strchr(entry, ':');
	const char *slash = strchr(entry, '/');
	const char *text = colon ? colon + 1 : entry;
	struct address *a;
	struct ip ip;

	if (slash && !mask_parse(mask, slash + 1) && !prefix_parse(mask, slash + 1, AF_INET)) {
		finding_add(s->findings, VS_ADDRESS_BAD, g->name, object(g, "IPROOT", s),
			    "'%s' has no usable mask", show(entry));
		return;
	}
	text = pool_memdup(s->pool, text, strcspn(text, "/"));
	if (strcmp(text, "ALL") == 0 || (ip_parse(&ip, text) && (ip.any || ip.loopback))) {
		finding_add(s->findings, VS_ADDRESS_SKIPPED, g->name, object(g, "IPROOT", s),
			    "'%s' means addresses of the host itself", show(entry));
		return;
	}
	if (!ip_parse(&ip, text)) {
		finding_add(s->findings, VS_ADDRESS_BAD, g->name, object(g, "IPROOT", s),
			    "'%s' is no address", show(entry));
		return;
	}
	if (colon)
		dev = pool_memdup(s->pool, entry, (size_t)(colon - entry));
	a = pool_grow(s->pool, &g->address, &g->nr_addresses, cap, sizeof(*a));
	*a = (struct address){
		.text = pool_strdup(s->pool, ip.text), .family = ip.family, .prefix = *mask,
		.dev = *dev ? dev : NULL, .nodev = !*dev, .item = "IPROOT",
	};
}

static void read_addresses(struct guest *g, struct scan *s)
{
	const char *list = variable(g, "IPROOT");
	const char *common = variable(g, "IPROOTMASK");
	size_t cap = 0;
	int mask = -1;

	if (*common && !mask_parse(&mask, common))
		finding_add(s->findings, VS_ADDRESS_BAD, g->name, object(g, "IPROOTMASK", s),
			    "'%s' is no mask", show(common));
	while (*(list += strspn(list, " \t\n"))) {
		size_t len = strcspn(list, " \t\n");

		add_address(g, pool_memdup(s->pool, list, len), &mask, &cap, s);
		list += len;
	}
}

static void list_code(const struct guest *g, const struct legacy *l, struct scan *s)
{
	struct buf lines CLEANUP_BUF = BUF_INIT;
	size_t shown = l->nr_code < LEGACY_LINES_MAX ? l->nr_code : LEGACY_LINES_MAX;

	if (!l->nr_code)
		return;
	for (size_t i = 0; i < shown; i++)
		buf_addf(&lines, "%s%u", i ? ", " : "", l->code[i]);
	if (shown < l->nr_code)
		buf_adds(&lines, ", ...");
	finding_add(s->findings, VS_LEGACY_CODE, g->name, g->conf, "line%s %s",
		    l->nr_code == 1 ? "" : "s", lines.data);
}

static void read_context(struct guest *g, struct scan *s)
{
	const char *text = variable(g, "S_CONTEXT");
	uint64_t xid;

	g->xid = -1;
	if (!*text)
		return;
	if (parse_u64(text, INT32_MAX, &xid) && xid > 1)
		g->xid = (int64_t)xid;
	else
		finding_add(s->findings, VS_CONTEXT_BAD, g->name, object(g, "S_CONTEXT", s),
			    "'%s' is no context of a guest", show(text));
}

static const char *read_run_file(struct guest *g, const struct install *in, struct scan *s)
{
	struct item file = { .path = pool_printf(s->pool, "%s/%s.ctx", in->run, g->name) };
	const char *text;
	struct err err;
	uint64_t xid;

	g->last_xid = -1;
	if (file_begin(&file, file.path, RUN_FILE_MAX, s, &err) < 0)
		return NULL;
	text = run_value(file.text, "S_CONTEXT", s->pool);
	if (text && parse_u64(text, INT32_MAX, &xid))
		g->last_xid = (int64_t)xid;
	return run_value(file.text, "S_PROFILE", s->pool);
}

/* What the tools call before and after start and stop; its text is for people. */
static void read_script(struct guest *g, struct scan *s)
{
	struct item *item;
	struct err err;

	if (!g->script)
		return;
	item = items_add(&g->items, s->pool, "NAME.sh", ITEM_FILE);
	if (file_begin(item, g->script, ITEM_MAX, s, &err) < 0) {
		item->type = ITEM_OTHER;
		finding_add(s->findings, VS_CONFIG_UNREADABLE, g->name, g->script, "%s", err.text);
	}
	items_sort(&g->items);
}

void legacy_read(struct guest *g, const struct install *in, struct scan *s)
{
	const char *profile = read_run_file(g, in, s);
	struct item file = { .path = g->conf, .type = ITEM_FILE };
	struct legacy l;
	struct err err;

	g->xid = -1;
	if (file_begin(&file, g->conf, ITEM_MAX, s, &err) < 0) {
		finding_add(s->findings, VS_CONFIG_UNREADABLE, g->name, g->conf, "%s", err.text);
		return;
	}
	if (file.cut || strlen(file.text) < file.len)
		finding_add(s->findings, VS_CONFIG_UNREADABLE, g->name, g->conf,
			    file.cut ? "larger than %d bytes: the rest was not read"
				     : "a NUL byte within %d bytes: the rest was not read", ITEM_MAX);
	legacy_parse(&l, file.text, profile, s->pool);
	g->items = l.items;
	read_script(g, s);
	list_code(g, &l, s);
	read_context(g, s);
	read_addresses(g, s);
	if (*variable(g, "S_HOSTNAME"))
		g->hostname = variable(g, "S_HOSTNAME");
	g->on_boot = strcmp(variable(g, "ONBOOT"), "yes") == 0;
}
