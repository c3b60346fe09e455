/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole of the old world: installations, their guests, what the guests do to
 * one another. Reads only; goes on past everything odd. What is inside the trees is
 * asked later, of the guests that matter (vserver_system()).
 */
#include "vserver/scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/unseen.h"
#include "vserver/scanning.h"

static int by_name(const void *a, const void *b)
{
	const struct guest *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order == 0)
		order = strcmp(x->install, y->install);
	return order ? order : strcmp(x->conf, y->conf);
}

static void fill_host(struct host *host, const struct installs *all, struct scan *s)
{
	struct buf list CLEANUP_BUF = BUF_INIT;

	host->nr_installs = (unsigned)all->nr;
	host->installs = pool_array(s->pool, all->nr, sizeof(*host->installs));
	for (size_t i = 0; i < all->nr; i++) {
		host->installs[i] = all->v[i].conf;
		buf_addf(&list, "%s%s", i ? ", " : "", show(all->v[i].conf));
	}
	if (all->nr == 0 && !unseen_count())
		finding_add(s->findings, VS_NO_VSERVER, NULL, "/etc/vservers",
			    "neither util-vserver nor its configuration was found");
	else if (all->nr > 1)
		finding_add(s->findings, VS_SEVERAL_INSTALLS, NULL, all->v[0].conf, "%s",
			    list.data);
}

int vserver_scan(struct guests *out, struct host *host, const struct root *root,
		 struct pool *pool, struct findings *findings, struct err *err)
{
	struct scan s = { root, pool, findings, out };
	struct installs all = { .nr = 0 };
	struct stat st;

	*out = (struct guests){ .nr = 0 };
	if (root_stat(root, "/", &st, err) < 0)
		return -1;
	installs_find(&all, &s);
	fill_host(host, &all, &s);
	for (size_t i = 0; i < all.nr; i++) {
		const char *defaults = pool_printf(pool, "%s/.defaults", all.v[i].conf);
		struct err absent;

		if (root_stat(root, defaults, &st, &absent) == 0 && S_ISDIR(st.st_mode))
			items_read(&all.v[i].defaults, defaults, ".defaults/", NULL, &s);
		enumerate(&s, &all.v[i]);
	}
	if (out->nr > 1)
		qsort(out->v, out->nr, sizeof(*out->v), by_name);
	part_of_host_find(&s, &all, host);
	stores_find(host, &all, &s);
	overlap_find(&s, &all, host);
	return 0;
}
