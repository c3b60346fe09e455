/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who a new-style guest is: host name, context number, start marks. The scripts
 * read name, context and nodename by different rules; see vserver/value.h.
 */
#include "vserver/scanning.h"

#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "vserver/value.h"

#define RUN_FILE_MAX 256

static void differs(const struct guest *g, const char *item, const struct value *v,
		    struct scan *s)
{
	if (v->differs)
		finding_add(s->findings, VS_READ_DIFFERS, g->name,
			    pool_printf(s->pool, "%s/%s", g->conf, item),
			    "%s: VServer read '%s', '%s' is taken", v->differs, show(v->text),
			    show(v->liberal));
}

static void read_hostname(struct guest *g, struct scan *s)
{
	const char *item = "uts/nodename";
	struct value v = value_whole(items_find(&g->items, item), s->pool);

	if (!v.present) {	/* the name of this file before util-vserver 0.30.20x */
		item = "hostname";
		v = value_line(items_find(&g->items, item), s->pool);
	}
	differs(g, item, &v, s);
	if (v.present && *v.liberal)
		g->hostname = v.liberal;
}

static void read_context(struct guest *g, struct scan *s)
{
	const char *object = pool_printf(s->pool, "%s/context", g->conf);
	const struct item *item = items_find(&g->items, "context");
	const char *why;

	g->xid = value_context(item, &why, s->pool);
	if (why)
		finding_add(s->findings, VS_CONTEXT_BAD, g->name, object, "%s: '%s'", why,
			    show(item->text));
	if (g->xid == 0 || g->xid == 1) {
		finding_add(s->findings, VS_CONTEXT_BAD, g->name, object,
			    "context %d belongs to the host", (int)g->xid);
		g->xid = -1;
	}
}

int64_t run_file_xid(const char *path, struct scan *s)
{
	struct item file = { .path = path, .type = ITEM_FILE };
	struct err err;
	uint64_t xid;

	if (file_begin(&file, path, RUN_FILE_MAX, s, &err) < 0)
		return -1;
	return parse_u64(value_line(&file, s->pool).text, INT32_MAX, &xid) ? (int64_t)xid : -1;
}

/* The start scripts compare whole lines: one with a CR or a blank around never matches. */
static bool mark_matches(const char *line, size_t len)
{
	return len && line[len - 1] != '\r' && line[len - 1] != ' ' && line[len - 1] != '\t' &&
	       line[0] != ' ' && line[0] != '\t';
}

static void read_marks(struct guest *g, struct scan *s)
{
	const struct item *item = items_find(&g->items, "apps/init/mark");
	struct buf marks CLEANUP_BUF = BUF_INIT;
	const char *at = item && item->type == ITEM_FILE ? item->text : "";

	while (*at) {
		size_t len = strcspn(at, "\n");
		const char *line = pool_memdup(s->pool, at, len);

		at += len + (at[len] == '\n');
		if (mark_matches(line, len))
			buf_addf(&marks, "%s%s", marks.len ? "," : "", line);
		else if (len)
			finding_add(s->findings, VS_READ_DIFFERS, g->name,
				    pool_printf(s->pool, "%s/apps/init/mark", g->conf),
				    "blanks or a carriage return around '%s': no start script matches it",
				    show(line));
	}
	if (marks.len)
		g->marks = pool_memdup(s->pool, marks.data, marks.len);
	g->on_boot = g->marks && !g->disabled;
}

static void check_name(const struct guest *g, struct scan *s)
{
	struct value v = value_whole(items_find(&g->items, "name"), s->pool);

	if (v.present && strcmp(v.text, g->name) != 0)
		finding_add(s->findings, VS_READ_DIFFERS, g->name,
			    pool_printf(s->pool, "%s/name", g->conf),
			    "the file says '%s': the name of the directory is taken", show(v.text));
}

void identity_read(struct guest *g, struct scan *s)
{
	check_name(g, s);
	read_hostname(g, s);
	read_context(g, s);
	read_marks(g, s);
}
