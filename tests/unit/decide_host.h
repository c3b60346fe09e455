/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests and a host made by hand, for the tests of decide/. A guest is a list of
 * items in the order in which a scan would sort them; its files need not exist.
 */
#ifndef VS2VZ_TESTS_DECIDE_HOST_H
#define VS2VZ_TESTS_DECIDE_HOST_H

#include "fixture.h"

#include <netinet/in.h>

#include "decide/decide.h"

#define TEST_TOKEN "5d0c6f2ab1e98473"

static inline void host_make(struct host *host)
{
	*host = (struct host){
		.token = TEST_TOKEN,
		.kernel = KERNEL_OFFLINE,
		.conf_dir = "/etc/vz/conf", .names_dir = "/etc/vz/names",
		.root_pattern = "/vz/root/$VEID", .private_pattern = "/vz/private/$VEID",
		.ipv6 = true, .knows_layout = true,
	};
}

static inline int host_item_order(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->path, ((const struct item *)b)->path);
}

static inline void host_item(struct items *items, struct pool *pool, const char *path,
			     enum item_type type, const char *text)
{
	struct item *item = pool_grow(pool, &items->v, &items->nr, &items->cap, sizeof(*item));

	item->path = path;
	item->type = type;
	item->text = text;
	item->len = strlen(text);
	qsort(items->v, items->nr, sizeof(*items->v), host_item_order);
}

/* A guest whose tree and directory are said to exist. */
static inline void host_guest(struct guest *g, struct pool *pool, const char *name)
{
	*g = (struct guest){
		.name = name, .style = STYLE_RECENT, .install = "/etc/vservers",
		.conf = pool_printf(pool, "/etc/vservers/%s", name),
		.tree = pool_printf(pool, "/vservers/%s", name),
		.tree_mode = S_IFDIR | 0755, .state = GUEST_FOUND, .xid = -1, .last_xid = -1,
		.system = { .distro = "debian", .version = "5.0", .init = "sysvinit",
			    .arch = "x86_64", .has_shell = true, .has_dev_null = true },
	};
}

static inline void host_address(struct guest *g, struct pool *pool, const char *text,
				const char *item)
{
	struct address *v = pool_array(pool, g->nr_addresses + 1, sizeof(*v));

	for (size_t i = 0; i < g->nr_addresses; i++)
		v[i] = g->address[i];
	v[g->nr_addresses++] = (struct address){
		.text = text, .family = strchr(text, ':') ? AF_INET6 : AF_INET, .prefix = 24,
		.item = item,
	};
	g->address = v;
}

/* The finding of that number; NULL: none. */
static inline const struct finding *host_finding(const struct fixture *fx, enum finding_id id)
{
	for (size_t i = 0; i < fx->findings.nr; i++)
		if (fx->findings.v[i].kind->id == id)
			return &fx->findings.v[i];
	return NULL;
}

#endif
