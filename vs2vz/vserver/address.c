/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * G/interfaces as _processSingleInterface of scripts/vserver.functions reads it.
 * Order is bytewise by directory name, which is the C locale's glob order ("10"
 * before "2"): the first address was the guest's source address and stays first.
 *
 * What VServer really used wins where it can be used at all; a value that only a
 * carriage return or the like spoils is taken as it was meant, with a finding.
 */
#include "vserver/scanning.h"

#include <string.h>
#include <sys/socket.h>

#include "vserver/address_text.h"
#include "vserver/value.h"

/* One directory below interfaces/ while it is read. */
struct iface {
	const struct guest *g;
	struct scan *s;
	const char *path;	/* "interfaces/0" */
};

static const char *object(const struct iface *f, const char *key)
{
	return pool_printf(f->s->pool, "%s/%s%s%s", f->g->conf, f->path, *key ? "/" : "", key);
}

static bool has(const struct iface *f, const char *key)
{
	return items_find(&f->g->items, pool_printf(f->s->pool, "%s/%s", f->path, key)) != NULL;
}

static void differs(const struct iface *f, const char *key, const struct value *v,
		    const char *taken)
{
	if (v->differs)
		finding_add(f->s->findings, VS_READ_DIFFERS, f->g->name, object(f, key),
			    "%s: VServer read '%s', '%s' is taken", v->differs, show(v->text),
			    show(taken));
}

static void skipped(const struct iface *f, const char *why)
{
	finding_add(f->s->findings, VS_ADDRESS_SKIPPED, f->g->name, object(f, ""), "%s", why);
}

static void bad(const struct iface *f, const char *key, const char *text, const char *why)
{
	finding_add(f->s->findings, VS_ADDRESS_BAD, f->g->name, object(f, key), "'%s' %s",
		    show(text), why);
}

/* The value that the check accepts: VServer's own, else the one that was meant. */
static const char *usable(const struct value *v, bool text_ok)
{
	return text_ok || strcmp(v->text, v->liberal) == 0 ? v->text : v->liberal;
}

static bool read_ip(const struct iface *f, struct ip *out)
{
	const struct item *item = items_find(&f->g->items,
					     pool_printf(f->s->pool, "%s/ip", f->path));
	struct value v = value_line(item, f->s->pool);
	const char *text = usable(&v, ip_parse(out, v.text));

	if (!*text) {
		skipped(f, "there is no address in it: VServer refuses to start the guest");
		return false;
	}
	differs(f, "ip", &v, text);
	if (!ip_parse(out, text)) {
		bad(f, "ip", text, "is no address");
		return false;
	}
	if (out->any || out->loopback) {
		skipped(f, out->any ? "it stands for every address of the host"
				    : "a container has a loopback of its own");
		return false;
	}
	return true;
}

/* Only when no prefix was found: an inherited prefix beats a mask of one's own. */
static int read_mask(const struct iface *f)
{
	struct value v = value_iface(&f->g->items, f->path, "mask", f->s->pool);
	int prefix = -1;
	const char *text = usable(&v, mask_parse(&prefix, v.text));

	if (!*text)
		return -1;
	differs(f, "mask", &v, text);
	if (!mask_parse(&prefix, text)) {
		bad(f, "mask", text, "is no mask: VServer makes it prefix 255");
		return -1;
	}
	return prefix;
}

static int read_prefix(const struct iface *f, const struct ip *ip)
{
	struct value v = value_iface(&f->g->items, f->path, "prefix", f->s->pool);
	int prefix = -1;
	const char *text = usable(&v, prefix_parse(&prefix, v.text, ip->family));

	if (!*text) {
		prefix = read_mask(f);
	} else {
		differs(f, "prefix", &v, text);
		if (!prefix_parse(&prefix, text, ip->family)) {
			bad(f, "prefix", text, "is no prefix length");
			prefix = -1;
		}
	}
	if (ip->prefix < 0)
		return prefix;
	if (prefix >= 0)
		finding_add(f->s->findings, VS_READ_DIFFERS, f->g->name, object(f, "ip"),
			    "a prefix stands here and in its own file: VServer joins them to an address it refuses");
	return ip->prefix;
}

static void read_dev(const struct iface *f, struct address *a)
{
	struct value v = value_iface(&f->g->items, f->path, "dev", f->s->pool);
	const char *text = v.differs && strchr(v.text, '\r') ? v.liberal : v.text;

	a->nodev = has(f, "nodev") || has(f, "only_ip");
	if (a->nodev)
		return;
	differs(f, "dev", &v, text);
	if (*text)
		a->dev = text;
	else
		finding_add(f->s->findings, VS_READ_DIFFERS, f->g->name, object(f, ""),
			    "neither 'dev' nor 'nodev': VServer refuses to start the guest, the address is taken");
}

static bool read_one(const struct iface *f, struct address *a)
{
	const char *name = strrchr(f->path, '/') + 1;
	struct ip ip;

	if (*name == '.') {
		skipped(f, "the name begins with a dot: VServer does not see it");
		return false;
	}
	if (has(f, "disabled")) {
		skipped(f, "it is disabled");
		return false;
	}
	if (!read_ip(f, &ip))
		return false;
	*a = (struct address){
		.text = pool_strdup(f->s->pool, ip.text),
		.family = ip.family,
		.prefix = read_prefix(f, &ip),
		.item = f->path,
	};
	read_dev(f, a);
	return true;
}

static bool is_iface(const struct item *item)
{
	const char *top = "interfaces/";

	return item->type == ITEM_DIR && strncmp(item->path, top, strlen(top)) == 0 &&
	       !strchr(item->path + strlen(top), '/');
}

void addresses_read(struct guest *g, struct scan *s)
{
	size_t cap = 0;

	for (size_t i = 0; i < g->items.nr; i++) {
		struct iface f = { g, s, g->items.v[i].path };
		struct address a;

		if (is_iface(&g->items.v[i]) && read_one(&f, &a))
			*(struct address *)pool_grow(s->pool, &g->address, &g->nr_addresses,
						     &cap, sizeof(a)) = a;
	}
}
