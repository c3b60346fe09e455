/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mount options that only VServer's kernel knows: in the host's fstab, where they keep
 * the file system from being mounted by any other kernel, and on mounts in use. The
 * options: tag, tagxid (older), tagctx (oldest), notag, tagid=N, notagcheck.
 */
#include "vserver/host_inside.h"

#include <string.h>

#define MOUNTS_MAX (16 * 1024 * 1024)

const char *host_tag_option(const char *options, struct pool *pool)
{
	static const char *const known[] = {
		"tag", "tagxid", "tagctx", "notag", "notagcheck", "tagid",
	};
	size_t len;

	for (const char *at = options; *at; at += len + (at[len] == ',')) {
		len = strcspn(at, ",");
		size_t name = strcspn(at, ",=");
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (strlen(known[i]) == name && strncmp(at, known[i], name) == 0)
				return pool_memdup(pool, at, len);
	}
	return NULL;
}

/* Field number nr of a line of blank-separated fields; NULL: fewer. */
static const char *field(const char *line, unsigned nr, struct pool *pool)
{
	static const char blanks[] = " \t\r";

	for (;; nr--) {
		line += strspn(line, blanks);
		size_t len = strcspn(line, " \t\r\n");
		if (!len)
			return NULL;
		if (nr == 0)
			return pool_memdup(pool, line, len);
		line += len;
	}
}

void host_fstab_read(struct host_reading *r)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	unsigned nr = 0;
	size_t len;

	if (!host_text(&text, r, "/etc/fstab"))
		return;
	for (const char *at = text.data; *at; at += len + (at[len] == '\n')) {
		struct mention m = { .topic = TOPIC_TAG };
		const char *line, *options;

		nr++;
		len = strcspn(at, "\n");
		line = pool_memdup(r->pool, at, len);
		line += strspn(line, " \t");
		options = *line == '#' ? NULL : field(line, 3, r->pool);
		if (!options || !(m.word = host_tag_option(options, r->pool)))
			continue;
		m.where = pool_printf(r->pool, "/etc/fstab:%u", nr);
		m.text = line;
		m.mount = field(line, 1, r->pool);
		host_mention(r, &m);
	}
}

void host_tag_mounts_read(struct tag_mounts *out, const struct root *proc, struct pool *pool)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct err err;
	size_t len;

	*out = (struct tag_mounts){ 0 };
	/* The same options as in mountinfo, which kernels before 2.6.26 do not have. */
	if (root_read(proc, "/self/mounts", MOUNTS_MAX, &text, &err) < 0 &&
	    root_read(proc, "/mounts", MOUNTS_MAX, &text, &err) < 0)
		return;
	for (const char *at = text.data; *at; at += len + (at[len] == '\n')) {
		len = strcspn(at, "\n");
		const char *line = pool_memdup(pool, at, len);
		const char *options = field(line, 3, pool);
		const char *option = options ? host_tag_option(options, pool) : NULL;
		if (!option)
			continue;
		*(struct tag_mount *)pool_grow(pool, &out->v, &out->nr, &out->cap,
					       sizeof(*out->v)) = (struct tag_mount){
			.source = field(line, 0, pool), .point = field(line, 1, pool),
			.option = option,
		};
	}
}
